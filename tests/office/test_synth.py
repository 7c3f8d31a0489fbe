"""The synthetic province is the same every time, looks as promised, and its entropy is what its samples say."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from kiosk.core.idnumber import parse_number
from kiosk.core.status import Colour
from kiosk.store import LayerKind
from kiosk.table.chain import Pepper, slow_key
from kiosk.table.layer import open_layer
from scripts.office import synth
from scripts.office.delta import Delta, compare_rows
from scripts.office.encode import encode_layer
from scripts.office.facts import KEY_BYTES, NO_DAY, Column, Facts, LayerHead, Rows
from scripts.office.nextday import LATER, changed
from scripts.office.rows import read_rows
from scripts.office.spell import write_feed
from scripts.office.synth import BATCH, DAY, DICTIONARIES, HOUR, Province, entropy_bits, invented_number

NOBODY = np.empty((0, KEY_BYTES), np.uint8)


def _all_bytes(rows: Rows) -> Iterator[bytes]:
    for keys, facts in rows.batches():
        yield keys.tobytes()
        for column in (facts.statement, facts.since, facts.test, facts.test_hour, facts.doses, facts.dose_month):
            yield column.tobytes()
        yield facts.itinerary_day.tobytes()
        for ragged in (facts.stays, facts.more_statements, facts.lists):
            yield ragged.offsets.tobytes()
            yield from (column.tobytes() for column in ragged.columns)


@pytest.fixture(scope="module")
def sample() -> Facts:
    [(_, facts)] = Province(BATCH, NOBODY).batches()
    return facts


def _entropy(*columns: Column) -> float:
    _, counts = np.unique(np.stack([column.astype(np.int64) for column in columns]), axis=1, return_counts=True)
    shares = counts / counts.sum()
    return float(-np.sum(shares * np.log2(shares)))


def test_every_pass_and_every_size_is_the_same() -> None:
    rows = Province(BATCH + 5000, NOBODY)
    assert list(_all_bytes(rows)) == list(_all_bytes(rows))
    assert [len(facts) for _, facts in rows.batches()] == [BATCH, 5000]
    first, second = rows.batches()
    assert first[0][:5000].tobytes() != second[0].tobytes()
    assert list(_all_bytes(Province(1000, NOBODY, seed=7))) != list(_all_bytes(Province(1000, NOBODY)))
    assert not list(Province(0, NOBODY).batches())


def test_keys_are_all_different() -> None:
    rows = changed(Province(2 * BATCH, NOBODY))
    keys = np.concatenate([keys for keys, _ in rows.batches()])
    assert len(np.unique(keys.view(np.uint64)[:, 0])) == len(keys) == rows.people


def test_the_skew_is_the_promised_one(sample: Facts) -> None:
    people = len(sample)
    colours = np.array([list(Colour).index(colour) for colour, *_ in DICTIONARIES.statements])
    coded = sample.statement >= 0
    green = colours[sample.statement[coded]] == 0
    assert np.sum(green) / people == pytest.approx(0.989, abs=2e-3)
    stays = np.diff(sample.stays.offsets)
    assert np.mean(stays[sample.itinerary_day != NO_DAY] == 1) == pytest.approx(0.82, abs=6e-3)
    assert stays.max() <= 5
    ages = HOUR - sample.test_hour[sample.test >= 0]
    assert ages.min() >= 0
    assert ages.max() <= 336
    assert np.median(ages) < 30
    assert np.mean(sample.since[coded][green] != DICTIONARIES.statements[0][3]) == pytest.approx(0.03, abs=3e-3)
    assert set(np.unique(sample.doses)) == {-1, 0, 1, 2, 3}
    assert np.all((sample.dose_month >= 0) == (sample.doses > 0))
    assert np.mean(sample.test < 0) == pytest.approx(0.012, abs=2e-3)
    for rare in (sample.more_statements, sample.lists):
        assert 0 < np.mean(np.diff(rare.offsets)) < 0.01
    areas = np.array([bool(area) for _, area in DICTIONARIES.places])
    assert 0 < np.mean(areas[sample.stays.columns[0]]) < 0.01


def test_codes_have_a_reason_and_two_authorities_differ(sample: Facts) -> None:
    assert all(reason and issuer for _, reason, issuer, _ in DICTIONARIES.statements)
    who = np.repeat(np.arange(len(sample)), np.diff(sample.more_statements.offsets))
    issuers = [issuer for _, _, issuer, _ in DICTIONARIES.statements]
    for person, second in zip(who, sample.more_statements.columns[0], strict=True):
        assert issuers[sample.statement[person]] != issuers[second]


def test_nobody_is_in_one_place_twice(sample: Facts) -> None:
    places, days = sample.stays.columns
    who = np.repeat(np.arange(len(sample)), np.diff(sample.stays.offsets))
    assert len(np.unique(np.stack([who, places]), axis=1)[0]) == len(who)
    homes = sample.stays.offsets[:-1][sample.itinerary_day != NO_DAY]
    assert np.array_equal(days[homes], sample.itinerary_day[sample.itinerary_day != NO_DAY])
    assert np.all(places[homes] < 21)
    assert np.all((days <= DAY) & (days > DAY - 20))


def test_entropy_is_that_of_the_samples(sample: Facts) -> None:
    people = len(sample)
    home_at = sample.stays.offsets[:-1]
    with_places = sample.itinerary_day != NO_DAY
    home = sample.stays.columns[0][home_at[with_places]]
    stays, lists, more = (np.diff(each.offsets) for each in (sample.stays, sample.lists, sample.more_statements))
    who = np.repeat(np.arange(people), stays)
    in_area = np.array([bool(area) for _, area in DICTIONARIES.places])[sample.stays.columns[0]]
    areas = np.bincount(who[in_area], minlength=people)
    trips = np.maximum(stays - areas - 1, 0)
    coded = sample.statement > 0
    local = sample.statement > 7  # of the first, that of the province, there are seven
    reason = np.where(coded, (sample.statement - 1) % 7, -1)
    usual = sample.since == DICTIONARIES.statements[0][3]
    kind_of_list = np.full(people, -1)
    kind_of_list[lists > 0] = sample.lists.columns[0]
    # What is out of the ordinary about people, then all else where it is known.
    total = _entropy(
        *(sample.statement >= 0, reason, coded & local, usual | coded),
        *(sample.test, sample.doses < 0, sample.itinerary_day, areas, kind_of_list, more),
    )
    total += np.mean(with_places) * (_entropy(home) + _entropy(trips[with_places]))
    once = np.flatnonzero(trips == 1)
    place = sample.stays.columns[0][home_at[once] + 1]
    since = sample.stays.columns[1][home_at[once] + 1] - sample.itinerary_day[once]
    homes = sample.stays.columns[0][home_at[once]]
    total += np.mean(trips) * (_entropy(homes, place) - _entropy(homes) + _entropy(since))
    total += np.mean(sample.test >= 0) * _entropy(sample.test_hour[sample.test >= 0])
    dosed = sample.doses >= 0
    total += np.mean(dosed) * _entropy(sample.doses[dosed], sample.dose_month[dosed])
    for some in ((sample.statement == 0) & ~usual, coded):
        total += np.mean(some) * _entropy(sample.since[some])
    places, days = sample.stays.columns
    # These few hundred people can tell only roughly.
    total += np.mean(areas) * (_entropy(places[in_area]) + _entropy(sample.itinerary_day[who[in_area]] - days[in_area]))
    total += np.mean(lists) * _entropy(sample.lists.columns[1])
    total += np.mean(more) * (2.3 + _entropy(sample.more_statements.columns[1]))
    assert total == pytest.approx(entropy_bits(), abs=0.02)


def test_a_day_later_some_are_tested_again() -> None:
    rows = Province(BATCH + 1000, NOBODY)
    later = changed(rows)
    assert later.people == rows.people + round(rows.people * 0.001)
    different = 0
    for (keys, before), (same_keys, after) in zip(rows.batches(), later.batches(), strict=False):
        assert keys.tobytes() == same_keys.tobytes()
        tested = before.test_hour != after.test_hour
        different += np.sum(tested)
        assert after.test_hour[tested].min() > HOUR
        assert np.array_equal(before.statement[~tested], after.statement[~tested])
        assert np.array_equal(before.stays.offsets, after.stays.offsets)
    assert different / rows.people == pytest.approx(0.02, abs=2e-3)


def test_the_news_are_what_a_comparison_finds() -> None:
    before = Province(5000, NOBODY)
    later = changed(before, share=0.1, new=0.01)
    delta = compare_rows(before, later)
    assert isinstance(delta, Delta)
    news = later.news()
    assert {key.tobytes() for key in delta.rows.keys} == {key.tobytes() for key in news.keys}
    assert (delta.new, delta.removed) == (50, 0)
    assert len(news.facts) == delta.changed + delta.new > 400


def test_a_feed_reads_back_as_the_same_people(tmp_path: Path) -> None:
    rows = changed(Province(2000, NOBODY))
    for path in (tmp_path / "feed.csv", tmp_path / "feed.parquet"):
        assert write_feed(rows, path) == 2002
        intake = read_rows(path, tmp_path / "quarantine.csv", built_at=synth.AS_OF + LATER, salt=synth.SALT)
        assert (intake.read, intake.quarantined) == (2002, 0)
        same = compare_rows(rows, intake.rows)
        assert isinstance(same, Delta)
        assert (same.changed, same.new, same.removed) == (0, 0, 0)


def test_invented_numbers_are_valid_and_different() -> None:
    numbers = {invented_number(place).text for place in range(60_000)}
    assert len(numbers) == 60_000
    assert all(parse_number(number).text.startswith("440199") for number in numbers)


def test_people_with_numbers_are_found_by_number(tmp_path: Path) -> None:
    rows = synth.synthetic_province(3000, derived=8)
    head = LayerHead(LayerKind.BASE, 1, synth.AS_OF, synth.AS_OF, synth.SALT, synth.SCOPE, synth.ISSUERS, demo=True)
    pepper = Pepper(bytes(range(32)))
    layer = open_layer(tmp_path / "base", encode_layer(rows, head, pepper, tmp_path / "base").root, pepper)
    try:
        [(_, facts)] = rows.batches()
        for place in range(8):
            found = layer.find(pepper.blind(slow_key(invented_number(place), synth.SALT)))
            assert found is not None
            assert found.status is not None
            assert found.status.test is not None or facts.test[place] < 0
            if found.status.test is not None:
                assert found.status.test.sampled_at == synth.AS_OF - timedelta(hours=int(HOUR - facts.test_hour[place]))
        assert layer.find(pepper.blind(slow_key(invented_number(8), synth.SALT))) is None
    finally:
        layer.close()
