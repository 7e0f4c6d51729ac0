# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gaps as the playbook finds them, which reads as little as it can, are those of the report, which knows all."""

from __future__ import annotations

import datetime as dt

from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.company.reporting import facts_of, gaps_facts
from ansible_collections.rollcall.access.plugins.module_utils.face.gaps import gap_counts, gap_lines
from ansible_collections.rollcall.access.plugins.module_utils.model import Account
from ansible_collections.rollcall.access.tests.unit.company.place import Place

PEOPLE = """id,first,last,email,title,department,manager,start,end,type,status
1,Ann,Lee,ann@acme.example,Chief,Office,,2015-01-01,,employee,Active
2,Bob,Ray,bob@acme.example,Engineer,Engineering,1,2016-01-01,,employee,Active
3,Cat,Fox,cat@acme.example,Engineer,Engineering,1,2017-01-01,,employee,Active
4,Dan,Orr,dan@acme.example,Engineer,Engineering,1,2018-01-01,,employee,Active
5,Eve,Sun,eve@acme.example,Seller,Sales,1,2018-01-01,{end},employee,Active
"""
USED = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)


def with_gaps(place: Place) -> None:
    place.write("people.csv", PEOPLE.format(end=""))
    place.write(
        "access/policy/duties.yml", "separation_of_duties: [{id: d, never_together: ['hub:code', 'lab:user']}]\n"
    )
    lab = place.app("lab")
    lab.there["x"] = Account(
        "lab", "x", "bob.ray", "bob@acme.example", entitlements=frozenset({"user"}), last_used=USED
    )
    company = place.open()
    run = place.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, run)
    carry_out(company, planned.plan.changes, run)
    hub = place.app("hub")
    (id,) = [id for id, account in hub.there.items() if account.external_id == "3"]
    had = hub.there[id]
    hub.there[id] = Account("hub", id, had.username, had.email, "3", entitlements=had.entitlements | {"admin"})
    company = place.open()
    record_readings(company, plan_changes(company), place.run(company))
    place.write("people.csv", PEOPLE.format(end="2026-05-20"))


def test_what_is_read_in_part_says_the_same_as_what_is_read_whole(place: Place) -> None:
    with_gaps(place)
    company = place.open(writes=False)
    part, whole = gaps_facts(company), facts_of(company)
    assert (part.gaps, part.conflicts, part.risks) == (whole.gaps, whole.conflicts, whole.risks)
    assert [(one.person, one.days, one.apps) for one in part.gaps.leavers] == [("eve.sun", 12, ("hub",))]
    assert [(one.person, one.entitlement, one.by) for one in part.gaps.privilege] == [
        ("cat.fox", "admin", "unexplained")
    ]
    assert [(one.person, one.app) for one in part.gaps.unused] == [("bob.ray", "lab")]
    assert [(one.person, one.through) for one in part.conflicts] == [("bob.ray", ("rule code", "unexplained"))]
    extra = [(one.person, one.kind, one.entitlement) for one in part.gaps.peers]
    assert ("cat.fox", "extra", "admin") in extra
    assert "desk" in part.gaps.silent or "hub" in part.gaps.silent


def test_people_of_the_same_rules_can_be_compared_too(place: Place) -> None:
    with_gaps(place)
    place.edit("people.csv", ("Fox,cat@acme.example,Engineer", "Fox,cat@acme.example,Architect"))
    company = place.open(writes=False)
    assert gaps_facts(company).gaps.roles == 0
    found = gaps_facts(company, "rules").gaps
    assert found.roles == 1
    assert ("cat.fox", "rules all, code") in {(one.person, one.role) for one in found.peers}


def test_each_kind_is_said_with_its_number_and_the_first_of_them(place: Place) -> None:
    with_gaps(place)
    facts = gaps_facts(place.open(writes=False))
    lines = gap_lines(facts)
    assert gap_counts(facts)["conflicts"] == 1
    assert lines[:2] == [
        "conflicts of duties for which nobody answers: 1",
        "- bob.ray: hub:code (rule code), lab:user (unexplained) against d, since 2026-06-01",
    ]
    assert "- cat.fox: hub: admin (unexplained)" in lines
    assert "- ... and 1 more" in gap_lines(facts, len(facts.gaps.peers) - 1)
