# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tickets of Request Tracker by list, and by themselves where a list leaves them out."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ...errors import Broken, NotFound, Refused
from ...http import Session
from ..contract import Ticket
from .request_tracker_records import (
    OURS,
    PAGE,
    TICKET_FIELDS,
    WITH_MERGED,
    any_of,
    chunks,
    clock,
    effective_id,
    is_id,
    items_of,
    lacking,
    link,
    task_in,
    ticket_from,
)

#: So many may have been moved to where we cannot see them; with more of them a right was taken away.
_MOST_HIDDEN = 10
_HIDDEN = "not to be seen with our rights"  # a state that means nothing, so that a person is asked to look


class Tickets:
    """Reads tickets. ``site`` is the address of RT's web pages."""

    def __init__(self, session: Session, site: str) -> None:
        self.session = session
        self._site = site
        self._us = ""

    def by_id(self, references: t.Iterable[str], where: str) -> dict[str, Ticket]:
        """Return those that a list has: not the deleted ones, and not those that may not be seen."""
        found: dict[str, Ticket] = {}
        for chunk in chunks(references, PAGE):
            asked = any_of(f"id = {reference}" for reference in chunk)
            tickets = self.listed(f"{WITH_MERGED} AND {asked}", where, len(chunk))
            listed = {ticket.reference: ticket for ticket in tickets}
            if not set(listed) <= set(chunk):
                raise Broken("RT answered with tickets that were not asked for", where=where)
            found.update(listed)
        return found

    def listed(self, query: str, where: str, most: int = 0) -> t.Iterator[Ticket]:
        """Yield the tickets of a query by rising id; where one page ends the next is asked for by the id.

        ``most`` is how many there can be, where that is known.
        """
        last = count = 0
        while True:
            form = {**TICKET_FIELDS, "query": f"({query}) AND id > {last}", "orderby": "id", "order": "ASC"}
            answer = self.session.request("POST", "tickets", where=where, form=form, read_only=True)
            items = items_of(answer.body, where)
            us = self._own_name(where) if any(task_in(str(one.get("Subject"))) for one in items) else ""
            for record in items:
                id = str(record.get("id"))
                if not is_id(id) or int(id) <= last:
                    raise Broken(f"expected tickets by rising id after {last}, found {id!r}", where=where)
                last = int(id)
                ticket = ticket_from(record, us, self._site, clock(answer.headers), str(time.time_ns()))
                into = effective_id(record)
                yield dataclasses.replace(ticket, merged_into="" if into == id else into)
            count += len(items)
            if len(items) < PAGE or count == most:
                return

    def left_out(self, references: t.Iterable[str], where: str) -> dict[str, Ticket]:
        """Return what there is of tickets that a list left out: the deleted, and those that were moved to where they
        may not be seen, of which nothing is known but that they are there.

        Raises Refused where none of ours can be seen, or many cannot: what cannot be seen was not deleted.
        """
        found: dict[str, Ticket] = {}
        hidden = 0
        for reference in references:
            try:
                answer = self.session.get(f"ticket/{reference}", where=f"{where} {reference}")
            except NotFound:
                continue
            except Refused as error:
                if error.details.get("status") != 403:
                    raise
                hidden += 1
                if hidden > _MOST_HIDDEN or (hidden == 1 and not self._ours_seen(where)):
                    raise lacking("ShowTicket", error) from None
                found[reference] = Ticket(reference, "", _HIDDEN, link=link(self._site, reference), version=_HIDDEN)
            else:
                us, now = self._own_name(where), clock(answer.headers)
                found[reference] = ticket_from(answer.body, us, self._site, now, str(time.time_ns()))
        return found

    def _own_name(self, where: str) -> str:
        """Return our name at RT, which it says only by what is ours; empty as long as we have opened nothing."""
        self._us = self._us or self._ours_seen(where)
        return self._us

    def _ours_seen(self, where: str) -> str:
        """Return who opened some ticket of ours that can be seen; empty where there is none."""
        # the newest first, and some of them: with $UseSQLForACLChecks off, hidden ones leave gaps in a page
        form = {"query": OURS, "fields": "Creator", "orderby": "id", "order": "DESC", "per_page": "20"}
        answer = self.session.request("POST", "tickets", where=where, form=form, read_only=True)
        creators = [one.get("Creator") for one in items_of(answer.body, where)]
        return next((str(one.get("id") or "") for one in creators if isinstance(one, dict)), "")
