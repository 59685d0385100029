"""What a comparison, a search or a range test is given wrongly, and numbers that were wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import chainrule as cr
from chainrule.comparison.result import Comparison
from chainrule.data.table import read_table
from chainrule.training.fit import Regression
from chainrule.views.commands import compared
from chainrule.views.folders import comparison_folder

DRAW = np.random.default_rng(4)
X = DRAW.normal(size=(60, 3))
Y = np.sin(X[:, 0]) + 0.1 * DRAW.normal(size=60)
NETWORK = cr.Network(cr.Dense(3, "tanh"), cr.Dense(1))
OVER_TIME = cr.Network(cr.GRU(2, every_step=True), cr.Dense(1))


@pytest.mark.parametrize("name", ["levenberg_marquardt", "bayesian_regularization", "gauss_newton"])
def test_an_answer_at_each_time_is_refused_with_the_reason(name: str) -> None:
    sequences, targets = DRAW.normal(size=(9, 4, 2)), DRAW.normal(size=(9, 4))
    with pytest.raises(cr.SetupError, match=f"{name} needs one answer for each row"):
        cr.train(OVER_TIME, sequences, targets, optimizer=name, epochs=1, progress=False)


def test_what_takes_squares_only_says_so() -> None:
    labels, two = (X[:, 0] > 0.0).astype(int), cr.Network(cr.Dense(3, "tanh"), cr.Dense(2))
    given: dict[str, Any] = {"epochs": 1, "progress": False}
    with pytest.raises(cr.SetupError, match="needs residuals, whose squares are the loss"):
        cr.train(two, X, labels, optimizer="bayesian_regularization", **given)
    assert len(cr.train(two, X, labels, optimizer="levenberg_marquardt", **given).history["loss"])


@pytest.mark.parametrize("block", [cr.LevenbergMarquardt, cr.BayesianRegularization])
@pytest.mark.parametrize("name", ["mu", "mu_decrease", "mu_increase", "mu_max"])
def test_damping_by_nothing_is_refused(block: Any, name: str) -> None:
    with pytest.raises(cr.SetupError, match=f"{name} of {block.__name__} is None"):
        block(**{name: None})


def test_a_comparison_has_several_seeds() -> None:
    with pytest.raises(cr.SetupError, match="A comparison has several seeds"):
        cr.compare(NETWORK, X, Y, optimizers=["adam"], seed=3, progress=False)


def test_settings_that_had_no_time_do_not_count_for_the_seeds() -> None:
    found = cr.compare(NETWORK, X, Y, optimizers=["adam"], seeds=1, epochs=2, progress=False)
    settings = {**found.settings, "lbfgs": "lbfgs()"}
    cut = Comparison(settings, (0,), found.trials, found.measured_on)
    assert cut.interrupted
    assert "Over 1 seed, adam ends" in cut.in_words


@pytest.mark.parametrize("given", [{"batch_size": 1}, {"lowest": 1e-300, "highest": 1e300}])
def test_a_range_of_rates_that_grows_without_end(given: dict[str, Any]) -> None:
    many, targets = np.tile(X, (100, 1)), np.tile(Y, 100)
    given = {"batch_size": None, "dtype": "float64", "steps": 20, **given}
    if given["batch_size"] == 1:
        with pytest.raises(cr.SetupError, match="20 steps are too few for 6000 steps in an epoch"):
            cr.learning_rate_range(NETWORK, many, targets, **given)
    else:
        found = cr.learning_rate_range(NETWORK, X, Y, **given)
        assert found.rates[-1] == pytest.approx(1e300)


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_the_correlation_does_not_depend_on_the_unit(scale: float) -> None:
    other = Y + 0.3 * X[:, 1]
    due = float(np.corrcoef(Y, other)[0, 1])
    assert Regression.of(Y * scale, other * scale).r == pytest.approx(due)


def test_the_gradient_of_a_fit_has_its_penalty() -> None:
    fit = cr.fit_network(X, Y, hidden=2, l2=0.05, validation=0.0, epochs=300, progress=False)
    assert fit.run.ended == "the gradient fell below 1e-07"
    assert fit.run.history["gradient"][-1] < 1e-6


def test_parts_that_are_no_lists() -> None:
    with pytest.raises(cr.SetupError, match="no list of row numbers"):
        cr.fit_network(X, Y, parts=(5, [1], [2]), progress=False)


@pytest.mark.parametrize(
    "variables",
    [
        {"x": X.T, "x_1": Y[None]},
        {"x": X.T, "more": {"x": X.T}},
        {"first": {"x": X.T}, "second": {"x": X.T}},
    ],
)
def test_two_columns_of_one_name_are_not_one(variables: dict[str, Any], tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", variables)
    with pytest.raises(cr.DataError, match=r"Two columns .* would be called 'x"):
        read_table(tmp_path / "a.mat")


def test_what_is_no_matrix_of_numbers_is_said_to_be_left_out(tmp_path: Path) -> None:
    mixed = np.empty((1, 2), dtype=object)
    mixed[0] = ["text", 1.0]
    images = np.zeros((2, 2, 60))
    savemat(tmp_path / "a.mat", {"x": X.T, "wave": X.T * 1j, "images": images, "cells": mixed})
    said = [one.text for one in read_table(tmp_path / "a.mat").decisions]
    assert said[-1] == "no matrix of real numbers or text in 'wave', 'images', 'cells', left out"


def test_a_folder_that_cannot_be_made_is_refused_before_any_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with comparison_folder(tmp_path / "out", Path("a.csv")) as folder:
        assert folder.is_dir()
    assert not folder.exists()
    monkeypatch.setattr(Path, "mkdir", full)
    asked = pytest.raises(cr.RunFolderError, match="cannot be made")
    with asked, comparison_folder(tmp_path / "out", Path("a.csv")):
        raise AssertionError("trained all the same")


def test_a_setting_that_is_said_twice_is_refused() -> None:
    with pytest.raises(cr.SetupError, match="says hidden twice"):
        compared(None, ["hidden=8; hidden=4"])
