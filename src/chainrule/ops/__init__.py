"""OPS: every operation, with forward, backward, tangent, shapes and formula in one block."""

from chainrule.ops import activations, linear, losses, words
from chainrule.ops.op import BUILT_IN, OPS, Example, Op, elementwise, find_op, multilinear, op

BUILT_IN.update(OPS)

__all__ = [
    "OPS",
    "Example",
    "Op",
    "activations",
    "elementwise",
    "find_op",
    "linear",
    "losses",
    "multilinear",
    "op",
    "words",
]
