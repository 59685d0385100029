"""How the tests of the native engine run it, and how near to the reference it has to be.

Two engines add up in different orders, so they may differ by rounding, and a program may make much
of little. How much is found by running it in NumPy with noise of the size of rounding added after
every word: what that changes is allowed, times a margin. A comparison that noise turns over makes
its own output worthless, and no other.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from unrolling import unrolled

from chainrule.engines import native
from chainrule.engines.work import Batches, Work
from chainrule.equations import Equation
from chainrule.program import Program
from chainrule.shapes import Rows, has_rows
from chainrule.word_values import WORD_VALUES

needs_native = pytest.mark.skipif(
    not native.is_present(), reason="the compiled engine is not there"
)
SETS = list(range(len(native.instruction_sets()))) if native.is_present() else []
DTYPES = ("float64", "float32")
# Words that give what NumPy gives to the last bit wherever their inputs are small binary fractions.
EXACT = {
    *("negative", "absolute", "sign", "floor", "add", "subtract", "multiply", "maximum"),
    *("minimum", "where", "to_float", "sum_over", "max_over", "count", "matmul", "transpose"),
    *("reshape", "broadcast_like", "concatenate", "slice", "pad", "take", "add_at", "windows"),
    *("overlap_add", "contract", "convolve", "convolve_transposed", "convolve_weights"),
}
SUMS_OF_PRODUCTS = {
    *("overlap_add", "contract", "convolve", "convolve_transposed", "convolve_weights"),
}
MARGIN = 64.0


@contextlib.contextmanager
def instruction_set(chosen: int) -> Iterator[None]:
    """Let the engine use one of the instruction sets that are here."""
    made = native.machine_of
    limited = functools.partial(made, instruction_set=chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "machine_of", limited)
        yield


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Let a step use so many threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_THREADS", str(count))
        yield


# ---- NumPy with noise ----


def with_noise(program: Program, inputs: Sequence[Any], seed: int | None) -> list[Any]:
    """Return the outputs as NumPy gives them, with noise where a seed is given.

    The steps of a scan are taken word by word, for noise in each of them.
    """
    program = unrolled(program)
    random = None if seed is None else np.random.default_rng(seed)
    values: list[Any] = [one.constant for one in program.values]
    settled = [_settled(program, number, one) for number, one in enumerate(values)]
    for number, content in enumerate(inputs):
        settled[number] = _settled(program, number, content)
    with np.errstate(all="ignore"):
        for one in program.equations:
            given = [settled[number] for number in one.inputs]
            made = WORD_VALUES[one.word](np, *given, **dict(one.settings))
            if random is not None and program.values[one.output].kind == "float":
                made = made + _noise(program, one, given, made, random)
            settled[one.output] = _settled(program, one.output, made)
    return [settled[number] for number in program.outputs]


def _settled(program: Program, number: int, content: Any) -> Any:
    value = program.values[number]
    if content is None:
        return None
    if not value.shape:
        return {"float": float, "integer": int, "boolean": bool}[value.kind](content)
    types = {"float": program.dtype, "integer": np.int64, "boolean": np.bool_}
    return np.asarray(content, dtype=types[value.kind])


def _noise(program: Program, one: Equation, given: Sequence[Any], made: Any, random: Any) -> Any:
    word, settings = one.word, dict(one.settings)
    exact = word in EXACT and all(_is_small_fraction(each) for each in (*given, made))
    if exact:
        return 0.0
    size = np.abs(np.asarray(made, dtype=np.float64))
    if word == "sum_over":
        terms = np.sum(np.abs(given[0]), axis=None)
        count = max(np.size(given[0]) / max(np.size(made), 1), 1.0)
        size = size + terms / max(np.size(made), 1) / count**0.5
    elif word == "matmul":
        depth = max(np.shape(given[0])[-1], 1)
        size = size + np.matmul(np.abs(given[0]), np.abs(given[1])) / depth**0.5
    elif word in SUMS_OF_PRODUCTS:
        parts = [np.abs(np.asarray(one, dtype=np.float64)) for one in given]
        size = size + WORD_VALUES[word](np, *parts, **settings)
    size = np.where(np.isfinite(size), size, 0.0)
    step = 4.0 * float(np.finfo(program.dtype).eps)
    return size * step * random.uniform(-1.0, 1.0, size=np.shape(made))


def _is_small_fraction(content: Any) -> bool:
    numbers = np.asarray(content, dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    return bool(np.all(known * 256.0 == np.floor(known * 256.0)) and np.all(np.abs(known) < 64.0))


# ---- what has to be equal ----


def difference(made: Any, due: Any, shaken: Sequence[Any], dtype: str) -> str:
    """Say in what way a result is not the one that is due; empty where it is near enough."""
    if type(made) is not type(due) or np.shape(made) != np.shape(due):
        return f"{type(made)} {np.shape(made)}, not {type(due)} {np.shape(due)}"
    left, right = np.asarray(made), np.asarray(due)
    if left.dtype != right.dtype:
        return f"{left.dtype}, not {right.dtype}"
    left, right = left.astype(np.float64), right.astype(np.float64)
    others = [np.asarray(one).astype(np.float64) for one in shaken]
    if any(not np.array_equal(np.isfinite(one), np.isfinite(right)) for one in others):
        return ""  # whether it overflows is a matter of rounding
    finite = np.isfinite(right)
    if not np.array_equal(left[~finite], right[~finite], equal_nan=True):
        return f"not the same NaN and infinities: {left} for {right}"
    if not np.isfinite(left[finite]).all():
        return f"not finite: {left} for {right}"
    known = right[finite]
    moved = max(float(np.max(np.abs(one[finite] - known), initial=0.0)) for one in others)
    eps = float(np.finfo(dtype).eps)
    bound = MARGIN * (moved + eps * float(np.max(np.abs(known), initial=0.0)))
    if np.asarray(due).dtype.kind in "iub":
        bound = 0.0 if moved == 0.0 else bound
    worst = float(np.max(np.abs(left[finite] - known), initial=0.0))
    return f"differs by {worst}, over {bound}: {left} for {right}" if worst > bound else ""


def differences(program: Program, inputs: Sequence[Any], made: Sequence[Any]) -> list[str]:
    """Say what is wrong with the results of a program, one line for each output that is."""
    due = with_noise(program, inputs, None)
    shaken = [with_noise(program, inputs, seed) for seed in (1, 2, 3)]
    found = [
        (name, difference(one, other, [each[place] for each in shaken], program.dtype))
        for place, (name, one, other) in enumerate(
            zip(program.output_names, made, due, strict=True)
        )
    ]
    return [f"{name}: {text}" for name, text in found if text]


def steps_with_noise(
    work: Work,
    carried: Sequence[Any],
    fixed: Sequence[Any],
    rows: Sequence[NDArray[Any]],
    batches: Batches,
    steps: int,
    seed: int | None,
) -> list[Any]:
    """Return the carried values and then the records after some steps, as the door gives them."""
    now, records = list(carried), []
    for step in range(steps):
        chosen = batches.of_step(step)
        made = with_noise(work.program, [*now, *fixed, *(one[chosen] for one in rows)], seed)
        now = made[: work.carried]
        records.append(made[work.carried :])
        seed = None if seed is None else seed + 1000
    shapes = [work.program.values[one].shape for one in work.program.outputs[work.carried :]]
    columns = [
        np.concatenate(column) if has_rows(shape) else np.array(column)
        for shape, column in zip(shapes, zip(*records, strict=True), strict=True)
    ]
    return [*now, *columns]


def drawn_content(shape: Any, kind: str, rows: int, random: Any, special: bool) -> Any:
    """Draw what an input holds: small binary fractions or any floats, now and then NaN and more."""
    sizes = tuple(size if isinstance(size, int) else rows for size in shape)
    if kind == "boolean":
        made = random.integers(0, 2, size=sizes) > 0
    elif kind == "integer":
        made = random.integers(-3, 7, size=sizes)
    else:
        made = random.normal(size=sizes)
        made = np.round(made * 4.0) / 4.0 if random.integers(2) else made
        if special:
            odd = random.choice([np.nan, np.inf, -np.inf, -0.0, 1e-300, 1e15], size=sizes)
            made = np.where(random.uniform(size=sizes) < 0.04, odd, made)
    return made.item() if not sizes else made


# ---- how many rows ----

ROW_COUNTS = (1, 2, 7, 9, 33, 300, 900)
# Where a value has rows along two axes, it has the square of so many entries.
FEW = (1, 2, 7, 9, 33)


def row_counts(program: Program) -> Sequence[int]:
    most = max(sum(isinstance(size, Rows) for size in value.shape) for value in program.values)
    return ROW_COUNTS if most < 2 else FEW


def names(outputs: Sequence[Any]) -> list[str]:
    return [f"y{place}" for place in range(len(outputs))]
