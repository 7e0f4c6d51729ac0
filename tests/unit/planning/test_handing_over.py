# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a manager answers about a leaver's things, line by line."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import App, Leave, Person
from ansible_collections.rollcall.access.plugins.module_utils.planning.handing_over import (
    Line,
    choices_in,
    lines_for,
    nothing_to_do,
)
from ansible_collections.rollcall.access.plugins.module_utils.policy.organisation import Organisation

LINES = (Line("google", "mailbox"), Line("google", "drive"), Line("github", "repositories"), Line("box", "drive"))
PEOPLE = Organisation(
    [
        Person("1", "ann@acme.example", "ann.lee"),
        Person("2", "bob@acme.example", "bob.ray"),
        Person("3", "cat@acme.example", "cat.fox", earlier_emails=("cat@old.example",)),
        Person("4", "dan@acme.example", "dan.orr"),
    ]
)


def read(text: str, by: str = "ann@acme.example", manager: str = "1"):
    return choices_in(text, LINES, PEOPLE, leaver="2", manager=manager, by=by, gone={"4"})


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("google mailbox: cat@acme.example", {"google mailbox": "3"}),
        ("Google  Mailbox = CAT@ACME.EXAMPLE.", {"google mailbox": "3"}),
        ("- mailbox: <cat@old.example>", {"google mailbox": "3"}),
        ("mailbox: cat.fox; repositories: delete", {"google mailbox": "3", "github repositories": "delete"}),
        # a thing without its app means all of that name
        ("drive: archive", {"google drive": "archive", "box drive": "archive"}),
        ("mailbox: me", {"google mailbox": "1"}),
        ("mailbox: manager", {"google mailbox": "1"}),
        ("mailbox: none", {"google mailbox": "keep"}),
        (
            "everything: keep\nbox drive: 3",
            {"google mailbox": "keep", "google drive": "keep", "github repositories": "keep", "box drive": "3"},
        ),
        # what else somebody writes is left alone
        (
            "Hello, here you are:\nmailbox: delete\nNote: he was nice\nhttps://acme.example/x",
            {"google mailbox": "delete"},
        ),
        ("mailbox: delete\ngoogle mailbox: delete", {"google mailbox": "delete"}),
    ],
)
def test_an_answer_is_read_line_by_line(text, to):
    found = read(text)
    assert (dict(found.to), found.wrong) == (to, ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mailbox: bob.ray", "the person who has left"),
        ("mailbox: dan.orr", "has left, too"),
        ("mailbox: eve@acme.example", "nobody of that name or address"),
        ("mailbox: {{ 7 * 7 }}", "nobody of that name or address"),
        ("mailbox:", "says nothing"),
        ("postbox: cat@acme.example", '"postbox" is none of: google mailbox'),
        ("mailbox: delete\nmailbox: keep", "answered twice, and differently"),
        ("done", "nothing is said about any of"),
    ],
)
def test_what_cannot_be_is_said_in_words(text, why):
    found = read(text)
    assert why in "; ".join(found.wrong)


def test_one_wrong_line_is_told_with_the_others():
    assert len(read("mailbox: bob.ray\ngoogle drive: eve@acme.example").wrong) == 2


def test_who_is_meant_by_manager_and_me_has_to_be_somebody():
    assert "no manager who is still here" in read("mailbox: manager", manager="").wrong[0]
    assert "nobody of that name" in read("mailbox: me", by="a mailbox").wrong[0]


def test_only_apps_that_somebody_had_an_account_in_are_asked_about():
    apps = [
        App("b", leave=Leave(hand_over=("drive", "mail box"))),
        App("a", leave=Leave(hand_over=("repos",))),
        App("c"),
    ]
    assert [line.key for line in lines_for(apps, {"b", "c"})] == ["b drive", "b mail box"]


@pytest.mark.parametrize(
    ("leave", "to", "nothing"),
    [
        (Leave(), "keep", True),
        (Leave(), "archive", False),
        (Leave("delete"), "keep", False),
        (Leave(delete_after=dt.timedelta(days=30)), "keep", False),
    ],
)
def test_keeping_is_work_only_where_something_would_be_deleted(leave, to, nothing):
    assert nothing_to_do(App("a", leave=leave), to) is nothing
