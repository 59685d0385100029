"""The links of pooling: which entries each output is made of, and the share of each in it.

An entry that lost against a larger one is listed too, with a slope of 0: it would be a route if it
were larger. Entries that tie for a maximum share its slope equally.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.explanation.routes.links import Array, Link, Listed
from chainrule.ops.walks import Step
from chainrule.sliding import windows

OVER_WINDOWS = ("max_pooling_1d", "max_pooling_2d", "average_pooling_1d", "average_pooling_2d")
OVER_PLACES = ("global_max_pooling", "global_average_pooling")
OVER_TIME = (
    "max_over_time",
    "average_over_time",
    "masked_max_over_time",
    "masked_average_over_time",
)
POOLING = (*OVER_WINDOWS, *OVER_PLACES, *OVER_TIME)


def pooling_links(number: int, step: Step, place: int, values: Mapping[str, Array]) -> list[Link]:
    """Return the link from what is pooled to what comes out."""
    source, target = str(step.inputs[0]), str(step.outputs[0])
    content, made = np.asarray(values[source]), np.asarray(values[target])
    members = _members(step, content)
    seen = members >= 0
    if step.op.name.startswith("masked"):
        mask = np.asarray(values[str(step.inputs[1])], dtype=bool)
        counted = seen & np.broadcast_to(mask[..., None], content.shape).reshape(-1)[members]
    else:
        counted = seen
    hits = counted
    if "max" in step.op.name:
        hits = counted & (content.reshape(-1)[members] == made.reshape(-1, 1))
    shares = hits / np.maximum(hits.sum(axis=1, keepdims=True), 1)
    targets = np.broadcast_to(np.arange(len(members))[:, None], members.shape)
    return [
        Listed(
            number,
            place,
            source,
            target,
            content.shape,
            made.shape,
            shares[seen],
            sources=members[seen],
            targets=targets[seen],
        )
    ]


def _members(step: Step, content: Array) -> Array:
    """Return (outputs, members): the flat places that each output is made of, -1 for padding."""
    numbers = np.arange(content.size, dtype=np.float64).reshape(content.shape)
    if step.op.name in OVER_PLACES:
        seen: Any = numbers.reshape(-1, int(np.prod(content.shape[2:])))
    elif step.op.name in OVER_TIME:
        seen = numbers.transpose(0, 2, 1).reshape(-1, content.shape[1])
    else:
        settings = {**step.op.settings, **step.settings}
        size, rank = settings["size"], len(settings["size"])
        around = ((0, 0),) * (content.ndim - rank)
        numbers = np.pad(numbers, (*around, *settings["padding"]), constant_values=-1.0)
        seen = windows(numbers, size, settings["stride"], (1,) * rank)
        seen = np.asarray(seen).reshape(-1, int(np.prod(size)))
    return np.asarray(seen).astype(np.int64)
