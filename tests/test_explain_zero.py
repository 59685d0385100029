"""Why a gradient is zero, tiny, huge or no number: each case is made by data and weights alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from traced_networks import rows_of, traced

import chainrule as cr
from chainrule.explanation.causes.laws import loss_after
from chainrule.explanation.causes.zero import why
from chainrule.explanation.entries import Entry
from chainrule.explanation.words import Words

PLAIN = {"dense_1.b": [0.0], "dense_2.W": [[1.0]], "dense_2.b": [0.0]}


def chain(activation, w=1.0, **parameters):
    """Return x -> activation -> linear, all weights 1 and biases 0 but those given."""
    given = {"dense_1.W": [[w]], **PLAIN, **parameters}
    return cr.Network(cr.Input(1), cr.Dense(1, activation), cr.Dense(1), parameters=given)


def classes(*layers, width=3, **parameters):
    network = cr.Network(cr.Input(width), *layers, seed=0)
    return cr.Network(cr.Input(width), *layers, parameters={**network.parameters, **parameters})


def of(network, x, y, loss="squared_error", target="dense_1.W[0,0]", all_rows=None, **form):
    trace = traced(network, x, y, loss, **form)
    found = why(trace, target, all_rows)
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.target.split("[")[0] in found.sentence()
    return found


# ---- blocked by zeros ----


def test_a_silent_unit_and_by_how_much_its_bias_would_have_to_rise():
    rows = [np.array([[0.5], [-1.5], [-0.42]])]
    found = of(chain("relu"), [[-0.42]], [[1.0]], all_rows=rows)
    assert (found.verdict, found.kinds) == ("zero", ("silent unit",))
    assert "bias dense_1.b[0] would have to rise by more than 0.42" in found.sentence()
    assert "1 of 3 rows reach it" in found.sentence()
    assert found.cuts == (("dense_1.linear[0] -> dense_1[0]",),)
    rise = found.causes[0].numbers["rise"]
    raised = chain("relu", **{"dense_1.b": [rise + 0.01]})
    assert of(raised, [[-0.42]], [[1.0]]).gradient != 0
    assert of(chain("relu", **{"dense_1.b": [rise - 0.01]}), [[-0.42]], [[1.0]]).gradient == 0


def test_a_unit_that_is_dead_for_all_rows():
    found = of(chain("relu"), [[-2.0], [-0.5]], [[1.0], [1.0]], all_rows=[-np.ones((512, 1))])
    assert found.kinds == ("dead unit",)
    assert "rise by more than 0.5; as it is, 0 of 512 rows reach it" in found.sentence()
    assert len(found.cuts[0]) == 2


def test_a_saturated_unit_and_the_way_back():
    found = of(chain("sigmoid"), [[40.0]], [[1.5]])
    assert found.kinds == ("saturation",)
    move = found.causes[0].numbers["move"]
    moved = chain("sigmoid", **{"dense_1.b": [move]})
    assert of(moved, [[40.0]], [[1.5]]).gradient != 0
    assert of(chain("sigmoid", **{"dense_1.b": [move * 0.9]}), [[40.0]], [[1.5]]).gradient == 0


def test_saturation_that_only_the_own_type_sees():
    found = of(chain("sigmoid"), [[20.0]], [[3.0]], dtype="float32")
    assert found.gradient == 0
    assert found.exact != 0
    assert (found.verdict, found.kinds) == ("zero", ("saturation",))


def test_an_input_of_zero_and_in_how_many_rows_it_is_not():
    network = classes(cr.Dense(4, "tanh"), cr.Dense(3))
    x = np.array([[1.0, 0.0, 2.0], [0.5, 0.0, 1.0]])
    every = [np.array([[1.0, 0.0, 1.0]] * 5 + [[1.0, 1.0, 1.0]] * 2)]
    asked = {"loss": "cross_entropy", "target": "dense_1.W[1,2]"}
    found = of(network, x, np.array([0, 1]), all_rows=every, **asked)
    assert found.kinds == ("zero input",)
    assert "in 2 of 7 rows it is" in found.sentence()
    assert of(network, x + np.array([0.0, 1e-3, 0.0]), np.array([0, 1]), **asked).gradient != 0


def test_a_row_that_is_already_right():
    found = of(chain("identity"), [[2.0]], [[2.0]])
    assert found.kinds == ("already right",)
    assert of(chain("identity"), [[2.0]], [[2.1]]).gradient != 0


def test_a_row_beyond_the_margin():
    found = of(chain("identity"), [[1.7]], [[1.0]], loss="hinge")
    assert found.kinds == ("already right",)
    assert "0.7 beyond the margin" in found.sentence()
    assert of(chain("identity"), [[0.9]], [[1.0]], loss="hinge").gradient != 0


def test_a_class_whose_share_is_one_to_the_last_digit():
    network = classes(cr.Dense(3), **{"dense_1.W": np.eye(3)})
    asked = {"loss": "cross_entropy", "target": "dense_1.b[0]"}
    found = of(network, [[100.0, 0.0, 0.0]], np.array([0]), **asked)
    assert (found.verdict, found.kinds) == ("zero", ("already right",))
    assert of(network, [[100.0, 0.0, 0.0]], np.array([1]), **asked).gradient != 0


def test_what_dropout_took_in_this_step():
    network = classes(cr.Dropout(0.5), cr.Dense(2))
    x, y = rows_of(1, 3), np.array([0])
    asked = {"loss": "cross_entropy", "training": True}
    found = [of(network, x, y, target=f"dense_1.W[{i},0]", **asked) for i in range(3)]
    masked = [place for place, one in enumerate(found) if one.gradient == 0]
    assert masked
    assert all(found[place].kinds == ("masked",) for place in masked)
    assert all(one.verdict == "ordinary" for place, one in enumerate(found) if place not in masked)
    others = [
        of(network, x, y, target=f"dense_1.W[{masked[0]},0]", step=step, **asked).gradient
        for step in range(1, 12)
    ]
    assert any(others)
    assert of(network, x, y, "cross_entropy", f"x[{masked[0]}]", training=True).kinds == ("masked",)


def test_a_number_that_loses_in_a_pool():
    network = cr.Network(cr.Input((1, 4, 4)), cr.MaxPool(2), cr.Flatten(), cr.Dense(2), seed=0)
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    asked = {"loss": "cross_entropy", "target": "x[0,0,0]"}
    found = of(network, x, np.array([0]), **asked)
    assert found.kinds == ("pool loser",)
    assert found.causes[0].numbers["rise"] == 5.0
    x[0, 0, 0, 0] += 5.001
    assert of(network, x, np.array([0]), **asked).gradient != 0


def test_a_token_that_no_row_holds():
    network = cr.Network(
        cr.Input(3), cr.Embedding(6, 2), cr.GlobalAveragePool("time"), cr.Dense(2), seed=0
    )
    asked = {"loss": "cross_entropy", "target": "embedding_1.table[5,1]"}
    every = [np.array([[5, 0, 1], [0, 1, 2], [5, 5, 5]])]
    found = of(network, [[0, 1, 2]], np.array([0]), all_rows=every, **asked)
    assert found.kinds == ("token not in the batch",)
    assert "2 of 3 rows have it" in found.sentence()
    assert of(network, [[0, 1, 5]], np.array([0]), **asked).gradient != 0


def test_a_frozen_parameter():
    network = classes(cr.Dense(4, "tanh"), cr.Dense(3))
    x, y = rows_of(2, 3), np.array([0, 1])
    found = of(network, x, y, "cross_entropy", frozen=("dense_1.W", "dense_1.b"))
    assert found.kinds == ("frozen",)
    free = of(network, x, y, "cross_entropy")
    assert found.causes[0].numbers["gradient"] == pytest.approx(free.gradient)
    assert free.kinds == ()


def test_an_activation_without_a_slope_ends_the_way():
    network = classes(cr.Dense(3, "tanh"), cr.Activation("step"), cr.Dense(2))
    found = of(network, rows_of(1, 3), np.array([0]), "cross_entropy")
    assert found.kinds == ("no path",)
    assert "step" in found.sentence()


def test_a_row_without_weight():
    network = chain("identity")
    asked = {"sample_weight": np.array([0.0, 1.0]), "target": "x[0,0]"}
    found = of(network, [[1.0], [2.0]], [[3.0], [4.0]], **asked)
    assert found.kinds == ("weightless row",)
    asked["target"] = "x[1,0]"
    assert of(network, [[1.0], [2.0]], [[3.0], [4.0]], **asked).gradient != 0


@pytest.mark.parametrize("target", ["dense_1.W[0,0]", "dense_2.W[1,1]"])
def test_a_start_from_zeros(target):
    zeros = {"dense_1.W": np.zeros((3, 4)), "dense_2.W": np.zeros((4, 3))}
    layers = (cr.Dense(4, "tanh"), cr.Dense(3))
    x, y = rows_of(4, 3), np.array([0, 1, 2, 1])
    found = of(classes(*layers, **zeros), x, y, "cross_entropy", target)
    assert found.kinds == ("symmetric start",)
    assert of(classes(*layers), x, y, "cross_entropy", target).gradient != 0


def test_a_single_weight_of_zero_on_the_only_way():
    found = of(chain("tanh", **{"dense_2.W": [[0.0]]}), [[1.0]], [[1.0]])
    assert found.kinds == ("zero weight",)
    assert "dense_2.W[0,0] is 0" in found.sentence()
    assert of(chain("tanh", **{"dense_2.W": [[1e-3]]}), [[1.0]], [[1.0]]).gradient != 0


def test_a_dead_channel_of_a_convolution():
    layers = (cr.Conv(2, 3, activation="relu"), cr.Flatten(), cr.Dense(2))
    network = cr.Network(cr.Input((1, 4, 4)), *layers, seed=0)
    given = {**network.parameters, "conv_1.b": np.array([-50.0, 0.0])}
    dead = cr.Network(cr.Input((1, 4, 4)), *layers, parameters=given)
    x, y = rows_of(2, 1, 4, 4), np.array([0, 1])
    asked = {"loss": "cross_entropy", "target": "conv_1.W[0,0,1,1]"}
    assert of(dead, x, y, **asked).kinds == ("dead unit",)
    assert of(network, x, y, **asked).gradient != 0
    assert of(network, 0.0 * x + (x > 9), y, **asked).kinds[0] == "zero input"


# ---- two causes at once ----


def test_two_causes_behind_one_another_are_both_named_and_both_have_to_open():
    rows = np.array([[0.0, 1.0, 1.0]])
    bias = {"dense_1.b": np.array([-9.0, 0.1, 0.1, 0.1])}
    layers = (cr.Dense(4, "relu"), cr.Dense(3))
    asked = {"loss": "cross_entropy", "target": "dense_1.W[0,0]"}
    found = of(classes(*layers, **bias), rows, np.array([0]), **asked)
    assert found.kinds == ("zero input", "silent unit")
    assert len(found.cuts) == 2
    assert "blocked 2 times over" in found.sentence()
    filled = rows + np.array([1.0, 0.0, 0.0])
    raised = classes(*layers, **{"dense_1.b": np.array([9.0, 0.1, 0.1, 0.1])})
    assert of(classes(*layers, **bias), filled, np.array([0]), **asked).kinds == ("silent unit",)
    assert of(raised, rows, np.array([0]), **asked).kinds == ("zero input",)
    assert of(raised, filled, np.array([0]), **asked).gradient != 0


def test_a_silent_unit_in_a_row_that_is_already_right():
    found = of(chain("relu"), [[-1.0]], [[0.0]])
    assert set(found.kinds) == {"silent unit", "already right"}
    assert of(chain("relu"), [[-1.0]], [[1.0]]).kinds == ("silent unit",)
    assert of(chain("relu"), [[1.0]], [[1.0]]).kinds == ("already right",)
    assert of(chain("relu"), [[1.0]], [[0.0]]).gradient != 0


def test_a_frozen_weight_behind_a_zero_input():
    network = classes(cr.Dense(4, "tanh"), cr.Dense(3))
    found = of(network, [[0.0, 1.0, 1.0]], np.array([0]), "cross_entropy", frozen=("dense_1.W",))
    assert found.kinds == ("frozen", "zero input")


def test_the_smallest_cut_has_one_slope_where_many_routes_meet():
    layers = (cr.Dense(8, "tanh"), cr.Dense(1, "relu"), cr.Dense(6, "tanh"), cr.Dense(3))
    network = classes(*layers, **{"dense_2.b": np.array([-50.0])})
    found = of(network, rows_of(1, 3), np.array([0]), "cross_entropy", "x[1]")
    assert [len(one) for one in found.cuts] == [1]
    assert found.cuts[0] == ("dense_2.linear[0] -> dense_2[0]",)


# ---- sums that cancel ----


def test_a_bias_in_front_of_batch_norm_is_zero_by_law():
    network = classes(cr.Dense(4), cr.BatchNorm(), cr.Dense(3))
    x, y = rows_of(6, 3), np.arange(6) % 3
    asked = {"loss": "cross_entropy", "training": True}
    found = of(network, x, y, target="dense_1.b[2]", **asked)
    assert (found.verdict, found.kinds) == ("zero", ("zero by law",))
    trace = traced(network, x, y, "cross_entropy", training=True)
    for change in (0.1, -3.0):
        moved = loss_after(Words(trace), Entry("dense_1.b", (2,)), change)
        assert moved == pytest.approx(trace.exact.loss, abs=1e-9)
    assert of(network, x, y, target="dense_1.W[0,2]", **asked).verdict == "ordinary"
    assert of(network, x, y, "cross_entropy", "dense_1.b[2]").gradient != 0


def test_the_law_of_batch_norm_is_seen_with_more_rows_than_routes_can_be_told_apart():
    network = classes(cr.Dense(4), cr.BatchNorm(), cr.Dense(3))
    x, y = rows_of(300, 3), np.arange(300) % 3
    found = of(network, x, y, "cross_entropy", "dense_1.b[2]", training=True)
    assert found.kinds == ("zero by law",)
    assert "at most 256 are told apart" in found.limit


def test_a_uniform_shift_under_softmax():
    alike = {"dense_2.W": np.array([[1.0] * 3, [0.5, -1.0, 2.0]])}
    layers = (cr.Dense(2, "tanh"), cr.Dense(3))
    x, y = rows_of(2, 3), np.array([0, 1])
    found = of(classes(*layers, **alike), x, y, "cross_entropy", "dense_1.W[1,0]")
    assert found.kinds == ("uniform shift",)
    assert "as before" in found.sentence()
    assert of(classes(*layers, **alike), x, y, "cross_entropy", "dense_1.W[1,1]").gradient != 0
    other = {"dense_2.W": np.array([[1.0, 1.0, 1.1], [0.5, -1.0, 2.0]])}
    assert abs(of(classes(*layers, **other), x, y, "cross_entropy", "dense_1.W[1,0]").exact) > 1e-6


def test_the_bias_of_the_keys_in_attention_moves_nothing():
    network = cr.Network(cr.Input((4, 2)), cr.Attention(2), cr.Dense(2), seed=0)
    x, y = rows_of(1, 4, 2), rows_of(1, 4, 2, seed=1)
    assert of(network, x, y, target="attention_1.key.b[1]").kinds == ("uniform shift",)
    assert of(network, x, y, target="attention_1.query.b[1]").verdict == "ordinary"


def test_routes_that_cancel_by_these_numbers():
    found = of(chain("identity"), [[1.0], [1.0]], [[0.0], [2.0]])
    assert (found.verdict, found.kinds) == ("zero", ("exact cancellation",))
    assert of(chain("identity"), [[1.0], [1.0]], [[0.0], [2.5]]).gradient != 0


def test_weights_that_happen_to_cancel_are_no_law():
    given = {"dense_1.W": [[0.5]], "dense_2.W": [[1.0, 2.0]], "dense_3.W": [[2.0], [-1.0]]}
    alike = given | {"dense_2.W": [[1.0, 1.0]], "dense_3.W": [[1.0], [-1.0]]}
    layers = (cr.Dense(1, "tanh"), cr.Dense(2), cr.Dense(1))
    for weights, kinds in ((given, ("exact cancellation",)), (alike, ("symmetric start",))):
        found = of(classes(*layers, width=1, **weights), [[0.5]], [[1.0]])
        assert (found.verdict, found.kinds) == ("zero", kinds)


def test_twins_from_a_symmetric_start_cancel():
    alike = {"dense_2.W": np.ones((4, 3))}
    layers = (cr.Dense(4, "tanh"), cr.Dense(3))
    x, y = rows_of(2, 3), np.array([0, 1])
    found = of(classes(*layers, **alike), x, y, "cross_entropy")
    assert set(found.kinds) == {"uniform shift", "symmetric start"}


def test_what_is_lost_in_the_rounding_of_float32():
    # Two rows pull by 1e6 and -1e6, and a third by so little that float32 cannot tell.
    x, y = [[1.0], [1.0], [1e-3]], [[1e6 + 1.0], [-1e6 + 1.0], [5e-3]]
    found = of(chain("identity"), x, y, dtype="float32")
    assert (found.verdict, found.kinds) == ("tiny", ("lost in rounding",))
    assert abs(found.exact) <= found.bound
    assert of(chain("identity"), x, y).verdict == "ordinary"


# ---- sizes ----


def test_underflow_where_float32_ends():
    found = of(chain("sigmoid"), [[-110.0]], [[3.0]], dtype="float32")
    assert (found.gradient, found.kinds) == (0, ("underflow",))
    assert found.exact != 0
    assert of(chain("sigmoid"), [[-60.0]], [[3.0]], dtype="float32").gradient != 0


def test_underflow_where_float64_ends():
    found = of(chain("identity", **{"dense_2.W": [[1e-200]]}), [[1e-200]], [[1.0]])
    assert (found.gradient, found.kinds) == (0, ("underflow",))


def test_a_tiny_gradient_behind_a_nearly_saturated_unit():
    network = chain("sigmoid", **{"dense_1.b": [30.0]})
    found = of(network, [[1.0]], [[3.0]])
    assert (found.verdict, found.kinds) == ("tiny", ("saturation",))
    assert found.causes[0].numbers["at"] == 31.0


@pytest.mark.parametrize("target", [1.0 + 1e-6, 1.0 - 1e-9])
def test_a_healthy_number_near_zero_has_no_cause(target):
    found = of(chain("identity"), [[1.0]], [[target]])
    assert 0 < abs(found.gradient) < 1e-5
    assert (found.verdict, found.kinds) == ("ordinary", ())


def test_a_huge_gradient_and_its_largest_slope():
    found = of(chain("identity", w=3.0), [[1e5]], [[0.0]])
    assert (found.verdict, found.kinds) == ("huge", ("large slopes",))


# ---- NaN and infinity ----


def test_a_nan_in_the_data_and_its_row():
    x = np.array([[1.0], [np.nan], [2.0]])
    found = of(chain("tanh"), x, [[1.0]] * 3)
    assert (found.verdict, found.kinds) == ("not finite", ("not finite",))
    assert found.causes[0].numbers["row"] == 1
    assert "x[1,0] is NaN in row 1" in found.sentence()


def test_a_nan_among_the_weights():
    found = of(chain("tanh", w=np.nan), [[1.0]], [[1.0]])
    assert "dense_1.W[0,0] is NaN" in found.sentence()
    assert "in the parameters" in found.sentence()


def test_the_first_operation_and_row_that_overflow_in_float32():
    network = cr.Network(
        cr.Input(1), cr.Dense(1), parameters={"dense_1.W": [[1.0]], "dense_1.b": [0.0]}
    )
    x, y = [[1.0], [2.0], [100.0]], [[1.0], [1.0], [1.0]]
    found = of(network, x, y, "poisson", dtype="float32")
    assert found.verdict == "not finite"
    assert "poisson is the first operation to make infinity" in found.sentence()
    assert found.causes[0].numbers["row"] == 2
    assert found.causes[0].numbers["in float64"] == pytest.approx(np.exp(100.0) - 100.0)
    assert of(network, x, y, "poisson").verdict != "not finite"


def test_a_product_that_overflows_in_a_layer():
    found = of(chain("identity", w=1e200), [[1e200]], [[1.0]])
    assert "linear is the first operation to make infinity: dense_1.linear[0]" in found.sentence()


def test_a_gradient_that_overflows_behind_finite_values():
    network = chain("identity", w=1e-30, **{"dense_2.W": [[1e10]]})
    found = of(network, [[1e30]], [[0.0]], dtype="float32")
    assert found.verdict == "not finite"
    assert "on the way back" in found.sentence()


def test_a_loss_that_overflows_before_a_gradient_that_does_not():
    found = of(chain("identity"), [[1.0]], [[1e200]])
    assert (found.verdict, found.gradient) == ("not finite", -2e200)
    assert found.sentence().startswith("The loss is no finite number in float64. The gradient of")


def test_the_loss_itself_can_be_asked_for():
    found = of(chain("identity"), [[1.0]], [[2.0]], target="loss")
    assert (found.verdict, found.gradient) == ("ordinary", 1.0)
