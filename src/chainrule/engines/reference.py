"""The reference engine: a program's equations, one after another, in NumPy.

It defines what a program means; every other engine is tested against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.program import Program
from chainrule.word_values import WORD_VALUES

Runner = Callable[[Sequence[Any]], list[Any]]


def evaluate(program: Program, inputs: Sequence[Any]) -> list[Any]:
    """Return the outputs of a program for given inputs, in order.

    Arrays of floats come in and go out in the program's type; a 0-dimensional float is a Python
    float, a 0-dimensional integer a Python int.
    """
    return _runner(program)(inputs)


@lru_cache(maxsize=64)
def _runner(program: Program) -> Runner:
    """Work out once what stays the same from run to run of one program."""
    dtype = np.dtype(program.dtype)
    settle = [_settler(value.kind, len(value.shape), dtype) for value in program.values]
    with np.errstate(all="ignore"):
        start: list[Any] = [
            None if value.constant is None else settle[value.number](value.constant)
            for value in program.values
        ]
    last_use = dict.fromkeys(program.outputs, -1)
    for place in range(len(program.equations) - 1, -1, -1):
        for number in program.equations[place].inputs:
            last_use.setdefault(number, place)
    steps = [
        (
            WORD_VALUES[one.word],
            one.inputs,
            dict(one.settings),
            one.output,
            settle[one.output],
            [n for n in set(one.inputs) if last_use[n] == place and start[n] is None],
        )
        for place, one in enumerate(program.equations)
    ]

    def run(inputs: Sequence[Any]) -> list[Any]:
        values = list(start)
        for number, content in enumerate(inputs):
            values[number] = settle[number](content)
        # Overflow and invalid results are findings for the caller to see, not warnings.
        with np.errstate(all="ignore"):
            for compute, numbers, settings, output, settled, spent in steps:
                values[output] = settled(compute(np, *[values[n] for n in numbers], **settings))
                for number in spent:
                    values[number] = None
        return [values[number] for number in program.outputs]

    return run


def _settler(kind: str, rank: int, dtype: np.dtype[Any]) -> Callable[[Any], Any]:
    """Return what brings a result to its type: the program's for arrays, Python's own for one."""
    if rank == 0:
        single: dict[str, Callable[[Any], Any]] = {"float": float, "integer": int, "boolean": bool}
        return single[kind]
    wanted = {"float": dtype, "integer": np.dtype(np.int64), "boolean": np.dtype(np.bool_)}[kind]

    def settle(content: Any) -> NDArray[Any]:
        return np.asarray(content, dtype=wanted)

    return settle
