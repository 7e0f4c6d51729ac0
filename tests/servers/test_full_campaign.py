# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole quarter's review of a company of a thousand, from HR's export to the pack that an auditor checks.

The people are those of the HR history: everybody of the export of September, brought up to that of November by
``reconcile``. In scope is what every one of them has in all eight apps. Four apps are on a real SCIM server, four are
changed by people alone. Managers decide first, then the owners of the apps. Three managers and an owner decide in
Chromium on the pages that ``open_review`` wrote, with the keyboard; the others on their sheets.

Needs Debian's chromium (/usr/bin/chromium) and the PyPI package playwright; a run without them fails.
"""

from __future__ import annotations

import collections
import pathlib
import typing as t

from ansible_collections.rollcall.access.tests.integration.history.by_hand import THINGS, Thing
from ansible_collections.rollcall.access.tests.integration.support.scim import Holder, ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import rows
from ansible_collections.rollcall.access.tests.integration.test_evidence import checked
from ansible_collections.rollcall.access.tests.servers import test_reviewers_page_in_chromium as pages
from ansible_collections.rollcall.access.tests.servers.deciding import (
    WHY,
    fill_in_the_others,
    hand_in,
    keep_groups,
    keep_one_by_one,
    open_page,
    take_away,
)
from ansible_collections.rollcall.access.tests.servers.eight_apps import MANUAL_APPS, SCIM_APPS, EightApps

browser = pages.browser
desk = pages.desk

ID = "2026-q4"
CAMPAIGN = {
    "rollcall_review": ID,
    "rollcall_scope": {"apps": [*SCIM_APPS, *MANUAL_APPS]},
    "rollcall_stages": [
        {"reviewer": "manager", "due": "2026-11-20"},
        {"reviewer": "app_owner", "due": "2026-12-04"},
    ],
    "rollcall_undecided": "revoke",
    "rollcall_directory": "review",
}
ALEJANDRO, KAROLINE, MUNIR = (
    f"{name}@acme.example" for name in ("alejandro.brender10039", "karoline.cesareni10228", "munir.demeyer10114")
)
FINANCE = "finance@acme.example"


def test_a_campaign_over_a_thousand_people_ends_in_a_pack_that_holds(
    desk: pages.Desk, scim: ScimServer, tmp_path: pathlib.Path
) -> None:
    company = EightApps(tmp_path, scim, "2026-09-01")
    _onboard(company)
    _first_stage(company, desk)
    _second_stage(company, desk)
    revoked = _close(company)
    _end(company, revoked)
    _nothing_is_left_to_do(company)
    _prove(company)


def _onboard(company: EightApps) -> None:
    company.hand_over("2026-09-01")
    company.on("2026-09-01")
    company.reconcile()
    company.on("2026-09-02")
    assert company.owners_work() > 500
    company.hand_over("2026-11-01")
    company.on("2026-11-02")
    company.reconcile()
    company.on("2026-11-03")
    assert company.owners_work() > 10
    people = rows(company.company, "people")
    here = [one for one in people if one["standing"] == "present"]
    assert len(here) == 894
    assert all(one["complete"] for one in here)


def _first_stage(company: EightApps, desk: pages.Desk) -> None:
    company.on("2026-11-04")
    looked = company.result("open_review", "review", **CAMPAIGN, rollcall_state="checked")
    assert looked["msg"].startswith(f"review {ID} is not opened, and could be: ")
    assert rows(company.company, "reviews") == []
    company.result("open_review", "review", **CAMPAIGN)
    items = rows(company.company, "review_items")
    assert {item["app"] for item in items} == {*SCIM_APPS, *MANUAL_APPS}
    held = rows(company.company, "grants")
    assert {(one["person"], one["app"], one["entitlement"]) for one in held if one["person"]} <= {
        (item["person"], item["app"], item["entitlement"]) for item in items
    }
    # by person and by group; by app and by group; one by one
    shown = open_page(company, desk, ALEJANDRO, 1)
    take_away(shown, {"CRM": 2, "Learn": 1})
    keep_groups(shown)
    hand_in(company, desk, shown)
    shown = open_page(company, desk, KAROLINE, 1)
    shown.keyboard.press("b")
    take_away(shown, {"Hub": 2, "Books": 1, "Learn": 1})
    keep_groups(shown)
    hand_in(company, desk, shown)
    shown = open_page(company, desk, MUNIR, 1)
    take_away(shown, {"Books": 2, "Archive": 2})
    assert keep_one_by_one(shown) > 0
    hand_in(company, desk, shown)
    fill_in_the_others(company, 1)
    _take_in(company)


def _take_in(company: EightApps) -> None:
    """Everything that came back is taken in at once; the same once more changes nothing."""
    taken = company.result("decide_review", "review", rollcall_review=ID, rollcall_decisions="sent/1")
    assert taken["review"]["decided"] == taken["review"]["items"], taken["msg"]
    assert company.play("decide_review", rollcall_review=ID, rollcall_decisions="sent/1").changed == 0
    privileged = [item for item in rows(company.company, "review_items") if item["privileged"]]
    mine = [item for item in privileged if item["decided_by"] == MUNIR and item["decision"] == "keep"]
    assert mine
    assert {item["reason"] for item in mine} == {WHY}


def _second_stage(company: EightApps, desk: pages.Desk) -> None:
    company.on("2026-11-05")
    moved = company.result("reviews", "reviews")
    assert moved["passed_on"][ID] > 1000
    company.result("open_review", "review", **CAMPAIGN)
    _owners_decide(company, desk)


def _owners_decide(company: EightApps, desk: pages.Desk) -> None:
    shown = open_page(company, desk, FINANCE, 2)
    take_away(shown, {"Books": 1})
    keep_groups(shown)
    hand_in(company, desk, shown, stage=2)
    fill_in_the_others(company, 2)
    taken = company.result("decide_review", "review", rollcall_review=ID, rollcall_decisions="sent/2")
    assert taken["review"]["decided"] == taken["review"]["items"], taken["msg"]


def _close(company: EightApps) -> list[dict[str, t.Any]]:
    """Close it and see at the server itself what was taken away; return what was decided to be."""
    company.on("2026-11-06")
    before = _holders(company)
    closed = company.result("close_review", "review", rollcall_review=ID, rollcall_directory="record")
    assert closed["review"]["standing"] == "closed"
    items = rows(company.company, "review_items")
    revoked = [item for item in items if item["decision"] != "keep"]
    assert {item["decided_by"] for item in revoked} > {ALEJANDRO, KAROLINE, MUNIR, FINANCE}
    assert all(item["decision"] == "revoke" and not item["by_default"] for item in revoked)
    for item in revoked:
        where = SCIM_APPS if item["outcome"] == "verified" else MANUAL_APPS
        assert item["app"] in where, item
        assert item["outcome"] in ("verified", "task"), item
    # exactly what was decided, and nothing of anybody else
    after = _holders(company)
    taken = collections.Counter((i["app"], i["account"], _thing(i).value) for i in revoked if i["app"] in SCIM_APPS)
    lost: collections.Counter[t.Any] = collections.Counter()
    assert after.keys() == before.keys()
    for (app, account), holder in before.items():
        now = after[app, account]
        assert (now.username, now.email, now.active) == (holder.username, holder.email, holder.active)
        assert _values(now) <= _values(holder)
        lost.update((app, account, value) for value in _values(holder) - _values(now))
    assert lost == taken
    assert len(taken) >= 8
    return revoked


def _end(company: EightApps, revoked: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    """The campaign is over with the last task, of which one is declined and explained, and not before."""
    company.on("2026-11-09")
    open_tasks = company.tasks()
    assert {task["app"] for task in open_tasks} <= set(MANUAL_APPS)
    assert len(open_tasks) == 4
    assert {(t["person"], t["app"]) for t in open_tasks} == {
        (i["person"], i["app"]) for i in revoked if i["app"] in MANUAL_APPS
    }
    *attested, declined = open_tasks
    for task in attested:
        company.play("complete_task", rollcall_task=task["id"], rollcall_by=task["owner"], rollcall_note="taken away")
        assert not _ended(company)
    assert company.result("reviews", "reviews")["ended"] == []
    company.play("complete_task", rollcall_task=declined["id"], rollcall_decline="the course ends next week")
    assert company.result("reviews", "reviews")["ended"] == []
    assert not _ended(company)
    explained = company.result(
        "explain_review", "review", rollcall_review=ID, rollcall_reason="the course ends next week", rollcall_by="it"
    )
    assert explained["review"]["standing"] == "ended"
    assert _ended(company)
    outcomes = collections.Counter(item["outcome"] for item in rows(company.company, "review_items"))
    assert outcomes.keys() == {"kept", "verified", "carried_out", "explained"}, outcomes


def _nothing_is_left_to_do(company: EightApps) -> None:
    """What a rule gives and a review took away stays away; who lost the highest of several roles has the next one."""
    taken: dict[tuple[str, str], list[Thing]] = {}
    for item in rows(company.company, "review_items"):
        if item["decision"] == "revoke" and item["app"] in SCIM_APPS:
            taken.setdefault((item["app"], item["account"]), []).append(_thing(item))
    before = _holders(company)
    company.play("reconcile")
    for (app, account), holder in _holders(company).items():
        had = _values(before[app, account])
        assert had <= _values(holder)
        for value in _values(holder) - had:
            (given,) = [one for (key, name), one in THINGS.items() if key == app and one.value == value]
            assert given.kind == "role"
            assert any(one.kind == "role" and one.rank > given.rank for one in taken[app, account])
    state, tasks = company.servers(), company.tasks()
    for name, given in (
        ("close_review", {"rollcall_review": ID}),
        ("reviews", {}),
        ("reconcile", {}),
    ):
        assert company.play(name, **given).changed == 0, name
    assert company.servers() == state
    assert company.tasks() == tasks == []


def _prove(company: EightApps) -> None:
    company.on("2026-11-10")
    company.play(
        "evidence",
        **{"rollcall_from": "2026-09-01", "rollcall_until": "2026-11-09", "rollcall_directory": "pack"},
        **{"rollcall_sample": 10, "rollcall_sample_of": "people", "rollcall_seed": "given by the auditor"},
    )
    folder = company.company.path / "pack"
    told = company.sheet("pack/tables/review_items.csv")
    assert len(told) == len(rows(company.company, "review_items"))
    key = company.company.path / "ledger.db.pub"
    rc, said = checked("rollcall_verify_pack.py", folder, "--key", key)
    assert rc == 0, said
    assert said.startswith("GOOD")
    altered = folder / "tables/review_items.csv"
    content = altered.read_bytes()
    place = content.index(b"revoke")
    altered.write_bytes(content[:place] + b"R" + content[place + 1 :])
    rc, said = checked("rollcall_verify_pack.py", folder, "--key", key)
    assert rc == 1
    assert "tables/review_items.csv" in said
    altered.write_bytes(content)
    assert checked("rollcall_verify_pack.py", folder, "--key", key)[0] == 0


def _holders(company: EightApps) -> dict[tuple[str, str], Holder]:
    """Return every account on the SCIM server by app and id, as the server itself tells it."""
    return {(app, one.id): one for app in SCIM_APPS for one in company.company.tenant(app).holders()}


def _values(holder: Holder) -> frozenset[str]:
    return holder.roles | holder.groups | holder.licences


def _thing(item: t.Mapping[str, t.Any]) -> Thing:
    return THINGS[item["app"], item["entitlement"]]


def _ended(company: EightApps) -> bool:
    (review,) = rows(company.company, "reviews")
    return bool(review["ended_at"])
