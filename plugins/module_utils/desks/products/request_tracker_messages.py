# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was written at tickets of Request Tracker, and who changed their status: its transactions."""

from __future__ import annotations

import base64
import binascii
import typing as t

from ...errors import Broken
from ...http import Session
from ..contract import Attachment, Reply
from ..plain_text import plain_text
from .request_tracker_records import NOT_OURS, OURS, PAGE, address, any_of, chunks, is_id, items_of, moment

_AT_TICKETS = "ObjectType = 'RT::Ticket'"
_SAID = "(Type = 'Correspond' OR Type = 'Comment')"
_OPENED_BY_US = f"(Type = 'Create' AND {OURS})"
_LINKED = "Type = 'AddLink'"
_FIELDS = {
    "fields": "Type,Field,ObjectId,Creator,Created",
    "fields[Creator]": "Name,EmailAddress",
    "per_page": str(PAGE),
}


class Messages:
    """Reads transactions and what is attached to them. Source: https://docs.bestpractical.com/rt/5.0.5/RT/REST2.html"""

    def __init__(self, session: Session) -> None:
        self.session = session

    def replies(self, reference: str, where: str) -> tuple[Reply, ...]:
        """Return what others than us wrote at a ticket.

        Of one that we did not open, and that another one became part of, only what was written since: what stands
        before is no answer to us.
        """
        query = (
            f"{_AT_TICKETS} AND ObjectId = {reference} AND (({_SAID} AND {NOT_OURS}) OR {_OPENED_BY_US} OR {_LINKED})"
        )
        said: list[dict[str, t.Any]] = []
        ours = False
        for record in self._transactions(query, where):
            if record.get("Type") == "Create":
                ours = True
            elif record.get("Type") == "AddLink":
                said = said if ours or record.get("Field") != "MergedInto" else []
            else:
                said.append(record)
        return tuple(self._reply(record, where) for record in said)

    def ours(self, reference: str, where: str) -> tuple[str, ...]:
        """Return what we wrote at a ticket after it was opened."""
        query = f"{_AT_TICKETS} AND ObjectId = {reference} AND {_SAID} AND {OURS}"
        return tuple(self._reply(record, where).text for record in self._transactions(query, where))

    def first_text(self, reference: str, where: str) -> str:
        """Return what a ticket was opened with."""
        query = f"{_AT_TICKETS} AND ObjectId = {reference} AND Type = 'Create'"
        for record in self._transactions(query, where):
            return self._reply(record, where).text
        return ""

    def changers(self, references: t.Collection[str], where: str) -> dict[str, str]:
        """Return who last changed the status, by ticket."""
        found: dict[str, str] = {}
        for chunk in chunks(references, PAGE):
            tickets = any_of(f"ObjectId = {reference}" for reference in chunk)
            for record in self._transactions(f"{_AT_TICKETS} AND Type = 'Status' AND {tickets}", where):
                found[str(record.get("ObjectId"))] = address(record.get("Creator"))
        return found

    def _transactions(self, query: str, where: str) -> t.Iterator[dict[str, t.Any]]:
        """Yield transactions by rising id. Those that may not be seen make a page short: only an empty one is the
        last, unless the first holds everything."""
        last, first = 0, True
        while True:
            form = {**_FIELDS, "query": f"{query} AND id > {last}", "orderby": "id", "order": "ASC"}
            answer = self.session.request("POST", "transactions", where=where, form=form, read_only=True)
            items = items_of(answer.body, where)
            for record in items:
                id = str(record.get("id"))
                if not is_id(id) or int(id) <= last:
                    raise Broken(f"expected transactions by rising id after {last}, found {id!r}", where=where)
                last = int(id)
                yield record
            if not items or (first and len(items) < PAGE):
                return
            first = False

    def _reply(self, record: dict[str, t.Any], where: str) -> Reply:
        plain: list[str] = []
        marked: list[str] = []
        files: list[Attachment] = []
        path = f"transaction/{record['id']}/attachments?fields=ContentType,Filename&per_page={PAGE}"
        for part in items_of(self.session.get(path, where=where).body, where):
            kind, name = str(part.get("ContentType") or ""), str(part.get("Filename") or "")
            if kind.startswith(("multipart/", "message/")) and not name:
                continue
            content = self._content(str(part.get("id")), where)
            if kind == "text/plain" and not name:
                plain.append(content.decode("utf-8", "replace"))
            elif kind == "text/html" and not name:
                marked.append(content.decode("utf-8", "replace"))
            else:
                files.append(Attachment(name or f"attachment-{part.get('id')}", content))
        # the same text usually comes in both forms
        text = "\n".join(plain) if any(one.strip() for one in plain) else "\n".join(plain_text(one) for one in marked)
        at = moment(record.get("Created"))
        return Reply(str(record["id"]), address(record.get("Creator")), text.strip("\n"), at, tuple(files))

    def _content(self, id: str, where: str) -> bytes:
        body = self.session.get(f"attachment/{id}", where=where).body
        try:
            return base64.b64decode(str(body.get("Content") or ""))
        except (AttributeError, ValueError, binascii.Error):
            raise Broken(f"attachment {id} cannot be read", where=where) from None
