# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviewers are told what comes in the place of a role that they take away; and it comes."""

from __future__ import annotations

import csv
import io

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.about_reviews import reviewers_of
from ansible_collections.rollcall.access.plugins.module_utils.company.closing_reviews import close
from ansible_collections.rollcall.access.plugins.module_utils.company.review_tickets import follow_review_tickets
from ansible_collections.rollcall.access.plugins.module_utils.company.reviewers_pages import around
from ansible_collections.rollcall.access.plugins.module_utils.reviews.packet import packets
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    decide,
    opened,
    place,
    reconcile,
    review,
    settings,
)
from ansible_collections.rollcall.access.tests.unit.company.place import Place

__all__ = ["place"]

HUB = "hub@acme.example"


@pytest.fixture
def leaders(place: Place) -> Place:
    """Ann and Eve both lead: one of them may lose it."""
    place.edit("access/policy/rules.yml", ("when: {title: Chief}", "when: {title: [Chief, Head]}"))
    reconcile(place, "2026-06-01")
    return place


def revoked(place: Place, id: str, *whose: tuple[str, str]) -> None:
    decide(place, "2026-06-03", *((person, key, "revoke", HUB) for person, key in whose), id=id)
    company = place.open(as_of="2026-06-03")
    close(company, place.run(company), id, directory=None, early=True)


def told(place: Place) -> dict[tuple[str, str], str]:
    """By person and entitlement: what a page says that comes."""
    company = place.open(as_of="2026-06-03")
    found = packets(review(place), around(company), company.clock.now(), reviewers=reviewers_of(company))
    return {(one.item.person, one.item.entitlement): one.then_gets for packet in found for one in packet.items}


def test_what_the_page_and_the_sheet_say_is_what_comes(leaders: Place) -> None:
    opened(leaders, reviewer="app_owner", directory=leaders.path / "sheets")
    said = {key: words for key, words in told(leaders).items() if words}
    assert said == {("1", "admin"): "user (rule all)", ("5", "admin"): "user (rule all)"}
    sheet = (leaders.path / "sheets" / f"{HUB}.csv").read_text(encoding="utf-8")
    rows = {(row["person"], row["entitlement"]): row["then_gets"] for row in csv.DictReader(io.StringIO(sheet))}
    assert rows["Ann Lee", "admin"] == "user (rule all)"
    assert rows["Dan Orr", "user"] == ""

    revoked(leaders, "q2", ("1", "admin"), ("4", "user"))
    assert leaders.shown("hub")["1"][1] == []
    reconcile(leaders, "2026-06-04")
    # where the page said that something comes it has come, and else nothing has
    assert leaders.shown("hub")["1"][1] == ["user"]
    assert leaders.shown("hub")["4"][1] == []


def test_what_a_review_took_before_does_not_come(leaders: Place) -> None:
    opened(leaders, id="q1", reviewer="app_owner")
    revoked(leaders, "q1", ("1", "admin"))
    reconcile(leaders, "2026-06-03")
    opened(leaders, day="2026-06-03", reviewer="app_owner")
    said = told(leaders)
    assert said["1", "user"] == ""
    assert said["5", "admin"] == "user (rule all)"


def test_the_ticket_of_a_review_says_it(place: Place) -> None:
    place.edit(
        "access/catalog/apps.yml",
        ("apps:", "desks:\n  help: {type: email, connection: {smtp_host: x.example, from: r@acme.example}}\napps:"),
    )
    settings(place, "\nreviews: {desk: help}\n")
    opened(place, reviewer="app_owner")
    company = place.open(as_of="2026-06-03")
    follow_review_tickets(company, place.run(company))
    (task,) = [one for one in company.ledger.tasks(kind="review") if one.owner == HUB]
    assert (
        "\n\nWho loses one of these roles gets the next one that is theirs, with the next run:\n"
        "- Ann Lee, hub: admin: then gets user (rule all)\n\nThis ticket ends by itself"
    ) in task.instructions


@pytest.mark.parametrize("held", ["code", "user"])
def test_nothing_is_said_of_what_has_no_lower_role(place: Place, held: str) -> None:
    opened(place)
    assert {words for (_person, key), words in told(place).items() if key == held} == {""}
