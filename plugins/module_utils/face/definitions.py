# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app and a person as plain values, for the way to another host and back. Credentials travel apart from them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing as t

from ..model import Account, App, Entitlement, Person

#: Options that hold something secret where they are given, although an app may do without them, at any depth.
_SECRET_NAMES = re.compile(r"(.*_)?(token|secret|password|passphrase|bearer|credentials|assertion|key)", re.IGNORECASE)
_ALL_SECRET = ("header", "headers")


def parted(
    connection: t.Mapping[str, t.Any], options: t.Mapping[str, str]
) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Return what of a connection may be seen, and what is secret.

    Ansible logs and shows what a module is called with, and blots every secret value out of what it returns: a time-out
    of 2 among them would be blotted out of everything. ``options``: which options the connector says are secret.
    """
    plain: dict[str, t.Any] = {}
    secret: dict[str, t.Any] = {}
    for name, value in connection.items():
        if options.get(name) == "secret" or name in _ALL_SECRET:
            secret[name] = value
        elif isinstance(value, t.Mapping):
            seen, hidden = parted(value, {})
            plain[name] = seen
            if hidden:
                secret[name] = hidden
        # a text that is one {placeholder} is part of the description of an interface
        elif isinstance(value, str) and _SECRET_NAMES.fullmatch(str(name)) and not re.fullmatch(r"{[a-z_.|]+}", value):
            secret[name] = value
        else:
            plain[name] = value
    return plain, secret


def joined(plain: t.Mapping[str, t.Any], secret: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The way back of ``parted``."""
    whole = dict(plain)
    for name, value in secret.items():
        both = isinstance(value, t.Mapping) and isinstance(whole.get(name), t.Mapping)
        whole[name] = joined(whole[name], value) if both else value
    return whole


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
