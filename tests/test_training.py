"""Training: known numbers, seeds that decide everything, and going on."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import chainrule as cr
from chainrule.training.loop import Loop
from chainrule.training.run import Run

RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(37, 3))
Y = np.array(["ash", "elm", "oak"])[np.argmax(X, axis=1)]
NUMBERS = X @ RANDOM.normal(size=(3, 2)) + 0.1 * RANDOM.normal(size=(37, 2))


def layers() -> cr.Network:
    return cr.Network(cr.Dense(5, "tanh"), cr.Dense())


def trained(network: cr.Network | Run | None = None, y: Any = Y, **given: Any) -> Run:
    """37 rows in eights: the last batch of an epoch is short."""
    given = {"batch_size": 8, "seed": 3, "epochs": 6, "readings": 50, "progress": False, **given}
    return cr.train(layers() if network is None else network, X, y, **given)


def same_arrays(one: Mapping[Any, NDArray[Any]], other: Mapping[Any, NDArray[Any]]) -> bool:
    return list(one) == list(other) and all(
        one[name].dtype == other[name].dtype and one[name].tobytes() == other[name].tobytes()
        for name in one
    )


def same_run(one: Run, other: Run) -> bool:
    """Whether two runs ended with the same bits, in parameters, memory and recording."""
    assert same_arrays(one.network.parameters, other.network.parameters)
    assert one.state.parameters.tobytes() == other.state.parameters.tobytes()
    assert same_arrays(one.state.optimizer, other.state.optimizer)
    assert repr(one.recording.history) == repr(other.recording.history)
    assert repr(one.recording.readings) == repr(other.recording.readings)
    assert list(one.recording.snapshots) == list(other.recording.snapshots)
    for step, named in one.recording.snapshots.items():
        assert same_arrays(named, other.recording.snapshots[step])
    assert (one.state.step, one.best_epoch) == (other.state.step, other.best_epoch)
    return True


# ---- known numbers ----

MAZUR = {
    "dense_1.W": [[0.15, 0.25], [0.20, 0.30]],
    "dense_1.b": [0.35, 0.35],
    "dense_2.W": [[0.40, 0.50], [0.45, 0.55]],
    "dense_2.b": [0.60, 0.60],
}


@pytest.mark.parametrize(("freeze", "after"), [(["*.b"], 0.291027774), ([], 0.280471447)])
def test_mazurs_network(freeze: list[str], after: float) -> None:
    """His worked example: https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example"""
    network = cr.Network(
        cr.Input(2), cr.Dense(2, "sigmoid"), cr.Dense(2, "sigmoid"), parameters=MAZUR
    )
    run = cr.train(
        network, [[0.05, 0.10]], [[0.01, 0.99]], loss="half_squared_error", epochs=2,
        optimizer=cr.GradientDescent(0.5), dtype="float64", freeze=freeze, progress=False,
    )  # fmt: skip
    assert [round(one, 9) for one in run.history["loss"]] == [0.298371109, after]


def test_one_weight_without_bias() -> None:
    network = cr.Network(cr.Input(1), cr.Dense(1, bias=None), parameters={"dense_1.W": [[0.8]]})
    run = cr.train(
        network, [[1.5]], [0.5], loss="squared_error", optimizer=cr.GradientDescent(0.1),
        epochs=100, dtype="float64", snapshots=1, progress=False,
    )  # fmt: skip
    weights = [float(one["dense_1.W"].item()) for one in run.recording.snapshots.values()]
    assert weights[:2] == pytest.approx([0.59, 0.4745])
    assert weights[-1] == pytest.approx(1 / 3)


@pytest.mark.parametrize("loss", ["mean_squared_error", "half_squared_error", "squared_error"])
def test_the_gradient_of_several_outputs_is_that_of_their_own_loss(loss: str) -> None:
    """MLPRegressor divides the loss by the outputs and not its gradient: scikit-learn 8349."""
    network = cr.Network(cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(2), seed=1)
    found = cr.gradient(network, X, NUMBERS, loss)

    def value(parameters: dict[str, Any]) -> float:
        moved = cr.Network(cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(2), parameters=parameters)
        run = cr.train(
            moved, X, NUMBERS, loss=loss, epochs=1, batch_size=None, learning_rate=0.0,
            dtype="float64", progress=False,
        )  # fmt: skip
        return run.history["loss"][0]

    before = network.parameters
    for name in before:
        for place in itertools.islice(np.ndindex(before[name].shape), 4):
            rise = []
            for change in (1e-5, -1e-5):
                moved = {one: content.copy() for one, content in before.items()}
                moved[name][place] += change
                rise.append(value(moved))
            assert found[name][place] == pytest.approx((rise[0] - rise[1]) / 2e-5, rel=1e-6)


# ---- seeds decide everything ----


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("validation", [0.0, 0.25])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(
    dtype: Any, validation: float
) -> None:
    given = {"dtype": dtype, "validation": validation, "snapshots": 2}
    assert same_run(trained(**given), trained(**given))
    other = trained(**given, seed=4)
    assert not same_arrays(trained(**given).network.parameters, other.network.parameters)


def test_the_order_of_rows_follows_from_seed_and_epoch_alone() -> None:
    def orders(run: Run) -> list[list[int]]:
        assert run.rows is not None
        batches = Loop(run.setup, *run.rows).batches
        steps = batches.steps_per_epoch
        return [
            np.concatenate([batches.of_step(step) for step in range(at, at + steps)]).tolist()
            for at in range(0, 3 * steps, steps)
        ]

    eights = orders(trained(epochs=0))
    assert all(sorted(one) == list(range(37)) for one in eights)
    assert eights[0] != eights[1]
    assert orders(trained(epochs=0, batch_size=5)) == eights
    assert orders(trained(epochs=0, optimizer="momentum", l2=0.1)) == eights
    assert orders(trained(epochs=0, seed=4)) != eights


def test_rows_in_their_own_order() -> None:
    shuffled, plain = trained(), trained(shuffle=False)
    assert shuffled.history["loss"] != plain.history["loss"]
    everything = trained(batch_size=None)
    assert same_run(everything, trained(batch_size=37, shuffle=False))


def test_the_network_given_is_not_changed() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(5, "tanh"), cr.Dense(3), seed=1)
    before = network.parameters
    run = trained(network)
    assert same_arrays(before, network.parameters)
    assert not same_arrays(before, run.network.parameters)
    rows = X.copy()
    assert np.array_equal(rows, X)
    goes_on = trained(run.network, epochs=0)
    assert same_arrays(goes_on.network.parameters, run.network.parameters)


def test_no_epochs_return_the_start() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(3), seed=7)
    run = trained(network, epochs=0, dtype="float64")
    assert same_arrays(run.network.parameters, network.parameters)
    assert (run.history, run.best_epoch, run.ended) == ({}, 0, "all epochs were run")


# ---- going on ----

WAYS: dict[str, dict[str, Any]] = {
    "adam": {},
    "momentum": {"optimizer": "momentum"},
    "nesterov with penalties": {"optimizer": "nesterov", "l2": 0.01, "clip_norm": 0.5},
    "adamw with a schedule": {"optimizer": cr.AdamW(cr.ExponentialDecay(0.05, factor=0.9))},
    "all rows": {"batch_size": None},
    "one row": {"batch_size": 1},
    "validation": {"validation": 0.2},
    "validation and patience": {"validation": 0.2, "patience": 40},
    "validation rows": {"validation": (X[:9], Y[:9]), "metrics": ["balanced_accuracy"]},
    "frozen": {"freeze": ["dense_1.W"], "rates": {"*.b": 2.0}},
    "float64 with snapshots": {"dtype": "float64", "snapshots": 7, "readings": 3},
    "weights": {"class_weight": "balanced", "sample_weight": np.linspace(1, 2, 37)},
    "the last": {"validation": 0.2, "keep": "last"},
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_thirty_epochs_and_twenty_are_fifty(way: str) -> None:
    given = WAYS[way]
    fifty = trained(epochs=50, **given)
    parts = trained(epochs=30, **given)
    kept = parts.network.parameters
    more = cr.train(parts, epochs=20, progress=False)
    assert same_run(more, fifty)
    assert more.setup.epochs == 50
    # The first part stays what it was.
    assert parts.recording.epochs == 30
    assert same_arrays(kept, parts.network.parameters)


@settings(max_examples=25)
@given(
    parts=st.lists(st.integers(0, 6), min_size=2, max_size=4),
    batch=st.sampled_from([None, 5, 37, 40, 1]),
    optimizer=st.sampled_from(["adam", "momentum", "gradient_descent"]),
    seed=st.integers(0, 2**64 - 1),
)
def test_any_parts_are_the_whole(
    parts: list[int], batch: int | None, optimizer: str, seed: int
) -> None:
    given = {"batch_size": batch, "optimizer": optimizer, "seed": seed, "validation": 0.2}
    run = trained(epochs=parts[0], **given)
    for more in parts[1:]:
        run = cr.train(run, epochs=more, progress=False)
    assert same_run(run, trained(epochs=sum(parts), **given))


def test_another_learning_rate_keeps_the_memory() -> None:
    run = trained(optimizer=cr.Momentum(0.01))
    still = cr.train(run, epochs=1, learning_rate=0.0, progress=False)
    # With a rate of 0 the velocity decays, and goes on to push.
    assert not np.array_equal(still.state.parameters, run.state.parameters)
    assert still.history["learning_rate"] == [0.01] * 6 + [0.0]
    scheduled = cr.train(run, epochs=2, learning_rate=cr.StepDecay(0.08, every=7), progress=False)
    assert scheduled.history["learning_rate"][6:] == [0.08, 0.04]


def test_another_batch_size_counts_epochs_on() -> None:
    schedule = cr.StepDecay(0.08, every=7)
    run = trained(optimizer=cr.Adam(schedule))
    more = cr.train(run, epochs=2, batch_size=None, progress=False)
    assert more.state.step == 6 * 5 + 2
    assert more.history["learning_rate"] == [0.08] * 7 + [0.04]
    again = cr.train(more, epochs=1, batch_size=8, progress=False)
    assert again.state.step == 6 * 5 + 2 + 5
    assert [one["step"] for one in again.recording.readings] == [0, 5, 10, 15, 20, 25, 30, 31, 32]
    assert same_arrays(
        cr.train(run, epochs=1, batch_size=8, progress=False).network.parameters,
        trained(epochs=7, optimizer=cr.Adam(schedule)).network.parameters,
    )


def test_another_optimizer_begins_with_an_empty_memory_and_its_own_count() -> None:
    run = trained(optimizer="momentum", dtype="float64")
    more = cr.train(run, epochs=1, optimizer=cr.Adam(0.25), batch_size=None, progress=False)
    # The first step of Adam is the rate in each direction, whatever was done before.
    moved = np.abs(more.state.parameters - run.state.parameters)
    np.testing.assert_allclose(moved, 0.25, rtol=1e-5)
    assert set(more.state.optimizer) == {"mean", "square"}
    assert more.state.step == 31
    assert cr.train(more, epochs=0, progress=False).setup.optimizer == cr.Adam(0.25)


def test_a_default_that_is_given_is_a_choice() -> None:
    run = trained(optimizer="momentum", l2=0.1, patience=3, validation=0.2, batch_size=None)
    more = cr.train(
        run, epochs=4, optimizer="adam", l2=0.0, patience=None, batch_size="auto", progress=False
    )
    assert more.setup.optimizer == cr.Adam()
    assert more.setup.batch_size == len(more.setup.provenance.training)
    assert more.setup.stopping.patience is None
    assert np.isnan(more.history["penalty"][6:]).all()
    still = cr.train(run, epochs=1, loss=None, dtype=None, metrics=None, progress=False)
    assert same_run(still, cr.train(run, epochs=1, progress=False))


def test_other_frozen_parameters() -> None:
    run = trained(validation=0.2)
    more = cr.train(run, epochs=4, freeze="dense_1.*", progress=False)
    flat = Loop(run.setup, *run.rows or ()).named(run.state.parameters)
    for name in ("dense_1.W", "dense_1.b"):
        assert np.array_equal(more.network.parameters[name], flat[name])
    assert more.best_epoch > 6
    thawed = cr.train(more, epochs=4, freeze=[], progress=False)
    assert not np.array_equal(thawed.network.parameters["dense_1.W"], flat["dense_1.W"])


def test_limits_are_not_reached_twice() -> None:
    run = trained(epochs=100, validation=0.3, patience=2, learning_rate=0.1)
    assert "not better for 2 epochs" in run.ended
    more = cr.train(run, epochs=5, progress=False)
    assert more.recording.epochs >= run.recording.epochs + 2
    longer = cr.train(run, epochs=5, patience=90, progress=False)
    assert longer.recording.epochs == run.recording.epochs + 5


def test_rows_given_again_and_others() -> None:
    run = trained(validation=0.2)
    assert same_run(
        cr.train(run, X, Y, epochs=4, progress=False), trained(validation=0.2, epochs=10)
    )
    others = cr.train(run, X[:20], Y[:20], epochs=4, validation=0.25, progress=False)
    assert others.setup.provenance.rows == 20
    assert others.best_epoch > 6
    assert others.recording.epochs == 10
    assert others.state.step == run.state.step + 4 * 2


def test_new_metrics_stand_beside_the_old_ones() -> None:
    run = trained(validation=0.2, epochs=2)
    more = cr.train(run, epochs=1, metrics=["balanced_accuracy"], progress=False)
    accuracy, balanced = (
        more.history[f"validation_{name}"] for name in ("accuracy", "balanced_accuracy")
    )
    assert np.isnan([accuracy[2], *balanced[:2]]).all()
    assert not np.isnan([*accuracy[:2], balanced[2]]).any()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"seed": 9}, "seed cannot be changed"),
        ({"loss": "hinge"}, "loss cannot be changed"),
        ({"dtype": "float64"}, "dtype cannot be changed"),
        ({"validation": 0.5}, "Give X and y, too"),
        ({"sample_weight": np.ones(37)}, "Give X and y, too"),
        ({"y": Y}, "Give X and y, too"),
        ({"epochs": -1}, "epochs=-1"),
        ({"shuffle": 3}, "shuffle=3"),
        ({"metrics": ["acuracy"]}, "Did you mean 'accuracy'"),
        ({"patience": 3}, "no validation rows"),
        ({"learning_rate": -1.0}, "The learning rate is -1.0"),
        ({"freeze": "*"}, "Every parameter is frozen"),
    ],
)
def test_what_cannot_change_when_a_run_goes_on(given: dict[str, Any], words: str) -> None:
    run = trained(epochs=1)
    with pytest.raises(cr.SetupError, match=words):
        cr.train(run, **{"epochs": 1, "progress": False, **given})


# ---- weights ----


def test_weights_of_mean_one_are_rows_repeated() -> None:
    twice = np.concatenate([X, X[:5]]), np.concatenate([Y, Y[:5]])
    weight = np.r_[np.full(5, 2.0), np.ones(32)]
    plain = {"batch_size": None, "epochs": 3, "dtype": "float64", "progress": False, "seed": 1}
    repeated = cr.train(layers(), *twice, **plain)
    weighted = cr.train(layers(), X, Y, sample_weight=7.5 * weight, **plain)
    for name, content in weighted.network.parameters.items():
        np.testing.assert_allclose(content, repeated.network.parameters[name], rtol=1e-9)


def test_balanced_class_weights() -> None:
    counts = {one: np.sum(one == Y) for one in np.unique(Y).tolist()}
    given = {one: 37 / (3 * count) for one, count in counts.items()}
    assert same_run(trained(class_weight="balanced"), trained(class_weight=given))
    by_row = np.array([given[one] for one in Y.tolist()])
    assert trained(sample_weight=by_row).history["loss"] == pytest.approx(
        trained(class_weight=given).history["loss"], rel=1e-6
    )


def test_validation_rows_weigh_the_same_however_they_are_given() -> None:
    part = trained(validation=0.2, epochs=2)
    held, kept = (list(getattr(part.setup.provenance, one)) for one in ("validation", "training"))
    apart = cr.train(
        layers(), X[kept], Y[kept], validation=(X[held], Y[held]), epochs=2, batch_size=8, seed=3,
        progress=False,
    )  # fmt: skip
    assert apart.history["validation_loss"] == pytest.approx(
        part.history["validation_loss"], rel=1e-5
    )


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_a_share_counts_by_its_sample_weight_in_the_validation_loss(
    engine: str, class_weight: Any, tmp_path: Any
) -> None:
    weight = np.linspace(0.0, 3, 37)
    given = {"sample_weight": weight, "class_weight": class_weight, "engine": engine}
    run = trained(validation=0.4, epochs=3, keep="last", **given)
    held = np.array(run.setup.provenance.validation)
    right = np.array([run.setup.targets[0].labels.index(one) for one in Y[held].tolist()])
    losses = -np.log(run.predict_proba(X[held])[np.arange(len(held)), right])
    expected = np.average(losses, weights=weight[held])
    assert run.history["validation_loss"][-1] == pytest.approx(expected, rel=1e-5)
    run.save(tmp_path / "run")
    again = cr.train(
        cr.load(tmp_path / "run"), X, Y, epochs=2, sample_weight=weight,
        class_weight=class_weight, progress=False,
    )  # fmt: skip
    whole = trained(validation=0.4, epochs=5, keep="last", **given)
    assert again.history["validation_loss"] == whole.history["validation_loss"]


def test_metrics_leave_out_rows_of_weight_0() -> None:
    weight = (np.arange(37) % 3 > 0).astype(float)
    run = trained(validation=0.4, epochs=2, keep="last", sample_weight=weight)
    held = np.array(run.setup.provenance.validation)
    counted = held[weight[held] > 0.0]
    expected = np.mean(run.predict(X[counted]) == Y[counted])
    assert len(counted) < len(held)
    assert run.history["validation_accuracy"][-1] == pytest.approx(expected)


def test_validation_rows_of_weight_0_alone_are_refused() -> None:
    held = list(trained(validation=0.2, epochs=1).setup.provenance.validation)
    weight = np.ones(37)
    weight[held] = 0.0
    with pytest.raises(cr.DataError, match="All validation rows have the weight 0"):
        trained(validation=0.2, epochs=1, sample_weight=weight)
