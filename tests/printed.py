"""Printed text compared as a reader compares it: words exactly, numbers to their last digit."""

from __future__ import annotations

import re

# A number, with the minus that belongs to it: in "a-2" and "x^3 - 4" the minus is not a sign.
NUMBER = re.compile(r"(?<![\w.)])-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?|\d+(?:\.\d+)?")


def differences(expected: str, found: str) -> list[str]:
    """Return the lines that differ by more than rounding in the last digit of a number.

    Spaces that align columns do not count, and 0.000 equals -0.000.
    """
    wanted, given = expected.splitlines(), found.splitlines()
    if len(wanted) != len(given):
        return [f"{len(wanted)} lines expected, {len(given)} found"]
    return [
        f"expected: {one}\nfound:    {other}"
        for one, other in zip(wanted, given, strict=True)
        if not same_line(one, other)
    ]


def same_line(one: str, other: str) -> bool:
    """Return whether two lines have the same words and, to the last digit, the same numbers."""
    if NUMBER.sub("#", one).split() != NUMBER.sub("#", other).split():
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(same_number(wanted, given) for wanted, given in pairs)


def same_number(wanted: str, given: str) -> bool:
    """Return whether two numbers are equal, or decimals that are one apart in their last digit."""
    if "." not in wanted:
        return wanted == given
    digits = len(wanted.partition("e")[0].partition(".")[2])
    power = int(wanted.partition("e")[2] or 0)
    unit = 10.0 ** (power - digits)
    return abs(float(wanted.replace(",", "")) - float(given.replace(",", ""))) < 1.5 * unit
