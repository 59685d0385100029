"""What articles say, measured: the rows, the choices and the tables are what they claim to be."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import articles
import articles_algorithms as algorithms
import articles_memory
import articles_noise
import articles_problems as problems
import articles_speed
import articles_starts

import chainrule as cr
from chainrule.errors import SetupError
from chainrule.optimizers import BUILT_IN
from chainrule.training import side_by_side
from chainrule.training.side_by_side import at_a_time

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("noise", "speed", "memory", "starts")
SMALL = problems.SIZES[0]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run all parts in a small way; return the folder of results."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, ROOT / "benchmarks" / "run.py", "articles", "--trial"]
    ended = subprocess.run(
        [*command, "--results", folder], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_part_writes_a_page_a_table_and_a_picture(trial: Path) -> None:
    for name in PARTS:
        page = (trial / f"articles_{name}.md").read_text()
        assert "This is a trial" in page
        assert f"](articles_{name}.png)" in page
        assert (trial / f"articles_{name}.png").read_bytes().startswith(b"\x89PNG")
        assert rows_of(trial / f"articles_{name}.csv")


def test_every_optimizer_is_raced_on_two_networks(trial: Path) -> None:
    rows = rows_of(trial / "articles_speed.csv")
    for problem in ("small", "medium"):
        assert {row["optimizer"] for row in rows if row["problem"] == problem} == BUILT_IN
    for row in rows:
        assert float(row["lowest_loss"]) > 0.0
        assert bool(row["close_ms"]) == bool(row["close_epochs"])


def test_a_trial_never_passes_for_a_result() -> None:
    assert algorithms.Extent(share=0.5).is_trial
    assert algorithms.Extent(values=2).is_trial
    assert not algorithms.Extent().is_trial


# ---- rows ----


@pytest.mark.parametrize("table", list(problems.TABLES))
def test_tested_rows_are_not_learned_from(table: str) -> None:
    halves = problems.TABLES[table](3)
    learned = {row.tobytes() for row in halves.X}
    # No two rows of these tables are alike.
    assert not learned & {row.tobytes() for row in halves.X_test}
    assert {*halves.y} == {*halves.y_test} == {0, 1}
    if table == "heart disease":
        assert len(halves.y) + len(halves.y_test) == 303


def test_scales_of_heart_disease_come_from_the_rows_that_are_learned_from() -> None:
    halves = problems.heart_disease(1)
    assert abs(halves.X[:, 0].mean()) < 1e-9 < abs(halves.X_test[:, 0].mean())


@pytest.mark.parametrize("noise", articles_noise.NOISES, ids=lambda one: one.name)
def test_noise_is_as_much_as_it_says_and_only_where_it_says(noise: articles_noise.Noise) -> None:
    halves = problems.curved(2)
    before = halves.X_test.copy(), halves.y_test.copy()
    X, y = noise.of(halves, 2)
    assert (y != halves.y).mean() == pytest.approx(noise.labels, abs=0.5 / len(y))
    assert np.std(X - halves.X) == pytest.approx(noise.inputs, rel=0.05)
    np.testing.assert_array_equal(halves.X_test, before[0])
    np.testing.assert_array_equal(halves.y_test, before[1])


def test_scores_are_those_of_probabilities() -> None:
    halves = problems.curved(0)
    run = cr.train(articles_noise.network(), halves.X, halves.y, epochs=3, progress=False)
    loss, share = articles_noise.scores(run, halves)
    said = run.predict_proba(halves.X_test)[np.arange(2000), halves.y_test]
    assert loss == pytest.approx(-np.log(said).mean(), rel=1e-4)
    assert share == (run.predict(halves.X_test) == halves.y_test).mean()


# ---- algorithms ----


def test_rprop_on_batches_is_irprop_minus_without_its_refusal() -> None:
    rows = problems.eight_inputs()
    arguments: dict[str, Any] = {"epochs": 20, "seed": 1, "progress": False}
    own = algorithms.RpropOnBatches(first_step=0.01)
    theirs = cr.IRpropMinus(first_step=0.01)
    found = [
        cr.train(SMALL.network(), *rows, optimizer=one, batch_size=None, **arguments)
        for one in (own, theirs)
    ]
    assert found[0].history["loss"] == found[1].history["loss"]
    with pytest.raises(SetupError, match="of all rows"):
        cr.train(SMALL.network(), *rows, optimizer=theirs, batch_size=32, **arguments)
    cr.train(SMALL.network(), *rows, optimizer=own, batch_size=32, **arguments)


def test_the_value_with_the_fewest_epochs_is_chosen() -> None:
    amsgrad = algorithms.named(("amsgrad",))
    found = articles_speed.chosen(SMALL, amsgrad, algorithms.Extent(starts=1))["amsgrad"]
    seed = articles_speed.FIRST_TUNING
    epochs = {
        value: SMALL.compare({"one": amsgrad[0].settings(value, SMALL.most["steps"])}, [seed])
        .summaries[0]
        .epochs
        for value in amsgrad[0].tries
    }
    assert found.value == min(epochs, key=lambda value: epochs[value])
    assert math.isfinite(epochs[found.value])


def test_a_value_at_the_end_of_those_tried_is_marked() -> None:
    adam = algorithms.named(("adam",))[0]
    assert algorithms.Choice(adam, adam.tries[0]).words == "rate 0.0001*"
    assert algorithms.Choice(adam, adam.tries[-1]).words == "rate 3*"
    assert algorithms.Choice(adam, adam.tries[4]).words == "rate 0.01"
    assert algorithms.Choice(adam).words == ""


def test_pages_say_how_many_values_were_tried(trial: Path) -> None:
    assert algorithms.how_many(algorithms.named(("momentum", "adadelta", "nadam"))) == "six to ten"
    assert algorithms.how_many(algorithms.named(("momentum", "adam", "lbfgs"))) == "ten"
    for one in (*algorithms.ANY_ROWS, *algorithms.STEPS_ON_ALL):
        assert list(one.tries) == sorted(set(one.tries))
        assert len(one.tries) in algorithms.NUMBERS
    for name, said in (("speed", "Six to ten values"), ("noise", "one of ten values"),
                       ("starts", "Ten values")):  # fmt: skip
        assert said in (trial / f"articles_{name}.md").read_text()


def test_so_many_trainings_run_at_a_time(
    trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "trainings at a time: 1;" in (trial / "articles_speed.md").read_text()
    seen: list[int] = []
    monkeypatch.setattr(side_by_side, "MOST_AT_A_TIME", 2)
    monkeypatch.setenv("CHAINRULE_THREADS", "8")
    monkeypatch.setitem(articles.PARTS, "speed", lambda path, extent: seen.append(at_a_time()))
    for given, due in (([], 2), (["--together", "5"], 5), (["--together", "20"], 8)):
        articles.main(["--parts", "speed", "--results", str(tmp_path), *given])
        assert seen.pop() == due
        monkeypatch.setattr(side_by_side, "MOST_AT_A_TIME", 2)
    with pytest.raises(SystemExit):
        articles.arguments(["--together", "0"])


def raced(label: str, times: Sequence[float], loss: float = 1.0) -> list[articles_speed.Raced]:
    return [
        articles_speed.Raced("small", label, label, "all rows", "", start, 0.1, 1.0, 2.0, 0.01,
                             one, one, loss, "")
        for start, one in enumerate(times)
    ]  # fmt: skip


def test_a_start_that_never_gets_there_counts_as_infinitely_long() -> None:
    never = math.inf
    rows = [*raced("some", [5.0, never, 3.0]), *raced("half", [1.0, never]),
            *raced("none", [never, never], loss=0.5)]  # fmt: skip
    labels = ("none", "half", "some")
    choices = {one: algorithms.Choice(algorithms.Algorithm("adam")) for one in labels}
    field = articles_speed.Field(SMALL, choices, rows)
    assert field.middle("some", "close_ms") == 5.0
    assert field.middle("half", "close_ms") == never
    assert [field.reached(one, "close_ms") for one in labels] == [0, 1, 2]
    assert field.ordered == ["some", "none", "half"]


# ---- memory and starts ----


def test_the_relu_layer_begins_by_handing_its_state_on() -> None:
    task = articles_memory.task_of(100)
    network = articles_memory.first_network(task, articles_memory.IDENTITY, 3)
    np.testing.assert_array_equal(network.parameters["recurrent_1.U"], np.eye(20))
    rows = task.rows(50, 100, 0)
    tanh = articles_memory.first_network(task, "simple, tanh", 3)
    # What arrives at a unit that is on arrives at every entry as much.
    assert articles_memory.share(task, network, rows) > 0.1
    assert articles_memory.share(task, tanh, rows) < 1e-3


def test_first_weights_that_are_all_zeros_stay_alike(trial: Path) -> None:
    rows = rows_of(trial / "articles_starts.csv")
    for label in articles_starts.WITH_STARTS:
        (zeros,) = [
            row for row in rows if row["problem"] == "XOR" and row["setting"] == f"{label}, zeros"
        ]
        # No hidden unit learns, and half the rows are of each class.
        assert float(zeros["loss"]) == pytest.approx(math.log(2.0), rel=1e-3)
