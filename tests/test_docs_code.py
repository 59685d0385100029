"""The Python code in README and documentation runs, block after block, as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.errors import SetupError
from chainrule.ops import OPS
from chainrule.optimizers import OPTIMIZERS
from chainrule.testing import assert_op, assert_optimizer

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "README.md": {"X": np.arange(60.0).reshape(30, 2) / 60.0, "y": np.arange(30) % 3},
    "docs/quickstart.md": {},
    "docs/examples.md": {},
    "docs/layers.md": {},
    "docs/matlab.md": {},
    "docs/compare.md": {},
    "docs/optimizers.md": {},
}


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S)
    assert blocks
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "heart_disease.csv", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = dict(PAGES[page])
    for block in blocks:
        exec(compile(block, page, "exec"), known)  # the page's own code is what is tested


def test_the_blocks_of_contributing_pass_the_tests_of_their_tables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    (tmp_path / "contributed_blocks.py").write_text("\n".join(blocks), encoding="utf-8")
    try:
        contributed = __import__("contributed_blocks")
        assert_op(contributed.scale)
        assert_op(OPS["scale"])
        assert_optimizer(contributed.HalvingDescent)
        case = case_of(contributed.SINGLE_ROWS.specimen(0))
        assert contributed.SINGLE_ROWS.signs(Examination(case))
        remedies = contributed.SINGLE_ROWS.remedies(Examination(case))
        assert Laboratory(case, 2 * SEEDS).compare(remedies).is_clear
        with pytest.raises(SetupError, match="module is not in the table of ops"):
            assert_op(type(contributed))
    finally:
        OPS.pop("scale", None)
        OPTIMIZERS.pop("quasi_hyperbolic_momentum", None)
        OPTIMIZERS.pop("halving_descent", None)


def test_the_page_of_diagnoses_names_every_ailment() -> None:
    page = (ROOT / "docs" / "diagnose.md").read_text("utf-8").partition("## What is looked for")[2]
    listed = dict(re.findall(r"^- `(\w+)`: (.+)$", page, re.M))
    assert listed == {name: one.title for name, one in AILMENTS.items()}
