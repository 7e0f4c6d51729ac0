# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Jira says about an issue -> the desk's own ticket and replies."""

from __future__ import annotations

import re
import typing as t

from ...errors import Broken
from ..contract import Attachment, Reply, Ticket
from ..moments import moment
from ..nearby import in_order, nearest
from .jira_api import Issue, JiraApi

FIELDS = (
    "summary",
    "description",
    "status",
    "resolution",
    "assignee",
    "reporter",
    "creator",
    "labels",
    "project",
    "updated",
    "issuelinks",
)
_LABEL = "rollcall-"
KEY = re.compile(r"[A-Z][A-Z0-9_]{0,49}-[1-9][0-9]{0,9}", re.ASCII)
TASK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_MARK = re.compile(r"\[rollcall ([A-Za-z0-9][A-Za-z0-9_-]{0,63})\]$", re.ASCII)


def label_of(task: str) -> str:
    """Return the label of the ticket of a task."""
    return f"{_LABEL}{task}"


def fields_of(issue: Issue, where: str) -> t.Mapping[str, t.Any]:
    """Return the fields of an issue. Raises Broken where it has none, or no status."""
    fields = issue.get("fields")
    if not isinstance(fields, dict) or not isinstance(fields.get("status"), dict):
        raise Broken("expected an issue with its fields", where=where)
    return fields


def task_of(fields: t.Mapping[str, t.Any], ours: bool, by_title: bool) -> str:
    """Return the id of our task that an issue carries: in its label or, ``by_title``, at the end of its title. An issue
    that somebody else made (``ours`` is false) is a copy, with the labels of what it was copied from."""
    if not ours:
        return ""
    labels = [str(one)[len(_LABEL) :] for one in fields.get("labels") or [] if str(one).startswith(_LABEL)]
    if len(labels) == 1 and TASK.fullmatch(labels[0]):
        return labels[0]
    found = _MARK.search(str(fields.get("summary") or "").strip()) if by_title else None
    return found[1] if found else ""


def has_ended(fields: t.Mapping[str, t.Any]) -> bool:
    return str((fields["status"].get("statusCategory") or {}).get("key")) == "done"


def state_of(fields: t.Mapping[str, t.Any], resolutions: t.Collection[str]) -> str:
    """Return the status; of an issue that has ended the resolution instead, where it is one of ``resolutions``: Done
    with the resolution Won't Do is not done."""
    resolution = str((fields.get("resolution") or {}).get("name") or "")
    if has_ended(fields) and resolution.casefold() in resolutions:
        return resolution
    return str(fields["status"].get("name") or "")


def duplicate_of(fields: t.Mapping[str, t.Any]) -> str:
    """Return the key of the issue that this one was closed as a duplicate of; empty for none."""
    if not has_ended(fields):
        return ""
    for link in fields.get("issuelinks") or []:
        kind = link.get("type") or {}
        if str(kind.get("outward")).casefold() == "duplicates" and isinstance(link.get("outwardIssue"), dict):
            return str(link["outwardIssue"].get("key") or "")
    return ""


def address_of(person: t.Any) -> str:
    """Return a person's address. Of somebody who does not show it, the name and the account: a name alone is of one's
    own choice, and could be somebody else's address."""
    if not isinstance(person, dict):
        return ""
    address, id = person.get("emailAddress"), person.get("accountId") or person.get("key") or person.get("name")
    return str(address or f"{person.get('displayName') or 'somebody'} ({id})")


def ticket_from(
    issue: Issue,
    api: JiraApi,
    where: str,
    *,
    link: str,
    resolutions: t.Collection[str],
    custom: t.Mapping[str, str],
    by_title: bool,
    changed_by: t.Any = None,
) -> Ticket:
    """Return the ticket. ``custom``: the fields of the catalog -> their ids; ``link``: what the key is put behind."""
    fields = fields_of(issue, where)
    key, state = str(issue["key"]), state_of(fields, resolutions)
    assignee = address_of(fields.get("assignee"))
    return Ticket(
        reference=key,
        task=task_of(fields, api.is_me(fields.get("creator"), where), by_title),
        state=state,
        title=str(fields.get("summary") or ""),
        text=api.plain(fields.get("description")),
        place=str((fields.get("project") or {}).get("key") or ""),
        assignee=assignee,
        requester=str((fields.get("reporter") or {}).get("emailAddress") or ""),
        changed_by=address_of(changed_by),
        link=f"{link}{key}",
        version=f"{fields.get('updated') or ''} {state} {assignee}",
        fields={name: text_of(fields.get(id), api) for name, id in custom.items()},
        merged_into=duplicate_of(fields),
    )


def text_of(value: t.Any, api: JiraApi) -> str:
    """Return the value of a field as text: a choice by its name, several with commas."""
    if isinstance(value, list):
        return ", ".join(text_of(one, api) for one in value)
    if isinstance(value, dict):
        if value.get("type") == "doc":
            return api.plain(value)
        return str(value.get("value") or value.get("name") or value.get("displayName") or "")
    return "" if value is None else str(value).strip()


def replies_from(
    comments: t.Sequence[t.Any],
    files: t.Sequence[t.Any],
    content: t.Callable[[t.Any], bytes],
    api: JiraApi,
    where: str,
) -> tuple[Reply, ...]:
    """Return what others than us wrote. Jira keeps files at the issue: each goes with the comment of its author that
    is nearest to it in time, or is a reply of its own."""
    others = [one for one in comments if isinstance(one, dict) and not api.is_me(one.get("author"), where)]
    others.sort(key=lambda one: (str(one.get("created")), int(one.get("id") or 0)))
    written = [(str(one["author"].get(api.person_key)), moment(one.get("created"))) for one in others]
    attached: dict[int, list[Attachment]] = {}
    alone: list[Reply] = []
    for file in files:
        if not isinstance(file, dict) or api.is_me(file.get("author"), where):
            continue
        attachment = Attachment(str(file.get("filename") or file.get("id")), content(file))
        writer = str((file.get("author") or {}).get(api.person_key) or "")
        near = nearest(writer, moment(file.get("created")), written)
        if near is None:
            by, at = address_of(file.get("author")), moment(file.get("created"))
            alone.append(Reply(f"file-{file.get('id')}", by, "", at, (attachment,)))
        else:
            attached.setdefault(near, []).append(attachment)
    replies = [
        Reply(
            str(one.get("id")),
            address_of(one.get("author")),
            api.plain(one.get("body")),
            moment(one.get("created")),
            tuple(attached.get(position, ())),
        )
        for position, one in enumerate(others)
    ]
    return in_order([*replies, *alone])
