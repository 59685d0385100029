"""The native engine: programs run by compiled kernels, many epochs a call.

The machine, in C++ under ``src/native``, knows the alphabet and nothing of networks. It is handed a
program as plain lists, settles places in memory for the number of rows in a batch, and follows that
plan. Where it could not be built, ``why_absent`` says so and the reference engine runs instead.
"""

from __future__ import annotations

import importlib
import math
import threading
from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import reference
from chainrule.engines.cores import allowed_threads
from chainrule.engines.library import one_thread, products_of
from chainrule.engines.program import Program
from chainrule.engines.work import Batches, Epochs, Outcome, Watch, Work
from chainrule.equations import Equation, Value
from chainrule.errors import SetupError, ShapeError
from chainrule.randomness import purpose_key
from chainrule.word_shapes import Rows, has_rows, normal_axes, rows_axis

# The words that leave numbers as they are, but for their kind or shape.
IDENTITIES = {"to_float", "broadcast_like"}
ORDER = purpose_key("order of rows")


@lru_cache(maxsize=1)
def _loaded() -> tuple[ModuleType | None, str]:
    """Return the compiled module, or None and why it is not there."""
    try:
        return importlib.import_module("chainrule._native"), ""
    except ImportError as error:
        return None, str(error)


def is_present() -> bool:
    """Whether the compiled engine is there."""
    return _loaded()[0] is not None


def why_absent() -> str:
    """Return why the compiled engine is not there; empty where it is."""
    module, reason = _loaded()
    return "" if module is not None else reason


def instruction_sets() -> list[str]:
    """Return the instruction sets that were compiled and that this machine has, best last."""
    return list(_module().sets_here())


def _module() -> ModuleType:
    module, reason = _loaded()
    if module is None:
        raise SetupError(
            f"The native engine is not there: {reason}.",
            "Install chainrule where there is a C++ compiler, or use engine='reference'.",
        )
    return module


# ---- from a program to a machine ----


# A machine lives as long as its program, and keeps the memory of its last call.
_MACHINES: WeakKeyDictionary[Program, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def machine_of(program: Program, carried: int, fixed: int | None, instruction_set: int = -1) -> Any:
    """Return the machine of a program, made once.

    ``fixed=None``: inputs that have no rows are fixed, wherever they stand. ``instruction_set`` is
    a place in ``instruction_sets()``, by default that of the best.
    """
    with _LOCK:
        known = _MACHINES.setdefault(program, {})
    key = (carried, fixed, instruction_set)
    if key not in known:
        known[key] = _made(program, carried, fixed, instruction_set)
    return known[key]


def _made(program: Program, carried: int, fixed: int | None, instruction_set: int) -> Any:
    module = _module()
    chosen = len(module.sets_here()) - 1 if instruction_set < 0 else instruction_set
    roles = [
        "carried" if place < carried else _role(program, place, carried, fixed)
        for place in range(len(program.inputs))
    ]
    for one, role in zip(program.inputs, roles, strict=True):
        if role == "rows" and not has_rows(one.shape):
            raise SetupError(
                f"The input '{one.name}' of a program stands among those of rows and has none.",
                "Say how many inputs are carried and fixed.",
            )
    marks = program.marks
    values = [_value_text(value, marks[value.number]) for value in program.values]
    equations = [_equation_text(program, one) for one in program.equations]
    wide = program.dtype == "float64"
    return module.Machine(wide, values, roles, equations, list(program.outputs), chosen)


def _role(program: Program, place: int, carried: int, fixed: int | None) -> str:
    if fixed is None:
        return "rows" if has_rows(program.inputs[place].shape) else "fixed"
    return "fixed" if place < carried + fixed else "rows"


def _value_text(value: Value, mark: str) -> tuple[Any, ...]:
    shape = [-1 if isinstance(size, Rows) else size for size in value.shape]
    content = None
    if value.constant is not None:
        wanted = np.float64 if value.kind == "float" else np.int64
        content = np.ascontiguousarray(value.constant.reshape(-1), dtype=wanted)
    return (shape, value.kind, mark, content)


def _equation_text(program: Program, equation: Equation) -> tuple[Any, ...]:
    word = "identity" if equation.word in IDENTITIES else equation.word
    # What only lends its shape is not read: neither what is counted nor what is spread like.
    read = 0 if equation.word == "count" else 1 if equation.word in IDENTITIES else None
    inputs = list(equation.inputs[:read])
    rank = len(program.values[equation.inputs[0]].shape)
    settings = dict(equation.settings)
    numbers: list[int] = []
    if equation.word in ("sum_over", "max_over"):
        numbers = list(normal_axes(settings["axis"], rank))
    elif equation.word == "transpose":
        numbers = list(settings["axes"])
    elif equation.word in ("slice", "pad", "concatenate"):
        numbers = list(normal_axes(settings["axis"], rank))
        numbers += [settings[name] for name in ("start", "before") if name in settings]
    return (word, inputs, equation.output, numbers)


# ---- the door's two calls ----


def run(
    work: Work,
    carried: Sequence[Any],
    fixed: Sequence[Any],
    rows: Sequence[NDArray[Any]],
    batches: Batches,
    first: int,
    last: int,
    seconds: float,
    watch: Watch | None = None,
) -> Outcome:
    """Run steps as the door of that name says."""
    machine = machine_of(work.program, work.carried, work.fixed)
    size = min(batches.size, batches.rows)
    watching = None if watch is None else _watching(work, watch)
    with _settled([(machine, size), *_judge(watching, watch)]):
        after, records, steps, epochs = machine.run(
            _typed(work.program, carried, 0, batches.rows),
            _typed(work.program, fixed, work.carried, batches.rows),
            _typed(work.program, rows, work.carried + work.fixed, batches.rows),
            _batches_text(batches),
            first,
            last,
            seconds,
            watching,
        )
    seen = None if epochs is None else Epochs(*epochs_in_order(epochs))
    return Outcome(after, records, steps, seen)


def epochs_in_order(epochs: Sequence[Any]) -> Sequence[Any]:
    """Return what a machine says of its epochs in the order of ``Epochs``."""
    judged, outputs, sound, kept, kept_epoch, best, best_epoch = epochs
    return judged, sound, outputs, kept, kept_epoch, best, best_epoch


def evaluate(program: Program, inputs: Sequence[Any]) -> list[Any]:
    """Return the outputs of a program for its inputs, once."""
    rows = _row_count(program, inputs)
    if rows == 0:
        # Nothing to be fast with, and not every word has a meaning on no rows.
        return reference.evaluate(program, inputs)
    machine = machine_of(program, 0, None)
    given = _typed(program, inputs, 0, rows)
    open_inputs = [has_rows(one.shape) for one in program.inputs]
    with _settled([(machine, rows)]):
        _, records, _, _ = machine.run(
            [],
            [one for one, is_open in zip(given, open_inputs, strict=True) if not is_open],
            [one for one, is_open in zip(given, open_inputs, strict=True) if is_open],
            (rows, rows, 0, 0, False),
            0,
            1,
            math.inf,
            None,
        )
    return [
        _result(record, program.values[number])
        for record, number in zip(records, program.outputs, strict=True)
    ]


def _result(record: NDArray[Any], value: Value) -> Any:
    if not value.shape:
        return record[0].item()
    return record if has_rows(value.shape) else record[0]


def _row_count(program: Program, inputs: Sequence[Any]) -> int:
    for one, content in zip(program.inputs, inputs, strict=True):
        if has_rows(one.shape):
            return int(np.shape(content)[rows_axis(one.shape)])
    return 1


def _typed(program: Program, contents: Sequence[Any], first: int, rows: int) -> list[Any]:
    """Return contents as a machine takes them: arrays of the program's type, or plain numbers.

    Raises ShapeError for what is not of the input's shape: a machine reads memory by shape alone.
    """
    typed: list[Any] = []
    for place, content in enumerate(contents, first):
        one = program.inputs[place]
        if not one.shape:
            typed.append(float(content) if one.kind == "float" else int(content))
            continue
        wanted = np.int64 if one.kind == "integer" else np.dtype(program.dtype)
        array = np.ascontiguousarray(content, dtype=wanted)
        due = tuple(rows if isinstance(size, Rows) else size for size in one.shape)
        if array.shape != due:
            raise ShapeError(
                f"The input '{one.name}' of a program is {array.shape} where {due} is due.",
                "Give as many rows in every input, and its own sizes in each.",
            )
        typed.append(array)
    return typed


def _batches_text(batches: Batches) -> tuple[Any, ...]:
    return (batches.rows, batches.size, batches.seed, ORDER, batches.shuffled)


def _watching(work: Work, watch: Watch) -> tuple[Any, ...]:
    judge, fixed, rows, batches = None, [], [], None
    if watch.work is not None and watch.batches is not None:
        judge = machine_of(watch.work.program, 0, watch.work.fixed)
        held = watch.batches.rows
        fixed = _typed(watch.work.program, watch.fixed, 1, held)
        rows = _typed(watch.work.program, watch.rows, watch.work.fixed, held)
        batches = _batches_text(watch.batches)
    patience = -1 if watch.patience is None else watch.patience
    return (judge, fixed, rows, batches, watch.best, watch.keep == "best", watch.waited, patience)


def _judge(watching: tuple[Any, ...] | None, watch: Watch | None) -> list[tuple[Any, int]]:
    if watching is None or watching[0] is None or watch is None or watch.batches is None:
        return []
    return [(watching[0], min(watch.batches.size, watch.batches.rows))]


def _settled(machines: Sequence[tuple[Any, int]]) -> Any:
    """Tell machines how many threads they have, and lend them a BLAS where they want one.

    Return the context to run them in: it holds the BLAS to one thread and gives it back after.
    """
    threads = allowed_threads()
    wanted = any(machine.wants_library(rows) for machine, rows in machines)
    narrow, wide = products_of() if wanted else (None, None)
    for machine, _ in machines:
        machine.settle(threads, narrow, wide)
    return one_thread(narrow is not None)
