# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The users of a SCIM app, read: all of them, one by id, those that a field names."""

from __future__ import annotations

import typing as t
import urllib.parse
from concurrent import futures

from ..errors import Broken, NotFound, Refused, Unsupported
from ..http import Session
from ..protocols.scim_paging import ListReader, Resource, list_answer, resource_id, version_of
from .scim_dialect import ScimDialect
from .scim_filters import equals, is_no_filter
from .scim_reading import is_named_by


def user_path(user_id: str) -> str:
    return f"Users/{urllib.parse.quote(user_id, safe='')}"


class UserDirectory:
    """Users as they are now; nothing is remembered but that the address is right."""

    def __init__(self, read_list: ListReader, session: Session, dialect: ScimDialect) -> None:
        self._read_list = read_list
        self._session = session
        self._dialect = dialect
        self._seen = False

    def everyone(self, where: str, pool: futures.Executor | None = None) -> list[Resource]:
        if not self._dialect.listing:
            raise Unsupported("the app's accounts can be looked up, and not listed", where=where)
        users = self._read_list("Users", where=where, pool=pool)
        self._seen = True
        return users

    def read(self, user_id: str, where: str) -> tuple[Resource, str]:
        """Return a user, and its version (empty where the app has none). Raises NotFound."""
        if user_id in (".", ".."):  # no id that an address can hold: it would lead to another one
            raise NotFound(f"there is no account with the id {user_id!r}", where=where)
        answer = self._session.get(user_path(user_id), where=where)
        user = list_answer(answer.body, where)
        if resource_id(user, where) != user_id:
            raise Broken(f"asked for the account with the id {user_id!r} and got another one", where=where)
        self._seen = True
        return user, version_of(user, answer.headers)

    def read_or_none(self, user_id: str, where: str) -> Resource | None:
        """Return a user, or None where it is certain that there is none."""
        try:
            return self.read(user_id, where)[0]
        except NotFound:
            self._check_address(where)
            return None

    def named(
        self, field: str, wanted: str, where: str, everyone: t.Callable[[], list[Resource]] | None = None
    ) -> list[Resource]:
        """Return the users that one field (external_id, email or username) names.

        Asked for with a filter where there is one, and what comes back is checked: an app that ignores a filter answers
        with everybody. Otherwise looked for in the whole list: ``everyone``, where the caller looks for more than one.
        """
        attribute = getattr(self._dialect, f"{field}_filter") if self._dialect.filter else ""
        if attribute:
            try:
                users = self._read_list("Users", where=where, filter=equals(attribute, wanted))
            except Refused as error:
                if not is_no_filter(error) or not self._dialect.listing:
                    raise
            else:
                named = [user for user in users if is_named_by(user, field, wanted, self._dialect)]
                if len(named) == len(users) or not self._dialect.listing:
                    return named
        users = everyone() if everyone else self.everyone(where)
        return [user for user in users if is_named_by(user, field, wanted, self._dialect)]

    def _check_address(self, where: str) -> None:
        """Make sure that a 404 means the account, and not that nothing of SCIM is at this address."""
        if self._seen:
            return
        first: dict[str, t.Any] = {"count": 1, **self._dialect.list_parameters}
        first.update({"cursor": ""} if self._dialect.paging == "cursor" else {"startIndex": 1})
        if not self._dialect.listing:
            first["filter"] = equals(self._dialect.username_filter, "nobody")
        try:
            list_answer(self._session.get("Users", params=first, where=where).body, where)
        except NotFound:
            todo = "Set base_url to the address that ends before /Users"
            raise Broken("there is no SCIM interface at base_url (404 for /Users)", where=where, todo=todo) from None
        self._seen = True
