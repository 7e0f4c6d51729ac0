# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any directory that speaks LDAP, OpenLDAP above all. Active Directory builds on this.

An account is found by an id that never changes (entryUUID), whatever its name and place are by now.
"""

from __future__ import annotations

import typing as t

from ..errors import Broken, Conflict, NotFound, Refused, Unsupported
from ..model.app import ADDITIVE_KINDS
from ..protocols.directory import Modification
from ..protocols.directory_entry import Entry
from ..protocols.directory_names import (
    below,
    folded,
    own_part,
    parse_part,
    relative_name,
)
from ..protocols.options import Options
from .contract import Account, Entitlement, NewAccount, once_made, value_of
from .ldap_groups import PRIMARY, Group, LdapGroups
from .ldap_leaving import LdapLeaving
from .ldap_options import PLACES, REACHING, Attributes, words
from .ldap_reading import FIELDS
from .ldap_suspension import WAYS


class LdapConnector(LdapLeaving):
    """Any LDAP directory (OpenLDAP, 389, FreeIPA): accounts, groups, and a place for leavers."""

    name = "ldap"
    options: t.ClassVar[t.Mapping[str, str]] = {
        **REACHING,
        **PLACES,
        "id_attribute": "optional",
        "username_attribute": "optional",
        "email_attribute": "optional",
        "name_attribute": "optional",
        "last_used_attribute": "optional",
        "naming_attribute": "optional",
        "object_classes": "optional",
        "new_attributes": "optional",
        "suspend_by": "optional",
        "nested_groups": "optional",
        "placeholder_member": "optional",
    }

    def _prepare(self, options: Options) -> None:
        self._filter = options.text("user_filter", "(objectClass=inetOrgPerson)").strip()
        self._attributes = Attributes(
            id=options.text("id_attribute", "entryUUID"),
            username=options.text("username_attribute", "uid"),
            email=options.text("email_attribute", "mail"),
            external_id=options.text("external_id_attribute", "employeeNumber"),
            given_name="givenName",
            family_name="sn",
            name=options.text("name_attribute", "cn"),
            created="createTimestamp",
            last_used=options.text("last_used_attribute"),
        )
        self._naming = options.text("naming_attribute", self._attributes.username)
        self._classes = words(self.app.key, self.connection, "object_classes", ["inetOrgPerson"])
        self._more = options.mapping("new_attributes")
        way = options.choice("suspend_by", ("", "move", *WAYS), "move" if self._places.leavers else "")
        if way == "move" and not self._places.leavers:
            raise options.wrong("suspend_by", "leavers_ou beside it, the place to move to")
        self._suspension = WAYS.get(way)
        self._groups = LdapGroups(
            self._directory,
            self._places.group_base,
            self._attributes.username,
            nested=options.flag("nested_groups", True),
            placeholder=options.text("placeholder_member"),
        )

    def can(self, operation: str) -> bool:
        if operation in ("suspend", "reactivate") and not self._can_suspend():
            return False
        if operation in ("grant", "revoke") and not self._places.group_base:
            return False
        return super().can(operation)

    # Making and changing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Make the account, or return the one that is there already as this person's; then what it is to have.

        It has no password. Raises Conflict where the name is somebody else's, NotFound before anything is made where a
        group is missing.
        """
        where = self.where("create", new)
        groups = [self._group(entitlement, where) for entitlement in entitlements]
        entry = self._own_entry(new, where)
        if entry is None:
            self._check_new(new, where)
            entry = self._add(new, where)
        with once_made():
            for group in groups:
                self._groups.add(group, entry, where)
            return self._read_account(self._again(entry, where) if groups else entry, where)

    def _check_new(self, new: NewAccount, where: str) -> None:
        """Raise Refused for an account that this directory cannot have."""
        if not new.username:
            raise Refused("an account needs a user name", where=where)

    def _add(self, new: NewAccount, where: str) -> Entry:
        values: dict[str, list[str]] = {name: [value] for name, value in self._more.items()}
        for field in FIELDS:
            if getattr(new, field):
                values[self._attributes.field(field)] = [getattr(new, field)]
        # Two that inetOrgPerson must have: https://www.rfc-editor.org/rfc/rfc4519#section-3.12
        values.setdefault("cn", [new.name or " ".join((new.given_name, new.family_name)).strip() or new.username])
        values.setdefault("sn", [new.family_name or values["cn"][0]])
        naming = next((v for k, v in values.items() if k.lower() == self._naming.lower()), [new.username])
        values[self._naming] = naming
        values["objectClass"] = list(self._classes)
        dn = below(relative_name(self._naming, naming[0]), self._places.home)
        self._groups.forget(dn, where)
        try:
            self._directory.add(dn, values, where=where)
        except Conflict as error:
            todo = "Find out whose it is; an entry that is no account, or cannot be seen, has this name"
            raise Conflict(error.message, where=where, todo=todo) from None
        return self._just_made(dn, where)

    def _just_made(self, dn: str, where: str) -> Entry:
        entry = self._directory.read(dn, self._asked_for(), where=where, filter=self._filter)
        if entry is None:
            raise Broken(
                f"{dn} was created and cannot be found with {self._filter}",
                where=where,
                todo="Let bind_dn read what it makes, and let user_filter fit object_classes",
            )
        return entry

    def _own_entry(self, new: NewAccount, where: str) -> Entry | None:
        """Return the entry that is ``new``'s already; Conflict where its name or address is somebody else's."""
        for field in ("external_id", "email", "username"):
            wanted = getattr(new, field)
            for entry in self._named(field, wanted, where) if wanted else []:
                external_id = entry.text(self._attributes.external_id)
                same_email = bool(new.email) and entry.has(self._attributes.email, new.email)
                if (external_id and external_id == new.external_id) or (not external_id and same_email):
                    return entry
                whose = f"with the external id {external_id!r}" if external_id else "with another email"
                raise Conflict(
                    f"the {field.replace('_', ' ')} is taken by {entry.dn}, {whose}",
                    where=where,
                    todo="Find out whose account that is; link it to the person, or give the person another name",
                    account=self._id_of(entry),
                )
        return None

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        """Change fields; an attribute that the entry is named by renames it, and its groups follow."""
        where = self.where("update", account)
        unknown = sorted(name for name in changes if name not in FIELDS or not self._attributes.field(name))
        if unknown:
            raise Unsupported(f"{', '.join(unknown)} cannot be changed in this directory", where=where)
        entry = self._entry(account, where)
        return self._said_clearly(entry, lambda: self._update(entry, changes, where))

    def _update(self, entry: Entry, changes: t.Mapping[str, str], where: str) -> bool:
        self._catch_up(entry, where)
        wanted = {self._attributes.field(name): value for name, value in changes.items()}
        differs = {name: value for name, value in wanted.items() if entry.text(name) != value}
        self._check_changes(entry, differs, where)
        new_name = differs.get(self._attributes.username)
        taken = self._named("username", new_name, where) if new_name else []
        if any(other.key != entry.key for other in taken):
            raise Conflict(f"the user name is taken by {taken[0].dn}", where=where, todo="Give the person another name")
        naming = dict(parse_part(own_part(entry.dn)))
        renames = {name: value for name, value in differs.items() if name.lower() in naming}
        rest: list[Modification] = [
            ("replace", name, self._values(entry, name, value))
            for name, value in self._with_consequences(entry, differs).items()
            if name not in renames
        ]
        named = new_name is not None and self._attributes.username not in renames
        if named:
            self._followed[self._id_of(entry)] = entry
            self._groups.follow(entry, entry.dn, new_name or "", where, moved=False)
        if rest:
            self._directory.modify(entry.dn, rest, where=where)
        if named:
            self._catch_up(entry, where, username=new_name or "")
        if renames:
            parts = {
                attribute: {n.lower(): v for n, v in renames.items()}.get(attribute, value)
                for attribute, value in naming.items()
            }
            relative = "+".join(relative_name(attribute, value) for attribute, value in parts.items())
            self._move(entry, relative, entry.parent, where)
        return bool(differs)

    def _check_changes(self, entry: Entry, values: t.Mapping[str, str], where: str) -> None:
        """Raise Refused for values that this directory cannot have."""

    def _with_consequences(self, entry: Entry, values: t.Mapping[str, str]) -> dict[str, str]:
        """Return what is to be changed, with what goes with it."""
        return dict(values)

    @staticmethod
    def _values(entry: Entry, attribute: str, value: str) -> list[str]:
        """Return the values that an attribute shall have: the first is replaced, others (aliases, say) stay."""
        others = [text for text in entry.texts(attribute)[1:] if folded(text) != folded(value)]
        return [value, *others] if value else others

    # Groups

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"grant {entitlement.key} to", account)
        group = self._group(entitlement, where)
        entry = self._entry(account, where)
        return self._said_clearly(entry, lambda: self._groups.add(group, entry, where))

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        """Take an account out of a group.

        Raises Refused, naming the group in between, where it is in the group (also) through another one.
        """
        where = self.where(f"revoke {entitlement.key} from", account)
        try:
            group = self._group(entitlement, where)
        except NotFound:
            return False  # nobody is in a group that is not there
        entry = self._entry(account, where)
        changed = self._said_clearly(entry, lambda: self._groups.remove(group, entry, where))
        entry = self._again(entry, where) if changed else entry
        inherited = next((m.through for m in self._groups.of_one(entry, where) if m.group.key == group.key), "")
        if inherited:
            began = "it was a member itself and is no longer, but " if changed else ""
            todo = f"Take the account out of {inherited}, or {inherited} out of {group.names[0]}"
            if inherited == PRIMARY:
                todo = "Give the account another primary group first"
            raise Refused(f"{began}it is in {group.names[0]} through {inherited}", where=where, todo=todo)
        return changed

    def _group(self, entitlement: Entitlement, where: str) -> Group:
        if entitlement.kind not in ADDITIVE_KINDS or not self._places.group_base:
            what = f"nothing that is a {entitlement.kind}" if self._places.group_base else "no group_base"
            raise Unsupported(f"the directory has {what}", where=where)
        return self._groups.named(value_of(entitlement), where)

    # Deleting

    def delete(self, account: Account) -> bool:
        """Delete the entry, and before that take it out of its groups: its name may be somebody else's one day."""
        where = self.where("delete", account)
        entry = self._entry_or_none(account.id, where)
        if entry is None:
            return False
        return self._said_clearly(entry, lambda: self._delete(entry, where))

    def _delete(self, entry: Entry, where: str) -> bool:
        self._groups.leave_all(entry, where)
        try:
            self._directory.delete(entry.dn, where=where)
        except NotFound:
            return False
        return True
