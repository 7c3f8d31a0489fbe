"""Sound outputs: the sound server through Qt, bare ALSA through ``aplay``, or silence.

Qt Multimedia speaks to PulseAudio and PipeWire only, so a machine without a sound server is served by ``aplay``.
"""

import os
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kiosk.core.errors import Fault

RATE = 22050  # Hz, 16 bit, mono: of every clip

_ALSA_DEVICES = Path("/proc/asound/pcm")
_END_S = 0.2


@dataclass(frozen=True, slots=True)
class Utterance:
    """What to play at once: the names of its clips in order, and their samples (RATE Hz, 16 bit, mono)."""

    names: tuple[str, ...]
    samples: bytes


class Sound(Protocol):
    """A sound output."""

    @property
    def fault(self) -> Fault | None:
        """Fault.SOUND where nothing can be heard, else None."""

    def play(self, utterance: Utterance) -> None:
        """Cut what is being played and play this; never blocks."""

    def close(self) -> None:
        """Cut what is being played and let go of the device."""


class SilentSound:
    """No output: keeps the names of what it was given, the newest last."""

    fault: Fault | None = Fault.SOUND

    def __init__(self) -> None:
        self.played: deque[tuple[str, ...]] = deque(maxlen=100)

    def play(self, utterance: Utterance) -> None:
        self.played.append(utterance.names)

    def close(self) -> None:
        """Nothing to let go of."""


class AplaySound:
    """A child process ``aplay`` (alsa-utils) for each utterance, killed when the next one comes."""

    def __init__(self, device: str = "default") -> None:
        self._command = ["aplay", "-q", "-D", device, "-t", "raw", "-f", "S16_LE", "-r", str(RATE), "-c", "1", "-"]
        self._child: subprocess.Popen[bytes] | None = None
        self._failed = False

    @property
    def fault(self) -> Fault | None:
        self._note_end()
        return Fault.SOUND if self._failed else None

    def play(self, utterance: Utterance) -> None:
        self.close()
        # A file in memory, not a pipe: a pipe would hold up the caller until the device has taken its samples.
        with os.fdopen(os.memfd_create("utterance"), "w+b") as samples:
            samples.write(utterance.samples)
            samples.seek(0)
            try:
                self._child = subprocess.Popen(
                    self._command, stdin=samples, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            except OSError:
                self._failed = True

    def close(self) -> None:
        self._note_end()
        if self._child is not None:
            self._child.kill()
            try:
                self._child.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._failed = True  # a sound driver that hangs holds its process; the next one will not open either
            self._child = None

    def _note_end(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._failed = self._child.returncode != 0
            self._child = None


def _alsa_present() -> bool:
    try:
        devices = _ALSA_DEVICES.read_text("ascii", "replace")
    except OSError:
        return False
    return "playback" in devices and shutil.which("aplay") is not None


def _server_present() -> bool:
    """True where PulseAudio or PipeWire may answer: spares a silent machine the import of Qt Multimedia (0.2 s)."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"))
    sockets = (runtime / "pulse/native", runtime / "pipewire-0", Path("/run/pulse/native"))
    return "PULSE_SERVER" in os.environ or any(socket.exists() for socket in sockets)


def pick_output() -> Sound:
    """The best output there is now; call it in the GUI thread."""
    if _server_present():
        from ui.qt_sound import QtSound, has_outputs

        if has_outputs():
            return QtSound()
    return AplaySound() if _alsa_present() else SilentSound()


class Speaker:
    """The output in use; ``look`` takes another one where it fails, so that sound comes back by itself."""

    def __init__(self, pick: Callable[[], Sound] = pick_output) -> None:
        self._pick = pick
        self._lock = threading.Lock()
        self._sound = pick()

    @property
    def fault(self) -> Fault | None:
        with self._lock:
            return self._sound.fault

    def look(self) -> Fault | None:
        """Take another output if this one fails, and tell its fault; call it every few seconds in the GUI thread."""
        with self._lock:
            if self._sound.fault is not None:
                self._sound.close()
                self._sound = self._pick()
            return self._sound.fault

    def play(self, utterance: Utterance) -> None:
        with self._lock:
            self._sound.play(utterance)

    def close(self) -> None:
        with self._lock:
            self._sound.close()


def open_sound() -> Speaker:
    """Open the best output there is; without any, the kiosk is silent and says so to staff."""
    return Speaker()
