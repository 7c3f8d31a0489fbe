"""kioskctl bench privacy: what a thief of the table pays for guessing numbers, and what the office pays."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kiosk.core.idnumber import check_character, parse_number
from kiosk.table.chain import ARGON2_MEMORY_KIB, ARGON2_PASSES, SALT_BYTES, slow_key
from scripts.ctl.output import AsJson, emit

# What a number can be: a district code, a birthday in 110 years, one of 1,000 sequence numbers; the last character
# follows. Some 3,400 county codes were ever in use, a province has about 170 of them.
_COUNTY = 110 * 365 * 1000
SPACES = {"all": 1 << 37, "province": 170 * _COUNTY, "county": _COUNTY, "birthday": 1000}
TITLES = {
    "all": "all 2^37",
    "province": "a province",
    "county": "a county",
    "birthday": "and birthday",
}
_ATTACKS = {
    "core_s": "and the pepper, 1 core",
    "gpu_s": "... an RTX 5090",
    "h100_s": "... an H100",
    "h100_usd": "... its rent",
    "keyed_hash_core_s": "a keyed hash, 1 core",
    "keyed_hash_gpu_s": "... an RTX 5090",
    "bare_hash_core_s": "a bare hash, 1 core",
    "bare_hash_gpu_s": "... an RTX 5090",
}
_OFFICE = {"first": "Argon2id, once", "new_a_day": "new people, a day", "new_pepper": "a new pepper, at least"}
PROVINCE_PEOPLE = 126_000_000
COUNTRY_PEOPLE = 1_400_000_000
NEW_A_DAY = 0.001

# Published, not measured here. SHA-256 on an RTX 5090, 28.35 GH/s: pilcrowonpaper.com/blog/14. Argon2 is bound by
# memory bandwidth, a guess moves 1024 m (3 t - 1) bytes: tobtu.com/minimum-password-settings. By the data sheets of
# NVIDIA that is 1.79 TB/s for an RTX 5090 and 3.35 TB/s for an H100 SXM, which is rented for about 3 dollars an hour.
_GPU_SHA256 = 28.35e9
_ARGON2_BYTES = 1024 * ARGON2_MEMORY_KIB * (3 * ARGON2_PASSES - 1)
_GPU_ARGON2 = 1.79e12 / _ARGON2_BYTES
_H100_ARGON2 = 3.35e12 / _ARGON2_BYTES
_H100_DOLLARS_A_SECOND = 3 / 3600

_HASHED = 1 << 20  # bytes hashed at once, so that calling from Python costs nothing
_NUMBER = "44019919600101001"  # county 99: nobody's


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds on one core of this machine for each step of a guess; hashes at the pace of native code."""

    argon2id: float
    hmac: float
    blake2b: float
    sha256: float

    @property
    def guess(self) -> float:
        """All of the chain, pepper known."""
        return self.argon2id + self.hmac + self.blake2b

    @property
    def keyed_hash(self) -> float:
        """What a guess would cost were the number only hashed under the pepper."""
        return self.hmac + self.blake2b


def privacy(
    runs: Annotated[int, typer.Option(min=3, help="Argon2id derivations to measure, 0.05 s each.")] = 40,
    as_json: AsJson = False,
) -> None:
    """Measure each step of the key chain on one core, and reckon what trying all numbers costs a thief.

    Who has the table without a pepper cannot test a single number: that would take guessing 256 bits. A pepper is had
    only with the key of a kiosk. ``keyed_hash`` and ``bare_hash`` are what a table without Argon2id, or without any
    secret, would promise; they are here to compare. Figures of graphics cards are published ones.
    """
    rates = measure(runs)
    numbers = figures_of(rates)
    if as_json:
        emit({"figures": {name: float(f"{number:.4g}") for name, number in numbers.items()}})
    else:
        _print(rates, numbers)


def measure(runs: int) -> Rates:
    """The fastest of ``runs`` each: a thief waits for a quiet machine."""
    number = parse_number(_NUMBER + check_character(_NUMBER))
    salt, block = bytes(SALT_BYTES), bytes(_HASHED)
    sha256 = _fastest(runs, lambda: hashlib.sha256(block)) * 64 / _HASHED
    blake2b = _fastest(runs, lambda: hashlib.blake2b(block)) * 128 / _HASHED
    # An HMAC of 32 bytes under a key whose pads are done is two blocks of SHA-256; BLAKE2b of nothing under a key one.
    return Rates(_fastest(runs, lambda: slow_key(number, salt)), 2 * sha256, blake2b, sha256)


def figures_of(rates: Rates) -> dict[str, float]:
    """Everything that is reckoned from the rates; names end with their unit."""
    numbers = {
        "argon2id_ms": rates.argon2id * 1e3,
        "hmac_ns": rates.hmac * 1e9,
        "blake2b_ns": rates.blake2b * 1e9,
        "without_pepper_guess_bits": 256.0,
    }
    for space, size in SPACES.items():
        numbers |= {
            f"{space}_count": float(size),
            f"{space}_core_s": size * rates.guess,
            f"{space}_gpu_s": size / _GPU_ARGON2,
            f"{space}_h100_s": size / _H100_ARGON2,
            f"{space}_h100_usd": size / _H100_ARGON2 * _H100_DOLLARS_A_SECOND,
            f"{space}_keyed_hash_core_s": size * rates.keyed_hash,
            f"{space}_keyed_hash_gpu_s": size * 2 / _GPU_SHA256,
            f"{space}_bare_hash_core_s": size * rates.sha256,
            f"{space}_bare_hash_gpu_s": size / _GPU_SHA256,
        }
    for name, people in (("province", PROVINCE_PEOPLE), ("country", COUNTRY_PEOPLE)):
        numbers |= {
            f"office_{name}_first_core_s": people * rates.argon2id,
            f"office_{name}_new_a_day_core_s": people * NEW_A_DAY * rates.argon2id,
            f"office_{name}_new_pepper_core_s": people * rates.keyed_hash,
        }
    return numbers


def _fastest(runs: int, work: Callable[[], object]) -> float:
    def took() -> Iterator[float]:
        for _ in range(runs):
            start = time.perf_counter()
            work()
            yield time.perf_counter() - start

    return min(took())


def _print(rates: Rates, numbers: dict[str, float]) -> None:
    console = Console()
    console.print(
        f"One core here: Argon2id {rates.argon2id * 1e3:.1f} ms, HMAC {rates.hmac * 1e9:.0f} ns, BLAKE2b"
        f" {rates.blake2b * 1e9:.0f} ns a guess."
    )
    thief = Table("what the thief has", *TITLES.values(), title="A thief tries all numbers")
    thief.add_row("the table alone", *["never: 2^256"] * len(SPACES), end_section=True)
    for name, title in _ATTACKS.items():
        cells = [numbers[f"{space}_{name}"] for space in SPACES]
        dollars = name.endswith("usd")
        thief.add_row(title, *(f"${cell:,.2f}" if dollars else span(cell) for cell in cells), end_section=dollars)
    console.print(thief)
    office = Table("people", *_OFFICE.values(), title="What the office pays, on one core like this")
    for name, people in (("province", PROVINCE_PEOPLE), ("country", COUNTRY_PEOPLE)):
        office.add_row(f"{people:,}", *(span(numbers[f"office_{name}_{step}_core_s"]) for step in _OFFICE))
    console.print(office)


def span(seconds: float) -> str:
    """A time with about three digits, in the unit that people would use."""
    for unit, length in (("years", 365.25 * 86400), ("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.3g} {unit}"
    return f"{seconds:.3g} s" if seconds >= 1e-3 else "< 1 ms"
