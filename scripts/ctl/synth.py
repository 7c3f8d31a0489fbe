"""kioskctl office synth: invented people as a feed, to try the encoder and the kiosk with."""

from pathlib import Path
from typing import Annotated

import typer

from scripts.ctl.output import AsJson, answer


def synth(
    people: Annotated[int, typer.Option(min=1, help="How many; all are kept in memory only for a Parquet file.")],
    out: Annotated[Path, typer.Option(help="Feed to write: FILE.csv or FILE.parquet.")],
    derived: Annotated[int, typer.Option(min=0, help="How many of them have a number, 50 ms each.")] = 0,
    changed: Annotated[bool, typer.Option("--changed", help="The same people a day later.")] = False,
    as_json: AsJson = False,
) -> None:
    """Invent a province: the same people every time, with county 99, which is assigned to nobody.

    Table and kiosk must use the salt and a data cut-off as given in the answer.
    """
    # Here, because a kiosk has no Polars.
    from scripts.office import nextday, synth
    from scripts.office.spell import write_feed

    rows = synth.synthetic_province(people, derived)
    numbers = [synth.invented_number(place).text for place in range(len(rows.derived))]
    facts = {
        "people": write_feed(nextday.changed(rows) if changed else rows, out),
        "salt": synth.SALT.hex(),
        "as_of": (synth.AS_OF + nextday.LATER * changed).isoformat(),
        "entropy_bits": round(synth.entropy_bits(), 3),
        "numbers": numbers if as_json else numbers[:3],
    }
    answer(f"Invented people in {out}", facts, as_json)
