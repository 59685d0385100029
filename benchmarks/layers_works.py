"""The works of layers beyond dense: what they are made of, generated rows, and one loss for all.

A work lists its parts as plain data; each contestant builds its own network of them. Weights come
in chainrule's order and shapes: a convolution has W (filters, channels, height, width) and b, a
dense layer W (inputs, units) and b, an LSTM W (features, 4 units), U (units, 4 units) and b, with
input gate, forget gate, new content and output gate side by side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from works import Work, classes

Array = NDArray[Any]
# ("conv", filters, size, padding, activation), ("pool", size), ("flatten",), ("lstm", units),
# ("dense", units, activation): an activation is "tanh", "relu", or "" for none.
Part = tuple[Any, ...]
LEARNED = {"conv": 2, "dense": 2, "lstm": 3}


@dataclass(frozen=True)
class LayerWork:
    """A network of several kinds of layers, its rows of ``shape``, and how many a step takes."""

    title: str
    shape: tuple[int, ...]
    parts: tuple[Part, ...]
    batch: int | None
    rows: int = 1000
    dtype: Literal["float32", "float64"] = "float32"
    bars: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name the work as a table does."""
        size = "full batch" if self.batch is None else f"batch {self.batch}"
        return f"{self.title}, {size}"

    @property
    def task(self) -> str:
        """``classes`` or, where there is one output, ``numbers``."""
        return "numbers" if self.outputs == 1 else "classes"

    @property
    def outputs(self) -> int:
        """The width of the last layer."""
        return int(self.parts[-1][1])

    @property
    def step_rows(self) -> int:
        """The rows of a step, where it is not the last and shorter one of an epoch."""
        return self.rows if self.batch is None else min(self.batch, self.rows)

    @property
    def steps_per_epoch(self) -> int:
        """The number of steps in an epoch, the short one at its end included."""
        return -(-self.rows // self.step_rows)

    @property
    def call_rows(self) -> int:
        """The rows of the call whose fixed cost is taken: one step's, but a row of each class."""
        return max(self.step_rows, self.outputs)


LENET_5: tuple[Part, ...] = (
    ("conv", 6, 5, 2, "tanh"),
    ("pool", 2),
    ("conv", 16, 5, 0, "tanh"),
    ("pool", 2),
    ("flatten",),
    ("dense", 120, "tanh"),
    ("dense", 84, "tanh"),
    ("dense", 10, ""),
)
SMALL: tuple[Part, ...] = (
    ("conv", 16, 3, 1, "relu"),
    ("pool", 2),
    ("flatten",),
    ("dense", 10, ""),
)
LAYER_WORKS = (
    LayerWork(
        "LeNet-5 on 28x28 images",
        (1, 28, 28),
        LENET_5,
        128,
        bars={"PyTorch eager": 2.5, "JAX scan": 5.0},
    ),
    LayerWork(
        "LSTM, 32 inputs, 64 units, 40 steps",
        (40, 32),
        (("lstm", 64), ("dense", 1, "")),
        32,
        bars={"PyTorch eager": 2.0},
    ),
    LayerWork(
        "16 filters of 3x3 on 8x8 images", (1, 8, 8), SMALL, 32, bars={"PyTorch eager": 10.0}
    ),
)


@dataclass(frozen=True, eq=False)
class LayerProblem:
    """A work with its rows and first weights, in the order and shapes that this file says."""

    work: LayerWork
    X: Array
    y: Array
    weights: tuple[Array, ...]

    def loss(self, weights: Sequence[Array]) -> float:
        """Return the mean loss over all rows with these weights, in float64: one code for all."""
        value = self.X.astype(np.float64)
        for part, own in learned_by(self.work.parts, weights):
            value = AFTER[part[0]](value, part, [np.asarray(one, np.float64) for one in own])
        if self.work.task == "numbers":
            return float(np.mean((value - self.y) ** 2))
        value = value - value.max(axis=1, keepdims=True)
        own_class = value[np.arange(len(value)), self.y]
        return float(np.mean(np.log(np.exp(value).sum(axis=1)) - own_class))

    def save(self, path: Path) -> None:
        """Write the problem to one file."""
        named = {f"weight_{place}": one for place, one in enumerate(self.weights)}
        np.savez(path, work=json.dumps(asdict(self.work)), X=self.X, y=self.y, **named)

    @classmethod
    def load(cls, path: str | Path) -> LayerProblem:
        """Read a problem again."""
        with np.load(path) as stored:
            plain = json.loads(str(stored["work"]))
            plain["parts"] = tuple(tuple(one) for one in plain["parts"])
            work = LayerWork(**{**plain, "shape": tuple(plain["shape"])})
            count = sum(name.startswith("weight_") for name in stored.files)
            weights = tuple(stored[f"weight_{place}"] for place in range(count))
            return cls(work, stored["X"], stored["y"], weights)


def learned_by(parts: Sequence[Part], weights: Sequence[Any]) -> list[tuple[Part, list[Any]]]:
    """Return every part with its own weights."""
    left, found = list(weights), []
    for part in parts:
        count = LEARNED.get(part[0], 0)
        found.append((part, left[:count]))
        left = left[count:]
    return found


def layer_problem(work: LayerWork, seed: int = 0) -> LayerProblem:
    """Return the work with rows by seed and the weights that chainrule starts from."""
    # Peers read the file that comes of this; they never import chainrule.
    from our_layers_side import network_of

    weights = tuple(one.astype(work.dtype) for one in network_of(work, seed).parameters.values())
    flat = Work((int(np.prod(work.shape)), max(2, work.outputs)), "tanh", work.batch, work.rows)
    X, y = classes(flat, seed)
    rows = X.reshape(work.rows, *work.shape).astype(work.dtype)
    if work.task == "numbers":
        y = _what_came_last(X.reshape(rows.shape), seed).astype(work.dtype)
    return LayerProblem(work, rows, y, weights)


def _what_came_last(X: Array, seed: int) -> Array:
    """Return a target (rows, 1) that a memory can learn in part: late entries count for most."""
    random = np.random.default_rng(seed + 1)
    direction = random.normal(size=X.shape[2]) / np.sqrt(X.shape[2])
    weight = 0.8 ** np.arange(X.shape[1])[::-1]
    return np.tanh((X @ direction) @ weight)[:, None] + 0.3 * random.normal(size=(len(X), 1))


def _bent(value: Array, activation: str) -> Array:
    if activation == "tanh":
        return np.tanh(value)
    return value.clip(min=0.0) if activation == "relu" else value


def _conv(value: Array, part: Part, own: Sequence[Array]) -> Array:
    _, _, size, pad, activation = part
    wide = np.pad(value, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    seen = sliding_window_view(wide, (size, size), axis=(2, 3))
    made = np.einsum("nchwij,ocij->nohw", seen, own[0], optimize=True)
    return _bent(made + own[1][:, None, None], activation)


def _pool(value: Array, part: Part, own: Sequence[Array]) -> Array:
    rows, channels, height, width = value.shape
    size = part[1]
    return value.reshape(rows, channels, height // size, size, width // size, size).max(axis=(3, 5))


def _lstm(value: Array, part: Part, own: Sequence[Array]) -> Array:
    w, u, b = own
    state = cell = np.zeros((len(value), part[1]))
    for time in range(value.shape[1]):
        raw = value[:, time] @ w + state @ u + b
        enter, forget, content, leave = np.split(raw, 4, axis=1)
        cell = _share(forget) * cell + _share(enter) * np.tanh(content)
        state = _share(leave) * np.tanh(cell)
    return state


def _share(value: Array) -> Array:
    return 0.5 * (1.0 + np.tanh(0.5 * value))


AFTER: dict[str, Any] = {
    "conv": _conv,
    "pool": _pool,
    "flatten": lambda value, part, own: value.reshape(len(value), -1),
    "dense": lambda value, part, own: _bent(value @ own[0] + own[1], part[2]),
    "lstm": _lstm,
}
