# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is who at GitLab, which shows the address that somebody made public, and administrators every one.

Source: https://docs.gitlab.com/api/users/
"""

from __future__ import annotations

import re
import typing as t

from ..logins import Logins
from .gitlab_client import GitLabClient

_MOST_ALIKE = 5  # so many who are found for an address are looked at


class GitLabPeople:
    """Addresses and user names: as the option ``people`` has them, for the rest as GitLab tells."""

    def __init__(self, client: GitLabClient, given: t.Mapping[str, str]) -> None:
        self.client = client
        self.logins = Logins(given)
        self._ids: dict[str, int] = {}
        self._unknown: set[str] = set()

    def id_of(self, address: str, where: str) -> int:
        """Return the id of the active user who has an address, 0 for none."""
        key = address.strip().casefold()
        if key in self._ids:
            return self._ids[key]
        login = self.logins.login(key)
        if login:
            found = [one for one in self._users({"username": login}, where) if _same(one.get("username"), login)]
        elif re.fullmatch(r"[^\s@]+@[^\s@]+", key):
            alike = self._users({"search": key}, where)[:_MOST_ALIKE]
            found = [one for one in alike if key in self._addresses(one, where)]
        else:
            found = []
        self._ids[key] = int(found[0]["id"]) if len(found) == 1 else 0
        if len(found) == 1:
            self.logins.learn(address, str(found[0]["username"]))
        return self._ids[key]

    def address_of(self, user: t.Any, where: str) -> str:
        """Return the address of a user as issues and comments name one; the user name where none is shown."""
        login = str((user or {}).get("username") or "")
        if not login or self.logins.address(login) or login in self._unknown:
            return self.logins.address(login) or login
        addresses = self._addresses(user, where)
        if not addresses:
            self._unknown.add(login)
            return login
        self.logins.learn(addresses[0], login)
        return addresses[0]

    def _users(self, params: t.Mapping[str, t.Any], where: str) -> list[t.Any]:
        answer = self.client.get("users", where, {**params, "active": "true"}).body
        return answer if isinstance(answer, list) else []

    def _addresses(self, user: t.Any, where: str) -> list[str]:
        if not user.get("email") and not user.get("public_email"):
            user = self.client.get(f"users/{int(user['id'])}", where).body or {}
        found = (str(user.get(name) or "").casefold() for name in ("public_email", "email"))
        return [address for address in found if address]


def _same(one: t.Any, other: str) -> bool:
    return str(one or "").casefold() == other.casefold()
