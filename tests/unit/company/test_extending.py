# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managers extend what ends soon, with the token of the warning: their own people's, once, as long as allowed."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.contracts import check_contracts, ending_contracts
from ansible_collections.rollcall.access.plugins.module_utils.company.deciding import decide
from ansible_collections.rollcall.access.plugins.module_utils.company.extending import Extended, extend, offer
from ansible_collections.rollcall.access.plugins.module_utils.company.reporting import facts_of
from ansible_collections.rollcall.access.plugins.module_utils.errors import RequestError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import AccessException, Lock
from ansible_collections.rollcall.access.plugins.module_utils.reports.page import render
from ansible_collections.rollcall.access.tests.unit.company.place import POLICY, Place

PEOPLE = """id,first,last,email,username,title,department,manager,start,end,type,status
1,Ann,Lee,ann@acme.example,ann.lee,Chief,Office,,2015-01-01,,employee,Active
2,Bob,Ray,bob@acme.example,bob.ray,Engineer,Engineering,1,2016-01-01,,employee,Active
3,Cat,Fox,cat@acme.example,cat.fox,Engineer,Engineering,2,2017-01-01,,employee,Active
4,Dan,Orr,dan@acme.example,dan.orr,Seller,Sales,2,2018-01-01,,employee,Active
5,Eve,Sun,eve@acme.example,eve.sun,Advisor,Sales,1,2026-01-01,2026-06-05,contractor,Active
6,Flo,Kay,flo@acme.example,flo.kay,Advisor,Sales,1,2026-01-01,,Contractor,Active
"""
EXCEPTIONS = """
exceptions:
  - id: dan-code
    person: dan.orr
    grant: {hub: [code]}
    reason: builds the pilot
    requested_by: dan.orr
    approved_by: ann.lee
    from: "2026-05-01"
    until: "2026-06-05"
cover:
  - id: summer
    person: dan.orr
    for: cat.fox
    reason: leave
    approved_by: ann.lee
    from: "2026-05-01"
    until: "2026-06-05"
"""


@pytest.fixture
def ending(place: Place) -> Place:
    place.write("people.csv", PEOPLE)
    place.write("access/policy/rules.yml", POLICY + "extend_at_most: 30d\n")
    place.write("access/exceptions/e.yml", EXCEPTIONS)
    return place


def token_of(company: Company, kind: str = "exception", id: str = "dan-code") -> str:
    found = offer(company, kind, id)
    assert found is not None
    return found.token


def extended(place: Place, token: str, *, at: str = "2026-06-01", **more: str) -> Extended:
    company = place.open(as_of=at)
    given = {"until": "2026-06-30", "by": "bob@acme.example", **more}
    return extend(company, place.run(company), token=token, **given)


def refusal(place: Place, token: str, **more: str) -> str:
    """See that it is refused and changes nothing; return why."""
    before = [event.seq for event in place.open().ledger.events(kind="exception.extended")]
    with pytest.raises(RequestError) as raised:
        extended(place, token, **more)
    assert [event.seq for event in place.open().ledger.events(kind="exception.extended")] == before
    return str(raised.value)


def has(place: Place, day: str) -> set[str]:
    company = place.open(as_of=day)
    want = decide(company, ["4"]).wants["4", "hub"]
    return {f"{grant.entitlement}: {one.kind} {one.id}" for grant in want.grants for one in grant.because}


@pytest.mark.parametrize(("kind", "id"), [("exception", "dan-code"), ("cover", "summer")])
def test_the_manager_extends_it_once(ending: Place, kind: str, id: str) -> None:
    made = offer(ending.open(), kind, id)
    assert made is not None
    assert made.latest == dt.date(2026, 7, 5)
    # the same warning has the same token, whoever makes it again
    assert offer(ending.open(), kind, id) == made
    assert f"code: {kind} {id}" not in has(ending, "2026-06-06")
    done = extended(ending, made.token)
    assert (done.before, done.until, done.by.username) == (dt.date(2026, 6, 5), dt.date(2026, 6, 30), "bob.ray")
    assert f"code: {kind} {id}" in has(ending, "2026-06-30")
    assert f"code: {kind} {id}" not in has(ending, "2026-07-01")
    assert "used already: extended until 2026-06-30 by bob.ray" in refusal(ending, made.token)
    assert "used already" in refusal(ending, made.token, until="2026-07-05")

    ledger = ending.open().ledger
    (event,) = ledger.events(kind="exception.extended")
    assert event.person == "4"
    assert {name: event.data[name] for name in ("kind", "id", "before", "until", "by")} == {
        "kind": kind,
        "id": id,
        "before": "2026-06-05",
        "until": "2026-06-30",
        "by": "bob.ray",
    }
    assert verify_ledger(ledger).ok


def test_an_exception_of_the_ledger_is_extended_too(ending: Place) -> None:
    company = ending.open()
    day = dt.date(2026, 6, 5)
    own = AccessException("own", "4", (("hub", "code"),), "r", "dan.orr", "ann.lee", dt.date(2026, 6, 1), day)
    company.ledger.add_exception(own, ending.run(company), company.clock.now())
    extended(ending, token_of(ending.open(), id="own"))
    assert "code: exception own" in has(ending, "2026-06-30")


def test_the_next_end_has_a_token_of_its_own(ending: Place) -> None:
    first = token_of(ending.open())
    extended(ending, first)
    second = token_of(ending.open(as_of="2026-06-25"))
    assert second != first
    assert extended(ending, second, at="2026-06-25", until="2026-07-20").before == dt.date(2026, 6, 30)
    assert "code: exception dan-code" in has(ending, "2026-07-20")


def test_git_is_right_where_it_says_another_end(ending: Place) -> None:
    extended(ending, token_of(ending.open()))
    ending.write(
        "access/exceptions/e.yml", EXCEPTIONS.replace('until: "2026-06-05"\ncover', 'until: "2026-06-10"\ncover')
    )
    assert "code: exception dan-code" not in has(ending, "2026-06-11")


def test_what_gives_something_else_by_now_is_not_extended(ending: Place) -> None:
    token = token_of(ending.open())
    ending.write("access/exceptions/e.yml", EXCEPTIONS.replace("[code]}", "[code, user]}"))
    assert "not any more what it was when the warning was sent" in refusal(ending, token)
    ending.write("access/exceptions/e.yml", EXCEPTIONS)
    extended(ending, token)
    ending.write("access/exceptions/e.yml", EXCEPTIONS.replace("[code]}", "[code, user]}"))
    assert "code: exception dan-code" not in has(ending, "2026-06-11")


def test_nobody_but_the_manager(ending: Place) -> None:
    token = token_of(ending.open())
    assert "dan.orr cannot extend their own access" in refusal(ending, token, by="dan@acme.example")
    assert "it is for bob.ray, who got the warning, and not for ann.lee" in refusal(ending, token, by="ann.lee")
    assert "and not for" in refusal(ending, token, by="")
    company = ending.open()
    run = ending.run(company)
    own = type(run)(run.id, run.command, "dan.orr", run.started_at)
    with pytest.raises(RequestError, match="cannot extend their own"):
        extend(company, own, token=token, until="2026-06-30", by="bob.ray")


def test_a_token_that_was_altered_or_is_of_another_ledger(ending: Place) -> None:
    token = token_of(ending.open())
    content, signature = token.split(".")
    values = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    values[-1] = "2027-07-05"
    other = base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")
    assert "it was altered" in refusal(ending, f"{other}.{signature}")
    turned = "A" if signature[5] != "A" else "B"
    assert "it was altered" in refusal(ending, f"{content}.{signature[:5]}{turned}{signature[6:]}")
    for broken in (
        content,
        f"{content}.",
        "a.b",
        "no token",
        f"{content}.{signature}.x",
        "{{ 1 }}.x",
        "é.é",
        "x" * 9999,
    ):
        assert "the token:" in refusal(ending, broken)
    assert "there is no token" in refusal(ending, " ")
    # the page's way of cutting lines does it no harm
    assert extended(ending, f" {token[:40]}\n  {token[40:]} \n").id == "dan-code"


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-07-06", "at most until 2026-07-05"),
        ("2026-06-05", "is no extension: it ends on 2026-06-05"),
        ("2026-06-01", "is no extension"),
        ("tomorrow", "which is no day"),
        ("", "which is no day"),
    ],
)
def test_a_day_that_is_none_or_beyond_the_limit(ending: Place, until: str, expected: str) -> None:
    assert expected in refusal(ending, token_of(ending.open()), until=until).replace("At most", "at most")


def test_the_limit_of_today_counts(ending: Place) -> None:
    token = token_of(ending.open())
    ending.edit("access/policy/rules.yml", ("extend_at_most: 30d", "extend_at_most: 5d"))
    assert "At most until 2026-06-10" in refusal(ending, token)
    ending.edit("access/policy/rules.yml", ("extend_at_most: 5d\n", ""))
    assert "it has no extend_at_most" in refusal(ending, token)


DUTY = """
separation_of_duties:
  - {id: build-and-run, why: nobody ships alone, never_together: ['hub:code', 'lab:user']}
"""
TO_COME = """
exceptions:
  - {id: lab, person: dan.orr, grant: {lab: [user]}, reason: runs it, requested_by: dan.orr, approved_by: ann.lee,
     from: "2026-06-20", until: "2026-07-31"}
"""
RISK = """
accepted_risks:
  - {id: alone, duty: build-and-run, person: dan.orr, owner: ann.lee, reason: on call alone,
     from: "2026-05-01", until: "2026-06-25"}
"""


@pytest.mark.parametrize(("kind", "id"), [("exception", "dan-code"), ("cover", "summer")])
def test_what_would_break_a_duty_on_one_of_the_new_days_is_refused(ending: Place, kind: str, id: str) -> None:
    other = "cover:" if kind == "exception" else "exceptions:"
    only, rest = EXCEPTIONS.split("cover:")
    ending.write("access/exceptions/e.yml", only if other == "cover:" else f"cover:{rest}")
    ending.write("access/exceptions/lab.yml", TO_COME)
    ending.write("access/policy/duties.yml", DUTY)
    token = token_of(ending.open(), kind, id)
    why = refusal(ending, token, until="2026-06-20")
    assert f"hub:code ({kind} {id}) and lab:user (exception lab) together, against build-and-run" in why
    assert "from 2026-06-20 on" in why
    assert "An earlier day" in why
    # with somebody who answers for it, as long as they do
    ending.write("access/policy/risks.yml", RISK)
    assert "build-and-run" in refusal(ending, token, until="2026-06-26")
    assert extended(ending, token, until="2026-06-25").until == dt.date(2026, 6, 25)


def test_up_to_the_day_before_a_conflict_it_is_extended(ending: Place) -> None:
    ending.write("access/exceptions/lab.yml", TO_COME)
    ending.write("access/policy/duties.yml", DUTY)
    assert extended(ending, token_of(ending.open()), until="2026-06-19").until == dt.date(2026, 6, 19)


def test_what_is_over(ending: Place) -> None:
    token = token_of(ending.open())
    assert "ended on 2026-06-05" in refusal(ending, token, at="2026-06-06")
    ending.write("access/exceptions/e.yml", "")
    assert "it was ended or taken away" in refusal(ending, token)


def test_people_who_left_or_moved_on(ending: Place) -> None:
    token = token_of(ending.open())
    ending.write("people.csv", PEOPLE.replace("Sales,2,2018-01-01,,", "Sales,2,2018-01-01,2026-05-20,"))
    assert "dan.orr has left" in refusal(ending, token)
    ending.write("people.csv", PEOPLE.replace("Engineering,1,2016-01-01,,", "Engineering,1,2016-01-01,2026-05-20,"))
    assert "bob.ray has left" in refusal(ending, token)
    ending.write("people.csv", PEOPLE.replace("Sales,2,2018-01-01,,", "Sales,3,2018-01-01,,"))
    # cat is the manager now, and is the colleague whom the cover is for: only the exception is theirs to extend
    assert "the manager of dan.orr is cat.fox now" in refusal(ending, token)
    assert offer(ending.open(), "exception", "dan-code") is not None
    assert offer(ending.open(), "cover", "summer") is None


def test_a_lock_stops_it(ending: Place) -> None:
    token = token_of(ending.open())
    company = ending.open()
    company.ledger.add_lock(Lock("dan.orr", "stolen laptop"), ending.run(company), company.clock.now())
    assert "dan.orr is locked out" in refusal(ending, token)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("grant: {hub: [code]}", "grant: {hub: [admin]}"),
        ("requested_by: dan.orr", "requested_by: bob.ray"),
        ('from: "2026-05-01"\n    until', 'from: "2025-06-04"\n    until'),
        ("person: dan.orr\n", "person: ann.lee\n"),
        ("person: dan.orr\n", "person: nobody\n"),
    ],
)
def test_what_only_git_extends(ending: Place, old: str, new: str) -> None:
    ending.write("access/exceptions/e.yml", EXCEPTIONS.replace(old, new, 1))
    assert offer(ending.open(), "exception", "dan-code") is None


def test_what_was_asked_for_is_asked_for_again(ending: Place) -> None:
    assert offer(ending.open(), "request", "dan-code") is None
    assert offer(ending.open(), "break_glass", "dan-code") is None


def test_of_two_that_use_it_at_once_one_does(ending: Place) -> None:
    token = token_of(ending.open())
    first, second = ending.open(), ending.open()
    runs = [ending.run(first), ending.run(second)]
    for company in (first, second):
        _read = company.written  # both have read everything before either writes
    extend(first, runs[0], token=token, until="2026-06-30", by="bob.ray")
    with pytest.raises(RequestError, match="used already"):
        extend(second, runs[1], token=token, until="2026-06-20", by="bob.ray")
    assert "code: exception dan-code" in has(ending, "2026-06-30")


def test_without_writing_nothing_is_kept(ending: Place) -> None:
    token = token_of(ending.open())
    company = ending.open()
    run = ending.run(company)
    looking = ending.open(writes=False)
    assert extend(looking, run, token=token, until="2026-06-30", by="bob.ray").until == dt.date(2026, 6, 30)
    assert extended(ending, token).id == "dan-code"


# contractors


def test_contractors_whose_last_day_is_near_or_missing(ending: Place) -> None:
    company = ending.open()
    soon = ending_contracts(company, dt.date(2026, 6, 1), dt.date(2026, 6, 11))
    assert [person.username for person in soon] == ["eve.sun"]
    assert ending_contracts(company, dt.date(2026, 6, 6), dt.date(2026, 6, 11)) == ()
    (finding,) = check_contracts(company)
    assert (finding.code, finding.severity, finding.person) == ("no_end_date", "warning", "flo.kay")
    assert "no last day in HR: flo.kay" in finding.message


def test_the_report_shows_cover_and_contracts_without_an_end(ending: Place) -> None:
    extended(ending, token_of(ending.open(), "cover", "summer"))
    facts = facts_of(ending.open())
    assert "no_end_date" in {finding.code for finding in facts.findings}
    (cover,) = [one for one in facts.exceptions if one.id == "summer"]
    assert (cover.person, cover.grant, str(cover.until)) == ("dan.orr", "desk: key, hub: code, hub: user", "2026-06-30")
    assert cover.reason == "cover for Cat Fox until 2026-06-30: leave (extended until 2026-06-30 by bob.ray)"
    page = render(facts)
    assert "no last day in HR: flo.kay" in page


def test_what_hr_calls_people_who_are_here_for_a_time_can_be_said(ending: Place) -> None:
    ending.edit("rollcall.yml", ("rehearsal: true", "rehearsal: true\ntemporary_types: [employee]"))
    (finding,) = check_contracts(ending.open())
    assert "4 people here for a time have no last day in HR: ann.lee, bob.ray, cat.fox, dan.orr" in finding.message
    ending.edit("rollcall.yml", ("temporary_types: [employee]", "temporary_types: []"))
    assert check_contracts(ending.open()) == ()
