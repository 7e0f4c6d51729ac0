# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens, decides and closes an access review."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401

from ..module_utils.company import reviewing
from ..module_utils.company.company import Company
from ..module_utils.company.manual_work import send_new
from ..module_utils.errors import ReviewError
from ..module_utils.face.results import finding_lines, result_data, result_line
from ..module_utils.reviews.decisions import decisions_from, read_decisions
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "id": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["open", "decided", "closed"], "default": "open"},
        "title": {"type": "str"},
        "scope": {"type": "dict"},
        "reviewer": {"type": "str", "default": "manager"},
        "due": {"type": "str"},
        "undecided": {"type": "str", "choices": ["keep", "revoke"], "default": "revoke"},
        "decisions": {"type": "path"},
        "decision_list": {"type": "list", "elements": "dict"},
        "early": {"type": "bool", "default": False},
        "approved": {"type": "str"},
        "directory": {"type": "path"},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        run = self.begin(company, f"review {arguments['state']}")
        kept = run if company.writes else None
        directory = self.in_company(arguments["directory"]) if arguments["directory"] else None
        if arguments["state"] == "open":
            done = reviewing.open_review(
                company,
                kept,
                id=arguments["id"],
                title=arguments["title"] or "",
                scope=arguments["scope"] or {},
                reviewer=arguments["reviewer"],
                due=self._due(arguments),
                undecided=arguments["undecided"],
                directory=directory,
            )
        elif arguments["state"] == "decided":
            done = reviewing.decide(company, kept, arguments["id"], self._decisions(arguments))
        else:
            done = reviewing.close(
                company,
                kept,
                arguments["id"],
                directory=directory,
                early=arguments["early"],
                approved=arguments["approved"] or "",
                progress=lambda _packet, rows: self.say_each(result_line(row, company.people) for row in rows),
            )
        result = self._result(company, done)
        findings = done.findings
        if done.outcome is not None and company.writes:
            sent = send_new(company, run)
            findings = (*findings, *sent.findings)
            if sent.problems:
                result.update(failed=True, msg="; ".join([result["msg"], *sent.problems]))
        self.say_each(finding_lines(findings))
        return result

    def _due(self, arguments: dict[str, t.Any]) -> dt.date | None:
        if not arguments["due"]:
            return None
        try:
            return dt.date.fromisoformat(arguments["due"])
        except ValueError as error:
            raise ReviewError(f"due is {arguments['due']!r}, which is no day", todo="Write it as 2026-12-15") from error

    def _decisions(self, arguments: dict[str, t.Any]) -> tuple[t.Any, ...]:
        found: tuple[t.Any, ...] = ()
        if arguments["decisions"]:
            found += read_decisions(self.in_company(arguments["decisions"]))
        if arguments["decision_list"]:
            given = decisions_from(arguments["decision_list"], where="decision_list")
            # whoever runs this decides, where it does not say who
            found += tuple(one if one.by else dataclasses.replace(one, by=self.actor()) for one in given)
        if not found:
            raise ReviewError("there are no decisions", todo="Give a file in decisions, or a list in decision_list")
        return found

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
                "due": review.due.isoformat(),
                "items": len(review.items),
                "decided": decided,
                "revoked": revoked,
                "reviewers": sorted({item.reviewer for item in review.items}),
            },
            "files": [str(path) for path in done.files],
            "findings": [finding.to_dict() for finding in done.findings],
            "changes": [result_data(row, company.people) for row in done.outcome.results] if done.outcome else [],
            "msg": f"review {review.id} is {review.state}: "
            f"{decided} of {len(review.items)} decided, {revoked} to take away",
        }
        left = [result_line(row, company.people) for row in done.outcome.left] if done.outcome else []
        left = left or [str(finding) for finding in done.findings if finding.severity == "error"]
        if done.outcome is not None and left:
            result.update(failed=True, left=left, msg=f"{result['msg']}. Left for the next run: {'; '.join(left)}")
        return result
