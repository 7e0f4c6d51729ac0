# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says whose an account is."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.population import people_named
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "app": {"type": "str", "required": True},
        "account": {"type": "str", "required": True},
        "person": {"type": "str", "default": ""},
        "reason": {"type": "str", "required": True},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        app = arguments["app"].removeprefix("app.")
        company.need_apps([app])
        person = people_named(company.population, [arguments["person"]])[0] if arguments["person"] else None
        id = person.id if person else ""
        whose = person.username if person else "nobody"
        if company.ledger.links().get((app, arguments["account"])) == id:
            return {"msg": f"account {arguments['account']} in {app} is {whose}'s already"}
        if company.writes:
            run = self.begin(company, "link")
            company.ledger.link(app, arguments["account"], id, arguments["reason"], run, company.clock.now())
        return {"changed": True, "msg": f"account {arguments['account']} in {app} is {whose}'s"}
