# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app at its worst: whatever it is asked, it repeats the credentials it was given, in its error messages."""

# pylint: disable=unnecessary-lambda
from __future__ import annotations

import base64
import binascii
import contextlib
import http.server
import json
import threading
import typing as t
import urllib.parse

Shown = t.Callable[[str], str]

#: how the credentials are repeated
SHOWN: t.Mapping[str, Shown] = {
    "as they came": lambda text: text,
    "quoted for a URL": lambda text: urllib.parse.quote(text),
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in hex": lambda text: text.encode().hex(),
    "their beginning": lambda text: f"{text[:12]}...",
    "their end": lambda text: f"...{text[-10:]}",
}
#: what it does with a request -> status and headers of the answer
ANSWERS: t.Mapping[str, tuple[int, dict[str, str]]] = {
    "does not know them": (401, {}),
    "lets them not do it": (403, {}),
    "refuses it": (400, {}),
    "breaks": (500, {}),
    "talks nonsense": (200, {"Content-Type": "text/html"}),
    "sends it elsewhere": (302, {"Location": "https://elsewhere.example/<credentials>"}),
}


class Echo:
    """What it does with the next requests, one after the other and from the beginning again: ``answers`` and ``shown``
    are keys of ANSWERS and SHOWN. With ``hang_up`` it answers nothing at all."""

    def __init__(self) -> None:
        self.asked = 0
        self.will()

    def will(
        self,
        answers: t.Sequence[str] = ("does not know them",),
        shown: t.Sequence[str] = ("as they came",),
        hang_up: bool = False,
    ) -> None:
        self.answers, self.shown, self.hang_up = answers, shown, hang_up

    def answer(self) -> tuple[int, dict[str, str]]:
        return ANSWERS[self.answers[self.asked % len(self.answers)]]

    def body(self, headers: t.Mapping[str, str], sent: bytes) -> str:
        show = SHOWN[self.shown[self.asked % len(self.shown)]]
        return " ".join(f"<{show(text)}>" for text in _credentials(headers, sent))


def _credentials(headers: t.Mapping[str, str], sent: bytes) -> t.Iterator[str]:
    """Yield what a request carries that could be a credential."""
    for name, value in headers.items():
        if name.lower() not in _USUAL:
            yield value
            yield value.rpartition(" ")[2]
        if value.lower().startswith("basic "):
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                decoded = base64.b64decode(value[6:]).decode()
                yield decoded.partition(":")[2] or decoded
                yield decoded
    text = sent.decode("utf-8", "replace")
    for _name, value in urllib.parse.parse_qsl(text):
        yield value
    yield text


_USUAL = ("host", "user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length")


@contextlib.contextmanager
def echoing() -> t.Iterator[tuple[str, Echo]]:
    """Serve on a free port of loopback; yields its address, and what it is to do."""
    echo = Echo()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: t.Any) -> None:
            pass

        def _any(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            echo.asked += 1
            if echo.hang_up:
                self.close_connection = True
                return
            status, headers = echo.answer()
            said = echo.body(dict(self.headers), sent)
            errors = [{"code": said, "detail": said, "message": said}]
            content = {"message": said, "error": said, "detail": said, "error_description": said, "errors": errors}
            data = said.encode() if "Content-Type" in headers else json.dumps(content).encode()
            self.send_response(status)
            quoted = urllib.parse.quote(said)[:4000]
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value.replace("<credentials>", quoted))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", echo
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
