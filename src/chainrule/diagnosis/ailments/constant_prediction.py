"""A network that says the same whatever it is given: no better than the best constant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments import rate_too_low
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.own_start import (
    FROM_OTHER_STARTS,
    IN_OTHER_ORDERS,
    from_own_start,
    trained_from_own_start,
)
from chainrule.diagnosis.experiments.rule import Rule
from chainrule.diagnosis.probes.brakes import DECAY, DROPOUT, PENALTIES, felt_brakes
from chainrule.diagnosis.probes.chance import probability_above_zero
from chainrule.diagnosis.probes.classes import Classes
from chainrule.diagnosis.probes.constant_layers import normalised_alone, told_alone
from chainrule.diagnosis.probes.outputs_apart import OneOutput, no_better_than_constants
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.remedies.network_changes import without_layer
from chainrule.diagnosis.remedies.rate_changes import no_clipping
from chainrule.diagnosis.remedies.regularisation import no_dropping, no_penalties
from chainrule.diagnosis.sign import Sign, shortened
from chainrule.diagnosis.wording import AT_MOST, listed, share_of
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.optimizers import Adam, rate_of
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.train import train

# 1 is the best constant prediction; a twentieth below it is within the reach of chance.
NO_BETTER, STILL_GOOD = 0.95, 0.5
# Who knows a fifth of what there is says no constant.
A_FIFTH_KNOWN = 0.8
# So many steps are enough to move away from a constant, if slowly.
ENOUGH_STEPS = 50
BRAKES = "Goodfellow, Bengio, Courville, Deep Learning, section 7.1"
# Of fewer rows held out an error is too much a matter of luck.
LEAST_HELD = 30
# Where a plane and a smooth surface know no more of the targets either, being little better than a
# constant is no failure; half of what they know shows that the network uses its inputs. On the
# other side of the constant it may be by the luck of the rows held out, within two standard errors.
LITTLE_KNOWN, HALF_OF_IT, LUCK = 0.2, 0.5, 0.025
RATE_OF_ADAM = 0.01
ANOTHER_START = "another start"


def signs(examined: Examination) -> list[Sign]:
    case = examined.case
    if not len(examined.course) or not _was_trained(examined):
        return []
    sound, error = case.ended_sound, examined.last_errors.training
    if sound and _is_weighed_and_tells_classes(examined):
        return []
    # What was kept may be of an epoch before it collapsed.
    if not (sound and error >= NO_BETTER and examined.errors.training > STILL_GOOD):
        return _on_others(examined)
    if _knows_what_is_known(examined) or _was_held_back_later(examined):
        return []
    return [
        Sign(
            f"training error over that of a constant{AT_MOST}", error, NO_BETTER, "above",
            f"After {case.epochs} epochs the error on the training rows is {share_of(error)}.",
            "far below 100 %", "the best constant prediction, which needs no inputs "
            "(Karpathy, A Recipe for Training Neural Networks, 2019)",
            curve=shortened(examined.course.losses), curve_of="training loss over epochs",
        ),
        *_passing_nothing_on(examined),
        *_held_back(examined),
    ]  # fmt: skip


def _passing_nothing_on(examined: Examination) -> list[Sign]:
    """Return the signs of layers whose output is the same whatever they are given."""
    return [
        Sign(
            "numbers that are normalised together", 1.0, 2.0, "below", told_alone(layer),
            "two at least, and better many",
            "the formula of the layer: (x - mean) / deviation (Ba and others, arXiv 1607.06450)",
            where=layer,
        )
        for layer in normalised_alone(examined.setup.network.plan)
    ]  # fmt: skip


def _was_held_back_later(examined: Examination) -> bool:
    """Whether what was kept is of an epoch before penalties or decay took all of it back.

    It uses its inputs, and is held back: no constant, but too strong a regularisation.
    """
    return examined.errors.training < A_FIFTH_KNOWN and bool(felt_brakes(examined.case))


def _held_back(examined: Examination) -> list[Sign]:
    """Return the signs of what may hold weights and units at nothing."""
    return [
        Sign(
            one.quantity,
            one.measured,
            one.threshold,
            "above",
            f"{one.words}.",
            one.normal,
            BRAKES,
            kind=one.kind,
        )
        for one in felt_brakes(examined.case)
    ]


def _on_others(examined: Examination) -> list[Sign]:
    """Return the sign of a network that is no better than a constant on rows held out.

    One that has learned its own rows does use its inputs: that is overfitting.
    """
    error, held = examined.errors.validation, len(examined.case.validation)
    if held >= LEAST_HELD and error < 1.0:
        return _on_one(examined)
    if held < LEAST_HELD or not error >= 1.0 or examined.errors.training <= STILL_GOOD:
        return []
    if examined.errors.training < NO_BETTER and _little_known(examined) and _may_be_luck(examined):
        return []
    return [
        Sign(
            f"error on rows held out over that of a constant{AT_MOST}", error, 1.0, "above",
            f"The error on {held} rows that were not learned from is "
            f"{share_of(error)}.",
            "below 100 %", "the best constant prediction, which needs no inputs "
            "(Karpathy, A Recipe for Training Neural Networks, 2019)",
        )
    ]  # fmt: skip


def _may_be_luck(examined: Examination) -> bool:
    """Whether by the luck of the rows held out the error may be above that of a constant."""
    by_row = examined.errors.by_row
    return by_row is not None and len(by_row) > 1 and probability_above_zero(by_row - 1.0) >= LUCK


def _on_one(examined: Examination) -> list[Sign]:
    """Return the sign of a target, or column, that the mean over all of them hides.

    Where little can be known of it, and about as much is missed, that is no failure.
    """
    found = [
        one
        for one in no_better_than_constants(examined.case)
        if one.error >= _least_of_one(examined, one)
    ]
    if not found:
        return []
    worst, held = found[0], len(examined.case.validation)
    more = f", and {len(found) - 1} more are no better" if len(found) > 1 else ""
    return [
        Sign(
            f"error of one target on rows held out over that of a constant{AT_MOST}", worst.error,
            1.0, "above",
            f"Of {worst.words} the error on {held} rows that were not learned from is "
            f"{share_of(worst.error)}{more}, while the mean over all is "
            f"{share_of(examined.errors.validation)}.",
            "below 100 % for each", "the best constant prediction, which needs no inputs; row by "
            "row, by Student's t, of as many as there are (Bonferroni)",
            where=worst.words,
        )
    ]  # fmt: skip


def _least_of_one(examined: Examination, one: OneOutput) -> float:
    """Return the error from which one target is a failure, by what simple predictors know of it."""
    labels = examined.labels
    known = None if labels is None else labels.known_share_of(one.place, one.column)
    if known == 0.0:
        return NO_BETTER
    return 1.0 + HALF_OF_IT * known if known is not None and known <= LITTLE_KNOWN else 1.0


def _little_known(examined: Examination) -> float:
    """Return the share of the targets that is known by simple predictors, 0 unless it is small."""
    known = None if examined.labels is None else examined.labels.known_share
    return known if known is not None and known <= LITTLE_KNOWN else 0.0


def _knows_what_is_known(examined: Examination) -> bool:
    """Whether little can be known of the targets, and rows held out show half of it or more."""
    error = examined.last_errors.validation
    if len(examined.case.validation) < LEAST_HELD or not error < 1.0:
        return False
    known = _little_known(examined)
    return known > 0.0 and 1.0 - error >= HALF_OF_IT * known


def _is_weighed_and_tells_classes(examined: Examination) -> bool:
    """Whether classes are weighed, which moves probabilities away, and yet are told apart."""
    case, target = examined.case, examined.setup.targets[0]
    if target.task != "classification" or not np.ptp(case.training.weights):
        return False
    seen = Classes.of(examined.last_sound, examined.setup, case.training)
    wrong = math.nan if seen is None else 1.0 - float(np.nanmean(seen.recalls))
    return wrong < NO_BETTER * (1.0 - 1.0 / max(2, target.width))


def _was_trained(examined: Examination) -> bool:
    """Return whether there were steps enough, or the loss has come to rest."""
    case, course = examined.case, examined.course
    if case.epochs * case.steps_of_epoch >= ENOUGH_STEPS:
        return True
    # A loss that is no number has come to no rest.
    return not math.isnan(course.last) and course.has_come_to_rest(examined.at_first.loss)


def remedies(examined: Examination) -> list[Remedy]:
    setup = examined.setup
    given = (
        _all_passing_on(setup),
        no_penalties(setup),
        no_dropping(setup),
        _nothing_frozen(setup),
        no_clipping(setup),
        _adam(setup),
    )
    found = [one for one in given if one is not None]
    if examined.shown(rate_too_low.signs):
        # Another optimizer would be another rate as well.
        found = [one for one in found if one.name != "adam"]
    return [*found, _another_start(setup.seed + 1, examined.is_of_table)]


def _all_passing_on(setup: Setup) -> Remedy | None:
    layers = normalised_alone(setup.network.plan)
    if not layers:
        return None

    def change(before: Setup) -> Setup:
        network = before.network
        for layer in normalised_alone(network.plan):
            network = without_layer(network, layer)
        return replace(before, network=network)

    words = f"Leave out {listed(layers)}, or let it normalise more than one number."
    return Remedy("without layers that pass nothing on", words, on_setup(change))


def _another_start(seed: int, of_table: bool) -> Remedy:
    return Remedy(
        ANOTHER_START, f"Begin from another start, with another seed, such as {seed}.",
        lambda before: before.begun_anew(seed), f"seed={seed}", seed=seed,
        # The folds of a table have seeds that follow from that of the table.
        by_hand=of_table,
    )  # fmt: skip


def _nothing_frozen(setup: Setup) -> Remedy | None:
    if unfrozen(setup) is setup:
        return None
    code = _unfrozen_in_code(setup)
    return Remedy("nothing frozen", "Train all parameters.", on_setup(unfrozen), code)


def unfrozen(setup: Setup) -> Setup:
    """Return the setup with nothing frozen; itself where nothing is."""
    rates = {name: one for name, one in setup.rates.items() if one > 0.0}
    if not setup.freeze and len(rates) == len(setup.rates):
        return setup
    return replace(setup, freeze=(), rates=rates)


def _unfrozen_in_code(setup: Setup) -> str:
    free = unfrozen(setup)
    return "freeze=()" if free.rates == setup.rates else f"freeze=(), rates={dict(free.rates)!r}"


def _adam(setup: Setup) -> Remedy | None:
    if with_adam(setup) is setup:
        return None
    words = "Train with Adam, whose steps are as long where the slope is small."
    code = f'optimizer="adam", learning_rate={RATE_OF_ADAM:g}'
    return Remedy("adam", words, on_setup(with_adam), code)


def with_adam(setup: Setup) -> Setup:
    """Return the setup with Adam; itself where the optimizer has steps of that kind."""
    if rate_of(setup.optimizer) is None or setup.optimizer.name not in (
        "gradient_descent", "momentum", "nesterov",
    ):  # fmt: skip
        return setup
    return replace(setup, optimizer=Adam(learning_rate=RATE_OF_ADAM))


def confirm(
    examined: Examination, laboratory: Laboratory, chosen: Sequence[Remedy]
) -> Experiment | None:
    """Try what may hold a training back; and whether it was the start alone."""
    others = [one for one in chosen if one.name != ANOTHER_START]
    found = laboratory.compare(others) if others else None
    if found is not None and found.is_clear:
        return found
    if len(others) == len(chosen):
        return found
    try:
        again = None if found is None else from_own_start(laboratory, found)
        if again is not None and again.is_clear:
            return again
        looks = sum(one is not None for one in (found, again))
        unlucky = _by_other_starts(examined, laboratory, 1 + looks)
    except OutOfTimeError:
        return found
    is_answer = unlucky is not None and (found is None or unlucky.is_clear)
    return unlucky if is_answer else found


def _by_other_starts(
    examined: Examination, laboratory: Laboratory, looks: int
) -> Experiment | None:
    """Return the experiment of trainings from other starts beside those from the run's own.

    None where the others have learned no more than it, or too little more to matter. The seed to
    begin with is the first of them that does as well as the middle one.
    """
    seeds = laboratory.seeds[1:]
    elsewhere = laboratory.untreated(seeds)
    errors = [one.judged for one in elsewhere]
    gains = Rule().is_met([examined.errors.judged], errors)
    if not gains or median(errors) >= NOTHING_LEARNED:
        return None
    here = trained_from_own_start(laboratory, laboratory.case.arrangement)
    pairs = zip(seeds, errors, strict=True)
    seed = next(seed for seed, error in pairs if error <= median(errors))
    another = _another_start(seed, examined.is_of_table)
    return laboratory.experiment(
        another, (here, elsewhere), untreated_name=IN_OTHER_ORDERS,
        treated_name=FROM_OTHER_STARTS, looks=looks,
    )  # fmt: skip


def specimen(seed: int) -> Run:
    """Three classes under an L2 penalty beside which the loss counts for nothing."""
    x = randomness.normal(seed, "specimen", 210 * 4).reshape(210, 4)
    x += 1.5 * np.eye(4)[np.arange(210) % 3]
    network = Network(Dense(10, "tanh"), Dense(3))
    return train(
        network, x, np.arange(210) % 3, learning_rate=0.01, l2=1.0, epochs=30, validation=0.25,
        seed=seed, progress=False,
    )  # fmt: skip


CONSTANT_PREDICTION = Ailment(
    "constant_prediction",
    "the network does no better than a constant",
    "Always saying the same would do as well: of the inputs the network uses nothing, and at best "
    "it has learned how frequent the classes are, or the mean.",
    signs,
    remedies,
    specimen,
    confirm=confirm,
    is_failure=True,
    # Where something is seen that holds it back, that is no failure to be explained at last.
    tried_behind=dict.fromkeys((PENALTIES, DECAY, DROPOUT), "over_regularised"),
)
