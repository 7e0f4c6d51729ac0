# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements out of the catalog are not believed: what they do beyond their purpose is undone, and said."""

from __future__ import annotations

import sqlite3
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.sql import SqlConnector
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    Conflict,
    NotFound,
    PolicyError,
    Refused,
    Transient,
    Unsupported,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.in_house_app import STATEMENTS, InHouseApp
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD
from ansible_collections.rollcall.access.tests.conformance.products.sql_table import InHouseOnSqlite


@pytest.fixture(scope="module")
def started() -> t.Iterator[InHouseApp]:
    with InHouseOnSqlite().start() as app:
        yield app


@pytest.fixture
def app(started: InHouseApp) -> InHouseApp:
    started.reset()
    started.fill(4)
    return started


def connector(app: InHouseApp, **options: t.Any) -> t.Any:
    return InHouseOnSqlite().build(app, 0, **options)


def account(connector: t.Any, number: int = 1) -> Account:
    found = connector.find(AccountKey(external_id=f"e{number}"))
    assert found is not None
    return found


ACT: dict[str, t.Callable[[t.Any, Account], t.Any]] = {
    "suspend": lambda c, a: c.suspend(a),
    "delete": lambda c, a: c.delete(a),
    "update": lambda c, a: c.update(a, {"email": "new@acme.example"}),
    "grant": lambda c, a: c.grant(a, c.app.entitlements["editor"]),
    "revoke": lambda c, a: c.revoke(a, c.app.entitlements["reader"]),
    "end_sessions": lambda c, a: c.end_sessions(a),
    "create": lambda c, a: c.create(NewAccount("n", "n@acme.example", "e100"), []),
}
INSERT = "INSERT INTO people (login, mail, role, status) "
WRONG: list[tuple[str, t.Any, type[AppError], str]] = [
    ("suspend", "UPDATE people SET status = 'D'", Conflict, "4 rows where one account"),
    ("suspend", ["UPDATE people SET status = 'D'", "SELECT 1"], Conflict, "3 other accounts as well"),
    ("suspend", "UPDATE people SET status = 'D' WHERE id = :id + 1", Conflict, "1 other accounts as well"),
    ("suspend", "UPDATE people SET given = 'x' WHERE id = :id", Broken, "expected it to be suspended, found active"),
    ("suspend", "DELETE FROM people WHERE id = :id", Broken, "expected the account to stay, found it gone"),
    ("suspend", "UPDATE nobody SET status = 'D' WHERE id = :id", Refused, "no such table: nobody.*UPDATE nobody SET"),
    ("suspend", "UPDATE people SETT status", Refused, "connection.suspend: .*syntax error"),
    ("suspend", ["DELETE FROM sessions", "UPDATE people SET x = 1"], Refused, r"connection.suspend\[2\]: .*column: x"),
    ("delete", "DELETE FROM people", Conflict, "4 rows where one account"),
    ("delete", ["DELETE FROM people", "SELECT 1"], Conflict, "3 other accounts as well"),
    ("delete", "UPDATE people SET status = 'D' WHERE id = :id", Broken, "expected the account to be gone"),
    ("update", "UPDATE people SET mail = :email || id WHERE id = :id", Broken, "expected another email"),
    ("update", "UPDATE people SET given = :given_name WHERE id = :id", Unsupported, "email cannot be changed"),
    ("grant", "UPDATE people SET role = :value", Conflict, "4 rows"),
    ("grant", "UPDATE people SET role = :key || 's' WHERE id = :id", Broken, "to have editor, found it without"),
    ("grant", "UPDATE people SET role = :value WHERE id = -1", NotFound, "there seems to be no role 'editor'"),
    ("grant", {"team": "SELECT 1"}, Unsupported, "no statement for the kind role"),
    ("revoke", "UPDATE people SET given = 'x' WHERE id = :id", Broken, "expected reader to be gone"),
    ("end_sessions", "UPDATE people SET role = 'x' WHERE id <> :id", Conflict, "3 other accounts as well"),
    ("create", INSERT + "VALUES ('z', 'other@acme.example', 'reader', 'A')", Broken, "expected one new account of n@"),
    (
        "create",
        INSERT + "VALUES (:username, :email, 'reader', 'A'), ('z', 'z@acme.example', 'reader', 'A')",
        Broken,
        "expected one new account",
    ),
]


@pytest.mark.parametrize(("operation", "statement", "expected", "says"), WRONG)
def test_a_statement_that_does_something_else_is_undone(
    app: InHouseApp, operation: str, statement: t.Any, expected: type[AppError], says: str
) -> None:
    wrong = connector(app, **{operation: statement})
    before = app.run("SELECT * FROM people")
    with pytest.raises(expected, match=says) as caught:
        ACT[operation](wrong, account(wrong))
    assert f"app crm, {operation}" in str(caught.value)
    assert app.run("SELECT * FROM people") == before


def test_what_a_person_is_called_is_never_a_statement(app: InHouseApp) -> None:
    c = connector(app)
    for number, name in enumerate(["'; DROP TABLE people; --", ":id %s %(id)s ?", ODD, "\\'", "zoë\n"]):
        new = NewAccount(name, f"{name}@acme.example", f"x{number}", name, name)
        made = c.create(new, [c.app.entitlements["odd"]])
        assert (made.username, made.given_name, made.entitlements) == (name, name, {"reader", "odd"})
        assert c.find(AccountKey(email=new.email)) == made
        assert c.delete(made) is True
    assert len(app.accounts()) == 4


READ_WRONG: list[tuple[dict[str, t.Any], str]] = [
    ({"list": "SELECT * FROM people, teams"}, "is there twice"),
    ({"list": "SELECT id, login, id FROM people"}, "two columns 'id'"),
    ({"list": "SELECT id, login FROM people"}, "gives no column family, given, hr_id, mail, role"),
    ({"list": "UPDATE people SET given = 'x'"}, "returns no rows"),
    ({"columns": {**STATEMENTS["columns"], "last_used": "given"}}, "`last_used` holds no time: 'Given0'"),
    ({"columns": {**STATEMENTS["columns"], "state": "given"}}, "the state 'given0', whose meaning is not known"),
    ({"entitlements": "SELECT id, role FROM people"}, "connection.entitlements: the query gives no column kind, value"),
]


@pytest.mark.parametrize(("options", "says"), READ_WRONG)
def test_rows_that_cannot_be_accounts_are_broken(app: InHouseApp, options: dict[str, t.Any], says: str) -> None:
    with pytest.raises(Broken, match=says):
        list(connector(app, **options).accounts())
    assert "x" not in {row.given for row in app.run("SELECT given FROM people")}


def test_what_a_query_finds_is_compared_with_what_was_asked_for(app: InHouseApp) -> None:
    loose = connector(app, find={"email": STATEMENTS["list"] + " WHERE mail LIKE '%' || :email || '%'"})
    assert loose.find(AccountKey(email="acme")) is None
    found = loose.find(AccountKey(email="P2@acme.example"))
    assert found is not None
    assert found.username == "p2"


def test_a_row_that_is_marked_as_deleted_is_no_account(app: InHouseApp) -> None:
    soft = connector(
        app, states={**STATEMENTS["states"], "X": "gone"}, delete="UPDATE people SET status = 'X' WHERE id = :id"
    )
    one = account(soft)
    assert soft.delete(one) is True
    assert soft.delete(one) is False
    assert soft.find(AccountKey(id=one.id)) is None
    assert len(list(soft.accounts())) == 3
    assert len(app.run("SELECT id FROM people")) == 4


def test_times_are_read_in_utc(app: InHouseApp) -> None:
    app.run("UPDATE people SET seen_at = '2026-11-16 09:30:00'")
    assert str(account(connector(app)).last_used) == "2026-11-16 09:30:00+00:00"


def test_somebody_elses_name_is_a_conflict(app: InHouseApp) -> None:
    before = app.accounts()
    with pytest.raises(Conflict, match="the username is taken by the account 3"):
        connector(app).create(NewAccount("p2", "other@acme.example", "e100"), [])
    assert app.accounts() == before


def test_a_locked_database_is_a_fault_that_may_pass(app: InHouseApp) -> None:
    c = connector(app, statement_timeout=1)
    one = account(c)
    holder = sqlite3.connect(app.engine.url.database or "")
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(Transient, match="locked"):
            c.suspend(one)
    finally:
        holder.close()
    assert c.suspend(one) is True


def test_a_database_that_is_not_there_is_not_made(app: InHouseApp, tmp_path: t.Any) -> None:
    with pytest.raises(Refused, match=r"sqlite:///none\.db: there is no such file"):
        list(connector(app, url="sqlite:///none.db", _base_dir=str(tmp_path)).accounts())
    assert not list(tmp_path.iterdir())


PROBLEMS: list[tuple[dict[str, t.Any], tuple[t.Any, ...], str]] = [
    ({"suspend": "UPDATE people SET status = 'D' WHERE id = :idd"}, ("suspend",), "no parameter :idd.*mean :id"),
    ({"suspend": ["DELETE FROM x", "UPDATE x SET y = :value"]}, ("suspend", 1), "no parameter :value"),
    ({"grant": {"role": "UPDATE x SET y = :password"}}, ("grant", "role"), "no parameter :password"),
    ({"grant": {"rule": "UPDATE x SET y = :value"}}, ("grant", "rule"), "no kind of entitlement 'rule'"),
    ({"delete": {"role": "DELETE FROM x"}}, ("delete",), "found a mapping"),
    ({"delete": []}, (), ""),
    ({"delete": [""]}, ("delete", 0), "expected a statement"),
    ({"list": "SELECT * FROM people WHERE id = :id"}, ("list",), "There are no parameters here"),
    ({"find": {"name": "SELECT 1"}}, ("find", "name"), "cannot be found by 'name'"),
    ({"find": {"email": "SELECT :id"}}, ("find", "email"), "no parameter :id"),
    ({"columns": {"username": "login"}}, ("columns",), "no column for `id`"),
    ({"columns": {**STATEMENTS["columns"], "mail": "mail"}}, ("columns", "mail"), "no 'mail'"),
    ({"states": {"A": "alive"}}, ("states", "a"), "cannot mean 'alive'"),
    ({"kinds": {"rank": "role"}}, ("kinds", "rank"), "no 'rank'"),
    ({"kinds": None, "entitlements": None}, ("grant",), "nothing shows what an account has"),
]


@pytest.mark.parametrize(("options", "path", "says"), PROBLEMS)
def test_what_is_wrong_is_known_before_anything_is_sent(
    app: InHouseApp, options: dict[str, t.Any], path: tuple[t.Any, ...], says: str
) -> None:
    problems = SqlConnector.problems({**app.connection(0), **options})
    if not path:
        assert problems == []
        return
    assert path in [problem.path for problem in problems]
    with pytest.raises(PolicyError, match=says) as caught:
        connector(app, **options)
    assert f"app crm, connection.{path[0]}" in str(caught.value)


def test_what_a_template_will_be_is_not_judged_before(app: InHouseApp) -> None:
    assert SqlConnector.problems({**app.connection(0), "columns": "{{ desk_columns }}"}) == []
    assert SqlConnector.problems({**app.connection(0), "url": "{{ vault_url }}", "columns": {}}) != []


def test_a_colon_that_is_no_parameter_can_be_written(app: InHouseApp) -> None:
    c = connector(app, suspend=r"UPDATE people SET status = 'D', given = '10:30 \:x 50%' WHERE id = :id")
    one = account(c)
    assert c.suspend(one) is True
    assert account(c).given_name == "10:30 :x 50%"


@pytest.mark.parametrize("url", ["s3cret", "oracle://u:s3cret@h/d", "postgresql+asyncpg://u:s3cret@h/d"])
def test_a_url_that_cannot_be_used_is_not_shown(app: InHouseApp, url: str) -> None:
    with pytest.raises((PolicyError, AppError)) as caught:
        connector(app, url=url)
    assert "s3cret" not in str(caught.value) + repr(caught.value.details)
