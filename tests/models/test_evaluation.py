"""Error rates of score sets small enough to count by hand."""

import numpy as np
import pytest

from models.evaluation import NO_FACE, Comparisons, best_of, chance_of, estimate, share

# Attempts of person 0 and of person 1 (twice, the second without a face), against the references of 0, 1 and 2.
SCORES = np.array([[0.9, 0.2, 0.4], [0.3, 0.5, 0.4], [NO_FACE, NO_FACE, NO_FACE]])
VISITORS = np.array([0, 1, 1])


@pytest.fixture
def three() -> Comparisons:
    return Comparisons(SCORES, VISITORS)


def test_every_attempt_meets_every_reference(three: Comparisons) -> None:
    assert (three.people, three.genuine, three.impostor) == (3, 3, 6)


def test_a_score_matches_where_it_reaches_the_threshold(three: Comparisons) -> None:
    rates = three.rates()
    assert [rates.fmr(threshold) for threshold in (0.41, 0.4, 0.3, 0.2)] == pytest.approx([0, 2 / 6, 3 / 6, 4 / 6])
    assert [rates.fnmr(threshold) for threshold in (0.91, 0.9, 0.5)] == pytest.approx([1, 2 / 3, 1 / 3])


def test_a_failure_to_acquire_matches_at_no_threshold(three: Comparisons) -> None:
    rates = three.rates()
    assert rates.fnmr(-1e9) == pytest.approx(1 / 3)
    assert rates.fmr(-1e9) == pytest.approx(4 / 6)
    # Not even where the false match rate would allow all six.
    assert rates.tar_at(0.99) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("fmr", "just_above"),
    [
        (1e-5, 0.4),  # less than one comparison
        (1 / 6, 0.4),  # one would be allowed, but two share the score
        (2 / 6, 0.3),
        (0.49, 0.3),
        (3 / 6, 0.2),
    ],
)
def test_the_threshold_of_a_false_match_rate_keeps_it_over_ties(
    three: Comparisons, fmr: float, just_above: float
) -> None:
    rates = three.rates()
    threshold = rates.threshold_at(fmr)
    assert just_above < threshold < just_above + 1e-6
    assert rates.fmr(threshold) <= fmr
    assert rates.fmr(just_above) > fmr


def test_true_accepts_at_a_false_match_rate() -> None:
    # One genuine score is beaten by two impostors, the other shares its score with one.
    rates = Comparisons(np.array([[0.5, 0.6, 0.7], [0.4, 0.4, 0.1]]), np.array([0, 1])).rates()
    assert [rates.tar_at(fmr) for fmr in (0.24, 0.49, 0.5, 0.74, 0.75)] == [0, 0, 0.5, 0.5, 1]


def test_a_rate_that_binary_fractions_miss_is_not_short_of_one_comparison() -> None:
    scores = np.arange(101.0)[None, :]  # 100 impostors; 0.29 * 100 is a little less than 29
    rates = Comparisons(scores, np.array([0])).rates()
    assert rates.fmr(rates.threshold_at(0.29)) == pytest.approx(0.29)


def test_a_person_drawn_twice_counts_twice_but_never_as_an_impostor_of_itself(three: Comparisons) -> None:
    rates = three.rates(np.array([2.0, 1.0, 0.0]))
    assert rates.tar(0.6) == pytest.approx(2 / 4)
    # 0.2 (0 as 1), 0.3 (1 as 0) and a failure, twice each; whoever is not drawn is nobody's impostor.
    assert [rates.fmr(threshold) for threshold in (0.4, 0.3, 0.2)] == pytest.approx([0, 2 / 6, 4 / 6])


def test_intervals_are_over_people_not_over_pairs() -> None:
    # Thirty failures of one person. In a draw without it everybody matches; in a draw of pairs that cannot happen.
    people, failing = 10, 30
    visitors = np.array([0] * failing + list(range(1, people)))
    scores = np.zeros((len(visitors), people))
    scores[np.arange(len(visitors)), visitors] = np.where(visitors == 0, -1.0, 1.0)
    [tar] = estimate(Comparisons(scores, visitors), [lambda rates: rates.tar(0.5)])
    assert tar.value == pytest.approx(9 / 39)
    assert tar.high == 1.0
    assert tar.low < 0.15


def test_intervals_are_the_same_every_time_and_hold_the_value(three: Comparisons) -> None:
    statistics = [lambda rates: rates.fmr(0.4), lambda rates: rates.tar_at(0.5)]
    first = estimate(three, statistics)
    assert first == estimate(three, statistics)
    assert all(figure.low <= figure.value <= figure.high for figure in first)


def test_a_visit_is_the_best_of_its_looks() -> None:
    scores = np.array([[0.1, 0.3], [0.2, 0.1], [NO_FACE, NO_FACE], [0.9, 0.9], [0.8, 0.8]])
    visits, people = best_of(scores, np.array([0, 0, 0, 1, 1]), 3)
    assert people.tolist() == [0]
    assert visits.tolist() == [[0.2, 0.3]]


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (5, 10, 0.2366, 0.7634), (1, 400, 4.4e-4, 0.01404)],
)
def test_the_interval_of_a_share_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    figure = share(hits, of)
    assert figure.value == hits / of
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("hits", "of", "rate", "chance"),
    [
        (0, 380, 1e-3, 1),
        (1, 1, 0.3, 0.3),
        (2, 3, 0.5, 0.5),
        (3, 380, 1e-3, 0.0069),
        (2, 380, 1e-3, 0.0562),
        (380, 380, 0.5, 0),
    ],
)
def test_the_chance_of_so_many_is_exact(hits: int, of: int, rate: float, chance: float) -> None:
    assert chance_of(hits, of, rate) == pytest.approx(chance, abs=1e-4)
