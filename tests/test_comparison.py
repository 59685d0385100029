"""``compare``: what is equal for all settings, what each training comes to, failures, Ctrl-C."""

from __future__ import annotations

import _thread
import math
import os
import signal
import threading
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from comparisons import NETWORK, RANDOM, X, Y, compared, made_of

import chainrule as cr
from chainrule.comparison.door import _checked, _ready
from chainrule.comparison.goal import common_goal
from chainrule.comparison.running import order_of
from chainrule.comparison.settings import Setting
from chainrule.comparison.trial import Clock
from chainrule.engines.cores import at_most
from chainrule.errors import ChainruleError
from chainrule.training.state import Progress


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Any:
    """Threads and the answer to Ctrl-C are afterwards as they were before."""
    answer = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is answer
    assert not [one for one in threading.enumerate() if one.name.startswith("chainrule")]


def error_of(**given: Any) -> ChainruleError:
    with pytest.raises(ChainruleError) as caught:
        compared(**given)
    assert caught.value.cause.endswith(".")
    assert caught.value.remedy
    return caught.value


# ---- what is equal for all ----


def test_all_settings_have_the_same_start_and_split_for_a_seed() -> None:
    found = compared(optimizers=["momentum", "adam", "irprop_minus"])
    assert found.same_starts
    assert found.same_rows
    by_seed: dict[int, list[cr.Run]] = {}
    for one in found.trials:
        assert one.run is not None
        by_seed.setdefault(one.seed, []).append(one.run)
    assert sorted(by_seed) == [0, 1, 2]
    starts, splits = set(), set()
    for runs in by_seed.values():
        weights = {run.setup.network.parameters["dense_1.W"].tobytes() for run in runs}
        rows = {run.setup.provenance.validation for run in runs}
        assert len(runs) == 3
        assert len(weights) == 1
        assert len(rows) == 1
        starts |= weights
        splits |= rows
    assert len(starts) == len(splits) == 3


def test_another_start_or_split_is_seen() -> None:
    found = compared(seeds=1)
    first, second = found.trials
    assert first.run is not None
    assert second.run is not None
    setup = second.run.setup
    other = cr.Network(cr.Dense(5, "tanh"), cr.Dense()).sized({"x": (4,)}, 2).started(99)
    moved = replace(second, run=replace(second.run, setup=replace(setup, network=other)))
    assert not replace(found, trials=(first, moved)).same_starts
    rows = replace(setup.provenance, validation=(1, 2, 3))
    split = replace(second, run=replace(second.run, setup=replace(setup, provenance=rows)))
    assert not replace(found, trials=(first, split)).same_rows
    # A network of another shape has other weights, and that is no fault.
    wide = cr.Network(cr.Dense(9, "tanh"), cr.Dense())
    both = compared(settings={"narrow": {}, "wide": {"network": wide}}, seeds=1)
    assert both.same_starts


def test_a_training_is_that_of_train_by_itself() -> None:
    found = compared(optimizers=["adam", cr.Momentum(learning_rate=0.05)], batch_size=16)
    for one in found.trials:
        optimizer = "adam" if one.label == "adam" else cr.Momentum(learning_rate=0.05)
        with at_most(1):
            alone = cr.train(
                NETWORK, X, Y, optimizer=optimizer, epochs=6, validation=0.2, batch_size=16,
                seed=one.seed, readings=0, progress=False,
            )  # fmt: skip
        assert one.history == alone.history
        assert one.loss == min(alone.history["validation_loss"])
        kept = alone.history["validation_loss"].index(one.loss)
        assert one.scores["accuracy"] == alone.history["validation_accuracy"][kept]


def test_without_validation_rows_the_training_loss_counts() -> None:
    found = compared(validation=0.0)
    assert found.judged == "training loss"
    assert found.metric is None
    for one in found.trials:
        assert one.run is not None
        shares = one.run.predict_proba(X)
        assert one.loss == pytest.approx(-np.log(shares[range(80), Y]).mean(), rel=1e-5)


def test_all_settings_have_a_seed_before_the_next_one_begins() -> None:
    order = order_of(3, 4)
    assert len(set(order)) == 12
    for seed in range(4):
        part = order[3 * seed : 3 * seed + 3]
        assert {number for _, number in part} == {seed}
        assert part[0][0] == seed % 3


def test_the_order_of_the_trainings_is_that_of_the_settings() -> None:
    found = compared(optimizers={"b": "adam", "a": "momentum"}, seeds=[5, 2])
    assert [(one.label, one.seed) for one in found.trials] == [
        ("b", 5), ("b", 2), ("a", 5), ("a", 2),
    ]  # fmt: skip
    assert list(found.settings) == ["b", "a"]


def test_any_argument_of_train_can_differ() -> None:
    settings = [
        {"learning_rate": 0.1, "optimizer": "momentum"},
        {"l2": 0.1},
        {"network": cr.Network(cr.Dense(2, "relu"), cr.Dense())},
        {"batch_size": None},
    ]
    found = compared(settings=settings, seeds=1)
    labels = ["momentum, learning_rate=0.1", "l2=0.1", "network 3", "batch_size=None"]
    assert [one.label for one in found.trials] == labels
    runs = [one.run for one in found.trials]
    assert all(run is not None for run in runs)
    setups = [run.setup for run in runs if run is not None]
    assert setups[0].optimizer == cr.Momentum(learning_rate=0.1)
    assert setups[1].regularisation.l2 == 0.1
    assert setups[2].network.parameter_count == 4 * 2 + 2 + 2 * 2 + 2
    assert setups[3].batch_size == 64


def test_a_label_says_what_differs_from_the_defaults() -> None:
    plain, fast = cr.Adam(), cr.Adam(learning_rate=0.05)
    found = compared(optimizers=[plain, fast], seeds=1, epochs=1)
    assert list(found.settings) == ["adam", "adam (learning_rate=0.05)"]
    assert found.settings["adam"].startswith("adam(learning_rate=0.001, beta_1=")


# ---- time ----


def test_each_epoch_has_its_time() -> None:
    clock = Clock()
    clock.marks = [(2, 0.2), (4, 1.0)]
    assert clock.seconds(5) == pytest.approx([0.1, 0.2, 0.6, 1.0, 1.0])
    for one in compared().trials:
        assert one.seconds.shape == (6,)
        assert one.seconds[0] >= 0.0
        assert (np.diff(one.seconds) >= 0.0).all()
        assert one.seconds[-1] > 0.0


@pytest.mark.skipif(os.name == "nt", reason="its clock of threads is too coarse")
def test_a_clock_counts_the_work_of_its_own_thread() -> None:
    clock = Clock()
    clock.start()
    stop = threading.Event()
    busy = threading.Thread(target=lambda: [sum(range(1000)) for _ in iter(stop.is_set, True)])
    busy.start()
    stop.wait(0.2)
    stop.set()
    busy.join()
    clock.mark(Progress(1, {}, 0.1, dict))
    assert clock.marks[0][1] < 0.1


def test_seconds_end_a_training() -> None:
    found = compared(optimizers=["adam"], seeds=1, epochs=None, seconds=0.15)
    (one,) = found.trials
    assert one.run is not None
    assert one.run.ended == "the time limit of 0.15 s was reached" or one.epochs == 100_000
    assert one.epochs > 1


# ---- the goal ----


def test_a_goal_is_reached_in_the_first_epoch_that_is_as_good() -> None:
    found = compared(goal=0.69, epochs=30)
    assert found.goal is not None
    for one in found.trials:
        losses = one.history["validation_loss"]
        first = next((place for place, loss in enumerate(losses) if loss <= 0.69), None)
        assert found.goal.epoch(one) == (math.inf if first is None else first + 1)
        assert found.goal.seconds(one) == (math.inf if first is None else one.seconds[first])
    share = compared(goal={"accuracy": 0.5})
    assert share.goal is not None
    assert (share.goal.column, share.goal.rising) == ("validation_accuracy", True)
    for one in share.trials:
        scores = one.history["validation_accuracy"]
        first = next((place for place, score in enumerate(scores) if score >= 0.5), None)
        assert share.goal.epoch(one) == (math.inf if first is None else first + 1)


def test_of_an_error_the_lower_is_the_goal() -> None:
    numbers = X[:, 0] * 2.0 - X[:, 1]
    goal = {"root_mean_squared_error": 1.0}
    found = compared(y=numbers, metrics="root_mean_squared_error", goal=goal)
    assert found.goal is not None
    assert not found.goal.rising
    assert found.metric == "root_mean_squared_error"


def test_one_setting_far_behind_does_not_decide_the_goal() -> None:
    near = [[0.30, 0.31], [0.32, 0.33], [0.34, 0.35]]
    columns = {f"s{place}": pair for place, pair in enumerate([*near, [5.0, 6.0]])}
    parts = [
        made_of({label: [1.0]}, {"loss": [9.0, 9.0], "validation_loss": pair}).trials
        for label, pair in columns.items()
    ]
    goal = common_goal(parts, "validation_loss")
    assert goal is not None
    assert goal.value == 0.34
    two = common_goal(parts[2:], "validation_loss")
    assert two is not None
    assert two.value == 5.0


def test_without_a_goal_it_is_what_all_reach_half_of_the_time() -> None:
    found = compared(seeds=5, epochs=10)
    assert found.goal is not None
    assert found.goal.chosen
    counts = [one.reached for one in found.summaries]
    assert all(2 * count >= 5 for count in counts)
    # And no lower one would do.
    lower = replace(found.goal, value=found.goal.value - 1e-12)
    fewer = [sum(math.isfinite(lower.epoch(one)) for one in found.of(label))
             for label in found.settings]  # fmt: skip
    assert min(fewer) < 3


def test_a_setting_without_time_to_end_is_named() -> None:
    settings = {"long": {"epochs": 10**7, "max_seconds": 0.05}, "short": {}}
    said = compared(settings=settings, seeds=2).in_words
    assert "Of long, half of the trainings or more were cut off by the time limit." in said


# ---- failures ----


def test_a_loss_that_overflows_is_counted_with_its_reason() -> None:
    numbers = X[:, 0] * 2.0 - X[:, 1]
    wild = cr.GradientDescent(learning_rate=1e6)
    network = cr.Network(cr.Dense(5, "relu"), cr.Dense())
    found = compared(network=network, y=numbers, optimizers={"wild": wild, "adam": "adam"})
    failed = found.of("wild")
    assert all(one.failed is not None and "the loss became" in one.failed for one in failed)
    assert all(one.loss == math.inf for one in failed)
    assert all(one.failed is None for one in found.of("adam"))
    assert found.summaries[-1].label == "wild"
    assert (found.summaries[-1].failed, found.summaries[0].failed) == (3, 0)
    assert "wild failed in 3 of 3 trainings: the loss became" in found.in_words
    assert found.best.setup.optimizer.name == "adam"


def test_an_error_in_one_training_leaves_the_others() -> None:
    calls = iter(range(10**6))

    def fails_at_times(truth: Any, predicted: Any) -> float:
        if next(calls) == 9:
            raise ValueError("no number today")
        return 0.5

    found = compared(metrics=[fails_at_times])
    reasons = [one.failed for one in found.trials if one.failed is not None]
    assert reasons == ["The metric 'fails_at_times' gave no number (ValueError: no number today)"]
    assert len(found.trials) == 6
    assert sum(math.isfinite(one.loss) for one in found.trials) == 5


def test_an_error_in_all_trainings_is_raised() -> None:
    def fails(truth: Any, predicted: Any) -> float:
        raise ValueError("never")

    assert "gave no number" in error_of(metrics=[fails]).cause


def test_where_all_fail_it_is_said() -> None:
    found = made_of({"a": [math.inf] * 3, "b": [math.inf] * 3})
    assert found.in_words.startswith("Over 3 seeds, half of the trainings or more failed in every")
    assert "a and b failed in 3 of 3 trainings each: the loss became nan in epoch 3." in (
        found.in_words
    )
    with pytest.raises(cr.SetupError, match="Every training failed"):
        _ = found.best
    with pytest.raises(cr.SetupError, match="nothing to draw"):
        found.plot()


# ---- Ctrl-C ----


def test_an_interrupt_keeps_what_has_ended() -> None:
    calls = iter(range(10**6))

    def interrupting(truth: Any, predicted: Any) -> float:
        if next(calls) == 40:
            _thread.interrupt_main()
        return 0.5

    found = compared(metrics=[interrupting], seeds=200, epochs=8)
    assert found.interrupted
    assert 0 < len(found.trials) < found.planned
    assert all(one.epochs == 8 for one in found.trials)
    # Seed after seed, so that the settings have nearly equally many.
    counts = [len(found.of(label)) for label in found.settings]
    assert max(counts) - min(counts) <= 2
    assert f"It was interrupted: {len(found.trials)} of 400 trainings had ended." in found.in_words


def test_an_interrupt_before_anything_has_ended_keeps_nothing() -> None:
    once = iter([True])

    def interrupting(truth: Any, predicted: Any) -> float:
        if next(once, False):
            _thread.interrupt_main()
        return 0.5

    with pytest.raises(KeyboardInterrupt, match="No training had ended"):
        compared(metrics=[interrupting], seeds=1, epochs=10**7, max_seconds=30)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"optimizers": None}, "What is to be compared is not said"),
        ({"settings": [{}], "optimizers": ["adam"]}, "What is to be compared is not said"),
        ({"optimizers": "adam"}, "optimizers='adam' is no list"),
        ({"optimizers": []}, "There is nothing to compare"),
        ({"optimizers": ["adamm"]}, "There is no optimizer 'adamm'"),
        ({"optimizers": ["adam", "adam"]}, "Two settings are called 'adam'"),
        ({"optimizers": {"": "adam"}}, "The label '' is no text"),
        ({"settings": "adam"}, "settings='adam' is no list"),
        ({"settings": ["adam"]}, "The setting 'adam' is no mapping"),
        ({"settings": [{"seed": 3}]}, "'seed' has to be the same for all"),
        ({"settings": [{"loss": "huber"}]}, "'loss' has to be the same for all"),
        ({"settings": [{"learning_rat": 3}]}, "train() has no argument 'learning_rat'"),
        ({"checkpoint": "run"}, "'checkpoint' belongs to a single training"),
        ({"learning_rat": 0.1}, "train() has no argument 'learning_rat'"),
        ({"seeds": 0}, "seeds=0 is not possible"),
        ({"seeds": [1, 1]}, "A seed is given twice"),
        ({"seeds": "many"}, "seeds='many' is not possible"),
        ({"epochs": 0}, "epochs=0 is not possible"),
        ({"seconds": -1}, "seconds=-1 is no limit"),
        ({"goal": {"accurac": 0.9}}, "No training here measures 'accurac', so it is no goal"),
        ({"goal": "low"}, "goal='low' is no goal"),
        ({"goal": {"accuracy": 0.9}, "validation": 0.0}, "No training here measures 'accuracy'"),
        ({"network": None}, "train() was given NoneType"),
        ({"batch_size": 8, "optimizers": ["lbfgs"]}, "cannot be used with batches of 8"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(given: dict[str, Any], cause: str) -> None:
    assert cause in error_of(**given).cause


def test_losses_that_differ_are_refused() -> None:
    given = {"network": NETWORK, "X": X, "y": X[:, 0]}
    settings = [
        Setting(loss, loss, partial(_ready, {**given, "loss": loss}))
        for loss in ("huber", "mean_squared_error")
    ]
    with pytest.raises(cr.SetupError, match="different losses, huber and mean_squared_error"):
        _checked(settings, 0)


def test_losses_that_are_one_are_compared() -> None:
    numbers = np.stack([X[:, 0] > 0, RANDOM.random(80) > 0.5], axis=1).astype(float)
    settings = {"one": {"l2": 0.1}, "two": {"l2": 0.2}}
    assert compared(settings=settings, y=numbers, loss="huber", seeds=1).planned == 2
    # Two classes by one output or by two: the same loss under two names.
    one_output = cr.Network(cr.Dense(5, "tanh"), cr.Dense(1))
    found = compared(settings={"two": {}, "one": {"network": one_output}}, seeds=1)
    assert found.same_rows


def test_a_label_that_is_not_there_is_refused() -> None:
    with pytest.raises(cr.SetupError, match="'adan' is not compared"):
        compared(seeds=1).of("adan")
