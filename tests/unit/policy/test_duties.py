# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Separation of duties."""

from __future__ import annotations

from ansible_collections.rollcall.access.plugins.module_utils.model import (
    App,
    Because,
    Entitlement,
    Grant,
    Origin,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.policy.conditions import All
from ansible_collections.rollcall.access.plugins.module_utils.policy.duties import (
    conflicts,
    conflicts_within,
    held_by,
)
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Bundle, Catalog, Duty, Policy, Rule

PAY, APPROVE, AUDIT = ("bill", "payer"), ("erp", "approver"), ("erp", "auditor")
CATALOG = Catalog(
    {
        "bill": App("bill", entitlements={"payer": Entitlement("payer")}),
        "erp": App(
            "erp",
            entitlements={
                "approver": Entitlement("approver", "role", rank=1),
                "auditor": Entitlement("auditor", "role", rank=2),
            },
        ),
    }
)
DUTY = Duty("pay-and-approve", (PAY, APPROVE, AUDIT), "nobody pays what they approve", Origin("p.yml", 9))


def test_two_of_a_duty_are_a_conflict_that_names_what_gives_them() -> None:
    wants = [
        Want("1", "bill", grants=(Grant(*PAY, (Because("rule", "finance"), Because("exception", "e1"))),)),
        Want("1", "erp", grants=(Grant(*APPROVE, (Because("rule", "boss"),)),)),
    ]
    (finding,) = conflicts(held_by(wants), Policy("1", separation_of_duties=(DUTY,)), person="alex.chen")
    assert (finding.severity, finding.person) == ("warning", "alex.chen")
    assert str(finding).startswith(
        "p.yml:9: alex.chen: bill:payer (rule finance, exception e1) and erp:approver (rule boss) together, "
        "against pay-and-approve: nobody pays what they approve"
    )


def test_one_of_a_duty_is_no_conflict_and_three_are_three() -> None:
    policy = Policy("1", separation_of_duties=(DUTY,))
    assert conflicts({PAY: ()}, policy) == ()
    assert len(conflicts({PAY: (), APPROVE: (), AUDIT: ()}, policy)) == 3


def test_a_bundle_or_a_rule_that_conflicts_by_itself_is_an_error_with_its_line() -> None:
    policy = Policy(
        "1",
        rules=(Rule("r", All(), gives=(PAY, APPROVE), origin=Origin("p.yml", 5)), Rule("fine", All(), gives=(PAY,))),
        bundles={"b": Bundle("b", (PAY, AUDIT), Origin("p.yml", 2))},
        separation_of_duties=(DUTY,),
    )
    bundle, rule = conflicts_within(policy, CATALOG)
    assert bundle.severity == rule.severity == "error"
    assert str(bundle).startswith('p.yml:2: the bundle "b" gives bill:payer and erp:auditor, which "pay-and-approve"')
    assert str(rule).startswith('p.yml:5: the rule "r" gives bill:payer and erp:approver')


def test_two_roles_of_one_app_are_never_held_together() -> None:
    duty = Duty("d", (APPROVE, AUDIT))
    policy = Policy("1", bundles={"b": Bundle("b", (APPROVE, AUDIT))}, separation_of_duties=(duty,))
    assert conflicts_within(policy, CATALOG) == ()
