"""Preparation: fitted on training rows alone, undone without loss, hard to deceive."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule.data.choices import Choices
from chainrule.data.date_column import DateColumn
from chainrule.data.decisions import Decision
from chainrule.data.fields import CategoryColumn, NumberColumn
from chainrule.data.kinds import decide_kinds
from chainrule.data.preparation import Preparation
from chainrule.data.splitting import split_rows
from chainrule.data.table import Table, read_table, table_from_frame
from chainrule.data.target import decide_task, describe_target, rows_with_target, strata
from chainrule.errors import DataError, RunFolderError, SetupError

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def every(table: Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(table.rows, dtype=np.int64)


def small_table(**columns: object) -> Table:
    return table_from_frame({"x": [1, 2, 3, 4], "y": ["no", "yes", "no", "yes"], **columns})


def fit(table: Table, target: str = "y", task: str | None = None) -> Preparation:
    return Preparation.fit(table, target, every(table), task)


# --- inputs


def test_heart_table_agrees_with_scikit_learn() -> None:
    table = read_table(HEART)
    classes = strata(table, "disease", decide_task(table, "disease"))
    training, _, testing = split_rows(table.rows, (0.15, 0.15), 3, classes)
    preparation = Preparation.fit(table, "disease", training)
    inputs = preparation.inputs(table.select(testing))
    assert inputs.shape == (testing.size, len(preparation.input_names))
    for column in preparation.columns:
        values = table.columns[column.name]
        ours = inputs[:, [preparation.input_names.index(name) for name in column.input_names]]
        if isinstance(column, NumberColumn):
            scaler = StandardScaler().fit(values[training].reshape(-1, 1))
            theirs = np.nan_to_num(scaler.transform(values[testing].reshape(-1, 1)), nan=0.0)
            np.testing.assert_allclose(ours[:, :1], theirs, rtol=1e-12, atol=1e-12)
            assert ours.shape[1] == 1 + np.isnan(values[training].astype(float)).any()
        else:
            encoder = OneHotEncoder(
                categories=[[*column.levels, None] if column.missing else list(column.levels)],
                handle_unknown="ignore",
                sparse_output=False,
            ).fit(values[training].reshape(-1, 1))
            np.testing.assert_array_equal(ours, encoder.transform(values[testing].reshape(-1, 1)))


def test_heart_table_names() -> None:
    preparation = fit(read_table(HEART), "disease")
    assert preparation.dropped == ()
    assert len(preparation.input_names) == 25
    assert {
        "age",
        "chest_pain = asymptomatic",
        "major_vessels_colored is missing",
        "thal is missing",
    } < set(preparation.input_names)
    assert preparation.target.labels == ("no", "yes")
    names = {column.name for column in preparation.columns}
    assert names == set(read_table(HEART).names) - {"disease"}


def test_only_training_rows_are_looked_at() -> None:
    table = read_table(HEART)
    training = split_rows(table.rows, (0.3,), 1)[0]
    outside = np.setdiff1d(every(table), training)
    changed = {name: column.copy() for name, column in table.columns.items()}
    for name, column in changed.items():
        if name != "disease":
            column[outside] = 1e6 if column.dtype == np.float64 else "another"
    assert Preparation.fit(table, "disease", training) == Preparation.fit(
        Table(changed), "disease", training
    )


def test_missing_numbers_become_the_mean_and_an_indicator() -> None:
    table = small_table(z=[1, None, 3, 5], t=["a", None, "b", "a"])
    preparation = fit(table)
    assert preparation.input_names == (
        "x", "z", "z is missing", "t = a", "t = b", "t is missing",
    )  # fmt: skip
    inputs = preparation.inputs(table)
    assert inputs[:, 1].mean() == pytest.approx(0)
    assert inputs[1, 1] == 0
    assert inputs[:, 2].tolist() == [0, 1, 0, 0]
    assert inputs[:, 3:].tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]


def test_values_missing_only_outside_training_are_the_mean_and_zeros() -> None:
    preparation = fit(small_table(t=["a", "b", "a", "b"]))
    assert preparation.input_names == ("x", "t = a", "t = b")
    new = table_from_frame({"x": ["", ""], "t": ["a", None]})
    assert preparation.inputs(new).tolist() == [[0, 1, 0], [0, 0, 0]]
    assert preparation.unseen(new) == {}


def test_two_whole_numbers_are_numbers() -> None:
    preparation = fit(small_table(flag=[0, 1, 1, 0]))
    assert preparation.columns[1] == NumberColumn("flag", 0.5, 0.5)


def test_columns_that_cannot_help_are_dropped_with_the_reason() -> None:
    rows = 120
    table = table_from_frame(
        {
            "x": [row * 0.5 for row in range(rows)],
            "number": range(rows),
            "constant": [7] * rows,
            "sometimes": [7, None] * (rows // 2),
            "same": ["a"] * rows,
            "empty": [None] * rows,
            "name": [f"person {row}" for row in range(rows)],
            "told": [f"it was the day {row} of all" for row in range(rows)],
            "month": [f"month {row % 40}" for row in range(rows)],
            "present": ["yes", None] * (rows // 2),
            "y": ["no", "yes"] * (rows // 2),
        }
    )
    preparation = fit(table)
    assert [one.name for one in preparation.columns] == ["x", "sometimes", "month", "present"]
    assert dict(preparation.dropped) == {
        "number": "tells rows apart",
        "constant": "has no other value than 7 in the training rows",
        "same": "has no other value than 'a' in the training rows",
        "empty": "has no value in the training rows",
        "name": "tells rows apart",
        "told": "is free text",
    }
    assert preparation.identifiers == ("number", "name")
    again = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict())))
    assert again == preparation


def test_rare_categories_are_one_level_together() -> None:
    cities = ["rome"] * 5 + ["oslo"] * 3 + ["bonn", "bonn", "cork"]
    table = table_from_frame(
        {"city": cities, "x": [0.5, 1.5, 2.5, 3, 4, 5, 6, 7, 8, 9, 1], "y": list("ababababaab")}
    )
    preparation = fit(table)
    assert preparation.input_names[:3] == ("city = oslo", "city = rome", "city = (other)")
    new = table_from_frame({"city": ["rome", "bonn", "paris", None], "x": [1, 2, 3, 4]})
    inputs = preparation.inputs(new)[:, :3]
    assert inputs.tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]]
    assert preparation.unseen(new) == {"city": ("bonn", "paris")}
    one_rare = fit(table.select(np.arange(10)))
    assert one_rare.input_names[:3] == ("city = bonn", "city = oslo", "city = rome")


def test_the_fifty_most_frequent_categories_are_kept() -> None:
    cities = [f"city {number:03}" for number in range(60) for _ in range(3 + number % 4)]
    rows = len(cities)
    table = table_from_frame({"city": cities, "y": ["a", "b"] * (rows // 2) + ["a"] * (rows % 2)})
    column = fit(table).columns[0]
    assert isinstance(column, CategoryColumn)
    assert (len(column.levels), column.other) == (50, True)
    kept = {number for number in range(60) if f"city {number:03}" in column.levels}
    assert {number for number in range(60) if number % 4} <= kept
    assert kept - {number for number in range(60) if number % 4} == {0, 4, 8, 12, 16}


def test_categories_of_one_or_two_rows_each() -> None:
    few = fit(table_from_frame({"t": ["a", "b"] * 2, "x": [1, 5, 2, 2], "y": list("abab")}))
    assert few.input_names == ("t = a", "t = b", "x")
    values = [f"v{number}" for number in range(12)] * 2
    many = table_from_frame({"t": values, "x": [0.5, 1.5] * 12, "y": ["a", "b", "b", "a"] * 6})
    assert dict(fit(many).dropped)["t"] == "tells rows apart"
    kinds = decide_kinds(many, "y", Choices(categorical=("t",)))
    asked_for = Preparation.fit(many, "y", every(many), kinds=kinds)
    assert len(asked_for.input_names) == 12 + 1
    names = {"t": [f"name {number}" for number in range(60)], "y": ["a", "b"] * 30}
    table = table_from_frame(names)
    kinds = decide_kinds(table, "y", Choices(categorical=("t",)))
    inputs = Preparation.fit(table, "y", every(table), kinds=kinds).inputs(table)
    assert inputs.shape == (60, 51)
    assert inputs[:, -1].sum() == 10


def test_a_level_that_is_called_other() -> None:
    values = ["(other)"] * 4 + ["a"] * 4 + ["b", "c"]
    table = table_from_frame({"t": values, "y": list("abababaabb")})
    preparation = fit(table)
    assert preparation.input_names == ("t = a", "t = (other)")
    assert preparation.inputs(table)[:, 1].tolist() == [1] * 4 + [0] * 4 + [1, 1]


def test_dates_become_days() -> None:
    days = ["2019-01-01", "2019-01-03", None, "2019-02-01", "2019-01-11"]
    table = table_from_frame({"day": days, "y": list("abbab")})
    preparation = Preparation.fit(table, "y", np.array([0, 1, 2, 4]))
    since = np.array([0.0, 2.0, 10.0])
    assert preparation.columns == (
        DateColumn("day", "ymd", "2019-01-01", since.mean(), since.std(), True, (), "2019-01-01"),
    )
    inputs = preparation.inputs(table)
    assert preparation.input_names == ("day", "day is missing")
    np.testing.assert_allclose(inputs[3], [(31 - since.mean()) / since.std(), 0])
    assert inputs[2].tolist() == [0, 1]
    assert Preparation.from_dict(json.loads(json.dumps(preparation.to_dict()))) == preparation
    assert preparation.inputs(table_from_frame({"day": [None]})).tolist() == [[0, 1]]
    with pytest.raises(DataError, match="'day' has 'soon' in row 2 where a date belongs"):
        preparation.inputs(table_from_frame({"day": ["2020-01-01", "soon"]}))
    with pytest.raises(DataError, match="'day' has '2020' in row 1 where a date belongs"):
        preparation.inputs(table_from_frame({"day": [2020]}))


def test_days_of_the_month_come_in_the_order_of_training() -> None:
    table = table_from_frame({"day": ["31/01/2019", "02/03/2019"] * 3, "y": list("ababab")})
    preparation = fit(table)
    new = table_from_frame({"day": ["03/02/2019", "2019-02-03", "3.2.2019"]})
    assert len(set(preparation.inputs(new)[:, 0].tolist())) == 1
    assert preparation.inputs(new)[0, 0] < preparation.inputs(table)[1, 0]


def test_odd_texts_among_numbers_are_missing_and_others_are_refused() -> None:
    values = [str(number * 0.5) for number in range(20)] + ["<5"]
    table = table_from_frame({"x": values, "y": ["a", "b", "b"] * 7})
    preparation = fit(table)
    column = preparation.columns[0]
    assert isinstance(column, NumberColumn)
    assert (column.missing, column.odd) == (True, ("<5",))
    assert preparation.inputs(table_from_frame({"x": ["<5", "unknown"]})).tolist() == [[0, 1]] * 2
    for new in (["1", "<6"], [*values[:-1], "<6"]):
        with pytest.raises(DataError, match=rf"'x' has the text '<6' in row {len(new)} where"):
            preparation.inputs(table_from_frame({"x": new}))


def test_labels_keep_their_unit() -> None:
    table = table_from_frame({"x": [1.5, 2, 3, 4.5], "y": ["5 kg", "10 kg", "5 kg", "10 kg"]})
    preparation = fit(table)
    assert preparation.target.labels == ("10 kg", "5 kg")
    assert preparation.targets(table).tolist() == [1, 0, 1, 0]
    assert preparation.targets(table.select(np.array([1]))).tolist() == [0]
    weights = table_from_frame({"x": [1.5, 2, 3], "y": ["5.5 kg", "10 kg", "11 kg"]})
    assert fit(weights).target.task == "regression"


def test_categories_keep_their_unit() -> None:
    table = table_from_frame({"x": ["5 kg", "10 kg"] * 3, "y": list("ababab")})
    kinds = decide_kinds(table, "y", Choices(categorical=("x",)))
    preparation = Preparation.fit(table, "y", every(table), kinds=kinds)
    assert preparation.input_names == ("x = 10 kg", "x = 5 kg")
    assert preparation.inputs(table_from_frame({"x": ["5 kg"]})).tolist() == [[0, 1]]
    assert preparation.unseen(table_from_frame({"x": ["6 kg"]})) == {"x": ("6 kg",)}


def test_the_target_in_words() -> None:
    heart = read_table(HEART)
    assert describe_target(heart, "disease", "classification") == Decision(
        "target", "target", "classification, 2 classes (no 164, yes 139)"
    )
    table = table_from_frame({"y": [3, 1, 3, 1, None, 10], "z": [0.5, 1, 2, 3, 4, 5]})
    assert describe_target(table, "y", "classification") == Decision(
        "target",
        "target",
        "classification, whole numbers with 3 different values taken as classes (1 2, 3 2, 10 1); "
        "1 missing, whose rows are left out",
        "--task regression",
    )
    assert describe_target(table, "z", "regression") == Decision(
        "target", "target", "regression, numbers from 0.5 to 5"
    )
    assert describe_target(heart, "max_hr", "regression").option == ""
    twice = table_from_frame({"y": [1, 2, 1, 2]})
    assert describe_target(twice, "y", "regression").option == "--task classification"


def test_extra_and_reordered_columns_change_nothing() -> None:
    table = read_table(HEART)
    preparation = fit(table, "disease")
    other = Table({"more": table.columns["age"], **dict(reversed(table.columns.items()))})
    np.testing.assert_array_equal(preparation.inputs(table), preparation.inputs(other))
    np.testing.assert_array_equal(preparation.targets(table), preparation.targets(other))


def test_unseen_categories_are_zeros_and_are_named() -> None:
    preparation = fit(small_table(t=["a", "b", "a", "b"]))
    new = table_from_frame({"x": [1, 2, 3], "t": ["c", "a", "A"]})
    assert preparation.inputs(new)[:, 1:].tolist() == [[0, 0], [1, 0], [0, 0]]
    assert preparation.unseen(new) == {"t": ("A", "c")}


def test_levels_that_read_as_numbers_are_found_in_a_file_of_numbers() -> None:
    preparation = fit(small_table(t=["07", "8", "x", "8"]))
    assert preparation.columns[1] == CategoryColumn("t", ("07", "8", "x"))
    new = table_from_frame({"x": [1, 2, 3, 4], "t": ["8", "07", "9", None]})
    assert preparation.inputs(new)[:, 1:].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert preparation.unseen(new) == {"t": ("9",)}


def test_wrong_columns_at_prediction() -> None:
    preparation = fit(small_table())
    with pytest.raises(DataError, match=r"no column 'x'.*Did you mean 'X'"):
        preparation.inputs(table_from_frame({"X": [1, 2]}))
    with pytest.raises(DataError, match="Column 'x' has the text 'tall' in row 2"):
        preparation.inputs(table_from_frame({"x": ["1", "tall", "high"]}))
    with pytest.raises(DataError, match="Column 'x' is infinite in row 1"):
        preparation.inputs(table_from_frame({"x": [float("inf")]}))
    with pytest.raises(DataError, match="no column 'y'"):
        preparation.targets(table_from_frame({"x": [1, 2]}))


def test_a_number_too_far_away_to_scale() -> None:
    preparation = fit(table_from_frame({"x": [1e-9, 2e-9, 1e-9, 2e-9], "y": list("abab")}))
    with pytest.raises(DataError, match=r"Column 'x' has 1e\+308 in row 2, which is too large"):
        preparation.inputs(table_from_frame({"x": [1, 1e308]}))


def test_text_that_spells_numbers_serves_as_numbers() -> None:
    preparation = fit(small_table())
    column = np.array(["1", None, "4"], dtype=np.object_)
    expected = preparation.inputs(table_from_frame({"x": [1, None, 4]}))
    np.testing.assert_array_equal(preparation.inputs(Table({"x": column})), expected)


@given(st.lists(FINITE, min_size=2, max_size=30).filter(lambda values: len(set(values)) > 1))
def test_inputs_are_finite_or_refused_whatever_the_numbers(values: list[float]) -> None:
    table = table_from_frame({"x": values * 2, "y": ["a", "b"] * len(values)})
    preparation = fit(table)
    if max(values) - min(values) < 1e308:
        assert np.isfinite(preparation.inputs(table)).all()
        return
    try:
        assert np.isfinite(preparation.inputs(table)).all()
    except DataError as refusal:
        # The difference of two numbers may itself leave the range of float64.
        refused = str(refusal)
        assert "too large to scale" in refused


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=40))
def test_scaling_agrees_with_scikit_learn(values: list[float]) -> None:
    spread = [*values, min(values) - 1.0, max(values) + 1.0]
    table = table_from_frame({"x": spread * 2, "y": ["a", "b"] * len(spread)})
    theirs = StandardScaler().fit_transform(np.array(spread * 2).reshape(-1, 1))
    ours = fit(table).inputs(table)
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-7)


def test_no_column_is_left() -> None:
    with pytest.raises(DataError, match=r"No column is left to predict 'y'.*no other value"):
        fit(table_from_frame({"x": [1, 1, 1, 1], "y": list("abab")}))
    with pytest.raises(DataError, match=r"No column is left.*there is no other"):
        fit(table_from_frame({"y": list("abab")}))
    with pytest.raises(DataError, match="no training rows"):
        Preparation.fit(small_table(), "y", np.array([], dtype=np.int64))


# --- target


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 5, "classification"),
        ([True, False] * 5, "classification"),
        ([0, 1] * 2, "classification"),
        (list(range(10)) * 2, "classification"),
        ([3.0, 5.0, None] * 4, "classification"),
        (list(range(11)) * 2, "regression"),
        ([0.5, 1.0] * 5, "regression"),
        ([10, 20, 30, 40], "regression"),
    ],
)
def test_the_target_decides_the_task(values: list[Any], task: str) -> None:
    assert decide_task(table_from_frame({"y": values}), "y") == task


def test_the_task_can_be_asked_for() -> None:
    table = table_from_frame({"y": [0, 1, 0, 1], "t": list("abab"), "w": [0.5, 1.5, 0.5, 1.5]})
    assert decide_task(table, "y", "regression") == "regression"
    assert decide_task(table, "w", "classification") == "classification"
    assert fit(table, "w", "classification").target.labels == ("0.5", "1.5")
    with pytest.raises(DataError, match="'t' is text, which regression cannot predict"):
        decide_task(table, "t", "regression")
    with pytest.raises(SetupError, match=r"no task 'clasification'.*Did you mean"):
        decide_task(table, "y", "clasification")


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ([None] * 4, "'y' has no value in any row"),
        ([3, 3, None, 3], "'y' is 3 in every row"),
        (["a", "a", "a", "a"], "'y' is 'a' in every row"),
        ([0.5] * 4, "'y' is 0.5 in every row"),
        (["a", "b", "a", "a"], "class 'b' of the target 'y' has one row"),
        ([0, 0, 0, 7], "class 7 of the target 'y' has one row"),
    ],
)
def test_targets_that_cannot_be_learned(values: list[Any], cause: str) -> None:
    with pytest.raises(DataError, match=cause) as caught:
        fit(table_from_frame({"x": [1, 2, 3, 4], "y": values}))
    assert caught.value.remedy


def test_no_such_target() -> None:
    with pytest.raises(DataError, match=r"no column 'disese'.*Did you mean 'disease'"):
        rows_with_target(read_table(HEART), "disese")


def test_rows_without_a_target_are_left_out() -> None:
    table = small_table(y=["a", None, "b", "a"])
    assert rows_with_target(table, "y").tolist() == [0, 2, 3]
    with pytest.raises(DataError, match="'y' is missing in some training rows"):
        fit(table_from_frame({"x": range(5), "y": ["a", None, "b", "a", "b"]}))
    preparation = fit(small_table())
    with pytest.raises(DataError, match="'y' is missing in row 2"):
        preparation.targets(table)


def test_labels_and_the_way_back() -> None:
    table = small_table(y=["b", "a", "b", "a"])
    preparation = fit(table)
    targets = preparation.targets(table)
    assert targets.dtype == np.int64
    assert targets.tolist() == [1, 0, 1, 0]
    assert preparation.target.predictions(targets).tolist() == ["b", "a", "b", "a"]
    with pytest.raises(DataError, match="'y' is 'c' in row 1, a class that training has not seen"):
        preparation.targets(table_from_frame({"y": ["c", "a"]}))


def test_whole_number_labels_keep_their_type() -> None:
    table = table_from_frame({"x": range(6), "y": [10, 2, -1, 10, 2, -1]})
    preparation = fit(table)
    assert preparation.target.labels == ("-1", "2", "10")
    assert preparation.target.label_kind == "integer"
    predicted = preparation.target.predictions(preparation.targets(table))
    assert predicted.dtype == np.int64
    assert predicted.tolist() == [10, 2, -1, 10, 2, -1]


def test_regression_targets_and_the_way_back() -> None:
    values = [1.5, 2.5, 4.0, 10.0, -3.0]
    table = table_from_frame({"x": range(5), "y": values})
    training = np.array([0, 1, 2, 3])
    preparation = Preparation.fit(table, "y", training)
    targets = preparation.targets(table)
    assert targets.shape == (5, 1)
    theirs = StandardScaler().fit(np.array(values)[training].reshape(-1, 1))
    np.testing.assert_allclose(targets, theirs.transform(np.array(values).reshape(-1, 1)))
    np.testing.assert_allclose(preparation.target.predictions(targets)[:, 0], values)
    with pytest.raises(DataError, match="is text, which regression cannot predict"):
        preparation.targets(table_from_frame({"y": ["high"]}))


def test_strata_number_the_classes() -> None:
    table = table_from_frame({"y": ["b", "a", "b"], "w": [5, 3, 5]})
    for name in ("y", "w"):
        classes = strata(table, name, "classification")
        assert classes is not None
        assert classes.tolist() == [1, 0, 1]
    assert strata(table, "w", "regression") is None


# --- plain data and back


def plain(task: str = "classification") -> dict[str, Any]:
    table = small_table(
        z=[0.1, None, 3, 5],
        t=["a", None, "b", "a"],
        constant=[1, 1, 1, 1],
        day=["2019-01-31", "2019-02-01", None, "2020-01-01"],
    )
    if task == "regression":
        return fit(small_table(y=[0.1, 0.2, 0.4, 0.9])).to_dict()
    if task == "integer":
        return fit(small_table(y=[0, 1, 0, 1])).to_dict()
    return fit(table).to_dict()


@pytest.mark.parametrize("task", ["classification", "integer", "regression"])
def test_plain_data_survives_json(task: str) -> None:
    original = plain(task)
    restored = Preparation.from_dict(json.loads(json.dumps(original, allow_nan=False)))
    assert restored.to_dict() == original
    table = small_table(
        z=[0.1, None, 3, 5], t=["a", None, "b", "a"], day=["2019-01-31", None, None, None]
    )
    again = Preparation.from_dict(original)
    np.testing.assert_array_equal(restored.inputs(table), again.inputs(table))


def test_heart_preparation_survives_json() -> None:
    preparation = fit(read_table(HEART), "disease")
    assert Preparation.from_dict(json.loads(json.dumps(preparation.to_dict()))) == preparation


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda d: (d["columns"].clear(), d["dropped"].clear()),
    lambda d: d["columns"].append(d["columns"][0]),
    lambda d: d["columns"][0].update(name="y"),
    lambda d: d["columns"][0].update(kind="script"),
    lambda d: d["columns"][0].update(scale=0.0),
    lambda d: d["columns"][0].update(scale=-1.0),
    lambda d: d["columns"][0].update(mean=float("nan")),
    lambda d: d["columns"][0].update(mean=10**400),
    lambda d: d["columns"][0].update(mean=True),
    lambda d: d["columns"][0].update(missing=1),
    lambda d: d["columns"][0].update(name="\ud800"),
    lambda d: d["columns"][2].update(levels=[]),
    lambda d: d["columns"][2].update(levels=["a", "a"]),
    lambda d: d["columns"][2].update(levels=["a", 1]),
    lambda d: d["columns"][2].update(levels="ab"),
    lambda d: d["columns"][2].update(other=1),
    lambda d: d["columns"][0].update(odd="<5"),
    lambda d: d["columns"][3].update(order="myd"),
    lambda d: d["columns"][3].update(first="2019-02-31"),
    lambda d: d["columns"][3].update(scale=0.0),
    lambda d: d.update(identifiers=["x"]),
    lambda d: d.update(identifiers="constant"),
    lambda d: d["target"].update(task="ranking"),
    lambda d: d["target"].update(labels=["no"]),
    lambda d: d["target"].update(labels=None),
    lambda d: d["target"].update(task="regression"),
    lambda d: d["target"].update(label_kind="integer"),
    lambda d: d["target"].update(label_kind="integer", labels=["1", "01"]),
    lambda d: d["target"].update(label_kind="integer", labels=["1", "9" * 5000]),
    lambda d: d["target"].update(label_kind="integer", labels=["1", "²"]),
    lambda d: d["target"].update(label_kind="real"),
    lambda d: d["dropped"].append(["constant", "why"]),
    lambda d: d["dropped"].append({"name": "x", "reason": "why"}),
    lambda d: d.update(dropped={}),
]


@pytest.mark.parametrize("change", CHANGES)
def test_damaged_plain_data(change: Callable[[dict[str, Any]], object]) -> None:
    damaged = copy.deepcopy(plain())
    change(damaged)
    with pytest.raises(RunFolderError, match="damaged") as caught:
        Preparation.from_dict(damaged)
    assert caught.value.remedy


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) in nested plain data."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], dict | list):
            found += places(value[key])
    return found


@given(
    task=st.sampled_from(["classification", "integer", "regression"]),
    data=st.data(),
    value=JSON_VALUES,
    remove=st.booleans(),
)
def test_any_change_of_plain_data_gives_a_preparation_or_its_error(
    task: str, data: st.DataObject, value: Any, remove: bool
) -> None:
    changed = copy.deepcopy(plain(task))
    container, key = data.draw(st.sampled_from(places(changed)))
    if remove:
        del container[key]
    else:
        container[key] = value
    try:
        preparation = Preparation.from_dict(changed)
    except RunFolderError:
        return
    assert Preparation.from_dict(preparation.to_dict()) == preparation
    assert len(preparation.input_names) > 0


@given(JSON_VALUES)
def test_anything_else_is_no_preparation(value: Any) -> None:
    with pytest.raises(RunFolderError):
        Preparation.from_dict(value)
