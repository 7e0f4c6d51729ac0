# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples and the pages about systems: complete, valid, and there for every connector and source."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry
from ansible_collections.rollcall.access.plugins.module_utils.desks.registry import desk_problems
from ansible_collections.rollcall.access.plugins.module_utils.policy.loading import load_catalog

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = sorted((CHECKOUT / "examples/catalog").glob("*.yml"))
PAGES = sorted((CHECKOUT / "docs/systems").glob("*.md"))
SYSTEMS = yaml.safe_load((CHECKOUT / "scripts/systems.yml").read_text(encoding="utf-8"))
HEADINGS = ["What you need", "What it does", "What it does not do", "Sources"]
ENGINES = {"none", "file", "scim", "rest", "sql", "browser", "ldap"}


def connectors_in(path: pathlib.Path) -> set[str]:
    apps = yaml.safe_load(path.read_text(encoding="utf-8"))["apps"]
    return {app.get("connector", "none") for app in apps.values()}


def load(text: str, place: pathlib.Path) -> None:
    (place / "catalog").mkdir()
    (place / "catalog/apps.yml").write_text(text, encoding="utf-8")
    load_catalog(
        place / "catalog",
        known_connectors=registry.known(),
        connection_options=registry.connection_options(),
        connection_problems=registry.connection_problems,
        desk_problems=desk_problems,
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_valid_catalog(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    load(path.read_text(encoding="utf-8"), tmp_path)
    for app in yaml.safe_load(path.read_text(encoding="utf-8"))["apps"].values():
        assert app["owners"]
        assert app.get("connector") != "none" or app["instructions"]


@pytest.mark.parametrize("word", [word for word in registry.known() if word not in ("none", "file")])
def test_every_connector_has_an_example(word: str) -> None:
    assert any(word in connectors_in(path) for path in EXAMPLES)


@pytest.mark.parametrize("word", [word for word in registry.known() if word not in ENGINES])
def test_every_product_has_a_page(word: str) -> None:
    assert (CHECKOUT / f"docs/systems/{word}.md").exists()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_says_what_the_others_say_and_its_entry_is_valid(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    text = path.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    entry = "Source entry" if "Source entry" in headings else "Catalog entry"
    assert [one for one in headings if one in (*HEADINGS, entry)] == [HEADINGS[0], entry, *HEADINGS[1:]]
    section = text.partition(f"## {entry}\n")[2].partition("\n## ")[0]
    found = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert found
    if entry == "Catalog entry":
        load(found[1], tmp_path)
    assert "https://" in text.partition("## Sources\n")[2]


def test_every_connector_belongs_to_a_system() -> None:
    named = {word for entry in SYSTEMS for word in entry.get("connectors", ())}
    assert named == set(registry.known())
