# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The suite that every product goes through. A module that runs it imports everything from here and sets ``CASES``.

It knows nothing of any product: it looks at the app through the connector and, past it, through the case's server. What
an app does not have is in ``case.without``, with its reason; an operation that is not on offer must change nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import pathlib
import pkgutil
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import value_of
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import connector_class
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    Conflict,
    NotFound,
    Refused,
    Throttled,
    Transient,
    Unsupported,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ProductCase, Server

#: A connector whose operations are called: they are optional, so the base class has none of them.
Operated = t.Any
PEOPLE = 7  # three pages of three
NEW = NewAccount("n.ew", "n.ew@acme.example", "e100", "Nora", "Ew", "Nora Ew")
ODD_NAMES = [
    'quo"te',
    "O'Brien",
    "back\\slash",
    "zoë.東京",
    "wild*card%_?",
    "{{ lookup('pipe', 'id') }}",
    "a b&c=d#e/f?g+h%20",
    "..",
    "x' or '1'='1",
    "*)(objectClass=*",
]


def cases_in(package: str, folder: pathlib.Path) -> list[ProductCase]:
    """Return an instance of every ProductCase that the modules of a package define."""
    found = []
    for module in sorted(info.name for info in pkgutil.iter_modules([str(folder)])):
        if module.startswith("test_"):
            continue
        loaded = importlib.import_module(f"{package}.{module}")
        for kind in vars(loaded).values():
            own = isinstance(kind, type) and issubclass(kind, ProductCase) and kind.__module__ == loaded.__name__
            if own and kind.system:
                found.append(kind())
    return found


def needs(*what: str) -> t.Callable[[t.Any], t.Any]:
    """Say what an app must have for a check to make sense; a case without it says so, and why, in ``without``."""

    def mark(function: t.Any) -> t.Any:
        function.needs = what
        return function

    return mark


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        needed = getattr(metafunc.function, "needs", ())
        cases = [case for case in metafunc.module.CASES if not any(_lacks(case, word) for word in needed)]
        metafunc.parametrize("case", cases, ids=[_name(case) for case in cases], scope="module", indirect=True)


def _name(case: ProductCase) -> str:
    return type(case).__name__.removesuffix("Case")


def _lacks(case: ProductCase, word: str) -> bool:
    if word in ("roles", "adding", "missing"):
        return not getattr(case, word)
    return word in case.without


# ---- fixtures


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest) -> ProductCase:
    return request.param


@pytest.fixture(scope="module")
def started(case: ProductCase) -> t.Iterator[Server]:
    with case.start() as server:
        yield server


@pytest.fixture
def server(started: Server) -> t.Iterator[Server]:
    started.reset()
    yield started
    problems = getattr(started, "problems", [])
    assert not problems, "\n".join(problems)


@pytest.fixture
def people(server: Server) -> list[str]:
    return server.fill(PEOPLE)


@pytest.fixture
def proxy(server: Server) -> t.Iterator[FaultProxy | None]:
    if not server.port:
        yield None
        return
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield proxy


@pytest.fixture
def connector(case: ProductCase, server: Server, proxy: FaultProxy | None, people: list[str]) -> t.Iterator[Operated]:
    quick = {"read_attempts": 1, "read_timeout": 5}
    known = connector_class(case.connector).options
    more = {name: value for name, value in quick.items() if name in known and name not in case.options}
    connector = case.build(server, proxy.port if proxy else 0, **more)
    yield connector
    connector.close()


# ---- looking


def one(connector: Operated, id: str) -> Account:
    found = connector.find(AccountKey(id=id))
    assert found is not None
    assert found.id == id
    return found


def words(case: ProductCase, keys: t.Iterable[str]) -> set[str]:
    entitlements = case.app().entitlements
    return {value_of(entitlements[key]) for key in keys}


@contextlib.contextmanager
def fails(*expected: type[AppError]) -> t.Iterator[list[AppError]]:
    """Expect an error; its text must say where, and nothing that is secret."""
    caught: list[AppError] = []
    with pytest.raises(expected) as info:
        yield caught
    caught.append(info.value)
    assert "app crm" in str(info.value)
    assert CANARY not in str(info.value)
    assert CANARY not in repr(info.value.details)


@contextlib.contextmanager
def nothing_changes(server: Server) -> t.Iterator[None]:
    before = server.accounts()
    yield
    assert server.accounts() == before


@contextlib.contextmanager
def only(server: Server, *ids: str) -> t.Iterator[None]:
    """Whatever happens happens to these accounts alone."""
    before = {id: seen for id, seen in server.accounts().items() if id not in ids}
    yield
    after = {id: seen for id, seen in server.accounts().items() if id not in ids}
    assert {id: after.get(id) for id in before} == before


def offered(connector: Operated, operation: str, server: Server, *arguments: t.Any) -> bool:
    """Return whether an operation is on offer. One that is not must not be carried out when it is called."""
    if connector.can(operation):
        return True
    method = getattr(connector, operation, None)
    if method is not None:
        with nothing_changes(server), pytest.raises((Unsupported, AttributeError)):
            method(*arguments)
    return False


def at_least(case: ProductCase) -> list[t.Any]:
    """Return what an account is made with at least: the lowest role, where there are roles."""
    return [case.app().entitlements[key] for key in case.roles[:1]]


def a_write(case: ProductCase, connector: Operated, id: str) -> t.Callable[[], t.Any]:
    """Return some change of one account that the connector can make."""
    account = one(connector, id)
    entitlements = case.app().entitlements
    if case.adding and connector.can("grant"):
        return lambda: connector.grant(account, entitlements[case.adding[0]])
    if case.roles and connector.can("grant"):
        return lambda: connector.grant(account, entitlements[case.roles[1]])
    for operation in ("suspend", "delete"):
        if connector.can(operation):
            return lambda: getattr(connector, operation)(account)
    return lambda: connector.create(NEW, at_least(case))


# ---- what a case must say


def test_a_case_says_what_it_is_and_gives_reasons(case: ProductCase) -> None:
    assert case.system
    assert len(case.tested) > 20
    for what, why in case.without.items():
        assert len(why) > 15, f"{what}: a reason, in a sentence"


def test_what_the_server_lacks_is_what_the_case_says(case: ProductCase, server: Server) -> None:
    optional = ("revoke_credentials", "take_scope", "limit_seats", "invite", "make_sole_owner")
    for method in optional:
        assert hasattr(server, method) != (method in case.without), method
    for operation, method in (("end_sessions", "sign_in"), ("transfer", "give_property")):
        if operation in connector_class(case.connector).operations():
            assert hasattr(server, method) or method in case.without, method


def test_what_is_said_of_an_app_beforehand_is_what_it_can(
    case: ProductCase, server: Server, connector: Operated
) -> None:
    kind = connector_class(case.connector)
    beforehand = kind.operations_for({**server.connection(server.port), **case.options})
    assert beforehand == {name for name in kind.operations() if connector.can(name)}


# ---- reading


def test_everybody_is_listed_once_over_all_pages(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str]
) -> None:
    if proxy:
        proxy.clear()
    accounts = list(connector.accounts())
    seen = server.accounts()
    assert sorted(account.id for account in accounts) == sorted(seen)
    assert len(accounts) >= PEOPLE
    if proxy and "three_pages" not in case.without:
        assert len(proxy.seen) >= 3
    for account in accounts:
        assert account.app == "crm"
        assert account.email.casefold() == seen[account.id].email.casefold()
        assert account.state == seen[account.id].state


def test_a_listed_account_has_what_the_app_says(case: ProductCase, server: Server, connector: Operated) -> None:
    entitlements = case.app().entitlements
    seen = server.accounts()
    for account in connector.accounts():
        expected = {key for key, e in entitlements.items() if value_of(e) in seen[account.id].has}
        assert account.entitlements == expected


@pytest.mark.parametrize("field", ["id", "email"])
def test_an_account_is_found_by(case: ProductCase, connector: Operated, people: list[str], field: str) -> None:
    wanted = {"id": people[5], "email": "P5@acme.example"}[field]
    found = connector.find(AccountKey(**{field: wanted}))
    assert found is not None
    assert found.id == people[5]
    assert connector.find(AccountKey(email="x" + "p5@acme.example")) is None


@needs("username")
def test_an_account_is_found_by_its_user_name(case: ProductCase, connector: Operated, people: list[str]) -> None:
    account = one(connector, people[5])
    found = connector.find(AccountKey(username=account.username))
    assert found is not None
    assert found.id == people[5]


@needs("external_id")
def test_an_account_is_found_by_its_external_id(case: ProductCase, connector: Operated, people: list[str]) -> None:
    found = connector.find(AccountKey(external_id="e5"))
    assert found is not None
    assert found.id == people[5]
    assert found.external_id == "e5"
    assert connector.find(AccountKey(external_id="e")) is None


def test_find_shows_the_same_account_as_the_list(case: ProductCase, connector: Operated, people: list[str]) -> None:
    listed = {account.id: account for account in connector.accounts()}
    for id in (people[0], people[-1]):
        assert connector.find(AccountKey(id=id)) == listed[id]


@needs("rename")
def test_an_account_is_found_under_a_changed_email(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    server.rename(people[2], "renamed@acme.example")
    found = connector.find(AccountKey(id=people[2], email="p2@acme.example"))
    assert found is not None
    assert (found.id, found.email.casefold()) == (people[2], "renamed@acme.example")
    assert connector.find(AccountKey(email="p2@acme.example")) is None
    again = connector.find(AccountKey(email="renamed@acme.example"))
    assert again is not None
    assert again.id == people[2]


def test_no_name_finds_somebody_else(case: ProductCase, connector: Operated, people: list[str]) -> None:
    for name in ODD_NAMES:
        assert connector.find(AccountKey(email=f"{name}@acme.example")) is None
        assert connector.find(AccountKey(username=name, external_id=name)) is None
        assert connector.find(AccountKey(id=name)) is None


def test_an_account_that_is_not_there_is_none(case: ProductCase, connector: Operated, people: list[str]) -> None:
    assert connector.find(AccountKey(id="nobody-has-this-id", email="nobody@acme.example")) is None


# ---- creating


def test_create_makes_one_account_with_what_it_is_given(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    entitlements = case.app().entitlements
    wanted = [*case.roles[-1:], *case.adding[:1]] if connector.can("grant") else []
    if not offered(connector, "create", server, NEW, []):
        return
    before = set(server.accounts())
    with only(server):
        made = connector.create(NEW, [entitlements[key] for key in wanted])
    after = server.accounts()
    (id,) = set(after) - before
    assert made.id == id
    assert after[id].email.casefold() == NEW.email
    if made.state != "invited" or after[id].has:
        assert words(case, wanted) <= after[id].has
    with nothing_changes(server):
        again = connector.create(NEW, [entitlements[key] for key in wanted])
    assert again.id == made.id


@needs("missing")
def test_nothing_is_created_with_an_entitlement_that_is_not_there(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    if connector.can("create"):
        with nothing_changes(server), fails(NotFound, Refused):
            connector.create(NEW, [case.app().entitlements[case.missing]])


def test_a_create_whose_answer_was_lost_makes_no_second_account(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str]
) -> None:
    if proxy is None or not connector.can("create"):
        return
    before = set(server.accounts())
    for method in ("POST", "PUT"):
        proxy.arm("lost_answer", method=method, times=1)
    with contextlib.suppress(Transient):
        connector.create(NEW, at_least(case))
    proxy.clear()
    made = connector.create(NEW, at_least(case))
    assert set(server.accounts()) - before == {made.id}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_an_app_that_has_enough_once_the_account_is_made_is_told_from_one_that_made_none(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str], method: str
) -> None:
    """Whoever tries again looks for the account with patience then, since apps show late what is new."""
    if proxy is None or not connector.can("create"):
        return
    wanted = [case.app().entitlements[key] for key in [*case.roles[-1:], *case.adding[:1]]]
    for number in range(3):
        before = set(server.accounts())
        proxy.clear()
        proxy.arm("status", method=method, skip=number, times=99, status=429, body=b"")
        new = dataclasses.replace(
            NEW, username=f"n{number}.{NEW.username}", email=f"n{number}.{NEW.email}", external_id=f"{number}77"
        )
        told = True
        try:
            connector.create(new, wanted if connector.can("grant") else at_least(case))
        except Throttled as error:
            told = bool(error.details.get("sent"))
        except (Refused, Transient):
            pass  # of these it is known already that the account may be there
        assert told or set(server.accounts()) == before, f"{method}, after {number}"


@needs("limit_seats")
def test_no_seat_left_is_refused_in_words(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    if connector.can("create"):
        server.limit_seats()
        with nothing_changes(server), fails(Refused) as caught:
            wanted = [case.app().entitlements[key] for key in (*case.roles[:1], *case.adding[:1])]
            connector.create(NEW, wanted)
        assert len(caught[0].message) > 20


@needs("invite")
def test_a_pending_invitation_is_no_active_account(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    id = server.invite("invited@acme.example")
    found = connector.find(AccountKey(email="invited@acme.example"))
    assert found is not None
    assert (found.id, found.state) == (id, "invited")
    assert [a.state for a in connector.accounts() if a.id == id] == ["invited"]
    operation = next((name for name in ("delete", "suspend") if connector.can(name)), "")
    if operation:
        with only(server, id):
            assert getattr(connector, operation)(found) is True
        seen = server.accounts().get(id)
        assert seen is None or seen.state == "suspended"


# ---- entitlements


@needs("adding")
def test_what_adds_up_is_given_and_taken_once(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    id = people[1]
    for key in case.adding:
        entitlement = case.app().entitlements[key]
        account = one(connector, id)
        if not offered(connector, "grant", server, account, entitlement):
            continue
        before = server.accounts()[id]
        with only(server, id):
            assert connector.grant(account, entitlement) is True
        assert server.accounts()[id].has == before.has | {value_of(entitlement)}
        assert key in one(connector, id).entitlements
        with nothing_changes(server):
            assert connector.grant(one(connector, id), entitlement) is False
        if not offered(connector, "revoke", server, account, entitlement):
            continue
        with only(server, id):
            assert connector.revoke(one(connector, id), entitlement) is True
        assert server.accounts()[id].has == before.has
        assert key not in one(connector, id).entitlements
        with nothing_changes(server):
            assert connector.revoke(one(connector, id), entitlement) is False


@needs("roles")
def test_a_role_takes_the_place_of_the_one_before(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    id = people[1]
    low, high = (case.app().entitlements[key] for key in case.roles[:2])
    account = one(connector, id)
    if not offered(connector, "grant", server, account, high):
        return
    with only(server, id):
        assert connector.grant(account, high) is True
    has = server.accounts()[id].has
    assert value_of(high) in has
    assert value_of(low) not in has
    assert one(connector, id).entitlements & set(case.roles) == {high.key}
    with nothing_changes(server):
        assert connector.grant(one(connector, id), high) is False
    with only(server, id):
        assert connector.grant(one(connector, id), low) is True
    assert one(connector, id).entitlements & set(case.roles) == {low.key}


@needs("missing")
def test_an_entitlement_that_is_not_there_is_named(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    entitlement = case.app().entitlements[case.missing]
    if connector.can("grant"):
        with nothing_changes(server), fails(NotFound, Refused) as caught:
            connector.grant(one(connector, people[1]), entitlement)
        assert value_of(entitlement) in str(caught[0])


# ---- the account's life


def test_suspend_and_reactivate(case: ProductCase, server: Server, connector: Operated, people: list[str]) -> None:
    id = people[3]
    if not offered(connector, "suspend", server, one(connector, id)):
        return
    with only(server, id):
        assert connector.suspend(one(connector, id)) is True
    assert server.accounts()[id].state == "suspended"
    assert one(connector, id).state == "suspended"
    with nothing_changes(server):
        assert connector.suspend(one(connector, id)) is False
    assert id in {account.id for account in connector.accounts()}
    if not offered(connector, "reactivate", server, one(connector, id)):
        return
    with only(server, id):
        assert connector.reactivate(one(connector, id)) is True
    assert server.accounts()[id].state == "active"
    with nothing_changes(server):
        assert connector.reactivate(one(connector, id)) is False


def test_delete_removes_one_account(case: ProductCase, server: Server, connector: Operated, people: list[str]) -> None:
    id = people[3]
    account = one(connector, id)
    if not offered(connector, "delete", server, account):
        return
    with only(server, id):
        assert connector.delete(account) is True
    assert id not in server.accounts()
    assert connector.find(AccountKey(id=id, email="p3@acme.example")) is None
    with nothing_changes(server):
        assert connector.delete(account) is False


def test_an_address_is_changed_or_left_to_a_person(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    id = people[4]
    account = one(connector, id)
    change = {"email": "moved@acme.example"}
    if not offered(connector, "update", server, account, change):
        return
    try:
        with only(server, id):
            done = connector.update(account, change)
    except (Unsupported, Refused):
        assert server.accounts()[id].email == "p4@acme.example"
        return
    assert done is True
    assert server.accounts()[id].email == "moved@acme.example"
    with nothing_changes(server):
        assert connector.update(one(connector, id), change) is False


@needs("make_sole_owner")
def test_the_last_owner_is_not_let_go_and_says_so(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    server.make_sole_owner(people[0])
    account = one(connector, people[0])
    tried = 0
    for operation in ("suspend", "delete"):
        if connector.can(operation):
            tried += 1
            with nothing_changes(server), fails(Refused, Conflict):
                getattr(connector, operation)(account)
    assert tried or not connector.operations()


@needs("sign_in")
def test_sessions_and_tokens_end(case: ProductCase, server: Server, connector: Operated, people: list[str]) -> None:
    if not hasattr(server, "sign_in"):
        assert not connector.can("end_sessions")
        return
    for id in people[:2]:
        server.sign_in(id)
    assert server.live_credentials(people[0])
    if not offered(connector, "end_sessions", server, one(connector, people[0])):
        return
    assert connector.end_sessions(one(connector, people[0])) is True
    assert server.live_credentials(people[0]) == 0
    assert server.live_credentials(people[1])


@needs("give_property")
def test_what_a_leaver_owns_is_handed_over(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    if not hasattr(server, "give_property"):
        assert not connector.can("transfer")
        return
    server.give_property(people[1])
    leaver, heir = one(connector, people[1]), one(connector, people[2])
    if offered(connector, "transfer", server, leaver, heir):
        assert connector.transfer(leaver, heir) is True
        assert server.owner_of_property() == people[2]


# ---- faults


@needs("revoke_credentials")
def test_credentials_that_expired_are_refused_in_words(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    write = a_write(case, connector, people[1])
    server.revoke_credentials()
    for attempt in (
        lambda: list(connector.accounts()),
        lambda: connector.find(AccountKey(id=people[0])),
        lambda: connector.find(AccountKey(email="p0@acme.example")),
    ):
        with fails(Refused):
            attempt()
    with nothing_changes(server), fails(Refused):
        write()


@needs("take_scope")
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
def test_a_permission_that_is_missing_is_named(
    case: ProductCase, server: Server, connector: Operated, people: list[str], write: bool
) -> None:
    change = a_write(case, connector, people[1])
    word = server.take_scope(write)
    with nothing_changes(server), fails(Refused) as caught:
        if write:
            change()
        else:
            list(connector.accounts())
    assert word
    assert word in str(caught[0])


@pytest.mark.parametrize(
    ("status", "headers", "expected", "wait"),
    [
        (429, {"Retry-After": "7"}, Throttled, 7.0),
        (429, {}, Throttled, None),
        (503, {}, Transient, None),
        (500, {}, Transient, None),
    ],
)
def test_an_app_that_cannot_now_is_not_an_app_without_accounts(
    case: ProductCase,
    server: Server,
    connector: Operated,
    proxy: FaultProxy | None,
    people: list[str],
    status: int,
    headers: dict[str, str],
    expected: type[AppError],
    wait: float | None,
) -> None:
    if proxy is None:
        return
    account = one(connector, people[0])
    for method in ("GET", "POST"):
        proxy.arm("status", method=method, status=status, headers=headers, body=b"")
    for attempt in (
        lambda: list(connector.accounts()),
        lambda: connector.find(AccountKey(id=account.id)),
        lambda: connector.find(AccountKey(email=account.email)),
    ):
        with nothing_changes(server), fails(expected) as caught:
            attempt()
        if isinstance(caught[0], Throttled) and wait is not None:
            assert caught[0].retry_after == wait


@pytest.mark.parametrize("kind", ["reset", "invalid_json", "status"])
def test_a_list_that_breaks_off_is_an_error(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str], kind: str
) -> None:
    if proxy is None:
        return
    for skip in (0, 1):
        proxy.clear()
        for method in ("GET", "POST"):
            proxy.arm(kind, method=method, skip=skip, status=404)
        if skip and "three_pages" in case.without:
            continue
        with fails(Transient, Broken, NotFound, Refused):
            list(connector.accounts())


@needs("three_pages", "page_twice")
def test_a_page_that_comes_twice_is_an_error(
    case: ProductCase, connector: Operated, proxy: FaultProxy | None, people: list[str]
) -> None:
    if proxy is not None:
        for method in ("GET", "POST"):
            proxy.arm("page_twice", method=method, skip=1)
        with fails(Broken, Transient, Refused):
            list(connector.accounts())


def test_a_change_whose_answer_was_lost_is_repeated_safely(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str]
) -> None:
    if proxy is None:
        return
    id = people[1]
    write = a_write(case, connector, id)
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        proxy.arm("lost_answer", method=method, times=1)
    with only(server, id):
        for _unused in range(6):
            with contextlib.suppress(Transient):
                write()
                break
        proxy.clear()
        with contextlib.suppress(NotFound):
            assert write() in (False, None) or connector.can("create")
    assert len(server.accounts()) <= PEOPLE + 50


__all__ = [name for name in globals() if name.startswith("test_")] + [
    "case",
    "cases_in",
    "connector",
    "people",
    "proxy",
    "pytest_generate_tests",
    "server",
    "started",
]
