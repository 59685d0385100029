"""Ranges of columns of tables, sequences and images, and runs that were trained on scaled rows."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.data.ranges import Ranges, Scaling
from chainrule.errors import ShapeError
from chainrule.explanation.given_row import given_row
from chainrule.training.run import Run, with_notes

RANDOM = np.random.default_rng(8)
TABLE = RANDOM.normal(size=(40, 3)) * [1.0, 20.0, 0.01] + [5.0, 0.0, -1.0]
SERIES = RANDOM.normal(size=(20, 6, 3)) * [1.0, 20.0, 0.01]
IMAGES = RANDOM.uniform(0.0, 255.0, size=(20, 2, 5, 4)) * np.array([1.0, 0.1])[:, None, None]


def test_standardising_is_that_of_scikit_learn() -> None:
    from sklearn.preprocessing import StandardScaler

    ranges = Ranges.standardising(TABLE)
    due = StandardScaler().fit(TABLE)
    np.testing.assert_allclose(ranges.scaled(TABLE), due.transform(TABLE), atol=1e-12)
    np.testing.assert_allclose(ranges.unscaled(ranges.scaled(TABLE)), TABLE, atol=1e-12)


def test_no_constant_column_disappears() -> None:
    rows = np.column_stack([TABLE, np.full(40, 3.0), np.full(40, 1e13), np.zeros(40)])
    ranges = Ranges.standardising(rows)
    assert ranges.varying.all()
    scaled = Scaling(ranges).scaled_inputs(rows)
    assert scaled.shape == rows.shape
    assert not scaled[:, 3:].any()


def test_unchanged_ranges_change_nothing() -> None:
    np.testing.assert_array_equal(Ranges.unchanged(3).scaled(TABLE), TABLE)


def test_images_are_scaled_by_channel() -> None:
    ranges = Ranges.standardising(np.moveaxis(IMAGES, 1, -1).reshape(-1, 2))
    scaled = ranges.scaled(IMAGES)
    for channel in range(2):
        one = IMAGES[:, channel]
        np.testing.assert_allclose(scaled[:, channel], (one - one.mean()) / one.std(), atol=1e-12)
    np.testing.assert_allclose(ranges.unscaled(scaled), IMAGES, atol=1e-10)


def test_sequences_are_scaled_by_feature_and_by_one_range() -> None:
    by_feature = Ranges.standardising(SERIES.reshape(-1, 3)).scaled(SERIES)
    np.testing.assert_allclose(by_feature.reshape(-1, 3).std(axis=0), 1.0)
    by_all = Ranges.standardising(SERIES.reshape(-1, 1)).scaled(SERIES)
    np.testing.assert_allclose(by_all, (SERIES - SERIES.mean()) / SERIES.std(), atol=1e-12)


@pytest.mark.parametrize(
    ("columns", "shape"),
    [(3, (4, 2)), (1, (4, 2)), (3, (4, 2, 5, 5)), (3, (4, 5, 2)), (3, (4,)), (1, (4,))],
)
def test_other_columns_are_refused(columns: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=f"trained on {columns} columns"):
        Scaling(Ranges.unchanged(columns)).scaled_inputs(np.ones(shape))


@pytest.mark.parametrize("shape", [(10,), (10, 1), (10, 2), (10, 4, 2)])
def test_targets_come_back_from_their_scale(shape: tuple[int, ...]) -> None:
    target = 300.0 + 40.0 * RANDOM.normal(size=shape)
    width = shape[-1] if len(shape) > 1 else 1
    scaling = Scaling(Ranges.unchanged(1), Ranges.standardising(target.reshape(-1, width)))
    scaled = scaling.scaled_target(target)
    assert scaled.shape == shape
    np.testing.assert_allclose(scaled.reshape(-1, width).mean(axis=0), 0.0, atol=1e-9)
    wide = scaled if len(shape) > 1 else scaled[:, None]
    np.testing.assert_allclose(scaling.predictions(wide).reshape(shape), target)


@pytest.fixture(scope="module")
def image_run() -> Run:
    scaling = Scaling(Ranges.standardising(np.moveaxis(IMAGES, 1, -1).reshape(-1, 2)))
    network = cr.Network(cr.Conv(2, 3), cr.Flatten(), cr.Dense(2))
    labels = np.arange(20) % 2
    run = cr.train(network, scaling.scaled_inputs(IMAGES), labels, epochs=2, progress=False)
    return with_notes(run, {"scaling": scaling.to_record()})


def test_a_run_on_scaled_images_predicts_from_images(image_run: Run) -> None:
    scaled = Scaling.from_record(image_run.notes["scaling"]).scaled_inputs(IMAGES)
    np.testing.assert_allclose(
        image_run.predict_proba(IMAGES), _softmax(image_run.network(scaled)), atol=1e-6
    )


def test_a_row_of_scaled_images_is_told_in_its_own_numbers(image_run: Run) -> None:
    row = given_row(image_run, IMAGES[3])
    scaled = Scaling.from_record(image_run.notes["scaling"]).scaled_inputs(IMAGES[3:4])
    np.testing.assert_allclose(row.inputs, scaled.reshape(-1))
    assert row.values == tuple(f"{one:.6g}" for one in IMAGES[3].reshape(-1))


def _softmax(logits: np.ndarray) -> np.ndarray:
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def test_what_float64_tells_apart_varies() -> None:
    far = 1e9 + 0.87 * RANDOM.normal(size=(300, 1))
    scaled = Ranges.standardising(far).scaled(far)
    np.testing.assert_allclose(scaled.std(), 1.0)
    equal = np.full((300, 1), 0.1) * 3.0
    equal[::2] = 0.1 + 0.1 + 0.1
    assert not Ranges.standardising(equal).scaled(equal).any()


@pytest.mark.parametrize(("scale", "offset"), [(1e-200, 0.0), (0.5, 1e9)])
def test_a_target_that_is_one_number_in_its_type_is_refused(scale: float, offset: float) -> None:
    x = RANDOM.normal(size=(40, 3))
    y = offset + scale * np.tanh(x[:, 0])
    network = cr.Network(cr.Dense(1))
    with pytest.raises(cr.DataError, match="In float32 the target is"):
        cr.train(network, x, y, epochs=1, progress=False)
    cr.train(network, x, y, epochs=1, dtype="float64", progress=False)
