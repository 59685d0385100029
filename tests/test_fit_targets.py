"""What ``fit_network`` is given for targets and arguments, and what it says where it cannot be."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import chainrule as cr

DRAW = np.random.default_rng(6)
X: NDArray[Any] = DRAW.normal(size=(90, 3))
CLASSES = np.arange(90) % 3
ONE_HOT = np.eye(3)[CLASSES]
AMOUNTS = np.round(40.0 * X[:, 0])


def fitted(x: Any, y: Any, **given: Any) -> cr.Fit:
    settings: dict[str, Any] = {"hidden": 2, "epochs": 2, "progress": False, **given}
    return cr.fit_network(x, y, **settings)


@pytest.mark.parametrize(
    ("x", "y", "remedy"),
    [
        (X, ONE_HOT, r"^Give the labels y\.argmax\(axis=1\)"),
        (X, ONE_HOT.astype(bool), r"^Give the labels y\.argmax\(axis=1\)"),
        (X, ONE_HOT.T, r"^Give the labels y\.argmax\(axis=0\)"),
        (X.T, ONE_HOT.T.astype(int), r"^Give X\.T and the labels y\.argmax\(axis=0\)"),
        (X.T, ONE_HOT, r"^Give X\.T and the labels y\.argmax\(axis=1\)"),
    ],
)
def test_a_column_for_each_class_is_told(x: Any, y: Any, remedy: str) -> None:
    with pytest.raises(cr.DataError, match="is 0 but for one 1") as raised:
        fitted(x, y)
    assert re.search(remedy, raised.value.remedy)


def test_the_remedies_help() -> None:
    assert fitted(X, ONE_HOT.argmax(axis=1)).is_classification
    assert fitted(X, ONE_HOT.T.argmax(axis=0)).is_classification
    assert not fitted(X, ONE_HOT, loss="mean_squared_error").is_classification


@pytest.mark.parametrize("y", [np.eye(3)[CLASSES] * 2, (DRAW.random((90, 3)) > 0.5) * 1.0])
def test_other_numbers_are_numbers(y: Any) -> None:
    assert not fitted(X, y).is_classification


def test_whole_numbers_that_are_too_many_labels() -> None:
    cause = "y has 90 different values in 90 rows: whole numbers are taken for labels"
    with pytest.raises(cr.DataError, match=cause) as raised:
        fitted(X, np.arange(90))
    assert "y.astype(float)" in raised.value.remedy
    assert not fitted(X, np.arange(90).astype(float)).is_classification
    with pytest.raises(cr.DataError, match="90 rows: each part of a fit") as raised:
        fitted(X, [f"name {place}" for place in range(90)])
    assert raised.value.remedy == "Give more rows of each label."


def test_few_rows_are_told_as_before() -> None:
    with pytest.raises(cr.DataError, match="1% of 40 rows leaves a part"):
        fitted(X[:40], CLASSES[:40], test=0.01)


def test_a_number_without_a_name() -> None:
    call: Any = cr.fit_network
    with pytest.raises(cr.SetupError, match="takes X and y alone without a name") as raised:
        call(X, AMOUNTS, 10)
    assert raised.value.remedy == "Write fit_network(X, y, hidden=10), for example."
    with pytest.raises(cr.SetupError, match="has no argument 'hiden'") as raised:
        call(X, AMOUNTS, hiden=10)
    assert "hidden" in raised.value.remedy


def test_a_loss_with_settings_and_one_of_ones_own() -> None:
    smooth = fitted(X, CLASSES, loss=cr.loss("cross_entropy", smoothing=0.1))
    assert smooth.run.setup.losses[0].settings == {"smoothing": 0.1}
    assert fitted(X, CLASSES).run.history["loss"] != smooth.run.history["loss"]
    by_name = fitted(X, AMOUNTS, loss="mean_squared_error", optimizer="lbfgs")
    own = fitted(X, AMOUNTS, loss=lambda made, due: ((made - due) ** 2).mean(axis=1),
                 optimizer="lbfgs")  # fmt: skip
    assert own.run.history["loss"] == pytest.approx(by_name.run.history["loss"])
    with pytest.raises(cr.SetupError, match="The loss 3 is neither a name nor a function"):
        fitted(X, AMOUNTS, loss=3)


def test_rows_in_the_histogram_are_whole() -> None:
    axes = fitted(X[:20], AMOUNTS[:20]).plot("error_histogram").axes[0]
    ticks = axes.get_yticks()
    assert len(ticks) > 2
    assert (ticks == np.round(ticks)).all()
