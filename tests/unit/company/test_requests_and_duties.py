# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests for what duties keep apart, with and without an accepted risk."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import RequestError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.tests.unit.company.asking import answer, asking, follow, made, open_approvals
from ansible_collections.rollcall.access.tests.unit.company.place import Place

__all__ = ["asking"]


DUTIES = """
separation_of_duties:
  - {id: code-or-wiki, why: four eyes, never_together: ['hub:code', 'wiki:reader']}
"""
RISK = """
accepted_risks:
  - {id: cat-reads, duty: code-or-wiki, person: cat.fox, owner: ann@acme.example, reason: Bob looks at it weekly,
     from: "2026-05-01", until: "2026-07-31"}
"""


def test_what_breaks_a_duty_is_refused_with_what_it_conflicts_with(asking: Place) -> None:
    asking.write("access/policy/duties.yml", DUTIES)
    company = asking.open()
    with pytest.raises(RequestError, match=r"duties forbids it: hub:code \(rule code\) and wiki:reader .* four eyes"):
        made(asking, company)
    assert company.ledger.requests() == []


def test_what_is_only_coming_counts_too(asking: Place) -> None:
    asking.write(
        "access/policy/duties.yml", "separation_of_duties: [{id: d, never_together: ['hub:admin', 'desk:key']}]"
    )
    # of two things that wait for their approvers, too
    made(asking, person="dan.orr", grants=(("desk", "key"),))
    with pytest.raises(RequestError, match=r"desk:key \(request .*\) and hub:admin|hub:admin .* and desk:key"):
        made(asking, person="dan.orr", grants=(("hub", "admin"),), start=dt.date(2026, 6, 20))


def test_with_an_accepted_risk_a_conflict_is_shown_adds_security_and_is_kept(asking: Place) -> None:
    asking.write("access/policy/duties.yml", DUTIES + RISK)
    request = made(asking)
    assert [one.role for one in request.approvers] == ["manager", "owner", "security"]
    company = asking.open()
    text = open_approvals(company)["manager"].instructions
    assert "- CONFLICT: " in text
    assert "against code-or-wiki: four eyes; ann@acme.example answers for it until 2026-07-31" in text
    (used,) = company.ledger.events(kind="risk.used")
    assert used.person == "3"
    assert used.data["notice"]["risk"] == "cat-reads"
    assert used.data["notice"]["together"] == ["hub:code", "wiki:reader"]
    assert verify_ledger(company.ledger).ok


def test_nothing_is_asked_for_longer_than_the_risk_is_accepted(asking: Place) -> None:
    asking.write("access/policy/duties.yml", DUTIES + RISK)
    with pytest.raises(RequestError, match=r"from 2026-08-01 on: .*accepted until 2026-07-31 .*until 2026-07-31"):
        made(asking, until=dt.date(2026, 8, 15))


def test_what_a_new_duty_forbids_is_refused_though_all_have_agreed(asking: Place) -> None:
    request = made(asking)
    company = asking.open()
    tasks = open_approvals(company)
    answer(asking, company, tasks["manager"], "bob@acme.example")
    answer(asking, company, tasks["owner"], "wiki@acme.example")
    asking.write("access/policy/duties.yml", DUTIES)
    company = asking.open()
    assert follow(asking, company).decided == {request.id: "refused"}
    after = company.ledger.request(request.id)
    assert after is not None
    assert "separation of duties forbids it: hub:code (rule code) and wiki:reader" in after.note
    assert company.ledger.exceptions() == []


def test_the_same_risk_of_somebody_else_helps_nobody(asking: Place) -> None:
    asking.write("access/policy/duties.yml", DUTIES + RISK.replace("cat.fox", "eve.sun"))
    with pytest.raises(RequestError, match="duties forbids it"):
        made(asking)
