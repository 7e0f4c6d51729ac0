# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from .cases import CASES

#: How each source of people over the network is tested: type -> one sentence, for the coverage page.
TESTED = {case.word: case.tested for case in CASES} | {
    "ldap": "slapd, with paging and references (tests/servers/test_people_from_a_directory.py)",
    "scim": "The PyPI package scim2-server, over three pages, with faults",
}
