"""Files that are written whole or not at all, and what the operating system's refusals mean."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from chainrule.errors import RunFolderError

TEMPORARY = ".tmp"
DAMAGED = "Restore the folder from a copy, or train and save the run again."

FULL = (errno.ENOSPC, errno.EDQUOT)

_Result = TypeVar("_Result")
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file would be larger than is allowed here",
    errno.EACCES: "there is no permission to do so",
    errno.EROFS: "the disk is read-only",
    errno.EPERM: "there is no permission to do so",
    errno.ENOTDIR: "a part of the path is not a folder",
    errno.EEXIST: "a file of that name is in the way",
    errno.EISDIR: "a folder stands where a file should be",
    errno.ENOENT: "it does not exist",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its links lead in a circle",
    errno.EMFILE: "too many files are open",
}


def reason(error: OSError) -> str:
    """Return in words why the operating system refused."""
    unknown = (error.strerror or type(error).__name__).rstrip(".").lower()
    return _REASONS.get(error.errno or 0, unknown)


def elsewhere(error: OSError) -> str:
    """Return what a user can do where the operating system refused to write."""
    return f"{'Make room there, or choose' if error.errno in FULL else 'Choose'} another place."


def shown(text: str | Path, limit: int = 200) -> str:
    """Return text that may come from a hostile file, fit for one line of a terminal."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in str(text))
    return printable if len(printable) <= limit else printable[: limit - 3] + "..."


def write_whole(target: Path, contents: bytes) -> None:
    """Write a file that is there complete, or not at all, whenever the power goes.

    The bytes are on the disk before the name is; ``settle_names`` makes the name last. On any
    failure the temporary file is removed and OSError raised.
    """
    if not target.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    # Two writers meet only where locks do not work; the random part keeps their files apart.
    temporary = target.with_name(f"{target.name}.{os.urandom(4).hex()}{TEMPORARY}")
    try:
        write_new(temporary, contents)
        put_in_place(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_new(path: Path, contents: bytes) -> None:
    """Write a file that is not there yet, its bytes to the disk itself. Raises OSError."""
    with open(path, "xb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


def put_in_place(temporary: Path, target: Path) -> None:
    """Give a file the name of another, which it takes the place of. Raises OSError."""
    _while_in_use(lambda: os.replace(temporary, target))


def settle_names(folder: Path) -> None:
    """Have the folder's list of names on the disk; without effect on Windows, which has no call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot do this for a folder, and need not.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def read_whole(path: Path, limit: int | None = None, size: int | None = None) -> bytes:
    """Return the bytes of a plain file, of exactly ``size`` or at most ``limit`` bytes.

    Raises RunFolderError for a link, a device or another size, before anything is read, and
    OSError where the operating system refuses.
    """
    where = f"'{shown(path.name)}' in '{shown(path.parent)}'"
    if not stat.S_ISREG(path.lstat().st_mode):
        raise RunFolderError(f"{where} is not a plain file.", DAMAGED)
    with _while_in_use(lambda: open(path, "rb")) as file:
        length = os.fstat(file.fileno()).st_size
        if limit is not None and length > limit:
            raise RunFolderError(f"{where} is too large: {length} bytes.", DAMAGED)
        if size is not None and length != size:
            cause = f"{where} has {length} bytes where {size} were written."
            raise RunFolderError(cause, DAMAGED)
        return file.read(length)


def _while_in_use(action: Callable[[], _Result]) -> _Result:
    """Return ``action()``, tried for a second on Windows, which locks files that others read."""
    if sys.platform == "win32":
        for _ in range(50):
            with contextlib.suppress(PermissionError):
                return action()
            time.sleep(0.02)
    return action()
