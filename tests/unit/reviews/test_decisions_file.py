# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a page saved, read strictly: whatever is not as the page wrote it is refused, and changes nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import ReviewError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import signature_fits
from ansible_collections.rollcall.access.plugins.module_utils.ledger.signing import issued_here, signed
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement, StageDecision
from ansible_collections.rollcall.access.plugins.module_utils.reviews.closing import close
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decisions import decide
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decisions_file import is_page_file, read_page_file
from ansible_collections.rollcall.access.plugins.module_utils.reviews.delegates import Delegate
from ansible_collections.rollcall.access.plugins.module_utils.reviews.handed_in import decisions_of
from ansible_collections.rollcall.access.plugins.module_utils.reviews.packet import packets
from ansible_collections.rollcall.access.plugins.module_utils.reviews.reviewers import Reviewers
from ansible_collections.rollcall.access.tests.unit.reviews.page_sample import (
    APPS,
    DUE,
    NOW,
    REVIEWER,
    campaign,
    of_nobody,
)
from ansible_collections.rollcall.access.tests.unit.reviews.saving import document, sealed, token_for, written

OPENED = NOW + dt.timedelta(days=1)
LATER = NOW + dt.timedelta(days=2)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield ledger


class Case:
    """A campaign of 28 items, its reviewer's packet, and what the page would save of it."""

    def __init__(self, ledger, directory):
        self.ledger, self.directory = ledger, directory
        self.review, self.around, _now = campaign(28)
        (self.packet,) = packets(self.review, self.around, NOW)
        self.token = token_for(ledger, self.packet)
        self.plain = [one.item.id for one in self.packet.items if not one.reason_needed]
        self.privileged = [one.item.id for one in self.packet.items if one.item.privileged]
        self.unexplained = [one.item.id for one in self.packet.items if not one.explained]

    def saved(self, answers):
        return document(self.packet, self.token, answers, OPENED)

    def read(self, made):
        return read_page_file(written(made, self.directory), self.ledger)

    def taken(self, made, *, review=None, now=LATER, apps=None, gone=(), late=False):
        apps = APPS if apps is None else apps
        people = self.around.people
        reviewers = Reviewers(people, apps, gone=gone)
        review = review or self.review
        decisions, notes = decisions_of(self.read(made), review, now, reviewers=reviewers, apps=apps, late=late)
        done = decide(review, decisions, now, reviewers=reviewers, apps=apps)
        return done, [note.code for note in notes]


@pytest.fixture
def case(ledger, tmp_path):
    return Case(ledger, tmp_path)


KEEP = {"decision": "keep"}


def test_what_a_page_saved_is_laid_onto_the_review(case):
    first, second, third = case.plain[:3]
    made = case.saved(
        {
            first: KEEP,
            second: {"decision": "revoke", "reason": "left the team"},
            case.privileged[0]: {"decision": "keep", "reason": "runs the migration"},
        }
    )
    done, notes = case.taken(made)
    found = {item.id: item for item in done.items}
    assert {id: item.decision for id, item in found.items()} == {
        first: "keep",
        second: "revoke",
        case.privileged[0]: "keep",
    }
    assert (found[second].reason, found[second].decided_by, found[second].decided_at) == (
        "left the team",
        REVIEWER,
        LATER,
    )
    assert third not in found
    assert notes == ["decisions_half_filled"]


def test_the_same_file_twice_changes_nothing(case):
    made = case.saved(dict.fromkeys(case.plain, KEEP))
    done, _notes = case.taken(made)
    assert len(done.items) == len(case.plain)
    again, _notes = case.taken(made, review=done.review)
    assert not again.changed
    assert again.review is done.review


def test_a_later_file_of_the_same_page_overrules_the_earlier_one(case):
    done, _notes = case.taken(case.saved({case.plain[0]: KEEP}))
    again, _notes = case.taken(case.saved({case.plain[0]: {"decision": "revoke"}}), review=done.review)
    assert [item.decision for item in again.items] == ["revoke"]
    assert [item.decision for item in again.overruled] == ["keep"]


@pytest.mark.parametrize("which", ["privileged", "unexplained"])
def test_to_keep_what_is_privileged_or_unexplained_without_a_reason_is_passed_over(case, which):
    id = getattr(case, which)[0]
    done, notes = case.taken(case.saved({id: {"decision": "keep", "reason": "  "}, case.plain[0]: KEEP}))
    assert [item.id for item in done.items] == [case.plain[0]]
    assert "decision_unfinished" in notes
    done, notes = case.taken(case.saved({id: {"decision": "revoke"}}))
    assert [item.id for item in done.items] == [id]
    assert "decision_unfinished" not in notes


def test_what_the_page_only_shows_of_others_stays_theirs(case):
    items = tuple(
        dataclasses.replace(item, decision="keep", decided_by="1", in_stead_of=REVIEWER) for item in case.review.items
    )
    decided = dataclasses.replace(case.review, items=items)
    made = case.saved({id: {"decision": "keep", "how": "before"} for id in case.plain} | {case.plain[0]: KEEP})
    done, _notes = case.taken(made, review=decided)
    assert [item.id for item in done.items] == [case.plain[0]]


def altered(made, **changes):
    return {**made, **changes}


def first_row(made, **changes):
    rows = [dict(row) for row in made["decisions"]]
    rows[0] |= changes
    return {**made, "decisions": rows}


def forged(made, **changes):
    return sealed({**made, "token": {**made["token"], **changes}})


def sealed_without_token(made):
    return {**made, "token": {}}


ALTERED = {
    "another decision, by hand": (lambda m: first_row(m, decision="revoke"), "altered after the page saved it"),
    "a reason written into it": (lambda m: first_row(m, reason="the boss said so"), "altered after"),
    "an unknown decision": (lambda m: sealed(first_row(m, decision="maybe")), "expected keep, revoke or change"),
    "an unknown item": (lambda m: sealed(first_row(m, item_id="0123456789ab")), "not all of them, or others"),
    "other words": (lambda m: sealed(first_row(m, shown="0" * 16)), "not all of them, or others"),
    "an item left out": (lambda m: sealed({**m, "decisions": m["decisions"][1:]}), "not all of them, or others"),
    "an item twice": (
        lambda m: sealed({**m, "decisions": [*m["decisions"], m["decisions"][0]]}),
        "not all of them, or others",
    ),
    "a decision without a time": (lambda m: sealed(first_row(m, at="")), "a decision has a time"),
    "a time that is none": (lambda m: sealed(first_row(m, at="yesterday")), "expected a moment"),
    "a time without a zone": (lambda m: sealed(first_row(m, at="2026-04-01T09:00:00")), "has no zone"),
    "a number for a text": (lambda m: first_row(m, reason=7), "a value is no text"),
    "a further key": (lambda m: altered(m, extra=1), "extra is missing or not known"),
    "a key less": (lambda m: {k: v for k, v in m.items() if k != "seal"}, "seal is missing"),
    "a newer format": (lambda m: altered(m, version=2), "expected version 1 of the format, found 2"),
    "another format": (lambda m: altered(m, format="x"), "no file of decisions that a page saved"),
    "no token": (sealed_without_token, "no token"),
    "another reviewer in the token": (lambda m: forged(m, reviewer="eve@corp.example"), "signature does not fit"),
    "another campaign in the token": (lambda m: forged(m, campaign="2026-q2"), "signature does not fit"),
    "a later deadline in the token": (lambda m: forged(m, due="2027-01-01T00:00:00+00:00"), "signature does not fit"),
    "another stage in the token": (lambda m: forged(m, stage=1), "signature does not fit"),
    "truth for a number in the token": (lambda m: forged(m, stage=False), "signature does not fit"),
    "no list": (lambda m: altered(m, decisions={}), "expected a list of decisions"),
    "no mapping": (lambda m: altered(m, decisions=[1]), "altered: expected item_id"),
}


@pytest.mark.parametrize(("change", "words"), ALTERED.values(), ids=ALTERED)
def test_a_file_that_is_not_as_the_page_saved_it_is_refused(case, change, words):
    made = case.saved(dict.fromkeys(case.plain, KEEP) | {case.packet.items[0].item.id: KEEP})
    with pytest.raises(ReviewError, match=words):
        case.read(change(made))


def test_a_file_that_was_cut_off_is_refused_and_is_still_known_for_what_it_is(case, tmp_path):
    whole = json.dumps(case.saved({case.plain[0]: KEEP}))
    for length in (0, 1, 100, len(whole) - 2):
        path = tmp_path / "decisions-2026-q1.json"
        path.write_text(whole[:length])
        assert is_page_file(path)
        with pytest.raises(ReviewError, match=r"no whole JSON|no file of decisions"):
            read_page_file(path, case.ledger)


@pytest.mark.parametrize(
    "text", [b'{"format": "a", "format": "b"}', b"\xff\xfe\x00", b"[" * 100_000, b'{"token": NaN}'],
    ids=["a key twice", "no UTF-8", "nested without end", "no JSON"],
)  # fmt: skip
def test_what_no_page_writes_is_refused(case, tmp_path, text):
    path = tmp_path / "decisions-x.json"
    path.write_bytes(text)
    with pytest.raises(ReviewError):
        read_page_file(path, case.ledger)


def test_a_byte_order_mark_of_some_mail_program_does_no_harm(case, tmp_path):
    path = tmp_path / "decisions-x.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(case.saved({case.plain[0]: KEEP})).encode())
    assert is_page_file(path)
    assert len(read_page_file(path, case.ledger).entries) == 28


def test_a_token_of_another_ledger_is_refused(case, tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        made = document(case.packet, token_for(other, case.packet), {case.plain[0]: KEEP}, OPENED)
    with pytest.raises(ReviewError, match="does not come from this ledger"):
        case.read(made)


def test_a_signature_for_one_purpose_is_none_for_another(ledger):
    document = {"seq": 1, "head_hash": "x", "at": "2026-01-01", "run": "r"}
    mark = signed(ledger, "a reviewer's page", document)
    assert issued_here(ledger, "a reviewer's page", mark)
    assert not issued_here(ledger, "anything else", mark)
    assert not signature_fits(mark)


def test_decisions_of_another_campaign_are_refused(case):
    other = dataclasses.replace(case.review, id="2026-q2")
    with pytest.raises(ReviewError, match="from review 2026-q1, and this is review 2026-q2"):
        case.taken(case.saved({case.plain[0]: KEEP}), review=other)


def test_decisions_on_a_closed_review_are_refused(case):
    closed = close(case.review, "audit", LATER, early=True)
    with pytest.raises(ReviewError, match="was closed on 2026-04-02"):
        case.taken(case.saved({case.plain[0]: KEEP}), review=closed)


def test_after_the_deadline_they_are_taken_only_where_somebody_says_so(case):
    made = case.saved({case.plain[0]: KEEP})
    after = DUE + dt.timedelta(minutes=1)
    with pytest.raises(ReviewError, match=r"after the deadline, 2026-04-14 09:00 UTC.*rollcall_late=true"):
        case.taken(made, now=after)
    done, notes = case.taken(made, now=after, late=True)
    assert done.changed
    assert "decisions_late" in notes


def test_a_reviewer_who_has_left_decides_nothing(case):
    with pytest.raises(ReviewError, match=r"gia\.vale@corp\.example has left"):
        case.taken(case.saved({case.plain[0]: KEEP}), gone={"0"})


def test_items_that_are_somebody_elses_now_are_passed_over(case):
    items = tuple(
        dataclasses.replace(item, reviewer="cfo@corp.example") if item.id == case.plain[0] else item
        for item in case.review.items
    )
    done, notes = case.taken(
        case.saved({case.plain[0]: KEEP, case.plain[1]: KEEP}), review=dataclasses.replace(case.review, items=items)
    )
    assert [item.id for item in done.items] == [case.plain[1]]
    assert "decision_passed_on" in notes


def test_a_file_of_somebody_who_has_nothing_to_decide_any_more_is_refused(case):
    items = tuple(dataclasses.replace(item, reviewer="cfo@corp.example") for item in case.review.items)
    with pytest.raises(ReviewError, match=r"none of its items is gia\.vale@corp\.example's.*cfo@corp\.example's"):
        case.taken(case.saved({case.plain[0]: KEEP}), review=dataclasses.replace(case.review, items=items))


def in_second_stage(case, *kept):
    """The review when its first stage is over, in which ``kept`` were kept by its reviewer."""
    said = StageDecision(0, REVIEWER, "keep", REVIEWER, LATER)
    moved = {"stage": 1, "earlier": (said,), "reviewer": "revops@corp.example"}
    items = tuple(
        dataclasses.replace(item, **moved) if item.id in kept else dataclasses.replace(item, decision="revoke")
        for item in case.review.items
    )
    return dataclasses.replace(case.review, items=items, stages=("manager", "app_owner"))


def test_what_came_after_its_stage_is_passed_over_and_what_was_said_then_is_no_news(case):
    kept, other, gone = case.plain[:3]
    made = case.saved({kept: KEEP, other: {"decision": "revoke"}, gone: KEEP})
    done, notes = case.taken(made, review=in_second_stage(case, kept, other))
    assert not done.changed
    assert notes.count("decision_after_stage") == 2


def test_a_file_of_a_stage_that_is_over_is_refused(case):
    with pytest.raises(ReviewError, match="it is for stage 1, which is over"):
        case.taken(case.saved({case.plain[1]: KEEP}), review=in_second_stage(case, case.plain[0]))


def test_a_delegate_has_a_page_of_their_own_and_decides_in_their_stead(case):
    away = Delegate(REVIEWER, "1", NOW.date(), DUE.date(), "on holiday")
    reviewers = Reviewers(case.around.people, APPS, delegates=(away,))
    own, theirs = packets(case.review, case.around, NOW, reviewers=reviewers)
    assert (own.reviewer, own.in_stead_of, len(own.items)) == (REVIEWER, "", 28)
    assert (theirs.reviewer, theirs.in_stead_of) == ("1", REVIEWER)
    assert {one.item.person for one in theirs.items} == {one.item.person for one in own.items} - {"1"}
    id = next(one.item.id for one in theirs.items if not one.reason_needed)
    made = document(theirs, token_for(case.ledger, theirs), {id: KEEP}, OPENED)
    decisions, _notes = decisions_of(case.read(made), case.review, LATER, reviewers=reviewers, apps=APPS)
    (item,) = decide(case.review, decisions, LATER, reviewers=reviewers, apps=APPS).items
    assert (item.decided_by, item.in_stead_of) == ("1", REVIEWER)


def test_an_account_that_belongs_to_nobody_is_kept_by_saying_who_answers_for_it(ledger, tmp_path):
    review, around = of_nobody()
    (packet,) = packets(review, around, NOW)
    nobodys = next(one for one in packet.items if not one.item.person)
    assert nobodys.choices == ()
    reviewers = Reviewers(around.people, APPS)
    for change_to, decided in (("", ""), ("ben.cole", "keep")):
        answer = {"decision": "keep", "reason": "batch jobs", "change_to": change_to}
        made = document(packet, token_for(ledger, packet), {nobodys.item.id: answer}, OPENED)
        file = read_page_file(written(made, tmp_path), ledger)
        decisions, notes = decisions_of(file, review, LATER, reviewers=reviewers, apps=APPS)
        done = decide(review, decisions, LATER, reviewers=reviewers, apps=APPS)
        assert next(item for item in done.review.items if not item.person).decision == decided
        assert ("decision_unfinished" in [note.code for note in notes]) is not bool(decided)


def test_words_that_have_changed_since_are_reported(case):
    crm = APPS["crm"]
    renamed = {**crm.entitlements, "user": Entitlement("user", "role", "Plain User", 1, False, "Sees everything now")}
    apps = {**APPS, "crm": dataclasses.replace(crm, entitlements=renamed)}
    item = next(one.item for one in case.packet.items if one.item.entitlement == "user" and not one.reason_needed)
    done, notes = case.taken(case.saved({item.id: KEEP}), apps=apps)
    assert done.changed
    assert "decision_on_older_words" in notes


def test_a_change_to_a_role_that_is_gone_decides_nothing(case):
    crm = APPS["crm"]
    fewer = {key: value for key, value in crm.entitlements.items() if key != "user"}
    apps = {**APPS, "crm": dataclasses.replace(crm, entitlements=fewer)}
    item = next(one.item for one in case.packet.items if one.item.entitlement == "manager" and not one.reason_needed)
    made = case.saved({item.id: {"decision": "change", "change_to": "user"}, case.plain[0]: KEEP})
    with pytest.raises(ReviewError, match=r"crm has no entitlement 'user'.*Nothing was decided"):
        case.taken(made, apps=apps)


def test_decisions_written_by_hand_are_not_taken_for_a_pages_file(tmp_path):
    for text in ('[{"item_id": "a"}]', '{"decisions": []}'):
        path = tmp_path / "mine.json"
        path.write_text(text)
        assert not is_page_file(path)
    assert not is_page_file(tmp_path / "decisions.csv")
