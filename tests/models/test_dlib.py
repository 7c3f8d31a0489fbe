from pathlib import Path

import numpy as np
import pytest

from models import dlib
from models.dlib import published_weights, read_published
from models.manifest import ModelError
from tests.models.dlibkit import invented


def test_every_layer_is_read_in_the_order_of_the_datas_way() -> None:
    found = read_published(invented(seed=1))
    rng = np.random.default_rng(1)
    stem = rng.standard_normal(32 * 3 * 49 + 32).astype(np.float32) / np.float32(3)
    affine = 0.1 + rng.random(64).astype(np.float32)
    first = found.layers[0]
    assert np.array_equal(first.weight.ravel(), stem[:-32])
    assert np.array_equal(first.bias, stem[-32:])
    assert np.array_equal(first.gamma, affine[:32])
    assert np.array_equal(first.beta, affine[32:])
    assert len(found.layers) == 1 + 2 * (3 + 4 + 3 + 3 + 1)
    assert [number for number, layer in enumerate(found.layers) if layer.stride == 2] == [0, 7, 15, 21, 27]
    assert found.projection.shape == (256, 128)


def test_a_folded_layer_does_the_work_of_both() -> None:
    layer = read_published(invented(seed=1)).layers[3]
    weight, bias = layer.folded()
    x = np.random.default_rng(2).standard_normal(layer.weight[0].size).astype(np.float32)
    convolved = layer.weight.reshape(len(layer.weight), -1) @ x + layer.bias
    assert weight.reshape(len(weight), -1) @ x + bias == pytest.approx(convolved * layer.gamma + layer.beta, abs=1e-4)


@pytest.mark.parametrize("kept", [0, 100, 5_000_000, -8])
def test_a_file_that_ends_early_is_refused(kept: int) -> None:
    with pytest.raises(ModelError, match="not whole"):
        read_published(invented(seed=1)[:kept])


def test_without_the_package_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlib, "PACKAGE", "no_such_package_of_faces")
    assert dlib.package_version() is None
    with pytest.raises(ModelError, match=r"not installed\. Connect to the network and run scripts/bootstrap"):
        published_weights()


@pytest.mark.parametrize(("content", "says"), [(None, "No such file"), (b"other weights", "not the file")])
def test_a_package_with_other_weights_is_refused(
    content: bytes | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package_of_other_faces"
    (package / "models").mkdir(parents=True)
    # Nobody may import it: it asks for what no longer exists.
    (package / "__init__.py").write_text("raise RuntimeError")
    if content is not None:
        (package / "models" / "dlib_face_recognition_resnet_model_v1.dat").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(dlib, "PACKAGE", package.name)
    with pytest.raises(ModelError, match=says):
        published_weights()
