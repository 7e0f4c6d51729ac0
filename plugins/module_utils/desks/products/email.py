# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain email as a desk: a task is a mail to its owner, and the answers to it are the ticket.

A copy of every mail is kept in a folder of a mailbox: the copies are what is known of a ticket, and what keeps a task
from being sent twice. The mail goes to that mailbox as well, in the same transaction: a run that dies after the server
took it and before the copy was kept finds it there. In the moment between, a mail is rather sent twice than never: both
have the same Message-ID and are one ticket.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import re
import typing as t

from ...errors import AppError, Broken, NotFound, Refused
from ...model import DeskSettings
from ...protocols.imap import Mailbox
from ...protocols.smtp import MailSender, RecipientRefused
from ..contract import Desk, Letter, Reply, Ticket
from .email_answers import LARGEST, is_authentic, replies_of
from .email_arrived import Arrived, arrived
from .email_contents import text_of
from .email_options import OPTIONS, mail_options
from .email_post import Post
from .email_threads import BOUNCED, Sent, Thread, sent_copy
from .email_writing import Outgoing, is_address, sendable, written

# What a desk without a mailbox knows a ticket by: the mail and whom it went to.
_WITHOUT_MAILBOX = re.compile(r"rollcall\.([0-9a-f]{10})\.0@[^\s,]+,([^\s,]*)")


class EmailDesk(Desk):
    """Mails, sent by SMTP and read by IMAP. Without a mailbox, mails are sent and nothing is read."""

    type = "email"
    options = OPTIONS
    places: t.ClassVar[t.Mapping[str, str]] = {"folder": "optional"}
    #: bounced: the mail to the owner could not be delivered; it is still open
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("open", BOUNCED),
        "done": ("done",),
        "declined": ("declined",),
        "cancelled": ("cancelled",),
    }

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(settings, connection)
        self.mail = mail_options(settings, self.options_given, connection)
        self.smtp = MailSender(self.mail.smtp)
        self._not_kept: AppError | None = None
        self.post: Post | None = None
        if self.mail.imap is not None:
            mail = self.mail
            self.post = Post(Mailbox(self.mail.imap), mail.sender, mail.copies, mail.folder, mail.requests)

    @property
    def asked_by_mail(self) -> str:
        reads_answers_too = self.post is not None and self.mail.requests == self.mail.folder
        return super().asked_by_mail or (self.mail.sender.reply_to if reads_answers_too else "")

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        if self.post is None or not tasks:
            return
        wanted = set(tasks)
        for thread in self.post.threads(self.where("looking for tickets")).values():
            if thread.task in wanted:
                yield thread.ticket()

    def open(self, letter: Letter) -> Ticket:
        where = self.where("opening a ticket for task", letter.task)
        reference = self.mail.sender.message_id("", letter.task, "0").strip("<>")
        if self.post is None:
            reference += f",{letter.owner if is_address(letter.owner) else ''}"
        mail = Outgoing(
            task=letter.task,
            reference=reference,
            number="0",
            event="opened",
            state="open",
            owner=letter.owner,
            to=letter.owner,
            title=letter.title,
            text=letter.text,
            urgent=letter.urgency == "emergency",
        )
        try:
            sent = self._send(mail, where)
        except RecipientRefused as error:
            sent = self._keep(
                dataclasses.replace(mail, owner="", to="", failed=f"{letter.owner}: {error.message}"), where
            )
        return self._shown(Thread(reference, [sent]))

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        if self.post is None:
            threads = {one: _from_reference(one) for one in references if _WITHOUT_MAILBOX.fullmatch(one)}
        elif references:
            threads = self.post.threads(self.where("reading tickets"))
        else:
            return {}
        return {one: self._shown(threads[one]) for one in references if one in threads}

    def replies(self, reference: str) -> tuple[Reply, ...]:
        where = self.where("reading the answers to", reference)
        thread = self._thread(reference, where, look=True)
        return replies_of(thread, self.mail, lambda mail: self.post.raw(mail, where) if self.post else b"")

    def said(self, reference: str) -> tuple[str, ...]:
        where = self.where("reading our mails of", reference)
        thread = self._thread(reference, where, look=True)
        post = self.post
        if post is None:
            return ()  # the same words have the same Message-ID there, and mail systems may know it
        return tuple(text_of(post.raw(sent.mail, where)) for sent in thread.sent if sent.number)

    def comment(self, reference: str, text: str) -> None:
        self._follow_up(reference, "comment", "", text, self.where("writing at", reference))

    def reassign(self, reference: str, owner: str) -> bool:
        where = self.where("reassigning", reference)
        thread = self._thread(reference, where)
        if not is_address(owner):
            return False
        if thread.owner.casefold() == owner.casefold():
            return True
        before = thread.owner
        mail = self._next(thread, "assigned", thread.meaning, self._whole_text(thread, where))
        try:
            self._send(dataclasses.replace(mail, owner=owner, to=owner), where)
        except RecipientRefused:
            return False
        if is_address(before):
            told = self._next(thread, "comment", thread.meaning, f"This task is with {owner} now.")
            self._send_if_possible(dataclasses.replace(told, owner=owner, to=before), where)
        return True

    def close(self, reference: str, meaning: str, text: str) -> None:
        where = self.where("closing", reference)
        if self._thread(reference, where).meaning != meaning:
            self._follow_up(reference, "closed", meaning, text, where)

    def reopen(self, reference: str, text: str) -> None:
        self._follow_up(reference, "reopened", "open", text, self.where("reopening", reference))

    def requested(self) -> t.Iterator[Ticket]:
        if self.post is None or not self.mail.requests:
            return
        where = self.where("reading requests")
        for thread in self.post.threads(where).values():
            mail = thread.asked
            if mail is not None and thread.meaning == "open":
                # who it is from is not known where the mail server does not vouch for it: then nobody asked
                requester = mail.sender if is_authentic(mail, self.mail) else ""
                text = text_of(self.post.raw(mail, where)) if mail.size <= LARGEST else ""
                yield dataclasses.replace(self._shown(thread), requester=requester, text=text)

    def close_session(self) -> None:
        self.smtp.close()
        if self.post is not None:
            self.post.mailbox.close()

    # one ticket

    def _thread(self, reference: str, where: str, *, look: bool = False) -> Thread:
        if self.post is not None:
            return self.post.thread(reference, where, look=look)
        if not _WITHOUT_MAILBOX.fullmatch(reference):
            raise NotFound(f"there is no mail {reference}", where=where)
        return _from_reference(reference)

    def _shown(self, thread: Thread) -> Ticket:
        ticket = thread.ticket(self.mail.requests if thread.asked is not None else "")
        if self.post is not None:
            return ticket
        # nothing is known of what became of it: no state means anything, and nothing ever changes
        return dataclasses.replace(ticket, state="", version="")

    def _follow_up(self, reference: str, event: str, state: str, text: str, where: str) -> None:
        thread = self._thread(reference, where)
        self._send_if_possible(self._next(thread, event, state or thread.meaning, text), where)

    def _next(self, thread: Thread, event: str, state: str, text: str) -> Outgoing:
        number = str(thread.next_number)
        if self.post is None:
            number = "m" + hashlib.sha256(f"{event}\n{text}".encode("utf-8", "replace")).hexdigest()[:12]
        owner = thread.owner
        return Outgoing(
            thread.task, thread.reference, number, event, state, owner, owner, thread.title, text, thread.ids
        )

    def _send_if_possible(self, mail: Outgoing, where: str) -> None:
        """Send a further mail. Where nobody gets it, it is kept with the others, and says so."""
        try:
            self._send(mail, where)
        except RecipientRefused as error:
            failed = f"{mail.to}: {error.message}" if mail.to == mail.owner else ""
            self._keep(dataclasses.replace(mail, to="", failed=failed), where)

    def _send(self, mail: Outgoing, where: str) -> Sent:
        """Send a mail and keep a copy. Raises RecipientRefused for who cannot be sent any."""
        sender = self.mail.sender
        if not is_address(mail.to):
            raise RecipientRefused("no mail can be sent to that address", address=mail.to, where=where)
        if self._not_kept is not None:
            raise self._not_kept
        raw = written(mail, sender, dt.datetime.now(dt.timezone.utc))
        ours = [sender.reply_to] if self.post is not None and sender.reply_to != mail.to else []
        try:
            self.smtp.send(sender.address, [sendable(mail.to), *ours], raw, where)
        except RecipientRefused as error:
            if error.address in ours:
                todo = "A copy goes to reply_to, our own mailbox: it has to take mail"
                raise Refused(error.message, where=where, todo=todo) from error
            raise
        try:
            self._put_away(raw, where)
        except AppError as error:
            # this one went out, and has to be known as sent; nothing follows it while copies cannot be kept
            self._not_kept = error
        return self._as_sent(raw, where)

    def _keep(self, mail: Outgoing, where: str) -> Sent:
        """Keep a mail that nobody gets, so that its ticket is known."""
        raw = written(mail, self.mail.sender, dt.datetime.now(dt.timezone.utc))
        self._put_away(raw, where)
        return self._as_sent(raw, where)

    def _put_away(self, raw: bytes, where: str) -> None:
        if self.post is not None:
            self.post.keep(raw, where)

    def _as_sent(self, raw: bytes, where: str) -> Sent:
        header = arrived("", 0, len(raw), None, raw.partition(b"\r\n\r\n")[0])
        copy = sent_copy(header, self.mail.sender.key, trusted=True)
        if copy is None:
            raise Broken("a mail of ours does not look like one", where=where)
        if self.post is not None:
            self.post.sent(copy, raw)
        return copy

    def _whole_text(self, thread: Thread, where: str) -> str:
        first = thread.first
        if self.post is None or first is None:
            return f"This task is with you now. What is to be done is in the list of open tasks, under {thread.task}."
        return text_of(self.post.raw(first.mail, where))


def _from_reference(reference: str) -> Thread:
    """Return what a reference says of a ticket where there is no mailbox to look into."""
    task, _unused, rest = reference.removeprefix("rollcall.").partition(".")
    domain, _comma, owner = rest.partition("@")[2].partition(",")
    mail = Arrived("", 0, 0, None, {"message-id": (f"<rollcall.{task}.0@{domain}>",)})
    sent = Sent(mail, task, reference, 0, "opened", "", owner, f"[rollcall {task}]", "")
    return Thread(reference, [sent])
