"""The key chain by literal values and by other implementations: a table of another office must be readable here."""

import hashlib
import hmac

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from kiosk.core.idnumber import parse_number
from kiosk.table.chain import Pepper, row_keys, slow_key, spill_stream
from tests.people import id_number

NUMBER = parse_number(id_number())
SALT = bytes(range(16))
SLOW = "8001c3574ceca827f07ccfe65ecb42bd49b91158ab603dc79cd9420d8bb28e64"


def test_the_slow_key_is_argon2id_of_the_eighteen_characters() -> None:
    other = Argon2id(salt=SALT, length=32, iterations=2, lanes=1, memory_cost=32 * 1024)
    assert slow_key(NUMBER, SALT) == other.derive(NUMBER.text.encode("ascii"))
    assert slow_key(NUMBER, SALT).hex() == SLOW


def test_what_is_made_of_a_pepper_is_hmac_and_never_a_t() -> None:
    secret, layer = bytes(range(32)), bytes(range(16))
    pepper = Pepper(secret)
    assert pepper.blind(bytes(32)) == hmac.new(secret, bytes(32), hashlib.sha256).digest()
    assert pepper.meta_key(layer) == hmac.new(secret, b"meta" + layer, hashlib.sha256).digest()
    assert pepper.key_id == hmac.new(secret, b"key id", hashlib.sha256).digest()[:16]
    # Messages of other lengths than a K, so that no T of anybody equals one of these.
    assert {len(b"meta" + layer), len(b"key id")}.isdisjoint({32})
    assert "0102" not in repr(pepper) + str(pepper)


def test_row_keys_are_those_of_the_format() -> None:
    hashed, stream = row_keys(bytes(32), bytes(range(16)))
    block = hashlib.blake2b(b"", key=bytes(32), person=bytes(range(16)), digest_size=64).digest()
    assert hashed.to_bytes(8, "little") + stream == block
    assert spill_stream(stream, 52) == stream[4:]
    assert spill_stream(stream, 53) == hashlib.shake_256(stream[4:]).digest(53)
