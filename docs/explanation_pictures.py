"""The two pictures of an explanation, in a terminal and as a page, as Chromium shows them.

``python docs/explanation_pictures.py`` makes them anew, after a change of what they show. It needs
Playwright and Chromium, as the tests of pages do.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import chainrule as cr

FOLDER = Path(__file__).resolve().parent
HEART = FOLDER.parent / "examples" / "heart_disease.csv"
# How a terminal is held open is said once, beside the tests.
sys.path.insert(0, str(FOLDER.parent / "tests"))
# The picture ends where this chapter begins.
CUT = "Forward"
WORDS = ["explain", "runs/heart_disease-1", "dense_1.W.8.0", "--sample", "8"]
LOOK = """<style>body { margin: 0; background: #16171b; color: #e8e8ea; }
pre { margin: 0; padding: 14px; font: 15px/1.3 'DejaVu Sans Mono', monospace; width: max-content; }
</style>"""


def in_terminal(folder: Path) -> str:
    """Return what the command prints first in a terminal of 80 columns, as a page."""
    from command_line import on_a_terminal
    from rich.console import Console
    from rich.text import Text

    _, printed, _ = on_a_terminal(WORDS, folder, COLORTERM="truecolor")
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ chainrule {' '.join(WORDS)}\n", style="bold"))
    for line in printed.splitlines():
        text = Text.from_ansi(line)
        if text.plain.startswith(CUT):
            break
        console.print(text)
    shown = console.export_html(code_format="{code}", inline_styles=True)
    return f"<!doctype html><meta charset='utf-8'>{LOOK}<pre>{shown}</pre>"


def photographed(browser: Any, page: Path, name: str, **how: Any) -> None:
    opened = browser.new_page(**how)
    opened.goto(page.as_uri())
    whole = opened.locator("pre").first.bounding_box() if name.endswith("terminal") else None
    size = how["viewport"] if whole is None else {one: whole[one] for one in ("width", "height")}
    opened.screenshot(
        path=FOLDER / "pictures" / f"{name}.png", full_page=True, clip={"x": 0, "y": 0, **size}
    )


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as made, contextlib.chdir(made):
        folder = Path(made)
        run = cr.train_table(
            HEART, "disease", epochs=20, progress=False, output=folder / "runs" / "heart_disease-1"
        )
        cr.explain(run, "dense_1.W[8,0]", sample=8).save("why.html")
        (folder / "terminal.html").write_text(in_terminal(folder), encoding="utf-8")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            look = {"viewport": {"width": 1000, "height": 1330}}
            photographed(browser, folder / "terminal.html", "explanation_terminal", **look)
            photographed(browser, folder / "why.html", "explanation_page", **look)
            browser.close()


if __name__ == "__main__":
    main()
