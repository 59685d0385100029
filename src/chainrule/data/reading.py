"""How a file was written, kept so that a later file is read in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.data import record


@dataclass(frozen=True)
class Reading:
    """What was found out about a file.

    ``delimiter`` ("" for one that is not delimited text), ``encoding``, the ``decimal`` mark "." or
    ",", the ``header_line`` counted from 1 (0: there was none), and ``units``: pairs of a column's
    name and what was cut off its numbers, such as ("weight", "kg"), or "hours since
    midnight" for times of day. ``texts`` are the columns that were taken as text, ``others`` those
    of numbers with the other decimal mark.
    """

    delimiter: str = ""
    encoding: str = "utf-8"
    decimal: str = "."
    header_line: int = 1
    units: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

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
        )
