# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real ledger for the tests of the desks."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.books import Books
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Run
from ansible_collections.rollcall.access.tests.unit.desks.sample import ALEX, MARIA, NOW, SEMRUSH


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture
def run(ledger):
    started = Run("run-1", "tasks", "ops@acme.example", NOW)
    ledger.begin_run(started)
    return started


@pytest.fixture
def books(ledger, run):
    return Books(ledger, run, {p.id: p for p in (ALEX, MARIA)}, {SEMRUSH.key: SEMRUSH})
