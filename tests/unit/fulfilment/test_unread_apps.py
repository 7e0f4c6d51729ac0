# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps that are changed and never read: what was done is remembered, and nothing is asked of the app."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.errors import Refused
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    Change,
    ChangeKind,
    Entitlement,
    Leave,
    NewAccount,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.difference import Circumstances, difference
from ansible_collections.rollcall.access.tests.unit.fulfilment.bench import (
    ALEX,
    GITHUB,
    HANDED_OVER,
    MARIA,
    NOW,
    Bench,
    states,
    want,
    words,
)


class Unread(Connector):
    """Does what it is told, and shows nothing. ``refuse``: an operation that it refuses."""

    reads = False

    def __init__(self, app: t.Any, refuse: str = "") -> None:
        super().__init__(app, {})
        self.done: list[str] = []
        self.refuse = refuse

    def _do(self, what: str) -> bool:
        if what == self.refuse:
            raise Refused("no", where="app github")
        self.done.append(what)
        return True

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        self._do("create")
        return Account(self.app.key, new.username, new.username, new.email)

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        return self._do(f"grant {account.id} {entitlement.key}")

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        return self._do(f"revoke {account.id} {entitlement.key}")

    def suspend(self, account: Account) -> bool:
        return self._do(f"suspend {account.id}")

    def delete(self, account: Account) -> bool:
        return self._do(f"delete {account.id}")

    def transfer(self, account: Account, to: Account) -> bool:
        return self._do(f"transfer {account.id} {to.id}")


def due(bench: Bench, wanted: t.Any, app: t.Any = GITHUB) -> tuple[Change, ...]:
    """What a plan says that goes by the ledger."""
    known = [record.account for record in bench.ledger.accounts(app=app.key, person=ALEX.id)]
    given = Circumstances(now=NOW, heir=MARIA)
    return tuple(difference(wanted, known[0] if known else None, ALEX, app, given=given))


def carry_out(bench: Bench, connector: Unread, changes: t.Sequence[Change]) -> dict[str, str]:
    return states(bench.carry_out(t.cast(t.Any, connector), changes))


@pytest.fixture
def joined(bench: Bench) -> Bench:
    carry_out(bench, Unread(GITHUB), due(bench, want(ALEX, "read", "design")))
    return bench


def test_what_was_done_is_remembered_and_not_done_again(bench: Bench) -> None:
    app = Unread(GITHUB)
    results = carry_out(bench, app, due(bench, want(ALEX, "read", "design")))
    assert results == {"create": "done", "grant design": "done", "grant read": "done"}
    assert sorted(app.done) == ["create", "grant alex design", "grant alex read"]
    (record,) = bench.ledger.accounts()
    assert (record.person, record.source, record.account.id) == (ALEX.id, "attested", "alex")
    assert record.account.entitlements == {"read", "design"}
    assert {(g.account, g.entitlement, g.source) for g in bench.ledger.grants()} == {
        ("alex", "read", "attested"),
        ("alex", "design", "attested"),
    }
    assert due(bench, want(ALEX, "read", "design")) == ()


def test_what_was_refused_is_a_task_and_not_remembered(bench: Bench) -> None:
    app = Unread(GITHUB, refuse="grant alex design")
    results = carry_out(bench, app, due(bench, want(ALEX, "read", "design")))
    assert results["grant design"] == "task"
    assert [grant.entitlement for grant in bench.ledger.grants()] == ["read"]
    assert [words(item) for task in bench.open_tasks() for item in task.items] == ["grant design"]


def test_what_is_taken_is_forgotten(joined: Bench) -> None:
    app = Unread(GITHUB)
    assert carry_out(joined, app, due(joined, want(ALEX, "read"))) == {"revoke design": "done"}
    assert [grant.entitlement for grant in joined.ledger.grants()] == ["read"]
    (record,) = joined.ledger.accounts()
    assert record.account.entitlements == {"read"}


def test_a_suspended_account_gives_nothing(joined: Bench) -> None:
    suspending = [c for c in due(joined, None) if c.kind is ChangeKind.SUSPEND]
    assert carry_out(joined, Unread(GITHUB), suspending) == {"suspend": "done"}
    assert joined.ledger.grants() == []
    (record,) = joined.ledger.accounts()
    assert (record.account.state, record.suspended_at) == ("suspended", NOW)


def test_a_deleted_account_is_forgotten_once_what_it_owns_is_handed_over(joined: Bench) -> None:
    hers = AccountRecord(Account("github", "maria", "maria"), MARIA.id, "attested", "attested")
    joined.ledger.record_accounts([hers], joined.run, NOW)
    app = Unread(HANDED_OVER)
    changes = [c for c in due(joined, None, HANDED_OVER) if c.kind is not ChangeKind.END_SESSIONS]
    assert set(carry_out(joined, app, changes).values()) == {"done"}
    assert app.done[0] == "transfer alex maria"
    assert app.done[-1] == "delete alex"
    assert [record.account.id for record in joined.ledger.accounts()] == ["maria"]


def test_nothing_is_done_to_an_account_that_nobody_remembers(bench: Bench) -> None:
    app = Unread(dataclasses.replace(GITHUB, leave=Leave(then="delete")))
    change = Change(ChangeKind.DELETE, ALEX.id, "github", "alex", "", ())
    assert carry_out(bench, app, [change]) == {"delete": "already"}
    assert app.done == []
