"""Dropout and dropconnect: what is dropped, when, that it can be drawn again, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import chainrule as cr
from chainrule.arrays import Array, mean_over, random
from chainrule.engines.door import evaluate
from chainrule.errors import RunFolderError, SetupError
from chainrule.ops import OPS
from chainrule.ops.noise import kept_share
from chainrule.ops.op import BUILT_IN, Example
from chainrule.program import Input, trace
from chainrule.randomness import uniform
from chainrule.shapes import ROWS
from chainrule.testing import assert_op, check_op
from chainrule.training.plans import plan_from_record, plan_to_record

# The reference engine, so that these tests hold where nothing was compiled; one compares both.
QUIET: dict[str, Any] = {"progress": False, "readings": 0, "engine": "reference"}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


X = generator(1).normal(size=(20, 4))
Y = generator(2).normal(size=(20, 2))


def network(**given: Any) -> cr.Network:
    layers = (cr.Dense(6, "tanh"), cr.Dropout(0.4), cr.DropConnect(5, 0.25, "tanh"), cr.Dense(2))
    return cr.Network(cr.Input(4), *layers, **given)


def same(one: cr.Network, other: cr.Network) -> bool:
    left, right = one.parameters, other.parameters
    return all((left[name] == right[name]).all() for name in left)


@pytest.fixture
def own_ops() -> Iterator[None]:
    """Take ops that a test enters out of the table again."""
    yield
    for name in set(OPS) - BUILT_IN:
        del OPS[name]


# ---------------------------------------------------------------- what is dropped


def test_a_mask_drops_a_share_and_keeps_the_mean() -> None:
    x = np.ones((200, 50))
    masks = [uniform(3, "mask", x.size, step=step).reshape(x.shape) for step in range(40)]
    made = np.array([OPS["dropout"].forward(x, mask, rate=0.3) for mask in masks])
    assert set(np.unique(made)) == {0.0, 1.0 / 0.7}
    assert (made == 0.0).mean() == pytest.approx(0.3, abs=0.003)
    assert made.mean() == pytest.approx(1.0, abs=0.005)
    # Each place by itself, and no step like the one before.
    assert made.mean(axis=0) == pytest.approx(1.0, abs=0.6)
    assert abs(np.corrcoef(made[0].ravel(), made[1].ravel())[0, 1]) < 0.04


@pytest.mark.parametrize(("rate", "due"), [(0.0, 1.0), (1.0, 0.0)])
def test_rates_at_the_ends_drop_nothing_and_everything(rate: float, due: float) -> None:
    mask = uniform(4, "mask", 1000)
    assert np.unique(kept_share(mask, rate)).tolist() == [due]


def test_dropout_and_its_gradient_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    torch.manual_seed(5)
    x, grad_y = generator(5).normal(size=(2, 30, 7))
    given = torch.tensor(x, requires_grad=True)
    due = torch.nn.functional.dropout(given, p=0.35)
    due.backward(torch.tensor(grad_y))
    # The mask that PyTorch drew, as numbers on either side of the rate.
    mask = np.where(due.detach().numpy() == 0.0, 0.1, 0.9)
    op = OPS["dropout"]
    y = op.forward(x, mask, rate=0.35)
    np.testing.assert_allclose(y, due.detach().numpy(), rtol=1e-14)
    gradient, none = op.backward(grad_y, y, x, mask, rate=0.35)
    np.testing.assert_allclose(gradient, given.grad.numpy(), rtol=1e-14)
    assert none is None


def test_dropconnect_is_a_linear_layer_of_masked_weights() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    drawn = generator(6)
    x, w, b, grad_y = (drawn.normal(size=size) for size in ((9, 4), (4, 3), (3,), (9, 3)))
    mask = drawn.uniform(size=(4, 3))
    there = [torch.tensor(one, requires_grad=True) for one in (x, w, b)]
    masked = torch.nn.functional.linear(
        there[0], (there[1] * torch.tensor((mask >= 0.25) / 0.75)).T, there[2]
    )
    masked.backward(torch.tensor(grad_y))
    op = OPS["dropconnect"]
    y = op.forward(x, w, b, mask, rate=0.25)
    np.testing.assert_allclose(y, masked.detach().numpy(), rtol=1e-13)
    made = op.backward(grad_y, y, x, w, b, mask, rate=0.25)
    for gradient, tensor in zip(made, there, strict=False):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-12, atol=1e-14)
    plain = OPS["linear"].forward(x, w, b)
    np.testing.assert_array_equal(op.prediction.forward(x, w, b, rate=0.25), plain)


def test_dropconnect_without_a_bias() -> None:
    net = cr.Network(cr.Input(4), cr.DropConnect(3, 0.4, bias=None), seed=1)
    assert list(net.parameters) == ["drop_connect_1.W"]
    assert repr(cr.DropConnect(3, 0.4, "relu", bias=None)) == (
        "DropConnect(3, 0.4, 'relu', bias=None)"
    )
    w = net.parameters["drop_connect_1.W"]
    np.testing.assert_allclose(net(X), X @ w, rtol=1e-13)
    found = cr.backpropagate(net, X, np.zeros((20, 3)), training=True, seed=5, step=2)
    kept = kept_share(uniform(5, "drop_connect_1.mask", 12, step=2).reshape(4, 3), 0.4)
    np.testing.assert_allclose(found.values["drop_connect_1"], X @ (w * kept), rtol=1e-13)
    made = X.T @ (X @ (w * kept)) / 20 * kept
    np.testing.assert_allclose(found.gradients["drop_connect_1.W"], made, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["dropout", "dropconnect", "dropconnect_product"])
def test_a_wrong_backward_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPS[name]
    right = op.backward

    def wrong(grad_y: Any, y: Any, x: Any, *rest: Any, **settings: Any) -> Any:
        made = right(grad_y, y, x, *rest, **settings)
        return (made[0] * 0.5, *made[1:])

    monkeypatch.setitem(op.__dict__, "backward", wrong)
    assert check_op(op, examples=op.examples[:1], jax=False)


# ---------------------------------------------------------------- in a network


def test_prediction_drops_nothing() -> None:
    net = network(seed=1)
    parameters = net.parameters
    plain = cr.Network(
        cr.Input(4),
        cr.Dense(6, "tanh"),
        cr.Dense(5, "tanh", name="drop_connect_1"),
        cr.Dense(2, name="dense_2"),
        parameters=parameters,
    )
    np.testing.assert_array_equal(net(X), plain(X))
    np.testing.assert_array_equal(net(X[:3]), net(X)[:3])
    there, here = cr.gradient(plain, X, Y), cr.gradient(net, X, Y)
    for name, content in there.items():
        np.testing.assert_allclose(here[name], content, rtol=1e-12, atol=1e-15)
    rows = cr.per_example_gradients(net, X, Y)
    np.testing.assert_allclose(rows["dense_1.W"].mean(axis=0), there["dense_1.W"], rtol=1e-9)


def test_masks_follow_from_seed_name_and_step() -> None:
    net = network(seed=1)
    seen = cr.backpropagate(net, X, Y, training=True, seed=7, step=3).values
    for name, shape in (("dropout_1.mask", (20, 6)), ("drop_connect_1.mask", (6, 5))):
        due = uniform(7, name, int(np.prod(shape)), step=3).reshape(shape)
        np.testing.assert_array_equal(seen[name], due)
    dropped = seen["dropout_1.mask"] < 0.4
    assert (seen["dropout_1"][dropped] == 0.0).all()
    np.testing.assert_allclose(seen["dropout_1"][~dropped], seen["dense_1"][~dropped] / 0.6)
    again = cr.backpropagate(net, X, Y, training=True, seed=7, step=4).values
    assert not np.array_equal(seen["dropout_1.mask"], again["dropout_1.mask"])


@pytest.mark.parametrize("seed", [0, 2**63 + 11])
def test_a_training_takes_the_steps_that_its_masks_lead_to(seed: int) -> None:
    start = network(seed=2)
    run = cr.train(
        start, X, Y, epochs=4, batch_size=None, optimizer=cr.GradientDescent(0.1), seed=seed,
        dtype="float64", **QUIET,
    )  # fmt: skip
    by_hand, losses = start, []
    for step in range(4):
        seen = cr.backpropagate(
            by_hand, X, Y, "mean_squared_error", training=True, seed=seed, step=step
        )
        losses.append(seen.loss)
        moved = {n: one - 0.1 * seen.gradients[n] for n, one in by_hand.parameters.items()}
        by_hand = by_hand.with_parameters(moved)
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-12)
    for name, content in by_hand.parameters.items():
        np.testing.assert_allclose(run.network.parameters[name], content, rtol=1e-11)


def test_the_same_seed_gives_the_same_bits_and_another_one_others() -> None:
    setting: dict[str, Any] = {"epochs": 3, "batch_size": 8, **QUIET}
    start = network(seed=3)
    one, two = (cr.train(start, X, Y, seed=5, **setting) for _ in range(2))
    assert same(one.network, two.network)
    other = cr.train(start, X, Y, seed=6, shuffle=False, **setting)
    plain = cr.train(start, X, Y, seed=5, shuffle=False, **setting)
    assert not same(other.network, plain.network)


def test_a_layer_that_is_used_twice_drops_twice() -> None:
    drop, given = cr.Dropout(0.5), cr.Input(4)
    both = cr.Add()(drop(given), drop(given))
    net = cr.Network(inputs=[given], outputs=[cr.Dense(1)(both)], seed=1)
    seen = cr.backpropagate(net, X, Y[:, :1], training=True).values
    assert not np.array_equal(seen["dropout_1"], seen["dropout_1@2"])
    np.testing.assert_array_equal(
        seen["dropout_1.mask"], uniform(0, "dropout_1.mask", 80).reshape(20, 4)
    )


def test_going_on_and_a_resume_draw_the_same_masks(tmp_path: Path) -> None:
    setting: dict[str, Any] = {"batch_size": 8, "validation": 0.2, "seed": 4, **QUIET}
    whole = cr.train(network(), X, Y, epochs=5, **setting)
    parts = cr.train(cr.train(network(), X, Y, epochs=2, **setting), epochs=3, progress=False)
    assert same(whole.network, parts.network)

    def cut(progress: Any) -> None:
        if progress.epoch == 3:
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    cr.train(network(), X, Y, epochs=5, checkpoint=folder, on_epoch=cut, **setting)
    assert not cr.load(folder).finished
    ended = cr.resume(folder, X, Y, progress=False)
    assert same(whole.network, ended.network)
    assert np.array_equal(whole.state.parameters, ended.state.parameters)
    held = whole.network(X[list(whole.setup.provenance.validation)])
    missed = held - Y[list(whole.setup.provenance.validation)]
    found = whole.history["validation_loss"][whole.best_epoch - 1]
    assert np.mean(missed**2) == pytest.approx(found, rel=1e-5)


def test_both_engines_draw_the_same_masks_and_train_alike() -> None:
    def draw(seed: Any, step: Any, x: Any) -> tuple[Any]:
        return (random(seed, step, x, "dropout_1.mask"),)

    inputs = (Input("seed", (), "integer"), Input("step", (), "integer"), Input("x", (ROWS, 6)))
    program = trace(draw, inputs, ("mask",))
    given = [-5, 3, np.zeros((37, 6))]
    native, reference = (evaluate(program, given, engine=one) for one in ("native", "reference"))
    np.testing.assert_array_equal(native[0], reference[0])
    setting = {**QUIET, "epochs": 4, "batch_size": 8, "dtype": "float64", "validation": 0.2}
    setting |= {"seed": 2**64 - 3, "readings": 2}
    runs = [
        cr.train(network(), X, Y, **{**setting, "engine": one}) for one in ("native", "reference")
    ]
    for column in ("loss", "validation_loss"):
        np.testing.assert_allclose(runs[0].history[column], runs[1].history[column], rtol=1e-9)
    native_reading, due = (run.recording.readings[-1]["layers"]["dropout_1"] for run in runs)
    assert native_reading == pytest.approx(due, rel=1e-9)


def test_readings_look_at_what_is_dropped() -> None:
    settings = {"batch_size": None, "progress": False, "engine": "reference"}
    run = cr.train(network(), X, Y, epochs=1, readings=1, **settings)
    (reading,) = run.recording.readings
    zeros = reading["layers"]["dropout_1"]["zeros"]
    due = (uniform(0, "dropout_1.mask", 120) < 0.4).mean()
    assert zeros == pytest.approx(due, abs=1e-9)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan"), "half"])
def test_rates_that_are_none_are_refused(rate: Any) -> None:
    for make in (lambda: cr.Dropout(rate), lambda: cr.DropConnect(3, rate)):
        with pytest.raises(SetupError, match="The setting rate of") as caught:
            make()
        assert "from 0 to 1" in caught.value.remedy


def test_layers_say_what_they_are_and_what_they_miss() -> None:
    assert repr(cr.Dropout(0.2)) == "Dropout(0.2)"
    assert repr(cr.DropConnect(3, 0.2, "relu")) == "DropConnect(3, 0.2, 'relu')"
    assert network(seed=1).parameters["drop_connect_1.W"].shape == (6, 5)
    make: Any = cr.DropConnect
    run = cr.train(network(), X, Y, epochs=0, **QUIET)
    assert (
        run.means("drop_connect_1.W[1,2]") == "from unit 1 of dropout_1 to unit 2 of drop_connect_1"
    )
    for units in (None, 0, 2.5):
        with pytest.raises(SetupError, match="has no width"):
            make(units)
    with pytest.raises(SetupError, match="no activation 'rely'"):
        cr.DropConnect(3, 0.5, "rely")


@pytest.mark.parametrize("taken", ["seed", "step"])
def test_the_names_that_masks_follow_from_are_not_taken_by_others(taken: str) -> None:
    with pytest.raises(SetupError, match=f"'{taken}' names a layer or an input in front of"):
        cr.Network(cr.Input(2, name=taken), cr.Dropout())
    with pytest.raises(SetupError, match=f"'{taken}' names a layer or an input in front of"):
        cr.Network(cr.Input(2), cr.Dense(2, name=taken), cr.Dropout())
    behind = cr.Network(cr.Input(2), cr.Dropout(), cr.Dense(2, name=taken), seed=1)
    assert set(behind.parameters) == {f"{taken}.W", f"{taken}.b"}
    assert cr.backpropagate(behind, X[:, :2], Y, training=True).loss > 0.0


def test_seeds_and_steps_that_are_none_are_refused() -> None:
    net, half = network(seed=1), cast(Any, 1.5)
    with pytest.raises(SetupError, match="The seed is -1"):
        cr.gradient(net, X, Y, training=True, seed=-1)
    with pytest.raises(SetupError, match=r"The step is 1\.5"):
        cr.backpropagate(net, X, Y, training=True, step=half)


# ---------------------------------------------------------------- records


def test_a_plan_that_draws_comes_back_from_its_record() -> None:
    plan = network().plan
    record = plan_to_record(plan)
    back = plan_from_record(record)
    assert plan_to_record(back) == record
    assert back.draws
    assert dict(back.shapes) == dict(plan.shapes)
    assert back.shapes["drop_connect_1.mask"] == (6, 5)


def _reads_a_mask(record: dict[str, Any]) -> None:
    record["steps"][-1]["inputs"][1] = "drop_connect_1.mask"


def _takes_a_value_for_a_mask(record: dict[str, Any]) -> None:
    next(one for one in record["steps"] if one["op"] == "dropout")["inputs"][1] = "dense_1"


def _draws_by_other_numbers(record: dict[str, Any]) -> None:
    next(one for one in record["steps"] if one["op"] == "random")["inputs"][0] = "step"


def _draws_for_no_purpose(record: dict[str, Any]) -> None:
    next(one for one in record["steps"] if one["op"] == "random")["settings"] = {"purpose": 3}


def _gives_a_mask(record: dict[str, Any]) -> None:
    record["outputs"] = ["dropout_1.mask"]


@pytest.mark.parametrize(
    "damage",
    [
        _reads_a_mask,
        _takes_a_value_for_a_mask,
        _draws_by_other_numbers,
        _draws_for_no_purpose,
        _gives_a_mask,
    ],
)
def test_a_record_that_prediction_could_not_follow_is_refused(damage: Any) -> None:
    layers = (cr.Dense(6), cr.Dropout(), cr.DropConnect(2, 0.5), cr.Dense(5))
    record = plan_to_record(cr.Network(cr.Input(6), *layers).plan)
    damage(record)
    with pytest.raises(RunFolderError):
        plan_from_record(record)


# ---------------------------------------------------------------- an op of one's own


@pytest.mark.usefixtures("own_ops")
def test_an_op_of_ones_own_draws_and_predicts() -> None:
    @cr.op(formula=r"y = x + s (u - 1/2)", shapes="..., ... -> ...", noise={"shift": "x"})
    class jitter:
        """Numbers moved a little while training."""

        @staticmethod
        def forward(x: Array, shift: Array, size: float = 0.5) -> Any:
            return x + size * (shift - 0.5)

        @staticmethod
        def forward_predict(x: Array, size: float = 0.5) -> Any:
            return x

        @staticmethod
        def backward(grad_y: Array, y: Array, x: Array, shift: Array, size: float = 0.5) -> Any:
            return grad_y, None

    assert_op("jitter", examples=(Example(settings={"size": 0.2}),))
    net = cr.Network(cr.Input(4), cr.Apply("jitter", settings={"size": 2.0}), cr.Dense(2), seed=1)
    seen = cr.backpropagate(net, X, Y, training=True, seed=3, step=2).values
    due = X + 2.0 * (uniform(3, "jitter_1.shift", 80, step=2).reshape(20, 4) - 0.5)
    np.testing.assert_allclose(seen["jitter_1"], due, rtol=1e-14)
    np.testing.assert_array_equal(cr.backpropagate(net, X, Y).values["jitter_1"], X)


@pytest.mark.usefixtures("own_ops")
def test_an_op_of_ones_own_keeps_a_state_and_reads_it() -> None:
    @cr.op(formula=r"y = x - m", shapes="n k, k ! -> n k, k !", state={"before": "constant 2"})
    class from_the_mean_before:
        """What is left of numbers without the mean of the rows before them."""

        @staticmethod
        def forward(x: Array, before: Array) -> Any:
            return x - before, mean_over(x, axis=0)

        @staticmethod
        def forward_predict(x: Array, before: Array) -> Any:
            return x - before

        @staticmethod
        def backward(grad_y: Array, y: Array, x: Array, before: Array) -> Any:
            return grad_y, None

    assert_op("from_the_mean_before")
    layers = (cr.Apply("from_the_mean_before"), cr.Dense(2))
    net = cr.Network(cr.Input(4), *layers, seed=1)
    name = "from_the_mean_before_1.before"
    assert net.state[name].tolist() == [2.0] * 4
    seen = cr.backpropagate(net, X, Y, training=True).values
    np.testing.assert_array_equal(seen["from_the_mean_before_1"], X - 2.0)
    run = cr.train(net, X, Y, epochs=1, batch_size=None, dtype="float64", **QUIET)
    np.testing.assert_allclose(run.network.state[name], X.mean(axis=0), rtol=1e-13)


@pytest.mark.usefixtures("own_ops")
@pytest.mark.parametrize(
    ("shapes", "given", "part"),
    [
        ("..., ... -> ...", {"noise": {"mask": "x"}}, "has no forward_predict"),
        ("n k, k -> n k", {"noise": {"mask": "x"}}, "no two inputs of the same sizes"),
        ("n k, k ! -> n k, k !", {}, "was given first values of nothing"),
        ("n k, k -> n k", {"state": {"mask": "zeros"}}, "keeps nothing"),
        ("n k, k ! -> n k", {}, "does not return its state"),
    ],
)
def test_what_an_op_that_draws_or_keeps_lacks_is_said(
    shapes: str, given: dict[str, Any], part: str
) -> None:
    with pytest.raises(SetupError, match=part):

        @cr.op(formula="y = x", shapes=shapes, **given)
        class half_done:
            """A test's own op."""

            @staticmethod
            def forward(x: Array, mask: Array) -> Any:
                return x * mask

            @staticmethod
            def backward(grad_y: Array, y: Array, x: Array, mask: Array) -> Any:
                return grad_y * mask, None

    assert "half_done" not in OPS


@pytest.mark.usefixtures("own_ops")
def test_a_gradient_at_noise_and_rows_that_mix_in_prediction_are_found() -> None:
    @cr.op(formula=r"y = x u", shapes="n k, n k -> n k", noise={"mask": "x"})
    class leaking:
        """A test's own op, wrong in two ways."""

        @staticmethod
        def forward(x: Array, mask: Array) -> Any:
            return x * mask

        @staticmethod
        def forward_predict(x: Array) -> Any:
            return x - mean_over(x, axis=0)

        @staticmethod
        def backward(grad_y: Array, y: Array, x: Array, mask: Array) -> Any:
            return grad_y * mask, grad_y * x

    found = "\n".join(check_op("leaking"))
    assert "backward gives a gradient at mask, which is random or state" in found
    assert "in prediction, " in found
    assert "mixes rows" in found
