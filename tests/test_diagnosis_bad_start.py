"""Bad starts: units that are the same, weights of the wrong size or sign, and good starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trial_of_ailment import FOUND, confirmed, finding_of, signs_of

import chainrule as cr
from chainrule.diagnosis.ailments.bad_start import BAD_START
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.network.initializers import initializer
from chainrule.training.run import Run

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(120, 4))
Y = np.tanh(X @ [1.0, -1.0, 0.5, 1.5])
TWINS, SIZE = "units that are the same", "deviation at the start, over that of a usual start"
ASLEEP = "units that are flat at the start"


def trained(*layers: Any, x: Any = X, y: Any = Y, **chosen: Any) -> Run:
    return cr.train(cr.Network(*layers), x, y, **{"epochs": 2, **chosen}, progress=False)


def hidden(start: Any, activation: str = "tanh", units: int = 12) -> cr.Dense:
    return cr.Dense(units, activation, weights=start)


def shown(*layers: Any, **chosen: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in signs_of(BAD_START, trained(*layers, **chosen)):
        found.setdefault(one.quantity, []).append(one.where)
    return found


def test_the_specimen_is_confirmed() -> None:
    assert confirmed(BAD_START) >= FOUND


@pytest.mark.parametrize("start", ["zeros", "constant 0.3"])
def test_units_that_are_the_same_are_seen(start: str) -> None:
    assert "dense_1" in shown(hidden(start), cr.Dense(1, weights=start))[TWINS]


def test_kernels_that_are_the_same_are_seen() -> None:
    images = RANDOM.normal(size=(30, 1, 6, 6))
    layers = (
        cr.Conv(4, 3, weights="constant 0.1"), cr.Activation("tanh"), cr.GlobalAveragePool(),
        cr.Dense(1, weights="constant 0.1"),
    )  # fmt: skip
    assert shown(*layers, x=images, y=Y[:30])[TWINS] == ["conv_1"]


def test_equal_weights_with_other_gradients_are_no_twins() -> None:
    # What stands behind the units differs, so that they part at once; so do classes.
    assert TWINS not in shown(hidden("constant 0.3"), cr.Dense(1))
    labels = np.arange(120) % 3
    assert not shown(cr.Dense(3, weights="zeros"), y=labels, x=X + labels[:, None])


@pytest.mark.parametrize("deviation", [0.01, 8.0])
def test_weights_of_the_wrong_size_are_seen(deviation: float) -> None:
    start = initializer("normal", deviation=deviation)
    assert "dense_2" in shown(hidden(start), hidden(start), cr.Dense(1))[SIZE]


def test_small_factors_multiply_over_depth() -> None:
    start = initializer("normal", deviation=0.12)
    assert shown(*[hidden(start) for _ in range(6)], cr.Dense(1))[SIZE][-1] == "dense_6"
    assert not shown(hidden(start), cr.Dense(1))


def test_weights_on_one_side_put_units_to_sleep_and_biases_are_another_matter() -> None:
    down = initializer("uniform", low=-1.0, high=0.0)
    assert shown(hidden(down, "relu"), cr.Dense(1), x=np.abs(X))[ASLEEP] == ["dense_1"]
    assert not shown(cr.Dense(12, "relu", bias="constant -9"), cr.Dense(1))


@pytest.mark.parametrize(
    "layers",
    [
        [hidden("orthogonal"), hidden("orthogonal"), cr.Dense(1)],
        [hidden("he_normal"), hidden("lecun_uniform"), cr.Dense(1)],
        [hidden("glorot_normal", "relu"), cr.Dense(1, weights="zeros")],
        [cr.Dense(1, weights="zeros")],
        [*[cr.Dense(8, "relu") for _ in range(8)], cr.Dense(1)],
        [cr.BatchNorm(), cr.Dense(8, "gelu"), cr.Dropout(0.2), cr.Dense(1)],
    ],
    ids=["orthogonal", "fans", "zero head", "linear", "deep", "norm"],
)
def test_usual_starts_show_no_sign(layers: list[Any]) -> None:
    assert not shown(*layers)


def test_a_start_that_has_learned_already_is_not_bad() -> None:
    start = initializer("normal", deviation=4.0)
    run = trained(hidden(start, units=40), cr.Dense(1), epochs=300, learning_rate=0.02)
    assert signs_of(BAD_START, run)
    assert run.training_loss < 0.1 * float(np.var(Y))
    assert not signs_of(BAD_START, cr.train(run.network, X, Y, epochs=2, progress=False))


def test_the_usual_start_is_drawn_by_the_seed_and_leaves_what_is_frozen() -> None:
    run = trained(hidden("zeros"), hidden("zeros"), cr.Dense(1), freeze=["dense_2.*"])
    case = case_of(run)
    remedies = BAD_START.remedies(Examination(case))
    assert remedies[0].name == "usual start of every layer"
    changed = remedies[0].change(case.arrangement)
    first, other = (changed.started(seed, 2).setup.network.parameters for seed in (0, 7))
    assert first["dense_1.W"].std() > 0.1
    assert not np.array_equal(first["dense_1.W"], other["dense_1.W"])
    assert not first["dense_2.W"].any()


def test_a_start_that_does_no_harm_is_not_confirmed() -> None:
    small = initializer("normal", deviation=0.05)
    run = trained(
        hidden(small, "relu", 32), cr.Dense(1), epochs=120, learning_rate=0.02, validation=0.25
    )
    finding = finding_of(BAD_START, run)
    assert finding.signs
    assert not finding.is_confirmed
