"""How honest a table's result is where nothing can be learned: labels shuffled, many times.

    python benchmarks/shuffled_labels.py [--shuffles 300]

Of a real table the labels are shuffled, so that the true balanced accuracy is one over the number
of classes and the true AUC 1/2. Counted is how often the 95 % intervals of ``cr.train_table`` hold
them, and how often the network is said to be better than the constant. The seeds are others than
those of the tests.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pictures
from report import aligned, write_result
from rounds import options

import chainrule as cr
from chainrule.data.table import read_table
from chainrule.training.tables.result import CONSTANT, NETWORK
from chainrule.training.tables.sentences import verdict

FIRST_SEED = 10_000
LEVEL = 0.95
FEWEST_SHUFFLES = 100
TABLES = ("heart_disease", "breast_cancer", "wine", "iris")


@dataclass
class Counts:
    """What so many shuffles of one table came to."""

    table: str
    shuffles: int = 0
    balanced_accuracy: int = 0
    auc: int = 0
    wins: int = 0

    def line(self) -> list[str]:
        """Return the counts as shares."""
        parts = (self.balanced_accuracy, self.auc, self.wins)
        return [self.table, str(self.shuffles), *(f"{one / self.shuffles:.1%}" for one in parts)]


def columns_and_target(name: str) -> tuple[dict[str, Any], str]:
    """Return a table as columns, and the name of its target."""
    if name == "heart_disease":
        path = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
        return dict(read_table(path).columns), "disease"
    from sklearn import datasets

    known = getattr(datasets, f"load_{name}")()
    columns = dict(zip(map(str, known.feature_names), known.data.T, strict=True))
    return {**columns, "target": known.target}, "target"


def counted(name: str, shuffles: int) -> Counts:
    """Shuffle the labels of a table so many times, train, and count."""
    columns, target = columns_and_target(name)
    labels = columns[target]
    random = np.random.default_rng(FIRST_SEED)
    found = Counts(name)
    for number in range(shuffles):
        table = {**columns, target: random.permutation(labels)}
        run = cr.train_table(
            table, target, task="classification", seed=FIRST_SEED + number, progress=False
        )
        result = run.result
        scores = result.scores[NETWORK]
        chances = {"balanced_accuracy": 1 / len(result.classes), "auc": 0.5}
        held = {one: scores[one].low <= true <= scores[one].high for one, true in chances.items()}
        found.shuffles += 1
        found.balanced_accuracy += held["balanced_accuracy"]
        found.auc += held["auc"]
        found.wins += verdict(result, CONSTANT) == "win"
    return found


def write_results(path: Path, found: Sequence[Counts]) -> None:
    """Write table, numbers and picture under this name."""
    title = "Shuffled labels"
    shuffles = found[0].shuffles
    doubt = 1.96 * math.sqrt(LEVEL * (1 - LEVEL) / shuffles)
    said = (
        "The labels of each table shuffled, `cr.train_table` with its defaults: how often the 95 % "
        "interval holds what is true, chance, and how often the network is called better than the "
        f"constant. With {shuffles} shuffles an interval that holds it in 95 % would be seen "
        f"between {LEVEL - doubt:.1%} and {LEVEL + doubt:.1%}."
    )
    if shuffles < FEWEST_SHUFFLES:
        said += " This is a trial: a result takes more shuffles."
    heads = ["table", "shuffles", "balanced accuracy", "AUC", "called better"]
    rows = [
        (one.table, measure, count / one.shuffles)
        for one in found
        for measure, count in (("balanced accuracy", one.balanced_accuracy), ("AUC", one.auc))
    ]
    pictures.shares(path.with_suffix(".png"), title, LEVEL, doubt, rows)
    records = [vars(one) for one in found]
    write_result(path, title, [said, aligned(heads, [one.line() for one in found])], records)


def main(given: Sequence[str] | None = None) -> None:
    parser = options("How honest a result is where nothing can be learned.")
    parser.add_argument("--shuffles", type=int, default=300)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    asked = parser.parse_args(given)
    found = []
    for name in asked.tables:
        print(f"{name} ...", flush=True)
        found.append(counted(name, asked.shuffles))
        print(*found[-1].line(), file=sys.stderr, flush=True)
    write_results(asked.results / "shuffled_labels", found)


if __name__ == "__main__":
    main()
