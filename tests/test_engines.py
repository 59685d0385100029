"""Programs: row marks, sharing, pruning, checking, printing; and the reference engine's types."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from chainrule.arrays import (
    add_at,
    broadcast_like,
    count,
    exp,
    max_over,
    mean_over,
    reshape,
    sum_over,
    take,
    tanh,
    to_float,
    transpose,
    where,
)
from chainrule.engines.reference import evaluate
from chainrule.equations import Equation
from chainrule.errors import SetupError, ShapeError
from chainrule.ops import OPS
from chainrule.ops.walks import Step, backward_walk, forward_walk
from chainrule.program import Input, Program, check, trace
from chainrule.shapes import ROWS
from chainrule.testing.trials import open_shapes

STEPS = (
    Step(OPS["linear"], ("x", "w", "b"), ("hidden",)),
    Step(OPS["tanh"], ("hidden",), ("active",)),
    Step(OPS["product"], ("active", "v"), ("logits",)),
    Step(OPS["cross_entropy"], ("logits", "label"), ("losses",)),
    Step(OPS["average"], ("losses", "weight"), ("loss",)),
)
INPUTS = (
    Input("w", (4, 5)),
    Input("b", (5,)),
    Input("v", (5, 3)),
    Input("rate", ()),
    Input("x", (ROWS, 4)),
    Input("label", (ROWS,), "integer"),
    Input("weight", (ROWS,)),
)


def training_step(*given: Any) -> list[Any]:
    """One step of gradient descent: the new parameters, and the loss before."""
    values = dict(zip((one.name for one in INPUTS), given, strict=True))
    values = forward_walk(STEPS, values)
    gradients = backward_walk(STEPS, values, {"loss": 1.0})
    made = [values[name] - values["rate"] * gradients[name] for name in ("w", "b", "v")]
    return [*made, values["loss"]]


def step_program(dtype: Any = "float64") -> Program:
    return trace(training_step, INPUTS, ["w", "b", "v", "loss"], dtype)


def drawn(rows: int = 6) -> list[Any]:
    random = np.random.default_rng(rows)
    return [
        random.normal(size=(4, 5)),
        random.normal(size=5),
        random.normal(size=(5, 3)),
        0.1,
        random.normal(size=(rows, 4)),
        random.integers(0, 3, size=rows),
        random.uniform(0.5, 1.5, size=rows),
    ]


def traced(function: Callable[..., Any], *shapes: Any, kinds: Sequence[Any] = ()) -> Program:
    inputs = [
        Input(f"x{place}", shape, kinds[place] if kinds else "float")
        for place, shape in enumerate(shapes)
    ]
    return trace(lambda *given: [function(*given)], inputs, ["y"])


def mark_of(program: Program) -> str:
    return program.marks[program.outputs[0]]


# ---------------------------------------------------------------- row marks


def test_a_training_step_is_rows_then_sums_then_what_follows() -> None:
    program = step_program()
    assert not program.coupled
    order = {"fixed": 0, "row": 1, "sum": 2, "after": 3}
    marks = {program.values[one.output]: program.marks[one.output] for one in program.equations}
    assert set(marks.values()) == set(order)
    summing = {one.word for one in program.equations if program.marks[one.output] == "sum"}
    assert summing == {"sum_over", "matmul"}
    assert [program.marks[number] for number in program.outputs] == ["after"] * 4
    for equation in program.equations:
        if program.marks[equation.output] == "row":
            read = {program.marks[number] for number in equation.inputs}
            assert read <= {"fixed", "row"}
    assert program.marks[:7] == ("fixed",) * 4 + ("row",) * 3


def test_the_n_of_a_mean_is_the_batch_and_counted_once() -> None:
    program = step_program()
    counts = [one for one in program.equations if one.word == "count"]
    assert len(counts) == 1
    assert program.marks[counts[0].output] == "fixed"
    for rows in (1, 6, 11):
        given = drawn(rows)
        values = dict(zip((one.name for one in INPUTS), given, strict=True))
        losses = forward_walk(STEPS, values)["losses"]
        assert evaluate(program, given)[3] == pytest.approx(np.sum(losses * given[6]) / rows)


def normalised(x: Any) -> Any:
    mean = mean_over(x, axis=0)
    spread = mean_over((x - mean) * (x - mean), axis=0)
    return (x - mean) / np.sqrt(spread + 1e-5)


@pytest.mark.parametrize(
    ("function", "shapes", "due"),
    [
        (lambda x: tanh(x) * 2.0 + 1.0, [(ROWS, 4)], "row"),
        (lambda x: x @ np.ones((4, 2)), [(ROWS, 4)], "row"),
        (lambda x: sum_over(x, axis=1), [(ROWS, 4)], "row"),
        (lambda x: max_over(x, axis=-1), [(ROWS, 4)], "row"),
        (lambda x: transpose(x, (1, 0)), [(ROWS, 4)], "row"),
        (lambda x: reshape(x, (x.shape[0], 2, 2)), [(ROWS, 4)], "row"),
        (lambda x: reshape(x, (2, x.shape[1], 2, 1)), [(2, ROWS, 2)], "row"),
        (lambda x: x[:, 1:3], [(ROWS, 4)], "row"),
        (lambda x, y: x + y, [(ROWS, 4), (4,)], "row"),
        (lambda x, y: x * y, [(ROWS, 4), (ROWS, 1)], "row"),
        (lambda x, y: x @ y, [(ROWS, 2, 3), (ROWS, 3, 2)], "row"),
        (lambda x, y: broadcast_like(x, y), [(4,), (ROWS, 4)], "row"),
        (lambda x: sum_over(x, axis=0), [(ROWS, 4)], "sum"),
        (lambda x: sum_over(x), [(ROWS, 4)], "sum"),
        (lambda x, y: x.T @ y, [(ROWS, 4), (ROWS, 3)], "sum"),
        (lambda x: mean_over(x, axis=0), [(ROWS, 4)], "after"),
        (lambda x: sum_over(x, axis=0) ** 2, [(ROWS, 4)], "after"),
        (lambda x: count(x, 0), [(ROWS, 4)], "fixed"),
        (lambda x, y: y / x.shape[0], [(ROWS, 4), (3,)], "fixed"),
        (normalised, [(ROWS, 4)], "coupled"),
        (lambda x: x - sum_over(x, axis=0), [(ROWS, 4)], "coupled"),
        (lambda x: x @ x.T, [(ROWS, 4)], "coupled"),
        (lambda x: x + x.T, [(ROWS, 1)], "coupled"),
        (lambda x, y: x + y, [(ROWS,), (ROWS, 1)], "coupled"),
        (lambda x: max_over(x, axis=0), [(ROWS, 4)], "coupled"),
        (lambda x: broadcast_like(sum_over(x, axis=0), x), [(ROWS, 4)], "coupled"),
        (lambda x, y: x @ y, [(ROWS, 4), (ROWS, 4, 2)], "coupled"),
    ],
)
def test_marks(function: Callable[..., Any], shapes: list[Any], due: str) -> None:
    program = traced(function, *shapes)
    assert mark_of(program) == due
    assert bool(program.coupled) == (due == "coupled")


def test_rows_choose_from_a_table_but_not_from_each_other() -> None:
    embedding = traced(take, (10, 3), (ROWS,), kinds=("float", "integer"))
    assert mark_of(embedding) == "row"
    gradient = traced(
        lambda values, indices: add_at(values, indices, 10),
        (ROWS, 3),
        (ROWS,),
        kinds=("float", "integer"),
    )
    assert mark_of(gradient) == "sum"
    others = traced(take, (ROWS, 3), (ROWS,), kinds=("float", "integer"))
    assert mark_of(others) == "coupled"
    first = traced(take, (ROWS, 3), (2,), kinds=("float", "integer"))
    assert mark_of(first) == "coupled"


@pytest.mark.parametrize(
    ("given", "wanted"), [((ROWS, 4), (4, ROWS)), ((2, ROWS), (ROWS, 2)), ((ROWS, 2), (2, ROWS, 1))]
)
def test_a_rearrangement_that_moves_entries_between_rows_is_refused(
    given: Any, wanted: Any
) -> None:
    with pytest.raises(ShapeError, match="cannot be rearranged"):
        traced(lambda x: reshape(x, wanted), given)


@pytest.mark.parametrize("name", sorted(name for name, one in OPS.items() if one.kind != "word"))
def test_no_op_of_the_table_couples_rows(name: str) -> None:
    one = OPS[name].prediction
    example = one.examples[0]
    shapes = open_shapes(one, example)
    kinds = [slot.kind for slot in one.pattern.inputs]
    settings = {**one.settings, **example.settings}

    def first(*given: Any) -> Any:
        made = one.forward(*given, **settings)
        return made[0] if isinstance(made, tuple) else made

    program = traced(first, *shapes, kinds=kinds)
    assert not program.coupled


# ---------------------------------------------------------------- sharing, folding, pruning


def test_equal_equations_are_written_once() -> None:
    program = traced(lambda x: tanh(x) * tanh(x) + tanh(x * 1.0), (ROWS, 4))
    assert [one.word for one in program.equations] == ["tanh", "multiply", "add"]


def test_forward_and_backward_share_their_work() -> None:
    program = step_program()
    words = [one.word for one in program.equations]
    assert words.count("exp") == 1  # of the softmax and of its logarithm alike
    assert words.count("max_over") == 1
    assert words.count("tanh") == 1
    assert words.count("matmul") == 5


def test_what_no_output_needs_is_gone() -> None:
    program = traced(lambda x: (exp(x) @ np.ones((4, 2)), tanh(x))[1], (ROWS, 4))
    assert [one.word for one in program.equations] == ["tanh"]
    assert len(program.values) == 2


def test_a_frozen_parameter_prunes_its_gradient() -> None:
    whole = trace(lambda *given: training_step(*given)[:3], INPUTS, ["w", "b", "v"])
    last = trace(lambda *given: [training_step(*given)[2]], INPUTS, ["v"])
    assert len(last.equations) < len(whole.equations)
    assert sum(one.word == "matmul" for one in last.equations) == 3


def test_equations_over_constants_are_computed_at_once() -> None:
    program = traced(lambda x: x * (tanh(np.array([0.5])) + 1.0) ** 2, (ROWS, 1))
    assert [one.word for one in program.equations] == ["multiply"]
    constants = [one.constant for one in program.values if one.constant is not None]
    np.testing.assert_allclose(constants[0], (np.tanh(0.5) + 1.0) ** 2)


def test_an_output_may_be_an_input_or_a_constant() -> None:
    program = trace(lambda x: [x, 3.0, x], [Input("x", (ROWS,))], ["same", "three", "again"])
    made = evaluate(program, [np.ones(2)])
    assert made[1] == 3.0
    assert made[0].tolist() == made[2].tolist() == [1.0, 1.0]


# ---------------------------------------------------------------- malformed programs


def with_equation(program: Program, place: int, **changes: Any) -> Program:
    equations = list(program.equations)
    equations[place] = dataclasses.replace(equations[place], **changes)
    return dataclasses.replace(program, equations=tuple(equations))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda program: with_equation(program, 0, word="cosh"), "is no word"),
        (lambda program: with_equation(program, 1, output=1), "writes a value twice"),
        (lambda program: with_equation(program, 0, inputs=(4,)), "not there yet"),
        (lambda program: with_equation(program, 1, word="less"), "makes boolean"),
        (lambda program: with_equation(program, 0, word="sum_over"), "makes float \\(\\)"),
        (lambda program: dataclasses.replace(program, outputs=(9,)), "is made nowhere"),
        (
            lambda program: dataclasses.replace(program, equations=program.equations[::-1]),
            "not there yet",
        ),
    ],
)
def test_a_program_that_is_not_well_formed_is_refused(
    spoil: Callable[[Program], Program], sentence: str
) -> None:
    program = traced(lambda x: exp(tanh(x) * x), (ROWS, 4))
    check(program)
    with pytest.raises(SetupError, match=sentence):
        check(spoil(program))


def test_a_word_on_shapes_that_do_not_meet_is_refused() -> None:
    program = traced(lambda x, y: x @ y, (ROWS, 4), (4, 3))
    values = list(program.values)
    values[1] = dataclasses.replace(values[1], shape=(5, 3))
    with pytest.raises(ShapeError, match="matrix product"):
        check(dataclasses.replace(program, values=tuple(values)))


def test_a_function_returns_one_value_for_each_name() -> None:
    with pytest.raises(SetupError, match="returned 2 values where 1 are due"):
        trace(lambda x: [x, x], [Input("x", (ROWS,))], ["y"])


# ---------------------------------------------------------------- printing


def test_a_program_prints_its_equations_with_marks_and_shapes() -> None:
    program = trace(
        lambda x, w: [mean_over(tanh(x @ w) * 2.0, axis=0)],
        [Input("x", (ROWS, 4)), Input("w", (4, 3))],
        ["y"],
        "float32",
    )
    assert [" ".join(line.split()) for line in str(program).splitlines()] == [
        "program over float32",
        "input x (n, 4) float",
        "input w (4, 3) float",
        "row v3 = matmul(x, w) (n, 3)",
        "row v4 = tanh(v3) (n, 3)",
        "row v5 = multiply(v4, 2.0) (n, 3)",
        "sum v6 = sum_over(v5, axis=0, keepdims=False) (3,)",
        "fixed v7 = count(v5, axis=0) ()",
        "after v8 = divide(v6, v7) (3,)",
        "output y = v8",
    ]


# ---------------------------------------------------------------- the reference engine


@pytest.mark.parametrize("rows", [1, 2, 6, 33])
def test_a_program_runs_for_any_number_of_rows(rows: int) -> None:
    given = drawn(rows)
    made = evaluate(step_program(), given)
    due = training_step(*given)
    for one, other in zip(made, due, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)


def test_arrays_have_the_type_of_the_program_and_numbers_are_python_s() -> None:
    given = drawn()
    made = evaluate(step_program("float32"), given)
    assert [one.dtype for one in made[:3]] == [np.dtype(np.float32)] * 3
    assert type(made[3]) is float
    due = training_step(*given)
    np.testing.assert_allclose(made[0], due[0], rtol=1e-4, atol=1e-5)


def test_a_single_number_is_float64_on_a_float32_program() -> None:
    """A sum that ends in one number keeps what float32 would lose."""
    program = trace(
        lambda x, rate: [sum_over(x), rate * 3.0, rate * x],
        [Input("x", (ROWS,)), Input("rate", ())],
        ["total", "tripled", "scaled"],
        "float32",
    )
    total, tripled, scaled = evaluate(program, [np.array([1e8, 1.0, 1.0, 1.0]), 0.1])
    assert total == 1e8 + 3.0
    assert tripled == 0.1 * 3.0
    assert scaled.dtype == np.float32


def test_whole_numbers_have_64_bits_and_stay_whole() -> None:
    program = trace(
        lambda step, labels: [step + 1, labels + 1, to_float(labels) / 2.0],
        [Input("step", (), "integer"), Input("labels", (ROWS,), "integer")],
        ["step", "labels", "halves"],
        "float32",
    )
    step, labels, halves = evaluate(program, [2**40, np.array([1, 2], dtype=np.int32)])
    assert step == 2**40 + 1
    assert type(step) is int
    assert labels.dtype == np.int64
    assert halves.dtype == np.float32


def test_truth_values_stay_truth_values() -> None:
    program = traced(lambda x: x > 0.0, (ROWS,))
    (made,) = evaluate(program, [np.array([-1.0, 2.0])])
    assert made.dtype == np.bool_
    assert made.tolist() == [False, True]


def test_inputs_are_left_as_they_are() -> None:
    given = drawn()
    kept = [np.copy(one) for one in given]
    evaluate(step_program(), given)
    for one, other in zip(given, kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_overflow_is_a_finding_and_no_warning() -> None:
    program = traced(lambda x: where(x > 0.0, exp(x), x), (ROWS,))
    (made,) = evaluate(program, [np.array([-1.0, 1000.0, np.nan])])
    assert made[1] == np.inf
    assert np.isnan(made[2])


def test_two_runs_of_one_program_do_not_touch_each_other() -> None:
    program = step_program()
    first = evaluate(program, drawn(3))
    kept = [np.copy(one) for one in first]
    evaluate(program, drawn(8))
    for one, other in zip(first, kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_equations_are_records_that_can_be_compared() -> None:
    assert Equation("tanh", (0,), (), 1) == Equation("tanh", (0,), (), 1)
    assert step_program().equations == step_program().equations
