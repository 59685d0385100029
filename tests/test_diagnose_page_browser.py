"""The page of a diagnosis in a browser: no request, no script, on paper, heard and seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from reported_runs import healthy_run, ill_run

import chainrule as cr
from chainrule.views.explanation_page import page_of

explained = pytest.importorskip("test_explain_page_browser", reason="needs Playwright, Chromium")
chromium, opened = explained.chromium, explained.opened
KINDS = ("ill", "fixed", "healthy")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("verdicts")
    report = cr.diagnose(ill_run())
    document = report.to_dict()
    made = {
        "ill": report.html(),
        "fixed": page_of({**document, "fix": report.fix(seeds=4).to_dict()}),
        "healthy": cr.diagnose(healthy_run(epochs=20)).html(),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: folder / f"{name}.html" for name in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 360)])
def test_axe_finds_nothing_serious(
    chromium: Any, pages: dict[str, Path], kind: str, scheme: str, width: int
) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    page = opened(chromium, pages[kind], bypass_csp=True, **look)
    found = explained.axe.Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "media"), [(360, "screen"), (1000, "screen"), (688, "print")])
def test_no_table_is_cut_off(
    chromium: Any, pages: dict[str, Path], kind: str, width: int, media: str
) -> None:
    page = opened(chromium, pages[kind], viewport={"width": width, "height": 800})
    page.emulate_media(media=media)
    for table in page.locator(".wide").all():
        room = table.evaluate("one => [one.scrollWidth, one.clientWidth]")
        assert room[0] <= room[1], table.get_attribute("aria-label")
    page.context.close()


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
    assert (asked, said) == ([pages[kind].as_uri()], [])
    assert page.locator("h1").is_visible()
    assert page.locator("h2").count() == page.locator("section").count() > 0
    page.context.close()


def test_both_groups_of_trainings_are_named_and_drawn(
    chromium: Any, pages: dict[str, Path]
) -> None:
    page = opened(chromium, pages["ill"], viewport={"width": 1000, "height": 800})
    drawn = page.locator("section:has(> h2:text('Proof by experiment')) svg[role=img]").first
    said = drawn.locator("text").all_text_contents()
    assert {"as it was", "with the remedy"} <= set(said)
    assert drawn.locator("circle").count() == 10
    page.context.close()
