# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger in a file with rows in every table that the chain proves, three runs and three checkpoints."""

from __future__ import annotations

import datetime as dt
import pathlib

from ansible_collections.rollcall.access.plugins.module_utils.ledger import ChangeResult, Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import checkpoint
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccessException,
    AccessRequest,
    Account,
    AccountRecord,
    Because,
    Change,
    ChangeKind,
    GrantRecord,
    Lock,
    Person,
    PersonRecord,
    Plan,
    Review,
    ReviewItem,
    Run,
    Task,
)

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
WHY = (Because("rule", "engineers", "They build"),)


def make(path: pathlib.Path) -> None:
    """Make the ledger ``path`` with its key beside it."""
    with Ledger.open(f"sqlite:///{path}") as ledger:
        _people_and_accounts(ledger, Run("run-1", "onboard", "alex", NOW, policy="2.4", commit="abc"))
        _work(ledger, Run("run-2", "reconcile", "alex", NOW + DAY))
        _decisions(ledger, Run("run-3", "review", "kim", NOW + 2 * DAY))
        verification = verify_ledger(ledger)
        assert (verification.problems, verification.notes) == ((), ())


def _end(ledger: Ledger, run: Run) -> None:
    ledger.end_run(run, run.started_at, "ok", {"msg": "done"})
    checkpoint(ledger, run, run.started_at)


def _people_and_accounts(ledger: Ledger, run: Run) -> None:
    at = run.started_at
    ledger.begin_run(run)
    people = [Person(f"p{n}", username=f"user{n}", email=f"user{n}@acme.example", title="Engineer") for n in (1, 2)]
    ledger.record_people([PersonRecord(person, "present", True) for person in people], run, at)
    accounts = [Account("crm", f"a{n}", username=f"user{n}", email=f"user{n}@acme.example") for n in (1, 2)]
    ledger.record_accounts(
        [AccountRecord(account, person.id, "created") for account, person in zip(accounts, people, strict=True)],
        run,
        at,
    )
    ledger.link("crm", "robot", "", "a robot", run, at)
    grants = [GrantRecord("p1", "crm", "a1", key, WHY, at) for key in ("user", "admin")]
    ledger.record_grants([*grants, GrantRecord("p2", "crm", "a2", "user", WHY, at)], run, at)
    ledger.record_reading("crm", {"complete": True, "accounts": 2}, run, at)
    _end(ledger, run)


def _work(ledger: Ledger, run: Run) -> None:
    at = run.started_at
    ledger.begin_run(run)
    change = Change(ChangeKind.GRANT, "p2", "crm", "a2", "admin", WHY)
    plan = Plan((change,), policy="2.4", made_at=at)
    ledger.save_plan(plan, run, at)
    ledger.approve_plan(plan.hash, "sam", run, at)
    ledger.intend([change], run, at, plan.hash)
    ledger.settle([ChangeResult(change, "failed", "403")], run, at)
    ledger.end_grants([("p1", "crm", "a1", "admin")], Because("review", "R0"), run, at)
    ledger.open_task(Task("T1", "p2", "crm", (change,), "owner@acme.example", "Give", "Do", at, at + DAY), run, at)
    _end(ledger, run)


def _decisions(ledger: Ledger, run: Run) -> None:
    at = run.started_at
    today = at.date()
    ledger.begin_run(run)
    ledger.add_lock(Lock("p2", "stolen laptop", "sec", at), run, at)
    outside = (("crm", "admin"),)
    ledger.add_exception(
        AccessException("X1", "p1", outside, "covers for Sam", "kim", "sam", today, today + 30 * DAY), run, at
    )
    ledger.add_request(
        AccessRequest("Q1", "p2", outside, "an audit", "kim", at, today, today + 7 * DAY, via="survey"), run, at
    )
    ledger.notice("overdue T1", {"to": "owner@acme.example"}, run, at)
    item = ReviewItem("i1", "R1", "p1", "crm", "a1", "user", "kim", WHY, decision="revoke")
    ledger.save_review(Review("R1", "Spring", {}, "manager", at, at + DAY, items=(item,)), "opened", run, at)
    ledger.append("evidence.kept", run, at, person="p2", app="crm", data={"task": "T1", "sha256": "ab", "file": "ab"})
    _end(ledger, run)
