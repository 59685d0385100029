"""What a fix has changed, as code to be pasted, in the order in which it was done."""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Sequence
from functools import cache

from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.remedies.rate_changes import plain_rate
from chainrule.diagnosis.wording import first_sentence, short
from chainrule.training.setup import Setup
from chainrule.training.train import train


def code_of(remedies: Sequence[Remedy], setup: Setup | None) -> tuple[str, ...]:
    """Return what remedies that were kept change in the code, at most one text for each.

    Each is lines that run on X and y, where a remedy changes those, and arguments of ``train``. A
    share that is held out is drawn from the targets, so that lines that change these may hold out
    other rows than the remedies did.

    An argument of ``train`` that a later remedy sets again stands there alone. Numbers that one
    remedy says and others move on are those of ``setup``, which all of them led to. A remedy
    without code is a comment.
    """
    parted = [_parts(one) for one in remedies]
    last = {name: place for place, parts in enumerate(parted) for name, _ in parts if name}
    texts = []
    for place, parts in enumerate(parted):
        lines = [text for name, text in parts if not name]
        left = [_in_effect(name, text, setup) for name, text in parts if last.get(name) == place]
        texts.append("\n".join([*lines, ", ".join(left)] if left else lines))
    return tuple(filter(None, texts))


def _parts(remedy: Remedy) -> list[tuple[str, str]]:
    """Return the arguments of ``train`` in a remedy's code, each with its name; "" for the rest."""
    if not remedy.code:
        return [("", f"# {first_sentence(remedy.words)}")]
    return [part for line in remedy.code.split("\n") for part in _parts_of(line)]


def _parts_of(line: str) -> list[tuple[str, str]]:
    call = f"f({line})"
    try:
        tree = ast.parse(call, mode="eval").body
    except SyntaxError:
        return [("", line)]
    if not isinstance(tree, ast.Call) or tree.args or not tree.keywords:
        return [("", line)]
    if not all(one.arg in _arguments() for one in tree.keywords):
        return [("", line)]
    return [(one.arg or "", ast.get_source_segment(call, one) or "") for one in tree.keywords]


@cache
def _arguments() -> frozenset[str]:
    """Return the names of what ``train`` takes beside the network and the data."""
    parameters = inspect.signature(train).parameters.values()
    return frozenset(one.name for one in parameters if one.kind is one.KEYWORD_ONLY)


def _in_effect(name: str, text: str, setup: Setup | None) -> str:
    """Return an argument with the value that it has in the end."""
    if setup is None:
        return text
    rate = plain_rate(setup)
    if name == "learning_rate" and rate is not None:
        return f"learning_rate={_written(rate)}"
    if name == "rates":
        return f"rates={dict(setup.rates)!r}"
    return f"epochs={setup.epochs}" if name == "epochs" else text


def _written(number: float) -> str:
    """Return a number as short as it can be without being another one."""
    close = math.isclose(float(short(number)), number, rel_tol=1e-12)
    return short(number) if close else repr(number)
