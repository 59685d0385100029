"""Where a run was trained: what its bits depend on besides setup and rows."""

from __future__ import annotations

import os
import platform
import sys
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.engines import native
from chainrule.engines.cores import allowed_threads, cores

THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def machine_record() -> dict[str, Any]:
    """Return system, versions, processors, instruction set, and what says how many threads."""
    found = {name: os.environ[name] for name in THREAD_SETTINGS if name in os.environ}
    # Large products are left to SciPy's BLAS; where there were none, SciPy was not needed.
    scipy = getattr(sys.modules.get("scipy"), "__version__", None)
    changing = {"scipy": scipy, "threads": found, "threads_of_a_step": allowed_threads()}
    return {**_unchanging(), **changing}


@lru_cache(maxsize=1)
def _unchanging() -> dict[str, Any]:
    return {
        # Not platform(), which starts a program to ask for the processor's name.
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": cores(),
        "instruction_set": native.instruction_sets()[-1] if native.is_present() else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
