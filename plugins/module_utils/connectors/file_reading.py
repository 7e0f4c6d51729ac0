# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the bytes of an exported user list to its rows: all of them, or an error that names the line."""

from __future__ import annotations

import csv
import dataclasses
import io
import typing as t

from ..errors import Broken
from ..model import Origin

#: What a column of the export can be.
COLUMNS = ("username", "email", "external_id", "name", "state", "entitlement", "last_used")


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One row: the cells by what they are, stripped, and where it begins."""

    cells: t.Mapping[str, str]
    origin: Origin

    @property
    def line(self) -> int:
        return self.origin.line or 0


def read_rows(
    content: bytes, path: str, where: str, *, columns: t.Mapping[str, str], encoding: str, delimiter: str
) -> list[Row]:
    """Return the rows of an export. ``columns`` is what -> the name of its column.

    Raises Broken for an export that is empty, cut off, in another encoding or without a column: an export with nobody
    in it is an export that went wrong, never an app without accounts.
    """
    text = _decoded(content, path, where, encoding)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    places: dict[str, int] | None = None
    width, line = 0, 1
    try:
        for cells in reader:
            here = f"{where}, {Origin(path, line)}"
            begins, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places, width = _places(cells, columns, here), len(cells)
                continue
            if len(cells) != width:
                raise Broken(
                    f"expected {width} fields, found {len(cells)}",
                    where=here,
                    todo="The export is cut off, or the delimiter is another one: export it anew",
                )
            rows.append(Row({what: cells[place].strip() for what, place in places.items()}, Origin(path, begins)))
    except csv.Error as error:
        todo = "The export is cut off or damaged: export it anew"
        raise Broken(f"not readable as CSV ({error})", where=f"{where}, {Origin(path, line)}", todo=todo) from error
    if not rows:
        raise Broken(
            "the export has no accounts in it" if places else "the export is empty",
            where=f"{where}, {path}",
            todo="Export the app's user list anew",
        )
    return rows


def _decoded(content: bytes, path: str, where: str, encoding: str) -> str:
    todo = "Give the export's encoding (like latin-1 or utf-16) under connection.encoding"
    try:
        text = content.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except LookupError as error:
        raise Broken(f"there is no encoding {encoding!r}", where=where, todo=todo) from error
    except UnicodeError as error:
        line = content[: getattr(error, "start", 0)].count(b"\n") + 1
        raise Broken(f"it is not written in {encoding}", where=f"{where}, {Origin(path, line)}", todo=todo) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise Broken("a NUL character, which no text has", where=f"{where}, {Origin(path, line)}", todo=todo)
    return text


def _places(header: t.Sequence[str], columns: t.Mapping[str, str], where: str) -> dict[str, int]:
    names = [name.strip() for name in header]
    for column in columns.values():
        if names.count(column) != 1:
            raise Broken(
                f"there is no column {column!r}" if column not in names else f"the column {column!r} is there twice",
                where=where,
                todo=f"The columns are {', '.join(repr(name) for name in names[:20])}",
            )
    return {what: names.index(column) for what, column in columns.items()}
