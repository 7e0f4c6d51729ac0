# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expensify, through its Integration Server: one address, to which jobs are posted."""

from __future__ import annotations

import json
import typing as t

from ...errors import AppError, Broken, Conflict, NotFound, Refused, Throttled, Transient
from ...protocols.options import HTTP_OPTIONS, Options
from ..contract import Account, AccountKey, App, Connector, Entitlement, NewAccount, once_made, value_of
from ..rest_accounts import text

_PATH = "Integration-Server/ExpensifyIntegrations"


class Expensify(Connector):
    """Expensify: who is in which workspace (policy).

    An account is an address that is in the main workspace (``policy_id``) or in one that the catalog names; its id is
    the address. Whoever is terminated is taken out of all of them; the Expensify account itself belongs to the person.
    Names that somebody entered themselves are not overwritten. Expensify answers 200 to everything: what went wrong is
    in the body.

    Source: https://integrations.expensify.com/Integration-Server/doc
    Source: https://integrations.expensify.com/Integration-Server/doc/employeeUpdater
    """

    name = "expensify"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "partner_user_id": "required",
        "partner_user_secret": "secret",
        "policy_id": "required",
        "manager": "required",
        "base_url": "optional",
        **HTTP_OPTIONS,
    }

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self._credentials = {
            "partnerUserID": options.text("partner_user_id").strip(),
            "partnerUserSecret": options.text("partner_user_secret").strip(),
        }
        self._main = options.text("policy_id")
        self._manager = options.text("manager")
        self._session = options.session(
            base_url="https://integrations.expensify.com", secrets=[self._credentials["partnerUserSecret"]]
        )
        groups = [value_of(e) for e in app.entitlements.values() if e.kind == "group"]
        self._policies = list(dict.fromkeys([self._main, *groups]))

    def close(self) -> None:
        self._session.close()

    def accounts(self) -> t.Iterator[Account]:
        return iter(self._read(self._policies, self.where("accounts")).values())

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        accounts = self._read(self._policies, where)
        if key.id and key.id.casefold() in accounts:
            return accounts[key.id.casefold()]
        if key.external_id:
            same = [account for account in accounts.values() if account.external_id == key.external_id]
            if len(same) > 1:
                raise Conflict(f"{len(same)} addresses have the employee id {key.external_id!r}", where=where)
            if same:
                return same[0]
        return accounts.get((key.email or key.username).casefold())

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Put somebody into the main workspace and those of ``entitlements``. Repeated it changes nothing."""
        where = self.where("create", new)
        self._there(entitlements, where)
        employee = {
            "employeeEmail": new.email,
            "managerEmail": self._manager,
            "employeeID": new.external_id or new.email,
            "policyID": self._main,
            **({"firstName": new.given_name} if new.given_name else {}),
            **({"lastName": new.family_name} if new.family_name else {}),
        }
        more = [value_of(e) for e in entitlements if value_of(e) != self._main]
        self._update({**employee, **({"additionalPolicyIDs": more} if more else {})}, where)
        with once_made():
            account = self.find(AccountKey(email=new.email))
            if account is None:
                raise Transient("they were added, and are not shown yet", where=where)
            return account

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"grant {entitlement.key} to", account)
        self._there([entitlement], where)
        now = self._now(account, where)
        if entitlement.key in now.entitlements:
            return False
        self._update({**self._employee(now), "policyID": value_of(entitlement)}, where)
        return True

    def delete(self, account: Account) -> bool:
        """Terminate somebody: they are taken out of every workspace."""
        where = self.where("delete", account)
        now = self.find(AccountKey(id=account.id))
        if now is None:
            return False
        self._update({**self._employee(now), "policyID": self._main, "isTerminated": True}, where)
        return True

    def _now(self, account: Account, where: str) -> Account:
        now = self.find(AccountKey(id=account.id))
        if now is None:
            raise NotFound(f"{account.id} is in none of the workspaces", where=where)
        return now

    def _employee(self, account: Account) -> dict[str, t.Any]:
        return {
            "employeeEmail": account.email,
            "managerEmail": self._manager,
            "employeeID": account.external_id or account.email,
        }

    def _there(self, entitlements: t.Collection[Entitlement], where: str) -> None:
        """Raise NotFound for a workspace that does not exist, before anything is changed."""
        wanted = [value_of(entitlement) for entitlement in entitlements]
        if wanted:
            self._workspaces(wanted, where)

    def _read(self, policies: t.Sequence[str], where: str) -> dict[str, Account]:
        """Return everybody by their address in lower case."""
        found: dict[str, dict[str, t.Any]] = {}
        for policy, employees in self._workspaces(policies, where, missing_is_an_error=False).items():
            for employee in employees:
                email = text(employee.get("email"))
                if not email:
                    raise Broken(f"an employee of the workspace {policy} has no email", where=where)
                entry = found.setdefault(email.casefold(), {"email": email, "id": "", "policies": []})
                entry["id"] = entry["id"] or text(employee.get("employeeID"))
                entry["policies"].append(policy)
        return {key: self._account(entry) for key, entry in found.items()}

    def _account(self, entry: t.Mapping[str, t.Any]) -> Account:
        has = [e.key for e in self.app.entitlements.values() if e.kind == "group" and value_of(e) in entry["policies"]]
        external_id = entry["id"] if entry["id"] != entry["email"] else ""
        email = entry["email"]
        return Account(
            self.app.key,
            email.casefold(),
            username=email,
            email=email,
            external_id=external_id,
            entitlements=frozenset(has),
        )

    def _workspaces(
        self, policies: t.Sequence[str], where: str, *, missing_is_an_error: bool = True
    ) -> dict[str, list[t.Any]]:
        job = {
            "type": "get",
            "inputSettings": {"type": "policy", "fields": ["employees"], "policyIDList": list(policies)},
        }
        answer = self._post(job, where, read_only=True)
        shown = answer.get("policyInfo")
        if not isinstance(shown, dict):
            raise Broken("the answer has no policyInfo", where=where)
        found: dict[str, list[t.Any]] = {}
        for policy in policies:
            employees = shown.get(policy, {}).get("employees") if isinstance(shown.get(policy, {}), dict) else None
            if employees is None and (missing_is_an_error or policy == self._main):
                raise NotFound(
                    f"there is no workspace {policy!r} that these credentials can see",
                    where=where,
                    todo="Give its policy ID as the entitlement's value, and the credentials' owner access to it",
                )
            found[policy] = employees or []
        return found

    def _update(self, employee: t.Mapping[str, t.Any], where: str) -> None:
        job = {
            "type": "update",
            "dataSource": "request",
            "inputSettings": {"type": "employees", "entity": "generic"},
        }
        self._post(job, where, data=json.dumps({"Employees": [employee]}))

    def _post(self, job: dict[str, t.Any], where: str, *, read_only: bool = False, **more: str) -> dict[str, t.Any]:
        """Post a job; raise what its answer says went wrong."""
        form = {"requestJobDescription": json.dumps({**job, "credentials": self._credentials}), **more}
        body = self._session.request("POST", _PATH, form=form, where=where, read_only=read_only).body
        if not isinstance(body, dict):
            raise Broken(f"expected a JSON object, found {type(body).__name__}", where=where)
        code = body.get("responseCode")
        if code != 200:
            raise _error(code, text(body.get("responseMessage")), where)
        return body


def _error(code: t.Any, said: str, where: str) -> AppError:
    message = f"Expensify answered with the code {code}: {said[:200]}"
    if code == 429:
        return Throttled(message, where=where)
    if isinstance(code, int) and code >= 500:
        return Transient(message, where=where, sent=True)
    if code in (401, 403, 407, 410):
        todo = "Look at the partner user's id and secret, and whether its owner is an administrator of the workspace"
        return Refused(message, where=where, todo=todo)
    return Refused(message, where=where)
