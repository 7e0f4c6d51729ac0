# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mails as tickets: what we wrote and what came back, put together by the ids that mails answer. Pure."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
import re
import typing as t
import urllib.parse

from ..contract import NOT_DELIVERED_BECAUSE, NOT_DELIVERED_TO, Ticket
from .email_arrived import Arrived, Bounce
from .email_contents import decoded
from .email_writing import (
    ABOUT,
    EVENT,
    FAILED,
    OUR_ID,
    OWNER,
    SIGNATURE,
    STATE,
    TASK,
    TITLE,
    is_address,
    one_line,
    sendable,
    signature,
)

BOUNCED = "bounced"
_NUMBER = re.compile(r"\d{1,6}")


@dataclasses.dataclass(frozen=True)
class Sent:
    """A mail of ours, as its copy says."""

    mail: Arrived
    task: str
    reference: str
    number: int
    event: str
    state: str
    owner: str
    title: str
    failed: str

    @property
    def id(self) -> str:
        return self.mail.id

    def went_to(self, address: str) -> bool:
        written = sendable(address) if is_address(address) else address
        return written.casefold() in {one.casefold() for one in self.mail.recipients}

    def is_ours(self, address: str) -> bool:
        """Whether an address is that of our own mailbox, which gets a copy."""
        own = self.mail.field("Reply-To").casefold().replace(f"+{self.task}@", "@")
        return address.casefold() in (own, self.mail.sender.casefold()) if address else False


@dataclasses.dataclass
class Thread:
    """Everything about one ticket: ``asked`` is the mail of a person who asks for access, where that began it."""

    reference: str
    sent: list[Sent] = dataclasses.field(default_factory=list)
    arrived: list[Arrived] = dataclasses.field(default_factory=list)
    bounces: list[tuple[Arrived, Bounce]] = dataclasses.field(default_factory=list)
    asked: Arrived | None = None

    @property
    def task(self) -> str:
        return next((one.task for one in self.sent if one.task), "")

    @property
    def first(self) -> Sent | None:
        return next((one for one in self.sent if one.number == 0), None)

    @property
    def last(self) -> Sent | None:
        return self.sent[-1] if self.sent else None

    @property
    def owner(self) -> str:
        if self.asked is not None:
            return self.asked.sender
        return self.last.owner if self.last else ""

    @property
    def owners(self) -> frozenset[str]:
        """Everybody who was asked, in lower case."""
        return frozenset(one.casefold() for one in (self.owner, *(sent.owner for sent in self.sent)) if one)

    @property
    def meaning(self) -> str:
        return (self.last.state if self.last else "") or "open"

    @property
    def title(self) -> str:
        if self.asked is not None:
            return self.asked.subject
        return self.first.title if self.first else next((one.title for one in self.sent), "")

    @property
    def next_number(self) -> int:
        # 0 is the mail that opens a task, also where its copy is gone
        return max((one.number for one in self.sent), default=0) + 1

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that our next mail answers, the last one that of what was written last."""
        begin = (self.asked.id,) if self.asked is not None else tuple(one.id for one in self.sent[:1])
        last = [one.id for one in self.arrived[-1:]]
        return tuple(dict.fromkeys([*begin, *(one.id for one in self.sent[-1:]), *last]))

    def not_delivered(self) -> tuple[str, str] | None:
        """Return to whom the mail that the present owner was last sent could not be delivered, and why."""
        last = self.last
        if last is None or self.asked is not None:
            return None
        if last.failed:
            address, _colon, why = last.failed.partition(": ")
            return address, why
        told = max((one.number for one in self.sent if one.event in ("opened", "assigned")), default=0)
        # whatever alias it went on to: the mail was for the owner alone, and for ourselves
        theirs = {one.id: one for one in self.sent if one.number >= told and one.went_to(self.owner)}
        for mail, bounce in reversed(self.bounces):
            about = theirs.get(bounce.about)
            if about is not None and not about.is_ours(bounce.address) and not self._answered_after(mail):
                return bounce.address or self.owner, bounce.why
        return None

    def _answered_after(self, bounced: Arrived) -> bool:
        """Whether the owner wrote after all: then it is not their address that is wrong."""
        return any(
            one.at and bounced.at and one.at > bounced.at and one.sender.casefold() == self.owner.casefold()
            for one in self.arrived
        )

    def ticket(self, place: str = "") -> Ticket:
        meaning = self.meaning
        failed = self.not_delivered() if meaning == "open" else None
        fields = {NOT_DELIVERED_TO: failed[0], NOT_DELIVERED_BECAUSE: failed[1]} if failed else {}
        state = BOUNCED if failed else meaning
        # our own comments do not count: what we say ourselves is no news
        news = [state, self.owner, *(one.id for one in self.arrived)]
        news += [mail.id for mail, _bounce in self.bounces]
        return Ticket(
            reference=self.reference,
            task=self.task,
            state=state,
            title=self.title,
            place=place,
            assignee=self.owner if self.asked is None else "",
            requester=self.asked.sender if self.asked is not None else "",
            link="mid:" + urllib.parse.quote(self.reference, safe="@.!$'*+"),
            version=hashlib.sha256("\n".join(news).encode("utf-8", "surrogatepass")).hexdigest()[:20],
            fields=fields,
        )


def sent_copy(mail: Arrived, key: bytes, trusted: bool) -> Sent | None:
    """Return a mail as one of ours, or None. In a folder that only we write into (``trusted``) its word is taken;
    a copy that came in by mail must carry our signature."""
    marks = {name: one_line(decoded(mail.field(name))) for name in (TASK, ABOUT, EVENT, STATE, OWNER)}
    found = OUR_ID.fullmatch(mail.id)
    if not found or not marks[EVENT]:
        return None
    if not trusted and not hmac.compare_digest(mail.field(SIGNATURE), signature(marks, mail.id, key)):
        return None
    number = int(found[2]) if _NUMBER.fullmatch(found[2]) else 1
    title = one_line(decoded(mail.field(TITLE))) or mail.subject
    reference = marks[ABOUT] or mail.id.strip("<>")
    failed = one_line(decoded(mail.field(FAILED)))
    return Sent(mail, marks[TASK], reference, number, marks[EVENT], marks[STATE], marks[OWNER], title, failed)


def threads_of(sent: t.Iterable[Sent]) -> dict[str, Thread]:
    """Return the threads of our mails, by reference; of two copies of one mail the first counts."""
    threads: dict[str, Thread] = {}
    seen: set[str] = set()
    for one in sorted(sent, key=lambda one: one.number):
        if one.id not in seen:
            seen.add(one.id)
            threads.setdefault(one.reference, Thread(one.reference)).sent.append(one)
    return threads


def put_into(
    threads: t.Mapping[str, Thread],
    mails: t.Iterable[Arrived],
    reports: t.Mapping[tuple[str, int], tuple[Bounce, ...]],
    plus_address: t.Callable[[Arrived], str],
) -> list[Arrived]:
    """Add to every thread what came in for it, the oldest first; return what belongs to none.

    A mail belongs to what it answers, directly or through another answer, or to the task whose own address it was
    sent to (``plus_address`` returns that task's id). What its subject says counts for nothing: anybody can write that.
    """
    by_id = {one.id: thread for thread in threads.values() for one in thread.sent}
    by_id.update({thread.asked.id: thread for thread in threads.values() if thread.asked is not None})
    by_task = {thread.task: thread for thread in threads.values() if thread.task}
    rest: list[Arrived] = []
    for mail in sorted(mails, key=_when):
        found = reports.get((mail.folder, mail.uid), ())
        for bounce in found:
            if bounce.about in by_id:
                by_id[bounce.about].bounces.append((mail, bounce))
        if found:
            continue
        thread = next((by_id[id] for id in mail.answers if id in by_id), None) or by_task.get(plus_address(mail))
        if thread is None or mail is thread.asked:
            rest.append(mail)
        elif not mail.automatic:
            thread.arrived.append(mail)
            by_id.setdefault(mail.id, thread)
    return rest


def _when(mail: Arrived) -> tuple[dt.datetime, str, int]:
    return mail.at or dt.datetime.min.replace(tzinfo=dt.timezone.utc), mail.folder, mail.uid
