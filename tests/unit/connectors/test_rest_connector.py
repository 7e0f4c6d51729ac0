# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A catalog entry whose addresses are slightly wrong must not make people look as if they were gone."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import AccountKey, App
from ansible_collections.rollcall.access.plugins.module_utils.connectors.rest import RestConnector
from ansible_collections.rollcall.access.plugins.module_utils.errors import AppError, Broken, NotFound
from ansible_collections.rollcall.access.plugins.module_utils.http import Answer

USERS = [{"id": "1", "email": "ann@acme.example"}, {"id": "2", "email": "weiss@acme.example"}]
ENTRY: dict[str, t.Any] = {
    "base_url": "https://app.example",
    "token": "t0p-secret",
    "list": {"path": "/users"},
    "account": {"email": "email"},
}


class Wire:
    """Answers by path; what is not among them is a 404."""

    base_url = ENTRY["base_url"]

    def __init__(self, **answers: t.Any) -> None:
        self.answers = {f"/{path.replace('__', '/')}": body for path, body in {"users": USERS, **answers}.items()}

    def request(self, method: str, path: str, **_more: t.Any) -> Answer:
        if path not in self.answers:
            raise NotFound("there is no such thing (404)", status=404)
        body = self.answers[path]
        if isinstance(body, list) and body and isinstance(body[0], list):
            body = body.pop(0) if len(body) > 1 else body[0]
        return Answer(200, {}, body)


def connector(wire: Wire, **more: t.Any) -> RestConnector:
    made = RestConnector(App("x", connector="rest"), {**ENTRY, **more})
    made.client.session = t.cast(t.Any, wire)
    return made


def test_an_address_of_one_account_that_is_wrong_makes_nobody_gone() -> None:
    by_id = {"find": {"id": {"path": "/user/{id}"}}}
    with pytest.raises(Broken, match=r"find\.id\.path"):
        connector(Wire(), **by_id).find(AccountKey(id="1"))
    assert connector(Wire(), **by_id).find(AccountKey(id="9")) is None
    by_email = {"find": {"email": {"path": "/user/{email}"}}}
    with pytest.raises(Broken, match=r"find\.email\.path"):
        connector(Wire(), **by_email).find(AccountKey(email="Ann@acme.example"))


def test_an_address_that_showed_somebody_is_believed_afterwards() -> None:
    made = connector(Wire(users__1=USERS[0]), find={"id": {"path": "/users/{id}"}})
    assert made.find(AccountKey(id="1"))
    assert made.find(AccountKey(id="2")) is None


def test_a_list_that_is_not_there_is_never_nobody() -> None:
    wire = Wire()
    made = connector(wire)
    assert len(list(made.accounts())) == 2
    del wire.answers["/users"]
    for key in (AccountKey(id="1"), AccountKey(email="ann@acme.example")):
        with pytest.raises(AppError):
            made.find(key)


def test_two_addresses_that_fold_to_the_same_letters_are_two_people() -> None:
    assert connector(Wire()).find(AccountKey(email="weiß@acme.example")) is None
    found = connector(Wire()).find(AccountKey(email="Weiss@ACME.example"))
    assert found is not None
    assert found.id == "2"


def test_members_that_cannot_be_read_are_not_taken_for_none() -> None:
    kind = {"directory": {"path": "/groups"}, "members": {"path": "/group/{value_id}/members"}, "all_members": True}
    with pytest.raises(Broken, match=r"kinds\.group\.members\.path"):
        connector(Wire(groups=[{"id": "g", "name": "G"}]), kinds={"group": kind}).find(AccountKey(id="1"))
    deleted = Wire(groups=[[{"id": "g", "name": "G"}], []])
    assert connector(deleted, kinds={"group": kind}).find(AccountKey(id="1"))


def test_a_search_that_is_answered_with_everybody_is_read_to_its_end() -> None:
    class Pages(Wire):
        def request(self, method: str, path: str, **more: t.Any) -> Answer:
            start = int(more["params"].get("after", 0))  # whatever it is asked for, it lists everybody, one a page
            following = str(start + 1) if start + 1 < len(USERS) else None
            return Answer(200, {}, {"users": USERS[start : start + 1], "next": following})

    made = connector(
        Pages(),
        list={"path": "/users", "items": "users", "paging": {"style": "cursor", "param": "after", "next": "next"}},
        find={"email": {"path": "/users", "params": {"mail": "{email}"}, "items": "users"}},
    )
    found = made.find(AccountKey(email="weiss@acme.example"))
    assert found is not None
    assert found.id == "2"
