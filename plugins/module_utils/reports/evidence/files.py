# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pack as files: the tables as CSV and JSON, the page and the PDF."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import typing as t

from ...tabular import write_rows
from .case import Sheet
from .criteria import CRITERIA
from .document import document_of
from .page import render
from .pdf import render_pdf
from .sheets import Pack

PAGE, PDF, TABLES = "index.html", "evidence.pdf", "tables"


def write_files(
    pack: Pack, folder: pathlib.Path, about: t.Sequence[tuple[str, str]], font: pathlib.Path | None
) -> None:
    """Write everything but the manifest into ``folder``, which is there and empty. Raises OSError."""
    document = document_of(pack, about)
    # the one that may fail for reasons of its own comes first
    pdf = render_pdf(document, font)
    tables = folder / TABLES
    tables.mkdir()
    for sheet in (*pack.sheets, criteria_sheet()):
        _write(tables / f"{sheet.name}.csv", _csv(sheet))
        _write(tables / f"{sheet.name}.json", _json(sheet, pack))
    _write(folder / PAGE, render(document))
    (folder / PDF).write_bytes(pdf)


def criteria_sheet() -> Sheet:
    rows = tuple((one.framework, one.number, one.asks, one.sheets, one.shows, one.lacks) for one in CRITERIA)
    columns = ("standard", "criterion", "what_is_asked", "tables", "what_the_pack_shows", "what_it_does_not_show")
    return Sheet("criteria", "Which criterion is answered where", "", columns, rows)


def _csv(sheet: Sheet) -> str:
    return write_rows(sheet.rows, sheet.columns)


def _json(sheet: Sheet, pack: Pack) -> str:
    """One object per row, each on a line of its own, so that large tables can be read line by line."""
    period = pack.case.period
    head = {
        "table": sheet.name,
        "title": sheet.title,
        "says": sheet.says,
        "company": pack.case.company,
        "from": period.first.isoformat(),
        "until": period.last.isoformat(),
        "columns": list(sheet.columns),
    }
    encode = json.JSONEncoder(ensure_ascii=True).encode
    rows = (
        encode({column: plain(value) for column, value in zip(sheet.columns, row, strict=True)}) for row in sheet.rows
    )
    return encode(head)[:-1] + ', "rows": [\n' + ",\n".join(rows) + "\n]}\n"


def plain(value: t.Any) -> t.Any:
    """Return a value as JSON has it: moments in UTC to the second, several values as a list."""
    if value.__class__ is str or value is None:
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return value


def _write(path: pathlib.Path, text: str) -> None:
    # half of a surrogate pair, which a broken feed may hold, is no UTF-8: it becomes a question mark
    path.write_bytes(text.encode("utf-8", errors="replace"))
