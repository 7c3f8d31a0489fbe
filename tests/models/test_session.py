"""Files that are no network, another network or a broken one: each is a ModelError that says what to do."""

import numpy as np
import pytest
from onnx import TensorProto

from kiosk.core.errors import Fault
from kiosk.frames import Picture
from models.manifest import ModelError, PictureInput
from models.session import Session, as_batch
from tests.models.onnxkit import coarse, network, node, saying

WANTED = PictureInput(width=112, height=112, colours="RGB", low=0.0, high=255.0)
GOOD = coarse(112, 4)
PICTURE = np.full((112, 112, 3), 77, np.uint8)


def test_a_good_network_opens_and_answers() -> None:
    [answer] = Session(GOOD, "Good", WANTED).run(as_batch([PICTURE], WANTED)).values()
    assert answer.shape == (1, 48)
    assert answer == pytest.approx(77)


TWO_INPUTS = network([node("Add", ["picture", "other"], "answer")], (112, 112), inputs=("picture", "other"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "does not open"),
        (b"abc" * 100, "does not open"),
        (GOOD[: len(GOOD) // 2], "does not open"),
        (GOOD[:-1], "does not open"),
        (coarse(112, 4, opset=99), "does not open"),
        (network([node("Teleport", ["picture"], "answer")], (112, 112)), "does not open"),
        (coarse(96, 4), "does not want pictures of"),
        (TWO_INPUTS, "does not want pictures of"),
    ],
    ids=["empty", "no network", "half", "one byte short", "opset", "operation", "size", "two inputs"],
)
def test_what_cannot_be_used_is_refused_when_it_is_opened(content: bytes, said: str) -> None:
    with pytest.raises(ModelError, match=f"^Foreign {said}.*install the models again$") as refusal:
        Session(content, "Foreign", WANTED)
    assert refusal.value.fault is Fault.MODELS


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_an_answer_that_is_no_number_is_refused_and_nothing_of_the_rest_told(number: float) -> None:
    session = Session(saying([0.125, number], (112, 112)), "Broken", WANTED)
    with pytest.raises(ModelError, match=r"^Broken answers with what is no number; install") as refusal:
        session.run(as_batch([PICTURE], WANTED))
    assert "125" not in str(refusal.value)


def test_an_answer_in_whole_numbers_is_refused() -> None:
    session = Session(
        network([node("Shape", ["picture"], "answer")], (112, 112), kind=TensorProto.INT64), "Broken", WANTED
    )
    with pytest.raises(ModelError, match="no number"):
        session.run(as_batch([PICTURE], WANTED))


def test_a_picture_of_another_size_is_an_error_of_the_model() -> None:
    with pytest.raises(ModelError, match=r"^Good failed"):
        Session(GOOD, "Good", WANTED).run(as_batch([PICTURE[:90]], WANTED))


@pytest.fixture
def coloured() -> Picture:
    """Two pixels: blue 200, green 100, red 50, and black."""
    return np.array([[[200, 100, 50], [0, 0, 0]]], np.uint8)


@pytest.mark.parametrize(
    ("colours", "low", "high", "first"),
    [
        ("BGR", 0.0, 255.0, [200, 100, 50]),
        ("RGB", 0.0, 255.0, [50, 100, 200]),
        ("RGB", 0.0, 1.0, [50 / 255, 100 / 255, 200 / 255]),
        ("BGR", -1.0, 1.0, [200 / 127.5 - 1, 100 / 127.5 - 1, 50 / 127.5 - 1]),
    ],
)
def test_colours_and_range_reach_the_network_as_it_wants_them(
    coloured: Picture, colours: str, low: float, high: float, first: list[float]
) -> None:
    wanted = PictureInput.model_validate({"width": 2, "height": 1, "colours": colours, "low": low, "high": high})
    batch = as_batch([coloured, coloured], wanted)
    assert batch.shape == (2, 3, 1, 2)
    assert batch.dtype == np.float32
    assert batch[1, :, 0, 0] == pytest.approx(first, abs=1e-5)
    assert batch[1, :, 0, 1] == pytest.approx([low] * 3, abs=1e-5)
