"""Ctrl-C held back, so that what must not be cut in two is finished first."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

# A hangup is known on POSIX systems alone.
SIGNALS = tuple(
    getattr(signal, one) for one in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, one)
)
_ELSEWHERE = threading.local()


@contextlib.contextmanager
def held_interrupts() -> Iterator[Callable[[], bool]]:
    """Hold the first Ctrl-C back; yield a function that says whether it came.

    A second one raises KeyboardInterrupt at once. Held back are those signals that would raise it:
    where a program has a handler of its own, nothing changes. Signals reach the main thread alone;
    in another one, ``interrupted_by`` says what to ask.
    """
    with _held() as came:
        yield getattr(_ELSEWHERE, "interrupted", came)


@contextlib.contextmanager
def interrupted_by(asked: Callable[[], bool]) -> Iterator[None]:
    """Let what runs in the calling thread ask this function whether Ctrl-C came."""
    before = getattr(_ELSEWHERE, "interrupted", None)
    _ELSEWHERE.interrupted = asked
    try:
        yield
    finally:
        if before is None:
            del _ELSEWHERE.interrupted
        else:
            _ELSEWHERE.interrupted = before


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let what is inside come to its end; a Ctrl-C raises KeyboardInterrupt after it.

    In another thread than the main one it is for that one to raise it.
    """
    with _held() as came:
        yield
    if came():
        raise KeyboardInterrupt


@contextlib.contextmanager
def _held() -> Iterator[Callable[[], bool]]:
    came = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True

    held = []
    if threading.current_thread() is threading.main_thread():
        held = [one for one in SIGNALS if signal.getsignal(one) is signal.default_int_handler]
    try:
        for one in held:
            signal.signal(one, note)
        yield lambda: came
    finally:
        for one in held:
            signal.signal(one, signal.default_int_handler)
