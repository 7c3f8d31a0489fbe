"""The real pcscd with its virtual reader, one for the whole test run; import ``rig`` into a conftest to use it.

Take the fixture before the first PcscReader starts: the PC/SC client library of a process looks for the daemon's
address once.
"""

import functools
import queue
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from drivers.rig import PrivateRig
from kiosk.core.errors import DeviceError
from kiosk.core.ports import ReaderEvent

# Longest wait of a test for something that takes two seconds at most.
PATIENCE = 10.0

Event = TypeVar("Event", bound=ReaderEvent)


class RealClock:
    """The clocks of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class Events:
    """What a reader emitted, in order."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[ReaderEvent] = queue.SimpleQueue()
        self.seen: list[ReaderEvent] = []

    def __call__(self, event: ReaderEvent) -> None:
        self._queue.put(event)

    def next(self, within: float = PATIENCE) -> ReaderEvent:
        """The next event; fails when there is none in time."""
        try:
            event = self._queue.get(timeout=within)
        except queue.Empty:
            pytest.fail(f"no further event after {self.seen}")
        self.seen.append(event)
        return event

    def until(self, kind: type[Event]) -> Event:
        """The next event of a kind; those before it are in ``seen``."""
        while not isinstance(event := self.next(), kind):
            pass
        return event

    def quiet_for(self, seconds: float) -> bool:
        """True when nothing comes for so long."""
        try:
            self.seen.append(self._queue.get(timeout=seconds))
        except queue.Empty:
            return True
        return False


@functools.cache
def _the_rig(config: pytest.Config) -> PrivateRig:
    folder = tempfile.TemporaryDirectory(prefix="rig")
    config.add_cleanup(folder.cleanup)
    rig = PrivateRig(Path(folder.name))
    config.add_cleanup(rig.close)
    return rig


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest) -> PrivateRig:
    """The rig of this run; skips with the reason where this machine cannot have one."""
    try:
        return _the_rig(request.config)
    except DeviceError as error:
        pytest.skip(error.detail)


@pytest.fixture
def bare_rig(rig: PrivateRig) -> PrivateRig:
    """The rig with its daemon up and nothing on its reader."""
    # pcscd takes up to 400 ms to see that a card left; a new one starts in a tenth of that.
    rig.stop_daemon()
    rig.remove()
    rig.start_daemon()
    return rig
