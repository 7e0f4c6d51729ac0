# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks and tickets when much goes wrong at once: runs that die or overlap, answers too late or by the wrong one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import os
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import held_against_apps as held
from ansible_collections.rollcall.access.plugins.module_utils.company.at_the_desks import DeskRound
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.evidence import (
    KEPT,
    evidence_findings,
    keep_files,
)
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import send_new, synchronise
from ansible_collections.rollcall.access.plugins.module_utils.company.progressing import progress_lines
from ansible_collections.rollcall.access.plugins.module_utils.desks.books import Books
from ansible_collections.rollcall.access.plugins.module_utils.desks.completing import cancel
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment, Letter, Ticket
from ansible_collections.rollcall.access.plugins.module_utils.desks.settling import complete_task
from ansible_collections.rollcall.access.plugins.module_utils.errors import Refused, TaskError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Task
from ansible_collections.rollcall.access.tests.unit.company.place import Place
from ansible_collections.rollcall.access.tests.unit.company.test_at_the_desks import (
    OFFICE,
    codes,
    store,
    tasks_run,
    the_task,
)
from ansible_collections.rollcall.access.tests.unit.company.test_companies import step
from ansible_collections.rollcall.access.tests.unit.desks.memory_desk import MemoryDesk, Store

__all__ = ["store"]
WIKI = "wiki@acme.example"


def in_the_wiki(place: Place) -> None:
    """Ann needs the wiki, which can be read, and which somebody changes by hand."""
    place.edit("access/policy/rules.yml", ("grant: {hub: [admin]}", "grant: {hub: [admin], wiki: [reader]}"))
    step(place)


def of_app(place: Place, app: str, state: str | None = None) -> Task:
    tasks = place.open(writes=False).ledger.tasks(app=app, states=None if state is None else (state,))
    (found,) = tasks
    return found


def leave(place: Place) -> None:
    """Bob has the key and leaves."""
    tasks_run(place)
    store_of(place).set("100", "resolved")
    tasks_run(place)
    place.edit("people.csv", ("2016-01-01,,employee", "2016-01-01,2026-05-31,employee"))
    step(place, "2026-06-02")
    tasks_run(place, "2026-06-02")


def store_of(_place: Place) -> Store:
    return MemoryDesk.store


def test_whose_word_does_not_show_in_the_app_is_told_so_at_the_ticket(place, store):
    in_the_wiki(place)
    tasks_run(place)
    reference = of_app(place, "wiki").reference
    store.say(reference, "done", WIKI)
    found = tasks_run(place)
    assert "attested_not_so" in codes(found)
    (said,) = store.tickets[reference].ours()
    assert "wiki does not show the account" in said
    assert (of_app(place, "wiki").state, store.tickets[reference].ticket.state) == ("open", "open")
    # the old answer is no answer to that
    again = tasks_run(place)
    assert (again.ended, len(store.tickets[reference].ours())) == ({}, 1)


def test_an_answer_is_not_taken_again_after_a_run_that_died_and_a_reading_that_shows_otherwise(
    place, store, monkeypatch
):
    in_the_wiki(place)
    tasks_run(place)
    reference = of_app(place, "wiki").reference
    store.say(reference, "done", WIKI)
    usual = Ledger.update_task

    def dies(self: Ledger, task: Task, event: str, *rest: t.Any) -> None:
        usual(self, task, event, *rest)
        if event == "task.attested":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "update_task", dies)
        with pytest.raises(KeyboardInterrupt):
            tasks_run(place)
    assert of_app(place, "wiki").state == "attested"
    for _turn in range(3):
        tasks_run(place)
    assert of_app(place, "wiki").state == "open"
    kinds = [event.kind for event in place.open(writes=False).ledger.events() if event.kind == "task.attested"]
    assert len(kinds) == 1


def test_what_another_run_wrote_while_a_ticket_was_opened_is_kept(place, store, monkeypatch):
    usual = MemoryDesk.open

    def slow(self: MemoryDesk, letter: Letter) -> Ticket:
        ticket = usual(self, letter)
        company = place.open()
        run = place.run(company)
        moot = cancel(the_task(place), "the person has left or is locked out", company.clock.now())
        company.ledger.update_task(moot, "task.cancelled", run, company.clock.now())
        return ticket

    monkeypatch.setattr(MemoryDesk, "open", slow)
    tasks_run(place)
    assert (the_task(place).state, the_task(place).reference) == ("cancelled", "100")
    tasks_run(place)
    assert store.only().ticket.state == "dropped"


def test_what_somebody_answered_in_a_playbook_while_tickets_were_read_is_kept(place, store, monkeypatch):
    tasks_run(place)
    store.say("100", "I am on it")
    usual = MemoryDesk.replies

    def slow(self: MemoryDesk, reference: str) -> t.Any:
        company = place.open()
        books = Books(company.ledger, place.run(company), company.people, company.apps)
        complete_task(books, the_task(place).id, company.clock.now(), by=OFFICE)
        return usual(self, reference)

    monkeypatch.setattr(MemoryDesk, "replies", slow)
    tasks_run(place)
    assert the_task(place).state == "attested"


def test_what_was_answered_while_apps_were_read_is_not_cancelled(place, store, monkeypatch):
    tasks_run(place)
    place.edit("people.csv", ("Bob,Ray,bob@acme.example,Engineer,Engineering", "Bob,Ray,bob@acme.example,Poet,Arts"))
    usual = held.read_apps

    def slow(*given: t.Any, **more: t.Any) -> t.Any:
        company = place.open()
        books = Books(company.ledger, place.run(company), company.people, company.apps)
        complete_task(books, the_task(place).id, company.clock.now(), by=OFFICE)
        return usual(*given, **more)

    monkeypatch.setattr(held, "read_apps", slow)
    found = tasks_run(place)
    assert (the_task(place).state, found.ended) == ("attested", {})


def test_two_replies_say_together_what_one_of_them_says(place, store):
    tasks_run(place)
    store.say("100", "done\naccount: KEY-17")
    store.say("100", "note: it lies at the front desk")
    tasks_run(place)
    task = the_task(place)
    assert (task.state, task.account_name, task.note) == ("attested", "KEY-17", "it lies at the front desk")


@pytest.mark.parametrize("by", ["Bob Ray <bob@acme.example>", "BOB+home@acme.example", "bob.ray", "2", "Bob Ray"])
def test_nobody_confirms_that_their_own_access_is_gone_by_whatever_name(place, store, by):
    leave(place)
    store.say("101", "done", by)
    tasks_run(place, "2026-06-02")
    assert the_task(place, "open").app == "desk"
    assert store.tickets["101"].ours() == ["It cannot be confirmed by the person whom it is about."]


def test_an_owners_note_does_not_make_the_leavers_closing_the_owners(place, store):
    leave(place)
    store.say("101", "note: I will look at it tomorrow")
    store.set("101", "resolved", "bob@acme.example")
    tasks_run(place, "2026-06-02")
    assert the_task(place, "open").app == "desk"


def test_a_leavers_word_with_an_owners_note_is_not_the_owners(place, store):
    leave(place)
    store.say("101", "done", "bob@acme.example")
    store.say("101", "note: I have not looked")
    tasks_run(place, "2026-06-02")
    assert the_task(place, "open").app == "desk"


def test_a_file_that_came_before_the_answer_is_evidence_too(place, store):
    tasks_run(place)
    store.say("100", "Here is a picture, the rest follows", OFFICE, Attachment("shot.png", b"a picture"))
    tasks_run(place)
    store.say("100", "done")
    tasks_run(place)
    events = list(place.open(writes=False).ledger.events(kind=KEPT))
    assert [event.data["name"] for event in events] == ["shot.png"]


def test_a_file_that_cannot_be_kept_stops_no_other_ticket(place, store, monkeypatch):
    monkeypatch.setattr("ansible_collections.rollcall.access.plugins.module_utils.company.evidence.LARGEST", 3)
    tasks_run(place)
    store.say("100", "I am on it", OFFICE, Attachment("shot.png", b"a picture"))
    found = tasks_run(place)
    assert ("evidence_refused" in codes(found), found.left) == (True, ())
    assert "evidence_refused" not in codes(tasks_run(place))


def test_a_ticket_that_cannot_be_opened_keeps_no_other_from_being_opened(place, store, monkeypatch):
    in_the_wiki(place)
    usual = MemoryDesk.open

    def refuses(self: MemoryDesk, letter: Letter) -> Ticket:
        if letter.owner == OFFICE:
            raise Refused("there is no such queue", where=self.where("open"), todo="Make it")
        return usual(self, letter)

    monkeypatch.setattr(MemoryDesk, "open", refuses)
    found = tasks_run(place)
    assert (of_app(place, "desk").reference, of_app(place, "wiki").reference) == ("", "100")
    assert (codes(found) & {"desk_failed"}, found.left) == ({"desk_failed"}, ("helpdesk",))


def test_a_desk_that_refuses_everything_is_not_asked_for_every_ticket(place, store, monkeypatch):
    rows = "".join(
        f"{n},Eve{n},Poe,eve{n}@acme.example,Engineer,Engineering,1,2019-01-01,,employee,Active\n"
        for n in range(10, 20)
    )
    place.write("people.csv", (place.path / "people.csv").read_text(encoding="utf-8") + rows)
    step(place)
    asked = []

    def refuses(self: MemoryDesk, letter: Letter) -> Ticket:
        asked.append(letter)
        raise Refused("the token is not valid any more", where=self.where("open"), todo="Make a new one")

    monkeypatch.setattr(MemoryDesk, "open", refuses)
    found = tasks_run(place)
    assert (len(asked), len([one for one in found.findings if one.code == "desk_failed"])) == (3, 3)


def test_who_did_it_before_hearing_that_it_is_off_is_believed(place, store):
    tasks_run(place)
    store.down = True
    place.edit("people.csv", ("Bob,Ray,bob@acme.example,Engineer,Engineering", "Bob,Ray,bob@acme.example,Poet,Arts"))
    tasks_run(place)
    assert the_task(place).state == "cancelled"
    store.down = False
    store.say("100", "done\naccount: KEY-17")
    tasks_run(place)
    assert (the_task(place).state, the_task(place).account_name) == ("attested", "KEY-17")
    assert store.only().ours() == [f"Recorded as done, on the word of {OFFICE}. There is nothing more to do."]
    # it is there, and so it is to be taken away again
    planned, _outcome = step(place)
    assert "desk" in {change.app for change in planned.plan.changes}


def test_a_ticket_that_we_closed_ourselves_is_no_answer(place, store, monkeypatch):
    """Also at a desk that has one word only for everything that has ended."""
    monkeypatch.setattr(MemoryDesk, "states", {"open": ("new", "open"), "done": ("resolved",)})
    tasks_run(place)
    place.edit("people.csv", ("Bob,Ray,bob@acme.example,Engineer,Engineering", "Bob,Ray,bob@acme.example,Poet,Arts"))
    store.dies_after = store.writes + 1
    with pytest.raises(KeyboardInterrupt):
        tasks_run(place)
    assert store.only().ticket.state == "resolved"
    tasks_run(place)
    assert the_task(place).state == "cancelled"


def test_a_reminder_is_said_at_the_ticket(place, store):
    tasks_run(place)
    late = (the_task(place).due + dt.timedelta(hours=1)).isoformat()
    for _twice in range(2):
        tasks_run(place, late)
        (said,) = store.only().ours()
        assert "is late: it was to be done by" in said


def test_who_gets_a_task_reads_why_at_the_ticket(place, store):
    two = "{primary: office@acme.example, second: second@acme.example}"
    place.edit("access/catalog/apps.yml", ("{primary: office@acme.example}", two))
    tasks_run(place)
    tasks_run(place, "2026-06-20T10:00Z")
    assert store.only().ticket.assignee == "second@acme.example"
    (said,) = store.only().ours()
    assert "it goes to second@acme.example" in said


def test_when_the_last_comment_was_deleted_older_ones_do_not_count_again(place, store):
    in_the_wiki(place)
    tasks_run(place)
    reference = of_app(place, "wiki").reference
    store.say(reference, "done", WIKI)
    store.say(reference, "thank you", WIKI)
    tasks_run(place)  # the app does not show it: open again
    kept = store.tickets[reference]
    kept.said[1] = ("rollcall", "(deleted)", ())
    store.change(reference)
    assert tasks_run(place).ended == {}
    store.say(reference, "declined: there is no room", WIKI)
    tasks_run(place)
    assert of_app(place, "wiki").state == "declined"


def test_an_answer_after_a_comment_that_was_deleted_is_heard_where_the_desk_says_when(place, store, monkeypatch):
    usual = MemoryDesk.replies

    def dated(self: MemoryDesk, reference: str) -> t.Any:
        noon = dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone.utc)
        said = usual(self, reference)
        return tuple(dataclasses.replace(one, at=noon + dt.timedelta(minutes=int(one.id))) for one in said)

    monkeypatch.setattr(MemoryDesk, "replies", dated)
    tasks_run(place)
    store.say("100", "I am on it")
    tasks_run(place)
    store.only().said[0] = ("rollcall", "(deleted)", ())
    store.say("100", "done")
    tasks_run(place)
    assert the_task(place).state == "attested"


def test_of_two_tasks_in_one_ticket_neither_is_done_because_the_other_was(place, store):
    in_the_wiki(place)
    tasks_run(place)
    key, wiki = of_app(place, "desk").reference, of_app(place, "wiki").reference
    store.say(key, "done\naccount: KEY-17")
    tasks_run(place)
    assert of_app(place, "desk").state == "attested"
    store.change(wiki, merged_into=key, state="resolved")
    tasks_run(place)
    tasks_run(place)
    task = of_app(place, "wiki")
    assert (task.state, task.reference) == ("open", key)
    assert any(f"Task {task.id}" in said for said in store.tickets[key].ours())
    assert store.tickets[key].ticket.state == "resolved"


def test_evidence_that_somebody_put_something_else_in_the_place_of_is_kept_all_the_same(place, store):
    digest = hashlib.sha256(b"a picture").hexdigest()
    place.write(f"evidence/{digest}.png", "something else")
    tasks_run(place)
    store.say("100", "done", OFFICE, Attachment("shot.png", b"a picture"), Attachment("empty.png", b""))
    tasks_run(place)
    company = place.open(writes=False)
    assert evidence_findings(company) == ()
    assert (place.path / "evidence" / f"{digest}.png").read_bytes() == b"a picture"


def test_a_link_in_the_place_of_evidence_is_replaced_and_what_it_leads_to_is_left_alone(place, store):
    digest = hashlib.sha256(b"a picture").hexdigest()
    place.write("elsewhere.txt", "precious")
    (place.path / "evidence").mkdir()
    (place.path / "evidence" / f"{digest}.png").symlink_to(place.path / "elsewhere.txt")
    tasks_run(place)
    store.say("100", "done", OFFICE, Attachment("shot.png", b"a picture"))
    tasks_run(place)
    assert evidence_findings(place.open(writes=False)) == ()
    assert (place.path / "elsewhere.txt").read_text(encoding="utf-8") == "precious"


def test_a_desk_that_left_the_catalog_keeps_its_tasks_and_stops_nothing_else(place, store):
    tasks_run(place)
    place.edit("access/catalog/apps.yml", ("desks:\n  helpdesk: {type: email, default: true}\n", ""))
    found = tasks_run(place)
    assert (codes(found) & {"desk_failed"}, the_task(place).state) == ({"desk_failed"}, "open")
    assert verify_ledger(place.open(writes=False).ledger).ok


def test_while_the_policy_is_broken_an_emergency_cancels_nothing_and_calls_nobody_complete(place, store):
    tasks_run(place)
    before = place.open(writes=False).ledger.people()["2"]
    place.write("access/policy/rules.yml", "rules: [")
    company = place.open(emergency=True)
    run = place.run(company)
    send_new(company, run)
    assert progress_lines(company, ["2"]) == {}
    found = synchronise(company, run, [])
    assert (found.ended, the_task(place).state) == ({}, "open")
    conclude(company, ["2"], run)
    assert (before.complete, company.ledger.people()["2"]) == (False, before)


def accounts(place: Place) -> dict[str, list[str]]:
    """By account name at the desk: what it has."""
    ledger = place.open(writes=False).ledger
    grants = ledger.grants(app="desk")
    return {
        record.account.username: [grant.entitlement for grant in grants if grant.account == record.account.id]
        for record in ledger.accounts(app="desk")
    }


def test_an_answer_that_is_given_again_names_no_second_account(place, store):
    tasks_run(place)
    store.say("100", "done\naccount: KEY-1")
    tasks_run(place)
    store.set("100", "open", "ann@acme.example")
    tasks_run(place)
    store.set("100", "resolved")
    tasks_run(place)
    assert (the_task(place).account_name, accounts(place)) == ("KEY-1", {"KEY-1": ["key"]})
    place.edit("people.csv", ("2016-01-01,,employee", "2016-01-01,2026-05-31,employee"))
    planned, _outcome = step(place, "2026-06-02")
    assert "ambiguous_account" not in {finding.code for finding in planned.plan.findings}
    assert "desk" in {change.app for change in planned.plan.changes}


def test_an_answer_that_is_corrected_takes_back_what_it_said_before(place, store):
    tasks_run(place)
    store.say("100", "done\naccount: KEY-1")
    tasks_run(place)
    store.set("100", "open", "ann@acme.example")
    tasks_run(place)
    store.say("100", "account: KEY-2\ndone")
    tasks_run(place)
    assert accounts(place) == {"KEY-2": ["key"]}


def test_what_is_answered_while_it_is_worked_out_what_is_due_is_not_cancelled(place, store, monkeypatch):
    tasks_run(place)
    place.edit("people.csv", ("Bob,Ray,bob@acme.example,Engineer,Engineering", "Bob,Ray,bob@acme.example,Poet,Arts"))
    usual = held.cancel_moot

    def slow(*given: t.Any, **more: t.Any) -> t.Any:
        company = place.open()
        books = Books(company.ledger, place.run(company), company.people, company.apps)
        complete_task(books, the_task(place).id, company.clock.now(), by=OFFICE)
        return usual(*given, **more)

    monkeypatch.setattr(held, "cancel_moot", slow)
    tasks_run(place)
    assert the_task(place).state == "attested"
    assert {row.state for row in place.open(writes=False).ledger.changes(person="2", app="desk")} == {"done"}


def test_a_run_that_waited_for_a_desk_sends_nothing_that_was_sent_meanwhile(place, store):
    first, second = place.open(), place.open()
    holder, run = place.run(first), place.run(second)
    now = first.clock.now()
    assert first.ledger.claim("", "desk helpdesk", holder, now, now + dt.timedelta(days=1))

    def sleeps(_seconds: float) -> None:
        first.ledger.release("", "desk helpdesk", holder)
        tasks_run(place)

    books = Books(second.ledger, run, second.people, second.apps)
    with DeskRound(second, run, books, wait=5.0, sleep=sleeps) as desks:
        desks.send_out()
    assert (desks.result.sent, len(store.tickets)) == ([], 1)
    events = place.open(writes=False).ledger.events(kind="task.sent")
    assert len(list(events)) == 1


def test_a_ticket_that_was_closed_while_its_task_went_on_is_open_again_with_its_new_owner(place, store):
    two = "{primary: office@acme.example, second: second@acme.example}"
    place.edit("access/catalog/apps.yml", ("{primary: office@acme.example}", two))
    tasks_run(place)
    store.set("100", "rejected")
    tasks_run(place, "2026-06-20T10:00Z")
    ticket = store.only().ticket
    assert (the_task(place).owner, ticket.state, ticket.assignee) == (
        "second@acme.example",
        "open",
        "second@acme.example",
    )
    assert any("it goes to second@acme.example" in said for said in store.only().ours())


def test_a_ticket_that_is_others_too_goes_to_nobody_else(place, store):
    two = "{primary: office@acme.example, second: second@acme.example}"
    place.edit("access/catalog/apps.yml", ("{primary: office@acme.example}", two))
    tasks_run(place)
    kept = store.only()
    store.tickets["200"] = type(kept)(Ticket("200", state="open", version="1", assignee=WIKI))
    store.change("100", merged_into="200", state="resolved")
    tasks_run(place, "2026-06-20T10:00Z")
    assert (the_task(place).owner, store.tickets["200"].ticket.assignee) == ("second@acme.example", WIKI)
    assert any("second@acme.example" in said for said in store.tickets["200"].ours())


def test_a_pipe_or_a_folder_is_no_evidence_and_keeps_nobody_waiting(place, store):
    os.mkfifo(place.path / "pipe")
    company = place.open()
    run = place.run(company)
    (task,) = company.ledger.tasks()
    for path in (place.path / "pipe", place.path):
        with pytest.raises(TaskError, match="no file that could be kept"):
            keep_files(company, run, task, [path], "office@acme.example")
    assert list(company.ledger.events(kind=KEPT)) == []
