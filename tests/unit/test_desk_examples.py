# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples and the pages about desks: complete and valid, and one says what the other says."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry
from ansible_collections.rollcall.access.plugins.module_utils.desks.registry import build, desk_class, desk_problems
from ansible_collections.rollcall.access.plugins.module_utils.policy.loading import load_catalog

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = sorted((CHECKOUT / "examples/desks").glob("*.yml"))
HEADINGS = ["What you need", "Catalog entry", "How tickets are used", "Limits", "Sources"]
APPS = """
apps:
  crm:
    name: CRM
    connector: none
    instructions: Make an account
    owners: {primary: sales@acme.example}
"""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_of_a_desk_is_valid_and_can_be_built(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    text = path.read_text(encoding="utf-8")
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/desks.yml").write_text(text, encoding="utf-8")
    (tmp_path / "catalog/apps.yml").write_text(APPS, encoding="utf-8")
    loaded = load_catalog(
        tmp_path / "catalog",
        known_connectors=registry.known(),
        connection_options=registry.connection_options(),
        connection_problems=registry.connection_problems,
        desk_problems=desk_problems,
    )
    words = {entry["type"] for entry in yaml.safe_load(text)["desks"].values()}
    assert path.stem in words
    assert {settings.type for settings in loaded.desks.values()} == words
    for settings in loaded.desks.values():
        for name, need in desk_class(settings.type).options.items():
            if need == "secret" and name in settings.connection:
                assert "{{" in str(settings.connection[name]), f"{name} is not taken from a vault"
        build(settings, settings.connection).close_session()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_page_of_a_desk_says_what_the_others_say_and_has_the_same_entry(path: pathlib.Path) -> None:
    page = (CHECKOUT / f"docs/desks/{path.stem}.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert [one for one in headings if one in HEADINGS] == HEADINGS
    section = page.partition("## Catalog entry\n")[2].partition("\n## ")[0]
    found = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert found
    assert yaml.safe_load(found[1]) == yaml.safe_load(path.read_text(encoding="utf-8"))
    assert "https://" in page.partition("## Sources\n")[2]
