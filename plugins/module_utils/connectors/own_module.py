# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps whose connector is an Ansible module of somebody's own: it is told what shall be so, and tells what is so.

The module is asked in check mode, where it changes nothing: what it returns as ``account`` is how the account is now.
Every change is asked for with the whole of what the account shall be, made out of what it was a moment ago, and is
proven by asking once more in check mode, where nothing may be left to change.
"""

from __future__ import annotations

import time
import typing as t

from ..errors import Broken, Conflict, NotFound, PolicyError, Refused, Unsupported
from ..protocols.shaping import Problem
from .contract import OPERATIONS, Account, AccountKey, App, Connector, Entitlement, NewAccount, value_of
from .own_module_calls import CONTRACT, FIELDS, ModuleCalls, Shown

#: The options that Rollcall itself gives to the module.
GIVEN = ("app", "account", "state", "entitlements", "exclusive")
#: Seconds to wait before each look at whether a change is there: some apps show late what was written.
PATIENCE = (0.0, 1.0, 2.0)


class ModuleConnector(Connector):
    """An Ansible module of one's own, called by its full name on the controller."""

    name = "module"
    reads = False

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        options = {name: value for name, value in connection.items() if not name.startswith("_")}
        super().__init__(app, options)
        for path, message, todo in self.problems(options):
            raise PolicyError(message, where=f"app {app.key}, connection.{path[0]}", todo=todo)
        self._module = ModuleCalls(app, options, connection.get("_modules"))

    @property
    def finds(self) -> bool:
        return True

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        return [
            Problem((name,), "the module is given this by Rollcall", "Call the module's own option otherwise")
            for name in GIVEN
            if name in connection
        ]

    @classmethod
    def operations_for(cls, connection: t.Mapping[str, t.Any]) -> frozenset[str]:
        return frozenset(operation for operation in OPERATIONS if operation in cls.operations())

    # reading

    def accounts(self) -> t.Iterator[Account]:
        raise Unsupported(
            "a module tells of one person at a time; who has what in all comes from the ledger",
            where=self.where("accounts"),
        )

    def find(self, key: AccountKey) -> Account | None:
        shown = self._look(key, self.where("find", key))
        return shown.account if shown else None

    def _look(self, key: AccountKey, where: str) -> Shown | None:
        given = {name: getattr(key, name, "") for name in FIELDS}
        # of all that could be asked for this does the least, should a module change something in spite of check mode
        answer = self._module.ask(given, "present", (), where, exclusive=False, check=True)
        return self._module.shown(answer, key, where)

    # writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Make an account; one that is this person's already is returned as it is."""
        where = self.where("create", new)
        key = AccountKey(external_id=new.external_id, email=new.email, username=new.username)
        there = self._look(key, where)
        if there is not None:
            self._is_of(there.account, new, where)
            return there.account
        given = {name: getattr(new, name, "") for name in FIELDS}
        values = sorted(value_of(entitlement) for entitlement in entitlements)
        _changed, made = self._change(given, "present", values, key, where)
        if made is None:
            raise Broken("it made the account, and returns that there is none", where=where, todo=CONTRACT)
        return made.account

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        where = self.where("update", account)
        unknown = sorted(set(changes) - set(FIELDS[1:]))
        if unknown:
            raise Unsupported(f"a module is not told of {', '.join(unknown)}", where=where)
        now = self._now(account, where)
        return self._of(now, where, now.state, now.values, **changes)

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where("grant", account)
        now = self._now(account, where)
        values = set(now.values)
        if entitlement.kind == "role":
            # of roles an account has one
            values -= {value_of(other) for other in self.app.entitlements.values() if other.kind == "role"}
        return self._of(now, where, now.state, values | {value_of(entitlement)})

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where("revoke", account)
        now = self._look(AccountKey(id=account.id), where)
        if now is None or value_of(entitlement) not in now.values:
            return False
        return self._of(now, where, now.state, set(now.values) - {value_of(entitlement)})

    def suspend(self, account: Account) -> bool:
        return self._bring(account, "suspend", "suspended")

    def reactivate(self, account: Account) -> bool:
        where = self.where("reactivate", account)
        now = self._now(account, where)
        return self._of(now, where, "present", now.values)

    def delete(self, account: Account) -> bool:
        return self._bring(account, "delete", "absent")

    def _bring(self, account: Account, operation: str, state: str) -> bool:
        where = self.where(operation, account)
        now = self._look(AccountKey(id=account.id), where)
        # an account that is gone cannot be used
        return now is not None and self._of(now, where, state, now.values)

    def _now(self, account: Account, where: str) -> Shown:
        now = self._look(AccountKey(id=account.id), where)
        if now is None:
            raise NotFound(f"there is no account {account.id}", where=where)
        return now

    def _of(self, now: Shown, where: str, state: str, values: t.Iterable[str], **changes: str) -> bool:
        given = {name: changes.get(name, getattr(now.account, name)) for name in FIELDS}
        return self._change(given, state, sorted(values), AccountKey(id=now.account.id), where)[0]

    def _change(
        self, given: t.Mapping[str, str], state: str, values: t.Sequence[str], key: AccountKey, where: str
    ) -> tuple[bool, Shown | None]:
        """Have it so, and see that it is so. Return whether that took a change, and the account as it is then."""
        changed = bool(self._module.ask(given, state, values, where, check=False)["changed"])
        for pause in PATIENCE:
            time.sleep(pause)
            answer = self._module.ask(given, state, values, where, check=True)
            if not answer["changed"]:
                return changed, self._module.shown(answer, key, where)
        # no answer that makes no sense, which another run may find put right: the module does not do this
        raise Refused(
            "the module went through, and asked again in check mode it would still change something",
            where=where,
            todo="See whether the app shows the change; if so, the module is not idempotent",
        )

    def _is_of(self, account: Account, new: NewAccount, where: str) -> None:
        same_address = bool(new.email) and account.email.casefold() == new.email.casefold()
        mine = account.external_id == new.external_id if account.external_id and new.external_id else same_address
        if not mine and (account.external_id or account.email):
            raise Conflict(
                f"the name {new.username} is taken by the account {account.id}, which is somebody else's",
                where=where,
                todo="Give the person another name in this app (account_name)",
            )
