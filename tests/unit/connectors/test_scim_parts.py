# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SCIM without a server: lists, readings of odd users, and the bodies of writes."""

from __future__ import annotations

import json
import threading
import typing as t
from concurrent import futures

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors import scim_patching as patching
from ansible_collections.rollcall.access.plugins.module_utils.connectors import scim_writing as writing
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import App, Entitlement
from ansible_collections.rollcall.access.plugins.module_utils.connectors.scim_dialect import ScimDialect
from ansible_collections.rollcall.access.plugins.module_utils.connectors.scim_filters import equals
from ansible_collections.rollcall.access.plugins.module_utils.connectors.scim_places import (
    Values,
)
from ansible_collections.rollcall.access.plugins.module_utils.connectors.scim_reading import account_of
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.model import NewAccount
from ansible_collections.rollcall.access.plugins.module_utils.protocols.options import Options
from ansible_collections.rollcall.access.plugins.module_utils.protocols.scim_paging import read_list
from hypothesis import given
from hypothesis import strategies as st

Page = dict[str, t.Any]
APP = App(
    "crm",
    entitlements={
        "user": Entitlement("user", "role", "User"),
        "quota": Entitlement("quota", "group", "Quota"),
        "by-id": Entitlement("by-id", "group", "g-7"),
        "seat": Entitlement("seat", "licence", "full"),
        "keyed": Entitlement("keyed", "group"),
    },
)


def users(*numbers: int) -> list[Page]:
    return [{"id": f"u{n}"} for n in numbers]


class Lists:
    """Answers like a server with so many users, by index or by cursor."""

    def __init__(self, size: int, largest_page: int = 1000) -> None:
        self.everyone = users(*range(size))
        self.largest_page = largest_page
        self.asked: list[t.Mapping[str, t.Any]] = []

    def by_index(self, params: t.Mapping[str, t.Any]) -> Page:
        self.asked.append(params)
        start = params["startIndex"] - 1
        page = self.everyone[start : start + min(params["count"], self.largest_page)]
        return {"totalResults": len(self.everyone), "Resources": page}

    def by_cursor(self, params: t.Mapping[str, t.Any]) -> Page:
        self.asked.append(params)
        start = int(params["cursor"] or 0)
        end = start + min(params["count"], self.largest_page)
        following = {"nextCursor": str(end)} if end < len(self.everyone) else {}
        return {"Resources": self.everyone[start:end], **following}


def read(fetch: t.Callable[[t.Mapping[str, t.Any]], t.Any], paging: str = "index") -> list[str]:
    return [user["id"] for user in read_list(fetch, page_size=10, paging=paging, where="w")]


@given(st.integers(0, 60), st.integers(1, 15))
def test_a_list_is_read_whole_whatever_the_page_size(size: int, largest_page: int) -> None:
    lists = Lists(size, largest_page)
    assert read(lists.by_index) == [user["id"] for user in lists.everyone]
    assert read(lists.by_cursor, "cursor") == [user["id"] for user in lists.everyone]


@pytest.fixture(scope="module")
def pool() -> t.Iterator[futures.Executor]:
    with futures.ThreadPoolExecutor(8) as threads:
        yield threads


@given(size=st.integers(0, 60), largest_page=st.integers(1, 15), short=st.integers(0, 60))
def test_pages_that_are_asked_for_at_a_time_are_the_same_list(
    pool: futures.Executor, size: int, largest_page: int, short: int
) -> None:
    lists = Lists(size, largest_page)

    def fetch(params: t.Mapping[str, t.Any]) -> Page:
        # now and then a page is shorter than was asked for, and the next one begins where it ends
        return lists.by_index({**params, "count": 1} if short <= params["startIndex"] < short + 3 else params)

    found = read_list(fetch, page_size=10, paging="index", where="w", pool=pool)
    assert found == lists.everyone


def test_pages_are_asked_for_before_it_is_their_turn(pool: futures.Executor) -> None:
    lists = Lists(50)
    together = threading.Barrier(3)

    def fetch(params: t.Mapping[str, t.Any]) -> Page:
        if params["startIndex"] in (11, 21, 31):
            together.wait(30)
        return lists.by_index(params)

    assert read_list(fetch, page_size=10, paging="index", where="w", pool=pool) == lists.everyone
    assert len(lists.asked) == 5


@given(size=st.integers(1, 40), data=st.data())
def test_a_list_that_loses_entries_is_never_taken_for_whole_however_it_is_asked_for(
    pool: futures.Executor, size: int, data: st.DataObject
) -> None:
    lists = Lists(size)
    lost = data.draw(st.sets(st.integers(0, size - 1), min_size=1))

    def fetch(params: t.Mapping[str, t.Any]) -> Page:
        page = lists.by_index(params)
        return {**page, "Resources": [u for u in page["Resources"] if int(u["id"][1:]) not in lost]}

    with pytest.raises(Broken):
        read_list(fetch, page_size=10, paging="index", where="w", pool=pool)


@pytest.mark.parametrize("times", [1, 2])
def test_a_list_that_grows_while_pages_are_asked_for_is_read_once_more(pool: futures.Executor, times: int) -> None:
    lists, grown = Lists(30), [0]

    def fetch(params: t.Mapping[str, t.Any]) -> Page:
        page = lists.by_index(params)
        if params["startIndex"] == 1 and grown[0] < times:
            grown[0] += 1
            lists.everyone = [*lists.everyone, *users(1000 + grown[0])]
        return page

    if times == 1:
        assert len(read_list(fetch, page_size=10, paging="index", where="w", pool=pool)) == 31
    else:
        with pytest.raises(Broken, match="changed while they were read, twice"):
            read_list(fetch, page_size=10, paging="index", where="w", pool=pool)


def test_a_cursor_starts_empty_and_is_never_mixed_with_an_index() -> None:
    lists = Lists(25)
    read(lists.by_cursor, "cursor")
    assert [params["cursor"] for params in lists.asked] == ["", "10", "20"]
    assert not [params for params in lists.asked if "startIndex" in params]


@given(st.integers(1, 40), st.data())
def test_a_list_that_loses_entries_is_never_taken_for_whole(size: int, data: st.DataObject) -> None:
    lists = Lists(size)
    lost = data.draw(st.sets(st.integers(0, size - 1), min_size=1))

    def fetch(params: t.Mapping[str, t.Any]) -> Page:
        page = lists.by_index(params)
        return {**page, "Resources": [u for u in page["Resources"] if int(u["id"][1:]) not in lost]}

    with pytest.raises(Broken):
        read(fetch)


@pytest.mark.parametrize(
    "pages",
    [
        [{"Resources": users(1), "nextCursor": "a"}, {"Resources": users(2), "nextCursor": "a"}],
        [{"Resources": users(1), "nextCursor": "a"}, {"Resources": users(1)}],
        [{"Resources": users(1), "totalResults": 2}],
        [{"Resources": users(1), "nextCursor": 7}],
        [{"totalResults": 3}],
        [{}],
        [{"Resources": "none"}],
        [{"Resources": [{"userName": "without id"}]}],
        [[]],
        [None],
    ],
)
def test_a_cursor_list_that_makes_no_sense_is_broken(pages: list[t.Any]) -> None:
    remaining = iter(pages)
    with pytest.raises(Broken):
        read(lambda params: next(remaining), "cursor")


def test_a_cursor_that_never_ends_is_broken() -> None:
    count = iter(range(10_000))
    with pytest.raises(Broken, match="does not advance"):
        read(lambda params: {"Resources": [], "nextCursor": f"c{next(count)}"}, "cursor")


@pytest.mark.parametrize("total", ["7", -1, None, True, 1.5])
def test_a_total_that_is_no_number_is_broken(total: t.Any) -> None:
    with pytest.raises(Broken, match="totalResults"):
        read(lambda params: {"totalResults": total, "Resources": users(1)})


def test_more_than_the_total_is_broken() -> None:
    with pytest.raises(Broken, match="says 1 entries and has 2"):
        read(lambda params: {"totalResults": 1, "Resources": users(1, 2)})


def test_nobody_is_an_empty_list_with_or_without_resources() -> None:
    assert read(lambda params: {"totalResults": 0}) == []
    assert read(lambda params: {"totalResults": 0, "Resources": []}) == []


def reading(user: Page, groups: t.Sequence[tuple[str, str]] = (), **dialect: t.Any) -> t.Any:
    return account_of({"id": "1", **user}, APP, ScimDialect(**dialect), groups, "app crm, accounts")


@pytest.mark.parametrize(
    ("active", "state"),
    [(True, "active"), (False, "suspended"), ("False", "suspended"), ("true", "active"), (None, "active")],
)
def test_active_is_read_as_products_send_it(active: t.Any, state: str) -> None:
    assert reading({"active": active}).state == state
    assert reading({}).state == "active"


@pytest.mark.parametrize("active", ["maybe", 2, [], {}])
def test_an_active_that_is_neither_is_broken(active: t.Any) -> None:
    with pytest.raises(Broken, match="active to be true or false"):
        reading({"active": active})


@pytest.mark.parametrize(
    ("emails", "email"),
    [
        ([{"value": "a@x"}, {"value": "b@x", "primary": True}], "b@x"),
        ([{"value": "a@x", "type": "home"}, {"value": "b@x", "type": "work"}], "b@x"),
        ([{"value": "a@x"}, {"value": "b@x"}], "a@x"),
        ({"value": "a@x", "primary": "true"}, "a@x"),
        (["a@x"], "a@x"),
        ([], ""),
        (None, ""),
        ([{"type": "work"}], ""),
    ],
)
def test_the_main_email_is_read_as_products_send_it(emails: t.Any, email: str) -> None:
    assert reading({"emails": emails}).email == email


def test_entitlements_are_the_catalogs_keys_and_the_rest_is_kept_as_unknown() -> None:
    found = reading(
        {"roles": [{"value": "User"}, {"value": "Owner"}], "entitlements": ["full", "extra"]},
        [("g-1", "Quota"), ("g-7", "Seven"), ("g-8", "keyed"), ("g-9", "Other"), ("g-10", "")],
    )
    assert found.entitlements == {"user", "quota", "by-id", "seat", "keyed"}
    assert found.unknown == {"role:Owner", "licence:extra", "group:Other", "group:g-10"}


def test_times_are_read_in_utc_and_one_that_is_none_does_no_harm() -> None:
    path = ("urn:x", "lastLogin")
    found = reading(
        {"meta": {"created": "2026-01-02T03:04:05+02:00"}, "urn:x": {"lastLogin": "2026-05-06"}}, last_used=path
    )
    assert found.created.isoformat() == "2026-01-02T01:04:05+00:00"
    assert found.last_used.isoformat() == "2026-05-06T00:00:00+00:00"
    assert reading({"meta": {"created": "yesterday"}}, last_used=path).created is None


@given(st.text())
def test_a_filter_holds_its_value_as_one_json_string(value: str) -> None:
    text = equals("userName", value)
    assert text.startswith('userName eq "')
    assert json.loads(text.removeprefix("userName eq ")) == value


ROLE = Entitlement("admin", "role", "Admin")
SEAT = Entitlement("full", "licence", "full")


def test_a_role_of_one_type_leaves_the_other_types_alone() -> None:
    place = Values("roles", single=True, type="seat")
    user = {"roles": [{"value": "View", "type": "seat"}, {"value": "x", "type": "other"}]}
    assert writing.granted(user, ROLE, place) == {
        "roles": [{"value": "x", "type": "other"}, {"value": "Admin", "type": "seat"}]
    }
    assert writing.revoked(user, Entitlement("x", "role", "x"), place) == {}


def test_a_second_role_is_not_already_so() -> None:
    place = Values("roles", single=True)
    two = {"roles": [{"value": "Admin"}, {"value": "User"}]}
    assert writing.granted(two, ROLE, place) == {"roles": [{"value": "Admin"}]}
    assert writing.granted({"roles": [{"value": "Admin"}]}, ROLE, place) == {}


@given(st.lists(st.sampled_from(["full", "lite", "x"]), unique=True))
def test_granting_and_revoking_is_the_way_back(before: list[str]) -> None:
    place = Values("entitlements")
    user = {"entitlements": [{"value": value} for value in before]}
    given_ = {**user, **writing.granted(user, SEAT, place)}
    back = {**given_, **writing.revoked(given_, SEAT, place)}
    assert [e["value"] for e in back["entitlements"]] == [value for value in before if value != "full"]
    assert writing.granted(given_, SEAT, place) == {}
    assert writing.revoked(back, SEAT, place) == {}


def test_a_new_email_leaves_the_other_addresses_alone() -> None:
    user = {"emails": [{"value": "home@x", "type": "home"}, {"value": "old@x", "type": "work", "primary": True}]}
    assert writing.updated(user, {"email": "new@x"}, ScimDialect()) == {
        "emails": [{"value": "home@x", "type": "home"}, {"value": "new@x", "type": "work", "primary": True}]
    }
    assert writing.updated({}, {"email": "new@x"}, ScimDialect())["emails"] == [
        {"value": "new@x", "type": "work", "primary": True}
    ]


def test_a_put_keeps_what_it_does_not_know() -> None:
    user = {"id": "1", "meta": {"version": "1"}, "groups": [{"value": "g"}], "urn:acme": {"desk": 4}, "active": True}
    assert patching.whole(user, {"active": False}) == {"id": "1", "urn:acme": {"desk": 4}, "active": False}


def operations(user_id: str, dialect: ScimDialect, *, add: bool) -> t.Any:
    body = patching.member_patch(user_id, dialect, add=add)
    assert body is not None
    return body["Operations"]


def test_each_dialect_says_the_same_in_its_own_way() -> None:
    attributes = {"active": False, "roles": []}
    by_path = patching.patch(attributes, ScimDialect())
    assert by_path["Operations"] == [
        {"op": "replace", "path": "active", "value": False},
        {"op": "remove", "path": "roles"},
    ]
    by_value = patching.patch(attributes, ScimDialect(patch="value_object"))
    assert by_value["Operations"] == [{"op": "replace", "value": attributes}]
    remove = operations('a"b', ScimDialect(), add=False)
    assert remove == [{"op": "remove", "path": 'members[value eq "a\\"b"]'}]
    remove = operations("a", ScimDialect(member_removal="value"), add=False)
    assert remove == [{"op": "remove", "path": "members", "value": [{"value": "a"}]}]


def test_a_new_user_has_nothing_that_is_empty() -> None:
    user = writing.new_user(NewAccount("u", ""), [], ScimDialect())
    assert user == {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "u", "active": True}


def test_options_adapt_the_dialect_and_texts_count_as_what_they_say() -> None:
    dialect = ScimDialect().adapted(
        Options("crm", {"patch": "put", "page_size": "25", "filter": "false", "groups": "no"})
    )
    assert (dialect.patch, dialect.page_size, dialect.filter, dialect.groups) == ("put", 25, False, False)
    assert dialect.place("group") is None
    assert dialect.place("role") == Values("roles", single=True)


@pytest.mark.parametrize(
    "option", [{"patch": "post"}, {"page_size": 0}, {"page_size": "many"}, {"filter": "perhaps"}, {"delete_means": 1}]
)
def test_an_option_that_cannot_be_used_is_named(option: dict[str, t.Any]) -> None:
    with pytest.raises(PolicyError, match=rf"app crm, connection\.{next(iter(option))}: expected"):
        ScimDialect().adapted(Options("crm", option))
