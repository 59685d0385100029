"""Where a run was trained: what its bits depend on besides setup and rows."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from typing import Any

import numpy as np

THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def machine_record() -> dict[str, Any]:
    """Return system, versions, processors and the thread settings of the libraries below."""
    found = {name: os.environ[name] for name in THREAD_SETTINGS if name in os.environ}
    return {**_unchanging(), "threads": found}


@lru_cache(maxsize=1)
def _unchanging() -> dict[str, Any]:
    available = getattr(os, "sched_getaffinity", None)
    return {
        "system": platform.platform(),
        "processors": len(available(0)) if available else os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
