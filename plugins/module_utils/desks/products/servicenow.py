# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ServiceNow as a desk: tasks are incidents, catalog tasks or rows of another table that extends Task."""

from __future__ import annotations

import datetime as dt
import typing as t

from ...errors import Broken, Refused
from ..contract import Letter, Ticket
from ..nearby import shortened
from .servicenow_reading import TASK, ServiceNowReading
from .servicenow_rows import FIELDS, MARK, is_close_code, journal_text, number_of
from .servicenow_table import Row, checked_id, shown, table_name, value

_LONGEST_TITLE = 160
_LONGEST_TEXT = 4000
_CUT_OFF = "\n(cut off here: the whole text is in Rollcall)"


class ServiceNowDesk(ServiceNowReading):
    """ServiceNow through its Table API: the task's id is the correlation id, and "rollcall" the correlation display.

    Source: https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html
    Source: https://www.servicenow.com/docs/r/platform-administration/table-administration-and-data-management/r_ImportantTaskTableFields.html
    """

    type = "servicenow"

    def open(self, letter: Letter) -> Ticket:
        where = self.where("open", f"task {letter.task}")
        if not TASK.fullmatch(letter.task):
            raise Broken(f"{letter.task!r} cannot be a correlation id", where=where)
        place = {**self.settings.place, **letter.place}
        table = table_name(place.get("table") or "incident", where)
        body = {
            "short_description": shortened(letter.title, _LONGEST_TITLE),
            "description": _cut(letter.text),
            "correlation_id": letter.task,
            "correlation_display": MARK,
            "due_date": f"{letter.due.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M:%S}",
            "assigned_to": self._person(letter.owner, where),
            "assignment_group": self._group(place.get("assignment_group", ""), where),
        }
        if letter.urgency == "emergency":
            body["urgency"] = "1"
        if table == "incident":
            body["caller_id"] = self._person(letter.requester, where) or value(self._me(where), "sys_id")
        row = self.api.insert(table, {name: text for name, text in body.items() if text}, FIELDS, where)
        return self._ticket(row, where)

    def comment(self, reference: str, text: str) -> None:
        where = self.where("comment", reference)
        self._change(self._row(reference, where), self._said(text), where)

    def reassign(self, reference: str, owner: str) -> bool:
        where = self.where("reassign", reference)
        row, person = self._row(reference, where), self._person(owner, where)
        if person and value(row, "assigned_to") != person:
            self._change(row, {"assigned_to": person}, where)
        return bool(person)

    def close(self, reference: str, meaning: str, text: str) -> None:
        where = self.where("close", reference)
        row = self._row(reference, where)
        table = value(row, "sys_class_name")
        details = self._details(table, [row], where).get(value(row, "sys_id"), {})
        now = self.meaning(self._ticket({**row, **details}, where))
        ended = now not in ("open", "")
        if now == meaning or (ended and meaning == "cancelled" and not self.state_map.get(meaning)):
            return
        fallbacks = ("declined", "done") if meaning == "cancelled" else ("done",) if meaning == "declined" else ()
        words = [word for one in (meaning, *fallbacks) for word in self.state_map.get(one, ())]
        code = self.close_code if meaning == "done" else "No resolution provided"
        self._bring(row, words, text, {"close_code": code} if table == "incident" else {}, where)

    def reopen(self, reference: str, text: str) -> None:
        where = self.where("reopen", reference)
        row = self._row(reference, where)
        if self.meaning(self._ticket(row, where)) == "open":
            self._change(row, self._said(text), where)
        else:
            self._bring(row, self.state_map.get("open", ()), text, None, where)

    def _bring(
        self, row: Row, words: t.Sequence[str], text: str, ending: t.Mapping[str, str] | None, where: str
    ) -> None:
        """Bring a task into the first of the states ``words`` that its table has. ``ending``: what is set with a state
        that ends it; None for one that does not."""
        table = value(row, "sys_class_name")
        notes = {} if ending is None else {**ending, "close_notes": text}
        for word in words:
            number = number_of(table, word)
            if number != "":
                # a state that the base system does not have is set by its name
                self._change(row, {"state": number or word, **notes, **self._said(text)}, where)
                return
            if table == "incident" and ending is not None and is_close_code(word):
                numbers = (number_of(table, one) for one in self.state_map.get("done", ()))
                resolved = next((one for one in numbers if one), "6")
                self._change(row, {"state": resolved, **notes, "close_code": word, **self._said(text)}, where)
                return
        todo = f"Say under states of desk {self.settings.key} which states of {table} mean what"
        raise Refused(f"{table} has none of the states {', '.join(words) or '(none)'}", where=where, todo=todo)

    def _said(self, text: str) -> dict[str, str]:
        return {self.journal: journal_text(_cut(text))} if text else {}

    def _change(self, row: Row, fields: t.Mapping[str, str], where: str) -> None:
        """Change a task, and see that it took the state."""
        if not fields:
            return
        table, id = table_name(value(row, "sys_class_name"), where), checked_id(value(row, "sys_id"), where)
        state = fields.get("state", "")
        by_name = bool(state) and number_of(table, state) != state
        after = self.api.change(table, id, fields, FIELDS, where, shown_values=by_name)
        if state and state.casefold() not in (value(after, "state"), shown(after, "state").casefold()):
            raise Refused(
                f"the state is {shown(after, 'state')!r} now, not {state!r}",
                where=where,
                todo=f"Look at the states of {table} and the business rules that change them",
            )


def _cut(text: str) -> str:
    """Return a text as long as ServiceNow's fields are, without characters that are none."""
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in text.replace("\r\n", "\n"))
    return (
        text
        if len(text) <= _LONGEST_TEXT
        else f"{text[: _LONGEST_TEXT - 60]}\n(cut off here: the whole text is in Rollcall)"
    )
