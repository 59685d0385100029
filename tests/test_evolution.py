"""The evolution strategy: the library driven as its documents say, its state, and its refusals."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from searching_alone import Plain, driven, flat, parabola, rosenbrock, searched, small_network

import chainrule as cr
from chainrule.optimizers import EvolutionStrategy
from chainrule.optimizers.searching import LossAt, Sizes
from chainrule.randomness import random_bits

cmaes = pytest.importorskip("cmaes")


@pytest.mark.parametrize("diagonal", [False, True])
def test_generations_are_those_of_the_library_by_itself(diagonal: bool) -> None:
    """Ask, evaluate, tell: as in the first example of its documents."""
    asked = rosenbrock()
    kind = cmaes.SepCMA if diagonal else cmaes.CMA
    strategy = kind(mean=asked.start.copy(), sigma=0.5, population_size=8, seed=0)
    ours = EvolutionStrategy(spread=0.5, population=8, diagonal=diagonal, seed=3)
    best, lowest = asked.start, asked.loss(asked.start)
    for one in searched(ours, asked, 15):
        bits = random_bits(3, "evolution strategy", strategy.generation, 1)
        strategy.reseed_rng(int(bits[0]) & 0xFFFFFFFF)
        told = []
        for _ in range(strategy.population_size):
            candidate = strategy.ask()
            told.append((candidate, asked.loss(candidate)))
        found, value = min(told, key=lambda pair: pair[1])
        if value < lowest:
            best, lowest = found, value
        strategy.tell(told)
        np.testing.assert_allclose(one.parameters, best, rtol=1e-9)
        assert one.loss == pytest.approx(lowest, rel=1e-8)
        np.testing.assert_allclose(one.state["strategy._mean"], strategy.mean, rtol=1e-9)


def test_a_search_is_resumed_from_its_arrays_to_the_same_bits() -> None:
    for chosen in (EvolutionStrategy(seed=5), EvolutionStrategy(seed=5, diagonal=True)):
        whole = searched(chosen, rosenbrock(), 20)
        kept = {name: one.copy() for name, one in whole[9].state.items()}
        asked, parameters, state = rosenbrock(), whole[9].parameters, kept
        for due in whole[10:]:
            made = driven(asked, chosen.iteration(parameters, state, Sizes(2)))
            np.testing.assert_array_equal(made.parameters, due.parameters)
            for name, content in due.state.items():
                np.testing.assert_array_equal(made.state[name], content)
            parameters, state = made.parameters, made.state


def test_the_first_state_has_no_chance_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first = EvolutionStrategy().initial(np.ones(3))
    with monkeypatch.context() as patch:
        # What the library does not fill has what was in memory.
        patch.setattr(np, "empty", lambda shape, *given, **more: np.full(shape, np.nan))
        again = EvolutionStrategy().initial(np.ones(3))
    for name, content in again.items():
        np.testing.assert_array_equal(first[name], content)


@pytest.mark.parametrize(
    ("problem", "goal", "losses"), [(parabola, 1e-8, 900), (rosenbrock, 1e-8, 900)]
)
def test_problems_are_solved_within_a_budget(problem: Any, goal: float, losses: int) -> None:
    for seed in range(3):
        asked = problem()
        made = searched(EvolutionStrategy(seed=seed), asked, 200, goal)
        assert made[-1].loss < goal
        assert len(asked.asked) <= losses, len(asked.asked)
        assert all(isinstance(one, LossAt) for one in asked.asked)


def test_a_small_network_is_trained_by_losses_alone() -> None:
    asked = small_network()
    made = searched(EvolutionStrategy(), asked, 300)
    assert made[-1].loss < 0.02 * asked.loss(asked.start)


def test_the_loss_never_rises_and_starts_from_the_start() -> None:
    asked = rosenbrock()
    losses = [one.loss for one in searched(EvolutionStrategy(), asked, 30)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] <= asked.loss(asked.start)
    low = Plain(lambda x: (x * x).sum(), np.zeros(2))
    made = searched(EvolutionStrategy(), low, 5)[-1]
    np.testing.assert_array_equal(made.parameters, np.zeros(2))
    assert made.loss == 0.0


def test_seeds_and_spreads_differ() -> None:
    first = searched(EvolutionStrategy(seed=1), rosenbrock(), 3)[-1].parameters
    for other in (EvolutionStrategy(seed=2), EvolutionStrategy(seed=1, spread=0.4)):
        assert (searched(other, rosenbrock(), 3)[-1].parameters != first).any()


def test_a_training_draws_by_its_seed_unless_the_strategy_has_one() -> None:
    x = np.linspace(-1.0, 1.0, 12)[:, None]
    begun = cr.train(cr.Network(cr.Dense(1)), x, np.sin(x), epochs=0, progress=False).network
    given: dict[str, Any] = {"epochs": 3, "validation": 0.0, "progress": False}
    names = {"of the trial": EvolutionStrategy(), "its own": EvolutionStrategy(seed=1)}
    found = cr.compare(begun, x, np.sin(x), optimizers=names, seeds=[0, 1], **given)
    losses = {label: [one.history["loss"] for one in found.of(label)] for label in names}
    drawn, own = losses.values()
    assert drawn[0] != drawn[1]
    assert own[0] == own[1] == drawn[1]
    alone = cr.train(begun, x, np.sin(x), optimizer="evolution_strategy", seed=1, **given)
    assert alone.history["loss"] == drawn[1]
    assert alone.setup.optimizer == EvolutionStrategy()


def test_one_parameter_is_enough() -> None:
    for diagonal in (False, True):
        asked = Plain(lambda x: ((x - 2.0) ** 2).sum(), np.zeros(1))
        made = searched(EvolutionStrategy(diagonal=diagonal), asked, 100, 1e-10)
        np.testing.assert_allclose(made[-1].parameters, [2.0], atol=1e-4)


# ---- functions that are not kind ----


def test_a_flat_function_ends_with_a_reason() -> None:
    made = searched(EvolutionStrategy(), flat(), 300)
    assert made[-1].ended is not None
    assert "the strategy can go no further" in made[-1].ended
    assert made[-1].loss == 1.0


def test_losses_that_are_not_finite_stand_behind_all_others() -> None:
    asked = rosenbrock()
    asked.spoil = lambda count, answer: answer if count % 5 else (np.nan, np.inf)[count % 2]
    made = searched(EvolutionStrategy(population=12), asked, 80, 1e-2)
    assert made[-1].loss < 1e-2
    asked = rosenbrock()
    asked.spoil = lambda count, answer: np.nan
    last = searched(EvolutionStrategy(), asked, 5)[-1]
    assert last.ended == "the loss of every candidate is not finite"
    assert np.isnan(last.loss)
    np.testing.assert_array_equal(last.parameters, asked.start)


def test_a_slope_without_an_end_ends() -> None:
    made = searched(EvolutionStrategy(), Plain(lambda x: -(x**3).sum(), np.ones(2)), 500)
    assert made[-1].ended is not None
    assert np.isfinite(made[-1].parameters).all()
    far = Plain(lambda x: x.sum(), np.full(2, 0.9e32))
    last = searched(EvolutionStrategy(spread=1e32), far, 2)[-1]
    assert last.ended == "the candidates have gone too far from 0"


# ---- what is refused ----


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(cr.SetupError, match="needs the package cmaes") as caught:
        EvolutionStrategy().initial(np.zeros(3))
    assert "pip install chainrule[evolution]" in caught.value.remedy


def test_a_state_of_another_version_is_refused() -> None:
    chosen = EvolutionStrategy()
    state = chosen.initial(np.zeros(2))
    state["strategy._new"] = np.zeros(())
    with pytest.raises(cr.SetupError, match="another version of cmaes"):
        driven(rosenbrock(), chosen.iteration(np.zeros(2), state, Sizes(2)))


def test_more_parameters_than_a_matrix_is_for() -> None:
    with pytest.raises(cr.SetupError, match="2,001 x 2,001") as caught:
        EvolutionStrategy().initial(np.zeros(2001))
    assert "diagonal=True" in caught.value.remedy
    state = EvolutionStrategy(diagonal=True).initial(np.zeros(2001))
    assert max(one.size for one in state.values()) < 10_000


@pytest.mark.parametrize(
    "bad",
    [
        {"spread": 0.0},
        {"spread": np.inf},
        {"population": 2},
        {"population": 8.5},
        {"diagonal": 1},
        {"seed": -1},
        {"seed": 2**64},
    ],
)
def test_constants_that_make_no_strategy_are_refused(bad: dict[str, Any]) -> None:
    (name,) = bad
    with pytest.raises(cr.SetupError, match=f"{name} of EvolutionStrategy is"):
        EvolutionStrategy(**bad)
