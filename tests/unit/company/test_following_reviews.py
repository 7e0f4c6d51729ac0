# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Campaigns over time: stages, delegates, reminders, escalation, and what comes of bad input. A real ledger."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import closing_reviews, reviewing
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.following_reviews import Followed, follow_reviews
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import send_new, synchronise
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.company.review_changes import explain, reassign
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Answer
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    ReviewError,
    ReviewMoved,
    SettingsError,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Account
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision import Decision
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision_sheet import SHEET_COLUMNS
from ansible_collections.rollcall.access.plugins.module_utils.tabular import write_csv
from ansible_collections.rollcall.access.tests.unit.company.place import Everything, Place
from ansible_collections.rollcall.access.tests.unit.desks.post_office import web_server
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault

PEOPLE = """id,first,last,email,title,department,manager,start,end,type,status
1,Ann,Lee,ann@acme.example,Chief,Office,,2015-01-01,,employee,Active
2,Bob,Ray,bob@acme.example,Engineer,Engineering,5,2016-01-01,,employee,Active
3,Cat,Fox,cat@acme.example,Engineer,Engineering,5,2017-01-01,,employee,Active
4,Dan,Orr,dan@acme.example,Seller,Sales,5,2018-01-01,,employee,Active
5,Eve,Mor,eve@acme.example,Head,Sales,1,2018-01-01,,employee,Active
6,Flo,Nix,flo@acme.example,Clerk,Office,1,2018-01-01,,employee,Active
"""
HUB, ANN, EVE, FLO = "hub@acme.example", "ann@acme.example", "eve@acme.example", "flo@acme.example"
TWO = [{"reviewer": "manager", "due": "2026-06-10"}, {"reviewer": "app_owner", "due": "2026-06-20"}]


#: The company on 1 June as the first test made it: its files, and what is in its apps.
_MADE: dict[str, t.Any] = {}


@pytest.fixture
def place(place: Place) -> Place:
    """A company on 1 June, in which everybody has what the policy gives. It is made once, and copied."""
    place.write("people.csv", PEOPLE)
    if not _MADE:
        reconcile(place, "2026-06-01")
        place.close()
        files = {path.name: path.read_bytes() for path in place.path.glob("ledger*")}
        apps = {key: dict(app.there) for key, app in Everything.stores.items()}
        _MADE.update(files=files, apps=apps)
    for name, content in _MADE["files"].items():
        (place.path / name).write_bytes(content)
    for key, accounts in _MADE["apps"].items():
        place.app(key).there.update(accounts)
    return place


def reconcile(place: Place, day: str) -> None:
    company = place.open(as_of=day)
    run = place.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, run)
    carry_out(company, planned.plan.changes, run, plan=planned.plan.hash)
    conclude(company, company.people, run)


def opened(place: Place, day: str = "2026-06-02", id: str = "q2", **more: t.Any) -> t.Any:
    company = place.open(as_of=day)
    arguments: dict[str, t.Any] = {
        "id": id,
        "title": "",
        "scope": {"apps": ["hub"]},
        "reviewer": "manager",
        "due": dt.date(2026, 6, 10),
        "undecided": "keep",
        "directory": None,
    }
    return reviewing.open_review(company, place.run(company), **{**arguments, **more})


def settings(place: Place, text: str) -> None:
    place.write("rollcall.yml", (place.path / "rollcall.yml").read_text() + text)


def review(place: Place, id: str = "q2") -> t.Any:
    return place.open().ledger.review(id)


def item(place: Place, person: str, entitlement: str, id: str = "q2") -> t.Any:
    (found,) = [one for one in review(place, id).items if (one.person, one.entitlement) == (person, entitlement)]
    return found


def decide(place: Place, day: str, *rows: tuple[str, str, str, str], id: str = "q2", **more: t.Any) -> t.Any:
    """Rows of (person, entitlement, decision, by)."""
    company = place.open(as_of=day)
    given = [Decision(item(place, p, e, id).id, word, "", "because", by) for p, e, word, by in rows]
    return reviewing.decide(company, place.run(company), id, given, **more)


def follow(place: Place, day: str, **more: t.Any) -> Followed:
    company = place.open(as_of=day)
    return follow_reviews(company, place.run(company), **more)


def everything(place: Place, day: str, decision: str = "keep", stage: int = 0) -> None:
    """Let each reviewer decide all that waits for them."""
    rows = [
        (one.person, one.entitlement, decision, one.reviewer)
        for one in review(place).items
        if one.stage == stage and not one.decision
    ]
    decide(place, day, *rows)


def sheet(place: Place, name: str, *rows: tuple[str, str, str, str], id: str = "q2") -> None:
    """Put a filled-in sheet into the folder of a review."""
    lines = [
        {"item_id": item(place, p, e, id).id, "decision": word, "reason": "seen", "by": by} for p, e, word, by in rows
    ]
    place.write(f"decisions/{id}/{name}", write_csv(lines, SHEET_COLUMNS))


def events(place: Place, kind: str) -> list[t.Any]:
    return list(place.open().ledger.events(kind=kind))


# stages


def test_what_the_first_stage_keeps_goes_on_and_what_it_takes_is_taken(place):
    opened(place, stages=TWO)
    assert item(place, "2", "code").reviewer == EVE
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    found = follow(place, "2026-06-04")
    assert found.passed_on == {"q2": len(review(place).items) - 1}
    gone, kept = item(place, "2", "code"), item(place, "3", "code")
    assert (gone.stage, gone.decision, gone.reviewer) == (0, "revoke", EVE)
    assert (kept.stage, kept.decision, kept.reviewer) == (1, "", HUB)
    (before,) = kept.earlier
    assert (before.stage, before.decision, before.decided_by, before.reason) == (0, "keep", EVE, "because")
    assert not follow(place, "2026-06-04").changed
    everything(place, "2026-06-15", stage=1)
    decide(place, "2026-06-15", ("3", "code", "revoke", HUB))
    done = follow(place, "2026-06-16", close_due=True)
    assert (done.closed, done.ended) == (["q2"], ["q2"])
    assert place.shown("hub")["2"] == (True, ["user"])
    assert place.shown("hub")["3"] == (True, ["user"])
    assert place.shown("hub")["4"] == (True, ["user"])
    assert verify_ledger(place.open().ledger).ok


def test_who_has_decided_is_not_asked_once_more_in_the_next_stage(place):
    place.edit("access/catalog/apps.yml", ("hub@acme.example", "eve@acme.example"))
    opened(place, stages=["manager", "app_owner"])
    everything(place, "2026-06-03")
    follow(place, "2026-06-04")
    own = item(place, "2", "code")
    assert (own.stage, own.decision, own.decided_by, len(own.earlier)) == (1, "keep", EVE, 1)
    # what ann kept is eve's to decide now, and eve's own is not
    assert item(place, "6", "user").reviewer == EVE
    assert item(place, "5", "user").reviewer == ANN


def test_a_stage_ends_with_its_time_and_silence_means_what_the_campaign_says(place):
    opened(place, stages=TWO, undecided="revoke")
    decide(place, "2026-06-03", ("3", "code", "keep", EVE))
    follow(place, "2026-06-11")
    silent = item(place, "2", "code")
    assert (silent.stage, silent.decision, silent.by_default, silent.decided_by) == (0, "revoke", True, "")
    assert item(place, "3", "code").stage == 1


def test_closing_early_asks_no_stage_that_did_not_decide(place):
    opened(place, stages=TWO, undecided="revoke")
    everything(place, "2026-06-03")
    company = place.open(as_of="2026-06-03")
    with pytest.raises(ReviewError, match="are undecided"):
        closing_reviews.close(company, place.run(company), "q2", directory=None)
    place.edit("rollcall.yml", ("per_run: 50%, per_app: 50%, floor: 3", "per_run: 99%, per_app: 99%, floor: 30"))
    company = place.open(as_of="2026-06-03")
    done = closing_reviews.close(company, place.run(company), "q2", directory=None, early=True)
    one = next(one for one in done.review.items if (one.person, one.entitlement) == ("2", "code"))
    assert (one.decision, one.by_default, one.earlier[0].decision) == ("revoke", True, "keep")


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([{"reviewer": "manager", "due": "2026-06-20"}, {"reviewer": "app_owner", "due": "2026-06-10"}], "not after"),
        ([{"reviewer": "manager", "due": "soon"}, "app_owner"], "no day"),
        ([{"reviewer": "manager", "days": 2, "due": "2026-06-10"}, "app_owner"], "both due and days"),
        ([{"reviewer": "manager"}, {"reviewer": "app_owner", "days": 2}], "no deadline"),
        ([{"reviewer": "manager", "when": 2}], "'when' is not known"),
        ([{"days": 2}], "who decides in it"),
        (["manager", "nobody.here"], "no reviewer 'nobody.here'"),
        ([{"reviewer": "manager", "days": True}], "number of working days"),
    ],
)
def test_stages_that_make_no_sense_open_nothing(place, stages, said):
    with pytest.raises(ReviewError, match=said):
        opened(place, stages=stages)
    assert review(place) is None


def test_stages_without_deadlines_share_the_time(place):
    done = opened(place, stages=["manager", "app_owner"])
    first, last = done.review.dues
    assert (first.date(), last.date()) == (dt.date(2026, 6, 6), dt.date(2026, 6, 10))
    assert done.review.due == last


# before it is opened


def test_a_review_is_looked_at_before_it_is_opened(place):
    place.edit("people.csv", ("dan@acme.example,Seller,Sales,5", "dan@acme.example,Seller,Sales,"))
    found = opened(place, stages=["manager", "app_owner"], only_check=True, scope={})
    assert not found.changed
    assert review(place) is None
    said = {finding.code: finding for finding in found.findings}
    assert said["review_no_manager"].severity == "warning"
    assert said["review_no_manager"].message.startswith("2 people (ann.lee, dan.orr) have no manager in HR")
    most = found.workload[0]
    assert most.items * 30 <= most.minutes * 60 < most.items * 30 + 60


def test_old_data_stop_a_review_unless_somebody_says_that_it_may_be_opened(place):
    with pytest.raises(ReviewError, match=r"hub was last read on 2026-06-01.*reviews.data_age"):
        opened(place, day="2026-06-09", due=dt.date(2026, 6, 20))
    assert review(place) is None
    settings(place, "reviews: {data_age: 30}\n")
    assert opened(place, day="2026-06-09", due=dt.date(2026, 6, 20), id="fresh").changed
    assert opened(place, day="2026-07-20", due=dt.date(2026, 7, 30), id="despite", despite=True).changed


def test_what_nobody_can_review_and_a_reviewer_without_an_address_stop_it(place):
    place.edit("rollcall.yml", ("fallback_owner: it@acme.example\n", ""))
    place.edit("access/catalog/apps.yml", ("    owners: {primary: hub@acme.example}\n", ""))
    place.edit("people.csv", ("eve@acme.example", ""))
    with pytest.raises(ReviewError) as caught:
        opened(place)
    codes = {finding["code"] for finding in caught.value.details["findings"]}
    assert codes >= {"no_reviewer", "review_no_address"}


# who decides in whose stead


DELEGATES = """
reviews:
  delegates:
    - {person: eve@acme.example, delegate: flo.nix, from: 2026-06-03, until: 2026-06-05, reason: holiday}
    - {person: eve@acme.example, delegate: bob.ray, from: 2026-06-03, until: 2026-06-05, reason: holiday}
"""


def test_a_delegate_decides_for_a_time_and_the_record_says_in_whose_stead(place):
    settings(place, DELEGATES)
    opened(place)
    with pytest.raises(ReviewError, match="to decide, not flo"):
        decide(place, "2026-06-02", ("2", "code", "keep", FLO))
    decide(place, "2026-06-04", ("2", "code", "keep", FLO))
    decided = item(place, "2", "code")
    assert (decided.reviewer, decided.decided_by, decided.in_stead_of) == (EVE, FLO, EVE)
    with pytest.raises(ReviewError, match="to decide, not flo"):
        decide(place, "2026-06-06", ("3", "code", "keep", FLO))
    # never on what is their own
    with pytest.raises(ReviewError, match="own access"):
        decide(place, "2026-06-04", ("2", "user", "keep", "bob@acme.example"))


def test_a_delegate_hears_of_what_waits(place):
    settings(place, DELEGATES)
    opened(place)
    told = {address for address, _news in follow(place, "2026-06-04").news()}
    assert told >= {EVE, "flo.nix", "bob.ray", ANN}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{person: eve.mor, delegate: eve.mor, from: 2026-06-03, until: 2026-06-05, reason: x}", "own delegate"),
        ("{person: eve.mor, delegate: flo.nix, from: 2026-06-13, until: 2026-06-05, reason: x}", "before they begin"),
        ("{person: eve.mor, delegate: flo.nix, from: 2026-06-33, until: 2026-06-05, reason: x}", "is no day"),
    ],
)
def test_a_delegate_that_makes_no_sense_is_refused(place, entry, said):
    settings(place, f"reviews: {{delegates: [{entry}]}}\n")
    with pytest.raises(SettingsError, match=said):
        opened(place)


def test_items_are_given_to_another_reviewer_who_is_not_the_person(place):
    opened(place)
    arguments: dict[str, t.Any] = {"items": (), "by": "ops", "reason": "on sick leave"}

    def to(who: str, whose: str) -> t.Any:
        company = place.open(as_of="2026-06-03")
        return reassign(company, place.run(company), "q2", to=who, whose=whose, **arguments)

    with pytest.raises(ReviewError, match="own access"):
        to("bob.ray", EVE)
    with pytest.raises(ReviewError, match="there is nobody 'noone'"):
        to("noone", EVE)
    assert item(place, "2", "code").reviewer == EVE
    assert to("flo.nix", EVE).changed
    moved = item(place, "2", "code")
    (step,) = moved.handed
    assert (moved.reviewer, step.kind, step.before, step.by, step.reason) == (
        FLO,
        "reassigned",
        EVE,
        "ops",
        "on sick leave",
    )
    assert not to("flo.nix", EVE).changed
    assert item(place, "6", "user").reviewer == ANN


# time


def test_reminders_go_out_once_for_each_step_and_what_is_late_goes_to_the_manager(place):
    opened(place)
    first = follow(place, "2026-06-03")
    assert {one.step for one in first.reminded} == {"opened"}
    assert not follow(place, "2026-06-04").reminded
    second = follow(place, "2026-06-07T18:00:00")
    assert {(one.reviewer, one.reminder) for one in second.reminded} >= {(EVE, True), (ANN, True)}
    assert not follow(place, "2026-06-08").changed
    late = follow(place, "2026-06-09T18:00:00")
    assert late.handed_over["q2"] > 0
    moved = item(place, "2", "code")
    assert (moved.reviewer, moved.handed[0].kind, moved.handed[0].before) == (ANN, "escalated", EVE)
    # ann has nobody above
    assert item(place, "5", "user").reviewer == ANN
    assert ANN in {one.reviewer for one in late.reminded}
    assert not follow(place, "2026-06-09T19:00:00").changed
    # eve may still decide what went on because she was late
    decide(place, "2026-06-10T10:00:00", ("2", "code", "keep", EVE))
    assert len(events(place, "review.handed_over")) == 1 + late.handed_over["q2"]


def test_deadlines_and_reminders_count_working_time(place):
    settings(place, "working_day: {days: [mon, tue, wed, thu, fri]}\nreviews: {remind: [1d], escalate: 0m}\n")
    # due on Monday 8 June at 17:00
    opened(place, due=dt.date(2026, 6, 8))
    follow(place, "2026-06-02")
    assert not follow(place, "2026-06-05T15:00:00").reminded
    assert {one.step for one in follow(place, "2026-06-06T12:00:00").reminded} == {"reminded 1440 minutes before"}
    assert not follow(place, "2026-06-08T12:00:00").changed


def test_what_is_over_is_closed_only_where_that_is_wanted(place):
    opened(place)
    everything(place, "2026-06-03")
    waits = follow(place, "2026-06-04")
    assert [finding.code for finding in waits.findings] == ["review_decided"]
    assert review(place).state == "open"
    done = follow(place, "2026-06-04", close_due=True, directory=place.path / "evidence")
    assert (done.closed, done.ended, review(place).standing) == (["q2"], ["q2"], "ended")
    assert (place.path / "evidence/q2.json").exists()
    assert not follow(place, "2026-06-05", close_due=True).changed


def test_reviewers_are_told_by_mail_once_for_each_step_and_what_could_not_be_sent_is_sent_later(place):
    def told(day: str) -> list[tuple[str, str]]:
        """The mails of one day, to whom and what; sorted."""
        company = place.open(as_of=day)
        run, before = place.run(company), len(web.messages)
        send_new(company, run, reviews=follow_reviews(company, run).news())
        return sorted((title, body) for _to, title, body in web.messages[before:])

    with web_server() as web:
        settings(place, f"notifications: {{routes: {{owner: '{web.url('ops')}'}}}}\n")
        opened(place)
        told("2026-06-02")
        assert told("2026-06-03") == []
        web.status = 503
        assert len(told("2026-06-07T18:00:00")) > 0
        web.status = 200
        reminders = told("2026-06-08")
        bodies = [body for _title, body in reminders if "For Eve Mor" in body]
        assert len(bodies) == 1
        assert "Access that you are asked to review:" in bodies[0]
        assert "A reminder: this is still undecided" in bodies[0]
        assert "by 2026-06-10 17:00 UTC, review q2" in bodies[0]
        assert told("2026-06-08") == []


# bad input


def test_a_decision_by_the_wrong_person_decides_nothing(place):
    opened(place)
    with pytest.raises(ReviewError, match=f"is {EVE}'s to decide, not {FLO}'s"):
        decide(place, "2026-06-03", ("3", "code", "keep", EVE), ("2", "code", "keep", FLO))
    assert not any(one.decision for one in review(place).items)
    assert not events(place, "review.decided")


def test_a_decision_after_the_deadline_of_its_stage_is_refused_unless_it_is_let_in(place):
    opened(place, stages=TWO)
    with pytest.raises(ReviewError, match="was to be decided by 2026-06-10 17:00 UTC"):
        decide(place, "2026-06-11", ("2", "code", "keep", EVE))
    decide(place, "2026-06-11", ("2", "code", "keep", EVE), late=True)
    follow(place, "2026-06-11")
    with pytest.raises(ReviewError, match=r"is hub@acme\.example's to decide in stage 2 of 2"):
        decide(place, "2026-06-12", ("2", "code", "revoke", EVE))


def test_a_stage_takes_decisions_as_long_as_its_grace(place):
    settings(place, "reviews: {grace: 2d}\n")
    opened(place)
    decide(place, "2026-06-11", ("2", "code", "keep", EVE))
    with pytest.raises(ReviewError, match="was to be decided by 2026-06-12 17:00 UTC"):
        decide(place, "2026-06-13", ("3", "code", "keep", EVE))
    assert not follow(place, "2026-06-12T10:00:00", close_due=True).closed


def test_a_sheet_that_is_half_filled_in_decides_what_it_says(place):
    opened(place)
    sheet(place, "eve.csv", ("2", "code", "keep", EVE), ("3", "code", "", EVE), ("4", "user", "revoke", ""))
    found = follow(place, "2026-06-03", decisions=place.path / "decisions")
    assert item(place, "2", "code").decision == "keep"
    assert (item(place, "3", "code").decision, item(place, "4", "user").decision) == ("", "")
    assert [finding.code for finding in found.findings] == ["decision_unfinished", "decision_unfinished"]
    assert not found.problems


def test_a_sheet_that_is_sent_twice_changes_nothing_and_leaves_no_second_event(place):
    opened(place)
    sheet(place, "eve.csv", ("2", "code", "revoke", EVE), ("3", "code", "keep", EVE))
    assert follow(place, "2026-06-03", decisions=place.path / "decisions").taken_in
    before = len(events(place, "review.decided"))
    sheet(place, "eve-again.csv", ("3", "code", "keep", EVE), ("2", "code", "revoke", EVE))
    found = follow(place, "2026-06-04", decisions=place.path / "decisions")
    assert (found.taken_in, found.changed, found.problems) == ([], False, [])
    # what somebody decided since is not turned back by the file of before
    decide(place, "2026-06-04", ("2", "code", "keep", EVE))
    follow(place, "2026-06-05", decisions=place.path / "decisions")
    assert item(place, "2", "code").decision == "keep"
    assert len(events(place, "review.decided")) == before + 2


def test_a_sheet_sent_again_when_its_stage_is_over_changes_nothing(place):
    opened(place, stages=TWO)
    everything(place, "2026-06-03")
    follow(place, "2026-06-04")
    state = review(place)
    done = decide(place, "2026-06-05", ("2", "code", "keep", EVE))
    assert (done.changed, review(place)) == (False, state)


def test_a_sheet_of_another_campaign_is_refused_and_the_others_are_taken(place):
    opened(place)
    opened(place, id="other")
    sheet(place, "eve.csv", ("2", "code", "keep", EVE))
    text = (place.path / "decisions/q2/eve.csv").read_text()
    place.write("decisions/other/wrong.csv", text)
    found = follow(place, "2026-06-03", decisions=place.path / "decisions")
    assert item(place, "2", "code").decision == "keep"
    (problem,) = found.problems
    assert "wrong.csv was not taken in" in problem
    assert "of review q2, and this is review other" in problem
    assert not any(one.decision for one in review(place, "other").items)
    # it is said again as long as it lies there
    assert len(follow(place, "2026-06-04", decisions=place.path / "decisions").problems) == 1


def test_what_waits_for_a_reviewer_who_left_goes_to_their_manager(place):
    opened(place)
    decide(place, "2026-06-03", ("3", "code", "keep", EVE))
    place.edit(
        "people.csv",
        ("eve@acme.example,Head,Sales,1,2018-01-01,,", "eve@acme.example,Head,Sales,1,2018-01-01,2026-06-03,"),
    )
    with pytest.raises(ReviewError, match="has left and decides nothing any more"):
        decide(place, "2026-06-05", ("2", "code", "keep", EVE))
    found = follow(place, "2026-06-05")
    assert found.handed_over["q2"] > 0
    moved = item(place, "2", "code")
    (step,) = moved.handed
    assert (moved.reviewer, step.kind, step.before, step.reason) == (ANN, "left", EVE, f"{EVE} has left")
    # what they had decided stays decided
    assert (item(place, "3", "code").decision, item(place, "3", "code").reviewer) == ("keep", EVE)
    decide(place, "2026-06-06", ("2", "code", "revoke", ANN))
    assert not follow(place, "2026-06-06").handed_over


def test_an_account_that_disappeared_meanwhile_is_gone(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    hub = place.app("hub")
    id = item(place, "2", "code").account
    del hub.there[id]
    done = follow(place, "2026-06-04", close_due=True)
    assert (item(place, "2", "code").outcome, done.ended) == ("gone", ["q2"])


def test_an_entitlement_that_was_renamed_in_the_catalog_is_still_taken_away_or_said_clearly(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    place.edit("access/catalog/apps.yml", ("      code: {kind: group}", "      source: {kind: group, value: code}"))
    place.edit("access/policy/rules.yml", ("hub: [code]", "hub: [source]"))
    # the app calls it what it did; the connector shows it under the catalog's new name
    hub = place.app("hub")
    for id, account in hub.there.items():
        new = frozenset("source" if one == "code" else one for one in account.entitlements)
        hub.there[id] = dataclasses.replace(account, entitlements=new)
    done = follow(place, "2026-06-04", close_due=True)
    assert (
        "the catalog calls code in hub source now" in {one.code: one for one in done.findings}["review_renamed"].message
    )
    assert (item(place, "2", "source").outcome, done.ended) == ("verified", ["q2"])
    assert place.shown("hub")["2"] == (True, ["user"])
    assert place.shown("hub")["3"] == (True, ["source", "user"])
    assert [event.data["was"] for event in events(place, "review.renamed") if event.person == "2"] == ["code"]
    # the decision holds under the new name
    reconcile(place, "2026-06-05")
    assert place.shown("hub")["2"] == (True, ["user"])


def test_an_entitlement_that_the_catalog_does_not_know_any_more_is_said_and_waits_for_an_explanation(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE), ("4", "user", "revoke", EVE))
    place.edit("access/catalog/apps.yml", ("      code: {kind: group}\n", ""))
    place.edit("access/policy/rules.yml", ("hub: [code], ", ""))
    done = follow(place, "2026-06-04", close_due=True)
    (error,) = [one for one in done.findings if one.code == "review_not_in_catalog"]
    assert "revoke code of 2 in hub is not carried out: code in hub is not in the catalog any more" in error.message
    assert (item(place, "2", "code").outcome, item(place, "4", "user").outcome) == ("", "verified")
    assert done.problems == ["review q2: 1 decisions are not carried out yet"]
    company = place.open(as_of="2026-06-05")
    ended = explain(company, place.run(company), "q2", items=(), by="audit", reason="the group is gone from the hub")
    assert ended.review.standing == "ended"


def test_a_campaign_that_another_run_closed_meanwhile_is_not_touched(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    first, second = place.open(as_of="2026-06-11"), place.open(as_of="2026-06-11")
    run = place.run(second)
    seen = second.ledger.review("q2")
    # what the second one has read is of before
    second.ledger.review = lambda id, again=[seen]: (
        again.pop() if again else type(second.ledger).review(second.ledger, id)
    )
    closing_reviews.close(first, place.run(first), "q2", directory=None)
    calls = list(place.app("hub").done)
    state = review(place)
    done = closing_reviews.close(second, run, "q2", directory=None)
    assert (done.changed, done.review.state, [f.code for f in done.findings]) == (False, "closed", ["review_moved"])
    assert (place.app("hub").done, review(place)) == (calls, state)
    late = [Decision(seen.items[0].id, "revoke", "", "x", seen.items[0].reviewer)]
    third = place.open(as_of="2026-06-04")
    third.ledger.review = lambda id: seen
    with pytest.raises(ReviewMoved, match="another run has closed it meanwhile"):
        reviewing.decide(third, place.run(third), "q2", late)
    assert review(place) == state
    assert verify_ledger(place.open().ledger).ok


def test_two_runs_that_decide_different_items_keep_both(place):
    opened(place)
    seen = review(place)
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    company = place.open(as_of="2026-06-03")
    company.ledger.review = lambda id: seen
    other = next(one for one in seen.items if (one.person, one.entitlement) == ("3", "code"))
    reviewing.decide(company, place.run(company), "q2", [Decision(other.id, "keep", "", "x", EVE)])
    assert (item(place, "2", "code").decision, item(place, "3", "code").decision) == ("revoke", "keep")
    mine = next(one for one in seen.items if (one.person, one.entitlement) == ("2", "code"))
    company = place.open(as_of="2026-06-03")
    company.ledger.review = lambda id: seen
    with pytest.raises(ReviewMoved):
        reviewing.decide(company, place.run(company), "q2", [Decision(mine.id, "keep", "", "x", EVE)])
    assert item(place, "2", "code").decision == "revoke"


# carrying out


def answer(place: Place, day: str, *words: str) -> None:
    """Let the office answer its open tasks, one word each, in the order of the people."""
    company = place.open(as_of=day)
    tasks = sorted(company.ledger.tasks(states=("open",), app="desk"), key=lambda task: task.person)
    answers = [
        Answer(task.id, word, by="office@acme.example", note="keeps it" if word == "declined" else "")
        for task, word in zip(tasks, words, strict=True)
    ]
    synchronise(company, place.run(company), answers)


def test_a_campaign_ends_when_manual_work_is_attested_or_explained(place):
    answer(place, "2026-06-01", "yes", "yes")
    opened(place, scope={"apps": ["desk"]})
    everything(place, "2026-06-03", "revoke")
    first = follow(place, "2026-06-11", close_due=True)
    assert (first.closed, first.ended) == (["q2"], [])
    assert {one.outcome for one in review(place).items} == {"task"}
    assert not follow(place, "2026-06-12").changed
    answer(place, "2026-06-12", "yes", "declined")
    follow(place, "2026-06-13")
    assert [one.outcome for one in review(place).items] == ["carried_out", "declined"]
    assert review(place).standing == "closed"
    company = place.open(as_of="2026-06-14")
    with pytest.raises(ReviewError, match="no explanation"):
        explain(company, place.run(company), "q2", items=(), by="audit", reason=" ")
    with pytest.raises(ReviewError, match="carried out: there is nothing to explain"):
        explain(company, place.run(company), "q2", items=[review(place).items[0].id], by="audit", reason="x")
    done = explain(company, place.run(company), "q2", items=(), by="audit", reason="needed for the archive until July")
    assert (done.review.standing, done.changed) == ("ended", True)
    # once more, as whoever repeats a run that died
    again = place.open(as_of="2026-06-14")
    words = {"items": (), "by": "audit", "reason": "needed for the archive until July"}
    assert not explain(again, place.run(again), "q2", **words).changed
    with pytest.raises(ReviewError, match="nothing to explain"):
        explain(again, place.run(again), "q2", **{**words, "reason": "another one"})
    (one,) = [one for one in review(place).items if one.outcome == "explained"]
    assert (one.explained_by, one.explanation) == ("audit", "needed for the archive until July")
    assert [event.data["explanation"] for event in events(place, "review.explained")] == [one.explanation]
    assert not follow(place, "2026-06-15").changed
    assert verify_ledger(place.open().ledger).ok


def test_what_could_not_be_carried_out_is_tried_by_the_next_run(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    hub = place.app("hub")
    hub.faults["find"] += [Fault(Transient("down"))] * 9
    first = follow(place, "2026-06-04", close_due=True)
    assert first.problems == ["review q2: 1 decisions are not carried out yet"]
    hub.faults["find"].clear()
    second = follow(place, "2026-06-05")
    assert (second.ended, second.problems, item(place, "2", "code").outcome) == (["q2"], [], "verified")


def test_revocations_of_the_daily_run_are_held_against_the_guard(place):
    opened(place, undecided="revoke")
    found = follow(place, "2026-06-11", close_due=True)
    assert "would lose access in one run (100%, limit 50%)" in found.problems[0]
    assert review(place).state == "open"
    assert place.shown("hub")["2"] == (True, ["code", "user"])


# small reviews


EVENTS = "reviews: {events: [mover, orphan, administrator], days: 7}\n"
EXCEPTION = """
exceptions:
  - {id: EX1, person: bob.ray, grant: {wiki: [reader]}, reason: helps out, requested_by: eve@acme.example,
     approved_by: ann@acme.example, from: 2026-05-01, until: 2026-12-31}
"""


def of_event(place: Place, event: str) -> t.Any:
    (found,) = [one for one in place.open().ledger.reviews() if one.event == event]
    return found


def test_what_a_mover_kept_is_put_to_the_new_manager_once(place):
    settings(place, EVENTS)
    place.write("access/exceptions/now.yml", EXCEPTION)
    reconcile(place, "2026-06-02")
    place.app("wiki").there["w9"] = Account(
        "wiki", "w9", "bob.ray", external_id="2", entitlements=frozenset({"reader"})
    )
    reconcile(place, "2026-06-02")
    follow(place, "2026-06-03")
    place.edit("people.csv", ("bob@acme.example,Engineer,Engineering,5", "bob@acme.example,Seller,Sales,1"))
    reconcile(place, "2026-06-04")
    found = follow(place, "2026-06-05")
    opened = of_event(place, "mover")
    assert found.opened == [opened.id]
    # what a rule gives is no leftover: neither user of everybody, nor code, which is gone
    assert [(one.person, one.app, one.entitlement, one.reviewer) for one in opened.items] == [
        ("2", "wiki", "reader", ANN)
    ]
    assert opened.due.date() == dt.date(2026, 6, 12)
    reconcile(place, "2026-06-06")
    assert not follow(place, "2026-06-06").opened


def test_a_new_administrator_whom_nobody_approved_is_put_to_the_owner_once(place):
    settings(place, EVENTS)
    follow(place, "2026-06-02")
    hub = place.app("hub")
    for id, account in hub.there.items():
        if account.external_id == "4":
            hub.there[id] = dataclasses.replace(account, entitlements=account.entitlements | {"admin"})
    company = place.open(as_of="2026-06-03")
    run = place.run(company)
    record_readings(company, plan_changes(company), run)
    follow(place, "2026-06-04")
    opened = of_event(place, "administrator")
    assert [(one.person, one.entitlement, one.privileged, one.reviewer) for one in opened.items] == [
        ("4", "admin", True, HUB)
    ]
    assert not follow(place, "2026-06-05").opened
    decide(place, "2026-06-05", ("4", "admin", "revoke", HUB), id=opened.id)
    done = follow(place, "2026-06-06", close_due=True)
    assert (done.ended, place.shown("hub")["4"]) == ([opened.id], (True, ["user"]))


def orphans(place: Place) -> t.Any:
    settings(place, EVENTS)
    hub = place.app("hub")
    for name in ("build", "old.hand", "shared"):
        hub.there[name] = Account("hub", name, name, entitlements=frozenset({"code"}))
    reconcile(place, "2026-06-02")
    follow(place, "2026-06-03")
    return of_event(place, "orphan")


def test_accounts_of_nobody_are_put_to_the_owner_who_says_whose_they_are_or_takes_them_away(place):
    opened = orphans(place)
    assert {(one.person, one.account, one.reviewer) for one in opened.items} == {
        ("", name, HUB) for name in ("build", "old.hand", "shared")
    }
    ids = {one.account: one.id for one in opened.items}

    def say(*rows: tuple[str, str, str]) -> t.Any:
        company = place.open(as_of="2026-06-04")
        given = [Decision(ids[name], word, whose, "known", HUB) for name, word, whose in rows]
        return reviewing.decide(company, place.run(company), opened.id, given)

    for rows, said in (
        (("build", "keep", ""), "name in change_to who answers for it"),
        (("build", "keep", "noone"), "nobody 'noone' who could answer"),
        (("build", "change", "noone@acme.example"), "no person 'noone@acme.example' whose account"),
    ):
        with pytest.raises(ReviewError, match=said):
            say(rows)
    say(("build", "keep", "flo.nix"), ("old.hand", "revoke", ""), ("shared", "change", "dan.orr"))
    done = follow(place, "2026-06-05", close_due=True)
    assert (done.closed, done.ended, done.problems) == ([opened.id], [opened.id], [])
    assert place.shown("hub")["old.hand"] == (False, ["code"])
    assert place.shown("hub")["build"] == (True, ["code"])
    company = place.open()
    (before,) = [one.id for one in place.app("hub").there.values() if one.external_id == "4"]
    assert company.ledger.links() == {
        ("hub", "build"): "",
        ("hub", "shared"): "4",
        # the account that dan had before stays dan's
        ("hub", before): "4",
    }
    outcomes = {one.account: one.outcome for one in company.ledger.review(opened.id).items}
    assert outcomes == {"build": "kept", "old.hand": "verified", "shared": "kept"}
    reconcile(place, "2026-06-06")
    assert not follow(place, "2026-06-06").changed
    assert verify_ledger(company.ledger).ok


def test_several_accounts_of_nobody_are_taken_away_each_by_itself(place):
    opened = orphans(place)
    company = place.open(as_of="2026-06-04")
    given = [Decision(one.id, "revoke", "", "nobody knows it", HUB) for one in opened.items]
    reviewing.decide(company, place.run(company), opened.id, given)
    done = follow(place, "2026-06-05", close_due=True)
    assert done.ended == [opened.id]
    shown = place.shown("hub")
    assert [shown[name][0] for name in ("build", "old.hand", "shared")] == [False, False, False]


def test_silence_takes_no_account_away_that_belongs_to_nobody(place):
    opened = orphans(place)
    follow(place, "2026-06-20", close_due=True)
    assert place.open().ledger.review(opened.id).standing == "ended"
    assert place.shown("hub")["build"] == (True, ["code"])


# what changed


def test_a_campaign_may_take_in_only_what_changed_since_the_last_one(place):
    opened(place)
    everything(place, "2026-06-03")
    follow(place, "2026-06-04", close_due=True)
    with pytest.raises(ReviewError, match="Nothing in it has changed"):
        opened(place, day="2026-06-05", id="q3", scope={"apps": ["hub"], "changed": True})
    place.edit("people.csv", ("cat@acme.example,Engineer", "cat@acme.example,Lead"))
    place.edit("access/policy/rules.yml", ("id: code,", "id: builders,"))
    reconcile(place, "2026-06-05")
    done = opened(place, day="2026-06-06", id="q3", scope={"apps": ["hub"], "changed": True}, due=dt.date(2026, 6, 20))
    assert {(one.person, one.entitlement) for one in done.review.items} == {("2", "code"), ("3", "code"), ("3", "user")}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"risk": ["critical"]}, {("1", "wiki", "reader")}),
        ({"entitlements": ["hub/admin"]}, {("1", "hub", "admin")}),
        ({"entitlements": ["user"], "people": ["bob.ray"]}, {("2", "hub", "user")}),
        ({"entitlements": ["code"], "departments": ["Engineering"]}, {("2", "hub", "code"), ("3", "hub", "code")}),
    ],
)
def test_a_scope_by_risk_and_by_entitlement(place, scope, expected):
    place.edit("access/catalog/apps.yml", ("    connector: shelf\n", "    connector: shelf\n    tier: critical\n"))
    place.app("wiki").there["w1"] = Account(
        "wiki", "w1", "ann.lee", external_id="1", entitlements=frozenset({"reader"})
    )
    reconcile(place, "2026-06-01")
    done = opened(place, scope=scope)
    assert {(one.person, one.app, one.entitlement) for one in done.review.items} == expected


def test_a_scope_that_names_what_is_not_there_opens_nothing(place):
    for scope in ({"risk": ["high"]}, {"entitlements": ["hub/nothing"]}, {"changed": "yes"}):
        with pytest.raises(ReviewError):
            opened(place, scope=scope)
