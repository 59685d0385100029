"""Every error that chainrule raises, and how their sentences are built.

    ChainruleError          one sentence of cause, one of remedy
      ShapeError            sizes that do not meet
      DataError             rows, columns or files that cannot be learned from
      SetupError            settings that contradict each other, unknown names
      RunFolderError        a saved run that cannot be written or read

A message is what a person reads on the command line, so it has to be understood
without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ChainruleError(Exception):
    """An error that the user can mend: ``cause`` says what is wrong, ``remedy`` what to do."""

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(f"{cause} {remedy}".strip())
        self.cause = cause
        self.remedy = remedy


class ShapeError(ChainruleError):
    """Sizes that do not meet."""


class DataError(ChainruleError):
    """Rows, columns or files that cannot be learned from or predicted on."""


class SetupError(ChainruleError):
    """Settings that contradict each other, or names that nothing answers to."""


class RunFolderError(ChainruleError):
    """A saved run that cannot be written or read."""


def nearest(name: str, known: Iterable[str], limit: int = 3) -> str:
    """Return ``Did you mean 'a' or 'b'?`` for a misspelt name, or list what is known.

    Letter case is ignored in the comparison; the names are given back as they are written.
    """
    names = [str(candidate) for candidate in known]
    if not names:
        return "There are none."
    by_lower = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=limit, cutoff=0.6)
    if close:
        return "Did you mean " + " or ".join(repr(by_lower[match]) for match in close) + "?"
    shown = ", ".join(repr(candidate) for candidate in names[:12])
    return f"Known: {shown}{', ...' if len(names) > 12 else ''}."
