"""Feeds of invented people (county part 99)."""

import csv
from pathlib import Path

from kiosk.core.idnumber import check_character

COLUMNS = "key codes test_kind test_result test_at test_issuer doses dose_month itinerary_as_of stays lists".split()
CLEAN = {
    "codes": "green||health office|2022-03-01T00:00:00+08:00",
    "test_result": "negative",
    "test_at": "2022-04-17T10:30:59+08:00",
    "test_issuer": "laboratory",
    "doses": "2",
    "dose_month": "2022-01",
    "itinerary_as_of": "2022-04-17",
    "stays": "440100::2022-04-17",
}


def person(number: int, **other: str) -> dict[str, str]:
    return {"key": f"{number:02x}" * 32} | CLEAN | other


def number(sequence: int) -> str:
    first17 = f"44019919520303{sequence:03}"
    return first17 + check_character(first17)


def feed(path: Path, rows: list[dict[str, str]], columns: list[str] = COLUMNS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path
