# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One app, every person."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.holding_back import hold_against_guard
from ..module_utils.company.plans import plan_changes
from ..module_utils.company.population import people_named
from ..module_utils.company.recording_readings import record_readings
from ..module_utils.face.carried_out import carry_out_and_conclude, nothing_to_do
from ..module_utils.planning.plan import apps_concerned
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "app": {"type": "str", "required": True},
        "plan": {"type": "str"},
        "people": {"type": "list", "elements": "str"},
    }

    def shares_run(self, arguments: dict[str, t.Any]) -> bool:
        return bool(arguments.get("plan"))

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        app = arguments["app"].removeprefix("app.")
        company.need_apps([app])
        people = None
        if arguments["people"] is not None:
            people = [person.id for person in people_named(company.population, arguments["people"])]
        kept = company.ledger.plan(arguments["plan"]) if arguments["plan"] else None
        if kept is not None and app not in apps_concerned(kept):
            # nearly every app on nearly every day: it costs no more than looking into the plan
            return nothing_to_do(kept, diff=self.diff_mode)
        run = self.begin(company, "app_access")
        if kept is None:
            planned = plan_changes(company, people=people, apps=[app])
            plan, deferred = planned.plan, planned.deferred
            if company.writes:
                record_readings(company, planned, run)
                company.ledger.save_plan(plan, run, company.clock.now())
            hold_against_guard(plan)
        else:
            plan = kept
            deferred = {f.app: f.message for f in plan.findings if f.code == "app_deferred" and f.app == app}
        return carry_out_and_conclude(
            company,
            run,
            plan,
            changes=[change for change in plan.changes if change.app == app],
            held=[change for change in plan.held if change.app == app],
            deferred=deferred,
            people=(),
            check_mode=self.check_mode,
            diff=self.diff_mode,
            say=self.say,
            send=not arguments["plan"],
        )
