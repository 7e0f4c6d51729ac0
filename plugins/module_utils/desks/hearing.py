# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What owners wrote at the ticket of a task: an answer, something to ask back, or nothing yet. All of it pure."""

from __future__ import annotations

import dataclasses
import datetime as dt
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
from .replies import Said, latest, read_reply

#: So often a ticket that vanishes is opened again, or one that is closed without an answer brought back; then the task
#: stays in the ledger alone and somebody has to look.
PATIENCE = 3

_SHOWN = 300


@dataclasses.dataclass(frozen=True)
class Followed:
    """What follows from a ticket. ``task`` is the task with what is now known of its ticket.

    ``answer`` is the owner's, if there is one; ``attachments`` came with what was written, each with who wrote it.
    ``ask`` is to be written at the ticket, which is open; one that is closed is opened again with ``task.attention``,
    because ``task.told`` is not open. ``reopen`` is why an ended task is open again. ``finding`` is for people.
    """

    task: Task
    answer: Answer | None = None
    attachments: tuple[tuple[str, Attachment], ...] = ()
    ask: str = ""
    reopen: str = ""
    finding: Finding | None = None


def finding_about(task: Task, code: str, severity: str, message: str, todo: str = "") -> Finding:
    return Finding(code, severity, message, todo=todo, app=task.app, person=task.person)


class Reading:
    """An open task whose ticket has changed since it was last looked at."""

    def __init__(
        self,
        desk: Desk,
        task: Task,
        ticket: Ticket,
        replies: t.Sequence[Reply],
        about: t.Container[str],
        finding: Finding | None,
    ) -> None:
        self.desk, self.ticket, self.about, self.finding = desk, ticket, about, finding
        self.before = task
        last = up_to(replies)
        self.replies = replies = _after(replies, task.details)
        self.task = dataclasses.replace(task, seen=ticket.version, details={**task.details, **last})
        heard = latest(replies)
        understood = heard.said.readable or heard.said.unreadable
        self.said = heard.said if understood else None
        self.reply = _who_decided(replies, heard.said) or heard.reply
        self.meaning = desk.meaning(ticket)
        fields = desk.settings.fields
        self.field = {name: ticket.fields.get(field, "").strip() for name, field in fields.items()}

    def followed(self) -> Followed:
        # what came with a reply that is no answer may prove the one that comes tomorrow
        files = tuple((reply.by, file) for reply in self.replies for file in reply.attachments)
        return dataclasses.replace(self._followed(), attachments=files)

    def _followed(self) -> Followed:
        declined = self.meaning == "declined" or (self.said is not None and self.said.done == DECLINED)
        account = self.field.get("account_name", "") or (self.said.account_name if self.said else "")
        yes = self.meaning == "done" or self.said_yes
        if self.task.kind == "review":
            return self._about_a_review(closed=yes or declined or self.meaning == "cancelled")
        if self.said is not None and self.said.unreadable:
            return self._ask(f"This answer cannot be used: {self.said.unreadable}. {self._how()}")
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
            finding = finding_about(self.task, "unknown_state", "warning", what, todo)
            # looked at again next time, when the catalog may say what it means
            return Followed(self.before, finding=finding)
        failed = self.ticket.fields.get(NOT_DELIVERED_TO, "")
        if failed:
            return self._not_delivered(failed)
        return Followed(self._heard(), finding=self.finding)

    @property
    def said_yes(self) -> bool:
        """Whether somebody has written that it is done."""
        said = self.said
        return said is not None and (said.done == YES or bool(said.account_name and not said.not_yet))

    def _not_delivered(self, address: str) -> Followed:
        """The message came back: who is next is asked instead (see ``chasing``)."""
        because = _one_line(self.ticket.fields.get(NOT_DELIVERED_BECAUSE, ""))
        note = bounced_note(address, because)
        what = f"task {self.task.id} did not reach {address}" + (f": {because}" if because else "")
        todo = "Correct the address in the catalog or in HR; meanwhile it goes to the next owner"
        return Followed(
            dataclasses.replace(self.task, attention=note),
            finding=finding_about(self.task, "mail_bounced", "warning", what, todo),
        )

    def _done(self, account: str) -> Followed:
        taking = any(item.kind in REMOVALS for item in self.task.items) or self.task.kind == "rotation"
        if taking and self._by() in self.about:
            return self._ask("It cannot be confirmed by the person whom it is about.")
        if self.task.kind == "choices":
            return self._ask(f"The ticket was closed without a choice. {self._how()}")
        if self.task.kind == "approval" and (self.said is None or self.said.done != YES):
            # tickets are closed for many reasons; that nobody said no is no yes
            return self._ask(f"The ticket was closed, and nobody has written that it is approved. {self._how()}")
        if self.task.details.get("joined") and not self.said_yes:
            return self._ask("The ticket stands for other tasks as well, and nobody has written that this one is done.")
        return self._answer(YES, account, self._note())

    def _about_a_review(self, *, closed: bool) -> Followed:
        """What decides is what was attached; neither a word nor a closed ticket does."""
        if closed and not any(reply.attachments for reply in self.replies):
            return self._ask(
                "Reviews are decided with the file that the page saved, or the sheet: attach it here. The ticket ends "
                "by itself when all is decided."
            )
        if closed and self.meaning not in ("open", ""):
            # opened again until what was attached has been read, and all is decided
            return Followed(dataclasses.replace(self.task, told=self.meaning), finding=self.finding)
        return Followed(self._heard(), finding=self.finding)

    def _declined(self) -> Followed:
        said = self.said
        reason = self.field.get("reason", "") or (said.reason if said else "") or (said.note if said else "")
        if not reason and self.replies:
            reason = _one_line(self.replies[-1].text)
        if not reason:
            return self._ask("It was declined without a reason. Write one line: declined: WHY")
        return self._answer(DECLINED, "", reason)

    def _answer(self, done: str, account: str, note: str) -> Followed:
        where = f"desk {self.desk.settings.key}, ticket {self.task.reference}"
        answer = Answer(self.task.id, done, account, note, self._by(), None, where)
        # closed already at the desk: there is nothing to tell it any more
        told = self.meaning if self.meaning in ("done", "declined") else self.task.told
        told = told if told != "done" or done == YES else DECLINED
        return Followed(dataclasses.replace(self.task, told=told), answer, finding=self.finding)

    def _ask(self, why: str) -> Followed:
        """Say at the ticket what is missing, a few times; then somebody has to look."""
        times = int(self.task.details.get("asked", 0)) + 1
        details = {**self.task.details, "asked": times}
        ticket = f"ticket {self.task.reference} of task {self.task.id}"
        closed = self.meaning not in ("open", "")
        if times > PATIENCE:
            what = f"{ticket}: {_small(why)} It was asked {PATIENCE} times"
            lost = dataclasses.replace(self.task, attention=what, details=details)
            return Followed(
                lost, finding=finding_about(self.task, "reply_unreadable", "error", what, f"Ask {self._by()}")
            )
        asked = dataclasses.replace(
            self.task, attention=why, details=details, told=self.meaning if closed else self.task.told
        )
        finding = finding_about(
            self.task, "reply_unreadable", "warning", f"{ticket}: {_small(why)}", f"{self._by()} was asked"
        )
        return Followed(asked, ask="" if closed else why, finding=finding)

    def _how(self) -> str:
        """What would be an answer, in a few words; the ticket's text has all of them."""
        if self.task.kind == "choices":
            return "Write one line for each thing, as in the text of the task, or: declined: WHY"
        yes = "approved" if self.task.kind == "approval" else "done"
        return f"Write one line: {yes}, or: declined: WHY"

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
        said = self.said
        decided = said is not None and (said.done or said.account_name or said.choices)
        if self.reply is not None and self.reply.by and decided:
            return self.reply.by
        return self.ticket.changed_by or self.ticket.assignee or self.task.owner or "somebody at the desk"


def up_to(replies: t.Sequence[Reply]) -> dict[str, str]:
    """Return, for a task's details, which reply was heard last."""
    if not replies:
        return {}
    times = [reply.at for reply in replies if reply.at is not None]
    return {"heard": replies[-1].id, "heard_at": max(times).isoformat() if times else ""}


def _after(replies: t.Sequence[Reply], details: t.Mapping[str, t.Any]) -> tuple[Reply, ...]:
    """Return the replies that are new: what was said before the task was opened again is no answer to that."""
    heard, at = str(details.get("heard", "")), str(details.get("heard_at", ""))
    for position, reply in enumerate(replies):
        if heard and reply.id == heard:
            return tuple(replies[position + 1 :])
    if not heard:
        return tuple(replies)
    # the last that was heard is not there any more: in doubt none of them is new
    since = dt.datetime.fromisoformat(at) if at else None
    return tuple(reply for reply in replies if since and reply.at and reply.at > since)


def _who_decided(replies: t.Sequence[Reply], said: Said) -> Reply | None:
    """Return the last reply with the decision (else the account name) of what they say together."""
    for reply in reversed(replies):
        one = read_reply(reply.text)
        if (one.done and one.done == said.done) or (not said.done and one.account_name):
            return reply
    return None


def _one_line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} ..."


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
