"""Output activation, loss and targets that do not fit: what is out of reach, and what cures it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from diagnosed_runs import named, rows
from sampled_or_whole import SEEDS

import chainrule as cr
from chainrule.arrays import exp, log, mean_over
from chainrule.diagnosis.ailments.mismatched_output import MISMATCHED_OUTPUT
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.classes import class_numbers
from chainrule.diagnosis.probes.reach import Reach, missed_classes, missed_numbers, reach_of
from chainrule.diagnosis.remedies.network_changes import without_output_activation
from chainrule.network.backpropagation import outputs_of


def trained(network: cr.Network, x: Any, y: Any, **given: Any) -> Examination:
    given = {"epochs": 40, "learning_rate": 0.02, "validation": 0.25, **given}
    return Examination(case_of(cr.train(network, x, y, progress=False, **given)))


def test_the_specimen_is_named_and_its_treatment_cures_it() -> None:
    assert [named(MISMATCHED_OUTPUT, seed) for seed in SEEDS] == ["mismatched_output"] * len(SEEDS)


@pytest.mark.parametrize(
    ("op", "low", "high"),
    [("sigmoid", 0, 1), ("tanh", -1, 1), ("relu", 0, np.inf), ("gelu", -0.16997, np.inf),
     ("elu", -1, np.inf), ("softplus", 0, np.inf), ("identity", -np.inf, np.inf),
     ("log_sigmoid", -np.inf, 0), ("softsign", -1, 1)],
)  # fmt: skip
def test_the_reach_of_an_activation_is_its_range(op: str, low: float, high: float) -> None:
    plan = cr.Network(cr.Input(2), cr.Dense(1, op), seed=0).plan
    assert (reach_of(plan).low, reach_of(plan).high) == pytest.approx((low, high), abs=1e-4)


def test_an_output_without_an_activation_reaches_everything() -> None:
    assert not reach_of(cr.Network(cr.Input(2), cr.Dense(1), seed=0).plan).is_bounded


def test_the_least_error_on_numbers_is_that_of_the_nearest_in_reach() -> None:
    targets = np.array([[-1.0], [1.0], [-1.0], [1.0]])
    # Half of the targets are missed by 1; their variance is 1.
    assert missed_numbers(Reach(0.0, 1.0), targets) == pytest.approx(0.5)
    assert missed_numbers(Reach(-1.0, 1.0), targets) == 0.0
    assert missed_numbers(Reach(0.0, 1.0), np.ones((4, 1))) == 0.0


def test_the_least_error_on_classes_is_that_of_the_surest_logits_in_reach() -> None:
    shares = np.full(3, 1.0 / 3.0)
    right = np.exp(1.0) / (np.exp(1.0) + 2.0)
    brier = (1.0 - right) ** 2 + 2.0 * ((1.0 - right) / 2.0) ** 2
    assert missed_classes(Reach(0.0, 1.0), shares, False) == pytest.approx(brier / (2.0 / 3.0))
    assert missed_classes(Reach(0.0), shares, False) == 0.0
    # A logit from 0 up never says the first of two classes with more than one half.
    assert missed_classes(Reach(0.0), np.full(2, 0.5), True) == pytest.approx(0.5 * 0.5 / 0.5)


@pytest.mark.parametrize("last", ["sigmoid", "tanh", "relu", "softmax"])
def test_targets_out_of_reach_are_a_sign_and_those_within_are_none(last: str) -> None:
    x, y = rows(120)
    beyond = trained(cr.Network(cr.Dense(6, "tanh"), cr.Dense(1, last)), x, 3.0 * y)
    assert [one.quantity[:11] for one in MISMATCHED_OUTPUT.signs(beyond)] == ["least error"]
    (remedy,) = MISMATCHED_OUTPUT.remedies(beyond)
    changed = remedy.change(beyond.case.arrangement).setup.network
    assert [one.op for one in changed.plan.steps] == ["linear", "tanh", "linear"]
    if last != "softmax":
        within = 0.1 + 0.8 * (y - y.min()) / np.ptp(y)
        sound = trained(cr.Network(cr.Dense(6, "tanh"), cr.Dense(1, last)), x, within)
        assert MISMATCHED_OUTPUT.signs(sound) == []


@pytest.mark.parametrize("last", ["sigmoid", "tanh"])
def test_squeezed_logits_are_a_sign(last: str) -> None:
    x, y = rows(120)
    labels = np.digitize(y, (-0.4, 0.4))
    squeezed = trained(cr.Network(cr.Dense(6, "tanh"), cr.Dense(3, last)), x, labels)
    assert len(MISMATCHED_OUTPUT.signs(squeezed)) == 1
    assert (
        MISMATCHED_OUTPUT.signs(trained(cr.Network(cr.Dense(6, "tanh"), cr.Dense(3)), x, labels))
        == []
    )


def test_one_logit_from_0_up_for_two_classes_is_a_sign() -> None:
    x, y = rows(120)
    network = cr.Network(cr.Dense(6, "tanh"), cr.Dense(1, "relu"))
    found = MISMATCHED_OUTPUT.signs(
        trained(network, x, (y > 0.0).astype(int), loss="binary_cross_entropy")
    )
    assert found
    assert found[0].measured > 0.3


def test_rows_whose_logit_has_no_slope_are_a_sign() -> None:
    x, y = rows(120)
    stuck = cr.Network(cr.Dense(6, "tanh"), cr.Dense(2, "relu", bias="constant -5"))
    found = MISMATCHED_OUTPUT.signs(trained(stuck, x, (y > 0.0).astype(int), epochs=1))
    assert [one.quantity for one in found] == ["share of rows whose logit has no slope"]


def test_rows_that_came_away_from_where_they_had_no_slope_are_a_sign_at_the_start() -> None:
    y = np.arange(240) % 3
    x = np.random.default_rng(5).normal(size=(240, 2))
    x += 3.0 * np.array([[0.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])[y]

    def words(last: str | None) -> list[str]:
        network = cr.Network(cr.Dense(16, "tanh"), cr.Dense(3, last))
        run = cr.train(network, x, y, learning_rate=0.02, epochs=30, seed=1, progress=False)
        return [one.words for one in MISMATCHED_OUTPUT.signs(Examination(case_of(run)))]

    (said,) = words("relu")
    assert "relu, is flat at the start at the number of their own class" in said
    assert not words(None)


def test_a_softmax_inside_is_no_matter_of_the_output() -> None:
    x, y = rows(120)
    inside = trained(cr.Network(cr.Dense(8, "softmax"), cr.Dense(1)), x, y, epochs=2)
    assert MISMATCHED_OUTPUT.signs(inside) == []


def test_numbers_that_stand_for_classes_are_told_from_others() -> None:
    labels = np.array([0, 2, 1, 1, 0, 2])
    np.testing.assert_array_equal(class_numbers(labels[:, None].astype(float)), labels)
    np.testing.assert_array_equal(class_numbers(1.0 + labels[:, None]), labels)
    np.testing.assert_array_equal(class_numbers(np.eye(3)[labels]), labels)
    assert class_numbers(np.array([[0.0], [2.0], [0.0], [2.0]])) is None
    assert class_numbers(np.array([[0.5], [1.5], [0.5], [1.5]])) is None
    assert class_numbers(np.array([[1.0, 1.0], [0.0, 1.0]])) is None
    assert class_numbers(np.arange(30.0).repeat(2)[:, None]) is None


@pytest.mark.parametrize("form", ["one column", "one for each class", "two classes"])
def test_classes_as_numbers_get_a_loss_for_classes(form: str) -> None:
    x, y = rows(160)
    labels = np.digitize(y, (-0.4, 0.4)) if form != "two classes" else (y > 0.0).astype(int)
    noisy = np.random.default_rng(0).permutation(labels)
    target = np.eye(3)[noisy] if form == "one for each class" else noisy.astype(float)
    examined = trained(cr.Network(cr.Dense(6, "tanh"), cr.Dense()), x, target, epochs=3)
    assert MISMATCHED_OUTPUT.signs(examined)
    (remedy,) = MISMATCHED_OUTPUT.remedies(examined)
    changed = remedy.change(examined.case.arrangement)
    binary = form == "two classes"
    assert changed.setup.losses[0].name == ("binary_cross_entropy" if binary else "cross_entropy")
    assert changed.setup.network.plan.shapes[changed.setup.network.plan.outputs[0]] == (
        (1,) if binary else (3,)
    )
    order = [*examined.setup.provenance.training]
    np.testing.assert_array_equal(changed.training.targets[0].reshape(-1), noisy[order])


def test_the_second_of_two_outputs_is_looked_at() -> None:
    x = np.random.default_rng(5).normal(size=(200, 4))
    start = cr.Input(4)
    hidden = cr.Dense(16, "tanh")(start)
    ends = [cr.Dense(1)(hidden), cr.Dense(1, "sigmoid")(hidden)]
    run = cr.train(
        cr.Network(inputs=[start], outputs=ends), x, [x[:, 0], 1.5 * x[:, 1]],
        epochs=40, learning_rate=0.02, validation=0.25, progress=False,
    )  # fmt: skip
    found = cr.diagnose(run, seconds=20).found
    assert found.name == "mismatched_output"
    assert found.primary is not None
    assert "output 2, sigmoid" in found.primary.signs[0].words


def moved(activation: str) -> cr.Network:
    layers = [cr.Input(6), cr.Dense(8, "tanh"), cr.Dense(4, activation)]
    return cr.Network(*layers, cr.Flatten(), seed=0)


@pytest.mark.parametrize(("activation", "low", "high"), [("sigmoid", 0, 1), ("relu", 0, np.inf)])
def test_numbers_that_are_only_moved_keep_their_reach(
    activation: str, low: float, high: float
) -> None:
    reach = reach_of(moved(activation).plan)
    assert (reach.low, reach.high) == pytest.approx((low, high), abs=1e-4)


def test_a_softmax_that_is_moved_about_is_not_taken_for_one_of_the_rows() -> None:
    assert not reach_of(moved("softmax").plan).is_bounded


def test_an_activation_before_a_flatten_is_left_out_where_it_stands() -> None:
    network = moved("sigmoid")
    without = without_output_activation(network)
    assert [one.op for one in without.plan.steps] == [
        one.op for one in network.plan.steps if one.op != "sigmoid"
    ]
    x = np.random.default_rng(0).normal(size=(5, 6))
    inside, given = (np.asarray(outputs_of(one, [x], "float64")[0]) for one in (without, network))
    assert given == pytest.approx(1.0 / (1.0 + np.exp(-inside)))


def test_pictures_above_one_behind_a_sigmoid_and_a_flatten_are_out_of_reach() -> None:
    x = np.random.default_rng(1).normal(size=(160, 6))
    y = 3.0 + x[:, :4]
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(4, "sigmoid"), cr.Flatten())
    (sign,) = MISMATCHED_OUTPUT.signs(trained(network, x, y))
    assert sign.quantity == "least error that this output can have"
    assert sign.measured > 1.0


def test_a_loss_of_ones_own_is_not_said_to_take_classes_for_amounts() -> None:
    def likelihood(output: Any, target: Any) -> Any:
        p = 1.0 / (1.0 + exp(-output))
        return mean_over(-target * log(p) - (1.0 - target) * log(1.0 - p), 1)

    x, y = rows(120)
    labels = (np.asarray(y).reshape(len(x), -1)[:, 0] > 0).astype(float)
    examined = trained(cr.Network(cr.Dense(1)), x, labels, loss=likelihood, epochs=2)
    assert MISMATCHED_OUTPUT.signs(examined) == []
    squared = trained(cr.Network(cr.Dense(1)), x, labels, epochs=2, loss="mean_squared_error")
    assert MISMATCHED_OUTPUT.signs(squared) != []
