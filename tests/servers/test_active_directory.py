# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about Active Directory, on a real Samba domain controller."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.active_directory import new_password
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import build
from ansible_collections.rollcall.access.plugins.module_utils.errors import Conflict, PolicyError, Refused, Transient
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountKey,
    App,
    Entitlement,
    NewAccount,
)
from ansible_collections.rollcall.access.plugins.module_utils.protocols.directory import Directory
from ansible_collections.rollcall.access.plugins.module_utils.protocols.directory_connection import DirectoryAddress
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import read_people
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.servers import samba_domain
from ansible_collections.rollcall.access.tests.servers.products.active_directory import Server
from ansible_collections.rollcall.access.tests.servers.samba_domain import (
    DOMAIN,
    GROUPS,
    LEAVERS,
    PEOPLE,
    ROOT,
    SERVICE,
    SERVICES,
)

BERLIN = f"OU=Berlin,{PEOPLE}"
WORDS = {"quota": "quota", "inner": "inner", "outer": "outer", "everybody": "Domain Users"}
ENTITLEMENTS = {key: Entitlement(key, "group", value) for key, value in WORDS.items()}
ADA = NewAccount("ada", "ada@acme.example", "e1", "Ada", "Lovelace", "Ada Lovelace")


@pytest.fixture(scope="module")
def started() -> t.Iterator[Server]:
    with samba_domain.running() as domain:
        yield Server(domain)


@pytest.fixture
def server(started: Server) -> Server:
    started.reset()
    return started


@pytest.fixture
def connect(server: Server) -> t.Iterator[t.Callable[..., t.Any]]:
    built: list[t.Any] = []

    def connect(**options: t.Any) -> t.Any:
        found = {k: v for k, v in {**server.connection(0), "page_size": 3, **options}.items() if v is not None}
        built.append(build(App("ad", connector="active_directory", entitlements=ENTITLEMENTS), found))
        return built[-1]

    yield connect
    for connector in built:
        connector.close()


def one(connector: t.Any, id: str) -> Account:
    found = connector.find(AccountKey(id=id))
    assert found is not None
    assert found == next(account for account in connector.accounts() if account.id == id)
    return found


def entry(server: Server, id: str) -> dict[str, t.Any]:
    dn = server.dn_of(id)
    found = server.domain.entries(dn, "(objectClass=*)", "BASE")[dn]
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


# ---- making accounts


def test_a_new_account_is_enabled_and_nobody_knows_its_password(
    server: Server, connect: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    states: list[int] = []
    module = (
        "ansible_collections.rollcall.access.plugins.module_utils.connectors.products.active_directory.new_password"
    )
    monkeypatch.setattr(module, lambda names: (seen.append(password := new_password(names)), password)[1])
    original = Directory.modify

    def modify(self: Directory, dn: str, changes: t.Any, *, where: str) -> None:
        states.extend(int(e["userAccountControl"][0]) for e in server.domain.entries(dn, "(objectClass=user)").values())
        original(self, dn, changes, where=where)

    monkeypatch.setattr(Directory, "modify", modify)
    made = connect().create(ADA, [ENTITLEMENTS["quota"]])
    found = entry(server, made.id)
    assert states[:2] == [514, 514]
    assert int(found["userAccountControl"]) == 512
    assert (made.state, made.username, made.external_id, made.name) == ("active", "ada", "e1", "Ada Lovelace")
    assert made.entitlements == {"quota", "everybody"}
    assert found["userPrincipalName"] == f"ada@{DOMAIN}".encode()
    assert server.domain.lets_in(f"ada@{DOMAIN}", seen[0])
    assert seen[0] not in repr(made)


def test_a_password_has_every_kind_of_character_and_no_name_in_it() -> None:
    for _unused in range(200):
        password = new_password(["abc", "Ann Lee"])
        assert "abc" not in password.casefold()
        assert "lee" not in password.casefold()
        kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
        assert all(any(kind(c) for c in password) for kind in kinds)
    assert len({new_password([]) for _unused in range(50)}) == 50


@pytest.mark.parametrize(
    ("username", "told"),
    [
        ("a" * 21, "20 is the most"),
        ("a/b", "must not have /"),
        ("a@b", "must not have @"),
        ("a.", "full stop"),
        ("", "user name"),
    ],
)
def test_a_user_name_that_cannot_be_is_refused_before_anything_is_made(
    server: Server, connect: t.Any, username: str, told: str
) -> None:
    connector = connect()
    with pytest.raises(Refused) as caught:
        connector.create(NewAccount(username, "ada@acme.example", "e1", name="Ada"), [])
    assert told in str(caught.value)
    assert server.accounts() == {}
    made = connector.create(ADA, [])
    if username:
        with pytest.raises(Refused, match="cannot be a user name"):
            connector.update(made, {"username": username})


def test_two_people_of_one_name_are_two_accounts(server: Server, connect: t.Any) -> None:
    connector = connect()
    first = connector.create(ADA, [])
    second = connector.create(NewAccount("ada2", "ada2@acme.example", "e2", "Ada", "Lovelace", "Ada Lovelace"), [])
    assert server.dn_of(first.id) == f"CN=Ada Lovelace,{PEOPLE}"
    assert server.dn_of(second.id) == f"CN=Ada Lovelace (ada2),{PEOPLE}"
    with pytest.raises(Conflict, match="is taken by"):
        connector.create(NewAccount("ada2", "x@acme.example", "e3", name="Somebody Else"), [])


def test_another_letter_is_another_person(server: Server, connect: t.Any) -> None:
    server.domain.person(f"CN=Zoe,{PEOPLE}", "zoe", mail="zoe@acme.example")
    assert connect().find(AccountKey(username="zoë", email="zoë@acme.example")) is None


def test_making_an_account_that_ended_half_way_is_finished_when_it_is_enabled(server: Server, connect: t.Any) -> None:
    server.domain.add(f"CN=Half,{PEOPLE}", "user", sAMAccountName="half", userAccountControl="514", employeeID="e1")
    connector = connect()
    account = connector.create(NewAccount("half", "half@acme.example", "e1", name="Half"), [])
    assert account.state == "suspended"
    assert connector.reactivate(account) is True
    assert int(entry(server, account.id)["userAccountControl"]) == 512
    assert int(entry(server, account.id)["pwdLastSet"]) > 0


def test_odd_names_are_one_value_everywhere(server: Server, connect: t.Any) -> None:
    connector = connect()
    name = 'Zoë "the, +\\\\ <x>;= # *(' + ")"
    made = connector.create(NewAccount("o'b{}% &", "odd@acme.example", "*)(cn=*", "Zoë", "O'B(r)ien*", name), [])
    assert (made.name, made.external_id, made.family_name) == (name, "*)(cn=*", "O'B(r)ien*")
    assert connector.find(AccountKey(external_id="*)(cn=*")) == made
    assert connector.find(AccountKey(external_id="*")) is None
    assert connector.grant(made, ENTITLEMENTS["quota"]) is True
    assert connector.suspend(made) is True
    assert connector.reactivate(made) is True
    assert connector.delete(made) is True


# ---- bits, names, places


def test_suspending_changes_one_bit_and_no_group(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    server.domain.replace(server.dn_of(id), userAccountControl=["66048"])  # 512 and "the password does not expire"
    connector = connect(leavers_ou=None, home_attribute=None)
    connector.grant(one(connector, id), ENTITLEMENTS["quota"])
    assert connector.suspend(one(connector, id)) is True
    assert int(entry(server, id)["userAccountControl"]) == 66050
    assert one(connector, id).entitlements == {"quota", "everybody"}
    assert not server.domain.lets_in(f"p0@{DOMAIN}", "Initial-Passw0rd-p0")
    assert connector.reactivate(one(connector, id)) is True
    assert int(entry(server, id)["userAccountControl"]) == 66048
    assert server.domain.lets_in(f"p0@{DOMAIN}", "Initial-Passw0rd-p0")


def test_a_bit_that_somebody_else_sets_meanwhile_is_kept(
    server: Server, connect: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = server.fill(1)
    connector = connect(leavers_ou=None, home_attribute=None)
    account, original, dn = one(connector, id), Directory.modify, server.dn_of(id)
    tries: list[str] = []

    def modify(self: Directory, *arguments: t.Any, **named: t.Any) -> None:
        if not tries:
            server.domain.replace(dn, userAccountControl=["66048"])
        tries.append("once more")
        original(self, *arguments, **named)

    monkeypatch.setattr(Directory, "modify", modify)
    assert connector.suspend(account) is True
    assert int(entry(server, id)["userAccountControl"]) == 66050
    assert len(tries) == 2


def test_a_leaver_returns_to_where_it_was_also_when_that_was_renamed(server: Server, connect: t.Any) -> None:
    server.domain.add(BERLIN, "organizationalUnit")
    id = server.domain.person(f"CN=Ada,{BERLIN}", "ada", mail="ada@acme.example")
    connector = connect()
    connector.grant(one(connector, id), ENTITLEMENTS["quota"])
    assert connector.suspend(one(connector, id)) is True
    assert server.dn_of(id) == f"CN=Ada,{LEAVERS}"
    assert (one(connector, id).state, one(connector, id).entitlements) == ("suspended", {"quota", "everybody"})
    server.domain.admin.modify_dn(BERLIN, "OU=Bern")
    assert connector.reactivate(one(connector, id)) is True
    assert server.dn_of(id) == f"CN=Ada,OU=Bern,{PEOPLE}"
    assert "seeAlso" not in entry(server, id)
    assert connector.reactivate(one(connector, id)) is False


def test_two_leavers_of_one_name_have_room(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    server.domain.person(f"CN=Given0 Family0,{LEAVERS}", "namesake")
    connector = connect()
    assert connector.suspend(one(connector, id)) is True
    assert server.dn_of(id) == f"CN=Given0 Family0 (p0),{LEAVERS}"


def test_an_account_that_was_renamed_and_moved_is_found_by_its_id(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    before = one(connector, id)
    server.domain.add(BERLIN, "organizationalUnit")
    server.domain.admin.modify_dn(server.dn_of(id), "CN=Another Name", new_superior=BERLIN)
    server.domain.replace(f"CN=Another Name,{BERLIN}", sAMAccountName=["other"])
    assert connector.grant(before, ENTITLEMENTS["quota"]) is True
    assert (one(connector, id).username, one(connector, id).entitlements) == ("other", {"quota", "everybody"})


def test_the_name_for_signing_in_follows_the_user_name_and_another_one_does_not(server: Server, connect: t.Any) -> None:
    ids = server.fill(2)
    connector = connect()
    server.domain.replace(server.dn_of(ids[1]), userPrincipalName=[f"own.choice@{DOMAIN}"])
    for id, name in zip(ids, ("new0", "new1"), strict=True):
        assert connector.update(one(connector, id), {"username": name, "name": "New Name"}) is True
        assert one(connector, id).username == name
    assert entry(server, ids[0])["userPrincipalName"] == f"new0@{DOMAIN}".encode()
    assert entry(server, ids[1])["userPrincipalName"] == f"own.choice@{DOMAIN}".encode()
    assert entry(server, ids[0])["cn"] == b"Given0 Family0"


def test_the_last_use_is_told(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    assert one(connector, id).last_used is None
    assert server.domain.lets_in(f"p0@{DOMAIN}", "Initial-Passw0rd-p0")
    account = one(connector, id)
    assert account.last_used is not None
    assert account.created is not None
    assert account.created <= account.last_used


# ---- groups


def test_groups_in_groups_and_those_of_the_primary_group_count(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    server.domain.add(f"CN=inner,{GROUPS}", "group", sAMAccountName="inner", member=server.dn_of(id))
    server.domain.add(f"CN=outer,{GROUPS}", "group", sAMAccountName="outer", member=f"CN=inner,{GROUPS}")
    server.domain.add(f"CN=odder,{GROUPS}", "group", sAMAccountName="odder", member=f"CN=outer,{GROUPS}")
    connector = connect()
    account = one(connector, id)
    assert account.entitlements == {"inner", "outer", "everybody"}
    assert account.unknown == {"group:odder (through inner)", "group:Users (through Domain Users)"}
    with pytest.raises(Refused, match="it is in outer through inner"):
        connector.revoke(account, ENTITLEMENTS["outer"])
    assert connector.grant(account, ENTITLEMENTS["everybody"]) is False
    with pytest.raises(Refused, match="through the primary group of the account"):
        connector.revoke(account, ENTITLEMENTS["everybody"])
    assert connector.grant(account, ENTITLEMENTS["outer"]) is True
    with pytest.raises(Refused, match="is no longer, but it is in outer through inner"):
        connector.revoke(account, ENTITLEMENTS["outer"])
    assert connector.revoke(account, ENTITLEMENTS["inner"]) is True
    assert one(connector, id).entitlements == {"everybody"}


def test_a_group_outside_group_base_is_never_left_out(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    server.domain.admin.modify(f"CN=quota,{GROUPS}", {"member": [("MODIFY_ADD", [server.dn_of(id)])]})
    account = one(connect(group_base=LEAVERS), id)
    assert "group:quota" in account.unknown
    assert any(name.startswith("group:S-1-5-21-") for name in account.unknown)


def test_the_top_of_the_domain_is_read_without_other_partitions(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    accounts = {a.username: a for a in connect(user_base=ROOT, leavers_ou=None, home_attribute=None).accounts()}
    assert {"Administrator", "Guest", "krbtgt", "dns-dc1", "rollcall", "p0"} == set(accounts)
    assert accounts["p0"].id == id
    assert accounts["Guest"].state == "suspended"
    assert "group:Administrators" in accounts["Administrator"].unknown


def test_a_group_of_more_than_1500_is_read_in_ranges(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"CN=c{number},{SERVICES}" for number in range(1600)]
    for name in names:
        server.domain.add(name, "contact")
    server.domain.add(f"CN=big,{SERVICES}", "group", sAMAccountName="big", member=names)
    address = DirectoryAddress(
        f"ldaps://{server.domain.host}", SERVICE, CANARY, ca_file=str(server.domain.files.authority)
    )
    directory = Directory(address)
    asked: list[str] = []
    limits = [1500]
    original = directory._search

    def search(base: str, filter: str, attributes: t.Sequence[str], *rest: t.Any, **named: t.Any) -> t.Any:
        # Samba gives ranges to those who ask for them; Windows gives no more than its limit at a time (MaxValRange).
        start = int(attributes[0].partition("=")[2].partition("-")[0] or 0)
        asked.append(attributes[0])
        return original(base, filter, [f"member;range={start}-{start + limits[-1] - 1}"], *rest, **named)

    monkeypatch.setattr(directory, "_search", search)
    for limit, rounds in ((1500, 2), (400, 4), (1600, 1)):
        limits.append(limit)
        asked.clear()
        found = directory.read(f"CN=big,{SERVICES}", ["member"], where="here")
        assert found is not None
        assert sorted(found.texts("member")) == sorted(names)
        assert len(asked) == rounds
    directory.close()


def test_people_come_from_active_directory_too(server: Server, tmp_path: pathlib.Path) -> None:
    ids = server.fill(2)
    server.domain.replace(server.dn_of(ids[1]), manager=[server.dn_of(ids[0])], accountExpires=["134144640000000000"])
    source = {
        "type": "ldap",
        "url": f"ldaps://{server.domain.host}",
        "ca_file": str(server.domain.files.authority),
        "bind_dn": SERVICE,
        "password": CANARY,
        "base": ROOT,
        "filter": "(&(objectCategory=person)(objectClass=user)(employeeID=*))",
        "columns": {"id": "employeeID", "email": "mail", "name": "displayName", "manager": "manager"},
        "attributes": ["objectGUID", "objectSid", "accountExpires", "memberOf"],
        "references": {"manager": "employeeID"},
    }
    people = {person.id: person for person in read_people([source], tmp_path, {}).people}
    assert {id: (p.email, p.manager) for id, p in people.items()} == {
        "e0": ("p0@acme.example", ""),
        "e1": ("p1@acme.example", "e0"),
    }
    attributes = people["e1"].attributes
    assert (attributes["objectGUID"], attributes["accountExpires"]) == (ids[1], "2026-02-02")
    assert attributes["objectSid"].startswith("S-1-5-21-")
    assert people["e0"].attributes["accountExpires"] == ""


# ---- sessions, rights


def test_neither_the_old_password_nor_the_one_before_opens_anything(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    assert connector.end_sessions(one(connector, id)) is True
    assert not server.domain.lets_in(f"p0@{DOMAIN}", "Initial-Passw0rd-p0")
    assert one(connector, id).state == "active"


def test_a_protected_account_is_refused_and_the_reason_is_said(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    account = one(connector, id)
    server.domain.replace(server.dn_of(id), adminCount=["1"])
    server.domain.rights("read")
    for change in (
        lambda: connector.suspend(account),
        lambda: connector.end_sessions(account),
        lambda: connector.update(account, {"email": "x@acme.example"}),
        lambda: connector.delete(account),
    ):
        with pytest.raises(Refused, match="AdminSDHolder"):
            change()


def test_a_missing_right_is_named_with_the_entry(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    account = one(connector, id)
    server.domain.rights("read")
    for change, right in (
        (lambda: connector.grant(account, ENTITLEMENTS["quota"]), f"the right to write member of CN=quota,{GROUPS}"),
        (lambda: connector.create(ADA, []), f"the right to create CN=Ada Lovelace,{PEOPLE}"),
        (lambda: connector.suspend(account), "the right to write userAccountControl of CN=Given0 Family0"),
        (lambda: connector.end_sessions(account), "the right to write unicodePwd of CN=Given0 Family0"),
    ):
        with pytest.raises(Refused) as caught:
            change()
        assert right in str(caught.value)
        assert "AdminSDHolder" not in str(caught.value)


def test_a_sign_in_that_is_refused_says_why(server: Server, connect: t.Any) -> None:
    with pytest.raises(Refused, match="the password is wrong"):
        connect(password="not-" + CANARY).accounts()
    with pytest.raises(Refused, match="not encrypted"):
        connect(url=f"ldap://{server.domain.host}").accounts()
    assert list(connect(url=f"ldap://{server.domain.host}", start_tls=True).accounts()) == []


def test_a_base_without_a_domain_is_refused(connect: t.Any) -> None:
    with pytest.raises(PolicyError, match="user_base"):
        connect(user_base="OU=People")


def test_whatever_breaks_off_is_finished_by_the_repeat(
    server: Server, connect: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    life: list[tuple[t.Callable[[t.Any, Account], t.Any], str, str]] = [
        (lambda c, a: c.create(ADA, [ENTITLEMENTS["quota"]]), f"CN=Ada Lovelace,{PEOPLE}", "active"),
        (lambda c, a: c.suspend(a), f"CN=Ada Lovelace,{LEAVERS}", "suspended"),
        (lambda c, a: c.reactivate(a), f"CN=Ada Lovelace,{PEOPLE}", "active"),
        (lambda c, a: c.delete(a), "", ""),
    ]
    for after in range(1, 6):
        server.reset()
        connector, account = connect(), Account("ad", "")
        for change, dn, state in life:
            with monkeypatch.context() as patch:
                break_off(patch, after)
                with contextlib.suppress(Transient):
                    change(connector, account)
            change(connector, account)
            change(connector, account)
            found = connector.find(AccountKey(external_id="e1"))
            if not dn:
                assert found is None
                continue
            assert found is not None
            account = found
            assert (server.dn_of(account.id), account.state) == (dn, state), after
            assert account.entitlements == {"quota", "everybody"}
            assert len(list(connector.accounts())) == 1


def break_off(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the connection end after so many changes, whose answers are then unknown."""
    original, done = Directory._write, [0]

    def write(self: Directory, *arguments: t.Any) -> None:
        original(self, *arguments)
        done[0] += 1
        if done[0] == after:
            raise Transient("the connection broke off", sent=True)

    monkeypatch.setattr(Directory, "_write", write)
