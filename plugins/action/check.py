# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validates catalog, policy, exceptions, feed and credentials."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.checking import CHECKS
from ..module_utils.company.company import Company
from ..module_utils.counted import counted
from ..module_utils.face.results import finding_lines
from ..module_utils.model import Lifecycle
from ..plugin_utils.action import RollcallAction

_ORDER = ("error", "warning", "note")


class ActionModule(RollcallAction):
    writes = False
    arguments: t.ClassVar = {
        "what": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": ["policy", "feed"]}
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        findings = [finding for what in arguments["what"] for finding in CHECKS[what](company)]
        findings = sorted(dict.fromkeys(findings), key=lambda finding: _ORDER.index(finding.severity))
        for line in finding_lines(findings):
            self.say(f"  {line}")
        counts = {severity: sum(f.severity == severity for f in findings) for severity in _ORDER}
        errors = [str(finding) for finding in findings if finding.severity == "error"]
        result: dict[str, t.Any] = {
            "findings": [finding.to_dict() for finding in findings],
            "counts": counts,
            "msg": ", ".join(f"{number} {severity}s" for severity, number in counts.items()),
        }
        if "feed" in arguments["what"] and not errors:
            population = company.population
            if population.stale:
                errors = [f"HR cannot be read: {population.stale}"]
            events = list(population.events.values())
            result["people"] = {
                "total": len(population.people),
                **{f"{event.value}s": events.count(event) for event in Lifecycle},
            }
            result["msg"] += f"; {counted(len(population.people), 'person', 'people')}: " + ", ".join(
                counted(events.count(event), event.value) for event in Lifecycle
            )
        if errors:
            result.update(
                failed=True, msg=errors[0] if len(errors) == 1 else f"{len(errors)} errors: " + "; ".join(errors)
            )
        return result
