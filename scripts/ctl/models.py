"""kioskctl models: which models the kiosk runs, whether their files are right, and how well they tell people apart."""

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from kiosk.clock import SystemClock
from kiosk.core.policy import FalseMatchRate
from models.calibration import CalibrationError, calibrated, described, judge, keep, reset
from models.manifest import Weights, load_manifest
from models.masktrial import count_masks
from models.trial import CARD, LOOKS, SETUPS, Question, run_trial
from models.weights import Standing, install_weights, roles, standing
from scripts.ctl.output import TABLE_WIDTH, AsJson, Exit, answer, emit
from scripts.ctl.sitereport import calibration_report, mask_report
from scripts.ctl.trialreport import LOOK, VISIT, kinds_of, report
from scripts.modelsets import ModelSet, SetName, model_set

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Lists, verifies, builds, installs, evaluates and calibrates face models.",
)

SetOption = Annotated[SetName, typer.Option("--set", help="Which set of models.")]
WeightsFolder = Annotated[
    Path | None, typer.Option("--weights", help="Folder of the model files, if not the set's usual one.")
]


@app.command(name="list")
def list_(set_: SetOption = SetName.DEFAULT, as_json: AsJson = False) -> None:
    """Say which file plays which role, whose it is, where it is looked for, and what the default set is made from."""
    chosen = model_set(set_)
    facts = [
        {"role": role, **entry.model_dump(include={"name", "licence", "file", "source", "sha256"})}
        for role, entry in _entries(chosen).items()
    ]
    places = {
        "manifest": str(chosen.manifest),
        "folder": str(chosen.folder),
        "calibration": described(load_manifest(chosen.manifest).embed, chosen.folder),
    }
    made_from: dict[str, str] = {}
    if set_ is SetName.DEFAULT:
        # Only set-up and those who ask for it need onnx.
        from models.build import ingredients

        made_from = ingredients()
    if as_json:
        emit({"models": facts, **places, "made_from": made_from})
        return
    _show(facts, as_json)
    for name, fact in (places | made_from).items():
        _console().print(f"{name}: {fact}", markup=False, style="red" if name == "missing" else None)


@app.command()
def verify(set_: SetOption = SetName.DEFAULT, weights: WeightsFolder = None, as_json: AsJson = False) -> None:
    """Say of each file whether it is the one that the manifest names; 0 only if all are."""
    chosen = model_set(set_)
    facts = _verified(chosen, weights or chosen.folder)
    _show(facts, as_json)
    if any(fact["digest"] != Standing.OK for fact in facts):
        raise typer.Exit(Exit.NO)


@app.command()
def build(
    to: Annotated[Path | None, typer.Option(help="Folder for the files, if not the default set's usual one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make the files of the default set, and verify them; where something is missing or different nothing changes."""
    from models.build import build_set

    chosen = model_set(SetName.DEFAULT)
    target = to or chosen.folder
    build_set(target, chosen.manifest)
    _show(_verified(chosen, target), as_json)


@app.command()
def install(
    folder: Annotated[Path, typer.Argument(help="Folder that holds the files.")],
    to: Annotated[Path, typer.Option(help="The kiosk's folder of model files.")],
    set_: SetOption = SetName.PRODUCTION,
    as_json: AsJson = False,
) -> None:
    """Copy the files that the manifest names, once all of them have proved right; else nothing changes."""
    chosen = model_set(set_)
    install_weights(load_manifest(chosen.manifest), folder, to)
    _show(_verified(chosen, to), as_json)


def _entries(chosen: ModelSet) -> dict[str, Weights]:
    return roles(load_manifest(chosen.manifest))


def _verified(chosen: ModelSet, folder: Path) -> list[dict[str, str]]:
    return [
        {"role": role, **entry.model_dump(include={"name", "licence", "file"}), "digest": standing(entry, folder)}
        for role, entry in _entries(chosen).items()
    ]


def _show(facts: list[dict[str, str]], as_json: bool) -> None:
    if as_json:
        emit({"models": facts})
        return
    table = Table()
    for name in facts[0]:
        table.add_column(name, overflow="fold")  # a digest that is cut proves nothing
    for fact in facts:
        table.add_row(*map(escape, fact.values()))
    _console().print(table)


def _console() -> Console:
    return Console(width=max(TABLE_WIDTH, Console().width))


@app.command(name="eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(help="Folder with a folder of pictures (*.jpg) for each person.")],
    set_: SetOption = SetName.DEFAULT,
    weights: WeightsFolder = None,
    about: Annotated[
        Question,
        typer.Option(
            help="What is compared: levels of the card photo; or at level 2 looks with a face mask painted on, or in "
            "other light and out of focus; or at level 3 turned heads, in folders whose pictures are named as in FRMDB."
        ),
    ] = Question.PHOTO,
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
    chosen = model_set(set_)
    manifest = load_manifest(chosen.manifest)
    trial = run_trial(manifest, weights or chosen.folder, folder, limit, _watched("People"), SETUPS[about])
    kinds = kinds_of(trial)
    thresholds = manifest.embed.at(FalseMatchRate.ONE_IN_1000)
    told = report(trial, kinds, thresholds, _watched("Intervals"))
    if det is not None:
        # matplotlib takes its time to import, and nothing else here needs it.
        from scripts.ctl.det import draw_det

        draw_det(kinds[LOOK], det)
    if as_json:
        emit({"figures": told.figures, "intervals": told.intervals})
    else:
        # Of a pose there is one picture: its visits are its looks.
        _console().print(*told.tables[: 1 if about is Question.POSE else None])


@app.command()
def eval_mask(
    folder: Annotated[Path, typer.Argument(help="Folder with folders of pictures (*.jpg), masked faces apart.")],
    set_: SetOption = SetName.DEFAULT,
    weights: WeightsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Say for each folder of pictures how many of the faces in it are called masked, with 95 % intervals (Wilson).

    With --json the shares are fractions of the faces found.
    """
    chosen = model_set(set_)
    counts = count_masks(load_manifest(chosen.manifest), weights or chosen.folder, folder, _watched("Pictures"))
    told = mask_report(counts)
    if as_json:
        emit({"figures": told.figures, "intervals": told.intervals})
    else:
        _console().print(told.table)


@app.command()
def calibrate(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder with a folder for each consenting person: one card photo, three looks (*.jpg)."),
    ] = None,
    set_: SetOption = SetName.DEFAULT,
    weights: WeightsFolder = None,
    take_back: Annotated[bool, typer.Option("--reset", help="Let the manifest's thresholds hold again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Raise the thresholds of this site where its people are taken for each other more often than promised.

    Takes each person's first picture by name as the card photo and the next three as a visit. Thresholds are never
    lowered, however few people match: that takes more people than work here. Only numbers are kept.
    """
    chosen = model_set(set_)
    place = weights or chosen.folder
    if (folder is None) != take_back:
        raise typer.BadParameter("give a folder of pictures, or --reset")
    if folder is None:
        answer("Calibration", {"taken_back": reset(place)}, as_json)
        return
    manifest = load_manifest(chosen.manifest)
    entry = calibrated(manifest.embed, place)
    trial = run_trial(manifest, place, folder, None, _watched("People"), CARD)
    visits = kinds_of(trial)[VISIT]["level2"]
    if np.bincount(trial.conditions["level2"].visitors).max() < LOOKS:
        raise CalibrationError(f"{folder}: nobody has a card photo and {LOOKS} looks")
    verdicts = judge(entry.thresholds, visits)
    raised = any(verdict.raised for verdict in verdicts.values())
    if raised:
        keep(entry, verdicts, visits, SystemClock().now(), place)
    told = calibration_report(trial, visits, verdicts)
    if as_json:
        emit({"figures": told.figures, "intervals": told.intervals, "raised": raised})
    else:
        _console().print(told.table)
        _console().print("Thresholds are raised from now on." if raised else "The thresholds hold; nothing changed.")


def _watched(what: str) -> functools.partial[Iterable[Any]]:
    return functools.partial(track, description=what, console=Console(stderr=True))
