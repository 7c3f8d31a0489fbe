"""Cameras: V4L2 devices, and a folder of pictures that plays camera for the demo, for training and for tests.

URLs: ``v4l2:0`` or ``v4l2:/dev/video0``, ``folder:/path/to/pictures``, ``none:`` for a kiosk without a camera.
"""

import logging
import os
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path

import cv2
import numpy as np

from kiosk.core.errors import DeviceError, DeviceLostError, Fault, SettingsError
from kiosk.frames import Camera, Frame, LatestFrame, Picture

_log = logging.getLogger(__name__)

_EXAMPLE = 'write for example "v4l2:/dev/video0", "v4l2:0", "folder:/path/to/pictures" or "none:"'
_BACK_OFF = (0.25, 0.5, 1.0, 2.0)  # seconds
_JOIN = 1.0
_FOLDER_FPS = 10
_PICTURES = (".jpg", ".jpeg", ".png")
_SIZE = (1280, 720)


def open_camera(url: str) -> Camera:
    """The camera of a URL, not started; SettingsError where the URL names none."""
    scheme, colon, rest = url.partition(":")
    match scheme, rest:
        case "v4l2", device if device.isdecimal():
            return V4l2Camera(Path(f"/dev/video{int(device)}"))
        case "v4l2", device if device.startswith("/dev/"):
            return V4l2Camera(Path(device))
        case "folder", folder if folder:
            return FolderCamera(Path(folder))
        case "none", "" if colon:
            return NoCamera()
    raise SettingsError(f'no camera is called "{url}"; {_EXAMPLE}')


class NoCamera:
    """A kiosk without a camera: staff compare every face."""

    def start(self, frames: LatestFrame) -> None:
        frames.put(None)

    def close(self) -> None:
        pass


class _OwnedCamera(ABC):
    """Owner thread, reconnecting and numbering, the same for every source of pictures."""

    def __init__(self) -> None:
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, frames: LatestFrame) -> None:
        self._thread = threading.Thread(target=self._run, args=(frames,), name="camera", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=_JOIN)

    @abstractmethod
    def _open(self) -> None:
        """Take hold of the source; DeviceError where there is none."""

    @abstractmethod
    def _read(self) -> Picture:
        """The next picture, when it is due; DeviceLostError when there will be none."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of the source."""

    def _run(self, frames: LatestFrame) -> None:
        number = failures = 0
        while not self._closing.is_set():
            try:
                self._open()
                while not self._closing.is_set():
                    picture = self._read()
                    if failures:
                        _log.info("camera is back")
                    failures = 0
                    number += 1
                    frames.put(Frame(picture, time.monotonic(), number))
            except DeviceError as error:
                if not failures:
                    _log.warning("camera: %s", error.detail)
                failures += 1
                frames.put(None)
                self._closing.wait(_BACK_OFF[min(failures, len(_BACK_OFF)) - 1])
            finally:
                self._release()
        frames.put(None)


class V4l2Camera(_OwnedCamera):
    """A camera of the system, at 1280x720 where it can."""

    def __init__(self, device: Path) -> None:
        super().__init__()
        self._device = device
        self._capture = cv2.VideoCapture()

    def _open(self) -> None:
        if not self._device.exists():
            raise DeviceError(Fault.CAMERA, f"{self._device} is not there; check the plug of the camera")
        # OpenCV waits ten seconds for a camera that has stopped sending, and reads this at the first capture.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
        if not self._capture.open(str(self._device), cv2.CAP_V4L2):
            raise DeviceError(Fault.CAMERA, f"{self._device} does not open; is another program using it?")
        # Many cameras give this size at full rate as Motion JPEG only.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, _SIZE[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, _SIZE[1])
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def _read(self) -> Picture:
        ok, picture = self._capture.read()
        if not ok:
            raise DeviceLostError(Fault.CAMERA, f"{self._device} has stopped sending pictures; check its plug")
        return np.asarray(picture, dtype=np.uint8)

    def _release(self) -> None:
        self._capture.release()


class FolderCamera(_OwnedCamera):
    """The pictures of a folder by name, over and over, at ten a second; an empty or missing folder is a lost camera."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._next = 0
        self._due = 0.0

    def play(self, folder: Path) -> None:
        """Show another folder from the next picture on."""
        self._folder = folder

    def _open(self) -> None:
        self._due = time.monotonic()

    def _read(self) -> Picture:
        self._closing.wait(max(0.0, self._due - time.monotonic()))
        self._due = max(self._due + 1 / _FOLDER_FPS, time.monotonic())
        folder = self._folder
        try:
            pictures = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)
        except OSError as error:
            raise DeviceLostError(Fault.CAMERA, f"{folder}: {error.strerror}; name a folder of pictures") from error
        if not pictures:
            raise DeviceLostError(Fault.CAMERA, f"{folder} holds no picture; name a folder that does")
        self._next = (self._next + 1) % len(pictures)
        picture = cv2.imread(str(pictures[self._next]), cv2.IMREAD_COLOR)
        if picture is None:
            raise DeviceLostError(Fault.CAMERA, f"{pictures[self._next]} is not a picture; take it away")
        return np.asarray(picture, dtype=np.uint8)

    def _release(self) -> None:
        pass
