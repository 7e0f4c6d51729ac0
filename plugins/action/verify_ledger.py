# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proves that the evidence has not been altered."""

from __future__ import annotations

import typing as t

import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401

from ..module_utils.company.company import Company
from ..module_utils.company.evidence import evidence_findings
from ..module_utils.face.results import finding_lines
from ..module_utils.ledger.export import export, read_export
from ..module_utils.ledger.verifying import verify_ledger
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    writes = False
    emergency = True
    arguments: t.ClassVar = {"export": {"type": "path"}, "against": {"type": "path"}}

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        earlier = read_export(self.in_company(arguments["against"])) if arguments["against"] else ()
        found = verify_ledger(company.ledger, earlier)
        # in an altered ledger, what it says about files is of no use
        problems = found.problems or evidence_findings(company)
        for line in finding_lines((*problems, *found.notes)):
            self.say(f"  {line}")
        result: dict[str, t.Any] = {
            "events": found.count,
            "head": found.head.hash if found.head else "",
            "problems": [problem.to_dict() for problem in problems],
            "notes": [note.to_dict() for note in found.notes],
            "msg": f"{found.count} events hold; nothing was altered",
        }
        if arguments["export"] and not self.check_mode:
            directory = self.in_company(arguments["export"])
            result["exported"] = str(export(company.ledger, directory, company.clock.now()))
        if problems:
            shown = "; ".join(str(problem) for problem in problems[:5])
            more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
            result.update(failed=True, msg=f"the evidence was altered: {shown}{more}")
        return result
