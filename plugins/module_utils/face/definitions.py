# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app and a person as plain values, for the way to another host and back. Credentials travel apart from them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import Account, App, Entitlement, Person


def app_definition(app: App) -> dict[str, t.Any]:
    """Return what a module on another host has to know of an app, without its connection."""
    return {
        "key": app.key,
        "name": app.name,
        "connector": app.connector,
        "account_name": app.account_name,
        "entitlements": {
            key: {"kind": e.kind, "value": e.value, "rank": e.rank, "privileged": e.privileged}
            for key, e in app.entitlements.items()
        },
    }


def app_from(definition: t.Mapping[str, t.Any]) -> App:
    """The way back of ``app_definition``."""
    fields = dict(definition)
    entitlements = {key: Entitlement(key=key, **values) for key, values in fields.pop("entitlements").items()}
    return App(**fields, entitlements=entitlements)


_NAMES = ("id", "username", "email", "given_name", "family_name", "name")


def person_definition(person: Person) -> dict[str, t.Any]:
    """Return what a module on another host has to know of a person."""
    return {**{name: getattr(person, name) for name in _NAMES}, "earlier_emails": list(person.earlier_emails)}


def person_from(definition: t.Mapping[str, t.Any]) -> Person:
    """The way back of ``person_definition``."""
    return Person(**{**definition, "earlier_emails": tuple(definition["earlier_emails"])})


def account_data(account: Account | None) -> dict[str, t.Any] | None:
    """Return an account for a task's result."""
    if account is None:
        return None
    data = dataclasses.asdict(account)
    data["entitlements"] = sorted(account.entitlements)
    data["unknown"] = sorted(account.unknown)
    data["created"] = account.created.isoformat() if account.created else None
    data["last_used"] = account.last_used.isoformat() if account.last_used else None
    return data


def account_from(data: t.Mapping[str, t.Any] | None) -> Account | None:
    """The way back of ``account_data``."""
    if data is None:
        return None
    fields = dict(data)
    for name in ("entitlements", "unknown"):
        fields[name] = frozenset(fields[name])
    for name in ("created", "last_used"):
        fields[name] = dt.datetime.fromisoformat(fields[name]) if fields[name] else None
    return Account(**fields)
