# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ServiceNow as a desk, as far as it is read."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...errors import Broken, NotFound, Refused
from ...model import DeskSettings
from ...protocols.options import HTTP_OPTIONS
from ...protocols.servicenow_sign_in import CREDENTIALS, servicenow_sign_in
from ..contract import Desk, Reply, Ticket
from .servicenow_rows import FIELDS, MARK, OF_INCIDENTS, read_text, replies_from, state_of, ticket_from
from .servicenow_table import ID, SAFE, Row, TableApi, checked_id, chunks, table_name, value

_NUMBER = re.compile(r"[A-Z]{1,20}[0-9]{3,20}", re.ASCII)
TASK = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


class ServiceNowReading(Desk):
    """Rows of Task and of the tables that extend it as tickets. How they are written is in the subclass."""

    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        **CREDENTIALS,
        "journal": "optional",
        "close_code": "optional",
        **HTTP_OPTIONS,
    }
    places: t.ClassVar[t.Mapping[str, str]] = {"table": "optional", "assignment_group": "optional"}
    #: states, by name or number, and resolution codes of incidents that are resolved
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("In Progress", "Work in Progress", "New", "Open", "On Hold", "Pending", "Assigned"),
        "done": ("Resolved", "Closed Complete", "Closed"),
        "declined": ("Canceled", "Closed Incomplete", "Closed Skipped", "No resolution provided", "Duplicate"),
    }

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(settings, connection)
        sign_in = servicenow_sign_in(self.options_given, self.where("signing in"))
        secrets = [self.options_given.text(name).strip() for name in ("password", "client_secret")]
        self.api = TableApi(self.options_given.session(sign_in=sign_in, secrets=secrets))
        self.journal = self.options_given.choice("journal", ("work_notes", "comments"), "work_notes")
        self.close_code = self.options_given.text("close_code", "Solution provided")
        base = self.options_given.text("base_url").rstrip("/")
        self.link = f"{base}/nav_to.do?uri=%2Ftask.do%3Fsys_id%3D"
        self._user: Row | None = None
        self._groups: dict[str, str] = {}

    def close_session(self) -> None:
        self.api.session.close()

    # reading

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        wanted = sorted({task for task in tasks if TASK.fullmatch(task)})
        where = self.where("find")
        for chunk in chunks(wanted):
            query = f"correlation_display={MARK}^correlation_idIN{','.join(chunk)}"
            for ticket in self._tickets(query, where, "correlation_id", chunk):
                if ticket.task:
                    yield ticket

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        wanted = [one for one in dict.fromkeys(references) if _NUMBER.fullmatch(one)]
        where = self.where("read")
        found: dict[str, Ticket] = {}
        for chunk in chunks(wanted):
            query = f"numberIN{','.join(chunk)}"
            for ticket in self._tickets(query, where, "number", chunk):
                # numbers are unique by custom only: of two, ours is the one that is meant
                if ticket.reference not in found or ticket.task:
                    found[ticket.reference] = ticket
        return found

    def _tickets(self, query: str, where: str, field: str, asked: t.Collection[str]) -> list[Ticket]:
        """Return the tickets of a query, which asks for some values of a field."""
        rows = self.api.rows("task", query, FIELDS, where)
        if any(value(row, field) not in asked for row in rows):
            # an instance leaves out conditions that it does not understand, and shows all rows then
            raise Broken("rows were shown that were not asked for", where=where)
        details: dict[str, Row] = {}
        for kind in sorted({value(row, "sys_class_name") for row in rows}):
            details.update(self._details(kind, [row for row in rows if value(row, "sys_class_name") == kind], where))
        return [self._ticket({**row, **details.get(value(row, "sys_id"), {})}, where) for row in rows]

    def _details(self, kind: str, rows: t.Sequence[Row], where: str) -> dict[str, Row]:
        """Return what the table of a kind of task has besides what all tasks have, where it is needed."""
        custom = [name for name in self.settings.fields.values() if name not in FIELDS]
        fields = [*custom, *(OF_INCIDENTS if kind == "incident" else ())]
        if kind == "incident" and not custom:
            rows = [row for row in rows if self.meaning(self._ticket(row, where)) != "open"]
        found: dict[str, Row] = {}
        for chunk in chunks([value(row, "sys_id") for row in rows]) if fields else ():
            for row in self.api.rows(table_name(kind, where), f"sys_idIN{','.join(chunk)}", fields, where):
                found[value(row, "sys_id")] = row
        return found

    def _ticket(self, row: Row, where: str) -> Ticket:
        words = {meaning: {word.casefold() for word in of} for meaning, of in self.state_map.items()}
        known = {word for of in words.values() for word in of}
        other = words.get("declined", set()) | words.get("cancelled", set())
        state = state_of(row, known, words.get("done", set()), other)
        by = value(row, "resolved_by.email") or value(row, "closed_by.email") or value(row, "sys_updated_by")
        me = value(self._me(where), "user_name")
        ticket = ticket_from(row, state, me=me, link=self.link, custom=self.settings.fields.values())
        return dataclasses.replace(ticket, changed_by=by if self.meaning(ticket) not in ("open", "") else "")

    def replies(self, reference: str) -> tuple[Reply, ...]:
        where = self.where("replies", reference)
        row, me = self._row(reference, where), value(self._me(where), "user_name")
        id = value(row, "sys_id")
        query = f"element_id={id}^elementINcomments,work_notes"
        fields = ("element_id", "value", "sys_created_by", "sys_created_on")
        journal = self.api.rows("sys_journal_field", query, fields, where)
        fields = ("table_sys_id", "file_name", "sys_created_by", "sys_created_on")
        files = self.api.rows("sys_attachment", f"table_sys_id={id}", fields, where)
        if any(value(one, "element_id") != id for one in journal) or any(
            value(one, "table_sys_id") != id for one in files
        ):
            raise Broken("rows of another ticket were shown", where=where)
        names = sorted({value(one, "sys_created_by") for one in (*journal, *files)} - {me})
        people = []
        for chunk in chunks([name for name in names if SAFE.fullmatch(name)]):
            people += self.api.rows("sys_user", f"user_nameIN{','.join(chunk)}", ("user_name", "email"), where)
        addresses = {value(one, "user_name"): value(one, "email") for one in people if value(one, "email")}

        def content(file: Row) -> bytes:
            return self.api.session.file(
                f"api/now/attachment/{checked_id(value(file, 'sys_id'), where)}/file", where=where
            )

        return replies_from(journal, files, content, addresses, me)

    def said(self, reference: str) -> tuple[str, ...]:
        where = self.where("said", reference)
        row, me = self._row(reference, where), value(self._me(where), "user_name")
        id = value(row, "sys_id")
        query = f"element_id={id}^elementINcomments,work_notes"
        journal = self.api.rows("sys_journal_field", query, ("element_id", "value", "sys_created_by"), where)
        if any(value(one, "element_id") != id for one in journal):
            raise Broken("rows of another ticket were shown", where=where)
        return tuple(read_text(value(one, "value")) for one in journal if value(one, "sys_created_by") == me)

    def requested(self) -> t.Iterator[Ticket]:
        if not self.settings.requests:
            return
        where = self.where("requested")
        table = table_name(self.settings.requests.get("table") or "incident", where)
        group = self._group(self.settings.requests.get("assignment_group", ""), where)
        if not group:
            todo = "Name the assignment_group that requests for access go to"
            raise Refused("all tasks of a table are no requests for access", where=where, todo=todo)
        query = f"active=true^assignment_group={group}"
        fields = (*FIELDS, "assignment_group", *(OF_INCIDENTS if table == "incident" else ()))
        me = value(self._me(where), "user_name")
        for row in self.api.rows(table, query, fields, where):
            if value(row, "assignment_group") != group:
                raise Broken("rows were shown that were not asked for", where=where)
            ticket = self._ticket(row, where)
            if value(row, "sys_created_by") != me and self.meaning(ticket) == "open":
                yield ticket

    # what these need

    def _row(self, reference: str, where: str) -> Row:
        """Return the task of a number. Raises NotFound."""
        rows = []
        if _NUMBER.fullmatch(reference):
            rows = self.api.rows("task", f"number={reference}", FIELDS, where)
        if any(value(row, "number") != reference for row in rows):
            raise Broken("rows were shown that were not asked for", where=where)
        if not rows:
            raise NotFound(f"there is no task with the number {reference!r}", where=where)
        return next((row for row in rows if value(row, "correlation_display") == MARK), rows[0])

    def _me(self, where: str) -> Row:
        """Return the user who signs in. Asked once."""
        if self._user is None:
            rows = self.api.rows("sys_user", "sys_id=javascript:gs.getUserID()", ("user_name", "email"), where)
            if len(rows) != 1:
                todo = "Let the user who signs in see the own row of sys_user"
                raise Broken(f"expected the user who signs in, found {len(rows)} users", where=where, todo=todo)
            self._user = rows[0]
        return self._user

    def _person(self, address: str, where: str) -> str:
        """Return the id of the one active user of an address; empty where there is none, or several."""
        address = address.strip()
        if "@" not in address or " " in address or not SAFE.fullmatch(address):
            return ""
        rows = self.api.rows("sys_user", f"email={address}^active=true", ("email", "active"), where)
        same = [row for row in rows if value(row, "email").casefold() == address.casefold()]
        return value(same[0], "sys_id") if len(same) == 1 and len(rows) == 1 else ""

    def _group(self, name: str, where: str) -> str:
        """Return the id of an assignment group that is given by its name or id; empty for none."""
        if not name or ID.fullmatch(name):
            return name
        if name not in self._groups:
            if not SAFE.fullmatch(name):
                raise Refused(f"{name!r} cannot be looked for; give the group's sys_id", where=where)
            rows = self.api.rows("sys_user_group", f"name={name}^active=true", ("name", "active"), where)
            same = [row for row in rows if value(row, "name").casefold() == name.casefold()]
            if len(same) != 1:
                todo = "Look at its name, or give its sys_id"
                raise Refused(f"expected one active group {name!r}, found {len(same)}", where=where, todo=todo)
            self._groups[name] = value(same[0], "sys_id")
        return self._groups[name]
