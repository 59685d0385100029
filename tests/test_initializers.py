"""First values: their distributions, their streams, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule.errors import SetupError
from chainrule.network.initializers import Initializer, Place, find_initializer, initializer
from chainrule.network.layers import Dense, Input
from chainrule.network.network import Network

FAN_IN, FAN_OUT = 200, 300


def drawn(
    choice: str | Initializer, fan_in: int = FAN_IN, fan_out: int = FAN_OUT, seed: int = 0
) -> NDArray[np.float64]:
    place = Place((fan_in, fan_out), fan_in, fan_out, seed, "start of dense_1.W")
    return find_initializer(choice).draw(place)


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / (FAN_IN + FAN_OUT)),
        ("glorot_normal", 2 / (FAN_IN + FAN_OUT)),
        ("he_uniform", 2 / FAN_IN),
        ("he_normal", 2 / FAN_IN),
        ("lecun_uniform", 1 / FAN_IN),
        ("lecun_normal", 1 / FAN_IN),
        ("uniform", 0.1**2 / 12),
        ("normal", 0.05**2),
    ],
)
def test_the_variance_is_that_of_the_paper(name: str, variance: float) -> None:
    values = drawn(name)
    # 60000 draws: the variance of a sample is known to about 1 percent.
    assert np.var(values) == pytest.approx(variance, rel=0.03)
    assert abs(values.mean()) < 5 * math.sqrt(variance / values.size)
    if "uniform" in name:
        bound = math.sqrt(3 * variance)
        assert 0.999 * bound < np.abs(values).max() < bound
    else:
        # A normal distribution has a kurtosis of 3, a uniform one of 1.8.
        assert np.mean(values**4) / np.var(values) ** 2 == pytest.approx(3.0, abs=0.15)


def test_constants() -> None:
    assert not drawn("zeros").any()
    assert (drawn("constant 0.25") == 0.25).all()
    assert (drawn(initializer("constant", value=-2.0)) == -2.0).all()
    assert (drawn(initializer("uniform", low=2.0, high=3.0)) > 2.0).all()
    assert drawn(initializer("normal", deviation=4.0)).std() == pytest.approx(4.0, rel=0.02)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7)])
def test_orthogonal_columns_or_rows(shape: tuple[int, int]) -> None:
    values = drawn("orthogonal", *shape)
    narrow = values if shape[0] >= shape[1] else values.T
    np.testing.assert_allclose(narrow.T @ narrow, np.eye(min(shape)), atol=1e-12)
    np.testing.assert_allclose(drawn(initializer("orthogonal", gain=2.0), *shape), 2.0 * values)


def test_orthogonal_has_no_preferred_direction() -> None:
    first = [drawn("orthogonal", 2, 2, seed)[0, 0] for seed in range(400)]
    # The first entry of a random rotation or reflection is the cosine of a uniform angle.
    assert abs(np.mean(first)) < 0.12
    assert np.var(first) == pytest.approx(0.5, abs=0.06)


def test_nguyen_widrow_covers_the_inputs() -> None:
    network = Network(
        Input(3), Dense(20, "tanh", weights="nguyen_widrow", bias="nguyen_widrow"), seed=1
    )
    length = 0.7 * 20 ** (1 / 3)
    weights, bias = network.parameters["dense_1.W"], network.parameters["dense_1.b"]
    np.testing.assert_allclose(np.linalg.norm(weights, axis=0), length, rtol=1e-12)
    assert (np.abs(bias) <= length).all()
    assert np.abs(bias).max() > 0.6 * length
    # Each unit is steepest on a plane through or near the cube of inputs from -1 to 1.
    distance = np.abs(bias) / np.linalg.norm(weights, axis=0)
    assert (distance <= 1.0).all()


def test_the_same_seed_draws_the_same() -> None:
    assert np.array_equal(drawn("he_normal", seed=3), drawn("he_normal", seed=3))
    assert not np.array_equal(drawn("he_normal", seed=3), drawn("he_normal", seed=4))


def test_a_parameter_has_a_stream_of_its_own() -> None:
    def network(*more: Dense, seed: int = 5) -> dict[str, Any]:
        return Network(Input(4), Dense(8, "tanh"), Dense(8, "tanh"), *more, seed=seed).parameters

    short, long = network(), network(Dense(3))
    for name, content in short.items():
        assert np.array_equal(content, long[name])
    assert not np.array_equal(network()["dense_2.W"], network(seed=6)["dense_2.W"])
    square = Network(Input(8), Dense(8), Dense(8), seed=5).parameters
    assert not np.array_equal(square["dense_1.W"], square["dense_2.W"])


def test_the_fans_are_those_of_the_layer() -> None:
    network = Network(Input(50), Dense(400, weights="lecun_normal", bias="lecun_uniform"), seed=0)
    assert network.parameters["dense_1.W"].std() == pytest.approx(math.sqrt(1 / 50), rel=0.03)
    bound = math.sqrt(3 / 50)
    assert 0.97 * bound < np.abs(network.parameters["dense_1.b"]).max() < bound


@pytest.mark.parametrize(
    ("activation", "deviation"),
    [("relu", math.sqrt(2 / 300)), ("gelu", math.sqrt(2 / 300)), ("selu", math.sqrt(1 / 300)),
     ("tanh", math.sqrt(2 / 500)), (None, math.sqrt(2 / 500))],
)  # fmt: skip
def test_the_start_fits_the_activation(activation: str | None, deviation: float) -> None:
    network = Network(Input(300), Dense(200, activation), seed=0)
    assert network.parameters["dense_1.W"].std() == pytest.approx(deviation, rel=0.03)
    assert not network.parameters["dense_1.b"].any()


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("he_norml", ["'he_norml'", "'he_normal'"]),
        ("constant much", ["'constant much'", "'constant 0.25'"]),
        (np.zeros((2, 2)), ["ndarray", "parameters="]),
    ],
)
def test_an_unknown_start_is_refused_where_it_is_written(choice: Any, words: list[str]) -> None:
    with pytest.raises(SetupError) as caught:
        Dense(3, weights=choice)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "settings", "word"),
    [
        ("nomal", {}, "'normal'"),
        ("normal", {"deviaton": 0.1}, "'deviation'"),
        ("zeros", {"value": 1.0}, "There are none"),
        ("normal", {"deviation": "wide"}, "'wide'"),
        ("normal", {"deviation": math.nan}, "finite"),
    ],
)
def test_settings_are_checked(name: str, settings: dict[str, Any], word: str) -> None:
    with pytest.raises(SetupError, match=word):
        initializer(name, **settings)


def test_a_bias_cannot_start_orthogonal() -> None:
    with pytest.raises(SetupError, match=r"dense_1\.b is \(3,\)"):
        Network(Input(2), Dense(3, bias="orthogonal"), seed=0)


@pytest.mark.parametrize(("inputs", "units"), [(1, 7), (3, 20), (2, 1)])
def test_nguyen_widrow_even_is_spread_evenly(inputs: int, units: int) -> None:
    even = "nguyen_widrow_even"
    network = Network(Input(inputs), Dense(units, "tanh", weights=even, bias=even), seed=1)
    weights, bias = network.parameters["dense_1.W"], network.parameters["dense_1.b"]
    length = 2.0 * 0.7 * units ** (1 / inputs)
    np.testing.assert_allclose(np.linalg.norm(weights, axis=0), length, rtol=1e-12)
    if units == 1:
        assert not bias.any()
        return
    np.testing.assert_allclose(bias * np.sign(weights[0]), length * np.linspace(-1, 1, units))
    if inputs == 1:
        # Each unit is steepest where its sum is 0: evenly from 1 down to -1.
        np.testing.assert_allclose(-bias / weights[0], np.linspace(1, -1, units), atol=1e-12)


def test_nguyen_widrow_even_is_for_layers_of_units() -> None:
    with pytest.raises(SetupError, match=r"starts W and b of a Dense layer.*Use 'nguyen_widrow'"):
        find_initializer("nguyen_widrow_even").draw(Place((4, 3, 5), 15, 4, 0, "start of conv.W"))
    with pytest.raises(SetupError, match=r"norm\.scale is \(3,\)"):
        find_initializer("nguyen_widrow_even").draw(Place((3,), 3, 3, 0, "start of norm.scale"))
