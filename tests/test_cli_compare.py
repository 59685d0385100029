"""``chainrule compare``: on a table, with its options, its folder, its refusals, and Ctrl-C."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import HEART, Here, on_a_terminal, refused

import chainrule.cli
import chainrule.comparison.tables
from chainrule.comparison.running import seconds_each
from chainrule.comparison.tables import compare_table, recipes_of
from chainrule.data.choices import Choices
from chainrule.training.side_by_side import at_a_time
from chainrule.training.tables.plan import TablePlan
from chainrule.views.commands import KINDS_OF_OPTIMIZERS, compared, goal_in

QUICK = ["--target", "disease", "--optimizers", "gradient_descent,adam", "--seeds", "2",
         "--epochs", "4"]  # fmt: skip
PAIR: dict[str, dict[str, Any]] = {"adam": {"optimizer": "adam"}, "gd": {"optimizer": "momentum"}}
COMMON: dict[str, Any] = {
    "hidden": (4,), "activation": "tanh", "learning_rate": None, "epochs": 3,
    "batch_size": "auto", "patience": None, "l2": 1e-3, "seed": 0,
}  # fmt: skip


def test_it_prints_a_table_and_a_sentence_and_leaves_a_folder(here: Here) -> None:
    ended = here("compare", HEART, *QUICK)
    assert (ended.code, ended.err) == (0, "")
    assert "303 rows, 14 columns; classification of 'disease'" in ended.out
    assert "missing values: major_vessels_colored 4, thal 2" in ended.out
    assert "test loss" in ended.out
    assert "Over 2 seeds, " in ended.out
    folder = Path("runs") / "heart_disease-compared-1"
    assert str(folder / "report.html") in ended.out
    names = {path.name for path in folder.iterdir()}
    assert names == {"report.html", "figures", "trainings.csv", "curves.csv", "result.json"}
    here("compare", HEART, *QUICK, "--quiet")
    assert (Path("runs") / "heart_disease-compared-2" / "report.html").is_file()


def test_what_finds_its_own_l2_is_given_none(here: Here) -> None:
    Path("line.csv").write_text("x,y\n" + "".join(f"{at},{at % 7 + 0.5}\n" for at in range(60)))
    names = "bayesian_regularization,levenberg_marquardt"
    ended = here("compare", "line.csv", "--target", "y", "--optimizers", names, "--seeds", "1",
                 "--epochs", "3", "--json")  # fmt: skip
    document = json.loads(ended.out)
    words = document["settings"]
    assert words["bayesian_regularization"].endswith("l2=0")
    assert words["levenberg_marquardt"].endswith("l2=0.001")
    assert [one["failed"] for one in document["results"]] == [0, 0]
    assert document["about"].endswith("a target brought to mean 0 and standard deviation 1.")
    alone = ["train", "line.csv", "--target", "y", "--optimizer", "bayesian_regularization",
             "--epochs", "3"]  # fmt: skip
    assert "Leave l2 out." in here(*alone, "--l2", "0.1").err
    assert (here(*alone).code, here(*alone).err) == (0, "")


def test_json_is_one_document(here: Here) -> None:
    ended = here("compare", HEART, *QUICK, "--json", "--output", "out", "--seed", "5")
    document = json.loads(ended.out)
    assert document["seeds"] == [5, 6]
    assert document["measured_on"] == "test"
    assert document["same_rows"] is document["same_starts"] is True
    assert json.loads(Path("out/result.json").read_text("utf-8"))["seeds"] == [5, 6]


def test_options_decide_what_is_compared(here: Here) -> None:
    settings = ["--setting", "hidden=8,4; activation=relu", "--setting", "optimizer=momentum;l2=0"]
    ended = here("compare", HEART, "--target", "disease", *settings, "--seeds", "1", "--epochs",
                 "2", "--goal", "accuracy=0.5", "--drop", "age", "--json")  # fmt: skip
    document = json.loads(ended.out)
    first, second = document["settings"].items()
    assert first[0] == "hidden=8,4; activation=relu"
    assert "hidden 8, 4, relu" in first[1]
    assert second[1].startswith("momentum(")
    assert second[1].endswith("l2=0")
    assert document["goal"]["column"] == "validation_accuracy"
    text = Path("runs/heart_disease-compared-1/trainings.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["epochs"] for row in rows] == ["2", "2"]


@pytest.mark.parametrize(
    ("words", "code", "cause"),
    [
        (["--optimizers", "adamm"], 4, "There is no optimizer 'adamm'."),
        (["--optimizers", "adam,adam"], 4, "Two of the settings are equal."),
        (["--optimizers", ""], 4, "There is nothing to compare."),
        (["--optimizers", "adam", "--setting", "l2=1"], 4,
         "--optimizers and --setting both say what is compared."),
        (["--setting", "momentum"], 4, "--setting 'momentum': 'momentum' is no setting."),
        (["--setting", "l2=much"], 4, "--setting 'l2=much': l2 is 'much'."),
        (["--goal", "low"], 4, "--goal low is no goal."),
        (["--goal", "auc=0.9"], 4, "No training here measures 'auc', so it is no goal."),
        (["--goal", "nan"], 4, "--goal nan is no goal."),
        (["--optimizers", "rprop,irprop_minus"], 4,
         "'rprop' and 'irprop_minus' are names of one rule."),
        (["--seconds", "0"], 4, "--seconds 0 is no limit."),
        (["--target", "nothing"], 3, "The table has no column 'nothing'"),
    ],
)  # fmt: skip
def test_what_is_not_possible_is_refused_and_leaves_nothing(
    here: Here, words: list[str], code: int, cause: str
) -> None:
    ended = here("compare", HEART, "--target", "disease", "--seeds", "1", "--epochs", "1", *words)
    assert refused(ended, code).startswith(cause)
    assert list(Path().iterdir()) == []


def test_a_folder_with_something_in_it_is_refused_before_any_training(here: Here) -> None:
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine", encoding="utf-8")
    ended = here("compare", HEART, *QUICK, "--epochs", "1000000", "--output", "out")
    assert refused(ended, 5) == "There is something in the folder 'out' already."


def test_a_terminal_shows_a_live_table(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("needs a pseudo terminal")
    words = ["compare", str(HEART), *QUICK, "--epochs", "3000", "--output", "out"]
    code, out, err = on_a_terminal(words, tmp_path)
    assert code == 0
    assert "trainings" in err
    assert "under way" in err
    assert " of 2" in err
    assert "Ctrl-C keeps what has ended" in err
    assert "Over 2 seeds" in out.replace("\r\n", " ")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_an_interrupt_keeps_what_has_ended(tmp_path: Path) -> None:
    words = ["compare", str(HEART), "--target", "disease", "--optimizers", "adam,momentum",
             "--seeds", "500", "--epochs", "200"]  # fmt: skip
    # The live table shows that a training has ended, and so there is something to keep.
    code, out, err = on_a_terminal(words, tmp_path, interrupted_at=r"[1-9]\d* of 500")
    folder = tmp_path / "runs" / "heart_disease-compared-1"
    assert code == 130, (out, err)
    err = " ".join(err.split())
    assert f"What had ended is kept in {folder.relative_to(tmp_path)}." in err
    document = json.loads((folder / "result.json").read_text("utf-8"))
    assert 0 < document["trainings"] < document["planned"] == 1000
    assert "It was interrupted" in out


def test_an_interrupt_before_any_training_leaves_nothing(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(chainrule.comparison.tables, "as_table", interrupted)
    ended = here("compare", HEART, *QUICK)
    assert ended.code == 130
    assert ended.err == "Interrupted. Training had not begun, and nothing is kept.\n"
    assert list(Path().iterdir()) == []


# ---- on a table, from Python ----


def test_the_rows_are_those_of_the_folds_of_a_training() -> None:
    recipes = recipes_of(PAIR, **COMMON)
    found, plan = compare_table(
        HEART, "disease", Choices(), recipes, seeds=[0, 3], progress=False
    )  # fmt: skip
    assert found.same_rows
    assert found.same_starts
    assert found.measured_on == "test"
    assert found.metric == "accuracy"
    assert "193 rows are learned from, 49 choose the epoch, and 61" in found.about
    for place, seed in enumerate((0, 3)):
        again = TablePlan.of(plan.table, "disease", Choices(), seed)
        fold = again.folds[place]
        (run,) = [one.run for one in found.of("adam") if one.seed == seed]
        assert run is not None
        provenance = run.setup.provenance
        assert provenance.rows == len(fold.training)
    splits = {one.run.setup.provenance.checksum for one in found.trials if one.run is not None}
    assert len(splits) == 2


def test_what_is_measured_chose_nothing() -> None:
    """The loss on the test rows is that of scratch arithmetic on the network's probabilities."""
    import numpy as np

    recipes = recipes_of({"adam": {"optimizer": "adam"}}, **COMMON)
    found, plan = compare_table(HEART, "disease", Choices(), recipes, seeds=[0], progress=False)
    (trial,) = found.trials
    assert trial.run is not None
    from chainrule.training.tables.rows import TableRows

    fold = plan.folds[0]
    X, y = TableRows.fitted(plan, fold.training).part(fold.test)
    shares = trial.run.predict_proba(X)
    classes = list(trial.run.classes)
    right = np.array([shares[row, classes.index(label)] for row, label in enumerate(y)])
    assert trial.loss == pytest.approx(-np.log(right).mean(), rel=1e-5)
    said = np.array(classes)[shares.argmax(axis=1)]
    assert trial.scores["accuracy"] == pytest.approx((said == y).mean())


def test_numbers_are_compared_too() -> None:
    recipes = recipes_of(PAIR, **COMMON)
    found, _ = compare_table(HEART, "age", Choices(), recipes, seeds=[0, 1], progress=False)
    assert found.metric == "r2"
    assert all(one.failed is None for one in found.trials)


def test_by_default_it_takes_less_than_a_minute() -> None:
    assert seconds_each(70) * 70 / at_a_time() <= 41.0
    found = compared(None, None)
    assert list(found) == list(KINDS_OF_OPTIMIZERS)


def test_texts_of_options_are_read() -> None:
    assert goal_in("0.4") == 0.4
    assert goal_in("accuracy=0.85") == {"accuracy": 0.85}
    assert goal_in(None) is None
    assert compared(" adam , momentum", None) == {
        "adam": {"optimizer": "adam"}, "momentum": {"optimizer": "momentum"},
    }  # fmt: skip
    (one,) = compared(None, ["hidden = 8,4 ; batch-size=all; learning_rate=0.1"]).values()
    assert one == {"hidden": (8, 4), "batch_size": None, "learning_rate": 0.1}


def test_the_command_has_the_options_of_train_that_read_a_table() -> None:
    import inspect

    from chainrule.compare_command import compare

    shared = inspect.signature(chainrule.cli.train).parameters
    own = inspect.signature(compare).parameters
    reading = ["task", "drop", "categorical", "numeric", "ignore_rows", "group", "time",
               "missing", "decimal", "dates", "header", "delimiter", "encoding"]  # fmt: skip
    for name in reading:
        assert own[name].annotation == shared[name].annotation
        assert own[name].default == shared[name].default
