"""An examination: a case with everything that has been measured on it, each thing once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from chainrule.diagnosis.budget import Budget, whole_seconds
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.probes.blow_up import BlowUp, blow_up_of
from chainrule.diagnosis.probes.close_looks import close_looks
from chainrule.diagnosis.probes.columns import Columns
from chainrule.diagnosis.probes.course import Course
from chainrule.diagnosis.probes.curvature import extent, largest_curvature
from chainrule.diagnosis.probes.labels import Labels
from chainrule.diagnosis.probes.passes import Pass, pass_of, rows_within, sampled
from chainrule.diagnosis.probes.relative_error import Errors, errors_of
from chainrule.diagnosis.probes.scale_makers import ScaleMakers, scale_makers
from chainrule.diagnosis.probes.work import (
    MOMENT,
    OF_A_PRODUCT,
    rows_to_judge,
    work_of_row,
    work_of_training,
)
from chainrule.diagnosis.sign import Sign
from chainrule.network.network import Network
from chainrule.training.rows import Rows

# Of the work of a training, that of a pass and that of a curvature, where that is more than MOMENT.
PASS_SHARE, CURVATURE_SHARE = 0.04, 0.06
# About what neighbours and a hundred other orders of the labels take.
LABELS_SECONDS = 0.3
Signs = Callable[["Examination"], Sequence[Sign]]


class Examination:
    """Measurements of one case, in tiers of cost: a probe is taken when a sign asks for it."""

    def __init__(
        self,
        case: Case,
        trains_again: bool = True,
        most: int | None = None,
        budget: Budget | None = None,
    ) -> None:
        """``trains_again``: whether a short training is made again to be read closely.

        ``most``: rows that passes and errors are of at most; by default as many as tell 1 %.
        ``budget``: what looks that cost much are taken within, by default half of the diagnosis.
        """
        self.budget = Budget.of_looks(case.seconds) if budget is None else budget
        self.most = most
        self.case = case
        self.setup = case.setup
        self._trains_again = trains_again
        self._shown: dict[Signs, tuple[Sign, ...]] = {}

    def shown(self, signs: Signs) -> tuple[Sign, ...]:
        """Return the signs that a function reads off this examination, which it does once."""
        if signs not in self._shown:
            self._shown[signs] = tuple(signs(self))
        return self._shown[signs]

    # ---- the record ----

    @property
    def is_of_table(self) -> bool:
        """Whether it is a training of a run on a table, which has defaults of its own."""
        return "table" in self.case.notes

    @cached_property
    def course(self) -> Course:
        """The training losses over the epochs."""
        return Course.of(self.case.recording.history.get("loss"))

    @cached_property
    def blow_up(self) -> BlowUp | None:
        """Where the loss first became no finite number, None where it did not or is not found."""
        epoch = self.course.overflowed_at
        return None if epoch is None else blow_up_of(self.case, epoch, self.budget)

    @cached_property
    def validation_course(self) -> Course:
        """The validation losses over the epochs, empty without any."""
        return Course.of(self.case.recording.history.get("validation_loss"))

    @cached_property
    def readings(self) -> Sequence[Mapping[str, Any]]:
        """The close looks at the training, taken now where it has left few of them."""
        if not self._trains_again:
            return self.case.recording.readings
        return close_looks(self.case, self.budget)

    @property
    def relative_updates(self) -> Mapping[str, list[float]]:
        """Weight -> update over size, by their root mean squares, at each reading in order.

        Of parameters with two axes or more: a bias begins at 0, and any update of it is large.
        """
        found: dict[str, list[float]] = {}
        wide = {one.name for one in self.setup.network.plan.parameters if len(one.shape) > 1}
        for reading in self.readings:
            for name, seen in reading["parameters"].items():
                if name in wide and seen.get("size", 0.0) > 0.0:
                    share = seen.get("update", math.nan) / seen["size"]
                    found.setdefault(name, []).append(share)
        return found

    # ---- passes over a sample of the rows ----

    @cached_property
    def seconds(self) -> float:
        """How long a diagnosis of the case may take."""
        return whole_seconds(self.case.seconds)

    def _work(self, share: float) -> int:
        """Return the multiplications of a measurement that may take this share of a training's."""
        return max(MOMENT, int(share * work_of_training(self.case)))

    @cached_property
    def sample(self) -> Rows:
        """The rows that passes are made of."""
        allowed = rows_within(self.case, self._work(PASS_SHARE))
        return sampled(self.case, allowed if self.most is None else self.most)

    @cached_property
    def at_first(self) -> Pass:
        """The pass at the parameters of the start."""
        return pass_of(self.case, self.case.first, self.sample)

    @cached_property
    def at_last(self) -> Pass:
        """The pass at the parameters after the last step, or, where they are no finite numbers,
        at those that were kept."""
        return pass_of(self.case, self.last_sound, self.sample)

    @cached_property
    def last_sound(self) -> Network:
        """The network after the last step, or that which was kept where it holds NaN."""
        return self.case.trained if self.case.ended_sound else self.case.network

    @cached_property
    def curvature_at_first(self) -> float:
        """The largest curvature of the loss at the start, NaN where it is no finite number."""
        return self._curvature_of(self.case.first)

    @cached_property
    def curvature_at_last(self) -> float:
        """The same after the last step, or, where that left no numbers, at what was kept."""
        return self._curvature_of(self.last_sound)

    def _curvature_of(self, network: Network) -> float:
        rows, steps = self._curved
        return largest_curvature(self.setup, network, rows, steps)

    @cached_property
    def _curved(self) -> tuple[Rows, int]:
        """The rows that curvatures are of, and how many products of the Hessian are made."""
        each = work_of_row(self.case.first.plan)
        rows, steps = extent(self._work(CURVATURE_SHARE) // (OF_A_PRODUCT * each))
        return sampled(self.case, rows), steps

    @property
    def rows_of_curvature(self) -> int:
        """How many rows curvatures are of."""
        return len(self._curved[0])

    # ---- what came of it ----

    @cached_property
    def errors(self) -> Errors:
        """The relative errors of the network that was kept."""
        return self._errors_of(self.case.network)

    @cached_property
    def last_errors(self) -> Errors:
        """The relative errors after the last step."""
        return self._errors_of(self.case.trained)

    @cached_property
    def first_errors(self) -> Errors:
        """The relative errors at the start."""
        return self._errors_of(self.case.first)

    def _errors_of(self, network: Network) -> Errors:
        most = rows_to_judge(self.case) if self.most is None else self.most
        return errors_of(network, self.setup, self.case.training, self.case.validation, most)

    # ---- the data ----

    @cached_property
    def targets(self) -> tuple[Columns, ...]:
        """The columns of every target of numbers."""
        pairs = zip(self.setup.targets, self.case.training.targets, strict=True)
        return tuple(
            Columns.of(f"target {place + 1}" if len(self.setup.targets) > 1 else "the target", rows)
            for place, (target, rows) in enumerate(pairs)
            if target.task == "regression"
        )

    @cached_property
    def scale_makers(self) -> list[ScaleMakers]:
        """The columns whose scale few rows make."""
        return scale_makers(self.case)

    @cached_property
    def labels(self) -> Labels | None:
        """What the targets say about their rows, None where that cannot be told in time."""
        return Labels.of(self.case) if self.budget.fits(1, LABELS_SECONDS) else None
