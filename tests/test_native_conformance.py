"""The native engine on every example of every op, and on products and maxima of every size.

``check_op`` holds the best instruction set to the reference on up to 33 rows; here are the other
sets, tiles and threads.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from native_comparison import (
    DTYPES,
    SETS,
    differences,
    drawn_content,
    instruction_set,
    names,
    needs_native,
    threads,
)

from chainrule.arrays import broadcast_like, exp, max_over, sum_over, take, tanh, transpose
from chainrule.engines import native, reference
from chainrule.engines.choosing import ENGINES
from chainrule.engines.work import Engine
from chainrule.ops import OPS
from chainrule.program import FloatType, Input, Program, trace
from chainrule.shapes import ROWS
from chainrule.testing import check_op, programs
from chainrule.testing.trials import draw, has_open_rows

pytestmark = needs_native


# ---------------------------------------------------------------- the examples of the table


def programs_of(name: str, dtype: FloatType, counts: tuple[int, ...]) -> Iterator[Any]:
    """Yield (program, inputs) for the examples of an op, and for so many rows where they are open.

    The program holds forward, backward and tangent.
    """
    op = OPS[name]
    for example in op.examples:
        rows = counts if has_open_rows(op, example) else counts[:1]
        made = programs._program(draw(op, example), dtype)
        for count in rows:
            trial = draw(op, example, rows=count if has_open_rows(op, example) else 5, seed=count)
            yield made, [programs._rounded(one, dtype) for one in programs._given(trial)]


def wrong_in(program: Program, made: list[Any], due: list[Any]) -> list[str]:
    return [
        name
        for name, one, other in zip(program.output_names, made, due, strict=True)
        if not programs._same_type(one, other) or not programs._near(one, other, program.dtype)
    ]


@pytest.mark.parametrize("name", sorted(OPS))
def test_every_example_of_an_op_on_every_instruction_set(name: str) -> None:
    for dtype in programs.BOUNDS:
        for program, given in programs_of(name, dtype, (1, 7, 9, 33, 700)):
            due = reference.evaluate(program, given)
            for chosen in SETS:
                with instruction_set(chosen):
                    made = native.evaluate(program, given)
                wrong = wrong_in(program, made, due)
                assert not wrong, f"{wrong} over {dtype}, set {chosen}\n{program}"


@pytest.mark.parametrize("name", sorted(name for name, op in OPS.items() if op.kind != "word"))
def test_every_op_on_thousands_of_rows_and_two_threads(name: str) -> None:
    """Tiles of two threads where the work is worth it, the last tile short."""
    for dtype in programs.BOUNDS:
        for program, given in programs_of(name, dtype, (4001,)):
            due = reference.evaluate(program, given)
            for count in (1, 2):
                with threads(count):
                    made = native.evaluate(program, given)
                # Sums of so many rows are rounded in another order by each.
                for one, other in zip(made, due, strict=True):
                    size = float(np.max(np.abs(np.asarray(other) * 1.0), initial=0.0))
                    bound = 100.0 * programs.BOUNDS[dtype] * max(size, 1.0)
                    assert np.max(np.abs(np.asarray(one) * 1.0 - other), initial=0.0) <= bound


def test_an_engine_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoiled(program: Program, inputs: Any) -> list[Any]:
        made = reference.evaluate(program, inputs)
        return [made[0] * 1.001, *made[1:]]

    def widened(program: Program, inputs: Any) -> list[Any]:
        return [np.asarray(one, dtype=np.float64) for one in reference.evaluate(program, inputs)]

    assert check_op(OPS["tanh"], jax=False) == []
    monkeypatch.setitem(ENGINES, "spoiled", Engine(native.run, spoiled))  # type: ignore[arg-type]
    found = check_op(OPS["tanh"], jax=False)
    assert found
    assert all("output 0 of its program" in one and "on the spoiled engine" in one for one in found)
    monkeypatch.setitem(ENGINES, "spoiled", Engine(native.run, widened))  # type: ignore[arg-type]
    assert any("over float32" in one for one in check_op(OPS["tanh"], jax=False))


# ---------------------------------------------------------------- products

TURNED = list(itertools.product([False, True], repeat=2))


def assert_equal(program: Program, rows: int, *, sets: list[int] = SETS, seed: int = 0) -> None:
    random = np.random.default_rng(seed + rows)
    given = [drawn_content(one.shape, one.kind, rows, random, False) for one in program.inputs]
    for chosen in sets:
        with instruction_set(chosen):
            found = differences(program, given, native.evaluate(program, given))
        assert not found, f"{program}\n{rows} rows, set {chosen}\n" + "\n".join(found)


def product(left: Any, right: Any, turned: tuple[bool, bool], dtype: FloatType) -> Program:
    """Return the program of a product whose sides may come turned over."""

    def multiply(x: Any, w: Any) -> list[Any]:
        x = transpose(x, (1, 0)) if turned[0] else x
        return [x @ (transpose(w, (1, 0)) if turned[1] else w)]

    return trace(multiply, [Input("x", left), Input("w", right)], ["y"], dtype)


@pytest.mark.parametrize("turned", TURNED)
@pytest.mark.parametrize("dtype", DTYPES)
def test_products_of_every_small_size(turned: tuple[bool, bool], dtype: FloatType) -> None:
    """Sizes below, at and above those of a block of registers; a sample of their combinations."""
    random = np.random.default_rng(4)
    for _ in range(60):
        rows, depth, columns = (int(one) for one in random.integers(1, 40, size=3))
        left = (depth, rows) if turned[0] else (rows, depth)
        right = (columns, depth) if turned[1] else (depth, columns)
        assert_equal(product(left, right, turned, dtype), 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(1, 700, 9), (40, 1100, 3), (64, 64, 200), (130, 90, 110)])
def test_products_that_are_deep_or_left_to_a_library(
    size: tuple[int, int, int], dtype: FloatType
) -> None:
    rows, depth, columns = size
    for turned in TURNED:
        left = (depth, rows) if turned[0] else (rows, depth)
        right = (columns, depth) if turned[1] else (depth, columns)
        assert_equal(product(left, right, turned, dtype), 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("wide", "narrow"), [(1, 1), (3, 17), (20, 2), (33, 5), (200, 150)])
def test_products_with_rows(wide: int, narrow: int, dtype: FloatType) -> None:
    """Forwards, to a gradient of the inputs, and to one of the weights."""
    program = trace(
        lambda x, w, g: [x @ w, g @ w.T, x.T @ g, sum_over(g, 0)],
        [Input("x", (ROWS, wide)), Input("w", (wide, narrow)), Input("g", (ROWS, narrow))],
        names(range(4)),
        dtype,
    )
    for rows in (1, 2, 3, 7, 8, 9, 16, 31, 130, 515):
        assert_equal(program, rows, sets=SETS if rows < 20 else SETS[-1:])


# ---------------------------------------------------------------- a maximum swallows no NaN


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, 1, None])
def test_a_maximum_finds_a_nan_wherever_it_stands(axis: int | None, dtype: FloatType) -> None:
    for shape in ((4, 1), (1, 4), (3, 5), (9, 2)):
        program = trace(
            lambda x, axis=axis: [max_over(x, axis), max_over(transpose(x, (1, 0)), axis)],
            [Input("x", shape)],
            names(range(2)),
            dtype,
        )
        for place in range(shape[0] * shape[1]):
            x = -np.ones(shape)
            x.flat[place] = np.nan
            for chosen in SETS:
                with instruction_set(chosen):
                    made = native.evaluate(program, [x])
                for one, other in zip(made, reference.evaluate(program, [x]), strict=True):
                    assert np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_maximum_of_every_length(dtype: FloatType) -> None:
    random = np.random.default_rng(6)
    for length in range(1, 70):
        program = trace(
            lambda x, y: [max_over(x, 1), max_over(y, 0), max_over(x), sum_over(x, 1)],
            [Input("x", (2, length)), Input("y", (length, 3))],
            names(range(4)),
            dtype,
        )
        x, y = random.normal(size=(2, length)), random.normal(size=(length, 3))
        x[1, random.integers(length)] = y[random.integers(length), 1] = np.nan
        for chosen in SETS:
            with instruction_set(chosen):
                made = native.evaluate(program, [x, y])
            due = reference.evaluate(program, [x, y])
            for one, other in zip(made[:3], due, strict=False):
                assert np.array_equal(one, other, equal_nan=True)
            np.testing.assert_allclose(made[3], due[3], rtol=1e-5)


# ---------------------------------------------------------------- tiles and threads


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [64, 65, 1000, 4001])
def test_tiles_and_threads_give_what_one_tile_gives(rows: int, dtype: FloatType) -> None:
    """Every kind of sum over rows, and records of rows, in tiles of which the last is short."""

    def function(x: Any, table: Any, i: Any, w: Any) -> list[Any]:
        hidden = tanh(x @ w) * exp(take(table, i) * 0.1)
        truths = hidden < 0.0
        return [
            *(hidden, truths, i, sum_over(hidden, 0), sum_over(hidden), x.T @ hidden),
            *(sum_over(truths, 0), sum_over(i), sum_over(truths), table * sum_over(hidden, 0)),
            *(broadcast_like(sum_over(hidden * hidden) * 0.5, w), hidden[:, 1]),
        ]

    inputs = [Input("x", (ROWS, 12)), Input("table", (9, 20)), Input("i", (ROWS,), "integer")]
    program = trace(function, [*inputs, Input("w", (12, 20))], names(range(12)), dtype)
    random = np.random.default_rng(rows)
    given = [
        *(random.normal(size=(rows, 12)), random.normal(size=(9, 20))),
        *(random.integers(-9, 9, size=rows), random.normal(size=(12, 20)) * 0.1),
    ]
    for count in (1, 2):
        with threads(count):
            found = differences(program, given, native.evaluate(program, given))
        assert not found, f"{rows} rows, {count} threads\n" + "\n".join(found)
    if rows > 4000:
        assert native.machine_of(program, 0, None).threads_of(rows) == 2
