"""What rows say of one person, in the core's words: what every reader of a layer is compared with."""

from datetime import UTC, date, datetime, timedelta

from kiosk.core.status import CodeStatement, Itinerary, LabTest, ListEntry, PersonStatus, Stay
from scripts.office.facts import NO_DAY, Dictionaries, Facts, Ragged


def person_status(facts: Facts, words: Dictionaries, person: int) -> PersonStatus | None:
    """What a reader should say of one of the people; None for a tombstone."""
    if facts.removed[person]:
        return None

    def entries(all_entries: Ragged) -> list[tuple[int, int]]:
        part = slice(*all_entries.offsets[person : person + 2])
        return list(zip(*(column[part].tolist() for column in all_entries.columns), strict=True))

    told = [(int(facts.statement[person]), int(facts.since[person]))] if facts.statement[person] >= 0 else []
    test, doses, month = int(facts.test[person]), int(facts.doses[person]), int(facts.dose_month[person])
    lab = None
    if test >= 0:
        kind, result, issuer = words.tests[test]
        lab = LabTest(result, _moment(3600 * int(facts.test_hour[person])), issuer, kind)
    day = int(facts.itinerary_day[person])
    stays = tuple(Stay(*words.places[place], _date(last)) for place, last in entries(facts.stays))
    return PersonStatus(
        tuple(
            CodeStatement(*words.statements[index][:3], _moment(since))
            for index, since in [*told, *entries(facts.more_statements)]
        ),
        lab,
        None if doses < 0 else doses,
        None if day == NO_DAY else Itinerary(_date(day), stays),
        tuple(ListEntry(*words.lists[index], _moment(until)) for index, until in entries(facts.lists)),
        None if month < 0 else date(1970 + month // 12, month % 12 + 1, 1),
    )


def _moment(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)
