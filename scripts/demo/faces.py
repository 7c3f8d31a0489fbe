"""Card photos and camera pictures of the demo's two people, made from public-domain portraits that packages carry.

Both portraits are NASA's and the US Navy's (works of the US government): Eileen Collins in scikit-image, Grace Hopper
in matplotlib. Warped and relit they play visitors; they prove plumbing, not accuracy.
"""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.idphoto import Level, id_photo

Picture = NDArray[np.uint8]

PERSONS = ("astronaut", "hopper")
NOBODY = "nobody"
_FRAMES = 12
_SIZE = (1280, 720)
_MADE = "made-1"  # raise the number when the pictures change


@dataclass(frozen=True, slots=True)
class _Portrait:
    """Where a portrait lies in its package, and where the eyes are in it (pixels; left of the picture first)."""

    package: str
    path: str
    eyes: tuple[tuple[float, float], tuple[float, float]]


_PORTRAITS = {
    "astronaut": _Portrait("skimage", "data/astronaut.png", ((202.5, 101.0), (247.0, 103.3))),
    "hopper": _Portrait("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", ((221.0, 190.0), (305.0, 187.0))),
}


def card_photo(person: str) -> bytes:
    """The photo of a person as a card carries it, before a white ground; at most 1024 bytes, not padded."""
    portrait = _PORTRAITS[person]
    picture = _load(portrait)
    (left, top), (right, _) = portrait.eyes
    unit, middle = right - left, (left + right) / 2
    x, y = np.meshgrid(np.arange(float(picture.shape[1])), np.arange(float(picture.shape[0])))
    head = ((x - middle) / (1.33 * unit)) ** 2 + ((y - top) / (1.7 * unit)) ** 2 < 1
    shoulders = ((x - middle) / (1.85 * unit)) ** 2 + ((y - top - 2.7 * unit) / (1.26 * unit)) ** 2 < 1
    mask = cv2.GaussianBlur((head | shoulders).astype(np.float32), (0, 0), 0.075 * unit)[..., None]
    return id_photo(_to_bytes(picture * mask + 245 * (1 - mask)), np.array(portrait.eyes), Level.CARD)


def make_demo_faces(folder: Path) -> None:
    """Fill ``folder`` with a folder of 1280x720 pictures per person and one of the empty hall; once."""
    stamp = folder / _MADE
    if stamp.exists():
        return
    hall = _hall()
    scenes = {NOBODY: [_relit(hall, 1 + 0.01 * i) for i in range(3)]}
    scenes |= {person: list(_visitor(person, hall)) for person in PERSONS}
    for name, pictures in scenes.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i, picture in enumerate(pictures):
            (folder / name / f"{i:02}.jpg").write_bytes(_encode(".jpg", picture, cv2.IMWRITE_JPEG_QUALITY, 92))
    stamp.touch()


def _visitor(person: str, hall: Picture) -> Iterator[Picture]:
    """A person before the camera, swaying a little, in the light of the hall."""
    portrait = _PORTRAITS[person]
    picture = _load(portrait)
    rng = np.random.default_rng(20220401)
    height, width = picture.shape[:2]
    outline = np.zeros((height, width), np.float32)
    (left, top), (right, right_top) = portrait.eyes
    unit = right - left
    middle = (left + right) / 2
    cv2.ellipse(outline, (round(middle), round(top)), (round(1.6 * unit), round(2.4 * unit)), 0, 0, 360, 1.0, -1)
    cv2.ellipse(
        outline, (round(middle), round(top + 4.6 * unit)), (round(2.9 * unit), round(2.6 * unit)), 0, 0, 360, 1.0, -1
    )
    outline = np.asarray(cv2.GaussianBlur(outline, (0, 0), 0.15 * unit), np.float32)
    light = np.linspace(0.82, 1.08, _SIZE[0], dtype=np.float32)[None, :, None]
    for i in range(_FRAMES):
        phase = 2 * np.pi * i / _FRAMES
        move = _eyes_to(
            portrait,
            centre=(640 + 14 * np.sin(phase), 300 + 6 * np.cos(2 * phase)),
            distance=104 + 4 * np.cos(phase),
            turn=np.radians(2.5 * np.sin(phase + 1)),
        )
        # A little shear about the eyes: a face seen from slightly aside.
        move[0] += 0.03 * move[1, 1] * np.array([0.0, 1.0, -(top + right_top) / 2])
        body = cv2.warpAffine(picture, move, _SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        mask = cv2.warpAffine(outline, move, _SIZE)[..., None]
        scene = body * (mask * light) + hall * (1 - mask)
        yield _to_bytes(scene + rng.normal(0, 2.0, (*scene.shape[:2], 1)))


def _hall() -> Picture:
    """A plain entrance hall out of focus: wall, floor, a door's worth of light."""
    rng = np.random.default_rng(7)
    hall = np.zeros((_SIZE[1], _SIZE[0], 3), np.float32)
    hall[:470] = (176, 184, 190)
    hall[470:] = (112, 122, 132)
    hall[60:470, 90:330] = (214, 220, 222)
    hall[90:470, 980:1180] = (134, 118, 104)
    hall += rng.normal(0, 6, hall.shape)
    return _to_bytes(cv2.GaussianBlur(hall, (0, 0), 14))


def _relit(picture: Picture, gain: float) -> Picture:
    return _to_bytes(picture * gain)


def _eyes_to(
    portrait: _Portrait, centre: tuple[float, float], distance: float, turn: float = 0.0
) -> NDArray[np.float64]:
    """The 2x3 matrix that puts the eyes around ``centre``, ``distance`` pixels apart, turned by ``turn`` radians."""
    left, right = (complex(*eye) for eye in portrait.eyes)
    a = distance * np.exp(1j * turn) / (right - left)
    b = complex(*centre) - a * (left + right) / 2
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def _load(portrait: _Portrait) -> Picture:
    # The file alone: importing scikit-image would take longer than all the rest.
    spec = importlib.util.find_spec(portrait.package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{portrait.package} is not installed; install the extra [demo]")
    picture = cv2.imread(str(Path(spec.origin).parent / portrait.path), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(f"{portrait.package} carries no {portrait.path}; install the extra [demo] again")
    return np.asarray(picture, dtype=np.uint8)


def _to_bytes(picture: NDArray[Any]) -> Picture:
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def _encode(kind: str, picture: Picture, option: int, value: int) -> bytes:
    _, coded = cv2.imencode(kind, picture, [option, value])
    return bytes(coded.tobytes())
