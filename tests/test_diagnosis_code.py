"""The code of remedies: every line that is printed runs, and trains what the remedy trains."""

from __future__ import annotations

import ast
import inspect
import sys
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.ailments import AILMENTS, mismatched_output
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.fixes.code_of_fix import code_of
from chainrule.diagnosis.remedies.scaling import Chosen, standardising
from chainrule.training.carry_out import carry_out
from chainrule.training.train import train

# What no line says without the network or the labels as the caller has them: told in words.
IN_WORDS = {
    "uninformative_labels": ["labels checked"],
    "mismatched_output": ["no output activation"],
    "bad_start": ["usual start of every layer", "usual start of dense_1"],
    "not_finite": ["positive output"],
    "dead_units": [
        "leaky_relu in place of relu in hidden layers",
        "biases at 0",
        "elu in place of relu in hidden layers",
    ],
    "saturation": [
        *(
            f"{one} in place of sigmoid in hidden layers, with the start that it asks for"
            for one in ("relu", "tanh", "elu")
        ),
    ],
    "constant_prediction": ["another start"],
}
ARGUMENTS = {
    name
    for name, one in inspect.signature(train).parameters.items()
    if one.kind is one.KEYWORD_ONLY
}
Given = tuple[Any, Any, Any, dict[str, Any]]


def made(monkeypatch: pytest.MonkeyPatch, name: str) -> tuple[Any, Given]:
    """Return the specimen of an ailment, and what it gave to ``train``."""
    seen: list[Given] = []

    def spied(network: Any, x: Any, y: Any, **given: Any) -> Any:
        seen.append((network, x, y, given))
        return train(network, x, y, **given)

    ailment = AILMENTS[name]
    monkeypatch.setattr(sys.modules[ailment.specimen.__module__], "train", spied)
    run = ailment.specimen(0)
    return run, seen[-1]


def by_remedy(case: Case, remedy: Remedy) -> Any:
    """Return what a fix keeps of a remedy: the training from the run's own start."""
    changed = remedy.change(case.arrangement)
    changed = changed.started(case.setup.seed, changed.setup.epochs)
    return carry_out(changed.setup, (changed.training, changed.validation), progress=False)


def by_code(code: tuple[str, ...], given: Given, run: Any) -> Any:
    """Return what the printed lines train: those of Python are run, arguments are given."""
    network, x, y, named = given
    there: dict[str, Any] = {"X": x, "y": y, "np": np, "cr": cr, "run": run}
    named = dict(named)
    for text in code:
        for line in text.split("\n"):
            if is_call(line):
                named |= eval(f"dict({line})", there)
            else:
                exec(line, there)
    return train(network, there["X"], there["y"], **named)


def is_call(line: str) -> bool:
    try:
        tree = ast.parse(f"f({line})", mode="eval").body
    except SyntaxError:
        return False
    return isinstance(tree, ast.Call) and all(one.arg in ARGUMENTS for one in tree.keywords)


def same(a: Any, b: Any) -> bool:
    ours, theirs = a.network.parameters, b.network.parameters
    return set(ours) == set(theirs) and all(
        np.allclose(ours[one], theirs[one], rtol=1e-3, atol=1e-5, equal_nan=True) for one in ours
    )


def checked(run: Any, given: Given, remedies: list[Remedy]) -> list[str]:
    """Check every remedy that prints code; return the names of those in words."""
    case, words = case_of(run), []
    for remedy in remedies:
        setup = remedy.change(case.arrangement).setup
        code = code_of([remedy], setup)
        # Where a share is held out, another seed holds out other rows than the remedy does.
        if remedy.by_hand or remedy.seed is not None or all(one.startswith("# ") for one in code):
            words.append(remedy.name)
            continue
        assert same(by_remedy(case, remedy), by_code(code, given, run)), (remedy.name, code)
    return words


@pytest.mark.parametrize("name", AILMENTS)
def test_the_code_of_every_remedy_of_a_specimen_does_what_the_remedy_does(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run, given = made(monkeypatch, name)
    remedies = AILMENTS[name].remedies(Examination(case_of(run)))
    assert checked(run, given, remedies) == IN_WORDS.get(name, [])


RANDOM = np.random.default_rng(4)
ROWS = RANDOM.normal(size=(160, 4))
LINE = ROWS @ np.array([1.0, -1.0, 0.5, 0.2])
CLASSES = (LINE > 0.0).astype(int)
FAR = np.column_stack([1000.0 * ROWS + 5000.0, np.full(160, 7000.0), np.full(160, 0.1)])
TANH = (cr.Dense(6, "tanh"), cr.Dense(1))
HALF = {"validation": 0.25, "epochs": 30, "learning_rate": 0.01}
FROZEN = {"freeze": ("dense_2.b",), "rates": {"dense_1.W": 0.0, "dense_2.W": 0.5}, **HALF}
OWN_DECAY = {"optimizer": cr.AdamW(weight_decay=50.0), "validation": 0.25, "epochs": 30}
ONE_HOT = np.eye(3)[(CLASSES + (LINE > 2.0)).astype(int)]
OTHERS: dict[str, tuple[str, Given]] = {
    "columns that do not vary": ("unscaled", (TANH, FAR, LINE, HALF)),
    "all rows": ("unscaled", (TANH, FAR, 1e3 * LINE + 1e4, {"epochs": 30})),
    "a target of two columns": (
        "unscaled",
        ((cr.Dense(6, "tanh"), cr.Dense(2)), ROWS, 1e3 * np.stack([LINE, -LINE], 1) + 1e4, HALF),
    ),
    "sequences": (
        "unscaled",
        (
            (cr.Recurrent(4), cr.Dense(1)),
            np.stack([FAR[:, :3], FAR[:, 1:4]], axis=1),
            LINE,
            HALF,
        ),
    ),
    "images": (
        "unscaled",
        (
            (cr.Conv(2, 3), cr.Flatten(), cr.Dense(1)),
            200.0 + 50.0 * RANDOM.normal(size=(60, 2, 5, 5)),
            LINE[:60],
            HALF,
        ),
    ),
    "an optimizer's own decay": ("constant_prediction", (TANH, ROWS, LINE, OWN_DECAY)),
    "penalties of some weights": (
        "over_regularised",
        (TANH, ROWS, LINE, {"l2": {"dense_1.W": 0.3}, "l1": 0.05, **HALF}),
    ),
    "frozen parameters": ("constant_prediction", (TANH, ROWS, LINE, FROZEN)),
    "a limit": ("rate_too_low", (TANH, ROWS, LINE, {"patience": 2, **HALF})),
    "no rows held out": ("overfitting", (TANH, ROWS, LINE, {"epochs": 30})),
    "no rows held out of classes": (
        "overfitting",
        ((cr.Dense(6, "tanh"), cr.Dense()), ROWS, CLASSES, {"epochs": 30}),
    ),
    "one-hot classes as numbers": (
        "mismatched_output",
        (
            (cr.Dense(6, "tanh"), cr.Dense(3)),
            ROWS,
            ONE_HOT,
            {"loss": "mean_squared_error", "epochs": 30},
        ),
    ),
    "two classes as numbers": (
        "mismatched_output",
        (TANH, ROWS, CLASSES.astype(float), {"loss": "mean_squared_error", "epochs": 30}),
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_code_for_other_arrays_and_settings_does_what_the_remedy_does(what: str) -> None:
    name, (layers, x, y, named) = OTHERS[what]
    given = (cr.Network(*layers), x, y, {"progress": False, **named})
    run = train(given[0], x, y, **given[3])
    remedies = REMEDIES[name](Examination(case_of(run)))
    assert remedies
    assert set(checked(run, given, remedies)) <= {"another start"}


CHOSEN = [
    Chosen(inputs=True),
    Chosen(inputs=True, as_one=True),
    Chosen(target=True),
    Chosen(inputs=True, target=True),
]
REMEDIES: dict[str, Any] = {
    **{name: one.remedies for name, one in AILMENTS.items()},
    # As if the signs were there: what is printed does not hang on how ill a run is.
    "unscaled": lambda examined: [
        standardising(examined.case, examined.sample, one) for one in CHOSEN
    ],
    "mismatched_output": lambda examined: [mismatched_output.with_class_loss(examined.case)],
}


def test_rows_that_are_known_to_the_caller_alone_are_told_in_words() -> None:
    run = train(
        cr.Network(*TANH), FAR[:100], LINE[:100], validation=(FAR[100:], LINE[100:]), epochs=5,
        progress=False,
    )  # fmt: skip
    remedies = REMEDIES["unscaled"](Examination(case_of(run)))
    assert [one.code for one in remedies] == [""] * len(CHOSEN)


@pytest.mark.parametrize("what", ["columns that do not vary", "an optimizer's own decay"])
def test_all_that_a_fix_prints_gives_the_predictions_of_its_run(what: str) -> None:
    _, (layers, x, y, named) = OTHERS[what]
    given = (cr.Network(*layers), x, y, {"progress": False, **named})
    run = train(given[0], x, y, **given[3])
    fix = cr.diagnose(run, seconds=20.0).fix(seeds=4, progress=False)
    assert fix.kept
    assert fix.run is not None
    again = by_code(fix.code, given, run)
    ours = again.predict(scaled_by(fix.code, given, run))
    np.testing.assert_allclose(ours, fix.run.predict(x), rtol=1e-3, atol=1e-4)


def scaled_by(code: tuple[str, ...], given: Given, run: Any) -> Any:
    there: dict[str, Any] = {"X": given[1], "y": given[2], "np": np, "cr": cr, "run": run}
    for line in "\n".join(code).split("\n"):
        if not is_call(line):
            exec(line, there)
    return there["X"]
