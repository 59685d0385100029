"""Windows, convolutions, contractions and random numbers on the native engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from native_comparison import (
    DTYPES,
    ROW_COUNTS,
    SETS,
    differences,
    instruction_set,
    names,
    needs_native,
    threads,
)

from chainrule.arrays import (
    apply,
    contract,
    equal,
    max_over,
    random,
    reshape,
    sum_over,
    tanh,
    transpose,
    where,
)
from chainrule.engines import native
from chainrule.engines.work import Batches, Work
from chainrule.program import Input, trace
from chainrule.randomness import uniform
from chainrule.shapes import ROWS
from chainrule.sliding import convolve, convolve_transposed, convolve_weights, overlap_add, windows

pytestmark = needs_native

SLIDES: dict[str, dict[str, Any]] = {
    "plain": {"stride": (1, 1), "dilation": (1, 1), "padding": ((0, 0), (0, 0)), "groups": 1},
    "same": {"stride": (1, 1), "dilation": (1, 1), "padding": ((1, 1), (0, 1)), "groups": 1},
    "uneven": {"stride": (2, 3), "dilation": (1, 2), "padding": ((2, 0), (3, 1)), "groups": 2},
    "wide": {"stride": (1, 2), "dilation": (2, 1), "padding": ((4, 4), (5, 5)), "groups": 4},
}


def check(
    function: Callable[..., Sequence[Any]],
    inputs: Sequence[Input],
    count: int,
    dtype: Any,
    rows: Sequence[int] = ROW_COUNTS,
) -> None:
    """Hold a function to NumPy on every instruction set, for so many rows."""
    program = trace(function, inputs, names(range(count)), dtype)
    draw = np.random.default_rng(5)
    for number in rows:
        given = []
        for one in inputs:
            sizes = tuple(size if isinstance(size, int) else number for size in one.shape)
            content = (
                draw.normal(size=sizes) if one.kind == "float" else draw.integers(3, size=sizes)
            )
            given.append(content if one.kind != "boolean" else content > 0)
        for chosen in SETS:
            with instruction_set(chosen), threads(2 if number == ROW_COUNTS[-1] else 1):
                made = native.evaluate(program, given)
            assert not differences(program, given, made), (chosen, number)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SLIDES)
@pytest.mark.parametrize("outputs", [4, 8, 28])
def test_convolutions_are_those_of_the_reference(name: str, outputs: int, dtype: Any) -> None:
    slide = SLIDES[name]

    def three(x: Any, w: Any) -> list[Any]:
        y = convolve(x, w, **slide)
        change = tanh(y)
        back = convolve_transposed(change, w, (7, 5), **slide)
        return [y, back, convolve_weights(x, change, (3, 2), **slide)]

    inputs = [Input("x", (ROWS, 4, 7, 5)), Input("w", (outputs, 4 // slide["groups"], 3, 2))]
    check(three, inputs, 3, dtype, (1, 7, 33, 900) if outputs == 4 else (9, 33))


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_need_not_lie_side_by_side(dtype: Any) -> None:
    """A batch of fixed size, and rows that stand last."""
    slide = {"stride": (1,), "dilation": (1,), "padding": ((1, 0),), "groups": 1}

    def fixed(x: Any, w: Any) -> list[Any]:
        y = convolve(x, w, **slide)
        return [y, convolve_transposed(y, w, (6,), **slide), convolve_weights(x, y, (2,), **slide)]

    def turned(x: Any, w: Any) -> list[Any]:
        (y, back, summed) = fixed(transpose(x, (2, 0, 1)), w)
        return [transpose(y, (1, 2, 0)), transpose(back, (1, 2, 0)), summed]

    w = Input("w", (5, 3, 2))
    check(fixed, [Input("x", (4, 3, 6)), w], 3, dtype, (1,))
    check(turned, [Input("x", (3, 6, ROWS)), w], 3, dtype, (1, 9, 33))


@pytest.mark.parametrize("dtype", DTYPES)
def test_contractions_go_over_all_axes_but_the_last(dtype: Any) -> None:
    for shape in ((ROWS, 3), (ROWS, 5, 3), (5, ROWS, 3), (ROWS, 2, 7, 3)):
        others = (*shape[:-1], 6)
        inputs = [Input("a", shape), Input("b", others)]
        check(lambda a, b: [contract(a, b), contract(b, a)], inputs, 2, dtype)
    check(lambda a: [contract(a, a)], [Input("a", (4, 3, 2))], 1, dtype, (1,))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["float", "integer", "boolean"])
def test_windows_are_looked_through_and_put_back(kind: Any, dtype: Any) -> None:
    def both(x: Any) -> list[Any]:
        made = []
        for size, stride, gap in (((2, 2), (2, 2), (1, 1)), ((3, 2), (1, 2), (2, 1))):
            seen = windows(x, size, stride, gap)
            changed = tanh(seen) if kind == "float" else seen
            made += [sum_over(seen, (-2, -1)), max_over(seen, (3, 5))]
            made += [overlap_add(changed, (6, 5), stride, gap)]
        return made

    check(both, [Input("x", (ROWS, 2, 6, 5), kind)], 6, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_of_a_window_and_its_share(dtype: Any) -> None:
    """Maxima of windows and what goes back to them, in words; many entries tie."""

    def pooled(x: Any, g: Any) -> list[Any]:
        made = []
        for stride in (2, 1):
            seen = windows(x, (2, 2), (stride, stride), (1, 1))
            y = max_over(seen, (-2, -1))
            hits = where(equal(seen, reshape(y, (*y.shape, 1, 1))), 1.0, 0.0)
            shares = hits / sum_over(hits, (-2, -1), keepdims=True)
            grad = y * y + sum_over(g * g)
            back = shares * reshape(grad, (*grad.shape, 1, 1))
            made += [y, overlap_add(back, (5, 6), (stride, stride), (1, 1))]
        return made

    def whole(x: Any, g: Any) -> list[Any]:
        return pooled(apply("floor", (x * 1.5,)), g)

    check(whole, [Input("x", (ROWS, 2, 5, 6)), Input("g", (3,))], 4, dtype)
    not_a_number = np.full((33, 2, 5, 6), 0.5)
    not_a_number[::3, :, 1, 2] = np.nan
    not_a_number[1::3, :, 2, 2] = np.inf
    inputs = [Input("x", (ROWS, 2, 5, 6)), Input("g", (3,))]
    program = trace(whole, inputs, names(range(4)), dtype)
    given = [not_a_number, np.ones(3)]
    assert not differences(program, given, native.evaluate(program, given))


@pytest.mark.parametrize("dtype", DTYPES)
def test_random_numbers_are_those_of_the_generator(dtype: Any) -> None:
    inputs = [Input("seed", (), "integer"), Input("step", (), "integer")]
    inputs += [Input("x", (ROWS, 3, 5)), Input("f", (7,))]

    def drawn(seed: Any, step: Any, x: Any, f: Any) -> list[Any]:
        turned = transpose(x, (1, 0, 2))
        return [random(seed, step, one, "mask") for one in (x, turned, f, sum_over(x))]

    program = trace(drawn, inputs, names(range(4)), dtype)
    for rows in ROW_COUNTS:
        for seed in (3, -2, 2**40 + 9):
            for chosen in SETS:
                given = [seed, 2**32 - 1, np.zeros((rows, 3, 5)), np.zeros(7)]
                with instruction_set(chosen), threads(2):
                    made = native.evaluate(program, given)
                for one, shape in zip(made, ((rows, 3, 5), (3, rows, 5), (7,), ()), strict=True):
                    due = uniform(seed % 2**64, "mask", int(np.prod(shape)), 2**32 - 1)
                    due = due.reshape(shape) if shape else due.item()
                    assert np.array_equal(one, np.asarray(due, dtype) if shape else due)


def test_random_numbers_are_those_of_the_whole_batch_in_every_step() -> None:
    """Tiles know their place in the batch, shuffled or not."""
    inputs = [Input("step", (), "integer"), Input("x", (ROWS, 40, 40))]
    program = trace(
        lambda step, x: [step + 1, random(7, step, x, "mask"), convolved(x)],
        inputs,
        names(range(3)),
        "float32",
    )
    work = Work(program, carried=1)
    rows = np.ones((300, 40, 40), dtype=np.float32)
    for batches in (Batches(300, 300), Batches(300, 128, 3, True)):
        with threads(2):
            outcome = native.run(work, [0], [], [rows], batches, 0, 3, 60.0)
        steps = [batches.rows_in(step) for step in range(3)]
        due = [
            uniform(7, "mask", count * 1600, step).reshape(count, 40, 40)
            for step, count in enumerate(steps)
        ]
        assert np.array_equal(outcome.records[0], np.concatenate(due).astype(np.float32))


def convolved(x: Any) -> Any:
    return sum_over(convolve(x, np.ones((8, 40, 5)), (1,), (1,), ((2, 2),), 1), (1, 2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_share_convolutions_of_a_coupled_program(dtype: Any) -> None:
    """What feeds a mean over rows back to them is one tile, whose instructions are shared out."""
    slide = {"stride": (1, 1), "dilation": (1, 1), "padding": ((1, 1), (1, 1)), "groups": 1}

    def coupled(x: Any, w: Any) -> list[Any]:
        y = convolve(x, w, **slide)
        away = y - sum_over(y, 0, keepdims=True) / x.shape[0]
        back = convolve_transposed(away, w, (12, 12), **slide)
        return [back, convolve_weights(x, away, (3, 3), **slide)]

    inputs = [Input("x", (ROWS, 4, 12, 12)), Input("w", (9, 4, 3, 3))]
    program = trace(coupled, inputs, names(range(2)), dtype)
    draw = np.random.default_rng(2)
    given = [draw.normal(size=(70, 4, 12, 12)), draw.normal(size=(9, 4, 3, 3))]
    for chosen in SETS:
        with instruction_set(chosen), threads(2):
            machine = native.machine_of(program, 0, None)
            made = native.evaluate(program, given)
        assert "shares 2" in machine.describe(70)
        assert not differences(program, given, made)


@pytest.mark.parametrize("name", ["some tie", "not windows", "a sum of more"])
def test_what_says_nearly_the_same_is_not_taken_for_a_share(name: str) -> None:
    """Only 1 or 0, divided by how many are 1, times a factor, is a share in the largest."""
    one = 2.0 if name == "some tie" else 1.0
    axes = (1,) if name == "not windows" else (1, 2)

    def nearly(x: Any) -> list[Any]:
        y = max_over(x, axes, keepdims=True)
        hits = where(equal(x, y), one, 0.0)
        count = sum_over(hits + 1.0 if name == "a sum of more" else hits, axes, keepdims=True)
        return [hits / count * (y + 3.0), y]

    check(nearly, [Input("x", (ROWS, 3, 4))], 2, "float64")
