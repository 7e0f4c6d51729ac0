# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at an access review before it is opened, opens, decides and closes it; reassigns, and explains."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company import about_reviews, closing_reviews, reviewing
from ..module_utils.company.company import Company
from ..module_utils.company.following_reviews import news_of
from ..module_utils.company.handing_in import take_in
from ..module_utils.company.manual_work import send_new
from ..module_utils.company.review_changes import explain, reassign
from ..module_utils.company.review_folders import folder_of
from ..module_utils.company.telling import tell
from ..module_utils.counted import counted
from ..module_utils.desks.digests import Happenings
from ..module_utils.desks.news import News
from ..module_utils.errors import ReviewError
from ..module_utils.face.results import finding_lines, result_data, result_line
from ..module_utils.model import Run
from ..module_utils.reviews.decision import Decision
from ..module_utils.reviews.decision_sheet import decisions_from
from ..module_utils.reviews.following import waiting
from ..module_utils.reviews.stages import stage_now
from ..plugin_utils.action import RollcallAction
from ..plugin_utils.given import mapping_given

STATES = ("open", "checked", "decided", "reassigned", "closed", "explained")


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "id": {"type": "str", "required": True},
        "state": {"type": "str", "choices": list(STATES), "default": "open"},
        "title": {"type": "str"},
        "scope": {"type": "raw"},
        "reviewer": {"type": "str", "default": "manager"},
        "stages": {"type": "list", "elements": "raw"},
        "despite": {"type": "bool", "default": False},
        "due": {"type": "str"},
        "undecided": {"type": "str", "choices": ["keep", "revoke"], "default": "revoke"},
        "decisions": {"type": "path"},
        "decision_list": {"type": "list", "elements": "dict"},
        "late": {"type": "bool", "default": False},
        "items": {"type": "list", "elements": "str"},
        "whose": {"type": "str"},
        "to": {"type": "str"},
        "reason": {"type": "str"},
        "by": {"type": "str"},
        "early": {"type": "bool", "default": False},
        "approved": {"type": "str"},
        "directory": {"type": "path"},
        "pages": {"type": "path"},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        run = self.begin(company, f"review {arguments['state']}")
        kept = run if company.writes else None
        directory = self._directory(company, arguments)
        done = self._done(company, kept, arguments, directory)
        result = self._result(company, done)
        if kept and arguments["state"] == "open" and directory is None and not company.settings.reviews.get("desk"):
            result["msg"] += "; reviewers have neither a page nor a sheet: for these, repeat it with rollcall_pages"
        findings = done.findings
        if company.writes and arguments["state"] == "open":
            # who opens it again, as after a run that died, tells whom that one did not
            happened = Happenings(open=tuple(company.ledger.tasks(states=("open",))), reviews=self._told(company, done))
            findings = (*findings, *tell(company, run, happened, only="review").findings)
        if company.writes and done.outcome is not None:
            sent = send_new(company, run)
            findings = (*findings, *sent.findings)
            if sent.problems:
                result.update(failed=True, msg="; ".join([result["msg"], *sent.problems]))
        self.say_each(finding_lines(findings))
        return result

    def _done(
        self, company: Company, kept: Run | None, arguments: dict[str, t.Any], directory: pathlib.Path | None
    ) -> reviewing.Reviewed:
        state, id = arguments["state"], arguments["id"]
        if state in ("open", "checked"):
            return reviewing.open_review(
                company,
                kept,
                id=id,
                title=arguments["title"] or "",
                scope=mapping_given(arguments["scope"], "scope", ReviewError),
                reviewer=arguments["reviewer"],
                due=self._due(arguments),
                undecided=arguments["undecided"],
                directory=directory,
                stages=arguments["stages"] or (),
                despite=arguments["despite"],
                only_check=state == "checked",
            )
        if state == "decided":
            path = self.in_company(arguments["decisions"]) if arguments["decisions"] else None
            return take_in(company, kept, id, path=path, listed=self._listed(arguments), late=arguments["late"])
        by, reason = arguments["by"] or self.actor(), arguments["reason"] or ""
        items = tuple(arguments["items"] or ())
        if state == "reassigned":
            to, whose = arguments["to"] or "", arguments["whose"] or ""
            return reassign(company, kept, id, items=items, whose=whose, to=to, by=by, reason=reason)
        if state == "explained":
            return explain(company, kept, id, items=items, by=by, reason=reason)
        return closing_reviews.close(
            company,
            kept,
            id,
            directory=directory,
            early=arguments["early"],
            approved=arguments["approved"] or "",
            progress=lambda _packet, rows: self.say_each(result_line(row, company.people) for row in rows),
        )

    def _directory(self, company: Company, arguments: dict[str, t.Any]) -> pathlib.Path | None:
        """Where files are written: what reviewers fill in has a folder for each review, where no other is named."""
        if arguments["directory"]:
            return self.in_company(arguments["directory"])
        pages = arguments["pages"] or about_reviews.rules_of(company).pages
        return (
            folder_of(self.in_company(pages), arguments["id"].strip())
            if pages and arguments["state"] == "open"
            else None
        )

    def _due(self, arguments: dict[str, t.Any]) -> dt.date | None:
        if not arguments["due"]:
            return None
        try:
            return dt.date.fromisoformat(arguments["due"])
        except ValueError as error:
            raise ReviewError(f"due is {arguments['due']!r}, which is no day", todo="Write it as 2026-12-15") from error

    def _told(self, company: Company, done: reviewing.Reviewed) -> tuple[tuple[str, News], ...]:
        """What the reviewers of a review that was opened now are to be told."""
        rules, working_day = about_reviews.rules_of(company), company.settings.working_day
        waits = waiting(done.review, about_reviews.reviewers_of(company), rules, working_day, company.clock.now())
        return tuple((address, news_of(one, address)) for one in waits for address in one.addresses)

    def _listed(self, arguments: dict[str, t.Any]) -> tuple[Decision, ...]:
        given = decisions_from(arguments["decision_list"] or [], where="decision_list")
        # whoever runs this decides, where it does not say who
        return tuple(one if one.by else dataclasses.replace(one, by=self.actor()) for one in given)

    def _result(self, company: Company, done: reviewing.Reviewed) -> dict[str, t.Any]:
        review = done.review
        decided = sum(bool(item.decision) for item in review.items)
        revoked = sum(item.decision in ("revoke", "change") for item in review.items)
        result: dict[str, t.Any] = {
            "changed": done.changed,
            "review": {
                "id": review.id,
                "title": review.title,
                "state": review.state,
                "standing": review.standing,
                "stage": stage_now(review) + 1,
                "stages": list(review.reviewers),
                "due": review.due.isoformat(),
                "items": len(review.items),
                "decided": decided,
                "revoked": revoked,
                "reviewers": sorted({item.reviewer for item in review.items}),
            },
            "workload": [dataclasses.asdict(one) for one in done.workload],
            "files": [str(path) for path in done.files],
            "findings": [finding.to_dict() for finding in done.findings],
            "changes": [result_data(row, company.people) for row in done.outcome.results] if done.outcome else [],
            "msg": f"review {review.id} is {review.standing}: "
            f"{decided} of {len(review.items)} decided, {revoked} to take away",
        }
        if not company.ledger.has_review(review.id):
            # it was only looked at
            wrong = any(finding.severity == "error" for finding in done.findings)
            how = "not opened, and cannot be as it is" if wrong else "not opened, and could be"
            result["msg"] = f"review {review.id} is {how}: {counted(len(review.items), 'item')} to decide"
        if done.workload:
            most = done.workload[0]
            result["msg"] += (
                f"; {counted(len(done.workload), 'reviewer')}, "
                f"{counted(sum(one.minutes for one in done.workload), 'minute')} in all, "
                f"{most.minutes} for {most.reviewer}, who has most ({most.items})"
            )
        if done.files:
            result["msg"] += f"; {counted(len(done.files), 'file is', 'files are')} in {done.files[0].parent}"
        left = [result_line(row, company.people) for row in done.outcome.left] if done.outcome else []
        left = left or [str(finding) for finding in done.findings if finding.severity == "error"]
        if done.outcome is not None and left:
            result.update(failed=True, left=left, msg=f"{result['msg']}. Left for the next run: {'; '.join(left)}")
        return result
