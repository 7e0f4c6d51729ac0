# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a mailbox by IMAP, and keeping copies in it. Nothing is marked as read, moved or deleted.

Source: https://www.rfc-editor.org/rfc/rfc9051
"""

from __future__ import annotations

import contextlib
import functools
import imaplib
import re
import socket
import time
import typing as t

from ..errors import AppError, Broken, Refused, Transient
from .imap_words import UID, Entry, Listing, entry_of, quoted, ranges
from .mail_server import MailServer

_Result = t.TypeVar("_Result")

_AT_ONCE = 500  # messages whose headers one command asks for
# Answers that say "not now". Source: https://www.rfc-editor.org/rfc/rfc5530
_LATER = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\]|too many|try again", re.IGNORECASE)


class Mailbox:
    """One mailbox. The connection is kept until ``close``; a read on one that was dropped is tried once more."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self._connection: imaplib.IMAP4 | None = None

    def listing(self, folder: str, where: str) -> Listing:
        """Return what ``folder`` holds now. Raises Refused where it is not there, or may not be read."""
        return self._reading(where, lambda connection: self._listing(connection, folder, where))

    def is_as(self, folder: str, listing: Listing, where: str) -> bool:
        """Say whether nothing has come into ``folder`` since it was listed. Marks that were set do not count."""

        def look(connection: imaplib.IMAP4) -> bool:
            count = self._looking_at(connection, folder, where)
            now = (count, _said(connection, "UIDVALIDITY"), _said(connection, "UIDNEXT"))
            return bool(now[2]) and now == (listing.count, listing.validity, listing.next_uid)

        return self._reading(where, look)

    def headers(self, folder: str, uids: t.Collection[int], names: t.Sequence[str], where: str) -> dict[int, bytes]:
        """Return the named header fields of these messages, by number; one that is gone by now is left out."""
        wanted = f"(UID BODY.PEEK[HEADER.FIELDS ({' '.join(names)})])"
        found: dict[int, bytes] = {}
        ordered = sorted(uids)
        for begin in range(0, len(ordered), _AT_ONCE):
            some = ordered[begin : begin + _AT_ONCE]
            fetch = functools.partial(self._fetched, folder=folder, uids=some, wanted=wanted, where=where)
            found.update(self._reading(where, fetch))
        return {uid: found[uid] for uid in ordered if uid in found}

    def message(self, folder: str, uid: int, where: str, most: int = 0) -> bytes:
        """Return a message, or its first ``most`` bytes; empty where it is gone by now."""
        wanted = f"(UID BODY.PEEK[]{f'<0.{most}>' if most else ''})"
        return self._reading(where, lambda c: self._fetched(c, folder, [uid], wanted, where)).get(uid, b"")

    def keep(self, folder: str, message: bytes, where: str) -> None:
        """Put a message into ``folder``, marked as read. It is not tried again: it may have been put there."""
        with self._errors(where):
            connection = self._connected(where)
            answer = connection.append(quoted(folder), "(\\Seen)", imaplib.Time2Internaldate(time.time()), message)
            self._ok(answer, where, folder)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                connection.logout()

    def _listing(self, connection: imaplib.IMAP4, folder: str, where: str) -> Listing:
        count = self._looking_at(connection, folder, where)
        validity, next_uid = _said(connection, "UIDVALIDITY"), _said(connection, "UIDNEXT")
        entries: dict[int, Entry] = {}
        if not count:
            return Listing(validity, next_uid, count, entries)
        lines = self._ok(connection.uid("FETCH", "1:*", "(UID RFC822.SIZE FLAGS INTERNALDATE)"), where, folder)
        for line in lines:
            entry = entry_of(b"".join(line) if isinstance(line, tuple) else line)
            if entry is not None:
                entries[entry.uid] = entry
        return Listing(validity, next_uid, count, entries)

    def _fetched(
        self, connection: imaplib.IMAP4, folder: str, uids: t.Sequence[int], wanted: str, where: str
    ) -> dict[int, bytes]:
        self._looking_at(connection, folder, where)
        lines = self._ok(connection.uid("FETCH", ranges(uids), wanted), where, folder)
        found: dict[int, bytes] = {}
        for at, line in enumerate(lines):
            if not isinstance(line, tuple):
                continue
            after = lines[at + 1] if at + 1 < len(lines) and isinstance(lines[at + 1], bytes) else b""
            uid = UID.search(line[0]) or UID.search(after)
            if uid:
                found[int(uid[1])] = line[1]
        return found

    def _looking_at(self, connection: imaplib.IMAP4, folder: str, where: str) -> int:
        """Open a folder for reading only; return how many messages it holds."""
        (count, *_unused) = self._ok(connection.select(quoted(folder), readonly=True), where, folder)
        try:
            return int(count or 0)
        except ValueError:
            raise Broken(f"the folder {folder} holds {count!r} messages", where=where) from None

    def _ok(self, answer: tuple[str, list[t.Any]], where: str, folder: str) -> list[t.Any]:
        status, data = answer
        if status == "OK":
            return [one for one in data if one is not None]
        said = self.server.answered(b" ".join(one for one in data if isinstance(one, bytes)))
        if _LATER.search(said):
            raise Transient(f"the folder {folder} cannot be used now: {said}", where=where)
        raise Refused(
            f"the folder {folder} cannot be used: {said}",
            where=where,
            todo=f"Create the folder {folder} in the mailbox of {self.server.username}, or correct its name",
        )

    def _reading(self, where: str, read: t.Callable[[imaplib.IMAP4], _Result]) -> _Result:
        kept = self._connection is not None
        try:
            with self._errors(where):
                return read(self._connected(where))
        except Transient:
            if not kept or self._connection is not None:
                raise
        with self._errors(where):  # a server drops who says nothing for a while
            return read(self._connected(where))

    @contextlib.contextmanager
    def _errors(self, where: str) -> t.Iterator[None]:
        try:
            yield
        except imaplib.IMAP4.abort as error:
            self._drop()
            raise Transient(f"{self.server.host} broke off: {self.server.answered(error)}", where=where) from error
        except imaplib.IMAP4.error as error:
            self._drop()
            raise self._refused(error, where) from error
        except OSError as error:
            self._drop()
            raise self.server.unreachable(error, where) from error

    def _refused(self, error: Exception, where: str) -> AppError:
        said = self.server.answered(error.args[0] if error.args else error)
        if _LATER.search(said):
            return Transient(f"{self.server.host} cannot now: {said}", where=where)
        return Refused(f"{self.server.host} refuses: {said}", where=where)

    def _connected(self, where: str) -> imaplib.IMAP4:
        if self._connection is not None:
            return self._connection
        server = self.server
        context = server.context()
        if server.security == "tls":
            connection: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                server.host, server.port, ssl_context=context, timeout=server.timeout
            )
        else:
            connection = imaplib.IMAP4(server.host, server.port, timeout=server.timeout)
        try:
            if server.security == "starttls":
                connection.starttls(context)
            # a copy is sent in three pieces, and each would wait for the other side
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sign_in(connection, where)
        except BaseException:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                connection.shutdown()
            raise
        self._connection = connection
        return connection

    def _sign_in(self, connection: imaplib.IMAP4, where: str) -> None:
        server = self.server
        try:
            if server.sign_in is not None:
                self._xoauth2(connection)
            elif "AUTH=PLAIN" in connection.capabilities:
                connection.authenticate("PLAIN", lambda _challenge: server.plain().encode())
            else:
                connection.login(server.username, server.password)
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, UnicodeError) as error:
            said = server.answered(error.args[0] if isinstance(error, imaplib.IMAP4.error) and error.args else "")
            if _LATER.search(said):
                raise Transient(f"{server.host} lets nobody in now: {said}", where=where) from None
            raise Refused(
                f"{server.host} does not let {server.username} in: {said}",
                where=where,
                todo="Check imap_username and imap_password",
            ) from None

    def _xoauth2(self, connection: imaplib.IMAP4) -> None:
        server = self.server
        for last in (False, True):
            token = server.xoauth2().encode()
            # a second challenge says what is wrong, and wants an empty answer
            answers = iter([token, b""])
            try:
                connection.authenticate("XOAUTH2", functools.partial(_next_of, answers))
                return
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                if last or server.sign_in is None or not server.sign_in.renew():
                    raise

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                connection.shutdown()


def _said(connection: imaplib.IMAP4, word: str) -> str:
    """Return what the server said of a folder that was just opened, and forget it."""
    return b"".join(one for one in connection.response(word)[1] if isinstance(one, bytes)).decode("ascii", "replace")


def _next_of(answers: t.Iterator[bytes], challenge: bytes) -> bytes:
    return next(answers, b"")
