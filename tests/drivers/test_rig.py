import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import drivers.rig
from drivers.rig import PrivateRig
from kiosk.core.errors import DeviceError
from tests.rigs import PATIENCE

# Starts a rig of its own, reads a card over it, says so and waits to be ended.
USE_A_RIG = """
import sys, tempfile
from pathlib import Path
from drivers.pcsc import PcscReader
from drivers.rig import PrivateRig
from drivers.virtualcard import bare_id_card
from tests.rigs import Events, RealClock
from kiosk.core.ports import CardRead

folder = Path(tempfile.mkdtemp(prefix="rig"))
rig = PrivateRig(folder)
events = Events()
reader = PcscReader("", RealClock())
reader.start(events)
rig.insert(bare_id_card())
events.until(CardRead)
print(folder, flush=True)
sys.stdin.read()
reader.close()
rig.close()
"""


def use_a_rig(user: str | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-B", "-c", USE_A_RIG],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        user=user,
        extra_groups=[] if user else None,
    )


def daemon_of(program: subprocess.Popen[str]) -> int:
    assert program.stdout is not None
    folder = Path(program.stdout.readline().strip())
    return int((folder / "run/pcscd.pid").read_bytes().strip(b"\n\0"))


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "pcscd outlived its rig"
        time.sleep(0.02)


def test_a_second_rig_beside_it_works_and_ends_with_its_program(bare_rig: PrivateRig) -> None:
    with use_a_rig() as program:
        pid = daemon_of(program)
        assert b"pcscd" in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert program.returncode == 0
    wait_until_gone(pid)


def test_no_pcscd_outlives_a_program_that_is_killed(bare_rig: PrivateRig) -> None:
    with use_a_rig() as program:
        pid = daemon_of(program)
        program.kill()
    wait_until_gone(pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="this run is a plain user's already")
def test_a_plain_user_can_have_a_rig(bare_rig: PrivateRig) -> None:
    # Whether a plain user may is a setting of the machine, asked with the same tool.
    if subprocess.run(["unshare", "-Urmn", "true"], user="nobody", extra_groups=[], check=False).returncode:
        pytest.skip("this machine allows no user namespaces to plain users")
    if not os.access(__file__, os.R_OK, effective_ids=False) or not _readable_for_others(Path(sys.executable)):
        pytest.skip("the checkout is not readable for another user")
    with use_a_rig("nobody") as program:
        pid = daemon_of(program)
        assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert program.returncode == 0
    wait_until_gone(pid)


def _readable_for_others(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (*path.parents, Path(__file__).parent))


def test_the_version_is_pcscds_own(bare_rig: PrivateRig) -> None:
    assert bare_rig.version.startswith("pcsc-lite version ")


def test_without_namespaces_the_reason_is_given_and_the_process_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_rig: PrivateRig
) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    address = os.environ["PCSCLITE_CSOCK_NAME"]
    with pytest.raises(DeviceError, match="Operation not permitted"):
        PrivateRig(tmp_path)
    refusing.unlink()
    with pytest.raises(DeviceError, match="unshare"):
        PrivateRig(tmp_path)
    assert os.environ["PCSCLITE_CSOCK_NAME"] == address


def test_missing_parts_are_named_with_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers.rig, "VPCD", tmp_path / "libifdvpcd.so")
    with pytest.raises(DeviceError, match=r"pcscd|install the package vsmartcard-vpcd"):
        PrivateRig(tmp_path)
    monkeypatch.setattr(drivers.rig, "PCSCD", tmp_path / "pcscd")
    with pytest.raises(DeviceError, match="install the package pcscd"):
        PrivateRig(tmp_path)


def test_a_folder_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="too long"):
        PrivateRig(tmp_path / ("x" * 100))
