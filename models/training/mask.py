"""Trains the mask head: is a face mask worn?

``python -m models.training.mask DATA MINUTES OUT``. Masks are painted on half of the crops of the training people.
Writes ``OUT.pt`` and prints how the people set aside came out, painted and not.
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from kiosk.frames import Picture
from models.training.crops import load_crops
from models.training.device import DEVICE, placed
from models.training.disguise import Disguise

SIDE = 48
_BATCH = 64
_RATE = 2e-3


class MaskHead(nn.Module):
    """BGR 0..255 (n, 3, 48, 48), the 112x112 crop made smaller, to logits (n,): above 0 is masked."""

    def __init__(self) -> None:
        super().__init__()
        sizes = ((3, 16, 2), (16, 32, 2), (32, 48, 1), (48, 64, 2), (64, 64, 1))
        self.body = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))
                for a, b, stride in sizes
            )
        )
        self.last = nn.Conv2d(64, 1, 6)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.body((x - 127.5) / 128)).flatten()


class Wardrobe:
    """Crops with and without masks, seen by other cameras in other light."""

    def __init__(self, pictures: list[Picture], seed: int) -> None:
        self._pictures, self._rng, self._disguise = pictures, np.random.default_rng(seed), Disguise(seed)

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """BGR (n, 3, 48, 48) and 1 where a mask is worn (n,)."""
        made, worn = [], []
        for _ in range(size):
            crop = self._pictures[int(self._rng.integers(len(self._pictures)))]
            kind = self._rng.random()
            worn.append(kind < 0.5)
            if kind < 0.5:
                crop = self._disguise.masked(crop)
            elif kind < 0.56:
                crop = self._disguise.unmasked_chin(crop)
            if self._rng.random() < 0.5:
                crop = np.ascontiguousarray(crop[:, ::-1])
            if self._rng.random() < 0.8:
                crop = self._disguise.photo(crop)
            made.append(smaller(self._moved(crop)))
        return torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2).float(), torch.tensor(worn).float()

    def _moved(self, crop: Picture) -> Picture:
        """The points of masked faces are guesses: the crop may lie a little aside."""
        factor, turn = np.exp(self._rng.normal(0, 0.09)), np.radians(self._rng.normal(0, 6))
        move = cv2.getRotationMatrix2D((56, 56), float(np.degrees(turn)), float(factor))
        move = np.asarray(move, np.float64) + np.array([[0, 0, 1]]) * self._rng.normal(0, 5, (2, 1))
        moved = cv2.warpAffine(crop, move, (112, 112), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)


def smaller(crop: Picture) -> Picture:
    """The crop as the mask head wants it."""
    return np.asarray(cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def main(data: Path, minutes: float, out: Path) -> None:
    """Train for so many minutes."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    crops = load_crops(data)
    aside = crops.set_aside()
    inside = set(range(len(crops.names))) - aside
    wardrobe = Wardrobe([crops.pictures[i] for i in crops.of(inside)], seed=1)
    net = placed(MaskHead()).train()
    optimiser = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=1e-2)
    began, step = time.monotonic(), 0
    while (gone := (time.monotonic() - began) / 60) < minutes:
        for group in optimiser.param_groups:
            group["lr"] = _RATE * 0.5 * (1 + np.cos(np.pi * gone / minutes)) + 1e-6
        pictures, worn = wardrobe.batch(_BATCH)
        loss = functional.binary_cross_entropy_with_logits(net(pictures.to(DEVICE)), worn.to(DEVICE) * 0.98 + 0.01)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        if step % 200 == 0:
            print(f"{gone:.1f} min, {step * _BATCH / (gone * 60):.0f}/s, loss {float(loss):.4f}", flush=True)
    torch.save(net.state_dict(), out.with_suffix(".pt"))
    net.eval()
    with torch.no_grad():
        pictures, worn = Wardrobe([crops.pictures[i] for i in crops.of(aside)], seed=2).batch(2000)
        said = torch.sigmoid(net(pictures.to(DEVICE))).cpu() > 0.5
    print("right about people set aside:", float((said == worn.bool()).float().mean()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
