# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a question is, and what an answer."""

from __future__ import annotations

import dataclasses
import typing as t

from ...model import Because
from ..evidence.case import Sheet, reasons_text

if t.TYPE_CHECKING:
    from .asked import Asked
    from .at_hand import AtHand

Row = tuple[t.Any, ...]

#: What may be given with a question, and how.
PARAMETERS: t.Mapping[str, str] = {
    "app": "an app of the catalog, or one that the ledger knows",
    "person": "somebody whom the ledger knows, by id, user name or address",
    "entitlement": "one of the app's entitlements, as the catalog calls it",
    "department": "a department, as HR calls it",
    "on": "a day, such as 2026-03-01; without it, today",
    "since": "the first day of a period, such as 2026-01-01",
    "until": "the last day of the period, included; without it, today",
    "sample": "how many to draw; without it, all",
    "seed": "what to draw the sample with: the same seed draws the same",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """``columns`` and ``rows`` are the table; ``sentence`` says it in words; ``notes`` say what it does not show.

    A value is text, a number, a flag, a day, a moment, a tuple of texts, or None for what is not known or is not so.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    sentence: str
    notes: tuple[str, ...] = ()


Work = t.Callable[["AtHand", "Asked"], Answer]


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """One question. ``needs`` must be given and ``takes`` may be; ``shows`` says what the answer has.

    ``criteria`` are numbers of the criteria that it helps with (``reports/evidence/criteria.py``).
    """

    key: str
    title: str
    work: Work
    shows: str
    criteria: tuple[str, ...]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


def answer(columns: str, rows: t.Iterable[Row], sentence: str, *notes: str) -> Answer:
    """Return an answer; ``columns`` are words. Empty notes are left out."""
    return Answer(tuple(columns.split()), tuple(rows), sentence, tuple(note for note in notes if note))


def records(sheet: Sheet) -> list[dict[str, t.Any]]:
    """Return the rows of a table of the evidence pack, each with the names of its columns."""
    return [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]


def in_words(reasons: t.Iterable[Because]) -> str:
    """Return what gave something, and what for."""
    return reasons_text(reason.to_dict() for reason in reasons)


def chosen(sheet: Sheet | t.Iterable[t.Mapping[str, t.Any]], columns: str) -> list[Row]:
    """Return the rows of a table, or of records, with these columns only."""
    names = columns.split()
    rows = records(sheet) if isinstance(sheet, Sheet) else sheet
    return [tuple(row[name] for name in names) for row in rows]
