# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Request Tracker is asked, in its query language, and what its records say. All of it pure."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
import typing as t

from ...errors import Broken, Refused
from ...http import Answer
from ..contract import Ticket

#: RT answers with 100 at most, whatever is asked for.
PAGE = 100
#: Why a list begins so: RT leaves merged tickets out of every search that does not mention EffectiveId.
WITH_MERGED = "EffectiveId > 0"
OURS = "Creator = '__CurrentUser__'"
NOT_OURS = "Creator != '__CurrentUser__'"
DELETED = "deleted"
# narrower than the standard: RT fails (500) on what it cannot read as an address
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MARK = re.compile(r"\[rollcall ([0-9A-Za-z-]{1,40})\]")
_LONGEST_SUBJECT = 200  # bytes: DBIx::SearchBuilder::Record, TruncateValue
_ID = re.compile(r"[1-9][0-9]{0,17}")
_TASK = re.compile(r"[0-9A-Za-z-]{1,40}")
# RT knows the second of a change and no less: what changed so short a time ago may change again within it.
_SETTLED = 2.0

_USER = "Name,EmailAddress"
TICKET_FIELDS: t.Mapping[str, str] = {
    "fields": "Subject,Status,Queue,Owner,Creator,Requestor,Cc,EffectiveId,LastUpdated,CustomFields",
    "fields[Queue]": "Name",
    "fields[Owner]": _USER,
    "fields[Creator]": _USER,
    "fields[Requestor]": _USER,
    "per_page": str(PAGE),
}


def is_id(reference: str) -> bool:
    return bool(_ID.fullmatch(reference))


def is_task(task: str) -> bool:
    """Whether this can be the id of a task, and so stand in a query as it is."""
    return bool(_TASK.fullmatch(task))


def is_address(text: str) -> bool:
    return bool(_ADDRESS.fullmatch(text))


def quoted(text: str) -> str:
    """Return a text as a value in a query. Source: https://docs.bestpractical.com/rt/5.0.5/query_builder.html"""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def any_of(conditions: t.Iterable[str]) -> str:
    return "(" + " OR ".join(conditions) + ")"


def chunks(values: t.Iterable[str], size: int) -> t.Iterator[list[str]]:
    """Yield the values, without repetition, in lists of ``size`` at most."""
    found = list(dict.fromkeys(values))
    for begin in range(0, len(found), size):
        yield found[begin : begin + size]


def task_in(subject: str) -> str:
    """Return the id of the task that a subject carries: the last mark, since what people quote stands before it."""
    marks = _MARK.findall(subject)
    return marks[-1] if marks else ""


def subject_for(title: str, task: str) -> str:
    """Return a title on one line that carries the task's id, as long as RT keeps it.

    RT cuts a subject off after 200 bytes, and with it the mark, without which the ticket would not be found again.
    """
    mark = f" [rollcall {task}]"
    line = " ".join(title.split())
    words = line.removesuffix(mark.strip()).rstrip()
    room = _LONGEST_SUBJECT - len(mark.encode())
    if len(words.encode()) > room:
        words = words.encode()[: room - 4].decode("utf-8", "ignore").rstrip() + " ..."
    return words + mark


def address(user: t.Any) -> str:
    """Return the address of a user in an answer, the name of one who has none; empty for nobody."""
    if not isinstance(user, dict) or user.get("id") in ("Nobody", "RT_System") or user.get("Name") == "Nobody":
        return ""
    return str(user.get("EmailAddress") or user.get("Name") or user.get("id") or "")


def members(role: t.Any) -> list[str]:
    """Return the ids of who is in a role (Cc): the names of users, the numbers of groups."""
    return [str(one["id"]) for one in role or () if isinstance(one, dict) and one.get("id")]


def effective_id(record: t.Mapping[str, t.Any]) -> str:
    """Return the number of the ticket that this one is part of, usually its own."""
    effective = record.get("EffectiveId")
    return str(effective.get("id") if isinstance(effective, dict) else effective or record.get("id"))


def ticket_from(record: t.Mapping[str, t.Any], us: str, site: str, seen_at: float, stamp: str) -> Ticket:
    """Return a ticket of a list. ``us`` is our own name at RT: only what we opened carries a task of ours.

    ``site`` is the address of RT's web pages, ``seen_at`` the time of the answer by RT's own clock (epoch), and
    ``stamp`` a text that no other answer has.
    """
    reference = str(record["id"])
    subject = str(record.get("Subject") or "")
    status = str(record.get("Status") or "")
    creator = record.get("Creator") or {}
    ours = bool(us) and isinstance(creator, dict) and str(creator.get("id")) == us
    queue = record.get("Queue") or {}
    requestors = [address(one) for one in record.get("Requestor") or () if isinstance(one, dict)]
    return Ticket(
        reference=reference,
        task=task_in(subject) if ours else "",
        state=status,
        title=subject,
        place=str(queue.get("Name") or queue.get("id") or "") if isinstance(queue, dict) else "",
        assignee=address(record.get("Owner")),
        requester=next((one for one in requestors if one), address(creator)),
        link=link(site, reference),
        version=_version(str(record.get("LastUpdated") or ""), seen_at, stamp),
        fields=_fields(record.get("CustomFields")),
        gone=status == DELETED,
    )


def _version(updated: str, seen_at: float, stamp: str) -> str:
    """Return RT's time of the last change; one in whose second something else may still happen is another each time."""
    changed = moment(updated)
    settled = changed is not None and changed.timestamp() + _SETTLED < seen_at
    return updated if settled else f"{updated} {stamp}"


def _fields(found: t.Any) -> dict[str, str]:
    fields: dict[str, str] = {}
    for one in found or ():
        values = [value for value in one.get("values") or () if isinstance(value, str)]
        fields[str(one.get("name"))] = "\n".join(values)
    return fields


def clock(headers: t.Mapping[str, str]) -> float:
    """Return the time of an answer by the server's clock, by ours where it does not say (seconds of the epoch)."""
    try:
        return email.utils.parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (TypeError, ValueError):
        return dt.datetime.now(dt.timezone.utc).timestamp()


def moment(text: t.Any) -> dt.datetime | None:
    """Return a time as RT writes it, with its zone, or None."""
    try:
        return dt.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None


def items_of(body: t.Any, where: str) -> list[dict[str, t.Any]]:
    """Return the items of a list that RT answered with. Raises Broken where it is none."""
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        todo = "Look at whether base_url ends in /REST/2.0"
        raise Broken("expected a list of items", where=where, todo=todo)
    return items


def link(site: str, reference: str) -> str:
    """Return the address at which people see a ticket."""
    return f"{site}/Ticket/Display.html?id={reference}"


def give(right: str) -> str:
    """Return what to do where a right is missing."""
    return f"Give the token's user {right} in the queue"


def lacking(right: str, error: Refused) -> Refused:
    """Return a refusal with the right that it is for want of."""
    return Refused(error.message, where=error.where, todo=give(right), **error.details)


def said(answer: Answer) -> str:
    """Return what RT says of a change that it answered with 200, made or not."""
    return "; ".join(str(one) for one in answer.body) if isinstance(answer.body, list) else ""


def not_done(what: str, answer: Answer, right: str, where: str) -> Refused:
    """Return the error for a change that is not there when it is looked for."""
    return Refused(f"RT did not set {what}: {said(answer) or 'it does not say why'}", where=where, todo=give(right))
