# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When nobody has to be a host."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.rollcall.access.plugins.plugin_utils.about_apps import about_apps_only, from_ledger_only

OURS = pathlib.Path(__file__).resolve().parents[2] / "playbooks"


@pytest.mark.parametrize(
    "limit", [None, "", "apps", "app.hub", "app.hub,app.wiki", "apps:!app.hub", "tier_critical:&apps"]
)
def test_who_only_plays_over_apps_needs_no_people(limit: str | None) -> None:
    for playbooks in (["rollcall.access.reconcile"], ["rollcall.access.discover"], [str(OURS / "reconcile.yml")]):
        assert about_apps_only(playbooks, limit)


@pytest.mark.parametrize("name", ["compare", "gaps"])
def test_who_only_looks_at_the_ledger_and_the_policy_needs_no_people_either(name: str) -> None:
    assert about_apps_only([f"rollcall.access.{name}"], None)


def test_who_only_asks_the_ledger_needs_neither_people_nor_hr(tmp_path: pathlib.Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text("- import_playbook: rollcall.access.ask\n", encoding="utf-8")
    for playbooks in (["rollcall.access.ask"], [str(OURS / "ask.yml")], [str(own)]):
        assert from_ledger_only(playbooks)
        assert about_apps_only(playbooks, None)
    for others in ([], ["rollcall.access.gaps"], ["rollcall.access.ask", "rollcall.access.reconcile"]):
        assert not from_ledger_only(others)


@pytest.mark.parametrize("limit", ["ann.lee", "all", "app.hub,ann.lee", "~app.*", "@retry", "people", "*", "hr_id_4"])
def test_a_limit_that_may_name_somebody_means_that_people_are_made(limit: str) -> None:
    assert not about_apps_only(["rollcall.access.reconcile"], limit)


@pytest.mark.parametrize(
    "playbooks",
    [
        [],
        ["rollcall.access.onboard"],
        ["rollcall.access.reconcile", "rollcall.access.onboard"],
        ["reconcile"],
        ["reconcile.yml"],
        ["other.collection.reconcile"],
        [str(OURS / "onboard.yml")],
    ],
)
def test_whatever_else_is_played_finds_the_people(playbooks: list[str], tmp_path: pathlib.Path) -> None:
    assert not about_apps_only(playbooks, None)


@pytest.mark.parametrize(
    ("text", "apps_only"),
    [
        ("- import_playbook: rollcall.access.reconcile\n", True),
        ("- name: Nightly\n  ansible.builtin.import_playbook: rollcall.access.reconcile\n  vars: {a: b}\n", True),
        ("- import_playbook: rollcall.access.discover\n- import_playbook: rollcall.access.reconcile\n", True),
        ("- import_playbook: rollcall.access.reconcile\n- import_playbook: rollcall.access.onboard\n", False),
        ("- import_playbook: rollcall.access.reconcile\n- hosts: joiners\n", False),
        ("- hosts: apps\n", False),
        ("- import_playbook: reconcile.yml\n", False),
        ("- import_playbook: rollcall.access.reconcile\n  vars: {a: !unsafe b}\n", False),
        ("- import_playbook: '{{ which }}'\n", False),
        ("[]", False),
        ("a: b", False),
        ("- [", False),
    ],
)
def test_a_playbook_of_ones_own_counts_where_it_imports_nothing_else(
    text: str, apps_only: bool, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "nightly.yml"
    file.write_text(text, "utf-8")
    assert about_apps_only([str(file)], None) is apps_only
