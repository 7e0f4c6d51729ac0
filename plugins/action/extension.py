# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extends what ends soon, with the token of the warning."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.extending import extend
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        # no_log would hide in the job's output which token was refused; it is worth nothing in another's hands
        "token": {"type": "str", "required": True, "no_log": False},
        "until": {"type": "str", "required": True},
        "by": {"type": "str", "default": ""},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        run = self.begin(company, "extend")
        by = arguments["by"].strip() or self.actor()
        done = extend(company, run, token=arguments["token"], until=arguments["until"], by=by)
        person = done.person.username or done.person.id
        return {
            "changed": True,
            "extension": {
                "kind": done.kind,
                "id": done.id,
                "person": person,
                "before": done.before.isoformat(),
                "until": done.until.isoformat(),
                "by": done.by.username or done.by.id,
            },
            "msg": f"{done.kind} {done.id} of {person} ends on {done.until} and not on {done.before}",
        }
