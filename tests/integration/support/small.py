# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The company of twelve: what happens to it next, and what state it is in."""

from __future__ import annotations

import collections
import contextlib
import json
import pathlib
import re
import sqlite3
import typing as t

from .company import CompanyDirectory
from .running import Outcome
from .scim import ScimServer

TEMPLATE = pathlib.Path(__file__).parent.parent / "small_company"
PEOPLE = (TEMPLATE / "hr/people.csv").read_text(encoding="utf-8")
SCIM_APPS = ("mail", "chat")

#: Where what is true of the company is kept, other than who did what when.
STATE = ("accounts", "grants", "tasks", "people", "ended_grants", "locks", "exceptions", "changes")


def prepare(company: CompanyDirectory) -> CompanyDirectory:
    """Make the groups that the catalog names."""
    company.tenant("mail").add_groups("Everyone", "Sales")
    company.tenant("chat").add_groups("Engineering")
    return company


def edited(text: str, *pairs: tuple[str, str]) -> str:
    """Return a text with each first one replaced by the second. Each has to be there exactly once."""
    for old, new in pairs:
        assert text.count(old) == 1, f"{text.count(old)} times {old!r}"
        text = text.replace(old, new)
    return text


#: A day later: Lou has left, Cleo sells now, Mia begins.
NEXT = (
    edited(
        PEOPLE,
        ("Accountant,Management,Utrecht,1,2021-12-01,,", "Accountant,Management,Utrecht,1,2021-12-01,2024-01-31,"),
        ("marsh@small.example,Engineer,Engineering,Utrecht,2", "marsh@small.example,Account Executive,Sales,Utrecht,7"),
    )
    + "13,Mia,Hale,mia.hale@small.example,Engineer,Engineering,Lyon,2,2022-01-03,,employee\n"
)


def rows(company: CompanyDirectory, table: str) -> list[dict[str, t.Any]]:
    """Return a table of the ledger, past the collection's own code; empty where there is no ledger yet."""
    if not company.ledger.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{company.ledger}?mode=ro", uri=True)) as ledger:
        ledger.row_factory = sqlite3.Row
        return [dict(row) for row in ledger.execute(f"SELECT * FROM {table}")]


def everything(company: CompanyDirectory, *, but: t.Collection[str] = ()) -> dict[str, t.Any]:
    """Return the whole state: every app with versions and times, and what the ledger says is true."""
    state: dict[str, t.Any] = {app: company.tenant(app).state() for app in SCIM_APPS}
    for table in set(STATE) - set(but):
        state[table] = sorted(json.dumps(row, sort_keys=True) for row in rows(company, table))
    return state


def end_state(company: CompanyDirectory) -> dict[str, t.Any]:
    """Return what is so in the end, without ids and times: the same for two companies that went through the same."""
    state: dict[str, t.Any] = {}
    names: dict[tuple[str, str], str] = {}
    for app in SCIM_APPS:
        holders = company.tenant(app).holders()
        names.update({(app, holder.id): holder.username for holder in holders})
        # a list: a second account of somebody would be seen
        state[app] = sorted(
            (h.username, h.external_id, h.email, h.active, sorted(h.roles), sorted(h.groups)) for h in holders
        )

    def account(row: t.Mapping[str, t.Any], name: str = "account") -> str:
        return names.get((row["app"], row[name]), row[name])

    def why(text: str) -> list[tuple[str, str]]:
        reasons = json.loads(text)
        return sorted((r["kind"], r.get("id", "")) for r in (reasons if isinstance(reasons, list) else [reasons]))

    state["accounts"] = sorted(
        (r["app"], r["username"], r["person"], r["state"], r["entitlements"]) for r in rows(company, "accounts")
    )
    state["grants"] = sorted(
        (r["person"], r["app"], account(r), r["entitlement"], why(r["because"])) for r in rows(company, "grants")
    )
    state["ended_grants"] = sorted(
        (r["person"], r["app"], r["entitlement"], why(r["ended_because"])) for r in rows(company, "ended_grants")
    )
    state["tasks"] = sorted(
        (r["person"], r["app"], r["title"], r["state"], sorted(_about(json.loads(r["items"]))))
        for r in rows(company, "tasks")
    )
    state["people"] = sorted((r["id"], r["standing"], r["complete"], r["phase"]) for r in rows(company, "people"))
    # what was done is known of each change, whichever run did it; of what a run left to the next, that one tells
    ends = {(r["person"], r["app"], r["kind"], r["entitlement"], _done(r["state"])) for r in rows(company, "changes")}
    state["changes"] = sorted(end for end in ends if end[-1] != "deferred")
    return state


def _about(items: t.Iterable[t.Mapping[str, t.Any]]) -> list[tuple[str, str]]:
    return [(item["kind"], item["entitlement"]) for item in items]


def _done(state: str) -> str:
    return "done" if state in ("done", "already", "verified") else state


def differences(found: t.Mapping[str, t.Any], expected: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return, by part of the state, what is there and should not be, and the other way round; empty when all is so."""
    result = {}
    for part in expected:
        here, there = (collections.Counter(map(repr, state[part])) for state in (found, expected))
        if here != there:
            result[part] = {"too much": list((here - there).elements()), "missing": list((there - here).elements())}
    return result


def onboarded(place: pathlib.Path, server: ScimServer) -> CompanyDirectory:
    """Return a company whose twelve people have what they should have, with the next day's HR data lying there."""
    company = prepare(CompanyDirectory(TEMPLATE, place, server))
    company.playbook("onboard").succeeded()
    company.write("hr/people.csv", NEXT)
    return company


@contextlib.contextmanager
def without_ansible_cfg(company: CompanyDirectory) -> t.Iterator[None]:
    """Have Ansible's own settings only, as for somebody who did not copy ours."""
    ours = company.path / "ansible.cfg"
    aside = ours.rename(ours.with_name("ansible.cfg.aside"))
    try:
        yield
    finally:
        aside.rename(ours)


def refused(outcome: Outcome, *says: str) -> None:
    """See that a program ended with one clear message, before anything began."""
    assert outcome.rc == 4, outcome.output
    assert outcome.stdout.strip() == ""
    # as ansible-core 2.19 begins it, and as those before do
    assert len(re.findall(r"^(?:\[ERROR\]: |ERROR! )rollcall: ", outcome.stderr, re.MULTILINE)) == 1, outcome.stderr
    assert "Traceback" not in outcome.stderr
    for text in says:
        assert text in outcome.stderr, outcome.stderr
