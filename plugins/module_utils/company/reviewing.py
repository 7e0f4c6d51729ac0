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

from ..errors import UnknownName
from ..fulfilment.executor import Outcome
from ..model import Because, Finding, Plan, Review, Run, Status
from ..planning.ordering import order
from ..reviews import campaign, closing, decisions, record
from ..reviews.reviewers import Reviewers
from ..writing import write_text
from .carrying_out import carry_out
from .company import Company
from .deciding import decide as policy_decides
from .plans import guard_breaches, hold_against_guard
from .reviewers_pages import handed_in, write_pages

#: How long reviewers have when nobody says.
DAYS = 14


@dataclasses.dataclass(frozen=True)
class Reviewed:
    """What became of a review: it, whether anything changed, files written, findings, and what was carried out."""

    review: Review
    changed: bool
    files: tuple[pathlib.Path, ...] = ()
    findings: tuple[Finding, ...] = ()
    outcome: Outcome | None = None


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
) -> Reviewed:
    """Open a review, or find the one that is there; write a sheet per reviewer. Without a run nothing is kept."""
    now = company.clock.now()
    working_day = company.settings.working_day
    opened = campaign.open_review(
        id=id,
        title=title or id,
        scope=scope,
        reviewer=reviewer,
        due=working_day.over(due or working_day.today(now) + dt.timedelta(days=DAYS)),
        opened_by=run.actor if run else "",
        now=now,
        existing=company.ledger.reviews(),
        grants=company.ledger.grants(),
        accounts=company.ledger.accounts(),
        people=company.people,
        apps=company.apps,
        undecided=undecided,
        fallback=company.settings.fallback_owner,
        present=_present(company),
        reasons=_reasons(company),
    )
    if opened.created and run:
        company.ledger.save_review(opened.review, "review.opened", run, now)
    files = _sheets(company, opened.review, directory) if directory and run else ()
    return Reviewed(opened.review, opened.created, files, opened.findings)


def decide(company: Company, run: Run | None, id: str, given: t.Sequence[decisions.Decision]) -> Reviewed:
    """Lay decisions onto an open review. Raises ReviewError, and decides nothing, when any of them is wrong."""
    now = company.clock.now()
    decided = decisions.decide(review_of(company, id), given, now, reviewers=reviewers_of(company), apps=company.apps)
    if decided.items and run:
        company.ledger.save_review(decided.review, "review.decided", run, now)
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
    """
    now = company.clock.now()
    before = review_of(company, id)
    review = closing.close(before, run.actor if run else "", now, early=early)
    changes = order(closing.revocations(review), company.apps)
    plan = Plan(
        tuple(changes),
        breaches=guard_breaches(company, changes),
        policy=company.policy.version,
        commit=company.commit,
        made_at=now,
        scope={"review": id},
    )
    if not run:
        return Reviewed(review, review != before or bool(changes))
    company.ledger.save_plan(plan, run, now)
    hold_against_guard(plan, approved)
    if approved:
        company.ledger.approve_plan(plan.hash, run.actor, run, now)
    if review is not before:
        company.ledger.save_review(review, "review.closed", run, now)
    outcome = carry_out(company, changes, run, plan=plan.hash, progress=progress)
    after = closing.outcomes(review, outcome.results, now)
    tasks = company.ledger.tasks(states=("open", "attested", "verified", "declined", "cancelled"))
    after = closing.outcomes_of_tasks(after, tasks, now)
    if after != review:
        company.ledger.save_review(after, "review.carried_out", run, now)
    files = _record(company, after, directory) if directory else ()
    changed = review is not before or outcome.changed
    return Reviewed(after, changed, files, closing.findings(after), outcome)


def _reasons(company: Company) -> dict[tuple[str, str, str], tuple[Because, ...]]:
    """Why the policy gives what it gives today: what a decision is taken in sight of."""
    wants = policy_decides(company, company.people).wants.values()
    return {(want.person, want.app, grant.entitlement): grant.because for want in wants for grant in want.grants}


def _present(company: Company) -> frozenset[str]:
    statuses = company.population.statuses
    return frozenset(id for id in company.people if statuses[id] is Status.ACTIVE)


def reviewers_of(company: Company) -> Reviewers:
    """Return who can review: everybody who works here today."""
    return Reviewers(company.people, company.apps, fallback=company.settings.fallback_owner, present=_present(company))


def review_of(company: Company, id: str) -> Review:
    """Return the review of this id. Raises UnknownName where there is none."""
    review = company.ledger.review(id)
    if review is None:
        there = ", ".join(r.id for r in company.ledger.reviews()) or "none"
        raise UnknownName(f"there is no review {id!r}", todo=f"There are: {there}")
    return review


def _sheets(company: Company, review: Review, directory: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """Write a page and a sheet per reviewer. A sheet that is there is left alone: a reviewer may be filling it in."""
    files = []
    directory.mkdir(parents=True, exist_ok=True)
    for reviewer in sorted({item.reviewer for item in review.items}):
        name = re.sub(r"[^a-z0-9.@_-]+", "-", reviewer.casefold()).strip(".-") or "nobody"
        path = directory / f"{name}.csv"
        if not path.exists():
            write_text(path, decisions.write_sheet(review, company.people, company.apps, reviewer=reviewer))
        files.append(path)
    return (*files, *write_pages(company, review, reviewers_of(company), directory))


def _record(company: Company, review: Review, directory: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """Write what an auditor asks for: who had what, who reviewed it, what was decided, when, and what was done."""
    directory.mkdir(parents=True, exist_ok=True)
    table = record.rows(
        review, company.people, company.apps, changes=company.ledger.changes(), tasks=company.ledger.tasks()
    )
    name = re.sub(r"[^a-z0-9._-]+", "-", review.id.casefold()).strip(".-")
    return (
        write_text(directory / f"{name}.csv", record.to_csv(table)),
        write_text(directory / f"{name}.json", record.to_json(review, table, handed_in(company, review.id))),
    )
