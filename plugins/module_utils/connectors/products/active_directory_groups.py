# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups of Active Directory: an account shows its own in ``memberOf``, but for one, the primary group.

Sources: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-adts/4e638665-f466-4597-93c4-12f2ebfabab5
(LDAP_MATCHING_RULE_TRANSITIVE_EVAL, also called IN_CHAIN),
https://learn.microsoft.com/en-us/windows/win32/adschema/a-primarygroupid
"""

from __future__ import annotations

import typing as t

from ...errors import Broken, Refused
from ...protocols.directory_entry import Entry
from ...protocols.directory_names import equals, filter_value, normal, own_value
from ..ldap_groups import Group, LdapGroups, Membership, Tree

_IN_CHAIN = "1.2.840.113556.1.4.1941"


class ActiveDirectoryGroups(LdapGroups):
    """The groups of one domain."""

    classes = ("group",)
    name_attributes = ("sAMAccountName", "cn")

    def of_everybody(self, users: t.Sequence[Entry], where: str) -> tuple[dict[str, list[Membership]], list[Group]]:
        entries = self._search(equals("objectClass", "group"), where, members=True)
        forest = self._forest(entries)
        found = {user.key: self._memberships(user, *forest, where) for user in users}
        return found, list(forest[0].groups.values())

    def of_one(self, user: Entry, where: str) -> list[Membership]:
        # Everything that the account is in, however far away; the chain does not begin at the primary group.
        entries = self._search(_chain(user.dn), where, members=True)
        primary = self._primary_group(user, where)
        if primary is not None:
            known = {entry.key for entry in entries}
            more = [primary, *self._search(_chain(primary.dn), where, members=True)]
            entries += [entry for entry in more if entry.key not in known]
        return self._memberships(user, *self._forest(entries), where)

    def is_member(self, group: Group, user: Entry, where: str) -> bool:
        return group.key in {normal(dn) for dn in user.texts("memberOf")} or super().is_member(group, user, where)

    def add(self, group: Group, user: Entry, where: str) -> bool:
        primary = self._primary_group(user, where)
        if primary is not None and primary.key == group.key:
            return False  # it is in it, although the group does not name it
        return super().add(group, user, where)

    def leave_all(self, user: Entry, where: str) -> None:
        """Nothing to do: a domain controller takes a deleted account out of its groups."""

    def follow(self, old: Entry, dn: str, username: str, where: str, *, moved: bool) -> None:
        """Nothing to do: a domain controller keeps groups and names together."""

    def _attributes(self, *, members: bool = False) -> list[str]:
        return ["objectClass", *self.name_attributes, *(("memberOf", "objectSid") if members else ())]

    def _primary_group(self, user: Entry, where: str) -> Entry | None:
        found = self._search(equals("objectSid", primary_group_of(user, where)), where, members=True)
        if len(found) > 1:
            raise Broken(f"{len(found)} groups have the SID of the primary group of {user.dn}", where=where)
        return found[0] if found else None

    @staticmethod
    def _memberships(user: Entry, tree: Tree, by_security_id: t.Mapping[str, str], where: str) -> list[Membership]:
        """Return what a user is in. A group outside group_base is known by its DN alone, and never left out."""
        direct = {normal(dn): Group(dn, normal(dn), (own_value(dn) or dn,)) for dn in user.texts("memberOf")}
        wanted = primary_group_of(user, where)
        groups = {**direct, **tree.groups}
        primary = by_security_id.get(wanted)
        if primary is None:
            primary = normal(wanted)
            groups[primary] = Group(wanted, primary, (wanted,))
        return Tree(groups, tree.parents).memberships(list(direct), [primary])

    def _forest(self, entries: t.Sequence[Entry]) -> tuple[Tree, dict[str, str]]:
        """Return the groups with their parents, and their keys by SID."""
        groups = {entry.key: self.group(entry) for entry in entries}
        parents = {entry.key: [normal(dn) for dn in entry.texts("memberOf")] for entry in entries}
        tree = Tree(groups, parents if self._nested else {})
        return tree, {entry.security_id("objectSid"): entry.key for entry in entries}


def primary_group_of(user: Entry, where: str) -> str:
    """Return the SID of a user's primary group: its own with the last number replaced."""
    number, own = user.number("primaryGroupID"), user.security_id("objectSid")
    if number is None or not own:
        raise Refused(
            f"{user.dn} shows no primaryGroupID or no objectSid: the right to read them is missing",
            where=where,
            todo="Give bind_dn the right to read all properties of the accounts",
        )
    return f"{own.rpartition('-')[0]}-{number}"


def _chain(dn: str) -> str:
    return f"(member:{_IN_CHAIN}:={filter_value(dn)})"
