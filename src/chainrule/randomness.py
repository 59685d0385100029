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

ROUNDS = 10
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[int, int]) -> Words:
    """Return the four 32-bit words of Philox-4x32-10 for each counter.

    ``counter`` holds four integers or equally shaped arrays of integers below 2**32; ``key`` two
    integers below 2**32.
    """
    c0, c1, c2, c3 = (np.asarray(word, dtype=np.uint64) for word in counter)
    key_0, key_1 = key
    for _ in range(ROUNDS):
        product_0 = _MULTIPLIER_0 * c0
        product_1 = _MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (
            (product_1 >> _HALF) ^ c1 ^ np.uint64(key_0),
            product_1 & _LOW,
            (product_0 >> _HALF) ^ c3 ^ np.uint64(key_1),
            product_0 & _LOW,
        )
        key_0 = (key_0 + _WEYL_0) & 0xFFFFFFFF
        key_1 = (key_1 + _WEYL_1) & 0xFFFFFFFF
    first, second, third, fourth = (word.astype(np.uint32) for word in (c0, c1, c2, c3))
    return first, second, third, fourth


def purpose_key(purpose: str) -> int:
    """Return the 32-bit number that stands for a purpose ("order", "start of dense_1.W", ...)."""
    return zlib.crc32(purpose.encode("utf-8"))


def random_words(seed: int, purpose: str, step: int, count: int) -> tuple[NDArray[np.uint32], ...]:
    """Return two arrays of ``count`` random 32-bit words for (seed, purpose, step).

    Element i takes words 2(i mod 2) and 2(i mod 2) + 1 of block i // 2, so that element i does not
    depend on ``count``.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise SetupError(f"{seed!r} is not a seed.", "Give a whole number from 0 to 2**64 - 1.")
    if not 0 <= step < 2**32:
        raise SetupError(f"There is no step {step}.", "Steps run from 0 to 2**32 - 1.")
    seed = int(seed)
    blocks = np.arange((count + 1) // 2, dtype=np.uint64)
    counter = (blocks & _LOW, blocks >> _HALF, step & 0xFFFFFFFF, purpose_key(purpose))
    words = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    high = np.stack([np.broadcast_to(words[0], blocks.shape), words[2]], axis=1).reshape(-1)
    low = np.stack([np.broadcast_to(words[1], blocks.shape), words[3]], axis=1).reshape(-1)
    return high[:count], low[:count]


def uniform(seed: int, purpose: str, count: int, step: int = 0) -> NDArray[np.float64]:
    """Return ``count`` float64 numbers, uniform on the open interval (0, 1).

    Each has 52 random bits and lies half a step from its ends, so that its logarithm is finite.
    """
    high, low = random_words(seed, purpose, step, count)
    bits = (high.astype(np.uint64) << np.uint64(20)) | (low.astype(np.uint64) >> np.uint64(12))
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


def normal(seed: int, purpose: str, count: int, step: int = 0) -> NDArray[np.float64]:
    """Return ``count`` float64 numbers from the standard normal distribution (Box-Muller)."""
    pairs = uniform(seed, purpose, 2 * count, step).reshape(-1, 2)
    return np.sqrt(-2.0 * np.log(pairs[:, 0])) * np.cos(2.0 * np.pi * pairs[:, 1])


def permutation(seed: int, purpose: str, count: int, step: int = 0) -> NDArray[np.int64]:
    """Return a random order of ``range(count)``: the rank of 64 random bits for each element.

    Equal bits (about count**2 / 2**65 of all cases) keep the order of their elements.
    """
    high, low = random_words(seed, purpose, step, count)
    bits = (high.astype(np.uint64) << _HALF) | low.astype(np.uint64)
    return np.argsort(bits, kind="stable")
