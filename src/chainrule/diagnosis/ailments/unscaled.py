"""Inputs or targets that are unscaled or far off centre: no step length suits all weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

import chainrule.randomness as randomness
from chainrule.data.ranges import Ranges, Scaling
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy, scaled_rows
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.other_rows import compare_by_turns
from chainrule.diagnosis.probes.columns import Columns, Numbers, by_column, measured
from chainrule.diagnosis.probes.extreme_rows import extreme_rows
from chainrule.diagnosis.probes.missing_numbers import missing_numbers
from chainrule.diagnosis.probes.reach import last_activation
from chainrule.diagnosis.probes.units import is_bounded
from chainrule.diagnosis.remedies.as_code import rows_in_code, standardising_lines
from chainrule.diagnosis.remedies.filling_in import filling_in
from chainrule.diagnosis.remedies.without_rows import WITHOUT_EXTREME, told_rows, without_rows
from chainrule.diagnosis.sign import Sign
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.train import train

# Starts are made for inputs of mean 0 and deviation 1; five times that is far outside of any usual
# scaling (pixels from 0 to 1 have 0.5, standard scores 1).
LARGE, SMALL = 10.0, 1.0 / 30.0
OFF_CENTRE = 5.0
# Squared it is the ratio of curvatures, and so of the steps that two weights ask for.
APART = 10.0
LECUN = 'LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, section 4.3'
FANS = "the starts of LeCun, Glorot and He, which are made for a mean of 0 and a deviation of 1"


def signs(examined: Examination) -> list[Sign]:
    if examined.case.scaled:
        return []
    found = [*_of_inputs(examined), *_of_target(examined)]
    if not found or not len(places := _rows_that_make_it_so(examined)):
        return found
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


def _has_table(case: Case) -> bool:
    """Whether there is one input, and it is of numbers."""
    return list(case.first.plan.kinds.values()) == ["float"]


def _has_one_target(case: Case) -> bool:
    return len(case.setup.targets) == 1


def _open_targets(case: Case) -> list[int]:
    """Return the places of the targets of numbers whose outputs nothing bounds."""
    plan, setup = case.first.plan, case.setup
    return [
        place
        for place, one in enumerate(setup.targets)
        if one.task == "regression" and not is_bounded(last_activation(plan, place).op)
    ]


def _of_inputs(examined: Examination) -> list[Sign]:
    case = examined.case
    plan, found, deviations = case.first.plan, [], []
    for place, (name, kind) in enumerate(plan.kinds.items()):
        if kind != "float":
            continue
        rows = _in_columns(case, examined.sample.inputs[place], place)
        what = "the inputs" if len(plan.kinds) == 1 else f"the input {name}"
        columns, told = Columns.of(what, rows), measured(rows)
        found += _of_size(what, columns, told)
        deviations.append(np.where(told & columns.varying, columns.deviations, np.nan))
    together = np.concatenate(deviations) if deviations else np.zeros(0)
    if np.isfinite(together).sum() > 1:
        found += _of_ratio(case, together)
    return found


def _of_target(examined: Examination) -> list[Sign]:
    found = []
    for place in _open_targets(examined.case):
        rows = by_column(examined.sample.targets[place])
        alone = _has_one_target(examined.case)
        what = "the target" if alone else f"target {place + 1}"
        found += _of_size(what, Columns.of(what, rows), measured(rows))
    return found


def _of_size(what: str, columns: Columns, told: Numbers) -> list[Sign]:
    """Return the signs of numbers that are large, small, or far from 0 for their spread."""
    with np.errstate(all="ignore"):
        means, squares = columns.means, np.where(columns.varying, columns.deviations**2, 0.0)
        size = float(np.sqrt(np.mean(means**2 + squares)))
        small = float(np.sqrt(np.mean((means**2 + squares)[told]))) if told.any() else np.nan
        centre = float(np.sqrt(np.sum(means**2) / np.sum(squares)))
    found = []
    if size > LARGE:
        words = f"The numbers of {what} have the size {size:.3g} (their root mean square)."
        found.append(Sign("size", size, LARGE, "above", words, "about 1", FANS, where=what))
    if small < SMALL:
        words = f"The numbers of {what} have the size {small:.2g} (their root mean square)."
        found.append(Sign("size", small, SMALL, "below", words, "about 1", FANS, where=what))
    if np.isfinite(centre) and centre > OFF_CENTRE:
        subject = f"{what[0].upper()}{what[1:]}"
        words = f"{subject} lies {centre:.3g} of its deviations away from 0."
        if what == "the inputs":
            words = words.replace(" lies ", " lie ").replace("its deviations", "their deviations")
        sign = Sign("off centre", centre, OFF_CENTRE, "above", words, "about 0", LECUN, where=what)
        found.append(sign)
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
    return [Sign("ratio of deviations", ratio, APART, "above", words, "about 1", LECUN)]


def _in_columns(case: Case, rows: Numbers, place: int = 0) -> Numbers:
    """Return an input as (cases, columns); what a convolution over time reads as one column."""
    name = list(case.first.plan.inputs)[place]
    first = next((one.op for one in case.first.plan.steps if name in one.inputs), "")
    if rows.ndim == 3 and first.startswith("convol"):
        return np.asarray(rows, dtype=np.float64).reshape(-1, 1)
    return by_column(rows)


def remedies(examined: Examination) -> list[Remedy]:
    if examined.case.scaled:
        return []
    inputs, target = bool(_of_inputs(examined)), bool(_of_target(examined))
    found = []
    if (inputs or target) and len(places := _rows_that_make_it_so(examined)):
        # Scaled by a deviation that few numbers have made, all the others are nearly 0.
        return [without_rows(examined.case, places)]
    if inputs and len(missing := missing_numbers(examined.case)):
        return [filling_in(missing)]
    if inputs and target:
        found.append(_standardising(examined, "inputs and target"))
    if inputs:
        found.append(_standardising(examined, "inputs"))
    if target:
        found.append(_standardising(examined, "target"))
    return found


WORDS = {
    "inputs": "Subtract from each column of X its mean, and divide by its standard deviation. "
    "Scale new rows by the same numbers.",
    "target": "Subtract from the target its mean, and divide by its standard deviation. Scale "
    "predictions back by the same numbers.",
    "inputs and target": "Subtract from each column of X, and from the target, its mean, and "
    "divide by its standard deviation. Scale new rows, and predictions back, by the same numbers.",
}


WORDS_OF_SEVERAL = {
    "inputs": "Subtract from each column of every input of numbers its mean, and divide by its "
    "standard deviation. Scale new rows by the same numbers.",
    "target": "Subtract from each column of every target of numbers its mean, and divide by its "
    "standard deviation. Scale predictions back by the same numbers.",
    "inputs and target": "Subtract from each column of every input and target of numbers its mean, "
    "and divide by its standard deviation. Scale new rows, and predictions back, by the same "
    "numbers.",
}


def _standardising(examined: Examination, what: str) -> Remedy:
    case = examined.case
    words, code = WORDS[what], _in_code(examined, what)
    change = partial(standardised, case, inputs="inputs" in what, target="target" in what)
    # A run knows how to scale one input and one target: of others people keep the numbers.
    one_each = _has_table(case) and _has_one_target(case)
    if not one_each:
        words, code = WORDS_OF_SEVERAL[what], ""
    return Remedy(f"standardised {what}", words, change, code, by_hand=not one_each)


def _in_code(examined: Examination, what: str) -> str:
    """Return the lines that standardise X, y or both; nothing where rows have other names."""
    case, sample, rows = examined.case, examined.sample, rows_in_code(examined.case)
    if rows is None or not (_has_table(case) and _has_one_target(case)):
        return ""
    found = []
    if "inputs" in what:
        cases = _in_columns(case, sample.inputs[0])
        found.append(standardising_lines("X", rows, cases, _axes(sample.inputs[0], cases)))
    if "target" in what:
        cases = by_column(sample.targets[0])
        found.append(standardising_lines("y", rows, cases, _axes(sample.targets[0], cases)))
    return "\n".join(found)


def _axes(rows: Numbers, cases: Numbers) -> str:
    """Return the axes of rows that are no columns of its cases, as arguments of a mean."""
    if rows.ndim > 3:
        return f"axis={(0, *range(2, rows.ndim))}, keepdims=True"
    if rows.ndim == 3:
        return "axis=(0, 1)" if cases.shape[1] == rows.shape[2] else ""
    return "axis=0"


def standardised(case: Case, before: Arrangement, *, inputs: bool, target: bool) -> Arrangement:
    """Return an arrangement with means of 0 and deviations of 1, by its training rows.

    One whose rows a remedy has scaled already stays as it is.
    """
    if before.scaling is not None:
        return before
    training = before.training
    if not (_has_table(case) and _has_one_target(case)):
        return _each_by_itself(case, before, inputs, target)
    columns = _in_columns(case, training.inputs[0])
    scaling = Scaling(
        Ranges.standardising(columns) if inputs else Ranges.unchanged(columns.shape[1]),
        Ranges.standardising(by_column(training.targets[0])) if target else None,
    )
    return replace(
        before,
        training=scaled_rows(training, scaling),
        validation=scaled_rows(before.validation, scaling),
        scaling=scaling,
    )


def _each_by_itself(case: Case, before: Arrangement, inputs: bool, target: bool) -> Arrangement:
    """Return an arrangement of any inputs and targets, those of numbers with a mean of 0 and a
    deviation of 1.

    Its scaling says only that it is scaled: a run can write down that of one input and one target.
    """
    kinds, known = list(case.first.plan.kinds.values()), before.training
    of_inputs = {
        place: Ranges.standardising(_in_columns(case, known.inputs[place], place))
        for place, kind in enumerate(kinds)
        if inputs and kind == "float"
    }
    of_targets = {
        place: Scaling(Ranges.unchanged(1), Ranges.standardising(by_column(known.targets[place])))
        for place in (_open_targets(case) if target else ())
    }

    def scaled(rows: Rows) -> Rows:
        if not len(rows):
            return rows
        given, due = list(rows.inputs), list(rows.targets)
        for place, ranges in of_inputs.items():
            given[place] = ranges.scaled(given[place])
        for place, scaling in of_targets.items():
            due[place] = scaling.scaled_target(due[place])
        return replace(rows, inputs=tuple(given), targets=tuple(due))

    marked = next(iter(of_targets.values()), Scaling(Ranges.unchanged(1)))
    return replace(
        before,
        training=scaled(before.training),
        validation=scaled(before.validation),
        scaling=marked,
    )


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare on rows held out; in turn where it is in doubt, but not where rows are left out."""
    if not given:
        return None
    if given[0].name == WITHOUT_EXTREME:
        return laboratory.compare(given)
    return compare_by_turns(laboratory, given)


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
