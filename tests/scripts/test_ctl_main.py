"""kioskctl as a whole: every command is listed, and those of a kiosk need nothing of the office's."""

import subprocess
import sys

import pytest

from scripts.ctl.main import _COMMANDS

WITHOUT = "import sys; sys.modules.update(numba=None, polars=None); from scripts.ctl.main import app; app()"


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_listed_command_explains_itself(name: str) -> None:
    ended = run("from scripts.ctl.main import app; app()", name, "--help")
    assert ended.returncode == 0, ended.stderr
    assert "Usage" in ended.stdout
    assert "completion" not in ended.stdout


@pytest.mark.parametrize("arguments", [["doctor"], ["keys", "make"], ["stick", "import"], ["models", "list"]])
def test_a_kiosk_needs_nothing_of_the_office(arguments: list[str]) -> None:
    ended = run(WITHOUT, *arguments, "--help")
    assert ended.returncode == 0, ended.stderr


def test_an_unknown_command_is_refused_and_the_list_is_quick() -> None:
    assert run("from scripts.ctl.main import app; app()", "nosuch").returncode == 2
    listed = run(
        "import sys; sys.modules.update(numpy=None, pydantic=None); from scripts.ctl.main import app; app()", "--help"
    )
    assert all(name in listed.stdout for name in _COMMANDS), listed.stderr
