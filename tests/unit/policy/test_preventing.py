# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What separation of duties refuses, and what somebody may accept."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import AccessException, Because, Person
from ansible_collections.rollcall.access.plugins.module_utils.policy.duties import clashes
from ansible_collections.rollcall.access.plugins.module_utils.policy.evaluation import exceptions_of
from ansible_collections.rollcall.access.plugins.module_utils.policy.organisation import Organisation
from ansible_collections.rollcall.access.plugins.module_utils.policy.preventing import Preventing
from ansible_collections.rollcall.access.plugins.module_utils.policy.refused import less
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import AcceptedRisk, Catalog, Duty, Policy

from .test_checking import DUTIES, Check, checked, exception, only

__all__ = ["checked"]

#: sarah.jones has a:y by a rule. The fixture's own rule "given", of alex.chen, breaks the duty by itself.
Y = "- {id: r, why: w, when: {title: Manager}, grant: {a: [y]}}\n"


def risk(**changed: str) -> str:
    values = {
        "id": "known",
        "duty": "d",
        "person": "sarah.jones",
        "owner": "alex.chen",
        "reason": "he looks at every payment",
        "from": "2026-03-01",
        "until": "2026-06-30",
        **changed,
    }
    return "accepted_risks: [{" + ", ".join(f"{name}: {value}" for name, value in values.items() if value) + "}]\n"


def hers(**changed: str) -> str:
    return exception(
        **{
            "person": "sarah.jones",
            "requested_by": "sarah.jones",
            "approved_by": "alex.chen",
            "grant": "{b: [x]}",
            "until": "2026-04-30",
            **changed,
        }
    )


def said(found: list[str]) -> list[str]:
    """What is said of duties and risks, without what is wrong with alex.chen."""
    codes = ("exception_refused", "duties", "risk", "unknown_person")
    return [one for one in found if one.split()[1].startswith(codes) and "given" not in one]


def test_an_exception_that_would_break_a_duty_is_an_error_and_gives_nothing(checked: Check) -> None:
    found = said(checked(rules=Y, more=DUTIES, exceptions=hers()))
    # that she does not conflict is said by there being nothing else: it was not given
    assert only(found).startswith(
        'error exception_refused exceptions/e.yml:2: the exception "e" gives sarah.jones nothing because of separation '
        "of duties: a:y (rule r) and b:x (exception e) together, against d"
    )


def test_with_an_accepted_risk_it_is_given_and_who_answers_is_said(checked: Check) -> None:
    found = said(checked(rules=Y, more=DUTIES + risk(), exceptions=hers()))
    assert only(found).startswith(
        "note duties_accepted policy/p.yml:5: sarah.jones: a:y (rule r) and b:x (exception e) together, against d; "
        "alex.chen answers for it until 2026-06-30 (accepted risk known: he looks at every payment)"
    )


def test_a_risk_is_accepted_for_a_group_by_a_condition(checked: Check) -> None:
    found = said(checked(rules=Y, more=DUTIES + risk(person="", when="{department: Sales}"), exceptions=hers()))
    assert only(found).startswith("note duties_accepted")
    found = said(checked(rules=Y, more=DUTIES + risk(person="", when="{title: Engineer}"), exceptions=hers()))
    assert only(found).startswith("error exception_refused")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"owner": "sarah@acme.example"}, "risk_owner"),  # herself
        ({"owner": "nobody.at.all"}, "risk_owner"),
        ({"owner": "sam"}, "risk_owner"),  # two people
        ({"person": "sahra.jones"}, "unknown_person"),
        ({"from": "2026-03-16"}, ""),  # from tomorrow on
        ({"until": "2026-03-14"}, "risk_ended"),  # until yesterday
    ],
)
def test_a_risk_that_counts_for_nothing_helps_nobody(checked: Check, changed: dict[str, str], code: str) -> None:
    found = said(checked(rules=Y, more=DUTIES + risk(**changed), exceptions=hers()))
    assert [one.split()[1] for one in found if not one.startswith("error exception_refused")] == (
        [code] if code else []
    )
    assert any("exception_refused" in one for one in found)


def test_what_rules_give_in_conflict_is_said_and_an_accepted_risk_makes_it_a_note(checked: Check) -> None:
    rules = Y + "- {id: s, why: w, when: {username: sarah.jones}, grant: {b: [x]}}\n"
    found = said(checked(rules=rules, more=DUTIES))
    assert only(found).startswith("warning duties policy/p.yml:6: sarah.jones: a:y (rule r) and b:x (rule s)")
    assert only(said(checked(rules=rules, more=DUTIES + risk()))).startswith("note duties_accepted")


def test_an_exception_that_outlasts_its_risk_is_warned_of(checked: Check) -> None:
    found = said(checked(rules=Y, more=DUTIES + risk(until="2026-04-10"), exceptions=hers()))
    warning, _note = found
    assert warning.startswith(
        'warning exception_refused exceptions/e.yml:2: the exception "e" gives sarah.jones nothing from 2026-04-11 on '
    )
    assert "the risk was accepted until 2026-04-10 (known)" in warning


@pytest.mark.parametrize(("until", "words"), [("2026-03-15", "ends today"), ("2026-03-25", "ends in 10 days")])
def test_the_end_of_a_risk_is_said_ten_days_before(checked: Check, until: str, words: str) -> None:
    assert words in only(said(checked(more=DUTIES + risk(until=until))))


def test_of_a_risk_that_lasts_longer_nothing_is_said(checked: Check) -> None:
    assert said(checked(more=DUTIES + risk(until="2026-03-26"))) == []


def test_an_owner_who_has_left_is_said_and_still_counts(checked: Check) -> None:
    found = said(checked(rules=Y, more=DUTIES + risk(owner="sam@acme.example"), exceptions=hers()))
    assert [one.split()[:2] for one in found] == [["warning", "risk_owner_left"], ["note", "duties_accepted"]]


def test_of_two_exceptions_the_one_that_began_first_stays(checked: Check) -> None:
    two = hers(id="first", grant="{a: [y]}", until="2026-12-31") + hers(
        id="then", **{"from": "2026-05-01"}, until="2026-12-31"
    )
    found = said(checked(more=DUTIES, exceptions=two))
    assert only(found).startswith(
        'error exception_refused exceptions/e.yml:3: the exception "then" gives sarah.jones nothing from 2026-05-01 on'
    )


def test_an_exception_that_breaks_a_duty_by_itself_is_refused(checked: Check) -> None:
    found = said(checked(more=DUTIES, exceptions=hers(grant="{a: [y], b: [x]}")))
    assert only(found).startswith("error exception_refused")


SETS = (
    ('at_most: 2, of: ["a:x", "a:y", "b:x"]', "{a: [x]}", False),
    ('at_most: 2, of: ["a:x", "a:y", "b:x"]', "{a: [x], b: [x]}", True),
    ('one_of: ["a:x", "a:y"], and_one_of: ["a:z", "b:x"]', "{a: [x]}", False),
    ('one_of: ["a:x", "a:y"], and_one_of: ["a:z", "b:x"]', "{b: [x]}", True),
    ('one_of: ["b:x"], and_one_of: ["a:z", "a:y"]', "{b: [x]}", True),
)


@pytest.mark.parametrize(("duty", "grant", "refused"), SETS)
def test_sets_and_groups_are_kept_apart_too(checked: Check, duty: str, grant: str, refused: bool) -> None:
    more = f"separation_of_duties: [{{id: d, {duty}}}]\n"
    found = said(checked(rules=Y, more=more, exceptions=hers(grant=grant)))
    assert [one.split()[1] for one in found] == (["exception_refused"] if refused else [])


def test_rules_that_always_break_a_group_are_an_error(checked: Check) -> None:
    more = 'separation_of_duties: [{id: d, one_of: ["a:x", "a:y"], and_one_of: ["b:x"]}]\n'
    rules = Y + "- {id: s, why: w, when: {department: Sales, title: Manager}, grant: {b: [x]}}\n"
    found = checked(rules=rules, more=more, people=None)
    assert any('the rules "r" and "s"' in one and one.startswith("error duties") for one in found)


def test_rules_that_break_a_duty_for_certain_are_a_warning_where_somebody_answers(checked: Check) -> None:
    rules = Y + "- {id: s, why: w, when: {department: Sales, title: Manager}, grant: {b: [x]}}\n"
    found = [one for one in checked(rules=rules, more=DUTIES + risk()) if '"r" and "s"' in one]
    assert only(found).startswith("warning duties")
    found = [one for one in checked(rules=rules, more=DUTIES + risk(until="2026-03-10")) if '"r" and "s"' in one]
    assert only(found).startswith("error duties")


A, B, C, D = (("a", name) for name in "abcd")


def test_a_clash_of_a_set_names_all_that_is_there() -> None:
    policy = Policy("1", separation_of_duties=(Duty("d", (A, B, C, D), at_most=2),))
    assert clashes({A: (), C: ()}, policy) == ()
    (clash,) = clashes({A: (), C: (), D: ()}, policy)
    assert str(clash) == "a:a, a:c and a:d together, against d (at most 2 of them)"


def test_what_is_taken_away_first_is_known_for_every_form() -> None:
    assert Duty("d", (A, B, C)).apart == ((A, B, C),)
    assert Duty("d", one_of=(A,), and_one_of=(C, D)).apart == ((A, C), (A, D))


DAY = dt.date(2026, 6, 1)
ANN = Person(id="1", username="ann")
BOB = Person(id="2", username="bob")


def excepted(id: str, *grants: tuple[str, str], start: int = 0, days: int = 30) -> AccessException:
    first = DAY + dt.timedelta(days=start)
    return AccessException(id, "ann", grants, "", "ann", "bob", first, first + dt.timedelta(days=days))


def test_what_is_there_stays_also_where_the_new_one_begins_sooner() -> None:
    policy = Policy("1", separation_of_duties=(Duty("d", (A, B)),))
    preventing = Preventing(policy, Catalog(), Organisation([ANN, BOB]))
    later = excepted("later", A, start=20)
    refused, _accepted = preventing.candidate(DAY, ANN, {}, [later], excepted("new", B))
    assert refused is not None
    assert refused.day == DAY + dt.timedelta(days=20)
    assert preventing.candidate(DAY, ANN, {}, [later], excepted("new", B, days=19)) == (None, [])


def test_a_candidate_is_told_what_it_makes_use_of() -> None:
    accepted = AcceptedRisk("r", "d", "bob", "known", DAY, DAY + dt.timedelta(days=60), person="ann")
    policy = Policy("1", separation_of_duties=(Duty("d", (A, B)),), accepted_risks=(accepted,))
    preventing = Preventing(policy, Catalog(), Organisation([ANN, BOB]))
    rights = {A: (Because("rule", "r"),)}
    refused, (one,) = preventing.candidate(DAY, ANN, rights, [], excepted("new", B))
    assert refused is None
    assert (one.clash.pairs, one.risk) == ((A, B), accepted)


def test_more_of_what_conflicts_already_is_refused_too() -> None:
    policy = Policy("1", separation_of_duties=(Duty("d", (A, B, C)),))
    preventing = Preventing(policy, Catalog(), Organisation([ANN]))
    rights = {A: (Because("rule", "r"),), B: (Because("rule", "s"),)}
    (refused,), _accepted = preventing.on(DAY, ANN, rights, [excepted("new", C)])
    assert refused.clash.pairs == (A, C)
    # what is there already is nothing new
    assert preventing.on(DAY, ANN, rights, [excepted("new", B)]) == ([], [])


def test_what_somebody_has_and_nothing_explains_counts_for_what_begins_today() -> None:
    policy = Policy("1", separation_of_duties=(Duty("d", (A, B)),))
    preventing = Preventing(policy, Catalog(), Organisation([ANN, BOB]))
    has = {A: (Because("unexplained"),)}
    refused, _accepted = preventing.candidate(DAY, ANN, {}, [], excepted("new", B), has)
    assert refused is not None
    assert refused.why == "a:a (unexplained) and a:b (exception new) together, against d"
    # by then it will have been taken away, or be found
    assert preventing.candidate(DAY, ANN, {}, [], excepted("later", B, start=5), has) == (None, [])


def test_what_is_asked_for_again_needs_somebody_to_answer_for_it_again() -> None:
    accepted = AcceptedRisk("r", "d", "bob", "known", DAY, DAY + dt.timedelta(days=20), person="ann")
    policy = Policy("1", separation_of_duties=(Duty("d", (A, B)),), accepted_risks=(accepted,))
    preventing = Preventing(policy, Catalog(), Organisation([ANN, BOB]))
    rights, has = {A: (Because("rule", "r"),)}, {A: (Because("rule", "r"),), B: (Because("exception", "e1"),)}
    there = [excepted("e1", B, days=10)]
    refused, _accepted = preventing.candidate(DAY, ANN, rights, there, excepted("e2", B, days=30), has)
    assert refused is not None
    assert (refused.day, refused.risk) == (DAY + dt.timedelta(days=21), accepted)
    assert preventing.candidate(DAY, ANN, rights, there, excepted("e2", B, days=20), has)[0] is None


def test_cover_gives_the_rest_of_what_it_covers() -> None:
    policy = Policy("1", separation_of_duties=(Duty("d", (A, B)),))
    preventing = Preventing(policy, Catalog(), Organisation([ANN, BOB]))
    cover = dataclasses.replace(excepted("cover", B, C), kind="cover")
    (refused,), _accepted = preventing.on(DAY, ANN, {A: (Because("unexplained"),)}, [cover])
    assert refused.without == (B,)
    (rest,) = less([cover], [refused])
    assert (rest.id, rest.grants) == ("cover", (C,))
    alone = dataclasses.replace(cover, grants=(B,))
    (refused,), _accepted = preventing.on(DAY, ANN, {A: (Because("unexplained"),)}, [alone])
    assert refused.without == ()
    assert less([alone], [refused]) == []


def test_a_request_that_conflicts_with_cover_is_refused_also_with_one_that_is_to_come() -> None:
    policy = Policy("1", separation_of_duties=(Duty("d", (A, B)),))
    preventing = Preventing(policy, Catalog(), Organisation([ANN, BOB]))
    for start in (0, 5):
        cover = dataclasses.replace(excepted("summer", B, start=start), kind="cover")
        asked = dataclasses.replace(excepted("asked", A), kind="request")
        refused, _accepted = preventing.candidate(DAY, ANN, {}, [cover], asked)
        assert refused is not None
        assert "a:a (request asked) and a:b (cover summer) together" in refused.why
        assert refused.day == DAY + dt.timedelta(days=start)


def test_what_was_taken_for_hours_is_not_refused_and_refuses_nothing_that_was_there() -> None:
    policy = Policy("1", separation_of_duties=(Duty("d", (A, B)),))
    organisation = Organisation([ANN, BOB])
    preventing = Preventing(policy, Catalog(), organisation)
    glass = dataclasses.replace(excepted("a", A, days=0), kind="break_glass")
    there = excepted("b", B)
    mine = exceptions_of(ANN, [glass, there], organisation)
    assert [one.id for one in mine] == ["b", "a"]
    assert preventing.on(DAY, ANN, {}, mine) == ([], [])
    assert preventing.on(DAY, ANN, {B: (Because("rule", "r"),)}, [glass]) == ([], [])
    # what begins while it lasts waits until it is over
    (refused,), _accepted = preventing.on(DAY, ANN, {}, [dataclasses.replace(glass, start=DAY), excepted("c", B)])
    assert refused.exception.id == "c"
