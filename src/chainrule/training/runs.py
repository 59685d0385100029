"""Several runs beside one another: which is the best, and how far apart they end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError
from chainrule.training.run import Run


@dataclass(frozen=True)
class Spread:
    """How far apart trainings end: quartiles of a loss over those where it is a number.

    ``name`` is what was compared, "validation_loss" or "loss"; ``failed`` counts the trainings
    whose loss is no number at the end, which are left out of the quartiles.
    """

    name: str
    lowest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    highest: float
    sound: int
    failed: int


class Runs(list[Run]):
    """The runs of ``train_many``, a list that says which is the best and how far apart they end.

    What is compared is the validation loss of the epoch that each run has kept, where all have
    validation rows, else the loss of what it has kept on the training rows. Runs that were loaded
    hold no rows: of them it is what was recorded in that epoch, while steps were made.
    """

    @property
    def losses(self) -> NDArray[np.float64]:
        """What is compared, one for each run; NaN where it is not finite or no epoch was kept."""
        return np.array([_kept(run, self._compared) for run in self])

    @property
    def best(self) -> Run:
        """The run with the lowest loss. Raises SetupError where no loss is a number."""
        losses = self.losses
        if not np.isfinite(losses).any():
            raise SetupError(
                f"None of these {len(self)} trainings has a loss that is a number.",
                "Look at run.ended of each; a smaller learning rate may help.",
            )
        return self[int(np.nanargmin(losses))]

    @property
    def spread(self) -> Spread:
        """The quartiles of the losses. Raises SetupError where no loss is a number."""
        best, losses = self.best, self.losses
        sound = losses[np.isfinite(losses)]
        lower, median, upper = (float(one) for one in np.quantile(sound, (0.25, 0.5, 0.75)))
        return Spread(
            name=self._compared,
            lowest=_kept(best, self._compared),
            lower_quartile=lower,
            median=median,
            upper_quartile=upper,
            highest=float(sound.max()),
            sound=sound.size,
            failed=len(losses) - sound.size,
        )

    @property
    def _compared(self) -> str:
        validated = all(run.history.get("validation_loss") for run in self)
        return "validation_loss" if validated else "loss"

    def __str__(self) -> str:
        """Return the spread as a table of two lines, and what it means in a sentence."""
        if not np.isfinite(self.losses).any():
            return f"{len(self)} trainings, and no loss that is a number"
        found = self.spread
        numbers = {
            "lowest": found.lowest,
            "lower quartile": found.lower_quartile,
            "median": found.median,
            "upper quartile": found.upper_quartile,
            "highest": found.highest,
        }
        cells = [f"{number:.4g}" for number in numbers.values()]
        widths = [max(map(len, pair)) for pair in zip(numbers, cells, strict=True)]
        count = "1 training" if len(self) == 1 else f"{len(self)} trainings"
        failures = f", {found.failed} failed" if found.failed else ""
        lines = [f"{count}{failures}; {found.name.replace('_', ' ')} of what was kept:"]
        for texts in (list(numbers), cells):
            padded = [text.rjust(width) for text, width in zip(texts, widths, strict=True)]
            lines.append("   ".join(padded))
        lines.append(
            f"The best has seed {self.best.setup.seed}, and half of all end between "
            f"{found.lower_quartile:.4g} and {found.upper_quartile:.4g}."
        )
        return "\n".join(lines)

    __repr__ = __str__


def _kept(run: Run, name: str) -> float:
    """Return a loss of the epoch whose parameters a run has; NaN where there is none."""
    column = run.history.get(name, [])
    if not 0 < run.best_epoch <= len(column):
        return math.nan
    loss = column[run.best_epoch - 1]
    if name == "loss" and run.rows is not None:
        loss = run.training_loss
    return loss if math.isfinite(loss) and math.isfinite(run.history["loss"][-1]) else math.nan
