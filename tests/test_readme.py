"""What the README and the documentation promise: two commands, names, commands and links."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import chainrule

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TRAIN = (
    "python3 -m venv .venv && .venv/bin/pip install . && "
    ".venv/bin/chainrule train examples/heart_disease.csv --target disease"
)
TEST = "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest"


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[str]:
    """Return the contents of the fenced blocks."""
    return re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def code(text: str) -> list[str]:
    """Return the fenced blocks and the spans in backticks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [*blocks(text), *re.findall(r"`+([^`\n]+)`+", prose)]


def public_names(text: str) -> set[str]:
    """Return the names that code reads from the package: ``cr.Dense``, ``chainrule.train``."""
    found = set()
    for part in code(text):
        alone = re.sub(r"^\s*(from|import) chainrule\.[\w.]+.*$", "", part, flags=re.MULTILINE)
        found |= set(re.findall(r"(?<![\w./])(?:cr|chainrule)\.([A-Za-z_]\w*)", alone))
    return found


def commands(text: str) -> set[str]:
    """Return the commands of the lines of code that call ``chainrule``."""
    pattern = r"(?:^|&&|\|)[ \t]*(?:\$ )?(?:[\w.\\/]*[\\/])?chainrule(?:\.exe)?[ \t]+([a-z][a-z-]*)"
    return {
        command for part in code(text) for command in re.findall(pattern, part, flags=re.MULTILINE)
    }


def links(text: str) -> list[str]:
    """Return the targets of links and pictures that lie in the project."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", prose)
    targets += re.findall(r"^\[[^\]]+\]:\s*(\S+)", prose, flags=re.MULTILINE)
    targets += re.findall(r"(?:src|href)=\"([^\"]+)\"", prose)
    return [target for target in targets if not re.match(r"[a-z][a-z0-9+.-]*:", target)]


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as code hosts spell them."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.+?)\s*$", prose, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def help_text() -> str:
    shown = subprocess.run(
        [sys.executable, "-c", "from chainrule.cli import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
    )
    return shown.stdout


def test_the_two_commands_are_the_contract() -> None:
    for block in blocks(README.read_text("utf-8")):
        if block.startswith("python3 -m venv"):
            assert block.splitlines()[:2] == [TRAIN, TEST]
            return
    pytest.fail("README.md has no fenced block that starts with 'python3 -m venv'.")


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_name_works(path: Path) -> None:
    known = set(chainrule.__all__) | {"__all__", "__version__"}
    rooms = {child.stem for child in (ROOT / "src" / "chainrule").iterdir()}
    assert public_names(path.read_text("utf-8")) <= known | rooms


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_command_works(path: Path) -> None:
    missing = [
        command
        for command in sorted(commands(path.read_text("utf-8")))
        if not re.search(rf"^\W*{re.escape(command)}\b", help_text(), flags=re.MULTILINE)
    ]
    assert not missing, f"not in chainrule --help: {missing}"


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_local_link_resolves(path: Path) -> None:
    broken = []
    for target in links(path.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        file = path.parent / name if name else path
        known = file.is_file() and file.suffix == ".md" and anchor
        if not file.exists() or (known and anchor not in anchors(file.read_text("utf-8"))):
            broken.append(target)
    assert not broken


def test_the_readers_find_what_they_look_for() -> None:
    text = (
        "# What it is\n`cr.nothing` and [a](gone.md#x), [b](https://example.org), ![c](d.png)\n"
        "```sh\n.venv/bin/chainrule train a.csv && chainrule predict run/ b.csv\n"
        ".venv\\Scripts\\chainrule compare\n```\n"
        "Written by chainrule authors, not code. `chainrule examples`\n"
    )
    assert public_names(text) == {"nothing"}
    assert commands(text) == {"train", "predict", "compare", "examples"}
    assert links(text) == ["gone.md#x", "d.png"]
    assert anchors(text) == {"what-it-is"}
