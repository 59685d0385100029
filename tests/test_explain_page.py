"""The page of an explanation: true to the document, whole by itself, and read by everyone."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_report import Page

import chainrule as cr
from chainrule.views.explanation_page import page_of
from chainrule.views.explanation_text import print_told
from chainrule.views.explanation_told import told

ROOT = Path(__file__).parent.parent
HEART = ROOT / "examples" / "heart_disease.csv"
SCHEMA = json.loads((ROOT / "docs" / "explanation.schema.json").read_text(encoding="utf-8"))
NETWORK = cr.Network(cr.Input(3), cr.Dense(12, "tanh"), cr.Dense(9, "relu"), cr.Dense(2), seed=1)
ONE: dict[str, Any] = {"x": [0.5, 1.0, -1.0], "y": 1}
ROWS: dict[str, Any] = {"x": np.linspace(-1.0, 1.0, 24).reshape(8, 3), "y": [0, 1] * 4}


@pytest.fixture(scope="module")
def run() -> Any:
    return cr.train_table(HEART, "disease", epochs=4, progress=False)


def exact(text: str) -> list[float]:
    """Return the numbers of a page as they are in its data, in their order."""
    return [float(one) for one in re.findall(r'<data[^>]* value="([^"]+)"', text)]


def inside(markup: str, what: str) -> str:
    """Return the part of a page below a heading."""
    return next(one for one in markup.split("<section") if f">{what}" in one)


def numbers_of(node: Any) -> list[float]:
    """Return the numbers of a tree in the order in which a page has them."""
    found = [node["value"]]
    for term in node["terms"]:
        found.append(term["product"])
        if term["below"] is not None:
            found += numbers_of(term["below"])
    rest, shown = node["rest"], math.fsum(one["product"] for one in node["terms"])
    if rest["count"]:
        found.append(rest["sum"])
    if len(node["terms"]) + rest["count"] > 1:
        found += [shown, *([rest["sum"]] if rest["count"] else []), shown + rest["sum"]]
    return found


# ---------------------------------------------------------------- true to the document


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    seed=st.integers(0, 1000),
    widths=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    activation=st.sampled_from(["tanh", "relu", "sigmoid"]),
    width=st.integers(1, 5),
)
def test_every_number_of_the_tree_is_on_the_page_and_every_fold_adds_up(
    seed: int, widths: list[int], activation: str, width: int
) -> None:
    layers = [cr.Dense(one, activation) for one in widths]
    network = cr.Network(cr.Input(3), *layers, cr.Dense(2), seed=seed)
    why = cr.explain(network, "dense_1.W[2,0]", **ONE, width=width)
    document = why.to_dict()
    jsonschema.validate(document, SCHEMA)
    shown = inside(why.html(), "The chain rule")
    assert exact(shown) == numbers_of(document["tree"])
    for fold in re.findall(r'<p class="sum">(.*?)</p>', shown):
        *parts, together = exact(fold)
        assert math.fsum(parts) == pytest.approx(together, rel=1e-12, abs=1e-300)
    for node in why.tree or ():
        total = math.fsum(one.product for one in node.terms) + node.rest.sum
        sizes = math.fsum(abs(one.product) for one in node.terms) + abs(node.rest.sum)
        assert node.name == "loss" or abs(total - node.value) <= 1e-9 * sizes


def test_what_is_read_is_what_is_in_the_data() -> None:
    page = Page(cr.explain(NETWORK, "dense_1.W[2,0]", **ONE).html())
    pairs = list(zip(page.all("data"), page.texts["data"], strict=True))
    assert len(pairs) > 30
    for one, text in pairs:
        value = float(one["value"] or "")
        read = float(text.replace("\u2212", "-"))
        assert read == pytest.approx(value, rel=1e-5)
        # A sign stands with each colour.
        kind = one.get("class")
        assert kind is None or {"up": "+", "down": "\u2212"}.get(kind, text[0]) == text[0]


def test_the_three_numbers_stand_on_it() -> None:
    why = cr.explain(NETWORK, "dense_1.W[2,0]", **ONE)
    checks = why.to_dict()["checks"]
    due = [checks[one] for one in ("gradient", "sum_of_terms", "finite_difference")]
    assert exact(inside(why.html(), "Three numbers")) == due


def test_terms_that_do_not_add_up_are_said_to() -> None:
    document = cr.explain(NETWORK, "dense_1.W[2,0]", **ONE).to_dict()
    assert "do not add up" not in page_of(document)
    document["tree"]["residual"] = 0.25
    assert "do not add up" in page_of(document)
    assert r"\mathrm{what\ is\ left\ over}" in page_of(document)


def test_sections_stand_where_they_apply(run: Any) -> None:
    one = cr.explain(run, "dense_1.W[8,0]", sample=8)
    assert "Who pulled" not in one.html()
    several = cr.explain(run, "dense_1.W[8,0]", sample=[2, 3, 4])
    pulled = exact(inside(several.html(), "Who pulled"))
    assert several.pulls is not None
    assert math.fsum(pulled[:-1]) == pytest.approx(pulled[-1], rel=1e-9)
    assert sorted(pulled[:-1]) == sorted(row.gradient for row in several.pulls.pulls)
    zero = cr.explain(run, "dense_1.W[2,0]", sample=8)
    assert zero.why is not None
    assert zero.why.verdict == "zero"
    assert zero.why.causes[0].sentence in zero.html()
    assert "Why it is zero" in zero.html()
    whole = cr.explain(run, "dense_1", sample=8)
    assert whole.summary is not None
    parts = exact(inside(whole.html(), "Which units"))
    assert parts[:-1:2] == [part.squares for part in whole.summary.parts][:24]
    cells = Page(one.html())
    contents = dict(one.trace.rows.contents[0])
    told_pairs = dict(zip(cells.texts["dt"], cells.texts["dd"], strict=True))
    assert told_pairs == contents


def test_rows_that_are_mixed_have_no_pulls() -> None:
    mixed = cr.Network(cr.Input(3), cr.Dense(4), cr.BatchNorm(), cr.Dense(2), seed=0)
    why = cr.explain(mixed, "dense_1.W[0,0]", **ROWS, training=True)
    assert why.to_dict()["pulls"] is None
    assert "Who pulled" not in why.html()


def test_a_step_and_a_prediction_have_pages(run: Any) -> None:
    receipt = cr.explain(run, "dense_1.W[8,0]", step=20)
    page = receipt.html()
    way = exact(inside(page, "From the gradient"))
    assert way[-3:] == [receipt.before, receipt.change, receipt.after]
    for line in receipt.lines:
        assert line.name in Page(page).texts["th"]
    steps = exact(inside(page, "Which steps"))
    assert math.fsum(steps[:-1]) == pytest.approx(receipt.change, rel=1e-4)
    prediction = cr.explain(run, sample=8)
    shares = exact(inside(prediction.html(), "What each column"))
    assert shares == [*(one.share for one in prediction.columns), prediction.total]


# ---------------------------------------------------------------- whole by itself


def test_the_page_is_whole_and_loads_nothing(run: Any) -> None:
    for why in (
        cr.explain(run, "dense_1.W[8,0]", sample=[2, 3, 4]),
        cr.explain(run, "dense_1", sample=8),
        cr.explain(run, "dense_1.W[8,0]", step=20),
        cr.explain(run, sample=8),
    ):
        text = why.html()
        page = Page(text)
        assert page.open == []
        tags = {tag for tag, _ in page.tags}
        assert not tags & {"script", "link", "img", "iframe", "object", "base", "a", "form"}
        assert not {name for _, given in page.tags for name in given} & {"src", "href", "srcset"}
        assert "url(" not in text
        policy = [one for one in page.all("meta") if "http-equiv" in one]
        assert "default-src 'none'" in str(policy[0]["content"])
        names = [one.get("id") for _, one in page.tags if one.get("id")]
        assert len(names) == len(set(names))
        assert len(page.texts["h1"]) == 1
        assert len(page.texts["h2"]) == len(page.all("section"))
        assert len(page.texts["caption"]) == len(page.all("table"))
        assert all(one.get("aria-label") for one in page.all("math"))


def test_names_of_others_are_never_markup() -> None:
    evil = "<script>alert('&\"')</script>"
    columns = {
        f"{evil} a": [0.5 * i for i in range(40)],
        f"{evil} c": [f"{evil}{i % 3}" for i in range(40)],
        f"{evil} y": [f"{evil} no" if i % 2 else f"{evil} yes" for i in range(40)],
    }
    bad = cr.train_table(columns, f"{evil} y", epochs=2, progress=False)
    row: dict[str, Any] = {"sample": 3, "data": columns}
    for why in (cr.explain(bad, "dense_1.W[0,0]", **row), cr.explain(bad, **row)):
        for text in (why.html(), why._repr_html_()):
            assert "<script" not in text
            assert Page(text).open == []


def test_the_call_that_made_it_is_on_it_and_makes_it_again(tmp_path: Path) -> None:
    why = cr.explain(NETWORK, "dense_1.W[2,0]", **ONE, symbols="textbook")
    due = "cr.explain(network, \"dense_1.W[2,0]\", x=[0.5, 1.0, -1.0], y=1, symbols='textbook')"
    assert why.call == due
    again = eval(due, {"cr": cr, "network": NETWORK})
    assert again.html() == why.html()
    assert Page(why.html()).texts["code"][-1] == due
    many = cr.explain(NETWORK, "dense_1.W[2,0]", **ROWS)
    assert many.call == 'cr.explain(network, "dense_1.W[2,0]", x=x, y=[0, 1, 0, 1, 0, 1, 0, 1])'
    why.save(tmp_path / "why.html", command="made by hand")
    saved = (tmp_path / "why.html").read_text("utf-8")
    assert Page(saved).texts["code"][-1] == "made by hand"
    with pytest.raises(cr.RunFolderError, match="could not be written"):
        why.save(tmp_path / "no" / "why.html")


def test_folds_are_open_down_to_a_depth() -> None:
    why = cr.explain(NETWORK, "dense_1.W[2,0]", **ONE)
    counts = []
    for depth in (1, 2, 4, 50):
        folds = Page(why.html(depth=depth)).all("details")
        counts.append(sum("open" in one for one in folds))
    assert counts[:2] == [1, 2]
    assert counts == sorted(set(counts))
    assert counts[-1] == len(list(why.tree or ()))
    with pytest.raises(cr.SetupError, match="depth=0"):
        why.html(depth=0)


def test_a_notebook_has_a_summary_and_a_frame_without_rights() -> None:
    why = cr.explain(NETWORK, "dense_1.W[2,0]", **ONE)
    page = Page(why._repr_html_())
    (frame,) = page.all("iframe")
    assert frame["sandbox"] == ""
    assert frame["srcdoc"] == why.html()
    assert why.sentence in page.texts["p"]


# ---------------------------------------------------------------- in a terminal


def test_a_terminal_shows_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    why = cr.explain(NETWORK, "dense_1.W[2,0]", **ONE)
    found = told(why.to_dict())
    print_told(found, None)
    whole = capsys.readouterr().out
    for node in why.tree or ():
        for term in node.terms:
            assert f"{term.product:+.6g}".replace("-", "\u2212").replace("+0 ", "0 ") in whole
        if node.rest.count:
            assert f"({node.rest.count} more)" in whole
    assert why.sentence in whole
    print_told(found, 1)
    folded = capsys.readouterr().out
    assert len(folded.splitlines()) < len(whole.splitlines())
    assert "1 term folded" in folded
    assert "folded" not in whole
