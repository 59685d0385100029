"""Three numbers that must agree: the engine's gradient, the sum of the terms, and a difference.

The gradient is that of the backward walk, the terms come from tangents, the difference from forward
alone. A wrong rule in any of the three shows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chainrule.explanation.derivation import Derivation
from chainrule.explanation.differences import Difference, difference, tangent_along
from chainrule.explanation.entries import Entry
from chainrule.explanation.plain_numbers import plain_number

# How far numbers that should be one may lie apart, relative to the sizes of the terms.
AGREEMENT = 1e-6
# Numbers in a narrow type lie apart by its own rounding, which grows with the steps between.
NARROW = 4096.0


@dataclass(frozen=True)
class Checks:
    """The numbers that are to agree, what they are held against, and whether they do.

    ``gradient`` is that of the engine, in the run's own type; ``exact_gradient`` that of the same
    walk in float64; ``sum_of_terms`` goes down to the leaves that are unfolded; ``tangent`` is the
    slope by the tangent walk; ``finite_difference`` that of forward alone, with a bound on its
    error. ``sizes`` is the sum of the terms' sizes, to which agreement is relative.
    """

    gradient: float
    exact_gradient: float
    sum_of_terms: float
    tangent: float
    difference: Difference
    sizes: float
    dtype: str
    engine: str

    @property
    def allowed(self) -> float:
        """How far the exact numbers may lie apart."""
        return AGREEMENT * self.sizes

    @property
    def agree(self) -> bool:
        """Whether all numbers agree."""
        return not self.disagreements

    @property
    def disagreements(self) -> tuple[str, ...]:
        """The names of the numbers that are not the exact gradient's."""
        exact, found = self.exact_gradient, []
        if not abs(self.sum_of_terms - exact) <= self.allowed:
            found.append("sum_of_terms")
        if not abs(self.tangent - exact) <= self.allowed:
            found.append("tangent")
        if not self.difference.agrees(exact, self.allowed):
            found.append("finite_difference")
        rounding = NARROW * float(np.finfo(self.dtype).eps) * self.sizes
        if not abs(self.gradient - exact) <= max(rounding, self.allowed):
            found.append("gradient")
        return tuple(found)

    def sentence(self) -> str:
        """Return in words whether the numbers agree, and what the engine's rounding is."""
        if self.agree:
            said = "The three numbers agree."
            if self.difference.kink:
                said += " " + self._at_kink()
            elif self.sizes and self.difference.error > 10.0 * self.allowed:
                said += f" The difference is known to {self.difference.error:.1g} only."
            return said
        if not np.isfinite(self.gradient):
            return "The gradient is no finite number, so nothing can be held against it."
        named = {
            "sum_of_terms": "the sum of the terms",
            "tangent": "the tangent",
            "finite_difference": "the difference of forward",
            "gradient": f"{self.dtype} on the engine '{self.engine}'",
        }
        apart = " and ".join(named[one] for one in self.disagreements)
        return f"They do not agree: {apart} differs from the gradient of the backward walk."

    def _at_kink(self) -> str:
        sides = f"{self.difference.left:.6g} from the left, {self.difference.right:.6g} from the"
        rule = self.difference.convention or "no rule says which is taken"
        return f"There is a kink: the slope is {sides} right ({rule})."

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data."""
        plain = {name: plain_number(content) for name, content in asdict(self).items()
                 if isinstance(content, float)}  # fmt: skip
        return {
            **plain,
            "finite_difference": plain_number(self.difference.slope),
            "finite_difference_error": plain_number(self.difference.error),
            "left": plain_number(self.difference.left),
            "right": plain_number(self.difference.right),
            "kink": self.difference.kink,
            "convention": self.difference.convention,
            "dtype": self.dtype,
            "engine": self.engine,
            "allowed": plain_number(self.allowed),
            "agree": self.agree,
            "disagreements": list(self.disagreements),
            "sentence": self.sentence(),
        }


def checked(derivation: Derivation, entry: Entry, opened: set[Entry]) -> Checks:
    """Return the checks of an entry whose tree unfolds ``opened``."""
    trace = derivation.trace
    own = trace.own.gradients.get(entry.value)
    total, sizes = derivation.sums(entry, opened)
    tangent, _ = tangent_along(trace, entry)
    return Checks(
        gradient=0.0 if own is None else float(own[entry.place]),
        exact_gradient=derivation.gradient(entry),
        sum_of_terms=total,
        tangent=tangent,
        difference=difference(trace, entry),
        sizes=sizes,
        dtype=trace.own.dtype,
        engine=trace.own.engine,
    )
