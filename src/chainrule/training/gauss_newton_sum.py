"""The Gauss-Newton matrix of dense layers from their factors, in one of two ways.

``LineSum`` writes the lines of J out for some rows at a time, and multiplies them. ``PairSum`` does
not write J: an entry of J'J between two weights is a sum over rows of x_i x_k times the sum over
the roots of d_j d_l, where x are the inputs of the layers and d the gradients at their outputs. So
the pairs of inputs and the pairs of gradients are made first, and one product for each two layers
does the rest; symmetric pairs are made once, and several roots cost little more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.network.layer_factors import FactoredLayer

Matrix = NDArray[np.float64]

# What is written for some rows at a time stays small (numbers), and products of few rows are slow.
NUMBERS_AT_ONCE = 2_000_000
LEAST_ROWS, MOST_ROWS = 32, 1024
# With so few pairs of gradients the inputs are weighed by each of them instead of paired.
FEW = 3
# What a product costs beside a number that is written: flops in the time of one, and the least
# width for which it is counted, since narrow products are slow.
FLOPS_OF_A_NUMBER, LEAST_WIDTH = 16.0, 24
# Pairs are made in many small calls, so they have to promise this much (measured at six sizes).
PAIRS_MUST_SAVE = 1.5


class FactorSum(Protocol):
    """Adds up J'J over rows; ``rows_at_once`` of them are a good number for one call of ``add``."""

    rows_at_once: int

    def add(self, inputs: Sequence[Matrix], gradients: Sequence[Sequence[Matrix]]) -> None:
        """Add rows: of each layer its inputs (lines, n), of each root and layer (outputs, n).

        The line of a bias is all ones.
        """

    def matrix(self) -> Matrix:
        """Return the sum (p, p) since the last call of this, and begin anew."""


def sum_of(layers: Sequence[FactoredLayer], roots: int, alone: bool = True) -> FactorSum:
    """Return the cheaper of the two ways, by what each writes and multiplies for a row.

    ``alone``: no other thread adds at the same time.
    """
    by_lines, by_pairs = LineSum(layers, alone), PairSum(layers)
    saves = PAIRS_MUST_SAVE * by_pairs.cost(roots) < by_lines.cost(roots)
    return by_pairs if saves else by_lines


class LineSum:
    """J is written out, transposed, for some rows and one root at a time."""

    def __init__(self, layers: Sequence[FactoredLayer], alone: bool = True) -> None:
        """``alone``: no other thread adds at the same time."""
        self.layers, self.alone = tuple(layers), alone
        self.size = sum(one.lines * one.outputs for one in layers)
        self.rows_at_once = max(LEAST_ROWS, min(MOST_ROWS, NUMBERS_AT_ONCE // self.size))
        self._room = np.empty(self.size * self.rows_at_once)
        self._total = np.zeros((self.size, self.size), order="F")

    def cost(self, roots: int) -> float:
        """Return what a row costs, in numbers that are written."""
        flops = self.size * (self.size + 2 * LEAST_WIDTH)
        return roots * (self.size + flops / FLOPS_OF_A_NUMBER)

    def add(self, inputs: Sequence[Matrix], gradients: Sequence[Sequence[Matrix]]) -> None:
        rows = inputs[0].shape[1]
        jacobian = self._room[: self.size * rows].reshape(self.size, rows)
        for of_root in gradients:
            for layer, x, d in zip(self.layers, inputs, of_root, strict=True):
                part = jacobian[layer.start : layer.start + layer.lines * layer.outputs]
                shape = (layer.lines, layer.outputs, rows)
                np.multiply(x[:, None], d[None], out=part.reshape(shape))
            self._multiply(jacobian)

    def _multiply(self, jacobian: Matrix) -> None:
        """Add the product of lines with themselves, of which the upper half is enough."""
        if self.alone:
            from scipy.linalg.blas import dsyrk

            dsyrk(1.0, jacobian.T, beta=1.0, c=self._total, trans=1, overwrite_c=1)
        else:
            # SciPy's function lets no other thread run meanwhile; NumPy's product does.
            self._total += jacobian @ jacobian.T

    def matrix(self) -> Matrix:
        found: Matrix = self._total.copy()
        if self.alone:
            # The lower half is 0.
            found += self._total.T
            found.reshape(-1)[:: self.size + 1] *= 0.5
        self._total[...] = 0.0
        return found


@dataclass(eq=False)
class LayerPair:
    """Two layers, and what is summed for them.

    ``total`` is (pairs of gradients, pairs of inputs), or where there are few pairs of gradients
    (pairs of gradients, lines of the first layer, lines of the second).
    """

    first: int
    second: int
    of_gradients: int
    of_inputs: int
    few: bool
    total: Matrix


class PairSum:
    """Pairs of inputs and pairs of gradients are written out, and multiplied with each other."""

    def __init__(self, layers: Sequence[FactoredLayer]) -> None:
        self.layers = tuple(layers)
        places = range(len(self.layers))
        self.pairs = [
            _pair(self.layers, first, second) for first in places for second in places[first:]
        ]
        gradients = max(one.of_gradients for one in self.pairs)
        inputs = max((one.of_inputs for one in self.pairs if not one.few), default=0)
        most = NUMBERS_AT_ONCE // (gradients + inputs)
        self.rows_at_once = max(LEAST_ROWS, min(MOST_ROWS, most))
        # Room for products, which is kept: fresh memory costs as much as what is written there.
        sizes = (gradients, gradients, inputs)
        self._rooms = [np.empty(one * self.rows_at_once) for one in sizes]

    def cost(self, roots: int) -> float:
        """Return what a row costs, in numbers that are written."""
        total = 0.0
        for one in self.pairs:
            a, b = self.layers[one.first], self.layers[one.second]
            total += roots * one.of_gradients + (roots - 1) * one.of_gradients
            widths = (a.lines, b.lines) if one.few else (one.of_gradients, one.of_inputs)
            times = one.of_gradients if one.few else 1
            total += times * a.lines if one.few else one.of_inputs
            flops = 2.0 * max(widths[0], LEAST_WIDTH) * max(widths[1], LEAST_WIDTH)
            total += times * flops / FLOPS_OF_A_NUMBER
        return total

    def add(self, inputs: Sequence[Matrix], gradients: Sequence[Sequence[Matrix]]) -> None:
        for pair in self.pairs:
            self._add_pair(pair, inputs, gradients)

    def _add_pair(
        self, pair: LayerPair, xs: Sequence[Matrix], ds: Sequence[Sequence[Matrix]]
    ) -> None:
        first, second, same = pair.first, pair.second, pair.first == pair.second
        rows = xs[0].shape[1]
        made = self._room(0, pair.of_gradients, rows)
        more = self._room(1, pair.of_gradients, rows)
        for place, of_root in enumerate(ds):
            _products(of_root[first], of_root[second], same, more if place else made)
            if place:
                made += more
        if pair.few:
            for place, weights in enumerate(made):
                pair.total[place] += (xs[first] * weights) @ xs[second].T
            return
        beside = self._room(2, pair.of_inputs, rows)
        _products(xs[first], xs[second], same, beside)
        pair.total += made @ beside.T

    def _room(self, place: int, lines: int, rows: int) -> Matrix:
        return self._rooms[place][: lines * rows].reshape(lines, rows)

    def matrix(self) -> Matrix:
        size = sum(one.lines * one.outputs for one in self.layers)
        found = np.empty((size, size))
        for pair in self.pairs:
            a, b = self.layers[pair.first], self.layers[pair.second]
            rows = slice(a.start, a.start + a.lines * a.outputs)
            columns = slice(b.start, b.start + b.lines * b.outputs)
            block = _unfolded(pair, a, b).transpose(2, 0, 3, 1)
            found[rows, columns] = block.reshape(a.lines * a.outputs, b.lines * b.outputs)
            if pair.first != pair.second:
                found[columns, rows] = found[rows, columns].T
            pair.total[...] = 0.0
        return found


def _pair(layers: Sequence[FactoredLayer], first: int, second: int) -> LayerPair:
    a, b = layers[first], layers[second]
    same = first == second
    gradients = _count(a.outputs, b.outputs, same)
    inputs = _count(a.lines, b.lines, same)
    few = gradients <= FEW
    shape = (gradients, a.lines, b.lines) if few else (gradients, inputs)
    return LayerPair(first, second, gradients, inputs, few, np.zeros(shape))


def _count(first: int, second: int, same: bool) -> int:
    return first * (first + 1) // 2 if same else first * second


def _products(a: Matrix, b: Matrix, same: bool, out: Matrix) -> None:
    """Write the products of each line of a with each of b; of a with itself, each two once."""
    if not same:
        np.multiply(a[:, None], b[None], out=out.reshape(len(a), len(b), -1))
        return
    start = 0
    for place in range(len(a)):
        end = start + len(a) - place
        np.multiply(a[place], a[place:], out=out[start:end])
        start = end


def _unfolded(pair: LayerPair, a: FactoredLayer, b: FactoredLayer) -> Matrix:
    """Return the total of two layers as (outputs, outputs, lines, lines)."""
    same = pair.first == pair.second
    if pair.few:
        total = pair.total.reshape(pair.of_gradients, -1)
    else:
        total = pair.total[:, _places(a.lines)] if same else pair.total
    if same:
        total = total[_places(a.outputs)]
    return total.reshape(a.outputs, b.outputs, a.lines, b.lines)


def _places(size: int) -> NDArray[np.int64]:
    """Return where each two of so many lines have their product, flat (size * size,)."""
    table = np.empty((size, size), dtype=np.int64)
    upper = np.triu_indices(size)
    table[upper] = np.arange(len(upper[0]))
    table.T[upper] = table[upper]
    return table.reshape(-1)
