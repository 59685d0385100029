"""How ops and optimizers are held to their own word: ``check_op``, ``check_optimizer``.

``assert_op(OPS["my_op"])`` is a whole test for an op of one's own, ``assert_optimizer(Mine())`` for
an optimizer; chainrule's own tables pass the same ones.
"""

from chainrule.testing.ops import assert_op, check_op
from chainrule.testing.optimizers import assert_optimizer, check_optimizer

__all__ = ["assert_op", "assert_optimizer", "check_op", "check_optimizer"]
