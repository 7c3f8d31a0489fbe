"""kioskctl: its answers, its refusals and its exit codes, as somebody at a terminal gets them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.core.status import PersonStatus
from kiosk.showing import Mode
from kiosk.table.feed import PEOPLE_COLUMNS, RISK_COLUMNS
from kiosk.table.file import open_table
from tests.kiosk.invented_table import NOW, PEOPLE, RISKS, known, person, write_csv

ROOT = Path(__file__).parents[2]


def kioskctl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    code = "from scripts.ctl.main import app; app(prog_name='kioskctl')"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "people.csv", PEOPLE_COLUMNS, PEOPLE)
    write_csv(tmp_path / "risks.csv", RISK_COLUMNS, RISKS)
    assert kioskctl("table", "pepper", tmp_path / "pepper").returncode == 0
    return tmp_path


def build(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return kioskctl(
        *("table", "build", folder / "people.csv", "--risks", folder / "risks.csv", "--out", folder / "table.sqlite"),
        *("--pepper", folder / "pepper", "--as-of", "2022-04-18T06:00:00+08:00", "--serial", "7"),
        *("--scope", "44", "--issuer", "health office", "--issuer", "police", "--demo", *more),
    )


def test_a_table_is_built_described_and_readable(folder: Path) -> None:
    built = build(folder, "--json")
    assert (built.returncode, built.stderr) == (0, "")
    facts = json.loads(built.stdout)
    assert facts["as_of"] == "2022-04-18T06:00:00+08:00"
    assert facts["issuers"] == ["health office", "police"]
    info = kioskctl("table", "info", folder / "table.sqlite", "--pepper", folder / "pepper", "--json")
    assert json.loads(info.stdout) == facts | {"people": 4}
    for_people = kioskctl("table", "info", folder / "table.sqlite", "--pepper", folder / "pepper")
    assert for_people.returncode == 0
    assert "health office, police" in for_people.stdout
    table = open_table(folder / "table.sqlite", folder / "pepper", Mode.DEMO)
    try:
        assert isinstance(table.lookup(table.derive_key(known(11)), NOW), PersonStatus)
    finally:
        table.close()


def test_a_wrong_row_ends_with_2_and_its_place(folder: Path) -> None:
    write_csv(folder / "people.csv", PEOPLE_COLUMNS, [person(11), person(12, doses="[red]many[/red]")])
    done = build(folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert 'line 3, column doses: "[red]many[/red]": must be 0 to 9' in done.stderr
    assert not (folder / "table.sqlite").exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--as-of", "yesterday", "UTC offset"),
        ("--as-of", "2022-04-18T06:00:00", "UTC offset"),
        ("--serial", "x", "int"),
    ],
)
def test_wrong_use_ends_with_2(folder: Path, option: str, value: str, said: str) -> None:
    done = build(folder, option, value)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_table_ends_with_3_and_what_to_do(folder: Path) -> None:
    assert build(folder).returncode == 0
    with (folder / "table.sqlite").open("ab") as file:
        file.write(b"x")
    done = kioskctl("table", "info", folder / "table.sqlite", "--pepper", folder / "pepper", "--json")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "Bring the table and its digest again." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_wrapper_says_what_to_run_before_it_is_set_up(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    wrapper = shutil.copy(ROOT / "scripts" / "kioskctl", tmp_path / "scripts" / "kioskctl")
    done = subprocess.run([wrapper], check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 3
    assert "scripts/bootstrap" in done.stderr


def test_the_wrapper_works_from_anywhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "kioskctl", "--help"], check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 0
    assert "table" in done.stdout
