# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that share a piece of work: who else is meant, and what an approval of the whole is worth for a part."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.sharing import (
    approval_of_part,
    everyone_like,
    share_limits,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Plan
from ansible_collections.rollcall.access.plugins.module_utils.planning.limits import Limit
from ansible_collections.rollcall.access.plugins.plugin_utils.slices import in_slice
from ansible_collections.rollcall.access.tests.unit.company.place import Place

NAMES = {"job_template_name": "Rollcall reconcile", "job_id": 7}


def awx(prefix: str = "awx", **more: object) -> dict[str, object]:
    return {f"{prefix}_{key}": value for key, value in {**NAMES, **more}.items()}


@pytest.mark.parametrize(
    ("variables", "sliced"),
    [
        ({}, False),
        (awx(), False),
        (awx(workflow_job_name="Rollcall plan, approve, reconcile"), False),
        (awx(workflow_job_name="Rollcall reconcile"), True),
        (awx("tower", workflow_job_name="Rollcall reconcile"), True),
        # neither of them is there: nothing is equal to nothing
        ({"awx_workflow_job_name": "", "awx_job_template_name": ""}, False),
    ],
)
def test_a_slice_is_known_by_the_name_of_its_workflow(variables: dict[str, object], sliced: bool) -> None:
    assert in_slice(variables) is sliced


def whole(place: Place) -> Plan:
    company = place.open()
    plan = plan_changes(company).plan
    company.ledger.save_plan(plan, place.run(company), company.clock.now())
    return plan


def test_what_was_approved_for_all_apps_holds_for_some_of_them(place: Place) -> None:
    approved = whole(place)
    company = place.open()
    part = plan_changes(company, apps=["hub"]).plan
    assert part.changes
    assert part.hash != approved.hash
    assert approval_of_part(company, part, approved.hash, ["hub"], None) == part.hash
    # and no further than that
    assert approval_of_part(company, part, "", ["hub"], None) == ""
    assert approval_of_part(company, part, "no-such-plan", ["hub"], None) == "no-such-plan"
    assert approval_of_part(company, part, approved.hash, ["hub", "wiki"], None) == approved.hash


def test_what_was_approved_does_not_hold_for_what_has_changed_since(place: Place) -> None:
    approved = whole(place)
    place.edit(
        "people.csv", ("3,Cat,Fox,cat@acme.example,Engineer,Engineering", "3,Cat,Fox,cat@acme.example,Seller,Sales")
    )
    company = place.open()
    part = plan_changes(company, apps=["hub"]).plan
    assert approval_of_part(company, part, approved.hash, ["hub"], None) == approved.hash
    place.edit(
        "people.csv", ("3,Cat,Fox,cat@acme.example,Seller,Sales", "3,Cat,Fox,cat@acme.example,Engineer,Engineering")
    )
    place.edit("access/policy/rules.yml", ('version: "1.0"', 'version: "1.1"'))
    newer = place.open()
    assert (
        approval_of_part(newer, plan_changes(newer, apps=["hub"]).plan, approved.hash, ["hub"], None) == approved.hash
    )


def test_what_was_approved_for_everybody_holds_for_some_of_them(place: Place) -> None:
    approved = whole(place)
    company = place.open()
    part = plan_changes(company, people=["2", "3", "4"]).plan
    assert approval_of_part(company, part, approved.hash, None, ["2"]) == part.hash
    assert approval_of_part(company, part, approved.hash, None, ["1", "2"]) == approved.hash


def test_a_slice_of_joiners_is_about_all_joiners_and_nobody_else(place: Place) -> None:
    place.edit("people.csv", ("2016-01-01,,", "2016-01-01,2026-05-01,"))
    company = place.open()
    assert everyone_like(company, ["3"]) == ["1", "3", "4"]


def test_a_run_over_one_of_four_apps_may_take_away_a_quarter(place: Place) -> None:
    place.edit("rollcall.yml", ("per_run: 50%", "per_run: 8"))
    company = place.open()
    share_limits(company, ["hub"])
    assert company.settings.limits.per_run == Limit(count=2)
    assert company.settings.limits.floor_of_run == 1
    assert company.settings.limits.per_app == place.settings().limits.per_app
