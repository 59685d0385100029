"""The call that made an explanation, as text to be run again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainrule.network.network import Network

# What is longer than that is named instead of written out.
LONGEST = 60


def call_text(what: Any, target: str | None, given: Mapping[str, Any]) -> str:
    """Return ``cr.explain(run, "dense_1.W[2,0]", sample=7)`` for what was given.

    Arrays and tables stand as the names of what they were given for.
    """
    words = [_subject(what)]
    if target is not None:
        words.append(f'"{target}"')
    words += [f"{name}={_written(name, content)}" for name, content in given.items()]
    return f"cr.explain({', '.join(words)})"


def _subject(what: Any) -> str:
    if isinstance(what, str | Path):
        return repr(str(what))
    return "network" if isinstance(what, Network) else "run"


def _written(name: str, content: Any) -> str:
    if isinstance(content, Path):
        content = str(content)
    plain = isinstance(content, str | bool | int | float | list | tuple | dict)
    text = repr(content) if plain else ""
    return text if 0 < len(text) <= LONGEST else name
