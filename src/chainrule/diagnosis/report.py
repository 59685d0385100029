"""The report on a training: its verdict, the evidence, the proof, and the way to put it right."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.relative_error import Errors
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.sentences import sentence_of
from chainrule.diagnosis.verdicts.verdict import Verdict, summary
from chainrule.training.run import Run

if TYPE_CHECKING:
    from chainrule.diagnosis.fixes.fix import Fix

FORMAT, VERSION = "chainrule diagnosis", 2
_FRAME = 'style="width: 100%; height: 40rem; border: 0"'


@dataclass(frozen=True, eq=False)
class Report:
    """What was found on a training. ``print(report)`` shows it; a notebook shows the page.

    ``found`` is the verdict with all that stands behind it. ``run`` is None where another loop has
    trained. ``call`` is what made the report, on the command line; ``data`` the table of a run on a
    table, where it was given again.
    """

    case: Case
    found: Verdict
    run: Run | None = None
    call: str = ""
    data: Any = None

    @property
    def verdict(self) -> str:
        """The verdict in one sentence."""
        return sentence_of(self.found)

    @property
    def name(self) -> str:
        """``healthy``, or the name of what is wrong."""
        return self.found.name

    @property
    def primary(self) -> Finding | None:
        """The cause, with its signs, its experiment and its remedy; None for a healthy run."""
        return self.found.primary

    @property
    def consequences(self) -> tuple[Finding, ...]:
        """What follows from the cause."""
        return self.found.consequences

    @property
    def others(self) -> tuple[Finding, ...]:
        """What was confirmed beside the cause."""
        return self.found.others

    @property
    def suspicions(self) -> tuple[Finding, ...]:
        """What there are signs of, and no experiment has confirmed."""
        return self.found.suspicions

    @property
    def _errors(self) -> Errors:
        """The errors that signs and experiments speak of."""
        return self.found.errors or Examination(self.case).errors

    @cached_property
    def _document(self) -> dict[str, Any]:
        plain = summary(self.found)
        parts = ("primary", "consequences", "others", "suspicions")
        return {
            "format": FORMAT,
            "version": VERSION,
            "verdict": self.verdict,
            **plain,
            **{name: _with_meaning(plain[name]) for name in parts},
            "run": _run_document(self.case, self._errors),
            "call": self.call,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data; docs/diagnosis.schema.json says what is in it."""
        return dict(self._document)

    def fix(self, seeds: int = 10, progress: bool = True) -> Fix:
        """Apply the remedies that help, train again in full, and return what came of it.

        Each is kept only where it makes the trainings of ``seeds`` starts better by more than
        chance. A table is trained on again as a whole, folds and all. ``progress``: show on a
        terminal how far it is. Raises SetupError for fewer than 4 seeds, DataError where the table
        is not to be had.
        """
        from chainrule.diagnosis.fixes.fixing import fixed

        return fixed(self, seeds, progress)

    def html(self) -> str:
        """Return one page that stands by itself: no script, and nothing that is loaded."""
        from chainrule.views.explanation_page import page_of

        return page_of(self._document)

    def save(self, path: str | Path) -> None:
        """Write the page to a file, whole or not at all.

        Raises RunFolderError where that cannot be, and for a table of the run or a file in the
        folder of one.
        """
        from chainrule.views.places import refuse_kept, tables_of
        from chainrule.views.report import write_file

        tables = () if self.run is None else tables_of(self.run)
        refuse_kept(Path(path), "The diagnosis", (self.data, *tables))
        write_file(Path(path), self.html(), "The diagnosis")

    def __str__(self) -> str:
        from chainrule.views.explanation_text import text_of
        from chainrule.views.explanation_told import told

        return text_of(told(self._document))

    def __repr__(self) -> str:
        return f"Report({self.verdict})"

    def _repr_html_(self) -> str:
        from chainrule.views.explanation_page import page_of, summary_of_page

        page = html.escape(page_of(self._document))
        frame = f'<iframe title="Diagnosis" sandbox="" srcdoc="{page}" {_FRAME}></iframe>'
        return f"{summary_of_page(self._document)}{frame}"


def _with_meaning(found: Any) -> Any:
    """Return findings as plain data, each with what its ailment means."""
    if isinstance(found, list):
        return [_with_meaning(one) for one in found]
    if found is None:
        return None
    known = AILMENTS.get(found["name"])
    return {**found, "meaning": "" if known is None else known.meaning}


def _run_document(case: Case, errors: Errors) -> Mapping[str, Any]:
    held = None if math.isnan(errors.validation) else errors.validation
    return {
        "epochs": case.epochs,
        "planned_epochs": case.setup.epochs,
        "rows": len(case.training),
        "validation_rows": len(case.validation),
        "optimizer": case.setup.optimizer.name,
        "losses": [one.name for one in case.setup.losses],
        "ended": case.ended,
        "seconds": case.seconds,
        "error": errors.training,
        "validation_error": held,
    }
