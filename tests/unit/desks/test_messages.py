# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Digests as texts."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.desks.digests import ROUTES, Digest
from ansible_collections.rollcall.access.plugins.module_utils.desks.messages import Messages
from ansible_collections.rollcall.access.plugins.module_utils.desks.news import News
from ansible_collections.rollcall.access.plugins.module_utils.errors import SettingsError
from ansible_collections.rollcall.access.tests.unit.desks.sample import NOW

DUE = NOW + dt.timedelta(days=1)
TASK = News(
    "opened", "t1", "Give Alex Chen access to SEMrush", due=DUE, owner="ops@acme.example", link="https://desk/7"
)
OWNER = Digest("owner", "ops@acme.example", (TASK,), name="Ops", open=3, overdue=1)


def messages(folder=None, company="Acme", timezone="UTC"):
    return Messages(company, WorkingDay(timezone=timezone), folder)


def made(digest, *, channel=False, again=False, **more):
    return messages(**more).message(digest, NOW, channel=channel, again=again)


def own(tmp_path, text, name="owner"):
    (tmp_path / f"{name}.txt.j2").write_text(text, encoding="utf-8")
    return tmp_path


def test_an_owner_reads_what_is_new_and_how_much_is_open():
    message = made(OWNER, timezone="Europe/Amsterdam")
    assert message.title == "Acme: 1 new for Ops, 3 open, 1 overdue"
    assert message.body == (
        "New:\n- Give Alex Chen access to SEMrush\n  by 2026-03-03 10:00 CET, task t1, https://desk/7\n\n"
        "3 open for you in all, 1 of them overdue."
    )


def test_what_is_late_is_marked():
    late = dataclasses.replace(OWNER, news=(dataclasses.replace(TASK, overdue=True),))
    assert "- OVERDUE: Give Alex Chen" in made(late).body


def test_an_owner_of_a_task_without_a_ticket_reads_how_to_answer():
    ticketless = dataclasses.replace(TASK, link="", ticketless=True)
    how = "write to whoever looks after Rollcall what is done"
    assert how in made(dataclasses.replace(OWNER, news=(ticketless,))).body
    assert how in made(dataclasses.replace(OWNER, news=(ticketless,), alone="t1")).body
    assert how not in made(dataclasses.replace(OWNER, news=(dataclasses.replace(ticketless, what="cancelled"),))).body
    assert how not in made(OWNER).body


def test_a_reminder_is_not_called_new():
    reminder = dataclasses.replace(OWNER, news=(dataclasses.replace(TASK, what="reminded"),))
    assert made(reminder).title == "Acme: still waiting for Ops, 3 open, 1 overdue"


def test_in_a_channel_the_message_says_for_whom_it_is():
    assert "For Ops <ops@acme.example>:" in made(OWNER, channel=True).body
    assert "For Ops" not in made(OWNER).body


def test_an_emergency_has_the_task_for_its_title():
    alone = dataclasses.replace(OWNER, alone="t1", news=(dataclasses.replace(TASK, title="URGENT: Delete it"),))
    assert made(alone).title == "URGENT: Delete it"
    again = made(alone, again=True)
    assert again.title == "URGENT: Delete it (again)"
    assert "second time" in again.body


def test_a_manager_reads_who_is_ready_and_what_is_refused():
    news = (
        News("complete", "1001", "Alex Chen", note="joining"),
        News("complete", "1002", "Bo Ek", note="leaving"),
        News("declined", "t2", "Give Alex Chen access to Jira", note="no seat", owner="it@acme.example"),
        News("late", "t1", "Give Alex Chen access to SEMrush", due=DUE, owner="ops@acme.example"),
    )
    body = made(Digest("manager", "maria@acme.example", news)).body
    assert "Alex Chen has everything" in body
    assert "Bo Ek has left: all access is gone" in body
    assert "REFUSED: Give Alex Chen access to Jira, by it@acme.example (task t2)\n  no seat" in body
    assert "LATE: Give Alex Chen access to SEMrush was due 2026-03-03 09:00 UTC and waits for ops@acme.example" in body


def test_somebody_new_is_told_that_all_is_there():
    digest = Digest("new_hire", "alex@acme.example", (News("complete", "1001", "Alex Chen"),), name="Alex Chen")
    message = made(digest)
    assert message.title == "Acme: everything is ready for you"
    assert message.body.startswith("Hello Alex Chen,")


def test_security_reads_each_kind_of_news():
    kinds = ("opened", "escalated", "reopened", "late", "declined", "finding")
    digest = Digest("security", "", tuple(News(kind, f"s{kind}", f"About {kind}", note="why") for kind in kinds))
    message = made(digest)
    assert message.title == "Acme: 6 for the security team"
    assert all(f": About {kind}\n" in message.body for kind in kinds)


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_has_a_template_without_a_company_too(route):
    news = (News("complete", "1", "Jo", note="joining"),) if route in ("manager", "new_hire") else (TASK,)
    assert made(Digest(route, "x@acme.example", news), company="", channel=True, again=True).body


def test_values_are_data_and_stay_on_one_line():
    evil = dataclasses.replace(TASK, title="Give {{ 7*7 }} {% raw %}\n- OVERDUE: pay\u2028now <b>&</b>")
    body = made(dataclasses.replace(OWNER, news=(evil,))).body
    assert "- Give {{ 7*7 }} {% raw %} - OVERDUE: pay now <b>&</b>\n" in body


def test_a_template_of_the_company_takes_the_place_of_ours(tmp_path):
    folder = own(tmp_path, "Hi {{ name }}\n{% for line in lines %}{{ line.id }}{% endfor %}\n")
    message = made(OWNER, folder=folder)
    assert (message.title, message.body) == ("Hi Ops", "t1")


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("Title\n\n{{ nobody }}\n", 3, "'nobody' is undefined"),
        ("Title\n{% if %}\n", 2, "Expected an expression"),
        ("Title\n\n\n{{ 1 / 0 }}\n", 4, "division by zero"),
        ("Title\n{{ lines.append(1) }}", 2, "unsafe"),
        ("Title\n{{ name.__class__.__mro__ }}", 2, "unsafe"),
        ("Title\n{% include 'nothing.txt' %}", 2, "nothing.txt"),
    ],
)
def test_a_template_that_does_not_work_is_named_with_its_line(tmp_path, text, place, problem):
    folder = own(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        made(OWNER, folder=folder)
    assert caught.value.where == f"{folder}/owner.txt.j2:{place}"
    assert problem in str(caught.value)


def test_a_template_without_a_text_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="no title and text"):
        made(OWNER, folder=own(tmp_path, "Only a title\n"))


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SettingsError, match="there is no folder"):
        messages(folder=tmp_path / "templates")


def test_templates_are_checked_without_a_digest(tmp_path):
    messages().check()
    with pytest.raises(SettingsError, match="is not one"):
        messages(folder=own(tmp_path, "{% for %}", "security")).check()


def test_who_asked_for_something_reads_what_became_of_it_and_nothing_of_tasks():
    news = News("decided", "RQ-1", "Alex Chen, semrush: guru: refused", note="no seat is left")
    message = made(dataclasses.replace(OWNER, news=(news,), open=0, overdue=0))
    assert message.title.endswith(f"decided for {OWNER.name or OWNER.address}")
    assert "What you asked for:\n- Alex Chen, semrush: guru: refused\n  request RQ-1\n  no seat is left" in message.body
    assert "open" not in message.body


def test_an_owner_reads_which_risk_ends():
    news = News("risk_ending", "R-1", "Alex Chen, against pay-and-approve", stamp="2026-03-09", note="on call alone")
    message = made(Digest("owner", "maria@acme.example", (news,), name="Maria"))
    assert message.title == "Acme: news for Maria"
    assert message.body == (
        "A risk that you answer for ends soon:\n- Alex Chen, against pay-and-approve\n"
        "  accepted until 2026-03-09, risk R-1\n  on call alone"
    )
