# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests in an app in which no rule gives anything."""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.model import Account
from ansible_collections.rollcall.access.tests.unit.company.asking import approved, asking, reconcile
from ansible_collections.rollcall.access.tests.unit.company.place import Place

__all__ = ["asking"]


def lab_with(place: Place, *entitlements: str) -> t.Any:
    """The app that no rule gives anything in, with an account of Dan's that somebody made by hand, and one of Bob's."""
    place.edit(
        "access/catalog/apps.yml",
        (
            "  lab:\n    connector: memory\n    entitlements:\n",
            "  lab:\n    connector: memory\n    owners: {primary: lab@acme.example}\n    leave: {then: delete}\n"
            "    entitlements:\n      bench: {kind: group}\n      oven: {kind: group}\n",
        ),
    )
    lab = place.app("lab")
    lab.there["b"] = Account("lab", "b", "bob.ray", "bob@acme.example", entitlements=frozenset({"user", "oven"}))
    if entitlements:
        lab.there["d"] = Account("lab", "d", "dan.orr", "dan@acme.example", entitlements=frozenset(entitlements))
    return lab


def test_a_request_takes_nothing_from_others_in_an_app_without_rules(asking: Place) -> None:
    lab_with(asking)
    reconcile(asking)
    approved(asking, grants=(("lab", "bench"),), person="dan.orr", requested_by="dan@acme.example")
    reconcile(asking)
    assert asking.shown("lab") == {"bob.ray": (True, ["oven", "user"]), "4": (True, ["bench"])}
    reconcile(asking, "2026-07-01")
    assert asking.shown("lab") == {"bob.ray": (True, ["oven", "user"])}


def test_what_somebody_had_in_an_app_without_rules_stays_beside_what_they_asked_for(asking: Place) -> None:
    lab_with(asking, "oven")
    reconcile(asking)
    approved(asking, grants=(("lab", "bench"),), person="dan.orr", requested_by="dan@acme.example")
    company = reconcile(asking)
    assert asking.shown("lab")["dan.orr"] == (True, ["bench", "oven"])
    assert conclude(company, ["4"], asking.run(company))["4"].missing == ()
    reconcile(asking, "2026-07-01")
    assert asking.shown("lab")["dan.orr"] == (True, ["oven"])


def test_an_account_alone_that_was_asked_for_ends_in_an_app_without_rules(asking: Place) -> None:
    lab_with(asking)
    request = approved(asking, grants=(("lab", ""),), person="dan.orr", requested_by="dan@acme.example")
    reconcile(asking)
    assert asking.shown("lab")["4"] == (True, [])
    company = reconcile(asking, "2026-07-01")
    assert "4" not in asking.shown("lab")
    change = company.ledger.changes(app="lab", person="4")[0].change
    assert [(one.kind, one.id) for one in change.because] == [("expiry", request.id)]
