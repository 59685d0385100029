"""The rows of a table are counted from 1 wherever one is named, as ``ignore_rows`` takes them."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.diagnosis.case_of_table import case_of_table
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.remedies.labels import leaving_out
from chainrule.diagnosis.remedies.without_rows import told_rows, without_rows
from chainrule.training.tables.folds import LEFT_OUT

ROWS, COLUMNS = 60, ("p", "q", "y")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of rows that all differ, the first three without a target."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.normal(size=(ROWS, 2)), columns=["p", "q"])
    frame["y"] = frame["p"] - frame["q"]
    frame.loc[:2, "y"] = np.nan
    path = tmp_path_factory.mktemp("counted") / "table.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def lines(table: Path) -> list[dict[str, str]]:
    """Return what stands in the file's rows; that of the number 1 has place 0."""
    with open(table, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def run(table: Path) -> cr.Run:
    return cr.train_table(str(table), "y", epochs=3, hidden=(3,), progress=False)


@pytest.fixture(scope="module")
def case(run: cr.Run) -> Case:
    assert run.rows is not None
    return case_of_table(run, run.rows[0])[0]


def targets_of(case: Case, run: cr.Run, lines: list[dict[str, str]], place: int) -> int:
    """Return the number of the line whose target a training row of the case has."""
    known = [float(one["y"]) for one in lines if one["y"]]
    own = float(case.training.targets[0][place, 0]) * np.std(known) + np.mean(known)
    apart = [abs(float(one["y"]) - own) if one["y"] else np.inf for one in lines]
    assert min(apart) < 1e-5
    return int(np.argmin(apart)) + 1


def test_what_a_diagnosis_names_is_what_ignore_rows_leaves_out(
    case: Case, run: cr.Run, table: Path, lines: list[dict[str, str]]
) -> None:
    place = 7
    number = targets_of(case, run, lines, place)
    places = np.array([place])
    assert told_rows(case, places) == f"row {number}"
    for remedy in (leaving_out(case, places), without_rows(case, places)):
        assert re.search(rf"\brow {number},", remedy.words)
        assert "counted from 1, as --ignore-rows takes them" in remedy.words
    left = cr.train_table(
        str(table), "y", epochs=1, hidden=(3,), progress=False, ignore_rows=str(number)
    )
    gone = (left.note_arrays["roles"] == LEFT_OUT).all(axis=0)
    # Places from 0: the three rows without a target, and the one that was named.
    assert np.flatnonzero(gone).tolist() == [0, 1, 2, number - 1]


def test_a_blow_up_names_the_row_of_the_table() -> None:
    x = np.linspace(-1.0, 1.0, 40)[:, None]
    y = 2.0 * x
    x[11], y[11] = 1e5, 1e6
    made = cr.train(
        cr.Network(cr.Dense(4, "tanh"), cr.Dense(1)), x, y, validation=0.0, epochs=5,
        learning_rate=1e30, progress=False,
    )  # fmt: skip
    plain = case_of(made)
    of_table = replace(plain, of_table=np.arange(100, 140))
    said = [Examination(one).blow_up for one in (plain, of_table)]
    rows = [int(re.findall(r"in row (\d+)", one.words)[0]) for one in said if one is not None]
    assert len(rows) == 2
    assert rows[1] == rows[0] + 101
    assert said[0] is not None
    assert said[1] is not None
    assert said[0].places == said[1].places


def test_an_explanation_counts_alike(run: cr.Run, lines: list[dict[str, str]]) -> None:
    for number in (4, 17, ROWS):
        why = cr.explain(run, "loss", sample=number)
        assert why.trace.rows.numbers == (number,)
        own, line = dict(why.trace.rows.contents[0]), lines[number - 1]
        found, due = ([float(one[name]) for name in COLUMNS] for one in (own, line))
        assert found == pytest.approx(due, rel=1e-5)
        assert f"data row {number} of table.csv" in cr.explain(run, sample=number).row
    for wrong in (0, ROWS + 1):
        with pytest.raises(cr.DataError, match=f"no row {wrong}") as raised:
            cr.explain(run, "loss", sample=wrong)
        assert raised.value.remedy == f"Count from 1: give a number from 1 to {ROWS}."


def test_all_training_rows_have_the_numbers_by_which_each_is_explained(run: cr.Run) -> None:
    whole = cr.explain(run, "loss")
    assert whole.trace.rows.numbers == tuple(range(4, ROWS + 1))
    losses = whole.trace.exact.values["loss"]
    alone = [cr.explain(run, "loss", sample=one).trace.exact.loss for one in range(4, ROWS + 1)]
    assert float(np.mean(alone)) == pytest.approx(float(losses), rel=1e-9)
    pulled = cr.explain(run, "dense_1.W[0,0]").pulls
    assert pulled is not None
    first = pulled.pulls[0]
    assert first.name == f"data row {first.row}"
    own = cr.explain(run, "dense_1.W[0,0]", sample=first.row)
    assert own.checks is not None
    assert own.checks.gradient / (ROWS - 3) == pytest.approx(first.gradient, rel=1e-5)


def test_rows_of_arrays_are_counted_from_0() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    made: Any = cr.train(
        cr.Network(cr.Dense(3, "tanh"), cr.Dense(1)), x, x[:, :1], epochs=2, progress=False
    )
    plain = case_of(made)
    place = 4
    (number,) = np.flatnonzero(x[:, 0] == plain.training.inputs[0][place, 0]).tolist()
    words = leaving_out(plain, [place]).words
    assert f"the row {number}, and" in words
    assert "Rows are those of X, counted from 0." in words
