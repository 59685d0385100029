"""The test of a comparison: against SciPy and by hand, and how often it cries without a cause."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from comparisons import compared, made_of
from scipy.stats import rankdata, wilcoxon

from chainrule.comparison.differences import (
    LEVEL,
    differences,
    holm,
    seeds_needed,
    signed_rank,
)

RANDOM = np.random.default_rng(5)


def by_all_signs(apart: Any) -> float:
    """Return the probability of signed ranks this uneven over all signs that they could have."""
    apart = apart[apart != 0]
    ranks = rankdata(np.abs(apart))
    middle = ranks.sum() / 2
    seen = abs(ranks[apart > 0].sum() - middle)
    signs = np.array(list(product([0, 1], repeat=len(apart))))
    return float(np.mean(np.abs(signs @ ranks - middle) >= seen - 1e-9))


@pytest.mark.parametrize("count", [1, 2, 5, 8, 12])
def test_the_probability_is_that_of_all_signs(count: int) -> None:
    for _ in range(5):
        a, b = RANDOM.normal(size=(2, count))
        assert signed_rank(a, b) == pytest.approx(by_all_signs(a - b))
    tied = RANDOM.integers(0, 4, size=(2, 10)).astype(float)
    assert signed_rank(*tied) == pytest.approx(by_all_signs(tied[0] - tied[1]))


def test_the_probability_is_that_of_scipy() -> None:
    a, b = RANDOM.normal(size=(2, 40))
    assert signed_rank(a, b) == wilcoxon(a, b).pvalue


@pytest.mark.filterwarnings("error")
def test_equal_losses_are_no_difference() -> None:
    assert signed_rank(np.ones(5), np.ones(5)) == 1.0
    assert signed_rank(np.zeros(0), np.zeros(0)) == 1.0


def test_corrected_probabilities_are_those_of_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
    # By its definition: one after the other, as long as they are below the level.
    for _ in range(50):
        found = RANDOM.random(6) ** 4
        order, refused, going = np.argsort(found), set(), True
        for rank, place in enumerate(order):
            going = going and found[place] <= LEVEL / (6 - rank)
            refused |= {int(place)} if going else set()
        assert {n for n, one in enumerate(holm(found.tolist())) if one <= LEVEL} == refused


def test_pairs_are_those_of_one_seed() -> None:
    (one,) = differences({"a": {0: 1.0, 1: 2.0, 2: 3.0}, "b": {2: 3.5, 1: 2.5, 7: 0.0}})
    assert (one.seeds, one.lower, one.higher, one.median) == (2, 2, 0, 0.5)


def test_a_failure_is_worse_than_any_loss() -> None:
    good = {seed: 0.4 + 0.01 * seed for seed in range(8)}
    (one,) = differences({"good": good, "failed": dict.fromkeys(good, math.inf)})
    assert (one.lower, one.probability) == (8, 2 / 2**8)
    (both,) = differences({"a": dict.fromkeys(good, math.inf), "b": dict.fromkeys(good, math.inf)})
    assert both.probability == 1.0
    # One failure among losses that are lower weighs as the largest rank.
    mixed = {seed: loss - 0.1 - 0.001 * seed for seed, loss in good.items()} | {7: math.inf}
    (one,) = differences({"good": good, "mixed": mixed})
    expected = by_all_signs(np.array([*range(1, 8), -8.0]))
    assert one.probability == pytest.approx(expected)


@pytest.mark.parametrize("settings", [2, 3, 4, 7])
def test_so_many_seeds_are_needed_to_find_a_difference(settings: int) -> None:
    needed = seeds_needed(settings)
    for seeds, found in ((needed, True), (needed - 1, False)):
        losses = {
            str(place): {seed: place + 0.01 * seed * place for seed in range(seeds)}
            for place in range(settings)
        }
        assert any(one.is_clear for one in differences(losses)) is found


# ---- without a difference ----


def test_equal_settings_are_said_to_be_equal() -> None:
    found = compared(optimizers={"one": "adam", "other": "adam"}, seeds=8)
    assert found.in_words.startswith(
        "Over 8 seeds, one and other end with the same validation loss within the spread."
    )
    assert found.differences[0].corrected == 1.0


def test_false_alarms_are_as_rare_as_they_are_said_to_be() -> None:
    """The losses of one setting, shuffled into several, are rarely told apart."""
    many = compared(optimizers=["adam"], seeds=120, epochs=3)
    losses = np.array([one.loss for one in many.trials])
    assert len(set(losses.tolist())) > 100
    for settings, seeds in ((2, 10), (4, 12)):
        alarms, tries = 0, 400
        for _ in range(tries):
            drawn = RANDOM.permutation(losses)[: settings * seeds].reshape(settings, seeds)
            named = {str(n): dict(enumerate(one.tolist())) for n, one in enumerate(drawn)}
            alarms += any(one.is_clear for one in differences(named))
        # Three deviations of a count of 1 in 20.
        assert alarms <= tries * LEVEL + 3 * math.sqrt(tries * LEVEL * (1 - LEVEL))


def test_a_difference_that_is_there_is_found() -> None:
    losses = [0.5 + 0.01 * seed for seed in range(10)]
    near = [one + 0.001 * (-1) ** place + 1e-4 for place, one in enumerate(losses)]
    far = [one + 0.2 for one in losses]
    found = made_of({"gradient_descent": far, "irprop_minus": near, "adam": losses})
    assert found.in_words.startswith(
        "Over 10 seeds, adam and irprop_minus end with the same validation loss within the "
        "spread; gradient_descent is worse."
    )


def test_the_lowest_alone() -> None:
    losses = [0.5 + 0.01 * seed for seed in range(10)]
    found = made_of({"a": losses, "b": [one + 0.1 for one in losses],
                     "c": [one + 0.2 for one in losses]})  # fmt: skip
    assert found.in_words.startswith(
        "Over 10 seeds, a ends with the lowest validation loss; b and c are worse."
    )


def test_too_few_seeds_are_said_to_be_too_few() -> None:
    found = made_of({"a": [0.1, 0.2, 0.3], "b": [0.4, 0.5, 0.6]})
    assert found.in_words.startswith(
        "Over 3 seeds, a has the lowest median validation loss; it takes 6 seeds or more to tell "
        "a difference from the spread."
    )


def test_one_setting_is_described() -> None:
    found = made_of({"a": [0.1, 0.2, 0.3]})
    assert found.in_words == (
        "Over 3 seeds, a ends with a validation loss of 0.2000 (half of the trainings between "
        "0.1500 and 0.2500)."
    )
