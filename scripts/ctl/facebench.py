"""The face side alone, measured in a process that holds nothing else.

``python -m scripts.ctl.facebench BEGAN MANIFEST WEIGHTS VISITOR NOBODY CARD [MANIFEST WEIGHTS]`` prints one JSON
object. BEGAN: monotonic seconds at the launch; VISITOR and NOBODY: camera pictures; CARD: a photo block; the second
manifest: models to compare with. Called by ``kioskctl bench face``, whose own process has loaded Qt and made the
pictures: both would count as memory and start of the models.
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
from models.detect import open_detector
from models.engine import open_engine
from models.manifest import load_manifest
from models.photo import decode_photo

_WARM_UP, _ROUNDS = 5, 60
# Seconds.
_OPENING = 20.0
_SETTLING = 1.0
_IDLE = 3.0
_FRAME = 0.1


def measure(
    began: float, manifest: Path, weights: Path, visitor: Path, nobody: Path, card: Path, *known: Path
) -> dict[str, float]:
    """The figures of ``kioskctl bench face``. known: manifest and weights of YuNet and MobileFaceNet, or nothing."""
    cv2.setNumThreads(1)
    engine = open_engine(manifest, weights)
    started = time.monotonic()
    scene, block = _read(visitor), card.read_bytes()
    aligned = engine.see(scene).aligned
    if aligned is None:
        raise ValueError(f"no face in {visitor}")

    def live() -> None:
        sight = engine.see(scene)
        if sight.aligned is not None:
            engine.embed(sight.aligned)
        if sight.surroundings:
            engine.probability(sight.surroundings)

    [live_side] = _medians(live)
    [card_side] = _medians(lambda: engine.embed(engine.crop_of_card(decode_photo(block))))
    [embed] = _medians(lambda: engine.embed(aligned))
    figures = {
        "live_side_p50_ms": live_side,
        "card_side_p50_ms": card_side,
        "embed_p50_ms": embed,
        "start_ms": (started - began) * 1000,
        "peak_rss_mb": _peak_rss(),
    }
    detector = open_detector(load_manifest(manifest), weights)
    [figures["detect_p50_ms"]] = _medians(lambda: detector.detect(scene))
    figures["idle_cpu_percent"] = _idle(manifest, weights, _read(nobody))
    if known:
        # Last, so that it counts for nothing above.
        yardstick, yunet = open_engine(*known), open_detector(load_manifest(known[0]), known[1])
        crop = yardstick.see(scene).aligned
        if crop is None:
            raise ValueError(f"no face in {visitor}")
        own, other = _medians(lambda: engine.embed(aligned), lambda: yardstick.embed(crop))
        figures["embed_ratio_to_mobilefacenet"] = own / other
        own, other = _medians(lambda: detector.detect(scene), lambda: yunet.detect(scene))
        figures["detect_ratio_to_yunet"] = own / other
    return {name: round(number, 2) for name, number in figures.items()}


def _medians(*works: Callable[[], object]) -> list[float]:
    """Milliseconds of each, taken in turn: whatever else the machine does then slows all of them alike."""
    took: list[list[float]] = [[] for _ in works]
    for _ in range(_WARM_UP + _ROUNDS):
        for work, times in zip(works, took, strict=True):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
    return [statistics.median(times[_WARM_UP:]) * 1000 for times in took]


def _peak_rss() -> float:
    """MB. Not ru_maxrss: that begins with what the launching process held."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _idle(manifest: Path, weights: Path, hall: Picture) -> float:
    """Per cent of one core that a desk takes to watch a place where nobody stands."""
    said: queue.SimpleQueue[FaceEvent] = queue.SimpleQueue()
    frames = LatestFrame()
    desk = MatchingDesk(frames, manifest, weights, SystemClock(), lambda: FalseMatchRate.ONE_IN_1000)
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
