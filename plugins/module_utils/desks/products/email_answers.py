# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came in for a ticket, as replies: answers of who was asked, and, as quotations that nobody takes for an answer,
what others wrote and what could not be delivered."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..contract import Reply
from .email_arrived import Arrived, Bounce
from .email_authentication import is_authenticated
from .email_contents import files_of, text_of
from .email_options import MailOptions
from .email_threads import Thread
from .email_writing import one_line

#: Larger mails (bytes) are not read.
LARGEST = 30 * 1024 * 1024


def replies_of(thread: Thread, options: MailOptions, raw: t.Callable[[Arrived], bytes]) -> tuple[Reply, ...]:
    """Return the replies of a thread, the oldest first. ``raw`` returns a mail itself, and raises AppErrors."""
    found = [(mail, _reply(thread, mail, options, raw)) for mail in thread.arrived]
    found += [(mail, _not_delivered(mail, bounce, thread)) for mail, bounce in thread.bounces]
    found.sort(key=lambda one: (one[0].at or dt.datetime.min.replace(tzinfo=dt.timezone.utc), one[0].uid))
    return tuple(reply for _mail, reply in found)


def is_authentic(mail: Arrived, options: MailOptions) -> bool:
    """Say whether a mail's sender is vouched for, where that is asked for."""
    server = options.require_authenticated
    return not server or is_authenticated(mail.fields.get("authentication-results", ()), server, mail.sender)


def _reply(thread: Thread, mail: Arrived, options: MailOptions, raw: t.Callable[[Arrived], bytes]) -> Reply:
    sender = mail.sender.casefold()
    why = ""
    if not sender or not is_authentic(mail, options):
        why = "its sender could not be verified"
    elif sender not in thread.owners and sender.rpartition("@")[2] not in options.answer_domains:
        why = "who wrote it was not asked"
    elif mail.size > LARGEST:
        why = f"with {mail.size} bytes it is too large to be read"
    if why:
        # a quotation: people see it, and nothing takes it for an answer
        return Reply(mail.id, mail.sender or "somebody", f"> (this mail does not count: {why}) {mail.subject}", mail.at)
    content = raw(mail)
    return Reply(mail.id, mail.sender, text_of(content), mail.at, files_of(content))


def _not_delivered(mail: Arrived, bounce: Bounce, thread: Thread) -> Reply:
    because = f": {bounce.why}" if bounce.why else ""
    text = one_line(f"> the mail to {bounce.address or thread.owner} came back{because}")
    return Reply(mail.id, mail.sender or "the mail system", text, mail.at)
