"""How well people are told apart, from scores alone, in the terms of ISO/IEC 19795-1.

A comparison whose picture gave no face has the score minus infinity and so matches at no threshold. FMR and FNMR thus
include failures to acquire; the standard calls rates that do so FAR and FRR.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_FACE = -np.inf
ROUNDS = 400
_SEED = 19795
_INTERVAL = (2.5, 97.5)  # per cent
_Z = 1.959964  # the normal quantile of the same interval
_TINY = 1e-9  # 0.01 * 300 is a little more than 3

Numbers = NDArray[np.float64]
People = NDArray[np.intp]


class _Side:
    """Genuine or impostor comparisons, the highest score first."""

    def __init__(self, scores: Numbers, visitors: People, owners: People) -> None:
        order = np.argsort(-scores, kind="stable")
        self.falling = -scores[order]
        self.visitors, self.owners = visitors[order], owners[order]


class Comparisons:
    """Attempts against references, each by the number of its person, 0..people - 1.

    scores: (attempts, people), column i is the reference of person i; visitors: (attempts,).
    """

    def __init__(self, scores: Numbers, visitors: People) -> None:
        attempts, self.people = scores.shape
        rows = np.repeat(visitors, self.people)
        columns = np.tile(np.arange(self.people), attempts)
        flat = scores.astype(np.float64).ravel()
        mated = rows == columns
        self._genuine = _Side(flat[mated], rows[mated], columns[mated])
        self._impostor = _Side(flat[~mated], rows[~mated], columns[~mated])

    @property
    def genuine(self) -> int:
        """How many attempts met the reference of their own person."""
        return len(self._genuine.falling)

    @property
    def impostor(self) -> int:
        """How many attempts met the reference of somebody else."""
        return len(self._impostor.falling)

    @property
    def impostor_scores(self) -> Numbers:
        """Of all attempts at the reference of somebody else, the highest first."""
        return -self._impostor.falling

    def rates(self, weights: Numbers | None = None) -> "Rates":
        """The error rates when each person counts ``weights`` (people,) times; once each without."""
        return Rates(self._genuine, self._impostor, np.ones(self.people) if weights is None else weights)


class Rates:
    """Error rates, as fractions. A score matches where it reaches the threshold."""

    def __init__(self, genuine: _Side, impostor: _Side, weights: Numbers) -> None:
        self._genuine, self._impostor = genuine, impostor
        self._genuine_weight = np.cumsum(weights[genuine.visitors])
        self._impostor_weight = np.cumsum(weights[impostor.visitors] * weights[impostor.owners])

    def fmr(self, threshold: float) -> float:
        """False match rate: impostors that match."""
        return _share(self._impostor, self._impostor_weight, threshold)

    def tar(self, threshold: float) -> float:
        """True accept rate: genuine attempts that match."""
        return _share(self._genuine, self._genuine_weight, threshold)

    def fnmr(self, threshold: float) -> float:
        """False non-match rate: genuine attempts that do not match."""
        return 1 - self.tar(threshold)

    def threshold_at(self, fmr: float) -> float:
        """The lowest threshold with at most this false match rate (0 < fmr < 1).

        Where ``fmr`` is less than one comparison it lies just above the best impostor.
        """
        allowed = fmr * self._impostor_weight[-1]
        first_too_many = np.searchsorted(self._impostor_weight, allowed + _TINY, side="right")
        last = len(self._impostor_weight) - 1
        return float(np.nextafter(-self._impostor.falling[min(first_too_many, last)], np.inf))

    def tar_at(self, fmr: float) -> float:
        """True accept rate at a false match rate; 1 minus it against ``fmr`` is the DET curve."""
        return self.tar(self.threshold_at(fmr)) if self._impostor_weight[-1] else float("nan")


def _share(side: _Side, weight: Numbers, threshold: float) -> float:
    reaching = np.searchsorted(side.falling, -threshold, side="right")
    return float((weight[reaching - 1] if reaching else 0.0) / weight[-1]) if weight[-1] else float("nan")


def best_of(scores: Numbers, visitors: People, looks: int) -> tuple[Numbers, People]:
    """Visits out of single looks: the best score of each person who has ``looks`` attempts, against each reference."""
    people, counts = np.unique(visitors, return_counts=True)
    enough = people[counts == looks]
    return np.stack([scores[visitors == person].max(axis=0) for person in enough]), enough


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def estimate(
    comparisons: Comparisons, statistics: Sequence[Callable[[Rates], float]], rounds: int = ROUNDS
) -> list[Estimate]:
    """Each statistic with its bootstrap interval over people.

    Pairs of one person depend on each other, so people are drawn, with replacement, and all their pairs with them
    (the subsets bootstrap of Bolle, Ratha and Pankanti 2004). A draw without genuine or impostor pairs says nothing.
    """
    rng = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(rounds):
        picks = rng.integers(0, comparisons.people, comparisons.people)
        rates = comparisons.rates(np.bincount(picks, minlength=comparisons.people).astype(np.float64))
        drawn.append([statistic(rates) for statistic in statistics])
    low, high = np.nanpercentile(np.array(drawn), _INTERVAL, axis=0)
    whole = comparisons.rates()
    return [Estimate(statistic(whole), float(low[i]), float(high[i])) for i, statistic in enumerate(statistics)]


def share(hits: int, of: int) -> Estimate:
    """Which share ``hits`` of ``of`` trials are, independent of each other, with the interval of Wilson (1927)."""
    value, weight = hits / of, _Z**2 / of
    middle = (value + weight / 2) / (1 + weight)
    reach = math.sqrt(weight * value * (1 - value) + weight**2 / 4) / (1 + weight)
    return Estimate(value, max(0.0, middle - reach), min(1.0, middle + reach))


def chance_of(hits: int, of: int, rate: float) -> float:
    """How likely ``hits`` or more of ``of`` trials are that each hit at this rate (0 < rate < 1): exact binomial."""
    fewer = (
        math.lgamma(of + 1)
        - math.lgamma(i + 1)
        - math.lgamma(of - i + 1)
        + i * math.log(rate)
        + (of - i) * math.log1p(-rate)
        for i in range(hits)
    )
    return max(0.0, 1 - math.fsum(map(math.exp, fewer)))
