# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads every app and says whose the accounts are."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.correlating import correlate_all
from ..module_utils.company.deciding import decide
from ..module_utils.company.discovering import discover, propose_bundles
from ..module_utils.company.previewing import preview
from ..module_utils.company.reading_apps import read_apps
from ..module_utils.company.recording_readings import record_accounts
from ..module_utils.connectors.contract import OPERATIONS
from ..module_utils.counted import counted
from ..module_utils.face.results import finding_lines
from ..module_utils.planning.correlation import correlation_findings
from ..module_utils.planning.guard import check_reading
from ..module_utils.policy.durations import parse_duration
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "apps": {"type": "list", "elements": "str"},
        "unused_after": {"type": "str", "default": "90d"},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        keys = sorted(company.apps)
        if arguments["apps"] is not None:
            keys = [name.removeprefix("app.") for name in arguments["apps"]]
            company.need_apps(keys)
        readings = read_apps(company, [company.apps[key] for key in keys])
        correlations = correlate_all(company, readings)
        wants = decide(company, company.people).wants
        vanished = [
            finding
            for key, reading in sorted(readings.items())
            for finding in check_reading(
                reading, [r.account for r in company.ledger.accounts(app=key)], company.settings.limits
            )
        ]
        if company.writes:
            run = self.begin(company, "discover")
            record_accounts(company, readings, correlations, wants, run)
        found = discover(
            readings,
            correlations,
            company.apps,
            company.people,
            wants,
            company.clock.now(),
            parse_duration(arguments["unused_after"]),
        )
        findings = vanished + [
            f for key in sorted(correlations) for f in correlation_findings(correlations[key], company.people)
        ]
        for line in finding_lines(findings):
            self.say(f"  {line}")
        operations = company.operations()
        previews = []
        if not company.writes:  # whoever only looks is perhaps just writing the entry
            read = [key for key, reading in sorted(readings.items()) if not reading.error and not reading.attested]
            previews = [preview(company.apps[k], readings[k].accounts, operations[k], OPERATIONS) for k in read]
            for line in (line for one in previews for line in one.lines()):
                self.say(f"  {line}")
        for key, count in sorted(found.counts.items()):
            way = "by itself" if operations[key] else "by hand"
            self.say(f"  {key} ({way}): " + _counted(count))
        deferred = {key: reading.error for key, reading in sorted(readings.items()) if reading.error}
        deferred.update((finding.app, finding.message) for finding in vanished)
        total = sum(count["accounts"] for count in found.counts.values())
        result: dict[str, t.Any] = {
            "apps": {key: dict(count) for key, count in found.counts.items()},
            "orphans": [one.to_dict() for one in found.orphans],
            "unmanaged": [one.to_dict() for one in found.unmanaged],
            "unused": [one.to_dict() for one in found.unused],
            "privileged": [one.to_dict() for one in found.privileged],
            "bundles": propose_bundles(correlations, readings, company.people),
            "findings": [finding.to_dict() for finding in findings],
            "deferred": deferred,
            "previews": [one.to_dict() for one in previews],
            "msg": f"{counted(total, 'account')} in {counted(len(found.counts), 'app')}, "
            f"{counted(len(found.orphans), 'belongs', 'belong')} to nobody",
        }
        if deferred:
            why = "; ".join(f"{key}: {error}" for key, error in deferred.items())
            result.update(failed=True, msg=f"{result['msg']}. Not read: {why}")
        return result


def _counted(count: t.Mapping[str, int]) -> str:
    rest = [f"{number} {what}" for what, number in count.items() if number and what != "accounts"]
    return ", ".join([f"{count['accounts']} accounts", *rest])
