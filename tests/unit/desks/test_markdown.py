# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain text in markdown, and the id of a task below it."""

from __future__ import annotations

import re

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.logins import Logins
from ansible_collections.rollcall.access.plugins.module_utils.desks.markdown import fenced, title, unfenced
from ansible_collections.rollcall.access.plugins.module_utils.desks.marks import marked, task_in
from ansible_collections.rollcall.access.tests.conformance import markdown_page
from hypothesis import given
from hypothesis import strategies as st

LINES = st.lists(st.text(st.sampled_from("`~ab/@#1<>!-*_\\\t\r&=+[]() \u2028")), max_size=12).map("\n".join)


@given(LINES)
def test_nothing_of_a_text_is_alive_and_all_of_it_is_seen(text: str) -> None:
    body = marked(fenced(text), "0a1b2c3d4e")
    assert not markdown_page.alive(body).strip()
    seen = [line.strip() for line in markdown_page.seen(body).split("\n") if line.strip()]
    assert seen == [line.strip() for line in re.split(r"\r\n|\r|\n", text) if line.strip()]


@given(LINES)
def test_no_line_begins_like_a_command(text: str) -> None:
    assert not re.search(r"^/", fenced(text), re.MULTILINE)


@given(LINES.filter(lambda text: not re.search(r"^/|\r", text, re.MULTILINE)))
def test_the_text_comes_back_out_of_its_block(text: str) -> None:
    assert unfenced(marked(fenced(text), "0a1b2c3d4e")) == text


def test_what_is_no_block_of_ours_stays_as_it_is() -> None:
    assert unfenced("app: crm\n```\nx\n```") == "app: crm\n```\nx\n```"


@pytest.mark.parametrize(
    ("body", "name", "task"),
    [
        (marked("x", "0a1b"), "changed by somebody", "0a1b"),
        ("x", "Give Jane access [rollcall 0a1b]", "0a1b"),
        ("x", "Give Jane access [rollcall 0A1B]", ""),
        (marked("x", "0a1b") + "\nand more", "Give", ""),
        (fenced(marked("x", "ffff")), "Give [rollcall 0a1b]", "0a1b"),
        (marked(fenced(marked("x", "ffff")), "0a1b"), "Give [rollcall ffff]", "0a1b"),
        ("x", "[rollcall 0a1b] Give", ""),
    ],
)
def test_the_id_of_a_task_is_read_from_where_it_was_put(body: str, name: str, task: str) -> None:
    assert task_in(body, name) == task


def test_a_title_mentions_nobody_and_stays_readable() -> None:
    assert title("Give @jane #1 &2 a & b\n!3", 255).replace("\u2060", "") == "Give @jane #1 &2 a & b !3"
    assert not re.search(r"[@#!&]\w", title("Give @jane #1 &2 a & b\n!3", 255))


def test_a_long_title_keeps_its_end() -> None:
    short = title(f"Give {'Jane ' * 100} access [rollcall 0a1b2c3d4e]", 255)
    assert len(short) == 255
    assert short.endswith("… [rollcall 0a1b2c3d4e]")
    assert len(title("x" * 300, 255)) == 255


def test_logins_and_addresses_are_found_in_any_case() -> None:
    logins = Logins({"Sales.Ops@acme.example": "@Sales-Ops", "sales@acme.example": "sales-ops"})
    assert (logins.login("sales.ops@ACME.example"), logins.address("SALES-OPS")) == (
        "Sales-Ops",
        "Sales.Ops@acme.example",
    )
    assert (logins.login("nobody@acme.example"), logins.address("nobody")) == ("", "")
