# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The suite that every desk goes through. A module that runs it imports everything from here and sets ``CASES``.

It knows nothing of any desk: it looks at the tickets through the desk's class and, past it, through the case's server.
What a desk does not have is in ``case.without``, with its reason. The embedded desk is not among the cases: its tickets
are the ledger's own tasks, nobody else writes at them, and tests/unit/desks/test_embedded.py says how it behaves.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import importlib
import math
import pathlib
import pkgutil
import time
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment, Desk, Letter, Ticket
from ansible_collections.rollcall.access.plugins.module_utils.desks.registry import build, desk_class, desk_problems
from ansible_collections.rollcall.access.plugins.module_utils.desks.saying import was_said
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    NotFound,
    Refused,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, DeskServer, Seen
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.product_suite import needs

DUE = dt.datetime(2026, 3, 2, 16, 0, tzinfo=dt.timezone.utc)
TASK = "0a1b2c3d4e"
UNKNOWN = "nobody-has-this@elsewhere.example"
FEW = 5  # requests beside those for the pages: who we are, what there is
#: What HR, an app or a person may have typed. Each line has to be seen as it stands, and to do nothing.
ODD_LINES = (
    'Who: Jane <script>alert(1)</script> O\'Brien & Söhne "東京"',
    "{code}rm -rf{code} *bold* _slanted_ ~~gone~~ {color:red}red{color} {noformat}",
    "h1. No heading",
    "# No heading either",
    "=1+1",
    "[~admin] [~accountid:5b10ac8d82e05b22cc7d4ef5] @everyone @admin @all @{admin}",
    "#1 !1 GH-1 &1 $1",
    "{{ 7 * 7 }} ${7*7} <%= 7 %> %s \\n",
    "- [ ] no box",
    "<!-- not hidden --> &amp; <b>not bold</b>",
    "[click](https://evil.example) ![x](https://evil.example/x.png) [x|https://evil.example]",
    "/close",
    "/assign @admin",
    "```",
    "a backslash at the end \\",
    "> no quotation",
    "1. Grant: Admin (group)",
)
TEXT = "\n".join(ODD_LINES)
#: What a reference might hold where the ledger was written by another version, or by hand.
ODD_REFERENCES = ["0", "-1", "../../users/1", "1 OR 1=1", "x' OR '1'='1", "", "1?fields=*", "東京", "1,2", "*"]


def desk_cases_in(package: str, folder: pathlib.Path) -> list[DeskCase]:
    """Return an instance of every DeskCase that the modules of a package define."""
    found = []
    for module in sorted(info.name for info in pkgutil.iter_modules([str(folder)])):
        loaded = importlib.import_module(f"{package}.{module}")
        for kind in vars(loaded).values():
            own = isinstance(kind, type) and issubclass(kind, DeskCase) and kind.__module__ == loaded.__name__
            if own and kind.word:
                found.append(kind())
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        needed = getattr(metafunc.function, "needs", ())
        cases = [case for case in metafunc.module.CASES if not any(word in case.without for word in needed)]
        metafunc.parametrize("case", cases, ids=[case.word for case in cases], scope="module", indirect=True)


# ---- fixtures


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest) -> DeskCase:
    return request.param


@pytest.fixture(scope="module")
def started(case: DeskCase) -> t.Iterator[DeskServer]:
    with case.server() as server:
        yield server


@pytest.fixture
def server(started: DeskServer) -> t.Iterator[DeskServer]:
    started.reset()
    yield started
    problems = getattr(started, "problems", [])
    assert not problems, "\n".join(problems)


@pytest.fixture
def proxy(server: DeskServer) -> t.Iterator[FaultProxy]:
    """What stands before the server. For one that is not spoken to by HTTP it is there, and nothing comes by."""
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield proxy


@pytest.fixture
def desk(case: DeskCase, server: DeskServer, proxy: FaultProxy) -> t.Iterator[Desk]:
    desk = connect(case, server, proxy)
    yield desk
    desk.close_session()


def connect(case: DeskCase, server: DeskServer, proxy: FaultProxy, **changed: t.Any) -> Desk:
    """Return a desk that gives up quickly, with other settings than the case's where some are given."""
    settings = dataclasses.replace(case.settings(proxy.port if server.port else 0), **changed)
    assert list(desk_problems(settings)) == []
    quick = {"read_attempts": 1, "read_timeout": 10}
    known = desk_class(case.word).options
    more = {name: value for name, value in quick.items() if name in known and name not in settings.connection}
    return build(settings, {**settings.connection, **more})


# ---- looking


def letter(server: DeskServer, task: str = TASK, **changed: t.Any) -> Letter:
    title = f"Give Jane <b>O'Brien</b> & Söhne access to =CRM {{{{ 7 * 7 }}}} [rollcall {task}]"
    return dataclasses.replace(Letter(task, title, TEXT, server.owner, DUE), **changed)


def ids(n: int, salt: str = "") -> list[str]:
    return [hashlib.sha256(f"{salt}{number}".encode()).hexdigest()[:10] for number in range(n)]


def seen(server: DeskServer, reference: str) -> Seen:
    (found,) = (ticket for ticket in server.tickets() if ticket["reference"] == reference)
    return found


def one(desk: Desk, reference: str) -> Ticket:
    found = desk.read([reference])
    assert set(found) == {reference}
    return found[reference]


def found(desk: Desk, *tasks: str) -> list[tuple[str, str]]:
    return [(ticket.task, ticket.reference) for ticket in desk.find(tasks)]


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def assert_shown(server: DeskServer, reference: str, text: str) -> None:
    """Every line of a text is seen as it stands, and in that order."""
    visible = iter(lines(server.shown(reference)))
    for line in lines(text):
        assert any(line in one for one in visible), f"not seen (or not there in the order): {line!r}"


@contextlib.contextmanager
def fails(case: DeskCase, *expected: type[AppError]) -> t.Iterator[list[AppError]]:
    """Expect an error; its text must say where, and nothing that is secret."""
    caught: list[AppError] = []
    with pytest.raises(expected) as info:
        yield caught
    caught.append(info.value)
    settings = case.settings(1)
    assert f"desk {settings.key}" in str(info.value)
    for secret in (CANARY, *secrets_of(settings)):
        assert secret not in str(info.value)
        assert secret not in repr(info.value.details)


def secrets_of(settings: DeskSettings) -> list[str]:
    options = desk_class(settings.type).options
    return [str(value) for name, value in settings.connection.items() if value and options.get(name) == "secret"]


@contextlib.contextmanager
def nothing_changes(server: DeskServer) -> t.Iterator[None]:
    before = server.tickets()
    yield
    assert server.tickets() == before


# ---- what a case must say


def test_a_case_says_what_it_is_and_gives_reasons(case: DeskCase) -> None:
    assert desk_class(case.word).type == case.word
    assert len(case.tested) > 20
    for what, why in case.without.items():
        assert len(why) > 15, f"{what}: a reason, in a sentence"
    for name in ("other_states", "other_place"):
        assert bool(getattr(case, name)) != (name in case.without), name


def test_what_the_server_lacks_is_what_the_case_says(case: DeskCase, server: DeskServer) -> None:
    optional = ("people_delete", "people_merge", "people_move", "people_ask", "set_field", "revoke_credentials")
    for method in (*optional, "take_right", "take_sight"):
        assert hasattr(server, method) != (method in case.without), method


# ---- opening


def test_a_ticket_carries_the_task_the_owner_and_the_text_as_it_is(
    case: DeskCase, server: DeskServer, desk: Desk
) -> None:
    made = desk.open(letter(server))
    (ticket,) = server.tickets()
    assert ticket["reference"] == made.reference
    assert ticket["title"] == letter(server).title
    if "assignee" not in case.without:
        assert ticket["assignee"].casefold() == server.owner.casefold()
        assert made.assignee.casefold() == server.owner.casefold()
    assert made.task == TASK
    assert made.link.startswith(("http", "mailto:", "mid:"))
    assert made.version
    assert desk.meaning(made) == "open"
    assert_shown(server, made.reference, TEXT)
    assert server.reached(made.reference) == []


def test_what_open_returns_is_what_is_read_and_found(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    (again,) = desk.find([TASK])
    for ticket in (again, one(desk, made.reference)):
        for field in ("reference", "task", "state", "title", "place", "assignee", "link"):
            assert getattr(ticket, field) == getattr(made, field), field


def test_an_emergency_is_opened_like_any_other(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server, urgency="emergency", requester=server.other_owner))
    assert found(desk, TASK) == [(TASK, made.reference)]
    assert_shown(server, made.reference, TEXT)


@pytest.mark.parametrize("owner", [UNKNOWN, "", "no address", "' OR 1=1 --@acme.example"])
def test_a_ticket_of_an_owner_whom_the_desk_does_not_know_is_opened_unassigned(
    server: DeskServer, desk: Desk, owner: str
) -> None:
    made = desk.open(letter(server, owner=owner))
    (ticket,) = server.tickets()
    assert ticket["assignee"].casefold() in ("", owner.casefold())
    assert not ticket["assignee"] or owner == UNKNOWN
    assert found(desk, TASK) == [(TASK, made.reference)]


@needs("other_place")
def test_a_letter_may_go_to_another_place_and_is_found_there(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    here = desk.open(letter(server))
    there = desk.open(letter(server, ids(1)[0], place={**desk.settings.place, **case.other_place}))
    assert seen(server, here.reference)["place"] != seen(server, there.reference)["place"]
    assert there.place == one(desk, there.reference).place != here.place
    assert found(desk, ids(1)[0]) == [(ids(1)[0], there.reference)]


@needs("http")
def test_a_ticket_whose_opening_was_not_confirmed_is_found_and_not_opened_again(
    case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy
) -> None:
    method, path = case.opens_with
    proxy.arm("lost_answer", method=method, path=path, times=1)
    with fails(case, Transient):
        desk.open(letter(server))
    proxy.clear()
    ((task, reference),) = found(desk, TASK)
    assert task == TASK
    assert [ticket["reference"] for ticket in server.tickets()] == [reference]


# ---- finding


def test_a_ticket_is_found_in_whatever_state(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    tasks = ids(4)
    made = {task: desk.open(letter(server, task)).reference for task in tasks}
    if "closing" not in case.without:
        server.people_close(made[tasks[1]], "done", server.owner)
        server.people_close(made[tasks[2]], "declined", server.owner)
    desk.close(made[tasks[3]], "cancelled", "No longer needed")
    assert sorted(found(desk, *tasks)) == sorted(made.items())


def test_only_what_is_asked_for_is_found(server: DeskServer, desk: Desk) -> None:
    tasks = ids(3)
    made = {task: desk.open(letter(server, task)).reference for task in tasks}
    assert found(desk, tasks[1]) == [(tasks[1], made[tasks[1]])]
    assert found(desk, tasks[1][:-1], "ffffffffff") == []
    assert found(desk) == []


def test_what_looks_like_ours_is_not_ours(server: DeskServer, desk: Desk) -> None:
    for title in (f"[rollcall {TASK}x]", f"rollcall {TASK}", f"[rollcall x{TASK}]", f"About {TASK}", "[rollcall ]"):
        server.people_open(title, f"Look at task {TASK}", server.owner)
    assert found(desk, TASK) == []


@needs("copied_marker")
def test_a_ticket_of_a_person_who_copied_our_title_is_not_ours(server: DeskServer, desk: Desk) -> None:
    copy = server.people_open(letter(server).title, TEXT, server.owner)
    assert found(desk, TASK) == []
    made = desk.open(letter(server))
    assert found(desk, TASK) == [(TASK, made.reference)]
    assert one(desk, copy).task == ""


@needs("http")
def test_many_tasks_are_looked_for_among_many_tickets_in_few_requests(
    case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy
) -> None:
    server.fill(250)
    tasks = ids(3)
    made = {task: desk.open(letter(server, task)).reference for task in tasks}
    proxy.clear()
    assert sorted(found(desk, *tasks, *ids(300, "not opened"))) == sorted(made.items())
    assert len(proxy.seen) <= math.ceil(303 / case.page_size) + 300 / 20 + FEW


# ---- reading


@needs("http", "listing")
def test_many_tickets_are_read_by_list(case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy) -> None:
    references = server.fill(250)
    proxy.clear()
    tickets = desk.read(references)
    assert set(tickets) == set(references)
    assert all(ticket.reference == reference for reference, ticket in tickets.items())
    assert {ticket.task for ticket in tickets.values()} == {""}
    assert len(proxy.seen) <= math.ceil(250 / case.page_size) + FEW


def test_a_ticket_that_is_not_there_is_left_out(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    assert set(desk.read([case.nowhere, made.reference])) == {made.reference}
    assert desk.read([]) == {}


@pytest.mark.parametrize("reference", ODD_REFERENCES)
def test_no_reference_reads_something_else(server: DeskServer, desk: Desk, reference: str) -> None:
    made = desk.open(letter(server))
    assert desk.read([reference]) == {}
    assert set(desk.read([reference, made.reference])) == {made.reference}


@needs("people_delete")
def test_a_deleted_ticket_is_gone(server: DeskServer, desk: Desk) -> None:
    made, other = desk.open(letter(server)), desk.open(letter(server, ids(1)[0]))
    server.people_delete(made.reference)
    read = desk.read([made.reference, other.reference])
    assert other.reference in read
    assert made.reference not in read or read[made.reference].gone
    assert all(ticket.gone for ticket in desk.find([TASK]))


@needs("people_merge")
def test_a_merged_ticket_says_what_it_became_part_of(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    other = server.people_open("Another one about the same", "Please", server.owner)
    server.people_merge(made.reference, other)
    assert one(desk, made.reference).merged_into == other


@needs("people_move")
def test_a_moved_ticket_is_read_by_the_reference_that_it_had(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    server.people_move(made.reference)
    moved = one(desk, made.reference)
    assert moved.task == TASK
    assert (moved.place, moved.reference) != (made.place, made.reference)


def test_the_version_changes_with_everything_that_happens_and_with_nothing_else(
    case: DeskCase, server: DeskServer, desk: Desk
) -> None:
    made = desk.open(letter(server))
    time.sleep(case.settles)
    versions = [one(desk, made.reference).version, one(desk, made.reference).version]
    assert versions[0] == versions[1]
    events: list[t.Callable[[], None]] = [
        lambda: server.people_reply(made.reference, "done", server.owner),
        lambda: server.people_reply(made.reference, "and more", server.owner),
    ]
    if "closing" not in case.without:
        events.append(lambda: server.people_close(made.reference, "done", server.owner))
        events.append(lambda: server.people_reopen(made.reference))
    for happens in events:
        happens()
        versions.append(one(desk, made.reference).version)
    assert len(set(versions)) == 1 + len(events)


@needs("fields", "set_field")
def test_fields_are_read_as_text_and_change_the_version(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    assert desk.settings.fields
    for field in desk.settings.fields.values():
        before = one(desk, made.reference)
        value = f"jane.o'brien <{field}> & 東京"
        server.set_field(made.reference, field, value)
        after = one(desk, made.reference)
        assert after.fields[field] == value
        assert before.fields.get(field, "") == ""
        assert after.version != before.version


# ---- replies


def test_replies_are_what_others_wrote_the_oldest_first(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    assert desk.replies(made.reference) == ()
    desk.comment(made.reference, "A reminder of ours")
    server.people_reply(made.reference, "account: jane.o'brien\nnote: <b>as</b> *asked* & =1+1", server.owner)
    desk.comment(made.reference, "Another one")
    server.people_reply(made.reference, "done", server.other_owner)
    first, second = desk.replies(made.reference)
    assert lines(first.text) == ["account: jane.o'brien", "note: <b>as</b> *asked* & =1+1"]
    assert lines(second.text) == ["done"]
    assert [first.by.casefold(), second.by.casefold()] == [server.owner.casefold(), server.other_owner.casefold()]
    assert first.id != second.id
    assert first.at is not None
    assert first.at.tzinfo is not None
    assert desk.replies(made.reference) == (first, second)


@needs("closing")
def test_a_state_that_a_person_changed_is_no_reply(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    server.people_close(made.reference, "done", server.owner)
    server.people_reopen(made.reference)
    assert desk.replies(made.reference) == ()


@needs("attachments")
def test_an_attachment_comes_with_its_reply_byte_by_byte(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    content = bytes(range(256)) * 300 + b"<script>"
    server.people_reply(made.reference, "done", server.owner, Attachment("proof screen.png", content))
    (reply,) = desk.replies(made.reference)
    assert lines(reply.text) == ["done"]
    ((name, got),) = ((one.name, one.content) for one in reply.attachments)
    assert name == "proof screen.png"
    assert got == content


# ---- writing at a ticket


def test_a_comment_is_seen_as_it_is_and_does_nothing(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server, text="Please"))
    before = seen(server, made.reference)
    desk.comment(made.reference, TEXT)
    assert_shown(server, made.reference, "Please\n" + TEXT)
    assert server.reached(made.reference) == []
    after = seen(server, made.reference)
    assert {**after, "state": ""} == {**before, "state": ""}
    assert desk.meaning(one(desk, made.reference)) == "open"  # some have a word for "new" and one for "answered"


def test_what_we_said_ourselves_can_be_found_again_and_is_told_from_what_others_said(
    server: DeskServer, desk: Desk
) -> None:
    made = desk.open(letter(server, text="Please"))
    assert desk.said(made.reference) == ()
    desk.comment(made.reference, TEXT)
    server.people_reply(made.reference, "What is this about?", server.owner)
    ours = desk.said(made.reference)
    assert len(ours) == 1
    assert was_said(TEXT, ours)
    assert not was_said("What is this about?", ours)
    desk.comment(made.reference, "A reminder of ours")
    assert was_said("A reminder of ours", desk.said(made.reference))


@needs("assignee")
def test_a_ticket_is_given_to_somebody_else(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    for _unused in range(2):
        assert desk.reassign(made.reference, server.other_owner) is True
        assert seen(server, made.reference)["assignee"].casefold() == server.other_owner.casefold()
    assert one(desk, made.reference).assignee.casefold() == server.other_owner.casefold()
    assert found(desk, TASK) == [(TASK, made.reference)]


@needs("assignee")
@pytest.mark.parametrize("owner", [UNKNOWN, "no address", "' OR 1=1 --@acme.example", "*@acme.example"])
def test_a_ticket_is_not_given_to_an_address_that_nobody_has(server: DeskServer, desk: Desk, owner: str) -> None:
    made = desk.open(letter(server))
    assert desk.reassign(made.reference, owner) is False
    assert one(desk, made.reference).assignee.casefold() in ("", server.owner.casefold())


# ---- states


@needs("closing")
def test_what_a_person_did_to_a_ticket_is_understood(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    for meaning in ("done", "declined"):
        server.people_close(made.reference, meaning, server.owner)
        ticket = one(desk, made.reference)
        assert desk.meaning(ticket) == meaning
        if "changed_by" not in case.without:
            assert ticket.changed_by.casefold() == server.owner.casefold()
        server.people_reopen(made.reference)
        assert desk.meaning(one(desk, made.reference)) == "open"


@pytest.mark.parametrize("meaning", ["done", "declined", "cancelled"])
def test_a_ticket_is_closed_once_and_opened_again(server: DeskServer, desk: Desk, meaning: str) -> None:
    made = desk.open(letter(server))
    desk.close(made.reference, meaning, "Closed, since <b>it is</b> *so*")
    closed = one(desk, made.reference)
    assert closed.state.casefold() == desk.state_for(meaning).casefold()
    assert_shown(server, made.reference, TEXT + "\nClosed, since <b>it is</b> *so*")
    desk.close(made.reference, meaning, "Closed a second time")
    assert dataclasses.replace(one(desk, made.reference), version=closed.version) == closed
    assert "second time" not in server.shown(made.reference)
    desk.reopen(made.reference, "Reopened: the access is still there")
    assert desk.meaning(one(desk, made.reference)) == "open"
    desk.reopen(made.reference, "Still there")
    assert desk.meaning(one(desk, made.reference)) == "open"
    assert_shown(server, made.reference, "Reopened: the access is still there\nStill there")
    assert desk.replies(made.reference) == ()


@needs("other_states")
def test_the_states_of_the_catalog_count(case: DeskCase, server: DeskServer, proxy: FaultProxy) -> None:
    desk = connect(case, server, proxy, states=case.other_states)
    for meaning, words in case.other_states.items():
        made = desk.open(letter(server, ids(1, meaning)[0]))
        if meaning != "open":
            desk.close(made.reference, meaning, "So")
            assert one(desk, made.reference).state.casefold() == words[0].casefold()
        assert desk.meaning(one(desk, made.reference)) == meaning
    desk.close_session()


# ---- requests for access


@needs("people_ask")
def test_people_who_ask_for_access_are_seen_until_they_are_answered(server: DeskServer, desk: Desk) -> None:
    assert list(desk.requested()) == []
    asked = server.people_ask("Access to the CRM", "app: crm\nwhy: <b>sales</b> & 東京", server.other_owner)
    second = server.people_ask("Another", "app: wiki", server.owner)
    made = desk.open(letter(server, place=desk.settings.requests))
    server.people_close(second, "done", server.owner)
    (request,) = desk.requested()
    assert request.reference == asked != made.reference
    assert request.title == "Access to the CRM"
    assert lines(request.text) == ["app: crm", "why: <b>sales</b> & 東京"]
    assert request.requester.casefold() == server.other_owner.casefold()
    assert request.task == ""
    desk.comment(asked, "Approved")
    assert [one.reference for one in desk.requested()] == [asked]
    desk.close(asked, "done", "You have it")
    assert list(desk.requested()) == []


def test_a_desk_without_a_place_for_requests_has_none(case: DeskCase, server: DeskServer, proxy: FaultProxy) -> None:
    desk = connect(case, server, proxy, requests={})
    server.people_open("Access", "app: crm", server.owner)
    assert list(desk.requested()) == []
    desk.close_session()


# ---- faults


def writes(desk: Desk, server: DeskServer, reference: str) -> list[t.Callable[[], t.Any]]:
    return [
        lambda: desk.open(letter(server, ids(1, "another")[0])),
        lambda: desk.comment(reference, "A comment"),
        lambda: desk.close(reference, "done", "Closed"),
    ]


def reads(desk: Desk, reference: str) -> list[t.Callable[[], t.Any]]:
    return [
        lambda: list(desk.find([TASK])),
        lambda: desk.read([reference]),
        lambda: desk.replies(reference),
    ]


def test_writing_at_a_ticket_that_is_not_there_says_so(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    for write in (
        lambda: desk.comment(case.nowhere, "A comment"),
        lambda: desk.close(case.nowhere, "done", "Closed"),
        lambda: desk.reopen(case.nowhere, "Reopened"),
    ):
        with nothing_changes(server), fails(case, NotFound) as caught:
            write()
        assert case.nowhere in str(caught[0])


@needs("revoke_credentials")
def test_credentials_that_expired_are_refused_in_words(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    reference = desk.open(letter(server)).reference
    server.revoke_credentials()
    attempts = [*reads(desk, reference), *writes(desk, server, reference)]
    if desk.settings.requests:
        attempts.append(lambda: list(desk.requested()))
    for attempt in attempts:
        with nothing_changes(server), fails(case, Refused):
            attempt()


@needs("take_right")
def test_a_right_to_write_that_is_missing_is_named(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    reference = desk.open(letter(server)).reference
    word = server.take_right()
    for write in writes(desk, server, reference)[:2]:
        with nothing_changes(server), fails(case, Refused) as caught:
            write()
        assert word
        assert word in str(caught[0])


@needs("take_sight")
def test_tickets_that_may_not_be_seen_are_not_taken_for_deleted(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    reference = desk.open(letter(server)).reference
    word = server.take_sight()
    looks = reads(desk, reference)[:2]
    for look in looks[1:] if "blind_find" in case.without else looks:
        with fails(case, Refused) as caught:
            look()
        assert word
        assert word in str(caught[0])


@needs("http")
@pytest.mark.parametrize(
    ("status", "headers", "expected", "wait"),
    [
        (429, {"Retry-After": "7"}, Throttled, 7.0),
        (429, {}, Throttled, None),
        (503, {}, Transient, None),
        (500, {}, Transient, None),
    ],
)
def test_a_desk_that_cannot_now_has_not_lost_its_tickets(
    case: DeskCase,
    server: DeskServer,
    desk: Desk,
    proxy: FaultProxy,
    status: int,
    headers: dict[str, str],
    expected: type[AppError],
    wait: float | None,
) -> None:
    reference = desk.open(letter(server)).reference
    for method in ("GET", "POST", "PUT", "PATCH"):
        proxy.arm("status", method=method, status=status, headers=headers, body=b"")
    for attempt in (*reads(desk, reference), *writes(desk, server, reference)):
        with nothing_changes(server), fails(case, expected) as caught:
            attempt()
        if isinstance(caught[0], Throttled) and wait is not None:
            assert caught[0].retry_after == wait


@needs("http")
@pytest.mark.parametrize("kind", ["reset", "invalid_json"])
def test_an_answer_that_breaks_off_is_an_error(
    case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy, kind: str
) -> None:
    reference = desk.open(letter(server)).reference
    server.people_reply(reference, "done", server.owner)
    for read in reads(desk, reference):
        proxy.clear()
        for method in ("GET", "POST"):
            proxy.arm(kind, method=method)
        with fails(case, Transient, Broken):
            read()


@needs("http", "listing", "page_twice")
def test_a_page_that_comes_twice_is_an_error(case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy) -> None:
    references = server.fill(2 * case.page_size + 1)
    desk.read(references[:1])
    for method in ("GET", "POST"):
        proxy.arm("page_twice", method=method, skip=1)
    with fails(case, Broken, Transient, Refused):
        desk.read(references)


@needs("http")
def test_a_comment_whose_answer_was_lost_is_not_repeated_by_itself(
    case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy
) -> None:
    reference = desk.open(letter(server)).reference
    for method in ("PUT", "PATCH", "POST"):
        proxy.arm("lost_answer", method=method, path=case.comments_with, times=1)
    with fails(case, Transient):
        desk.comment(reference, "Only once")
    proxy.clear()
    assert server.shown(reference).count("Only once") == 1


__all__ = [name for name in globals() if name.startswith("test_")] + [
    "case",
    "desk",
    "desk_cases_in",
    "proxy",
    "pytest_generate_tests",
    "server",
    "started",
]
