"""JAX at its best with convolutions and an LSTM: all epochs in one call, the fastest of its forms.

Convolutions are XLA's own in two layouts, or one product with all windows; pooling is a reshape
and a maximum, or ``reduce_window``; the LSTM is a scan over time, unrolled by more or fewer steps.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax_side import ADAMS, GATHERS, Scan
from layers_works import LEARNED, LayerProblem, Part, learned_by
from side import fastest
from works import RATE

BENDS: dict[str, Callable[[Any], Any]] = {"tanh": jnp.tanh, "relu": jax.nn.relu, "": lambda x: x}


@dataclass(frozen=True)
class Form:
    """One way to write the same network."""

    channels_last: bool = False
    conv: str = "convolution"
    pool: str = "reshaped"
    unrolled: int = 1


IMAGE_FORMS = {
    "channels first": Form(),
    "channels last": Form(channels_last=True),
    "channels last, reduce_window": Form(channels_last=True, pool="reduce_window"),
    "windows and a product": Form(channels_last=True, conv="product"),
}
SEQUENCE_FORMS = {f"unrolled by {count}": Form(unrolled=count) for count in (1, 4, 8)}


class ScanLayers(Scan):
    """The form is chosen first, with a flattened Adam; then Adam and the gathering of rows."""

    problem: Any
    form = Form()

    def load(self, path: str) -> Any:
        return LayerProblem.load(path)

    def set_up(self) -> None:
        work = self.problem.work
        jax.config.update("jax_enable_x64", work.dtype == "float64")
        self.X, self.y = jnp.asarray(self.problem.X), jnp.asarray(self.problem.y)
        by_part = learned_by(work.parts, [jnp.asarray(one) for one in self.problem.weights])
        self.first = [tuple(own) for _, own in by_part if own]
        forms = IMAGE_FORMS if len(work.shape) == 3 else SEQUENCE_FORMS
        gathers = GATHERS if work.step_rows < work.rows else ("no gather",)
        start = ("adam flattened", gathers[0])
        ways = {(form, *start): self._way(forms[form], *start) for form in forms}
        form = self._fastest(ways)[0]
        others = [(form, adam, gather) for adam in ADAMS for gather in gathers]
        ways |= {one: self._way(forms[form], *one[1:]) for one in others if one not in ways}
        chosen = self._fastest({one: ways[one] for one in others})
        self.variant, self.compiled = ", ".join(chosen), ways[chosen]

    def _way(self, form: Form, adam: str, gather: str) -> Callable[..., Any]:
        own = copy(self)
        own.form = form
        return jax.jit(partial(own._training, ADAMS[adam](RATE), gather))

    def _fastest(self, ways: dict[tuple[str, ...], Callable[..., Any]]) -> tuple[str, ...]:
        named = {", ".join(key): key for key in ways}
        calls = {name: partial(self._called, ways[key]) for name, key in named.items()}
        return named[fastest(calls)]

    def _loss(self, layers: Any, rows: Any, targets: Any) -> Any:
        value = jnp.moveaxis(rows, 1, -1) if self.form.channels_last else rows
        left = list(layers)
        for part in self.problem.work.parts:
            own = left.pop(0) if part[0] in LEARNED else ()
            value = self._value(value, part, own)
        if self.problem.work.task == "numbers":
            return jnp.mean((value - targets) ** 2)
        return optax.softmax_cross_entropy_with_integer_labels(value, targets).mean()

    def _value(self, value: Any, part: Part, own: Any) -> Any:
        if part[0] == "conv":
            return BENDS[part[-1]](self._conv(value, part, own))
        if part[0] == "pool":
            return self._pooled(value, part[1])
        if part[0] == "flatten":
            # Weights behind it count channels first.
            rows = jnp.moveaxis(value, -1, 1) if self.form.channels_last else value
            return rows.reshape(len(rows), -1)
        if part[0] == "lstm":
            return _lstm(value, own, self.form.unrolled)
        return BENDS[part[-1]](value @ own[0] + own[1])

    def _conv(self, value: Any, part: Part, own: Any) -> Any:
        _, filters, size, pad, _ = part
        kernel, bias = own
        if self.form.conv == "product":
            wide = jnp.pad(value, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
            high, across = (one - size + 1 for one in wide.shape[1:3])
            shifts = [(i, j) for i in range(size) for j in range(size)]
            parts = [wide[:, i : i + high, j : j + across] for i, j in shifts]
            matrix = kernel.transpose(2, 3, 1, 0).reshape(-1, filters)
            return jnp.concatenate(parts, axis=-1) @ matrix + bias
        images = "NHWC" if self.form.channels_last else "NCHW"
        made = jax.lax.conv_general_dilated(
            value, kernel, (1, 1), [(pad, pad)] * 2, dimension_numbers=(images, "OIHW", images)
        )
        return made + (bias if self.form.channels_last else bias[:, None, None])

    def _pooled(self, value: Any, size: int) -> Any:
        first = 1 if self.form.channels_last else 2
        if self.form.pool == "reduce_window":
            window = (1, size, size, 1) if self.form.channels_last else (1, 1, size, size)
            return jax.lax.reduce_window(value, -jnp.inf, jax.lax.max, window, window, "VALID")
        height, width = value.shape[first : first + 2]
        split = (height // size, size, width // size, size)
        shape = (*value.shape[:first], *split, *value.shape[first + 2 :])
        return value.reshape(shape).max(axis=(first + 1, first + 3))


def _lstm(rows: Any, own: Any, unrolled: int) -> Any:
    w, u, b = own
    entries = jnp.moveaxis(rows @ w + b, 1, 0)
    start = jnp.zeros((len(rows), u.shape[0]), rows.dtype)

    def step(carried: Any, entry: Any) -> tuple[Any, None]:
        state, cell = carried
        enter, forget, content, leave = jnp.split(entry + state @ u, 4, axis=1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(enter) * jnp.tanh(content)
        return (jax.nn.sigmoid(leave) * jnp.tanh(cell), cell), None

    (state, _), _ = jax.lax.scan(step, (start, start), entries, unroll=unrolled)
    return state
