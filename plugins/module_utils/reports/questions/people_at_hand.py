# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People as last recorded, with what questions ask of them: thousands are looked through for each answer."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ...ledger.encoding import unpack


class PersonRow(t.NamedTuple):
    """One person. ``standing`` and ``phase`` are those of ``PersonRecord``."""

    id: str
    name: str
    username: str
    type: str
    title: str
    department: str
    manager: str
    start: dt.date | None
    end: dt.date | None
    standing: str
    phase: str
    complete: bool


def person_row(row: t.Mapping[str, t.Any]) -> PersonRow:
    """Make one of a row of the table people."""
    packed = json.loads(row["person"])
    kind, title, department, manager = (
        str(packed.get(name) or "") for name in ("type", "title", "department", "manager")
    )
    start, end = (unpack(packed.get(name)) for name in ("start", "end"))
    return PersonRow(
        row["id"],
        row["name"] or row["id"],
        row["username"],
        kind,
        title,
        department,
        manager,
        start,
        end,
        row["standing"],
        row["phase"],
        bool(row["complete"]),
    )
