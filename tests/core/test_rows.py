"""Every row of the rules has a test that bears its name, so that none is forgotten."""

import ast
import re
from pathlib import Path

from kiosk.core.reasons import Reason

ROW = re.compile(r"(?<=_)[A-Z]\d+[a-z]?(?=_)")
# Rows that concern the kiosk and no line of a visit: nothing in the journal bears their name.
WITHOUT_A_REASON = {"A5", "A6", "A7", "A8"}
ROWS = {reason.value for reason in Reason} | WITHOUT_A_REASON


def rows_with_a_test() -> set[str]:
    names = [
        node.name
        for path in Path(__file__).parents[1].rglob("test_rules_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    return {row for name in names for row in ROW.findall(name)}


def test_every_row_of_the_rules_has_a_test_of_its_name() -> None:
    assert ROWS - rows_with_a_test() == set()


def test_no_test_is_named_after_a_row_that_does_not_exist() -> None:
    assert rows_with_a_test() - ROWS == set()
