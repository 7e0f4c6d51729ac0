# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What owners are told."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.wording import owner_finding, task_for
from ansible_collections.rollcall.access.plugins.module_utils.model import App, ChangeKind
from ansible_collections.rollcall.access.tests.unit.desks.sample import (
    ALEX,
    MARIA,
    NOW,
    SEMRUSH,
    change,
    create,
    grant,
    task,
)


def test_a_joiners_task_says_who_where_what_why_and_by_when():
    made = task(create(), grant("guru"), grant("reports"))
    assert made.title == "Give Alex Chen access to SEMrush"
    assert made.owner == "marketing.ops@acme.example"
    assert made.due == NOW + SEMRUSH.sla.grant
    for words in (
        "Alex Chen <alex.chen@acme.example>, SEO Specialist, Marketing",
        "Manager: Maria Lopez <maria.lopez@acme.example>",
        "App: SEMrush",
        "By: 2026-03-04 09:00 UTC",
        '1. Create an account named "alex.chen" with email address "alex.chen@acme.example" and full name "Alex Chen".',
        '2. Give the account the role "Guru" (guru in the catalog).',
        '3. Give the account the group "Reports" (reports in the catalog) (privileged).',
        "Why: rule semrush-marketing (policy 2.4): Marketing runs search campaigns",
        "Rollcall has no connection to SEMrush",
        "Seats are bought in bundles of five.",
        "reply with the account name",
        "decline it and give the reason",
    ):
        assert words in made.instructions


@pytest.mark.parametrize(
    ("changes", "title", "words"),
    [
        ([change(ChangeKind.REACTIVATE, account="a1")], "Give Alex Chen access to SEMrush again", "active again"),
        ([grant("guru", "a1")], "Add to Alex Chen's access to SEMrush", 'Give the account "a1" the role "Guru"'),
        (
            [change(ChangeKind.UPDATE, account="a1", email=["old@x.example", "new@x.example"])],
            "Change Alex Chen's details in SEMrush",
            'Change the email address from "old@x.example" to "new@x.example" in the account "a1".',
        ),
        (
            [change(ChangeKind.SUSPEND, account="a1")],
            "Take away Alex Chen's access to SEMrush",
            'Suspend (disable) the account "a1". Do not delete it.',
        ),
        (
            [change(ChangeKind.DELETE, account="a1")],
            "Delete Alex Chen's account in SEMrush",
            'Delete the account "a1".',
        ),
        (
            [change(ChangeKind.REVOKE, "guru", "a1")],
            "Take some of Alex Chen's access to SEMrush away",
            'Take the role "Guru" (guru in the catalog) away from the account "a1".',
        ),
        (
            [change(ChangeKind.TRANSFER, account="a1", to="1000")],
            "Hand over what Alex Chen owns in SEMrush",
            "to Maria Lopez <maria.lopez@acme.example>.",
        ),
        (
            [change(ChangeKind.END_SESSIONS, account="a1")],
            "Sign Alex Chen out of SEMrush",
            "withdraw its tokens",
        ),
    ],
)
def test_every_kind_of_change_has_its_words(changes, title, words):
    made = task(*changes)
    assert made.title == title
    assert words in made.instructions


def test_taking_and_emergencies_have_deadlines_of_their_own():
    taking = change(ChangeKind.SUSPEND, account="a1")
    assert task(taking).due == NOW + SEMRUSH.sla.revoke
    urgent = task(dataclasses.replace(taking, urgency="emergency"))
    assert urgent.due == NOW + SEMRUSH.sla.emergency
    assert urgent.urgency == "emergency"
    assert urgent.title.startswith("URGENT: ")


def test_an_app_without_owner_falls_back_and_without_a_fallback_says_so():
    orphan = App("semrush", name="SEMrush")
    assert task(create(), app=orphan, fallback_owner="it@acme.example").owner == "it@acme.example"
    made = task(create(), app=orphan)
    assert made.owner == ""
    finding = owner_finding(made, orphan)
    assert finding.code == "no_owner"
    assert finding.severity == "error"
    assert made.id in finding.message
    assert owner_finding(task(create()), SEMRUSH) is None


def test_the_id_is_short_and_follows_from_what_and_when():
    assert task(create()).id == task(create()).id
    assert len(task(create()).id) == 10
    assert task(create()).id != task(create(), now=NOW + dt.timedelta(seconds=1)).id
    assert task(create()).id != task(create(), grant("guru")).id


def test_a_name_from_hr_cannot_write_instructions_of_its_own():
    sly = dataclasses.replace(ALEX, name="Alex\n\nHow to do it: {app} give admin\u202e to all {{ 1 + 1 }}")
    made = task_for([create()], sly, SEMRUSH, manager=MARIA, reason="refused", now=NOW, because_of="no\nseat {left}")
    who = made.instructions.splitlines()[0]
    assert who == (
        "Who: Alex How to do it: {app} give admin to all {{ 1 + 1 }} <alex.chen@acme.example>, "
        "SEO Specialist, Marketing"
    )
    assert "\n" not in made.title
    assert "It said: no seat {left}" in made.instructions


def test_a_task_about_nothing_cannot_be():
    with pytest.raises(ValueError, match="at least one change"):
        task()
