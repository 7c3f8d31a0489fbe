"""Several dated policies as one: on any day at most one of them is in force."""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path

from kiosk.core.errors import PolicyError, TableError
from kiosk.core.policy import Policy
from kiosk.policies import load_policy
from kiosk.store import MANIFEST, file_stamp, read_manifest


class PolicyBook:
    """One policy or more, whose days do not overlap. Raises PolicyError, which names those that do."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies = tuple(sorted(policies, key=lambda policy: policy.valid_from))
        if not self.policies:
            raise PolicyError("no policy at all. Import a supply that brings one.")
        for one, other in pairwise(self.policies):
            if other.valid_from <= one.valid_until:
                raise PolicyError(
                    f"{one.name} (until {one.valid_until}) and {other.name} (from {other.valid_from}) are both in"
                    " force on some days. The health office dates them so that they follow each other."
                )

    def on(self, day: date) -> Policy | None:
        """The policy in force on a day (Asia/Shanghai), None where there is none."""
        return next((policy for policy in self.policies if policy.valid_from <= day <= policy.valid_until), None)

    def nearest(self, day: date) -> Policy:
        """The policy of the day, else the last before it, else the first: by that one nobody is judged (A4)."""
        begun = [policy for policy in self.policies if policy.valid_from <= day]
        return begun[-1] if begun else self.policies[0]


class PolicySource:
    """The policies that the store's manifest names; a kiosk that was brought none goes by its own file."""

    def __init__(self, store: Path, own: Path) -> None:
        self._store = store
        self._own = own
        self._stamp: tuple[int, ...] | None = ()
        self._book: PolicyBook | None = None
        self._refused = ""

    def book(self) -> PolicyBook:
        """What is there now; one ``stat`` call where nothing has changed. Raises PolicyError."""
        stamp = file_stamp(self._store / MANIFEST)
        if stamp != self._stamp:
            self._stamp = stamp
            self._read()
        if self._book is None:
            raise PolicyError(self._refused)
        return self._book

    def _read(self) -> None:
        self._book = None
        files = [self._store / name for name in _named(self._store)] or [self._own]
        try:
            self._book = PolicyBook(load_policy(file) for file in files)
        except PolicyError as error:
            self._refused = error.detail


def _named(store: Path) -> tuple[str, ...]:
    try:
        province = read_manifest(store).province
    except TableError:
        return ()  # the table's own fault is told by its source
    return province.policies if province else ()
