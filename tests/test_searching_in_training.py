"""Line searches, scaled conjugate gradients and evolution through ``cr.train`` and ``minimize``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from searching_alone import Plain, searched

import chainrule as cr
from chainrule.engines import native
from chainrule.optimizers.searching import Sizes, with_seed

NAMES = [
    "bfgs",
    "lbfgs",
    "conjugate_gradient_fletcher_reeves",
    "conjugate_gradient_polak_ribiere",
    "conjugate_gradient_powell_beale",
    "scaled_conjugate_gradient",
    "one_step_secant",
    "evolution_strategy",
]
RANDOM = np.random.default_rng(11)
X = RANDOM.uniform(-1.0, 1.0, (60, 2))
Y = np.sin(2.0 * X[:, :1]) * X[:, 1:]
LABELS = (Y[:, 0] > 0.1).astype(int)
NETWORK = cr.Network(cr.Dense(4, "tanh"), cr.Dense())
engines = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(
            "native",
            marks=pytest.mark.skipif(
                not native.is_present(), reason="the compiled engine is not there"
            ),
        ),
        "reference",
    ],
)
every = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def library(request: pytest.FixtureRequest) -> None:
    if "evolution_strategy" in request.node.name:
        pytest.importorskip("cmaes")


def trained(name: Any, **given: Any) -> cr.Run:
    settings: dict[str, Any] = {"epochs": 8, "progress": False, "seed": 3, **given}
    return cr.train(NETWORK, X, settings.pop("y", Y), optimizer=name, **settings)


@engines
@every
def test_a_training_is_the_search_of_its_loss(
    name: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same trajectory as on the same loss by JAX."""
    import jax.numpy as jnp

    from chainrule.optimizers import OPTIMIZERS

    monkeypatch.setenv("CHAINRULE_ENGINE", engine)
    begun = trained(name, epochs=0)
    ends = np.cumsum([0, *(one.size for one in begun.network.parameters.values())])
    shapes = [one.shape for one in begun.network.parameters.values()]

    def loss(flat: Any) -> Any:
        w, b, v, c = (
            flat[first:last].reshape(shape)
            for first, last, shape in zip(ends[:-1], ends[1:], shapes, strict=True)
        )
        return ((jnp.tanh(X @ w + b) @ v + c - Y) ** 2).mean()

    start = np.concatenate([one.ravel() for one in begun.network.parameters.values()])
    run = trained(name)
    made = searched(with_seed(OPTIMIZERS[name](), run.setup.seed), Plain(loss, start), 8)
    np.testing.assert_allclose(run.history["loss"], [one.loss for one in made], rtol=1e-6)
    np.testing.assert_allclose(run.state.parameters, made[-1].parameters, rtol=1e-4, atol=1e-6)


@every
def test_a_saved_run_goes_on_to_the_same_bits(name: str, tmp_path: Any) -> None:
    whole = trained(name)
    trained(name, epochs=5).save(tmp_path / "run")
    more = cr.train(cr.load(tmp_path / "run"), X, Y, epochs=3, progress=False)
    assert more.history["loss"] == whole.history["loss"]
    for content, due in zip(
        more.network.parameters.values(), whole.network.parameters.values(), strict=True
    ):
        np.testing.assert_array_equal(content, due)
    for key, due in whole.state.optimizer.items():
        np.testing.assert_array_equal(more.state.optimizer[key], due)


@every
def test_classes_are_learned_too(name: str) -> None:
    run = trained(name, y=LABELS, epochs=60 if name == "evolution_strategy" else 25)
    assert run.history["loss"][-1] < 0.5 * run.history["loss"][0]
    assert np.mean(run.predict(X) == LABELS) > 0.85


@every
def test_one_row_and_a_perfect_start_end_with_a_reason(name: str) -> None:
    one = cr.train(
        NETWORK, X[:1], Y[:1], optimizer=name, epochs=400, progress=False, dtype="float64"
    )
    assert one.history["loss"][-1] < 1e-9
    assert one.ended != ""
    exact = cr.Network(cr.Input(2), cr.Dense(1), parameters={"dense_1.W": [[1.0], [0.0]]})
    still = cr.train(exact, X, X[:, :1], optimizer=name, epochs=400, progress=False)
    assert still.history["loss"][-1] == 0.0
    if name != "evolution_strategy":
        assert still.ended == "the gradient is zero"


@every
def test_mini_batches_are_refused_with_the_reason(name: str) -> None:
    with pytest.raises(cr.SetupError, match="all rows"):
        trained(name, batch_size=16)


@every
def test_a_learning_rate_is_refused(name: str) -> None:
    with pytest.raises(cr.SetupError, match="learning rate"):
        trained(name, learning_rate=0.1)


@every
def test_what_it_says_of_an_iteration_is_in_the_history(name: str) -> None:
    run = trained(name)
    column = {"scaled_conjugate_gradient": "damping", "evolution_strategy": "loss"}.get(
        name, "step_length"
    )
    assert len(run.history[column]) == 8
    assert all(number > 0.0 for number in run.history[column])
    assert "learning_rate" not in run.history


@every
def test_a_plain_function_is_minimized(name: str) -> None:
    found = cr.minimize(lambda x: (x - 3.0) ** 2 + 1.0, start=0.5, optimizer=name, steps=120)
    assert found.x == pytest.approx(3.0, abs=1e-3)
    assert found.value == pytest.approx(1.0, abs=1e-5)


@every
def test_an_iteration_never_changes_what_it_is_given(name: str) -> None:
    from chainrule.optimizers import OPTIMIZERS

    chosen = OPTIMIZERS[name]()
    start = np.ones(3)
    start.setflags(write=False)
    state = chosen.initial(start)
    for one in state.values():
        one.setflags(write=False)
    next(chosen.iteration(start, state, Sizes(3)))
    np.testing.assert_array_equal(start, np.ones(3))
