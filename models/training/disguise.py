"""One face in many looks: other light, other cameras, a card's coder, and blends that are nobody."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kiosk.frames import Picture
from models.align import SIDE, TEMPLATE, Template, similarity, warp
from models.idphoto import EYES, Level, id_photo

ENLARGE = 2.5  # as models.engine enlarges a card photo
_POINT_NOISE = 0.5  # pixels of the 112x112 crop: what detectors disagree about
CARD_POINTS = TEMPLATE @ similarity(TEMPLATE[:2], EYES)[:, :2].T + similarity(TEMPLATE[:2], EYES)[:, 2]
_MASK_COLOURS = (
    (235, 235, 235),
    (225, 195, 150),
    (215, 180, 120),
    (40, 38, 36),
    (110, 108, 105),
    (190, 170, 220),
    (200, 210, 190),
)
_Y, _X = np.mgrid[:SIDE, :SIDE].astype(np.float32)


class Disguise:
    """Random looks, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._rng = np.random.default_rng(seed)

    def chip(self, crop: Picture, template: Template) -> Picture:
        """The crop of a network's template, out of a photo of whatever quality taken of this 112x112 crop."""
        kind = self._rng.random()
        if kind < 0.1:
            return self._aligned(crop, TEMPLATE, 1.0, template)
        if kind < 0.55:
            return self._aligned(self.photo(crop), TEMPLATE, 1.0, template)
        card = self.card(crop)
        large = np.asarray(cv2.resize(card, None, fx=ENLARGE, fy=ENLARGE, interpolation=cv2.INTER_CUBIC), np.uint8)
        return self._aligned(large, CARD_POINTS * ENLARGE, ENLARGE * 27 / 35.24, template)

    def photo(self, crop: Picture) -> Picture:
        """What another camera in other light would have made of it."""
        rng = self._rng
        picture = crop.astype(np.float32)
        if rng.random() < 0.4:
            picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.6)).astype(np.float32)
        picture = (picture - 128) * rng.uniform(0.6, 1.35) + 128 + rng.uniform(-40, 40)
        picture *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
        if rng.random() < 0.25:  # light from one side
            angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.35)
            slope = (np.cos(angle) * (_X - SIDE / 2) + np.sin(angle) * (_Y - SIDE / 2)) / (SIDE / 2)
            picture *= (1 + depth * slope)[..., None]
        if rng.random() < 0.15:
            picture = np.repeat(picture.mean(2, keepdims=True), 3, 2)
        if rng.random() < 0.3:
            picture += rng.normal(0, rng.uniform(2, 8), picture.shape)
        done = _to_bytes(picture)
        if rng.random() < 0.3:
            done = _coded(".jpg", done, int(rng.integers(30, 90)))
        return done

    def card(self, crop: Picture) -> Picture:
        """The 102x126 photo that a card would carry."""
        level = self._rng.choice([Level.LIGHT, Level.CARD, Level.HARSH, Level.OLD], p=[0.1, 0.4, 0.25, 0.25])
        if level != Level.CARD:
            coded = id_photo(crop, TEMPLATE[:2], Level(level))
            return np.asarray(cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)
        # The search for the rate that just fills the block takes 12 ms; here any rate near it is welcome.
        plain = cv2.imdecode(np.frombuffer(id_photo(crop, TEMPLATE[:2], Level.CLEAN), np.uint8), cv2.IMREAD_COLOR)
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(np.asarray(plain)[..., ::-1])).save(
            file,
            "JPEG2000",
            no_jp2=True,
            quality_mode="rates",
            quality_layers=[self._rng.uniform(34, 48)],
            irreversible=True,
            mct=1,
        )
        return np.ascontiguousarray(np.asarray(Image.open(file).convert("RGB"))[..., ::-1])

    def masked(self, crop: Picture) -> Picture:
        """The crop with a face mask painted over nose, mouth and chin."""
        rng = self._rng
        # A detector guesses where the mouth is below a mask, and mostly too high: the mask then lies low in the crop.
        top = float(np.clip(rng.normal(64, 6), 52, 80))
        side = top + rng.normal(4, 4)
        return self._covered(
            crop,
            [
                (rng.uniform(4, 20), side),
                (35, (top + side) / 2 + 2),
                (56, top),
                (77, (top + side) / 2 + 2),
                (rng.uniform(92, 108), side),
                (rng.uniform(84, 102), rng.uniform(86, 98)),
                (74, rng.uniform(103, 112)),
                (56, rng.uniform(108, 118)),
                (38, rng.uniform(103, 112)),
                (rng.uniform(10, 28), rng.uniform(86, 98)),
            ],
        )

    def unmasked_chin(self, crop: Picture) -> Picture:
        """The crop with a mask pulled down below the mouth: not a masked face."""
        top = self._rng.uniform(99, 106)
        return self._covered(crop, [(14, top - 5), (56, top), (98, top - 5), (92, 125), (20, 125)])

    def _covered(self, crop: Picture, outline: list[tuple[float, float]]) -> Picture:
        rng = self._rng
        shift = rng.normal(0, 2.5, 2)
        corners = np.round((np.array(outline) + shift + rng.normal(0, 1.0, (len(outline), 2))) * 16).astype(np.int32)
        shape = np.zeros((SIDE, SIDE), np.float32)
        cv2.fillPoly(shape, [corners], 1.0, cv2.LINE_AA, 4)
        shape = np.asarray(cv2.GaussianBlur(shape, (0, 0), rng.uniform(0.5, 1.6)), np.float32)
        colour = (
            _MASK_COLOURS[int(rng.integers(len(_MASK_COLOURS)))] if rng.random() < 0.75 else rng.uniform(20, 250, 3)
        )
        cloth = np.ones((SIDE, SIDE, 1), np.float32) * np.asarray(colour, np.float32) * rng.uniform(0.75, 1.05)
        coarse = cv2.resize(rng.normal(0, 1, (6, 6)).astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        cloth += (coarse * rng.uniform(2, 14))[..., None]
        if rng.random() < 0.5:  # pleats
            cloth -= (rng.uniform(4, 22) * (np.sin(_Y / rng.uniform(2.0, 4.0) + rng.uniform(0, 6)) > 0.7))[..., None]
        if rng.random() < 0.35:  # a printed pattern, of one colour or of many
            fine, colours = int(rng.integers(5, 26)), int(rng.choice([1, 3]))
            print_ = rng.integers(0, 2, (fine, fine, colours)).astype(np.float32)
            way = cv2.INTER_NEAREST if rng.random() < 0.4 else cv2.INTER_CUBIC
            spread = cv2.resize(print_, (SIDE, SIDE), interpolation=way).reshape(SIDE, SIDE, colours)
            cloth = cloth + spread * rng.uniform(-140, 140, colours)
        if rng.random() < 0.12:  # a valve
            shade = np.zeros((SIDE, SIDE), np.float32)
            middle = (int(rng.uniform(40, 76)), int(rng.uniform(78, 100)))
            cv2.circle(shade, middle, int(rng.uniform(6, 12)), float(rng.uniform(-70, 70)), -1, cv2.LINE_AA)
            cloth = cloth + shade[..., None]
        cloth *= (1 - rng.uniform(0, 0.35) * np.abs((_X - 56 + rng.uniform(-20, 20)) / 56))[..., None]
        light = float(crop.mean()) / 120
        cloth *= np.clip(light, 0.5, 1.2)
        picture = crop * (1 - shape[..., None]) + cloth * shape[..., None]
        if rng.random() < 0.5:  # the loops around the ears
            loops = _to_bytes(picture)
            for (x, y), edge in ((outline[0], -10), (outline[4] if len(outline) > 5 else outline[2], 122)):
                cv2.line(
                    loops,
                    (int(x), int(y)),
                    (edge, int(y - rng.uniform(0, 14))),
                    tuple(float(c) for c in cloth[60, 56]),
                    1,
                    cv2.LINE_AA,
                )
            return loops
        return _to_bytes(picture)

    def blend(self, one: Picture, other: Picture) -> Picture:
        """A face that is nobody's: two aligned faces averaged, or parts of one in the other, then bent a little.

        A teacher can say of any picture what it sees, so blends are new people for free.
        """
        rng = self._rng
        ground = one.astype(np.float32)
        guest = _in_colours_of(other[:, ::-1] if rng.random() < 0.5 else other, ground)
        kind = rng.random()
        if kind < 0.45:
            mask = np.full((SIDE, SIDE), rng.uniform(0.35, 0.65), np.float32)
        elif kind < 0.75:
            mask = 1 / (1 + np.exp(-(_Y - rng.uniform(55, 82)) / rng.uniform(3, 8)))
        else:
            wide, high = rng.uniform(16, 32), rng.uniform(12, 30)
            mask = np.exp(-(((_X - 56) / wide) ** 2) - ((_Y - rng.uniform(45, 88)) / high) ** 2)
        if rng.random() < 0.5:
            mask = 1 - mask
        mixed = _to_bytes(ground * (1 - mask[..., None]) + guest * mask[..., None])
        return self._bent(mixed, rng.uniform(0.5, 2.5)) if rng.random() < 0.7 else mixed

    def _bent(self, crop: Picture, pixels: float) -> Picture:
        way = self._rng.normal(0, pixels, (2, 5, 5)).astype(np.float32)
        right, down = (cv2.resize(plane, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for plane in way)
        bent = cv2.remap(crop, _X + right, _Y + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(bent, dtype=np.uint8)

    def _aligned(self, picture: Picture, points: NDArray[np.float64], scale: float, template: Template) -> Picture:
        noisy = points + self._rng.normal(0, _POINT_NOISE * scale, points.shape)
        return warp(picture, noisy, template)


def _in_colours_of(picture: NDArray[np.generic], ground: NDArray[np.float32]) -> NDArray[np.float32]:
    own = picture.astype(np.float32)
    mean, spread = own.mean((0, 1)), own.std((0, 1)) + 1
    wanted: NDArray[np.float32] = (own - mean) / spread * (ground.std((0, 1)) + 1) + ground.mean((0, 1))
    return np.clip(wanted, 0, 255)


def _to_bytes(picture: NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def _coded(kind: str, picture: Picture, quality: int) -> Picture:
    _, coded = cv2.imencode(kind, picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)
