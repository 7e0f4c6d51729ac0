# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the report."""

from __future__ import annotations

import typing as t

import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401

from ..module_utils.company.company import Company
from ..module_utils.company.reporting import facts_of
from ..module_utils.reports.exports import write_report
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    writes = False
    # a report is wanted most when something is broken
    emergency = True
    arguments: t.ClassVar = {"directory": {"type": "path", "default": "report"}}

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        directory = self.in_company(arguments["directory"])
        facts = facts_of(company)
        files: list[t.Any] = []
        if not self.check_mode:
            directory.mkdir(parents=True, exist_ok=True)
            files = write_report(facts, directory)
        return {
            "files": [str(path) for path in files],
            "msg": f"the report is {directory / 'index.html'}",
        }
