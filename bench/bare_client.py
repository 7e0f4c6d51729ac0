# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor: the same requests with nothing around them, from a client that believes every answer."""

from __future__ import annotations

import threading
import time
import typing as t
from concurrent import futures

import requests

from .company import ROLE, BenchApp, BenchCompany, Employee
from .row import Sample

_PATCH = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
_TOKEN = {"Authorization": "Bearer not-a-secret"}


def read_everything(company: BenchCompany, base_url: str) -> Sample:
    """Read every page of every app, one after the other, and parse it. Raises when an account is missing."""
    started = time.perf_counter()
    count = 0
    for app in company.apps:
        with requests.Session() as session:
            session.headers.update(_TOKEN)
            pages = _scim_pages if app.style == "scim" else _rest_pages
            count += sum(len(page) for page in pages(session, f"{base_url}/{app.key}"))
    seconds = time.perf_counter() - started
    if count != company.accounts():
        raise ValueError(f"{count} accounts were read, and there are {company.accounts()}")
    return Sample(seconds)


def _scim_pages(session: requests.Session, url: str) -> t.Iterator[list[t.Any]]:
    read, total = 0, 1
    while read < total:
        page = session.get(f"{url}/Users", params={"startIndex": read + 1, "count": 100}).json()
        total = page["totalResults"]
        read += len(page["Resources"])
        yield page["Resources"]


def _rest_pages(session: requests.Session, url: str) -> t.Iterator[list[t.Any]]:
    after = ""
    while True:
        page = session.get(f"{url}/users", params={"limit": 100, **({"after": after} if after else {})}).json()
        yield page["users"]
        after = page["meta"]["next"]
        if not after:
            return


class BareClient:
    """Sends single changes, and is told the ids of accounts where it needs them."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._own = threading.local()

    def _send(self, method: str, app: BenchApp, path: str, body: t.Any = None) -> t.Any:
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
            self._own.session.headers.update(_TOKEN)
        answer = self._own.session.request(method, f"{self.base_url}/{app.key}/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def find(self, app: BenchApp, employee: Employee) -> str:
        """Return the id of an account."""
        if app.style == "scim":
            answer = self._send("GET", app, f'Users?filter=externalId eq "{employee.id}"')
            return str(answer["Resources"][0]["id"])
        return str(self._send("GET", app, f"users?employee={employee.id}")["users"][0]["id"])

    def create(self, app: BenchApp, employee: Employee) -> str:
        """Make an account with its role; return its id."""
        if app.style == "scim":
            made = self._send("POST", app, "Users", _scim_body(employee))
        else:
            names = {"email": employee.email, "login": employee.username, "employee": employee.id}
            body = {**names, "first": employee.first, "last": employee.last, "role": ROLE.capitalize()}
            made = self._send("POST", app, "users", body)
        return str(made["id"])

    def join_team(self, app: BenchApp, id: str) -> None:
        if app.style == "scim":
            step = {"op": "add", "path": "members", "value": [{"value": id}]}
            self._send("PATCH", app, "Groups/g1", {"schemas": _PATCH, "Operations": [step]})
        else:
            self._send("PUT", app, f"users/{id}/teams/Everyone")

    def suspend(self, app: BenchApp, id: str) -> None:
        if app.style == "scim":
            step = {"op": "replace", "path": "active", "value": False}
            self._send("PATCH", app, f"Users/{id}", {"schemas": _PATCH, "Operations": [step]})
        else:
            self._send("POST", app, f"users/{id}/disable")

    def create_all(self, app: BenchApp, people: t.Sequence[Employee], connections: int) -> Sample:
        """Make many accounts over so many connections at the same time, and only that."""
        started = time.perf_counter()
        with futures.ThreadPoolExecutor(connections) as pool:
            made = list(pool.map(lambda employee: self.create(app, employee), people))
        seconds = time.perf_counter() - started
        if len(set(made)) != len(people):
            raise ValueError(f"{len(set(made))} accounts were made for {len(people)} people")
        return Sample(seconds)


def _scim_body(employee: Employee) -> dict[str, t.Any]:
    name = f"{employee.first} {employee.last}"
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": employee.username,
        "active": True,
        "externalId": employee.id,
        "name": {"givenName": employee.first, "familyName": employee.last, "formatted": name},
        "displayName": name,
        "emails": [{"value": employee.email, "type": "work", "primary": True}],
        "roles": [{"value": ROLE.capitalize()}],
    }
