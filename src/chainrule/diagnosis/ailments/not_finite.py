"""Numbers that are none: a loss, a parameter or a reading that became NaN or infinite."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import chainrule.randomness as randomness
from chainrule.arrays import log, sum_over
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.trained import after_last
from chainrule.diagnosis.probes.extreme_rows import extreme_rows
from chainrule.diagnosis.probes.reach import last_activation
from chainrule.diagnosis.remedies.network_changes import with_output_activation
from chainrule.diagnosis.remedies.off_the_ends import off_the_ends
from chainrule.diagnosis.remedies.rate_changes import clipped
from chainrule.diagnosis.remedies.usual_loss import usual_loss
from chainrule.diagnosis.remedies.without_rows import without_rows
from chainrule.diagnosis.sign import Sign, shortened
from chainrule.diagnosis.wording import some_of
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.ops import ACTIVATIONS
from chainrule.optimizers import searches
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.train import train

ARITHMETIC = "finite numbers are what arithmetic goes on with: one NaN makes all others NaN"
# In percent of the gradients that were seen.
CLIPPED_AT = 90.0
LONGEST = float(np.finfo(np.float32).max)
SHOWN = 5


def signs(examined: Examination) -> list[Sign]:
    return [*_in_the_losses(examined), *_in_the_parameters(examined), *_in_the_readings(examined)]


def _sign(words: str, quantity: str, where: str, examined: Examination) -> Sign:
    return Sign(
        quantity, math.inf, float(np.finfo(examined.setup.dtype).max), "above", words,
        "finite numbers everywhere", ARITHMETIC, where=where,
        curve=shortened(examined.course.losses), curve_of="training loss over epochs",
    )  # fmt: skip


def _in_the_losses(examined: Examination) -> list[Sign]:
    epoch = examined.course.overflowed_at
    if epoch is None:
        return []
    words = f"The loss is {examined.course.losses[epoch - 1]} in epoch {epoch}."
    if examined.blow_up is not None:
        words = f"{words} {examined.blow_up.words}"
    return [_sign(words, "training loss", f"epoch {epoch}", examined)]


def _in_the_parameters(examined: Examination) -> list[Sign]:
    bad = [name for name, one in examined.case.last.items() if not np.isfinite(one).all()]
    if not bad:
        return []
    words = f"After the last step {some_of(bad, SHOWN)} held numbers that are NaN or infinite."
    return [_sign(words, "parameters", bad[0], examined)]


def _in_the_readings(examined: Examination) -> list[Sign]:
    """Return the sign of the first reading, of a layer or a gradient, that was NaN."""
    for reading in examined.readings:
        for part in ("layers", "parameters"):
            for name, seen in reading[part].items():
                # What is infinite was measured by squares, which leave the range before numbers do;
                # an infinite number itself soon makes NaN.
                bad = [one for one, number in seen.items() if math.isnan(number)]
                if bad:
                    words = f"The {bad[0]} of {name} was {seen[bad[0]]} in epoch {_epoch(reading)}."
                    return [_sign(words, "reading", name, examined)]
    return []


def _epoch(reading: Mapping[str, Any]) -> int:
    return int(reading["epoch"]) + 1


def remedies(examined: Examination) -> list[Remedy]:
    found = []
    rows = extreme_rows(examined.case)
    if len(rows):
        found.append(without_rows(examined.case, rows))
    norm = _usual_gradient(examined)
    if norm is not None and not searches(examined.setup.optimizer):
        found.append(clipped(norm, examined.setup))
    found += by_the_formula(examined)
    return found


def by_the_formula(examined: Examination) -> list[Remedy]:
    """Return remedies that leave every step as long as it is: what a formula is asked for changes.

    Where one of them does, no step was too long.
    """
    found = []
    if _asks_for_positive(examined):
        found.append(
            Remedy(
                "positive output", "Let the output go through softplus, which is above 0.",
                on_setup(_with_positive_output),
            )
        )  # fmt: skip
    others = off_the_ends(examined.setup), usual_loss(examined.setup, examined.case.training)
    found += [one for one in others if one is not None]
    if examined.setup.dtype != "float64":
        found.append(
            Remedy(
                "float64", "Train in float64, whose numbers end at 1.8e308 and not at 3.4e38.",
                on_setup(lambda before: replace(before, dtype="float64")), 'dtype="float64"',
            )
        )  # fmt: skip
    return found


def _asks_for_positive(examined: Examination) -> bool:
    """Return whether a loss of one's own meets negative numbers where targets have none."""
    setup, rows = examined.setup, examined.case.training
    last = last_activation(setup.network.plan)
    is_own = setup.losses[0].own and setup.targets[0].task == "regression"
    return is_own and last.op not in ACTIVATIONS and bool((rows.targets[0] > 0.0).all())


def _with_positive_output(setup: Setup) -> Setup:
    return replace(setup, network=with_output_activation(setup.network, "softplus"))


def _usual_gradient(examined: Examination) -> float | None:
    """Return the 90th percentile of the gradient's lengths while the loss still fell.

    By the readings up to the epoch with the lowest loss, and the pass at the start.
    """
    trained = {one.name: one.size for one in examined.setup.objective().trained.parameters}
    lengths = [_length(examined.at_first.gradient_size, trained)]
    for reading in examined.readings:
        if _epoch(reading) > max(1, examined.course.lowest_at):
            break
        seen = {name: one.get("gradient", math.nan) for name, one in reading["parameters"].items()}
        lengths.append(_length(lambda name, seen=seen: seen.get(name, math.nan), trained))
    # A length at the end of the range of numbers is none to cut at.
    known = [one for one in lengths if 0.0 < one < LONGEST]
    return float(np.percentile(known, CLIPPED_AT)) if known else None


def _length(size_of: Any, trained: Mapping[str, int]) -> float:
    return math.hypot(*(size_of(name) * math.sqrt(count) for name, count in trained.items()))


def confirm(
    examined: Examination, laboratory: Laboratory, chosen: Sequence[Remedy]
) -> Experiment | None:
    """Try the remedies by the error after the last step, where an overflow shows."""
    if not chosen:
        return None
    return laboratory.compare(
        chosen, after_last,
        quantity="error after the last step, in shares of the best constant prediction's",
    )  # fmt: skip


def specimen(seed: int) -> Run:
    """Sizes by a loss of one's own that takes the logarithm of a prediction of either sign."""

    def of_logarithms(prediction: Any, target: Any) -> Any:
        return sum_over((log(prediction) - log(target)) ** 2, axis=1)

    x = randomness.normal(seed, "specimen", 200 * 4).reshape(200, 4)
    y = np.exp(0.6 * x[:, 0] - 0.4 * x[:, 1] + 0.3 * np.tanh(x[:, 2]))
    network = Network(Dense(8, "tanh"), Dense(1))
    return train(
        network, x, y, loss=of_logarithms, learning_rate=0.01, epochs=40, validation=0.25,
        seed=seed, progress=False,
    )  # fmt: skip


NOT_FINITE = Ailment(
    "not_finite",
    "numbers became NaN or infinite",
    "A number left the range of its type, or was asked for where there is none, as the logarithm "
    "of a negative number; from there it spread to every parameter.",
    signs,
    remedies,
    specimen,
    leads_to=("constant_prediction",),
    confirm=confirm,
    is_failure=True,
)
