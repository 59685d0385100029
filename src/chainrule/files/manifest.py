"""run.json: the list of a run folder's files, and the moment at which a run is saved.

    {"format": "chainrule run", "version": 1, "chainrule": "0.1.0",
     "files": {"setup": {"file": "setup.3.json", "kind": "json", "bytes": 412, "sha256": "..."},
               "parameters": {"file": "parameters.3.safetensors", "kind": "arrays", ...}}}

A file that run.json does not name is no part of the run. The number in a file name is the
generation: each saving of a run into the same folder takes a new one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.errors import RunFolderError
from chainrule.files.disk import DAMAGED, shown
from chainrule.files.documents import dump_document, load_document

FORMAT = "chainrule run"
FORMAT_VERSION = 1
MANIFEST = "run.json"
MANIFEST_LIMIT = 16_000_000
SUFFIXES = {"json": ".json", "arrays": ".safetensors"}

_FILE_NAME = re.compile(r"([a-z][a-z0-9_]*)\.([0-9]+)(\.json|\.safetensors)", re.ASCII)


@dataclass(frozen=True)
class StoredFile:
    """One file of a run: its name in the folder, kind ("json" or "arrays"), bytes, checksum."""

    file: str
    kind: str
    size: int
    sha256: str

    @classmethod
    def of(cls, name: str, generation: int, kind: str, contents: bytes) -> StoredFile:
        """Return the entry of ``contents``, stored as ``name`` in this generation."""
        file = f"{name}.{generation}{SUFFIXES[kind]}"
        return cls(file, kind, len(contents), hashlib.sha256(contents).hexdigest())


def parts_of(file_name: str) -> tuple[str, int] | None:
    """Return (name, generation) of a file name such as ``setup.3.json``, None for any other."""
    match = _FILE_NAME.fullmatch(file_name)
    return (match[1], int(match[2])) if match else None


def dump_manifest(files: Mapping[str, StoredFile]) -> bytes:
    """Return the bytes of run.json for these files."""
    manifest = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "chainrule": _chainrule_version(),
        "files": {
            name: {"file": file.file, "kind": file.kind, "bytes": file.size, "sha256": file.sha256}
            for name, file in files.items()
        },
    }
    return dump_document(manifest, MANIFEST)


def is_manifest(data: bytes) -> bool:
    """Say whether these bytes are the run.json of a run, of whatever version."""
    try:
        manifest = load_document(data, MANIFEST)
    except RunFolderError:
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT


def load_manifest(data: bytes, folder: str) -> tuple[int, dict[str, StoredFile]]:
    """Return the format version and the files that run.json names, each entry checked.

    Raises RunFolderError for another format, a newer version, and any entry that is not as
    ``dump_manifest`` writes it; file names that lead out of the folder are among these.
    """
    where = f"'{MANIFEST}' in '{folder}'"
    manifest = load_document(data, where)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        remedy = "Give the folder of a run, or train and save the run again."
        raise RunFolderError(f"{where} does not describe a chainrule run.", remedy)
    version = manifest.get("version")
    if type(version) is not int or version < 1:
        raise RunFolderError(f"{where} does not say its format version.", DAMAGED)
    if version > FORMAT_VERSION:
        writer = shown(str(manifest.get("chainrule")), 40)
        cause = (
            f"The run in '{folder}' was written by chainrule {writer} in format {version}, and "
            f"this chainrule reads formats up to {FORMAT_VERSION}."
        )
        raise RunFolderError(cause, "Upgrade chainrule (pip install --upgrade chainrule).")
    files = manifest.get("files")
    if not isinstance(files, dict):
        raise RunFolderError(f"{where} does not list its files.", DAMAGED)
    return version, {name: _entry(name, entry, where) for name, entry in files.items()}


def _entry(name: str, entry: Any, where: str) -> StoredFile:
    """Return one checked entry. The file name is spelt by rule, so it is always a plain name."""
    fields = entry if isinstance(entry, dict) else {}
    file, kind, size, checksum = (fields.get(key) for key in ("file", "kind", "bytes", "sha256"))
    if not (
        isinstance(file, str)
        and isinstance(kind, str)
        and type(size) is int
        and size >= 0
        and isinstance(checksum, str)
    ):
        raise RunFolderError(f"{where} does not describe '{shown(name, 60)}' completely.", DAMAGED)
    match = _FILE_NAME.fullmatch(file)
    if match is None or match[1] != name or match[3] != SUFFIXES.get(kind):
        cause = f"{where} names '{shown(file, 60)}', which is no file of a run."
        raise RunFolderError(cause, DAMAGED)
    return StoredFile(file, kind, size, checksum)


def _chainrule_version() -> str:
    from importlib import metadata

    try:
        return metadata.version("chainrule")
    except metadata.PackageNotFoundError:
        return "unknown"
