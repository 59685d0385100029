"""Published comparisons of training algorithms: what is beside what, and what a page says of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import encoder_changes
import published_algorithms
import published_cells
import published_problems
import rprop_tasks

import chainrule as cr
from chainrule.ops import OPS

# ---- the MATLAB guide ----


def cell(name: str, *seconds: float) -> published_cells.Cell:
    """Starts that took so long; one of nine seconds or more did not come to the goal."""
    trained = [
        published_cells.Trained("SIN", name, place, one, 10, one < 9.0, "")
        for place, one in enumerate(seconds)
    ]
    return published_cells.Cell(name, tuple(trained), tuple(trained[:1]))


def test_what_was_published_stands_beside_what_was_measured_and_is_marked() -> None:
    problem = published_problems.PROBLEMS["SIN"]
    cells = [cell("LM", 2.0, 4.0, 9.0), cell("GDX", 0.5, 0.5, 0.5), cell("RP", 9.0, 9.0, 9.0)]
    page = published_algorithms.part(problem, cells)
    assert "published ratio [M]" in page
    rows = {line.split("|")[1].split()[0]: line.split("|") for line in page.splitlines()
            if line.startswith("| ")}  # fmt: skip
    # Means over the starts that reached the goal; ratios to the fastest, here and as published.
    for name, mean, ratio, failed, due in (
        ("LM", "3,000", "6.00", "1 of 3", 1.0),
        ("GDX", "500", "1.00", "0 of 3", 27.69 / 1.14),
        ("RP", "-", "-", "3 of 3", 5.67 / 1.14),
    ):
        cells_of = [one.strip() for one in rows[name]]
        assert cells_of[3] == mean
        assert cells_of[5:8] == [ratio, failed, f"{due:.2f}"]
    assert (
        "Order here: GDX, LM. By the time above that of one epoch: GDX, LM. "
        "Published [M]: LM, RP, GDX."
    ) in page
    assert page.endswith(
        "Of 3 algorithms, none that came to the goal is more than two places from where it was "
        "published. Never at the goal here: RP, published 2nd."
    )


def test_what_a_call_costs_is_told_apart_from_what_learning_costs() -> None:
    problem = published_problems.PROBLEMS["SIN"]
    for fixed, above in ((0.5, "LM, GDX"), (3.0, "GDX, LM")):
        # The first start is also the training of one epoch.
        cells = [cell("LM", 0.5, 3.0), cell("GDX", fixed, 4.0)]
        said = published_cells.order(problem, cells)
        assert said.startswith(
            f"Order here: LM, GDX. By the time above that of one epoch: {above}."
        )


def test_an_algorithm_more_than_two_places_away_is_named_with_its_numbers() -> None:
    problem = published_problems.PROBLEMS["SIN"]
    names = ("GDX", "LM classic", "BFG", "RP")
    cells = [cell(name, 0.5 + place, 9.0) for place, name in enumerate(names)]
    assert published_cells.apart(problem, cells) == (
        "Of 4 algorithms, these are more than two places from where they were published: "
        "GDX is 1st here (500 ms, 10 epochs, 1 of 2 failed) and was 4th."
    )
    # The LM of the guide is the classic one, so that the other form has no place of its own.
    both = [cell("LM", 0.1), *cells]
    assert published_cells.apart(problem, both) == published_cells.apart(problem, cells)
    assert problem.ratio("LM classic") == problem.ratio("LM") == 1.0
    assert "Published [M]: LM, BFG, RP, GDX." in published_cells.order(problem, both)


def test_processes_train_as_one_does_and_in_the_same_order() -> None:
    due = [
        published_algorithms.Turn("SIN", name, start, 60.0, 5)
        for start in range(2)
        for name in ("LM classic", "GDX")
    ]
    alone, beside = (published_algorithms.all_trained(due[:1], due, count) for count in (1, 2))
    same = [[replace(one, seconds=0.0) for one in found] for found in (alone, beside)]
    assert same[0] == same[1]
    for one, wanted in zip(beside, due, strict=True):
        assert (one.algorithm, one.start, one.epochs) == (wanted.algorithm, wanted.start, 5)
        assert one.seconds > 0.0


def test_each_start_begins_with_another_algorithm() -> None:
    asked = published_algorithms.arguments(["--starts", "3", "--algorithms", "LM", "GDX", "RP"])
    found = published_algorithms.turns(published_problems.PROBLEMS["SIN"], asked)
    assert [one.start for one in found] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    for place in range(3):
        assert sorted(one.algorithm for one in found[place::3]) == ["GDX", "LM", "RP"]


def test_the_classic_form_is_that_of_matlab_for_the_sum_of_squares() -> None:
    chosen = published_algorithms.optimizer("LM classic", 50)
    assert chosen.damping == "classic"
    assert chosen.mu == pytest.approx(0.001 * 2.0 / 50)
    assert (chosen.mu_decrease, chosen.mu_increase) == (0.1, 10.0)
    assert published_algorithms.optimizer("LM", 50).damping == "nielsen"


def test_a_number_of_trainings_at_a_time_is_from_1() -> None:
    assert published_algorithms.at_a_time(1) == "one training at a time"
    assert published_algorithms.arguments([]).together == 1
    for bad in ("0", "-2"):
        with pytest.raises(SystemExit):
            published_algorithms.arguments(["--together", bad])


def test_every_algorithm_has_a_published_time_on_every_problem() -> None:
    for problem in published_problems.PROBLEMS.values():
        ratios = [problem.ratio(name) for name in published_problems.ALGORITHMS]
        assert min(ratios) == 1.0


# ---- Rprop ----


@pytest.fixture
def changes() -> Iterator[dict[str, rprop_tasks.Task]]:
    """All changes by what is changed; their sigmoids leave the table of ops again."""
    before = set(OPS)
    encoder_changes.steeper.cache_clear()
    yield {one.name.partition(": ")[2]: one for one in encoder_changes.changes()}
    encoder_changes.steeper.cache_clear()
    for name in set(OPS) - before:
        del OPS[name]


def in_numpy(more: float, decay: float, epochs: int, weights: list[np.ndarray]) -> float:
    """Rprop+ of 1993 on 12-2-12, by hand; returns the largest miss after so many epochs."""
    unit = np.eye(12)
    w, b, v, c = (one.copy() for one in weights)
    size = [np.full_like(one, 0.1) for one in (w, b, v, c)]
    last = [np.zeros_like(one) for one in (w, b, v, c)]
    change = [np.zeros_like(one) for one in (w, b, v, c)]
    for _ in range(epochs):
        hidden = 1.0 / (1.0 + np.exp(-(unit @ w + b)))
        out = 1.0 / (1.0 + np.exp(-(hidden @ v + c)))
        back = (out - unit) * (out * (1.0 - out) + more) / 12.0
        under = (back @ v.T) * (hidden * (1.0 - hidden) + more)
        slopes = [unit.T @ under + decay * w, under.sum(0), hidden.T @ back + decay * v,
                  back.sum(0)]  # fmt: skip
        for place, one in enumerate((w, b, v, c)):
            now = np.sign(slopes[place])
            same = now * last[place]
            factor = np.where(same > 0, 1.2, np.where(same < 0, 0.5, 1.0))
            size[place] = np.clip(size[place] * factor, 1e-6, 50.0)
            change[place] = np.where(same < 0, -change[place], -now * size[place])
            last[place] = np.where(same < 0, 0.0, now)
            one += change[place]
    hidden = 1.0 / (1.0 + np.exp(-(unit @ w + b)))
    return float(np.abs(1.0 / (1.0 + np.exp(-(hidden @ v + c))) - unit).max())


@pytest.mark.parametrize(
    ("name", "more", "decay"),
    [
        ("as it is", 0.0, 0.0),
        ("0.1 added to the derivatives", 0.1, 0.0),
        ("0.001 added to the derivatives", 0.001, 0.0),
        ("weight decay 1e-6", 0.0, 1e-6),
    ],
)
def test_changes_are_what_they_say(
    changes: dict[str, rprop_tasks.Task], name: str, more: float, decay: float
) -> None:
    task, epochs = changes[name], 40
    X, wanted = task.rows()
    arguments = {"optimizer": encoder_changes.FORM, **task.settings, "loss": task.loss,
                 "batch_size": None, "dtype": "float64", "seed": 2, "progress": False}  # fmt: skip
    begun, ended = (
        cr.train(task.network(), X, wanted, epochs=count, keep="last", **arguments)
        for count in (0, epochs)
    )
    due = in_numpy(more, decay, epochs, list(begun.network.parameters.values()))
    assert rprop_tasks.largest_miss(wanted, ended.predict(X)) == pytest.approx(due, rel=1e-6)


def test_only_what_is_named_is_changed(changes: dict[str, rprop_tasks.Task]) -> None:
    unit = np.eye(12)
    for name, task in changes.items():
        X, wanted = task.rows()
        np.testing.assert_array_equal(wanted, unit)
        np.testing.assert_array_equal(X, 2.0 * unit - 1.0 if "inputs" in name else unit)
        due = np.where(unit > 0.0, 0.9, 0.1) if "targets" in name else unit
        np.testing.assert_allclose(task.targets(wanted), due)
        assert task.epochs == (20_000 if "epochs" in name else 5_000)
        begun = cr.train(task.network(), X, wanted, epochs=0, seed=0, progress=False)
        most = max(float(np.abs(one).max()) for one in begun.network.parameters.values())
        limit = {"weights from -0.5 to 0.5": 0.5, "weights from -0.1 to 0.1": 0.1}.get(name, 1.0)
        assert 0.8 * limit < most <= limit


def test_it_is_learned_once_all_outputs_are_close(changes: dict[str, rprop_tasks.Task]) -> None:
    task = changes["0.1 added to the derivatives"]
    found = rprop_tasks.learned(task, encoder_changes.FORM, 0, 600)
    assert 0 < found.epochs < 600
    X, wanted = task.rows()
    misses = []
    for epochs in (found.epochs - 1, found.epochs):
        run = cr.train(task.network(), X, wanted, loss=task.loss, optimizer=encoder_changes.FORM,
                       epochs=epochs, batch_size=None, dtype="float64", seed=0, keep="last",
                       progress=False)  # fmt: skip
        misses.append(rprop_tasks.largest_miss(wanted, run.predict(X)))
    assert misses[1] < rprop_tasks.CLOSE <= misses[0]
    assert rprop_tasks.learned(task, encoder_changes.FORM, 0, 3).epochs == 0


def test_the_right_output_alone_may_count() -> None:
    truth = np.eye(2)
    predicted = np.array([[0.7, 0.9], [0.2, 0.8]])
    assert encoder_changes.right_output_miss(truth, predicted) == pytest.approx(0.3)
    assert rprop_tasks.largest_miss(truth, predicted) == pytest.approx(0.9)


def test_the_page_says_what_was_counted() -> None:
    def four(name: str, *epochs: int) -> list[rprop_tasks.Learned]:
        return [rprop_tasks.Learned(f"encoder: {name}", "rprop_plus", place, one, 10.0 ** place)
                for place, one in enumerate(epochs)]  # fmt: skip

    found = [*four("a", 0, 0, 40, 0), *four("b", 10, 20, 60, 0), *four("c", 5, 5, 0, 0)]
    page = encoder_changes.part(found)
    cells = {line.split("|")[1].strip(): [one.strip() for one in line.split("|")[2:-1]]
             for line in page.splitlines() if line.startswith("| ")}  # fmt: skip
    assert cells["a"] == ["1 of 4", "40", "40", "10.0"]
    assert cells["b"] == ["3 of 4", "30", "20", "1,000"]
    assert "three quarters of the starts or more: b. From a quarter or fewer: a." in page
