"""Training on tables: the same bits again, test rows that chose nothing, scores that are true."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error
from sklearn.metrics import r2_score as r2_of_scikit_learn

import chainrule as cr
import chainrule.training.tables
from chainrule.data.table import Table, checksum, read_table, table_from_frame
from chainrule.engines.choosing import AUTO, chosen_engine
from chainrule.training.run import Run
from chainrule.training.table_notes import Split, TableNote
from chainrule.training.table_result import SCORES, Score, TableResult

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
FAST: dict[str, Any] = {"epochs": 4, "progress": False}


def split_of(run: Run) -> Split:
    return TableNote.from_record(run.notes["table"]).split


def scores_of(run: Run) -> dict[str, dict[str, float]]:
    return {one.pop("model"): one for one in map(dict, run.notes["result"]["scores"])}


def same_network(first: Run, second: Run) -> bool:
    one, other = first.network.parameters, second.network.parameters
    return list(one) == list(other) and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


@contextmanager
def the_split(split: Split) -> Iterator[None]:
    """Have tables split as another one was, so that only their values differ."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chainrule.training.tables, "split_table", lambda *_: split)
        yield


@pytest.fixture(scope="module")
def classes() -> Run:
    return cr.train_table(HEART, "disease", **FAST)


@pytest.fixture(scope="module")
def numbers() -> Run:
    return cr.train_table(HEART, "max_hr", **FAST)


# ---------------------------------------------------------------- the same again


def test_tables_are_trained_by_the_engine_that_is_there(classes: Run, numbers: Run) -> None:
    due = chosen_engine(AUTO)
    assert [run.setup.engine for run in (classes, numbers)] == [due, due]


def test_the_seed_decides_everything(classes: Run) -> None:
    again = cr.train_table(HEART, "disease", **FAST)
    assert same_network(classes, again)
    assert again.notes == classes.notes
    assert again.history == classes.history
    other = cr.train_table(HEART, "disease", seed=1, **FAST)
    assert not same_network(classes, other)
    assert split_of(other).test.tolist() != split_of(classes).test.tolist()


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "mapping", "path"])
def test_every_source_gives_the_same_run(classes: Run, kind: str) -> None:
    sources: dict[str, Any] = {
        "pandas": pd.read_csv(HEART),
        "polars": pl.read_csv(HEART),
        "pyarrow": pa.Table.from_pandas(pd.read_csv(HEART)),
        "mapping": pl.read_csv(HEART).to_dict(as_series=False),
        "path": str(HEART),
    }
    run = cr.train_table(sources[kind], "disease", **FAST)
    assert same_network(run, classes)
    assert run.notes["result"] == classes.notes["result"]
    assert run.notes["table"]["checksum"] == classes.notes["table"]["checksum"]
    assert run.predict(sources[kind]).tolist() == classes.predict(HEART).tolist()


def test_the_checksum_is_that_of_the_contents() -> None:
    table = read_table(HEART)
    assert checksum(table) == checksum(table_from_frame(pl.read_csv(HEART)))
    for name, column in table.columns.items():
        changed = column.copy()
        changed[5] = next(value for value in column if value != column[5])
        other = Table({**table.columns, name: changed})
        assert checksum(other) != checksum(table)
    renamed = Table({f"{name}_": column for name, column in table.columns.items()})
    assert checksum(renamed) != checksum(table)


def test_labels_keep_their_type() -> None:
    table = {"x": list(range(40)), "y": [1, 2] * 20}
    run = cr.train_table(table, "y", **FAST)
    assert run.predict({"x": [3, 4]}).dtype == np.int64
    assert run.classes == (1, 2)


# ---------------------------------------------------------------- honest


@pytest.mark.parametrize("target", ["disease", "max_hr"])
@pytest.mark.parametrize("what", ["inputs", "target", "both"])
def test_test_rows_choose_nothing(target: str, what: str, classes: Run, numbers: Run) -> None:
    run = classes if target == "disease" else numbers
    frame = pd.read_csv(HEART)
    test = split_of(run).test
    inputs = [name for name in frame.columns if name != target]
    changed = inputs if what == "inputs" else [target] if what == "target" else [*inputs, target]
    for name in changed:
        values = frame[name].to_numpy(copy=True)
        values[test] = values[test][::-1]
        if values.dtype.kind in "if":
            values = values.astype(float)
            values[test] = values[test] * 3 + 1
        frame[name] = values
    with the_split(split_of(run)):
        other = cr.train_table(frame, target, task=run.notes["result"]["task"], **FAST)
    assert same_network(run, other)
    assert run.history == other.history
    assert run.notes["preparation"] == other.notes["preparation"]
    assert run.notes["result"] != other.notes["result"]


def test_regression_splits_without_a_look_at_the_target(numbers: Run) -> None:
    frame = pd.read_csv(HEART)
    test = split_of(numbers).test
    frame["max_hr"] = frame["max_hr"].astype(float)
    frame.loc[test, "max_hr"] = frame.loc[test, "max_hr"] * 2 + 0.5
    other = cr.train_table(frame, "max_hr", **FAST)
    assert same_network(numbers, other)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_scaling_and_encoding_come_from_training_rows_alone(classes: Run, part: str) -> None:
    frame = pd.read_csv(HEART)
    rows = getattr(split_of(classes), part)
    frame["age"] = frame["age"].astype(float)
    frame.loc[rows, "age"] = 1000.0
    frame.loc[rows, "thal"] = "new"
    with the_split(split_of(classes)):
        other = cr.train_table(frame, "disease", **FAST)
    assert other.notes["preparation"] == classes.notes["preparation"]
    assert same_network(classes, other) == (part == "test")


def test_the_parts_are_60_20_20_and_stratified(classes: Run) -> None:
    split = split_of(classes)
    assert split.sizes == {"training": 182, "validation": 61, "test": 60, "left_out": 0}
    target = pd.read_csv(HEART)["disease"].to_numpy()
    shares = [np.mean(target[rows] == "yes") for rows in (split.training, split.validation)]
    assert np.ptp([*shares, np.mean(target[split.test] == "yes")]) < 0.02


def test_rows_without_a_target_are_left_out() -> None:
    frame = pd.read_csv(HEART)
    frame.loc[[3, 50, 200], "disease"] = None
    run = cr.train_table(frame, "disease", **FAST)
    assert split_of(run).left_out.tolist() == [3, 50, 200]
    assert run.predict(frame).shape == (303,)


# ---------------------------------------------------------------- scores


def test_the_scores_of_classes_are_those_of_scikit_learn(classes: Run) -> None:
    frame = pd.read_csv(HEART)
    split = split_of(classes)
    test, training = frame.iloc[split.test], frame.iloc[split.training]
    found = scores_of(classes)
    network = classes.predict_proba(test)
    shares = [np.mean(training["disease"] == label) for label in classes.classes]
    constant = np.tile(shares, (len(test), 1))
    for name, given_shares in (("network", network), ("constant", constant)):
        labels = np.array(classes.classes)[given_shares.argmax(axis=1)]
        expected = accuracy_score(test["disease"], labels)
        assert found[name]["accuracy"] == pytest.approx(expected, abs=1e-12)
        assert found[name]["right"] == round(expected * len(test))
        expected = log_loss(test["disease"], given_shares, labels=list(classes.classes))
        assert found[name]["log_loss"] == pytest.approx(expected, rel=1e-9)


def test_the_scores_of_numbers_are_those_of_scikit_learn(numbers: Run) -> None:
    frame = pd.read_csv(HEART)
    split = split_of(numbers)
    truth = frame["max_hr"].to_numpy()[split.test]
    mean = frame["max_hr"].to_numpy()[split.training].mean()
    found = scores_of(numbers)
    for name, guess in (
        ("network", numbers.predict(frame.iloc[split.test])),
        ("constant", np.full(len(truth), mean)),
    ):
        expected = {
            "root_mean_squared_error": np.sqrt(mean_squared_error(truth, guess)),
            "mean_absolute_error": mean_absolute_error(truth, guess),
            "r2": r2_of_scikit_learn(truth, guess),
        }
        assert found[name] == pytest.approx(expected, rel=1e-9)


def test_the_linear_model_finds_a_line_and_a_bad_rate_does_not_spoil_it() -> None:
    x = np.linspace(-3.0, 3.0, 200)
    table = {"x": x, "noise": np.cos(x * 90), "y": 12.0 * x + 100.0}
    run = cr.train_table(table, "y", learning_rate=0.0, **FAST)
    found = scores_of(run)
    assert found["linear model"]["root_mean_squared_error"] < 0.3
    assert found["network"]["root_mean_squared_error"] > 5.0
    assert "times the linear model's." in run.notes["result"]["in_words"]


def test_a_network_learns_what_is_not_linear() -> None:
    x = np.linspace(-3.0, 3.0, 300)
    table = {"x": x, "y": x**2}
    run = cr.train_table(table, "y", epochs=300, learning_rate=0.02, progress=False)
    found = scores_of(run)
    assert found["network"]["r2"] > 0.95
    assert found["linear model"]["r2"] < 0.2
    assert "smaller than the" in run.notes["result"]["in_words"]
    guess = run.predict({"x": [0.0, 2.0]})
    np.testing.assert_allclose(guess, [0.0, 4.0], atol=0.7)


def in_words(task: str, *main: float) -> str:
    names = ("network", "linear model", "constant")
    scores = []
    for name, number in zip(names, main, strict=False):
        numbers = dict.fromkeys(SCORES[task], number)
        scores.append(Score(name, numbers))
    return TableResult(task, 60, tuple(scores)).in_words


@pytest.mark.parametrize(
    ("task", "main", "words"),
    [
        ("classification", (48, 46, 33), "right, 2 more than the linear model."),
        ("classification", (46, 48, 33), "right, 2 fewer than the linear model."),
        ("classification", (30, 31, 33), "right, 3 fewer than the constant."),
        ("classification", (46, 46, 33), "right, as many as the linear model: a tie."),
        ("classification", (46, 33), "right, 13 more than the linear model."),
        ("regression", (5.0, 10.0, 20.0), "is 50% smaller than the linear model's."),
        ("regression", (12.0, 10.0, 20.0), "is 20% larger than the linear model's."),
        ("regression", (10.1, 20.0, 10.0), "is within 1% of the constant's: a tie."),
        ("regression", (9.95, 20.0, 10.0), "is within 1% of the constant's: a tie."),
        ("regression", (25.0, 20.0, 10.0), "is 2.5 times the constant's."),
        ("regression", (5000.0, 20.0, 10.0), "is 500 times the constant's."),
        ("regression", (1e300, 20.0, 10.0), "is more than a million times the constant's."),
        ("regression", (1.0, 0.0, 10.0), "larger than the linear model's, which makes none."),
        ("regression", (0.0, 0.0, 10.0), "is within 1% of the linear model's: a tie."),
        ("regression", (1.0, float("nan"), 10.0), "is 90% smaller than the constant's."),
        ("regression", (float("nan"), 1.0, 10.0), "has diverged"),
        ("classification", (float("nan"), 1.0, 10.0), "has diverged"),
    ],
)
def test_the_result_in_words(task: str, main: tuple[float, ...], words: str) -> None:
    assert words in in_words(task, *main)


@given(st.lists(st.floats(0.0, allow_infinity=False), min_size=2, max_size=3))
def test_the_words_agree_with_the_numbers(errors: list[float]) -> None:
    text = in_words("regression", *errors)
    least = min(errors[1:])
    assert ("smaller" in text) <= (errors[0] < least)
    assert ("larger" in text or "times" in text) <= (errors[0] > least)
    assert "nan" not in text
    assert "inf" not in text


# ---------------------------------------------------------------- predicting


def test_a_value_too_large_for_the_network_is_refused(classes: Run) -> None:
    frame = pd.read_csv(HEART).head(4)
    frame["age"] = [50.0, 60.0, 1e300, 40.0]
    with pytest.raises(cr.DataError, match="in row 3, which is too large to scale"):
        classes.predict(frame)


def test_columns_may_come_in_any_order_with_others_between(classes: Run) -> None:
    frame = pd.read_csv(HEART)
    other = frame[frame.columns[::-1]].assign(extra=1).drop(columns="disease")
    assert classes.predict(other).tolist() == classes.predict(frame).tolist()


def test_nothing_is_hidden_in_the_run(tmp_path: Path, classes: Run) -> None:
    classes.save(tmp_path / "run")
    loaded = cr.load(tmp_path / "run")
    assert loaded.predict(HEART).tolist() == classes.predict(HEART).tolist()
    np.testing.assert_array_equal(loaded.predict_proba(HEART), classes.predict_proba(HEART))
    texts = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir())
    assert b"asymptomatic" in texts
    assert b"female,145" not in texts
    assert replace(loaded, rows=None).rows is None


@pytest.mark.parametrize("unit", [1e300, 1e-200])
def test_scores_do_not_depend_on_the_unit(unit: float, numbers: Run) -> None:
    frame = pd.read_csv(HEART)
    frame["max_hr"] = frame["max_hr"] * unit
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = scores_of(cr.train_table(frame, "max_hr", **FAST))
    for name, expected in scores_of(numbers).items():
        assert found[name]["r2"] == pytest.approx(expected["r2"], abs=1e-4)
        for error in ("root_mean_squared_error", "mean_absolute_error"):
            assert found[name][error] / unit == pytest.approx(expected[error], rel=1e-4)


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"hidden": 5}, "hidden=5 is not a list of widths."),
        ({"hidden": None}, "hidden=None is not a list of widths."),
        ({"hidden": "16"}, "hidden='16' is not a list of widths."),
        ({"hidden": (16, "8")}, "hidden='8' is not possible."),
        ({"target": 1}, "target=1 is not the name of a column."),
        ({"target": ["disease"]}, "target=['disease'] is not the name of a column."),
        ({"output": 5}, "output=5 is no path."),
        ({"output": ""}, "output='' is no path."),
        ({"checkpoint_every": "often"}, "checkpoint_every='often' is not possible."),
    ],
)
def test_arguments_of_the_wrong_type(wrong: dict[str, Any], cause: str) -> None:
    with pytest.raises(cr.SetupError) as refusal:
        cr.train_table(HEART, **{"target": "disease", **FAST, **wrong})
    assert refusal.value.cause == cause
