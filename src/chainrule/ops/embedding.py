"""Embedding: whole numbers become rows of a table that is learned."""

from __future__ import annotations

from chainrule.arrays import Array, add_at, take
from chainrule.ops.op import Example, Gradients, op
from chainrule.shapes import ROWS


@op(
    formula=r"y_t = E_{x_t}",
    shapes="... < v, v e -> ... e",
    learned={"table": "normal"},
    examples=(
        Example(sizes={"v": 4}),
        Example(shapes=((ROWS,), (3, 2))),
        Example(shapes=((ROWS, 2, 2), (5, 3))),
    ),
)
class embedding:
    """Each whole number from 0 to v - 1 (a word, a class) as the row of a table that it names.

    Bengio, Ducharme, Vincent, Jauvin, "A neural probabilistic language model", JMLR 3, 2003. A row
    of the table gains the gradients of all places at which its number stands.
    """

    @staticmethod
    def forward(tokens: Array, table: Array) -> Array:
        return take(table, tokens)

    @staticmethod
    def backward(grad_y: Array, y: Array, tokens: Array, table: Array) -> Gradients:
        return None, add_at(grad_y, tokens, table.shape[0])
