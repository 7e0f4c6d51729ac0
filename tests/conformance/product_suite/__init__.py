# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The suite that every product goes through. A module that runs it imports everything from here and sets ``CASES``.

It knows nothing of any product: it looks at the app through the connector and, past it, through the case's server. What
an app does not have is in ``case.without``, with its reason; an operation that is not on offer must change nothing.
"""

from __future__ import annotations

# what pytest is to find: the fixtures and tests of all parts
# pylint: disable=wildcard-import,unused-wildcard-import
from ansible_collections.rollcall.access.tests.conformance.product_suite.changing import *  # noqa: F403
from ansible_collections.rollcall.access.tests.conformance.product_suite.faults import *  # noqa: F403
from ansible_collections.rollcall.access.tests.conformance.product_suite.ground import *  # noqa: F403
from ansible_collections.rollcall.access.tests.conformance.product_suite.reading import *  # noqa: F403
