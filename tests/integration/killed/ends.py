# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a day ends with: apps, tickets, mails and the ledger, in words that are the same for two companies' same day.

Ids that were made up on the way are told by what they are the id of, and times are left out. All else counts: that
somebody has one account more, that a ticket says something twice, that somebody was written to twice.
"""

from __future__ import annotations

import collections
import contextlib
import json
import re
import sqlite3
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.tests.conformance.desks.zammad import EMAILS
from ansible_collections.rollcall.access.tests.integration.killed.life import Life
from ansible_collections.rollcall.access.tests.integration.killed.world import SCIM

End = t.Mapping[str, t.Sequence[str]]

#: Tables that tell who did what and when, or how it was found out: no two runs are the same in them.
_OF_RUNS = {
    "alembic_version",
    "meta",
    "chain",
    "events",
    "checkpoints",
    "runs",
    "plans",
    "approvals",
    "claims",
    "readings",
}
#: Columns of the same kind: when and by which run it was written, and whether what is so was seen or done.
_HOW = re.compile(
    r"(.*_)?at|since|until|due|seen|number|occurrence|run|plan|actor|attempts|after|last_.*|first_.*|carried_out|"
    "source|matched_by"
)
_TIMES = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.+Z]*|\b\d\d:\d\d\b")
_MARK = re.compile(r" \[rollcall \w+\]$")
_MESSAGE = re.compile(r"^(message|told) ")


def end_of(life: Life) -> End:
    """Return all that is so now, by what it is of."""
    world = life.world
    names: dict[str, str] = {}
    end: dict[str, list[str]] = {}
    for app in SCIM:
        holders = world.tenant(app).holders()
        names |= {holder.id: f"{app}:{holder.username}" for holder in holders}
        end[app] = [
            f"{h.username} {h.external_id} {h.email} {h.given_name} {h.active} {sorted(h.roles)} {sorted(h.groups)}"
            for h in holders
        ]
    planner = world.planner
    end["planner"] = [f"{id} {user} {planner.sessions.get(id, 0)}" for id, user in planner.users.items()]
    end["planner teams"] = [f"{name} {sorted(members)}" for name, members in planner.teams.values()]
    end["planner property"] = [planner.owner]
    tables = _tables(life)
    for task in tables.get("tasks", ()):
        names[task["id"]] = f"<task {task['title']}>"
    for ticket in world.desk._tickets.values():
        names[str(ticket.id)] = f"<ticket {_MARK.sub('', ticket.title)}>"
    plain = _Plain(names)
    end["tickets"] = [
        plain(f"{one.title} {one.state} {one.group} {EMAILS.get(one.owner)}") for one in world.desk._tickets.values()
    ]
    end["articles"] = [
        plain(f"{ticket.title}: {one.by} {one.body}")
        for ticket in world.desk._tickets.values()
        for one in ticket.articles
    ]
    # what was opened some minutes later is due later, and so has another place in a mail
    end["mails"] = [
        "\n".join([plain(f"{to} {title}"), *sorted(map(plain, text.splitlines()))])
        for to, title, text in world.post.messages
    ]
    for table, rows in tables.items():
        end[f"ledger: {table}"] = (
            sorted({_told(table, row, plain) for row in rows})
            if table == "changes"
            else sorted(_told(table, row, plain) for row in rows)
        )
    return end


class _Plain:
    """Puts what ids are the ids of in their place, and takes times out."""

    def __init__(self, names: t.Mapping[str, str]) -> None:
        self._names = names
        words = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        self._ids = re.compile(rf"(?<![\w.@-])(?:{words})(?![\w@])") if names else None

    def __call__(self, text: str) -> str:
        text = _TIMES.sub("<time>", text)
        return self._ids.sub(lambda found: self._names[found[0]], text) if self._ids else text


def _told(table: str, row: t.Mapping[str, t.Any], plain: _Plain) -> str:
    kept = {name: value for name, value in row.items() if not _HOW.fullmatch(name)}
    if table == "changes":
        # what was found done is as good as what was done and read back
        kept["state"] = "done" if row["state"] in ("done", "already", "verified") else row["state"]
        for name in ("id", "account", "result_account", "detail"):
            del kept[name]
    if table == "notices":
        kept.pop("data")
    if table == "tasks":
        kept.pop("key")
    return plain(json.dumps(kept, sort_keys=True))


def _tables(life: Life) -> dict[str, list[dict[str, t.Any]]]:
    with contextlib.closing(sqlite3.connect(f"file:{life.ledger}?mode=ro", uri=True)) as ledger:
        ledger.row_factory = sqlite3.Row
        names = [row[0] for row in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for name in sorted(set(names) - _OF_RUNS):
            rows = [dict(row) for row in ledger.execute(f"SELECT * FROM {name}")]
            if name == "changes":
                # of what a run left to the next, that one tells
                rows = [row for row in rows if row["state"] != "deferred"]
            if name == "notices":
                # how a message came to be told is looked at by its text
                rows = [row for row in rows if not _MESSAGE.match(row["key"])]
            found[name] = rows
    return found


def differences(found: End, expected: End) -> dict[str, dict[str, list[str]]]:
    """Return, by part, what is there and should not be, and the other way round; empty when all is so."""
    result = {}
    for part in expected.keys() | found.keys():
        here, there = (collections.Counter(end.get(part, ())) for end in (found, expected))
        if here != there:
            result[part] = {"too much": list((here - there).elements()), "missing": list((there - here).elements())}
    return result


def problems_of(life: Life) -> list[str]:
    """Return what is wrong with the ledger's chain."""
    with Ledger.open(f"sqlite:///{life.ledger}", rehearsal=True, read_only=True, create=False) as ledger:
        return [str(problem) for problem in verify_ledger(ledger).problems]
