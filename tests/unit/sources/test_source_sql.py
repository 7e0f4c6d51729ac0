# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from a database: read only, and no secret in any message."""

from __future__ import annotations

import sqlite3

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    FeedError,
    MissingLibrary,
    SettingsError,
    SourceUnreachable,
)
from ansible_collections.rollcall.access.plugins.module_utils.sources.sql_query import SqlQuery

QUERY = "SELECT id, name, hired AS start, note FROM staff ORDER BY id"


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "hr.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE staff (id INTEGER, name TEXT, hired TEXT, note TEXT)")
    connection.execute("INSERT INTO staff VALUES (1, 'Ann Lee', '2026-01-05', NULL), (2, 'Bob Ray', NULL, '50% :x')")
    connection.commit()
    connection.close()
    return path


def test_a_query_gives_people(company, database):
    feed = company.read({"type": "sql", "url": "sqlite:///hr.db", "query": QUERY})
    assert [(p.id, p.name, str(p.start), p.attributes["note"]) for p in feed.people] == [
        ("1", "Ann Lee", "2026-01-05", ""),
        ("2", "Bob Ray", "None", "50% :x"),
    ]
    assert str(feed.people[1].origin) == "sqlite:///hr.db row 2"


def test_colons_and_percents_in_a_query_are_its_own(company, database):
    query = "SELECT id, name FROM staff WHERE note LIKE '50% :x'"
    assert [p.id for p in company.read({"type": "sql", "url": "sqlite:///hr.db", "query": query}).people] == ["2"]


def test_the_database_is_never_written(company, database):
    before = database.read_bytes()
    with pytest.raises(FeedError, match="readonly"):
        company.read({"type": "sql", "url": "sqlite:///hr.db", "query": "DELETE FROM staff"})
    assert database.read_bytes() == before


def test_a_database_that_is_not_there_is_unreachable_and_not_made(company, tmp_path):
    with pytest.raises(SourceUnreachable, match=r"sqlite:///none\.db: there is no such file"):
        company.read({"type": "sql", "url": "sqlite:///none.db", "query": QUERY})
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT * FROM nobody", "the query fails: no such table: nobody"),
        ("SELECT id, id FROM staff", 'two columns of the name "id"'),
        ("SELECT id, name FROM staff WHERE id > 9", "there is nobody in it"),
        ("SELECT 1 AS id, 'Ann' AS name, 'x' AS start", "sqlite:///hr.db row 1: column start"),
        ("SELECT 1 AS id, x'ff' AS name", "sqlite:///hr.db row 1: bytes that are no text"),
    ],
)
def test_a_query_that_gives_no_people_is_refused(company, database, query, told):
    with pytest.raises(FeedError) as caught:
        company.read({"type": "sql", "url": "sqlite:///hr.db", "query": query})
    assert told in str(caught.value)


def test_a_file_that_is_no_database_is_refused(company):
    company.write("hr.db", "id,name\n1,Ann Lee\n" * 100)
    with pytest.raises(FeedError, match="file is not a database"):
        company.read({"type": "sql", "url": "sqlite:///hr.db", "query": QUERY})


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://root:s3cret@host/hr.db",
        "s3cret",
        "nonsense://root:s3cret@host/hr",
        "postgresql+psycopg://root:s3cret@127.0.0.1:1/hr",
        "mysql+pymysql://root@127.0.0.1:1/hr?password=s3cret",
        "postgresql://root:s3cret@host:port/hr",
    ],
)
def test_no_secret_is_in_an_error(company, url):
    """Whatever the driver: with it installed the server refuses, without it the library is named."""
    with pytest.raises((SettingsError, SourceUnreachable, MissingLibrary)) as caught:
        company.read({"type": "sql", "url": url, "query": QUERY})
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value.details)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_a_driver_says_is_cleaned_of_secrets(tmp_path):
    source = SqlQuery({"url": "nonsense://root:s3%2Fcret@host/hr?token=t0ken", "query": QUERY}, tmp_path)
    with pytest.raises(SettingsError):
        list(source.read())
    said = source._reason(RuntimeError("login s3/cret failed\n(s3%2Fcret, t0ken)"))
    assert said == "login *** failed (***, ***)"
    assert source.name == "nonsense://host/hr"
