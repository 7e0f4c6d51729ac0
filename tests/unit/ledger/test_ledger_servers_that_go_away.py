# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A database server that is started again is waited for; one that refuses somebody is not."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError
from ansible_collections.rollcall.access.plugins.module_utils.ledger import book
from ansible_collections.rollcall.access.plugins.module_utils.ledger.failures import explain, is_away
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger


class Said(Exception):
    """What a driver raises. Without a code, it is about the connection itself."""

    def __init__(self, text: str, sqlstate: str | None = None) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


def error(text: str, sqlstate: str | None = None) -> sa.exc.OperationalError:
    return sa.exc.OperationalError("SELECT 1", {}, Said(text, sqlstate))


AWAY = [
    error("the database system is starting up", "57P03"),
    error("terminating connection due to administrator command", "57P01"),
    error("connection to server at 127.0.0.1 failed: Connection refused"),
    error("server closed the connection unexpectedly"),
]
REFUSED = [error("password authentication failed", "28P01"), error("canceling statement", "57014"), error("odd")]


@pytest.mark.parametrize("said", AWAY)
def test_what_passes_when_the_server_is_back_is_told_apart(said: sa.exc.OperationalError) -> None:
    assert is_away(said)


@pytest.mark.parametrize("said", REFUSED)
def test_what_does_not_pass_is_not_waited_for(said: sa.exc.OperationalError) -> None:
    assert not is_away(said)


def test_a_stopped_server_is_named() -> None:
    assert "stopped or is being restarted" in str(explain(AWAY[0], "ledger"))
    assert "cannot be reached" in str(explain(AWAY[2], "ledger"))


@pytest.fixture
def ledger(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Ledger]:
    """One that believes that its file is a server."""
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as opened:
        usual = opened._database
        opened._database = dataclasses.replace(usual, server=True, patience=5.0)
        monkeypatch.setattr(book.time, "sleep", lambda seconds: None)
        yield opened
        opened._database = usual


class Failing:
    """An engine that raises what it is given, one after the other, and then connects."""

    def __init__(self, engine: t.Any, *errors: Exception) -> None:
        self.engine, self.errors, self.tried = engine, list(errors), 0

    def connect(self) -> t.Any:
        self.tried += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.engine.connect()

    def dispose(self) -> None:
        self.engine.dispose()


def test_a_server_that_comes_back_within_the_patience_is_waited_for(ledger: Ledger) -> None:
    engine = Failing(ledger._reader, *AWAY)
    ledger._reader = engine
    assert ledger.head.seq >= 0
    assert engine.tried == len(AWAY) + 1


def test_one_that_stays_away_ends_it_with_a_clear_message(ledger: Ledger) -> None:
    ledger._database = dataclasses.replace(ledger._database, patience=-1.0)
    engine = Failing(ledger._reader, *AWAY)
    ledger._reader = engine
    with pytest.raises(LedgerError, match="stopped or is being restarted"):
        assert ledger.head
    assert engine.tried == 1


@pytest.mark.parametrize("said", REFUSED)
def test_a_refusal_is_told_at_once(ledger: Ledger, said: sa.exc.OperationalError) -> None:
    ledger._reader = Failing(ledger._reader, said, said)
    with pytest.raises(LedgerError):
        assert ledger.head
    assert ledger._reader.tried == 1
