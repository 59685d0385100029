"""Batch norm: against PyTorch, its running statistics through training, saving and going on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import RunFolderError, SetupError, ShapeError
from chainrule.network.derivatives import directional_derivative, input_jacobian
from chainrule.network.plan import Plan
from chainrule.ops import OPS
from chainrule.testing import check_op
from chainrule.training.plans import plan_from_record, plan_to_record

QUIET: dict[str, Any] = {"progress": False, "readings": 0}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


X = generator(1).normal(loc=2.0, scale=3.0, size=(23, 4))
Y = generator(2).normal(size=(23, 2))


def network(**given: Any) -> cr.Network:
    layers = (cr.Dense(5), cr.BatchNorm(momentum=0.3), cr.Activation("tanh"), cr.Dense(2))
    return cr.Network(cr.Input(4), *layers, **given)


def same(one: cr.Network, other: cr.Network) -> bool:
    """Whether two networks have the same parameters and state, bit for bit."""
    left, right = ({**net.parameters, **net.state} for net in (one, other))
    return left.keys() == right.keys() and all((left[n] == right[n]).all() for n in left)


# ---------------------------------------------------------------- the op


@pytest.mark.parametrize("places", [(), (6,), (4, 3)])
def test_the_op_agrees_with_pytorch(places: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    kinds = [torch.nn.BatchNorm1d, torch.nn.BatchNorm1d, torch.nn.BatchNorm2d]
    there = kinds[len(places)](3, momentum=0.2, dtype=torch.float64)
    random = generator(3)
    scale, shift = random.normal(size=(2, 3))
    mean, variance = random.normal(size=3), random.uniform(0.5, 2.0, size=3)
    with torch.no_grad():
        for tensor, content in zip(
            (there.weight, there.bias, there.running_mean, there.running_var),
            (scale, shift, mean, variance),
            strict=True,
        ):
            tensor.copy_(torch.tensor(content))
    x, grad_y = random.normal(loc=1.5, size=(2, 7, 3, *places))
    given = torch.tensor(x, requires_grad=True)
    due = there(given)
    due.backward(torch.tensor(grad_y))
    op, inputs = OPS["batch_norm"], (x, scale, shift, mean, variance)
    y, mean, variance = op.forward(*inputs, momentum=0.2)
    np.testing.assert_allclose(y, due.detach().numpy(), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(mean, there.running_mean.numpy(), rtol=1e-13)
    np.testing.assert_allclose(variance, there.running_var.numpy(), rtol=1e-13)
    made = op.backward(grad_y, y, *inputs, momentum=0.2)
    for gradient, tensor in zip(made, (given, there.weight, there.bias), strict=False):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-10, atol=1e-12)
    assert made[3:] == (None, None)
    predicted = op.prediction.forward(x, scale, shift, mean, variance)
    due = there.eval()(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(predicted, due, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("spoiled", ["mean", "variance", "scale"])
def test_a_wrong_backward_is_noticed(spoiled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPS["batch_norm"]
    right = op.backward

    def wrong(grad_y: Any, y: Any, x: Any, scale: Any, *rest: Any, **settings: Any) -> Any:
        made = list(right(grad_y, y, x, scale, *rest, **settings))
        if spoiled == "mean":
            made[0] = made[0] + 0.01 * made[2]
        elif spoiled == "variance":
            made[0] = made[0] + 0.01 * made[1] * (y - y.mean())
        else:
            made[3] = made[1]
        return tuple(made)

    monkeypatch.setitem(op.__dict__, "backward", wrong)
    assert check_op(op, examples=op.examples[:1], jax=False)


# ---------------------------------------------------------------- training


def test_five_steps_and_their_prediction_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    start = network(seed=4)
    kept = start.parameters
    there = torch.nn.Sequential(
        torch.nn.Linear(4, 5),
        torch.nn.BatchNorm1d(5, momentum=0.3),
        torch.nn.Tanh(),
        torch.nn.Linear(5, 2),
    ).double()
    with torch.no_grad():
        for place, name in ((0, "dense_1"), (3, "dense_2")):
            there[place].weight.copy_(torch.tensor(kept[f"{name}.W"].T))
            there[place].bias.copy_(torch.tensor(kept[f"{name}.b"]))
    optimizer = torch.optim.Adam(there.parameters(), lr=0.05)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(there(torch.tensor(X)), torch.tensor(Y))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    run = cr.train(
        start, X, Y, epochs=5, batch_size=None, optimizer=cr.Adam(0.05), dtype="float64", **QUIET
    )
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-9)
    norm = there[1]
    for name, tensor in (
        ("scale", norm.weight), ("shift", norm.bias)
    ):  # fmt: skip
        found = run.network.parameters[f"batch_norm_1.{name}"]
        np.testing.assert_allclose(found, tensor.detach().numpy(), rtol=1e-7, atol=1e-9)
    for name, tensor in (("mean", norm.running_mean), ("variance", norm.running_var)):
        found = run.network.state[f"batch_norm_1.{name}"]
        np.testing.assert_allclose(found, tensor.numpy(), rtol=1e-7, atol=1e-9)
    due = there.eval()(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(run.network(X), due, rtol=1e-6, atol=1e-8)
    assert start.state["batch_norm_1.mean"].tolist() == [0.0] * 5


def test_five_steps_on_images_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    images, wanted = generator(8).normal(size=(9, 2, 5, 5)), generator(9).normal(size=(9, 2))
    layers = (
        cr.Conv(3, 3, padding="same"), cr.BatchNorm(), cr.Activation("relu"), cr.Flatten(),
        cr.Dense(2),
    )  # fmt: skip
    start = cr.Network(cr.Input((2, 5, 5)), *layers, seed=2)
    there = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3, padding=1),
        torch.nn.BatchNorm2d(3),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(75, 2),
    ).double()
    kept = start.parameters
    with torch.no_grad():
        there[0].weight.copy_(torch.tensor(kept["conv_1.W"]))
        there[0].bias.copy_(torch.tensor(kept["conv_1.b"]))
        there[4].weight.copy_(torch.tensor(kept["dense_1.W"].T))
        there[4].bias.copy_(torch.tensor(kept["dense_1.b"]))
    optimizer = torch.optim.Adam(there.parameters(), lr=0.01)
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(there(torch.tensor(images)), torch.tensor(wanted)).backward()
        optimizer.step()
    setting: dict[str, Any] = {"dtype": "float64", "engine": "reference", **QUIET}
    run = cr.train(
        start, images, wanted, epochs=5, batch_size=None, optimizer=cr.Adam(0.01), **setting
    )
    for name, tensor in (("mean", there[1].running_mean), ("variance", there[1].running_var)):
        found = run.network.state[f"batch_norm_1.{name}"]
        np.testing.assert_allclose(found, tensor.numpy(), rtol=1e-6, atol=1e-9)
    due = there.eval()(torch.tensor(images)).detach().numpy()
    np.testing.assert_allclose(run.network(images), due, rtol=1e-5, atol=1e-7)


def test_a_state_inside_a_residual_block_and_one_of_a_sequence() -> None:
    net = cr.Network(
        cr.Input(4), cr.Residual(cr.Dense(4), cr.BatchNorm(), cr.Dropout(0.1)), cr.Dense(2)
    )
    run = cr.train(net, X, Y, epochs=1, engine="reference", **QUIET)
    assert list(run.network.state) == [
        "residual_1.batch_norm_1.mean",
        "residual_1.batch_norm_1.variance",
    ]
    assert (run.network.state["residual_1.batch_norm_1.variance"] != 1.0).all()
    layers = (cr.Embedding(9, 4), cr.BatchNorm(), cr.Flatten(), cr.Dense(2))
    assert cr.Network(cr.Input(6), *layers).state["batch_norm_1.mean"].shape == (4,)
    layers = (cr.Embedding(9, 4), cr.BatchNorm(over="places"))
    with pytest.raises(ShapeError, match="a sequence whose features stand last") as caught:
        cr.Network(cr.Input(6), *layers)
    assert "over='time'" in caught.value.remedy


# ---------------------------------------------------------------- sequences


def test_five_steps_on_sequences_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    sequences = generator(8).normal(loc=1.0, size=(9, 5, 3))
    start = cr.Network(
        cr.Input((5, 3)), cr.BatchNorm(0.3, over="time"), cr.GRU(4), cr.Dense(2), seed=2
    )
    kept = start.parameters
    norm = torch.nn.BatchNorm1d(3, momentum=0.3).double()
    gru, dense = torch.nn.GRU(3, 4, batch_first=True).double(), torch.nn.Linear(4, 2).double()
    given = {
        gru: {"weight_ih_l0": kept["gru_1.W"].T, "weight_hh_l0": kept["gru_1.U"].T,
              "bias_ih_l0": kept["gru_1.b"], "bias_hh_l0": kept["gru_1.c"]},
        dense: {"weight": kept["dense_1.W"].T, "bias": kept["dense_1.b"]},
    }  # fmt: skip
    for module, content in given.items():
        module.load_state_dict({name: torch.tensor(one.copy()) for name, one in content.items()})

    def there(rows: Any) -> Any:
        # PyTorch takes channels behind the rows: (n, features, time).
        made = norm(torch.tensor(rows).transpose(1, 2)).transpose(1, 2)
        return dense(gru(made)[0][:, -1])

    learned = [*norm.parameters(), *gru.parameters(), *dense.parameters()]
    optimizer = torch.optim.Adam(learned, lr=0.05)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(there(sequences), torch.tensor(Y[:9]))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    choices: dict[str, Any] = {"epochs": 5, "batch_size": None, "dtype": "float64", **QUIET}
    run = cr.train(start, sequences, Y[:9], optimizer=cr.Adam(0.05), **choices)
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-9)
    found, due = run.network.state, (norm.running_mean, norm.running_var)
    for name, tensor in zip(("mean", "variance"), due, strict=True):
        np.testing.assert_allclose(found[f"batch_norm_1.{name}"], tensor.numpy(), rtol=1e-7)
    norm.eval()
    np.testing.assert_allclose(
        run.network(sequences), there(sequences).detach().numpy(), rtol=1e-6, atol=1e-8
    )


def test_where_features_stand_is_known_or_asked_for() -> None:
    lstm = cr.LSTM(4, every_step=True)
    known = cr.Network(cr.Input((5, 3)), lstm, cr.BatchNorm(), cr.LSTM(2), seed=0)
    assert known.state["batch_norm_1.mean"].shape == (4,)
    assert repr(cr.BatchNorm(over="time")) == "BatchNorm(over='time')"
    with pytest.raises(SetupError, match="Nothing tells whether x") as caught:
        cr.Network(cr.Input((5, 3)), cr.BatchNorm())
    assert "BatchNorm(over='places')" in caught.value.remedy
    places = cr.Network(cr.Input((5, 3)), cr.BatchNorm(over="places"))
    assert places.state["batch_norm_1.mean"].shape == (5,)
    wrong: Any = "rows"
    with pytest.raises(SetupError, match="cannot work over 'rows'"):
        cr.BatchNorm(over=wrong)
    single = cr.Network(cr.Input((1, 3)), cr.BatchNorm(over="time"))
    assert (single.plan.rows_needed, known.plan.rows_needed) == (2, 1)


# ---------------------------------------------------------------- freezing


def trained_with(before: cr.Network, freeze: list[str], **given: Any) -> cr.Run:
    choices: dict[str, Any] = {"epochs": 3, "learning_rate": 0.05, "dtype": "float64", **QUIET}
    return cr.train(before, X, Y, freeze=freeze, **{**choices, **given})


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_a_frozen_layer_works_as_it_predicts(engine: str) -> None:
    before = trained_with(network(seed=3), [], engine=engine).network
    run = trained_with(before, ["batch_norm_1.*"], engine=engine, batch_size=1)
    assert same_where(run.network, before, "batch_norm_1")
    assert not same(run.network, before)
    # The same steps by a layer that scales and shifts, made of its running statistics.
    kept, state = before.parameters, before.state
    deviation = np.sqrt(state["batch_norm_1.variance"] + 1e-5)
    steep = kept["batch_norm_1.scale"] / deviation
    moved = kept["batch_norm_1.shift"] - steep * state["batch_norm_1.mean"]
    plain = cr.Network(
        cr.Input(4), cr.Dense(5), cr.Dense(5, "tanh"), cr.Dense(2),
        parameters={"dense_1.W": kept["dense_1.W"], "dense_1.b": kept["dense_1.b"],
                    "dense_2.W": np.diag(steep), "dense_2.b": moved,
                    "dense_3.W": kept["dense_2.W"], "dense_3.b": kept["dense_2.b"]},
    )  # fmt: skip
    due = trained_with(plain, ["dense_2.*"], engine=engine, batch_size=1)
    np.testing.assert_allclose(run.history["loss"], due.history["loss"], rtol=1e-9)
    np.testing.assert_allclose(
        run.network.parameters["dense_1.W"], due.network.parameters["dense_1.W"], rtol=1e-7
    )


def same_where(one: cr.Network, other: cr.Network, layer: str) -> bool:
    left, right = ({**net.parameters, **net.state} for net in (one, other))
    return all((left[n] == right[n]).all() for n in left if n.startswith(layer))


def test_frozen_parameters_alone_leave_the_statistics_to_the_batch() -> None:
    before = network(seed=3).started(3)
    run = trained_with(before, ["batch_norm_1.s*"])
    assert (run.network.parameters["batch_norm_1.scale"] == 1.0).all()
    assert (run.network.state["batch_norm_1.mean"] != 0.0).all()


def test_a_frozen_layer_thaws_and_half_of_one_is_refused(tmp_path: Path) -> None:
    run = trained_with(trained_with(network(seed=3), []).network, ["batch_norm_1.*"])
    run.save(tmp_path / "run")
    loaded = cr.load(tmp_path / "run")
    assert same(loaded.network, run.network)
    on = cr.train(loaded, X, Y, epochs=2, progress=False)
    assert same_where(on.network, run.network, "batch_norm_1")
    on = cr.train(on, epochs=2, freeze=[], progress=False)
    assert not same_where(on.network, run.network, "batch_norm_1")
    with pytest.raises(SetupError, match="a part of the running statistics of batch_norm_1"):
        trained_with(network(seed=3), ["*.mean"])


def test_a_layer_that_is_used_twice_is_frozen_in_both_places() -> None:
    norm, left, right = cr.BatchNorm(), cr.Input(2), cr.Input(2)
    both = cr.Dense(2)(cr.Add()(norm(left), norm(right)))
    before = cr.Network(inputs=[left, right], outputs=[both], seed=1)
    rows = [X[:, :2], X[:, 2:]]
    run = cr.train(before, rows, Y, epochs=2, freeze=["batch_norm_1.*"], **QUIET)
    assert same_where(run.network, before, "batch_norm_1")


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_validation_predicts_and_the_best_state_stays_with_its_parameters(engine: str) -> None:
    setting: dict[str, Any] = {
        "batch_size": 6, "dtype": "float64", "learning_rate": 0.2, "engine": engine, "seed": 5,
        "validation": (X[:5] + 0.5, Y[:5]),
    }  # fmt: skip
    run = cr.train(network(), X, Y, epochs=12, **setting, **QUIET)
    best = run.best_epoch
    assert 0 < best < 12
    missed = run.network(X[:5] + 0.5) - Y[:5]
    found = run.history["validation_loss"][best - 1]
    assert np.mean(missed**2) == pytest.approx(found, rel=1e-12)
    shorter = cr.train(network(), X, Y, epochs=best, keep="last", **setting, **QUIET)
    assert same(run.network, shorter.network)
    # The state at the end is another one, and is what the training goes on from.
    names = ["batch_norm_1.mean", "batch_norm_1.variance"]
    size = run.network.parameter_count
    ended = run.state.parameters[size:]
    assert not np.array_equal(ended, np.concatenate([run.network.state[one] for one in names]))


def test_both_engines_train_alike() -> None:
    runs = [
        cr.train(network(), X, Y, epochs=4, batch_size=6, dtype="float64", engine=engine, **QUIET)
        for engine in ("native", "reference")
    ]
    native, reference = runs
    np.testing.assert_allclose(native.history["loss"], reference.history["loss"], rtol=1e-10)
    for name, content in reference.network.state.items():
        np.testing.assert_allclose(native.network.state[name], content, rtol=1e-10)


def test_going_on_a_folder_and_a_resume_keep_every_bit(tmp_path: Path) -> None:
    setting: dict[str, Any] = {"batch_size": 6, "validation": 0.2, "seed": 6, "snapshots": 2}
    whole = cr.train(network(), X, Y, epochs=6, **setting, **QUIET)
    parts = cr.train(cr.train(network(), X, Y, epochs=2, **setting, **QUIET), epochs=4, **QUIET)
    assert same(whole.network, parts.network)
    assert whole.recording.snapshots[6].keys() >= whole.network.state.keys()

    def cut(progress: Any) -> None:
        if progress.epoch == 3:
            assert "batch_norm_1.mean" not in progress.parameters
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    cr.train(network(), X, Y, epochs=6, checkpoint=folder, on_epoch=cut, **setting, **QUIET)
    loaded = cr.load(folder)
    assert not loaded.finished
    assert set(loaded.network.state) == {"batch_norm_1.mean", "batch_norm_1.variance"}
    ended = cr.resume(folder, X, Y, progress=False)
    assert same(whole.network, ended.network)
    assert np.array_equal(whole.state.parameters, ended.state.parameters)
    again = cr.load(folder)
    assert same(whole.network, again.network)
    np.testing.assert_array_equal(again.predict(X), whole.predict(X))
    plain = cr.train(again.network, X, Y, epochs=0, **QUIET)
    assert same(plain.network, again.network), "a network that has a state goes on from it"


def test_the_readings_of_a_training_see_its_batch_form() -> None:
    run = cr.train(network(), X, Y, epochs=1, batch_size=None, readings=1, progress=False)
    (reading,) = run.recording.readings
    layer = reading["layers"]["batch_norm_1"]
    assert layer["mean"] == pytest.approx(0.0, abs=1e-6)
    assert layer["deviation"] == pytest.approx(1.0, rel=1e-4)
    assert "batch_norm_1.mean" not in reading["parameters"]


def test_a_layer_that_is_used_twice_keeps_one_state_and_moves_it_twice() -> None:
    norm, left, right = cr.BatchNorm(momentum=0.5), cr.Input(2), cr.Input(2)
    both = cr.Concatenate()(norm(left), norm(right))
    twice = cr.Network(inputs=[left, right], outputs=[cr.Dense(1)(both)], seed=1)
    assert set(twice.state) == {"batch_norm_1.mean", "batch_norm_1.variance"}
    a, b = X[:, :2], X[:, 2:]
    run = cr.train(twice, [a, b], Y[:, 0], epochs=1, batch_size=None, dtype="float64", **QUIET)
    due = 0.25 * a.mean(axis=0) + 0.5 * b.mean(axis=0)
    np.testing.assert_allclose(run.network.state["batch_norm_1.mean"], due, rtol=1e-12)
    predicted = run.network(a, b)
    assert predicted[:3] == pytest.approx(run.network(a[:3], b[:3]), rel=1e-12)


def test_steps_of_one_row_are_refused_or_avoided() -> None:
    with pytest.raises(SetupError, match=r"has 1 row, and batch_norm_1 needs 2.*batch_size"):
        cr.train(network(), X, Y, epochs=1, batch_size=11, **QUIET)
    with pytest.raises(SetupError, match="has 1 row, and batch_norm_1 needs 2"):
        cr.gradient(network(seed=1), X[:1], Y[:1], training=True)
    rows = np.concatenate([X, X])[:33]
    run = cr.train(network(), rows, np.concatenate([Y, Y])[:33], epochs=1, **QUIET)
    assert run.setup.batch_size == 31
    # A row of several places has a variance.
    assert cr.Network(cr.Input((2, 3)), cr.BatchNorm(over="places")).plan.rows_needed == 1
    assert cr.Network(cr.Input((2, 1)), cr.BatchNorm(over="places")).plan.rows_needed == 2


# ---------------------------------------------------------------- derivatives


def trained() -> cr.Network:
    return cr.train(network(), X, Y, epochs=3, batch_size=8, dtype="float64", **QUIET).network


def test_gradients_are_those_of_prediction_unless_training_is_asked_for() -> None:
    net = trained()
    loss = "mean_squared_error"
    parameters, name = net.parameters, "batch_norm_1.scale"
    found = cr.gradient(net, X, Y, loss)[name]
    asked = cr.gradient(net, X, Y, loss, training=True)[name]
    assert not np.allclose(found, asked)
    for training, due in ((False, found), (True, asked)):
        near = []
        for step in (1e-5, -1e-5):
            moved = {**parameters, name: parameters[name] + step * np.eye(5)[2]}
            there = net.with_parameters(moved)
            near.append(cr.backpropagate(there, X, Y, loss, training=training).loss)
        assert (near[0] - near[1]) / 2e-5 == pytest.approx(due[2], rel=1e-6)
    np.testing.assert_allclose(
        cr.backpropagate(net, X, Y, loss, training=True).gradients[name], asked, rtol=1e-10
    )


def test_rows_have_results_of_their_own_in_prediction_alone() -> None:
    net = trained()
    rows = cr.per_example_gradients(net, X, Y)
    whole = cr.gradient(net, X, Y)
    for name, content in whole.items():
        np.testing.assert_allclose(rows[name].mean(axis=0), content, rtol=1e-9, atol=1e-12)
    with pytest.raises(SetupError, match="no results for single rows"):
        cr.per_example_gradients(net, X, Y, training=True)


def test_derivatives_of_the_outputs_read_the_state() -> None:
    net = trained()
    made = input_jacobian(net, X[:3])
    jacobian = cr.jacobian(net, X[:3])["dense_1.b"]
    moved = X[:3] + 1e-6 * np.eye(4)[1]
    slope = (net(moved) - net(X[:3])) / 1e-6
    np.testing.assert_allclose(made[:, :, 1], slope, rtol=1e-4, atol=1e-7)
    along = directional_derivative(net, X[:3], {"dense_1.b": np.eye(5)[3]})
    np.testing.assert_allclose(jacobian[..., 3], along, rtol=1e-10)


@pytest.mark.parametrize("training", [False, True])
def test_curvature_is_the_change_of_the_gradient(training: bool) -> None:
    net = trained()
    direction = {name: generator(7).normal(size=one.shape) for name, one in net.parameters.items()}
    made = cr.hessian_vector_product(net, X, Y, direction, training=training)
    near = []
    for step in (1e-5, -1e-5):
        moved = {name: one + step * direction[name] for name, one in net.parameters.items()}
        near.append(cr.gradient(net.with_parameters(moved), X, Y, training=training))
    for name, content in made.items():
        due = (near[0][name] - near[1][name]) / 2e-5
        np.testing.assert_allclose(content, due, rtol=1e-5, atol=1e-7)


# ---------------------------------------------------------------- the network and its record


def test_the_state_is_given_read_and_not_a_parameter() -> None:
    mean = np.arange(5.0)
    net = network(seed=1, parameters={"batch_norm_1.mean": mean})
    assert net.state["batch_norm_1.mean"].tolist() == mean.tolist()
    assert net.state["batch_norm_1.variance"].tolist() == [1.0] * 5
    assert "batch_norm_1.mean" not in net.parameters
    net.state["batch_norm_1.mean"][0] = 99.0
    assert net.state["batch_norm_1.mean"][0] == 0.0
    assert cr.Network(cr.Input(2), cr.Dense(1)).state == {}
    with pytest.raises(SetupError, match=r"no parameter 'batch_norm_1\.men'"):
        network(parameters={"batch_norm_1.men": mean})
    with pytest.raises(SetupError, match="The setting momentum of"):
        cr.BatchNorm(momentum=1.5)
    with pytest.raises(SetupError, match="The setting epsilon of"):
        cr.BatchNorm(epsilon=0.0)
    assert repr(cr.BatchNorm()) == "BatchNorm()"


def test_a_plan_with_a_state_comes_back_from_its_record() -> None:
    plan = network().plan
    record = plan_to_record(plan)
    back = plan_from_record(record)
    assert plan_to_record(back) == record
    assert back.state == plan.state
    assert dict(back.shapes) == dict(plan.shapes)
    del record["state"]
    with pytest.raises(RunFolderError):
        plan_from_record(record)


def _reads_the_state(record: dict[str, Any]) -> None:
    record["steps"][-1]["inputs"][2] = "batch_norm_1.mean"


def _reads_what_replaces_it(record: dict[str, Any]) -> None:
    record["steps"][-1]["inputs"][2] = "batch_norm_1:1"


def _keeps_a_parameter(record: dict[str, Any]) -> None:
    record["steps"][1]["inputs"][3] = "dense_1.b"


def _has_one_state_more(record: dict[str, Any]) -> None:
    record["state"].append({**record["state"][0], "name": "idle"})


@pytest.mark.parametrize(
    "damage",
    [_reads_the_state, _reads_what_replaces_it, _keeps_a_parameter, _has_one_state_more],
)
def test_a_record_that_prediction_could_not_follow_is_refused(damage: Any) -> None:
    record = plan_to_record(cr.Network(cr.Input(2), cr.Dense(2), cr.BatchNorm(), cr.Dense(2)).plan)
    damage(record)
    with pytest.raises(RunFolderError):
        plan_from_record(record)


def test_networks_without_noise_and_state_have_one_form() -> None:
    plan: Plan = cr.Network(cr.Input(2), cr.Dense(3, "tanh"), cr.Dense(1)).plan
    assert plan.prediction_walk is plan.walk
    assert plan.whole == plan.layout
    assert plan.rows_needed == 1
