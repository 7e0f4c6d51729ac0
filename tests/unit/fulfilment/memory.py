# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app in memory, with the operations that a test gives it and the faults that a test asks for."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import threading
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import OPERATIONS, Connector
from ansible_collections.rollcall.access.plugins.module_utils.errors import AppError, Conflict
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountKey,
    App,
    Entitlement,
    NewAccount,
)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One call that goes wrong. ``done``: the app did it all the same, and only the answer was lost."""

    error: AppError
    done: bool = False


class MemoryApp(Connector):
    """Reads, and nothing else. ``lag`` reads after each write still show what was before it."""

    def __init__(self, app: App, *accounts: Account, lag: int = 0) -> None:
        super().__init__(app, {})
        self.there = {account.id: account for account in accounts}
        self.calls: list[str] = []
        self.faults: dict[str, list[Fault]] = collections.defaultdict(list)
        #: called with the operation's name before anything is done
        self.watch: t.Callable[[str], None] = lambda operation: None
        self.lag = lag
        self._behind = 0
        self._before = dict(self.there)
        self._ids = itertools.count(1)
        self._lock = threading.RLock()

    @property
    def done(self) -> list[str]:
        """Every write that was asked for, in order."""
        return [call for call in self.calls if not call.startswith("find")]

    def accounts(self) -> t.Iterator[Account]:
        return iter(list(self.there.values()))

    def find(self, key: AccountKey) -> Account | None:
        with self._lock:
            self.calls.append("find")
            if self.faults["find"]:
                raise self.faults["find"].pop(0).error
            shown = self.there
            if self._behind:
                self._behind -= 1
                shown = self._before
            if key.id and key.id in shown:
                return shown[key.id]
            for field in ("external_id", "email", "username"):
                wanted = getattr(key, field)
                found = [a for a in shown.values() if wanted and getattr(a, field) == wanted]
                if len(found) > 1:
                    raise Conflict(f"{len(found)} accounts have this {field}", where=self.where("find", key))
                if found:
                    return found[0]
            return None

    def _do(self, operation: str, what: str, do: t.Callable[[], t.Any]) -> t.Any:
        with self._lock:
            self.watch(operation)
            self.calls.append(f"{operation} {what}".strip())
            fault = self.faults[operation].pop(0) if self.faults[operation] else None
            if fault and not fault.done:
                raise fault.error
            self._before, self._behind = dict(self.there), self.lag
            result = do()
            if fault:
                raise fault.error
            return result

    def _change(self, account: Account, **fields: t.Any) -> bool:
        self.there[account.id] = dataclasses.replace(self.there[account.id], **fields)
        return True


class _Everything(MemoryApp):
    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        def do() -> Account:
            id = f"{self.app.key}-{next(self._ids)}"
            keys = frozenset(entitlement.key for entitlement in entitlements)
            self.there[id] = Account(self.app.key, id, entitlements=keys, **dataclasses.asdict(new))
            return self.there[id]

        return self._do("create", new.username, do)

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        return self._do("update", ",".join(sorted(changes)), lambda: self._change(account, **changes))

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        have = self.there[account.id].entitlements
        return self._do("grant", entitlement.key, lambda: self._change(account, entitlements=have | {entitlement.key}))

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        have = self.there[account.id].entitlements
        return self._do("revoke", entitlement.key, lambda: self._change(account, entitlements=have - {entitlement.key}))

    def suspend(self, account: Account) -> bool:
        return self._do("suspend", "", lambda: self._change(account, state="suspended"))

    def reactivate(self, account: Account) -> bool:
        return self._do("reactivate", "", lambda: self._change(account, state="active"))

    def delete(self, account: Account) -> bool:
        return self._do("delete", "", lambda: bool(self.there.pop(account.id)))

    def end_sessions(self, account: Account) -> bool:
        return self._do("end_sessions", "", lambda: True)

    def transfer(self, account: Account, to: Account) -> bool:
        return self._do("transfer", to.username, lambda: True)


def app_that_can(*operations: str, reads: bool = True) -> type[MemoryApp]:
    """Return a connector class that implements just these operations; without any: all of them."""
    chosen = operations or OPERATIONS
    methods = {name: getattr(_Everything, name) for name in chosen}
    return type("MemoryAppThatCan", (MemoryApp,), {**methods, "reads": reads})
