"""Matrix products of the native engine, small and larger than its blocks, beside NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from native_comparison import DTYPES, SETS, instruction_set, threads

from chainrule.arrays import matmul, transpose
from chainrule.engines import native
from chainrule.program import FloatType, Input, trace
from chainrule.shapes import ROWS

pytestmark = pytest.mark.skipif(not native.is_present(), reason="the compiled engine is not there")

# (rows, depth, columns): tails of every kind, and more than a block along each axis.
SIZES = [
    (1, 1, 1),
    (3, 5, 7),
    (33, 64, 65),
    (130, 257, 300),
    (97, 784, 100),
    (513, 255, 530),
    (7, 3000, 40),
    (700, 300, 13),
    (200, 1000, 1030),
]


def products(
    rows: int, depth: int, columns: int, dtype: FloatType
) -> list[tuple[str, Any, list[Input], list[Any], Any]]:
    """Return (name, function, inputs, contents, due) for each way in which the operands may lie."""
    random = np.random.default_rng(rows + depth)
    x = random.normal(size=(rows, depth)).astype(dtype)
    w = random.normal(size=(depth, columns)).astype(dtype)
    e = random.normal(size=(rows, columns)).astype(dtype)
    given = [Input("x", (ROWS, depth)), Input("e", (ROWS, columns)), Input("w", (depth, columns))]
    contents = [x, e, w]
    wide = [one.astype(np.float64) for one in contents]
    return [
        ("x w", lambda x, e, w: (matmul(x, w),), given, contents, wide[0] @ wide[2]),
        (
            "e w^T",
            lambda x, e, w: (matmul(e, transpose(w, (1, 0))),),
            given,
            contents,
            wide[1] @ wide[2].T,
        ),
        (
            "x^T e",
            lambda x, e, w: (matmul(transpose(x, (1, 0)), e),),
            given,
            contents,
            wide[0].T @ wide[1],
        ),
    ]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_products_are_those_of_numpy(size: tuple[int, int, int], dtype: FloatType) -> None:
    for name, function, inputs, contents, due in products(*size, dtype):
        program = trace(function, inputs, ("y",), dtype)
        scale = float(np.sqrt(max(size)) * np.max(np.abs(due)))
        for chosen in SETS:
            for count in (1, 2):
                with instruction_set(chosen), threads(count):
                    (made,) = native.evaluate(program, contents)
                bound = 20.0 * float(np.finfo(dtype).eps) * scale
                np.testing.assert_allclose(made, due, rtol=0.0, atol=bound, err_msg=name)


def test_the_largest_of_these_go_block_by_block() -> None:
    _, function, inputs, contents, _ = products(200, 1000, 1030, "float64")[0]
    program = trace(function, inputs, ("y",), "float64")
    native.evaluate(program, contents)
    assert " blocked " in native.machine_of(program, 0, None).describe(64)
