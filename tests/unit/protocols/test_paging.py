# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that look complete and are not."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, NotFound
from ansible_collections.rollcall.access.plugins.module_utils.http import Answer
from ansible_collections.rollcall.access.plugins.module_utils.protocols.paging import Paging, read_pages

OFFSETS = Paging("offset", "offset", 2, "limit", more="more")
CURSORS = Paging("cursor", "after", next="next", more="more")


def read(paging: Paging, answers: t.Sequence[t.Any]) -> list[t.Any]:
    """Read a list whose pages are ``answers``: bodies, or what is raised in place of one."""
    rest = list(answers)

    def fetch(url: str, page: t.Mapping[str, t.Any]) -> Answer:
        body = rest.pop(0)
        if isinstance(body, Exception):
            raise body
        return Answer(200, {}, body)

    found = read_pages(fetch, paging, lambda body: body.get("items"), str, "app x, accounts")
    assert not rest, "not read to the end"
    return found


@pytest.mark.parametrize("missing", [{}, {"more": None}])
def test_a_flag_that_is_missing_does_not_end_a_list(missing: dict[str, t.Any]) -> None:
    pages = [{"items": [1, 2], **missing}, {"items": [3], **missing}, {"items": [], **missing}]
    assert read(OFFSETS, pages) == [1, 2, 3]
    assert read(CURSORS, [{"items": [1], "next": "a", **missing}, {"items": [2]}]) == [1, 2]


def test_a_flag_that_is_false_ends_a_list() -> None:
    assert read(OFFSETS, [{"items": [1, 2], "more": True}, {"items": [3], "more": False}]) == [1, 2, 3]
    assert read(CURSORS, [{"items": [1], "next": "a", "more": False}]) == [1]


def test_a_page_that_is_not_there_is_no_end() -> None:
    with pytest.raises(Broken, match="breaks off after 2 entries"):
        read(OFFSETS, [{"items": [1, 2], "more": True}, NotFound("there is no such thing (404)")])
    with pytest.raises(NotFound):
        read(OFFSETS, [NotFound("there is no such thing (404)")])


def test_an_expression_that_does_not_fit_the_answer_is_no_crash() -> None:
    with pytest.raises(Broken, match="no total"):
        read(Paging("page", "page", total="length(count)"), [{"items": [1], "count": None}])
