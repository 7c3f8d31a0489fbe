"""The stage of the demo: faces, supplies, a settings object, a place to lay cards, and the kiosk itself."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from drivers.camera import FolderCamera
from drivers.rig import PrivateRig
from drivers.sim import SimReader
from drivers.virtualcard import CardSlot
from kiosk.clock import ShiftedClock
from kiosk.core.errors import DeviceError
from kiosk.policies import SAMPLE
from kiosk.recorder import Stored
from kiosk.settings import ClockStart, ModelFiles, Settings, Sound, SoundOutput, SupplyPlace, Window
from kiosk.showing import Mode
from kiosk.supply.trust import DEMO_ROOT
from scripts.demo.deck import Deck, TableName
from scripts.demo.faces import NOBODY, make_demo_faces
from scripts.demo.supplies import DISTRICT, build_stores, key_url, lay_store
from scripts.modelsets import set_that_is_there
from ui.app import Kiosk, compose

PORTRAIT, LANDSCAPE = (1080, 1920), (1920, 1080)


class Stage:
    """Sets everything up under ``folder``; faces and supplies stay there for the next run, the journal begins anew.

    ``reader_note`` says which reader the cards lie on. ``camera`` is a camera URL in place of the played faces.
    ``models``: those that are there where none are given.
    """

    def __init__(
        self,
        deck: Deck,
        folder: Path,
        *,
        size: tuple[int, int] = PORTRAIT,
        camera: str | None = None,
        models: ModelFiles | None = None,
        output: SoundOutput = SoundOutput.AUTO,
        on_stored: Callable[[Stored], None],
    ) -> None:
        self._faces, self._stores = folder / "faces", folder / "supplies"
        make_demo_faces(self._faces)
        build_stores(deck, self._stores)
        self._run = Path(tempfile.mkdtemp(prefix="kiosk-demo-"))
        self.rig: PrivateRig | None = None
        try:
            self.rig = PrivateRig(self._run)
            self.reader_note = f"real pcscd with a virtual reader: {self.rig.version}"
        except DeviceError as error:
            self.reader_note = f"simulated reader inside the program, because pcscd cannot run here: {error.detail}"
        width, height = size
        settings = Settings(
            mode=Mode.DEMO,
            device="demo",
            venue="示范社区卫生服务中心",
            policy=SAMPLE,
            reader="pcsc:" if self.rig else "sim:",
            camera=camera or f"folder:{self._faces / NOBODY}",
            journal=_fresh_journal(folder),
            models=models or set_that_is_there().files,
            supply=SupplyPlace(
                store=lay_store(self._stores, "fresh"), root=DEMO_ROOT, district=DISTRICT, keys=key_url(self._stores)
            ),
            window=Window(width=width, height=height),
            sound=Sound(output=output),
            clock=ClockStart(starts_at=deck.table.starts_at),
        )
        self.settings = settings
        self.kiosk: Kiosk = compose(settings, on_stored)
        assert isinstance(self.kiosk.clock, ShiftedClock)  # noqa: S101  (the settings set it)
        self.clock = self.kiosk.clock
        slot = self.rig or self.kiosk.reader
        assert isinstance(slot, PrivateRig | SimReader)  # noqa: S101
        self.slot: CardSlot = slot

    def put_before_camera(self, person: str) -> bool:
        """Who is seen from now on; False where a real camera decides that."""
        if not isinstance(self.kiosk.camera, FolderCamera):
            return False
        self.kiosk.camera.play(self._faces / person)
        return True

    def lay_supply(self, name: TableName) -> None:
        lay_store(self._stores, name)

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.skip(seconds)
        self.kiosk.station.wake()

    def close(self) -> None:
        self.kiosk.close()
        if self.rig is not None:
            self.rig.close()
        shutil.rmtree(self._run, ignore_errors=True)


def _fresh_journal(folder: Path) -> Path:
    """The demo's morning begins anew each time, and a journal does not let the clock go back (A9)."""
    for old in folder.glob("journal.sqlite*"):
        old.unlink()
    return folder / "journal.sqlite"
