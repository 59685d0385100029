"""Trainings with optimizers that search: what is recorded, kept, resumed, stopped and refused."""

from __future__ import annotations

import json
import signal
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import chainrule as cr
import chainrule.training.search_loop
from chainrule.errors import SetupError
from chainrule.optimizers import OPTIMIZERS
from chainrule.optimizers.searching import (
    GradientAt,
    Iterate,
    LossAt,
    NormalEquationsAt,
    Request,
    Sizes,
)
from chainrule.testing import check_optimizer
from chainrule.training.checkpoint import Checkpoint
from chainrule.training.run import Run
from chainrule.training.tables.notes import table_note_of
from chainrule.views.commands import train_command
from chainrule.views.run_document import run_as_json

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(60, 3))
Y = np.sin(X.sum(axis=1, keepdims=True))
LABELS = np.array(["ash", "elm", "oak"])[np.argmax(X, axis=1)]
QUIET: dict[str, Any] = {"progress": False}


@cr.optimizer("damped_newton_of_these_tests")
@dataclass(frozen=True)
class DampedNewton:
    """A Gauss-Newton step with damping; as plain as a search can be."""

    name: ClassVar[str]
    damping: float = 0.01
    formula: ClassVar[str] = r"(G + \mu I)\, \delta = -\nabla"
    needs: ClassVar[str] = "normal equations"

    def initial(self, parameters: Any) -> dict[str, Any]:
        return {"mu": np.array(self.damping), "step": np.zeros(parameters.shape)}

    def iteration(
        self, parameters: Any, state: Any, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]:
        found = yield NormalEquationsAt(parameters)
        mu = float(state["mu"])
        while mu < 1e8:
            matrix = found.matrix + mu * np.eye(sizes.parameters)
            step = -np.linalg.solve(matrix, found.gradient)
            loss = yield LossAt(parameters + step)
            if loss < found.loss:
                after = {"mu": np.array(mu / 10.0), "step": step}
                return Iterate(parameters + step, after, loss, readings={"damping": mu})
            mu *= 10.0
        return Iterate(parameters, dict(state), found.loss, "no step lowers the loss")


@cr.optimizer("walk_of_these_tests")
@dataclass(frozen=True)
class Walk:
    """Steps along the gradient, for networks that have no matrix."""

    name: ClassVar[str]
    size: float = 0.1
    formula: ClassVar[str] = r"\theta \leftarrow \theta - s \nabla"
    needs: ClassVar[str] = "line search"

    def initial(self, parameters: Any) -> dict[str, Any]:
        return {}

    def iteration(
        self, parameters: Any, state: Any, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]:
        _, gradient = yield GradientAt(parameters)
        after = parameters - self.size * gradient
        return Iterate(after, {}, (yield LossAt(after)))


# They are in the table while these tests run, and not for others.
OWN = {name: OPTIMIZERS.pop(name) for name in (DampedNewton.name, Walk.name)}


@pytest.fixture(autouse=True)
def own_optimizers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, block in OWN.items():
        monkeypatch.setitem(OPTIMIZERS, name, block)


def network() -> cr.Network:
    return cr.Network(cr.Dense(5, "tanh"), cr.Dense())


def train(**given: Any) -> Run:
    settings: dict[str, Any] = {"optimizer": DampedNewton(), "epochs": 8, **QUIET, **given}
    return cr.train(settings.pop("network", network()), settings.pop("X", X), settings.pop("y", Y),
                    **settings)  # fmt: skip


def bits(run: Run) -> Any:
    """Return all that must not differ between a training and one that was cut off."""
    state = run.state
    return (
        {name: one.tobytes() for name, one in run.network.parameters.items()},
        {name: np.asarray(one).tobytes() for name, one in state.optimizer.items()},
        state.parameters.tobytes(),
        {name: np.array(column).tobytes() for name, column in run.history.items()},
        run.recording.readings,
        sorted(run.recording.snapshots),
        run.ended,
        (state.best_epoch, state.kept_epoch, state.step),
    )


@pytest.fixture(params=["reference", "auto"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ---- what a training leaves ----


def test_an_epoch_is_an_iteration_and_the_loss_that_after_it(engine: str) -> None:
    run = train(engine=engine, validation=0.25, epochs=12)
    assert set(run.history) == {"loss", "validation_loss", "validation_r2", "damping"}
    assert run.recording.epochs == 12
    assert run.state.step == 12
    assert run.setup.dtype == "float64"
    assert run.setup.batch_size == 45
    assert run.history["loss"] == sorted(run.history["loss"], reverse=True)
    assert run.history["loss"][-1] < 0.05
    rows, held = run.rows or ()
    for part, name in ((rows, "loss"), (held, "validation_loss")):
        assert part is not None
        made = run.network(part.inputs[0])
        due = float(np.mean((np.asarray(made) - part.targets[0]) ** 2))
        assert run.history[name][run.best_epoch - 1] == pytest.approx(due, rel=1e-9)
    lowest = int(np.argmin(run.history["validation_loss"])) + 1
    assert run.best_epoch == lowest == run.state.best_epoch


def test_both_engines_walk_the_same_way() -> None:
    one, two = (train(engine=engine, epochs=5) for engine in ("reference", "auto"))
    np.testing.assert_allclose(one.history["loss"], two.history["loss"], rtol=1e-6)


def test_one_iteration_is_that_of_numpy() -> None:
    run = train(epochs=1, validation=0.0, loss="half_squared_error", network=started())
    first = started().parameters
    hidden = np.tanh(X @ first["dense_1.W"] + first["dense_1.b"])
    error = hidden @ first["dense_2.W"] + first["dense_2.b"] - Y
    back = (1.0 - hidden**2) * first["dense_2.W"][:, 0]
    jacobian = np.concatenate(
        [
            (X[:, :, None] * back[:, None, :]).reshape(len(X), -1),
            back,
            hidden,
            np.ones((len(X), 1)),
        ],
        axis=1,
    )
    n = len(X)
    matrix = jacobian.T @ jacobian / n + run.history["damping"][0] * np.eye(jacobian.shape[1])
    step = -np.linalg.solve(matrix, jacobian.T @ error[:, 0] / n)
    before = np.concatenate([one.reshape(-1) for one in first.values()])
    np.testing.assert_allclose(run.state.parameters, before + step, rtol=1e-9)
    np.testing.assert_allclose(run.state.optimizer["step"], step, rtol=1e-8, atol=1e-12)


def started() -> cr.Network:
    return cr.Network(cr.Input(3), cr.Dense(5, "tanh"), cr.Dense(1), seed=3).started(3)


def test_penalties_stand_beside_the_loss() -> None:
    run = train(l2=0.01, epochs=4)
    weights = [one for name, one in run.network.parameters.items() if name.endswith("W")]
    due = 0.5 * 0.01 * sum(float(np.sum(one**2)) for one in weights)
    assert run.history["penalty"][-1] == pytest.approx(due, rel=1e-12)
    made = np.asarray(run.network(X))
    assert run.history["loss"][-1] == pytest.approx(float(np.mean((made - Y) ** 2)), rel=1e-9)


def test_readings_and_snapshots(engine: str) -> None:
    run = train(epochs=6, snapshots=2, readings=3, engine=engine, network=started())
    assert sorted(run.recording.snapshots) == [2, 4, 6]
    assert [one["step"] for one in run.recording.readings] == [0, 1, 2, 4]
    first = run.recording.readings[0]
    before, after = started().parameters, run.recording.snapshots
    assert set(first["layers"]) == {"dense_1", "dense_2"}
    for name, one in before.items():
        assert first["parameters"][name]["size"] == pytest.approx(
            float(np.sqrt(np.mean(one**2))), rel=1e-9, abs=1e-15
        )
    last = run.recording.readings[2]
    moved = train(epochs=3, network=started(), engine=engine).network.parameters
    for name in before:
        step = moved[name] - after[2][name]
        assert last["parameters"][name]["update"] == pytest.approx(
            float(np.sqrt(np.mean(step**2))), rel=1e-6
        )
        assert last["parameters"][name]["gradient"] > 0.0


def test_classes_frozen_parameters_and_two_heads() -> None:
    run = train(y=LABELS, epochs=15, freeze="dense_1.b", network=cr.Network(
        cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(3)))  # fmt: skip
    assert run.history["loss"][-1] < 0.1
    np.testing.assert_array_equal(run.network.parameters["dense_1.b"], np.zeros(4))
    assert float(np.mean(run.predict(X) == LABELS)) > 0.95
    given = cr.Input(3)
    hidden = cr.Dense(5, "tanh")(given)
    both = cr.Network(inputs=[given], outputs=[cr.Dense(1)(hidden), cr.Dense(3)(hidden)])
    run = train(network=both, y=[Y, LABELS], epochs=10)
    assert run.history["loss"][-1] < 0.5 * run.history["loss"][0]


def test_batch_norm_carries_its_statistics_with_a_line_search() -> None:
    net = cr.Network(cr.Input(3), cr.Dense(4), cr.BatchNorm(), cr.Dense(1))
    run = train(network=net, optimizer=Walk(), epochs=40)
    assert run.history["loss"][-1] < run.history["loss"][0]
    mean = next(one for name, one in run.network.state.items() if name.endswith("mean"))
    parameters = run.network.parameters
    inside = X @ parameters["dense_1.W"] + parameters["dense_1.b"]
    np.testing.assert_allclose(mean, inside.mean(axis=0), atol=0.05)


def test_a_table_is_searched_and_its_report_names_no_rate(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    lines = [f"{a:.4f},{b:.4f},{c:.4f},{y:.4f}" for (a, b, c), (y,) in zip(X, Y, strict=True)]
    path.write_text("\n".join(["a,b,c,y", *lines]), encoding="utf-8")
    run = cr.train_table(
        path, target="y", optimizer="levenberg_marquardt", epochs=4, hidden=(3,), progress=False
    )
    assert run.setup.dtype == "float64"
    assert run.setup.batch_size == 60
    assert "learning_rate" not in run.history
    note = table_note_of(tmp_path, run.notes)
    command = str(train_command(run, note))
    assert "--optimizer levenberg_marquardt" in command
    assert "--learning-rate" not in command
    run.report().save(tmp_path / "report.html")
    assert "none: the optimizer searches" in (tmp_path / "report.html").read_text("utf-8")
    assert json.loads(run_as_json(run, tmp_path))["learning_rate"] is None


# ---- limits and hooks ----


def test_limits_end_a_search() -> None:
    assert train(target_loss=0.1, epochs=50).ended == "the loss reached 0.1"
    assert train(min_gradient=1e-2, epochs=99).ended == "the gradient fell below 0.01"
    assert train(min_change=1e-3, epochs=99).ended == "the loss changed by less than 0.001"
    run = train(validation=0.3, patience=2, epochs=200)
    assert run.ended == "the validation loss was not better for 2 epochs"
    assert run.recording.epochs == run.state.best_epoch + 2
    assert train(max_seconds=1e-9, epochs=99).recording.epochs == 1


def test_the_reason_of_the_optimizer_ends_it() -> None:
    run = train(X=X[:1], y=Y[:1], epochs=300)
    assert run.ended == "no step lowers the loss"
    assert run.recording.epochs < 300
    assert run.finished
    assert np.isfinite(run.state.parameters).all()


def test_a_loss_that_is_no_number_ends_it() -> None:
    run = train(optimizer=Walk(size=1e200), epochs=20)
    assert run.ended.startswith("the loss became")
    assert all(np.isfinite(one).all() for one in run.network.parameters.values())


def test_hooks_see_iterations_and_have_no_rate_to_set() -> None:
    seen: list[tuple[int, float]] = []

    def hook(progress: Any) -> None:
        seen.append((progress.epoch, progress.loss))
        if progress.epoch == 3:
            progress.stop()

    run = train(on_epoch=hook)
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    assert [loss for _, loss in seen] == run.history["loss"]
    assert run.ended == "the on_epoch hook asked for it"

    def setting(progress: Any) -> None:
        progress.learning_rate = 0.1

    with pytest.raises(SetupError, match="has none"):
        train(on_epoch=setting)


# ---- cut off, resumed, gone on with ----


class KilledError(BaseException):
    """Stands for a kill where the process has to live on."""


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_killed_and_resumed_it_ends_with_the_same_bits(
    cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    given: dict[str, Any] = {
        "validation": 0.2, "l2": 1e-3, "snapshots": 3, "readings": 2, "engine": engine
    }  # fmt: skip
    whole = train(**given)
    call, written = Checkpoint.__call__, []

    def count(self: Checkpoint, *given: Any) -> None:
        if len(written) == cut:
            raise KilledError
        written.append(None)
        call(self, *given)

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "__call__", count)
        with pytest.raises(KilledError):
            train(**given, checkpoint=tmp_path / "run", checkpoint_every=0.0)
    loaded = cr.load(tmp_path / "run")
    assert not loaded.finished
    assert loaded.state.step == cut - 1
    resumed = cr.resume(tmp_path / "run", X, Y, **QUIET)
    assert bits(resumed) == bits(whole)
    assert bits(cr.load(tmp_path / "run")) == bits(whole)


@pytest.mark.parametrize("name", sorted(
    name for name, block in OPTIMIZERS.items() if hasattr(block, "iteration")))  # fmt: skip
def test_every_search_goes_on_as_if_it_had_not_stopped(name: str, tmp_path: Path) -> None:
    if name == "evolution_strategy":
        pytest.importorskip("cmaes")
    whole = train(optimizer=name, epochs=6)
    half = train(optimizer=name, epochs=3)
    half.save(tmp_path / "run")
    again = cr.train(cr.load(tmp_path / "run"), X, Y, epochs=3, **QUIET)
    assert bits(again)[:4] == bits(whole)[:4]


def test_a_run_is_loaded_and_predicts_without_the_block_of_its_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(epochs=2)
    run.save(tmp_path / "run")
    monkeypatch.delitem(OPTIMIZERS, DampedNewton.name)
    loaded = cr.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.predict(X), run.predict(X))
    with pytest.raises(SetupError, match="damped_newton_of_these_tests"):
        cr.train(loaded, X, Y, epochs=1, **QUIET)


def test_ctrl_c_gives_the_iteration_under_way_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = chainrule.training.search_loop.Answers
    loss_of, asked = answers.loss, []

    def pressed(self: Any, at: Any) -> float:
        asked.append(None)
        if len(asked) == 4:
            signal.raise_signal(signal.SIGINT)
        return loss_of(self, at)

    with monkeypatch.context() as patched:
        patched.setattr(answers, "loss", pressed)
        run = train(optimizer=Walk(), epochs=9)
    assert run.ended == "interrupted"
    assert not run.finished
    assert run.recording.epochs == run.state.step == 3
    due = train(optimizer=Walk(), epochs=3)
    np.testing.assert_array_equal(run.state.parameters, due.state.parameters)


def test_a_run_goes_on_with_another_kind_of_optimizer() -> None:
    run = train(epochs=3, optimizer="adam", dtype="float64")
    searched = cr.train(run, epochs=5, optimizer=DampedNewton(), **QUIET)
    assert searched.setup.batch_size == 60
    assert searched.recording.epochs == 8
    assert searched.history["loss"][-1] < 0.1 * run.history["loss"][-1]
    assert np.isnan(searched.history["learning_rate"][-1])
    back = cr.train(searched, epochs=2, optimizer="adam", **QUIET)
    assert back.recording.epochs == 10
    with pytest.raises(SetupError, match="float64"):
        cr.train(train(epochs=1, optimizer="adam"), epochs=1, optimizer=DampedNewton(), **QUIET)


# ---- refusals ----


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch_size": 16}, "takes all rows"),
        ({"dtype": "float32"}, "float64"),
        ({"learning_rate": 0.1}, "no learning rate"),
        ({"l1": 0.1}, "kink at 0"),
        ({"weight_decay": 0.1}, "weight_decay"),
        ({"clip_norm": 1.0}, "clip_norm"),
        ({"clip_value": 1.0}, "clip_value"),
        ({"rates": {"*.b": 0.5}}, "rates"),
        ({"loss": "huber"}, "none for the loss huber"),
        ({"loss": lambda x, t: ((x - t) ** 2).mean(axis=1)}, "none for the loss own_loss"),
        ({"network": cr.Network(cr.Dense(4), cr.Dropout(0.5), cr.Dense())}, "other numbers"),
        ({"network": cr.Network(cr.Dense(4), cr.BatchNorm(), cr.Dense())}, "mixes the rows"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_reason(given: Any, said: str) -> None:
    with pytest.raises(SetupError, match=said) as caught:
        train(**given)
    assert caught.value.cause.endswith(".")
    assert caught.value.remedy.endswith(".")


def test_what_suits_a_search_is_not_refused() -> None:
    assert train(batch_size=None, epochs=1).recording.epochs == 1
    assert train(batch_size=60, epochs=1).recording.epochs == 1
    assert train(optimizer=Walk(), loss="huber", epochs=1).recording.epochs == 1


# ---- the contract ----


def test_these_searches_hold_the_contract() -> None:
    assert check_optimizer(DampedNewton()) == []
    assert [one for one in check_optimizer(Walk()) if "solve" not in one] == []


def test_a_search_that_fails_on_what_is_not_a_number_is_found_out() -> None:
    @cr.optimizer("brittle_of_these_tests")
    @dataclass(frozen=True)
    class Brittle:
        """Raises an error where a gradient, or a matrix, is not finite."""

        name: ClassVar[str]
        asks: type[Any] = GradientAt
        formula: ClassVar[str] = "x"
        needs: ClassVar[str] = "normal equations"

        def initial(self, parameters: Any) -> dict[str, Any]:
            return {}

        def iteration(
            self, parameters: Any, state: Any, sizes: Sizes
        ) -> Generator[Request, Any, Iterate]:
            found = yield self.asks(parameters)
            gradient = found[1] if isinstance(found, tuple) else found.gradient
            if not np.isfinite(gradient).all():
                raise ArithmeticError("not finite")
            after = parameters - 0.01 * gradient
            return Iterate(after, {}, (yield LossAt(after)))

    try:
        for asks in (GradientAt, NormalEquationsAt):
            found = "\n".join(check_optimizer(Brittle(asks)))
            assert "(not finite) stopped the check of 'not a number'" in found
    finally:
        OPTIMIZERS.pop(Brittle.name)


def test_a_broken_search_is_found_out() -> None:
    @cr.optimizer("broken_of_these_tests")
    @dataclass(frozen=True)
    class Broken:
        """Changes what it is given, forgets its state, and tells another loss."""

        name: ClassVar[str]
        formula: ClassVar[str] = "x"
        needs: ClassVar[str] = "line search"

        def initial(self, parameters: Any) -> dict[str, Any]:
            return {"count": np.zeros(3), "lost": np.array(1.0)}

        def iteration(
            self, parameters: Any, state: Any, sizes: Sizes
        ) -> Generator[Request, Any, Iterate]:
            loss = yield LossAt(parameters)
            state["count"][0] += 1.0
            count = np.array([int(state["count"][0]), 2])
            return Iterate(parameters, {"count": count}, 2.0 * loss + 1.0)

    try:
        found = "\n".join(check_optimizer(Broken()))
    finally:
        OPTIMIZERS.pop(Broken.name)
    for part in ("returns the state", "(3,) at first and (2,) later", "int64", "changes count",
                 "differ", "is not that at its parameters", "does not solve"):  # fmt: skip
        assert part in found, part
