"""One layer file, read page by page (FORMAT.md). Nothing of it is believed that the signed root does not cover."""

import hashlib
import hmac
import os
import struct
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from pydantic import BaseModel, ConfigDict, ValidationError

from kiosk.core.errors import Fault, TableError
from kiosk.core.status import Colour, ListKind, PersonStatus, TestKind, TestResult
from kiosk.store import LayerKind
from kiosk.table.chain import Pepper, row_keys, spill_stream
from kiosk.table.items import ItemReader, Person, RecordError, dictionaries

PAGE = 4096
VERSION = 1
MAGIC = b"OCPLAYER"
SPILL_SIZES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 28, 48, 128, 512)

_HEADER = struct.Struct("<HBBB3xQQ16s16s16s16sQqqII")
_TIMES = slice(9, 11)  # as of and built at, after version and kind
_KINDS = tuple(LayerKind)
_LEAF = 16
_BLOCK = 1 << 20
_TAG = 16
# The sums of what both halves of a byte stand for, to step over many spills or groups at once.
_PAIR_SIZES = tuple(SPILL_SIZES[byte & 15] + SPILL_SIZES[byte >> 4] for byte in range(256))
_HALVES = bytes((byte & 15) + (byte >> 4) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Header:
    """What a layer says of itself in clear; true only where the root agrees."""

    kind: LayerKind
    group_bits: int
    slot_bits: int
    people: int
    pages: int
    layer_id: bytes
    base_id: bytes
    salt: bytes
    key_id: bytes
    serial: int
    as_of: datetime
    built_at: datetime
    hours: int
    meta_length: int

    @property
    def file_length(self) -> int:
        """Bytes of the whole file."""
        return PAGE * (1 + self.pages) + (4 + _LEAF) * self.pages + self.meta_length


class Meta(BaseModel):
    """The sealed dictionaries of a layer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: list[str]
    issuers: list[str]
    demo: bool
    statements: list[tuple[Colour, str, str, int]]
    tests: list[tuple[TestKind, TestResult, str]]
    places: list[tuple[str, str]]
    lists: list[tuple[ListKind, str, str]]
    profiles: list[str]


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What a layer holds under a key; ``status`` is None for a tombstone."""

    status: PersonStatus | None


def read_header(path: Path) -> Header:
    """The header of a layer file. Raises TableError, with TABLE_FOREIGN for another kind of file or another version."""
    try:
        with path.open("rb") as file:
            page = file.read(PAGE)
    except FileNotFoundError:
        raise TableError(Fault.TABLE_MISSING, f"{path} is missing. Import the supply again.") from None
    except OSError as error:
        raise _damaged(path, str(error.strerror)) from None
    return _parse_header(page, path)


def layer_root(path: Path) -> bytes:
    """The root (32 bytes) of a layer file as it lies there, which is what the office signs. Raises TableError."""
    pages = read_header(path).pages
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(PAGE))
        file.seek(PAGE * (1 + pages))
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.digest()


def open_layer(path: Path, root: bytes, pepper: Pepper) -> "Layer":
    """Open a layer after checking header, index, leaves and dictionaries against its root (32 bytes).

    Raises TableError with TABLE_MISSING, TABLE_DAMAGED or, for another pepper or version, TABLE_FOREIGN.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise TableError(Fault.TABLE_MISSING, f"{path} is missing. Import the supply again.") from None
    except OSError as error:
        raise _damaged(path, str(error.strerror)) from None
    try:
        return _open(path, handle, root, pepper)
    except OSError as error:
        os.close(handle)
        raise _damaged(path, str(error.strerror)) from None
    except TableError:
        os.close(handle)
        raise


class Layer:
    """An open layer. ``find`` may be called from one thread at a time."""

    def __init__(self, handle: int, header: Header, index: "array[int]", leaves: bytes, meta: Meta) -> None:
        self.header = header
        self.meta = meta
        self._handle = handle
        self._index = index
        self._leaves = leaves
        self._group_shift = 64 - header.group_bits
        self._low_shift = 32 - header.group_bits
        self._slot_mask = (1 << header.slot_bits) - 1
        self._items = ItemReader(
            dictionaries(meta.statements, meta.tests, meta.places, meta.lists),
            header.as_of,
        )
        # Read when they are first met: most of the thousands stand for few people.
        self._profiles: list[tuple[Person, PersonStatus | None] | None] = [None] * len(meta.profiles)

    def find(self, blinded: bytes) -> Found | None:
        """What stands under a T; None where nobody does. Raises TableError(TABLE_DAMAGED)."""
        head = self.header
        hashed, stream = row_keys(blinded, head.layer_id)
        group = hashed >> self._group_shift
        number = bisect_right(self._index, group) - 1
        if number < 0:
            return None
        page = self.page(number)
        people, groups = page[0] | page[1] << 8, page[2] | page[3] << 8
        place = group - self._index[number]
        if place >= groups:
            return None
        byte, odd = divmod(place, 2)
        first = sum(page[4 : 4 + byte].translate(_HALVES))
        both = page[4 + byte]
        if odd:
            first += both & 15
            count = both >> 4
        else:
            count = both & 15
        lows = 4 + (groups + 1) // 2
        low = hashed >> self._low_shift & 0xFFFFFFFF
        wanted = low.to_bytes(4, "little")
        for person in range(first, first + count):
            at = lows + 4 * person
            if page[at : at + 4] == wanted:
                return self._found(page, lows + 4 * people, people, person, stream)
        return None

    def page(self, number: int) -> bytes:
        """A page, checked against its leaf. Raises TableError(TABLE_DAMAGED)."""
        try:
            page = os.pread(self._handle, PAGE, PAGE * (1 + number))
        except OSError as error:
            raise TableError(
                Fault.TABLE_DAMAGED, f"page {number}: {error.strerror}. Import the supply again."
            ) from None
        leaf = hashlib.sha256(self.header.layer_id + number.to_bytes(8, "little") + page).digest()
        if leaf[:_LEAF] != self._leaves[_LEAF * number : _LEAF * (number + 1)]:
            raise TableError(Fault.TABLE_DAMAGED, f"page {number} has changed. Import the supply again.")
        return page

    def close(self) -> None:
        """Let go of the file; asked after that, every page is damaged."""
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1

    def _found(self, page: bytes, slots: int, people: int, person: int, stream: bytes) -> Found:
        width = self.header.slot_bits
        byte, bit = divmod(person * width, 8)
        packed = int.from_bytes(page[slots + byte : slots + byte + 5], "little") >> bit
        value = (packed ^ int.from_bytes(stream[:4], "little")) & self._slot_mask
        profile, hours = divmod(value, self.header.hours)
        spills = slots + (people * width + 7) // 8
        known, status = self._profile(profile)
        if page[spills + person // 8] >> person % 8 & 1:
            known = known.copy()
            self._read(_spill(page, spills, people, person, stream), known)
            return Found(self._items.finish(known, hours))
        if status is not None and known.test is not None and known.test_hours is None:
            return Found(self._items.tested(status, known.test, hours))
        return Found(status)

    def _profile(self, number: int) -> tuple[Person, PersonStatus | None]:
        if number >= len(self._profiles):
            raise _unreadable()
        known = self._profiles[number]
        if known is None:
            person = Person()
            self._read(bytes.fromhex(self.meta.profiles[number]), person)
            known = self._profiles[number] = person, self._items.finish(person, 0)
        return known

    def _read(self, items: bytes, person: Person) -> None:
        try:
            self._items.read(items, person)
        except RecordError:
            raise _unreadable() from None


def _spill(page: bytes, spills: int, people: int, person: int, stream: bytes) -> bytes:
    bits = int.from_bytes(page[spills : spills + (people + 7) // 8], "little")
    before = (bits & ((1 << person) - 1)).bit_count()
    classes = spills + (people + 7) // 8
    at = classes + (bits.bit_count() + 1) // 2
    whole, odd = divmod(before, 2)
    at += sum(map(_PAIR_SIZES.__getitem__, page[classes : classes + whole]))
    both = page[classes + whole]
    if odd:
        at += SPILL_SIZES[both & 15]
        both >>= 4
    length = SPILL_SIZES[both & 15]
    sealed = int.from_bytes(page[at : at + length])
    return (sealed ^ int.from_bytes(spill_stream(stream, length))).to_bytes(length)


def _open(path: Path, handle: int, root: bytes, pepper: Pepper) -> Layer:
    first = os.pread(handle, PAGE, 0)
    header = _parse_header(first, path)
    if os.fstat(handle).st_size != header.file_length:
        raise _damaged(path, f"{os.fstat(handle).st_size} bytes instead of {header.file_length}")
    # A read-ahead of megabytes for every page asked would be all that the disk does.
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_RANDOM)
    with os.fdopen(os.dup(handle), "rb") as file:
        file.seek(PAGE * (1 + header.pages))
        index_bytes, leaves = file.read(4 * header.pages), file.read(_LEAF * header.pages)
        sealed = file.read(header.meta_length)
    digest = hashlib.sha256(first)
    for part in (index_bytes, leaves, sealed):
        digest.update(part)
    if not hmac.compare_digest(digest.digest(), root):
        raise _damaged(path, "not the file that was signed")
    if pepper.key_id != header.key_id:
        raise TableError(Fault.TABLE_FOREIGN, f"{path} was made with another pepper. Import the supply again.")
    try:
        plain = ChaCha20Poly1305(pepper.meta_key(header.layer_id)).decrypt(bytes(12), sealed, None)
        meta = Meta.model_validate_json(plain)
    except (InvalidTag, ValidationError):
        raise _damaged(path, "its dictionaries cannot be read") from None
    index = array("I", index_bytes)
    return Layer(handle, header, index, leaves, meta)


def _parse_header(page: bytes, path: Path) -> Header:
    if page[: len(MAGIC)] != MAGIC:
        raise TableError(Fault.TABLE_FOREIGN, f"{path} is no layer. Name a file that kioskctl table build wrote.")
    if len(page) != PAGE:
        raise _damaged(path, "shorter than its header")
    version, kind, *facts = _HEADER.unpack_from(page, len(MAGIC))
    if version != VERSION:
        detail = f"{path} has format {version}, this kiosk reads format {VERSION}. Update the older of the two."
        raise TableError(Fault.TABLE_FOREIGN, detail)
    try:
        facts[_TIMES] = (datetime.fromtimestamp(seconds, UTC) for seconds in facts[_TIMES])
        header = Header(_KINDS[kind], *facts)
    except (IndexError, OverflowError, ValueError, OSError):
        raise _damaged(path, "an impossible header") from None
    if not (
        1 <= header.group_bits <= 32 and 1 <= header.slot_bits <= 32 and header.hours > 0 and header.meta_length >= _TAG
    ):
        raise _damaged(path, "an impossible header")
    return header


def _damaged(path: Path, what: str) -> TableError:
    return TableError(Fault.TABLE_DAMAGED, f"{path}: {what}. Import the supply again.")


def _unreadable() -> TableError:
    return TableError(Fault.TABLE_DAMAGED, "a record cannot be read. Import the supply again.")
