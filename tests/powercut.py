"""What a disk could look like after a power cut, for a program that writes through Python.

Every fsync, rename, link, mkdir and removal of the program is a moment at which the power can go. Contents are durable
as they were when their file was last synced; names are durable once their folder was. Two traps: a removal that was not
synced becomes durable with the next sync of its folder like everything else in it, and a file that is made again under
an old name is another file.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest

SECTOR = 512


class BrokenDiskError(BaseException):
    """What came out of a power cut is not what should have."""


class Lost(Enum):
    """What of that which was not synced is gone."""

    EVERYTHING = auto()
    NOTHING = auto()
    SOME = auto()  # at random: names in their order up to a point, sectors one by one


@dataclass(eq=False)
class Node:
    """A file or link; ``synced`` is what the disk surely holds, ``last`` what the program wrote, where it is gone."""

    synced: bytes = b""
    last: bytes | None = None
    link: str | None = None


Names = dict[str, Node | None]  # None: a folder


@dataclass
class Change:
    """One change of the names in a folder: ``name`` means ``node`` from now on, or nothing."""

    name: str
    node: Node | None
    gone: bool = False


@dataclass
class Folder:
    """The names in a folder: those that are durable, those that the program sees, and the changes between."""

    durable: Names = field(default_factory=dict)
    seen: Names = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)

    def change(self, change: Change) -> None:
        self.pending.append(change)
        _apply(change, self.seen)

    def sync(self) -> None:
        for change in self.pending:
            _apply(change, self.durable)
        self.pending.clear()


def _apply(change: Change, names: Names) -> None:
    if change.gone:
        names.pop(change.name, None)
    else:
        names[change.name] = change.node


class Disk:
    """Follows a program that works below ``root``; what lies there already is durable."""

    def __init__(self, root: Path, at_moment: Callable[["Disk"], None]) -> None:
        self.root = root
        self.moments = 0
        self._at_moment = at_moment
        self._watching = True
        self._folders: dict[Path, Folder] = {}
        self._find()
        for path, folder in self._folders.items():
            folder.sync()
            for name, node in folder.durable.items():
                if node is not None and node.link is None:
                    node.synced = (path / name).read_bytes()

    @contextmanager
    def watching(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Stand between the program and the system."""
        with monkeypatch.context() as patch:
            self._stand_before(patch, "fsync", self._synced)
            for name in ("replace", "rename"):
                self._stand_before(patch, name, self._renamed)
            for name in ("unlink", "remove", "rmdir"):
                self._stand_before(patch, name, self._removed)
            yield

    def after_cut(self, to: Path, lost: Lost, chance: random.Random) -> None:
        """Write the disk as a power cut at this moment could leave it."""
        self._find()
        for path in sorted(self._folders):
            self._rebuild(path, to, lost, chance)

    def _rebuild(self, path: Path, to: Path, lost: Lost, chance: random.Random) -> None:
        folder = self._folders[path]
        place = to / path.relative_to(self.root)
        if path != self.root and not place.is_dir():
            return  # its own name was lost
        names = dict(folder.durable)
        kept = {Lost.EVERYTHING: 0, Lost.NOTHING: len(folder.pending)}.get(lost)
        for change in folder.pending[: chance.randint(0, len(folder.pending)) if kept is None else kept]:
            _apply(change, names)
        place.mkdir(exist_ok=True)
        for name, node in names.items():
            if node is None:
                (place / name).mkdir()
            elif node.link is not None:
                (place / name).symlink_to(node.link)
            else:
                (place / name).write_bytes(_content(node, self._live(node), lost, chance))

    def _live(self, wanted: Node) -> bytes:
        for path, folder in self._folders.items():
            for name, node in folder.seen.items():
                if node is wanted:
                    return (path / name).read_bytes()
        return wanted.last or b""

    def _find(self) -> None:
        """Learn of files and folders that were made since: making is not watched, but nothing else makes names."""
        for place, folders, files in os.walk(self.root):
            path = Path(place)
            known = self._folders.setdefault(path, Folder())
            for name in folders + files:
                if name not in known.seen:
                    made = path / name
                    link = str(made.readlink()) if made.is_symlink() else None
                    is_folder = link is None and made.is_dir()
                    known.change(Change(name, None if is_folder else Node(link=link)))

    def _stand_before(self, patch: pytest.MonkeyPatch, name: str, note: Callable[..., Callable[[], None]]) -> None:
        real = getattr(os, name)

        def watched(*args: Any, **more: Any) -> Any:
            if not self._watching:
                return real(*args, **more)
            self._find()
            self.moments += 1
            self._watching = False
            try:
                self._at_moment(self)
            except Exception as error:
                # The program may expect such an error, and would take it for its own.
                raise BrokenDiskError(f"after {self.moments} moments, before {name}") from error
            self._watching = True
            done = note(*args, **more)
            answer = real(*args, **more)
            done()
            return answer

        patch.setattr(os, name, watched)

    def _synced(self, handle: int) -> Callable[[], None]:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path in self._folders:
            return self._folders[path].sync
        node = self._folders[path.parent].seen.get(path.name) if path.parent in self._folders else None

        def done() -> None:
            if node is not None:
                node.synced = path.read_bytes()

        return done

    def _renamed(self, source: Any, target: Any, **more: Any) -> Callable[[], None]:
        old, new = Path(source), Path(target)
        assert old.is_absolute()
        if old.parent not in self._folders:
            return lambda: None
        node = self._folders[old.parent].seen[old.name]
        self._keep(new)

        def done() -> None:
            self._folders[old.parent].change(Change(old.name, None, gone=True))
            self._folders[new.parent].change(Change(new.name, node))

        return done

    def _removed(self, place: Any, dir_fd: int | None = None) -> Callable[[], None]:
        path = Path(f"/proc/self/fd/{dir_fd}").readlink() / place if dir_fd is not None else Path(place)
        if path.parent not in self._folders or not os.path.lexists(path):
            return lambda: None
        self._keep(path)

        def done() -> None:
            self._folders[path.parent].change(Change(path.name, None, gone=True))
            self._folders.pop(path, None)

        return done

    def _keep(self, path: Path) -> None:
        node = self._folders[path.parent].seen.get(path.name) if path.parent in self._folders else None
        if node is not None and node.link is None and path.exists():
            node.last = path.read_bytes()


def _content(node: Node, live: bytes, lost: Lost, chance: random.Random) -> bytes:
    if lost is Lost.NOTHING or live == node.synced:
        return live
    if lost is Lost.EVERYTHING:
        return node.synced
    # The length may have arrived before the bytes did.
    length = chance.choice([len(node.synced), len(live), chance.randint(0, max(len(live), len(node.synced)))])
    made = bytearray(node.synced[:length].ljust(length, b"\0"))
    for start in range(0, length, SECTOR):
        if chance.random() < 0.5:
            piece = live[start : min(start + SECTOR, length)]
            made[start : start + len(piece)] = piece
    return bytes(made)
