# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One person's account in one app: found there or remembered, told from somebody else's, and asked patiently."""

from __future__ import annotations

import typing as t

from ..connectors.contract import Connector
from ..errors import Conflict, NotFound, Unsupported
from ..model import Account, AccountKey, App, Change, Person
from .asking_again import find_patiently
from .circumstances import Circumstances
from .retrying import with_retries
from .seen import MAY_BE_REPEATED


class TheirAccount:
    """Finds one person's account in one app, and takes nobody else's for it."""

    def __init__(self, shared: Circumstances, person: Person, app: App, connector: Connector) -> None:
        self._shared = shared
        self.person = person
        self.app = app
        self.connector = connector

    def find(self, changes: t.Iterable[Change]) -> Account | None:
        """Return the account that these changes are about, read from the app. Raises the AppErrors of a read."""
        known = next((change.account for change in changes if change.account), "")
        person = self.person
        if not self.connector.finds:
            return self.remembered(person, known)
        key = AccountKey(id=known) if known else AccountKey(external_id=person.id, email=person.email)
        account: Account | None = self._tried(lambda: self.connector.find(key))[0]
        if account is None and known:
            # the plan saw it: that it is gone is believed when several looks say so
            return self.find_patiently(key)
        if account is not None and not known:
            self.check_owner(account)
        return account

    def seen_lately(self, changes: t.Collection[Change]) -> Account | None:
        """Return the account as it was seen a moment ago, where that is enough for what is to be done."""
        known = next((change.account for change in changes if change.account), "")
        if not known or not self.connector.finds:
            return None
        if not all(change.kind in MAY_BE_REPEATED for change in changes):
            return None
        return self._shared.seen.lately(self.app.key, known)

    def find_patiently(self, key: AccountKey) -> Account | None:
        """Return the account that ``key`` names; None when several looks say that it is not there."""
        return find_patiently(self.connector, key, self._shared.budget, sleep=self._shared.sleep)

    def remembered(self, person: Person, known: str = "") -> Account | None:
        """Return a person's account in an app that cannot be read: the one that was made or attested."""
        records = self._shared.ledger.accounts(app=self.app.key, person=person.id)
        accounts = [record.account for record in records if known in ("", record.account.id)]
        return accounts[0] if len(accounts) == 1 else None

    def check_owner(self, account: Account, owner: Person | None = None) -> None:
        """Raise Conflict where an account, found by address or name since the plan was made, is somebody else's."""
        person, id, email = owner or self.person, account.external_id, account.email
        if id == person.id:
            return
        other_address = not id and email and person.email and email.casefold() != person.email.casefold()
        if id in self._shared.people or other_address:
            raise Conflict(
                f"the account {account.id} has the name or the address of {person.username}, and is somebody else's",
                where=f"app {self.app.key}",
                todo="Find out whose account that is; link it to the person, or give the person another name",
            )

    def heir(self, change: Change) -> Account:
        """Return the account of who takes over what this person owns. Raises Unsupported where there is none."""
        heir = self._shared.people.get(change.details.get("to", self.person.manager))
        account = None
        if heir and self.connector.finds:
            known = self.remembered(heir)
            key = AccountKey(id=known.id if known else "", external_id=heir.id, email=heir.email)
            account = self.find_patiently(key) if known else self.connector.find(key)
        elif heir:
            account = self.remembered(heir)
        if account is None:
            raise Unsupported(
                "there is no account to hand over to",
                where=f"app {self.app.key}, transfer from {self.person.username}",
            )
        self.check_owner(account, heir)
        return account

    def tried_patiently(self, call: t.Callable[[], t.Any]) -> tuple[t.Any, int]:
        """Try what names things that were there when they were read: not every copy may have heard of them yet."""
        pause = self._shared.budget.verify_wait
        for _each in range(self._shared.budget.verify_attempts - 1):
            try:
                return self._tried(call)
            except NotFound:
                self._shared.sleep(pause)
                pause *= 2
        return self._tried(call)

    def _tried(self, call: t.Callable[[], t.Any]) -> tuple[t.Any, int]:
        return with_retries(call, self._shared.budget, sleep=self._shared.sleep)
