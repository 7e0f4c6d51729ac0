# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples and the pages about desks: valid, of one shape, and the same entry in both."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.desks import registry
from ansible_collections.rollcall.access.plugins.module_utils.policy.loading import load_catalog

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = sorted((CHECKOUT / "examples/desks").glob("*.yml"))
PAGES = [path for path in sorted((CHECKOUT / "docs/desks").glob("*.md")) if path.stem in registry.known()]
APP = "apps: {crm: {name: CRM, connector: none, owners: {primary: it@acme.example}, instructions: By hand}}\n"
HEADINGS = ["What you need", "Catalog entry", "How tickets are used", "Limits", "Sources"]


def load(text: str, place: pathlib.Path) -> t.Any:
    (place / "catalog").mkdir()
    (place / "catalog/desks.yml").write_text(f"{text}\n{APP}", encoding="utf-8")
    return load_catalog(place / "catalog", desk_problems=registry.desk_problems)


def entry_of(page: pathlib.Path) -> str:
    section = page.read_text(encoding="utf-8").partition("## Catalog entry\n")[2].partition("\n## ")[0]
    found = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert found, f"{page.name} has no catalog entry"
    return found[1]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_valid_desk_of_its_kind(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    catalog = load(path.read_text(encoding="utf-8"), tmp_path)
    assert [desk.type for desk in catalog.desks.values()] == [path.stem]
    assert catalog.apps["crm"].desk in (*catalog.desks, "embedded")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_the_others_say(page: pathlib.Path) -> None:
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [one for one in headings if one in HEADINGS] == HEADINGS
    assert "https://" in text.partition("## Sources\n")[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_entry_of_a_page_is_the_example(page: pathlib.Path) -> None:
    example = (CHECKOUT / f"examples/desks/{page.stem}.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(entry_of(page)) == yaml.safe_load(example)


def test_every_desk_has_a_page_and_an_example() -> None:
    assert {path.stem for path in EXAMPLES} == {page.stem for page in PAGES} == set(registry.known())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_holds_a_secret(page: pathlib.Path) -> None:
    for desk in yaml.safe_load(entry_of(page))["desks"].values():
        for name, need in registry.desk_class(desk["type"]).options.items():
            value = desk.get("connection", {}).get(name)
            assert need != "secret" or (isinstance(value, str) and value.startswith("{{ vault_")), name
