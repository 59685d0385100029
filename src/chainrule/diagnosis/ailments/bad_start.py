"""A bad start: units that are all the same, or weights far from the size that their layers need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.depth import is_weighing, spreads
from chainrule.diagnosis.probes.passes import Pass, pass_of
from chainrule.diagnosis.probes.units import HARDLY, dead, shares_of_slope
from chainrule.diagnosis.remedies.hidden_layers import frozen_names, started_as_usual
from chainrule.diagnosis.remedies.network_changes import usual_start
from chainrule.diagnosis.sign import Sign
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.network.plan import PlannedStep
from chainrule.training.run import Run
from chainrule.training.train import train

# A start that predicts better than half way from the constant is no fresh one, and no bad one.
LEARNED_ALREADY = 0.5
TWINS = 0.5
# LeCun's, Glorot's and He's starts differ by factors below 2 and keep deviations near 1 over depth.
FACTOR = 5.0
MOST = 0.5
DIGITS = 9
SYMMETRY = (
    "units with the same weights and the same gradients stay the same for ever: Goodfellow, "
    'Bengio, Courville, "Deep Learning", 2016, section 8.4'
)
FANS = (
    "Glorot and Bengio, AISTATS 2010, and He, Zhang, Ren, Sun, ICCV 2015, keep the deviation from "
    "layer to layer; their starts are within a factor of 2 of each other"
)


def signs(examined: Examination) -> list[Sign]:
    if examined.first_errors.training < LEARNED_ALREADY:
        return []
    return [*_twins(examined), *_sizes(examined)]


# ---- units that are the same ----


def _twins(examined: Examination) -> list[Sign]:
    found = []
    for step in filter(is_weighing, examined.case.first.plan.steps):
        share = _share_of_twins(examined, step)
        if share > TWINS:
            last = _still_twins(examined, step)
            still = ", and after the last step they still do" if last else ""
            words = f"{share:.0%} of the units of {step.layer} start with the weights of another"
            sign = Sign(
                "units that are the same",
                share,
                TWINS,
                "above",
                f"{words}, and have its gradients{still}.",
                "no two units that are the same",
                SYMMETRY,
                where=step.layer,
            )
            found.append(sign)
    return found


def _share_of_twins(examined: Examination, step: PlannedStep) -> float:
    """Return the share of a layer's units with the weights and the gradients of another."""
    taken = examined.at_first
    names = [one for one in step.inputs if one in taken.objective.plan.by_name]
    gradients = [taken.gradients.get(one) for one in names]
    if not names or any(one is None for one in gradients):
        return 0.0
    weights = [taken.values[one] for one in names]
    numbers = [_by_unit(step, one) for one in (*weights, *gradients) if one is not None]
    if len(numbers[0]) < 2:
        return 0.0
    return _share_of_copies(np.concatenate(numbers, axis=1))


def _still_twins(examined: Examination, step: PlannedStep) -> bool:
    """Whether units of a layer are the same after the last step, to the digits of float32."""
    named = examined.last_sound.parameters
    numbers = [_by_unit(step, named[one]) for one in step.inputs if one in named]
    return _share_of_copies(np.concatenate(numbers, axis=1), digits=5) > TWINS


def _by_unit(step: PlannedStep, content: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers of each unit (units, numbers), rounded beside the layer's largest."""
    if content.ndim > 1 and not step.op.startswith("convol"):
        content = np.moveaxis(content, -1, 0)
    wide = content.reshape(len(content), -1).astype(np.float64)
    largest = float(np.abs(wide).max(initial=0.0))
    return wide / largest if largest > 0.0 else wide


def _share_of_copies(numbers: NDArray[np.float64], digits: int = DIGITS) -> float:
    # Adding 0 makes -0 a 0.
    rounded = np.round(numbers, digits) + 0.0
    _, counts = np.unique(rounded, axis=0, return_counts=True)
    return float(counts[counts > 1].sum() / len(rounded))


# ---- weights that are too large, too small, or all on one side ----


def _sizes(examined: Examination) -> list[Sign]:
    """Return the signs of layers that give far more or less than they would by a usual start."""
    case, taken = examined.case, examined.at_first
    usual = _usual_weights(case)
    asleep = _asleep(taken)
    if _sized_alike(case.first, usual) and not any(asleep.values()):
        return []
    normal = pass_of(case, usual, examined.sample)
    found = []
    for (layer, is_output, spread), (*_, due) in zip(spreads(taken), spreads(normal), strict=True):
        # An output that starts near 0 predicts the constant, and learns from there.
        ratio = spread / due if due > 0.0 else 1.0
        if ratio > FACTOR or (ratio < 1.0 / FACTOR and not is_output):
            found.append(_sign_of_size(layer, spread, due))
    known = {one.where for one in found}
    for layer, share in asleep.items():
        left = _asleep(normal).get(layer, 0.0)
        if share > MOST > left and layer not in known:
            found.append(_sign_of_sleep(layer, share, left))
    return found


def _usual_weights(case: Case) -> Network:
    """Return the start with weights as usual and biases as they are."""
    usual = usual_start(case.first, case.setup.seed, frozen=frozen_names(case.setup))
    given = case.first.parameters
    biases = {one.name: given[one.name] for one in usual.plan.parameters if len(one.shape) == 1}
    return usual.with_parameters({**usual.parameters, **usual.state, **biases})


def _asleep(taken: Pass) -> dict[str, float]:
    """Return hidden layer -> share of its units that are flat for all rows, or nearly all."""
    found = {}
    for unit in taken.units:
        flat = dead(unit) | (shares_of_slope(unit) < HARDLY)
        if not unit.is_output and flat.any():
            found[unit.layer] = float(flat.mean())
    return found


def _sign_of_sleep(layer: str, share: float, normal: float) -> Sign:
    return Sign(
        "units that are flat at the start",
        share,
        MOST,
        "above",
        f"{share:.0%} of the units of {layer} start where their activation is flat for nearly all "
        f"rows; with usual weights it would be {normal:.0%}.",
        "few",
        FANS,
        where=layer,
    )


def _sign_of_size(layer: str, spread: float, normal: float) -> Sign:
    ratio = spread / normal
    return Sign(
        "deviation at the start, over that of a usual start",
        ratio,
        FACTOR if ratio > 1.0 else 1.0 / FACTOR,
        "above" if ratio > 1.0 else "below",
        f"At the start {layer} gives numbers of deviation {spread:.3g}; by the start that its size "
        f"and activation ask for it would be {normal:.3g}.",
        "about 1",
        FANS,
        where=layer,
    )


def _sized_alike(given: Network, usual: Network) -> bool:
    """Whether no weight is more than a fifth larger or smaller than by the usual start."""
    first, second = given.parameters, usual.parameters
    wide = [one.name for one in given.plan.parameters if len(one.shape) > 1]
    sizes = [(np.sum(first[one] ** 2), np.sum(second[one] ** 2)) for one in wide]
    return all(0.64 * b <= a <= 1.44 * b for a, b in sizes)


def remedies(examined: Examination) -> list[Remedy]:
    setup = examined.setup
    weighing = {one.layer for one in setup.network.plan.steps if is_weighing(one)}
    ill = {one.where for one in signs(examined)} & weighing
    found = [started_as_usual()]
    if ill and ill != weighing:
        found.append(started_as_usual(sorted(ill)))
    return found


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
    # Weights that start as their activations ask for are drawn after these are changed.
    is_treated_last=True,
)
