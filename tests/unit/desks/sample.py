# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One person, the manager, one manual app."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.desks.wording import task_for
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    App,
    Because,
    Change,
    ChangeKind,
    Entitlement,
    Person,
    Protected,
    Task,
)

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.timezone.utc)
LATER = NOW + dt.timedelta(hours=5)
ALEX = Person(
    "1001",
    email="alex.chen@acme.example",
    username="alex.chen",
    given_name="Alex",
    family_name="Chen",
    name="Alex Chen",
    title="SEO Specialist",
    department="Marketing",
    manager="1000",
)
MARIA = Person("1000", email="maria.lopez@acme.example", username="maria.lopez", name="Maria Lopez")
SEMRUSH = App(
    "semrush",
    name="SEMrush",
    owners={"primary": "marketing.ops@acme.example"},
    entitlements={
        "guru": Entitlement("guru", kind="role", value="Guru", rank=2),
        "pro": Entitlement("pro", kind="role", value="Pro", rank=1),
        "reports": Entitlement("reports", kind="group", value="Reports", privileged=True),
    },
    protect=(Protected("break.glass"),),
    instructions="Admin > Users > Invite. Seats are bought in bundles of five.",
)
RULE = Because("rule", "semrush-marketing", "Marketing runs search campaigns", policy="2.4")


def change(kind: ChangeKind, entitlement: str = "", account: str = "", **details: t.Any) -> Change:
    return Change(kind, ALEX.id, SEMRUSH.key, account, entitlement, (RULE,), details=details)


def create(**details: t.Any) -> Change:
    return change(ChangeKind.CREATE, username="alex.chen", email=ALEX.email, name=ALEX.name, **details)


def grant(entitlement: str, account: str = "") -> Change:
    return change(ChangeKind.GRANT, entitlement, account)


def task(*changes: Change, now: dt.datetime = NOW, app: App = SEMRUSH, **more: t.Any) -> Task:
    return task_for(changes, ALEX, app, manager=MARIA, reason="no_connector", now=now, **more)
