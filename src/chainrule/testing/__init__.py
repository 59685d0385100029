"""How an op is held to its own word: ``check_op`` and ``assert_op``, for anybody's op.

    from chainrule.testing import assert_op

    def test_my_op():
        assert_op(chainrule.ops.OPS["my_op"])
"""

from chainrule.testing.ops import assert_op, check_op

__all__ = ["assert_op", "check_op"]
