"""A finding: an ailment whose signs a run shows, and what its experiment came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments import AILMENTS, IN_ORDER
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import SCREENING_SEEDS, SEEDS, Laboratory
from chainrule.diagnosis.experiments.more_starts import from_more_starts
from chainrule.diagnosis.experiments.own_start import from_own_start
from chainrule.diagnosis.sign import Sign

# The logarithm of two: a number less than twice its threshold is little beyond it.
LITTLE_BEYOND = 0.7
# So many findings have experiments at full length; more of them have what is left of the time.
TRIED_IN_FULL = 3


@dataclass(frozen=True)
class Finding:
    """An ailment whose signs a run shows, what may cure it, and what the experiment came to.

    ``beside``: the names of other ailments whose remedies were applied in both groups of the
    experiment, so that it shows what this one's remedy adds to them.
    """

    ailment: Ailment
    signs: tuple[Sign, ...]
    remedies: tuple[Remedy, ...] = ()
    experiment: Experiment | None = None
    beside: tuple[str, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        """Whether the experiment has shown it."""
        return self.experiment is not None and self.experiment.is_clear

    @property
    def is_untried(self) -> bool:
        """Whether time, or what there was to try, was not enough to say what experiments show."""
        return self.experiment is None or self.experiment.is_undecided

    @property
    def is_failure(self) -> bool:
        """Whether its signs are a failure in themselves, explained or not."""
        return self.ailment.is_failure or any(one.is_failure for one in self.signs)

    @property
    def tried_behind(self) -> str | None:
        """The ailment right behind which this one is tried, None for its place in the table."""
        behind = self.ailment.tried_behind
        names = [*(one.name for one in self.remedies), *(one.kind for one in self.signs)]
        return next((behind[one] for one in names if one in behind), None)

    @property
    def strength(self) -> float:
        """How far beyond its threshold the strongest sign is."""
        return max((one.strength for one in self.signs), default=0.0)

    @property
    def remedy(self) -> Remedy | None:
        """The remedy that was tried, else the likeliest."""
        if self.experiment is not None:
            return self.experiment.remedy
        return self.remedies[0] if self.remedies else None

    @property
    def certainty(self) -> float | None:
        """1 - p of the experiment that confirms it; 0.5 where it was seen and not tried.

        None where it is confirmed otherwise than by lower errors, so that p is not that of a proof.
        """
        if self.experiment is None:
            return 0.5
        if self.experiment.counted or self.experiment.shows_otherwise:
            return None
        return 1.0 - self.experiment.probability if self.is_confirmed else 0.0


def suspected(examined: Examination) -> list[Finding]:
    """Return the ailments whose signs an examined case shows, in the order of the table."""
    found = []
    for ailment in IN_ORDER:
        signs = examined.shown(ailment.signs)
        if signs:
            found.append(Finding(ailment, signs, tuple(ailment.remedies(examined))))
    return found


def in_order_of_trial(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings as they are tried while there is time.

    What is clearly beyond its threshold comes before what is little beyond it, and causes before
    failures; among them roots before what they lead to, or right behind what the table of ailments
    says of their remedies.
    """
    order = list(AILMENTS)
    names = {one.ailment.name for one in findings}

    def is_behind(one: Finding) -> bool:
        # Lower rates cost least to try and longer trainings most, and only one of both helps.
        opposite = one.ailment.opposite
        follows = opposite in names and order.index(opposite) < order.index(one.ailment.name)
        return follows or one.strength < LITTLE_BEYOND

    def place(one: Finding) -> float:
        behind = one.tried_behind
        return order.index(one.ailment.name) if behind is None else order.index(behind) + 0.5

    return sorted(
        findings,
        key=lambda one: (
            is_behind(one),
            one.ailment.is_failure and one.tried_behind is None,
            place(one),
        ),
    )


def expected_trainings(findings: Sequence[Finding]) -> int:
    """Return how many trainings the experiments of these findings come to, of the first of them.

    A cause that is confirmed explains others, whose experiments then are not made.
    """
    first = in_order_of_trial(findings)[:TRIED_IN_FULL]
    screening = [
        SCREENING_SEEDS * len(one.remedies) if len(one.remedies) > 1 else 0 for one in first
    ]
    return SEEDS * (1 + len(first)) + sum(screening)


def tried(finding: Finding, examined: Examination, laboratory: Laboratory) -> Finding:
    """Return the finding with its experiment, or as it is where none can be made in time."""
    if laboratory.is_spent:
        return finding
    try:
        experiment = _experiment(finding, examined, laboratory)
    except OutOfTimeError:
        return finding
    return replace(finding, experiment=experiment)


def _experiment(
    finding: Finding, examined: Examination, laboratory: Laboratory
) -> Experiment | None:
    ailment = finding.ailment
    if ailment.confirm is not None:
        experiment = ailment.confirm(examined, laboratory, finding.remedies)
    elif finding.remedies:
        experiment = laboratory.compare(finding.remedies)
    else:
        experiment = None
    if experiment is None or experiment.is_clear:
        return experiment
    for again in (from_more_starts, from_own_start):
        try:
            found = again(laboratory, experiment)
        except OutOfTimeError:
            continue
        if found is not None and found.is_clear:
            return found
    return experiment
