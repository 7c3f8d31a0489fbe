"""A small table of invented people (county part 99), and the CSV it is built from."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kiosk.core.idnumber import IdNumber, check_character, parse_number
from kiosk.core.status import TableInfo
from kiosk.table.build import build_table
from kiosk.table.feed import PEOPLE_COLUMNS, RISK_COLUMNS
from kiosk.table.keys import make_pepper

AS_OF = datetime(2022, 4, 17, 22, tzinfo=UTC)
BUILT_AT = datetime(2022, 4, 17, 23, tzinfo=UTC)
NOW = datetime(2022, 4, 18, 1, tzinfo=UTC)
SALT = bytes(range(16))

RISKS = [
    {"city": "440100", "area": "Invented Street", "level": "high", "since": "2022-04-09", "until": ""},
    {"city": "310100", "area": "Made-up Road", "level": "medium", "since": "2022-04-01", "until": "2022-04-10"},
]


def number(sequence: int, birth: str = "19520303") -> str:
    first17 = f"440199{birth}{sequence:03}"
    return first17 + check_character(first17)


def known(sequence: int) -> IdNumber:
    return parse_number(number(sequence))


def person(sequence: int, **cells: str) -> dict[str, str]:
    green = {
        "number": number(sequence),
        "codes": "green||health office|2022-03-01T00:00:00+08:00",
        "test_result": "negative",
        "test_at": "2022-04-17T10:30:00+08:00",
        "test_issuer": "laboratory",
        "doses": "2",
        "itinerary_as_of": "2022-04-17",
    }
    return green | cells


PEOPLE = [
    person(11),
    person(
        12, codes="red|close contact|health office|2022-04-16T08:00:00+08:00", stays="440100:Invented Street:2022-04-12"
    ),
    person(
        13,
        codes="green||health office|2022-03-01T00:00:00+08:00; yellow|3天2检|另一办公室|2022-04-15T00:00:00+08:00",
        stays="440100::2022-04-10;USA::2022-04-05",
        lists="admitted|staff|health office|2022-04-18T09:00:00+08:00; blocked|lost card|police|2022-04-30T00:00:00Z",
    ),
    person(14, codes="", test_result="", test_at="", test_issuer="", doses="", itinerary_as_of=""),
]


def write_csv(path: Path, columns: list[str], rows: list[dict[str, str]]) -> Path:
    lines = [",".join(columns), *(",".join(row.get(column, "") for column in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@dataclass(frozen=True)
class Files:
    """A folder with what a table is made of; ``build`` writes ``table``."""

    folder: Path

    @property
    def table(self) -> Path:
        return self.folder / "table.sqlite"

    @property
    def pepper(self) -> Path:
        return self.folder / "pepper"

    def build(
        self,
        people: list[dict[str, str]] = PEOPLE,
        *,
        risks: list[dict[str, str]] = RISKS,
        demo: bool = True,
        serial: int = 7,
        salt: bytes | None = SALT,
        scope: frozenset[str] = frozenset({"44"}),
        as_of: datetime = AS_OF,
    ) -> TableInfo:
        if not self.pepper.exists():
            make_pepper(self.pepper)
        return build_table(
            write_csv(self.folder / "people.csv", PEOPLE_COLUMNS, people),
            write_csv(self.folder / "risks.csv", RISK_COLUMNS, risks),
            self.table,
            self.pepper,
            as_of=as_of,
            built_at=BUILT_AT,
            serial=serial,
            scope=scope,
            issuers=frozenset({"health office", "police"}),
            demo=demo,
            salt=salt,
        )
