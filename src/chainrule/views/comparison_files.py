"""The files of a comparison: its page, its figures, its trainings and curves as CSV, its result."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.comparison.result import Comparison
from chainrule.comparison.trial import Trial
from chainrule.errors import RunFolderError, SetupError
from chainrule.files.disk import FULL, reason
from chainrule.files.together import write_together
from chainrule.views.comparison_charts import KINDS
from chainrule.views.comparison_page import page_of
from chainrule.views.folders import CURVES, FIGURES, REPORT, RESULT, TRAININGS, refuse_full

# Of longer trainings so many epochs are written, ever further apart.
MOST_EPOCHS = 2000
DOTS_PER_INCH = 150


def save_comparison(comparison: Comparison, folder: Path, *, replace: bool = False) -> None:
    """Write a comparison into a folder, all of it or nothing.

    Raises RunFolderError where that cannot be, and for a folder with something in it unless
    ``replace``.
    """
    if not replace:
        refuse_full(folder)
    contents = {
        TRAININGS: trainings_csv(comparison).encode(),
        CURVES: curves_csv(comparison).encode(),
        RESULT: comparison_as_json(comparison).encode(),
        **_page_and_pictures(comparison),
    }
    try:
        write_together(folder, contents)
    except OSError as error:
        step = "Make room there or choose" if error.errno in FULL else "Choose"
        raise RunFolderError(
            f"The comparison could not be written to '{folder}': {reason(error)}.",
            f"{step} another folder; nothing of it was left in this one.",
        ) from None


def _page_and_pictures(comparison: Comparison) -> dict[str, bytes]:
    report = page_of(comparison)
    found = {REPORT: report.html.encode()}
    for name, picture in report.pictures.items():
        found[f"{FIGURES}/{name}.svg"] = picture.encode()
    for what in KINDS:
        # Where every training failed, which the page says, there is nothing to draw.
        with suppress(SetupError):
            found[f"{FIGURES}/{what}.png"] = _picture(comparison, what)
    return found


def _picture(comparison: Comparison, what: Any) -> bytes:
    picture = io.BytesIO()
    comparison.plot(what).savefig(picture, format="png", dpi=DOTS_PER_INCH)
    return picture.getvalue()


def trainings_csv(comparison: Comparison) -> str:
    """Return one row for each training: what it came to, and when it was at the goal."""
    metrics = sorted({name for one in comparison.trials for name in one.scores})
    headings = ["setting", "seed", "loss", *metrics, "epochs", "kept_epoch", "seconds"]
    headings += ["epochs_to_goal", "seconds_to_goal", "ended", "failed"]
    return _csv(headings, (_training_row(comparison, one, metrics) for one in comparison.trials))


def _training_row(comparison: Comparison, one: Trial, metrics: Iterable[str]) -> list[Any]:
    goal, run = comparison.goal, one.run
    to_goal = (math.inf, math.inf) if goal is None else (goal.epoch(one), goal.seconds(one))
    return [
        one.label,
        one.seed,
        _cell(one.loss),
        *(_cell(one.scores.get(name, math.inf)) for name in metrics),
        one.epochs,
        "" if run is None else run.best_epoch,
        _cell(float(one.seconds[-1])) if one.epochs else "",
        *("" if math.isinf(number) else f"{number:.9g}" for number in to_goal),
        "" if run is None else run.ended,
        one.failed or "",
    ]


def curves_csv(comparison: Comparison) -> str:
    """Return one row for each epoch of each training: its seconds, losses and metrics.

    Of a training of more than ``MOST_EPOCHS`` epochs as many are written, ever further apart.
    """
    columns = sorted({name for one in comparison.trials for name in one.history})
    headings = ["setting", "seed", "epoch", "seconds", *columns]
    return _csv(headings, (row for one in comparison.trials for row in _curve_rows(one, columns)))


def _curve_rows(trial: Trial, columns: Iterable[str]) -> Iterator[list[Any]]:
    history, count = trial.history, trial.epochs
    epochs = np.arange(1, count + 1)
    if count > MOST_EPOCHS:
        epochs = np.unique(np.geomspace(1, count, MOST_EPOCHS).round().astype(np.int64))
    for epoch in epochs.tolist():
        known = (history[name][epoch - 1] if name in history else "" for name in columns)
        yield [
            trial.label,
            trial.seed,
            epoch,
            f"{trial.seconds[epoch - 1]:.6g}",
            *(one if one == "" else f"{one:.9g}" for one in known),
        ]


def _csv(headings: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()


def _cell(number: float) -> str:
    return f"{number:.9g}" if math.isfinite(number) else ""


def comparison_as_json(comparison: Comparison) -> str:
    """Return the result as a JSON document; what is infinite or no number is null."""
    goal = comparison.goal
    document = {
        "title": comparison.title,
        "about": comparison.about,
        "in_words": comparison.in_words,
        "settings": dict(comparison.settings),
        "seeds": list(comparison.seeds),
        "measured_on": comparison.measured_on,
        "metric": comparison.metric,
        "goal": None if goal is None else {**vars(goal), "in_words": goal.in_words},
        "results": [vars(one) for one in comparison.summaries],
        "differences": [
            {**vars(one), "more_than_the_spread": one.is_clear} for one in comparison.differences
        ],
        "trainings": len(comparison.trials),
        "planned": comparison.planned,
        "same_rows": comparison.same_rows,
        "same_starts": comparison.same_starts,
        "at_a_time": comparison.at_a_time,
        "machine": dict(comparison.machine),
    }
    return json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _plain(one) for key, one in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(one) for one in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
