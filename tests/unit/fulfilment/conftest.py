# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real ledger, a run, and a bench to carry packets out on."""

from __future__ import annotations

import datetime as dt
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Run
from ansible_collections.rollcall.access.tests.unit.fulfilment.bench import Bench
from ansible_collections.rollcall.access.tests.unit.planning.world import NOW


@pytest.fixture
def ledger(tmp_path: pathlib.Path) -> t.Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture
def run(ledger: Ledger) -> Run:
    started = Run("run-1", "person_access", "ops@acme.example", NOW)
    ledger.begin_run(started)
    return started


@pytest.fixture
def other_run(ledger: Ledger) -> Run:
    started = Run("run-2", "reconcile", "schedule", NOW + dt.timedelta(minutes=1))
    ledger.begin_run(started)
    return started


@pytest.fixture
def bench(ledger: Ledger, run: Run) -> Bench:
    return Bench(ledger, run)
