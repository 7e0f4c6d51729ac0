# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serves every module for one account in one app.

Where the connection is local the work is done here, in process; otherwise the real module is sent to the host that can
reach the app, and what it returns is recorded here.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..module_utils.company.company import Company
from ..module_utils.company.plans import people_named, plan_one_account, record_readings
from ..module_utils.errors import GuardStop, RollcallError
from ..module_utils.face.account_module import ARGUMENTS, REQUIRED_ONE_OF, result_from
from ..module_utils.face.carried_out import carry_out_and_conclude
from ..module_utils.face.definitions import account_data, account_from, app_definition, person_definition
from ..module_utils.face.diffs import diffs_of
from ..module_utils.face.results import change_data, result_data, result_line
from ..module_utils.fulfilment.executor import SETTLED
from ..module_utils.fulfilment.packet import Packet, PacketRunner
from ..module_utils.model import App, Change, Person
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    _requires_connection = True
    arguments: t.ClassVar = ARGUMENTS
    required_one_of: t.ClassVar = REQUIRED_ONE_OF

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        key = arguments["app"].removeprefix("app.")
        company.need_apps([key])
        app = company.apps[key]
        self._fits(app)
        if arguments["connection"]:
            app = dataclasses.replace(app, connection={**app.connection, **arguments["connection"]})
            company.use_app(app)
        person = self._person(company, arguments)
        self._not_locked(company, person, arguments)
        if app.connector == "none" or self._connection.transport == "local":
            return self._here(company, app, person, arguments)
        return self._there(company, app, person, arguments)

    def _fits(self, app: App) -> None:
        module = self._task.action.rpartition(".")[2]
        expected = {"none": "manual", "file": "manual"}.get(app.connector, app.connector) + "_account"
        if module != expected:
            raise RollcallError(
                f"the catalog says that its connector is {app.connector!r}, and the task calls {module}",
                where=f"app {app.key}",
                todo=f"Use rollcall.access.{expected}",
            )

    def _person(self, company: Company, arguments: dict[str, t.Any]) -> Person:
        if arguments["person"]:
            return people_named(company, [arguments["person"]])[0]
        given = arguments["account"]
        name = " ".join(part for part in (given["given_name"], given["family_name"]) if part)
        person = Person(id=given["username"], name=name or given["username"], **given)
        company.add_person(person)
        return person

    def _not_locked(self, company: Company, person: Person, arguments: dict[str, t.Any]) -> None:
        if arguments["state"] != "present":
            return
        lock = company.lock_on(person)
        if lock is not None:
            raise GuardStop(
                f"{person.username} is locked ({lock.reason}), which vetoes every grant",
                todo="Lift the lock first: rollcall.access.lock with state: absent",
            )

    # in process

    def _here(self, company: Company, app: App, person: Person, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        run = self.begin(company, self._task.action.rpartition(".")[2])
        planned, account = plan_one_account(
            company, app, person, arguments["state"], arguments["entitlements"], arguments["exclusive"]
        )
        if company.writes:
            record_readings(company, planned, run)
        result = carry_out_and_conclude(
            company,
            run,
            planned.plan,
            changes=planned.plan.changes,
            held=planned.plan.held,
            deferred=planned.deferred,
            people=(),
            check_mode=self.check_mode,
            diff=self.diff_mode,
            say=lambda text: None,
        )
        result["account"] = account_data(account)
        if company.writes and result["changed"]:
            records = company.ledger.accounts(app=app.key, person=person.id)
            result["account"] = account_data(records[0].account) if records else None
        return result

    # on another host

    def _there(self, company: Company, app: App, person: Person, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        run = self.begin(company, self._task.action.rpartition(".")[2])
        now = company.clock.now()
        if company.writes:
            # intent before action: what it came to is settled below, from what the module returns
            company.ledger.append(
                "account.sent", run, now, person=person.id, app=app.key, data={"state": arguments["state"]}
            )
        sent = {
            **{k: arguments[k] for k in ("app", "state", "entitlements", "exclusive")},
            "person": person.id,
            "connection": company.connection(app),
            "definition": {**app_definition(app), "person": person_definition(person)},
        }
        answer = self._execute_module(module_name=self._task.action, module_args=sent, task_vars=self.vars)
        if answer.get("failed") or self.check_mode:
            due = [Change.from_dict(data) for data in answer.pop("due", ())]
            answer["changes"] = [change_data(change, company.people) for change in due]
            if self.diff_mode:
                answer["diff"] = diffs_of(due, company.people)
            answer.pop("invocation", None)
            return answer
        results = [result_from(data) for data in answer["results"]]
        runner = PacketRunner(ledger=company.ledger, run=run, now=company.clock.now, people=company.people)
        account = account_from(answer.get("account"))
        packet = Packet(person, app, tuple(r.change for r in results))
        results = runner.record_elsewhere(packet, results, company.connect(app), account)
        left = [result_line(r, company.people) for r in results if r.state not in SETTLED and r.state != "task"]
        result = {
            "changed": bool(answer.get("changed")),
            "account": answer.get("account"),
            "changes": [result_data(r, company.people) for r in results],
            "tasks": sorted({r.task for r in results if r.task}),
            "verified": all(r.state in SETTLED for r in results),
            "left": left,
            "msg": "; ".join(result_line(r, company.people) for r in results) or "nothing to do",
        }
        if self.diff_mode:
            result["diff"] = diffs_of([r.change for r in results], company.people)
        if left:
            result.update(failed=True)
        return result
