"""Levenberg-Marquardt: between the step of Gauss and Newton and a short one along the gradient."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from chainrule.checks import is_finite_number, is_whole_number
from chainrule.errors import SetupError
from chainrule.optimizers.damped_steps import Parabola, Vector, moved, parabola_at, why_no_step
from chainrule.optimizers.growing_sample import iteration_on_sample, sampling_state
from chainrule.optimizers.optimizer import Needs, optimizer
from chainrule.optimizers.searching import (
    BendingAlong,
    Iterate,
    LossAt,
    Request,
    SearchState,
    Sizes,
)

Damping = Literal["nielsen", "classic"]
Scaling = Literal["identity", "marquardt"]

# Below it the damping is lost beside any diagonal, and it would take long to grow again.
LEAST_MU = 1e-20
# An entry of the diagonal that is smaller than this share of the largest is taken for it: that of
# a parameter without any slope would let its damping vanish.
LEAST_SHARE = 1e-12


def check_damping(chosen: Any) -> None:
    """Raise SetupError where mu and what it is multiplied by are not as damping needs them."""
    rules: tuple[tuple[str, Callable[[float], bool], str], ...] = (
        ("mu", lambda given: given > 0.0, "above 0"),
        ("mu_decrease", lambda given: 0.0 < given < 1.0, "between 0 and 1"),
        ("mu_increase", lambda given: given > 1.0, "above 1"),
        ("mu_max", lambda given: given > chosen.mu, "above mu"),
        ("tau", lambda given: given > 0.0, "above 0"),
        ("acceleration", lambda given: given >= 0.0, "from 0"),
    )
    for name, holds, wanted in rules:
        if not hasattr(chosen, name):
            continue
        given = getattr(chosen, name)
        if not (is_finite_number(given) and holds(given)):
            raise SetupError(
                f"{name} of {type(chosen).__name__} is {given!r}.", f"Give a number {wanted}."
            )


@optimizer("levenberg_marquardt")
@dataclass(frozen=True)
class LevenbergMarquardt:
    """A Gauss-Newton step damped by mu: long where the last one lowered the loss, else short.

    An iteration solves for one step after another, with more damping each time, until one lowers
    the loss; it ends the training where ``mu_max`` is passed. How mu changes is ``damping``:

    - "nielsen": by the ratio of the decrease to the one that was predicted, from mu = ``tau`` times
      the largest entry of the diagonal. Nielsen, IMM-REP-1999-05; Madsen, Nielsen and Tingleff,
      "Methods for non-linear least squares problems", 2004, algorithm 3.16. The step v is bent to
      v + a / 2 with a = -(J'J + mu I)^-1 J'r'', where r'' is the second derivative of the residuals
      along v, wherever 2 |a| is at most ``acceleration`` times |v|; 0 leaves every step straight.
      In a narrow curved valley that makes fewer of them. Transtrum and Sethna, arXiv:1201.5885.
    - "classic": straight steps, from ``mu``, times ``mu_decrease`` after a step that lowered the
      loss, times ``mu_increase`` after one that did not. Levenberg, Quarterly of Applied
      Mathematics 2, 1944; Marquardt, SIAM Journal 11, 1963; for networks Hagan and Menhaj, IEEE
      Transactions on Neural Networks 5, 1994. The constants are those of MATLAB's trainlm, which
      damps in this way.

    ``scaling="marquardt"`` multiplies mu by the diagonal of the matrix (Marquardt, 1963), so that
    the units of a parameter do not matter; "identity" damps all alike. mu is added to the matrix of
    the loss as it is recorded: to that of the sum of n squares, as papers write it, mean squared
    error adds n / 2 times as much.
    With fewer residuals than parameters, equations for the residuals are solved instead.

    ``first_rows``: steps are made on a sample of so many rows at first, of no fewer than there are
    parameters; None for all rows from the start. An iteration makes one step on it, and the next
    twice as many, up to n / m on m of n rows: no more work than one step on all. The loss that is
    recorded, and has to fall, is that of all rows. Where it falls by less than half of what the
    sample's does, the sample grows fourfold, in the end to all rows. For many more rows than
    parameters. Samples are drawn by the seed of the training. After Byrd, Chin, Nocedal and Wu,
    Mathematical Programming 134, 2012; Friedlander and Schmidt, SIAM Journal on Scientific
    Computing 34, 2012.

    For numbers to be met closely by networks of up to a thousand parameters or so: an iteration
    costs as much as many steps of other optimizers, and far fewer are needed.
    """

    name: ClassVar[str]
    damping: Damping = "nielsen"
    scaling: Scaling = "identity"
    mu: float = 0.001
    mu_decrease: float = 0.1
    mu_increase: float = 10.0
    mu_max: float = 1e10
    tau: float = 0.001
    acceleration: float = 0.75
    first_rows: int | None = None
    formula: ClassVar[str] = (
        r"(J^\top J + \mu I)\, \delta = -J^\top e, \quad \theta \leftarrow \theta + \delta "
        r"\text{ where the loss falls, else } \mu \text{ grows}"
    )
    needs: ClassVar[Needs] = "normal equations"

    def __post_init__(self) -> None:
        check_damping(self)
        if self.first_rows is not None and not is_whole_number(self.first_rows, 1):
            raise SetupError(
                f"first_rows of LevenbergMarquardt is {self.first_rows!r}.",
                "Give a whole number from 1, such as 1000, or None for all rows.",
            )
        for name, known in (
            ("damping", ("nielsen", "classic")),
            ("scaling", ("identity", "marquardt")),
        ):
            given = getattr(self, name)
            if given not in known:
                raise SetupError(
                    f"{name} of LevenbergMarquardt is {given!r}.",
                    f"Give '{known[0]}' or '{known[1]}'.",
                )

    def initial(self, parameters: Vector) -> dict[str, Vector]:
        """Return mu, and nu, by which Nielsen's damping grows next.

        His first mu is in the matrix, so that it is 0 until that is known.
        """
        begun = self._begun()
        return begun if self.first_rows is None else {**begun, **sampling_state(self.first_rows)}

    def _begun(self) -> dict[str, Vector]:
        return _state(self.mu if self.damping == "classic" else 0.0, 2.0)

    def iteration(
        self, parameters: Vector, state: SearchState, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]:
        """Make the next step that lowers the loss. See ``SearchingOptimizer``."""
        if self.first_rows is None:
            return (yield from self._step(parameters, state, sizes))
        by_sample = iteration_on_sample(self._step, parameters, state, sizes, self._begun())
        return (yield from by_sample)

    def _step(
        self, parameters: Vector, state: SearchState, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]:
        """Make the next step that lowers the loss of the rows that are asked about."""
        parabola = yield from parabola_at(parameters, sizes)
        why = why_no_step(parabola)
        if why is not None:
            return Iterate(parameters, dict(state), parabola.loss, why)
        lengths = self._lengths(parabola)
        scaled = parabola if isinstance(lengths, float) else parabola.scaled(lengths)
        mu, nu = float(state["mu"]), float(state["nu"])
        if mu == 0.0:
            mu = max(self.tau * float(scaled.diagonal.max()), LEAST_MU)
        while mu <= self.mu_max:
            step = scaled.step(mu)
            bent = yield from self._accelerated(scaled, parameters, step, mu, lengths)
            there = moved(parameters, bent)
            if there is not None and step is not None:
                loss = yield LossAt(there)
                if loss < parabola.loss:
                    predicted = predicted_decrease(step, scaled.gradient, mu)
                    after = self._smaller(mu, (parabola.loss - loss) / predicted)
                    return Iterate(there, _state(after, 2.0), loss, readings={"mu": mu})
            mu, nu = self._larger(mu, nu)
        why = f"no step lowers the loss: the damping reached {self.mu_max:g}"
        return Iterate(parameters, dict(state), parabola.loss, why)

    def _accelerated(
        self,
        parabola: Parabola,
        parameters: Vector,
        step: Vector | None,
        mu: float,
        lengths: Vector | float,
    ) -> Generator[Request, Any, Vector | None]:
        """Return a step (p,) in the parameters themselves, bent as the outputs bend along it.

        It stays straight where the bend would not be small beside it.
        """
        if step is None or self.damping == "classic" or self.acceleration == 0.0:
            return None if step is None else step / lengths
        bending = yield BendingAlong(parameters, step / lengths)
        with np.errstate(all="ignore"):
            bend = parabola.solved(-bending / lengths, mu)
            small = bend is not None and bool(
                2.0 * np.linalg.norm(bend) <= self.acceleration * np.linalg.norm(step)
            )
            whole: Vector = step + 0.5 * bend if small and bend is not None else step
            return whole / lengths

    def _lengths(self, parabola: Parabola) -> Vector | float:
        """Return what makes the diagonal all ones; 1 where the parameters stay as they are."""
        diagonal = parabola.diagonal
        largest = float(diagonal.max())
        if self.scaling == "identity" or not largest > 0.0:
            return 1.0
        found: Vector = np.sqrt(np.maximum(diagonal, LEAST_SHARE * largest))
        return found

    def _smaller(self, mu: float, ratio: float) -> float:
        """Return mu after a step whose decrease was ``ratio`` times the one predicted."""
        if self.damping == "classic":
            return max(mu * self.mu_decrease, LEAST_MU)
        # Beyond 1 the factor is the same for every ratio, and a huge one has no third power.
        factor = max(1.0 / 3.0, 1.0 - (2.0 * min(ratio, 1.0) - 1.0) ** 3)
        return max(mu * factor, LEAST_MU)

    def _larger(self, mu: float, nu: float) -> tuple[float, float]:
        """Return mu after a step that did not lower the loss, and nu."""
        if self.damping == "classic":
            return mu * self.mu_increase, nu
        return mu * nu, 2.0 * nu


def predicted_decrease(step: Vector, gradient: Vector, damping: float) -> float:
    """Return by how much the parabola falls along a damped step (p,); never 0."""
    with np.errstate(all="ignore"):
        found = 0.5 * float(step @ (damping * step - gradient))
    return max(found, float(np.finfo(float).tiny))


def _state(mu: float, nu: float) -> dict[str, Vector]:
    return {"mu": np.array(mu), "nu": np.array(nu)}
