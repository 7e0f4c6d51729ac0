# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All packets of a run: order, several apps at once, giving up on an app."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    LedgerError,
    Refused,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.executor import (
    GIVE_UP_AFTER,
    Outcome,
    packets_of,
)
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.packet import CLAIM_FOR
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.model import Change, ChangeKind
from ansible_collections.rollcall.access.tests.unit.fulfilment.bench import (
    ALEX,
    BUDGET,
    GITHUB,
    MARIA,
    NOW,
    account,
)
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault, MemoryApp, app_that_can
from ansible_collections.rollcall.access.tests.unit.planning.world import person

EVERYTHING = app_that_can()
CHAT = dataclasses.replace(GITHUB, key="chat")
APPS = {"github": GITHUB, "chat": CHAT}
CREW = [person(str(10 + n), name=f"crew{n}") for n in range(GIVE_UP_AFTER + 3)]


@pytest.fixture
def crew(bench):
    bench.people |= {one.id: one for one in CREW}
    return bench


def granting(app: MemoryApp, *people) -> list[Change]:
    """Everybody has an account and is to be given one thing more."""
    for one in people:
        app.there[one.id] = account(one.id, one, app=app.app.key)
    return [Change(ChangeKind.GRANT, one.id, app.app.key, one.id, "design") for one in people]


def test_packets_are_one_persons_changes_in_one_app_in_order():
    grant = Change(ChangeKind.GRANT, ALEX.id, "github", "a", "read")
    other = dataclasses.replace(grant, app="chat")
    revoke = dataclasses.replace(grant, kind=ChangeKind.REVOKE, entitlement="api")
    packets = packets_of([grant, other, revoke], {ALEX.id: ALEX}, APPS)
    assert [(p.person, p.app.key, p.changes) for p in packets] == [
        (ALEX, "github", (grant, revoke)),
        (ALEX, "chat", (other,)),
    ]


def test_nothing_to_do_is_an_outcome_too(bench):
    outcome = bench.execute({}, [], {})
    assert outcome == Outcome(())
    assert (outcome.changed, outcome.left, outcome.counts()) == (False, (), {})


def test_results_are_in_the_plans_order_whatever_finishes_first(crew):
    app, chat = EVERYTHING(GITHUB), EVERYTHING(CHAT)
    changes = [c for pair in zip(granting(app, *CREW), granting(chat, *CREW), strict=True) for c in pair]
    outcome = crew.execute({"github": app, "chat": chat}, changes, APPS)
    assert [result.change for result in outcome.results] == changes
    assert outcome.counts() == {"verified": len(changes)}
    assert outcome.changed
    assert outcome.left == ()
    assert crew.ledger.unsettled() == []


def test_what_comes_after_something_is_tried_after_it(bench):
    order: list[str] = []
    app, chat = EVERYTHING(GITHUB), EVERYTHING(CHAT)
    (first,) = granting(chat, ALEX)
    (second,) = granting(app, ALEX)
    second = dataclasses.replace(second, after=(first.id,))
    gate = threading.Event()

    def slowly(operation: str) -> None:
        gate.wait(0.2)
        order.append("chat")

    chat.watch = slowly
    app.watch = lambda operation: order.append("github")
    outcome = bench.execute({"github": app, "chat": chat}, [second, first], APPS)
    assert order == ["chat", "github"]
    assert [r.change.app for r in outcome.results] == ["github", "chat"]


def test_what_comes_after_something_that_failed_is_tried_all_the_same(bench):
    app, chat = EVERYTHING(GITHUB), EVERYTHING(CHAT)
    (first,), (second,) = granting(chat, ALEX), granting(app, ALEX)
    chat.faults["grant"] = [Fault(Transient("502"))] * BUDGET.attempts
    second = dataclasses.replace(second, after=(first.id,))
    outcome = bench.execute({"github": app, "chat": chat}, [first, second], APPS)
    assert [r.state for r in outcome.results] == ["deferred", "verified"]
    assert [r.change for r in outcome.left] == [first]


def test_a_circle_of_after_is_no_reason_to_do_nothing(crew):
    apps = {f"app{n}": dataclasses.replace(GITHUB, key=f"app{n}") for n in range(4)}
    connectors = {key: EVERYTHING(one) for key, one in apps.items()}
    changes = [granting(connectors[key], ALEX)[0] for key in apps]
    # 0 after 1 after 2 after 0, a smaller circle beside it, and one that waits for itself
    tied = [
        dataclasses.replace(changes[0], after=(changes[1].id, changes[3].id)),
        dataclasses.replace(changes[1], after=(changes[2].id,)),
        dataclasses.replace(changes[2], after=(changes[0].id, changes[1].id)),
        dataclasses.replace(changes[3], after=(changes[3].id, "not in this plan")),
    ]
    outcome = crew.execute(connectors, tied, apps)
    assert outcome.counts() == {"verified": 4}


def test_one_app_that_is_down_does_not_keep_the_others_from_going_on(crew):
    app, chat = EVERYTHING(GITHUB), EVERYTHING(CHAT)
    changes = [*granting(app, *CREW[:2]), *granting(chat, *CREW[:2])]
    app.faults["find"] = [Fault(Transient("timed out"))] * 100
    outcome = crew.execute({"github": app, "chat": chat}, changes, APPS)
    assert [r.state for r in outcome.results] == ["deferred", "deferred", "verified", "verified"]
    assert {r.change.app for r in outcome.left} == {"github"}


def test_an_app_that_fails_again_and_again_is_left_for_the_next_run(crew):
    app, chat = EVERYTHING(GITHUB), EVERYTHING(CHAT)
    changes = granting(app, *CREW)
    app.faults["find"] = [Fault(Refused("401"))] * 100
    outcome = crew.execute({"github": app, "chat": chat}, [*changes, *granting(chat, *CREW)], APPS, workers=1)
    tried = [r for r in outcome.results if r.change.app == "github" and r.detail == "401"]
    rest = [r for r in outcome.results if r.change.app == "github" and r.detail != "401"]
    assert len(tried) == GIVE_UP_AFTER == app.calls.count("find")
    assert {r.state for r in (*tried, *rest)} == {"deferred"}
    assert all("waits for the next run" in r.detail for r in rest)
    assert {r.state for r in outcome.results if r.change.app == "chat"} == {"verified"}


def test_failures_that_are_not_in_a_row_do_not_count(crew):
    app = EVERYTHING(GITHUB)
    changes = granting(app, *CREW)
    no = Fault(Refused("not this one"))
    app.faults["grant"] = [no, no, no, no]
    outcome = crew.execute({"github": app}, changes, APPS, workers=1)
    assert outcome.counts() == {"task": 4, "verified": len(CREW) - 4}
    assert outcome.left == ()


def test_refusals_in_a_row_are_a_reason_to_stop_asking(crew):
    app = EVERYTHING(GITHUB)
    app.faults["grant"] = [Fault(Refused("no seats left"))] * 100
    outcome = crew.execute({"github": app}, granting(app, *CREW), APPS, workers=1)
    assert outcome.counts() == {"deferred": len(CREW) - GIVE_UP_AFTER, "task": GIVE_UP_AFTER}


def test_people_whom_another_run_works_on_are_no_sign_that_the_app_is_down(crew, other_run):
    app = EVERYTHING(GITHUB)
    changes = granting(app, *CREW)
    for one in CREW[:-1]:
        assert crew.ledger.claim(one.id, "github", other_run, NOW, NOW + CLAIM_FOR)
    outcome = crew.execute({"github": app}, changes, APPS, workers=1)
    assert [r.state for r in outcome.results] == ["deferred"] * (len(CREW) - 1) + ["verified"]
    assert all("another run" in r.detail for r in outcome.left)


def test_tasks_for_what_is_missing_are_no_sign_that_the_app_is_down(crew):
    app = MemoryApp(GITHUB)
    outcome = crew.execute({"github": app}, granting(app, *CREW), APPS, workers=1)
    assert outcome.counts() == {"task": len(CREW)}
    assert len(crew.open_tasks()) == len(CREW)


def test_an_emergency_is_tried_in_an_app_that_was_given_up(crew):
    app = EVERYTHING(GITHUB)
    changes = granting(app, *CREW)
    urgent = dataclasses.replace(changes[-1], kind=ChangeKind.SUSPEND, entitlement="", urgency="emergency")
    app.faults["grant"] = [Fault(Refused("no seats left"))] * GIVE_UP_AFTER
    outcome = crew.execute({"github": app}, [*changes[:GIVE_UP_AFTER], urgent], APPS, workers=1)
    assert outcome.results[-1].state == "verified"


def test_an_app_whose_connection_cannot_be_built_is_recorded_like_one_that_is_down(bench):
    chat = EVERYTHING(CHAT)

    def connect(app):
        if app.key == "github":
            raise Refused("its token is empty", where="app github")
        return chat

    changes = [Change(ChangeKind.GRANT, ALEX.id, "github", "a", "read"), *granting(chat, ALEX)]
    outcome = bench.execute({}, changes, APPS, connect=connect)
    assert [r.state for r in outcome.results] == ["deferred", "verified"]
    assert outcome.results[0].detail == "app github: its token is empty"
    assert {(row.change.app, row.state) for row in bench.ledger.changes()} == {
        ("github", "deferred"),
        ("chat", "verified"),
    }


def test_an_emergency_in_an_app_whose_connection_cannot_be_built_is_a_task(bench):
    def connect(app):
        raise Refused("its token is empty")

    change = Change(ChangeKind.SUSPEND, ALEX.id, "github", "a", urgency="emergency")
    outcome = bench.execute({}, [change], APPS, connect=connect)
    assert outcome.counts() == {"task": 1}
    (task,) = bench.open_tasks()
    assert "its token is empty" in task.instructions


def test_evidence_that_cannot_be_written_stops_everything(crew, monkeypatch):
    app = EVERYTHING(GITHUB)
    changes = granting(app, *CREW)

    def full(*_: object) -> None:
        raise LedgerError("disk full")

    monkeypatch.setattr(crew.ledger, "settle", full)
    with pytest.raises(LedgerError, match="disk full"):
        crew.execute({"github": app}, changes, APPS, workers=1)
    # what was intended is there for the next run to find
    assert 1 <= len(crew.ledger.unsettled()) < len(CREW)
    assert len(app.done) == len(crew.ledger.unsettled())


def test_progress_is_told_packet_by_packet(crew):
    told: list[tuple[str, list[str]]] = []
    app = EVERYTHING(GITHUB)
    from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.executor import Executor

    executor = Executor(
        crew.runner(),
        lambda _app: app,
        progress=lambda packet, rows: told.append((packet.person.id, [r.state for r in rows])),
    )
    executor.carry_out(packets_of(granting(app, *CREW), crew.people, APPS))
    assert sorted(told) == sorted((one.id, ["verified"]) for one in CREW)


@pytest.mark.parametrize(
    ("state", "left", "changed"),
    [
        ("verified", False, True),
        ("done", False, True),
        ("already", False, False),
        ("task", False, True),
        ("unverified", True, True),
        ("failed", True, True),
        ("deferred", True, False),
        ("blocked", True, False),
    ],
)
def test_what_is_neither_done_nor_in_somebodys_hands_is_left(state, left, changed):
    change = Change(ChangeKind.SUSPEND, MARIA.id, "github", "a")
    outcome = Outcome((ChangeResult(change, state),))
    assert bool(outcome.left) is left
    assert outcome.changed is changed


def test_a_bug_in_a_connector_is_not_swallowed(bench):
    app = EVERYTHING(GITHUB)
    changes = granting(app, ALEX)
    app.watch = lambda operation: 1 // 0
    with pytest.raises(ZeroDivisionError):
        bench.execute({"github": app}, changes, APPS)
    assert not isinstance(ZeroDivisionError(), AppError)
