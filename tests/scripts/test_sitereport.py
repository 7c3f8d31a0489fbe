"""What people read of counted masks and of a calibration."""

import numpy as np
from rich.console import Console
from rich.table import Table

from kiosk.core.policy import FalseMatchRate
from models.calibration import judge
from models.evaluation import NO_FACE, Comparisons
from models.masktrial import MaskCount
from models.trial import Trial
from scripts.ctl.sitereport import calibration_report, mask_report


def printed(table: Table) -> str:
    console = Console(width=200)
    with console.capture() as said:
        console.print(table)
    return said.get()


def test_shares_are_of_the_faces_found_and_what_was_not_found_is_said() -> None:
    answer = mask_report({"with": MaskCount(100, 80, 76), "nobody": MaskCount(5, 0, 0)})
    assert answer.figures == {
        "pictures_with": 100,
        "no_face_with": 20,
        "faces_with": 80,
        "masked_with": 0.95,
        "pictures_nobody": 5,
        "no_face_nobody": 5,
        "faces_nobody": 0,
    }
    low, high = answer.intervals["masked_with"]
    assert 0.87 < low < 0.9
    assert 0.97 < high < 0.99
    assert "95.0 (87.8 to 98.0)" in printed(answer.table)


def test_a_calibration_says_who_is_refused_and_how_near_impostors_come() -> None:
    scores = np.full((4, 4), 0.1)
    np.fill_diagonal(scores, [0.5, 0.5, 0.4, NO_FACE])
    scores[0, 1] = 0.45
    scores[3] = NO_FACE
    visits = Comparisons(scores, np.arange(4))
    thresholds = dict(zip(FalseMatchRate, (0.28, 0.36, 0.43), strict=True))
    answer = calibration_report(Trial({}, 16, 4), visits, judge(thresholds, visits))
    figures = answer.figures
    assert (figures["people"], figures["genuine_visits"], figures["impostor_visits"]) == (4, 4, 12)
    assert figures["failure_to_acquire"] == 0.25
    assert figures["best_impostors"] == [0.45, 0.1, 0.1, 0.1, 0.1]
    # One of 12 where 0.12, 0.012 and 0.0012 are promised; refused is who scores less than what holds now.
    assert [figures[f"impostors_at_{rate}"] for rate in FalseMatchRate] == [1, 1, 1]
    assert [figures[f"threshold_{rate}"] for rate in FalseMatchRate] == [0.28, 0.4501, 0.4501]
    assert [figures[f"fnmr_at_{rate}"] for rate in FalseMatchRate] == [0.25, 0.5, 0.5]
    assert "Best impostors: 0.450" in printed(answer.table)
