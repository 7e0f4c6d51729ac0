# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a database is, what of it is shown, and that nobody can listen in on the way to another machine."""

from __future__ import annotations

import pathlib
import ssl
import types
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Conflict,
    NotFound,
    Refused,
    SettingsError,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.protocols.database import (
    DatabaseUrl,
    careful_arguments,
    database_url,
)
from ansible_collections.rollcall.access.plugins.module_utils.protocols.transactions import Database
from sqlalchemy import exc

HERE = pathlib.Path("/company")


def place(url: str) -> DatabaseUrl:
    return database_url(url, HERE, where="app crm")


@pytest.mark.parametrize(
    ("url", "name", "driver"),
    [
        ("postgresql://u:p@h:5433/d", "postgresql://h:5433/d", "psycopg"),
        ("mysql://u:p@h/d?ssl_ca=secret", "mysql://h/d", "pymysql"),
        ("mariadb://u:p@h/d", "mariadb://h/d", "pymysql"),
        ("sqlite:///hr/app.db", "sqlite:///hr/app.db", "pysqlite"),
    ],
)
def test_only_the_way_is_shown_and_the_driver_need_not_be_named(url: str, name: str, driver: str) -> None:
    found = place(url)
    assert (found.name, found.url.get_driver_name()) == (name, driver)
    assert "secret" not in repr(found)
    assert "p@" not in repr(found)


def test_a_relative_file_starts_from_the_company() -> None:
    assert place("sqlite:///app.db").path == HERE / "app.db"
    assert place("sqlite:////srv/app.db").path == pathlib.Path("/srv/app.db")


def test_another_database_of_the_server_keeps_the_rest() -> None:
    other = place("postgresql://u:p@h:5433/d?sslmode=require").database("näxt")
    assert (other.name, other.url.database, other.url.password) == ("postgresql://h:5433/näxt", "näxt", "p")
    assert other.url.query == {"sslmode": "require"}


@pytest.mark.parametrize("host", ["db.example", "10.0.0.1", "127.0.0.1.example", "[2001:db8::1]"])
def test_tls_is_verified_on_the_way_to_another_machine(host: str) -> None:
    arguments = careful_arguments(place(f"postgresql://u@{host}/d"), "", 60)
    assert (arguments["sslmode"], arguments["sslrootcert"]) == ("verify-full", "system")
    assert careful_arguments(place(f"postgresql://u@{host}/d"), "/ca.pem", 60)["sslrootcert"] == "/ca.pem"
    context = careful_arguments(place(f"mysql://u@{host}/d"), "", 60)["ssl"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", ""])
def test_a_server_on_this_machine_needs_no_tls(host: str) -> None:
    for kind in ("postgresql", "mysql"):
        assert not {"ssl", "sslmode"} & set(careful_arguments(place(f"{kind}://u@{host}/d"), "", 60))


def test_what_the_url_says_of_tls_stays() -> None:
    for url in ("postgresql://u@h/d?sslmode=disable", "mysql://u@h/d?ssl_disabled=true"):
        assert not {"ssl", "sslmode"} & set(careful_arguments(place(url), "", 60))


def test_several_hosts_or_a_socket_are_told_apart() -> None:
    several = place("postgresql://u@/d?host=a.example&host=b.example")
    assert careful_arguments(several, "", 60)["sslmode"] == "verify-full"
    assert "sslmode" not in careful_arguments(place("postgresql://u@/d?host=/run/postgresql"), "", 60)


@pytest.mark.parametrize("url", ["oracle://u:s3cret@h/d", "postgresql+pg8000://u:s3cret@h/d", "mssql://u:s3cret@h/d"])
def test_a_database_that_is_not_supported_is_said(url: str) -> None:
    with pytest.raises(SettingsError, match="not supported") as caught:
        Database(place(url), "app crm")
    assert "s3cret" not in str(caught.value)


def said(text: str, state: str = "", number: int = 0) -> exc.OperationalError:
    """Return an error as SQLAlchemy wraps it: psycopg's have a state, PyMySQL's a number as their first argument."""
    error = type("DriverError", (Exception,), {"sqlstate": state or None})
    return exc.OperationalError("SELECT 1", {}, error(number, text) if number else error(text))


ERRORS: list[tuple[str, dict[str, t.Any], type[AppError]]] = [
    ("postgresql", {"state": "40001"}, Transient),
    ("postgresql", {"state": "57P01"}, Transient),
    ("postgresql", {"state": "53300"}, Transient),
    ("postgresql", {"state": "XX000", "text": "tuple concurrently updated"}, Transient),
    ("postgresql", {"state": "42501"}, Refused),
    ("postgresql", {"state": "23505"}, Conflict),
    ("postgresql", {"state": "42710"}, Conflict),
    ("postgresql", {"state": "42704"}, NotFound),
    ("postgresql", {"state": "42601"}, Refused),
    ("mysql", {"number": 1213}, Transient),
    ("mysql", {"number": 2013}, Transient),
    ("mysql", {"number": 1040}, Transient),
    ("mysql", {"number": 1227}, Refused),
    ("mysql", {"number": 1062}, Conflict),
    ("mysql", {"number": 1064}, Refused),
]


@pytest.mark.parametrize(("kind", "details", "expected"), ERRORS)
def test_what_a_database_says_is_one_of_the_errors_of_an_app(
    kind: str, details: dict[str, t.Any], expected: type[AppError]
) -> None:
    database = Database(place(f"{kind}://u:s3cret@127.0.0.1/d"), "app crm")
    error = database.error(said(**{"text": "no s3cret", **details}), "app crm, find", needs="CREATEROLE", sent=True)
    assert error.__class__ is expected
    assert "s3cret" not in str(error)
    missing = details in ({"state": "42501"}, {"number": 1227})
    assert ("CREATEROLE" in str(error)) == missing
    if expected is Transient:
        assert error.details["sent"] is True


FAILURES: list[tuple[str, type[AppError]]] = [
    ('connection failed: FATAL:  password authentication failed for user "u"', Refused),
    ('connection failed: FATAL:  database "d" does not exist', Refused),
    ("connection failed: FATAL:  sorry, too many clients already", Transient),
    ("connection failed: FATAL:  the database system is starting up", Transient),
    ("connection failed: Connection refused", Transient),
    ("connection failed: SSL error: certificate verify failed", Refused),
    ("connection timeout expired", Transient),
]


@pytest.mark.parametrize(("text", "expected"), FAILURES)
def test_who_is_not_let_in_is_told_apart_from_a_server_that_is_away(text: str, expected: type[AppError]) -> None:
    database = Database(place("postgresql://u:s3cret@127.0.0.1/d"), "app crm")

    def connect() -> t.Any:
        raise said(text)

    database._engine = types.SimpleNamespace(connect=connect)  # type: ignore[assignment]
    with pytest.raises(expected), database.transaction("app crm, accounts"):
        pass
