"""Gates: x times a share between 0 and 1 that depends on x itself."""

from __future__ import annotations

from chainrule.arrays import Array, erf, exp, maximum, minimum, sigmoid, tanh
from chainrule.ops.activations import softplus_of
from chainrule.ops.op import Example, elementwise

SQRT_HALF = 0.7071067811865476
NORMAL_HEIGHT = 0.3989422804014327  # 1 / sqrt(2 pi)
TANH_SCALE = 0.7978845608028654  # sqrt(2 / pi)
TANH_CUBIC = 0.044715
# Beyond it the share is 0 or 1 to the last bit, and the square of x would overflow further out.
TANH_REACH = 30.0
WIDE = (Example(), Example(ranges={"x": (-12.0, 12.0)}))


def normal_share(x: Array) -> Array:
    """Return the share of the standard normal distribution that lies below x."""
    return 0.5 * (1.0 + erf(SQRT_HALF * x))


def tanh_share(x: Array) -> Array:
    """Return (1 + tanh u) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3), exact in the left tail."""
    return sigmoid(2.0 * TANH_SCALE * (x + TANH_CUBIC * (x * x * x)))


elementwise(
    "gelu",
    r"y = x\,\Phi(x)",
    forward=lambda x: x * normal_share(x),
    derivative=lambda y, x: normal_share(x) + x * NORMAL_HEIGHT * exp(-0.5 * (x * x)),
    about=(
        'Hendrycks and Gimpel, "Gaussian error linear units", arXiv:1606.08415, with the exact '
        "normal distribution."
    ),
    examples=WIDE,
    start="he_normal",
)


def _gelu_tanh_derivative(y: Array, x: Array) -> Array:
    share = tanh_share(x)
    near = minimum(maximum(x, -TANH_REACH), TANH_REACH)
    inner = 2.0 * TANH_SCALE * (1.0 + 3.0 * TANH_CUBIC * (near * near))
    return share + y * (1.0 - share) * inner


elementwise(
    "gelu_tanh",
    r"y = \frac{x}{2} \left(1 + \tanh\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)",
    forward=lambda x: x * tanh_share(x),
    derivative=_gelu_tanh_derivative,
    about="The gelu by tanh, as in Hendrycks and Gimpel, arXiv:1606.08415, section 2.",
    examples=WIDE,
    start="he_normal",
)
elementwise(
    "silu",
    r"y = \frac{x}{1 + e^{-x}}",
    forward=lambda x: x * sigmoid(x),
    derivative=lambda y, x: sigmoid(x) + y * (1.0 - sigmoid(x)),
    about=(
        "x times its sigmoid, also called swish. Elfwing, Uchibe, Doya, Neural Networks 107, 2018; "
        "Ramachandran, Zoph, Le, arXiv:1710.05941."
    ),
    examples=WIDE,
    start="he_normal",
)


def _mish_derivative(y: Array, x: Array) -> Array:
    share = tanh(softplus_of(x))
    return share + x * (1.0 - share * share) * sigmoid(x)


elementwise(
    "mish",
    r"y = x \tanh(\ln(1 + e^x))",
    forward=lambda x: x * tanh(softplus_of(x)),
    derivative=_mish_derivative,
    about='Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.',
    examples=WIDE,
    start="he_normal",
)
