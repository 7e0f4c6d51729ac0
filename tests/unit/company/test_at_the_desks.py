# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks and tickets in step: opened once, followed, answered, brought back, told; and what goes wrong at desks."""

from __future__ import annotations

import hashlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.checking import check_desks
from ansible_collections.rollcall.access.plugins.module_utils.company.evidence import KEPT, evidence_findings
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import Synchronised, synchronise
from ansible_collections.rollcall.access.plugins.module_utils.desks import registry
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import (
    NOT_DELIVERED_BECAUSE,
    NOT_DELIVERED_TO,
    Attachment,
)
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Task
from ansible_collections.rollcall.access.tests.unit.company.place import Place
from ansible_collections.rollcall.access.tests.unit.company.test_companies import step
from ansible_collections.rollcall.access.tests.unit.desks.memory_desk import MemoryDesk, Store

OFFICE = "office@acme.example"


@pytest.fixture
def store(place: Place, monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()
    monkeypatch.setattr(MemoryDesk, "store", made)
    monkeypatch.setattr(registry, "desk_class", lambda word: MemoryDesk)
    desks = "desks:\n  helpdesk: {type: email, default: true}\napps:"
    place.edit("access/catalog/apps.yml", ("apps:", desks))
    place.edit("people.csv", ("Cat,Fox,cat@acme.example,Engineer,Engineering", "Cat,Fox,cat@acme.example,Poet,Arts"))
    place.edit("access/policy/rules.yml", ("{hub: [admin], wiki: [reader]}", "{hub: [admin]}"))
    step(place)  # Bob alone needs something by hand: the key of the office
    return made


def tasks_run(place: Place, as_of: str = "") -> Synchronised:
    company = place.open(as_of=as_of)
    run = place.run(company)
    found = synchronise(company, run, [])
    company.ledger.end_run(run, company.clock.now(), "ok", {})
    return found


def the_task(place: Place, state: str | None = None) -> Task:
    (found,) = place.open(writes=False).ledger.tasks(states=None if state is None else (state,))
    return found


def codes(found: Synchronised) -> set[str]:
    return {finding.code for finding in found.findings}


def test_a_ticket_carries_all_that_the_owner_needs_and_is_opened_once(place, store):
    assert len(tasks_run(place).sent) == 1
    ticket, task = store.only().ticket, the_task(place)
    assert ticket.title == f"{task.title} [rollcall {task.id}]"
    for part in ("Bob Ray", "key", "Why: rule code", "By: ", "account:", "declined: WHY", "bob.ray"):
        assert part in ticket.text
    assert (task.desk, task.reference, task.link) == ("helpdesk", "100", "https://desk.example/100")
    before = place.open(writes=False).ledger.head.seq
    again = tasks_run(place)
    assert (again.sent, again.changed, len(store.tickets)) == ((), False, 1)
    # nothing but the beginning and the end of the run is written when nothing is new
    assert place.open(writes=False).ledger.head.seq - before <= 2


def test_a_run_that_dies_after_opening_finds_its_ticket_again(place, store):
    store.dies_after = 1
    with pytest.raises(KeyboardInterrupt):
        tasks_run(place)
    assert (len(store.tickets), the_task(place).reference) == (1, "")
    tasks_run(place)
    assert (len(store.tickets), the_task(place).reference) == (1, "100")


def test_while_a_desk_is_down_tasks_stay_and_go_out_later_once(place, store):
    store.down = True
    found = tasks_run(place)
    assert (found.left, codes(found), len(store.tickets)) == (("helpdesk",), {"desk_failed"}, 0)
    store.down = False
    assert len(tasks_run(place).sent) == 1
    assert tasks_run(place).sent == ()
    assert len(store.tickets) == 1


def test_closing_the_ticket_is_an_answer_with_the_name_that_was_asked_for(place, store):
    tasks_run(place)
    store.set("100", "resolved")
    assert set(tasks_run(place).ended.values()) == {"attested"}
    task = the_task(place)
    assert (task.account_name, task.ended_by, task.told) == ("bob.ray", OFFICE, "done")
    assert store.only().ours() == []  # it is closed already: there is nothing to say
    assert tasks_run(place).changed is False


def test_a_comment_is_an_answer_and_closes_the_ticket(place, store):
    tasks_run(place)
    store.say("100", "Done.\naccount: KEY-17\nnote: at the front desk")
    tasks_run(place)
    task = the_task(place)
    assert (task.state, task.account_name, task.note) == ("attested", "KEY-17", "at the front desk")
    kept = store.only()
    assert kept.ticket.state == "resolved"
    assert kept.ours() == [f"Recorded as done, on the word of {OFFICE}. There is nothing more to do."]
    assert tasks_run(place).changed is False
    assert len(kept.said) == 2


def test_a_refusal_needs_a_reason(place, store):
    tasks_run(place)
    store.set("100", "rejected")
    found = tasks_run(place)
    assert codes(found) >= {"reply_unreadable"}
    kept = store.only()
    assert (kept.ticket.state, kept.ours(), the_task(place).state) == (
        "open",
        ["It was declined without a reason. Write one line: declined: WHY"],
        "open",
    )
    assert tasks_run(place).ended == {}
    store.say("100", "declined: there are no more keys")
    tasks_run(place)
    task = the_task(place)
    assert (task.state, task.note, kept.ticket.state) == ("declined", "there are no more keys", "rejected")


def test_the_last_comment_is_the_reason_of_a_rejected_ticket(place, store):
    tasks_run(place)
    store.say("100", "We ran out of keys <b>last week</b>, =1+1 {{ lookup('env', 'HOME') }}")
    store.set("100", "rejected")
    tasks_run(place)
    assert the_task(place).note == "We ran out of keys <b>last week</b>, =1+1 {{ lookup('env', 'HOME') }}"


def test_what_is_no_answer_is_kept_in_sight_and_nothing_else(place, store):
    tasks_run(place)
    store.say("100", "I am on holiday until Monday")
    found = tasks_run(place)
    assert (found.ended, store.only().ours()) == ({}, [])
    assert the_task(place).attention == f"{OFFICE} wrote: I am on holiday until Monday"


def test_an_answer_that_contradicts_itself_is_asked_back_once(place, store):
    tasks_run(place)
    store.say("100", "done\ndeclined: no keys")
    assert "reply_unreadable" in codes(tasks_run(place))
    tasks_run(place)
    assert len(store.only().ours()) == 1
    store.say("100", "done")
    tasks_run(place)
    assert the_task(place).state == "attested"


def test_an_account_that_is_protected_goes_back_to_the_owner(place, store):
    protected = "      key: {kind: permission}\n    protect: [{account: master, owner: x@acme.example}]"
    place.edit("access/catalog/apps.yml", ("      key: {kind: permission}", protected))
    tasks_run(place)
    store.say("100", "account: master\ndone")
    found = tasks_run(place)
    assert "answer_refused" in codes(found)
    assert "protected account" in store.only().ours()[0]
    assert the_task(place).state == "open"
    assert tasks_run(place).changed is False
    assert len(store.only().ours()) == 1


def test_a_deleted_ticket_is_opened_again_but_not_for_ever(place, store):
    tasks_run(place)
    for turn in range(3):
        store.tickets[str(100 + turn)].ticket = store.tickets[str(100 + turn)].ticket.__class__("x", gone=True)
        del store.tickets[str(100 + turn)]
        store.tickets[f"gone-{turn}"] = t.cast(t.Any, _Nothing())
        found = tasks_run(place)
        assert ("ticket_gone" in codes(found), len(found.sent)) == (True, 1)
    del store.tickets["103"]
    found = tasks_run(place)
    assert ([f.severity for f in found.findings if f.code == "ticket_gone"], found.sent) == (["error"], ())
    assert the_task(place).state == "open"
    assert tasks_run(place).changed is False


class _Nothing:
    """Takes up a number."""

    class ticket:
        task = ""


def test_a_merged_or_moved_ticket_is_followed(place, store):
    tasks_run(place)
    kept = store.only()
    store.tickets["200"] = type(kept)(kept.ticket.__class__("200", state="open", version="1"))
    store.change("100", merged_into="200", state="resolved")
    assert "ticket_moved" in codes(tasks_run(place))
    assert (the_task(place).reference, the_task(place).state) == ("200", "open")
    store.change("200", place="elsewhere")
    tasks_run(place)
    store.change("200", place="somewhere")
    assert "ticket_moved" in codes(tasks_run(place))
    store.set("200", "resolved")
    tasks_run(place)
    assert the_task(place).state == "attested"


def test_an_unknown_state_is_said_and_decides_nothing(place, store):
    tasks_run(place)
    store.set("100", "waiting for godot")
    found = tasks_run(place)
    assert "unknown_state" in codes(found)
    assert the_task(place).state == "open"
    states = "{type: email, default: true, states: {done: [waiting for godot]}}"
    place.edit("access/catalog/apps.yml", ("{type: email, default: true}", states))
    tasks_run(place)
    assert the_task(place).state == "attested"


def test_a_ticket_that_was_dropped_while_the_task_is_due_is_open_again(place, store):
    tasks_run(place)
    store.set("100", "dropped")
    tasks_run(place)
    assert (store.only().ticket.state, store.only().ours()) == (
        "open",
        ["This is still due, so the ticket is open again."],
    )


def test_nobody_confirms_that_their_own_access_is_gone(place, store):
    tasks_run(place)
    store.set("100", "resolved")
    tasks_run(place)
    place.edit("people.csv", ("2016-01-01,,employee", "2016-01-01,2026-05-31,employee"))
    step(place, "2026-06-02")
    tasks_run(place, "2026-06-02")
    store.set("101", "resolved", "bob@acme.example")
    found = tasks_run(place, "2026-06-02")
    assert "reply_unreadable" in codes(found)
    assert store.tickets["101"].ours() == ["It cannot be confirmed by the person whom it is about."]
    assert the_task(place, "open").app == "desk"
    store.set("101", "resolved", OFFICE)
    tasks_run(place, "2026-06-02")
    assert {task.state for task in place.open(writes=False).ledger.tasks()} == {"attested"}


def test_what_ended_in_the_ledger_is_told_to_the_desk_once(place, store):
    tasks_run(place)
    place.edit("people.csv", ("Bob,Ray,bob@acme.example,Engineer,Engineering", "Bob,Ray,bob@acme.example,Poet,Arts"))
    tasks_run(place)
    assert (the_task(place).state, store.only().ticket.state) == ("cancelled", "dropped")
    tasks_run(place)
    assert store.only().ours() == ["This is no longer needed: no longer due"]


def test_a_ticket_that_is_opened_again_opens_its_task(place, store):
    tasks_run(place)
    store.set("100", "resolved")
    tasks_run(place)
    store.set("100", "open", "ann@acme.example")
    found = tasks_run(place)
    assert len(found.reopened) == 1
    assert the_task(place).note == "opened again at helpdesk by ann@acme.example"
    store.set("100", "resolved")
    tasks_run(place)
    assert the_task(place).state == "attested"


def test_of_two_runs_one_works_at_a_desk(place, store):
    first = place.open()
    run = place.run(first)
    assert first.ledger.claim("", "desk helpdesk", run, first.clock.now(), first.clock.now().replace(year=2027))
    found = tasks_run(place)
    assert (codes(found), found.sent, len(store.tickets)) == ({"desk_busy"}, (), 0)
    first.ledger.end_run(run, first.clock.now(), "ok", {})
    assert len(tasks_run(place).sent) == 1


def test_files_at_a_ticket_are_kept_and_their_hashes_are_in_the_chain(place, store):
    tasks_run(place)
    store.say("100", "done", OFFICE, Attachment("../../etc/shot of <b>.PNG", b"a picture"))
    tasks_run(place)
    company = place.open(writes=False)
    (event,) = company.ledger.events(kind=KEPT)
    digest = hashlib.sha256(b"a picture").hexdigest()
    assert event.data["sha256"] == digest
    assert (event.data["name"], event.data["file"]) == ("shot of <b>.PNG", f"{digest}.png")
    path = place.path / "evidence" / f"{digest}.png"
    assert (path.read_bytes(), evidence_findings(company)) == (b"a picture", ())
    path.write_bytes(b"another")
    assert [finding.code for finding in evidence_findings(company)] == ["evidence_altered"]
    path.unlink()
    assert [finding.code for finding in evidence_findings(company)] == ["evidence_missing"]
    assert verify_ledger(company.ledger).ok


def test_in_check_mode_nothing_is_sent_and_nothing_kept(place, store):
    company = place.open(writes=False)
    run_company = place.open()
    found = synchronise(company, place.run(run_company), [])
    assert (found.sent, store.writes) == ((), 0)


def said_by_us(store: Store) -> list[list[str]]:
    return [kept.ours() for kept in store.tickets.values()]


@pytest.mark.parametrize("write", range(1, 4))
def test_a_run_that_dies_at_any_write_of_the_desk_says_nothing_twice(place, store, write):
    def whole(dies_at: int) -> tuple[t.Any, ...]:
        """Open, reject without a reason (it is opened again), answer in a comment (it is closed)."""
        turns: tuple[t.Callable[[], None], ...] = (
            lambda: None,
            lambda: store.set("100", "rejected"),
            lambda: store.say("100", "done"),
        )
        for number, turn in enumerate(turns, start=1):
            turn()
            if number == dies_at:
                store.dies_after = store.writes + 1
                with pytest.raises(KeyboardInterrupt):
                    tasks_run(place)
                tasks_run(place)
            tasks_run(place)
        task = the_task(place)
        return said_by_us(store), store.only().ticket.state, task.state, task.told

    expected = [
        [
            "It was declined without a reason. Write one line: declined: WHY",
            f"Recorded as done, on the word of {OFFICE}. There is nothing more to do.",
        ]
    ]
    assert whole(write) == (expected, "resolved", "attested", "done")
    company = place.open(writes=False)
    assert verify_ledger(company.ledger).ok
    assert [event.kind for event in company.ledger.events() if event.kind == "task.attested"] == ["task.attested"]


def test_what_a_ticket_was_merged_into_is_somebody_elses_and_is_never_closed(place, store):
    tasks_run(place)
    kept = store.only()
    store.tickets["200"] = type(kept)(kept.ticket.__class__("200", state="open", version="1"))
    store.change("100", merged_into="200", state="resolved")
    tasks_run(place)
    place.edit("people.csv", ("Bob,Ray,bob@acme.example,Engineer,Engineering", "Bob,Ray,bob@acme.example,Poet,Arts"))
    tasks_run(place)
    assert (the_task(place).state, store.tickets["200"].ticket.state) == ("cancelled", "open")
    (said,) = store.tickets["200"].ours()
    assert "This is no longer needed" in said
    tasks_run(place)
    assert len(store.tickets["200"].ours()) == 1


def test_a_task_whose_mail_came_back_goes_to_the_next_owner(place, store):
    two = "{primary: office@acme.example, second: second@acme.example}"
    place.edit("access/catalog/apps.yml", ("{primary: office@acme.example}", two))
    tasks_run(place)
    store.change("100", fields={NOT_DELIVERED_TO: OFFICE, NOT_DELIVERED_BECAUSE: "550 nobody here"})
    found = tasks_run(place)
    assert "mail_bounced" in codes(found)
    task = the_task(place)
    assert (task.owner, store.only().ticket.assignee) == ("second@acme.example", "second@acme.example")
    assert tasks_run(place).changed is False


def test_check_looks_whether_a_desk_answers_and_opens_nothing(place, store):
    (found,) = check_desks(place.open(writes=False))
    assert (found.code, found.severity, found.message) == ("desk_read", "note", "desk helpdesk: it answers")
    store.down = True
    (found,) = check_desks(place.open(writes=False))
    assert (found.code, found.severity) == ("desk_failed", "error")
    assert "it does not answer" in found.message
    assert "apps.yml" in found.where
    assert store.tickets == {}
