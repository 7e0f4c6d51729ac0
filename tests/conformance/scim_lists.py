# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of a SCIM fake: filters and pages. RFC 7644, 3.4.2, and RFC 9865 for cursors."""

from __future__ import annotations

import json
import re
import typing as t

from .fake import Answer, Request
from .scim_profile import Body, Profile, refusal

_EQ = re.compile(r'([\w.:-]+) eq ("(?:[^"\\]|\\.)*"|true|false)')
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


class Lists:
    """Mixed into the fake, which has the users and the groups."""

    profile: t.ClassVar[Profile]
    problems: list[str]
    members: dict[str, set[str]]
    group_ids: dict[str, str]

    def email(self, user: Body) -> str:
        raise NotImplementedError

    def _wrong(self, request: Request, what: str) -> Answer:
        raise NotImplementedError

    def _filters(self, request: Request) -> list[tuple[str, str]]:
        text = request.args.get("filter", "")
        if not text:
            return []
        parts = [_EQ.fullmatch(part) for part in text.split(" and ")] if " and id " not in text else []
        if not all(parts) or not parts:
            parts = [_EQ.fullmatch(text)]
        if not all(parts):
            raise refusal(400, "Bad filter", "invalidFilter")
        return [(part[1], _text(part[2])) for part in parts if part]

    def _filtered(self, request: Request, known: tuple[str, ...]) -> None:
        """A filter by an attribute that the product does not know is refused, and noted: nobody should send one."""
        names = "+".join(name for name, _value in self._filters(request))
        if names and names not in known:
            self.problems.append(f"{request.full_path}: the product cannot filter by {names}")
            raise refusal(self.profile.unknown_filter, f"Filtering by {names} is not supported", "invalidFilter")

    def _matches(self, key: str, user: Body, name: str, value: str) -> bool:
        if name == "groups.value":
            return key in self.members.get(self._name_of(value), set())
        if name in ("emails.value", "email"):
            return self.email(user).casefold() == value.casefold()
        found = key if name == "id" else user.get(name)
        return found == value if name in ("id", "externalId") else str(found).casefold() == value.casefold()

    def _group_matches(self, name: str, attribute: str, value: str) -> bool:
        if attribute == "member":
            return value in self.members[name]
        return value == {"displayName": name, "id": self.group_ids[name]}[attribute]

    def _name_of(self, group_id: str) -> str:
        return next((name for name, key in self.group_ids.items() if key == group_id), "")

    def _page(self, request: Request, entries: list[Body]) -> t.Any:
        known = {"filter", "count", "startIndex", "cursor"} | self.profile.parameters
        if unknown := set(request.args) - known:
            raise self._wrong(request, f"unknown parameters {sorted(unknown)}")
        largest = self.profile.largest_page
        count = int(request.args.get("count", largest))
        if count > largest and self.profile.too_large != 200:
            raise self._wrong(request, f"count must be at most {largest}")
        count = min(count, largest)
        if self.profile.paging == "cursor":
            return self._page_by_cursor(request, entries, count)
        start = max(int(request.args.get("startIndex", 1)), 1)
        page = entries[start - 1 : start - 1 + count]
        answer = {"schemas": [_LIST], "totalResults": len(entries), "itemsPerPage": len(page), "startIndex": start}
        return 200, {**answer, self.profile.resources: page}

    def _page_by_cursor(self, request: Request, entries: list[Body], count: int) -> t.Any:
        if "startIndex" in request.args:
            raise self._wrong(request, "startIndex is not supported")
        cursor = request.args.get("cursor")
        if cursor is None:
            raise self._wrong(request, "without cursor only the first page comes back")
        start = int(cursor.removeprefix("c") or 0)
        following = {"nextCursor": f"c{start + count}"} if start + count < len(entries) else {}
        page = entries[start : start + count]
        return 200, {"schemas": [_LIST], "itemsPerPage": len(page), "Resources": page, **following}


def _text(literal: str) -> str:
    found: str = json.loads(literal) if literal.startswith('"') else literal
    return found
