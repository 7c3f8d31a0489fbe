"""kioskctl bench table: what the supplied table costs, measured on a synthetic province."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from scripts.ctl.output import AsJson, figures

FOLDER = Path("/var/tmp")  # noqa: S108


def table(
    people: Annotated[int, typer.Option(min=1000, help="People of the province.")] = 200_000,
    derived: Annotated[int, typer.Option(min=0, help="How many of them are looked up by number, 0.1 s each.")] = 2000,
    folder: Annotated[
        Path, typer.Option(help="On the disk to measure: 12 bytes per person while encoding, 31 with SQLite.")
    ] = FOLDER,
    sqlite: Annotated[bool, typer.Option(help="Compare with a table of the same people in SQLite.")] = True,
    as_json: AsJson = False,
) -> None:
    """Invent a province, encode it, and look people up; every one is compared with what was encoded.

    Raw reads, look-ups in one layer, in three, and in SQLite take turns in one process; before every turn of 25 the
    kernel is asked to forget the files. ``encode_rows_per_s`` leaves out the hashing of keys, which stands beside it.
    """
    # Here, because a kiosk without the office's libraries has a bench too.
    from scripts.office.tablebench import measure

    with tempfile.TemporaryDirectory(prefix="kiosk-bench-", dir=folder) as working:
        numbers = measure(people, derived, Path(working), sqlite)
    figures(f"The table of {people:,} people", {name: round(number, 4) for name, number in numbers.items()}, as_json)
