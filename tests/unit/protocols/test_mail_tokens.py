# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in with a token, on servers that answer as Google and Microsoft describe.

Sources: https://developers.google.com/gmail/imap/xoauth2-protocol and
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

import base64
import socketserver
import threading
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Refused, SettingsError
from ansible_collections.rollcall.access.plugins.module_utils.protocols.imap import Mailbox
from ansible_collections.rollcall.access.plugins.module_utils.protocols.mail_server import MailServer
from ansible_collections.rollcall.access.plugins.module_utils.protocols.smtp import MailSender

USER = "rollcall@acme.example"
# what both vendors answer to a token that is not good (any more)
CHALLENGE = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"https://mail.example/"}').decode()


class Tokens:
    """A sign-in whose first token has expired, if ``renews`` the second one is good."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)

    def headers(self) -> t.Mapping[str, str]:
        return {"Authorization": f"Bearer {self.tokens[0]}"}

    def renew(self) -> bool:
        del self.tokens[0]
        if not self.tokens:
            self.tokens = ["none"]
            return False
        return True

    def secrets(self) -> t.Iterable[str]:
        return self.tokens


class Handler(socketserver.StreamRequestHandler):
    server: Server

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def hear(self) -> str:
        line = self.rfile.readline().decode().rstrip("\r\n")
        if line:
            self.server.heard.append(line)
        return line

    def is_good(self, encoded: str) -> bool:
        said = base64.b64decode(encoded).decode()
        assert said.startswith(f"user={USER}\x01auth=Bearer ")
        assert said.endswith("\x01\x01")
        return said.removeprefix(f"user={USER}\x01auth=Bearer ")[:-2] == "good-token"


class Imap(Handler):
    def handle(self) -> None:
        self.say("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] ready")
        while line := self.hear():
            tag, command, *_rest = line.split()
            if command == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2")
            elif command == "AUTHENTICATE":
                self.say("+ ")
                if not self.is_good(self.hear()):
                    self.say(f"+ {CHALLENGE}")
                    assert self.rfile.readline() == b"\r\n"
                    self.say(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials")
                    continue
            elif command == "EXAMINE":
                self.say("* 0 EXISTS")
                self.say("* OK [UIDVALIDITY 1] .")
            self.say(f"{tag} OK done")


class Smtp(Handler):
    def handle(self) -> None:
        self.say("220 ready")
        while line := self.hear():
            word = line.split()[0].upper()
            if word == "EHLO":
                self.say("250-mail.example")
                self.say("250 AUTH XOAUTH2")
            elif word == "AUTH":
                if self.is_good(line.split()[2]):
                    self.say("235 2.7.0 Accepted")
                    continue
                self.say(f"334 {CHALLENGE}")
                assert self.rfile.readline() == b"\r\n"
                self.say("535 5.7.8 Username and Password not accepted")
            elif word == "DATA":
                self.say("354 go on")
                while self.rfile.readline() != b".\r\n":
                    continue
                self.say("250 taken")
            else:
                self.say("250 OK")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler: type[Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.heard: list[str] = []


@pytest.fixture
def start() -> t.Iterator[t.Callable[[type[Handler]], Server]]:
    servers: list[Server] = []

    def start(handler: type[Handler]) -> Server:
        servers.append(Server(handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.02,), daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def address(server: Server, *tokens: str) -> MailServer:
    port = server.server_address[1]
    return MailServer("127.0.0.1", port, "none", USER, sign_in=Tokens(*tokens), timeout=5)


def use_imap(server: MailServer) -> None:
    mailbox = Mailbox(server)
    assert mailbox.listing("INBOX", "reading").entries == {}
    mailbox.close()


def use_smtp(server: MailServer) -> None:
    sender = MailSender(server)
    sender.send(USER, ["sam@acme.example"], b"Subject: x\r\n\r\nx\r\n", "sending")
    sender.close()


BOTH = pytest.mark.parametrize(("handler", "use"), [(Imap, use_imap), (Smtp, use_smtp)], ids=["imap", "smtp"])


@BOTH
def test_a_token_signs_in(start: t.Any, handler: type[Handler], use: t.Callable[[MailServer], None]) -> None:
    use(address(start(handler), "good-token"))


@BOTH
def test_a_token_that_has_expired_is_renewed_once(
    start: t.Any, handler: type[Handler], use: t.Callable[[MailServer], None]
) -> None:
    server = start(handler)
    use(address(server, "expired-token", "good-token"))
    assert sum(1 for line in server.heard if "AUTH" in line.upper() and "XOAUTH2" in line) == 2


@BOTH
@pytest.mark.parametrize("tokens", [("expired-token",), ("expired-token", "another-token")])
def test_a_token_that_is_not_taken_is_refused_and_not_shown(
    start: t.Any, handler: type[Handler], use: t.Callable[[MailServer], None], tokens: tuple[str, ...]
) -> None:
    with pytest.raises(Refused) as caught:
        use(address(start(handler), *tokens))
    for token in tokens:
        assert token not in str(caught.value)
        assert base64.b64encode(token.encode()).decode()[:12] not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "mail.acme.example", "security": "none"},
        {"username": USER},
        {"password": "x"},
        {"sign_in": Tokens("x")},
        {"host": "127.0.0.1.evil.example", "security": "none"},
    ],
)
def test_a_server_to_which_nothing_may_be_said_is_none(wrong: dict[str, t.Any]) -> None:
    with pytest.raises(SettingsError):
        MailServer(**{"host": "localhost", "port": 25, **wrong})
