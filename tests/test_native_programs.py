"""Programs in which a machine goes wrong most easily, axes of no entries, and what is refused.

Each program is tried in both types, on every instruction set, with row counts of every layout.
"""

from __future__ import annotations

from collections.abc import Callable
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
    row_counts,
)

from chainrule.arrays import (
    absolute,
    add_at,
    concatenate,
    count,
    equal,
    exp,
    floor,
    logical_and,
    logical_not,
    max_over,
    maximum,
    mean_over,
    minimum,
    pad,
    power,
    reshape,
    scan,
    sign,
    slice_of,
    sqrt,
    sum_over,
    take,
    tanh,
    to_float,
    transpose,
    where,
)
from chainrule.engines import native, reference
from chainrule.errors import ChainruleError
from chainrule.program import Input, Tracing
from chainrule.shapes import ROWS, Rows, Shape

pytestmark = needs_native

WHOLE, TRUTH = "integer", "boolean"
Known = tuple[Callable[..., Any], list[tuple[Any, ...]]]


def flat_update(w: Any, x: Any, y: Any) -> Any:
    """A step of a network: gradients of matrices joined to one flat array, and an update of it."""
    first, bias = reshape(slice_of(w, 0, 0, 12), (3, 4)), slice_of(w, 0, 12, 16)
    second = reshape(slice_of(w, 0, 16, 24), (4, 2))
    hidden = tanh(x @ first + bias)
    missed = (hidden @ second - y) / count(x, 0)
    back = (missed @ transpose(second, (1, 0))) * (1.0 - hidden * hidden)
    parts = [x.T @ back, sum_over(back, 0), hidden.T @ missed]
    gradient = concatenate([reshape(one, (-1,)) for one in parts], 0)
    return w - 0.1 * gradient / (sqrt(sum_over(gradient * gradient)) + 1e-3), missed


def normalised(x: Any) -> Any:
    away = x - mean_over(x, 0)
    return away / sqrt(mean_over(away * away, 0) + 1e-5)


KNOWN: dict[str, Known] = {
    "a step of a network": (flat_update, [((24,),), ((ROWS, 3),), ((ROWS, 2),)]),
    "a normalised batch": (normalised, [((ROWS, 5),)]),
    "rows with rows": (lambda x: x @ x.T, [((ROWS, 4),)]),
    "rows with rows, reduced": (
        lambda x: (sum_over(exp(x @ x.T * 0.1), 1), max_over(x @ x.T, 0)), [((ROWS, 4),)],
    ),
    "rows against rows": (lambda x, y: (x + y, x * y, x < y), [((ROWS,),), ((ROWS, 1),)]),
    "features with features": (lambda x: (x.T @ x) @ (x.T @ x), [((ROWS, 5),)]),
    "a product for each row": (lambda x, y: x @ y, [((ROWS, 2, 3),), ((ROWS, 3, 2),)]),
    "a product with batch axes": (lambda x, y: x @ y, [((2, 1, 3, 4),), ((5, 4, 2),)]),
    "rows in the middle": (lambda x, w: transpose(x, (1, 0, 2)) @ w, [((ROWS, 3, 4),), ((4, 2),)]),
    "rows last": (lambda x: (tanh(x), sum_over(x, 1), max_over(x, 0)), [((3, ROWS),)]),
    "sums of sums": (lambda x: (sum_over(x), sum_over(x, (0, 2)), sum_over(x, (1, 2), True)),
                     [((ROWS, 3, 5),)]),
    "maxima": (lambda x: (max_over(x), max_over(x, (0, 2)), max_over(x, (1, 2), True)),
               [((ROWS, 3, 5),)]),
    "no axis to sum over": (lambda x: (sum_over(x, ()), max_over(x, (), True)), [((ROWS, 3),)]),
    "four axes": (lambda x: transpose(tanh(x), (0, 3, 1, 2)) * 2.0 + x[:, :1, :1, :1],
                  [((ROWS, 2, 3, 4),)]),
    "slices joined again": (
        lambda x: concatenate([slice_of(x, 1, 3, 5), x, pad(slice_of(x, 1, 0, 2), 1, 1, 2)], 1),
        [((ROWS, 5),)],
    ),
    "one part joined twice": (lambda x: concatenate([tanh(x), tanh(x), x], 0), [((4, 2),)]),
    "an embedding and its gradient": (
        lambda table, i, x: (take(table, i) * x, add_at(x, i, 6), sum_over(add_at(x, i, 6))),
        [((6, 3),), ((ROWS,), WHOLE), ((ROWS, 3),)],
    ),
    "indices with two axes": (
        lambda table, i: (take(table, i), add_at(take(table, i), i, 7)),
        [((7, 2),), ((ROWS, 4), WHOLE)],
    ),
    "rows chosen from rows": (lambda x: take(x, np.array([0, -1, 0])), [((ROWS, 3),)]),
    "inputs and constants": (lambda x, w: (x, 3.0, x, w, np.arange(4.0), np.float64(2.0)),
                             [((ROWS, 2),), ((3,),)]),
    "single numbers": (
        lambda a, k, t, x: (a * k + 1.0, k * 2, logical_not(t), where(t, k, -k), a < k, x * a,
                            floor(a * 3.0), maximum(k, 3), power(a, 2.0), x * k, where(t, x, a)),
        [((),), ((), WHOLE), ((), TRUTH), ((ROWS, 2),)],
    ),
    "one entry is a number": (lambda x, a: (reshape(x, ()) * 2.0, reshape(a, (1, 1)) + x, a),
                              [((1, 1),), ((),)]),
    "integers": (
        lambda a, b: (a + b, a * b - 3, -a, absolute(b), sign(b), maximum(a, b), minimum(a, 2),
                      floor(a), where(a < b, a, b), sum_over(a, 0), max_over(b, 1), sum_over(a)),
        [((ROWS, 3), WHOLE), ((ROWS, 3), WHOLE)],
    ),
    "a choice by whole numbers": (lambda c, a: where(c, a, a * 2 + 1),
                                  [((ROWS, 3), WHOLE), ((ROWS, 3), WHOLE)]),
    "a choice by floats": (lambda c, a: (where(c, a, a * 2), where(floor(c), c, 1.0)),
                           [((ROWS, 3),), ((ROWS, 3), WHOLE)]),
    "truth values": (
        lambda a, b: (a + b, a * b, maximum(a, b), where(a, a, b), absolute(a), equal(a, b),
                      to_float(a + b), a + 2.5, a + 2, sum_over(a, 0), sum_over(b), max_over(a, 1)),
        [((ROWS, 3), TRUTH), ((ROWS, 3), TRUTH)],
    ),
    "truth of floats": (
        lambda a, b: (logical_and(a, floor(b)), logical_not(floor(a)), floor(a) + (a < b)),
        [((ROWS, 3),), ((ROWS, 3),)],
    ),
    "whole numbers beyond a float": (
        lambda a: (equal(a * 2**40 + 1, a * 2**40), a * 2**40 < a * 2**40 + 1, a * 2**40 + 1),
        [((ROWS, 3), WHOLE)],
    ),
    "whole numbers and truth joined": (lambda a, b: concatenate([a, b, a + 1], 1),
                                       [((ROWS, 2), WHOLE), ((ROWS, 3), TRUTH)]),
    "truth and floats joined": (lambda a, b: concatenate([a < 0.5, a, b], 1),
                                [((ROWS, 2),), ((ROWS, 3), WHOLE)]),
    "whole numbers and floats joined": (lambda a, b: concatenate([a + 1, b * 2.0], 0),
                                        [((3,), WHOLE), ((2,),)]),
    "truth and whole numbers joined": (lambda a, b: concatenate([a < 0.0, b * 2], 0),
                                       [((3,),), ((2,), WHOLE)]),
    "truth values at an index": (
        lambda v, i: (add_at(v, i, 3), to_float(add_at(v, i, 3)) * 2.0),
        [((ROWS, 2), TRUTH), ((ROWS,), WHOLE)],
    ),
    "whole numbers at an index": (lambda v, i: add_at(v, i, 3),
                                  [((ROWS, 2), WHOLE), ((ROWS,), WHOLE)]),
    "whole numbers in a product": (lambda a, b: (a @ b, a.T @ a),
                                   [((ROWS, 3), WHOLE), ((3, 2),)]),
    "truth values in a product": (lambda a, b: a @ b, [((ROWS, 3), TRUTH), ((3, 2),)]),
    "a state of one number": (
        lambda s, x, w: scan(one_number, s, (x,), (w,)),
        [((ROWS, 1),), ((ROWS, 6, 3),), ((3, 1),)],
    ),
    "states, the other way round": (
        lambda s, x, w: (scan(side_by_side, s, (x,), (w,), True),
                         scan(side_by_side, s * 2.0, (x * 0.5,), (w,))[:, 2]),
        [((ROWS, 6),), ((ROWS, 5, 3),), ((3, 3),)],
    ),
    "a state that is passed on": (lambda s, x: scan(passed_on, s, (x,)),
                                  [((ROWS, 2),), ((ROWS, 3, 2),)]),
    "a start that lies among others": (
        lambda x, w: scan(one_number, x[:, 1, 1:2], (tanh(x),), (w,)),
        [((ROWS, 4, 3),), ((3, 1),)],
    ),
    "a step that mixes rows": (lambda s, x: scan(mean_taken_off, s, (x,)) * 2.0,
                               [((ROWS, 3),), ((ROWS, 4, 3),)]),
    "steps within steps": (lambda s, x: scan(stepping, s, (x,)),
                           [((ROWS, 2),), ((ROWS, 3, 4, 2),)]),
    "numbers, labels and truth along time": (
        lambda s, x, seen, k, a: scan(choosing, s, (x, seen), (a, k)),
        [((ROWS, 2),), ((ROWS, 4), WHOLE), ((ROWS, 4), TRUTH), ((), WHOLE), ((),)],
    ),
    "a table that a step chooses from": (
        lambda s, i, table: scan(looking_up, s, (i,), (table,)),
        [((ROWS, 2),), ((ROWS, 4), WHOLE), ((3, 2),)],
    ),
    "many words on one shape": (
        lambda x: [tanh(x + float(k)) * (k + 1.0) for k in range(40)], [((ROWS, 3),)],
    ),
    "a very long chain": (
        lambda x: [long_chain(x)], [((ROWS, 3),)],
    ),
}  # fmt: skip


def one_number(state: Any, x: Any, w: Any) -> Any:
    return tanh(state + x @ w)


def side_by_side(state: Any, x: Any, w: Any) -> Any:
    first, second = slice_of(state, 1, 0, 3), slice_of(state, 1, 3, 6)
    new = tanh(x + first @ w.T)
    return concatenate((new, second * 0.5 + new), 1)


def passed_on(state: Any, x: Any) -> Any:
    return state


def mean_taken_off(state: Any, x: Any) -> Any:
    return tanh(state + x - sum_over(state, 0, True) / count(state, 0))


def stepping(state: Any, x: Any) -> Any:
    return scan(halved, state, (x,))[:, 3]


def halved(state: Any, x: Any) -> Any:
    return state * 0.5 + x


def choosing(state: Any, x: Any, seen: Any, a: Any, k: Any) -> Any:
    wide = reshape(seen, (ROWS, 1))
    return where(wide, tanh(state * a + reshape(to_float(x + k), (ROWS, 1))), state)


def looking_up(state: Any, i: Any, table: Any) -> Any:
    return state * 0.5 + take(table, i)


def long_chain(x: Any) -> Any:
    made = x
    for place in range(150):
        made = made * 0.5 + (x - place * 0.01)
    return made


def traced(known: Known) -> tuple[Tracing, list[Input], list[Any]]:
    function, shapes = known
    inputs = [Input(f"x{place}", *one) for place, one in enumerate(shapes)]
    tracing = Tracing(inputs)
    made = function(*tracing.symbols)
    return tracing, inputs, list(made) if isinstance(made, tuple | list) else [made]


@pytest.mark.parametrize("name", KNOWN)
def test_a_program_that_is_easily_wrong(name: str) -> None:
    tracing, inputs, outputs = traced(KNOWN[name])
    for dtype in DTYPES:
        program = tracing.program(outputs, names(outputs), dtype)
        for rows in row_counts(program):
            random = np.random.default_rng(rows)
            contents = [drawn_content(one.shape, one.kind, rows, random, False) for one in inputs]
            if any(one in name for one in ("index", "indices", "embedding", "table")):
                contents = [np.abs(one) % 3 if one.dtype.kind == "i" else one for one in contents]
            for chosen in SETS:
                with instruction_set(chosen):
                    made = native.evaluate(program, contents)
                found = differences(program, contents, made)
                assert not found, f"{program}\n{rows} rows, set {chosen}\n" + "\n".join(found)


# ---------------------------------------------------------------- nothing at all

HOLLOW: dict[str, Known] = {
    "parameters of no entries": (lambda x, w: (exp(w) + 1.0, w, sum_over(w * w), tanh(x)),
                                 [((ROWS, 2),), ((0,),)]),
    "sums over nothing": (
        lambda x: (sum_over(x, 1), sum_over(x, (0, 1)), sum_over(x, 2), sum_over(x)),
        [((ROWS, 0, 3),)],
    ),
    "a sum over nothing that stays in place": (lambda x: sum_over(x, (1, 2), True) + 1.0,
                                               [((ROWS, 0, 3),)]),
    "whole numbers over nothing": (lambda x: (sum_over(x, 1), sum_over(x)), [((ROWS, 0), WHOLE)]),
    "a slice of nothing": (lambda x: (slice_of(x, 1, 2, 2), sum_over(slice_of(x, 1, 2, 2), 1)),
                           [((ROWS, 4),)]),
    "products of no depth": (lambda x, w: (x @ w, x.T @ x), [((ROWS, 0),), ((0, 4),)]),
    "products of no columns": (lambda x, w: (x @ w, sum_over(x @ w)), [((ROWS, 2),), ((2, 0),)]),
    "no columns beside others": (lambda x, w: concatenate([x @ w, x, x @ w], 1),
                                 [((ROWS, 2),), ((2, 0),)]),
    "nothing in a chain of several axes": (
        lambda x, y: (x * 2.0 + y, tanh(transpose(x, (2, 1, 0, 3)))),
        [((ROWS, 3, 0, 2),), ((ROWS, 1, 1, 2),)],
    ),
    "nothing met by rows": (lambda w, x: power(absolute(w), x), [((0,),), ((ROWS, 17, 2, 1),)]),
    "nothing padded": (lambda x: (pad(x, 1, 2, 1), pad(x, 1, 0, 0)), [((ROWS, 0),)]),
    "nothing taken": (lambda x, i: (take(x, i), add_at(take(x, i), i, 3)),
                      [((4, 2),), ((0,), WHOLE)]),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLLOW)
def test_axes_of_no_entries(name: str) -> None:
    tracing, inputs, outputs = traced(HOLLOW[name])
    for dtype in DTYPES:
        program = tracing.program(outputs, names(outputs), dtype)
        for rows in (1, 7, 9, 33, 700):
            random = np.random.default_rng(rows)
            contents = [drawn_content(one.shape, one.kind, rows, random, False) for one in inputs]
            found = differences(program, contents, native.evaluate(program, contents))
            assert not found, f"{program}\n{rows} rows\n" + "\n".join(found)


@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, 3), (ROWS, 2, 2)])
def test_no_rows(shape: Shape) -> None:
    tracing = Tracing([Input("x", shape), Input("w", (2,))])
    x, w = tracing.symbols
    program = tracing.program([tanh(x), sum_over(x, 0), sum_over(x), w * 2.0, count(x, 0)],
                              ["a", "b", "c", "d", "e"], "float64")  # fmt: skip
    contents = [np.zeros((0, *shape[1:])), np.ones(2)]
    for one, other in zip(
        native.evaluate(program, contents), reference.evaluate(program, contents), strict=True
    ):
        assert type(one) is type(other)
        np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------- what is refused


def into_two(x: Any, indices: Any) -> Any:
    return add_at(x, indices, 2)


def test_an_index_beyond_its_axis_is_refused_as_the_reference_refuses_it() -> None:
    for function, shapes, contents in (
        (take, [((4, 2),), ((ROWS,), WHOLE)], [np.ones((4, 2)), np.array([0, 4])]),
        (take, [((4, 2),), ((ROWS,), WHOLE)], [np.ones((4, 2)), np.array([-5, 0])]),
        (
            lambda x, i: add_at(x, i, 2),
            [((ROWS,),), ((ROWS,), WHOLE)],
            [np.ones(2), np.array([0, 2])],
        ),
    ):
        tracing, _, outputs = traced((function, shapes))
        program = tracing.program(outputs, ["y"], "float64")
        for evaluate in (reference.evaluate, native.evaluate):
            with pytest.raises(IndexError):
                evaluate(program, contents)
        # What failed leaves nothing behind.
        contents[1] = np.array([1, 0])
        np.testing.assert_array_equal(
            native.evaluate(program, contents)[0], reference.evaluate(program, contents)[0]
        )


def test_the_largest_of_nothing_is_refused_as_the_reference_refuses_it() -> None:
    for axis, shape in ((1, (ROWS, 0)), (2, (ROWS, 3, 0)), (None, (ROWS, 0))):
        tracing, _, outputs = traced((lambda x, axis=axis: max_over(x, axis), [(shape,)]))
        program = tracing.program(outputs, ["y"], "float64")
        contents = [np.zeros(tuple(9 if isinstance(size, Rows) else size for size in shape))]
        for evaluate in (reference.evaluate, native.evaluate):
            with pytest.raises(ValueError, match=r"zero-size|no entries"):
                evaluate(program, contents)


@pytest.mark.parametrize(
    "contents",
    [
        [np.ones((5, 4)), np.ones(3)],  # rows of another size
        [np.ones((5, 3)), np.ones(2)],
        [np.ones((5, 3)), np.ones((3, 1))],
        [np.ones(3), np.ones(3)],
        [np.ones((5, 3)), 1.0],
    ],
)
def test_inputs_of_other_shapes_are_refused_and_not_read_beyond_their_end(
    contents: list[Any],
) -> None:
    tracing, _, outputs = traced((lambda x, w: x @ reshape(w, (3, 1)), [((ROWS, 3),), ((3,),)]))
    program = tracing.program(outputs, ["y"], "float64")
    with pytest.raises(ChainruleError):
        native.evaluate(program, contents)


def test_rows_that_are_fewer_than_those_of_another_input_are_refused() -> None:
    tracing, _, outputs = traced((lambda x, y: x * y, [((ROWS,),), ((ROWS,),)]))
    program = tracing.program(outputs, ["y"], "float64")
    with pytest.raises(ChainruleError):
        native.evaluate(program, [np.ones(50_000), np.ones(3)])
