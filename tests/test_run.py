"""Runs: what they hold, saved and loaded, and run folders that lie."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import chainrule as cr
from chainrule.files import read_folder, write_folder
from chainrule.training.records import to_documents
from chainrule.training.run import Run

RANDOM = np.random.default_rng(6)
X = RANDOM.normal(size=(30, 3))
Y = np.array(["ash", "elm", "oak"])[np.argmax(X, axis=1)]
NUMBERS = X @ RANDOM.normal(size=(3, 2))


def classifier(**given: Any) -> Run:
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense())
    given = {"epochs": 3, "validation": 0.2, "snapshots": 2, "progress": False, **given}
    return cr.train(network, X, Y, **given)


def two_ended() -> Run:
    """Inputs whose names do not stand in the order of the alphabet, a shared layer, two outputs."""
    west, east = cr.Input(3, name="west"), cr.Input(3, name="east")
    shared = cr.Dense(4, "elu", name="shared")
    both = cr.Concatenate()(shared(west), shared(east))
    slope = cr.Activation("leaky_relu", slope=0.2)(both)
    network = cr.Network(
        inputs=[west, east], outputs=[cr.Dense(2, name="numbers")(slope), cr.Dense(3)(slope)]
    )
    return cr.train(
        network, [X, X[::-1]], [NUMBERS, Y], epochs=2, batch_size=7, progress=False,
        loss=[cr.loss("huber", delta=0.5), cr.loss("cross_entropy", smoothing=0.1)],
        rates={"*": 0.5, "*.b": 2.0}, l2={"*.W": 0.1, "shared.W": 0.0},
        optimizer=cr.AdamW(cr.CosineDecay(0.02, epochs=9, warmup=1), weight_decay=0.05),
    )  # fmt: skip


RUNS = {
    "classes": classifier,
    "two ends": two_ended,
    "numbers": lambda: cr.train(
        cr.Network(cr.Dense(3, "relu"), cr.Dense()), X, NUMBERS[:, 0], epochs=2, dtype="float64",
        freeze=["dense_1.*"], clip_norm=1.0, weight_decay=0.1, patience=4,
        validation=(X, NUMBERS[:, 0]), metrics=["r2", "mean_absolute_error"], progress=False,
    ),
    "no epochs": lambda: classifier(epochs=0),
    "truth": lambda: cr.train(
        cr.Network(cr.Dense(1)), X, X[:, 0] > 0, epochs=2, class_weight="balanced", progress=False
    ),
    "diverged": lambda: cr.train(
        cr.Network(cr.Dense()), 1e3 * X, NUMBERS, epochs=90, optimizer=cr.GradientDescent(1e3),
        progress=False,
    ),
}  # fmt: skip


def asked(run: Run) -> Any:
    return [X, X[::-1]] if len(run.network.input_names) == 2 else X


def every_array(run: Run) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, group in to_documents(run)[1].items():
        for key, content in group.items():
            yield f"{name} {key}", content


# ---- saved and loaded ----


@pytest.mark.parametrize("kind", sorted(RUNS))
def test_a_run_comes_back_as_it_was(kind: str, tmp_path: Path) -> None:
    run = RUNS[kind]()
    run.save(tmp_path / "run")
    again = cr.load(tmp_path / "run")
    assert json.dumps(to_documents(again)[0], sort_keys=True) == json.dumps(
        to_documents(run)[0], sort_keys=True
    )
    for (name, one), (other, two) in zip(
        sorted(every_array(run)), sorted(every_array(again)), strict=True
    ):
        assert (name, one.dtype, one.tobytes()) == (other, two.dtype, two.tobytes())
    found, due = again.predict(asked(run)), run.predict(asked(run))
    for one, two in zip(found, due, strict=True):
        assert np.array_equal(one, two)
    assert again.setup.optimizer == run.setup.optimizer
    assert list(again.setup.network.plan.inputs) == list(run.setup.network.plan.inputs)
    assert str(again.network) == str(run.network)
    assert str(again) == str(run)
    assert again.rows is None
    # Saved once more, it is the same run.
    again.save(tmp_path / "again")
    first, second = (read_folder(tmp_path / name).documents for name in ("run", "again"))
    assert repr(first) == repr(second)


@pytest.mark.parametrize("kind", ["classes", "two ends"])
def test_a_loaded_run_goes_on_as_the_one_in_memory(kind: str, tmp_path: Path) -> None:
    run = RUNS[kind]()
    run.save(tmp_path / "run")
    target = Y if kind == "classes" else [NUMBERS, Y]
    again = cr.train(cr.load(tmp_path / "run"), asked(run), target, epochs=3, progress=False)
    here = cr.train(run, epochs=3, progress=False)
    for (name, one), (_, two) in zip(
        sorted(every_array(here)), sorted(every_array(again)), strict=True
    ):
        assert one.tobytes() == two.tobytes(), name
    assert repr(sorted(here.history.items())) == repr(sorted(again.history.items()))


def test_rows_are_needed_to_go_on_with_a_loaded_run(tmp_path: Path) -> None:
    classifier().save(tmp_path / "run")
    with pytest.raises(cr.DataError, match=r"Give them again: train\(run, X, y, epochs=50\)"):
        cr.train(cr.load(tmp_path / "run"), epochs=1)


def test_a_run_does_not_hold_the_rows(tmp_path: Path) -> None:
    secret = X.copy()
    secret[3, 1] = 123456.789
    labels = np.where(Y == "ash", "patient zero", Y)
    run = cr.train(cr.Network(cr.Dense()), secret, labels, epochs=0, progress=False)
    run.save(tmp_path / "run")
    contents = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir())
    assert np.float64(123456.789).tobytes() not in contents
    assert b"123456.789" not in contents


def test_where_a_run_was_trained_stays_with_it(tmp_path: Path, monkeypatch: Any) -> None:
    run = classifier()
    known = {"system", "processors", "python", "numpy", "scipy", "threads"}
    assert set(run.machine) == known | {"instruction_set", "threads_of_a_step"}
    run.save(tmp_path / "run")
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    assert classifier().machine["threads"]["OMP_NUM_THREADS"] == "77"
    assert cr.load(tmp_path / "run").machine == run.machine


def test_an_existing_run_is_kept_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    run = classifier()
    run.save(tmp_path / "run")
    with pytest.raises(cr.RunFolderError, match="holds a run already"):
        run.save(tmp_path / "run")
    classifier(epochs=1).save(tmp_path / "run", replace=True)
    assert cr.load(tmp_path / "run").recording.epochs == 1


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_run_is_no_thing_to_copy(copied: Callable[[Any], Any]) -> None:
    with pytest.raises(cr.SetupError, match=r"run\.save\(folder\)"):
        copied(classifier())


# ---- what a run holds ----


def test_predictions() -> None:
    run = classifier(epochs=80, learning_rate=0.05)
    assert run.classes == ("ash", "elm", "oak")
    assert np.mean(run.predict(X) == Y) > 0.9
    logits = run.network(X).astype(np.float64)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        run.predict_proba(X), shares / shares.sum(axis=1, keepdims=True), atol=1e-6
    )
    assert run.predict(X.tolist()[:1]).shape == (1,)
    for text in ("80 epochs: all epochs were run", "loss", "validation_accuracy"):
        assert text in str(run)


def test_shapes_of_predictions_are_those_of_the_target() -> None:
    for target in (NUMBERS, NUMBERS[:, 0], NUMBERS[:, :1]):
        run = cr.train(cr.Network(cr.Dense()), X, target, epochs=0, progress=False)
        assert run.predict(X).shape == target.shape
    numbers, labels = two_ended().predict([X, X])
    assert (numbers.shape, labels.shape) == ((30, 2), (30,))
    single = RUNS["truth"]()
    assert single.predict_proba(X).shape == (30, 2)
    assert single.predict(X).dtype == bool


def test_probabilities_of_several_outputs_are_those_of_classes() -> None:
    run = two_ended()
    numbers, shares = run.predict_proba(asked(run))
    assert numbers is None
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-6)
    targets = [NUMBERS, Y]
    with pytest.raises(cr.SetupError, match="for several outputs"):
        cr.train(run.network, asked(run), targets, class_weight="balanced", progress=False)


def test_a_figure() -> None:
    assert classifier().plot().axes[0].get_xlabel() == "epoch"


# ---- folders that lie ----


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest")
    for kind in ("classes", "two ends"):
        RUNS[kind]().save(folder / kind)
    return folder


def load_changed(folder: Path, documents: Any, arrays: Any = None) -> Run:
    """Load the run of a folder with other documents, all of their checksums right."""
    stored = read_folder(folder)
    changed = folder.parent / "changed"
    try:
        write_folder(changed, documents, stored.arrays if arrays is None else arrays)
        return cr.load(changed)
    finally:
        shutil.rmtree(changed, ignore_errors=True)


LIES: dict[str, tuple[tuple[Any, ...], Any]] = {
    "an op that is not there": (("setup", "plan", "steps", 0, "op"), "linaer"),
    "a word with settings": (("setup", "plan", "steps", 0, "op"), "pad"),
    "a step that reads itself": (("setup", "plan", "steps", 0, "inputs", 0), "dense_1.linear"),
    "a step that reads what comes later": (("setup", "plan", "steps", 0, "inputs", 0), "dense_2"),
    "a step that reads nothing known": (("setup", "plan", "steps", 0, "inputs", 0), "elsewhere"),
    "a value that is made twice": (("setup", "plan", "steps", 1, "outputs"), ["dense_1.linear"]),
    "an output that is an input": (("setup", "plan", "outputs"), ["x"]),
    "no outputs": (("setup", "plan", "outputs"), []),
    "no inputs": (("setup", "plan", "inputs"), []),
    "an input of a huge size": (("setup", "plan", "inputs", 0, "shape"), [2**62, 2**62]),
    "an input of a size below zero": (("setup", "plan", "inputs", 0, "shape"), [-3]),
    "a parameter of another shape": (("setup", "plan", "parameters", 0, "shape"), [4, 3]),
    "a huge parameter": (("setup", "plan", "parameters", 0, "shape"), [10**12, 10**12]),
    "a parameter of many axes": (("setup", "plan", "parameters", 0, "shape"), [1] * 1000),
    "a parameter under another name": (("setup", "plan", "parameters", 0, "name"), "x"),
    "a start that is none": (("setup", "plan", "parameters", 0, "start", "name"), "he"),
    "a setting of a start": (
        ("setup", "plan", "parameters", 0, "start", "settings"), {"place": 3}
    ),
    "a setting of an op": (("setup", "plan", "steps", 1, "settings"), {"slope": 1.0}),
    "ops that are not listed": (("setup", "plan", "ops"), {"mine": "0" * 64}),
    "another optimizer": (("setup", "optimizer", "name"), "momentum"),
    "a constant": (("setup", "optimizer", "settings", "beta_1"), "0.9"),
    "a constant that is out of range": (("setup", "optimizer", "settings", "beta_2"), 1.0),
    "a schedule": (("setup", "optimizer", "settings", "learning_rate"), {"schedule": "none"}),
    "a loss": (("setup", "losses", 0, "name"), "cross_entrpy"),
    "a loss of numbers for labels": (("setup", "losses", 0, "name"), "kullback_leibler"),
    "more classes than outputs": (("setup", "targets", 0, "width"), 4),
    "labels of two types": (("setup", "targets", 0, "labels"), ["ash", 1, "oak"]),
    "labels that are lists": (("setup", "targets", 0, "labels"), [[], [], []]),
    "a batch of none": (("setup", "batch_size"), 0),
    "rows that are not there": (("setup", "provenance", "validation"), [10**9]),
    "rows twice": (("setup", "provenance", "validation"), [0, 0, 0]),
    "an engine that is no name": (("setup", "engine"), 3),
    "a type": (("setup", "dtype"), "object"),
    "a limit": (("setup", "stopping", "patience"), -1),
    "a pattern": (("setup", "freeze"), [1]),
    "everything frozen": (("setup", "freeze"), ["*"]),
    "a strength": (("setup", "regularisation", "l2"), [["*"]]),
    "a metric": (("setup", "metrics"), ["accuracy", "r2"]),
    "a step that is too far": (("progress", "step"), 10**18),
    "an epoch that was not run": (("progress", "kept_epoch"), 99),
    "an origin in the future": (("setup", "origin", "epoch"), 99),
    "a rate that is no number": (("progress", "rate"), None),
    "an end that is no text": (("progress", "ended"), ["x"]),
    "readings of another kind": (("recording", "readings"), [{"step": "x"}]),
    "notes that are none": (("notes",), [1]),
    "a plan that is none": (("setup", "plan"), None),
}  # fmt: skip


@pytest.mark.parametrize("lie", sorted(LIES))
def test_a_lie_is_refused(honest: Path, lie: str) -> None:
    documents = read_folder(honest / "classes").documents
    place, content = LIES[lie]
    inside: Any = documents
    for key in place[:-1]:
        inside = inside[key]
    assert inside[place[-1]] != content
    inside[place[-1]] = content
    with pytest.raises(cr.RunFolderError) as caught:
        load_changed(honest / "classes", documents)
    assert caught.value.cause.endswith((".", "?"))
    assert caught.value.remedy.endswith((".", "?"))


@pytest.mark.parametrize(
    ("group", "name", "content"),
    [
        ("parameters", "dense_1.W", np.zeros((4, 3))),
        ("parameters", "dense_1.W", np.zeros((3, 4), dtype=np.int64)),
        ("parameters", "dense_1.W", None),
        ("parameters", "another", np.zeros(3)),
        ("start", "dense_2.b", np.zeros(4)),
        ("state", "parameters", np.zeros(31, dtype=np.float64)),
        ("state", "parameters", np.zeros(3, dtype=np.float32)),
        ("state", "kept", np.zeros((31, 1), dtype=np.float32)),
        ("state", "losses", np.zeros(3)),
        ("state", "losses", np.zeros((3, 3))),
        ("state", "losses", None),
        ("optimizer", "mean", np.zeros(30, dtype=np.float32)),
        ("optimizer", "mean", None),
        ("optimizer", "velocity", np.zeros(31, dtype=np.float32)),
        ("snapshots", "nowhere", np.zeros(3)),
    ],
)
def test_arrays_that_lie_are_refused(honest: Path, group: str, name: str, content: Any) -> None:
    stored = read_folder(honest / "classes")
    stored.arrays[group].pop(name, None)
    if content is not None:
        stored.arrays[group][name] = content
    with pytest.raises(cr.RunFolderError):
        load_changed(honest / "classes", stored.documents, stored.arrays)


@pytest.mark.parametrize("name", ["setup", "recording", "progress", "machine", "notes"])
def test_a_document_that_is_missing(honest: Path, name: str) -> None:
    documents = read_folder(honest / "classes").documents
    del documents[name]
    with pytest.raises(cr.RunFolderError, match=f"there is no '{name}'"):
        load_changed(honest / "classes", documents)


@pytest.mark.parametrize("name", ["start", "parameters", "state", "optimizer", "snapshots"])
def test_a_group_of_arrays_that_is_missing(honest: Path, name: str) -> None:
    stored = read_folder(honest / "classes")
    del stored.arrays[name]
    with pytest.raises(cr.RunFolderError, match=f"there is no '{name}'"):
        load_changed(honest / "classes", stored.documents, stored.arrays)


PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([-1, 0, 2**62, 10**18, 1e308]),
    st.floats(), st.text(max_size=5),
    st.sampled_from(["x", "pad", "take", "dense_1", "dense_1.W", "adam", "zeros", "softmax"]),
    st.lists(st.integers(-2, 3) | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def places(content: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside a document."""
    found = [before] if before else []
    if isinstance(content, dict):
        for key, inside in content.items():
            found += places(inside, (*before, key))
    elif isinstance(content, list):
        for key, inside in enumerate(content):
            found += places(inside, (*before, key))
    return found


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), kind=st.sampled_from(["classes", "two ends"]))
def test_any_change_of_a_document_is_refused_or_harmless(
    honest: Path, data: st.DataObject, kind: str
) -> None:
    documents = copy.deepcopy(read_folder(honest / kind).documents)
    documents["recording"]["readings"] = documents["recording"]["readings"][:1]
    ways = places(documents)
    for _ in range(data.draw(st.integers(1, 2), label="changes")):
        *way, key = data.draw(st.sampled_from(ways), label="where")
        inside: Any = documents
        with contextlib.suppress(KeyError, IndexError, TypeError):
            for one in way:
                inside = inside[one]
            change = data.draw(st.sampled_from(["replace", "remove", "repeat"]), label="what")
            if change == "replace":
                inside[key] = data.draw(PLAIN, label="with")
            elif change == "remove":
                del inside[key]
            elif isinstance(inside, list):
                inside.append(inside[key])
    with contextlib.suppress(cr.RunFolderError):
        run = load_changed(honest / kind, documents)
        # What is not refused can be looked at.
        assert str(run)
        assert str(run.network)
        with contextlib.suppress(cr.ChainruleError):
            run.predict(asked(run))
