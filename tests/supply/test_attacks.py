"""Sticks that somebody has tampered with: each is refused for its own reason, and the old supply serves on."""

import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata, Root, Targets

from kiosk.core.errors import ImportRefusedError, Refusal
from kiosk.store import ImportState, SupplyName
from kiosk.supply.floors import FLOORS, clock_floor
from kiosk.supply.folder import FolderMedium
from kiosk.supply.importer import Importer
from kiosk.supply.progress import last_import
from scripts.office.repository import POLICY, Repository, delegations, make_key
from tests.supplies import HOUR, NOW, ROLE, Kiosk, Layers, Office, Sticks, files_of, make_kiosk, make_office, policies

Spoil = Callable[[Path, Sticks], None]

META = "province/metadata"
TARGETS = "province/targets/codes/44"


def newest(stick: Path, role: str) -> Path:
    """The file of a role's newest version on a stick."""
    folder, _, name = role.rpartition("/")
    pattern = f"*.{folder}/{name}.json" if folder else f"*.{name}.json"
    found = (stick / META).glob(pattern)
    return max(found, key=lambda path: int(path.relative_to(stick / META).parts[0].split(".")[0]))


def one(stick: Path, ending: str) -> Path:
    """The one target of the district with this name."""
    (found,) = (stick / TARGETS).glob(f"*.{ending}")
    return found


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def grow(path: Path, length: int) -> None:
    with path.open("ab") as file:
        file.truncate(length)


def link(path: Path, to: Path) -> None:
    moved = to / path.name
    shutil.move(path, moved)
    path.symlink_to(moved)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder_for(path: Path) -> None:
    path.unlink()
    path.mkdir()


def put_in(data: Path, place: Path) -> None:
    place.write_bytes(data.read_bytes())


def outside(stick: Path) -> Path:
    place = stick.with_name("outside")
    place.mkdir()
    return place


def without_signatures(path: Path) -> None:
    md = Metadata[Root].from_bytes(path.read_bytes())
    md.signatures.clear()
    path.write_bytes(md.to_bytes())


def an_unsigned_new_root(stick: Path, sticks: Sticks) -> None:
    md = Metadata[Root].from_bytes(sticks.office.province.root)
    md.signed.version += 1
    md.signatures.clear()
    (stick / META / "2.root.json").write_bytes(md.to_bytes())


def a_new_root_with_one_signature_of_two(stick: Path, sticks: Sticks) -> None:
    md = Metadata[Root].from_bytes(sticks.office.province.root)
    md.signed.version += 1
    signers = sticks.office.province._signers
    md.sign(signers[md.signed.roles["root"].keyids[0]])
    (stick / META / "2.root.json").write_bytes(md.to_bytes())


ATTACKS: dict[str, tuple[Spoil, Refusal]] = {
    "snapshot unsigned": (lambda stick, _: without_signatures(newest(stick, "snapshot")), Refusal.DAMAGED),
    "codes changed": (lambda stick, _: flip(newest(stick, ROLE)), Refusal.DAMAGED),
    "layer changed": (lambda stick, _: flip(one(stick, "delta-2.layer")), Refusal.DAMAGED),
    "release changed": (lambda stick, _: flip(one(stick, "release.json")), Refusal.DAMAGED),
    "envelope changed": (lambda stick, _: flip(next((stick / TARGETS / "envelopes").iterdir())), Refusal.DAMAGED),
    "layer half copied": (lambda stick, _: os.truncate(one(stick, "delta-2.layer"), 5000), Refusal.INCOMPLETE),
    "layer empty": (lambda stick, _: os.truncate(one(stick, "delta-2.layer"), 0), Refusal.INCOMPLETE),
    "layer missing": (lambda stick, _: one(stick, "delta-2.layer").unlink(), Refusal.INCOMPLETE),
    "snapshot half copied": (lambda stick, _: os.truncate(newest(stick, "snapshot"), 200), Refusal.DAMAGED),
    "snapshot missing": (lambda stick, _: newest(stick, "snapshot").unlink(), Refusal.INCOMPLETE),
    "timestamp missing": (lambda stick, _: (stick / META / "timestamp.json").unlink(), Refusal.NO_SUPPLY),
    "timestamp endless": (lambda stick, _: grow(stick / META / "timestamp.json", 1 << 40), Refusal.STRANGE_FILE),
    "layer endless": (lambda stick, _: grow(one(stick, "delta-2.layer"), 1 << 40), Refusal.STRANGE_FILE),
    "root endless": (lambda stick, _: grow(stick / META / "2.root.json", 1 << 40), Refusal.STRANGE_FILE),
    "mixed: an older snapshot": (
        lambda stick, sticks: put_in(newest(sticks.old, "snapshot"), newest(stick, "snapshot")),
        Refusal.DAMAGED,
    ),
    "mixed: older codes": (
        lambda stick, sticks: put_in(newest(sticks.old, ROLE), newest(stick, ROLE)),
        Refusal.DAMAGED,
    ),
    "mixed: another role's file": (
        lambda stick, sticks: put_in(newest(stick, "policy"), newest(stick, ROLE)),
        Refusal.DAMAGED,
    ),
    "a link for a file": (lambda stick, _: link(one(stick, "delta-2.layer"), outside(stick)), Refusal.STRANGE_FILE),
    "a link for the timestamp": (
        lambda stick, _: link(stick / META / "timestamp.json", outside(stick)),
        Refusal.STRANGE_FILE,
    ),
    "a link for a folder": (lambda stick, _: link(stick / TARGETS, outside(stick)), Refusal.STRANGE_FILE),
    "a link for the supply": (lambda stick, _: link(stick / "province", outside(stick)), Refusal.STRANGE_FILE),
    "a pipe for a file": (lambda stick, _: pipe(one(stick, "delta-2.layer")), Refusal.STRANGE_FILE),
    "a pipe for the timestamp": (lambda stick, _: pipe(stick / META / "timestamp.json"), Refusal.STRANGE_FILE),
    "a folder for a file": (lambda stick, _: folder_for(one(stick, "delta-2.layer")), Refusal.STRANGE_FILE),
    "a root without signatures": (an_unsigned_new_root, Refusal.WRONG_KEY),
    "a root with one signature of two": (a_new_root_with_one_signature_of_two, Refusal.WRONG_KEY),
}


@pytest.mark.parametrize(("spoil", "refusal"), ATTACKS.values(), ids=ATTACKS)
def test_a_spoilt_stick_is_refused(
    served: Kiosk, stick: Path, published: Sticks, spoil: Spoil, refusal: Refusal
) -> None:
    spoil(stick, published)
    assert served.refusal(stick) is refusal
    assert served.serial() == 1
    last = last_import(served.place.store)
    assert last is not None
    assert (last.state, last.refusal) == (ImportState.REFUSED, refusal)
    served.take(published.new)  # and a good stick is taken afterwards
    served.opens()


def says_the_same(one: bytes, other: bytes) -> bool:
    """Whether nothing but the case of digits and of a date's T and Z differs: they mean the same in both cases."""
    try:
        first, second = (Metadata.from_bytes(data) for data in (one, other))
    except RepositoryError:
        return False
    signatures = [{key: value.signature.lower() for key, value in md.signatures.items()} for md in (first, second)]
    return bool(first.signed == second.signed) and signatures[0] == signatures[1]


def test_every_changed_byte_of_the_timestamp_is_noticed(
    served: Kiosk, stick: Path, published: Sticks, full: bool
) -> None:
    place = stick / META / "timestamp.json"
    whole = place.read_bytes()
    told: Counter[Refusal | None] = Counter()  # None: accepted
    for number in range(len(whole)):
        for bit in range(8) if full else (0,):
            changed = bytes([*whole[:number], whole[number] ^ 1 << bit, *whole[number + 1 :]])
            if bit == 5 and says_the_same(changed, whole):
                continue
            place.write_bytes(changed)
            try:
                served.take(stick)
                told[None] += 1
            except ImportRefusedError as error:
                told[error.refusal] += 1
    assert served.serial() == 1
    assert set(told) == {Refusal.WRONG_KEY, Refusal.DAMAGED}
    assert told.total() >= len(whole)


def test_an_older_stick(served: Kiosk, published: Sticks) -> None:
    served.take(published.new)
    assert served.refusal(published.old) is Refusal.OLDER
    assert served.serial() == 2


def empty(folder: Path) -> None:
    for file in files_of(folder):
        os.truncate(file, 0)


@pytest.mark.parametrize("loss", [empty, shutil.rmtree], ids=["emptied", "gone"])
def test_an_older_stick_after_a_power_cut_took_the_metadata(
    served: Kiosk, published: Sticks, loss: Callable[[Path], None]
) -> None:
    served.take(published.new)
    loss(served.place.store / "metadata")
    assert served.refusal(published.old) is Refusal.OLDER
    (imported,) = served.take(published.new)
    assert (imported.serial, imported.changed) == (2, False)


def test_a_lower_serial_is_refused_however_new_its_signature(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    kiosk.take(office.stick("two", office.codes(2, layers.base)))
    assert kiosk.refusal(office.stick("one", office.codes(1, layers.base))) is Refusal.OLDER  # A8


def test_a_stick_that_was_signed_too_long_ago(served: Kiosk, published: Sticks) -> None:
    served.clock.at = NOW + 71 * HOUR
    served.take(published.new)
    served.clock.at = NOW + 73 * HOUR
    assert served.refusal(published.new) is Refusal.EXPIRED


def test_a_clock_behind_what_was_signed(served: Kiosk, published: Sticks, office: Office) -> None:
    served.clock.at = NOW - HOUR
    assert served.refusal(published.new) is Refusal.CLOCK
    fresh = make_kiosk(served.place.store.with_name("fresh"), published.office)
    fresh.clock.at = NOW - HOUR
    assert fresh.refusal(published.new) is Refusal.CLOCK
    assert clock_floor(fresh.place.store) is None


def test_a_clock_behind_an_earlier_supply(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    kiosk.take(office.stick("one", office.codes(1, layers.base)))
    kiosk.clock.at = NOW - HOUR
    signed_before = office.codes(2, layers.base, issued_at=NOW - 2 * HOUR)
    assert kiosk.refusal(office.stick("two", signed_before)) is Refusal.CLOCK


def test_another_offices_stick(served: Kiosk, layers: Layers, tmp_path: Path) -> None:
    stranger = make_office(tmp_path / "stranger", layers)
    assert served.refusal(stranger.stick("one", stranger.codes(9, layers.base))) is Refusal.WRONG_KEY


def test_files_that_nobody_signed_are_left_on_the_stick(served: Kiosk, stick: Path) -> None:
    for folder in (META, TARGETS):
        (stick / folder / "more.json").write_bytes(b"{}")
    (stick / "autorun.inf").write_bytes(b"")
    served.take(stick)
    assert not {"more.json", "autorun.inf"} & {path.name for path in files_of(served.place.store)}


def test_a_role_signs_nothing_outside_its_folder(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    codes = office.codes(1, layers.base)
    assert kiosk.refusal(office.stick("policy signs codes", {}, **{POLICY: codes})) is Refusal.FOREIGN
    assert kiosk.refusal(office.stick("33 signs codes of 44", {}, **{"codes/33": codes})) is Refusal.FOREIGN


def test_a_role_may_not_let_others_sign(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    office.province.publish({ROLE: office.codes(1, layers.base), POLICY: policies()}, NOW)
    policy = office.province._read(POLICY, Targets).signed
    policy.delegations = delegations({ROLE: make_key(office.folder / "keys", "theirs")})
    office.province._raise(POLICY, policy, NOW)
    office.province._write_snapshot([POLICY], NOW)
    assert kiosk.refusal(office.copy("one")) is Refusal.FOREIGN


def test_a_role_without_its_own_key(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    stick = office.stick("one", office.codes(1, layers.base))
    other = make_key(office.folder / "thief", "codes")
    thief = Repository(office.folder / "p", [office.folder / "keys", office.folder / "thief"])
    assert other.keyid in thief._signers
    thief._signers = dict.fromkeys(thief._signers, thief._signers[other.keyid])  # signs everything with the one he has
    path = newest(stick, ROLE)
    md = Metadata.from_bytes(path.read_bytes())
    key_id = next(iter(md.signatures))
    md.signatures[key_id] = thief._signers[key_id].sign(md.signed_bytes)
    path.write_bytes(md.to_bytes())
    assert kiosk.refusal(stick) in (Refusal.DAMAGED, Refusal.STRANGE_FILE)  # the snapshot names its digest


def test_a_rotated_root_is_followed_and_not_gone_back_behind(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    first = office.roots
    kiosk.take(office.stick("one", office.codes(1, layers.base)))
    thief = Repository(Path(shutil.copytree(office.folder / "p", office.folder / "thief")), [office.folder / "keys"])
    keys = {role: [make_key(office.folder / "new", role)] for role in ("targets", "snapshot", "timestamp")}
    keys["root"] = [make_key(office.folder / "new", f"root-{number}") for number in (1, 2, 3)]
    office.province = Repository(office.folder / "p", [office.folder / "keys", office.folder / "new"])
    office.province.rotate_root(NOW, keys)
    new = office.stick("new", office.codes(2, layers.base))
    assert kiosk.place.roots == first
    kiosk.take(new)
    shutil.rmtree(kiosk.place.store / "metadata")
    # Whoever stole all the keys that were then taken back can still sign under the first root.
    thief.publish({ROLE: office.codes(9, layers.base)}, NOW)
    thief.export(office.folder / "stolen" / SupplyName.PROVINCE)
    assert kiosk.refusal(office.folder / "stolen") is Refusal.OLDER
    kiosk.take(new)


def test_a_stolen_key_does_not_lock_the_kiosk_for_good(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    codes = office.codes(1, layers.base)
    office.stick("one", codes)
    before = shutil.copytree(office.folder / "p", office.folder / "before")
    for _ in range(3):  # a thief who holds the daily keys signs higher and higher versions
        office.province.publish({ROLE: codes}, NOW)
    kiosk.take(office.copy("thief"))
    shutil.rmtree(office.folder / "p")
    shutil.move(before, office.folder / "p")
    fresh = {role: [make_key(office.folder / "new", role)] for role in ("targets", "snapshot", "timestamp")}
    codes_key = make_key(office.folder / "new", "codes")
    office.province = Repository(office.folder / "p", [office.folder / "keys", office.folder / "new"])
    assert kiosk.refusal(office.stick("two", office.codes(2, layers.base))) is Refusal.OLDER
    office.province.rotate_root(NOW, fresh)
    office.province.redelegate(ROLE, codes_key, NOW)
    kiosk.take(office.stick("three", office.codes(2, layers.base)))
    assert kiosk.serial() == 2


class PulledMedium(FolderMedium):
    """A stick that is pulled out after so many bytes of layers."""

    def __init__(self, folder: Path, left: int) -> None:
        super().__init__(folder)
        self.left = left

    def fetch_from(self, url: str, offset: int) -> Iterator[bytes]:
        for chunk in super().fetch_from(url, offset):
            if url.endswith(".layer"):
                self.left -= len(chunk)
                if self.left < 0:
                    yield chunk[: len(chunk) + self.left]
                    raise DownloadError(os.strerror(errno.EIO))
            yield chunk


def test_a_stick_pulled_out_half_way(published: Sticks, tmp_path: Path) -> None:
    kiosk = make_kiosk(tmp_path / "store", published.office)
    total = sum(path.stat().st_size for path in (published.new / TARGETS).glob("*.layer"))
    pulled = 0
    while True:
        try:
            with PulledMedium(published.new, 5000) as medium:
                Importer(kiosk.place, kiosk.clock).run(medium)
            break
        except ImportRefusedError as error:
            assert error.refusal is Refusal.INCOMPLETE  # noqa: PT017  (some end well)
            pulled += 1
            assert kiosk.manifest() is None
    assert pulled == total // 5000  # no byte was copied twice
    kiosk.opens()


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"{")], ids=["gone", "damaged"])
def test_without_floors_nothing_is_accepted(served: Kiosk, published: Sticks, spoil: Callable[[Path], None]) -> None:
    spoil(served.place.store / FLOORS)
    assert served.refusal(published.new) is Refusal.DAMAGED
    assert clock_floor(served.place.store) is None
