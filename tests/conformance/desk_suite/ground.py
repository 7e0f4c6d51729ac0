# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the suite of desks stands on: its fixtures, odd texts, and looking at what people see of a ticket."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import importlib
import pathlib
import pkgutil
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Desk, Letter, Ticket
from ansible_collections.rollcall.access.plugins.module_utils.desks.registry import build, desk_class, desk_problems
from ansible_collections.rollcall.access.plugins.module_utils.errors import AppError
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, DeskServer, Seen
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

DUE = dt.datetime(2026, 3, 2, 16, 0, tzinfo=dt.timezone.utc)
TASK = "0a1b2c3d4e"
UNKNOWN = "nobody-has-this@elsewhere.example"
FEW = 5  # requests beside those for the pages: who we are, what there is
#: What HR, an app or a person may have typed. Each line has to be seen as it stands, and to do nothing.
ODD_LINES = (
    'Who: Jane <script>alert(1)</script> O\'Brien & Söhne "東京"',
    "{code}rm -rf{code} *bold* _slanted_ ~~gone~~ {color:red}red{color} {noformat}",
    "h1. No heading",
    "# No heading either",
    "=1+1",
    "[~admin] [~accountid:5b10ac8d82e05b22cc7d4ef5] @everyone @admin @all @{admin}",
    "#1 !1 GH-1 &1 $1",
    "{{ 7 * 7 }} ${7*7} <%= 7 %> %s \\n",
    "- [ ] no box",
    "<!-- not hidden --> &amp; <b>not bold</b>",
    "[click](https://evil.example) ![x](https://evil.example/x.png) [x|https://evil.example]",
    "/close",
    "/assign @admin",
    "```",
    "a backslash at the end \\",
    "> no quotation",
    "1. Grant: Admin (group)",
)
TEXT = "\n".join(ODD_LINES)
#: What a reference might hold where the ledger was written by another version, or by hand.
ODD_REFERENCES = ["0", "-1", "../../users/1", "1 OR 1=1", "x' OR '1'='1", "", "1?fields=*", "東京", "1,2", "*"]


def desk_cases_in(package: str, folder: pathlib.Path) -> list[DeskCase]:
    """Return an instance of every DeskCase that the modules of a package define."""
    found = []
    for module in sorted(info.name for info in pkgutil.iter_modules([str(folder)])):
        loaded = importlib.import_module(f"{package}.{module}")
        for kind in vars(loaded).values():
            own = isinstance(kind, type) and issubclass(kind, DeskCase) and kind.__module__ == loaded.__name__
            if own and kind.word:
                found.append(kind())
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        needed = getattr(metafunc.function, "needs", ())
        cases = [case for case in metafunc.module.CASES if not any(word in case.without for word in needed)]
        metafunc.parametrize("case", cases, ids=[case.word for case in cases], scope="module", indirect=True)


# ---- fixtures


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest) -> DeskCase:
    return request.param


@pytest.fixture(scope="module")
def started(case: DeskCase) -> t.Iterator[DeskServer]:
    with case.server() as server:
        yield server


@pytest.fixture
def server(started: DeskServer) -> t.Iterator[DeskServer]:
    started.reset()
    yield started
    problems = getattr(started, "problems", [])
    assert not problems, "\n".join(problems)


@pytest.fixture
def proxy(server: DeskServer) -> t.Iterator[FaultProxy]:
    """What stands before the server. For one that is not spoken to by HTTP it is there, and nothing comes by."""
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield proxy


@pytest.fixture
def desk(case: DeskCase, server: DeskServer, proxy: FaultProxy) -> t.Iterator[Desk]:
    desk = connect(case, server, proxy)
    yield desk
    desk.close_session()


def connect(case: DeskCase, server: DeskServer, proxy: FaultProxy, **changed: t.Any) -> Desk:
    """Return a desk that gives up quickly, with other settings than the case's where some are given."""
    settings = dataclasses.replace(case.settings(proxy.port if server.port else 0), **changed)
    assert list(desk_problems(settings)) == []
    quick = {"read_attempts": 1, "read_timeout": 10}
    known = desk_class(case.word).options
    more = {name: value for name, value in quick.items() if name in known and name not in settings.connection}
    return build(settings, {**settings.connection, **more})


# ---- looking


def letter(server: DeskServer, task: str = TASK, **changed: t.Any) -> Letter:
    title = f"Give Jane <b>O'Brien</b> & Söhne access to =CRM {{{{ 7 * 7 }}}} [rollcall {task}]"
    return dataclasses.replace(Letter(task, title, TEXT, server.owner, DUE), **changed)


def ids(n: int, salt: str = "") -> list[str]:
    return [hashlib.sha256(f"{salt}{number}".encode()).hexdigest()[:10] for number in range(n)]


def seen(server: DeskServer, reference: str) -> Seen:
    (found,) = (ticket for ticket in server.tickets() if ticket["reference"] == reference)
    return found


def one(desk: Desk, reference: str) -> Ticket:
    found = desk.read([reference])
    assert set(found) == {reference}
    return found[reference]


def found(desk: Desk, *tasks: str) -> list[tuple[str, str]]:
    return [(ticket.task, ticket.reference) for ticket in desk.find(tasks)]


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def assert_shown(server: DeskServer, reference: str, text: str) -> None:
    """Every line of a text is seen as it stands, and in that order."""
    visible = iter(lines(server.shown(reference)))
    for line in lines(text):
        assert any(line in one for one in visible), f"not seen (or not there in the order): {line!r}"


@contextlib.contextmanager
def fails(case: DeskCase, *expected: type[AppError]) -> t.Iterator[list[AppError]]:
    """Expect an error; its text must say where, and nothing that is secret."""
    caught: list[AppError] = []
    with pytest.raises(expected) as info:
        yield caught
    caught.append(info.value)
    settings = case.settings(1)
    assert f"desk {settings.key}" in str(info.value)
    for secret in (CANARY, *secrets_of(settings)):
        assert secret not in str(info.value)
        assert secret not in repr(info.value.details)


def secrets_of(settings: DeskSettings) -> list[str]:
    options = desk_class(settings.type).options
    return [str(value) for name, value in settings.connection.items() if value and options.get(name) == "secret"]


@contextlib.contextmanager
def nothing_changes(server: DeskServer) -> t.Iterator[None]:
    before = server.tickets()
    yield
    assert server.tickets() == before


__all__ = ["case", "desk", "desk_cases_in", "proxy", "pytest_generate_tests", "server", "started"]
