# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake of AWX on loopback, with a token."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import threading
import typing as t
import urllib.parse

from .awx_rules import Refusal
from .awx_server import Awx

TOKEN = "awx-token-of-the-tests"


@contextlib.contextmanager
def serving(awx: Awx) -> t.Iterator[str]:
    """Serve it on loopback; yield its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            try:
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise Refusal({"detail": "Authentication credentials were not provided."}, 401)
                if not re.fullmatch(r"/api/v2/[a-z0-9_/]+/", url.path):
                    raise Refusal({"detail": "Not found."}, 404)
                body = json.loads(text) if text else None
                status, answer = awx.answer(self.command, url.path, dict(urllib.parse.parse_qsl(url.query)), body)
            except Refusal as refusal:
                status, answer = refusal.status, refusal.body
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", "24.6.1")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _do

        def log_message(self, *_: t.Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
