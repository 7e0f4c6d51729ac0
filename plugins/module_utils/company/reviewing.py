# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An access review, opened and decided."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import typing as t

from ..errors import ReviewError, ReviewMoved
from ..fulfilment.executor import Outcome
from ..model import Finding, Review, Run
from ..reviews import campaign, decisions
from ..reviews.decision import Decision
from ..reviews.launch import Workload
from ..reviews.stages import stages_from
from ..working_time import due as working_due
from .about_reviews import closes_of, reasons_of, review_of, reviewers_of
from .company import Company
from .review_folders import write_for_reviewers
from .review_launch import look_before_launch

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


def decide(company: Company, run: Run | None, id: str, given: t.Sequence[Decision], *, late: bool = False) -> Reviewed:
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
