"""Layers that pass nothing on: what they give is the same whatever they are given."""

from __future__ import annotations

from chainrule.network.plan import Plan

# What is normalised over the last axis alone has a mean that is itself where that has one number.
OVER_THE_LAST_AXIS = "layer_norm"


def normalised_alone(plan: Plan) -> list[str]:
    """Return the layers that normalise one number by itself, which makes 0 of every number."""
    return [
        one.layer
        for one in plan.steps
        if one.op == OVER_THE_LAST_AXIS and plan.shapes[one.outputs[0]][-1] == 1
    ]


def told_alone(layer: str) -> str:
    """Return the sentence on such a layer."""
    return (
        f"{layer} normalises each number by itself: less its mean it is 0, whatever it was, so "
        "that nothing of the inputs gets further."
    )
