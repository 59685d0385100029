"""The engines' door: many epochs a call are the same as one after another, and a watch is exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import chainrule as cr
from chainrule.arrays import matmul, mean_over, reshape, sum_over, transpose
from chainrule.engines import door
from chainrule.engines.door import ENGINES, Batches, Look, Outcome, Watch, Work, evaluate, run
from chainrule.program import Input, trace
from chainrule.shapes import ROWS

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(11, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 0.3 * RANDOM.normal(size=11)
HELD_X = RANDOM.normal(size=(7, 3))
HELD_Y = HELD_X @ np.array([0.9, -1.8, 0.3]) + 0.3 * RANDOM.normal(size=7)
# Eleven rows in fours: three steps an epoch, the last of three rows.
BATCHES = Batches(11, 4, seed=9, shuffled=True)
HELD = Batches(7, 3)


def errors(w: Any, x: Any, y: Any) -> Any:
    return reshape(matmul(x, reshape(w, (3, 1))), (ROWS,)) - y


def descent(dtype: Any = "float64") -> Work:
    """Least squares by momentum; records are the loss and the error of every row."""

    def step(w: Any, moved: Any, rate: Any, x: Any, y: Any) -> tuple[Any, ...]:
        missed = errors(w, x, y)
        slope = reshape(matmul(transpose(x, (1, 0)), reshape(missed, (ROWS, 1))), (3,))
        moved = 0.5 * moved - rate * slope
        return w + moved, moved, mean_over(missed * missed), missed

    inputs = [Input("w", (3,)), Input("moved", (3,)), Input("rate", ())]
    inputs += [Input("x", (ROWS, 3)), Input("y", (ROWS,))]
    return Work(trace(step, inputs, ("w", "moved", "loss", "missed"), dtype), carried=2, fixed=1)


def judging(dtype: Any = "float64") -> Work:
    """The mean squared error, scaled by a fixed number, and the error of every row."""

    def judge(w: Any, scale: Any, x: Any, y: Any) -> tuple[Any, ...]:
        missed = errors(w, x, y)
        return mean_over(missed * missed) * scale, missed

    inputs = [Input("w", (3,)), Input("scale", ()), Input("x", (ROWS, 3)), Input("y", (ROWS,))]
    return Work(trace(judge, inputs, ("loss", "missed"), dtype), carried=0, fixed=2)


def looking(rows: int = 3) -> Work:
    """What a step begins with: w, the rate, and the mean squared error of a batch."""

    def look(w: Any, moved: Any, rate: Any, x: Any, y: Any) -> tuple[Any, ...]:
        missed = errors(w, x, y)
        return w + 0.0, sum_over(w + moved) * rate, mean_over(missed * missed)

    inputs = descent().program.inputs
    return Work(trace(look, inputs, ("w", "moved", "loss"), "float64"), carried=0, fixed=rows)


WORK, JUDGING = descent(), judging()
WATCH = Watch(JUDGING, [2.0], [HELD_X, HELD_Y], HELD, keep="best")
engines = pytest.mark.parametrize("engine", sorted(ENGINES))


def start() -> list[NDArray[Any]]:
    return [np.array([0.1, 0.2, -0.3]), np.zeros(3)]


def steps(
    engine: str,
    first: int,
    last: int,
    *,
    rate: float = 0.02,
    carried: Sequence[Any] | None = None,
    rows: tuple[NDArray[Any], NDArray[Any]] = (X, Y),
    batches: Batches = BATCHES,
    **given: Any,
) -> Outcome:
    carried = start() if carried is None else carried
    return run(WORK, carried, [rate], rows, batches, first, last, engine=engine, **given)


def by_hand(epochs: int, rate: float = 0.02) -> list[tuple[NDArray[Any], list[float]]]:
    """Return (w, losses of the steps) for each epoch, by NumPy alone."""
    (w, moved), found = start(), []
    for epoch in range(epochs):
        losses = []
        for place in range(3):
            chosen = BATCHES.of_step(3 * epoch + place)
            missed = X[chosen] @ w - Y[chosen]
            losses.append(float(np.mean(missed**2)))
            moved = 0.5 * moved - rate * X[chosen].T @ missed
            w = w + moved
        found.append((w, losses))
    return found


def same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)


# ---- many epochs a call ----


@engines
def test_many_epochs_are_those_of_a_loop_by_hand(engine: str) -> None:
    outcome = steps(engine, 0, 12, watch=WATCH)
    due = by_hand(4)
    np.testing.assert_allclose(outcome.carried[0], due[-1][0], rtol=1e-12)
    assert outcome.steps_done == 12
    np.testing.assert_allclose(outcome.records[0], np.concatenate([one for _, one in due]))
    assert outcome.records[1].shape == (44,)
    assert outcome.epochs is not None
    judged = [2.0 * np.mean((HELD_X @ w - HELD_Y) ** 2) for w, _ in due]
    np.testing.assert_allclose(outcome.epochs.judged, judged, rtol=1e-12)
    assert outcome.epochs.judged.dtype == np.float64
    (missed,) = outcome.epochs.outputs
    np.testing.assert_allclose(missed, [HELD_X @ w - HELD_Y for w, _ in due], rtol=1e-9)
    assert list(outcome.epochs.sound) == [True] * 4


@engines
@pytest.mark.parametrize("cuts", [(3, 6, 9), (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (4, 8), (5,)])
def test_calls_that_are_cut_anywhere_give_the_same_bits(engine: str, cuts: Sequence[int]) -> None:
    whole = steps(engine, 0, 12, watch=WATCH)
    assert whole.epochs is not None
    carried: Sequence[Any] = start()
    losses, judged, kept, watch = [], [], None, WATCH
    for first, last in zip((0, *cuts), (*cuts, 12), strict=True):
        part = steps(engine, first, last, carried=carried, watch=watch)
        assert part.steps_done == last - first
        assert part.epochs is not None
        assert len(part.epochs.judged) == last // 3 - first // 3
        carried, kept = part.carried, part.epochs.kept if part.epochs.kept is not None else kept
        losses += [part.records[0]]
        judged += [part.epochs.judged]
        watch = replace(WATCH, best=part.epochs.best)
    assert same(carried, whole.carried)
    assert same([np.concatenate(losses), np.concatenate(judged)], [
        whole.records[0], whole.epochs.judged,
    ])  # fmt: skip
    assert kept is not None
    assert whole.epochs.kept is not None
    assert same([kept, watch.best], [whole.epochs.kept, whole.epochs.best])


@engines
@pytest.mark.parametrize("judged", [True, False])
def test_a_look_sees_the_state_before_an_epoch_and_rows_of_its_own(
    engine: str, judged: bool
) -> None:
    sample = Batches(11, 5, seed=2, shuffled=True)
    look = Look(looking(), sample, [0, 1, 3, 9])
    watch = replace(WATCH if judged else Watch(), look=look)
    states = [start()] + [list(steps(engine, 0, 3 * epoch).carried) for epoch in (1, 2, 3, 4)]
    # The first call ends within epoch 2, so that epoch 1 is in one and epoch 3 in the other.
    first = steps(engine, 0, 8, watch=watch)
    second = steps(engine, 8, 12, carried=first.carried, watch=watch)
    assert first.epochs is not None
    assert second.epochs is not None
    assert (first.epochs.looked, second.epochs.looked) == ([0, 1], [3])
    for seen in (first.epochs, second.epochs):
        for place, epoch in enumerate(seen.looked):
            w, moved = states[epoch]
            chosen = sample.of_step(sample.steps_per_epoch * epoch)
            np.testing.assert_array_equal(seen.looks[0][place], w)
            assert seen.looks[1][place] == pytest.approx(np.sum(w + moved) * 0.02, rel=1e-12)
            loss = np.mean((X[chosen] @ w - Y[chosen]) ** 2)
            assert seen.looks[2][place] == pytest.approx(loss, rel=1e-12)
    plain = steps(engine, 8, 12, carried=first.carried, watch=replace(watch, look=None))
    assert same([*plain.carried, *plain.records], [*second.carried, *second.records])


@engines
def test_a_look_that_is_never_due_leaves_nothing(engine: str) -> None:
    outcome = steps(engine, 1, 6, watch=Watch(look=Look(looking(), BATCHES, [0, 7])))
    assert outcome.epochs is not None
    assert outcome.epochs.looked == []
    assert outcome.epochs.looks == []


@engines
def test_a_look_at_other_inputs_is_refused(engine: str) -> None:
    program = JUDGING.program
    short = replace(program, outputs=program.outputs[:1], output_names=program.output_names[:1])
    look = Look(replace(JUDGING, program=short), BATCHES, [0])
    with pytest.raises(cr.SetupError, match="other inputs than the steps"):
        steps(engine, 0, 3, watch=Watch(look=look))


def test_a_look_whose_records_have_rows_is_refused() -> None:
    with pytest.raises(cr.SetupError, match="one of its records has rows"):
        Look(JUDGING, BATCHES, [0])


@engines
def test_a_number_of_inputs_that_is_not_due_is_refused(engine: str) -> None:
    with pytest.raises(cr.SetupError, match="2 of rows, and was given 2, 1 and 1"):
        run(WORK, start(), [0.1], [X], BATCHES, 0, 3, engine=engine)
    with pytest.raises(cr.SetupError, match="2 fixed ones and 2 of rows, and was given 0, 1 and 2"):
        steps(engine, 0, 3, watch=replace(WATCH, fixed=[]))
    with pytest.raises(cr.SetupError, match="and was given 0, 2 and 1"):
        steps(engine, 0, 3, watch=replace(WATCH, rows=[HELD_X]))


def test_what_is_carried_keeps_its_shape_and_kind() -> None:
    inputs = [Input("w", (3,)), Input("x", (ROWS, 3))]
    with pytest.raises(cr.ShapeError, match=r"'w' is float .* before a step and float"):
        Work(trace(lambda w, x: [reshape(w, (3, 1))], inputs, ("w",), "float64"), carried=1)
    inputs = [Input("k", (), "integer"), Input("x", (ROWS, 3))]
    with pytest.raises(cr.ShapeError, match=r"'k' is integer .* and float"):
        Work(trace(lambda k, x: [sum_over(x)], inputs, ("k",), "float64"), carried=1)


@engines
def test_a_watch_changes_no_step_and_no_input(engine: str) -> None:
    given = start()
    watched = steps(engine, 0, 12, carried=given, watch=WATCH)
    assert same(given, start())
    plain = steps(engine, 0, 12)
    assert plain.epochs is None
    assert same(plain.carried, watched.carried)
    assert same(plain.records, watched.records)
    again = steps(engine, 0, 12, carried=given, watch=WATCH)
    assert same(again.carried, watched.carried)


@engines
def test_what_is_kept_stays_as_it_was(engine: str) -> None:
    """The kept value is not the memory in which the steps go on."""
    outcome = steps(
        engine, 0, 9, watch=Watch(JUDGING, [2.0], [HELD_X, HELD_Y], HELD, best=math.inf)
    )
    assert outcome.epochs is not None
    kept = np.array(outcome.epochs.kept)
    steps(engine, 9, 30, carried=outcome.carried, watch=WATCH)
    assert outcome.epochs.kept is not None
    assert same([kept], [outcome.epochs.kept])
    assert same([kept], [outcome.carried[0]])


@engines
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_have_the_type_of_their_program(engine: str, dtype: Any) -> None:
    work, judge = descent(dtype), judging(dtype)
    rows, held = [one.astype(dtype) for one in (X, Y)], [HELD_X.astype(dtype), HELD_Y.astype(dtype)]
    watch = Watch(judge, [2.0], held, HELD)
    carried = [one.astype(dtype) for one in start()]
    outcome = run(work, carried, [0.02], rows, BATCHES, 0, 6, engine=engine, watch=watch)
    assert outcome.epochs is not None
    assert outcome.epochs.kept is not None
    found = [outcome.carried[0], outcome.records[1], outcome.epochs.kept, *outcome.epochs.outputs]
    assert {one.dtype for one in found} == {np.dtype(dtype)}
    assert outcome.records[0].dtype == np.float64


# ---- what a watch sees ----


@engines
def test_the_best_epoch_is_kept(engine: str) -> None:
    outcome = steps(engine, 0, 90, rate=0.15, watch=WATCH)
    assert outcome.epochs is not None
    seen = outcome.epochs
    best = int(np.argmin(seen.judged))
    assert 0 < best < 29
    assert (seen.best_epoch, seen.kept_epoch) == (best, best)
    assert seen.best == seen.judged[best]
    assert seen.kept is not None
    np.testing.assert_allclose(seen.kept, by_hand(best + 1, rate=0.15)[-1][0], rtol=1e-6)
    last = steps(engine, 0, 90, rate=0.15, watch=replace(WATCH, keep="sound")).epochs
    assert last is not None
    assert (last.best_epoch, last.kept_epoch) == (best, 29)


@engines
def test_an_epoch_that_is_only_as_good_is_not_better(engine: str) -> None:
    """Nothing moves, so every epoch is judged the same."""
    outcome = steps(engine, 0, 12, rate=0.0, watch=WATCH)
    assert outcome.epochs is not None
    assert (outcome.epochs.best_epoch, outcome.epochs.kept_epoch) == (0, 0)
    again = replace(WATCH, best=outcome.epochs.best)
    nothing = steps(engine, 0, 12, rate=0.0, watch=again).epochs
    assert nothing is not None
    assert (nothing.best_epoch, nothing.kept_epoch, nothing.kept) == (-1, -1, None)
    assert nothing.best == outcome.epochs.best


@engines
@pytest.mark.parametrize(("waited", "patience", "epochs"), [(0, 3, 3), (1, 3, 2), (5, 3, 1)])
def test_patience_ends_the_call(engine: str, waited: int, patience: int, epochs: int) -> None:
    watch = replace(WATCH, best=0.0, waited=waited, patience=patience)
    outcome = steps(engine, 0, 60, watch=watch)
    assert outcome.steps_done == 3 * epochs
    assert outcome.epochs is not None
    assert len(outcome.epochs.judged) == epochs


@engines
def test_a_better_epoch_begins_the_wait_anew(engine: str) -> None:
    everything = steps(engine, 0, 120, rate=0.15, watch=WATCH).epochs
    assert everything is not None
    places = set()
    for patience in range(1, 17):
        best, since, epochs = math.inf, 0, 0
        while since < patience and epochs < 40:
            judged = float(everything.judged[epochs])
            since, best = (0, judged) if judged < best else (since + 1, best)
            epochs += 1
        outcome = steps(engine, 0, 120, rate=0.15, watch=replace(WATCH, patience=patience))
        assert outcome.epochs is not None
        assert len(outcome.epochs.judged) == epochs
        assert outcome.epochs.best == best
        places.add(outcome.epochs.best_epoch)
    assert len(places) > 3


@engines
def test_without_evaluation_the_steps_judge(engine: str) -> None:
    outcome = steps(engine, 1, 6, watch=Watch(best=1e-9))
    assert outcome.epochs is not None
    losses = outcome.records[0]
    # The first epoch had begun: its last two steps, of four and three rows, are all there is.
    due = [np.average(losses[:2], weights=[4, 3]), np.average(losses[2:], weights=[4, 4, 3])]
    np.testing.assert_allclose(outcome.epochs.judged, due, rtol=1e-14)
    assert outcome.epochs.outputs == []
    assert (outcome.epochs.best_epoch, outcome.epochs.kept_epoch) == (-1, 1)
    assert same([outcome.epochs.kept], [outcome.carried[0]])


@engines
def test_an_epoch_under_way_is_not_judged(engine: str) -> None:
    outcome = steps(engine, 0, 2, watch=WATCH)
    assert outcome.epochs is not None
    assert (len(outcome.epochs.judged), len(outcome.epochs.sound)) == (0, 0)
    assert (outcome.epochs.kept, outcome.epochs.kept_epoch) == (None, -1)
    assert outcome.epochs.best == math.inf


@engines
@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e200])
def test_an_epoch_that_is_not_sound_ends_the_call(engine: str, bad: float) -> None:
    """In rows that one step sees; the loss overflows, or the parameters alone do."""
    plain = Batches(11, 4)
    target = Y.copy()
    target[5] = bad
    # Nothing moves, so that the first epoch alone decides.
    outcome = steps(engine, 0, 30, rate=0.0, rows=(X, target), batches=plain, watch=WATCH)
    assert outcome.epochs is not None
    assert list(outcome.epochs.sound) == [False]
    assert (outcome.epochs.kept_epoch, outcome.epochs.best_epoch) == (-1, -1)
    assert outcome.steps_done == 3
    # The two steps in front of the bad rows and behind them are sound.
    after = steps(engine, 2, 3, rate=0.0, rows=(X, target), batches=plain, watch=WATCH).epochs
    assert after is not None
    assert list(after.sound) == [True]


@engines
def test_parameters_that_overflow_after_a_finite_loss_are_not_sound(engine: str) -> None:
    every = Batches(11, 11)
    outcome = steps(engine, 0, 9, rate=math.inf, batches=every, watch=Watch())
    assert outcome.epochs is not None
    assert np.isfinite(outcome.records[0]).all()
    assert list(outcome.epochs.sound) == [False]
    assert outcome.epochs.kept is None


# ---- when a call ends ----


@engines
def test_no_time_is_one_step(engine: str) -> None:
    for first in range(6):
        outcome = steps(engine, first, 12, seconds=0.0, watch=WATCH)
        assert outcome.steps_done == 1
        assert outcome.epochs is not None
        assert len(outcome.epochs.judged) == (first % 3 == 2)


@engines
def test_time_ends_a_call_within_an_epoch(engine: str) -> None:
    few = Batches(11, 4)
    outcome = steps(engine, 0, 10**9, rate=1e-9, batches=few, seconds=0.05, watch=Watch())
    assert 0 < outcome.steps_done < 10**9
    assert outcome.epochs is not None
    assert len(outcome.epochs.judged) == outcome.steps_done // 3


@engines
@pytest.mark.parametrize(
    ("limit", "epochs"),
    # A step records 8 bytes and each row 8: 112 an epoch; an evaluation 8 and 8 for each row: 64.
    [({"RECORDS_LIMIT": 400}, 3), ({"OUTPUTS_LIMIT": 300}, 4), ({"RECORDS_LIMIT": 10}, 1)],
)
def test_a_call_remembers_no_more_than_fits(
    monkeypatch: pytest.MonkeyPatch, engine: str, limit: dict[str, int], epochs: int
) -> None:
    for name, size in limit.items():
        monkeypatch.setattr(door, name, size)
    work, judge = descent(), judging()
    watch = replace(WATCH, work=judge)
    outcome = run(work, start(), [0.02], [X, Y], BATCHES, 1, 300, engine=engine, watch=watch)
    assert outcome.steps_done == 3 * epochs - 1
    # Without a watch all that was asked for is returned.
    assert run(work, start(), [0.02], [X, Y], BATCHES, 1, 300, engine=engine).steps_done == 299


def test_an_engine_that_is_not_there_and_inputs_that_do_not_fit() -> None:
    with pytest.raises(cr.SetupError, match="no engine 'refrence'"):
        steps("refrence", 0, 3)
    program = trace(lambda x: (sum_over(x),), [Input("x", (3,))], ("y",))
    with pytest.raises(cr.SetupError, match="Did you mean 'reference'"):
        evaluate(program, [np.ones(3)], engine="refrence")
    with pytest.raises(cr.SetupError, match="2 of rows, and was given 1, 1 and 2"):
        run(WORK, start()[:1], [0.02], [X, Y], BATCHES, 0, 3)
