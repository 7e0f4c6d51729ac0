# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of every fake: an app in memory behind real HTTP, for products that cannot run here.

A fake is built from the vendor's documentation, quotes the page that each answer follows, and shares no code with the
connector. Where the vendor publishes a machine-readable specification, ``specification`` names the part of it below
``specs/``, and every request and every answer is validated against it: connector and fake then cannot share one
misunderstanding.
"""

from __future__ import annotations

import contextlib
import json
import threading
import typing as t
import urllib.parse

import werkzeug.exceptions
import werkzeug.routing
import werkzeug.serving
import werkzeug.wrappers

from .specs.checker import Checker, checker_for, problems_of

Request = werkzeug.wrappers.Request
Response = werkzeug.wrappers.Response


class Route(t.NamedTuple):
    method: str
    rule: str
    specified: bool


def route(method: str, rule: str, *, specified: bool = True) -> t.Callable[[t.Any], t.Any]:
    """Mark a method of a fake as the answer to ``method rule``, in werkzeug's form: ``/users/<id>``.

    It takes the request and what the rule names, and returns (status, JSON body, bytes of a file or None) or (status,
    body, headers).
    ``specified`` is false for an address that the vendor documents in prose only, such as that of tokens: it is not
    looked for in the fake's specifications.
    """

    def mark(function: t.Any) -> t.Any:
        function.routes = [*getattr(function, "routes", []), Route(method, rule, specified)]
        return function

    return mark


class Answer(Exception):
    """Raised inside a route to answer with something else at once: ``raise Answer(404, {...})``."""

    def __init__(self, status: int, body: t.Any = None, headers: t.Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.answer = (status, body, dict(headers or {}))


class Fake:
    """Subclass with routes; ``authenticate`` is asked before each. One lock: a request is served whole, then the next.

    ``problems`` collects what the specification found wrong; the suite looks at it after every test.
    """

    #: files below specs/, each the needed part of a vendor's specification; none where the vendor publishes none. A
    #: pair is a file and the prefix under which the fake serves it: ("google_licensing", "/licensing")
    specifications: t.ClassVar[t.Sequence[str | tuple[str, str]]] = ()
    #: what the addresses begin with that none of them describes: "/scim/v2" beside a specification of the REST API
    unspecified: t.ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.requests: list[tuple[str, str]] = []
        self.lock = threading.RLock()
        self.checkers: list[Checker] = [
            checker_for(one) if isinstance(one, str) else checker_for(*one) for one in self.specifications
        ]
        rules = []
        for name in dir(type(self)):
            for one in getattr(getattr(type(self), name), "routes", ()):
                rules.append(werkzeug.routing.Rule(one.rule, methods=[one.method], endpoint=(name, one.specified)))
        self._map = werkzeug.routing.Map(rules, strict_slashes=False, merge_slashes=False)

    def authenticate(self, request: Request) -> None:
        """Raise Answer where the credential is missing, wrong, expired or has not the scope."""

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        """The answer for an address that the app does not have."""
        return 404, {"message": "Not Found"}

    def unexpected(self, request: Request) -> None:
        """Note a request that the app's documentation does not know: a mistake of the connector."""
        self.problems.append(f"{request.method} {request.full_path}: the fake knows no such address")

    # ---- serving

    @contextlib.contextmanager
    def serving(self, ssl_context: t.Any = None) -> t.Iterator[t.Any]:
        """Serve on a free port of loopback; yields the fake, whose ``port`` is set."""
        server = werkzeug.serving.make_server(
            "127.0.0.1", 0, self._application, threaded=True, request_handler=_Handler, ssl_context=ssl_context
        )
        self.port = server.port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _application(self, environ: t.Any, start_response: t.Any) -> t.Any:
        request = Request(environ)
        request.get_data()
        with self.lock:
            response = self._answer(request)
        return response(environ, start_response)

    def _matched(self, request: Request) -> t.Any:
        """Match the path as it was sent: a %2F in it belongs to a name, and is no other step."""
        raw = request.environ.get("REQUEST_URI", request.path).partition("?")[0]
        found, arguments = self._map.bind(request.host).match(raw, method=request.method)
        return found, {name: urllib.parse.unquote(value) for name, value in arguments.items()}

    def _answer(self, request: Request) -> Response:
        self.requests.append((request.method, request.full_path))
        specified = False
        try:
            try:
                (endpoint, specified), arguments = self._matched(request)
            except werkzeug.exceptions.HTTPException:
                self.authenticate(request)
                self.unexpected(request)
                found: tuple[t.Any, ...] = self.not_found(request)
            else:
                self.authenticate(request)
                found = getattr(self, endpoint)(request, **arguments)
        except Answer as answer:
            found = answer.answer
        except Exception as error:
            self.problems.append(f"{request.method} {request.full_path}: the fake failed: {error!r}")
            raise
        status, body, *rest = found
        headers = dict(rest[0]) if rest else {}
        if body is None:
            response = Response(b"", status=status, headers=headers)
        elif isinstance(body, bytes):  # a file
            response = Response(body, status=status, headers={"Content-Type": "application/octet-stream", **headers})
        else:
            headers.setdefault("Content-Type", "application/json")
            response = Response(json.dumps(body), status=status, headers=headers)
        if specified and not request.path.startswith(self.unspecified):
            self.problems.extend(problems_of(self.checkers, request, response))
        return response


class _Handler(werkzeug.serving.WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: t.Any) -> None:
        pass
