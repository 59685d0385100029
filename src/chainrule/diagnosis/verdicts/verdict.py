"""The verdict: healthy, or one cause with its consequences, its evidence and its proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from chainrule.data.decisions import Decision
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.probes.relative_error import Errors
from chainrule.diagnosis.verdicts.finding import (
    Finding,
)

Standing = Literal["healthy", "ill", "not proved", "unexplained"]


@dataclass(frozen=True)
class Verdict:
    """What is said of a run.

    ``standing``: "healthy"; "ill", with ``primary`` proved; "unexplained": the training has failed
    (``primary`` says how), and no experiment has shown why; "not proved": signs that no experiment
    was made for. ``consequences`` follow from the primary cause; ``others`` are proved as well;
    ``suspicions`` were not confirmed. ``together``: where several remedies are needed at once,
    trainings with all of them beside trainings with none; findings that are needed have ``beside``.
    ``is_out_of_time``: the time for experiments was spent. ``unjudged``: why nothing can be judged.
    ``errors``: those of the network that was kept, by which it was judged. ``giveaways``: the hints
    on columns of the run's table that say the target by themselves, for which no verdict on a
    training answers.
    """

    standing: Standing
    primary: Finding | None = None
    consequences: tuple[Finding, ...] = ()
    others: tuple[Finding, ...] = ()
    suspicions: tuple[Finding, ...] = ()
    seconds: float = 0.0
    trainings: int = 0
    notes: tuple[str, ...] = field(default=())
    together: Experiment | None = None
    is_out_of_time: bool = False
    unjudged: str = ""
    errors: Errors | None = None
    giveaways: tuple[Decision, ...] = ()

    @property
    def name(self) -> str:
        """``healthy``, or the name of the primary ailment."""
        return self.primary.ailment.name if self.primary is not None else self.standing

    @property
    def needed(self) -> tuple[Finding, ...]:
        """The other causes whose remedies are needed beside that of the primary one."""
        return tuple(one for one in self.others if one.beside)


def summary(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as plain data."""

    def plain(one: Finding) -> dict[str, Any]:
        return {
            "name": one.ailment.name,
            "title": one.ailment.title,
            "confirmed": one.is_confirmed,
            "certainty": one.certainty,
            "signs": [sign.to_dict() for sign in one.signs],
            "remedy": None if one.remedy is None else one.remedy.words,
            "code": None if one.remedy is None else one.remedy.code,
            "by_hand": one.remedy is not None and one.remedy.by_hand,
            "experiment": None if one.experiment is None else one.experiment.to_dict(),
            "beside": list(one.beside),
        }

    return {
        "standing": verdict.standing,
        "name": verdict.name,
        "primary": None if verdict.primary is None else plain(verdict.primary),
        "consequences": [plain(one) for one in verdict.consequences],
        "others": [plain(one) for one in verdict.others],
        "suspicions": [plain(one) for one in verdict.suspicions],
        "seconds": verdict.seconds,
        "trainings": verdict.trainings,
        "notes": list(verdict.notes),
        "giveaways": [one.subject for one in verdict.giveaways],
        "together": None if verdict.together is None else verdict.together.to_dict(),
    }
