"""Where a run was trained: what its bits depend on besides setup and rows."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.engines import native
from chainrule.engines.cores import allowed_threads, cores

THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def machine_record() -> dict[str, Any]:
    """Return system, versions, processors, engine and the thread settings of the libraries."""
    found = {name: os.environ[name] for name in THREAD_SETTINGS if name in os.environ}
    return {**_unchanging(), "threads": found, "threads_of_a_step": allowed_threads()}


@lru_cache(maxsize=1)
def _unchanging() -> dict[str, Any]:
    return {
        # Not platform(), which starts a program to ask for the processor's name.
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": cores(),
        "instruction_set": native.instruction_sets()[-1] if native.is_present() else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
