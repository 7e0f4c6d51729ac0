# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tickets in Zammad's REST API: what is asked for, and what its refusals mean.

A search by ``query`` is that of an index that lags behind, or of a few columns where there is no index. A search by
``condition`` is one in the database and shows what was made a moment ago.

Source: https://docs.zammad.org/en/latest/api/intro.html#condition-based-search
Source: https://github.com/zammad/zammad (app/models/concerns/can_search.rb, lib/selector/sql.rb)
"""

from __future__ import annotations

import typing as t

from ...errors import AppError, Broken, NotFound
from ...http import Answer, Session
from ...protocols.paging import Paging, read_pages
from ..service import Service

NEEDS = "the permission ticket.agent, and in the ticket's group the rights read, create and change (or full)"
_SIZE = 100  # Zammad gives 200 at most, and does not say when it has given less than was asked for
_PAGES = Paging("page", "page", _SIZE, "per_page")
_NOBODY = 1  # Zammad's own user "-", who owns what nobody owns


class ZammadClient(Service):
    """A session, who we are at Zammad, and the addresses of people. All methods raise AppErrors."""

    product = "Zammad"
    needs = NEEDS

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._us: t.Mapping[str, t.Any] = {}
        self._addresses: dict[int, str] = {}

    def us(self, where: str) -> t.Mapping[str, t.Any]:
        """Return the token's own user."""
        if not self._us:
            self._us = self.record(self.get("api/v1/users/me", where, {"expand": "true"}).body, where)
        return self._us

    def may_read(self, group: str, where: str) -> bool:
        """Return whether the token's own user may read the tickets of a group, as far as it is given to them itself."""
        self._us = {}
        groups = self.us(where).get("groups") or {}
        rights = {right for name, given in groups.items() if name.casefold() == group.casefold() for right in given}
        return bool(rights & {"full", "read"})

    def write(
        self, method: str, path: str, body: t.Any, where: str, params: t.Mapping[str, t.Any] | None = None
    ) -> t.Any:
        """Send a change, and return what Zammad answers, with names beside the ids."""
        return super().write(method, path, body, where, {"expand": "true", **(params or {})})

    def tickets(self, condition: t.Mapping[str, t.Any], where: str) -> list[t.Any]:
        """Return all tickets that meet a condition, the oldest first. Of groups that may not be seen there are none."""

        def fetch(url: str, page: t.Mapping[str, t.Any]) -> Answer:
            return self._search(condition, page, where)

        return read_pages(fetch, _PAGES, lambda body: body, lambda entry: str(entry.get("id") or ""), where)

    def tickets_of(self, ids: t.Sequence[int], where: str) -> dict[int, t.Any]:
        """Return the tickets of these ids that are there and may be seen."""
        found: dict[int, t.Any] = {}
        for start in range(0, len(ids), _SIZE):
            asked = ids[start : start + _SIZE]
            condition = {"ticket.id": {"operator": "is", "value": [str(id) for id in asked]}}
            answer = self._search(condition, {"page": 1, "per_page": _SIZE}, where)
            if not isinstance(answer.body, list):
                raise Broken("expected a list of tickets", where=where)
            for ticket in answer.body:
                if ticket.get("id") not in asked or ticket["id"] in found:
                    raise Broken(f"Zammad answers with ticket {ticket.get('id')}, which was not asked for", where=where)
                found[ticket["id"]] = ticket
        return found

    def _search(self, condition: t.Mapping[str, t.Any], page: t.Mapping[str, t.Any], where: str) -> Answer:
        params = {"expand": "true", "sort_by": "id", "order_by": "asc", **page}
        try:
            return self.session.request(
                "POST",
                "api/v1/tickets/search",
                where=where,
                params=params,
                body={"condition": condition},
                read_only=True,
            )
        except AppError as error:
            raise self.meant(error) from None

    def ticket(self, id: int, where: str) -> t.Any:
        """Return one ticket, None for one that is not there. One that may not be seen is Refused."""
        try:
            return self.record(self.get(f"api/v1/tickets/{id}", where, {"expand": "true"}).body, where)
        except NotFound:
            return None

    def articles(self, id: int, where: str) -> list[t.Any]:
        """Return what was written at a ticket, the oldest first."""
        body = self.get(f"api/v1/ticket_articles/by_ticket/{id}", where).body
        if not isinstance(body, list):
            raise Broken("expected a list of articles", where=where)
        return sorted(body, key=lambda one: int(one["id"]))

    def merged_into(self, id: int, where: str) -> int:
        """Return the id of the ticket that a merged one became part of, 0 where that cannot be told.

        Merging moves every link of the ticket to the other one, and links the two as parent and child. Source:
        https://github.com/zammad/zammad (app/models/ticket.rb, merge_to)
        """
        params = {"link_object": "Ticket", "link_object_value": id}
        links = self.record(self.get("api/v1/links", where, params).body, where).get("links") or []
        others = {
            int(link["link_object_value"])
            for link in links
            if link.get("link_object") == "Ticket" and link.get("link_type") in ("parent", "child")
        }
        return others.pop() if len(others) == 1 else 0

    def states(self, where: str) -> dict[str, int]:
        """Return the ids of the states by name, in lower case."""
        body = self.get("api/v1/ticket_states", where).body
        if not isinstance(body, list):
            raise Broken("expected a list of states", where=where)
        return {str(one["name"]).casefold(): int(one["id"]) for one in body}

    def address(self, id: t.Any, login: t.Any, where: str) -> str:
        """Return the address of a user, or the login of one that has none; "" for nobody."""
        if not isinstance(id, int) or id == _NOBODY:
            return ""
        if id not in self._addresses:
            try:
                user = self.record(self.get(f"api/v1/users/{id}", where).body, where)
            except NotFound:
                user = {}
            self._addresses[id] = str(user.get("email") or "")
        return self._addresses[id] or str(login or "")
