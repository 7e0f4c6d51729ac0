# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app with a limit of seats: nobody is given an account without one, and what is missing is asked for in time."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude, progress
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.progressing import progress_lines
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.desks import registry
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import DECLINED, YES, Answer
from ansible_collections.rollcall.access.plugins.module_utils.face.results import result_line
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Task
from ansible_collections.rollcall.access.tests.unit.company.place import Place
from ansible_collections.rollcall.access.tests.unit.company.test_companies import step
from ansible_collections.rollcall.access.tests.unit.company.test_leaving import BOB_LEAVES, tasks_run
from ansible_collections.rollcall.access.tests.unit.desks.memory_desk import MemoryDesk, Store

FINANCE = "money@acme.example"
OWNED = "owners: {primary: hub@acme.example}\n    leave"
NEW = "5,Eve,Low,eve@acme.example,Seller,Sales,1,2026-06-03,,employee,Active\n"
NEWER = "6,Fay,Moe,fay@acme.example,Seller,Sales,1,2026-06-02,,employee,Active\n"


def limited(seats: str) -> tuple[str, str]:
    return OWNED, f"owners: {{primary: hub@acme.example, finance: {FINANCE}}}\n    seats: {seats}\n    leave"


@pytest.fixture
def full(place: Place) -> Place:
    """All four seats of the hub are taken."""
    place.edit("access/catalog/apps.yml", limited("{limit: 4, cost: 150, currency: USD, per: month}"))
    step(place)
    return place


def joins(place: Place, *rows: str) -> None:
    place.write("people.csv", (place.path / "people.csv").read_text() + "".join(rows))


def seats_tasks(place: Place, state: str | None = None) -> list[Task]:
    return place.open(writes=False).ledger.tasks(kind="seats", states=None if state is None else (state,))


def the_task(place: Place, state: str = "open") -> Task:
    (found,) = seats_tasks(place, state)
    return found


def answer(task: Task, done: str = YES, note: str = "") -> Answer:
    return Answer(task.id, done, "", note, FINANCE)


def set_limit(place: Place, old: int, new: int) -> None:
    place.edit("access/catalog/apps.yml", (f"limit: {old},", f"limit: {new},"))


def missing(place: Place, id: str) -> tuple[str, ...]:
    return progress(place.open(writes=False), [id])[id].missing


def test_while_there_are_seats_nobody_is_asked(place):
    place.edit("access/catalog/apps.yml", limited("{limit: 4}"))
    _planned, outcome = step(place)
    assert len(place.shown("hub")) == 4
    assert (seats_tasks(place), outcome.left) == ([], ())


def test_what_is_missing_is_asked_of_finance_before_the_first_day(full):
    joins(full, NEW)
    planned, outcome = step(full)
    assert "5" not in full.shown("hub")
    task = the_task(full)
    assert (task.title, task.owner, task.person, task.app) == ("Buy one more seat of hub", FINANCE, "", "hub")
    for part in (
        "Seats: 4, of which 4 are taken",
        "Buy one more seat: 150.00 USD each, 150.00 USD together a month (1,800.00 USD a year).",
        "Write 5 as seats.limit of hub",
        "- Eve Low <eve@acme.example>, first day 2026-06-03",
    ):
        assert part in task.instructions
    assert task.due.isoformat() == "2026-06-03T09:00:00+00:00"
    # the run does not fail: it is in somebody's hands
    assert outcome.left == ()
    assert {(r.change.kind.value, r.state, r.task) for r in outcome.results if r.change.app == "hub"} == {
        ("create", "task", task.id),
        ("grant", "task", task.id),
    }
    waits = f"waits for a seat: {FINANCE} is asked to buy one (task {task.id})"
    assert missing(full, "5")[0] == f"an account in hub: {waits}"
    assert waits in progress_lines(full.open(writes=False), ["5"])["5"]
    line = result_line(outcome.results[0], full.open(writes=False).people)
    assert line.endswith(waits)
    assert [f.message for f in planned.plan.findings if f.code == "no_seat"] == [
        "hub: eve.low waits for a seat, which has to be bought (4 of 4 are taken)"
    ]


def test_repeating_asks_once_and_says_that_nothing_changed(full):
    joins(full, NEW)
    first, _outcome = step(full)
    second, again = step(full)
    assert first.plan.hash == second.plan.hash
    assert not again.changed
    assert len(seats_tasks(full)) == 1
    assert verify_ledger(full.open().ledger).ok


def test_one_task_asks_for_all_that_are_missing_and_follows_who_needs_one(full):
    joins(full, NEW)
    step(full)
    first = the_task(full)
    joins(full, NEWER)
    _planned, outcome = step(full)
    task = the_task(full)
    assert (task.id, task.title, task.details["wanted"]) == (first.id, "Buy 2 more seats of hub", 2)
    assert outcome.changed
    assert task.due.isoformat() == "2026-06-02T09:00:00+00:00"
    # one of them does not come after all
    full.edit("people.csv", (NEWER, NEWER.replace(",,employee", ",2026-05-31,employee")))
    tasks_run(full)
    assert the_task(full).title == "Buy one more seat of hub"
    full.edit("people.csv", (NEW, NEW.replace(",,employee", ",2026-05-31,employee")))
    assert tasks_run(full).ended == {first.id: "cancelled"}


def test_when_finance_says_that_they_are_bought_the_accounts_are_made(full):
    joins(full, NEW, NEWER)
    step(full)
    tasks_run(full, answer(the_task(full)))
    step(full)
    assert {"5", "6"} <= full.shown("hub").keys()
    # what was bought counts once: the next one has to be bought again
    joins(full, "7,Gus,Poe,gus@acme.example,Seller,Sales,1,2026-06-02,,employee,Active\n")
    step(full)
    assert (the_task(full).details["wanted"], "7" in full.shown("hub")) == (1, False)
    # and when the catalog says what there is, that counts
    set_limit(full, 4, 6)
    step(full)
    assert "7" not in full.shown("hub")
    set_limit(full, 6, 7)
    step(full)
    assert "7" in full.shown("hub")


def test_a_task_ends_by_itself_when_the_limit_in_the_catalog_rises(full):
    joins(full, NEW)
    step(full)
    task = the_task(full)
    set_limit(full, 4, 5)
    assert tasks_run(full).ended == {task.id: "verified"}
    assert the_task(full, "verified").note == "there are seats now, or they become free"
    step(full)
    assert "5" in full.shown("hub")


def test_a_seat_that_becomes_free_in_the_same_run_is_taken_at_once(full):
    joins(full, NEW)
    full.edit("people.csv", BOB_LEAVES)
    planned, _outcome = step(full)
    assert full.shown("hub")["2"][0] is False
    assert full.shown("hub")["5"][0] is True
    assert seats_tasks(full) == []
    assert [f.message for f in planned.plan.findings if f.code == "no_seat"] == [
        "hub: eve.low waits for a seat: that of Bob Ray becomes free (4 of 4 are taken)"
    ]


def test_a_seat_that_is_on_its_way_is_waited_for_and_not_bought(place):
    # the desk is kept by hand: its removals are tasks
    place.edit(
        "access/catalog/apps.yml",
        ("owners: {primary: office@acme.example}", "owners: {primary: office@acme.example}\n    seats: {limit: 2}"),
    )
    step(place)
    for task in place.open(writes=False).ledger.tasks(app="desk", states=("open",)):
        tasks_run(place, Answer(task.id, YES, "", "", "office@acme.example"))
    joins(place, NEW.replace("Seller,Sales", "Engineer,Engineering"))
    place.edit("people.csv", BOB_LEAVES)
    step(place)
    # whoever reads the plan again sees the open removal
    step(place)
    (removal,) = place.open(writes=False).ledger.tasks(app="desk", states=("open",), person="2")
    assert seats_tasks(place) == []
    waits = [line for line in missing(place, "5") if line.startswith("an account in desk")]
    assert waits == [
        f"an account in desk: waits for a seat: that of Bob Ray becomes free, expected by "
        f"{removal.due:%Y-%m-%d %H:%M} UTC (task {removal.id})"
    ]
    # nothing is asked of the owner that there is no seat for
    assert place.open(writes=False).ledger.tasks(app="desk", person="5") == []
    tasks_run(place, Answer(removal.id, YES, "", "", "office@acme.example"))
    step(place)
    (task,) = place.open(writes=False).ledger.tasks(app="desk", person="5")
    assert task.title == "Give Eve Low access to desk"


def test_what_was_refused_is_explained_and_not_asked_again(full):
    joins(full, NEW)
    step(full)
    task = the_task(full)
    tasks_run(full, answer(task, DECLINED, "No budget before July"))
    planned, outcome = step(full)
    assert (len(seats_tasks(full)), outcome.left, outcome.changed) == (1, (), False)
    assert missing(full, "5")[0].endswith(
        f"waits for a seat: to buy one was declined by {FINANCE} on 2026-06-01: No budget before July"
    )
    assert any("No budget before July" in f.message for f in planned.plan.findings if f.code == "no_seat")
    # somebody else who needs one is asked for, and a seat that becomes free goes to who waits longest
    joins(full, NEWER)
    step(full)
    assert (the_task(full).details["wanted"], list(the_task(full).details["people"])) == (1, ["6"])


def test_a_freed_seat_goes_to_who_waits_and_ends_what_was_asked(full):
    joins(full, NEW)
    step(full)
    task = the_task(full)
    full.edit("people.csv", BOB_LEAVES)
    step(full)
    assert full.shown("hub")["5"][0] is True
    assert tasks_run(full).ended[task.id] == "verified"
    assert the_task(full, "verified").note == "everybody who waited has one"


def test_runs_for_one_person_each_come_to_the_same_as_one_for_all(full):
    set_limit(full, 4, 5)
    joins(full, NEW, NEWER)
    company = full.open()
    run = full.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, run)
    company.ledger.save_plan(planned.plan, run, company.clock.now())
    # Eve's turn comes first, and Fay starts first
    for id in ("5", "6"):
        mine = [change for change in planned.plan.changes if change.person == id]
        carry_out(company, mine, run, plan=planned.plan.hash, whole=planned.plan.changes)
        conclude(company, [id], run)
    assert ("5" in full.shown("hub"), "6" in full.shown("hub")) == (False, True)
    assert list(the_task(full).details["people"]) == ["5"]
    states = company.ledger.change_states(planned.plan.hash)
    assert set(states.values()) <= {"task", "verified", "done", "already"}


def test_without_a_finance_owner_the_owner_of_the_app_is_asked(place):
    place.edit("access/catalog/apps.yml", (OWNED, OWNED.replace("    leave", "    seats: {limit: 0}\n    leave")))
    step(place)
    task = the_task(place)
    assert (task.owner, task.details["wanted"]) == ("hub@acme.example", 4)
    assert place.shown("hub") == {}


def test_finance_is_told_at_the_desk_when_it_is_more(full, monkeypatch):
    store = Store()
    monkeypatch.setattr(MemoryDesk, "store", store)
    monkeypatch.setattr(registry, "desk_class", lambda word: MemoryDesk)
    full.edit("access/catalog/apps.yml", ("apps:", "desks:\n  helpdesk: {type: email, default: true}\napps:"))
    joins(full, NEW)
    step(full)
    tasks_run(full)
    joins(full, NEWER)
    step(full)
    # they answer before they are told: one was bought
    (reference,) = (key for key, kept in store.tickets.items() if kept.ticket.title.startswith("Buy one more seat"))
    store.say(reference, "done", FINANCE)
    tasks_run(full)
    step(full)
    assert ("5" in full.shown("hub"), "6" in full.shown("hub")) == (False, True)
    assert the_task(full).details["wanted"] == 1
    # and again, being told this time
    joins(full, "7,Gus,Poe,gus@acme.example,Seller,Sales,1,2026-06-04,,employee,Active\n")
    tasks_run(full)
    step(full)
    tasks_run(full)
    (second,) = (key for key in store.tickets if key > reference and "hub" in store.tickets[key].ticket.title)
    (news,) = store.tickets[second].ours()
    assert "It is now: Buy 2 more seats of hub" in news
    store.say(second, "done", FINANCE)
    tasks_run(full)
    step(full)
    assert {"5", "6", "7"} <= full.shown("hub").keys()
