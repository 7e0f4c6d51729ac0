# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups of a directory: who is in them, directly and through other groups.

A group names its members in an attribute that depends on its object class: ``member`` (groupOfNames, and the groups of
Active Directory) and ``uniqueMember`` (groupOfUniqueNames) hold DNs, ``memberUid`` (posixGroup) user names.
Sources: https://www.rfc-editor.org/rfc/rfc4519#section-3, https://www.rfc-editor.org/rfc/rfc2307
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import Conflict, NotFound, Refused
from ..protocols import directory_answers as answers
from ..protocols.directory import Directory, Modification
from ..protocols.directory_entry import Entry
from ..protocols.directory_names import all_of, any_of, equals, folded, normal

# object class -> attribute of the members; the first that a group is of
MEMBER_ATTRIBUTES: t.Mapping[str, str] = {
    "groupOfNames": "member",
    "groupOfUniqueNames": "uniqueMember",
    "group": "member",
    "posixGroup": "memberUid",
}
_DNS = ("member", "uniqueMember")
#: ``through`` of a group that an account has as its primary group: no list of members names it.
PRIMARY = "the primary group of the account"


@dataclasses.dataclass(frozen=True)
class Group:
    """One group. ``names`` are what the catalog may call it besides its DN; the first is shown."""

    dn: str
    key: str
    names: tuple[str, ...]
    member_attribute: str = "member"

    def is_called(self, value: str) -> bool:
        return folded(value) in (folded(name) for name in self.names) or normal(value) == self.key


class Membership(t.NamedTuple):
    """A group that an account is in; ``through`` names the group by which it is, empty where it is in it itself."""

    group: Group
    through: str = ""


class Tree:
    """Which groups are members of which: ``parents`` has, for each group's key, the keys of those that it is in."""

    def __init__(self, groups: t.Mapping[str, Group], parents: t.Mapping[str, t.Collection[str]]) -> None:
        self.groups = groups
        self.parents = parents

    def memberships(self, direct: t.Collection[str], primary: t.Collection[str] = ()) -> list[Membership]:
        """Return the groups with these keys, and those that they are in, each once.

        ``primary`` are the keys of groups that the account is in because it says so itself.
        """
        found = {key: Membership(self.groups[key]) for key in direct}
        found.update((key, Membership(self.groups[key], PRIMARY)) for key in primary if key not in found)
        for start in sorted(found):
            rest = [start]
            while rest:
                for parent in sorted(self.parents.get(rest.pop(), ())):
                    if parent in self.groups and parent not in found:
                        found[parent] = Membership(self.groups[parent], self.groups[start].names[0])
                        rest.append(parent)
        return list(found.values())


class LdapGroups:
    """The groups below one base. ``nested``: whether being in a group that is in a group counts."""

    classes: t.Sequence[str] = ("groupOfNames", "groupOfUniqueNames", "posixGroup")
    name_attributes: t.Sequence[str] = ("cn",)

    def __init__(self, directory: Directory, base: str, username: str, *, nested: bool, placeholder: str = "") -> None:
        self._directory = directory
        self._base = base
        self._username = username
        self._nested = nested
        self._placeholder = placeholder

    # Reading

    def of_everybody(self, users: t.Sequence[Entry], where: str) -> tuple[dict[str, list[Membership]], list[Group]]:
        """Return the memberships of each user, by key, and all groups."""
        entries = self._search(any_of([equals("objectClass", name) for name in self.classes]), where, members=True)
        tree, direct = self._tree(users, entries, where)
        by_number = _numbers(entries)
        found = {
            user.key: tree.memberships(direct.get(user.key, ()), by_number.get(user.text("gidNumber"), ()))
            for user in users
        }
        return found, list(tree.groups.values())

    def of_one(self, user: Entry, where: str) -> list[Membership]:
        """Return the memberships of one user: the groups with it, then the groups with those, and so on."""
        entries: dict[str, Entry] = {}
        number = user.text("gidNumber")
        primary = [all_of([equals("objectClass", "posixGroup"), equals("gidNumber", number)])] if number else []
        rest = [self._has_member(user.dn, user.text(self._username)), *primary]
        while rest and self._base:
            found = self._search(any_of(rest), where, members=True)
            fresh = [entry for entry in found if entry.key not in entries]
            entries.update((entry.key, entry) for entry in fresh)
            rest = [self._has_member(entry.dn, "") for entry in fresh] if self._nested else []
        tree, direct = self._tree([user], list(entries.values()), where)
        return tree.memberships(direct.get(user.key, ()), _numbers(list(entries.values())).get(number, ()))

    def called(self, values: t.Collection[str], where: str) -> list[Group]:
        """Return the groups that the catalog calls by one of these values."""
        if not values or not self._base:
            return []
        filters = [equals(attribute, value) for value in values for attribute in self.name_attributes]
        found = {entry.key: self.group(entry) for entry in self._search(any_of(filters), where)}
        for value in values:
            if "=" in value and normal(value) not in found:
                entry = self._directory.read(value, self._attributes(), where=where)
                if entry is not None:
                    found[entry.key] = self.group(entry)
        return [group for group in found.values() if any(group.is_called(value) for value in values)]

    def named(self, value: str, where: str) -> Group:
        """Return the one group that is called so. Raises NotFound, or Conflict where several are."""
        found = self.called([value], where)
        if not found:
            raise NotFound(f"there is no group {value!r} below {self._base}", where=where)
        if len(found) > 1:
            raise ambiguous(value, found, where)
        return found[0]

    def is_member(self, group: Group, user: Entry, where: str) -> bool:
        """Return whether the group itself names the user."""
        member = equals(group.member_attribute, self._member(group, user))
        return self._directory.read(group.dn, ["1.1"], where=where, filter=member) is not None

    def group(self, entry: Entry) -> Group:
        names = [name for attribute in self.name_attributes for name in entry.texts(attribute)] or [entry.dn]
        attribute = next((MEMBER_ATTRIBUTES[name] for name in MEMBER_ATTRIBUTES if entry.is_of(name)), "member")
        return Group(entry.dn, entry.key, tuple(names), attribute)

    # Writing

    def add(self, group: Group, user: Entry, where: str) -> bool:
        if self.is_member(group, user, where):
            return False
        try:
            self._modify(group, where, ("add", group.member_attribute, [self._member(group, user)]))
        except (Refused, Conflict) as error:
            if error.details.get("ldap") in (answers.ATTRIBUTE_OR_VALUE_EXISTS, answers.ENTRY_ALREADY_EXISTS):
                return False  # somebody else was faster
            raise
        return True

    def remove(self, group: Group, user: Entry, where: str) -> bool:
        """Take a user out of a group. Raises Refused for the last member of a group that must have one."""
        if not self.is_member(group, user, where):
            return False
        leave: Modification = ("delete", group.member_attribute, [self._member(group, user)])
        try:
            self._modify(group, where, leave)
        except Refused as error:
            if error.details.get("ldap") == answers.NO_SUCH_ATTRIBUTE:
                return False
            if error.details.get("ldap") != answers.OBJECT_CLASS_VIOLATION or group.member_attribute not in _DNS:
                raise
            if not self._placeholder:
                raise Refused(
                    f"it is the last member of the group {group.names[0]}, and a group of this class must have one",
                    where=where,
                    todo="Put somebody else in, delete the group, or set placeholder_member for such groups",
                ) from None
            self._modify(group, where, leave, ("add", group.member_attribute, [self._placeholder]))
        return True

    def follow(self, old: Entry, dn: str, username: str, where: str, *, moved: bool) -> None:
        """Let the groups name an account by another DN and user name. Only some directories do that by themselves.

        Called before the account is moved, when they get the new name besides the old one, and after it, when they lose
        the old one: a run that ends in between takes nothing away.
        """
        before = old.text(self._username)
        for entry in self._search(self._has_member(old.dn, before), where, members=True):
            changes: list[Modification] = []
            for attribute, was, becomes in (*((name, old.dn, dn) for name in _DNS), ("memberUid", before, username)):
                same: t.Callable[[str], str] = normal if attribute in _DNS else str
                values = {same(value) for value in entry.texts(attribute)}
                if same(was) == same(becomes) or same(was) not in values:
                    continue
                if moved:
                    changes.append(("delete", attribute, [was]))
                elif same(becomes) not in values:
                    changes.append(("add", attribute, [becomes]))
            if changes:
                self._modify(self.group(entry), where, *changes)

    def forget(self, dn: str, where: str) -> None:
        """Take the DN of an account that is to be made out of all groups: somebody who had the name left it there."""
        nobody = Entry(dn, {})
        for entry in self._search(self._has_member(dn, ""), where):
            self.remove(self.group(entry), nobody, where)

    def leave_all(self, user: Entry, where: str) -> None:
        """Take a user out of every group that names it, so that nobody who gets its name later is in them."""
        if self._base:
            for entry in self._search(self._has_member(user.dn, user.text(self._username)), where):
                self.remove(self.group(entry), user, where)

    # The directory

    def _attributes(self, *, members: bool = False) -> list[str]:
        return ["objectClass", *self.name_attributes, *((*_DNS, "memberUid", "gidNumber") if members else ())]

    def _search(self, filter: str, where: str, *, members: bool = False) -> list[Entry]:
        if not self._base:
            return []
        return self._directory.search(self._base, filter, self._attributes(members=members), where=where)

    def _modify(self, group: Group, where: str, *changes: Modification) -> None:
        self._directory.modify(group.dn, changes, where=where)

    def _member(self, group: Group, user: Entry) -> str:
        return user.text(self._username) if group.member_attribute == "memberUid" else user.dn

    def _has_member(self, dn: str, username: str) -> str:
        by_name = [equals("memberUid", username)] if username else []
        return any_of([equals("member", dn), equals("uniqueMember", dn), *by_name])

    def _tree(
        self, users: t.Sequence[Entry], entries: t.Sequence[Entry], where: str
    ) -> tuple[Tree, dict[str, set[str]]]:
        """Return the groups with their parents, and for each user's key the keys of the groups that name it."""
        groups = {entry.key: self.group(entry) for entry in entries}
        keys = {user.key for user in users}
        by_name: dict[str, list[str]] = {}
        for user in users:
            by_name.setdefault(user.text(self._username), []).append(user.key)
        parents: dict[str, set[str]] = {}
        direct: dict[str, set[str]] = {}
        for entry in entries:
            attribute = groups[entry.key].member_attribute
            members = entry.texts(attribute)
            if attribute in _DNS and not members:
                raise Refused(
                    f"the group {entry.dn} shows no {attribute}, which it must have: the right to read it is missing",
                    where=where,
                    todo=f"Give bind_dn the right to read {attribute} of the groups",
                )
            for member in members:
                for key in [normal(member)] if attribute in _DNS else by_name.get(member, []):
                    if key in keys:
                        direct.setdefault(key, set()).add(entry.key)
                    elif self._nested and key in groups:
                        parents.setdefault(key, set()).add(entry.key)
        return Tree(groups, parents), direct


def _numbers(entries: t.Sequence[Entry]) -> dict[str, list[str]]:
    """Return the keys of the groups by their number: an account has one group by ``gidNumber`` (RFC 2307)."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry.is_of("posixGroup") and entry.text("gidNumber"):
            found.setdefault(entry.text("gidNumber"), []).append(entry.key)
    return found


def ambiguous(value: str, found: t.Sequence[Group], where: str) -> Conflict:
    """Return the error for a word of the catalog by which several groups are called."""
    names = "; ".join(sorted(group.dn for group in found))
    return Conflict(f"{len(found)} groups are called {value!r}: {names}", where=where, todo="Use the DN as the value")
