import hashlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.core.errors import Fault
from kiosk.core.ports import Band, FaceHealth, FaceUnavailable, Hint, Hinted, Liveness, Looked
from kiosk.frames import Frame, Picture
from models.detect import FaceDetector
from models.embed import FaceEmbedder
from models.manifest import ModelError, load_manifest, read_weights
from models.photo import decode_photo
from models.session import Floats, Session
from scripts.demo.faces import card_photo
from tests.models.facekit import (
    MANIFEST,
    PATIENCE,
    Counter,
    mask_of_the_mouth,
    mask_section,
    open_counter,
    wait_until,
    with_mask,
    without_liveness,
)
from tests.models.onnxkit import coarse, saying

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
    assert (looked.ticket, looked.band, looked.liveness) == (1, Band.ABOVE, Liveness.LIVE)
    assert {"photo", "detect", "embed", "liveness", "match"} == {stage for stage, _ in looked.times}
    assert all(0 < milliseconds < 1000 for _, milliseconds in looked.times)


def test_without_networks_for_liveness_it_is_absent(demo_faces: Path, weights: Path, tmp_path: Path) -> None:
    with open_counter(demo_faces / "astronaut", weights, without_liveness(tmp_path)) as counter:
        assert counter.expect(FaceHealth) == WELL
        counter.desk.compare(1, card_photo("astronaut"))
        looked = counter.expect(Looked)
        assert (looked.band, looked.liveness) == (Band.ABOVE, Liveness.ABSENT)


@pytest.mark.parametrize(
    ("sample", "verdicts"),
    [("image_T1", {Liveness.LIVE}), ("image_F1", {Liveness.UNSURE, Liveness.ATTACK}), ("image_F2", {Liveness.ATTACK})],
)
def test_a_published_attack_is_never_live(
    face_data: Path, weights: Path, tmp_path: Path, sample: str, verdicts: set[Liveness]
) -> None:
    shutil.copy(face_data / "eval" / "pad_samples" / f"{sample}.jpg", tmp_path)
    with open_counter(tmp_path, weights) as counter:
        assert counter.expect(FaceHealth) == WELL
        counter.desk.compare(1, card_photo("astronaut"))
        assert counter.expect(Looked).liveness in verdicts


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
    event = deserted.said.get(timeout=PATIENCE)
    if isinstance(event, Hinted):  # on a machine so slow that a second had passed
        event = deserted.expect(Looked)
    assert isinstance(event, Looked)
    assert event.band is Band.ABOVE


def test_nobody_is_asked_to_face_the_camera_and_in_the_dark_for_light(
    deserted: Counter, demo_faces: Path, tmp_path: Path
) -> None:
    deserted.desk.compare(1, card_photo("astronaut"))
    assert deserted.expect(Hinted) == Hinted(1, Hint.FACE_CAMERA)
    black = np.asarray(cv2.imread(str(demo_faces / "nobody" / "00.jpg")), np.uint8) // 50
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), black)
    deserted.show(tmp_path)
    deserted.desk.forget()
    deserted.desk.compare(2, card_photo("astronaut"))
    assert deserted.expect(Hinted) == Hinted(2, Hint.MORE_LIGHT)


def test_who_wears_a_mask_is_asked_to_take_it_off_and_not_compared(
    demo_faces: Path, weights: Path, tmp_path: Path
) -> None:
    models, scene = tmp_path / "models", tmp_path / "scene"
    shutil.copytree(weights, models)
    (models / "mouth.onnx").write_bytes(mask_of_the_mouth(112))
    manifest = tmp_path / "masks.toml"
    manifest.write_text(without_liveness(tmp_path).read_text() + mask_section())
    scene.mkdir()
    entry = load_manifest(MANIFEST).detect
    detector = FaceDetector(read_weights(entry, weights), entry)
    for file in (demo_faces / "astronaut").iterdir():
        frame = np.asarray(cv2.imread(str(file)), np.uint8)
        cv2.imwrite(str(scene / file.name), with_mask(frame, detector.detect(frame)[0].points))
    with open_counter(scene, models, manifest) as counter:
        assert counter.expect(FaceHealth) == WELL
        counter.desk.compare(1, card_photo("astronaut"))
        assert counter.expect(Hinted) == Hinted(1, Hint.TAKE_OFF_MASK)
        counter.show(demo_faces / "astronaut")
        assert counter.expect(Looked).band is Band.ABOVE


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
    crops = [crop for shot in visited.desk._shots for crop in (shot.aligned, *shot.surroundings)]
    assert all(np.any(crop) for crop in crops)
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
        assert "mobilefacenet" in counter.expect(FaceUnavailable).why
        for file in weights.glob("*.onnx"):
            shutil.copyfile(file, tmp_path / file.name)
        counter.clock.skip(6)
        if (health := counter.expect(FaceHealth)) != WELL:  # to the camera's guard the skip looks like silence
            assert health.faults == {Fault.CAMERA}
            assert counter.expect(FaceHealth) == WELL
        counter.desk.compare(2, card_photo("astronaut"))
        assert counter.expect(Looked).band is Band.ABOVE


BROKEN = {
    "no number": saying([np.nan] * 128, (112, 112)),
    "another shape": coarse(112, 4),
    "another size": coarse(96, 4),
    "opset": coarse(112, 4, opset=99),
    "no network": b"abc",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_network_that_cannot_be_used_leaves_the_face_to_staff(
    demo_faces: Path, weights: Path, tmp_path: Path, content: bytes
) -> None:
    entry = load_manifest(MANIFEST).embed
    models = tmp_path / "models"
    shutil.copytree(weights, models)
    (models / "foreign.onnx").write_bytes(content)
    text = without_liveness(tmp_path).read_text()
    manifest = tmp_path / "foreign.toml"
    manifest.write_text(
        text.replace(entry.file, "foreign.onnx").replace(entry.sha256, hashlib.sha256(content).hexdigest())
    )
    with open_counter(demo_faces / "astronaut", models, manifest) as counter:
        assert counter.expect(FaceHealth) == FaceHealth(frozenset({Fault.MODELS}))
        counter.desk.compare(1, card_photo("astronaut"))
        why = counter.expect(FaceUnavailable).why
        assert why.startswith(entry.name)
        assert why.endswith("install the models again")


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
