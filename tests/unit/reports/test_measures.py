# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times to provision and to revoke, service levels, and the debt of revocations: each by hand-counted cases."""

from __future__ import annotations

import dataclasses
import datetime as dt
import statistics

from ansible_collections.rollcall.access.plugins.module_utils.model import App, Event, Task
from ansible_collections.rollcall.access.plugins.module_utils.reports.facts import (
    Debt,
    Duration,
    OpenTask,
    Revocation,
    ServiceLevel,
)
from ansible_collections.rollcall.access.plugins.module_utils.reports.measures import (
    debt,
    durations,
    percentile,
    service_levels,
)
from ansible_collections.rollcall.access.plugins.module_utils.reports.openmetrics import open_metrics
from ansible_collections.rollcall.access.plugins.module_utils.reports.progress import progress_line
from ansible_collections.rollcall.access.tests.unit.reports.hostile import HOSTILE, with_every_text
from ansible_collections.rollcall.access.tests.unit.reports.sample import sample
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.timezone.utc)
HUB = App("hub", "Hub", "scim", owners={"primary": "hub@acme.example"})
ERP = App("erp", "ERP", "none", owners={"primary": "erp@acme.example"})
APPS = {app.key: app for app in (HUB, ERP)}


class History:
    """Events of changes, written as the ledger does."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, what: str, id: str, hours_ago: float, app: str = "hub", run: str = "r", **data: str) -> None:
        seq = len(self.events) + 1
        at = NOW - dt.timedelta(hours=hours_ago)
        self.events.append(Event(seq, at, f"change.{what}", run, "ops", "1", app, {"id": id, **data}, "", ""))

    def measured(self, *tasks: Task) -> dict[tuple[str, str, str], tuple[int, float, float]]:
        found = durations(self.events, {task.id: task for task in tasks}, APPS, now=NOW)
        return {(d.scope, d.name, d.what): (d.count, d.median / 3600, d.p95 / 3600) for d in found}


def task(id: str, *, owner: str = "erp@acme.example", due: float, ended: float | None, **more: object) -> Task:
    """A task due so many hours ago, ended so many hours ago (None: open)."""
    moment = None if ended is None else NOW - dt.timedelta(hours=ended)
    state = "open" if ended is None else "attested"
    begun, until = NOW - dt.timedelta(days=5), NOW - dt.timedelta(hours=due)
    values = {"state": state, "ended_at": moment, **more}
    return Task(id, "1", "erp", (), owner, "", "", begun, until, **values)


def test_the_clock_runs_from_the_first_intention_to_the_verification_however_often_it_was_tried():
    history = History()
    history.add("intended", "a", 10, kind="grant")
    history.add("deferred", "a", 10)
    history.add("intended", "a", 6, kind="grant", run="r2")
    history.add("done", "a", 6, run="r2")
    history.add("verified", "a", 4, run="r2")
    assert history.measured() == {
        ("all", "", "provision"): (1, 6, 6),
        ("app", "hub", "provision"): (1, 6, 6),
        ("owner", "hub@acme.example", "provision"): (1, 6, 6),
    }


def test_what_an_owner_attests_counts_for_the_owner_of_the_task():
    history = History()
    history.add("intended", "a", 30, "erp", kind="suspend")
    history.add("task", "a", 30, "erp", task="T1")
    history.add("done", "a", 5, "erp", detail="attested by sam", task="T1")
    assert history.measured(task("T1", owner="sam@acme.example", due=1, ended=5))[
        "owner", "sam@acme.example", "revoke"
    ] == (1, 25, 25)


def test_what_was_said_to_be_done_and_was_not_goes_on_counting():
    history = History()
    history.add("intended", "a", 30, kind="revoke")
    history.add("done", "a", 20, detail="attested by sam", task="T1")
    history.add("task", "a", 19, detail="it is still there", task="T1")
    assert history.measured() == {}
    history.add("verified", "a", 10, task="T1")
    assert history.measured()["app", "hub", "revoke"] == (1, 20, 20)


def test_what_was_declined_or_was_so_already_was_not_done():
    history = History()
    history.add("intended", "a", 9, kind="grant")
    history.add("blocked", "a", 8)
    history.add("intended", "b", 7, kind="grant")
    history.add("already", "b", 7)
    history.add("intended", "c", 6, kind="end_sessions")
    history.add("verified", "c", 5)
    assert history.measured() == {}


def test_what_a_run_that_died_had_done_is_found_by_the_next_one():
    history = History()
    history.add("intended", "a", 9, kind="create", run="r1")
    history.add("already", "a", 3, run="r2")
    assert history.measured()["all", "", "provision"] == (1, 6, 6)


def test_the_same_thing_given_twice_in_a_year_is_measured_twice_and_only_the_last_days_count():
    history = History()
    for begun, ended in ((24 * 100, 24 * 99), (50, 40), (8, 6)):
        history.add("intended", "a", begun, kind="grant")
        history.add("verified", "a", ended)
    assert history.measured()["all", "", "provision"] == (2, 6, 10)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_of_all_values_so_many_are_no_greater_than_the_percentile(values, percent):
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values)
    assert sum(value < found for value in values) < percent / 100 * len(values)


def test_the_95th_percentile_of_twenty_is_the_nineteenth():
    assert percentile([*range(20, 0, -1)], 95) == 19
    assert percentile([7.0], 95) == statistics.median([7.0])


def test_in_time_is_what_ended_before_it_was_due_and_late_is_also_what_is_still_open():
    tasks = [
        task("in-time", due=2, ended=3),
        task("late", due=3, ended=2),
        task("open-late", due=1, ended=None, owner="x@acme.example"),
        task("open", due=-1, ended=None),
        task("cancelled", due=9, ended=1, state="cancelled"),
        task("long-ago", due=24 * 200, ended=24 * 199),
        task("urgent", due=2, ended=3, urgency="emergency"),
        task("asked", due=2, ended=3, kind="approval"),
    ]
    found = {(level.scope, level.name): level for level in service_levels(tasks, now=NOW)}
    assert found["all", ""] == ServiceLevel("all", "", 3, 2)
    assert found["all", ""].ratio == 0.6
    assert found["owner", "x@acme.example"].ratio == 0
    assert (found["kind", "emergency"].ratio, found["kind", "approval"].ratio) == (1, 1)
    assert found["kind", "access"] == ServiceLevel("kind", "access", 1, 2)


def test_debt_is_counted_by_age():
    def due(hours: float) -> Revocation:
        return Revocation("a", "hub", "", "", "suspend", "task", NOW - dt.timedelta(hours=hours))

    ages = (1, 23, 24, 24 * 7, 24 * 29, 24 * 31)
    assert debt([due(hours) for hours in ages], now=NOW) == (
        Debt(0, 1, 2),
        Debt(1, 7, 1),
        Debt(7, 30, 2),
        Debt(30, None, 1),
    )


def waiting(app: str, owner: str, days: int, **more: object) -> OpenTask:
    opened = NOW - dt.timedelta(days=days)
    return OpenTask(app, f"Give Alex access to {app}", owner, "alex", app, opened, opened, **more)


def test_progress_is_one_sentence():
    names = {"salesforce": "Salesforce"}
    tasks = [waiting("salesforce", "sales.ops", 3), waiting("erp", "", 12, overdue=True), waiting("wiki", "w", 1)]
    explained = ["Figma was declined by design: no seat"]
    line = progress_line("Alex Chen", 12, 14, tasks, names, now=NOW, explained=explained)
    assert line == (
        "Alex Chen: 12 of 14 done; erp waits for nobody since 2026-11-08, late; Salesforce waits for sales.ops since "
        "Tuesday; wiki waits for w since yesterday; Figma was declined by design: no seat"
    )


def test_who_has_several_is_named_once():
    tasks = [
        waiting("wiki", "it", 0),
        waiting("chat", "it", 0),
        waiting("erp", "it", 0, overdue=True),
        waiting("crm", "ann", 0),
    ]
    line = progress_line("Alex Chen", 0, 4, tasks, {}, now=NOW)
    assert line == (
        "Alex Chen: 0 of 4 done; chat and wiki wait for it since today; crm waits for ann since today; "
        "erp waits for it since today, late"
    )


def test_of_several_tasks_of_an_app_progress_says_which():
    task = dataclasses.replace(waiting("drive", "it", 0), kind="handover", title="Hand Alex's files to Jane")
    line = progress_line("Alex Chen", 1, 2, [task], {"drive": "Drive"}, now=NOW)
    assert line == "Alex Chen: 1 of 2 done; Hand Alex's files to Jane waits for it since today"


def test_openmetrics_are_read_by_the_parser_of_the_standard_and_say_what_the_report_says():
    facts = sample()
    families = {family.name: family for family in text_string_to_metric_families(open_metrics(facts))}
    assert sum(s.value for s in families["rollcall_tasks_open"].samples) == len(facts.tasks)
    assert [s.value for s in families["rollcall_duty_conflicts"].samples] == [1]
    assert [s.value for s in families["rollcall_leavers_with_access"].samples] == [1]
    assert sum(s.value for s in families["rollcall_tasks_overdue"].samples) == sum(one.overdue for one in facts.tasks)
    assert sum(s.value for s in families["rollcall_revocation_debt"].samples) == sum(one.count for one in facts.debt)
    medians = {
        (s.labels["scope"], s.labels["name"]): s.value
        for s in families["rollcall_revoke_seconds"].samples
        if s.labels.get("quantile") == "0.5"
    }
    told = [d for d in facts.durations if d.what == "revoke" and d.scope != "all"]
    assert medians == {(d.scope, d.name): d.median for d in told}
    assert told
    assert isinstance(facts.durations[0], Duration)


def test_labels_are_data():
    for text in HOSTILE:
        parsed = [*text_string_to_metric_families(open_metrics(with_every_text(sample(), text)))]
        owners = {s.labels["owner"] for family in parsed for s in family.samples if "owner" in s.labels}
        expected = text.encode("utf-8", errors="backslashreplace").decode().replace("\r", "\\r")
        assert owners == {expected}, text


def test_owners_who_differ_in_what_cannot_be_shown_are_no_sample_twice():
    facts = sample()
    owners = ("a\rb", "a b", "a\nb", "\ud800", "?", 'a"b', "a\\")
    tasks = tuple(dataclasses.replace(facts.tasks[0], owner=owner) for owner in owners)
    parsed = text_string_to_metric_families(open_metrics(dataclasses.replace(facts, tasks=tasks)))
    (found,) = [family for family in parsed if family.name == "rollcall_tasks_open"]
    assert [one.value for one in found.samples] == [1.0] * len(owners)
