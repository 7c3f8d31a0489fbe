"""One import at a time, and how the last one stands: for the staff line, also after the plug was pulled."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from kiosk.core.errors import ImportRefusedError, Refusal
from kiosk.core.ports import Clock
from kiosk.store import LAST_IMPORT, ImportState, LastImport, write_durably

LOCK = "import.lock"

_PATIENCE = 20  # times 50 ms: whoever only asks how an import stands holds the lock for a moment
_PAUSE = 0.05
_SECONDS_BETWEEN = 1.0


@contextmanager
def only_import(store: Path) -> Iterator[None]:
    """Hold the store's lock; it ends with the process. Raises ImportRefusedError(BUSY), and OSError."""
    handle = os.open(store / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        for _ in range(_PATIENCE):
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(_PAUSE)
        else:
            raise ImportRefusedError(Refusal.BUSY, "another import is running. Wait until it has ended.")
        yield
    finally:
        os.close(handle)


def last_import(store: Path) -> LastImport | None:
    """How the last import ended, or stands; None where there was none or nothing is known of it.

    One that says RUNNING without holding the lock was cut off (A7).
    """
    try:
        last = LastImport.model_validate_json((store / LAST_IMPORT).read_bytes())
    except (OSError, ValidationError):
        return None
    if last.state is ImportState.RUNNING and not _locked(store):
        return last.model_copy(update={"state": ImportState.UNFINISHED})
    return last


class Report:
    """Writes down how an import stands. A disk that takes no note is no reason to stop: the note then says RUNNING."""

    def __init__(self, store: Path, clock: Clock) -> None:
        self._path = store / LAST_IMPORT
        self._clock = clock
        self._copied = 0
        self._expected = 0
        self._told = (0, clock.monotonic())
        self._write(ImportState.RUNNING)

    def expect(self, length: int) -> None:
        """So many bytes more are to be copied."""
        self._expected += length

    def copied(self, length: int) -> None:
        """So many bytes were copied."""
        self._copied += length
        percent = min(99, 100 * self._copied // max(1, self._expected))
        told, at = self._told
        if percent > told and self._clock.monotonic() - at >= _SECONDS_BETWEEN:
            self._told = percent, self._clock.monotonic()
            self._write(ImportState.RUNNING, percent=percent)

    def done(self) -> None:
        self._write(ImportState.DONE, percent=100)

    def refused(self, error: ImportRefusedError) -> None:
        self._write(ImportState.REFUSED, error.refusal, error.detail)

    def _write(self, state: ImportState, refusal: Refusal | None = None, detail: str = "", percent: int = 0) -> None:
        last = LastImport(state=state, at=self._clock.now(), refusal=refusal, detail=detail, percent=percent)
        with suppress(OSError):
            write_durably(self._path, last.model_dump_json().encode())


def _locked(store: Path) -> bool:
    try:
        handle = os.open(store / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
