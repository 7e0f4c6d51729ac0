# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company whose only app is a wiki with nothing but an admin page: playbooks, a real DokuWiki, a real Chromium."""

from __future__ import annotations

import copy
import pathlib
import shutil
import types
import typing as t

import pytest
import yaml
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, rows
from ansible_collections.rollcall.access.tests.servers.products.dokuwiki import ADMIN, RECIPE, DokuWiki, dokuwiki

HEADER = "id,first,last,email,title,department,location,manager,start,end,type\n"
ADA = "1,Ada,Stone,ada.stone@acme.example,Head,Management,Utrecht,,2015-01-05,{end},employee\n"
BEN = "2,Ben,Frost,ben.frost@acme.example,Writer,Press,Utrecht,1,2016-02-01,{end},employee\n"
EVERYBODY = HEADER + ADA.format(end="") + BEN.format(end="")
BEN_LEFT = HEADER + ADA.format(end="") + BEN.format(end="2024-01-31")

RULES: dict[str, t.Any] = {
    "version": "1.0",
    "rules": [
        {"id": "everyone", "why": "We write things down", "when": {"type": "employee"}, "grant": {"wiki": ["user"]}},
        {"id": "press", "why": "They publish", "when": {"department": "Press"}, "grant": {"wiki": ["editors"]}},
    ],
}


@pytest.fixture(scope="module")
def running() -> t.Iterator[DokuWiki]:
    with dokuwiki() as wiki:
        yield wiki


@pytest.fixture
def wiki(running: DokuWiki) -> DokuWiki:
    running.reset()
    return running


class Company(CompanyDirectory):
    """The small company's settings, with the published wiki as its only app."""

    def __init__(self, place: pathlib.Path, wiki: DokuWiki) -> None:
        super().__init__(TEMPLATE, place, t.cast(t.Any, types.SimpleNamespace(port=0)))
        self.env = {"WIKI": wiki.base_url, "WIKI_PASSWORD": wiki.connection(0)["password"]}
        shutil.rmtree(self.path / "access/catalog")
        shutil.rmtree(self.path / "access/policy")
        self.catalog = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
        self.connection.update(
            base_url="{{ lookup('env', 'WIKI') }}",
            password="{{ lookup('env', 'WIKI_PASSWORD') }}",
            sandbox=False,
            timeout=3,
        )
        self.replace("rollcall.yml", "per_run: 50%, per_app: 50%", "per_run: 100%, per_app: 100%")
        self.write("access/policy/rules.yml", yaml.safe_dump(RULES, sort_keys=False))
        self.write("hr/people.csv", EVERYBODY)
        self.write_catalog()

    @property
    def connection(self) -> dict[str, t.Any]:
        return self.catalog["apps"]["wiki"]["connection"]

    def write_catalog(self) -> None:
        self.write("access/catalog/apps.yml", yaml.safe_dump(copy.deepcopy(self.catalog), sort_keys=False))

    def pictures(self, words: str = "") -> list[pathlib.Path]:
        return sorted(p for p in (self.path / "rollcall-evidence/wiki").glob("*.png") if words in p.name)


@pytest.fixture
def company(tmp_path: pathlib.Path, wiki: DokuWiki) -> Company:
    return Company(tmp_path, wiki)


def groups(wiki: DokuWiki) -> dict[str, tuple[str, ...]]:
    return {user.login: tuple(sorted(user.groups)) for user in wiki.all() if user.login != ADMIN}


def test_who_joins_gets_an_account_and_who_leaves_loses_it(company: Company, wiki: DokuWiki) -> None:
    company.playbook("onboard").succeeded()
    assert groups(wiki) == {"ada.stone": ("user",), "ben.frost": ("editors", "user")}
    assert {row["state"] for row in rows(company, "changes")} == {"verified"}
    assert len(company.pictures("-create-ben.frost-after")) == 1
    before, taken = wiki.users.read_bytes(), len(company.pictures())
    assert company.playbook("onboard").succeeded().changed == 0
    assert (wiki.users.read_bytes(), len(company.pictures())) == (before, taken)

    company.write("hr/people.csv", BEN_LEFT)
    company.playbook("offboard").succeeded()
    assert groups(wiki) == {"ada.stone": ("user",)}
    assert len(company.pictures("-delete-ben.frost-after")) == 1
    assert rows(company, "tasks") == []
    company.playbook("verify_ledger").succeeded()


def test_a_page_that_has_changed_becomes_a_task_that_shows_it(company: Company, wiki: DokuWiki) -> None:
    company.playbook("onboard").succeeded()
    company.write("hr/people.csv", BEN_LEFT)
    company.connection["delete"][2]["click"] = "#usrmgr__remove"
    company.write_catalog()
    before = wiki.users.read_bytes()
    outcome = company.playbook("offboard")
    assert wiki.users.read_bytes() == before
    assert company.env["WIKI_PASSWORD"] not in outcome.output
    (task,) = rows(company, "tasks")
    (picture,) = company.pictures("-delete-ben.frost-failed")
    assert (task["state"], task["reason"], task["owner"]) == ("open", "refused", "it@acme.example")
    for words in (
        "step 3 of delete (click #usrmgr__remove): expected exactly one element, found none",
        f"at {wiki.base_url}/doku.php",
        "nothing was changed",
        f"The screenshot is {picture}",
    ):
        assert words in task["instructions"], task["instructions"]

    # somebody does it by hand, and the next run sees that it is done
    wiki.write(user for user in wiki.all() if user.login != "ben.frost")
    company.playbook("tasks").succeeded()
    (task,) = rows(company, "tasks")
    assert task["state"] == "verified"


def test_a_wiki_that_is_never_read_is_changed_and_remembered(company: Company, wiki: DokuWiki) -> None:
    connection = company.connection
    del connection["list"], connection["update"]
    connection["create"].append({"expect": "#user__manager tr.user_info"})
    connection["delete"].append({"expect": "#user__manager tr.user_info", "gone": True})
    del connection["revoke"]
    company.write_catalog()
    company.playbook("check").succeeded()
    company.playbook("onboard").succeeded()
    assert groups(wiki) == {"ada.stone": ("user",), "ben.frost": ("editors", "user")}
    assert {row["source"] for row in rows(company, "accounts")} == {"attested"}
    assert {(row["account"], row["entitlement"]) for row in rows(company, "grants")} == {
        ("ada.stone", "user"),
        ("ben.frost", "user"),
        ("ben.frost", "editors"),
    }
    assert company.playbook("onboard").succeeded().changed == 0

    company.write("hr/people.csv", BEN_LEFT)
    company.playbook("offboard").succeeded()
    assert groups(wiki) == {"ada.stone": ("user",)}
    assert [row["id"] for row in rows(company, "accounts")] == ["ada.stone"]
    assert rows(company, "tasks") == []
