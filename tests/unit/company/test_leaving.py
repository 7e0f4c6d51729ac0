# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes with leaving: a manager's choices and what follows from them, and secrets that leavers knew."""

from __future__ import annotations

import typing as t
from unittest import mock

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import leaving
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude, progress
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import Synchronised, synchronise
from ansible_collections.rollcall.access.plugins.module_utils.desks import registry
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import DECLINED, YES, Answer
from ansible_collections.rollcall.access.plugins.module_utils.errors import TaskError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Lock, Task
from ansible_collections.rollcall.access.tests.unit.company.place import Everything, Place
from ansible_collections.rollcall.access.tests.unit.company.test_companies import step
from ansible_collections.rollcall.access.tests.unit.desks.memory_desk import MemoryDesk, Store

ANN, CAT, HUB = "ann@acme.example", "cat@acme.example", "hub@acme.example"
BOB_LEAVES = ("2016-01-01,,employee", "2016-01-01,2026-05-31,employee")
CAT_LEAVES = ("2017-01-01,,employee", "2017-01-01,2026-05-31,employee")
THINGS = ("    leave: {then: suspend}\n    tags", "    leave: {then: suspend, hand_over: [mailbox, drive]}\n    tags")
SECRET = (
    "    tags: [soc2]\n",
    "    tags: [soc2]\n    secrets:\n"
    "      build: {name: Build robot, kind: api_key, known_to: [code], owner: sec@acme.example}\n",
)


def tasks_run(place: Place, *answers: Answer, as_of: str = "") -> Synchronised:
    company = place.open(as_of=as_of)
    run = place.run(company)
    found = synchronise(company, run, answers)
    company.ledger.end_run(run, company.clock.now(), "ok", {})
    return found


def of_kind(place: Place, kind: str, state: str | None = "open") -> list[Task]:
    states = None if state is None else (state,)
    return place.open(writes=False).ledger.tasks(kind=kind, states=states)


def only(place: Place, kind: str, state: str = "open") -> Task:
    (found,) = of_kind(place, kind, state)
    return found


def says(task: Task, note: str, by: str = ANN, done: str = YES) -> Answer:
    return Answer(task.id, done, "", note, by)


def told(place: Place) -> int:
    """How often something was written about tasks and people."""
    kinds = ("task.", "person.", "notice.")
    return sum(event.kind.startswith(kinds) for event in place.open(writes=False).ledger.events())


@pytest.fixture
def left(place: Place) -> Place:
    """Bob has left, and hands over a mailbox and a drive of the hub."""
    place.edit("access/catalog/apps.yml", THINGS)
    step(place)
    place.edit("people.csv", BOB_LEAVES)
    step(place)
    tasks_run(place)  # he needs no key any more
    return place


# choices


def test_the_manager_is_asked_once_what_becomes_of_a_leavers_things(left):
    task = only(left, "choices")
    assert (task.person, task.owner, task.app, task.title) == (
        "2",
        ANN,
        "",
        "Say who takes over what Bob Ray leaves behind",
    )
    for part in ("hub mailbox: ADDRESS", "hub drive: ADDRESS", "the last day was 2026-05-31", "goes to you"):
        assert part in task.instructions
    step(left)
    tasks_run(left)
    assert only(left, "choices").id == task.id


def test_choices_become_tasks_for_the_owner_of_the_app(left):
    task = only(left, "choices")
    found = tasks_run(left, says(task, "hub mailbox: cat@acme.example; drive: delete"))
    assert found.ended == {task.id: "attested"}
    opened = {one.subject: one for one in of_kind(left, "handover")}
    assert {key: (one.title, one.owner, one.person) for key, one in opened.items()} == {
        "hub mailbox": ("Hand the mailbox of Bob Ray in hub over to Cat Fox", HUB, "2"),
        "hub drive": ("Delete the drive of Bob Ray in hub", HUB, "2"),
    }
    details = opened["hub mailbox"].details
    assert (details["to"], details["decided_by"], details["choices"]) == ("3", ANN, task.id)
    assert f"decided on 2026-06-01 by {ANN}" in opened["hub mailbox"].instructions
    # and once only
    before = told(left)
    again = tasks_run(left)
    assert not again.changed
    assert told(left) == before
    assert verify_ledger(left.open().ledger).ok


@pytest.mark.parametrize(
    ("note", "why"),
    [
        ("mailbox: nobody.such@acme.example", "nobody of that name or address is known in HR"),
        ("mailbox: bob@acme.example", "the person who has left"),
        ("mailbx: cat@acme.example", "is none of: hub mailbox, hub drive"),
        ("hub mailbox: cat@acme.example\nmailbox: delete", "answered twice, and differently"),
        ("I will see to it", "nothing is said about any of"),
        ("", "nothing is said about any of"),
        ("mailbox:", "it says nothing"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_the_reason(left, note, why):
    task = only(left, "choices")
    with pytest.raises(TaskError, match=why):
        tasks_run(left, says(task, note))
    assert only(left, "choices") == task
    assert of_kind(left, "handover") == []


def test_who_has_left_meanwhile_takes_nothing_over(left):
    left.edit("people.csv", CAT_LEAVES)
    task = only(left, "choices")
    found = tasks_run(left, says(task, "mailbox: cat@acme.example"))
    again = next(one for one in of_kind(left, "choices") if one.id == task.id)
    assert "has left, too" in again.attention
    assert (task.id in found.reopened, task.id in found.ended) == (True, False)
    assert of_kind(left, "handover") == []


def test_when_the_heir_leaves_before_it_is_handed_over_the_manager_chooses_again(left):
    choice = only(left, "choices")
    tasks_run(left, says(choice, "hub mailbox: cat@acme.example; drive: delete"))
    left.edit("people.csv", ("2017-01-01,,employee", "2017-01-01,2026-05-31,employee"))
    step(left)
    tasks_run(left)
    assert [one.subject for one in of_kind(left, "handover")] == ["hub drive"]
    (again,) = [one for one in of_kind(left, "choices") if one.id == choice.id]
    assert "Cat Fox is not here any more and cannot take over: hub mailbox" in again.note
    tasks_run(left, says(again, "hub mailbox: dan@acme.example; drive: delete"))
    opened = {one.subject: one.title for one in of_kind(left, "handover")}
    assert opened == {
        "hub mailbox": "Hand the mailbox of Bob Ray in hub over to Dan Orr",
        "hub drive": "Delete the drive of Bob Ray in hub",
    }
    assert not tasks_run(left).changed


def test_what_is_left_out_and_what_says_so_goes_to_the_manager(left):
    tasks_run(left, says(only(left, "choices"), "mailbox: manager"))
    assert {one.details["to"] for one in of_kind(left, "handover")} == {"1"}
    assert len(of_kind(left, "handover")) == 2


def test_keeping_a_thing_is_no_work_where_nothing_is_deleted(left):
    tasks_run(left, says(only(left, "choices"), "mailbox: keep; drive: archive"))
    assert only(left, "handover").title == "Archive the drive of Bob Ray in hub"


def test_keeping_a_thing_is_work_where_the_account_is_deleted_later(place):
    things = THINGS[1].replace("suspend,", "suspend, delete_after: 30d,")
    place.edit("access/catalog/apps.yml", (THINGS[0], things))
    step(place)
    place.edit("people.csv", BOB_LEAVES)
    step(place)
    tasks_run(place, says(only(place, "choices"), "everything: keep"))
    assert {one.title for one in of_kind(place, "handover")} == {
        "Keep the mailbox of Bob Ray in hub",
        "Keep the drive of Bob Ray in hub",
    }


def test_what_the_transfer_hands_over_in_any_case_is_no_second_task(place):
    things = THINGS[1].replace("suspend,", "suspend, transfer: manager,")
    place.edit("access/catalog/apps.yml", (THINGS[0], things))
    step(place)
    place.edit("people.csv", BOB_LEAVES)
    step(place)
    tasks_run(place, says(only(place, "choices"), "mailbox: manager; drive: cat@acme.example"))
    assert only(place, "handover").title == "Hand the drive of Bob Ray in hub over to Cat Fox"


def test_what_only_the_owner_can_do_waits_for_them_although_the_account_is_cut_off(place, monkeypatch):
    for operation in ("transfer", "end_sessions"):
        monkeypatch.setattr(Everything, operation, None)
    place.edit("access/catalog/apps.yml", (THINGS[0], THINGS[0].replace("suspend}", "suspend, transfer: manager}")))
    step(place)
    place.edit("people.csv", BOB_LEAVES)
    step(place)
    assert place.shown("hub")["2"][0] is False

    def asked() -> set[str]:
        found = place.open(writes=False).ledger.tasks(states=("open",), app="hub", person="2")
        return {item.kind.value for task in found for item in task.items}

    assert asked() == {"transfer"}
    for day in ("", "2026-06-02"):
        tasks_run(place, as_of=day)
        step(place, day)
        assert asked() == {"transfer"}
    assert not progress(place.open(as_of="2026-06-02"), {"2"})["2"].complete
    # if he comes back, nobody is to hand over what is his
    place.edit("people.csv", BOB_LEAVES[::-1])
    tasks_run(place, as_of="2026-06-03")
    assert asked() == set()


def test_without_an_answer_the_manager_takes_everything_over_in_the_end(left):
    task = only(left, "choices")
    assert task.due.isoformat() == "2026-06-06T23:59:59+00:00"
    tasks_run(left, as_of="2026-06-08")
    assert of_kind(left, "handover") == []
    found = tasks_run(left, as_of="2026-06-11")
    assert found.ended[task.id] == "attested"
    decided = only(left, "choices", "attested")
    assert (decided.ended_by, "Nobody answered" in decided.note) == ("rollcall", True)
    assert {one.details["to"] for one in of_kind(left, "handover")} == {"1"}


def test_a_manager_may_decline_and_nothing_is_handed_over(left):
    tasks_run(left, says(only(left, "choices"), "It was all copied last week", done=DECLINED))
    assert of_kind(left, "handover") == []
    tasks_run(left)
    assert of_kind(left, "choices") == []


def test_when_the_manager_has_left_too_the_next_one_above_is_asked(place):
    place.edit("access/catalog/apps.yml", THINGS)
    place.edit("people.csv", ("Engineering,1,2016", "Engineering,3,2016"))
    step(place)
    place.edit("people.csv", BOB_LEAVES, CAT_LEAVES)
    step(place)
    assert {task.person: task.owner for task in of_kind(place, "choices")} == {"2": ANN, "3": ANN}


def test_without_any_manager_the_owner_of_the_app_is_asked(place):
    place.edit("access/catalog/apps.yml", THINGS)
    place.edit("people.csv", ("Engineering,1,2016", "Engineering,,2016"))
    step(place)
    place.edit("people.csv", BOB_LEAVES)
    step(place)
    task = only(place, "choices")
    assert task.owner == HUB
    assert "stays open until it is answered" in task.instructions
    tasks_run(place, as_of="2026-07-30")
    assert only(place, "choices").id == task.id


def test_who_comes_back_is_asked_about_no_more_and_again_when_they_leave_again(left):
    tasks_run(left, says(only(left, "choices"), "mailbox: cat@acme.example"))
    assert len(of_kind(left, "handover")) == 2
    left.edit("people.csv", (BOB_LEAVES[1], BOB_LEAVES[0]))
    tasks_run(left)
    assert of_kind(left, "handover") == []
    left.edit("people.csv", BOB_LEAVES)
    step(left)
    assert len(of_kind(left, "choices")) == 1


def test_a_leaver_is_complete_only_when_everything_is_handed_over(left):
    def missing() -> tuple[str, ...]:
        return progress(left.open(writes=False), ["2"])["2"].missing

    assert any("takes over" in line for line in missing())
    tasks_run(left, says(only(left, "choices"), "everything: cat@acme.example"))
    assert sum("over to Cat Fox" in line for line in missing()) == 2
    tasks_run(left, *(says(task, "", by=HUB) for task in of_kind(left, "handover")))
    assert missing() == ()
    record = left.open(writes=False).ledger.people(["2"])["2"]
    assert (record.standing, record.complete) == ("left", True)


def test_a_run_that_dies_between_an_answer_and_what_follows_is_made_good(left, monkeypatch):
    task = only(left, "choices")
    with monkeypatch.context() as patch:
        patch.setattr(leaving.Choices, "follow", mock.Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            tasks_run(left, says(task, "everything: cat@acme.example"))
    assert only(left, "choices", "attested").id == task.id
    tasks_run(left)
    assert len(of_kind(left, "handover")) == 2


# at a desk


@pytest.fixture
def store(place: Place, monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()
    monkeypatch.setattr(MemoryDesk, "store", made)
    monkeypatch.setattr(registry, "desk_class", lambda word: MemoryDesk)
    place.edit("access/catalog/apps.yml", ("apps:", "desks:\n  helpdesk: {type: email, default: true}\napps:"))
    return made


def ticket_of(store: Store, title: str) -> str:
    (found,) = (key for key, kept in store.tickets.items() if kept.ticket.title.startswith(title))
    return found


def test_the_manager_answers_at_the_desk_and_a_wrong_answer_is_sent_back(store, left):
    reference = ticket_of(store, "Say who takes over")
    assert store.tickets[reference].ticket.assignee == ANN
    store.say(reference, "hub mailbox: bob@acme.example", ANN)
    tasks_run(left)
    assert "the person who has left" in store.tickets[reference].ours()[-1]
    assert only(left, "choices").attention.startswith('"hub mailbox: bob@acme.example"')
    store.say(reference, "Sorry!\nhub mailbox: cat@acme.example\nhub drive: keep", ANN)
    tasks_run(left)
    assert store.tickets[reference].ticket.state == "resolved"
    opened = ticket_of(store, "Hand the mailbox of Bob Ray in hub over to Cat Fox")
    assert store.tickets[opened].ticket.assignee == HUB


def test_who_changes_a_secret_is_told_when_somebody_else_leaves(store, known):
    known.edit("people.csv", BOB_LEAVES)
    step(known)
    tasks_run(known)
    reference = ticket_of(store, "Change the API key")
    known.edit("people.csv", CAT_LEAVES)
    step(known)
    tasks_run(known)
    (news,) = store.tickets[reference].ours()
    assert "This has changed" in news
    assert "Cat Fox" in news
    tasks_run(known)
    assert len(store.tickets[reference].ours()) == 1


# secrets


@pytest.fixture
def known(place: Place) -> Place:
    place.edit("access/catalog/apps.yml", SECRET)
    step(place)
    return place


def test_a_secret_that_a_leaver_knew_is_changed(known):
    known.edit("people.csv", BOB_LEAVES)
    step(known)
    task = only(known, "rotation")
    assert (task.title, task.owner, task.subject, task.person, task.urgency) == (
        "Change the API key Build robot of hub",
        "sec@acme.example",
        "build",
        "",
        "normal",
    )
    assert dict(task.details["people"]) == {"2": "left"}
    assert "- Bob Ray <bob@acme.example>, who has left" in task.instructions
    assert task.due.isoformat() == "2026-06-02T23:59:59+00:00"
    tasks_run(known)
    before = told(known)
    assert not tasks_run(known).changed
    assert told(known) == before


def test_two_leavers_are_one_task_and_one_who_leaves_after_it_another(known):
    known.edit("people.csv", BOB_LEAVES)
    step(known)
    first = only(known, "rotation")
    known.edit("people.csv", CAT_LEAVES)
    step(known)
    both = only(known, "rotation")
    assert (both.id, dict(both.details["people"])) == (first.id, {"2": "left", "3": "left"})
    assert "Cat Fox" in both.instructions
    tasks_run(known, says(both, "", by="sec@acme.example"))
    step(known)
    assert of_kind(known, "rotation") == []
    # Dan joins the engineers, and leaves
    known.edit("people.csv", ("Seller,Sales", "Engineer,Engineering"))
    step(known)
    known.edit("people.csv", ("2018-01-01,,employee", "2018-01-01,2026-05-31,employee"))
    step(known)
    assert dict(only(known, "rotation").details["people"]) == {"4": "left"}


def test_the_task_is_derived_from_what_the_ledger_knows_and_not_from_a_run(known, monkeypatch):
    known.edit("people.csv", BOB_LEAVES)
    with monkeypatch.context() as patch:
        patch.setattr(leaving, "_rotate", lambda *_: None)
        step(known)
        step(known)
    assert of_kind(known, "rotation") == []
    tasks_run(known)
    assert dict(only(known, "rotation").details["people"]) == {"2": "left"}


def test_who_loses_the_entitlement_is_a_reason_too(known):
    known.edit("people.csv", ("Cat,Fox,cat@acme.example,Engineer,Engineering", "Cat,Fox,cat@acme.example,Poet,Arts"))
    step(known)
    task = only(known, "rotation")
    assert dict(task.details["people"]) == {"3": "moved"}
    assert "Cat Fox <cat@acme.example>, who has no access to it any more" in task.instructions


def test_nothing_is_changed_because_of_somebody_on_leave(place):
    place.edit("access/catalog/apps.yml", SECRET)
    place.edit("people.csv", (",type,status", ",type,hr_status"))
    step(place)
    place.edit("people.csv", ("2016-01-01,,employee,Active", "2016-01-01,,employee,Leave"))
    step(place)
    assert place.shown("hub")["2"][0] is False
    assert of_kind(place, "rotation") == []


LAPTOP = """
apps:
  laptop:
    name: Laptop
    owners: {primary: office@acme.example}
    words:
      create: Hand a laptop to {person}
      reactivate: Hand laptop {account} to {person} again
      suspend: Collect laptop {account} from {person}
"""


def test_a_laptop_is_handed_out_kept_on_leave_and_collected_in_the_end(place):
    place.write("access/catalog/hardware.yml", LAPTOP)
    place.write(
        "access/policy/hardware.yml",
        "rules:\n  - {id: laptop, why: everybody has one, when: {title: Seller}, grant: {laptop: []}}\n",
    )
    place.edit("people.csv", (",type,status", ",type,hr_status"))
    step(place)
    (task,) = place.open(writes=False).ledger.tasks(app="laptop")
    assert task.title == "Hand a laptop to Dan Orr"
    tasks_run(place, Answer(task.id, YES, "LT-0815", "", "office@acme.example"))
    place.edit("people.csv", ("2018-01-01,,employee,Active", "2018-01-01,,employee,Leave"))
    planned, _outcome = step(place)
    assert "laptop" not in {change.app for change in planned.plan.changes}
    record = place.open(writes=False).ledger.people(["4"])["4"]
    assert (record.standing, record.complete) == ("suspended", True)
    place.edit("people.csv", ("2018-01-01,,employee,Leave", "2018-01-01,2026-05-31,employee,Active"))
    step(place)
    (task,) = place.open(writes=False).ledger.tasks(app="laptop", states=("open",))
    assert task.title == "Collect laptop LT-0815 from Dan Orr"
    tasks_run(place, Answer(task.id, YES, "", "", "office@acme.example"))
    assert place.open(writes=False).ledger.people(["4"])["4"].standing == "left"


def test_a_lock_makes_it_urgent_and_lifting_it_in_time_cancels_it(known):
    company = known.open()
    run, now = known.run(company), company.clock.now()
    company.ledger.add_lock(Lock("2", "laptop stolen", "sec", now), run, now)
    step(known)
    task = only(known, "rotation")
    assert (task.urgency, task.title) == ("emergency", "URGENT: Change the API key Build robot of hub")
    assert task.due - task.opened_at == company.apps["hub"].sla.emergency
    again = known.open()
    again.ledger.lift_lock("2", "sec", "found", known.run(again), now)
    step(known)
    assert tasks_run(known).ended == {task.id: "cancelled"}


def test_who_comes_back_knows_the_new_one_and_is_a_reason_again(known):
    known.edit("people.csv", BOB_LEAVES)
    step(known)
    tasks_run(known, says(only(known, "rotation"), "", by="sec@acme.example"))
    known.edit("people.csv", (BOB_LEAVES[1], BOB_LEAVES[0]))
    step(known)
    tasks_run(known)
    known.edit("people.csv", BOB_LEAVES)
    step(known)
    assert dict(only(known, "rotation").details["people"]) == {"2": "left"}


def test_a_refusal_with_a_reason_settles_it(known):
    known.edit("people.csv", BOB_LEAVES)
    step(known)
    tasks_run(known, says(only(known, "rotation"), "It was withdrawn last year", by="sec@acme.example", done=DECLINED))
    step(known)
    assert of_kind(known, "rotation") == []


def test_a_leaver_is_not_complete_before_the_secret_is_changed(known):
    known.edit("people.csv", BOB_LEAVES)
    step(known)
    tasks_run(known)
    missing = progress(known.open(writes=False), ["2"])["2"].missing
    assert [line.partition(": ")[2] for line in missing] == ["Change the API key Build robot of hub"]
    tasks_run(known, says(only(known, "rotation"), "", by="sec@acme.example"))
    record = known.open(writes=False).ledger.people(["2"])["2"]
    assert (record.standing, record.complete) == ("left", True)


def test_the_leaver_does_not_change_the_secret_themselves(place):
    secret = SECRET[1].replace("owner: sec@acme.example", "owner: bob@acme.example")
    place.edit("access/catalog/apps.yml", (SECRET[0], secret))
    step(place)
    place.edit("people.csv", BOB_LEAVES)
    step(place)
    assert only(place, "rotation").owner == HUB


def test_whoever_keeps_a_secret_knows_it_without_any_account(place):
    secret = "    tags: [soc2]\n    secrets: {root: {known_to: [admin], owned_by: dan.orr}}\n"
    place.edit("access/catalog/apps.yml", (SECRET[0], secret))
    step(place)
    place.edit("people.csv", ("2018-01-01,,employee", "2018-01-01,2026-05-31,employee"))
    step(place)
    task = only(place, "rotation")
    assert (dict(task.details["people"]), task.title) == ({"4": "left"}, "Change the password root of hub")


def test_a_keeper_whom_nobody_knows_is_a_finding(place):
    secret = "    tags: [soc2]\n    secrets: {root: {owned_by: somebody.else}}\n"
    place.edit("access/catalog/apps.yml", (SECRET[0], secret))
    step(place)
    assert "secret_keeper_unknown" in {finding.code for finding in tasks_run(place).findings}


def test_without_known_to_everybody_with_an_account_knew_it(place):
    place.edit("access/catalog/apps.yml", (SECRET[0], "    tags: [soc2]\n    secrets: {shared: {}}\n"))
    step(place)
    place.edit("people.csv", ("2018-01-01,,employee", "2018-01-01,2026-05-31,employee"))
    step(place)
    assert dict(only(place, "rotation").details["people"]) == {"4": "left"}
    # also when the account itself is gone from the app
    tasks_run(place, says(only(place, "rotation"), "", by=HUB))
    place.edit("people.csv", CAT_LEAVES)
    hub: t.Any = place.app("hub")
    hub.there = {key: account for key, account in hub.there.items() if account.external_id != "3"}
    step(place)
    assert dict(only(place, "rotation").details["people"]) == {"3": "left"}


def test_a_manager_who_is_asked_does_not_give_access_back_by_a_cancelled_task(left):
    # what has no changes of access is not cancelled with the tasks that would give something
    from ansible_collections.rollcall.access.plugins.module_utils.company.cancelling import cancel_giving

    company = left.open()
    assert cancel_giving(company, left.run(company), ["2"]) == ()
    assert len(of_kind(left, "choices")) == 1


def test_while_hr_is_down_a_lock_has_the_secret_changed_and_takes_no_name_off(known):
    known.edit("people.csv", CAT_LEAVES)
    step(known)
    (known.path / "people.csv").rename(known.path / "away.csv")
    company = known.open(emergency=True)
    run, now = known.run(company), company.clock.now()
    company.ledger.add_lock(Lock("2", "laptop stolen", "sec", now), run, now)
    conclude(company, ["2"], run)
    task = only(known, "rotation")
    assert dict(task.details["people"]) == {"2": "locked", "3": "left"}
    assert task.urgency == "emergency"
    tasks_run(known)
    assert only(known, "rotation").id == task.id
