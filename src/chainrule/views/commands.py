"""Commands as they are typed: those that go on from a run, the one that makes it again.

What an option writes in a way of its own, widths and rows in a step, is read here as well.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chainrule.data.choices import Choices
from chainrule.errors import SetupError, nearest
from chainrule.optimizers import find_optimizer, rate_of, with_rate
from chainrule.optimizers.optimizer import ALIASES
from chainrule.training.run import Run
from chainrule.training.tables.again import CHANGED
from chainrule.training.tables.notes import Settings, TableNote
from chainrule.views.plain_text import quoted


def next_commands(run: Run, folder: Path, table: Path, complete: bool) -> list[str]:
    """Return commands that go on from a run: resume where it has not ended, and predict."""
    commands: list[tuple[str, ...]] = [("predict", str(folder), str(table))]
    if complete:
        commands.append((*commands[0], "--output", "predictions.csv"))
    else:
        commands.insert(0, ("resume", str(folder)))
        if not is_trained(run):
            commands.pop()
    return [quoted("chainrule", *words) for words in commands]


def is_trained(run: Run) -> bool:
    """Say whether a run's network has learned anything: False before the first epoch of many."""
    return run.finished or run.recording.epochs > 0


def train_command(run: Run, note: TableNote) -> str | None:
    """Return the command that trains a run again, with every setting written out.

    None where there is none: for what no path leads to, and for settings that only Python can
    express.
    """
    rate, l2 = rate_of(run.setup.optimizer), run.setup.regularisation.l2
    if not has_paths(note) or not isinstance(l2, float | int) or CHANGED in run.notes:
        return None
    if not isinstance(rate, float | int | None) or not _is_plain_optimizer(run):
        return None
    words = ["train", str(note.source.path), *_option("--target", note.target)]
    words += _choice_options(note.choices)
    if note.test is not None:
        words += _option("--test", str(note.test.path))
    words += ["--keep-data"] if "data" in run.notes else []
    words += _setting_options(note.settings)
    words += ["--optimizer", run.setup.optimizer.name]
    words += [] if rate is None else ["--learning-rate", repr(float(rate))]
    words += ["--l2", repr(float(l2)), "--seed", str(run.setup.seed)]
    return quoted("chainrule", *words)


def has_paths(note: TableNote) -> bool:
    """Say whether a path leads to the table, and to its test table: to a data frame none does."""
    return note.source.path is not None and (note.test is None or note.test.path is not None)


def _is_plain_optimizer(run: Run) -> bool:
    """Say whether a name and a rate are all that there is to say of the optimizer."""
    chosen = run.setup.optimizer
    try:
        plain = with_rate(find_optimizer(chosen.name), rate_of(chosen))
    except SetupError:
        return False
    return type(plain) is type(chosen) and dataclasses.is_dataclass(chosen) and plain == chosen


def _choice_options(choices: Choices) -> list[str]:
    words: list[str] = []
    for one in dataclasses.fields(Choices):
        name, given = one.name.replace("_", "-"), getattr(choices, one.name)
        if isinstance(given, bool):
            words.append(f"--{name}" if given else f"--no-{name}")
            continue
        for text in given if isinstance(given, tuple) else (given,):
            words += _option(f"--{name}", text) if text else []
    return words


def _setting_options(settings: Settings) -> list[str]:
    batch = "all" if settings.batch_size is None else str(settings.batch_size)
    # As many epochs as there are at most never end a training before.
    patience = settings.epochs if settings.patience is None else settings.patience
    return [
        *("--hidden", ",".join(map(str, settings.hidden)) or "0"),
        *("--activation", settings.activation),
        *("--epochs", str(settings.epochs)),
        *("--batch-size", batch),
        *("--patience", str(max(patience, 1))),
        *([] if settings.class_weight is None else ["--class-weight", settings.class_weight]),
    ]


def widths_of(text: str) -> tuple[int, ...]:
    """Return the widths of hidden layers that "32,16" says, none for "0". Raises SetupError."""
    try:
        widths = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise SetupError(
            f"--hidden {text} is not a list of widths.", "Write --hidden 32,16, for example."
        ) from None
    if not widths:
        raise SetupError("--hidden is empty.", "Write --hidden 0 for no hidden layer.")
    return () if widths == (0,) else widths


def batch_of(text: str) -> int | str | None:
    """Return the rows in a step that an option says: a number, "auto", None for "all".

    Raises SetupError.
    """
    if text in ("auto", "all"):
        return None if text == "all" else "auto"
    try:
        return int(text)
    except ValueError:
        raise SetupError(
            f"--batch-size {text} is not possible.", "Give a number, all, or auto."
        ) from None


# What is compared unless it is said: one of each kind.
KINDS_OF_OPTIMIZERS = (
    "gradient_descent", "momentum", "irprop_minus", "adam", "scaled_conjugate_gradient", "lbfgs",
    "levenberg_marquardt",
)  # fmt: skip


def compared(optimizers: str | None, settings: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """Return label -> settings of a table's training that options say: names, or several texts.

    Raises SetupError for texts that name no settings, and for two that are equal.
    """
    if optimizers is not None and settings:
        raise SetupError(
            "--optimizers and --setting both say what is compared.",
            "Write the optimizer into each setting: --setting 'optimizer=adam; l2=0.01'.",
        )
    if settings:
        found = {text.strip(): _setting_in(text) for text in settings}
        many = len(settings)
    else:
        names = list(KINDS_OF_OPTIMIZERS)
        if optimizers is not None:
            names = [one.strip() for one in optimizers.split(",") if one.strip()]
        _refuse_two_names(names)
        found, many = {name: {"optimizer": name} for name in names}, len(names)
    if len(found) < many:
        raise SetupError("Two of the settings are equal.", "Name each once.")
    return found


def _refuse_two_names(names: Sequence[str]) -> None:
    """Raise SetupError for two names of one rule, which would be compared with itself."""
    by_rule: dict[str, str] = {}
    for name in names:
        other = by_rule.setdefault(ALIASES.get(name, name), name)
        if other != name:
            raise SetupError(f"'{other}' and '{name}' are names of one rule.", "Name it once.")


def _setting_in(text: str) -> dict[str, Any]:
    """Return the settings of "hidden=32,16; activation=relu". Raises SetupError."""
    read: dict[str, Callable[[str], Any]] = {
        "hidden": widths_of, "activation": str, "optimizer": str, "learning_rate": float,
        "batch_size": batch_of, "l2": float, "epochs": int, "patience": int,
        "class_weight": str,
    }  # fmt: skip
    found = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, equals, content = (one.strip() for one in part.partition("="))
        name = name.replace("-", "_")
        if name not in read or not equals:
            raise SetupError(f"--setting {text!r}: '{part}' is no setting.", nearest(name, read))
        if name in found:
            raise SetupError(f"--setting {text!r} says {name} twice.", "Say it once.")
        try:
            found[name] = read[name](content)
        except ValueError:
            raise SetupError(
                f"--setting {text!r}: {name} is '{content}'.", "Give a number."
            ) from None
    return found


def goal_in(text: str | None) -> float | dict[str, float] | None:
    """Return the goal that an option says, "0.4" or "accuracy=0.85". Raises SetupError."""
    if text is None:
        return None
    name, equals, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        raise SetupError(
            f"--goal {text} is no goal.", "Give a number, or accuracy=0.85, for example."
        ) from None
    if not math.isfinite(value):
        raise SetupError(f"--goal {text} is no goal.", "Give a finite number.")
    return {name.strip(): value} if equals else value


def seconds_in(number: float | None) -> float | None:
    """Return the limit that an option says, None for none. Raises SetupError."""
    if number is not None and not 0.0 < number < math.inf:
        raise SetupError(f"--seconds {number:g} is no limit.", "Give a number above 0.")
    return number


def _option(flag: str, value: str) -> list[str]:
    """Return an option and its value, held together where the value looks like an option."""
    return [f"{flag}={value}"] if value.startswith("-") else [flag, value]
