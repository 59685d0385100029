"""The faces of what ``explain`` returns: its page, and its derivation as a formula.

All of them are made of one document, ``to_dict()``.
"""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from chainrule.checks import is_whole_number
from chainrule.errors import SetupError
from chainrule.explanation.formulas.derivation_formulas import tree_latex, tree_mathml

# So many numbers of a derivation stand open on a page, one below the other.
DEPTH = 3
_FRAME = 'style="width: 100%; height: 40rem; border: 0"'


class Faces(ABC):
    """A page, formulas, and what a notebook shows, for what has a document."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""

    def html(self, *, depth: int = DEPTH, command: str = "") -> str:
        """Return one page that stands by itself, its derivation open to ``depth`` numbers.

        It has no script and asks for nothing. ``command`` is what made it, by default the call.
        """
        from chainrule.views.explanation_page import page_of

        if not is_whole_number(depth, 1):
            raise SetupError(f"depth={depth!r} is no depth.", "Give a whole number from 1.")
        return page_of(self.to_dict(), command=command, depth=depth)

    def save(self, path: str | Path, *, depth: int = DEPTH, command: str = "") -> None:
        """Write the page to a file, whole or not at all.

        Raises RunFolderError where that cannot be, and for a file in the folder of a run.
        """
        from chainrule.views.places import refuse_kept
        from chainrule.views.report import write_file

        refuse_kept(Path(path), "The explanation")
        write_file(Path(path), self.html(depth=depth, command=command), "The explanation")

    def latex(self) -> str:
        """Return the derivation as an ``aligned`` block of LaTeX, to stand in a displayed formula.

        Raises SetupError where there is none: for a whole, a step, or a prediction.
        """
        return tree_latex(self._tree())

    def mathml(self) -> str:
        """Return the derivation as one MathML element. Raises SetupError where there is none."""
        return tree_mathml(self._tree())

    def _tree(self) -> dict[str, Any]:
        tree: dict[str, Any] | None = self.to_dict().get("tree")
        if tree is None:
            raise SetupError(
                "There is no derivation of a single number here.",
                "Explain one number, such as dense_1.W[2,0], without step=.",
            )
        return tree

    def _repr_html_(self) -> str:
        """Return a summary that every viewer keeps, and the page in a frame without rights."""
        from chainrule.views.explanation_page import page_of, summary_of_page

        document = self.to_dict()
        page = html.escape(page_of(document, depth=DEPTH))
        frame = f'<iframe title="Explanation" sandbox="" srcdoc="{page}" {_FRAME}></iframe>'
        return f"{summary_of_page(document)}{frame}"
