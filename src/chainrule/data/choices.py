"""What the user has chosen for a table, in place of what would be decided without."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from chainrule.data import record
from chainrule.errors import DataError, SetupError, nearest

TASKS = ("classification", "regression")
DECIMAL_MARKS = (".", ",")
DATE_ORDERS = ("dmy", "mdy", "ymd")
DELIMITER_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|"}
LISTS = ("drop", "categorical", "numeric", "missing")


@dataclass(frozen=True)
class Choices:
    """What the options of the command line say of a table; by default everything is decided.

    ``task``: "classification" or "regression". ``drop``, ``categorical``, ``numeric``: names of
    columns. ``ignore_rows``: rows to leave out, such as "3,17-20,missing,duplicates". ``group``:
    the column whose equal values stay together in a split; ``time``: the column by which rows are
    ordered. For reading files: ``decimal`` "." or ",", ``header`` (False: the first line is data),
    ``dates`` "dmy", "mdy" or "ymd", ``missing``: further texts that mean no value, ``delimiter``,
    ``encoding``.

    Raises ``SetupError`` for a value that is not possible, and for choices that contradict.
    """

    task: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    ignore_rows: str = ""
    group: str | None = None
    time: str | None = None
    decimal: str | None = None
    header: bool | None = None
    dates: str | None = None
    missing: tuple[str, ...] = ()
    delimiter: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        for name in LISTS:
            object.__setattr__(self, name, _as_names(name, getattr(self, name)))
        for name in ("ignore_rows", "group", "time"):
            given = getattr(self, name)
            if given is not None and not isinstance(given, str):
                raise SetupError(f"{name}={given!r} is not possible.", "Give a text.")
        if self.header not in (None, True, False):
            raise SetupError(f"header={self.header!r} is not possible.", "Give True or False.")
        _check_one_of("task", self.task, TASKS)
        _check_one_of("decimal mark", self.decimal, DECIMAL_MARKS)
        _check_one_of("order of dates", self.dates, DATE_ORDERS)
        object.__setattr__(self, "delimiter", _checked_delimiter(self.delimiter))
        _check_encoding(self.encoding)
        self._check_conflicts()

    def check_names(self, names: Sequence[str], target: str | None = None) -> None:
        """Hold the chosen names against the names of a table's columns.

        Raises ``DataError`` for a name that no column has, ``SetupError`` where the target is to
        be left out.
        """
        known = set(names)
        for name, why in self._uses().items():
            if name not in known:
                raise DataError(
                    f"The table has no column {name!r} to {_PURPOSES[why]}.", nearest(name, names)
                )
            if name == target and why in ("categorical", "numeric"):
                raise SetupError(
                    f"The target {name!r} is no input to {_PURPOSES[why]}.",
                    "Say what it is with the task: classification or regression.",
                )
            if name == target and why in ("drop", "group", "time"):
                raise SetupError(
                    f"The target {name!r} cannot be the column to {_PURPOSES[why]}.",
                    "Give another column.",
                )

    def to_record(self) -> dict[str, Any]:
        """Return the choices as plain data."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {key: list(one) if isinstance(one, tuple) else one for key, one in values.items()}

    @classmethod
    def from_record(cls, value: object) -> Choices:
        """Return the choices that ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "'choices'")
        header = None if record.entry(plain, "header") is None else record.flag(plain, "header")
        try:
            return cls(
                task=record.text_or_none(plain, "task"),
                drop=record.texts(plain, "drop"),
                categorical=record.texts(plain, "categorical"),
                numeric=record.texts(plain, "numeric"),
                ignore_rows=record.text(plain, "ignore_rows"),
                group=record.text_or_none(plain, "group"),
                time=record.text_or_none(plain, "time"),
                decimal=record.text_or_none(plain, "decimal"),
                header=header,
                dates=record.text_or_none(plain, "dates"),
                missing=record.texts(plain, "missing"),
                delimiter=record.text_or_none(plain, "delimiter"),
                encoding=record.text_or_none(plain, "encoding"),
            )
        except SetupError as error:
            raise record.damaged(f"its choices are not possible ({error.cause})") from None

    def _uses(self) -> dict[str, str]:
        uses = {name: why for why in LISTS[:3] for name in getattr(self, why)}
        for why in ("group", "time"):
            if getattr(self, why) is not None:
                uses[getattr(self, why)] = why
        return uses

    def _check_conflicts(self) -> None:
        if self.group is not None and self.time is not None:
            raise SetupError(
                "Rows are either kept together in groups or put in the order of time.",
                "Give group or time, not both.",
            )
        named = [name for why in LISTS[:3] for name in getattr(self, why)]
        named += [name for name in (self.group, self.time) if name is not None]
        for name in named:
            if named.count(name) > 1:
                raise SetupError(
                    f"Column {name!r} is chosen for two purposes.",
                    "Name it once among drop, categorical, numeric, group and time.",
                )


_PURPOSES = {
    "drop": "drop",
    "categorical": "take as categories",
    "numeric": "take as numbers",
    "group": "group rows by",
    "time": "order rows by",
}


def _as_names(what: str, given: Any) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise SetupError(f"{what}={given!r} is not possible.", "Give a list of texts.")
    return tuple(dict.fromkeys(names))


def _check_one_of(what: str, given: Any, known: tuple[str, ...]) -> None:
    if given is not None and given not in known:
        raise SetupError(f"There is no {what} {given!r}.", nearest(str(given), known))


def _checked_delimiter(given: Any) -> str | None:
    if given is None:
        return None
    character = DELIMITER_NAMES.get(given, given) if isinstance(given, str) else ""
    if len(character) != 1 or not character.isascii() or character in '"\r\n\0':
        raise SetupError(
            f"The delimiter {given!r} is not possible.", "Give one character, such as ';' or tab."
        )
    return character


def _check_encoding(given: Any) -> None:
    if given is None:
        return
    try:
        b"ab".decode(codecs.lookup(given).name)
    except UnicodeError:
        # It exists; what it makes of a file is seen when the file is read.
        return
    except (LookupError, TypeError, ValueError):
        raise SetupError(
            f"There is no encoding {given!r}.", "Give utf-8, utf-16 or cp1252, for example."
        ) from None
