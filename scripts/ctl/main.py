"""kioskctl: its commands, each loaded when it is asked for: a kiosk has no table builder, and nobody likes to wait."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer

from kiosk.core.errors import KioskError
from scripts.ctl.output import exit_code, refuse

# What is said of each where all are listed; scripts.ctl has a module of each name.
_COMMANDS: Mapping[str, str] = {
    "bench": "Measures this kiosk.",
    "demo": "Taps the cards of invented people, and says whether every answer was right.",
    "doctor": "Says of each part whether it works, what is missing, and the one thing to do.",
    "keys": "The key of this kiosk.",
    "models": "Lists, checks and measures face models.",
    "office": "What the health office does.",
    "stick": "Makes, checks and imports signed supplies.",
    "table": "Builds and inspects layers of the health-code table.",
}


class _Commands(typer.core.TyperGroup):
    """Loads commands late, and ends an expected failure with its words and its exit code, in one place for all."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What stands in the list; it does nothing."""
        return typer.core.TyperCommand(cmd_name, help=_COMMANDS[cmd_name]) if cmd_name in _COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in _COMMANDS:
            return super().resolve_command(ctx, args)
        return args[0], typer.main.get_command(import_module(f"scripts.ctl.{args[0]}").app), args[1:]

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KioskError as error:
            refuse(error)
            raise typer.Exit(exit_code(error)) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sets up, checks and measures a One-Card Pass kiosk.",
)


@app.callback()
def _group() -> None:
    """Sets up, checks and measures a One-Card Pass kiosk."""
