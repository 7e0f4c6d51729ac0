# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SCIM source on a real server (the PyPI package scim2-server), through a proxy that breaks things."""

from __future__ import annotations

import itertools
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError, SettingsError, SourceUnreachable
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import Feed, read_people
from ansible_collections.rollcall.access.tests.conformance.cases import ScimServer
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.sources.staff import STAFF

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_numbers = itertools.count(1)


class Company:
    """A tenant of the server, filled with the staff of the fakes; its ids are the server's own."""

    def __init__(self, server: ScimServer, proxy: FaultProxy, folder: pathlib.Path) -> None:
        self.place = f"hr{next(_numbers)}"
        self.proxy = proxy
        self.folder = folder
        self.ids: dict[str, str] = {}
        for one in STAFF:
            enterprise: dict[str, t.Any] = {"department": one.department, "employeeNumber": one.id}
            if one.manager:
                enterprise["manager"] = {"value": self.ids[one.manager]}
            user = {
                "schemas": [_USER, _ENTERPRISE],
                "userName": one.email,
                "active": one.status in ("active", "leave"),
                "name": {"givenName": one.given, "familyName": one.family},
                "emails": [
                    {"value": f"private{one.id}@home.example", "type": "home"},
                    {"value": one.email, "type": "work", "primary": True},
                ],
                "title": one.title,
                "userType": "Contractor" if one.contractor else "Employee",
                "addresses": [{"type": "work", "locality": one.location}],
                _ENTERPRISE: enterprise,
            }
            self.ids[one.id] = server.call("POST", self.place, "Users", user)["id"]

    def read(self, **more: t.Any) -> Feed:
        settings = {
            "type": "scim",
            "base_url": f"http://127.0.0.1:{self.proxy.port}/{self.place}/v2",
            "token": CANARY,
            "page_size": 3,
            "read_budget": 0.05,
        }
        return read_people([{**settings, **more}], self.folder)


@pytest.fixture
def company(servers: t.Any, tmp_path: pathlib.Path) -> t.Iterator[Company]:
    server = servers("scim")
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield Company(server, proxy, tmp_path)


def test_everybody_comes_with_every_field_over_three_pages(company: Company):
    people = {person.id: person for person in company.read().people}
    for one in STAFF:
        person = people[company.ids[one.id]]
        assert (person.email, person.given_name, person.family_name) == (one.email, one.given, one.family)
        assert (person.title, person.department, person.location) == (one.title, one.department, one.location)
        assert person.manager == company.ids.get(one.manager, "")
        assert person.type == ("contractor" if one.contractor else "employee")
        assert person.hr_status == ("Active" if one.status in ("active", "leave") else "Inactive")
        assert dict(person.attributes) == {"employment_type": "Contractor" if one.contractor else "Employee"}
    assert len(people) == len(STAFF)
    assert len(company.proxy.seen) == 3


def test_another_attribute_can_be_the_key(company: Company):
    """Managers are named by the server's own ids, so they have to be mapped as well, or are left out."""
    feed = company.read(columns={"id": f"{_ENTERPRISE}.employeeNumber"}, without=["manager"])
    assert {person.id for person in feed.people} == {one.id for one in STAFF}


@pytest.mark.parametrize("fault", ["empty", "half_page", "page_twice", "no_resources", "invalid_json"])
def test_a_list_that_is_short_or_repeats_itself_is_refused(company: Company, fault: str):
    company.proxy.arm(fault, path="Users", skip=1)
    with pytest.raises(FeedError, match=r"scim 127\.0\.0\.1"):
        company.read()


@pytest.mark.parametrize("fault", ["reset", "lost_answer"])
def test_a_server_that_breaks_off_leaves_hr_unread(company: Company, fault: str):
    company.proxy.arm(fault, path="Users", skip=1)
    with pytest.raises(SourceUnreachable):
        company.read()


def test_a_wrong_token_leaves_hr_unread(company: Company):
    with pytest.raises(SourceUnreachable) as caught:
        company.read(token="wrong-canary")
    assert "wrong-canary" not in str(caught.value)


def test_wrong_settings_are_told(company: Company):
    with pytest.raises(SettingsError, match="`paging` is index or cursor"):
        company.read(paging="pages")
