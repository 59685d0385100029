"""Remedies of all ailments beside each other: the laboratory keeps its trainings by their names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from diagnosed_runs import rows

import chainrule as cr
from chainrule.diagnosis.ailments import AILMENTS, IN_ORDER
from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.wording import first_sentence
from chainrule.training.run import Run


def mixed_run() -> Run:
    """A run whose relu units are dead and whose tanh units are not the only ones to be replaced."""
    x, y = rows(80)
    layers = cr.Dense(8, "relu", bias="constant -9"), cr.Dense(8, "tanh"), cr.Dense(1)
    return cr.train(cr.Network(*layers), x, y, epochs=2, progress=False)


def held_back_run() -> Run:
    """A run with what several ailments take away: a penalty, dropout, and clipping."""
    x, y = rows(80)
    layers = cr.Dense(8, "tanh"), cr.Dropout(0.5), cr.Dense(1)
    return cr.train(
        cr.Network(*layers), x, y, l2=1.0, clip_norm=1e-3, learning_rate=1e-6, epochs=12,
        validation=0.25, progress=False,
    )  # fmt: skip


OF_TWO_AILMENTS = {"mixed": mixed_run, "held back": held_back_run}


def told_apart(changed: Arrangement) -> dict[str, Any]:
    """Return what of an arrangement tells two remedies apart."""
    setup = changed.setup
    network = setup.network
    return {
        "steps": [(one.op, one.layer) for one in network.plan.steps],
        "numbers": {name: content.tolist() for name, content in network.parameters.items()},
        "rest": (setup.optimizer, setup.regularisation, setup.epochs, setup.keep, setup.dtype),
        "rows": (len(changed.training), len(changed.validation)),
        "inputs": float(np.sum(changed.training.inputs[0], dtype=np.float64)),
    }


@pytest.mark.parametrize("name", [*OF_TWO_AILMENTS, *AILMENTS])
def test_remedies_of_one_name_do_the_same_whichever_ailment_has_them(name: str) -> None:
    run = OF_TWO_AILMENTS[name]() if name in OF_TWO_AILMENTS else AILMENTS[name].specimen(0)
    case = case_of(run)
    examined = Examination(case)
    known: dict[str, dict[str, Any]] = {}
    for ailment in IN_ORDER:
        for remedy in ailment.remedies(examined):
            seen = told_apart(remedy.change(case.arrangement))
            np.testing.assert_equal(seen, known.setdefault(remedy.name, seen), remedy.name)
    assert known


def test_the_table_of_ailments_names_ailments() -> None:
    for one in IN_ORDER:
        assert {*one.leads_to} <= {*AILMENTS}, one.name
        assert not one.opposite or AILMENTS[one.opposite].opposite == one.name


@pytest.mark.parametrize("name", [*OF_TWO_AILMENTS, *AILMENTS])
def test_no_two_remedies_of_one_table_are_told_alike(name: str) -> None:
    """A table of remedies has the first sentence of each."""
    run = OF_TWO_AILMENTS[name]() if name in OF_TWO_AILMENTS else AILMENTS[name].specimen(0)
    examined = Examination(case_of(run))
    for ailment in IN_ORDER:
        told = [first_sentence(one.words) for one in ailment.remedies(examined)]
        assert len({*told}) == len(told), (ailment.name, told)


def test_signs_are_read_off_an_examination_once() -> None:
    examined, made = Examination(case_of(mixed_run())), []

    def signs(one: Examination) -> list[Sign]:
        made.append(one)
        return AILMENTS["dead_units"].signs(one)

    first = examined.shown(signs)
    assert first
    assert first is examined.shown(signs)
    assert made == [examined]
