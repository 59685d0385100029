"""What the report of a run on a table is made of, heading by heading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from chainrule.data.decisions import counted
from chainrule.optimizers import rate_of
from chainrule.optimizers.optimizer import Rate
from chainrule.training.run import Run
from chainrule.training.tables.fold_records import FoldRun
from chainrule.training.tables.notes import TableNote
from chainrule.training.tables.result import MEASURES, TableResult
from chainrule.training.tables.sentences import written_number
from chainrule.views.commands import has_paths, train_command
from chainrule.views.course import how_measured, last_training, loss_of
from chainrule.views.grid import Grid
from chainrule.views.page import Captioned, Commands, Part, Section, Terms
from chainrule.views.plain_text import quoted
from chainrule.views.scores import (
    CONSTANT_MEANING,
    INTERVAL,
    LINEAR_MEANING,
    MEANINGS,
    NAMES,
    mistakes_grid,
    score_grid,
)
from chainrule.views.terminal import network_grid

# A page has more room than a terminal.
WIDEST = 120
UNNAMED = "a data frame or standard input"
NOT_SAVED = f"{UNNAMED}, whose rows are not saved"


def sections_before(
    run: Run, note: TableNote, result: TableResult | None, folds: Sequence[FoldRun]
) -> list[Section]:
    """Return what stands above the figures: scores, how they were measured, and mistakes."""
    sections = []
    if result is not None:
        sections.append(_scores(result))
    sections.append(_measuring(run, note, folds))
    mistakes = None if result is None else mistakes_grid(result, WIDEST)
    if mistakes is not None and mistakes.rows:
        caption = "Each row is a true class: how many of its rows were predicted as which class."
        if not mistakes.shares:
            caption = "The pairs of classes that were confused most often."
        sections.append(Section("Which classes were confused", (Captioned(caption, mistakes),)))
    return sections


def sections_of(run: Run, note: TableNote) -> list[Section]:
    """Return what stands below the figures: decisions, network, settings, origin, commands."""
    return [
        Section("What was made of the table", (note.decisions,)),
        Section("Network", (Captioned("n is the number of rows.", network_grid(run)),)),
        Section("Settings", (Terms(_settings(run, note)),)),
        Section("Data and machine", (Terms(_origin(run, note)),)),
        _again(run, note),
    ]


def _scores(result: TableResult) -> Section:
    measures = MEASURES[result.task]
    meanings = tuple((NAMES[one], MEANINGS[one]) for one in measures)
    caption = "Measured on rows from which the models did not learn."
    parts: tuple[Part, ...] = (
        Captioned(caption, score_grid(result)),
        INTERVAL,
        f"{LINEAR_MEANING}; {CONSTANT_MEANING[result.task]}.",
        Terms(meanings),
    )
    return Section("Scores", parts)


def _measuring(run: Run, note: TableNote, folds: Sequence[FoldRun]) -> Section:
    parts: list[Part] = [how_measured(run, note, folds), last_training(run, folds)]
    if folds:
        rows = tuple(_fold_row(place, one) for place, one in enumerate(folds, start=1))
        headings = ("fold", "to learn", "to choose", "to test", "epochs", "chosen", "loss there")
        caption = "Rows of each fold, and the epoch with the lowest loss on those to choose by."
        parts += [Captioned(caption, Grid(headings, rows)), _endings(folds)]
    return Section("How it was measured", tuple(parts))


def _fold_row(number: int, fold: FoldRun) -> tuple[str, ...]:
    sizes = tuple(f"{size:,}" for size in fold.rows.sizes.values())
    epochs = 0 if fold.recording is None else fold.recording.epochs
    loss = loss_of(fold)
    shown = "-" if loss is None else written_number(loss)
    return (str(number), *sizes, f"{epochs:,}", f"{fold.best_epoch:,}", shown)


def _endings(folds: Sequence[FoldRun]) -> str:
    """Say why the trainings of the folds ended, and how many for each reason."""
    counts = Counter(one.ended for one in folds)
    said = "; ".join(f"{counted(count, 'fold')}: {why}" for why, count in counts.items())
    return f"Why training ended, in {said}."


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return "none: the optimizer searches"
    return f"{rate:g}" if isinstance(rate, float | int) else str(rate)


def _settings(run: Run, note: TableNote) -> tuple[tuple[str, str], ...]:
    setup, given = run.setup, note.settings
    rate, l2 = rate_of(setup.optimizer), setup.regularisation.l2
    batch = "all rows" if given.batch_size is None else str(given.batch_size)
    return (
        ("hidden layers", ", ".join(map(str, given.hidden)) or "none"),
        ("activation", given.activation),
        ("optimizer", setup.optimizer.name),
        ("learning rate", _rate(rate)),
        ("rows in a step", f"{batch}: {setup.batch_size} in the last training"),
        ("epochs", f"at most {given.epochs:,}; {setup.epochs:,} in the last training"),
        ("patience", "none" if given.patience is None else f"{given.patience:,} epochs"),
        ("L2 penalty", f"{l2:g}" if isinstance(l2, float | int) else str(dict(l2))),
        ("loss", setup.losses[0].name.replace("_", " ")),
        ("seed", str(setup.seed)),
        ("numbers", setup.dtype),
        ("engine", setup.engine),
    )


def _origin(run: Run, note: TableNote) -> tuple[tuple[str, str], ...]:
    source = note.source
    unnamed = UNNAMED if "data" in run.notes else NOT_SAVED
    pairs = [
        ("table", source.path or unnamed),
        ("rows", f"{source.rows:,}"),
        ("SHA-256 of its values", source.checksum),
    ]
    if note.test is not None:
        pairs += [
            ("test table", note.test.path or NOT_SAVED),
            ("its rows", f"{note.test.rows:,}"),
            ("SHA-256 of its values", note.test.checksum),
        ]
    pairs += [
        (name.replace("_", " "), str(one)) for name, one in sorted(run.machine.items()) if one
    ]
    return tuple(pairs)


def _again(run: Run, note: TableNote) -> Section:
    command = train_command(run, note)
    parts: list[Part] = []
    if not has_paths(note):
        parts.append("No command does: it was trained, or tested, on what no path leads to.")
    elif command is None:
        parts.append("It was trained from Python, with what no command can say.")
    else:
        parts += ["To train it again, with every setting written out:", Commands((command,))]
    table = "new.csv" if note.source.path is None else Path(note.source.path).name
    predict = quoted("chainrule", "predict", "RUN", table)
    parts += ["To predict, RUN being the folder of the run:", Commands((predict,))]
    return Section("Do it again", tuple(parts))
