"""The one generator: its published vectors, and what its keys promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import SetupError
from chainrule.randomness import normal, permutation, philox, purpose_key, random_words, uniform

ONES = 0xFFFFFFFF
SEEDS = st.integers(min_value=0, max_value=2**64 - 1)
COUNTS = st.integers(min_value=0, max_value=50)


@pytest.mark.parametrize(
    ("counter", "key", "due"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_published_vectors(
    counter: tuple[int, int, int, int], key: tuple[int, int], due: tuple[int, ...]
) -> None:
    """The known answers for Philox-4x32-10 that come with Random123 (Salmon and others, 2011)."""
    assert tuple(int(word) for word in philox(counter, key)) == due


def test_many_counters_at_once_give_what_each_gives() -> None:
    blocks = np.arange(5)
    together = philox((blocks, 1, 2, 3), (4, 5))
    for block in blocks:
        alone = philox((int(block), 1, 2, 3), (4, 5))
        assert [int(word[block]) for word in together] == [int(word) for word in alone]


def test_elements_take_the_words_of_their_block_in_order() -> None:
    high, low = random_words(7, "order", 3, 3)
    blocks = [philox((block, 0, 3, purpose_key("order")), (7, 0)) for block in (0, 1)]
    assert high.tolist() == [blocks[0][0], blocks[0][2], blocks[1][0]]
    assert low.tolist() == [blocks[0][1], blocks[0][3], blocks[1][1]]


def test_a_large_seed_uses_both_halves_of_the_key() -> None:
    assert uniform(1, "a", 4).tolist() != uniform(1 + 2**32, "a", 4).tolist()


@settings(max_examples=50)
@given(seed=SEEDS, step=st.integers(min_value=0, max_value=2**32 - 1), count=COUNTS)
def test_an_element_does_not_depend_on_how_many_are_drawn(seed: int, step: int, count: int) -> None:
    more = uniform(seed, "start", 60, step)
    assert uniform(seed, "start", count, step).tolist() == more[:count].tolist()
    assert (
        normal(seed, "start", count, step).tolist()
        == normal(seed, "start", 60, step)[:count].tolist()
    )


@settings(max_examples=50)
@given(seed=SEEDS, count=COUNTS)
def test_a_permutation_holds_every_number_once(seed: int, count: int) -> None:
    order = permutation(seed, "order", count)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(count))


@settings(max_examples=50)
@given(seed=SEEDS)
def test_uniform_numbers_lie_inside_the_open_interval(seed: int) -> None:
    drawn = uniform(seed, "range", 100)
    assert ((drawn > 0.0) & (drawn < 1.0)).all()


def test_the_same_keys_give_the_same_numbers_and_others_give_others() -> None:
    drawn = [
        uniform(seed, purpose, 8, step).tobytes()
        for seed in (0, 1)
        for purpose in ("order of rows", "start of dense_1.W")
        for step in (0, 1)
    ]
    assert len(set(drawn)) == 8
    assert drawn[0] == uniform(0, "order of rows", 8, 0).tobytes()
    orders = [permutation(seed, "order of rows", 9).tobytes() for seed in range(4)]
    assert len(set(orders)) == 4


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_numbers_follow_their_distribution(seed: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert stats.kstest(uniform(seed, "test", 20_000), "uniform").pvalue > 1e-3
    assert stats.kstest(normal(seed, "test", 20_000), "norm").pvalue > 1e-3


def test_neighbouring_keys_are_not_correlated() -> None:
    rows = [uniform(seed, "test", 5_000, step) for seed in (0, 1) for step in (0, 1, 2)]
    correlation = np.corrcoef(rows) - np.eye(6)
    assert np.abs(correlation).max() < 5.0 / np.sqrt(5_000)


def test_every_place_of_a_permutation_is_taken_equally_often() -> None:
    stats = pytest.importorskip("scipy.stats")
    firsts = [int(permutation(seed, "order", 5)[0]) for seed in range(1000)]
    assert stats.chisquare(np.bincount(firsts, minlength=5)).pvalue > 1e-3


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, True, "7"])
def test_what_is_no_seed_is_refused(seed: Any) -> None:
    with pytest.raises(SetupError, match="is not a seed"):
        uniform(seed, "start", 3)
