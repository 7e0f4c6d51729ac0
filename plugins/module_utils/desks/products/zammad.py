# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tickets of Zammad."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...errors import NotFound, Refused
from ...model import DeskSettings
from ...protocols.options import HTTP_OPTIONS
from ...protocols.sign_in import bearer
from ..contract import Attachment, Desk, Letter, Reply, Ticket
from ..marks import task_in
from ..moments import moment
from .zammad_articles import address_in, article, field_text, short, text_of
from .zammad_client import NEEDS, ZammadClient

_TAG = "rollcall"
_KEY = "rollcall_task"  # in a ticket's preferences, which people do not see
_ID = re.compile(r"[1-9][0-9]{0,17}")


class ZammadDesk(Desk):
    """Tickets of Zammad, opened by a user of our own who is an agent.

    A ticket carries its task's id among its ``preferences``, and the tag by which ours are listed. Articles are plain
    text, and internal at our own tickets: customers do not see them. What somebody else has opened is answered in
    public. Zammad has no state for a refusal: make one named ``declined``, or name yours in the catalog.

    Source: https://docs.zammad.org/en/latest/api/ticket/index.html and .../articles.html
    """

    type = "zammad"
    options: t.ClassVar[t.Mapping[str, str]] = {"base_url": "required", "token": "secret", **HTTP_OPTIONS}
    places: t.ClassVar[t.Mapping[str, str]] = {"group": "required"}
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("open", "new", "pending reminder", "pending close"),
        "done": ("closed",),
        "declined": ("declined",),
        "cancelled": ("removed",),
    }

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(settings, connection)
        token = self.options_given.text("token").strip()
        self.client = ZammadClient(self.options_given.session(sign_in=bearer(token, "Token token=")))

    def state_for(self, meaning: str) -> str:
        """A ticket that has become needless is closed: the state ``removed`` is switched off, as it comes."""
        if meaning == "cancelled" and "cancelled" not in self.settings.states:
            return super().state_for("done")
        return super().state_for(meaning)

    # finding

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        where = self.where("find")
        wanted = set(tasks)
        if not wanted:
            return
        records = self.client.tickets({"ticket.tags": {"operator": "contains one", "value": _TAG}}, where)
        if not records:
            self._check_sight(where)
        for record in records:
            if self._task_of(record, where) in wanted:
                yield self._ticket(record, where)

    def _check_sight(self, where: str) -> None:
        """Of groups that may not be seen Zammad lists nothing, without a word; a user's own groups say so."""
        group = self.settings.place.get("group", "")
        if not self.client.may_read(group, where):
            raise Refused(
                f"Zammad shows no ticket of the group {group}; this needs {NEEDS}",
                where=where,
                todo="Give the group to the token's user itself: what comes with a role is not shown",
            )

    def open(self, letter: Letter) -> Ticket:
        where = self.where("open", f"task {letter.task}")
        body = {
            "title": short(letter.title),
            "group": {**self.settings.place, **letter.place}.get("group", ""),
            "customer_id": self.client.us(where).get("id"),
            "state": self._first_state(),
            "tags": _TAG,
            "preferences": {_KEY: letter.task},
            "article": article(letter.text, internal=True),
        }
        owner = address_in(letter.owner)
        try:
            record = self.client.write("POST", "api/v1/tickets", {**body, **({"owner": owner} if owner else {})}, where)
        except Refused as error:
            if error.details.get("status") != 422 or not owner:
                raise
            # nothing was opened: nobody has that address, or something else is wrong, which comes again
            record = self.client.write("POST", "api/v1/tickets", body, where)
        return self._ticket(record, where)

    def _first_state(self) -> str:
        words = self.state_map.get("open", ())
        return next((word for word in words if word.casefold() == "new"), self.state_for("open"))

    # reading

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        where = self.where("read")
        wanted = {int(reference): reference for reference in references if _ID.fullmatch(reference)}
        records = self.client.tickets_of(sorted(wanted), where)
        found = {}
        for id, reference in wanted.items():
            record = records.get(id) or self.client.ticket(id, self.where("read", reference))
            if record is not None:
                found[reference] = self._ticket(record, where)
        return found

    def _there(self, reference: str, where: str) -> t.Any:
        record = self.client.ticket(int(reference), where) if _ID.fullmatch(reference) else None
        if record is None:
            raise NotFound("there is no such ticket", where=where)
        return record

    def _is_ours(self, record: t.Any, where: str) -> bool:
        return bool(record.get("created_by_id") == self.client.us(where).get("id"))

    def _task_of(self, record: t.Any, where: str) -> str:
        if not self._is_ours(record, where):
            return ""
        return str((record.get("preferences") or {}).get(_KEY) or task_in("", record.get("title") or ""))

    def _ticket(self, record: t.Any, where: str) -> Ticket:
        state, id = str(record.get("state") or ""), int(record["id"])
        merged = self.client.merged_into(id, where) if state == "merged" else 0
        ticket = Ticket(
            reference=str(id),
            task=self._task_of(record, where),
            state=state,
            title=record.get("title") or "",
            place=record.get("group") or "",
            assignee=self.client.address(record.get("owner_id"), record.get("owner"), where),
            link=f"{self.client.session.base_url}/#ticket/zoom/{id}",
            version=f"{record.get('updated_at')} {record.get('article_count')}",
            fields={name: field_text(record.get(name)) for name in self.settings.fields.values() if name in record},
            merged_into=str(merged) if merged else "",
        )
        return self._with_closer(ticket, record, where)

    def _with_closer(self, ticket: Ticket, record: t.Any, where: str) -> Ticket:
        """Who changed a ticket last is, of an ended one, who ended it: Zammad does not say so more exactly."""
        if self.meaning(ticket) in ("", "open"):
            return ticket
        by = self.client.address(record.get("updated_by_id"), record.get("updated_by"), where)
        return dataclasses.replace(ticket, changed_by=by)

    def replies(self, reference: str) -> tuple[Reply, ...]:
        where = self.where("replies", reference)
        if not _ID.fullmatch(reference):
            raise NotFound("there is no such ticket", where=where)
        articles = self.client.articles(int(reference), where)
        us = self.client.us(where).get("id")
        return tuple(
            self._reply(int(reference), one, where)
            for one in articles[1:]
            if one.get("created_by_id") != us and one.get("sender") != "System"
        )

    def said(self, reference: str) -> tuple[str, ...]:
        where = self.where("said", reference)
        record, us = self._there(reference, where), self.client.us(where).get("id")
        articles = self.client.articles(int(record["id"]), where)
        return tuple(text_of(one) for one in articles[1:] if one.get("created_by_id") == us)

    def _reply(self, ticket: int, found: t.Any, where: str) -> Reply:
        files = []
        for file in found.get("attachments") or ():
            if (file.get("preferences") or {}).get("content-alternative"):
                continue  # the mail itself once more, as HTML
            path = f"api/v1/ticket_attachment/{ticket}/{found['id']}/{file['id']}"
            files.append(Attachment(str(file.get("filename") or "file"), self.client.session.file(path, where=where)))
        by = self.client.address(found.get("created_by_id"), found.get("created_by"), where)
        return Reply(str(found["id"]), by, text_of(found), moment(found.get("created_at")), tuple(files))

    def requested(self) -> t.Iterator[Ticket]:
        group = self.settings.requests.get("group", "").casefold()
        if not group:
            return
        where = self.where("requested")
        states = self.client.states(where)
        ids = [str(states[word.casefold()]) for word in self.state_map.get("open", ()) if word.casefold() in states]
        for record in self.client.tickets({"ticket.state_id": {"operator": "is", "value": ids}}, where):
            if str(record.get("group") or "").casefold() == group and not self._is_ours(record, where):
                articles = self.client.articles(int(record["id"]), where)
                yield dataclasses.replace(
                    self._ticket(record, where),
                    text=text_of(articles[0]) if articles else "",
                    requester=self.client.address(record.get("customer_id"), record.get("customer"), where),
                )

    # writing

    def comment(self, reference: str, text: str) -> None:
        where = self.where("comment", reference)
        record = self._there(reference, where)
        body = {"ticket_id": record["id"], **self._article_at(record, text, where)}
        self.client.write("POST", "api/v1/ticket_articles", body, where)

    def reassign(self, reference: str, owner: str) -> bool:
        where = self.where("reassign", reference)
        id, address = self._there(reference, where)["id"], address_in(owner)
        if not address:
            return False
        try:
            record = self.client.write("PUT", f"api/v1/tickets/{id}", {"owner": address}, where)
        except Refused as error:
            if error.details.get("status") == 422:
                return False
            raise
        # who may not own tickets of the group is left out, and Zammad says nothing
        return self.client.address(record.get("owner_id"), record.get("owner"), where).casefold() == address

    def close(self, reference: str, meaning: str, text: str) -> None:
        where = self.where("close", reference)
        record = self._there(reference, where)
        ticket, state = self._ticket(record, where), self.state_for(meaning)
        if self.meaning(ticket) == meaning or ticket.state.casefold() == state.casefold():
            return
        try:
            self._change(record, state, text, where)
        except Refused as error:
            usual = super().state_for("done")
            if error.details.get("status") != 422 or meaning == "done" or state == usual:
                raise
            self._change(record, usual, text, where)  # this Zammad has no state of that name: the text says the rest

    def reopen(self, reference: str, text: str) -> None:
        where = self.where("reopen", reference)
        record = self._there(reference, where)
        if self.meaning(self._ticket(record, where)) == "open":
            self.comment(reference, text)
        else:
            self._change(record, self.state_for("open"), text, where)

    def _change(self, record: t.Any, state: str, text: str, where: str) -> None:
        body = {"state": state, "article": self._article_at(record, text, where)}
        self.client.write("PUT", f"api/v1/tickets/{record['id']}", body, where)

    def _article_at(self, record: t.Any, text: str, where: str) -> dict[str, t.Any]:
        return article(text, internal=self._is_ours(record, where))

    def close_session(self) -> None:
        self.client.session.close()
