# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company on 1 June in which everybody has what the policy gives, and what is done in its campaigns."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import reviewing
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.following_reviews import Followed, follow_reviews
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision import Decision
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision_sheet import SHEET_COLUMNS
from ansible_collections.rollcall.access.plugins.module_utils.tabular import write_csv
from ansible_collections.rollcall.access.tests.unit.company.place import Everything, Place

PEOPLE = """id,first,last,email,title,department,manager,start,end,type,status
1,Ann,Lee,ann@acme.example,Chief,Office,,2015-01-01,,employee,Active
2,Bob,Ray,bob@acme.example,Engineer,Engineering,5,2016-01-01,,employee,Active
3,Cat,Fox,cat@acme.example,Engineer,Engineering,5,2017-01-01,,employee,Active
4,Dan,Orr,dan@acme.example,Seller,Sales,5,2018-01-01,,employee,Active
5,Eve,Mor,eve@acme.example,Head,Sales,1,2018-01-01,,employee,Active
6,Flo,Nix,flo@acme.example,Clerk,Office,1,2018-01-01,,employee,Active
"""
HUB, ANN, EVE, FLO = "hub@acme.example", "ann@acme.example", "eve@acme.example", "flo@acme.example"
TWO = [{"reviewer": "manager", "due": "2026-06-10"}, {"reviewer": "app_owner", "due": "2026-06-20"}]
#: The company on 1 June as the first test made it: its files, and what is in its apps.
_MADE: dict[str, t.Any] = {}


@pytest.fixture
def place(place: Place) -> Place:
    """A company on 1 June, in which everybody has what the policy gives. It is made once, and copied."""
    place.write("people.csv", PEOPLE)
    if not _MADE:
        reconcile(place, "2026-06-01")
        place.close()
        files = {path.name: path.read_bytes() for path in place.path.glob("ledger*")}
        apps = {key: dict(app.there) for key, app in Everything.stores.items()}
        _MADE.update(files=files, apps=apps)
    for name, content in _MADE["files"].items():
        (place.path / name).write_bytes(content)
    for key, accounts in _MADE["apps"].items():
        place.app(key).there.update(accounts)
    return place


def reconcile(place: Place, day: str) -> None:
    company = place.open(as_of=day)
    run = place.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, run)
    carry_out(company, planned.plan.changes, run, plan=planned.plan.hash)
    conclude(company, company.people, run)


def opened(place: Place, day: str = "2026-06-02", id: str = "q2", **more: t.Any) -> t.Any:
    company = place.open(as_of=day)
    arguments: dict[str, t.Any] = {
        "id": id,
        "title": "",
        "scope": {"apps": ["hub"]},
        "reviewer": "manager",
        "due": dt.date(2026, 6, 10),
        "undecided": "keep",
        "directory": None,
    }
    return reviewing.open_review(company, place.run(company), **{**arguments, **more})


def settings(place: Place, text: str) -> None:
    place.write("rollcall.yml", (place.path / "rollcall.yml").read_text() + text)


def review(place: Place, id: str = "q2") -> t.Any:
    return place.open().ledger.review(id)


def item(place: Place, person: str, entitlement: str, id: str = "q2") -> t.Any:
    (found,) = [one for one in review(place, id).items if (one.person, one.entitlement) == (person, entitlement)]
    return found


def decide(place: Place, day: str, *rows: tuple[str, str, str, str], id: str = "q2", **more: t.Any) -> t.Any:
    """Rows of (person, entitlement, decision, by)."""
    company = place.open(as_of=day)
    given = [Decision(item(place, p, e, id).id, word, "", "because", by) for p, e, word, by in rows]
    return reviewing.decide(company, place.run(company), id, given, **more)


def follow(place: Place, day: str, **more: t.Any) -> Followed:
    company = place.open(as_of=day)
    return follow_reviews(company, place.run(company), **more)


def everything(place: Place, day: str, decision: str = "keep", stage: int = 0) -> None:
    """Let each reviewer decide all that waits for them."""
    rows = [
        (one.person, one.entitlement, decision, one.reviewer)
        for one in review(place).items
        if one.stage == stage and not one.decision
    ]
    decide(place, day, *rows)


def sheet(place: Place, name: str, *rows: tuple[str, str, str, str], id: str = "q2") -> None:
    """Put a filled-in sheet into the folder of a review."""
    lines = [
        {"item_id": item(place, p, e, id).id, "decision": word, "reason": "seen", "by": by} for p, e, word, by in rows
    ]
    place.write(f"decisions/{id}/{name}", write_csv(lines, SHEET_COLUMNS))


def events(place: Place, kind: str) -> list[t.Any]:
    return list(place.open().ledger.events(kind=kind))
