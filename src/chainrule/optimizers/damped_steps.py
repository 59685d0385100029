"""Steps from the Gauss-Newton matrix of a loss, kept short by damping; factorised by LAPACK.

Around some parameters a loss is taken for a parabola, by its gradient and its Gauss-Newton matrix.
A step to the lowest place of that parabola can be far too long, or have no end where the matrix is
singular. Damping adds a number to the diagonal, which shortens the step and turns it towards the
gradient.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.optimizers.searching import (
    NormalEquations,
    NormalEquationsAt,
    Request,
    Residuals,
    ResidualsAt,
    Sizes,
)

Vector = NDArray[np.float64]


class Parabola(Protocol):
    """What a loss is taken for around some parameters: loss, gradient (p,), and its matrix (p, p).

    The matrix itself may not be formed: it is asked for its diagonal, its eigenvalues, and what
    solves equations with it.
    """

    @property
    def loss(self) -> float: ...

    @property
    def gradient(self) -> Vector: ...

    @property
    def diagonal(self) -> Vector: ...

    def step(self, damping: float) -> Vector | None:
        """Return -(matrix + damping I)^-1 gradient, None where that cannot be solved."""

    def solved(self, right: Vector, damping: float) -> Vector | None:
        """Return (matrix + damping I)^-1 right, None where that cannot be solved."""

    def eigenvalues(self) -> Vector:
        """Return the eigenvalues of the matrix that may differ from 0, none below 0."""

    def scaled(self, lengths: Vector) -> Parabola:
        """Return the same parabola for parameters that are multiplied by ``lengths`` (p,)."""

    def is_finite(self) -> bool:
        """Say whether every number is."""


@dataclass(frozen=True, eq=False)
class WholeParabola:
    """A parabola whose matrix is there: for as many residuals as parameters, or more."""

    loss: float
    gradient: Vector
    matrix: Vector

    @property
    def diagonal(self) -> Vector:
        return np.diagonal(self.matrix)

    def step(self, damping: float) -> Vector | None:
        return self.solved(-self.gradient, damping)

    def solved(self, right: Vector, damping: float) -> Vector | None:
        return damped_solution(self.matrix, damping, right)

    def eigenvalues(self) -> Vector:
        return eigenvalues_from_zero(self.matrix)

    def scaled(self, lengths: Vector) -> WholeParabola:
        matrix = self.matrix / np.outer(lengths, lengths)
        return WholeParabola(self.loss, self.gradient / lengths, matrix)

    def is_finite(self) -> bool:
        return bool(np.isfinite(self.gradient).all() and np.isfinite(self.matrix).all())


@dataclass(frozen=True, eq=False)
class FactoredParabola:
    """A parabola by its residuals (m,), Jacobian (m, p), and the product J J' (m, m).

    For fewer residuals than parameters: the equations that are solved have m unknowns instead of p,
    by J' (J J' + damping I)^-1 = (J' J + damping I)^-1 J'.
    """

    loss: float
    residuals: Vector
    jacobian: Vector
    gradient: Vector
    product: Vector

    @property
    def diagonal(self) -> Vector:
        found: Vector = np.einsum("ij,ij->j", self.jacobian, self.jacobian)
        return found

    def step(self, damping: float) -> Vector | None:
        found = damped_solution(self.product, damping, self.residuals)
        return None if found is None else -(found @ self.jacobian)

    def solved(self, right: Vector, damping: float) -> Vector | None:
        """Return the solution, by the formula of Sherman, Morrison and Woodbury."""
        if not damping > 0.0:
            return None
        found = damped_solution(self.product, damping, self.jacobian @ right)
        return None if found is None else (right - found @ self.jacobian) / damping

    def eigenvalues(self) -> Vector:
        return eigenvalues_from_zero(self.product)

    def scaled(self, lengths: Vector) -> FactoredParabola:
        return factored(self.loss, self.residuals, self.jacobian / lengths)

    def is_finite(self) -> bool:
        return bool(np.isfinite(self.gradient).all() and np.isfinite(self.product).all())


def factored(loss: float, residuals: Vector, jacobian: Vector) -> FactoredParabola:
    """Return the parabola of residuals (m,) and their Jacobian (m, p)."""
    with np.errstate(all="ignore"):
        gradient, product = residuals @ jacobian, jacobian @ jacobian.T
    return FactoredParabola(loss, residuals, jacobian, gradient, product)


def parabola_at(parameters: Vector, sizes: Sizes) -> Generator[Request, Any, Parabola]:
    """Ask for what the parabola around these parameters (p,) is made of, and return it."""
    if sizes.residuals is not None and sizes.residuals < sizes.parameters:
        few: Residuals = yield ResidualsAt(parameters)
        return factored(few.loss, few.residuals, few.jacobian)
    found: NormalEquations = yield NormalEquationsAt(parameters)
    return WholeParabola(found.loss, found.gradient, found.matrix)


def why_no_step(parabola: Parabola) -> str | None:
    """Return why no step can be made from a parabola, None where one can."""
    if not np.isfinite(parabola.loss):
        return f"the loss is {parabola.loss}"
    if not parabola.is_finite():
        return "the gradient or its matrix is not finite"
    if not parabola.gradient.any():
        return "the gradient is zero"
    return None


def eigenvalues_from_zero(matrix: Vector) -> Vector:
    """Return the eigenvalues of a symmetric matrix (k, k), those that rounding made negative as 0.

    The matrix itself has no negative ones: it is a product with its transpose.
    """
    found: Vector = np.maximum(np.linalg.eigvalsh(matrix), 0.0)
    return found


def damped_solution(matrix: Vector, damping: float, right: Vector) -> Vector | None:
    """Return (matrix + damping I)^-1 right for a symmetric matrix (k, k), by its Cholesky factor.

    None where the sum is not positive definite, or the solution is not finite.
    """
    from scipy.linalg import lapack

    # Columns and rows are the same, so that LAPACK is given its own order without a transposition.
    damped = np.array(matrix.T, order="F")
    damped.reshape(-1, order="F")[:: len(damped) + 1] += damping
    _, found, failed = lapack.dposv(damped, right, lower=1, overwrite_a=1)
    return found if failed == 0 and np.isfinite(found).all() else None


def moved(parameters: Vector, step: Vector | None) -> Vector | None:
    """Return parameters + step, None where there is no step or a sum is not finite."""
    if step is None:
        return None
    with np.errstate(over="ignore"):
        found = parameters + step
    return found if np.isfinite(found).all() else None
