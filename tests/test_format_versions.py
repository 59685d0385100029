"""A run folder of every format version loads for ever, with the answers that it gave then.

``make_run_of_version.py`` has made them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_run_of_version import HERE, LABELS, NUMBERS, SEQUENCES, TAGS, X

import chainrule as cr
from chainrule.files import FORMAT_VERSION, read_folder

RUNS = sorted(path.parent for path in HERE.glob("*/*/run.json"))


def named(path: Path) -> str:
    return f"{path.parent.name} {path.name}"


def test_there_are_runs_of_every_version() -> None:
    due = {f"version_{version}" for version in range(1, FORMAT_VERSION + 1)}
    assert {path.parent.name for path in RUNS} == due


@pytest.mark.parametrize("path", RUNS, ids=named)
def test_a_run_of_an_older_version_answers_as_it_did(path: Path) -> None:
    then: dict[str, Any] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert read_folder(path).version == int(path.parent.name.removeprefix("version_"))
    run = cr.load(path)
    several = len(run.network.input_names) > 1
    rows = list(map(np.array, then["rows"])) if several else then["rows"]
    found = run.predict(rows)
    if run.classes:
        assert found.tolist() == then["predictions"]
        np.testing.assert_allclose(run.predict_proba(rows), then["probabilities"], atol=1e-6)
    else:
        # Another machine may sum in another order.
        np.testing.assert_allclose(found, then["predictions"], rtol=1e-9)
    for name, column in then["history"].items():
        np.testing.assert_array_equal(run.history[name], column)


def test_a_state_of_version_1_is_read_and_moves_on() -> None:
    run = cr.load(HERE / "version_1" / "normalised")
    state = run.network.state
    assert (state["batch_norm_1.variance"] != 1.0).all()
    on = cr.train(run, X, NUMBERS, epochs=1, progress=False)
    assert on.recording.epochs == 7
    assert (on.state.parameters != run.state.parameters).all()
    tagged = cr.load(HERE / "version_1" / "labels_over_time")
    assert (tagged.network.state["batch_norm_1.mean"] == 0.0).all()
    assert cr.train(tagged, SEQUENCES, TAGS, epochs=1, progress=False).recording.epochs == 5


def test_runs_of_version_1_go_on(tmp_path: Path) -> None:
    folder = HERE / "version_1"
    classes = cr.train(
        cr.load(folder / "classes"), X, LABELS, epochs=2, progress=False, class_weight="balanced"
    )
    assert classes.recording.epochs == 8
    assert set(classes.recording.snapshots) == {9, 18, 27, 36} or classes.recording.snapshots
    numbers = cr.train(cr.load(folder / "numbers"), [X, X[::-1]], NUMBERS, epochs=1, progress=False)
    assert numbers.recording.epochs == 6
    assert numbers.history["learning_rate"][-1] == pytest.approx(0.0)
    shutil.copytree(folder / "classes", tmp_path / "run")
    again = cr.resume(tmp_path / "run", X, LABELS, class_weight="balanced", progress=False)
    assert (again.finished, again.ended) == (True, "all epochs were run")
