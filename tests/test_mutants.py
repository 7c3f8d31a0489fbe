"""Known bugs, put into a copy of the core one by one: the tests of the core must notice each of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PATCHES = sorted((Path(__file__).parent / "mutants").glob("*.patch"))
NEEDED = (
    "kiosk",
    "tests/core",
    "tests/kiosk/test_rules_supply.py",
    "tests/people.py",
    "tests/conftest.py",
    "pyproject.toml",
)
DEADLINE_SECONDS = 110


def git_apply(patch: Path, tree: Path, *options: str) -> None:
    # Within some other repository, git apply would silently skip what lies outside of it.
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)}
    done = subprocess.run(
        ["git", "apply", *options, str(patch)],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{patch.name} does not fit the core any more: {done.stderr}"


def run_core_tests(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "tests/core", "-x", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False)


@pytest.fixture
def copy(tmp_path: Path, full: bool) -> Path:
    if not full:
        pytest.skip("runs the tests of the core once for each mutant: --full")
    for name in NEEDED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return tmp_path


def test_there_are_mutants_and_each_still_fits_the_core() -> None:
    assert len(PATCHES) >= 8
    for patch in PATCHES:
        git_apply(patch, ROOT, "--check")


def test_the_copy_passes_while_nothing_is_changed(copy: Path) -> None:
    done = run_core_tests(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_no_mutant_survives(patch: Path, copy: Path) -> None:
    git_apply(patch, copy)
    done = run_core_tests(copy)
    # 1: tests failed; anything else is a broken patch, not a bug that was noticed.
    assert done.returncode == 1, f"{patch.stem} survived:\n{done.stdout}"
