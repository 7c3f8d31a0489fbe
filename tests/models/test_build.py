import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from models import build, dlib
from models.build import build_embedder, build_set, ingredients
from models.dlib import read_published
from models.manifest import ModelError, load_manifest
from models.weights import Standing, roles, standing
from tests.models.dlibkit import invented, published

Floats = NDArray[np.float32]
LAST = 28


def answers(network: bytes | Path, rgb: Floats) -> Floats:
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    [vectors] = session.run(None, {session.get_inputs()[0].name: rgb})
    return np.asarray(vectors, np.float32)


def npz(**arrays: Floats) -> bytes:
    file = io.BytesIO()
    halved: dict[str, Any] = {name: value.astype(np.float16) for name, value in arrays.items()}
    np.savez_compressed(file, **halved)
    return file.getvalue()


def cosine(pair: Floats) -> float:
    one, other = pair
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def weights_of(network: bytes) -> dict[str, Floats]:
    return {one.name: numpy_helper.to_array(one) for one in onnx.load_from_string(network).graph.initializer}


def synthetic() -> Floats:
    """Waves of three colours and a disc: structure at every scale, the same on every machine."""
    y, x = np.mgrid[:150, :150].astype(np.float32)
    waves = [128 + 90 * np.sin(x / step + y / (step + 4)) for step in (5, 9, 17)]
    picture = np.stack(waves) * np.where((x - 74) ** 2 + (y - 80) ** 2 < 50**2, 1.0, 0.5)
    return np.round(picture)[None].astype(np.float32)


def test_it_answers_as_the_reference_does(weights: Path) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (2, 3, 150, 150)).astype(np.float32)
    rgb[1] = synthetic()[0]
    reference = answers(weights / "dlib_resnet_v1_raw255rgb_150.onnx", rgb)
    assert np.abs(reference).max() > 0.2
    assert answers(build_embedder(published(), None), rgb) == pytest.approx(reference, abs=2e-6)


def test_it_answers_as_it_did() -> None:
    vector = answers(build_embedder(published(), None), synthetic())[0]
    stored = [-0.04846, 0.13877, 0.07211, -0.02042, -0.08291, -0.03728, -0.09254, -0.03160]
    assert vector[:8] == pytest.approx(stored, abs=1e-4)


def test_the_same_files_give_the_same_bytes_and_a_valid_network() -> None:
    tail = npz(**{f"delta.{LAST}.bias": np.full(256, 0.5, np.float32)})
    first = build_embedder(invented(seed=1), tail)
    onnx.checker.check_model(first, full_check=True)
    assert build_embedder(invented(seed=1), tail) == first
    assert build_embedder(invented(seed=2), tail) != first
    assert build_embedder(invented(seed=1), None) != first


def test_what_training_changed_is_added_to_the_folded_weights() -> None:
    dat = invented(seed=1)
    weight, bias = read_published(dat).layers[LAST].folded()
    rng = np.random.default_rng(3)
    change = rng.standard_normal(weight.shape).astype(np.float16).astype(np.float32)
    shift = rng.standard_normal(256).astype(np.float16).astype(np.float32)
    built = weights_of(build_embedder(dat, npz(**{f"delta.{LAST}.weight": change, f"delta.{LAST}.bias": shift})))
    plain = weights_of(build_embedder(dat, None))
    changed = {name for name in plain if not np.array_equal(plain[name], built[name])}
    assert changed == {f"layer{LAST}.weight", f"layer{LAST}.bias"}
    assert np.array_equal(built[f"layer{LAST}.weight"], weight + change)
    assert np.array_equal(built[f"layer{LAST}.bias"], bias + shift)


def test_an_own_projection_takes_the_place_of_dlibs() -> None:
    weight = np.zeros((128, 256), np.float32)
    weight[5] = 1
    bias = np.arange(128, dtype=np.float32)
    built = answers(
        build_embedder(invented(seed=1), npz(**{"projection.weight": weight, "projection.bias": bias})), synthetic()
    )
    others = np.arange(128) != 5
    assert np.array_equal(built[0, others], bias[others])
    assert built[0, 5] > 5  # the sum of what is pooled, which is never negative


def test_the_cosine_of_joined_vectors_is_the_mean_of_both_cosines_by_their_share() -> None:
    rng = np.random.default_rng(5)
    weight = 0.1 * rng.standard_normal((128, 256)).astype(np.float16).astype(np.float32)
    bias = 0.1 * rng.standard_normal(128).astype(np.float16).astype(np.float32)
    change = {f"delta.{LAST}.bias": np.full(256, 0.5, np.float32)}
    second = {"second.weight": weight, "second.bias": bias, "second.share": np.array(0.25, np.float32)}
    pictures = np.concatenate([synthetic(), 255 - synthetic()])
    joined = answers(build_embedder(published(), npz(**change, **second)), pictures)
    own = answers(build_embedder(published(), npz(**change)), pictures)
    # The second vector is of the layers as published, without the change.
    projection = {"projection.weight": weight, "projection.bias": bias}
    other = answers(build_embedder(published(), npz(**projection)), pictures)
    assert joined.shape == (2, 256)
    assert np.linalg.norm(joined, axis=1) == pytest.approx(1, abs=1e-5)
    assert cosine(joined) == pytest.approx(0.75 * cosine(own) + 0.25 * cosine(other), abs=1e-4)
    assert abs(cosine(own) - cosine(other)) > 0.01


@pytest.mark.parametrize(
    ("tail", "says"),
    [
        (b"PK\x03\x04 cut off", "does not fit"),
        (b"", "does not fit"),
        (npz(**{f"delta.{LAST}.bias": np.zeros(255, np.float32)}), r"delta.28.bias is \(255,\) instead of \(256,\)"),
        (npz(**{"delta.29.bias": np.zeros(256, np.float32)}), "nothing is called delta.29.bias"),
        (npz(**{"projection.weight": np.zeros((256, 128), np.float32)}), "projection"),
        (npz(**{"projection.bias": np.zeros(128, np.float32)}), "nothing is called projection.bias"),
        (npz(**{"second.share": np.array(0.4, np.float32)}), "the second is"),
        (npz(**{"second.share": np.array(1, np.float32)}), "second.share is not between 0 and 1"),
        (npz(**{"second.weight": np.zeros((128, 256), np.float32)}), "nothing is called second.weight"),
    ],
)
def test_a_tail_that_does_not_fit_is_refused(tail: bytes, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        build_embedder(invented(seed=1), tail)


class Workshop:
    """A repository's manifest and own files, with an invented package."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        dat = invented(seed=1)
        monkeypatch.setattr(dlib, "published_weights", lambda: dat)
        self.own, self.target = folder / "own", folder / "set"
        self.own.mkdir()
        (self.own / "locator.onnx").write_bytes(b"locates")
        (self.own / "landmarks.onnx").write_bytes(b"points")
        (self.own / "mask.onnx").write_bytes(b"unmasks")
        (self.own / build.TAIL).write_bytes(npz(**{f"delta.{LAST}.bias": np.ones(256, np.float32)}))
        self.manifest = folder / "default.toml"
        digests = iter(
            [
                self._own("locator.onnx"),
                self._own("landmarks.onnx"),
                build_embedder(dat, (self.own / build.TAIL).read_bytes()),
                self._own("mask.onnx"),
            ]
        )
        lines = [
            f'sha256 = "{hashlib.sha256(next(digests)).hexdigest()}"' if line.startswith("sha256") else line
            for line in build.MANIFEST.read_text().splitlines()
        ]
        self.manifest.write_text("\n".join(lines))

    def _own(self, name: str) -> bytes:
        return (self.own / name).read_bytes()

    def build(self) -> None:
        build_set(self.target, self.manifest, self.own)

    def standings(self) -> set[Standing]:
        return {standing(entry, self.target) for entry in roles(load_manifest(self.manifest)).values()}


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(tmp_path, monkeypatch)


def test_a_set_is_built_whole_and_again_over_an_altered_one(workshop: Workshop) -> None:
    workshop.build()
    assert workshop.standings() == {Standing.OK}
    (workshop.target / "embed-default.onnx").write_bytes(b"altered")
    workshop.build()
    assert workshop.standings() == {Standing.OK}
    names = {path.name for path in workshop.target.iterdir()}
    assert names == {"embed-default.onnx", "landmarks.onnx", "locator.onnx", "mask.onnx"}


@pytest.mark.parametrize("name", ["locator.onnx", build.TAIL])
def test_where_a_file_is_not_the_manifests_nothing_is_written(workshop: Workshop, name: str) -> None:
    changed = npz(**{f"delta.{LAST}.bias": np.zeros(256, np.float32)})
    (workshop.own / name).write_bytes(changed)
    with pytest.raises(ModelError, match=r"is not what .*default\.toml names"):
        workshop.build()
    assert not workshop.target.exists()


def test_where_a_file_is_missing_it_is_named(workshop: Workshop) -> None:
    (workshop.own / "mask.onnx").unlink()
    with pytest.raises(ModelError, match=r"mask\.onnx: No such file.*Fetch this repository again"):
        workshop.build()
    assert not workshop.target.exists()


def test_what_it_is_made_from_is_told_and_what_is_missing(monkeypatch: pytest.MonkeyPatch, workshop: Workshop) -> None:
    told = ingredients(workshop.own)
    assert told["published_sha256"] == dlib.SHA256
    assert told["tail_sha256"] == hashlib.sha256((workshop.own / build.TAIL).read_bytes()).hexdigest()
    assert "missing" not in told
    monkeypatch.undo()
    monkeypatch.setattr(dlib, "PACKAGE", "no_such_package_of_faces")
    told = ingredients(workshop.own)
    assert told["package"] == "no_such_package_of_faces (not installed)"
    assert "run scripts/bootstrap. Until then staff compare faces." in told["missing"]


def test_the_shipped_set_builds_to_what_its_manifest_names(tmp_path: Path) -> None:
    published()
    build_set(tmp_path / "set")
    entries = roles(load_manifest(build.MANIFEST))
    assert {standing(entry, tmp_path / "set") for entry in entries.values()} == {Standing.OK}
