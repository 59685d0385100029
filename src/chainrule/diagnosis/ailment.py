"""AILMENTS: what can be wrong with a training, each as one block.

A block says which signs a run shows, which remedies there are, what the ailment leads to, and how
to make a run that has it. Whether it is the cause is found out by experiment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.sign import Sign

if TYPE_CHECKING:
    from chainrule.diagnosis.examination import Examination
    from chainrule.diagnosis.experiments.experiment import Experiment
    from chainrule.diagnosis.experiments.laboratory import Laboratory
    from chainrule.training.run import Run

Confirm = Callable[["Examination", "Laboratory", Sequence[Remedy]], "Experiment | None"]

ShownBy = Literal["errors", "errors on other rows", "another measure"]


@dataclass(frozen=True)
class Ailment:
    """One thing that goes wrong.

    ``title`` names it in a few words, ``meaning`` says in a sentence or two what happens and why.
    ``signs`` are those that a run shows, none where it looks sound: measured, never guessed.
    ``remedies`` are what may cure it, the likeliest first; of several the experiment takes the
    best. ``leads_to`` are the ailments that follow from it. ``confirm`` replaces the usual
    experiment, which trains with each remedy and without, from the same starts. ``specimen`` is a
    run that has it, of a seed. ``is_failure``: its signs are the failure itself, so that a run
    which shows them is never healthy, whether or not its cause is found. ``tried_behind``: the name
    of a remedy, or the kind of a sign -> the ailment right behind which it is tried; without
    it, an ailment is tried in the order of the table, and a failure behind all causes.

    ``shown_by`` says when it can be treated together with others, which is judged by errors:
    always, where rows that were not learned from are at hand, or not at all. ``opposite``: another
    whose remedy undoes this one's. ``is_treated_last``: its remedy looks at what others change.
    """

    name: str
    title: str
    meaning: str
    signs: Callable[[Examination], list[Sign]]
    remedies: Callable[[Examination], list[Remedy]]
    specimen: Callable[[int], Run]
    leads_to: tuple[str, ...] = ()
    confirm: Confirm | None = None
    is_failure: bool = False
    shown_by: ShownBy = "errors"
    opposite: str = ""
    is_treated_last: bool = False
    tried_behind: Mapping[str, str] = field(default_factory=dict)
