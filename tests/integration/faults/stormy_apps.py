# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two apps, one with SCIM and one with an interface of its own, whose answers are as the weather is.

They remember what they were before each write, so that an answer can be that of a copy which lags behind. The one with
SCIM refuses a second account of the same name, as nearly all do; its searches lag as its lists do. The other one takes
everything: that nobody has two accounts is for Rollcall to see to. Its searches catch up after two of them. Some write
every address in capitals.
"""

from __future__ import annotations

import collections
import copy
import json
import random
import struct
import time
import typing as t

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, Response, route
from ansible_collections.rollcall.access.tests.conformance.product_case import Seen
from ansible_collections.rollcall.access.tests.conformance.products.rest import RestFake
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Profile

from .weather import Weather, refusal

#: Longer than Rollcall waits for an answer here, in seconds.
LATE = 3.5


class Stormy(Fake):
    """Mixed into a fake. ``kept`` are the attributes that make up its state."""

    key = ""
    kept: t.ClassVar[tuple[str, ...]] = ()
    weather: Weather

    def begin(self, weather: Weather) -> None:
        self.weather = weather
        self.before: list[dict[str, t.Any]] = []
        self.read_since = 0
        #: what nobody may see: a second account of somebody
        self.wrong: list[str] = []
        #: every write that was carried out, in order
        self.done: list[str] = []
        #: whether it writes addresses in capitals
        self.shouts = random.Random(f"{weather.seed} {self.key} shouts").random() < 0.25
        #: how many requests are being answered
        self.busy = 0
        #: the end of the address of what takes no writes (403)
        self.forbidden = ""
        self._unheard: collections.Counter[str] = collections.Counter()

    if t.TYPE_CHECKING:  # of the fake that it is mixed into
        port: int

        def accounts(self) -> dict[str, Seen]: ...
        def reset(self) -> None: ...

    def listing(self, request: Request) -> bool:
        """Whether a request reads a list or searches in one."""
        raise NotImplementedError

    def entries(self, body: t.Any) -> list[t.Any]:
        """Return the entries in the answer of a list, to be changed in place."""
        raise NotImplementedError

    def spelled(self, email: str) -> str:
        """Return an address as this app writes it."""
        return email.upper() if self.shouts else email

    # ---- answering

    def _application(self, environ: t.Any, start_response: t.Any) -> t.Any:
        with self.lock:
            self.busy += 1
        try:
            return self._weathered(environ, start_response)
        finally:
            with self.lock:
                self.busy -= 1

    def _weathered(self, environ: t.Any, start_response: t.Any) -> t.Any:
        request = Request(environ)
        request.get_data()
        reads = request.method == "GET"
        with self.lock:
            listing = reads and self.listing(request)
            lot = self.weather.draw(
                self.key, request.method, request.full_path, listing=listing, since_write=self.read_since
            )
            if not reads and self.weather.is_fatal() and lot.dice.random() < 0.5:
                return Response(b"{}", status=503)(environ, start_response)
            if lot.kind == "unheard of" and self._is_unheard_of(request):
                return Response(b"{}", status=404)(environ, start_response)
            if self.forbidden and not reads and request.path.endswith(self.forbidden):
                return Response(b"{}", status=403)(environ, start_response)
            if lot.kind in ("throttled", "failed", "away"):
                status, headers = refusal(lot)
                # a gateway that gives up has handed a write on as often as not
                if not reads and lot.kind == "failed" and lot.dice.random() < 0.3:
                    self._carried_out(request)
                return Response(b"{}", status=status, headers=headers)(environ, start_response)
            response = self._of_before(request, lot.lag) if reads else self._carried_out(request)
        if listing and response.status_code == 200 and lot.kind:
            response = self._incomplete(request, lot.kind, lot.dice, response)
        if lot.kind in ("cut", "done and lost"):
            start_response("200 OK", [])
            _break_off(environ, half=lot.kind == "cut", content=response.get_data())
            return []
        if lot.kind == "done and late":
            time.sleep(LATE)
        elif lot.kind == "html":
            response = Response(b"<html><body>Please sign in</body></html>", 200, {"Content-Type": "text/html"})
        elif lot.kind == "blank":
            response = Response(b"", 200)
        return response(environ, start_response)

    def _is_unheard_of(self, request: Request) -> bool:
        """Whether a write comes to a copy that has not heard of what it names; at most two of the same do."""
        if request.path.casefold().endswith("/users"):
            return False  # it names nobody, but makes somebody
        self._unheard[request.path] += 1
        return self._unheard[request.path] <= 2

    def _carried_out(self, request: Request) -> Response:
        state = self._state()
        response = self._answer(request)
        if self._state() != state:
            self.before.append(state)
            self.read_since = 0
            self.done.append(f"{request.method} {request.path}")
            emails = [seen.email.casefold() for seen in self.accounts().values()]
            self.wrong += [f"{self.key}: a second account of {one}" for one in emails if emails.count(one) > 1]
        return response

    def _state(self) -> dict[str, t.Any]:
        return {name: copy.deepcopy(getattr(self, name)) for name in self.kept}

    def _of_before(self, request: Request, lag: int) -> Response:
        self.read_since += 1
        if not lag or not self.before:
            return self._answer(request)
        now = {name: getattr(self, name) for name in self.kept}
        for name, value in self.before[-min(lag, len(self.before))].items():
            setattr(self, name, copy.deepcopy(value))
        try:
            return self._answer(request)
        finally:
            for name, value in now.items():
                setattr(self, name, value)

    def _incomplete(self, request: Request, kind: str, dice: t.Any, response: Response) -> Response:
        body = json.loads(response.get_data())
        entries = self.entries(body)
        if kind == "lost page":
            entries.clear()
        elif kind == "lost entry" and entries:
            del entries[dice.randrange(len(entries))]
        elif kind == "page twice":
            entries += copy.deepcopy(entries)
        elif kind == "nobody":
            entries.clear()
            if "totalResults" in body:
                body["totalResults"] = 0
        return Response(json.dumps(body), response.status_code, headers=dict(response.headers))


def _break_off(environ: t.Any, *, half: bool, content: bytes) -> None:
    """End the connection with a reset; after half of the answer, or before any of it."""
    connection = environ["werkzeug.socket"]
    if half:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content) + 2}\r\n\r\n"
        connection.sendall(head.encode() + content[: len(content) // 2])
    connection.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER of 0 s: a reset, no orderly end
    connection.close()


class Mail(Stormy, ScimFake):
    """SCIM. Whoever is suspended stays in the list."""

    key = "mail"
    kept = ("users", "members", "number")
    groups = ("Everyone", "Sales")
    profile = Profile(user_filters=("userName", "externalId", "emails.value"), largest_page=5)

    def add(self, user: dict[str, t.Any]) -> str:
        emails = [{**email, "value": self.spelled(email["value"])} for email in user.get("emails", ())]
        return super().add({**user, "emails": emails})

    def listing(self, request: Request) -> bool:
        return request.path.rstrip("/").endswith(("/Users", "/Groups"))

    def entries(self, body: t.Any) -> list[t.Any]:
        return t.cast("list[t.Any]", body.setdefault("Resources", []))


class Planner(Stormy, RestFake):
    """The app of examples/catalog/rest.yml: pages by cursor, and no total that would give a short list away."""

    key = "planner"
    kept = ("users", "teams", "number")
    number = 0

    def reset(self) -> None:
        super().reset()
        self.number = 0
        self.searched: collections.Counter[str] = collections.Counter()

    def add(self, n: str, **more: t.Any) -> str:
        self.number += 1
        id = f"u{self.number}"
        self.users[id] = {"id": id, "role": "reader", "enabled": True, **more}
        return id

    @route("POST", "/api/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()
        if not isinstance(body, dict):
            raise Answer(400, {"message": "Expected an object"})
        return 201, self.users[self.add("", **{**body, "email": self.spelled(body["email"])})]

    def listing(self, request: Request) -> bool:
        return request.path.rstrip("/").endswith(("/users", "/members", "/teams"))

    def _of_before(self, request: Request, lag: int) -> Response:
        email = request.args.get("email", "").casefold()
        there = any(user["email"].casefold() == email for user in self.users.values())
        if email and there:
            self.searched[email] += 1
            lag = lag if self.searched[email] <= 2 else 0
        return super()._of_before(request, lag)

    def entries(self, body: t.Any) -> list[t.Any]:
        return t.cast("list[t.Any]", next(value for value in body.values() if isinstance(value, list)))
