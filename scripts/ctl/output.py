"""How kioskctl answers: a table for people, or one JSON object with --json. Exit codes stand here, once."""

import json
from collections.abc import Mapping
from enum import IntEnum, unique
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kiosk.core.errors import KioskError, PolicyError, SettingsError

TABLE_WIDTH = 170  # a narrower terminal wraps whole lines, which is easier to read than wrapped cells

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")]


@unique
class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    NO = 1  # the answer is no
    USAGE = 2  # a wrong option, or a file that somebody has to correct
    ENVIRONMENT = 3  # a device, a disk or a part of the installation


def exit_code(error: KioskError) -> Exit:
    """The exit code of an expected failure: what was typed or written by people, or what the machine lacks."""
    by_people = error.fault is None or isinstance(error, (PolicyError, SettingsError))
    return Exit.USAGE if by_people else Exit.ENVIRONMENT


def emit(facts: Mapping[str, object]) -> None:
    """Print one JSON object on standard output."""
    typer.echo(json.dumps(facts, ensure_ascii=False))


def answer(title: str, facts: Mapping[str, object], as_json: bool) -> None:
    """Print named facts on standard output."""
    if as_json:
        emit(facts)
        return
    table = Table(title=escape(title), show_header=False)
    for name, fact in facts.items():
        table.add_row(escape(name), escape(", ".join(map(str, fact)) if isinstance(fact, list) else str(fact)))
    Console().print(table)


def figures(title: str, numbers: Mapping[str, float], as_json: bool) -> None:
    """Print what was measured. Names carry their unit, for example ``lookup_p50_us``."""
    if as_json:
        emit({"figures": numbers})
    else:
        answer(title, {name: f"{number:g}" for name, number in numbers.items()}, as_json=False)


def refuse(error: KioskError) -> None:
    """Print an expected failure on standard error."""
    Console(stderr=True, soft_wrap=True).print(f"kioskctl: {error.detail}", style="red", markup=False, highlight=False)
