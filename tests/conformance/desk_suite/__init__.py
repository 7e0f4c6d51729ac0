# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The suite that every desk goes through. A module that runs it imports everything from here and sets ``CASES``.

It knows nothing of any desk: it looks at the tickets through the desk's class and, past it, through the case's server.
What a desk does not have is in ``case.without``, with its reason. The embedded desk is not among the cases: its tickets
are the ledger's own tasks, nobody else writes at them, and tests/unit/desks/test_embedded.py says how it behaves.
"""

from __future__ import annotations

# what pytest is to find: the fixtures and tests of all parts
# pylint: disable=wildcard-import,unused-wildcard-import
from ansible_collections.rollcall.access.tests.conformance.desk_suite.faults import *  # noqa: F403
from ansible_collections.rollcall.access.tests.conformance.desk_suite.ground import *  # noqa: F403
from ansible_collections.rollcall.access.tests.conformance.desk_suite.talking import *  # noqa: F403
from ansible_collections.rollcall.access.tests.conformance.desk_suite.tickets import *  # noqa: F403
