"""Trains the locator: one visitor's face and its five points, at the strides and with the outputs of YuNet.

``python -m models.training.locator DATA YUNET MINUTES OUT``. The faces of the training people are put on grounds of
all kinds; where they lie is what YuNet says of the crop. Writes ``OUT.pt``.
"""

import queue
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from kiosk.frames import Picture
from models.align import TEMPLATE
from models.detect import FaceDetector
from models.manifest import load_manifest, read_weights
from models.training.crops import Crops, load_crops
from models.training.device import DEVICE, placed
from models.training.disguise import Disguise
from models.training.layers import Residual, convolution
from models.training.scenes import TRAINING, load_scene

SIDE = 224
STRIDES = (8, 16, 32)
# Which faces a stride answers for, by eye distance or eyes-to-mouth distance, whichever is larger, in pixels.
_RANGES = ((0.0, 26.0), (20.0, 48.0), (40.0, 999.0))
_EYES = (11.0, 72.0)
_NOBODY = 0.3
_BATCH = 32
_RATE = 2e-3


class Labelled:
    """Crops of people in training with points (5, 2) and box (x, y, w, h), all in the crop's pixels.

    One answer of YuNet is off by 4 % of the eye distance from the mean of its answers at several sizes and to the
    mirror image: the labels are that mean. Close crops move all mouths up a little; so that an aligned crop stays
    where it is, the mean of all labels is put on the template.
    """

    def __init__(self, crops: Crops, yunet: Path, cache: Path) -> None:
        aside = crops.set_aside()
        mine = [i for i, label in enumerate(crops.labels) if int(label) not in aside]
        if not cache.exists():
            np.savez(cache, **_labels([crops.pictures[i] for i in mine], yunet))  # type: ignore[arg-type]
        known = np.load(cache)
        sure = known["seen"] >= _ENOUGH
        self.pictures = [crops.pictures[i] for i, yes in zip(mine, sure, strict=True) if yes]
        points = known["points"][sure]
        self.points = (points - points.mean(axis=0) + TEMPLATE).astype(np.float32)
        self.boxes = known["boxes"][sure]


# Sides of the detector's input and margins around the crop; each is asked about the crop and about its mirror image.
_ASKED = ((192, 40), (256, 60), (320, 40))
_ENOUGH = 5


def _labels(pictures: list[Picture], yunet: Path) -> dict[str, NDArray[np.float32]]:
    entry = load_manifest(Path(__file__).parents[1] / "production.toml").detect
    content = read_weights(entry, yunet)
    sizes = {side: entry.input.model_copy(update={"width": side, "height": side}) for side, _ in _ASKED}
    detectors = [
        (FaceDetector(content, entry.model_copy(update={"input": sizes[side]})), margin) for side, margin in _ASKED
    ]
    points, boxes, seen = [], [], []
    for picture in pictures:
        answers = [
            answer
            for detector, margin in detectors
            for mirrored in (False, True)
            if (answer := _asked(detector, picture, margin, mirrored)) is not None
        ]
        seen.append(len(answers))
        points.append(np.mean([where for where, _ in answers], axis=0) if answers else np.zeros((5, 2)))
        boxes.append(np.mean([box for _, box in answers], axis=0) if answers else np.zeros(4))
    as_floats = {"points": points, "boxes": boxes, "seen": seen}
    return {name: np.array(values, np.float32) for name, values in as_floats.items()}


def _asked(
    detector: FaceDetector, picture: Picture, margin: int, mirrored: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    turned = np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture
    wide = np.asarray(cv2.copyMakeBorder(turned, margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.uint8)
    middle = wide.shape[0] / 2
    face = min(detector.detect(wide), key=lambda one: float(np.abs(one.points.mean(0) - middle).sum()), default=None)
    if face is None:
        return None
    points, box = face.points - margin, np.array(face.box, np.float32) - np.array([margin, margin, 0, 0], np.float32)
    return mirror(picture.shape[1], points, box) if mirrored else (points, box)


class Scenes:
    """Random scenes (SIDE, SIDE, 3) with one face or none."""

    def __init__(self, labelled: Labelled, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._disguise = Disguise(seed)
        self._labelled = labelled
        self._grounds = [load_scene(*place) for place in TRAINING]

    def scene(self) -> tuple[Picture, NDArray[np.float32] | None, NDArray[np.float32] | None]:
        """The picture, and points (5, 2) and box (4,) of its face in pixels."""
        rng = self._rng
        ground = self._ground()
        if rng.random() < _NOBODY:
            return self._seen(ground), None, None
        pick = int(rng.integers(len(self._labelled.pictures)))
        crop, points, box = self._labelled.pictures[pick], self._labelled.points[pick], self._labelled.boxes[pick]
        if rng.random() < 0.12:
            crop = self._disguise.masked(crop)
        if rng.random() < 0.5:
            crop = np.ascontiguousarray(crop[:, ::-1])
            points, box = mirror(crop.shape[1], points, box)
        if rng.random() < 0.3:
            crop = self._disguise.photo(crop)
        move = self._placed(points)
        face = cv2.warpAffine(crop, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if rng.random() < 0.25:  # the crop's edge runs on: no seam to learn from
            scene = face
        else:
            mask = cv2.warpAffine(self._outline(crop.shape[0]), move, (SIDE, SIDE), flags=cv2.INTER_LINEAR)[..., None]
            scene = np.asarray(face * mask + ground * (1 - mask), np.uint8)
        corners = np.array([box[:2], box[:2] + box[2:]])
        middle = corners.mean(0) @ move[:, :2].T + move[:, 2]
        size = box[2:] * np.hypot(*move[:, 0])
        placed = points @ move[:, :2].T + move[:, 2]
        return (
            self._seen(np.asarray(scene, np.uint8)),
            placed.astype(np.float32),
            np.concatenate([middle, size]).astype(np.float32),
        )

    def _placed(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        rng = self._rng
        factor = np.exp(rng.uniform(*np.log(_EYES))) / extent(points)
        turn = np.radians(rng.normal(0, 9)) if rng.random() < 0.85 else np.radians(rng.uniform(-35, 35))
        rotation = factor * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        target = rng.uniform(0.15, 0.85, 2) * SIDE
        return np.hstack([rotation, (target - rotation @ points.mean(0))[:, None]])

    def _outline(self, side: int) -> NDArray[np.float32]:
        rng = self._rng
        outline = np.zeros((side, side), np.float32)
        if rng.random() < 0.5:
            inset = int(rng.integers(1, 6))
            outline[inset:-inset, inset:-inset] = 1
        else:  # a head, perhaps on shoulders
            axes = (round(rng.uniform(0.38, 0.5) * side), round(rng.uniform(0.46, 0.6) * side))
            cv2.ellipse(outline, (side // 2, round(0.52 * side)), axes, 0, 0, 360, 1.0, -1)
            if rng.random() < 0.5:
                outline[round(0.8 * side) :] = 1
            outline[:2] = outline[:, :2] = outline[:, -2:] = 0
        return np.asarray(cv2.GaussianBlur(outline, (0, 0), rng.uniform(0.8, 5)), np.float32)

    def _ground(self) -> Picture:
        rng = self._rng
        kind = rng.random()
        if kind < 0.2:
            return np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3), np.uint8)
        if kind < 0.4:
            few = rng.integers(0, 256, (int(rng.integers(2, 10)), int(rng.integers(2, 10)), 3)).astype(np.uint8)
            way = cv2.INTER_CUBIC if rng.random() < 0.6 else cv2.INTER_NEAREST
            return np.asarray(cv2.resize(few, (SIDE, SIDE), interpolation=way), np.uint8)
        if kind < 0.7:
            scene = self._grounds[int(rng.integers(len(self._grounds)))]
            wide = int(rng.uniform(0.15, 1.0) * min(scene.shape[:2]))
            top, left = (int(rng.integers(0, size - wide + 1)) for size in scene.shape[:2])
            part = scene[top : top + wide, left : left + wide]
            return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
        crop = self._labelled.pictures[int(rng.integers(len(self._labelled.pictures)))]
        if kind < 0.85:  # skin and hair, shuffled until no face is left
            parts = int(rng.integers(4, 8))
            step = SIDE // parts
            large = cv2.resize(crop, (step * parts, step * parts))
            tiles = [
                large[y : y + step, x : x + step]
                for y in range(0, step * parts, step)
                for x in range(0, step * parts, step)
            ]
            order = rng.permutation(len(tiles))
            rows = [np.hstack([tiles[k] for k in order[r * parts : (r + 1) * parts]]) for r in range(parts)]
            return np.asarray(cv2.resize(np.vstack(rows), (SIDE, SIDE)), np.uint8)
        corner = crop[: int(rng.integers(10, 30)), : int(rng.integers(10, 112))]
        return np.asarray(cv2.resize(corner, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)

    def _seen(self, picture: Picture) -> Picture:
        rng = self._rng
        seen = picture.astype(np.float32)
        if rng.random() < 0.3:
            seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.4, 1.6)), np.float32)
        seen = (seen - 128) * rng.uniform(0.6, 1.35) + 128 + rng.uniform(-45, 45)
        seen *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
        if rng.random() < 0.12:
            seen = np.repeat(seen.mean(2, keepdims=True), 3, 2)
        if rng.random() < 0.3:
            seen += rng.normal(0, rng.uniform(2, 9), seen.shape)
        return np.asarray(np.clip(seen, 0, 255), np.uint8)


def extent(points: NDArray[np.float32]) -> float:
    """Eye distance, or eyes to mouth where a turned head makes that the larger."""
    eyes = np.hypot(*(points[1] - points[0]))
    return float(max(eyes, np.hypot(*((points[3] + points[4] - points[0] - points[1]) / 2))))


def mirror(
    width: int, points: NDArray[np.float32], box: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points and box in the mirror image of a picture so many pixels wide."""
    turned = points[[1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32) + np.array([width - 1, 0], np.float32)
    return turned, np.array([width - 1 - box[0] - box[2], *box[1:]], np.float32)


def wanted(
    points: list[NDArray[np.float32] | None], boxes: list[NDArray[np.float32] | None], side: int
) -> list[Tensor]:
    """For each stride (n, 16, h, w): 1 where a cell answers, 1 where nothing is asked of it, box (4), points (10)."""
    maps = []
    for stride, (low, high) in zip(STRIDES, _RANGES, strict=True):
        cells = side // stride
        rows, columns = np.mgrid[:cells, :cells].astype(np.float32)
        out = np.zeros((len(points), 16, cells, cells), np.float32)
        for one, where, box in zip(out, points, boxes, strict=True):
            if where is None or box is None:
                continue
            size = extent(where)
            middle = where.mean(0)
            away = np.hypot((columns + 0.5) * stride - middle[0], (rows + 0.5) * stride - middle[1]) / size
            answers = (away < max(0.35, 0.6 * stride / size)) & (low <= size < high)
            one[0] = answers
            one[1] = (away < 0.95) & ~answers
            one[2], one[3] = box[0] / stride - columns, box[1] / stride - rows
            one[4:6] = np.log(box[2:] / stride)[:, None, None]
            for k in range(5):
                one[6 + 2 * k], one[7 + 2 * k] = where[k, 0] / stride - columns, where[k, 1] / stride - rows
        maps.append(torch.from_numpy(out))
    return maps


class Locator(nn.Module):
    """BGR 0..255 (n, 3, h, w) to three maps (n, 15, h/s, w/s): logit, box (4), points (10)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(convolution(3, 16, 2), convolution(16, 24, 2))
        self.fine = nn.Sequential(convolution(24, 40, 2), Residual(40))
        self.middle = nn.Sequential(convolution(40, 56, 2), Residual(56))
        self.coarse = nn.Sequential(convolution(56, 72, 2), Residual(72))
        self.lateral = nn.ModuleList(nn.Conv2d(channels, 40, 1) for channels in (40, 56, 72))
        self.heads = nn.ModuleList(nn.Sequential(convolution(40, 40), nn.Conv2d(40, 15, 1)) for _ in STRIDES)
        for head in self.heads:
            head[1].bias.data[0] = -4.0  # faces are rare

    def forward(self, x: Tensor) -> list[Tensor]:
        fine = self.fine(self.stem((x - 127.5) / 128))
        middle = self.middle(fine)
        top = self.lateral[2](self.coarse(middle))
        centre = self.lateral[1](middle) + functional.interpolate(top, scale_factor=2.0, mode="nearest")
        bottom = self.lateral[0](fine) + functional.interpolate(centre, scale_factor=2.0, mode="nearest")
        return [head(x) for head, x in zip(self.heads, (bottom, centre, top), strict=True)]


def loss_of(maps: list[Tensor], targets: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Focal loss (Lin et al. 2017) of the scores; smooth L1 of points and boxes where a cell answers."""
    answering = sum(target[:, 0].sum() for target in targets) + 1
    scores = places = torch.zeros((), device=maps[0].device)
    for out, target in zip(maps, targets, strict=True):
        yes, open_ = target[:, 0], target[:, 1]
        p = torch.sigmoid(out[:, 0])
        right = p * yes + (1 - p) * (1 - yes)
        weight = (0.25 * yes + 0.75 * (1 - yes)) * (1 - right) ** 2 * (1 - open_)
        entropy = functional.binary_cross_entropy_with_logits(out[:, 0], yes, reduction="none")
        scores = scores + 4 * (weight * entropy).sum() / answering
        points = functional.smooth_l1_loss(out[:, 5:], target[:, 6:], reduction="none", beta=0.1)
        boxes = functional.smooth_l1_loss(out[:, 1:5], target[:, 2:6], reduction="none", beta=0.1)
        places = places + ((points.sum(1) + 0.3 * boxes.sum(1)) * yes).sum() / answering
    return scores, places


def main(data: Path, yunet: Path, minutes: float, out: Path) -> None:
    """Train for so many minutes."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    scenes = Scenes(Labelled(load_crops(data), yunet, out.parent / "labels.npz"), seed=1)
    ready: queue.Queue[tuple[Tensor, list[Tensor]]] = queue.Queue(6)
    stop = threading.Event()

    def make() -> None:
        while not stop.is_set():
            made = [scenes.scene() for _ in range(_BATCH)]
            pictures = torch.from_numpy(np.stack([picture for picture, _, _ in made])).permute(0, 3, 1, 2)
            ready.put((pictures, wanted([points for _, points, _ in made], [box for _, _, box in made], SIDE)))

    threading.Thread(target=make, daemon=True).start()
    net = placed(Locator()).train()
    print(sum(weight.numel() for weight in net.parameters()), "weights", flush=True)
    optimiser = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=1e-3)
    began, step = time.monotonic(), 0
    while (gone := (time.monotonic() - began) / 60) < minutes:
        for group in optimiser.param_groups:
            group["lr"] = _RATE * min(1, (step + 1) / 100) * 0.5 * (1 + np.cos(np.pi * gone / minutes)) + 1e-6
        pictures, targets = ready.get()
        with torch.autocast(DEVICE.type, dtype=torch.bfloat16):
            maps = net(pictures.float().to(DEVICE, memory_format=torch.channels_last))
        scores, places = loss_of([out.float() for out in maps], [target.to(DEVICE) for target in targets])
        optimiser.zero_grad()
        (scores + 0.5 * places).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step += 1
        if step % 200 == 0:
            speed = step * _BATCH / (gone * 60)
            print(f"{gone:.1f} min, {speed:.0f}/s, scores {float(scores):.3f}, places {float(places):.3f}", flush=True)
            torch.save(net.state_dict(), out.with_suffix(".pt"))
    stop.set()
    torch.save(net.state_dict(), out.with_suffix(".pt"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
