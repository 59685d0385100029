"""The tug of war: sums, counts, single routes and subtotals, against all routes one by one."""

from __future__ import annotations

import itertools
import json
import math
import time

import numpy as np
import pytest
from brute_routes import Slopes
from explained_networks import FAMILIES, drawn
from traced_networks import rows_of, traced

import chainrule as cr
from chainrule.errors import SetupError
from chainrule.explanation.routes.linking import links_between
from chainrule.explanation.routes.links import RouteLimitError
from chainrule.explanation.routes.strongest import routes_by_size
from chainrule.explanation.routes.sweeps import Sums, sums_from, sums_to_loss
from chainrule.explanation.routes.tug_of_war import route_names, route_sums, tug_of_war

MOST_ROUTES = 1_000
SPIRAL = (784, 128, 64, 32, 10)


def deep(*widths, activation="relu", seed=0):
    layers = [cr.Dense(width, activation) for width in widths[1:-1]]
    return cr.Network(cr.Input(widths[0]), *layers, cr.Dense(widths[-1]), seed=seed)


@pytest.mark.parametrize("number", range(3 * len(FAMILIES)))
def test_sums_and_single_routes_are_those_of_brute_force(number):
    case = drawn(number)
    trace = traced(case.network, case.x, case.y, case.loss, training=case.training)
    slopes = Slopes(trace)
    tried = 0
    for parameter in trace.objective.plan.parameters:
        name = parameter.name
        if name not in trace.exact.gradients:
            continue
        entry = int(np.argmax(np.abs(trace.exact.gradients[name])))
        links = links_between(trace.objective.steps, trace.exact.values, [name], entry)
        sums = sums_to_loss(links).get(name)
        if sums is None or sums.routes(entry) > MOST_ROUTES:
            continue
        every = sorted(slopes.routes(name, entry), key=abs, reverse=True)
        up, down = (math.fsum(s * one for one in every if s * one > 0) for s in (1, -1))
        size = up + down
        assert sums.routes(entry) == len(every)
        assert sums.positive.reshape(-1)[entry] == pytest.approx(up, abs=1e-6 * size)
        assert sums.negative.reshape(-1)[entry] == pytest.approx(down, abs=1e-6 * size)
        found = [one.product for one in routes_by_size(links, name, entry)]
        assert np.abs(found) == pytest.approx(np.abs(every), abs=1e-6 * size)
        tried += 1
    assert tried > 0


@pytest.mark.parametrize("number", range(24))
def test_positive_minus_negative_routes_are_the_gradient_of_every_entry(number):
    case = drawn(100 + number)
    trace = traced(case.network, case.x, case.y, case.loss, training=case.training)
    sums = route_sums(trace)
    for one in trace.objective.plan.parameters:
        if one.name in trace.exact.gradients:
            sizes = sums[one.name].positive + sums[one.name].negative
            difference = np.abs(sums[one.name].total - trace.exact.gradients[one.name])
            assert (difference <= 1e-11 * sizes.max() + 1e-300).all()


def test_a_sweep_ahead_counts_and_sums_what_the_sweep_back_does():
    trace = traced(deep(5, 6, 4, 3), rows_of(3, 5), np.array([0, 1, 2]), "cross_entropy")
    for entry in range(30):
        links = links_between(trace.objective.steps, trace.exact.values, ["dense_1.W"], entry)
        back, ahead = sums_to_loss(links)["dense_1.W"], sums_from(links, "dense_1.W", entry)
        loss = ahead.get("loss", Sums(np.zeros(()), np.zeros(()), [np.zeros(())]))
        assert loss.routes(0) == back.routes(entry)
        assert loss.positive == pytest.approx(back.positive.reshape(-1)[entry], abs=1e-14)


def test_the_count_is_exact_where_floats_have_lost_it():
    network = deep(*(64,) * 21, 10, activation="tanh")
    trace = traced(network, rows_of(1, 64), np.array([1]), "cross_entropy")
    assert tug_of_war(trace, "x[3]").routes == 64**20 * 10
    assert tug_of_war(trace, "dense_2.W[3,4]").routes == 64**18 * 10


def test_live_routes_are_counted_through_silent_units_as_by_whole_numbers():
    network = deep(*(40,) * 14, 10)
    trace = traced(network, rows_of(1, 40), np.array([1]), "cross_entropy")
    count = np.ones(10, dtype=object)
    for layer in range(14, 0, -1):
        open_weights = (trace.exact.values[f"dense_{layer}.W"] != 0).astype(object)
        count = open_weights.dot(count)
        if layer > 1:
            count = count * (trace.exact.values[f"dense_{layer - 1}"][0] > 0).astype(object)
    assert count[7] > 2**53
    assert tug_of_war(trace, "x[7]").routes == count[7]


def test_the_shift_that_keeps_a_softmax_from_overflowing_adds_no_routes():
    network = cr.Network(cr.Input(3), cr.Dense(4, "softmax"), seed=0)
    trace = traced(network, rows_of(1, 3), rows_of(1, 4, seed=1), "squared_error")
    assert tug_of_war(trace, "dense_1.b[2]").routes == 4
    cross = cr.Network(cr.Input(3), cr.Dense(4), seed=0)
    assert (
        tug_of_war(traced(cross, rows_of(1, 3), np.array([1]), "cross_entropy"), "x[0]").routes == 4
    )


def test_units_of_a_layer_share_the_gradient_out():
    trace = traced(deep(6, 8, 7, 5, 3), rows_of(4, 6), np.array([0, 1, 2, 0]), "cross_entropy")
    tug = tug_of_war(trace, "dense_1.W[2,3]")
    by_value = {one.value: one for one in tug.subtotals}
    assert {"dense_1", "dense_2.linear", "dense_2", "dense_3", "dense_4"} <= set(by_value)
    for one in tug.subtotals:
        assert one.passed_by_all
        assert one.signed.sum() == pytest.approx(tug.gradient, abs=1e-14)
        plain = one.to_dict(shown=2)
        shown = sum(unit["signed"] for unit in plain["units"])
        assert shown + plain["rest"]["signed"] == pytest.approx(plain["total"], abs=1e-14)
    place = 2 * 8 + 3
    links = links_between(trace.objective.steps, trace.exact.values, ["dense_1.W"], place)
    moved = sums_from(links, "dense_1.W", place)["dense_3"].total
    slopes = (moved * trace.exact.gradients["dense_3"]).sum(axis=0)
    assert by_value["dense_3"].signed == pytest.approx(slopes, abs=1e-14)


def test_what_goes_around_a_residual_block_is_told_apart():
    network = cr.Network(
        cr.Input(3), cr.Dense(4), cr.Residual(cr.Dense(4, "tanh")), cr.Dense(2), seed=1
    )
    trace = traced(network, rows_of(2, 3), rows_of(2, 2, seed=1), "squared_error")
    tug = tug_of_war(trace, "dense_1.W[0,1]")
    inside = next(one for one in tug.subtotals if not one.passed_by_all)
    assert abs(inside.around) > 1e-3
    assert inside.signed.sum() + inside.around == pytest.approx(tug.gradient, abs=1e-14)


def test_the_strongest_route_names_what_it_passes():
    parameters = {
        "dense_1.W": [[1.0, 2.0]], "dense_1.b": [0.0, 0.0],
        "dense_2.W": [[3.0], [-5.0]], "dense_2.b": [0.0],
    }  # fmt: skip
    network = cr.Network(cr.Input(1), cr.Dense(2), cr.Dense(1), parameters=parameters)
    trace = traced(network, [[2.0]], [[0.0]], "half_squared_error")
    tug = tug_of_war(trace, "x[0]")
    assert (tug.routes, tug.positive, tug.negative) == (2, 140.0, 42.0)
    assert tug.gradient == 98.0
    assert tug.cancels == pytest.approx(1 - 98 / 182)
    assert tug.strongest is not None
    assert tug.words is not None
    assert tug.strongest.product == 140.0
    assert route_names(tug.words, tug.strongest) == [
        "x[0]", "dense_1[1]", "dense_2[0]", "row_loss", "loss",
    ]  # fmt: skip
    assert [one.product for one in tug.routes_by_size()] == [140.0, -42.0]
    assert "98 = +140 - 42: 2 live routes, 46% cancels." in tug.sentence()
    assert "Through dense_1[1] goes 140, through all others -42." in tug.sentence()


def test_the_strongest_of_very_many_routes_come_one_by_one_in_order():
    trace = traced(deep(*(16,) * 12, 10), rows_of(1, 16), np.array([1]), "cross_entropy")
    tug = tug_of_war(trace, "x[3]")
    assert tug.routes > 10**9
    first = [abs(one.product) for one in itertools.islice(tug.routes_by_size(), 50)]
    assert first == sorted(first, reverse=True)
    assert len({one.places for one in itertools.islice(tug.routes_by_size(), 50)}) == 50


@pytest.mark.parametrize("kind", ["dense", "images"])
def test_a_hundred_thousand_weights_take_less_than_50_milliseconds(kind):
    if kind == "dense":
        network, x = deep(*SPIRAL), rows_of(1, 784)
    else:
        network = cr.Network(
            cr.Input((1, 28, 28)),
            cr.Conv(8, 3, activation="relu"), cr.MaxPool(2),
            cr.Conv(16, 3, activation="relu"), cr.MaxPool(2),
            cr.Flatten(), cr.Dense(128, "relu"), cr.Dense(10),
            seed=0,
        )  # fmt: skip
        x = rows_of(1, 1, 28, 28)
    trace = traced(network, x, np.array([3]), "cross_entropy")
    names = [one.name for one in network.plan.parameters]
    assert sum(one.size for one in network.plan.parameters) > 100_000
    # The time of its own thread: what else the machine does while it waits is not counted.
    times = []
    for _ in range(12):
        start = time.thread_time()
        sums = route_sums(trace)
        times.append(time.thread_time() - start)
    assert all(name in sums for name in names)
    assert min(times) < 0.05


def test_an_op_that_mixes_too_much_states_its_limit():
    network = cr.Network(cr.Input(2), cr.Dense(3), cr.BatchNorm(), cr.Dense(2), seed=0)
    x, y = rows_of(300, 2), np.arange(300) % 2
    trace = traced(network, x, y, "cross_entropy", training=True)
    tug = tug_of_war(trace, "dense_1.W[0,0]")
    assert tug.limit == (
        "The op batch_norm mixes 300 entries of dense_1, and at most 256 are told apart."
    )
    assert tug.routes == 0
    assert tug.strongest is None
    assert tug.gradient == trace.exact.gradients["dense_1.W"][0, 0]
    assert tug.sentence().startswith(tug.limit)
    with pytest.raises(RouteLimitError, match="300 entries"):
        route_sums(trace)
    assert not tug_of_war(trace, "dense_2.W[0,0]").limit


def test_a_shared_layer_adds_the_routes_of_its_uses():
    left, right, both = cr.Input(3, "left"), cr.Input(3, "right"), cr.Dense(2, "tanh")
    joined = cr.Concatenate()(both(left), both(right))
    network = cr.Network(inputs=[left, right], outputs=[cr.Dense(1)(joined)], seed=2)
    x = [rows_of(1, 3), rows_of(1, 3, seed=1)]
    trace = traced(network, x, [[0.5]], "squared_error")
    tug = tug_of_war(trace, "dense_1.W[1,0]")
    assert tug.routes == 2
    assert tug.positive - tug.negative == pytest.approx(tug.gradient, abs=1e-15)


def test_a_tug_of_war_is_plain_data():
    network = deep(3, 4, 2, activation="tanh")
    trace = traced(network, rows_of(2, 3), np.array([0, 1]), "cross_entropy")
    plain = tug_of_war(trace, "dense_1.W[0,1]").to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False))["routes"] == plain["routes"]
    assert plain["strongest"]["through"][0] == "dense_1.W[0,1]"


def test_a_whole_array_is_refused_with_one_of_its_numbers():
    trace = traced(deep(3, 4, 2), rows_of(1, 3), np.array([0]), "cross_entropy")
    with pytest.raises(SetupError, match=r"more than one number.*dense_1.W\[0,0\]"):
        tug_of_war(trace, "dense_1.W")
