"""A trace as one versioned document of plain data, which every view can read.

docs/trace.schema.json describes it. Numbers that JSON has no name for are written as text: "NaN",
"Infinity" and "-Infinity".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.explanation.plain_numbers import plain_number

if TYPE_CHECKING:
    from chainrule.explanation.trace import Pass, Trace

FORMAT = "chainrule trace"
VERSION = 1


def trace_document(trace: Trace) -> dict[str, Any]:
    """Return a trace as plain data: the steps, and every value and gradient of both passes."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "rows": {
            "numbers": list(trace.rows.numbers),
            "names": list(trace.rows.names),
            "source": trace.rows.source,
        },
        "mode": {
            "form": trace.mode.form,
            "seed": trace.mode.seed,
            "step": trace.mode.step,
            "sentence": trace.mode.sentence(trace.objective),
        },
        "parameters": [
            {
                "name": one.name,
                "shape": list(one.shape),
                "trained": one.name in trace.trained_names,
            }
            for one in trace.objective.plan.parameters
        ],
        "steps": _steps(trace),
        "own": _pass(trace.own),
        "exact": _pass(trace.exact),
    }


def _steps(trace: Trace) -> list[dict[str, Any]]:
    layers = {name: one.layer for one in trace.objective.plan.steps for name in one.outputs}
    return [
        {
            "op": step.op.name,
            "formula": step.op.formula,
            "layer": layers.get(str(step.outputs[0]), "loss"),
            "inputs": [str(one) for one in step.inputs],
            "outputs": [str(one) for one in step.outputs],
            "settings": {name: _plain(content) for name, content in step.settings.items()},
        }
        for step in trace.objective.steps
    ]


def _pass(one: Pass) -> dict[str, Any]:
    return {
        "dtype": one.dtype,
        "engine": one.engine,
        "loss": plain_number(one.loss),
        "values": _named(one.values),
        "gradients": _named(one.gradients),
    }


def _named(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    return {
        name: {"shape": list(np.shape(one)), "numbers": _flat(np.asarray(one))}
        for name, one in arrays.items()
    }


def _flat(array: NDArray[Any]) -> list[Any]:
    """Return the numbers of an array, the last axis fastest."""
    numbers = array.reshape(-1)
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        return [plain_number(one) for one in numbers.tolist()]
    return list(numbers.tolist())


def _plain(content: Any) -> Any:
    """Return a setting as plain data."""
    if isinstance(content, tuple | list):
        return [_plain(one) for one in content]
    if content is None or isinstance(content, bool | int | str):
        return content
    return plain_number(float(content))
