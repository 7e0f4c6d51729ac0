# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of an access review: it is closed, what was decided is carried out, and the auditor's record is written."""

from __future__ import annotations

import datetime as dt
import pathlib
import re
import typing as t

from ..errors import ReviewMoved
from ..model import Finding, Plan, Review, Run
from ..planning.ordering import order
from ..reviews import closing, record
from ..reviews.of_nobody import links_of, one_by_one
from ..reviews.renamed import possible, renamed
from ..reviews.stages import move_on
from ..writing import PERSONAL, write_text
from .about_reviews import closes_of, review_of, reviewers_of
from .carried_before import as_ours, begun_before
from .carrying_out import carry_out
from .company import Company
from .holding_back import guard_breaches, hold_against_guard
from .moved import unless_moved
from .reviewers_pages import handed_in
from .reviewing import Reviewed


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
