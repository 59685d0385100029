"""Convolutions of signals and images: one kernel at every place.

``x`` is (n, channels, *sizes), the kernel ``w`` (outputs, channels / groups, *places). It is not
mirrored, so this is what mathematics calls a cross-correlation. Source: LeCun and others,
"Backpropagation applied to handwritten zip code recognition", Neural Computation 1, 1989; groups:
Krizhevsky, Sutskever, Hinton, NIPS 2012; dilation: Yu and Koltun, ICLR 2016.
"""

from __future__ import annotations

from typing import Any

from chainrule.arrays import Array, reshape, sum_over
from chainrule.checks import is_whole_number
from chainrule.errors import ShapeError
from chainrule.ops.op import Example, Gradients, op
from chainrule.ops.patterns import SizeRule
from chainrule.ops.window_places import places_along, sliding_sizes
from chainrule.sliding import convolve, convolve_transposed, convolve_weights
from chainrule.sliding_shapes import Padding, Sizes

ONE_AXIS: dict[str, Any] = {"stride": (1,), "dilation": (1,), "padding": ((0, 0),), "groups": 1}
TWO_AXES: dict[str, Any] = {
    "stride": (1, 1),
    "dilation": (1, 1),
    "padding": ((0, 0), (0, 0)),
    "groups": 1,
}
FROM_ONE = {"groups": (1.0, float("inf"))}


def _steps(axis: int, length: str, kernel: str) -> SizeRule:
    """Return the rule for the places of a kernel along one of the sliding axes."""

    def rule(stride: Sizes, dilation: Sizes, padding: Padding, groups: int, **sizes: int) -> int:
        _check_groups(sizes["c"], sizes["c/g"], sizes["o"], groups)
        return places_along(
            sizes[length], sizes[kernel], stride[axis], dilation[axis], padding[axis]
        )

    return rule


def _check_groups(channels: int, of_group: int, outputs: int, groups: int) -> None:
    """Raise ShapeError where groups do not share channels and outputs evenly."""
    if not is_whole_number(groups, 1) or channels != of_group * groups or outputs % groups:
        raise ShapeError(
            f"A kernel of {outputs} outputs over {of_group} channels in {groups} group(s) does not "
            f"fit {channels} channels.",
            f"Take groups that divide {channels} channels and {outputs} outputs, and "
            "channels / groups for the kernel.",
        )


def kernel_fans(groups: int, **sizes: int) -> tuple[int, int]:
    """Return how many numbers an output is made of, and how many outputs a number goes into."""
    places = sizes.get("k", 1) * sizes.get("i", 1) * sizes.get("j", 1)
    return sizes["c/g"] * places, sizes["o"] // groups * places


def _beside(b: Array, rank: int) -> Array:
    """Return one number for each output in front of ``rank`` axes of places."""
    return reshape(b, (b.shape[0], *(1,) * rank))


def _slid_back(grad_y: Array, x: Array, w: Array, slide: dict[str, Any]) -> tuple[Array, Array]:
    """Return the gradients at x and at the kernel: two convolutions again."""
    rank = w.ndim - 2
    return (
        convolve_transposed(grad_y, w, sliding_sizes(x, rank), **slide),
        convolve_weights(x, grad_y, sliding_sizes(w, rank), **slide),
    )


UNEVEN = {"stride": (2,), "dilation": (2,), "padding": ((1, 2),)}
SIGNALS = (
    Example(sizes={"c": 2, "l": 6, "o": 3, "c/g": 2, "k": 3}),
    Example(sizes={"c": 2, "l": 7, "o": 2, "c/g": 2, "k": 3}, settings=UNEVEN),
    Example(sizes={"c": 4, "l": 4, "o": 2, "c/g": 2, "k": 2}, settings={"groups": 2}),
)
SKEWED = {"stride": (2, 1), "dilation": (1, 2), "padding": ((1, 0), (0, 2))}
IMAGES = (
    Example(sizes={"c": 2, "h": 4, "w": 3, "o": 3, "c/g": 2, "i": 3, "j": 2}),
    Example(sizes={"c": 2, "h": 4, "w": 3, "o": 2, "c/g": 2, "i": 2, "j": 2}, settings=SKEWED),
    Example(
        sizes={"c": 4, "h": 3, "w": 3, "o": 2, "c/g": 2, "i": 2, "j": 2}, settings={"groups": 2}
    ),
)
STEPS_OF_SIGNALS = {"l'": _steps(0, "l", "k")}
STEPS_OF_IMAGES = {"h'": _steps(0, "h", "i"), "w'": _steps(1, "w", "j")}


@op(
    formula=r"y_{o,p} = b_o + \sum_{c,k} w_{o,c,k}\, x_{c,\,p s + k d}",
    shapes="n c l, o c/g k, o -> n o l'",
    couples="c l c/g k",
    learned={"w": "glorot_uniform", "b": "zeros"},
    fans={"w": kernel_fans, "b": kernel_fans},
    sizes=STEPS_OF_SIGNALS,
    bounds=FROM_ONE,
    examples=SIGNALS,
)
class convolution_1d:
    """At each place of a signal, every output is a weighted sum of what lies there, and a bias.

    ``stride`` s is how far the kernel moves, ``dilation`` d how far apart its places lie,
    ``padding`` how many zeros stand before and after the signal; ``groups`` share channels and
    outputs between them and have nothing to do with each other.
    """

    @staticmethod
    def forward(
        x: Array,
        w: Array,
        b: Array,
        stride: Sizes = (1,),
        dilation: Sizes = (1,),
        padding: Padding = ((0, 0),),
        groups: int = 1,
    ) -> Array:
        return convolve(x, w, stride, dilation, padding, groups) + _beside(b, 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, w: Array, b: Array, **slide: Any) -> Gradients:
        return *_slid_back(grad_y, x, w, {**ONE_AXIS, **slide}), sum_over(grad_y, (0, 2))


@op(
    formula=r"y_{o,p} = \sum_{c,k} w_{o,c,k}\, x_{c,\,p s + k d}",
    shapes="n c l, o c/g k -> n o l'",
    couples="c l c/g k",
    learned={"w": "glorot_uniform"},
    fans={"w": kernel_fans},
    sizes=STEPS_OF_SIGNALS,
    bounds=FROM_ONE,
    examples=SIGNALS,
)
class convolution_1d_no_bias:
    """``convolution_1d`` without a bias, as in front of a normalization that has one."""

    @staticmethod
    def forward(
        x: Array,
        w: Array,
        stride: Sizes = (1,),
        dilation: Sizes = (1,),
        padding: Padding = ((0, 0),),
        groups: int = 1,
    ) -> Array:
        return convolve(x, w, stride, dilation, padding, groups)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, w: Array, **slide: Any) -> Gradients:
        return _slid_back(grad_y, x, w, {**ONE_AXIS, **slide})


@op(
    formula=r"y_{o,p,q} = b_o + \sum_{c,i,j} w_{o,c,i,j}\, x_{c,\,p s + i d,\,q s + j d}",
    shapes="n c h w, o c/g i j, o -> n o h' w'",
    couples="c h w c/g i j",
    learned={"w": "glorot_uniform", "b": "zeros"},
    fans={"w": kernel_fans, "b": kernel_fans},
    sizes=STEPS_OF_IMAGES,
    bounds=FROM_ONE,
    examples=IMAGES,
)
class convolution_2d:
    """At each place of an image, every output is a weighted sum of what lies there, and a bias.

    ``stride`` s, ``dilation`` d and ``padding`` have one entry for the height and one for the
    width, and mean what they mean for ``convolution_1d``.
    """

    @staticmethod
    def forward(
        x: Array,
        w: Array,
        b: Array,
        stride: Sizes = (1, 1),
        dilation: Sizes = (1, 1),
        padding: Padding = ((0, 0), (0, 0)),
        groups: int = 1,
    ) -> Array:
        return convolve(x, w, stride, dilation, padding, groups) + _beside(b, 2)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, w: Array, b: Array, **slide: Any) -> Gradients:
        return *_slid_back(grad_y, x, w, {**TWO_AXES, **slide}), sum_over(grad_y, (0, 2, 3))


@op(
    formula=r"y_{o,p,q} = \sum_{c,i,j} w_{o,c,i,j}\, x_{c,\,p s + i d,\,q s + j d}",
    shapes="n c h w, o c/g i j -> n o h' w'",
    couples="c h w c/g i j",
    learned={"w": "glorot_uniform"},
    fans={"w": kernel_fans},
    sizes=STEPS_OF_IMAGES,
    bounds=FROM_ONE,
    examples=IMAGES,
)
class convolution_2d_no_bias:
    """``convolution_2d`` without a bias, as in front of a normalization that has one."""

    @staticmethod
    def forward(
        x: Array,
        w: Array,
        stride: Sizes = (1, 1),
        dilation: Sizes = (1, 1),
        padding: Padding = ((0, 0), (0, 0)),
        groups: int = 1,
    ) -> Array:
        return convolve(x, w, stride, dilation, padding, groups)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, w: Array, **slide: Any) -> Gradients:
        return _slid_back(grad_y, x, w, {**TWO_AXES, **slide})
