"""A run: what a training leaves. The setup, the trained network, the recording, and its state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ranges import Scaling
from chainrule.errors import SetupError
from chainrule.files.folder import write_folder
from chainrule.network.backpropagation import outputs_of
from chainrule.network.network import Network
from chainrule.training.machine import machine_record
from chainrule.training.metrics import METRICS
from chainrule.training.preparing import named_inputs
from chainrule.training.recording import Recording
from chainrule.training.rows import Rows, input_array
from chainrule.training.setup import Setup
from chainrule.training.state import State

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.data.decisions import Decision
    from chainrule.training.tables.fold_records import FoldRun
    from chainrule.training.tables.result import TableResult
    from chainrule.views.report import Report


@dataclass(frozen=True, eq=False)
class Run:
    """A training that has ended, or was saved on its way.

    ``network`` has the parameters that were kept, those after ``best_epoch``; ``state`` those of
    the last step. ``ended`` says why training ended; ``finished`` is False where it was cut off, by
    Ctrl-C or in a checkpoint, so that it can be resumed. ``notes`` are documents that are saved
    with the run (how a table was prepared, its result), ``note_arrays`` arrays that belong to them
    (what each row was for, out-of-fold predictions), ``machine`` is where it was trained. The rows
    are held in memory for going on, and are never saved.
    """

    setup: Setup
    network: Network
    recording: Recording
    state: State
    ended: str
    finished: bool = True
    notes: Mapping[str, Any] = field(default_factory=dict)
    note_arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=machine_record)
    rows: tuple[Rows, Rows] | None = None

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise SetupError(
            "A run is not copied or pickled: it holds rules, which are functions.",
            "Use it as it is, for it never changes; or save it, run.save(folder), and load it "
            "there, cr.load(folder).",
        )

    @property
    def history(self) -> dict[str, list[float]]:
        """Name -> one number for each epoch."""
        return self.recording.history

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, whose parameters the network has (0: it ended within one)."""
        return self.state.kept_epoch

    @cached_property
    def training_loss(self) -> float:
        """The loss of the network on the rows it was trained on, as it predicts, by their weights.

        The losses in ``history`` are those of epochs, taken while steps are made. NaN for a run
        that was loaded, which holds no rows.
        """
        from chainrule.training.loss_on import loss_on

        return math.nan if self.rows is None else loss_on(self.network, self.setup, self.rows[0])

    def predict(self, x: Any) -> Any:
        """Return labels in the target's own type, or numbers in the target's units.

        ``x`` is (rows, features) as in training, for a run on a table a table: a path, a data
        frame, or a mapping of columns. Returns (rows,) for a single target, (rows, time) for one
        over time, or a tuple for several outputs. What is said where a mask is False means nothing.
        Raises DataError for columns and rows that do not fit.
        """
        results = [self._decoded(place, output) for place, output in enumerate(self._outputs(x))]
        return results[0] if len(results) == 1 else tuple(results)

    def _decoded(self, place: int, output: NDArray[Any]) -> NDArray[Any]:
        target = self.setup.targets[place]
        found = self.setup.meaning(place).predictions(output)
        if target.task == "classification":
            return target.decoded(found)
        if "preparation" in self.notes:
            found = self._preparation().target.predictions(found.astype(np.float64))
        if "scaling" in self.notes:
            found = Scaling.from_record(self.notes["scaling"]).predictions(found)
        return found[..., 0] if target.flat else found

    def predict_proba(self, x: Any) -> Any:
        """Return the probability of each class (rows, classes), columns as in ``classes``.

        Over time they are (rows, time, classes). Of several outputs those that predict numbers give
        None. Raises SetupError for a target of numbers, and for a loss that knows no probabilities.
        """
        classes = [one.task == "classification" for one in self.setup.targets]
        results = [
            self.setup.meaning(place).probabilities(output)
            if classes[place] or not any(classes)
            else None
            for place, output in enumerate(self._outputs(x))
        ]
        return results[0] if len(results) == 1 else tuple(results)

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes in the order of ``predict_proba``'s columns."""
        return self.setup.targets[0].labels

    def _outputs(self, x: Any) -> list[NDArray[Any]]:
        if "preparation" in self.notes:
            x = self._table_inputs(x)
        if "scaling" in self.notes:
            given = input_array(x, "X")
            x = Scaling.from_record(self.notes["scaling"]).scaled_inputs(given)
        inputs = list(named_inputs(self.network, x).values())
        return outputs_of(self.network, inputs, self.setup.dtype)

    def _preparation(self) -> Any:
        from chainrule.data.preparation import Preparation

        return Preparation.from_dict(self.notes["preparation"])

    def _table_inputs(self, x: Any) -> Any:
        """Return a table's rows as the inputs that the network was trained on."""
        from chainrule.training.tables.given_tables import read_alike

        if isinstance(x, np.ndarray):
            return x
        return self._preparation().inputs(read_alike(self.notes, x))

    @property
    def result(self) -> TableResult | None:
        """The scores on rows that chose nothing, for a run on a table; None where there are none.

        ``run.result.scores["network"]["accuracy"]`` is a figure and its 95 % interval.
        """
        from chainrule.training.tables.result import TableResult

        return TableResult.from_record(self.notes["result"]) if "result" in self.notes else None

    @property
    def folds(self) -> tuple[FoldRun, ...]:
        """The folds of a run on a table: their rows, recordings and predictions; () without any."""
        from chainrule.training.tables.fold_records import folds_of

        return folds_of(self)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What was made of a table's file, rows and columns, with the options that override it."""
        from chainrule.training.tables.notes import TableNote

        return TableNote.from_record(self.notes["table"]).decisions if "table" in self.notes else ()

    def means(self, name: str) -> str:
        """Return what a parameter or one of its numbers stands for, by the names of columns.

        ``run.means("dense_1.W[2,0]")`` is "from chest_pain = asymptomatic to unit 0 of dense_1".
        Raises SetupError for what is no parameter.
        """
        from chainrule.network.wording import meaning_of

        inputs = ()
        if "preparation" in self.notes:
            inputs = self._preparation().input_names
        return meaning_of(self.network.plan, name, inputs, self._output_names())

    def _output_names(self) -> tuple[str, ...]:
        """Return what the units of a single output stand for."""
        target = self.setup.targets[0]
        name = self._preparation().target.name if "preparation" in self.notes else "the target"
        if target.task == "regression":
            return (name,) if target.width == 1 else ()
        return tuple(f"{name} = {label}" for label in target.labels)

    def report(self) -> Report:
        """Return what a run on a table came to, as text and as one page that stands by itself.

        ``print(run.report())``, ``run.report().save("report.html")``. Raises RunFolderError for a
        run on arrays.
        """
        from chainrule.views.report import report_of

        return report_of(self)

    def plot(self) -> Figure:
        """Return a matplotlib figure of the losses over epochs."""
        from chainrule.views.figures import loss_figure

        return loss_figure(self)

    def save(self, path: str | Path, *, replace: bool = False) -> None:
        """Save the run as a folder. Raises RunFolderError; an existing run is kept unless
        ``replace``.
        """
        from chainrule.training.records import to_documents

        documents, arrays = to_documents(self)
        write_folder(path, documents, arrays, replace=replace)

    def __str__(self) -> str:
        target = self.setup.targets[0]
        parts = [f"{self.recording.epochs} epochs: {self.ended}"]
        if 0 < self.best_epoch < self.recording.epochs:
            parts.append(f"epoch {self.best_epoch} is kept")
        for name in ("loss", "validation_loss", *(f"validation_{m}" for m in METRICS[target.task])):
            if self.history.get(name):
                parts.append(f"{name} {self.history[name][self.best_epoch - 1]:.4g}")
        return "Run(" + ", ".join(parts) + ")"

    __repr__ = __str__


def with_notes(run: Run, notes: Mapping[str, Any]) -> Run:
    """Return the run with further documents to be saved beside it."""
    return replace(run, notes={**run.notes, **notes})
