# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail system: an SMTP server (aiosmtpd) that delivers into the mailboxes of an IMAP server (pymap).

Both are real servers of their protocols, with TLS and a certificate of an authority of our own. What an SMTP server
may answer besides is in ``refuse``; what reached people is in ``delivered``.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import dataclasses
import imaplib
import pathlib
import shutil
import socket
import ssl
import tempfile
import threading
import time
import typing as t

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from ansible_collections.rollcall.access.tests.servers.certificates import Files, certificates
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pymap.user import Passwords, UserMetadata

OURS = "rollcall@acme.example"
PASSWORD = "fixture-mail-password"


@dataclasses.dataclass(frozen=True)
class Delivered:
    """A mail that a server took, and for whom."""

    to: str
    content: bytes


class ImapServer:
    """pymap with one mailbox, in a thread. ``tls``: encrypted from the first byte instead of STARTTLS."""

    def __init__(self, files: Files, user: str = OURS, password: str = PASSWORD, *, tls: bool = False) -> None:
        self.files, self.user, self.password, self.tls = files, user, password, tls
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []
        self._backend: t.Any = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20), "pymap does not come up"
        self.client: imaplib.IMAP4 | None = None

    def stop(self) -> None:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            self.mailbox().logout()
        self._loop.call_soon_threadsafe(self._stop.cancel)
        self._thread.join(10)

    def change_password(self, password: str) -> None:
        """Change the password and end every session, as servers do."""
        asyncio.run_coroutine_threadsafe(self._set_password(password), self._loop).result(10)
        self.password, self.client = password, None
        self.drop()

    def drop(self) -> None:
        """Cut every connection."""
        self._loop.call_soon_threadsafe(lambda: [writer.transport.abort() for writer in self._writers])
        time.sleep(0.05)
        self.client = None

    # the mailbox, past the desk

    def mailbox(self) -> imaplib.IMAP4:
        if self.client is None:
            context = ssl.create_default_context(cafile=str(self.files.authority))
            if self.tls:
                self.client = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=context)
            else:
                self.client = imaplib.IMAP4("127.0.0.1", self.port)
                self.client.starttls(context)
            self.client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.client.login(self.user, self.password)
        return self.client

    def deliver(self, content: bytes, folder: str = "INBOX", at: float | None = None) -> None:
        when = imaplib.Time2Internaldate(time.time() if at is None else at)
        status, data = self.mailbox().append(folder, "", when, content)
        assert status == "OK", data

    def contents(self, folder: str) -> list[tuple[int, bytes]]:
        client = self.mailbox()
        status, (count, *_unused) = client.select(folder)
        assert status == "OK", folder
        if not int(count or 0):
            return []
        _status, data = client.uid("FETCH", "1:*", "(UID BODY.PEEK[])")
        return [(int(one[0].split(b"UID ")[1].split()[0]), one[1]) for one in data if isinstance(one, tuple)]

    def remove(self, folder: str, uids: t.Collection[int]) -> None:
        client = self.mailbox()
        client.select(folder)
        for uid in uids:
            client.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)")
        client.expunge()

    def empty(self, *folders: str) -> None:
        for folder in folders:
            self.mailbox().create(folder)
            self.remove(folder, [uid for uid, _content in self.contents(folder)])

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._stop = self._loop.create_task(self._serve())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._stop)

    async def _serve(self) -> None:
        known = {"host": None, "port": 0, "debug": False, "cert": str(self.files.certificate)}
        more = {"key": str(self.files.key), "tls": not self.tls, "passlib_cfg": None, "proxy_protocol": None}
        demo = {"demo_data": False, "demo_user": self.user, "demo_password": self.password}
        self._backend, config = await DictBackend.init(argparse.Namespace(**known, **more, **demo))
        config.apply_context()
        serve = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(self._backend.login, config))

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            await serve(reader, writer)

        context = None
        if self.tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.files.certificate, self.files.key)
        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await server.serve_forever()

    async def _set_password(self, password: str) -> None:
        config = self._backend.config
        hashed = await Passwords(config).hash_password(password)
        login = self._backend.login
        login.users_dict[self.user] = UserMetadata(config, self.user, password=hashed)


class SmtpServer:
    """aiosmtpd: takes mail for ``known`` addresses, and for others of foreign domains; delivers what is for ``imap``.

    ``refuse``: what it answers instead, by "mail", "data" or the address of a recipient; "drop": it hangs up after it
    has taken the mail and before it says so; "deaf": before.
    """

    def __init__(self, files: Files, imap: ImapServer | None = None, *, tls: str = "starttls") -> None:
        self.files, self.imap, self.tls = files, imap, tls
        self.password = PASSWORD
        self.known = {OURS}
        self.refuse: dict[str, str] = {}
        self.delivered: list[Delivered] = []
        self.sessions: list[SMTP] = []
        self.commands: collections.Counter[str] = collections.Counter()
        self._controller: Controller | None = None

    @property
    def port(self) -> int:
        assert self._controller is not None
        return int(self._controller.server.sockets[0].getsockname()[1])

    def start(self) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.files.certificate, self.files.key)
        smtp: dict[str, t.Any] = {"authenticator": self._authenticate, "auth_required": True}
        if self.tls == "starttls":
            smtp |= {"tls_context": context, "require_starttls": True}
        else:
            smtp |= {"auth_require_tls": False}
        self._controller = _Controller(
            self, hostname="127.0.0.1", port=_free_port(), ssl_context=context if self.tls == "tls" else None, **smtp
        )
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()

    def drop(self) -> None:
        """Cut every connection."""
        for session in self.sessions:
            if session.transport is not None:
                session.loop.call_soon_threadsafe(session.transport.abort)
        self.sessions.clear()

    def to(self, address: str) -> list[bytes]:
        return [one.content for one in self.delivered if one.to.casefold() == address.casefold()]

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: t.Any
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password.decode() == self.password
        return AuthResult(success=good, handled=False)

    # what aiosmtpd calls

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: t.Any
    ) -> str:
        self.commands["MAIL"] += 1
        if "mail" in self.refuse:
            return self.refuse["mail"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: t.Any
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        if address.casefold() not in self.known:
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "data" in self.refuse:
            return self.refuse["data"]
        how = self.refuse.pop("hang up", "")
        if how != "deaf":
            content = bytes(envelope.original_content or b"")
            assert content.isascii()
            for address in envelope.rcpt_tos:
                self.delivered.append(Delivered(address, content))
                if self.imap is not None and address == self.imap.user:
                    loop = asyncio.get_running_loop()
                    await loop.run_in_executor(
                        None, self.imap.deliver, b"Return-Path: <" + OURS.encode() + b">\r\n" + content
                    )
        if how:
            server.transport.abort()
        return "250 OK: queued"


class _Controller(Controller):
    def factory(self) -> SMTP:
        session = super().factory()
        self.handler.sessions.append(session)
        return session


class MailSystem:
    """Both servers, with a certificate for 127.0.0.1."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.files = certificates(folder / "tls", "127.0.0.1")
        self.imap = ImapServer(self.files)
        self.smtp = SmtpServer(self.files, self.imap)


@contextlib.contextmanager
def mail_system() -> t.Iterator[MailSystem]:
    """Yield a mail system that is running and empty."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-mail-"))
    system = MailSystem(folder)
    try:
        system.imap.start()
        system.smtp.start()
        yield system
    finally:
        system.smtp.stop()
        system.imap.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
