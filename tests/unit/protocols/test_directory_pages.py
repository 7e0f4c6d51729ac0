# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directory whose answers make no sense: pages that do not end, ranges with holes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, Conflict, Refused, Transient
from ansible_collections.rollcall.access.plugins.module_utils.protocols import directory_answers
from ansible_collections.rollcall.access.plugins.module_utils.protocols.directory import Directory
from ansible_collections.rollcall.access.plugins.module_utils.protocols.directory_connection import DirectoryAddress

ADDRESS = DirectoryAddress("ldap://127.0.0.1:1", "cn=x", "y")
BASE = "dc=acme"


class Scripted(Directory):
    """A directory that answers what it is given, one after the other; the last answer for ever."""

    def __init__(self, *answers: tuple[list[dict[str, t.Any]], dict[str, t.Any]]) -> None:
        super().__init__(ADDRESS)
        self.answers = list(answers)

    def _do(self, ask: t.Any, where: str, *, again: bool) -> t.Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def entry(name: str, **attributes: list[bytes]) -> dict[str, t.Any]:
    found = {key.replace("_range_", ";range=").replace("_", "-"): v for key, v in attributes.items()}
    return {"type": "searchResEntry", "dn": f"{name},{BASE}", "raw_attributes": found}


def answer(*entries: dict[str, t.Any], cookie: bytes = b"", code: int = 0) -> t.Any:
    controls = {"1.2.840.113556.1.4.319": {"value": {"size": 0, "cookie": cookie}}}
    return list(entries), {"result": code, "message": "", "controls": controls}


def test_the_same_cookie_with_every_page_is_no_mistake() -> None:
    found = Scripted(answer(entry("cn=a"), cookie=b"c"), answer(entry("cn=b"), cookie=b"c"), answer(entry("cn=c")))
    assert [e.dn for e in found.search(BASE, "(cn=*)", ["cn"], where="here")] == [f"cn={n},{BASE}" for n in "abc"]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([answer(entry("cn=a"), cookie=b"c")], "twice"),
        ([answer(entry("cn=a"), entry("CN=A"))], "twice"),
        ([answer(cookie=b"c")], "a cookie came back"),
        ([([entry("cn=a")], {"result": 0, "message": ""})], "did not page"),
        ([answer(entry("cn=a"), code=4)], "only a part"),
        ([answer({"type": "searchResRef", "uri": ["ldap://other/dc=x"]})], "ldap://other/dc=x"),
        ([answer(code=32)], f"the base {BASE} is not there"),
        ([answer(entry("cn=a", member_range_0_1=[b"1", b"2"])), answer(entry("cn=a"))], "member of cn=a"),
        ([answer(entry("cn=a", member_range_0_4=[b"1", b"2"]))], "expected the values of member up to 4, found 2"),
        (
            [
                answer(entry("cn=a", member_range_0_1=[b"1", b"2"])),
                answer(entry("cn=a", member_range_1_2=[b"2", b"3"])),
            ],
            "from 2 on are missing",
        ),
    ],
)
def test_a_read_that_is_not_whole_is_an_error(answers: list[t.Any], told: str) -> None:
    with pytest.raises(Broken) as caught:
        Scripted(*answers).search(BASE, "(cn=*)", ["cn"], where="here")
    assert told in str(caught.value)
    assert str(caught.value).startswith("here: ")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (3, Transient),
        (8, Refused),
        (10, Refused),
        (11, Broken),
        (50, Refused),
        (51, Transient),
        (68, Conflict),
        (80, Broken),
    ],
)
def test_every_result_has_its_meaning(code: int, kind: type[Exception]) -> None:
    error = directory_answers.error_for(code, "said\nso", what="write mail of", dn="cn=a", where="here")
    assert error.__class__ is kind
    assert "said so" in str(error)
    assert error.details["ldap"] == code


def test_a_refused_right_names_the_right_and_the_entry() -> None:
    error = directory_answers.error_for(50, "", what="write mail of", dn="cn=a,dc=acme", where="here")
    assert "the right to write mail of cn=a,dc=acme" in str(error)
