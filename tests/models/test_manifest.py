import shutil
from pathlib import Path

import pytest

from kiosk.core.errors import Fault, KioskError
from models.engine import open_engine
from models.manifest import Detector, ModelError, PictureInput, load_manifest, read_weights
from tests.models.facekit import MANIFEST

GOOD = MANIFEST.read_text()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("dims = 128", "dims = 128\ncolour_space = 1", "embed.colour_space"),
        ("min_score = 0.6", "", "detect.min_score"),
        ("dims = 128", 'dims = "128"', "embed.dims"),
        ('colours = "RGB"', 'colours = "GBR"', "embed.input.colours"),
        ('file = "yunet', 'file = "../yunet', "detect.file"),
        ("t_ask = 0.", "t_ask = 0.9", "embed.thresholds"),
        ("[embed]", "[embed", "TOML"),
    ],
)
def test_a_manifest_with_a_wrong_key_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in GOOD
    path = tmp_path / "models.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ModelError, match=named) as refusal:
        load_manifest(path)
    assert refusal.value.fault is Fault.MODELS


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(KioskError, match=r"nowhere\.toml"):
        load_manifest(tmp_path / "nowhere.toml")


def test_every_model_of_the_shipped_manifest_has_its_card() -> None:
    manifest = load_manifest(MANIFEST)
    for entry in (manifest.detect, manifest.embed):
        card = (MANIFEST.parent / entry.card).read_text()
        assert entry.licence in card
        assert entry.source in card
    assert manifest.embed.evaluation


def _entry(digest: str) -> Detector:
    return Detector(
        name="x",
        card="x.md",
        file="x.onnx",
        sha256=digest,
        licence="CC0-1.0",
        source="https://example.org",
        input=PictureInput(width=32, height=32, colours="BGR", low=0.0, high=255.0),
        min_score=0.5,
    )


def test_weights_are_hashed_before_anybody_parses_them(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"abc")
    # FIPS 180-2, B.1
    right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert read_weights(_entry(right), tmp_path) == b"abc"
    with pytest.raises(ModelError, match=r"x\.onnx is not the file"):
        read_weights(_entry(right.replace("b", "c")), tmp_path)


def test_missing_weights_say_where_to_copy_them(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"kioskctl models install FOLDER --to {tmp_path}"):
        open_engine(MANIFEST, tmp_path)


def test_altered_weights_are_refused(tmp_path: Path, weights: Path) -> None:
    manifest = load_manifest(MANIFEST)
    for entry in (manifest.detect, manifest.embed):
        shutil.copyfile(weights / entry.file, tmp_path / entry.file)
    altered = bytearray((tmp_path / manifest.embed.file).read_bytes())
    altered[len(altered) // 2] ^= 1
    (tmp_path / manifest.embed.file).write_bytes(altered)
    with pytest.raises(ModelError, match=manifest.embed.file):
        open_engine(MANIFEST, tmp_path)


def test_a_file_that_is_no_network_is_a_model_error(tmp_path: Path) -> None:
    from models.detect import FaceDetector

    with pytest.raises(ModelError, match="does not open"):
        FaceDetector(b"abc", _entry("0" * 64))
