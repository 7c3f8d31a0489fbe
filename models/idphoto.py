"""The ID-photo model: a portrait as an ID card would carry it, for evaluation and for simulated cards.

Needs Pillow, which the extra ``demo`` brings; the kiosk itself imports neither.
"""

import bisect
import io
import zlib
from enum import IntEnum, unique

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kiosk.frames import Picture
from models.align import similarity

SIZE = (102, 126)
# Left of the picture first: 27 pixels apart, centred, at 45 % of the height.
EYES: NDArray[np.float64] = np.array([[37.5, 56.7], [64.5, 56.7]])
BLOCK = 1024  # bytes a card has for its photo
_RATES = range(30, 80)  # compression rates around the 1:38 that fills the block
_QUALITIES = range(1, 96)
_START_OF_SCAN = b"\xff\xda"


@unique
class Level(IntEnum):
    """How much a photo has lost on its way into the card."""

    CLEAN = 0  # nothing but size
    LIGHT = 1  # JPEG of quality 50
    CARD = 2  # JPEG 2000 in the card's block: a wavelet code, as on real cards
    HARSH = 3  # JPEG with as many bytes of picture data
    OLD = 4  # grey, soft, pale and noisy, as a print of the first generation, then as HARSH


def id_photo(bgr: Picture, eyes: NDArray[np.floating], level: Level) -> bytes:
    """The coded photo of 102x126 pixels that a card would carry of the portrait ``bgr`` (height, width, 3).

    eyes: (2, 2) pixels, the one on the left of the picture first. PNG at Level.CLEAN, JPEG 2000 of at most 1024 bytes
    at Level.CARD, else JPEG; the same portrait gives the same bytes. The ground stays as it is: who wants it white
    paints it before. Geometry: GA 461-2004.
    """
    photo = _framed(bgr, eyes)
    match level:
        case Level.CLEAN:
            return _encoded(".png", photo)
        case Level.LIGHT:
            return _encoded(".jpg", photo, 50)
        case Level.CARD:
            return _jpeg2000(photo)
        case Level.HARSH:
            return _small_jpeg(photo)
        case Level.OLD:
            return _small_jpeg(_aged(photo))


def _framed(bgr: Picture, eyes: NDArray[np.floating]) -> Picture:
    move = similarity(eyes, EYES)
    scale = float(np.hypot(*move[:, 0]))
    if scale < 1:  # a warp alone would skip pixels and alias
        bgr = np.asarray(cv2.GaussianBlur(bgr, (0, 0), max(0.3, 0.5 * (1 / scale - 1))), dtype=np.uint8)
    photo = cv2.warpAffine(bgr, move, SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(photo, dtype=np.uint8)


def _aged(photo: Picture) -> Picture:
    # The picture seeds its own noise: another one for each, and the same again for the same.
    noise = np.random.default_rng(zlib.crc32(photo.tobytes())).normal(0, 4, photo.shape[:2])
    soft = cv2.GaussianBlur(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), (0, 0), 0.9).astype(np.float64)
    return np.asarray(np.clip((soft - 128) * 0.8 + 128 + noise, 0, 255), dtype=np.uint8)


def _small_jpeg(photo: Picture) -> bytes:
    """The best JPEG whose scan fits the block: the tables before it are the same for all and need no room."""

    def scan(quality: int) -> int:
        coded = _encoded(".jpg", photo, quality)
        return len(coded) - coded.rindex(_START_OF_SCAN)

    fitting = bisect.bisect_right(_QUALITIES, BLOCK, key=scan)
    return _encoded(".jpg", photo, _QUALITIES[max(0, fitting - 1)])


def _jpeg2000(photo: Picture) -> bytes:
    # Pillow's encoder knows the irreversible wavelet and the colour transform; at 1 KB OpenCV's shows neither. The box
    # around the codestream and the encoder's name in it would take an eighth of the block from the picture.
    image = Image.fromarray(np.ascontiguousarray(photo[..., ::-1]))

    def coded(rate: int) -> bytes:
        file = io.BytesIO()
        image.save(
            file,
            "JPEG2000",
            no_jp2=True,
            comment=b"-",
            quality_mode="rates",
            quality_layers=[rate],
            irreversible=True,
            mct=1,
        )
        return file.getvalue()

    return coded(_RATES[bisect.bisect_left(_RATES, True, key=lambda rate: len(coded(rate)) <= BLOCK)])


def _encoded(kind: str, picture: Picture, quality: int | None = None) -> bytes:
    _, coded = cv2.imencode(kind, picture, [] if quality is None else [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(coded.tobytes())
