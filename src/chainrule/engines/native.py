"""The native engine: programs run by compiled kernels, many epochs a call.

The machine, in C++ under ``src/native``, knows the alphabet and nothing of networks. It is handed a
program as plain lists, settles places in memory for the number of rows in a batch, and follows that
plan. Where it could not be built, ``why_absent`` says so and the reference engine runs instead.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import reference
from chainrule.engines.cores import allowed_threads
from chainrule.engines.library import one_thread, products_of
from chainrule.engines.work import Batches, Epochs, Outcome, Watch, Work
from chainrule.equations import Equation, Value
from chainrule.errors import SetupError, ShapeError
from chainrule.program import Program
from chainrule.randomness import purpose_key
from chainrule.shapes import Rows, has_rows, normal_axes, rows_axis

# The words that leave numbers as they are, but for their kind or shape.
IDENTITIES = {"to_float", "broadcast_like"}
# How many inputs are read: what is counted, or spread or drawn like, only lends its shape.
READ = {"count": 0, "random": 2, **dict.fromkeys(IDENTITIES, 1)}
ORDER = purpose_key("order of rows")
# Epochs that nothing lasts for, and that the machine can count.
LONGEST_PATIENCE = 2**62


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
    return module.Machine(program.dtype == "float64", *_program_text(program, roles), chosen)


def _program_text(program: Program, roles: list[str]) -> tuple[Any, ...]:
    marks = program.marks
    values = [_value_text(value, marks[value.number]) for value in program.values]
    equations = _read_ones([_equation_text(program, one) for one in program.equations], program)
    return values, roles, equations, list(program.outputs)


def _read_ones(equations: list[tuple[Any, ...]], program: Program) -> list[tuple[Any, ...]]:
    """Return the equations that an output comes from, without those that only lend their shape."""
    read = set(program.outputs)
    kept = []
    for equation in reversed(equations):
        _, inputs, output, *_ = equation
        if output in read:
            read.update(inputs)
            kept.append(equation)
    return kept[::-1]


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
    inputs = list(equation.inputs[: READ.get(equation.word)])
    rank = len(program.values[equation.inputs[0]].shape)
    settings = dict(equation.settings)
    numbers: list[int] = []
    step = None
    if equation.word in ("sum_over", "max_over"):
        numbers = list(normal_axes(settings["axis"], rank))
    elif equation.word == "transpose":
        numbers = list(settings["axes"])
    elif equation.word in ("slice", "pad", "concatenate"):
        numbers = list(normal_axes(settings["axis"], rank))
        numbers += [settings[name] for name in ("start", "before") if name in settings]
    elif equation.word == "random":
        numbers = [purpose_key(settings["purpose"])]
    elif equation.word in ("windows", "overlap_add"):
        numbers = [*settings["size"], *settings["stride"], *settings["dilation"]]
    elif equation.word.startswith("convolve"):
        numbers = [*settings["stride"], *settings["dilation"]]
        numbers += [width for pair in settings["padding"] for width in pair]
        numbers.append(settings["groups"])
    elif equation.word == "scan":
        numbers = [settings["sequences"], int(settings["backwards"])]
        step = _step_text(settings["body"], settings["sequences"])
    return (word, inputs, equation.output, numbers, step)


def _step_text(body: Program, sequences: int) -> tuple[Any, ...]:
    """Return the step of a scan: what moves along time are rows, and the rest is fixed."""
    moving = 1 + sequences
    return _program_text(body, ["rows"] * moving + ["fixed"] * (len(body.inputs) - moving))


def khatri_rao_gram(blocks: list[tuple[int, bool, int]], roots: int) -> Any:
    """Return what adds up A'A of rows that are given by factors; see ``engines/gram.py``."""
    module = _module()
    return module.KhatriRaoGram(blocks, roots, len(module.sets_here()) - 1)


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
    watching = None if watch is None else _watching(watch)
    with _means([(machine, batches), *_machines_of(watch, watching)]) as means:
        after, records, steps, epochs = machine.run(
            _typed(work.program, carried, 0, batches.rows),
            _typed(work.program, fixed, work.carried, batches.rows),
            _typed(work.program, rows, work.carried + work.fixed, batches.rows),
            _batches_text(batches),
            first,
            last,
            seconds,
            watching,
            means,
        )
    return Outcome(after, records, steps, None if epochs is None else Epochs(**epochs))


def evaluate(program: Program, inputs: Sequence[Any]) -> list[Any]:
    """Return the outputs of a program for its inputs, once."""
    rows = _row_count(program, inputs)
    if rows == 0:
        # Nothing to be fast with, and not every word has a meaning on no rows.
        return reference.evaluate(program, inputs)
    machine = machine_of(program, 0, None)
    given = _typed(program, inputs, 0, rows)
    open_inputs = [has_rows(one.shape) for one in program.inputs]
    batches = Batches(rows, rows)
    with _means([(machine, batches)]) as means:
        _, records, _, _ = machine.run(
            [],
            [one for one, is_open in zip(given, open_inputs, strict=True) if not is_open],
            [one for one, is_open in zip(given, open_inputs, strict=True) if is_open],
            _batches_text(batches),
            0,
            1,
            math.inf,
            None,
            means,
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


def _watching(watch: Watch) -> dict[str, Any]:
    """Return a watch as a machine takes it; what it leaves out is left out."""
    taken: dict[str, Any] = {
        "best": watch.best,
        "keep_best": watch.keep == "best",
        "waited": watch.waited,
        "patience": -1 if watch.patience is None else min(watch.patience, LONGEST_PATIENCE),
    }
    if watch.work is not None and watch.batches is not None:
        program, held = watch.work.program, watch.batches.rows
        taken["judge"] = machine_of(program, 0, watch.work.fixed)
        taken["fixed"] = _typed(program, watch.fixed, 1, held)
        taken["rows"] = _typed(program, watch.rows, watch.work.fixed, held)
        taken["batches"] = _batches_text(watch.batches)
    if watch.look is not None:
        taken["look"] = machine_of(watch.look.work.program, 0, watch.look.work.fixed)
        taken["look_batches"] = _batches_text(watch.look.batches)
        taken["look_epochs"] = list(watch.look.epochs)
    return taken


def _machines_of(watch: Watch | None, watching: dict[str, Any] | None) -> list[tuple[Any, Batches]]:
    """Return the machines of a watch and the batches that they are for."""
    if watch is None or watching is None:
        return []
    found = []
    if watch.batches is not None and "judge" in watching:
        found.append((watching["judge"], watch.batches))
    if watch.look is not None:
        found.append((watching["look"], watch.look.batches))
    return found


@contextlib.contextmanager
def _means(machines: Sequence[tuple[Any, Batches]]) -> Iterator[tuple[Any, ...]]:
    """Yield how many threads machines may have, and a BLAS where one of them wants it.

    Meanwhile the BLAS is held to one thread; it is given back after.
    """
    threads = allowed_threads()
    wanted = any(
        machine.wants_library(min(one.size, one.rows), threads) for machine, one in machines
    )
    narrow, wide = products_of() if wanted else (None, None)
    with one_thread(narrow is not None):
        yield threads, narrow, wide
