"""Training on tables: the same bits again, rows that choose nothing, results that are true."""

from __future__ import annotations

import json
import math
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
from statsmodels.stats.proportion import proportion_confint

import chainrule as cr
import chainrule.training.tables.plan
import chainrule.training.tables.work
from chainrule.data.choices import Choices
from chainrule.data.table import Table, checksum, read_table, table_from_frame
from chainrule.engines.choosing import AUTO, chosen_engine
from chainrule.explanation.run_rows import rows_of_run
from chainrule.training.carry_out import carry_out
from chainrule.training.run import Run
from chainrule.training.tables.door import plan_table, resume_table
from chainrule.training.tables.fold_records import is_complete
from chainrule.training.tables.folds import MOST_ROWS, Fold
from chainrule.training.tables.intervals import Measured
from chainrule.training.tables.measuring import result_of_folds
from chainrule.training.tables.notes import TableNote
from chainrule.training.tables.result import MEASURES, MODELS, TableResult
from chainrule.training.tables.rows import TableRows
from chainrule.training.tables.sentences import in_words
from chainrule.training.tables.work import TableWork

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
FAST: dict[str, Any] = {"epochs": 4, "progress": False}


def scores_of(run: Run) -> dict[str, dict[str, float]]:
    assert run.result is not None
    return {
        model: {name: one.value for name, one in found.items()}
        for model, found in run.result.scores.items()
    }


def same_network(first: Run, second: Run) -> bool:
    one, other = first.network.parameters, second.network.parameters
    return list(one) == list(other) and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


@contextmanager
def the_folds(folds: tuple[Fold, ...]) -> Iterator[None]:
    """Have tables split as another one was, so that only their values differ."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chainrule.training.tables.plan, "make_folds", lambda *_: folds)
        yield


def folds_of(run: Run) -> tuple[Fold, ...]:
    return tuple(one.rows for one in run.folds)


@pytest.fixture(scope="module")
def classes() -> Run:
    return cr.train_table(HEART, "disease", **FAST)


@pytest.fixture(scope="module")
def numbers() -> Run:
    return cr.train_table(HEART, "max_hr", **FAST)


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    """A table of more rows than are trained on in folds."""
    random = np.random.default_rng(2)
    frame = pd.DataFrame(random.normal(size=(MOST_ROWS + 400, 3)), columns=["a", "b", "c"])
    frame["kind"] = np.where(
        frame["a"] * frame["b"] + 0.3 * random.normal(size=len(frame)) > 0, "up", "down"
    )
    return frame


# ---------------------------------------------------------------- the same again


def test_tables_are_trained_by_the_engine_that_is_there(classes: Run, numbers: Run) -> None:
    due = chosen_engine(AUTO)
    assert [run.setup.engine for run in (classes, numbers)] == [due, due]


def test_the_seed_decides_everything(classes: Run) -> None:
    again = cr.train_table(HEART, "disease", **FAST)
    assert same_network(classes, again)
    assert again.notes["result"] == classes.notes["result"]
    assert again.history == classes.history
    for one, other in zip(again.folds, classes.folds, strict=True):
        assert one.recording is not None
        assert other.recording is not None
        assert one.recording.history == other.recording.history
        np.testing.assert_array_equal(one.predictions, other.predictions)
    another = cr.train_table(HEART, "disease", seed=1, **FAST)
    assert not same_network(classes, another)
    assert another.folds[0].rows.test.tolist() != classes.folds[0].rows.test.tolist()


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
    checks = [one.notes["table"]["source"]["checksum"] for one in (run, classes)]
    assert checks[0] == checks[1]
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


@pytest.mark.parametrize("source", ["pandas", "polars", "csv"])
def test_true_and_false_come_back_as_such(tmp_path: Path, source: str) -> None:
    x = np.linspace(-1.0, 1.0, 40)
    frame: Any = pd.DataFrame({"x": x, "y": x > 0.1})
    truth = frame["y"].to_numpy()
    if source == "polars":
        frame = pl.from_pandas(frame)
    elif source == "csv":
        frame.to_csv(tmp_path / "t.csv", index=False)
        frame = tmp_path / "t.csv"
    run = cr.train_table(frame, "y", learning_rate=0.05, progress=False)
    assert run.classes == (False, True)
    assert run.predict(frame).dtype == bool
    assert np.mean(run.predict(frame) == truth) > 0.9
    run.save(tmp_path / "run")
    assert cr.load(tmp_path / "run").predict(frame).tolist() == run.predict(frame).tolist()


# ---------------------------------------------------------------- honest


@pytest.mark.parametrize("target", ["disease", "max_hr"])
@pytest.mark.parametrize("what", ["inputs", "target", "both"])
def test_tested_rows_choose_nothing(target: str, what: str, classes: Run, numbers: Run) -> None:
    run = classes if target == "disease" else numbers
    frame = pd.read_csv(HEART)
    test = run.folds[1].rows.test
    inputs = [name for name in frame.columns if name != target]
    changed = inputs if what == "inputs" else [target] if what == "target" else [*inputs, target]
    for name in changed:
        values = frame[name].to_numpy(copy=True)
        values[test] = values[test][::-1]
        if values.dtype.kind in "if":
            values = values.astype(float)
            values[test] = values[test] * 3 + 1
        frame[name] = values
    assert run.result is not None
    with the_folds(folds_of(run)):
        other = cr.train_table(frame, target, task=run.result.task, **FAST)
    one, two = run.folds[1], other.folds[1]
    assert one.recording is not None
    assert two.recording is not None
    # To the bit: every loss, reading and epoch of the network that is tested on these rows.
    assert one.recording.to_document() == two.recording.to_document()
    assert one.best_epoch == two.best_epoch
    if what == "target":
        np.testing.assert_array_equal(one.predictions, two.predictions)
    assert run.notes["result"] != other.notes["result"]


def test_labels_of_a_test_table_change_nothing_but_the_result(tmp_path: Path) -> None:
    frame = pd.read_csv(HEART)
    known, held = frame.iloc[:220], frame.iloc[220:]
    turned = held.assign(disease=held["disease"].map({"yes": "no", "no": "yes"}))
    runs = [cr.train_table(known, "disease", test=one, **FAST) for one in (held, turned)]
    assert same_network(*runs)
    assert runs[0].history == runs[1].history
    first, second = (scores_of(one)["network"]["accuracy"] for one in runs)
    assert first == pytest.approx(1.0 - second)
    held_scores = np.mean(runs[0].predict(held) == held["disease"].to_numpy())
    assert first == pytest.approx(held_scores)


def test_rows_shared_with_the_test_table_are_said() -> None:
    frame = pd.read_csv(HEART)
    run = cr.train_table(frame, "disease", test=frame.iloc[:40], **FAST)
    assert "40 of its 40 rows are also in the table" in run.decisions[-1].text


@pytest.mark.parametrize("part", ["validation", "test"])
def test_scaling_and_encoding_come_from_training_rows_alone(classes: Run, part: str) -> None:
    frame = pd.read_csv(HEART)
    fold = classes.folds[0]
    rows = getattr(fold.rows, part)
    frame["age"] = frame["age"].astype(float)
    frame.loc[rows, "age"] = 1000.0
    with the_folds(folds_of(classes)):
        other = cr.train_table(frame, "disease", **FAST)
    assert fold.recording is not None
    assert other.folds[0].recording is not None
    # The validation rows choose the epoch, and no scale: the losses of training are the same.
    assert other.folds[0].recording.history["loss"] == fold.recording.history["loss"]


def test_rows_without_a_target_are_left_out() -> None:
    frame = pd.read_csv(HEART)
    frame.loc[[3, 50, 200], "disease"] = None
    run = cr.train_table(frame, "disease", **FAST)
    tested = np.concatenate([fold.rows.test for fold in run.folds])
    assert sorted(tested) == sorted(set(range(303)) - {3, 50, 200})
    assert run.predict(frame).shape == (303,)


def test_rows_and_columns_are_left_out_as_asked() -> None:
    run = cr.train_table(HEART, "disease", ignore_rows="1-100,missing", drop="age", **FAST)
    tested = np.concatenate([fold.rows.test for fold in run.folds])
    assert tested.min() >= 100
    assert run.result is not None
    assert run.result.rows == len(tested) < 203
    assert "age" not in [one["name"] for one in run.notes["preparation"]["columns"]]
    with pytest.raises(cr.DataError, match="no column 'agee'"):
        cr.train_table(HEART, "disease", drop="agee", **FAST)


def test_copies_are_kept_in_one_fold() -> None:
    frame = pd.read_csv(HEART)
    twice = pd.concat([frame.assign(id=range(303)), frame.assign(id=range(303, 606))])
    run = cr.train_table(twice, "disease", **FAST)
    said = [one for one in run.decisions if one.subject == "rows"]
    assert said[0].text.startswith("606 have a twin in all that is learned from: ")
    assert said[0].text.endswith("; 303 repeat an earlier row, target and all")
    for fold in run.folds:
        assert not set(fold.rows.test % 303) & set(fold.rows.training % 303)
        assert not set(fold.rows.validation % 303) & set(fold.rows.training % 303)
    # What is offered takes away the rows that were named, whatever their identifiers are.
    assert said[0].option == "--ignore-rows duplicates"
    fewer = plan_table(twice, "disease", Choices(ignore_rows="3"), 0)
    options = [one.option for one in fewer.decisions if "have a twin" in one.text]
    assert options == ["--ignore-rows 3,duplicates"]
    once = cr.train_table(twice, "disease", ignore_rows="duplicates", **FAST)
    assert once.result is not None
    # As many are left out as were said to repeat an earlier row.
    assert once.result.rows == 606 - 303


def test_rows_that_chance_makes_equal_are_no_copies() -> None:
    random = np.random.default_rng(5)
    switches = {name: random.integers(0, 2, 400) for name in ("a", "b", "c")}
    run = cr.train_table({**switches, "y": switches["a"] ^ switches["b"]}, "y", **FAST)
    said = [one.text for one in run.decisions if one.subject == "rows"]
    why = "as columns of two values make them"
    told = f"400 are equal to others, {why}: shared out like all others"
    assert said == [f"{told}; 392 repeat an earlier row, target and all"]
    assert [fold.rows.sizes["test"] for fold in run.folds] == [80] * 5


def test_of_rows_that_are_ignored_not_even_the_class_is_known() -> None:
    frame = pd.read_csv(HEART)
    frame["disease"] = frame["disease"].astype(object)
    frame.loc[7, "disease"] = "perhaps"
    with pytest.raises(cr.DataError, match="The class 'perhaps'"):
        cr.train_table(frame, "disease", **FAST)
    run = cr.train_table(frame, "disease", ignore_rows="8", **FAST)
    assert run.classes == ("no", "yes")
    assert "perhaps" not in json.dumps(run.notes)


def test_the_last_network_is_trained_on_all_rows_for_the_median_epoch() -> None:
    run = cr.train_table(HEART, "disease", progress=False)
    epochs = [fold.best_epoch for fold in run.folds]
    assert run.recording.epochs == run.setup.epochs == sorted(epochs)[2]
    assert run.setup.provenance.training_rows == 303
    assert run.best_epoch == run.setup.epochs


def test_a_large_table_has_one_fold(large: pd.DataFrame) -> None:
    run = cr.train_table(large, "kind", epochs=12, progress=False)
    (fold,) = run.folds
    assert [round(one / len(large), 2) for one in fold.rows.sizes.values()] == [0.64, 0.16, 0.2]
    assert run.result is not None
    assert (run.result.rows, run.result.planned) == (len(fold.rows.test), 1)
    assert scores_of(run)["network"]["accuracy"] > scores_of(run)["linear model"]["accuracy"] + 0.2
    assert run.setup.provenance.training_rows == len(large)


def test_numbers_of_a_large_table_are_in_their_own_unit(large: pd.DataFrame) -> None:
    priced = large.assign(price=50_000.0 + 9_000.0 * large["a"] - 4_000.0 * large["c"])
    for test in (None, priced.iloc[:500]):
        frame = priced.drop(columns="kind")
        run = cr.train_table(frame, "price", test=test, epochs=20, progress=False)
        found = scores_of(run)
        assert found["linear model"]["root_mean_squared_error"] < 300.0
        assert found["network"]["root_mean_squared_error"] < 1_500.0
        assert 9_000.0 < found["constant"]["root_mean_squared_error"] < 11_000.0


# ---------------------------------------------------------------- scores


def test_the_linear_model_finds_a_line_and_a_bad_rate_does_not_spoil_it() -> None:
    x = np.linspace(-3.0, 3.0, 200)
    table = {"x": x, "noise": np.cos(x * 90), "y": 12.0 * x + 100.0}
    run = cr.train_table(table, "y", learning_rate=0.0, **FAST)
    found = scores_of(run)
    assert found["linear model"]["root_mean_squared_error"] < 0.3
    assert found["network"]["root_mean_squared_error"] > 5.0
    assert "worse than the linear model" in run.notes["result"]["in_words"]


def test_a_network_learns_what_is_not_linear() -> None:
    x = np.linspace(-3.0, 3.0, 300)
    table = {"x": x, "y": x**2}
    run = cr.train_table(table, "y", epochs=300, learning_rate=0.02, progress=False)
    found = scores_of(run)
    assert found["network"]["r2"] > 0.95
    assert found["linear model"]["r2"] < 0.2
    assert "better than the" in run.notes["result"]["in_words"]
    guess = run.predict({"x": [0.0, 2.0]})
    np.testing.assert_allclose(guess, [0.0, 4.0], atol=0.7)


def test_the_constant_is_the_mean_or_the_shares(classes: Run, numbers: Run) -> None:
    frame = pd.read_csv(HEART)
    for run, name in ((classes, "disease"), (numbers, "max_hr")):
        kept = run.note_arrays["constant"]
        for fold in run.folds:
            training = frame[name].to_numpy()[fold.rows.training]
            if name == "disease":
                expected: Any = [np.mean(training == label) for label in run.classes]
            else:
                expected = training.mean()
            np.testing.assert_allclose(kept[fold.rows.test[0]], expected)


def result_of(
    task: str,
    values: tuple[float, float, float],
    half: float = 0.01,
    folds: int = 5,
    skill: Measured | None = None,
) -> TableResult:
    def about(one: float, width: float) -> Measured:
        return Measured(one, one - width, one + width)

    scores = {
        model: {name: about(one, half) for name in MEASURES[task]}
        for model, one in zip(MODELS, values, strict=True)
    }
    leads = {
        model: about(values[0] - one, half)
        for model, one in zip(MODELS[1:], values[1:], strict=True)
    }
    labels = ("a", "b") if task == "classification" else ()
    table = ((1, 0), (0, 1)) if labels else ()
    worse = skill or Measured(0.1, 0.05, 0.15)
    return TableResult(task, 200, folds, 5, scores, leads, worse, labels, table)


@pytest.mark.parametrize(
    ("task", "main", "words"),
    [
        ("classification", (0.9, 0.8, 0.5), "better than the linear model, 20 more"),
        ("classification", (0.8, 0.9, 0.5), "worse than the linear model, 20 fewer"),
        ("classification", (0.9, 0.895, 0.5), "a tie with the linear model, 1 more"),
        ("classification", (0.9, 0.9, 0.5), "a tie with the linear model, as many"),
        (
            "classification",
            (0.5, 0.4, 0.505),
            "no clear skill: with other rows, a constant might do as",
        ),
        ("classification", (0.5, 0.4, 0.6), "It shows no skill: a constant is ahead of it."),
        ("classification", (0.9, math.nan, 0.5), "better than the constant, 80 more"),
        ("regression", (5.0, 10.0, 20.0), "better than the linear model, 50.0% smaller"),
        ("regression", (12.0, 10.0, 20.0), "worse than the linear model, 20.0% larger"),
        ("regression", (10.0, 20.0, 10.0), "a tie with the constant, as large"),
        (
            "regression",
            (10.0, 20.0, 10.0),
            "no clear skill: with other rows, a constant might do as",
        ),
        ("regression", (25.0, 20.0, 10.0), "worse than the constant, larger by 15"),
        ("regression", (1.0, math.nan, 10.0), "better than the constant, 90.0% smaller"),
        ("regression", (math.nan, 1.0, 10.0), "has diverged"),
        ("classification", (math.nan, 0.5, 0.5), "has diverged"),
    ],
)
def test_the_result_in_words(task: str, main: tuple[float, float, float], words: str) -> None:
    assert words in in_words(result_of(task, main))


@pytest.mark.parametrize(
    ("values", "often"),
    [
        ((0.9, 0.9, 0.9), "It is right about as often as a constant, but "),
        ((0.8, 0.9, 0.9), "It is right less often than a constant, but "),
    ],
)
def test_skill_beside_a_constant_that_is_right_as_often_or_more(
    values: tuple[float, float, float], often: str
) -> None:
    better = Measured(-0.2, -0.3, -0.1)
    text = in_words(result_of("classification", values, skill=better))
    assert f"{often}its probabilities are better: log loss {values[0]:.4f} against 0.9000." in text
    text = in_words(result_of("classification", values))
    low, high = values[0] - 0.01, values[0] + 0.01
    ranks = f"ranks rows better than chance: AUC {values[0]:.3f} ({low:.3f} to {high:.3f})."
    assert often + ranks in text
    assert "most frequent" not in text


def test_better_probabilities_are_skill_where_the_class_named_is_the_same() -> None:
    better = Measured(-0.2, -0.3, -0.1)
    text = in_words(result_of("classification", (0.95, 0.95, 0.95), skill=better))
    assert "no skill" not in text
    assert "its probabilities are better: log loss 0.9500 against 0.9500" in text
    random = np.random.default_rng(3)
    x = random.normal(size=1500)
    rare = np.where(random.random(1500) < 1.0 / (1.0 + np.exp(4.0 - 1.5 * x)), "ill", "well")
    run = cr.train_table({"x": x, "y": rare}, "y", progress=False)
    assert "its probabilities are better" in run.notes["result"]["in_words"]


@pytest.mark.parametrize("ended", [1, 2, 5])
def test_an_interval_counts_the_folds_that_had_ended(classes: Run, ended: int) -> None:
    plan = plan_table(HEART, "disease", Choices(), 0)
    rows = TableRows.fitted(plan, plan.used)
    result = result_of_folds(plan, plan.folds[:ended], classes.note_arrays, rows, 0)
    assert (result.folds, result.planned) == (ended, 5)
    found = result.scores["network"]["accuracy"]
    count = result.rows if ended == 1 else result.rows - result.rows // ended
    wilson = proportion_confint(found.value * count, count, method="wilson")
    assert (found.low, found.high) == pytest.approx(wilson, abs=1e-9)


def test_words_say_how_many_folds_a_figure_rests_on() -> None:
    assert "rests on 3 of 5 folds" in in_words(result_of("regression", (1.0, 2.0, 3.0), folds=3))
    assert "folds" not in in_words(result_of("regression", (1.0, 2.0, 3.0)))


@given(st.tuples(*[st.floats(0.0, 1e6)] * 3), st.floats(0.0, 10.0))
def test_the_words_agree_with_the_numbers(errors: tuple[float, float, float], half: float) -> None:
    text = in_words(result_of("regression", errors, half))
    least = min(errors[1:])
    assert ("better" in text) <= (errors[0] < least)
    assert ("worse" in text) <= (errors[0] > least)
    assert "nan" not in text


# ---------------------------------------------------------------- going on


def test_a_run_that_ended_is_returned_as_it_is(tmp_path: Path) -> None:
    run = cr.train_table(HEART, "disease", output=tmp_path / "run", **FAST)
    assert is_complete(run)
    again = resume_table(tmp_path / "run", progress=False)
    assert again.notes == json.loads(json.dumps(run.notes))
    assert same_network(run, again)


@pytest.mark.parametrize("keep_data", [False, True])
def test_rows_are_kept_only_where_it_is_asked_for(tmp_path: Path, keep_data: bool) -> None:
    frame = pd.read_csv(HEART).assign(name=[f"patient-{one}" for one in range(303)])
    cr.train_table(frame, "disease", output=tmp_path / "run", keep_data=keep_data, **FAST)
    texts = b"".join(one.read_bytes() for one in (tmp_path / "run").rglob("*") if one.is_file())
    assert (b"patient-77" in texts) == keep_data
    assert b"asymptomatic" in texts


def test_a_frame_that_was_kept_need_not_be_given_again(tmp_path: Path) -> None:
    frame = pd.read_csv(HEART)
    whole = cr.train_table(frame, "disease", output=tmp_path / "whole", keep_data=True, **FAST)
    run = replace(cr.load(tmp_path / "whole"), finished=False)
    spoiled = {**run.notes, "folds": [None, *run.notes["folds"][1:]], "stage": "folds"}
    replace(run, notes=spoiled).save(tmp_path / "cut")
    again = resume_table(tmp_path / "cut", progress=False)
    assert same_network(whole, again)
    assert again.notes["result"] == json.loads(json.dumps(whole.notes["result"]))


def test_balanced_classes_count_alike_in_every_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.read_csv(HEART)
    frame = frame[(frame["disease"] == "yes") | (frame.index % 4 == 0)]
    seen: list[dict[int, float]] = []

    def carried(setup: Any, rows: Any, **more: Any) -> Run:
        labels = rows[0].targets[0].reshape(-1).astype(int)
        seen.append({one: rows[0].weights[labels == one].sum() for one in np.unique(labels)})
        assert (rows[1].weights == 1.0).all()
        return carry_out(setup, rows, **more)

    monkeypatch.setattr(chainrule.training.tables.work, "carry_out", carried)
    run = cr.train_table(
        frame, "disease", class_weight="balanced", output=tmp_path / "run", keep_data=True, **FAST
    )
    # Five folds of a network and a linear model each, and the last training.
    assert len(seen) == 11
    for sums in seen:
        assert sums[0] == pytest.approx(sums[1])
    plain = cr.train_table(frame, "disease", **FAST)
    assert not same_network(run, plain)
    said, kept = (TableNote.from_record(one.notes["table"]) for one in (plain, run))
    assert (said.settings.class_weight, kept.settings.class_weight) == (None, "balanced")
    # The rows are made again with their weights, and a training that was cut off goes on with them.
    loaded = cr.load(tmp_path / "run")
    assert run.rows is not None
    assert (rows_of_run(loaded)[0].weights == run.rows[0].weights).all()
    cut = {**run.notes, "folds": [None, *run.notes["folds"][1:]], "stage": "folds"}
    replace(loaded, notes=cut, finished=False).save(tmp_path / "cut")
    assert same_network(run, resume_table(tmp_path / "cut", progress=False))


def test_a_note_of_before_there_were_class_weights_is_read(classes: Run) -> None:
    record = json.loads(json.dumps(classes.notes["table"]))
    del record["settings"]["class_weight"]
    assert TableNote.from_record(record).settings.class_weight is None
    record["settings"]["class_weight"] = "heavy"
    with pytest.raises(cr.RunFolderError, match="class_weight"):
        TableNote.from_record(record)


def test_a_report_that_cannot_be_written_costs_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = TableWork._on_all_rows

    def last(self: TableWork, *rest: Any) -> Run:
        run = real(self, *rest)
        (tmp_path / "run" / "report.html").mkdir()
        return run

    monkeypatch.setattr(TableWork, "_on_all_rows", last)
    with pytest.warns(UserWarning, match="The run is saved, its report is not"):
        run = cr.train_table(HEART, "disease", output=tmp_path / "run", **FAST)
    assert is_complete(cr.load(tmp_path / "run"))
    assert same_network(run, cr.load(tmp_path / "run"))


def test_another_table_is_refused(tmp_path: Path) -> None:
    frame = pd.read_csv(HEART)
    run = cr.train_table(frame, "disease", **FAST)
    notes = {**run.notes, "folds": [None, *run.notes["folds"][1:]], "stage": "folds"}
    replace(run, notes=notes, finished=False).save(tmp_path / "cut")
    with pytest.raises(cr.DataError, match="trained on a data frame or standard input"):
        resume_table(tmp_path / "cut", progress=False)
    frame.loc[5, "age"] += 1
    with pytest.raises(cr.DataError, match="its contents differ"):
        resume_table(tmp_path / "cut", frame, progress=False)


# ---------------------------------------------------------------- names


def test_parameters_are_named_by_columns_and_classes(classes: Run, numbers: Run) -> None:
    place = classes.notes["preparation"]["columns"][0]["name"]
    assert classes.means("dense_1.W[0,3]") == f"from {place} to unit 3 of dense_1"
    assert classes.means("dense_2.W[3,1]") == "from unit 3 of dense_1 to disease = yes"
    assert classes.means("dense_2.W.3.1") == classes.means("dense_2.W[3,1]")
    assert classes.means("dense_1.b[2]") == "the bias of unit 2 of dense_1"
    assert numbers.means("dense_2.b[0]") == "the bias of max_hr"
    assert classes.means("dense_1.W") == "from every input to every unit of dense_1"
    with pytest.raises(cr.SetupError, match=r"no parameter 'dense_7\.W\[0,0\]'"):
        classes.means("dense_7.W[0,0]")
    with pytest.raises(cr.SetupError, match=r"no place in dense_1\.W, which is 25 x 16"):
        classes.means("dense_1.W[25,0]")


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
    texts = b"".join(one.read_bytes() for one in (tmp_path / "run").rglob("*") if one.is_file())
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
        ({"activation": None}, "activation=None is not the name of an activation."),
        (
            {"class_weight": {"yes": 2.0}},
            "class_weight={'yes': 2.0} is no weight of a table's classes.",
        ),
        ({"class_weight": ""}, "class_weight='' is no weight of a table's classes."),
        (
            {"class_weight": "balanced", "target": "max_hr"},
            "class_weight was given, and the target is one of numbers, which have no classes.",
        ),
        ({"l2": {"*.W": 0.1}}, "l2={'*.W': 0.1} is not possible."),
        ({"target": 1}, "target=1 is not the name of a column."),
        ({"target": ["disease"]}, "target=['disease'] is not the name of a column."),
        ({"output": 5}, "output=5 is no path."),
        ({"output": ""}, "output='' is no path."),
        ({"checkpoint_every": "often"}, "checkpoint_every='often' is not possible."),
        ({"keep_data": 1}, "keep_data=1 is not possible."),
        ({"decimal": ";"}, "There is no decimal mark ';'."),
        ({"drop": 4}, "drop=4 is not possible."),
        ({"drop": "disease"}, "The target 'disease' cannot be the column to drop."),
        ({"group": "age", "drop": "age"}, "Column 'age' is chosen for two purposes."),
        (
            {"group": "age", "time": "max_hr"},
            "Rows are either kept together in groups or put in the order of time.",
        ),
    ],
)
def test_arguments_of_the_wrong_type(wrong: dict[str, Any], cause: str) -> None:
    with pytest.raises(cr.SetupError) as refusal:
        cr.train_table(HEART, **{"target": "disease", **FAST, **wrong})
    assert refusal.value.cause == cause
