"""Optimizers that search: each iteration is a generator that asks questions and ends in an iterate.

An optimizer with a line search, a damping or a direction of its own looks at the function in
several places before it moves. It yields requests (the loss here, the gradient there), is sent
their answers, and returns where it went. Whoever drives it answers: a training from all of its
rows, ``minimize`` from a plain function. All vectors are flat, in float64, of the trained
parameters, whose number is p.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
SearchState = Mapping[str, Vector]


# ---- requests ----


@dataclass(frozen=True, eq=False)
class LossAt:
    """Asks for a float: the mean loss of all training rows, penalties included."""

    parameters: Vector


@dataclass(frozen=True, eq=False)
class GradientAt:
    """Asks for the loss, as ``LossAt`` does, and its gradient (p,), as a pair."""

    parameters: Vector


@dataclass(frozen=True, eq=False)
class NormalEquationsAt:
    """Asks for ``NormalEquations``: loss, gradient, and the Gauss-Newton matrix."""

    parameters: Vector


@dataclass(frozen=True, eq=False)
class ResidualsAt:
    """Asks for ``Residuals``; only losses that are squares have them."""

    parameters: Vector


@dataclass(frozen=True, eq=False)
class CurvatureAlong:
    """Asks for the exact product (p,) of the second derivatives of the loss with a direction (p,).

    Pearlmutter, Neural Computation 6, 1994.
    """

    parameters: Vector
    direction: Vector


@dataclass(frozen=True, eq=False)
class GaussNewtonAlong:
    """Asks for the product (p,) of the Gauss-Newton matrix with a direction (p,).

    Schraudolph, Neural Computation 14, 2002.
    """

    parameters: Vector
    direction: Vector


@dataclass(frozen=True, eq=False)
class BendingAlong:
    """Asks for J'H z'' (p,): how the outputs z bend along a direction, as the parameters feel it.

    z'' is the second derivative of the outputs along the direction (p,), J their Jacobian, H the
    second derivatives of the loss at them, as in ``NormalEquations``. For squares that is J'r'', in
    residuals r. Transtrum and Sethna, arXiv:1201.5885.
    """

    parameters: Vector
    direction: Vector


Request = (
    LossAt
    | GradientAt
    | NormalEquationsAt
    | ResidualsAt
    | CurvatureAlong
    | GaussNewtonAlong
    | BendingAlong
)


# ---- answers that have parts ----


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """The loss, its gradient (p,), and the Gauss-Newton matrix (p, p), symmetric.

    The matrix is J' H J: J holds the derivatives of the network's outputs, H the second
    derivatives of the loss at them. For squares that is J'J, scaled so that the matrix stands for
    the second derivatives of the loss as ``gradient`` does for the first.
    """

    loss: float
    gradient: Vector
    matrix: Vector


@dataclass(frozen=True, eq=False)
class Residuals:
    """The loss, the residuals (m,) and their Jacobian (m, p).

    They are scaled so that the loss is half the sum of the squared residuals, the gradient
    ``jacobian.T @ residuals`` and the Gauss-Newton matrix ``jacobian.T @ jacobian``. A penalty on
    squared weights stands behind the rows, with a residual for each weight that it falls on.
    """

    loss: float
    residuals: Vector
    jacobian: Vector


# ---- the contract ----


@dataclass(frozen=True)
class Sizes:
    """How many parameters are trained, and how many residuals the loss has: None for no squares."""

    parameters: int
    residuals: int | None = None


@dataclass(frozen=True, eq=False)
class Iterate:
    """What one iteration comes to.

    ``state`` holds plain float64 arrays (of no axes for numbers), all that the next iteration
    needs: a training is kept and resumed from it. Its names and shapes are those of ``initial``.
    ``loss`` is that at ``parameters``. ``ended`` says why the search can go no further, such as
    "the damping reached 1e+10". ``readings``: name -> number, columns of the history.
    """

    parameters: Vector
    state: dict[str, Vector]
    loss: float
    ended: str | None = None
    readings: dict[str, float] = field(default_factory=dict)


class SearchingOptimizer(Protocol):
    """The contract of an optimizer block that searches; ``optimizer`` enters it in the table.

    ``needs``: the hardest of its requests. ``initial(parameters)`` returns the state before the
    first iteration. ``iteration(parameters, state, sizes)`` yields requests and returns the
    iterate. What is not finite is met by the rule of the algorithm and in the end by
    ``Iterate.ended``, never by an error.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    formula: ClassVar[str]
    needs: ClassVar[Any]

    @property
    def name(self) -> str: ...

    def initial(self, parameters: Vector) -> dict[str, Vector]: ...

    def iteration(
        self, parameters: Vector, state: SearchState, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]: ...


def searches(chosen: object) -> TypeGuard[SearchingOptimizer]:
    """Say whether an optimizer, or its class, searches: whether it has ``iteration``."""
    return hasattr(chosen, "iteration")
