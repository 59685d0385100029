"""What a block must have before it becomes an op, and which settings an op takes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from chainrule.checks import is_finite_number
from chainrule.errors import SetupError, nearest
from chainrule.ops.patterns import Pattern

Bounds = tuple[float, float]
# The least number of a setting that must be more than 0.
ABOVE_0 = sys.float_info.min


def rule_of(block: type, rule: str, name: str) -> Callable[..., Any]:
    """Return one rule of a block. Raises SetupError where it is missing."""
    found: Callable[..., Any] | None = getattr(block, rule, None)
    if found is None:
        raise SetupError(
            f"The op '{name}' has no {rule}.", f"Write {rule} as a static method of its class."
        )
    return found


def check_block(
    name: str, forward: Callable[..., Any], pattern: Pattern, sizes: Collection[str]
) -> None:
    """Raise SetupError where forward takes too few arguments, or a size has no rule."""
    parameters = list(inspect.signature(forward).parameters.values())
    due = len(pattern.inputs)
    arrays = parameters[:due]
    if len(arrays) < due or any(one.default is not one.empty for one in arrays):
        raise SetupError(
            f"The op '{name}' has {due} inputs ({pattern.text}), and its forward takes "
            f"({', '.join(one.name for one in parameters)}).",
            "Give forward one argument for each input, and settings with defaults behind them.",
        )
    unknown = [one for one in pattern.unknown_sizes if one not in sizes]
    if unknown:
        raise SetupError(
            f"The op '{name}' gives an output of the size '{unknown[0]}' ({pattern.text}), which "
            "no input has.",
            f"Say how it is worked out: sizes={{'{unknown[0]}': lambda **sizes: ...}}.",
        )


def predicting_rule(
    block: type,
    name: str,
    pattern: Pattern,
    inputs: Sequence[str],
    noise: Mapping[str, str],
    state: Mapping[str, str],
) -> Callable[..., Any] | None:
    """Return ``forward_predict`` of a block, None where it predicts as it trains.

    Raises SetupError where what is drawn and kept is not in the pattern, and where it is missing.
    """
    _check_drawn_and_kept(name, pattern, inputs, noise, state)
    found: Callable[..., Any] | None = getattr(block, "forward_predict", None)
    if noise or state or found is not None:
        _check_prediction(name, found, len(inputs) - len(noise))
    return found


def routes_of(block: type, name: str) -> dict[str, Callable[..., Any]]:
    """Return the named parts of backward of a block. Raises SetupError for what is no rule."""
    found = getattr(block, "routes", {})
    named = isinstance(found, Mapping) and len(found) != 1
    if not named or not all(isinstance(one, str) and callable(found[one]) for one in found):
        raise SetupError(
            f"The routes of the op '{name}' are no names with a rule each, two or more.",
            "Write routes = {'the mean': rule, 'the rest': other_rule} in its class.",
        )
    return dict(found)


def _check_prediction(name: str, predicting: Callable[..., Any] | None, due: int) -> None:
    if predicting is None:
        raise SetupError(
            f"The op '{name}' draws random numbers or keeps a state, and has no forward_predict.",
            "Write forward_predict as a static method of its class, in which rows do not mix.",
        )
    arrays = list(inspect.signature(predicting).parameters.values())[:due]
    if len(arrays) < due or any(one.default is not one.empty for one in arrays):
        raise SetupError(
            f"The forward_predict of the op '{name}' does not take {due} inputs.",
            "Give it those of forward without the random ones, and the settings behind them.",
        )


def _check_drawn_and_kept(
    name: str,
    pattern: Pattern,
    names: Sequence[str],
    noise: Mapping[str, str],
    state: Mapping[str, str],
) -> None:
    slots = dict(zip(names, pattern.inputs, strict=True))
    for one, like in noise.items():
        if one not in slots or like not in slots or slots[one].sizes != slots[like].sizes:
            raise SetupError(
                f"The op '{name}' draws '{one}' like '{like}', and these are no two inputs of the "
                f"same sizes ({pattern.text}).",
                "Write noise={'mask': 'x'} for inputs mask and x of one shape.",
            )
    kept = {one for one, slot in slots.items() if slot.state}
    if kept != set(state):
        raise SetupError(
            f"The op '{name}' keeps {', '.join(sorted(kept)) or 'nothing'} ({pattern.text}), and "
            f"was given first values of {', '.join(sorted(state)) or 'nothing'}.",
            "Mark each kept input with '!' and give its first value: state={'mean': 'zeros'}.",
        )


def settings_of(forward: Callable[..., Any], inputs: int) -> dict[str, Any]:
    """Return the settings of a forward behind its inputs, with their defaults."""
    parameters = list(inspect.signature(forward).parameters.values())[inputs:]
    return {one.name: one.default for one in parameters if one.default is not one.empty}


def check_settings(
    given: Mapping[str, Any],
    known: Mapping[str, Any],
    bounds: Mapping[str, Bounds],
    what: str,
) -> None:
    """Raise SetupError for a setting that is not there, is no finite number, or out of bounds.

    ``known`` holds the defaults; a setting whose default is no number may be anything. ``what``
    names the op in the sentence.
    """
    for setting, value in given.items():
        if setting not in known:
            raise SetupError(f"{what} has no setting '{setting}'.", nearest(setting, known))
        low, high = bounds.get(setting, (-float("inf"), float("inf")))
        if not is_finite_number(known[setting]):
            continue
        if not is_finite_number(value) or not low <= value <= high:
            raise SetupError(
                f"The setting {setting} of {what[:1].lower()}{what[1:]} is {value!r}.",
                f"Give a finite number{_between(low, high)}.",
            )


def _between(low: float, high: float) -> str:
    start = {-float("inf"): "", ABOVE_0: " above 0"}.get(low, f" from {low:g}")
    return start if high == float("inf") else f"{start} to {high:g}"
