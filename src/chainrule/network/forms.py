"""The two forms of a network: as a step of training sees it, and as it predicts.

In training random numbers are drawn, which follow from the seed and the step, and the state of the
network (running statistics) is carried from step to step. Prediction draws nothing and reads the
state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from chainrule.checks import is_seed, is_whole_number
from chainrule.errors import SetupError
from chainrule.network.network import Network
from chainrule.network.objective import Objective


def flat_values(network: Network, dtype: str) -> NDArray[Any]:
    """Return all parameters of a network, then its state, as one flat vector."""
    return network.plan.whole.flat_array({**network.parameters, **network.state}, dtype)


def noise_of(objective: Objective, seed: int, step: int) -> tuple[int, ...]:
    """Return seed and step where the objective draws random numbers. Raises SetupError."""
    if not is_seed(seed):
        raise SetupError(f"The seed is {seed!r}.", "Give a whole number from 0 to 2**64 - 1.")
    if not is_whole_number(step) or step >= 2**32:
        raise SetupError(f"The step is {step!r}.", "Give a whole number from 0 to 2**32 - 1.")
    return (signed_seed(seed), int(step)) if objective.noise_inputs else ()


def signed_seed(seed: int) -> int:
    """Return the integer of 64 bits, with a sign, that has the bits of a seed."""
    return int(seed) - 2**64 if seed >= 2**63 else int(seed)


def noise_and_rows(objective: Objective, rest: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Return what stands behind the parameters of a program: ``noise``, and ``rows``."""
    count = len(objective.noise_inputs)
    return {"noise": rest[:count], "rows": rest[count:]}


def refuse_few_rows(fewest: Mapping[str, int], rows: int, remedy: str = "") -> None:
    """Raise SetupError for a step of fewer rows than a layer can be trained on."""
    for layer, least in fewest.items():
        if rows < least:
            raise SetupError(
                f"A step of the training has {rows} row{'s' * (rows != 1)}, and {layer} needs "
                f"{least}: one number has no variance.",
                remedy or f"Give {least} rows or more.",
            )
