# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings all access reviews up to date."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.about_reviews import rules_of
from ..module_utils.company.company import Company
from ..module_utils.company.following_reviews import Followed, follow_reviews
from ..module_utils.company.manual_work import send_new
from ..module_utils.company.review_tickets import follow_review_tickets
from ..module_utils.face.results import finding_lines, result_data, result_line
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "decisions": {"type": "path"},
        "close": {"type": "bool"},
        "directory": {"type": "path"},
        "pages": {"type": "path"},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        run = self.begin(company, "reviews")
        rules = rules_of(company)
        folder, pages = arguments["decisions"] or rules.decisions, arguments["pages"] or rules.pages
        found = follow_reviews(
            company,
            run,
            decisions=self.in_company(folder) if folder else None,
            close_due=rules.close if arguments["close"] is None else arguments["close"],
            directory=self.in_company(arguments["directory"]) if arguments["directory"] else None,
            pages=self.in_company(pages) if pages else None,
            progress=lambda _packet, rows: self.say_each(result_line(row, company.people) for row in rows),
        )
        problems = list(found.problems)
        told = 0
        if company.writes:
            found.findings += follow_review_tickets(company, run).findings
            sent = send_new(company, run, reviews=found.news())
            found.findings += sent.findings
            problems += sent.problems
            told = sent.told
        self.say_each(finding_lines(found.findings))
        result = _result(company, found, told)
        if problems:
            result.update(failed=True, left=problems, msg=f"{result['msg']}. Left: {'; '.join(problems)}")
        return result


def _result(company: Company, found: Followed, told: int) -> dict[str, t.Any]:
    steps = (
        (len(found.opened), "opened"),
        (sum(found.decided.values()), "decisions taken in"),
        (sum(found.handed_over.values()), "decisions gone on to others"),
        (sum(found.passed_on.values()), "put to the next stage"),
        (len(found.reminded), "reviewers to be told"),
        (len(found.written), "files written for reviewers"),
        (len(found.closed), "closed"),
        (len(found.ended), "ended"),
    )
    rows = [row for outcome in found.outcomes for row in outcome.results]
    return {
        "changed": found.changed,
        "opened": found.opened,
        "taken_in": found.taken_in,
        "decided": found.decided,
        "handed_over": found.handed_over,
        "passed_on": found.passed_on,
        "reminded": [
            {"review": one.review, "reviewer": one.reviewer, "items": one.items, "step": one.step}
            for one in found.reminded
        ],
        "closed": found.closed,
        "ended": found.ended,
        "told": told,
        "files": [str(path) for path in found.written],
        "changes": [result_data(row, company.people) for row in rows],
        "findings": [finding.to_dict() for finding in found.findings],
        "msg": "; ".join(f"{number} {words}" for number, words in steps if number) or "nothing to do in any review",
    }
