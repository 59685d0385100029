"""What is asked of ``explain``: arguments that change nothing, and inputs in units of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.data.preparation import Preparation

NETWORK = cr.Network(cr.Input(2), cr.Dense(3, "tanh"), cr.Dropout(0.5), cr.Dense(2), seed=0)
ROWS: dict[str, Any] = {"x": [[0.5, 1.0], [1.0, -1.0]], "y": [0, 1]}
HOURS = [1.5 + (one * 7 % 40) / 4 for one in range(40)]
TABLE: dict[str, list[Any]] = {
    "hours (h)": HOURS,
    "course": ["a", "b", "c", "a"] * 10,
    "day": [f"2021-03-{1 + one % 28:02d}" for one in range(40)],
    "grade": [5.0 - 0.1 * one for one in HOURS],
}


@pytest.fixture(scope="module")
def run() -> Any:
    return cr.train_table(TABLE, "grade", epochs=3, progress=False)


@pytest.mark.parametrize(
    ("what", "target", "given", "cause", "remedy"),
    [
        ("network", "dense_1.W[0,0]", {"step": 2}, "step= .* as it predicts", "training=True"),
        ("network", "dense_1.W[0,0]", {"seed": 2}, "seed= .* as it predicts", "training=True"),
        ("network", "dense_1.W[0,0]", {"output": 1}, "output= .* as it predicts", "target out"),
        ("run", "dense_1.W[0,0]", {"reference": 2}, "reference= .* of a run", "target out"),
        ("run", "dense_1.W[0,0]", {"sample": 1, "seed": 2}, "seed= .* of a run", "Leave it out"),
        ("run", "dense_1.W[0,0]", {"step": 1, "sample": 2}, "sample= .* a step", "Leave it out"),
        ("run", None, {"sample": 1, "step": 2}, "step= .* a prediction", "Leave it out"),
        ("run", None, {"sample": 1, "y": [1.0]}, "y= .* a prediction", "Leave it out"),
    ],
)
def test_what_changes_nothing_is_refused(
    run: Any, what: str, target: Any, given: dict[str, Any], cause: str, remedy: str
) -> None:
    subject, rows = (NETWORK, ROWS) if what == "network" else (run, {"data": TABLE})
    with pytest.raises(cr.SetupError, match=cause) as error:
        cr.explain(subject, target, **rows, **given)
    assert remedy in error.value.remedy


def test_what_belongs_is_taken() -> None:
    given: dict[str, Any] = {**ROWS, "training": True, "step": 2, "dtype": "float32", "width": 3}
    seen = {cr.explain(NETWORK, "dense_1.W[0,0]", **given, seed=one).sentence for one in range(6)}
    assert len(seen) > 1


def test_an_input_is_said_to_be_prepared_and_how(run: Any) -> None:
    why = cr.explain(run, "hours (h)", sample=8, data=TABLE)
    mean, deviation = np.mean(HOURS), np.std(HOURS)
    content = (HOURS[7] - mean) / deviation
    assert why.sentence.startswith(f"The input hours (h) ({content:.4g} as prepared): as it rises,")
    assert why.notes[0] == (
        f"hours (h) is prepared as (the value - {mean:.6g}) / {deviation:.6g}: a step of 0.01 here "
        f"is {0.01 * deviation:.4g} in its own unit."
    )
    assert why.notes[0] in why.html()
    assert why.notes[0] in str(why)


def test_every_input_has_its_own_sentence(run: Any) -> None:
    names = Preparation.from_dict(run.notes["preparation"]).input_names
    said = {
        name: cr.explain(run, f"x[{place}]", sample=8, data=TABLE).notes[0]
        for place, name in enumerate(names)
    }
    assert said["course = b"] == "The input is 1 where course = b, else 0."
    assert "(the days since 2021-03-01 - " in said["day"]
    assert said["day"].endswith(" days.")
    weight = cr.explain(run, "dense_1.W[0,0]", sample=8, data=TABLE)
    assert "as prepared" not in weight.sentence
    assert not any("prepared" in one for one in weight.notes)


def test_numbers_between_their_ranges_are_said_to_be(run: Any) -> None:
    X = np.column_stack([np.tile([-6.0, 2.0], 15), np.ones(30), np.tile([64.0, 0.0], 15)])
    fitted = cr.fit_network(X, X[:, 0], epochs=3, progress=False).run
    why = cr.explain(fitted, "x[1]", sample=0)
    assert "(1 as prepared)" in why.sentence or "(-1 as prepared)" in why.sentence
    assert "Column 2 is prepared as (the value - 32) / 32: a step of 0.01" in why.notes[0]
    first = cr.explain(fitted, "x[0]", sample=0)
    assert "(the value + 2) / 4: a step of 0.01 here is 0.04 in its own unit." in first.notes[0]
