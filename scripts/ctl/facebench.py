"""The face side alone, measured in a process that holds nothing else.

``python -m scripts.ctl.facebench BEGAN MANIFEST WEIGHTS VISITOR NOBODY CARD`` prints one JSON object. BEGAN: monotonic
seconds at the launch; VISITOR and NOBODY: camera pictures; CARD: a photo block. Called by ``kioskctl bench face``,
whose own process has loaded Qt and made the pictures: both would count as memory and start of the models.
"""

import json
import queue
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from kiosk.clock import SystemClock
from kiosk.core.policy import FalseMatchRate
from kiosk.core.ports import FaceEvent, FaceHealth
from kiosk.frames import Frame, LatestFrame, Picture
from models.desk import MatchingDesk
from models.detect import FaceDetector
from models.engine import open_engine
from models.manifest import load_manifest, read_weights
from models.photo import decode_photo

_WARM_UP, _ROUNDS = 5, 60
# Seconds.
_OPENING = 20.0
_SETTLING = 1.0
_IDLE = 3.0
_FRAME = 0.1


def measure(began: float, manifest: Path, weights: Path, visitor: Path, nobody: Path, card: Path) -> dict[str, float]:
    """The figures of ``kioskctl bench face``."""
    cv2.setNumThreads(1)
    engine = open_engine(manifest, weights)
    started = time.monotonic()
    scene, block = _read(visitor), card.read_bytes()
    aligned = engine.see(scene).aligned
    if aligned is None:
        raise ValueError(f"no face in {visitor}")

    def live() -> None:
        crop = engine.see(scene).aligned
        if crop is not None:
            engine.embed(crop)

    figures = {
        "live_side_p50_ms": _median(live),
        "card_side_p50_ms": _median(lambda: engine.embed(engine.crop_of_card(decode_photo(block)))),
        "embed_p50_ms": _median(lambda: engine.embed(aligned)),
        "start_ms": (started - began) * 1000,
        "peak_rss_mb": _peak_rss(),
    }
    entry = load_manifest(manifest).detect
    detector = FaceDetector(read_weights(entry, weights), entry)
    figures["detect_p50_ms"] = _median(lambda: detector.detect(scene))
    figures["idle_cpu_percent"] = _idle(manifest, weights, _read(nobody))
    return {name: round(number, 2) for name, number in figures.items()}


def _median(work: Callable[[], object]) -> float:
    took = []
    for _ in range(_WARM_UP + _ROUNDS):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took[_WARM_UP:]) * 1000


def _peak_rss() -> float:
    """MB. Not ru_maxrss: that begins with what the launching process held."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _idle(manifest: Path, weights: Path, hall: Picture) -> float:
    """Per cent of one core that a desk takes to watch a place where nobody stands."""
    said: queue.SimpleQueue[FaceEvent] = queue.SimpleQueue()
    frames = LatestFrame()
    desk = MatchingDesk(frames, manifest, weights, SystemClock(), FalseMatchRate.ONE_IN_1000)
    frames.put(Frame(hall, time.monotonic(), 0))
    desk.start(said.put)
    try:
        while said.get(timeout=_OPENING) != FaceHealth(frozenset()):
            pass
        _play(frames, hall, 1, _SETTLING)
        began, used = time.monotonic(), time.process_time()
        _play(frames, hall, 1000, _IDLE)
        return 100 * (time.process_time() - used) / (time.monotonic() - began)
    finally:
        desk.close()


def _play(frames: LatestFrame, picture: Picture, first: int, seconds: float) -> None:
    for number in range(round(seconds / _FRAME)):
        frames.put(Frame(picture, time.monotonic(), first + number))
        time.sleep(_FRAME)


def _read(path: Path) -> Picture:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), dtype=np.uint8)


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]), *map(Path, sys.argv[2:]))))
