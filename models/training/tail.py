"""Trains the tail of dlib's network further, so that it says of a card photo what the teacher says of the face.

``python -m models.training.tail DATA DAT FEATURES MINUTES OUT [START.pt]`` after models.training.features. Writes
``OUT.pt``; START goes on from an earlier one at half the rate. Loss: one minus the cosine
to the teacher's vector, and the squared differences of the two matrices of similarities within a batch.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.align import DLIB, TEMPLATE, warp
from models.dlib import Published, read_published
from models.evaluation import Comparisons
from models.idphoto import Level, id_photo
from models.photo import decode_photo
from models.training.crops import Crops, load_crops
from models.training.device import DEVICE, answer, placed
from models.training.disguise import CARD_POINTS, ENLARGE
from models.training.features import Eye
from models.training.trunk import Tail

DIMS = 128
_BATCH = 256
_RATE = 1e-3
_WARM = 200
_RELATION = 4.0
_LOOKS = 6
_LEVELS = {"clean": None, "level2": Level.CARD, "level3": Level.HARSH, "level4": Level.OLD}


class Student(nn.Module):
    """Features (n, 64, 17, 17) to vectors (n, 128)."""

    def __init__(self, published: Published, dropout: float) -> None:
        super().__init__()
        self.tail = Tail(published)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(256, DIMS)

    def forward(self, x: Tensor) -> Tensor:
        return self.projection(self.dropout(self.tail(x)))


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """features: (n, 64, 17, 17) bytes in units of scale (64,); targets: (faces, 128); owner: (n,) face of each.

    shard_ends: where each shard ends in features.
    """

    features: Tensor
    scale: Tensor
    targets: Tensor
    owner: Tensor
    shard_ends: list[int]

    def batches(self, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        shuffle = torch.Generator().manual_seed(seed)
        while True:
            order = torch.randperm(len(self.owner), generator=shuffle)
            for picks in order[: len(order) // _BATCH * _BATCH].view(-1, _BATCH):
                yield self.seen(picks), self.targets[self.owner[picks]]

    def seen(self, picks: Tensor) -> Tensor:
        return self.features[picks].float() * self.scale[:, None, None]


def load_lessons(folder: Path) -> Lessons:
    """Every shard that models.training.features wrote to ``folder``."""
    shards = sorted(folder.glob("*.features.npy"), key=lambda path: path.name)
    targets, owners, first = [], [], 0
    for path in shards:
        stem = path.name.split(".")[0]
        targets.append(np.load(folder / f"{stem}.targets.npy"))
        owners.append(np.load(folder / f"{stem}.owner.npy").astype(np.int64) + first)
        first += len(targets[-1])
    return Lessons(
        torch.cat([torch.from_numpy(np.load(path)) for path in shards]),
        torch.from_numpy(np.load(folder / "scale.npy")),
        torch.from_numpy(np.concatenate(targets)),
        torch.from_numpy(np.concatenate(owners)),
        np.cumsum([len(owner) for owner in owners]).tolist(),
    )


class Exam:
    """People set aside: the first crop as a card photo, the next ones as looks."""

    def __init__(self, crops: Crops, eye: Eye) -> None:
        self._references: dict[str, list[Tensor]] = {name: [] for name in _LEVELS}
        looks, visitors = [], []
        people = sorted(crops.set_aside())
        for number, person in enumerate(people):
            first, *others = (crops.pictures[i] for i in crops.of({person})[: 1 + _LOOKS])
            for name, level in _LEVELS.items():
                self._references[name].append(_both_sides(eye, _chip(first, level)))
            for crop in others:
                looks.append(_both_sides(eye, _chip(crop, None)))
                visitors.append(number)
        self._looks, self.visitors = torch.stack(looks), np.array(visitors)

    def scores(self, student: nn.Module) -> dict[str, NDArray[np.float32]]:
        """Cosines (looks, people) by condition."""
        student.eval()
        with torch.no_grad():
            looks = _vectors(student, self._looks)
            return {
                name: (looks @ _vectors(student, torch.stack(references)).T).numpy()
                for name, references in self._references.items()
            }

    def marks(self, student: nn.Module) -> dict[str, float]:
        """True accepts of single looks in per cent at a false match rate of 1e-3, by condition."""
        marks = {
            name: 100 * Comparisons(scores.astype(np.float64), self.visitors).rates().tar_at(1e-3)
            for name, scores in self.scores(student).items()
        }
        student.train()
        return marks


def _chip(crop: np.ndarray, level: Level | None) -> np.ndarray:
    if level is None:
        return warp(crop, TEMPLATE, DLIB)
    coded = id_photo(crop, TEMPLATE[:2], level)
    photo = (
        decode_photo(coded) if level is Level.CARD else cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR)
    )
    large = cv2.resize(np.asarray(photo, np.uint8), None, fx=ENLARGE, fy=ENLARGE, interpolation=cv2.INTER_CUBIC)
    return warp(np.asarray(large, np.uint8), CARD_POINTS * ENLARGE, DLIB)


def _both_sides(eye: Eye, chip: np.ndarray) -> Tensor:
    return torch.from_numpy(eye.sees([chip, np.ascontiguousarray(chip[:, ::-1])])).half()


def _vectors(student: nn.Module, features: Tensor) -> Tensor:
    parts = []
    for both in features.split(64):
        units = functional.normalize(answer(student, both.flatten(0, 1)).cpu())
        parts.append(functional.normalize(units.view(len(both), 2, -1).sum(1)))
    return torch.cat(parts)


def _start_projection(student: Student, lessons: Lessons) -> None:
    """Least squares from what dlib pools to what the teacher says: a start that is not random."""
    picks = torch.arange(0, len(lessons.owner), max(1, len(lessons.owner) // 4000))
    with torch.no_grad():
        pooled = torch.cat([student.tail(lessons.seen(part).to(DEVICE)).cpu() for part in picks.split(256)]).double()
        middle = pooled.mean(0)
        centred = pooled - middle
        ridge = centred.T @ centred + 1e-3 * centred.square().sum() / 256 * torch.eye(256, dtype=torch.double)
        wanted = lessons.targets[lessons.owner[picks]].double()
        weight = torch.linalg.solve(ridge, centred.T @ (wanted - wanted.mean(0)))
        student.projection.weight.copy_(weight.T)
        student.projection.bias.copy_(wanted.mean(0) - middle @ weight)


def train(student: nn.Module, lessons: Lessons, minutes: float, exam: Exam, rate: float, seed: int) -> None:
    """Train for so many minutes, with a look at the people set aside every eight."""
    student.train()
    optimiser = torch.optim.AdamW(student.parameters(), rate, weight_decay=5e-3)
    began, mean, examined = time.monotonic(), None, 0.0
    for step, (features, target) in enumerate(lessons.batches(seed)):
        gone = (time.monotonic() - began) / 60
        if gone >= minutes:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / _WARM) * 0.5 * (1 + np.cos(np.pi * gone / minutes)) + 1e-7
        vectors, target = functional.normalize(answer(student, features)), target.to(DEVICE)
        apart = (1 - (vectors * target).sum(1)).mean()
        relation = (vectors @ vectors.T - target @ target.T).square().mean()
        loss = apart + _RELATION * relation
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimiser.step()
        mean = apart.item() if mean is None else 0.99 * mean + 0.01 * apart.item()
        if step % 200 == 0:
            print(f"{gone:.1f} min, {step * _BATCH / max(1, gone * 60):.0f}/s, agreement {1 - mean:.4f}", flush=True)
        if gone > examined + 8:
            examined = gone
            print(exam.marks(student), flush=True)


def main(data: Path, dat: Path, features: Path, minutes: float, out: Path, start: Path | None) -> None:
    """Train for so many minutes."""
    torch.manual_seed(0)
    torch.set_num_threads(2)
    published = read_published(dat.read_bytes())
    lessons = load_lessons(features)
    print(f"{len(lessons.owner)} looks of {len(lessons.targets)} faces", flush=True)
    exam = Exam(load_crops(data), Eye(dat))
    student = Student(published, dropout=0.1)
    placed(student)
    if start is None:
        _start_projection(student, lessons)
    else:
        student.load_state_dict(torch.load(start, weights_only=True, map_location="cpu"))
    print("before:", exam.marks(student), flush=True)
    train(student, lessons, minutes, exam, *((_RATE, 1) if start is None else (_RATE / 2, 2)))
    print("after:", exam.marks(student), flush=True)
    torch.save(student.state_dict(), out.with_suffix(".pt"))


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:4]]
    main(
        paths[0],
        paths[1],
        paths[2],
        float(sys.argv[4]),
        Path(sys.argv[5]),
        Path(sys.argv[6]) if len(sys.argv) > 6 else None,
    )
