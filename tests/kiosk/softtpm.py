"""A software TPM that systemd-creds takes for the machine's own, and a host key that is not the machine's."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

SECONDS = 30.0
_SECURE_BOOT = "7"


class SoftTpm:
    """One swtpm process. Its folder is the chip: started on it again, the chip has been through a restart."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)

    def start(self, measured: str = "1") -> None:
        """Power on; ``measured`` is what the firmware found of Secure Boot."""
        self.stop()
        port = _two_ports()
        self._process = subprocess.Popen(
            [
                "swtpm",
                "socket",
                "--tpm2",
                f"--tpmstate=dir={self._folder}",
                f"--server=type=tcp,port={port},bindaddr=127.0.0.1",
                f"--ctrl=type=tcp,port={port + 1},bindaddr=127.0.0.1",
                "--flags=not-need-init,startup-clear",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        device = f"swtpm:host=127.0.0.1,port={port}"
        self._monkeypatch.setenv("SYSTEMD_TPM2_DEVICE", device)
        self._monkeypatch.setenv("TPM2TOOLS_TCTI", device)
        deadline = time.monotonic() + SECONDS
        while subprocess.run(
            ["tpm2_pcrextend", f"{_SECURE_BOOT}:sha256={measured.zfill(64)}"],
            capture_output=True,
            timeout=SECONDS,
            check=False,
        ).returncode:
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.stop()
                pytest.skip("swtpm does not start here")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=SECONDS)
            self._process = None


def use_own_host_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the host key in ``folder``; skip the test where systemd-creds cannot be used."""
    if shutil.which("systemd-creds") is None:
        pytest.skip("systemd-creds is not installed")
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(folder / "credential.secret"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    command = ["systemd-creds", "encrypt", "--with-key=host", "--name=probe", "-", "-"]
    done = subprocess.run(command, input=b"probe", capture_output=True, timeout=SECONDS, check=False)
    if done.returncode:
        pytest.skip(f"systemd-creds cannot be used here: {done.stderr.decode().strip()}")


def flush_after_each_use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what the kernel does for who opens /dev/tpmrm0: free what a process left behind in the TPM."""
    real = shutil.which("systemd-creds")
    script = folder / "systemd-creds"
    script.write_text(f'#!/bin/sh\n{real} "$@"\nended=$?\ntpm2_flushcontext -l\ntpm2_flushcontext -t\nexit $ended\n')
    script.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def _two_ports() -> int:
    """A free port after which the next one is free too: swtpm's clients take it for granted."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    pytest.skip("no two free ports")
