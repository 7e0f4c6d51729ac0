# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real SCIM server on loopback, filled and looked into past the collection's own code."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys
import typing as t

#: The credential of every app in the tests. It must never appear in any text.
TOKEN = "canary-58c1e0d7-do-not-show"

_SCHEMAS = "urn:ietf:params:scim:schemas:core:2.0"
_MESSAGES = "urn:ietf:params:scim:api:messages:2.0"


@dataclasses.dataclass(frozen=True)
class Holder:
    """What one account in an app is, as the server itself shows it."""

    id: str
    username: str
    external_id: str
    email: str
    given_name: str
    family_name: str
    active: bool
    roles: frozenset[str]
    groups: frozenset[str]
    licences: frozenset[str] = frozenset()


class ScimServer:
    """The PyPI package scim2-server. The first request to a tenant makes it: each app of each test is one."""

    def __init__(self, port: int) -> None:
        self.port = port

    def tenant(self, name: str) -> Tenant:
        return Tenant(self, name)


@dataclasses.dataclass(frozen=True)
class Tenant:
    """One app on the server: users and groups of its own."""

    server: ScimServer
    name: str

    @property
    def base_url(self) -> str:
        """What the catalog's ``connection: {base_url: ...}`` says."""
        return f"http://127.0.0.1:{self.server.port}/{self.name}/v2"

    def call(self, method: str, path: str, body: t.Any = None) -> t.Any:
        """Send one request; return the body of the answer. Anything but 2xx is an AssertionError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        with contextlib.closing(connection):
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
            connection.request(
                method, f"/{self.name}/v2/{path}", json.dumps(body) if body is not None else None, headers
            )
            response = connection.getresponse()
            answer = json.loads(response.read() or b"null")
        assert response.status // 100 == 2, f"{method} {self.name}/{path}: {response.status} {answer}"
        return answer

    # filling it

    def add_groups(self, *names: str, members: t.Mapping[str, t.Sequence[str]] | None = None) -> dict[str, str]:
        """Make groups, with the ids of users as ``members`` of some; return the groups' ids by name."""
        groups = [
            {"displayName": name, "members": [{"value": id} for id in (members or {}).get(name, ())]} for name in names
        ]
        return dict(zip(names, self._bulk("/Groups", "Group", groups), strict=True))

    def add_users(self, users: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, str]:
        """Make users as SCIM writes them (``userName`` and what else they have); return their ids by user name."""
        return dict(zip([u["userName"] for u in users], self._bulk("/Users", "User", users), strict=True))

    def add_member(self, group: str, user_id: str) -> None:
        """Put a user into a group, as somebody else would do it behind Rollcall's back."""
        self.change(
            f"Groups/{self.group_ids()[group]}", {"op": "add", "path": "members", "value": [{"value": user_id}]}
        )

    def change(self, path: str, *operations: t.Mapping[str, t.Any]) -> None:
        self.call("PATCH", path, {"schemas": [f"{_MESSAGES}:PatchOp"], "Operations": list(operations)})

    def _bulk(self, path: str, kind: str, resources: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
        ids: list[str] = []
        for batch in (resources[start : start + 500] for start in range(0, len(resources), 500)):
            steps = [
                {
                    "method": "POST",
                    "path": path,
                    "bulkId": f"b{n}",
                    "data": {"schemas": [f"{_SCHEMAS}:{kind}"], **resource},
                }
                for n, resource in enumerate(batch)
            ]
            done = self.call("POST", "Bulk", {"schemas": [f"{_MESSAGES}:BulkRequest"], "Operations": steps})
            answers = done["Operations"]
            assert {str(answer["status"]) for answer in answers} == {"201"}, answers
            ids += [answer["location"].rpartition("/")[2] for answer in answers]
        return ids

    # looking into it

    def resources(self, kind: str) -> list[dict[str, t.Any]]:
        """Return all ``Users`` or ``Groups`` as the server has them, in the order of their ids."""
        found: list[dict[str, t.Any]] = []
        while True:
            page = self.call("GET", f"{kind}?startIndex={len(found) + 1}&count=1000")
            found += page.get("Resources", [])
            if len(found) >= page["totalResults"] or not page.get("Resources"):
                break
        assert len(found) == page["totalResults"]
        return sorted(found, key=lambda resource: resource["id"])

    def group_ids(self) -> dict[str, str]:
        return {group["displayName"]: group["id"] for group in self.resources("Groups")}

    def holders(self, state: t.Mapping[str, list[dict[str, t.Any]]] | None = None) -> list[Holder]:
        """Return every account with its roles and with the groups that name it as a member.

        ``state`` is what ``state()`` returned, where it has been asked for already.
        """
        state = self.state() if state is None else state
        groups: dict[str, set[str]] = {}
        for group in state["Groups"]:
            for member in group.get("members") or []:
                groups.setdefault(member["value"], set()).add(group["displayName"])
        return [
            Holder(
                id=user["id"],
                username=user["userName"],
                external_id=user.get("externalId", ""),
                email=next((email["value"] for email in user.get("emails") or []), ""),
                given_name=(user.get("name") or {}).get("givenName", ""),
                family_name=(user.get("name") or {}).get("familyName", ""),
                active=user.get("active", True),
                roles=frozenset(role["value"] for role in user.get("roles") or []),
                groups=frozenset(groups.get(user["id"], ())),
                licences=frozenset(licence["value"] for licence in user.get("entitlements") or []),
            )
            for user in state["Users"]
        ]

    def state(self) -> dict[str, list[dict[str, t.Any]]]:
        """Return everything, with versions and times: two states are the same when nothing was written in between."""
        return {kind: self.resources(kind) for kind in ("Users", "Groups")}


@contextlib.contextmanager
def scim_server() -> t.Iterator[ScimServer]:
    """Start the server on a free port, and stop it in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serving = pathlib.Path(__file__).with_name("scim_serving.py")
    command = [sys.executable, "-P", str(serving), "--dynamic-tenants", "--bearer-token", TOKEN]
    process = subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert re.search(r"Serving SCIM", ready), f"the server did not start: {ready!r}"
        yield ScimServer(port)
    finally:
        process.terminate()
        process.wait(10)
