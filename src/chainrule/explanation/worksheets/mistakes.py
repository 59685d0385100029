"""The mistakes that are made on a worksheet: rules of the chain rule, and what breaking one gives.

Each is the formula of a blank with a factor left out, another in its place, or a sign turned, so
that marking can work out what the mistake would have given from a student's own numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.explanation.worksheets.sheet_formulas import (
    FORMULAS,
    Formula,
    negated,
    terms,
    with_other,
    without_factor,
    without_term,
)

# Rule -> what breaking it is called.
RULES = {
    "bias": "forgot the bias",
    "weight index": "took the weight of another connection",
    "inputs swapped": "took the inputs in the wrong order",
    "activation": "forgot the activation",
    "wrong activation": "took another activation",
    "slope for value": "took the activation's slope instead of its value",
    "sum for output": "took the weighted sum where the unit's output belongs",
    "half": "forgot the half in the cost",
    "square": "forgot the square in the cost",
    "error": "forgot the error",
    "cost for error": "multiplied by the cost instead of the error",
    "sign of the error": "turned the sign of the error",
    "sign": "turned the sign",
    "slope": "forgot the activation's slope",
    "slope at the output": "took the slope at the output where the formula wants the "
    "pre-activation",
    "sum in the slope": "put the pre-activation into the formula of the slope that takes the "
    "output",
    "slope of another unit": "took the slope of another unit",
    "weight": "forgot the weight on the way back",
    "updated weight": "used the updated weight",
    "output's slope": "used o - t where delta_o belongs",
    "input": "forgot the input factor",
    "wrong input": "took another input",
    "delta of another unit": "took the delta of another unit",
    "index": "took the slope of another weight",
    "weight for input": "multiplied by the weight instead of its input",
    "bias in its slope": "multiplied by the bias, whose input is 1",
    "ascent": "added the step instead of subtracting it",
    "rate": "forgot the learning rate",
    "step alone": "gave the step and not the new weight",
}


@dataclass(frozen=True)
class Mistake:
    """One way to get a blank wrong: the rule that it breaks, in words, and what it gives."""

    blank: str
    rule: str
    detail: str
    formula: Formula

    @property
    def sentence(self) -> str:
        """The rule and where it was broken: "forgot the activation's slope: f'(z1) is missing"."""
        return RULES[self.rule] + (f": {self.detail}" if self.detail else "")


def mistakes_in(blank: str) -> tuple[Mistake, ...]:
    """Return the known mistakes of a blank."""
    if blank in ("z1", "z2"):
        made = _in_hidden_sum(blank)
    elif blank == "zo":
        made = _in_output_sum()
    elif blank in ("h1", "h2", "o"):
        made = _in_activation(blank)
    elif blank == "C":
        made = _in_cost()
    elif blank == "delta_o":
        made = _in_output_delta()
    elif blank.startswith("delta_"):
        made = _in_hidden_delta(blank)
    elif blank.startswith("new_"):
        made = _in_update(blank)
    elif blank in ("dc", "db1", "db2"):
        made = _in_bias_slope(blank)
    elif blank in ("dv1", "dv2"):
        made = _in_output_slope(blank)
    else:
        made = _in_hidden_slope(blank)
    return tuple(Mistake(blank, *one) for one in made)


# Rule, detail, formula of a mistake.
Found = Iterator[tuple[str, str, Formula]]


def _swap(formula: Formula, factor: str, other: str) -> tuple[str, Formula]:
    return f"{other} for {factor}", with_other(formula, factor, other)


def _missing(formula: Formula, factor: str) -> tuple[str, Formula]:
    return f"{factor} is missing", without_factor(formula, factor)


def _in_hidden_sum(blank: str) -> Found:
    unit, other = (blank[1], "1" if blank[1] == "2" else "2")
    right = FORMULAS[blank]
    yield "bias", f"b{unit} is missing", without_term(right, 2)
    for place in ("1", "2"):
        yield "weight index", *_swap(right, f"w{place}{unit}", f"w{place}{other}")
    crossed = terms(f"w{unit}1 x1", f"w{unit}2 x2", f"b{unit}")
    yield "weight index", f"w{unit}{other} for w{other}{unit}", crossed
    swapped = terms(f"w1{unit} x2", f"w2{unit} x1", f"b{unit}")
    yield "inputs swapped", "x2 for x1 and x1 for x2", swapped


def _in_output_sum() -> Found:
    right = FORMULAS["zo"]
    yield "bias", "c is missing", without_term(right, 2)
    yield "weight index", "v2 for v1 and v1 for v2", terms("v2 h1", "v1 h2", "c")
    yield "sum for output", "z1 for h1 and z2 for h2", terms("v1 z1", "v2 z2", "c")


def _in_activation(blank: str) -> Found:
    at = f"z{blank[1:] or 'o'}"
    yield "activation", f"{blank} is not {at}", terms(at)
    yield "wrong activation", "look at the one that is given", terms(f"other({at})")
    yield "slope for value", f"f'({at}) for f({at})", terms(f"f'({at})")


def _in_cost() -> Found:
    right = FORMULAS["C"]
    yield "half", *_missing(right, "half")
    yield "square", "half of o - t", terms("half error")


def _in_output_delta() -> Found:
    right = FORMULAS["delta_o"]
    yield "sign of the error", "t - o for o - t", negated(right)
    yield "slope", *_missing(right, "f'(zo)")
    yield "slope at the output", *_swap(right, "f'(zo)", "f'(o)")
    yield "sum in the slope", "zo where o belongs", with_other(right, "f'(zo)", "slope[zo]")
    yield "error", "o - t is missing", without_factor(right, "error")
    yield "cost for error", *_swap(right, "error", "C")


def _in_hidden_delta(blank: str) -> Found:
    unit, other = (blank[-1], "1" if blank[-1] == "2" else "2")
    right, slope = FORMULAS[blank], f"f'(z{unit})"
    yield "slope", *_missing(right, slope)
    yield "slope at the output", *_swap(right, slope, f"f'(h{unit})")
    inside = with_other(right, slope, f"slope[z{unit}]")
    yield "sum in the slope", f"z{unit} where h{unit} belongs", inside
    yield "slope of another unit", *_swap(right, slope, f"f'(z{other})")
    yield "weight", *_missing(right, f"v{unit}")
    yield "weight index", *_swap(right, f"v{unit}", f"v{other}")
    after = with_other(right, f"v{unit}", f"after(v{unit})")
    yield "updated weight", f"new_v{unit} for v{unit}", after
    yield "output's slope", "f'(zo) is missing", with_other(right, "delta_o", "error")
    yield "sign", f"delta_o v{unit} {slope} has the other sign", negated(right)


def _in_output_slope(blank: str) -> Found:
    unit, other = (blank[-1], "1" if blank[-1] == "2" else "2")
    right = FORMULAS[blank]
    yield "input", *_missing(right, f"h{unit}")
    yield "sum for output", *_swap(right, f"h{unit}", f"z{unit}")
    yield "wrong input", *_swap(right, f"h{unit}", f"h{other}")
    yield "weight for input", *_swap(right, f"h{unit}", f"v{unit}")
    yield "output's slope", "f'(zo) is missing", with_other(right, "delta_o", "error")
    yield "sign", f"delta_o h{unit} has the other sign", negated(right)


def _in_hidden_slope(blank: str) -> Found:
    place, unit = blank[-2], blank[-1]
    elsewhere, other = ("1" if one == "2" else "2" for one in (place, unit))
    right = FORMULAS[blank]
    yield "input", *_missing(right, f"x{place}")
    yield "wrong input", *_swap(right, f"x{place}", f"x{elsewhere}")
    yield "delta of another unit", *_swap(right, f"delta_{unit}", f"delta_{other}")
    if place != unit:
        yield "index", f"dw{unit}{place} for {blank}", FORMULAS[f"dw{unit}{place}"]
    yield "weight for input", *_swap(right, f"x{place}", f"w{place}{unit}")
    yield "sign", f"delta_{unit} x{place} has the other sign", negated(right)


def _in_bias_slope(blank: str) -> Found:
    right, bias = FORMULAS[blank], blank[1:]
    yield (
        "bias in its slope",
        f"{blank} is {right[0].factors[0]}",
        terms(f"{right[0].factors[0]} {bias}"),
    )
    yield "sign", f"{right[0].factors[0]} has the other sign", negated(right)
    if blank == "dc":
        yield "output's slope", "f'(zo) is missing", terms("error")
    else:
        unit, other = (blank[-1], "1" if blank[-1] == "2" else "2")
        yield "delta of another unit", *_swap(right, f"delta_{unit}", f"delta_{other}")


# The weight whose slope is taken for another's, where indices are mixed up.
_CONFUSED = {
    "w11": "w12", "w12": "w21", "w21": "w12", "w22": "w21", "v1": "v2", "v2": "v1",
    "b1": "b2", "b2": "b1",
}  # fmt: skip


def _in_update(blank: str) -> Found:
    weight = blank.removeprefix("new_")
    right = FORMULAS[blank]
    yield "ascent", f"{weight} + rate d{weight}", terms(weight, f"rate d{weight}")
    yield "rate", *_missing(right, "rate")
    yield "step alone", f"rate d{weight}", terms(f"rate d{weight}")
    yield "step alone", f"-rate d{weight}", terms(f"-rate d{weight}")
    if weight in _CONFUSED:
        yield "index", *_swap(right, f"d{weight}", f"d{_CONFUSED[weight]}")


def every_mistake() -> tuple[Mistake, ...]:
    """Return the mistakes of all blanks, in the order of the sheet."""
    return tuple(one for blank in FORMULAS for one in mistakes_in(blank))
