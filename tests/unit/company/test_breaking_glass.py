# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Break-glass access in a company with a real ledger: who may take what, how it ends, and who hears of it."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.about_reviews import rules_of
from ansible_collections.rollcall.access.plugins.module_utils.company.breaking_glass import (
    Taking,
    finish,
    give,
    judge_taking,
    taken,
    unfinished,
    with_exception,
)
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.checking import check_policy
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.deciding import decide
from ansible_collections.rollcall.access.plugins.module_utils.company.following_reviews import follow_reviews
from ansible_collections.rollcall.access.plugins.module_utils.company.glass_reviews import (
    glass_news,
    open_glass_reviews,
)
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError, RequestError, UnknownName
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, Lock
from ansible_collections.rollcall.access.tests.unit.company.place import POLICY, Place

GLASS = """
break_glass:
  - id: engineers-on-call
    why: Somebody has to mend it at night
    when: {department: Engineering}
    unless: {manager: bob@acme.example}
    grant: {hub: [admin]}
    at_most: 4h
    tell: [night@acme.example]
separation_of_duties:
  - {id: no-reading, why: no admin reads, never_together: ["hub:admin", "wiki:reader"]}
"""
NINE = "2026-06-01T09:00:00+00:00"
THIRTEEN = "2026-06-01T13:00:00+00:00"


@pytest.fixture
def glass(place: Place) -> Place:
    place.write("access/policy/rules.yml", POLICY + GLASS)
    company = place.open(as_of="2026-06-01T08:00:00+00:00")
    carried_out(place, company)
    return place


def carried_out(place: Place, company: Company, *people: str) -> None:
    """One reconcile, of everybody or of some people."""
    run = place.run(company)
    planned = plan_changes(company, people=people or None)
    record_readings(company, planned, run)
    company.ledger.save_plan(planned.plan, run, company.clock.now())
    outcome = carry_out(company, planned.plan.changes, run, plan=planned.plan.hash)
    assert outcome.left == ()
    conclude(company, people or company.people.keys(), run)


def judged(company: Company, **more: str) -> Taking:
    given = {"who": "bob@acme.example", "grant": "hub:admin", "hours": "4", "reason": "the hub is down", "actor": "bob"}
    return judge_taking(company, **{**given, **more})


def take(place: Place, at: str = NINE, **more: str) -> tuple[Company, Taking]:
    company = place.open(as_of=at)
    taking = judged(company, **more)
    give(company, place.run(company), taking)
    with_exception(company, taking.exception)
    carried_out(place, company, taking.person.id)
    return company, taking


def roles(place: Place, person: str = "bob@acme.example") -> set[str]:
    (account,) = [one for one in place.app("hub").there.values() if one.email == person]
    return set(account.entitlements)


def test_it_is_given_and_ends_at_the_hour(glass: Place) -> None:
    company, taking = take(glass)
    assert roles(glass) == {"admin", "code"}
    grant = next(one for one in company.ledger.grants(app="hub", person="2") if one.entitlement == "admin")
    assert [str(one) for one in grant.because] == [
        f"break_glass {taking.exception.id} (policy 1.0): the hub is down - taken by {taking.person.username} until "
        "2026-06-01 13:00 UTC, as break_glass engineers-on-call of the policy allows"
    ]
    just_before = glass.open(as_of="2026-06-01T12:59:59+00:00")
    assert unfinished(just_before) == []
    assert not plan_changes(just_before, people=["2"]).plan.changes

    after = glass.open(as_of=THIRTEEN)
    assert [one.id for one in unfinished(after)] == [taking.exception.id]
    assert finish(after, glass.run(after), unfinished(after)[0]) == "left"
    carried_out(glass, after, "2")
    # the role of before is there again
    assert roles(glass) == {"user", "code"}
    assert finish(after, glass.run(after), unfinished(after)[0]) == "gone"
    assert unfinished(after) == []
    assert verify_ledger(after.ledger).ok


def test_any_reconcile_takes_it_too(glass: Place) -> None:
    take(glass)
    next_day = glass.open(as_of="2026-06-02")
    carried_out(glass, next_day)
    assert roles(glass) == {"user", "code"}
    ended = [one for one in next_day.ledger.events(kind="grant.ended") if one.data.get("entitlement") == "admin"]
    assert "break-glass access has ended" in str(ended[-1].data)


def test_what_the_policy_does_not_allow_is_refused_and_changes_nothing(glass: Place) -> None:
    company = glass.open(as_of=NINE)
    head = company.ledger.head
    for expected, more in (
        ("does not let dan.orr take hub: admin", {"who": "dan@acme.example"}),
        ("does not let anybody take hub: code", {"grant": "hub:code"}),
        ("5 hours are more than break_glass engineers-on-call", {"hours": "5"}),
        ("'soon', which is no number of hours", {"hours": "soon"}),
        ("'0', which is no number of hours", {"hours": "0"}),
        ("'-1', which is no number of hours", {"hours": "-1"}),
        ("it does not say why", {"reason": " "}),
        ("what is to be taken is 'hub'", {"grant": "hub"}),
        ("has no entitlement 'admn'", {"grant": "hub:admn"}),
        ("ann.lee", {"who": "ann@acme.example"}),
    ):
        with pytest.raises(RequestError) as raised:
            judged(company, **more)
        assert expected in str(raised.value)
    with pytest.raises(UnknownName, match="no app 'hbu'"):
        judged(company, grant="hbu:admin")
    with pytest.raises(UnknownName, match="no person 'nobody'"):
        judged(company, who="nobody")
    assert company.ledger.head == head


def test_who_has_it_already_needs_no_glass(glass: Place) -> None:
    glass.edit("access/policy/rules.yml", ("when: {department: Engineering}\n", "when: {}\n"))
    with pytest.raises(RequestError, match=r"ann.lee has hub: admin already \(rule chief\)"):
        judged(glass.open(as_of=NINE), who="ann@acme.example")


def test_who_is_locked_out_or_has_left_takes_nothing(glass: Place) -> None:
    company = glass.open(as_of=NINE)
    company.ledger.add_lock(Lock("2", "stolen laptop"), glass.run(company), company.clock.now())
    with pytest.raises(RequestError, match="is locked out"):
        judged(glass.open(as_of=NINE))
    glass.edit("people.csv", ("2017-01-01,", "2017-01-01,2026-05-01"))
    with pytest.raises(RequestError, match="does not work here today"):
        judged(glass.open(as_of=NINE), who="cat@acme.example")


def test_a_lock_takes_it_away_before_its_time(glass: Place) -> None:
    company, _taking = take(glass)
    company.ledger.add_lock(Lock("2", "stolen laptop"), glass.run(company), company.clock.now())
    carried_out(glass, glass.open(as_of="2026-06-01T09:30:00+00:00"), "2")
    (account,) = [one for one in glass.app("hub").there.values() if one.email == "bob@acme.example"]
    assert not account.active


def test_duties_keep_it_apart_unless_the_policy_says_so(glass: Place) -> None:
    glass.edit("access/policy/rules.yml", ("desk: [key]", "desk: [key], wiki: [reader]"))
    with pytest.raises(RequestError, match="against no-reading"):
        judged(glass.open(as_of=NINE))
    glass.edit("access/policy/rules.yml", ("    at_most: 4h\n", "    at_most: 4h\n    despite_duties: true\n"))
    assert judged(glass.open(as_of=NINE)).pair == ("hub", "admin")


RISK = """
accepted_risks:
  - {id: at-night, duty: no-reading, person: bob@acme.example, owner: ann@acme.example, reason: alone at night,
     from: "2026-05-01", until: "2026-06-01"}
"""


def test_an_accepted_risk_lets_it_be_taken_within_its_days(glass: Place) -> None:
    glass.edit("access/policy/rules.yml", ("desk: [key]", "desk: [key], wiki: [reader]"))
    glass.write("access/policy/risks.yml", RISK)
    company, taking = take(glass)
    assert roles(glass) == {"admin", "code"}
    (used,) = company.ledger.events(kind="risk.used")
    assert used.data["notice"]["risk"] == "at-night"
    assert f"break_glass {taking.exception.id}" in used.data["notice"]["through"]
    for late in ("2026-06-01T21:00:00+00:00", "2026-06-02T09:00:00+00:00"):
        # it would last longer than the risk is accepted
        with pytest.raises(RequestError, match=r"against no-reading.*accepted for all of that time"):
            judged(glass.open(as_of=late))


def test_what_somebody_has_and_nothing_explains_keeps_it_apart_too(glass: Place) -> None:
    shelf = glass.app("wiki")
    shelf.there["x1"] = Account("wiki", "x1", "bob.ray", "bob@acme.example", entitlements=frozenset({"reader"}))
    company = glass.open(as_of="2026-06-01T08:30:00+00:00")
    record_readings(company, plan_changes(company), glass.run(company))
    with pytest.raises(RequestError, match=r"hub:admin and wiki:reader.* together, against no-reading"):
        judged(glass.open(as_of=NINE))


def test_taken_in_spite_of_a_duty_it_takes_nothing_away_while_it_lasts(glass: Place) -> None:
    glass.edit("access/policy/rules.yml", ("    at_most: 4h\n", "    at_most: 4h\n    despite_duties: true\n"))
    glass.write(
        "access/exceptions/e.yml",
        "exceptions:\n  - {id: zoo, person: bob@acme.example, grant: {wiki: [reader]}, reason: reads, "
        'requested_by: bob@acme.example, approved_by: ann@acme.example, from: "2026-06-01", until: "2026-06-30"}\n',
    )
    company, _taking = take(glass)
    decision = decide(company, ["2"])
    assert decision.refused == ()
    assert {grant.entitlement for want in decision.wants.values() for grant in want.grants} >= {"admin", "reader"}
    # and plans say that there is a conflict
    assert [str(one.clash.duty.id) for one in decision.clashes["2"]] == ["no-reading"]


def test_taken_after_midnight_it_ends_on_the_companys_own_day(glass: Place) -> None:
    zone = "working_day: {end: '17:00', timezone: Europe/Amsterdam}\n"
    glass.write("rollcall.yml", (glass.path / "rollcall.yml").read_text(encoding="utf-8") + zone)
    taking = judged(glass.open(as_of="2026-06-01T22:10:00+00:00"), hours="1")
    assert (taking.exception.start, taking.exception.until) == (dt.date(2026, 6, 2), dt.date(2026, 6, 2))


def test_taking_it_twice_is_taking_it_once(glass: Place) -> None:
    company, first = take(glass)
    again = judged(glass.open(as_of="2026-06-01T09:10:00+00:00"), hours="1")
    assert again.before
    assert again.exception == first.exception
    assert len(taken(company)) == 1


def test_ended_by_hand_before_its_time(glass: Place) -> None:
    _company, taking = take(glass)
    soon = glass.open(as_of="2026-06-01T09:30:00+00:00")
    assert unfinished(soon) == []
    soon.ledger.end_exception(taking.exception.id, "bob", "it runs again", glass.run(soon), soon.clock.now())
    later = glass.open(as_of="2026-06-01T09:31:00+00:00")
    assert [one.id for one in unfinished(later)] == [taking.exception.id]
    carried_out(glass, later, "2")
    assert roles(glass) == {"user", "code"}


def test_hr_that_cannot_be_read_stops_neither_taking_nor_ending(glass: Place) -> None:
    down: dict[str, t.Any] = {"from_ledger": "HR is down"}
    company = glass.open(as_of=NINE, **down)
    taking = judged(company)
    with_exception(company, taking.exception)
    planned = plan_changes(company, people=["2"], apps=["hub"], stale_too=True)
    assert [change.entitlement for change in planned.plan.changes if change.kind.value == "grant"] == ["admin"]


def test_the_owner_the_manager_and_whom_the_policy_names_are_told(glass: Place) -> None:
    company, taking = take(glass)
    news = glass_news(company)
    assert sorted((one.route, one.address) for one in news) == [
        ("manager", "ann@acme.example"),
        ("owner", "hub@acme.example"),
        ("owner", "night@acme.example"),
    ]
    assert {one.alone for one in news} == {taking.exception.id}
    assert "took hub: admin until 2026-06-01 13:00 UTC" in news[0].news.title
    assert "the hub is down" in news[0].news.note
    assert glass_news(glass.open(as_of="2026-06-09")) == ()


def test_the_review_is_opened_once_and_says_what_was_done(glass: Place) -> None:
    company, taking = take(glass)
    assert open_glass_reviews(company, glass.run(company), rules_of(company)) == ((), ())
    after = glass.open(as_of="2026-06-01T13:05:00+00:00")
    carried_out(glass, after, "2")
    looked = glass.open(as_of="2026-06-01T13:06:00+00:00", writes=False)
    ((planned,), _notes) = open_glass_reviews(looked, glass.run(after), rules_of(looked))
    assert not after.ledger.has_review(planned.id)
    followed = follow_reviews(after, glass.run(after))
    assert followed.opened == [taking.exception.id]
    assert follow_reviews(after, glass.run(after)).opened == []
    assert open_glass_reviews(after, glass.run(after), rules_of(after)) == ((), ())
    review = after.ledger.review(taking.exception.id)
    assert review is not None
    assert (review.event, review.undecided, review.due > after.clock.now()) == ("break_glass", "keep", True)
    (item,) = review.items
    assert (item.person, item.app, item.entitlement, item.privileged) == ("2", "hub", "admin", True)
    assert item.reviewer == "hub@acme.example"
    text = item.because[0].text
    assert text.startswith("the hub is down - taken by tests on 2026-06-01 09:00 UTC until 2026-06-01 13:00 UTC")
    assert "grant verified 2026-06-01 09:00 UTC by tests" in text
    assert "revoke verified 2026-06-01 13:05 UTC by tests" in text


def test_check_finds_what_is_odd_about_it(glass: Place) -> None:
    def found() -> list[str]:
        return [
            f"{one.severity} {one.message}" for one in check_policy(glass.open(writes=False)) if "glass" in one.message
        ]

    assert found() == [
        "warning break-glass access is told to nobody on the route owner or manager: there is no such route"
    ]
    glass.edit("access/policy/rules.yml", ("grant: {hub: [admin]}\n    at_most", "grant: {hub: [code]}\n    at_most"))
    glass.edit("access/policy/rules.yml", ("when: {department: Engineering}\n", "when: {department: Law}\n"))
    assert any("which is not privileged" in one for one in found())
    assert any("is for nobody today" in one for one in found())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("at_most: 4h", "at_most: soon", '"at_most"'),
        ("at_most: 4h", "at_most: 0h", '"at_most" is no time at all'),
        ("at_most: 4h", "at_moust: 4h", "at_moust"),
        ("grant: {hub: [admin]}\n    at", "grant: {hub: []}\n    at", "not an account alone"),
        ("grant: {hub: [admin]}\n    at", "grant: {hub: [root]}\n    at", 'has no entitlement "root"'),
        ("unless: {manager: bob@acme.example}", "unless: {mangaer: bob}", 'HR has no attribute "mangaer"'),
        ("tell: [night@acme.example]", "tell: [night]", "an address"),
    ],
)
def test_a_mistake_in_the_policy_is_told_with_file_and_line(glass: Place, old: str, new: str, message: str) -> None:
    glass.edit("access/policy/rules.yml", (old, new))
    with pytest.raises(PolicyError) as raised:
        _policy = glass.open(writes=False).policy
    assert any(message in str(one) and "rules.yml:" in one.where for one in raised.value.findings), raised.value


def test_the_end_is_a_moment_in_the_ledger(glass: Place) -> None:
    company, taking = take(glass, hours="0.5")
    (kept,) = company.ledger.exceptions()
    assert kept == taking.exception
    assert kept.ends_at == dt.datetime(2026, 6, 1, 9, 30, tzinfo=dt.timezone.utc)
    assert kept.kind == "break_glass"


def test_a_run_that_died_is_finished_by_the_same_command_or_the_next_run(glass: Place) -> None:
    company = glass.open(as_of=NINE)
    give(company, glass.run(company), judged(company))
    assert roles(glass) == {"user", "code"}
    again = glass.open(as_of="2026-06-01T09:01:00+00:00")
    assert judged(again).before
    carried_out(glass, again, "2")
    assert roles(glass) == {"admin", "code"}
    assert len(glass_news(again)) == 3


def test_it_was_over_before_anything_was_given(glass: Place) -> None:
    company = glass.open(as_of=NINE)
    give(company, glass.run(company), judged(company))
    after = glass.open(as_of=THIRTEEN)
    (one,) = unfinished(after)
    assert finish(after, glass.run(after), one) == "gone"
    ((review,), _notes) = open_glass_reviews(after, glass.run(after), rules_of(after))
    assert review.items[0].because[0].text.endswith("nothing was changed in the app")


def test_what_a_rule_gives_by_then_is_kept(glass: Place) -> None:
    take(glass)
    glass.edit("access/policy/rules.yml", ("when: {title: Chief}", "when: {}"))
    after = glass.open(as_of=THIRTEEN)
    carried_out(glass, after, "2")
    assert "admin" in roles(glass)
    (one,) = unfinished(after)
    assert finish(after, glass.run(after), one) == "kept"
    assert unfinished(after) == []
