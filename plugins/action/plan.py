# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Works out what would change, keeps it, and stops at the guard."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.holding_back import hold_against_guard
from ..module_utils.company.plans import plan_changes
from ..module_utils.company.population import people_named
from ..module_utils.company.recording_readings import record_readings
from ..module_utils.company.sharing import approval_of_part, everyone_like, share_limits
from ..module_utils.counted import counted
from ..module_utils.face.diffs import diffs_of
from ..module_utils.face.results import change_data, finding_lines, plan_lines
from ..module_utils.planning.plan import apps_concerned
from ..plugin_utils.action import RollcallAction
from ..plugin_utils.slices import in_slice


class ActionModule(RollcallAction):
    looks_ahead = True
    arguments: t.ClassVar = {
        "people": {"type": "list", "elements": "str"},
        "apps": {"type": "list", "elements": "str"},
        "approved": {"type": "str"},
        "approved_by": {"type": "str"},
        "guard": {"type": "bool", "default": True},
    }

    def shares_run(self, arguments: dict[str, t.Any]) -> bool:
        # what is planned with a guard is about to be carried out, and conclude ends it
        return bool(arguments.get("guard", True))

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        people = apps = mine = None
        one_of_several = in_slice(self.vars)
        if arguments["people"] is not None:
            mine = people = [person.id for person in people_named(company.population, arguments["people"])]
            if one_of_several:
                people = everyone_like(company, people)
        if arguments["apps"] is not None:
            apps = [name.removeprefix("app.") for name in arguments["apps"]]
            company.need_apps(apps)
            if company.apps.keys() <= set(apps):
                apps = None
            elif one_of_several:
                share_limits(company, apps)
        planned = plan_changes(company, people=people, apps=apps)
        plan = planned.plan
        approved = arguments["approved"] or ""
        if one_of_several:
            approved = approval_of_part(company, plan, approved, apps, mine)
        if company.writes:
            run = self.begin(company, "plan")
            record_readings(company, planned, run, approved=approved)
            company.ledger.save_plan(plan, run, company.clock.now())
        lines = plan_lines(plan, company.people)
        self.say_each(lines)
        self.say_each(finding_lines((*plan.findings, *plan.breaches)))
        if arguments["guard"] or approved:
            hold_against_guard(plan, approved)
        if approved and company.writes:
            by = arguments["approved_by"] or self.actor()
            company.ledger.approve_plan(plan.hash, by, run, company.clock.now())
        due = counted(len(plan.changes), "change")
        result: dict[str, t.Any] = {
            "hash": plan.hash,
            "changes": [change_data(change, company.people) for change in plan.changes],
            "held": [change_data(change, company.people) for change in plan.held],
            "findings": [finding.to_dict() for finding in plan.findings],
            "breaches": [breach.to_dict() for breach in plan.breaches],
            "deferred": planned.deferred,
            "concerned": sorted(apps_concerned(plan)),
            "people": [company.people[id].username for id in planned.people] if people is not None else "everyone",
            "lines": lines,
            "msg": f"{due} due (plan {plan.hash})" if plan.changes else "nothing is due",
        }
        if self.diff_mode:
            result["diff"] = diffs_of(plan.changes, company.people)
        return result
