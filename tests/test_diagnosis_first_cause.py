"""Which of several confirmed causes is the first: what its remedy leaves, and what it leads to."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.budget import Budget
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.first_cause import first_cause
from chainrule.diagnosis.verdicts.judgement import by_experiments, concluded

AS_IT_WAS = (9.6, 9.7, 9.8, 9.9, 10.0)


class Laboratory:
    """Trainings whose errors are given, and none of which is there to be looked at."""

    is_spent = False
    case = SimpleNamespace(
        arrangement=SimpleNamespace(setup=SimpleNamespace(targets=()), training=None)
    )

    budget = Budget(10.0, 10.0)

    def __init__(self, treated: dict[str, tuple[float, ...]]) -> None:
        self.treated = treated
        self.asked: list[str] = []

    def untreated(self) -> list[Any]:
        return [SimpleNamespace(judged=one) for one in AS_IT_WAS]

    def known(self, remedy: Remedy) -> list[Any]:
        return [SimpleNamespace(judged=one) for one in self.treated[remedy.name]]

    def case_with(self, remedy: Remedy) -> None:
        return None

    def experiment(self, name: str) -> Experiment:
        self.asked.append(name)
        remedy = Remedy(name, f"Put {name} right.", lambda before: before)
        return Experiment(remedy, AS_IT_WAS, self.treated[name], 10, 100)


def left_about(error: float) -> tuple[float, ...]:
    return tuple(error * (1.0 + 0.01 * place) for place in range(5))


def test_what_would_undo_the_cause_is_not_said_to_follow_from_it() -> None:
    laboratory: Any = Laboratory({"rate_too_high": left_about(0.1)})
    high, low, dead = (
        Finding(AILMENTS[name], ()) for name in ("rate_too_high", "rate_too_low", "dead_units")
    )
    high = replace(high, experiment=laboratory.experiment("rate_too_high"))
    gone = {"rate_too_high": {"rate_too_low", "dead_units"}}
    found = concluded([high, low, dead], gone, laboratory)
    assert found.primary is high
    assert found.consequences == (dead,)
    assert not found.suspicions


@pytest.mark.parametrize(("left", "first"), [(0.5, "rate_too_high"), (1.2, "not_finite")])
def test_a_root_whose_remedy_leaves_nothing_learned_is_no_first_cause(
    left: float, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"rate_too_high": left_about(left), "not_finite": left_about(0.05)}
    laboratory: Any = Laboratory(given)

    def tried(finding: Finding, examined: Any, laboratory: Any) -> Finding:
        name = finding.ailment.name
        return Finding(finding.ailment, (), (), laboratory.experiment(name))

    monkeypatch.setattr("chainrule.diagnosis.verdicts.judgement.tried", tried)
    examined: Any = SimpleNamespace(case=SimpleNamespace(ended_sound=True))
    found: Any = [Finding(AILMENTS[name], ()) for name in given]
    verdict = by_experiments(found, examined, laboratory)
    assert verdict.name == first
    # What a cure makes disappear is not tried; what leaves nothing learned is no cure.
    assert ("not_finite" in laboratory.asked) is (first == "not_finite")
    both = [Finding(AILMENTS[name], (), (), laboratory.experiment(name)) for name in given]
    cures: dict[str, frozenset[str]] = {"not_finite": frozenset()}
    if left < 0.9:
        cures["rate_too_high"] = frozenset({"not_finite"})
    assert first_cause(both, cures, laboratory).ailment.name == first
