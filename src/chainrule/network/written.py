"""Layers as a plan writes them, read back, and written with something changed.

A plan knows of a layer what it was written as: ``Dense(16, 'tanh')``. Whoever changes a step of a
plan changes that as well, so that what is printed and saved is what runs.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from chainrule.errors import ChainruleError
from chainrule.network.image_layers import Conv
from chainrule.network.layers import Activation, Apply, Dense, Layer
from chainrule.network.regularising_layers import DropConnect, Dropout

KINDS = {one.__name__: one for one in (Activation, Apply, Conv, Dense, DropConnect, Dropout)}


def with_activation(written: str, before: str, op: str | None) -> str:
    """Return a layer as it is written with the activation ``op`` in place of ``before``.

    ``op=None`` leaves it out. Of a layer that cannot be read back it is said behind it.
    """
    layer = _read(written)
    if isinstance(layer, Conv | Dense | DropConnect):
        return repr(replace(layer, activation=op))
    if isinstance(layer, Activation | Apply) and op is not None:
        return repr(type(layer)(op))
    return f"{written} without {before}" if op is None else f"{written}, {op} for {before}"


def with_units(written: str, units: int) -> str:
    """Return a layer as it is written with another width."""
    layer = _read(written)
    if isinstance(layer, Dense):
        return repr(replace(layer, units=units))
    # Sizes are no part of how Apply is written.
    return written if isinstance(layer, Apply) else f"{written}, {units} wide"


def sized(written: str, units: int) -> str:
    """Return a layer as it is written with its width, where that was left to the data."""
    layer = _read(written)
    is_open = isinstance(layer, Dense) and layer.units is None
    return with_units(written, units) if is_open else written


def with_rate(written: str, rate: float) -> str:
    """Return a layer that drops numbers or weights as it is written with another rate."""
    layer = _read(written)
    if not isinstance(layer, Dropout | DropConnect):
        return f"{written} at the rate {rate!r}"
    return repr(replace(layer, rate=rate))


def _read(written: str) -> Layer | None:
    """Return the layer that a text makes, None where it is none of those above."""
    try:
        call = ast.parse(written, mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            return None
        given = [ast.literal_eval(one) for one in call.args]
        named = {one.arg: ast.literal_eval(one.value) for one in call.keywords if one.arg}
        layer = KINDS[call.func.id](*given, **named)
    except (SyntaxError, ValueError, TypeError, KeyError, MemoryError, RecursionError):
        return None
    except ChainruleError:
        return None
    # What is not written the same again has been read wrongly.
    return layer if repr(layer) == written else None
