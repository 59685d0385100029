"""Saturated units, and gradients that vanish or explode: signs, remedies, healthy neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from diagnosed_runs import rows
from trial_of_ailment import FOUND, confirmed, finding_of, signs_of

import chainrule as cr
from chainrule.diagnosis.ailments.saturation import SATURATION
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.depth import relative_gradients
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.network.initializers import initializer
from chainrule.training.run import Run

RANDOM = np.random.default_rng(9)
X = RANDOM.normal(size=(120, 4))
Y = np.tanh(X @ [1.0, -1.0, 0.5, 1.5])
FLAT, DEPTH = "saturated units", "gradient of the first layer over that of the last"
SHARED = "deviation behind a hidden softmax, over that in front of it"

RELU = "relu in place of sigmoid in hidden layers"


def trained(*layers: Any, **chosen: Any) -> Run:
    return cr.train(cr.Network(*layers), X, Y, **{"epochs": 2, **chosen}, progress=False)


def shown(*layers: Any, **chosen: Any) -> dict[str, str]:
    found = signs_of(SATURATION, trained(*layers, **chosen))
    return {one.quantity: one.side for one in found}


def test_the_specimen_is_confirmed() -> None:
    assert confirmed(SATURATION) >= FOUND


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "hard_sigmoid"])
def test_flat_layers_are_seen(activation: str) -> None:
    layer = cr.Dense(12, activation, bias="constant 12")
    assert shown(layer, cr.Dense(1)) == {FLAT: "above"}


def test_gradients_that_vanish_are_seen() -> None:
    layers = [cr.Dense(8, "sigmoid") for _ in range(8)]
    assert shown(*layers, cr.Dense(1))[DEPTH] == "below"


def test_gradients_that_explode_are_seen() -> None:
    # So little weight in front that a step along the gradient is thousands of times as large.
    small = initializer("normal", deviation=0.001)
    layers = [cr.Dense(8, "tanh", weights=small), cr.Dense(8, "tanh"), cr.Dense(1)]
    assert shown(*layers) == {DEPTH: "above"}


def test_relative_gradients_are_those_of_backpropagation() -> None:
    run = trained(cr.Dense(6, "tanh"), cr.Dense(5, "tanh"), cr.Dense(1), dtype="float64")
    first = run.setup.network
    slopes = cr.backpropagate(first, X, Y[:, None], loss="mean_squared_error").gradients
    due = [
        (name, np.linalg.norm(slopes[name]) / np.linalg.norm(first.parameters[name]))
        for name in ("dense_1.W", "dense_2.W", "dense_3.W")
    ]
    found = relative_gradients(Examination(case_of(run)).at_first)
    assert [one for one, _ in found] == [one for one, _ in due]
    np.testing.assert_allclose([one for _, one in found], [one for _, one in due])


def test_a_softmax_that_was_to_be_the_output_is_named_with_what_was_added_behind_it() -> None:
    """One unit for two classes: train() adds a Dense(2) behind it, and the softmax is always 1."""
    x, y = rows(200)
    network = cr.Network(cr.Dense(12, "tanh"), cr.Dense(1, "softmax"))
    run = cr.train(network, x, (y > 0).astype(int), epochs=30, learning_rate=0.02, validation=0.25,
                   progress=False)  # fmt: skip
    case = case_of(run)
    examined = Examination(case)
    (sign,) = SATURATION.signs(examined)
    assert "Behind it stands dense_3, Dense(2): train() adds such a layer" in sign.words
    told = [one.words for one in SATURATION.remedies(examined)]
    assert told[0].startswith("Leave the softmax of dense_2 out.")
    assert told[1].startswith("Use tanh in place of softmax in dense_2")
    changed = SATURATION.remedies(examined)[0].change(case.arrangement).setup.network
    assert "softmax" not in str(changed)
    found = verdict_of(case, seconds=10.0)
    assert found.name == "saturation"
    assert found.primary is not None
    assert found.primary.experiment is not None
    assert max(found.primary.experiment.treated) < 0.3


def test_a_hidden_softmax_is_seen() -> None:
    assert shown(cr.Dense(24, "softmax"), cr.Dense(1))[SHARED] == "below"


@pytest.mark.parametrize(
    "layers",
    [
        [cr.Dense(12, "tanh"), cr.Dense(12, "tanh"), cr.Dense(1)],
        [cr.Dense(12, "sigmoid"), cr.Dense(1)],
        [*[cr.Dense(12, "relu") for _ in range(10)], cr.Dense(1)],
        [cr.Dense(12, "gelu"), *[cr.Residual(cr.Dense(12, "gelu"), cr.Dense(12))] * 8, cr.Dense(1)],
        [cr.Dense(12), cr.BatchNorm(), cr.Activation("tanh"), cr.Dense(1)],
    ],
    ids=["tanh", "sigmoid", "deep relu", "residual", "norm"],
)
def test_healthy_neighbours_show_no_sign(layers: list[Any]) -> None:
    assert not shown(*layers, epochs=4)


def test_what_has_learned_shows_no_sign() -> None:
    layers = [cr.Dense(12, "tanh", bias="constant 4"), cr.Dense(1)]
    assert shown(*layers) == {FLAT: "above"}
    run = trained(*layers, epochs=400, learning_rate=0.03)
    assert run.training_loss < 0.1 * float(np.var(Y))
    assert not signs_of(SATURATION, run)


def test_other_activations_get_the_start_that_they_ask_for() -> None:
    case = case_of(trained(*[cr.Dense(40, "sigmoid") for _ in range(7)], cr.Dense(1)))
    found = {one.name: one for one in SATURATION.remedies(Examination(case))}
    changed = (
        found[f"{RELU}, with the start that it asks for"].change(case.arrangement).setup.network
    )
    assert {one.op for one in changed.plan.steps} == {"linear", "relu"}
    starts = {one.name: one.start.name for one in changed.plan.parameters}
    assert starts["dense_1.W"].startswith("he_")
    assert starts["dense_8.W"] == "glorot_uniform"
    assert changed.parameters["dense_2.W"].std() == pytest.approx((2.0 / 40.0) ** 0.5, rel=0.1)


def test_a_bad_start_stays_for_other_activations() -> None:
    layers = [cr.Dense(8, "sigmoid", weights="constant 0.1") for _ in range(7)]
    case = case_of(trained(*layers, cr.Dense(1)))
    found = {one.name: one for one in SATURATION.remedies(Examination(case))}
    changed = found[RELU].change(case.arrangement).setup.network
    np.testing.assert_array_equal(changed.parameters["dense_1.W"], 0.1)


def test_what_starts_as_usual_is_not_started_anew_and_a_bad_start_is_another_ailment() -> None:
    def offered(**chosen: Any) -> list[str]:
        layers = [cr.Dense(8, "sigmoid", **chosen) for _ in range(7)]
        case = case_of(trained(*layers, cr.Dense(1)))
        return [one.name for one in SATURATION.remedies(Examination(case))]

    start = "usual start of every layer"
    assert start not in offered()
    assert start in offered(weights="glorot_normal")
    assert start not in offered(weights="constant 0.1")


def test_a_gradient_that_is_lost_has_only_to_be_helped() -> None:
    def by_law(*layers: Any) -> bool:
        run = trained(*layers)
        found = finding_of(SATURATION, run).experiment
        assert found is not None
        return found.is_clear or found.deduced

    assert by_law(*[cr.Dense(6, "sigmoid") for _ in range(10)], cr.Dense(1))
    assert by_law(cr.Dense(24, "softmax"), cr.Dense(1))
    # Small weights of an output make its gradient large beside them: nothing is lost in front.
    small = initializer("normal", deviation=1e-4)
    layers = [*[cr.Dense(8, "tanh") for _ in range(3)], cr.Dense(1, weights=small)]
    assert shown(*layers)[DEPTH] == "below"
    assert not by_law(*layers)


def test_a_lost_gradient_is_a_sign_also_where_much_has_been_learned() -> None:
    layers = [cr.Dense(8, "sigmoid") for _ in range(6)]
    run = trained(*layers, cr.Dense(1), epochs=600, learning_rate=0.03, target_loss=0.05)
    assert 0.03 < run.training_loss / float(np.var(Y)) < 0.1
    assert [one.quantity for one in signs_of(SATURATION, run)] == [DEPTH]


def test_small_recurrent_weights_lose_the_gradient_that_right_angles_keep() -> None:
    from chainrule.diagnosis.ailments.saturation import ALONG_SEQUENCE, SATURATION
    from chainrule.diagnosis.cases.case import case_of
    from chainrule.diagnosis.examination import Examination
    from chainrule.randomness import normal

    x = normal(0, "sequences of a test", 60 * 12).reshape(60, 12, 1)
    labels = (x[:, 0, 0] > 0.0).astype(int)
    small = cr.initializer("normal", deviation=0.05)
    signs = []
    for start in (small, "orthogonal"):
        network = cr.Network(cr.Recurrent(8, recurrent_weights=start), cr.Dense())
        run = cr.train(network, x, labels, epochs=2, progress=False)
        examined = Examination(case_of(run))
        found = SATURATION.signs(examined)
        signs.append([one for one in found if one.kind == ALONG_SEQUENCE])
        if start is small:
            (remedy,) = SATURATION.remedies(examined)
            treated = remedy.change(case_of(run).arrangement).setup.network
            u = treated.parameters["recurrent_1.U"]
            assert abs(u.T @ u - np.eye(8)).max() < 1e-6
    assert list(map(len, signs)) == [1, 0]
