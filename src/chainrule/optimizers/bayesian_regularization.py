"""Bayesian regularization: how strongly weights are held back follows from the training rows."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.errors import SetupError
from chainrule.optimizers.damped_steps import Parabola, Vector, moved, parabola_at, why_no_step
from chainrule.optimizers.levenberg_marquardt import LEAST_MU, check_damping
from chainrule.optimizers.optimizer import Needs, optimizer
from chainrule.optimizers.searching import Iterate, LossAt, Request, SearchState, Sizes

# Where alpha and beta have changed by no more than this, in proportion, they have settled.
SETTLED = 1e-6
# Where noise is all there is, alpha would grow for ever; so much beside the slopes is enough.
MOST_ALPHA = 1e10


@dataclass(frozen=True)
class Evidence:
    """What the rows say about the weights: how much the loss counts, and squared weights.

    F = beta * loss + alpha * sum of squared weights. ``effective_parameters`` (gamma) is the number
    of directions in which the rows, not alpha, say what the weights are.
    """

    alpha: float
    beta: float
    effective_parameters: float

    def is_near(self, other: Evidence) -> bool:
        """Say whether the other one differs by no more than ``SETTLED``."""
        pairs = ((self.alpha, other.alpha), (self.beta, other.beta))
        return all(math.isclose(*pair, rel_tol=SETTLED) for pair in pairs)

    def objective(self, loss: float, parameters: Vector) -> float:
        """Return F."""
        return self.beta * loss + self.alpha * float(parameters @ parameters)

    def state(self, mu: float) -> dict[str, Vector]:
        """Return it with the damping, as plain arrays."""
        found = {"mu": np.array(mu)}
        return found | {name: np.array(number) for name, number in vars(self).items()}

    def readings(self, mu: float) -> dict[str, float]:
        """Return it with the damping, as columns of the history."""
        return {**vars(self), "mu": mu}


@optimizer("bayesian_regularization")
@dataclass(frozen=True)
class BayesianRegularization:
    """Levenberg-Marquardt on loss and squared weights, weighed by their evidence in the rows.

    F = beta E_D + alpha E_W is made smaller, where E_W is the sum of squared parameters. Each
    iteration first reckons gamma, the effective number of parameters, then alpha = gamma / (2 E_W)
    and beta = (m - gamma) / (2 E_D) for m residuals, then makes a damped step. There is no l2 to
    choose and no validation split is needed; the history has alpha, beta and gamma
    (``effective_parameters``).

    MacKay, Neural Computation 4, 1992, pages 415 and 448; Foresee and Hagan, "Gauss-Newton
    approximation to Bayesian learning", ICNN 1997. The constants are those of MATLAB's trainbr. E_D
    stands here for the loss as it is recorded, so that beta E_D is theirs, whatever the loss is
    divided by. As they do, it makes the first step without alpha: small weights would look like
    evidence for none. gamma begins with the number of parameters, or half that of residuals where
    this is less. Losses of squares only; inputs and targets should be scaled. For few and noisy
    rows, none of which can be spared for validation.
    """

    name: ClassVar[str]
    mu: float = 0.005
    mu_decrease: float = 0.1
    mu_increase: float = 10.0
    mu_max: float = 1e10
    formula: ClassVar[str] = (
        r"F = \beta E_D + \alpha E_W, \quad \gamma = p - 2 \alpha\, \mathrm{tr}\, H^{-1}, \quad "
        r"\alpha \leftarrow \frac{\gamma}{2 E_W}, \quad \beta \leftarrow \frac{m - \gamma}{2 E_D}, "
        r"\quad (H + 2 \mu I)\, \delta = -\nabla F"
    )
    needs: ClassVar[Needs] = "residuals and jacobian"
    squares_only: ClassVar[bool] = True
    no_l2: ClassVar[str] = "finds out itself how strongly weights are to be held back"
    adds_to_the_loss: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_damping(self)

    def initial(self, parameters: Vector) -> dict[str, Vector]:
        """Return mu, and alpha, beta and gamma: 0 until the first matrix is known."""
        return Evidence(0.0, 0.0, 0.0).state(self.mu)

    def iteration(
        self, parameters: Vector, state: SearchState, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]:
        """Weigh loss and weights, then make the next step that lowers F.

        Raises SetupError where the loss has no residuals. See ``SearchingOptimizer``.
        """
        if sizes.residuals is None:
            raise SetupError(
                "Bayesian regularization weighs squared residuals, and this loss has none.",
                "Use mean_squared_error or half_squared_error, or another optimizer.",
            )
        parabola = yield from parabola_at(parameters, sizes)
        why = why_no_step(parabola)
        if why is not None:
            return Iterate(parameters, dict(state), parabola.loss, why)
        before = Evidence(*(float(state[name]) for name in Evidence.__dataclass_fields__))
        evidence = evidence_at(parabola, parameters, before, sizes.residuals)
        slope = parabola.gradient + 2.0 * (evidence.alpha / evidence.beta) * parameters
        mu = float(state["mu"])
        lowest = evidence.objective(parabola.loss, parameters)
        while mu <= self.mu_max:
            step = parabola.solved(-slope, 2.0 * (evidence.alpha + mu) / evidence.beta)
            there = moved(parameters, step)
            if there is not None:
                loss = yield LossAt(there)
                if evidence.objective(loss, there) < lowest:
                    kept = evidence.state(max(mu * self.mu_decrease, LEAST_MU))
                    readings = evidence.readings(mu)
                    return Iterate(there, kept, loss, readings=readings)
            mu *= self.mu_increase
        # The weights are where F is lowest, and F itself changes until the evidence has settled.
        why = f"no step lowers F: the damping reached {self.mu_max:g}"
        why = why if evidence.is_near(before) else None
        readings = evidence.readings(self.mu_max)
        kept = evidence.state(self.mu)
        return Iterate(parameters, kept, parabola.loss, why, readings)


def evidence_at(
    parabola: Parabola, parameters: Vector, before: Evidence, residuals: int
) -> Evidence:
    """Return gamma by what alpha and beta were, then alpha and beta by gamma."""
    values, tiny = parabola.eigenvalues(), float(np.finfo(float).tiny)
    if before.alpha > 0.0:
        curved = values[values > 0.0]
        gamma = float((curved / (curved + 2.0 * (before.alpha / before.beta))).sum())
    else:
        gamma = min(float(len(parameters)), residuals / 2)
    # Where a network can meet every target, nothing would be left for the noise.
    free = max(residuals - gamma, 1e-6 * residuals)
    beta = min(free / (2.0 * max(parabola.loss, tiny)), float(np.finfo(float).max))
    if before.beta == 0.0:
        return Evidence(0.0, beta, gamma)
    most = MOST_ALPHA * beta * max(float(values.max()), tiny)
    alpha = min(gamma / (2.0 * max(float(parameters @ parameters), tiny)), most)
    return Evidence(alpha, beta, gamma)
