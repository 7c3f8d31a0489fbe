"""The inside of drivers.rig: runs in namespaces of its own, started by unshare(1) as a program.

Standard input is a socket: one JSON command a line, answered with one line, empty or the reason why not. When the
other end goes, for whatever reason, everything here ends.
"""

import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from drivers.virtualcard import VirtualCard

PCSCD = Path("/usr/sbin/pcscd")
VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SOCKET = Path("run/pcscd.comm")

_DROP_FOLDER = Path("/usr/lib/pcsc/drivers")
_RUN = Path("/run")
_IPC = Path("/run/pcscd")  # compiled into pcscd; here it is the rig's folder
_CONFIG = _IPC / "readers"
_FIRST_PORT = 0x8C7B
_SLOTS = 2  # vpcd opens this many, on ports next to each other
_READY_SECONDS = 5
_RESTART_SECONDS = 0.5
_TICK_SECONDS = 0.05
# pcscd looks at this reader every 400 ms; a card away for less than that would not be seen to have left.
_AWAY_SECONDS = 0.5
_MS_BIND = 4096
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


class Daemon:
    """pcscd and its restarts."""

    def __init__(self) -> None:
        _CONFIG.mkdir(exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._fell_at: float | None = None
        self.port = _FIRST_PORT

    def start(self) -> None:
        """Start pcscd unless it runs; OSError when its reader is not there in time."""
        self._wanted = True
        if self._runs():
            return
        # A port of a daemon that was killed is not free at once.
        self.port += _SLOTS
        # Every file in this folder is read as a configuration.
        (_CONFIG / "vpcd").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{self.port:#x}\n'
            f"LIBPATH {_DROP_FOLDER / VPCD.name}\nCHANNELID {self.port:#x}\n"
        )
        # pcscd refuses to start where it finds the traces of one that was killed.
        for trace in ("pcscd.comm", "pcscd.pid"):
            (_IPC / trace).unlink(missing_ok=True)
        # The kernel takes pcscd down when this process dies, however it dies.
        command = ["setpriv", "--pdeathsig", "KILL", "--", str(PCSCD), "--foreground"]
        self._process = subprocess.Popen([*command, "--config", _CONFIG], stdin=subprocess.DEVNULL)
        self._fell_at = None
        deadline = time.monotonic() + _READY_SECONDS
        # With a port in use pcscd runs on without the reader, so its socket alone proves nothing.
        while not ((_IPC / "pcscd.comm").exists() and _listening(self.port)):
            if time.monotonic() > deadline or not self._runs():
                self.kill()
                raise OSError("pcscd or its virtual reader does not come up")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop pcscd until ``start``."""
        self._wanted = False
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kill pcscd; ``keep_up`` brings it back."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(1)

    def keep_up(self) -> None:
        """Restart a pcscd that fell, after a pause; to be called every now and then."""
        if not self._wanted or self._runs():
            return
        now = time.monotonic()
        self._fell_at = self._fell_at or now
        if now - self._fell_at >= _RESTART_SECONDS:
            self.start()

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None


class LyingCard:
    """A card on the virtual reader, as vpcd's protocol has it: connected is inserted, closed is removed.

    Frames both ways are a two-byte big-endian length and the payload; payloads of one byte are control codes.
    """

    _POWER_OFF, _POWER_ON, _RESET, _GET_ATR = 0, 1, 2, 4

    def __init__(self, card: VirtualCard, daemon: Daemon, not_before: float) -> None:
        self._card = card
        self._daemon = daemon
        self._not_before = not_before
        self.left_at = not_before
        self._answered = 0
        self._gone = threading.Event()
        self._connecting = threading.Lock()
        self._link: socket.socket | None = None
        self._thread = threading.Thread(target=self._lie, name="virtual card", daemon=True)
        self._thread.start()

    def remove(self) -> None:
        self._gone.set()
        with self._connecting, suppress(OSError):
            if self._link is not None:
                self._link.shutdown(socket.SHUT_RDWR)
        self._thread.join(1)

    def _lie(self) -> None:
        self._gone.wait(max(0.0, self._not_before - time.monotonic()))
        # A card goes on lying there while the daemon is away, and is felt again when it is back.
        while not self._gone.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._daemon.port), timeout=1) as link:
                link.settimeout(None)
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._connecting:
                    self._link = link
                if not self._gone.is_set():
                    self._serve(link)
            self.left_at = time.monotonic()
            self._gone.wait(0.02)

    def _serve(self, link: socket.socket) -> None:
        while head := _receive(link, 2):
            message = _receive(link, int.from_bytes(head, "big"))
            if message == bytes([self._GET_ATR]):
                answer = self._card.atr
            elif message in (bytes([self._POWER_OFF]), bytes([self._POWER_ON]), bytes([self._RESET])):
                continue
            elif self._answered == self._card.leave_after:
                self._gone.set()
                return
            else:
                self._answered += 1
                answer = self._card.answer(message)
            link.sendall(len(answer).to_bytes(2, "big") + answer)


def _receive(link: socket.socket, length: int) -> bytes:
    """So many bytes; b"" when the other side is gone."""
    received = b""
    while len(received) < length:
        # Debian 12's vpcd sends length and payload apart, and the delayed acknowledgement of the first costs 40 ms
        # a command. The option is not sticky. https://github.com/frankmorgner/vsmartcard commit 76e2679
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = link.recv(length - len(received))
        if not piece:
            return b""
        received += piece
    return received


def _listening(port: int) -> bool:
    """True when all slots listen. Asked of the kernel: to connect would be to insert a card."""
    lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    listening = {int(fields[1].partition(":")[2], 16) for fields in map(str.split, lines) if fields[3] == "0A"}
    return set(range(port, port + _SLOTS)) <= listening


def _mount(source: str, target: Path, kind: str, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), str(target).encode(), kind.encode(), ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mounting {target}: {os.strerror(number)}")


def _furnish(folder: Path) -> None:
    """Mounts and network of the namespaces; nothing of it is seen outside."""
    ipc = folder / SOCKET.parent
    ipc.mkdir(exist_ok=True)
    # Held open, because the folder may itself lie below /run and be hidden by the next mount.
    held = os.open(ipc, os.O_RDONLY | os.O_DIRECTORY)
    if not _IPC.is_dir():
        _mount("tmpfs", _RUN, "tmpfs", 0)
        _IPC.mkdir()
    _mount(f"/proc/self/fd/{held}", _IPC, "none", _MS_BIND)
    os.close(held)
    # Without a bundle in its drop folder pcscd leaves USB alone: those readers belong to the system's pcscd.
    _mount(str(VPCD.parent), _DROP_FOLDER, "none", _MS_BIND)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14s", b"lo", _IFF_UP, b""))


def _obey(control: socket.socket, daemon: Daemon) -> None:
    lying: LyingCard | None = None
    free_at = 0.0
    with control.makefile("rb") as lines:
        while True:
            ready, _, _ = select.select([control], [], [], _TICK_SECONDS)
            with suppress(OSError):  # said by pcscd in the log, and tried again
                daemon.keep_up()
            if not ready:
                continue
            line = lines.readline()
            if not line:
                return
            order, reason = json.loads(line), ""
            if order["do"] in ("insert", "remove") and lying is not None:
                lying.remove()
                free_at = lying.left_at + _AWAY_SECONDS
                lying = None
            try:
                match order["do"]:
                    case "insert":
                        lying = LyingCard(VirtualCard.from_json(order["card"]), daemon, free_at)
                    case "kill":
                        daemon.kill()
                    case "stop":
                        daemon.stop()
                    case "start":
                        daemon.start()
                        free_at = 0.0
            except OSError as error:
                reason = str(error)
            control.sendall(reason.encode() + b"\n")


def main() -> None:
    """Furnish the namespaces, start pcscd, obey until the other end is gone."""
    control = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    try:
        _furnish(Path(sys.argv[1]))
        daemon = Daemon()
        daemon.start()
    except OSError as error:
        control.sendall(f"{error}\n".encode())
        return
    try:
        control.sendall(b"\n")
        with suppress(ConnectionError):
            _obey(control, daemon)
    finally:
        daemon.stop()


if __name__ == "__main__":
    main()
