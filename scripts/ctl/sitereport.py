"""What kioskctl models eval-mask and calibrate say: figures by name, and a table for people."""

from dataclasses import dataclass

import numpy as np
from rich.table import Table

from kiosk.core.policy import FalseMatchRate
from models.calibration import Verdict
from models.evaluation import Comparisons, Estimate, share
from models.masktrial import MaskCount
from models.trial import Trial

_BEST = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """figures and intervals: by name, shares as fractions."""

    figures: dict[str, float | list[float]]
    intervals: dict[str, tuple[float, float]]
    table: Table


def mask_report(counts: dict[str, MaskCount]) -> Answer:
    """Which share of the faces of each folder is called masked."""
    table = Table("", "pictures", "without a face", "called masked", "of the faces found, %", title="Masks")
    answer = Answer({}, {}, table)
    for name, count in counts.items():
        unseen = count.pictures - count.faces
        answer.figures.update(
            {f"pictures_{name}": count.pictures, f"no_face_{name}": unseen, f"faces_{name}": count.faces}
        )
        told = "-"
        if count.faces:
            told = _told(answer, f"masked_{name}", share(count.masked, count.faces))
        table.add_row(name, str(count.pictures), str(unseen), str(count.masked), told)
    return answer


def calibration_report(trial: Trial, visits: Comparisons, verdicts: dict[FalseMatchRate, Verdict]) -> Answer:
    """What genuine and impostor visits of a site say of the thresholds that held until now."""
    best = sorted(visits.impostor_scores[np.isfinite(visits.impostor_scores)].tolist(), reverse=True)[:_BEST]
    title = (
        f"{visits.people} people, {visits.genuine} genuine and {visits.impostor} impostor visits; "
        f"{trial.failures} of {trial.pictures} pictures without a face"
    )
    caption = (
        f"Best impostors: {', '.join(f'{score:.3f}' for score in best) or 'none'}. A threshold is raised where so many "
        "impostors would reach it by chance less often than in 5 % of such trials."
    )
    table = Table(
        "FMR promised", "threshold", "impostors that reach it", "by chance, %", "now", "own people refused, %",
        title=title, caption=caption,
    )  # fmt: skip
    answer = Answer({}, {}, table)
    answer.figures.update(
        {
            "people": visits.people,
            "genuine_visits": visits.genuine,
            "impostor_visits": visits.impostor,
            "failure_to_acquire": trial.failures / trial.pictures,
            "best_impostors": [round(score, 4) for score in best],
        }
    )
    rates = visits.rates()
    for rate, verdict in verdicts.items():
        refused = round(rates.fnmr(verdict.site_threshold) * visits.genuine)
        told = _told(answer, f"fnmr_at_{rate}", share(refused, visits.genuine))
        answer.figures.update(
            {
                f"threshold_before_{rate}": verdict.threshold,
                f"threshold_{rate}": verdict.site_threshold,
                f"impostors_at_{rate}": verdict.reached,
                f"chance_{rate}": round(verdict.chance, 6),
            }
        )
        now = f"{verdict.site_threshold:g}"
        table.add_row(
            f"{rate}", f"{verdict.threshold:g}", f"{verdict.reached}", f"{100 * verdict.chance:.2g}",
            f"[bold]{now}" if verdict.raised else now, told,
        )  # fmt: skip
    return answer


def _told(answer: Answer, name: str, figure: Estimate) -> str:
    answer.figures[name] = round(figure.value, 6)
    answer.intervals[name] = (round(figure.low, 6), round(figure.high, 6))
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"
