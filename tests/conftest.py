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

COLLECTIONS = pathlib.Path(__file__).resolve().parent.parent / ".venv/collections"

if (COLLECTIONS / "ansible_collections/rollcall/access").is_dir():
    others = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != str(COLLECTIONS)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(COLLECTIONS), *others])
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out a check of the product suite that no case of a folder needs: its cases say why not (``without``)."""
    empty = [item for item in items if _is_without_a_case(item)]
    if empty:
        config.hook.pytest_deselected(items=empty)
        items[:] = [item for item in items if item not in empty]


def _is_without_a_case(item: pytest.Item) -> bool:
    skips = [mark.kwargs.get("reason", "") for mark in item.iter_markers("skip")]
    return "case" in getattr(item, "fixturenames", ()) and any(r.startswith("got empty parameter set") for r in skips)
