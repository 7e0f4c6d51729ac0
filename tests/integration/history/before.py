# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the apps held before Rollcall came: accounts of people, right and wrong, and accounts of nobody.

Each account is written as SCIM has it, with the groups it is in and, for ``by_hand``, as what it is to be taken. Two
people of three have accounts; some of these have more or less than they should. The odd ones are written out.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..support.company import CompanyDirectory
from .by_hand import CATALOG, THINGS, Accounts, Held, Row, account_name, export, here, wanted


@dataclasses.dataclass(frozen=True)
class Found:
    """An account that is there already. ``person`` is empty for one that is nobody's and must never be touched."""

    app: str
    person: str
    user: t.Mapping[str, t.Any]
    has: tuple[str, ...] = ()

    def resource(self) -> dict[str, t.Any]:
        things = [THINGS[self.app, key] for key in self.has]
        roles = [{"value": one.value} for one in things if one.kind == "role"]
        licences = [{"value": one.value} for one in things if one.kind in ("licence", "permission")]
        return {"active": True, **self.user, **({"roles": roles} if roles else {})} | (
            {"entitlements": licences} if licences else {}
        )

    def groups(self) -> list[str]:
        return [one.value for one in (THINGS[self.app, key] for key in self.has) if one.kind in ("group", "team")]


def _mail(address: str) -> list[dict[str, t.Any]]:
    return [{"value": address, "type": "work", "primary": True}]


FOUND = (
    # the catalog protects it
    Found("hub", "", {"userName": "break-glass"}, ("admin",)),
    # nobody's, whatever its name
    Found("hub", "", {"userName": "svc-backup", "emails": _mail("svc-backup@acme.example")}, ("member", "vpn")),
    # known by the email address alone; too much power, one group of another department, the name misspelt
    Found(
        "hub",
        "10001",
        {
            "userName": "gfacello",
            "emails": _mail("Georgi.Facello10001@ACME.example"),
            "name": {"givenName": "Georgi", "familyName": "Facelo"},
        },
        ("admin", "administration"),
    ),
    # known by HR's id; switched off, with an address of long ago
    Found(
        "hub",
        "10006",
        {
            "userName": "anneke.preusig",
            "externalId": "10006",
            "active": False,
            "emails": _mail("anneke@old.example"),
            "name": {"givenName": "Anneke", "familyName": "Preusig"},
        },
    ),
    # known by the user name alone
    Found("hub", "10012", {"userName": "Patricio.Bridgland"}, ("guest",)),
    # left in 2025 and was forgotten, here with power and in the plant, where leaving deletes
    Found("hub", "10963", {"userName": "hatsukazu", "externalId": "10963"}, ("admin", "engineering")),
    Found("plant", "10994", {"userName": "d.aingworth", "externalId": "10994"}, ("viewer",)),
    # left in 2017 and is switched off: since when, nobody knows
    Found("crm", "10977", {"userName": "toong", "externalId": "10977", "active": False}, ("user",)),
    # is here, and should not have this
    Found("crm", "10002", {"userName": "bezalel", "externalId": "10002"}, ("user", "sales")),
)


def _usual(rows: t.Mapping[str, Row], date: str) -> list[Found]:
    """Return the accounts of two people of three, as a company has them that gave its access by hand until now."""
    found = []
    odd = {one.person for one in FOUND}
    keys = {(app, thing): key for (app, key), thing in THINGS.items()}
    for id, row in rows.items():
        number = int(id)
        if number % 3 == 0 or id in odd or not here(row):
            continue
        user: dict[str, t.Any] = {
            "emails": _mail(row["work_email"]),
            "name": {"givenName": row["first_name"], "familyName": row["last_name"]},
        }
        if number % 2:
            user["externalId"] = id
        for app, things in wanted(id, rows, date).items():
            has = sorted(keys[app, thing] for thing in things)
            if number % 10 == 1:
                # something was forgotten
                has = has[1:]
            if number % 25 == 2 and app == "hub":
                # something was never taken back
                has = [key for key in has if THINGS[app, key].kind != "role"] + ["helper", "newcomers"]
            found.append(Found(app, id, {"userName": account_name(app, row), **user}, tuple(dict.fromkeys(has))))
    return found


class Before:
    """Everything that is there before the first load of the export of ``date``."""

    def __init__(self, date: str) -> None:
        self.date = date
        self.found = (*FOUND, *_usual(export(date), date))
        #: By (app, person), and by (app, user name).
        self.of_person = {(one.app, one.person): one for one in self.found if one.person}
        self.named = {(one.app, one.user["userName"]): one for one in self.found}

    def fill(self, company: CompanyDirectory) -> None:
        """Make the accounts, and the groups that the catalog names, with their members."""
        for app, entry in CATALOG.items():
            tenant = company.tenant(app)
            found = [one for one in self.found if one.app == app]
            ids = tenant.add_users([one.resource() for one in found])
            groups = {one["value"]: [] for one in entry["entitlements"].values() if one["kind"] in ("group", "team")}
            for one in found:
                for group in one.groups():
                    groups[group].append(ids[one.user["userName"]])
            if groups:
                tenant.add_groups(*groups, members=groups)

    def accounts(self) -> Accounts:
        """Return the accounts of people as they are. What is off counts as off since the day of the first load."""
        return {
            pair: Held(
                frozenset(THINGS[one.app, key] for key in one.has),
                active=one.user.get("active", True),
                suspended="" if one.user.get("active", True) else self.date,
            )
            for pair, one in self.of_person.items()
        }
