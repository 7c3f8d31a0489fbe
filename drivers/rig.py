"""A real pcscd with a virtual reader, private to this process: for the demo, for training and for tests.

pcscd and the virtual card run in a network and mount namespace of their own, as root or as a plain user: vpcd listens
on every address, and the daemon's socket path is compiled in. Neither a pcscd of the system nor the USB readers
it serves are touched. The other half is drivers.rig_inside.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from drivers.rig_inside import PCSCD, SOCKET, VPCD
from drivers.virtualcard import VirtualCard
from kiosk.core.errors import DeviceError, Fault

_ANSWER_SECONDS = 15
_END_SECONDS = 5
# sockaddr_un holds 108 bytes with the closing zero.
_LONGEST_PATH = 107


class PrivateRig:
    """pcscd, a reader called "Virtual PCD 00 00", and a place to lay virtual cards (a CardSlot).

    ``folder`` must exist and keeps the daemon's socket, its configuration and the log. The PC/SC client library of a
    process reads the way to the daemon once, so a process can have one folder, and must have it before its first
    PcscReader starts. DeviceError says why, when the rig cannot be had on this machine.
    """

    def __init__(self, folder: Path) -> None:
        address = folder / SOCKET
        if len(os.fsencode(address)) > _LONGEST_PATH:
            raise DeviceError(Fault.PCSCD, f"the path of {folder} is too long for a socket")
        for needed, package in ((PCSCD, "pcscd"), (VPCD, "vsmartcard-vpcd")):
            if not needed.exists():
                raise DeviceError(Fault.PCSCD, f"{needed} is missing: install the package {package}")
        self.version = _version()
        self._log = folder / "rig.log"
        self._asking = threading.Lock()
        # Root may be without the right to unshare (in a container), yet be allowed a user namespace.
        for flags in ("-mn", "-Urmn") if os.geteuid() == 0 else ("-Urmn",):
            self._control, self._inside = self._launch(flags, folder)
            try:
                self._answer()
            except DeviceError as error:
                self.close()
                refused = error
            else:
                os.environ["PCSCLITE_CSOCK_NAME"] = str(address)
                return
        raise refused

    def insert(self, card: VirtualCard) -> None:
        self._ask("insert", card.to_json())

    def remove(self) -> None:
        self._ask("remove")

    def kill_daemon(self) -> None:
        """Kill pcscd as a crash would; it comes back by itself after a short pause, as under systemd."""
        self._ask("kill")

    def stop_daemon(self) -> None:
        """Stop pcscd until ``start_daemon``."""
        self._ask("stop")

    def start_daemon(self) -> None:
        """Start pcscd again and wait until its reader is there; nothing happens where it runs."""
        self._ask("start")

    def close(self) -> None:
        # The inside ends with this connection, and the kernel takes pcscd down with the inside.
        self._control.close()
        try:
            self._inside.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._inside.kill()
            self._inside.wait(_END_SECONDS)

    def _launch(self, flags: str, folder: Path) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        program = [sys.executable, "-P", "-m", "drivers.rig_inside", str(folder.resolve())]
        ours, theirs = socket.socketpair()
        ours.settimeout(_ANSWER_SECONDS)
        try:
            with theirs, self._log.open("wb") as log:
                inside = subprocess.Popen(
                    ["unshare", flags, "--", *program],
                    stdin=theirs.fileno(),
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is for the parent, which then takes the rig down in order
                )
        except OSError as error:
            ours.close()
            raise DeviceError(Fault.PCSCD, f"the rig cannot be started: {error}") from error
        return ours, inside

    def _ask(self, do: str, card: str = "") -> None:
        with self._asking:
            try:
                self._control.sendall(json.dumps({"do": do, "card": card}).encode() + b"\n")
            except OSError as error:
                raise DeviceError(Fault.PCSCD, f"the rig has ended: {error}") from error
            self._answer()

    def _answer(self) -> None:
        """Wait for one line of the inside: empty is done, else the reason why not."""
        line = b""
        with contextlib.suppress(OSError):
            while not line.endswith(b"\n") and (piece := self._control.recv(4096)):
                line += piece
        if not line.endswith(b"\n"):
            last = self._log.read_text(errors="replace").strip().splitlines()[-1:]
            raise DeviceError(Fault.PCSCD, "the rig does not answer" + "".join(f": {text}" for text in last))
        if reason := line.decode().strip():
            raise DeviceError(Fault.PCSCD, reason)


def _version() -> str:
    try:
        shown = subprocess.run([PCSCD, "--version"], capture_output=True, text=True, timeout=_END_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise DeviceError(Fault.PCSCD, f"pcscd cannot be run: {error}") from error
    return shown.stdout.partition("\n")[0].rstrip(".")
