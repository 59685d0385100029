"""Traces: every value and gradient of a pass, in the run's own type and in float64."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from explained_networks import FAMILIES, drawn

import chainrule as cr
from chainrule.errors import ChainruleError, SetupError
from chainrule.explanation.trace import Mode, RowNames, Trace, trace_rows
from chainrule.network.backpropagation import objective_for

SCHEMA = json.loads(
    (Path(__file__).parent.parent / "docs" / "trace.schema.json").read_text(encoding="utf-8")
)


def traced(
    network: cr.Network, x: Any, y: Any, loss: Any, training: bool = False, **how: Any
) -> Trace:
    objective, rows = objective_for(network, x, y, loss, training=training)
    state = [one.reshape(-1) for one in network.state.values()]
    parameters = network.plan.layout.flat_array(network.parameters, "float64")
    kept = np.concatenate(state) if state else np.zeros(0)
    return trace_rows(objective, parameters, np.zeros(0), rows, kept, **how)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("number", range(2 * len(FAMILIES)))
def test_both_passes_are_those_of_backpropagate(number: int, engine: str) -> None:
    one = drawn(number)
    if engine == "native":
        pytest.importorskip("chainrule.engines.native")
    mode = Mode("training", 5, 2) if one.training else "prediction"
    found = traced(
        one.network, one.x, one.y, one.loss, one.training, engine=engine, dtype="float64", mode=mode
    )
    due = cr.backpropagate(
        one.network, one.x, one.y, one.loss, training=one.training, seed=5, step=2
    )
    assert found.exact.loss == due.loss
    assert set(found.own.values) == set(found.exact.values) == set(due.values)
    reached = {name for name, slope in due.gradients.items() if slope is not None}
    assert set(found.own.gradients) == set(found.exact.gradients) == reached
    for name in due.values:
        np.testing.assert_array_equal(found.exact.values[name], due.values[name])
        np.testing.assert_allclose(
            found.own.values[name], due.values[name], rtol=1e-9, atol=1e-12, err_msg=name
        )
    for name in reached:
        np.testing.assert_array_equal(found.exact.gradients[name], due.gradients[name])
        np.testing.assert_allclose(
            found.own.gradients[name], due.gradients[name], rtol=1e-7, atol=1e-11, err_msg=name
        )


def test_the_own_type_shows_what_float64_does_not() -> None:
    network = cr.Network(cr.Input(1), cr.Dense(1), seed=0).with_parameters(
        {"dense_1.W": np.array([[1.0]]), "dense_1.b": np.zeros(1)}
    )
    found = traced(network, [[100.0]], [[1.0]], "poisson", dtype="float32")
    assert found.own.loss == np.inf
    assert found.exact.loss == pytest.approx(np.exp(100.0), rel=1e-12)
    document = found.to_dict()
    assert document["own"]["loss"] == "Infinity"
    jsonschema.validate(document, SCHEMA)


def test_rows_are_told_apart_from_parameters() -> None:
    layers = (cr.Dense(3, "relu"), cr.BatchNorm(), cr.DropConnect(3), cr.Dense(2))
    network = cr.Network(cr.Input(3), *layers, seed=1)
    # As many rows as units: shapes alone do not tell.
    x, y = np.eye(3), np.array([0, 1, 1])
    found = traced(network, x, y, "cross_entropy", True, mode=Mode("training"))
    own = {name for name in found.exact.values if name.startswith(("dense", "drop", "batch"))}
    without = {"W", "b", "scale", "shift", "mean", "variance", "mask"}
    due = {name for name in own if name.rpartition(".")[2] not in without and ":" not in name}
    assert found.row_values == due | {"x", "target", "weight", "row_loss"}


@pytest.mark.parametrize("number", range(len(FAMILIES)))
def test_the_document_fits_its_schema(number: int) -> None:
    one = drawn(number)
    mode = Mode("training", 5, 2) if one.training else Mode()
    found = traced(one.network, one.x, one.y, one.loss, one.training, dtype="float32", mode=mode)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    jsonschema.validate(document, SCHEMA)
    for name, array in document["exact"]["values"].items():
        again = np.array(array["numbers"]).reshape(array["shape"])
        np.testing.assert_array_equal(again, found.exact.values[name])
    del document["mode"]["form"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_what_is_refused() -> None:
    one = drawn(0)
    with pytest.raises(SetupError, match="no form 'guessing'"):
        traced(one.network, one.x, one.y, one.loss, mode="guessing")
    with pytest.raises(ChainruleError, match="no engine 'quick'"):
        traced(one.network, one.x, one.y, one.loss, engine="quick")
    norm = cr.Network(cr.Input(2), cr.BatchNorm(), cr.Dense(1), seed=0)
    objective, rows = objective_for(
        norm, np.ones((2, 2)), np.ones((2, 1)), "squared_error", None, True
    )
    given = [norm.plan.layout.flat_array(norm.parameters, "float64"), np.zeros(0)]
    first = [row[:1] for row in rows]
    with pytest.raises(SetupError, match="batch_norm_1 needs 2"):
        trace_rows(objective, *given, first, np.ones(4), mode="training")
    with pytest.raises(ChainruleError, match="2 and 1"):
        trace_rows(objective, *given, [rows[0], *first[1:]], np.ones(4))


def test_rows_have_names() -> None:
    names = RowNames.counted(3)
    assert names.names == ("row 0", "row 1", "row 2")
    assert len(names) == 3
