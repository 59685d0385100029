"""The diagnosis of a run on a table: judged by a fold, and put right as a whole."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_line import HEART
from real_tables import REAL_TABLES
from test_terminal import a_terminal

import chainrule as cr
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.ailments.unscaled import UNSCALED
from chainrule.diagnosis.case_of_table import NO_FOLD, case_of_table
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy, on_setup
from chainrule.diagnosis.door import report_on
from chainrule.diagnosis.end_of_training import report_at_the_end
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.remedies.class_weights import balanced
from chainrule.diagnosis.remedies.labels import leaving_out
from chainrule.diagnosis.remedies.network_changes import with_activation
from chainrule.diagnosis.remedies.rate_changes import lower_rate, scaled
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.verdict import Verdict
from chainrule.errors import DataError
from chainrule.optimizers import rate_of
from chainrule.training.tables.again import CHANGED
from chainrule.training.tables.fold_records import is_complete
from chainrule.training.tables.notes import TableNote
from chainrule.views.commands import train_command

SHORT: dict[str, Any] = {"epochs": 6, "hidden": (4,), "progress": False}


def noisy(rows: int, columns: int, seed: int, classes: bool) -> pd.DataFrame:
    """Return a table of which two columns say something about a target that is half noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns))
    score = x[:, 0] - 0.5 * x[:, 1] + 0.8 * random.normal(size=rows)
    frame = pd.DataFrame({f"c{place}": x[:, place] for place in range(columns)})
    return frame.assign(y=np.where(score > 0, "a", "b") if classes else score)


def of_groups_and_days() -> pd.DataFrame:
    """Return 240 rows of 24 groups in turn, a day each, in no order."""
    frame = noisy(240, 4, 0, classes=False)
    frame["who"] = np.arange(240) % 24
    frame["day"] = pd.date_range("2020-01-01", periods=240).strftime("%Y-%m-%d")
    return frame.sample(frac=1.0, random_state=0).reset_index(drop=True)


def judged(run: cr.Run) -> tuple[Any, tuple[str, ...]]:
    """Return the case of a run that was just trained on a table, and what is said of it."""
    assert run.rows is not None
    return case_of_table(run, run.rows[0])


def named(run: cr.Run, *remedies: Remedy, data: Any = None) -> Report:
    """Return a report on a run on a table that names remedies, as if they were proved."""
    case, _ = judged(run)
    block = AILMENTS["rate_too_high"]
    found = [Finding(block, (), (one,)) for one in remedies]
    verdict = Verdict("ill", found[0], others=tuple(found[1:]))
    return Report(case, verdict, run, data=data)


# ---------------------------------------------------------------- which rows judge


@pytest.mark.parametrize("split", [{}, {"group": "who"}, {"time": "day"}])
def test_rows_that_judge_are_those_of_a_fold(split: dict[str, str]) -> None:
    frame = of_groups_and_days()
    dropped = [name for name in ("who", "day") if name not in split.values()]
    run = cr.train_table(frame, "y", drop=dropped, **split, **SHORT)
    case, (said, errors) = judged(run)
    learned = set(case.numbers)
    (tested,) = [
        one.rows.test for one in run.folds
        if learned == {*one.rows.training.tolist(), *one.rows.validation.tolist()}
    ]  # fmt: skip
    assert len(case.training) == len(learned)
    assert len(case.validation) == len(tested)
    assert f"learned from {len(learned)} rows" in said
    assert "had not seen" in errors
    if "group" in split:
        assert not set(frame["who"][list(learned)]) & set(frame["who"][tested])
        assert "other groups by 'who'" in said
    if "time" in split:
        assert frame["day"][list(learned)].max() < frame["day"][tested].min()
        assert "come later by 'day'" in said
        assert len(learned) == 200
    # The rows themselves: what the preparation makes of the table's.
    target = frame["y"].to_numpy()
    back = case.validation.targets[0][:, 0] * target.std() + target.mean()
    np.testing.assert_allclose(back, target[tested], rtol=1e-6)


def test_the_fold_begins_where_the_last_training_began() -> None:
    run = cr.train_table(HEART, "disease", **SHORT)
    case, _ = judged(run)
    assert case.setup.keep == "best"
    assert case.setup.stopping.patience == 30
    assert case.setup.epochs == 6
    for name, one in run.setup.network.parameters.items():
        assert (case.first.parameters[name] == one).all()
    assert case.recording.history["validation_loss"]


@pytest.mark.parametrize("classes", [True, False])
def test_the_error_of_all_folds_is_that_of_their_predictions(classes: bool) -> None:
    frame = noisy(90, 3, 2, classes)
    run = cr.train_table(frame, "y", **SHORT)
    case, _ = judged(run)
    missed, truths = [], []
    for fold in run.folds:
        truth = frame["y"].to_numpy()[fold.rows.test]
        if classes:
            missed += [(1.0 - fold.predictions[:, 1] - (truth == "a")) ** 2]
            truths += [(truth == "a").astype(float)]
        else:
            missed += [(fold.predictions - truth) ** 2]
            truths += [truth]
    # For two classes the Brier score is twice this, and so is that of a constant.
    due = np.mean(np.concatenate(missed)) / np.var(np.concatenate(truths))
    assert case.outside == (pytest.approx(due), 90)


def test_a_fold_that_would_take_too_long_is_not_trained() -> None:
    run = cr.train_table(HEART, "disease", **SHORT)
    assert run.rows is not None
    found = report_on(run, run.rows, 0.5, fold_seconds=1e-9)
    assert len(found.case.training) == 303
    assert not len(found.case.validation)
    assert found.found.notes[-1].startswith(NO_FOLD.partition("{")[0])


# ---------------------------------------------------------------- verdicts


FOUR_TABLES = ("heart_disease", "wine", "diabetes", "statecrime")


CASES = [(name, epochs) for epochs in (300, 5) for name in FOUR_TABLES]
# Of wine more can be won than five epochs win.
CASES.remove(("wine", 5))


@pytest.mark.parametrize(("name", "epochs"), CASES)
def test_healthy_tables_are_healthy(name: str, epochs: int) -> None:
    (table,) = [one for one in REAL_TABLES if one.name == name]
    run = cr.train_table(table.frame(), table.target, epochs=epochs, progress=False)
    found = report_at_the_end(run)
    assert found is not None
    assert found.name == "healthy", found.verdict


def steady(seed: int, noise: float = 0.1, rows: int = 600) -> pd.DataFrame:
    """Return a table whose target is a smooth function of its columns, with noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 5))
    y = np.tanh(x @ [1.0, -1.0, 0.5, 0.0, 0.3]) + noise * random.normal(size=rows)
    return pd.DataFrame({f"c{place}": x[:, place] for place in range(5)}).assign(y=y)


@pytest.mark.parametrize(("epochs", "patience"), [(3, 30), (4, 30), (3, None)])
def test_epochs_that_cut_the_folds_off_are_told_and_put_right(
    epochs: int, patience: int | None
) -> None:
    """More than half was learned, which by itself would be no ailment."""
    frame = steady(0)
    run = cr.train_table(frame, "y", epochs=epochs, patience=patience, progress=False)
    assert all(one.best_epoch == epochs for one in run.folds)
    assert run.result is not None
    assert run.result.scores["network"]["r2"].value > 0.5
    found = cr.diagnose(run, data=frame, seconds=20)
    assert found.name == "rate_too_low", found.verdict
    assert "as many epochs" in found.verdict
    fix = found.fix(seeds=4, progress=False)
    assert fix.run is not None
    assert fix.run.result is not None
    assert fix.run.result.scores["network"]["r2"].value > 0.95


def test_a_table_that_had_epochs_enough_was_not_cut_off() -> None:
    for frame, epochs in ((steady(1), 300), (steady(1, noise=0.6), 5)):
        run = cr.train_table(frame, "y", epochs=epochs, progress=False)
        found = cr.diagnose(run, data=frame, seconds=20)
        assert found.name == "healthy", found.verdict


def test_a_table_learned_by_heart_is_told_and_put_right(tmp_path: Path) -> None:
    noisy(150, 30, 2, classes=True).to_csv(tmp_path / "t.csv", index=False)
    run = cr.train_table(
        tmp_path / "t.csv", "y", hidden=(300,), l2=0.0, learning_rate=0.05, epochs=300,
        patience=300, progress=False,
    )  # fmt: skip
    found = cr.diagnose(run, seconds=2)
    assert found.name == "overfitting", found.verdict
    assert found.primary is not None
    assert "150 that folds had not seen" in str(found)
    fix = found.fix(seeds=4, progress=False)
    assert fix.run is not None
    assert is_complete(fix.run)
    assert run.result is not None
    assert fix.run.result is not None
    before, after = (one.scores["network"]["log_loss"] for one in (run.result, fix.run.result))
    assert after.value < 0.7 * before.value
    assert len(fix.run.folds) == 5
    assert "The table, before: The network gets" in fix.words
    assert "flatters a little" in fix.words


def test_labels_that_say_nothing_are_told(tmp_path: Path) -> None:
    frame = noisy(300, 4, 1, classes=True)
    frame["y"] = frame["y"].sample(frac=1.0, random_state=1).to_numpy()
    found = report_at_the_end(cr.train_table(frame, "y", progress=False))
    assert found is not None
    assert found.name == "uninformative_labels"


# ---------------------------------------------------------------- put right as a whole


def test_the_fixed_run_is_that_of_the_command(tmp_path: Path) -> None:
    run = cr.train_table(HEART, "disease", learning_rate=10.0, progress=False)
    fix = cr.diagnose(run, seconds=2).fix(seeds=4, progress=False)
    assert fix.run is not None
    assert fix.kept
    rate = rate_of(fix.run.setup.optimizer)
    assert isinstance(rate, float)
    again = cr.train_table(HEART, "disease", learning_rate=rate, progress=False)
    assert fix.run.result == again.result
    for name, one in again.network.parameters.items():
        assert (fix.run.network.parameters[name] == one).all()
    fix.save(tmp_path / "fixed")
    assert (tmp_path / "fixed" / "report.html").is_file()
    assert fix.then is not None
    assert cr.diagnose(tmp_path / "fixed", seconds=2).name == fix.then.name


@pytest.mark.parametrize("rate", [1e-6, 5.0])
def test_the_usual_rate_of_a_table_is_that_of_its_trainings(rate: float) -> None:
    run = cr.train_table(steady(0), "y", learning_rate=rate, epochs=30, progress=False)
    plain = cr.train_table(steady(0), "y", epochs=1, progress=False)
    usual = rate_of(plain.setup.optimizer)
    case, _ = judged(run)
    block = AILMENTS["rate_too_low" if rate < 1.0 else "rate_too_high"]
    (told,) = [one for one in block.remedies(Examination(case)) if one.name == "usual rate"]
    assert told.words == f"Set the learning rate to {usual}, the usual one of adam on tables."
    assert rate_of(told.change(case.arrangement).setup.optimizer) == usual


def use_elu(setup: Any) -> Any:
    return replace(setup, network=with_activation(setup.network, {"tanh": "elu"}, setup.seed))


@pytest.mark.parametrize(
    ("change", "option", "asked"),
    [
        (balanced, "--class-weight balanced", {"class_weight": "balanced"}),
        (on_setup(use_elu), "--activation elu", {"activation": "elu"}),
        (
            on_setup(lambda setup: scaled(scaled(setup, 100.0), 1.0 / 50.0)),
            "--learning-rate 0.01 ",
            {"learning_rate": 0.01},
        ),
    ],
)
def test_what_options_can_say_is_in_the_command(
    change: Any, option: str, asked: dict[str, Any], tmp_path: Path
) -> None:
    frame = noisy(200, 3, 0, classes=False)
    frame["y"] = np.where(frame["y"] > 1.0, "rare", "usual")
    frame.to_csv(tmp_path / "t.csv", index=False)
    run = cr.train_table(tmp_path / "t.csv", "y", **SHORT)
    kept = fixed_by(run, Remedy("one", "Change it.", change), tmp_path / "t.csv")
    command = train_command(kept, TableNote.from_record(kept.notes["table"]))
    assert command is not None
    assert option in command
    again = cr.train_table(tmp_path / "t.csv", "y", **SHORT, **asked)
    assert kept.result == again.result
    for name, one in again.network.parameters.items():
        assert (kept.network.parameters[name] == one).all()


def test_what_no_option_says_is_in_every_training() -> None:
    frame = noisy(200, 3, 0, classes=False)
    frame["y"] = np.where(frame["y"] > 1.0, "rare", "usual")
    run = cr.train_table(frame, "y", epochs=40, progress=False)

    def change(before: Arrangement) -> Arrangement:
        """Weigh the classes, and a little differently in the end."""
        weighed = balanced(before)
        weights = weighed.training.weights.copy()
        weights[::2] *= 1.1
        return replace(weighed, training=replace(weighed.training, weights=weights))

    remedy = Remedy("own weights", "Weigh rare classes more.", change)
    kept = fixed_by(run, remedy, frame)
    assert kept.notes[CHANGED] == [remedy.words]
    assert train_command(kept, TableNote.from_record(kept.notes["table"])) is None
    result, before = kept.result, run.result
    assert result is not None
    assert before is not None
    assert sum(row[0] for row in result.confusion) > sum(row[0] for row in before.confusion)


def test_rows_that_are_left_out_are_in_no_fold() -> None:
    frame = noisy(100, 3, 0, classes=True)
    run = cr.train_table(frame, "y", **SHORT)
    case, _ = judged(run)
    remedy = leaving_out(case, [3, 5])
    kept = fixed_by(run, remedy, frame)
    gone = [case.numbers[3], case.numbers[5]]
    assert (kept.note_arrays["roles"][:, gone] == 0).all()
    assert kept.result is not None
    assert kept.result.rows == 98
    note = TableNote.from_record(kept.notes["table"])
    assert note.choices.ignore_rows == ",".join(str(one + 1) for one in gone)


def fixed_by(run: cr.Run, remedy: Remedy, frame: pd.DataFrame) -> cr.Run:
    """Return the table's run with a remedy, whether or not it helps."""
    from chainrule.diagnosis.fixes.table_to_fix import TableToFix

    report = named(run, remedy, data=frame)
    table = TableToFix.of(report)
    assert table is not None
    before = report.case.arrangement
    changed = remedy.change(before)
    assert table.can_take(remedy, before, changed)
    return table.trained_again([remedy], progress=False)


def test_what_only_the_file_can_be_given_is_left_to_people() -> None:
    frame = noisy(100, 3, 0, classes=True)
    run = cr.train_table(frame, "y", **SHORT)

    def turned(before: Arrangement) -> Arrangement:
        rows = before.training
        return replace(before, training=replace(rows, targets=(rows.targets[0][::-1],)))

    fix = named(run, Remedy("turned", "Turn the targets round.", turned), data=frame).fix(
        seeds=4, progress=False
    )
    assert fix.by_hand == ("Turn the targets round.",)
    assert fix.run is run


@pytest.mark.parametrize("split", [{}, {"group": "who"}, {"time": "day"}])
def test_a_treated_training_is_of_the_same_table(split: dict[str, str]) -> None:
    frame = of_groups_and_days()
    # A single cell that standardising leaves far outside of all others.
    frame.loc[frame.index[0], frame.columns[0]] = 1e6
    dropped = [name for name in ("who", "day") if name not in split.values()]
    run = cr.train_table(frame, "y", drop=dropped, **split, **SHORT)
    case, _ = judged(run)
    assert case.scaled
    assert case.columns
    remedies = lower_rate(case.setup, 3.0), leaving_out(case, [1, 3])
    laboratory = Laboratory(case, 12, 3.0)
    for remedy, left in zip(remedies, (case.numbers, np.delete(case.numbers, [1, 3])), strict=True):
        laboratory.compare([remedy])
        there = laboratory.with_treatment(remedy)
        assert there is not None
        treated = there.case
        assert (treated.scaled, treated.columns) == (True, case.columns)
        np.testing.assert_array_equal(treated.numbers, left)
        # Of the fold's own trainings, and not of those without the remedy.
        assert treated.outside is None
        assert not {one.quantity for one in UNSCALED.signs(Examination(treated))} - {
            one.quantity for one in UNSCALED.signs(Examination(case))
        }


# ---------------------------------------------------------------- what is in the way


def test_a_frame_is_given_again_before_any_training() -> None:
    frame = noisy(100, 3, 0, classes=True)
    run = cr.train_table(frame, "y", **SHORT)
    asked: list[int] = []

    def seen(before: Arrangement) -> Arrangement:
        asked.append(1)
        return before

    with pytest.raises(DataError, match="whose rows are not saved"):
        named(run, Remedy("seen", "See it.", seen)).fix(seeds=4)
    assert not asked


def test_a_table_that_was_moved_or_changed(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    shutil.copy(HEART, table)
    cr.train_table(table, "disease", output=tmp_path / "run", **SHORT)
    table.rename(tmp_path / "moved.csv")
    with pytest.raises(DataError, match=r"no longer at .*t\.csv'.*--data FILE"):
        cr.diagnose(tmp_path / "run")
    found = cr.diagnose(tmp_path / "run", data=tmp_path / "moved.csv", seconds=0.1)
    assert len(found.case.validation)
    text = (tmp_path / "moved.csv").read_text("utf-8")
    table.write_text(text.replace("63", "64", 1), "utf-8")
    with pytest.raises(DataError, match="its contents differ"):
        cr.diagnose(tmp_path / "run")


def test_paths_are_no_rows(tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(40, 1, 6, 6))
    network = cr.Network(cr.Conv(2, 3), cr.Flatten(), cr.Dense(2))
    run = cr.train(network, images, np.arange(40) % 2, epochs=2, progress=False)
    run.save(tmp_path / "run")
    (tmp_path / "pictures").mkdir()
    with pytest.raises(DataError, match="given its rows as arrays again"):
        cr.diagnose(tmp_path / "run", tmp_path / "pictures", np.arange(40) % 2)
    with pytest.raises(cr.ChainruleError, match="holds no run"):
        cr.diagnose(tmp_path / "pictures")


# ---------------------------------------------------------------- the line of progress


def test_a_fix_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    run = cr.train_table(HEART, "disease", learning_rate=10.0, **SHORT)
    report = cr.diagnose(run, seconds=1)
    shown = a_terminal(monkeypatch)
    report.fix(seeds=4, progress=False)
    assert shown.getvalue() == ""
    report.fix(seeds=4)
    assert "8 of 8" in shown.getvalue()
    assert " of 11" in shown.getvalue()


def test_folds_that_all_diverged_are_judged_and_predict_what_the_start_does() -> None:
    x = np.linspace(0.0, 1.0, 60)
    run = cr.train_table(
        {"x": x, "y": x * 3},
        "y",
        optimizer="gradient_descent",
        learning_rate=1e30,
        **SHORT,
    )
    assert [fold.best_epoch for fold in run.folds] == [0] * 5
    for fold in run.folds:
        # Weights after a step of such a rate predict numbers beyond 1e20.
        assert np.abs(fold.predictions).max() < 100.0
    report = cr.diagnose(run, seconds=0.5)
    assert report.case.epochs > 0
    assert report.primary is not None
    assert report.name in {"rate_too_high", "not_finite"}


def test_a_penalty_that_harms_the_network_does_not_harm_the_linear_model() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2))
    table = {"a": x[:, 0], "b": x[:, 1], "y": x @ np.array([2.0, -1.0])}
    run = cr.train_table(table, "y", l2=5.0, **SHORT)
    assert run.result is not None
    assert run.result.scores["linear model"]["r2"].value > 0.99
    assert run.result.scores["network"]["r2"].value < 0.9
