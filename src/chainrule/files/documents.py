"""JSON documents of a run folder: strict both ways, and equal after the round trip.

Stored are None, true and false, whole numbers, floats (the shortest text that reads back as the
same bits), text, lists and mappings with text keys; tuples come back as lists and NumPy numbers as
Python's. Keys are sorted. JSON has no NaN and no infinity, so these floats become an object with
one key:

    {"$float": "NaN"}    {"$float": "Infinity"}    {"$float": "-Infinity"}

and a key of the caller's own that begins with "$" gets one more "$" in front, which reading takes
away. Any float and any text thus comes back as what it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from chainrule.errors import RunFolderError
from chainrule.files.disk import DAMAGED, shown

_FLOAT_KEY = "$float"
_UNSTORABLE = "Keep to numbers, text, true, false, None, lists and mappings with text keys."
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def dump_document(document: object, name: str) -> bytes:
    """Return the document as UTF-8 JSON: sorted keys, a line for each of the first ones.

    ``name`` is what errors call the document. Raises RunFolderError, naming the place, for a value
    that JSON cannot hold.
    """
    try:
        plain = _plain(document, name)
        try:
            data = _lines(plain, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            # Half a surrogate pair (file names can hold one) has no UTF-8, but a JSON escape.
            data = _lines(plain, ensure_ascii=True).encode("ascii")
    except (RecursionError, ValueError) as error:
        cause = f"{name} cannot be stored: it is nested too deeply or holds too long a number."
        raise RunFolderError(cause, _UNSTORABLE) from error
    return data + b"\n"


def _lines(plain: object, ensure_ascii: bool) -> str:
    """Return JSON with the keys of the outermost mapping on lines of their own.

    Indented further, Python's encoder takes ten times as long, and a recording is long.
    """

    def encoded(value: object) -> str:
        return json.dumps(value, allow_nan=False, ensure_ascii=ensure_ascii, sort_keys=True)

    if not isinstance(plain, dict) or not plain:
        return encoded(plain)
    return (
        "{\n"
        + ",\n".join(f"{encoded(key)}: {encoded(plain[key])}" for key in sorted(plain))
        + "\n}"
    )


def load_document(data: bytes, name: str) -> Any:
    """Return what ``dump_document`` stored; ``name`` is what errors call the file.

    Raises RunFolderError for anything but strict JSON: invalid UTF-8, duplicate keys, bare NaN,
    numbers outside the range of a float, nesting that is too deep, text after the end.
    """
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
        )
    except RecursionError as error:
        raise RunFolderError(f"{name} is nested too deeply to be read.", DAMAGED) from error
    except ValueError as error:
        cause = f"{name} is not a valid JSON document: {shown(str(error)).rstrip('.')}."
        raise RunFolderError(cause, DAMAGED) from error


def _plain(value: object, place: str) -> object:
    """Return ``value`` in terms of JSON; ``place`` is its path within the document."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _plain_float(float(value))
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {
            _plain_key(key, place): _plain(item, f"{place}.{key}") for key, item in value.items()
        }
    cause = f"{shown(place)} cannot be stored: it is of type {type(value).__name__}."
    raise RunFolderError(cause, _UNSTORABLE)


def _plain_float(value: float) -> object:
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return {_FLOAT_KEY: "NaN"}
    return {_FLOAT_KEY: "Infinity" if value > 0 else "-Infinity"}


def _plain_key(key: object, place: str) -> str:
    if not isinstance(key, str):
        cause = f"{shown(place)} cannot be stored: its key {shown(repr(key))} is not text."
        raise RunFolderError(cause, _UNSTORABLE)
    return f"${key}" if key.startswith("$") else key


def _object(pairs: list[tuple[str, Any]]) -> Any:
    """Return one JSON object as a dict, or as the float that it stands for."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    if not any(key.startswith("$") for key in found):
        return found
    if list(found) == [_FLOAT_KEY]:
        name = found[_FLOAT_KEY]
        if not isinstance(name, str) or name not in _NON_FINITE:
            raise ValueError("an unknown kind of float")
        return _NON_FINITE[name]
    if any(key.startswith("$") and not key.startswith("$$") for key in found):
        raise ValueError("an unknown key that begins with one $")
    return {key.removeprefix("$"): item for key, item in found.items()}


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number outside the range of a float")
    return number
