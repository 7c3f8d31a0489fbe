"""The composition root: what the kiosk does when it cannot start, and when it has a bug."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SETTINGS = """
mode = "demo"
device = "kiosk-1"
venue = "East door"
policy = "{policy}"
journal = "journal.sqlite"
reader = "sim:"
camera = "none:"
models = {{ manifest = "none.toml", folder = "none" }}
supply = {{ store = "store", root = "root.json", district = "44", keys = "file:device.key" }}
window = {{ width = 540, height = 960 }}
sound = {{ output = "silent" }}
clock = {{ starts_at = 2022-04-20T09:00:00+08:00 }}
"""
SAMPLE_POLICY = Path(__file__).parents[2] / "kiosk" / "policies" / "2022-04.toml"


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=100, check=False
    )


MAIN = "from ui.app import main; main()"


def test_wrong_settings_are_refused_with_name_value_and_remedy(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(SETTINGS.format(policy=SAMPLE_POLICY).replace('"sim:"', '"usb:"'))
    ended = run(MAIN, "--settings", str(file))
    assert ended.returncode == 2
    for part in ("reader", "usb:", "pcsc:"):
        assert part in ended.stderr
    assert "Traceback" not in ended.stderr


# The kiosk itself, with a look at what its window is given, and something that happens half a second after it opened.
WATCHED = """
import threading
from PyQt6.QtCore import QTimer
import ui.app as app
import ui.window
def break_painting(window):
    ui.window.paint = lambda *args, **settings: 1 / 0
    window._redraw()
app.SAFE_SCREEN_SECONDS = 1
put, show = app.KioskWindow.put, app.show
def watched_put(window, view):
    print(view.showing.screen.value, view.showing.fault and view.showing.fault.value, flush=True)
    put(window, view)
def watched_show(window, settings):
    show(window, settings)
    QTimer.singleShot(500, lambda: {then})
app.KioskWindow.put, app.show = watched_put, watched_show
app.main()
"""
CLOSED = "window.close()"


def test_an_unusable_policy_shows_out_of_order_and_the_kiosk_stays_up(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(SETTINGS.format(policy="missing.toml"))
    ended = run(WATCHED.format(then=CLOSED), "--settings", str(file))
    assert "out_of_order policy" in ended.stdout
    assert "missing.toml" in ended.stderr
    assert ended.returncode == 0


def test_without_a_table_the_kiosk_is_out_of_order_and_stays_up(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(SETTINGS.format(policy=SAMPLE_POLICY))
    ended = run(WATCHED.format(then=CLOSED), "--settings", str(file))
    assert "out_of_order table_missing" in ended.stdout
    assert ended.returncode == 0


def test_a_crash_would_leave_no_core_file_with_faces_in_it(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(SETTINGS.format(policy=SAMPLE_POLICY))
    look = "(print(open('/proc/self/limits').read(), flush=True), window.close())"
    ended = run(WATCHED.format(then=look), "--settings", str(file))
    [limit] = [line for line in ended.stdout.splitlines() if line.startswith("Max core file size")]
    assert limit.split()[4:6] == ["0", "0"]


def test_without_a_chinese_font_the_kiosk_is_out_of_order_and_stays_up(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(SETTINGS.format(policy=SAMPLE_POLICY))
    fonts = tmp_path / "fonts.conf"
    fonts.write_text("<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig></fontconfig>")
    ended = run(WATCHED.format(then=CLOSED), "--settings", str(file), FONTCONFIG_FILE=str(fonts))
    assert "out_of_order font" in ended.stdout
    assert "fonts-noto-cjk" in ended.stderr
    assert ended.returncode == 0


@pytest.mark.parametrize(
    "bug",
    [
        "threading.Thread(target=lambda: 1 / 0).start()",
        "1 / 0",
        "break_painting(window)",
    ],
)
def test_a_bug_in_any_thread_shows_the_safe_screen_and_ends_with_a_code_of_its_own(tmp_path: Path, bug: str) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(SETTINGS.format(policy=SAMPLE_POLICY))
    ended = run(WATCHED.format(then=bug), "--settings", str(file))
    assert ended.returncode == 70
    assert "ZeroDivisionError" in ended.stderr
    assert "out_of_order None" in ended.stdout
