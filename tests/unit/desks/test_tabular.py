# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CSV that people open in a spreadsheet: formulas are disarmed, and every text survives."""

from __future__ import annotations

import datetime as dt
import pathlib
import tempfile

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import RollcallError, TaskError
from ansible_collections.rollcall.access.plugins.module_utils.tabular import plain_cell, read_csv, safe_cell, write_csv
from hypothesis import example, given
from hypothesis import strategies as st

# what a CSV file can hold: any text but half of a surrogate pair
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FORMULAS = st.builds(
    lambda quotes, space, sign, rest: quotes + space + sign + rest,
    st.sampled_from(["", "'", "''"]),
    st.sampled_from(["", " ", "\t", "\n", "\u00a0"]),
    st.sampled_from("=+-@＝＋－＠"),  # noqa: RUF001
    TEXTS,
)


@given(TEXTS | FORMULAS)
@example("'=1+1")
@example("'hello")
@example("\t")
def test_every_text_comes_back_as_it_was(text):
    assert plain_cell(safe_cell(text)) == text


@given(TEXTS | FORMULAS)
def test_no_cell_begins_like_a_formula(text):
    cell = safe_cell(text)
    assert not cell.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))  # noqa: RUF001
    assert not cell.startswith(("\t", "\r", "\n"))


@given(st.lists(st.tuples(TEXTS | FORMULAS, TEXTS | FORMULAS), max_size=5))
def test_a_table_survives_writing_and_reading(pairs):
    # a line without anything in it is no record
    pairs = [(a, b) for a, b in pairs if a.strip() or b.strip()]
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "table.csv"
        path.write_bytes(write_csv([{"one": a, "two": b} for a, b in pairs], ["one", "two"]).encode())
        found = [(row.values["one"], row.values["two"]) for row in read_csv(path)]
    assert found == pairs


def test_values_are_written_as_people_read_them():
    moment = dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    row = {
        "a": None,
        "b": True,
        "c": -5,
        "d": moment,
        "e": dt.date(2026, 3, 1),
        "f": ("x", "y"),
        "g": {"z", "y"},
        "h": "-5",
        "left out": 1,
    }
    assert write_csv([row], list("abcdefgh")).splitlines()[1] == ",yes,-5,2026-03-01T10:30:00Z,2026-03-01,x; y,y; z,'-5"


def test_lines_are_counted_where_records_begin(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,"two\nlines"\n\n3,4\n')
    assert [row.line for row in read_csv(path)] == [2, 5]
    assert read_csv(path)[0].where == f"{path}:2"


def test_a_spreadsheet_of_another_country_is_read_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("\ufeffname;note\r\nZoë;a, b\r\n".encode())
    assert dict(read_csv(path)[0].values) == {"name": "Zoë", "note": "a, b"}


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", None, "empty"),
        (b"   \n", None, "empty"),
        (b"a,b\n1,2\n1,2,3\n", 3, "expected 2 cells"),
        (b"a,b\n1\n", 2, "expected 2 cells"),
        (b'a,b\n1,2\n1,"cut o', 3, "double quote"),
        (b"a,b\nJos\xe9,2\n", 2, "0xe9"),
        (b"a,a\n1,2\n", 1, "twice"),
        (b"a,c\n1,2\n", 1, "Add b"),
        (b"a,b,zz\n1,2,3\n", 1, "'zz' is not known"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path, content, line, words):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(TaskError) as caught:
        read_csv(path, required=("a", "b"), allowed=("a", "b", "c"), error=TaskError)
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(RollcallError, match="No such file"):
        read_csv(tmp_path / "none.csv")
