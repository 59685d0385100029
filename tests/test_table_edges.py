"""The edges of training on tables: what is extreme, constant, rare or small ends in no half run."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_tables import SmallTable, small_table

import chainrule as cr
from chainrule.data.choices import Choices
from chainrule.data.columns import object_array
from chainrule.data.kinds import Kinds
from chainrule.data.preparation import NO_INPUT, Preparation
from chainrule.data.record import damaged
from chainrule.data.scaling import MOST_DEVIATIONS, deviations, too_far
from chainrule.data.table import Table, table_from_frame
from chainrule.errors import ChainruleError, DataError, SetupError
from chainrule.training.run import Run
from chainrule.training.tables.door import plan_table
from chainrule.training.tables.folds import MOST_ROWS
from chainrule.training.tables.plan import TablePlan

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
FAST: dict[str, Any] = {"epochs": 2, "progress": False}
CHOICES = {one.name for one in dataclasses.fields(Choices)}
LETTERS = ["a", "b"] * 20


def hints_of(run: Run, subject: str) -> list[str]:
    return [one.text for one in run.decisions if one.subject == subject and one.kind == "hint"]


# ---------------------------------------------------------------- extreme values


@pytest.mark.parametrize("target", ["disease", "age"])
def test_a_value_that_cannot_be_scaled_is_refused_before_any_training(
    tmp_path: Path, target: str
) -> None:
    frame = pd.read_csv(HEART).astype({"age": float})
    frame.loc[76, "age"] = 1e300
    match = r"^Column 'age' has 1e\+300 in row 77, which is too large .*: --ignore-rows 77\.$"
    with pytest.raises(DataError, match=match):
        cr.train_table(frame, target, output=tmp_path / "run", **FAST)
    assert not (tmp_path / "run").exists()
    with pytest.raises(DataError, match=match):
        plan_table(frame, target, Choices(), seed=3)
    run = cr.train_table(frame, target, ignore_rows="77", **FAST)
    assert run.result is not None
    assert run.result.rows == 302


def test_a_value_is_too_large_beside_what_a_fold_learns_from() -> None:
    tiny = np.random.default_rng(0).normal(size=40) * 1e-300
    tiny[[4, 30]] = 1.0
    for seed in range(10):
        with pytest.raises(DataError, match=r"has 1 in row 5, .* --ignore-rows 5,31\.$"):
            plan_table({"x": tiny, "y": LETTERS}, "y", Choices(), seed)
    # Where every fold learns from such values, it can scale them.
    tiny[::3] = np.arange(14.0)
    assert len(plan_table({"x": tiny, "y": LETTERS}, "y", Choices(), 0).folds) == 5


def test_a_large_table_is_looked_through_before_its_only_fold() -> None:
    x = np.random.default_rng(0).normal(size=MOST_ROWS + 100)
    (fold,) = plan_table({"x": x, "y": x > 0}, "y", Choices(), 0).folds
    for part in (fold.validation, fold.test):
        spoiled = x.copy()
        spoiled[part[7]] = -1e200
        with pytest.raises(DataError, match=f"has -1e\\+200 in row {part[7] + 1}, "):
            plan_table({"x": spoiled, "y": x > 0}, "y", Choices(), 0)
    spoiled[part[7]], spoiled[fold.training[7]] = 1.0, -1e200
    plan_table({"x": spoiled, "y": x > 0}, "y", Choices(), 0)


def test_numbers_at_the_edge_of_float64_are_scaled() -> None:
    edge = 1.7e308
    numbers = np.array([edge, -edge, -edge, -edge, np.nan])
    with np.errstate(all="raise"):
        scaled = deviations(numbers, -edge / 2, edge)
    np.testing.assert_allclose(scaled, [1.5, -0.5, -0.5, -0.5, np.nan])
    wide = [edge if one % 4 else -edge for one in range(40)]
    run = cr.train_table({"x": wide, "y": LETTERS}, "y", **FAST)
    assert np.isfinite(run.note_arrays["network"]).all()
    table = {"x": np.cos(np.arange(40.0)), "y": wide}
    with pytest.raises(DataError, match=r"'y' is -1.7e\+308 in row 1, .* a larger unit"):
        cr.train_table(table, "y", task="regression", **FAST)
    table["y"] = [one / 1e4 for one in wide]
    run = cr.train_table(table, "y", task="regression", learning_rate=1e6, **FAST)
    assert run.result is not None


def test_how_far_is_too_far() -> None:
    learned = np.array([-1.0, 1.0, np.nan])
    near, far = MOST_DEVIATIONS * 0.99, MOST_DEVIATIONS * 1.01
    assert (
        too_far(np.array([near, np.nan, far, -far]), learned).tolist() == [False] * 2 + [True] * 2
    )
    assert not too_far(np.array([far]), np.array([np.nan])).any()
    assert not too_far(np.array([np.nan]), learned).any()


# ---------------------------------------------------------------- folds that lack something


@pytest.mark.parametrize(
    "column",
    [
        [0.0] * 39 + [1.0],
        ["p"] * 39 + ["q"],
        [None] * 38 + [1.0, 2.0],
        ["2021-01-01"] * 39 + ["2021-05-01"],
    ],
    ids=["number", "text", "missing", "date"],
)
def test_a_fold_without_any_input_is_measured_by_a_constant(column: list[Any]) -> None:
    run = cr.train_table({"x": column, "y": LETTERS}, "y", **FAST)
    assert run.result is not None
    assert (run.result.folds, run.result.rows) == (5, 40)
    constant = 0
    for fold in run.folds:
        learned = [column[row] for row in fold.rows.training]
        if len(set(learned)) == 1:
            constant += 1
            assert (fold.predictions == fold.predictions[0]).all()
    assert constant > 0


def test_a_preparation_without_inputs_comes_back_as_it_was() -> None:
    table = table_from_frame({"x": [0.0] * 39 + [1.0], "y": LETTERS})
    training = np.arange(20)
    with pytest.raises(DataError, match="No column is left"):
        Preparation.fit(table, "y", training)
    found = Preparation.fit(table, "y", training, may_lack_inputs=True)
    assert found.input_names == (NO_INPUT,)
    np.testing.assert_array_equal(found.inputs(table), np.zeros((40, 1)))
    assert Preparation.from_dict(found.to_dict()) == found
    with pytest.raises(type(damaged("")), match="no columns"):
        Preparation.from_dict({**found.to_dict(), "no_input": False})


def test_a_class_that_a_fold_does_not_learn_from() -> None:
    y = ["rare"] * 3 + ["a", "b"] * 20
    table = {"x": np.random.default_rng(1).normal(size=43), "of": np.arange(1, 44) // 5, "y": y}
    run = cr.train_table(table, "y", group="of", **FAST)
    assert run.classes == ("a", "b", "rare")
    learned = [{y[row] for row in fold.rows.training} for fold in run.folds]
    lacking = [fold for fold, known in zip(run.folds, learned, strict=True) if "rare" not in known]
    assert any(0 in fold.rows.test for fold in lacking)
    assert any(0 in fold.rows.validation for fold in lacking)
    for fold in lacking:
        assert fold.predictions.shape == (len(fold.rows.test), 3)
        np.testing.assert_allclose(fold.predictions.sum(axis=1), 1.0)
        assert fold.best_epoch > 0
        # What a constant knows of a class that was not there.
        np.testing.assert_array_equal(run.note_arrays["constant"][fold.rows.test, 2], 0.0)
    assert run.result is not None
    assert run.result.rows == 43
    assert np.isfinite(run.result.scores["network"]["log_loss"].value)


def test_text_taken_as_numbers_knows_the_odd_texts_of_all_rows() -> None:
    x = object_array([f"about {row}" if row % 27 == 3 else str(row) for row in range(40)])
    table = Table({"x": x, "y": object_array(LETTERS)})
    found = Preparation.fit(table, "y", np.arange(20), kinds=Kinds({"x": "number"}))
    assert found.inputs(table)[:, 1].tolist() == [float(row % 27 == 3) for row in range(40)]


@pytest.mark.parametrize("kind", ["numbers", "dates"])
def test_odd_texts_of_tested_rows_count_as_missing_there(kind: str) -> None:
    x: list[str] = [f"{0.5 * row}" for row in range(40)]
    asked: dict[str, Any] = {"numeric": "x"}
    if kind == "dates":
        x, asked = [f"2021-{1 + row % 12:02}-0{1 + row % 9}" for row in range(40)], {}
    x[11] = "never"
    run = cr.train_table({"x": x, "y": LETTERS}, "y", **asked, **FAST)
    assert run.result is not None
    assert run.result.folds == 5


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize("epochs", [0, -1])
def test_a_training_of_no_epochs_is_refused(epochs: int) -> None:
    with pytest.raises(SetupError, match=r"^epochs=-?\d is not possible\. .* from 1\.$"):
        cr.train_table(HEART, "disease", epochs=epochs, progress=False)


def test_a_copy_of_the_time_under_another_name_is_an_input() -> None:
    x = np.arange(48.0) ** 1.5
    table = {"when": x, "z": np.cos(x), "y": x * 3.0}
    run = cr.train_table(table, "y", time="when", **FAST)
    assert run.network.plan.inputs == {"x": (1,)}
    both = cr.train_table({**table, "day": x}, "y", time="when", **FAST)
    names = [one["name"] for one in both.notes["preparation"]["columns"]]
    assert names == ["z", "day"]
    assert [one.rows.test.tolist() for one in both.folds] == [
        one.rows.test.tolist() for one in run.folds
    ]


@pytest.mark.parametrize("early", [1, 3])
def test_times_that_are_nearly_all_the_same_are_refused(early: int) -> None:
    when = [2.0] * (40 - early) + [1.0] * early
    table = {"when": when, "x": np.arange(40.0) ** 2, "y": LETTERS}
    with pytest.raises(DataError, match=r"has \d rows? before those .* 36 rows .* times differ"):
        plan_table(table, "y", Choices(time="when"), 0)


# ---------------------------------------------------------------- a table of its own for the result


def test_what_training_never_saw_in_a_test_table_is_said() -> None:
    random = np.random.default_rng(4)
    cities = [f"c{one}" for one in random.integers(0, 5, 60)]
    frame = pd.DataFrame(
        {
            "city": [*cities[:-2], "only here", "nor there"],
            "plain": ["u", "v", "w"] * 20,
            "gap": [None, "g", "h"] * 20,
            "code": [3.0, 4.0] * 30,
            "size": random.normal(size=60),
            "y": random.choice(["a", "b"], 60),
        }
    )
    test = frame.head(12).assign(size=random.normal(size=12))
    test.loc[:4, "city"] = ["Oslo", "Oslo", "Rome", "only here", "c0"]
    test.loc[:1, "plain"] = "x"
    test.loc[2, "code"] = 5.0
    asked = {"categorical": "code", **FAST}
    run = cr.train_table(frame, "y", test=test, **asked)
    assert hints_of(run, "city") == [
        "2 values in 3 rows of the test table never seen in training ('Oslo', 'Rome'): counted "
        "as '(other)'"
    ]
    assert hints_of(run, "plain") == [
        "1 value in 2 rows of the test table never seen in training ('x'): counted as no category"
    ]
    assert [one for one in hints_of(run, "code") if "test" in one] == [
        "1 value in 1 row of the test table never seen in training ('5'): counted as no category"
    ]
    assert hints_of(run, "gap") == hints_of(run, "size") == []
    plan = plan_table(frame, "y", Choices(categorical=("code",)), 0, test)
    assert plan.decisions == run.decisions


def test_categories_that_read_as_numbers_are_known_by_their_value() -> None:
    frame = pd.DataFrame({"c": ["07", "08", "x", "y"] * 10, "y": LETTERS})
    test = pd.DataFrame({"c": [7.0, 9.0, 8.0] * 4, "y": LETTERS[:12]})
    run = cr.train_table(frame, "y", test=test, categorical="c", **FAST)
    (said,) = [one for one in hints_of(run, "c") if "test" in one]
    assert said.startswith("1 value in 4 rows of the test table never seen in training ('9')")


def test_columns_of_a_test_table_without_any_value_are_said() -> None:
    frame = pd.read_csv(HEART)
    empty = {"age": None, "thal": None, "gender": None}
    run = cr.train_table(frame, "disease", test=frame.head(40).assign(**empty), **FAST)
    front = "no value in any row of the test table: counted as"
    assert hints_of(run, "age") == [f"{front} the mean"]
    assert hints_of(run, "thal") == [f"{front} missing"]
    assert hints_of(run, "gender") == [f"{front} no category"]


def test_what_is_wrong_in_a_test_table_is_said_of_it() -> None:
    frame = pd.read_csv(HEART)
    test = frame.head(20).astype({"age": float})
    test.loc[4, "age"] = 1e300
    with pytest.raises(DataError, match=r"^In the test table: Column 'age' .* in row 5, "):
        plan_table(frame, "disease", Choices(), 0, test)
    wide = frame.assign(sex=frame["gender"])
    with pytest.raises(DataError, match=r"^In the test table: The table has no column 'sex'"):
        plan_table(wide, "disease", Choices(), 0, frame)


# ---------------------------------------------------------------- copies in different groups


def test_copies_in_different_groups_are_said() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "shop": np.repeat(np.arange(12), 5),
            "x": random.normal(size=60),
            "y": random.normal(size=60),
        }
    )
    # Two of one shop, and three of which two are in one shop.
    frame.loc[1, "x"] = frame.loc[0, "x"]
    frame.loc[[10, 11, 50], "x"] = 7.5
    run = cr.train_table(frame, "y", group="shop", **FAST)
    (said,) = [one for one in run.decisions if one.subject == "rows" and one.kind == "hint"]
    assert said.text.startswith("3 are copies, in all that is learned from, of rows of another")
    assert said.option == "--ignore-rows duplicates"
    frame.loc[[10, 11, 50], "x"] = [7.5, 7.5, 8.5]
    assert hints_of(cr.train_table(frame, "y", group="shop", **FAST), "rows") == []
    switches = frame.assign(x=random.integers(0, 2, 60))
    assert hints_of(cr.train_table(switches, "y", group="shop", **FAST), "rows") == []
    with pytest.raises(DataError, match="No column is left to predict 'y' from: 'shop' says"):
        plan_table(frame.drop(columns="x"), "y", Choices(group="shop"), 0)


# ---------------------------------------------------------------- small tables of any kind


@pytest.mark.parametrize(
    ("y", "cause"),
    [
        (["a", "b"] * 5, ""),
        (["a"] * 8 + ["b"] * 2, ""),
        (["a"] * 28 + ["b"] * 2, ""),
        (["a"] * 9 + ["b"], "has one row"),
        (["a"] * 10 + ["b", "c"], "has one row"),
        (["a"] * 12, "in every row"),
        (["a", "b"] * 4, "8 rows with a target: too few"),
        ([0.0] * 29 + [1.0], "has one row"),
        ([0.5] * 29 + [1.0], ""),
        ([1.0] * 13 + [2.0] * 2, ""),
    ],
)
@pytest.mark.parametrize("task", [None, "group", "time"])
def test_few_rows_and_rare_classes(y: list[Any], cause: str, task: str | None) -> None:
    rows = len(y)
    table = {"x": np.cos(np.arange(rows)), "k": [f"k{one % 5}" for one in range(rows)]}
    table["when"] = np.arange(rows) ** 1.5
    asked = {"group": {"group": "k"}, "time": {"time": "when"}}.get(task or "", {})
    if not cause and task == "time" and rows < 36:
        cause = "too few to learn from"
    if cause:
        with pytest.raises(DataError, match=cause):
            plan_table({**table, "y": y}, "y", Choices(**asked), 0)
        return
    run = cr.train_table({**table, "y": y}, "y", **asked, **FAST)
    assert run.result is not None


# What may be wrong with a small table; each of them is so with one at least.
CAUSES = (
    "No column is left to predict 'y' from: ",
    "is chosen for two purposes",
    "where a number belongs",
    "too large to scale",
    "rows? with a target: too few to train",
    "The target 'y' is .* in every row",
    "The target 'y' has no value in any row",
    "is text, which regression cannot predict",
    "says no (time|group) in ",
    "In the order of time, a fold has ",
    "The table has no column ",
)


def planned(made: SmallTable) -> TablePlan | str:
    """Return the plan of a table, or why it is refused."""
    try:
        choices = Choices(**{name: one for name, one in made.asked.items() if name in CHOICES})
        return plan_table(made.columns, "y", choices, made.asked["seed"], made.test)
    except ChainruleError as error:
        return error.cause


def test_small_tables_of_any_kind_are_trained_or_refused_beforehand() -> None:
    trained = 0
    met = set()
    for seed in range(40):
        made = small_table(seed)
        plan = planned(made)
        if isinstance(plan, str):
            (cause,) = [one for one in CAUSES if re.search(one, plan)] or [plan]
            met.add(cause)
            continue
        run = cr.train_table(made.columns, "y", test=made.test, **made.asked, **FAST)
        assert run.result is not None
        assert run.decisions == plan.decisions
        trained += 1
    assert trained == 12
    assert met == set(CAUSES)
