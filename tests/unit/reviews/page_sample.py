# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A campaign as a manager meets it: one reviewer, as many items as one likes, of every kind that a page shows."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccessException,
    Account,
    AccountRecord,
    App,
    Because,
    Entitlement,
    Grant,
    GrantRecord,
    Person,
    Review,
    ReviewItem,
    StageDecision,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.reviews.circumstances import Circumstances
from ansible_collections.rollcall.access.plugins.module_utils.reviews.packet import Packet, packets
from ansible_collections.rollcall.access.plugins.module_utils.reviews.scope import item_id

NOW = dt.datetime(2026, 3, 31, 9, 0, tzinfo=dt.timezone.utc)
DUE = NOW + dt.timedelta(days=14)
REVIEWER = "gia.vale@corp.example"

_FIRST = (
    *("Ada", "Ben", "Cleo", "Dov", "Eva", "Finn", "Gus", "Hana", "Ivo", "June"),
    *("Kai", "Lena", "Milo", "Nora", "Otto", "Pia", "Quinn", "Rosa", "Sven", "Tara"),
)
_LAST = ("Berg", "Cole", "Diaz", "Engel", "Frost", "Gray", "Holt", "Ito", "Jansen", "Kim")
_JOBS = (("Account Executive", "Sales"), ("Sales Engineer", "Sales"), ("Support Specialist", "Support"))


def _role(key: str, name: str, about: str, rank: int, *, privileged: bool = False) -> Entitlement:
    return Entitlement(key, "role", name, rank, privileged, about)


APPS = {
    "crm": App(
        "crm",
        name="Salesforce",
        tier="critical",
        owners={"primary": "revops@corp.example"},
        entitlements={
            "user": _role("user", "Standard User", "Sees and edits their own accounts and deals", 1),
            "manager": _role("manager", "Sales Manager", "Sees every deal, approves discounts", 2),
            "admin": _role("admin", "System Administrator", "Changes anything, for anybody", 9, privileged=True),
        },
    ),
    "code": App(
        "code",
        name="GitHub",
        tier="critical",
        owners={"primary": "platform@corp.example"},
        entitlements={
            "demo": Entitlement("demo", "team", "demo-environments", description="Writes to the demo environments"),
            "owners": Entitlement("owners", "team", "org-owners", 9, True, "Owns the whole organisation"),
        },
    ),
    "desk": App(
        "desk",
        name="Zendesk",
        owners={"primary": "support@corp.example"},
        entitlements={
            "agent": _role("agent", "Agent", "Answers customers", 2),
            "light": _role("light", "Light agent", "Reads tickets and comments inside", 1),
        },
    ),
    "wiki": App(
        "wiki",
        name="Confluence",
        tier="low",
        owners={"primary": "it@corp.example"},
        entitlements={"edit": Entitlement("edit", "group", "confluence-users", description="Reads and writes pages")},
    ),
}

#: (app, entitlement) as they come to people, one after the other
_HELD = (("crm", "user"), ("wiki", "edit"), ("desk", "light"), ("code", "demo"), ("crm", "manager"), ("desk", "agent"))

_RULES = {
    "crm": Because("rule", "sales-tools", "Everybody in Sales works in the CRM", "2.4"),
    "wiki": Because("rule", "everybody", "Everybody reads and writes the handbook", "2.4"),
    "desk": Because("rule", "customer-facing", "Who talks to customers sees their tickets", "2.4"),
    "code": Because("rule", "sales-engineers", "Sales engineers build the demos", "2.4"),
}
EXCEPTION = AccessException(
    "REQ-311", "1", (("crm", "admin"),), "Covers for the CRM team until May", "1", "cfo@corp.example",
    dt.date(2026, 2, 1), dt.date(2026, 5, 1), kind="request",
)  # fmt: skip
EXCEPTION_OF_TWO = Because("exception", "crm-move", "Moves the CRM to another tenant", "2.4")
_NOBODY = Because("unexplained", "", "no rule, exception or request gives it")


def people(number: int) -> dict[str, Person]:
    """Return so many people of one manager."""
    found = {}
    for place in range(number):
        first, last = _FIRST[place % 20], _LAST[(place // 20 + place) % 10]
        more = place // 200
        title, department = _JOBS[place % 3]
        name = f"{first} {last}" + (f" {'I' * more}" if more else "")
        username = f"{first}.{last}{more or ''}".lower()
        found[str(place + 1)] = Person(
            str(place + 1), f"{username}@corp.example", username, name=name, title=title, department=department
        )
    return found


def campaign(number: int, *, each: int = 6, id: str = "2026-q1") -> tuple[Review, Circumstances, dt.datetime]:
    """Return an open review of ``number`` items, what is known around it, and now.

    Of every fourteen items one is privileged, and one is given by nothing.
    """
    everybody = people(-(-number // each))
    items: list[ReviewItem] = []
    grants: list[GrantRecord] = []
    accounts: list[AccountRecord] = []
    for person, (app, key) in itertools.islice(itertools.product(everybody.values(), _HELD), number):
        place = len(items)
        because: tuple[Because, ...] = (_RULES[app],)
        privileged = place % 14 == 4
        if privileged:
            app, key = "crm", "admin"
            because = (Because("request", "REQ-311", EXCEPTION.reason, "2.4"),)
        elif place % 14 == 11:
            because = (_NOBODY,)
        since = NOW - dt.timedelta(days=20 + 37 * place % 900)
        used = None if place % 5 == 3 else NOW - dt.timedelta(days=(place * 7) % 150)
        account = person.username
        grants.append(GrantRecord(person.id, app, account, key, because, since))
        accounts.append(AccountRecord(Account(app, account, username=account, last_used=used), person.id))
        items.append(
            ReviewItem(
                item_id(id, person.id, app, account, key), id, person.id, app, account, key, REVIEWER,
                because, since, used, privileged, title=person.title, department=person.department,
            )
        )  # fmt: skip
    review = Review(id, "Quarterly review, Q1 2026", {}, "manager", NOW, DUE, "audit@corp.example", items=tuple(items))
    everybody["0"] = Person("0", REVIEWER, "gia.vale", name="Gia Vale", title="Head of Sales", department="Sales")
    around = Circumstances(
        people=everybody, apps=APPS, grants=grants, accounts=accounts, exceptions=(EXCEPTION,), closed=(_last(review),)
    )
    return review, around, NOW


def leaders() -> tuple[Review, Circumstances]:
    """Return a review of two people who lead, and have a lower role by another rule, and of one who does not."""
    lead = Because("rule", "sales-leads", "Who leads a team sees what it sells", "2.4")
    low = Because("rule", "everybody-in-sales-and-in-customer-success", "Everybody works in the CRM", "2.4")
    held = (("1", "manager", lead), ("2", "admin", EXCEPTION_OF_TWO), ("3", "user", low))
    items = tuple(
        ReviewItem(
            item_id("2026-q1", who, "crm", who, key), "2026-q1", who, "crm", who, key, REVIEWER, (because,),
            NOW - dt.timedelta(days=90), privileged=key == "admin",
        )
        for who, key, because in held
    )  # fmt: skip
    review = Review("2026-q1", "Leaders", {}, "manager", NOW, DUE, "audit@corp.example", items=items)
    wants = {
        (who, "crm"): Want(who, "crm", grants=(Grant("crm", "user", (low,)), Grant("crm", key, (because,))))
        for who, key, because in held
    }
    grants = [GrantRecord(who, "crm", who, key, (because,), NOW) for who, key, because in held]
    return review, Circumstances(people=people(3), apps=APPS, grants=grants, wants=lambda: wants)


def of_nobody() -> tuple[Review, Circumstances]:
    """Return a review of two accounts, one of which belongs to nobody."""
    items = tuple(
        ReviewItem(
            item_id("2026-q1", who, "crm", name, "user"), "2026-q1", who, "crm", name, "user", REVIEWER, (_NOBODY,)
        )
        for who, name in (("", "old.admin"), ("1", "ada.berg"))
    )
    review = Review("2026-q1", "Orphans", {}, "app_owner", NOW, DUE, "audit@corp.example", items=items)
    return review, Circumstances(people=people(2), apps=APPS)


def _last(review: Review) -> Review:
    """The review before: it kept nearly everything that was there, some for another reason, and somebody has moved."""
    then = NOW - dt.timedelta(days=90)
    items = []
    for place, item in enumerate(review.items):
        if item.since is None or item.since > then:
            continue
        items.append(
            ReviewItem(
                f"old-{item.id}", "2025-q4", item.person, item.app, item.account, item.entitlement, REVIEWER,
                (Because("rule", "old-tools", "Was needed", "2.1"),) if place % 9 == 2 else item.because,
                item.since, item.last_used, item.privileged and place % 4 != 0, "keep", "", REVIEWER,
                then, "still needed",
                title=item.title, department="Partners" if place % 11 == 7 else item.department,
            )
        )  # fmt: skip
    return Review(
        "2025-q4", "Quarterly review, Q4 2025", {}, "manager", then, then, "audit@corp.example", state="closed",
        closed_at=then, items=tuple(items),
    )  # fmt: skip


def hostile(text: str) -> Packet:
    """Return a packet of two items in which every text that somebody else wrote is ``text``."""
    entitlements = {
        text: Entitlement(text, "role", text, description=text),
        "b": Entitlement("b", "role", text, 1, True, text),
    }
    app = App("a", name=text, tier=text, owners={"primary": text}, entitlements=entitlements)
    person = Person("1", text, text, name=text, title=text, department=text, type=text)
    because = (Because("exception", text, text),)
    exception = AccessException(text, "1", (), text, text, text, dt.date(2026, 1, 1), dt.date(2026, 5, 1))
    before = ReviewItem(
        "o", "old", "1", "a", text, text, text, (Because("rule", text, text),),
        decision="keep", decided_by=text, reason=text, title=text + "x", department=text + "y",
    )  # fmt: skip
    said = StageDecision(0, text, "keep", text, NOW, text)
    items = tuple(
        ReviewItem(id, "2026-q1", "1", "a", text, key, "gia", because, NOW, NOW, stage=1, earlier=(said,))
        for id, key in (("i1", text), ("i2", "b"))
    )
    old = Review("old", text, {}, "manager", NOW, NOW, state="closed", closed_at=NOW, items=(before,))
    around = Circumstances(people={"1": person}, apps={"a": app}, exceptions=(exception,), closed=(old,))
    review = Review("2026-q1", text, {}, "manager", NOW, DUE, text, items=items, stages=("manager", "app_owner"))
    (packet,) = packets(review, around, NOW, company=text)
    return dataclasses.replace(packet, reviewer_name=text, in_stead_of=text)
