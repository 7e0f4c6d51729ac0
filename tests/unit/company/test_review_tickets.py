# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A review at a ticket desk: a ticket for each reviewer, answered with the file that the page saved."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.following_reviews import follow_reviews
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import (
    Synchronised,
    send_new,
    synchronise,
)
from ansible_collections.rollcall.access.plugins.module_utils.company.reporting import facts_of
from ansible_collections.rollcall.access.plugins.module_utils.company.review_tickets import follow_review_tickets
from ansible_collections.rollcall.access.plugins.module_utils.desks import registry
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Answer, Attachment
from ansible_collections.rollcall.access.plugins.module_utils.errors import TaskError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.reports.exports import write_report
from ansible_collections.rollcall.access.tests.security.payloads import payloads
from ansible_collections.rollcall.access.tests.security.test_decisions_and_tokens import NO_DECISIONS
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    ANN,
    EVE,
    HUB,
    PEOPLE,
    opened,
    reconcile,
    review,
    settings,
)
from ansible_collections.rollcall.access.tests.unit.company.place import Place
from ansible_collections.rollcall.access.tests.unit.company.test_reviewers_pages import saved
from ansible_collections.rollcall.access.tests.unit.desks.memory_desk import MemoryDesk, Store


@pytest.fixture
def store(place: Place, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A review that was opened, where reviewers get tickets."""
    made = Store()
    monkeypatch.setattr(MemoryDesk, "store", made)
    monkeypatch.setattr(registry, "desk_class", lambda word: MemoryDesk)
    place.edit("access/catalog/apps.yml", ("apps:", "desks:\n  helpdesk: {type: email}\napps:"))
    place.write("people.csv", PEOPLE)
    settings(place, "\nreviews:\n  desk: helpdesk\n  escalate: 0m\n")
    reconcile(place, "2026-06-01")
    opened(place)
    company = place.open(as_of="2026-06-02")
    run = place.run(company)
    follow_review_tickets(company, run)
    send_new(company, run)
    return made


def tasks_run(place: Place, day: str = "2026-06-03") -> Synchronised:
    company = place.open(as_of=day)
    return synchronise(company, place.run(company), [])


def ticket_of(place: Place, reviewer: str) -> t.Any:
    (task,) = (one for one in place.open().ledger.tasks(kind="review") if one.owner == reviewer)
    return task


def attach(
    place: Place, store: Store, reviewer: str, content: str, by: str = "", name: str = "decisions-q2.json"
) -> None:
    reference = ticket_of(place, reviewer).reference
    store.say(reference, "Here you go", by or reviewer, Attachment(name, content.encode()))


def undecided(place: Place, reviewer: str) -> int:
    return sum(item.reviewer == reviewer and not item.decision for item in review(place).items)


def test_each_reviewer_gets_one_ticket_that_says_what_to_do(place, store):
    assert {task.owner for task in place.open().ledger.tasks(kind="review")} == {ANN, EVE, HUB}
    kept = store.tickets[ticket_of(place, EVE).reference]
    for words in (
        "Decide in the review q2",
        "To decide: ",
        "Attach the file here",
        "What nobody decides by then is kept",
    ):
        assert words in kept.ticket.title + kept.ticket.text
    assert "declined: WHY" not in kept.ticket.text
    assert (tasks_run(place).sent, len(store.tickets)) == ((), 3)


def test_the_file_that_the_page_saved_decides_and_ends_the_ticket(place, store):
    attach(place, store, EVE, saved(place, EVE))
    found = tasks_run(place)
    assert undecided(place, EVE) == 0
    task = ticket_of(place, EVE)
    assert (task.state, found.ended[task.id]) == ("verified", "verified")
    kept = store.tickets[task.reference]
    assert kept.ticket.state == "resolved"
    assert "was taken in" in kept.ours()[-1]
    assert kept.ours()[-1].endswith("that is everything. There is nothing more to do.")
    assert tasks_run(place).changed is False
    assert verify_ledger(place.open().ledger).ok


def test_half_of_it_leaves_the_ticket_open(place, store):
    half = json.loads(saved(place, EVE))
    assert len(half["decisions"]) > 2
    partly = saved(place, EVE, only=2)
    attach(place, store, EVE, partly)
    tasks_run(place)
    task = ticket_of(place, EVE)
    assert task.state == "open"
    left = undecided(place, EVE)
    assert left == len(half["decisions"]) - 2
    assert f"2 decisions; {left} are left" in store.tickets[task.reference].ours()[-1]
    attach(place, store, EVE, saved(place, EVE))
    tasks_run(place)
    assert ticket_of(place, EVE).state == "verified"


def test_a_file_that_somebody_else_attached_decides_nothing(place, store):
    attach(place, store, EVE, saved(place, EVE), by=ANN)
    found = tasks_run(place)
    assert undecided(place, EVE) > 0
    assert "review_refused" in {finding.code for finding in found.findings}
    said = store.tickets[ticket_of(place, EVE).reference].ours()[-1]
    assert f"was not taken in: it was handed in by {ANN}, and {EVE} decides in it" in said
    # said once, and not again by the next run
    assert tasks_run(place).findings == []


def test_a_sheet_with_wrong_lines_is_told_with_the_name_that_it_came_with(place, store):
    item = next(item for item in review(place).items if item.reviewer == EVE)
    attach(place, store, EVE, f"item_id,decision,by\n{item.id},approve,{EVE}\n", name="mine.csv")
    tasks_run(place)
    said = store.tickets[ticket_of(place, EVE).reference].ours()[-1]
    assert f"mine.csv was not taken in: mine.csv:2: expected keep, revoke or change for item {item.id}" in said
    assert str(place.path) not in said


def test_whatever_is_attached_under_whatever_name_ends_no_run(place, store):
    reference = ticket_of(place, EVE).reference
    read = 0
    for number, text in enumerate(payloads()[::5]):
        what = list(NO_DECISIONS)[number % len(NO_DECISIONS)]
        ending = what.rpartition(".")[2]
        content = NO_DECISIONS[what] + text.encode("utf-8", "replace")
        store.say(reference, text, EVE, Attachment(f"{text}.{ending}"[-150:], content))
        read += ending in ("json", "csv", "yml", "yaml")
    before = undecided(place, EVE)
    found = tasks_run(place)
    assert undecided(place, EVE) == before > 0
    assert ticket_of(place, EVE).state == "open"
    assert [one.code for one in found.findings] == ["review_refused"] * read
    assert not [one for one in found.findings if not str(one).isprintable()]
    assert tasks_run(place).findings == []


def test_a_file_that_was_altered_is_told_to_whoever_attached_it(place, store):
    attach(place, store, EVE, saved(place, EVE).replace('"seen"', '"unseen"', 1))
    tasks_run(place)
    assert undecided(place, EVE) > 0
    assert "it was altered after the page saved it" in store.tickets[ticket_of(place, EVE).reference].ours()[-1]


def test_a_closed_ticket_without_a_file_is_no_decision(place, store):
    task = ticket_of(place, EVE)
    store.set(task.reference, "resolved", by=EVE)
    tasks_run(place)
    assert undecided(place, EVE) > 0
    kept = store.tickets[task.reference]
    assert kept.ticket.state in ("new", "open")
    assert "attach it here" in kept.ours()[-1]


@pytest.mark.parametrize("words", ["done", "declined: not mine", "account: x"])
def test_a_word_is_no_decision(place, store, words):
    store.say(ticket_of(place, EVE).reference, words, EVE)
    tasks_run(place)
    task = ticket_of(place, EVE)
    assert (task.state, undecided(place, EVE) > 0) == ("open", True)
    assert "attach it here" in store.tickets[task.reference].ours()[-1]


def test_a_file_and_a_closed_ticket_at_once_are_an_answer(place, store):
    attach(place, store, EVE, saved(place, EVE))
    store.set(ticket_of(place, EVE).reference, "resolved", by=EVE)
    tasks_run(place)
    assert (undecided(place, EVE), ticket_of(place, EVE).state) == (0, "verified")


def test_a_ticket_of_somebody_for_whom_nothing_waits_any_more_is_called_off(place, store):
    place.write(
        "people.csv",
        PEOPLE.replace(
            "eve@acme.example,Head,Sales,1,2018-01-01,,", "eve@acme.example,Head,Sales,1,2018-01-01,2026-06-02,"
        ),
    )
    company = place.open(as_of="2026-06-04")
    follow_reviews(company, place.run(company))
    tasks_run(place, "2026-06-04")
    assert ticket_of(place, EVE).state == "cancelled"


def test_a_review_that_is_decided_elsewhere_ends_its_tickets(place, store):
    place.write("decisions/q2/eve.json", saved(place, EVE))
    company = place.open(as_of="2026-06-04")
    follow_reviews(company, place.run(company), decisions=place.path / "decisions")
    tasks_run(place, "2026-06-04")
    assert ticket_of(place, EVE).state == "verified"
    assert ticket_of(place, ANN).state == "open"


def test_reviewers_are_not_chased_as_owners_of_tasks_are(place, store):
    found = tasks_run(place, "2026-06-09")
    mine = {task.id: task.owner for task in found.open if task.kind == "review"}
    assert set(mine.values()) == {ANN, EVE, HUB}
    assert found.chased
    assert not mine.keys() & set(found.chased)


def test_a_sheet_of_tasks_does_not_say_that_a_review_is_done(place, store):
    company = place.open(as_of="2026-06-03")
    with pytest.raises(TaskError, match="a review is decided with the file that its page saved"):
        synchronise(company, place.run(company), [Answer(ticket_of(place, EVE).id, "yes", by=EVE, where="done.csv:2")])
    assert ticket_of(place, EVE).state == "open"


def test_the_report_has_tickets_of_reviews_among_the_tasks(place, store):
    company = place.open(as_of="2026-06-03")
    index = write_report(facts_of(company), place.path / "report")[0]
    assert "Decide in the review q2" in index.read_text(encoding="utf-8")
