"""The weights of dlib's face network, read from the file in which dlib serialised them.

The file comes with the package ``face_recognition_models`` (weights CC0, D. King 2017). dlib writes an integer as a
length byte and little-endian bytes, and a tensor as its version 2, four sizes, and float32 numbers; layers stand in
the order of the data's way. Only the tensors are of use, and each has its expected header, so they are looked for.
"""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.manifest import ModelError

PACKAGE = "face_recognition_models"
SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
_FILE = "models/dlib_face_recognition_resnet_model_v1.dat"
# (channels, residual blocks) of each stage; all but the first begin with a block that halves the size.
STAGES = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))
_STEM = (32, 7)
DIMS = 128
_TENSOR = 2

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A convolution and the affine layer after it. weight: (out, in, k, k); bias, gamma, beta: (out,)."""

    weight: Floats
    bias: Floats
    gamma: Floats
    beta: Floats
    stride: int
    padding: int

    def folded(self) -> tuple[Floats, Floats]:
        """Weight and bias of the one convolution that does the work of both."""
        return self.weight * self.gamma[:, None, None, None], self.bias * self.gamma + self.beta


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """layers: the stem, then two for each block; projection: (256, 128)."""

    layers: tuple[Layer, ...]
    projection: Floats


class _Tensors:
    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def next(self, *sizes: int) -> Floats:
        header = b"".join(_integer(size) for size in (_TENSOR, *sizes, *repeat(1, 4 - len(sizes))))
        start = self._content.find(header, self._at)
        count = int(np.prod(sizes))
        self._at = start + len(header) + 4 * count
        if start < 0 or self._at > len(self._content):
            raise ModelError(f"dlib's face network is not whole. Install {PACKAGE} again.")
        return np.frombuffer(self._content, "<f4", count, start + len(header))


def _integer(value: int) -> bytes:
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "little")


def package_version() -> str | None:
    """Which version of the package is installed; None where it is missing."""
    return version(PACKAGE) if find_spec(PACKAGE) else None


def published_weights() -> bytes:
    """The package's file, once it has proved to be the one known here; ModelError says what is missing."""
    # Found, not imported: the package's __init__ wants pkg_resources, which no longer exists.
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(f"the package {PACKAGE} is not installed. Connect to the network and run scripts/bootstrap.")
    path = Path(spec.origin).parent / _FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}. Install {PACKAGE} again.") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ModelError(f"{path} is not the file that version 0.3.0 carries. Install {PACKAGE} again.")
    return content


def read_published(content: bytes) -> Published:
    """The weights in a file's content; ModelError where they are not all there."""
    tensors = _Tensors(content)
    plan = [(*_STEM, 2)]
    for number, (channels, blocks) in enumerate(STAGES):
        for block in range(blocks):
            plan += [(channels, 3, 2 if number and not block else 1), (channels, 3, 1)]
    layers, coming = [], 3
    for channels, side, stride in plan:
        filters = channels * coming * side * side
        both = tensors.next(filters + channels)
        affine = tensors.next(2 * channels)
        layers.append(
            Layer(
                weight=both[:filters].reshape(channels, coming, side, side),
                bias=both[filters:],
                gamma=affine[:channels],
                beta=affine[channels:],
                stride=stride,
                padding=0 if stride == 2 else side // 2,
            )
        )
        coming = channels
    return Published(tuple(layers), tensors.next(coming, DIMS).reshape(coming, DIMS))
