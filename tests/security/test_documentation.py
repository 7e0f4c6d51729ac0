# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/security.md names tests that exist, and every page of a system says which rights its credential needs."""

from __future__ import annotations

import pathlib
import re

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
SECURITY = (CHECKOUT / "docs/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[a-z0-9_/]+\.py)(?:::([a-z0-9_]+))?`", SECURITY)))
PAGES = [
    page
    for folder in ("systems", "desks")
    for page in sorted((CHECKOUT / "docs" / folder).glob("*.md"))
    if page.name != "answering.md"  # for owners of apps, who have no credential
]


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 20


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_the_page_names_exists(file: str, test: str) -> None:
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    assert re.search(rf"^def {test or 'test_'}", text, re.MULTILINE)


def test_every_promise_has_a_test() -> None:
    table = SECURITY.partition("## What is promised")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 15
    assert [row for row in rows if "`tests/" not in row] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_system_and_desk_says_which_rights_its_credential_needs(page: pathlib.Path) -> None:
    section = page.read_text(encoding="utf-8").partition("\n## Least privilege\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert rows[:1] == ["| for | the credential needs |"]
    assert len(rows) > 2
    assert all(row.count("|") >= 3 and "TODO" not in row for row in rows)


def test_every_source_of_people_says_what_it_needs_to_see() -> None:
    text = (CHECKOUT / "docs/hr-sources.md").read_text(encoding="utf-8")
    assert re.search(r"^## Least privilege$", text, re.MULTILINE)


def test_the_front_page_leads_to_it() -> None:
    assert "docs/security.md" in (CHECKOUT / "README.md").read_text(encoding="utf-8")
