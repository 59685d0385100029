"""Why a prediction: shares of columns, against sums over a fine line by JAX and by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import chainrule as cr
from chainrule.data.preparation import Preparation
from chainrule.data.table import read_table
from chainrule.errors import DataError, SetupError
from chainrule.explanation.prediction import Attribution, why_prediction
from chainrule.explanation.straight_line import shares_along
from chainrule.training.run import Run

Vector = NDArray[np.float64]
ROWS = 120


def table(task: str = "two") -> dict[str, list[Any]]:
    random = np.random.default_rng(3)
    age = random.normal(50, 12, ROWS).round(1)
    pain = random.choice(["none", "dull", "sharp"], ROWS, p=[0.2, 0.3, 0.5])
    day = [f"2021-03-{1 + one % 28:02d}" for one in range(ROWS)]
    score = 0.06 * (age - 50) + 1.5 * (pain == "sharp") + random.normal(0, 0.3, ROWS)
    target: list[Any] = {
        "two": np.where(score > 0.5, "yes", "no"),
        "three": np.digitize(score, [0.0, 1.0]).astype(str) + np.array(["th"] * ROWS, dtype=object),
        "number": (100 + 20 * score).round(2),
    }[task].tolist()
    ages: list[Any] = age.tolist()
    for place in range(0, ROWS, 9):
        ages[place] = None
    return {"age": ages, "pain": pain.tolist(), "day": day, "result": target}


def trained(task: str = "two", activation: str = "tanh", **more: Any) -> Run:
    return cr.train_table(
        table(task), "result", hidden=(7,), activation=activation, epochs=30, progress=False, **more
    )


@pytest.fixture(scope="module")
def tanh_run() -> Run:
    return trained()


@pytest.fixture(scope="module")
def relu_run() -> Run:
    return trained("number", "relu")


def prepared(run: Run) -> Preparation:
    return Preparation.from_dict(run.notes["preparation"])


def inputs_of(run: Run, row: int) -> Vector:
    from chainrule.training.tables.given_tables import as_table

    return prepared(run).inputs(as_table(table("number")))[row]


def usual_inputs(run: Run) -> Vector:
    """Return the reference, worked out from the columns by their names."""
    most = Counter(table()["pain"]).most_common(1)[0][0]
    return np.array([1.0 if one == f"pain = {most}" else 0.0 for one in prepared(run).input_names])


def by_jax(run: Run, unit: Vector, begin: Vector, end: Vector, nodes: int = 20_000) -> Vector:
    """Return integrated gradients by the midpoint rule on a fine line, in float64."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    p = {name: np.asarray(one, dtype=np.float64) for name, one in run.network.parameters.items()}
    f = jax.nn.relu if "relu" in str(run.network) else jax.numpy.tanh

    def out(x: Any) -> Any:
        hidden = f(x @ p["dense_1.W"] + p["dense_1.b"])
        return ((hidden @ p["dense_2.W"] + p["dense_2.b"]) @ unit).sum()

    at = (np.arange(nodes) + 0.5)[:, None] / nodes
    slopes = jax.grad(out)(begin + at * (end - begin))
    return np.asarray(slopes).mean(axis=0) * (end - begin)


def by_column(run: Run, shares: Vector) -> dict[str, float]:
    """Return the shares of inputs summed up by the column that stands in front of their names."""
    names = ("age", "pain", "day")
    found = dict.fromkeys(names, 0.0)
    for name, share in zip(prepared(run).input_names, shares.tolist(), strict=True):
        found[next(one for one in names if name.startswith(one))] += share
    return found


def shares_of(why: Attribution) -> dict[str, float]:
    return {one.column: one.share for one in why.columns}


@pytest.mark.parametrize("row", [0, 1, 9, 50])
def test_two_classes_share_out_the_logit_of_the_one_that_is_predicted(
    tanh_run: Run, row: int
) -> None:
    why = why_prediction(tanh_run, row + 1, data=table())
    label = tanh_run.predict({name: [one[row]] for name, one in table().items()})[0]
    unit = np.array([1.0, -1.0]) if label == "no" else np.array([-1.0, 1.0])
    end, begin = inputs_of(tanh_run, row), usual_inputs(tanh_run)
    due = by_column(tanh_run, by_jax(tanh_run, unit, begin, end))
    assert shares_of(why) == pytest.approx(due, abs=2e-7)
    logits = tanh_run.network(np.stack([end, begin])) @ unit
    assert (why.value, why.reference_value) == pytest.approx(logits.tolist(), abs=1e-6)
    assert abs(why.residual) < 1e-11
    assert why.prediction == f"result = {label}"
    other = "yes" if label == "no" else "no"
    assert why.quantity == f"the logit of result = {label} against {other}"
    assert [abs(one.share) for one in why.columns] == sorted(
        (abs(one.share) for one in why.columns), reverse=True
    )


@pytest.mark.parametrize("row", range(0, 60, 7))
def test_a_number_is_shared_out_in_its_unit_past_every_kink(relu_run: Run, row: int) -> None:
    why = why_prediction(relu_run, row + 1, data=table("number"))
    scale = prepared(relu_run).target.scale
    end, begin = inputs_of(relu_run, row), usual_inputs(relu_run)
    due = by_column(relu_run, by_jax(relu_run, np.array([scale]), begin, end))
    assert shares_of(why) == pytest.approx(due, abs=1e-2)
    assert abs(why.residual) < 1e-8, "a kink was passed over"
    assert why.error < 1e-8
    predicted = relu_run.predict({name: [one[row]] for name, one in table("number").items()})[0]
    assert why.value == pytest.approx(predicted, rel=1e-5)
    assert "They do not explain" not in why.sentence()


def test_a_network_of_one_layer_is_shared_out_exactly() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 3))
    network = cr.Network(cr.Dense(1))
    run = cr.train(network, X, X @ [1.0, -2.0, 0.5], epochs=20, dtype="float64", progress=False)
    why = why_prediction(run, 5)
    slopes = run.network.parameters["dense_1.W"][:, 0]
    due = slopes * (X[5] - X.mean(axis=0))
    found = shares_of(why)
    assert [found[f"x[{place}]"] for place in range(3)] == pytest.approx(due, abs=1e-12)
    assert why.reference == "the means of the training rows"
    assert abs(why.residual) < 1e-13


def test_one_hot_inputs_and_marks_belong_to_their_column(tanh_run: Run) -> None:
    why = why_prediction(tanh_run, 1, data=table())
    columns = {one.column: one for one in why.columns}
    assert set(columns) == {"age", "pain", "day"}
    assert [name for name, _ in columns["age"].inputs] == ["age", "age is missing"]
    assert [name for name, _ in columns["pain"].inputs] == [
        "pain = dull", "pain = none", "pain = sharp",
    ]  # fmt: skip
    for one in why.columns:
        assert one.share == pytest.approx(sum(share for _, share in one.inputs))
    assert columns["age"].value == "missing"
    assert dict(columns["age"].inputs)["age is missing"] != 0
    assert columns["pain"].reference == "sharp"
    known = [one for one in table()["age"] if one is not None]
    assert float(columns["age"].reference) == pytest.approx(np.mean(known), rel=1e-5)
    assert columns["day"].value == "2021-03-01"
    assert columns["day"].reference.startswith("2021-03-1")


def test_a_row_may_be_given_by_its_columns(tanh_run: Run) -> None:
    row = {name: one[4] for name, one in table().items()}
    by_number = why_prediction(tanh_run, 5, data=table())
    by_value = why_prediction(tanh_run, row, data=table())
    assert shares_of(by_value) == shares_of(by_number)
    assert by_value.row == "the row"
    assert by_number.row == "data row 5 of the table"
    row.pop("result")
    assert shares_of(why_prediction(tanh_run, row, data=table())) == shares_of(by_number)


def test_another_reference_may_be_given(tanh_run: Run) -> None:
    why = why_prediction(tanh_run, 5, 8, data=table())
    back = why_prediction(tanh_run, 8, 5, data=table(), output=why.prediction[9:])
    for name, share in shares_of(why).items():
        assert shares_of(back)[name] == pytest.approx(-share, abs=1e-12)
    assert why.reference == "data row 8 of the table"
    same = why_prediction(tanh_run, 5, 5, data=table())
    assert set(shares_of(same).values()) == {0.0}
    assert same.difference == 0.0


def test_the_asked_class_and_the_one_it_is_set_against() -> None:
    run = trained("three")
    labels = list(run.classes)
    plain = why_prediction(run, 4, data=table("three"), output=labels[2])
    end, begin = inputs_of(run, 3), usual_inputs(run)
    due = by_column(run, by_jax(run, np.array([0.0, 0.0, 1.0]), begin, end))
    assert shares_of(plain) == pytest.approx(due, abs=2e-7)
    assert plain.quantity == f"the logit of result = {labels[2]}"
    between = why_prediction(run, 4, data=table("three"), output=labels[2], against=labels[0])
    first = why_prediction(run, 4, data=table("three"), output=labels[0])
    for name, share in shares_of(between).items():
        assert share == pytest.approx(shares_of(plain)[name] - shares_of(first)[name], abs=1e-11)
    assert len(plain.outputs) == 3
    assert plain.outputs[2] == plain.value
    predicted = why_prediction(run, 4, data=table("three"))
    assert predicted.value == max(predicted.outputs)


def small(loss: str, y: Vector, *layers: Any, X: Any = None, **more: Any) -> Run:
    random = np.random.default_rng(1)
    X = random.normal(size=(30, 4)) if X is None else X
    network = cr.Network(*layers)
    return cr.train(network, X, y, loss=loss, epochs=3, progress=False, **more)


def test_one_output_for_two_classes_is_its_logit_or_the_opposite() -> None:
    labels = np.arange(30) % 2
    run = small("binary_cross_entropy", labels, cr.Dense(5, "tanh"), cr.Dense(1))
    for_one = why_prediction(run, 2, output=1)
    for_other = why_prediction(run, 2, output=0)
    assert for_one.value == for_one.outputs[0] == -for_other.value
    assert for_one.total == pytest.approx(-for_other.total)
    assert abs(for_one.residual) < 1e-12


IMAGES = np.random.default_rng(2).normal(size=(30, 1, 6, 6))
SERIES = np.random.default_rng(2).normal(size=(30, 5, 3))


@pytest.mark.parametrize(
    ("layers", "X"),
    [
        ([cr.Conv(3, 3), cr.Activation("relu"), cr.MaxPool(2), cr.Flatten(), cr.Dense(2)], IMAGES),
        ([cr.LSTM(4), cr.Dense(2)], SERIES),
        ([cr.Dense(6), cr.BatchNorm(), cr.Activation("relu"), cr.Dropout(0.5), cr.Dense(2)], None),
        ([cr.Dense(6, "gelu"), cr.LayerNorm(), cr.Dense(2)], None),
    ],
    ids=["images", "sequences", "batch norm and dropout", "layer norm"],
)
def test_shares_add_up_whatever_the_layers(layers: list[Any], X: Any) -> None:
    run = small("cross_entropy", np.arange(30) % 2, *layers, X=X)
    for row in (0, 11):
        why = why_prediction(run, row)
        assert abs(why.residual) < 1e-9 * sum(abs(one.share) for one in why.columns)
        assert abs(why.difference) > 1e-4
        logits = run.network(np.asarray(run.rows[0].inputs[0][[row]], dtype=np.float64))
        assert np.allclose(why.outputs, logits, atol=1e-5)
    shape = run.network.plan.inputs["x"]
    assert len(why.columns) == np.prod(shape)
    last = ",".join(str(one - 1) for one in shape)
    assert f"x[{last}]" in shares_of(why)


def test_a_jump_is_said_to_be_unexplained() -> None:
    layers = cr.Dense(5), cr.Activation("step"), cr.Dense(1)
    run = small("mean_squared_error", np.arange(30.0), *layers, freeze=["dense_1.*"])
    why = why_prediction(run, 2, np.array([3.0, -3.0, 3.0, -3.0]))
    assert set(shares_of(why).values()) == {0.0}
    assert why.residual == why.difference != 0.0
    assert f"They do not explain all of it, {why.residual:.2g} is left:" in why.sentence()


def test_a_fitted_network_speaks_of_the_users_columns_and_unit() -> None:
    random = np.random.default_rng(5)
    X = np.column_stack([random.normal(100, 30, 60), np.ones(60), random.normal(0, 0.01, 60)])
    y = 5000 + 3 * X[:, 0] + 1000 * X[:, 2]
    run = cr.fit_network(X, y, epochs=10, progress=False).run
    why = why_prediction(run, X[3])
    assert sorted(shares_of(why)) == ["x[0]", "x[2]"]
    assert why.value == pytest.approx(np.ravel(run.predict(X[3:4]))[0], rel=1e-6)
    values = {one.column: one.value for one in why.columns}
    assert float(values["x[0]"]) == pytest.approx(X[3, 0], rel=1e-5)
    assert abs(why.residual) < 1e-8 * abs(why.difference)


def test_counts_are_explained_in_front_of_the_exponential() -> None:
    run = small("poisson", np.arange(30.0) % 5, cr.Dense(3, "tanh"), cr.Dense(1))
    why = why_prediction(run, 2)
    assert why.quantity == "the output in front of exp"
    assert why.value == why.outputs[0]


def test_it_is_plain_data(tanh_run: Run) -> None:
    why = why_prediction(tanh_run, 5, data=table())
    plain = json.loads(json.dumps(why.to_dict()))
    assert plain["total"] + plain["residual"] == pytest.approx(plain["difference"])
    assert sum(one["share"] for one in plain["columns"]) == pytest.approx(plain["total"])
    assert plain["columns"][0]["inputs"].keys() == dict(why.columns[0].inputs).keys()
    assert plain["sentence"] == str(why) == why.sentence()
    said = why.sentence()
    assert (
        f"{why.columns[0].column} = {why.columns[0].value} adds {why.columns[0].share:+.4g}" in said
    )
    assert said.endswith(f"add up to {why.total:.6g}, the difference is {why.difference:.6g}.")
    assert "residual" not in said


# ---------------------------------------------------------------- where rows come from


def test_a_saved_run_finds_its_table_again(tmp_path: Path) -> None:
    lines = [",".join(table())]
    lines += [",".join("" if one is None else str(one) for one in row)
              for row in zip(*table().values(), strict=True)]  # fmt: skip
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    fresh = cr.train_table(path, "result", hidden=(4,), epochs=5, progress=False)
    fresh.save(tmp_path / "run")
    loaded = cr.load(tmp_path / "run")
    assert shares_of(why_prediction(loaded, 9)) == shares_of(why_prediction(fresh, 9))
    assert why_prediction(loaded, 9).row == "data row 9 of table.csv"
    columns = read_table(path).columns
    row = {name: one[8] for name, one in columns.items()}
    path.unlink()
    with pytest.raises(DataError):
        why_prediction(loaded, row)
    other = {name: one[9] for name, one in columns.items()}
    assert shares_of(why_prediction(loaded, row, other)) == pytest.approx(
        shares_of(why_prediction(fresh, row, other))
    )


def test_rows_that_are_not_kept_are_asked_for(tmp_path: Path) -> None:
    run = small("cross_entropy", np.arange(30) % 2, cr.Dense(2))
    run.save(tmp_path / "run")
    loaded = cr.load(tmp_path / "run")
    x = np.ones(4)
    with pytest.raises(DataError, match="rows are not saved with a run"):
        why_prediction(loaded, x)
    with pytest.raises(DataError, match="rows are not saved with a run"):
        why_prediction(loaded, 3, np.zeros(4))
    assert why_prediction(loaded, x, np.zeros(4)).reference == "the row"


@pytest.mark.parametrize(
    ("arguments", "error", "cause"),
    [
        ({"row": 5000}, DataError, "There is no row 5000"),
        ({"row": -1}, DataError, "There is no row -1"),
        ({"row": 3, "reference": -1}, DataError, "There is no row -1"),
        ({"row": 3, "output": "yse"}, SetupError, "There is no class 'yse'"),
        ({"row": 3, "output": "yes", "against": "yes"}, SetupError, "set against itself"),
        ({"row": {"age": 3.0}}, DataError, "has no column 'pain'"),
        ({"row": table()}, DataError, "120 rows are given"),
    ],
)
def test_what_cannot_be_is_told(
    tanh_run: Run, arguments: dict[str, Any], error: type[Exception], cause: str
) -> None:
    with pytest.raises(error, match=cause) as found:
        why_prediction(tanh_run, **arguments, data=table())
    assert str(found.value).endswith((".", "?"))


def test_numbers_have_no_classes_and_outputs_are_counted(relu_run: Run) -> None:
    with pytest.raises(SetupError, match="no classes"):
        why_prediction(relu_run, 3, data=table("number"), against="x")
    with pytest.raises(SetupError, match="There is no output 1"):
        why_prediction(relu_run, 3, data=table("number"), output=1)
    two = small("mean_squared_error", np.arange(60.0).reshape(30, 2), cr.Dense(2))
    with pytest.raises(SetupError, match="The network predicts 2 numbers"):
        why_prediction(two, 3)
    assert why_prediction(two, 3, output=1).quantity == "the predicted the target[1]"


def test_between_tokens_there_is_no_line() -> None:
    words = np.arange(30 * 3).reshape(30, 3) % 7
    run = small("cross_entropy", np.arange(30) % 2, cr.Embedding(7, 4), cr.Flatten(), cr.Dense(2),
                X=words)  # fmt: skip
    with pytest.raises(SetupError, match="no straight line"):
        why_prediction(run, 0)


def test_arrays_of_another_shape_are_refused() -> None:
    run = small("cross_entropy", np.arange(30) % 2, cr.Dense(2))
    with pytest.raises(DataError, match=r"The row has the shape \(3,\)"):
        why_prediction(run, np.ones(3))
    with pytest.raises(DataError, match="2 rows are given"):
        why_prediction(run, np.ones((2, 4)))


# ---------------------------------------------------------------- the line


def test_kinks_anywhere_on_the_line_are_closed_in_on() -> None:
    for kink in (1e-3, 0.004, 0.013, 0.25, 0.4999, 0.77, 0.993, 0.9997):

        def look(points: Vector, kink: float = kink) -> tuple[Vector, Vector]:
            beyond = points[:, 0] > kink
            values = np.where(beyond, points[:, 0] - kink, 0.0) + points[:, 1] ** 2
            return values, np.stack([beyond * 1.0, 2 * points[:, 1]], axis=1)

        found = shares_along(look, np.zeros(2), np.ones(2))
        assert found.shares == pytest.approx([1 - kink, 1.0], abs=1e-11)
        assert found.error < 1e-10
        assert found.points < 2000


def test_what_is_smooth_needs_few_points() -> None:
    def look(points: Vector) -> tuple[Vector, Vector]:
        return np.sin(points[:, 0]), np.cos(points)

    found = shares_along(look, np.zeros(1), np.full(1, 2.0))
    assert found.shares == pytest.approx([np.sin(2.0)], abs=1e-14)
    assert found.points < 100


def test_the_points_are_limited_and_the_error_is_said() -> None:
    def look(points: Vector) -> tuple[Vector, Vector]:
        return np.zeros(len(points)), np.cos(1e7 * points)

    found = shares_along(look, np.zeros(1), np.ones(1))
    assert found.points <= 400_000
    assert found.error > 1e-6


def test_what_is_not_finite_ends() -> None:
    def look(points: Vector) -> tuple[Vector, Vector]:
        return np.full(len(points), np.nan), np.full_like(points, np.nan)

    assert np.isnan(shares_along(look, np.zeros(2), np.ones(2)).shares).all()
