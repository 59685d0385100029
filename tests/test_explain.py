"""cr.explain: targets by name, words, sentences, runs on arrays and tables, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError
from chainrule.explanation.door import explain
from chainrule.explanation.explanation import Explanation

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "docs" / "explanation.schema.json").read_text(encoding="utf-8"))
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
NETWORK = cr.Network(cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(3, "relu"), cr.Dense(2), seed=1)
ONE: dict[str, Any] = {"x": [0.5, 1.0, -1.0], "y": 1}


@pytest.fixture(scope="module")
def run() -> Any:
    return cr.train(NETWORK, X, Y, epochs=5, validation=0.2, progress=False)


@pytest.fixture(scope="module")
def table_run() -> Any:
    table = ROOT / "examples" / "heart_disease.csv"
    return cr.train_table(str(table), "disease", epochs=3, progress=False)


def gradient_by_hand() -> tuple[float, float]:
    """Return the loss and its slope along dense_1.W[2,0], written out in NumPy."""
    p = NETWORK.parameters
    x, label = np.array(ONE["x"]), ONE["y"]
    h = np.tanh(x @ p["dense_1.W"] + p["dense_1.b"])
    z = h @ p["dense_2.W"] + p["dense_2.b"]
    logits = np.maximum(z, 0.0) @ p["dense_3.W"] + p["dense_3.b"]
    shares = np.exp(logits) / np.exp(logits).sum()
    delta = shares - np.eye(2)[label]
    at_h = p["dense_2.W"] @ ((z > 0) * (p["dense_3.W"] @ delta))
    return -float(np.log(shares[label])), float(at_h[0] * (1.0 - h[0] ** 2) * x[2])


# ---------------------------------------------------------------- one number


def test_a_weight_of_a_network() -> None:
    loss, slope = gradient_by_hand()
    why = explain(NETWORK, "dense_1.W[2,0]", **ONE)
    checks = why.to_dict()["checks"]
    assert checks["gradient"] == pytest.approx(slope, rel=1e-12)
    assert checks["sum_of_terms"] == pytest.approx(slope, rel=1e-12)
    assert checks["finite_difference"] == pytest.approx(slope, rel=1e-8)
    assert checks["finite_difference_error"] < 1e-8
    assert why.trace.exact.loss == pytest.approx(loss, rel=1e-12)
    assert why.sentence == (
        "The weight from input 2 to unit 0 of dense_1 (-0.64) should fall: the loss of row 0 "
        "(0.05939) then falls by about 0.000501 for each 0.01 (gradient 0.05011)."
    )


def test_the_tree_says_which_factor_is_which() -> None:
    tree = explain(NETWORK, "dense_1.W[2,0]", **ONE).tree
    assert tree is not None
    (first,) = tree.terms
    assert (first.through, first.op) == ("dense_1.linear[0]", "linear")
    assert first.factors[0].symbol == "∂dense_1.linear[0]/∂dense_1.W[2,0]"
    assert first.factors[0].formula == "x[2]"
    assert first.factors[0].value == -1.0
    assert first.below is not None
    (second,) = first.below.terms
    assert second.factors[0].formula == "1 - dense_1[0]²"
    assert second.below is not None
    formulas = {term.factors[0].formula for term in second.below.terms}
    assert formulas <= {f"dense_2.W[0,{unit}]" for unit in range(3)}
    bias = explain(NETWORK, "dense_1.b[0]", **ONE).tree
    assert bias is not None
    assert bias.terms[0].factors[0].formula == "1"


def test_folds_are_as_wide_as_asked_and_add_up() -> None:
    wide = cr.Network(cr.Input(3), cr.Dense(50, "tanh"), cr.Dense(40, "tanh"), cr.Dense(2), seed=3)
    why = explain(wide, "dense_1[7]", **ONE, width=4)
    assert why.tree is not None
    assert len(why.tree.terms) == 4
    assert why.tree.rest.count == 36
    shown = sum(term.product for term in why.tree.terms) + why.tree.rest.sum
    assert shown == pytest.approx(why.tree.value, rel=1e-12)
    products = [abs(term.product) for term in why.tree.terms]
    assert products == sorted(products, reverse=True)
    everything = why.unfold("dense_1[7]", width=100)
    assert len(everything.terms) == 40
    assert everything.rest.count == 0
    assert max(abs(term.product) for term in everything.terms[4:]) <= products[-1]


def test_a_tree_has_no_more_nodes_than_asked() -> None:
    assert len(list(explain(NETWORK, "x[0]", **ONE, most_nodes=5).tree or ())) <= 5
    names = [node.name for node in explain(NETWORK, "x[0]", **ONE).tree or ()]
    assert len(names) == len(set(names))


def test_a_large_network_is_not_enumerated() -> None:
    large = cr.Network(cr.Input(784), cr.Dense(128, "tanh"), cr.Dense(10), seed=0)
    why = explain(large, "dense_1.W[2,0]", x=np.linspace(-1.0, 1.0, 784), y=3)
    folds = why.derivation
    assert why.tree is not None
    assert why.checks is not None
    assert why.checks.agree
    assert len(folds._folds) < 30


def test_units_inputs_and_what_an_activation_is_given() -> None:
    due = cr.backpropagate(NETWORK, [ONE["x"]], [ONE["y"]], "cross_entropy").gradients
    for name, place in (("dense_1", 3), ("dense_2.linear", 1), ("x", 2), ("dense_3", 0)):
        for text in (f"{name}[{place}]", f"{name}.{place}", f"{name}[0,{place}]"):
            why = explain(NETWORK, text, **ONE)
            assert why.checks is not None
            assert why.checks.exact_gradient == due[name][0, place]
            assert why.checks.agree


def test_a_blocked_way_is_shown() -> None:
    parameters = {**NETWORK.parameters, "dense_2.b": np.array([0.0, -50.0, 0.0])}
    dead = NETWORK.with_parameters(parameters)
    why = explain(dead, "dense_2.W[0,1]", **ONE)
    assert "its gradient is 0" in why.sentence
    below = next(iter(why.tree or ())).terms[0].below
    linear = why.unfold("dense_2.linear[1]")
    assert linear.terms[0].factors[0].value == 0.0
    assert linear.terms[0].factors[0].formula == "1 if 0 < dense_2.linear[1] else 0"
    assert "lets nothing through" in linear.sentence
    assert below is None or below.value == 0.0


def test_several_rows_are_a_mean_and_their_numbers_need_a_row() -> None:
    why = explain(NETWORK, "dense_1.W[2,0]", x=X[:5], y=Y[:5])
    due = cr.gradient(NETWORK, X[:5], Y[:5], "cross_entropy")["dense_1.W"][2, 0]
    assert why.checks is not None
    assert why.checks.exact_gradient == pytest.approx(due, rel=1e-12)
    assert why.tree is not None
    named = {f"dense_1.linear[{row},0]" for row in range(5)}
    assert {term.through for term in why.tree.terms} <= named
    assert len(why.tree.terms) + why.tree.rest.count == 5
    with pytest.raises(ChainruleError, match=r"another number in each of 5 rows.*dense_1\[0,1\]"):
        explain(NETWORK, "dense_1[1]", x=X[:5], y=Y[:5])
    assert explain(NETWORK, "dense_1[4,1]", x=X[:5], y=Y[:5]).checks is not None


def test_a_step_of_training_says_so() -> None:
    network = cr.Network(
        cr.Input(3), cr.Dense(4), cr.BatchNorm(), cr.Dropout(0.5), cr.Dense(2), seed=0
    )
    rows: dict[str, Any] = {"x": X[:6], "y": Y[:6]}
    why = explain(network, "dense_1.W[0,0]", **rows, training=True, seed=4, step=9)
    due = cr.gradient(network, X[:6], Y[:6], "cross_entropy", training=True, seed=4, step=9)
    assert why.checks is not None
    assert why.checks.exact_gradient == pytest.approx(due["dense_1.W"][0, 0], rel=1e-9)
    assert "as step 9 of a training with seed 4" in " ".join(why.notes)
    assert "as it predicts" in " ".join(explain(network, "dense_1.W[0,0]", **rows).notes)


# ---------------------------------------------------------------- wholes


@pytest.mark.parametrize("target", ["dense_1.W", "dense_1", "dense_2.b", "dense_1.linear", "x"])
def test_a_whole_is_split_by_units(target: str) -> None:
    why = explain(NETWORK, target, x=X[:7], y=Y[:7])
    summary = why.summary
    assert summary is not None
    assert why.tree is None
    due = cr.backpropagate(NETWORK, X[:7], Y[:7], "cross_entropy").gradients
    names = ["dense_1.W", "dense_1.b"] if target == "dense_1" else [target]
    total = sum(float((due[name] ** 2).sum()) for name in names)
    assert sum(part.squares for part in summary.parts) == pytest.approx(total, rel=1e-12)
    assert summary.finite_difference == pytest.approx(total, rel=1e-6)
    assert summary.agree
    first = summary.parts[0]
    assert first.squares == max(part.squares for part in summary.parts)
    assert why.unfold(first.largest).value == pytest.approx(first.gradient, rel=1e-12)


def test_kernels_are_split_by_their_outputs() -> None:
    network = cr.Network(cr.Input((1, 4, 4)), cr.Conv(3, 2), cr.Flatten(), cr.Dense(2), seed=0)
    summary = explain(network, "conv_1.W", x=np.ones((2, 1, 4, 4)), y=np.array([0, 1])).summary
    assert summary is not None
    assert len(summary.parts) == 3
    assert summary.agree


# ---------------------------------------------------------------- runs


def test_rows_of_a_run_are_those_of_x(run: Any) -> None:
    for sample in (0, 7, run.setup.provenance.validation[0]):
        why = explain(run, "dense_1.W[2,0]", sample=sample)
        np.testing.assert_array_equal(
            why.trace.exact.values["x"][0], X[sample].astype(np.float32).astype(np.float64)
        )
        due = cr.gradient(run.network, X[[sample]], Y[[sample]], "cross_entropy", dtype="float32")
        assert why.trace.own.dtype == "float32"
        assert why.checks is not None
        assert why.checks.agree
        assert why.checks.gradient == pytest.approx(due["dense_1.W"][2, 0], rel=1e-5, abs=1e-9)
        again = explain(run, "dense_1.W[2,0]", x=X, y=Y, sample=sample)
        assert again.checks is not None
        assert again.checks.gradient == why.checks.gradient
    held = explain(run, "dense_1.W[2,0]", sample=run.setup.provenance.validation[0])
    assert "held out for validation" in held.sentence


def test_a_run_without_a_sample_is_its_training_rows(run: Any) -> None:
    why = explain(run, "dense_1.W[2,0]")
    rows = run.setup.provenance.training
    due = cr.gradient(run.network, X[rows], Y[rows], "cross_entropy")["dense_1.W"][2, 0]
    assert why.checks is not None
    assert why.checks.exact_gradient == pytest.approx(due, rel=1e-5)


def test_a_saved_run_is_given_its_rows(run: Any, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    with pytest.raises(ChainruleError, match="rows are not saved"):
        explain(tmp_path / "run", "dense_1.W[2,0]", sample=7)
    why = explain(tmp_path / "run", "dense_1.W[2,0]", sample=7, x=X, y=Y)
    assert why.to_dict()["checks"] == explain(run, "dense_1.W[2,0]", sample=7).to_dict()["checks"]


def test_rows_of_a_table_are_counted_in_the_file(table_run: Any, tmp_path: Path) -> None:
    lines = (ROOT / "examples" / "heart_disease.csv").read_text(encoding="utf-8").splitlines()
    why = explain(table_run, "dense_1.W[8,0]", sample=8)
    (content,) = why.trace.rows.contents
    assert [text for _, text in content] == [cell or "missing" for cell in lines[8].split(",")]
    assert why.trace.rows.names == ("data row 8",)
    table_run.save(tmp_path / "run")
    assert str(explain(tmp_path / "run", "dense_1.W.8.0", sample=8)) == str(why)
    assert "data row 8: age = " in str(why)


def test_columns_have_their_names(table_run: Any) -> None:
    names = list(explain(table_run, "loss", sample=8).words.columns)
    place = names.index("chest_pain = asymptomatic")
    why = explain(table_run, f"dense_1.W[{place},0]", sample=8)
    assert why.sentence.startswith("The weight from chest_pain = asymptomatic to unit 0 of dense_1")
    by_column = explain(table_run, "age", sample=8)
    assert by_column.sentence.startswith("The input age (")
    assert by_column.entry == explain(table_run, f"x[{names.index('age')}]", sample=8).entry
    output = explain(table_run, "dense_2[1]", sample=8)
    assert output.sentence.startswith("The output for disease = yes (")


def test_new_rows_of_a_table(table_run: Any) -> None:
    row = dict(explain(table_run, "loss", sample=8).trace.rows.contents[0])
    given = {
        name: float(text) if text.replace(".", "", 1).isdigit() else text
        for name, text in row.items()
    }
    again = explain(table_run, "dense_1.W[8,0]", x=given)
    assert again.trace.exact.loss == explain(table_run, "loss", sample=8).trace.exact.loss
    other = explain(table_run, "dense_1.W[8,0]", x={**given, "age": 30.0})
    assert other.trace.exact.loss != again.trace.exact.loss


def test_all_rows_of_a_table(table_run: Any) -> None:
    why = explain(table_run, "dense_1.W[8,0]")
    assert why.checks is not None
    assert why.checks.agree
    assert len(why.trace.rows) == table_run.setup.provenance.training_rows


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("dense_9.W", r"nothing called 'dense_9.W'.*'dense_3.W'"),
        ("dens_1[2]", r"nothing called 'dens_1'.*'dense_1'"),
        ("dense_1.W[2,9]", r"'dense_1.W\[2,9\]' is no place.* 3 x 4.*dense_1.W\[2,3\] is the last"),
        ("dense_1.W[-1,0]", "no place"),
        ("dense_1.W[2]", "no place"),
        ("dense_1.W.2.0.1", "no place"),
        ("dense_1[4]", r"which is 4.*dense_1\[3\] is the last"),
        ("x.3", r"x\[2\] is the last"),
        ("target", "whole numbers or truth values, which have no slope"),
        ("", "is no name"),
        (7, "is no name"),
    ],
)
def test_bad_targets_get_one_sentence(target: Any, said: str) -> None:
    with pytest.raises(ChainruleError, match=said) as caught:
        explain(NETWORK, target, **ONE)
    assert str(caught.value.cause).count(". ") == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sample": 40}, "no row 40.*are 40.*0 to 39"),
        ({"sample": -1}, "no row -1"),
        ({"sample": 1.5}, "no row 1.5"),
        ({"sample": []}, "No sample is named"),
        ({"width": 0}, "width=0 is no count"),
        ({"loss": "cross_entropy"}, "A run has its own loss"),
        ({"training": True}, "explained as it predicts, or in the batch of a step"),
        ({"x": X}, "without their target"),
    ],
)
def test_what_a_run_refuses(run: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ChainruleError, match=said):
        explain(run, "dense_1.W[2,0]", **given)


def test_what_a_network_refuses(table_run: Any) -> None:
    with pytest.raises(ChainruleError, match="there are none"):
        explain(NETWORK, "dense_1.W[2,0]")
    with pytest.raises(ChainruleError, match="no parameters yet"):
        explain(cr.Network(cr.Dense(3)), "dense_1.W[0,0]", **ONE)
    with pytest.raises(ChainruleError, match="has no table"):
        explain(NETWORK, "dense_1.W[2,0]", **ONE, data="x.csv")
    with pytest.raises(ChainruleError, match="neither a run nor a network"):
        explain(3, "dense_1.W[2,0]")
    with pytest.raises(ChainruleError, match="no type of float"):
        explain(NETWORK, "dense_1.W[2,0]", **ONE, dtype="float16")
    with pytest.raises(ChainruleError, match=r"no row 304.*heart_disease.csv are 303"):
        explain(table_run, "age", sample=304)
    with pytest.raises(ChainruleError, match="'age' is another number in each of 2 rows"):
        explain(table_run, "age", sample=[1, 2])


# ---------------------------------------------------------------- the document


def all_kinds(run: Any) -> list[Explanation]:
    return [
        explain(NETWORK, "dense_1.W[2,0]", **ONE),
        explain(NETWORK, "dense_1", x=X[:3], y=Y[:3]),
        explain(run, "x[1]", sample=3),
        explain(run, "dense_2", sample=3),
    ]


def test_the_document_fits_its_schema(run: Any) -> None:
    for why in all_kinds(run):
        document = json.loads(json.dumps(why.to_dict(), allow_nan=False))
        jsonschema.validate(document, SCHEMA)
        document["checks" if why.tree is None else "tree"] = {"name": 3}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, SCHEMA)


def test_the_text_has_the_numbers(run: Any) -> None:
    for why in all_kinds(run):
        text = str(why)
        assert text.startswith(why.sentence)
        if why.checks is not None:
            assert f"{why.checks.gradient:.10g}" in text
            assert "The three numbers agree." in text


def test_the_text_says_why_a_gradient_is_zero_or_no_number() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4, "sigmoid"), cr.Dense(1), seed=1)
    for x in ([0.0, 1.0, 1.0], [np.nan, 1.0, 1.0]):
        why = explain(network, "dense_1.W[0,0]", x=x, y=1.0)
        assert why.why is not None
        assert str(why).endswith(why.why.sentence())
    ordinary = explain(network, "dense_1.W[0,0]", x=[0.5, 1.0, 1.0], y=1.0)
    assert "ordinary" not in str(ordinary)


def test_a_column_of_categories_or_a_misspelt_one_is_told_what_to_ask_for(table_run: Any) -> None:
    with pytest.raises(cr.SetupError, match="'chest_pain = asymptomatic'"):
        explain(table_run, "chest_pain", sample=8)
    with pytest.raises(cr.SetupError, match="Did you mean 'cholesterol'"):
        explain(table_run, "cholesterin", sample=8)
