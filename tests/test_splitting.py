"""Splits: every row in one part, classes in proportion, decided by the seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from chainrule.data.splitting import split_rows
from chainrule.errors import DataError, SetupError

FRACTIONS = st.lists(st.floats(0.02, 0.45), min_size=1, max_size=2).map(tuple)
SEEDS = st.integers(0, 2**64 - 1)


@given(rows=st.integers(1, 400), fractions=FRACTIONS, seed=SEEDS)
def test_parts_are_disjoint_complete_sorted_and_near_their_fractions(
    rows: int, fractions: tuple[float, ...], seed: int
) -> None:
    try:
        parts = split_rows(rows, fractions, seed)
    except DataError:
        assert rows * min(fractions) < 1
        return
    assert len(parts) == len(fractions) + 1
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(rows))
    for part, share in zip(parts, (1 - sum(fractions), *fractions), strict=True):
        assert part.dtype == np.int64
        assert np.array_equal(part, np.sort(part))
        assert part.size > 0
        assert abs(part.size - rows * share) < 1 + 1e-6


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    fractions=FRACTIONS,
    seed=SEEDS,
)
def test_each_class_has_its_share_in_each_part_to_one_row(
    counts: list[int], fractions: tuple[float, ...], seed: int
) -> None:
    strata = np.repeat(np.arange(len(counts)) * 7 - 3, counts)
    try:
        parts = split_rows(strata.size, fractions, seed, strata)
    except DataError:
        assume(False)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(strata.size))
    for label, count in zip(np.unique(strata), counts, strict=True):
        assert np.count_nonzero(strata[parts[0]] == label) >= 1
        for part, share in zip(parts, (1 - sum(fractions), *fractions), strict=True):
            assert abs(np.count_nonzero(strata[part] == label) - count * share) < 1 + 1e-6


def test_a_share_that_is_a_whole_number_is_kept() -> None:
    # 100 rows of the last class: 0.17 and 0.28 of them are whole numbers, but not in float64.
    strata = np.repeat(np.arange(4), [12, 1, 22, 100])
    parts = split_rows(strata.size, (0.17, 0.28), 0, strata)
    assert [np.count_nonzero(strata[part] == 3) for part in parts] == [55, 17, 28]


@given(classes=st.integers(1, 60), size=st.integers(2, 5), seed=SEEDS)
def test_many_small_classes_do_not_all_round_alike(classes: int, size: int, seed: int) -> None:
    strata = np.tile(np.arange(classes), size)
    assume(classes * size * 0.15 >= 3)
    parts = split_rows(strata.size, (0.15, 0.15), seed, strata)
    for part in parts[1:]:
        assert abs(part.size - 0.15 * strata.size) <= 2


@given(rows=st.integers(40, 200), seed=st.integers(0, 2**63))
def test_the_seed_and_the_purpose_decide(rows: int, seed: int) -> None:
    def together(seed: int, purpose: str = "split") -> list[list[int]]:
        return [part.tolist() for part in split_rows(rows, (0.4,), seed, purpose=purpose)]

    assert together(seed) == together(seed)
    assert together(seed) != together(seed + 1)
    assert together(seed) != together(seed, "another purpose")


def test_sizes_agree_with_another_stratified_split() -> None:
    strata = np.array([0] * 164 + [1] * 139)
    training, testing = split_rows(303, (0.2,), 0, strata)
    expected = train_test_split(np.arange(303), test_size=0.2, stratify=strata, random_state=0)
    assert abs(training.size - len(expected[0])) <= 1
    for ours, theirs in zip((training, testing), expected, strict=True):
        assert np.abs(np.bincount(strata[ours]) - np.bincount(strata[theirs])).max() <= 1


def test_every_row_is_as_likely_to_be_held_out() -> None:
    strata = np.arange(50) % 3
    held_out = np.zeros(50)
    for seed in range(600):
        held_out[split_rows(50, (0.2,), seed, strata)[1]] += 1
    # 0.2 of 600 is 120 with a standard deviation of 10; classes round to 3 of 17 or 4 of 17.
    assert held_out.min() > 65
    assert held_out.max() < 180


def test_no_fractions_leave_every_row_for_training() -> None:
    (training,) = split_rows(5, (), 0)
    assert training.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "fractions", [(0.0,), (1.0,), (-0.1,), (0.5, 0.5), (0.9, 0.3), (float("nan"),)]
)
def test_bad_fractions(fractions: tuple[float, ...]) -> None:
    with pytest.raises(SetupError, match="fractions to hold out"):
        split_rows(100, fractions, 0)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_bad_seeds(seed: int) -> None:
    with pytest.raises(SetupError, match="seed"):
        split_rows(100, (0.1,), seed)


@pytest.mark.parametrize(
    ("rows", "fractions", "strata", "cause"),
    [
        (0, (), None, "cannot be split"),
        (1, (0.5,), None, "cannot be split"),
        (10, (0.02,), None, "2% of 10 rows leaves"),
        (6, (0.2,), np.arange(6), "20% of 6 rows leaves"),
        (6, (0.2,), np.arange(5), "5 strata for 6 rows"),
    ],
)
def test_splits_that_cannot_be(
    rows: int, fractions: tuple[float, ...], strata: NDArray[np.int64] | None, cause: str
) -> None:
    with pytest.raises(DataError, match=cause) as caught:
        split_rows(rows, fractions, 0, strata)
    assert caught.value.remedy
