"""The evidence of a diagnosis: exact probabilities, rows that can judge, fixes judged by them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, rankdata

import chainrule as cr
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.rule import BY_LAW
from chainrule.diagnosis.experiments.significance import (
    probability_of_chance,
    probability_of_succeeding,
    probability_over_rows,
)
from chainrule.diagnosis.probes.relative_error import errors_of
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.verdicts.judgement import NOTHING_TRAINED
from chainrule.views.diagnosis_chapters import proof

ERRORS = st.lists(st.integers(0, 4).map(float), min_size=2, max_size=5)


def drawn(count: int, seed: int = 12) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    rows = random.uniform(-1.0, 1.0, (count, 5))
    return rows, rows @ np.array([1.0, -1.0, 0.5, 2.0, 0.0]) + 0.1 * random.normal(size=count)


@given(ERRORS, ERRORS)
def test_p_is_the_share_of_all_choices_also_of_equal_errors(without: Any, treated: Any) -> None:
    ranks = rankdata([*treated, *without])
    seen, count = ranks[: len(treated)].sum(), len(treated)
    choices = itertools.combinations(ranks, count)
    as_low = [sum(one) <= seen + 1e-9 for one in choices]
    assert probability_of_chance(without, treated) == pytest.approx(np.mean(as_low), abs=1e-12)


@given(st.integers(2, 5), st.integers(2, 5), st.data())
def test_p_of_those_that_succeed_is_the_share_of_all_choices(a: int, b: int, data: Any) -> None:
    order = data.draw(st.permutations(range(a + b)))
    without, treated = order[:a], order[a:]
    seen = sum(one < min(without) for one in treated)
    choices = [set(one) for one in itertools.combinations(range(a + b), b)]
    as_many = [set(range(seen)) <= one for one in choices]
    assert probability_of_succeeding(without, treated) == pytest.approx(np.mean(as_many))


def test_one_start_that_fails_with_the_remedy_hides_no_law() -> None:
    remedy = Remedy("other", "Another.", lambda before: before)
    without, treated = (1.02, 1.01, 1.02, 1.0, 1.01), (0.01, 0.0, 1.1, 0.02, 0.01)
    seen = Experiment(remedy, without, treated, epochs=10, rows=100)
    assert not seen.is_clear
    assert replace(seen, asked=BY_LAW).is_clear
    one_more = replace(seen, treated=(0.01, 0.0, 1.1, 1.2, 0.01), asked=BY_LAW)
    assert not one_more.is_clear
    # The report says of which test its p is.
    for each, is_named in ((seen, False), (replace(seen, asked=BY_LAW), True)):
        told = " ".join(
            one for one in proof({"experiment": each.to_dict()}) if isinstance(one, str)
        )
        assert ("Rosenbaum" in told) is is_named


def test_a_share_is_as_strong_as_its_odds() -> None:
    def strength(share: float) -> float:
        sign = Sign("dead units", share, 0.5, "above", "", "", "", is_share=True)
        return sign.strength

    assert strength(0.5) == 0.0
    assert strength(0.75) == pytest.approx(np.log(3.0))
    assert strength(1.0) == 10.0


def test_p_of_many_errors_is_scipys() -> None:
    random = np.random.default_rng(3)
    without, treated = random.normal(0.3, 1.0, 40), random.normal(size=45)
    for a, b, method in ((without, treated, "exact"), (without.round(), treated.round(), "auto")):
        expected = mannwhitneyu(a, b, alternative="greater", method=method).pvalue
        assert probability_of_chance(a.tolist(), b.tolist()) == pytest.approx(expected)


def test_one_row_says_nothing_of_other_rows() -> None:
    assert probability_over_rows([np.ones(1)] * 5, [np.zeros(1)] * 5) is None
    assert probability_over_rows([np.ones(2)] * 5, [np.zeros(2)] * 5) == 0.0


def test_rows_of_one_target_are_measured_by_the_training_rows() -> None:
    rows, target = drawn(60)
    network = cr.Network(cr.Input(5), cr.Dense(1), seed=2)
    run = cr.train(network, rows, target, validation=(rows[:1], target[:1]), epochs=1,
                   progress=False)  # fmt: skip
    case = case_of(run)
    missed = float(run.predict(rows[:1])[0]) - target[0]
    found = errors_of(case.network, case.setup, case.training, case.validation)
    assert found.validation == pytest.approx(min(10.0, missed**2 / target.var()), rel=1e-4)


def test_rows_of_one_class_are_measured_by_the_training_rows() -> None:
    rows, target = drawn(60)
    classes = (target > 0.0).astype(int)
    held = rows[classes == 1][:9]
    run = cr.train(cr.Network(cr.Dense(2)), rows, classes, validation=(held, np.ones(9, int)),
                   epochs=2, progress=False)  # fmt: skip
    case = case_of(run)
    probabilities = run.predict_proba(held)
    share = classes.mean()
    brier = np.mean(probabilities[:, 0] ** 2 + (1.0 - probabilities[:, 1]) ** 2)
    expected = brier / (1.0 - share**2 - (1.0 - share) ** 2)
    found = errors_of(case.network, case.setup, case.training, case.validation)
    assert found.validation == pytest.approx(expected, rel=1e-4)


def test_learning_by_heart_is_put_right_where_no_row_was_held_out() -> None:
    random = np.random.default_rng(12)
    rows = random.uniform(-1.0, 1.0, (90, 7))
    target = np.sin(3.0 * rows[:, 0]) + 2.0 * rows[:, 2] ** 2 + 1.5 * random.normal(size=90)
    run = cr.train(cr.Network(cr.Dense(64, "tanh"), cr.Dense(1)), rows, target, epochs=400,
                   learning_rate=0.01, progress=False)  # fmt: skip
    report = cr.diagnose(run, seconds=30)
    assert report.name == "overfitting"
    fix = report.fix(seeds=5)
    assert [one.ailment for one in fix.kept][:1] == ["overfitting"]
    assert max(fix.after) < min(fix.before)
    assert fix.run is not None
    assert np.isfinite(fix.run.predict(rows)).all()


def test_labels_learned_by_heart_do_not_prove_that_the_rate_is_too_low() -> None:
    random = np.random.default_rng(1)
    tokens, labels = random.integers(0, 20, (150, 6)), random.integers(0, 2, 150)
    network = cr.Network(cr.Embedding(20, 6), cr.Flatten(), cr.Dense(12, "tanh"), cr.Dense(2))
    run = cr.train(network, tokens, labels, epochs=6, learning_rate=1e-3, progress=False)
    report = cr.diagnose(run, seconds=30)
    # Tokens say nothing of them, and that their loss still falls is a consequence.
    assert report.name == "uninformative_labels"
    (slow,) = (one for one in report.consequences if one.ailment.name == "rate_too_low")
    assert not slow.is_confirmed


def test_a_run_of_no_epochs_is_told_as_such() -> None:
    rows, target = drawn(40)
    run = cr.train(cr.Network(cr.Dense(1)), rows, target, epochs=0, progress=False)
    report = cr.diagnose(run)
    assert NOTHING_TRAINED in report.found.notes
    assert NOTHING_TRAINED in str(report)


def test_arguments_that_there_are_not_are_named() -> None:
    rows, target = drawn(40)
    run = cr.train(cr.Network(cr.Dense(1)), rows, target, epochs=1, progress=False)
    with pytest.raises(cr.SetupError, match="5 things are given"):
        cr.diagnose(run, rows, target, 3, 4, 5)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"diagnose has no argument 'datas'.*'data'"):
        cr.diagnose(run, rows, target, datas=1)  # type: ignore[call-overload]
    recording = cr.Recording()
    recording.epoch(loss=1.0)
    with pytest.raises(TypeError, match="diagnose has no argument 'network'"):
        cr.diagnose(recording, run.network, rows, target, network=run.network)


def test_clipping_that_holds_back_is_taken_away_and_not_outrun() -> None:
    random = np.random.default_rng(1)
    rows = random.uniform(-1.0, 1.0, (300, 7))
    target = np.sin(3.0 * rows[:, 0] * rows[:, 1]) + 2.0 * rows[:, 2] ** 2 + rows[:, 3]
    run = cr.train(
        cr.Network(cr.Dense(24, "tanh"), cr.Dense(1)), rows, target, optimizer="gradient_descent",
        learning_rate=0.05, clip_norm=1e-4, epochs=60, validation=0.25, progress=False,
    )  # fmt: skip
    report = cr.diagnose(run, seconds=30)
    assert report.primary is not None
    assert report.primary.remedy is not None
    assert report.primary.remedy.code == "clip_norm=None, clip_value=None"
