"""The frozen vectors of kiosk/table/vectors, as rows."""

from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import numpy as np

from kiosk.core.status import Colour, ListKind, TestKind, TestResult
from kiosk.store import LayerKind
from scripts.office.facts import NO_DAY, Dictionaries, Facts, HeldRows, LayerHead, Ragged


def head_of(vector: dict[str, Any]) -> LayerHead:
    head = vector["head"]
    return LayerHead(
        LayerKind(head["kind"]),
        head["serial"],
        datetime.fromtimestamp(head["as_of"], UTC),
        datetime.fromtimestamp(head["built_at"], UTC),
        bytes.fromhex(head["salt"]),
        frozenset(head["scope"]),
        frozenset(head["issuers"]),
        head["demo"],
        bytes.fromhex(head["base_id"]),
    )


def rows_of(vector: dict[str, Any]) -> HeldRows:
    rows, words = vector["rows"], vector["dictionaries"]

    def column(name: str, none: int, kind: type) -> Any:
        return np.array([none if row[name] is None else row[name] for row in rows], kind)

    def pair(name: str, place: int, none: int, kind: type) -> Any:
        return np.array([row[name][place] if row[name] else none for row in rows], kind)

    def ragged(cells: list[list[list[int]]], second: type) -> Ragged:
        entries = np.array([entry for cell in cells for entry in cell], np.int64).reshape(-1, 2)
        offsets = np.array([0, *accumulate(map(len, cells))], np.int64)
        return Ragged(offsets, (entries[:, 0].astype(np.int32), entries[:, 1].astype(second)))

    first = [(row["codes"] or [[-1, 0]])[0] for row in rows]
    facts = Facts(
        statement=np.array([code[0] for code in first], np.int32),
        since=np.array([code[1] for code in first], np.int64),
        test=pair("test", 0, -1, np.int32),
        test_hour=pair("test", 1, 0, np.int32),
        doses=column("doses", -1, np.int8),
        dose_month=column("dose_month", -1, np.int16),
        itinerary_day=column("itinerary_day", NO_DAY, np.int32),
        stays=ragged([row["stays"] for row in rows], np.int32),
        more_statements=ragged([row["codes"][1:] for row in rows], np.int64),
        lists=ragged([row["lists"] for row in rows], np.int64),
        removed=column("removed", 0, np.bool_),
    )
    keys = np.frombuffer(bytes.fromhex("".join(row["key"] for row in rows)), np.uint8).reshape(-1, 32)
    return HeldRows(
        keys,
        facts,
        Dictionaries(
            tuple((Colour(colour), reason, issuer, since) for colour, reason, issuer, since in words["statements"]),
            tuple((TestKind(kind), TestResult(result), issuer) for kind, result, issuer in words["tests"]),
            tuple((place, area) for place, area in words["places"]),
            tuple((ListKind(kind), title, issuer) for kind, title, issuer in words["lists"]),
        ),
    )
