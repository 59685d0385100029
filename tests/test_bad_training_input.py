"""What cannot be trained on ends in one sentence of cause and one of remedy, and not otherwise."""

from __future__ import annotations

import errno
import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.arrays import slice_of, zeros_like
from chainrule.engines.door import ENGINES
from chainrule.optimizers import OPTIMIZERS
from chainrule.training.run import Run

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(24, 3))
Y = np.array(["a", "b", "c"] * 8)
NUMBERS = X @ np.array([1.0, -1.0, 0.5])


def network() -> cr.Network:
    return cr.Network(cr.Dense(4, "tanh"), cr.Dense())


def train(rows: Any = X, target: Any = Y, **given: Any) -> Run:
    made = given.pop("network", None) or network()
    return cr.train(made, rows, target, **{"epochs": 1, "progress": False, **given})


def refused(action: Callable[[], Any], error: type[cr.ChainruleError] = cr.ChainruleError) -> str:
    """Return what the refusal says, after a look at its form."""
    with pytest.raises(error) as caught:
        action()
    for sentence in (caught.value.cause, caught.value.remedy):
        assert sentence
        assert sentence.endswith((".", "?"))
    return str(caught.value)


def with_value(value: float, place: tuple[int, ...], base: Any = X) -> Any:
    changed = base.copy()
    changed[place] = value
    return changed


TEXT = np.array([["1", "2"], ["3", "x"]] * 12)
ROWS: dict[str, tuple[Any, type[cr.ChainruleError], str]] = {
    "NaN": (with_value(np.nan, (7, 1)), cr.DataError, "NaN or infinity in 1 row, first in row 7"),
    "infinity": (with_value(-np.inf, (0, 0)), cr.DataError, "first in row 0"),
    "text": (TEXT, cr.DataError, "not a number. Turn text into numbers"),
    "text that spells numbers": (TEXT[:, :1], cr.DataError, "not a number"),
    "text among objects": (
        np.array([[1.0, "2"]] * 24, dtype=object), cr.DataError, "not a number"
    ),
    "missing values": (
        np.array([[1.0, None]] * 24, dtype=object), cr.DataError, "NaN or infinity in 24 rows"
    ),
    "ragged lists": ([[1.0, 2.0], [3.0]], cr.DataError, "fill short sequences up"),
    "one axis": (X[:, 0], cr.DataError, "Write X.reshape(-1, 1) for one column"),
    "no rows": (X[:0], cr.DataError, "is empty"),
    "no columns": (X[:, :0], cr.DataError, "is empty"),
    "one number": (3.0, cr.DataError, "X is empty: ()"),
    "nothing": (None, cr.DataError, "Call train(network, X, y)"),
    "a generator": ((row for row in X), cr.DataError, "piece by piece"),
    "a path": ("rows.csv", cr.DataError, "train_table"),
    "dates": (np.full((24, 2), "2020-01-01", dtype="datetime64[D]"), cr.DataError, "not a number"),
    "complex numbers": (X + 1j, cr.DataError, "not a number"),
    "too large": (1e300 * X, cr.DataError, "too large for float32"),
    "three axes": (X[:, :, None], cr.ShapeError, ""),
    "other rows": (X[:20], cr.ShapeError, "for 20 rows"),
    "a mapping": ({"a": X}, cr.DataError, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ROWS))
def test_rows_that_are_none(name: str) -> None:
    rows, error, words = ROWS[name]
    assert words in refused(lambda: train(rows), error)


TARGETS: dict[str, tuple[Any, dict[str, Any], type[cr.ChainruleError], str]] = {
    "one class": (["a"] * 24, {}, cr.DataError, "Every row has the class 'a'"),
    "a class of one row": (
        ["a"] * 12 + ["b"] * 11 + ["c"], {"validation": 0.25}, cr.DataError,
        "The class 'c' has one row, which cannot be both trained on and held out",
    ),
    "constant": (np.full(24, 2.5), {}, cr.DataError, "The target is 2.5 in every row"),
    "NaN": (with_value(np.nan, (3,), NUMBERS), {}, cr.DataError, "first in row 3"),
    "infinity": (with_value(np.inf, (3,), NUMBERS), {}, cr.DataError, "NaN or infinite in 1 row,"),
    "a label that is missing": (
        np.array(["a", None] * 12, dtype=object), {}, cr.DataError, "rows without a class"
    ),
    "NaN as a class": (
        np.array([0.0, 1.0, np.nan] * 8), {"loss": "cross_entropy"}, cr.DataError, "without a class"
    ),
    "types that are mixed": (
        np.array(["a", 1] * 12, dtype=object), {}, cr.DataError, "mixes labels of several types"
    ),
    "labels of bytes": (np.array([b"a", b"b"] * 12), {}, cr.DataError, "labels of the type bytes"),
    "dates": (
        np.array(["2020-01-01", "2021-01-01"] * 12, dtype="datetime64[D]"), {}, cr.DataError,
        "something else where numbers are due",
    ),
    "labels for numbers": (
        Y, {"loss": "mean_squared_error"}, cr.DataError, "a loss for classes: loss='cross_entropy'."
    ),
    "labels for times of which none is kept": (
        np.array([["a", "b"]] * 24), {}, cr.DataError, "keep every step of the sequence"
    ),
    "one column for each class": (
        np.eye(3)[[0, 1, 2] * 8], {"loss": "cross_entropy"}, cr.DataError, "y.argmax(axis=1)"
    ),
    "sequences that are not filled up": (
        [["a"], ["a", "b"]] * 12, {}, cr.DataError, "fill short rows up"
    ),
    "classes or amounts": (
        np.arange(240) % 120, {}, cr.DataError, "120 different whole numbers"
    ),
    "shorter": (Y[:23], {}, cr.ShapeError, "(23,) for 24 rows"),
    "longer": (np.r_[NUMBERS, 1.0], {}, cr.ShapeError, "for 24 rows"),
    "three axes": (NUMBERS.reshape(24, 1, 1), {}, cr.DataError, "(24, 1, 1)"),
    "empty": ([], {}, cr.DataError, "(0,)"),
    "one number": (1.0, {}, cr.DataError, "()"),
    "ragged lists": ([[1.0], [1.0, 2.0]] * 12, {}, cr.DataError, "different lengths"),
    "a generator": ((one for one in Y), {}, cr.DataError, "no order of rows"),
    "a set": ({"a", "b"}, {}, cr.DataError, "no order of rows"),
    "nothing": (None, {}, cr.DataError, "Call train(network, X, y)"),
    "too large": (1e200 * NUMBERS, {}, cr.DataError, "too large for float32"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_targets_that_are_none(name: str) -> None:
    target, settings, error, words = TARGETS[name]
    rows = np.resize(X, (240, 3)) if "amounts" in name else X
    assert words in refused(lambda: train(rows, target, **settings), error)


@pytest.mark.parametrize(
    ("made", "target", "settings", "words"),
    [
        (cr.Network(cr.Dense(3, "softmax")), Y, {}, "Leave softmax out"),
        (cr.Network(cr.Dense(3, "log_softmax")), Y, {"loss": "cross_entropy"}, "applied twice"),
        (cr.Network(cr.Dense(1, "sigmoid")), Y == "a", {}, "Leave sigmoid out"),
        (cr.Network(cr.Dense(4)), Y, {}, "the target has 3 classes"),
        (cr.Network(cr.Input(4), cr.Dense(3)), Y, {}, "4"),
        (cr.Network(cr.Dense(2)), NUMBERS, {}, "(24, 2)"),
        (cr.Network(cr.Dense(3, "step"), cr.Dense(3)), Y, {}, "step"),
        (network(), Y, {"loss": "crossentropy"}, "Did you mean 'cross_entropy'"),
        (network(), Y, {"loss": ["cross_entropy"] * 2}, "2 losses were given for 1 outputs"),
        (network(), Y, {"loss": 3}, "neither a name nor a function"),
        (
            network(),
            NUMBERS,
            {"loss": lambda given, due: (given - due) ** 2},
            "one number for each",
        ),
        (network(), NUMBERS, {"loss": lambda given: given}, ""),
        (network(), NUMBERS, {"loss": lambda given, due: np.sort(given)[:, 0]}, ""),
    ],
)
def test_networks_and_losses_that_do_not_fit(
    made: cr.Network, target: Any, settings: dict[str, Any], words: str
) -> None:
    assert words in refused(lambda: train(X, target, network=made, **settings))


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"optimizer": "adamm"}, "Did you mean 'adam'"),
    ({"engine": "referense"}, "Did you mean 'reference'"),
    ({"dtype": "float16"}, "dtype='float16'"),
    ({"learning_rate": -0.1}, "The learning rate is -0.1"),
    ({"batch_size": 0}, "batch_size=0"),
    ({"batch_size": -3}, "batch_size=-3"),
    ({"batch_size": 2.5}, "batch_size=2.5"),
    ({"batch_size": "al"}, "batch_size='al'"),
    ({"validation": 1.0}, "validation=1.0 is no share"),
    ({"validation": -0.1}, "validation=-0.1"),
    ({"validation": "0.2"}, "validation='0.2'"),
    ({"validation": None}, "validation=None"),
    ({"validation": 0.001}, "leaves a part of the split empty"),
    ({"validation": (X,)}, "validation has 1 parts"),
    ({"validation": (X[:, :2], Y)}, "Give them the columns of X"),
    ({"validation": (X, np.array(["d"] * 24))}, "The target holds the class 'd'"),
    ({"validation": (X, Y[:5])}, "for 24 rows"),
    ({"seed": -1}, "seed=-1"),
    ({"seed": 2**64}, "seed=18446744073709551616 is too large"),
    ({"seed": "x"}, "seed='x'"),
    ({"metrics": ["acuracy"]}, "Did you mean 'accuracy'"),
    ({"metrics": ["r2"]}, "no metric 'r2' for classification"),
    ({"metrics": 5}, "no metric 5"),
    ({"metrics": [lambda truth, given: "good"], "validation": 0.5}, "gave no number"),
    ({"metrics": ["accuracy", "accuracy"]}, "Two metrics are called 'accuracy'"),
    ({"metrics": [lambda *_: 1.0, lambda *_: 2.0]}, "Two metrics are called 'own_metric'"),
    ({"sample_weight": np.ones(23)}, "sample_weight is (23,) for 24 rows"),
    ({"sample_weight": -np.ones(24)}, "sample_weight holds a negative number"),
    ({"sample_weight": np.zeros(24)}, "All rows have the weight 0"),
    ({"sample_weight": ["x"] * 24}, "sample_weight holds something that is not a number"),
    ({"sample_weight": np.full(24, np.nan)}, "sample_weight holds a negative number, NaN"),
    ({"class_weight": "balansed"}, "does not name classes"),
    ({"class_weight": {"d": 1.0}}, "does not name classes"),
    ({"class_weight": {"a": -1.0}}, "class_weight['a']=-1.0"),
    ({"class_weight": {"a": "x"}}, "class_weight['a']='x'"),
    ({"class_weight": {"a": 0.0, "b": 0.0, "c": 0.0}}, "weight 0"),
    ({"epochs": 2.0}, "epochs=2.0"),
    ({"epochs": True}, "epochs=True"),
    ({"shuffle": "no"}, "shuffle='no'"),
    ({"progress": 1}, "progress=1"),
    ({"freeze": [3]}, "freeze=[3]"),
    ({"freeze": "dense_1.w"}, "Did you mean 'dense_1.W'"),
    ({"on_epoch": [print, 3]}, "on_epoch=3 is no function"),
    ({"readings": -1}, "readings=-1"),
    ({"snapshots": 0.5}, "snapshots=0.5"),
    ({"checkpoint": 3}, "checkpoint=3"),
    ({"checkpoint_every": -1}, "checkpoint_every=-1"),
]


@pytest.mark.parametrize(("given", "words"), SETTINGS)
def test_settings_that_are_none(given: dict[str, Any], words: str) -> None:
    assert words in refused(lambda: train(**given))


def test_an_argument_that_is_none() -> None:
    with pytest.raises(TypeError, match=r"train has no argument 'epoch'\. Did you mean 'epochs'"):
        train(epoch=3)


def test_classes_as_floats_for_several_outputs() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(2))
    said = refused(lambda: cr.train(network, X, np.resize([0.0, 1.0], 24), progress=False))
    assert "y.astype(int)" in said
    said = refused(lambda: cr.train(network, X, np.resize([0.5, 1.0], 24), progress=False))
    assert "y.astype(int)" not in said
    said = refused(lambda: cr.gradient(network.started(0), X, np.resize([0, 1], 24)))
    assert "loss='cross_entropy'" in said
    assert "y.astype(int)" not in said


def test_class_weights_of_numbers() -> None:
    assert "Use sample_weight" in refused(lambda: train(X, NUMBERS, class_weight="balanced"))


def test_several_inputs_and_outputs() -> None:
    left, right = cr.Input(3, name="left"), cr.Input(2, name="right")
    both = cr.Concatenate()(left, right)
    made = cr.Network(inputs=[left, right], outputs=[cr.Dense(1)(both), cr.Dense(3)(both)])
    losses = ["mean_squared_error", "cross_entropy"]
    good = {"left": X, "right": X[:, :2]}
    targets = [NUMBERS, Y]
    assert train(good, targets, network=made, loss=losses).recording.epochs == 1
    cases: list[tuple[Any, Any, str]] = [
        ({"left": X}, targets, "The input 'right' is not given"),
        ([X], targets, "has 2 inputs and was given 1"),
        (X, targets, "has 2 inputs and was given 1"),
        ([X, X[:20, :2]], targets, "different numbers of rows"),
        ([X, X], targets, "right"),
        (good, [NUMBERS], "has 2 outputs and y has 1 targets"),
        (good, NUMBERS, "has 2 outputs and y has 1 targets"),
        (good, {"number": NUMBERS, "class": Y}, "in their order"),
    ]
    for rows, target, words in cases:
        wrong = partial(train, rows, target, network=made, loss=losses)
        assert words in refused(wrong)


def test_rows_that_are_larger_than_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = np.memmap(tmp_path / "rows", dtype=np.float64, mode="w+", shape=(24, 3))
    rows[:] = X
    assert train(rows).recording.epochs == 1
    monkeypatch.setattr(os, "sysconf", lambda name: 5)
    assert "data larger than memory cannot be trained on yet" in refused(lambda: train(rows))


# ---- labels come back in the type that they came in ----


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b", "c"],
        [1, 5, 3],
        [-2, 0, 7],
        [True, False],
        np.array(["x", "y"]),
        np.array([1, 2], dtype=np.uint8),
        np.array(["one", "two"], dtype=object),
    ],
)
def test_labels_of_every_type(labels: Any) -> None:
    target = np.resize(np.asarray(labels), 24)
    run = train(X, target, epochs=60, learning_rate=0.05)
    found = run.predict(X)
    assert found.dtype.kind == (
        "U" if target.dtype.kind == "O" else target.dtype.kind.replace("u", "i")
    )
    assert set(found.tolist()) <= set(target.tolist())
    assert list(run.classes) == sorted(set(target.tolist()))
    shares = run.predict_proba(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert np.array_equal(found, np.array(run.classes)[shares.argmax(axis=1)])
    assert train(X, target.tolist()).classes == run.classes


def test_float_labels_by_name() -> None:
    run = train(X, np.resize([0.5, 1.5], 24), loss="cross_entropy")
    assert run.classes == (0.5, 1.5)


# ---- at prediction ----


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        (X[:, :2], cr.ShapeError, "3"),
        (with_value(np.nan, (2, 2)), cr.DataError, "first in row 2"),
        (TEXT, cr.DataError, "not a number"),
        (X[0], cr.DataError, "X.reshape(1, -1) for one row"),
        ([[1.0, 2.0, 3.0], [1.0]], cr.DataError, "different lengths"),
        (X[:0], cr.DataError, "is empty"),
    ],
)
def test_wrong_columns_at_prediction(rows: Any, error: type[cr.ChainruleError], words: str) -> None:
    run = train()
    assert words in refused(lambda: run.predict(rows), error)
    assert words in refused(lambda: run.predict_proba(rows), error)


def test_probabilities_of_numbers() -> None:
    assert "Use predict()" in refused(lambda: train(X, NUMBERS).predict_proba(X), cr.SetupError)


# ---- the checkpoint's folder ----


def test_a_folder_that_is_in_the_way(tmp_path: Path) -> None:
    train(checkpoint=tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    assert "Go on with it" in refused(lambda: train(checkpoint=tmp_path / "run"), cr.RunFolderError)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    (tmp_path / "file").write_text("mine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    for name in ("file", "other", "file/below"):
        refused(partial(train, checkpoint=tmp_path / name), cr.RunFolderError)
    assert (tmp_path / "file").read_text() == "mine"
    assert os.listdir(tmp_path / "other") == ["thesis.txt"]


def test_a_folder_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *given: Any, **named: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    said = refused(lambda: train(checkpoint=tmp_path / "run"), cr.RunFolderError)
    assert "there is no permission to do so" in said


def test_a_setting_that_is_refused_leaves_no_folder(tmp_path: Path) -> None:
    refused(lambda: train(checkpoint=tmp_path / "run", freeze=["none"]))
    refused(lambda: train(checkpoint=tmp_path / "run", patience=3))
    assert not (tmp_path / "run").exists()


# ---- anything at all ----

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(
        ["adam", "auto", "best", "last", "float64", "cross_entropy", "*.b", "*", "accuracy",
         cr.Adam, cr.Momentum(0.1), np.float32(0.1), np.int64(3), print, X, Y, NUMBERS, (X, Y),
         [1], {}, ()]
    ),
    st.dictionaries(
        st.sampled_from(["*.W", "a", "b"]), st.floats() | st.text(max_size=2), max_size=2
    ),
    st.lists(st.integers(0, 3) | st.text(max_size=2), max_size=3),
)  # fmt: skip
NAMES = [
    "loss", "optimizer", "learning_rate", "batch_size", "validation", "metrics", "sample_weight",
    "class_weight", "target_loss", "patience", "min_change", "min_gradient", "max_seconds", "seed",
    "dtype", "engine", "shuffle", "freeze", "rates", "l1", "l2", "weight_decay", "clip_norm",
    "clip_value", "keep", "on_epoch", "readings", "snapshots", "checkpoint_every", "progress",
]  # fmt: skip


def refused_or_done(action: Callable[[], Run]) -> None:
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            assert action().recording.epochs <= 2
        except cr.ChainruleError as error:
            said = f"{error.cause}\n{error.remedy}"
    assert re.fullmatch(r"(?s)|.*[.?]\n.*[.?]", said)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(given=st.dictionaries(st.sampled_from(NAMES), ODD, max_size=3), numbers=st.booleans())
def test_any_arguments_are_taken_or_refused(given: dict[str, Any], numbers: bool) -> None:
    refused_or_done(lambda: train(X, NUMBERS if numbers else Y, **given))


@settings(max_examples=200)
@given(rows=ODD, target=ODD)
def test_any_rows_are_taken_or_refused(rows: Any, target: Any) -> None:
    refused_or_done(lambda: train(rows, target))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(given=st.dictionaries(st.sampled_from(NAMES), ODD, max_size=2))
def test_any_arguments_with_which_a_run_goes_on(given: dict[str, Any]) -> None:
    refused_or_done(lambda: cr.train(RUN, epochs=1, **{"progress": False, **given}))


RUN = train(validation=0.25)


@dataclass(frozen=True)
class Shrinking:
    """A step of gradient descent that gives back less state than it was given."""

    learning_rate: float = 0.1
    needs: ClassVar[str] = "gradient"
    formula: ClassVar[str] = r"\theta \leftarrow \theta - \eta \nabla"

    def initial(self, parameters: Any) -> dict[str, Any]:
        return {"mean": zeros_like(parameters)}

    def update(
        self, parameters: Any, gradient: Any, state: Any, rate: Any, step: Any
    ) -> tuple[Any, dict[str, Any]]:
        return parameters - rate * gradient, {"mean": slice_of(state["mean"], 0, 0, 1)}


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_an_optimizer_whose_state_changes_its_shape_is_refused(engine: str) -> None:
    X = np.arange(12.0).reshape(6, 2)
    chosen: Any = cr.optimizer("shrinking")(Shrinking)()
    del OPTIMIZERS["shrinking"]
    with pytest.raises(cr.ShapeError, match=r"'mean' is float .* before a step and float .* after"):
        cr.train(
            cr.Network(cr.Dense()), X, X[:, :1], optimizer=chosen, epochs=1, engine=engine,
            progress=False,
        )  # fmt: skip
