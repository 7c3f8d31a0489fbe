"""Files of people as columns of text, a block of lines at a time."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from kiosk.core.errors import TableError
from scripts.office.facts import Column

_BLOCK_BYTES = 1 << 25
_BLOCK_ROWS = 1 << 18
_BOM = b"\xef\xbb\xbf"
_BROKEN = "\ufffd"  # what stands for bytes that are not UTF-8


@dataclass(frozen=True, slots=True, repr=False)
class Block:
    """Some of the rows of a feed: ``read`` counts all, ``mistakes`` tells of the lines that are not in ``frame``."""

    read: int
    frame: pl.DataFrame
    lines: Column  # int64, counted from 1
    mistakes: list[tuple[int, str]]


def read_blocks(path: Path, columns: Sequence[str], one_of: Sequence[str], optional: Sequence[str]) -> Iterator[Block]:
    """The rows of a CSV, or of a Parquet file (.parquet). Raises TableError where it lacks a column."""
    try:
        blocks = _parquet if path.suffix == ".parquet" else _csv
        yield from blocks(path, columns, one_of, optional)
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror or error}. Name a file that can be read.") from None
    except pl.exceptions.PolarsError as error:
        raise TableError(None, f"{path} is no Parquet file: {error}. Write it again.") from None


def _check_columns(
    path: Path, found: Sequence[str], columns: Sequence[str], one_of: Sequence[str], optional: Sequence[str]
) -> None:
    needed = sorted(set(columns) - set(optional))
    known = {*columns, *one_of}
    if set(needed) <= set(found) <= known and len(found) == len(set(found)) and len(set(found) & set(one_of)) == 1:
        return
    detail = f"{path}: needs the columns {' or '.join(one_of)}, {', '.join(needed)}; may have {', '.join(optional)}"
    shown = ", ".join(name for name in found if name in known) or "none of them"
    raise TableError(None, f"{detail}; it has {shown}, {len(found)} columns in all. Correct the first line.")


def _parquet(path: Path, columns: Sequence[str], one_of: Sequence[str], optional: Sequence[str]) -> Iterator[Block]:
    frame = pl.scan_parquet(path)
    schema = frame.collect_schema()
    _check_columns(path, schema.names(), columns, one_of, optional)
    text = [
        (pl.col(name) if kind == pl.Binary else pl.col(name).cast(pl.String)).fill_null(
            b"" if kind == pl.Binary else ""
        )
        for name, kind in schema.items()
    ]
    start = 0
    while True:
        part = frame.slice(start, _BLOCK_ROWS).select(text).collect()
        if part.is_empty():
            return
        yield Block(len(part), part, np.arange(start + 1, start + len(part) + 1), [])
        start += len(part)


def _csv(path: Path, columns: Sequence[str], one_of: Sequence[str], optional: Sequence[str]) -> Iterator[Block]:
    with path.open("rb") as file:
        header = _cells(file.readline().removeprefix(_BOM).decode("utf-8", "replace").rstrip("\r\n")) or []
        names = [name.strip() for name in header]
        _check_columns(path, names, columns, one_of, optional)
        line = 2
        rest = b""
        while data := file.read(_BLOCK_BYTES):
            whole, newline, rest = (rest + data).rpartition(b"\n")
            if newline:
                yield _block(whole, names, line)
                line += whole.count(b"\n") + 1
        if rest:
            yield _block(rest, names, line)


def _block(data: bytes, names: list[str], first: int) -> Block:
    text = pl.DataFrame({"text": data.decode("utf-8", "replace").split("\n")})
    text = text.with_columns(
        pl.col("text").str.strip_suffix("\r"), pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("line")
    ).filter(pl.col("text").str.strip_chars() != "")
    broken = pl.col("text").str.contains(_BROKEN, literal=True)
    quoted = pl.col("text").str.contains('"', literal=True)
    mistakes = [(line, "not UTF-8: save the file as UTF-8") for line in text.filter(broken)["line"].to_list()]
    plain = text.filter(~broken & ~quoted).with_columns(pl.col("text").str.split(",").alias("cells"))
    uneven = plain.filter(pl.col("cells").list.len() != len(names))
    mistakes.extend(
        (line, _uneven(len(cells), len(names))) for line, cells in uneven.select("line", "cells").iter_rows()
    )
    even = plain.filter(pl.col("cells").list.len() == len(names))
    parts = [even.select("line", *(pl.col("cells").list.get(place).alias(name) for place, name in enumerate(names)))]
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, cells in text.filter(~broken & quoted).select("line", "text").iter_rows():
        found = _cells(cells)
        if found is None or len(found) != len(names):
            mistakes.append((line, "quotes that do not match" if found is None else _uneven(len(found), len(names))))
        else:
            rows.append(found)
            lines.append(line)
    if rows:
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        parts.append(pl.DataFrame({"line": lines, **columns}))
    frame = pl.concat(parts).sort("line")
    return Block(len(text), frame.drop("line"), frame["line"].to_numpy(), mistakes)


def _uneven(found: int, wanted: int) -> str:
    return f"{found} cells instead of {wanted}: quote cells that hold commas"


def _cells(line: str) -> list[str] | None:
    """The cells of one line, None where its quotes do not match."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return None
