# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every source that the suite is run against; ``scim`` has a real server instead (see test_sources.py)."""

from __future__ import annotations

from . import adp, bamboohr, entra, hibob, okta, personio, rest, rippling, workday

CASES = (
    bamboohr.CASE,
    workday.CASE,
    adp.CASE,
    hibob.CASE,
    personio.CASE,
    rippling.CASE,
    okta.CASE,
    entra.CASE,
    rest.CASE,
)
