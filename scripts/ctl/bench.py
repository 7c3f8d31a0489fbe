"""kioskctl bench: what a tap costs, measured on this machine in one run."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from PyQt6.QtWidgets import QApplication
from rich.console import Console

from kiosk.settings import SoundOutput
from models.engine import open_engine
from scripts.ctl.benchprivacy import privacy
from scripts.ctl.benchtable import table
from scripts.ctl.demo import STAGES
from scripts.ctl.models import SetOption, WeightsFolder
from scripts.ctl.output import AsJson, figures
from scripts.demo.deck import load_deck
from scripts.demo.faces import NOBODY, PERSONS, card_photo, make_demo_faces
from scripts.demo.player import Player
from scripts.modelsets import SetName, model_set

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Measures this kiosk.")
app.command()(table)
app.command()(privacy)

WARM_UP = 3
FACE_SECONDS = 120  # a bench of the face side takes about ten


@app.callback()
def _group() -> None:
    """Measures this kiosk."""


@app.command()
def tap(
    count: Annotated[int, typer.Option(min=5, help="Taps to measure.")] = 40,
    as_json: AsJson = False,
) -> None:
    """Tap the first card of the deck again and again, with its person already before the camera.

    ``last_byte_to_verdict`` runs from the card's last byte to the painted result; the key derivation of the same
    taps is what it is compared with. Every tap goes through pcscd where that can run; standard error says so.
    """
    application = QApplication(sys.argv[:1])
    deck = load_deck()
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder:
        player = Player(deck, Path(folder), output=SoundOutput.SILENT)
        try:
            console.print(f"Reader: {player.stage.reader_note}", markup=False)
            player.open()
            console.print("Faces: compared by models" if player.with_models else "Faces: no models, staff compare")
            runs = [player.tap(deck.step[0]).times for _ in range(WARM_UP + count)][WARM_UP:]
        finally:
            player.close()
    del application
    figures("One tap", _figures(runs), as_json)


@app.command()
def face(set_: SetOption = SetName.DEFAULT, weights: WeightsFolder = None, as_json: AsJson = False) -> None:
    """Measure the models on one thread, in a process of their own, with a picture of the demo before the camera.

    ``live_side`` finds, judges, aligns and embeds the face of a 1280x720 picture, and asks for its liveness where the
    set has networks for that; ``card_side`` decodes a card's photo block, finds, aligns and embeds. ``start`` runs
    from the launch of that process to models that have answered once; ``idle_cpu`` is the share of one core that
    watching an empty place takes. Where the files of the production set are there, what embedding and finding take is
    also given as a ratio to MobileFaceNet and YuNet, asked in turn in the same run.
    """
    chosen = model_set(set_)
    weights = weights or chosen.folder
    open_engine(chosen.manifest, weights)  # says in words what is missing
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder:
        faces, card = Path(folder), Path(folder) / "card.jp2"
        make_demo_faces(faces)
        card.write_bytes(card_photo(PERSONS[0]))
        pictures = [faces / name / "00.jpg" for name in (PERSONS[0], NOBODY)]
        known = model_set(SetName.PRODUCTION)
        compared = [known.manifest, known.folder] if known.is_there else []
        paths = map(str, [chosen.manifest, weights, *pictures, card, *compared])
        answer = subprocess.run(
            [sys.executable, "-P", "-m", "scripts.ctl.facebench", str(time.monotonic()), *paths],
            stdout=subprocess.PIPE,
            timeout=FACE_SECONDS,
            check=True,
        ).stdout
    figures("The face side", json.loads(answer), as_json)


def _figures(runs: list[dict[str, float]]) -> dict[str, float]:
    whole, key = [run["last_byte_to_verdict"] for run in runs], [run["key"] for run in runs]
    numbers = {
        "taps_count": float(len(runs)),
        "last_byte_to_verdict_p50_ms": statistics.median(whole),
        "last_byte_to_verdict_p95_ms": statistics.quantiles(whole, n=20, method="inclusive")[-1],
        "key_derivation_p50_ms": statistics.median(key),
        "verdict_after_key_p50_ms": statistics.median(all_of - part for all_of, part in zip(whole, key, strict=True)),
    }
    for stage in STAGES:
        took = [run[stage] for run in runs if stage in run]
        if took:
            numbers[f"{stage}_p50_ms"] = statistics.median(took)
    return {name: round(number, 3) for name, number in numbers.items()}
