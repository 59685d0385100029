"""Figures as files: their kinds, and written whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import SetupError
from chainrule.views.places import refuse_kept
from chainrule.views.report import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURE_SUFFIXES = (".png", ".svg", ".pdf")
DOTS_PER_INCH = 120


def check_picture_name(path: Path) -> None:
    """Raise SetupError for the name of a figure of another kind than PNG, SVG, or PDF."""
    if path.suffix.lower() not in FIGURE_SUFFIXES:
        raise SetupError(
            f"A figure cannot be saved as '{path.name}'.",
            f"Give a name that ends in {', '.join(FIGURE_SUFFIXES[:-1])} or {FIGURE_SUFFIXES[-1]}.",
        )


def write_picture(path: Path, figure: Figure) -> None:
    """Write a figure as PNG, SVG or PDF, by the name of the file.

    Raises RunFolderError where that cannot be, and for a file in the folder of a run.
    """
    check_picture_name(path)
    refuse_kept(path, "The figure")
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix.lower().removeprefix("."), dpi=DOTS_PER_INCH)
    write_file(path, drawn.getvalue(), "The figure")
