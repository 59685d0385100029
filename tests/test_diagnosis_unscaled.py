"""Unscaled inputs and targets: signs, remedies, and what is scaled well enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from trial_of_ailment import FOUND, confirmed, finding_of, signs_of

import chainrule as cr
from chainrule.diagnosis.ailments.unscaled import UNSCALED
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.columns import Columns, measured, standardised
from chainrule.diagnosis.probes.neighbours import Neighbours
from chainrule.diagnosis.probes.reach import Reach, missed_numbers
from chainrule.diagnosis.probes.relative_error import relative_error
from chainrule.randomness import normal
from chainrule.training.run import Run, with_notes

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(120, 4))
Y = np.tanh(X @ [1.0, -1.0, 0.5, 1.5])


def trained(x: Any, y: Any, *, output: str | None = None, **chosen: Any) -> Run:
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(1, output))
    return cr.train(network, x, y, **{"epochs": 3, **chosen}, progress=False)


def shown(x: Any, y: Any, **chosen: Any) -> set[tuple[str, str]]:
    found = signs_of(UNSCALED, trained(x, y, **chosen))
    return {(one.quantity, one.where) for one in found}


def test_the_specimen_is_confirmed() -> None:
    assert confirmed(UNSCALED) >= FOUND


@pytest.mark.parametrize(
    ("x", "y", "sign"),
    [
        (1000.0 * X, Y, ("size", "the inputs")),
        (0.001 * X, Y, ("size", "the inputs")),
        (X + 8.0, Y, ("off centre", "the inputs")),
        (X * [1.0, 1.0, 15.0, 1.0], Y, ("ratio of deviations", "")),
        (X, 100.0 * Y, ("size", "the target")),
        (X, 0.001 * Y, ("size", "the target")),
        (X, Y + 9.0, ("off centre", "the target")),
    ],
)
def test_each_way_to_be_unscaled_has_its_sign(x: Any, y: Any, sign: tuple[str, str]) -> None:
    assert sign in shown(x, y)


@pytest.mark.parametrize(
    "x",
    [
        X,
        X * [1.0, 4.0, 0.5, 2.0],
        np.clip(X / 6.0 + 0.5, 0.0, 1.0),
        np.eye(40)[RANDOM.integers(0, 40, 120)],
        np.where(RANDOM.uniform(size=(120, 4)) < 0.9, 0.0, np.abs(X)) * [1.0, 1.0, 0.01, 1.0],
        np.column_stack([X, np.ones(120)]),
    ],
    ids=["standard", "alike", "0 to 1", "one-hot", "sparse", "a column of ones"],
)
def test_usual_scales_show_no_sign(x: Any) -> None:
    assert not shown(x, Y)


def test_rows_that_were_scaled_before_show_none() -> None:
    run = trained(1000.0 * X, Y)
    record = {"inputs": {"low": [-1.0] * 4, "high": [1.0] * 4}, "target": None}
    assert not signs_of(UNSCALED, with_notes(run, {"scaling": record}))


def test_a_bounded_output_has_no_target_to_scale() -> None:
    assert shown(X, 100.0 * Y)
    assert not shown(X, 100.0 * Y, output="sigmoid")


def test_remedies_standardise_what_their_words_say() -> None:
    case = case_of(trained(50.0 * X + 100.0, 300.0 + 70.0 * Y, validation=0.25))
    found = {one.name: one for one in UNSCALED.remedies(Examination(case))}
    assert list(found) == [
        "standardised inputs and target", "standardised inputs", "standardised target",
    ]  # fmt: skip
    both = found["standardised inputs and target"].change(case.arrangement)
    for rows in (both.training.inputs[0], both.training.targets[0]):
        np.testing.assert_allclose(rows.mean(axis=0), 0.0, atol=1e-9)
        np.testing.assert_allclose(rows.std(axis=0), 1.0)
    # Validation rows are scaled by the training rows' means, not by their own.
    given = case.training.inputs[0]
    due = (case.validation.inputs[0] - given.mean(axis=0)) / given.std(axis=0)
    np.testing.assert_allclose(both.validation.inputs[0], due)
    assert both.scaling is not None
    np.testing.assert_allclose(both.scaling.scaled_inputs(given), both.training.inputs[0])
    only = found["standardised target"].change(case.arrangement)
    np.testing.assert_array_equal(only.training.inputs[0], given)
    assert found["standardised inputs"].change(case.arrangement).training.targets[0].mean() > 100.0


def test_columns_of_one_unit_can_be_scaled_as_one() -> None:
    """Pixels, some of them rarely filled, keep their sizes beside each other."""
    ink = np.where(RANDOM.uniform(size=(120, 9)) < np.linspace(0.05, 1.0, 9), 255.0, 0.0)
    ink *= RANDOM.uniform(0.2, 1.0, (120, 9))
    case = case_of(trained(ink, Y, validation=0.25))
    first, *others = UNSCALED.remedies(Examination(case))
    assert first.name == "standardised inputs, all columns as one"
    assert [one.name for one in others] == ["standardised inputs"]
    made = first.change(case.arrangement).training.inputs[0]
    assert made.mean() == pytest.approx(0.0, abs=1e-9)
    assert made.std() == pytest.approx(1.0)
    before = case.training.inputs[0].std(axis=0)
    np.testing.assert_allclose(made.std(axis=0) / before, (made.std(axis=0) / before)[0])


@pytest.mark.parametrize(
    "x", [50.0 * X, X * [300.0, 1.0, 20.0, 50.0]], ids=["alike", "several units"]
)
def test_other_columns_are_scaled_by_themselves_alone(x: Any) -> None:
    names = [one.name for one in UNSCALED.remedies(Examination(case_of(trained(x, Y))))]
    assert names == ["standardised inputs"]


def test_a_scaled_arrangement_is_not_scaled_again() -> None:
    case = case_of(trained(50.0 * X, Y))
    (remedy,) = UNSCALED.remedies(Examination(case))
    once = remedy.change(case.arrangement)
    assert remedy.change(once) is once


def test_scale_that_does_no_harm_is_not_confirmed() -> None:
    network = cr.Network(cr.BatchNorm(), cr.Dense(12, "tanh"), cr.Dense(1))
    run = cr.train(
        network, 100.0 * X, Y, epochs=60, learning_rate=0.02, validation=0.25, progress=False
    )
    finding = finding_of(UNSCALED, run)
    assert finding.signs
    assert not finding.is_confirmed


def test_what_is_measured_is_told_from_codes() -> None:
    cases = np.column_stack(
        [X[:, 0], X[:, 1] > 0.0, np.where(X[:, 2] > 0.4, X[:, 2], 0.0), np.round(3.0 * X[:, 3])]
    )
    assert measured(cases).tolist() == [True, False, False, True]
    assert measured(cases[:1]).tolist() == [False] * 4


def test_a_single_number_far_outside_is_named_and_its_row_left_out() -> None:
    random = np.random.default_rng(5)
    x = random.normal(size=(240, 4))
    y = x @ [3.0, 1.0, 0.0, -1.0]
    x[17, 2] = 1e6
    network = cr.Network(cr.Dense(16, "relu"), cr.Dense(1))
    chosen: dict[str, Any] = {"optimizer": "gradient_descent", "learning_rate": 0.02}
    found = cr.check(network, x, y, **chosen)
    assert "Leave out row 17, which has numbers far outside" in str(found)
    run = cr.train(network, x, y, epochs=30, validation=0.2, seed=3, progress=False, **chosen)
    report = cr.diagnose(run, seconds=20)
    assert report.primary is not None
    assert report.primary.remedy is not None
    assert report.primary.remedy.words.startswith("Leave out row 17")
    assert report.primary.experiment is not None
    assert np.median(report.primary.experiment.treated) < 0.2
    # Without the number there is nothing to leave out.
    x[17, 2] = 1.0
    assert "Leave out" not in str(cr.check(network, x, y, **chosen))


def of_two(first: Any, second: Any, y: Any, z: Any = None, **chosen: Any) -> Run:
    """Train a network of two inputs, and of two outputs where two targets are given."""
    ends = cr.Input(2), cr.Input(2)
    joined = cr.Dense(12, "tanh")(cr.Concatenate()(*ends))
    targets = [y] if z is None else [y, z]
    network = cr.Network(inputs=list(ends), outputs=[cr.Dense(1)(joined) for _ in targets])
    given = {"epochs": 3, "learning_rate": 0.02, "validation": 0.25, **chosen}
    return cr.train(network, [first, second], y if z is None else targets, **given, progress=False)


@pytest.mark.parametrize(
    ("scale", "shift", "quantity"),
    [(2000.0, 0.0, "size"), (1.0, 40.0, "off centre"), (30.0, 0.0, "ratio of deviations")],
)
def test_each_of_several_inputs_is_looked_at(scale: float, shift: float, quantity: str) -> None:
    first, second = X[:, :2], X[:, 2:]
    assert not signs_of(UNSCALED, of_two(first, second, Y))
    signs = signs_of(UNSCALED, of_two(first, second * scale + shift, Y))
    assert quantity in {one.quantity for one in signs}


def test_each_of_several_targets_is_looked_at_and_scaled_by_itself() -> None:
    first, second, other = X[:, :2], X[:, 2:], np.sin(X[:, 0])
    assert not signs_of(UNSCALED, of_two(first, second, Y, other))
    case = case_of(of_two(first, second, Y, 500.0 + 90.0 * other))
    examined = Examination(case)
    assert {one.where for one in UNSCALED.signs(examined)} == {"target 2"}
    (remedy,) = UNSCALED.remedies(examined)
    assert remedy.by_hand
    changed = remedy.change(case.arrangement)
    for rows in changed.training.targets:
        np.testing.assert_allclose(rows.mean(axis=0), 0.0, atol=1e-9)
        np.testing.assert_allclose(rows.std(axis=0), 1.0)
    np.testing.assert_array_equal(changed.training.inputs[1], case.training.inputs[1])
    assert remedy.change(changed) is changed


def test_one_of_two_inputs_in_thousands_is_the_cause() -> None:
    run = of_two(X[:, :2], 3000.0 * X[:, 2:] + 20000.0, Y, epochs=60)
    assert cr.diagnose(run, seconds=20).found.name == "unscaled"


@pytest.mark.parametrize("unit", [1e-60, 1e-10, 1.0, 1e10])
def test_which_columns_vary_is_no_matter_of_their_unit(unit: float) -> None:
    random = np.random.default_rng(0)
    x = np.stack([random.normal(size=60), np.full(60, 0.1), 1e5 + random.normal(size=60)], axis=1)
    given, y = x * unit, x[:, :1] * unit
    assert Columns.of("x", given).varying.tolist() == [True, False, True]
    np.testing.assert_allclose(standardised(given), standardised(x), rtol=1e-6, atol=1e-8)
    run = cr.train(cr.Network(cr.Dense(1)), x, y, epochs=1, progress=False, dtype="float64")
    case = case_of(run)
    near = Neighbours.of(replace(case.training, inputs=(given,)), case.first, 0)
    assert near is not None
    assert near.inputs.shape == (60, 2)
    np.testing.assert_allclose(
        missed_numbers(Reach(0.0, np.inf), y), missed_numbers(Reach(0.0, np.inf), x[:, :1])
    )
    # A network that says 0 has no error of a column that does not vary, and of the other always as
    # much in shares of its variance.
    both = np.concatenate([y, given[:, 1:2]], axis=1)
    run = cr.train(cr.Network(cr.Dense(2)), x, both, epochs=0, progress=False, dtype="float64")
    zeros = {name: 0.0 * one for name, one in run.network.parameters.items()}
    found = relative_error(run.network.with_parameters(zeros), run.setup, case_of(run).training)
    assert found == pytest.approx(np.mean(x[:, 0] ** 2) / np.var(x[:, 0]))


def masked(filled_up_with: float, size: float) -> Any:
    """Return a training on sequences of several lengths, with what stands behind their ends."""
    given, mask = cr.Input((12, 3), name="s"), cr.Input((12,), name="m")
    network = cr.Network(
        inputs=[given, mask],
        outputs=[cr.Dense(2)(cr.GlobalAveragePool(over="time")(cr.GRU(6, every_step=True)(
            given, mask), mask))],
    )  # fmt: skip
    entries = normal(0, "entries", 200 * 36).reshape(200, 12, 3)
    real = np.arange(12) < 2 + (np.arange(200) % 11)[:, None]
    y = (np.where(real, entries[:, :, 0], 0.0).sum(axis=1) > 0.0).astype(int)
    rows = np.where(real[:, :, None], entries * size, filled_up_with)
    return cr.train(network, {"s": rows, "m": real}, y, epochs=2, progress=False)


@pytest.mark.parametrize(("size", "count"), [(1.0, 0), (500.0, 1)])
def test_what_a_mask_hides_is_no_number_of_an_input(size: float, count: int) -> None:
    seen = [signs_of(UNSCALED, masked(filled, size)) for filled in (0.0, -9999.0, 1e6)]
    assert [len(one) for one in seen] == [count] * 3
    assert len({one.measured for group in seen for one in group}) == count


def test_what_a_mask_hides_has_no_part_in_scaling() -> None:
    case = case_of(masked(1e6, 500.0))
    (remedy,) = UNSCALED.remedies(Examination(case))
    rows = remedy.change(case.arrangement).training
    entries = rows.inputs[0][rows.inputs[1].astype(bool)]
    np.testing.assert_allclose(entries.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(entries.std(axis=0), 1.0, rtol=1e-5)
