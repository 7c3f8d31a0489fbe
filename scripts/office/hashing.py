"""The key chain of kiosk.table.chain for a million keys at once.

Both compressions are straight lines of code without arrays, so that the compiler runs eight or sixteen keys side by
side. SHA-256: FIPS 180-4. HMAC: RFC 2104. BLAKE2b: RFC 7693.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numba
import numpy as np

from kiosk.table.chain import Pepper
from scripts.office.facts import Column

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile a function over arrays; it runs without the interpreter's lock, its code is kept beside the source."""
    return cast("_Function", numba.njit(cache=True, nogil=True)(function))


def woven(function: _Function) -> _Function:
    """Make a function part of the source of the kernels that call it: arrays are handed over without counting."""
    return cast("_Function", numba.njit(inline="always")(function))


@woven
def signed(x: Any) -> int:
    """A number that may be unsigned, for arithmetic with signed ones: both kinds together would become floats."""
    return np.int64(x)  # type: ignore[return-value]  # an int where it is compiled


def inlined(function: _Function) -> _Function:
    """Compile a function into the kernels that call it."""
    return cast("_Function", numba.njit(cache=True, nogil=True, forceinline=True)(function))


_SHA_START = tuple(
    map(
        np.uint32,
        (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19),
    )
)
# fmt: off
_SHA_ROUNDS = tuple(map(np.uint32, (
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
)))
# fmt: on
_K0, _K1, _K2, _K3 = (_SHA_ROUNDS[at : at + 16] for at in range(0, 64, 16))

_Words = tuple[np.uint32, ...]
_Longs = tuple[np.uint64, ...]
_ZEROS = (np.uint32(0),) * 6
_TILE = 64


_BLAKE_START = tuple(
    map(
        np.uint64,
        (
            0x6A09E667F3BCC908,
            0xBB67AE8584CAA73B,
            0x3C6EF372FE94F82B,
            0xA54FF53A5F1D36F1,
            0x510E527FADE682D1,
            0x9B05688C2B3E6C1F,
            0x1F83D9ABFB41BD6B,
            0x5BE0CD19137E2179,
        ),
    )
)
# Parameter block: 64 bytes of digest, 32 of key, fan-out and depth 1.
_BLAKE_PLAIN = (_BLAKE_START[0] ^ np.uint64(0x01012040), *_BLAKE_START[1:])
# 128 bytes so far, the block of the key, which is also the last one.
_BLAKE_LAST = (
    *_BLAKE_START[:4],
    _BLAKE_START[4] ^ np.uint64(128),
    _BLAKE_START[5],
    ~_BLAKE_START[6],
    _BLAKE_START[7],
)


@inlined
def _turn(x: np.uint32, n: int) -> np.uint32:
    return np.uint32((x >> np.uint32(n)) | (x << np.uint32(32 - n)))


@inlined
def _round(s: _Words, w: np.uint32, k: np.uint32) -> _Words:
    a, b, c, d, e, f, g, h = s
    t = np.uint32(h + (_turn(e, 6) ^ _turn(e, 11) ^ _turn(e, 25)) + ((e & f) ^ (~e & g)) + k + w)
    u = np.uint32((_turn(a, 2) ^ _turn(a, 13) ^ _turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c)))
    return (np.uint32(t + u), a, b, c, np.uint32(d + t), e, f, g)


@inlined
def _sixteen(s: _Words, w: _Words, k: _Words) -> _Words:
    s = _round(s, w[0], k[0])
    s = _round(s, w[1], k[1])
    s = _round(s, w[2], k[2])
    s = _round(s, w[3], k[3])
    s = _round(s, w[4], k[4])
    s = _round(s, w[5], k[5])
    s = _round(s, w[6], k[6])
    s = _round(s, w[7], k[7])
    s = _round(s, w[8], k[8])
    s = _round(s, w[9], k[9])
    s = _round(s, w[10], k[10])
    s = _round(s, w[11], k[11])
    s = _round(s, w[12], k[12])
    s = _round(s, w[13], k[13])
    s = _round(s, w[14], k[14])
    return _round(s, w[15], k[15])


@inlined
def _word(w: np.uint32, x: np.uint32, y: np.uint32, z: np.uint32) -> np.uint32:
    low = _turn(x, 7) ^ _turn(x, 18) ^ (x >> np.uint32(3))
    high = _turn(z, 17) ^ _turn(z, 19) ^ (z >> np.uint32(10))
    return np.uint32(w + low + y + high)


@inlined
def _next(w: _Words) -> _Words:
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p = w  # noqa: E741
    a = _word(a, b, j, o)
    b = _word(b, c, k, p)
    c = _word(c, d, l, a)
    d = _word(d, e, m, b)
    e = _word(e, f, n, c)
    f = _word(f, g, o, d)
    g = _word(g, h, p, e)
    h = _word(h, i, a, f)
    i = _word(i, j, b, g)
    j = _word(j, k, c, h)
    k = _word(k, l, d, i)
    l = _word(l, m, e, j)  # noqa: E741
    m = _word(m, n, f, k)
    n = _word(n, o, g, l)
    o = _word(o, p, h, m)
    p = _word(p, a, i, n)
    return (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)


@inlined
def _sha(s: _Words, w: _Words) -> _Words:
    t = _sixteen(s, w, _K0)
    w = _next(w)
    t = _sixteen(t, w, _K1)
    w = _next(w)
    t = _sixteen(t, w, _K2)
    w = _next(w)
    t = _sixteen(t, w, _K3)
    return (
        np.uint32(s[0] + t[0]),
        np.uint32(s[1] + t[1]),
        np.uint32(s[2] + t[2]),
        np.uint32(s[3] + t[3]),
        np.uint32(s[4] + t[4]),
        np.uint32(s[5] + t[5]),
        np.uint32(s[6] + t[6]),
        np.uint32(s[7] + t[7]),
    )


@inlined
def _padded(s: _Words) -> _Words:
    # 32 bytes after the 64 of the padded key: 768 bits.
    return (*s, np.uint32(1 << 31), *_ZEROS, np.uint32(768))


@inlined
def _swapped(x: np.uint32) -> np.uint32:
    high, low = np.uint32(0xFF00FF00), np.uint32(0x00FF00FF)
    x = np.uint32(((x & high) >> np.uint32(8)) | ((x & low) << np.uint32(8)))
    return _turn(x, 16)


@inlined
def _turn64(x: np.uint64, n: int) -> np.uint64:
    return np.uint64((x >> np.uint64(n)) | (x << np.uint64(64 - n)))


@inlined
def _mix(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64, x: np.uint64, y: np.uint64) -> _Longs:
    a = np.uint64(a + b + x)
    d = _turn64(d ^ a, 32)
    c = np.uint64(c + d)
    b = _turn64(b ^ c, 24)
    a = np.uint64(a + b + y)
    d = _turn64(d ^ a, 16)
    c = np.uint64(c + d)
    return (a, _turn64(b ^ c, 63), c, d)


@inlined
def _blake_round(v: _Longs, m: _Longs) -> _Longs:
    """One round; ``m`` in the order of that round."""
    a, b, c, d, e, f, g, h, i, j, k, l, o, p, q, r = v  # noqa: E741
    a, e, i, o = _mix(a, e, i, o, m[0], m[1])
    b, f, j, p = _mix(b, f, j, p, m[2], m[3])
    c, g, k, q = _mix(c, g, k, q, m[4], m[5])
    d, h, l, r = _mix(d, h, l, r, m[6], m[7])  # noqa: E741
    a, f, k, r = _mix(a, f, k, r, m[8], m[9])
    b, g, l, o = _mix(b, g, l, o, m[10], m[11])  # noqa: E741
    c, h, i, p = _mix(c, h, i, p, m[12], m[13])
    d, e, j, q = _mix(d, e, j, q, m[14], m[15])
    return (a, b, c, d, e, f, g, h, i, j, k, l, o, p, q, r)


@inlined
def _blake(t: _Longs, plain: _Longs) -> _Longs:
    # The key fills a block of its own and nothing follows: 4 of 16 message words are not zero.
    a, b, c, d = t
    z = np.uint64(0)
    v = plain + _BLAKE_LAST
    v = _blake_round(v, (a, b, c, d, z, z, z, z, z, z, z, z, z, z, z, z))
    v = _blake_round(v, (z, z, z, z, z, z, z, z, b, z, a, c, z, z, z, d))
    v = _blake_round(v, (z, z, z, a, z, c, z, z, z, z, d, z, z, b, z, z))
    v = _blake_round(v, (z, z, d, b, z, z, z, z, c, z, z, z, z, a, z, z))
    v = _blake_round(v, (z, a, z, z, c, z, z, z, z, b, z, z, z, z, d, z))
    v = _blake_round(v, (c, z, z, z, a, z, z, d, z, z, z, z, z, z, b, z))
    v = _blake_round(v, (z, z, b, z, z, z, z, z, a, z, z, d, z, c, z, z))
    v = _blake_round(v, (z, z, z, z, z, b, d, z, z, a, z, z, z, z, c, z))
    v = _blake_round(v, (z, z, z, z, z, d, a, z, z, c, z, z, b, z, z, z))
    v = _blake_round(v, (z, c, z, z, z, z, b, z, z, z, z, z, d, z, z, a))
    v = _blake_round(v, (a, b, c, d, z, z, z, z, z, z, z, z, z, z, z, z))
    v = _blake_round(v, (z, z, z, z, z, z, z, z, b, z, a, c, z, z, z, d))
    return (
        plain[0] ^ v[0] ^ v[8],
        plain[1] ^ v[1] ^ v[9],
        plain[2] ^ v[2] ^ v[10],
        plain[3] ^ v[3] ^ v[11],
        plain[4] ^ v[4] ^ v[12],
        plain[5] ^ v[5] ^ v[13],
        plain[6] ^ v[6] ^ v[14],
        plain[7] ^ v[7] ^ v[15],
    )


@inlined
def _long(low: np.uint32, high: np.uint32) -> np.uint64:
    return np.uint64(_swapped(low)) | (np.uint64(_swapped(high)) << np.uint64(32))


@kernel
def _chain(keys: Column, inner: _Words, outer: _Words, plain: _Longs, out: Column) -> None:
    # Tiles of a fixed size with each word of all keys side by side: only so does the compiler see what it may join.
    words = np.empty((8, _TILE), np.uint32)
    blinded = np.empty((8, _TILE), np.uint32)
    ready = np.empty((4, _TILE), np.uint64)
    rows = np.empty((8, _TILE), np.uint64)
    for start in range(0, len(keys), _TILE):
        for j in range(_TILE):
            for word in range(8):
                words[word, j] = keys[min(start + j, len(keys) - 1), word]
        for j in range(_TILE):
            block = (
                _swapped(words[0, j]),
                _swapped(words[1, j]),
                _swapped(words[2, j]),
                _swapped(words[3, j]),
                _swapped(words[4, j]),
                _swapped(words[5, j]),
                _swapped(words[6, j]),
                _swapped(words[7, j]),
            )
            s = _sha(outer, _padded(_sha(inner, _padded(block))))
            blinded[0, j] = s[0]
            blinded[1, j] = s[1]
            blinded[2, j] = s[2]
            blinded[3, j] = s[3]
            blinded[4, j] = s[4]
            blinded[5, j] = s[5]
            blinded[6, j] = s[6]
            blinded[7, j] = s[7]
        for word in range(4):
            for j in range(_TILE):
                ready[word, j] = _long(blinded[2 * word, j], blinded[2 * word + 1, j])
        for j in range(_TILE):
            d = _blake((ready[0, j], ready[1, j], ready[2, j], ready[3, j]), plain)
            rows[0, j] = d[0]
            rows[1, j] = d[1]
            rows[2, j] = d[2]
            rows[3, j] = d[3]
            rows[4, j] = d[4]
            rows[5, j] = d[5]
            rows[6, j] = d[6]
            rows[7, j] = d[7]
        for j in range(min(_TILE, len(keys) - start)):
            for word in range(8):
                out[start + j, word] = rows[word, j]


def _words(data: bytes) -> _Words:
    return tuple(map(np.uint32, np.frombuffer(data, ">u4").tolist()))


def _after_block(data: bytes) -> _Words:
    state = np.array(_SHA_START, np.uint32)
    _first_block(_words(data), state)
    return tuple(state)


@kernel
def _first_block(block: _Words, state: Column) -> None:
    s = _sha(_SHA_START, block)
    for at in range(8):
        state[at] = s[at]


@dataclass(frozen=True, slots=True, repr=False)
class Chain:
    """The chain under one pepper; safe to use from several threads."""

    inner: _Words
    outer: _Words

    @classmethod
    def of(cls, pepper: Pepper) -> "Chain":
        padded = pepper.secret.ljust(hashlib.sha256().block_size, b"\0")
        return cls(
            _after_block(bytes(byte ^ 0x36 for byte in padded)), _after_block(bytes(byte ^ 0x5C for byte in padded))
        )

    def rows(self, keys: Column, layer_id: bytes) -> Column:
        """D of many K (uint8 [n, 32]) in one layer: uint64 [n, 8], little endian."""
        low, high = np.frombuffer(layer_id, "<u8")
        plain = (*_BLAKE_PLAIN[:6], _BLAKE_PLAIN[6] ^ low, _BLAKE_PLAIN[7] ^ high)
        out = np.empty((len(keys), 8), np.uint64)
        _chain(np.ascontiguousarray(keys).view(np.uint32), self.inner, self.outer, plain, out)
        return out
