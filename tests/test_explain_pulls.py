"""Pulls: the terms of rows sum to the gradient of the batch, and are the rows' own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.explanation.row_pulls import who_pulled
from chainrule.explanation.updates.receipts import receipt
from chainrule.explanation.updates.replay import Replay
from chainrule.training.run import Run
from chainrule.training.tables.given_tables import as_table

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
RNG = np.random.default_rng(4)
X = RNG.normal(size=(30, 3))
Y = X[:, 0] * X[:, 1]
W = "dense_1.W[1,2]"


def network(seed: int = 0) -> cr.Network:
    return cr.Network(cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(2), seed=seed)


def trained(*layers: Any, **given: Any) -> Run:
    given = {"epochs": 3, "seed": 2, "progress": False, "optimizer": cr.Momentum(0.05), **given}
    every = layers or (cr.Dense(4, "tanh"), cr.Dense())
    return cr.train(cr.Network(*every), X, Y, **given)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 12),
    loss=st.sampled_from(["mean_squared_error", "cross_entropy", "huber"]),
    weighed=st.booleans(),
)
def test_terms_sum_to_the_gradient_of_the_batch(
    seed: int, rows: int, loss: str, weighed: bool
) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 3))
    y: Any = random.normal(size=(rows, 2))
    if loss == "cross_entropy":
        y = random.integers(0, 2, rows)
    weights = random.uniform(0.1, 2.0, rows) if weighed else None
    one, other = network(seed), network(seed)
    for target, name, place in ((W, "dense_1.W", (1, 2)), ("dense_2.b.1", "dense_2.b", (1,))):
        found = who_pulled(one, target, x=x, y=y, loss=loss, sample_weight=weights)
        due = cr.gradient(other, x, y, loss, sample_weight=weights)[name][place]
        size = sum(abs(pull.gradient) for pull in found.pulls)
        assert found.total == pytest.approx(due, abs=1e-13 * (1 + size))
        assert found.gradient == pytest.approx(due, abs=1e-13 * (1 + size))
        alone = cr.per_example_gradients(other, x, y, loss, sample_weight=weights)[name]
        by_row = {pull.row: pull.gradient for pull in found.pulls}
        for row in range(rows):
            assert by_row[row] == pytest.approx(alone[(row, *place)] / rows, abs=1e-13)


def test_a_pull_is_the_gradient_of_its_row_alone_by_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    numbers = np.random.default_rng(4).normal(size=(30, 2))
    found = who_pulled(network(), W, x=X, y=numbers, loss="mean_squared_error")
    y = torch.tensor(numbers)
    w, b = (torch.tensor(network().parameters[f"dense_1.{one}"]) for one in "Wb")
    v, c = (torch.tensor(network().parameters[f"dense_2.{one}"]) for one in "Wb")
    w = w.double().requires_grad_()
    for pull in found.pulls[:5]:
        x = torch.tensor(X[pull.row])
        out = torch.tanh(x @ w + b.double()) @ v.double() + c.double()
        loss = ((out - y[pull.row]) ** 2).mean() / 30
        (slope,) = torch.autograd.grad(loss, w)
        assert pull.gradient == pytest.approx(float(slope[1, 2]), rel=1e-9)


def test_the_batch_of_a_step_is_named_by_rows_of_the_data() -> None:
    run = trained(validation=0.3, batch_size=5, epochs=6, dtype="float64")
    replay = Replay(run)
    found = who_pulled(run, W, step=13)
    before = replay.before(13)
    held = run.network.with_parameters(replay.loop.named(before.parameters))
    rows = [pull.row for pull in found.pulls]
    assert len(rows) == 5
    assert set(rows).isdisjoint(run.setup.provenance.validation)
    due = cr.gradient(held, X[rows], Y[rows][:, None], "mean_squared_error")["dense_1.W"][1, 2]
    assert found.total == pytest.approx(due, rel=1e-9)
    for pull in found.pulls:
        alone = cr.gradient(held, X[[pull.row]], Y[[pull.row]][:, None], "mean_squared_error")[
            "dense_1.W"
        ][1, 2]
        assert pull.gradient == pytest.approx(alone / 5, rel=1e-9)
        assert pull.name == f"row {pull.row}"
    assert found.where == "the 5 rows of step 13 (epoch 3)"


def test_the_masks_are_those_of_the_step() -> None:
    run = trained(cr.Dense(8, "tanh"), cr.Dropout(0.5), cr.Dense(), batch_size=6, dtype="float64")
    found = who_pulled(run, W, step=4)
    assert found.gradient == pytest.approx(found.total, rel=1e-9)
    replay = Replay(run)
    held = run.network.with_parameters(replay.loop.named(replay.before(4).parameters))
    rows = replay.rows_of(4)
    due = cr.gradient(
        held, X[rows], Y[rows][:, None], "mean_squared_error", training=True, seed=2, step=4
    )
    assert found.gradient == pytest.approx(due["dense_1.W"][1, 2], rel=1e-9)
    assert sum(abs(pull.gradient) < 1e-15 for pull in found.pulls) > 0


def test_without_a_step_all_rows_pull_at_the_kept_parameters() -> None:
    run = trained(l2=0.3, l1=0.1)
    found = who_pulled(run, W)
    due = cr.gradient(run.network, X.astype(np.float32), Y[:, None].astype(np.float32),
                      "mean_squared_error")["dense_1.W"][1, 2]  # fmt: skip
    assert len(found.pulls) == 30
    assert found.gradient == pytest.approx(due, rel=1e-6)
    weight = float(run.network.parameters["dense_1.W"][1, 2])
    assert found.penalty == pytest.approx(0.3 * weight + 0.1 * np.sign(weight))
    assert "Penalties add" in str(found)


def test_rows_of_a_table_have_the_numbers_of_its_file(tmp_path: Path) -> None:
    run = cr.train_table(
        HEART, "disease", epochs=2, ignore_rows="1-5", output=tmp_path / "run", progress=False
    )
    found = who_pulled(run, "dense_1.W[0,0]", step=0)
    assert found.meaning == "from age to unit 0 of dense_1"
    # The weight from a column that is scaled: rows of the same age have the same input.
    assert min(pull.row for pull in found.pulls) == 6
    assert found.pulls[0].name == f"data row {found.pulls[0].row}"
    again = cr.load(tmp_path / "run")
    assert again.rows is None
    assert who_pulled(again, "dense_1.W[0,0]", step=0).to_dict() == found.to_dict()
    assert receipt(again, "dense_1.W[0,0]", 5).exact


def test_the_number_of_a_row_is_that_of_its_line() -> None:
    table = {
        "a": [float(one) for one in range(60)],
        "y": [one * 37 % 60 + 0.5 for one in range(60)],
    }
    run = cr.train_table(table, "y", epochs=1, ignore_rows="1-9", progress=False)
    found = who_pulled(run, "dense_1.W[0,0]")
    assert sorted(pull.row for pull in found.pulls) == list(range(10, 61))
    rows = {pull.row: pull.gradient * 51 for pull in found.pulls}
    network, preparation = run.network, run._preparation()
    inputs = preparation.inputs(as_table(table))
    targets = preparation.targets(as_table(table))
    for row in (10, 31, 60):
        alone = cr.gradient(
            network,
            inputs[[row - 1]].astype(np.float32),
            targets[[row - 1]].astype(np.float32),
            "mean_squared_error",
        )["dense_1.W"][0, 0]
        assert rows[row] == pytest.approx(alone, rel=1e-5)


def test_who_pushes_where_and_who_fights() -> None:
    x = np.array([[1.0], [1.0], [1.0], [1.0]])
    y = np.array([[3.0], [2.0], [-2.0], [0.0]])
    line = cr.Network(cr.Input(1), cr.Dense(1)).with_parameters(
        {"dense_1.W": np.zeros((1, 1)), "dense_1.b": np.zeros(1)}
    )
    found = who_pulled(line, "dense_1.W", x=x, y=y, loss="half_squared_error")
    # The gradient of row r is (0 - y) x / 4.
    assert [(pull.row, pull.gradient, pull.way) for pull in found.pulls] == [
        (0, -0.75, "up"), (1, -0.5, "up"), (2, 0.5, "down"), (3, 0.0, "nowhere"),
    ]  # fmt: skip
    assert found.gradient == -0.75
    assert found.cancelled == pytest.approx(1 - 0.75 / 1.75)
    (fight,) = found.fights
    assert (fight.up.row, fight.down.row, fight.cancels) == (0, 2, 0.5)
    assert fight.alike == pytest.approx(-1.0)
    assert "about most weights" in fight.sentence()
    assert found.sentence() == (
        "Over 4 rows the gradient at dense_1.W[0,0] is -0.75, which pushes it up: 2 rows up by "
        "1.25 and 1 row down by 0.5, so that 57% cancels. Up most: row 0 (0.75), row 1 (0.5). "
        "Down most: row 2 (0.5)."
    )
    document = found.to_dict(most=1)
    assert document["up"]["rest"] == {"count": 1, "sum": -0.5}
    assert document["up"]["sum"] + document["down"]["sum"] == document["gradient"]
    assert document["unmoved"] == 1


@pytest.mark.parametrize(
    ("layers", "x", "target"),
    [
        ((cr.Input((1, 6, 6)), cr.Conv(2, 3, activation="tanh"), cr.MaxPool(2), cr.Flatten()),
         RNG.normal(size=(7, 1, 6, 6)), "conv_1.W[1,0,2,0]"),
        ((cr.Input(5), cr.Embedding(9, 4), cr.Flatten()),
         RNG.integers(0, 9, (7, 5)), "embedding_1.table[3,1]"),
        ((cr.Input((5, 3)), cr.LSTM(4)), RNG.normal(size=(7, 5, 3)), "lstm_1.W[1,2]"),
        ((cr.Input(4), cr.Dense(3), cr.LayerNorm(), cr.Activation("relu")),
         RNG.normal(size=(7, 4)), "layer_norm_1.gain[1]"),
    ],
)  # fmt: skip
def test_terms_of_other_layers(layers: Any, x: Any, target: str) -> None:
    one = cr.Network(*layers, cr.Dense(2), seed=1)
    y = RNG.normal(size=(7, 2))
    found = who_pulled(one, target, x=x, y=y, loss="mean_squared_error")
    name, place = target.rstrip("]").split("[")
    due = cr.gradient(one, x, y, "mean_squared_error")[name][tuple(map(int, place.split(",")))]
    assert found.total == pytest.approx(due, rel=1e-9, abs=1e-15)
    assert any(pull.gradient for pull in found.pulls)


def test_rows_that_are_mixed_have_no_pulls() -> None:
    run = trained(cr.Dense(4), cr.BatchNorm(), cr.Activation("tanh"), cr.Dense())
    with pytest.raises(cr.SetupError, match="batch_norm_1 mixes the rows of a batch in training"):
        who_pulled(run, W, step=1)
    assert len(who_pulled(run, W).pulls) == 30


def test_many_rows_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = who_pulled(network(), W, x=X, y=X[:, :2], loss="mean_squared_error")
    monkeypatch.setattr("chainrule.explanation.row_pulls.NUMBERS_AT_ONCE", 12 * 7)
    parts = who_pulled(network(), W, x=X, y=X[:, :2], loss="mean_squared_error")
    assert [one.row for one in parts.pulls] == [one.row for one in whole.pulls]
    np.testing.assert_allclose(
        [one.gradient for one in parts.pulls], [one.gradient for one in whole.pulls], rtol=1e-12
    )


def test_what_is_not_there(tmp_path: Path) -> None:
    run = trained()
    with pytest.raises(cr.SetupError, match="The run has 3 steps"):
        who_pulled(run, W, step=3)
    with pytest.raises(cr.SetupError, match=r"Name one of them: dense_1.W\[0,0\]"):
        who_pulled(run, "dense_1.W")
    run.save(tmp_path / "run")
    with pytest.raises(cr.DataError, match="rows are not saved"):
        who_pulled(cr.load(tmp_path / "run"), W)
