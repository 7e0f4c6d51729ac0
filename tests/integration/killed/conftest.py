# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One company and its history, for all tests of a process."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.killed.history import History
from ansible_collections.rollcall.access.tests.integration.killed.life import Life, nursery
from ansible_collections.rollcall.access.tests.integration.killed.world import world


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[History]:
    place = tmp_path_factory.mktemp("killed")
    with world() as around, nursery(place / "ansible") as nurse:
        yield History(Life(place, around, nurse), place)
