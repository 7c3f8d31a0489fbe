import numpy as np
import pytest

from kiosk.frames import Picture
from models.manifest import ModelError
from models.mask import MaskDetector
from tests.models.facekit import mask_entry, mask_of_the_mouth
from tests.models.onnxkit import saying


@pytest.fixture
def crop() -> Picture:
    return np.full((112, 112, 3), 90, np.uint8)


@pytest.mark.parametrize("side", [112, 56])
def test_white_where_the_mouth_is_counts_as_a_mask_at_any_size_of_the_network(crop: Picture, side: int) -> None:
    detector = MaskDetector(mask_of_the_mouth(side), mask_entry(side))
    assert not detector.masked(crop)
    crop[:60] = 255
    assert not detector.masked(crop)
    crop[76:] = 255
    assert detector.masked(crop)


@pytest.mark.parametrize(("said", "masked"), [(0.69, False), (0.71, True), (1.0, True), (0.0, False)])
def test_the_manifest_says_from_where_on_a_face_is_masked(crop: Picture, said: float, masked: bool) -> None:
    detector = MaskDetector(saying([said], (112, 112)), mask_entry())
    assert detector.masked(crop) is masked


@pytest.mark.parametrize("numbers", [[0.2, 0.8], [1.2], [-0.1], [np.nan]])
def test_what_is_not_one_share_is_refused(crop: Picture, numbers: list[float]) -> None:
    with pytest.raises(ModelError, match=r"Mouth .*install the models again"):
        MaskDetector(saying(numbers, (112, 112)), mask_entry()).masked(crop)
