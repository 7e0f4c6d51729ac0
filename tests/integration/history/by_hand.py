# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The company's policy once more, written down by hand, and what follows from it for the apps.

Nothing of the collection's code is used here, and nothing is clever: this is what the tests hold Rollcall against. The
rules are those of ``company/access/policy``, rewritten as plain conditions in the words of HR's export; of the catalog
only facts (kinds, values, ranks) are read.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import pathlib
import typing as t

import yaml

COMPANY = pathlib.Path(__file__).parent / "company"
EXPORTS = pathlib.Path(__file__).parents[2] / "data" / "hr-1000"

#: One row of an export, by column.
Row = t.Mapping[str, str]

#: What the policy reads of a person, and what apps show of them: who has another value in one of these is a mover.
READ = (
    "first_name",
    "last_name",
    "work_email",
    "job_title",
    "department",
    "manager_email",
    "hire_date",
    "employment_status",
)

ENGINEERING = ("Development", "Research", "Quality Management")


def export(date: str) -> dict[str, Row]:
    """Return HR's rows of one export, by employee id."""
    with (EXPORTS / f"employees-{date}.csv").open(encoding="utf-8", newline="") as file:
        return {row["employee_id"]: row for row in csv.DictReader(file)}


def here(row: Row) -> bool:
    return row["employment_status"] != "Terminated"


def events(before: t.Mapping[str, Row], now: t.Mapping[str, Row]) -> dict[str, set[str]]:
    """Return who joins, moves and leaves between two exports (before the first one: nobody)."""
    was_here = {id for id, row in before.items() if here(row)}
    is_here = {id for id, row in now.items() if here(row)}
    return {
        "joiners": is_here - was_here,
        "movers": {id for id in is_here & was_here if any(before[id][name] != now[id][name] for name in READ)},
        "leavers": was_here - is_here,
    }


def username(row: Row) -> str:
    # nobody in this history shares a first and a last name with another one
    return f"{row['first_name']}.{row['last_name']}".lower()


def account_name(app: str, row: Row) -> str:
    """Return what the catalog's ``account_name`` comes to."""
    if app == "plant":
        return row["work_email"]
    return f"{username(row)}.{row['employee_id']}" if app == "crm" else username(row)


def managers_above(row: Row, rows: t.Mapping[str, Row]) -> set[str]:
    """Return the ids of a person's manager, the manager's manager and so on. 10039 and 10228 have none: a circle."""
    by_email = {one["work_email"]: one for one in rows.values()}
    above: set[str] = set()
    while row["employee_id"] not in ("10039", "10228") and row["manager_email"] in by_email:
        row = by_email[row["manager_email"]]
        above.add(row["employee_id"])
    return above


def rules(row: Row, rows: t.Mapping[str, Row]) -> set[tuple[str, str]]:
    """Return what the rules of the policy give one person: (app, entitlement)."""
    title, department, start = row["job_title"], row["department"], row["hire_date"]
    manager, above = row["manager_email"], managers_above(row, rows)
    engineer = title in ("Engineer", "Senior Engineer")
    has: set[tuple[str, str]] = {("hub", "guest")}

    def give(app: str, *entitlements: str) -> None:
        has.update((app, entitlement) for entitlement in entitlements)

    # everybody.yml
    if department:
        give("hub", "member", "mail")
    else:
        give("learn", "learner", "first-steps")
    if department in ENGINEERING:
        give("hub", "engineering")
    if department in ("Sales", "Customer Service", "Marketing"):
        give("hub", "commercial")
    if department in ("Finance", "Human Resources"):
        give("hub", "administration", "vpn")
    if start >= "2025-09-01":
        give("hub", "newcomers")
    if title == "Technique Leader" and department != "Production":
        give("hub", "helper")
    if department == "Human Resources" and title == "Senior Staff" and "2015-12-31" < start < "2018-01-01":
        give("hub", "helper")
    if title == "Technique Leader" and department == "Development" and start < "2016-03-01":
        give("hub", "admin")
    if "10567" in above:
        give("hub", "journel")
    if department and start <= "2015-06-30":
        give("learn", "coach")
    if department in ("Production", "Quality Management"):
        give("learn", "learner", "safety")
    if department == "Research" and (start > "2023-12-31" or title == "Assistant Engineer"):
        give("learn", "learner", "safety")
    if title in ("Senior Staff", "Technique Leader") and start <= "2020-12-31":
        give("learn", "learner", "leadership")

    # makers.yml
    if department == "Development" and (engineer or title in ("Assistant Engineer", "Technique Leader")):
        give("code", "developer")
        give("hub", "vpn")
    if department == "Development" and title in ("Staff", "Senior Staff"):
        give("code", "reader")
    if department in ENGINEERING and title == "Senior Engineer":
        give("code", "maintainer")
    if department in ENGINEERING and title == "Technique Leader":
        give("code", "maintainer", "leads")
    if department == "Development" and title == "Technique Leader":
        give("code", "secrets")
        if start < "2016-07-01":
            give("code", "owner")
    if department == "Development" and title == "Senior Engineer" and start < "2016-01-01":
        give("code", "secrets")
    if department == "Research":
        give("code", "reader", "research")
        if engineer:
            give("code", "developer")
    if department == "Quality Management":
        give("code", "reader", "quality")
        give("plant", "viewer")
        if title == "Senior Engineer":
            give("plant", "inspectors")
    if department == "Production":
        give("plant", "viewer")
        if title in ("Staff", "Assistant Engineer"):
            give("plant", "operator")
        if engineer:
            give("plant", "engineer")
        if title == "Technique Leader":
            give("plant", "lead")
        if manager == "eishiro.miyakawa10386@acme.example":
            give("plant", "line-miyakawa")
        if manager == "kaijung.riesenhuber10420@acme.example":
            give("plant", "line-riesenhuber")
    if department in (*ENGINEERING, "Production") and title in ("Senior Engineer", "Technique Leader"):
        give("hub", "vpn")

    # commerce.yml
    if department == "Sales":
        give("crm", "user", "sales")
        if start > "2023-12-31":
            give("crm", "dialler")
        if title == "Senior Staff" and start < "2015-10-01":
            give("crm", "manager")
    if department in ("Sales", "Marketing") and title == "Senior Staff":
        give("crm", "senior")
    if department == "Customer Service":
        give("crm", "user", "care", "dialler")
        if title != "Staff":
            give("crm", "senior")
    if department == "Marketing":
        give("crm", "viewer", "campaigns")
    if "10039" in above and start < "2020-01-01":
        give("crm", "sales")
    if department == "Finance":
        give("books", "clerk", "invoices")
        if title == "Senior Staff":
            give("books", "accountant", "payroll-approve")
    if manager == "munir.demeyer10114@acme.example" and title == "Senior Staff" and start < "2016-06-01":
        give("books", "controller", "year-end")
    if department == "Human Resources" and title != "Technique Leader":
        give("books", "clerk", "payroll-run")
    if row["work_email"] == "dietrich.journel10567@acme.example":
        give("books", "clerk")
    return has


#: The exceptions: who, what, first and last day.
EXCEPTIONS = (
    ("10001", ("crm", "viewer"), "2025-12-01", "2026-12-31"),
    ("10017", ("books", "invoices"), "2026-01-01", "2026-08-15"),
    ("10089", ("code", "research"), "2026-02-01", "2026-05-31"),
    ("10089", ("code", "reader"), "2026-02-01", "2026-05-31"),
    ("10060", ("hub", "helper"), "2026-05-01", "2026-08-31"),
    ("10527", ("plant", "viewer"), "2026-01-25", "2026-12-31"),
    ("10672", ("code", "reader"), "2025-11-01", "2026-12-31"),
    ("10006", ("plant", "lead"), "2027-01-01", "2027-03-31"),
)


@dataclasses.dataclass(frozen=True)
class Thing:
    """An entitlement as the catalog describes it."""

    kind: str
    value: str
    rank: int
    privileged: bool


def _catalog() -> dict[str, dict[str, t.Any]]:
    apps: dict[str, dict[str, t.Any]] = {}
    for path in sorted((COMPANY / "access/catalog").glob("*.yml")):
        apps.update(yaml.safe_load(path.read_text(encoding="utf-8"))["apps"])
    return apps


CATALOG = _catalog()
THINGS = {
    (app, key): Thing(one["kind"], one["value"], one.get("rank", 0), one.get("privileged", False))
    for app, entry in CATALOG.items()
    for key, one in entry["entitlements"].items()
}


def wanted(id: str, rows: t.Mapping[str, Row], date: str) -> dict[str, frozenset[Thing]]:
    """Return what somebody should have on a day, by app. Somebody who is not here should have nothing."""
    row = rows[id]
    if not here(row):
        return {}
    pairs = rules(row, rows)
    pairs |= {pair for person, pair, first, last in EXCEPTIONS if person == id and first <= date <= last}
    by_app: dict[str, set[Thing]] = {}
    for app, key in pairs:
        by_app.setdefault(app, set()).add(THINGS[app, key])
    for things in by_app.values():
        roles = sorted((one for one in things if one.kind == "role"), key=lambda one: one.rank)
        things.difference_update(roles[:-1])
    return {app: frozenset(things) for app, things in by_app.items()}


@dataclasses.dataclass(frozen=True)
class Held:
    """One person's account in one app, as it should be."""

    things: frozenset[Thing]
    active: bool = True
    suspended: str = ""

    def values(self, *kinds: str) -> frozenset[str]:
        return frozenset(one.value for one in self.things if one.kind in kinds)


#: Accounts by (app, person).
Accounts = dict[tuple[str, str], Held]


def after(accounts: Accounts, rows: t.Mapping[str, Row], date: str, people: t.Collection[str]) -> Accounts:
    """Return how the accounts should be once ``people`` have been brought to what they should have on ``date``."""
    found = dict(accounts)
    for id in people:
        should = wanted(id, rows, date)
        for app in CATALOG:
            pair, leave = (app, id), CATALOG[app]["leave"]
            account = accounts.get(pair)
            if app in should:
                found[pair] = Held(should[app])
            elif account is None:
                continue
            elif leave["then"] == "delete":
                del found[pair]
            elif account.active:
                kept = frozenset(one for one in account.things if not one.privileged)
                found[pair] = Held(kept, active=False, suspended=date)
            elif "delete_after" in leave:
                days = int(leave["delete_after"].removesuffix("d"))
                if dt.date.fromisoformat(date) >= dt.date.fromisoformat(account.suspended) + dt.timedelta(days=days):
                    del found[pair]
    return found
