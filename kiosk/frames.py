"""Camera pictures on their way from the camera to the face engine and the mirror: only the latest one is kept."""

import threading
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Frame:
    """One uncropped camera picture.

    bgr: (height, width, 3) uint8, BGR, not mirrored. taken_at: monotonic seconds. number: counts up by one.
    """

    bgr: Picture
    taken_at: float
    number: int

    def __repr__(self) -> str:
        return f"Frame({self.number})"


class LatestFrame:
    """A slot that holds the newest frame only, so that no queue of faces can ever grow."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None

    def put(self, frame: Frame | None) -> None:
        """Replace what is there; None when the camera is lost."""
        with self._changed:
            self._frame = frame
            self._changed.notify_all()

    def get(self) -> Frame | None:
        """The newest frame, at once."""
        with self._changed:
            return self._frame

    def wait_newer(self, than: int, timeout: float) -> Frame | None:
        """The newest frame once its number is above ``than``, or None after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None and self._frame.number > than, timeout)
            return self._frame if self._frame is not None and self._frame.number > than else None


class Camera(Protocol):
    """A camera with an owner thread of its own, which reconnects by itself."""

    def start(self, frames: LatestFrame) -> None:
        """Start the owner thread; while the camera is lost the slot holds None."""

    def close(self) -> None:
        """Stop the thread and let go of the device, within a second."""
