"""The runs of ``train_many``: the best of them, and how far apart they end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(50, 3))
Y = np.tanh(X[:, 0] * X[:, 1])
NETWORK = cr.Network(cr.Dense(4, "tanh"), cr.Dense())


def many(each: Any = 6, **given: Any) -> Any:
    settings: dict[str, Any] = {"epochs": 10, "progress": False, **given}
    return cr.train_many(NETWORK, X, Y, each=each, **settings)


def test_the_best_has_the_lowest_loss() -> None:
    runs = many()
    losses = [float(np.mean((run.predict(X) - Y) ** 2)) for run in runs]
    assert len(set(losses)) == 6
    np.testing.assert_allclose(runs.losses, losses, rtol=1e-5)
    assert runs.best is runs[int(np.argmin(losses))]
    assert runs.best is not runs[0] or losses[0] == min(losses)


def test_the_validation_loss_of_the_kept_epoch_counts_where_there_is_one() -> None:
    runs = many(validation=0.3, epochs=60, learning_rate=0.1)
    kept = [run.history["validation_loss"][run.best_epoch - 1] for run in runs]
    np.testing.assert_array_equal(runs.losses, kept)
    assert kept == [min(run.history["validation_loss"]) for run in runs]
    assert runs.spread.name == "validation_loss"
    mixed = many(each=[{"validation": 0.3}, {}])
    assert mixed.spread.name == "loss"


def test_the_spread_is_that_of_numpy() -> None:
    runs = many(each=7)
    found = runs.spread
    quartiles = np.quantile(runs.losses, (0.0, 0.25, 0.5, 0.75, 1.0))
    assert (found.sound, found.failed) == (7, 0)
    np.testing.assert_allclose(
        (found.lowest, found.lower_quartile, found.median, found.upper_quartile, found.highest),
        quartiles,
    )


def test_failures_are_counted_and_left_out() -> None:
    failing = {"optimizer": "gradient_descent", "learning_rate": 1e30}
    runs = many(each=[{"seed": 0}, failing, {"seed": 2}])
    assert np.isnan(runs.losses).tolist() == [False, True, False]
    assert runs.best in (runs[0], runs[2])
    assert (runs.spread.sound, runs.spread.failed) == (2, 1)
    assert "3 trainings, 1 failed" in str(runs)
    none = many(each=[failing, failing])
    with pytest.raises(cr.SetupError, match="None of these 2 trainings") as caught:
        _ = none.best
    assert "learning rate" in caught.value.remedy
    with pytest.raises(cr.SetupError):
        _ = none.spread
    assert str(none) == "2 trainings, and no loss that is a number"


def test_nothing_and_one() -> None:
    assert str(many(each=0)) == "0 trainings, and no loss that is a number"
    one = many(each=1)
    assert one.best is one[0]
    assert one.spread.lowest == one.spread.highest == one.losses[0]
    assert "1 training;" in str(one)


def test_they_print_as_a_table_and_a_sentence() -> None:
    runs = many()
    first, names, numbers, sentence = str(runs).splitlines()
    assert first == "6 trainings; loss of what was kept:"
    assert names.split() == [
        "lowest",
        "lower",
        "quartile",
        "median",
        "upper",
        "quartile",
        "highest",
    ]
    found = runs.spread
    assert numbers.split() == [
        f"{one:.4g}"
        for one in (
            found.lowest, found.lower_quartile, found.median, found.upper_quartile, found.highest,
        )
    ]  # fmt: skip
    assert sentence == (
        f"The best has seed {runs.best.setup.seed}, and half of all end between "
        f"{found.lower_quartile:.4g} and {found.upper_quartile:.4g}."
    )
    assert repr(runs) == str(runs)
    assert isinstance(runs, list)
