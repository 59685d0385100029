"""What a run keeps of its table is trusted in nothing: damaged notes are refused in a sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import HEART, Ended, Here, refused

import chainrule as cr
from chainrule.files import read_folder, write_folder

GOOD = "x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(30))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "good.csv").write_text(GOOD)
    cr.train_table(
        folder / "good.csv",
        "y",
        epochs=2,
        output=folder / "run",
        keep_data=True,
        progress=False,
    )
    return folder / "run"


WRONG: list[Any] = [None, 7, -1, 1e300, "text", "\x1b[2J", [], [None], {}, {"x": 1}, True]


def spoilt(notes: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    """Return a copy of plain data with something else in one place."""
    copy = json.loads(json.dumps(notes))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    return copy


TEXTS = ("text", "\x1b[2J")
NUMBERS = (7, -1, 1e300)
PLACES = [
    "preparation",
    "preparation.columns",
    "preparation.columns.0",
    "preparation.columns.0.name",
    "preparation.columns.0.mean",
    "preparation.target",
    "preparation.target.labels",
    "preparation.target.task",
    "preparation.dropped",
    "preparation.identifiers",
    "table",
    "table.source",
    "table.source.path",
    "table.source.checksum",
    "table.source.rows",
    "table.columns",
    "table.target",
    "table.choices",
    "table.choices.drop",
    "table.choices.task",
    "table.choices.header",
    "table.choices.ignore_rows",
    "table.choices.encoding",
    "table.reading",
    "table.reading.delimiter",
    "table.reading.encoding",
    "table.reading.units",
    "table.reading.header_line",
    "table.settings",
    "table.settings.hidden",
    "table.settings.activation",
    "table.settings.epochs",
    "table.settings.batch_size",
    "table.settings.patience",
    "table.decisions",
    "table.decisions.0",
    "table.decisions.0.kind",
    "table.decisions.0.text",
    "table.test",
    "folds",
    "folds.0",
    "folds.0.epoch",
    "folds.0.linear_epoch",
    "folds.0.ended",
    "folds.0.recording",
    "stage",
    "result",
    "result.task",
    "result.rows",
    "result.folds",
    "result.planned",
    "result.scores",
    "result.scores.network",
    "result.scores.network.accuracy",
    "result.scores.network.accuracy.value",
    "result.scores.network.accuracy.low",
    "result.leads",
    "result.leads.constant",
    "result.classes",
    "result.confusion",
    "result.confusion.0",
    "result.confusion.0.0",
    "data",
    "data.columns",
    "data.columns.0",
    "data.columns.0.1",
    "data.written",
]


# Values that are of another meaning and of the right kind: nothing is damaged by them.
POSSIBLE: dict[str, tuple[Any, ...]] = {
    "preparation.columns.0.name": TEXTS,
    "preparation.columns.0.mean": NUMBERS,
    "preparation.dropped": ([],),
    "preparation.identifiers": ([],),
    "table.source.path": (None, *TEXTS),
    "table.source.checksum": TEXTS,
    "table.columns": ([],),
    "table.target": TEXTS,
    "table.choices.drop": ([],),
    "table.choices.task": (None,),
    "table.choices.header": (None, True),
    "table.choices.ignore_rows": TEXTS,
    "table.choices.encoding": (None,),
    "table.reading.encoding": TEXTS,
    "table.reading.units": ([],),
    "table.reading.header_line": (7,),
    "table.settings.hidden": ([],),
    "table.settings.activation": TEXTS,
    "table.settings.epochs": (7,),
    "table.settings.batch_size": (None, 7),
    "table.settings.patience": (None, 7),
    "table.decisions": ([],),
    "table.decisions.0.text": TEXTS,
    "table.test": (None,),
    "folds.0": (None,),
    "folds.0.linear_epoch": (7,),
    "folds.0.ended": TEXTS,
    "result.rows": (7,),
    "result.folds": (7,),
    "result.planned": (7,),
    "result.scores.network.accuracy.value": (None, *NUMBERS),
    "result.scores.network.accuracy.low": (None, *NUMBERS),
    "result.confusion.0.0": (7,),
    "data.written": ([],),
}


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: thousands of folders are written, and none has to last."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def steps(path: str) -> tuple[Any, ...]:
    return tuple(int(step) if step.isdigit() else step for step in path.split("."))


def ends_well(ended: Ended, wrong: object) -> None:
    """Hold an end against what may happen: a result, or a refusal in the usual form."""
    assert ended.code in (0, 3, 5), (wrong, ended)
    if ended.code:
        refused(ended, ended.code)
    assert "\x1b" not in ended.out + ended.err, wrong


@pytest.mark.parametrize("path", PLACES)
def test_notes_of_the_wrong_kind(here: Here, trained: Path, unhurried: None, path: str) -> None:
    stored = read_folder(trained)
    table = trained.parent / "good.csv"
    for number, wrong in enumerate(WRONG):
        notes = spoilt(stored.documents["notes"], steps(path), wrong)
        write_folder(f"{number}", {**stored.documents, "notes": notes}, stored.arrays)
        if path.startswith(("preparation", "table")):
            ends_well(here("predict", number, table), wrong)
        reading = [["report", number]]
        if not path.startswith("data"):
            # Of a run that has ended, the rows that were kept are not asked for.
            reading.append(["resume", number, *(["--json"] if number % 2 else [])])
        for words in reading:
            ended = here(*words)
            ends_well(ended, wrong)
            if wrong not in POSSIBLE.get(path, ()):
                assert "damaged" in refused(ended, 5), (wrong, words)


SPOILT_ARRAYS: list[tuple[str, Callable[[Any], Any]]] = [
    ("roles", lambda roles: None),
    ("roles", lambda roles: roles[:, :-1].copy()),
    ("roles", lambda roles: roles[:-1].copy()),
    ("roles", lambda roles: roles[0].copy()),
    ("roles", lambda roles: roles.astype(np.float64)),
    ("roles", lambda roles: roles + np.int8(1)),
    ("roles", lambda roles: np.full_like(roles, 3)),
    ("roles", np.zeros_like),
    ("network", lambda made: None),
    ("network", lambda made: made[:-1].copy()),
]


def cut_short(documents: dict[str, Any], folds: int) -> dict[str, Any]:
    """Return the documents of a run as they are while so many of its folds have ended."""
    notes = json.loads(json.dumps(documents["notes"]))
    del notes["result"]
    notes["folds"][folds:] = [None] * (len(notes["folds"]) - folds)
    notes["stage"] = "folds"
    return {
        **documents,
        "notes": notes,
        "progress": {**documents["progress"], "finished": False},
    }


@pytest.mark.parametrize("case", SPOILT_ARRAYS)
def test_arrays_of_the_wrong_kind(
    here: Here, trained: Path, case: tuple[str, Callable[[Any], Any]]
) -> None:
    stored = read_folder(trained)
    name, change = case
    kept = dict(stored.arrays["note_arrays"])
    changed = change(kept.pop(name))
    spoilt_arrays = {**kept, **({} if changed is None else {name: changed})}
    arrays = {**stored.arrays, "note_arrays": spoilt_arrays}
    write_folder("run", stored.documents, arrays)
    for words in (["report", "run"], ["resume", "run"], ["resume", "run", "--json"]):
        assert "damaged" in refused(here(*words), 5), words
    # The network itself is whole.
    assert here("predict", "run", trained.parent / "good.csv").code == 0


@pytest.mark.parametrize("name", ["roles", "network", "linear model", "constant"])
@pytest.mark.parametrize("wrong", ["gone", "shape", "dtype"])
def test_arrays_of_a_run_to_go_on_with(here: Here, trained: Path, name: str, wrong: str) -> None:
    stored = read_folder(trained)
    arrays = dict(stored.arrays["note_arrays"])
    found = arrays.pop(name)
    if wrong != "gone":
        arrays[name] = found[:-1].copy() if wrong == "shape" else found.astype(np.float32)
    documents = cut_short(stored.documents, folds=2)
    write_folder("run", documents, {**stored.arrays, "note_arrays": arrays})
    assert "damaged" in refused(here("resume", "run"), 5)
    assert not cr.load("run").finished
    write_folder("whole", documents, stored.arrays)
    assert here("resume", "whole", "--quiet").code == 0
    again, before = cr.load("whole"), cr.load(trained)
    assert again.notes["result"] == before.notes["result"]
    assert again.finished


def test_folds_of_another_split(here: Here, trained: Path) -> None:
    stored = read_folder(trained)
    roles = stored.arrays["note_arrays"]["roles"][::-1].copy()
    arrays = {**stored.arrays["note_arrays"], "roles": roles}
    write_folder(
        "run", cut_short(stored.documents, folds=2), {**stored.arrays, "note_arrays": arrays}
    )
    assert "its folds are not those of its table" in refused(here("resume", "run"), 5)


def test_settings_that_no_training_has(here: Here, trained: Path) -> None:
    stored = read_folder(trained)
    for number, (name, wrong) in enumerate([("activation", "text"), ("hidden", [10**9])]):
        documents = cut_short(stored.documents, folds=2)
        documents["notes"]["table"]["settings"][name] = wrong
        write_folder(f"{number}", documents, stored.arrays)
        ended = here("resume", number)
        refused(ended, 5 if name == "hidden" else 4)


def test_rows_that_were_kept_and_spoilt(here: Here, trained: Path) -> None:
    stored = read_folder(trained)
    documents = cut_short(stored.documents, folds=2)
    for number, wrong in enumerate([None, 7, [], {}, {"columns": [], "written": []}]):
        notes = {**documents["notes"], "data": wrong}
        write_folder(f"{number}", {**documents, "notes": notes}, stored.arrays)
        refused(here("resume", number), 5)
    fewer = json.loads(json.dumps(documents["notes"]))
    for pair in fewer["data"]["columns"]:
        pair[1].pop()
    write_folder("fewer", {**documents, "notes": fewer}, stored.arrays)
    assert "does not hold what the run was trained on" in refused(here("resume", "fewer"), 3)


def test_a_preparation_of_another_network(here: Here, trained: Path) -> None:
    other = cr.train_table(HEART, "disease", epochs=1, progress=False)
    stored = read_folder(trained)
    write_folder("run", {**stored.documents, "notes": dict(other.notes)}, stored.arrays)
    assert "do not make the inputs" in refused(here("predict", "run", HEART), 5)
    labels = spoilt(stored.documents["notes"], ("preparation", "target", "labels"), ["a", "other"])
    write_folder("labels", {**stored.documents, "notes": labels}, stored.arrays)
    assert "its target is not" in refused(here("predict", "labels", HEART), 5)
