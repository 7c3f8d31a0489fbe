"""kioskctl models: which models the kiosk runs, whether their files are right, and how well they tell people apart."""

import functools
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

import models
from models.manifest import load_manifest
from models.trial import run_trial
from models.weights import Standing, install_weights, roles, standing
from scripts.ctl.demo import TABLE_WIDTH
from scripts.ctl.output import AsJson, Exit, emit
from scripts.ctl.trialreport import LOOK, kinds_of, report
from scripts.demo.stage import FACE_DATA

app = typer.Typer(no_args_is_help=True, help="Lists, verifies, installs and evaluates face models.")

MANIFEST = Path(models.__path__[0]) / "production.toml"
WEIGHTS = FACE_DATA / "models"
WeightsFolder = Annotated[Path, typer.Option("--weights", help="Folder of the model files.")]


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Say which file plays which role, and whose it is."""
    entries = roles(load_manifest(MANIFEST))
    _show(
        [
            {"role": role, **entry.model_dump(include={"name", "licence", "file", "source", "sha256"})}
            for role, entry in entries.items()
        ],
        as_json,
    )


@app.command()
def verify(weights: WeightsFolder = WEIGHTS, as_json: AsJson = False) -> None:
    """Say of each file whether it is the one that the manifest names; 0 only if all are."""
    facts = _verified(weights)
    _show(facts, as_json)
    if any(fact["digest"] != Standing.OK for fact in facts):
        raise typer.Exit(Exit.NO)


@app.command()
def install(
    folder: Annotated[Path, typer.Argument(help="Folder that holds the files.")],
    to: Annotated[Path, typer.Option(help="The kiosk's folder of model files.")],
    as_json: AsJson = False,
) -> None:
    """Copy the files that the manifest names, once all of them have proved right; else nothing changes."""
    install_weights(load_manifest(MANIFEST), folder, to)
    _show(_verified(to), as_json)


def _verified(folder: Path) -> list[dict[str, str]]:
    return [
        {"role": role, **entry.model_dump(include={"name", "licence", "file"}), "digest": standing(entry, folder)}
        for role, entry in roles(load_manifest(MANIFEST)).items()
    ]


def _show(facts: list[dict[str, str]], as_json: bool) -> None:
    if as_json:
        emit({"models": facts})
        return
    table = Table(*facts[0])
    for fact in facts:
        table.add_row(*map(escape, fact.values()))
    _console().print(table)


def _console() -> Console:
    return Console(width=max(TABLE_WIDTH, Console().width))


@app.command(name="eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(help="Folder with a folder of pictures (*.jpg) for each person.")],
    weights: WeightsFolder = WEIGHTS,
    det: Annotated[Path | None, typer.Option(help="PNG to draw the DET curves into.")] = None,
    limit: Annotated[int | None, typer.Option(min=2, help="Take the first so many people only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare every picture with everybody's card photo, and give error rates with 95 % intervals over people.

    A person's first picture by name becomes the card photo; the next three at most are looks. A visit is the best of
    three looks (of fewer where nobody has three). A picture without a face matches nobody and counts. With --json,
    tar is of single looks and what is said at the shipped thresholds and of staff is of visits; the other kind
    carries its name as a suffix.
    """
    manifest = load_manifest(MANIFEST)
    watched = functools.partial(track, console=Console(stderr=True))
    trial = run_trial(manifest, weights, folder, limit, functools.partial(watched, description="People"))
    kinds = kinds_of(trial)
    told = report(trial, kinds, manifest.embed.thresholds, functools.partial(watched, description="Intervals"))
    if det is not None:
        # matplotlib takes its time to import, and nothing else here needs it.
        from scripts.ctl.det import draw_det

        draw_det(kinds[LOOK], det)
    if as_json:
        emit({"figures": told.figures, "intervals": told.intervals})
    else:
        _console().print(*told.tables)
