# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Leaving, returning and moving: an entry gets another name or place, and the groups that name it follow."""

from __future__ import annotations

import typing as t

from ..errors import AppError, Conflict, NotFound, Refused, Unsupported
from ..protocols import directory_answers as answers
from ..protocols.directory import Modification
from ..protocols.directory_entry import Entry
from ..protocols.directory_names import below, is_below, normal, own_part, parse_part
from .contract import Account, App
from .ldap_reading import LdapReading


class LdapLeaving(LdapReading):
    """Suspends and reactivates as the catalog says: by an attribute, by moving to another place, or both."""

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        #: Entries, by id, as they were before a move that is not known to be finished.
        self._followed: dict[str, Entry] = {}

    def _can_suspend(self) -> bool:
        return self._suspension is not None or bool(self._places.leavers)

    def suspend(self, account: Account) -> bool:
        """Lock the account and move it to the place for leavers, as far as the catalog has these."""
        where = self.where("suspend", account)
        entry = self._entry(account, where)
        return self._said_clearly(entry, lambda: self._leave(entry, where))

    def _leave(self, entry: Entry, where: str) -> bool:
        self._catch_up(entry, where)
        changes = self._lock_changes(entry, True, where)
        moves = bool(self._places.leavers) and not is_below(entry.dn, self._places.leavers)
        if moves and self._places.home_attribute:
            changes.append(("replace", self._places.home_attribute, [entry.parent]))
        if changes:
            self._directory.modify(entry.dn, changes, where=where)
        if moves:
            self._move(entry, own_part(entry.dn), self._places.leavers, where)
        elif self._places.leavers:
            self._repair(entry, self._home_of(entry), where)
        return bool(changes) or moves

    def reactivate(self, account: Account) -> bool:
        """Move the account back to where it was, then unlock it."""
        where = self.where("reactivate", account)
        entry = self._entry(account, where)
        return self._said_clearly(entry, lambda: self._return(entry, where))

    def _return(self, entry: Entry, where: str) -> bool:
        self._catch_up(entry, where)
        dn, moves = entry.dn, bool(self._places.leavers) and is_below(entry.dn, self._places.leavers)
        if moves:
            dn = self._move(entry, own_part(entry.dn), self._home_of(entry), where)
        elif self._places.leavers:
            self._repair(entry, self._places.leavers, where)
        changes = self._lock_changes(entry, False, where)
        if moves and entry.text(self._places.home_attribute):
            changes.append(("replace", self._places.home_attribute, []))
        if changes:
            self._directory.modify(dn, changes, where=where)
        return bool(changes) or moves

    def _lock_changes(self, entry: Entry, suspended: bool, where: str) -> list[Modification]:
        if self._suspension is None and not self._places.leavers:
            raise Unsupported("the catalog does not say how this directory suspends (suspend_by)", where=where)
        return self._suspension.changes(entry, suspended=suspended) if self._suspension else []

    def _home_of(self, entry: Entry) -> str:
        """Return where an account returns to: where it says that it was, as long as that is a place for accounts."""
        kept = entry.text(self._places.home_attribute) if self._places.home_attribute else ""
        usable = kept and is_below(kept, self._places.user_base) and not is_below(kept, self._places.leavers)
        return kept if usable else self._places.home

    def _move(self, entry: Entry, relative: str, parent: str, where: str) -> str:
        """Rename or move an entry, and let its groups follow; returns its DN."""
        values = dict(parse_part(relative))
        username = values.get(self._attributes.username.lower(), entry.text(self._attributes.username))
        dn = below(relative, parent)
        if normal(dn) != entry.key and self._directory.read(dn, ["1.1"], where=where) is not None:
            todo = "Give one of the two another name, or move the other one away"
            raise Conflict(f"there is an entry {dn} already, which is another one's", where=where, todo=todo)
        self._followed[self._id_of(entry)] = entry
        self._groups.follow(entry, dn, username, where, moved=False)
        try:
            self._directory.move(entry.dn, relative, parent, where=where)
        except (Refused, Conflict, NotFound) as error:
            # It stays where it is, so nobody must be in its groups by the name that it was to have.
            never = Entry(dn, {self._attributes.username: [username.encode()]})
            self._groups.follow(never, entry.dn, entry.text(self._attributes.username), where, moved=True)
            self._followed.pop(self._id_of(entry), None)
            if isinstance(error, NotFound):
                message = f"it cannot be moved to {parent}, which is not there or cannot be seen ({error.message})"
                raise NotFound(message, where=where) from None
            raise
        self._catch_up(entry.at(dn), where, username=username)
        return dn

    def _catch_up(self, entry: Entry, where: str, *, username: str = "") -> None:
        """Let the groups lose the name that an entry had before this run moved it, at the repeat if that broke off."""
        old = self._followed.get(self._id_of(entry))
        if old is not None:
            username = username or entry.text(self._attributes.username)
            self._groups.follow(old, entry.dn, username, where, moved=True)
            self._followed.pop(self._id_of(entry), None)

    def _repair(self, entry: Entry, before: str, where: str) -> None:
        """Let the groups follow a move whose run ended before they did."""
        old = below(own_part(entry.dn), before)
        if normal(old) != entry.key and self._directory.read(old, ["1.1"], where=where) is None:
            for moved in (False, True):
                username = entry.text(self._attributes.username)
                self._groups.follow(entry.at(old), entry.dn, username, where, moved=moved)

    def _said_clearly(self, entry: Entry, change: t.Callable[[], bool]) -> bool:
        """Do a change; what makes this kind of directory refuse it is said more clearly where that is known."""
        try:
            return change()
        except Refused as error:
            if error.details.get("ldap") == answers.INSUFFICIENT_ACCESS_RIGHTS:
                raise self._refusal(entry, error) from None
            raise

    def _refusal(self, entry: Entry, error: Refused) -> AppError:
        return error
