"""Remedies that change which rows there are: the setup goes on saying which these are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import randomness
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.cases.arrangement import Arrangement, scaled_rows
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.held_out import with_held_out
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.other_rows import turns, turns_where_none_was_held
from chainrule.diagnosis.experiments.trained import outcome
from chainrule.diagnosis.probes.row_order import joined
from chainrule.diagnosis.remedies.best_epoch import with_best_epoch
from chainrule.diagnosis.remedies.without_rows import left_out, without_rows
from chainrule.training.rows import Provenance

SEED = 5


def data(rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    x = randomness.normal(SEED, "rows", rows * 3).reshape(rows, 3)
    return x, np.tanh(x @ np.array([1.0, -1.0, 0.5]))


def trained(validation: float = 0.0) -> cr.Run:
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense(1))
    return cr.train(network, *data(), epochs=3, validation=validation, progress=False)


def short(arrangement: Arrangement) -> cr.Run:
    """Return a training of two epochs."""
    run = outcome(arrangement.started(arrangement.setup.seed, 2)).run
    assert run is not None
    return run


def has_the_rows_it_says(arrangement: Arrangement, x: np.ndarray) -> bool:
    known = arrangement.setup.provenance
    held = np.array(known.validation, dtype=np.int64)
    return np.array_equal(arrangement.training.inputs[0], x[known.training]) and np.array_equal(
        arrangement.validation.inputs[0], x[held]
    )


# ---------------------------------------------------------------- all remedies


@pytest.mark.parametrize("name", list(AILMENTS))
def test_a_treated_training_is_saved_and_knows_its_rows(name: str, tmp_path: Path) -> None:
    run = AILMENTS[name].specimen(0)
    case = case_of(run)
    every = joined(case).rows()
    for place, remedy in enumerate(AILMENTS[name].remedies(Examination(case))):
        changed = remedy.change(case.arrangement)
        again = short(changed)
        treated = case.of_training(again)
        scaled = every if changed.scaling is None else scaled_rows(every, changed.scaling)
        if changed.scaling is not None and remedy.by_hand:
            continue
        for one, other in zip(treated.training.inputs, scaled.inputs, strict=True):
            np.testing.assert_array_equal(one, other[treated.numbers], err_msg=remedy.name)
        gone = set(case.numbers.tolist()) - set(treated.numbers.tolist())
        assert set(remedy.left_out) == gone - set(again.setup.provenance.validation)
        again.save(tmp_path / str(place))
        back = cr.load(tmp_path / str(place))
        given = treated.training.inputs[0] if len(treated.training.inputs) == 1 else None
        if given is not None:
            np.testing.assert_array_equal(back.network(given), again.network(given))
        assert back.setup.provenance == again.setup.provenance


# ---------------------------------------------------------------- one after the other


def changes(case: Case) -> list[Arrangement]:
    """Return arrangements of other rows, by every way that there is to come to them."""
    without = left_out(case, np.array([0, 7]))
    best = with_best_epoch(case.arrangement)
    held = with_held_out(case)[0].arrangement
    parts = turns(case) if len(case.validation) else turns_where_none_was_held(case)
    laboratory = Laboratory(case, 12, 3.0)
    laboratory.pace.rows = 20
    return [
        without(case.arrangement), best, held, without(best), with_best_epoch(without(best)),
        with_best_epoch(without(case.arrangement)), *parts, *map(without, parts),
        laboratory.pace.shortened(case.arrangement), without(laboratory.pace.shortened(held)),
    ]  # fmt: skip


@pytest.mark.parametrize("validation", [0.0, 0.25])
def test_rows_are_those_that_the_setup_names(validation: float) -> None:
    x, _ = data()
    found = changes(case_of(trained(validation)))
    assert len(found) > 10
    assert len({tuple(one.setup.provenance.training.tolist()) for one in found}) > 6
    for one in found:
        assert has_the_rows_it_says(one, x)
        assert one.training.weights.mean() == pytest.approx(1.0)
        assert case_of(short(one)).numbers.tolist() == one.setup.provenance.training.tolist()


def test_rows_are_left_out_of_whatever_is_trained_on() -> None:
    case = case_of(trained())
    remedy = without_rows(case, np.arange(10))
    assert remedy.left_out == tuple(range(10))
    for before in (case.arrangement, with_best_epoch(case.arrangement)):
        after = remedy.change(before)
        assert after.setup.provenance.training.min() == 10
        assert len(after.validation) == len(before.validation)
    assert remedy.change(after) is after


def test_rows_of_another_training_stay() -> None:
    remedy = without_rows(case_of(trained()), np.arange(10))
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense(1))
    x, y = data()
    other = case_of(cr.train(network, x + 1.0, y, epochs=1, progress=False)).arrangement
    assert remedy.change(other) is other


# ---------------------------------------------------------------- saved, and given again


@pytest.mark.parametrize("apart", [False, True])
def test_rows_given_again_are_held_out_and_left_out_as_they_were(
    apart: bool, tmp_path: Path
) -> None:
    x, y = data()
    held = (x[:20] + 0.1, y[:20])
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense(1))
    run = cr.train(
        network, x, y, epochs=3, validation=held if apart else 0.0, progress=False
    )  # fmt: skip
    case = case_of(run)
    again = short(with_best_epoch(left_out(case, np.array([0, 7]))(case.arrangement)))
    again.save(tmp_path / "run")
    named = {"validation": held} if apart else {}
    seen = cr.diagnose(tmp_path / "run", x, y, seconds=0.01, **named).case
    assert again.rows is not None
    for one, other in zip((seen.training, seen.validation), again.rows, strict=True):
        np.testing.assert_array_equal(one.inputs[0], other.inputs[0])
        np.testing.assert_array_equal(one.weights, other.weights)
    back = cr.resume(tmp_path / "run", x, y, **named)
    assert back.rows is not None
    np.testing.assert_array_equal(back.rows[0].inputs[0], again.rows[0].inputs[0])
    more = cr.train(back, epochs=1, progress=False)
    assert more.setup.provenance == again.setup.provenance
    given = cr.train(cr.load(tmp_path / "run"), x, y, epochs=1, progress=False, **named)
    assert len(given.setup.provenance.training) >= len(again.rows[0])


def test_a_fix_that_holds_rows_out_can_be_loaded(tmp_path: Path) -> None:
    x = randomness.normal(SEED, "wide", 120 * 8).reshape(120, 8)
    noise = 0.8 * randomness.normal(SEED, "noise", 120)
    network = cr.Network(cr.Dense(64, "tanh"), cr.Dense(1))
    y = x[:, 0] - 0.5 * x[:, 1] + noise
    run = cr.train(network, x, y, learning_rate=0.01, epochs=200, progress=False)
    fix = cr.diagnose(run, seconds=4.0).fix(seeds=4, progress=False)
    assert fix.run is not None
    assert fix.run.setup.provenance.validation
    fix.save(tmp_path / "fixed")
    back = cr.load(tmp_path / "fixed")
    np.testing.assert_array_equal(back.predict(x), fix.run.predict(x))


def test_a_row_that_was_left_out_is_not_explained() -> None:
    case = case_of(trained())
    again = short(left_out(case, np.array([7]))(case.arrangement))
    with pytest.raises(cr.DataError, match="Row 7 was left out of the training"):
        cr.explain(again, "loss", sample=7)
    assert cr.explain(again, "loss", sample=8)


# ---------------------------------------------------------------- the record


def test_the_record_of_which_rows_is_read_again() -> None:
    known = Provenance(10, "sum", (3, 4), "", (0, 9))
    assert Provenance.from_record(known.to_record()) == known
    assert known.training.tolist() == [1, 2, 5, 6, 7, 8]
    assert known.training_rows == 6
    older = {"rows": 10, "checksum": "sum", "validation": [3], "held": ""}
    assert Provenance.from_record(older).left_out == ()


@pytest.mark.parametrize(
    "changed",
    [{"left_out": [3]}, {"left_out": [10]}, {"left_out": [2, 1]}, {"left_out": list(range(3))
      + list(range(4, 10))}],
)  # fmt: skip
def test_a_record_of_rows_that_cannot_be_is_refused(changed: dict[str, list[int]]) -> None:
    plain = {"rows": 10, "checksum": "sum", "validation": [3], "held": ""}
    with pytest.raises(cr.RunFolderError):
        Provenance.from_record({**plain, **changed})
