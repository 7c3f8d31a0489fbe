"""The whole product plays its deck as scripts/run does, with face models and without them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.manifest import load_manifest
from models.weights import roles
from scripts.demo.deck import load_deck
from scripts.modelsets import FACE_DATA, SetName, model_set

pytestmark = pytest.mark.timeout(600)


def play(folder: Path, name: SetName, face_data: Path = FACE_DATA) -> tuple[int, dict[str, Any], str]:
    environment = {**os.environ, "KIOSK_FACE_DATA": str(face_data), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-P", "-m", "scripts.ctl", "demo", "--json", "--set", name, "--out", str(folder)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    try:
        return ended.returncode, json.loads(ended.stdout), ended.stderr
    except ValueError:
        pytest.fail(f"exit {ended.returncode}: {ended.stderr[-3000:]}")


def wrong(answer: dict[str, Any]) -> list[Any]:
    return [step for step in answer["steps"] if not step["right"]]


def names_somebody(folder: Path, said: str) -> list[str]:
    """What of a person in the deck is left in journal or output: there must be nothing."""
    left = b"".join(path.read_bytes() for path in folder.glob("journal.sqlite*"))
    assert left
    left += said.encode()
    personal = {
        text for person in load_deck().person for text in (person.name, person.number, f"{person.birth:%Y%m%d}")
    }
    return [text for text in personal if text.encode() in left or text.encode("utf-16-le") in left]


@pytest.mark.parametrize("name", list(SetName))
def test_the_deck_with_face_models(name: SetName, tmp_path: Path) -> None:
    chosen = model_set(name)
    if not chosen.is_there:
        pytest.skip(f"no {name} set of face models in {chosen.folder}")
    code, answer, said = play(tmp_path, name)
    assert wrong(answer) == []
    assert code == 0
    assert "compared by models" in said
    # What compared is named by its digest.
    files = roles(load_manifest(chosen.manifest)).values()
    assert answer["models"] == {file.file: file.sha256 for file in files}
    assert all(file.sha256 in said for file in files)
    assert names_somebody(tmp_path, said) == []
    people = {step["got"][0]["person"] for step in answer["steps"]}
    assert {"H1", "H3", "H4a", "H6"} <= people
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 2 * len(answer["steps"])


def test_the_deck_without_face_models_is_answered_by_staff(tmp_path: Path) -> None:
    code, answer, said = play(tmp_path, SetName.PRODUCTION, tmp_path / "nothing")
    assert wrong(answer) == []
    assert code == 0
    assert "staff compare" in said
    assert answer["models"] == {}
    assert {step["got"][0]["person"] for step in answer["steps"]} == {"H4a", "H4b"}
    assert names_somebody(tmp_path, said) == []
    assert {step["got"][1]["person"] for step in answer["steps"]} == {"H5", "H7"}
