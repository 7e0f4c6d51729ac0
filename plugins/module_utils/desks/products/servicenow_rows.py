# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ServiceNow keeps of a task -> the desk's own ticket and replies, and plain text for its journal."""

from __future__ import annotations

import re
import typing as t

from ..contract import Attachment, Reply, Ticket
from ..moments import moment
from ..nearby import in_order, nearest
from ..plain_text import plain_text
from .servicenow_table import Row, shown, value

MARK = "rollcall"
FIELDS = (
    "number",
    "short_description",
    "description",
    "state",
    "active",
    "assigned_to",
    "assigned_to.email",
    "opened_by.email",
    "closed_by.email",
    "correlation_id",
    "correlation_display",
    "sys_class_name",
    "sys_created_by",
    "sys_updated_on",
    "sys_updated_by",
    "sys_mod_count",
)
#: What incidents have besides.
OF_INCIDENTS = ("close_code", "resolved_by.email")

# The states of the base system. Sources:
# https://www.servicenow.com/docs/r/it-business-management/project-management/project-and-project-task-states.html
# https://www.servicenow.com/docs/r/it-service-management/incident-management/c_IncidentManagementStateModel.html
_OF_INCIDENT = {"new": "1", "in progress": "2", "on hold": "3", "resolved": "6", "closed": "7", "canceled": "8"}
_OF_TASK = {
    "pending": "-5",
    "open": "1",
    "work in progress": "2",
    "closed complete": "3",
    "closed incomplete": "4",
    "closed skipped": "7",
}
# The resolution codes of the base system, as
# https://docs.newrelic.com/docs/workflow-automation/setup-and-configure/actions-catalog/servicenow/servicenow-incident-resolve/
# lists them.
CLOSE_CODES = (
    "Duplicate",
    "Known error",
    "No resolution provided",
    "Resolved by caller",
    "Resolved by change",
    "Resolved by problem",
    "Resolved by request",
    "Solution provided",
    "User error",
    "Workaround provided",
)


def number_of(table: str, word: str) -> str | None:
    """Return the number of a state of a table; "" for one that only other tables have, and for a resolution code; None
    for a name that the base system does not know."""
    if re.fullmatch(r"-?[0-9]{1,6}", word, re.ASCII):
        return word
    own, other = (_OF_INCIDENT, _OF_TASK) if table == "incident" else (_OF_TASK, _OF_INCIDENT)
    known = own.get(word.casefold())
    if known is not None:
        return known
    return "" if word.casefold() in other or is_close_code(word) else None


def is_close_code(word: str) -> bool:
    return word.casefold() in {code.casefold() for code in CLOSE_CODES}


def state_of(row: Row, words: t.Collection[str], done: t.Collection[str], other: t.Collection[str]) -> str:
    """Return the state as the map has it (``words``, in lower case: by number or by name); of what is ``done`` the
    resolution code instead, where it is one of ``other``."""
    number, name = value(row, "state"), shown(row, "state")
    state = number if number.casefold() in words else name
    code = shown(row, "close_code")
    return code if state.casefold() in done and code.casefold() in other else state


def ticket_from(row: Row, state: str, *, me: str, link: str, custom: t.Collection[str]) -> Ticket:
    """Return the ticket. ``me`` is our user name; ``link`` what the row's id is put behind."""
    ours = value(row, "correlation_display") == MARK and value(row, "sys_created_by") == me
    return Ticket(
        reference=value(row, "number"),
        task=value(row, "correlation_id") if ours else "",
        state=state,
        title=value(row, "short_description"),
        text=value(row, "description").replace("\r\n", "\n"),
        place=value(row, "sys_class_name"),
        assignee=value(row, "assigned_to.email") or shown(row, "assigned_to"),
        # who opened it: the caller is whom they named
        requester=value(row, "opened_by.email"),
        link=f"{link}{value(row, 'sys_id')}",
        version=f"{value(row, 'sys_updated_on')} {value(row, 'sys_mod_count')}",
        fields={name: shown(row, name).strip() for name in custom},
    )


def journal_text(text: str) -> str:
    """Return plain text for a journal: what is between [code] tags would be HTML, and @name a mention. A character that
    is not seen keeps them from being that.

    Sources: https://www.servicenow.com/docs/r/platform-administration/render-journal-field-entries-as-html.html,
    https://www.servicenow.com/docs/r/platform-user-interface/set-up-at-mentions.html
    """
    text = re.sub(r"\[(?=/?code\])", "[\u200b", text, flags=re.IGNORECASE)
    return re.sub(r"(?<![\w.+-])@(?=[\w\[{])", "@\u200b", text)


def read_text(text: str) -> str:
    """Return what a journal entry says: the text of what is HTML in it, and the names of people who are mentioned."""
    text = re.sub(r"\[code\](.*?)\[/code\]", lambda found: plain_text(found[1]), text, flags=re.DOTALL | re.IGNORECASE)
    text = re.sub(r"@\[[0-9a-f]{32}:([^\]]*)\]", r"@\1", text)
    return text.replace("\r\n", "\n").strip("\n")


def replies_from(
    journal: t.Sequence[Row],
    files: t.Sequence[Row],
    content: t.Callable[[Row], bytes],
    addresses: t.Mapping[str, str],
    me: str,
) -> tuple[Reply, ...]:
    """Return what others than ``me`` wrote, with the files that they sent at about the same time."""
    others = [row for row in journal if value(row, "sys_created_by") != me]
    others.sort(key=lambda row: value(row, "sys_created_on"))
    written = [(value(row, "sys_created_by"), moment(value(row, "sys_created_on"))) for row in others]
    attached: dict[int, list[Attachment]] = {}
    alone: list[Reply] = []
    for file in files:
        by, at = value(file, "sys_created_by"), moment(value(file, "sys_created_on"))
        if by == me:
            continue
        attachment = Attachment(value(file, "file_name"), content(file))
        near = nearest(by, at, written)
        if near is None:
            alone.append(Reply(value(file, "sys_id"), addresses.get(by, by), "", at, (attachment,)))
        else:
            attached.setdefault(near, []).append(attachment)
    replies = [
        Reply(
            value(row, "sys_id"),
            addresses.get(by, by),
            read_text(value(row, "value")),
            at,
            tuple(attached.get(position, ())),
        )
        for position, (row, (by, at)) in enumerate(zip(others, written, strict=True))
    ]
    return in_order([*replies, *alone])
