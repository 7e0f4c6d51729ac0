# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every desk below ``desks/`` that can run here goes through the suite, on the real server."""

from __future__ import annotations

import pathlib

# pylint: disable-next=wildcard-import,unused-wildcard-import
from ansible_collections.rollcall.access.tests.conformance.desk_suite import *  # noqa: F403
from ansible_collections.rollcall.access.tests.conformance.desk_suite import desk_cases_in

CASES = desk_cases_in(
    "ansible_collections.rollcall.access.tests.servers.desks", pathlib.Path(__file__).parent / "desks"
)
