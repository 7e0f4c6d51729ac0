# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is what an app shows as the ledger knows it? Asked of every app in every run."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountRecord, Run

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.timezone.utc)
ADA = Account("mail", "1", username="ada", entitlements=frozenset({"a", "b"}))
BEN = Account("mail", "2", username="ben", state="suspended", entitlements=frozenset({"a"}))
OTHER = Account("chat", "9", username="ada")


@pytest.mark.parametrize(
    ("shown", "in_step"),
    [
        ([ADA, BEN], True),
        ([ADA], True),
        ([BEN], False),
        ([], False),
        ([dataclasses.replace(ADA, username="renamed"), BEN], True),
        ([ADA, BEN, dataclasses.replace(ADA, id="3")], True),
        ([dataclasses.replace(ADA, entitlements=frozenset({"a"})), BEN], False),
        ([dataclasses.replace(ADA, state="suspended"), BEN], False),
        ([ADA, dataclasses.replace(BEN, state="active")], False),
    ],
)
def test_a_usable_account_that_is_missing_and_any_that_differs_is_seen(
    shown: list[Account], in_step: bool, tmp_path: pathlib.Path
) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        run = Run("run-1", "reconcile", "tests", NOW)
        ledger.begin_run(run)
        ledger.record_accounts([AccountRecord(one, "p1") for one in (ADA, BEN, OTHER)], run, NOW)
        assert ledger.is_in_step("mail", shown) is in_step
        assert ledger.is_in_step("unknown", shown)
