"""What is on a medium, verified to the last byte, without importing anything and without this kiosk's key."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from kiosk.store import SupplyName
from kiosk.supply.folder import Medium
from kiosk.supply.plan import Releases, found, read_releases
from kiosk.supply.release import LayerRelease, PolicyRelease
from kiosk.supply.transfer import check_target
from kiosk.supply.trust import TrustedSupply


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A supply whose files are all there and right; ``size`` in bytes."""

    releases: Releases
    files: int
    size: int


def survey(medium: Medium, name: SupplyName, district: str, root: bytes, now: datetime) -> Surveyed:
    """Verify the supply of one district, or of a site, from a root. Envelopes are the kiosks' own affair.

    Raises ImportRefusedError.
    """
    with TemporaryDirectory(prefix="one-card-") as cache:
        folder = f"{medium.base}{name}/"
        trusted = TrustedSupply(medium, f"{folder}metadata/", f"{folder}targets/", Path(cache), root, now)
        releases = read_releases(name, trusted, district)
        targets = [found(trusted, path) for path in _named(releases)]
        for target in targets:
            check_target(trusted, target)
        return Surveyed(releases, len(targets), sum(target.length for target in targets))


def _named(releases: Releases) -> Iterator[str]:
    for path, release in releases.all.items():
        yield path
        if isinstance(release, LayerRelease):
            yield from (layer.target for layer in release.layers)
            if release.risks is not None:
                yield release.risks
        else:
            yield from release.policies if isinstance(release, PolicyRelease) else release.files
