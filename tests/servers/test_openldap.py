# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about directories, on a real slapd: nested groups, last members, leavers, names, and locks."""

from __future__ import annotations

import contextlib
import typing as t

import ldap3
import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import build
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    Conflict,
    NotFound,
    PolicyError,
    Refused,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountKey,
    App,
    Entitlement,
    NewAccount,
)
from ansible_collections.rollcall.access.plugins.module_utils.protocols.directory import Directory
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD
from ansible_collections.rollcall.access.tests.servers import slapd
from ansible_collections.rollcall.access.tests.servers.products.openldap import LOCKED, Server, escaped
from ansible_collections.rollcall.access.tests.servers.slapd import GROUPS, LEAVERS, NOBODY, PEOPLE

BERLIN = f"ou=berlin,{PEOPLE}"
WORDS = {"quota": "quota", "odd": ODD, "inner": "inner", "outer": "outer", "unix": "unix", "crew": "crew"}
ENTITLEMENTS = {key: Entitlement(key, "group", value) for key, value in WORDS.items()}
ADA = NewAccount("ada", "ada@acme.example", "e1", "Ada", "Lovelace", "Ada Lovelace")


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "references"])
def started(request: pytest.FixtureRequest) -> t.Iterator[Server]:
    """A server that leaves the members of groups to others, and one that keeps them right by itself."""
    with slapd.running(references=request.param) as server:
        yield Server(server)


@pytest.fixture
def server(started: Server) -> Server:
    started.reset()
    return started


@pytest.fixture
def connect(server: Server) -> t.Iterator[t.Callable[..., t.Any]]:
    built: list[t.Any] = []

    def connect(**options: t.Any) -> t.Any:
        found = {k: v for k, v in {**server.connection(0), "page_size": 3, **options}.items() if v is not None}
        built.append(build(App("dir", connector="ldap", entitlements=ENTITLEMENTS), found))
        return built[-1]

    yield connect
    for connector in built:
        connector.close()


def one(connector: t.Any, id: str) -> Account:
    found = connector.find(AccountKey(id=id))
    assert found is not None
    assert found == next(account for account in connector.accounts() if account.id == id)
    return found


def members(server: Server, group: str) -> list[str]:
    entry = next(iter(server.slapd.entries(f"cn={group},{GROUPS}", scope="BASE").values()))
    return [name for kind in ("member", "uniqueMember", "memberUid") for name in entry.get(kind, []) if name != NOBODY]


# ---- nested groups


def nest(server: Server, user: str) -> None:
    server.slapd.add(f"cn=inner,{GROUPS}", ["groupOfNames"], member=[user, f"cn=hidden,{GROUPS}"])
    server.slapd.add(f"cn=outer,{GROUPS}", ["groupOfNames"], member=f"CN=Inner, {GROUPS}")
    server.slapd.add(f"cn=hidden,{GROUPS}", ["groupOfUniqueNames"], uniqueMember=f"cn=outer,{GROUPS}")  # a circle


def test_a_group_in_a_group_gives_access_and_says_through_which(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    nest(server, f"uid=p0,{PEOPLE}")
    account = one(connect(), id)
    assert account.entitlements == {"inner", "outer"}
    assert account.unknown == {"group:hidden (through inner)"}


def test_what_is_inherited_is_not_revoked_but_refused_with_the_group_in_between(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    nest(server, f"uid=p0,{PEOPLE}")
    connector = connect()
    with pytest.raises(Refused, match="it is in outer through inner"):
        connector.revoke(one(connector, id), ENTITLEMENTS["outer"])
    assert connector.grant(one(connector, id), ENTITLEMENTS["outer"]) is True
    with pytest.raises(Refused, match="is no longer, but it is in outer through inner"):
        connector.revoke(one(connector, id), ENTITLEMENTS["outer"])
    assert members(server, "outer") == [f"cn=Inner,{GROUPS}"]
    assert connector.revoke(one(connector, id), ENTITLEMENTS["inner"]) is True
    assert one(connector, id).entitlements == set()


def test_where_apps_do_not_follow_nesting_it_does_not_count(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    nest(server, f"uid=p0,{PEOPLE}")
    account = one(connect(nested_groups=False), id)
    assert (account.entitlements, account.unknown) == ({"inner"}, set())


def test_the_group_by_number_is_shown_and_not_revoked(server: Server, connect: t.Any) -> None:
    dn = f"uid=p0,{PEOPLE}"
    server.slapd.add(
        dn,
        ["inetOrgPerson", "posixAccount"],
        uid="p0",
        cn="P",
        sn="P",
        uidNumber="1",
        gidNumber="4711",
        homeDirectory="/",
    )
    connector = connect()
    account = one(connector, server.id_of(dn))
    assert account.entitlements == {"unix"}
    with pytest.raises(Refused, match="the primary group of the account"):
        connector.revoke(account, ENTITLEMENTS["unix"])


def test_two_groups_of_one_name_are_not_guessed(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    server.slapd.add(f"ou=old,{GROUPS}", ["organizationalUnit"])
    server.slapd.add(f"cn=quota,ou=old,{GROUPS}", ["groupOfNames"], member=NOBODY)
    connector = connect()
    for attempt in (connector.accounts, lambda: connector.find(AccountKey(id=id))):
        with pytest.raises(Conflict, match="2 groups are called 'quota'"):
            attempt()
    dn = Entitlement("quota", "group", f"CN=quota, {GROUPS}")
    by_dn = build(App("dir", connector="ldap", entitlements={"quota": dn}), server.connection(0))
    assert by_dn.grant(one(by_dn, id), dn) is True  # type: ignore[attr-defined]
    assert one(by_dn, id).entitlements == {"quota"}
    by_dn.close()


# ---- the last member


def test_the_last_member_is_not_taken_out_without_somebody_in_its_place(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    server.slapd.add(f"cn=inner,{GROUPS}", ["groupOfNames"], member=f"uid=p0,{PEOPLE}")
    connector = connect(placeholder_member=None)
    for attempt in (
        lambda: connector.revoke(one(connector, id), ENTITLEMENTS["inner"]),
        lambda: connector.delete(one(connector, id)),
    ):
        with pytest.raises(Refused, match="the last member of the group inner"):
            attempt()
    assert members(server, "inner") == [f"uid=p0,{PEOPLE}"]
    with_placeholder = connect()
    assert with_placeholder.revoke(one(with_placeholder, id), ENTITLEMENTS["inner"]) is True
    assert members(server, "inner") == []


# ---- leaving, returning, renaming


def test_a_leaver_goes_to_the_leavers_and_returns_to_where_it_was(server: Server, connect: t.Any) -> None:
    server.slapd.add(BERLIN, ["organizationalUnit"])
    id = server.person(f"uid=ada,{BERLIN}", "ada", "ada@acme.example", "e1")
    connector = connect()
    for key in ("quota", "crew", "unix"):
        connector.grant(one(connector, id), ENTITLEMENTS[key])
    assert connector.suspend(one(connector, id)) is True
    assert server.dn_of(id) == f"uid=ada,{LEAVERS}"
    assert one(connector, id).state == "suspended"
    assert one(connector, id).entitlements == {"quota", "crew", "unix"}
    assert connector.reactivate(one(connector, id)) is True
    assert server.dn_of(id) == f"uid=ada,{BERLIN}"
    assert one(connector, id).entitlements == {"quota", "crew", "unix"}
    assert "seeAlso" not in server.slapd.entries(BERLIN, "(uid=ada)")[f"uid=ada,{BERLIN}"]


def test_with_a_home_ou_everybody_returns_there(server: Server, connect: t.Any) -> None:
    server.slapd.add(BERLIN, ["organizationalUnit"])
    (id,) = server.fill(1)
    connector = connect(home_attribute=None, home_ou=BERLIN, suspend_by="move")
    assert connector.suspend(one(connector, id)) is True
    assert one(connector, id).state == "suspended"
    assert connector.suspend(one(connector, id)) is False
    assert connector.reactivate(one(connector, id)) is True
    assert server.dn_of(id) == f"uid=p0,{BERLIN}"
    assert one(connector, id).state == "active"


def test_a_home_outside_the_place_of_accounts_is_not_believed(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    connector.suspend(one(connector, id))
    server.slapd.replace(server.dn_of(id), seeAlso=[slapd.SERVICES])
    assert connector.reactivate(one(connector, id)) is True
    assert server.dn_of(id) == f"uid=p0,{PEOPLE}"


def test_groups_that_a_broken_off_move_left_behind_follow_at_the_repeat(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    connector.grant(one(connector, id), ENTITLEMENTS["quota"])
    server.slapd.replace(f"uid=p0,{PEOPLE}", pwdAccountLockedTime=[LOCKED], seeAlso=[PEOPLE])
    server.slapd.admin.modify_dn(f"uid=p0,{PEOPLE}", "uid=p0", new_superior=LEAVERS)
    connector.suspend(one(connector, id))
    assert members(server, "quota") == [f"uid=p0,{LEAVERS}"]


def test_nobody_says_where_leavers_return_to(server: Server, connect: t.Any) -> None:
    with pytest.raises(PolicyError, match="nothing says where they return to"):
        connect(home_attribute=None)
    with pytest.raises(PolicyError, match="home_ou is within leavers_ou"):
        connect(home_ou=f"ou=x,{LEAVERS}")


def test_a_new_user_name_renames_the_entry_and_its_groups_follow(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    for key in ("quota", "crew", "unix"):
        connector.grant(one(connector, id), ENTITLEMENTS[key])
    name = 'Jo "the, +\\\\ <u> *('
    assert connector.update(one(connector, id), {"username": name, "name": ODD}) is True
    account = one(connector, id)
    assert (account.username, account.name) == (name, ODD)
    assert account.entitlements == {"quota", "crew", "unix"}
    assert members(server, "unix") == [name]
    assert connector.find(AccountKey(username=name)) == account
    assert connector.update(account, {"username": name, "name": ODD}) is False


def test_a_name_that_a_group_cannot_hold_changes_nothing(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    connector.grant(one(connector, id), ENTITLEMENTS["unix"])
    with pytest.raises(Refused, match="memberUid"):  # it takes ASCII alone
        connector.update(one(connector, id), {"username": "jürgen"})
    assert one(connector, id).username == "p0"
    assert members(server, "unix") == ["p0"]


def test_a_new_account_does_not_inherit_the_groups_of_a_namesake(server: Server, connect: t.Any) -> None:
    server.slapd.admin.modify(f"cn=quota,{GROUPS}", {"member": [("MODIFY_ADD", [f"uid=ada,{PEOPLE}"])]})
    assert connect().create(ADA, []).entitlements == set()


def test_an_account_moved_by_somebody_else_is_found_by_its_id(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    before = one(connector, id)
    server.slapd.add(BERLIN, ["organizationalUnit"])
    server.slapd.admin.modify_dn(f"uid=p0,{PEOPLE}", "uid=renamed", new_superior=BERLIN)
    assert connector.grant(before, ENTITLEMENTS["quota"]) is True
    assert members(server, "quota") == [f"uid=renamed,{BERLIN}"]


def test_who_is_deleted_leaves_no_place_in_a_group_for_a_namesake(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    for key in ("quota", "crew", "unix"):
        connector.grant(one(connector, id), ENTITLEMENTS[key])
    assert connector.delete(one(connector, id)) is True
    assert [members(server, group) for group in ("quota", "crew", "unix")] == [[], [], []]
    assert connector.create(NewAccount("p0", "new@acme.example", "e9"), []).entitlements == set()


# ---- suspending


def test_a_locked_account_cannot_sign_in(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect(leavers_ou=None, home_attribute=None)
    server.slapd.replace(f"uid=p0,{PEOPLE}", userPassword=[CANARY])
    server.slapd.signed_in(f"uid=p0,{PEOPLE}", CANARY).unbind()
    connector.suspend(one(connector, id))
    with pytest.raises(ldap3.core.exceptions.LDAPInvalidCredentialsResult):
        server.slapd.signed_in(f"uid=p0,{PEOPLE}", CANARY)
    connector.reactivate(one(connector, id))
    server.slapd.signed_in(f"uid=p0,{PEOPLE}", CANARY).unbind()


def test_a_lock_after_wrong_passwords_is_no_suspension(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    server.slapd.replace(f"uid=p0,{PEOPLE}", pwdAccountLockedTime=["20260101120000Z"])
    assert one(connector, id).state == "active"
    assert connector.suspend(one(connector, id)) is True
    assert one(connector, id).state == "suspended"


@pytest.mark.parametrize(
    ("way", "object_class", "attribute"),
    [("ns_account_lock", "lockable", "nsAccountLock"), ("shadow_expire", "shadowAccount", "shadowExpire")],
)
def test_other_ways_to_suspend(server: Server, connect: t.Any, way: str, object_class: str, attribute: str) -> None:
    (id,) = server.fill(1)
    dn = f"uid=p0,{PEOPLE}"
    connector = connect(suspend_by=way, leavers_ou=None, home_attribute=None)
    with pytest.raises(Refused, match=attribute):  # the entry is not of the class that has the attribute
        connector.suspend(one(connector, id))
    server.slapd.admin.modify(dn, {"objectClass": [("MODIFY_ADD", [object_class])]})
    assert connector.suspend(one(connector, id)) is True
    assert one(connector, id).state == "suspended"
    assert connector.suspend(one(connector, id)) is False
    assert connector.reactivate(one(connector, id)) is True
    assert attribute not in server.slapd.entries(dn)[dn]


def test_an_expiry_in_the_future_is_no_suspension(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    server.slapd.admin.modify(f"uid=p0,{PEOPLE}", {"objectClass": [("MODIFY_ADD", ["shadowAccount"])]})
    server.slapd.replace(f"uid=p0,{PEOPLE}", shadowExpire=["99999"])
    assert one(connect(suspend_by="shadow_expire", leavers_ou=None), id).state == "active"


def test_what_the_catalog_does_not_say_is_not_on_offer(server: Server, connect: t.Any) -> None:
    bare = connect(leavers_ou=None, home_attribute=None, suspend_by=None, group_base=None)
    offered = [name for name in ("create", "grant", "revoke", "suspend", "reactivate", "delete") if bare.can(name)]
    assert offered == ["create", "delete"]


# ---- whose account it is


def test_a_name_that_is_somebody_elses_is_a_conflict(server: Server, connect: t.Any) -> None:
    server.fill(2)
    connector = connect()
    for new in (
        NewAccount("p0", "ada@acme.example", "e77"),
        NewAccount("ada", "P1@acme.example", "e77"),
    ):
        with pytest.raises(Conflict, match="is taken by"):
            connector.create(new, [])


def test_several_with_one_address_are_a_conflict(server: Server, connect: t.Any) -> None:
    server.fill(2)
    server.slapd.replace(f"uid=p0,{PEOPLE}", mail=["p0@acme.example", "both@acme.example"])
    server.slapd.replace(f"uid=p1,{PEOPLE}", mail=["both@acme.example"])
    with pytest.raises(Conflict, match="2 accounts have this email"):
        connect().find(AccountKey(email="Both@acme.example"))


def test_a_new_address_leaves_the_aliases(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    server.slapd.replace(f"uid=p0,{PEOPLE}", mail=["p0@acme.example", "alias@acme.example"])
    connector = connect()
    assert connector.update(one(connector, id), {"email": "new@acme.example"}) is True
    assert one(connector, id).email == "new@acme.example"
    assert connector.update(one(connector, id), {"email": "alias@acme.example"}) is True
    assert one(connector, id).email == "alias@acme.example"
    entry = server.slapd.entries(f"uid=p0,{PEOPLE}")[f"uid=p0,{PEOPLE}"]
    assert entry["mail"] == ["alias@acme.example"]


def test_an_account_that_has_gone_is_told(server: Server, connect: t.Any) -> None:
    connector = connect()
    with pytest.raises(NotFound):
        connector.grant(Account("dir", "00000000-0000-1000-8000-000000000000"), ENTITLEMENTS["quota"])


# ---- rights


def test_members_that_may_not_be_read_are_not_taken_for_none(server: Server, connect: t.Any) -> None:
    server.fill(1)
    connector = connect(bind_dn=f"cn=other,{slapd.SERVICES}")
    config = server.slapd.signed_in("cn=config", "fixture")
    config.search("cn=config", "(olcSuffix=*)", attributes=["olcAccess"])
    hide = '{0}to attrs=member by dn.exact="cn=other,' + slapd.SERVICES + '" none by * break'
    config.modify(config.response[0]["dn"], {"olcAccess": [("MODIFY_ADD", [hide])]})
    with pytest.raises(Refused, match="shows no member"):
        connector.accounts()


def test_a_missing_right_is_named_with_the_entry(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect()
    account = one(connector, id)
    server.take_scope(write=True)
    for change, right in (
        (lambda: connector.grant(account, ENTITLEMENTS["quota"]), f"the right to write member of cn=quota,{GROUPS}"),
        (lambda: connector.create(ADA, []), f"the right to create uid=ada,{PEOPLE}"),
        (lambda: connector.delete(account), f"the right to delete uid=p0,{PEOPLE}"),
        (lambda: connector.update(account, {"email": "x@y.z"}), f"the right to write mail of uid=p0,{PEOPLE}"),
        (lambda: connector.suspend(account), "the right to write pwdAccountLockedTime, seeAlso of uid=p0"),
    ):
        with pytest.raises(Refused) as caught:
            change()
        assert right in str(caught.value)


def test_odd_names_are_one_value_everywhere(server: Server, connect: t.Any) -> None:
    connector = connect()
    made = connector.create(
        NewAccount(ODD, "odd@acme.example", "*)(uid=*", "Zoë", "O'B(r)ien*", ODD), [ENTITLEMENTS["odd"]]
    )
    assert (made.username, made.external_id, made.family_name) == (ODD, "*)(uid=*", "O'B(r)ien*")
    assert made.entitlements == {"odd"}
    assert connector.find(AccountKey(external_id="*)(uid=*")) == made
    assert connector.find(AccountKey(external_id="*")) is None
    assert members(server, escaped(ODD)) != []
    assert connector.suspend(made) is True
    assert connector.reactivate(made) is True
    assert connector.delete(made) is True


def test_a_user_name_that_is_not_in_the_dn_is_followed_by_posix_groups(server: Server, connect: t.Any) -> None:
    id = server.person(f"cn=Ada,{PEOPLE}", "ada", "ada@acme.example", "e1", "Ada", "L")
    connector = connect(naming_attribute="cn")
    connector.grant(one(connector, id), ENTITLEMENTS["unix"])
    assert connector.update(one(connector, id), {"username": "lovelace"}) is True
    assert members(server, "unix") == ["lovelace"]
    assert server.dn_of(id) == f"cn=Ada,{PEOPLE}"


# ---- runs that end in between


def break_off(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the connection end after so many changes, whose answers are then unknown."""
    original, done = Directory._write, [0]

    def write(self: Directory, *arguments: t.Any) -> None:
        original(self, *arguments)
        done[0] += 1
        if done[0] == after:
            raise Transient("the connection broke off", sent=True)

    monkeypatch.setattr(Directory, "_write", write)


def test_whatever_breaks_off_is_finished_by_the_repeat(
    server: Server, connect: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    entitlements = [ENTITLEMENTS["quota"], ENTITLEMENTS["crew"], ENTITLEMENTS["unix"]]
    has = {"quota", "crew", "unix"}
    life: list[tuple[str, t.Callable[[t.Any, Account], t.Any], str, str]] = [
        ("create", lambda c, a: c.create(ADA, entitlements), f"uid=ada,{PEOPLE}", "active"),
        ("rename", lambda c, a: c.update(a, {"username": "lovelace"}), f"uid=lovelace,{PEOPLE}", "active"),
        ("suspend", lambda c, a: c.suspend(a), f"uid=lovelace,{LEAVERS}", "suspended"),
        ("reactivate", lambda c, a: c.reactivate(a), f"uid=lovelace,{PEOPLE}", "active"),
        ("delete", lambda c, a: c.delete(a), "", ""),
    ]
    for after in range(1, 12):
        server.reset()
        connector = connect()
        account = Account("dir", "")
        for name, change, dn, state in life:
            with monkeypatch.context() as patch:
                break_off(patch, after)
                with contextlib.suppress(Transient):
                    change(connector, account)
            change(connector, account)
            change(connector, account)
            found = connector.find(AccountKey(external_id="e1"))
            if not dn:
                assert found is None, (name, after)
                assert [members(server, group) for group in ("quota", "crew", "unix")] == [[], [], []]
                continue
            assert found is not None
            account = found
            assert (server.dn_of(account.id), account.state, account.entitlements) == (dn, state, has), (name, after)
            assert len(list(connector.accounts())) == 1


def test_a_name_or_a_place_that_is_taken_gives_nobody_anothers_groups(server: Server, connect: t.Any) -> None:
    first, _second = server.fill(2)
    connector = connect()
    for key in ("quota", "unix"):
        connector.grant(one(connector, first), ENTITLEMENTS[key])
    server.person(f"uid=p0,{LEAVERS}", "p0x", "x@acme.example")
    for change in (
        lambda: connector.update(one(connector, first), {"username": "P1"}),
        lambda: connector.suspend(one(connector, first)),
    ):
        with pytest.raises(Conflict):
            change()
        assert members(server, "quota") == [f"uid=p0,{PEOPLE}"]
        assert members(server, "unix") == ["p0"]


def test_a_place_for_leavers_that_is_not_there_is_told_and_leaves_the_groups(server: Server, connect: t.Any) -> None:
    (id,) = server.fill(1)
    connector = connect(leavers_ou=f"ou=nowhere,{PEOPLE}")
    connector.grant(one(connector, id), ENTITLEMENTS["quota"])
    with pytest.raises(NotFound, match="ou=nowhere"):
        connector.suspend(one(connector, id))
    assert members(server, "quota") == [f"uid=p0,{PEOPLE}"]
    assert one(connector, id).state == "suspended"  # the lock came first
