# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small company to plan for: people, apps, and apps that do what a plan says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    App,
    Because,
    Change,
    ChangeKind,
    Entitlement,
    Grant,
    GrantRecord,
    Leave,
    Person,
    Plan,
    Status,
    Task,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.plan import make_plan
from ansible_collections.rollcall.access.plugins.module_utils.planning.reading import Reading

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone.utc)
RULE = Because("rule", "engineers", "they build it", "2.4")


def person(id: str, **fields: t.Any) -> Person:
    name = fields.pop("name", f"p{id}")
    fields.setdefault("email", f"{name}@acme.example")
    fields.setdefault("username", name)
    fields.setdefault("given_name", name.title())
    fields.setdefault("family_name", "Doe")
    return Person(id, **fields)


def app(key: str = "github", **fields: t.Any) -> App:
    fields.setdefault(
        "entitlements",
        {
            "read": Entitlement("read", "role", "Reader", 1),
            "write": Entitlement("write", "role", "Writer", 2),
            "admin": Entitlement("admin", "role", "Owner", 3, privileged=True),
            "design": Entitlement("design", "group", "Design"),
            "api": Entitlement("api", "team", "API"),
            "billing": Entitlement("billing", "permission", "Billing", privileged=True),
        },
    )
    return App(key, **fields)


def account(id: str, owner: Person | None = None, *entitlements: str, app: str = "github", **fields: t.Any) -> Account:
    """An account as it is after we made it for ``owner``."""
    if owner:
        fields = {
            "username": owner.username,
            "email": owner.email,
            "external_id": owner.id,
            "given_name": owner.given_name,
            "family_name": owner.family_name,
            **fields,
        }
    return Account(app, id, entitlements=frozenset(entitlements), **fields)


def want(owner: Person, *entitlements: str, app: str = "github", because: Because = RULE, **fields: t.Any) -> Want:
    grants = tuple(Grant(app, entitlement, (because,)) for entitlement in entitlements)
    return Want(owner.id, app, grants=grants, because=(because,), **fields)


def leave(**fields: t.Any) -> Leave:
    return Leave(**fields)


@dataclasses.dataclass
class World:
    """People, what they should have, and apps. ``plan`` plans; ``carry_out`` does what a plan says."""

    people: dict[str, Person]
    apps: dict[str, App]
    wants: dict[tuple[str, str], Want]
    accounts: dict[str, dict[str, Account]]
    statuses: dict[str, Status] = dataclasses.field(default_factory=dict)
    records: dict[tuple[str, str], AccountRecord] = dataclasses.field(default_factory=dict)
    grants: list[GrantRecord] = dataclasses.field(default_factory=list)
    tasks: list[Task] = dataclasses.field(default_factory=list)
    declined: list[Task] = dataclasses.field(default_factory=list)
    links: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    now: dt.datetime = NOW
    made: int = 0

    @classmethod
    def of(
        cls,
        people: t.Iterable[Person],
        accounts: t.Iterable[Account] = (),
        wants: t.Iterable[Want] = (),
        apps: t.Iterable[App] = (app(),),
        **fields: t.Any,
    ) -> World:
        apps = {one.key: one for one in apps}
        by_app: dict[str, dict[str, Account]] = {key: {} for key in apps}
        for one in accounts:
            by_app[one.app][one.id] = one
        return cls({p.id: p for p in people}, apps, {(w.person, w.app): w for w in wants}, by_app, **fields)

    def readings(self) -> dict[str, Reading]:
        return {key: Reading(key, tuple(mine.values())) for key, mine in self.accounts.items()}

    def plan(self, **fields: t.Any) -> Plan:
        return make_plan(
            **{
                "people": self.people,
                "statuses": self.statuses,
                "wants": self.wants,
                "readings": self.readings(),
                "apps": self.apps,
                "now": self.now,
                "accounts": self.records.values(),
                "grants": self.grants,
                "links": self.links,
                "open_tasks": self.tasks,
                "declined": self.declined,
                "policy_version": "2.4",
                **fields,
            }
        )

    def carry_out(self, plan: Plan) -> None:
        made: dict[tuple[str, str], str] = {}
        for change in plan.changes:
            mine = self.accounts[change.app]
            id = change.account or made.get((change.person, change.app), "")
            if change.kind is ChangeKind.CREATE:
                self.made += 1
                id = made[change.person, change.app] = f"new{self.made}"
                assert id not in mine
                mine[id] = Account(change.app, id, **change.details)
            elif change.kind is ChangeKind.REACTIVATE:
                mine[id] = dataclasses.replace(mine[id], state="active")
            elif change.kind is ChangeKind.SUSPEND:
                mine[id] = dataclasses.replace(mine[id], state="suspended")
                self.records[change.app, id] = AccountRecord(mine[id], change.person, "created", suspended_at=self.now)
            elif change.kind is ChangeKind.DELETE:
                del mine[id]
                self.records.pop((change.app, id), None)
            elif change.kind is ChangeKind.GRANT:
                mine[id] = dataclasses.replace(mine[id], entitlements=mine[id].entitlements | {change.entitlement})
            elif change.kind is ChangeKind.REVOKE:
                mine[id] = dataclasses.replace(mine[id], entitlements=mine[id].entitlements - {change.entitlement})
            elif change.kind is ChangeKind.UPDATE:
                mine[id] = dataclasses.replace(mine[id], **{name: new for name, (_old, new) in change.details.items()})


def kinds(changes: t.Iterable[Change]) -> list[str]:
    """What the changes are, in words: "grant read"."""
    return [f"{change.kind.value} {change.entitlement}".strip() for change in changes]


def task(*items: Change, state: str = "open", **fields: t.Any) -> Task:
    first = items[0]
    return Task("T1", first.person, first.app, items, "owner@acme.example", "", "", NOW, NOW, state=state, **fields)


def codes(findings: t.Iterable[t.Any]) -> list[str]:
    return [finding.code for finding in findings]
