"""kioskctl office synth writes a feed whose people with numbers are found by them."""

import csv
import json
from pathlib import Path

from typer.testing import CliRunner

from kiosk.core.idnumber import parse_number
from kiosk.table.chain import slow_key
from scripts.ctl.office import app


def test_a_feed_with_people_who_have_numbers(tmp_path: Path) -> None:
    out = tmp_path / "feed.csv"
    asked = ["synth", "--people", "50", "--derived", "2", "--out", str(out), "--json"]
    ended = CliRunner().invoke(app, asked)
    assert ended.exit_code == 0, ended.output
    facts = json.loads(ended.stdout)
    assert facts["people"] == 50
    with out.open(encoding="utf-8", newline="") as file:
        keys = [row["key"] for row in csv.DictReader(file)]
    known = [slow_key(parse_number(number), bytes.fromhex(facts["salt"])).hex() for number in facts["numbers"]]
    assert keys[:2] == known
    assert len(set(keys)) == 50

    assert CliRunner().invoke(app, [*asked, "--changed"]).exit_code == 0
    with out.open(encoding="utf-8", newline="") as file:
        assert [row["key"] for row in csv.DictReader(file)][:50] == keys
