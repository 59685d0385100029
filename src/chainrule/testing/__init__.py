"""How an op is held to its own word: ``check_op`` and ``assert_op``, for anybody's op.

``assert_op(OPS["my_op"])`` is a whole test for an op of one's own, and the one that every op of
chainrule's own table passes.
"""

from chainrule.testing.ops import assert_op, check_op

__all__ = ["assert_op", "check_op"]
