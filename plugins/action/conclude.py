# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ends a run: who is done, what is left, and a signed checkpoint."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.concluding import conclude
from ..module_utils.company.held_feeds import note_good_feed
from ..module_utils.company.manual_work import send_new
from ..module_utils.company.population import people_named
from ..module_utils.counted import counted
from ..module_utils.desks.digests import completed_since
from ..module_utils.errors import UnknownName
from ..module_utils.face.results import finding_lines
from ..module_utils.fulfilment.executor import SETTLED
from ..plugin_utils.action import RollcallAction

#: How many of what is left are named in the message; all of them are in the result.
SHOWN = 20


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "plan": {"type": "str", "required": True},
        "people": {"type": "list", "elements": "str"},
    }

    def shares_run(self, arguments: dict[str, t.Any]) -> bool:
        return True

    def ends_run(self, arguments: dict[str, t.Any]) -> bool:
        return True

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        if self.check_mode:
            return {"msg": "check mode: nothing was carried out, so nothing ends", "left": [], "incomplete": {}}
        plan = company.ledger.plan(arguments["plan"])
        if plan is None:
            raise UnknownName(
                f"the ledger has no plan {arguments['plan']}", todo="Use the hash that rollcall.access.plan returned"
            )
        run = self.begin(company, "conclude")
        states = company.ledger.change_states(plan.hash)
        open_changes: dict[str, list[str]] = {}
        left = []
        mine = None  # everybody whom the plan is about
        if arguments["people"] is not None:
            mine = {person.id for person in people_named(company.population, arguments["people"])}
        changes = [change for change in plan.changes if mine is None or change.person in mine]
        held = [change for change in plan.held if mine is None or change.person in mine]
        for change in (*changes, *held):
            state = states.get(change.id, "held" if change in held else "not tried")
            if state not in SETTLED and state != "task":
                open_changes.setdefault(change.person, []).append(f"{change}: {state}")
                left.append(f"{company.people[change.person].username}, {change}: {state}")
        left += [f"{f.app}: could not be read" for f in plan.findings if f.code == "app_deferred"]
        scope = plan.scope.get("people", ())
        people = (
            list(company.people)
            if scope == "everyone"
            else [id for id in scope if id in company.people and (mine is None or id in mine)]
        )
        before = company.ledger.people(people)
        progress = conclude(company, people, run, open_changes, before)
        after = company.ledger.people([id for id, record in before.items() if not record.complete])
        sent = send_new(company, run, completed_since(before, after))
        self.say_each(finding_lines(sent.findings))
        incomplete = {company.people[id].username: list(p.missing) for id, p in progress.items() if not p.complete}
        summary = {"plan": plan.hash, "changes": len(changes), "left": len(left), "incomplete": len(incomplete)}
        done = len(changes) - len(left)
        message = "nothing was due"
        if changes:
            whole = counted(len(changes), "change is", "changes are")
            message = f"{max(done, 0):,} of {whole} done or in somebody's hands"
        if incomplete:
            message += f"; {counted(len(incomplete), 'person is', 'people are')} not complete yet"
        left += sent.problems
        if sent.sent:
            one, several = "task went to its owner as a ticket", "tasks went to their owners as tickets"
            message += f"; {counted(len(sent.sent), one, several)}"
        if scope == "everyone":
            note_good_feed(company, run)
        result: dict[str, t.Any] = {"left": left, "incomplete": incomplete, "msg": message, **summary}
        result["sent"] = list(sent.sent)
        if left:
            more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
            result["failed"] = True
            result["msg"] = f"{message}. Left for the next run: {'; '.join(left[:SHOWN])}{more}"
        return result
