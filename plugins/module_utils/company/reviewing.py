# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An access review from the first sheet to the auditor's record."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import re
import typing as t

from ..errors import ReviewError, ReviewMoved, UnknownName
from ..fulfilment.executor import Outcome
from ..model import Because, Finding, Plan, Review, Run, Status
from ..planning.ordering import order
from ..reviews import campaign, closing, decisions, record
from ..reviews.launch import Workload
from ..reviews.of_nobody import links_of, one_by_one
from ..reviews.renamed import possible, renamed
from ..reviews.reviewers import Reviewers
from ..reviews.rules import ReviewRules
from ..reviews.stages import move_on, stages_from
from ..working_time import due as working_due
from ..writing import PERSONAL, write_text
from .carried_before import as_ours, begun_before
from .carrying_out import carry_out
from .company import Company
from .deciding import decide as policy_decides
from .holding_back import guard_breaches, hold_against_guard
from .moved import unless_moved
from .review_folders import write_for_reviewers
from .review_launch import look_before_launch
from .reviewers_pages import handed_in

#: How long reviewers have when nobody says.
DAYS = 14


@dataclasses.dataclass(frozen=True)
class Reviewed:
    """What became of a review: it, whether anything changed, files written, findings, and what was carried out.

    ``workload`` is what each reviewer of a review that is opened, or only looked at, has to decide.
    """

    review: Review
    changed: bool
    files: tuple[pathlib.Path, ...] = ()
    findings: tuple[Finding, ...] = ()
    outcome: Outcome | None = None
    workload: tuple[Workload, ...] = ()


def open_review(
    company: Company,
    run: Run | None,
    *,
    id: str,
    title: str,
    scope: t.Mapping[str, t.Any],
    reviewer: str,
    due: dt.date | None,
    undecided: str,
    directory: pathlib.Path | None,
    stages: t.Sequence[t.Any] = (),
    despite: bool = False,
    only_check: bool = False,
) -> Reviewed:
    """Open a review, or find the one that is there; write a sheet per reviewer. Without a run nothing is kept.

    Before it is opened it is looked at whether everybody can be reviewed, on data that are fresh. Raises ReviewError
    with the findings when something is wrong, unless ``despite`` it; with ``only_check`` it is said and nothing opened.
    """
    now = company.clock.now()
    working_day = company.settings.working_day
    last = working_day.over(due or working_day.today(now) + dt.timedelta(days=DAYS))
    in_stages = (
        stages_from(
            stages,
            last=last,
            over=working_day.over,
            days_on=lambda since, days: working_due(working_day, since, dt.timedelta(days=days)),
            now=now,
        )
        if stages
        else None
    )
    reviewers = reviewers_of(company)
    ledger = company.ledger
    opened = campaign.open_review(
        id=id,
        title=title or id,
        scope=scope,
        reviewer=reviewer,
        due=last,
        opened_by=run.actor if run else "",
        now=now,
        # what was decided before is only looked at where it is asked for
        existing=ledger.reviews(items=bool(scope.get("changed"))),
        grants=ledger.grants(),
        accounts=ledger.accounts(),
        people=company.people,
        apps=company.apps,
        undecided=undecided,
        reasons=reasons_of(company),
        stages=in_stages,
        reviewers=reviewers,
    )
    if not opened.created:
        review = review_of(company, opened.review.id)
        directory = None if only_check else directory
        files = write_for_reviewers(company, review, reviewers, directory).files if directory and run else ()
        return Reviewed(review, False, files)
    launch = look_before_launch(company, opened.review, reviewers)
    launch = dataclasses.replace(launch, findings=(*opened.findings, *launch.findings))
    if only_check:
        return Reviewed(opened.review, False, findings=launch.findings, workload=launch.workload)
    if launch.errors and not despite:
        raise ReviewError(
            "it is not opened: " + "; ".join(str(finding) for finding in launch.errors),
            where=f"review {opened.review.id}",
            todo="Put these right, or open it all the same (rollcall_despite=true)",
            findings=[finding.to_dict() for finding in launch.findings],
        )
    if run:
        with ledger.one_transaction():
            if ledger.has_review(opened.review.id):
                raise ReviewMoved("another run is opening it", where=f"review {opened.review.id}", todo="Run again")
            ledger.save_review(opened.review, "review.opened", run, now)
    files = write_for_reviewers(company, opened.review, reviewers, directory).files if directory and run else ()
    return Reviewed(opened.review, True, files, launch.findings, workload=launch.workload)


def decide(
    company: Company, run: Run | None, id: str, given: t.Sequence[decisions.Decision], *, late: bool = False
) -> Reviewed:
    """Lay decisions onto an open review. Raises ReviewError, and decides nothing, when any of them is wrong.

    ``late`` takes in also what comes after the deadline of its stage.
    """
    now = company.clock.now()
    before = review_of(company, id)
    decided = decisions.decide(
        before,
        given,
        now,
        reviewers=reviewers_of(company),
        apps=company.apps,
        closes=None if late else closes_of(company, before),
    )
    if decided.items and run:
        company.ledger.save_review(decided.review, "review.decided", run, now, before=before)
    return Reviewed(decided.review, bool(decided.items), findings=decided.notes)


def close(
    company: Company,
    run: Run | None,
    id: str,
    *,
    directory: pathlib.Path | None,
    early: bool = False,
    approved: str = "",
    progress: t.Callable[[t.Any, t.Any], None] | None = None,
) -> Reviewed:
    """Close a review, carry out what was decided, read it back, and write the record.

    Closing once more carries out what was left and brings the outcome of tasks up to date. Raises GuardStop when the
    revocations pass a limit; then the review stays open. Without a run, nothing is closed and nothing is carried out.
    Where another run closes it at the same time, that one carries it out, and nothing is changed here; what another run
    takes in at the same time is carried out, too.
    """
    now = company.clock.now()
    before, review, notes, plan = unless_moved(lambda: _closed(company, run, id, now, early=early, approved=approved))
    if not run or plan is None:
        return Reviewed(review, review != before or bool(plan and plan.changes), findings=notes)
    begun = begun_before(company, before, plan.changes, run)
    outcome = carry_out(company, plan.changes, run, plan=plan.hash, progress=progress)
    results = as_ours(outcome.results, begun)
    tasks = company.ledger.tasks(states=("open", "attested", "verified", "declined", "cancelled"))
    after = closing.end(closing.outcomes_of_tasks(closing.outcomes(review, results, now), tasks, now), now)
    if after != review:
        event = "review.ended" if after.ended_at != review.ended_at else "review.carried_out"
        company.ledger.save_review(after, event, run, now, before=review)
    files = _record(company, after, directory) if directory else ()
    # what became of tasks meanwhile was found out, and is no change of this run's own
    changed = review != before or outcome.changed
    return Reviewed(after, changed, files, (*notes, *closing.findings(after)), outcome)


def _closed(
    company: Company, run: Run | None, id: str, now: dt.datetime, *, early: bool, approved: str
) -> tuple[Review, Review, tuple[Finding, ...], Plan | None]:
    """Return a review as it was, and as it is closed; what is to be said of it; and the plan of what it takes away.

    There is no plan where another run is at it, which carries it out. Without a run nothing is written.
    """
    seen = company.ledger.head.seq
    before = review_of(company, id)
    named, notes = renamed(before, company.apps)
    moved, more = move_on(named, now, reviewers_of(company), closes_of(company, before))
    review = closing.close(moved, run.actor if run else "", now, early=early)
    wanted, unknown = possible(closing.revocations(review), company.apps)
    changes = one_by_one(order(wanted, company.apps))
    notes = (*notes, *more, *unknown)
    plan = Plan(
        tuple(changes),
        breaches=guard_breaches(company, changes),
        policy=company.policy.version,
        commit=company.commit,
        made_at=now,
        scope={"review": id},
    )
    if not run:
        return before, review, notes, plan
    if changes:
        company.ledger.save_plan(plan, run, now)
    hold_against_guard(plan, approved)
    if approved:
        company.ledger.approve_plan(plan.hash, run.actor, run, now)
    if review != before:
        try:
            _keep_closed(company, before, review, seen, run, now)
        except ReviewMoved as error:
            there = review_of(company, id)
            if there.state != "closed":
                raise
            note = Finding("review_moved", "note", str(error), todo="The other run carries it out")
            return there, there, (note,), None
    return before, review, notes, plan


def _keep_closed(company: Company, before: Review, review: Review, seen: int, run: Run, now: dt.datetime) -> None:
    """Write down that a review is closed and, with it, whose the accounts are that were nobody's.

    ``seen`` is the ledger's last event when it was read. Raises ReviewMoved for what was decided in it since: that is
    not in the plan.
    """
    with company.ledger.one_transaction():
        news = (event for event in company.ledger.events(after=seen) if event.data.get("review") == review.id)
        if any(event.kind.startswith("review.") for event in news):
            raise ReviewMoved("somebody has decided in it meanwhile", where=f"review {review.id}", todo="Run again")
        company.ledger.save_review(review, "review.closed", run, now, before=before)
        for link in links_of(review, reviewers_of(company)):
            # where one account of somebody is linked by hand, each has to be
            theirs = company.ledger.accounts(app=link.app, person=link.person) if link.person else []
            for account in (link.account, *(record.account.id for record in theirs)):
                company.ledger.link(link.app, account, link.person, link.reason, run, now)


def closes_of(company: Company, review: Review) -> t.Callable[[int], dt.datetime]:
    """Return what says until when a stage of a review takes decisions."""
    rules = rules_of(company)
    return lambda stage: rules.closes(review, stage, company.settings.working_day)


def rules_of(company: Company) -> ReviewRules:
    """Return how this company runs its reviews. Raises SettingsError for a delegate that makes no sense."""
    return ReviewRules.from_settings(company.settings.reviews, str(company.settings.path))


def reasons_of(company: Company) -> dict[tuple[str, str, str], tuple[Because, ...]]:
    """Why the policy gives what it gives today: what a decision is taken in sight of."""
    wants = policy_decides(company, company.people).wants.values()
    return {(want.person, want.app, grant.entitlement): grant.because for want in wants for grant in want.grants}


def reviewers_of(company: Company) -> Reviewers:
    """Return who can review: everybody who works here today, and those who decide in their stead."""
    statuses, today = company.population.statuses, company.settings.working_day.today(company.clock.now())
    known = company.population.records
    people = {**{id: known[id].person for id in known if id not in company.people}, **company.people}
    left = {id for id in people if statuses.get(id, Status.LEFT) is Status.LEFT}
    return Reviewers(
        people,
        company.apps,
        fallback=company.settings.fallback_owner,
        present=frozenset(id for id, status in statuses.items() if status is Status.ACTIVE),
        gone=left,
        delegates=[one for one in rules_of(company).delegates if one.holds(today)],
    )


def review_of(company: Company, id: str) -> Review:
    """Return the review of this id. Raises UnknownName where there is none."""
    review = company.ledger.review(id)
    if review is None:
        there = ", ".join(r.id for r in company.ledger.reviews(items=False)) or "none"
        raise UnknownName(f"there is no review {id!r}", todo=f"There are: {there}")
    return review


def _record(company: Company, review: Review, directory: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """Write what an auditor asks for: who had what, who reviewed it, what was decided, when, and what was done."""
    directory.mkdir(parents=True, exist_ok=True)
    table = record.rows(
        review, company.people, company.apps, changes=company.ledger.changes(), tasks=company.ledger.tasks()
    )
    name = re.sub(r"[^a-z0-9._-]+", "-", review.id.casefold()).strip(".-")
    return (
        write_text(directory / f"{name}.csv", record.to_csv(table), PERSONAL),
        write_text(directory / f"{name}.json", record.to_json(review, table, handed_in(company, review.id)), PERSONAL),
    )
