"""A run on a table as one JSON document, with everything that is known of it but its rows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainrule.network.printing import layer_rows
from chainrule.optimizers import rate_of
from chainrule.optimizers.optimizer import Rate
from chainrule.training.run import Run
from chainrule.training.tables.fold_records import folds_of, is_complete, records_in
from chainrule.training.tables.notes import preparation_of, table_note_of

RESULT_PARTS = ("scores", "leads", "classes", "confusion", "in_words")


def run_as_json(run: Run, folder: Path, verdict: Mapping[str, Any] | None = None) -> str:
    """Return a run on a table as one JSON document; a number that is none stands as null.

    ``verdict``: the document of its diagnosis, null without one.

    What was measured (``scores``, ``leads``, ``classes``, ``confusion``, ``in_words``,
    ``tested_rows``) is null where nothing was. Raises RunFolderError for a run on arrays, and for
    notes that are damaged.
    """
    note = table_note_of(folder, run.notes)
    preparation = preparation_of(run.setup, run.notes)
    plain = preparation.to_dict()
    given = note.to_record()
    document = {
        "run": str(folder),
        "finished": is_complete(run),
        "stage": records_in(run.notes)[1] if "folds" in run.notes else None,
        "ended": run.ended,
        "table": {**given["source"], "columns": given["columns"]},
        "test_table": given["test"],
        "target": note.target,
        "task": preparation.target.task,
        "decisions": given["decisions"],
        "choices": given["choices"],
        "settings": given["settings"],
        "columns": plain["columns"],
        "not_used": plain["dropped"],
        "identifiers": plain["identifiers"],
        **_measured(run),
        "folds": _folds(run),
        **_network(run),
        "seed": run.setup.seed,
        "epochs": run.recording.epochs,
        "kept_epoch": run.best_epoch,
        "seconds": round(run.state.seconds, 3),
        "history": run.history,
        "verdict": verdict,
    }
    return json.dumps(_finite(document), indent=1, allow_nan=False)


def _measured(run: Run) -> dict[str, Any]:
    result = run.result
    plain = {} if result is None else result.to_record()
    found = {name: plain.get(name) for name in RESULT_PARTS}
    return {**found, "tested_rows": plain.get("rows"), "planned_folds": plain.get("planned")}


def _folds(run: Run) -> list[dict[str, Any]]:
    return [
        {
            "rows": one.rows.sizes,
            "epochs": 0 if one.recording is None else one.recording.epochs,
            "kept_epoch": one.best_epoch,
            "ended": one.ended,
            "history": {} if one.recording is None else one.recording.history,
        }
        for one in folds_of(run)
    ]


def _network(run: Run) -> dict[str, Any]:
    rate = rate_of(run.setup.optimizer)
    return {
        "layers": [
            {"layer": name, "made_by": made_by, "output": output, "parameters": count}
            for name, made_by, output, _, count in layer_rows(run.network.plan)
        ],
        "parameters": run.network.parameter_count,
        "optimizer": run.setup.optimizer.name,
        "learning_rate": _plain_rate(rate),
    }


def _plain_rate(rate: Rate | None) -> float | str | None:
    if rate is None or isinstance(rate, float | int):
        return None if rate is None else float(rate)
    return str(rate)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
