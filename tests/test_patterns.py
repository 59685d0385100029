"""Shape patterns: the one string that an op's sizes are read from."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import SetupError, ShapeError
from chainrule.ops.patterns import Pattern, Slot
from chainrule.shapes import ROWS


def shapes_out(pattern: str, *shapes: Any, rules: Any = None, **settings: Any) -> Any:
    one = Pattern(pattern)
    names = [f"x{place}" for place in range(len(one.inputs))]
    sizes = one.match(shapes, names, "'op'")
    return one.output_shapes(shapes, sizes, rules or {}, settings)


def test_a_pattern_is_read_into_slots() -> None:
    one = Pattern("n i, n < k, n t ?, -> n i, ")
    assert one.inputs == (
        Slot(("n", "i")),
        Slot(("n",), "integer", "k"),
        Slot(("n", "t"), "boolean"),
        Slot(()),
    )
    assert one.outputs == (Slot(("n", "i")), Slot(()))
    assert [str(slot) for slot in one.inputs] == ["n i", "n < k", "n t ?", ""]


@pytest.mark.parametrize(
    ("pattern", "given_shapes", "due"),
    [
        ("n i, i o, o -> n o", [(ROWS, 3), (3, 4), (4,)], ((ROWS, 4),)),
        ("n i, i o, o -> n o", [(7, 3), (3, 4), (4,)], ((7, 4),)),
        ("n k, n < k -> n", [(ROWS, 3), (ROWS,)], ((ROWS,),)),
        ("n, n -> ", [(ROWS,), (ROWS,)], ((),)),
        ("... -> ...", [(2, ROWS, 3)], ((2, ROWS, 3),)),
        ("... -> ...", [()], ((),)),
        ("... k -> ... k", [(5,)], ((5,),)),
        ("... k -> ...", [(2, ROWS, 5)], ((2, ROWS),)),
        ("... i, i -> ... i", [(ROWS, 2, 5), (5,)], ((ROWS, 2, 5),)),
        ("..., ... -> ...", [(ROWS, 1), (4,)], ((ROWS, 4),)),
        ("n 3 -> n 2", [(ROWS, 3)], ((ROWS, 2),)),
        ("n i -> n i, n", [(ROWS, 3)], ((ROWS, 3), (ROWS,))),
        ("n c ..., c -> n c ..., c", [(ROWS, 3), (3,)], ((ROWS, 3), (3,))),
        ("n c ..., c -> n c ...", [(ROWS, 3, 4, 5), (3,)], ((ROWS, 3, 4, 5),)),
        ("n ... k, k -> n ...", [(ROWS, 4, 5, 2), (2,)], ((ROWS, 4, 5),)),
        ("n ... k, k -> n ...", [(ROWS, 2), (2,)], ((ROWS,),)),
        ("n k, k ! -> n k, k !", [(ROWS, 3), (3,)], ((ROWS, 3), (3,))),
    ],
)
def test_output_shapes_follow(pattern: str, given_shapes: list[Any], due: Any) -> None:
    assert shapes_out(pattern, *given_shapes) == due


def test_a_size_that_stands_nowhere_on_the_left_is_worked_out() -> None:
    rules = {
        "i+j": lambda i, j, **_: i + j,
        "out": lambda i, stride, **_: (i - 1) // stride + 1,
    }
    assert shapes_out("n i, n j -> n i+j", (ROWS, 3), (ROWS, 4), rules=rules) == ((ROWS, 7),)
    assert shapes_out("n i -> n out", (ROWS, 9), rules=rules, stride=2) == ((ROWS, 5),)


@pytest.mark.parametrize(
    ("pattern", "given_shapes", "parts"),
    [
        (
            "n i, i o -> n o",
            [(ROWS, 3), (5, 4)],
            ["'op' expects n i, i o -> n o", "x0 is (n, 3), so i = 3", "x1 is (5, 4), so i = 5"],
        ),
        ("n i, i o -> n o", [(ROWS, 3, 2), (3, 4)], ["x0 is (n, 3, 2) where 'n i' is due"]),
        ("n 3 -> n", [(ROWS, 4)], ["3 = 3", "3 = 4"]),
        ("n i -> n", [(ROWS, 4), (4,)], ["expects 1 inputs", "was given 2"]),
        ("... k -> ...", [()], ["'... k' is due", "Give x0 1 axes or more."]),
        ("n c ..., c -> n c ...", [(ROWS,), (3,)], ["'n c ...' is due", "2 axes or more"]),
        ("n c ..., c -> n c ...", [(ROWS, 4, 3), (3,)], ["so c = 4", "so c = 3"]),
        ("n i, n i -> n", [(ROWS, 3), (7, 3)], ["n = n", "n = 7"]),
        ("..., ... -> ...", [(3,), (4,)], ["do not meet"]),
    ],
)
def test_sizes_that_do_not_meet_are_told(
    pattern: str, given_shapes: list[Any], parts: list[str]
) -> None:
    with pytest.raises(ShapeError) as caught:
        shapes_out(pattern, *given_shapes)
    for part in parts:
        assert part in str(caught.value)
    assert caught.value.remedy.endswith(".")


def test_state_is_marked_and_stands_behind_the_other_outputs() -> None:
    one = Pattern("n k, k !, k -> n k, n, k !")
    assert one.inputs[1] == Slot(("k",), state=True)
    assert str(one.inputs[1]) == "k !"
    assert one.flowing == 2
    assert Pattern("n k -> n k, n").flowing == 2


@pytest.mark.parametrize(
    "text",
    [
        "n k, k ! -> n k",
        "n k -> n k, k !",
        "n k, k ! -> k !, n k",
        "n k, k ! -> n k, n !",
        "k ! -> k !",
        "n k, k !, n ! -> n k, n !, k !",
        "... k ... -> ... k",
    ],
)
def test_patterns_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(SetupError, match="The shape pattern"):
        Pattern(text)


@given(st.lists(st.integers(min_value=1, max_value=9), min_size=2, max_size=4))
def test_a_chain_of_products_keeps_its_ends(sizes: list[int]) -> None:
    shape: Any = (ROWS, sizes[0])
    for before, after in itertools.pairwise(sizes):
        (shape,) = shapes_out("n i, i o -> n o", shape, (before, after))
    assert shape == (ROWS, sizes[-1])
