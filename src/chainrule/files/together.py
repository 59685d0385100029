"""Several files in a folder, all of them there or none: what a full disk leaves is as it was."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path

from chainrule.files.disk import TEMPORARY, put_in_place, write_new


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made; ``contents``: path below it -> bytes.

    All are written under other names first, which is where a disk is full, and then each gets its
    own. On any failure the new files and the folders that were made are removed, and OSError is
    raised; files that were there before stay, unless the system refuses to give a name half way.
    """
    made: list[Path] = []
    waiting: dict[Path, Path] = {}
    placed: list[Path] = []
    mark = f".{os.urandom(4).hex()}{TEMPORARY}"
    try:
        for name, data in contents.items():
            target = folder / name
            _make(target.parent, made)
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
            temporary = target.with_name(target.name + mark)
            waiting[temporary] = target
            write_new(temporary, data)
        for temporary, target in waiting.items():
            new = not target.exists()
            put_in_place(temporary, target)
            placed += [target] if new else []
    except BaseException:
        for one in (*waiting, *placed):
            with contextlib.suppress(OSError):
                one.unlink(missing_ok=True)
        for one in reversed(made):
            with contextlib.suppress(OSError):
                one.rmdir()
        raise


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, and note each that was not there."""
    if not folder.is_dir():
        if folder.parent != folder:
            _make(folder.parent, made)
        folder.mkdir()
        made.append(folder)
