# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When an owner is reminded, and when a task goes to the next one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t
import zoneinfo

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.desks.chasing import Rules, Step, next_step
from ansible_collections.rollcall.access.plugins.module_utils.model import App, Change, ChangeKind, Person, Status, Task
from ansible_collections.rollcall.access.plugins.module_utils.planning.owners import Owners
from ansible_collections.rollcall.access.plugins.module_utils.policy.organisation import Organisation
from hypothesis import given
from hypothesis import strategies as st

ZONE = zoneinfo.ZoneInfo("Europe/Amsterdam")
OFFICE = WorkingDay(dt.time(17), "Europe/Amsterdam", dt.time(9), frozenset(range(5)))
RULES = Rules()
BOB, DANA, OPS, IT = "bob@acme.example", "dana@acme.example", "ops@acme.example", "it@acme.example"
PEOPLE = (
    Person("dana", email=DANA, department="Sales"),
    Person("bob", email=BOB, department="Sales", manager="dana"),
    Person("alex", email="alex@acme.example", department="Sales", manager="bob"),
)
CRM = App("crm", name="CRM", owners={"primary": BOB, "it": OPS})
DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(dt.timezone.utc)


def task(opened: str = "2026-03-02T10:00", due: str = "2026-03-04T10:00", owner: str = BOB, **more: t.Any) -> Task:
    item = Change(more.pop("what", ChangeKind.GRANT), "alex", "crm", entitlement="user")
    person = more.pop("person", "alex")
    return Task("t1", person, "crm", (item,), owner, "Give", "How", at(opened), at(due), **more)


def owners(missing: t.Mapping[str, Status] | None = None, **more: t.Any) -> Owners:
    statuses = {one.id: (missing or {}).get(one.id, Status.ACTIVE) for one in PEOPLE}
    return Owners(Organisation(PEOPLE), statuses, **{"fallback": IT, **more})


def step(
    one: Task, now: str | dt.datetime, who: Owners | None = None, rules: Rules = RULES, app: App | None = CRM
) -> Step | None:
    who = who or owners()
    moment = at(now) if isinstance(now, str) else now
    return next_step(one, who.chain_for(one, app), rules, OFFICE, moment, who)


def taken(one: Task, now: dt.datetime, who: Owners | None = None, rules: Rules = RULES) -> Task:
    """The task as it is after its step."""
    found = step(one, now, who, rules)
    if found is None:
        return one
    if found.remind:
        return dataclasses.replace(one, reminded_at=now)
    return dataclasses.replace(one, owner=found.escalate_to, level=found.level, escalated_at=now, reminded_at=None)


# reminding


def test_nothing_is_done_about_a_task_that_has_time():
    assert step(task(), "2026-03-03T10:00") is None
    assert step(dataclasses.replace(task(), state="attested"), "2026-04-03T10:00") is None


def test_the_owner_is_reminded_in_working_hours_before_the_deadline():
    # due Wednesday 10:00: four working hours before is Tuesday 14:00
    assert step(task(), "2026-03-03T13:00") is None
    assert step(task(), "2026-03-03T13:59") is None
    found = step(task(), "2026-03-03T14:00")
    assert found == Step(remind=True, why="Task t1 is to be done by 2026-03-04 10:00 Europe/Amsterdam (09:00 UTC).")


def test_a_task_with_less_time_than_that_is_not_announced_twice():
    short = task("2026-03-02T10:00", "2026-03-02T13:00")
    assert step(short, "2026-03-02T10:00") is None
    assert step(short, "2026-03-02T12:59") is None
    assert step(short, "2026-03-02T13:00").remind


def test_reminding_before_can_be_switched_off():
    off = Rules.from_settings({"remind_before": "0m"})
    assert step(task(), "2026-03-04T09:00", rules=off) is None
    assert step(task(), "2026-03-04T10:00", rules=off).remind


def test_a_late_task_is_reminded_at_its_deadline_and_then_every_working_day():
    rules = Rules.from_settings({"escalate_after": "0m"})
    late = dataclasses.replace(task(due="2026-03-05T16:00"), reminded_at=at("2026-03-05T12:00"))
    assert step(late, "2026-03-05T15:59", rules=rules) is None
    found = step(late, "2026-03-05T16:00", rules=rules)
    assert found.remind
    assert "late" in found.why
    again = dataclasses.replace(late, reminded_at=at("2026-03-06T16:00"))
    assert step(again, "2026-03-07T16:00", rules=rules) is None
    assert step(again, "2026-03-09T15:59", rules=rules) is None
    assert step(again, "2026-03-09T16:00", rules=rules).remind


# escalating


def test_a_task_goes_to_the_second_owner_a_working_day_after_its_deadline():
    friday = dataclasses.replace(task(due="2026-03-06T12:00"), reminded_at=at("2026-03-06T12:00"))
    assert step(friday, "2026-03-08T12:00") is None
    assert step(friday, "2026-03-09T11:59") is None
    found = step(friday, "2026-03-09T12:00")
    assert (found.escalate_to, found.level, found.remind, found.reassigned) == (OPS, 1, False, False)


def test_an_escalation_says_from_whom_to_whom_and_since_when():
    why = step(task(), "2026-03-05T10:00").why
    for words in (
        f"{BOB} (primary owner) has had it since 2026-03-02 10:00 Europe/Amsterdam (09:00 UTC)",
        "to be done by 2026-03-04 10:00 Europe/Amsterdam",
        f"it goes to {OPS} (it owner)",
    ):
        assert words in why


def test_each_owner_has_their_own_time_before_it_goes_on():
    second = dataclasses.replace(task(owner=OPS), level=1, escalated_at=at("2026-03-05T10:00"))
    assert step(second, "2026-03-05T10:00") is None
    assert step(second, "2026-03-06T09:59") is None
    found = step(second, "2026-03-06T10:00")
    assert (found.escalate_to, found.level) == (DANA, 2)
    head = dataclasses.replace(task(owner=DANA), level=2, escalated_at=at("2026-03-06T10:00"))
    assert (step(head, "2026-03-09T10:00").escalate_to, step(head, "2026-03-09T10:00").level) == (IT, 3)


def test_who_is_not_there_is_passed_over_and_the_level_is_that_of_the_one_who_gets_it():
    who = owners({"dana": Status.LEAVE}, bounced={OPS})
    found = step(task(), "2026-03-05T10:00", who)
    assert (found.escalate_to, found.level) == (IT, 3)


def test_the_last_in_line_is_reminded_and_nothing_else():
    last = dataclasses.replace(task(owner=IT), level=3, escalated_at=at("2026-03-09T10:00"))
    assert step(last, "2026-03-10T09:59") is None
    assert step(last, "2026-03-10T10:00").remind


def test_a_task_that_is_late_by_several_steps_takes_one_of_them_in_a_run():
    one, now = task(), at("2026-03-31T10:00")
    one = taken(one, now)
    assert (one.owner, one.level) == (OPS, 1)
    assert step(one, now) is None
    one = taken(one, now + DAY)
    assert (one.owner, one.level) == (DANA, 2)


# owners who are not there


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (owners({"bob": Status.LEFT}), "has left"),
        (owners({"bob": Status.LEAVE}), "is on leave"),
        (owners(locked={"bob"}), "is locked out"),
        (owners(bounced={BOB}), "cannot be reached by mail"),
    ],
)
def test_a_task_whose_owner_is_not_there_goes_on_at_once(who, why):
    found = step(task(), "2026-03-02T10:01", who)
    assert (found.escalate_to, found.level, found.reassigned) == (OPS, 1, True)
    assert found.why == (
        f"Task t1: {BOB} {why}; it goes to {OPS} (it owner). It is open since 2026-03-02 10:00 Europe/Amsterdam "
        "(09:00 UTC), to be done by 2026-03-04 10:00 Europe/Amsterdam (09:00 UTC)."
    )


def test_the_heir_of_a_task_that_was_escalated_is_not_somebody_who_had_it():
    second = dataclasses.replace(task(owner=DANA), level=2, escalated_at=at("2026-03-05T10:00"))
    found = step(second, "2026-03-05T10:01", owners({"dana": Status.LEFT}))
    assert (found.escalate_to, found.level) == (IT, 3)


def test_the_removal_of_an_owner_goes_to_somebody_else():
    own = task(what=ChangeKind.SUSPEND, person="bob")
    found = step(own, "2026-03-02T10:01")
    assert found.escalate_to == OPS
    assert "is the person whom it is about" in found.why


def test_a_new_owner_in_the_catalog_gets_the_tasks_of_the_old_one():
    app = App("crm", owners={"primary": "new@acme.example"})
    found = step(task(), "2026-03-02T10:01", app=app)
    assert (found.escalate_to, found.level) == ("new@acme.example", 0)
    assert "does not answer for it any more" in found.why


def test_a_task_that_nobody_could_get_goes_to_the_first_who_can_be_reached():
    orphan = dataclasses.replace(task(owner=""), level=0)
    found = step(orphan, "2026-03-02T10:01")
    assert (found.escalate_to, found.reassigned) == (BOB, True)
    at_fallback = dataclasses.replace(task(owner=IT), level=3)
    found = step(at_fallback, "2026-03-02T10:01")
    assert (found.escalate_to, found.level, found.reassigned) == (BOB, 0, True)


def test_nobody_to_go_to_changes_nothing():
    gone = owners({"bob": Status.LEFT, "dana": Status.LEFT}, fallback="")
    assert step(task(), "2026-03-31T10:00", gone, app=App("crm", owners={"primary": BOB})) is None


def test_the_new_owner_of_a_task_that_was_passed_on_in_time_is_reminded_as_well():
    passed_on = dataclasses.replace(task(owner=OPS), level=1, escalated_at=at("2026-03-03T09:00"))
    assert step(passed_on, "2026-03-03T13:00") is None
    assert step(passed_on, "2026-03-03T14:00").remind


# emergencies


def urgent(**more: t.Any) -> Task:
    # Saturday night: an emergency knows no working hours
    given = {"what": ChangeKind.SUSPEND, "urgency": "emergency", **more}
    return task("2026-02-28T22:00", "2026-02-28T23:00", **given)


def test_an_emergency_is_reminded_and_escalated_in_minutes_by_the_clock():
    assert step(urgent(), "2026-02-28T22:09") is None
    found = step(urgent(), "2026-02-28T22:10")
    assert found.remind
    assert "urgent" in found.why
    reminded = urgent(reminded_at=at("2026-02-28T22:10"))
    assert step(reminded, "2026-02-28T22:14") is None
    found = step(reminded, "2026-02-28T22:15")
    assert (found.escalate_to, found.level) == (OPS, 1)
    assert "emergency" in found.why
    second = urgent(owner=OPS, level=1, escalated_at=at("2026-02-28T22:15"))
    assert step(second, "2026-02-28T22:24") is None
    assert step(second, "2026-02-28T22:25").remind
    assert step(second, "2026-02-28T22:30").escalate_to == DANA


def test_an_emergency_has_rules_of_its_own():
    rules = Rules.from_settings({"emergency": {"remind_every": "2m", "escalate_after": "5m"}, "remind_before": "1d"})
    assert step(urgent(), "2026-02-28T22:02", rules=rules).remind
    assert step(urgent(), "2026-02-28T22:05", rules=rules).escalate_to == OPS
    assert rules == Rules(DAY, DAY, DAY, 2 * MINUTE, 5 * MINUTE)


def test_without_settings_the_rules_are_the_documented_ones():
    assert Rules.from_settings({}) == Rules(4 * HOUR, DAY, DAY, 10 * MINUTE, 15 * MINUTE)


# what holds always


@given(
    st.lists(st.integers(0, 60 * 24 * 5), min_size=1, max_size=12),
    st.booleans(),
    st.sampled_from(["", "bob", "dana"]),
)
def test_a_run_that_is_repeated_at_the_same_moment_does_nothing_more(waits, emergency, missing):
    who = owners({missing: Status.LEFT} if missing else None)
    one = urgent() if emergency else task()
    now = one.opened_at
    for wait in waits:
        now += wait * MINUTE
        before, one = one, taken(one, now, who)
        assert one.level >= before.level
        assert step(one, now, who) is None
        assert one.owner in {OPS, DANA, IT, BOB} - {f"{missing}@acme.example"}
