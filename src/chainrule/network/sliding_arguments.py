"""What a layer that slides a window is given, as one number or pair for each axis."""

from __future__ import annotations

from typing import Any

from chainrule.checks import is_whole_number
from chainrule.errors import SetupError
from chainrule.sliding_shapes import Padding, Sizes

MOST_AXES = 2


def check_numbers(given: Any, what: str, layer: str) -> Any:
    """Return a whole number from 1, or a tuple of one or two of them. Raises SetupError."""
    several = tuple(given) if isinstance(given, list | tuple) else (given,)
    if not 1 <= len(several) <= MOST_AXES or not all(is_whole_number(one, 1) for one in several):
        raise SetupError(
            f"The {what} of {layer} is {given!r}.",
            "Give a whole number from 1, or a pair of them for height and width.",
        )
    plain = tuple(int(one) for one in several)
    return plain if isinstance(given, list | tuple) else plain[0]


def check_padding(given: Any, layer: str) -> Any:
    """Return "same", "valid", a number from 0, or pairs of them. Raises SetupError."""
    if given in ("same", "valid") or is_whole_number(given):
        return given if isinstance(given, str) else int(given)
    pairs = given if isinstance(given, list | tuple) else ()
    pairs = tuple(one if isinstance(one, list | tuple) else (one, one) for one in pairs)
    sound = all(len(one) == 2 and all(map(is_whole_number, one)) for one in pairs)
    if not 1 <= len(pairs) <= MOST_AXES or not sound:
        raise SetupError(
            f"The padding of {layer} is {given!r}.",
            "Give 'same', 'valid', a whole number, or a pair (before, after) for each axis.",
        )
    return tuple((int(before), int(after)) for before, after in pairs)


def for_axes(given: Any, rank: int, what: str, layer: str) -> Sizes:
    """Return one number for each of ``rank`` axes. Raises SetupError where there are others."""
    if isinstance(given, int):
        return (given,) * rank
    _refuse_other_rank(given, rank, what, layer)
    numbers: Sizes = given
    return numbers


def padding_for(
    given: Any, sizes: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes, layer: str
) -> Padding:
    """Return what stands before and after each axis.

    "same": as much as makes ceil(size / stride) places, one more after than before where it is odd.
    """
    if given == "same":
        axes = zip(sizes, kernel, stride, dilation, strict=True)
        return tuple(_same(*one) for one in axes)
    if given == "valid":
        given = 0
    if isinstance(given, int):
        return ((given, given),) * len(sizes)
    _refuse_other_rank(given, len(sizes), "padding", layer)
    pairs: Padding = given
    return pairs


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    places = -(-size // stride)
    missing = max((places - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return missing // 2, missing - missing // 2


def _refuse_other_rank(given: tuple[Any, ...], rank: int, what: str, layer: str) -> None:
    if len(given) != rank:
        raise SetupError(
            f"The {what} of {layer} is for {len(given)} axes, and it slides over {rank}.",
            "Give one number for all axes, or one for each.",
        )
