"""``diagnose``: what is wrong with a training, whichever loop has made it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

from chainrule.checks import is_finite_number
from chainrule.diagnosis.case_of_table import case_of_table, has_folds
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.cases.case_of_loop import case_of_loop
from chainrule.diagnosis.cases.rows_given_again import NO_ROWS, rows_given
from chainrule.diagnosis.cases.rows_that_count import left_out_said, of_rows_that_count
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.diagnosis.verdicts.sentences import sentence_of_giveaway
from chainrule.errors import DataError, SetupError, nearest
from chainrule.explanation.run_rows import rows_of_run
from chainrule.network.network import Network
from chainrule.training.recording import Recording
from chainrule.training.records import load
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.tables.doubtful_columns import is_giveaway_hint


@overload
def diagnose(
    what: Run | str | Path,
    X: Any = None,
    y: Any = None,
    /,
    *,
    seconds: float | None = None,
    data: Any = None,
    validation: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> Report: ...
@overload
def diagnose(
    what: Recording,
    network: Network,
    X: Any,
    y: Any,
    /,
    *,
    first: Any = None,
    ended: str = "",
    seconds: float | None = None,
    **training: Any,
) -> Report: ...


def diagnose(what: Any, /, *given: Any, seconds: float | None = None, **named: Any) -> Report:
    """Return a report on a training: healthy, or what is wrong with it, with the proof.

        report = diagnose(run)
        report = diagnose(recording, network, X, y, first=start, loss="cross_entropy")
        print(report)
        report.fix()

    ``what``: a run, or the folder of one. Measurements of the run and its rows are set beside
    thresholds; what they make suspect is tried, by training with one thing changed beside nothing
    changed, over several starts. Only what helps by more than chance is called a cause. ``seconds``
    bounds these experiments, by default as long as the training took, and 2 at least.
    A run on arrays that was loaded from its folder is given its rows again, ``diagnose(run, X,
    y)``, with ``validation``, ``sample_weight`` and ``class_weight`` as in ``train``; ``data`` is
    the table of a run on a table, where it is no longer where it was.

    ``diagnose(recording, network, X, y)`` is for any other loop. ``recording``: a ``Recording``
    that the loop has filled; ``network``: as it was left; ``first``: the parameters that it began
    with, a network or name -> array, without which a start is drawn, and said so; ``ended``: why
    it ended. What the loop did is said in the words of ``train``: loss, optimizer, learning_rate,
    batch_size, validation, seed and others.
    Raises DataError for rows that are not to be had or are others, SetupError for settings.
    """
    if seconds is not None and not (is_finite_number(seconds) and seconds > 0):
        raise SetupError(f"seconds={seconds!r} is no limit.", "Give a number above 0.")
    if isinstance(what, Recording):
        return _of_loop(*case_of_loop(what, *_three(given), **named), seconds)
    run = load(what) if isinstance(what, str | Path) else what
    if not isinstance(run, Run):
        raise SetupError(
            f"diagnose() was given {type(what).__name__}.",
            "Give a run, the folder of one, or a recording with its network and rows.",
        )
    if len(given) > 2:
        raise SetupError(
            f"Beside the run {len(given)} things are given.", "Call diagnose(run, X, y)."
        )
    _check_names(named)
    # A table may stand in the place of X.
    data = given[0] if given and given[0] is not None else named.get("data")
    return report_on(run, _rows(run, *given, **named), seconds, data=data)


def report_on(
    run: Run,
    rows: tuple[Rows, Rows],
    seconds: float | None = None,
    *,
    data: Any = None,
    fold_seconds: float = math.inf,
) -> Report:
    """Return the report on a run, of its training and validation rows.

    ``seconds`` bounds the experiments; ``data``: the table of a run on a table, where it is no
    longer where it was; ``fold_seconds`` bounds the training of one of its folds.
    """
    said: tuple[str, ...] = ()
    if has_folds(run):
        case, said = case_of_table(run, rows[0], fold_seconds)
    else:
        given = case_of(run, rows)
        case = of_rows_that_count(given)
        said = left_out_said(given, case)
    found = verdict_of(case, seconds)
    giveaways = tuple(filter(is_giveaway_hint, run.decisions))
    notes = (*map(sentence_of_giveaway, giveaways), *found.notes, *said)
    return Report(case, replace(found, notes=notes, giveaways=giveaways), run, data=data)


def _of_loop(given: Case, notes: tuple[str, ...], seconds: float | None) -> Report:
    """Return the report on the case of another loop, of its rows that count."""
    case = of_rows_that_count(given)
    found, said = verdict_of(case, seconds), left_out_said(given, case)
    return Report(case, replace(found, notes=(*found.notes, *notes, *said)))


def _check_names(named: Mapping[str, Any]) -> None:
    """Raise TypeError for an argument that there is not where a run is diagnosed."""
    known = ("seconds", "data", "validation", "sample_weight", "class_weight")
    for name in named:
        if name not in known:
            raise TypeError(f"diagnose has no argument '{name}' for a run. {nearest(name, known)}")


def _three(given: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(given) != 3:
        raise SetupError(
            f"Beside the recording {len(given)} things are given.",
            "Call diagnose(recording, network, X, y).",
        )
    return given


def _rows(
    run: Run,
    X: Any = None,
    y: Any = None,
    *,
    data: Any = None,
    validation: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> tuple[Rows, Rows]:
    """Return the rows of a run: those that are given, it holds, or its table has."""
    if X is not None and "preparation" not in run.notes:
        return rows_given(run, X, y, validation, sample_weight, class_weight)
    if run.rows is None and "preparation" not in run.notes:
        raise DataError(*NO_ROWS)
    return rows_of_run(run, data if X is None else X)
