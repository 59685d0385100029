"""Many steps a call on the native engine: what the reference engine's run gives, and no surprises.

``test_door.py`` holds every engine to what a run promises; here are the records of every kind,
long runs beside the reference, memory that is kept from call to call, and errors on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from native_comparison import DTYPES, SETS, instruction_set, needs_native, threads
from numpy.typing import NDArray

from chainrule.arrays import (
    add_at,
    concatenate,
    exp,
    log,
    max_over,
    mean_over,
    reshape,
    sum_over,
    take,
    tanh,
    where,
)
from chainrule.engines import native, reference_run
from chainrule.engines.work import Batches, Outcome, Watch, Work
from chainrule.errors import ChainruleError
from chainrule.program import FloatType, Input, trace
from chainrule.randomness import permutation
from chainrule.shapes import ROWS

pytestmark = needs_native

DRAW = np.random.default_rng(2)
X = DRAW.normal(size=(43, 3))
Y = np.sin(X @ np.array([1.0, -2.0, 0.5]))
LABELS = DRAW.integers(0, 4, size=43)
HELD_X, HELD_Y, HELD_LABELS = X[:9] + 0.1, Y[:9], LABELS[:9]


def missed(w: Any, table: Any, x: Any, label: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return the errors of a network with a hidden layer and a table of numbers, and its parts."""
    hidden = tanh(x @ reshape(w[:12], (3, 4)))
    return reshape(hidden @ reshape(w[12:], (4, 1)), (ROWS,)) + take(table, label) - y, hidden, w


def work_of(dtype: FloatType) -> Work:
    """Descent with every kind of record: numbers, rows, arrays, whole numbers, truth values."""

    def step(
        w: Any, table: Any, steps: Any, rate: Any, seen: Any, rateless: Any, *rows: Any
    ) -> list[Any]:
        x, label, y = rows
        errors, hidden, _ = missed(w, table, x, label, y)
        scaled = errors / x.shape[0]
        back = reshape(scaled, (ROWS, 1)) * reshape(w[12:], (1, 4)) * (1.0 - hidden * hidden)
        slopes = [reshape(x.T @ back, (12,)), reshape(hidden.T @ reshape(scaled, (ROWS, 1)), (4,))]
        gradient = concatenate(slopes, 0)
        counted = seen + add_at(where(label < 4, 1, 0), label, 4)
        carried = [w - rate * gradient, table - rate * add_at(scaled, label, 4), steps + 1]
        carried += [rate * 0.999, counted]
        records = [mean_over(errors * errors), errors, gradient, hidden, errors < 0.0, label]
        records += [steps, steps < 5, max_over(errors), sum_over(label), w * rateless]
        return [*carried, *records]

    inputs = [Input("w", (16,)), Input("table", (4,)), Input("steps", (), "integer")]
    inputs += [Input("rate", ()), Input("seen", (4,), "integer"), Input("rateless", (1,))]
    inputs += [Input("x", (ROWS, 3)), Input("label", (ROWS,), "integer"), Input("y", (ROWS,))]
    names = [f"y{place}" for place in range(16)]
    return Work(trace(step, inputs, names, dtype), carried=5, fixed=1)


def judge_of(dtype: FloatType) -> Work:
    def judge(w: Any, table: Any, x: Any, label: Any, y: Any) -> list[Any]:
        errors, hidden, _ = missed(w, table, x, label, y)
        return [mean_over(errors * errors), errors, hidden, errors < 0.0]

    inputs = [Input("w", (16,)), Input("table", (4,)), Input("x", (ROWS, 3))]
    inputs += [Input("label", (ROWS,), "integer"), Input("y", (ROWS,))]
    return Work(trace(judge, inputs, ["loss", "errors", "hidden", "below"], dtype), fixed=2)


WORKS = {dtype: work_of(dtype) for dtype in DTYPES}  # type: ignore[arg-type]
JUDGES = {dtype: judge_of(dtype) for dtype in DTYPES}  # type: ignore[arg-type]


def start(dtype: str = "float64") -> list[Any]:
    w, table = np.random.default_rng(1).normal(size=16) * 0.5, np.zeros(4)
    return [w.astype(dtype), table.astype(dtype), 0, 0.1, np.zeros(4, dtype=np.int64)]


def rows_of(dtype: str = "float64") -> list[NDArray[Any]]:
    return [X.astype(dtype), LABELS, Y.astype(dtype)]


def watch_of(dtype: str = "float64", **given: Any) -> Watch:
    table = np.linspace(-0.1, 0.1, 4).astype(dtype)
    held = [HELD_X.astype(dtype), HELD_LABELS, HELD_Y.astype(dtype)]
    return Watch(JUDGES[dtype], [table], held, Batches(9, 4), **given)


def ran(
    engine: Callable[..., Outcome],
    dtype: str,
    batches: Batches,
    first: int,
    last: int,
    *,
    carried: Sequence[Any] | None = None,
    rows: Sequence[Any] | None = None,
    seconds: float = math.inf,
    watch: Watch | None = None,
) -> Outcome:
    carried = start(dtype) if carried is None else carried
    rows = rows_of(dtype) if rows is None else rows
    rateless = [np.full(1, 0.5, dtype=dtype)]
    return engine(WORKS[dtype], carried, rateless, rows, batches, first, last, seconds, watch)


def assert_same(made: Any, due: Any, dtype: str) -> None:
    """Hold a result to the reference's: of one type, whole numbers exactly, floats by rounding."""
    assert type(made) is type(due)
    one, other = np.asarray(made), np.asarray(due)
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    if one.dtype.kind != "f":
        np.testing.assert_array_equal(one, other)
        return
    bound = 1e-10 if dtype == "float64" else 2e-4
    np.testing.assert_allclose(one, other, rtol=bound, atol=bound)


def assert_same_outcome(made: Outcome, due: Outcome, dtype: str) -> None:
    assert made.steps_done == due.steps_done
    for one, other in zip(
        [*made.carried, *made.records], [*due.carried, *due.records], strict=True
    ):
        assert_same(one, other, dtype)
    if due.epochs is None:
        assert made.epochs is None
        return
    assert made.epochs is not None
    for name in ("judged", "sound", "kept", "best"):
        assert_same(getattr(made.epochs, name), getattr(due.epochs, name), dtype)
    for one, other in zip(made.epochs.outputs, due.epochs.outputs, strict=True):
        assert_same(one, other, dtype)
    assert made.epochs.kept_epoch == due.epochs.kept_epoch
    assert made.epochs.best_epoch == due.epochs.best_epoch


# ---------------------------------------------------------------- beside the reference


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [43, 10, 7, 1, 64])
@pytest.mark.parametrize("shuffled", [False, True])
def test_many_epochs_with_records_of_every_kind(size: int, shuffled: bool, dtype: str) -> None:
    batches = Batches(43, size, seed=5, shuffled=shuffled)
    last = 3 * batches.steps_per_epoch + 1
    watch = watch_of(dtype)
    due = ran(reference_run.run, dtype, batches, 0, last, watch=watch)
    for chosen in SETS:
        with instruction_set(chosen):
            made = ran(native.run, dtype, batches, 0, last, watch=watch)
        assert_same_outcome(made, due, dtype)


@pytest.mark.parametrize("keep", ["best", "sound"])
@pytest.mark.parametrize("patience", [None, 1, 4])
def test_a_watch_sees_what_the_references_watch_sees(keep: Any, patience: int | None) -> None:
    batches = Batches(43, 10, seed=5, shuffled=True)
    for best, waited, first in ((math.inf, 0, 0), (0.35, 2, 3), (0.0, 0, 0)):
        for judged in (True, False):
            watch = watch_of(keep=keep, patience=patience, best=best, waited=waited)
            watch = watch if judged else replace(watch, work=None, batches=None)
            given = {"batches": batches, "first": first, "last": 200, "watch": watch}
            due = ran(reference_run.run, "float64", **given)
            assert_same_outcome(ran(native.run, "float64", **given), due, "float64")


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_long_run_stays_beside_the_reference(dtype: str) -> None:
    batches = Batches(43, 11, seed=1, shuffled=True)
    due = ran(reference_run.run, dtype, batches, 0, 400)
    made = ran(native.run, dtype, batches, 0, 400)
    assert_same_outcome(made, due, dtype)


def test_carried_values_change_places_and_an_input_is_recorded_as_it_was() -> None:
    """What is read by a record, or takes the place of another, is not overwritten before."""
    inputs = [Input("a", (5,)), Input("b", (5,)), Input("k", (), "integer"), Input("x", (ROWS,))]

    def step(a: Any, b: Any, k: Any, x: Any) -> list[Any]:
        carried = [b, a * 0.5 + sum_over(x), k + 1]
        return [*carried, a, a[1:4], reshape(b, (5, 1)), k, a + b, b]

    work = Work(trace(step, inputs, [f"y{place}" for place in range(9)]), carried=3)
    given = (work, [np.arange(5.0), np.ones(5), 3], [], [np.arange(7.0)], Batches(7, 2))
    due = reference_run.run(*given, 0, 9, math.inf, None)
    assert_same_outcome(native.run(*given, 0, 9, math.inf), due, "float64")


def test_one_value_takes_two_places_and_others_stay() -> None:
    inputs = [Input(name, (4,)) for name in "abc"] + [Input("x", (ROWS, 4))]

    def step(a: Any, b: Any, c: Any, x: Any) -> list[Any]:
        new = tanh(a - b) + sum_over(x, 0)
        return [new, new, c, new * 2.0, c]

    work = Work(trace(step, inputs, list("abcde")), carried=3)
    given = (work, [np.ones(4), np.zeros(4), np.arange(4.0)], [], [X[:, :1] * np.ones(4)])
    due = reference_run.run(*given, Batches(43, 8), 0, 11, math.inf, None)
    assert_same_outcome(native.run(*given, Batches(43, 8), 0, 11, math.inf), due, "float64")


def test_truth_values_are_carried_as_truth_values() -> None:
    inputs = [Input("seen", (3,), "boolean"), Input("any", (), "boolean"), Input("x", (ROWS, 3))]

    def step(seen: Any, known: Any, x: Any) -> list[Any]:
        return [seen + (max_over(x, 0) > 1.0), known + (max_over(x) > 9.0), seen, known]

    work = Work(trace(step, inputs, list("abcd")), carried=2)
    given = (work, [np.zeros(3, dtype=bool), False], [], [X], Batches(43, 5))
    due = reference_run.run(*given, 0, 9, math.inf, None)
    assert_same_outcome(native.run(*given, 0, 9, math.inf), due, "float64")


def test_a_single_number_that_is_carried_first_is_kept() -> None:
    inputs = [Input("a", ()), Input("x", (ROWS,))]
    work = Work(trace(lambda a, x: [a * 0.9, mean_over(x) * a], inputs, ["a", "loss"]), carried=1)
    for keep in ("best", "sound"):
        given = (work, [2.0], [], [Y], Batches(43, 5), 0, 30, math.inf, Watch(keep=keep))
        due = reference_run.run(*given)
        assert_same_outcome(native.run(*given), due, "float64")


def test_carried_values_of_no_entries() -> None:
    inputs = [Input("w", (0,)), Input("m", (0, 3)), Input("x", (ROWS, 3))]

    def step(w: Any, m: Any, x: Any) -> list[Any]:
        return [w * 0.5, m + 1.0, mean_over(x) + sum_over(w * w), w]

    work = Work(trace(step, inputs, list("abcd")), carried=2)
    given = (work, [np.zeros(0), np.zeros((0, 3))], [], [X], Batches(43, 20), 0, 9)
    due = reference_run.run(*given, math.inf, Watch())
    assert_same_outcome(native.run(*given, math.inf, Watch()), due, "float64")


# ---------------------------------------------------------------- call after call


def bits(outcome: Outcome) -> list[bytes]:
    return [np.asarray(one).tobytes() for one in (*outcome.carried, *outcome.records)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [10, 43])
def test_a_call_cut_by_time_and_gone_on_gives_the_same_bits(size: int, dtype: str) -> None:
    batches = Batches(43, size, seed=7, shuffled=True)
    whole = ran(native.run, dtype, batches, 0, 200)
    carried: Sequence[Any] = start(dtype)
    records: list[list[Any]] = []
    step = 0
    while step < 200:
        seconds = 0.0 if step % 2 else 1e-5
        part = ran(native.run, dtype, batches, step, 200, carried=carried, seconds=seconds)
        assert part.steps_done >= 1
        carried, step = part.carried, step + part.steps_done
        records.append(part.records)
    assert len(records) > 5
    joined = [np.concatenate(column) for column in zip(*records, strict=True)]
    assert bits(Outcome(list(carried), joined)) == bits(whole)


def test_inputs_are_left_as_they_are() -> None:
    given = [start(), rows_of(), [HELD_X, HELD_Y]]
    before = [[np.array(one) for one in part] for part in given]
    for size in (43, 10):
        ran(native.run, "float64", Batches(43, size, seed=1, shuffled=size == 10), 0, 30,
            carried=given[0], rows=given[1], watch=watch_of())  # fmt: skip
    for part, kept in zip(given, before, strict=True):
        for one, other in zip(part, kept, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [43, 10])
def test_arrays_that_change_between_calls_are_read_anew(size: int) -> None:
    """The engine keeps its memory from call to call, but nothing of what it was given."""
    rows, carried = rows_of(), start()
    batches = Batches(43, size)
    for turn in range(4):
        rows[0][:] += 0.1 * turn
        rows[1][:] = (rows[1] + 1) % 4
        carried[0][:] *= 0.9
        due = ran(reference_run.run, "float64", batches, 0, 7, carried=carried, rows=rows)
        made = ran(native.run, "float64", batches, 0, 7, carried=carried, rows=rows)
        assert_same_outcome(made, due, "float64")
        # What came out of an earlier call is the caller's own.
        kept = bits(made)
        ran(native.run, "float64", batches, 3, 9, carried=made.carried, rows=rows)
        assert bits(made) == kept


def test_one_program_runs_over_ever_other_numbers_of_rows() -> None:
    random = np.random.default_rng(3)
    for turn in range(60):
        rows = int(random.integers(1, 60)) if turn % 3 else int(random.integers(200, 1500))
        given = [random.normal(size=(rows, 3)), random.integers(0, 4, rows),
                 random.normal(size=rows)]  # fmt: skip
        batches = Batches(rows, int(random.integers(1, rows + 1)), turn, bool(turn % 2))
        last = min(batches.steps_per_epoch, 5)
        due = ran(reference_run.run, "float64", batches, 0, last, rows=given)
        assert_same_outcome(
            ran(native.run, "float64", batches, 0, last, rows=given), due, "float64"
        )


def test_arrays_that_lie_in_another_order_or_type() -> None:
    """Columns first, every second row, another float type: read as what they are."""
    wide = np.asfortranarray(np.repeat(X, 2, axis=0))
    rows = [wide[::2], LABELS.astype(np.int32), Y.astype(np.float32)]
    plain = [np.ascontiguousarray(wide[::2]), LABELS, Y.astype(np.float32).astype(np.float64)]
    for size in (43, 10):
        batches = Batches(43, size, seed=3, shuffled=True)
        due = ran(reference_run.run, "float64", batches, 0, 9, rows=plain)
        assert_same_outcome(ran(native.run, "float64", batches, 0, 9, rows=rows), due, "float64")


# ---------------------------------------------------------------- what goes wrong on the way


@pytest.mark.parametrize("size", [10, 43])
def test_numbers_that_are_lost_half_way_end_the_call_as_the_contract_says(size: int) -> None:
    inputs = [Input("w", (3,)), Input("x", (ROWS, 3))]

    def step(w: Any, x: Any) -> list[Any]:
        """The logarithm of a number that sinks below 0 in the 13th step."""
        return [w - 0.1, mean_over(x * x) + log(max_over(w)), w * 2.0]

    work = Work(trace(step, inputs, list("abc")), carried=1)
    for keep in ("best", "sound"):
        given = (work, [np.array([0.2, 1.25, 0.5])], [], [X], Batches(43, size))
        due = reference_run.run(*given, 0, 100, math.inf, Watch(keep=keep))  # type: ignore[arg-type]
        made = native.run(*given, 0, 100, math.inf, Watch(keep=keep))  # type: ignore[arg-type]
        assert due.epochs is not None
        assert not due.epochs.sound[-1]
        assert due.epochs.sound[:-1].all()
        assert_same_outcome(made, due, "float64")
        # Without a watch nobody asks, and the steps go on.
        assert native.run(*given, 0, 100, math.inf).steps_done == 100


def test_the_same_work_runs_again_after_an_index_that_was_refused() -> None:
    """In a run of several threads too: the error comes out, and leaves nothing behind."""
    rows = 6000
    random = np.random.default_rng(8)
    x, y = random.normal(size=(rows, 3)), random.normal(size=rows)
    label = random.integers(0, 4, size=rows)
    inputs = [Input("table", (4, 30)), Input("x", (ROWS, 3)), Input("label", (ROWS,), "integer")]

    def step(table: Any, x: Any, label: Any, y: Any) -> list[Any]:
        deep = tanh(exp(take(table, label) * 0.01) * sum_over(x, 1, True) + reshape(y, (ROWS, 1)))
        return [table - add_at(deep, label, 4) * 1e-5, mean_over(deep), label]

    work = Work(trace(step, [*inputs, Input("y", (ROWS,))], list("abc")), carried=1)
    start = [random.normal(size=(4, 30))]
    with threads(2):
        due = native.run(work, start, [], [x, label, y], Batches(rows, rows), 0, 3, math.inf)
        assert native.machine_of(work.program, 1, 0).threads_of(rows) == 2
        for place in (0, rows // 2, rows - 1):
            wrong = label.copy()
            wrong[place] = 4
            with pytest.raises(IndexError):
                native.run(work, start, [], [x, wrong, y], Batches(rows, rows), 0, 3, math.inf)
            again = native.run(work, start, [], [x, label, y], Batches(rows, rows), 0, 3, math.inf)
            assert bits(again) == bits(due)
    reference = reference_run.run(
        work, start, [], [x, label, y], Batches(rows, rows), 0, 3, math.inf, None
    )
    assert_same_outcome(due, reference, "float64")


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("carried", [np.ones(15), np.zeros(4), 0, 0.1, np.zeros(4, dtype=np.int64)]),
        ("rows", [X[:20], LABELS, Y]),
        ("rows", [X[:, :2], LABELS, Y]),
    ],
)
def test_arrays_of_other_sizes_are_refused_and_not_read_beyond_their_end(
    place: str, content: list[Any]
) -> None:
    with pytest.raises(ChainruleError):
        ran(native.run, "float64", Batches(43, 10), 0, 5, **{place: content})  # type: ignore[arg-type]


# ---- what is written over what it is made of ----


def pulled(parameters: Any, anchor: Any, gradient: Any) -> tuple[Any, Any]:
    """An update that reads its parameters before and after they are written over."""
    pull = parameters - anchor
    after = parameters - 0.1 * gradient
    return after, anchor + 0.5 * pull


@pytest.mark.parametrize("size", [5, 511, 700, 40_000])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 2])
def test_no_word_of_a_chain_passes_by_what_is_written(
    size: int, dtype: FloatType, count: int
) -> None:
    inputs = [Input(name, (size,)) for name in ("parameters", "anchor", "gradient")]
    work = Work(trace(pulled, inputs, ("parameters", "anchor"), dtype), carried=2, fixed=1)
    given = [DRAW.integers(-8, 8, size) / 4.0 for _ in inputs]
    with threads(count):
        found = native.run(work, given[:2], given[2:], [], Batches(1, 1), 0, 4, math.inf)
    due = reference_run.run(work, given[:2], given[2:], [], Batches(1, 1), 0, 4, math.inf, None)
    for one, other in zip(found.carried, due.carried, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_rows_that_are_not_the_first_axis_are_refused() -> None:
    program = trace(lambda x: (x * 2.0,), [Input("x", (3, ROWS))], ("y",), "float64")
    with pytest.raises(ChainruleError, match="cut along the first axis"):
        Work(program, carried=0, fixed=0)


def test_a_machine_refuses_what_it_could_not_read() -> None:
    program = trace(lambda x, w: (x @ w,), [Input("x", (ROWS, 3)), Input("w", (3, 2))], ("y",))
    machine = native.machine_of(program, 0, None)
    x, w, means = np.zeros((8, 3)), np.zeros((3, 2)), (1, None, None)

    def run(fixed: Sequence[Any], rows: Sequence[Any], batches: Any = (8, 4, 0, 0, False)) -> Any:
        return machine.run([], list(fixed), list(rows), batches, 0, 1, 1.0, None, means)

    run([w], [x])
    for fixed, rows in (([], [x]), ([w, w], [x]), ([w], []), ([w[:2]], [x]), ([w], [x[:7]])):
        with pytest.raises(ValueError, match="a program is given"):
            run(fixed, rows)
    with pytest.raises((TypeError, RuntimeError)):
        run([w], [np.zeros((8, 6))[:, ::2]])


def test_a_machine_refuses_a_program_that_is_not_well_formed() -> None:
    def made(equation: tuple[Any, ...], role: str = "fixed", kind: str = "float") -> Any:
        values = [((3,), kind, "fixed", None), ((3,), "float", "fixed", None)]
        return native._module().Machine(True, values, [role], [equation], [1], 0)

    made(("negative", [0], 1, [], None))
    for equation in (
        ("negative", [2], 1, [], None),
        ("negative", [0], 2, [], None),
        ("negative", [], 1, [], None),
        ("add", [0], 1, [], None),
        ("sum_over", [0], 1, [1], None),
        ("transpose", [0], 1, [], None),
        ("slice", [0], 1, [0], None),
        ("nothing", [0], 1, [], None),
    ):
        with pytest.raises(ValueError, match=r"no word|not well formed"):
            made(equation)
    with pytest.raises(ValueError, match="no role 'row'"):
        made(("negative", [0], 1, [], None), role="row")
    with pytest.raises(ValueError, match="no kind 'number'"):
        made(("negative", [0], 1, [], None), kind="number")


def test_a_machine_refuses_a_step_that_does_not_fit_its_sequence() -> None:
    def made(
        state: tuple[int, ...] = (-1, 2),
        entry: tuple[int, ...] = (-1, 3),
        numbers: tuple[int, ...] = (1, 0),
        outputs: tuple[int, ...] = (0,),
        whole: bool = True,
    ) -> Any:
        def rows(shape: tuple[int, ...]) -> tuple[Any, ...]:
            return (list(shape), "float", "row", None)

        step = ([rows(state), rows(entry)], ["rows", "rows"], [], list(outputs))
        values = [rows((-1, 2)), rows((-1, 4, 3)), rows((-1, 4, 2))]
        equation = ("scan", [0, 1], 2, list(numbers), step if whole else None)
        return native._module().Machine(True, values, ["rows", "rows"], [equation], [2], 0)

    made()
    for wrong in (
        {"state": (-1, 3)},
        {"entry": (-1, 4)},
        {"entry": (-1, 4, 3)},
        {"numbers": (1,)},
        {"numbers": (0, 0)},
        {"numbers": (2, 0)},
        {"outputs": (1,)},
        {"outputs": ()},
        {"outputs": (7,)},
        {"whole": False},
    ):
        with pytest.raises(ValueError, match="not well formed"):
            made(**wrong)


def test_a_chain_stays_right_when_its_scratch_memory_moves() -> None:
    """A larger product of another number of rows takes more of it than there was."""

    def step(w: Any, x: Any) -> tuple[Any, Any]:
        y = x @ w
        odd = (y * y - 2.0) * (y + 3.0) / (y * y + 5.0) - (y - 1.0) * (y * 0.5 + x)
        return w * 0.999 - mean_over(odd) * 0.001, mean_over(odd * odd)

    inputs = [Input("w", (300, 300)), Input("x", (ROWS, 300))]
    work = Work(trace(step, inputs, ("w", "seen"), "float64"), carried=1, fixed=0)
    w, x = DRAW.normal(size=(300, 300)), DRAW.normal(size=(400, 300))
    for size in (4, 400, 4, 50):
        batches = Batches(size, size)
        found = native.run(work, [w], [], [x[:size]], batches, 0, 2, math.inf)
        due = reference_run.run(work, [w], [], [x[:size]], batches, 0, 2, math.inf, None)
        np.testing.assert_allclose(found.records[0], due.records[0], rtol=1e-10)
        np.testing.assert_allclose(found.carried[0], due.carried[0], rtol=1e-10)


@pytest.mark.parametrize("rows", [1, 2, 7, 1000, 4097])
def test_the_order_of_rows_is_that_of_the_reference_and_so_is_its_beginning(rows: int) -> None:
    purpose = native.ORDER
    for place, _ in enumerate(SETS):
        for step in range(3):
            due = permutation(5, "order of rows", rows, step=step)
            for needed in {1, rows // 3 + 1, rows}:
                found = native._module().row_order(place, 5, purpose, step, rows, needed)
                np.testing.assert_array_equal(found, due[:needed])
