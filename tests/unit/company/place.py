# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company in a directory, whose apps are in memory and outlive every run."""

from __future__ import annotations

import datetime as dt
import itertools
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, App, Run
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import MemoryApp, app_that_can

ROLLCALL = """
plugin: rollcall.access.people
sources:
  - {type: csv, path: people.csv}
ledger: sqlite:///ledger.db
rehearsal: true
as_of: 2026-06-01
fallback_owner: it@acme.example
guard:
  removals: {per_run: 50%, per_app: 50%, floor: 3}
"""
PEOPLE = """id,first,last,email,title,department,manager,start,end,type,status
1,Ann,Lee,ann@acme.example,Chief,Office,,2015-01-01,,employee,Active
2,Bob,Ray,bob@acme.example,Engineer,Engineering,1,2016-01-01,,employee,Active
3,Cat,Fox,cat@acme.example,Engineer,Engineering,1,2017-01-01,,employee,Active
4,Dan,Orr,dan@acme.example,Seller,Sales,1,2018-01-01,,employee,Active
"""
CATALOG = """
apps:
  hub:
    connector: memory
    owners: {primary: hub@acme.example}
    leave: {then: suspend}
    tags: [soc2]
    entitlements:
      user: {kind: role, rank: 1}
      admin: {kind: role, rank: 2, privileged: true}
      code: {kind: group}
  wiki:
    connector: shelf
    owners: {primary: wiki@acme.example}
    leave: {then: delete}
    entitlements:
      reader: {kind: role, rank: 1}
  desk:
    connector: none
    owners: {primary: office@acme.example}
    entitlements:
      key: {kind: permission}
  lab:
    connector: memory
    entitlements:
      user: {kind: role, rank: 1}
"""
POLICY = """
version: "1.0"
rules:
  - {id: all, why: everybody, when: {type: employee}, grant: {hub: [user]}}
  - {id: code, why: they build, when: {department: Engineering}, grant: {hub: [code], desk: [key]}}
  - {id: chief, why: she decides, when: {title: Chief}, grant: {hub: [admin], wiki: [reader]}}
"""


class Everything(app_that_can()):  # type: ignore[misc]
    """Can do everything; what it has is kept in ``stores`` by the app's key."""

    name = "memory"
    options: t.ClassVar[t.Mapping[str, str]] = {"token": "optional"}
    stores: t.ClassVar[dict[str, MemoryApp]] = {}

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app)
        self.connection = connection
        before = self.stores.get(app.key)
        if before is not None:
            self.there, self.faults, self._ids, self.calls = before.there, before.faults, before._ids, before.calls
        else:
            self.stores[app.key] = self


class Shelf(MemoryApp):
    """Can be read and nothing else: every change is a task that closes itself."""

    name = "shelf"
    options: t.ClassVar[t.Mapping[str, str]] = {}
    stores = Everything.stores

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app)
        before = self.stores.get(app.key)
        if before is not None:
            self.there, self.faults = before.there, before.faults
        else:
            self.stores[app.key] = self


class Place:
    """The directory of a company. ``open`` opens it as one run does."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._runs = itertools.count(1)
        self._open: list[Company] = []
        for name, text in (
            ("rollcall.yml", ROLLCALL),
            ("people.csv", PEOPLE),
            ("access/catalog/apps.yml", CATALOG),
            ("access/policy/rules.yml", POLICY),
        ):
            self.write(name, text)
        for name in ("exceptions", "locks"):
            (path / "access" / name).mkdir(parents=True)

    def write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, *pairs: tuple[str, str]) -> None:
        text = (self.path / name).read_text(encoding="utf-8")
        for old, new in pairs:
            assert text.count(old) == 1, (old, text)
            text = text.replace(old, new)
        self.write(name, text)

    def settings(self, as_of: str = "") -> Settings:
        return Settings.load(self.path / "rollcall.yml", {"ROLLCALL_AS_OF": as_of} if as_of else {})

    def open(self, *, writes: bool = True, as_of: str = "", **more: t.Any) -> Company:
        company = Company(self.settings(as_of), writes=writes, **more)
        self._open.append(company)
        return company

    def run(self, company: Company) -> Run:
        run = Run(f"run-{next(self._runs)}", "test", "tests", company.clock.now())
        company.ledger.begin_run(run)
        return run

    def app(self, key: str) -> MemoryApp:
        """The app itself, whoever looks at it."""
        company = self.open(writes=False)
        company.connect(company.apps[key])
        return Everything.stores[key]

    def shown(self, key: str) -> dict[str, tuple[bool, list[str]]]:
        """By external id (or user name): whether the account can be used, and what it has."""
        there = t.cast(t.Iterable[Account], self.app(key).there.values())
        return {a.external_id or a.username: (a.active, sorted(a.entitlements)) for a in there}

    def close(self) -> None:
        for company in self._open:
            company.close()


@pytest.fixture
def place(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Place]:
    yield from places(tmp_path, monkeypatch)


def places(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Place]:
    """Yield a company in this directory, for as long as the patches last."""
    monkeypatch.setattr(Everything, "stores", {})
    monkeypatch.setattr(Shelf, "stores", Everything.stores)
    own = {"memory": Everything, "shelf": Shelf}
    usual = registry.connector_class
    monkeypatch.setattr(registry, "_CONNECTORS", {**registry._CONNECTORS, **dict.fromkeys(own, ("", ""))})
    monkeypatch.setattr(registry, "connector_class", lambda name, **more: own.get(name) or usual(name, **more))
    made = Place(tmp_path)
    yield made
    made.close()


def at(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(day).replace(tzinfo=dt.timezone.utc)
