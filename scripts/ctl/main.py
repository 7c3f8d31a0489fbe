"""kioskctl: the list of its commands."""

from typing import Any

import typer

from kiosk.core.errors import KioskError
from scripts.ctl import bench, keys, models, office, table
from scripts.ctl.demo import demo
from scripts.ctl.doctor import doctor
from scripts.ctl.output import exit_code, refuse


class _Commands(typer.core.TyperGroup):
    """Ends an expected failure with its words and its exit code, in one place for all commands."""

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
app.add_typer(bench.app, name="bench")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.add_typer(office.app, name="office")
app.add_typer(table.app, name="table")
app.command()(doctor)
app.command()(demo)
