# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small company: a boss, a manager, two people and somebody who has left, in two apps."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    App,
    Because,
    Entitlement,
    GrantRecord,
    Person,
    Protected,
    Review,
)
from ansible_collections.rollcall.access.plugins.module_utils.reviews.campaign import Opened, open_review
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision import Decision
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decisions import decide
from ansible_collections.rollcall.access.plugins.module_utils.reviews.reviewers import Reviewers

NOW = dt.datetime(2026, 3, 31, 9, 0, tzinfo=dt.timezone.utc)
DUE = NOW + dt.timedelta(days=14)
SINCE = NOW - dt.timedelta(days=200)
BOSS, MANAGER, ALEX, SAM = "1", "2", "3", "4"
RULE = Because("rule", "sales", "Sales people sell", "2.4")


def _person(id: str, name: str, manager: str = "", **more: t.Any) -> Person:
    more.setdefault("department", "Sales")
    return Person(id, email=f"{name}@acme.example", username=name, name=name.title(), manager=manager, **more)


PEOPLE = {
    p.id: p
    for p in (
        _person(BOSS, "boss", department="Board"),
        _person(MANAGER, "manager", BOSS),
        _person(ALEX, "alex", MANAGER, earlier_emails=("alex.old@acme.example",)),
        _person(SAM, "sam", MANAGER, type="contractor", department="Support"),
    )
}
APPS = {
    "crm": App(
        "crm",
        name="CRM",
        owners={"primary": "crm.owner@acme.example"},
        tags=("soc2",),
        entitlements={
            "user": Entitlement("user", kind="role", value="Standard User", rank=1),
            "manager": Entitlement("manager", kind="role", value="Sales Manager", rank=3, privileged=True),
        },
        protect=(Protected("break.glass"),),
    ),
    "wiki": App("wiki", owners={"primary": "alex@acme.example"}, entitlements={"edit": Entitlement("edit")}),
}


def held(person: str, app: str, entitlement: str, *because: Because, account: str = "") -> GrantRecord:
    name = PEOPLE[person].username if person in PEOPLE else f"gone-{person}"
    return GrantRecord(person, app, account or name, entitlement, because or (RULE,), SINCE)


def account(person: str, app: str, id: str = "", *, entitlements: t.Iterable[str] = (), **more: t.Any) -> AccountRecord:
    name = id or PEOPLE[person].username
    return AccountRecord(
        Account(app, name, username=name, entitlements=frozenset(entitlements), **more), person, first_seen=SINCE
    )


GRANTS = (
    held(ALEX, "crm", "manager"),
    held(ALEX, "wiki", "edit"),
    held(SAM, "crm", "user"),
    held(MANAGER, "crm", "user"),
)
ACCOUNTS = (
    account(ALEX, "crm", entitlements=["manager"], last_used=NOW - dt.timedelta(days=90)),
    account(ALEX, "wiki", entitlements=["edit"]),
    account(SAM, "crm", entitlements=["user"]),
    account(SAM, "wiki"),
    account(MANAGER, "crm", entitlements=["user"]),
)


def opened(**more: t.Any) -> Opened:
    arguments: dict[str, t.Any] = {
        "title": "Quarterly review",
        "scope": {},
        "reviewer": "manager",
        "due": DUE,
        "opened_by": "audit@acme.example",
        "now": NOW,
        "existing": (),
        "grants": GRANTS,
        "accounts": ACCOUNTS,
        "people": PEOPLE,
        "apps": APPS,
    }
    return open_review(**{**arguments, **more})


def reviewers() -> Reviewers:
    return Reviewers(PEOPLE, APPS)


def item_of(review: Review, person: str, app: str, entitlement: str) -> t.Any:
    return next(i for i in review.items if (i.person, i.app, i.entitlement) == (person, app, entitlement))


def decided(review: Review, *rows: tuple[t.Any, ...]) -> Review:
    """Lay decisions onto a review: rows of (person, app, entitlement, decision[, change_to]), each by its reviewer."""
    decisions = []
    for person, app, entitlement, decision, *change_to in rows:
        item = item_of(review, person, app, entitlement)
        decisions.append(Decision(item.id, decision, *(change_to or [""]), "because", item.reviewer))
    return decide(review, decisions, NOW + dt.timedelta(days=1), reviewers=reviewers(), apps=APPS).review
