"""Checkpoints: the run folder, written again and again while training is under way.

A checkpoint is a run like any other, marked unfinished. Because a run folder is replaced as a
whole, a kill at any moment leaves the last checkpoint, and a resume ends with the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chainrule.errors import RunFolderError
from chainrule.files.folder import folder_state
from chainrule.training.recording import Recording
from chainrule.training.run import Run
from chainrule.training.state import State


@dataclass
class Checkpoint:
    """Writes what ``run_so_far`` makes of a state into a folder, at most every ``seconds``."""

    path: Path
    seconds: float
    run_so_far: Callable[[State, Recording], Run]
    resumed: bool = False
    _written: float = field(default=-math.inf, init=False)

    def wait(self) -> None:
        """Count the seconds from now on."""
        self._written = time.monotonic()

    def __call__(self, state: State, recording: Recording) -> None:
        """Write the state, if it is time to."""
        if time.monotonic() - self._written >= self.seconds:
            # Only what this training wrote, or goes on with, is replaced: another one that began
            # in the same folder meanwhile is found out here.
            ours = self.resumed or self._written > -math.inf
            self.run_so_far(state, recording).save(self.path, replace=ours)
            self._written = time.monotonic()


def refuse_existing(path: Path) -> None:
    """Raise RunFolderError where a run, or anything else, is in the way of a new one."""
    state = folder_state(path)
    if state == "run":
        raise RunFolderError(
            f"'{path}' holds a run already.",
            "Go on with it (chainrule resume, resume() from Python), or choose another folder.",
        )
    if state == "other":
        raise RunFolderError(
            f"'{path}' holds something that is not a run.", "Choose another folder."
        )
