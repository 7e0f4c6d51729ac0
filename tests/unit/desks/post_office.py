# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real mail server and a real web server on this machine, that keep what they are sent."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socket
import threading
import time
import typing as t

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

USER, PASSWORD = "rollcall", "s3cret/pass word"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class MailServer:
    """SMTP that wants a name and a password. ``refused`` are recipients that it does not take."""

    def __init__(self) -> None:
        self.port = free_port()
        self.envelopes: list[t.Any] = []
        self.refused: set[str] = set()

    @property
    def messages(self) -> list[tuple[str, str, str]]:
        """Recipient, subject and text of each message."""
        found = []
        for one in self.envelopes:
            parsed = email.message_from_bytes(one.content, policy=email.policy.default)
            body = parsed.get_body(("plain", "html"))
            assert body is not None
            text = body.get_content().replace("\r\n", "\n")
            found.append((",".join(one.rcpt_tos), str(parsed["subject"]), text))
        return found

    def part(self, kind: str) -> str:
        """The plain or the html text of the last message."""
        body = email.message_from_bytes(self.envelopes[-1].content, policy=email.policy.default).get_body((kind,))
        assert body is not None
        return str(body.get_content())

    def url(self, to: str = "{address}", *, password: str = "s3cret%2Fpass%20word") -> str:
        return (
            f"mailto://{USER}:{password}@acme.example:{self.port}"
            f"?smtp=127.0.0.1&user={USER}&from=rollcall@acme.example&to={to}"
        )

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        return "250 taken"

    def _known(self, server, session, envelope, mechanism, data):
        good = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=good, handled=False)


@contextlib.contextmanager
def mail_server() -> t.Iterator[MailServer]:
    made = MailServer()
    controller = Controller(
        made,
        hostname="127.0.0.1",
        port=made.port,
        authenticator=made._known,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield made
    finally:
        controller.stop()


class WebServer:
    """Takes JSON at any path, and answers with ``status``."""

    def __init__(self) -> None:
        self.received: list[tuple[str, t.Any]] = []
        self.status = 200
        self.answer = "ok"
        self.delay = 0.0
        self.answered = threading.Event()
        self._server = make_server("127.0.0.1", 0, self._taken, threaded=True)

    @property
    def port(self) -> int:
        return self._server.server_port

    def url(self, path: str = "t0ken-in-the-path/{address}") -> str:
        return f"json://{USER}:{PASSWORD.replace('/', '%2F').replace(' ', '%20')}@127.0.0.1:{self.port}/{path}"

    @property
    def messages(self) -> list[tuple[str, str, str]]:
        """The last part of the path, title and text of each message."""
        return [(path.rpartition("/")[2], data["title"], data["message"]) for path, data in self.received]

    @Request.application
    def _taken(self, request: Request) -> Response:
        self.received.append((request.path, json.loads(request.get_data())))
        time.sleep(self.delay)
        self.answered.set()
        return Response(self.answer, self.status)


@contextlib.contextmanager
def web_server() -> t.Iterator[WebServer]:
    made = WebServer()
    thread = threading.Thread(target=made._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made._server.shutdown()
        thread.join()
