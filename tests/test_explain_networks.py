"""200 random networks: terms add up at every fold, three numbers agree, and a spoiled rule shows.

A sample of them is tried each time; ``CHAINRULE_EXPLAIN_ALL=1`` tries all of them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from explained_networks import FAMILIES, Drawn, drawn

from chainrule.explanation.door import explain
from chainrule.explanation.explanation import Explanation
from chainrule.explanation.unfolding import Node
from chainrule.network.backpropagation import objective_for
from chainrule.ops import BUILT_IN, OPS

EVERY = os.environ.get("CHAINRULE_EXPLAIN_ALL", "") not in ("", "0")
NUMBERS = range(200) if EVERY else range(3, 200, 5)
# Those that no objective contains, and the one that has no slope anywhere.
NOT_IN_A_NETWORK = {"l1_penalty", "l2_penalty", "step"}


def asked(one: Drawn, target: str, **how: Any) -> Explanation:
    form = {"training": True, "seed": one.seed, "step": 3} if one.training else {}
    return explain(
        one.network, target, x=one.x, y=one.y, loss=one.loss, most_nodes=12, **form, **how
    )


def some_targets(one: Drawn) -> Iterator[str]:
    """Yield two numbers of parameters and two of values that the loss has a slope towards."""
    random = np.random.default_rng(one.seed + 1000)
    trace = asked(one, "loss").trace
    parameters = [each.name for each in trace.objective.plan.parameters]
    values = sorted(name for name in trace.row_values if name in trace.exact.gradients)
    floats = [name for name in values if trace.exact.values[name].dtype.kind == "f"]
    for name in (*random.choice(parameters, 2), *random.choice(floats, 2)):
        place = [int(random.integers(0, size)) for size in trace.exact.values[name].shape]
        yield f"{name}[{','.join(map(str, place))}]"


def sizes(node: Node) -> float:
    return sum(abs(term.product) for term in node.terms) + abs(node.rest.sum)


@pytest.mark.parametrize("number", NUMBERS)
def test_terms_add_up_and_three_numbers_agree(number: int) -> None:
    one = drawn(number)
    for target in some_targets(one):
        why = asked(one, target)
        assert why.tree is not None
        assert why.checks is not None
        for node in why.tree:
            if node.name == "loss":
                continue
            shown = sum(term.product for term in node.terms) + node.rest.sum
            assert abs(shown - node.value) <= 1e-6 * sizes(node) + 1e-15, (target, node.name)
            for term in node.terms:
                product = math.prod(one.value for one in term.factors)
                assert term.product == pytest.approx(product, rel=1e-12)
        assert why.checks.agree, (target, why.checks)
        assert why.checks.difference.error <= 1e-5 * why.checks.sizes + 1e-9, (target, why.checks)


def downstream(node: Node) -> list[str]:
    """Return the ops along the largest terms of a tree."""
    found = []
    below: Node | None = node
    while below is not None and below.terms:
        largest = max(below.terms, key=lambda term: abs(term.product))
        found.append(largest.op)
        below = largest.below
    return found


def spoiled(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Return a backward rule that is a hundredth too large."""

    def rule(*given: Any, **settings: Any) -> tuple[Any, ...]:
        return tuple(None if part is None else 1.01 * part for part in backward(*given, **settings))

    return rule


@pytest.mark.parametrize("number", NUMBERS if EVERY else range(2, 200, 11))
def test_a_spoiled_backward_shows_every_time(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one = drawn(number)
    tried = 0
    for target in some_targets(one):
        right = asked(one, target)
        assert right.checks is not None
        assert right.tree is not None
        if abs(right.checks.exact_gradient) < 1e-3 * right.checks.sizes or not right.checks.sizes:
            continue
        if right.checks.difference.kink:
            continue
        for name in dict.fromkeys(downstream(right.tree)):
            if OPS[name].forward_predict is not None and not one.training:
                # As it predicts, its backward follows from words and is not the one of the block.
                continue
            with monkeypatch.context() as patched:
                wrong = replace(OPS[name], backward=spoiled(OPS[name].backward))
                patched.setitem(OPS, name, wrong)
                checks = asked(drawn(number), target).checks
            assert checks is not None
            assert not checks.agree, (target, name, checks)
            assert "do not agree" in checks.sentence()
            tried += 1
    assert tried or number in QUIET, number


# Networks in which none of the numbers that are tried has a gradient to spoil.
QUIET: set[int] = set()


def test_every_op_of_the_table_is_in_some_network() -> None:
    found = {step.op.name for number in range(200) for step in asked_steps(drawn(number))}
    plain = {name for name, op in OPS.items() if op.kind != "word" and op.name in BUILT_IN}
    assert plain - found == NOT_IN_A_NETWORK


def asked_steps(one: Drawn) -> Any:
    objective, _ = objective_for(one.network, one.x, one.y, one.loss, None, one.training)
    return objective.steps


def test_a_family_of_each_kind_is_sampled() -> None:
    assert {FAMILIES[number % len(FAMILIES)] for number in NUMBERS} == set(FAMILIES)
