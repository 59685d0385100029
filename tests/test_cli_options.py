"""What ``chainrule train`` makes of a table, and the options by which it makes something else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields, replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from command_line import HEART, Here, refused

import chainrule as cr
import chainrule.cli
from chainrule.data.choices import DELIMITER_NAMES, Choices

ROWS = 60
RUN = ["--target", "y", "--epochs", "2", "--output", "run"]
COLUMNS: Mapping[str, Any] = {
    "number": lambda i: f"{i * 7 % 11}.5",
    "code": lambda i: i % 4,
    "town": lambda i: ("Rome", "Oslo", "Lima")[i * 5 % 3],
    "mixed": lambda i: "many" if i % 3 == 2 else i * 3 % 17,
    "person": lambda i: f"p{i // 4}",
    "hour": lambda i: i * 37 % ROWS,
    "amount": lambda i: f"{i * 13 % 29 + 1},{i * 7 % 900 + 100}",
    "day": lambda i: f"{i % 12 + 1:02}/{i * 5 % 12 + 1:02}/2020",
    "gap": lambda i: -999 if i % 20 == 3 else i * 11 % 23,
    "y": lambda i: "ab"[i * 7 % 11 > 5],
}


def write(*names: str, rows: int = ROWS, path: str = "t.csv") -> None:
    """Write a table with these of the columns, the target last, and ";" between them."""
    chosen = (*names, "y")
    lines = [";".join(str(COLUMNS[name](i)) for name in chosen) for i in range(rows)]
    Path(path).write_text("\n".join([";".join(chosen), *lines, ""]), encoding="utf-8")


def trained(here: Here, *options: str) -> Any:
    """Train on t.csv by the command line and return the run that is then in the folder."""
    ended = here("train", "t.csv", *RUN, *options)
    assert (ended.code, ended.err) == (0, ""), ended
    return cr.load("run")


def planned(here: Here, *options: str) -> dict[str, Any]:
    ended = here("train", "t.csv", "--target", "y", *options, "--dry-run", "--json")
    assert (ended.code, ended.err) == (0, ""), ended
    document: dict[str, Any] = json.loads(ended.out)
    return document


def prepared(run: Any) -> dict[str, dict[str, Any]]:
    """Return what each input column of a run became, by its name."""
    return {one["name"]: one for one in run.notes["preparation"]["columns"]}


def left_out(run: Any) -> dict[str, str]:
    return {one["name"]: one["reason"] for one in run.notes["preparation"]["dropped"]}


# ---------------------------------------------------------------- a dry run


def test_a_dry_run_says_what_a_training_would_and_trains_nothing(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = here("train", HEART, "--target", "disease", "--epochs", "1", "--output", "run")
    told = ended.out.partition("\n\n")[0].splitlines()
    assert len(told) > 4

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a training was begun")

    monkeypatch.setattr("chainrule.training.tables.work.TableWork.run", refuse)
    dry = here("train", HEART, "--target", "disease", "--dry-run", "--output", "other")
    assert (dry.code, dry.err) == (0, "")
    lines = dry.out.splitlines()
    assert lines[:-1] == told
    assert lines[-1] == (
        "5 folds, the first with 193 rows to learn from, 49 to choose the epoch, 61 to be tested on"
    )
    assert os.listdir() == ["run"]


def test_the_weight_of_classes_is_an_option(here: Here) -> None:
    write("number", "code")
    run = trained(here, "--class-weight", "balanced")
    assert run.notes["table"]["settings"]["class_weight"] == "balanced"
    same = cr.train_table("t.csv", "y", epochs=2, class_weight="balanced", progress=False)
    assert run.history["loss"] == same.history["loss"]
    for options in (["--dry-run"], []):
        ended = here("train", HEART, "--target", "max_hr", "--class-weight", "balanced", *options)
        assert ended.code == 4, ended
        assert "numbers, which have no classes" in ended.err
    assert here("train", "t.csv", "--target", "y", "--class-weight", "heavy").code == 4


def test_a_dry_run_as_json_holds_every_decision(here: Here) -> None:
    ended = here("train", HEART, "--target", "disease", "--dry-run", "--json")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    assert os.listdir() == []
    assert (document["task"], document["target"]) == ("classification", "disease")
    assert document["rows"] == 303
    assert len(document["columns"]) == 14
    assert set(document["kinds"]) == set(document["columns"]) - {"disease"}
    run = cr.train_table(HEART, "disease", epochs=1, progress=False)
    assert document["decisions"] == run.notes["table"]["decisions"]
    assert document["folds"] == [fold.rows.sizes for fold in run.folds]


def test_a_dry_run_makes_no_folder_without_an_output_either(here: Here) -> None:
    write("number")
    assert here("train", "t.csv", "--target", "y", "--dry-run").code == 0
    assert os.listdir() == ["t.csv"]


# ---------------------------------------------------------------- columns


def test_drop(here: Here) -> None:
    write("number", "code", "town")
    run = trained(here, "--drop", "code", "--drop", "town")
    assert list(prepared(run)) == ["number"]
    assert left_out(run) == dict.fromkeys(("code", "town"), "was not to be used")
    write("number", path="new.csv")
    ended = here("predict", "run", "new.csv")
    assert (ended.code, len(ended.out.splitlines())) == (0, ROWS + 1)


def test_categorical(here: Here) -> None:
    write("number", "code")
    assert planned(here)["kinds"]["code"] == "number"
    run = trained(here, "--categorical", "code")
    assert prepared(run)["code"]["kind"] == "category"
    names = [run.means(f"dense_1.W[{place},0]") for place in range(1, 5)]
    assert names == [f"from code = {level} to unit 0 of dense_1" for level in range(4)]


def test_numeric(here: Here) -> None:
    write("number", "mixed")
    assert planned(here)["kinds"]["mixed"] == "category"
    run = trained(here, "--numeric", "mixed")
    column = prepared(run)["mixed"]
    assert (column["kind"], column["missing"]) == ("number", True)
    numbers = [i * 3 % 17 for i in range(ROWS) if i % 3 != 2]
    assert column["mean"] == pytest.approx(np.mean(numbers))


# ---------------------------------------------------------------- rows


def test_ignore_rows(here: Here) -> None:
    write("number", "town")
    header, *rows = Path("t.csv").read_text().splitlines()
    rows[7] = ";" + rows[7].partition(";")[2]
    rows[11] = rows[2]
    Path("t.csv").write_text("\n".join([header, *rows]))
    run = trained(here, "--ignore-rows", "1,4-5,missing")
    unused = np.flatnonzero((run.note_arrays["roles"] == 0).all(axis=0))
    assert unused.tolist() == [0, 3, 4, 7]
    assert run.notes["result"]["rows"] == ROWS - 4
    said = {one["text"] for one in run.notes["table"]["decisions"] if one["subject"] == "rows"}
    assert {"56 of 60 are used", "4 are left out, as asked: 1,4-5,missing"} <= said
    again = planned(here, "--ignore-rows", "duplicates")
    copies = {tuple(row.split(";")) for row in rows}
    assert sum(again["folds"][0].values()) == len(copies) < ROWS


def test_group(here: Here) -> None:
    write("number", "person")
    run = trained(here, "--group", "person")
    person = np.arange(ROWS) // 4
    for fold in run.folds:
        parts = [set(person[part]) for part in vars(fold.rows).values()]
        assert not parts[0] & parts[2]
        assert not parts[0] & parts[1]
        assert not parts[1] & parts[2]
    assert list(prepared(run)) == ["number"]
    assert sorted(np.concatenate([fold.rows.test for fold in run.folds])) == list(range(ROWS))


def test_time(here: Here) -> None:
    write("number", "hour")
    run = trained(here, "--time", "hour")
    hour = np.array([COLUMNS["hour"](i) for i in range(ROWS)])
    for fold in run.folds:
        assert hour[fold.rows.training].max() < hour[fold.rows.validation].min()
        assert hour[fold.rows.validation].max() < hour[fold.rows.test].min()
    assert list(prepared(run)) == ["number"]
    shown = here("resume", "run").out
    assert "what was tested comes after what was learned from, by 'hour'" in shown


def test_a_table_of_its_own_for_the_result(here: Here) -> None:
    write("number", "town")
    header, *rows = Path("t.csv").read_text().splitlines()
    Path("t.csv").write_text("\n".join([header, *rows[:40]]))
    Path("later.csv").write_text("\n".join([header, *rows[40:]]))
    run = trained(here, "--test", "later.csv")
    truth = [row.rpartition(";")[2] for row in rows[40:]]
    right = np.mean(run.predict("later.csv") == np.array(truth))
    result = run.notes["result"]
    assert result["rows"] == 20
    assert result["scores"]["network"]["accuracy"]["value"] == pytest.approx(right)
    assert np.sum(result["confusion"]) == 20
    shown = here("resume", "run").out
    assert f"Measured on '{Path('later.csv').resolve()}', 20 rows." in shown
    assert "on 20 rows" in shown


def test_a_test_table_that_was_learned_from_is_told(here: Here) -> None:
    write("number", "town")
    dry = here("train", "t.csv", "--target", "y", "--test", "t.csv", "--dry-run")
    assert dry.code == 0
    assert "60 of its 60 rows are also in the table that is learned from" in dry.out


# ---------------------------------------------------------------- how a file is read


def test_missing(here: Here) -> None:
    write("number", "gap")
    assert "-999 stands in 3 rows" in here("train", "t.csv", "--target", "y", "--dry-run").out
    run = trained(here, "--missing=-999")
    column = prepared(run)["gap"]
    numbers = [i * 11 % 23 for i in range(ROWS) if i % 20 != 3]
    assert column["missing"] is True
    assert column["mean"] == pytest.approx(np.mean(numbers))
    # The command of the hint, as it stands there.
    hint = next(one for one in planned(here)["decisions"] if "-999" in one["option"])
    assert planned(here, *hint["option"].split())["kinds"]["gap"] == "number"


@pytest.mark.parametrize("mark", [".", ","])
def test_decimal(here: Here, mark: str) -> None:
    write("amount")
    run = trained(here, "--decimal", mark)
    whole = mark == "."
    numbers = [
        float(f"{i * 13 % 29 + 1}{'' if whole else '.'}{i * 7 % 900 + 100}") for i in range(ROWS)
    ]
    assert prepared(run)["amount"]["mean"] == pytest.approx(np.mean(numbers))
    # A file of one row, which could be read both ways, is read as the one of the training.
    for name, text in (
        ("one.csv", 'amount\n"5,250"\n'),
        ("plain.csv", f"amount\n{5250 if whole else 5.25}\n"),
    ):
        Path(name).write_text(text)
    both = [here("predict", "run", name) for name in ("one.csv", "plain.csv")]
    assert [one.code for one in both] == [0, 0]
    assert both[0].out == both[1].out


@pytest.mark.parametrize("order", ["dmy", "mdy"])
def test_dates(here: Here, order: str) -> None:
    first = "2020-01-01"
    write("day")
    run = trained(here, "--dates", order)
    column = prepared(run)["day"]
    assert (column["kind"], column["order"], column["first"]) == ("date", order, first)
    days = []
    for i in range(ROWS):
        one, other = i % 12 + 1, i * 5 % 12 + 1
        day, month = (one, other) if order == "dmy" else (other, one)
        days.append(np.datetime64(f"2020-{month:02}-{day:02}") - np.datetime64(first))
    assert column["mean"] == pytest.approx(np.mean([one.astype(int) for one in days]))


def test_no_header_and_header(here: Here) -> None:
    write("number", "town")
    Path("t.csv").write_text(Path("t.csv").read_text().replace("number;town;y", "7.5;Rome;a"))
    ended = here("train", "t.csv", "--target", "column_3", *RUN[2:], "--no-header")
    assert ended.code == 0
    run = cr.load("run")
    assert run.notes["table"]["columns"] == ["column_1", "column_2", "column_3"]
    assert run.notes["table"]["source"]["rows"] == ROWS + 1
    with_names = here("train", "t.csv", "--target", "a", "--header", "--dry-run", "--json")
    document = json.loads(with_names.out)
    assert (document["columns"], document["rows"]) == (["7.5", "Rome", "a"], ROWS)


def test_delimiter(here: Here) -> None:
    write("number", "town")
    Path("t.csv").write_text(Path("t.csv").read_text().replace(";", "^"))
    assert here("train", "t.csv", "--target", "y").code == 3
    run = trained(here, "--delimiter", "^")
    assert run.notes["table"]["columns"] == ["number", "town", "y"]
    assert here("predict", "run", "t.csv").code == 0


@pytest.mark.parametrize(("encoding", "town"), [("cp1250", "Łódź"), ("cp1252", "£ódŸ")])
def test_encoding(here: Here, encoding: str, town: str) -> None:
    write("number", "town")
    text = Path("t.csv").read_text().replace("Oslo", "Łódź")
    Path("t.csv").write_bytes(text.encode("cp1250"))
    run = trained(here, "--encoding", encoding)
    assert town in prepared(run)["town"]["levels"]
    ended = here("predict", "run", "t.csv")
    assert (ended.code, ended.err) == (0, "")


# ---------------------------------------------------------------- what is kept


def unfinished(run: Any, folder: str) -> None:
    """Save a run as it was when its last fold had not ended."""
    notes = {**run.notes, "folds": [*run.notes["folds"][:-1], None], "stage": "folds"}
    del notes["result"]
    replace(run, notes=notes, finished=False).save(folder)


def test_rows_that_are_kept_need_no_file_any_more(here: Here) -> None:
    write("number", "town")
    without = trained(here)
    assert "data" not in without.notes
    assert here("train", "t.csv", *RUN[:-1], "kept", "--keep-data").code == 0
    run = cr.load("kept")
    columns = dict(run.notes["data"]["columns"])
    assert columns["number"] == [float(COLUMNS["number"](i)) for i in range(ROWS)]
    assert columns["town"] == [COLUMNS["town"](i) for i in range(ROWS)]
    assert columns["y"] == [COLUMNS["y"](i) for i in range(ROWS)]
    unfinished(without, "cut")
    unfinished(run, "cut with rows")
    Path("t.csv").unlink()
    assert "is no longer at" in refused(here("resume", "cut"), 3)
    assert here("resume", "cut with rows", "--quiet").code == 0
    assert cr.load("cut with rows").notes["result"] == run.notes["result"]


def test_every_option_is_told_in_a_phrase() -> None:
    commands = typer.main.get_command(chainrule.cli.app).commands
    for name, command in commands.items():
        for one in command.params:
            told = getattr(one, "help", None)
            assert told is not None, (name, one.name)
            assert told.endswith("."), (name, one.name)
            assert len(told.split()) > 2, (name, one.name)
    train = {one.name: one.help for one in commands["train"].params}
    assert all(word in train["delimiter"] for word in DELIMITER_NAMES if word.isalpha())
    (data,) = [one.help for one in commands["report"].params if one.name == "data"]
    assert "measured on (that of --test, if given)" in data


def test_the_command_and_the_function_take_the_same() -> None:
    function = signature(cr.train_table).parameters
    command = signature(chainrule.cli.train).parameters
    assert set(command) - set(function) == {"dry_run", "json", "quiet"}
    assert set(function) - set(command) == {"progress"}
    assert {one.name for one in fields(Choices)} < set(function)
    # By this rule a report writes the command that trains again.
    given = {
        one.name: one for one in typer.main.get_command(chainrule.cli.app).commands["train"].params
    }
    for one in fields(Choices):
        flags = [*given[one.name].opts, *given[one.name].secondary_opts]
        assert f"--{one.name.replace('_', '-')}" in flags
        assert (f"--no-{one.name}" in flags) == (one.type == "bool | None")
    # Written otherwise on a command line, where lists are empty or text.
    other = {"hidden": "16", "drop": None, "categorical": None, "numeric": None, "missing": None}
    for name in set(function) & set(command):
        assert command[name].default == other.get(name, function[name].default), name
