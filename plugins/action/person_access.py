# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All of one person's apps at once."""

from __future__ import annotations

import datetime as dt
import functools
import time
import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.holding_back import hold_against_guard
from ..module_utils.company.narrowing import narrow
from ..module_utils.company.others import share_few
from ..module_utils.company.plans import accounts_seen, plan_changes
from ..module_utils.company.population import people_named
from ..module_utils.company.recording_readings import record_readings
from ..module_utils.face.carried_out import carry_out_and_conclude
from ..module_utils.fulfilment.seen import NOTHING_SEEN, Seen
from ..module_utils.model import Lock
from ..module_utils.policy.durations import parse_duration
from ..module_utils.sources.glancing import without_collecting
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "person": {"type": "str", "required": True},
        "plan": {"type": "str"},
        "apps": {"type": "list", "elements": "str"},
        "emergency": {"type": "bool", "default": False},
        "reason": {"type": "str"},
        "lock_for": {"type": "str"},
    }

    def shares_run(self, arguments: dict[str, t.Any]) -> bool:
        return bool(arguments.get("plan"))

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        emergency = arguments["emergency"]
        if emergency and not company.is_shared:
            self._look_at_one(company, arguments)
        (person,) = people_named(company.population, [arguments["person"]])
        run = self.begin(company, "emergency_offboard" if emergency else "person_access")
        if emergency:
            self._lock(company, person, arguments, run)
        seen = NOTHING_SEEN
        kept = company.ledger.plan(arguments["plan"]) if arguments["plan"] else None
        if kept is None:
            apps = arguments["apps"]
            if apps is not None:
                apps = [name.removeprefix("app.") for name in apps]
                company.need_apps(apps)
            began = time.monotonic()
            planned = plan_changes(
                company, people=[person.id], apps=apps, urgency="emergency" if emergency else "normal"
            )
            plan, deferred = planned.plan, planned.deferred
            if emergency:
                seen = Seen(accounts_seen(planned), began)
            if company.writes:
                record_readings(company, planned, run)
                company.ledger.save_plan(plan, run, company.clock.now())
            # an app whose entry in the catalog is wrong was not cut off: the run must say so
            deferred = {**deferred, **{finding.where: finding.message for finding in company.catalog_findings}}
            if not emergency:
                hold_against_guard(plan)
        else:
            plan = kept
            deferred = {f.app: f.message for f in plan.findings if f.code == "app_deferred"}
        return carry_out_and_conclude(
            company,
            run,
            plan,
            changes=[change for change in plan.changes if change.person == person.id],
            held=[change for change in plan.held if change.person == person.id],
            deferred=deferred,
            people=[person.id],
            check_mode=self.check_mode,
            diff=self.diff_mode,
            say=self.say,
            emergency=emergency,
            send=not arguments["plan"],
            seen=seen,
        )

    def _look_at_one(self, company: Company, arguments: dict[str, t.Any]) -> None:
        """Without an inventory of people: begin with this one, and read the others when something depends on them."""
        with without_collecting():
            found = narrow(company, [arguments["person"]])
        if found is not None:
            share_few(company, found, functools.partial(self.company, arguments, writes=False, anew=True))

    def _lock(self, company: Company, person: t.Any, arguments: dict[str, t.Any], run: t.Any) -> None:
        now = company.clock.now()
        until: dt.datetime | None = now + parse_duration(arguments["lock_for"]) if arguments["lock_for"] else None
        lock = Lock(person.id, arguments["reason"] or "emergency", run.actor, now, until)
        if company.writes:
            company.ledger.add_lock(lock, run, now)
        company.locks = (*company.locks, lock)
