import itertools
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.camera import FolderCamera, open_camera
from kiosk.core.errors import SettingsError
from kiosk.frames import Camera, Frame, LatestFrame

PATIENCE = 10.0


@contextmanager
def started(camera: Camera) -> Iterator[LatestFrame]:
    frames = LatestFrame()
    camera.start(frames)
    try:
        yield frames
    finally:
        camera.close()


def _fill(folder: Path, *greys: int) -> Path:
    folder.mkdir(parents=True)
    for i, grey in enumerate(greys):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((36, 64, 3), grey, np.uint8))
    return folder


def _next(frames: LatestFrame, than: int = 0) -> Frame:
    frame = frames.wait_newer(than, PATIENCE)
    assert frame is not None
    return frame


def _wait_lost(frames: LatestFrame) -> None:
    end = time.monotonic() + PATIENCE
    while frames.get() is not None:
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("url", ["", "0", "v4l2:", "v4l2:front", "folder:", "none", "none:x", "rtsp://camera"])
def test_a_url_that_names_no_camera_is_refused_with_its_value_and_an_example(url: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        open_camera(url)
    assert f'"{url}"' in refusal.value.detail
    assert "v4l2:/dev/video0" in refusal.value.detail


def test_pictures_come_in_order_over_and_over(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "pictures", 10, 20, 30)
    (folder / "notes.txt").write_text("not a picture")
    with started(open_camera(f"folder:{folder}")) as frames:
        seen: list[tuple[int, int]] = []
        while len(seen) < 7:
            frame = _next(frames, seen[-1][0] if seen else 0)
            assert frame.bgr.shape == (36, 64, 3)
            seen.append((frame.number, int(frame.bgr[0, 0, 0])))
    assert {grey for _, grey in seen} == {10, 20, 30}
    for (number, grey), (later_number, later) in itertools.pairwise(seen):
        steps = later_number - number
        assert later == (grey // 10 - 1 + steps) % 3 * 10 + 10


def test_a_closed_camera_leaves_no_picture(tmp_path: Path) -> None:
    camera = open_camera(f"folder:{_fill(tmp_path / 'pictures', 10)}")
    with started(camera) as frames:
        _next(frames)
        began = time.monotonic()
        camera.close()
        assert time.monotonic() - began < 1.0
        assert frames.get() is None


def test_what_a_folder_camera_shows_can_be_switched(tmp_path: Path) -> None:
    camera = FolderCamera(_fill(tmp_path / "one", 10))
    with started(camera) as frames:
        assert _next(frames).bgr[0, 0, 0] == 10
        camera.play(_fill(tmp_path / "other", 99))
        frame = _next(frames, _next(frames).number + 1)
        assert frame.bgr[0, 0, 0] == 99


def test_a_folder_that_vanishes_is_a_lost_camera_that_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = _fill(tmp_path / "pictures", 10)
    with caplog.at_level(logging.INFO, "drivers.camera"), started(open_camera(f"folder:{folder}")) as frames:
        last = _next(frames).number
        shutil.rmtree(folder)
        _wait_lost(frames)
        time.sleep(1.0)  # several attempts
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        _fill(folder, 20)
        frame = _next(frames)
        assert frame.number > last
        assert frame.bgr[0, 0, 0] == 20
        _next(frames, frame.number)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_file_that_is_no_picture_is_a_lost_camera(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "pictures", 10)
    with started(open_camera(f"folder:{folder}")) as frames:
        _next(frames)
        (folder / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
        _wait_lost(frames)


def test_a_device_that_is_not_there_is_a_lost_camera_with_a_remedy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "drivers.camera"), started(open_camera("v4l2:/dev/no-camera-here")) as frames:
        end = time.monotonic() + PATIENCE
        while not caplog.records and time.monotonic() < end:
            time.sleep(0.01)
        assert frames.get() is None
    assert "/dev/no-camera-here is not there; check the plug" in caplog.text


def test_a_device_that_is_no_camera_is_a_lost_camera(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "drivers.camera"), started(open_camera("v4l2:/dev/null")) as frames:
        end = time.monotonic() + PATIENCE
        while not caplog.records and time.monotonic() < end:
            time.sleep(0.01)
        assert frames.get() is None
    assert "/dev/null does not open" in caplog.text


def test_no_camera_gives_no_picture() -> None:
    with started(open_camera("none:")) as frames:
        assert frames.get() is None
        assert frames.wait_newer(0, 0.2) is None
