# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Half a year of a company, written straight into a ledger: who has what, who joined, moved and left, and what was
decided. Of 10,000 people a tenth leave and a tenth move; each writes through the ledger's own methods, events included.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..plugins.module_utils.ledger import ChangeResult, Ledger
from ..plugins.module_utils.ledger.checkpoints import checkpoint
from ..plugins.module_utils.model import (
    AccessException,
    AccessRequest,
    Account,
    AccountRecord,
    Approver,
    Because,
    Change,
    ChangeKind,
    GrantRecord,
    Lock,
    Person,
    PersonRecord,
    Review,
    ReviewItem,
    Run,
    Task,
)
from .company import ROLE, TEAM, BenchApp, BenchCompany, Employee

BEGAN = dt.datetime(2026, 1, 5, 8, 0, tzinfo=dt.timezone.utc)
#: the day on which questions are asked
TODAY = "2026-06-30"
_WEEKS = 25
_DAY = dt.timedelta(days=1)

#: so many of everybody leave, and so many move
ONE_IN = 10

_RULE = (Because("rule", "everyone", "All work with it", policy="1.0", commit="5f0c1e2"),)
_LEAVING = (Because("leaving", "", "the last day is over", policy="1.0", commit="5f0c1e2"),)


def write_past(company: BenchCompany, ledger: Ledger) -> None:
    """Write all of it. The first employee is the one to ask about."""
    past = _Past(company, ledger)
    past.take_over()
    for week in range(1, _WEEKS):
        past.live(week)
    past.decide()


class _Past:
    def __init__(self, company: BenchCompany, ledger: Ledger) -> None:
        self.company = company
        self.ledger = ledger
        self.apps_of = {one.number: [app for app in company.apps if app.is_for(one)] for one in company.people}
        self.leaving = [one for one in company.people[1:] if one.number % ONE_IN == 3]
        self.moving = [one for one in company.people[1:] if one.number % ONE_IN == 7]

    def run(self, at: dt.datetime, command: str = "reconcile") -> Run:
        run = Run(f"{command}-{at:%m%d}", command, "schedule nightly", at, policy="1.0", commit="5f0c1e2")
        self.ledger.begin_run(run)
        return run

    def end(self, run: Run, at: dt.datetime) -> None:
        self.ledger.end_run(run, at, "ok", {"msg": "done"})
        checkpoint(self.ledger, run, at)

    def take_over(self) -> None:
        """Everybody, with all accounts and grants; some accounts are nobody's, and some grants are unexplained."""
        run, people = self.run(BEGAN), self.company.people
        for some in _parts(people, 500):
            self.ledger.record_people([PersonRecord(_person(one), complete=True) for one in some], run, BEGAN)
            self.ledger.record_accounts(
                [_account(app, one) for one in some for app in self.apps_of[one.number]], run, BEGAN
            )
            self.ledger.record_grants(
                [grant for one in some for app in self.apps_of[one.number] for grant in _grants(app, one)], run, BEGAN
            )
        stray = [
            AccountRecord(Account(app.key, f"stray-{n}", f"stray{n}", state="active"))
            for app in self.company.apps
            for n in range(10)
        ]
        self.ledger.record_accounts(stray, run, BEGAN)
        self.end(run, BEGAN + _DAY / 8)

    def live(self, week: int) -> None:
        """One week's run: what joiners, movers and leavers of that week got and lost, and what was read."""
        at = BEGAN + week * 7 * _DAY
        run = self.run(at)
        for one in self.leaving[week::_WEEKS]:
            self._leave(one, run, at)
        for one in self.moving[week::_WEEKS]:
            self._move(one, run, at)
        counts = self.ledger.account_counts()
        for app in self.company.apps:
            shown = {"complete": True, "accounts": counts[app.key], "matched": counts[app.key] - 10, "orphans": 10}
            self.ledger.record_reading(app.key, shown, run, at)
        self.end(run, at + _DAY / 8)

    def _leave(self, one: Employee, run: Run, at: dt.datetime) -> None:
        person = dataclasses.replace(_person(one), end=(at - _DAY).date())
        changes = [
            Change(ChangeKind.SUSPEND, one.id, app.key, _id(app, one), because=_LEAVING)
            for app in self.apps_of[one.number]
        ]
        self._carry_out(changes, run, at)
        gone = [
            dataclasses.replace(record, account=dataclasses.replace(record.account, state="suspended"))
            for record in (_account(app, one) for app in self.apps_of[one.number])
        ]
        self.ledger.record_accounts(gone, run, at)
        keys = [_key(grant) for app in self.apps_of[one.number] for grant in _grants(app, one)]
        self.ledger.end_grants(keys, _LEAVING[0], run, at)
        self.ledger.record_people([PersonRecord(person, "left", True)], run, at)

    def _move(self, one: Employee, run: Run, at: dt.datetime) -> None:
        app = self.apps_of[one.number][0]
        role, _team = _grants(app, one)
        new = dataclasses.replace(role, entitlement="admin", since=at, verified_at=at)
        what = {"person": one.id, "app": app.key, "account": role.account}
        changes = [
            Change(ChangeKind.GRANT, **what, entitlement="admin", because=_RULE),
            Change(ChangeKind.REVOKE, **what, entitlement=ROLE, because=_RULE),
        ]
        self.ledger.intend(changes, run, at, "plan")
        self.ledger.settle([ChangeResult(change, "failed", "503 from the app") for change in changes], run, at)
        self._carry_out(changes, run, at)
        self.ledger.record_grants([new], run, at)
        self.ledger.end_grants([_key(role)], _RULE[0], run, at)
        moved = dataclasses.replace(_person(one), department="Legal", title="Lead")
        self.ledger.record_people([PersonRecord(moved, complete=True)], run, at)

    def _carry_out(self, changes: t.Sequence[Change], run: Run, at: dt.datetime) -> None:
        self.ledger.intend(changes, run, at, "plan")
        self.ledger.settle([ChangeResult(change, "verified", account=change.account) for change in changes], run, at)

    def decide(self) -> None:
        """A review of ten thousand items, requests, exceptions, tasks and locks."""
        at = BEGAN + _WEEKS * 7 * _DAY
        run = self.run(at, "review")
        people = self.company.people
        day = at.date()
        for n, one in enumerate(people[:: max(1, len(people) // 500)]):
            app = self.apps_of[one.number][0].key
            approver = Approver("manager", people[0].email, "approved", people[0].email, at)
            grants = ((app, "admin"),)
            asked = AccessRequest(
                f"r{n}",
                one.id,
                grants,
                "needs it",
                one.email,
                at - 9 * _DAY,
                day,
                day + 30 * _DAY,
                (approver,),
                "approved",
            )
            self.ledger.add_request(asked, run, at)
            self.ledger.add_exception(
                AccessException(
                    f"e{n}",
                    one.id,
                    grants,
                    "stands in",
                    one.email,
                    people[0].email,
                    day - 60 * _DAY,
                    day - n % 50 * _DAY,
                ),
                run,
                at,
            )
            task = Task(
                f"t{n}", one.id, app, (), people[0].email, f"Task {n}", "", at - 9 * _DAY, at - 2 * _DAY, subject=f"{n}"
            )
            self.ledger.open_task(task, run, at)
        for one in people[1:6]:
            self.ledger.add_lock(Lock(one.id, "laptop stolen", "alex", at - _DAY), run, at)
        items = tuple(
            ReviewItem(
                f"i{n}", "q2", one.id, app.key, _id(app, one), ROLE, people[0].email, _RULE, BEGAN,
                decision="keep" if n % 20 else "revoke", decided_by=people[0].email, decided_at=at,
                outcome="kept" if n % 20 else "verified", outcome_at=at,
            )
            for n, (one, app) in enumerate((one, self.apps_of[one.number][0]) for one in people)
        )  # fmt: skip
        review = Review(
            "q2", "Second quarter", {}, "manager", at - 9 * _DAY, at, "alex", items=items, state="closed", closed_at=at
        )
        self.ledger.save_review(review, "review.opened", run, at)
        self.end(run, at)


def _parts(items: t.Sequence[Employee], size: int) -> t.Iterator[t.Sequence[Employee]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _person(one: Employee) -> Person:
    kind = "contractor" if one.number % 20 == 1 else "employee"
    # most have been here for long, some begin while we look
    start = BEGAN.date() + (one.number % 100 if one.number % 17 == 5 else -one.number % 900) * _DAY
    return Person(
        one.id, one.email, one.username, one.first, one.last, f"{one.first} {one.last}", kind, one.title,
        one.department, one.location, start=start,
    )  # fmt: skip


def _id(app: BenchApp, one: Employee) -> str:
    return f"{app.key}-{one.number:x}"


def _account(app: BenchApp, one: Employee) -> AccountRecord:
    account = Account(
        app.key, _id(app, one), one.username, one.email, one.id, one.first, one.last,
        entitlements=frozenset({ROLE, TEAM}), last_used=BEGAN + one.number % 170 * _DAY if app.number % 2 else None,
    )  # fmt: skip
    return AccountRecord(account, one.id, "external_id")


def _grants(app: BenchApp, one: Employee) -> tuple[GrantRecord, GrantRecord]:
    because = () if one.number % 200 == 11 else _RULE
    first, second = (
        GrantRecord(one.id, app.key, _id(app, one), what, because, BEGAN, "verified", BEGAN) for what in (ROLE, TEAM)
    )
    return first, second


def _key(grant: GrantRecord) -> tuple[str, str, str, str]:
    return (grant.person, grant.app, grant.account, grant.entitlement)
