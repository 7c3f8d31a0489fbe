"""The files of the default set, made at set-up: dlib's face network with a tail of our own, as ONNX.

What others trained is not part of this repository. The network is written from the weights that the package
``face_recognition_models`` carries and from ``own/tail.npz``, which holds what training changed. The same two files
give the same bytes, so that the manifest can name the digest of what comes out.
"""

import hashlib
import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from models import dlib
from models.dlib import DIMS, Floats, Layer, Published, read_published
from models.manifest import ModelError, load_manifest
from models.weights import install_weights, roles

MANIFEST = Path(__file__).with_name("default.toml")
OWN = Path(__file__).with_name("own")
TAIL = "tail.npz"

_SIDE = 150
_MEAN = (122.782, 117.001, 104.298)  # of RGB, as in King 2017
_SCALE = 1 / 256
_OPSET, _IR_VERSION = 17, 8
_TRUNK = 7  # blocks that training leaves as they are: the stages of 32 and 64 channels
_Numbered = tuple[int, Layer]
_Pair = tuple[_Numbered, _Numbered]


def build_set(target: Path, manifest: Path = MANIFEST, own: Path = OWN) -> None:
    """Write the files that ``manifest`` names to ``target``: the embedder is built, the others are copied from ``own``.

    ModelError where the package or a file of ours is missing, or where what was built is not what the manifest names;
    then ``target`` holds what it held before.
    """
    entries = load_manifest(manifest)
    tail = own / TAIL
    try:
        embedder = build_embedder(dlib.published_weights(), tail.read_bytes() if tail.exists() else None)
        with tempfile.TemporaryDirectory(prefix="kiosk-models-") as folder:
            for entry in roles(entries).values():
                content = embedder if entry is entries.embed else (own / entry.file).read_bytes()
                if hashlib.sha256(content).hexdigest() != entry.sha256:
                    raise ModelError(
                        f"{entry.file} is not what {manifest} names (sha256 differs). Fetch this repository again and "
                        "run scripts/bootstrap, which installs the versions that it was made with."
                    )
                (Path(folder) / entry.file).write_bytes(content)
            install_weights(entries, Path(folder), target)
    except OSError as error:
        raise ModelError(f"{error.filename}: {error.strerror}. Fetch this repository again.") from error


def ingredients(own: Path = OWN) -> dict[str, str]:
    """What the embedder is built from, by name; ``missing`` says what to do where the package is not there."""
    tail = own / TAIL
    found = {
        "package": f"{dlib.PACKAGE} {dlib.package_version() or '(not installed)'}",
        "published_sha256": dlib.SHA256,
        "tail_sha256": hashlib.sha256(tail.read_bytes()).hexdigest() if tail.exists() else "none: as published",
    }
    try:
        dlib.published_weights()
    except ModelError as error:
        found["missing"] = f"{error.detail} Until then staff compare faces."
    return found


def build_embedder(dat: bytes, tail: bytes | None) -> bytes:
    """The face network as ONNX, the same bytes for the same input.

    dat: dlib's file. tail: an npz of float16 arrays; None for the network as published. In it are ``delta.N.weight``
    and ``delta.N.bias`` to add to layer N of ``Published.layers`` once it is folded, and ``projection.weight``
    (128, 256) and ``projection.bias`` (128,) in place of dlib's. Where it also has ``second.weight``, ``second.bias``
    and ``second.share``, these project what the published layers make of the picture, and both vectors are joined so
    that the cosine is the mean of both cosines, the second one's weight being the share.
    Input ``rgb``: (n, 3, 150, 150), 0..255; output ``vector``: (n, 128), or (n, 256) with a second one. ModelError
    where one of the files does not fit.
    """
    network = _Network(read_published(dat), _arrays(tail) if tail is not None else {})
    content: bytes = network.write().SerializeToString(deterministic=True)
    return content


def _arrays(tail: bytes) -> dict[str, Floats]:
    try:
        with np.load(io.BytesIO(tail)) as file:
            return {name: np.asarray(file[name], np.float32) for name in file.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unfit(str(error)) from error


def _unfit(why: str) -> ModelError:
    return ModelError(f"{TAIL} does not fit the network: {why}. Fetch this repository again.")


@dataclass(frozen=True, slots=True)
class _Maps:
    """A tensor on its way through the network: (n, channels, side, side)."""

    name: str
    channels: int
    side: int


class _Network:
    """Nodes and weights in the order of the data's way."""

    def __init__(self, published: Published, tail: dict[str, Floats]) -> None:
        self._published = published
        self._tail = tail
        self._nodes: list[NodeProto] = []
        self._weights: list[TensorProto] = []

    def write(self) -> ModelProto:
        pairs = list(enumerate(self._published.layers))[1:]
        blocks = list(zip(pairs[::2], pairs[1::2], strict=True))
        trunk = self._stem()
        for block in blocks[:_TRUNK]:
            trunk = self._block(trunk, *block)
        vector, dims = self._own(trunk, blocks[_TRUNK:]), DIMS
        if "second.share" in self._tail:
            share = self._tail.pop("second.share")
            if share.shape or not 0 < share < 1:
                raise _unfit("second.share is not between 0 and 1")
            second = self._second(trunk, blocks[_TRUNK:])
            parts = [self._unit(vector, 1 - share, "own"), self._unit(second, share, "second")]
            vector, dims = self._node("Concat", *parts, axis=1), 2 * DIMS
        self._nodes.append(helper.make_node("Identity", [vector], ["vector"]))
        if self._tail:
            raise _unfit(f"nothing is called {', '.join(sorted(self._tail))}")
        graph = helper.make_graph(
            self._nodes,
            "face",
            [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, ["n", 3, _SIDE, _SIDE])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["n", dims])],
            self._weights,
        )
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="one-card-pass",
        )

    def _stem(self) -> _Maps:
        mean = self._constant("mean", np.array(_MEAN, np.float32)[:, None, None])
        scale = self._constant("scale", np.array(_SCALE, np.float32))
        scaled = self._node("Mul", self._node("Sub", "rgb", mean), scale)
        maps = self._convolve(_Maps(scaled, 3, _SIDE), 0, self._published.layers[0])
        pooled = self._node("MaxPool", self._node("Relu", maps.name), kernel_shape=[3, 3], strides=[2, 2])
        return _Maps(pooled, maps.channels, (maps.side - 3) // 2 + 1)

    def _block(self, maps: _Maps, first: _Numbered, second: _Numbered, prefix: str = "") -> _Maps:
        """Two convolutions beside a shortcut; where the first one halves the size, the shortcut is averaged 2x2.

        The smaller of both, in size or in channels, is filled with zeros to the right, below and behind.
        """
        inner = self._convolve(maps, *first, prefix)
        inner = self._convolve(_Maps(self._node("Relu", inner.name), inner.channels, inner.side), *second, prefix)
        if first[1].stride == 2:
            averaged = self._node("AveragePool", maps.name, kernel_shape=[2, 2], strides=[2, 2])
            maps = _Maps(averaged, maps.channels, maps.side // 2)
        channels, side = max(maps.channels, inner.channels), max(maps.side, inner.side)
        total = self._node("Add", *(self._filled(part, channels, side) for part in (maps, inner)))
        return _Maps(self._node("Relu", total), channels, side)

    def _own(self, maps: _Maps, blocks: list[_Pair]) -> str:
        """The tail with what training changed."""
        for block in blocks:
            maps = self._block(maps, *block)
        weight = self._published.projection.T
        bias = np.zeros(DIMS, np.float32)
        if "projection.weight" in self._tail:
            weight, bias = (self._tail.pop(f"projection.{part}", bias) for part in ("weight", "bias"))
        return self._projected("projection", maps, weight, bias)

    def _second(self, maps: _Maps, blocks: list[_Pair]) -> str:
        """The tail as it was published, with a projection of ours."""
        for block in blocks:
            maps = self._block(maps, *block, prefix="published.")
        weight, bias = (self._tail.pop(f"second.{part}", np.zeros(0, np.float32)) for part in ("weight", "bias"))
        return self._projected("second", maps, weight, bias)

    def _projected(self, name: str, maps: _Maps, weight: Floats, bias: Floats) -> str:
        if (weight.shape, bias.shape) != ((DIMS, maps.channels), (DIMS,)):
            raise _unfit(f"the {name} is {weight.shape} and {bias.shape}")
        pooled = self._node("Flatten", self._node("GlobalAveragePool", maps.name))
        return self._node(
            "Gemm", pooled, self._constant(f"{name}.weight", weight.T), self._constant(f"{name}.bias", bias)
        )

    def _unit(self, vector: str, share: Floats, name: str) -> str:
        """Of a length whose square is the share."""
        length = self._node("ReduceL2", vector, axes=[1], keepdims=1)
        scale = self._constant(f"{name}.length", np.sqrt(np.asarray(share, np.float32)))
        return self._node("Mul", self._node("Div", vector, length), scale)

    def _convolve(self, maps: _Maps, number: int, layer: Layer, prefix: str = "") -> _Maps:
        """A layer as training left it, or with a prefix to its name, as published."""
        weight, bias = layer.folded()
        reads = [
            self._constant(
                f"{prefix}layer{number}.{part}", value if prefix else self._changed(f"delta.{number}.{part}", value)
            )
            for part, value in (("weight", weight), ("bias", bias))
        ]
        convolved = self._node("Conv", maps.name, *reads, strides=[layer.stride] * 2, pads=[layer.padding] * 4)
        channels, _, kernel, _ = weight.shape
        return _Maps(convolved, channels, (maps.side + 2 * layer.padding - kernel) // layer.stride + 1)

    def _changed(self, name: str, published: Floats) -> Floats:
        delta = self._tail.pop(name, None)
        if delta is None:
            return published
        if delta.shape != published.shape:
            raise _unfit(f"{name} is {delta.shape} instead of {published.shape}")
        return published + delta

    def _filled(self, maps: _Maps, channels: int, side: int) -> str:
        missing = (channels - maps.channels, side - maps.side, side - maps.side)
        if not any(missing):
            return maps.name
        return self._node(
            "Pad", maps.name, self._constant(f"{maps.name}.fill", np.array([0] * 5 + [*missing], np.int64))
        )

    def _constant(self, name: str, value: NDArray[np.generic]) -> str:
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _node(self, kind: str, *reads: str, **settings: int | list[int]) -> str:
        name = f"{kind.lower()}{len(self._nodes)}"
        node = helper.make_node(kind, list(reads), [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in sorted(settings.items()))
        self._nodes.append(node)
        return name
