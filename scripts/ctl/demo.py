"""kioskctl demo: play the deck before a window, print what came out, and say whether all of it was right."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from PyQt6.QtWidgets import QApplication
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kiosk.core.errors import KioskError
from models.manifest import Weights, load_manifest
from models.weights import roles
from scripts.ctl.output import TABLE_WIDTH, AsJson, Exit, emit
from scripts.demo.deck import load_deck
from scripts.demo.player import Outcome, Player, StuckError
from scripts.demo.stage import LANDSCAPE, PORTRAIT
from scripts.modelsets import SetName, model_set

OUT = Path("out/demo")
STAGES = "card photo detect liveness embed key lookup decide journal paint".split()


app = typer.Typer(add_completion=False)


@app.command()
def demo(
    stay: Annotated[bool, typer.Option("--stay", help="Leave the window open at the end.")] = False,
    camera: Annotated[str | None, typer.Option(help="A real camera, by its number: who stands there decides.")] = None,
    set_: Annotated[SetName | None, typer.Option("--set", help="Models, if not those that are there.")] = None,
    landscape: Annotated[bool, typer.Option("--landscape", help="Open the window 1920 x 1080.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for pictures and prepared data.")] = OUT,
    as_json: AsJson = False,
) -> None:
    """Tap the deck's cards, print the answers, save a picture of each; 0 only if all are the expected ones."""
    pictures = out / "pictures"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    application = QApplication(sys.argv[:1])
    console = Console(stderr=as_json, width=max(TABLE_WIDTH, Console().width))
    deck = load_deck()
    player = Player(
        deck,
        out.resolve(),
        size=LANDSCAPE if landscape else PORTRAIT,
        camera=None if camera is None else f"v4l2:{camera}",
        models=None if set_ is None else model_set(set_).files,
        pictures=pictures,
    )
    outcomes, ran = [], dict[str, Weights]()
    try:
        console.print(f"Reader: {escape(player.stage.reader_note)}")
        player.open()
        ran = _files(player)
        console.print("Faces: compared by models" if ran else "Faces: no models, staff compare")
        for role, entry in ran.items():
            console.print(f"  {role}: {entry.file}, sha256 {entry.sha256}", highlight=False)
        for outcome in player.play():
            outcomes.append(outcome)
            console.print(f"  {'ok' if outcome.right else 'WRONG'}  {escape(outcome.step.title)}")
        if stay:
            console.print("The window stays open; Esc closes it.")
            application.exec()
    except StuckError as error:
        raise KioskError(None, str(error)) from None
    finally:
        player.close()
    right = all(outcome.right for outcome in outcomes)
    if as_json:
        emit(
            {
                "right": right,
                "models": {entry.file: entry.sha256 for entry in ran.values()},
                "steps": [_facts(outcome) for outcome in outcomes],
            }
        )
    else:
        console.print(_table(outcomes), f"Pictures: {pictures}")
    # With a real camera the answers are those of whoever stands there.
    if not right and camera is None:
        raise typer.Exit(Exit.NO)


def _files(player: Player) -> dict[str, Weights]:
    """What compares faces, by role. The engine opens no file that differs from its manifest, so that this proves it."""
    return roles(load_manifest(player.stage.settings.models.manifest)) if player.with_models else {}


def _facts(outcome: Outcome) -> dict[str, object]:
    return {
        "title": outcome.step.title,
        "person": outcome.step.person,
        "got": [one.model_dump(mode="json") for one in outcome.got],
        "right": outcome.right,
        "milliseconds": outcome.times,
    }


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(title="One-Card Pass: the deck (stages in ms)")
    for heading in ("visitor", "人", "证", "码", "行程", "notes", "verdict", "counted"):
        table.add_column(heading)
    for stage in STAGES:
        table.add_column(stage, justify="right")
    for outcome in outcomes:
        for number, (got, expected) in enumerate(zip(outcome.got, outcome.expected, strict=False)):
            table.add_row(
                escape(outcome.step.title) if number == 0 else "  工作人员",
                *(
                    _cell(getattr(got, name), getattr(expected, name))
                    for name in ("person", "card", "code", "itinerary", "notes", "verdict", "counted")
                ),
                *(f"{outcome.times[stage]:.1f}" if number == 0 and stage in outcome.times else "" for stage in STAGES),
            )
    return table


def _cell(got: object, expected: object) -> str:
    return _word(got) if got == expected else f"[bold red]{_word(got)} not {_word(expected)}"


def _word(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else ""
        case tuple():
            return " ".join(map(str, value))
        case _:
            return str(value)
