"""What stands in a row and in the head of the table, as bytes."""

import hashlib
import hmac
import json

from pydantic import TypeAdapter, ValidationError

from kiosk.core.status import PersonStatus, TableInfo
from kiosk.table.keys import RowKeys

_STATUS = TypeAdapter(PersonStatus)
_INFO = TypeAdapter(TableInfo)
_TAG_BYTES = 16


class RecordError(Exception):
    """The bytes are not what the builder wrote; the message says nothing of their content."""


def encode_status(status: PersonStatus) -> bytes:
    """A person's facts in plain."""
    return _STATUS.dump_json(status)


def close_record(plain: bytes, keys: RowKeys) -> tuple[bytes, bytes]:
    """Encrypted record and its tag (encrypt-then-MAC)."""
    record = _xor(plain, keys.stream)
    return record, _tag(record, keys)


def open_record(record: object, tag: object, keys: RowKeys) -> PersonStatus:
    """The facts in a row. Raises RecordError where the row is not exactly as written for this number."""
    # A damaged file can yield any type that SQLite knows.
    if not isinstance(record, bytes) or not isinstance(tag, bytes) or not hmac.compare_digest(_tag(record, keys), tag):
        raise RecordError
    try:
        return _STATUS.validate_json(_xor(record, keys.stream), strict=True)
    except ValidationError:
        raise RecordError from None


def encode_info(info: TableInfo) -> bytes:
    """The head of a table, the same bytes for the same facts."""
    facts = _INFO.dump_python(info, mode="json")
    facts["scope"].sort()
    facts["issuers"].sort()
    return json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()


def decode_info(data: bytes) -> TableInfo:
    """The head of a table. Raises RecordError."""
    try:
        return _INFO.validate_json(data, strict=True)
    except ValidationError:
        raise RecordError from None


def _tag(record: bytes, keys: RowKeys) -> bytes:
    return hashlib.blake2b(record, key=keys.tag, digest_size=_TAG_BYTES).digest()


def _xor(data: bytes, key: bytes) -> bytes:
    stream = hashlib.shake_256(key).digest(len(data))
    return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))
