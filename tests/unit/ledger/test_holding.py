# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime as dt
import subprocess
import sys

from ansible_collections.rollcall.access.plugins.module_utils.ledger import holding
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger

_CLAIM = """
import datetime as dt, sys
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Run
at = dt.datetime(2026, 11, 1, tzinfo=dt.timezone.utc)
run = Run("dies", "onboard", "sam", at)
ledger = Ledger.open(sys.argv[1])
ledger.begin_run(run)
assert ledger.claim("p1", "github", run, at, at + dt.timedelta(minutes=10))
print("claimed", flush=True)
sys.stdin.read()
"""


def test_a_process_that_is_there_is_not_gone():
    assert not holding.is_gone(holding.this_process())


def test_of_a_process_elsewhere_nothing_is_known():
    place, number, began = holding.this_process().split(" ")
    assert not holding.is_gone(f"elsewhere/{place} 999999999 {began}")
    assert holding.is_gone(f"{place} 999999999 {began}")
    assert holding.is_gone(f"{place} {number} {began}0"), "the same number, begun at another time"
    assert not holding.is_gone("")


def test_a_claim_of_a_process_that_was_killed_is_taken_over_at_once(url, run, now):
    later = now + dt.timedelta(hours=1)
    with subprocess.Popen(
        [sys.executable, "-c", _CLAIM, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "claimed\n"
        with Ledger.open(url) as ledger:
            assert not ledger.claim("p1", "github", run, now, later), "its process lives"
            other.kill()
            other.wait()
            assert ledger.claim("p1", "github", run, now, later)
            assert [event.kind for event in ledger.events()][-1] == "claim.taken_over"
