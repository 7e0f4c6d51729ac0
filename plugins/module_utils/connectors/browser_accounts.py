# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of an app's page as accounts, and which of them is whose."""

from __future__ import annotations

import typing as t

from ..errors import Broken, Conflict, PolicyError
from .browser_list import Row
from .browser_recipe import Listing
from .browser_steps import KINDS
from .contract import Account, AccountKey, App, NewAccount, value_of
from .file import STATES


class Accounts:
    """Makes accounts out of what an app's pages say."""

    def __init__(self, app: App, listing: Listing | None) -> None:
        self._app = app
        self._listing = listing
        self._states = {**STATES, **(listing.states if listing else {})}
        self._by_value: dict[tuple[str, str], str] = {}
        for entitlement in app.entitlements.values():
            other = self._by_value.setdefault((entitlement.kind, value_of(entitlement)), entitlement.key)
            if other != entitlement.key:
                raise PolicyError(
                    f"the entitlements {other} and {entitlement.key} have the same kind and value",
                    where=f"app {app.key}",
                )

    def from_rows(self, rows: t.Sequence[Row], where: str) -> list[Account]:
        """Return accounts. Raises Broken for a row without an id, an id that comes twice, and an unknown state."""
        accounts: dict[str, Account] = {}
        for row in rows:
            account = self._account(row, where)
            if account.id in accounts:
                raise Broken(
                    f"the account {account.id} is in the list twice",
                    where=where,
                    todo="Look at whether list.next leads to the next page, and list.read.id to what is unique",
                )
            accounts[account.id] = account
        return list(accounts.values())

    def _account(self, row: Row, where: str) -> Account:
        text = {field: words[0] for field, words in row.items() if field not in KINDS}
        id = text.pop("id", "")
        if not id:
            raise Broken("a row of the list without an id", where=where, todo="Look at list.read.id")
        state = "active"
        if "state" in text:
            word = text.pop("state")
            state = self._states.get(word.lower(), "")
            if not state:
                raise Broken(
                    f"the state {word!r} of account {id} is not known",
                    where=where,
                    todo="Say what it means under list.states, as active, suspended or invited",
                )
        known, unknown = set(), set()
        for kind in KINDS:
            for value in filter(None, row.get(kind, [])):
                key = self._by_value.get((kind, value))
                known.update([key] if key else [])
                unknown.update([] if key else [f"{kind}:{value}"])
        return Account(
            app=self._app.key,
            id=id,
            state=state,
            entitlements=frozenset(known),
            unknown=frozenset(unknown),
            username=text.get("username", ""),
            email=text.get("email", ""),
            external_id=text.get("external_id", ""),
            given_name=text.get("given_name", ""),
            family_name=text.get("family_name", ""),
            name=text.get("name", ""),
        )

    def found(self, accounts: t.Sequence[Account], key: AccountKey, where: str) -> Account | None:
        """Return the one account that a key names. Raises Conflict where one field of it names several."""
        for field in ("id", "external_id", "email", "username"):
            wanted = getattr(key, field)
            fold = str.casefold if field in ("email", "username") else str
            found = [a for a in accounts if fold(getattr(a, field)) == fold(wanted)] if wanted else []
            if len(found) > 1:
                ids = ", ".join(sorted(account.id for account in found))
                raise Conflict(f"{len(found)} accounts have this {field.replace('_', ' ')}: {ids}", where=where)
            if found:
                return found[0]
        return None

    def of_person(self, accounts: t.Sequence[Account], new: NewAccount, where: str) -> Account | None:
        """Return the account that is this person's already. Raises Conflict where the name is somebody else's."""
        mine = self.found(accounts, AccountKey(external_id=new.external_id, email=new.email), where)
        if mine is not None:
            return mine
        named = self.found(accounts, AccountKey(username=new.username), where)
        if named is not None and (named.email or named.external_id):
            raise Conflict(
                f"the name {new.username} is taken by the account {named.id} of {named.email or named.external_id}",
                where=where,
                todo="Give the person another name in this app (account_name)",
            )
        return named

    def as_asked(self, new: NewAccount) -> Account:
        """Return the account that was made where nothing can be read: it is known by its name."""
        return Account(
            app=self._app.key,
            id=new.username,
            username=new.username,
            email=new.email,
            external_id=new.external_id,
            given_name=new.given_name,
            family_name=new.family_name,
            name=new.name,
        )
