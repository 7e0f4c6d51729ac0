# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small HTTP proxy that stands before a real server and breaks things on purpose.

It forwards every request to the server and its answer back, unless a fault is armed for it. It remembers what passed
through, so that a test can say that nothing was written.
"""

from __future__ import annotations

import dataclasses
import http.client
import http.server
import json
import re
import socket
import struct
import sys
import threading
import traceback
import typing as t
import urllib.parse


@dataclasses.dataclass
class Fault:
    """What to do to requests of ``method`` whose path matches ``path``, after ``skip`` of them, ``times`` times.

    ``kind``: status (answer ``status`` with ``headers`` and ``body``; the server is not asked) | empty (no Resources,
    the total stays) | nobody (no Resources, total 0) | half_page | page_twice (the page before, again) | no_resources |
    growing (another total in every answer) | invalid_json | reset (half of the body, then a reset) | hang | lost_answer
    (the server does it, the connection is reset) | echo (a 400 that quotes the request's headers) | wrong_one (another
    id in the answer) | unfiltered (the filter is taken out) | redirect | meanwhile (``do`` is called, then it goes on;
    ``then`` is called when the server has answered).
    """

    kind: str
    method: str = "GET"
    path: str = ""
    skip: int = 0
    times: int = 1_000_000
    status: int = 500
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b"{}"
    do: t.Callable[[], object] | None = None
    then: t.Callable[[], object] | None = None
    count: int = 0


class FaultProxy:
    """Listens on loopback and forwards to ``upstream`` (host, port). Use as a context manager."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.faults: list[Fault] = []
        self.seen: list[tuple[str, str]] = []
        self.sent_headers: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.last_page: dict[str, bytes] = {}

        class Handler(_Handler):
            proxy = self

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = _only_real_errors  # type: ignore[method-assign]
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def arm(self, kind: str, **details: t.Any) -> Fault:
        fault = Fault(kind, **details)
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        self.faults.clear()
        self.seen.clear()
        self.sent_headers.clear()

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.seen if method != "GET"]

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.method == method and re.search(fault.path, path):
                    fault.count += 1
                    if fault.skip < fault.count <= fault.skip + fault.times:
                        return fault
        return None


def _only_real_errors(request: t.Any, address: t.Any) -> None:
    """A client that has gone is what these tests are about; everything else is told."""
    if not isinstance(sys.exception(), ConnectionError):
        traceback.print_exc()


# What concerns one connection, or is made anew here. Encodings are not asked for: bodies are looked into.
_OF_ONE_HOP = frozenset(
    {"connection", "keep-alive", "content-length", "transfer-encoding", "accept-encoding", "date", "server"}
)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    wbufsize = -1
    proxy: FaultProxy

    def log_message(self, format: str, *args: t.Any) -> None:
        pass

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path = urllib.parse.unquote_plus(self.path)
        self.proxy.seen.append((self.command, path))
        self.proxy.sent_headers.append(dict(self.headers))
        fault = self.proxy.fault_for(self.command, path)
        kind = fault.kind if fault else ""
        if fault and kind == "status":
            self._answer(fault.status, dict(fault.headers), fault.body)
        elif kind == "hang":
            self.proxy.stopping.wait(20)
            self.close_connection = True
        elif kind == "echo":
            quoted = json.dumps({"detail": f"bad request with {dict(self.headers)}"}).encode()
            self._answer(400, {"Content-Type": "application/json"}, quoted)
        elif kind == "redirect":
            self._answer(302, {"Location": "https://elsewhere.example/v2/Users"}, b"")
        else:
            target = re.sub(r"filter=[^&]*&?", "", self.path) if kind == "unfiltered" else self.path
            if fault and fault.do:
                fault.do()
            status, headers, content = self._forward(target, body)
            if fault and fault.then:
                fault.then()
            if kind == "lost_answer":
                self._reset()
                return
            if kind == "reset":
                self._answer(status, headers, content, cut=True)
                return
            whole = content
            if fault:
                content = self._spoiled(fault, content)
            self.proxy.last_page[self.path.partition("?")[0]] = whole
            self._answer(status, headers, content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _forward(self, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(*self.proxy.upstream, timeout=20)
        # Host goes through as it came, so that an app which makes URLs (of the next page) makes them lead through here
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_HOP}
        connection.request(self.command, target, body or None, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, {k: v for k, v in response.getheaders() if k.lower() not in _OF_ONE_HOP}, content

    def _spoiled(self, fault: Fault, content: bytes) -> bytes:
        if fault.kind == "invalid_json":
            return content[: len(content) // 2]
        if fault.kind == "page_twice":
            return self.proxy.last_page[self.path.partition("?")[0]]
        if fault.kind in ("unfiltered", "meanwhile"):
            return content
        page = json.loads(content)
        if fault.kind == "empty":
            page["Resources"] = []
        elif fault.kind == "nobody":
            page.update(Resources=[], totalResults=0, itemsPerPage=0)
        elif fault.kind == "half_page":
            page["Resources"] = page["Resources"][1::2]
        elif fault.kind == "no_resources":
            del page["Resources"]
        elif fault.kind == "growing":
            page["totalResults"] += fault.count
        elif fault.kind == "wrong_one":
            page["id"] = "another-id"
        else:
            raise AssertionError(fault.kind)
        return json.dumps(page).encode()

    def _answer(self, status: int, headers: t.Mapping[str, str], content: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.wfile.flush()
        if cut:
            self._reset()

    def _reset(self) -> None:
        # A linger of 0 s sends a reset in place of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
