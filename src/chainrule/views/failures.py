"""How a command ends: what a person reads when it fails, and the exit code."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator

from chainrule.errors import ChainruleError, DataError, RunFolderError
from chainrule.views.plain_text import printable

DONE, INTERNAL, USAGE, DATA, SETTINGS, FILES, DOUBTFUL, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130

# "\b" keeps the lines of the next paragraph as they are.
EXIT_CODES = f"""\b
Exit codes:
  {DONE}    done
  {INTERNAL}    an error inside chainrule
  {USAGE}    wrong usage
  {DATA}    the table cannot be learned from or predicted on
  {SETTINGS}    the settings are not possible
  {FILES}    a run folder or an output file cannot be read or written
  {DOUBTFUL}    check has found something doubtful
  {INTERRUPTED}  interrupted by Ctrl-C; what was trained is kept, and resume goes on

\b
Ctrl-C ends a training early: the best so far is kept, measured and saved. A run that was
interrupted or killed goes on with: chainrule resume RUN"""


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turn what goes wrong inside into a sentence or two on standard error and an exit code.

    With CHAINRULE_TRACEBACK=1 an error shows where it came from.
    """
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        _say(f"Interrupted. {interrupt}".rstrip())
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of a pipe has gone, and what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(DONE) from None
    except Exception as error:
        if os.environ.get("CHAINRULE_TRACEBACK") == "1":
            traceback.print_exc()
        code, lines = _explained(error)
        _say(*lines)
        raise SystemExit(code) from None


def _explained(error: Exception) -> tuple[int, tuple[str, ...]]:
    """Return the exit code of an error and the lines that say what it is and what to do."""
    if isinstance(error, ChainruleError):
        codes: dict[type[ChainruleError], int] = {DataError: DATA, RunFolderError: FILES}
        code = codes.get(type(error), SETTINGS)
        return code, (f"chainrule: {error.cause}", error.remedy)
    if isinstance(error, MemoryError):
        return SETTINGS, (
            "chainrule: The memory of this machine is not enough.",
            "Train a smaller network, or give fewer rows.",
        )
    if isinstance(error, OSError):
        return FILES, (
            f"chainrule: The system refused to read or write: {error.strerror or error}.",
            "Make room or choose another place, and try again.",
        )
    return INTERNAL, (
        f"chainrule: internal error ({type(error).__name__}: {error}).",
        "Please report it with the command and the output under CHAINRULE_TRACEBACK=1.",
    )


def _say(*lines: str) -> None:
    with contextlib.suppress(OSError):
        for line in filter(None, lines):
            print(*map(printable, line.split("\n")), sep="\n", file=sys.stderr)
        sys.stderr.flush()


def prepare_streams() -> None:
    """Have characters that a console does not know written as escapes, instead of failing.

    A stream that the caller has closed takes what is printed and drops it.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
