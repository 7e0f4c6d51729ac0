# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of requests, each taken in once, line by line."""

from __future__ import annotations

import datetime as dt

from ansible_collections.rollcall.access.plugins.module_utils.company.checking import check_policy
from ansible_collections.rollcall.access.plugins.module_utils.company.request_intake import take_requests
from ansible_collections.rollcall.access.tests.unit.company.asking import asking
from ansible_collections.rollcall.access.tests.unit.company.place import Place

__all__ = ["asking"]


def test_a_file_asks_once(asking: Place) -> None:
    asking.write(
        "access/requests/june.yml",
        "requests:\n"
        "  - {person: cat.fox, grant: {wiki: [reader]}, reason: reads, requested_by: cat.fox, for: 30d}\n"
        "  - {id: mine, person: dan.orr, grant: {desk: [key]}, reason: soon, requested_by: '4', until: '2026-06-20'}\n",
    )
    company = asking.open()
    first = take_requests(company, asking.run(company), {})
    assert len(first.asked) == 2
    assert first.findings == []
    requests = {one.person: one for one in company.ledger.requests()}
    assert (requests["3"].until, requests["4"].id) == (dt.date(2026, 6, 30), "mine")
    assert requests["3"].via.endswith("access/requests/june.yml:2")
    later = asking.open(as_of="2026-06-10")
    assert take_requests(later, asking.run(later), {}).asked == []


def test_what_is_wrong_in_a_file_is_told_with_its_line_and_the_others_count(asking: Place) -> None:
    asking.write(
        "access/requests/bad.yml",
        "requests:\n"
        "  - {person: cat.fox, grant: {wikki: [reader]}, reason: reads, requested_by: cat.fox, for: 30d}\n"
        "  - person: cat.fox\n    grant: {wiki: [reader]}\n    reason: reads\n    requested_by: cat.fox\n"
        "    for: soon\n    approved_by: me\n",
    )
    asking.write(
        "access/requests/good.yml",
        "requests:\n"
        "  - {person: zoe, grant: {wiki: [reader]}, reason: reads, requested_by: cat.fox, for: 30d}\n"
        "  - {person: dan.orr, grant: {desk: [key]}, reason: early, requested_by: dan.orr, for: 2w}\n",
    )
    company = asking.open()
    found = take_requests(company, asking.run(company), {})
    assert len(found.asked) == 1
    told = {(one.code, one.where.rpartition("/")[2]) for one in found.findings}
    assert told == {
        ("unknown_app", "bad.yml:2"),
        ("wrong_value", "bad.yml:7"),
        ("unknown_key", "bad.yml:8"),
        ("request_refused", "good.yml:2"),
    }
    codes = {one.code for one in check_policy(asking.open(writes=False)) if "bad.yml" in one.where}
    assert codes == {"unknown_app", "wrong_value", "unknown_key"}
