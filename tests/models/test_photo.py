import io
import struct

import numpy as np
import pytest
from PIL import Image

from kiosk.frames import Picture
from models.photo import PhotoError, decode_photo


def _coded(bgr: Picture, raw: bool) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(bgr[..., ::-1]))
    image.save(file, "JPEG2000", no_jp2=raw, quality_mode="rates", quality_layers=[45], irreversible=True)
    return file.getvalue()


@pytest.fixture(scope="module")
def picture() -> Picture:
    """Blue above, yellow below, light at the right, so that swapped channels and mirroring both show."""
    bgr = np.zeros((126, 102, 3), np.uint8)
    bgr[:63] = (220, 60, 30)
    bgr[63:] = (30, 200, 210)
    bgr[:, 80:] = 245
    return bgr


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("size", [0, 1024])
def test_photos_decode_boxed_raw_and_padded(picture: Picture, raw: bool, size: int) -> None:
    block = _coded(picture, raw).ljust(size, b"\0")
    decoded = decode_photo(block)
    assert decoded.shape == (126, 102, 3)
    assert np.abs(decoded.astype(int) - picture).mean() < 8


def test_a_grey_photo_becomes_a_picture_of_three_channels() -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((126, 102), 140, np.uint8)).save(file, "JPEG2000", no_jp2=True)
    assert decode_photo(file.getvalue()).shape == (126, 102, 3)


@pytest.mark.parametrize("block", [b"", bytes(1024)])
def test_a_card_without_photo_says_so(block: bytes) -> None:
    with pytest.raises(PhotoError, match="no photo"):
        decode_photo(block)


def test_a_format_without_decoder_says_so() -> None:
    with pytest.raises(PhotoError, match="no decoder"):
        decode_photo(b"WLf\x01" + bytes(range(256)) * 3)


def test_a_photo_cut_anywhere_never_raises_anything_else(picture: Picture) -> None:
    refused = 0
    for raw in (True, False):
        whole = _coded(picture, raw)
        for length in range(1, len(whole), 7):
            try:
                decode_photo(whole[:length])
            except PhotoError:
                refused += 1
    assert refused > 10


@pytest.mark.parametrize(
    ("offset", "value"),
    [(4, 1 << 30), (8, 1 << 30), (4, 0), (20, 1), (24, 3)],
    ids=["width", "height", "no width", "tiles across", "tiles down"],
)
def test_an_impossible_header_never_reaches_the_decoder(picture: Picture, offset: int, value: int) -> None:
    codestream = bytearray(_coded(picture, raw=True))
    siz = 4  # past SOC and the SIZ marker; offsets as in ISO/IEC 15444-1, A.5.1, from Lsiz
    struct.pack_into(">I", codestream, siz + offset, value)
    with pytest.raises(PhotoError, match="impossible size"):
        decode_photo(bytes(codestream))
