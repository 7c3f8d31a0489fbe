import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kiosk.core.errors import Fault
from kiosk.core.ports import Band, FaceHealth, FaceUnavailable, Liveness, Looked
from kiosk.frames import Frame, Picture
from models.embed import FaceEmbedder
from models.manifest import ModelError
from models.photo import decode_photo
from models.session import Floats, Session
from scripts.demo.faces import card_photo
from tests.models.facekit import PATIENCE, Counter, open_counter, wait_until

WELL = FaceHealth(frozenset())


@pytest.fixture
def visited(demo_faces: Path, weights: Path) -> Iterator[Counter]:
    """A desk with the astronaut before it."""
    with open_counter(demo_faces / "astronaut", weights) as counter:
        assert counter.expect(FaceHealth) == WELL
        yield counter


@pytest.fixture
def deserted(demo_faces: Path, weights: Path) -> Iterator[Counter]:
    """A desk with nobody before it."""
    with open_counter(demo_faces / "nobody", weights) as counter:
        assert counter.expect(FaceHealth) == WELL
        yield counter


def _ready(counter: Counter) -> None:
    wait_until(lambda: len(counter.desk._shots) >= 3)


def test_a_visitor_with_his_own_card_matches(visited: Counter) -> None:
    _ready(visited)
    visited.desk.begin(1)
    visited.desk.compare(1, card_photo("astronaut").ljust(1024, b"\0"))
    looked = visited.expect(Looked)
    assert (looked.ticket, looked.band, looked.liveness) == (1, Band.ABOVE, Liveness.ABSENT)
    assert {"photo", "detect", "embed", "match"} == {stage for stage, _ in looked.times}
    assert all(0 < milliseconds < 1000 for _, milliseconds in looked.times)


def test_a_visitor_with_somebody_elses_card_does_not(visited: Counter) -> None:
    visited.desk.begin(1)
    visited.desk.compare(1, card_photo("hopper"))
    assert visited.expect(Looked).band is Band.BELOW


def test_a_compare_without_begin_is_answered(visited: Counter) -> None:
    visited.desk.compare(3, card_photo("astronaut"))
    assert visited.expect(Looked).ticket == 3


def test_nothing_is_embedded_before_a_card_is_felt(visited: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[Picture] = []
    real = FaceEmbedder.embed

    def counting(self: FaceEmbedder, aligned: Picture) -> Floats:
        embedded.append(aligned)
        return real(self, aligned)

    monkeypatch.setattr(FaceEmbedder, "embed", counting)
    _ready(visited)
    assert embedded == []
    visited.desk.begin(1)
    wait_until(lambda: len(embedded) == 3)


def test_who_walks_off_leaves_nothing_behind_at_once(visited: Counter, demo_faces: Path) -> None:
    _ready(visited)
    visited.clock.slow_down(0.2)
    last = max(shot.seen_at for shot in visited.desk._shots)
    visited.show(demo_faces / "nobody")
    wait_until(lambda: not visited.desk._shots)
    assert visited.clock.monotonic() - last < 0.9  # well before the shots would have aged


def test_a_face_that_comes_late_is_waited_for(deserted: Counter, demo_faces: Path) -> None:
    deserted.desk.begin(1)
    deserted.desk.compare(1, card_photo("astronaut"))
    time.sleep(0.5)
    assert deserted.said.empty()
    deserted.show(demo_faces / "astronaut")
    assert deserted.expect(Looked).band is Band.ABOVE


def test_another_look_is_taken_with_newer_pictures(visited: Counter, demo_faces: Path) -> None:
    _ready(visited)
    visited.desk.begin(1)
    visited.desk.compare(1, card_photo("hopper"))
    assert visited.expect(Looked).band is Band.BELOW
    visited.show(demo_faces / "hopper")
    assert visited.said.empty()
    visited.desk.look_again(1)
    assert visited.expect(Looked).band is Band.ABOVE
    assert visited.said.empty()


def test_another_look_for_a_visit_that_is_over_is_not_taken(visited: Counter) -> None:
    visited.desk.begin(1)
    visited.desk.compare(1, card_photo("astronaut"))
    visited.expect(Looked)
    visited.desk.forget()
    visited.desk.look_again(1)
    visited.desk.compare(2, card_photo("astronaut"))
    assert visited.expect(Looked).ticket == 2


def test_after_forget_no_answer_comes_whenever_it_falls(visited: Counter, full: bool) -> None:
    photo = card_photo("astronaut")
    rounds = 60 if full else 8
    for ticket in range(rounds):
        _ready(visited)
        visited.desk.begin(ticket)
        visited.desk.compare(ticket, photo)
        time.sleep(0.06 * ticket / rounds)
        visited.desk.forget()
        while not visited.said.empty():
            assert visited.expect(Looked).ticket == ticket
    visited.desk.compare(99, photo)
    assert visited.expect(Looked).ticket == 99


@pytest.mark.parametrize("photo", [card_photo("astronaut"), b"WLf"])
def test_after_forget_no_answer_comes_of_work_in_hand(
    visited: Counter, monkeypatch: pytest.MonkeyPatch, photo: bytes
) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def slow(block: bytes) -> Picture:
        reached.set()
        assert go_on.wait(PATIENCE)
        return decode_photo(block)

    monkeypatch.setattr("models.desk.decode_photo", slow)
    _ready(visited)
    visited.desk.begin(1)
    visited.desk.compare(1, photo)
    assert reached.wait(PATIENCE)
    visited.desk.forget()
    go_on.set()
    visited.desk.compare(2, card_photo("astronaut"))
    assert visited.expect(Looked).ticket == 2


def test_forget_blanks_what_was_held(visited: Counter) -> None:
    _ready(visited)
    visited.desk.begin(1)
    visited.desk.compare(1, card_photo("astronaut"))
    visited.expect(Looked)
    visit = visited.desk._visit
    assert visit is not None
    card = visit.card
    assert card is not None
    assert np.any(card)
    visited.desk.forget()
    assert not np.any(card)
    _ready(visited)
    crops = [shot.aligned for shot in visited.desk._shots]
    visited.desk.forget()
    assert not any(np.any(crop) for crop in crops)
    assert visited.desk._visit is None
    assert visit.shots == []
    assert visit.photo is None


@pytest.mark.parametrize(
    ("photo", "why"), [(b"", "no photo"), (bytes(1024), "no photo"), (b"WLf\x01" * 256, "decoder")]
)
def test_a_photo_that_cannot_be_shown_leaves_the_face_to_staff(visited: Counter, photo: bytes, why: str) -> None:
    visited.desk.begin(1)
    visited.desk.compare(1, photo)
    answer = visited.expect(FaceUnavailable)
    assert answer.ticket == 1
    assert why in answer.why


def test_a_lost_camera_is_reported_and_comes_back(visited: Counter, demo_faces: Path, tmp_path: Path) -> None:
    visited.camera.play(tmp_path / "unplugged")
    visited.desk.compare(1, card_photo("hopper"))
    if isinstance(event := visited.said.get(timeout=10), Looked):  # enough pictures were there already
        event = visited.said.get(timeout=10)
        visited.desk.compare(2, card_photo("hopper"))
    assert event == FaceHealth(frozenset({Fault.CAMERA}))
    assert "camera" in visited.expect(FaceUnavailable).why
    shutil.copytree(demo_faces / "astronaut", tmp_path / "unplugged")
    assert visited.expect(FaceHealth) == WELL
    visited.desk.compare(3, card_photo("astronaut"))
    assert visited.expect(Looked).band is Band.ABOVE


def test_a_camera_that_freezes_counts_as_lost(visited: Counter) -> None:
    picture = visited.frames.get()
    assert picture is not None
    visited.camera.close()
    visited.frames.put(Frame(picture.bgr, picture.taken_at, picture.number + 1))
    assert visited.expect(FaceHealth) == FaceHealth(frozenset({Fault.CAMERA}))


def test_models_that_appear_later_are_taken_up(demo_faces: Path, tmp_path: Path, weights: Path) -> None:
    with open_counter(demo_faces / "astronaut", tmp_path) as counter:
        assert counter.expect(FaceHealth) == FaceHealth(frozenset({Fault.MODELS}))
        counter.desk.begin(1)
        counter.desk.compare(1, card_photo("astronaut"))
        assert "yunet" in counter.expect(FaceUnavailable).why
        for file in weights.glob("*.onnx"):
            shutil.copyfile(file, tmp_path / file.name)
        counter.clock.skip(6)
        if (health := counter.expect(FaceHealth)) != WELL:  # to the camera's guard the skip looks like silence
            assert health.faults == {Fault.CAMERA}
            assert counter.expect(FaceHealth) == WELL
        counter.desk.compare(2, card_photo("astronaut"))
        assert counter.expect(Looked).band is Band.ABOVE


def test_a_model_that_fails_leaves_the_face_to_staff(visited: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Session, batch: Floats) -> dict[str, Floats]:
        raise ModelError("out of memory")

    monkeypatch.setattr(Session, "run", failing)
    visited.desk.compare(1, card_photo("astronaut"))
    assert visited.expect(FaceHealth) == FaceHealth(frozenset({Fault.MODELS}))
    assert visited.expect(FaceUnavailable) == FaceUnavailable(1, "out of memory")


def test_without_models_and_camera_a_desk_starts_answers_and_closes(tmp_path: Path) -> None:
    with open_counter(tmp_path, tmp_path) as counter:
        assert Fault.MODELS in counter.expect(FaceHealth).faults
        counter.desk.compare(1, card_photo("astronaut"))
        wait_until(lambda: not counter.said.empty())
        began = time.monotonic()
        counter.desk.close()
        assert time.monotonic() - began < 1.0
        assert FaceUnavailable in {type(event) for event in list(counter.said.queue)}
