# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the suite of products stands on: its fixtures, what a check needs, and looking at what an app shows."""

from __future__ import annotations

import contextlib
import importlib
import pathlib
import pkgutil
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import value_of
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import connector_class
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
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


__all__ = ["case", "cases_in", "connector", "people", "proxy", "pytest_generate_tests", "server", "started"]
