"""An evolution strategy: no gradient, only losses of candidates that are drawn and selected.

The strategy itself is that of the package ``cmaes`` (an extra). Its state is numbers and arrays,
so that a training is kept and resumed from them.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.checks import is_finite_number, is_seed, is_whole_number
from chainrule.errors import SetupError
from chainrule.optimizers.optimizer import Needs, optimizer
from chainrule.optimizers.searching import (
    Iterate,
    LossAt,
    Request,
    SearchState,
    Sizes,
    Vector,
)
from chainrule.randomness import random_bits

# A generation then works with several matrices of 32 MB, once for each candidate.
MOST_PARAMETERS = 2000
# The package refuses to go farther from 0 than that.
FARTHEST = 1e32
# Stands for a loss that is not finite: it is worse than any other, and differences stay numbers.
WORST = float(np.finfo(np.float64).max) / 4.0
KEPT = "strategy."
OWN_END = (
    "the strategy can go no further: its steps, the differences between its losses, or its matrix "
    "have become too small or too large"
)


@optimizer("evolution_strategy")
@dataclass(frozen=True)
class EvolutionStrategy:
    """Draws candidates around a mean and moves it to the better half; learns how to draw them.

    CMA-ES: Hansen and Ostermeier, Evolutionary Computation 9, 2001, with the constants of Hansen,
    "The CMA evolution strategy: a tutorial", arXiv 1604.00772, as the package ``cmaes`` has them
    (Nomura and Shibata, arXiv 2402.01373). One iteration is one generation: ``population``
    candidates (None: 4 + 3 ln p) from a normal distribution, at first of the standard deviation
    ``spread``. With ``diagonal`` its matrix has a diagonal alone (Ros and Hansen, PPSN 2008), for
    more parameters than some hundreds; the whole matrix is for up to 2,000. The parameters that
    are kept are the best that were ever drawn. Candidates follow from ``seed``, None: from that of
    the training, so that trainings of other seeds draw others.
    Needs ``pip install chainrule[evolution]``.
    """

    name: ClassVar[str]
    spread: float = 0.3
    population: int | None = None
    diagonal: bool = False
    seed: int | None = None
    formula: ClassVar[str] = (
        r"x_i \sim m + \sigma\,\mathcal{N}(0, C), \quad "
        r"m \leftarrow \sum_{i=1}^{\mu} w_i x_{i:\lambda}"
    )
    needs: ClassVar[Needs] = "loss"

    def __post_init__(self) -> None:
        if not is_finite_number(self.spread) or self.spread <= 0.0:
            _refuse("spread", self.spread, "Give a number above 0, such as 0.3.")
        if self.population is not None and not is_whole_number(self.population, 3):
            _refuse("population", self.population, "Give a whole number from 3, or None.")
        flag: Any = self.diagonal
        if not isinstance(flag, bool):
            _refuse("diagonal", flag, "Give True or False.")
        if self.seed is not None and not is_seed(self.seed):
            _refuse("seed", self.seed, "Give a whole number from 0 to 2**64 - 1, or None.")

    def initial(self, parameters: Vector) -> dict[str, Vector]:
        count = parameters.size
        if count > MOST_PARAMETERS and not self.diagonal:
            raise SetupError(
                f"An evolution strategy keeps a matrix of {count:,} x {count:,} numbers here.",
                "Give diagonal=True, or use an optimizer that has a gradient.",
            )
        begun = {"begun": np.zeros(()), "loss": np.zeros(())}
        return {**begun, **_kept(self._strategy(parameters))}

    def iteration(
        self, parameters: Vector, state: SearchState, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]:
        best, loss = parameters, float(state["loss"])
        if not state["begun"]:
            loss = _ranked((yield LossAt(parameters)))
        strategy = self._strategy(parameters, state)
        strategy.reseed_rng(self._seed_of(strategy.generation))
        drawn = [strategy.ask() for _ in range(strategy.population_size)]
        if not all((np.abs(one) < FARTHEST).all() for one in drawn):
            return Iterate(parameters, dict(state), loss, "the candidates have gone too far from 0")
        told = []
        for candidate in drawn:
            told.append((candidate, _ranked((yield LossAt(candidate)))))
        ended = None
        if all(found == WORST for _, found in told):
            ended = "the loss of every candidate is not finite"
        for candidate, found in told:
            if found < loss:
                best, loss = candidate, found
        strategy.tell(told)
        made = {"begun": np.ones(()), "loss": np.array(loss), **_kept(strategy)}
        if ended is None and strategy.should_stop():
            ended = OWN_END
        return Iterate(best, made, loss if loss < WORST else math.nan, ended)

    def _seed_of(self, generation: int) -> int:
        """Return the seed of a generation's candidates, 32 bits of the one generator."""
        bits = random_bits(self.seed or 0, "evolution strategy", generation, 1)
        return int(bits[0]) & 0xFFFFFFFF

    def _strategy(self, parameters: Vector, state: SearchState | None = None) -> Any:
        """Return the strategy as it is at the start, or as a state has it.

        Raises SetupError where the package is missing, or another version kept the state.
        """
        cmaes = _package()
        kind = cmaes.SepCMA if self.diagonal and parameters.size > 1 else cmaes.CMA
        made = kind(
            mean=np.array(parameters, dtype=np.float64),
            sigma=float(self.spread),
            population_size=self.population,
            seed=0,
        )
        known = made.__getstate__()
        if "_funhist_values" in known:
            # These begin as whatever was in memory.
            known["_funhist_values"] = np.zeros(known["_funhist_values"].shape)
        if state is not None:
            known = _restored(known, state)
        made.__setstate__(known)
        return made


def _refuse(name: str, given: object, remedy: str) -> None:
    raise SetupError(f"{name} of EvolutionStrategy is {given!r}.", remedy)


def _package() -> Any:
    """Return the package ``cmaes``. Raises SetupError where it is not installed."""
    try:
        import cmaes
    except ImportError:
        raise SetupError(
            "The evolution strategy needs the package cmaes, which is not installed.",
            "Run: pip install chainrule[evolution]",
        ) from None
    return cmaes


def _ranked(loss: Any) -> float:
    """Return a loss as it is ranked: one that is not finite stands behind all others."""
    return min(float(loss), WORST) if math.isfinite(loss) else WORST


def _kept(strategy: Any) -> dict[str, Vector]:
    """Return all numbers and arrays of a strategy as float64 arrays."""
    plain = strategy.__getstate__()
    return {
        KEPT + name: np.array(content, dtype=np.float64)
        for name, content in plain.items()
        if content is not None
    }


def _restored(known: dict[str, Any], state: SearchState) -> dict[str, Any]:
    """Return what a strategy knows, with the numbers and arrays of a state in its types."""
    names = {name for name, content in known.items() if content is not None}
    if {KEPT + name for name in names} != {name for name in state if name.startswith(KEPT)}:
        raise SetupError(
            "The state of the evolution strategy was kept by another version of cmaes.",
            "Install the version that began the training, or begin it anew.",
        )
    made = dict(known)
    for name in names:
        kept = state[KEPT + name]
        made[name] = kept.copy() if kept.ndim else type(known[name])(kept)
    return made
