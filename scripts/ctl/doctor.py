"""kioskctl doctor: does each part work, what is missing, and the one thing to do."""

import os
import queue
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from drivers.camera import open_camera
from drivers.readers import open_reader
from kiosk.clock import kept_over_power_loss
from kiosk.core.errors import Fault, KioskError, PolicyError, TableError
from kiosk.core.freshness import clock_is_behind, freshness
from kiosk.core.policy import Policy
from kiosk.core.ports import Clock, ReaderDown, ReaderEvent
from kiosk.core.reasons import Reason
from kiosk.core.times import SHANGHAI, local_day, whole_hours
from kiosk.frames import LatestFrame
from kiosk.journal import Journal
from kiosk.keystore import open_keystore
from kiosk.policies.book import PolicyBook, PolicySource
from kiosk.settings import DEFAULT_MODELS, Settings, SoundOutput, load_settings
from kiosk.store import ImportState
from kiosk.supply.floors import clock_floor
from kiosk.supply.progress import last_import
from kiosk.table.layered import LayeredTable
from kiosk.table.source import open_table
from models.calibration import described
from models.engine import open_engine
from models.manifest import load_manifest
from models.weights import Standing, roles, standing
from scripts.ctl.output import AsJson, Exit, emit
from ui.app import clock_of, models_of

READER_SECONDS = 3.0
CAMERA_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part says of itself; where it does not work, ``says`` ends with the one thing to do."""

    part: str
    works: bool
    says: str


class AmissError(KioskError):
    """A part was found wanting by the doctor itself."""

    def __init__(self, detail: str) -> None:
        super().__init__(None, detail)


def examine(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Every part, in the order in which the kiosk rests on it."""
    yield from _card_side(settings.reader, clock)
    yield _part("camera", lambda: _camera(settings.camera))
    yield _part("models", lambda: _models(settings))
    yield _part("key", lambda: _key(settings))
    yield _part("import", lambda: _import(settings))
    yield _part("table", lambda: _table(settings, clock))
    yield _part("policy", lambda: _policy(settings, clock))
    yield _part("screen", _screen)
    yield _part("font", _font)
    yield _part("sound", lambda: _sound(settings))
    yield _part("journal", lambda: _journal(settings, clock))
    yield _part("clock", lambda: _clock(settings, clock))


def _part(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part, True, check())
    except KioskError as error:
        return Finding(part, False, error.detail)


def _card_side(url: str, clock: Clock) -> Iterator[Finding]:
    """pcscd and reader by what the kiosk's own driver says first."""
    said: queue.SimpleQueue[ReaderEvent] = queue.SimpleQueue()
    try:
        reader = open_reader(url, clock)
    except KioskError as error:
        yield Finding("reader", False, error.detail)
        return
    reader.start(said.put)
    try:
        first = said.get(timeout=READER_SECONDS)
    except queue.Empty:
        first = ReaderDown(Fault.PCSCD, f"no answer within {READER_SECONDS:g} s. Restart pcscd.")
    reader.close()
    lost = first if isinstance(first, ReaderDown) else None
    no_daemon = lost is not None and lost.fault is Fault.PCSCD
    if url.startswith("pcsc:"):
        yield Finding("pcscd", not no_daemon, lost.detail if lost and no_daemon else "answers")
    if no_daemon:
        yield Finding("reader", False, "not known while pcscd does not answer. Mend that first.")
    else:
        yield Finding("reader", lost is None, lost.detail if lost else getattr(first, "name", url))


def _camera(url: str) -> str:
    if url == "none:":
        return "none is set: staff compare every face"
    frames = LatestFrame()
    camera = open_camera(url)
    camera.start(frames)
    frame = frames.wait_newer(0, CAMERA_SECONDS)
    camera.close()
    if frame is None:
        raise AmissError(f"{url} gives no picture. Plug the camera in, or correct camera in the settings.")
    height, width = frame.bgr.shape[:2]
    return f"{url} gives {width} x {height}"


def _models(settings: Settings) -> str:
    chosen = models_of(settings)
    manifest = load_manifest(chosen.manifest)
    entries = roles(manifest)
    if chosen == DEFAULT_MODELS:
        for entry in entries.values():
            if (is_ := standing(entry, chosen.folder)) is not Standing.OK:
                raise AmissError(f"{entry.file} is {is_} in {chosen.folder}. Run kioskctl models build.")
    open_engine(chosen.manifest, chosen.folder)
    files = ", ".join(f"{role} {entry.file} {entry.sha256[:12]}" for role, entry in entries.items())
    calibration = described(manifest.embed, chosen.folder)
    return f"every file of {chosen.manifest.name} has its digest, and opens: {files}; calibration: {calibration}"


def _key(settings: Settings) -> str:
    keys = open_keystore(settings.supply.keys)
    return f"{keys.device_id}: {keys.promise.words}"


def _table(settings: Settings, clock: Clock) -> str:
    table, amiss = _open(settings)
    info, people = table.info, table.people
    table.close()
    policy = _policy_of_today(settings, clock)
    says = f"serial {info.serial}, {people} people, {whole_hours(clock.now() - info.as_of)} hours old"
    if policy is not None and freshness(info.as_of, policy, clock.now()) is Reason.A4:
        raise AmissError(f"{says}: too old to judge anybody. Import a newer supply.")
    if amiss is not None:
        raise AmissError(f"{says}; but the site's own list: {amiss.detail}")
    return says


def _open(settings: Settings) -> tuple[LayeredTable, TableError | None]:
    return open_table(settings.supply.store, settings.supply.keys, settings.mode)


def _policy_of_today(settings: Settings, clock: Clock) -> Policy | None:
    """None also where the policies cannot be used: they have a finding of their own."""
    with suppress(PolicyError):
        return _book(settings).on(local_day(clock.now()))
    return None


def _book(settings: Settings) -> PolicyBook:
    return PolicySource(settings.supply.store, settings.policy).book()


def _policy(settings: Settings, clock: Clock) -> str:
    book, today = _book(settings), local_day(clock.now())
    policy = book.on(today)
    if policy is None:
        known = ", ".join(f"{one.name} ({one.valid_from} to {one.valid_until})" for one in book.policies)
        raise AmissError(f"none is in force today; known are {known}. Import the policy of today.")
    return f"{policy.name}, from {policy.valid_from} until {policy.valid_until}"


def _import(settings: Settings) -> str:
    last = last_import(settings.supply.store)
    if last is None:
        return "none yet"
    says = f"{last.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}: {last.state}"
    if last.state in (ImportState.REFUSED, ImportState.UNFINISHED):
        raise AmissError(f"{says}. {last.detail or 'It was cut off: import the supply again.'}")
    return says


def _screen() -> str:
    """Qt blames libxcb-cursor0 whatever is missing; the linker knows better."""
    package = find_spec("PyQt6")
    assert package is not None  # noqa: S101  (a dependency)
    assert package.origin is not None  # noqa: S101
    plugin = Path(package.origin).parent / "Qt6/plugins/platforms/libqxcb.so"
    linked = subprocess.run(["ldd", plugin], capture_output=True, text=True, check=False, timeout=10).stdout
    missing = [line.split()[0] for line in linked.splitlines() if "not found" in line]
    if missing:
        raise AmissError(f"libraries are missing: {', '.join(missing)}. Run scripts/bootstrap.")
    return "Qt has its libraries"


def _font() -> str:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PyQt6.QtGui import QGuiApplication

    from ui.fonts import find_font

    application = QGuiApplication.instance() or QGuiApplication([])
    family = find_font()
    del application
    return family


def _sound(settings: Settings) -> str:
    if settings.sound.output is SoundOutput.SILENT:
        return "silent is set"
    from ui.sound import open_sound

    speaker = open_sound()
    fault = speaker.fault
    speaker.close()
    if fault is not None:
        raise AmissError("no output. Plug a loudspeaker in, and start the sound server or load the ALSA driver.")
    return "an output is there"


def _journal(settings: Settings, clock: Clock) -> str:
    path = settings.journal
    if path.exists():
        journal = Journal(path, settings.mode)
        let_in = journal.count(local_day(clock.now()))
        journal.close()
        return f"{path} can be written; {let_in} let in today"
    if not os.access(path.parent, os.W_OK):
        # Not made here: it would belong to whoever runs the doctor.
        raise AmissError(f"{path.parent} cannot be written. Make the folder, and let the kiosk write in it.")
    return f"{path} can be written"


def _clock(settings: Settings, clock: Clock) -> str:
    now = clock.now()
    says = f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M} in Shanghai"
    if settings.clock is not None:
        return f"{says}, set by the demo"
    floors: list[datetime | None] = []
    # What is wrong with table and journal is said where they are examined.
    with suppress(KioskError):
        floors.append(_built_at(settings))
    floors.append(clock_floor(settings.supply.store))
    with suppress(KioskError):
        floors.append(_last_event(settings))
    if clock_is_behind(now, *floors):
        raise AmissError(f"{says} is earlier than what was signed or the last event. Set the clock.")
    if not kept_over_power_loss():
        raise AmissError(f"{says}, but no clock runs without power: confirm the time on the screen after each start.")
    return says


def _built_at(settings: Settings) -> datetime:
    table, _ = _open(settings)
    table.close()
    return table.info.built_at


def _last_event(settings: Settings) -> datetime | None:
    if not settings.journal.exists():
        return None
    journal = Journal(settings.journal, settings.mode)
    last = journal.last_moment()
    journal.close()
    return last


app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    settings: Annotated[Path, typer.Option(help="Settings file of the kiosk.")],
    as_json: AsJson = False,
) -> None:
    """Say of each part whether it works, what is missing, and the one thing to do."""
    loaded = load_settings(settings)
    findings = list(examine(loaded, clock_of(loaded)))
    if as_json:
        emit({"parts": [asdict(finding) for finding in findings]})
    else:
        table = Table("part", "works", "says")
        for finding in findings:
            table.add_row(finding.part, "yes" if finding.works else "[bold red]NO", escape(finding.says))
        Console().print(table)
    if not all(finding.works for finding in findings):
        raise typer.Exit(Exit.NO)
