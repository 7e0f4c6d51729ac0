# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives what the policy lets people take without asking, and takes back what is over."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.about_reviews import rules_of
from ..module_utils.company.breaking_glass import (
    Taken,
    finish,
    give,
    judge_taking,
    taken,
    unfinished,
    with_exception,
)
from ..module_utils.company.company import Company
from ..module_utils.company.following_requests import forget_exceptions
from ..module_utils.company.glass_reviews import open_glass_reviews
from ..module_utils.company.holding_back import hold_against_guard
from ..module_utils.company.manual_work import send_new
from ..module_utils.company.plans import Planned, plan_changes
from ..module_utils.company.recording_readings import record_readings
from ..module_utils.counted import counted
from ..module_utils.errors import RollcallError, UnknownName
from ..module_utils.face.carried_out import carry_out_and_conclude
from ..module_utils.face.results import finding_lines
from ..module_utils.model import Finding, Run
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "state": {"type": "str", "choices": ["given", "ended"], "default": "given"},
        "person": {"type": "str", "default": ""},
        "grant": {"type": "str", "default": ""},
        "hours": {"type": "str", "default": ""},
        "reason": {"type": "str", "default": ""},
        "id": {"type": "str", "default": ""},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        arguments = {name: value.strip() if isinstance(value, str) else value for name, value in arguments.items()}
        return (
            self._give(company, arguments) if arguments["state"] == "given" else self._take_all_back(company, arguments)
        )

    # taking

    def _give(self, company: Company, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        run = self.begin(company, "break_glass")
        taking = judge_taking(
            company,
            who=arguments["person"] or self.actor(),
            grant=arguments["grant"],
            hours=arguments["hours"],
            reason=arguments["reason"],
            actor=self.actor(),
        )
        if not taking.before:
            with_exception(company, taking.exception)
        planned = self._plan(company, taking.person.id, {taking.pair[0]})
        if company.writes and not taking.before:
            give(company, run, taking)
        result = self._carry_out(company, run, planned, taking.person.id)
        exception = taking.exception
        until = f"{exception.ends_at:%Y-%m-%d %H:%M} UTC"
        who = taking.person.username or taking.person.id
        what = f"{who} takes {': '.join(taking.pair)} until {until} ({exception.id})"
        result["changed"] = result["changed"] or not taking.before
        result["break_glass"] = {
            "id": exception.id,
            "person": who,
            "grant": ":".join(taking.pair),
            "ends_at": exception.ends_at.isoformat() if exception.ends_at else "",
            "entry": taking.entry.id,
        }
        result["msg"] = f"{what}: {result['msg']}"
        if result["left"]:
            result["msg"] += ". The same command carries out what is left"
        return self._told(company, run, result)

    # ending

    def _take_all_back(self, company: Company, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        over = unfinished(company)
        if arguments["id"]:
            over += self._still_running(company, arguments["id"], {one.id for one in over})
        unreviewed = [one for one in taken(company) if one.over and not company.ledger.has_review(one.id)]
        if not over and not unreviewed:
            return {"msg": "no break-glass access is over", "ended": {}, "reviews": [], "left": [], "changes": []}
        run = self.begin(company, "end_break_glass")
        if arguments["id"]:
            self._end_now(company, run, arguments["id"], arguments["reason"])
        result: dict[str, t.Any] = {"changed": False, "ended": {}, "changes": [], "left": []}
        for person in dict.fromkeys(one.person for one in over):
            mine = [one for one in over if one.person == person]
            try:
                self._take_back(company, run, person, mine, result)
            except RollcallError as error:
                # what stops one of them does not keep the others' access alive
                result["left"].append(f"{', '.join(one.id for one in mine)}: {error}")
        reviews, findings = open_glass_reviews(company, run, rules_of(company))
        result["reviews"] = [review.id for review in reviews]
        result["changed"] = result["changed"] or bool(reviews)
        gone = [id for id, state in result["ended"].items() if state != "left"]
        waits = [id for id, state in result["ended"].items() if state == "left"]
        result["msg"] = (
            f"{len(gone)} ended, {len(waits)} left until their app takes it, "
            f"{counted(len(reviews), 'review was', 'reviews were')} opened"
        )
        return self._told(company, run, result, findings)

    def _still_running(self, company: Company, id: str, known: t.Collection[str]) -> list[Taken]:
        there = {one.id: one for one in taken(company)}
        if id not in there:
            running = ", ".join(one.id for one in there.values() if not one.over) or "none"
            raise UnknownName(f"there is no break-glass access {id!r}", todo=f"Running are: {running}")
        return [] if there[id].over or id in known else [there[id]]

    def _end_now(self, company: Company, run: Run, id: str, reason: str) -> None:
        if company.writes:
            company.ledger.end_exception(id, run.actor, reason or "ended by hand", run, company.clock.now())
            forget_exceptions(company)
        else:
            exceptions, covers = company.written
            company.written = (tuple(one for one in exceptions if one.id != id), covers)

    def _take_back(
        self, company: Company, run: Run, person: str, over: t.Sequence[Taken], result: dict[str, t.Any]
    ) -> None:
        apps = {one.pair[0] for one in over} & company.apps.keys()
        if person in company.people and apps:
            done = self._carry_out(company, run, self._plan(company, person, apps), person)
            result["changed"] = result["changed"] or done["changed"]
            result["changes"] += done["changes"]
            result["left"] += done["left"]
        if company.writes:
            result["ended"].update({one.id: finish(company, run, one) for one in over})

    # both

    def _plan(self, company: Company, person: str, apps: t.Collection[str]) -> Planned:
        # an outage of HR is no reason to leave something broken, or somebody with too much
        planned = plan_changes(company, people=[person], apps=apps, stale_too=True)
        hold_against_guard(planned.plan)
        return planned

    def _carry_out(self, company: Company, run: Run, planned: Planned, person: str) -> dict[str, t.Any]:
        if company.writes:
            record_readings(company, planned, run)
            company.ledger.save_plan(planned.plan, run, company.clock.now())
        return carry_out_and_conclude(
            company,
            run,
            planned.plan,
            changes=planned.plan.changes,
            held=planned.plan.held,
            deferred=planned.deferred,
            people=[person],
            check_mode=self.check_mode,
            diff=self.diff_mode,
            say=self.say,
        )

    def _told(
        self, company: Company, run: Run, result: dict[str, t.Any], findings: t.Sequence[Finding] = ()
    ) -> dict[str, t.Any]:
        """Tell whom it concerns, at once; a run of which they could not be told has failed."""
        # what is left of carrying it out is in the message already
        problems = [one for one in result["left"] if one not in result["msg"]]
        if company.writes:
            sent = send_new(company, run)
            findings = (*findings, *sent.findings)
            problems += sent.problems
            result["told"] = sent.told
        self.say_each(finding_lines(findings))
        result["findings"] = [*result.get("findings", ()), *(finding.to_dict() for finding in findings)]
        if problems or result["left"]:
            left = f". Left: {'; '.join(problems)}" if problems else ""
            result.update(failed=True, msg=f"{result['msg']}{left}")
        return result
