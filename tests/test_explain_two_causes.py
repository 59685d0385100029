"""Why a gradient is zero, tiny or no number where there is more than one cause, or a hidden one."""

from __future__ import annotations

import numpy as np
import pytest
from traced_networks import rows_of, traced

import chainrule as cr
from chainrule.explanation.causes.zero import why

LABEL = np.array([1])


def network_of(*layers, width=2, **parameters):
    drawn = cr.Network(cr.Input(width), *layers, seed=0)
    return cr.Network(cr.Input(width), *layers, parameters={**drawn.parameters, **parameters})


def of(network, x, y, loss="cross_entropy", target="dense_1.W[0,0]", **form):
    # Overflow is a finding here, not a warning.
    with np.errstate(all="ignore"):
        return why(traced(network, x, y, loss, **form), target)


# ---- a cut, and a law behind it ----

ALIKE, APART = [[0.7, 0.7], [1.0, 2.0]], [[0.7, 0.9], [1.0, 2.0]]
# activation, bias and row that block dense_1.W[0,0], then bias and row that open it
BLOCKED = {
    "silent unit": ("relu", -5.0, 1.0, 1.0, 1.0),
    "zero input": ("tanh", 0.5, 0.0, 0.5, 1.0),
    "saturation": ("sigmoid", 60.0, 1.0, 0.5, 1.0),
}


def two_units(activation, bias, behind):
    given = {"dense_1.W": np.ones((2, 2)), "dense_1.b": [bias, 0.5], "dense_2.W": behind}
    return network_of(cr.Dense(2, activation), cr.Dense(2), **given)


@pytest.mark.parametrize("kind", list(BLOCKED))
def test_a_uniform_shift_behind_a_cut_is_a_second_cause(kind):
    activation, bias, first, open_bias, open_first = BLOCKED[kind]
    shut, free = [[first, 1.0]], [[open_first, 1.0]]
    found = of(two_units(activation, bias, ALIKE), shut, LABEL)
    assert (found.verdict, found.kinds) == ("zero", (kind, "uniform shift"))
    assert "Opening that alone leaves the gradient at 0." in found.sentence()
    opened = of(two_units(activation, open_bias, ALIKE), free, LABEL)
    assert abs(opened.exact) <= opened.bound
    assert opened.kinds == ("uniform shift",)
    assert of(two_units(activation, bias, APART), shut, LABEL).kinds == (kind,)
    both = of(two_units(activation, open_bias, APART), free, LABEL)
    assert abs(both.exact) > 1e-4


def three_layers(bias, behind, width=1):
    given = {"dense_1.b": [bias, 0.5], "dense_2.W": [[1.0, 2.0], [0.3, -0.2]], "dense_3.W": behind}
    layers = (cr.Dense(2, "relu"), cr.Dense(2), cr.Dense(1))
    return network_of(*layers, width=width, **{"dense_1.W": np.ones((width, 2)), **given})


@pytest.mark.parametrize(("kind", "bias", "x"), [("dead unit", -5.0, 1.0), ("zero input", 0.5, 0)])
def test_routes_that_cancel_behind_a_cut_are_a_second_cause(kind, bias, x):
    rows, y = [[x], [x]], [[1.0], [3.0]]
    shut = three_layers(bias, [[2.0], [-1.0]])
    found = of(shut, rows, y, "squared_error")
    assert (found.verdict, found.kinds) == ("zero", (kind, "exact cancellation"))
    opened = of(three_layers(0.5, [[2.0], [-1.0]]), [[1.0], [2.0]], y, "squared_error")
    assert (opened.verdict, opened.kinds) == ("zero", ("exact cancellation",))
    assert of(three_layers(bias, [[2.0], [-1.1]]), rows, y, "squared_error").kinds == (kind,)
    free = of(three_layers(0.5, [[2.0], [-1.1]]), [[1.0], [2.0]], y, "squared_error")
    assert abs(free.exact) > 1e-3


def test_the_sums_that_would_cancel_are_those_of_the_open_unit():
    found = of(three_layers(-5.0, [[2.0], [-1.0]]), [[1.0], [1.0]], [[1.0], [3.0]], "squared_error")
    # The second unit gives 1.5 * (0.3, -0.2), the output 1.2: residuals 0.2 and -1.8 and slopes
    # of 2 a row, over two rows: 0.2 * 2 and -1.8 * 2 up and down by either way.
    numbers = found.causes[-1].numbers
    assert (numbers["positive"], numbers["negative"]) == pytest.approx((4.0, 4.0))


def normed(shift, bias):
    layers = (cr.Dense(3), cr.BatchNorm(), cr.Activation("relu"), cr.Dense(2))
    given = {"dense_1.b": np.full(3, bias), "batch_norm_1.shift": np.full(3, shift)}
    return network_of(*layers, **given)


def test_a_law_in_front_of_a_cut_is_said_as_it_is():
    x, y = rows_of(5, 2), np.arange(5) % 2
    asked = {"target": "dense_1.b[1]", "training": True}
    found = of(normed(-50.0, 0.1), x, y, **asked)
    assert found.kinds == ("dead unit", "zero by law")
    assert "dense_1.b[1] moves dense_1 equally over the rows" in found.sentence()
    assert "Were that open" not in found.sentence()
    assert of(normed(0.5, 0.1), x, y, **asked).kinds == ("zero by law",)
    weight = {"target": "dense_1.W[0,1]", "training": True}
    assert of(normed(-50.0, 0.1), x, y, **weight).kinds == ("dead unit",)
    assert abs(of(normed(0.5, 0.1), x, y, **weight).exact) > 1e-6


def test_a_law_behind_a_unit_that_is_dead_for_all_rows():
    layers = (cr.Dense(3, "relu"), cr.BatchNorm(), cr.Dense(2))
    x, y = rows_of(5, 2), np.arange(5) % 2
    dead, live = ({"dense_1.b": np.full(3, bias)} for bias in (-50.0, 50.0))
    asked = {"target": "dense_1.b[1]", "training": True}
    found = of(network_of(*layers, **dead), x, y, **asked)
    assert found.kinds == ("dead unit", "zero by law")
    assert "Were that open, dense_1.b[1] would move dense_1 equally" in found.sentence()
    assert of(network_of(*layers, **live), x, y, **asked).kinds == ("zero by law",)
    weight = {"target": "dense_1.W[0,1]", "training": True}
    assert of(network_of(*layers, **dead), x, y, **weight).kinds == ("dead unit",)


BEHIND = {"uniform shift", "exact cancellation", "symmetric start", "zero weight"}


def test_a_cause_behind_a_cut_is_named_where_opening_it_leaves_zero_and_only_there():
    random = np.random.default_rng(1)
    named = 0
    for _ in range(40):
        w, last = random.integers(-1, 3, (2, 2)), random.integers(-1, 2, (2, 2))
        rows = int(random.integers(1, 4))
        given = {"dense_1.W": random.normal(size=(2, 2)), "dense_2.W": w, "dense_3.W": last}
        x, y = random.normal(size=(rows, 2)), random.integers(0, 2, rows)
        zero = bool(random.integers(0, 2))

        def blocked(x, bias, given=given, y=y):
            layers = (cr.Dense(2, "tanh"), cr.Dense(2), cr.Dense(2))
            return of(network_of(*layers, **given, **{"dense_1.b": [bias, 0.3]}), x, y)

        found = blocked(x * [0.0, 1.0] if zero else x, 0.2 if zero else 80.0)
        assert found.kinds[0] == ("zero input" if zero else "saturation")
        opened = [blocked(x * [size, 1.0], size - 1.0).exact for size in (1.0, 0.7, 1.4)]
        stays = max(map(abs, opened)) <= 1e-13
        assert bool(BEHIND & set(found.kinds)) == stays, found.sentence()
        named += stays
    assert 5 <= named <= 35


# ---- no numbers, and too large ones ----


def test_no_number_in_the_data_and_none_in_a_weight_are_both_named():
    layers, w = (cr.Dense(2, "tanh"), cr.Dense(2)), np.ones((2, 2))
    bad_w = w * [[1.0, np.nan], [1.0, 1.0]]
    bad_x = [[1.0, 2.0], [np.nan, 1.0], [np.inf, 1.0]]
    y = np.array([0, 1, 0])
    found = of(network_of(*layers, **{"dense_1.W": bad_w}), bad_x, y)
    assert found.verdict == "not finite"
    assert {one.where for one in found.causes} == {("dense_1.W[0,1]",), ("x[1,0]",)}
    said = found.sentence()
    assert "it is in the data, and 1 more of x is no finite number." in said
    assert "All 3 of them would have to be numbers" in said
    assert "can be finite" not in said
    mended = np.ones((3, 2))
    data_alone = of(network_of(*layers, **{"dense_1.W": bad_w}), mended, y)
    assert data_alone.verdict == "not finite"
    assert "With a number there the pass can be finite." in data_alone.sentence()
    assert of(network_of(*layers, **{"dense_1.W": w}), bad_x, y).verdict == "not finite"
    assert of(network_of(*layers, **{"dense_1.W": w}), mended, y).verdict == "ordinary"


@pytest.mark.parametrize(
    ("dtype", "size"),
    [("float64", 1e200), ("float32", 1e30)],
)
def test_an_overflow_inside_layer_norm_is_no_slope_of_its_own(dtype, size):
    network = network_of(cr.LayerNorm(), cr.Dense(2), width=3)
    for target in ("x[1]", "dense_1.W[1,0]", "layer_norm_1.gain[0]"):
        found = of(network, [[size, 1.0, 2.0]], LABEL, target=target, dtype=dtype)
        assert (found.verdict, found.kinds) == ("zero", ("overflow",))
        assert "layer_norm overflows inside: it is given x[0] of size" in found.sentence()
        assert "Smaller numbers in x would have a slope." in found.sentence()
        small = of(network, [[1e3, 1.0, 2.0]], LABEL, target=target, dtype=dtype)
        assert small.gradient != 0


def test_the_row_that_overflows_is_named_and_not_the_others():
    network = network_of(cr.LayerNorm(), cr.Dense(2), width=3)
    x, y = [[1.0, 2.0, 4.0], [1.0, -1e200, 2.0]], np.array([0, 1])
    assert of(network, x, y, target="x[1,0]").causes[0].where == ("x[1,1]",)
    assert "overflow" not in of(network, x, y, target="x[0,0]").kinds


# ---- rows that are there and not asked for ----

EIGHT = np.array([[-1.0], [2.0], [0.5], [-0.5], [-3.0], [1.0], [4.0], [-2.0]])


def one_relu(bias=0.0):
    given = {"dense_1.W": [[1.0]], "dense_1.b": [bias], "dense_2.W": [[1.0]], "dense_2.b": [0.0]}
    return cr.Network(cr.Input(1), cr.Dense(1, "relu"), cr.Dense(1), parameters=given)


@pytest.mark.parametrize("form", [{}, {"training": True}])
def test_rows_given_beside_the_sample_are_counted(form):
    said = cr.explain(one_relu(), "dense_1.W[0,0]", x=EIGHT, y=EIGHT, sample=3, **form)
    assert "4 of 8 rows reach it" in said.why.sentence()
    assert said.why.kinds == ("silent unit",)
    dead = cr.explain(one_relu(-9.0), "dense_1.W[0,0]", x=EIGHT, y=EIGHT, sample=3, **form)
    assert dead.why.kinds == ("dead unit",)
    assert "0 of 8 rows reach it" in dead.why.sentence()


def test_rows_given_to_a_run_without_rows_are_counted(tmp_path):
    run = cr.train(one_relu(), EIGHT, EIGHT, epochs=1, learning_rate=1e-9, validation=0)
    run.save(tmp_path / "run")
    found = cr.explain(tmp_path / "run", "dense_1.W[0,0]", x=EIGHT, y=EIGHT, sample=3)
    assert "4 of 8 rows reach it" in found.why.sentence()


# ---- beside what a gradient is tiny ----


def test_a_gradient_that_is_tiny_beside_its_own_weight():
    rows = np.random.default_rng(0).normal(size=(200, 3)) * 50
    layers = (cr.Dense(4, "relu"), cr.Dense(2))
    drawn = cr.Network(cr.Input(3), *layers, seed=1)
    weights = {**drawn.parameters, "dense_1.W": drawn.parameters["dense_1.W"] * 1e30}
    network = cr.Network(cr.Input(3), *layers, parameters=weights)
    found = of(network, rows * 1e10, (rows[:, 0] > 0).astype(int))
    assert found.verdict == "tiny"
    assert abs(found.gradient) > 1e6
    assert "which is tiny beside the largest gradient of a parameter" in found.sentence()
    assert ", and beside dense_1.W[0,0] itself: that is" in found.sentence()
    assert "small slopes" not in found.kinds
    value = weights["dense_1.W"][0, 0]
    assert value - found.gradient == value


def test_a_gradient_that_is_tiny_beside_its_own_bias_alone():
    network = one_relu()
    far = network.with_parameters({**network.parameters, "dense_2.b": np.array([1e20])})
    found = of(far, [[1.0]], [[0.0]], "mean_absolute_error", "dense_2.b[0]")
    assert (found.verdict, found.gradient, found.kinds) == ("tiny", 1.0, ())
    assert "is 1, which is tiny beside dense_2.b[0] itself: that is 1e+20" in found.sentence()
    assert of(network, [[1.0]], [[0.0]], "mean_absolute_error", "dense_2.b[0]").verdict != "tiny"


def test_a_gradient_that_is_tiny_beside_the_largest_one():
    found = of(one_relu(), [[1e-7]], [[1.0]], "half_squared_error")
    assert found.gradient == pytest.approx(-1e-7)
    assert found.verdict == "tiny"
    assert "tiny beside the largest gradient of a parameter, one of size 1 at" in found.sentence()
    even = of(one_relu(), [[1.0]], [[1.0 + 1e-9]], "half_squared_error")
    assert even.verdict == "ordinary"
