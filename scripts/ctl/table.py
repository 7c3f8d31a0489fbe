"""kioskctl table: build a health-code table from CSV files, and say what one holds."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kiosk.clock import SystemClock
from kiosk.core.status import TableInfo
from kiosk.core.times import SHANGHAI
from kiosk.showing import Mode
from kiosk.table.build import build_table
from kiosk.table.feed import PEOPLE_COLUMNS, RISK_COLUMNS
from kiosk.table.file import open_table
from kiosk.table.keys import make_pepper
from scripts.ctl.output import AsJson, answer

app = typer.Typer(no_args_is_help=True, help="Builds and inspects health-code tables.")

Pepper = Annotated[Path, typer.Option(help="File with the secret half of the look-up key.")]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter("must be a moment with its UTC offset, for example 2022-04-18T06:00:00+08:00")
    return moment


@app.command()
def pepper(file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")]) -> None:
    """Make a new pepper, readable by its owner alone."""
    make_pepper(file)


@app.command()
def build(
    people: Annotated[Path, typer.Argument(help=f"CSV of the people, with the columns {', '.join(PEOPLE_COLUMNS)}.")],
    out: Annotated[Path, typer.Option(help="Table to write; its digest goes to OUT.sha256.")],
    pepper: Pepper,
    as_of: Annotated[datetime, typer.Option(parser=_moment, metavar="MOMENT", help="Data cut-off with UTC offset.")],
    serial: Annotated[int, typer.Option(help="Number of this table; higher than that of the last one.")],
    scope: Annotated[list[str], typer.Option(help="Province covered (two digits of GB/T 2260); may be repeated.")],
    issuer: Annotated[list[str], typer.Option(help="Authority whose statements count; may be repeated.")],
    risks: Annotated[
        Path | None, typer.Option(help=f"CSV of the risk areas, with the columns {', '.join(RISK_COLUMNS)}.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="The people are invented.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build a table; every wrong row is named, and then nothing is written."""
    info = build_table(
        people,
        risks,
        out,
        pepper,
        as_of=as_of,
        built_at=SystemClock().now(),
        serial=serial,
        scope=frozenset(scope),
        issuers=frozenset(issuer),
        demo=demo,
    )
    answer(str(out), _facts(info), as_json)


@app.command()
def info(
    file: Annotated[Path, typer.Argument(help="Table to check and describe.")],
    pepper: Pepper,
    as_json: AsJson = False,
) -> None:
    """Check a table as the kiosk does, and say what it holds."""
    # Training takes the tables of both worlds.
    table = open_table(file, pepper, Mode.TRAINING)
    try:
        answer(str(file), _facts(table.info) | {"people": table.count()}, as_json)
    finally:
        table.close()


def _facts(info: TableInfo) -> dict[str, object]:
    return {
        "serial": info.serial,
        "as_of": info.as_of.astimezone(SHANGHAI).isoformat(),
        "built_at": info.built_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "scope": sorted(info.scope),
        "issuers": sorted(info.issuers),
        "risk_areas": len(info.risks),
        "demo": info.demo,
    }
