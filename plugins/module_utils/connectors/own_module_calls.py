# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calling the module of somebody's own that an app's connector is, and holding what it returns against the contract."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import Broken, PolicyError, Refused, Transient, Unsupported
from .contract import Account, AccountKey, App, value_of

FIELDS = ("id", "username", "email", "external_id", "given_name", "family_name")
STATES = ("active", "suspended", "invited")
CONTRACT = "What a module returns is described in docs/writing-an-app.md, under A module of your own"
_LONGEST = 500


class Modules(t.Protocol):
    """Runs Ansible modules on the controller. May be called from several threads."""

    def exists(self, name: str) -> bool:
        """Return whether there is a module of this full name."""

    def run(self, name: str, arguments: t.Mapping[str, t.Any], *, check: bool) -> t.Mapping[str, t.Any]:
        """Return what the module returns, a failure included. ``check``: it must change nothing."""


@dataclasses.dataclass(frozen=True)
class Shown:
    """An account as the module returned it, with the values of its entitlements in the app's own words."""

    account: Account
    values: tuple[str, ...]

    @property
    def state(self) -> str:
        return "present" if self.account.active else "suspended"


class ModuleCalls:
    """The calls of one app's module. ``modules`` runs it; without that, every call is refused."""

    def __init__(self, app: App, connection: t.Mapping[str, t.Any], modules: Modules | None) -> None:
        self._app = app
        self._connection = connection
        self._modules = modules
        self._secrets = _filled_in(app.connection, connection)
        self._keys: dict[str, str] = {}
        for key, entitlement in app.entitlements.items():
            other = self._keys.setdefault(value_of(entitlement), key)
            if other != key:
                raise PolicyError(
                    f"{other} and {key} have the same value, and the module could not tell them apart",
                    where=f"app {app.key}, entitlements",
                    todo="Give them values of their own, like role:reader, that the module understands",
                )

    def ask(
        self,
        given: t.Mapping[str, str],
        state: str,
        values: t.Sequence[str],
        where: str,
        *,
        check: bool,
        exclusive: bool = True,
    ) -> t.Mapping[str, t.Any]:
        module = self._app.connector
        if self._modules is None:
            raise Refused(f"the module {module} cannot be run from here", where=where)
        arguments = {
            **self._connection,
            "app": self._app.key,
            "account": dict(given),
            "state": state,
            "entitlements": list(values),
            "exclusive": exclusive,
        }
        answer = self._modules.run(module, arguments, check=check)
        said = self._without_secrets(str(answer.get("msg") or "it does not say why"))[:_LONGEST].strip()
        if answer.get("unreachable"):
            raise Transient(f"{module} did not reach the app: {said}", where=where, sent=not check)
        if answer.get("failed"):
            raise Refused(f"{module} failed: {said}", where=where)
        if answer.get("skipped"):
            raise Unsupported(f"{module} does not support check mode", where=where, todo=CONTRACT)
        if not isinstance(answer.get("changed"), bool) or "account" not in answer:
            raise Broken(f"expected changed and account from {module}", where=where, todo=CONTRACT)
        return answer

    def shown(self, answer: t.Mapping[str, t.Any], key: AccountKey, where: str) -> Shown | None:
        """Return the account that the module returned, once it is seen to be one, and the one that was asked for."""
        found = answer["account"]
        if found is None:
            return None
        values = found.get("entitlements") if isinstance(found, t.Mapping) else None
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise Broken("expected an account with entitlements, a list of texts", where=where, todo=CONTRACT)
        state = found.get("state")
        if found.get("id") in (None, "") or state not in STATES:
            expected = f"an account with an id, and a state out of {', '.join(STATES)}"
            raise Broken(f"expected {expected}; found the state {state!r}", where=where, todo=CONTRACT)

        def text(name: str) -> str:
            return "" if found.get(name) is None else str(found[name])

        account = Account(
            app=self._app.key,
            id=text("id"),
            username=text("username"),
            email=text("email"),
            external_id=text("external_id"),
            given_name=text("given_name"),
            family_name=text("family_name"),
            name=text("name"),
            state=str(state),
            entitlements=frozenset(self._keys[value] for value in values if value in self._keys),
            unknown=frozenset(f"entitlement:{value}" for value in values if value not in self._keys),
        )
        if not _names(key, account):
            raise Broken(f"the module returned another account, {account.id}", where=where, todo=CONTRACT)
        return Shown(account, tuple(values))

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _names(key: AccountKey, account: Account) -> bool:
    if key.id:
        return account.id == key.id
    return (
        (bool(key.external_id) and account.external_id == key.external_id)
        or (bool(key.email) and account.email.casefold() == key.email.casefold())
        or (bool(key.username) and account.username.casefold() == key.username.casefold())
    )


def _filled_in(written: t.Any, resolved: t.Any) -> tuple[str, ...]:
    """Return the texts that came out of templates: any of them may be a secret. The longest is first."""
    if isinstance(resolved, t.Mapping):
        pairs = [(written.get(name) if isinstance(written, t.Mapping) else None, resolved[name]) for name in resolved]
    elif isinstance(resolved, list | tuple):
        same = isinstance(written, list | tuple) and len(written) == len(resolved)
        pairs = list(zip(written if same else [None] * len(resolved), resolved, strict=True))
    else:
        return (str(resolved),) if resolved != written and len(str(resolved)) > 3 else ()
    found = {text for before, after in pairs for text in _filled_in(before, after)}
    return tuple(sorted(found, key=len, reverse=True))
