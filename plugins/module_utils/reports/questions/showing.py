# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An answer as people see it in a terminal, and as a file."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import typing as t

from ...errors import QuestionError
from ...model.plain_line import on_one_line
from ...tabular import write_rows
from ...writing import write_bytes
from ..evidence.files import plain
from .question import Answer

#: So many rows are shown, and so wide a column; the last one pushes no other aside.
ROWS_SHOWN = 100
WIDEST = 44
WIDEST_LAST = 120

#: What a file may end with.
ENDINGS = (".csv", ".json")


def lines(answer: Answer, zone: dt.tzinfo, width: int = 0) -> list[str]:
    """Return the answer as a table of fixed width, the sentence last; times are those of ``zone``.

    Where the terminal has ``width`` columns, and the table needs more, each row is a block of its own; 0: any width.
    """
    head = [name.replace("_", " ") for name in answer.columns]
    last = len(head) - 1
    shown = [
        [_cell(value, zone, WIDEST if n < last else WIDEST_LAST) for n, value in enumerate(row)]
        for row in answer.rows[:ROWS_SHOWN]
    ]
    widths = [max(len(row[n]) for row in (head, *shown)) for n in range(len(head))]
    made = []
    if shown and 0 < width < sum(widths) + 2 * last:
        made = [line for row in shown for line in _block(head, row)]
    elif shown:
        made = [_line(row, widths) for row in (head, ["-" * width for width in widths], *shown)]
    if len(answer.rows) > ROWS_SHOWN:
        made.append(f"... and {len(answer.rows) - ROWS_SHOWN:,} more rows: rollcall_file=answer.csv has them all")
    return [*made, *(f"note: {on_one_line(note)}" for note in answer.notes)]


def listing(answer: Answer) -> list[str]:
    """Return the list of questions: under each what it is called, what it needs, and what else it takes."""
    made = []
    for row in answer.rows:
        about = dict(zip(answer.columns, row, strict=True))
        more = (f"{what} {' and '.join(about[what])}" for what in ("needs", "takes") if about[what])
        made += [about["asks"], f"    {'; '.join((about['question'], *more))}"]
    return [*made, *(f"note: {on_one_line(note)}" for note in answer.notes)]


def _block(head: t.Sequence[str], row: t.Sequence[str]) -> list[str]:
    named = max(map(len, head))
    return [*(f"{name.ljust(named)}  {cell}".rstrip() for name, cell in zip(head, row, strict=True)), ""]


def _line(cells: t.Sequence[str], widths: t.Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cell(value: t.Any, zone: dt.tzinfo, widest: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    text = on_one_line("; ".join(value) if isinstance(value, tuple) else str(value))
    return text if len(text) <= widest else f"{text[: widest - 3]}..."


def check_file(path: pathlib.Path) -> None:
    """Raise QuestionError when an answer cannot be written under this name."""
    if path.suffix.casefold() not in ENDINGS:
        raise QuestionError(
            f"an answer is written as {' or '.join(ENDINGS)}, not as {path.name}",
            todo="Give rollcall_file such an ending",
        )
    if not path.parent.is_dir():
        raise QuestionError(f"the directory {path.parent} does not exist", where=str(path), todo="Create it")


def write_answer(answer: Answer, path: pathlib.Path, about: t.Mapping[str, t.Any]) -> None:
    """Write all rows as CSV that no spreadsheet evaluates, or as JSON with the sentence, the notes and ``about``.

    Times are UTC. The file is for its owner and group alone. Raises QuestionError when it cannot be written.
    """
    if path.suffix.casefold() == ".csv":
        text = write_rows(answer.rows, answer.columns)
    else:
        document = {**about, "sentence": answer.sentence, "notes": list(answer.notes), "rows": as_records(answer)}
        text = json.dumps(document, ensure_ascii=True, indent=1) + "\n"
    try:
        # half of a surrogate pair, which a broken feed may hold, is no UTF-8: it becomes a question mark
        write_bytes(path, text.encode("utf-8", errors="replace"), mode=0o640)
    except OSError as error:
        raise QuestionError(
            f"the answer cannot be written: {error.strerror or error}",
            where=str(path),
            todo="Name a file that the user who runs this may write",
        ) from error


def as_records(answer: Answer, most: int | None = None) -> list[dict[str, t.Any]]:
    """Return the rows (or the first ones) as JSON values, each with the names of the columns."""
    return [{name: plain(value) for name, value in zip(answer.columns, row, strict=True)} for row in answer.rows[:most]]
