# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of questions, and an answer on screen and as a file."""

from __future__ import annotations

import csv
import datetime as dt
import json
import pathlib
import zoneinfo

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import QuestionError
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.criteria import CRITERIA
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.question import PARAMETERS, answer
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.registry import QUESTIONS, listed
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.showing import (
    ROWS_SHOWN,
    check_file,
    lines,
    listing,
    write_answer,
)

UTC = dt.timezone.utc
AT = dt.datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
#: what HR and apps may hold: a line of its own, a terminal's colours, a formula
HOSTILE = "Ada\n  note: nobody has anything\x1b[31m"


def test_there_are_thirty_questions_and_more_each_of_one_name_with_known_parameters_and_criteria() -> None:
    assert len({one.key for one in QUESTIONS}) == len(QUESTIONS) >= 30
    numbers = {criterion.number for criterion in CRITERIA}
    for one in QUESTIONS:
        assert {*one.needs, *one.takes} <= PARAMETERS.keys()
        assert not set(one.needs) & set(one.takes)
        assert one.criteria
        assert set(one.criteria) <= numbers
    assert [row[0] for row in listed().rows] == [one.key for one in QUESTIONS]


def test_a_table_on_screen_has_one_line_for_each_row_whatever_stands_in_it() -> None:
    made = lines(
        answer("person at privileged apps left", [(HOSTILE, AT, True, ("mail", "chat"), None)], "One", "A note"),
        zoneinfo.ZoneInfo("Europe/Amsterdam"),
    )
    head, rule, row, note = made
    assert head.split() == ["person", "at", "privileged", "apps", "left"]
    assert set(rule) == {"-", " "}
    assert row.startswith("Ada\\n  note: nobody has anything\\x1b[31m")
    assert row.split()[-6:] == ["2026-03-03", "00:30", "yes", "mail;", "chat", "-"]
    assert note == "note: A note"


def test_a_table_that_is_wider_than_the_terminal_becomes_a_block_for_each_row() -> None:
    wide = answer("person app why", [("Ada Berg", "chat", "x" * 64), ("Ben Cole", "code", None)], "Two", "A note")
    assert lines(wide, UTC, 79) == [
        "person  Ada Berg",
        "app     chat",
        f"why     {'x' * 64}",
        "",
        "person  Ben Cole",
        "app     code",
        "why     -",
        "",
        "note: A note",
    ]
    assert lines(wide, UTC, 80) == lines(wide, UTC) != lines(wide, UTC, 79)


def test_the_list_of_questions_is_readable_in_eighty_columns() -> None:
    made = listing(listed())
    assert len(made) == 2 * len(QUESTIONS)
    assert made[made.index("What was granted in a period, and for what reason?") + 1] == (
        "    granted; needs since; takes until and app and department"
    )
    assert all(f"    {one.key}" in (line.partition(";")[0] for line in made) for one in QUESTIONS)
    # two columns are the indentation of everything that a playbook says
    assert sum(len(line) > 78 for line in made) < len(QUESTIONS) // 4


def test_of_many_rows_the_first_are_shown_and_a_wide_cell_is_cut() -> None:
    made = lines(answer("a b", [("x" * 500, "y")] * (ROWS_SHOWN + 7), ""), UTC)
    assert len(made) == ROWS_SHOWN + 3
    assert made[-1].startswith("... and 7 more rows")
    assert max(map(len, made)) < 120


def test_a_file_has_all_rows_and_no_formula(tmp_path: pathlib.Path) -> None:
    rows = [("=1+1", AT, False, ("a", "b"))] * (ROWS_SHOWN + 1)
    made = answer("name at flag list", rows, "Many", "Of nothing else")
    write_answer(made, tmp_path / "answer.csv", {})
    with (tmp_path / "answer.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == len(rows)
    assert found[0] == {"name": "'=1+1", "at": "2026-03-02T23:30:00Z", "flag": "no", "list": "a; b"}
    write_answer(made, tmp_path / "answer.json", {"question": "many"})
    document = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert (document["question"], document["sentence"], document["notes"]) == ("many", "Many", ["Of nothing else"])
    assert document["rows"][0] == {"name": "=1+1", "at": "2026-03-02T23:30:00Z", "flag": False, "list": ["a", "b"]}


@pytest.mark.parametrize(("name", "says"), [("a.xlsx", "written as .csv or .json"), ("no/a.csv", "does not exist")])
def test_a_file_that_cannot_be_is_refused_before_anything_is_read(tmp_path: pathlib.Path, name: str, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        check_file(tmp_path / name)
