# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which role comes in the place of one that a review takes away."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    App,
    Because,
    Entitlement,
    Grant,
    ReviewItem,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.reviews.falling_back import falls_back_to, in_words

ALL, LEADS, REQUEST = Because("rule", "all"), Because("rule", "leads"), Because("request", "r1")
APP = App(
    "crm",
    entitlements={
        "reader": Entitlement("reader", "role", "Reader", 1),
        "writer": Entitlement("writer", "role", "", 2),
        "owner": Entitlement("owner", "role", "Owner", 3, True),
        "beta": Entitlement("beta", "group", "Beta"),
    },
)


def item(entitlement: str, *because: Because) -> ReviewItem:
    return ReviewItem("i1", "q2", "4", "crm", "dan", entitlement, "ann@acme.example", because)


def want(*grants: tuple[str, Because], state: str = "present") -> Want:
    return Want("4", "crm", state, tuple(Grant("crm", key, (why,)) for key, why in grants))


def comes(one: ReviewItem, wanted: Want | None, *held: str) -> str:
    return in_words(falls_back_to(one, wanted, APP, held or (one.entitlement,)), APP)


ROLES = want(("reader", ALL), ("owner", LEADS), ("beta", ALL))


def test_the_next_lower_role_comes_with_its_reason() -> None:
    assert comes(item("owner", LEADS), ROLES) == "Reader (rule all)"
    three = want(("reader", ALL), ("writer", REQUEST), ("owner", LEADS))
    assert comes(item("owner", LEADS), three) == "writer (request r1)"


@pytest.mark.parametrize(
    ("one", "wanted", "held", "why"),
    [
        (item("reader", ALL), want(("reader", ALL)), ("reader",), "nothing else is theirs"),
        (item("owner", LEADS), want(("owner", LEADS), ("beta", ALL)), ("owner",), "a group is no role"),
        (item("beta", ALL), ROLES, ("owner", "beta"), "taking a group away moves no role"),
        (item("owner", LEADS), ROLES, ("owner", "reader"), "it is there already"),
        (item("owner", ALL), ROLES, ("owner",), "a reason that was not shown gives the same role again"),
        (item("owner", LEADS), dataclasses.replace(ROLES, state="suspended"), ("owner",), "who is on leave gets none"),
        (item("owner", LEADS), None, ("owner",), "nothing is wanted in the app"),
        (dataclasses.replace(item("owner", LEADS), person=""), ROLES, ("owner",), "an account of nobody"),
        (item("gone", LEADS), ROLES, ("gone",), "an entitlement that the catalog does not know"),
        (item("", LEADS), ROLES, (), "an account by itself"),
    ],
)
def test_where_nothing_comes_nothing_is_said(
    one: ReviewItem, wanted: Want | None, held: tuple[str, ...], why: str
) -> None:
    assert comes(one, wanted, *held) == "", why


def test_who_has_what_nothing_gives_gets_what_is_theirs() -> None:
    assert comes(item("owner", Because("unexplained")), want(("reader", ALL))) == "Reader (rule all)"
    assert in_words(None, APP) == ""
