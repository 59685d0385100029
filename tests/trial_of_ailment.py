"""One ailment by itself: its signs on a run, and whether its experiment confirms it."""

from __future__ import annotations

from sampled_or_whole import SEEDS, WHOLE

from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.verdicts.finding import Finding, expected_trainings, tried
from chainrule.training.run import Run

# Of ten seeds nine have to be found.
FOUND = 9 if WHOLE else 2


def signs_of(ailment: Ailment, run: Run) -> list[Sign]:
    """Return the signs that a run shows of an ailment."""
    return ailment.signs(Examination(case_of(run)))


def finding_of(ailment: Ailment, run: Run) -> Finding:
    """Return what the ailment's experiment comes to on a run, tried whatever its signs are."""
    case = case_of(run)
    examined = Examination(case)
    finding = Finding(ailment, tuple(ailment.signs(examined)), tuple(ailment.remedies(examined)))
    return tried(finding, examined, Laboratory(case, expected_trainings([finding])))


def confirmed(ailment: Ailment) -> int:
    """Return on how many specimens the ailment shows and is confirmed."""
    found = [finding_of(ailment, ailment.specimen(seed)) for seed in SEEDS]
    return sum(bool(one.signs) and one.is_confirmed for one in found)
