import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.frames import Picture
from models.idphoto import BLOCK, EYES, Level, id_photo
from models.photo import decode_photo


def dots(eyes: NDArray[np.float64], size: tuple[int, int]) -> Picture:
    """A light picture (width, height) with a red dot at the eye on the left and a blue one at the other."""
    width, height = size
    x, y = np.meshgrid(np.arange(float(width)), np.arange(float(height)))
    spread = 0.12 * np.hypot(*(eyes[1] - eyes[0]))
    picture = np.full((height, width, 3), 220.0)
    for eye, missing in zip(eyes, ([0, 1], [1, 2]), strict=True):
        dot = np.exp(-((x - eye[0]) ** 2 + (y - eye[1]) ** 2) / (2 * spread**2))
        picture[..., missing] -= 200 * dot[..., None]
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def noise(seed: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (150, 150, 3)).astype(np.uint8)


def shown(coded: bytes) -> Picture:
    return np.asarray(cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


def centre(picture: Picture, channel: int) -> NDArray[np.float64]:
    """Where the dot is that lacks this channel."""
    dark = np.clip(200.0 - picture[..., channel], 0, None)
    y, x = np.indices(dark.shape)
    return np.array([np.average(x, weights=dark), np.average(y, weights=dark)])


NEAR = np.array([[60.0, 70.0], [82.0, 68.0]])  # enlarged
FAR = np.array([[400.0, 300.0], [620.0, 350.0]])  # shrunk eight times, and turned
UPSIDE_DOWN = np.array([[90.0, 80.0], [60.0, 80.0]])


@pytest.mark.parametrize("level", [Level.CLEAN, Level.LIGHT, Level.CARD, Level.HARSH])
@pytest.mark.parametrize(("eyes", "size"), [(NEAR, (150, 150)), (FAR, (1280, 720)), (UPSIDE_DOWN, (150, 150))])
def test_the_eyes_come_to_lie_where_cards_have_them(
    level: Level, eyes: NDArray[np.float64], size: tuple[int, int]
) -> None:
    photo = shown(id_photo(dots(eyes, size), eyes, level))
    assert photo.shape == (126, 102, 3)
    assert centre(photo, 0) == pytest.approx(EYES[0], abs=0.6)
    assert centre(photo, 2) == pytest.approx(EYES[1], abs=0.6)


def test_the_eyes_of_a_card_are_27_pixels_apart_at_45_per_cent_of_the_height() -> None:
    assert np.hypot(*(EYES[1] - EYES[0])) == 27
    assert EYES.mean(axis=0) == pytest.approx([102 / 2, 0.45 * 126])


@pytest.mark.parametrize("portrait", [noise(1), dots(NEAR, (150, 150))])
def test_whatever_the_portrait_a_card_photo_fits_the_block_and_the_kiosk_reads_it(portrait: Picture) -> None:
    coded = id_photo(portrait, NEAR, Level.CARD)
    assert len(coded) <= BLOCK
    assert decode_photo(coded.ljust(BLOCK, b"\0")).shape == (126, 102, 3)


@pytest.mark.parametrize("level", [Level.HARSH, Level.OLD])
def test_the_scan_of_the_small_jpegs_fills_the_block_and_no_more(level: Level) -> None:
    coded = id_photo(np.asarray(cv2.GaussianBlur(noise(2), (0, 0), 3), dtype=np.uint8), NEAR, level)
    scan = len(coded) - coded.rindex(b"\xff\xda")
    assert 0.9 * BLOCK < scan <= BLOCK


@pytest.mark.parametrize("level", list(Level))
def test_the_same_portrait_gives_the_same_bytes(level: Level) -> None:
    assert id_photo(noise(3), NEAR, level) == id_photo(noise(3), NEAR, level)


def test_an_old_photo_is_grey_pale_and_noisy_each_in_its_own_way() -> None:
    flat = np.full((150, 150, 3), (200, 200, 40), np.uint8)
    one, other = (shown(id_photo(portrait, NEAR, Level.OLD)).astype(np.int16) for portrait in (flat, flat - 1))
    assert np.ptp(one, axis=2).max() == 0
    grey = cv2.cvtColor(flat[:1, :1], cv2.COLOR_BGR2GRAY).item()
    assert one.mean() == pytest.approx((grey - 128) * 0.8 + 128, abs=1)
    assert one.std() > 1
    assert np.corrcoef(one[..., 0].ravel(), other[..., 0].ravel())[0, 1] < 0.3


def test_fine_stripes_are_blurred_and_do_not_alias_when_a_portrait_is_shrunk() -> None:
    stripes = np.zeros((720, 1280, 3), np.uint8)
    stripes[:, ::2] = 255
    photo = shown(id_photo(stripes, np.array([[500.0, 300.0], [720.0, 300.0]]), Level.CLEAN))
    assert photo.std() < 10
