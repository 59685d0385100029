"""The alphabet: its words, what they make of NaN and infinity, and NumPy's names for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import arrays
from chainrule.arrays import apply, max_over, maximum, minimum, pad, sigmoid, slice_of, zeros_like
from chainrule.engines.reference import evaluate
from chainrule.errors import ChainruleError, SetupError, ShapeError
from chainrule.ops import OPS, Example
from chainrule.program import Input, Program, trace
from chainrule.shapes import ROWS, Shape, broadcast
from chainrule.testing import assert_op, check_op
from chainrule.testing.trials import draw
from chainrule.word_shapes import WORD_SHAPES
from chainrule.word_values import WORD_VALUES

# A word more is a kernel more in every engine: this list grows only on purpose.
ALPHABET = """
absolute add add_at broadcast_like concatenate contract convolve convolve_transposed
convolve_weights cos count divide equal erf exp expm1 floor is_finite less less_equal log log1p
logical_and logical_not logical_or matmul max_over maximum minimum multiply negative overlap_add pad
power random reshape scan sigmoid sign sin slice sqrt subtract sum_over take tanh to_float transpose
where windows
"""
WORDS = sorted(ALPHABET.split())
ROWWISE = np.array([[0.5, -1.5, 2.0, 0.0], [1.0, 3.0, -0.25, 7.0], [-2.0, 0.1, 0.2, 0.3]])


def traced(function: Callable[..., Any], *shapes: Shape) -> Program:
    inputs = [Input(f"x{place}", shape) for place, shape in enumerate(shapes)]
    return trace(lambda *given: [function(*given)], inputs, ["y"])


# ---------------------------------------------------------------- the list


def test_the_alphabet_is_the_frozen_list() -> None:
    assert sorted(WORD_SHAPES) == WORDS
    assert sorted(WORD_VALUES) == WORDS
    assert set(WORDS) <= set(OPS)


@pytest.mark.parametrize("name", WORDS)
def test_every_word_is_an_op_that_holds(name: str) -> None:
    assert_op(OPS[name])


@pytest.mark.parametrize("name", WORDS)
def test_a_shape_rule_says_what_its_word_computes(name: str) -> None:
    one = OPS[name]
    for example in one.examples:
        trial = draw(one, example, rows=3)
        computed = apply(name, trial.inputs, trial.settings)
        kinds = {"f": "float", "i": "integer", "b": "boolean"}
        typed = [(content.shape, kinds[content.dtype.kind]) for content in trial.inputs]
        shape, kind = WORD_SHAPES[name](*typed, **trial.settings)
        assert shape == np.shape(computed)
        assert kind == kinds[np.asarray(computed).dtype.kind]


SHAPES = st.lists(st.sampled_from([1, 2, 3]), max_size=3).map(tuple)


@settings(max_examples=80, deadline=None)
@given(left=SHAPES, right=SHAPES, name=st.sampled_from(["add", "multiply", "divide", "maximum"]))
def test_shapes_meet_as_they_do_in_numpy(left: Any, right: Any, name: str) -> None:
    try:
        due = np.broadcast_shapes(left, right)
    except ValueError:
        with pytest.raises(ShapeError, match="do not meet"):
            broadcast(left, right)
        return
    assert broadcast(left, right) == due
    example = Example(shapes=(left, right), ranges={"b": (0.5, 2.0)})
    assert not check_op(OPS[name], examples=[example], jax=False)


# ---------------------------------------------------------------- NaN and infinity


@pytest.mark.parametrize("word", [maximum, minimum])
def test_maximum_and_minimum_do_not_swallow_a_nan(word: Callable[..., Any]) -> None:
    nan = np.nan
    made = word(np.array([nan, 1.0, nan, 2.0]), np.array([1.0, nan, nan, 1.0]))
    assert np.isnan(made).tolist() == [True, True, True, False]


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_max_over_does_not_swallow_a_nan(axis: int | None) -> None:
    x = ROWWISE.copy()
    x[1, 2] = np.nan
    assert np.isnan(np.asarray(max_over(x, axis)).reshape(-1)).sum() == 1
    program = traced(lambda x: max_over(x, axis), (ROWS, 4))
    assert np.array_equal(evaluate(program, [x])[0], max_over(x, axis), equal_nan=True)


def test_sigmoid_is_exact_in_both_tails() -> None:
    x = np.array([-1000.0, -745.0, -40.0, 0.0, 40.0, 1000.0, np.inf, -np.inf, np.nan])
    with np.errstate(over="raise", invalid="raise"):
        y = sigmoid(x)
    assert y[0] == 0.0
    assert y[1] == np.exp(-745.0)
    assert y[2] == pytest.approx(np.exp(-40.0), rel=1e-15)
    assert y[3] == 0.5
    assert y[4] == pytest.approx(1.0, rel=1e-15)
    assert y[5:8].tolist() == [1.0, 1.0, 0.0]
    assert np.isnan(y[8])


def test_zeros_like_are_zeros_where_the_other_is_not_finite() -> None:
    assert zeros_like(np.array([np.inf, -np.inf, np.nan, 1.0])).tolist() == [0.0] * 4


def test_entries_that_tie_for_the_maximum_share_its_gradient() -> None:
    x = np.array([[2.0, 5.0, 5.0], [1.0, 1.0, 1.0]])
    (gradient,) = OPS["max_over"].backward(np.ones(2), max_over(x, 1), x, axis=1)
    np.testing.assert_allclose(gradient, [[0.0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]])


@pytest.mark.parametrize(("exponent", "slope"), [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0)])
def test_the_slope_of_a_power_is_exact_at_zero(exponent: float, slope: float) -> None:
    x = np.zeros(2)
    y = OPS["power"](x, exponent)
    gradient, _ = OPS["power"].backward(np.ones(2), y, x, np.float64(exponent))
    assert gradient.tolist() == [slope, slope]


def test_values_that_go_to_one_index_are_summed() -> None:
    made = arrays.add_at(np.array([1.0, 2.0, 4.0]), np.array([1, 1, 0]), 3)
    assert made.tolist() == [4.0, 3.0, 0.0]


# ---------------------------------------------------------------- NumPy's names on symbols

NUMPY_NAMES: dict[str, Callable[[Any], Any]] = {
    "np.exp": np.exp,
    "np.abs": np.abs,
    "np.square": np.square,
    "np.isfinite": np.isfinite,
    "abs": abs,
    "minus": lambda x: -x,
    "np.maximum": lambda x: np.maximum(x, 0.5),
    "np.greater": lambda x: np.greater(x, 0.5),
    "np.greater_equal": lambda x: np.greater_equal(0.5, x),
    "np.logical_not": lambda x: np.logical_not(x > 0.0),
    "np.where": lambda x: np.where(x > 0.0, x, -x),
    "np.sum": lambda x: np.sum(x, axis=0),
    "np.mean": np.mean,
    "np.mean over rows": lambda x: np.mean(x, axis=0),
    "np.mean over features": lambda x: np.mean(x, axis=1, keepdims=True),
    "np.max": lambda x: np.max(x, axis=1),
    "np.reshape": lambda x: np.reshape(x, (x.shape[0], 2, 2)),
    "x.mean()": lambda x: x.mean(),
    "x.sum(axis)": lambda x: x.sum(axis=(0, 1)),
    "x.max(axis)": lambda x: x.max(axis=-1),
    "x.T": lambda x: x.T,
    "x.reshape": lambda x: x.reshape(x.shape[0], 2, -1),
    "x ** 2": lambda x: x**2,
    "2 ** x": lambda x: 2**x,
    "2 * x": lambda x: 2 * x,
    "np.float64 * x": lambda x: np.float64(2.0) * x,
    "array * x": lambda x: np.arange(4.0) * x,
    "array @ x.T": lambda x: np.ones((2, 4)) @ x.T,
    "x @ array": lambda x: x @ np.ones((4, 2)),
    "1 - x / 2": lambda x: 1 - x / 2,
    "2 / x": lambda x: 2 / (x + 10.0),
    "x == 2": lambda x: np.where(x == 2.0, 1.0, 0.0),
    "x != 2": lambda x: np.where(x != 2.0, 1.0, 0.0),
    "x // 2": lambda x: x // 2,
    "x % 2": lambda x: x % 2,
    "x < 1": lambda x: x < 1,
    "x >= 1": lambda x: x >= 1,
    "x[:, None]": lambda x: x[:, None],
    "x[..., 1:3]": lambda x: x[..., 1:3],
    "x[:, 1]": lambda x: x[:, 1],
    "x[:, -1]": lambda x: x[:, -1],
    "x[:, 2:]": lambda x: x[:, 2:],
    "x[:, 3:1]": lambda x: x[:, 3:1],
    "x / rows": lambda x: x / x.shape[0],
    "x * rows": lambda x: x * x.shape[0],
    "rows / x": lambda x: x.shape[0] / (x + 10.0),
}


@pytest.mark.parametrize("name", NUMPY_NAMES)
@pytest.mark.parametrize("shape", [(ROWS, 4), (3, 4)])
def test_numpy_spellings_trace_to_words(name: str, shape: Shape) -> None:
    function = NUMPY_NAMES[name]
    program = traced(function, shape)
    assert {one.word for one in program.equations} <= set(WORDS)
    (made,) = evaluate(program, [ROWWISE])
    due = function(ROWWISE)
    assert np.shape(made) == np.shape(due)
    np.testing.assert_allclose(made, due, rtol=1e-15)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda x: np.sort(x), "numpy.sort is not a word"),
        (lambda x: np.linalg.norm(x), "numpy.norm is not a word"),
        (lambda x: np.log10(x), "Did you mean 'log1p'"),
        (lambda x: np.add.reduce(x), "numpy.add is not a word"),
        (lambda x: np.add(x, 1.0, out=np.zeros(4)), "numpy.add is not a word"),
        (lambda x: np.asarray(x), "asked for the numbers"),
        (lambda x: float(x[0, 0]), "cannot be indexed"),
        (lambda x: float(x.sum()), "asked for the numbers"),
        (lambda x: int(x.sum()), "asked for the numbers"),
        (lambda x: x if x.sum() > 0 else -x, "Do not branch on values"),
        (lambda x: sum(x), "asked for the numbers"),
        (lambda x: x[0], "rows are not chosen inside a rule"),
        (lambda x: x[:, ::2], "A slice with a step"),
        (lambda x: x[:, [0, 1]], "take\\(\\) for other indices"),
        (lambda x: x @ np.ones((3, 2)), "does not exist"),
        (lambda x: x + np.ones(3), "do not meet"),
        (lambda x: x.reshape(3, 3), "cannot be rearranged"),
        (lambda x: x.sum(axis=2), "Axis 2 does not exist"),
        (lambda x: x + np.array(["a"]), "cannot be computed with"),
    ],
)
def test_what_cannot_be_traced_is_refused_in_a_sentence(
    function: Callable[..., Any], sentence: str
) -> None:
    with pytest.raises(ChainruleError, match=sentence) as caught:
        traced(function, (ROWS, 4))
    assert str(caught.value).endswith((".", "?"))


def test_a_value_of_one_trace_is_refused_in_another() -> None:
    kept: list[Any] = []

    def keeps(x: Any) -> Any:
        kept.append(x)
        return x * 2.0

    traced(keeps, (ROWS, 4))
    with pytest.raises(SetupError, match="A value of one trace was used in another"):
        traced(lambda x: x + kept[0], (ROWS, 4))


@pytest.mark.parametrize(
    ("word", "inputs", "choices"),
    [
        ("matmul", [((3, 4), "float"), ((3, 4), "float")], {}),
        ("matmul", [((4,), "float"), ((4, 2), "float")], {}),
        ("transpose", [((3, 4), "float")], {"axes": (0, 0)}),
        ("reshape", [((3, 4), "float")], {"shape": (5, -1)}),
        ("reshape", [((ROWS, 4), "float")], {"shape": (2, 2)}),
        ("broadcast_like", [((3, 4), "float"), ((4,), "float")], {}),
        ("concatenate", [((ROWS, 4), "float"), ((ROWS, 4), "float")], {"axis": 0}),
        ("concatenate", [((3, 4), "float"), ((2, 4), "float")], {"axis": 1}),
        ("slice", [((3, 4), "float")], {"axis": 1, "start": 2, "stop": 5}),
        ("slice", [((ROWS, 4), "float")], {"axis": 0, "start": 0, "stop": 1}),
        ("pad", [((3, 4), "float")], {"axis": 1, "before": -1, "after": 0}),
        ("pad", [((ROWS, 4), "float")], {"axis": 0, "before": 1, "after": 0}),
        ("take", [((3, 4), "float"), ((2,), "float")], {}),
        ("add_at", [((3, 4), "float"), ((2,), "integer")], {"size": 5}),
        ("sum_over", [((3, 4), "float")], {"axis": (0, 2)}),
        ("count", [((3, 4), "float")], {"axis": 2}),
    ],
)
def test_shape_rules_refuse_what_does_not_meet(
    word: str, inputs: list[Any], choices: dict[str, Any]
) -> None:
    with pytest.raises(ShapeError) as caught:
        WORD_SHAPES[word](*inputs, **choices)
    assert caught.value.cause.endswith(".")
    assert caught.value.remedy.endswith(".")


# ---------------------------------------------------------------- axes counted from the end


@pytest.mark.parametrize("axis", [1, -1])
def test_slices_and_pads_count_axes_from_either_end(axis: int) -> None:
    for function in (lambda x: slice_of(x, axis, 1, 3), lambda x: pad(x, axis, 1, 2)):
        program = traced(function, (ROWS, 4))
        (made,) = evaluate(program, [ROWWISE])
        assert made.shape[1:] == program.values[program.outputs[0]].shape[1:]
        assert program.marks[program.outputs[0]] == "row"
        np.testing.assert_array_equal(made, function(ROWWISE))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.sum(x, initial=5.0),
        lambda x: np.sum(x, where=np.zeros(4, dtype=bool)),
        lambda x: np.max(x, axis=1, initial=9.0),
        lambda x: x[:, 7],
        lambda x: x[:, -7],
        lambda x: x.std(),
        lambda x: x.astype(float),
        lambda x: len(x) * x,
    ],
)
def test_what_would_be_left_out_quietly_or_raise_anything_is_refused(
    function: Callable[..., Any],
) -> None:
    with pytest.raises(ChainruleError):
        traced(function, (ROWS, 4))


def test_the_number_of_rows_can_be_computed_with() -> None:
    program = traced(lambda x: x.sum(axis=0) / (x.shape[0] - 1), (ROWS, 4))
    np.testing.assert_allclose(evaluate(program, [ROWWISE])[0], ROWWISE.sum(axis=0) / 2.0)
