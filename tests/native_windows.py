"""Random programs, continued: windows, convolutions, contractions and random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from native_shapes import has_open, product

from chainrule.arrays import contract, random, reshape, sum_over, tanh
from chainrule.sliding import convolve, convolve_transposed, convolve_weights, overlap_add, windows
from chainrule.sliding_shapes import padded, slid
from chainrule.symbols import Symbol

if TYPE_CHECKING:
    from native_programs import Drawing


def contracted(drawing: Drawing) -> None:
    """Sum over all axes but the last of two values that share these."""
    left = drawing.any_value(lambda one: len(one.plain) > 1 and isinstance(one.plain[-1], int))
    if left is None:
        return
    front = left.plain[:-1]
    right = drawing.any_value(
        lambda one: one.plain[:-1] == front and isinstance(one.plain[-1], int)
    )
    assert right is not None
    left, right = drawing.number(left), drawing.number(right)
    height = drawing.height(left) * drawing.height(right) * product(front)
    drawing.keep(contract(left, right), height)


def drawn(drawing: Drawing) -> None:
    """Draw random numbers in the shape of a value."""
    like = drawing.some()
    seed, step = drawing.choose([0, 7, -1, 2**40 + 3]), drawing.choose([0, 1, 2**32 - 1])
    drawing.keep(random(_whole(drawing, seed), _whole(drawing, step), like, "test"), 1.0)


def _whole(drawing: Drawing, number: int) -> Any:
    return drawing.tracing.symbols[0].recorder.symbol(number)


def _window(drawing: Drawing, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Choose size, stride and dilation of a window that fits into these sizes."""
    size, stride, dilation = [], [], []
    for length in sizes:
        gap = drawing.choose([1, 1, 2])
        most = (length - 1) // gap + 1
        size.append(drawing.choose(range(1, min(most, 4) + 1)))
        stride.append(drawing.choose([1, 1, 2, 3]))
        dilation.append(gap)
    return tuple(size), tuple(stride), tuple(dilation)


def slid_over(drawing: Drawing) -> None:
    """Look at a value through windows; now and then put them back, changed."""
    value = drawing.any_value(
        lambda one: 0 < len(one.plain) < 5 and isinstance(one.plain[-1], int) and 0 not in one.plain
    )
    if value is None:
        return
    two = len(value.plain) in (2, 3) and not has_open(value.plain[-2:])
    axes = drawing.choose([1, 2]) if two else 1
    sizes = tuple(int(one) for one in value.plain[-axes:])  # type: ignore[arg-type]
    settings = _window(drawing, sizes)
    height = drawing.height(value)
    seen = drawing.keep(windows(value, *settings), height)
    if drawing.choose([True, False]):
        shared = product(settings[0])
        changed = tanh(drawing.number(seen)) if drawing.choose([True, False]) else seen
        drawing.keep(overlap_add(changed, sizes, *settings[1:]), height * shared)


def convolved(drawing: Drawing) -> None:
    """Convolve a value with a kernel, or one of the two words that belong to it."""
    value = drawing.any_value(
        lambda one: 1 < len(one.plain) < 5 and not has_open(one.plain[1:]) and 0 not in one.plain
    )
    if value is None:
        return
    value = drawing.number(value)
    height = drawing.height(value)
    if len(value.plain) == 2:
        value = drawing.keep(reshape(value, (value.plain[0], 1, value.plain[1])), height)
    channels, *sizes = (int(one) for one in value.plain[1:])  # type: ignore[arg-type]
    padding = tuple((drawing.choose([0, 1]), drawing.choose([0, 2])) for _ in sizes)
    if drawing.choose([True, False]):
        padding = tuple((0, 0) for _ in sizes)
    size, stride, dilation = _window(drawing, padded(tuple(sizes), padding))
    groups = drawing.choose([one for one in (1, 1, 2, 3, channels) if channels % one == 0])
    outputs = groups * drawing.choose([1, 2, 3, 7])
    kernel = _kernel(drawing, (outputs, channels // groups, *size))
    slide: dict[str, Any] = {"stride": stride, "dilation": dilation}
    slide |= {"padding": padding, "groups": groups}
    count = product((channels, *size))
    made = drawing.keep(convolve(value, kernel, **slide), height * 4.0 * count)
    steps = slid(padded(tuple(sizes), padding), size, stride, dilation)
    assert made.plain[2:] == steps
    way = drawing.choose(["forth", "back", "sum"])
    height = drawing.height(made)
    if way == "back":
        back = convolve_transposed(made, kernel, tuple(sizes), **slide)
        drawing.keep(back, height * 4.0 * product((outputs, *size)))
    elif way == "sum":
        summed = convolve_weights(value, tanh(made), size, **slide)
        drawing.keep(summed, drawing.height(value) * product((value.plain[0], *steps)))


def _kernel(drawing: Drawing, shape: tuple[int, ...]) -> Any:
    """Return a kernel: a constant, or one that hangs on what has no rows."""
    constant = drawing.constant(shape)
    scale = drawing.any_value(lambda one: not has_open(one.plain) and one.kind == "float")
    if scale is None or drawing.choose([True, False]):
        return constant
    made = tanh(sum_over(scale) if scale.plain else scale) * constant
    assert isinstance(made, Symbol)
    return made
