# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the apps that are played answer: SCIM 2.0 (RFC 7644), and REST as company.py's catalog describes it."""

from __future__ import annotations

import json
import re
import typing as t

from .app_accounts import GROUP, Accounts, Record

Answer = tuple[int, bytes]
_FILTER = re.compile(r'(\S+) eq "([^"]*)"')
_FIELDS = {"userName": "username", "emails.value": "email", "externalId": "external_id"}
_QUERIES = {"login": "username", "email": "email", "employee": "external_id"}
_NOT_THERE: Answer = (404, b'{"detail": "there is no such thing"}')


def answer(accounts: Accounts, method: str, path: list[str], query: t.Mapping[str, str], body: bytes) -> Answer:
    """Answer one request to an app; ``path`` begins after the app's own address."""
    reply = _scim if accounts.app.style == "scim" else _rest
    return reply(accounts, method, path, query, body)


def _scim(accounts: Accounts, method: str, path: list[str], query: t.Mapping[str, str], body: bytes) -> Answer:
    if path[0] == "Groups":
        return _scim_group(accounts, method, path, body)
    if len(path) == 1:
        if method == "POST":
            return _scim_make(accounts, json.loads(body))
        return 200, _scim_list(accounts, query)
    record = accounts.records.get(path[1])
    if record is None:
        return _NOT_THERE
    if method == "PATCH":
        for step in json.loads(body)["Operations"]:
            _scim_set(record, step["path"], step.get("value"))
        accounts.changed(record)
    elif method == "DELETE":
        accounts.remove(record)
        return 204, b""
    return 200, accounts.rendered(record)


def _scim_list(accounts: Accounts, query: t.Mapping[str, str]) -> bytes:
    if "filter" in query:
        found = _FILTER.fullmatch(query["filter"])
        record = accounts.named(_FIELDS[found[1]], found[2]) if found else None
        total, page, start = int(record is not None), accounts.rendered(record) if record else b"", 1
    else:
        start, count = int(query.get("startIndex", 1)), min(int(query.get("count", 100)), 500)
        total, page = len(accounts.records), accounts.page(start - 1, count)
    head = f'"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": {total}'
    return b'{%s, "startIndex": %d, "Resources": [%s]}' % (head.encode(), start, page)


def _scim_make(accounts: Accounts, user: dict[str, t.Any]) -> Answer:
    name = user.get("name", {})
    role = next((one["value"] for one in user.get("roles", ())), "")
    email = next((one["value"] for one in user.get("emails", ())), "")
    record = Record(
        "",
        user["userName"],
        email,
        user.get("externalId", ""),
        name.get("givenName", ""),
        name.get("familyName", ""),
        role=role,
        teams=frozenset(),
    )
    made = accounts.add(record)
    return (201, accounts.rendered(made)) if made else (409, b'{"scimType": "uniqueness", "detail": "taken"}')


def _scim_set(record: Record, path: str, value: t.Any) -> None:
    if path == "active":
        record.active = value
    elif path == "roles":
        record.role = value[0]["value"] if value else ""
    elif path == "emails":
        record.email = value[0]["value"]
    elif path == "name":
        record.first, record.last = value["givenName"], value["familyName"]
    else:
        raise ValueError(f"nothing is known of {path}")


def _scim_group(accounts: Accounts, method: str, path: list[str], body: bytes) -> Answer:
    if method == "PATCH":
        for step in json.loads(body)["Operations"]:
            found = re.fullmatch(r'members\[value eq "([^"]*)"\]', step["path"])
            ids = [found[1]] if found else [member["value"] for member in step["value"]]
            for id in ids:
                record = accounts.records[id]
                record.teams = record.teams | {"Everyone"} if step["op"] == "add" else frozenset()
                accounts.changed(record)
        return 204, b""
    group = b'{"id": "%s", "displayName": "Everyone", "members": %s}' % (GROUP.encode(), accounts.members())
    return (200, group) if len(path) > 1 else (200, b'{"totalResults": 1, "Resources": [%s]}' % group)


def _rest(accounts: Accounts, method: str, path: list[str], query: t.Mapping[str, str], body: bytes) -> Answer:
    if len(path) == 1:
        if method == "POST":
            return _rest_make(accounts, json.loads(body))
        return 200, _rest_list(accounts, query)
    record = accounts.records.get(path[1])
    if record is None:
        return _NOT_THERE
    if method == "GET":
        return 200, accounts.rendered(record)
    if method == "DELETE" and len(path) == 2:
        accounts.remove(record)
        return 204, b""
    if len(path) == 4:
        record.teams = record.teams | {path[3]} if method == "PUT" else record.teams - {path[3]}
    elif len(path) == 3:
        record.active = path[2] == "enable"
    else:
        values = json.loads(body)
        record.role = values.get("role", record.role)
        record.email = values.get("email", record.email)
        record.last = values.get("last", record.last)
    accounts.changed(record)
    return 200, accounts.rendered(record)


def _rest_list(accounts: Accounts, query: t.Mapping[str, str]) -> bytes:
    for name, field in _QUERIES.items():
        if name in query:
            record = accounts.named(field, query[name])
            return b'{"users": [%s], "meta": {}}' % (accounts.rendered(record) if record else b"")
    start, count = int(query.get("after") or 0), int(query.get("limit", 100))
    following = f'"{start + count}"' if start + count < len(accounts.records) else "null"
    return b'{"users": [%s], "meta": {"next": %s}}' % (accounts.page(start, count), following.encode())


def _rest_make(accounts: Accounts, user: dict[str, t.Any]) -> Answer:
    names = (user["login"], user["email"], user["employee"], user["first"], user["last"])
    record = Record("", *names, role=user.get("role", "Guest"), teams=frozenset())
    made = accounts.add(record)
    return (201, accounts.rendered(made)) if made else (409, b'{"message": "taken"}')
