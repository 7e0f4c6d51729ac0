# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CSV files that people open in a spreadsheet: the one place that writes them, reads them and disarms formulas.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, and reading takes exactly that one away
again, so that every text survives the journey. What is escaped follows
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import enum
import functools
import io
import os
import pathlib
import re
import types
import typing as t

from .errors import RollcallError

# A formula begins with one of = + - @ (full-width ones too), also behind white space, which some programs trim.
# Apostrophes in front are counted in, so that a text that already begins with '= comes back as it was.
_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")  # noqa: RUF001 - the full-width signs are meant
_DELIMITERS = (",", ";", "\t")


def safe_cell(value: t.Any) -> str:
    """Return ``value`` as the text of a cell that no spreadsheet evaluates.

    Numbers stay numbers; None is empty, a truth value yes or no, a time ISO 8601 in UTC to the second, several values
    are joined with "; ".
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)) and not isinstance(value, enum.Enum):
        return str(value)
    text = value if value.__class__ is str else _text(value)
    if text[:1].isalnum():
        # nearly every text begins so, and none that does is a formula
        return text
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """Return what ``safe_cell`` was given: take the apostrophe away that it put there, and nothing else."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def write_csv(rows: t.Iterable[t.Mapping[str, t.Any]], columns: t.Sequence[str]) -> str:
    """Return the CSV text (RFC 4180, comma, a header line) of ``rows``; a row's further keys are left out."""
    return write_rows(([row.get(column) for column in columns] for row in rows), columns)


def write_rows(rows: t.Iterable[t.Sequence[t.Any]], columns: t.Sequence[str]) -> str:
    """Return the same of rows whose values stand in the order of the columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(column) for column in columns])
    # hundreds of thousands of rows share the moments of a few runs
    moment = functools.lru_cache(maxsize=4096)(safe_cell)

    def cell(value: t.Any) -> str:
        # what safe_cell would say of nearly every cell, without asking it
        if value.__class__ is str:
            return value if value[:1].isalnum() else safe_cell(value)
        return moment(value) if value.__class__ is dt.datetime else safe_cell(value)

    writer.writerows(map(cell, row) for row in rows)
    return out.getvalue()


@dataclasses.dataclass(frozen=True)
class Row:
    """One record of a CSV file; ``line`` is where it begins. ``values`` has the texts exactly as they were written."""

    path: str
    line: int
    values: t.Mapping[str, str]

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"

    def __getitem__(self, column: str) -> str:
        """Return the cell without outer white space, empty where the file has no such (optional) column."""
        return self.values.get(column, "").strip()


def read_csv(
    path: str | os.PathLike[str],
    *,
    required: t.Collection[str] = (),
    allowed: t.Collection[str] | None = None,
    error: type[RollcallError] = RollcallError,
) -> list[Row]:
    """Read a CSV file strictly: UTF-8 (a byte order mark is fine), one header, as many cells in each line as in it.

    The delimiter is a comma, or a semicolon or tab where the header has no comma (spreadsheets of many countries write
    those). ``required`` columns must be there; with ``allowed``, no others may. Blank lines are skipped.

    Raises ``error`` with file and line.
    """
    name = os.fspath(path)
    text = _read_text(name, error)
    if not text.strip():
        raise error("the file is empty", where=name, todo="Expected a header line and at least one column")
    header_line = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = next((d for d in _DELIMITERS if d in header_line), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] | None = None
    rows: list[Row] = []
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _header(cells, f"{name}:{line}", required, allowed, error)
                continue
            if len(cells) != len(columns):
                raise error(
                    f"expected {len(columns)} cells as in the header, found {len(cells)}",
                    where=f"{name}:{line}",
                    todo="Put a text that holds the delimiter in double quotes"
                    if len(cells) > len(columns)
                    else "Look for a file that was cut off, or a text of several lines without double quotes",
                )
            values = {c: plain_cell(cell) for c, cell in zip(columns, cells, strict=True)}
            rows.append(Row(name, line, types.MappingProxyType(values)))
    except csv.Error as problem:
        raise error(
            f"this is not valid CSV: {problem}",
            where=f"{name}:{begins}",
            todo="Look for a double quote that is not closed, or a file that was cut off",
        ) from problem
    return rows


def _text(value: t.Any) -> str:
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            return value.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
        return value.isoformat(timespec="seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return "; ".join(sorted(_text(part) for part in value))
    if isinstance(value, (list, tuple)):
        return "; ".join(_text(part) for part in value)
    return str(value)


def _read_text(name: str, error: type[RollcallError]) -> str:
    try:
        data = pathlib.Path(name).read_bytes()
    except OSError as problem:
        raise error(f"the file cannot be read: {problem.strerror}", where=name) from problem
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise error(
            f"expected UTF-8, found the byte 0x{data[problem.start]:02x}",
            where=f"{name}:{line}",
            todo='Save the file as UTF-8 (in Excel: "CSV UTF-8")',
        ) from problem


def _header(
    cells: t.Sequence[str],
    where: str,
    required: t.Collection[str],
    allowed: t.Collection[str] | None,
    error: type[RollcallError],
) -> list[str]:
    columns = [plain_cell(cell.strip()) for cell in cells]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise error(f"the column {twice[0]!r} is there twice", where=where, todo="Give each column one name of its own")
    missing = [column for column in required if column not in columns]
    if missing:
        raise error(
            f"expected the columns {', '.join(required)}; found {', '.join(columns)}",
            where=where,
            todo=f"Add {', '.join(missing)}",
        )
    unknown = [column for column in columns if allowed is not None and column not in allowed]
    if unknown:
        raise error(
            f"the column {unknown[0]!r} is not known",
            where=where,
            todo=f"The columns are {', '.join(allowed or ())}",
        )
    return columns
