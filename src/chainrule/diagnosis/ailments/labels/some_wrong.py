"""Some labels that are wrong: their neighbours contradict them where classes are told apart."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.ailments.labels.story import LEAST_HELD, Story
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.labels import compare_without_doubtful
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.classes import Classes
from chainrule.diagnosis.probes.labels import Labels
from chainrule.diagnosis.probes.sureness import MATTERS
from chainrule.diagnosis.remedies.labels import leaving_out
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.wording import some_of

# So many that they are told to be so even where nothing was learned by heart.
MANY = 0.08
# Of what neighbours contradict a network that tells the classes better misses less than half.
TOLD = 0.5


def signs(examined: Examination, labels: Labels) -> list[Sign]:
    share, named = labels.contradicted_share, labels.doubtful_numbers
    if share is None or share < MATTERS or not named or _is_told(examined, share):
        return []
    if share < MANY and not _learned_by_heart(examined, labels):
        return []
    return [
        Sign(
            "share of labels that their neighbours contradict",
            share,
            MATTERS,
            "above",
            f"Where rows with similar inputs agree most, {share:.1%} of the labels are of another "
            f"class. Rows that may be wrong: {some_of(named, 10)}.",
            "labels that differ from their neighbours' where classes meet, and hardly elsewhere",
            "confident learning (Northcutt, Jiang, Chuang 2021); below a twentieth such labels "
            "hardly change what is learned",
        )
    ]


def _is_told(examined: Examination, share: float) -> bool:
    """Return whether far fewer labels of rows held out are missed than neighbours contradict."""
    case = examined.case
    seen = Classes.of(case.network, examined.setup, case.validation)
    if seen is None or len(case.validation) < LEAST_HELD:
        return False
    right = float(np.nansum(seen.recalls * seen.counts)) / len(case.validation)
    return 1.0 - right < TOLD * share


def _learned_by_heart(examined: Examination, labels: Labels) -> bool:
    """Return whether the network says of most doubtful rows what their labels say."""
    case = examined.case
    doubted = case.training.part(labels.doubtful_places)
    seen = Classes.of(case.network, examined.setup, doubted)
    return seen is not None and float(np.nansum(seen.recalls * seen.counts)) > len(doubted) / 2


def remedy(examined: Examination, labels: Labels) -> Remedy:
    """Return the rows left out whose neighbours say another class."""
    return leaving_out(examined.case, labels.doubtful_places)


def confirm(laboratory: Laboratory, given: Remedy) -> Experiment | None:
    """Train without doubtful rows: those of which trainings without them doubt as well."""
    return compare_without_doubtful(laboratory)


SOME_WRONG = Story(signs, remedy, confirm)
