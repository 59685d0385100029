"""One writer at a time in a folder, by a lock that dies with its owner.

The lock is the operating system's (``flock``, on Windows ``msvcrt.locking``), so a killed writer
leaves none behind. Where a network file system has no locks, writers are not kept apart, and only
one should write at a time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from chainrule.errors import RunFolderError
from chainrule.files.disk import shown

LOCK = "run.lock"
WAIT_SECONDS = 60.0

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> bool:
        """Take the lock if it is free, and say whether it is ours."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    _NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}

    def _take(descriptor: int) -> bool:
        """Take the lock if it is free, and say whether it is ours."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        return True


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Make the folder and be its only writer, after waiting for another for up to a minute.

    Raises RunFolderError when the other does not come to an end, OSError where the operating system
    refuses.
    """
    path = folder / LOCK
    with _wait_for(path) as file:
        try:
            yield
        finally:
            # Windows removes no open file; elsewhere it goes while the lock still holds.
            if sys.platform == "win32":
                file.close()
            with contextlib.suppress(OSError):
                path.unlink()


def _wait_for(path: Path) -> FileIO:
    """Return the open lock file once it is ours, the folder made where there is none."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The folder may go, with a first writer that failed, between these two lines.
        with contextlib.suppress(FileNotFoundError):
            file = _if_free(path)
            if file is not None:
                return file
        if time.monotonic() > deadline:
            cause = f"Another program has been writing to '{shown(path.parent)}' for a long time."
            raise RunFolderError(cause, "Wait for it or end it, or choose another folder.")
        time.sleep(0.02)


def _if_free(path: Path) -> FileIO | None:
    """Return the open lock file if nobody holds it; an interrupt on the way lets go of it."""
    file = None
    ours = False
    try:
        file = FileIO(path, "ab", opener=_open_plain)
        ours = _take(file.fileno()) and _is_still_named(file, path)
        return file if ours else None
    finally:
        if file is not None and not ours:
            file.close()


def _open_plain(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _is_still_named(file: FileIO, path: Path) -> bool:
    """Say whether the locked file is the one under this name: its last owner removes it."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False
