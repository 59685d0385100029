"""The time of a diagnosis: what begins within it, and that looks ask it as experiments do."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import randomness
from chainrule.diagnosis import budget as budgets
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.budget import LEAST_SECONDS, Budget, whole_seconds
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.pace import Pace
from chainrule.diagnosis.probes.relative_error import MOST_LOOKED_AT, Errors, errors_of
from chainrule.diagnosis.probes.work import FEWEST_JUDGED, rows_to_judge
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.finding import suspected
from chainrule.diagnosis.verdicts.first_cause import is_gone
from chainrule.diagnosis.verdicts.verdict import Verdict

pytestmark = pytest.mark.own_clock


def stopped(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let clocks stand still, and return the seconds that they say, to be set."""
    now = [0.0]
    monkeypatch.setattr(budgets, "both_clocks", lambda: (now[0], now[0]))
    return now


@pytest.mark.parametrize("trained", [0.1, 2.0, 50.0])
def test_a_diagnosis_has_as_long_as_the_training_or_two_seconds(
    trained: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = stopped(monkeypatch)
    whole = whole_seconds(trained)
    assert whole == max(LEAST_SECONDS, trained)
    looks = Budget.of_looks(trained)
    assert looks.limit < whole
    now[0] = looks.limit + 0.01
    assert looks.is_over
    assert not looks.fits(1, 0.0)
    found = Budget.of_experiments(trained, now[0])
    # What looks have used is gone, and the end stays where it was.
    assert now[0] + found.limit < whole
    assert found.seconds <= found.limit
    now[0] += found.left + 0.01
    assert found.is_spent
    assert found.left_for_another().limit == pytest.approx(-0.01)


def test_what_does_not_end_in_time_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    now = stopped(monkeypatch)
    budget = Budget(3.0, 4.0, of_examination=1.5)
    assert budget.fits(4, 1.0)
    assert not budget.fits(5, 1.0)
    assert budget.affords(0.5, 0.5) == 3
    assert budget.has_time_to_examine()
    now[0] = 2.6
    assert not budget.has_time_to_examine()
    assert budget.affords(0.5, 0.5) == 0
    other = budget.left_for_another()
    assert (other.seconds, other.limit) == (pytest.approx(0.5), pytest.approx(1.4))
    now[0] = 3.5
    assert budget.is_spent
    assert not budget.is_over


def test_the_clock_counts_but_for_what_other_programs_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0, 0.0]
    monkeypatch.setattr(budgets, "both_clocks", lambda: (now[0], now[1]))
    budget = Budget(3.0, 4.0)
    # Two threads work twice as much as the clock says.
    now[:] = [2.0, 1.0]
    assert budget.used == 1.0
    # Another program has taken most of the time.
    now[:] = [2.0, 20.0]
    assert budget.used == 2.0


def test_what_time_has_ended_is_held_to_be_gone_only_where_that_is_known() -> None:
    seen = Examination(case(), budget=Budget(0.0, -1.0))
    for ailment in AILMENTS.values():
        assert is_gone(ailment, seen, {ailment.name})
        assert not is_gone(ailment, seen, ())


def test_trainings_that_take_too_long_are_shortened_and_no_less_than_a_tenth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = stopped(monkeypatch)
    given = case(100)
    pace = Pace.of(given, Budget(3.0, 4.0), 12, 1)
    assert (pace.epochs, pace.rows, pace.is_shortened) == (100, 60, False)
    pace.measured(2.0, [given.arrangement] * 4)
    assert pace.seconds_each == 0.5
    assert pace.fits(8, given.arrangement)
    assert not pace.fits(9, given.arrangement)
    now[0] = 1.0
    # Nine tenths of three seconds for ten trainings of half a second.
    assert pace.shorten(10)
    assert (pace.epochs, pace.rows, pace.is_shortened) == (54, 60, True)
    assert pace.seconds_each == pytest.approx(0.27)
    assert not pace.shorten(10)
    pace.measured(500.0, [given.arrangement])
    assert pace.shorten(10)
    assert pace.epochs == 5


def test_errors_are_of_fewer_rows_where_each_of_them_takes_long() -> None:
    small, wide = case(), case_of(_with_outputs(4000))
    assert rows_to_judge(small) == MOST_LOOKED_AT
    assert FEWEST_JUDGED <= rows_to_judge(wide) < MOST_LOOKED_AT
    assert rows_to_judge(case_of(_with_outputs(40_000))) == FEWEST_JUDGED


def test_a_report_prints_the_errors_of_the_rows_that_were_judged() -> None:
    wide = case_of(_with_outputs(12_000, rows=400))
    judged, every = rows_to_judge(wide), (wide.training, wide.validation)
    assert judged < len(wide.training)
    of_these, of_all = (
        errors_of(wide.network, wide.setup, *every, most).training for most in (judged, 400)
    )
    assert of_these != of_all
    assert Report(wide, Verdict("healthy")).to_dict()["run"]["error"] == of_these
    known = Verdict("healthy", errors=Errors(0.25, 0.5))
    said = Report(wide, known).to_dict()["run"]
    assert (said["error"], said["validation_error"]) == (0.25, 0.5)


def _with_outputs(count: int, rows: int = 20) -> cr.Run:
    x = randomness.normal(0, "budget", rows * 3).reshape(rows, 3)
    y = np.tile(x[:, :1], (1, count))
    return cr.train(cr.Network(cr.Dense(count)), x, y, epochs=1, progress=False)


def test_the_time_that_people_give_is_that_of_the_experiments() -> None:
    given = Budget.of_experiments(1.0, used=0.9, seconds=7.0)
    assert (given.seconds, given.limit) == (7.0, 7.0)


# ---------------------------------------------------------------- looks that cost much


def case(epochs: int = 3, **settings: object) -> Case:
    x = randomness.normal(0, "budget", 60 * 3).reshape(60, 3)
    network = cr.Network(cr.Dense(4, "relu"), cr.Dense(1))
    run = cr.train(network, x, x[:, 0] * 1.0, epochs=epochs, progress=False, **settings)
    return case_of(run)


def test_no_look_that_costs_much_begins_without_time() -> None:
    overflowing = case(40, learning_rate=1e6, optimizer="gradient_descent", dtype="float32")
    given, none = Budget(5.0, 5.0), Budget(0.0, 0.0)
    assert Examination(overflowing, budget=given).blow_up is not None
    assert Examination(overflowing, budget=none).blow_up is None
    short = case()
    assert len(Examination(short, budget=given).readings) > len(short.recording.readings)
    assert Examination(short, budget=none).readings is short.recording.readings
    assert Examination(short, budget=given).labels is not None
    assert Examination(short, budget=none).labels is None


def test_looks_at_a_long_sequence_leave_time_to_prove_what_they_see() -> None:
    x = randomness.normal(0, "long", 120 * 200 * 2).reshape(120, 200, 2)
    y = (x[:, -1, 0] > 0.0).astype(int)
    run = cr.train(cr.Network(cr.LSTM(16), cr.Dense(2)), x, y, epochs=1, progress=False)
    given = case_of(run)
    examined = Examination(given)
    suspected(examined)
    used = examined.budget.used
    # What began within its share may end behind it; passes and curvatures have bounds of their own.
    assert used < whole_seconds(given.seconds)
    assert np.isfinite(Laboratory(given, 12, used=used).budget.limit)
