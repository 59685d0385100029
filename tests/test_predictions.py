"""Predictions of new tables: which columns come out, in which order, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.views.predictions import (
    Predictions,
    different,
    in_millionths,
    predictions_of,
    shortened,
    write_predictions,
)

HERE = Path(__file__).parent
HEADER = "patient_id,age,weight,sex,visited,ill"
ROWS = [
    f"{7000 + 13 * i},{20 + i % 40},{'' if i == 3 else f'{50 + i % 30} kg'},"
    f"{'fm'[i % 2]},2024-01-{1 + i % 28:02d},{('no', 'yes')[i % 40 > 19]}"
    for i in range(60)
]


def written(folder: Path, rows: list[str], header: str = HEADER, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = written(tmp_path_factory.mktemp("trained"), ROWS)
    return cr.train_table(path, "ill", epochs=6, progress=False)


def reordered(rows: list[str], order: list[int]) -> list[str]:
    return [",".join(row.split(",")[place] for place in order) for row in rows]


def test_identifiers_come_first_as_they_are_written(trained: Any, tmp_path: Path) -> None:
    made = predictions_of(trained, written(tmp_path, ROWS))
    assert made.columns == ("patient_id", "ill", "probability of no", "probability of yes")
    assert [row[0] for row in made.rows] == [7000 + 13 * i for i in range(60)]
    # Whole numbers have no point, in JSON as in CSV.
    assert all(type(row[0]) is int for row in made.rows)
    assert made.notes == ()


def test_predictions_are_those_of_the_run(trained: Any, tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    made = predictions_of(trained, path)
    assert [row[1] for row in made.rows] == trained.predict(path).tolist()
    shares = [row[2:] for row in made.rows]
    np.testing.assert_allclose(shares, trained.predict_proba(path), atol=1e-6)
    assert all(round(one, 6) == one for row in shares for one in row)
    assert [round(1e6 * sum(row), 3) for row in shares] == [1e6] * 60


def test_order_and_further_columns_make_no_difference(trained: Any, tmp_path: Path) -> None:
    made = predictions_of(trained, written(tmp_path, ROWS))
    names = reordered([HEADER], [4, 3, 2, 1, 0])[0] + ",remark"
    others = [f"{row},x{i}" for i, row in enumerate(reordered(ROWS, [4, 3, 2, 1, 0]))]
    assert predictions_of(trained, written(tmp_path, others, names)).rows == made.rows


def test_without_identifiers_rows_are_numbered(trained: Any, tmp_path: Path) -> None:
    order = [1, 2, 3, 4]
    path = written(tmp_path, reordered(ROWS, order), reordered([HEADER], order)[0])
    made = predictions_of(trained, path)
    assert made.columns[0] == "row"
    assert [row[0] for row in made.rows] == list(range(1, 61))


def test_a_target_that_is_called_row(tmp_path: Path) -> None:
    path = written(tmp_path, [f"{i},{i * 0.5}" for i in range(20)], "x,row")
    run = cr.train_table(path, "row", epochs=2, numeric=["x"], progress=False)
    assert predictions_of(run, path).columns == ("row number", "row")


def test_codes_and_missing_identifiers_stay_as_they_are(tmp_path: Path) -> None:
    rows = [f"{'' if i == 2 else f'A-{i:03d}'},{i % 7},{i * 0.5}" for i in range(30)]
    path = written(tmp_path, rows, "code,x,y")
    run = cr.train_table(path, "y", epochs=2, progress=False)
    made = predictions_of(run, path)
    assert made.columns == ("code", "y")
    assert [row[0] for row in made.rows[:4]] == ["A-000", "A-001", None, "A-003"]
    write_predictions(made, tmp_path / "out.csv", json=False)
    found = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"))))
    assert found[3][0] == ""


def test_an_identifier_called_like_a_prediction_is_not_lost_in_it(tmp_path: Path) -> None:
    rows = [f"a{i},{i % 5},{'no' if i % 2 else 'yes'}" for i in range(30)]
    path = written(tmp_path, rows, "probability of no,x,y")
    run = cr.train_table(path, "y", epochs=2, progress=False)
    made = predictions_of(run, path)
    assert made.columns == (
        "probability of no 2", "y", "probability of no", "probability of yes",
    )  # fmt: skip
    assert [row[0] for row in made.rows] == [f"a{i}" for i in range(30)]
    assert made.notes == (
        "the column 'probability of no' is written as 'probability of no 2', for another one is "
        "called that.",
    )
    # Without the identifier nothing is renamed, and the others are called as before.
    made = predictions_of(run, written(tmp_path, ["1", "2"], "x", "other.csv"))
    assert made.columns == ("row", "y", "probability of no", "probability of yes")
    assert made.notes == ()


def test_a_target_called_like_a_probability_is_not_lost_in_it(tmp_path: Path) -> None:
    rows = [f"{i % 5},{'no' if i % 2 else 'yes'}" for i in range(30)]
    path = written(tmp_path, rows, "x,probability of yes")
    run = cr.train_table(path, "probability of yes", epochs=2, progress=False)
    made = predictions_of(run, path)
    assert made.columns == (
        "row", "probability of yes", "probability of no", "probability of yes 2",
    )  # fmt: skip
    assert [row[1] for row in made.rows] == run.predict(path).tolist()
    shares = [row[2:] for row in made.rows]
    np.testing.assert_allclose(shares, run.predict_proba(path), atol=1e-6)
    (note,) = made.notes
    assert note.startswith("the column 'probability of yes' is written as 'probability of yes 2'")


@given(st.lists(st.sampled_from(["a", "a 2", "a 2 2", "a 3", "b"]), max_size=8))
def test_names_are_made_different_and_those_that_are_stay(names: list[str]) -> None:
    found = different(names)
    assert len(set(found)) == len(names)
    for place, name in enumerate(names):
        if name not in names[:place]:
            assert found[place] == name


def test_a_column_that_is_missing_is_named(trained: Any, tmp_path: Path) -> None:
    path = written(tmp_path, ROWS, HEADER.replace("age", "Age"))
    with pytest.raises(cr.DataError, match="no column 'age', which the network was trained on"):
        predictions_of(trained, path)


def test_text_where_a_number_belongs_is_named(trained: Any, tmp_path: Path) -> None:
    broken = [row.replace(",25,", ",old,", 1) for row in ROWS]
    with pytest.raises(cr.DataError, match="'age' has the text 'old' in row 6"):
        predictions_of(trained, written(tmp_path, broken))


def test_a_value_that_training_never_saw_is_noted(trained: Any, tmp_path: Path) -> None:
    path = written(tmp_path, [*ROWS, "1,30,60 kg,x,2024-02-01,no"])
    (note,) = predictions_of(trained, path).notes
    assert note.startswith("'sex' holds 'x', which training never saw")


def test_a_file_is_read_as_the_one_of_the_training(tmp_path: Path) -> None:
    rows = [f"{i % 9},{i % 7};{i % 4};{i * 0.5}".replace(".", ",") for i in range(40)]
    run = cr.train_table(written(tmp_path, rows, "x;z;y"), "y", epochs=3, progress=False)
    # By themselves such numbers could be a thousand and more.
    path = written(tmp_path, ["1,234|1", "2,345|2"], "x|z", "new.csv")
    found = [row[1] for row in predictions_of(run, path).rows]
    expected = run.predict({"x": [1.234, 2.345], "z": [1, 2]})
    assert found == pytest.approx(expected.tolist(), rel=1e-8)


def test_standard_input_is_a_table_too(
    trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, ROWS)

    class Piped:
        buffer = io.BytesIO(path.read_bytes())

    monkeypatch.setattr(sys, "stdin", Piped())
    assert predictions_of(trained, Path("-")).rows == predictions_of(trained, path).rows


def test_a_network_that_was_not_trained_predicts_nothing(trained: Any, tmp_path: Path) -> None:
    empty = replace(trained.recording, history={})
    begun = replace(trained, recording=empty, finished=False)
    with pytest.raises(cr.RunFolderError, match="interrupted before its network was trained"):
        predictions_of(begun, written(tmp_path, ROWS))
    cut_off = replace(trained, finished=False)
    (note,) = predictions_of(cut_off, written(tmp_path, ROWS)).notes
    epochs = trained.recording.epochs
    assert note == f"the training of this run has not ended ({epochs} epochs)."


def test_a_note_that_is_none_is_no_crash(trained: Any, tmp_path: Path) -> None:
    path = written(tmp_path, reordered(ROWS, [1, 3, 4]), reordered([HEADER], [1, 3, 4])[0])
    spoiled = replace(trained, notes={**trained.notes, "table": 7})
    with pytest.raises(cr.RunFolderError, match="is damaged"):
        predictions_of(spoiled, path)
    spoiled = replace(trained, notes={**trained.notes, "table": {"reading": 7}})
    with pytest.raises(cr.RunFolderError, match="is damaged"):
        predictions_of(spoiled, path)


def test_a_run_on_arrays_knows_no_columns(tmp_path: Path) -> None:
    X = np.linspace(-1, 1, 20)[:, None]
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=1, progress=False)
    with pytest.raises(cr.RunFolderError, match="trained on arrays"):
        predictions_of(run, written(tmp_path, ROWS))


def test_a_run_of_the_first_version_still_predicts(tmp_path: Path) -> None:
    run = cr.load(HERE / "runs" / "version_1" / "table")
    path = written(tmp_path, ["0.5,long", "-1,round"], "length,leaf")
    made = predictions_of(run, path)
    assert made.columns == ("row", "tree", "probability of elm", "probability of oak")
    assert [row[1] for row in made.rows] == run.predict(path).tolist()


def test_what_is_no_number_stands_as_null_in_json(tmp_path: Path) -> None:
    made = Predictions(("row", "y"), [(1, math.nan), (2, math.inf), (3, 0.5)])
    write_predictions(made, tmp_path / "out.json", json=True)
    text = (tmp_path / "out.json").read_text("utf-8")
    found = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert [one["y"] for one in found] == [None, None, 0.5]


# ---------------------------------------------------------------- digits


@pytest.mark.parametrize(
    ("number", "scale", "text"),
    [
        (0.1 + 0.2, 1.0, "0.3"),
        (4703773723.798608, 2e9, "4703773720.0"),
        (4.7037737237986076e-09, 2e-9, "4.70377372e-09"),
        (104.12345678912, 5.0, "104.123457"),
        # Seconds since 1970: what tells them apart stands behind nine digits.
        (1700000003.1234567, 10.0, "1700000003.123457"),
        (-0.0, 1.0, "-0.0"),
        (math.inf, 1.0, "inf"),
        (math.nan, 1.0, "nan"),
    ],
)
def test_a_number_has_the_digits_that_a_network_knows(
    number: float, scale: float, text: str
) -> None:
    assert repr(shortened(number, scale)) == text


@given(st.floats(-1e300, 1e300), st.floats(1e-30, 1e30))
def test_digits_are_left_out_where_they_say_nothing(number: float, scale: float) -> None:
    off = abs(shortened(number, scale) - number)
    assert off <= max(5.1e-9 * abs(number), 5e-324)
    assert off <= max(1e-6 * scale, 1e-15 * abs(number))


def test_numbers_of_a_table_are_written_short_and_stay_exact_in_python(tmp_path: Path) -> None:
    rows = [f"{i % 7},{i % 4},{math.sin(i):.6f}" for i in range(60)]
    path = written(tmp_path, rows, "x,z,y")
    run = cr.train_table(path, "y", epochs=3, progress=False)
    made = predictions_of(run, path)
    exact = run.predict(path).tolist()
    assert [row[1] for row in made.rows] == [float(f"{one:.9g}") for one in exact] != exact
    for json_too, name in ((False, "out.csv"), (True, "out.json")):
        write_predictions(made, tmp_path / name, json=json_too)
    lines = (tmp_path / "out.csv").read_text("utf-8").splitlines()[1:]
    assert max(len(Decimal(line.partition(",")[2]).as_tuple().digits) for line in lines) == 9
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert [one["y"] for one in document] == [float(line.partition(",")[2]) for line in lines]


@given(
    st.integers(2, 60).flatmap(
        lambda classes: st.lists(
            st.lists(st.floats(1e-12, 1.0), min_size=classes, max_size=classes),
            min_size=1,
            max_size=5,
        )
    )
)
def test_probabilities_have_six_decimals_and_add_up(drawn: list[list[float]]) -> None:
    exact = np.array(drawn)
    exact /= exact.sum(axis=1, keepdims=True)
    for given_as in (exact, exact.astype(np.float32)):
        found = in_millionths(given_as)
        parts = np.round(found * 1e6)
        np.testing.assert_array_equal(parts.sum(axis=1), 1e6)
        np.testing.assert_array_equal(found, parts / 1e6)
        assert np.abs(found - exact).max() <= 2.1e-6
        for row, shares in zip(found, given_as, strict=True):
            assert (np.diff(row[np.lexsort((row, shares))]) >= 0).all()


def test_probabilities_that_are_no_numbers_stay_none() -> None:
    found = in_millionths(np.array([[np.nan, np.nan], [0.25, 0.75]]))
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [0.25, 0.75]


def test_a_small_probability_has_no_exponent(tmp_path: Path) -> None:
    made = Predictions(("row", "p", "q"), [(1, 0.000012, 0.999988), (2, 1e-06, 0.5), (3, 0.0, 1.0)])
    write_predictions(made, tmp_path / "out.csv", json=False)
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[1:] == [
        "1,0.000012,0.999988", "2,0.000001,0.5", "3,0.0,1.0",
    ]  # fmt: skip
