"""A'A of rows given by factors: every engine and instruction set against rows written by einsum."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chainrule.engines import native
from chainrule.engines.gram import FactorBlock, Gram, gram_of

Matrix = NDArray[np.float64]
ENGINES = ["reference", "native"] if native.is_present() else ["reference"]
needs_native = pytest.mark.skipif(not native.is_present(), reason=native.why_absent())


def factors_of(
    blocks: list[FactorBlock], roots: int, rows: int, seed: int = 0
) -> tuple[list[Matrix], list[Matrix]]:
    random = np.random.default_rng(seed)
    xs = [random.normal(size=(rows, one.inputs)) for one in blocks]
    ds = [random.normal(size=(rows, one.outputs)) for _ in range(roots) for one in blocks]
    return xs, ds


def written(
    blocks: list[FactorBlock], roots: int, xs: list[Matrix], ds: list[Matrix]
) -> list[Matrix]:
    """Return A for each root, every row as it is defined."""
    whole = [
        np.concatenate([x, np.ones((len(x), int(one.one_behind)))], axis=1)
        for one, x in zip(blocks, xs, strict=True)
    ]
    made = []
    for root in range(roots):
        of_root = ds[root * len(blocks) : (root + 1) * len(blocks)]
        parts = [np.einsum("ni,no->nio", x, d) for x, d in zip(whole, of_root, strict=True)]
        made.append(np.concatenate([one.reshape(len(one), -1) for one in parts], axis=1))
    return made


def due(blocks: list[FactorBlock], roots: int, xs: list[Matrix], ds: list[Matrix]) -> Matrix:
    total: Matrix = sum(
        (one.T @ one for one in written(blocks, roots, xs, ds)), start=np.zeros((1, 1))
    )
    return total


def blocks_of(*widths: int, ones: bool = True) -> list[FactorBlock]:
    return [FactorBlock(one, ones, other) for one, other in itertools.pairwise(widths)]


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=60, deadline=None)
@given(
    blocks=st.lists(
        st.builds(FactorBlock, st.integers(1, 9), st.booleans(), st.integers(1, 9)),
        min_size=1,
        max_size=3,
    ),
    roots=st.integers(1, 3),
    rows=st.integers(1, 200),
    threads=st.integers(1, 3),
)
def test_the_sum_is_that_of_rows_written_down(
    engine: str, blocks: list[FactorBlock], roots: int, rows: int, threads: int
) -> None:
    xs, ds = factors_of(blocks, roots, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_THREADS", str(threads))
        gram = gram_of(blocks, roots, engine)
        gram.add(xs, ds)
        found = gram.matrix()
    wanted = due(blocks, roots, xs, ds)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * np.abs(wanted).max())
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("widths", [(8, 20, 1), (40, 30, 4), (3, 300, 1)])
def test_rows_may_come_in_portions_and_a_sum_begins_anew(
    engine: str, widths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    blocks = blocks_of(*widths)
    gram = gram_of(blocks, 2, engine)
    assert not gram.matrix().any()
    for seed in (1, 2):
        xs, ds = factors_of(blocks, 2, 900, seed)
        for some in (slice(0, 1), slice(1, 650), slice(650, 900)):
            gram.add([one[some] for one in xs], [one[some] for one in ds])
        wanted = due(blocks, 2, xs, ds)
        np.testing.assert_allclose(gram.matrix(), wanted, rtol=1e-11, atol=1e-9)


def native_sums(blocks: list[FactorBlock], roots: int) -> list[Any]:
    module = native._module()
    text = [(one.inputs, one.one_behind, one.outputs) for one in blocks]
    return [module.KhatriRaoGram(text, roots, place) for place in range(len(module.sets_here()))]


@needs_native
@pytest.mark.parametrize("widths", [(1, 20, 1), (8, 20, 1), (30, 40, 4), (2, 120, 2)])
def test_every_instruction_set_gives_the_same_sum(widths: tuple[int, ...]) -> None:
    blocks = blocks_of(*widths)
    xs, ds = factors_of(blocks, 1, 333)
    wanted = due(blocks, 1, xs, ds)
    for one in native_sums(blocks, 1):
        one.add(xs, ds, 2)
        np.testing.assert_allclose(one.matrix(), wanted, rtol=1e-11, atol=1e-10)


@needs_native
def test_wide_layers_and_several_outputs_take_pairs() -> None:
    def by_pairs(roots: int, *widths: int) -> bool:
        return bool(native_sums(blocks_of(*widths), roots)[-1].by_pairs())

    assert not by_pairs(1, 1, 20, 1)
    assert by_pairs(1, 50, 50, 1)
    assert by_pairs(10, 10, 30, 10)


def sum_with(gram: Gram, xs: list[Matrix], ds: list[Matrix]) -> Matrix:
    gram.add(xs, ds)
    return gram.matrix()


@needs_native
@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_the_bits_follow_from_the_number_of_threads(
    threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_THREADS", threads)
    blocks = blocks_of(5, 9, 2)
    xs, ds = factors_of(blocks, 2, 1100)
    first = gram_of(blocks, 2, "native")
    once = sum_with(first, xs, ds)
    again = sum_with(gram_of(blocks, 2, "native"), xs, ds)
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(once, sum_with(first, xs, ds))


@needs_native
def test_numbers_that_are_not_finite_stay_where_they_belong() -> None:
    blocks = blocks_of(3, 4, 1)
    xs, ds = factors_of(blocks, 1, 70)
    ds[0][5, 2] = np.nan
    found = sum_with(gram_of(blocks, 1, "native"), xs, ds)
    with np.errstate(all="ignore"):
        wanted = due(blocks, 1, xs, ds)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    # What was not finite is gone with the sum.
    xs, ds = factors_of(blocks, 1, 70)
    gram = gram_of(blocks, 1, "native")
    ds[0][5, 2] = np.inf
    sum_with(gram, xs, ds)
    xs, ds = factors_of(blocks, 1, 70)
    np.testing.assert_allclose(sum_with(gram, xs, ds), due(blocks, 1, xs, ds), rtol=1e-11)


@needs_native
@pytest.mark.parametrize(("rows", "inputs"), [(6, 3), (7, 2)])
def test_factors_of_other_sizes_are_refused(rows: int, inputs: int) -> None:
    blocks = blocks_of(3, 4)
    gram = gram_of(blocks, 1, "native")
    xs, ds = factors_of(blocks, 1, 7)
    with pytest.raises(ValueError, match="other rows or columns"):
        gram.add([np.ones((rows, inputs))], [ds[0][: rows + 1]])
    with pytest.raises(ValueError, match="another number of blocks"):
        gram.add(xs, [*ds, *ds])
