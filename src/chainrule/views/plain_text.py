"""Text for a terminal: what comes from files made harmless, and commands that can be pasted."""

from __future__ import annotations

import os
import shlex
import subprocess


def printable(text: str) -> str:
    """Return text of others fit for a terminal: what cannot be printed stands as an escape."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def quoted(*words: str) -> str:
    """Return words as one command line that can be pasted into the shell of this system."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
