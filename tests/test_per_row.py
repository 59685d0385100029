"""Per-row programs: what each row alone adds, held against the program run on that row alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.arrays import (
    add_at,
    broadcast_like,
    concatenate,
    contract,
    count,
    exp,
    matmul,
    max_over,
    maximum,
    mean_over,
    pad,
    reshape,
    slice_of,
    sum_over,
    take,
    to_float,
    transpose,
    where,
    zeros_like,
)
from chainrule.engines.per_row import per_row
from chainrule.engines.reference import evaluate
from chainrule.errors import SetupError
from chainrule.program import FloatType, Input, Program, check, trace
from chainrule.shapes import ROWS
from chainrule.sliding import convolve_weights, overlap_add, windows

INPUTS = (
    Input("w", (3, 4)),
    Input("x", (ROWS, 3)),
    Input("t", (ROWS, 2, 4)),
    Input("label", (ROWS,), "integer"),
    Input("labels", (ROWS, 2), "integer"),
    Input("places", (2,), "integer"),
    Input("images", (ROWS, 2, 4, 5)),
    Input("step", (), "integer"),
)


def program_of(function: Callable[..., Any], dtype: FloatType = "float64") -> Program:
    return trace(lambda *given: (function(*given),), INPUTS, ("made",), dtype)


def inputs_of(rows: int, seed: int = 0) -> list[Any]:
    random = np.random.default_rng(seed)
    return [
        random.normal(size=(3, 4)),
        random.normal(size=(rows, 3)),
        random.normal(size=(rows, 2, 4)),
        random.integers(0, 3, size=rows),
        random.integers(0, 3, size=(rows, 2)),
        np.array([2, 0]),
        random.normal(size=(rows, 2, 4, 5)),
        3,
    ]


def one_row(given: list[Any], row: int) -> list[Any]:
    """The same inputs with a single row."""
    return [
        content[row : row + 1] if ROWS in one.shape else content
        for one, content in zip(INPUTS, given, strict=True)
    ]


# Functions whose sums over rows are linear or not, and every word behind a sum.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum of all": lambda w, x, t, *_: sum_over(t),
    "sum over rows": lambda w, x, t, *_: sum_over(t, 0),
    "sum over rows and features": lambda w, x, t, *_: sum_over(t, (0, 2)),
    "sum over rows, axes kept": lambda w, x, t, *_: sum_over(t, (0, 1), keepdims=True),
    "sum over rows that lie last": lambda w, x, t, *_: sum_over(x.T, -1),
    "sum over rows between others": lambda w, x, t, *_: sum_over(transpose(t, (1, 0, 2)), (1, 2)),
    "sum over rows between others, kept": lambda w, x, t, *_: sum_over(
        transpose(t, (2, 0, 1)), (0, 1), keepdims=True
    ),
    "outer product": lambda w, x, t, *_: x.T @ (x @ w),
    "outer product of stacks": lambda w, x, t, *_: matmul(
        transpose(t, (1, 2, 0)), transpose(t, (1, 0, 2))
    ),
    "outer product, one side a stack": lambda w, x, t, *_: matmul(x.T, transpose(t, (1, 0, 2))),
    "row times matrix": lambda w, x, t, *_: x @ w,
    "added at labels": lambda w, x, t, label, *_: add_at(x, label, 4),
    "added at several labels": lambda w, x, t, label, labels, places, *_: add_at(t, labels, 3),
    "elementwise behind": lambda w, x, t, *_: exp(x.T @ (x @ w)) * w + sum_over(x),
    "ranks that differ": lambda w, x, t, *_: sum_over(x, 0) + sum_over(t[:, :, :3], 0),
    "scalar beside": lambda w, x, t, *_: sum_over(x) * sum_over(t, 0) / w[:2],
    "where behind": lambda w, x, t, *_: where(sum_over(x, 0) < 0.0, sum_over(t[:, 0, :3], 0), 1.0),
    "maximum behind": lambda w, x, t, *_: maximum(sum_over(x, 0), 0.1),
    "reduced behind": lambda w, x, t, *_: sum_over(exp(sum_over(t, 0)), 1),
    "largest behind": lambda w, x, t, *_: max_over(sum_over(t, 0), -1, keepdims=True),
    "reduced to one behind": lambda w, x, t, *_: sum_over(exp(sum_over(t, 0))),
    "mean behind": lambda w, x, t, *_: mean_over(sum_over(t, 0)),
    "transposed behind": lambda w, x, t, *_: transpose(x.T @ (x @ w), (1, 0)),
    "reshaped behind": lambda w, x, t, *_: reshape(x.T @ (x @ w), (2, 6)),
    "one number reshaped": lambda w, x, t, *_: reshape(sum_over(x), (1, 1)),
    "part behind": lambda w, x, t, *_: slice_of(x.T @ (x @ w), 1, 1, 3),
    "padded behind": lambda w, x, t, *_: pad(x.T @ (x @ w), 0, 1, 2),
    "joined behind": lambda w, x, t, *_: concatenate(
        (sum_over(x, 0), sum_over(t, (0, 1)), reshape(w, (-1,))), 0
    ),
    "joined along the last axis": lambda w, x, t, *_: concatenate(
        (w, x.T @ (x @ w), zeros_like(w)), -1
    ),
    "multiplied behind": lambda w, x, t, *_: (x.T @ (x @ w)) @ w.T,
    "multiplied by a fixed one": lambda w, x, t, *_: w.T @ (x.T @ (x @ w)),
    "two sums multiplied": lambda w, x, t, *_: sum_over(t, 0) @ (x.T @ (x @ w)).T,
    "stacks multiplied": lambda w, x, t, *_: matmul(reshape(sum_over(t, 0), (2, 1, 4)), w.T),
    "a stack times a sum": lambda w, x, t, *_: matmul(
        reshape(w, (3, 1, 4)), transpose(sum_over(t, 0), (1, 0))
    ),
    "spread behind": lambda w, x, t, *_: broadcast_like(sum_over(t[:, 0], 0), w),
    "spread like a sum": lambda w, x, t, *_: broadcast_like(sum_over(x), x.T @ x),
    "fixed, spread like a sum": lambda w, x, t, *_: (
        broadcast_like(w[:, :1], x.T @ (x @ w)) * sum_over(x)
    ),
    "taken behind": lambda w, x, t, label, labels, places, *_: take(x.T @ (x @ w), places),
    "added behind": lambda w, x, t, label, labels, places, *_: add_at(sum_over(t, 0), places, 3),
    "contracted": lambda w, x, t, *_: contract(t, t * 2.0),
    "contracted over rows alone": lambda w, x, t, *_: contract(x, x @ w),
    "contracted behind": lambda w, x, t, *_: contract(contract(t, t), contract(t, t[:, :, :3])),
    "contracted with a fixed one behind": lambda w, x, t, *_: contract(w, contract(x, x)),
    "kernels' gradients": lambda w, x, t, label, labels, places, images, step: convolve_weights(
        images, images[:, :, 1:, 1:4], (2, 2), (1, 1), (1, 2), ((0, 0), (0, 0)), 1
    ),
    "kernels' gradients, in groups, padded": lambda w, x, t, a, b, c, images, step: (
        convolve_weights(
            images, exp(images[:, :, :3, :3]), (2, 2), (2, 2), (1, 1), ((1, 1), (1, 0)), 2
        )
    ),
    "windows behind": lambda w, x, t, *_: windows(contract(x, x @ w), (2,), (2,), (1,)),
    "windows put back behind": lambda w, x, t, *_: overlap_add(
        windows(contract(x, x @ w), (2,), (1,), (1,)), (4,), (1,), (1,)
    ),
    "counted truth values": lambda w, x, t, *_: sum_over(to_float(x < 0.0), 0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_row_is_what_the_row_alone_gives(name: str) -> None:
    program = program_of(FUNCTIONS[name])
    made = per_row(program)
    check(made)
    given = inputs_of(5)
    (terms,) = evaluate(made, given)
    for row in range(5):
        (due,) = evaluate(program, one_row(given, row))
        alone = terms[row : row + 1] if program.marks[program.outputs[0]] == "row" else terms[row]
        np.testing.assert_allclose(alone, due, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_type_is_kept(name: str) -> None:
    made = per_row(program_of(FUNCTIONS[name], "float32"))
    (terms,) = evaluate(made, inputs_of(3))
    (exact,) = evaluate(per_row(program_of(FUNCTIONS[name])), inputs_of(3))
    assert terms.dtype == np.float32
    np.testing.assert_allclose(terms, exact, rtol=1e-3, atol=1e-4)


@settings(deadline=None, max_examples=25)
@given(rows=st.integers(1, 7), seed=st.integers(0, 99), name=st.sampled_from([
    "sum of all", "sum over rows and features", "sum over rows between others, kept",
    "outer product", "outer product of stacks", "added at several labels", "multiplied behind",
    "transposed behind", "padded behind", "spread behind", "taken behind", "added behind",
]))  # fmt: skip
def test_terms_of_a_mean_sum_to_the_mean(rows: int, seed: int, name: str) -> None:
    program = program_of(lambda w, x, *rest: FUNCTIONS[name](w, x, *rest) / count(x, 0))
    given = inputs_of(rows, seed)
    (whole,) = evaluate(program, given)
    (terms,) = evaluate(per_row(program), given)
    assert len(terms) == rows
    np.testing.assert_allclose(terms.sum(axis=0), whole, rtol=1e-10, atol=1e-12)


def test_what_does_not_sum_rows_stays() -> None:
    program = trace(lambda w, x, *_: (exp(w), x @ w, x.T @ x), INPUTS, ("a", "b", "c"))
    made = per_row(program)
    assert made.inputs == program.inputs
    assert made.output_names == ("a", "b", "c")
    shapes = [made.values[number].shape for number in made.outputs]
    assert shapes == [(3, 4), (ROWS, 4), (ROWS, 3, 3)]


def test_a_nan_stays_in_its_row() -> None:
    given = inputs_of(3)
    given[1][1, 0] = np.nan
    for name in ("joined behind", "outer product", "added at labels", "spread like a sum"):
        (terms,) = evaluate(per_row(program_of(FUNCTIONS[name])), given)
        assert np.isnan(terms[1]).any(), name
        assert np.isfinite(terms[[0, 2]]).all(), name
    (joined,) = evaluate(per_row(program_of(FUNCTIONS["joined behind"])), given)
    assert np.isfinite(joined[1, 3:]).all()


@pytest.mark.parametrize(
    ("function", "equation"),
    [
        (lambda w, x, *_: sum_over(x - mean_over(x, 0)), "subtract(x, v"),
        (lambda w, x, *_: max_over(x, 0), "max_over(x, axis=0, keepdims=False)"),
        (lambda w, x, *_: sum_over(x @ x.T), "matmul(x, v"),
        (lambda w, x, *_: sum_over(broadcast_like(sum_over(x, 0), x) * x), "broadcast_like(v"),
    ],
)
def test_a_program_that_mixes_rows_is_refused_with_the_equation(
    function: Callable[..., Any], equation: str
) -> None:
    with pytest.raises(SetupError) as caught:
        per_row(program_of(function))
    assert equation in str(caught.value)
    assert "mixes the rows of a batch" in caught.value.cause
    assert caught.value.cause.count("\n") == 0
    assert caught.value.remedy.endswith(".")


def test_a_sum_cannot_choose() -> None:
    chosen = program_of(lambda w, x, t, label, *_: take(w, reshape(sum_over(label), (1,))))
    with pytest.raises(SetupError, match="serves as an index"):
        per_row(chosen)
