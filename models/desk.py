"""The desk that compares the visitor with the photo on the card, in a thread of its own.

Before a card is felt faces are found and judged, never embedded. Crops of the last second wait as shots; ``begin``
embeds the best of them while the card is still being read, so that only the card side is left for ``compare``. Where
the manifest has networks for liveness they look at the very shots that are embedded, and at a few more.
One lock guards what is shared; answers are sent inside it, so that none can follow a ``forget``.
"""

import heapq
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.core.errors import Fault
from kiosk.core.policy import FalseMatchRate
from kiosk.core.ports import Clock, FaceEvent, FaceHealth, FaceUnavailable, Hint, Hinted, Looked
from kiosk.frames import LatestFrame, Picture
from models.embed import cosine
from models.engine import FaceEngine, open_engine
from models.manifest import ModelError
from models.photo import PhotoError, decode_photo
from models.session import Floats

_log = logging.getLogger(__name__)

# Seconds.
_PACE_BUSY = 0.1
_PACE_IDLE = 0.3
_POLL = 0.02
_SHOT_AGE = 1.0
# A look waits no longer than this for more shots once it has one; five frames for liveness take half a second.
_LOOK = 0.5
_LOOK_WITH_LIVENESS = 1.0
_HOLDS = 1.0  # so long something is wrong before the visitor is told
_HINT_PAUSE = 3.0
_LOST_AFTER = 1.0
_FROZEN_AFTER = 2.0
_REOPEN = 5.0
_JOIN = 2.0

_SHOTS = 3
_COUNTED = 2  # a look's score is the mean of this many best scores of its shots


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class _Shot:
    aligned: Picture
    surroundings: tuple[Picture, ...]
    rank: float
    seen_at: float

    def wipe(self) -> None:
        for picture in (self.aligned, *self.surroundings):
            picture.fill(0)


@dataclass(slots=True, repr=False, eq=False)
class _Visit:
    """One card on the reader.

    shots: still to be looked at, the best one last. first_shot_at: when the look at hand had its first one. asked: an
    answer is owed. gathering: the look at hand is still open. live and alive: what its shots gave, vectors and
    probabilities of a living person. ailing: since when what is wrong has been so. hint_from: earliest next hint.
    """

    ticket: int
    shots: list[_Shot]
    first_shot_at: float | None
    hint_from: float
    asked: bool = False
    gathering: bool = True
    photo: bytes | None = None
    card: Floats | None = None
    live: list[Floats] = field(default_factory=list)
    alive: list[float] = field(default_factory=list)
    ailing: dict[Hint, float] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)

    def wipe(self) -> None:
        """Blank what is held. The lists of vectors stay as long as they are: the owner thread may be at them."""
        self.photo = None
        self._wipe_look()
        if self.card is not None:
            self.card.fill(0)

    def end_look(self) -> None:
        """For the owner thread."""
        self._wipe_look()
        self.live.clear()
        self.alive.clear()
        self.first_shot_at = None

    def _wipe_look(self) -> None:
        _wipe(self.shots)
        for vector in self.live:
            vector.fill(0)


def _wipe(shots: list[_Shot]) -> None:
    for shot in shots:
        shot.wipe()
    shots.clear()


def _drop_old(shots: list[_Shot], now: float) -> None:
    """shots: the oldest first."""
    while shots and shots[0].seen_at < now - _SHOT_AGE:
        shots.pop(0).wipe()


class MatchingDesk:
    """A FaceDesk over the newest camera frame and the models of a manifest.

    weights: the folder of the files that the manifest names. Missing models are looked for again every five seconds.
    rate: the operating point at which a look passes, asked at each look: policies change while the kiosk runs.
    """

    def __init__(
        self, frames: LatestFrame, manifest: Path, weights: Path, clock: Clock, rate: Callable[[], FalseMatchRate]
    ) -> None:
        self._frames = frames
        self._manifest = manifest
        self._weights = weights
        self._clock = clock
        self._rate = rate
        self._thread = threading.Thread(target=self._run, name="face-desk", daemon=True)
        self._emit: Callable[[FaceEvent], None]
        # Shared, under the lock.
        self._wake = threading.Condition()
        self._poked = False
        self._closing = False
        self._visit: _Visit | None = None
        self._shots: list[_Shot] = []
        # Of the owner thread alone.
        self._engine: FaceEngine | None = None
        self._why_no_models = ""
        self._open_next = clock.monotonic()
        self._reported: frozenset[Fault] | None = None
        self._newest: int | None = None
        self._newest_at = clock.monotonic()
        self._examined: int | None = None
        self._examine_next = clock.monotonic()

    def start(self, emit: Callable[[FaceEvent], None]) -> None:
        self._emit = emit
        self._newest_at = self._clock.monotonic()
        self._thread.start()

    def begin(self, ticket: int) -> None:
        with self._wake:
            self._open_visit(ticket)

    def compare(self, ticket: int, photo: bytes) -> None:
        with self._wake:
            visit = self._visit
            if visit is None or visit.ticket != ticket:
                visit = self._open_visit(ticket)
            visit.photo = photo
            self._ask(visit)

    def look_again(self, ticket: int) -> None:
        with self._wake:
            visit = self._visit
            if visit is not None and visit.ticket == ticket:
                self._ask(visit)

    def forget(self) -> None:
        with self._wake:
            if self._visit is not None:
                self._visit.wipe()
                self._visit = None
            _wipe(self._shots)

    def close(self) -> None:
        with self._wake:
            self._closing = True
            self._poke()
        if self._thread.is_alive():
            self._thread.join(timeout=_JOIN)
        self.forget()

    def _open_visit(self, ticket: int) -> _Visit:
        if self._visit is not None:
            self._visit.wipe()
        now = self._clock.monotonic()
        _drop_old(self._shots, now)
        shots = sorted(self._shots, key=lambda shot: shot.rank)
        self._shots.clear()
        self._visit = _Visit(ticket, shots, first_shot_at=now if shots else None, hint_from=now)
        self._poke()
        return self._visit

    def _ask(self, visit: _Visit) -> None:
        visit.asked = visit.gathering = True
        visit.times = {}
        visit.ailing = {}
        self._poke()

    def _poke(self) -> None:
        self._poked = True
        self._wake.notify_all()

    # What follows runs in the owner thread.

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._closing:
                    return
                self._poked = False
                visit = self._visit
            if not self._step(visit):
                pause = max(_POLL, self._examine_next - self._clock.monotonic())
                with self._wake:
                    self._wake.wait_for(lambda: self._poked, pause)

    def _step(self, visit: _Visit | None) -> bool:
        """Do one piece of work; False when there is none before the next frame or question."""
        self._open_models()
        camera_lost = self._camera_lost()
        self._report(camera_lost)
        engine = self._engine
        try:
            if engine is not None and visit is not None and self._serve(engine, visit):
                return True
            if engine is not None and not camera_lost:
                return self._watch(engine, visit)
        except ModelError as error:
            self._lose_models(error)
            return True
        if visit is not None and visit.asked:
            why = "no picture from the camera" if engine is not None else self._why_no_models
            self._answer(visit, FaceUnavailable(visit.ticket, why))
        return False

    def _serve(self, engine: FaceEngine, visit: _Visit) -> bool:
        with self._wake:
            photo, visit.photo = visit.photo, None
            shot = visit.shots.pop() if visit.shots and photo is None else None
        if photo is not None:
            self._read_card(engine, visit, photo)
            return True
        if shot is not None:
            self._look_at(engine, visit, shot)
            return True
        if visit.asked and visit.card is not None and self._look_is_ripe(engine, visit):
            with self._stage(visit, "match"):
                scores = heapq.nlargest(_COUNTED, (cosine(visit.card, vector) for vector in visit.live))
                band = engine.band(sum(scores) / len(scores), self._rate())
            liveness = engine.liveness(visit.alive)
            self._answer(visit, Looked(visit.ticket, band, liveness, tuple(visit.times.items())))
            return True
        return False

    def _look_at(self, engine: FaceEngine, visit: _Visit, shot: _Shot) -> None:
        try:
            if len(visit.live) < _SHOTS:
                with self._stage(visit, "embed"):
                    visit.live.append(engine.embed(shot.aligned))
            if len(visit.alive) < engine.liveness_frames:
                with self._stage(visit, "liveness"):
                    visit.alive.append(engine.probability(shot.surroundings))
        finally:
            shot.wipe()

    def _read_card(self, engine: FaceEngine, visit: _Visit, photo: bytes) -> None:
        try:
            with self._stage(visit, "photo"):
                picture = decode_photo(photo)
        except PhotoError as error:
            self._answer(visit, FaceUnavailable(visit.ticket, error.detail))
            return
        with self._stage(visit, "detect"):
            crop = engine.crop_of_card(picture)
        with self._stage(visit, "embed"):
            visit.card = engine.embed(crop)

    def _look_is_ripe(self, engine: FaceEngine, visit: _Visit) -> bool:
        if _complete(engine, visit):
            return True
        began, patience = visit.first_shot_at, _LOOK_WITH_LIVENESS if engine.liveness_frames else _LOOK
        return bool(visit.live) and began is not None and self._clock.monotonic() - began >= patience

    def _watch(self, engine: FaceEngine, visit: _Visit | None) -> bool:
        """Examine the newest frame when it is time to."""
        frame = self._frames.get()
        now = self._clock.monotonic()
        if frame is None or frame.number == self._examined or now < self._examine_next:
            return False
        if visit is not None and (not visit.gathering or _complete(engine, visit)):
            return False
        sight = engine.see(frame.bgr)
        self._examined = frame.number
        self._examine_next = now + (_PACE_BUSY if sight.anybody or visit is not None else _PACE_IDLE)
        with self._wake:
            if self._visit is not visit:
                return True
            if visit is None:
                _drop_old(self._shots, now)
                if not sight.anybody:
                    # An empty place means that whoever comes next is somebody else.
                    _wipe(self._shots)
            if sight.aligned is not None and sight.quality is not None and not sight.hints:
                shot = _Shot(sight.aligned, sight.surroundings, sight.quality.rank, now)
                if visit is None:
                    self._shots.append(shot)
                else:
                    visit.shots.append(shot)
                    if visit.first_shot_at is None:
                        visit.first_shot_at = now
                    _add(visit.times, "detect", self._clock.monotonic() - now)
            if visit is not None and visit.asked:
                self._hint(visit, sight.hints, now)
        return True

    def _hint(self, visit: _Visit, hints: frozenset[Hint], now: float) -> None:
        """Tell the visitor what has been wrong for a while; where several things have, the first in order."""
        visit.ailing = {hint: visit.ailing.get(hint, now) for hint in Hint if hint in hints}
        lasting = [hint for hint, since in visit.ailing.items() if now - since >= _HOLDS]
        if lasting and now >= visit.hint_from:
            visit.hint_from = now + _HINT_PAUSE
            self._emit(Hinted(visit.ticket, lasting[0]))

    def _answer(self, visit: _Visit, event: Looked | FaceUnavailable) -> None:
        with self._wake:
            if self._visit is not visit or not visit.asked:
                return
            visit.asked = visit.gathering = False
            visit.end_look()
            self._emit(event)

    @contextmanager
    def _stage(self, visit: _Visit, name: str) -> Iterator[None]:
        began = self._clock.monotonic()
        yield
        _add(visit.times, name, self._clock.monotonic() - began)

    def _open_models(self) -> None:
        now = self._clock.monotonic()
        if self._engine is not None or now < self._open_next:
            return
        try:
            self._engine = open_engine(self._manifest, self._weights)
        except ModelError as error:
            self._lose_models(error)
        else:
            _log.info("face models opened")

    def _lose_models(self, error: ModelError) -> None:
        if error.detail != self._why_no_models:
            _log.warning("no face models: %s", error.detail)
        self._engine = None
        self._why_no_models = error.detail
        self._open_next = self._clock.monotonic() + _REOPEN

    def _camera_lost(self) -> bool:
        frame = self._frames.get()
        now = self._clock.monotonic()
        if frame is not None and frame.number != self._newest:
            self._newest, self._newest_at = frame.number, now
        return now - self._newest_at > (_LOST_AFTER if frame is None else _FROZEN_AFTER)

    def _report(self, camera_lost: bool) -> None:
        faults = frozenset(
            fault for fault, there in ((Fault.CAMERA, camera_lost), (Fault.MODELS, self._engine is None)) if there
        )
        if faults != self._reported:
            self._reported = faults
            self._emit(FaceHealth(faults))


def _complete(engine: FaceEngine, visit: _Visit) -> bool:
    return len(visit.live) >= _SHOTS and len(visit.alive) >= engine.liveness_frames


def _add(times: dict[str, float], stage: str, seconds: float) -> None:
    times[stage] = times.get(stage, 0.0) + seconds * 1000
