"""What kioskctl models eval says about a trial: figures by name, and tables for people."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from rich.table import Table

from models.evaluation import Comparisons, Estimate, Rates, best_of, estimate
from models.manifest import Thresholds
from models.trial import LOOKS, Compared, Trial

LOOK, VISIT = "look", "visit"
_FARS = {"1e2": 1e-2, "1e3": 1e-3, "1e4": 1e-4, "1e5": 1e-5}


@dataclass(frozen=True, slots=True)
class Statistic:
    """One figure of a condition, as ``name`` with the condition's in it; ``of`` gives a fraction.

    usual: the kind of comparison that people mean by it; for the other kind the name has the kind as a suffix.
    """

    name: str
    label: str
    usual: str
    of: Callable[[Rates], float]
    in_percent: bool = False

    def named(self, condition: str, kind: str) -> str:
        """The name among the figures."""
        return self.name.format(condition) + ("" if kind == self.usual else f"_{kind}")


@dataclass(frozen=True, slots=True)
class Report:
    """figures and intervals: by name; tar and staff_per_100 in per cent, the others as fractions, and counts."""

    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    tables: tuple[Table, ...]


def statistics(thresholds: Thresholds) -> list[Statistic]:
    """What is asked of every condition. Networks are compared by single looks; thresholds are those of visits."""
    asked = [
        Statistic(f"tar_{name}_{{}}", f"TAR at FAR {far:g}", LOOK, partial(Rates.tar_at, fmr=far), in_percent=True)
        for name, far in _FARS.items()
    ]
    for name, threshold in (("pass", thresholds.t_pass), ("ask", thresholds.t_ask)):
        shipped = f"at t_{name} = {threshold:g}"
        asked += [
            Statistic(f"fmr_at_{name}_{{}}", f"FMR {shipped}", VISIT, partial(Rates.fmr, threshold=threshold)),
            Statistic(f"fnmr_at_{name}_{{}}", f"FNMR {shipped}", VISIT, partial(Rates.fnmr, threshold=threshold)),
        ]
    return asked + [
        Statistic(
            f"staff_per_100_{{}}_at_{name}",
            f"genuine visitors of 100 to staff at FAR {_FARS[name]:g}",
            VISIT,
            partial(_to_staff, far=_FARS[name]),
            in_percent=True,
        )
        for name in ("1e3", "1e2")
    ]


def _to_staff(rates: Rates, far: float) -> float:
    return 1 - rates.tar_at(far)


def kinds_of(trial: Trial) -> dict[str, dict[str, Comparisons]]:
    """Single looks and visits, each by condition."""
    compared = {name: compared for name, compared in trial.conditions.items() if len(compared.visitors)}
    return {
        LOOK: {name: Comparisons(found.scores, found.visitors) for name, found in compared.items()},
        VISIT: {name: _visits(found) for name, found in compared.items()},
    }


def _visits(compared: Compared) -> Comparisons:
    visitors = compared.visitors.tolist()
    most = min(LOOKS, max(map(visitors.count, visitors)))
    return Comparisons(*best_of(compared.scores, compared.visitors, most))


def report(
    trial: Trial,
    kinds: dict[str, dict[str, Comparisons]],
    thresholds: Thresholds,
    track: Callable[[list[tuple[str, str]]], Iterable[tuple[str, str]]],
) -> Report:
    """All figures of a trial; ``track`` shows how far it is."""
    asked = statistics(thresholds)
    found: dict[tuple[str, str], list[Estimate]] = {}
    for kind, condition in track([(kind, condition) for kind, of in kinds.items() for condition in of]):
        found[kind, condition] = estimate(kinds[kind][condition], [statistic.of for statistic in asked])
    figures, intervals = {}, {}
    for (kind, condition), estimates in found.items():
        for statistic, figure in zip(asked, estimates, strict=True):
            name, unit = statistic.named(condition, kind), 100 if statistic.in_percent else 1
            figures[name] = round(unit * figure.value, 6)
            intervals[name] = (round(unit * figure.low, 6), round(unit * figure.high, 6))
    looks, visits = (next(iter(kinds[kind].values())) for kind in (LOOK, VISIT))
    missed = {name: (compared.failures, len(compared.visitors)) for name, compared in trial.conditions.items()}
    figures |= {f"looks_without_face_{name}": failures for name, (failures, _) in missed.items()}
    figures |= {
        "failure_to_acquire": trial.failures / trial.pictures,
        "pictures": trial.pictures,
        "people": looks.people,
        "genuine": looks.genuine,
        "impostor": looks.impostor,
        "genuine_visits": visits.genuine,
        "impostor_visits": visits.impostor,
    }
    titles = {
        LOOK: f"Single looks: {_sizes(looks)}; {trial.failures} of {trial.pictures} pictures without a face",
        VISIT: f"Visits, of which the best look counts: {_sizes(visits)}",
    }
    tables = [_table(titles[kind], asked, {name: found[kind, name] for name in kinds[kind]}) for kind in kinds]
    tables[0].add_row("looks without a face", *(f"{failures} of {of}" for failures, of in missed.values() if of))
    return Report(figures, intervals, tuple(tables))


def _sizes(comparisons: Comparisons) -> str:
    return f"{comparisons.genuine:,} genuine, {comparisons.impostor:,} impostor, {comparisons.people:,} people"


def _table(title: str, asked: list[Statistic], found: dict[str, list[Estimate]]) -> Table:
    caption = (
        "In %, with 95 % intervals from a bootstrap over people. A FAR below one impostor of all means none, and an "
        "interval of no width that there were too few people to see an error."
    )
    table = Table("", *found, title=title, caption=caption)
    for i, statistic in enumerate(asked):
        table.add_row(statistic.label, *(_cell(estimates[i]) for estimates in found.values()))
    return table


def _cell(figure: Estimate) -> str:
    return f"{100 * figure.value:.2f} ({100 * figure.low:.2f} to {100 * figure.high:.2f})"
