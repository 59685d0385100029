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
from chainrule.diagnosis.probes.alike import mean_cosine
from chainrule.network.initializers import initializer
from chainrule.training.run import Run

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(120, 4))
Y = np.tanh(X @ [1.0, -1.0, 0.5, 1.5])
TWINS, SIZE = "units that are the same", "deviation at the start, over that of a usual start"
ALIKE = "cosine between the weights of two units, on average"
OF_ENTRIES = "size of the weights of entries at the start, over that of a usual start"
OF_STATES = "length of a state behind its weights, over that in front"
OF_TABLE = "size of the numbers of an embedding at the start"
SEQUENCES = RANDOM.normal(size=(60, 6, 3))
LETTERS = RANDOM.integers(0, 9, size=(60, 6))
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


def test_copies_in_pairs_are_seen() -> None:
    first = cr.Network(cr.Input(4), cr.Dense(6, "tanh"), cr.Dense(1), seed=0).parameters
    doubled = {name: one.copy() for name, one in first.items()}
    doubled["dense_1.W"][:, 3:] = doubled["dense_1.W"][:, :3]
    doubled["dense_2.W"][3:] = doubled["dense_2.W"][:3]
    network = cr.Network(cr.Input(4), cr.Dense(6, "tanh"), cr.Dense(1), parameters=doubled)
    (sign,) = signs_of(BAD_START, cr.train(network, X, Y, epochs=2, progress=False))
    assert (sign.quantity, sign.measured) == (TWINS, 1.0)
    assert sign.words.endswith("after the last step they still do.")


def sequential(*layers: Any) -> dict[str, list[str]]:
    return shown(*layers, cr.Dense(1), x=SEQUENCES, y=Y[:60])


@pytest.mark.parametrize("layer", [cr.Recurrent, cr.GRU, cr.LSTM])
def test_recurrences_of_a_bad_start_are_seen(layer: Any) -> None:
    same = layer(5, weights="constant 0.2", recurrent_weights="constant 0.2")
    name = f"{layer.__name__.lower()}_1"
    constant = cr.Dense(1, weights="constant 0.2")
    assert shown(same, constant, x=SEQUENCES, y=Y[:60])[TWINS][0] == name
    wide = initializer("normal", deviation=6.0)
    assert sequential(layer(5, weights=wide))[OF_ENTRIES] == [name]
    assert sequential(layer(5, recurrent_weights=wide))[OF_STATES] == [name]
    positive = initializer("uniform", low=0.0, high=0.3)
    assert sequential(layer(8, recurrent_weights=positive)) == {ALIKE: [name]}


@pytest.mark.parametrize("start", ["orthogonal", "glorot_normal", "lecun_uniform", "he_uniform"])
@pytest.mark.parametrize("layer", [cr.Recurrent, cr.GRU, cr.LSTM])
def test_usual_starts_of_recurrences_show_no_sign(layer: Any, start: str) -> None:
    assert not sequential(layer(8, weights="lecun_normal", recurrent_weights=start))
    assert not sequential(layer(8, truncate=3, both_ways=True))


def test_tables_of_embeddings_are_looked_at() -> None:
    def of(start: Any, **chosen: Any) -> dict[str, list[str]]:
        layers = (cr.Embedding(9, 8, start=start), cr.Flatten(), hidden(None), cr.Dense(1))
        return shown(*layers, x=LETTERS, y=Y[:60], **chosen)

    for deviation in (0.003, 0.05, 1.0):
        assert OF_TABLE not in of(initializer("normal", deviation=deviation))
    assert of("zeros")[OF_TABLE] == ["embedding_1"]
    wide = initializer("normal", deviation=20.0)
    assert of(wide)[OF_TABLE] == ["embedding_1"]
    assert OF_TABLE not in of(wide, freeze=["embedding_1.*"])


def test_the_mean_cosine_is_that_of_all_pairs_and_varies_as_it_says() -> None:
    drawn = RANDOM.normal(size=(400, 6, 5))
    lengths = np.linalg.norm(drawn[0], axis=1)
    cosines = drawn[0] @ drawn[0].T / np.outer(lengths, lengths)
    pairs = cosines[np.triu_indices(6, 1)]
    assert mean_cosine(drawn[0])[0] == pytest.approx(pairs.mean())
    found = np.array([mean_cosine(one) for one in drawn])
    assert found[:, 0].std() == pytest.approx(found[0, 1], rel=0.15)
    assert mean_cosine(np.abs(drawn[0]) ** 0)[0] == pytest.approx(1.0)
    assert mean_cosine(RANDOM.uniform(size=(60, 80)))[0] == pytest.approx(0.75, abs=0.02)
    assert mean_cosine(np.zeros((4, 3)))[1] == np.inf


def test_equal_weights_with_other_gradients_are_alike_and_no_twins() -> None:
    # What stands behind the units differs, so that they part; so do classes.
    found = shown(hidden("constant 0.3"), cr.Dense(1))
    assert found[ALIKE] == ["dense_1"]
    assert TWINS not in found
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


def test_the_usual_start_of_sequences_is_that_of_their_layers() -> None:
    bad = initializer("normal", deviation=9.0)
    layers = (
        cr.Embedding(9, 6, start=bad),
        cr.LSTM(5, weights=bad, recurrent_weights=bad, bias="constant 0.5"),
    )
    case = case_of(trained(*layers, cr.Dense(1), x=LETTERS, y=Y[:60]))
    changed = BAD_START.remedies(Examination(case))[0].change(case.arrangement)
    first = changed.started(3, 2).setup.network.parameters
    u = first["lstm_1.U"]
    np.testing.assert_allclose(u @ u.T, np.eye(5), atol=1e-6)
    assert np.abs(first["lstm_1.W"]).max() <= (6.0 / (6 + 20)) ** 0.5
    assert first["embedding_1.table"].std() == pytest.approx(0.05, rel=0.3)
    # Gates are held open or closed by biases on purpose.
    np.testing.assert_array_equal(first["lstm_1.b"], 0.5)


def test_a_start_that_does_no_harm_is_not_confirmed() -> None:
    small = initializer("normal", deviation=0.05)
    run = trained(
        hidden(small, "relu", 32), cr.Dense(1), epochs=120, learning_rate=0.02, validation=0.25
    )
    finding = finding_of(BAD_START, run)
    assert finding.signs
    assert not finding.is_confirmed
