"""Named routes of ops that mix: their parts of a gradient, against autodiff with the rest held."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from traced_networks import rows_of

import chainrule as cr
from chainrule.explanation.unfolding import Node, Term
from chainrule.ops import OPS
from chainrule.testing import check_op
from chainrule.testing.trials import draw

ROUTED = ("attention", "masked_attention", "batch_norm", "batch_norm_over_time", "layer_norm")
NORMS = {
    "batch_norm": ((0,), "batch"), "batch_norm_over_time": ((0, 1), "batch"),
    "layer_norm": ((-1,), "row"),
}  # fmt: skip


def by_hand(torch: Any, x: Any, axes: tuple[int, ...], held: str, epsilon: float) -> Any:
    """Return x normalized, with only one way for gradients: the others are detached."""
    mean, own = x.mean(dim=axes, keepdim=True), x
    variance = ((x - mean) ** 2).mean(dim=axes, keepdim=True)
    if held != "mean":
        mean = mean.detach()
    if held != "variance":
        variance = variance.detach()
    if held != "itself":
        own = own.detach()
    return (own - mean) / torch.sqrt(variance + epsilon)


@pytest.mark.parametrize("name", NORMS)
def test_routes_of_norms_are_autodiff_with_the_rest_held(name: str) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    axes, over = NORMS[name]
    trial = draw(OPS[name], OPS[name].examples[0], rows=5, seed=3)
    epsilon = trial.settings["epsilon"]
    ways = {
        "the number itself": "itself",
        f"the mean of the {over}": "mean",
        f"the variance of the {over}": "variance",
    }
    assert set(OPS[name].routes) == set(ways)
    for route, held in ways.items():
        x = torch.tensor(trial.inputs[0], requires_grad=True)
        y = by_hand(torch, x, axes, held, epsilon) * torch.tensor(trial.inputs[1])
        (due,) = torch.autograd.grad(y, x, torch.tensor(trial.grad_outputs[0]))
        rule: Any = OPS[name].routes[route]
        found = rule(trial.grad_y, trial.y, *trial.inputs, **trial.settings)
        assert np.abs(due.numpy()).max() > 1e-3 or held == "variance"
        assert found[0] == pytest.approx(due.numpy(), abs=1e-12)


@pytest.mark.parametrize("name", ROUTED)
def test_the_table_holds_routes_to_backward(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(OPS[name].routes) == 3
    assert check_op(name, jax=False) == []
    spoiled = dict(OPS[name].routes)
    spoiled.pop(next(iter(spoiled)))
    monkeypatch.setattr(type(OPS[name]), "__setattr__", object.__setattr__)
    monkeypatch.setitem(OPS[name].__dict__, "routes", spoiled)
    found = check_op(name, jax=False)
    assert any("routes" in sentence for sentence in found), found


def assert_sums(node: Node) -> None:
    """Hold every number of a tree to the sum of its terms."""
    for one in node:
        if one.name != "loss":
            shown = sum(term.product for term in one.terms) + one.rest.sum
            sizes = sum(abs(term.product) for term in one.terms) + abs(one.rest.sum)
            assert shown == pytest.approx(one.value, abs=1e-9 * sizes + 1e-15), one.name


def terms_by_route(node: Node) -> dict[str, Term]:
    return {one.route: one for one in node.terms}


def test_a_number_before_a_batch_norm_is_told_by_route() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4), cr.BatchNorm(), cr.Dense(2), seed=1)
    x, y = rows_of(40, 3), np.arange(40) % 2
    why = cr.explain(network, "dense_1[7,1]", x=x, y=y, training=True, width=3)
    assert why.tree is not None
    assert_sums(why.tree)
    routes = terms_by_route(why.tree)
    assert list(routes) == [
        "the number itself", "the mean of the batch", "the variance of the batch",
    ]  # fmt: skip
    assert why.tree.rest.count == 0
    own, mean = routes["the number itself"], routes["the mean of the batch"]
    assert own.through == "batch_norm_1[7,1]"
    assert len(own.factors) == 2
    assert (mean.through, len(mean.factors)) == ("the mean of the batch", 1)
    assert mean.below is not None
    assert len(mean.below.terms) + mean.below.rest.count == 40
    text = str(why)
    assert f" {abs(mean.product):.6g} through the mean of the batch   (batch_norm)" in text
    assert "(batch_norm, through the number itself)" in text
    document = why.to_dict()["tree"]["terms"]
    assert {one["route"] for one in document} == set(routes)
    assert r"\mathrm{through\ the\ mean\ of\ the\ batch}" in why.latex()
    assert "through the mean of the batch" in why.mathml()


def test_parts_by_route_are_those_of_the_rules() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4), cr.BatchNorm(), cr.Dense(2), seed=1)
    why = cr.explain(network, "dense_1[2,1]", x=rows_of(6, 3), y=[0, 1, 0, 1, 1, 1], training=True)
    assert why.tree is not None
    gradients, values = why.trace.exact.gradients, why.trace.exact.values
    x, scale = values["dense_1"][:, 1], values["batch_norm_1.scale"][1]
    spread = np.sqrt(x.var() + 1e-5)
    at_output = gradients["batch_norm_1"][:, 1]
    found = {name: one.product for name, one in terms_by_route(why.tree).items()}
    normal = (x - x.mean()) / spread
    assert found == pytest.approx(
        {
            "the number itself": at_output[2] * scale / spread,
            "the mean of the batch": -at_output.mean() * scale / spread,
            "the variance of the batch": -(at_output * normal).mean() * normal[2] * scale / spread,
        }
    )


def test_channels_of_images_have_routes_too() -> None:
    network = cr.Network(
        cr.Input((1, 4, 4)), cr.Conv(2, 3), cr.BatchNorm(), cr.Flatten(), cr.Dense(2), seed=1
    )
    why = cr.explain(network, "conv_1[1,0,2,2]", x=rows_of(3, 1, 4, 4), y=[0, 1, 1], training=True)
    assert why.tree is not None
    assert_sums(why.tree)
    assert len(terms_by_route(why.tree)) == 3
    assert why.checks is not None
    assert why.checks.agree


def test_attention_says_by_what_its_numbers_go() -> None:
    network = cr.Network(cr.Input((3, 4)), cr.Attention(2), cr.Flatten(), cr.Dense(2), seed=1)
    for name in ("query", "key", "value"):
        why = cr.explain(network, f"attention_1.{name}[0,0]", x=rows_of(1, 3, 4), y=[1])
        assert why.tree is not None
        assert_sums(why.tree)
        assert {one.route for one in why.tree.terms} == {f"the {name}"}
        assert f"(attention, through the {name})" in str(why)


def test_a_network_as_it_predicts_has_no_routes_of_a_batch() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4), cr.BatchNorm(), cr.Dense(2), seed=1)
    why = cr.explain(network, "dense_1[1]", x=rows_of(1, 3), y=[1])
    assert why.tree is not None
    assert [one.route for one in why.tree.terms] == [""]
    assert not OPS["batch_norm"].prediction.routes


def _doubled(grad_y: Any, y: Any, x: Any) -> Any:
    return (2.0 * grad_y,)


def _shared(grad_y: Any, y: Any, x: Any) -> Any:
    return (grad_y.sum(axis=-1, keepdims=True) + 0.0 * x,)


def with_routes(routes_given: Any) -> Any:
    """Return an op of one's own with these routes."""

    class block:
        """Twice a number, and the sum of its row."""

        routes = routes_given

        @staticmethod
        def forward(x: Any) -> Any:
            return 2.0 * x + x.sum(axis=-1, keepdims=True)

        @staticmethod
        def backward(grad_y: Any, y: Any, x: Any) -> Any:
            return (2.0 * grad_y + grad_y.sum(axis=-1, keepdims=True),)

    made = cr.op(formula="y = 2 x + sum", shapes="n k -> n k", couples="k", name="twice_and_sum")
    return made(block)


def test_a_block_of_one_s_own_names_its_routes() -> None:
    with_routes({"itself": _doubled, "the row's sum": _shared})
    assert check_op("twice_and_sum") == []
    network = cr.Network(cr.Input(3), cr.Dense(4), cr.Apply("twice_and_sum"), cr.Dense(2), seed=1)
    why = cr.explain(network, "dense_1[1]", x=[0.5, 1.0, -1.0], y=1)
    assert why.tree is not None
    assert_sums(why.tree)
    assert set(terms_by_route(why.tree)) == {"itself", "the row's sum"}
    assert terms_by_route(why.tree)["itself"].factors[0].formula == "2"


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"a": _doubled, "b": _doubled}, "the routes do not sum to backward at x"),
        ({"a": _doubled, "b": lambda g, y, x: g}, "returns no tuple of 1 gradients"),
        ({"a": _doubled, "b": lambda g, y, x: (g[:, 0],)}, "a gradient of shape"),
        ({"a": lambda g, y, x: (None,), "b": lambda g, y, x: (None,)}, "differ in whether x"),
    ],
)
def test_wrong_routes_are_found(wrong: Any, found: str) -> None:
    with_routes(wrong)
    assert any(found in sentence for sentence in check_op("twice_and_sum", jax=False))


@pytest.mark.parametrize("wrong", [{"alone": _doubled}, ["a", "b"], {"a": 1, "b": 2}])
def test_what_names_no_rules_is_refused(wrong: Any) -> None:
    with pytest.raises(cr.SetupError, match=r"twice_and_sum.*a rule each, two or more"):
        with_routes(wrong)
