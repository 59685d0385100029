"""The report of a run on a table: as plain text, and as one page that stands by itself."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import RunFolderError, SetupError
from chainrule.files.disk import elsewhere, reason, write_whole
from chainrule.training.run import Run
from chainrule.training.tables.fold_records import FoldRun, folds_of
from chainrule.training.tables.measures import ClassPredictions, Predictions
from chainrule.training.tables.notes import TableNote, preparation_of, table_note_of
from chainrule.training.tables.result import TableResult
from chainrule.views.charts import Chart, calibration_chart, folds_chart, residual_chart
from chainrule.views.decision_lines import beside_result, decision_lines
from chainrule.views.folders import FIGURES, REPORT
from chainrule.views.page import Captioned, Commands, Part, Section, Terms, page
from chainrule.views.places import refuse_kept, tables_of
from chainrule.views.plain_text import printable
from chainrule.views.report_sections import UNNAMED, sections_before, sections_of
from chainrule.views.svg import figure_svg
from chainrule.views.tested import what_was_tested

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 80
IN_FULL = "run.decisions holds all, in Python"
NOT_MEASURED = "The run was interrupted before anything was measured."
TRAINED_ALONE = (
    "The run was trained again on the rows of another, and nothing was measured on rows that chose "
    "nothing."
)


@dataclass(frozen=True, eq=False)
class Report:
    """What a run on a table came to. ``html`` is a page, ``str(report)`` plain text.

    A notebook shows the page in a frame of its own. ``tables``: the files that the run has read.
    """

    title: str
    about: str
    lead: str
    sections: tuple[Section, ...]
    tables: tuple[str, ...] = ()

    @property
    def html(self) -> str:
        """The report as one page: no script, and nothing that is loaded from elsewhere."""
        return page(self.title, self.about, self.lead, self.sections)

    @property
    def figures(self) -> dict[str, Figure]:
        """The report's figures by their titles, drawn with matplotlib."""
        from chainrule.views.figures import drawn

        return {chart.title: drawn(chart) for chart in self._charts()}

    @property
    def pictures(self) -> dict[str, str]:
        """The report's figures as SVG, by the names of their files."""
        return {chart.name: figure_svg(chart) for chart in self._charts()}

    def _charts(self) -> list[Chart]:
        parts = [part for section in self.sections for part in section.parts]
        return [part for part in parts if isinstance(part, Chart)]

    def __str__(self) -> str:
        """Return the report as plain text, fit for a terminal, wrapped at 80 letters."""
        parts = [printable(self.title), _wrapped(self.about), "", _wrapped(self.lead)]
        for section in self.sections:
            parts += ["", section.heading, "-" * len(section.heading)]
            parts += [_as_text(one) for one in section.parts]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        frame = 'style="width: 100%; height: 44rem; border: 0"'
        return f'<iframe title="Report" srcdoc="{html.escape(self.html)}" {frame}></iframe>'

    def save(self, path: str | Path) -> None:
        """Write the page to a file, whole or not at all.

        Raises RunFolderError where that cannot be, and for a table of the run or a file in the
        folder of one.
        """
        refuse_kept(Path(path), "The report", self.tables)
        write_file(Path(path), self.html, "The report")

    def save_figures(self, folder: str | Path) -> None:
        """Write each figure as an SVG file into a folder, which is made. Raises RunFolderError."""
        pictures = self.pictures
        try:
            if pictures:
                Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(
                f"The folder '{folder}' could not be made: {reason(error)}.",
                "Choose another place.",
            ) from None
        for name, picture in pictures.items():
            write_file(Path(folder) / f"{name}.svg", picture, "A figure")


def write_file(path: Path, contents: str | bytes, what: str) -> None:
    """Write a file, whole or not at all. Raises RunFolderError."""
    try:
        refuse_no_file(path, what)
        write_whole(path, contents.encode("utf-8") if isinstance(contents, str) else contents)
    except OSError as error:
        raise RunFolderError(
            f"{what} could not be written to '{path}': {reason(error)}.",
            elsewhere(error),
        ) from None


def refuse_no_file(path: Path, what: str) -> None:
    """Raise RunFolderError where no file can stand: a folder, a device, one in no folder."""
    why = ""
    if path.is_dir():
        why = "it is a folder"
    elif path.exists() and not path.is_file():
        # A file that is put in its place would end a device or a pipe.
        why = "it is no ordinary file"
    elif not path.absolute().parent.is_dir():
        why = "the folder for it does not exist"
    if why:
        raise RunFolderError(
            f"{what} could not be written to '{path}': {why}.", "Choose another place."
        )


def report_of(run: Run, table: Any = None) -> Report:
    """Return the report of a run on a table.

    ``table``: the path or data frame that the result was measured on, for a figure of calibration
    or of residuals; a run that was just trained, and one that has kept its rows, needs none. Raises
    DataError for another table, RunFolderError for a run on arrays, and for notes that are damaged.
    """
    note = table_note_of("The run", run.notes)
    task = preparation_of(run.setup, run.notes).target.task
    result, folds = run.result, folds_of(run)
    name = UNNAMED if note.source.path is None else Path(note.source.path).name
    return Report(
        title=f"{note.target} from {name}",
        about=f"A network for {task}, {note.source.rows:,} rows, {len(note.columns):,} columns.",
        lead=_lead(run, note, result),
        sections=(
            *sections_before(run, note, result, folds),
            *_figures(run, note, folds, what_was_tested(run, folds, table)),
            *sections_of(run, note),
        ),
        tables=(*tables_of(run), *([str(table)] if isinstance(table, str | Path) else [])),
    )


def _lead(run: Run, note: TableNote, result: TableResult | None) -> str:
    """Return what stands first: the result in words, and what it is not to be read without."""
    if result is None:
        return TRAINED_ALONE if run.finished and "folds" not in run.notes else NOT_MEASURED
    beside = beside_result(note.decisions, note.choices.group is not None)
    return " ".join([result.in_words, *beside])


def save_views(run: Run, folder: Path, table: Any = None) -> None:
    """Write the report of a run beside it in its folder, and its figures in one below.

    ``table`` as in ``report_of``. Raises RunFolderError, DataError for another table.
    """
    report = report_of(run, table)
    write_file(folder / REPORT, report.html, "The report")
    report.save_figures(folder / FIGURES)


def _figures(
    run: Run, note: TableNote, folds: Sequence[FoldRun], tested: Predictions | None
) -> list[Section]:
    charts: list[Chart] = []
    # A training that has diverged leaves nothing to draw.
    with suppress(SetupError):
        if isinstance(tested, ClassPredictions):
            ended = sum(one.recording is not None for one in folds)
            networks = ended if note.test is None else 1
            charts.append(calibration_chart(tested.truth, tested.probabilities, networks))
        elif tested is not None:
            charts.append(residual_chart(tested.truth, tested.predicted, note.target))
    with suppress(SetupError):
        charts.append(folds_chart(run, folds))
    return [Section(chart.title, (chart,)) for chart in charts]


def _as_text(part: Part) -> str:
    if isinstance(part, str):
        return _wrapped(part)
    if isinstance(part, Chart):
        return _wrapped(part.words)
    if isinstance(part, Commands):
        return "\n".join(f"    {printable(line)}" for line in part.lines)
    if isinstance(part, Terms):
        return "\n".join(_wrapped(f"{word}: {said}", "    ") for word, said in part.pairs)
    if isinstance(part, Captioned):
        return f"\n{part.grid}\n"
    return "\n".join(_wrapped(line, "    ") for line in decision_lines(part, IN_FULL))


def _wrapped(text: str, later: str = "") -> str:
    return textwrap.fill(printable(text), WIDTH, subsequent_indent=later)
