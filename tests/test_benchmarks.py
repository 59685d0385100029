"""The benchmarks run and say what they claim to; how long anything takes is not tested here.

Peers that are not installed (torch, optax) are left out, as they are from the benchmarks.
"""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import contestants
import digits
import growth
import layers
import layers_works
import memory_learning
import our_layers_side
import report
import rounds
import works

import chainrule as cr

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ROOT / "benchmarks"
TRAINERS = [name for name in contestants.SIDES if name != contestants.PRODUCTS]
CHECK_BLOCKS = """
import blocks_side
from chainrule.ops import OPS
from chainrule.testing import check_op, check_optimizer
for name in ("squared_relu", "softened_cross_entropy"):
    print(*check_op(OPS[name]), sep="\\n")
print(*check_optimizer(blocks_side.AdaBelief()), sep="\\n")
"""


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run some benchmarks in a small way; return what was printed, and the folder of results."""
    folder = tmp_path_factory.mktemp("results")
    names = ["speed", "layers", "own_blocks", "growth", "many", "digits", "memory_tasks"]
    names += ["shuffled_labels", "first_order", *_if_compiled("update")]
    names += ["published_algorithms", "published_rprop"]
    options = ["--trial", "--peers", "scikit-learn"]
    ended = subprocess.run(
        [sys.executable, BENCHMARKS / "run.py", *names, *options, "--results", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, folder


def _if_compiled(name: str) -> list[str]:
    # Not asked of the script itself, which adds its own blocks to the tables when it is imported.
    return [name] if shutil.which(os.environ.get("CXX", "c++")) else []


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_runner_writes_a_page_a_table_and_a_picture(trial: tuple[str, Path]) -> None:
    printed, folder = trial
    names = ("speed_float32", "layers_float32", "own_blocks", "growth", "many", "shuffled_labels")
    names += ("digits", "memory_tasks", "first_order", "published_algorithms", "published_rprop")
    for name in (*names, *_if_compiled("update")):
        page = (folder / f"{name}.md").read_text()
        assert page in printed
        assert "This is a trial" in page
        assert f"]({name}.png)" in page
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert rows_of(folder / f"{name}.csv")


def test_how_many_trained_at_a_time_is_on_the_page(trial: tuple[str, Path]) -> None:
    said = "one thread, 2 trainings at a time, each in a process of its own"
    assert said in (trial[1] / "published_algorithms.md").read_text()


def test_the_changes_of_an_encoder_are_on_its_page(trial: tuple[str, Path]) -> None:
    page = (trial[1] / "published_rprop.md").read_text()
    changed = {
        row["task"].partition(": ")[2]
        for row in rows_of(trial[1] / "published_rprop.csv")
        if ": " in row["task"]
    }
    assert len(changed) == 16
    under = page[page.index("## What makes 12-2-12 learnable") :]
    for name in changed:
        assert f"| {name} " in under
    assert "From a quarter or fewer: as it is" in under


def test_the_pages_name_the_machine_and_no_place_of_it(trial: tuple[str, Path]) -> None:
    printed, folder = trial
    everything = printed + "".join(one.read_text() for one in folder.glob("*.csv"))
    assert report.cpu_model() in everything
    assert f"{report.cores()} cores" in everything
    assert f"numpy {np.__version__}" in everything
    for private in (socket.gethostname(), str(ROOT), str(folder), str(Path.home())):
        assert private not in everything


def test_speed_gives_every_number_of_every_contestant(trial: tuple[str, Path]) -> None:
    printed, folder = trial
    rows = {row["contestant"]: row for row in rows_of(folder / "speed_float32.csv")}
    assert set(rows) == {"chainrule", "scikit-learn", "products alone"}
    ours, peer = rows["chainrule"], rows["scikit-learn"]
    assert float(ours["ratio"]) == 1.0
    assert float(peer["bar"]) == 60.0
    assert peer["met"] == str(float(peer["ratio"]) >= 60.0)
    for row in rows.values():
        assert row["work"] == "8-16-3 relu, batch 32"
        assert row["rounds"] == "2"
        assert float(row["shortest_timing_seconds"]) >= 0.02
        low, middle, high = (
            float(row[name]) for name in ("microseconds_low", "microseconds", "microseconds_high")
        )
        assert 0.0 < low <= middle <= high
        # Windows does not tell.
        assert float(row["peak_memory_mb"]) > 10.0 or sys.platform == "win32"
    assert float(peer["loss"]) == pytest.approx(float(ours["loss"]), rel=0.05)
    assert " yes |" in printed
    assert "first call, ms (bar 5)" in printed


def test_every_variant_of_own_blocks_stands_beside_the_built_in(trial: tuple[str, Path]) -> None:
    rows = {row["variant"]: row for row in rows_of(trial[1] / "own_blocks.csv")}
    assert {name: row["bar"] for name, row in rows.items()} == {
        "own activation": "1.3",
        "own loss": "1.3",
        "own loss, a plain function": "",
        "own optimizer": "1.3",
        "all three own": "1.3",
        "the update alone": "1.6",
    }


def test_growth_has_a_point_for_every_size(trial: tuple[str, Path]) -> None:
    printed, folder = trial
    rows = rows_of(folder / "growth.csv")
    for name in ("chainrule", "scikit-learn"):
        assert [row["size"] for row in rows if row["contestant"] == name] == ["4", "7", "8"]
    assert "chainrule's steepest place, from " in printed


def test_digits_and_memory_tasks_have_a_line_for_every_training(trial: tuple[str, Path]) -> None:
    found = {row["network"]: row for row in rows_of(trial[1] / "digits.csv")}
    assert set(found) == {"convolutional", "dense"}
    for row in found.values():
        share, low, high = (float(row[name]) for name in ("accuracy", "low", "high"))
        assert share == 1.0 - int(row["wrong"]) / int(row["rows"])
        assert low < share < high
        assert len(row["epochs"].split()) == 5
    tasks = rows_of(trial[1] / "memory_tasks.csv")
    assert [row["layer"] for row in tasks] == ["LSTM", "Recurrent"] * 2
    for row in tasks:
        assert 0.0 < float(row["gradient_first_before"]) < float(row["gradient_last_before"])


def test_the_runner_refuses_a_name_that_it_does_not_know() -> None:
    ended = subprocess.run(
        [sys.executable, BENCHMARKS / "run.py", "sped"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "there is no benchmark 'sped'; there are speed," in ended.stderr


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_everybody_makes_the_same_updates(task: str, tmp_path: Path) -> None:
    """With all rows in a step there is no order, so that the losses are those of one trajectory."""
    sizes = (4, 6, 3) if task == "classes" else (4, 6, 4)
    work = works.Work(sizes, "tanh", None, rows=30, task=task, dtype="float64")
    path = tmp_path / "problem.npz"
    made = works.problem(work)
    made.save(path)
    names, _ = contestants.installed([one for one in TRAINERS if "compiled" not in one])
    losses = {}
    with contestants.all_of([contestants.Place(name, 1) for name in names]) as ready:
        for one in ready:
            one.prepare(path)
            losses[one.place.name] = one.ask("loss", 40).given
    ours = losses.pop("chainrule")
    assert ours < 0.99 * made.loss(list(made.weights))
    assert "scikit-learn" in losses
    for name, loss in losses.items():
        assert loss == pytest.approx(ours, rel=1e-5), name


SMALL_PARTS = (
    ("conv", 3, 5, 2, "tanh"),
    ("pool", 2),
    ("conv", 4, 3, 0, "relu"),
    ("pool", 2),
    ("flatten",),
    ("dense", 5, "tanh"),
    ("dense", 3, ""),
)
SMALL_WORKS = {
    "images": layers_works.LayerWork("images", (1, 12, 12), SMALL_PARTS, None, 30, "float64"),
    "sequences": layers_works.LayerWork(
        "sequences", (7, 3), (("lstm", 5), ("dense", 1, "")), None, 30, "float64"
    ),
}


@pytest.mark.parametrize("name", list(SMALL_WORKS))
def test_everybody_makes_the_same_updates_with_layers(name: str, tmp_path: Path) -> None:
    path = tmp_path / "problem.npz"
    made = layers_works.layer_problem(SMALL_WORKS[name])
    made.save(path)
    names, _ = contestants.installed([one for one in layers.SIDES if "compiled" not in one])
    losses = {}
    places = [contestants.Place(one, 1, layers.SIDES[one]) for one in names]
    with contestants.all_of(places) as ready:
        for one in ready:
            one.prepare(path)
            losses[one.place.name] = one.ask("loss", 40).given
    ours = losses.pop("chainrule")
    assert ours < 0.99 * made.loss(made.weights)
    assert set(losses) == {one for one in names if one != "chainrule"}
    for peer, loss in losses.items():
        assert loss == pytest.approx(ours, rel=1e-5), peer


@pytest.mark.parametrize("name", list(SMALL_WORKS))
def test_the_loss_of_layers_is_that_of_the_network(name: str) -> None:
    made = layers_works.layer_problem(SMALL_WORKS[name])
    network = our_layers_side.network_of(made.work, 0, made.weights)
    loss = "cross_entropy" if made.work.task == "classes" else "mean_squared_error"
    found = cr.backpropagate(network, made.X, made.y, loss)
    assert made.loss(made.weights) == pytest.approx(found.loss, rel=1e-12)


def test_works_of_layers_have_a_short_last_batch_and_their_own_shapes() -> None:
    for work in layers_works.LAYER_WORKS:
        assert work.rows % work.step_rows != 0
        made = layers_works.layer_problem(replace(work, rows=150))
        assert made.X.shape == (150, *work.shape)
        assert made.X.dtype == np.float32
        if work.task == "classes":
            assert set(made.y.tolist()) == set(range(work.outputs))


def test_digits_are_shifted_by_half_a_pixel() -> None:
    image = np.zeros((1, 1, 8, 8), np.float32)
    image[0, 0, 0, 3] = 1.0
    images, labels = digits.with_shifts(image, np.array([7]))
    assert labels.tolist() == [7] * 5
    lit = [
        {(int(i), int(j)): float(one[0, i, j]) for i, j in np.argwhere(one[0])} for one in images
    ]
    assert lit == [
        {(0, 3): 1.0},
        {(0, 3): 0.5, (1, 3): 0.5},
        # What is shifted over the edge is gone, and does not come in at the other side.
        {(0, 3): 0.5},
        {(0, 3): 0.5, (0, 4): 0.5},
        {(0, 2): 0.5, (0, 3): 0.5},
    ]


def test_the_tasks_of_memory_are_what_they_say() -> None:
    X, y = memory_learning.adding(200, 50, 3)
    marked = X[:, :, 1] == 1.0
    assert (marked[:, :25].sum(axis=1) == 1).all()
    assert (marked[:, 25:].sum(axis=1) == 1).all()
    assert y[:, 0] == pytest.approx((X[:, :, 0] * marked).sum(axis=1))
    assert np.var(memory_learning.adding(20_000, 4, 3)[1]) == pytest.approx(1 / 6, rel=0.05)
    X, sign = memory_learning.remembering(200, 100, 3)
    assert (X[:, 0].argmax(axis=1) == sign).all()
    assert set(sign.tolist()) == {0, 1, 2, 3}
    assert np.std(X[:, 1:]) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("kind", list(memory_learning.KINDS))
def test_slopes_at_entries_are_those_by_differences(kind: str) -> None:
    task = replace(memory_learning.TASKS[0], time=5)
    network = memory_learning.first_network(task, kind, 1)
    X, y = task.rows(1, task.time, 1)
    found = memory_learning.slopes(task, network, X, y)
    step, X = 1e-5, X.astype(np.float64)

    def loss(time: int, feature: int, change: float) -> float:
        moved = X.copy()
        moved[0, time, feature] += change
        return float(((network(moved) - y) ** 2).mean())

    for time in range(task.time):
        both = [loss(time, one, step) - loss(time, one, -step) for one in range(task.features)]
        assert found[time] == pytest.approx(np.linalg.norm(both) / (2 * step), rel=1e-4)


def test_the_blocks_of_the_benchmark_are_sound() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CHECK_BLOCKS],
        cwd=BENCHMARKS,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert not ended.stdout.strip()


# ---- what is made of timings: on numbers of this file ----


class Slower:
    """A contestant whose epochs take a hundredth of a second; the second call is a quick one."""

    place = contestants.Place("slow", 1)
    variant = ""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def ask(self, name: str, *arguments: int) -> contestants.Answer:
        assert name == "train"
        (epochs,) = arguments
        self.asked.append(epochs)
        quick = 0.5 if len(self.asked) == 2 else 1.0
        return contestants.Answer(None, 0.01 * epochs * quick, 1.0)


def timings(name: str, threads: int, *microseconds: float) -> rounds.Timings:
    return rounds.Timings(contestants.Place(name, threads), 1, "", list(microseconds))


def test_a_timing_that_is_too_short_is_taken_again() -> None:
    slow = Slower()
    found = rounds.Timings(slow.place, epochs=10)
    for _ in range(2):
        rounds.timed(slow, found, seconds=0.1, steps_per_epoch=5)
    assert slow.asked[:2] == [10, 10]
    assert slow.asked[2] > 20
    assert min(found.seconds) >= 0.1
    assert found.microseconds == pytest.approx([2000.0, 2000.0])


def test_epochs_are_found_for_the_time_asked() -> None:
    assert 10 <= rounds.calibrated(Slower(), 0.1) <= 30


def test_the_number_of_threads_with_the_lower_median_counts() -> None:
    one, two = timings("peer", 1, 5.0, 5.0, 5.0), timings("peer", 2, 1.0, 6.0, 7.0)
    assert rounds.better([two, one], "peer") is one
    assert rounds.better([two, one], "another") is None


def test_ratios_are_taken_round_by_round() -> None:
    ours, peer = timings("ours", 0, 1.0, 10.0, 100.0), timings("peer", 1, 3.0, 20.0, 400.0)
    found = rounds.ratio(peer, ours)
    assert (found.low, found.median, found.high) == (2.5, 3.0, 3.5)


@pytest.mark.parametrize(
    ("cost", "most", "where"),
    [
        (lambda size: 2.0 * size, 1.0, None),
        (lambda size: 2.0 * size * (3.0 if size > 8 else 1.0), 3.0, 16),
        (lambda size: 2.0 * size * (0.2 if size > 8 else 1.0), 2.5, 16),
    ],
)
def test_a_cliff_is_found(cost: Callable[[int], float], most: float, where: int | None) -> None:
    work = works.Work((4, 4), "relu", 1)
    points = [
        growth.Point("batch", "chainrule", size, replace(work, batch=size), cost(size), 0)
        for size in (4, 8, 16, 32)
    ]
    found, _, after = growth.steepest(points)
    assert found == pytest.approx(most)
    assert where is None or after.size == where


def test_a_peer_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name != "optax" or None)
    assert contestants.installed(["JAX scan", "scikit-learn"]) == (
        ["scikit-learn"],
        ["JAX scan is left out: optax cannot be imported."],
    )


def test_works_have_a_short_last_batch_and_every_class() -> None:
    for work in works.WORKS:
        small = replace(work, rows=150, sizes=(work.sizes[0], *work.sizes[-1:]))
        made = works.problem(small)
        if work.task == "classes":
            assert work.rows % work.step_rows != 0
            assert set(made.y.tolist()) == set(range(work.sizes[-1]))
        assert made.X.dtype == np.float32
        assert made.loss(list(made.weights)) > 0.0
