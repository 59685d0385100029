"""A fix of what befalls some starts, and of what was proved together: more starts, more trials."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import jsonschema
import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.significance import probability_of_chance
from chainrule.diagnosis.fixes.fix import Fix
from chainrule.diagnosis.fixes.series import Series, is_open
from chainrule.diagnosis.remedies.network_changes import without_output_activation
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.verdict import Verdict
from chainrule.optimizers import with_rate
from chainrule.randomness import normal
from chainrule.training.run import Run
from chainrule.views.diagnosis_fix import fix_chapter
from chainrule.views.explanation_parts import Measured

SCHEMA = Path(__file__).resolve().parent.parent / "docs" / "diagnosis.schema.json"
CLASSES = np.arange(160) % 3
CENTRES = np.array([[3.0, 0.0], [-3.0, 1.5], [0.0, -3.6]])
ROWS = normal(0, "rows of a test", 160 * 2).reshape(160, 2) + CENTRES[CLASSES]


def linear_output(before: Arrangement) -> Arrangement:
    network = without_output_activation(before.setup.network)
    return replace(before, setup=replace(before.setup, network=network))


def at_rate(rate: float) -> Remedy:
    def change(before: Arrangement) -> Arrangement:
        setup = replace(before.setup, optimizer=with_rate(before.setup.optimizer, rate))
        return replace(before, setup=setup)

    return Remedy(f"rate {rate}", f"Take a rate of {rate}.", change, f"learning_rate={rate}")


LINEAR = Remedy("linear", "Leave the last relu out.", linear_output)


def stuck(seed: int) -> Run:
    """Return a run whose last relu shuts an output for good in about half of all starts."""
    network = cr.Network(cr.Dense(8, "relu"), cr.Dense(3, "relu"))
    return cr.train(
        network, ROWS, CLASSES, epochs=30, learning_rate=0.01, validation=0.25, seed=seed,
        progress=False,
    )  # fmt: skip


def fixed(run: Run, *remedies: Remedy, seeds: int = 6, needed: bool = False) -> Fix:
    """Return the fix of a run whose report names these remedies as if they were proved."""
    first, *more = [Finding(AILMENTS["mismatched_output"], (), (one,)) for one in remedies]
    others = [replace(one, beside=("mismatched_output",)) for one in more] if needed else more
    verdict = Verdict("ill", first, others=tuple(others))
    return Report(case_of(run), verdict, run).fix(seeds=seeds, progress=False)


@pytest.fixture(scope="module")
def fix() -> Fix:
    return fixed(stuck(2), LINEAR, seeds=8)


def test_a_large_gain_that_is_in_doubt_is_asked_of_as_many_starts_again(fix: Fix) -> None:
    (kept,) = fix.kept
    found = kept.experiment
    assert found.looks == 2
    assert len(found.without) == len(found.treated) == 16
    assert probability_of_chance(found.without[:8], found.treated[:8]) >= 0.05
    assert found.probability < 0.025
    # All that is said of the fix is said of all starts.
    assert fix.seeds == tuple(range(2, 18))
    assert (fix.before, fix.after) == (found.without, found.treated)
    assert "16 trainings each" in fix.words


def test_the_added_starts_are_those_of_their_own_seeds(fix: Fix) -> None:
    again = fixed(stuck(2), LINEAR, seeds=16)
    assert again.before == fix.before
    assert again.attempts[0].experiment.looks == 1
    assert again.attempts[0].experiment.treated == fix.after


def test_what_more_starts_leave_in_doubt_is_not_kept_and_listed_once() -> None:
    found = fixed(stuck(0), LINEAR, at_rate(0.0101), LINEAR)
    assert not found.kept
    words = [one.remedy for one in found.attempts]
    assert sorted(set(words)) == sorted(words)
    (linear,) = [one for one in found.attempts if one.remedy == LINEAR.words]
    assert linear.experiment.looks == 2
    assert "and below 0.025 is asked for" in linear.missed
    assert len(found.before) == 6


def test_what_a_fixed_run_is_said_to_need_and_was_not_kept_is_explained(fix: Fix) -> None:
    attempt = fix.attempts[0]
    higher = replace(attempt.experiment, treated=attempt.experiment.without)
    primary = Finding(AILMENTS["mismatched_output"], (), (LINEAR,), higher)
    run = stuck(2)
    then = Report(case_of(run), Verdict("ill", primary), run)
    told = replace(fix, attempts=(replace(attempt, experiment=higher),), then=then).to_dict()
    assert told["then"].startswith(then.verdict)
    assert "Over 16 starts it was not kept. It did not help: the error is " in told["then"]


def errors(*groups: tuple[float, int]) -> tuple[float, ...]:
    return tuple(one + 0.001 * place for one, count in groups for place in range(count))


def test_only_what_is_large_and_not_certain_is_open() -> None:
    two_heaps = Experiment(LINEAR, errors((0.0, 4), (0.6, 5)), errors((0.01, 9)), 10, 100)
    assert not two_heaps.is_clear
    assert is_open(two_heaps)
    assert not is_open(replace(two_heaps, looks=2))
    assert not is_open(replace(two_heaps, shows=False))
    assert not is_open(replace(two_heaps, without=errors((0.6, 9))))
    assert not is_open(replace(two_heaps, treated=errors((0.58, 9))))


def test_what_was_proved_together_is_tried_together_where_neither_helps_alone() -> None:
    run, remedies = asleep_and_slow()
    assert not fixed(run, *remedies, seeds=4).kept
    both = fixed(run, *remedies, seeds=4, needed=True)
    assert {one.remedy for one in both.kept} == {one.words for one in remedies}
    assert len(both.attempts) == 2
    assert max(both.after) < 0.1 < min(both.before)


def asleep_and_slow() -> tuple[Run, tuple[Remedy, Remedy]]:
    """Return a run that does not learn, and two remedies of which neither is enough."""
    network = cr.Network(cr.Dense(8, "relu", bias="constant -30"), cr.Dense(3))
    run = cr.train(
        network, ROWS, CLASSES, epochs=30, learning_rate=1e-6, validation=0.25, progress=False
    )

    def awake(before: Arrangement) -> Arrangement:
        given: dict[str, Any] = dict(before.setup.network.parameters)
        given["dense_1.b"] = np.zeros_like(given["dense_1.b"])
        network = before.setup.network.with_parameters(given)
        return replace(before, setup=replace(before.setup, network=network))

    return run, (Remedy("awake", "Start the biases at 0.", awake), at_rate(0.03))


@pytest.mark.parametrize(("rate", "parts"), [(1e-4, [3, 1, 3]), (0.02, [3, 1, 1])])
def test_a_remedy_that_fits_no_other_rows_has_them_left_out_only_where_it_is_kept(
    rate: float, parts: list[int]
) -> None:
    """What leaves rows out is judged by one part; what is tried behind it, if kept, as well."""
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(3))
    run = cr.train(
        network, ROWS, CLASSES, epochs=8, learning_rate=1e-4, validation=0.25, progress=False
    )

    def fewer(before: Arrangement) -> Arrangement:
        return at_rate(rate).change(before.keeping(np.arange(60)))

    remedies = at_rate(0.9e-4), Remedy("fewer", "Leave rows out.", fewer), at_rate(0.04)
    first, *more = [Finding(AILMENTS["mismatched_output"], (), (one,)) for one in remedies]
    proof = Experiment(remedies[0], errors((0.6, 5)), errors((0.5, 5)), 8, 120, parts=3)
    verdict = Verdict("ill", replace(first, experiment=proof), others=tuple(more))
    found = Report(case_of(run), verdict, run).fix(seeds=4, progress=False)
    tried = [one for one in found.attempts if one.round == 1]
    assert [one.remedy for one in tried] == [one.words for one in remedies]
    assert [one.experiment.parts for one in tried] == parts
    assert tried[1].is_kept is (rate > 1e-4)
    assert len(found.before) == len(found.after) == 4
    if rate == 1e-4:
        assert found.before == tried[0].experiment.without == tried[2].experiment.without


def test_a_series_trains_what_is_missing_and_no_part_that_is_not_asked_for() -> None:
    trained: list[tuple[Any, int]] = []

    def train(arrangements: Sequence[Any], seeds: Sequence[int]) -> Any:
        trained.extend((one, seed) for one in arrangements for seed in seeds)
        return [[(one, seed) for seed in seeds] for one in arrangements]

    series, parts = Series(), cast(Any, ["a", "b", "c"])
    series.add_parts(parts)
    assert series.of_seeds((1, 2), train, 1) == [[("a", 1), ("a", 2)]]
    assert series.trained_parts == 1
    found = series.of_seeds((1, 2, 3), train, 2)
    assert found == [[(part, seed) for seed in (1, 2, 3)] for part in "ab"]
    assert len(trained) == len(set(trained)) == 6
    assert series.of_seeds((1, 2), train, 2) == [[(part, seed) for seed in (1, 2)] for part in "ab"]
    series.keep_parts(1)
    assert (len(trained), series.arrangements, series.trained_parts) == (6, ["a"], 1)


def test_attempts_name_their_measure_and_starts_where_these_differ(fix: Fix) -> None:
    attempt = fix.attempts[0]
    rare = "share of wrong rows averaged over classes"
    few = replace(attempt.experiment, quantity=rare, without=(1.0, 1.1), treated=(0.9, 1.0))
    mixed = replace(fix, attempts=(attempt, replace(attempt, experiment=few))).to_dict()
    (table,) = [one for one in fix_chapter(mixed).parts if isinstance(one, Measured)]
    assert table.headings[2:4] == ("measure", "starts")
    assert [row[2:4] for row in table.rows] == [("error", "16"), (rare, "2")]
    (plain,) = [one for one in fix_chapter(fix.to_dict()).parts if isinstance(one, Measured)]
    assert plain.headings == ("remedy", "it is", "before", "after", "p", "d")
    assert plain.caption.endswith("medians of the error")


def test_the_document_of_a_fix_is_as_it_is_described(fix: Fix) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    described = {"$ref": "#/$defs/fix", "$defs": schema["$defs"]}
    jsonschema.validate(fix.to_dict(), described)
    assert fix.to_dict()["attempts"][0]["looks"] == 2
