"""Masks counted on pictures of which it is known."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.detect import open_detector
from models.manifest import load_manifest
from models.masktrial import MaskCount, count_masks
from models.trial import TrialError
from scripts.demo.faces import NOBODY
from tests.models.facekit import MANIFEST, mask_entry, mask_of_the_mouth, with_mask


def test_faces_called_masked_are_counted_and_pictures_without_a_face_are_not_lost(
    demo_faces: Path, tmp_path: Path, weights: Path
) -> None:
    shipped = load_manifest(MANIFEST)
    manifest = shipped.model_copy(update={"mask": mask_entry()})
    files = tmp_path / "files"
    files.mkdir()
    shutil.copy(weights / shipped.detect.file, files)
    (files / mask_entry().file).write_bytes(mask_of_the_mouth(112))
    bare, worn = tmp_path / "pictures" / "bare", tmp_path / "pictures" / "worn"
    bare.mkdir(parents=True)
    worn.mkdir()
    for person in ("astronaut", "hopper", NOBODY):
        shutil.copy(demo_faces / person / "00.jpg", bare / f"{person}.jpg")
    (bare / "torn.jpg").write_bytes(b"no picture")
    frame = np.asarray(cv2.imread(str(bare / "astronaut.jpg")), np.uint8)
    [face] = open_detector(manifest, files).detect(frame)
    cv2.imwrite(str(worn / "astronaut.jpg"), with_mask(frame, face.points))
    assert count_masks(manifest, files, tmp_path / "pictures", iter) == {
        "bare": MaskCount(pictures=4, faces=2, masked=0),
        "worn": MaskCount(pictures=1, faces=1, masked=1),
    }


def test_a_set_without_a_network_for_masks_and_a_folder_without_pictures_are_refused(
    demo_faces: Path, tmp_path: Path
) -> None:
    manifest = load_manifest(MANIFEST)
    with pytest.raises(TrialError, match="no network for masks"):
        count_masks(manifest, tmp_path, demo_faces, iter)
    with pytest.raises(TrialError, match="give a folder of folders"):
        count_masks(manifest, tmp_path, tmp_path, iter)
