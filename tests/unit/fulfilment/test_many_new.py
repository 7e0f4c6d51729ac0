# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many new people in one app: lists in place of single questions, and every guarantee of a packet alone."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Conflict,
    LedgerError,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment import many
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.executor import (
    GIVE_UP_AFTER,
    Executor,
    Outcome,
    packets_of,
)
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.many import MANY
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.packet import CLAIM_FOR, Packet
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    Because,
    Change,
    ChangeKind,
)
from ansible_collections.rollcall.access.tests.unit.fulfilment.bench import GITHUB, NOW, account
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault, MemoryApp, app_that_can
from ansible_collections.rollcall.access.tests.unit.planning.world import person

EVERYTHING = app_that_can()
CHAT = dataclasses.replace(GITHUB, key="chat")
APPS = {"github": GITHUB, "chat": CHAT}
CREW = [person(str(100 + n), name=f"crew{n}") for n in range(MANY + 5)]
WHY = (Because("rule", "everyone", "1.0"),)


class Listing(EVERYTHING):  # type: ignore[misc,valid-type]
    """An app whose lists are counted, and may lag behind, lose accounts or fail."""

    def __init__(self, *given: t.Any, **more: t.Any) -> None:
        super().__init__(*given, **more)
        self.lists = 0
        self.listed: t.Callable[[list[Account]], list[Account]] = lambda accounts: accounts

    def accounts(self) -> t.Iterator[Account]:
        self.lists += 1
        return iter(self.listed(list(self.there.values())))

    @property
    def finds_asked(self) -> int:
        return self.calls.count("find")


@pytest.fixture
def crew(bench):
    bench.people |= {one.id: one for one in CREW}
    return bench


def hiring(app: MemoryApp, people: t.Sequence[t.Any] = CREW) -> list[Change]:
    """Everybody gets an account with one thing in it."""
    changes = []
    for one in people:
        new = {"username": one.username, "email": one.email, "external_id": one.id, "name": one.name}
        changes.append(Change(ChangeKind.CREATE, one.id, app.app.key, because=WHY, details=new))
        changes.append(Change(ChangeKind.GRANT, one.id, app.app.key, entitlement="design", because=WHY))
    return changes


def hire(crew, app: MemoryApp, people: t.Sequence[t.Any] = CREW, **more: t.Any) -> Outcome:
    return crew.execute({app.app.key: app}, hiring(app, people), APPS, **more)


def holders(app: MemoryApp) -> collections.Counter[str]:
    return collections.Counter(one.external_id for one in app.there.values())


def test_two_lists_stand_for_all_single_questions(crew):
    app = Listing(GITHUB)
    outcome = hire(crew, app)
    assert outcome.counts() == {"verified": 2 * len(CREW)}
    assert [result.change for result in outcome.results] == hiring(app)
    assert (app.lists, app.finds_asked) == (2, 0)
    assert holders(app) == {one.id: 1 for one in CREW}
    crew.assert_evidence(app)
    assert {record.matched_by for record in crew.ledger.accounts(app="github")} == {"created"}
    assert {grant.because for grant in crew.ledger.grants(app="github")} == {WHY}
    assert verify_ledger(crew.ledger).ok


def test_each_is_written_down_as_intended_before_it_is_made(crew):
    app = Listing(GITHUB)
    early = []

    def look(operation: str) -> None:
        intended = {row.change.person for row in crew.ledger.unsettled() if row.change.kind is ChangeKind.CREATE}
        early.append(len(intended) - len(app.there))

    app.watch = look
    hire(crew, app)
    assert min(early) > 0
    assert crew.ledger.unsettled() == []


def test_a_few_are_asked_for_one_by_one(crew):
    app = Listing(GITHUB)
    assert hire(crew, app, CREW[: MANY - 1]).counts() == {"verified": 2 * (MANY - 1)}
    assert app.lists == 0
    assert app.finds_asked == 3 * (MANY - 1)


def test_in_a_large_app_some_are_asked_for_one_by_one(crew, run):
    app = Listing(GITHUB)
    there = [account(f"old{n}", person(f"o{n}", name=f"old{n}")) for n in range(10 * len(CREW) + 1)]
    app.there |= {one.id: one for one in there}
    crew.ledger.record_accounts([AccountRecord(one, one.external_id) for one in there], run, NOW)
    assert hire(crew, app).counts() == {"verified": 2 * len(CREW)}
    assert app.lists == 0


@pytest.mark.parametrize("known_by", ["external_id", "email"])
def test_who_is_there_already_gets_no_second_account(crew, known_by):
    app = Listing(GITHUB)
    there = account("old", CREW[3])
    there = there if known_by == "external_id" else dataclasses.replace(there, external_id="", username="other")
    app.there["old"] = there
    outcome = hire(crew, app)
    assert not outcome.left
    assert len(app.there) == len(CREW)
    assert "design" in app.there["old"].entitlements


def test_whose_name_is_taken_gets_no_account_in_place_of_somebody_else(crew):
    app = Listing(GITHUB)
    app.there["old"] = dataclasses.replace(account("old", CREW[3]), external_id="100", email="else@acme.example")
    outcome = hire(crew, app, CREW[1:])
    states = {r.change.person: r.state for r in outcome.results if r.change.kind is ChangeKind.CREATE}
    assert states.pop(CREW[3].id) == "task"
    assert set(states.values()) == {"verified"}
    assert holders(app)[CREW[3].id] == 0


def test_what_somebody_makes_by_hand_meanwhile_is_taken_as_it_is(crew):
    app = Listing(GITHUB)

    def by_hand(operation: str) -> None:
        if "hand" not in app.there:
            app.there["hand"] = account("hand", CREW[0])
            app.faults["create"] = [Fault(Conflict("the name is taken"))]

    app.watch = by_hand
    outcome = hire(crew, app, workers=1)
    assert not outcome.left
    assert holders(app) == {one.id: 1 for one in CREW}
    assert "design" in app.there["hand"].entitlements
    crew.assert_evidence(app)


def test_a_list_that_lacks_what_is_known_is_not_believed(crew, run):
    app = Listing(GITHUB)
    known = account("old", person("o1", name="old1"))
    app.there["old"] = known
    crew.ledger.record_accounts([AccountRecord(known, "o1")], run, NOW)
    app.there["mine"] = account("mine", CREW[0])
    app.listed = lambda accounts: []
    outcome = hire(crew, app)
    assert not outcome.left
    assert app.finds_asked >= len(CREW), "each is looked for before it is made"
    assert holders(app)[CREW[0].id] == 1


def test_where_no_list_is_to_be_had_each_is_asked_for(crew):
    app = Listing(GITHUB)

    def fail(accounts: list[Account]) -> list[Account]:
        raise AppError("too large")

    app.listed = fail
    assert hire(crew, app).counts() == {"verified": 2 * len(CREW)}
    assert app.finds_asked == 3 * len(CREW)
    crew.assert_evidence(app)


def test_what_the_list_does_not_show_afterwards_is_asked_for(crew):
    app = Listing(GITHUB)
    app.listed = lambda accounts: [dataclasses.replace(one, entitlements=frozenset()) for one in accounts][3:]
    assert hire(crew, app).counts() == {"verified": 2 * len(CREW)}
    assert app.finds_asked == len(CREW)
    crew.assert_evidence(app)


def test_what_nothing_shows_afterwards_is_said_to_be_unverified(crew):
    app = Listing(GITHUB)
    hidden = hiring(app)[0].person

    def without(accounts: list[Account]) -> list[Account]:
        for one in accounts:
            if one.external_id == hidden:
                del app.there[one.id]
        return list(app.there.values())

    app.listed = without
    outcome = hire(crew, app)
    assert {r.change.person for r in outcome.left} == {hidden}
    assert {r.state for r in outcome.left} == {"unverified"}


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_makes_no_second_account(crew, done):
    app = Listing(GITHUB)
    app.faults["create"] = [Fault(Transient("timed out"), done=done), Fault(Throttled("wait"))]
    outcome = hire(crew, app)
    assert not outcome.left
    assert holders(app) == {one.id: 1 for one in CREW}
    crew.assert_evidence(app)


def test_what_an_earlier_run_tried_is_looked_for_first(crew, other_run):
    app = Listing(GITHUB)
    left = hiring(app, CREW[:2])
    crew.ledger.intend(left, other_run, NOW)
    app.there["made"] = account("made", CREW[0], "design")
    app.listed = lambda accounts: [one for one in accounts if one.id != "made"]
    assert not hire(crew, app).left
    assert holders(app) == {one.id: 1 for one in CREW}


class Died(BaseException):
    """Ends a run where it stands."""


def test_a_run_that_dies_in_the_middle_is_repeated_without_a_second_account(crew, other_run):
    app = Listing(GITHUB)
    app.faults["create"] = [None] * 6 + [Fault(Died(), done=True)]  # type: ignore[list-item,arg-type]
    with pytest.raises(Died):
        hire(crew, app)
    assert len(app.there) >= 7
    assert crew.ledger.accounts(app="github") == []
    assert not hire(crew, app, run=other_run).left
    assert holders(app) == {one.id: 1 for one in CREW}
    crew.assert_evidence(app)
    assert verify_ledger(crew.ledger).ok


def test_who_is_another_runs_just_now_is_left_alone(crew, other_run):
    app = Listing(GITHUB)
    assert crew.ledger.claim(CREW[5].id, "github", other_run, NOW, NOW + CLAIM_FOR)
    outcome = hire(crew, app)
    assert {r.change.person for r in outcome.left} == {CREW[5].id}
    assert {r.state for r in outcome.left} == {"deferred"}
    assert holders(app)[CREW[5].id] == 0
    assert crew.ledger.claim(CREW[0].id, "github", other_run, NOW, NOW + CLAIM_FOR), "the others were given back"


def test_an_app_that_fails_is_given_up(crew):
    app = Listing(GITHUB)
    app.faults["create"] = [Fault(Transient("down"))] * 1000
    outcome = hire(crew, app, workers=1)
    assert outcome.counts() == {"deferred": 2 * len(CREW)}
    assert len([call for call in app.done if call.startswith("create")]) == 3 * GIVE_UP_AFTER
    assert crew.ledger.unsettled() == []


def test_a_refusal_becomes_a_task_of_that_person_alone(crew):
    app = Listing(GITHUB)
    app.faults["create"] = [Fault(Conflict("no seat"))]
    outcome = hire(crew, app, workers=1)
    assert [r.change.person for r in outcome.results if r.state == "task"] == [CREW[0].id]
    assert [task.person for task in crew.open_tasks()] == [CREW[0].id]
    crew.assert_evidence(app)


def test_a_ledger_that_fails_ends_the_run_and_gives_claims_back(crew, other_run, monkeypatch):
    app = Listing(GITHUB)

    def fail(*given: t.Any, **more: t.Any) -> None:
        raise LedgerError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(crew.ledger, "settle", fail)
        with pytest.raises(LedgerError, match="disk is full"):
            hire(crew, app)
    assert crew.ledger.accounts(app="github") == [], "half of the evidence is not kept"
    assert len(crew.ledger.unsettled()) == 2 * len(CREW), "the next run finds out"
    assert crew.ledger.claim(CREW[0].id, "github", other_run, NOW, NOW + CLAIM_FOR)


def test_one_stretch_is_written_down_while_the_next_one_is_made(crew, monkeypatch):
    monkeypatch.setattr(many, "_STRETCH", 5)
    monkeypatch.setattr(many, "_AT_ONCE", 5)
    app = Listing(GITHUB)
    outcome = hire(crew, app)
    assert [result.change for result in outcome.results] == hiring(app)
    assert outcome.counts() == {"verified": 2 * len(CREW)}
    assert holders(app) == {one.id: 1 for one in CREW}
    crew.assert_evidence(app)
    assert crew.ledger.unsettled() == []
    assert verify_ledger(crew.ledger).ok


def test_when_one_stretch_cannot_be_written_down_the_next_one_ends_too(crew, other_run, monkeypatch):
    monkeypatch.setattr(many, "_STRETCH", 5)
    monkeypatch.setattr(many, "_AT_ONCE", 5)
    app = Listing(GITHUB)
    settle, settled = crew.ledger.settle, []

    def fail_once(results: t.Sequence[ChangeResult], *more: t.Any) -> None:
        settled.append(len(results))
        if len(settled) == 2:
            raise LedgerError("the disk is full")
        settle(results, *more)

    with monkeypatch.context() as broken:
        broken.setattr(crew.ledger, "settle", fail_once)
        with pytest.raises(LedgerError, match="disk is full"):
            hire(crew, app)
    assert len(settled) == 2, "nothing is written down after what could not be"
    assert len(crew.ledger.accounts(app="github")) == 5
    assert len(app.there) < len(CREW), "and little is made"
    assert all(crew.ledger.claim(one.id, "github", other_run, NOW, NOW + CLAIM_FOR) for one in CREW)
    assert not hire(crew, app, run=other_run).left
    assert holders(app) == {one.id: 1 for one in CREW}
    assert verify_ledger(crew.ledger).ok


def test_what_comes_after_another_apps_account_waits_for_it(crew):
    github, chat = Listing(GITHUB), Listing(CHAT)
    order: list[str] = []
    github.watch, chat.watch = order.append, lambda operation: order.append(f"chat {operation}")
    first = hiring(github)
    made = {c.person: c.id for c in first if c.kind is ChangeKind.CREATE}
    second = [dataclasses.replace(c, after=(made[c.person],)) for c in hiring(chat)]
    outcome = crew.execute({"github": github, "chat": chat}, [*second, *first], APPS)
    assert outcome.counts() == {"verified": 4 * len(CREW)}
    assert order == ["create"] * len(CREW) + ["chat create"] * len(CREW)


def test_two_apps_that_wait_for_each_others_accounts_go_person_by_person(crew):
    github, chat = Listing(GITHUB), Listing(CHAT)
    first, second = hiring(github), hiring(chat)
    half = {one.id for one in CREW[::2]}
    of_first = {c.person: c.id for c in first if c.kind is ChangeKind.CREATE}
    of_second = {c.person: c.id for c in second if c.kind is ChangeKind.CREATE}
    first = [c if c.person in half else dataclasses.replace(c, after=(of_second[c.person],)) for c in first]
    second = [dataclasses.replace(c, after=(of_first[c.person],)) if c.person in half else c for c in second]
    outcome = crew.execute({"github": github, "chat": chat}, [*first, *second], APPS)
    assert outcome.counts() == {"verified": 4 * len(CREW)}
    assert github.lists == chat.lists == 0


def test_progress_is_told_of_each(crew):
    app = Listing(GITHUB)
    told = []

    def note(packet: Packet, rows: t.Sequence[ChangeResult]) -> None:
        told.append((packet.person.id, len(rows)))

    executor = Executor(crew.runner(), lambda one: app, workers=4, progress=note)
    executor.carry_out(packets_of(hiring(app), crew.people, APPS))
    assert sorted(told) == [(one.id, 2) for one in CREW]
