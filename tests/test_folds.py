"""Folds: those of scikit-learn, row by row, and what must stay together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from chainrule.data.folds import (
    NEVER,
    copies_together,
    group_folds,
    plain_folds,
    stratified_folds,
    stratified_group_folds,
    time_folds,
)
from chainrule.errors import DataError, RunFolderError
from chainrule.training.tables.folds import (
    MOST_ROWS,
    Fold,
    Togetherness,
    from_roles,
    make_folds,
    to_roles,
)


def numbers_of(splitter: Any, rows: int, *given: Any) -> np.ndarray:
    fold = np.full(rows, NEVER)
    for number, (_, test) in enumerate(splitter.split(np.zeros((rows, 1)), *given)):
        fold[test] = number
    return fold


seeds = st.integers(0, 2**32 - 1)
labels = st.lists(st.sampled_from(["b", "a", "c"]), min_size=25, max_size=80).filter(
    lambda drawn: max(map(drawn.count, set(drawn))) >= 5
)


@given(st.integers(5, 200), st.integers(2, 5), seeds)
def test_plain_folds_are_those_of_kfold(rows: int, folds: int, seed: int) -> None:
    theirs = numbers_of(KFold(folds, shuffle=True, random_state=seed), rows)
    np.testing.assert_array_equal(plain_folds(rows, folds, seed), theirs)


@pytest.mark.filterwarnings("ignore:The least populated class")
@given(labels, seeds)
def test_stratified_folds_are_those_of_scikit_learn(drawn: list[str], seed: int) -> None:
    classes = np.array(drawn, dtype=object)
    splitter = StratifiedKFold(5, shuffle=True, random_state=seed)
    theirs = numbers_of(splitter, len(classes), classes)
    np.testing.assert_array_equal(stratified_folds(classes, 5, seed), theirs)


@given(st.lists(st.integers(0, 12), min_size=10, max_size=80).filter(lambda g: len(set(g)) >= 5))
def test_group_folds_are_those_of_scikit_learn(drawn: list[int]) -> None:
    groups = np.array(drawn)
    theirs = numbers_of(GroupKFold(5), len(groups), None, groups)
    np.testing.assert_array_equal(group_folds(groups, 5), theirs)


@pytest.mark.filterwarnings("ignore:The least populated class")
@settings(max_examples=40, deadline=None)
@given(labels, st.randoms(use_true_random=False))
def test_stratified_group_folds_are_those_of_scikit_learn(drawn: list[str], random: Any) -> None:
    classes = np.array(drawn, dtype=object)
    groups = np.array([random.randrange(9) for _ in drawn])
    groups[:5] = range(5)
    theirs = numbers_of(StratifiedGroupKFold(5), len(classes), classes, groups)
    np.testing.assert_array_equal(stratified_group_folds(classes, groups, 5), theirs)


@given(st.integers(6, 100), seeds)
def test_time_folds_are_those_of_time_series_split(rows: int, seed: int) -> None:
    times = np.random.default_rng(seed).permutation(rows).astype(float)
    order = np.argsort(times)
    theirs = np.full(rows, NEVER)
    theirs[order] = numbers_of(TimeSeriesSplit(5), rows)
    np.testing.assert_array_equal(time_folds(times, 5), theirs)


@given(st.lists(st.integers(0, 8), min_size=5, max_size=60), seeds)
def test_copies_are_where_the_first_of_them_is(drawn: list[int], seed: int) -> None:
    copies = np.array(drawn)
    fold = plain_folds(len(copies), 5, seed)
    found = copies_together(fold, copies)
    for one in set(drawn):
        assert set(found[copies == one]) == {fold[np.argmax(copies == one)]}


@pytest.mark.parametrize(
    "fold",
    [
        lambda: plain_folds(4, 5, 0),
        lambda: stratified_folds(np.array(["a"] * 4), 5, 0),
        lambda: group_folds(np.array([1, 1, 1, 2]), 3),
        lambda: time_folds(np.arange(5.0), 5),
    ],
)
def test_too_few_rows_are_refused(fold: Any) -> None:
    with pytest.raises(DataError, match="cannot be shared out to"):
        fold()


# ---------------------------------------------------------------- the parts of each fold


def parts_of(fold: Fold) -> list[np.ndarray]:
    return [fold.training, fold.validation, fold.test]


@given(st.integers(10, 120), st.booleans(), seeds)
@settings(deadline=None)
def test_every_row_is_tested_once_and_never_where_it_was_learned(
    rows: int, classes: bool, seed: int
) -> None:
    used = np.flatnonzero(np.random.default_rng(seed).random(rows + 40) < 0.9)[:rows]
    labels = np.random.default_rng(seed).integers(0, 2, len(used)) if classes else None
    folds = make_folds(used, Togetherness(len(used), labels), seed)
    assert sorted(np.concatenate([fold.test for fold in folds])) == used.tolist()
    for fold in folds:
        every = np.concatenate(parts_of(fold))
        assert sorted(every) == used.tolist()
        assert all(len(part) for part in parts_of(fold))


def test_groups_and_copies_are_in_one_part() -> None:
    rows = np.arange(300)
    random = np.random.default_rng(0)
    groups, copies = random.integers(0, 30, 300), random.integers(0, 250, 300)
    labels = random.integers(0, 2, 300)
    for together in (
        Togetherness(300, labels, groups=groups),
        Togetherness(300, None, groups=groups),
        Togetherness(300, labels, copies=copies),
    ):
        key = groups if together.groups is not None else copies
        for fold in make_folds(rows, together, 3):
            first, second, third = (set(key[part]) for part in parts_of(fold))
            assert not first & second
            assert not (first | second) & third


def test_in_the_order_of_time_nothing_is_learned_from_later_rows() -> None:
    times = np.random.default_rng(1).permutation(120).astype(float)
    folds = make_folds(np.arange(120), Togetherness(120, times=times), 0)
    assert len(folds) == 5
    for fold in folds:
        assert times[fold.training].max() < times[fold.validation].min()
        assert times[fold.validation].max() < times[fold.test].min()


def test_rows_of_the_same_moment_are_not_each_others_past() -> None:
    times = np.repeat(np.arange(12.0), 30)
    for fold in make_folds(np.arange(360), Togetherness(360, times=times), 0):
        assert times[fold.training].max() < times[fold.validation].min()
        assert (
            max(times[fold.training].max(), times[fold.validation].max()) < times[fold.test].min()
        )


def test_the_rows_that_choose_the_epoch_are_the_first_fold_of_the_others() -> None:
    labels = np.random.default_rng(2).integers(0, 3, 200)
    splitter = StratifiedKFold(5, shuffle=True, random_state=9)
    folds = make_folds(np.arange(200), Togetherness(200, labels), 9)
    for (rest, test), fold in zip(splitter.split(labels, labels), folds, strict=True):
        _, inner = next(splitter.split(rest, labels[rest]))
        np.testing.assert_array_equal(fold.test, test)
        np.testing.assert_array_equal(fold.validation, rest[inner])


def test_the_group_that_is_held_out_is_about_a_fifth() -> None:
    groups = np.concatenate([np.zeros(4000), 1 + np.arange(2000) // 10])
    (fold,) = make_folds(np.arange(6000), Togetherness(6000, groups=groups), 0)
    assert len(fold.test) < 2400


def test_a_large_table_has_one_fold_of_a_fifth() -> None:
    rows = MOST_ROWS + 1
    labels = np.arange(rows) % 3
    (fold,) = make_folds(np.arange(rows), Togetherness(rows, labels), 0)
    assert [round(len(part) / rows, 2) for part in parts_of(fold)] == [0.64, 0.16, 0.2]
    assert len(make_folds(np.arange(MOST_ROWS), Togetherness(MOST_ROWS), 0)) == 5


@pytest.mark.parametrize(
    ("together", "cause"),
    [
        (Togetherness(20, groups=np.zeros(20)), "There are too few groups"),
        (Togetherness(20, groups=np.arange(20) // 10), "There are too few groups"),
    ],
)
def test_groups_that_leave_nothing_to_learn_from(together: Togetherness, cause: str) -> None:
    with pytest.raises(DataError, match=cause):
        make_folds(np.arange(20), together, 0)


def test_roles_go_to_an_array_and_back() -> None:
    folds = make_folds(np.arange(3, 60), Togetherness(57), 5)
    roles = to_roles(folds, 70)
    again = from_roles(roles, 70)
    for one, other in zip(folds, again, strict=True):
        for first, second in zip(parts_of(one), parts_of(other), strict=True):
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "spoiled",
    [
        None,
        np.zeros((5, 70)),
        np.zeros(70, dtype=np.int8),
        np.zeros((5, 70), dtype=np.int8),
        np.full((5, 70), 4, dtype=np.int8),
        np.tile(np.arange(70, dtype=np.int8) % 4, (2, 1)),
        np.zeros((5, 60), dtype=np.int8),
    ],
)
def test_roles_that_cannot_be(spoiled: Any) -> None:
    with pytest.raises(RunFolderError, match="What the run keeps is damaged"):
        from_roles(spoiled, 70)
