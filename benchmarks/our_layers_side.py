"""chainrule as a user calls it, with layers beyond dense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from layers_works import LayerProblem, LayerWork, Part, layer_problem
from our_side import Ours

import chainrule as cr


def layer_of(part: Part) -> Any:
    """Return the layer that a part stands for."""
    kind, *given = part
    if kind == "conv":
        filters, size, padding, activation = given
        return cr.Conv(filters, size, padding=padding, activation=activation or None)
    if kind == "dense":
        return cr.Dense(given[0], given[1] or None)
    if kind == "lstm":
        return cr.LSTM(given[0])
    return cr.MaxPool(given[0]) if kind == "pool" else cr.Flatten()


def network_of(work: LayerWork, seed: int, weights: Sequence[Any] = ()) -> cr.Network:
    """Return the network of a work, with these weights or, where there are none, by seed."""
    layers = [layer_of(part) for part in work.parts]
    drawn = cr.Network(cr.Input(work.shape), *layers, seed=seed)
    if not weights:
        return drawn
    return drawn.with_parameters(dict(zip(drawn.parameters, weights, strict=True)))


class OurLayers(Ours):
    """The same call of ``cr.train``; only the network is another one."""

    problem: Any

    def load(self, path: str) -> Any:
        return LayerProblem.load(path)

    def set_up(self) -> None:
        self.network = network_of(self.problem.work, 0, self.problem.weights)

    def another(self, work: Any) -> Any:
        """Return a problem of the same kind: its first layer with learned numbers is wider."""
        first = next(place for place, part in enumerate(work.parts) if part[0] in ("conv", "lstm"))
        kind, width, *more = work.parts[first]
        parts = (*work.parts[:first], (kind, width + 1, *more), *work.parts[first + 1 :])
        return layer_problem(replace(work, parts=parts, rows=max(64, work.outputs)))

    def classes(self) -> int:
        return int(self.problem.work.outputs)
