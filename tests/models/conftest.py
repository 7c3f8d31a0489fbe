import os
from pathlib import Path

import pytest

from models.engine import FaceEngine, open_engine
from scripts.demo.faces import make_demo_faces
from tests.models.facekit import MANIFEST

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def face_data() -> Path:
    folder = Path(os.environ.get("KIOSK_FACE_DATA") or _ROOT.parent / "shared" / "data" / "face")
    if not (folder / "models").is_dir():
        pytest.skip(f"no face data in {folder} (KIOSK_FACE_DATA)")
    return folder


@pytest.fixture(scope="session")
def weights(face_data: Path) -> Path:
    return face_data / "models"


@pytest.fixture(scope="session")
def engine(weights: Path) -> FaceEngine:
    return open_engine(MANIFEST, weights)


@pytest.fixture(scope="session")
def demo_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo_faces")
    make_demo_faces(folder)
    return folder
