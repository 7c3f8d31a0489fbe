"""Trains the second look at the five points: where they are in an upright crop that the locator's points made.

``python -m models.training.landmarks DATA YUNET MINUTES OUT``. The right answer is YuNet's; the crop starts from points
that are off by about as much as a locator's. Writes ``OUT.pt``.
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from kiosk.frames import Picture
from models.align import TEMPLATE, Template, similarity, warp
from models.idphoto import EYES
from models.training.crops import load_crops
from models.training.device import DEVICE, answer, placed
from models.training.disguise import ENLARGE, Disguise
from models.training.layers import Residual, convolution
from models.training.locator import Labelled, mirror
from models.training.scenes import TRAINING, load_scene

# The whole face, eyes 24 pixels apart.
REFINED = Template(80, (TEMPLATE - 56) * 0.68 + 40)
_BATCH = 64
_RATE = 1.5e-3
_NO_FACE = 0.2


class Landmarks(nn.Module):
    """BGR 0..255 (n, 3, 80, 80) to (n, 11): five offsets from the template in pixels, and a logit of being a face."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(convolution(3, 16, 2), convolution(16, 32, 2), Residual(32), convolution(32, 64, 2), Residual(64)),
            *(convolution(64, 96, 2), Residual(96), nn.Conv2d(96, 192, 5), nn.ReLU(inplace=True)),
        )
        self.last = nn.Conv2d(192, 11, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.body((x - 127.5) / 128)).flatten(1)


class Sitters:
    """Crops from points that are a little wrong, with the right ones; and crops of no face."""

    def __init__(self, labelled: Labelled, seed: int) -> None:
        self._labelled, self._rng, self._disguise = labelled, np.random.default_rng(seed), Disguise(seed)
        self._grounds = [load_scene(*place) for place in TRAINING]

    def batch(self, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """BGR (n, 3, 80, 80), offsets (n, 10), 1 where there is a face (n,)."""
        made = [self._nobody() if self._rng.random() < _NO_FACE else self._somebody() for _ in range(size)]
        pictures = torch.from_numpy(np.stack([picture for picture, _ in made])).permute(0, 3, 1, 2).float()
        offsets = np.stack([np.zeros(10) if where is None else where.ravel() for _, where in made])
        there = torch.tensor([where is not None for _, where in made]).float()
        return pictures, torch.from_numpy(offsets).float(), there

    def _somebody(self) -> tuple[Picture, NDArray[np.float64]]:
        rng = self._rng
        pick = int(rng.integers(len(self._labelled.pictures)))
        picture, points = self._labelled.pictures[pick], self._labelled.points[pick].astype(np.float32)
        if rng.random() < 0.08:
            picture = self._disguise.masked(picture)
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
            points, _ = mirror(picture.shape[1], points, np.zeros(4, np.float32))
        if rng.random() < 0.25:
            picture = self._disguise.card(picture)
            move = similarity(TEMPLATE[:2], EYES)
            picture = np.asarray(
                cv2.resize(picture, None, fx=ENLARGE, fy=ENLARGE, interpolation=cv2.INTER_CUBIC), np.uint8
            )
            points = ((points @ move[:, :2].T + move[:, 2] + 0.5) * ENLARGE - 0.5).astype(np.float32)
        elif rng.random() < 0.7:
            picture = self._disguise.photo(picture)
        eyes = float(np.hypot(*(points[1] - points[0])))
        rough = points + rng.normal(0, 0.05, (5, 2)) * eyes + rng.normal(0, 0.08, 2) * eyes
        turn, factor = rng.normal(0, 0.08), np.exp(rng.normal(0, 0.08))
        rotation = factor * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        rough = (rough - rough.mean(0)) @ rotation.T + rough.mean(0)
        move = similarity(rough, REFINED.points)
        return warp(picture, rough, REFINED), points @ move[:, :2].T + move[:, 2] - REFINED.points

    def _nobody(self) -> tuple[Picture, None]:
        rng = self._rng
        if rng.random() < 0.5:
            scene = self._grounds[int(rng.integers(len(self._grounds)))]
            wide = int(rng.uniform(24, min(scene.shape[:2])))
            top, left = (int(rng.integers(0, side - wide + 1)) for side in scene.shape[:2])
            part = np.ascontiguousarray(scene[top : top + wide, left : left + wide])
        else:  # a part of a face, or a face that lies all wrong
            crop = self._labelled.pictures[int(rng.integers(len(self._labelled.pictures)))]
            wide = int(rng.uniform(24, 60))
            top, left = (int(rng.integers(0, 112 - wide + 1)) for _ in range(2))
            part = np.ascontiguousarray(np.rot90(crop[top : top + wide, left : left + wide], int(rng.integers(0, 4))))
        side = REFINED.side
        sized = cv2.resize(
            part, (side, side), interpolation=cv2.INTER_AREA if part.shape[0] > side else cv2.INTER_LINEAR
        )
        padded = cv2.resize(np.asarray(sized, np.uint8), (112, 112))
        seen = self._disguise.photo(np.asarray(padded, np.uint8))
        return np.asarray(cv2.resize(seen, (side, side), interpolation=cv2.INTER_AREA), np.uint8), None


def main(data: Path, yunet: Path, minutes: float, out: Path) -> None:
    """Train for so many minutes."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    sitters = Sitters(Labelled(load_crops(data), yunet, out.parent / "labels.npz"), seed=1)
    net = placed(Landmarks()).train()
    print(sum(weight.numel() for weight in net.parameters()), "weights", flush=True)
    optimiser = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=1e-2)
    began, step, mean = time.monotonic(), 0, None
    while (gone := (time.monotonic() - began) / 60) < minutes:
        for group in optimiser.param_groups:
            group["lr"] = _RATE * min(1, (step + 1) / 100) * 0.5 * (1 + np.cos(np.pi * gone / minutes)) + 1e-6
        pictures, offsets, there = sitters.batch(_BATCH)
        out_, offsets, there = answer(net, pictures), offsets.to(DEVICE), there.to(DEVICE)
        away = (
            functional.smooth_l1_loss(out_[:, :10], offsets, reduction="none", beta=0.3).sum(1) * there
        ).sum() / there.sum()
        faces = functional.binary_cross_entropy_with_logits(out_[:, 10], there)
        optimiser.zero_grad()
        (away + 2 * faces).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            far = (
                torch.linalg.vector_norm((out_[:, :10] - offsets).view(-1, 5, 2), dim=2).mean(1) * there
            ).sum() / there.sum()
        mean = float(far) if mean is None else 0.99 * mean + 0.01 * float(far)
        if step % 200 == 0:
            print(
                f"{gone:.1f} min, {step * _BATCH / (gone * 60):.0f}/s, off by {mean:.3f} px, face {float(faces):.4f}",
                flush=True,
            )
            torch.save(net.state_dict(), out.with_suffix(".pt"))
    torch.save(net.state_dict(), out.with_suffix(".pt"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
