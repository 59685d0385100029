"""Saving and loading: run folders that a kill or a full disk cannot break."""

from __future__ import annotations

from chainrule.files.folder import Stored, folder_state, read_folder, write_folder
from chainrule.files.manifest import FORMAT_VERSION

__all__ = ["FORMAT_VERSION", "Stored", "folder_state", "read_folder", "write_folder"]
