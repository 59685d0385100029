"""A fix: remedies applied one after the other, each kept only where it helps over many starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from chainrule.checks import is_whole_number
from chainrule.diagnosis.arrangement import Arrangement
from chainrule.diagnosis.case import case_of
from chainrule.diagnosis.differing import effect_size, probability_of_chance
from chainrule.diagnosis.laboratory import Experiment, Judge, Trained, judged, outcome
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.sentences import short
from chainrule.diagnosis.verdict import Finding, verdict_of
from chainrule.errors import SetupError
from chainrule.training.interrupts import held_interrupts
from chainrule.training.run import Run
from chainrule.training.side_by_side import at_a_time, side_by_side

# A run that was put right is examined again, and what is then found is put right, too.
MOST_ROUNDS = 3
# Of 3 trainings beside 3 the least p is 1 in 20, which is not below 0.05.
LEAST_SEEDS = 4
# What a run notes of its table that stays true of another network on the same rows.
OF_THE_ROWS = ("preparation", "table", "stage", "data", "scaling")


@dataclass(frozen=True)
class Attempt:
    """One remedy that was tried: its errors by seed beside those without it, and what came of it.

    ``ailment`` is the name of what it is against, ``round`` counts from 1.
    """

    ailment: str
    title: str
    round: int
    experiment: Experiment

    @property
    def is_kept(self) -> bool:
        """Whether it made the trainings better by more than chance, and enough to matter."""
        return self.experiment.is_clear

    def to_dict(self) -> dict[str, Any]:
        """Return the attempt as plain data."""
        plain = self.experiment.to_dict()
        return {
            "ailment": self.ailment,
            "title": self.title,
            "round": self.round,
            "remedy": self.experiment.remedy.words,
            "code": self.experiment.remedy.code,
            "kept": self.is_kept,
            **{name: plain[name] for name in ("without", "treated", "p", "d")},
        }


@dataclass(frozen=True, eq=False)
class Fix:
    """What a fix came to. ``print(fix)`` shows it.

    ``run`` is the training from the run's own start with all that was kept; where nothing was, the
    run as it is, or None if another loop had trained it. ``before`` and ``after`` are errors by
    seed, in the unit that ``quantity`` names. ``attempts``: all that was tried. ``then`` is the
    report on the fixed run, None where nothing was changed.
    """

    run: Run | None
    seeds: tuple[int, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    attempts: tuple[Attempt, ...]
    quantity: str
    then: Report | None = None

    @property
    def kept(self) -> tuple[Attempt, ...]:
        """The remedies that helped."""
        return tuple(one for one in self.attempts if one.is_kept)

    @property
    def dropped(self) -> tuple[Attempt, ...]:
        """The remedies that did not help, and are not in the fixed run."""
        return tuple(one for one in self.attempts if not one.is_kept)

    @property
    def probability(self) -> float:
        """How probable it is that chance alone makes the errors so much lower."""
        return probability_of_chance(self.before, self.after)

    @property
    def effect(self) -> float:
        """Cohen's d of the improvement."""
        return effect_size(self.before, self.after) if self.before else 0.0

    @property
    def code(self) -> tuple[str, ...]:
        """What is to be changed in the code, one for each remedy that was kept and has one."""
        changes = [one.experiment.remedy.code for one in self.kept]
        return tuple(one for one in changes if one)

    @property
    def words(self) -> str:
        """What came of it, in a sentence or two."""
        if not self.attempts:
            return "There was nothing to put right, and nothing was changed."
        if not self.kept:
            return "What was tried did not help, and nothing was changed."
        return (
            f"Before: {_told(self.before)}; after: {_told(self.after)}: the {self.quantity}, "
            f"median and range of {len(self.seeds)} trainings each (p = {self.probability:.2g}, "
            f"d = {self.effect:.3g})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all of it but the run as plain data."""
        return {
            "words": self.words,
            "quantity": self.quantity,
            "seeds": list(self.seeds),
            "before": list(self.before),
            "after": list(self.after),
            "p": self.probability,
            "d": self.effect,
            "attempts": [one.to_dict() for one in self.attempts],
            "code": list(self.code),
            "then": None if self.then is None else self.then.verdict,
        }

    def save(self, path: str | Path) -> None:
        """Save the fixed run as a folder. Raises RunFolderError, SetupError without a run."""
        if self.run is None:
            raise SetupError(
                "Nothing was changed, and there is no run to be saved.",
                "Save what your own loop has trained.",
            )
        self.run.save(path)

    def __str__(self) -> str:
        from chainrule.views.diagnosis_chapters import told_fix
        from chainrule.views.explanation_text import text_of

        return text_of(told_fix(self.to_dict()))

    __repr__ = __str__


def _told(errors: Sequence[float]) -> str:
    return f"{short(median(errors))} ({short(min(errors))} to {short(max(errors))})"


def fixed(report: Report, seeds: int = 10) -> Fix:
    """Return the fix of a run: its remedies tried in the order of their evidence.

    Raises SetupError for fewer than 4 seeds, KeyboardInterrupt where Ctrl-C ended it.
    """
    if not is_whole_number(seeds, LEAST_SEEDS):
        raise SetupError(
            f"With seeds={seeds!r} nothing could be more than chance.",
            f"Give a whole number from {LEAST_SEEDS}.",
        )
    first = report.case.setup.seed
    trying = _Trying(report, tuple(range(first, first + seeds)))
    for number in range(MOST_ROUNDS):
        if not trying.a_round(number + 1):
            break
    return trying.fix()


class _Trying:
    """A case on its way through remedies: the arrangement as it is now, and its trainings."""

    def __init__(self, report: Report, seeds: tuple[int, ...]) -> None:
        self.report, self.now, self.seeds = report, report, seeds
        self.arrangement = report.case.arrangement
        self.attempts: list[Attempt] = []
        self.first: list[Trained] = []
        self.last: list[Trained] = []

    def a_round(self, number: int) -> bool:
        """Try what the last report names; return whether there may be more to be found."""
        helped = [self._try(one, number) for one in _due(self.now)]
        if not any(helped):
            return False
        run = self._run()
        if run is None:
            return False
        case = case_of(run)
        self.now = Report(case, verdict_of(case), run)
        return self.now.primary is not None

    def _try(self, finding: Finding, number: int) -> bool:
        remedy, before = finding.remedy, finding.experiment
        changed = None if remedy is None else remedy.change(self.arrangement)
        if remedy is None or changed is None or self._is_scaled_twice(changed):
            return False
        if not self.first:
            self.first = self.last = self._trainings(self.arrangement)
        treated = self._trainings(changed)
        judge = _judge_of(finding)
        experiment = Experiment(
            remedy,
            tuple(map(judge, self.last)),
            tuple(map(judge, treated)),
            changed.setup.epochs,
            len(changed.training),
            quantity=_quantity_of(before),
        )
        ailment = finding.ailment
        self.attempts.append(Attempt(ailment.name, ailment.title, number, experiment))
        if experiment.is_clear:
            self.arrangement, self.last = changed, treated
        return experiment.is_clear

    def _is_scaled_twice(self, changed: Arrangement) -> bool:
        """Whether predictions would have to be scaled back by two scalings, which a run has not."""
        return changed.scaling is not self.arrangement.scaling and self.report.case.scaled

    def _trainings(self, arrangement: Arrangement) -> list[Trained]:
        jobs = [partial(outcome, self._started(arrangement, seed)) for seed in self.seeds]
        with held_interrupts() as interrupted:
            made = side_by_side(
                jobs,
                at_a_time(),
                interrupted,
                lambda place, one: None,
                lambda place: f"seed {self.seeds[place]}",
            )
            if interrupted():
                raise KeyboardInterrupt("The fix was interrupted, and nothing is kept.")
        return made

    def _started(self, arrangement: Arrangement, seed: int) -> Arrangement:
        """Return the training of a seed in full; that of the run's own start is looked at."""
        given = arrangement.setup
        ready = arrangement.started(seed, given.epochs)
        if seed != self.seeds[0]:
            return ready
        setup = replace(ready.setup, readings=given.readings, snapshots=given.snapshots)
        return replace(ready, setup=setup)

    def _run(self) -> Run | None:
        """Return the training from the run's own start, with what belongs to its rows."""
        run, before = self.last[0].run, self.report.run
        if run is None:
            return None
        notes, arrays = {}, {}
        if before is not None:
            notes = {name: before.notes[name] for name in OF_THE_ROWS if name in before.notes}
            arrays = {name: one for name, one in before.note_arrays.items() if name == "roles"}
        if self.arrangement.scaling is not None:
            notes["scaling"] = self.arrangement.scaling.to_record()
        return replace(run, notes=notes, note_arrays=arrays)

    def fix(self) -> Fix:
        """Return what it has come to."""
        primary = self.report.primary
        judge = judged if primary is None else _judge_of(primary)
        changed = self.now is not self.report
        return Fix(
            self.now.run if changed else self.report.run,
            self.seeds,
            tuple(map(judge, self.first)),
            tuple(map(judge, self.last)),
            tuple(self.attempts),
            _quantity_of(None if primary is None else primary.experiment),
            self.now if changed else None,
        )


def _due(report: Report) -> list[Finding]:
    """Return what is to be treated, the cause first, what else is confirmed by its evidence."""
    if report.primary is None:
        return []
    others = sorted(report.others, key=lambda one: -one.strength)
    return [report.primary, *others]


def _judge_of(finding: Finding) -> Judge:
    experiment = finding.experiment
    return judged if experiment is None or experiment.shows is not None else experiment.judge


def _quantity_of(experiment: Experiment | None) -> str:
    if experiment is None or experiment.shows is not None:
        return Experiment.quantity
    return experiment.quantity
