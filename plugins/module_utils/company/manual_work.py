# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manual tasks, brought up to date: answers in, read-back, requests, leaving, chasing; desks and people are told."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..desks.books import Books
from ..desks.contract import NO, Answer
from ..desks.digests import Happenings, completed_since
from ..desks.news import News
from ..desks.review_words import KIND
from ..desks.settling import finding_for_late, settle_answers
from ..errors import TaskError
from ..model import ENDING_SOON, AccessException, Finding, Person, Run, Task
from ..policy.risks import Risks
from ..policy.values import AcceptedRisk
from .at_the_desks import DeskRound
from .chasing import chase
from .company import Company
from .concluding import conclude
from .contracts import ending_contracts
from .following_requests import check_answer
from .held_against_apps import hold_against_apps
from .leaving import follow_leaving
from .request_intake import take_requests
from .review_tickets import follow_review_tickets
from .seat_tasks import follow_seats
from .telling import tell

#: Seconds that a run which opened tasks waits for another one to be done with a desk.
_WAIT = 30.0


@dataclasses.dataclass
class Synchronised:
    """What became of the tasks in this run, by id, and what is open now.

    ``sent`` are the tasks that were put before their owners as tickets; ``left`` the desks at which something is left
    for the next run. ``opened`` are tasks that come with leaving, and approvals that are asked for; ``chased`` those
    whose owners were reminded, or that went to the next one; ``told`` counts the messages to people, and ``failed``
    says that one that cannot wait did not go out.
    """

    open: tuple[Task, ...] = ()
    ended: dict[str, str] = dataclasses.field(default_factory=dict)
    reopened: list[str] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    sent: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    opened: list[str] = dataclasses.field(default_factory=list)
    chased: tuple[str, ...] = ()
    told: int = 0
    failed: bool = False
    #: requests for access that are new, and those that were decided (id -> state)
    asked: tuple[str, ...] = ()
    decided: dict[str, str] = dataclasses.field(default_factory=dict)
    #: people whose standing may be another now
    people: set[str] = dataclasses.field(default_factory=set)

    @property
    def problems(self) -> list[str]:
        """What has to be said at the end of a run that may not be called a success."""
        found = [f"desk {key}: its tickets wait for the next run" for key in self.left]
        if self.failed:
            found.append("somebody who had to be told was not told: see the findings")
        return found

    @property
    def changed(self) -> bool:
        return bool(
            self.ended or self.reopened or self.sent or self.opened or self.chased or self.asked or self.decided
        )

    def end(self, tasks: t.Iterable[Task]) -> None:
        for task in tasks:
            self.ended[task.id] = task.state
            self.people |= {task.person, *task.concerns}

    def reopen(self, ids: t.Iterable[str]) -> None:
        """Said to be done in this very run, and it is not: it stays on the owner's list."""
        for id in ids:
            self.ended.pop(id, None)
            self.reopened.append(id)


def synchronise(company: Company, run: Run, answers: t.Sequence[Answer]) -> Synchronised:
    """Take answers in, from a sheet and from the desks, hold tasks against what their apps show, cancel what is no
    longer due, follow requests and what comes with leaving, chase what is late, and tell desks and people.

    Raises TaskError or RequestError, and changes nothing, when an answer of the sheet is wrong. With a company that
    does not write, everything is worked out and nothing is kept.
    """
    now, ledger, writes = company.clock.now(), company.ledger, company.writes
    books = Books(ledger, run, company.people, company.apps)
    found = Synchronised()
    _check_approvals(company, run, answers)
    with DeskRound(company, run, books) as desks:
        found.end(one.task for one in settle_answers(books, answers, now, write=writes) if one.changed)
        desks.take_in()
        found.ended.update(desks.result.ended)
        found.people |= desks.result.people
        found.reopen(desks.result.reopened)
        held = hold_against_apps(company, books)
        found.end((*held.closed, *held.moot))
        found.reopen(task.id for task in held.reopened)
        found.people |= {task.person for task in held.reopened}
        found.findings += held.findings
        _follow(company, run, desks, found)
        _chase(company, run, found)
        desks.send_out()
    found.findings[:0] = desks.result.findings
    _conclude(company, run, desks, found)
    return found


def _check_approvals(company: Company, run: Run, answers: t.Iterable[Answer]) -> None:
    """Who asked for something enters no decision on it, in whoever's name; and a review is not done by a word."""
    asked = {task.id: task for task in company.ledger.tasks(states=("open",), kind="approval")} if answers else {}
    reviews = {task.id for task in company.ledger.tasks(states=("open",), kind=KIND)} if answers else set()
    for answer in answers:
        if answer.task in reviews and answer.done != NO:
            raise TaskError(
                "a review is decided with the file that its page saved, or the sheet",
                where=answer.where or f"task {answer.task}",
                todo="Take that in with decide_review; the task ends by itself when all is decided",
                task=answer.task,
            )
        if answer.task in asked and answer.done != NO:
            check_answer(company, asked[answer.task], answer.by, run.actor)


def _follow(company: Company, run: Run, desks: DeskRound, found: Synchronised) -> None:
    """Requests and their approvals, and what comes with leaving."""
    if company.writes and not company.population.stale:
        intake = take_requests(company, run, desks.where_people_ask())
        found.asked, found.decided = tuple(intake.asked), dict(intake.followed.decided)
        found.opened += intake.followed.opened
        found.reopen(intake.followed.reopened)
        found.findings += intake.findings
        desks.result.left |= intake.left
    leaving = follow_leaving(company, run)
    found.ended.update(leaving.ended)
    found.reopen(leaving.reopened)
    found.opened += [task.id for task in leaving.opened]
    found.findings += leaving.findings
    found.people |= leaving.people
    found.ended.update(follow_seats(company, run))
    reviewed = follow_review_tickets(company, run)
    found.ended.update(reviewed.ended)
    found.opened += reviewed.opened
    found.findings += reviewed.findings


def _chase(company: Company, run: Run, found: Synchronised) -> None:
    still = [task for task in company.ledger.tasks(states=("open",)) if task.id not in found.ended]
    # reviewers are reminded, and what is late goes on, as the review says
    tasks = [task for task in still if task.kind != KIND]
    chased = chase(company, run, tasks)
    found.findings += chased.findings
    steps = (*chased.reminders, *chased.escalations)
    found.chased = tuple(nudge.task.id for nudge in steps)


def _conclude(company: Company, run: Run, desks: DeskRound, found: Synchronised) -> None:
    """Say who is complete now, what is late, and tell people."""
    ledger, now = company.ledger, company.clock.now()
    found.sent, found.left = tuple(desks.result.sent), tuple(sorted(desks.result.left))
    still = [task for task in ledger.tasks(states=("open",)) if task.id not in found.ended]
    found.open = tuple(sorted(still, key=lambda task: (task.due, task.id)))
    # who is not complete may be since a run that died: then nothing would touch them any more
    incomplete = {id for id, record in company.population.records.items() if not record.complete}
    touched = (found.people | incomplete) & company.people.keys()
    before = ledger.people(touched)
    if company.writes and touched:
        conclude(company, touched, run)
    found.findings += [finding for finding in (finding_for_late(task, now) for task in found.open) if finding]
    ended = tuple(task for id in found.ended if (task := ledger.task(id)) is not None and task.state != "open")
    happened = Happenings(
        open=_but_reviews(found.open),
        ended=_but_reviews(ended),
        reopened=tuple(found.reopened),
        completed=completed_since(before, ledger.people(touched)),
        findings=tuple(found.findings),
        decided=tuple(request for id in found.decided if (request := ledger.request(id)) is not None),
        ending=_ending(company),
        risks=_risks(company),
        contracts=_contracts(company),
    )
    _tell(company, run, happened, found)


def _but_reviews(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Leave out what reviewers are told as news of their review."""
    return tuple(task for task in tasks if task.kind != KIND)


def _ending(company: Company) -> tuple[AccessException, ...]:
    """Return the exceptions in force that end within the days of warning."""
    today = company.settings.working_day.today(company.clock.now())
    soon = today + dt.timedelta(days=ENDING_SOON)
    ending = (one for one in company.exceptions if one.kind != "break_glass")
    return tuple(one for one in ending if one.start <= today <= one.until <= soon)


def _contracts(company: Company) -> tuple[Person, ...]:
    """Return those whose contracts end within the days of warning, as HR has it."""
    if company.population.stale:
        return ()
    today = company.settings.working_day.today(company.clock.now())
    return ending_contracts(company, today, today + dt.timedelta(days=ENDING_SOON))


def _risks(company: Company) -> tuple[AcceptedRisk, ...]:
    """Return the accepted risks that end within the days of warning."""
    today = company.settings.working_day.today(company.clock.now())
    return Risks(company.policy, company.organisation).ending(today)


def _tell(company: Company, run: Run, happened: Happenings, found: Synchronised) -> None:
    telling = tell(company, run, happened)
    found.told, found.failed = telling.sent, telling.failed
    found.findings += telling.findings


def send_new(
    company: Company,
    run: Run,
    completed: t.Mapping[str, str] | None = None,
    reviews: tuple[tuple[str, News], ...] = (),
) -> Synchronised:
    """Only put new tasks before their owners, and tell desks and people: the end of a run that opened tasks.

    ``completed`` are people who became complete in this run, and with what; ``reviews`` is what waits for reviewers,
    each with an address.
    """
    books = Books(company.ledger, run, company.people, company.apps)
    # runs for several people at once open tickets at the same desk; none of them may go home with its own unsent
    with DeskRound(company, run, books, wait=_WAIT) as desks:
        desks.send_out()
    still = tuple(sorted(company.ledger.tasks(states=("open",)), key=lambda task: (task.due, task.id)))
    found = Synchronised(
        still,
        findings=list(desks.result.findings),
        sent=tuple(desks.result.sent),
        left=tuple(sorted(desks.result.left)),
    )
    happened = Happenings(
        open=_but_reviews(still), completed=completed or {}, findings=tuple(found.findings), reviews=reviews
    )
    _tell(company, run, happened, found)
    return found
