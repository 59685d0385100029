"""Random networks, and their losses written down again in JAX and PyTorch from the textbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from chainrule.network.layers import Add, Concatenate, Dense, Input, Node
from chainrule.network.network import Network

SMOOTH = ("identity", "tanh", "sigmoid", "softplus", "gelu", "silu", "elu")
KINKED = ("relu", "leaky_relu")
LOSSES = (
    "mean_squared_error",
    "half_squared_error",
    "squared_error",
    "huber",
    "cross_entropy",
    "binary_cross_entropy",
)


@dataclass(frozen=True)
class Case:
    """Inputs of one width, a first layer (shared by all inputs or one for each), what joins them,
    hidden layers, and one head for each loss."""

    inputs: int
    features: int
    first: tuple[int, str]
    shared: bool
    joined_by: str
    hidden: tuple[tuple[int, str], ...]
    heads: tuple[tuple[int, str], ...]
    rows: int
    seed: int

    @property
    def losses(self) -> list[str]:
        return [loss for _, loss in self.heads]


@st.composite
def cases(draw: Callable[..., Any], activations: Sequence[str] = SMOOTH + KINKED) -> Case:
    layer = st.tuples(st.integers(1, 4), st.sampled_from(activations))
    head = st.tuples(st.integers(2, 4), st.sampled_from(LOSSES))
    return Case(
        inputs=draw(st.integers(1, 3)),
        features=draw(st.integers(1, 4)),
        first=draw(layer),
        shared=draw(st.booleans()),
        joined_by=draw(st.sampled_from(("add", "concatenate"))),
        hidden=tuple(draw(st.lists(layer, max_size=2))),
        heads=tuple(draw(st.lists(head, min_size=1, max_size=2))),
        rows=draw(st.integers(1, 6)),
        seed=draw(st.integers(0, 1000)),
    )


def network_of(case: Case) -> Network:
    """Return the case as a network with normally distributed parameters, biases included."""
    inputs = [Input(case.features) for _ in range(case.inputs)]
    shared = Dense(*case.first)
    parts = [(shared if case.shared else Dense(*case.first))(one) for one in inputs]
    node: Node = parts[0]
    if len(parts) > 1:
        node = (Add() if case.joined_by == "add" else Concatenate())(*parts)
    for width, activation in case.hidden:
        node = Dense(width, activation)(node)
    outputs = [Dense(width)(node) for width, _ in case.heads]
    network = Network(inputs=inputs, outputs=outputs, seed=case.seed)
    random = np.random.default_rng(case.seed)
    return network.with_parameters(
        {name: random.normal(size=content.shape) for name, content in network.parameters.items()}
    )


def rows_of(case: Case) -> tuple[Any, Any, NDArray[np.float64]]:
    """Return x and y as the network takes them, and sample weights."""
    random = np.random.default_rng(case.seed + 1)
    xs = [random.normal(size=(case.rows, case.features)) for _ in range(case.inputs)]
    ys: list[NDArray[Any]] = []
    for width, loss in case.heads:
        if loss == "cross_entropy":
            ys.append(random.integers(0, width, size=case.rows))
        elif loss == "binary_cross_entropy":
            ys.append(random.integers(0, 2, size=(case.rows, width)).astype(float))
        else:
            ys.append(random.normal(size=(case.rows, width)))
    weight = random.uniform(0.2, 2.0, size=case.rows)
    return xs if len(xs) > 1 else xs[0], ys if len(ys) > 1 else ys[0], weight


def as_list(content: Any) -> list[Any]:
    return list(content) if isinstance(content, list) else [content]


def outputs(
    case: Case,
    parameters: Mapping[str, Any],
    xs: Sequence[Any],
    activate: Mapping[str, Callable[[Any], Any]],
    join: Callable[[list[Any]], Any],
) -> list[Any]:
    """Return the outputs by the textbook, for the arrays of any library."""
    numbers = iter(range(1, 100))

    def dense(number: int, x: Any, activation: str = "identity") -> Any:
        return activate[activation](
            x @ parameters[f"dense_{number}.W"] + parameters[f"dense_{number}.b"]
        )

    first = [1] * len(xs) if case.shared else [next(numbers) for _ in xs]
    if case.shared:
        next(numbers)
    parts = [dense(number, x, case.first[1]) for number, x in zip(first, xs, strict=True)]
    value = parts[0]
    if len(parts) > 1:
        value = sum(parts[1:], parts[0]) if case.joined_by == "add" else join(parts)
    for _, activation in case.hidden:
        value = dense(next(numbers), value, activation)
    return [dense(next(numbers), value) for _ in case.heads]


def direction(network: Network, seed: int) -> dict[str, NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    return {name: random.normal(size=one.shape) for name, one in network.parameters.items()}


def near(made: Any, due: Any, bound: float = 1e-10) -> bool:
    """Whether numbers agree to ``bound``, relative to the largest of them where it is above 1."""
    due = np.asarray(due)
    return np.shape(made) == due.shape and bool(
        np.all(np.abs(made - due) <= bound * (1.0 + np.max(np.abs(due), initial=0.0)))
    )


# ---- the worked example of Mazur, "A Step by Step Backpropagation Example", 2015 ----

MAZUR = {
    "dense_1.W": [[0.15, 0.25], [0.20, 0.30]],
    "dense_1.b": [0.35, 0.35],
    "dense_2.W": [[0.40, 0.50], [0.45, 0.55]],
    "dense_2.b": [0.60, 0.60],
}
MAZUR_X, MAZUR_Y = [[0.05, 0.10]], [[0.01, 0.99]]


def mazur(**changed: Any) -> Network:
    return Network(
        Input(2), Dense(2, "sigmoid"), Dense(2, "sigmoid"), parameters={**MAZUR, **changed}
    )


# ---- JAX ----


@contextmanager
def jax_in_float64() -> Iterator[None]:
    import jax

    config: Any = jax.config
    before = config.jax_enable_x64
    config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        config.update("jax_enable_x64", before)


def jax_outputs(case: Case, parameters: Mapping[str, Any], xs: Sequence[Any]) -> list[Any]:
    import jax
    import jax.numpy as jnp

    activate: dict[str, Callable[[Any], Any]] = {
        "identity": lambda x: x,
        "tanh": jnp.tanh,
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "silu": jax.nn.silu,
        "elu": jax.nn.elu,
        "relu": jax.nn.relu,
        "leaky_relu": lambda x: jax.nn.leaky_relu(x, 0.01),
    }
    return outputs(case, parameters, xs, activate, lambda parts: jnp.concatenate(parts, axis=1))


def jax_row_losses(case: Case, parameters: Any, xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """Return the sum of all heads' losses for each row."""
    import jax
    import jax.numpy as jnp

    def row_loss(name: str, z: Any, y: Any) -> Any:
        if name == "cross_entropy":
            return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1)[:, 0]
        if name == "binary_cross_entropy":
            return (jax.nn.softplus(z) - y * z).mean(axis=1)
        if name == "huber":
            size = jnp.abs(z - y)
            return jnp.where(size <= 1.0, 0.5 * size**2, size - 0.5).mean(axis=1)
        squares = (z - y) ** 2
        if name == "mean_squared_error":
            return squares.mean(axis=1)
        return squares.sum(axis=1) * (0.5 if name == "half_squared_error" else 1.0)

    made = jax_outputs(case, parameters, xs)
    return sum(row_loss(name, z, y) for name, z, y in zip(case.losses, made, ys, strict=True))


# ---- PyTorch ----


def torch_loss(
    torch: Any, case: Case, parameters: Mapping[str, Any], xs: Sequence[Any], ys: Sequence[Any]
) -> Any:
    """Return the mean loss by PyTorch's own functions, heads added."""
    functional = torch.nn.functional
    activate: dict[str, Callable[[Any], Any]] = {
        "identity": lambda x: x,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        # Above its threshold, 20 otherwise, PyTorch's is the identity: wrong by 2e-9.
        "softplus": lambda x: functional.softplus(x, threshold=1000.0),
        "gelu": functional.gelu,
        "silu": functional.silu,
        "elu": functional.elu,
        "relu": torch.relu,
        "leaky_relu": functional.leaky_relu,
    }
    means: dict[str, Callable[[Any, Any], Any]] = {
        "cross_entropy": functional.cross_entropy,
        "binary_cross_entropy": functional.binary_cross_entropy_with_logits,
        "huber": functional.huber_loss,
        "mean_squared_error": functional.mse_loss,
        "squared_error": lambda z, y: functional.mse_loss(z, y) * z.shape[1],
        "half_squared_error": lambda z, y: functional.mse_loss(z, y) * z.shape[1] / 2,
    }
    made = outputs(case, parameters, xs, activate, lambda parts: torch.cat(parts, dim=1))
    return sum(means[name](z, y) for name, z, y in zip(case.losses, made, ys, strict=True))
