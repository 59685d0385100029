"""What becomes of the rows' losses and the parameters' sizes: one number."""

from __future__ import annotations

from chainrule.arrays import Array, absolute, count, sign, sum_over
from chainrule.ops.op import Example, Gradients, Kink, op


@op(formula=r"y = \frac{1}{n} \sum_r w_r x_r", shapes="n, n -> ", couples="n")
class average:
    """One number for all rows: the sum of weight times loss, over the number of rows."""

    @staticmethod
    def forward(x: Array, weight: Array) -> Array:
        return sum_over(weight * x) / count(x, 0)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, weight: Array) -> Gradients:
        share = grad_y / count(x, 0)
        return share * weight, share * x


@op(formula=r"y = \frac{1}{T} \sum_t w_t x_t", shapes="n t, n t -> n", couples="t")
class weighted_average_over_time:
    """One number for each row: the sum of weight times loss over time, over the number of times."""

    @staticmethod
    def forward(x: Array, weight: Array) -> Array:
        return sum_over(weight * x, axis=1) / count(x, 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, weight: Array) -> Gradients:
        share = grad_y[:, None] / count(x, 1)
        return share * weight, share * x


@op(formula=r"y = \frac{1}{2} \sum_p \lambda_p w_p^2", shapes="p, p -> ", couples="p")
class l2_penalty:
    """Half the squares of parameters, each with a strength of its own (weight decay).

    Hoerl and Kennard, "Ridge regression", Technometrics 12, 1970.
    """

    @staticmethod
    def forward(w: Array, strength: Array) -> Array:
        return 0.5 * sum_over(strength * (w * w))

    @staticmethod
    def backward(grad_y: Array, y: Array, w: Array, strength: Array) -> Gradients:
        return grad_y * (strength * w), grad_y * (0.5 * (w * w))


@op(
    formula=r"y = \sum_p \lambda_p |w_p|",
    shapes="p, p -> ",
    couples="p",
    kinks=(Kink({"w": 0.0}, "middle"),),
    examples=(Example(), Example(ranges={"strength": (0.0, 1.0)})),
)
class l1_penalty:
    """The absolute values of parameters, each with a strength; slope 0 at 0.

    Tibshirani, "Regression shrinkage and selection via the lasso", 1996.
    """

    @staticmethod
    def forward(w: Array, strength: Array) -> Array:
        return sum_over(strength * absolute(w))

    @staticmethod
    def backward(grad_y: Array, y: Array, w: Array, strength: Array) -> Gradients:
        return grad_y * (strength * sign(w)), grad_y * absolute(w)
