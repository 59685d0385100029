"""What the numbers of an output layer mean, by the loss that trained them.

A loss that contains an op (cross-entropy the softmax, poisson the exponential) is given what stands
in front of it; the op then turns outputs into probabilities, counts, or shares. A loss of one's own
is given what it compares with the target, so its outputs stand in the target's own terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError
from chainrule.network.losses import Loss
from chainrule.ops import find_op
from chainrule.training.targets import Target

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Meaning:
    """A target, the loss that was trained towards it, and the last op of the network."""

    target: Target
    loss: Loss
    last_op: str

    def values(self, output: Numbers) -> Numbers:
        """Return outputs in the target's terms, in float64: probabilities, counts, numbers."""
        wide = output.astype(np.float64)
        if not self.loss.op.includes:
            return wide
        with np.errstate(all="ignore"):
            return np.asarray(find_op(self.loss.op.includes[0]).forward(wide))

    def predictions(self, output: Numbers) -> Numbers:
        """Return label numbers (rows,), or numbers (rows, outputs); over time with that axis, too.

        One output for two classes is cut where both are as likely: at a probability of 1/2, at 0
        for the margins of hinge, and at 1/2 for a loss of one's own, whose targets are 0 and 1.
        """
        if self.target.task == "regression":
            return self.values(output) if self.loss.op.includes else output
        if output.shape[-1] == 1:
            cut = 0.0 if self.loss.name == "hinge" else 0.5
            return (self.values(output)[..., 0] > cut).astype(np.int64)
        labels: Numbers = np.argmax(output, axis=-1)
        return labels

    def probabilities(self, output: Numbers) -> Numbers:
        """Return the probability of each class (rows, classes). Raises SetupError without any."""
        if self.target.task != "classification":
            raise SetupError(
                "Probabilities exist for classes, and this run predicts numbers.", "Use predict()."
            )
        if not self.loss.op.includes and self.last_op not in ("softmax", "sigmoid"):
            raise SetupError(
                f"The loss {self.loss.name} does not make probabilities of the outputs.",
                "Use predict(), or train with cross_entropy, or end the network in a softmax.",
            )
        shares = self.values(output)
        return np.concatenate([1.0 - shares, shares], axis=-1) if shares.shape[-1] == 1 else shares
