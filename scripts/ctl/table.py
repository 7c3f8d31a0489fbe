"""kioskctl table: build a layer of the health-code table, and say what one holds."""

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress

from kiosk.clock import SystemClock
from kiosk.core.errors import TableError
from kiosk.core.idnumber import PROVINCES, NumberError, parse_number
from kiosk.core.status import PersonStatus
from kiosk.core.times import SHANGHAI
from kiosk.store import LayerKind
from kiosk.table.chain import SALT_BYTES, slow_key
from kiosk.table.layer import Header, layer_root, open_layer, read_header
from scripts.ctl.output import AsJson, Exit, answer
from scripts.office.peppers import read_pepper

if TYPE_CHECKING:
    from scripts.office.delta import BaseDue
    from scripts.office.rows import Intake
    from scripts.office.rows import Progress as Report

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Builds and inspects layers of the health-code table."
)

File = Annotated[Path, typer.Argument(metavar="LAYER", help="Layer file.")]
PepperFile = Annotated[Path, typer.Option("--pepper", help="File that kioskctl office pepper wrote.")]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter("must be a moment with its UTC offset, for example 2022-04-18T06:00:00+08:00")
    return moment


def _bytes(length: int) -> Callable[[str], bytes]:
    def parse(text: str) -> bytes:
        try:
            data = bytes.fromhex(text)
        except ValueError:
            data = b""
        if len(data) != length:
            raise typer.BadParameter(f"must be {2 * length} hexadecimal digits")
        return data

    return parse


Root = Annotated[
    bytes | None,
    typer.Option(parser=_bytes(32), metavar="HEX", help="What was signed; else the root that the file itself has."),
]


@app.command()
def build(
    people: Annotated[Path, typer.Argument(help="CSV or Parquet of the people; see scripts/office/rows.py.")],
    out: Annotated[Path, typer.Option(help="Layer to write.")],
    pepper: PepperFile,
    as_of: Annotated[datetime, typer.Option(parser=_moment, metavar="MOMENT", help="Data cut-off with UTC offset.")],
    serial: Annotated[int, typer.Option(min=1, help="Number of this layer; higher than that of the last one.")],
    scope: Annotated[list[str], typer.Option(help="Province covered (two digits of GB/T 2260); may be repeated.")],
    issuer: Annotated[list[str], typer.Option(help="Authority whose statements count; may be repeated.")],
    kind: Annotated[LayerKind, typer.Option(help="What the layer is for.")] = LayerKind.BASE,
    base: Annotated[
        Path | None, typer.Option(help="The base it is used with; for a new base the last one: its salt is kept.")
    ] = None,
    base_rows: Annotated[
        Path | None, typer.Option(help="For a delta: what that base was built from. PEOPLE holds everybody again.")
    ] = None,
    salt: Annotated[
        bytes | None,
        typer.Option(parser=_bytes(SALT_BYTES), metavar="HEX", help="Salt of the keys; else that of the base, or new."),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="The people are invented.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build a layer and read every row back. Wrong rows are set aside in OUT.quarantine.csv with their reason."""
    # Here, because a kiosk looks tables up without the office's libraries.
    from scripts.office.delta import BaseDue, compare_rows
    from scripts.office.facts import LayerHead, Rows
    from scripts.office.publish import build_layer
    from scripts.office.rows import read_rows

    built_at = SystemClock().now()
    _check(as_of, built_at, scope, issuer, kind, base, base_rows)
    below = read_header(base) if base else None
    salt = salt or (below.salt if below else secrets.token_bytes(SALT_BYTES))
    if below and salt != below.salt:
        raise TableError(None, "the base has another salt. Leave --salt out.")
    quarantine = out.with_name(out.name + ".quarantine.csv")
    with _progress() as report:
        intake = read_rows(people, quarantine, built_at=built_at, salt=salt, progress=report)
        rows: Rows = intake.rows
        changes: dict[str, object] = {}
        if below and base_rows:
            old = read_rows(base_rows, None, built_at=below.built_at, salt=salt, progress=report).rows
            found = compare_rows(old, rows)
            if isinstance(found, BaseDue):
                _say_base_due(found, as_json)
            rows = found.rows
            changes = {"changed": found.changed, "new": found.new, "removed": found.removed}
    head = LayerHead(
        kind,
        serial,
        as_of,
        built_at,
        salt,
        frozenset(scope),
        frozenset(issuer),
        demo,
        below.layer_id if below and kind is LayerKind.DELTA else bytes(16),
    )
    done = build_layer(rows, head, read_pepper(pepper), out)
    answer(
        str(out),
        {
            "root": done.root.hex(),
            "sha256": done.sha256.hex(),
            "length": done.length,
            "people": done.people,
            "bytes_per_person": round(done.length / done.people, 3) if done.people else None,
            **changes,
            **{colour.value: count for colour, count in sorted(done.colours.items())},
            **_intake(intake, quarantine),
        }
        | _facts(read_header(out)),
        as_json,
    )


@app.command()
def info(file: File, as_json: AsJson = False) -> None:
    """Say what a layer tells of itself without its pepper; nothing of it is checked."""
    answer(str(file), _facts(read_header(file)) | {"root": layer_root(file).hex()}, as_json)


@app.command()
def verify(
    file: File,
    pepper: PepperFile,
    root: Root = None,
    rows: Annotated[Path | None, typer.Option(help="What it was built from: then every row is asked for.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check every byte of a layer and the build of every page; with the rows, all that it says of everybody."""
    from scripts.office.rows import read_rows
    from scripts.office.selfcheck import check_layer, walk_layer

    header, root, secret = read_header(file), root or layer_root(file), read_pepper(pepper)
    facts: dict[str, object] = {"root": root.hex()}
    if rows is None:
        facts["people"] = walk_layer(file, root, secret)
    else:
        with _progress() as report:
            intake = read_rows(rows, None, built_at=header.built_at, salt=header.salt, progress=report)
        checked = check_layer(file, root, intake.rows, secret)
        facts |= {"people": checked.people, "read_back": checked.people}
    answer(str(file), facts, as_json)


@app.command()
def lookup(file: File, pepper: PepperFile, root: Root = None, as_json: AsJson = False) -> None:
    """Say what a layer holds of one person, whose number is read from standard input."""
    secret = read_pepper(pepper)
    try:
        number = parse_number(typer.prompt("Number", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline())
    except NumberError as error:
        raise TableError(None, f"no identity number: {error}. Type it again.") from None
    layer = open_layer(file, root or layer_root(file), secret)
    try:
        found = layer.find(secret.blind(slow_key(number, layer.header.salt)))
    finally:
        layer.close()
    if found is None or found.status is None:
        answer(str(file), {"found": False, "tombstone": found is not None}, as_json)
        raise typer.Exit(Exit.NO)
    answer(str(file), {"found": True} | _person(found.status), as_json)


def _check(
    as_of: datetime,
    built_at: datetime,
    scope: list[str],
    issuers: list[str],
    kind: LayerKind,
    base: Path | None,
    base_rows: Path | None,
) -> None:
    if as_of > built_at:
        raise TableError(None, f"as of {as_of}: later than the time of building, {built_at}. Correct the time.")
    if not set(scope) <= PROVINCES:
        raise TableError(
            None, f"scope {', '.join(sorted(set(scope) - PROVINCES))}: no province. Give codes such as 44."
        )
    if not all(issuers):
        raise TableError(None, "an issuer without a name. Name each authority whose statements count.")
    if kind is LayerKind.DELTA and base is None:
        raise TableError(None, "a delta belongs to a base. Name it with --base.")
    if base_rows is not None and kind is not LayerKind.DELTA:
        raise TableError(None, "--base-rows makes a delta. Add --kind delta, or leave it out.")


def _say_base_due(due: "BaseDue", as_json: bool) -> NoReturn:
    answer("A base is due", {"base_due": True, "rows": due.rows, "limit": due.limit}, as_json)
    raise typer.Exit(Exit.NO)


def _intake(intake: "Intake", quarantine: Path) -> dict[str, object]:
    counts = {"read": intake.read, "accepted": intake.accepted, "quarantined": intake.quarantined}
    return counts | ({"quarantine": str(quarantine)} if intake.quarantined else {})


def _facts(header: Header) -> dict[str, object]:
    return {
        "kind": header.kind.value,
        "serial": header.serial,
        "as_of": header.as_of.astimezone(SHANGHAI).isoformat(),
        "built_at": header.built_at.astimezone(SHANGHAI).isoformat(),
        "people": header.people,
        "pages": header.pages,
        "layer_id": header.layer_id.hex(),
        "base_id": header.base_id.hex(),
        "key_id": header.key_id.hex(),
        "salt": header.salt.hex(),
    }


def _person(status: PersonStatus) -> dict[str, object]:
    told = asdict(status)
    return {name: _plain(fact) for name, fact in told.items()}


def _plain(fact: object) -> object:
    if isinstance(fact, dict):
        return {name: _plain(one) for name, one in fact.items()}
    if isinstance(fact, (list, tuple)):
        return [_plain(one) for one in fact]
    return fact if fact is None or isinstance(fact, (int, bool)) else str(fact)


@contextmanager
def _progress() -> Iterator["Report"]:
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Deriving keys", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
