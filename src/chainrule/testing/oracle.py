"""JAX as an independent judge: it differentiates forward itself and never sees backward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.ops.derived import record_function
from chainrule.ops.walks import forward_walk
from chainrule.testing.trials import Arrays, Trial, name_of

BOUND = 1e-10  # relative to the largest entry
FLOOR = 1e-13  # what rounding leaves of sums that cancel


def backward_agrees_with_jax(trial: Trial) -> Iterator[str]:
    """Forward runs unchanged on JAX arrays, and ``jax.vjp`` of it gives what backward gives.

    A forward written with NumPy's own functions, which JAX cannot follow, is run word by word.
    """
    if find_spec("jax") is None:
        return
    from jax.errors import TracerArrayConversionError

    with _float64():
        try:
            outputs, gradients = _by_jax(trial, trial.op.forward)
        except TracerArrayConversionError:
            outputs, gradients = _by_jax(trial, _word_by_word(trial))
    for place, (made, due) in enumerate(zip(outputs, trial.outputs(), strict=True)):
        if not _near(made, due):
            yield f"forward gives something else on JAX arrays (output {place})."
    for place, gradient in zip(trial.moving, gradients, strict=True):
        if not _near(gradient, trial.gradients[place]):
            yield f"backward at {name_of(trial.op, place)} is not what jax.vjp of forward gives."


@contextmanager
def _float64() -> Iterator[None]:
    """Let JAX compute in float64, and leave it afterwards as it was."""
    import jax

    config: Any = jax.config
    before = config.jax_enable_x64
    config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        config.update("jax_enable_x64", before)


def _word_by_word(trial: Trial) -> Callable[..., Any]:
    """Return forward as the words that it is made of."""
    recorded = record_function(trial.op.forward, trial.inputs, trial.settings)

    def forward(*inputs: Any, **settings: Any) -> tuple[Any, ...]:
        given = dict(zip(recorded.inputs, inputs, strict=True))
        values = forward_walk(recorded.steps, {**recorded.constants, **given})
        return tuple(values[number] for number in recorded.outputs)

    return forward


def _by_jax(trial: Trial, forward: Callable[..., Any]) -> tuple[Arrays, Arrays]:
    """Return forward's outputs, and the gradients at the inputs that have one."""
    import jax

    fixed = [jax.numpy.asarray(one) for one in trial.inputs]

    def outputs(*moving: Any) -> tuple[Any, ...]:
        inputs = list(fixed)
        for place, content in zip(trial.moving, moving, strict=True):
            inputs[place] = content
        made = forward(*inputs, **trial.settings)
        return made if isinstance(made, tuple) else (made,)

    grads: list[Any] = list(trial.grad_outputs)
    # Nothing flows back from state.
    grads += [np.zeros(one.shape) for one in trial.outputs()[len(grads) :]]
    if not trial.moving:
        return tuple(np.asarray(one) for one in outputs()), ()
    seeds = tuple(
        jax.numpy.asarray(grad) if one.dtype.kind == "f" else np.zeros(one.shape, jax.dtypes.float0)
        for grad, one in zip(grads, trial.outputs(), strict=True)
    )

    def walked(*moving: Any) -> tuple[Any, Any]:
        made, pull = jax.vjp(outputs, *moving)
        return made, pull(seeds)

    # Compiled as a whole: JAX would compile every word by itself, which takes ten times as long.
    made, gradients = jax.jit(walked)(*(fixed[place] for place in trial.moving))
    return tuple(map(np.asarray, made)), tuple(map(np.asarray, gradients))


def _near(made: NDArray[Any], due: Any) -> bool:
    expected = np.asarray(due)
    if made.shape != expected.shape:
        return False
    bound = BOUND * float(np.max(np.abs(expected), initial=0.0)) + FLOOR
    return bool(np.all(np.abs(made * 1.0 - expected) <= bound))
