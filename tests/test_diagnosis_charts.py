"""The figures of a diagnosis: nothing is cut off, all are named, and so are classes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.labels import CONTRADICTED
from chainrule.diagnosis.sign import Sign
from chainrule.views.diagnosis_charts import TWO_GROUPS, sign_chart, two_groups
from chainrule.views.diagnosis_evidence import MOST_NAMED, evidence
from chainrule.views.explanation_parts import Measured, Pictured
from chainrule.views.scale import LETTER
from chainrule.views.svg import figure_html

SHARES = "in shares of the best constant prediction's"
QUANTITIES = (
    "error", "error after the last step", "error on the training rows after the last step",
    "share of wrong rows averaged over classes",
)  # fmt: skip
NAMES = (("before", "after"), ("with the other remedies", "with this one as well"))


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("names", NAMES)
def test_what_an_axis_measures_is_written_in_full_and_within_the_figure(
    quantity: str, names: tuple[str, str]
) -> None:
    groups = [np.array([0.5, 0.6]), np.array([0.1, 0.2])]
    page = figure_html(two_groups(groups, names, f"{quantity}, {SHARES}", f"Each: {quantity}."))
    texts = re.findall(r'<text x="([\d.]+)" y="(\d+)" class="middle">([^<]*)</text>', page)
    (across,) = [(float(x), text) for x, y, text in texts if text.startswith(quantity[:5])]
    middle, text = across
    assert text.replace("&#x27;", "'").startswith(quantity)
    half = LETTER * len(text.replace("&#x27;", "'")) / 2
    assert half - 0.1 <= middle <= TWO_GROUPS[0] - half + 0.1
    (named,) = re.findall(r'<svg [^>]*aria-label="([^"]*)"', page)
    assert named == f"Trainings, by {text}"


@pytest.mark.parametrize("names", NAMES)
def test_a_measure_that_is_no_error_has_a_name_that_is_written_in_full(
    names: tuple[str, str],
) -> None:
    groups = [np.array([0.5, 0.6]), np.array([0.1, 0.2])]
    page = figure_html(two_groups(groups, names, CONTRADICTED, f"Each: {CONTRADICTED}."))
    (across,) = re.findall(r'class="middle">(share[^<]*)</text>', page)
    assert across == "share of labels contradicted"


def test_what_is_too_long_with_its_unit_stands_without_it_and_in_full() -> None:
    groups = [np.array([0.5, 0.6]), np.array([0.1, 0.2])]
    for letters in range(20, 40):
        name = "n" * letters
        page = figure_html(two_groups(groups, NAMES[0], f"{name}, {SHARES}", "Each."))
        (across,) = re.findall(r'class="middle">(n[^<]*)</text>', page)
        assert across in (name, f"{name} (1: a constant prediction&#x27;s)")


def document(
    curve: tuple[float, ...], curve_of: str, names: tuple[str, ...] = ()
) -> dict[str, Any]:
    sign = Sign("a", 0.1, 0.5, "below", "Few.", "more", "a paper", "there", curve, curve_of, names)
    return sign.to_dict()


@pytest.mark.parametrize("curve_of", ["loss over epochs", "slope of the units of dense_1"])
def test_a_curve_is_named_by_what_it_is_and_along_what(curve_of: str) -> None:
    chart = sign_chart(document((3.0, 2.0, 1.0), curve_of), 3)
    assert chart is not None
    (named,) = re.findall(r'<svg [^>]*aria-label="([^"]*)"', figure_html(chart))
    what, _, along = curve_of.partition(" over ")
    assert named == f"{what.capitalize()}, by {along or 'place in their order'}"


def test_recalls_are_a_table_of_classes_by_their_names() -> None:
    block = AILMENTS["imbalance"]
    case = case_of(block.specimen(0))
    signs = [one.to_dict() for one in block.signs(Examination(case))]
    assert signs
    parts = evidence({"signs": signs, "experiment": None}, {"epochs": case.epochs})
    assert not [one for one in parts if isinstance(one, Pictured)]
    (table,) = [one for one in parts if isinstance(one, Measured) and one.headings[0] == "class"]
    assert table.headings == ("class", "recall")
    recall = {row[0]: getattr(row[1], "value", None) for row in table.rows}
    for one in signs:
        assert recall[one["where"].removeprefix("class ").strip("'")] == one["measured"]


def test_of_many_classes_the_lowest_are_listed_in_their_order() -> None:
    recalls = tuple(float(one) for one in np.random.default_rng(0).permutation(60) / 60)
    names = tuple(f"class {place}" for place in range(60))
    sign = document((*recalls, float("nan")), "recall of each class", (*names, "unseen"))
    parts = evidence({"signs": [sign, sign], "experiment": None}, {"epochs": 3})
    (table,) = [one for one in parts if isinstance(one, Measured) and one.headings[0] == "class"]
    assert f"the lowest {MOST_NAMED} of 60" in table.caption
    lowest = sorted(recalls)[:MOST_NAMED]
    expected = [name for name, one in zip(names, recalls, strict=True) if one in lowest]
    assert [row[0] for row in table.rows] == expected
