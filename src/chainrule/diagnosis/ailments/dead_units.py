"""Dead units: relu and its kin that are flat for every row, so that nothing in them can learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.other_rows import compare_by_turns
from chainrule.diagnosis.probes.depth import is_weighing
from chainrule.diagnosis.probes.units import dead_shares, is_one_sided
from chainrule.diagnosis.remedies.hidden_layers import other_activation
from chainrule.diagnosis.remedies.network_changes import with_starts
from chainrule.diagnosis.sign import Sign
from chainrule.network.initializers import Initializer, find_initializer
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.network.plan import Parameter
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.train import train

# A relu net works with many of its units off for a row; off for every row is another matter, and
# with half of a layer gone its width is no longer what was chosen.
LARGEST_SHARE = 0.5
SOURCE = (
    'Lu, Shin, Su, Karniadakis, "Dying ReLU and initialization", 2020; half of a layer is the '
    "limit of TheDeepChecker (arXiv 2204.00694)"
)


def signs(examined: Examination) -> list[Sign]:
    first, last = dead_shares(examined.at_first.units), dead_shares(examined.at_last.units)
    found = []
    for layer, share in last.items():
        if share > LARGEST_SHARE:
            began = first.get(layer, 0.0)
            words = (
                f"{share:.0%} of the units of {layer} are flat for every row after the last step; "
                f"at the start it was {began:.0%}."
            )
            sign = Sign(
                "dead units",
                share,
                LARGEST_SHARE,
                "above",
                words,
                "few units that never act",
                SOURCE,
                where=layer,
                is_share=True,
            )
            found.append(sign)
    return found


def remedies(examined: Examination) -> list[Remedy]:
    case = examined.case
    kin = {one.op for one in examined.at_last.units if is_one_sided(one.op) and not one.is_output}
    # First values stay: they suit relu's kin, and another start would be another remedy. That steps
    # were too long for these units is told by the ailment of the rate.
    found = [other_activation("leaky_relu", kin, fresh=False)]
    if any(np.any(case.first.parameters[one.name]) for one in _biases(case.first)):
        found.append(_without_biases())
    if kin != {"elu"}:
        found.append(other_activation("elu", kin, fresh=False))
    return found


def _biases(network: Network) -> list[Parameter]:
    """Return the biases of layers with weights: what a step adds to products."""
    plan = network.plan
    added = {step.inputs[2] for step in plan.steps if len(step.inputs) > 2 and is_weighing(step)}
    return [one for one in plan.parameters if one.name in added and len(one.shape) == 1]


def _without_biases() -> Remedy:
    def change(setup: Setup) -> Setup:
        names = {one.name for one in _biases(setup.network)}
        names -= {one.name for one in setup.objective().frozen.parameters}

        def start_of(parameter: Parameter) -> Initializer | None:
            return find_initializer("zeros") if parameter.name in names else None

        return replace(setup, network=with_starts(setup.network, start_of, setup.seed))

    words = "Start the biases at 0, so that each unit acts for about half of the rows."
    return Remedy("biases at 0", words, on_setup(change))


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare on rows held out, in turn where units were dead from the start and it is in doubt.

    That what is flat for every row learns nothing follows from the chain rule. Of units that died
    later, other starts may have fewer.
    """
    if not given:
        return None
    first = dead_shares(examined.at_first.units)
    if any(first.get(one.where, 0.0) > LARGEST_SHARE for one in examined.shown(signs)):
        return compare_by_turns(laboratory, given, by_law=True)
    return laboratory.compare(given)


def specimen(seed: int) -> Run:
    """A small regression by relu units whose biases start so low that hardly any ever acts."""
    x = randomness.normal(seed, "specimen", 200 * 6).reshape(200, 6)
    y = np.tanh(x @ np.array([1.0, -1.0, 0.5, 0.0, 2.0, 0.3]))
    network = Network(Dense(24, "relu", bias="constant -6"), Dense(1))
    return train(
        network, x, y, learning_rate=0.01, epochs=60, validation=0.25, seed=seed, progress=False
    )


DEAD_UNITS = Ailment(
    "dead_units",
    "units are dead",
    "Most units of a layer lie in the flat part of their activation for every row: they give the "
    "same number for all, no gradient passes them, and nothing brings them back.",
    signs,
    remedies,
    specimen,
    leads_to=("constant_prediction",),
    confirm=confirm,
)
