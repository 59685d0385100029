"""Looks by signs that ailments have before the first step: scales, output, start, labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.ailments.labels.misaligned import MISALIGNED
from chainrule.diagnosis.ailments.labels.shuffled import (
    FEWEST_BESIDE,
    SHUFFLED,
    beside_the_frequent,
    more_similar_by_chance,
)
from chainrule.diagnosis.ailments.uninformative_labels import stories
from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.checks.concern import Concern
from chainrule.diagnosis.checks.look import LeftOutError
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.groups_apart import are_apart, rows_tried
from chainrule.diagnosis.probes.missing_numbers import filled_in, missing_numbers
from chainrule.diagnosis.probes.neighbours import Neighbours, TargetColumns, widths_of
from chainrule.diagnosis.probes.relative_error import every_so_many
from chainrule.diagnosis.remedies.labels import LOOK
from chainrule.training.rows import Rows

# Neighbours among so many rows are asked before labels are held to say nothing, and deviations of
# shuffled targets beyond which they do say something.
MORE_ROWS, SAYS_SOMETHING = 1000, 3.5


def sign_of(name: str, examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return the first sign of an ailment, if there is one before the first step."""
    ailment = AILMENTS[name]
    signs = examined.shown(ailment.signs)[:1]
    if not signs:
        return []
    remedies = ailment.remedies(examined)
    remedy = remedies[0].words if remedies else "Look at the rows, and at how they were made."
    return [Concern(ailment.title, one.words, remedy, one.measured, one.threshold) for one in signs]


def scales(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return the concern that numbers of an input or of a target are unscaled.

    Such as may stand for missing ones are a concern of their own: the others count here.
    """
    found = missing_numbers(examined.case)
    if found:
        case = examined.case
        parts = (filled_in(one, found, case.training) for one in (case.training, case.validation))
        training, validation = parts
        filled = replace(case, training=training, validation=validation)
        examined = Examination(filled, most=examined.most)
    return sign_of("unscaled", examined, arrangement)


def labels(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return the concern that labels stand beside other rows, or say nothing where more rows agree.

    That single labels are contradicted by neighbours is no concern before a training: whether the
    labels are wrong or the neighbours know little is what experiments find out.
    """
    if examined.labels is None or "integer" in arrangement.setup.network.plan.kinds.values():
        # What an order of tokens says, and no single one, only trainings can tell.
        raise LeftOutError("of few rows, of times and of tokens, neighbours say nothing")
    told = stories(examined)[:1]
    is_shuffled = told == [SHUFFLED] and more_similar_by_chance(examined.labels)
    is_told = is_shuffled or told == [MISALIGNED]
    if not is_told or _are_few(examined, arrangement.training):
        return []
    found = sign_of("uninformative_labels", examined, arrangement)
    if not is_shuffled:
        return found
    rows = arrangement.training
    if _say_something(examined, rows):
        return []
    tried = f"{min(len(rows), MORE_ROWS):,} of {len(rows):,} rows"
    # What the remedy says of the network, a training would have to show.
    return [replace(one, cause=f"{one.cause[:-1]}, in {tried}.", remedy=LOOK) for one in found]


def _are_few(examined: Examination, rows: Rows) -> bool:
    """Whether rows are too few, or nearly all of one class, to tell nothing from little."""
    if examined.setup.targets[0].task != "classification":
        return len(rows) < 2 * FEWEST_BESIDE
    return beside_the_frequent(rows.targets[0]) < FEWEST_BESIDE


def _say_something(examined: Examination, rows: Rows) -> bool:
    """Whether more rows than the sign was taken from show that targets belong to their rows."""
    setup, one = examined.setup, rows.inputs[0]
    is_classes = setup.targets[0].task == "classification"
    width = int(np.prod(one.shape[1:]))
    some = every_so_many(rows, rows_tried(len(rows), width))
    y = some.targets[0].reshape(len(some), -1)[:, 0]
    if are_apart(some.inputs[0].reshape(len(some), -1), y, is_classes):
        return True
    columns = TargetColumns.of(rows.targets, widths_of(setup))
    near = Neighbours.of(rows, setup.network, setup.seed, MORE_ROWS)
    if near is None or columns is None:
        return False
    known = columns.at(near.places)
    distances = near.distances_from_chance(known, near.shuffled_errors(known))
    return float(np.abs(distances).max()) > SAYS_SOMETHING
