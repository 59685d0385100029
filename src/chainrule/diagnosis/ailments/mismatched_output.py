"""Output activation, loss and targets that do not fit: what is asked for cannot be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.rule import BY_LAW, USUAL
from chainrule.diagnosis.experiments.trained import Trained
from chainrule.diagnosis.probes.classes import wrong_share
from chainrule.diagnosis.probes.passes import Pass
from chainrule.diagnosis.probes.reach import (
    Reach,
    last_activation,
    missed_classes,
    missed_numbers,
    reach_of,
)
from chainrule.diagnosis.probes.relative_error import WORST
from chainrule.diagnosis.remedies.as_code import rows_in_code
from chainrule.diagnosis.remedies.classes_as_numbers import all_labels, first_number, on_classes
from chainrule.diagnosis.remedies.network_changes import (
    without_output_activation,
)
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.wording import share_of
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.network.plan import PlannedStep
from chainrule.ops import ACTIVATIONS
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.train import train

# A hundredth of what there is to be learned.
LEAST_MISSED = 0.01
# A choice: with a twentieth of the rows, or of the wrong ones, there is little to be won.
FLAT, WRONG = 0.05, 0.05
QUANTITY = "share of wrong rows, in shares of a constant prediction's"
CLASS_LOSS = "a loss for classes"


def signs(examined: Examination) -> list[Sign]:
    return [
        *examined.shown(_out_of_reach),
        *examined.shown(_on_the_flat),
        *examined.shown(_classes_as_numbers),
    ]


def _out_of_reach(examined: Examination) -> list[Sign]:
    setup, found = examined.setup, []
    for place in range(len(setup.targets)):
        reach, last = (
            reach_of(setup.network.plan, place),
            last_activation(setup.network.plan, place),
        )
        missed = _missed(setup, examined.case.training, reach, place)
        if not missed > LEAST_MISSED:
            continue
        which = "The last activation" if len(setup.targets) == 1 else f"That of output {place + 1}"
        found.append(
            Sign(
                "least error that this output can have",
                missed,
                LEAST_MISSED,
                "above",
                f"{which}, {last.op}, gives {_bounds(reach)}, and "
                f"{share_of(missed, 'the error of the best constant prediction')} is left whatever "
                "is learned.",
                "an output that can take every value that the loss asks for",
                "the range of the activation beside the targets",
                where=last.layer,
            )
        )
    return found


def _places_out_of_reach(examined: Examination) -> list[int]:
    setup, rows = examined.setup, examined.case.training
    return [
        place
        for place in range(len(setup.targets))
        if _missed(setup, rows, reach_of(setup.network.plan, place), place) > LEAST_MISSED
    ]


def _bounds(reach: Reach) -> str:
    said = "numbers"
    if np.isfinite(reach.low):
        said += f" from {reach.low:.3g}"
    if np.isfinite(reach.high):
        said += f" up to {reach.high:.3g}"
    return said + (" that sum to 1" if reach.sums_to_one else "")


def _missed(setup: Setup, rows: Rows, reach: Reach, place: int) -> float:
    """Return the least error that an output can have, over the constant's; 0 if unknown."""
    meaning = setup.meaning(place)
    if not reach.is_bounded or meaning.loss.own or not len(rows):
        return 0.0
    counted = rows.time_weights[place] > 0.0 if rows.time_weights else slice(None)
    truth = rows.targets[place][counted]
    if meaning.target.task == "classification":
        width = meaning.target.width
        shares = np.bincount(truth.reshape(-1).astype(np.int64), minlength=width) / truth.size
        if meaning.loss.name == "hinge":
            margins = 2.0 * truth.reshape(-1, 1).astype(np.float64) - 1.0
            return missed_numbers(_of_one(setup, reach, place), margins)
        if not meaning.loss.op.includes:
            return 0.0
        one_output = meaning.loss.one_output_for_two_classes
        return missed_classes(
            _of_one(setup, reach, place) if one_output else reach, shares, one_output
        )
    if meaning.loss.target == "numbers" and meaning.loss.op.targets == "numbers":
        ends = np.array([[reach.low], [reach.high]])
        low, high = (float(one[0]) for one in meaning.values(ends))
        return missed_numbers(replace(reach, low=low, high=high), truth)
    return 0.0


def _of_one(setup: Setup, reach: Reach, place: int) -> Reach:
    """Return the reach of a single unit: a softmax of one is always 1."""
    width = setup.network.plan.shapes[setup.network.plan.outputs[place]][-1]
    return Reach(1.0, 1.0) if reach.sums_to_one and width == 1 else reach


def _on_the_flat(examined: Examination) -> list[Sign]:
    """Return the sign of rows whose logit stands where the last activation has no slope.

    After the last step, else at the start: what begins there by chance may have come away, and
    from other starts it does not.
    """
    setup = examined.setup
    if len(setup.losses) > 1 or not setup.losses[0].op.includes:
        return []
    if setup.targets[0].task != "classification" or setup.targets[0].over_time:
        return []
    last = last_activation(setup.network.plan)
    if last.op not in ACTIVATIONS:
        return []
    for when, taken in (("", examined.at_last), (" at the start", examined.at_first)):
        flat = _flat_share(examined, taken)
        if flat > FLAT:
            return [_sign_of_flat(last, flat, when)]
    return []


def _flat_share(examined: Examination, taken: Pass) -> float:
    """Return the share of rows at whose own class the last activation has no slope."""
    last = next((one for one in taken.units if one.is_output), None)
    labels = examined.sample.targets[0].reshape(-1).astype(np.int64)
    if last is None or last.slopes.shape[0] != len(labels):
        return 0.0
    column = labels if last.slopes.shape[1] > 1 else np.zeros_like(labels)
    return float(np.mean(last.slopes[np.arange(len(labels)), column] == 0.0))


def _sign_of_flat(last: PlannedStep, flat: float, when: str) -> Sign:
    return Sign(
        "share of rows whose logit has no slope",
        flat,
        FLAT,
        "above",
        f"For {flat:.0%} of the rows the last activation, {last.op}, is flat{when} at the "
        "number of their own class, so that they teach it nothing.",
        "logits as the last layer makes them, of either sign",
        "the chain rule: a slope of 0 passes no gradient on",
        where=last.layer,
        is_share=True,
    )


def _classes_as_numbers(examined: Examination) -> list[Sign]:
    case = examined.case
    labels = all_labels(examined.setup, case.training, case.validation)
    if labels is None:
        return []
    place = 1 if len(case.validation) else 0
    rows = (case.training, case.validation)[place]
    wrong = wrong_share(
        case.network, examined.setup, rows, labels[place], first_number(case.training)
    )
    if not wrong > WRONG:
        return []
    return [
        Sign(
            "share of wrong rows, over that of the most frequent class",
            wrong,
            WRONG,
            "above",
            f"The targets are {int(labels[0].max()) + 1} classes, and "
            f"{examined.setup.losses[0].name} takes them for amounts: the wrong rows are "
            f"{wrong:.0%} of those of a constant.",
            "a loss for classes, which falls as long as a class is not certain",
            "Goodfellow, Bengio, Courville, Deep Learning, section 6.2.2: squared errors of "
            "probabilities are flat where they are wrong and certain",
        )
    ]


def remedies(examined: Examination) -> list[Remedy]:
    setup, found = examined.setup, []
    last = last_activation(setup.network.plan)
    if examined.shown(_classes_as_numbers):
        found.append(with_class_loss(examined.case))
    places = _places_out_of_reach(examined)
    if not places and last.op in ACTIVATIONS and examined.shown(_on_the_flat):
        places = [0]
    if places:
        ops = [last_activation(setup.network.plan, place).op for place in places]
        found.insert(0, _without_activation(" and ".join(dict.fromkeys(ops)), places))
    return found


def _without_activation(op: str, places: Sequence[int]) -> Remedy:
    def change(before: Arrangement) -> Arrangement:
        network = before.setup.network
        for place in places:
            network = without_output_activation(network, place)
        return replace(before, setup=replace(before.setup, network=network))

    return Remedy(
        "no output activation",
        f"Leave the last {op} out, so that the output can take every value.",
        change,
    )


def with_class_loss(case: Case) -> Remedy:
    words = "Give one label for each row, and train with a loss for classes on the last layer's "
    words += "numbers, without an activation behind them."

    def change(before: Arrangement) -> Arrangement:
        labels = all_labels(before.setup, before.training, before.validation)
        return before if labels is None else on_classes(before, labels)

    return Remedy(CLASS_LOSS, words, change, _in_code(case, change(case.arrangement)))


def _in_code(case: Case, changed: Arrangement) -> str:
    """Return a change to classes as code; nothing where the network has to change as well.

    Nor where rows are held out, of which ``train`` takes as many of each class.
    """
    plan, width = case.first.plan, case.setup.targets[0].width
    if rows_in_code(case) != "" or changed.setup.network.plan != plan:
        return ""
    labels = "y.astype(int)" if width == 1 else "y.argmax(axis=1)"
    return f"y = {labels}\nloss={changed.setup.losses[0].name!r}"


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare by errors, or by wrong rows where classes were taken for numbers."""
    case = laboratory.case
    labels = all_labels(case.setup, case.training, case.validation)
    if not given:
        return None
    if labels is None or not any(one.name == CLASS_LOSS for one in given):
        return _by_what_is_missed(examined, laboratory.compare(given))
    place = 1 if len(case.validation) else 0
    first = first_number(case.training)

    def judge(one: Trained) -> float:
        if one.run is None or one.run.rows is None:
            return WORST
        rows = one.run.rows[place]
        if len(rows) != len(labels[place]):
            return one.judged
        return wrong_share(one.run.network, one.run.setup, rows, labels[place], first)

    return laboratory.compare(given, judge, quantity=QUANTITY)


def _by_what_is_missed(examined: Examination, found: Experiment) -> Experiment:
    """Return an experiment as one of a fault that is deduced, where it is.

    What an output cannot reach is missed on any rows of these targets: that they gain by the remedy
    is no luck, as long as they gain no more than that. And by the chain rule rows teach a logit
    nothing that has no slope.
    """
    missed = max((one.measured for one in examined.shown(_out_of_reach)), default=0.0)
    teaches_nothing = not found.is_clear and bool(examined.shown(_on_the_flat))
    return replace(found, asked=BY_LAW if found.gain <= missed or teaches_nothing else USUAL)


def specimen(seed: int) -> Run:
    """Targets of either sign behind a sigmoid, which gives none below 0."""
    count = 240
    x = randomness.normal(seed, "specimen", count * 5).reshape(count, 5)
    y = 1.2 * np.tanh(x @ np.array([1.0, -0.7, 0.4, 0.0, 0.9]))
    network = Network(Dense(12, "tanh"), Dense(1, "sigmoid"))
    return train(
        network, x, y, learning_rate=0.01, epochs=60, validation=0.25, seed=seed, progress=False
    )


MISMATCHED_OUTPUT = Ailment(
    "mismatched_output",
    "output activation, loss and targets do not fit",
    "The last activation keeps the network from saying what the loss asks for, or the loss takes "
    "classes for amounts.",
    signs,
    remedies,
    specimen,
    leads_to=("saturation", "dead_units", "constant_prediction"),
    confirm=confirm,
)
