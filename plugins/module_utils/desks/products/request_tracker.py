# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request Tracker 5 as a desk, through its REST 2.0."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing as t

from ...errors import Broken, NotFound, Refused
from ...http import Answer
from ...model import DeskSettings
from ...protocols.options import HTTP_OPTIONS
from ...protocols.sign_in import bearer
from ..contract import Desk, Letter, Reply, Ticket
from .request_tracker_messages import Messages
from .request_tracker_records import (
    NOT_OURS,
    OURS,
    WITH_MERGED,
    address,
    any_of,
    chunks,
    give,
    is_address,
    is_id,
    is_task,
    items_of,
    lacking,
    link,
    members,
    not_done,
    quoted,
    said,
    subject_for,
)
from .request_tracker_tickets import Tickets

_AT_ONCE = 50  # tasks looked for in one query: each is a condition that the database goes through
_EMERGENCY = "100"
_OPEN, _CHANGE = "CreateTicket", "ModifyTicket"  # who may change a ticket may answer it, too


class RequestTrackerDesk(Desk):
    """Tickets in queues. A ticket carries its task at the end of its subject, and counts only where we opened it.

    RT answers 200 or 201 to changes that it did not make: what was changed is read back. Its searches leave out what
    may not be seen, what was merged and what was deleted; what a list leaves out is therefore asked for by itself.

    Source: https://docs.bestpractical.com/rt/5.0.5/RT/REST2.html
    """

    type = "request_tracker"
    options: t.ClassVar[t.Mapping[str, str]] = {"base_url": "required", "token": "secret", **HTTP_OPTIONS}
    places: t.ClassVar[t.Mapping[str, str]] = {
        "queue": "required",
        "priority": "optional",
        "emergency_priority": "optional",
    }
    # the statuses of RT's own lifecycle "default": https://docs.bestpractical.com/rt/5.0.5/customizing/lifecycles.html
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("open", "new", "stalled"),
        "done": ("resolved",),
        "declined": ("rejected",),
        "cancelled": (),
    }

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(settings, connection)
        token = bearer(self.options_given.text("token").strip(), "token")
        # in English, since an answer of 200 has to be read to know what was not done
        self.session = self.options_given.session(sign_in=token, headers={"Accept-Language": "en"})
        self._site = re.sub(r"/REST/2\.0/?$", "", self.session.base_url)
        self._tickets = Tickets(self.session, self._site)
        self._messages = Messages(self.session)

    # reading

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        where = self.where("find")
        for chunk in chunks((task for task in tasks if is_task(task)), _AT_ONCE):
            marks = any_of(f"Subject LIKE {quoted(f'[rollcall {task}]')}" for task in chunk)
            for ticket in self._tickets.listed(f"{WITH_MERGED} AND {OURS} AND {marks}", where):
                if ticket.task in chunk:
                    yield ticket

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        where = self.where("read")
        wanted = [reference for reference in references if is_id(reference)]
        found = self._tickets.by_id(wanted, where)
        missing = [reference for reference in dict.fromkeys(wanted) if reference not in found]
        found.update(self._tickets.left_out(missing, where))
        into = {ticket.merged_into for ticket in found.values()} - {"", *found}
        found_into = {**found, **self._tickets.by_id(into, where)}
        read = {name: self._with_merged(found[name], found_into) for name in wanted if name in found}
        return self._with_changers(read, where)

    def _with_merged(self, ticket: Ticket, known: t.Mapping[str, Ticket]) -> Ticket:
        """A merged ticket is what the one says that it became part of; its own state stays as it was at the time."""
        into = known.get(ticket.merged_into)
        if into is None:
            return ticket
        return dataclasses.replace(into, reference=ticket.reference, task=ticket.task, merged_into=into.reference)

    def _with_changers(self, tickets: dict[str, Ticket], where: str) -> dict[str, Ticket]:
        """Tickets with who brought them into the state they are in, where that is no open one."""
        ended = {name: ticket for name, ticket in tickets.items() if self.meaning(ticket) not in ("", "open")}
        changers = self._messages.changers([ticket.merged_into or name for name, ticket in ended.items()], where)
        for name, ticket in ended.items():
            by = changers.get(ticket.merged_into or name, "")
            tickets[name] = dataclasses.replace(ticket, changed_by=by)
        return tickets

    def replies(self, reference: str) -> tuple[Reply, ...]:
        return self._messages.replies(reference, self.where("replies", reference)) if is_id(reference) else ()

    def said(self, reference: str) -> tuple[str, ...]:
        return self._messages.ours(reference, self.where("said", reference)) if is_id(reference) else ()

    def requested(self) -> t.Iterator[Ticket]:
        where = self.where("requests")
        queue = self.settings.requests.get("queue", "")
        opens = self.state_map.get("open", ())
        if not queue or not opens:
            return
        active = any_of(f"Status = {quoted(word)}" for word in opens)
        for ticket in self._tickets.listed(f"Queue = {quoted(queue)} AND {active} AND {NOT_OURS}", where):
            yield dataclasses.replace(ticket, text=self._messages.first_text(ticket.reference, where))

    # writing

    def open(self, letter: Letter) -> Ticket:
        where = self.where("open", letter.task)
        place = {**self.settings.place, **letter.place}
        known = self._user(letter.owner, where)
        urgent = letter.urgency == "emergency"
        priority = place.get("emergency_priority", _EMERGENCY) if urgent else place.get("priority", "")
        body: dict[str, t.Any] = {
            "Queue": place.get("queue", ""),
            "Subject": subject_for(letter.title, letter.task),
            "Content": letter.text,
            "ContentType": "text/plain",
            "Due": f"{letter.due.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M:%S}",
        }
        if known:
            body["Owner"] = known
        elif is_address(letter.owner):
            body["Cc"] = [letter.owner]
        if is_address(letter.requester):
            body["Requestor"] = [letter.requester]
        if priority:
            body["Priority"] = priority
        made = self._send("POST", "ticket", body, where, _OPEN).body
        id = str(made.get("id")) if isinstance(made, dict) else ""
        if not is_id(id):
            raise Broken("RT does not say the number of the ticket that it opened", where=where)
        ticket = self._tickets.by_id([id], where).get(id)
        if ticket is None:  # opened, and not to be seen: the number is kept, and the next read says what is missing
            return Ticket(id, letter.task, title=body["Subject"], link=link(self._site, id))
        if known and not ticket.assignee:  # what they may not own they get as a copy, the whole text too
            self._copy_to(id, letter.owner, where)
            self._say(ticket, f"{letter.owner} may not own tickets in this queue.\n\n{letter.text}", where)
        return ticket

    def comment(self, reference: str, text: str) -> None:
        where = self.where("comment", reference)
        self._say(self._there(reference, where), text, where)

    def reassign(self, reference: str, owner: str) -> bool:
        where = self.where("reassign", reference)
        ticket = self._there(reference, where)
        known = self._user(owner, where)
        if known:
            if ticket.assignee.casefold() == owner.casefold():
                return True
            answer = self._send("PUT", f"ticket/{reference}", {"Owner": known}, where, _CHANGE)
            if self._there(reference, where).assignee.casefold() == owner.casefold():
                return True
            if not re.search(r"may not own|does not exist", said(answer)):
                raise not_done(f"the owner to {owner}", answer, f"{_CHANGE} and ReassignTicket", where)
        if is_address(owner):
            self._copy_to(reference, owner, where)
        return False

    def close(self, reference: str, meaning: str, text: str) -> None:
        where = self.where("close", reference)
        ticket = self._there(reference, where)
        status = self.state_for(meaning)
        if self.meaning(ticket) != meaning and ticket.state != status:
            self._set(ticket, status, text, where)

    def reopen(self, reference: str, text: str) -> None:
        where = self.where("reopen", reference)
        ticket = self._there(reference, where)
        if self.meaning(ticket) == "open":
            self._say(ticket, text, where)
        else:
            self._set(ticket, self.state_for("open"), text, where)

    def close_session(self) -> None:
        self.session.close()

    def _there(self, reference: str, where: str) -> Ticket:
        wanted = [reference] if is_id(reference) else []
        ticket = self._tickets.by_id(wanted, where).get(reference)
        if ticket is None:
            ticket = self._tickets.left_out(wanted, where).get(reference)
            if ticket is None or ticket.gone:
                raise NotFound(f"there is no ticket {reference!r} any more", where=where)
            raise Refused(f"ticket {reference} may not be seen", where=where, todo=give("ShowTicket"))
        return ticket

    def _say(self, ticket: Ticket, text: str, where: str, **more: str) -> Answer:
        """Write at a ticket. RT brings an ended ticket back when it is answered: there it is a comment, unless the
        status is set in the same breath, which it is after the text was added."""
        answering = self.meaning(ticket) in ("open", "") or bool(more)
        kind = "correspond" if answering else "comment"
        body = {"Content": text, "ContentType": "text/plain", **more}
        return self._send("POST", f"ticket/{ticket.reference}/{kind}", body, where, _CHANGE)

    def _set(self, ticket: Ticket, status: str, text: str, where: str) -> None:
        if text.strip():
            answer = self._say(ticket, text, where, Status=status)
        else:
            answer = self._send("PUT", f"ticket/{ticket.reference}", {"Status": status}, where, _CHANGE)
        if self._there(ticket.reference, where).state.casefold() != status.casefold():
            raise not_done(f"the status to {status!r}", answer, _CHANGE, where)

    def _user(self, owner: str, where: str) -> str:
        """Return the name of the user of an address, or "" where RT knows none."""
        if not is_address(owner):
            return ""
        query = [{"field": "EmailAddress", "operator": "=", "value": owner}]
        answer = self.session.request(
            "POST", "users?fields=Name,EmailAddress&per_page=100", where=where, body=query, read_only=True
        )
        same = [one for one in items_of(answer.body, where) if address(one).casefold() == owner.casefold()]
        return str(same[0].get("Name") or "") if same else ""

    def _copy_to(self, reference: str, owner: str, where: str) -> None:
        """Make an address that cannot own the ticket a Cc, so that mail about it gets there."""
        record = self.session.get(f"ticket/{reference}", where=where).body
        body = {"Cc": [*members(record.get("Cc")), owner]}
        answer = self._send("PUT", f"ticket/{reference}", body, where, _CHANGE)
        if "Denied" in said(answer):
            raise not_done(f"{owner} as Cc", answer, _CHANGE, where)

    def _send(self, method: str, path: str, body: t.Any, where: str, right: str) -> Answer:
        try:
            return self.session.request(method, path, where=where, body=body)
        except Refused as error:
            denied = re.search("permission", error.message, re.IGNORECASE)
            if error.details.get("status") == 403 or (error.details.get("status") == 400 and denied):
                raise lacking(right, error) from None
            raise
