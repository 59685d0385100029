"""Unrolling: a program whose scans are written out, one step after another.

What a scan gives, word by word, is held to that. Entries of a sequence are slices of it, and the
states after all steps are joined along time.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.arrays import apply, concatenate, reshape
from chainrule.program import Program, trace
from chainrule.scanning import step_along


@functools.lru_cache(maxsize=64)
def unrolled(program: Program) -> Program:
    """Return a program of the same inputs and outputs without scans; itself where it has none."""
    if all(one.word != "scan" for one in program.equations):
        return program

    def written_out(*inputs: Any) -> list[Any]:
        values: dict[int, Any] = dict(enumerate(inputs))
        values.update(
            (one.number, one.constant) for one in program.values if one.constant is not None
        )
        for equation in program.equations:
            given = [values[number] for number in equation.inputs]
            settings = dict(equation.settings)
            if equation.word == "scan":
                values[equation.output] = _steps(given, settings)
            else:
                values[equation.output] = apply(equation.word, given, settings)
        return [values[number] for number in program.outputs]

    return trace(written_out, program.inputs, program.output_names, program.dtype)


def _steps(given: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """Return the states after all steps, joined along time."""
    states = step_along(
        settings["body"], given, settings["sequences"], settings["backwards"], apply
    )
    entries = [reshape(one, (one.shape[0], 1, *one.shape[1:])) for one in states]
    return entries[0] if len(entries) == 1 else concatenate(entries, axis=1)
