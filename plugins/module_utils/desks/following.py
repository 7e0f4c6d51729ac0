# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a ticket says, held against its task: an answer, a question back, or something that is wrong. All of it pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import REMOVALS, Finding, Task
from ..planning.chain import bounced_note
from .contract import (
    DECLINED,
    NOT_DELIVERED_BECAUSE,
    NOT_DELIVERED_TO,
    YES,
    Answer,
    Attachment,
    Desk,
    Reply,
    Ticket,
)
from .replies import Said, read_reply

#: So often a ticket that vanishes is opened again, or one that is closed without an answer brought back; then the task
#: stays in the ledger alone and somebody has to look.
PATIENCE = 3

_SHOWN = 300


@dataclasses.dataclass(frozen=True)
class Followed:
    """What follows from a ticket. ``task`` is the task with what is now known of its ticket.

    ``answer`` is the owner's, if there is one; ``attachments`` came with it. ``ask`` is to be written at the ticket,
    which is open; one that is closed is opened again with ``task.attention``, because ``task.told`` is not open.
    ``reopen`` is why an ended task is open again. ``finding`` is for people.
    """

    task: Task
    answer: Answer | None = None
    attachments: tuple[Attachment, ...] = ()
    ask: str = ""
    reopen: str = ""
    finding: Finding | None = None


def meaning_of(task: Task) -> str:
    """Return what a task's state means at a desk: open, done, declined or cancelled."""
    return {"attested": "done", "verified": "done"}.get(task.state, task.state)


def needs_replies(task: Task, ticket: Ticket | None) -> bool:
    """Say whether a ticket's replies have to be read: it has changed since it was last taken in."""
    return ticket is not None and not ticket.gone and task.state == "open" and ticket.version != task.seen


def follow(
    desk: Desk, task: Task, ticket: Ticket | None, replies: t.Sequence[Reply], about: t.Collection[str]
) -> Followed:
    """Return what follows from ``ticket`` (None: the desk has it no more) for ``task``.

    ``replies`` are those of a ticket that has changed. ``about`` are the names and addresses, in lower case, of the
    person whom the task is about: nobody confirms that their own access is gone.
    """
    if ticket is None or ticket.gone:
        return _gone(desk, task)
    moved = _moved(desk, task, ticket)
    task = moved.task
    if task.state != "open":
        return _ended(desk, task, ticket, moved.finding)
    if task.told not in ("", "open"):
        # it is open again, and the desk has not been told yet: that it is closed there is no new answer
        told = "open" if desk.meaning(ticket) == "open" else task.told
        return dataclasses.replace(moved, task=dataclasses.replace(task, told=told))
    if ticket.version == task.seen:
        return moved
    return _Reading(desk, task, ticket, replies, about, moved.finding).followed()


def _gone(desk: Desk, task: Task) -> Followed:
    if task.state != "open":
        return Followed(dataclasses.replace(task, told=meaning_of(task)))
    times = int(task.details.get("gone", 0)) + 1
    what = f"ticket {task.reference} of task {task.id} is not at {desk.settings.key} any more"
    if times > PATIENCE:
        what += f", and it was opened again {PATIENCE} times"
        todo = f"Find out who deletes it, and ask {task.owner}; the task itself is open"
        left = dataclasses.replace(task, attention=what, told="open")
        return Followed(left, finding=_finding(task, "ticket_gone", "error", what, todo))
    again = dataclasses.replace(
        task,
        reference="",
        link="",
        told="",
        told_owner="",
        seen="",
        attention=what,
        details={**task.details, "gone": times, "heard": ""},
    )
    todo = "It is still due, so a new one is opened"
    return Followed(again, finding=_finding(task, "ticket_gone", "warning", what, todo))


def _moved(desk: Desk, task: Task, ticket: Ticket) -> Followed:
    """Follow a ticket that was merged, or is somewhere else now."""
    place = str(task.details.get("place", ""))
    reference = ticket.merged_into or ticket.reference
    finding = None
    if reference != task.reference:
        how = "merged into" if ticket.merged_into else "moved to"
        what = f"ticket {task.reference} of task {task.id} was {how} {reference}"
        finding = _finding(task, "ticket_moved", "note", what, "It is followed there")
        task = dataclasses.replace(task, attention=what)
    elif place and ticket.place and place != ticket.place:
        what = f"ticket {task.reference} of task {task.id} was moved from {place} to {ticket.place}"
        finding = _finding(task, "ticket_moved", "note", what, "It is followed there")
        task = dataclasses.replace(task, attention=what)
    # what is said at a ticket that it became part of concerns others, too: there we comment and never close
    shared = {"shared": True} if ticket.merged_into and ticket.task != task.id else {}
    details = {**task.details, **shared, "place": ticket.place}
    details = details if details != dict(task.details) else dict(task.details)
    return Followed(
        dataclasses.replace(task, reference=reference, link=ticket.link or task.link, details=details), finding=finding
    )


def _ended(desk: Desk, task: Task, ticket: Ticket, finding: Finding | None) -> Followed:
    """A task that has ended: its ticket may have been closed by somebody meanwhile, or opened again."""
    at_desk = desk.meaning(ticket)
    if at_desk == "open" and task.told == "done" and task.state == "attested":
        by = ticket.changed_by or ticket.assignee or "somebody"
        what = f"opened again at {desk.settings.key} by {by}"
        return Followed(
            task, finding=_finding(task, "task_reopened", "warning", f"task {task.id} was {what}"), reopen=what
        )
    if at_desk and at_desk != "open" and task.told != meaning_of(task):
        return Followed(dataclasses.replace(task, told=meaning_of(task)), finding=finding)
    return Followed(task, finding=finding)


class _Reading:
    """An open task whose ticket has changed since it was last looked at."""

    def __init__(
        self,
        desk: Desk,
        task: Task,
        ticket: Ticket,
        replies: t.Sequence[Reply],
        about: t.Collection[str],
        finding: Finding | None,
    ) -> None:
        self.desk, self.ticket, self.about, self.finding = desk, ticket, about, finding
        self.before = task
        self.replies = replies = _after(replies, str(task.details.get("heard", "")))
        heard = {"heard": replies[-1].id} if replies else {}
        self.task = dataclasses.replace(task, seen=ticket.version, details={**task.details, **heard})
        self.reply, self.said = _last_said(replies)
        self.meaning = desk.meaning(ticket)
        fields = desk.settings.fields
        self.field = {name: ticket.fields.get(field, "").strip() for name, field in fields.items()}

    def followed(self) -> Followed:
        declined = self.meaning == "declined" or (self.said is not None and self.said.done == DECLINED)
        account = self.field.get("account_name", "") or (self.said.account_name if self.said else "")
        yes = self.meaning == "done" or (self.said is not None and (self.said.done == YES or bool(account)))
        if self.said is not None and self.said.unreadable:
            return self._ask(f"This answer cannot be used: {self.said.unreadable}.")
        if declined:
            return self._declined()
        if self.task.kind == "choices" and self.said is not None and self.said.choices:
            return self._answer(YES, "", self._note())
        if yes:
            return self._done(account)
        if self.meaning == "cancelled":
            return self._ask("This is still due, so the ticket is open again.")
        if not self.meaning:
            todo = f"Say under desks.{self.desk.settings.key}.states what {self.ticket.state!r} means"
            ticket = f"ticket {self.task.reference} of task {self.task.id}"
            what = f"{ticket} is in a state without meaning: {self.ticket.state!r}"
            finding = _finding(self.task, "unknown_state", "warning", what, todo)
            # looked at again next time, when the catalog may say what it means
            return Followed(self.before, finding=finding)
        failed = self.ticket.fields.get(NOT_DELIVERED_TO, "")
        if failed:
            return self._not_delivered(failed)
        return Followed(self._heard(), finding=self.finding)

    def _not_delivered(self, address: str) -> Followed:
        """The message came back: who is next is asked instead (see ``chasing``)."""
        because = _one_line(self.ticket.fields.get(NOT_DELIVERED_BECAUSE, ""))
        note = bounced_note(address, because)
        what = f"task {self.task.id} did not reach {address}" + (f": {because}" if because else "")
        todo = "Correct the address in the catalog or in HR; meanwhile it goes to the next owner"
        return Followed(
            dataclasses.replace(self.task, attention=note),
            finding=_finding(self.task, "mail_bounced", "warning", what, todo),
        )

    def _done(self, account: str) -> Followed:
        taking = any(item.kind in REMOVALS for item in self.task.items)
        if taking and self._by().casefold() in self.about:
            return self._ask("It cannot be confirmed by the person whom it is about.")
        if self.task.kind == "choices":
            return self._ask("The ticket was closed without a choice.")
        if self.task.kind == "approval" and (self.said is None or self.said.done != YES):
            # tickets are closed for many reasons; that nobody said no is no yes
            return self._ask("The ticket was closed, and nobody has written that it is approved.")
        return self._answer(YES, account, self._note())

    def _declined(self) -> Followed:
        said = self.said
        reason = self.field.get("reason", "") or (said.reason if said else "") or (said.note if said else "")
        if not reason and self.replies:
            reason = _one_line(self.replies[-1].text)
        if not reason:
            return self._ask("It was declined without a reason.")
        return self._answer(DECLINED, "", reason)

    def _answer(self, done: str, account: str, note: str) -> Followed:
        where = f"desk {self.desk.settings.key}, ticket {self.task.reference}"
        answer = Answer(self.task.id, done, account, note, self._by(), None, where)
        # closed already at the desk: there is nothing to tell it any more
        told = self.meaning if self.meaning in ("done", "declined") else self.task.told
        told = told if told != "done" or done == YES else DECLINED
        attachments = tuple(file for reply in self.replies for file in reply.attachments)
        return Followed(dataclasses.replace(self.task, told=told), answer, attachments, finding=self.finding)

    def _ask(self, why: str) -> Followed:
        """Say at the ticket what is missing, a few times; then somebody has to look."""
        times = int(self.task.details.get("asked", 0)) + 1
        details = {**self.task.details, "asked": times}
        ticket = f"ticket {self.task.reference} of task {self.task.id}"
        closed = self.meaning not in ("open", "")
        if times > PATIENCE:
            what = f"{ticket}: {_small(why)} It was asked {PATIENCE} times"
            lost = dataclasses.replace(self.task, attention=what, details=details)
            return Followed(lost, finding=_finding(self.task, "reply_unreadable", "error", what, f"Ask {self._by()}"))
        asked = dataclasses.replace(
            self.task, attention=why, details=details, told=self.meaning if closed else self.task.told
        )
        finding = _finding(
            self.task, "reply_unreadable", "warning", f"{ticket}: {_small(why)}", f"{self._by()} was asked"
        )
        return Followed(asked, ask="" if closed else why, finding=finding)

    def _heard(self) -> Task:
        """What somebody wrote that is no answer is kept in sight: it may say why it takes so long."""
        if not self.replies:
            return self.task
        last = self.replies[-1]
        return dataclasses.replace(self.task, attention=f"{last.by or 'somebody'} wrote: {_one_line(last.text)}")

    def _note(self) -> str:
        if self.field.get("note"):
            return self.field["note"]
        if self.said is None:
            return ""
        choices = [f"{what}: {to}" for what, to in self.said.choices.items()]
        return "\n".join([*([self.said.note] if self.said.note else []), *choices])

    def _by(self) -> str:
        if self.reply is not None and self.reply.by and self.said is not None and self.said.readable:
            return self.reply.by
        return self.ticket.changed_by or self.ticket.assignee or self.task.owner or "somebody at the desk"


def _after(replies: t.Sequence[Reply], heard: str) -> tuple[Reply, ...]:
    """Return the replies that are new: what was said before the task was opened again is no answer to that."""
    for position, reply in enumerate(replies):
        if heard and reply.id == heard:
            return tuple(replies[position + 1 :])
    return tuple(replies)


def _last_said(replies: t.Sequence[Reply]) -> tuple[Reply | None, Said | None]:
    """Return the last reply in which something is said that we understand, or should have."""
    for reply in reversed(replies):
        said = read_reply(reply.text)
        if said.readable or said.unreadable:
            return reply, said
    return None, None


def _finding(task: Task, code: str, severity: str, message: str, todo: str = "") -> Finding:
    return Finding(code, severity, message, todo=todo, app=task.app, person=task.person)


def _one_line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} ..."


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
