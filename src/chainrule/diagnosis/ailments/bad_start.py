"""A bad start: units that are all the same, or weights far from the size that their layers need."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.other_rows import compare_by_turns
from chainrule.diagnosis.probes.alike import (
    by_unit,
    layers_of_units,
    mean_cosine,
    numbers_of_units,
    share_of_copies,
)
from chainrule.diagnosis.probes.depth import (
    is_recurrence,
    is_weighing,
    lengthening,
    recurrent_weights,
    sized_alike,
    spreads,
)
from chainrule.diagnosis.probes.passes import Pass, pass_of, root_mean_square
from chainrule.diagnosis.probes.units import asleep
from chainrule.diagnosis.remedies.hidden_layers import frozen_names, started_as_usual
from chainrule.diagnosis.remedies.network_changes import usual_start
from chainrule.diagnosis.sign import Sign
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.network.plan import PlannedStep
from chainrule.training.run import Run
from chainrule.training.train import train

Values = Mapping[str, NDArray[np.float64]]
# A start that predicts better than half way from the constant is no fresh one, and no bad one.
LEARNED_ALREADY = 0.5
# A choice: no chance makes units that are the same, and of a few of them not much harm comes.
TWINS = 0.25
# A third of what weights between 0 and a bound have is far from what is drawn around 0.
ONE_WAY, BEYOND_CHANCE = 0.25, 4.0
# LeCun's, Glorot's and He's starts differ by factors below 2 and keep deviations near 1 over depth.
FACTOR = 5.0
MOST = 0.5
# Weights of states that are drawn as others are keep 0.6 to 1.4 of a state's length in each step.
LONGEST = 2.0
# Tables of embeddings are drawn with deviations from these to these.
OF_TABLES = 0.003, 1.0
SAME, COSINE = "units that are the same", "cosine between the weights of two units, on average"
# The kind of both.
ALIKE = "units alike"
OF_ENTRIES = "size of the weights of entries at the start, over that of a usual start"
OF_STATES = "length of a state behind its weights, over that in front"
ASLEEP = "units that are flat at the start"
OF_LAYER = "deviation at the start, over that of a usual start"
OF_TABLE = "size of the numbers of an embedding at the start"
SYMMETRY = (
    "units with the same weights and the same gradients stay the same for ever: Goodfellow, "
    'Bengio, Courville, "Deep Learning", 2016, section 8.4'
)
AROUND_ZERO = (
    'LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 4.6: weights are drawn around '
    "0; those between 0 and a bound have a cosine of 0.75, those of one number 1"
)
OVER_TIME = (
    "Hochreiter, 1991: over time the weights of states multiply; at right angles, by Glorot's and "
    "by He's start they keep the length of a state, or 1.4 times as much"
)
TABLES = (
    "a fifth of the smallest, or five times the largest, deviation that tables usually start with: "
    "0.003 as in word2vec, 1 as in PyTorch"
)
FANS = (
    "Glorot and Bengio, AISTATS 2010, and He, Zhang, Ren, Sun, ICCV 2015, keep the deviation from "
    "layer to layer; their starts are within a factor of 2 of each other"
)


def signs(examined: Examination) -> list[Sign]:
    if examined.first_errors.training < LEARNED_ALREADY:
        return []
    return [*_alike(examined), *_sizes(examined), *_by_numbers(examined)]


# ---- units that are the same, or nearly ----


def _alike(examined: Examination) -> list[Sign]:
    """Return the signs of layers whose units are the same, or point one way."""
    found = []
    for step in _trained(examined, layers_of_units(examined.case.first.plan)):
        found += _twins(examined, step) or _one_way(examined.at_first, step)
    return found


def _trained(examined: Examination, steps: Sequence[PlannedStep]) -> list[PlannedStep]:
    """Return the steps that have parameters which are not frozen."""
    learned = {one.name for one in examined.case.first.plan.parameters}
    learned -= set(frozen_names(examined.setup))
    return [one for one in steps if not learned.isdisjoint(one.inputs)]


def _twins(examined: Examination, step: PlannedStep) -> list[Sign]:
    """Return the sign of units with the weights and the gradients of another."""
    taken = examined.at_first
    plan = taken.objective.plan
    numbers = numbers_of_units(plan, step, taken.values, taken.gradients)
    share = 0.0 if numbers is None else share_of_copies(numbers)
    if share <= TWINS:
        return []
    at_last = numbers_of_units(plan, step, examined.last_sound.parameters)
    # The digits of float32.
    last = at_last is not None and share_of_copies(at_last, digits=5) > TWINS
    still = ", and after the last step they still do" if last else ""
    words = f"{share:.0%} of the units of {step.layer} start with the weights of another"
    words = f"{words}, and have its gradients{still}."
    normal = "no two units that are the same"
    return [_sign(step.layer, SAME, share, TWINS, words, normal, SYMMETRY, ALIKE)]


def _one_way(taken: Pass, step: PlannedStep) -> list[Sign]:
    """Return the sign of hidden units whose weights are so alike that all act as about one."""
    plan = taken.objective.plan
    if step.outputs[0] in plan.outputs or step.layer in _layers_of_outputs(taken):
        return []
    wide = [one for one in step.inputs if one in plan.by_name and taken.values[one].ndim > 1]
    cosines = [mean_cosine(by_unit(plan, step, taken.values[one])) for one in wide]
    mean, chance = max(cosines, default=(0.0, math.inf))
    threshold = max(ONE_WAY, BEYOND_CHANCE * chance)
    if mean <= threshold:
        return []
    words = (
        f"The weights of two units of {step.layer} start with a cosine of {mean:.2g} on average, "
        "so that all units give about the same."
    )
    normal = "0, as weights around 0 have it"
    return [_sign(step.layer, COSINE, mean, threshold, words, normal, AROUND_ZERO, ALIKE)]


def _layers_of_outputs(taken: Pass) -> set[str]:
    """Return the layers that end in an output."""
    return {layer for layer, is_output, _ in spreads(taken) if is_output}


# ---- weights that are too large, too small, or all on one side ----


def _sizes(examined: Examination) -> list[Sign]:
    """Return the signs of layers that give far more or less than they would by a usual start."""
    case, taken = examined.case, examined.at_first
    usual = _usual_weights(case)
    flat = asleep(taken)
    if sized_alike(case.first, usual) and not flat:
        return []
    normal = pass_of(case, usual, examined.sample)
    found = []
    for (layer, is_output, spread), (*_, due) in zip(spreads(taken), spreads(normal), strict=True):
        # An output that starts near 0 predicts the constant, and learns from there.
        ratio = spread / due if due > 0.0 else 1.0
        if ratio > FACTOR or (ratio < 1.0 / FACTOR and not is_output):
            found.append(_sign_of_size(layer, spread, due))
    known = {one.where for one in found}
    by_usual = asleep(normal)
    for layer, share in flat.items():
        left = by_usual.get(layer, 0.0)
        if share > MOST > left and layer not in known:
            found.append(_sign_of_sleep(layer, share, left))
    return found


def _usual_weights(case: Case) -> Network:
    """Return the start with weights as usual and biases as they are."""
    weighing = {one.layer for one in case.first.plan.steps if is_weighing(one)}
    usual = usual_start(case.first, case.setup.seed, weighing, frozen_names(case.setup))
    given = case.first.parameters
    biases = {one.name: given[one.name] for one in usual.plan.parameters if len(one.shape) == 1}
    return usual.with_parameters({**usual.parameters, **usual.state, **biases})


def _sign_of_sleep(layer: str, share: float, normal: float) -> Sign:
    words = (
        f"{share:.0%} of the units of {layer} start where their activation is flat for nearly all "
        f"rows; with usual weights it would be {normal:.0%}."
    )
    return _sign(layer, ASLEEP, share, MOST, words, "few", FANS, is_share=True)


def _sign_of_size(layer: str, spread: float, normal: float) -> Sign:
    ratio = spread / normal
    words = (
        f"At the start {layer} gives numbers of deviation {spread:.3g}; by the start that its size "
        f"and activation ask for it would be {normal:.3g}."
    )
    return _sign(layer, OF_LAYER, ratio, _passed(ratio), words, "about 1", FANS)


def _passed(ratio: float) -> float:
    """Return which of the two thresholds of a ratio to what is usual lies on its side."""
    return FACTOR if ratio > 1.0 else 1.0 / FACTOR


# ---- weights of recurrences, and tables of embeddings ----


def _by_numbers(examined: Examination) -> list[Sign]:
    """Return the signs of weights that are read off themselves, without a pass."""
    case = examined.case
    plan, given = case.first.plan, case.first.parameters
    usual = usual_start(case.first, case.setup.seed).parameters
    found: list[Sign] = []
    for step in _trained(examined, layers_of_units(plan)):
        if is_recurrence(step):
            found += _of_recurrence(step, given, usual)
    tables = {one.inputs[1]: one for one in plan.steps if one.op == "embedding"}
    for step in _trained(examined, list(tables.values())):
        found += _of_table(step, given[step.inputs[1]])
    return found


def _of_recurrence(step: PlannedStep, given: Values, usual: Values) -> list[Sign]:
    """Return the signs of a recurrence: weights of entries, and of states, of a wrong size."""
    read, kept = recurrent_weights(step)
    layer, found = step.layer, []
    ratio = root_mean_square(given[read]) / root_mean_square(usual[read])
    if not 1.0 / FACTOR <= ratio <= FACTOR:
        words = f"The weights of entries of {layer} start {ratio:.3g} times as large as usual."
        found.append(_sign(layer, OF_ENTRIES, ratio, _passed(ratio), words, "about 1", FANS))
    length = lengthening(given[kept])
    if length > LONGEST:
        words = (
            f"In each step of {layer} the weights of states make a state {length:.3g} times as "
            "long at the start."
        )
        found.append(_sign(layer, OF_STATES, length, LONGEST, words, "0.6 to 1.4", OVER_TIME))
    return found


def _of_table(step: PlannedStep, table: NDArray[np.float64]) -> list[Sign]:
    size = root_mean_square(table)
    least, most = OF_TABLES
    if least / FACTOR <= size <= most * FACTOR:
        return []
    words = f"The table of {step.layer} starts with numbers of size {size:.3g}."
    threshold = most * FACTOR if size > most else least / FACTOR
    return [_sign(step.layer, OF_TABLE, size, threshold, words, f"{least:g} to {most:g}", TABLES)]


def _sign(
    layer: str, quantity: str, measured: float, threshold: float, words: str, normal: str,
    source: str, kind: str = "", is_share: bool = False,
) -> Sign:  # fmt: skip
    side: Literal["above", "below"] = "above" if measured > threshold else "below"
    return Sign(
        quantity, measured, threshold, side, words, normal, source, layer, kind=kind,
        is_share=is_share,
    )  # fmt: skip


def remedies(examined: Examination) -> list[Remedy]:
    setup = examined.setup
    plan = setup.network.plan
    drawn = {one.layer for one in layers_of_units(plan)}
    drawn |= {one.layer for one in plan.steps if one.op == "embedding"}
    ill = {one.where for one in examined.shown(signs)} & drawn
    found = [started_as_usual()]
    # Where most layers are ill, to start the others anew as well costs nothing.
    if 0 < len(ill) <= len(drawn) // 2:
        found.append(started_as_usual(sorted(ill)))
    return found


def confirm(examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]) -> Experiment:
    """Compare on rows held out, in turn where it is in doubt.

    That units which are the same, or nearly, do the work of one follows from the chain rule, so
    that trainings have to show only that another start helps.
    """
    by_law = any(one.kind == ALIKE for one in examined.shown(signs))
    return compare_by_turns(laboratory, given, by_law=by_law)


def specimen(seed: int) -> Run:
    """A small regression whose hidden units all start with the same weights."""
    x = randomness.normal(seed, "specimen", 200 * 6).reshape(200, 6)
    y = np.sin(x @ np.array([1.0, -1.0, 0.5, 0.0, 2.0, 0.3])) + 0.5 * x[:, 0] * x[:, 1]
    hidden = Dense(16, "tanh", weights="constant 0.1")
    network = Network(hidden, Dense(1, weights="constant 0.1"))
    return train(
        network, x, y, learning_rate=0.02, epochs=80, validation=0.25, seed=seed, progress=False
    )


BAD_START = Ailment(
    "bad_start",
    "the first values of the weights are wrong",
    "Units that start the same learn the same, so that many do the work of one; weights that start "
    "too large saturate units or blow numbers up, and too small ones let the signal die out.",
    signs,
    remedies,
    specimen,
    leads_to=(
        "rate_too_high",
        "rate_too_low",
        "not_finite",
        "dead_units",
        "saturation",
        "constant_prediction",
    ),
    confirm=confirm,
    # Weights that start as their activations ask for are drawn after these are changed.
    is_treated_last=True,
)
