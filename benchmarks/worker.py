"""The Python of one contestant: it reads calls from its parent, one JSON line each, and answers.

    python worker.py module:Class

Nothing runs between calls, so a contestant that waits leaves the cores to the others.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import traceback
from typing import Any


def answer(side: Any, line: str) -> dict[str, Any]:
    """Carry out one call and return what it gave, with its seconds and the cores it kept busy."""
    call = json.loads(line)
    gc.collect()
    began, used = time.perf_counter(), time.process_time()
    try:
        given = getattr(side, call["name"])(*call["arguments"])
    except Exception:
        return {"error": traceback.format_exc()}
    seconds, used = time.perf_counter() - began, time.process_time() - used
    return {"given": given, "seconds": seconds, "cores": used / seconds}


def main() -> None:
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    module, _, name = sys.argv[1].partition(":")
    try:
        side = getattr(importlib.import_module(module), name)()
        first: dict[str, Any] = {"given": "ready", "seconds": 0.0, "cores": 0.0}
    except Exception:
        side, first = None, {"error": traceback.format_exc()}
    print(json.dumps(first), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(side, line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
