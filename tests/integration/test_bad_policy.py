# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Catalog, policy and settings that are wrong: file and line, an exit code, nothing changed."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from .support.company import CompanyDirectory
from .support.scim import ScimServer
from .support.small import everything, onboarded, refused, without_ansible_cfg

CATALOG, POLICY, SETTINGS = "access/catalog/apps.yml", "access/policy/rules.yml", "rollcall.yml"
EXCEPTIONS, LOCKS = "access/exceptions/now.yml", "access/locks/now.yml"


@dataclasses.dataclass(frozen=True)
class Bad:
    """One mistake in one file. ``line`` is that of ``new``'s last line, or a number."""

    name: str
    file: str
    old: str
    new: str
    says: str
    line: int = 0


def _exception(more: str) -> str:
    named = "person: ada.stone, approved_by: b, requested_by: c, from: 2026-01-01, until: 2027-01-01"
    return f"exceptions:\n  - {{{named}, {more}}}\n"


BAD = [
    Bad(
        "an unknown key",
        CATALOG,
        "    tier: critical\n",
        "    teir: critical\n",
        'unknown key "teir". Did you mean "tier"?',
    ),
    Bad("an unknown key further in", CATALOG, "rank: 2, privileged", "rnk: 2, privileged", 'unknown key "rnk"'),
    Bad("an unknown connector", CATALOG, "connector: none", "connector: skim", 'there is no connector "skim"'),
    Bad("an unknown option", CATALOG, "path: exports", "pth: exports", 'the connector "file" has no option "pth"'),
    Bad(
        "behind an unknown app",
        CATALOG,
        "behind: mail",
        "behind: male",
        'behind "male", which the catalog does not have',
        22,
    ),
    Bad("an app twice", CATALOG, "  badge:\n", "  mail:\n", 'the key "mail" is written twice', 52),
    Bad("an unknown key in a rule", POLICY, "why: They sell", "whey: They sell", 'unknown key "whey"'),
    Bad(
        "an unknown app in a rule",
        POLICY,
        "analytics: [viewer]",
        "analitics: [viewer]",
        'no app "analitics". Did you mean "analytics"?',
    ),
    Bad(
        "an unknown entitlement",
        POLICY,
        "analytics: [viewer]",
        "analytics: [vewer]",
        'the app "analytics" has no entitlement "vewer"',
    ),
    Bad(
        "an unknown attribute",
        POLICY,
        "{department: Sales}",
        "{departmnt: Sales}",
        'no attribute "departmnt". Did you mean "department"?',
    ),
    Bad("an unknown bundle", POLICY, "bundles: [everyone]", "bundles: [evryone]", 'there is no bundle "evryone"'),
    Bad(
        "a rule that contradicts itself",
        POLICY,
        "{department: Sales}",
        "{all: [{department: Sales}, {department: People}]}",
        'the rule "sellers" can never match',
        18,
    ),
    Bad(
        "a rule that leaves out all it means",
        POLICY,
        "when: {department: Sales}",
        "when: {department: Sales}\n    unless: {department: Sales}",
        'the rule "sellers" can never match',
        18,
    ),
    Bad("a broken regular expression", POLICY, '"Head of .*"', '"Head of (.*"', "is not a regular expression"),
    Bad("broken YAML", POLICY, "bundles: [everyone]", "bundles: [everyone", "not valid YAML", 13),
    Bad("a rule twice", POLICY, "id: sellers", "id: engineers", 'the rule "engineers" is defined twice', 18),
    Bad(
        "an unknown setting",
        SETTINGS,
        "lead_time: 3d",
        "leadtime: 3d",
        'unknown key "leadtime". Did you mean "lead_time"?',
    ),
    Bad(
        "a limit that is none", SETTINGS, "per_run: 50%", "per_run: half", '"per_run" must be a number, or a percentage'
    ),
    Bad(
        "an unknown option of a source",
        SETTINGS,
        "path: hr/people.csv",
        "pth: hr/people.csv",
        "source 1: a source of type csv has no option 'pth'",
    ),
    Bad("an exception without a reason", EXCEPTIONS, "", _exception("grant: {chat: [user]}"), '"reason" is missing'),
    Bad(
        "an exception for an unknown app",
        EXCEPTIONS,
        "",
        _exception("reason: r, grant: {chap: [user]}"),
        'no app "chap"',
    ),
    Bad("a lock that says nobody", LOCKS, "", "locks:\n  - {reason: stolen}\n", '"person" is missing'),
]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer) -> CompanyDirectory:
    return onboarded(tmp_path_factory.mktemp("policy"), scim)


@pytest.fixture
def mistake(company: CompanyDirectory) -> t.Iterator[t.Callable[[Bad], str]]:
    """Return a function that makes a mistake and returns its file and line; it is mended in the end."""
    mended: list[tuple[str, str | None]] = []

    def make(bad: Bad) -> str:
        file = company.path / bad.file
        before = company.read(bad.file) if file.exists() else None
        mended.append((bad.file, before))
        if before is None:
            company.write(bad.file, bad.new)
        else:
            company.replace(bad.file, bad.old, bad.new)
        line = bad.new.strip("\n").splitlines()[-1]
        found = [n for n, text in enumerate(company.read(bad.file).splitlines(), 1) if line in text]
        if bad.line:
            found = [bad.line]
        assert len(found) == 1
        return bad.file if bad.name == "an unknown option of a source" else f"{bad.file}:{found[0]}: "

    yield make
    for name, before in reversed(mended):
        if before is None:
            (company.path / name).unlink()
        else:
            company.write(name, before)


@pytest.mark.parametrize(("number", "bad"), list(enumerate(BAD)), ids=[bad.name for bad in BAD])
def test_a_mistake_is_told_with_file_and_line_and_nothing_changes(
    number: int, bad: Bad, company: CompanyDirectory, mistake: t.Callable[[Bad], str]
) -> None:
    before = everything(company)
    where = mistake(bad)
    if number % 2:
        refused(company.playbook("reconcile"), where, bad.says)
    else:
        with without_ansible_cfg(company):
            refused(company.playbook("check" if number % 4 else "onboard"), where, bad.says)
    assert everything(company) == before


def test_all_mistakes_are_told_at_once(company: CompanyDirectory, mistake: t.Callable[[Bad], str]) -> None:
    places = [mistake(bad) for bad in BAD if bad.name in ("an unknown key in a rule", "an unknown bundle")]
    places += [mistake(bad) for bad in BAD if bad.name == "an unknown entitlement"]
    refused(company.playbook("check"), "3 errors", *places)


def test_what_is_wrong_only_for_the_people_of_today_is_told_by_check(
    company: CompanyDirectory, mistake: t.Callable[[Bad], str]
) -> None:
    # nobody is in such a department today: that may change tomorrow, so it stops nothing by itself
    place = mistake(Bad("a department that nobody is in", POLICY, "{department: Sales}", "{department: Sails}", ""))
    checked = company.playbook("check").succeeded()
    assert place.rstrip(": ") in checked.output
    assert 'nobody has "Sails". Did you mean "Sales"?' in checked.output
    assert 'the rule "sellers" matches nobody today' in checked.output


def test_a_policy_that_takes_too_much_is_stopped_with_its_plan(
    company: CompanyDirectory, mistake: t.Callable[[Bad], str]
) -> None:
    before = everything(company)
    mistake(Bad("employees are called otherwise", POLICY, "when: {type: employee}", "when: {type: staff}", ""))
    for guarded in (company.playbook("reconcile"), company.playbook("reconcile", "--check")):
        assert guarded.rc == 2, guarded.output
        assert "accounts would lose access in one run" in guarded.output
        assert "-e rollcall_plan=" in guarded.output
    assert everything(company) == before


def test_an_emergency_works_with_a_broken_policy(company: CompanyDirectory, mistake: t.Callable[[Bad], str]) -> None:
    for bad in BAD:
        if bad.name in ("broken YAML", "an unknown setting"):
            mistake(bad)
            break
    company.playbook("emergency_offboard", "--limit", "jon.reed", "-e", "rollcall_reason=stolen").succeeded()
    off = {holder.username for holder in company.tenant("mail").holders() if not holder.active}
    assert off == {"jon.reed"}
