# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A token that several threads use, one that stops being accepted, and what must never be shown of a sign-in."""

from __future__ import annotations

import http.server
import itertools
import json
import threading
import urllib.parse

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Refused
from ansible_collections.rollcall.access.plugins.module_utils.protocols.sign_in import Token, TokenEndpoint


def test_a_token_that_another_thread_has_renewed_is_tried() -> None:
    numbers = itertools.count(1)
    now = [0.0]
    token = Token(lambda: (f"token-{next(numbers)}", 3600.0), clock=lambda: now[0])
    assert token.headers()["Authorization"] == "Bearer token-1"
    now[0] = 100.0

    def other() -> None:
        token.headers()
        assert token.renew()
        token.headers()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(10)
    now[0] = 100.2
    assert token.renew(), "this thread's request carried the old token"
    assert token.headers()["Authorization"] == "Bearer token-2"
    assert not token.renew(), "the new one is not accepted either"


class Quoting(http.server.BaseHTTPRequestHandler):
    """A token endpoint that refuses, and quotes the whole form."""

    def do_POST(self) -> None:
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        said = " ".join(value for values in form.values() for value in values)
        answer = json.dumps({"error_description": f"not accepted: {said}"}).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_what_a_token_endpoint_quotes_of_a_sign_in_is_never_shown() -> None:
    form = {"grant_type": "password", "password": "t0p-secret", "assertion": "eyJh.eyJp.c2ln"}
    with http.server.HTTPServer(("127.0.0.1", 0), Quoting) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        endpoint = TokenEndpoint(f"http://127.0.0.1:{server.server_port}/token", "app x, signing in")
        with pytest.raises(Refused, match="not accepted: password") as caught:
            endpoint.fetch(form)
    assert "t0p-secret" not in str(caught.value)
    assert "eyJh" not in str(caught.value)
