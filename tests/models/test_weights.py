import hashlib
from pathlib import Path

import pytest

from kiosk.core.errors import Fault
from models.manifest import Manifest, ModelError, load_manifest
from models.weights import Standing, install_weights, roles, standing
from tests.models.facekit import MANIFEST, mask_entry

CONTENT = {
    "detect": b"finds faces",
    "embed": b"tells them apart",
    "mask": b"sees masks",
    "liveness.1": b"looks closely",
    "liveness.2": b"looks around",
}


@pytest.fixture
def manifest() -> Manifest:
    """The shipped manifest with a mask network, but of small files."""
    shipped = load_manifest(MANIFEST)
    liveness = shipped.liveness
    assert liveness is not None
    shipped = shipped.model_copy(update={"mask": mask_entry()})
    small = {
        role: entry.model_copy(update={"file": f"{role}.onnx", "sha256": hashlib.sha256(CONTENT[role]).hexdigest()})
        for role, entry in roles(shipped).items()
    }
    networks = small.pop("liveness.1"), small.pop("liveness.2")
    return shipped.model_copy(update=small | {"liveness": liveness.model_copy(update={"networks": networks})})


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    for role, content in CONTENT.items():
        (folder / f"{role}.onnx").write_bytes(content)
    (folder / "readme.txt").write_text("not a model")
    return folder


def found(manifest: Manifest, folder: Path) -> list[Standing]:
    return [standing(entry, folder) for entry in roles(manifest).values()]


def test_every_role_of_the_shipped_manifest_is_listed() -> None:
    assert list(roles(load_manifest(MANIFEST))) == ["detect", "embed", "liveness.1", "liveness.2"]


def test_a_network_for_masks_is_listed_where_there_is_one(manifest: Manifest) -> None:
    assert list(roles(manifest)) == list(CONTENT)


def test_a_file_is_right_altered_or_absent(manifest: Manifest, stick: Path) -> None:
    assert set(found(manifest, stick)) == {Standing.OK}
    (stick / "detect.onnx").write_bytes(CONTENT["detect"][:-1])
    (stick / "embed.onnx").unlink()
    (stick / "liveness.2.onnx").write_bytes(CONTENT["liveness.1"])
    assert found(manifest, stick) == [
        Standing.ALTERED,
        Standing.ABSENT,
        Standing.OK,
        Standing.OK,
        Standing.ALTERED,
    ]


def test_what_cannot_be_read_is_not_called_altered(manifest: Manifest, stick: Path) -> None:
    (stick / "embed.onnx").unlink()
    (stick / "embed.onnx").mkdir()
    with pytest.raises(ModelError, match=r"embed\.onnx: Is a directory"):
        found(manifest, stick)


def test_the_files_of_the_manifest_are_copied_and_no_others(manifest: Manifest, stick: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "models"
    install_weights(manifest, stick, target)
    assert {path.stem: path.read_bytes() for path in target.iterdir()} == CONTENT


@pytest.mark.parametrize("spoil", ["alter", "remove"])
def test_one_wrong_file_and_nothing_changes(manifest: Manifest, stick: Path, tmp_path: Path, spoil: str) -> None:
    target = tmp_path / "models"
    target.mkdir()
    (target / "detect.onnx").write_bytes(b"older")
    # The last one: the files before it are right.
    last = stick / "liveness.2.onnx"
    if spoil == "alter":
        last.write_bytes(b"x" + CONTENT["liveness.2"][1:])
    else:
        last.unlink()
    with pytest.raises(ModelError, match=r"liveness\.2\.onnx") as refusal:
        install_weights(manifest, stick, target)
    assert refusal.value.fault is Fault.MODELS
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {"detect.onnx": b"older"}


def test_a_disk_that_fails_midway_leaves_what_was_there(
    manifest: Manifest, stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "models"
    target.mkdir()
    (target / "detect.onnx").write_bytes(b"older")
    synced = []

    def full_disk(handle: int) -> None:
        synced.append(handle)
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("models.weights.os.fsync", full_disk)
    with pytest.raises(ModelError, match="No space left on device; name a folder"):
        install_weights(manifest, stick, target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {"detect.onnx": b"older"}


def test_a_target_that_is_no_folder_is_named(manifest: Manifest, stick: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ModelError, match="models: File exists"):
        install_weights(manifest, stick, tmp_path / "models")
