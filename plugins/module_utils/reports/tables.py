# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of a report: the same rows for CSV and JSON."""

from __future__ import annotations

import dataclasses
import typing as t

from .facts import Facts

Row = tuple[t.Any, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; a value is text, a number, a flag, a date, a moment, a tuple of texts, or None."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def _from(name: str, columns: str, values: t.Iterable[t.Any]) -> Table:
    """Make a table of objects whose attributes are called as the columns are."""
    names = tuple(columns.split())
    return Table(name, names, tuple(tuple(getattr(value, column) for column in names) for value in values))


def access(facts: Facts) -> Table:
    """Return who has what: one row for each person, app and entitlement."""
    names = {app.key: app.name for app in facts.apps}
    columns = (
        "person_id username name title department status app app_name entitlement privileged "
        "account account_state since because source"
    )
    rows = tuple(
        (
            person.id,
            person.username,
            person.name,
            person.title,
            person.department,
            person.status,
            held.app,
            names.get(held.app, held.app),
            held.entitlement,
            held.privileged,
            held.account,
            held.state,
            held.since,
            held.because,
            held.source,
        )
        for person in facts.people
        for held in person.access
    )
    return Table("access", tuple(columns.split()), rows)


def people(facts: Facts) -> Table:
    """Return where everybody stands."""
    names = ("id", "username", "name", "title", "department", "manager", "status", "event", "done", "due", "locked")
    rows = tuple((*(getattr(person, name) for name in names), len(person.access)) for person in facts.people)
    return Table("people", (*names, "access"), rows)


def tasks(facts: Facts) -> Table:
    return _from(
        "tasks",
        "id title owner person app opened due overdue urgency age_days reference kind desk link level attention",
        facts.tasks,
    )


def coverage(facts: Facts) -> Table:
    columns = (
        "key name tier connector owner tags coverage operations accounts managed orphans protected open_tasks "
        "last_read read_complete seats_used seats_limit seat_cost currency seat_per"
    )
    return _from("coverage", columns, facts.apps)


def orphans(facts: Facts) -> Table:
    return _from("orphans", "code app account severity person last_used message todo", facts.findings)


def exceptions(facts: Facts) -> Table:
    return _from("exceptions", "id person grant start until days reason approved_by", facts.exceptions)


def requests(facts: Facts) -> Table:
    columns = "id person grant state requested_by requested_at until waits_for decided reason note"
    return _from("requests", columns, facts.requests)


def reviews(facts: Facts) -> Table:
    """Return one row for each reviewer of each review; a review without items has one row with no reviewer."""
    before = ("id", "title", "state", "opened", "due", "overdue")
    after = ("total", "decided", "kept", "revoked", "changed")
    rows = tuple(
        (*(getattr(review, name) for name in before), *each, *(getattr(review, name) for name in after))
        for review in facts.reviews
        for each in [(p.reviewer, p.total, p.decided) for p in review.reviewers] or [("", 0, 0)]
    )
    return Table("reviews", (*before, "reviewer", "reviewer_total", "reviewer_decided", *after), rows)


def revocations(facts: Facts) -> Table:
    return _from("revocations", "person app entitlement account what state since task detail", facts.revocations)


def measures(facts: Facts) -> Table:
    """Return how long it took to provision and to revoke, in seconds, and how much of it was in time."""
    levels = {(level.scope, level.name): level for level in facts.service_levels}
    rows: list[Row] = [
        (d.scope, d.name, d.what, d.count, round(d.median), round(d.p95), None, None) for d in facts.durations
    ]
    rows += [
        (scope, name, "in_time", level.kept + level.missed, None, None, level.kept, level.missed)
        for (scope, name), level in levels.items()
    ]
    for d in facts.debt:
        age = f"{d.start} days and more" if d.end is None else f"{d.start} to {d.end} days"
        rows.append(("age", age, "debt", d.count, None, None, None, None))
    columns = ("scope", "name", "what", "count", "median_seconds", "p95_seconds", "in_time", "late")
    return Table("measures", columns, tuple(rows))


def conflicts(facts: Facts) -> Table:
    return _from("conflicts", "person duty why things through since risk owner until", facts.conflicts)


def accepted_risks(facts: Facts) -> Table:
    return _from("accepted_risks", "id duty person owner state start until days people reason", facts.risks)


def peers(facts: Facts) -> Table:
    columns = "person role kind app entitlement privileged holders peers because"
    return _from("peers", columns, facts.gaps.peers)


def privilege(facts: Facts) -> Table:
    return _from("privilege", "person app entitlement account by since until", facts.gaps.privilege)


def unused(facts: Facts) -> Table:
    """Return the accounts that nobody uses, and a row for each app that does not tell when one was used."""
    names = ("person", "app", "account", "days", "last_used", "entitlements", "privileged")
    rows = [tuple(getattr(one, name) for name in names) for one in facts.gaps.unused]
    silent = [("", app, "not known: the app does not tell", None, None, (), False) for app in facts.gaps.silent]
    return Table("unused", names, (*rows, *silent))


def leavers(facts: Facts) -> Table:
    columns = "person name last_day days accounts suspended grants tasks apps"
    return _from("leavers", columns, facts.gaps.leavers)


#: What the playbook gaps writes.
GAPS: tuple[t.Callable[[Facts], Table], ...] = (conflicts, accepted_risks, peers, privilege, unused, leavers)

TABLES: tuple[t.Callable[[Facts], Table], ...] = (
    access,
    people,
    tasks,
    coverage,
    orphans,
    exceptions,
    requests,
    reviews,
    revocations,
    measures,
    *GAPS,
)


def tables(facts: Facts, make: t.Iterable[t.Callable[[Facts], Table]] = TABLES) -> tuple[Table, ...]:
    """Return every table of ``facts``, or those of ``make``."""
    return tuple(one(facts) for one in make)
