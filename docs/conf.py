"""How the documentation is built: without a network, and with every warning an error."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

with (FOLDER.parent / "pyproject.toml").open("rb") as file:
    release = tomllib.load(file)["project"]["version"]

project = "chainrule"
author = "The chainrule authors"
copyright = author

extensions = ["myst_parser", "mathml", "tables", "outputs"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"chainrule {release}"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
