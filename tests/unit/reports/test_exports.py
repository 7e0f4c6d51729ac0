# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import pathlib

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import RollcallError
from ansible_collections.rollcall.access.plugins.module_utils.reports.exports import write_report
from ansible_collections.rollcall.access.plugins.module_utils.reports.facts import Facts
from ansible_collections.rollcall.access.plugins.module_utils.reports.numbers import headline
from ansible_collections.rollcall.access.plugins.module_utils.tabular import plain_cell, read_csv, safe_cell
from ansible_collections.rollcall.access.tests.unit.reports.hostile import HOSTILE, with_every_text
from ansible_collections.rollcall.access.tests.unit.reports.sample import NOW, sample

TABLES = (
    "access",
    "people",
    "tasks",
    "coverage",
    "orphans",
    "exceptions",
    "requests",
    "reviews",
    "revocations",
    "measures",
    "conflicts",
    "accepted_risks",
    "peers",
    "privilege",
    "unused",
    "leavers",
)


@pytest.fixture
def written(tmp_path):
    write_report(sample(), tmp_path / "report")
    return tmp_path / "report"


def rows_of(folder: pathlib.Path, table: str) -> list[dict]:
    return json.loads((folder / f"{table}.json").read_text(encoding="utf-8"))["rows"]


def test_the_page_comes_first_and_every_table_is_there_twice(tmp_path):
    paths = write_report(sample(), tmp_path)
    assert paths[0] == tmp_path / "index.html"
    assert {path.name for path in paths} == {
        "index.html",
        "metrics.txt",
        *(f"{table}.{ending}" for table in TABLES for ending in ("csv", "json")),
    }
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in paths}


def test_the_page_links_to_every_file(written):
    page = (written / "index.html").read_text(encoding="utf-8")
    for path in written.iterdir():
        assert path.name == "index.html" or f'href="{path.name}"' in page


def test_rows_in_the_files_are_the_numbers_of_the_page(written):
    n = headline(sample())
    assert len(rows_of(written, "access")) == n.grants
    assert len(rows_of(written, "tasks")) == n.tasks_open
    assert sum(row["overdue"] for row in rows_of(written, "tasks")) == n.tasks_overdue
    assert len(rows_of(written, "revocations")) == n.revocations
    assert len(rows_of(written, "exceptions")) == n.exceptions
    assert len(rows_of(written, "orphans")) == n.findings
    assert sum(row["code"] == "orphan" for row in rows_of(written, "orphans")) == n.orphans
    assert sum(row["coverage"] == "automatic" for row in rows_of(written, "coverage")) == n.automatic
    assert sum(row["orphans"] for row in rows_of(written, "coverage")) == n.orphans
    open_reviews = [row for row in rows_of(written, "reviews") if row["state"] == "open"]
    assert sum(row["reviewer_decided"] for row in open_reviews) == n.review_decided
    assert sum(row["reviewer_total"] for row in open_reviews) == n.review_items


@pytest.mark.parametrize("table", TABLES)
def test_csv_and_json_say_the_same(written, table):
    rows = rows_of(written, table)
    found = read_csv(written / f"{table}.csv")
    assert rows
    assert len(found) == len(rows)
    for csv_row, json_row in zip(found, rows, strict=True):
        expected = {column: plain_cell(safe_cell(value)) for column, value in json_row.items()}
        assert dict(csv_row.values) == expected


@pytest.mark.parametrize("text", [*HOSTILE, "+1", "-1", "@SUM(A1)", "\t=1", " =1", "half \ud800 of a pair"])
def test_no_cell_is_a_formula_and_no_row_is_broken(tmp_path, text):
    write_report(with_every_text(sample(), text), tmp_path)
    for table in TABLES:
        data = (tmp_path / f"{table}.csv").read_bytes().decode("utf-8")
        header, *rows = csv.reader(io.StringIO(data, newline=""))
        assert len(rows) == len(rows_of(tmp_path, table))
        assert {len(row) for row in rows} == {len(header)}
        assert not [cell for row in rows for cell in row if cell.lstrip()[:1] in ("=", "+", "@") or cell[:1] == "\t"]


def test_the_same_facts_give_the_same_bytes(tmp_path):
    one = {path.name: path.read_bytes() for path in write_report(sample(), tmp_path / "one")}
    write_report(dataclasses.replace(sample(), company="Other"), tmp_path / "two")
    other = {path.name: path.read_bytes() for path in write_report(sample(), tmp_path / "two")}
    assert one == other


def test_an_empty_company_can_be_written(tmp_path):
    write_report(Facts(generated_at=NOW), tmp_path)
    assert rows_of(tmp_path, "access") == []
    assert (tmp_path / "tasks.csv").read_text(encoding="utf-8").startswith("id,title,owner,")


def test_others_cannot_read_who_has_what(tmp_path):
    before = os.umask(0o022)
    try:
        paths = write_report(sample(), tmp_path / "report")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o640}
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o750


def test_a_write_that_fails_leaves_the_old_file_whole_and_no_draft(written, monkeypatch):
    before = {path.name: path.read_bytes() for path in written.iterdir()}

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RollcallError, match="No space left on device"):
        write_report(dataclasses.replace(sample(), company="Other"), written)
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RollcallError, match="the report cannot be written") as caught:
        write_report(sample(), tmp_path / "file" / "report")
    assert str(tmp_path / "file") in str(caught.value)
