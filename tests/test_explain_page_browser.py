"""The page of an explanation in a browser: no request, no script, on paper, heard and seen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chainrule as cr

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright and Chromium")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs Playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("needs Playwright and Chromium", allow_module_level=True)

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
KINDS = ("gradient", "rows", "zero", "whole", "step", "prediction")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    run: Any = cr.train_table(HEART, "disease", epochs=4, progress=False)
    made: dict[str, Any] = {
        "gradient": cr.explain(run, "dense_1.W[8,0]", sample=8),
        "rows": cr.explain(run, "dense_1.W[8,0]", sample=[2, 3, 4]),
        "zero": cr.explain(run, "dense_1.W[2,0]", sample=8),
        "whole": cr.explain(run, "dense_1", sample=8),
        "step": cr.explain(run, "dense_1.W[8,0]", step=20),
        "prediction": cr.explain(run, sample=8),
    }
    for name, why in made.items():
        why.save(folder / f"{name}.html")
    return {name: folder / f"{name}.html" for name in KINDS}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(chromium: Any, path: Path, **how: Any) -> Any:
    page = chromium.new_context(**how).new_page()
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 360)])
def test_axe_finds_nothing_serious(
    chromium: Any, pages: dict[str, Path], kind: str, scheme: str, width: int
) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    page = opened(chromium, pages[kind], bypass_csp=True, **look)
    for fold in page.locator("details").all():
        fold.evaluate("one => one.open = true")
    found = axe.Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [360, 720, 1000, 1280])
def test_no_table_is_cut_off(chromium: Any, pages: dict[str, Path], kind: str, width: int) -> None:
    page = opened(chromium, pages[kind], viewport={"width": width, "height": 800})
    for table in page.locator(".wide:not(.derivation)").all():
        room = table.evaluate("one => [one.scrollWidth, one.clientWidth]")
        assert room[0] <= room[1], table.get_attribute("aria-label")
    assert page.locator("tbody td:visible").count() > 2
    page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_paper_has_room_for_every_table(chromium: Any, pages: dict[str, Path], kind: str) -> None:
    # A4 between margins of 14 mm.
    page = opened(chromium, pages[kind], viewport={"width": 688, "height": 1000})
    page.emulate_media(media="print")
    for table in page.locator(".wide:not(.derivation)").all():
        room = table.evaluate("one => [one.scrollWidth, one.clientWidth]")
        assert room[0] <= room[1], table.get_attribute("aria-label")
    page.context.close()


@pytest.mark.parametrize("kind", ["step", "prediction"])
@pytest.mark.parametrize("width", [360, 1000])
def test_all_bars_of_a_table_grow_from_one_line(
    chromium: Any, pages: dict[str, Path], kind: str, width: int
) -> None:
    page = opened(chromium, pages[kind], viewport={"width": width, "height": 800})
    seen = 0
    for table in page.locator("table").all():
        boxes = [one.bounding_box() for one in table.locator(".bar").all()]
        middles = {round(one["x"] + one["width"] / 2, 1) for one in boxes}
        assert len(middles) <= 1
        seen += len(boxes)
    assert seen > 8
    page.context.close()


def test_a_narrow_screen_says_what_each_number_is(chromium: Any, pages: dict[str, Path]) -> None:
    page = opened(chromium, pages["prediction"], viewport={"width": 360, "height": 800})
    share = page.locator("tbody td:has(.bar)").first
    label = share.evaluate("one => getComputedStyle(one, '::before').content")
    assert "what it adds" in label
    assert page.locator("table").first.aria_snapshot().count("rowheader") > 3
    page.context.close()


def test_axe_finds_what_is_wrong(chromium: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.html"
    wrong.write_text("<html><body><p style='color:#ddd'>pale</p></body></html>", "utf-8")
    found = axe.Axe().run(opened(chromium, wrong, bypass_csp=True)).response["violations"]
    assert "color-contrast" in [one["id"] for one in found if one["impact"] == "serious"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_makes_no_request_and_is_there_without_script(
    chromium: Any, pages: dict[str, Path], kind: str
) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: said.append(one.text))
    page.goto(pages[kind].as_uri(), wait_until="networkidle")
    assert asked == [pages[kind].as_uri()]
    assert said == []
    assert page.locator("h1").is_visible()
    assert page.locator("h2").count() == page.locator("section").count() > 1
    page.context.close()


def test_a_fold_opens_without_script(chromium: Any, pages: dict[str, Path]) -> None:
    page = opened(chromium, pages["gradient"], java_script_enabled=False)
    last = page.locator("li.node").last
    assert not last.locator(".said").is_visible()
    for _ in range(12):
        closed = page.locator(".tree details:not([open]) > summary")
        if not closed.count():
            break
        closed.first.focus()
        page.keyboard.press("Enter")
    assert last.locator(".said").is_visible()
    page.context.close()


def test_paper_shows_what_is_folded(chromium: Any, pages: dict[str, Path]) -> None:
    page = opened(chromium, pages["gradient"])
    deepest = page.locator(".tree .said").last
    assert not deepest.is_visible()
    page.emulate_media(media="print")
    assert deepest.is_visible()
    assert page.locator("pre").first.is_visible()
    page.context.close()


def test_a_bar_is_seen_in_forced_colours(chromium: Any, pages: dict[str, Path]) -> None:
    page = opened(chromium, pages["prediction"], forced_colors="active")
    look = "one => getComputedStyle(one).borderTopColor"
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for kind in ("up", "down"):
        bar = page.locator(f".bar i.{kind}").first
        assert bar.bounding_box()["width"] > 2
        assert bar.evaluate(look) != paper
    page.context.close()


def test_the_tree_is_heard_as_lists_with_formulas(chromium: Any, pages: dict[str, Path]) -> None:
    page = opened(chromium, pages["gradient"])
    heard = page.locator(".tree").aria_snapshot()
    assert "list" in heard
    assert "the slope of loss by dense_1.W at 8, 0" in heard
    assert "times the slope of loss by dense_1.linear at 0, in numbers" in heard
    page.context.close()
