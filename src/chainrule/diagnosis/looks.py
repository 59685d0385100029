"""The looks of a check: each finds what is doubtful of one kind, or says why it was left out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from chainrule.data.giveaways import (
    FIRST_ROWS,
    GIVEN_AWAY,
    MOST_COLUMNS,
    errors_of_columns,
    looked_at,
    told,
    why_not_tried,
)
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.ailments.uninformative_labels import AS_SIMILAR, FEWEST_BESIDE, ORDER
from chainrule.diagnosis.arrangement import Arrangement
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.concern import Concern
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.first_steps import LEARNED_BY_HEART, first_steps
from chainrule.diagnosis.probes.copies import are_equal_by_chance, shared_rows
from chainrule.diagnosis.probes.groups_apart import are_apart, rows_tried
from chainrule.diagnosis.probes.neighbours import Neighbours, TargetColumns, widths_of
from chainrule.diagnosis.probes.passes import SAMPLE, pass_of
from chainrule.diagnosis.probes.relative_error import every_so_many
from chainrule.training.rows import Rows

# Of what each of equally many classes would have.
RARE = 0.2
# Karpathy's recipe asks for the loss of a guess. Columns that go together make a start twice as far
# off without harm, as those of the Wisconsin tumours do.
OFF_START = 3.0
GUESSED = ("cross_entropy", "binary_cross_entropy")
# One start of a small network in sixty is as far off by chance; the middle one of so many is not.
STARTS = 5
# A choice, of the constant prediction's error: with half of it gone, zeros have been learned from.
KNOWN_WITHOUT_INPUTS = 0.5
# What the network is asked for may take so long, and a pass over the sample so much of it.
SECONDS, PASS_SECONDS, FEWEST_ROWS = 0.8, 0.08, 32
TRIAL_ROWS = (8, 24)
# Neighbours among so many rows are asked before labels are held to say nothing, and deviations of
# shuffled targets beyond which they do say something.
MORE_ROWS, CHANCE = 1000, 3.5


class LeftOutError(Exception):
    """A look that was not taken, and why."""


Look = Callable[[Examination, Arrangement], list[Concern]]


@dataclass(frozen=True)
class Looked:
    """What looks came to: concerns, the names of those taken, and name -> why of those left out."""

    concerns: tuple[Concern, ...]
    checked: tuple[str, ...]
    left_out: Mapping[str, str]
    rows: int


def look(case: Case, looks: Mapping[str, Look]) -> Looked:
    """Take looks at a case of no epochs until the time is over.

    Raises SetupError for what is refused only when the first step is made. Time is that of the
    thread, for other programs may hold it up.
    """
    began = time.thread_time()
    most = _rows_of_a_pass(case)
    examined = Examination(case, most=most)
    _ = examined.at_first
    found: list[Concern] = []
    checked, left_out = [], {}
    for name, one in looks.items():
        if time.thread_time() - began > SECONDS:
            left_out[name] = f"the others took {time.thread_time() - began:.1f} s"
            continue
        try:
            # What overflows is a concern of its own, and no warning beside it.
            with np.errstate(all="ignore"):
                found += one(examined, case.arrangement)
            checked.append(name)
        except LeftOutError as reason:
            left_out[name] = str(reason)
    found.sort(key=lambda one: not one.is_error)
    return Looked(tuple(found), tuple(checked), left_out, len(examined.sample))


def _rows_of_a_pass(case: Case) -> int:
    """Return how many rows a pass may be of: fewer in a network that takes long for each.

    Two passes over few rows tell what a row costs beside what every pass does.
    """
    if len(case.training) <= FEWEST_ROWS:
        return SAMPLE
    taken = []
    for most in TRIAL_ROWS:
        rows = case.training.part(np.linspace(0, len(case.training) - 1, most).astype(np.int64))
        began = time.thread_time()
        pass_of(case, case.first, rows)
        taken.append(time.thread_time() - began)
    each = max((taken[1] - taken[0]) / (TRIAL_ROWS[1] - TRIAL_ROWS[0]), 1e-9)
    return int(np.clip((PASS_SECONDS - taken[0]) / each, FEWEST_ROWS, SAMPLE))


# ---- by the rows ----


def rare_classes(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern for a class that has far fewer rows than the others."""
    target = examined.setup.targets[0]
    if target.task != "classification" or arrangement.training.time_weights:
        return []
    labels = arrangement.training.targets[0].reshape(-1).astype(np.int64)
    shares = np.bincount(labels, minlength=target.width) / len(labels)
    least = int(shares.argmin())
    even = 1.0 / target.width
    if shares[least] >= RARE * even:
        return []
    weighs = arrangement.training.weights[labels == least]
    if len(weighs) and float(weighs.mean()) > 0.5 * even / max(float(shares[least]), 1e-12):
        return []
    more = int(np.count_nonzero(shares < RARE * even)) - 1
    others = f", and {more:,} more classes are as rare" if more else ""
    return [
        Concern(
            RARE_CLASS,
            f"{_per_cent(float(shares[least]))} of the training rows are {target.labels[least]!r}, "
            f"so that a network which never predicts it is right for "
            f"{_per_cent(1.0 - float(shares[least]))} of them{others}.",
            "Weigh the classes, class_weight='balanced', and look at metrics='balanced_accuracy'.",
            float(shares[least]),
            RARE * even,
        )
    ]


def _per_cent(share: float) -> str:
    return f"{share:.1%}" if 0.0005 <= share <= 0.9995 or share in (0.0, 1.0) else f"{share:.3%}"


def shared(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern for validation rows that are training rows, too; all are compared."""
    places = shared_rows(arrangement.training, arrangement.validation)
    if not len(places) or are_equal_by_chance(arrangement.training, arrangement.validation):
        return []
    share = len(places) / len(arrangement.validation)
    return [
        Concern(
            "rows in both parts",
            f"{len(places):,} of {len(arrangement.validation):,} validation rows ({share:.0%}) "
            "stand among the training rows, too, so that learning by heart looks like success.",
            "Leave copies out, or split by whom or what the rows are of.",
            share,
            0.0,
        )
    ]


def given_away(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern for columns that say the target by themselves.

    Raises LeftOutError where there are no columns, or too few rows to tell one from luck.
    """
    rows = arrangement.training
    x = rows.inputs[0]
    if len(rows.inputs) > 1 or x.ndim != 2 or x.dtype.kind != "f" or rows.time_weights:
        raise LeftOutError("the inputs are no single table of numbers")
    reason = why_not_tried(len(rows), x.shape[1])
    if reason:
        raise LeftOutError(reason)
    setup = examined.setup
    places = looked_at(len(rows), setup.seed)
    target = rows.targets[0][places]
    if setup.targets[0].task == "classification":
        target = target.reshape(-1).astype(np.int64)
    errors = errors_of_columns(x[places], target, setup.seed)
    found = told(errors)
    if not len(found):
        return []
    best = int(found[0])
    names = examined.case.columns
    named = repr(names[best]) if names else str(best)
    more = f", and {len(found) - 1:,} more do" if len(found) > 1 else ""
    return [
        Concern(
            "a column gives the answer away",
            f"Column {named} alone predicts the target with {errors[best]:.1%} of the error of a "
            f"constant{more}{_tried(len(places), len(rows), x.shape[1])}: it may be made of the "
            "target.",
            "Leave it out unless it is known before the target is.",
            float(errors[best]),
            GIVEN_AWAY,
        )
    ]


def _tried(count: int, rows: int, columns: int) -> str:
    """Return on how many rows columns were tried, where it was not on all."""
    if columns > MOST_COLUMNS:
        said = f"{min(count, FIRST_ROWS):,} rows chose which columns to try"
        return f" ({said}, on {count:,} of {rows:,})"
    return f" (tried on {count:,} of {rows:,} rows)" if count < rows else ""


# ---- by the network ----


def loss_at_start(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern where the loss at the start is not about that of a guess."""
    setup = examined.setup
    if len(setup.losses) > 1 or setup.losses[0].name not in GUESSED:
        return []
    theory = math.log(max(2, setup.targets[0].width))
    low, high = theory / OFF_START, theory * OFF_START
    seen = examined.at_first.loss
    if low <= seen <= high:
        return []
    others = [_loss_by(examined, arrangement, setup.seed + 1 + one) for one in range(STARTS - 1)]
    if low <= float(np.median([seen, *others])) <= high:
        return []
    return [
        Concern(
            "the loss at the start",
            f"The loss before the first step is {seen:.3g}, and that of a guess among "
            f"{max(2, setup.targets[0].width)} classes is {theory:.3g}.",
            "Let weights start as layers do by default, and scale the inputs.",
            seen,
            high if seen > theory else low,
        )
    ]


def _loss_by(examined: Examination, arrangement: Arrangement, seed: int) -> float:
    """Return the loss at another start; parameters that were given are the same there."""
    network = arrangement.started(seed, 0).setup.network
    return pass_of(examined.case, network, examined.sample).loss


def sign_of(name: str, examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return the first sign of an ailment, if there is one before the first step."""
    ailment = AILMENTS[name]
    signs = ailment.signs(examined)[:1]
    if not signs:
        return []
    remedies = ailment.remedies(examined)
    remedy = remedies[0].words if remedies else "Look at the rows, and at how they were made."
    return [Concern(ailment.title, one.words, remedy, one.measured, one.threshold) for one in signs]


def scales(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return the concern that numbers are unscaled; of several inputs none is looked at."""
    if len(arrangement.training.inputs) > 1:
        raise LeftOutError("of several inputs scales are not compared")
    return sign_of("unscaled", examined, arrangement)


def labels(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return the concern that labels stand beside other rows, or say nothing where more rows agree.

    That single labels are contradicted by neighbours is no concern before a training: whether the
    labels are wrong or the neighbours know little is what experiments find out.
    """
    if examined.labels is None:
        raise LeftOutError("of few rows, of times and of tokens, neighbours say nothing")
    signs = AILMENTS["uninformative_labels"].signs(examined)
    told = signs and signs[0].quantity in (ORDER, AS_SIMILAR)
    if not told or _are_few(examined, arrangement.training):
        return []
    found = sign_of("uninformative_labels", examined, arrangement)
    if not found or signs[0].quantity == ORDER:
        return found
    rows = arrangement.training
    if _say_something(examined, rows):
        return []
    tried = f"{min(len(rows), MORE_ROWS):,} of {len(rows):,} rows"
    return [replace(one, cause=f"{one.cause[:-1]}, in {tried}.") for one in found]


def _are_few(examined: Examination, rows: Rows) -> bool:
    """Whether rows are too few, or nearly all of one class, to tell nothing from little."""
    if examined.setup.targets[0].task != "classification":
        return len(rows) < 2 * FEWEST_BESIDE
    counts = np.bincount(rows.targets[0].reshape(-1).astype(np.int64))
    return len(rows) - int(counts.max()) < FEWEST_BESIDE


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
    return (
        float(np.abs(near.distances_from_chance(known, near.shuffled_errors(known))).max()) > CHANCE
    )


def one_batch(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern where one batch cannot be learned, or is learned without its inputs."""
    if all((one == one[:1]).all() for one in arrangement.training.targets):
        raise LeftOutError("all training rows have the same target")
    seen = first_steps(arrangement)
    if seen.rows < 2:
        return _same_inputs(arrangement)
    if seen.is_cut_off:
        raise LeftOutError(f"{seen.steps:,} steps on {seen.rows} rows take too long")
    if seen.with_inputs > LEARNED_BY_HEART:
        return [
            Concern(
                "one batch",
                f"{seen.steps} steps on {seen.rows} rows alone leave {seen.with_inputs:.0%} of the "
                "error of a constant, and a network should learn so few by heart.",
                "Look at the learning rate, the scale of the inputs and the output layer, or make "
                "the network larger.",
                seen.with_inputs,
                LEARNED_BY_HEART,
            )
        ]
    if seen.with_zeros < KNOWN_WITHOUT_INPUTS and len(examined.case.training) > seen.rows:
        return [
            Concern(
                "inputs of zeros",
                f"With zeros in place of its inputs one batch is learned to {seen.with_zeros:.0%} "
                "of the error of a constant, so the targets are known without them.",
                "Look for a second input that says the target.",
                seen.with_zeros,
                KNOWN_WITHOUT_INPUTS,
            )
        ]
    return []


def _same_inputs(arrangement: Arrangement) -> list[Concern]:
    """Return a concern where all rows have the same inputs."""
    rows = arrangement.training
    if len(rows) < 2:
        return []
    return [
        Concern(
            "inputs that are the same",
            f"All {len(rows)} rows have the same inputs as far as was looked, so that none can be "
            "told from another.",
            "Look at how the inputs were read.",
            1.0,
            2.0,
        )
    ]


RARE_CLASS = "a rare class"
COPIES = "rows in both parts"
GIVEAWAYS = "columns that give the answer away"
LOOKS: dict[str, Look] = {
    "rare classes": rare_classes,
    COPIES: shared,
    GIVEAWAYS: given_away,
    "the loss at the start": loss_at_start,
    "scales": scales,
    "output": partial(sign_of, "mismatched_output"),
    "start": partial(sign_of, "bad_start"),
    "labels": labels,
    "one batch": one_batch,
}


def without(names: Sequence[str]) -> dict[str, Look]:
    """Return the looks but for some."""
    return {name: one for name, one in LOOKS.items() if name not in names}
