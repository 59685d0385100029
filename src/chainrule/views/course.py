"""How a run went, in sentences: what its result was measured on, and what its network learned."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.data.decisions import counted
from chainrule.training.run import Run
from chainrule.training.stopping import has_overflowed
from chainrule.training.tables.fold_records import FoldRun
from chainrule.training.tables.notes import TableNote
from chainrule.training.tables.result import TableResult

DIVERGED = " No epoch is kept, so this is the network before training: lower the learning rate."
MOST_EPOCHS_SHOWN = 10


def how_measured(run: Run, note: TableNote, folds: Sequence[FoldRun]) -> str:
    """Say which rows were tested by which networks, and how the epochs were chosen."""
    result = run.result
    ended = [one for one in folds if one.recording is not None]
    if result is None:
        return f"Nothing is measured yet; folds that have ended: {len(ended)} of {len(folds)}."
    if note.test is not None:
        return f"{_on_a_table(note, result)} {_epochs_chosen(ended, 'folds of the other table')}"
    if len(folds) == 1:
        share = result.rows / sum(folds[0].rows.sizes.values())
        return (
            f"Measured on {counted(result.rows, 'row')}, {share:.0%}, by a network that had not "
            f"seen them{_order(note)}. {_epochs_chosen(ended)}"
        )
    return f"{_in_folds(ended, folds, note)} {_epochs_chosen(ended)}"


def _on_a_table(note: TableNote, result: TableResult) -> str:
    path = note.test.path if note.test is not None else None
    where = f"'{path}'" if path else "the test table"
    return f"Measured on {where}, {counted(result.rows, 'row')}."


def _in_folds(ended: Sequence[FoldRun], folds: Sequence[FoldRun], note: TableNote) -> str:
    done = f"{len(folds)} folds"
    if len(ended) < len(folds):
        done = f"{len(ended)} of {done}"
    if note.choices.time is not None:
        return (
            f"Measured in {done}: what was tested comes after what was learned from, by "
            f"'{note.choices.time}'."
        )
    said = "every row was predicted by a network that had not seen it"
    if len(ended) < len(folds):
        said = "their rows were predicted by networks that had not seen them"
    return f"Measured in {done}: {said}{_order(note)}."


def _order(note: TableNote) -> str:
    if note.choices.time is not None:
        return f" and had learned from earlier ones, by '{note.choices.time}'"
    if note.choices.group is not None:
        return f", nor any other row of its '{note.choices.group}'"
    return ""


def loss_of(fold: FoldRun) -> float | None:
    """Return the loss on a fold's validation rows at the epoch that was chosen, None without."""
    held = [] if fold.recording is None else fold.recording.history.get("validation_loss", [])
    return held[fold.best_epoch - 1] if 0 < fold.best_epoch <= len(held) else None


def _epochs_chosen(ended: Sequence[FoldRun], where: str = "each fold's training rows") -> str:
    if not ended:
        return "No fold has ended, so that no epoch was chosen."
    shown = ", ".join(str(one.best_epoch) for one in ended[:MOST_EPOCHS_SHOWN])
    said = f"Epochs were chosen inside {where}: {shown}."
    if len(ended) == 1:
        said = f"Its epoch was chosen on other rows: {shown}."
    lost = [one for one in ended if not one.best_epoch and has_overflowed(one.ended)]
    if lost:
        said += f" In {len(lost)} of {counted(len(ended), 'fold')} {lost[0].ended}.{DIVERGED}"
    return said


def last_training(run: Run, folds: Sequence[FoldRun]) -> str:
    """Say what the network that is kept learned from, and for how long."""
    if not folds:
        return plain_training(run)
    if run.notes.get("stage") != "all":
        done = sum(one.recording is not None for one in folds)
        return (
            f"The run was interrupted after {done} of {counted(len(folds), 'fold')}; the network "
            "on all rows is not trained yet."
        )
    rows = counted(run.setup.provenance.training_rows, "row")
    epochs, due = run.recording.epochs, run.setup.epochs
    if has_overflowed(run.ended):
        return f"Trained again on all {rows}: {run.ended}.{DIVERGED if not run.best_epoch else ''}"
    if run.finished and not due:
        return "The network that is kept is the one before training, for most folds kept no epoch."
    if not run.finished:
        return f"The last training, on all {rows}, was cut off after {epochs} of {due} epochs."
    ended = sum(one.recording is not None for one in folds)
    median = ", as many as in its fold" if len(folds) == 1 else ", the median of these"
    if not ended:
        median = ", the best that was known of folds under way when they were interrupted"
    elif not ended % 2:
        median = ", the lower of the two in the middle of these"
    return (
        f"The network that is kept was trained again on all {rows}, for "
        f"{counted(epochs, 'epoch')}{median} ({run.setup.optimizer.name})."
    )


def plain_training(run: Run) -> str:
    """Say how a training on arrays went."""
    taken = f"{counted(run.recording.epochs, 'epoch')} in {run.state.seconds:.1f} s"
    text = f"{run.setup.optimizer.name}, {taken}: {run.ended}."
    held = run.history.get("validation_loss", [])
    if 0 < run.best_epoch <= len(held):
        loss = held[run.best_epoch - 1]
        text += f" Epoch {run.best_epoch} is kept (validation loss {loss:.4f})."
    elif has_overflowed(run.ended):
        text += DIVERGED
    return text
