"""Ops that drop what they are given at random while training, and keep all of it in prediction."""

from __future__ import annotations

from chainrule.arrays import Array, less, sum_over, where
from chainrule.ops.array_words import outer_sum
from chainrule.ops.op import Example, Gradients, op
from chainrule.shapes import ROWS


def kept_share(mask: Array, rate: float) -> Array:
    """Return 0 where a mask of uniform numbers lies below the rate, elsewhere 1 / (1 - rate).

    Its mean is 1, so that nothing is to be scaled in prediction.
    """
    return where(less(mask, rate), 0.0, 1.0 / (1.0 - rate) if rate < 1.0 else 0.0)


@op(
    formula=r"y = \frac{x \odot [u \ge p]}{1 - p}, \quad u \sim \mathcal{U}(0, 1)",
    shapes="..., ... -> ...",
    noise={"mask": "x"},
    bounds={"rate": (0.0, 1.0)},
    examples=(
        Example(settings={"rate": 0.5}),
        Example(settings={"rate": 0.2}, shapes=((ROWS, 2, 3), (ROWS, 2, 3))),
        Example(settings={"rate": 0.0}),
    ),
)
class dropout:
    """Each number is dropped (0) with the probability ``rate``, others are scaled up for it.

    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent
    neural networks from overfitting", JMLR 15, 2014; scaled while training and not in prediction,
    where every number passes as it is.
    """

    @staticmethod
    def forward(x: Array, mask: Array, rate: float = 0.5) -> Array:
        return x * kept_share(mask, rate)

    @staticmethod
    def forward_predict(x: Array, rate: float = 0.5) -> Array:
        return x

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, mask: Array, rate: float = 0.5) -> Gradients:
        return grad_y * kept_share(mask, rate), None


@op(
    formula=r"y = x \frac{W \odot [U \ge p]}{1 - p} + b, \quad U \sim \mathcal{U}(0, 1)",
    shapes="... i, i o, o, i o -> ... o",
    couples="i",
    learned={"w": "glorot_uniform", "b": "zeros"},
    noise={"mask": "w"},
    bounds={"rate": (0.0, 1.0)},
    examples=(
        Example(settings={"rate": 0.5}),
        Example(settings={"rate": 0.2}, shapes=((ROWS, 2, 4), (4, 3), (3,), (4, 3))),
    ),
)
class dropconnect:
    """A linear layer whose weights are dropped (0) with the probability ``rate``.

    Wan, Zeiler, Zhang, LeCun, Fergus, "Regularization of neural networks using DropConnect", ICML
    2013. All rows of a batch share one mask, the biases have none, and prediction uses the mean of
    the weights, where the paper samples from a normal distribution of that mean.
    """

    @staticmethod
    def forward(x: Array, w: Array, b: Array, mask: Array, rate: float = 0.5) -> Array:
        return x @ (w * kept_share(mask, rate)) + b

    @staticmethod
    def forward_predict(x: Array, w: Array, b: Array, rate: float = 0.5) -> Array:
        return x @ w + b

    @staticmethod
    def backward(
        grad_y: Array, y: Array, x: Array, w: Array, b: Array, mask: Array, rate: float = 0.5
    ) -> Gradients:
        share = kept_share(mask, rate)
        return (
            grad_y @ (w * share).T,
            outer_sum(x, grad_y) * share,
            sum_over(grad_y, tuple(range(grad_y.ndim - 1))),
            None,
        )


@op(
    formula=r"y = x \frac{W \odot [U \ge p]}{1 - p}, \quad U \sim \mathcal{U}(0, 1)",
    shapes="... i, i o, i o -> ... o",
    couples="i",
    learned={"w": "glorot_uniform"},
    noise={"mask": "w"},
    bounds={"rate": (0.0, 1.0)},
    examples=(
        Example(settings={"rate": 0.5}),
        Example(settings={"rate": 0.2}, shapes=((ROWS, 2, 4), (4, 3), (4, 3))),
    ),
)
class dropconnect_product:
    """``dropconnect`` without a bias. Wan, Zeiler, Zhang, LeCun, Fergus, ICML 2013."""

    @staticmethod
    def forward(x: Array, w: Array, mask: Array, rate: float = 0.5) -> Array:
        return x @ (w * kept_share(mask, rate))

    @staticmethod
    def forward_predict(x: Array, w: Array, rate: float = 0.5) -> Array:
        return x @ w

    @staticmethod
    def backward(
        grad_y: Array, y: Array, x: Array, w: Array, mask: Array, rate: float = 0.5
    ) -> Gradients:
        share = kept_share(mask, rate)
        return grad_y @ (w * share).T, outer_sum(x, grad_y) * share, None
