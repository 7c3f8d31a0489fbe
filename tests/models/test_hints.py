"""When the desk tells a visitor what is wrong: stepped by hand, with a clock and sights that the test owns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kiosk.core.ports import FaceEvent, Hint, Hinted, Looked
from kiosk.frames import Frame, LatestFrame, Picture
from models.desk import MatchingDesk
from models.embed import FaceEmbedder
from models.engine import FaceEngine, Sight
from models.manifest import load_manifest
from models.quality import Quality
from scripts.demo.faces import card_photo
from tests.models.facekit import MANIFEST, RATE, HandClock
from tests.models.onnxkit import coarse

GOOD = Quality(eye_distance=90, sharpness=200, brightness=120, yaw=0, masked=False)
FRAME = 0.125  # seconds; a sum of these is exact
PHOTO = card_photo("astronaut")


class ScriptedEngine(FaceEngine):
    """Sees what the test says; all faces are the same one."""

    def __init__(self) -> None:
        self.hints: frozenset[Hint] = frozenset()
        self._liveness = None
        self._embedder = FaceEmbedder(coarse(112, 2), load_manifest(MANIFEST).embed.model_copy(update={"dims": 12}))

    def see(self, bgr: Picture) -> Sight:
        return Sight(anybody=True, hints=self.hints, aligned=np.full((112, 112, 3), 9, np.uint8), quality=GOOD)

    def crop_of_card(self, photo: Picture) -> Picture:
        return np.full((112, 112, 3), 9, np.uint8)


class Stage:
    """A desk that takes one step for each frame."""

    def __init__(self) -> None:
        self.said: list[tuple[float, FaceEvent]] = []
        self.clock = HandClock()
        self.frames = LatestFrame()
        self.engine = ScriptedEngine()
        self.desk = MatchingDesk(self.frames, MANIFEST, Path("unused"), self.clock, RATE)
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


def test_another_look_waits_its_own_second_and_keeps_the_pause(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play(*[[Hint.MORE_LIGHT]] * 9, [], [], [])
    assert [type(event) for _, event in stage.said] == [Hinted, Looked]
    stage.desk.look_again(1)
    stage.play(*[[Hint.MORE_LIGHT]] * 40)
    assert stage.hints == [(1.125, Hint.MORE_LIGHT), (4.125, Hint.MORE_LIGHT)]


def test_after_forget_nothing_is_said(stage: Stage) -> None:
    stage.desk.compare(1, PHOTO)
    stage.play(*[[Hint.FACE_CAMERA]] * 8)
    stage.desk.forget()
    stage.play(*[[Hint.FACE_CAMERA]] * 20)
    assert stage.said == []
