"""The table as it lies on the disk now: opened again whenever one of its files has changed."""

from pathlib import Path

from kiosk.core.errors import TableError
from kiosk.showing import Mode
from kiosk.table.file import SqliteTable, digest_file, open_table

_Stamp = tuple[int, ...] | None


class TableSource:
    """What lies there is what counts: a damaged new table is an error, even where the old one was good."""

    def __init__(self, path: Path, pepper: Path, mode: Mode) -> None:
        self._path = path
        self._pepper = pepper
        self._mode = mode
        self._stamps: list[_Stamp] | None = None
        self._table: SqliteTable | None = None
        self._error: TableError | None = None

    def poll(self) -> tuple[SqliteTable | None, TableError | None]:
        """The open table, or why there is none; three ``stat`` calls where nothing has changed.

        A table given earlier is closed once the files have changed; asked all the same, it answers UNREADABLE.
        """
        # Taken before opening: a change while the file is being read shows at the next poll.
        stamps = [_stamp(path) for path in (self._path, digest_file(self._path), self._pepper)]
        if stamps != self._stamps:
            self.close()
            self._stamps = stamps
            try:
                self._table = open_table(self._path, self._pepper, self._mode)
            except TableError as error:
                self._error = error
        return self._table, self._error

    def close(self) -> None:
        """Close what is open; the next poll opens it again."""
        if self._table is not None:
            self._table.close()
        self._table = self._error = self._stamps = None


def _stamp(path: Path) -> _Stamp:
    try:
        stat = path.stat()
    except OSError:
        return None
    # ctime also tells of permissions that were corrected, and of a copy that kept the old mtime.
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
