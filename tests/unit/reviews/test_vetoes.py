# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a review took away stays away, for as long as the reasons are those that the reviewer saw."""

from __future__ import annotations

import dataclasses
import datetime as dt

from ansible_collections.rollcall.access.plugins.module_utils.model import Because, Grant, Want
from ansible_collections.rollcall.access.plugins.module_utils.reviews.closing import apply_vetoes, close, vetoes
from ansible_collections.rollcall.access.tests.unit.reviews.sample import (
    ALEX,
    DUE,
    NOW,
    RULE,
    SAM,
    account,
    decided,
    held,
    opened,
)

LATER = DUE + dt.timedelta(days=1)
OTHER = Because("rule", "support", "Support helps")
EXCEPTION = Because("exception", "X-1", "a launch")


def closed(*rows, at=DUE, **more):
    return close(decided(opened(**more).review, *rows), "audit@acme.example", at)


def want(entitlement, *because, person=SAM, app="crm", state="present"):
    because = because or (RULE,)
    grants = (Grant(app, entitlement, because),) if entitlement else ()
    return Want(person, app, state, grants, because)


TAKEN = closed((SAM, "crm", "user", "revoke"), undecided="keep")


def after(wanted, *reviews, now=LATER):
    return apply_vetoes(wanted, vetoes(reviews, now))


def test_what_was_revoked_is_not_given_again_and_the_rule_is_named():
    assert (SAM, "crm", "user") in vetoes([TAKEN], LATER)
    result, (finding,) = after(want("user"), TAKEN)
    assert result.entitlements == frozenset()
    assert result.state == "present"
    assert finding.code == "review_overrules_policy"
    assert "rule sales still gives user in crm, which review quarterly-review-2026-03-31 took away" in finding.message


def test_another_version_of_the_same_rule_is_no_new_reason():
    result, _findings = after(want("user", dataclasses.replace(RULE, policy="3.0", text="Sellers sell")), TAKEN)
    assert not result.grants


def test_a_new_rule_or_an_exception_gives_it_again():
    for because in ((OTHER,), (EXCEPTION,), (RULE, OTHER), (RULE, EXCEPTION)):
        wanted = want("user", *because)
        assert after(wanted, TAKEN) == (wanted, ())


def test_an_exception_that_the_reviewer_saw_gives_nothing():
    review = closed(
        (SAM, "crm", "user", "revoke"), undecided="keep", grants=[held(SAM, "crm", "user", RULE, EXCEPTION)]
    )
    assert not after(want("user", EXCEPTION), review)[0].grants


def test_what_was_kept_or_is_still_open_or_lies_ahead_vetoes_nothing():
    wanted = want("user")
    assert after(wanted, closed((SAM, "crm", "user", "keep"), undecided="keep")) == (wanted, ())
    assert after(wanted, decided(opened().review, (SAM, "crm", "user", "revoke"))) == (wanted, ())
    assert after(wanted, TAKEN, now=NOW) == (wanted, ())


def test_silence_that_revokes_vetoes_too():
    assert not after(want("user"), closed(undecided="revoke"))[0].grants


def test_the_latest_word_holds():
    second = closed((SAM, "crm", "user", "keep"), undecided="keep", id="second", at=LATER)
    wanted = want("user")
    assert after(wanted, second, TAKEN, now=LATER) == (wanted, ())
    third = dataclasses.replace(TAKEN, id="third", closed_at=LATER + dt.timedelta(days=1))
    assert not after(wanted, third, second, TAKEN, now=LATER + dt.timedelta(days=2))[0].grants


def test_kept_on_one_account_and_revoked_on_another_stays_wanted():
    grants = [held(SAM, "crm", "user", account="one"), held(SAM, "crm", "user", account="two")]
    review = opened(grants=grants, accounts=(), undecided="keep").review
    first, second = review.items
    items = (dataclasses.replace(first, decision="revoke"), dataclasses.replace(second, decision="keep"))
    wanted = want("user")
    assert after(wanted, close(dataclasses.replace(review, items=items), "x", DUE)) == (wanted, ())


def test_what_was_changed_is_given_in_its_place_for_as_long_as_the_rule_gives_the_old_one():
    review = closed((ALEX, "crm", "manager", "change", "user"), undecided="keep")
    result, findings = after(want("manager", person=ALEX), review)
    (grant,) = result.grants
    assert grant.entitlement == "user"
    assert (grant.because[0].kind, grant.because[0].id) == ("review", review.id)
    assert len(findings) == 1
    both = want("manager", person=ALEX)
    both = dataclasses.replace(both, grants=(*both.grants, Grant("crm", "user", (OTHER,))))
    assert after(both, review)[0].grants == (Grant("crm", "user", (OTHER,)),)
    nothing = Want(ALEX, "crm")
    assert after(nothing, review) == (nothing, ())


def test_what_a_later_review_takes_away_does_not_come_back_through_the_earlier_one():
    first = closed((ALEX, "crm", "manager", "change", "user"), undecided="keep")
    (grant,) = after(want("manager", person=ALEX), first)[0].grants
    second = closed(
        (ALEX, "crm", "user", "revoke"),
        undecided="keep",
        id="second",
        at=LATER,
        grants=[dataclasses.replace(held(ALEX, "crm", "user"), because=grant.because)],
    )
    assert not after(want("manager", person=ALEX), first, second, now=LATER)[0].grants


def test_two_changes_that_lead_back_to_each_other_give_neither_for_ever():
    first = closed((ALEX, "crm", "manager", "change", "user"), undecided="keep")
    because = vetoes([first], LATER)[ALEX, "crm", "manager"].because
    second = closed(
        (ALEX, "crm", "user", "change", "manager"),
        undecided="keep",
        id="second",
        at=LATER,
        grants=[held(ALEX, "crm", "user", because)],
    )
    result, _findings = after(want("manager", person=ALEX), first, second, now=LATER)
    assert result.entitlements == {"manager"}


def test_an_account_that_gives_nothing_stays_suspended_until_there_is_something_to_give():
    review = closed((SAM, "wiki", "", "revoke"), undecided="keep", accounts=[account(SAM, "wiki")])
    result, (finding,) = after(want("", app="wiki"), review)
    assert result.state == "suspended"
    assert result.because[0].kind == "review"
    assert "an account" in finding.message
    for wanted in (
        want("edit", app="wiki"),
        want("", RULE, EXCEPTION, app="wiki"),
        want("", app="wiki", state="absent"),
    ):
        assert after(wanted, review) == (wanted, ())


def test_somebody_who_leaves_is_none_of_a_reviews_business():
    wanted = want("", app="crm", state="absent")
    assert after(wanted, TAKEN) == (wanted, ())
