# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making an account over SCIM: once, whatever becomes of the answer, and never in place of somebody else's."""

from __future__ import annotations

import functools
import typing as t
import urllib.parse

from ..errors import AppError, Broken, Conflict, Refused, Throttled, Transient
from ..http import Session
from ..protocols.scim_paging import Resource, list_answer, resource_id
from .contract import AccountKey, NewAccount, once_made
from .scim_dialect import ScimDialect
from .scim_groups import group_path
from .scim_patching import member_patch
from .scim_reading import fields_of, is_named_by, text
from .scim_users import UserDirectory

_BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_NEW = "new"


class Maker:
    """Makes users, and finds the one that was made when the answer was lost."""

    def __init__(self, session: Session, users: UserDirectory, dialect: ScimDialect) -> None:
        self._session = session
        self._users = users
        self._dialect = dialect
        self._uncertain: set[NewAccount] = set()

    def make(self, new: NewAccount, body: Resource, groups: t.Sequence[str], where: str) -> tuple[Resource, bool]:
        """Return the user, and whether it was there before. ``groups`` are the ids of groups to put it into at once.

        Raises Conflict where the name is somebody else's.
        """
        if new in self._uncertain and (user := self.own(new, where)) is not None:
            return user, True
        try:
            if groups and self._dialect.bulk:
                return self._in_bulk(new, body, groups, where), False
            answer = self._session.request("POST", "Users", body=body, where=where, expect_json=False)
        except Transient as error:
            if error.details.get("sent"):  # it may be there: the next try looks before it makes a second one
                self._uncertain.add(new)
            raise
        except Conflict as error:
            found = self.own(new, where)
            if found is None:
                todo = "An account that cannot be listed has this name: ask the app's owner who has it"
                raise Conflict(f"{error.message}, and no such account can be found", where=where, todo=todo) from None
            return found, True
        if isinstance(answer.body, dict) and answer.body.get("id") not in (None, ""):
            return list_answer(answer.body, where), False
        return self._at(answer.headers.get("location", ""), new, where), False

    def own(self, new: NewAccount, where: str) -> Resource | None:
        """Return the user that is ``new``'s already; Conflict where its name or address is somebody else's."""
        key = AccountKey(external_id=new.external_id, email=new.email, username=new.username)
        everyone = functools.cache(lambda: self._users.everyone(where))
        for field, wanted in fields_of(key, self._dialect):
            for user in self._users.named(field, wanted, where, everyone):
                external_id = text(user.get("externalId")) if self._dialect.external_ids else ""
                same_email = bool(new.email) and is_named_by(user, "email", new.email, self._dialect)
                if (external_id and external_id == new.external_id) or (not external_id and same_email):
                    return user
                whose = f"with the external id {external_id!r}" if external_id else "with another email"
                raise Conflict(
                    f"the {field} is taken by the account {resource_id(user, where)}, {whose}",
                    where=where,
                    todo="Find out whose account that is; link it to the person, or give the person another name",
                    account=resource_id(user, where),
                )
        return None

    def _at(self, location: str, new: NewAccount, where: str) -> Resource:
        key = location.rstrip("/").rpartition("/")[2]
        if not key:
            self._uncertain.add(new)
            raise Broken("the account was created, and the answer does not say under which id", where=where)
        with once_made():
            return self._users.read(urllib.parse.unquote(key), where)[0]

    def _in_bulk(self, new: NewAccount, body: Resource, groups: t.Sequence[str], where: str) -> Resource:
        """Make the account and put it into its groups in one request. A group that did not take it is tried once more.

        Source: https://www.rfc-editor.org/rfc/rfc7644#section-3.7
        """
        steps: list[Resource] = [{"method": "POST", "path": "/Users", "bulkId": _NEW, "data": body}]
        for group in groups:
            data = member_patch(f"bulkId:{_NEW}", self._dialect, add=True)
            if data is not None:
                steps.append({"method": "PATCH", "path": f"/{group_path(group)}", "data": data})
        request = {"schemas": [_BULK], "failOnErrors": 1, "Operations": steps}
        answer = self._session.request("POST", "Bulk", body=request, where=where)
        done = list_answer(answer.body, where).get("Operations")
        if not isinstance(done, list) or not done or not isinstance(done[0], dict):
            self._uncertain.add(new)
            raise Broken("the answer to the bulk request has no Operations", where=where)
        made = next((step for step in done if step.get("bulkId") == _NEW), done[0])
        status = int(made["status"]) if str(made.get("status")).isdigit() else 0
        if status != 201:
            raise _failure(status, made.get("response"), where)
        return self._at(text(made.get("location")), new, where)


def _failure(status: int, response: t.Any, where: str) -> AppError:
    said = text(response.get("detail"))[:300] if isinstance(response, dict) else ""
    tail = f": {said}" if said else ""
    if status == 409:
        return Conflict(f"it is there already (409){tail}", where=where, status=status)
    if status == 429:
        return Throttled(f"too many requests (429){tail}", where=where, status=status)
    if status >= 500:
        return Transient(f"the app failed ({status}){tail}", where=where, status=status, sent=True)
    return Refused(f"the app refused ({status}){tail}", where=where, status=status)
