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

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.one_account import plan_one_account
from ..module_utils.company.population import people_named
from ..module_utils.company.recording_readings import record_readings
from ..module_utils.connectors.registry import connector_class
from ..module_utils.errors import AppError, GuardStop, RollcallError
from ..module_utils.face.account_module import ARGUMENTS, REQUIRED_ONE_OF, results_from
from ..module_utils.face.carried_out import carry_out_and_conclude
from ..module_utils.face.definitions import account_data, account_from, app_definition, parted, person_definition
from ..module_utils.ledger.records import ChangeResult
from ..module_utils.model import Account, App, Change, Person, is_module_name
from ..module_utils.planning.reading import Reading
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
        # what is done by hand, and what is read from a file of the company, is never sent anywhere
        elsewhere = app.connector not in ("none", "file") and self._connection.transport != "local"
        return self._ensure(company, app, person, arguments, elsewhere)

    @property
    def _module(self) -> str:
        return str(self._task.action).rpartition(".")[2]

    def _fits(self, app: App) -> None:
        module = self._module
        if is_module_name(app.connector):
            raise RollcallError(
                f"its connector is the module {app.connector}, which is the module for its accounts",
                where=f"app {app.key}",
                todo="Call that module itself, or person_access and app_access for what the policy says",
            )
        expected = {"none": "manual", "file": "manual"}.get(app.connector, app.connector) + "_account"
        if module != expected:
            raise RollcallError(
                f"the catalog says that its connector is {app.connector!r}, and the task calls {module}",
                where=f"app {app.key}",
                todo=f"Use rollcall.access.{expected}",
            )

    def _person(self, company: Company, arguments: dict[str, t.Any]) -> Person:
        if arguments["person"]:
            return people_named(company.population, [arguments["person"]])[0]
        given = arguments["account"]
        known = company.population.named(given["username"], given["email"])
        if known is not None:
            # whom HR knows is that person, with what holds for them: their lock, and the accounts they have
            return known
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

    def _ensure(
        self, company: Company, app: App, person: Person, arguments: dict[str, t.Any], elsewhere: bool
    ) -> dict[str, t.Any]:
        run = self.begin(company, self._module)
        planned, account = plan_one_account(
            company,
            app,
            person,
            arguments["state"],
            arguments["entitlements"],
            arguments["exclusive"],
            self._read_there(company, app, person) if elsewhere else None,
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
            elsewhere=(lambda changes: self._carry_out_there(company, app, person, changes)) if elsewhere else None,
            send=True,
        )
        result["account"] = account_data(account)
        if company.writes and result["changed"]:
            records = company.ledger.accounts(app=app.key, person=person.id)
            result["account"] = account_data(records[0].account) if records else None
        return result

    # on another host

    def _read_there(self, company: Company, app: App, person: Person) -> Reading:
        known = [r.account.id for r in company.ledger.accounts(app=app.key, person=person.id)]
        try:
            answer = self._send(company, app, person, known=known, changes=None)
        except AppError as error:
            return Reading(app.key, (), complete=False, error=str(error))
        accounts = tuple(account for account in map(account_from, answer["accounts"]) if account)
        if answer["complete"]:
            return Reading(app.key, accounts, complete=True)
        return Reading(app.key, accounts, complete=False, people_read=frozenset({person.id}))

    def _carry_out_there(
        self, company: Company, app: App, person: Person, changes: t.Sequence[Change]
    ) -> tuple[list[ChangeResult], Account | None]:
        answer = self._send(company, app, person, known=[], changes=[change.to_dict() for change in changes])
        return results_from(answer, changes)

    def _send(self, company: Company, app: App, person: Person, **more: t.Any) -> dict[str, t.Any]:
        """Run the real module on the host. Raises AppError with what it says when it fails."""
        plain, secret = parted(company.connection(app), connector_class(app.connector).options)
        definition = {
            "app": app_definition(app),
            "person": person_definition(person),
            "connection": plain,
            **more,
        }
        answer: dict[str, t.Any] = self._execute_module(
            module_name=f"rollcall.access.{self._module}",
            module_args={"app": app.key, "person": person.id, "connection": secret, "definition": definition},
            task_vars=self.vars,
        )
        if answer.get("failed") or ("accounts" not in answer and "results" not in answer):
            raise AppError(
                _said(answer) or "the module came back without an answer",
                where=f"host {self.vars.get('inventory_hostname', '')}, {self._module}",
            )
        return answer


def _said(answer: t.Mapping[str, t.Any]) -> str:
    """Return what a module that failed has said. Of one that broke, newer ansible-core keeps it in the exception."""
    broken = getattr(getattr(answer.get("exception"), "event", None), "msg", "")
    return str(answer.get("msg") or broken or answer.get("module_stderr") or "")
