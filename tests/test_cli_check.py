"""``chainrule check``, and what ``train`` says of a column that gives the answer away."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import HEART, Ended, Here

FOUND = 6


def with_column(folder: Path, name: str, made: Callable[[str, int], str]) -> Path:
    """Write the heart table with one more column, made of the target and the row's number."""
    first, *lines = HEART.read_text().splitlines()
    more = [f"{line},{made(line.rsplit(',', 1)[1], row)}" for row, line in enumerate(lines)]
    path = folder / "table.csv"
    path.write_text("\n".join([f"{first},{name}", *more]) + "\n")
    return path


def noisy(label: str, row: int) -> str:
    return f"{(label == 'yes') + 0.001 * (row * 37 % 29):.3f}"


def category(label: str, row: int) -> str:
    return {"yes": "seen"}.get(label, "not seen")


def missing_where_healthy(label: str, row: int) -> str:
    return str(40 + row * 13 % 31) if label == "yes" else ""


def random(label: str, row: int) -> str:
    return f"{row * 7919 % 104729}"


def test_a_sound_table_ends_with_0(here: Here) -> None:
    ended = here("check", HEART, "--target", "disease")
    assert ended.code == 0, ended.err
    assert "Nothing is doubtful" in ended.out


@pytest.mark.parametrize("made", [noisy, category, missing_where_healthy])
def test_a_column_made_of_the_target_is_named(
    here: Here, tmp_path: Path, made: Callable[[str, int], str]
) -> None:
    table = with_column(tmp_path, "outcome", made)
    ended = here("check", table, "--target", "disease")
    assert ended.code == FOUND
    assert "Column 'outcome' alone says the target" in ended.out
    assert "--drop outcome" in ended.out
    dropped = here("check", table, "--target", "disease", "--drop", "outcome")
    assert dropped.code == 0, dropped.out


def test_a_column_that_has_nothing_to_do_with_the_target_is_not(here: Here, tmp_path: Path) -> None:
    ended = here("check", with_column(tmp_path, "weight", random), "--target", "disease")
    assert ended.code == 0, ended.out


def test_the_document_holds_what_is_printed(here: Here, tmp_path: Path) -> None:
    table = with_column(tmp_path, "outcome", noisy)
    ended = here("check", table, "--target", "disease", "--json")
    found = json.loads(ended.out)
    assert ended.code == FOUND
    assert (found["task"], found["table_rows"], found["sound"]) == ("classification", 303, False)
    assert [one["name"] for one in found["concerns"]] == ["a column gives the answer away"]
    assert here("check", table, "--target", "disease", "--quiet").out == ""


def test_what_train_refuses_check_refuses_in_the_same_way(here: Here) -> None:
    ended, trained = (here(one, HEART, "--target", "sick") for one in ("check", "train"))
    assert (ended.code, ended.err) == (trained.code, trained.err)
    assert ended.code == 3
    assert here("check", HEART, "--target", "disease", "--activation", "rely").code == 4


def test_labels_that_were_shuffled_are_doubted(here: Here, tmp_path: Path) -> None:
    first, *lines = HEART.read_text().splitlines()
    labels = [line.rsplit(",", 1)[1] for line in lines]
    order = sorted(range(len(lines)), key=lambda row: row * 7919 % 104729)
    rows = [f"{line.rsplit(',', 1)[0]},{labels[to]}" for line, to in zip(lines, order, strict=True)]
    table = tmp_path / "shuffled.csv"
    table.write_text("\n".join([first, *rows]) + "\n")
    ended = here("check", table, "--target", "disease")
    assert ended.code == FOUND
    assert "the labels and the inputs do not go together" in ended.out


def test_training_tells_of_a_giveaway_before_beside_the_result_and_with_the_verdict(
    here: Here, tmp_path: Path
) -> None:
    table = with_column(tmp_path, "outcome", noisy)
    folder = tmp_path / "run"
    ended = trained(here, table, folder)
    assert ended.code == 0, ended.err
    assert "hint: outcome: alone says the target" in ended.out
    assert "The column outcome alone says the target, so that the result may be none" in ended.out
    assert re.search(r"^Verdict: .*column outcome", ended.out, re.MULTILINE)
    assert "outcome alone says the target" in " ".join(here("report", folder).out.split())
    without = trained(here, table, tmp_path / "other", "--drop", "outcome")
    assert "alone says" not in without.out


def test_every_face_of_a_diagnosis_is_healthy_but_for_the_column(
    here: Here, tmp_path: Path
) -> None:
    table = with_column(tmp_path, "outcome", noisy)
    folder, page = tmp_path / "run", tmp_path / "page.html"
    verdict = re.findall(r"^Verdict: .*$", trained(here, table, folder).out, re.MULTILINE)
    assert verdict == ["Verdict: healthy, but for the column outcome."]
    said = "ealthy, but for the column 'outcome', which alone says the target"
    leave = "To train without it: --drop outcome."
    told = here("diagnose", folder, "--save", page).out
    assert said in told
    shown = html.unescape(page.read_text(encoding="utf-8"))
    assert said in shown
    assert leave in shown
    fixed = here("diagnose", folder, "--fix").out
    assert said in fixed
    assert "this is for you to do" in fixed
    assert leave in fixed
    document = json.loads(here("diagnose", folder, "--json").out)
    assert document["giveaways"] == ["outcome"]
    assert said in document["verdict"]
    assert leave in document["notes"][0]
    # A script reads the name, which is that of the training's verdict.
    assert document["name"] == "healthy"
    without = tmp_path / "other"
    trained(here, table, without, "--drop", "outcome")
    assert "but for the column" not in here("diagnose", without).out


def trained(here: Here, table: Path, folder: Path, *more: str) -> Ended:
    return here("train", table, "--target", "disease", "--epochs", "20", "--output", folder, *more)


@pytest.mark.parametrize(("rows", "is_tried"), [(40, True)])
def test_columns_are_said_to_be_tried_where_they_were(
    here: Here, tmp_path: Path, rows: int, is_tried: bool
) -> None:
    lines = [f"{row * 17 % 41 / 8},{row * 37 % 29 / 4},{row * 17 % 41 * 3}" for row in range(rows)]
    table = tmp_path / "small.csv"
    table.write_text("\n".join(["a,b,y", *lines]) + "\n")
    found = json.loads(here("check", table, "--target", "y", "--json").out)
    looked = "columns that give the answer away"
    assert (looked in found["checked"]) is is_tried
    assert (looked in found["left_out"]) is not is_tried
