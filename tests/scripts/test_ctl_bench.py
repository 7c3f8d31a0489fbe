"""kioskctl bench tap answers with the promised names, whatever the figures are."""

import json
import os
import subprocess
import sys

import pytest

NAMES = {
    "last_byte_to_verdict_p50_ms",
    "last_byte_to_verdict_p95_ms",
    "key_derivation_p50_ms",
    "card_p50_ms",
    "lookup_p50_ms",
    "decide_p50_ms",
    "journal_p50_ms",
    "paint_p50_ms",
}


@pytest.mark.timeout(200)
def test_a_short_bench_names_its_figures() -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "scripts.ctl", "bench", "tap", "--count", "5", "--json"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    [line] = ended.stdout.splitlines()
    figures = json.loads(line)["figures"]
    assert set(figures) >= NAMES
    assert figures["taps_count"] == 5
    assert figures["last_byte_to_verdict_p50_ms"] <= figures["last_byte_to_verdict_p95_ms"]
