"""A fit: a run with three parts of its rows, how well each is met, and its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError, nearest
from chainrule.training.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Numbers = NDArray[np.float64]

PARTS = ("training", "validation", "test")
PICTURES = ("performance", "training_state", "error_histogram", "regression")


@dataclass(frozen=True)
class Regression:
    """The line output = slope * target + intercept, and the correlation r of both.

    All outputs of a network are taken together. NaN where the targets are all equal.
    """

    r: float
    slope: float
    intercept: float

    @classmethod
    def of(cls, target: Numbers, output: Numbers) -> Regression:
        """Return the least squares line through targets and outputs (n,) or (n, outputs)."""
        x, y = np.ravel(target), np.ravel(output)
        if not len(x) or np.ptp(x) == 0.0 or not np.isfinite(y).all():
            return cls(np.nan, np.nan, np.nan)
        along, off = x - x.mean(), y - y.mean()
        slope = float(along @ off / (along @ along))
        size = float(np.linalg.norm(along) * np.linalg.norm(off))
        r = float(along @ off) / size if size > 0.0 else np.nan
        return cls(r, slope, float(y.mean() - slope * x.mean()))


@dataclass(frozen=True, eq=False)
class Fit:
    """What ``fit_network`` returns: the run, the rows, and which of them were for what.

    ``X`` (rows, features) and ``y`` are in memory for the pictures, and not saved. ``parts``:
    "training", "validation" and "test" -> the numbers of their rows. The losses in ``run.history``
    are those of scaled numbers, ``test_loss`` among them, and so is ``gradient``, its length after
    each epoch; predictions are in the target's units.
    """

    run: Run
    X: Numbers
    y: NDArray[Any]
    parts: Mapping[str, NDArray[np.int64]]

    def predict(self, X: Any) -> Any:
        """Return numbers in the target's units, or labels, for rows as they were given."""
        return self.run.predict(X)

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class. Raises SetupError for a target of numbers."""
        return self.run.predict_proba(X)

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Part -> name -> number: mean squared error and R, or the share of labels that is right.

        Parts without rows are left out. The squared error is in the target's units.
        """
        found = {}
        for part, (truth, output) in self.pairs().items():
            if self.is_classification:
                found[part] = {"accuracy": float(np.mean(truth == output))}
            else:
                error = float(np.mean((truth - output) ** 2))
                found[part] = {"mean_squared_error": error, "r": Regression.of(truth, output).r}
        return found

    @property
    def is_classification(self) -> bool:
        """Whether labels are predicted."""
        return self.run.setup.targets[0].task == "classification"

    def pairs(self) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
        """Return part -> (target, prediction) of its rows, in the order of ``parts``."""
        predicted = np.asarray(self.run.predict(self.X))
        return {name: (self.y[at], predicted[at]) for name, at in self.parts.items() if len(at)}

    def plot(self, picture: str = "performance") -> Figure:
        """Return a matplotlib figure: "performance", "training_state", "error_histogram" or
        "regression".

        The last two are of numbers; of labels there are none. Raises SetupError for another name.
        """
        if picture not in PICTURES:
            raise SetupError(f"There is no picture '{picture}'.", nearest(str(picture), PICTURES))
        from chainrule.views.fit_figures import FIGURES

        return FIGURES[picture](self)

    def save(self, path: str | Path, *, replace: bool = False) -> None:
        """Save the run, with its scaling, as a folder: ``cr.load`` returns a run that predicts."""
        self.run.save(path, replace=replace)

    def __str__(self) -> str:
        run = self.run
        kept = f"; epoch {run.best_epoch} is kept" if run.best_epoch else ""
        lines = [f"{run.recording.epochs} epochs: {run.ended}{kept}"]
        for part, scores in self.scores.items():
            told = ", ".join(f"{name} {number:.4g}" for name, number in scores.items())
            lines.append(f"{part:<10} {len(self.parts[part]):>6,} rows   {told}".replace("_", " "))
        return "\n".join(lines)

    __repr__ = __str__
