"""Who may sign, for how long, and what lies on a stick."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Targets

from kiosk.core.errors import TableError
from kiosk.store import SupplyName
from scripts.office.repository import MODELS, POLICY, Repository, codes_role, make_key
from tests.memory import folder_in_memory

NOW = datetime(2022, 4, 20, tzinfo=UTC)
DAY = timedelta(days=1)
ROLE = codes_role("44")


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    with folder_in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "office", tmp_path / "keys", SupplyName.PROVINCE, NOW, ["44", "33"])


def signed(tmp_path: Path, role: str, version: int) -> Targets:
    return Metadata[Targets].from_file(str(tmp_path / f"office/metadata/{version}.{role}.json")).signed


def test_how_long_signatures_last(repository: Repository, tmp_path: Path) -> None:
    expected = {"root": 365, "targets": 365, "snapshot": 3, ROLE: 3, POLICY: 365, MODELS: 365}
    assert {role: signed(tmp_path, role, 1).expires - NOW for role in expected} == {
        role: days * DAY for role, days in expected.items()
    }


def test_lasting_roles_are_signed_again_in_time_and_codes_are_not(repository: Repository, tmp_path: Path) -> None:
    later = NOW + 340 * DAY
    repository.publish({ROLE: {"codes/44/file": b"1"}}, later)
    assert signed(tmp_path, POLICY, 2).expires == later + 365 * DAY
    assert signed(tmp_path, "targets", 2).expires == later + 365 * DAY
    assert not (tmp_path / "office/metadata/2.codes/33.json").exists()


def test_private_keys_are_their_owners_alone(repository: Repository, tmp_path: Path) -> None:
    keys = list((tmp_path / "keys").iterdir())
    assert len(keys) == 3 + 3 + 4
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_a_new_root_needs_the_keepers_of_the_old(repository: Repository, tmp_path: Path) -> None:
    for number in (1, 2):
        away = tmp_path / f"keeper-{number}"
        away.mkdir()
        (tmp_path / f"keys/root-{number}.pem").rename(away / f"root-{number}.pem")
    office, first = tmp_path / "office", repository.root
    new = {"root": [make_key(tmp_path / "new", f"root-{number}") for number in (1, 2, 3)]}
    with pytest.raises(TableError, match="root needs 2 of its keys, of which 1 are here"):
        Repository(office, [tmp_path / "keys", tmp_path / "new"]).rotate_root(NOW, new)
    assert repository.root == first
    with_keeper = Repository(office, [tmp_path / "keys", tmp_path / "new", tmp_path / "keeper-1"])
    with_keeper.rotate_root(NOW, new, threshold=3)
    assert repository.root != first
    with pytest.raises(TableError, match="root needs 3"):  # from now on the new ones
        Repository(office, [tmp_path / "keys", tmp_path / "keeper-1", tmp_path / "keeper-2"]).rotate_root(NOW, {})


def test_a_stick_holds_what_is_current_and_nothing_else(repository: Repository, tmp_path: Path) -> None:
    repository.publish({ROLE: {"codes/44/file": b"one", "codes/44/other": b"other"}}, NOW)
    repository.export(tmp_path / "stick")
    repository.publish({ROLE: {"codes/44/file": b"two"}}, NOW)
    stale = tmp_path / "stick/targets/left/over"
    stale.parent.mkdir()
    stale.write_bytes(b"?")
    repository.export(tmp_path / "stick")
    targets = [path for path in (tmp_path / "stick/targets").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in targets] == [b"two"]
    assert not stale.parent.exists()
    metadata = {str(path.relative_to(tmp_path / "stick/metadata")) for path in (tmp_path / "stick").rglob("*.json")}
    assert metadata == {
        *("1.root.json", "timestamp.json", "3.snapshot.json", "1.targets.json"),
        *("3.codes/44.json", "1.codes/33.json", "1.policy.json", "1.models.json"),
    }
    assert [path.read_bytes() for path in (tmp_path / "office/targets").rglob("*") if path.is_file()] == [b"two"]


def test_a_damaged_stick_is_mended(repository: Repository, tmp_path: Path) -> None:
    repository.publish({ROLE: {"codes/44/file": b"one"}}, NOW)
    repository.export(tmp_path / "stick")
    (file,) = (tmp_path / "stick/targets/codes/44").iterdir()
    file.write_bytes(b"two")
    repository.export(tmp_path / "stick")
    assert file.read_bytes() == b"one"


def test_what_was_signed_last_is_known(repository: Repository) -> None:
    assert repository.current(ROLE, "codes/44/file") is None
    repository.publish({ROLE: {"codes/44/file": b"one"}}, NOW)
    assert repository.current(ROLE, "codes/44/file") == b"one"


def test_an_unknown_role(repository: Repository) -> None:
    with pytest.raises(TableError, match="no role of this repository"):
        repository.publish({"codes/11": {}}, NOW)
