# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts from a real ledger: a SQLite file, written through the ledger's own methods."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import checkpoint
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccessException,
    Account,
    AccountRecord,
    App,
    Because,
    Change,
    ChangeKind,
    Entitlement,
    Finding,
    GrantRecord,
    Lifecycle,
    Lock,
    Person,
    PersonRecord,
    Protected,
    Review,
    ReviewItem,
    Run,
    Seats,
    Status,
    Task,
)
from ansible_collections.rollcall.access.plugins.module_utils.reports.exports import write_report
from ansible_collections.rollcall.access.plugins.module_utils.reports.gathering import gather
from ansible_collections.rollcall.access.plugins.module_utils.reports.numbers import headline

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.timezone.utc)
RULE = Because("rule", "engineers", "what engineers work with", "2.4", "9f1c2b7")
LEFT = Because("leaving", "", "the last day was 2026-11-13", "2.4", "9f1c2b7")

ANA = Person("1", "ana@acme.example", "ana.costa", name="Ana Costa", title="Engineer", manager="2")
BEN = Person("2", "ben@acme.example", "ben.okafor", name="Ben Okafor", title="Lead")
CAI = Person("3", "cai@acme.example", "cai.long", name="Cai Long")
PEOPLE = {person.id: person for person in (ANA, BEN, CAI)}

GITHUB = App(
    "github",
    "GitHub",
    "scim",
    owners={"primary": "platform@acme.example"},
    tier="critical",
    seats=Seats(10, 21.0, "EUR"),
    entitlements={"write": Entitlement("write"), "admin": Entitlement("admin", privileged=True)},
    protect=(Protected("break-glass", "it@acme.example"),),
    tags=("soc2",),
)
ERP = App("erp", "ERP", "file", owners={"primary": "finance@acme.example"})
WIKI = App("wiki", "Wiki", "none")
APPS = {app.key: app for app in (GITHUB, ERP, WIKI)}


def ago(**how_long: int) -> dt.datetime:
    return NOW - dt.timedelta(**how_long)


def run(id: str = "r1", command: str = "reconcile", at: dt.datetime | None = None) -> Run:
    return Run(id, command, "omar", at or ago(hours=2), policy="2.4")


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as opened:
        opened.begin_run(run())
        yield opened


def facts_of(ledger, **changes):
    arguments = {
        "statuses": {"1": Status.ACTIVE, "2": Status.ACTIVE, "3": Status.LEFT},
        "events": {},
        "operations": {"github": frozenset({"create", "grant", "revoke", "suspend"})},
        "reads": {"github": True, "erp": True},
        "now": NOW,
    }
    return gather(ledger, APPS, PEOPLE, **{**arguments, **changes})


def account(person: Person | None, app: str = "github", id: str = "", **more) -> AccountRecord:
    email = person.email if person else ""
    entitlements = frozenset(more.pop("entitlements", ()))
    record = {key: more.pop(key) for key in ("matched_by", "source") if key in more}
    shown = Account(app, id or f"a{person.id if person else ''}", email=email, entitlements=entitlements, **more)
    return AccountRecord(shown, person.id if person else "", first_seen=ago(days=50), last_seen=ago(hours=2), **record)


def test_an_empty_ledger_is_a_report_of_people_and_apps(ledger):
    facts = facts_of(ledger)
    assert [person.username for person in facts.people] == ["ana.costa", "ben.okafor", "cai.long"]
    assert [person.status for person in facts.people] == ["active", "active", "left"]
    assert facts.people[0].manager == "Ben Okafor"
    assert headline(facts).grants == 0
    assert facts.revocations == facts.findings == facts.failures == ()


@pytest.mark.parametrize(
    ("key", "coverage"), [("github", "automatic"), ("erp", "read-only"), ("wiki", "manual")], ids=str
)
def test_coverage_follows_what_can_be_done_and_read(ledger, key, coverage):
    assert {app.key: app.coverage for app in facts_of(ledger).apps}[key] == coverage


def test_access_says_what_since_when_why_and_how_it_is_known(ledger):
    ledger.record_accounts([account(ANA, entitlements=["admin"], unknown=frozenset({"group:old"}))], run(), NOW)
    ledger.record_accounts([account(BEN, "wiki", source="attested")], run(), NOW)
    ledger.record_grants([GrantRecord("1", "github", "a1", "admin", (RULE,), ago(days=9), "verified")], run(), NOW)
    ana, ben, _cai = facts_of(ledger).people
    admin, unknown = ana.access
    assert (admin.entitlement, admin.since, admin.source, admin.privileged) == ("admin", ago(days=9), "verified", True)
    assert "rule engineers" in admin.because
    assert admin.account == "ana@acme.example"
    assert (unknown.entitlement, unknown.because, unknown.source) == ("group:old", "not in the catalog", "found")
    assert [(held.app, held.entitlement, held.source) for held in ben.access] == [("wiki", "", "attested")]


def test_somebody_whom_hr_forgot_is_still_there_with_what_they_have(ledger):
    gone = Person("9", "dee@acme.example", "dee.ray", name="Dee Ray")
    ledger.record_people([PersonRecord(gone, first_seen=ago(days=90))], run(), NOW)
    ledger.record_accounts([account(gone)], run(), NOW)
    dee = next(person for person in facts_of(ledger).people if person.id == "9")
    assert (dee.name, dee.status, len(dee.access)) == ("Dee Ray", "left", 1)


def test_accounts_are_managed_orphans_or_protected_and_counted_once(ledger):
    records = [
        account(ANA),
        account(None, id="x1", username="ci-old"),
        account(None, id="x2", username="break-glass"),
        account(None, id="x3", username="bot"),
    ]
    ledger.record_accounts(records, run(), NOW)
    ledger.link("github", "x3", "", "the build robot", run(), NOW)
    ledger.record_reading("github", {"complete": True}, run(), ago(hours=1))
    facts = facts_of(ledger)
    github = next(app for app in facts.apps if app.key == "github")
    assert (github.accounts, github.managed, github.orphans, github.protected) == (4, 1, 1, 2)
    assert (github.last_read, github.seats_used, github.seats_limit) == (ago(hours=1), 4, 10)
    assert [(finding.code, finding.account) for finding in facts.findings] == [("orphan", "ci-old")]
    assert headline(facts).orphans == 1


def test_accounts_that_cannot_be_told_apart_are_ambiguous_and_no_orphans(ledger):
    ledger.record_accounts(
        [account(None, id=id, username=id) for id in ("ana.costa", "other")]
        + [dataclasses.replace(account(None, id="twin"), account=Account("github", "twin", email="ana@acme.example"))],
        run(),
        NOW,
    )
    facts = facts_of(ledger)
    assert {finding.code: finding.severity for finding in facts.findings} == {"ambiguous": "error", "orphan": "warning"}
    assert facts.findings[0].person == "ana.costa"
    assert headline(facts).orphans == 1


def test_what_no_rule_gives_and_what_nobody_uses_is_pointed_out(ledger):
    ledger.record_accounts([account(ANA, entitlements=["write"], last_used=ago(days=200))], run(), NOW)
    ledger.record_grants([GrantRecord("1", "github", "a1", "write", (), ago(days=9), "found")], run(), NOW)
    found = {finding.code: finding for finding in facts_of(ledger).findings}
    assert found.keys() == {"unmanaged", "unused"}
    assert "write" in found["unmanaged"].message
    assert found["unused"].person == "ana.costa"
    assert "200 days" in found["unused"].message


def test_findings_of_a_run_are_added_but_not_twice(ledger):
    ledger.record_accounts([account(None, id="x1", username="ci-old")], run(), NOW)
    extra = [
        Finding("orphan_account", "warning", "said before", app="github", account="x1"),
        Finding("last_administrator", "error", "nobody else", app="github", account="x1", person="1"),
    ]
    findings = facts_of(ledger, findings=extra).findings
    assert [(f.code, f.account, f.person) for f in findings] == [
        ("last_administrator", "ci-old", "ana.costa"),
        ("orphan", "ci-old", ""),
    ]


def revoke(kind: ChangeKind = ChangeKind.REVOKE, **more) -> Change:
    entitlement = "admin" if kind in (ChangeKind.REVOKE, ChangeKind.GRANT) else ""
    return Change(kind, "1", "github", "a1", entitlement, (LEFT,), **more)


@pytest.fixture
def with_admin(ledger):
    ledger.record_accounts([account(ANA, entitlements=["admin"])], run(), ago(days=20))
    ledger.record_grants([GrantRecord("1", "github", "a1", "admin", (RULE,), ago(days=20))], run(), ago(days=20))
    return ledger


def settle(ledger, change: Change, state: str, at: dt.datetime, **more) -> None:
    ledger.intend([change], run(), at)
    if state != "intended":
        ledger.settle([ChangeResult(change, state, **more)], run(), at)


@pytest.mark.parametrize("state", ["intended", "done", "unverified", "failed", "deferred", "blocked"])
def test_a_revocation_counts_until_it_is_known_to_be_gone(with_admin, state):
    settle(with_admin, revoke(), state, ago(days=3))
    (revocation,) = facts_of(with_admin).revocations
    assert (revocation.person, revocation.app, revocation.entitlement) == ("ana.costa", "github", "admin")
    assert (revocation.state, revocation.since) == (state, ago(days=3))


@pytest.mark.parametrize("state", ["verified", "already"])
def test_a_verified_revocation_is_not_listed(with_admin, state):
    settle(with_admin, revoke(), "unverified", ago(days=3))
    settle(with_admin, revoke(), state, ago(days=1))
    assert facts_of(with_admin).revocations == ()


def test_a_revocation_is_due_since_it_was_first_tried(with_admin):
    for days in (7, 5, 3):
        settle(with_admin, revoke(), "deferred", ago(days=days), detail=f"try {days}")
    (revocation,) = facts_of(with_admin).revocations
    assert revocation.since == ago(days=7)


def test_a_revocation_that_was_verified_and_is_due_again_counts_from_the_second_time(with_admin):
    settle(with_admin, revoke(), "verified", ago(days=7))
    settle(with_admin, revoke(), "deferred", ago(days=2))
    (revocation,) = facts_of(with_admin).revocations
    assert revocation.since == ago(days=2)


def test_what_was_given_again_since_is_no_open_revocation(with_admin):
    settle(with_admin, revoke(), "unverified", ago(days=3))
    settle(with_admin, revoke(ChangeKind.GRANT), "verified", ago(days=2))
    assert facts_of(with_admin).revocations == ()


def test_what_a_reading_shows_to_be_gone_is_no_open_revocation(with_admin):
    settle(with_admin, revoke(), "failed", ago(days=3))
    with_admin.record_accounts([account(ANA)], run(), ago(days=1))
    with_admin.end_grants([("1", "github", "a1", "admin")], LEFT, run(), ago(days=1))
    assert facts_of(with_admin).revocations == facts_of(with_admin).failures == ()


def test_a_suspension_counts_while_the_account_can_be_used(with_admin):
    settle(with_admin, revoke(ChangeKind.SUSPEND), "failed", ago(days=3))
    assert [r.what for r in facts_of(with_admin).revocations] == ["suspend"]
    with_admin.record_accounts([account(ANA, state="suspended")], run(), ago(days=1))
    assert facts_of(with_admin).revocations == ()


def a_task(*items: Change, **more) -> Task:
    values = {
        "id": "T-1",
        "person": "1",
        "app": "github",
        "items": items,
        "owner": "platform@acme.example",
        "title": "Take admin in GitHub from Ana Costa",
        "instructions": "",
        "opened_at": ago(days=3),
        "due": ago(days=1),
    }
    return Task(**{**values, **more})


@pytest.mark.parametrize(
    ("state", "listed"), [("open", True), ("declined", True), ("attested", False), ("verified", False)], ids=str
)
def test_a_revocation_by_hand_follows_its_task(with_admin, state, listed):
    task = with_admin.open_task(a_task(revoke()), run(), ago(days=3))
    settle(with_admin, revoke(), "task", ago(days=3), task=task.id)
    if state != "open":
        ended = dataclasses.replace(task, state=state, note="she needs it", ended_by="pat", ended_at=ago(hours=5))
        with_admin.update_task(ended, f"task.{state}", run(), ago(hours=5))
    facts = facts_of(with_admin)
    assert [(r.state, r.task) for r in facts.revocations] == ([("task" if state == "open" else state, "T-1")] * listed)
    assert len(facts.tasks) == (1 if state == "open" else 0)
    assert [(e.state, e.count, e.late) for e in facts.ended_tasks] == ([] if state == "open" else [(state, 1, 1)])


def test_a_task_for_an_account_that_nobody_knows_counts_until_it_is_answered(ledger):
    suspend = Change(ChangeKind.SUSPEND, "3", "wiki", "", "", (LEFT,), "emergency")
    task = ledger.open_task(a_task(suspend, person="3", app="wiki"), run(), ago(hours=3))
    settle(ledger, suspend, "task", ago(hours=3), task=task.id)
    assert [(r.person, r.app) for r in facts_of(ledger).revocations] == [("cai.long", "wiki")]


def test_open_tasks_have_age_owner_and_whether_they_are_overdue(ledger):
    ledger.open_task(a_task(revoke(), urgency="emergency"), run(), ago(days=3))
    (task,) = facts_of(ledger).tasks
    assert (task.person, task.owner, task.overdue, task.age_days) == ("ana.costa", "platform@acme.example", True, 3)
    assert next(app for app in facts_of(ledger).apps if app.key == "github").open_tasks == 1


def test_changes_that_did_not_work_are_listed_until_they_have(ledger):
    grant = Change(ChangeKind.GRANT, "1", "github", "a1", "write", (RULE,))
    ledger.record_accounts([account(ANA)], run(), ago(days=9))
    settle(ledger, grant, "failed", ago(days=2), detail="the team is full")
    (failure,) = facts_of(ledger).failures
    assert (failure.person, failure.what, failure.detail) == ("ana.costa", "grant write", "the team is full")
    ledger.record_grants([GrantRecord("1", "github", "a1", "write", (RULE,), ago(days=1))], run(), ago(days=1))
    assert facts_of(ledger).failures == ()


def test_a_change_of_a_run_that_died_is_listed(ledger):
    create = Change(ChangeKind.CREATE, "1", "github", "", "", (RULE,), details={"username": "ana.costa"})
    ledger.intend([create], run(), ago(minutes=5))
    assert facts_of(ledger).failures == ()
    (failure,) = facts_of(ledger, now=NOW + dt.timedelta(hours=2)).failures
    assert failure.state == "intended"


def test_exceptions_in_force_count_down_and_ended_ones_are_gone(ledger):
    def one(id: str, until: dt.date, person: str = "ana.costa") -> AccessException:
        start = dt.date(2026, 11, 1)
        return AccessException(id, person, (("github", "admin"),), "on call", "ana", "ben", start, until)

    ledger.add_exception(one("EX-3", dt.date(2026, 12, 24), "ana@acme.example"), run(), NOW)
    assert [e.id for e in facts_of(ledger).exceptions] == ["EX-3"]
    given = [one("EX-1", dt.date(2026, 11, 19)), one("EX-2", dt.date(2026, 11, 20), "1"), *ledger.exceptions()]
    found = facts_of(ledger, exceptions=given).exceptions
    assert [(e.id, e.days, e.ending_soon, e.person) for e in found] == [
        ("EX-2", 0, True, "ana.costa"),
        ("EX-3", 34, False, "ana.costa"),
    ]
    assert found[0].grant == "github: admin"


def test_only_locks_in_force_are_shown_and_mark_their_person(ledger):
    over = Lock("ben@acme.example", "over", "omar", ago(days=9), ago(days=1))
    holds = Lock("ANA@acme.example", "laptop stolen", "omar", ago(days=1), None)
    facts = facts_of(ledger, locks=[over, holds])
    assert [(lock.person, lock.reason) for lock in facts.locks] == [("ana.costa", "laptop stolen")]
    assert [person.username for person in facts.people if person.locked] == ["ana.costa"]


def test_reviews_count_decisions_per_reviewer(ledger):
    def item(n: int, reviewer: str, decision: str) -> ReviewItem:
        return ReviewItem(str(n), "q4", "1", "github", "a1", f"e{n}", reviewer, decision=decision)

    items = (item(1, "2", "keep"), item(2, "2", "revoke"), item(3, "2", ""), item(4, "it@acme.example", "change"))
    review = Review("q4", "Q4", {}, "manager", ago(days=9), ago(days=1), items=items)
    ledger.save_review(review, "review.opened", run(), ago(days=9))
    (shown,) = facts_of(ledger).reviews
    assert (shown.total, shown.decided, shown.kept, shown.revoked, shown.changed) == (4, 3, 1, 1, 1)
    assert shown.overdue
    assert [(r.reviewer, r.total, r.decided) for r in shown.reviewers] == [
        ("ben.okafor", 3, 2),
        ("it@acme.example", 1, 1),
    ]


def test_runs_say_who_what_and_how_many_changes(ledger):
    settle(ledger, revoke(), "verified", ago(hours=2))
    ledger.end_run(run(), ago(hours=1), "ok", {})
    ledger.begin_run(run("r2", "move", ago(minutes=30)))
    assert [(r.command, r.actor, r.outcome, r.changes) for r in facts_of(ledger).runs] == [
        ("move", "omar", "not ended", 0),
        ("reconcile", "omar", "ok", 1),
    ]


def test_the_evidence_is_named_by_its_head_and_last_checkpoint(ledger):
    checkpoint(ledger, run(), ago(hours=1))
    facts = facts_of(ledger)
    assert facts.chain_count == len(list(ledger.events()))
    assert facts.chain_head == list(ledger.events())[-1].hash
    assert facts.checkpoint is not None
    assert facts.checkpoint.at == ago(hours=1)
    assert 0 < facts.checkpoint.count <= facts.chain_count


def test_events_and_progress_are_shown_as_given(ledger):
    people = facts_of(ledger, events={"1": Lifecycle.JOINER}, progress={"1": (12, 14)}).people
    assert (people[0].event, people[0].progress) == ("joiner", "12 of 14 done")


def test_progress_leaves_out_whom_nothing_is_due_for(ledger):
    joiner = {"1": Lifecycle.JOINER}
    assert facts_of(ledger, events=joiner, progress={"1": (0, 0)}).progress == ()
    assert facts_of(ledger, events=joiner, progress={"1": (12, 14)}).progress == ("Ana Costa: 12 of 14 done",)


def test_a_rehearsal_says_so(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/rehearsal.db", rehearsal=True) as rehearsal:
        assert facts_of(rehearsal, as_of=dt.date(2026, 12, 1)).rehearsal


def test_gathering_changes_nothing_and_gives_the_same_files_twice(with_admin, tmp_path):
    settle(with_admin, revoke(), "deferred", ago(days=3))
    head = with_admin.head
    one = {p.name: p.read_bytes() for p in write_report(facts_of(with_admin), tmp_path / "one")}
    other = {p.name: p.read_bytes() for p in write_report(facts_of(with_admin), tmp_path / "two")}
    assert one == other
    assert with_admin.head == head


def test_a_ledger_opened_for_reading_is_enough(with_admin, tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", read_only=True) as reader:
        assert headline(facts_of(reader)).grants == 1


def test_findings_about_hr_are_shown_although_they_name_no_account(ledger):
    unclear = Finding("no_start", "warning", "nobody knows when she starts", person="1")
    (finding,) = facts_of(ledger, findings=[unclear]).findings
    assert (finding.code, finding.person, finding.app, finding.account) == ("no_start", "ana.costa", "", "")
