# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server tests of whole runs share: a SCIM app and a PostgreSQL for ledgers, new ones for each file."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer, scim_server

from .ledger_server import LedgerServer, ledger_server


@pytest.fixture(scope="module")
def ledgers() -> t.Iterator[LedgerServer]:
    with ledger_server() as server:
        yield server


@pytest.fixture(scope="module")
def scim() -> t.Iterator[ScimServer]:
    with scim_server() as server:
        yield server
