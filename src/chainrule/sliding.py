"""The words that slide a window over the last axes of an array, convolutions among them."""

from __future__ import annotations

from typing import Any

from chainrule.arrays import Array, apply
from chainrule.sliding_shapes import Padding, Sizes


def windows(x: Array, size: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """Return (..., *steps, *size): what a window sees at each of its places.

    ``x`` (..., *sizes); ``size``, ``stride`` and ``dilation`` have one number for each axis that
    the window slides over. Only places at which it lies inside count.
    """
    settings = {"size": size, "stride": stride, "dilation": dilation}
    return apply("windows", (x,), settings)


def overlap_add(x: Array, size: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """Return (..., *size), windows put back where they were taken from: the adjoint of windows.

    ``x`` (..., *steps, *window); what lies in several windows is added up.
    """
    settings = {"size": size, "stride": stride, "dilation": dilation}
    return apply("overlap_add", (x,), settings)


def convolve(
    x: Array, w: Array, stride: Sizes, dilation: Sizes, padding: Padding, groups: int
) -> Array:
    """Return (n, outputs, *steps): x times the kernel at each place (not mirrored).

    ``x`` (n, channels, *sizes), ``w`` (outputs, channels / groups, *kernel). ``padding`` has a pair
    for each axis: so many zeros before and after. Outputs and channels lie in ``groups``, which
    have nothing to do with each other.
    """
    return apply("convolve", (x, w), _slide(stride, dilation, padding, groups))


def convolve_transposed(
    y: Array,
    w: Array,
    size: Sizes,
    stride: Sizes,
    dilation: Sizes,
    padding: Padding,
    groups: int,
) -> Array:
    """Return (n, channels, *size): the adjoint of ``convolve`` at its first input.

    ``y`` (n, outputs, *steps), ``w`` (outputs, channels / groups, *kernel).
    """
    settings = {"size": size, **_slide(stride, dilation, padding, groups)}
    return apply("convolve_transposed", (y, w), settings)


def convolve_weights(
    x: Array,
    y: Array,
    size: Sizes,
    stride: Sizes,
    dilation: Sizes,
    padding: Padding,
    groups: int,
) -> Array:
    """Return (outputs, channels / groups, *size): the adjoint of ``convolve`` at its kernel.

    ``x`` (n, channels, *sizes), ``y`` (n, outputs, *steps); a sum over rows and places.
    """
    settings = {"size": size, **_slide(stride, dilation, padding, groups)}
    return apply("convolve_weights", (x, y), settings)


def _slide(stride: Sizes, dilation: Sizes, padding: Padding, groups: int) -> dict[str, Any]:
    return {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
