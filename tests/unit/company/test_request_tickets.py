# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that people write as tickets at a desk."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.extending import offer
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import Synchronised, synchronise
from ansible_collections.rollcall.access.plugins.module_utils.company.request_intake import Intake, take_requests
from ansible_collections.rollcall.access.plugins.module_utils.company.requesting import ask
from ansible_collections.rollcall.access.plugins.module_utils.desks import registry
from ansible_collections.rollcall.access.plugins.module_utils.desks.books import Books
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Ticket
from ansible_collections.rollcall.access.plugins.module_utils.desks.settling import complete_task, decline_task
from ansible_collections.rollcall.access.plugins.module_utils.errors import NotFound, Transient
from ansible_collections.rollcall.access.plugins.module_utils.model import AccessRequest, DeskSettings
from ansible_collections.rollcall.access.plugins.module_utils.requesting.asked import Asked
from ansible_collections.rollcall.access.tests.unit.company.place import POLICY, Place
from ansible_collections.rollcall.access.tests.unit.desks.memory_desk import Kept, MemoryDesk, Store

GOOD = "Hello,\n\napp: Wiki\naccess: reader\nwhy: I write\nthe handbook\nfor 30 days\n\nThanks\n-- \nDan"


class AskingDesk(MemoryDesk):
    """The desk in memory, where people also ask."""

    def requested(self) -> t.Iterator[Ticket]:
        self._reach()
        yield from [kept.ticket for kept in self.store.tickets.values() if self.meaning(kept.ticket) == "open"]

    def _fail(self) -> None:
        raise Transient("it does not answer", where=self.where("close"), todo="Run again")

    def close(self, reference: str, meaning: str, text: str) -> None:
        if reference not in self.store.tickets:
            raise NotFound("there is no such ticket", where=self.where("close", reference))
        super().close(reference, meaning, text)


class Helpdesk:
    """A company with that desk; each ``round`` is a run."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place, self.store = place, Store()
        monkeypatch.setattr(MemoryDesk, "store", self.store)
        self.desk = AskingDesk(DeskSettings("it", "email", requests={"queue": "access"}), {})

    def people_ask(self, text: str, by: str = "dan@acme.example", **more: t.Any) -> str:
        reference = str(500 + len(self.store.tickets))
        ticket = Ticket(reference, "", "new", "Access, please", text, "access", requester=by, version="1")
        self.store.tickets[reference] = Kept(ticket)
        if more:
            self.store.change(reference, **more)
        return reference

    def round(self, *, writes: bool = True) -> Intake:
        company = self.place.open(writes=writes)
        return take_requests(company, self.place.run(self.place.open()), {"it": self.desk})

    def requests(self) -> list[AccessRequest]:
        return self.place.open().ledger.requests()

    def answers(self, reference: str) -> list[str]:
        return self.store.tickets[reference].ours()

    def state(self, reference: str) -> str:
        return self.store.tickets[reference].ticket.state

    def decide(self, reason: str = "") -> None:
        company = self.place.open()
        books = Books(company.ledger, self.place.run(company), company.people, company.apps)
        for task in company.ledger.tasks(states=("open",), kind="approval"):
            if reason:
                decline_task(books, task.id, company.clock.now(), reason=reason, by=task.owner)
            else:
                complete_task(books, task.id, company.clock.now(), by=task.owner)


@pytest.fixture
def helpdesk(place: Place, monkeypatch: pytest.MonkeyPatch) -> Helpdesk:
    return Helpdesk(place, monkeypatch)


def test_a_ticket_asks_once_and_is_closed_with_the_decision(helpdesk: Helpdesk) -> None:
    ticket = helpdesk.people_ask(GOOD)
    assert len(helpdesk.round().asked) == 1
    (request,) = helpdesk.requests()
    assert (request.person, request.grants, request.reason) == ("4", (("wiki", "reader"),), "I write the handbook")
    assert (request.requested_by, request.until) == ("dan@acme.example", dt.date(2026, 6, 30))
    assert request.via == f"desk it, ticket {ticket}"
    (said,) = helpdesk.answers(ticket)
    assert said == f"Request {request.id} waits for ann@acme.example (manager), wiki@acme.example (owner)."
    assert helpdesk.round().asked == []
    assert len(helpdesk.answers(ticket)) == 1
    helpdesk.decide()
    assert helpdesk.round().followed.decided == {request.id: "approved"}
    assert helpdesk.state(ticket) == "resolved"
    assert "is approved by ann@acme.example (manager), wiki@acme.example (owner)" in helpdesk.answers(ticket)[-1]
    before = len(helpdesk.answers(ticket))
    helpdesk.round()
    assert len(helpdesk.answers(ticket)) == before == 2


def test_a_refusal_is_told_with_its_reason(helpdesk: Helpdesk) -> None:
    ticket = helpdesk.people_ask(GOOD)
    helpdesk.round()
    helpdesk.decide(reason="no budget")
    helpdesk.round()
    assert helpdesk.state(ticket) == "rejected"
    assert helpdesk.answers(ticket)[-1].endswith("refused by ann@acme.example (manager): no budget")


def test_what_is_missing_is_asked_for_once_and_read_from_the_answer(helpdesk: Helpdesk) -> None:
    ticket = helpdesk.people_ask("Please give me the wiki!\napp: wiki\naccess: writer")
    helpdesk.round()
    (asked_back,) = helpdesk.answers(ticket)
    assert '- access: wiki has no "writer" (there is: reader)' in asked_back
    assert "- why: it does not say why" in asked_back
    assert "- until: it does not say until when" in asked_back
    for _run in range(3):
        helpdesk.round()
    assert len(helpdesk.answers(ticket)) == 1
    helpdesk.store.say(ticket, "access: reader\nwhy: to read\nuntil: 2026-06-20", "eve@elsewhere.example")
    helpdesk.round()
    assert helpdesk.requests() == []
    helpdesk.store.say(ticket, "access: reader\nwhy: to read\nuntil: 2026-06-20", "Dan@acme.example")
    helpdesk.round()
    assert [(one.grants, one.until) for one in helpdesk.requests()] == [((("wiki", "reader"),), dt.date(2026, 6, 20))]


def test_a_ticket_that_nothing_is_new_in_is_not_read_again(helpdesk: Helpdesk) -> None:
    helpdesk.people_ask("What about lunch?")
    helpdesk.round()
    helpdesk.round()
    before = helpdesk.store.reads
    helpdesk.round()
    assert helpdesk.store.reads == before + 1


def test_what_cannot_be_given_is_answered_at_the_ticket(helpdesk: Helpdesk) -> None:
    unknown = helpdesk.people_ask("app: wiki\naccess: reader\nwhy: x\nfor: zoe@acme.example\nfor 10 days")
    had = helpdesk.people_ask("app: hub\naccess: user\nwhy: x\nfor 10 days")
    stranger = helpdesk.people_ask(GOOD, by="")
    helpdesk.round()
    assert "nobody is known as 'zoe@acme.example'" in helpdesk.answers(unknown)[0]
    assert "dan.orr has hub: user already (rule all). Nothing needs to be done" in helpdesk.answers(had)[0]
    assert "the desk does not say who asks" in helpdesk.answers(stranger)[0]
    assert helpdesk.requests() == []


def test_a_desk_that_is_down_is_left_for_the_next_run(helpdesk: Helpdesk) -> None:
    helpdesk.people_ask(GOOD)
    helpdesk.store.down = True
    found = helpdesk.round()
    assert found.left == {"it"}
    assert [one.code for one in found.findings] == ["desk_failed"]
    helpdesk.store.down = False
    assert len(helpdesk.round().asked) == 1


def test_a_ticket_that_was_taken_away_holds_up_nobody(helpdesk: Helpdesk) -> None:
    ticket = helpdesk.people_ask(GOOD)
    other = helpdesk.people_ask("app: wiki\naccess: reader\nwhy: x\nfor 10 days", by="bob@acme.example")
    helpdesk.round()
    del helpdesk.store.tickets[ticket]
    helpdesk.decide()
    found = helpdesk.round()
    assert found.findings == []
    assert helpdesk.state(other) == "resolved"


def test_a_run_that_dies_after_asking_says_so_in_the_next(helpdesk: Helpdesk) -> None:
    ticket = helpdesk.people_ask(GOOD)
    helpdesk.store.dies_after = 1
    with pytest.raises(KeyboardInterrupt):
        helpdesk.store.written()
    company = helpdesk.place.open()
    take_requests(company, helpdesk.place.run(company), {})
    helpdesk.round()
    assert len(helpdesk.requests()) == 1
    assert len(helpdesk.answers(ticket)) == 1


def test_check_mode_says_nothing_at_the_desk(helpdesk: Helpdesk) -> None:
    bad, good = helpdesk.people_ask("app: wiki"), helpdesk.people_ask(GOOD)
    helpdesk.place.open().ledger  # noqa: B018 - it is made by being opened
    assert len(helpdesk.round(writes=False).asked) == 1
    assert helpdesk.answers(bad) == helpdesk.answers(good) == []
    assert helpdesk.requests() == []


def test_markup_in_a_ticket_is_data(helpdesk: Helpdesk) -> None:
    helpdesk.people_ask("app: wiki\naccess: reader\nwhy: {{ 7*7 }} <b>now</b> =1+1\nfor 3 days")
    helpdesk.round()
    assert helpdesk.requests()[0].reason == "{{ 7*7 }} <b>now</b> =1+1"


# approvers answer at a desk


@pytest.fixture
def store(place: Place, monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()
    monkeypatch.setattr(MemoryDesk, "store", made)
    monkeypatch.setattr(registry, "desk_class", lambda word: MemoryDesk)
    place.edit("access/catalog/apps.yml", ("apps:", "desks:\n  helpdesk: {type: email, default: true}\napps:"))
    company = place.open()
    asked = Asked("dan.orr", (("wiki", "reader"),), "reads", "dan@acme.example", lasts=dt.timedelta(days=20))
    ask(company, place.run(company), asked)
    return made


def tasks_run(place: Place) -> Synchronised:
    company = place.open()
    return synchronise(company, place.run(company), [])


def test_approvers_answer_in_their_tickets(place: Place, store: Store) -> None:
    tasks_run(place)
    tickets = {kept.ticket.assignee: kept for kept in store.tickets.values()}
    assert tickets.keys() == {"ann@acme.example", "wiki@acme.example"}
    manager, owner = (tickets[name].ticket.reference for name in ("ann@acme.example", "wiki@acme.example"))
    assert "  approved" in tickets["ann@acme.example"].ticket.text

    # nobody for themselves, and not by closing without a word
    store.say(manager, "approved", "DAN@acme.example")
    store.set(owner, "resolved", "wiki@acme.example")
    tasks_run(place)
    tasks_run(place)
    assert "somebody else has to decide" in store.tickets[manager].ours()[-1]
    assert "nobody has written that it is approved" in store.tickets[owner].ours()[-1]
    assert store.tickets[owner].ticket.state == "open"
    said = [len(store.tickets[reference].ours()) for reference in (manager, owner)]
    tasks_run(place)
    assert [len(store.tickets[reference].ours()) for reference in (manager, owner)] == said
    assert place.open().ledger.exceptions() == []

    store.say(manager, "approved", "ann@acme.example")
    store.say(owner, "Approved. Enjoy!", "wiki@acme.example")
    found = tasks_run(place)
    assert list(found.decided.values()) == ["approved"]
    (exception,) = place.open().ledger.exceptions()
    assert exception.approved_by == "ann@acme.example, wiki@acme.example"
    assert store.tickets[manager].ticket.state == store.tickets[owner].ticket.state == "resolved"


def test_a_refusal_closes_the_other_ticket_too(place: Place, store: Store) -> None:
    tasks_run(place)
    tickets = {kept.ticket.assignee: kept.ticket.reference for kept in store.tickets.values()}
    store.say(tickets["wiki@acme.example"], "declined: not for Sales", "wiki@acme.example")
    assert list(tasks_run(place).decided.values()) == ["refused"]
    assert store.tickets[tickets["ann@acme.example"]].ticket.state == "dropped"
    assert (
        "refused by wiki@acme.example (owner): not for Sales" in store.tickets[tickets["ann@acme.example"]].ours()[-1]
    )


def test_no_answer_escalates(place: Place, store: Store) -> None:
    place.edit("rollcall.yml", ("as_of: 2026-06-01", "as_of: 2026-06-01\nchasing: {escalate_after: 1d}"))
    tasks_run(place)
    before = {task.id: task.owner for task in place.open().ledger.tasks(states=("open",), kind="approval")}
    company = place.open(as_of="2026-06-05")
    synchronise(company, place.run(company), [])
    after = {task.id: (task.owner, task.level) for task in place.open().ledger.tasks(states=("open",), kind="approval")}
    assert after.keys() == before.keys()
    assert any(level > 0 and owner != before[id] for id, (owner, level) in after.items())
    assert all(owner not in ("dan@acme.example", "") for owner, _level in after.values())


# a manager extends what ends soon


@pytest.fixture
def ending(helpdesk: Helpdesk) -> Helpdesk:
    helpdesk.place.write("access/policy/rules.yml", POLICY + "extend_at_most: 30d\n")
    helpdesk.place.write(
        "access/exceptions/e.yml",
        "exceptions:\n"
        "  - {id: dan-code, person: dan@acme.example, grant: {hub: [code]}, reason: r, requested_by: it@acme.example,\n"
        '     approved_by: bob@acme.example, from: "2026-05-01", until: "2026-06-05"}\n',
    )
    return helpdesk


def lines_of(helpdesk: Helpdesk, until: str = "2026-06-30") -> str:
    made = offer(helpdesk.place.open(), "exception", "dan-code")
    assert made is not None
    return f"Please,\n\nextend: {made.token[:70]}\n{made.token[70:]}\nuntil: {until}\n-- \nAnn"


def test_a_manager_extends_by_a_ticket(ending: Helpdesk) -> None:
    ticket = ending.people_ask(lines_of(ending), by="ann@acme.example")
    assert not ending.round(writes=False).changed
    assert ending.state(ticket) == "new"
    assert ending.round().extended == 1
    assert ending.answers(ticket)[-1] == "exception dan-code is extended until 2026-06-30."
    assert ending.state(ticket) == "resolved"
    assert not ending.round().changed
    (exception,) = ending.place.open().exceptions
    assert exception.until == dt.date(2026, 6, 30)
    again = ending.people_ask(ending.store.tickets[ticket].ticket.text, by="ann@acme.example")
    ending.round()
    assert "used already" in ending.answers(again)[-1]


def test_a_run_that_could_not_close_the_ticket(ending: Helpdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = ending.people_ask(lines_of(ending), by="ann@acme.example")
    with monkeypatch.context() as broken:
        broken.setattr(AskingDesk, "close", lambda self, *_arguments: self._fail())
        assert ending.round().left == {"it"}
    ending.round()
    assert ending.answers(ticket)[-1] == "exception dan-code is extended until 2026-06-30."
    assert len(list(ending.place.open().ledger.events(kind="exception.extended"))) == 1


@pytest.mark.parametrize(
    ("by", "until", "expected"),
    [
        ("dan@acme.example", "2026-06-30", "cannot extend their own access"),
        ("bob@acme.example", "2026-06-30", "and not for bob@acme.example"),
        ("", "2026-06-30", "does not say who wrote this"),
        ("ann@acme.example", "2026-09-30", "is too long"),
        ("ann@acme.example", "soon", "which is no day"),
    ],
)
def test_a_ticket_that_extends_nothing_says_why(ending: Helpdesk, by: str, until: str, expected: str) -> None:
    ticket = ending.people_ask(lines_of(ending, until), by=by)
    assert ending.round().extended == 0
    assert expected in ending.answers(ticket)[-1]
    assert not list(ending.place.open().ledger.events(kind="exception.extended"))
    assert ending.requests() == []


def test_several_in_one_ticket_are_extended_each_and_what_is_not_is_said(ending: Helpdesk) -> None:
    both = lines_of(ending).partition("\n-- ")[0] + "\n\nextend: nonsense\nuntil: 2026-06-30\n"
    ticket = ending.people_ask(both, by="ann@acme.example")
    assert ending.round().extended == 1
    assert ending.answers(ticket)[-1].startswith(
        "exception dan-code is extended until 2026-06-30.\nThis is not extended:"
    )
    assert ending.state(ticket) == "rejected"
