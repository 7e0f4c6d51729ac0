# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation and the schema say of sources is what sources take."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import jsonschema
import pytest
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.sources.contract import COMMON_OPTIONS
from ansible_collections.rollcall.access.plugins.module_utils.sources.interface import InterfaceSource
from ansible_collections.rollcall.access.plugins.module_utils.sources.registry import SOURCES, source_from

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
SCHEMA = json.loads((CHECKOUT / "schemas/rollcall.json").read_text(encoding="utf-8"))["definitions"]["source"]
PAGES = [CHECKOUT / "docs/rollcall-yml.md", CHECKOUT / "docs/hr-sources.md", *(CHECKOUT / "docs/systems").glob("*.md")]
#: The options whose values are secrets: a message of the schema would quote a value that is not of its type.
SECRETS = ("api_key", "password", "client_secret", "private_key", "token", "auth", "headers")


def _entries() -> list[t.Any]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            content = yaml.safe_load(block)
            if isinstance(content, dict) and "sources" in content:
                found += [pytest.param(source, id=f"{page.stem}-{source['type']}") for source in content["sources"]]
    return found


@pytest.mark.parametrize("entry", _entries())
def test_a_source_in_the_documentation_is_one(entry: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    jsonschema.validate(entry, SCHEMA)
    assert source_from(entry, tmp_path).type == entry["type"]


@pytest.mark.parametrize("word", SOURCES)
def test_every_source_has_an_entry_in_the_documentation(word: str) -> None:
    documented = {param.values[0]["type"] for param in _entries()}
    assert word in documented or f"`{word}`" in PAGES[0].read_text(encoding="utf-8")


def test_every_option_of_every_source_is_in_the_schema() -> None:
    options = {option for source in SOURCES.values() for option in (*COMMON_OPTIONS, *source.options)}
    assert options - SCHEMA["properties"].keys() - {"connect_timeout"} == set()
    assert sorted(SCHEMA["properties"]["type"]["enum"]) == sorted(SOURCES)


@pytest.mark.parametrize("option", SECRETS)
def test_no_message_of_the_schema_can_quote_a_secret(option: str) -> None:
    assert SCHEMA["properties"][option].keys() == {"title", "description"}


@pytest.mark.parametrize("word", [word for word, kind in SOURCES.items() if issubclass(kind, InterfaceSource)])
def test_a_newcomer_needs_at_most_six_lines(word: str) -> None:
    needed = [option for option, need in SOURCES[word].options.items() if need != "optional"]
    assert len(needed) <= 5


@pytest.mark.parametrize(
    "page",
    [CHECKOUT / f"docs/systems/{word}.md" for word in ("bamboohr", "workday", "adp", "hibob", "personio", "rippling")],
)
def test_the_page_of_an_hr_system_names_every_field_that_is_read(page: pathlib.Path) -> None:
    text = page.read_text(encoding="utf-8")
    kind = t.cast("type[InterfaceSource]", SOURCES[page.stem])
    for column in kind.fields.values():
        word = re.split(r"[^A-Za-z_]", column.rpartition(".")[2] if "|" not in column else column)[0]
        assert word in text
