# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says where access may be wrong though nothing failed."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.reporting import gaps_facts
from ..module_utils.face.gaps import gap_counts, gap_lines
from ..module_utils.reports.exports import write_tables
from ..module_utils.reports.tables import GAPS
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    writes = False
    arguments: t.ClassVar = {
        "directory": {"type": "path"},
        "roles": {"type": "str", "choices": ["title", "rules"], "default": "title"},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        facts = gaps_facts(company, arguments["roles"])
        counts, lines = gap_counts(facts), gap_lines(facts)
        for line in lines:
            self.say(f"  {line}")
        files: list[t.Any] = []
        if arguments["directory"] and not self.check_mode:
            files = write_tables(facts, self.in_company(arguments["directory"]), GAPS)
        return {
            "counts": counts,
            "silent": list(facts.gaps.silent),
            "lines": lines,
            "files": [str(path) for path in files],
            "msg": ", ".join(f"{number:,} {what}" for what, number in counts.items()),
        }
