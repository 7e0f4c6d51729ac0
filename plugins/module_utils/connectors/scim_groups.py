# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The groups of a SCIM app: which there are, and who is in them.

Source: https://www.rfc-editor.org/rfc/rfc7643#section-4.2
"""

from __future__ import annotations

import collections
import threading
import urllib.parse

from ..errors import Broken, Conflict, Refused
from ..http import Session
from ..protocols.scim_paging import ListReader, Resource, list_answer, resource_id, version_of
from .missing_entitlement import no_such
from .scim_dialect import ScimDialect
from .scim_filters import equals, is_no_filter
from .scim_patching import is_member
from .scim_reading import Membership, elements, text

Memberships = dict[str, list[Membership]]  # by the user's id


def group_path(group_id: str) -> str:
    return f"Groups/{urllib.parse.quote(group_id, safe='')}"


class GroupDirectory:
    """Groups by name and by member. Ids of names are remembered, members never are: a read-back must be fresh."""

    def __init__(self, read_list: ListReader, session: Session, dialect: ScimDialect) -> None:
        self._read_list = read_list
        self._session = session
        self._dialect = dialect
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()

    def id_of(self, value: str, where: str) -> str:
        """Return the id of the group that ``value`` names, exactly, by displayName or by id.

        Raises NotFound with what there is, Conflict where several have the name.
        """
        with self._lock:
            if value in self._ids:
                return self._ids[value]
        groups = self._with_name(value, where)
        found = [resource_id(group, where) for group in groups if text(group.get("displayName")) == value]
        if not found and self._dialect.listing:
            groups = self._read_list("Groups", where=where)
            found = [resource_id(group, where) for group in groups if resource_id(group, where) == value]
            found = found or [resource_id(g, where) for g in groups if text(g.get("displayName")) == value]
        if not found:
            raise no_such("group", value, [text(group.get("displayName")) for group in groups], where)
        if len(found) > 1:
            raise Conflict(
                f"{len(found)} groups are named {value!r}: ids {', '.join(sorted(found))}",
                where=where,
                todo="Give the id of the right one as the entitlement's value",
            )
        with self._lock:
            self._ids[value] = found[0]
        return found[0]

    def _with_name(self, value: str, where: str) -> list[Resource]:
        if not self._dialect.filter or not self._dialect.group_filter:
            return []
        try:
            return self._read_list("Groups", where=where, filter=equals(self._dialect.group_filter, value))
        except Refused as error:
            if not is_no_filter(error):
                raise
            return []

    def forget(self, group_id: str) -> None:
        """Look up again, next time, the name that led to this id."""
        with self._lock:
            self._ids = {name: key for name, key in self._ids.items() if key != group_id}

    def read(self, group_id: str, user_id: str, where: str) -> tuple[Resource, str]:
        """Return a group as it is now, and its version (empty where the app has none).

        Where members are not shown but asked for, its only member is the user, who is in it or not.
        """
        answer = self._session.get(group_path(group_id), where=where)
        group = list_answer(answer.body, where)
        if resource_id(group, where) != group_id:
            raise Broken(f"asked for the group with the id {group_id!r} and got another one", where=where)
        if self._dialect.members == "asked":
            group["members"] = [{"value": user_id}] if self._has(group_id, user_id, where) else []
        return group, version_of(group, answer.headers)

    def names(self, where: str) -> dict[str, str]:
        """Return the displayName of every group by its id."""
        groups = self._read_list("Groups", where=where)
        return {resource_id(group, where): text(group.get("displayName")) for group in groups}

    def memberships(self, where: str) -> Memberships:
        """Return the groups of every user, by the user's id. Groups within groups are not followed."""
        found: dict[str, list[Membership]] = collections.defaultdict(list)
        for group in self._read_list("Groups", where=where):
            entry = (resource_id(group, where), text(group.get("displayName")))
            if self._dialect.members == "asked":
                # Source: https://docs.aws.amazon.com/singlesignon/latest/developerguide/listusers.html
                users = self._read_list("Users", where=where, filter=equals("groups.value", entry[0]))
                ids = [resource_id(user, where) for user in users]
                if ids and not self._has(entry[0], ids[-1], where):  # users do not show it: ask for one of them
                    raise Broken(f"the members of the group {entry[1]!r} contradict each other", where=where)
                for key in ids:
                    found[key].append(entry)
            for member in elements(group, "members"):
                if member.get("type") != "Group":
                    found[text(member.get("value"))].append(entry)
        return dict(found)

    def memberships_of(self, user_id: str, where: str) -> list[Membership]:
        """Return the groups of one user."""
        if self._dialect.members == "asked":
            groups = self._read_list("Groups", where=where)
            entries = [(resource_id(group, where), text(group.get("displayName"))) for group in groups]
            return [entry for entry in entries if self._has(entry[0], user_id, where)]
        if self._dialect.filter and self._dialect.member_filter:
            groups = self._read_list("Groups", where=where, filter=equals(self._dialect.member_filter, user_id))
            if all(is_member(group, user_id) for group in groups):
                return [(resource_id(group, where), text(group.get("displayName"))) for group in groups]
        return self.memberships(where).get(user_id, [])

    def _has(self, group_id: str, user_id: str, where: str) -> bool:
        """Ask whether a user is in a group.

        Source: https://docs.aws.amazon.com/singlesignon/latest/developerguide/listgroups.html
        """
        both = f"{equals('id', group_id)} and {equals('member', user_id)}"
        return [resource_id(g, where) for g in self._read_list("Groups", where=where, filter=both)] == [group_id]
