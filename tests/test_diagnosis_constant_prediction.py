"""A network that predicts a constant: what holds it back, and what is only an early training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rate_cases import mostly, named, sides, trained, verdict, waves
from sampled_or_whole import SEEDS

import chainrule as cr
from chainrule.diagnosis.ailments.constant_prediction import CONSTANT_PREDICTION
from chainrule.diagnosis.ailments.overfitting import OVERFITTING
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.relative_error import relative_error
from chainrule.randomness import normal

HELD_BACK = {
    "l2": {"l2": 2.0},
    "l1": {"l1": 0.3},
    "decay": {"weight_decay": 50.0},
    "adamw": {"optimizer": cr.AdamW(learning_rate=0.01, weight_decay=50.0), "learning_rate": None},
}


def signs_of(run: Any) -> list[Any]:
    return CONSTANT_PREDICTION.signs(Examination(case_of(run)))


def remedy_names(run: Any) -> list[str]:
    return [one.name for one in CONSTANT_PREDICTION.remedies(Examination(case_of(run)))]


def test_its_specimen_is_named() -> None:
    assert mostly(named(CONSTANT_PREDICTION.specimen), "constant_prediction")


@pytest.mark.parametrize("what", HELD_BACK)
def test_what_holds_the_weights_at_nothing_is_named(what: str) -> None:
    def at(seed: int) -> Any:
        given: dict[str, Any] = {"learning_rate": 0.01, "keep": "last", **HELD_BACK[what]}
        return trained(waves(seed), 1, epochs=60, validation=0.2, seed=seed, **given)

    # Where a lower rate helps a little as well, what is left beside it is too strong a penalty.
    assert set(named(at)) <= {"constant_prediction", "over_regularised"}
    found = verdict(at(0))
    assert found.name == "constant_prediction"
    assert found.primary.remedy.name == "no penalties"


def narrow(seed: int) -> Case:
    """Return a training through two pairs of units: by seed 20 a pair is off for every row."""
    network = cr.Network(cr.Dense(2, "relu"), cr.Dense(2, "relu"), cr.Dense(2))
    given = {"learning_rate": 0.02, "epochs": 30, "seed": seed}
    return case_of(trained(sides(), 2, network=network, **given))


def test_an_unlucky_start_is_told_by_others() -> None:
    unlucky = narrow(20)
    examined = Examination(unlucky)
    assert CONSTANT_PREDICTION.signs(examined) != []
    assert CONSTANT_PREDICTION.confirm is not None
    experiment = CONSTANT_PREDICTION.confirm(
        examined, Laboratory(unlucky, 15), CONSTANT_PREDICTION.remedies(examined)
    )
    assert experiment is not None
    assert experiment.remedy.name == "another start"
    assert experiment.untreated_name == "from the run's own start in other orders"
    # Other orders of the rows do not help; the start is what makes the difference.
    assert min(experiment.without) > 0.95
    assert np.median(experiment.treated) < 0.9


def test_early_is_not_stuck() -> None:
    for seed in SEEDS:
        assert signs_of(trained(waves(seed), 1, batch_size=None, epochs=6, seed=seed)) == []


def test_what_learns_shows_no_sign() -> None:
    for seed in SEEDS:
        run = trained(sides(seed), 2, learning_rate=0.01, epochs=40, validation=0.2, seed=seed)
        assert signs_of(run) == []


def test_noise_that_was_learned_by_heart_is_no_constant() -> None:
    x, _ = waves(rows=60)
    y = np.random.default_rng(3).normal(size=len(x))
    run = trained((x, y), 1, learning_rate=0.02, epochs=400, validation=0.3)
    assert signs_of(run) == []


def test_a_constant_that_no_remedy_moves_is_unexplained() -> None:
    x, _ = waves(rows=400)
    y = np.random.default_rng(3).normal(size=len(x))
    run = trained((np.zeros_like(x), y), 1, learning_rate=0.01, epochs=40)
    found = verdict(run)
    assert (found.standing, found.name) == ("unexplained", "constant_prediction")


# ---- remedies ----


def changed(name: str, **given: Any) -> tuple[Any, Any]:
    """Return a setup before and after a remedy."""
    case = case_of(trained(waves(rows=40), 1, epochs=60, **given))
    (remedy,) = [one for one in CONSTANT_PREDICTION.remedies(Examination(case)) if one.name == name]
    return case.setup, remedy.change(case.arrangement).setup


def test_only_what_is_there_is_taken_away() -> None:
    plain = trained(waves(rows=40), 1, learning_rate=0.01, epochs=60)
    assert remedy_names(plain) == ["another start"]


def test_penalties_and_the_optimizers_own_decay_are_left_out() -> None:
    _, after = changed("no penalties", l1=0.1, l2=0.2, weight_decay=0.3, optimizer="adamw")
    given = after.regularisation
    assert (given.l1, given.l2, given.weight_decay, after.optimizer.weight_decay) == (0, 0, 0, 0)


def test_nothing_is_dropped_frozen_or_clipped() -> None:
    network = cr.Network(cr.Dense(8, "relu"), cr.Dropout(0.9), cr.Dense(1))
    _, after = changed("no dropping", network=network)
    assert [one.settings["rate"] for one in after.network.plan.steps if one.op == "dropout"] == [
        0.0
    ]
    _, after = changed("nothing frozen", freeze=("dense_1.*",), rates={"dense_2.W": 0.0})
    assert after.freeze == ()
    assert after.rates == {}
    _, after = changed("no clipping", clip_norm=1e-9, clip_value=1.0)
    assert after.regularisation.clip_norm is None
    assert after.regularisation.clip_value is None


def test_slow_descent_is_tried_with_adam_unless_its_rate_is_too_low() -> None:
    flat = trained(waves(rows=200), 1, optimizer="gradient_descent", learning_rate=0.1, epochs=60,
                   l2=3.0)  # fmt: skip
    assert "adam" in remedy_names(flat)
    slow = trained(waves(rows=200), 1, optimizer="gradient_descent", learning_rate=1e-6, epochs=60)
    assert "adam" not in remedy_names(slow)


@pytest.mark.parametrize("informs", [True, False])
def test_classes_that_are_weighed_are_judged_by_how_they_are_told_apart(informs: bool) -> None:
    random = np.random.default_rng(4)
    y = (np.arange(900) % 30 == 0).astype(int)
    x = informs * (random.normal(size=(900, 2)) + 1.3 * y[:, None] * [1.0, 0.0])
    run = cr.train(
        cr.Network(cr.Dense(8, "tanh"), cr.Dense()), x, y, learning_rate=0.01, epochs=40,
        class_weight="balanced", validation=0.25, progress=False,
    )  # fmt: skip
    # Of rows that count alike it is worse than a constant, also where it tells the classes apart.
    examined = Examination(case_of(run))
    even = replace(examined.case.training, weights=np.ones(len(examined.case.training)))
    assert relative_error(examined.case.trained, run.setup, even) > 1.5
    assert (examined.last_errors.training < 0.6) is informs
    assert bool(signs_of(run)) is not informs


def test_a_few_steps_that_came_to_rest_were_enough() -> None:
    """A search of 40 steps, whose loss under a penalty creeps by less than a five-hundredth."""
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 5))
    network = cr.Network(cr.Dense(12, "relu"), cr.Dense(2))
    run = cr.train(
        network, x, (x[:, 0] > 0.0).astype(int), optimizer="irprop_plus", l2=1.4, epochs=40,
        progress=False,
    )  # fmt: skip
    sign, penalty = CONSTANT_PREDICTION.signs(Examination(case_of(run)))
    assert "Penalties" in penalty.words
    assert sign.measured > 0.95


def test_what_is_no_better_than_a_constant_on_rows_held_out_is_not_healthy() -> None:
    x = normal(0, "rows of a test", 160 * 30).reshape(160, 30)
    y = x[:, 0] + 2.0 * normal(1, "targets of a test", 160)
    network = cr.Network(cr.Dense(40, "relu"), cr.Dense(1))
    for held, shows in ((0.5, True), (0.1, False)):
        run = cr.train(
            network, x, y, validation=held, learning_rate=0.01, epochs=100, keep="last",
            progress=False,
        )  # fmt: skip
        examined = Examination(case_of(run))
        assert examined.errors.training < 0.5
        assert examined.errors.validation > 1.0
        # It has learned its own rows, so that it is no constant, and has failed all the same.
        assert CONSTANT_PREDICTION.signs(examined) == []
        assert any(one.is_failure for one in OVERFITTING.signs(examined)) is shows
    sound = cr.train(network, x, x[:, 0], validation=0.5, epochs=100, progress=False)
    assert CONSTANT_PREDICTION.signs(Examination(case_of(sound))) == []


# ---------------------------------------------------------------- layers that pass nothing on


def test_a_layer_that_normalises_one_number_is_named_and_left_out() -> None:
    network = cr.Network(cr.Dense(12, "tanh"), cr.Dense(1), cr.LayerNorm(), cr.Dense(1))
    run = trained(waves(), 1, network=network, epochs=60, learning_rate=0.01, validation=0.25)
    # One less itself is 0: the output is the same for all rows.
    assert np.ptp(run.predict(waves()[0])) == 0.0
    report = cr.diagnose(run)
    assert report.name == "constant_prediction"
    assert any("layer_norm_1 normalises each number by itself" in one.words
               for one in report.primary.signs)  # fmt: skip
    fix = report.fix(seeds=4, progress=False)
    assert "LayerNorm" not in str(fix.run.network)
    assert set(fix.run.network.parameters) == {
        "dense_1.W", "dense_1.b", "dense_2.W", "dense_2.b", "dense_3.W", "dense_3.b"
    }  # fmt: skip
    assert np.ptp(fix.run.predict(waves()[0])) > 0.5


def test_a_layer_that_normalises_several_numbers_is_none() -> None:
    network = cr.Network(cr.Dense(12, "tanh"), cr.LayerNorm(), cr.Dense(1))
    found = cr.check(network, *waves(), validation=0.25)
    assert "layers" in found.checked
    assert not [one for one in found.concerns if "passes nothing on" in one.name]
