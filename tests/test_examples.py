"""The worked examples: what they print, what they draw, and their notebooks.

The output of a script is kept in tests/examples_output/; after an intended change write it anew:
``python examples/02_one_weight.py > tests/examples_output/02_one_weight.txt``.
"""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from command_line import ROOT, environment
from printed import differences

SCRIPTS = sorted((ROOT / "examples").glob("[0-9]*.py"))
DRAWING = [path for path in SCRIPTS if "def draw()" in path.read_text("utf-8")]
OUTPUTS = ROOT / "tests" / "examples_output"
PNG = b"\x89PNG\r\n\x1a\n"


def stem(path: Path) -> str:
    return path.stem


@cache
def notebooks() -> ModuleType:
    sys.path.insert(0, str(ROOT / "docs"))
    import make_notebooks

    return make_notebooks


def kept(path: Path) -> str:
    return (OUTPUTS / f"{path.stem}.txt").read_text("utf-8")


@pytest.mark.parametrize("path", SCRIPTS, ids=stem)
def test_an_example_prints_what_is_kept_and_leaves_no_file(path: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert not differences(kept(path), done.stdout)
    assert done.stdout.isascii(), "a terminal of another code page could not show it"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", DRAWING, ids=stem)
@pytest.mark.parametrize("name", ["asked.png", None], ids=["named", "unnamed"])
def test_an_example_draws_when_asked(
    path: Path, name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.image import imread

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path), "--figure", *([name] if name else [])])
    runpy.run_path(str(path), run_name="__main__")
    (picture,) = tmp_path.iterdir()
    assert picture.name == (name or f"{path.stem[3:]}.png")
    assert picture.read_bytes().startswith(PNG)
    pixels = imread(picture)
    assert pixels.shape[0] >= 400
    assert pixels.shape[1] >= 700
    assert 0.02 < np.mean(pixels[..., :3].min(axis=-1) < 0.9) < 0.9


@pytest.mark.parametrize("path", SCRIPTS, ids=stem)
def test_an_example_says_in_one_line_what_it_shows(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    assert re.fullmatch(r'"""[A-Z].*\."""', first)


@pytest.mark.parametrize("path", SCRIPTS, ids=stem)
def test_a_notebook_is_in_step_with_its_script(path: Path) -> None:
    maker = notebooks()
    file = maker.path_of(path)
    notebook = json.loads(file.read_text("utf-8"))
    assert maker.sources(notebook) == maker.cells_of(path)
    assert not differences(kept(path), maker.printed_by(notebook))
    assert maker.pictures_in(notebook) == (path in DRAWING)
    assert file.stat().st_size < maker.LIMIT


def test_nothing_is_kept_of_examples_that_are_gone() -> None:
    stems = {path.stem for path in SCRIPTS}
    assert {path.stem for path in OUTPUTS.iterdir()} == stems
    assert {path.stem for path in notebooks().NOTEBOOKS.glob("*.ipynb")} == stems


def test_a_notebook_that_is_out_of_step_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    maker = notebooks()
    (path,) = [one for one in SCRIPTS if one.stem == "02_one_weight"]
    monkeypatch.setattr(maker, "SCRIPTS", [path])
    monkeypatch.setattr(maker, "NOTEBOOKS", tmp_path)
    assert maker.main(["--check"]) == 1
    assert "missing" in capsys.readouterr().out
    notebook = maker.notebook_of(path)
    notebook["cells"][3]["source"] += "\n"
    maker.path_of(path).write_text(maker.written(notebook), "utf-8")
    (tmp_path / "99_gone.ipynb").write_text("{}", "utf-8")
    assert maker.main(["--check"]) == 1
    out = capsys.readouterr().out
    assert "99_gone.ipynb: no script makes it" in out
    assert "02_one_weight.ipynb: its cells are not those of the script" in out
    assert maker.main(["--chekc"]) == 2


@pytest.mark.parametrize(
    ("expected", "found", "alike"),
    [
        ("w11 = 0.1046", "w11 = 0.1047", True),
        ("w11 = 0.1046", "w11 = 0.1048", False),
        ("w11 = 0.1046", "w12 = 0.1046", False),
        ("slope   0.000", "slope  -0.000", True),
        ("slope  -2.100", "slope   2.100", False),
        ("194 of 194", "193 of 194", False),
        ("10,000 steps", "10,001 steps", False),
        ("loss 1.5e-07", "loss 1.6e-07", True),
        ("loss 1.5e-07", "loss 1.5e-06", False),
        ("error 0.1", "fault 0.1", False),
        ("a\nb", "a", False),
    ],
)
def test_output_is_compared_to_the_last_digit(expected: str, found: str, alike: bool) -> None:
    assert (not differences(expected, found)) is alike
