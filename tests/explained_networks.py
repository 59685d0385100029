"""Random networks of all kinds of layers, with rows and a loss, by number: for explanations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.ops import ACTIVATIONS

NO_SLOPE = {"step"}
SMOOTH_OR_NOT = sorted(set(ACTIVATIONS) - NO_SLOPE)
ON_NUMBERS = (
    "mean_squared_error", "half_squared_error", "squared_error", "mean_absolute_error", "huber",
    "log_cosh", "quantile",
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A network with rows, their target and a loss; ``training``: as a step of training sees it."""

    network: cr.Network
    x: Any
    y: Any
    loss: str
    training: bool
    seed: int


FAMILIES = ("dense", "graph", "images", "signals", "sequences", "masked", "tokens", "over_time")


def drawn(number: int) -> Drawn:
    """Return the network of a number, the same again each time."""
    random = np.random.default_rng(number)
    family = FAMILIES[number % len(FAMILIES)]
    rows = int(random.integers(2, 4))
    inputs, x, last = _FAMILY[family](random, rows)
    over_time = family == "over_time"
    loss, width = _loss(random)
    outputs = cr.Dense(width, bias=None if random.random() < 0.3 else "zeros")(last)
    network = cr.Network(inputs=inputs, outputs=[outputs], seed=number)
    spread = {name: random.normal(size=one.shape) * 0.8 for name, one in network.parameters.items()}
    network = network.with_parameters({**spread, **_state(network, random)})
    shape = network.plan.shapes[network.plan.outputs[0]]
    y = _target(random, loss, (rows, *shape))
    data = x[0] if len(x) == 1 else x
    training = bool(random.random() < 0.5) and not over_time
    return Drawn(network, data, y, loss, training, number)


def _state(network: cr.Network, random: Any) -> dict[str, Any]:
    return {name: random.uniform(0.4, 1.6, size=one.shape) for name, one in network.state.items()}


def _loss(random: Any) -> tuple[str, int]:
    every = (*ON_NUMBERS, "cross_entropy", "binary_cross_entropy", "hinge", "kullback_leibler",
             "poisson")  # fmt: skip
    return str(random.choice(every)), int(random.integers(2, 4))


def _target(random: Any, loss: str, shape: tuple[int, ...]) -> Any:
    if loss == "cross_entropy":
        return random.integers(0, shape[-1], size=shape[:-1])
    if loss in ("binary_cross_entropy", "hinge"):
        return random.integers(0, 2, size=shape).astype(float)
    if loss == "kullback_leibler":
        return random.dirichlet(np.ones(shape[-1]), size=shape[:-1])
    if loss == "poisson":
        return random.integers(0, 4, size=shape).astype(float)
    return random.normal(size=shape)


def _activation(random: Any) -> str:
    return str(random.choice(SMOOTH_OR_NOT))


def _elementwise(random: Any) -> str:
    apart = {"softmax", "log_softmax", "parametric_relu"}
    return str(random.choice([one for one in SMOOTH_OR_NOT if one not in apart]))


# ---- what a family is made of: inputs, their rows, and the node in front of the last layer ----


def _dense(random: Any, rows: int) -> tuple[list[Any], list[Any], Any]:
    features = int(random.integers(2, 5))
    given = cr.Input(features, name="x")
    width = int(random.integers(2, 5))
    choices = [
        cr.Dense(width, _activation(random)),
        cr.Dropout(0.4),
        cr.BatchNorm(),
        cr.DropConnect(width, 0.4),
        cr.DropConnect(width, 0.4, bias=None),
        cr.LayerNorm(),
        cr.Activation(_activation(random)),
        cr.Residual(cr.Dense(width, _elementwise(random)), project=True),
        cr.Apply("linear_one_bias", sizes={"o": width}),
        cr.Dense(width, _elementwise(random), bias=None),
    ]
    node: Any = cr.Dense(width, _activation(random))(given)
    for place in random.choice(len(choices), size=int(random.integers(1, 4)), replace=False):
        node = choices[int(place)](node)
    return [given], [random.normal(size=(rows, features))], node


def _graph(random: Any, rows: int) -> tuple[list[Any], list[Any], Any]:
    left, right = cr.Input(3, name="left"), cr.Input(3, name="right")
    shared = cr.Dense(3, _elementwise(random))
    ways = [shared(left), shared(right)]
    join = cr.Add() if random.random() < 0.5 else cr.Concatenate()
    node = join(*ways) if random.random() < 0.7 else cr.Add()(ways[0], ways[0])
    if random.random() < 0.5:
        node = shared(cr.Dense(3, "tanh")(node))
    x = [random.normal(size=(rows, 3)) for _ in range(2)]
    return [left, right], x, cr.Add()(node, cr.Dense(_width(node), "tanh")(right))


def _width(node: Any) -> int:
    return 6 if type(node.layer).__name__ == "Concatenate" else 3


def _images(random: Any, rows: int) -> tuple[list[Any], list[Any], Any]:
    given = cr.Input((2, 4, 4), name="x")
    bias = None if random.random() < 0.4 else "zeros"
    node: Any = cr.Conv(2, 2, activation=_elementwise(random), bias=bias)(given)
    if random.random() < 0.4:
        node = cr.Concatenate("channels")(node, given)
    if random.random() < 0.4:
        node = cr.BatchNorm()(node)
    node = _pooled(random, node, 2)
    return [given], [random.normal(size=(rows, 2, 4, 4))], _ended(random, node)


def _signals(random: Any, rows: int) -> tuple[list[Any], list[Any], Any]:
    given = cr.Input((2, 5), name="x")
    node: Any = given
    if random.random() < 0.3:
        given = cr.Input((5, 2), name="x")
        node = cr.Apply("transposed")(given)
    bias = None if random.random() < 0.4 else "zeros"
    node = cr.Conv(2, 3, activation=_elementwise(random), bias=bias)(node)
    node = _pooled(random, node, 1)
    return [given], [random.normal(size=(rows, *given.size))], _ended(random, node)


def _pooled(random: Any, node: Any, rank: int) -> Any:
    choice = random.random()
    if choice < 0.4:
        return cr.MaxPool(2)(node)
    return cr.AveragePool(2)(node) if choice < 0.8 else node


def _ended(random: Any, node: Any) -> Any:
    choices = (cr.Flatten(), cr.GlobalAveragePool(), cr.GlobalMaxPool())
    return choices[int(random.integers(0, 3))](node)


def _recurrent(random: Any, every: bool) -> Any:
    kind = (cr.Recurrent, cr.LSTM, cr.GRU)[int(random.integers(0, 3))]
    way = int(random.integers(0, 4))
    given = {"both_ways": way == 1, "backwards": way == 2, "truncate": 2 if way == 3 else None}
    return kind(2, every_step=every, **given)


def _sequences(random: Any, rows: int) -> tuple[list[Any], list[Any], Any]:
    given = cr.Input((4, 2), name="x")
    x = [random.normal(size=(rows, 4, 2))]
    if random.random() < 0.5:
        return [given], x, _recurrent(random, every=False)(given)
    node: Any = _recurrent(random, every=True)(given)
    if random.random() < 0.4:
        node = cr.BatchNorm(over="time")(node)
    if random.random() < 0.5:
        node = cr.LayerNorm()(cr.Attention(1, causal=bool(random.random() < 0.5))(node))
    pool = cr.GlobalAveragePool if random.random() < 0.5 else cr.GlobalMaxPool
    return [given], x, pool("time")(node)


def _masked(random: Any, rows: int) -> tuple[list[Any], list[Any], Any]:
    given, mask = cr.Input((4, 2), name="x"), cr.Input((4,), name="mask")
    real = np.arange(4) < random.integers(1, 5, size=(rows, 1))
    x = [random.normal(size=(rows, 4, 2)), real]
    if random.random() < 0.3:
        return [given, mask], x, _recurrent(random, every=False)(given, mask)
    reader = cr.Attention(1) if random.random() < 0.5 else _recurrent(random, every=True)
    node = reader(given, mask)
    pool = cr.GlobalAveragePool if random.random() < 0.5 else cr.GlobalMaxPool
    return [given, mask], x, pool("time")(node, mask)


def _tokens(random: Any, rows: int) -> tuple[list[Any], list[Any], Any]:
    given = cr.Input((3,), name="x")
    node: Any = cr.Embedding(4, 2)(given)
    if random.random() < 0.5:
        node = cr.Attention(2)(node)
    tokens = random.integers(0, 4, size=(rows, 3))
    return [given], [tokens], cr.Flatten()(node)


def _over_time(random: Any, rows: int) -> tuple[list[Any], list[Any], Any]:
    given = cr.Input((3, 2), name="x")
    return [given], [random.normal(size=(rows, 3, 2))], _recurrent(random, every=True)(given)


_FAMILY: dict[str, Any] = {
    "dense": _dense, "graph": _graph, "images": _images, "signals": _signals,
    "sequences": _sequences, "masked": _masked, "tokens": _tokens, "over_time": _over_time,
}  # fmt: skip
