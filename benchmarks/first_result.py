"""How soon a first result is there: ``chainrule train`` on the iris table, beside a bare
``import torch``.

    python benchmarks/first_result.py [--rounds 9]

Both are whole Pythons, started in turns after each has run once. The training has its defaults,
prints its result and saves its run.
"""

from __future__ import annotations

import csv
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pictures
from report import aligned, write_result
from rounds import FEWEST_ROUNDS, Quartiles, options

TRAIN = ["-m", "chainrule", "train", "iris.csv", "--target", "species"]
COMMANDS = {
    "chainrule train iris.csv --target species": TRAIN,
    'python -c "import torch"': ["-c", "import torch"],
}
OURS, PEER = COMMANDS


def write_iris(path: Path) -> None:
    """Write the iris table with its names."""
    from sklearn.datasets import load_iris

    iris = load_iris()
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in iris.feature_names]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "species"])
        for row, label in zip(iris.data.tolist(), iris.target, strict=True):
            writer.writerow([*row, iris.target_names[label]])


def seconds(arguments: Sequence[str], folder: str) -> float:
    """Return how long a Python of its own takes for these arguments."""
    began = time.perf_counter()
    run(arguments, folder)
    return time.perf_counter() - began


def run(arguments: Sequence[str], folder: str) -> subprocess.CompletedProcess[str]:
    """Run a Python of its own to its end and return what it printed.

    Raises RuntimeError with what it said where it failed.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return done


def imports_sklearn(folder: str) -> bool:
    """Whether a training of a table imports scikit-learn on its way."""
    lines = run(["-X", "importtime", *TRAIN], folder).stderr.splitlines()
    return any(line.split("|")[-1].strip().split(".")[0] == "sklearn" for line in lines)


def measured(rounds: int) -> tuple[dict[str, list[float]], bool, str]:
    """Return the seconds of every command, whether scikit-learn was imported, and the output."""
    commands = {
        name: one
        for name, one in COMMANDS.items()
        if name != PEER or importlib.util.find_spec("torch") is not None
    }
    with tempfile.TemporaryDirectory() as folder:
        write_iris(Path(folder) / "iris.csv")
        # Once for the disk's cache and the compiled files.
        output = run(TRAIN, folder).stdout
        for one in commands.values():
            seconds(one, folder)
        sklearn = imports_sklearn(folder)
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, one in commands.items():
                taken[name].append(seconds(one, folder))
    return taken, sklearn, output


def write_results(
    path: Path, taken: dict[str, list[float]], sklearn: bool, output: str, rounds: int
) -> None:
    """Write table, numbers and picture under this name."""
    title = "The first result"
    found = {name: Quartiles.of(numbers) for name, numbers in taken.items()}
    lines = [[name, str(one)] for name, one in found.items()]
    said = [f"{rounds} interleaved rounds of whole Pythons, caches warm."]
    if rounds < FEWEST_ROUNDS:
        said.append("This is a trial: a result takes more rounds.")
    if PEER in taken:
        ahead = Quartiles.of(np.divide(taken[PEER], taken[OURS]).tolist())
        met = "met" if ahead.median >= 1.0 else "missed"
        said.append(f"Importing PyTorch takes {ahead} times as long, bar 1: {met}.")
    else:
        said.append("PyTorch is not installed, so nothing stands beside it.")
    said.append(f"scikit-learn is {'IMPORTED' if sklearn else 'not imported'} on the way.")
    strips = [pictures.Strip(name, numbers, ours=name == OURS) for name, numbers in taken.items()]
    records = [
        {
            "command": name,
            "seconds": one.median,
            "seconds_low": one.low,
            "seconds_high": one.high,
            "rounds": rounds,
        }
        for name, one in found.items()
    ]
    pictures.strips(path.with_suffix(".png"), title, "seconds from start to end", strips)
    parts = [
        " ".join(said),
        aligned(["command", "seconds"], lines),
        f"What the training prints:\n\n```\n{output.rstrip()}\n```",
    ]
    write_result(path, title, parts, records)


def main(given: Sequence[str] | None = None) -> None:
    asked = options("How soon a first result is there.").parse_args(given)
    print("the first result ...", flush=True)
    taken, sklearn, output = measured(asked.rounds)
    write_results(asked.results / "first_result", taken, sklearn, output, asked.rounds)


if __name__ == "__main__":
    main()
