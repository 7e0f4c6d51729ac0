# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a directory: entries as accounts, with the groups that they are in."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..errors import Broken, Conflict, NotFound, Refused
from ..model.app import ADDITIVE_KINDS
from ..protocols.directory import Directory
from ..protocols.directory_entry import Entry
from ..protocols.directory_names import all_of, equals, folded, is_below
from ..protocols.options import Options
from .contract import Account, AccountKey, App, Connector, value_of
from .ldap_groups import Group, LdapGroups, Membership, ambiguous
from .ldap_options import Attributes, Places, address_of, page_size_of, places_of
from .ldap_suspension import Suspension

#: The fields of Account that are one attribute each.
FIELDS = ("username", "email", "external_id", "given_name", "family_name", "name")


class LdapReading(Connector):
    """What every directory has in common; it only reads."""

    #: (OID, critical, value) of the controls that go with every search.
    controls: t.ClassVar[t.Sequence[tuple[str, bool, t.Any]]] = ()

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self._directory = Directory(
            address_of(app.key, options), page_size=page_size_of(options), controls=self.controls
        )
        self._places: Places = places_of(app.key, options, group_base="")
        self._attributes: Attributes
        self._groups: LdapGroups
        self._filter = ""
        self._suspension: Suspension | None = None
        self._prepare(options)
        if not self._filter.startswith("(") or not self._filter.endswith(")"):
            raise options.wrong("user_filter", "a filter in parentheses")

    def _prepare(self, options: Options) -> None:
        """Read the options that are this kind of directory's own: sets _attributes, _groups and _filter."""
        raise NotImplementedError

    def close(self) -> None:
        self._directory.close()

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        users = self._users("", where)
        memberships, groups = self._groups.of_everybody(users, where)
        named = self._catalog(groups, where)
        accounts = [self._account(user, memberships.get(user.key, []), named, where) for user in users]
        seen: set[str] = set()
        for account in accounts:
            if account.id in seen:
                raise Broken(f"the id {account.id} is there twice", where=where)
            seen.add(account.id)
        return iter(accounts)

    @property
    def asks_by_id(self) -> bool:
        return True

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        entry = self._entry_or_none(key.id, where) if key.id else None
        for field in ("external_id", "email", "username"):
            wanted = getattr(key, field)
            if entry is None and wanted:
                found = self._named(field, wanted, where)
                if len(found) > 1:
                    names = "; ".join(sorted(one.dn for one in found))
                    raise Conflict(f"{len(found)} accounts have this {field.replace('_', ' ')}: {names}", where=where)
                entry = found[0] if found else None
        return self._read_account(entry, where) if entry is not None else None

    def _users(self, filter: str, where: str) -> list[Entry]:
        """Return the accounts that a filter lets through, or all of them."""
        wanted = all_of([self._filter, filter]) if filter else self._filter
        asked = self._asked_for()
        return [e for base in self._places.bases for e in self._directory.search(base, wanted, asked, where=where)]

    def _asked_for(self) -> list[str]:
        names = [self._attributes.id, *(self._attributes.field(name) for name in FIELDS)]
        names += [self._attributes.created, self._attributes.last_used, self._places.home_attribute]
        names += ["objectClass", "gidNumber", self._suspension.attribute if self._suspension else ""]
        return sorted({name for name in names if name})

    def _named(self, field: str, wanted: str, where: str) -> list[Entry]:
        """Return the accounts whose field is this; what a filter lets through is looked at once more."""
        attribute = self._attributes.field(field)
        if not attribute:
            return []
        return [e for e in self._users(equals(attribute, wanted), where) if e.has(attribute, wanted)]

    def _id_filter(self, id: str) -> str:
        """Return the filter for an id; the empty text for what is no id of this directory."""
        return equals(self._attributes.id, id)

    def _id_of(self, entry: Entry) -> str:
        return entry.text(self._attributes.id)

    def _entry_or_none(self, id: str, where: str) -> Entry | None:
        filter = self._id_filter(id)
        found = [entry for entry in self._users(filter, where) if self._id_of(entry) == id] if filter else []
        if len(found) > 1:
            raise Conflict(f"{len(found)} entries have the id {id}", where=where)
        return found[0] if found else None

    def _entry(self, account: Account, where: str) -> Entry:
        """Return an account's entry as it is now. Raises NotFound."""
        entry = self._entry_or_none(account.id, where)
        if entry is None:
            raise NotFound(f"there is no account with the {self._attributes.id} {account.id}", where=where)
        return entry

    def _again(self, entry: Entry, where: str) -> Entry:
        """Return an entry as it is by now. Raises NotFound."""
        found = self._entry_or_none(self._id_of(entry), where)
        if found is None:
            raise NotFound(f"{entry.dn} has gone meanwhile", where=where)
        return found

    def _read_account(self, entry: Entry, where: str) -> Account:
        values = {value_of(e) for e in self.app.entitlements.values() if e.kind in ADDITIVE_KINDS}
        memberships = self._groups.of_one(entry, where)
        return self._account(entry, memberships, self._catalog(self._groups.called(values, where), where), where)

    def _catalog(self, groups: t.Sequence[Group], where: str) -> dict[str, list[str]]:
        """Return the catalog's keys by group. Raises Conflict for a value by which several groups are called."""
        named: dict[str, list[str]] = {}
        by_word: dict[str, dict[str, Group]] = {}
        for group in groups:
            for name in group.names:
                by_word.setdefault(folded(name), {})[group.key] = group
        by_key = {group.key: group for group in groups}
        for entitlement in self.app.entitlements.values():
            if entitlement.kind not in ADDITIVE_KINDS:
                continue
            value = value_of(entitlement)
            found = list(by_word.get(folded(value), {}).values()) or [
                by_key[key] for key in by_key if "=" in value and by_key[key].is_called(value)
            ]
            if len(found) > 1:
                raise ambiguous(value, found, where)
            if found:
                named.setdefault(found[0].key, []).append(entitlement.key)
        return named

    def _account(
        self, entry: Entry, memberships: t.Sequence[Membership], named: t.Mapping[str, t.Sequence[str]], where: str
    ) -> Account:
        """Return the account that an entry is.

        A group of the catalog that an account is in through another one is an entitlement too, because it has what the
        group gives; ``revoke`` says through which it is. Others are unknown, with "(through ...)".
        """
        id = self._id_of(entry)
        if not id:
            raise Refused(
                f"the entry {entry.dn} shows no {self._attributes.id}: the right to read it is missing",
                where=where,
                todo="Give bind_dn this right, or name another attribute as id_attribute",
            )
        has: set[str] = set()
        unknown: set[str] = set()
        for group, through in memberships:
            keys = named.get(group.key)
            has.update(keys or ())
            if not keys:
                unknown.add(f"group:{group.names[0]} (through {through})" if through else f"group:{group.names[0]}")
        texts = {field: entry.text(self._attributes.field(field)) for field in FIELDS}
        return Account(
            app=self.app.key,
            id=id,
            state="suspended" if self._is_suspended(entry, where) else "active",
            entitlements=frozenset(has),
            unknown=frozenset(unknown),
            created=entry.time(self._attributes.created),
            last_used=self._last_used(entry),
            **texts,
        )

    def _is_suspended(self, entry: Entry, where: str) -> bool:
        if self._suspension is not None:
            return self._suspension.shown_by(entry)
        return bool(self._places.leavers) and is_below(entry.dn, self._places.leavers)

    def _last_used(self, entry: Entry) -> dt.datetime | None:
        return entry.time(self._attributes.last_used) if self._attributes.last_used else None
