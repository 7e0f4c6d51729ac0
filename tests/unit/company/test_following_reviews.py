# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Campaigns over time: opened, in stages, with reminders and deadlines. A real ledger."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import closing_reviews
from ansible_collections.rollcall.access.plugins.module_utils.company.following_reviews import follow_reviews
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import send_new
from ansible_collections.rollcall.access.plugins.module_utils.errors import ReviewError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    ANN,
    EVE,
    HUB,
    TWO,
    decide,
    events,
    everything,
    follow,
    item,
    opened,
    place,
    review,
    settings,
)
from ansible_collections.rollcall.access.tests.unit.desks.post_office import web_server

__all__ = ["place"]


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
