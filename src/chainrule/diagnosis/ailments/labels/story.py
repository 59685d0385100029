"""A story: one way in which labels and inputs came apart, with its signs, remedy and experiment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.labels import Labels
from chainrule.diagnosis.sign import Sign

# Beyond so many deviations of shuffled targets the targets fit as they stand.
FAR_FROM_CHANCE = 10.0
# On fewer rows held out what has learned something often looks like what has learned nothing.
LEAST_HELD = 20


@dataclass(frozen=True)
class Story:
    """What may have happened to labels.

    ``signs`` are those that an examination and its labels show, none where it looks otherwise;
    ``remedy`` is asked where there are some. ``confirm`` makes the experiment with that remedy;
    None where none can be made.
    """

    signs: Callable[[Examination, Labels], list[Sign]]
    remedy: Callable[[Examination, Labels], Remedy]
    confirm: Callable[[Laboratory, Remedy], Experiment | None]
