"""The kernels of single words: special numbers, tails of every length, and how exact they are."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from chainrule.engines import native
from chainrule.word_values import WORD_VALUES

pytestmark = pytest.mark.skipif(not native.is_present(), reason="the compiled engine is not there")

SETS = range(len(native.instruction_sets()) if native.is_present() else 1)
TYPES = (np.float32, np.float64)
UNARY = (
    "negative", "absolute", "sign", "floor", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos",
    "tanh", "sigmoid", "erf",
)  # fmt: skip
BINARY = ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum")
TRUTHS = ("less", "less_equal", "equal", "logical_and", "logical_or", "logical_not", "is_finite")
# Units in the last place that a word may be off by.
BOUNDS = {
    "exp": 2, "expm1": 2, "log": 2, "log1p": 2, "tanh": 4, "sigmoid": 2, "sin": 2, "cos": 2,
    "erf": 2, "power": 2,
}  # fmt: skip
GUARD = 12345.0


def applied(
    instruction_set: int, word: str, *given: Any, dtype: Any = np.float64, count: int | None = None
) -> Any:
    """Run a kernel on arrays or single numbers, and see that it writes nothing beyond its end."""
    arrays = [np.atleast_1d(np.asarray(one, dtype=dtype)) for one in given]
    arrays += [arrays[0]] * (3 - len(arrays))
    count = max(one.size for one in arrays) if count is None else count
    memory = np.full(count + 16, GUARD, dtype=dtype)
    native._module().apply_word(instruction_set, word, *arrays, memory[:count])
    assert (memory[count:] == GUARD).all(), f"{word} wrote beyond {count} numbers"
    return memory[:count]


def applied_pair(
    instruction_set: int, first: str, second: str, mirrored: bool, *given: Any, count: int
) -> Any:
    """Run the kernel of two words, and see that it writes nothing beyond its end."""
    arrays = [*given, *([given[0]] * (3 - len(given)))]
    memory = np.full(count + 16, GUARD, dtype=given[0].dtype)
    native._module().apply_pair(instruction_set, first, second, mirrored, *arrays, memory[:count])
    assert (memory[count:] == GUARD).all(), f"{second} of {first} wrote beyond {count} numbers"
    return memory[:count]


def special(dtype: Any) -> Any:
    info = np.finfo(dtype)
    sizes = [
        0.0, info.smallest_subnormal, info.tiny / 3, info.tiny, info.eps, 0.25, 0.5, 1.0, 1.5, 2.0,
        10.0, 88.0, 104.0, 700.0, 745.0, 1e6, math.sqrt(info.max), info.max, np.inf,
    ]  # fmt: skip
    with np.errstate(over="ignore"):
        found = np.array([*sizes, *(-one for one in sizes), np.nan], dtype=dtype)
    return found


def truth(word: str, *given: Any) -> Any:
    """Return what NumPy gives; what is not exact is computed in a wider type and rounded."""
    dtype = given[0].dtype
    wide = dtype
    if word in BOUNDS:
        wide = np.float64 if dtype == np.float32 else np.longdouble
    if word == "erf":
        # SciPy has no wider one; a float64 is compared with libm's.
        made = np.array([math.erf(float(one)) for one in given[0]])
        return made.astype(dtype)
    with np.errstate(all="ignore"):
        return WORD_VALUES[word](np, *(one.astype(wide) for one in given)).astype(dtype)


def units_between(made: Any, due: Any) -> Any:
    """Return how many floats lie between two arrays, sign and all."""
    whole = np.int32 if made.dtype == np.float32 else np.int64

    def places(content: Any) -> Any:
        bits = content.view(whole).astype(np.int64)
        lowest = np.int64(np.iinfo(whole).min)
        return np.where(bits < 0, lowest - bits, bits)

    return np.abs(places(made) - places(due))


def assert_near(word: str, made: Any, due: Any, *given: Any) -> None:
    odd = np.isnan(due) != np.isnan(made)
    assert not odd.any(), f"{word}: NaN differs at {[one[odd][:3] for one in given]}"
    sound = ~np.isnan(due)
    apart = units_between(made[sound], due[sound])
    worst = int(apart.argmax()) if apart.size else 0
    assert not apart.size or apart[worst] <= BOUNDS.get(word, 0), (
        f"{word} is {apart[worst]} units off at {[one[sound][worst] for one in given]}"
    )


def test_units_are_counted_across_zero() -> None:
    for dtype in TYPES:
        one = np.array([1.0, 0.0, -np.finfo(dtype).smallest_subnormal], dtype=dtype)
        other = np.array([np.nextafter(dtype(1), dtype(2)), -0.0, 0.0], dtype=dtype)
        assert units_between(one, other).tolist() == [1, 0, 1]


@pytest.mark.parametrize("instruction_set", SETS)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("word", UNARY)
def test_special_numbers_give_what_they_should(word: str, dtype: Any, instruction_set: int) -> None:
    given = special(dtype)
    made = applied(instruction_set, word, given, dtype=dtype)
    due = truth(word, given)
    assert_near(word, made, due, given)
    kept = np.isfinite(due) & (due == 0)
    if word in ("tanh", "expm1", "log1p", "sin", "erf", "negative", "floor"):
        assert (np.signbit(made[kept]) == np.signbit(due[kept])).all(), f"{word} of 0"


@pytest.mark.parametrize("instruction_set", SETS)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("word", BINARY)
def test_pairs_of_special_numbers(word: str, dtype: Any, instruction_set: int) -> None:
    numbers = special(dtype)
    a, b = (one.reshape(-1).copy() for one in np.meshgrid(numbers, numbers))
    made = applied(instruction_set, word, a, b, dtype=dtype)
    due = truth(word, a, b)
    if word == "power":
        # The root of -0 is +0, and of minus infinity infinity, as IEEE 754 says of powers.
        odd = (b == 0.5) & ((a == 0) | np.isinf(a))
        assert (made[odd] == np.abs(due[odd])).all()
        made, due, a, b = made[~odd], due[~odd], a[~odd], b[~odd]
    assert_near(word, made, due, a, b)


@pytest.mark.parametrize("instruction_set", SETS)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("word", TRUTHS)
def test_truths_of_special_numbers(word: str, dtype: Any, instruction_set: int) -> None:
    numbers = special(dtype)
    a, b = (one.reshape(-1).copy() for one in np.meshgrid(numbers, numbers))
    given = (a,) if word in ("logical_not", "is_finite") else (a, b)
    made = applied(instruction_set, word, *given, dtype=dtype)
    assert (made == WORD_VALUES[word](np, *given)).all()


@pytest.mark.parametrize("instruction_set", SETS)
@pytest.mark.parametrize("dtype", TYPES)
def test_every_length_and_every_place_of_a_single_number(dtype: Any, instruction_set: int) -> None:
    draw = np.random.default_rng(7)
    for count in range(1, 34):
        a, b, c = (draw.normal(size=count).astype(dtype) for _ in range(3))
        hole = int(draw.integers(count))
        a[hole] = np.nan
        for word in (*UNARY, "logical_not", "is_finite"):
            whole = applied(instruction_set, word, np.tile(a, 40), dtype=dtype)[:count]
            made = applied(instruction_set, word, a, dtype=dtype)
            assert np.array_equal(made, whole, equal_nan=True), f"{word} of {count} numbers"
        for word in (*BINARY, "less", "equal", "logical_and"):
            whole = applied(instruction_set, word, a, b, dtype=dtype)
            with np.errstate(all="ignore"):
                due = WORD_VALUES[word](np, a, b)
            assert np.isnan(whole[hole]) == np.isnan(due.astype(dtype)[hole]), word
            for left, right in ((a, b[:1]), (a[:1], b), (a[:1], b[:1])):
                spread = [np.broadcast_to(one, count).copy() for one in (left, right)]
                made = applied(instruction_set, word, left, right, dtype=dtype, count=count)
                due = applied(instruction_set, word, *spread, dtype=dtype)
                assert np.array_equal(made, due, equal_nan=True), f"{word} of {count} numbers"
        condition = (a > 0).astype(dtype)
        for given in ((condition, b, c), (condition[:1], b, c), (condition, b[:1], c[:1])):
            made = applied(instruction_set, "where", *given, dtype=dtype, count=count)
            due = np.where(*(np.broadcast_to(one, count) for one in given))
            assert np.array_equal(made, due), f"where of {count} numbers"


PAIRED = native._module().pair_words() if native.is_present() else ["add"]


@pytest.mark.parametrize("instruction_set", SETS)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("first", PAIRED)
def test_two_words_in_one_loop_give_the_bits_of_numpy(
    first: str, dtype: Any, instruction_set: int
) -> None:
    draw = np.random.default_rng(11)
    numbers = special(dtype)

    def apply(word: str, *given: Any) -> Any:
        with np.errstate(all="ignore"):
            return WORD_VALUES[word](np, *(given[:1] if word == "sqrt" else given))

    for second, mirrored in itertools.product(PAIRED, (False, True)):
        operands = 3 - (first == "sqrt") - (second == "sqrt")
        for count, *single in itertools.product((*range(2, 34), 300), *[(False, True)] * operands):
            given = [draw.choice(numbers, 1 if one else count) for one in single]
            a, other = given[:1] if first == "sqrt" else given[:2], given[-1]
            middle = apply(first, *a)
            due = apply(second, *((other, middle) if mirrored else (middle, other)))
            if second == "sqrt":
                due = apply("sqrt", middle)
            made = applied_pair(instruction_set, first, second, mirrored, *given, count=count)
            due = np.broadcast_to(due, count)
            sound = ~np.isnan(due)
            same = np.array_equal(made, due, equal_nan=True) and np.array_equal(
                np.signbit(made[sound]), np.signbit(due[sound])
            )
            assert same, (
                f"{second} of {first}, mirrored: {mirrored}, {count} numbers, single: {single}"
            )


def samples(word: str, dtype: Any) -> Any:
    """Return numbers over the whole range, and closer where a word bends or ends."""
    draw = np.random.default_rng(3)
    bits = draw.integers(0, 2 ** (31 if dtype == np.float32 else 63), 40_000)
    every = bits.astype(np.uint32 if dtype == np.float32 else np.uint64).view(dtype)
    every = np.concatenate([every, -every])
    dense = [draw.uniform(-one, one, 20_000) for one in (1e-3, 1.0, 20.0, 110.0, 750.0)]
    found = np.concatenate([every, *(one.astype(dtype) for one in dense)])
    found = found[np.isfinite(found)]
    return np.abs(found) if word == "log" else found


@pytest.mark.parametrize("instruction_set", SETS)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("word", [one for one in BOUNDS if one != "power"])
def test_words_are_exact_to_the_last_places(word: str, dtype: Any, instruction_set: int) -> None:
    given = samples(word, dtype)
    if word in ("sin", "cos"):
        # Beyond that, even the wider type does not know the angle.
        given = given[np.abs(given) < 1e5]
    assert_near(word, applied(instruction_set, word, given, dtype=dtype), truth(word, given), given)
