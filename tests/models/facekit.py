"""What the face tests share: a clock that can skip ahead, and a desk with its camera and everything it said."""

import hashlib
import json
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from drivers.camera import FolderCamera
from kiosk.core.policy import FalseMatchRate
from kiosk.core.ports import FaceEvent
from kiosk.frames import LatestFrame, Picture
from models.desk import MatchingDesk
from models.manifest import MaskFinder, PictureInput
from models.session import Floats
from tests.models.onnxkit import weighing

MANIFEST = Path(__file__).parents[2] / "models" / "production.toml"
RATE = FalseMatchRate.ONE_IN_1000
PATIENCE = 15.0  # seconds; what is waited for takes well under three
E = TypeVar("E", bound=FaceEvent)


def without_liveness(folder: Path) -> Path:
    """The shipped manifest, but of detection and embedding only."""
    path = folder / "plain.toml"
    path.write_text(MANIFEST.read_text().partition("[liveness]")[0])
    return path


def mask_of_the_mouth(side: int) -> bytes:
    """A network that calls a crop masked as far as it is white where the mouth is."""
    weights = np.zeros((1, 3, side, side), np.float32)
    mouth = weights[:, :, side * 3 // 4 : side * 15 // 16, side // 4 : side * 3 // 4]
    mouth[:] = 1 / mouth.size
    return weighing(weights)


def mask_entry(side: int = 112) -> MaskFinder:
    """What a manifest says of ``mask_of_the_mouth``: from 0.7 on a face counts as masked."""
    content = mask_of_the_mouth(side)
    return MaskFinder(
        name="Mouth",
        card="mouth.md",
        file="mouth.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        licence="GPL-3.0-or-later",
        source="https://example.org",
        input=PictureInput(width=side, height=side, colours="BGR", low=0.0, high=1.0),
        masked_at=0.7,
    )


def mask_section() -> str:
    """The same as a manifest writes it."""
    entry = mask_entry()
    plain = entry.model_dump(exclude={"input"})
    shape = f'{{ width = {entry.input.width}, height = {entry.input.height}, colours = "BGR", low = 0.0, high = 1.0 }}'
    return "\n".join(
        ["[mask]", *(f"{key} = {json.dumps(value)}" for key, value in plain.items()), f"input = {shape}\n"]
    )


def with_mask(frame: Picture, points: Floats) -> Picture:
    """A white mask painted over mouth and chin of the face with these five points."""
    left, right, nose, mouth_left, mouth_right = points
    down = (mouth_left + mouth_right - left - right) / 2
    across = right - left
    corners = [
        nose + offset * across + depth * down
        for offset, depth in ((-0.9, 0.1), (0.9, 0.1), (0.7, 1.0), (0.0, 1.4), (-0.7, 1.0))
    ]
    painted = frame.copy()
    cv2.fillConvexPoly(painted, np.round(corners).astype(np.int32), (240, 245, 240))
    return painted


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


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self._at = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self._at

    def go(self, seconds: float) -> None:
        self._at = round(self._at + seconds, 6)


class Counter:
    """A desk before a folder camera."""

    def __init__(self, folder: Path, weights: Path, manifest: Path = MANIFEST) -> None:
        self.said: queue.Queue[FaceEvent] = queue.Queue()
        self.frames = LatestFrame()
        self.clock = PushedClock()
        self.camera = FolderCamera(folder)
        self.desk = MatchingDesk(self.frames, manifest, weights, self.clock, lambda: RATE)

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
def open_counter(folder: Path, weights: Path, manifest: Path = MANIFEST) -> Iterator[Counter]:
    counter = Counter(folder, weights, manifest)
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
