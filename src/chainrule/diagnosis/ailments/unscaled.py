"""Inputs or targets that are unscaled or far off centre: no step length suits all weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments.scale_makers import of_makers, told_of
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.by_others import by_others
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.other_rows import compare_by_turns
from chainrule.diagnosis.probes.columns import (
    Columns,
    Numbers,
    are_of_one_unit,
    by_column,
    measured,
)
from chainrule.diagnosis.probes.extreme_rows import extreme_rows
from chainrule.diagnosis.probes.missing_numbers import missing_numbers
from chainrule.diagnosis.probes.units import HARDLY, shares_of_slope
from chainrule.diagnosis.remedies.filling_in import filling_in
from chainrule.diagnosis.remedies.scaling import Chosen, open_targets, real_cases, standardising
from chainrule.diagnosis.remedies.without_makers import (
    WITHOUT_MAKERS,
    numbers_of,
    without_makers,
)
from chainrule.diagnosis.remedies.without_rows import WITHOUT_EXTREME, told_rows, without_rows
from chainrule.diagnosis.sign import Sign
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.run import Run
from chainrule.training.train import train

# Starts are made for inputs of mean 0 and deviation 1; five times that is far outside of any usual
# scaling (pixels from 0 to 1 have 0.5, standard scores 1).
LARGE, SMALL = 10.0, 1.0 / 30.0
OFF_CENTRE = 5.0
# Squared it is the ratio of curvatures, and so of the steps that two weights ask for.
APART = 10.0
# A choice: what is less apart comes to about the same, each by itself or all as one.
TWICE = 2.0
# Of the units of a layer.
MOST = 0.5
INPUTS, TARGET = "numbers of inputs", "numbers of the target"
LECUN = 'LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, section 4.3'
FANS = "the starts of LeCun, Glorot and He, which are made for a mean of 0 and a deviation of 1"


def signs(examined: Examination) -> list[Sign]:
    found = [*examined.shown(_of_inputs), *examined.shown(_of_target)]
    if not found or not len(places := _rows_that_make_it_so(examined)):
        return [*of_makers(examined), *found]
    said = f" Without {told_rows(examined.case, places)} it would not be so."
    return [replace(one, words=one.words + said) for one in found]


def _rows_that_make_it_so(examined: Examination) -> NDArray[np.int64]:
    """Return the places of few extreme rows without which there are no signs; none for others."""
    case = examined.case
    places = extreme_rows(case)
    if not len(places):
        return places
    left = np.setdiff1d(np.arange(len(case.training)), places)
    others = Examination(case.arranged(case.arrangement.keeping(left)))
    return places[:0] if _of_inputs(others) or _of_target(others) else places


def _of_inputs(examined: Examination) -> list[Sign]:
    case = examined.case
    plan, found, deviations = case.first.plan, [], []
    if case.scaled:
        return []
    for place, (name, kind) in enumerate(plan.kinds.items()):
        if kind != "float":
            continue
        rows = real_cases(case, examined.sample, place)
        what = "the inputs" if len(plan.kinds) == 1 else f"the input {name}"
        columns, told = Columns.of(what, rows), measured(rows)
        found += _of_size(what, columns, told, INPUTS)
        deviations.append(np.where(told & columns.varying, columns.deviations, np.nan))
    together = np.concatenate(deviations) if deviations else np.zeros(0)
    if np.isfinite(together).sum() > 1:
        found += _of_ratio(case, together)
    return found


def _of_target(examined: Examination) -> list[Sign]:
    found = []
    for place in [] if examined.case.scaled else open_targets(examined.case):
        rows = by_column(examined.sample.targets[place])
        alone = len(examined.setup.targets) == 1
        what = "the target" if alone else f"target {place + 1}"
        found += _of_size(what, Columns.of(what, rows), measured(rows), TARGET)
    return found


def _of_size(what: str, columns: Columns, told: Numbers, kind: str) -> list[Sign]:
    """Return the signs of numbers that are large, small, or far from 0 for their spread.

    ``kind``: whether they are of inputs or of the target.
    """

    def sign(
        quantity: str, measured: float, threshold: float, words: str, normal: str, source: str
    ) -> Sign:
        side: Literal["above", "below"] = "above" if measured > threshold else "below"
        return Sign(
            quantity, measured, threshold, side, words, normal, source, where=what, kind=kind
        )

    with np.errstate(all="ignore"):
        means, squares = columns.means, np.where(columns.varying, columns.deviations**2, 0.0)
        size = float(np.sqrt(np.mean(means**2 + squares)))
        small = float(np.sqrt(np.mean((means**2 + squares)[told]))) if told.any() else np.nan
        centre = float(np.sqrt(np.sum(means**2) / np.sum(squares)))
    found = []
    if size > LARGE:
        words = f"The numbers of {what} have the size {size:.3g} (their root mean square)."
        found.append(sign("size", size, LARGE, words, "about 1", FANS))
    if small < SMALL:
        words = f"The numbers of {what} have the size {small:.2g} (their root mean square)."
        found.append(sign("size", small, SMALL, words, "about 1", FANS))
    if np.isfinite(centre) and centre > OFF_CENTRE:
        mean = f"The mean of {what} lies {centre:.3g} deviations away from 0."
        found.append(sign("off centre", centre, OFF_CENTRE, mean, "about 0", LECUN))
    return found


def _of_ratio(case: Case, deviations: Numbers) -> list[Sign]:
    """Return the sign of columns whose deviations (NaN: not compared) are far apart."""
    wide, narrow = int(np.nanargmax(deviations)), int(np.nanargmin(deviations))
    with np.errstate(all="ignore"):
        ratio = float(deviations[wide] / deviations[narrow])
    if not ratio > APART:
        return []
    names = case.columns if len(case.columns) == len(deviations) else ()
    named = [names[one] if names else f"column {one}" for one in (wide, narrow)]
    words = (
        f"The standard deviation of {named[0]} is {deviations[wide]:.3g}, that of {named[1]} "
        f"{deviations[narrow]:.3g}: the curvature differs by the square of their ratio, "
        f"{ratio**2:.2g}."
    )
    return [
        Sign("ratio of deviations", ratio, APART, "above", words, "about 1", LECUN, kind=INPUTS)
    ]


def remedies(examined: Examination) -> list[Remedy]:
    inputs, target = bool(examined.shown(_of_inputs)), bool(examined.shown(_of_target))
    if (inputs or target) and len(places := _rows_that_make_it_so(examined)):
        # Scaled by a deviation that few numbers have made, all the others are nearly 0.
        return [without_rows(examined.case, places)]
    if inputs and len(missing := missing_numbers(examined.case)):
        return [filling_in(missing)]
    if makers := told_of(examined):
        also = Chosen(inputs=inputs, target=target) if inputs or target else None
        return [without_makers(examined.case, makers, also)]
    ways = [Chosen(inputs=inputs, target=target)] if inputs and target else []
    ways += [Chosen(inputs=True)] if inputs else []
    ways += [Chosen(target=True)] if target else []
    if inputs and _are_of_one_unit(examined):
        ways.insert(0, Chosen(inputs=True, target=target, as_one=True))
    return [standardising(examined.case, examined.sample, one) for one in ways]


def _are_of_one_unit(examined: Examination) -> bool:
    """Whether the columns of each input are of one unit, and some spread by more than others."""
    case = examined.case
    inputs = [
        real_cases(case, examined.sample, place)
        for place, kind in enumerate(case.first.plan.kinds.values())
        if kind == "float"
    ]
    return all(map(are_of_one_unit, inputs)) and any(map(_spread_apart, inputs))


def _spread_apart(cases: Numbers) -> bool:
    """Whether the curvatures of columns (cases, columns), squares of deviations, are not alike."""
    squares = cases.var(axis=0)
    return bool(squares.max() > TWICE * squares[squares > 0.0].min(initial=np.inf))


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare on rows held out; in turn where it is in doubt, but not where rows are left out.

    That units do not learn which inputs hold where they are flat follows from the chain rule.
    """
    if not given:
        return None
    if given[0].name == WITHOUT_EXTREME:
        return laboratory.compare(given)
    if given[0].name == WITHOUT_MAKERS:
        gone = numbers_of(examined.case, told_of(examined))
        return laboratory.compare(given, by_others(gone))
    return compare_by_turns(laboratory, given, by_law=_is_flat_by_size(examined))


def _is_flat_by_size(examined: Examination) -> bool:
    """Whether inputs are large, and most units of a hidden layer flat for nearly all rows.

    What is flat passes no gradient on, so that layers in front of it do not learn.
    """
    large = any(one.side == "above" and one.kind == INPUTS for one in examined.shown(signs))
    hidden = [one for one in examined.at_first.units if not one.is_output]
    return large and any(np.mean(shares_of_slope(one) < HARDLY) > MOST for one in hidden)


def specimen(seed: int) -> Run:
    """A small regression on columns in units from thousandths to thousands, some far from 0."""
    x = randomness.normal(seed, "specimen", 200 * 6).reshape(200, 6)
    y = np.tanh(x @ np.array([1.0, -1.0, 0.5, 0.0, 2.0, 0.3]))
    units = np.array([1.0, 1000.0, 0.01, 1.0, 20.0, 100.0])
    network = Network(Dense(16, "tanh"), Dense(1))
    return train(
        network, (x + 3.0) * units, y, learning_rate=0.01, epochs=60, validation=0.25, seed=seed,
        progress=False,
    )  # fmt: skip


UNSCALED = Ailment(
    "unscaled",
    "inputs or targets are unscaled",
    "Numbers are large, small, far from 0, or in units far apart, so that units saturate at once "
    "and no learning rate suits all weights: what is short enough for one is too short for others.",
    signs,
    remedies,
    specimen,
    leads_to=(
        "rate_too_high",
        "rate_too_low",
        "not_finite",
        "dead_units",
        "saturation",
        "constant_prediction",
    ),
    confirm=confirm,
)
