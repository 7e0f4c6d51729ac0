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
import hashlib
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.tests.conformance.desks.zammad import EMAILS
from ansible_collections.rollcall.access.tests.integration.killed.life import Life
from ansible_collections.rollcall.access.tests.integration.killed.world import SCIM

_VERIFIER = pathlib.Path(__file__).parents[3] / "extensions/verifier/rollcall_verify_pack.py"

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
#: It is named for when it was taken.
_GLASS = re.compile(r"\bbreak-glass-([a-z.]+)-\d{4}-\d\d-\d\d-\d{4}-[0-9a-f]{6}\b")
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
    for item in tables.get("review_items", ()):
        names[item["id"]] = f"<{item['entitlement']} in {item['app']} of {item['person']} in {item['campaign']}>"
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
    end["files"] = sorted(plain(name) for name in _files(life))
    for table, rows in tables.items():
        end[f"ledger: {table}"] = (
            sorted({_told(table, row, plain) for row in rows})
            if table == "changes"
            else sorted(_told(table, row, plain) for row in rows)
        )
    return end


def _files(life: Life) -> t.Iterator[str]:
    """Yield the names of all files but the ledger's own, hidden ones too: nothing half done lies about."""
    for path in life.path.rglob("*"):
        name = path.relative_to(life.path).as_posix()
        if path.is_file() and not name.startswith("ledger.db"):
            yield name


class _Plain:
    """Puts what ids are the ids of in their place, and takes times out."""

    def __init__(self, names: t.Mapping[str, str]) -> None:
        self._names = names
        words = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        self._ids = re.compile(rf"(?<![\w.@-])(?:{words})(?![\w@])") if names else None

    def __call__(self, text: str) -> str:
        text = _TIMES.sub("<time>", text)
        text = self._ids.sub(lambda found: self._names[found[0]], text) if self._ids else text
        return _GLASS.sub(r"<break-glass \1>", text)


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
    with _ledger(life) as ledger:
        return [str(problem) for problem in verify_ledger(ledger).problems]


def problems_of_packs(life: Life) -> list[str]:
    """Return what is wrong with evidence packs that look as if they were finished, also hidden ones."""
    folders = sorted(path.parent for path in life.path.rglob("signature.json"))
    found: list[str] = []
    if not folders:
        return found
    with _ledger(life) as ledger:
        recorded = {event.data["manifest_sha256"] for event in ledger.events(kind="evidence.packed")}
    for folder in folders:
        digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
        if digest not in recorded:
            found.append(f"the pack in {folder.name} is signed, and the ledger does not know it")
        command = [sys.executable, "-I", str(_VERIFIER), str(folder), "--key", f"{life.ledger}.pub"]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        if checked.returncode:
            found.append(f"the pack in {folder.name} is not good: {checked.stdout}{checked.stderr}")
    return found


def _ledger(life: Life) -> Ledger:
    return Ledger.open(f"sqlite:///{life.ledger}", rehearsal=True, read_only=True, create=False)
