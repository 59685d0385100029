"""Drawn programs: the native engine gives what the reference gives.

Hypothesis draws programs over the whole alphabet, and shrinks those that fail. Each is tried in
both types, on one of the instruction sets, with a row count of one of the layouts: features are the
fast axis below 8 rows, rows are from there on, and several hundred rows are cut into tiles, of
which the last is short.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from native_comparison import (
    DTYPES,
    FEW,
    SETS,
    difference,
    differences,
    drawn_content,
    instruction_set,
    names,
    needs_native,
    row_counts,
    steps_with_noise,
    threads,
)
from native_programs import Drawing
from native_shapes import Choose, drawn_inputs, has_open

from chainrule.engines import native
from chainrule.engines.work import Batches, Work
from chainrule.program import Program

pytestmark = needs_native

CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def drawn(examples: int) -> Callable[..., Any]:
    """Let Hypothesis draw so many programs."""
    limits = settings(max_examples=examples, suppress_health_check=CALM)
    return lambda test: limits(given(st.data())(test))


def chooser(data: Any) -> Choose:
    """Choose by drawn places: a place shrinks, and the values of a program cannot be compared."""
    return lambda options: options[data.draw(st.integers(0, len(options) - 1))]


def try_program(
    data: Any, *, hollow: bool = False, special: bool = False, many: int | None = None
) -> None:
    choose = chooser(data)
    inputs = drawn_inputs(choose, hollow=hollow)
    drawing = Drawing(choose, inputs, hollow=hollow)
    drawing.draw(choose([2, 4, 6, 9, 14]))
    outputs = drawing.outputs(choose([1, 2, 4]))
    rows_drawn, seed, chosen = choose(range(7)), choose(range(1000)), choose(SETS)
    for dtype in DTYPES:
        program = drawing.tracing.program(outputs, names(outputs), dtype)
        if special:
            # What a window sees outside of an array is left out there, and is 0 times a number
            # here: NaN where that is one, or infinite.
            assume(not pads(program))
        counts = row_counts(program)
        rows = many if many is not None and counts != FEW else counts[rows_drawn % len(counts)]
        random = np.random.default_rng(seed)
        contents = [drawn_content(one.shape, one.kind, rows, random, special) for one in inputs]
        with instruction_set(chosen):
            made = native.evaluate(program, contents)
        found = differences(program, contents, made)
        assert not found, f"{program}\n{rows} rows, set {chosen}\n" + "\n".join(found)


def pads(program: Program) -> bool:
    """Whether a convolution of the program looks beyond its array."""
    contents = [dict(one.settings) for one in program.equations]
    sides = [side for one in contents for side in one.get("padding", ())]
    bodies = [one["body"] for one in contents if "body" in one]
    return any(max(side) > 0 for side in sides) or any(map(pads, bodies))


@drawn(150)
def test_a_drawn_program(data: Any) -> None:
    try_program(data)


@drawn(50)
def test_a_drawn_program_on_nan_and_infinity(data: Any) -> None:
    try_program(data, special=True)


@drawn(80)
def test_a_drawn_program_with_axes_of_no_entries(data: Any) -> None:
    try_program(data, hollow=True)


@drawn(25)
def test_a_drawn_program_on_thousands_of_rows_and_two_threads(data: Any) -> None:
    """Where the work is worth it, tiles are shared out; the last one is short."""
    with threads(2):
        try_program(data, many=4001)


def is_record(value: Any) -> bool:
    """Whether a value can be joined over steps: it has rows first, or none."""
    return not has_open(value.plain[1:])


@drawn(100)
def test_drawn_steps_with_carried_values(data: Any) -> None:
    choose = chooser(data)
    carried = choose([1, 2, 2, 3])
    inputs = drawn_inputs(choose, carried)
    drawing = Drawing(choose, inputs)
    drawing.draw(choose([3, 5, 9, 14]))
    outputs = drawing.replacements(carried)
    outputs += drawing.outputs(choose([1, 2, 3]), is_record)
    fixed = carried + sum(one.name.startswith("fixed") for one in inputs)
    size_drawn, times, over = choose(range(6)), choose([1, 2, 3]), choose([0, 1, 2])
    shuffled, seed, chosen = choose([True, False]), choose(range(1000)), choose(SETS)
    for dtype in DTYPES:
        program = drawing.tracing.program(outputs, names(outputs), dtype)
        work = Work(program, carried, fixed - carried)
        counts = row_counts(program)[:-1]
        size = counts[size_drawn % len(counts)]
        batches = Batches(size * times + over, size, seed, shuffled)
        random = np.random.default_rng(seed)
        contents = [drawn_content(one.shape, one.kind, batches.rows, random, False)
                    for one in inputs]  # fmt: skip
        contents = [as_given(one, dtype) for one in contents]
        given_parts = (contents[:carried], contents[carried:fixed], contents[fixed:])
        last = 2 * batches.steps_per_epoch + 1
        with instruction_set(chosen):
            outcome = native.run(work, *given_parts, batches, 0, last, float("inf"))
        made = [*outcome.carried, *outcome.records]
        due, *shaken = (
            steps_with_noise(work, *given_parts, batches, last, noise) for noise in (None, 1, 2, 3)
        )
        for place, (one, other) in enumerate(zip(made, due, strict=True)):
            text = difference(one, other, [each[place] for each in shaken], dtype)
            assert not text, f"{program}\n{batches}, set {chosen}\ny{place}: {text}"


def as_given(content: Any, dtype: Any) -> Any:
    """Return a content as the door is given it, in the program's type."""
    if isinstance(content, np.ndarray) and content.dtype.kind == "f":
        return content.astype(dtype)
    return content
