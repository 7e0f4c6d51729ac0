# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviews at a desk: a ticket for each reviewer, and decisions files that are attached to it."""

from __future__ import annotations

import dataclasses
import typing as t

from ..desks.completing import cancel, verify
from ..desks.review_words import KIND, review_task, subject_of
from ..desks.saying import with_words
from ..errors import ReviewError, ReviewMoved
from ..model import Event, Finding, Review, ReviewItem, Run, Task
from ..reviews.circumstances import Circumstances
from ..reviews.following import Waiting, waiting
from ..reviews.naming import told
from .about_reviews import reviewers_of, rules_of
from .company import Company
from .evidence import KEPT
from .handing_in import take_file
from .reviewers_pages import around

_SUFFIXES = (".json", ".csv", ".yml", ".yaml")


@dataclasses.dataclass
class Followed:
    """What came of it: findings, tasks that were opened, tasks that ended (id -> state), and how much was decided."""

    findings: list[Finding] = dataclasses.field(default_factory=list)
    opened: list[str] = dataclasses.field(default_factory=list)
    ended: dict[str, str] = dataclasses.field(default_factory=dict)
    decided: dict[str, int] = dataclasses.field(default_factory=dict)


def follow_review_tickets(company: Company, run: Run) -> Followed:
    """Take in what reviewers attached to their tickets, end the tickets of those who are done, and open new ones.

    ``reviews.desk`` in rollcall.yml names the desk; without it none are opened. With a company that does not write,
    nothing is kept.
    """
    found = Followed()
    if not company.writes:
        return found
    tasks = list(company.ledger.tasks(kind=KIND))
    open_ones = [task for task in tasks if task.state == "open"]
    desk = str(company.settings.reviews.get("desk", ""))
    if not open_ones and not desk:
        return found
    said = {task.id: _take_in(company, run, task, found) for task in open_ones}
    reviews = {review.id: review for review in company.ledger.reviews(state="open")}
    waits = {subject_of(one.review, one.stage, one.reviewer): one for one in _waiting(company, reviews.values())}
    for task in open_ones:
        if task.subject not in waits:
            _end(company, run, task, reviews.get(task.details["review"]), said[task.id], found)
    known = {task.subject for task in tasks}
    new = [one for subject, one in waits.items() if subject not in known] if desk else []
    circumstances = around(company) if new else None
    for one in new:
        _open(company, run, reviews[one.review], one, desk, circumstances, found)
    return found


def _waiting(company: Company, reviews: t.Iterable[Review]) -> list[Waiting]:
    reviewers, rules = reviewers_of(company), rules_of(company)
    day, now = company.settings.working_day, company.clock.now()
    return [one for review in reviews for one in waiting(review, reviewers, rules, day, now)]


def _open(
    company: Company,
    run: Run,
    review: Review,
    one: Waiting,
    desk: str,
    circumstances: Circumstances | None,
    found: Followed,
) -> None:
    now, day = company.clock.now(), company.settings.working_day
    theirs = [item for item in review.items if (item.reviewer, item.stage) == (one.reviewer, one.stage)]
    comes = [(item, circumstances.then_gets(item)) for item in theirs if circumstances and not item.decision]
    named = [(_called(item, company), words) for item, words in comes if words]
    task = review_task(review, one.stage, one.reviewer, one.items, desk=desk, now=now, working_day=day, then_gets=named)
    found.opened.append(company.ledger.open_task(task, run, now).id)


def _called(item: ReviewItem, company: Company) -> str:
    texts = told(item, company.people, company.apps)
    return f"{texts['person']}, {texts['app']}: {texts['entitlement']}"


def _end(company: Company, run: Run, task: Task, review: Review | None, said: str, found: Followed) -> None:
    """End a task of which nothing waits any more: it was decided, or it is not this reviewer's any more."""
    now, reviewer = company.clock.now(), task.details["reviewer"]
    mine = [item for item in review.items if item.reviewer == reviewer] if review else []
    if any(item.decision and item.stage == task.details["stage"] for item in mine):
        note = said or "All of it is decided."
        after, event = dataclasses.replace(verify(task, now), note=note, ended_by="rollcall"), "task.verified"
    else:
        after, event = cancel(task, "it is over, or waits for somebody else now", now), "task.cancelled"
    company.ledger.change_task(task.id, lambda current: after if current.state == "open" else current, event, run, now)
    found.ended[task.id] = after.state


def _take_in(company: Company, run: Run, task: Task, found: Followed) -> str:
    """Take in the files that were attached to a ticket since; say there, and return, what came of each."""
    said: list[str] = []
    for event in _attached(company, task):
        key = f"attached {task.id} {event.data['sha256']}"
        if company.ledger.noticed(key):
            continue
        name = event.data["name"]
        file = company.settings.evidence / event.data["file"]
        try:
            done, count = take_file(company, run, task.details["review"], file, sender=event.data["by"])
        except ReviewMoved:
            continue  # another run is at it: the next one takes it in
        except ReviewError as error:
            # lines are said of the file as its sender called it, and not of where it is kept here
            why = error.message.replace(str(file), name)
            said.append(f"{name} was not taken in: {why}. {error.todo}".rstrip(". ") + ".")
            found.findings.append(
                Finding("review_refused", "warning", f"task {task.id}: {said[-1]}", where=error.where, todo=error.todo)
            )
        else:
            found.findings += done.findings
            found.decided[done.review.id] = found.decided.get(done.review.id, 0) + count
            left = sum(not item.decision and item.reviewer == task.details["reviewer"] for item in done.review.items)
            rest = f"{left} are left" if left else "that is everything"
            said.append(f"{name} was taken in: {count} decisions; {rest}.")
        company.ledger.notice(key, {"task": task.id, "file": event.data["file"]}, run, company.clock.now())
    if said:
        now = company.clock.now()
        company.ledger.change_task(task.id, lambda current: with_words(current, *said), "task.noticed", run, now)
    return " ".join(said)


def _attached(company: Company, task: Task) -> list[Event]:
    kept = company.ledger.events(kind=KEPT, person="")
    mine = (event for event in kept if event.data["task"] == task.id)
    return [event for event in mine if str(event.data["file"]).casefold().endswith(_SUFFIXES)]
