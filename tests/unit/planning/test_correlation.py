# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountRecord, Protected
from ansible_collections.rollcall.access.plugins.module_utils.planning.correlation import (
    correlate,
    correlation_findings,
)
from ansible_collections.rollcall.access.tests.unit.planning.world import account, app, person
from hypothesis import given

ANN = person("1", name="ann")
BOB = person("2", name="bob", earlier_emails=("robert@acme.example",))
PEOPLE = {"1": ANN, "2": BOB}
GITHUB = app()


def matched(*accounts, people=None, **more):
    return dict(correlate(more.pop("app", GITHUB), accounts, PEOPLE if people is None else people, **more).matches)


@pytest.mark.parametrize(
    ("fields", "whose", "by"),
    [
        ({"external_id": "1", "email": "bob@acme.example"}, "1", "external_id"),
        ({"email": "ANN@acme.example", "username": "bob"}, "1", "email"),
        ({"email": "Robert@acme.example", "username": "ann"}, "2", "earlier_email"),
        ({"username": "Ann"}, "1", "username"),
        ({"username": "bob@acme.example"}, "2", "username"),
        ({"username": "robert@acme.example"}, "2", "username"),
        ({"external_id": "00u-of-another-system", "email": "ann@acme.example"}, "1", "email"),
    ],
)
def test_the_first_key_that_says_anything_decides(fields, whose, by):
    assert matched(Account("github", "a", **fields)) == {"a": (whose, by)}


def test_letters_that_only_fold_to_the_same_are_two_people():
    people = {"3": person("3", name="weiß")}
    assert matched(Account("github", "a", username="weiss", email="weiss@acme.example"), people=people) == {}
    assert matched(Account("github", "a", username="WEIß"), people=people) == {"a": ("3", "username")}


def test_a_link_by_hand_beats_everything():
    found = Account("github", "a", external_id="1", email="ann@acme.example")
    assert matched(found, links={("github", "a"): "2"}) == {"a": ("2", "link")}
    assert matched(found, links={("slack", "a"): "2"}) == {"a": ("1", "external_id")}


def test_an_account_declared_nobodys_is_set_aside_without_a_finding():
    found = correlate(GITHUB, [Account("github", "a", email="ann@acme.example")], PEOPLE, {("github", "a"): ""})
    assert not found.matches
    assert [one.id for one in found.set_aside] == ["a"]
    assert correlation_findings(found, PEOPLE) == ()


def test_the_catalogs_account_name_is_a_username_too():
    found = Account("github", "a", username="Ann-DOE")
    assert matched(found) == {}
    assert matched(found, app=app(account_name="{first}-{last}")) == {"a": ("1", "username")}


def test_what_the_ledger_knows_by_its_own_deed_needs_no_key():
    found = Account("github", "a", username="x-17")
    record = AccountRecord(found, "2", "attested")
    assert matched(found, records=[record]) == {"a": ("2", "attested")}


def test_an_account_that_was_recognised_before_stays_known_when_its_keys_are_gone():
    before = Account("github", "a", email="ann@acme.example")
    now = Account("github", "a", email="somebody@elsewhere.example")
    assert matched(now, records=[AccountRecord(before, "1", "email")]) == {"a": ("1", "email")}


def test_an_address_that_was_handed_on_makes_the_account_ambiguous():
    ann = person("1", name="ann", email="ann.roe@acme.example", earlier_emails=("ann@acme.example",))
    new = person("3", name="anna", email="ann@acme.example")
    found = Account("github", "a", email="ann@acme.example")
    result = correlate(GITHUB, [found], {"1": ann, "3": new}, records=[AccountRecord(found, "1", "email")])
    assert not result.matches
    assert result.unclear == {"1", "3"}
    # with the id on it there is no doubt
    owned = Account("github", "a", email="ann@acme.example", external_id="1")
    assert matched(owned, people={"1": ann, "3": new}) == {"a": ("1", "external_id")}


def test_one_account_that_fits_two_people_is_nobodys():
    twin = person("3", name="bob", email="bob2@acme.example")
    result = correlate(GITHUB, [Account("github", "a", username="bob")], {**PEOPLE, "3": twin})
    assert not result.matches
    [finding] = correlation_findings(result, {**PEOPLE, "3": twin})
    assert (finding.code, finding.severity) == ("ambiguous_account", "error")
    assert "rollcall.access.link" in finding.todo
    assert "account bob (id a) fits bob and bob" in finding.message


def test_two_accounts_that_fit_one_person_are_ambiguous_until_one_is_linked():
    accounts = [account("a", ANN), Account("github", "b", email="ann@acme.example")]
    result = correlate(GITHUB, accounts, PEOPLE)
    assert not result.matches
    assert result.unclear == {"1"}
    linked = correlate(GITHUB, accounts, PEOPLE, {("github", "b"): "1"})
    assert dict(linked.matches) == {"b": ("1", "link")}
    assert [one.id for one in linked.orphans] == ["a"]
    assert not linked.unclear


def test_several_accounts_that_are_all_linked_are_all_theirs():
    accounts = [Account("github", "a"), Account("github", "b")]
    result = correlate(GITHUB, accounts, PEOPLE, {("github", "a"): "1", ("github", "b"): "1"})
    assert [one.id for one in result.by_person["1"]] == ["a", "b"]


def test_who_may_own_an_ambiguous_account_has_no_other_one_touched_either():
    twin = person("3", name="cy", email="bob@acme.example")
    accounts = [account("a", BOB), Account("github", "b", email="bob@acme.example")]
    result = correlate(GITHUB, accounts, {**PEOPLE, "3": twin})
    assert not result.matches
    assert result.unclear == {"2", "3"}


def test_orphans_are_pointed_out_unless_they_are_suspended():
    accounts = [Account("github", "a", username="x"), Account("github", "b", username="y", state="suspended")]
    result = correlate(GITHUB, accounts, PEOPLE)
    assert [one.id for one in result.orphans] == ["a", "b"]
    assert [finding.account for finding in correlation_findings(result, PEOPLE)] == ["a"]


@pytest.mark.parametrize("name", ["ROOT", "Root@Acme.Example", "id-9"])
def test_protected_accounts_are_set_aside_by_name_address_or_id(name):
    guarded = app(protect=(Protected(name, "ops@acme.example", "break-glass"),))
    found = Account("github", "ID-9", username="root", email="root@acme.example", external_id="1")
    result = correlate(guarded, [found], PEOPLE)
    assert not result.matches
    assert not result.orphans
    assert result.protected == (found,)
    assert dict(result.protected_of) == {"1": (found,)}


_words = st.sampled_from(["", "a", "A", "b", "c", "a@x", "b@x", "c@x"])
_ids = st.sampled_from(["", "1", "2", "3", "zz"])


@st.composite
def _worlds(draw):
    people = {
        id: person(id, name=draw(_words), email=draw(_words), earlier_emails=tuple(draw(st.lists(_words, max_size=2))))
        for id in draw(st.sets(st.sampled_from(["1", "2", "3"])))
    }
    accounts = [
        Account("github", id, username=draw(_words), email=draw(_words), external_id=draw(_ids))
        for id in draw(st.sets(st.sampled_from(["a1", "a2", "a3", "a4"])))
    ]
    links = draw(st.dictionaries(st.tuples(st.just("github"), st.sampled_from(["a1", "a2", "a3"])), _ids, max_size=2))
    records = [
        AccountRecord(one, draw(_ids), draw(st.sampled_from(["", "created", "email", "attested"])))
        for one in accounts
        if draw(st.booleans())
    ]
    protect = tuple(Protected(name) for name in draw(st.lists(st.sampled_from(["a", "a1", "b@x"]), max_size=1)))
    return app(protect=protect), accounts, people, links, records


@given(_worlds())
def test_every_account_ends_in_exactly_one_place_and_belongs_to_one_person_at_most(world):
    github, accounts, people, links, records = world
    result = correlate(github, accounts, people, links, records)
    places = [
        *result.matches,
        *(one.id for one in (*result.orphans, *result.protected, *result.set_aside)),
        *{one.id for unclear in result.ambiguous for one in unclear.accounts},
    ]
    assert sorted(places) == sorted(one.id for one in accounts)
    owned = [(one.id, id) for id, mine in result.by_person.items() for one in mine]
    assert sorted(owned) == sorted((id, whose) for id, (whose, _by) in result.matches.items())
    for id, mine in result.by_person.items():
        assert id in people
        assert len(mine) == 1 or all(result.matches[one.id][1] == "link" for one in mine)
    for one in accounts:
        if one.external_id in people and ("github", one.id) not in links and one.id in result.matches:
            assert result.matches[one.id][0] == one.external_id


@given(_worlds(), st.randoms())
def test_the_order_in_which_accounts_are_read_does_not_matter(world, random):
    github, accounts, people, links, records = world
    mixed = random.sample(accounts, len(accounts))
    assert correlate(github, accounts, people, links, records) == correlate(github, mixed, people, links, records)
