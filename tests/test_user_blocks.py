"""An op, an optimizer, a loss and a metric from a script outside the package, in processes apart.

The script is ``own_blocks.py``, copied to a folder of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr

SCRIPT = Path(__file__).with_name("own_blocks.py")


def started(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with nothing of the tests in its path."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(cr.__file__).parents[1])},
        check=False,
    )


def printed(folder: Path, *arguments: str) -> dict[str, Any]:
    ended = started(folder, *arguments)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def refusal(folder: Path, code: str) -> str:
    """Return the last line of a Python program that fails."""
    ended = started(folder, "-c", code)
    assert ended.returncode != 0
    return ended.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script, and the run that it has trained."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.py").write_text(SCRIPT.read_text("utf-8"), "utf-8")
    (folder / "result.json").write_text(json.dumps(printed(folder, "mine.py", "train", "run")))
    return folder


def test_the_blocks_pass_the_tests_of_the_tables_and_train(here: Path) -> None:
    result = json.loads((here / "result.json").read_text())
    assert result["failures"] == []
    losses = result["history"]["loss"]
    assert losses[-1] < 0.01 * losses[0]
    misses = result["history"]["validation_largest_miss"]
    assert misses[-1] < 0.2 * misses[0]


def test_the_file_goes_round(here: Path) -> None:
    trained = json.loads((here / "result.json").read_text())
    loaded = printed(here, "mine.py", "load", "run")
    assert loaded["predicted"] == trained["predicted"]
    assert loaded["optimizer"] == trained["optimizer"]
    assert loaded["epochs"] == 32


def test_a_missing_op_is_refused_with_the_remedy(here: Path) -> None:
    said = refusal(here, "import chainrule as cr; cr.load('run')")
    assert "RunFolderError" in said
    assert "uses the op 'gaussian', which is not one of chainrule's own" in said
    assert "Give it: load(path, ops=[gaussian])." in said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("exp(-x * x)", "exp(-1.0 * x * x)", "The op 'gaussian' is not the one"),
        ("return x * w", "return w * x", "The op 'scale' is not the one"),
        ("** 4", "** 4.0", "The loss 'fourth_power' is not the function"),
    ],
)
def test_changed_source_is_refused(here: Path, old: str, new: str, words: str) -> None:
    changed = SCRIPT.read_text("utf-8").replace(old, new)
    assert changed != SCRIPT.read_text("utf-8")
    (here / "changed.py").write_text(changed, "utf-8")
    said = refusal(
        here, "import changed, chainrule as cr; cr.load('run', loss=changed.fourth_power)"
    )
    assert words in said
    assert "source has changed" in said


ONLY_THE_OPS = """
import chainrule as cr
from chainrule.optimizers import OPTIMIZERS
import {module}
{spoil}
from {module} import X, Y, GIVEN, fourth_power
run = cr.load('run', loss=fourth_power)
print(run.predict(X[:1]))
run.save('copy', replace=True)
again = cr.load('copy', loss=fourth_power)
given = dict(GIVEN)
given.pop('loss')
cr.train(again, X, Y, epochs=1, **given)
"""


@pytest.mark.parametrize(
    ("module", "spoil", "words"),
    [
        ("mine", "del OPTIMIZERS['signed_descent']", "Import the script that defines it"),
        ("other", "", "its source has changed"),
    ],
)
def test_prediction_needs_no_optimizer_and_going_on_does(
    here: Path, module: str, spoil: str, words: str
) -> None:
    changed = SCRIPT.read_text("utf-8").replace("1e-12", "1e-11")
    (here / "other.py").write_text(changed, "utf-8")
    ended = started(here, "-c", ONLY_THE_OPS.format(module=module, spoil=spoil))
    assert ended.stdout.startswith("[[")
    said = ended.stderr.strip().splitlines()[-1]
    assert "SetupError: The optimizer 'signed_descent'" in said
    assert words in said


def test_a_loaded_run_goes_on_with_another_optimizer(here: Path) -> None:
    code = """
import mine, json, chainrule as cr
from chainrule.optimizers import OPTIMIZERS
del OPTIMIZERS['signed_descent']
run = cr.load('run', loss=mine.fourth_power)
given = {k: v for k, v in mine.GIVEN.items() if k != 'loss'}
more = cr.train(run, mine.X, mine.Y, epochs=3, optimizer='adam', **given)
print(json.dumps({'epochs': more.recording.epochs, 'name': more.setup.optimizer.name}))
"""
    assert printed(here, "-c", code) == {"epochs": 33, "name": "adam"}


def test_without_the_loss_there_are_predictions_and_no_training(here: Path) -> None:
    code = """
import mine, chainrule as cr
run = cr.load('run')
print(run.predict(mine.X[:1]))
run.save('copy', replace=True)
assert cr.load('copy', loss=mine.fourth_power).setup.losses[0].name == 'fourth_power'
cr.train(run, mine.X, mine.Y, epochs=1, validation=mine.GIVEN['validation'])
"""
    ended = started(here, "-c", code)
    assert ended.stdout.startswith("[[")
    assert "Give it: load(path, loss=fourth_power)." in ended.stderr


def test_a_name_of_chainrules_own_cannot_be_taken() -> None:
    with pytest.raises(cr.SetupError, match="'tanh' is the name of an op that chainrule brings"):
        cr.elementwise("tanh", "y", forward=lambda x: x, derivative=lambda y, x: y)


def test_a_lambda_and_a_nested_function_as_loss() -> None:
    X = np.arange(8.0)[:, None] / 8

    def outer(power: int) -> Any:
        return lambda prediction, target: (np.abs(prediction - target) ** power).mean(axis=1)

    run = cr.train(
        cr.Network(cr.Dense()), X, 2.0 * X[:, 0], loss=outer(2), epochs=3, progress=False
    )
    assert run.setup.losses[0].name == "own_loss"
