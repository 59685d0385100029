"""What is doubtful before a training: each look at rows made for it, and at sound ones."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import chainrule as cr
from chainrule import randomness
from chainrule.data.giveaways import error_of_categories, errors_of_columns
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.checks import look, looks_at_start
from chainrule.diagnosis.checks.check import LOOKS, Check, check
from chainrule.diagnosis.checks.looks import GIVEAWAYS
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.first_steps import BATCH, one_batch
from chainrule.diagnosis.probes import copies
from chainrule.diagnosis.probes.copies import shared_rows
from chainrule.diagnosis.probes.groups_apart import _deviations
from chainrule.training.rows import Rows

Array = NDArray[Any]
LABELS = "the labels and the inputs do not go together"


def blobs(seed: int = 0, rows: int = 240) -> tuple[Array, Array]:
    """Three classes around the corners of a triangle, eight columns of which two say it."""
    y = np.arange(rows) % 3
    x = randomness.normal(seed, "rows", rows * 8).reshape(rows, 8)
    corners = np.array([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
    x[:, :2] += corners[y]
    return x, y


def names(found: Check) -> list[str]:
    return [one.name for one in found.concerns]


def small(activation: str = "tanh", width: int = 16) -> cr.Network:
    return cr.Network(cr.Dense(width, activation), cr.Dense())


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("optimizer", ["adam", "irprop_minus", "lbfgs"])
def test_sound_rows_raise_no_doubt(activation: str, optimizer: str) -> None:
    x, y = blobs()
    found = check(small(activation), x, y, validation=0.25, optimizer=optimizer)
    assert found.is_sound, str(found)
    assert found.checked == ("what train accepts", *LOOKS)


def test_numbers_and_single_outputs_raise_no_doubt() -> None:
    x, _ = blobs()
    wanted = np.tanh(x[:, 0] - x[:, 3])
    rate: dict[str, Any] = {"learning_rate": 0.02}
    assert check(cr.Network(cr.Dense(16, "tanh"), cr.Dense(1)), x, wanted, **rate).is_sound
    two = (x[:, 0] + x[:, 3] > 0).astype(int)
    assert check(cr.Network(cr.Dense(16, "tanh"), cr.Dense(1)), x, two, **rate).is_sound


def test_what_train_refuses_is_said_and_not_raised() -> None:
    x, y = blobs()
    (one,) = check(small(), x, y[:-1]).concerns
    assert one.is_error
    assert one.name == "refused"
    assert "239" in one.cause
    assert one.remedy
    with pytest.raises(TypeError, match="learning_rate"):
        check(small(), x, y, learning_rat=0.1)


def test_rows_in_both_parts_are_counted() -> None:
    x, y = blobs()
    found = check(
        small(), x, y, validation=(np.vstack([x[:5], x[:20] + 3.0]), y[[*range(5), *range(20)]])
    )
    assert "rows in both parts" in names(found)
    (one,) = [one for one in found.concerns if one.name == "rows in both parts"]
    assert one.measured == pytest.approx(5 / 25)


def test_equal_inputs_with_other_targets_are_no_copies() -> None:
    x, y = blobs(rows=6)
    rows = Rows((x,), (y,), np.ones(6))
    other = Rows((x,), ((y + 1) % 3,), np.ones(6))
    assert shared_rows(rows, other).tolist() == []
    assert shared_rows(rows, rows).tolist() == list(range(6))


@pytest.mark.parametrize("place", [0, 5])
def test_a_column_made_of_the_target_is_named(place: int) -> None:
    x, y = blobs()
    noise = 0.01 * randomness.normal(3, "noise", len(y))
    leaking = np.insert(x, place, y + noise, axis=1)
    found = check(small(), leaking, y)
    assert "a column gives the answer away" in names(found)
    assert f"Column {place} alone" in str(found)
    backwards = np.insert(x, place, -3.0 * (x[:, 0] + x[:, 1]) ** 3, axis=1)
    told = check(cr.Network(cr.Dense(16, "tanh"), cr.Dense(1)), backwards, x[:, 0] + x[:, 1])
    assert "a column gives the answer away" in names(told)


def test_errors_of_columns_are_those_of_brute_force() -> None:
    x = randomness.normal(1, "x", 60).reshape(30, 2)
    y = (x[:, :1] > 0).astype(float)
    order = randomness.permutation(0, "halves of a check", 30)
    found = []
    for column in range(2):
        errors = []
        for known, asked in ((order[:15], order[15:]), (order[15:], order[:15])):
            near = [
                known[np.argsort(np.abs(x[known, column] - x[row, column]))[:3]] for row in asked
            ]
            said = np.array([y[places, 0].mean() for places in near])
            truth = y[asked, 0]
            errors.append(((truth - said) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
        found.append(np.mean(errors))
    np.testing.assert_allclose(errors_of_columns(x, y, 0), found)


def test_a_rare_class_is_named_unless_it_is_weighed() -> None:
    x, y = blobs(rows=300)
    y = (np.arange(300) < 6).astype(int)
    x[y == 1, :2] += 3.0
    assert "a rare class" in names(check(small(), x, y))
    assert "a rare class" not in names(check(small(), x, y, class_weight="balanced"))


def test_a_loss_far_from_that_of_a_guess_is_said() -> None:
    x, y = blobs()
    start = cr.initializer("normal", deviation=6.0)
    wild = cr.Network(cr.Dense(16, "relu", weights=start), cr.Dense(3, weights=start))
    assert "the loss at the start" in names(check(wild, x, y))


def test_one_batch_that_is_not_learned_is_said() -> None:
    x, y = blobs()
    assert "one batch" in names(check(small(), x, y, learning_rate=1e-7))


def test_targets_that_are_known_without_inputs_are_said() -> None:
    x, y = blobs()
    rows = len(y)
    left, right = cr.Input(8, name="measured"), cr.Input(1, name="answer")
    joined = cr.Concatenate()(left, right)
    network = cr.Network(inputs=[left, right], outputs=[cr.Dense(3)(cr.Dense(16, "tanh")(joined))])
    assert not [one for one in names(check(network, [x, x[:, :1]], y)) if one == "inputs of zeros"]
    batch = one_batch(Rows((x,), (y,), np.ones(rows)))
    assert len(batch) == BATCH
    assert set(batch.targets[0].tolist()) == {0, 1, 2}


def test_one_batch_leaves_out_equal_inputs() -> None:
    x = np.repeat(np.arange(4.0), 10)[:, None]
    rows = Rows((x,), (np.arange(40) % 2,), np.ones(40))
    assert sorted(one_batch(rows).inputs[0][:, 0].tolist()) == [0.0, 1.0, 2.0, 3.0]


IMAGES = cr.Network(cr.Conv(4, 3), cr.Flatten(), cr.Dense())
TOKENS = cr.Network(cr.Embedding(9, 4), cr.LSTM(5), cr.Dense())
PAIR = cr.Network(cr.Dense(3), cr.Dense(2))


@pytest.mark.parametrize(
    ("network", "x", "y"),
    [
        (IMAGES, np.ones((30, 1, 8, 8)), np.arange(30) % 2),
        (TOKENS, np.ones((30, 6)), np.arange(30) % 3),
        (PAIR, np.ones((2, 1)), np.array([[0.0, 1.0], [1.0, 0.5]])),
    ],
)
def test_images_tokens_and_two_rows_are_looked_at(network: cr.Network, x: Array, y: Array) -> None:
    found = check(network, x + (np.arange(len(x)) % 2).reshape(-1, *[1] * (x.ndim - 1)), y)
    assert found.to_dict()["checked"]


def test_a_check_takes_less_than_a_second() -> None:
    x = randomness.normal(0, "wide", 5000 * 60).reshape(5000, 60)
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    began = time.process_time()
    check(small("relu", 64), x, y, validation=0.2)
    assert time.process_time() - began < 4.0  # of both cores, on a machine that others use, too


def test_a_category_made_of_the_target_and_classes_in_the_order_of_a_column_are_giveaways() -> None:
    y = np.arange(120) // 40
    levels = (y + 1) % 3
    assert error_of_categories(levels, y, 0) == 0.0
    chance = randomness.permutation(0, "levels", 120) % 3
    assert error_of_categories(chance, y, 0) > 0.8
    number = np.arange(120.0)[:, None]
    assert errors_of_columns(number, y, 0)[0] == 0.0
    one_wrong = y.copy()
    one_wrong[60] = 0
    assert errors_of_columns(number, one_wrong, 0)[0] > 0.0


def test_of_very_many_columns_the_one_that_says_the_target_is_found() -> None:
    x = randomness.normal(0, "wide", 300 * 3000).reshape(300, 3000)
    y = (np.arange(300) * 7 % 3).astype(float)[:, None]
    x[:, 1234] = y[:, 0] + 0.01 * x[:, 1234]
    errors = errors_of_columns(x, y, 0)
    assert np.flatnonzero(errors < 0.02).tolist() == [1234]


def test_copies_among_many_rows_are_those_of_brute_force() -> None:
    x = np.round(2.0 * randomness.normal(0, "rows", 4000 * 3)).reshape(4000, 3)
    x[:7] = -0.0
    y = (randomness.uniform(0, "targets", 4000) < 0.5).astype(np.int64)
    one = Rows((x[:3000],), (y[:3000],), np.ones(3000))
    other = Rows((x[3000:],), (y[3000:],), np.ones(1000))
    known = {(*row, label) for row, label in zip((x[:3000] + 0.0).tolist(), y[:3000], strict=True)}
    due = [(*row, label) in known for row, label in zip(x[3000:].tolist(), y[3000:], strict=True)]
    assert shared_rows(one, other).tolist() == np.flatnonzero(due).tolist()
    assert 0 < sum(due) < 1000


def test_rows_with_the_same_number_are_compared_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_numbers_of", lambda rows: np.zeros(len(rows), dtype=np.uint64))
    x, y = blobs(rows=60)
    one = Rows((x[:50],), (y[:50],), np.ones(50))
    other = Rows((x[40:],), (y[40:],), np.ones(20))
    assert shared_rows(one, other).tolist() == list(range(10))


def test_rows_of_few_values_that_are_equal_by_chance_raise_no_doubt() -> None:
    x = np.floor(3.0 * randomness.uniform(0, "rows", 600 * 3)).reshape(600, 3)
    y = ((x.sum(axis=1) > 3) ^ (randomness.uniform(0, "noise", 600) < 0.1)).astype(int)
    assert "rows in both parts" not in names(check(small(), x - 1.0, y, validation=0.25))


def test_labels_are_doubted_where_they_were_shuffled_and_nowhere_else() -> None:
    """Two of thirty columns say ten classes: hardly to be seen in 250 rows, and plain in all."""
    x = randomness.normal(0, "rows", 6000 * 30).reshape(6000, 30)
    order = np.argsort(x[:, 0] + 0.7 * x[:, 1] + 0.3 * randomness.normal(0, "noise", 6000))
    y = np.empty(6000, dtype=np.int64)
    y[order] = np.arange(6000) // 600
    assert LABELS not in names(check(small(), x, y))
    found = check(small(), x, y[randomness.permutation(0, "shuffled", 6000)])
    assert LABELS in names(found)
    assert "1,000 of 6,000 rows" in str(found)


def test_ranks_of_groups_are_compared_as_scipy_does() -> None:
    stats = pytest.importorskip("scipy.stats")
    x = np.round(3.0 * randomness.normal(4, "column", 300))
    groups = np.arange(300) % 4
    due = stats.kruskal(*(x[groups == one] for one in range(4))).pvalue
    found = _deviations(x, groups, np.bincount(groups), 3)
    assert stats.norm.sf(found) == pytest.approx(due, rel=0.03)


def test_many_classes_are_looked_at_and_not_doubted() -> None:
    x = randomness.normal(0, "rows", 4000 * 6).reshape(4000, 6)
    y = np.argsort(np.argsort(x[:, 0])) * 400 // 4000
    found = check(small(), x, y.astype(str), validation=0.2)
    assert LABELS not in names(found)


def test_what_takes_too_long_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = blobs()
    monkeypatch.setattr(look, "SECONDS", 0.0)
    found = check(small(), x, y)
    assert set(found.left_out) == set(LOOKS)
    assert found.checked == ("what train accepts",)
    assert "Not looked at: one batch" in str(found)


def test_the_rows_of_a_sample_are_said() -> None:
    x, y = blobs(rows=2400)
    assert "run on 400 of 2,400 training rows" in str(check(small(), x, y))


def test_columns_that_are_not_tried_are_not_said_to_be() -> None:
    few, y = blobs(rows=39)
    for x, network in ((few, small()), (np.stack([few, few], axis=1)[:, None], IMAGES)):
        found = check(network, x, y)
        assert GIVEAWAYS in found.left_out
        assert GIVEAWAYS not in found.checked
    assert GIVEAWAYS in check(small(), *blobs(rows=40)).checked


def test_what_cannot_be_looked_at_is_not_said_to_be_checked() -> None:
    a, b = cr.Input(2, name="a"), cr.Input(2, name="b")
    hidden = cr.Dense(8, "tanh")(cr.Concatenate()(a, b))
    of_two = cr.Network(inputs=[a, b], outputs=[cr.Dense(1)(hidden)])
    x = np.random.default_rng(0).normal(size=(120, 4))
    both = cr.check(of_two, {"a": x[:, :2], "b": 1e4 * x[:, 2:]}, x[:, 0])
    assert GIVEAWAYS in both.left_out
    assert GIVEAWAYS not in both.checked
    assert "scales" in both.checked
    assert any("input b" in one.cause for one in both.concerns)
    few = cr.check(cr.Network(cr.Dense(8, "tanh"), cr.Dense(1)), x[:12], x[:12, 0])
    assert "labels" in few.left_out
    assert not few.concerns
    assert str(few).startswith("Nothing is doubtful in what was looked at. Checked: ")


def test_training_rows_of_one_class_say_nothing_about_one_batch() -> None:
    x, y = blobs()
    case = case_of(cr.train(small(), x, y, epochs=0, progress=False))
    rows = case.training
    alone = replace(rows, targets=(np.zeros_like(rows.targets[0]),))
    with pytest.raises(look.LeftOutError, match="the same target"):
        looks_at_start.one_batch(Examination(case), replace(case.arrangement, training=alone))


def test_a_huge_number_raises_no_warning() -> None:
    x = np.random.default_rng(1).normal(size=(120, 3))
    x[7, 1] = 1e300
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = cr.check(cr.Network(cr.Dense(8, "tanh"), cr.Dense(1)), x, x[:, 0])
    assert found.concerns


@pytest.mark.parametrize("unit", [1e-10, 1e-4, 1.0, 1e6])
def test_the_unit_of_good_rows_is_a_matter_of_scale_alone(unit: float) -> None:
    x = randomness.normal(0, "units", 200 * 6).reshape(200, 6)
    y = np.tanh(x @ np.array([1.0, -1.0, 0.5, 0.0, 2.0, 0.3]))
    network = cr.Network(cr.Dense(16, "tanh"), cr.Dense(1))
    found = cr.check(network, x * unit, y * unit)
    names = {one.name for one in found.concerns}
    # Where all numbers are tiny, one batch is not learned for that reason.
    assert names <= {"inputs or targets are unscaled", "one batch"}
    assert (unit == 1.0) == (not names)
    assert "labels" in found.checked


def test_rows_are_looked_at_where_a_pass_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = blobs()
    x[:, 2] = y
    monkeypatch.setattr(look, "seconds_of_pass", lambda case, few: 1.0)
    found = check(small(), x, y, validation=0.2)
    assert set(found.left_out) == set(look.OF_A_PASS)
    assert set(look.OF_A_PASS) < set(LOOKS)
    assert all("a pass through the network takes" in one for one in found.left_out.values())
    assert "a column gives the answer away" in {one.name for one in found.concerns}


def test_no_epoch_is_doubtful_as_it_trains_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense(1))
    (said,) = cr.check(network, x, x[:, 0], epochs=0).concerns
    assert said.name == "no epoch"
    run = cr.train(network, x, x[:, 0], epochs=0, seed=3, progress=False)
    start = network.sized({"x": (3,)}, 1).started(3)
    np.testing.assert_allclose(run.network(x), start(x), rtol=1e-5)
    assert not cr.check(network, x, x[:, 0], epochs=1).concerns
