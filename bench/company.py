# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company of any size, made from a seed: its people, its apps, and who should have what in them.

The same seed makes the same company, so the process that plays the apps makes it once more for itself.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import json
import pathlib
import random
import typing as t

DEPARTMENTS = ("Sales", "Support", "Engineering", "Finance", "Legal", "Marketing", "Operations", "People")
LOCATIONS = ("Utrecht", "Lisbon", "Toronto", "Osaka")
TITLES = ("Associate", "Specialist", "Lead", "Manager")
CHIEF = "Chief of Everything"

_SYLLABLES = ("ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "wu", "za")

#: Every account has these two, so there are two grants for each.
ROLE, TEAM = "member", "everyone"


@dataclasses.dataclass(frozen=True)
class Employee:
    """A row of HR's file."""

    number: int
    department: str
    title: str = "Specialist"
    location: str = "Utrecht"
    end: str = ""

    @property
    def id(self) -> str:
        return f"E{self.number:06d}"

    @property
    def first(self) -> str:
        return _name(self.number % 97 + 16)

    @property
    def last(self) -> str:
        return _name(self.number + 256)

    @property
    def username(self) -> str:
        return f"{self.first}.{self.last}".lower()

    @property
    def email(self) -> str:
        return f"{self.username}@bench.example"


@dataclasses.dataclass(frozen=True)
class BenchApp:
    """An app. ``departments`` have accounts in it (empty: everybody); ``style`` is scim or rest."""

    number: int
    departments: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"app{self.number:03d}"

    @property
    def style(self) -> str:
        return "scim" if self.number % 2 else "rest"

    def is_for(self, employee: Employee) -> bool:
        return not self.departments or employee.department in self.departments or employee.title == CHIEF


@dataclasses.dataclass(frozen=True)
class BenchCompany:
    """So many people and apps. A fifth of the apps is for everybody, the others for one department each.

    10,000 people and 50 apps are 150,000 accounts and 300,000 grants. The first employee has an account in every app.
    Without ``teams`` the policy gives a role in each account and nothing else.
    """

    size: int = 10_000
    app_count: int = 50
    seed: int = 1
    teams: bool = True

    @functools.cached_property
    def people(self) -> tuple[Employee, ...]:
        chance = random.Random(self.seed)
        people = [
            Employee(n, chance.choice(DEPARTMENTS), chance.choice(TITLES), chance.choice(LOCATIONS))
            for n in range(1, self.size)
        ]
        return (Employee(0, DEPARTMENTS[0], CHIEF), *people)

    @functools.cached_property
    def apps(self) -> tuple[BenchApp, ...]:
        common = max(1, self.app_count // 5)
        return tuple(
            BenchApp(n, () if n <= common else (DEPARTMENTS[n % len(DEPARTMENTS)],))
            for n in range(1, self.app_count + 1)
        )

    @property
    def chief(self) -> Employee:
        """Who has an account in every app."""
        return self.people[0]

    def accounts(self) -> int:
        """Return how many accounts there are in all apps together; each has two grants."""
        return sum(app.is_for(employee) for app in self.apps for employee in self.people)

    # as files

    def write(self, folder: pathlib.Path, base_url: str, **settings: t.Any) -> None:
        """Write everything that Rollcall reads into ``folder``; the apps are at ``base_url``.

        ``settings`` take the place of what rollcall.yml would say.
        """
        self.write_people(folder, self.people)
        _write_yaml(folder / "rollcall.yml", {**_SETTINGS, **settings})
        _write_yaml(folder / "access/catalog/apps.yml", {"apps": {a.key: _entry(a, base_url) for a in self.apps}})
        _write_yaml(folder / "access/policy/rules.yml", {"version": "1.0", "rules": self._rules()})
        (folder / "ansible.cfg").write_text("[defaults]\n", "utf-8")

    def write_people(self, folder: pathlib.Path, people: t.Iterable[Employee]) -> None:
        """Write HR's file."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(("id", "first", "last", "username", "email", "title", "department", "location", "start", "end"))
        for one in people:
            name = (one.id, one.first, one.last, one.username, one.email)
            rows.writerow((*name, one.title, one.department, one.location, "2020-01-06", one.end))
        path = folder / "hr/people.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.getvalue(), "utf-8")

    def _rules(self) -> list[dict[str, t.Any]]:
        both = [ROLE, TEAM] if self.teams else [ROLE]
        common = {app.key: both for app in self.apps if not app.departments}
        rules = [{"id": "everyone", "why": "All work with it", "when": {}, "grant": common}]
        rules += [
            {
                "id": f"{department.lower()}",
                "why": f"{department} works with it",
                "when": {"department": department},
                "grant": {app.key: both for app in self.apps if department in app.departments},
            }
            for department in DEPARTMENTS
            if any(department in app.departments for app in self.apps)
        ]
        chief = {"id": "chief", "why": "Answers for all", "when": {"title": CHIEF}}
        return [*rules, {**chief, "grant": {app.key: both for app in self.apps}}]


_SETTINGS: t.Mapping[str, t.Any] = {
    "plugin": "rollcall.access.people",
    "company": "Bench",
    "sources": [{"type": "csv", "path": "hr/people.csv"}],
    "ledger": "sqlite:///ledger.db",
    "username": "{first}.{last}",
    "fallback_owner": "it@bench.example",
}


def _entry(app: BenchApp, base_url: str) -> dict[str, t.Any]:
    connection = _scim(app, base_url) if app.style == "scim" else _rest(app, base_url)
    return {
        "name": f"App {app.number}",
        "connector": app.style,
        "connection": {**connection, "token": "not-a-secret"},
        "owners": {"primary": "owner@bench.example"},
        "leave": {"then": "suspend"},
        "entitlements": {
            ROLE: {"kind": "role", "value": "Member", "rank": 1},
            "admin": {"kind": "role", "value": "Admin", "rank": 2, "privileged": True},
            TEAM: {"kind": "team", "value": "Everyone"},
        },
    }


def _scim(app: BenchApp, base_url: str) -> dict[str, t.Any]:
    return {"base_url": f"{base_url}/{app.key}"}


def _rest(app: BenchApp, base_url: str) -> dict[str, t.Any]:
    membership = {"path": "/users/{id}/teams/{value}"}
    return {
        "base_url": f"{base_url}/{app.key}",
        "list": {
            "path": "/users",
            "items": "users",
            "paging": {"style": "cursor", "param": "after", "next": "meta.next", "size_param": "limit"},
        },
        "find": {
            "id": {"path": "/users/{id}"},
            "external_id": {"path": "/users", "params": {"employee": "{external_id}"}, "items": "users"},
            "email": {"path": "/users", "params": {"email": "{email}"}, "items": "users"},
            "username": {"path": "/users", "params": {"login": "{username}"}, "items": "users"},
        },
        "account": {
            "id": "id",
            "email": "email",
            "username": "login",
            "external_id": "employee",
            "given_name": "first",
            "family_name": "last",
            "state": "enabled",
        },
        "create": {
            "path": "/users",
            "body": {
                "email": "{email}",
                "login": "{username}",
                "employee": "{external_id}",
                "first": "{given_name}",
                "last": "{family_name}",
                "role": "{role}",
            },
        },
        "update": {"method": "PATCH", "path": "/users/{id}", "body": {"email": "{email}", "last": "{family_name}"}},
        "suspend": {"path": "/users/{id}/disable"},
        "reactivate": {"path": "/users/{id}/enable"},
        "delete": {"method": "DELETE", "path": "/users/{id}", "already": [404]},
        "kinds": {
            "role": {
                "values": "role",
                "default": "Guest",
                "grant": {"method": "PATCH", "path": "/users/{id}", "body": {"role": "{value}"}},
            },
            "team": {
                "values": "teams",
                "grant": {"method": "PUT", **membership},
                "revoke": {"method": "DELETE", **membership, "already": [404]},
            },
        },
    }


def _write_yaml(path: pathlib.Path, content: t.Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON is YAML as well
    path.write_text(f"---\n{json.dumps(content, indent=1)}\n", "utf-8")


def _name(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, len(_SYLLABLES))
        text = _SYLLABLES[digit] + text
    return text.capitalize()
