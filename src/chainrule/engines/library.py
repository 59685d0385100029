"""The BLAS that comes with SciPy: its products for large matrices, held to one thread meanwhile."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import Any

# What a product is called in SciPy's table of exported functions, and the signature that it must
# have: an address is called only if it is what it is taken for.
SIGNATURES = {
    "sgemm": "void (char *, char *, int *, int *, int *, __pyx_t_5scipy_6linalg_11cython_blas_s *, "
    "__pyx_t_5scipy_6linalg_11cython_blas_s *, int *, __pyx_t_5scipy_6linalg_11cython_blas_s *, "
    "int *, __pyx_t_5scipy_6linalg_11cython_blas_s *, __pyx_t_5scipy_6linalg_11cython_blas_s *, "
    "int *)",
}
SIGNATURES["dgemm"] = SIGNATURES["sgemm"].replace("cython_blas_s", "cython_blas_d")


@lru_cache(maxsize=1)
def products_of() -> tuple[Any, Any]:
    """Return SciPy's products for float32 and float64 as capsules, or None twice.

    They are None where SciPy is not there or its functions do not have the signature that is known.
    """
    cython_blas = _cython_blas()
    exported = getattr(cython_blas, "__pyx_capi__", {})
    found = [exported.get(name) for name in ("sgemm", "dgemm")]
    for capsule, name in zip(found, ("sgemm", "dgemm"), strict=True):
        if capsule is None or f'"{SIGNATURES[name]}"' not in repr(capsule):
            return None, None
    return found[0], found[1]


def _cython_blas() -> ModuleType | None:
    """Return SciPy's module of exported functions, or None where SciPy is not there.

    It is loaded by itself where that is possible: all of scipy.linalg takes three times as long.
    """
    name = "scipy.linalg.cython_blas"
    if name in sys.modules:
        return sys.modules[name]
    try:
        import scipy

        folder = Path(scipy.__file__).parent / "linalg"
        for path in (folder / f"cython_blas{suffix}" for suffix in EXTENSION_SUFFIXES):
            spec = importlib.util.spec_from_file_location(name, path)
            if path.exists() and spec is not None and spec.loader is not None:
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module
    except (ImportError, OSError):
        pass
    try:
        from scipy.linalg import cython_blas
    except ImportError:
        return None
    return cython_blas


@lru_cache(maxsize=1)
def _controller() -> Any:
    """Return what sets the threads of the BLAS libraries. Made once: it searches for them."""
    from threadpoolctl import ThreadpoolController

    # It knows the libraries that are loaded, and SciPy brings its own with its first function.
    products_of()
    return ThreadpoolController().select(user_api="blas")


@dataclass
class _Held:
    """Who holds the BLAS: trainings in several threads do so together.

    The first of them limits it, the last gives it back.
    """

    holders: int = 0
    limits: Any = None
    lock: Any = field(default_factory=threading.Lock)


_HELD = _Held()


@contextlib.contextmanager
def one_thread(wanted: bool) -> Iterator[None]:
    """Hold the BLAS libraries to one thread, and give them back as they were, also after errors."""
    if not wanted:
        yield
        return
    with _HELD.lock:
        if _HELD.holders == 0:
            _free_for_this_thread()
            _HELD.limits = _controller().limit(limits=1)
        _HELD.holders += 1
    try:
        yield
    finally:
        with _HELD.lock:
            # In a child that was forked meanwhile nobody holds it any more.
            if _HELD.holders > 0:
                _HELD.holders -= 1
                if _HELD.holders == 0:
                    _give_back()


def _give_back() -> None:
    _free_for_this_thread()
    _HELD.limits.restore_original_limits()
    _free_for_this_thread()


def _after_fork_in_child() -> None:
    """Give a child its BLAS back: the threads that held it are those of the parent."""
    _HELD.lock = threading.Lock()
    if _HELD.holders > 0:
        _HELD.holders = 0
        _give_back()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _free_for_this_thread() -> None:
    """Let the calling thread set limits, whichever set them last.

    From threadpoolctl 3.8 on, limits that another thread sets do nothing, and say nothing.
    """
    for one in _controller().lib_controllers:
        free = getattr(one, "clear_controlling_thread", None)
        if free is not None:
            free(force=True)
