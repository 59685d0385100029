"""A fix: what became of the remedies that were tried, over many starts before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.own_start import FROM_OTHER_STARTS, IN_OTHER_ORDERS
from chainrule.diagnosis.experiments.significance import (
    LEAST_EFFECT,
    LEVEL,
    effect,
    effect_size,
    probability_of_chance,
)
from chainrule.diagnosis.fixes.code_of_fix import code_of
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.wording import (
    first_sentence,
    imperative,
    listed_apart,
    name_and_unit,
    short,
    times_of,
)
from chainrule.errors import SetupError
from chainrule.training.run import Run
from chainrule.training.tables.result import NETWORK, SKILL

# Rows that the remedy was chosen by are tested in some fold.
CHOSEN_HERE = (
    "The remedy was chosen on rows of this table, which its folds test as well, so that this "
    "flatters a little."
)


@dataclass(frozen=True)
class Attempt:
    """One remedy that was tried: its errors by seed beside those without it, and what came of it.

    ``ailment`` is the name of what it is against, ``round`` counts from 1. ``spoils``: the title of
    an ailment whose remedy was kept before and would be undone by this one.
    """

    ailment: str
    title: str
    round: int
    experiment: Experiment
    spoils: str = ""

    @property
    def remedy(self) -> str:
        """The remedy in words."""
        return self.experiment.remedy.words

    @property
    def is_kept(self) -> bool:
        """Whether it made the trainings better by more than chance, and enough to matter."""
        return self.experiment.is_clear and not self.spoils

    @property
    def missed(self) -> str:
        """Which limit it has missed, in a sentence; empty where it was kept."""
        found = self.experiment
        before, after = (short(median(one)) for one in (found.without, found.treated))
        name, _ = name_and_unit(found.quantity)
        errors = f"the {name} is {before} without it and {after} with it"
        if self.is_kept:
            return ""
        if self.spoils:
            return f"It would undo what was kept before, against this: {self.spoils}."
        if found.gain <= 0.0:
            return f"It did not help: {errors}."
        if found.probability >= LEVEL / found.looks:
            level = f", and below {LEVEL / found.looks} is asked for" if found.looks > 1 else ""
            chance = f"p = {found.probability:.2g}{level}"
            return f"It did not help by more than chance ({chance}): {errors}."
        least = f"less by {short(found.gain)}, and {short(found.gain_asked)} is asked for"
        if found.gain >= found.gain_asked:
            least = f"d is {effect(found.effect)}, and {LEAST_EFFECT} is asked for"
        return f"It helped by more than chance, but too little to matter: {errors}, {least}."

    def to_dict(self) -> dict[str, Any]:
        """Return the attempt as plain data."""
        plain = self.experiment.to_dict()
        return {
            "ailment": self.ailment,
            "title": self.title,
            "round": self.round,
            "remedy": self.remedy,
            "code": self.experiment.remedy.code,
            "quantity": self.experiment.quantity,
            "kept": self.is_kept,
            "missed": self.missed,
            **{name: plain[name] for name in ("without", "treated", "p", "d", "looks")},
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Fix:
    """What a fix came to. ``print(fix)`` shows it.

    ``run`` is the training from the run's own start, or from another where that was kept, with all
    that was kept; where nothing was, the run as it is, or None if another loop had trained it.
    ``before`` and ``after`` are errors by seed, in the unit that ``quantity`` names: from the run's
    own start, in an order of each seed, where what was kept was shown there. ``attempts``: all that
    was tried. ``then`` is the report on the fixed run, None where nothing was changed. ``by_hand``
    says what only people can do. ``earlier``: the run on a table that was fixed; ``run`` then has
    folds and a result as well.
    ``not_proved``: the verdict, where signs were not tried, so that there was no cause to treat.
    ``giveaways``: what is to be said of columns that say the target by themselves.
    """

    run: Run | None
    seeds: tuple[int, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    attempts: tuple[Attempt, ...]
    quantity: str
    then: Report | None = None
    by_hand: tuple[str, ...] = ()
    earlier: Run | None = None
    not_proved: str = ""
    giveaways: tuple[str, ...] = ()

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
        """What is to be changed in the code, in order: pasted, it gives the setup of ``run``.

        An argument that a later remedy sets again stands there alone, with its last value. What is
        no matter of code is said in a comment. Which rows a share of them holds out follows from
        the targets: where the code changes these or leaves rows out, it may be others than those of
        ``run``.
        """
        remedies = [one.experiment.remedy for one in self.kept]
        return code_of(remedies, None if self.run is None else self.run.setup)

    @property
    def words(self) -> str:
        """What came of it, in a few sentences, a line each."""
        return "\n".join([self._came_to, *self._results, *self.by_hand, *self.giveaways])

    @property
    def _results(self) -> list[str]:
        """What the whole table comes to before and after; nothing for other runs."""
        runs = (self.earlier, self.run)
        before, after = (None if one is None else one.result for one in runs)
        if before is None or after is None or not self.kept:
            return []
        told = [f"The table, before: {before.in_words}", f"After: {after.in_words}"]
        by_errors = all(one.experiment.is_of_errors for one in self.kept)
        if by_errors and before.task == after.task == "classification":
            # What the error in shares goes with; how many rows are right may say another thing.
            first, last = (one.scores[NETWORK][SKILL[one.task]].value for one in (before, after))
            told.append(f"Its log loss was {short(first)} and is {short(last)}.")
        return [*told, CHOSEN_HERE] if after.folds else told

    @property
    def _came_to(self) -> str:
        if self.by_hand and not self.kept:
            return "Nothing was changed: this is for you to do."
        if not self.attempts and self.not_proved:
            return f"Nothing was tried, and nothing was changed. {self.not_proved}"
        if not self.attempts and self.giveaways:
            return "Nothing was changed: this is for you to do."
        if not self.attempts:
            return "There was nothing to put right, and nothing was changed."
        if not self.kept:
            return "\n".join(["Nothing was changed.", *self._missed])
        return (
            f"Before: {_told(self.before, self.quantity)}; "
            f"after: {_told(self.after, self.quantity)}: the {self.quantity}, "
            f"median and range of {len(self.before)} trainings each{self._begun} "
            f"(p = {self.probability:.2g}, d = {effect(self.effect)}). {self._was_done}"
        )

    @property
    def _begun(self) -> str:
        """Where the trainings that are told began, where that is not with other seeds each."""
        first = self.kept[0].experiment
        if not first.begins_there or self.before != first.without:
            return ""
        others = f" and {FROM_OTHER_STARTS}" if first.remedy.seed is not None else ""
        return f", {IN_OTHER_ORDERS}{others}"

    def _then(self, report: Report) -> str:
        """Return the verdict on the fixed run, with why a remedy that it names was not kept."""
        remedy = None if report.primary is None else report.primary.remedy
        for one in self.dropped:
            if remedy is not None and one.remedy == remedy.words:
                starts = len(one.experiment.without)
                return f"{report.verdict} Over {starts} starts it was not kept. {one.missed}"
        return report.verdict

    @property
    def _missed(self) -> list[str]:
        """Why nothing was kept, a line for each remedy, which is named where there are several."""
        if len(self.attempts) == 1:
            return [self.attempts[0].missed]
        return [f"{first_sentence(one.remedy)} {one.missed}"
                for one in self.attempts]  # fmt: skip

    @property
    def _was_done(self) -> str:
        """All that was kept, in the order in which it was done."""
        steps = [imperative(one.remedy) for one in self.kept]
        return f"What was kept: {listed_apart(steps)}."

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
            "then": None if self.then is None else self._then(self.then),
        }

    def save(self, path: str | Path) -> None:
        """Save the fixed run as a folder, that of a table with its report.

        Raises RunFolderError, SetupError without a run.
        """
        if self.run is None:
            raise SetupError(
                "Nothing was changed, and there is no run to be saved.",
                "Save what your own loop has trained.",
            )
        self.run.save(path)
        if self.run.result is not None:
            from chainrule.training.tables.again import tested_table
            from chainrule.training.tables.door import save_report

            save_report(self.run, Path(path), tested_table(self.run))

    def __str__(self) -> str:
        from chainrule.views.diagnosis_fix import told_fix
        from chainrule.views.explanation_text import text_of

        return text_of(told_fix(self.to_dict()))

    __repr__ = __str__


def _told(errors: Sequence[float], quantity: str) -> str:
    _, is_relative = name_and_unit(quantity)
    said = times_of if is_relative else short
    middle, low, high = (said(one(errors)) for one in (median, min, max))
    return f"{middle} in each" if low == high else f"{middle} ({low} to {high})"
