# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks a person out, or lifts the lock."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.population import people_named
from ..module_utils.errors import PolicyError
from ..module_utils.model import Lock
from ..module_utils.policy.durations import parse_duration
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    emergency = True
    arguments: t.ClassVar = {
        "person": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "reason": {"type": "str", "required": True},
        "lock_for": {"type": "str"},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        (person,) = people_named(company.population, [arguments["person"]])
        now = company.clock.now()
        there = company.lock_on(person)
        if arguments["state"] == "present":
            if there:
                return {"msg": f"{person.username} is locked already: {there.reason}"}
            until = now + parse_duration(arguments["lock_for"]) if arguments["lock_for"] else None
            if company.writes:
                run = self.begin(company, "lock")
                company.ledger.add_lock(Lock(person.id, arguments["reason"], run.actor, now, until), run, now)
            return {"changed": True, "msg": f"{person.username} is locked"}
        if not there:
            return {"msg": f"{person.username} is not locked"}
        if there.origin:
            raise PolicyError(
                f"the lock on {person.username} is written in git", where=str(there.origin), todo="Take it out there"
            )
        if company.writes:
            run = self.begin(company, "lock")
            company.ledger.lift_lock(there.person, run.actor, arguments["reason"], run, now)
        return {"changed": True, "msg": f"{person.username} is no longer locked"}
