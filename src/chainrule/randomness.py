"""The one generator of random numbers: Philox-4x32-10, keyed by (seed, purpose, step, element).

A counter-based generator has no state to carry: number ``element`` of step ``step`` is a function
of its four keys, so every engine draws the same starts, orders and masks, and the rows of step t
follow from the seed alone. Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC 2011.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError

Words = tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]

Wide = NDArray[np.uint64]

ROUNDS = 10
# NumPy meets an array of no axes faster than one of its scalars, and here in a hundred small steps.
_MULTIPLIER_0 = np.array(0xD2511F53, dtype=np.uint64)
_MULTIPLIER_1 = np.array(0xCD9E8D57, dtype=np.uint64)
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85
_LOW = np.array(0xFFFFFFFF, dtype=np.uint64)
_HALF = np.array(32, dtype=np.uint64)


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[int, int]) -> Words:
    """Return the four 32-bit words of Philox-4x32-10 for each counter.

    ``counter`` holds four integers or equally shaped arrays of integers below 2**32; ``key`` two
    integers below 2**32.
    """
    first, second, third, fourth = (one.astype(np.uint32) for one in _rounds(counter, key))
    return first, second, third, fourth


def _rounds(counter: tuple[Any, Any, Any, Any], key: tuple[int, int]) -> tuple[Wide, ...]:
    """Return the four words of Philox, each in the low half of 64 bits."""
    c0, c1, c2, c3 = (np.asarray(word, dtype=np.uint64) for word in counter)
    key_0, key_1 = key
    for _ in range(ROUNDS):
        product_0 = _MULTIPLIER_0 * c0
        product_1 = _MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (
            (product_1 >> _HALF) ^ c1 ^ np.array(key_0, dtype=np.uint64),
            product_1 & _LOW,
            (product_0 >> _HALF) ^ c3 ^ np.array(key_1, dtype=np.uint64),
            product_0 & _LOW,
        )
        key_0 = (key_0 + _WEYL_0) & 0xFFFFFFFF
        key_1 = (key_1 + _WEYL_1) & 0xFFFFFFFF
    return c0, c1, c2, c3


def purpose_key(purpose: str) -> int:
    """Return the 32-bit number that stands for a purpose ("order", "start of dense_1.W", ...)."""
    return zlib.crc32(purpose.encode("utf-8"))


def random_words(seed: int, purpose: str, step: int, count: int) -> tuple[NDArray[np.uint32], ...]:
    """Return two arrays of ``count`` random 32-bit words for (seed, purpose, step).

    Element i takes words 2(i mod 2) and 2(i mod 2) + 1 of block i // 2, so that element i does not
    depend on ``count``.
    """
    bits = random_bits(seed, purpose, step, count)
    return (bits >> _HALF).astype(np.uint32), (bits & _LOW).astype(np.uint32)


def random_bits(seed: int, purpose: str, step: int, count: int) -> Wide:
    """Return ``count`` random 64-bit numbers: the two words of each element, one behind another."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise SetupError(f"{seed!r} is not a seed.", "Give a whole number from 0 to 2**64 - 1.")
    if not 0 <= step < 2**32:
        raise SetupError(f"There is no step {step}.", "Steps run from 0 to 2**32 - 1.")
    seed = int(seed)
    blocks = np.arange((count + 1) // 2, dtype=np.uint64)
    counter = (blocks & _LOW, blocks >> _HALF, step & 0xFFFFFFFF, purpose_key(purpose))
    w0, w1, w2, w3 = _rounds(counter, (seed & 0xFFFFFFFF, seed >> 32))
    bits = np.empty((len(blocks), 2), dtype=np.uint64)
    bits[:, 0] = (w0 << _HALF) | w1
    bits[:, 1] = (w2 << _HALF) | w3
    return bits.reshape(-1)[:count]


def uniform(seed: int, purpose: str, count: int, step: int = 0) -> NDArray[np.float64]:
    """Return ``count`` float64 numbers, uniform on the open interval (0, 1).

    Each has 52 random bits and lies half a step from its ends, so that its logarithm is finite.
    """
    bits = random_bits(seed, purpose, step, count) >> np.uint64(12)
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


def normal(seed: int, purpose: str, count: int, step: int = 0) -> NDArray[np.float64]:
    """Return ``count`` float64 numbers from the standard normal distribution (Box-Muller)."""
    pairs = uniform(seed, purpose, 2 * count, step).reshape(-1, 2)
    return np.sqrt(-2.0 * np.log(pairs[:, 0])) * np.cos(2.0 * np.pi * pairs[:, 1])


def permutation(seed: int, purpose: str, count: int, step: int = 0) -> NDArray[np.int64]:
    """Return a random order of ``range(count)``: the rank of 64 random bits for each element.

    Equal bits (about count**2 / 2**65 of all cases) keep the order of their elements.
    """
    return np.argsort(random_bits(seed, purpose, step, count), kind="stable")
