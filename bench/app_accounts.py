# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of one app that is played, with its answers written beforehand: the server must not be what is slow."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .company import BenchApp, BenchCompany

GROUP = "g1"


@dataclasses.dataclass
class Record:
    """One account as the app keeps it."""

    id: str
    username: str
    email: str
    external_id: str
    first: str
    last: str
    active: bool = True
    role: str = "Member"
    teams: frozenset[str] = frozenset({"Everyone"})


class Accounts:
    """All accounts of an app. What a record looks like is rendered once, and again when it has changed."""

    def __init__(self, company: BenchCompany, app: BenchApp, *, empty: bool = False) -> None:
        self.app = app
        self.touched = False
        self._render = scim_user if app.style == "scim" else rest_user
        self._rendered: dict[str, bytes] = {}
        self._pages: dict[t.Any, bytes] = {}
        self._by: dict[tuple[str, str], str] = {}
        self.records: dict[str, Record] = {}
        self._made = 0
        for one in () if empty else company.people:
            if app.is_for(one):
                self.add(Record("", one.username, one.email, one.id, one.first, one.last))
        self.touched = False

    def add(self, record: Record) -> Record | None:
        """Take a new account in; None where its name is taken."""
        if ("username", record.username.lower()) in self._by:
            return None
        self._made += 1
        record.id = f"{self.app.key}-{self._made:06d}"
        self.records[record.id] = record
        for field in ("username", "email", "external_id"):
            self._by[field, getattr(record, field).lower()] = record.id
        self.changed(record)
        return record

    def remove(self, record: Record) -> None:
        del self.records[record.id]
        for field in ("username", "email", "external_id"):
            self._by.pop((field, getattr(record, field).lower()), None)
        self.changed(record)

    def changed(self, record: Record) -> None:
        self.touched = True
        self._rendered.pop(record.id, None)
        self._pages.clear()

    def named(self, field: str, value: str) -> Record | None:
        return self.records.get(self._by.get((field, value.lower()), ""))

    def rendered(self, record: Record) -> bytes:
        found = self._rendered.get(record.id)
        if found is None:
            found = self._rendered[record.id] = self._render(record)
        return found

    def page(self, start: int, count: int) -> bytes:
        """Return the records from ``start`` (0 is the first) on, with commas between, as JSON writes a list."""
        key = (start, count)
        if key not in self._pages:
            ids = self._pages.get("ids") or list(self.records)
            self._pages["ids"] = ids  # type: ignore[assignment]
            self._pages[key] = b",".join(self.rendered(self.records[id]) for id in ids[start : start + count])
        return self._pages[key]

    def members(self) -> bytes:
        """Return who is in the group, as SCIM shows it."""
        if "members" not in self._pages:
            values = [{"value": record.id} for record in self.records.values() if "Everyone" in record.teams]
            self._pages["members"] = json.dumps(values).encode()
        return self._pages["members"]


def scim_user(record: Record) -> bytes:
    name = f"{record.first} {record.last}"
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": record.id,
        "externalId": record.external_id,
        "userName": record.username,
        "name": {"givenName": record.first, "familyName": record.last, "formatted": name},
        "displayName": name,
        "emails": [{"value": record.email, "type": "work", "primary": True}],
        "active": record.active,
        "roles": [{"value": record.role}] if record.role else [],
        "groups": [{"value": GROUP, "display": team} for team in sorted(record.teams)],
        "meta": {"resourceType": "User", "created": "2020-01-06T09:00:00Z", "location": f"/Users/{record.id}"},
    }
    return json.dumps(user).encode()


def rest_user(record: Record) -> bytes:
    user = {
        "id": record.id,
        "login": record.username,
        "email": record.email,
        "employee": record.external_id,
        "first": record.first,
        "last": record.last,
        "enabled": record.active,
        "role": record.role,
        "teams": sorted(record.teams),
        "created_at": "2020-01-06T09:00:00Z",
        "locale": "en",
    }
    return json.dumps(user).encode()
