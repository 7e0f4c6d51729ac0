# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An exported user list as the read side of a manual app: real files."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import App, Connector, Entitlement
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import build
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, Conflict, PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey

COLUMNS = {"username": "login", "email": "mail", "name": "Full Name", "state": "status", "entitlement": "role"}
HEADER = "login,mail,Full Name,status,role\n"
APP = App(
    "legacy",
    connector="file",
    entitlements={
        "clerk": Entitlement("clerk", "role", "Clerk"),
        "payer": Entitlement("payer", "permission", "May pay"),
        "keyed": Entitlement("keyed", "group"),
    },
)


@pytest.fixture
def reader(tmp_path: pathlib.Path) -> t.Callable[..., Connector]:
    def make(content: str | bytes, **options: t.Any) -> Connector:
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "users.csv").write_bytes(data)
        return build(APP, {"path": "users.csv", "columns": COLUMNS, "_base_dir": str(tmp_path), **options})

    return make


def test_rows_become_accounts(reader: t.Callable[..., Connector]) -> None:
    connector = reader(
        HEADER
        + "zoe,Zoe@acme.example,Zoë Ümläut,Active,Clerk\n"
        + "bob,bob@acme.example,Bob,disabled,keyed\n"
        + "eve,eve@acme.example,Eve,Invited,Something Else\n"
    )
    zoe, bob, eve = connector.accounts()
    assert (zoe.app, zoe.id, zoe.username, zoe.email, zoe.name) == (
        "legacy",
        "zoe",
        "zoe",
        "Zoe@acme.example",
        "Zoë Ümläut",
    )
    assert (zoe.state, zoe.entitlements, zoe.unknown) == ("active", {"clerk"}, frozenset())
    assert (bob.state, bob.entitlements) == ("suspended", {"keyed"})
    assert (eve.state, eve.unknown) == ("invited", {"entitlement:Something Else"})


def test_several_rows_of_one_account_are_one_account(reader: t.Callable[..., Connector]) -> None:
    connector = reader(HEADER + "zoe,z@x,Z,active,Clerk\nbob,b@x,B,active,\nZoe,z@x,Z,active,May pay\n")
    accounts = {a.id: a.entitlements for a in connector.accounts()}
    assert accounts == {"zoe": {"clerk", "payer"}, "bob": frozenset()}


def test_rows_of_one_account_that_contradict_each_other_are_broken(reader: t.Callable[..., Connector]) -> None:
    connector = reader(HEADER + "zoe,z@x,Z,active,Clerk\nzoe,z@x,Z,suspended,May pay\n")
    with pytest.raises(Broken, match=r"users\.csv:3: zoe has two different values of state, here and in line 2"):
        connector.accounts()


def test_several_entitlements_in_one_cell_are_taken_apart(reader: t.Callable[..., Connector]) -> None:
    connector = reader(HEADER + "zoe,z@x,Z,active,Clerk; May pay;;Other\n", separator=";")
    (zoe,) = connector.accounts()
    assert (zoe.entitlements, zoe.unknown) == ({"clerk", "payer"}, {"entitlement:Other"})


def test_a_kind_narrows_what_a_value_can_be(reader: t.Callable[..., Connector]) -> None:
    (zoe,) = reader(HEADER + "zoe,z@x,Z,active,May pay\n", kind="role").accounts()
    assert (zoe.entitlements, zoe.unknown) == (frozenset(), {"role:May pay"})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the export is empty"),
        ("\n\n", "the export is empty"),
        (HEADER, "no accounts in it"),
        (HEADER + "zoe,z@x,Z,active,Clerk\nbob,b@x", r"users\.csv:3: expected 5 fields, found 2"),
        (HEADER + 'zoe,z@x,Z,active,Clerk\nbob,b@x,"Bo', r"users\.csv:3: not readable as CSV"),
        (HEADER + "zoe,z@x,Z,active,Clerk\nbob,b@x,B,active,Clerk,more\n", r"users\.csv:3: expected 5 fields, found 6"),
        (HEADER + "zoe,z@x,Z,gone fishing,Clerk\n", r"users\.csv:2: the state 'gone fishing' is not known"),
        (HEADER + "zoe,z@x,Z,,Clerk\n", r"users\.csv:2: the state '' is not known"),
        (HEADER + "zoe,zoe at x,Z,active,Clerk\n", r"users\.csv:2: expected an email address"),
        (HEADER + ",z@x,Z,active,Clerk\n", r"users\.csv:2: a row without the name of an account"),
        (HEADER + '\nzoe,z@x,"Z\nZ",active,Clerk\nbob,b@x,B,odd,x\n', r"users\.csv:5: the state 'odd'"),
        ("login,mail,status,role\nzoe,z@x,active,Clerk\n", "there is no column 'Full Name'"),
        ("login,login,mail,Full Name,status,role\na,b,c,d,e,f\n", "the column 'login' is there twice"),
        (HEADER.encode() + "zoë,z@x,Z,active,Clerk\n".encode("latin-1"), r"users\.csv:2: it is not written in utf-8"),
        ((HEADER + "zoe,z@x,Z,active,Clerk\n").encode("utf-16"), "it is not written in utf-8"),
        (HEADER + "zoe\0,z@x,Z,active,Clerk\n", r"users\.csv:2: a NUL character"),
    ],
)
def test_an_export_that_went_wrong_is_broken(
    reader: t.Callable[..., Connector], content: str | bytes, says: str
) -> None:
    connector = reader(content)
    with pytest.raises(Broken, match=says) as caught:
        connector.accounts()
    assert str(caught.value).startswith("app legacy, accounts")
    with pytest.raises(Broken, match=says):
        connector.find(AccountKey(username="zoe"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1", "utf-16"])
def test_an_encoding_that_is_given_is_used(reader: t.Callable[..., Connector], encoding: str) -> None:
    text = HEADER + "zoë,z@x,Z,active,Clerk\n"
    (zoe,) = reader(text.encode(encoding), encoding="utf-8" if encoding == "utf-8-sig" else encoding).accounts()
    assert zoe.username == "zoë"


def test_a_delimiter_and_states_of_ones_own(reader: t.Callable[..., Connector]) -> None:
    text = (HEADER + "zoe,z@x,Z,Gegangen,Clerk\n").replace(",", "\t")
    (zoe,) = reader(text, delimiter="\\t", states={"gegangen": "suspended"}).accounts()
    assert zoe.state == "suspended"


def test_an_old_export_is_broken(reader: t.Callable[..., Connector], tmp_path: pathlib.Path) -> None:
    connector = reader(HEADER + "zoe,z@x,Z,active,Clerk\n", max_age="30d")
    assert len(list(connector.accounts())) == 1
    old = (dt.datetime.now(dt.UTC) - dt.timedelta(days=45)).timestamp()
    os.utime(tmp_path / "users.csv", (old, old))
    with pytest.raises(Broken, match="the export is 45 days old"):
        connector.accounts()


def test_an_export_that_is_not_there_is_broken(reader: t.Callable[..., Connector], tmp_path: pathlib.Path) -> None:
    connector = reader(HEADER)
    (tmp_path / "users.csv").unlink()
    with pytest.raises(Broken, match=r"the export users\.csv cannot be read"):
        connector.accounts()


def test_an_account_is_found_by_each_key(reader: t.Callable[..., Connector]) -> None:
    connector = reader(HEADER + "zoe,z@x,Z,active,Clerk\nbob,b@x,B,active,Clerk\nann,b@x,A,active,Clerk\n")
    for key in (AccountKey(id="zoe"), AccountKey(username="ZOE"), AccountKey(email="Z@X")):
        found = connector.find(key)
        assert found is not None
        assert found.id == "zoe"
    assert connector.find(AccountKey(username="z*")) is None
    assert connector.find(AccountKey()) is None
    with pytest.raises(Conflict, match="2 accounts have this email: ann, bob"):
        connector.find(AccountKey(email="b@x"))


def test_last_use_is_read_as_the_export_writes_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "u.csv").write_text("mail,seen\na@x,03/02/2026\nb@x,\n")
    options = {"path": str(tmp_path / "u.csv"), "columns": {"email": "mail", "last_used": "seen"}}
    first, second = build(APP, {**options, "date_format": "%d/%m/%Y"}).accounts()
    assert first.last_used == dt.datetime(2026, 2, 3, tzinfo=dt.UTC)
    assert (first.id, second.last_used) == ("a@x", None)
    with pytest.raises(Broken, match=r"u\.csv:2: expected a date like 2026-12-01, found '03/02/2026'"):
        build(APP, options).accounts()


def test_it_only_reads(reader: t.Callable[..., Connector]) -> None:
    connector = reader(HEADER)
    assert connector.operations() == frozenset()
    assert not connector.can("suspend")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"columns": {"user": "login"}}, "found user"),
        ({"columns": {"name": "n"}}, "found none of username, email and external_id"),
        ({"delimiter": "||"}, "one character"),
        ({"states": {"x": "dead"}}, "active, suspended or invited"),
        ({"max_age": "a month"}, "12h, 30d or 2w"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(
    reader: t.Callable[..., Connector], options: dict[str, t.Any], says: str
) -> None:
    with pytest.raises(PolicyError, match=says):
        reader(HEADER, **options)


def test_two_entitlements_of_one_value_need_a_kind(tmp_path: pathlib.Path) -> None:
    twice = {key: Entitlement(key, kind, "Same") for key, kind in (("a", "role"), ("b", "group"))}
    options = {"path": "x", "columns": COLUMNS}
    with pytest.raises(PolicyError, match="a and b have the same value"):
        build(App("legacy", connector="file", entitlements=twice), options)
    build(App("legacy", connector="file", entitlements=twice), {**options, "kind": "role"})
