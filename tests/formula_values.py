"""What a printed formula comes to at the numbers of a trace, by NumPy alone."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from scipy.special import erf

from chainrule.explanation.formulas.expressions import Expression
from chainrule.explanation.trace import Trace

NAME = re.compile(r"(?P<value>[^\[]+)(\[(?P<places>[\d,:]*)\])?")


def softmax(x: Any) -> Any:
    raised = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


WORDS: dict[str, Any] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
    "negative": np.negative, "power": np.power, "absolute": np.abs, "sign": np.sign,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt,
    "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "maximum": np.maximum, "minimum": np.minimum,
    "less": np.less, "less_equal": np.less_equal, "equal": np.equal, "where": np.where,
    "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_not": np.logical_not,
    "to_float": lambda x: np.asarray(x) * 1.0, "broadcast_like": lambda x, _: x,
    "erf": erf, "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "sum_over": np.sum, "mean_over": np.mean, "max_over": np.max,
    "softmax": softmax, "log_softmax": lambda x: np.log(softmax(x)),
}  # fmt: skip


def formula_value(trace: Trace, one: Expression) -> Any:
    """Return the number, or the numbers, of an expression."""
    if one.word == "number":
        return float(one.text)
    if one.word == "name":
        return named_value(trace, one.text)
    parts = [formula_value(trace, part) for part in one.parts]
    if one.word == "entry":
        return parts[0][int(one.text)]
    with np.errstate(all="ignore"):
        return WORDS[one.word](*parts)


def named_value(trace: Trace, text: str) -> Any:
    """Return what a name stands for; a value of a single row goes without the row's place."""
    found = NAME.fullmatch(text)
    assert found is not None, text
    content = trace.exact.values[found["value"]]
    if found["value"] in trace.row_values and len(trace.rows) == 1:
        content = content[0]
    if found["places"] is None:
        return content
    places = found["places"].split(",")
    return content[tuple(slice(None) if one == ":" else int(one) for one in places)]
