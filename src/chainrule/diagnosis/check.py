"""``check``: what is doubtful about a training before it begins, in less than a second."""

from __future__ import annotations

import inspect
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.arrangement import Arrangement
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.concern import Concern
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.first_steps import LEARNED_BY_HEART, first_steps
from chainrule.diagnosis.probes.copies import shared_rows
from chainrule.diagnosis.probes.giveaways import errors_of_columns
from chainrule.errors import ChainruleError, nearest
from chainrule.network.network import Network
from chainrule.training.recording import Recording
from chainrule.training.train import set_up, train

# Ailments whose signs are there before the first step.
BEFORE_TRAINING = ("unscaled", "mismatched_output", "bad_start", "uninformative_labels")
# Of what each of equally many classes would have.
RARE = 0.2
# Choices: rows enough to tell a column from luck, and so few, with so few columns, that all of them
# take a moment.
MOST_ROWS, LEAST_ROWS_TO_JUDGE, MOST_COLUMNS = 2000, 40, 400
# A choice, of the constant prediction's error: a column that leaves so little says nearly all.
GIVEN_AWAY = 0.02
# Karpathy's recipe asks for the loss of a guess. Columns that go together make a start twice as far
# off without harm, as those of the Wisconsin tumours do.
OFF_START = 3.0
GUESSED = ("cross_entropy", "binary_cross_entropy")
# A choice, of the constant prediction's error: with half of it gone, zeros have been learned from.
KNOWN_WITHOUT_INPUTS = 0.5


@dataclass(frozen=True)
class Check:
    """What a check came to. It prints itself; ``concerns`` are the doubts, the gravest first."""

    concerns: tuple[Concern, ...]
    checked: tuple[str, ...]
    seconds: float

    @property
    def is_sound(self) -> bool:
        """Whether nothing is doubtful."""
        return not self.concerns

    def to_dict(self) -> dict[str, Any]:
        """Return the check as plain data."""
        return {
            "sound": self.is_sound,
            "concerns": [one.to_dict() for one in self.concerns],
            "checked": list(self.checked),
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        said = ", ".join(self.checked)
        if self.is_sound:
            return f"Nothing is doubtful. Checked: {said}."
        lines = [f"- {one.name}: {one.cause} {one.remedy}" for one in self.concerns]
        return "\n".join([*lines, f"Checked: {said}."])

    __repr__ = __str__


def check(network: Network, X: Any, y: Any, **arguments: Any) -> Check:
    """Look for what makes a training fail before it begins; nothing is raised for it.

    ``network``, ``X``, ``y`` and ``arguments`` are those of ``train``. It looks at what ``train``
    would refuse; the scale of inputs and targets; the output, the loss and the targets beside each
    other; the start, and the loss there beside that of a guess; rare classes; rows that stand among
    training and validation rows; a column that says the target by itself; labels that say nothing
    about the rows; whether one batch can be learned by heart, and whether that takes its inputs.
    Raises TypeError for an argument that ``train`` does not have.
    """
    began = time.monotonic()
    try:
        arrangement, case = _case(network, X, y, arguments)
        examined = Examination(case)
        # What is refused only when the first step is made, such as a softmax too many.
        _ = examined.at_first
    except ChainruleError as error:
        refused = Concern("refused", error.cause, error.remedy, is_error=True)
        return Check((refused,), ("what train accepts",), time.monotonic() - began)
    found: list[Concern] = []
    for look in LOOKS.values():
        found += look(examined, arrangement)
    found.sort(key=lambda one: not one.is_error)
    checked = ("what train accepts", *LOOKS)
    return Check(tuple(found), checked, time.monotonic() - began)


def _case(network: Any, X: Any, y: Any, given: dict[str, Any]) -> tuple[Arrangement, Case]:
    """Return what would be trained, as a case of no epochs."""
    known = inspect.signature(train).parameters
    for name in given:
        if name not in known:
            raise TypeError(f"check has no argument '{name}'. {nearest(name, known)}")
    defaults = {
        name: one.default
        for name, one in known.items()
        if one.default is not inspect.Parameter.empty
    }
    setup, (training, validation) = set_up(
        network,
        X,
        y,
        **{
            name: content
            for name, content in {**defaults, **given}.items()
            if name not in ("X", "y")
        },
    )
    start = {**setup.network.parameters, **setup.network.state}
    numbers = tuple(setup.provenance.training.tolist())
    case = Case(
        setup, Recording(), training, validation, start, start, "nothing is trained",
        numbers=numbers if len(numbers) == len(training) else (),
    )  # fmt: skip
    return case.arrangement, case


def _signs(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return the signs of ailments that are there before the first step."""
    found = []
    for name in BEFORE_TRAINING:
        ailment = AILMENTS[name]
        remedies = ailment.remedies(examined)
        remedy = remedies[0].words if remedies else "Look at the rows, and at how they were made."
        for sign in ailment.signs(examined)[:1]:
            found.append(Concern(ailment.title, sign.words, remedy, sign.measured, sign.threshold))
    return found


def _shared(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    places = shared_rows(arrangement.training, arrangement.validation)
    if not len(places):
        return []
    share = len(places) / len(arrangement.validation)
    return [
        Concern(
            "rows in both parts",
            f"{len(places)} of {len(arrangement.validation)} validation rows ({share:.0%}) stand "
            "among the training rows, too, so that learning by heart looks like success.",
            "Leave copies out, or split by whom or what the rows are of.",
            share,
            0.0,
        )
    ]


def _given_away(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern for columns that say the target by themselves."""
    rows = arrangement.training
    x = rows.inputs[0]
    if len(rows.inputs) > 1 or x.ndim != 2 or x.dtype.kind != "f" or rows.time_weights:
        return []
    if len(rows) < LEAST_ROWS_TO_JUDGE or not 1 < x.shape[1] <= MOST_COLUMNS:
        return []
    target = rows.targets[0]
    setup = examined.setup
    if setup.targets[0].task == "classification":
        target = np.eye(setup.targets[0].width)[target.reshape(-1).astype(np.int64)]
    part = slice(0, None, max(1, len(rows) // MOST_ROWS))
    errors = errors_of_columns(x[part], target[part], setup.seed)
    places = np.flatnonzero(errors < GIVEN_AWAY)
    if not len(places) or 2 * len(places) > x.shape[1]:
        return []
    best = int(errors.argmin())
    more = f", and {len(places) - 1} more do" if len(places) > 1 else ""
    return [
        Concern(
            "a column gives the answer away",
            f"Column {best} alone predicts the target with {errors[best]:.1%} of the error of a "
            f"constant{more}: it may be made of the target.",
            "Leave it out unless it is known before the target is.",
            float(errors[best]),
            GIVEN_AWAY,
        )
    ]


def _rare_classes(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    target = examined.setup.targets[0]
    if target.task != "classification" or arrangement.training.time_weights:
        return []
    labels = arrangement.training.targets[0].reshape(-1).astype(np.int64)
    shares = np.bincount(labels, minlength=target.width) / len(labels)
    least = int(shares.argmin())
    even = 1.0 / target.width
    if shares[least] >= RARE * even:
        return []
    weighs = arrangement.training.weights[labels == least]
    if len(weighs) and float(weighs.mean()) > 0.5 * even / max(float(shares[least]), 1e-12):
        return []
    return [
        Concern(
            "a rare class",
            f"{shares[least]:.1%} of the training rows are {target.labels[least]!r}, so that a "
            f"network which never predicts it is right for {1.0 - shares[least]:.1%} of them.",
            "Weigh the classes, class_weight='balanced', and look at metrics='balanced_accuracy'.",
            float(shares[least]),
            RARE * even,
        )
    ]


def _loss_at_start(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern where the loss at the start is not about that of a guess."""
    setup = examined.setup
    if len(setup.losses) > 1 or setup.losses[0].name not in GUESSED:
        return []
    theory = math.log(max(2, setup.targets[0].width))
    seen = examined.at_first.loss
    if theory / OFF_START <= seen <= theory * OFF_START:
        return []
    return [
        Concern(
            "the loss at the start",
            f"The loss before the first step is {seen:.3g}, and that of a guess among "
            f"{max(2, setup.targets[0].width)} classes is {theory:.3g}.",
            "Let weights start as layers do by default, and scale the inputs.",
            seen,
            theory * OFF_START if seen > theory else theory / OFF_START,
        )
    ]


def _one_batch(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern where one batch cannot be learned, or is learned without its inputs."""
    seen = first_steps(arrangement)
    if seen.rows < 2:
        return _same_inputs(arrangement)
    if seen.is_cut_off:
        return []
    if seen.with_inputs > LEARNED_BY_HEART:
        return [
            Concern(
                "one batch",
                f"{seen.steps} steps on {seen.rows} rows alone leave {seen.with_inputs:.0%} of the "
                "error of a constant, and a network should learn so few by heart.",
                "Look at the learning rate, the scale of the inputs and the output layer, or make "
                "the network larger.",
                seen.with_inputs,
                LEARNED_BY_HEART,
            )
        ]
    if seen.with_zeros < KNOWN_WITHOUT_INPUTS and len(examined.case.training) > seen.rows:
        return [
            Concern(
                "inputs of zeros",
                f"With zeros in place of its inputs one batch is learned to {seen.with_zeros:.0%} "
                "of the error of a constant, so the targets are known without them.",
                "Look for a second input that says the target.",
                seen.with_zeros,
                KNOWN_WITHOUT_INPUTS,
            )
        ]
    return []


def _same_inputs(arrangement: Arrangement) -> list[Concern]:
    """Return a concern where all rows have the same inputs."""
    rows = arrangement.training
    if len(rows) < 2:
        return []
    return [
        Concern(
            "inputs that are the same",
            f"All {len(rows)} rows have the same inputs as far as was looked, so that none can be "
            "told from another.",
            "Look at how the inputs were read.",
            1.0,
            2.0,
        )
    ]


LOOKS = {
    "scales, output, start and labels": _signs,
    "the loss at the start": _loss_at_start,
    "rare classes": _rare_classes,
    "rows in both parts": _shared,
    "columns that give the answer away": _given_away,
    "one batch": _one_batch,
}
