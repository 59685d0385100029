"""Tables as text and CSV, and the machine that they were made on, named generically."""

from __future__ import annotations

import csv
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("chainrule", "numpy", "scipy", "scikit-learn", "torch", "jax", "optax")


def cores() -> int:
    """Return the cores that may be used."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model() -> str:
    """Return the name that the CPU gives itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return the version of every package that is installed."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> str:
    """Describe the machine and the versions in a sentence or two."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    named = ", ".join(f"{name} {number}" for name, number in versions().items())
    return f"{cpu_model()}, {cores()} cores, {platform.system()}. {named}; NumPy's BLAS: {blas}."


def aligned(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table that reads as well as plain text; numbers stand on the right."""
    widths = [max(len(row[place]) for row in (heads, *lines)) for place in range(len(heads))]

    def row(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * width if not place else "-" * (width - 1) + ":" for place, width in enumerate(widths)
    ]
    return "\n".join([row(heads), row(rule), *(row(line) for line in lines)])


def write_result(
    path: Path, title: str, parts: Sequence[str], records: Sequence[Mapping[str, Any]]
) -> None:
    """Write a page, which shows the picture of the same name, and its numbers as CSV."""
    write_csv(path.with_suffix(".csv"), records)
    write_page(path.with_suffix(".md"), title, [*parts, f"![{title}]({path.name}.png)"])


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write one line for each record; the columns are those of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {name: f"{one:.6g}" if isinstance(one, float) else one for name, one in row.items()}
            )


def write_page(path: Path, title: str, parts: Sequence[str]) -> None:
    """Print a page of text and write it as Markdown, with the machine under its title."""
    text = "\n\n".join([f"# {title}", machine(), *parts])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
    print(text, flush=True)
