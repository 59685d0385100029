"""Labels that say nothing about their rows: shuffled, moved, reversed, or wrong for some."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from diagnosed_runs import named, rows
from sampled_or_whole import SEEDS
from scipy import stats

import chainrule as cr
from chainrule.diagnosis.ailments.labels.misaligned import ALIGNED, MISALIGNED
from chainrule.diagnosis.ailments.labels.shuffled import SHUFFLED
from chainrule.diagnosis.ailments.labels.some_wrong import SOME_WRONG
from chainrule.diagnosis.ailments.labels.story import Story
from chainrule.diagnosis.ailments.uninformative_labels import UNINFORMATIVE_LABELS, stories
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.held_out import with_held_out
from chainrule.diagnosis.experiments.labels import (
    compare_shuffled,
    compare_without_doubtful,
    out_of_fold,
)
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes import neighbours
from chainrule.diagnosis.probes.doubtful import doubtful
from chainrule.diagnosis.probes.labels import Order
from chainrule.diagnosis.probes.neighbours import Neighbours, TargetColumns
from chainrule.diagnosis.probes.row_order import joined, orders, realigned
from chainrule.diagnosis.remedies.labels import aligned, code_of, leaving_out, looked_at
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.sentences import sentence_of
from chainrule.diagnosis.verdicts.verdict import Verdict, summary
from chainrule.randomness import normal, permutation, uniform
from chainrule.training.rows import Rows
from chainrule.views.diagnosis_chapters import proof, suspicion


def classes(count: int, seed: int = 0) -> tuple[Any, Any]:
    x, y = rows(count, 4, seed)
    return x, np.digitize(y, (-0.4, 0.4))


def case(x: Any, y: Any, width: int = 10, last: int | None = None, **given: Any) -> Case:
    network = cr.Network(cr.Dense(width, "tanh"), cr.Dense(last))
    given = {"epochs": 25, "learning_rate": 0.02, "validation": 0.25, **given}
    return case_of(cr.train(network, x, y, progress=False, **given))


def some_wrong(y: Any, share: float) -> tuple[Any, Any]:
    wrong = uniform(1, "wrong labels", len(y)) < share
    return np.where(wrong, (y + 1) % (y.max() + 1), y), np.flatnonzero(wrong)


def of_story(name: str) -> tuple[Any, Any]:
    """Rows whose labels have come apart from them in one way."""
    x, y = classes(300)
    if name == "shuffled":
        return x, y[permutation(0, "labels of a test", len(y))]
    if name == "moved":
        return x, np.roll(y, 1)
    return x, np.sort(y) if name == "sorted" else some_wrong(y, 0.25)[0]


@pytest.mark.parametrize(
    ("name", "story"),
    [
        ("shuffled", SHUFFLED),
        ("moved", MISALIGNED),
        ("sorted", SHUFFLED),
        ("some wrong", SOME_WRONG),
    ],
)
def test_each_story_is_told_from_the_others(name: str, story: Story) -> None:
    examined = Examination(case(*of_story(name)))
    assert stories(examined)[0] is story
    assert len(UNINFORMATIVE_LABELS.remedies(examined)) == len(stories(examined))


def test_the_specimen_is_named() -> None:
    found = [named(UNINFORMATIVE_LABELS, seed) for seed in SEEDS]
    assert found == ["uninformative_labels"] * len(SEEDS)


@pytest.mark.parametrize("validation", [0.25, 0.0])
def test_targets_in_another_order_are_found_and_put_back(validation: float) -> None:
    x, y = rows(200, 4)
    for moved, words, code in (
        (np.roll(y, 1), "up by 1 row", "y = np.roll(y, -1)"),
        (np.roll(y, -3), "down by 3 rows", "y = np.roll(y, 3)"),
        (y[::-1], "in reverse order", "y = y[::-1]"),
    ):
        examined = Examination(case(x, moved.copy(), validation=validation))
        found = UNINFORMATIVE_LABELS.signs(examined)
        assert found[0].where.endswith(words)
        remedy, *_ = UNINFORMATIVE_LABELS.remedies(examined)
        assert remedy.code == code
        assert words in remedy.words or words == "in reverse order"
        after = remedy.change(examined.case.arrangement)
        numbers = examined.setup.provenance.training
        # Rows at the ends have no target in the moved order.
        inner = (numbers > 2) & (numbers < 197)
        np.testing.assert_allclose(after.training.targets[0][inner, 0], y[numbers][inner])
        assert UNINFORMATIVE_LABELS.confirm is not None
        experiment = UNINFORMATIVE_LABELS.confirm(examined, Laboratory(examined.case, 10), [remedy])
        assert experiment is not None
        assert experiment.is_clear
        assert np.median(experiment.treated) < 0.5 < np.median(experiment.without)


@pytest.mark.parametrize("shift", [1, 3, -1, -3, None])
def test_the_line_of_code_is_the_order_that_is_tried(shift: int | None) -> None:
    y = np.arange(40)
    told = "in reverse order"
    if shift is not None:
        told = f"moved {'down' if shift > 0 else 'up'} by {abs(shift)} row"
        told += "s" if abs(shift) > 1 else ""
    order = orders(40)[told]
    # What the code says is run, on targets that were spoiled the other way.
    spoiled = y[::-1] if shift is None else np.roll(y, -shift)
    found = {"np": np, "y": spoiled}
    exec(code_of(order), found)
    np.testing.assert_array_equal(found["y"], y)
    np.testing.assert_array_equal(spoiled[order], y)


@pytest.mark.parametrize("way", [1, -1])
def test_targets_moved_either_way_are_put_back_where_little_can_be_learned(way: int) -> None:
    x = normal(5, "rows of a test", 400 * 5).reshape(400, 5)
    y = x[:, 0] * x[:, 1] + np.sin(2.0 * x[:, 2])
    given = case(x, np.roll(y, way), width=16, epochs=40)
    examined = Examination(given)
    remedies = UNINFORMATIVE_LABELS.remedies(examined)
    assert UNINFORMATIVE_LABELS.confirm is not None
    found = UNINFORMATIVE_LABELS.confirm(examined, Laboratory(given, 10, 20.0), remedies)
    assert found is not None
    assert found.is_clear
    assert found.remedy.code == f"y = np.roll(y, {-way})"


def test_rows_that_were_split_are_joined_in_their_order() -> None:
    x, y = rows(50)
    split = case(x, y)
    together = joined(split)
    training, held = together.training, together.held
    np.testing.assert_array_equal(together.inputs_at(np.arange(50))[0], x)
    some = np.array([49, 3, 3, 20])
    np.testing.assert_array_equal(together.inputs_at(some)[0], x[some])
    np.testing.assert_array_equal(together.targets[0][:, 0], y)
    np.testing.assert_array_equal(np.sort(np.concatenate([training, held])), np.arange(50))
    order = orders(50)["moved up by 1 row"]
    back = realigned(split, order)
    np.testing.assert_array_equal(back.training.targets[0][:, 0], y[order][training])
    np.testing.assert_array_equal(back.validation.targets[0][:, 0], y[order][held])


def test_labels_that_are_learned_show_no_sign() -> None:
    for validation in (0.25, 0.0):
        examined = Examination(case(*classes(200), validation=validation))
        assert UNINFORMATIVE_LABELS.signs(examined) == []


def test_a_network_that_learns_nothing_from_good_labels_shows_no_sign() -> None:
    examined = Examination(case(*classes(200), learning_rate=1e-7))
    assert examined.errors.validation > 0.9
    assert UNINFORMATIVE_LABELS.signs(examined) == []


def test_parity_is_told_although_neighbours_always_differ() -> None:
    x = np.array([[(i >> bit) & 1 for bit in range(7)] for i in range(128)]) * 2.0 - 1.0
    y = (x > 0).sum(axis=1) % 2
    examined = Examination(case(x, y, validation=0.0, epochs=2))
    assert examined.labels is not None
    assert examined.labels.distance > 3.5
    assert UNINFORMATIVE_LABELS.signs(examined) == []


def test_no_other_order_fits_shuffled_targets_of_more_rows_than_are_sampled() -> None:
    count = 450
    x = normal(0, "rows of a test", count * 5).reshape(count, 5)
    for heavy in (1.0, 3.0):
        # Few large targets: samples differ in how much they vary.
        y = np.abs(normal(1, "targets of a test", count)) ** heavy
        for seed in range(3):
            labels = Examination(case(x, y, epochs=1, seed=seed)).labels
            assert labels is not None
            assert labels.best_order is not None
            assert labels.best_order.distance < ALIGNED


def test_errors_are_in_shares_of_how_much_targets_vary() -> None:
    x, y = rows(60)
    near = Neighbours.of(_rows(x, y), cr.Network(cr.Input(3), cr.Dense(1), seed=0), 0)
    assert near is not None
    columns = y[:, None] - y.mean()
    np.testing.assert_allclose(near.errors(7.0 * columns), near.errors(columns))


def test_the_probability_of_chance_is_even_on_shuffled_labels() -> None:
    x, y = classes(120)
    found = []
    for place in range(40):
        nothing = y[permutation(place, "labels of a test", len(y))]
        labels = Examination(case(x, nothing, epochs=1, validation=0.0)).labels
        assert labels is not None
        found.append(labels.probability)
    assert min(found) > 0.002
    # Of forty even ones the share below a third is within 0.1 and 0.6 but once in 2000 times.
    assert 0.1 < np.mean(np.array(found) < 1 / 3) < 0.6
    labels = Examination(case(x, y, epochs=1, validation=0.0)).labels
    assert labels is not None
    assert labels.probability < 0.002


def test_where_no_order_proves_right_labels_are_compared_with_shuffled_ones() -> None:
    x, y = classes(160)
    given = case(x, y[permutation(0, "labels of a test", len(y))], epochs=15)
    examined = Examination(given)
    order = Order("in reverse order", np.arange(160)[::-1].copy(), 9.0)
    remedies = [aligned(given, order), *UNINFORMATIVE_LABELS.remedies(examined)]
    assert UNINFORMATIVE_LABELS.confirm is not None
    found = UNINFORMATIVE_LABELS.confirm(examined, Laboratory(given, 20), remedies)
    assert found is not None
    assert found.is_clear
    assert found.treated_name == "labels shuffled"


def test_shuffled_labels_are_no_worse_only_where_the_given_ones_say_nothing() -> None:
    x, y = classes(160)
    nothing = y[permutation(0, "labels of a test", len(y))]
    for labels, shows in ((y, False), (nothing, True)):
        given = case(x, labels, epochs=15)
        remedy = leaving_out(given, [0])
        assert compare_shuffled(Laboratory(given, 10), remedy).is_clear is shows


def test_a_predictor_leaves_its_own_row_out() -> None:
    x, y = rows(60)
    near = Neighbours.of(_rows(x, y), cr.Network(cr.Input(3), cr.Dense(1), seed=0), 0)
    assert near is not None
    for one in near.predictors:
        assert (np.diag(one) == 0.0).all()
        np.testing.assert_allclose(one.sum(axis=1), 1.0, atol=0.2)


def test_the_plane_predicts_as_a_fit_without_the_row_does() -> None:
    x, y = rows(40)
    near = Neighbours.of(_rows(x, y), cr.Network(cr.Input(3), cr.Dense(1), seed=0), 0)
    assert near is not None
    found = near.predictors[1] @ y
    z = near.inputs / np.sqrt(3.0)
    for row in range(0, 40, 7):
        left = np.delete(np.arange(40), row)
        # The intercept is not shrunk, and columns are centred as they are with the row.
        design = np.column_stack([np.ones(39), z[left]])
        penalty = np.diag([0.0, 1.0, 1.0, 1.0]) * 0.03 * 40
        weights = np.linalg.solve(design.T @ design + penalty, design.T @ y[left])
        assert found[row] == pytest.approx(np.concatenate([[1.0], z[row]]) @ weights, abs=1e-9)


def test_errors_in_other_orders_are_those_of_the_predictors_however_many_columns() -> None:
    x, _ = rows(60)
    near = Neighbours.of(_rows(x, x[:, 0]), cr.Network(cr.Input(3), cr.Dense(1), seed=0), 7)
    assert near is not None
    many = normal(0, "many targets", 60 * 90).reshape(60, 90)
    found = near.shuffled_errors(many, first=5)
    varying = many.var(axis=0).mean()
    for step in (0, 17, len(found) - 1):
        moved = many[permutation(7, "shuffled targets", 60, 5 + step)]
        missed = [np.mean((one @ moved - moved) ** 2) / varying for one in near.predictors]
        np.testing.assert_allclose(found[step], missed, rtol=1e-10)


def test_of_very_wide_inputs_some_columns_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MOST_NUMBERS", 40 * 100)
    x = normal(0, "wide", 40 * 1000).reshape(40, 1000)
    y = x[:, 0] * 1.0
    near = Neighbours.of(_rows(x, y), cr.Network(cr.Input(3), cr.Dense(1), seed=0), 0)
    assert near is not None
    assert near.inputs.shape == (40, 100)
    alike = x[:, :1] + 0.1 * x
    near = Neighbours.of(_rows(alike, y), cr.Network(cr.Input(3), cr.Dense(1), seed=0), 0)
    assert near is not None
    # What any column says is said by those that are left.
    assert near.errors((y - y.mean())[:, None]).min() < 0.5


def test_folds_are_trained_side_by_side_as_they_are_one_by_one() -> None:
    case, laboratory = _of_classes()
    named = [(f"part {seed}", case.arrangement, seed) for seed in (3, 4, 5)]
    made = laboratory.trained_each(named)
    again = [laboratory.trained(*one[:2], (one[2],))[0] for one in named]
    assert [one.judged for one in made] == [one.judged for one in again]
    assert laboratory.trainings == 3
    other = Laboratory(case, 12, 20.0)
    alone = [other.trained("alone", case.arrangement, (seed,))[0] for seed in (3, 4, 5)]
    assert [one.judged for one in made] == [one.judged for one in alone]


def _of_classes() -> tuple[Case, Laboratory]:
    x, y = rows(80)
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense(2))
    labels = (y > np.median(y)).astype(int)
    case = case_of(cr.train(network, x, labels, epochs=3, validation=0.25, progress=False))
    return case, Laboratory(case, 12, 20.0)


def test_chance_is_measured_as_a_permutation_test_does() -> None:
    x, y = rows(60)
    near = Neighbours.of(_rows(x, y), cr.Network(cr.Input(3), cr.Dense(1), seed=0), 0)
    assert near is not None
    columns = y[:, None]
    found = near.distances_from_chance(columns, near.shuffled_errors(columns))

    def error(shuffled: Any) -> float:
        return float(np.mean((near.predictors[1] @ shuffled - shuffled) ** 2))

    test = stats.permutation_test(
        (y,), error, permutation_type="pairings", n_resamples=999, alternative="less",
        rng=np.random.default_rng(0),
    )  # fmt: skip
    z = (test.null_distribution.mean() - test.statistic) / test.null_distribution.std()
    assert found[1] == pytest.approx(z, rel=0.3)
    assert found[1] > 3.5


def test_doubtful_rows_follow_confident_learning() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1])
    first = np.array([0.9, 0.8, 0.1, 0.2, 0.1, 0.45])
    found = doubtful(np.column_stack([first, 1.0 - first]), labels)
    # Means by class: 0.6 and 0.75. Row 2 has 0.9 of class 1; row 5 reaches neither mean.
    np.testing.assert_array_equal(found, [False, False, True, False, False, False])


def test_doubtful_rows_of_wrong_labels_are_named_and_others_are_not() -> None:
    x, y = classes(240)
    changed, wrong = some_wrong(y, 0.15)
    spoiled = case(x, changed, width=64, epochs=200, keep="last")
    examined = Examination(spoiled)
    (sign,) = UNINFORMATIVE_LABELS.signs(examined)
    assert sign.measured == pytest.approx(0.15, abs=0.08)
    assert examined.labels is not None
    named_rows = set(examined.labels.doubtful_numbers)
    known = set(wrong.tolist()) & set(spoiled.setup.provenance.training.tolist())
    assert len(named_rows & known) >= 0.6 * len(known)
    assert examined.labels.contradicted_share is not None
    sound = Examination(case(x, y, width=64, epochs=200, keep="last"))
    assert UNINFORMATIVE_LABELS.signs(sound) == []


def test_networks_of_folds_have_not_seen_the_rows_that_they_predict() -> None:
    x, y = classes(100)
    nothing = y[permutation(0, "labels of a test", len(y))]
    spoiled = case(x, nothing, width=64, epochs=200, keep="last")
    found = out_of_fold(Laboratory(spoiled, 5))
    assert found is not None
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)
    truth = spoiled.training.targets[0]
    assert np.mean(found.argmax(axis=1) == truth) < 0.6


def test_overlap_of_classes_is_no_matter_of_labels() -> None:
    x, _y = rows(200)
    overlapping = (x[:, 0] + rows(200, 3, 1)[0][:, 0] > 0.0).astype(int)
    found = compare_without_doubtful(Laboratory(case(x, overlapping), 15))
    assert found is None or not found.is_clear


def test_rows_that_are_left_out_are_gone_and_the_rest_stays() -> None:
    given = case(*classes(60))
    after = leaving_out(given, [0, 5]).change(given.arrangement)
    left = np.setdiff1d(np.arange(len(given.training)), [0, 5])
    np.testing.assert_array_equal(after.training.inputs[0], given.training.inputs[0][left])
    assert after.training.weights.mean() == pytest.approx(1.0)
    said = leaving_out(given, [0, 5]).words
    assert str(given.numbers[0]) in said
    assert str(given.numbers[5]) in said


def test_a_fifth_is_held_out_where_nothing_was() -> None:
    given = case(*classes(100), validation=0.0)
    held, kept = with_held_out(given)
    assert (len(held.training), len(held.validation)) == (80, 20)
    np.testing.assert_array_equal(held.training.inputs[0], given.training.inputs[0][kept])
    assert held.setup.keep == "last"
    split = case(*classes(100))
    assert with_held_out(split)[0] is split


def test_columns_of_targets_are_of_one_scale() -> None:
    x, y = rows(40)
    found = TargetColumns.of(_rows(x, 100.0 * y).targets, (0,))
    assert found is not None
    both = found.at(np.arange(40))
    np.testing.assert_allclose([both.mean(), both.std()], [0.0, 1.0], atol=1e-12)
    assert TargetColumns.of(_rows(x, np.ones(40)).targets, (0,)) is None


def test_columns_of_classes_are_their_ones_about_their_shares() -> None:
    labels = np.array([0, 1, 1, 3, 3, 3, 3, 0])
    found = TargetColumns.of((labels,), (5,))
    assert found is not None
    places = np.array([3, 1, 1])
    due = (np.eye(5)[labels] - np.eye(5)[labels].mean(axis=0))[places]
    np.testing.assert_allclose(found.at(places), due[:, [1, 3]])


def test_of_many_classes_some_are_drawn_with_rows_enough() -> None:
    x, _ = rows(3000)
    labels = np.arange(3000) % 1000
    labels[labels > 600] %= 100
    network = case(*classes(60)).first
    near = Neighbours.of(_rows(x, labels), network, 0, labels=labels)
    assert near is not None
    chosen, counts = np.unique(labels[near.places], return_counts=True)
    assert 1 < len(chosen) <= 50
    assert counts.min() >= 5


def _rows(x: Any, y: Any) -> Rows:
    return Rows((x,), (np.asarray(y, dtype=np.float64)[:, None],), np.ones(len(x)))


@pytest.mark.parametrize("shuffled", [0.9, 1.0, 1.1])
@pytest.mark.parametrize("shows", [True, False])
def test_shuffled_labels_are_told_as_no_fall_whichever_side_does_better(
    shuffled: float, shows: bool
) -> None:
    """The labels as given have errors around 1; a rank test finds any of these apart."""
    given, mixed = (
        tuple(one + place / 1000 for place in range(5)) for one in (1.0, shuffled)
    )  # fmt: skip
    experiment = Experiment(
        looked_at(), given, mixed, 30, 300, untreated_name="labels as given",
        treated_name="labels shuffled", shows=shows, settles=shows, as_good=True,
    )  # fmt: skip
    finding = Finding(UNINFORMATIVE_LABELS, (), (), experiment)
    verdict = Verdict("ill", finding)
    plain = summary(verdict)["primary"]
    if not shows:
        said = suspicion(plain)
        assert (
            f"the error is {1.002:.3g} labels as given, {shuffled + 0.002:.3g} labels shuffled."
            in said
        )
        return
    assert finding.certainty is None
    said = sentence_of(verdict)
    assert said.startswith("The labels and the inputs do not go together (confirmed): look at")
    told = " ".join(one for one in proof(plain) if isinstance(one, str))
    for one in (said, told):
        for word in ("falls", "lower", "p =", "Cohen"):
            assert word not in one
    assert ("hardly higher" if shuffled > 1.0 else "no higher") in told
