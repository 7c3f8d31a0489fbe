"""Where pcscd cannot run, the demo plays on a reader inside the program, and says so."""

import subprocess
import sys
from pathlib import Path

# A rig that cannot be had, as in a chroot.
PLAY = """
import sys
from pathlib import Path
from PyQt6.QtWidgets import QApplication
import scripts.demo.stage as stage
from kiosk.core.errors import DeviceError, Fault
class Refused(stage.PrivateRig):
    def __init__(self, folder):
        raise DeviceError(Fault.PCSCD, "no namespaces here")
stage.PrivateRig = Refused
from scripts.demo.deck import load_deck
from scripts.demo.player import Player
application = QApplication([])
deck = load_deck()
player = Player(deck, Path(sys.argv[1]))
print(player.stage.reader_note)
player.open()
print(player.tap(deck.step[0]).right)
player.close()
"""


def test_the_demo_falls_back_to_the_simulated_reader(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-c", PLAY, str(tmp_path)], capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 0, ended.stderr
    note, right = ended.stdout.splitlines()
    assert "simulated reader" in note
    assert "no namespaces here" in note
    assert right == "True"
