"""Pages whose code is run when they are built: what a block prints stands below it.

A block of Python is followed by a block of text, which holds what it prints, or by a picture, which
is its ``figure``. The blocks of a page run one after the other and know each other's names.
Building the documentation runs them anew, so that every number on the page comes from the library
as it is. For those who read the page where it lies, the texts are kept in it and the pictures
beside it: ``python docs/outputs.py`` writes them, ``--check`` compares the texts.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = Path(__file__).resolve().parent
PAGES = (
    "check",
    "diagnose",
    "explain",
    "figures",
    "from_one_weight",
    "worksheets",
    "wrong_in_introductions",
)
PICTURES = FOLDER / "pictures"
BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n\n"
    r"(?:```text\n(?P<text>.*?)^```|(?P<shown>!\[[^\]]*\]\(pictures/(?P<picture>\w+)\.png\)))",
    re.M | re.S,
)


def with_outputs(page: str, pictures: Path | None = None) -> str:
    """Return the text of a page with what its blocks print, each run here.

    Pictures are drawn anew into the folder ``pictures``, where one is given.
    """
    known: dict[str, Any] = {"__name__": "page"}

    def ran(found: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(found["code"], "page", "exec"), known)  # the page's own code
        if found["picture"]:
            if pictures is not None:
                known["figure"].savefig(pictures / f"{found['picture']}.png", dpi=100)
            return f"```python\n{found['code']}```\n\n{found['shown']}"
        return f"```python\n{found['code']}```\n\n```text\n{printed.getvalue()}```"

    return BLOCK.sub(ran, page)


def outputs_in(page: str) -> list[str]:
    """Return the texts that are kept in a page."""
    return [found["text"] for found in BLOCK.finditer(page) if not found["picture"]]


def pictures_of(page: str) -> list[str]:
    """Return the names of the pictures that a page's blocks draw."""
    return [found["picture"] for found in BLOCK.finditer(page) if found["picture"]]


def run_blocks(app: Sphinx, page: str, source: list[str]) -> None:
    if page in PAGES:
        source[0] = with_outputs(source[0])


def always_outdated(app: Sphinx, *_: object) -> list[str]:
    """What the blocks print may have changed although the pages have not."""
    return list(PAGES)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", run_blocks)
    app.connect("env-get-outdated", always_outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def main(arguments: list[str]) -> int:
    """Write or compare the outputs of all pages; return the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python docs/outputs.py [--check]", file=sys.stderr)
        return 2
    stale = 0
    for name in PAGES:
        path = FOLDER / f"{name}.md"
        kept = path.read_text(encoding="utf-8")
        made = with_outputs(kept, None if arguments else PICTURES)
        if made == kept:
            continue
        stale += 1
        if arguments:
            print(f"{path.name} holds other outputs than its code prints")
        else:
            path.write_text(made, encoding="utf-8", newline="\n")
            print(f"{path.name} written anew")
    return 1 if stale and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
