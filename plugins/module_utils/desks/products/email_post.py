# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mailbox of a desk: the folder of copies of what we wrote, and those in which answers and requests come in.

Headers are read once in a run; a folder in which nothing has come or gone is not listed again.
"""

from __future__ import annotations

import typing as t

from ...errors import NotFound
from ...protocols.imap import Listing, Mailbox
from .email_arrived import FIELDS, Arrived, Bounce, arrived, bounces
from .email_threads import Sent, Thread, put_into, sent_copy, threads_of
from .email_writing import Sender

# So much of a report is looked at: it quotes the mail that it is about, whole.
_MOST_OF_A_REPORT = 256 * 1024


class _Folder:
    """What is known of one folder."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.listing: Listing | None = None
        self.mails: dict[int, Arrived] = {}


class Post:
    """``copies`` is the folder that only we write into; ``answers`` and ``requests`` those that mail comes into."""

    def __init__(self, mailbox: Mailbox, sender: Sender, copies: str, answers: str, requests: str) -> None:
        self.mailbox, self.sender = mailbox, sender
        self.copies, self.requests = copies, requests
        self._folders = {name: _Folder(name) for name in (copies, answers, requests) if name}
        self._reports: dict[tuple[str, str, int], tuple[Bounce, ...]] = {}
        self._threads: dict[str, Thread] | None = None
        self._sent: list[Sent] = []  # since the folders were last listed
        self._raw: dict[str, bytes] = {}

    def threads(self, where: str) -> dict[str, Thread]:
        """Return every ticket's thread, by reference, as the folders are now."""
        self._look_into(self._folders, where, again=True)
        self._sent.clear()
        self._raw.clear()  # what was sent meanwhile is in the folder, or was taken out of it
        self._threads = self._put_together(where)
        return self._threads

    def thread(self, reference: str, where: str, *, look: bool = False) -> Thread:
        """Return the thread of a ticket. Raises NotFound. ``look``: see whether something has come in meanwhile.

        Only one run works at a desk, so what we sent ourselves is known.
        """
        if self._threads is None or reference not in self._threads:
            self.threads(where)
        elif look and self._look_into([name for name in self._folders if name != self.copies], where, again=False):
            self._threads = self._put_together(where)
        found = (self._threads or {}).get(reference)
        if found is None:
            raise NotFound(f"there is no mail {reference} any more", where=where)
        return found

    def sent(self, copy: Sent, raw: bytes) -> None:
        """Take note of a mail that was just sent and kept."""
        self._sent.append(copy)
        self._raw[copy.id] = raw
        if self._threads is not None:
            self._threads.setdefault(copy.reference, Thread(copy.reference)).sent.append(copy)

    def keep(self, raw: bytes, where: str) -> None:
        """Keep a copy of what was sent."""
        self.mailbox.keep(self.copies, raw, where)

    def raw(self, mail: Arrived, where: str) -> bytes:
        """Return a mail itself; empty where it is gone by now."""
        if mail.id in self._raw:
            return self._raw[mail.id]
        return self.mailbox.message(mail.folder, mail.uid, where)

    def _look_into(self, names: t.Iterable[str], where: str, *, again: bool) -> bool:
        changed = [self._look(self._folders[name], where, again) for name in names]
        return any(changed)

    def _look(self, folder: _Folder, where: str, again: bool) -> bool:
        """Take in what has changed in a folder; return whether anything has."""
        if folder.listing is not None and not again and self.mailbox.is_as(folder.name, folder.listing, where):
            return False
        now = self.mailbox.listing(folder.name, where)
        before = folder.listing
        if before is None or before.validity != now.validity:
            folder.mails = {}
        new = [uid for uid in now.entries if uid not in folder.mails]
        mails = {uid: mail for uid, mail in folder.mails.items() if uid in now.entries}
        changed = bool(new) or len(mails) != len(folder.mails) or before is None
        for uid, header in self.mailbox.headers(folder.name, new, FIELDS, where).items():
            entry = now.entries[uid]
            mails[uid] = arrived(folder.name, uid, entry.size, entry.at, header)
        # after the last command that may fail: an error leaves what was known before
        folder.mails, folder.listing = mails, now
        return changed

    def _put_together(self, where: str) -> dict[str, Thread]:
        sent: list[Sent] = []
        came: list[Arrived] = []
        for folder in self._folders.values():
            for mail in folder.mails.values():
                copy = sent_copy(mail, self.sender.key, trusted=folder.name == self.copies)
                if copy is not None:
                    sent.append(copy)
                elif folder.name != self.copies:
                    came.append(mail)
        threads = threads_of([*sent, *self._sent])
        for mail in came:
            thread = threads.get(mail.id.strip("<>"))
            if thread is not None and mail.folder == self.requests and not thread.task:
                thread.asked = thread.asked or mail
        reports = {(mail.folder, mail.uid): self._report(mail, where) for mail in came if mail.maybe_bounce}
        rest = put_into(threads, came, reports, self._plus_address)
        return {**_asked(rest, self.requests), **threads}

    def _report(self, mail: Arrived, where: str) -> tuple[Bounce, ...]:
        listing = self._folders[mail.folder].listing
        key = (mail.folder, listing.validity if listing else "", mail.uid)
        if key not in self._reports:
            raw = self.mailbox.message(mail.folder, mail.uid, where, _MOST_OF_A_REPORT)
            self._reports[key] = bounces(mail, raw)
        return self._reports[key]

    def _plus_address(self, mail: Arrived) -> str:
        if not self.sender.plus:
            return ""
        local, _at, domain = self.sender.reply_to.casefold().rpartition("@")
        for address in mail.recipients:
            name, _at, of = address.casefold().rpartition("@")
            if of == domain and name.startswith(f"{local}+"):
                return name[len(local) + 1 :]
        return ""


def _asked(mails: t.Iterable[Arrived], folder: str) -> dict[str, Thread]:
    """Return the threads that people began, the oldest first: each mail that answers none of the others is one."""
    by_id: dict[str, Thread] = {}
    found: dict[str, Thread] = {}
    for mail in mails:
        if mail.folder != folder or mail.automatic or mail.maybe_bounce or mail.id in by_id:
            continue
        thread = next((by_id[id] for id in mail.answers if id in by_id), None)
        if thread is None:
            thread = found[mail.id.strip("<>")] = Thread(mail.id.strip("<>"), asked=mail)
        else:
            thread.arrived.append(mail)
        by_id[mail.id] = thread
    return found
