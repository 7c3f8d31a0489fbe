"""What the face tests share: a clock that can skip ahead, and a desk with its camera and everything it said."""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from drivers.camera import FolderCamera
from kiosk.core.ports import FaceEvent
from kiosk.frames import LatestFrame
from models.desk import MatchingDesk

MANIFEST = Path(__file__).parents[2] / "models" / "production.toml"
PATIENCE = 15.0  # seconds; what is waited for takes well under three
E = TypeVar("E", bound=FaceEvent)


class PushedClock:
    """The real clock, which a test can push forward and slow down."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._ahead = self._began
        self._rate = 1.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self._ahead + (time.monotonic() - self._began) * self._rate

    def skip(self, seconds: float) -> None:
        self._ahead += seconds

    def slow_down(self, rate: float) -> None:
        self._ahead, self._began, self._rate = self.monotonic(), time.monotonic(), rate


class Counter:
    """A desk before a folder camera."""

    def __init__(self, folder: Path, weights: Path) -> None:
        self.said: queue.Queue[FaceEvent] = queue.Queue()
        self.frames = LatestFrame()
        self.clock = PushedClock()
        self.camera = FolderCamera(folder)
        self.desk = MatchingDesk(self.frames, MANIFEST, weights, self.clock)

    def expect(self, kind: type[E]) -> E:
        """The next event, which must be of this kind."""
        event = self.said.get(timeout=PATIENCE)
        assert isinstance(event, kind), event
        return event

    def show(self, folder: Path) -> None:
        """Put somebody else before the camera; returns once pictures of the folder arrive."""
        self.camera.play(folder)
        frame = self.frames.get()
        assert self.frames.wait_newer((frame.number if frame else 0) + 1, PATIENCE)


@contextmanager
def open_counter(folder: Path, weights: Path) -> Iterator[Counter]:
    counter = Counter(folder, weights)
    counter.camera.start(counter.frames)
    counter.desk.start(counter.said.put)
    try:
        yield counter
    finally:
        counter.desk.close()
        counter.camera.close()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
