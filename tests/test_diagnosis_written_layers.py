"""A network that a remedy has changed: written again as it is printed, it computes the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnosed_runs import rows

import chainrule as cr
from chainrule.diagnosis.ailments import AILMENTS, IN_ORDER
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.remedies.network_changes import (
    with_activation,
    with_output_activation,
    with_output_width,
    without_output_activation,
)
from chainrule.diagnosis.remedies.regularisation import without_dropping
from chainrule.network.layers import Layer
from chainrule.network.network import Network
from chainrule.network.printing import layer_rows
from chainrule.training.run import Run


def written_again(network: Network) -> Network:
    """Return the network of the layers that are printed, with the parameters of the given one."""
    plan = network.plan
    ((_, size),) = plan.inputs.items()
    layers = [eval(text, dict(vars(cr))) for _, text, *_ in layer_rows(plan)]
    width = plan.shapes[plan.outputs[0]][-1]
    made = cr.Network(cr.Input(size), *layers).sized({"x": size}, width)
    return made.with_parameters({**network.parameters, **network.state})


def assert_is_as_printed(network: Network, x: Any, training: bool = False) -> None:
    again = written_again(network)
    np.testing.assert_array_equal(again(x), network(x), err_msg=str(network))
    ops = [[(step.op, dict(step.settings).get("rate")) for step in one.plan.steps]
           for one in (again, network)]  # fmt: skip
    assert ops[0] == ops[1]


def mixed_run() -> Run:
    """A run with every kind of layer that remedies of networks change."""
    x, y = rows(60, 6)
    layers = (
        cr.Dense(8, "sigmoid", bias=None), cr.Dropout(0.3), cr.DropConnect(8, 0.2, "tanh"),
        cr.Dense(6), cr.BatchNorm(), cr.Activation("leaky_relu", slope=0.3), cr.Apply("sigmoid"),
        cr.Dense(activation="tanh"),
    )  # fmt: skip
    return cr.train(cr.Network(*layers), x, y[:, None], epochs=2, progress=False)


@pytest.mark.parametrize("name", ["mixed", *AILMENTS])
def test_a_network_is_printed_as_what_it_computes_after_every_remedy(name: str) -> None:
    run = mixed_run() if name == "mixed" else AILMENTS[name].specimen(0)
    case = case_of(run)
    x = case.training.inputs[0][:20]
    examined = Examination(case)
    assert_is_as_printed(run.network, x)
    changed = [
        remedy.change(case.arrangement).setup.network
        for ailment in IN_ORDER
        for remedy in ailment.remedies(examined)
    ]
    for network in [one for one in changed if one.plan is not run.network.plan]:
        assert_is_as_printed(network, x)


def test_each_change_of_a_network_changes_what_is_printed_of_it() -> None:
    network = mixed_run().network
    x, _ = rows(20, 6)
    hidden = with_activation(network, {"sigmoid": "elu", "leaky_relu": "relu"}, 0)
    for one in (
        hidden,
        with_activation(hidden, {"elu": "tanh"}, 0, fresh=False),
        without_output_activation(network),
        with_output_width(without_output_activation(network), 3, 0),
        with_output_activation(network, "softplus"),
    ):
        assert str(one) != str(network)
        assert_is_as_printed(one, x)
    assert "Dense(8, 'elu', bias=None)" in str(hidden)


def test_a_layer_without_dropping_is_printed_with_the_rate_0() -> None:
    setup = without_dropping(mixed_run().setup)
    told = str(setup.network)
    assert "Dropout(0.0)" in told
    assert "DropConnect(8, 0.0, 'tanh')" in told
    assert_is_as_printed(setup.network, rows(20, 6)[0])


def test_convolutions_are_printed_as_they_compute() -> None:
    network = cr.Network(
        cr.Input((2, 6, 5)), cr.Conv(3, 3, activation="sigmoid"), cr.Flatten(), cr.Dense(2), seed=0
    )
    x = rows(4, 60)[0].reshape(4, 2, 6, 5)
    changed = with_activation(network, {"sigmoid": "relu"}, 0)
    assert "activation='relu'" in str(changed)
    assert_is_as_printed(changed, x)


class Halved(Layer):
    """A layer of a user's own, of which nobody knows how it is written."""

    def append(self, building: Any, name: str, inputs: tuple[str, ...]) -> str:
        return building.apply("sigmoid", inputs, layer=name, made_by=repr(self))


def test_of_a_layer_that_cannot_be_read_the_change_is_told() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4), Halved(), cr.Dense(1), seed=0)
    assert "Halved(), elu for sigmoid" in str(with_activation(network, {"sigmoid": "elu"}, 0))
    ended = cr.Network(cr.Input(3), cr.Dense(4), Halved(), seed=0)
    assert "Halved()" not in str(without_output_activation(ended))


def test_a_fixed_run_is_kept_and_printed_as_it_computes(tmp_path: Path) -> None:
    x, y = rows(150)
    layers = [cr.Dense(8, "sigmoid") for _ in range(7)]
    run = cr.train(
        cr.Network(*layers, cr.Dense(1)), x, y, epochs=30, validation=0.25, progress=False
    )
    fix = cr.diagnose(run, seconds=20).fix(seeds=4, progress=False)
    assert fix.run is not None
    assert "in place of sigmoid" in fix.words
    assert "sigmoid" not in str(fix.run.network)
    assert_is_as_printed(fix.run.network, x)
    fix.run.save(tmp_path / "fixed")
    kept = cr.load(tmp_path / "fixed")
    assert "sigmoid" not in str(kept.network)
    assert_is_as_printed(kept.network, x)
