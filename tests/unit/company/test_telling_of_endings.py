# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managers are told by mail what ends soon, and what was taken without asking; what they are sent, they can use."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.breaking_glass import give, judge_taking
from ansible_collections.rollcall.access.plugins.module_utils.company.extending import extend
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import send_new, synchronise
from ansible_collections.rollcall.access.plugins.module_utils.company.telling import Telling, tell
from ansible_collections.rollcall.access.plugins.module_utils.desks.digests import Happenings
from ansible_collections.rollcall.access.plugins.module_utils.requesting.extension_lines import read_extensions
from ansible_collections.rollcall.access.tests.unit.company.place import POLICY, Place
from ansible_collections.rollcall.access.tests.unit.desks.post_office import (
    MailServer,
    WebServer,
    mail_server,
    web_server,
)

PEOPLE = """id,first,last,email,username,title,department,manager,start,end,type,status
1,Ann,Lee,ann@acme.example,ann.lee,Chief,Office,,2015-01-01,,employee,Active
2,Bob,Ray,bob@acme.example,bob.ray,Engineer,Engineering,1,2016-01-01,,employee,Active
4,Dan,Orr,dan@acme.example,dan.orr,Seller,Sales,2,2018-01-01,,employee,Active
5,Eve,Sun,eve@acme.example,eve.sun,Advisor,Sales,1,2026-01-01,2026-06-05,contractor,Active
"""
EXCEPTIONS = """
exceptions:
  - id: dan-code
    person: dan.orr
    grant: {hub: [code]}
    reason: "<b>pilot</b> {{ 1 + 1 }}"
    requested_by: dan.orr
    approved_by: ann.lee
    from: "2026-05-01"
    until: "2026-06-11"
  - id: later
    person: dan.orr
    grant: {desk: [key]}
    reason: not yet
    requested_by: dan.orr
    approved_by: ann.lee
    from: "2026-05-01"
    until: "2026-06-12"
"""
GLASS = """
break_glass:
  - id: on-call
    why: nights
    when: {department: Engineering}
    grant: {hub: [admin]}
    at_most: 4h
    tell: [sec@acme.example]
"""


@pytest.fixture
def mail() -> t.Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def web() -> t.Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def ending(place: Place) -> Place:
    place.write("people.csv", PEOPLE)
    place.write("access/policy/rules.yml", f"{POLICY}extend_at_most: 30d\n{GLASS}")
    place.write("access/exceptions/e.yml", EXCEPTIONS)
    return place


def routes(place: Place, url: str, *names: str) -> None:
    lines = "".join(f"    {name}: {url!r}\n" for name in names)
    place.write("rollcall.yml", (place.path / "rollcall.yml").read_text() + f"notifications:\n  routes:\n{lines}")


def tasks(place: Place, as_of: str = "2026-06-01") -> None:
    company = place.open(as_of=as_of)
    assert not synchronise(company, place.run(company), ()).problems


def test_ten_days_before_the_manager_gets_a_token_that_works(ending: Place, mail: MailServer) -> None:
    routes(ending, mail.url(), "manager")
    tasks(ending)
    found = {to: text for to, _title, text in mail.messages}
    assert set(found) == {"ann@acme.example", "bob@acme.example"}
    text = found["bob@acme.example"]
    assert "ENDS SOON: Dan Orr, hub: code ends on 2026-06-11 (exception dan-code: <b>pilot</b> {{ 1 + 1 }})" in text
    assert "until 2026-07-11 at the latest" in text
    assert "later" not in text
    tasks(ending)
    assert len(mail.envelopes) == 2

    ((token, until),) = read_extensions(text.splitlines())
    company = ending.open()
    done = extend(company, ending.run(company), token=token, until=until, by="bob@acme.example")
    assert (done.id, done.until) == ("dan-code", dt.date(2026, 7, 11))
    # the next warning comes ten days before the new end, and has another token
    tasks(ending, "2026-07-01")
    again = [text for to, _title, text in mail.messages[2:] if to == "bob@acme.example" and "dan-code" in text]
    assert len(again) == 1
    ((second, _until),) = read_extensions(again[0].splitlines())
    assert second != token


def test_the_end_of_a_contract_is_for_hr_to_change(ending: Place, mail: MailServer) -> None:
    routes(ending, mail.url(), "manager")
    tasks(ending)
    (text,) = [text for to, _title, text in mail.messages if to == "ann@acme.example"]
    assert "the last day of Eve Sun (contractor) is 2026-06-05" in text
    assert "only HR can change it" in text
    assert "extend:" not in text
    ending.write("people.csv", PEOPLE.replace("2026-06-05", "2026-06-08"))
    tasks(ending, "2026-06-02")
    assert any("is 2026-06-08" in text for to, _title, text in mail.messages[2:] if to == "ann@acme.example")


def test_where_others_read_too_there_is_no_token(ending: Place, web: WebServer) -> None:
    routes(ending, web.url("everybody"), "manager")
    tasks(ending)
    text = "\n".join(text for _to, _title, text in web.messages)
    assert "ENDS SOON: Dan Orr" in text
    assert "extend:" not in text


def test_where_the_policy_lets_nobody_extend_git_does(ending: Place, mail: MailServer) -> None:
    ending.edit("access/policy/rules.yml", ("extend_at_most: 30d\n", ""))
    routes(ending, mail.url(), "manager")
    tasks(ending)
    text = next(text for to, _title, text in mail.messages if to == "bob@acme.example")
    assert "prolong it in access/exceptions" in text
    assert "extend:" not in text


# break-glass access


def taken(place: Place) -> str:
    company = place.open(as_of="2026-06-01T02:00:00+00:00")
    taking = judge_taking(
        company, who="bob.ray", grant="hub:admin", hours="2", reason="hub\nis down {{ 7 * 7 }}", actor="bob.ray"
    )
    give(company, place.run(company), taking)
    return taking.exception.id


def told(place: Place, at: str = "2026-06-01T02:01:00+00:00") -> Telling:
    company = place.open(as_of=at)
    return tell(company, place.run(company), Happenings())


def test_owner_manager_and_whom_the_policy_names_get_a_mail_each_at_once(ending: Place, mail: MailServer) -> None:
    routes(ending, mail.url(), "manager", "owner")
    id = taken(ending)
    assert told(ending).sent == 3
    assert sorted(to for to, _title, _text in mail.messages) == [
        "ann@acme.example",
        "hub@acme.example",
        "sec@acme.example",
    ]
    for _to, title, text in mail.messages:
        assert title == "Bob Ray took hub: admin until 2026-06-01 04:00 UTC"
        assert id in text
        assert "hub is down {{ 7 * 7 }}" in text
    assert told(ending).sent == 0
    # nothing was said of it in the message of the evening
    company = ending.open(as_of="2026-06-01T18:00:00+00:00")
    send_new(company, ending.run(company))
    assert not any("took hub" in text for _to, _title, text in mail.messages[3:])


def test_one_that_could_not_be_told_is_an_error_and_told_by_the_next_run(ending: Place, web: WebServer) -> None:
    routes(ending, web.url(), "owner")
    taken(ending)
    web.status = 503
    down = told(ending)
    assert down.failed
    assert {finding.severity for finding in down.findings} == {"error"}
    web.status = 200
    up = told(ending, "2026-06-01T02:05:00+00:00")
    assert (up.sent, up.failed) == (2, False)
    assert told(ending, "2026-06-01T02:06:00+00:00").sent == 0
