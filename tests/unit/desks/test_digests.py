# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is to be told what."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.digests import (
    Circle,
    Happenings,
    completed_since,
    digests,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccessException,
    AccessRequest,
    Approver,
    ChangeKind,
    Finding,
    PersonRecord,
    Task,
)
from ansible_collections.rollcall.access.plugins.module_utils.policy.organisation import Organisation
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import AcceptedRisk
from ansible_collections.rollcall.access.tests.unit.desks.sample import ALEX, LATER, MARIA, NOW, change, create

OWNER = "ops@acme.example"
SECURITY = "security@acme.example"
GIVE, TAKE = (create(),), (change(ChangeKind.SUSPEND, account="a"),)


def task(id: str, *, items=GIVE, owner: str = OWNER, days: int = 2, **more) -> Task:
    due = NOW + dt.timedelta(days=days)
    return Task(id, ALEX.id, "semrush", items, owner, f"Do {id}", "", NOW, due, **more)


def circle(now: dt.datetime = LATER, people=(ALEX, MARIA)) -> Circle:
    return Circle(Organisation(people), now, SECURITY)


def told(*digests_told):
    keys = {one.key for each in digests_told for one in each.news}
    return lambda key: key in keys


def by_route(happenings: Happenings, now: dt.datetime = LATER, people=(ALEX, MARIA)):
    return {(one.route, one.alone): one for one in digests(happenings, circle(now, people))}


def test_thirty_tasks_are_one_message():
    (one,) = digests(Happenings(open=tuple(task(f"t{n:02}") for n in range(30))), circle())
    assert (one.route, one.address, len(one.lines), one.open, one.overdue) == ("owner", OWNER, 30, 30, 0)


def test_nothing_new_is_no_message():
    (one,) = digests(Happenings(open=tuple(task(f"t{n}") for n in range(3))), circle())
    assert one.fresh(told(one)) is None


def test_of_many_open_tasks_only_the_new_one_is_told_and_all_are_counted():
    before = tuple(task(f"t{n}") for n in range(3))
    (first,) = digests(Happenings(open=before), circle())
    (second,) = digests(Happenings(open=(*before, task("new"))), circle())
    fresh = second.fresh(told(first))
    assert [line.subject for line in fresh.lines] == ["new"]
    assert fresh.open == 4


def test_the_most_urgent_comes_first_and_what_is_late_is_marked():
    tasks = (task("b", days=5), task("a", days=5), task("soon", days=1), task("late", days=-1))
    one = by_route(Happenings(open=tasks))["owner", ""]
    assert [(line.subject, line.overdue) for line in one.lines] == [
        ("late", True),
        ("soon", False),
        ("a", False),
        ("b", False),
    ]
    assert one.overdue == 1


def test_of_one_task_one_thing_is_said_and_all_of_it_is_told():
    handed_on = task("t", level=1, reminded_at=LATER, escalated_at=NOW)
    (one,) = digests(Happenings(open=(handed_on,)), circle())
    assert [line.what for line in one.lines] == ["escalated"]
    assert one.fresh(told(one)) is None


def test_each_reminder_is_told_once():
    (first,) = digests(Happenings(open=(task("t", reminded_at=NOW),)), circle())
    (second,) = digests(Happenings(open=(task("t", reminded_at=LATER),)), circle())
    assert [line.what for line in second.fresh(told(first)).lines] == ["reminded"]


def test_a_task_that_went_to_somebody_else_is_new_to_them():
    moved = by_route(Happenings(open=(task("t", owner="boss@acme.example", level=1, escalated_at=NOW),)))
    assert moved["owner", ""].address == "boss@acme.example"
    assert [line.what for line in moved["owner", ""].lines] == ["escalated"]


def test_one_persons_emergency_is_one_message_by_itself_and_goes_to_security_too():
    urgent = {"items": TAKE, "urgency": "emergency"}
    other = dataclasses.replace(task("other", **urgent), person=MARIA.id)
    made = digests(Happenings(open=(task("slow"), task("now", **urgent), task("too", **urgent), other)), circle())
    found = [(one.route, one.alone, sorted(line.subject for line in one.lines)) for one in made]
    assert found == [
        ("owner", MARIA.id, ["other"]),
        ("owner", ALEX.id, ["now", "too"]),
        ("security", MARIA.id, ["other"]),
        ("security", ALEX.id, ["now", "too"]),
        ("owner", "", ["slow"]),
    ]


def test_security_hears_of_removals_that_are_late_refused_or_not_so():
    late, refused = task("late", items=TAKE, days=-1), task("no", items=TAKE, state="declined", note="still needed")
    false = task("false", items=TAKE, note="the account still works")
    happened = Happenings(open=(late, false, task("fine", items=TAKE)), ended=(refused,), reopened={"false"})
    made = by_route(happened)["security", ""]
    assert {(line.subject, line.what, line.note) for line in made.lines} == {
        ("late", "late", ""),
        ("no", "declined", "still needed"),
        ("false", "reopened", "the account still works"),
    }


def test_managers_hear_of_what_is_late_or_refused_for_their_people():
    refused = task("no", state="declined", note="no seat", ended_by=OWNER)
    one = by_route(Happenings(open=(task("late", days=-1), task("fine")), ended=(refused,)))["manager", ""]
    assert one.address == MARIA.email
    assert [(line.subject, line.what, line.note) for line in one.lines] == [
        ("late", "late", ""),
        ("no", "declined", "no seat"),
    ]


def test_a_complete_joiner_and_the_manager_are_told():
    made = by_route(Happenings(completed={ALEX.id: "joining"}))
    assert made["new_hire", ""].address == ALEX.email
    assert made["manager", ""].lines[0].title == "Alex Chen"


@pytest.mark.parametrize(
    ("days", "routes"), [(0, {"manager", "new_hire"}), (90, {"manager", "new_hire"}), (91, {"manager"})]
)
def test_who_is_new_to_the_ledger_and_not_to_the_company_is_not_welcomed(days, routes):
    there = dataclasses.replace(ALEX, start=NOW.date() - dt.timedelta(days=days))
    made = by_route(Happenings(completed={ALEX.id: "joining"}), people=(there, MARIA))
    assert {route for route, _alone in made} == routes


def test_who_has_left_is_not_welcomed():
    assert set(by_route(Happenings(completed={ALEX.id: "leaving"}))) == {("manager", "")}


def test_somebody_without_a_work_address_is_told_at_the_private_one():
    new = dataclasses.replace(ALEX, email="", attributes={"personal_email": "alex@home.example"})
    made = by_route(Happenings(completed={ALEX.id: "joining"}), people=(new, MARIA))
    assert made["new_hire", ""].address == "alex@home.example"


def test_an_owner_nobody_can_reach_is_told_to_security():
    finding = Finding("no_owner", "error", "task t goes to nobody", todo="Name one", app="semrush")
    other = Finding("app_unreadable", "warning", "semrush cannot be read", app="semrush")
    one = by_route(Happenings(findings=(finding, other)))["security", ""]
    assert [(line.title, line.note) for line in one.lines] == [("task t goes to nobody", "Name one")]


def test_that_something_is_off_is_told_only_to_who_heard_of_it():
    off = task("t", state="cancelled", note="not due any more")
    (one,) = digests(Happenings(ended=(off,)), circle())
    assert one.fresh(lambda key: False) is None
    assert [line.what for line in one.fresh(lambda key: key == "opened:t").lines] == ["cancelled"]


def test_an_owner_named_by_user_name_is_told_at_the_address():
    (one,) = digests(Happenings(open=(task("t", owner="maria.lopez"),)), circle())
    assert (one.address, one.name) == (MARIA.email, "Maria Lopez")


def test_without_owner_or_manager_nobody_is_told():
    alone = dataclasses.replace(ALEX, manager="")
    assert not digests(Happenings(open=(task("t", owner="", days=-1),)), circle(people=(alone,)))


def test_complete_is_who_was_at_something_and_is_not_any_more():
    def record(**more):
        return PersonRecord(ALEX, **more)

    before = {"1": record(phase="joining"), "2": record(complete=True), "3": record(phase="moving")}
    after = {"1": record(complete=True), "2": record(complete=True), "3": record(phase="moving"), "4": record()}
    assert completed_since(before, after) == {"1": "joining"}


def test_a_manager_hears_once_of_a_grant_outside_the_rules_that_ends_soon():
    ends = AccessException(
        "EX-7", ALEX.username, (("semrush", "guru"),), "a fair", "x", "y", NOW.date(), dt.date(2026, 3, 9)
    )
    ((route, _alone), one), *rest = by_route(Happenings(ending=(ends,))).items()
    assert (route, one.address, rest) == ("manager", MARIA.email, [])
    (news,) = one.news
    assert (news.title, news.stamp, news.note) == ("Alex Chen, semrush: guru", "2026-03-09", "a fair")
    assert one.fresh(told(one)) is None
    longer = dataclasses.replace(ends, until=dt.date(2026, 6, 9))
    ((_route, again),) = by_route(Happenings(ending=(longer,))).items()
    assert again.fresh(told(one)) is not None


def test_who_answers_for_a_risk_hears_once_that_it_ends_soon():
    risk = AcceptedRisk(
        "R-1", "pay-and-approve", MARIA.username, "on call", NOW.date(), dt.date(2026, 3, 9), ALEX.email
    )
    ((route, _alone), one), *rest = by_route(Happenings(risks=(risk,))).items()
    assert (route, one.address, rest) == ("owner", MARIA.email, [])
    (news,) = one.news
    assert (news.title, news.stamp, news.note) == ("Alex Chen, against pay-and-approve", "2026-03-09", "on call")
    assert one.fresh(told(one)) is None


def test_of_somebody_unknown_or_without_manager_nobody_hears_that_a_grant_ends():
    ends = AccessException("EX-7", "nobody", (("semrush", ""),), "", "x", "y", NOW.date(), NOW.date())
    top = dataclasses.replace(ends, person=MARIA.username)
    assert digests(Happenings(ending=(ends, top)), circle()) == ()


def test_who_asked_hears_what_became_of_it():
    agreed = (Approver("manager", "boss@acme.example", "approved", "boss@acme.example"),)
    asked = AccessRequest(
        "RQ-1",
        ALEX.id,
        (("semrush", "guru"),),
        "a fair",
        MARIA.username,
        NOW,
        NOW.date(),
        dt.date(2026, 6, 9),
        agreed,
        "approved",
    )
    refused = dataclasses.replace(asked, id="RQ-2", state="refused", note="no seat is left", approvers=())
    (one,) = digests(Happenings(decided=(asked, refused)), circle())
    assert (one.route, one.address) == ("owner", MARIA.email)
    assert [(line.title, line.note) for line in one.lines] == [
        ("Alex Chen, semrush: guru: approved", "by boss@acme.example, until 2026-06-09"),
        ("Alex Chen, semrush: guru: refused", "no seat is left"),
    ]
