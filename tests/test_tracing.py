"""Tracing: what a function's equations are when it runs on symbols, and the programs of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.arrays import broadcast_like, mean_over, reshape, sum_over, tanh, where
from chainrule.engines.door import evaluate
from chainrule.errors import SetupError
from chainrule.network.losses import find_loss
from chainrule.network.network import layout_of
from chainrule.network.objective import Objective
from chainrule.ops import OPS
from chainrule.optimizers import OPTIMIZERS, find_optimizer, searches
from chainrule.program import FloatType, Input, Program, Tracing, check, trace
from chainrule.shapes import ROWS
from chainrule.testing import programs
from chainrule.testing.trials import draw
from chainrule.training.step import Terms, TrainingStep

X = Input("x", (ROWS, 4))


def words(program: Program) -> list[str]:
    return [one.word for one in program.equations]


def traced(function: Any, *inputs: Input) -> Program:
    return trace(lambda *given: [function(*given)], inputs or (X,), ["made"])


# ---- well formed without a check ----


@pytest.mark.parametrize("name", sorted(OPS))
def test_what_is_traced_passes_the_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Program] = []

    def checked(function: Any, inputs: Any, names: Any, dtype: FloatType) -> Program:
        seen.append(trace(function, inputs, names, dtype))
        check(seen[-1])
        return seen[-1]

    monkeypatch.setattr(programs, "trace", checked)
    for example in OPS[name].examples:
        assert list(programs.program_equals_the_rules(draw(OPS[name], example))) == []
    assert seen


def step_of(name: str) -> TrainingStep:
    network = cr.Network(cr.Input(4), cr.Dense(5, "relu"), cr.Dense(3), seed=0)
    trained, frozen = layout_of(network.plan)
    loss = find_loss("cross_entropy", "labels", 3)
    optimizer = find_optimizer(name)
    state = tuple(sorted(optimizer.initial(np.zeros(trained.size))))
    objective = Objective(network.plan, (loss,), trained, frozen)
    return TrainingStep(objective, optimizer, Terms(clip_norm=1.0), 10, state)


TAKING_STEPS = [name for name, block in OPTIMIZERS.items() if not searches(block)]


@pytest.mark.parametrize("name", sorted(TAKING_STEPS))
def test_both_forms_of_the_training_step_pass_the_check(name: str) -> None:
    step = step_of(name)
    work = step.work("float32", True).program
    observed = step.observed_work("float64").program
    for program in (work, observed):
        check(program)
    assert (work.dtype, observed.dtype) == ("float32", "float64")
    assert [one.name for one in work.inputs] == [one.name for one in observed.inputs]


# ---- several programs of one tracing ----


def test_the_forms_of_a_step_do_not_depend_on_their_order() -> None:
    one, other = step_of("adam"), step_of("adam")
    first = (one.work("float32", False).program, one.observed_work("float32").program)
    second = (other.observed_work("float32").program, other.work("float32", False).program)
    assert words(first[0]) == words(second[1])
    assert sorted(words(first[1])) == sorted(words(second[0]))
    assert words(one.work("float32", False).program) == words(first[0])


def test_a_program_keeps_what_its_own_outputs_need() -> None:
    tracing = Tracing([X])
    (x,) = tracing.symbols
    curved = tanh(x)
    total = tracing.program([sum_over(curved)], ["total"], "float64")
    largest = tracing.program([curved * 2.0, sum_over(x * x)], ["twice", "squares"], "float64")
    assert words(total) == ["tanh", "sum_over"]
    assert words(largest) == ["tanh", "multiply", "multiply", "sum_over"]
    rows = np.arange(8.0).reshape(2, 4)
    assert evaluate(total, [rows]) == [pytest.approx(np.tanh(rows).sum())]
    twice, squares = evaluate(largest, [rows])
    np.testing.assert_allclose(twice, 2.0 * np.tanh(rows))
    assert squares == pytest.approx((rows**2).sum())
    for program in (total, largest):
        check(program)
        assert [one.number for one in program.values] == list(range(len(program.values)))


def test_a_program_has_one_name_for_each_output() -> None:
    tracing = Tracing([X])
    with pytest.raises(SetupError, match="returned 1 values where 2 are due"):
        tracing.program(tracing.symbols, ["x", "y"], "float64")


# ---- what is not written down ----


@pytest.mark.parametrize(
    "unchanged",
    [
        lambda x: x * 1.0,
        lambda x: 1.0 * x,
        lambda x: x / 1.0,
        lambda x: x * np.ones(()),
        lambda x: reshape(x, x.shape),
        lambda x: reshape(x, (ROWS, -1)),
    ],
)
def test_what_gives_its_input_back_is_no_equation(unchanged: Any) -> None:
    program = traced(unchanged)
    assert words(program) == []
    assert program.outputs == (0,)


@pytest.mark.parametrize(
    ("changed", "due"),
    [
        (lambda x: 1.0 / x, ["divide"]),
        (lambda x: x * np.ones((3, 1, 4)), ["multiply"]),
        (lambda x: reshape(x, (ROWS, 2, 2)), ["reshape"]),
        (lambda x: (x < 0.0) * 1.0, ["less", "multiply"]),
    ],
)
def test_what_changes_shape_or_kind_is_one(changed: Any, due: Sequence[str]) -> None:
    assert words(traced(changed)) == list(due)


def test_a_mean_over_all_is_one_sum_and_one_division() -> None:
    for mean in (mean_over, lambda x: x.mean()):
        program = traced(mean)
        assert sorted(words(program)) == ["count", "divide", "multiply", "sum_over"]
        assert evaluate(program, [np.arange(12.0).reshape(3, 4)]) == [pytest.approx(5.5)]
    assert words(traced(mean_over, Input("x", (2, 3)))) == ["sum_over", "divide"]


# ---- constants ----


def constants_of(function: Any) -> list[Any]:
    return [one.constant for one in traced(function).values if one.constant is not None]


def test_numbers_that_are_equal_and_not_the_same_are_told_apart() -> None:
    zeros = constants_of(lambda x: where(x < 0.0, 0.0, -0.0))
    assert [str(one) for one in zeros] == ["0.0", "-0.0"]
    kinds = constants_of(lambda x: (x + 2) * (x + 2.0) * where(x < 2.0, True, False))
    assert sorted(one.dtype.kind for one in kinds) == ["b", "b", "f", "i"]
    (nan,) = constants_of(lambda x: x + float("nan") + float("nan"))
    assert np.isnan(nan)


def test_a_number_is_one_constant_however_it_is_given() -> None:
    (half,) = constants_of(lambda x: x + 0.5 + np.float64(0.5) + np.array(0.5) + np.float32(0.5))
    assert half == 0.5
    shapes = [one.shape for one in constants_of(lambda x: x + 0.5 + np.full(1, 0.5))]
    assert shapes == [(), (1,)]


# ---- marks ----


def test_marks_of_words_that_bring_rows_and_spread_them() -> None:
    weight = Input("w", (4,))
    spread = traced(lambda x, w: broadcast_like(w, x), X, weight)
    assert spread.marks[spread.outputs[0]] == "row"
    swapped = traced(lambda x: x @ x.T, X)
    assert [one.word for one in swapped.coupled] == ["matmul"]
