# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a ticket says, line by line."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import App, Approval, Entitlement
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Catalog
from ansible_collections.rollcall.access.plugins.module_utils.requesting.tickets import Read, how_to_ask, read_ticket
from hypothesis import given
from hypothesis import strategies as st

CATALOG = Catalog(
    {
        "crm": App("crm", name="Customer Care", entitlements={
            "reports": Entitlement("reports", value="Report Viewer"),
            "admin": Entitlement("admin", kind="role", value="Administrator", rank=2),
        }),
        "badge": App("badge", name="Badge", approval=Approval(longest=dt.timedelta(days=10))),
        "wiki": App("wiki", entitlements={"reader": Entitlement("reader", value="Reader")}),
    }
)  # fmt: skip


def read(text: str) -> Read:
    return read_ticket(text.splitlines(), CATALOG)


def test_every_line_is_understood() -> None:
    found = read(
        "App: CRM\nAccess: Report Viewer; admin\nFor: jane@acme.example\n"
        "Why: a reason\nuntil: 2026-12-31\nfrom: 2026-12-01"
    )
    assert found == Read(
        (("crm", "reports"), ("crm", "admin")),
        "jane@acme.example",
        "a reason",
        dt.date(2026, 12, 31),
        None,
        dt.date(2026, 12, 1),
    )


@pytest.mark.parametrize(
    ("line", "days"),
    [("for 30 days", 30), ("For: 30 days", 30), ("until: 2 weeks", 14), ("for 1 day.", 1), ("10d", 10), ("for 2w", 14)],
)
def test_a_period_is_understood(line: str, days: int) -> None:
    found = read(f"app: wiki\naccess: reader\nwhy: x\n{line}")
    assert (found.lasts, found.missing, found.person) == (dt.timedelta(days=days), (), "")


def test_several_apps_each_with_what_is_below() -> None:
    found = read("app: crm\naccess: reports\napp: wiki\naccess: reader\nwhy: x\nuntil 2026-12-31")
    assert found.grants == (("crm", "reports"), ("wiki", "reader"))
    assert found.until == dt.date(2026, 12, 31)


def test_an_app_goes_by_its_name_and_needs_no_end_where_it_has_one() -> None:
    found = read("application: customer care\nrole: ADMINISTRATOR\nreason: x\nfor 1 days")
    assert found.grants == (("crm", "admin"),)
    assert read("app: badge\nwhy: x").missing == ()
    assert read("app: badge\nwhy: x").grants == (("badge", ""),)


def test_what_is_said_later_takes_the_place_of_what_was_said_before() -> None:
    found = read("app: crm\naccess: nonsense\nwhy: x\nuntil: soon\n\naccess: reports\nuntil: 2026-12-31")
    assert (found.grants, found.until, found.missing) == ((("crm", "reports"),), dt.date(2026, 12, 31), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("why: x\nfor 3 days", "app: it does not name an app"),
        ("app: crn\nwhy: x\nfor 3 days", 'app: there is no app "crn"'),
        ("app: crm\nwhy: x\nfor 3 days", "access: it does not say what is needed in crm (there is: admin, reports)"),
        ("app: crm\naccess: admin\nfor 3 days", "why: it does not say why"),
        ("app: crm\naccess: admin\nwhy: x", "until: it does not say until when"),
        ("app: crm\naccess: admin\nwhy: x\nuntil: 31.12.2026", 'until: "31.12.2026" is not a day such as 2026-12-31'),
        ("app: crm\naccess: admin\nwhy: x\nuntil: 2026-02-30", 'until: "2026-02-30" is not a day such as 2026-12-31'),
    ],
)
def test_what_is_missing_is_said(text: str, says: str) -> None:
    assert read(text).missing == (says,)
    assert f"- {says}" in how_to_ask(read(text).missing)


@given(
    st.lists(st.text(max_size=60) | st.sampled_from(["app: crm", "access: admin", "why:", "for", "until: 9999-99-99"]))
)
def test_nothing_that_somebody_writes_breaks_it(lines: list[str]) -> None:
    found = read_ticket(lines, CATALOG)
    assert all(app in CATALOG.apps for app, _entitlement in found.grants)
