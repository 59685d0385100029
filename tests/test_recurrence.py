"""Recurrent layers beside PyTorch's with the same weights; masks, truncation, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unrolling import unrolled

import chainrule as cr
from chainrule.arrays import concatenate, scan, slice_of, tanh
from chainrule.engines import reference
from chainrule.errors import SetupError, ShapeError
from chainrule.network.initializers import Place, initializer
from chainrule.network.network import Network
from chainrule.network.recurrent_layers import GRU, LSTM, Recurrent
from chainrule.ops import OPS
from chainrule.program import Input, check, trace
from chainrule.shapes import ROWS

LAYERS = {"LSTM": LSTM, "GRU": GRU, "RNN": Recurrent}
ROW_COUNT, TIME, FEATURES, UNITS = 5, 7, 3, 4
X = np.random.default_rng(0).normal(size=(ROW_COUNT, TIME, FEATURES))
Y = np.random.default_rng(1).normal(size=(ROW_COUNT, 2))
LENGTHS = np.array([7, 4, 1, 6, 2])


def network_of(*layers: Any, seed: int = 0) -> Network:
    return Network(*layers).sized({"x": (TIME, FEATURES)}).started(seed)


def peer_of(torch: Any, kind: str, network: Network, both_ways: bool = False) -> Any:
    """PyTorch's layer with the weights of the network's first one."""
    peer = getattr(torch.nn, kind)(FEATURES, UNITS, batch_first=True, bidirectional=both_ways)
    peer = peer.double()
    parameters = network.parameters
    layer = next(iter(parameters)).split(".")[0]
    weights = {}
    for place in range(1 + both_ways):
        name = f"{layer}.{('forwards', 'backwards')[place]}" if both_ways else layer
        ending = "_l0_reverse" if place else "_l0"
        weights[f"weight_ih{ending}"] = parameters[f"{name}.W"].T
        weights[f"weight_hh{ending}"] = parameters[f"{name}.U"].T
        weights[f"bias_ih{ending}"] = parameters[f"{name}.b"]
        zeros = np.zeros_like(parameters[f"{name}.b"])
        weights[f"bias_hh{ending}"] = parameters.get(f"{name}.c", zeros)
    peer.load_state_dict({name: torch.tensor(one.copy()) for name, one in weights.items()})
    return peer


def last_of(kind: str, hidden: Any) -> Any:
    """The last state of both directions side by side, (rows, units of both)."""
    states = hidden[0] if kind == "LSTM" else hidden
    return states.transpose(0, 1).reshape(ROW_COUNT, -1)


@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_outputs_are_those_of_pytorch(kind: str, every_step: bool, both_ways: bool) -> None:
    torch = pytest.importorskip("torch")
    layer = LAYERS[kind](UNITS, every_step=every_step, both_ways=both_ways)
    network = network_of(layer)
    states, hidden = peer_of(torch, kind, network, both_ways)(torch.tensor(X))
    due = states if every_step else last_of(kind, hidden)
    np.testing.assert_allclose(network(X), due.detach().numpy(), rtol=0, atol=1e-14)


def mean_square(torch: Any, made: Any) -> Any:
    return ((made - torch.tensor(Y)) ** 2).mean()


def gradients_of(torch: Any, kind: str, network: Network, run: Callable[[Any], Any]) -> Any:
    """PyTorch's gradients by our names, where ``run`` gives what the Dense layer reads."""
    peer, head = peer_of(torch, kind, network), torch.nn.Linear(UNITS, 2).double()
    parameters = network.parameters
    head.load_state_dict(
        {
            "weight": torch.tensor(parameters["dense_1.W"].T.copy()),
            "bias": torch.tensor(parameters["dense_1.b"]),
        }
    )
    mean_square(torch, head(run(peer))).backward()
    layer = next(iter(parameters)).split(".")[0]
    found = {
        f"{layer}.W": peer.weight_ih_l0.grad.T,
        f"{layer}.U": peer.weight_hh_l0.grad.T,
        f"{layer}.b": peer.bias_ih_l0.grad,
        "dense_1.W": head.weight.grad.T,
        "dense_1.b": head.bias.grad,
    }
    if kind == "GRU":
        found[f"{layer}.c"] = peer.bias_hh_l0.grad
    return {name: one.numpy() for name, one in found.items()}


def close(made: Any, due: Any) -> None:
    assert made.keys() == due.keys()
    for name in due:
        np.testing.assert_allclose(made[name], due[name], rtol=1e-11, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("kind", LAYERS)
def test_gradients_are_those_of_pytorch(kind: str) -> None:
    torch = pytest.importorskip("torch")
    network = network_of(LAYERS[kind](UNITS), cr.Dense(2))
    due = gradients_of(torch, kind, network, lambda peer: last_of(kind, peer(torch.tensor(X))[1]))
    close(cr.gradient(network, X, Y, "mean_squared_error"), due)


@pytest.mark.parametrize("kind", LAYERS)
def test_truncated_gradients_are_those_of_a_detached_state(kind: str) -> None:
    torch = pytest.importorskip("torch")
    network = network_of(LAYERS[kind](UNITS, truncate=3), cr.Dense(2))

    def run(peer: Any) -> Any:
        state = None
        for begin in range(0, TIME, 3):
            _, state = peer(torch.tensor(X[:, begin : begin + 3]), state)
            last = last_of(kind, state)
            state = tuple(map(torch.Tensor.detach, state)) if kind == "LSTM" else state.detach()
        return last

    close(cr.gradient(network, X, Y, "mean_squared_error"), gradients_of(torch, kind, network, run))


@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_truncation_changes_no_output(kind: str, both_ways: bool) -> None:
    plain, cut = (
        network_of(LAYERS[kind](UNITS, every_step=True, both_ways=both_ways, truncate=one))
        for one in (None, 2)
    )
    np.testing.assert_allclose(cut(X), plain(X), rtol=0, atol=1e-15)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("kind", LAYERS)
def test_truncation_goes_with_masks_and_with_files(kind: str, engine: str, tmp_path: Path) -> None:
    x, seen = cr.Input((TIME, FEATURES), name="x"), cr.Input(TIME, name="seen")
    mask = np.arange(TIME) < LENGTHS[:, np.newaxis]
    runs = []
    for truncate in (None, 3):
        layer = LAYERS[kind](UNITS, both_ways=True, truncate=truncate)
        network = Network(inputs=[x, seen], outputs=[cr.Dense(2)(layer(x, seen))])
        runs.append(cr.train(network, [X, mask], Y, epochs=2, engine=engine, progress=False))
    whole, cut = (Network.from_plan(one.network.plan).started(0) for one in runs)
    np.testing.assert_allclose(cut(X, mask), whole(X, mask), rtol=0, atol=1e-15)
    runs[1].save(tmp_path / "run")
    loaded = cr.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.predict([X, mask]), runs[1].predict([X, mask]))


def test_whole_numbers_of_numpy_are_whole_numbers(tmp_path: Path) -> None:
    one: Any = np.int64(1)
    four = 4 * one
    network = Network(
        cr.Conv(four, 3, groups=one),
        cr.Apply("transposed"),
        LSTM(four, truncate=four),
        cr.Dense(2),
    )
    run = cr.train(network, X, Y, epochs=1, progress=False)
    run.save(tmp_path / "run")
    np.testing.assert_array_equal(cr.load(tmp_path / "run").predict(X), run.predict(X))


@pytest.mark.parametrize(("start", "stop"), [(2, 2), (-1, 2), (1, 5), (0, 1.5)])
def test_a_part_that_lies_outside_is_refused(start: Any, stop: Any) -> None:
    for name, shape in (("part_of_sequence", (ROWS, 4, 2)), ("part_of_mask", (ROWS, 4))):
        with pytest.raises(ShapeError, match="There is no part"):
            OPS[name].output_shapes([shape], {"start": start, "stop": stop})


@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_sequences_of_several_lengths_are_those_of_pytorch(kind: str, both_ways: bool) -> None:
    torch = pytest.importorskip("torch")
    x, seen = cr.Input((TIME, FEATURES), name="x"), cr.Input(TIME, name="seen")
    layer = LAYERS[kind](UNITS, both_ways=both_ways)
    network = Network(inputs=[x, seen], outputs=[layer(x, seen)], seed=0)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.tensor(X), torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False
    )
    _, hidden = peer_of(torch, kind, network, both_ways)(packed)
    mask = np.arange(TIME) < LENGTHS[:, np.newaxis]
    np.testing.assert_allclose(
        network(X, mask), last_of(kind, hidden).detach().numpy(), rtol=0, atol=1e-14
    )


@pytest.mark.parametrize("kind", LAYERS)
def test_five_steps_of_adam_are_those_of_pytorch(kind: str) -> None:
    torch = pytest.importorskip("torch")
    network = network_of(LAYERS[kind](UNITS), cr.Dense(2))
    run = cr.train(
        network,
        X,
        Y,
        loss="mean_squared_error",
        optimizer=cr.Adam(learning_rate=0.01),
        epochs=5,
        batch_size=None,
        dtype="float64",
        progress=False,
    )
    peer, head = peer_of(torch, kind, network), torch.nn.Linear(UNITS, 2).double()
    parameters = network.parameters
    head.weight.data = torch.tensor(parameters["dense_1.W"].T.copy())
    head.bias.data = torch.tensor(parameters["dense_1.b"])
    if kind != "GRU":
        # One of PyTorch's two biases is one too many, and would double the step.
        peer.bias_hh_l0.requires_grad_(False)
    trained = [one for one in (*peer.parameters(), *head.parameters()) if one.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=0.01)
    for _ in range(5):
        optimizer.zero_grad()
        mean_square(torch, head(last_of(kind, peer(torch.tensor(X))[1]))).backward()
        optimizer.step()
    layer = next(iter(parameters)).split(".")[0]
    made = run.network.parameters
    np.testing.assert_allclose(
        made[f"{layer}.U"], peer.weight_hh_l0.detach().numpy().T, rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        made["dense_1.W"], head.weight.detach().numpy().T, rtol=1e-9, atol=1e-12
    )


def shifted(network: Network, direction: dict[str, Any], step: float) -> Network:
    return network.with_parameters(
        {name: one + step * direction[name] for name, one in network.parameters.items()}
    )


@pytest.mark.parametrize("kind", LAYERS)
def test_each_row_has_its_gradient_and_all_of_them_their_mean(kind: str) -> None:
    network = network_of(LAYERS[kind](UNITS, both_ways=True), cr.Dense(2))
    whole = cr.gradient(network, X, Y, "mean_squared_error")
    each = cr.per_example_gradients(network, X, Y, "mean_squared_error")
    for name, one in whole.items():
        np.testing.assert_allclose(each[name].mean(axis=0), one, rtol=1e-12, atol=1e-15)
    alone = cr.gradient(network, X[1:2], Y[1:2], "mean_squared_error")
    for name, one in alone.items():
        np.testing.assert_allclose(each[name][1], one, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", LAYERS)
def test_curvature_goes_through_time(kind: str) -> None:
    network = network_of(LAYERS[kind](UNITS, both_ways=True), cr.Dense(2))
    random = np.random.default_rng(2)
    direction = {name: random.normal(size=one.shape) for name, one in network.parameters.items()}
    made = cr.hessian_vector_product(network, X, Y, direction, "mean_squared_error")
    ahead, back = (
        cr.gradient(shifted(network, direction, step), X, Y, "mean_squared_error")
        for step in (1e-5, -1e-5)
    )
    for name, one in made.items():
        np.testing.assert_allclose(one, (ahead[name] - back[name]) / 2e-5, rtol=1e-6, atol=1e-7)


# ---------------------------------------------------------------- the word


def _two_states(state: Any, x: Any, w: Any) -> Any:
    first, second = slice_of(state, 1, 0, 2), slice_of(state, 1, 2, 4)
    new = tanh(x + first @ w)
    return concatenate((new, second * 0.5 + new), axis=1)


def test_an_unrolled_scan_is_the_scan() -> None:
    def function(start: Any, x: Any, w: Any) -> list[Any]:
        forwards = scan(_two_states, start, (x,), (w,))
        return [forwards, scan(_two_states, start, (forwards[:, :, :2],), (w,), backwards=True)]

    inputs = [Input("start", (ROWS, 4)), Input("x", (ROWS, 5, 2)), Input("w", (2, 2))]
    program = trace(function, inputs, ("forwards", "backwards"))
    flat = unrolled(program)
    check(flat)
    assert [one.word for one in program.equations].count("scan") == 2
    assert all(one.word != "scan" for one in flat.equations)
    random = np.random.default_rng(0)
    given = [random.normal(size=(3, 4)), random.normal(size=(3, 5, 2)), random.normal(size=(2, 2))]
    for made, due in zip(
        reference.evaluate(flat, given), reference.evaluate(program, given), strict=True
    ):
        np.testing.assert_array_equal(made, due)


def test_a_program_without_a_scan_is_not_traced_again() -> None:
    program = trace(lambda x: [tanh(x)], [Input("x", (ROWS, 2))], ("y",))
    assert unrolled(program) is program


def test_forward_and_backward_are_one_scan_each() -> None:
    lstm = OPS["lstm"]

    def function(grad: Any, *given: Any) -> tuple[Any, ...]:
        y = lstm.forward(*given)
        return lstm.backward((grad, y[1]), y, *given)

    shapes = ((ROWS, 6, 3), (ROWS, 8), (3, 16), (4, 16), (16,))
    inputs = [Input("grad", (ROWS, 6, 4))]
    inputs += [Input(f"x{place}", shape) for place, shape in enumerate(shapes)]
    program = trace(function, inputs, ("x", "start", "w", "u", "b"))
    words = [one.word for one in program.equations]
    assert words.count("scan") == 2
    # The products with the weights stand outside, one for all times.
    assert words.count("matmul") == 2
    assert words.count("contract") == 2
    assert [program.marks[number] for number in program.outputs] == ["row", "row", *["sum"] * 3]


def _per_row_sum(state: Any, x: Any, w: Any) -> Any:
    return state + x * w


def test_what_fixed_values_gain_is_summed_outside() -> None:
    """A step in which a fixed value meets rows element by element, and its gradient."""

    def function(start: Any, x: Any, w: Any, grad: Any) -> tuple[Any, ...]:
        y = scan(_per_row_sum, start, (x,), (w,))
        equation = y.recorder.equations[-1]
        return OPS["scan"].backward(grad, y, start, x, w, **dict(equation[2]))

    inputs = [
        Input("start", (ROWS, 2)),
        Input("x", (ROWS, 3, 2)),
        Input("w", (2,)),
        Input("grad", (ROWS, 3, 2)),
    ]
    program = trace(function, inputs, ("start", "x", "w"))
    random = np.random.default_rng(0)
    given = [random.normal(size=one) for one in ((4, 2), (4, 3, 2), (2,), (4, 3, 2))]
    _, _, at_w = reference.evaluate(program, given)
    later = np.cumsum(given[3][:, ::-1], axis=1)[:, ::-1]
    np.testing.assert_allclose(at_w, np.sum(later * given[1], axis=(0, 1)), rtol=1e-13)


# ---------------------------------------------------------------- how gates start


@pytest.mark.parametrize("truncate", [None, 3])
def test_gates_start_for_times_up_to_the_length_of_the_sequence(truncate: int | None) -> None:
    lstm = network_of(LSTM(400, bias="chrono", truncate=truncate)).parameters["lstm_1.b"]
    enters, keeps, *others = lstm.reshape(4, 400)
    assert not np.any(others)
    np.testing.assert_array_equal(enters, -keeps)
    # exp of it is uniform from 1 to the length less 1.
    times = np.exp(keeps)
    assert (times.min(), times.max()) == pytest.approx((1.0, TIME - 1.0), abs=0.1)
    assert times.mean() == pytest.approx(TIME / 2, abs=0.2)
    parameters = network_of(GRU(400, bias="chrono 50", truncate=truncate)).parameters
    reset, update, content = parameters["gru_1.b"].reshape(3, 400)
    assert not (reset.any())
    assert not (content.any())
    assert not (parameters["gru_1.c"].any())
    assert np.exp(update).max() == pytest.approx(49.0, abs=1.0)


def test_a_start_of_gates_keeps_the_state() -> None:
    kept = {}
    for bias in ("zeros", "chrono 1000"):
        network = network_of(GRU(50, every_step=True, bias=bias, recurrent_weights="zeros"))
        # Nothing but the first entry says anything; then a state falls by its gate at each time.
        x = np.zeros((1, TIME, FEATURES))
        x[0, 0] = [1.0, -2.0, 3.0]
        made = network(x)[0]
        kept[bias] = np.median(made[-1] / made[0])
    assert kept["zeros"] == pytest.approx(0.5 ** (TIME - 1))
    assert kept["chrono 1000"] > 0.9


def test_an_lstm_forgets_as_it_is_told() -> None:
    usual, other = (network_of(one).parameters["lstm_1.b"] for one in (
        LSTM(3), LSTM(3, bias="forget_gate 2.5")))  # fmt: skip
    assert usual.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert other.tolist() == (2.5 * usual).tolist()
    ways = network_of(LSTM(3, bias="chrono", both_ways=True)).parameters
    assert (ways["lstm_1.forwards.b"] != ways["lstm_1.backwards.b"])[3:6].all()


def test_chrono_starts_gates_alone() -> None:
    place = Place((8,), 2, 2, 0, "start of b")
    for settings in ({"longest": 1.0}, {"gates": 5.0}, {"gates": 3.0}):
        with pytest.raises(SetupError, match="chrono"):
            initializer("chrono", **settings).draw(place)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda: LSTM(0), "has no width"),
        (lambda: GRU(3, truncate=0), "is no number of entries"),
        (lambda: GRU(3, backwards=True, both_ways=True), "backwards and both ways"),
        # A run of it could be kept, and not be read again.
        (lambda: GRU(3, backwards=1), "GRU has backwards=1"),
        (lambda: Recurrent(3, "sigmoid"), "cannot have the activation 'sigmoid'"),
        (lambda: Recurrent(3, bias="chrono"), "Recurrent has no gates that 'chrono'"),
        (lambda: GRU(4, bias="forget_gate"), "GRU has no forget gate"),
        (lambda: LSTM(3, bias="chromo"), "no initializer 'chromo'"),
    ],
)
def test_settings_that_cannot_be_are_refused(make: Callable[[], Any], cause: str) -> None:
    with pytest.raises(SetupError, match=cause):
        make()


def test_what_is_no_sequence_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"reads sequences \(n, time, features\)"):
        Network(LSTM(3)).sized({"x": (4,)})
    with pytest.raises(ShapeError, match="Recurrent layers in front of it need every_step=True"):
        Network(LSTM(3), LSTM(3)).sized({"x": (4, 2)})


def test_weights_that_do_not_fit_say_what_would() -> None:
    with pytest.raises(ShapeError, match="Give 4 columns for each unit, 12"):
        OPS["lstm"].output_shapes([(ROWS, 5, 2), (ROWS, 6), (2, 9), (3, 9), (9,)], {})


def test_a_step_that_changes_the_shape_of_its_state_is_refused() -> None:
    def wider(state: Any, x: Any) -> Any:
        return concatenate((state, x), axis=1)

    with pytest.raises(ShapeError, match="A step makes"):
        trace(
            lambda start, x: [scan(wider, start, (x,))],
            [Input("start", (ROWS, 2)), Input("x", (ROWS, 3, 2))],
            ("y",),
        )


def test_layers_say_what_they_are() -> None:
    assert repr(LSTM(8)) == "LSTM(8)"
    assert (
        repr(GRU(8, every_step=True, both_ways=True)) == "GRU(8, every_step=True, both_ways=True)"
    )
    assert repr(Recurrent(8, "relu", truncate=4)) == "Recurrent(8, 'relu', truncate=4)"


@pytest.mark.parametrize("name", ["lstm", "lstm_where_seen", "gru", "gru_where_seen"])
def test_an_output_that_nothing_reads_has_a_gradient_of_zeros(name: str) -> None:
    one = OPS[name]
    example = one.examples[0]
    random = np.random.default_rng(3)
    sizes = {**example.sizes, "n": 3}
    given: list[Any] = []
    for slot in one.pattern.inputs:
        shape = tuple(sizes[size] for size in slot.sizes)
        seen = random.random(shape) < 0.7
        given.append(seen if slot.kind == "boolean" else random.normal(size=shape))
    made = one.forward(*given)
    full = [random.normal(size=part.shape) for part in made]
    for place in range(2):
        spared = tuple(None if at == place else grad for at, grad in enumerate(full))
        zeros = tuple(np.zeros_like(grad) if at == place else grad for at, grad in enumerate(full))
        for left, right in zip(
            one.backward(spared, made, *given), one.backward(zeros, made, *given), strict=True
        ):
            if left is not None:
                np.testing.assert_allclose(left, right, rtol=1e-13, atol=1e-15)
