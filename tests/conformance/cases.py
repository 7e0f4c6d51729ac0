# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connectors that go through the suite: how to start a server, fill it, look into it, and build the connector.

To put another connector in, add a Case here; the tests know nothing of SCIM.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import socket
import subprocess
import sys
import tempfile
import types
import typing as t
import urllib.request

from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import build
from ansible_collections.rollcall.access.plugins.module_utils.model import App, Entitlement
from scim2_models import Pagination
from scim2_server.utils import load_default_service_provider_config

#: The credential of every test. It must never appear in any text.
CANARY = "canary-7f3a9c51-do-not-show"
FIRST = ("admin", "standard")  # the app's own words for the two roles
GROUPS = ("Quota Tracking", 'Say "hi" \\ {{ 7 * 7 }} *', "Ümläut 東京")


class Server(t.Protocol):
    """A real server with one place of its own for each test."""

    port: int

    def fill(self, place: str, people: int) -> list[str]: ...
    def give(self, place: str, user: str, value: str) -> None: ...
    def users(self, place: str) -> dict[str, dict[str, t.Any]]: ...
    def members(self, place: str, group: str) -> set[str]: ...


@dataclasses.dataclass(frozen=True)
class Case:
    """One connector in one dialect."""

    name: str
    server: str
    options: t.Mapping[str, t.Any]
    connector: str
    root: t.Callable[[int, str], str]

    def app(self) -> App:
        entitlements = {
            "standard": Entitlement("standard", "role", "standard", rank=1),
            "admin": Entitlement("admin", "role", "admin", rank=2),
            "quota": Entitlement("quota", "group", GROUPS[0]),
            "odd": Entitlement("odd", "team", GROUPS[1]),
            "umlaut": Entitlement("umlaut", "group", GROUPS[2]),
            "seat": Entitlement("seat", "licence", 'a "seat" \\'),
            "missing": Entitlement("missing", "group", "Quota Trackin"),
        }
        return App("crm", connector=self.connector, entitlements=types.MappingProxyType(entitlements))

    def build(self, port: int, place: str, **options: t.Any) -> Connector:
        connection = {
            "base_url": self.root(port, place),
            "token": CANARY,
            "page_size": 3,
            "read_timeout": 5,
            "read_attempts": 1,
            **self.options,
            **options,
        }
        return build(self.app(), connection)


def _scim_root(port: int, place: str) -> str:
    return f"http://127.0.0.1:{port}/{place}/v2"


CASES = [
    Case("scim path", "scim", {"patch": "path"}, "scim", _scim_root),
    Case("scim value_object", "scim", {"patch": "value_object", "member_filter": "members.value"}, "scim", _scim_root),
    Case("scim put", "scim", {"patch": "put", "filter": False}, "scim", _scim_root),
    Case("scim cursor", "scim", {"paging": "cursor", "member_change": "whole"}, "scim", _scim_root),
    Case("scim bulk", "scim", {"bulk": True, "operation_case": "capitalised"}, "scim", _scim_root),
]


class ScimServer:
    """The PyPI package scim2-server, each place a tenant; looked into past the connector."""

    def __init__(self, port: int) -> None:
        self.port = port

    def call(self, method: str, place: str, path: str, body: t.Any = None) -> t.Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{place}/v2/{path}",
            data=json.dumps(body).encode() if body is not None else None,
            method=method,
            headers={"Authorization": f"Bearer {CANARY}", "Content-Type": "application/scim+json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read() or b"null")

    def fill(self, place: str, people: int) -> list[str]:
        """Make people p0, p1, ... and the groups, in one request; return the ids of the people."""
        user, group = (f"urn:ietf:params:scim:schemas:core:2.0:{kind}" for kind in ("User", "Group"))
        steps: list[dict[str, t.Any]] = [
            {
                "method": "POST",
                "path": "/Users",
                "bulkId": f"u{n}",
                "data": {
                    "schemas": [user],
                    "userName": f"p{n}",
                    "externalId": f"e{n}",
                    "emails": [{"value": f"p{n}@acme.example", "type": "work", "primary": True}],
                    "name": {"givenName": f"Given{n}", "familyName": f"Family{n}"},
                    "roles": [{"value": "standard"}],
                    "nickName": f"nick{n}",
                },
            }
            for n in range(people)
        ]
        for n, name in enumerate(GROUPS):
            members = [{"value": "bulkId:u0"}] if n == 0 and people else []
            data = {"schemas": [group], "displayName": name, **({"members": members} if members else {})}
            steps.append({"method": "POST", "path": "/Groups", "bulkId": f"g{n}", "data": data})
        schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
        done = self.call("POST", place, "Bulk", {"schemas": [schema], "Operations": steps})["Operations"]
        assert {str(step["status"]) for step in done} == {"201"}, done
        return [step["location"].rpartition("/")[2] for step in done[:people]]

    def give(self, place: str, user: str, value: str) -> None:
        """Give one person a licence, as another program would do it."""
        change = {"op": "add", "path": "entitlements", "value": [{"value": value}]}
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        self.call("PATCH", place, f"Users/{user}", {"schemas": [schema], "Operations": [change]})

    def users(self, place: str) -> dict[str, dict[str, t.Any]]:
        return {user["id"]: user for user in self.call("GET", place, "Users?count=1000")["Resources"]}

    def members(self, place: str, group: str) -> set[str]:
        groups = self.call("GET", place, "Groups?count=1000")["Resources"]
        found = next(g for g in groups if g["displayName"] == group)
        return {member["value"] for member in found.get("members", [])}


@contextlib.contextmanager
def scim_server() -> t.Iterator[ScimServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = load_default_service_provider_config()
    config.pagination = Pagination(cursor=True, index=True, default_pagination_method="index")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as features:
        features.write(config.model_dump_json(by_alias=True, exclude_none=True))
        features.flush()
        command = [sys.executable, "-m", "scim2_server.testserver.cli", "--dynamic-tenants", "--bearer-token", CANARY]
        command += ["--port", str(port), "--service-provider-config", features.name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert re.search(r"Serving SCIM", ready), f"the server did not start: {ready!r}"
            yield ScimServer(port)
        finally:
            process.terminate()
            process.wait(10)


SERVERS: t.Mapping[str, t.Callable[[], t.ContextManager[Server]]] = {"scim": scim_server}
