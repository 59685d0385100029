"""The README's table of topics: each command runs, and prints the numbers that stand beside it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<topic>[^|]+?) \| (?P<shown>[^|]+?) \| (?P<number>[^|]*?) ?\|$", re.M)


def topics() -> list[tuple[str, str, str]]:
    section = README.partition("## What an introduction to backpropagation talks about")[2]
    table = section.partition("\n## ")[0]
    rows = [tuple(match.group("topic", "shown", "number")) for match in ROW.finditer(table)]
    return [row for row in rows if row[0] not in ("topic", "---")]


@cache
def output_of(command: str, folder: Path) -> str:
    words = shlex.split(command)
    assert words[0] == "chainrule"
    if words[1] == "train":
        words += ["--output", str(folder / "run")]
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", *words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("topics")


COMMANDS = [row for row in topics() if row[1].startswith("`chainrule")]


def test_the_table_is_there() -> None:
    assert len(topics()) >= 20
    assert len(COMMANDS) >= 15


@pytest.mark.parametrize(("topic", "shown", "number"), COMMANDS, ids=[row[0] for row in COMMANDS])
def test_the_command_prints_its_numbers(topic: str, shown: str, number: str, folder: Path) -> None:
    printed = output_of(shown.strip("`"), folder)
    numbers = re.findall(r"`([^`]+)`", number)
    assert numbers, f"the topic '{topic}' has no number"
    missing = [
        one for one in numbers if not re.search(rf"(?<![\d.]){re.escape(one)}(?!\d)", printed)
    ]
    assert not missing


def test_a_topic_without_a_command_says_that_it_is_not_built() -> None:
    for topic, shown, _ in topics():
        page = re.match(r"\[[^]]+\]\(([^)]+)\)", shown)
        assert (
            shown.startswith("`chainrule")
            or shown == "not built yet"
            or (page and (ROOT / page.group(1)).is_file())
        ), topic
