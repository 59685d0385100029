"""Links: all slopes of a step in one object, against slopes by differences of forward."""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

import numpy as np
import pytest
from brute_routes import Slopes
from explained_networks import FAMILIES, drawn
from threadpoolctl import threadpool_limits
from traced_networks import rows_of, traced

import chainrule as cr
from chainrule.explanation.routes import subtotals
from chainrule.explanation.routes.linking import links_between
from chainrule.explanation.routes.links import Link, RouteLimitError
from chainrule.explanation.routes.sliding_links import Sliding, SlidingWeights, kernel_meets
from chainrule.explanation.routes.strongest import routes_by_size
from chainrule.explanation.routes.sweeps import sums_to_loss
from chainrule.explanation.routes.tug_of_war import tug_of_war

SLIDES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 5, 4), {"size": 3}),
    ((2, 5, 4), {"size": (2, 3), "stride": 2}),
    ((2, 6, 5), {"size": 2, "stride": (2, 3), "padding": 0}),
    ((2, 5, 5), {"size": 2, "dilation": 2, "padding": ((1, 0), (0, 2))}),
    ((4, 4, 3), {"size": 2, "groups": 2}),
    ((4, 5, 4), {"size": 3, "groups": 2, "stride": 2, "dilation": (1, 2), "padding": 2}),
    ((3, 7), {"size": (3,), "stride": 2}),
    ((4, 6), {"size": (2,), "dilation": 3, "groups": 4, "padding": 1}),
]


def sliding(place: int) -> Any:
    """Return the trace of two convolutions that slide in one of these ways, two rows."""
    shape, slide = SLIDES[place]
    first = cr.Conv(4, **slide, activation="tanh")
    network = cr.Network(
        cr.Input(shape), first,
        cr.Conv(2, (2,) * (len(shape) - 1), padding="valid" if place % 2 else "same"),
        cr.GlobalAveragePool(), cr.Dense(2), seed=place,
    )  # fmt: skip
    return traced(network, rows_of(2, *shape), np.array([0, 1]), "cross_entropy")


def matrix_of(link: Link) -> Any:
    """Return all slopes of a link, outputs by inputs."""
    size, made = int(np.prod(link.shape)), int(np.prod(link.target_shape))
    found = link.edges(np.arange(size))
    matrix = np.zeros((made, size))
    np.add.at(matrix, (found.targets, found.sources), found.slopes)
    return matrix


def assert_link(link: Link, due: Any) -> None:
    """Hold everything that a link can be asked for to its matrix."""
    assert matrix_of(link) == pytest.approx(due, abs=1e-7)
    random = np.random.default_rng(0)
    at_target, at_source = random.random(link.target_shape), random.random(link.shape)
    parts = {"plus": np.maximum(due, 0), "minus": np.maximum(-due, 0)}
    for part, matrix in parts.items():
        pulled, pushed = link.pull(at_target, part), link.push(at_source, part)
        assert pulled.reshape(-1) == pytest.approx(matrix.T @ at_target.reshape(-1), abs=1e-6)
        assert pushed.reshape(-1) == pytest.approx(matrix @ at_source.reshape(-1), abs=1e-6)
        assert (pulled.shape, pushed.shape) == (link.shape, link.target_shape)
    largest = (np.abs(due) * at_target.reshape(-1, 1)).max(axis=0)
    assert link.pull_largest(at_target).reshape(-1) == pytest.approx(largest, abs=1e-6)
    assert link.pull_largest(at_target).shape == link.shape
    assert not link.pull_largest(0 * at_target).any()


def slopes_of(trace: Any, slopes: Slopes, link: Link) -> Any:
    """Return the matrix of a link by differences, that of its own use of the value."""
    step = trace.objective.steps[link.step]
    assert list(step.inputs).count(link.source) == 1
    found = [matrix for name, matrix in slopes.known[link.source] if name == link.target]
    assert len(found) == 1
    return np.where(np.abs(found[0]) > 1e-9, found[0], 0.0)


@pytest.mark.parametrize("place", range(len(SLIDES)))
def test_convolutions_have_the_slopes_of_differences_however_they_slide(place: int) -> None:
    trace = sliding(place)
    links = links_between(
        trace.objective.steps, trace.exact.values, ["x", "conv_1.W", "conv_1.b", "conv_2.W"]
    )
    kinds = [type(one) for one in links]
    assert kinds.count(Sliding) == 2
    assert kinds.count(SlidingWeights) == 2
    slopes = Slopes(trace)
    for link in links:
        assert_link(link, slopes_of(trace, slopes, link))


@pytest.mark.parametrize("number", range(len(FAMILIES)))
def test_links_of_all_kinds_have_the_slopes_of_differences(number: int) -> None:
    case = drawn(40 + number)
    trace = traced(case.network, case.x, case.y, case.loss, training=case.training)
    names = [one.name for one in trace.objective.plan.parameters]
    slopes = Slopes(trace)
    for link in links_between(trace.objective.steps, trace.exact.values, names):
        if list(trace.objective.steps[link.step].inputs).count(link.source) == 1:
            own = [name for name, _ in slopes.known[link.source]]
            if own.count(link.target) == 1:
                assert_link(link, slopes_of(trace, slopes, link))


@pytest.mark.parametrize("place", range(len(SLIDES)))
def test_routes_through_convolutions_are_those_of_brute_force(place: int) -> None:
    trace = sliding(place)
    slopes = Slopes(trace)
    for name in ("conv_2.W", "conv_1"):
        entry = int(np.argmax(np.abs(trace.exact.gradients[name])))
        links = links_between(trace.objective.steps, trace.exact.values, [name], entry)
        sums = sums_to_loss(links)[name]
        every = sorted(slopes.routes(name, entry), key=abs, reverse=True)
        up, down = (math.fsum(s * one for one in every if s * one > 0) for s in (1, -1))
        assert sums.routes(entry) == len(every) > 0
        assert sums.positive.reshape(-1)[entry] == pytest.approx(up, abs=1e-6 * (up + down))
        assert sums.negative.reshape(-1)[entry] == pytest.approx(down, abs=1e-6 * (up + down))
        found = [one.product for one in routes_by_size(links, name, entry)]
        assert np.abs(found) == pytest.approx(np.abs(every), abs=1e-6 * (up + down))
        assert all(size >= after * (1 - 1e-12) for size, after in itertools.pairwise(np.abs(found)))


def test_a_kernel_s_entry_meets_what_forward_multiplies_it_with() -> None:
    x = np.zeros((4, 5, 4))
    slide = {"stride": (2, 1), "dilation": (1, 2), "padding": ((1, 1), (0, 1)), "groups": 2}
    for entry in range(2 * 2 * 2 * 2):
        unit = np.zeros(16)
        unit[entry] = 1.0
        met = {
            place
            for place in range(x.size)
            if cr.ops.OPS["convolution_2d_no_bias"]
            .forward(_one(x, place)[None], unit.reshape(2, 2, 2, 2), **slide)
            .any()
        }
        _, channel, place, _ = kernel_meets(x.shape, (2, 2, 2, 2), slide, np.array([entry]))
        assert set((channel * 20 + place).tolist()) == met


def _one(x: Any, place: int) -> Any:
    made = np.zeros_like(x)
    made.reshape(-1)[place] = 1.0
    return made


NETWORKS: dict[str, tuple[Any, ...]] = {
    "pooled": (
        (1, 28, 28), cr.Conv(32, 3, activation="relu"), cr.MaxPool(2),
        cr.Conv(64, 3, activation="relu"), cr.MaxPool(2), cr.Conv(140, 3, activation="relu"),
        cr.GlobalAveragePool(), cr.Dense(10),
    ),
    "strided": (
        (1, 28, 28), cr.Conv(32, 3, stride=2, activation="relu"),
        cr.Conv(64, 3, stride=2, activation="relu"), cr.Conv(128, 3, stride=2, activation="relu"),
        cr.Flatten(), cr.Dense(10),
    ),
    "8 by 8": (
        (1, 8, 8), cr.Conv(64, 3, activation="relu"), cr.MaxPool(2),
        cr.Conv(160, 3, activation="relu"), cr.Flatten(), cr.Dense(10),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_hundred_thousand_weights_of_convolutions_take_less_than_50_milliseconds(
    kind: str,
) -> None:
    shape, *layers = NETWORKS[kind]
    network = cr.Network(cr.Input(shape), *layers, seed=0)
    weights = sum(one.size for one in network.plan.parameters)
    assert weights > 100_000
    trace = traced(network, rows_of(1, *shape), np.array([3]), "cross_entropy")
    times = []
    # The time of its own thread, and of BLAS with it: what else the machine does is not counted.
    with threadpool_limits(1, "blas"):
        for _ in range(12):
            start = time.thread_time()
            tug = tug_of_war(trace, "conv_1.W[0,0,1,1]")
            times.append(time.thread_time() - start)
    assert not tug.limit
    assert tug.strongest is not None
    assert tug.positive - tug.negative == pytest.approx(tug.gradient, abs=1e-12)
    assert min(times) < 0.05


def test_a_count_over_many_units_is_exact() -> None:
    random = np.random.default_rng(3)
    shape = (3, subtotals.MOST_TOGETHER)
    ahead, back = ([random.integers(1 << 23, 1 << 24, shape) * 1.0 for _ in "ab"] for _ in "cd")
    whole = [
        [int(low) + (int(high) << 24) for low, high in zip(*(d.ravel() for d in one), strict=True)]
        for one in (ahead, back)
    ]
    due = sum(one * other for one, other in zip(*whole, strict=True))
    assert subtotals._passing(ahead, back) == due


def test_too_many_products_are_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.explanation.routes.links.MOST_COMPARED", 1000)
    trace = sliding(0)
    tug = tug_of_war(trace, "conv_1.W[0,0,0,0]")
    assert tug.strongest is None
    assert tug.routes > 0
    assert tug.limit == (
        "Between conv_1 and conv_2 lie 1,280 slopes, and at most 1,000 are compared to "
        "find the strongest route."
    )
    with pytest.raises(RouteLimitError, match="compared"):
        next(tug.routes_by_size())
