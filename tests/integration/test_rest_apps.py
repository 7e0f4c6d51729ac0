# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app that nobody has written a connector for, from its entry in the catalog to an account: with Ansible."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.products.rest import ENTRY, RestFake, lines_of_the_entry

from .support.company import CompanyDirectory
from .support.small import PEOPLE, TEMPLATE, edited, rows

CATALOG = "access/catalog/planner.yml"
LEAVER, MANAGER = "jon.reed@small.example", "gia.vale@small.example"
LEAVES = ("Utrecht,7,2021-10-01,,", "Utrecht,7,2021-10-01,2024-01-31,")
POLICY = """---
version: "1"
rules:
  - id: planners
    why: They plan
    when: {department: Sales}
    grant: {planner: [editor, quota]}
"""


@pytest.fixture
def fake() -> t.Iterator[RestFake]:
    with RestFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems


@pytest.fixture
def company(company_from: t.Callable[[pathlib.Path], CompanyDirectory], fake: RestFake) -> CompanyDirectory:
    """The small company, whose only app is the planner."""
    company = company_from(TEMPLATE)
    (company.path / "access/catalog/apps.yml").unlink()
    company.write("access/policy/rules.yml", POLICY)
    entry = ENTRY.read_text(encoding="utf-8").replace("https://planner.example", f"http://127.0.0.1:{fake.port}")
    company.write(CATALOG, entry.replace("vault_planner_token", "lookup('env', 'PLANNER_TOKEN')"))
    company.env["PLANNER_TOKEN"] = CANARY
    return company


def test_an_entry_takes_less_than_thirty_lines() -> None:
    assert lines_of_the_entry() < 30
    assert set(yaml.safe_load(ENTRY.read_text(encoding="utf-8"))["apps"]) == {"planner"}


def test_people_come_and_go_in_an_app_described_in_yaml(company: CompanyDirectory, fake: RestFake) -> None:
    company.playbook("check", "-e", "{rollcall_check: [policy, feed, apps]}").succeeded()
    company.playbook("reconcile").succeeded()
    people = {seen.email: seen for seen in fake.accounts().values()}
    assert people
    assert all(seen.has == {"editor", "Quota"} for seen in people.values())
    again = company.playbook("reconcile").succeeded()
    assert all(host["changed"] == 0 for host in again.hosts.values())


def test_where_nothing_is_due_no_app_is_played_and_the_run_has_its_end(company: CompanyDirectory) -> None:
    first = company.playbook("reconcile").succeeded()
    assert [task.state for task in first.of("conclude")] == ["skipped", "ok"]
    assert [task.result["changed"] for task in first.of("app_access")] == [True]
    again = company.playbook("reconcile").succeeded()
    (planned,), (concluded,) = again.of("plan"), again.of("conclude")
    assert planned.result["concerned"] == planned.result["changes"] == again.of("app_access") == []
    assert (concluded.state, concluded.result["left"]) == ("ok", 0)
    assert [row["outcome"] for row in rows(company, "runs") if row["command"] == "Reconcile"] == ["ok", "ok"]


def test_a_leaver_is_cut_off_and_what_they_own_goes_to_their_manager(company: CompanyDirectory, fake: RestFake) -> None:
    company.playbook("reconcile").succeeded()
    ids = {seen.email: id for id, seen in fake.accounts().items()}
    leaver, manager = ids[LEAVER], ids[MANAGER]
    fake.sign_in(leaver)
    fake.give_property(leaver)
    company.write("hr/people.csv", edited(PEOPLE, LEAVES))
    company.playbook("offboard").succeeded()
    assert fake.accounts()[leaver].state == "suspended"
    assert fake.live_credentials(leaver) == 0
    assert fake.owner_of_property() == manager
    assert "editor" not in fake.accounts()[leaver].has
    again = company.playbook("offboard").succeeded()
    assert all(host["changed"] == 0 for host in again.hosts.values())


def test_discover_with_check_shows_what_would_be_read(company: CompanyDirectory, fake: RestFake) -> None:
    fake.fill(5)
    fake.teams["t1"][1].add("u2")
    shown = company.playbook("discover", "--check").succeeded().output
    assert "planner: would read 5 accounts (active 5)" in shown
    assert "email in 5" in shown
    assert "reader 5, editor 0, quota 1" in shown
    assert "id=u1, username=p0, email=p0@acme.example" in shown
    assert CANARY not in shown
    assert not company.ledger.exists()


def test_an_expression_that_finds_nothing_is_seen(company: CompanyDirectory, fake: RestFake) -> None:
    fake.fill(5)
    company.replace(CATALOG, "external_id: employee", "external_id: emploee")
    shown = company.playbook("discover", "--check").succeeded().output
    assert "found in no account: external_id" in shown


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("items: users, paging", "itms: users, paging", "there is no setting 'itms' here. Did you mean `items`?"),
        ("style: cursor", "style: courser", "there is no paging 'courser'"),
        ("next: meta.next", 'next: "meta.[next"', "is no JMESPath"),
        ('employee: "{external_id}"', 'employee: "{employee_id}"', "{employee_id} has no meaning here"),
        ("already: [404]}\n      end", "already: [gone]}\n      end", "expected a whole number, found a text"),
        ("find:\n", "finds:\n", 'the connector "rest" has no option "finds"'),
        ("account: {id: id, email: email, username: login, external_id: employee,", "account: {id: id,", "`account`"),
    ],
)
def test_a_mistake_in_an_entry_is_told_with_its_line(
    company: CompanyDirectory, fake: RestFake, old: str, new: str, says: str
) -> None:
    company.replace(CATALOG, old, new)
    line = company.read(CATALOG).split(new.strip("\n"))[0].count("\n") + 1
    outcome = company.playbook("check")
    assert outcome.rc != 0
    assert says in outcome.output
    assert f"planner.yml:{line}" in outcome.output
    assert fake.requests == []
