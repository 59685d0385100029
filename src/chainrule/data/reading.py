"""How a file was written, kept so that a later file is read in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.data import record
from chainrule.errors import DataError

PER_CENT = "%"


@dataclass(frozen=True)
class Reading:
    """What was found out about a file.

    ``delimiter`` ("" for one that is not delimited text), ``encoding``, the ``decimal`` mark "." or
    ",", the ``header_line`` counted from 1 (0: there was none), and ``units``: pairs of a column's
    name and what was cut off its numbers, such as ("weight", "kg"), or "hours since
    midnight" for times of day. ``texts`` are the columns that were taken as text, ``others`` those
    of numbers with the other decimal mark. ``thousands`` are the marks, "," and ".", that stood
    between thousands.
    """

    delimiter: str = ""
    encoding: str = "utf-8"
    decimal: str = "."
    header_line: int = 1
    units: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    thousands: tuple[str, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return what was found out as plain data."""
        return {
            "delimiter": self.delimiter,
            "encoding": self.encoding,
            "decimal": self.decimal,
            "header_line": self.header_line,
            "units": [{"name": name, "unit": unit} for name, unit in self.units],
            "texts": list(self.texts),
            "others": list(self.others),
            "thousands": list(self.thousands),
        }

    @classmethod
    def from_record(cls, value: object) -> Reading:
        """Return what ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "'reading'")
        units = [record.mapping(one, "a unit") for one in record.items(plain, "units")]
        delimiter = record.text(plain, "delimiter")
        if len(delimiter) > 1 or not delimiter.isascii():
            raise record.damaged(f"{delimiter!r} is no delimiter")
        return cls(
            delimiter,
            record.text(plain, "encoding"),
            record.choice(plain, "decimal", (".", ",")),
            record.whole_number(plain, "header_line"),
            tuple((record.text(one, "name"), record.text(one, "unit")) for one in units),
            record.texts(plain, "texts"),
            record.texts(plain, "others"),
            # Runs of before do not say it, and took either mark.
            record.texts(plain, "thousands") if "thousands" in plain else (",", "."),
        )

    def doubt_of_unit(self, name: str, unit: str) -> DataError | None:
        """Return why numbers of a later file cannot be those of the first one by their unit.

        ``unit`` is what the later file has behind or in front of them, "" for nothing. A unit that
        is left out is the same one; but a part of 1 is no per cent.
        """
        before = dict(self.units).get(name)
        if before is None and unit != PER_CENT:
            return None
        if before == unit or (not unit and before != PER_CENT):
            return None
        now = f"in {unit!r}" if unit else "without a unit"
        then = f"in {before!r}" if before else "without a unit"
        part = ": 0.573 is 57.3 %" if before == PER_CENT and not unit else ""
        return DataError(
            f"Column {name!r} is {now}, and in training it was {then}.", f"Give it {then}{part}."
        )
