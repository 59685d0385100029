"""Layers of images and sequences against PyTorch's, from the same parameters.

Each case is written twice: as layers, and as PyTorch's own functions over parameters that have our
names. Outputs, all gradients and five steps of Adam in float64 must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import chainrule as cr
from chainrule.engines import native
from chainrule.engines.door import ENGINES
from chainrule.network.backpropagation import backpropagate
from chainrule.network.layers import Layer
from chainrule.ops import OPS

torch = pytest.importorskip("torch", reason="needs PyTorch")
functional = torch.nn.functional

Tensors = Mapping[str, Any]
ROWS = 6
# PyTorch says so once for even kernels, and pads as asked.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


@dataclass(frozen=True)
class Case:
    """Layers in a row, or a network; the same in PyTorch; and the shape of one row."""

    network: Callable[[], cr.Network]
    there: Callable[..., Any]
    shape: tuple[int, ...]
    tokens: int = 0
    masked: bool = False


def in_a_row(shape: tuple[int, ...], *layers: Layer) -> Callable[[], cr.Network]:
    return lambda: cr.Network(cr.Input(shape), *layers)


def dense(p: Tensors, x: Any, name: str = "dense_1") -> Any:
    return functional.linear(x, p[f"{name}.W"].T, p[f"{name}.b"])


def convolved(p: Tensors, x: Any, name: str = "conv_1", **settings: Any) -> Any:
    function = functional.conv1d if x.ndim == 3 else functional.conv2d
    return function(x, p[f"{name}.W"], p.get(f"{name}.b"), **settings)


def flat(p: Tensors, x: Any) -> Any:
    return dense(p, x.flatten(1))


def convolution_cases() -> dict[str, Case]:
    def odd(p: Tensors, x: Any) -> Any:
        padded = functional.pad(x, (2, 0, 1, 3))
        return flat(p, torch.tanh(convolved(p, padded, stride=(2, 1), dilation=(1, 2))))

    skewed = cr.Conv(3, (3, 2), (2, 1), ((1, 3), (2, 0)), (1, 2), activation="tanh")
    both = {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}
    return {
        "signal": Case(
            in_a_row((2, 9), cr.Conv(3, 3, activation="tanh"), cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, torch.tanh(convolved(p, x, padding=1))),
            (2, 9),
        ),
        "signal, all settings": Case(
            in_a_row((4, 11), cr.Conv(6, 3, 2, 2, 2, 2, "tanh"), cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, torch.tanh(convolved(p, x, **both))),
            (4, 11),
        ),
        "image, same size": Case(
            in_a_row((2, 5, 4), cr.Conv(3, (3, 2), activation="tanh"), cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, torch.tanh(convolved(p, x, padding="same"))),
            (2, 5, 4),
        ),
        "image, all settings": Case(
            in_a_row((4, 7, 6), cr.Conv(6, 3, 2, 2, 2, 2, "tanh"), cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, torch.tanh(convolved(p, x, **both))),
            (4, 7, 6),
        ),
        "image, each channel by itself": Case(
            in_a_row((3, 5, 5), cr.Conv(6, 3, padding=0, groups=3), cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, convolved(p, x, groups=3)),
            (3, 5, 5),
        ),
        "image, uneven in everything": Case(
            in_a_row((2, 6, 5), skewed, cr.Flatten(), cr.Dense(2)), odd, (2, 6, 5)
        ),
        "image, no bias": Case(
            in_a_row((2, 4, 4), cr.Conv(3, 2, padding=0, bias=None), cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, convolved(p, x)),
            (2, 4, 4),
        ),
    }


def pooling_cases() -> dict[str, Case]:
    def case(layer: Layer, there: Callable[..., Any], shape: tuple[int, ...]) -> Case:
        first = cr.Conv(3, 3, activation="tanh")
        network = in_a_row(shape, first, layer, cr.Flatten(), cr.Dense(2))
        return Case(
            network, lambda p, x: flat(p, there(torch.tanh(convolved(p, x, padding=1)))), shape
        )

    inside = {"count_include_pad": False}
    return {
        "max": case(cr.MaxPool(2), lambda x: functional.max_pool2d(x, 2), (2, 6, 5)),
        "max, overlapping": case(
            cr.MaxPool(3, 2, 1), lambda x: functional.max_pool2d(x, 3, 2, 1), (2, 6, 7)
        ),
        "max of a signal": case(
            cr.MaxPool(3, 1, 1), lambda x: functional.max_pool1d(x, 3, 1, 1), (2, 7)
        ),
        "mean": case(cr.AveragePool(2), lambda x: functional.avg_pool2d(x, 2), (2, 6, 5)),
        "mean, overlapping": case(
            cr.AveragePool((3, 2), (2, 1), (1, 1)),
            lambda x: functional.avg_pool2d(x, (3, 2), (2, 1), (1, 1), **inside),
            (2, 6, 7),
        ),
        "mean of a signal": case(
            cr.AveragePool(3, 2, 1),
            lambda x: functional.avg_pool1d(x, 3, 2, 1, **inside),
            (2, 7),
        ),
        "mean of all places": case(
            cr.GlobalAveragePool(), lambda x: functional.adaptive_avg_pool2d(x, 1), (2, 4, 3)
        ),
        "largest of all places": case(
            cr.GlobalMaxPool(), lambda x: functional.adaptive_max_pool1d(x, 1), (2, 6)
        ),
    }


def attended(p: Tensors, x: Any, heads: int, mask: Any = None, causal: bool = False) -> Any:
    """PyTorch's own layer, with our parameters in the places of its own."""
    width = x.shape[-1]
    module = torch.nn.MultiheadAttention(width, heads, batch_first=True).double()
    parts = ("query", "key", "value")
    own = {
        "in_proj_weight": torch.cat([p[f"attention_1.{one}.W"].T for one in parts]),
        "in_proj_bias": torch.cat([p[f"attention_1.{one}.b"] for one in parts]),
        "out_proj.weight": p["attention_1.output.W"].T,
        "out_proj.bias": p["attention_1.output.b"],
    }
    later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if causal else None
    settings = {
        "key_padding_mask": None if mask is None else ~mask, "attn_mask": later,
        "need_weights": False,
    }  # fmt: skip
    return torch.func.functional_call(module, own, (x, x, x), settings)[0]


def masked_network() -> cr.Network:
    tokens, mask = cr.Input((5,), name="tokens"), cr.Input((5,), name="mask")
    x = cr.Embedding(7, 4, start="glorot_normal")(tokens)
    y = cr.GlobalAveragePool(over="time")(cr.Attention(2)(x, mask), mask)
    return cr.Network(inputs=[tokens, mask], outputs=[cr.Dense(2)(y)])


def masked_there(p: Tensors, tokens: Any, mask: Any) -> Any:
    y = attended(p, functional.embedding(tokens, p["embedding_1.table"]), 2, mask)
    real = mask[..., None].double()
    return dense(p, (y * real).sum(1) / real.sum(1))


def sequence_cases() -> dict[str, Case]:
    def normal(p: Tensors, x: Any) -> Any:
        made = [p["layer_norm_1.gain"], p["layer_norm_1.bias"]]
        return functional.layer_norm(x, x.shape[-1:], *made)

    def at_each_time(p: Tensors, x: Any) -> Any:
        return dense(p, torch.tanh(dense(p, x)).amax(1), "dense_2")

    def causal(p: Tensors, x: Any) -> Any:
        return flat(p, attended(p, x, 1, causal=True))

    words = cr.Embedding(7, 3, start="glorot_normal")
    return {
        "embedding": Case(
            in_a_row((4,), words, cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, functional.embedding(x, p["embedding_1.table"])),
            (4,),
            tokens=7,
        ),
        "layer norm of features": Case(
            in_a_row((5,), cr.LayerNorm(), cr.Dense(2)), lambda p, x: dense(p, normal(p, x)), (5,)
        ),
        "layer norm of a sequence": Case(
            in_a_row((3, 4), cr.LayerNorm(), cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, normal(p, x)),
            (3, 4),
        ),
        "dense at each time": Case(
            in_a_row((3, 4), cr.Dense(5, "tanh"), cr.GlobalMaxPool("time"), cr.Dense(2)),
            at_each_time,
            (3, 4),
        ),
        "attention": Case(
            in_a_row((4, 6), cr.Attention(3), cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, attended(p, x, 3)),
            (4, 6),
        ),
        "causal attention": Case(
            in_a_row((4, 6), cr.Attention(causal=True), cr.Flatten(), cr.Dense(2)), causal, (4, 6)
        ),
        "tokens and a mask": Case(masked_network, masked_there, (5,), tokens=7, masked=True),
    }


def residual_cases() -> dict[str, Case]:
    def block(p: Tensors, x: Any, stride: int) -> Any:
        name = "residual_1.conv_{}".format
        y = torch.tanh(convolved(p, x, name(1), padding=1, stride=stride))
        return convolved(p, y, name(2), padding=1)

    def projected(p: Tensors, x: Any) -> Any:
        beside = functional.conv2d(x, p["residual_1.project.W"], stride=2)
        return flat(p, block(p, x, 2) + beside)

    def normed(p: Tensors, x: Any) -> Any:
        y = dense(p, x, "residual_1.dense_1")
        return dense(p, torch.tanh(y) + x @ p["residual_1.project.W"])

    first, second = cr.Conv(2, 3, activation="tanh"), cr.Conv(2, 3)
    half, more = cr.Conv(3, 3, 2, 1, activation="tanh"), cr.Conv(4, 3)
    return {
        "residual": Case(
            in_a_row((2, 4, 5), cr.Residual(first, second), cr.Flatten(), cr.Dense(2)),
            lambda p, x: flat(p, x + block(p, x, 1)),
            (2, 4, 5),
        ),
        "residual, projected places": Case(
            in_a_row((2, 5, 6), cr.Residual(half, more, project=True), cr.Flatten(), cr.Dense(2)),
            projected,
            (2, 5, 6),
        ),
        "residual, projected features": Case(
            in_a_row((4,), cr.Residual(cr.Dense(3, "tanh"), project=True), cr.Dense(2)),
            normed,
            (4,),
        ),
    }


CASES = {**convolution_cases(), **pooling_cases(), **sequence_cases(), **residual_cases()}


def drawn(case: Case) -> tuple[cr.Network, list[NDArray[Any]], NDArray[np.float64]]:
    """Return the network with parameters that are nowhere 0 or 1, its rows, and a target."""
    random = np.random.default_rng(7)
    network = case.network()
    shapes = {one.name: one.shape for one in network.plan.parameters}
    network = network.with_parameters(
        {name: 0.5 * random.normal(size=shape) for name, shape in shapes.items()}
    )
    x = random.normal(size=(ROWS, *case.shape))
    if case.tokens:
        x = random.integers(0, case.tokens, size=x.shape)
    real = random.integers(1, case.shape[0] + 1, size=ROWS)
    mask = np.arange(case.shape[0]) < real[:, None]
    return network, [x, mask] if case.masked else [x], random.normal(size=(ROWS, 2))


def leaves(network: cr.Network) -> dict[str, Any]:
    return {name: torch.tensor(one, requires_grad=True) for name, one in network.parameters.items()}


def loss_there(case: Case, p: Tensors, xs: list[Any], y: NDArray[Any]) -> Any:
    return 0.5 * ((case.there(p, *xs) - torch.tensor(y)) ** 2).sum(1).mean()


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_gradients_are_those_of_pytorch(name: str) -> None:
    case = CASES[name]
    network, rows, y = drawn(case)
    p = leaves(network)
    xs = [torch.tensor(one, requires_grad=one.dtype.kind == "f") for one in rows]
    np.testing.assert_allclose(
        network(*rows), case.there(p, *xs).detach().numpy(), rtol=1e-12, atol=1e-13
    )
    loss_there(case, p, xs, y).backward()
    ours = backpropagate(network, rows if case.masked else rows[0], y)
    for one, tensor in p.items():
        due = tensor.grad.numpy()
        np.testing.assert_allclose(ours.gradients[one], due, rtol=1e-10, atol=1e-13, err_msg=one)
    made = cr.gradient(network, rows if case.masked else rows[0], y)
    for one, tensor in p.items():
        np.testing.assert_allclose(made[one], tensor.grad.numpy(), rtol=1e-10, atol=1e-13)
    if not case.tokens:
        np.testing.assert_allclose(ours.gradients["x"], xs[0].grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("name", CASES)
def test_five_steps_of_adam_are_those_of_pytorch(name: str, engine: str) -> None:
    if engine == "native" and not native.is_present():
        pytest.skip(f"the compiled engine is not there: {native.why_absent()}")
    case = CASES[name]
    network, rows, y = drawn(case)
    p = leaves(network)
    xs = [torch.tensor(one) for one in rows]
    adam = torch.optim.Adam(p.values(), lr=0.02)
    for _ in range(5):
        adam.zero_grad()
        loss_there(case, p, xs, y).backward()
        adam.step()
    run = cr.train(
        network, rows if case.masked else rows[0], y, loss="half_squared_error",
        optimizer=cr.Adam(learning_rate=0.02), epochs=5, batch_size=None, dtype="float64",
        progress=False, engine=engine,
    )  # fmt: skip
    for one, tensor in p.items():
        due = tensor.detach().numpy()
        # A bias of the keys moves all products of a place alike: its gradient is rounding alone.
        atol = 1e-6 if one.endswith("key.b") else 1e-11
        np.testing.assert_allclose(
            run.network.parameters[one], due, rtol=1e-9, atol=atol, err_msg=one
        )


# ---------------------------------------------------------------- any settings, op by op


@st.composite
def slides(draw: Callable[..., Any]) -> dict[str, Any]:
    """Sizes of an image and settings that fit it."""
    axes = st.tuples
    groups = draw(st.integers(1, 3))
    kernel = draw(axes(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(axes(st.integers(1, 2), st.integers(1, 2)))
    padding = draw(axes(st.integers(0, 2), st.integers(0, 2)))
    least = [d * (k - 1) + 1 - 2 * p for k, d, p in zip(kernel, dilation, padding, strict=True)]
    return {
        "rows": draw(st.integers(1, 3)),
        "channels": groups * draw(st.integers(1, 2)),
        "outputs": groups * draw(st.integers(1, 2)),
        "sizes": [max(1, one) + draw(st.integers(0, 4)) for one in least],
        "kernel": kernel,
        "stride": draw(axes(st.integers(1, 3), st.integers(1, 3))),
        "dilation": dilation,
        "padding": padding,
        "groups": groups,
        "seed": draw(st.integers(0, 1000)),
    }


def compared(op: str, arrays: list[Any], slide: dict[str, Any], there: Any, seed: int) -> None:
    """Hold an op's output and gradients to those of a function of PyTorch."""
    tensors = [torch.tensor(one, requires_grad=True) for one in arrays]
    due = there(*tensors)
    y = OPS[op].forward(*arrays, **slide)
    np.testing.assert_allclose(y, due.detach().numpy(), rtol=1e-11, atol=1e-12)
    grad_y = np.random.default_rng(seed).normal(size=y.shape)
    due.backward(torch.tensor(grad_y))
    for made, tensor in zip(OPS[op].backward(grad_y, y, *arrays, **slide), tensors, strict=True):
        np.testing.assert_allclose(made, tensor.grad.numpy(), rtol=1e-11, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(case=slides())
def test_convolutions_of_any_settings_are_those_of_pytorch(case: dict[str, Any]) -> None:
    random = np.random.default_rng(case["seed"])
    x = random.normal(size=(case["rows"], case["channels"], *case["sizes"]))
    of_group = case["channels"] // case["groups"]
    w = random.normal(size=(case["outputs"], of_group, *case["kernel"]))
    b = random.normal(size=case["outputs"])
    same = {name: case[name] for name in ("stride", "dilation", "groups")}
    pairs = tuple((one, one) for one in case["padding"])
    there = partial(functional.conv2d, padding=case["padding"], **same)
    compared("convolution_2d", [x, w, b], {**same, "padding": pairs}, there, case["seed"])
    compared("convolution_2d_no_bias", [x, w], {**same, "padding": pairs}, there, case["seed"])
    first = {name: (one[0],) for name, one in same.items() if name != "groups"}
    alone = {**first, "groups": case["groups"]}
    there = partial(functional.conv1d, padding=case["padding"][:1], **alone)
    line = [x[..., 0], w[..., 0], b]
    compared("convolution_1d", line, {**alone, "padding": pairs[:1]}, there, case["seed"])


@settings(max_examples=40, deadline=None)
@given(case=slides())
def test_poolings_of_any_settings_are_those_of_pytorch(case: dict[str, Any]) -> None:
    kernel = case["kernel"]
    # PyTorch pads by half a window at most.
    padding = tuple(min(p, k // 2) for p, k in zip(case["padding"], kernel, strict=True))
    sizes = [max(one, k) for one, k in zip(case["sizes"], kernel, strict=True)]
    x = np.random.default_rng(case["seed"]).normal(size=(case["rows"], 2, *sizes))
    pairs = tuple((one, one) for one in padding)
    ours = {"size": kernel, "stride": case["stride"], "padding": pairs}
    given_there = (kernel, case["stride"], padding)
    compared("max_pooling_2d", [x], ours, lambda t: functional.max_pool2d(t, *given_there), 0)
    inside = partial(functional.avg_pool2d, count_include_pad=False)
    compared("average_pooling_2d", [x], ours, lambda t: inside(t, *given_there), 0)


@pytest.mark.parametrize(
    ("shape", "layer", "due"),
    [
        ((4, 9, 9), cr.Conv(6, 3), torch.nn.Conv2d(4, 6, 3)),
        ((4, 9, 9), cr.Conv(6, (5, 2), groups=2), torch.nn.Conv2d(4, 6, (5, 2), groups=2)),
        ((4, 9), cr.Conv(8, 3, groups=4), torch.nn.Conv1d(4, 8, 3, groups=4)),
    ],
)
def test_fans_are_those_of_pytorch(shape: tuple[int, ...], layer: Layer, due: Any) -> None:
    made = cr.Network(cr.Input(shape), layer).plan.by_name["conv_1.W"]
    assert made.shape == tuple(due.weight.shape)
    fans = torch.nn.init._calculate_fan_in_and_fan_out(due.weight)
    groups = due.groups
    # PyTorch counts the outputs of all groups, although an input goes into those of its own.
    assert (made.fan_in, made.fan_out * groups) == fans
