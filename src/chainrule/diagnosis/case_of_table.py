"""The case of a run on a table: one of its folds, trained again as the folds were.

The last training of a table learns from all rows, for as many epochs as the folds have found best.
By itself it cannot be judged: nothing says how well it predicts other rows, and where it was ended
early in good time it looks like one that has not learned enough. A fold has rows that it did not
learn from, chosen with groups, classes and times respected.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.preparation import Preparation
from chainrule.diagnosis.budget import INTERRUPTED_DIAGNOSIS
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.cases.counting import weights_by_class
from chainrule.diagnosis.probes.relative_error import WORST, relative_error
from chainrule.diagnosis.wording import times_of
from chainrule.training.arguments import rows_in_a_step
from chainrule.training.carry_out import carry_out
from chainrule.training.rows import Provenance, Rows
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.state import INTERRUPTED
from chainrule.training.stopping import Stopping
from chainrule.training.tables.fold_records import folds_of
from chainrule.training.tables.folds import FOLDS, LEFT_OUT, Fold, from_roles
from chainrule.training.tables.notes import TableNote

Numbers = NDArray[Any]
NO_FOLD = (
    "No rows were held out for this verdict, as training a fold again takes about {:.0f} s: "
    "chainrule diagnose does so, and cr.diagnose(run)."
)


def has_folds(run: Run) -> bool:
    """Whether a run is the last training of a table, which has folds beside it.

    Where the folds diverged at once, none of their epochs is kept and the last training has none to
    run: its folds are what there is to judge.
    """
    if run.notes.get("stage") != "all" or "folds" not in run.notes:
        return False
    return run.recording.epochs > 0 or run.setup.epochs == 0


def case_of_table(
    run: Run, rows: Rows, most_seconds: float = math.inf
) -> tuple[Case, tuple[str, ...]]:
    """Return the case of a run on a table, and what is to be said of it.

    ``rows``: all that its last training learned from. Where a fold would be trained for longer than
    ``most_seconds``, the case is the last training. Raises KeyboardInterrupt where Ctrl-C came,
    RunFolderError for damaged notes.
    """
    used = np.flatnonzero((run.note_arrays["roles"] != LEFT_OUT).any(axis=0))
    folds = from_roles(run.note_arrays["roles"], run.note_arrays["roles"].shape[1])
    if len(used) != len(rows):
        raise record.damaged("its folds do not fit its rows")
    place = _most_telling(folds, len(used))
    expected = _expected_seconds(run, place)
    if expected > most_seconds:
        return case_of(run, (rows, _none_of(rows))), (NO_FOLD.format(expected),)
    fold = folds[place]
    learned = np.searchsorted(used, np.union1d(fold.training, fold.validation))
    tested = np.searchsorted(used, fold.test)
    parts = rows.part(learned), rows.part(tested)
    setup = _setup_of_fold(run, len(rows), learned, tested)
    again = carry_out(setup, parts, progress=False)
    if again.ended == INTERRUPTED:
        raise KeyboardInterrupt(INTERRUPTED_DIAGNOSIS)
    case = _of_the_table(case_of(again, parts), run, used)
    outside, count = out_of_fold_error(run, rows, used)
    said = _said_of(run, place, len(folds), parts)
    if math.isnan(outside):
        return case, (said,)
    case = replace(case, outside=(outside, count))
    return case, (said, _errors_said(run, rows, outside))


def _of_the_table(case: Case, run: Run, used: Numbers) -> Case:
    """Return the case of a fold's training with what the run says of its table.

    ``used`` are the numbers in it of the rows that the run's last training learned from.
    """
    columns = tuple(Preparation.from_dict(run.notes["preparation"]).input_names)
    return replace(case, columns=columns, of_table=used, scaled=True, notes=run.notes)


def _none_of(rows: Rows) -> Rows:
    return rows.part(np.arange(0))


def _most_telling(folds: tuple[Fold, ...], count: int) -> int:
    """Return the place of the fold that tests about a fifth, and learns from the most rows.

    Of groups the first may test nearly all; in the order of time the last learns from the most.
    """

    def order(place: int) -> tuple[float, int]:
        sizes = folds[place].sizes
        learned = sizes["training"] + sizes["validation"]
        return abs(sizes["test"] - count / FOLDS), -learned

    return min(range(len(folds)), key=order)


def _expected_seconds(run: Run, place: int) -> float:
    """Return about how long the fold takes: its epochs, at what one of the last training took."""
    found = folds_of(run)[place].recording
    note = TableNote.from_record(run.notes["table"])
    epochs = note.settings.epochs if found is None else found.epochs
    return epochs * run.state.seconds / max(1, run.recording.epochs)


def _setup_of_fold(run: Run, rows: int, learned: Numbers, tested: Numbers) -> Setup:
    """Return the last training's setup as that of a fold, which keeps its best epoch."""
    settings = TableNote.from_record(run.notes["table"]).settings
    left_out = np.setdiff1d(np.arange(rows), np.union1d(learned, tested))
    parts = tuple(tested.tolist()), "", tuple(left_out.tolist())
    return replace(
        run.setup,
        epochs=settings.epochs,
        batch_size=rows_in_a_step(settings.batch_size, len(learned), run.setup.optimizer),
        stopping=Stopping(patience=settings.patience),
        keep="best",
        provenance=Provenance(rows, run.setup.provenance.checksum, *parts),
    )


def _said_of(run: Run, place: int, count: int, parts: tuple[Rows, Rows]) -> str:
    note = TableNote.from_record(run.notes["table"])
    which = "Its fold" if count == 1 else f"Fold {place + 1} of {count}"
    by = ""
    if note.choices.time is not None:
        by = f", which come later by '{note.choices.time}'"
    elif note.choices.group is not None:
        by = f", which are of other groups by '{note.choices.group}'"
    return (
        f"{which} was trained again, and is what was judged: it learned from {len(parts[0]):,} "
        f"rows and chose its epoch by {len(parts[1]):,} others{by}."
    )


def _errors_said(run: Run, rows: Rows, outside: float) -> str:
    """Return the error of the run's network on its rows beside that of its folds' networks."""
    inside = relative_error(run.network, run.setup, rows)
    return (
        f"The network that is kept has an error of {times_of(inside)} on the rows that it learned "
        f"from; those of the folds have {times_of(outside)} on the rows that they had not seen, in "
        "shares of the best constant prediction's."
    )


def out_of_fold_error(run: Run, rows: Rows, used: Numbers) -> tuple[float, int]:
    """Return the error of the folds' networks on the rows that each had not seen, and their number.

    It is relative to the best constant prediction's, at most 10, and NaN where nothing was tested.
    """
    predicted = np.asarray(run.note_arrays["network"], dtype=np.float64)[used]
    tested = ~np.isnan(predicted.reshape(len(used), -1)).any(axis=1)
    count = int(tested.sum())
    if count < 2:
        return math.nan, count
    predicted, truth = predicted[tested], rows.targets[0][tested].reshape(-1)
    target = Preparation.from_dict(run.notes["preparation"]).target
    if target.labels is None:
        truth = np.asarray(target.predictions(truth.astype(np.float64)), dtype=np.float64)
        return _bounded(np.mean((predicted - truth) ** 2), np.var(truth)), count
    labels = truth.astype(np.int64)
    classes = weights_by_class(run.setup, rows)
    weights = np.ones(count) if classes is None else classes[labels]
    weights = weights / weights.mean()
    shares = np.bincount(labels, weights=weights, minlength=predicted.shape[1]) / count
    missed = predicted.copy()
    missed[np.arange(count), labels] -= 1.0
    each = weights * np.sum(missed**2, axis=1)
    return _bounded(np.mean(each), 1.0 - np.sum(shares**2)), count


def _bounded(error: Any, constant: Any) -> float:
    return min(WORST, float(error) / float(constant)) if constant > 0.0 else math.nan
