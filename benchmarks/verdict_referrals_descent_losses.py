"""Losses as people write them by hand, which are not finite for every prediction."""

from __future__ import annotations

from typing import Any

from chainrule.arrays import absolute, log, sqrt, sum_over


def log_error(predicted: Any, target: Any) -> Any:
    """The squared difference of logarithms; of a prediction below 0 there is none."""
    return sum_over((log(predicted) - log(target)) ** 2, axis=1)


def percentage_error(predicted: Any, target: Any) -> Any:
    """The error as a share of the target, which may be 0."""
    return sum_over(absolute((target - predicted) / target), axis=1)


def divergence(predicted: Any, target: Any) -> Any:
    """Kullback and Leibler's, with 0 log 0 for a share of 0."""
    return sum_over(target * log(target / predicted), axis=1)


def distance(predicted: Any, target: Any) -> Any:
    """Euclid's, whose slope where there is no distance is 0 / 0."""
    return sqrt(sum_over((predicted - target) ** 2, axis=1))
