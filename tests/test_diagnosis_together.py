"""Several causes at once: found where no remedy helps alone, none that is not needed, put right."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import chainrule as cr
import chainrule.randomness as randomness
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.trained import error_of_kept, outcome
from chainrule.diagnosis.probes.relative_error import errors_of
from chainrule.diagnosis.remedies.joint import AND, all_of
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.wording import imperative
from chainrule.training.run import Run

SCHEMA = Path(__file__).resolve().parent.parent / "docs" / "diagnosis.schema.json"
ROWS = randomness.normal(0, "rows of two faults", 300 * 5).reshape(300, 5)
TARGET = np.tanh(ROWS @ np.array([1.0, -1.0, 0.5, 0.0, 2.0]))
# Units that never act, and steps that lead nowhere: each hides what the other's remedy would do.
ASLEEP, SLOW = "constant -8", 2e-6


def trained(bias: str, rate: float) -> Run:
    network = cr.Network(cr.Dense(24, "relu", bias=bias), cr.Dense(1))
    return cr.train(
        network, ROWS, TARGET, learning_rate=rate, epochs=40, validation=0.25, progress=False
    )


@pytest.fixture(scope="module")
def both() -> Report:
    return cr.diagnose(trained(ASLEEP, SLOW), seconds=60)


def test_two_faults_are_named_where_neither_remedy_helps_alone(both: Report) -> None:
    found = both.found
    assert found.standing == "ill"
    assert both.primary is not None
    assert both.primary.ailment.name in ("bad_start", "dead_units")
    assert [one.ailment.name for one in found.needed] == ["rate_too_low"]
    assert found.together is not None
    assert found.together.is_clear
    for one in (both.primary, *found.needed):
        experiment = one.experiment
        assert experiment is not None
        assert experiment.treated == found.together.treated
        assert experiment.is_clear
        # Without it nothing has been learned, whatever else was put right.
        assert min(experiment.without) > 0.8
    assert "confirmed together" in both.verdict
    assert both.verdict.count("(1) ") == both.verdict.count("; (2) ") == 2


def test_trainings_of_the_proof_are_those_of_the_remedies_applied_by_hand(both: Report) -> None:
    assert both.primary is not None
    assert both.found.together is not None
    (needed,) = both.found.needed
    assert needed.remedy is not None
    assert both.primary.remedy is not None
    fresh = Laboratory(case_of(trained(ASLEEP, SLOW)), 20, seconds=60)
    changed = needed.remedy.change(both.primary.remedy.change(fresh.case.arrangement))
    again = fresh.trained("by hand", changed, fresh.seeds)
    np.testing.assert_allclose(
        list(map(error_of_kept, again)), both.found.together.treated, rtol=1e-4
    )


@pytest.mark.parametrize(("bias", "rate"), [(ASLEEP, 0.01), ("zeros", SLOW)])
def test_one_fault_has_no_second(bias: str, rate: float) -> None:
    found = cr.diagnose(trained(bias, rate), seconds=60).found
    assert found.standing == "ill"
    assert found.needed == ()
    assert found.together is None


def test_a_sound_training_has_no_cause_at_all() -> None:
    found = cr.diagnose(trained("zeros", 0.03), seconds=60).found
    assert found.standing == "healthy"
    assert found.together is None


def test_every_face_tells_of_both(both: Report) -> None:
    document = both.to_dict()
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert document["primary"]["beside"] == ["rate_too_low"]
    for face in (str(both), both.html()):
        assert "All remedies together" in face
        assert "Needed as well: the learning rate is too low" in face


def test_what_only_a_treated_training_shows_says_so(both: Report) -> None:
    seen = Examination(both.case)
    assert both.primary is not None
    there = []
    for one in (both.primary, *both.others):
        own = [sign.words for sign in one.ailment.signs(seen)]
        there += [sign for sign in one.signs if sign.words not in own]
        assert all(not sign.seen_with for sign in one.signs if sign.words in own)
    assert there
    assert both.primary.remedy is not None
    remedy = both.primary.remedy.words
    for sign in there:
        assert sign.seen_with == remedy
        assert sign.words.startswith("Not seen on this run, but when you ")
        assert imperative(remedy) in sign.words
        for face in (str(both), both.html()):
            assert f"{sign.where}, with another remedy" in face
    (needed,) = both.to_dict()["others"]
    assert needed["signs"][0]["seen_with"] == remedy


def test_signs_of_the_run_itself_are_told_with_its_own_numbers() -> None:
    """Steps that lead nowhere are seen on the run, and on the training without its last relu."""
    network = cr.Network(cr.Dense(24, "relu"), cr.Dense(1, "relu"))
    run = cr.train(
        network, ROWS, TARGET, learning_rate=0.001, epochs=40, validation=0.25, progress=False
    )
    found = cr.diagnose(run, seconds=60)
    (needed,) = found.found.needed
    own = needed.ailment.signs(Examination(found.case))
    assert own
    assert list(needed.signs)[: len(own)] == own


def test_a_fix_applies_both_and_keeps_both(both: Report) -> None:
    fix = both.fix(seeds=4)
    assert [one.is_kept for one in fix.attempts[:2]] == [True, True]
    assert {one.ailment for one in fix.attempts[:2]} >= {"rate_too_low"}
    assert max(fix.after) < 0.7 * min(fix.before)
    assert fix.run is not None
    predicted = np.ravel(fix.run.predict(ROWS))
    assert np.mean((predicted - TARGET) ** 2) < 0.7 * TARGET.var()


def test_a_second_fault_behind_a_first_that_is_confirmed_alone_is_told() -> None:
    network = cr.Network(cr.Dense(24, "relu"), cr.Dense(1, "relu"))
    run = cr.train(
        network, ROWS, TARGET, learning_rate=SLOW, epochs=40, validation=0.25, progress=False
    )
    found = cr.diagnose(run, seconds=60)
    causes = [found.primary, *found.found.needed]
    names = {one.ailment.name for one in causes if one is not None}
    assert names == {"rate_too_low", "mismatched_output"}
    assert found.found.together is not None
    assert max(found.found.together.treated) < 0.5


def test_remedies_are_applied_in_their_order() -> None:
    said = []
    made = [
        Remedy(name, f"Do {name}.", lambda before, name=name: (said.append(name), before)[1], name)
        for name in ("one", "two", "three")
    ]
    joint = all_of(made)
    joint.change(case_of(trained("zeros", 0.01)).arrangement)
    assert said == ["one", "two", "three"]
    assert joint.name == AND.join(said)
    assert joint.code == "one, two, three"
    assert all_of(made[:1]) is made[0]


# ---------------------------------------------------------------- its time


def test_no_experiment_outlasts_the_limit() -> None:
    case = case_of(trained(ASLEEP, SLOW))
    laboratory = Laboratory(case, 20, seconds=60)
    first = laboratory.untreated()
    assert len(first) == 5
    laboratory.budget.limit = 0.0
    # What is known is known; what is not would take time.
    assert laboratory.untreated() == first
    with pytest.raises(OutOfTimeError):
        laboratory.trained("more", case.arrangement, laboratory.seeds)
    assert laboratory.is_out_of_time
    assert not laboratory.is_spent


def test_a_treated_laboratory_begins_with_the_treated_trainings() -> None:
    laboratory = Laboratory(case_of(trained(ASLEEP, SLOW)), 20, seconds=60)
    faster = Remedy("faster", "Go faster.", lambda before: before)
    treated = laboratory.compare([faster]).treated
    made = laboratory.trainings
    there = laboratory.with_treatment(faster)
    assert there is not None
    assert tuple(map(error_of_kept, there.untreated())) == treated
    assert there.trainings == made
    apart = laboratory.on(laboratory.case, 10)
    apart.untreated()
    assert laboratory.trainings == there.trainings == apart.trainings == made + 5


def test_a_training_with_a_state_is_judged_after_its_last_step() -> None:
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    network = cr.Network(cr.Dense(6), cr.BatchNorm(), cr.Dense())
    run = cr.train(network, X, y, epochs=8, validation=0.3, progress=False)
    came = outcome(case_of(run).arrangement)
    assert came.run is not None
    assert came.run.rows is not None
    assert came.kept.judged == errors_of(came.run.network, came.run.setup, *came.run.rows).judged
