# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sheet that owners fill in."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.answers import read_answers, write_sheet
from ansible_collections.rollcall.access.plugins.module_utils.desks.completing import complete
from ansible_collections.rollcall.access.plugins.module_utils.errors import TaskError
from ansible_collections.rollcall.access.tests.unit.desks.sample import ALEX, LATER, SEMRUSH, create, task

HEADER = "task_id,done,account_name,note,by,when\n"
PEOPLE, APPS = {ALEX.id: ALEX}, {SEMRUSH.key: SEMRUSH}


@pytest.fixture
def sheet(tmp_path):
    def write(text):
        path = tmp_path / "answers.csv"
        path.write_text(text)
        return path

    return write


def test_a_sheet_filled_in_comes_back_as_answers(sheet):
    made = task(create())
    rows = list(csv.reader(io.StringIO(write_sheet([made], PEOPLE, APPS))))
    header, row = rows
    assert row[header.index("title")] == "Give Alex Chen access to SEMrush"
    row[header.index("done")] = "Yes"
    row[header.index("account_name")] = "chen.a"
    row[header.index("by")] = "owner@acme.example"
    row[header.index("when")] = "2026-03-03"
    out = io.StringIO()
    csv.writer(out).writerows([header, row])
    (answer,), notes = read_answers(sheet(out.getvalue()))
    assert (answer.task, answer.done, answer.account_name, answer.by) == (
        made.id,
        "yes",
        "chen.a",
        "owner@acme.example",
    )
    assert answer.when == dt.datetime(2026, 3, 3, 23, 59, 59, tzinfo=dt.timezone.utc)
    assert not notes


def test_only_open_tasks_are_on_the_sheet_and_those_due_first_come_first():
    ended = complete(task(create()), "", "", "x@acme.example", LATER)
    late = dataclasses.replace(task(create()), id="late", due=LATER + dt.timedelta(days=9))
    mine = dataclasses.replace(task(create()), id="mine", owner="me@acme.example")
    text = write_sheet([late, ended, mine], PEOPLE, APPS)
    assert [row["task_id"] for row in csv.DictReader(io.StringIO(text))] == ["mine", "late"]
    text = write_sheet([late, mine], PEOPLE, APPS, owner="me@acme.example")
    assert [row["task_id"] for row in csv.DictReader(io.StringIO(text))] == ["mine"]


def test_a_formula_from_hr_is_written_disarmed():
    sly = dataclasses.replace(ALEX, name="=cmd|' /C calc'!A0")
    made = dataclasses.replace(task(create()), title="=HYPERLINK(1)")
    (row,) = csv.DictReader(io.StringIO(write_sheet([made], {ALEX.id: sly}, APPS)))
    assert row["person"] == "'=cmd|' /C calc'!A0"
    assert row["title"] == "'=HYPERLINK(1)"


def test_a_formula_that_an_owner_types_is_data(sheet):
    (answer,), _notes = read_answers(sheet(HEADER + "t1,yes,=1+1,'@SUM(A1),o@acme.example,\n"))
    assert (answer.account_name, answer.note) == ("=1+1", "@SUM(A1)")


def test_empty_lines_are_passed_over_and_half_filled_ones_noted(sheet):
    text = HEADER + (
        "t1,,,,,\nt2,,chen.a,,,\nt3,yes,,,,\nt4,declined,,,o@acme.example,\n,yes,,,o@acme.example,\nt5,no,,later,,\n"
    )
    answers, notes = read_answers(sheet(text))
    assert [answer.task for answer in answers] == ["t5"]
    assert [(note.where.rsplit(":", 1)[1], note.message.split(": ")[1]) for note in notes] == [
        ("3", "done is empty (yes, no or declined)"),
        ("4", "by is empty (who did it)"),
        ("5", "note is empty (why it is declined)"),
        ("6", "it names no task"),
    ]


def test_every_wrong_line_is_named_at_once(sheet):
    path = sheet(HEADER + "t1,maybe,,,o@acme.example,\nt2,yes,,,o@acme.example,yesterday\nt3,yes,,,o@acme.example,\n")
    with pytest.raises(TaskError) as caught:
        read_answers(path)
    assert f"{path}:2: expected done to be yes, no or declined, found 'maybe'" in str(caught.value)
    assert f"{path}:3: expected when to be a day" in str(caught.value)
    assert "Nothing was changed" in str(caught.value)


def test_two_answers_to_one_task_must_agree(sheet):
    same = "t1,yes,a,,o@acme.example,\n"
    answers, _notes = read_answers(sheet(HEADER + same + same))
    assert len(answers) == 1
    path = sheet(HEADER + same + "t1,yes,b,,o@acme.example,\n")
    with pytest.raises(TaskError, match=r"answers\.csv:3: task t1 is answered differently at .*answers\.csv:2"):
        read_answers(path)


def test_a_sheet_with_another_column_is_refused(sheet):
    with pytest.raises(TaskError, match=r"answers\.csv:1: the column 'colour' is not known"):
        read_answers(sheet("task_id,done,by,colour\n"))
