"""Numbers in the sentences of a diagnosis: what is known is said, and no more."""

from __future__ import annotations

import re

import numpy as np
import pytest
from diagnosed_runs import rows

import chainrule as cr
from chainrule.diagnosis.ailments import imbalance, mismatched_output
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import ERROR
from chainrule.diagnosis.experiments.labels import CONTRADICTED
from chainrule.diagnosis.verdicts.finding import suspected
from chainrule.diagnosis.wording import name_and_unit, share_of, times_of


@pytest.mark.parametrize(
    ("error", "share", "times"),
    [
        (0.0123, "1.2% of a constant prediction's", "0.0123"),
        (9.4, "940.0% of a constant prediction's", "9.4"),
        (10.0, "more than ten times a constant prediction's", "more than 10"),
        (15334.0, "more than ten times a constant prediction's", "more than 10"),
    ],
)
def test_an_error_far_beyond_a_constant_is_given_no_number(
    error: float, share: str, times: str
) -> None:
    assert share_of(error) == share
    assert times_of(error) == times


@pytest.mark.parametrize(
    ("quantity", "name", "is_relative"),
    [
        (ERROR, "error", True),
        (mismatched_output.QUANTITY, "share of wrong rows", True),
        (imbalance.QUANTITY, "share of wrong rows averaged over classes", True),
        (CONTRADICTED, "share of labels contradicted", False),
    ],
)
def test_a_quantity_is_a_name_with_a_unit_or_without(
    quantity: str, name: str, is_relative: bool
) -> None:
    assert name_and_unit(quantity) == (name, is_relative)


def test_no_sign_says_a_number_that_is_not_the_error() -> None:
    x, y = rows(120)
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense(1))
    run = cr.train(network, x, y + 1e4, epochs=60, validation=0.25, progress=False)
    case = case_of(run)
    held = case.validation
    missed = run.predict(held.inputs[0]).reshape(-1) - held.targets[0].reshape(-1)
    true = float(np.mean(missed.astype(np.float64) ** 2) / held.targets[0].var())
    assert true > 1000.0
    signs = [sign for one in suspected(Examination(case)) for sign in one.signs]
    beside = [one for one in signs if "constant" in one.words]
    assert beside
    assert all("more than ten times" in one.words for one in beside)
    assert not any(re.search(r"99\d(\.\d)?%", one.words) for one in signs)
    assert all("at most 10" in one.quantity for one in beside if one.measured == 10.0)


def test_the_verdict_on_a_blow_up_says_more_than_10() -> None:
    x, y = rows(120)
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(1))
    given = {"optimizer": "gradient_descent", "learning_rate": 30.0, "dtype": "float64"}
    run = cr.train(network, x, y, epochs=30, keep="last", progress=False, **given)
    said = cr.diagnose(run).verdict
    assert "falls from more than 10 to" in said
