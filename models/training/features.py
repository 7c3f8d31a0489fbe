"""What the trunk sees of the training faces, computed once and kept, so that training the tail costs only the tail.

``python -m models.training.features DATA TEACHER DAT OUT SHARD SHARDS`` writes ``OUT/SHARD.*.npy``: the features of
real crops and of blends in many looks, one byte a number, and what the teacher says of each face when it is clean.
Two shards can be written at the same time, one a core.
"""

import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from kiosk.frames import Picture
from models.align import DLIB
from models.dlib import read_published
from models.training.crops import Crops, load_crops
from models.training.device import answer, placed
from models.training.disguise import Disguise
from models.training.trunk import Trunk

REAL_LOOKS = 8
BLENDS = 100_000
BLEND_LOOKS = 2
_BATCH = 16
_CALIBRATION = 400


class Teacher:
    """The network whose word on a clean crop is the target: MobileFaceNet, 112x112 RGB."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def says(self, crop: Picture) -> np.ndarray:
        """Unit vector, averaged with the mirrored crop."""
        total = sum(self._vector(picture) for picture in (crop, crop[:, ::-1]))
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)

    def _vector(self, crop: Picture) -> np.ndarray:
        rgb = np.ascontiguousarray(crop[None, ..., ::-1].transpose(0, 3, 1, 2), dtype=np.float32)
        [vector] = self._session.run(None, {self._input: rgb})[0]
        return vector / np.linalg.norm(vector)


class Eye:
    """The trunk, in batches; bfloat16 where the processor has it."""

    def __init__(self, dat: Path) -> None:
        self._trunk = placed(Trunk(read_published(dat.read_bytes())).eval())

    def sees(self, chips: list[Picture]) -> np.ndarray:
        """(n, 64, 17, 17), not below 0."""
        rgb = torch.from_numpy(np.stack(chips)[..., ::-1].copy()).permute(0, 3, 1, 2).float()
        with torch.no_grad():
            return answer(self._trunk, rgb).cpu().numpy()


def main(data: Path, teacher: Path, dat: Path, out: Path, shard: int, shards: int) -> None:
    """Write one shard."""
    torch.set_num_threads(1)
    crops = load_crops(data)
    aside = crops.set_aside()
    mine = [i for i, label in enumerate(crops.labels) if int(label) not in aside]
    eye, voice, disguise = Eye(dat), Teacher(teacher), Disguise(seed=7)
    first = eye.sees([disguise.chip(crops.pictures[i], DLIB) for i in mine[:_CALIBRATION]])
    scale = np.maximum(np.percentile(first, 99.9, axis=(0, 2, 3)), 1e-3).astype(np.float32) / 255
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "scale.npy", scale)
    disguise = Disguise(seed=100 + shard)
    faces = itertools.chain(
        ((crops.pictures[i], REAL_LOOKS) for i in mine[shard::shards]),
        ((picture, BLEND_LOOKS) for picture in _blends(crops, mine, disguise, BLENDS // shards)),
    )
    real = len(mine[shard::shards])
    count = real + BLENDS // shards
    rows = real * REAL_LOOKS + BLENDS // shards * BLEND_LOOKS
    features = np.lib.format.open_memmap(out / f"{shard}.features.npy", "w+", np.uint8, (rows, 64, 17, 17))
    targets = np.lib.format.open_memmap(out / f"{shard}.targets.npy", "w+", np.float32, (count, 128))
    owner = np.lib.format.open_memmap(out / f"{shard}.owner.npy", "w+", np.int32, (rows,))
    waiting: list[Picture] = []
    row, began = 0, time.monotonic()
    for number, (picture, looks) in enumerate(faces):
        targets[number] = voice.says(picture)
        for look in range(looks):
            # Whoever is averaged with the mirror image is right to call both sides the same.
            waiting.append(disguise.chip(np.ascontiguousarray(picture[:, ::-1]) if look % 2 else picture, DLIB))
            owner[row + len(waiting) - 1] = number
        while len(waiting) >= _BATCH or (number == count - 1 and waiting):
            seen = eye.sees(waiting[:_BATCH]) / scale[:, None, None]
            features[row : row + len(seen)] = np.clip(np.round(seen), 0, 255)
            row += len(seen)
            del waiting[:_BATCH]
        if number % 2000 == 0:
            print(f"{number}/{count} {time.monotonic() - began:.0f} s", flush=True)
    (out / f"{shard}.done").touch()


def _blends(crops: Crops, mine: list[int], disguise: Disguise, count: int) -> Iterator[Picture]:
    pairs = np.random.default_rng(disguise.seed).choice(mine, (count, 2))
    for one, other in pairs:
        yield disguise.blend(crops.pictures[one], crops.pictures[other])


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:5]]
    main(paths[0], paths[1], paths[2], paths[3], int(sys.argv[5]), int(sys.argv[6]))
