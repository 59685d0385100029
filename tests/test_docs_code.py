"""The Python code in README and documentation runs, block after block, as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "README.md": {"X": np.arange(60.0).reshape(30, 2) / 60.0, "y": np.arange(30) % 3},
    "docs/quickstart.md": {},
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
