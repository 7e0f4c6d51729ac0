# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import itertools
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.tests.conformance.cases import CASES, SERVERS, Case, Server
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def servers() -> t.Iterator[t.Callable[[str], Server]]:
    with contextlib.ExitStack() as stack:
        started: dict[str, Server] = {}

        def start(name: str) -> Server:
            if name not in started:
                started[name] = stack.enter_context(SERVERS[name]())
            return started[name]

        yield start


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def server(servers: t.Callable[[str], Server], case: Case) -> Server:
    return servers(case.server)


@pytest.fixture
def place() -> str:
    return f"place{next(_numbers)}"


@pytest.fixture
def proxy(server: Server) -> t.Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield proxy


@pytest.fixture
def people(server: Server, place: str) -> list[str]:
    """The ids of seven people in the app: three pages of three."""
    return server.fill(place, 7)


@pytest.fixture
def connector(case: Case, proxy: FaultProxy, place: str, people: list[str]) -> t.Iterator[Connector]:
    connector = case.build(proxy.port, place)
    yield connector
    connector.close()
