import re
import shutil
from pathlib import Path

import pytest

from kiosk.core.errors import Fault, KioskError
from kiosk.core.policy import FalseMatchRate
from kiosk.core.ports import Band
from models.engine import open_engine
from models.manifest import Detector, Manifest, ModelError, PictureInput, Weights, load_manifest, read_weights
from models.weights import roles
from tests.models.facekit import MANIFEST, mask_entry, mask_section

GOOD = MANIFEST.read_text()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("dims = 128", "dims = 128\ncolour_space = 1", "embed.colour_space"),
        ("min_score = 0.6", "", "detect.min_score"),
        ("dims = 128", 'dims = "128"', "embed.dims"),
        ('colours = "RGB"', 'colours = "GBR"', "embed.input.colours"),
        ('file = "yunet', 'file = "../yunet', "detect.file"),
        ('"1e-3" = 0.36', '"1e-3" = 0.36, "1e-5" = 0.5', "embed.thresholds"),
        ('"1e-3" = 0.36, ', "", "embed: .*thresholds must name 1e-2, 1e-3, 1e-4"),
        ('"1e-3" = 0.36', '"1e-3" = 0.27', "embed: .*rise"),
        ('"1e-3" = 0.36', '"1e-3" = 1.36', "embed.thresholds.1e-3"),
        ('template = "arcface-112"', "", "embed.template"),
        ('template = "arcface-112"', 'template = "arcface-96"', "embed.template"),
        ('template = "arcface-112"', 'template = "dlib-150"', "embed: .*input must be 150"),
        ("attack_at = 0.2", "attack_at = 0.6", "liveness: .*attack_at must lie below live_at"),
        ("frames = 5", "frames = 0", "liveness.frames"),
        ("crop = 2.7", "", "liveness.networks.0.crop"),
        ("[embed]", "[embed", "TOML"),
    ],
)
def test_a_manifest_with_a_wrong_key_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in GOOD
    path = tmp_path / "models.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ModelError, match=f"{named}.*; reinstall it") as refusal:
        load_manifest(path)
    assert refusal.value.fault is Fault.MODELS


@pytest.mark.parametrize("rate", FalseMatchRate)
def test_an_operating_point_moves_what_passes_and_not_what_is_looked_at_again(rate: FalseMatchRate) -> None:
    embed = load_manifest(MANIFEST).embed
    thresholds = embed.at(rate)
    assert thresholds.t_ask == embed.thresholds[FalseMatchRate.ONE_IN_100]
    assert thresholds.t_pass == embed.thresholds[rate]
    assert thresholds.band(thresholds.t_pass) is Band.ABOVE
    assert thresholds.band(thresholds.t_ask - 0.01) is Band.BELOW
    between = Band.BETWEEN if rate is not FalseMatchRate.ONE_IN_100 else Band.ABOVE
    assert thresholds.band(thresholds.t_ask) is between


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(KioskError, match=r"nowhere\.toml"):
        load_manifest(tmp_path / "nowhere.toml")


def test_every_model_of_the_shipped_manifest_has_its_card() -> None:
    manifest = load_manifest(MANIFEST)
    for entry in roles(manifest).values():
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


def _copied(weights: Path, folder: Path) -> Manifest:
    manifest = load_manifest(MANIFEST)
    for entry in roles(manifest).values():
        shutil.copyfile(weights / entry.file, folder / entry.file)
    return manifest


@pytest.mark.parametrize("role", roles(load_manifest(MANIFEST)))
@pytest.mark.parametrize("how", ["altered", "truncated", "absent"])
def test_wrong_weights_of_any_role_are_refused_by_name(tmp_path: Path, weights: Path, role: str, how: str) -> None:
    file = tmp_path / roles(_copied(weights, tmp_path))[role].file
    content = bytearray(file.read_bytes())
    file.unlink()
    if how == "altered":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif how == "truncated":
        file.write_bytes(content[:-1])
    with pytest.raises(ModelError, match=re.escape(file.name)):
        open_engine(MANIFEST, tmp_path)


def test_swapped_weights_are_refused_by_name(tmp_path: Path, weights: Path) -> None:
    manifest = _copied(weights, tmp_path)
    detect, embed = tmp_path / manifest.detect.file, tmp_path / manifest.embed.file
    content = detect.read_bytes()
    shutil.copyfile(embed, detect)
    embed.write_bytes(content)
    with pytest.raises(ModelError, match=f"{re.escape(embed.name)} is not the file the manifest names"):
        open_engine(MANIFEST, tmp_path)


def _named(entry: Weights) -> str:
    return f'file = "{entry.file}"\nsha256 = "{entry.sha256}"'


def _borrowing(role: str, other: str, folder: Path) -> Path:
    """The shipped manifest, with a mask network, in which a role names the file of another one, hash and all."""
    entries = roles(load_manifest(MANIFEST))
    if role == "mask":
        text = f"{GOOD}\n{mask_section()}".replace(_named(mask_entry()), _named(entries[other]))
    else:
        text = GOOD.replace(_named(entries[role]), _named(entries[other]))
    path = folder / "models.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("role", ["detect", "embed", "mask", "liveness.1", "liveness.2"])
@pytest.mark.parametrize("other", ["detect", "embed", "liveness.1"])
def test_a_sound_file_of_another_role_is_refused_before_anybody_stands_there(
    tmp_path: Path, weights: Path, role: str, other: str
) -> None:
    if role.partition(".")[0] == other.partition(".")[0]:
        return
    with pytest.raises(ModelError, match="install the models again"):
        open_engine(_borrowing(role, other, tmp_path), weights)


def test_a_file_that_is_no_network_is_a_model_error(tmp_path: Path) -> None:
    from models.detect import FaceDetector

    with pytest.raises(ModelError, match="does not open"):
        FaceDetector(b"abc", _entry("0" * 64))
