"""dlib's file as its network was serialised, with invented weights, and the package's where it is installed."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from models import dlib
from models.dlib import DIMS, STAGES, package_version, published_weights


def published() -> bytes:
    if package_version() is None:
        pytest.skip(f"{dlib.PACKAGE} is not installed; scripts/bootstrap tries to")
    return published_weights()


def invented(seed: int) -> bytes:
    """Every tensor with its header, between bytes that mean nothing here; small weights, so that nothing overflows."""
    rng = np.random.default_rng(seed)
    widths = [3, 32, *(channels for channels, blocks in STAGES for _ in range(2 * blocks))]
    parts = []
    for number, (coming, channels) in enumerate(pairwise(widths)):
        filters = channels * coming * (49 if number == 0 else 9)
        both = rng.standard_normal(filters + channels).astype(np.float32) / np.float32(coming)
        affine = 0.1 + rng.random(2 * channels).astype(np.float32)
        parts += [_tensor(both, filters + channels), _tensor(affine, 2 * channels)]
    parts.append(_tensor(rng.standard_normal(widths[-1] * DIMS).astype(np.float32), widths[-1], DIMS))
    return b"\x01\x05layer".join([b"", *parts, b""])


def _tensor(numbers: NDArray[np.float32], *sizes: int) -> bytes:
    header = b"\x01\x02"
    for size in (*sizes, *[1] * (4 - len(sizes))):
        coded = size.to_bytes((size.bit_length() + 7) // 8, "little")
        header += bytes([len(coded)]) + coded
    return header + numbers.tobytes()
