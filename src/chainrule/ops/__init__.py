"""OPS: every operation, with forward, backward, tangent, shapes and formula in one block."""

from chainrule.ops import (
    activations,
    array_words,
    classification_losses,
    gates,
    linear,
    losses,
    penalties,
    rectifiers,
    sliding_words,
    softmax,
    words,
)
from chainrule.ops.op import (
    ACTIVATIONS,
    BUILT_IN,
    LOSSES,
    OPS,
    Example,
    Kink,
    Op,
    elementwise,
    find_op,
    multilinear,
    op,
)

BUILT_IN.update(OPS)

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "OPS",
    "Example",
    "Kink",
    "Op",
    "activations",
    "array_words",
    "classification_losses",
    "elementwise",
    "find_op",
    "gates",
    "linear",
    "losses",
    "multilinear",
    "op",
    "penalties",
    "rectifiers",
    "sliding_words",
    "softmax",
    "words",
]
