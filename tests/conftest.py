# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the checkout known as ansible_collections.rollcall.access to the programs that tests start.

``make`` says the same in its environment; this is for pytest called by hand.
"""

from __future__ import annotations

import os
import pathlib

import pytest
from hypothesis import HealthCheck, settings

COLLECTIONS = pathlib.Path(__file__).resolve().parent.parent / ".venv/collections"

if (COLLECTIONS / "ansible_collections/rollcall/access").is_dir():
    others = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != str(COLLECTIONS)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(COLLECTIONS), *others])
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)

# a machine that has other things to do is no failure
settings.register_profile("rollcall", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rollcall")

#: What takes minutes by itself, the longest first: begun last, it would leave the other processes with nothing to do.
LONG = (
    "tests/servers/test_full_campaign.py",
    "tests/integration/test_hr_history.py",
    "tests/integration/killed/",
    "tests/integration/faults/",
    "tests/integration/awx/",
    "tests/security/test_runs_with_canaries_and_hostile_texts.py",
    "tests/integration/test_own_modules.py",
    "tests/integration/test_killed_runs.py",
    "tests/integration/test_thousand_tasks.py",
    "tests/integration/test_questions.py",
    "tests/integration/test_leaving_and_seats.py",
    "tests/integration/test_evidence.py",
    "tests/servers/test_products.py",
    "tests/servers/test_reaching_a_directory.py",
    "tests/servers/test_desks.py",
    "tests/servers/test_request_tracker_desk.py",
    "tests/servers/test_browser_on_dokuwiki.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the long ones first.

    Leave out a check of the product suite that no case of a folder needs: its cases say why not (``without``).
    """
    items.sort(key=_turn)  # stable: within a file, all stays as it is
    empty = [item for item in items if _is_without_a_case(item)]
    if empty:
        config.hook.pytest_deselected(items=empty)
        items[:] = [item for item in items if item not in empty]


def _turn(item: pytest.Item) -> int:
    name = item.nodeid
    return next((turn for turn, long in enumerate(LONG) if name.startswith(long)), len(LONG))


def _is_without_a_case(item: pytest.Item) -> bool:
    skips = [mark.kwargs.get("reason", "") for mark in item.iter_markers("skip")]
    return "case" in getattr(item, "fixturenames", ()) and any(r.startswith("got empty parameter set") for r in skips)
