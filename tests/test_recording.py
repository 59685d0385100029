"""Recordings: what is measured against computing it anew, a loop of one's own, and the document."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.files.documents import dump_document, load_document
from chainrule.training.recording import LAYER_READINGS, PARAMETER_READINGS, Recording
from chainrule.training.run import Run

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(30, 3))
Y = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")


def trained(**given: Any) -> Run:
    network = cr.Network(cr.Input(3), cr.Dense(5, "relu"), cr.Dense(2), seed=1)
    given = {"epochs": 4, "dtype": "float64", "batch_size": None, "progress": False, **given}
    return cr.train(network, X, Y, **given)


# ---- what is measured ----


def cross_entropy(logits: Any, labels: Any) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    chosen = shifted[np.arange(len(labels)), labels]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - chosen))


def test_history_is_what_the_parameters_of_the_time_give() -> None:
    run = trained(snapshots=1, validation=0.3, metrics=["accuracy", "balanced_accuracy"])
    training, held = (
        list(one) for one in (run.setup.provenance.training, run.setup.provenance.validation)
    )
    labels = (Y == "yes").astype(int)
    before = cr.Network(cr.Input(3), cr.Dense(5, "relu"), cr.Dense(2), seed=1)
    for epoch in range(4):
        after = before.with_parameters(run.recording.snapshots[epoch + 1])
        loss, validation = run.history["loss"][epoch], run.history["validation_loss"][epoch]
        assert loss == pytest.approx(cross_entropy(before(X[training]), labels[training]))
        assert validation == pytest.approx(cross_entropy(after(X[held]), labels[held]))
        right = np.argmax(after(X[held]), axis=1) == labels[held]
        assert run.history["validation_accuracy"][epoch] == pytest.approx(right.mean())
        by_class = [right[labels[held] == one].mean() for one in (0, 1)]
        assert run.history["validation_balanced_accuracy"][epoch] == pytest.approx(
            np.mean(by_class)
        )
        before = after


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows() -> None:
    """30 rows in batches of 8, the last of 6; nothing moves, so the mean is that of all rows."""
    run = trained(batch_size=8, learning_rate=0.0, epochs=1)
    network = cr.Network(cr.Input(3), cr.Dense(5, "relu"), cr.Dense(2), seed=1)
    assert run.history["loss"][0] == pytest.approx(
        cross_entropy(network(X), (Y == "yes").astype(int)), rel=1e-14
    )


def test_metrics_of_numbers() -> None:
    target = X @ np.array([[1.0, 0.5], [0.0, 2.0], [1.0, -1.0]])

    def worst(truth: Any, predicted: Any) -> float:
        return float(np.abs(truth - predicted).max())

    run = cr.train(
        cr.Network(cr.Dense()), X, target, epochs=2, validation=(X[:9], target[:9]), snapshots=1,
        metrics=["root_mean_squared_error", "mean_absolute_error", "r2", worst], dtype="float64",
        progress=False,
    )  # fmt: skip
    missed = run.network.with_parameters(run.recording.snapshots[2])(X[:9]) - target[:9]
    spread = target[:9] - target[:9].mean(axis=0)
    due = {
        "root_mean_squared_error": np.sqrt(np.mean(missed**2)),
        "mean_absolute_error": np.mean(np.abs(missed)),
        "r2": 1 - np.sum(missed**2) / np.sum(spread**2),
        "worst": np.abs(missed).max(),
    }
    for name, number in due.items():
        assert run.history[f"validation_{name}"][-1] == pytest.approx(number)


def test_readings_are_what_they_say() -> None:
    run = trained(snapshots=1, readings=50, optimizer=cr.Momentum(0.1), l2=0.1)
    assert [one["epoch"] for one in run.recording.readings] == [0, 1, 2, 3]
    for place, reading in enumerate(run.recording.readings[1:], start=1):
        before, after = (run.recording.snapshots[place + more] for more in (0, 1))
        assert reading["step"] == place
        hidden = np.maximum(X @ before["dense_1.W"] + before["dense_1.b"], 0.0)
        seen = {"dense_1": hidden, "dense_2": hidden @ before["dense_2.W"] + before["dense_2.b"]}
        assert set(reading["layers"]) == set(seen)
        for name, value in seen.items():
            due = [value.mean(), value.std(), value.min(), value.max(), np.mean(value == 0)]
            assert [reading["layers"][name][one] for one in LAYER_READINGS] == pytest.approx(due)
        network = run.network.with_parameters(before)
        gradient = cr.gradient(network, X, (Y == "yes").astype(int), "cross_entropy")
        for name, content in before.items():
            penalised = gradient[name] + (0.1 * content if content.ndim > 1 else 0.0)
            due = [np.sqrt(np.mean(one**2)) for one in (content, penalised, after[name] - content)]
            found = [reading["parameters"][name][one] for one in PARAMETER_READINGS]
            assert found == pytest.approx(due)


def test_readings_grow_rare_and_do_not_depend_on_the_number_of_epochs() -> None:
    def epochs(many: int, readings: int) -> list[int]:
        run = trained(epochs=many, readings=readings)
        return [one["epoch"] for one in run.recording.readings]

    assert epochs(20, 4) == [0, 1, 2, 3, 4, 6, 8, 12, 16]
    assert epochs(9, 4) == epochs(20, 4)[:7]
    assert epochs(5, 50) == [0, 1, 2, 3, 4]
    assert epochs(5, 0) == []


def test_snapshots_are_copies() -> None:
    run = trained(snapshots=2, epochs=5)
    assert list(run.recording.snapshots) == [2, 4]
    assert trained(epochs=5).recording.snapshots == {}
    kept = run.recording.snapshots[2]["dense_1.W"]
    assert not np.shares_memory(kept, run.state.parameters)


# ---- a loop of one's own ----


def test_a_loop_of_ones_own_fills_a_recording() -> None:
    recording = cr.Recording()
    w = np.array([[0.0], [0.0], [0.0]])
    target = X @ np.array([[1.0], [2.0], [3.0]])
    for epoch in range(20):
        given = X @ w
        slope = 2 * X.T @ (given - target) / len(X)
        recording.reading(
            epoch,
            epoch,
            layers={"line": {"mean": given.mean(), "deviation": given.std()}},
            parameters={"line.W": {"gradient": float(np.sqrt(np.mean(slope**2)))}},
        )
        w = w - 0.1 * slope
        recording.epoch(loss=float(np.mean((given - target) ** 2)), learning_rate=0.1)
        if epoch % 10 == 9:
            recording.snapshot(epoch + 1, {"line.W": w})
    w[:] = 0.0
    assert recording.epochs == 20
    assert recording.history["loss"][-1] < 0.1 * recording.history["loss"][0]
    assert recording.readings[3]["layers"]["line"].keys() == {"mean", "deviation"}
    assert list(recording.snapshots) == [10, 20]
    assert np.abs(recording.snapshots[20]["line.W"]).max() > 1
    stored = json.loads(dump_document(recording.to_document(), "recording"))
    again = Recording.from_document(stored, recording.snapshot_arrays())
    assert again == recording


def test_the_loop_of_the_documentation_fills_one() -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "recording.md"
    (block,) = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    known: dict[str, Any] = {}
    exec(compile(block, str(page), "exec"), known)
    assert known["recording"].epochs == 20
    assert known["w"] == pytest.approx(2.0)


def test_a_name_that_comes_late_or_stays_away_is_nan() -> None:
    recording = cr.Recording()
    recording.epoch(loss=1.0)
    recording.epoch(loss=2.0, validation_loss=3.0)
    recording.epoch(validation_loss=np.float32(4.0))
    assert str(recording.history) == (
        "{'loss': [1.0, 2.0, nan], 'validation_loss': [nan, 3.0, 4.0]}"
    )
    assert recording.epochs == 3


def test_what_does_not_belong_into_a_recording() -> None:
    wrong: Any = "low"
    recording = cr.Recording()
    with pytest.raises(cr.SetupError, match="'loss' of an epoch is 'low'"):
        recording.epoch(**{"loss": wrong})
    with pytest.raises(cr.SetupError, match="Did you mean 'mean'"):
        recording.reading(0, 0, {"line": {"means": 1.0}}, {})
    with pytest.raises(cr.SetupError, match="'share' of line"):
        recording.reading(0, 0, {}, {"line": {"share": 1.0}})
    assert (recording.history, recording.readings) == ({}, [])


def test_a_copy_grows_alone() -> None:
    recording = trained(snapshots=1, readings=50).recording
    copy = recording.copy()
    copy.epoch(loss=1.0)
    copy.reading(9, 9, {}, {})
    copy.snapshot(9, {})
    assert (recording.epochs, len(recording.readings), len(recording.snapshots)) == (4, 4, 4)


# ---- the document ----

NUMBER = st.floats() | st.integers(-(2**60), 2**60)
NAMED = st.text(min_size=1, max_size=5)


@given(
    columns=st.dictionaries(NAMED, st.lists(NUMBER, min_size=3, max_size=3), max_size=3),
    layers=st.dictionaries(NAMED, st.dictionaries(st.sampled_from(LAYER_READINGS), NUMBER)),
)
def test_any_recording_comes_back(columns: Any, layers: Any) -> None:
    recording = Recording()
    for place in range(3):
        recording.epoch(**{name: column[place] for name, column in columns.items()})
    recording.reading(1, 0, layers, {})
    document = load_document(dump_document(recording.to_document(), "it"), "it")
    again = Recording.from_document(document)
    assert repr(sorted(again.history.items())) == repr(sorted(recording.history.items()))
    assert dump_document(again.to_document(), "it") == dump_document(document, "it")


GOOD: dict[str, Any] = {
    "history": {"loss": [1.0, math.nan]},
    "readings": [
        {"step": 0, "epoch": 0, "layers": {"a": {"mean": 1.0}}, "parameters": {"a.W": {}}}
    ],
}


@pytest.mark.parametrize(
    "change",
    [
        None,
        [],
        {"history": []},
        {"history": {"loss": 3.0}},
        {"history": {"loss": ["low"]}},
        {"history": {"loss": [True]}},
        {"history": {"loss": [1.0], "penalty": []}},
        {"readings": {}},
        {"readings": [3]},
        {"readings": [{"step": 0, "epoch": 0, "layers": {}}]},
        {"readings": [{**GOOD["readings"][0], "step": -1}]},
        {"readings": [{**GOOD["readings"][0], "epoch": 1.5}]},
        {"readings": [{**GOOD["readings"][0], "layers": {"a": {"share": 1.0}}}]},
        {"readings": [{**GOOD["readings"][0], "parameters": {"a": {"size": "big"}}}]},
    ],
)
def test_a_document_that_is_no_recording(change: Any) -> None:
    document = {**GOOD, **change} if isinstance(change, dict) else change
    with pytest.raises(cr.RunFolderError) as caught:
        Recording.from_document(document)
    assert caught.value.remedy
    assert Recording.from_document(GOOD).epochs == 2


@pytest.mark.parametrize("key", ["W", "x/W", "-1/W", "1.5/W", "1/", "\u0661/W", f"{10**30}/W"])
def test_a_snapshot_that_has_no_step(key: str) -> None:
    with pytest.raises(cr.RunFolderError, match="names no snapshot"):
        Recording.from_document(GOOD, {key: np.zeros(1)})
