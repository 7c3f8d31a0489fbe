"""kioskctl table: its answers, its refusals and its exit codes, as somebody at a terminal gets them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kiosk.core.errors import KioskError
from scripts.ctl.output import exit_code
from scripts.ctl.table import app
from scripts.office import encode, sealed
from scripts.office.peppers import make_pepper
from tests.office.invented_feeds import CLEAN, COLUMNS, feed, number, person

ROOT = Path(__file__).parents[2]
SALT = "00" * 16


def table(*arguments: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), input=typed)


def told(done: Result) -> dict[str, object]:
    assert done.exit_code == 0, (done.output, done.exception)
    facts = json.loads(done.stdout)
    assert isinstance(facts, dict)
    return facts


def refused(done: Result) -> str:
    error = done.exception
    assert isinstance(error, KioskError)
    assert exit_code(error) == 2
    return error.detail


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_pepper(tmp_path / "pepper")
    feed(tmp_path / "people.csv", [person(place) for place in range(20)])
    return tmp_path


def build(folder: Path, out: str, *more: str | Path, people: str = "people.csv") -> Result:
    return table(
        *("build", folder / people, "--out", folder / out, "--pepper", folder / "pepper", "--serial", "7"),
        *("--as-of", "2022-04-18T06:00:00+08:00", "--scope", "44", "--issuer", "health office", "--json", *more),
    )


def test_a_base_is_built_described_and_verified(folder: Path) -> None:
    feed(folder / "people.csv", [*(person(place) for place in range(20)), person(20, doses="many")])
    built = told(build(folder, "base", "--salt", SALT, "--demo"))
    assert (built["read"], built["accepted"], built["quarantined"], built["people"]) == (21, 20, 1, 20)
    assert (built["green"], built["salt"], built["kind"]) == (20, SALT, "base")
    assert "doses" in Path(str(built["quarantine"])).read_text(encoding="utf-8")
    info = told(table("info", folder / "base", "--json"))
    assert {name: built[name] for name in info} == info
    options = ("--pepper", folder / "pepper", "--json")
    assert told(table("verify", folder / "base", *options))["people"] == 20
    rows = ("--rows", folder / "people.csv", "--root", str(built["root"]))
    assert told(table("verify", folder / "base", *options, *rows))["read_back"] == 20
    assert sorted(path.name for path in folder.iterdir()) == ["base", "base.quarantine.csv", "people.csv", "pepper"]


def test_verify_notices_other_rows_another_root_and_a_changed_byte(folder: Path) -> None:
    told(build(folder, "base", "--salt", SALT))
    options = ("--pepper", folder / "pepper")
    feed(folder / "other.csv", [person(place, doses="3" if place == 4 else "2") for place in range(20)])
    assert "row 4: another doses" in refused(table("verify", folder / "base", *options, "--rows", folder / "other.csv"))
    assert "root" in refused(table("verify", folder / "base", *options, "--root", "ab" * 32))
    data = bytearray((folder / "base").read_bytes())
    data[5000] ^= 1
    (folder / "base").write_bytes(data)
    assert "page 0" in refused(table("verify", folder / "base", *options))


def test_a_delta_or_the_news_that_a_base_is_due(folder: Path) -> None:
    base = told(build(folder, "base", "--salt", SALT))
    feed(folder / "new.csv", [person(place, doses="3" if place < 4 else "2") for place in range(1, 21)])
    against = ("--kind", "delta", "--base", folder / "base", "--base-rows", folder / "people.csv")
    delta = told(build(folder, "delta", *against, people="new.csv"))
    assert (delta["changed"], delta["new"], delta["removed"], delta["people"]) == (3, 1, 1, 5)
    assert (delta["base_id"], delta["salt"]) == (base["layer_id"], SALT)
    feed(folder / "new.csv", [person(place, doses="3") for place in range(20)])
    due = build(folder, "again", *against, people="new.csv")
    assert due.exit_code == 1
    assert json.loads(due.stdout) == {"base_due": True, "rows": 20, "limit": 14}
    assert not (folder / "again").exists()


def test_one_person_is_asked_for(folder: Path) -> None:
    feed(folder / "people.csv", [{"number": number(11)} | CLEAN], ["number", *COLUMNS[1:]])
    told(build(folder, "base"))
    options = ("lookup", folder / "base", "--pepper", folder / "pepper", "--json")
    found = told(table(*options, typed=number(11) + "\n"))
    assert (found["found"], found["vaccine_doses"], found["vaccine_month"]) == (True, 2, "2022-01-01")
    nobody = table(*options, typed=number(12) + "\n")
    assert (nobody.exit_code, json.loads(nobody.stdout)["found"]) == (1, False)
    assert number(12) not in nobody.output
    assert "no identity number" in refused(table(*options, typed=number(12)[:-1] + "?\n"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--kind", "delta"), "--base"),
        (("--base-rows", "people.csv"), "--kind delta"),
        (("--as-of", "2222-04-18T06:00:00+08:00"), "later than the time of building"),
        (("--scope", "99"), "no province"),
        (("--issuer", ""), "issuer"),
    ],
)
def test_what_does_not_fit_is_refused(folder: Path, more: tuple[str, ...], said: str) -> None:
    assert said in refused(build(folder, "base", *more))
    assert not (folder / "base").exists()


@pytest.mark.parametrize("more", [("--salt", "12"), ("--as-of", "yesterday"), ("--serial", "0"), ("--kind", "x")])
def test_wrong_use_ends_with_2(folder: Path, more: tuple[str, ...]) -> None:
    assert build(folder, "base", *more).exit_code == 2


def test_a_failed_build_leaves_the_old_layer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(build(folder, "base", "--salt", SALT))
    before = (folder / "base").read_bytes()

    def spoilt(written, rows, slot_bits, bucket_bits):  # type: ignore[no-untyped-def]
        written.values[3] += 1
        return sealed.seal(written, rows, slot_bits, bucket_bits)

    monkeypatch.setattr(encode, "seal", spoilt)
    assert "does not read back: row 3" in refused(build(folder, "base", "--salt", SALT))
    assert (folder / "base").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["base", "base.quarantine.csv", "people.csv", "pepper"]


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
