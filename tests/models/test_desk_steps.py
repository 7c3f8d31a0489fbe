"""What the desk says and when: stepped by hand, with a clock and sights that the test owns."""

from collections.abc import Sequence
from pathlib import Path
from unittest.mock import ANY, Mock

import numpy as np
import pytest

from kiosk.core.policy import FalseMatchRate
from kiosk.core.ports import Band, FaceEvent, Hint, Hinted, Liveness, Looked
from kiosk.frames import Frame, LatestFrame, Picture
from models.desk import MatchingDesk
from models.embed import FaceEmbedder
from models.engine import FaceEngine, Sight
from models.liveness import LivenessDetector
from models.manifest import load_manifest
from models.quality import Quality
from models.session import Floats
from scripts.demo.faces import card_photo
from tests.models.facekit import MANIFEST, RATE, HandClock
from tests.models.onnxkit import coarse, saying

GOOD = Quality(eye_distance=90, sharpness=200, brightness=120, yaw=0, masked=False)
FRAME = 0.125  # seconds; a sum of these is exact
PHOTO = card_photo("astronaut")


CARD, LIVE = 1, 2  # grey of the crops


class ScriptedEngine(FaceEngine):
    """Sees what the test says: what is wrong, how like the card's the face is, and how likely it is alive."""

    def __init__(self, liveness: LivenessDetector | None) -> None:
        entry = load_manifest(MANIFEST).embed.model_copy(update={"dims": 12})
        super().__init__(Mock(), FaceEmbedder(coarse(112, 2), entry), liveness=liveness)
        self.hints: frozenset[Hint] = frozenset()
        self.alike, self.alive = 1.0, 1.0

    def see(self, bgr: Picture) -> Sight:
        return Sight(True, self.hints, np.full((112, 112, 3), LIVE, np.uint8), GOOD)

    def crop_of_card(self, photo: Picture) -> Picture:
        return np.full((112, 112, 3), CARD, np.uint8)

    def embed(self, aligned: Picture) -> Floats:
        alike = 1.0 if aligned[0, 0, 0] == CARD else self.alike
        return np.array([alike, np.sqrt(1 - alike**2)], np.float32)

    def probability(self, surroundings: tuple[Picture, ...]) -> float:
        return self.alive


class Stage:
    """A desk that takes one step for each frame."""

    def __init__(self, rate: FalseMatchRate = RATE, liveness: LivenessDetector | None = None) -> None:
        self.said: list[tuple[float, FaceEvent]] = []
        self.clock = HandClock()
        self.frames = LatestFrame()
        self.engine = ScriptedEngine(liveness)
        self.desk = MatchingDesk(self.frames, MANIFEST, Path("unused"), self.clock, lambda: rate)
        self.desk._engine = self.engine
        self.desk._emit = lambda event: self.said.append((self.clock.monotonic(), event))
        self.desk._report(camera_lost=False)
        self.said.clear()

    def play(self, *frames: Sequence[Hint]) -> None:
        for hints in frames:
            self.engine.hints = frozenset(hints)
            self.clock.go(FRAME)
            number = round(self.clock.monotonic() / FRAME)
            self.frames.put(Frame(np.zeros((4, 4, 3), np.uint8), self.clock.monotonic(), number))
            while self.desk._step(self.desk._visit):
                pass

    @property
    def looks(self) -> list[tuple[float, Band, Liveness]]:
        return [(at, event.band, event.liveness) for at, event in self.said if isinstance(event, Looked)]

    @property
    def hints(self) -> list[tuple[float, Hint]]:
        return [(at, event.hint) for at, event in self.said if isinstance(event, Hinted)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_hint_comes_after_a_second_and_then_every_three(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play(*[[Hint.HOLD_STILL]] * 80)
    assert stage.hints == [(at, Hint.HOLD_STILL) for at in (1.125, 4.125, 7.125)]
    assert stage.said[0][1] == Hinted(1, Hint.HOLD_STILL)


def test_nothing_is_said_before_an_answer_is_owed_and_the_second_begins_then(stage: Stage) -> None:
    stage.play(*[[Hint.FACE_CAMERA]] * 20)
    stage.desk.begin(1)
    stage.play(*[[Hint.FACE_CAMERA]] * 20)
    assert stage.said == []
    stage.desk.compare(1, PHOTO)
    stage.play(*[[Hint.FACE_CAMERA]] * 8)
    assert stage.said == []
    stage.play([Hint.FACE_CAMERA])
    assert stage.hints == [(6.125, Hint.FACE_CAMERA)]


def test_of_what_has_lasted_the_first_in_order_is_said(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play(*[list(Hint)] * 9)
    assert stage.hints == [(1.125, Hint.ONE_PERSON)]


def test_what_comes_and_goes_is_not_said_and_what_stays_beside_it_is(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play(*[[Hint.COME_CLOSER, Hint.HOLD_STILL], [Hint.HOLD_STILL, Hint.MORE_LIGHT]] * 5)
    assert stage.hints == [(1.125, Hint.HOLD_STILL)]


def test_reasons_that_take_turns_are_not_said(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play(*[[Hint.COME_CLOSER], [Hint.FACE_CAMERA]] * 20)
    assert stage.said == []


def test_who_can_be_compared_hears_no_hint_although_the_next_pictures_are_bad(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play(*[[Hint.FACE_CAMERA]] * 8, [], *[[Hint.FACE_CAMERA]] * 20)
    [(_, event)] = stage.said
    assert isinstance(event, Looked)


def test_the_pause_between_hints_runs_over_looks(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play(*[[Hint.MORE_LIGHT]] * 9, (), (), ())
    assert [type(event) for _, event in stage.said] == [Hinted, Looked]
    stage.desk.look_again(1)
    stage.play(*[[Hint.MORE_LIGHT]] * 40)
    assert stage.hints == [(1.125, Hint.MORE_LIGHT), (4.125, Hint.MORE_LIGHT)]


def test_another_look_waits_its_own_second(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play((), *[[Hint.MORE_LIGHT]] * 7)
    assert [type(event) for _, event in stage.said] == [Looked]
    stage.desk.look_again(1)
    stage.play(*[[Hint.MORE_LIGHT]] * 10)
    assert stage.hints == [(2.125, Hint.MORE_LIGHT)]


def test_after_forget_nothing_is_said(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play(*[[Hint.FACE_CAMERA]] * 8)
    stage.desk.forget()
    stage.play(*[[Hint.FACE_CAMERA]] * 20)
    assert stage.said == []


@pytest.mark.parametrize(
    ("alike", "bands"),
    [
        (0.27, [Band.BELOW, Band.BELOW, Band.BELOW]),
        (0.30, [Band.ABOVE, Band.BETWEEN, Band.BETWEEN]),
        (0.40, [Band.ABOVE, Band.ABOVE, Band.BETWEEN]),
        (0.45, [Band.ABOVE, Band.ABOVE, Band.ABOVE]),
    ],
)
def test_the_operating_point_decides_what_passes(alike: float, bands: list[Band]) -> None:
    for rate, band in zip(FalseMatchRate, bands, strict=True):
        stage = Stage(rate)
        stage.engine.alike = alike
        stage.desk.compare(1, PHOTO)
        stage.play(*[()] * 3)
        assert [found for _, found, _ in stage.looks] == [band]


@pytest.fixture
def watchful() -> Stage:
    """A stage with networks for liveness, which ask for five frames."""
    entry = load_manifest(MANIFEST).liveness
    assert entry is not None
    return Stage(liveness=LivenessDetector([saying([0.0, 1.0, 0.0], (80, 80))] * 2, entry))


def test_a_look_is_answered_with_the_fifth_frame(watchful: Stage) -> None:
    watchful.desk.compare(1, PHOTO)
    watchful.play(*[()] * 8)
    assert watchful.looks == [(0.625, Band.ABOVE, Liveness.LIVE)]


def test_frames_from_before_the_card_was_felt_count(watchful: Stage) -> None:
    watchful.play(*[()] * 6)
    watchful.desk.begin(1)
    watchful.desk.compare(1, PHOTO)
    while watchful.desk._step(watchful.desk._visit):
        pass
    assert watchful.looks == [(0.75, Band.ABOVE, Liveness.LIVE)]


def test_a_look_that_gets_too_few_frames_is_unsure_after_a_second_and_no_sooner(watchful: Stage) -> None:
    watchful.desk.compare(1, PHOTO)
    watchful.play((), (), (), *[[Hint.FACE_CAMERA]] * 20)
    assert watchful.said == [(1.125, Looked(1, Band.ABOVE, Liveness.UNSURE, ANY))]


def test_another_look_is_judged_for_itself(watchful: Stage) -> None:
    watchful.desk.compare(1, PHOTO)
    watchful.play(*[()] * 5)
    watchful.desk.look_again(1)
    watchful.engine.alive = 0.1
    watchful.play(*[()] * 5)
    assert [liveness for _, _, liveness in watchful.looks] == [Liveness.LIVE, Liveness.ATTACK]


def test_a_look_that_began_with_early_frames_still_waits_for_more(watchful: Stage) -> None:
    watchful.play((), (), (), *[[Hint.HOLD_STILL]] * 5)
    watchful.desk.begin(1)
    watchful.desk.compare(1, PHOTO)
    watchful.play((), ())
    assert watchful.looks == [(1.25, Band.ABOVE, Liveness.LIVE)]
