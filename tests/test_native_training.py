"""Whole trainings on the native engine and on the reference: the same run, but for rounding.

Every activation, loss and optimizer of the tables, and all that a training step may hold beside
them. 43 rows in tens: the last batch of an epoch is short, and the rows come in a drawn order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from first_order_rules import STEPPING
from native_comparison import DTYPES, needs_native

import chainrule as cr
from chainrule.ops import OPS
from chainrule.optimizers import OPTIMIZERS
from chainrule.optimizers.steps import why_all_rows
from chainrule.training.run import Run

pytestmark = needs_native

DRAW = np.random.default_rng(12)
X = DRAW.normal(size=(43, 5))
CLASSES = np.array(["ash", "elm", "oak"])[np.argmax(X[:, :3], axis=1)]
NUMBERS = np.sin(X @ DRAW.normal(size=(5, 2)))
SHARES = np.eye(3)[np.argmax(X[:, :3], axis=1)] * 0.8 + 0.2 / 3
ACTIVATIONS = sorted(
    name for name, op in OPS.items() if op.role == "activation" and op.differentiable
)
LOSSES = sorted(name for name, op in OPS.items() if op.role == "loss")
# Of parameters and losses; a reading is a root of a mean, or one layer's, and rounds more.
BOUNDS = {"float64": 1e-10, "float32": 2e-4}


def trained_on(engine: str, network: cr.Network, X: Any, y: Any, **given: Any) -> Run:
    given = {"batch_size": 10, "epochs": 4, "seed": 3, "progress": False, **given}
    return cr.train(network, X, y, engine=engine, **given)


def assert_same_run(one: Run, other: Run, dtype: str) -> None:
    """Hold parameters, optimizer's memory and everything recorded to the reference's."""
    assert (one.setup.engine, other.setup.engine) == ("native", "reference")
    assert one.state.step == other.state.step
    assert one.best_epoch == other.best_epoch
    bound = BOUNDS[dtype]
    assert_near(one.network.parameters, other.network.parameters, bound)
    assert_near(one.state.optimizer, other.state.optimizer, bound)
    assert_near(one.recording.history, other.recording.history, bound)
    for seen, due in zip(one.recording.readings, other.recording.readings, strict=True):
        assert (seen["step"], seen["epoch"]) == (due["step"], due["epoch"])
        for part in ("layers", "parameters"):
            assert list(seen[part]) == list(due[part])
            for name in due[part]:
                assert_near(seen[part][name], due[part][name], 30.0 * bound)


def assert_near(made: Mapping[str, Any], due: Mapping[str, Any], bound: float) -> None:
    assert list(made) == list(due)
    for name in due:
        one, other = np.asarray(made[name]), np.asarray(due[name])
        assert one.dtype == other.dtype
        size = float(np.max(np.abs(other), initial=0.0))
        np.testing.assert_allclose(
            one, other, rtol=bound, atol=bound * max(size, 0.1), err_msg=name
        )


def compare(network: cr.Network, X: Any, y: Any, dtype: str, **given: Any) -> Run:
    runs = [
        trained_on(engine, network, X, y, dtype=dtype, **given)
        for engine in ("native", "reference")
    ]
    assert_same_run(runs[0], runs[1], dtype)
    return runs[0]


# ---------------------------------------------------------------- the tables


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name: str, dtype: str) -> None:
    network = cr.Network(cr.Input(5), cr.Dense(7, name), cr.Dense(3), seed=1)
    compare(network, X, CLASSES, dtype, optimizer=cr.Momentum(0.05), validation=0.2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss(name: str, dtype: str) -> None:
    target: Any = NUMBERS
    if name == "cross_entropy":
        target = CLASSES
    elif name in ("binary_cross_entropy", "hinge"):
        target = X[:, 0] > 0.0
    elif name == "kullback_leibler":
        target = SHARES
    elif name == "poisson":
        target = np.floor(np.abs(NUMBERS) * 4.0)
    network = cr.Network(cr.Dense(6, "tanh"), cr.Dense())
    compare(network, X, target, dtype, loss=name, optimizer=cr.Nesterov(0.02), validation=0.2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STEPPING)
def test_every_optimizer_that_takes_steps(name: str, dtype: str) -> None:
    network = cr.Network(
        cr.Input(5), cr.Dense(6, "tanh"), cr.Dense(4, "sigmoid"), cr.Dense(3), seed=1
    )
    rows = None if why_all_rows(OPTIMIZERS[name]) else 10
    made = compare(
        network, X, CLASSES, dtype, optimizer=name, learning_rate=0.01, epochs=12, batch_size=rows
    )
    assert made.setup.optimizer.name in OPTIMIZERS


# ---------------------------------------------------------------- what a step may hold besides

SETTINGS: dict[str, dict[str, Any]] = {
    "all rows": {"batch_size": None},
    "one row": {"batch_size": 1, "epochs": 2},
    "two rows": {"batch_size": 2, "epochs": 2},
    "batches that fit": {"batch_size": 43},
    "rows in their order": {"shuffle": False},
    "penalties": {"l1": 0.01, "l2": {"*.W": 0.02}},
    "decay": {"weight_decay": 0.05, "optimizer": "adamw"},
    "a bounded norm": {"clip_norm": 0.05},
    "bounded gradients": {"clip_value": 0.01},
    "frozen parameters": {"freeze": ["dense_1.W", "*.b"]},
    "rates of their own": {"rates": {"dense_2.*": 0.1}},
    "a rate that sinks": {"learning_rate": cr.CosineDecay(0.1, 4)},
    "a rate in steps": {"learning_rate": cr.StepDecay(0.02, 0.5, 2)},
    "weighted rows": {"sample_weight": np.linspace(0.0, 2.0, 43)},
    "weighted classes": {"class_weight": "balanced"},
    "validation and patience": {"validation": 0.3, "patience": 2, "epochs": 40},
    "other metrics": {"validation": 0.3, "metrics": ["accuracy", "balanced_accuracy"]},
    "the last epoch": {"validation": 0.3, "keep": "last"},
    "a limit": {"target_loss": 0.9, "epochs": 30},
    "snapshots": {"snapshots": 2},
    "no readings": {"readings": 0},
    "no epochs": {"epochs": 0},
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str, dtype: str) -> None:
    network = cr.Network(cr.Input(5), cr.Dense(6, "tanh"), cr.Dense(3), seed=1)
    given = {"optimizer": cr.Momentum(0.1), **SETTINGS[name]}
    compare(network, X, CLASSES, dtype, **given)


@pytest.mark.parametrize("dtype", DTYPES)
def test_everything_at_once(dtype: str) -> None:
    network = cr.Network(
        cr.Input(5), cr.Dense(6, "gelu"), cr.Dense(5, "softplus"), cr.Dense(3), seed=1
    )
    compare(
        network, X, CLASSES, dtype, optimizer=cr.AdamW(0.01), l1=0.01, l2=0.01, clip_norm=0.5,
        clip_value=0.2, freeze=["dense_1.b"], rates={"dense_3.*": 0.5}, validation=0.2,
        sample_weight=np.linspace(0.5, 1.5, 43), epochs=8,
    )  # fmt: skip


# ---------------------------------------------------------------- other networks


def two_headed() -> cr.Network:
    """Two inputs, two outputs, and a trunk whose parameters are used three times."""
    left, right = cr.Input(3, name="left"), cr.Input(3, name="right")
    trunk = cr.Dense(4, "relu", name="trunk")
    both = cr.Concatenate()(trunk(left), trunk(right), cr.Dense(3, "tanh")(right))
    summed = cr.Add()(trunk(left), cr.Dense(4)(both))
    return cr.Network(
        inputs=[left, right],
        outputs=[cr.Dense(2, name="score")(both), cr.Dense(3, name="class")(summed)],
        seed=2,
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_several_inputs_and_outputs_and_a_shared_layer(dtype: str) -> None:
    losses = ["huber", "cross_entropy"]
    inputs = {"left": X[:, :3], "right": X[:, 2:]}
    compare(two_headed(), inputs, [NUMBERS, CLASSES], dtype, loss=losses, validation=0.2, l2=0.01)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "layers",
    [
        [cr.Dense(1)],
        [cr.Dense(1, bias=None)],
        [cr.Dense(1, "tanh"), cr.Dense(1, "tanh"), cr.Dense(1)],
        [cr.Dense(33, "relu"), cr.Dense(17, "elu"), cr.Dense(9, "silu"), cr.Dense(2)],
        [cr.Dense(16, "parametric_relu"), cr.Activation("softmax"), cr.Dense(2)],
        [cr.Dense(130, "tanh"), cr.Dense(70, "tanh"), cr.Dense(2)],
    ],
)
def test_narrow_deep_and_wide_networks(layers: list[Any], dtype: str) -> None:
    target = NUMBERS if layers[-1].units == 2 else NUMBERS[:, :1]
    network = cr.Network(cr.Input(5), *layers, seed=1)
    compare(network, X, target, dtype, optimizer=cr.Momentum(0.02), validation=0.2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_loss_and_a_metric_of_ones_own(dtype: str) -> None:
    def fourth_power(prediction: Any, target: Any) -> Any:
        return ((prediction - target) ** 4).mean(axis=1)

    def largest_miss(truth: Any, predicted: Any) -> float:
        return float(np.abs(truth - predicted).max())

    given = {"loss": fourth_power, "metrics": [largest_miss], "validation": 0.2}
    network = cr.Network(cr.Input(5), cr.Dense(6, "tanh"), cr.Dense(2), seed=1)
    made = compare(network, X, NUMBERS, dtype, optimizer=cr.Momentum(0.05), **given)
    assert any("largest_miss" in name for name in made.history)


@pytest.mark.parametrize("dtype", DTYPES)
def test_predictions_and_derivatives(dtype: str) -> None:
    """What is asked of a network goes through the same door: labels, shares, gradients."""
    network = cr.Network(cr.Input(5), cr.Dense(6, "tanh"), cr.Dense(3), seed=1)
    runs = [trained_on(one, network, X, CLASSES, dtype=dtype) for one in ("native", "reference")]
    for rows in (1, 7, 9, 43):
        assert list(runs[0].predict(X[:rows])) == list(runs[1].predict(X[:rows]))
        np.testing.assert_allclose(
            runs[0].predict_proba(X[:rows]), runs[1].predict_proba(X[:rows]), atol=BOUNDS[dtype]
        )


def test_a_run_of_the_native_engine_goes_on_with_the_same_bits() -> None:
    network = cr.Network(cr.Input(5), cr.Dense(6, "tanh"), cr.Dense(3), seed=1)
    given: dict[str, Any] = {"validation": 0.2, "optimizer": "adam"}
    whole = trained_on("native", network, X, CLASSES, epochs=9, **given)
    part = trained_on("native", network, X, CLASSES, epochs=4, **given)
    more = cr.train(part, epochs=5, progress=False)
    assert more.setup.engine == "native"
    for name, one in whole.network.parameters.items():
        assert one.tobytes() == more.network.parameters[name].tobytes()
    assert repr(whole.recording.history) == repr(more.recording.history)
