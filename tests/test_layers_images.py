"""Layers of images and signals: sizes, padding, ties, what is refused, whole trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import chainrule as cr
from chainrule.errors import ChainruleError
from chainrule.network.backpropagation import gradient
from chainrule.network.derivatives import (
    hessian_vector_product,
    input_jacobian,
    jacobian,
    per_example_gradients,
)
from chainrule.network.layers import Layer
from chainrule.ops import OPS
from chainrule.ops.op import Example
from chainrule.testing import check_op

QUIET: dict[str, Any] = {"progress": False}


def images(rows: int = 12, shape: tuple[int, ...] = (1, 6, 5), seed: int = 0) -> NDArray[Any]:
    return np.random.default_rng(seed).normal(size=(rows, *shape))


def made_shape(shape: tuple[int, ...], *layers: Layer) -> tuple[int, ...]:
    plan = cr.Network(cr.Input(shape), *layers).plan
    return plan.shapes[plan.outputs[0]]


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize("size", [4, 5, 7])
@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding_keeps_a_place_for_every_stride(
    size: int, kernel: int, stride: int, dilation: int
) -> None:
    layer = cr.Conv(2, kernel, stride, dilation=dilation)
    network = cr.Network(cr.Input((1, size)), layer, seed=0)
    assert network.plan.shapes["conv_1"] == (2, -(-size // stride))
    assert network(images(3, (1, size))).shape == (3, 2, -(-size // stride))
    ((before, after),) = network.plan.steps[0].settings["padding"]
    assert after - before in (0, 1)


@pytest.mark.parametrize(
    ("layer", "due"),
    [
        (cr.Conv(4, 3, padding="valid"), (4, 4, 3)),
        (cr.Conv(4, (3, 2), padding=1), (4, 6, 6)),
        (cr.Conv(4, 3, (2, 1), ((0, 1), 2)), (4, 3, 7)),
        (cr.Conv(4, 2, dilation=(3, 1), padding="valid"), (4, 3, 4)),
        (cr.MaxPool(2), (1, 3, 2)),
        (cr.MaxPool(2, padding="same"), (1, 3, 3)),
        (cr.MaxPool((3, 2), 1), (1, 4, 4)),
        (cr.AveragePool(3, 2, 1), (1, 3, 3)),
        (cr.GlobalAveragePool(), (1,)),
        (cr.GlobalMaxPool(), (1,)),
        (cr.Flatten(), (30,)),
    ],
    ids=repr,
)
def test_shapes_of_images(layer: Layer, due: tuple[int, ...]) -> None:
    assert made_shape((1, 6, 5), layer) == due
    assert cr.Network(cr.Input((1, 6, 5)), layer, seed=0)(images(2)).shape == (2, *due)


def test_a_signal_or_an_image_by_the_axes_before() -> None:
    assert made_shape((3, 8), cr.Conv(4, 3), cr.MaxPool(2)) == (4, 4)
    assert made_shape((3, 8, 6), cr.Conv(4, 3), cr.MaxPool(2)) == (4, 4, 3)
    assert made_shape((8, 8), cr.Conv(4, (3,))) == (4, 8)
    assert made_shape((64, 9), cr.Conv(4, 3)) == (4, 9)


def test_a_network_of_images_is_printed() -> None:
    network = cr.Network(
        cr.Input((1, 8, 8)),
        cr.Conv(4, 3, activation="relu"),
        cr.MaxPool(2),
        cr.Residual(cr.Conv(4, 3, activation="relu"), cr.Conv(4, 3)),
        cr.GlobalAveragePool(),
        cr.Dense(10),
    )
    lines = str(network).splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [
        "x", "conv_1", "max_pool_1", "residual_1.conv_1", "residual_1.conv_2", "residual_1",
        "global_average_pool_1", "dense_1",
    ]  # fmt: skip
    assert "input" in lines[1]
    assert lines[1].rstrip().endswith("n x 1 x 8 x 8")
    assert "n x 4 x 8 x 8  W 4 x 1 x 3 x 3, b 4" in lines[2]
    assert "n x 4 x 4 x 4  W 4 x 4 x 3 x 3, b 4    148" in lines[4]
    assert lines[-1] == "386 parameters"


def test_what_a_number_of_a_kernel_means() -> None:
    network = cr.Network(cr.Input((4, 6, 5)), cr.Conv(6, 3, groups=2), cr.Flatten(), cr.Dense())
    run = cr.train(network, images(8, (4, 6, 5)), np.arange(8) % 2, epochs=1, **QUIET)
    kernel = "to channel 4 of conv_1, at place (2, 0) of its kernel"
    assert run.means("conv_1.W[4,1,2,0]") == f"from channel 3 of x {kernel}"
    assert run.means("conv_1.W[0,1,0,0]").startswith("from channel 1 of x to channel 0 of conv_1")
    assert run.means("conv_1.W") == "from every channel of x to every channel of conv_1"
    assert run.means("conv_1.b[2]") == "the bias of unit 2 of conv_1"


# ---------------------------------------------------------------- padding and ties


def test_padding_that_no_memory_holds_is_refused_before_it_is_counted() -> None:
    network = cr.Network(cr.Input((1, 6, 6)), cr.Conv(2, 2, dilation=10**9)).started(0)
    with pytest.raises(cr.ShapeError, match="no memory holds"):
        network(np.ones((3, 1, 6, 6)))


def test_padding_is_never_the_largest() -> None:
    x = -1.0 - np.abs(images(3))
    y = cr.Network(cr.Input((1, 6, 5)), cr.MaxPool(3, 1, 1))(x)
    assert (y < 0).all()
    assert y[0, 0, 0, 0] == x[0, 0, :2, :2].max()


def test_a_mean_counts_what_is_inside() -> None:
    y = cr.Network(cr.Input((1, 6, 5)), cr.AveragePool(3, 1, 1))(np.full((2, 1, 6, 5), 7.0))
    np.testing.assert_allclose(y, 7.0, rtol=1e-15)


@pytest.mark.parametrize("name", ["max_pooling_2d", "global_max_pooling"])
def test_ties_share_the_gradient_as_jax_shares_it(name: str) -> None:
    jax = pytest.importorskip("jax")
    one = OPS[name]
    x = np.random.default_rng(1).integers(0, 2, size=(3, 2, 4, 4)).astype(float)
    y = one.forward(x)
    grad_y = images(1, y.shape, seed=2)[0]
    (made,) = one.backward(grad_y, y, x)
    with jax.enable_x64(True):
        _, pull = jax.vjp(one.forward, jax.numpy.asarray(x))
        (due,) = pull(jax.numpy.asarray(grad_y))
    np.testing.assert_allclose(made, due, rtol=1e-13)
    assert np.sum(made) == pytest.approx(np.sum(grad_y))
    four = np.ones((1, 1, 2, 2))
    (shared,) = one.backward(np.ones_like(one.forward(four)), one.forward(four), four)
    assert shared.tolist() == [[[[0.25, 0.25], [0.25, 0.25]]]]


def test_a_window_may_leave_places_out() -> None:
    one = OPS["max_pooling_1d"]
    example = Example(sizes={"c": 1, "l": 8}, settings={"size": (2,), "stride": (3,)})
    assert not check_op(one, examples=[example], jax=False)
    assert not check_op(OPS["average_pooling_1d"], examples=[example], jax=False)


# ---------------------------------------------------------------- derivatives of a whole network


def deep() -> cr.Network:
    return cr.Network(
        cr.Input((1, 6, 5)),
        cr.Conv(2, 3, activation="tanh"),
        cr.AveragePool(2, 2, 1),
        cr.Residual(cr.Conv(2, 2, activation="tanh")),
        cr.MaxPool(2, 1),
        cr.Flatten(),
        cr.Dense(2),
        seed=3,
    )


def test_gradients_of_single_rows_are_those_of_the_rows_alone() -> None:
    network, x = deep(), images(4)
    y = np.random.default_rng(1).normal(size=(4, 2))
    rows = per_example_gradients(network, x, y)
    for place in range(4):
        alone = gradient(network, x[place : place + 1], y[place : place + 1])
        for name, one in alone.items():
            np.testing.assert_allclose(rows[name][place], one, rtol=1e-11, atol=1e-14)


def test_jacobians_and_curvature_are_those_of_differences() -> None:
    network, x = deep(), images(3)
    flat = {name: one.copy() for name, one in network.parameters.items()}
    random = np.random.default_rng(2)
    change = {name: random.normal(size=one.shape) for name, one in flat.items()}
    y = random.normal(size=(3, 2))
    step = 1e-6

    def moved(sign: float) -> cr.Network:
        return network.with_parameters(
            {name: one + sign * step * change[name] for name, one in flat.items()}
        )

    slopes = sum(
        np.tensordot(one, change[name], axes=change[name].ndim)
        for name, one in jacobian(network, x).items()
    )
    due = (moved(1)(x) - moved(-1)(x)) / (2 * step)
    np.testing.assert_allclose(slopes, due, rtol=1e-7, atol=1e-8)
    made = hessian_vector_product(network, x, y, change)
    ahead, behind = gradient(moved(1), x, y), gradient(moved(-1), x, y)
    for name, one in made.items():
        np.testing.assert_allclose(
            one, (ahead[name] - behind[name]) / (2 * step), rtol=1e-6, atol=1e-7
        )
    at_inputs = input_jacobian(network, x)
    assert at_inputs.shape[:2] == (3, 2)


# ---------------------------------------------------------------- whole trainings


def bars(rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images with one bright line, which stands or lies: no single pixel tells which."""
    random = np.random.default_rng(5)
    x = 0.1 * random.normal(size=(rows, 1, 6, 6))
    y = random.integers(0, 2, size=rows)
    for row, place in enumerate(random.integers(0, 6, size=rows)):
        x[row, 0, :, place] += y[row]
        x[row, 0, place, :] += 1 - y[row]
    return x, np.array(["lies", "stands"])[y]


def bar_network() -> cr.Network:
    return cr.Network(cr.Conv(4, 3, activation="relu"), cr.GlobalMaxPool(), cr.Dense())


def test_images_are_learned_saved_and_gone_on_with(tmp_path: Path) -> None:
    x, y = bars(200)
    choices = {"optimizer": cr.Adam(learning_rate=0.02), "seed": 1, "batch_size": 25, **QUIET}
    run = cr.train(bar_network(), x[:160], y[:160], epochs=20, validation=0.2, **choices)
    assert np.mean(run.predict(x[160:]) == y[160:]) > 0.9
    run.save(tmp_path / "run")
    again = cr.load(tmp_path / "run")
    np.testing.assert_array_equal(again.predict_proba(x), run.predict_proba(x))
    half = cr.train(bar_network(), x, y, epochs=2, **choices)
    whole = cr.train(bar_network(), x, y, epochs=4, **choices)
    more = cr.train(half, epochs=2, progress=False)
    for name, one in whole.network.parameters.items():
        np.testing.assert_array_equal(more.network.parameters[name], one)


def test_one_trunk_and_several_heads() -> None:
    x, y = bars(60)
    rows = cr.Input((1, 6, 6))
    trunk = cr.GlobalMaxPool()(cr.Conv(4, 3, activation="relu")(rows))
    network = cr.Network(inputs=[rows], outputs=[cr.Dense(2)(trunk), cr.Dense(1)(trunk)])
    brightness = x.sum(axis=(1, 2, 3))
    run = cr.train(network, x, [y, brightness], epochs=3, **QUIET)
    labels, numbers = run.predict(x)
    assert set(labels) <= {"lies", "stands"}
    assert numbers.shape == (60,)


def test_channels_are_joined() -> None:
    rows = cr.Input((1, 6, 5))
    left, right = cr.Conv(2, 3)(rows), cr.Conv(3, 1)(rows)
    both = cr.Network(inputs=[rows], outputs=[cr.Concatenate()(left, right)], seed=0)
    x = images(2)
    made = both(x)
    alone = cr.Network(inputs=[rows], outputs=[left, right], parameters=both.parameters)
    np.testing.assert_array_equal(made, np.concatenate(alone(x), axis=1))


def test_a_convolution_started_orthogonal_has_rows_at_right_angles() -> None:
    network = cr.Network(cr.Input((2, 6, 5)), cr.Conv(4, 3, weights="orthogonal"), seed=0)
    flat = network.parameters["conv_1.W"].reshape(4, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(4), atol=1e-12)


def test_he_start_of_a_convolution_counts_the_places_of_the_kernel() -> None:
    network = cr.Network(cr.Input((8, 6, 5)), cr.Conv(64, 3, activation="relu"), seed=0)
    assert network.parameters["conv_1.W"].std() == pytest.approx((2 / 72) ** 0.5, rel=0.05)


# ---------------------------------------------------------------- refused


def row_of(*layers: Layer, shape: tuple[int, ...] = (1, 6, 5)) -> Any:
    return lambda: cr.Network(cr.Input(shape), *layers)


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (row_of(cr.Conv(2, 3), cr.Dense(2)), ["dense_1, Dense(2)", "(n, 2, 6, 5)", "Flatten()"]),
        (row_of(cr.Dense(2)), ["(n, 1, 6, 5)", "Flatten()"]),
        (
            row_of(cr.Conv(2, 3), cr.Dense(2), shape=(1, 9)),
            ["conv_1 is (n, 2, 9)", "Flatten()", "transposed"],
        ),
        (row_of(cr.Conv(2, 3), cr.LayerNorm()), ["channels stand first"]),
        (row_of(cr.Conv(2, 3, activation="softmax")), ["channels stand first"]),
        (row_of(cr.Conv(2, 3), shape=(9,)), ["(n, 9)", "X[:, None]"]),
        (
            row_of(cr.Conv(2, 3), shape=(8, 8)),
            ["without an axis of channels", "X[:, None]", "Input((1, 8, 8))", "Conv(2, (3,))"],
        ),
        (row_of(cr.Conv(2, (3, 3)), shape=(64, 9)), ["X[:, None]", "Conv(2, (3,))"]),
        (row_of(cr.Conv(2, 3), shape=(9, 9, 3)), ["X.transpose(0, 3, 1, 2)"]),
        (row_of(cr.Conv(2, 3), shape=(1, 4, 4, 4)), ["(n, 1, 4, 4, 4)", "one axis or two"]),
        (
            row_of(cr.Conv(2, 7, padding="valid")),
            ["needs a length of 7, and there is one of 6", "Give it 6 at most, or 1 more"],
        ),
        (
            row_of(cr.Conv(2, 3, dilation=4, padding="valid")),
            ["3 places, a dilation of 4 apart,", "Give it 2 at most, or 3 more"],
        ),
        (row_of(cr.Conv(2, 3, groups=2)), ["1 channels and 2 filters among 2 groups"]),
        (row_of(cr.Conv(2, (3,))), ["size of conv_1", "1 axes", "slides over 2"]),
        (row_of(cr.MaxPool(2, padding=2)), ["nothing but padding", "Pad by 1 at most"]),
        (row_of(cr.MaxPool(7)), ["needs a length of 7"]),
        (row_of(cr.GlobalAveragePool(), shape=(4,)), ["(n, 4)", "Leave it out"]),
        (
            row_of(cr.Residual(cr.Conv(2, 3)), shape=(1, 6, 5)),
            ["adds x (n, 1, 6, 5) to residual_1.conv_1 (n, 2, 6, 5)", "project=True"],
        ),
        (row_of(cr.Residual(cr.Flatten(), project=True)), ["no projection"]),
        (lambda: cr.Conv(0, 3), ["filters=0", "from 1"]),
        (lambda: cr.Conv(2, 3, groups=1.5), ["groups=1.5"]),
        (lambda: cr.Conv(2, (3, 3, 3)), ["size of Conv is (3, 3, 3)"]),
        (lambda: cr.Conv(2, 3, stride=0), ["stride of Conv is 0"]),
        (lambda: cr.Conv(2, 3, padding="full"), ["padding of Conv is 'full'"]),
        (lambda: cr.Conv(2, 3, padding=-1), ["padding of Conv is -1"]),
        (lambda: cr.Conv(2, 3, activation="rellu"), ["no activation 'rellu'", "relu"]),
        (lambda: cr.GlobalMaxPool("rows"), ["'rows'", "'time'"]),
        (lambda: cr.Residual(), ["no layer"]),
        (lambda: cr.Input((1, 0)), ["Input((1, 0)) has no size"]),
        (lambda: cr.Input((1, None)), ["Input((1, None))"]),
        (lambda: cr.Concatenate("rows"), ["'rows'"]),
    ],
)
def test_refused_with_a_remedy(make: Any, parts: list[str]) -> None:
    with pytest.raises(ChainruleError) as found:
        make()
    assert found.value.remedy
    for part in parts:
        assert part in str(found.value)


@pytest.mark.parametrize(
    ("shape", "parts"),
    [
        ((8, 8), ["each row has 8 x 8 numbers", "X[:, None]"]),
        ((64,), ["n 1 8 8", "X.reshape(-1, 1, 8, 8)"]),
        ((3, 8, 8), ["3 x 8 x 8", "Input()"]),
    ],
)
def test_rows_of_another_shape_are_refused(shape: tuple[int, ...], parts: list[str]) -> None:
    network = cr.Network(cr.Input((1, 8, 8)), cr.Conv(2, 3), cr.Flatten(), cr.Dense())
    with pytest.raises(ChainruleError) as found:
        cr.train(network, images(6, shape), np.arange(6) % 2, epochs=1, **QUIET)
    for part in parts:
        assert part in str(found.value)


def test_rows_of_another_shape_are_not_predicted() -> None:
    x, y = bars(40)
    run = cr.train(bar_network(), x, y, epochs=1, **QUIET)
    with pytest.raises(ChainruleError, match="was given"):
        run.predict(x[:, 0])
    with pytest.raises(ChainruleError, match="validation rows are"):
        cr.train(run.network, x, y, validation=(x[:, 0], y), epochs=1, **QUIET)


def test_an_output_that_is_no_row_of_numbers_is_refused() -> None:
    x, y = bars(20)
    with pytest.raises(ChainruleError, match="a loss takes"):
        cr.train(cr.Network(cr.Conv(2, 3)), x, y, epochs=1, **QUIET)
    with pytest.raises(ChainruleError, match="Flatten"):
        gradient(cr.Network(cr.Input((1, 6, 6)), cr.Conv(2, 3), seed=0), x, np.zeros((20, 2)))
