"""JAX at its best: all epochs of a training in one compiled call, its steps in a scan."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from numpy.typing import NDArray
from side import Side, fastest
from works import RATE

Step = Callable[[Any, Any], tuple[Any, None]]
GATHERS = ("rows gathered each epoch", "rows gathered each step")


def flat(rate: float) -> Any:
    """Return Adam over all parameters in one array: fewer, longer loops."""
    return optax.flatten(optax.adam(rate))


ADAMS: dict[str, Callable[[float], Any]] = {"adam by arrays": optax.adam, "adam flattened": flat}


class Scan(Side):
    """The number of epochs is an argument, so that one compilation serves every training."""

    compiled: Callable[..., Any]

    def set_up(self) -> None:
        work = self.problem.work
        jax.config.update("jax_enable_x64", work.dtype == "float64")
        self.X, self.y = jnp.asarray(self.problem.X), jnp.asarray(self.problem.y)
        self.first = [(jnp.asarray(w), jnp.asarray(b)) for w, b in self.problem.layers]
        gathers = GATHERS if work.step_rows < work.rows else ("no gather",)
        ways = {
            f"{adam}, {gather}": jax.jit(partial(self._training, make(RATE), gather))
            for adam, make in ADAMS.items()
            for gather in gathers
        }
        self.variant = fastest({name: partial(self._called, way) for name, way in ways.items()})
        self.compiled = ways[self.variant]

    def train(self, epochs: int) -> None:
        self.last = self._called(self.compiled, epochs)

    def weights(self) -> list[NDArray[Any]]:
        return [jax.device_get(one) for layer in self.last for one in layer]

    def _called(self, way: Callable[..., Any], epochs: int) -> Any:
        found = way(self.first, jax.random.key(0), self.X, self.y, epochs)
        return jax.block_until_ready(found)

    def _loss(self, layers: Any, rows: Any, targets: Any) -> Any:
        bend = jnp.tanh if self.problem.work.activation == "tanh" else jax.nn.relu
        value = rows
        for weight, bias in layers[:-1]:
            value = bend(value @ weight + bias)
        value = value @ layers[-1][0] + layers[-1][1]
        if self.problem.work.task == "numbers":
            return jnp.mean((value - targets) ** 2)
        return optax.softmax_cross_entropy_with_integer_labels(value, targets).mean()

    def _step(self, adam: Any, carried: Any, batch: Any) -> tuple[Any, None]:
        layers, state = carried
        gradients = jax.grad(self._loss)(layers, *batch)
        changes, state = adam.update(gradients, state, layers)
        return (optax.apply_updates(layers, changes), state), None

    def _by_epoch(self, step: Step, carried: Any, data: Any, order: Any) -> Any:
        """Gather all rows in their new order, then walk over slices."""
        work = self.problem.work
        full, size = work.rows // work.step_rows, work.step_rows
        rest = [one[order] for one in data]
        parts = [one[: full * size].reshape(full, size, *one.shape[1:]) for one in rest]
        carried, _ = jax.lax.scan(step, carried, tuple(parts))
        if full * size == work.rows:
            return carried
        return step(carried, [one[full * size :] for one in rest])[0]

    def _by_step(self, step: Step, carried: Any, data: Any, order: Any) -> Any:
        """Gather the rows of each step when it is their turn."""
        work = self.problem.work
        full, size = work.rows // work.step_rows, work.step_rows

        def chosen(carried: Any, part: Any) -> tuple[Any, None]:
            return step(carried, [one[part] for one in data])

        carried, _ = jax.lax.scan(chosen, carried, order[: full * size].reshape(full, size))
        return carried if full * size == work.rows else chosen(carried, order[full * size :])[0]

    def _training(
        self, adam: Any, gather: str, first: Any, key: Any, X: Any, y: Any, epochs: Any
    ) -> Any:
        """Train: epochs in a loop, full batches in a scan, the short one at the end by itself."""
        work = self.problem.work
        step = partial(self._step, adam)
        walk = self._by_epoch if gather == GATHERS[0] else self._by_step

        def epoch(_: Any, carried: Any) -> Any:
            *now, key = carried
            if work.step_rows == work.rows:
                return (*step(tuple(now), (X, y))[0], key)
            key, one = jax.random.split(key)
            order = jax.random.permutation(one, work.rows)
            return (*walk(step, tuple(now), (X, y), order), key)

        return jax.lax.fori_loop(0, epochs, epoch, (first, adam.init(first), key))[0]
