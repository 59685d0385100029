"""Checkpoints: the run folder, written again and again while training is under way.

A checkpoint is a run like any other, marked unfinished. Because a run folder is replaced as a
whole, a kill at any moment leaves the last checkpoint, and a resume ends with the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chainrule.errors import RunFolderError
from chainrule.files.folder import folder_state, write_folder
from chainrule.training.loop import Loop, State
from chainrule.training.recording import Recording
from chainrule.training.run import run_of, to_documents


@dataclass
class Checkpoint:
    """Writes a loop's state into a folder, at most every ``seconds``."""

    path: Path
    loop: Loop
    seconds: float
    notes: Mapping[str, Any] = field(default_factory=dict)
    _written: float = field(default=0.0, init=False)

    def refuse_existing(self) -> None:
        """Raise RunFolderError where a run, or anything else, is in the way."""
        state = folder_state(self.path)
        if state == "run":
            raise RunFolderError(
                f"'{self.path}' holds a run already.",
                "Go on with it (resume), or choose another folder.",
            )
        if state == "other":
            raise RunFolderError(
                f"'{self.path}' holds something that is not a run.", "Choose another folder."
            )

    def __call__(self, state: State, recording: Recording) -> None:
        if time.monotonic() - self._written >= self.seconds:
            self.write(state, recording)

    def write(self, state: State, recording: Recording, *, replace: bool = True) -> None:
        """Write the state now. Raises RunFolderError, also for a run in the way to be kept."""
        run = run_of(
            self.loop.setup, state, recording, "training is under way", self.loop.named,
            finished=False, notes=self.notes,
        )
        documents, arrays = to_documents(run)
        write_folder(self.path, documents, arrays, replace=replace)
        self._written = time.monotonic()
