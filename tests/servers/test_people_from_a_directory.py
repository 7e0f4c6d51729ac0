# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HR kept in a directory: people from a real slapd."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError, SettingsError, SourceUnreachable
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import Feed, read_people
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.servers import slapd
from ansible_collections.rollcall.access.tests.servers.slapd import GROUPS, PEOPLE, SERVICE, SERVICES, Slapd

COLUMNS = {"id": "employeeNumber", "email": "mail", "name": "cn", "manager": "manager", "title": "title"}


@pytest.fixture(scope="module")
def server() -> t.Iterator[Slapd]:
    with slapd.running() as server:
        for number, boss in ((1, 1), (2, 1), (3, 2), (4, 9)):
            server.add(
                f"uid=u{number},{PEOPLE}",
                ["inetOrgPerson"],
                uid=f"u{number}",
                cn=f"Ünal Number{number}",
                sn=f"Number{number}",
                mail=f"u{number}@acme.example",
                employeeNumber=f"{number:03}",
                manager=f"UID=u{boss}, {PEOPLE}",
                title=["Engineer", "Lead"] if number == 3 else "Engineer",
                userPassword="never to be read",
            )
        yield server


@pytest.fixture
def read(server: Slapd, tmp_path: pathlib.Path) -> t.Callable[..., Feed]:
    def read(**settings: t.Any) -> Feed:
        common = {
            "type": "ldap",
            "url": f"ldaps://{server.host}:{server.tls_port}",
            "ca_file": str(server.folder / "tls/ca.pem"),
            "bind_dn": SERVICE,
            "password": CANARY,
            "base": PEOPLE,
            "page_size": 3,
            "columns": COLUMNS,
            "references": {"manager": "employeeNumber"},
        }
        return read_people([{**common, **settings}], tmp_path, {})

    return read


def test_people_come_over_several_pages_with_their_managers(read: t.Callable[..., Feed]) -> None:
    people = {person.id: person for person in read().people}
    assert {id: (p.email, p.manager) for id, p in people.items()} == {
        "001": ("u1@acme.example", ""),
        "002": ("u2@acme.example", "001"),
        "003": ("u3@acme.example", "002"),
        "004": ("u4@acme.example", ""),  # the manager's entry is not there
    }
    assert people["003"].title == '["Engineer", "Lead"]'
    assert people["002"].name == "Ünal Number2"


def test_only_what_the_settings_name_is_read(read: t.Callable[..., Feed]) -> None:
    person = next(iter(read(attributes=["createTimestamp", "departmentNumber"]).people))
    assert set(person.attributes) == {"createTimestamp", "departmentNumber", "dn"}
    assert person.attributes["departmentNumber"] == ""
    assert person.attributes["createTimestamp"][4] == "-"


def test_a_filter_and_a_column_that_nobody_has(read: t.Callable[..., Feed]) -> None:
    assert [person.id for person in read(filter="(uid=u2)").people] == ["002"]
    with pytest.raises(FeedError, match="no column"):
        read(columns={**COLUMNS, "end": "misspelt"})


@pytest.mark.parametrize(
    ("settings", "kind", "told"),
    [
        ({"password": "wrong"}, SourceUnreachable, f"did not accept the credentials of {SERVICE}"),
        ({"url": "ldap://127.0.0.1:1"}, SourceUnreachable, "cannot be reached"),
        ({"ca_file": ""}, SourceUnreachable, "is not trusted"),
        ({"base": f"ou=nowhere,{slapd.ROOT}"}, FeedError, "ou=nowhere"),
        ({"bind_dn": f"cn=short,{SERVICES}", "page_size": 500}, FeedError, "only a part"),
        ({"filter": "(uid=*"}, FeedError, "filter"),
        ({"base": GROUPS}, FeedError, "nobody"),
        ({"url": "ldap://ldap.example.org", "start_tls": False}, SettingsError, "in the clear"),
        ({"references": ["manager"]}, SettingsError, "references"),
    ],
)
def test_what_goes_wrong_is_never_an_empty_company(
    read: t.Callable[..., Feed], settings: dict[str, t.Any], kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind) as caught:
        read(**settings)
    assert told in str(caught.value)
    assert CANARY not in str(caught.value)
