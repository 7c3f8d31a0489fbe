"""The DET curves of a trial (detection error trade-off, ISO/IEC 19795-1) as a picture."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from models.evaluation import Comparisons

_POINTS = 120
_LABELS = {
    "clean": "card photo clean: the portrait itself",
    "level2": "level 2: JPEG 2000 of 1 KB, as on a card",
    "level3": "level 3: JPEG of 1 KB",
    "level4": "level 4: grey, soft, pale, noisy, then level 3",
}


def draw_det(conditions: dict[str, Comparisons], path: Path) -> None:
    """One curve for each condition, both axes logarithmic, as far as there are impostors enough to tell."""
    figure = Figure(figsize=(6.4, 4.8), dpi=100, layout="constrained")
    axes = figure.subplots()
    for name, comparisons in conditions.items():
        rates = comparisons.rates()
        fmrs = np.geomspace(1 / comparisons.impostor, 0.1, _POINTS)
        fnmrs = np.array([1 - rates.tar_at(fmr) for fmr in fmrs])
        axes.plot(
            100 * fmrs,
            100 * np.where(fnmrs > 0, fnmrs, np.nan),
            label=_LABELS.get(name, name.replace("_", " ")),
            drawstyle="steps-post",
        )
    axes.set(xscale="log", yscale="log", xlabel="FMR, %", ylabel="FNMR, %")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(path)
