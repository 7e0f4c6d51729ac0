# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What HR and apps call things is shown on one line, wherever it is shown."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Conflict, FeedError
from ansible_collections.rollcall.access.plugins.module_utils.face.diffs import diffs_of
from ansible_collections.rollcall.access.plugins.module_utils.model import Change, ChangeKind, Finding
from ansible_collections.rollcall.access.plugins.module_utils.model.plain_line import on_one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë 東京 😀", "Zoë 東京 😀"),
        ("x\nok: forged", r"x\nok: forged"),
        ("\x1b[2Jx\r", r"\x1b[2Jx\r"),
        ("a\u202eb\u2028c", r"a\u202eb\u2028c"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert on_one_line(text) == shown


def test_a_name_forges_no_line_of_a_message_a_finding_or_a_diff() -> None:
    name = "x\nok: [localhost]\x1b[0m"
    change = Change(ChangeKind.UPDATE, "1", "crm", details={"name": ("x", name)})
    shown = [str(Conflict(f"{name} is taken", where=name)), str(Finding("orphan", "note", name, where=name))]
    assert not any("\n" in text or "\x1b" in text for text in shown)
    (diff,) = diffs_of([change], {})
    assert (diff["before"].count("\n"), diff["after"].count("\n")) == (1, 1)


def test_the_mistakes_of_a_feed_are_one_line_each() -> None:
    assert str(FeedError("first\nsecond \x1b[0m", where="hr.csv:1")) == "hr.csv:1: first\nsecond \\x1b[0m"
