"""Saturated units, and gradients that vanish or explode on their way through the layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments.bad_start import signs as signs_of_start
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.other_rows import compare_by_turns
from chainrule.diagnosis.experiments.rule import LEAST_GAIN
from chainrule.diagnosis.probes.depth import (
    kept_by_softmaxes,
    kept_over_time,
    relative_gradients,
)
from chainrule.diagnosis.probes.passes import Pass, pass_of
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.probes.units import HARDLY, shares_of_slope
from chainrule.diagnosis.remedies.hidden_layers import (
    at_right_angles,
    frozen_names,
    other_activation,
    recurrences_as_usual,
    started_as_usual,
    without_softmax,
)
from chainrule.diagnosis.remedies.network_changes import (
    hidden_activations,
    usual_start,
)
from chainrule.diagnosis.remedies.rate_changes import gradient_cut
from chainrule.diagnosis.sign import Sign, shortened
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.network.plan import Plan
from chainrule.training.run import Run
from chainrule.training.train import train

# With less of the constant's error left, units that are flat are so because they have learned.
LEARNED = 0.1
LARGEST_SHARE = 0.5
# The first layer's gradient over the last's, in shares of their weights. Four sigmoids leave less
# than (1/4)^4 of it, tanh and relu about all.
VANISHES, EXPLODES = 1e-2, 1e3
# So little is left that steps which suit the last layer leave the first as it began. Up to the last
# layer but one, so that small weights of an output do not count, so little.
LOST, LOST_BEFORE = 1e-4, 1e-3
STEEPEST_SIGMOID = 0.25
SHARED = (
    "a slope that no usual activation is below for inputs around 0: the sigmoid has 1/4 there; a "
    "softmax of n units has about 1/n"
)
FLAT = (
    'Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural '
    'networks", AISTATS 2010; below a hundredth of the slope a step changes hardly anything'
)
DEPTH = (
    "Hochreiter, 1991: over depth the slopes multiply; four sigmoids leave less than a hundredth. "
    "AUTOTRAINER (ICSE 2021) has a thousandth for its limit"
)
# Kinds of signs, each of which has remedies of its own.
BEHIND_SOFTMAX, OVER_DEPTH, ALONG_SEQUENCE = "behind a softmax", "over depth", "along a sequence"
OVER_TIME = (
    "Hochreiter, 1991: over time the recurrent weights multiply; Saxe, McClelland, Ganguli, ICLR "
    "2014: at right angles they keep lengths. Below a hundredth of what these leave"
)


def signs(examined: Examination) -> list[Sign]:
    left = min(examined.last_errors.training, examined.errors.training)
    if left < LEAST_GAIN:
        return []
    if left < LEARNED:
        return _over_depth(examined.at_first, "At the start")
    found = _flat_layers(examined.at_first, "at the start")
    known = {one.where for one in found}
    late = _flat_layers(examined.at_last, "after the last step")
    found += [one for one in late if one.where not in known]
    found += _competing(examined.at_first)
    over_depth = _over_depth(examined.at_first, "At the start")
    if not over_depth and examined.last_errors.training > NOTHING_LEARNED:
        over_depth = _over_depth(examined.at_last, "After the last step")
    return [*found, *over_depth, *examined.shown(_over_time)]


def _flat_layers(taken: Pass, when: str) -> list[Sign]:
    """Return the signs of layers of which most units are flat for nearly all rows."""
    found = []
    for unit in taken.units:
        slopes = shares_of_slope(unit)
        share = float(np.mean(slopes < HARDLY))
        if unit.is_output or not share > LARGEST_SHARE:
            continue
        words = (
            f"{share:.0%} of the units of {unit.layer} have a mean slope below 1 % of the steepest "
            f"of {unit.op} {when}."
        )
        sign = Sign(
            "saturated units",
            share,
            LARGEST_SHARE,
            "above",
            words,
            "few",
            FLAT,
            where=unit.layer,
            curve=shortened(np.sort(slopes).tolist()),
            curve_of=f"mean slope of the units of {unit.layer}, in shares of the steepest",
            is_share=True,
        )
        found.append(sign)
    return found


def _competing(taken: Pass) -> list[Sign]:
    """Return the signs of hidden softmax layers that hardly pass on how rows differ."""
    found = []
    for layer, passed in kept_by_softmaxes(taken):
        if passed < STEEPEST_SIGMOID:
            words = (
                f"Of the deviation that {layer} is given, its softmax passes {passed:.2g} on: "
                f"its units share a sum of 1.{_what_stands_behind(taken.objective.plan, layer)}"
            )
            sign = Sign(
                "deviation behind a hidden softmax, over that in front of it",
                passed,
                STEEPEST_SIGMOID,
                "below",
                words,
                "0.5 to 1 for tanh and relu",
                SHARED,
                where=layer,
                kind=BEHIND_SOFTMAX,
            )
            found.append(sign)
    return found


def _what_stands_behind(plan: Plan, layer: str) -> str:
    """Return what is to be said where the softmax of a layer was to be the output, perhaps."""
    made = next(one for one in plan.steps if one.layer == layer and one.op == "softmax")
    behind = [one for one in plan.steps if made.outputs[0] in one.inputs]
    if len(behind) != 1 or behind[0].outputs[0] not in plan.outputs:
        return ""
    last = behind[0]
    return (
        f" Behind it stands {last.layer}, {last.made_by}: train() adds such a layer where the last "
        "one has an activation, and not as many units as there are classes or columns of the "
        "target."
    )


def _over_depth(taken: Pass, when: str) -> list[Sign]:
    """Return the sign of gradients that shrink or grow from the last layer to the first."""
    seen = relative_gradients(taken)
    # Where nothing arrives at all, units are dead or all the same.
    if len(seen) < 3 or not all(np.isfinite(size) and size > 0.0 for _, size in seen):
        return []
    (first, at_first), (last, at_last) = seen[0], seen[-1]
    ratio = at_first / at_last
    if VANISHES <= ratio <= EXPLODES:
        return []
    falls = ratio < VANISHES
    words = (
        f"{when} the gradient of {first} is {at_first:.2g} of its weights, that of {last} "
        f"{at_last:.2g}: it {'vanishes' if falls else 'explodes'} on its way back."
    )
    sign = Sign(
        "gradient of the first layer over that of the last",
        ratio,
        VANISHES if falls else EXPLODES,
        "below" if falls else "above",
        words,
        "about 1",
        DEPTH,
        where=first,
        kind=OVER_DEPTH,
        curve=shortened([size for _, size in seen]),
        curve_of="gradients in shares of their weights over the layers, from first to last",
    )
    return [sign]


def _over_time(examined: Examination) -> list[Sign]:
    """Return the signs of recurrences that lose a gradient which the usual start would keep."""
    ill = [one for one in kept_over_time(examined.at_first) if one[1] < VANISHES]
    if not ill:
        return []
    usual = pass_of(examined.case, at_right_angles(examined.setup), examined.sample)
    normal = {layer: ratio for layer, ratio, _ in kept_over_time(usual)}
    return [
        Sign(
            "gradient of the first entry of a sequence over that of the last",
            ratio,
            VANISHES,
            "below",
            f"At the start {ratio:.2g} of the gradient of {layer} is left on its way back over "
            f"{entries} entries; with recurrent weights at right angles it would be "
            f"{normal[layer]:.2g}.",
            "what recurrent weights at right angles leave",
            OVER_TIME,
            where=layer,
            kind=ALONG_SEQUENCE,
        )
        for layer, ratio, entries in ill
        if ratio < VANISHES * normal.get(layer, 0.0)
    ]


def remedies(examined: Examination) -> list[Remedy]:
    seen = examined.shown(signs)
    if seen and all(one.kind == ALONG_SEQUENCE for one in seen):
        return [recurrences_as_usual()]
    setup = examined.setup
    kinds = {one.op for one in hidden_activations(setup.network)}
    # Where the start is bad, it stays: a remedy changes one thing.
    fresh = not examined.shown(signs_of_start)
    if seen and all(one.kind == BEHIND_SOFTMAX for one in seen):
        known = [one.layer for one in hidden_activations(setup.network) if one.op == "softmax"]
        layers = list(dict.fromkeys(known))
        others = [other_activation(op, {"softmax"}, fresh, layers) for op in ("tanh", "relu")]
        return [without_softmax(layers), *others, started_as_usual()]
    found = [other_activation(op, kinds, fresh) for op in ("relu", "tanh", "elu") if kinds - {op}]
    explodes = any(one.kind == OVER_DEPTH and one.side == "above" for one in seen)
    if explodes and setup.regularisation.clip_norm is None:
        found.insert(0, gradient_cut())
    # At most four are tried; another start helps where activations that are there were started
    # for others. Where the start itself is at fault, it is what is put right for that.
    is_other = fresh and not _is_started_as_usual(examined)
    return [*found[:3], started_as_usual()] if is_other else found[:3]


def _is_started_as_usual(examined: Examination) -> bool:
    """Whether the usual start is that which was drawn, so that it changes nothing."""
    given = examined.case.first
    usual = usual_start(given, examined.setup.seed, frozen=frozen_names(examined.setup))
    return all((one == given.parameters[name]).all() for name, one in usual.parameters.items())


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare on rows held out, in turn where it is in doubt.

    That first layers, and first entries, which no gradient reaches teach nothing, and that units
    which share a sum of 1 cannot tell rows apart well, follows from the chain rule, so that
    trainings have to show only that a remedy helps.
    """
    if not given:
        return None
    taken = examined.at_first
    over_time = any(one.measured < LOST for one in examined.shown(_over_time))
    by_law = over_time or _is_lost(taken) or bool(_competing(taken))
    return compare_by_turns(laboratory, given, by_law=by_law)


def _is_lost(taken: Pass) -> bool:
    """Whether next to nothing of a gradient is left at the first layer."""
    sizes = [size for _, size in relative_gradients(taken)]
    if len(sizes) < 3 or min(sizes) <= 0.0:
        return False
    return sizes[0] < LOST * sizes[-1] and sizes[0] < LOST_BEFORE * sizes[-2]


def specimen(seed: int) -> Run:
    """Two classes, a ring around a disc, and seven sigmoid layers that the gradient has to pass."""
    x = randomness.normal(seed, "specimen", 300 * 2).reshape(300, 2)
    labels = (np.sum(x**2, axis=1) > 1.4).astype(int)
    network = Network(*[Dense(6, "sigmoid") for _ in range(7)], Dense(2))
    return train(
        network, x, labels, learning_rate=0.005, epochs=60, validation=0.25, seed=seed,
        progress=False,
    )  # fmt: skip


SATURATION = Ailment(
    "saturation",
    "units are saturated, or gradients vanish or explode",
    "Slopes multiply on the way back through the layers: where each is close to 0 the first layers "
    "learn nothing, and where each is above 1 steps grow without bound.",
    signs,
    remedies,
    specimen,
    leads_to=("rate_too_low", "constant_prediction", "not_finite"),
    confirm=confirm,
)
