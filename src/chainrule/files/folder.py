"""Run folders: named JSON documents and named groups of arrays, saved all together or not at all.

Each saving writes its files under new names (``setup.3.json``: generation 3), beside those of the
run that is there; then one rename puts the new ``run.json``, which names them, in the place of the
old one; only then do the old files go. Killed at any moment, or on a disk that fills up, the folder
holds the old run or the new one, complete. A reader takes no lock: it sees one run or the other,
and starts again when the run was replaced under its eyes.

What the documents and arrays mean is known above; this module knows of no network.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from chainrule.errors import RunFolderError
from chainrule.files.array_groups import dump_arrays, load_arrays
from chainrule.files.disk import (
    DAMAGED,
    FULL,
    TEMPORARY,
    read_whole,
    reason,
    settle_names,
    shown,
    write_whole,
)
from chainrule.files.documents import dump_document, load_document
from chainrule.files.lock import LOCK, only_writer
from chainrule.files.manifest import (
    MANIFEST,
    MANIFEST_LIMIT,
    StoredFile,
    dump_manifest,
    is_manifest,
    load_manifest,
    parts_of,
)

FolderState = Literal["absent", "empty", "run", "other"]
Contents = dict[str, tuple[str, bytes]]

_READ_ATTEMPTS = 100


@dataclass(frozen=True, eq=False)
class Stored:
    """What a run folder holds: documents and groups of arrays by name, and the format version."""

    documents: dict[str, Any]
    arrays: dict[str, dict[str, NDArray[Any]]]
    version: int


def folder_state(path: str | Path) -> FolderState:
    """Return what is at ``path``.

    "absent": nothing. "empty": a folder with nothing in it, or with no more than what a first
    saving that was killed has left. "run": a folder whose run.json is that of a run, of any format
    version; its other files are not looked at. "other": anything else. Raises RunFolderError where
    it cannot be looked at.
    """
    folder = _folder(path)
    try:
        return _state(folder)
    except OSError as error:
        raise _read_error(folder, error) from error


def write_folder(
    path: str | Path,
    documents: Mapping[str, object],
    arrays: Mapping[str, Mapping[str, NDArray[Any]]],
    *,
    replace: bool = False,
) -> None:
    """Save the documents and groups of arrays as the run in the folder ``path``.

    Names are lower-case words (``setup``, ``best_parameters``), each used once. The folder is made
    where there is none. A run that is there is refused unless ``replace`` is true; a folder of
    anything else always. Several writers wait for each other, and the last one's run stays.
    Raises RunFolderError for these, for values that cannot be stored, and when the disk refuses;
    then the folder is as it was before. The disk must have room for the old and the new run.
    """
    folder = _folder(path)
    contents = _encoded(documents, arrays)
    try:
        new = not os.path.lexists(folder)
        _refuse(folder, replace)
        try:
            with only_writer(folder):
                # Another writer may have been first.
                _refuse(folder, replace)
                _save(folder, contents)
        except BaseException:
            if new:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise
    except OSError as error:
        cause = f"The run could not be saved in '{shown(folder)}': {reason(error)}."
        step = "Make room there or choose" if error.errno in FULL else "Choose"
        remedy = f"{step} another folder; no saved run is lost."
        raise RunFolderError(cause, remedy) from error


def read_folder(path: str | Path) -> Stored:
    """Return the run in the folder ``path``, every file held against its size and checksum.

    Raises RunFolderError for whatever is missing, damaged, newer than this chainrule, or hostile.
    """
    folder = _folder(path)
    try:
        for _ in range(_READ_ATTEMPTS):
            data = _manifest_data(folder)
            try:
                return _read_files(folder, data)
            except (RunFolderError, OSError):
                if _manifest_data(folder) == data:
                    raise
    except OSError as error:
        raise _read_error(folder, error) from error
    except MemoryError as error:
        cause = f"The run in '{shown(folder)}' does not fit into memory."
        raise RunFolderError(cause, "Read it on a machine with more memory.") from error
    cause = f"The run in '{shown(folder)}' is replaced faster than it can be read."
    raise RunFolderError(cause, "Wait until the training that writes it has ended.")


def _folder(path: str | Path) -> Path:
    try:
        if b"\0" not in os.fsencode(path):
            return Path(path)
    except UnicodeEncodeError:
        pass
    raise RunFolderError(f"'{shown(path)}' cannot be the name of a folder.", "Choose another name.")


def _state(folder: Path) -> FolderState:
    try:
        folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    if not os.path.isdir(folder):
        return "other"
    names = set(os.listdir(folder))
    if MANIFEST in names:
        try:
            return "run" if is_manifest(read_whole(folder / MANIFEST, MANIFEST_LIMIT)) else "other"
        except RunFolderError:
            return "other"
    unfinished = LOCK in names and all(
        name == LOCK or _without_temporary(name) == MANIFEST or parts_of(_without_temporary(name))
        for name in names
    )
    return "empty" if unfinished or not names else "other"


def _refuse(folder: Path, replace: bool) -> None:
    """Raise unless the folder may be written to."""
    state = _state(folder)
    if state == "other":
        cause = f"'{shown(folder)}' is there already and is not the folder of a run."
        raise RunFolderError(cause, "Choose a new folder, or remove this one.")
    if state == "run" and not replace:
        cause = f"'{shown(folder)}' holds a run already."
        raise RunFolderError(cause, "Choose a new folder, or delete that one.")


def _encoded(
    documents: Mapping[str, object], arrays: Mapping[str, Mapping[str, NDArray[Any]]]
) -> Contents:
    """Return (kind, bytes) for each name, before anything is touched on the disk."""
    contents: Contents = {}
    for name, document in documents.items():
        contents[name] = ("json", dump_document(document, name))
    for name, group in arrays.items():
        if name in contents:
            cause = f"'{shown(name)}' names both a document and a group of arrays."
            raise RunFolderError(cause, "Give each its own name.")
        contents[name] = ("arrays", dump_arrays(group, name))
    for name in contents:
        if parts_of(f"{name}.1.json") is None:
            cause = f"'{shown(name)}' cannot be the name of a part of a run."
            raise RunFolderError(cause, "Use lower-case letters, digits and underscores.")
    return contents


def _save(folder: Path, contents: Contents) -> None:
    """Write a new generation beside the old one, commit it, then remove the old one."""
    names = set(contents) | {parts[0] for parts in map(parts_of, _named(folder) or ()) if parts}
    _sweep(folder, names)
    found = (parts_of(_without_temporary(name)) for name in os.listdir(folder))
    generation = 1 + max((parts[1] for parts in found if parts), default=0)
    files: dict[str, StoredFile] = {}
    try:
        for name, (kind, data) in contents.items():
            files[name] = StoredFile.of(name, generation, kind, data)
            write_whole(folder / files[name].file, data)
        with contextlib.suppress(PermissionError):
            settle_names(folder.parent)
        settle_names(folder)
        write_whole(folder / MANIFEST, dump_manifest(files))
        settle_names(folder)
    except BaseException:
        _sweep(folder, names, generation)
        raise
    _sweep(folder, names)


def _sweep(folder: Path, names: set[str], generation: int | None = None) -> None:
    """Remove what the run.json on the disk does not name: temporary files and other generations.

    Only files spelt like a run's, under one of ``names``, and of one ``generation`` where it is
    given. What is named is read from the disk and not remembered, so an interrupt just before or
    just after the commit does not mislead it. Where run.json cannot be read, all files stay.
    """
    named = _named(folder)
    if named is None:
        return
    found: list[str] = []
    # What stays now goes with the next saving; it is no reason to call this one a failure.
    with contextlib.suppress(OSError):
        found = os.listdir(folder)
    for file_name in set(found) - named - {MANIFEST}:
        whole = _without_temporary(file_name)
        name, number = parts_of(whole) or ("", 0)
        if whole == MANIFEST or (name in names and generation in (None, number)):
            with contextlib.suppress(OSError):
                (folder / file_name).unlink()


def _without_temporary(file_name: str) -> str:
    """Return the name that a temporary file was to get, any other name as it is."""
    if not file_name.endswith(TEMPORARY):
        return file_name
    return file_name.removesuffix(TEMPORARY).rpartition(".")[0]


def _named(folder: Path) -> set[str] | None:
    """Return the files that run.json names, none where there is no run.json, None if unreadable."""
    try:
        _, files = load_manifest(_manifest_data(folder), str(folder))
    except FileNotFoundError:
        return set()
    except (OSError, RunFolderError):
        return None
    return {file.file for file in files.values()}


def _manifest_data(folder: Path) -> bytes:
    return read_whole(folder / MANIFEST, MANIFEST_LIMIT)


def _read_files(folder: Path, manifest: bytes) -> Stored:
    version, files = load_manifest(manifest, shown(folder))
    stored = Stored({}, {}, version)
    for name, file in files.items():
        where = f"'{file.file}' in '{shown(folder)}'"
        data = read_whole(folder / file.file, size=file.size)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            cause = f"{where} is not as it was written: its checksum differs."
            raise RunFolderError(cause, DAMAGED)
        if file.kind == "json":
            stored.documents[name] = load_document(data, where)
        else:
            stored.arrays[name] = load_arrays(data, where)
    return stored


def _read_error(folder: Path, error: OSError) -> RunFolderError:
    """Return what the operating system's refusal means to someone who reads a run."""
    missing = isinstance(error, FileNotFoundError)
    file = os.path.basename(error.filename) if isinstance(error.filename, str) else ""
    if missing and not os.path.lexists(folder):
        cause = f"There is no folder '{shown(folder)}'."
        return RunFolderError(cause, "Check the path of the run.")
    if os.path.isfile(folder):
        cause = f"'{shown(folder)}' is a file, not the folder of a run."
        return RunFolderError(cause, "Give the folder that training has written.")
    if missing and file == MANIFEST:
        cause = f"'{shown(folder)}' holds no run: there is no {MANIFEST} in it."
        return RunFolderError(cause, "Give the folder that training has written.")
    if missing:
        cause = f"'{shown(file)}' is missing from the run in '{shown(folder)}'."
        return RunFolderError(cause, DAMAGED)
    cause = f"The run in '{shown(folder)}' could not be read: {reason(error)}."
    return RunFolderError(cause, "Check the path and the permissions.")
