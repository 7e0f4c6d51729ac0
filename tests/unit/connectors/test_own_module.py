# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connector that calls somebody's own module, held against a module that keeps its accounts in memory."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    Broken,
    Conflict,
    NotFound,
    PolicyError,
    Refused,
    Transient,
    Unsupported,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccountKey,
    App,
    Entitlement,
    NewAccount,
    is_module_name,
)

MODULE = "acme.internal.erp_account"
READER, EDITOR = Entitlement("reader", "role", "READER"), Entitlement("editor", "role", "EDITOR")
ORDERS = Entitlement("orders", "group", "Orders")
APP = App(
    "erp",
    connector=MODULE,
    connection={"url": "https://erp.example", "login": {"token": "{{ vault_erp_token }}"}},
    entitlements={e.key: e for e in (READER, EDITOR, ORDERS)},
)
RESOLVED = {"url": "https://erp.example", "login": {"token": "s3cret-token"}}
ANN = NewAccount("ann", "ann@acme.example", "p1", "Ann", "Lee")
Answer = dict[str, t.Any]


class Memory:
    """Does what a module of somebody's own does; ``answer`` takes the place of what it returns."""

    def __init__(self) -> None:
        self.users: list[Answer] = []
        self.calls: list[tuple[bool, Answer]] = []
        self.answer: t.Callable[[Answer, bool], Answer] = lambda answer, check: answer

    def exists(self, name: str) -> bool:
        return name == MODULE

    def run(self, name: str, arguments: t.Mapping[str, t.Any], *, check: bool) -> Answer:
        assert name == MODULE
        self.calls.append((check, dict(arguments)))
        asked = arguments["account"]
        now = next((user for user in self.users if self._is(user, asked)), None)
        new: Answer | None = None
        if arguments["state"] != "absent" and (now or arguments["state"] == "present"):
            held = () if arguments["exclusive"] or now is None else now["entitlements"]
            new = {
                **(now or {"id": f"u{len(self.users)}"}),
                **{field: value for field, value in asked.items() if value},
                "state": "active" if arguments["state"] == "present" else "suspended",
                "entitlements": sorted({*held, *arguments["entitlements"]}),
            }
        changed = new != now
        if changed and not check:
            self.users = [user for user in self.users if user is not now] + ([new] if new else [])
            now = new
        return self.answer({"changed": changed, "account": now}, check)

    @staticmethod
    def _is(user: Answer, asked: Answer) -> bool:
        if asked["id"]:
            return bool(user["id"] == asked["id"])
        return any(asked[field] and asked[field] == user[field] for field in ("external_id", "email", "username"))

    @property
    def writes(self) -> list[Answer]:
        return [arguments for check, arguments in self.calls if not check]


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def erp(memory: Memory) -> t.Any:
    return connector(memory)


def connector(memory: Memory | None, app: App = APP) -> Connector:
    return registry.build(app, {**RESOLVED, "_base_dir": "/nowhere", "_modules": memory})


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        (MODULE, True),
        ("slack", False),
        ("acme.erp", False),
        ("a.b.c.d", False),
        ("rollcall.access.slack_account", False),
    ],
)
def test_a_word_with_two_dots_is_a_module(word: str, is_one: bool) -> None:
    assert is_module_name(word) is is_one


def test_nothing_is_changed_by_looking(erp: t.Any, memory: Memory) -> None:
    assert erp.find(AccountKey(email="ann@acme.example")) is None
    assert memory.users == []
    assert memory.writes == []


def test_the_module_is_given_its_connection_and_what_shall_be_so(erp: t.Any, memory: Memory) -> None:
    account = erp.create(ANN, [EDITOR, ORDERS])
    assert memory.writes == [
        {
            **RESOLVED,
            "app": "erp",
            "account": {
                "id": "",
                "username": "ann",
                "email": "ann@acme.example",
                "external_id": "p1",
                "given_name": "Ann",
                "family_name": "Lee",
            },
            "state": "present",
            "entitlements": ["EDITOR", "Orders"],
            "exclusive": True,
        }
    ]
    assert account.entitlements == {"editor", "orders"}
    assert erp.create(ANN, [EDITOR, ORDERS]) == account
    assert len(memory.writes) == 1


def test_each_change_leaves_the_rest_as_it_is(erp: t.Any, memory: Memory) -> None:
    account = erp.create(ANN, [READER, ORDERS])
    memory.users[0]["entitlements"].append("Beyond the catalog")
    assert erp.grant(account, EDITOR)
    assert memory.users[0]["entitlements"] == ["Beyond the catalog", "EDITOR", "Orders"]
    # what was read at first is old by now, and does not count
    assert erp.revoke(account, ORDERS)
    assert erp.update(account, {"email": "ann.lee@acme.example"})
    assert erp.suspend(account)
    assert not erp.grant(account, EDITOR)
    (user,) = memory.users
    assert user["entitlements"] == ["Beyond the catalog", "EDITOR"]
    assert (user["state"], user["email"], user["given_name"]) == ("suspended", "ann.lee@acme.example", "Ann")
    found = erp.find(AccountKey(id=account.id))
    assert (found.state, found.unknown) == ("suspended", {"entitlement:Beyond the catalog"})
    assert erp.reactivate(account)
    assert erp.delete(account)
    assert memory.users == []


def test_what_is_so_already_changes_nothing(erp: t.Any, memory: Memory) -> None:
    account = erp.create(ANN, [READER])
    assert not erp.grant(account, READER)
    assert not erp.revoke(account, ORDERS)
    assert not erp.reactivate(account)
    memory.users.clear()
    assert not erp.suspend(account)
    assert not erp.delete(account)
    assert not erp.revoke(account, READER)
    with pytest.raises(NotFound):
        erp.grant(account, READER)


def test_a_name_that_somebody_else_has_is_not_taken_over(erp: t.Any, memory: Memory) -> None:
    erp.create(ANN, [])
    with pytest.raises(Conflict, match="somebody else's"):
        erp.create(NewAccount("ann", "ann.other@acme.example", "p2"), [READER])
    assert len(memory.writes) == 1


def test_a_change_that_does_not_show_is_told(erp: t.Any, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    account = erp.create(ANN, [])
    waited.clear()
    memory.answer = lambda answer, check: {**answer, "changed": True}
    with pytest.raises(Refused, match="would still change something"):
        erp.suspend(account)
    assert waited == [0.0, 1.0, 2.0]
    assert len(memory.writes) == 2


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (
            {"failed": True, "msg": "no: token s3cret-token"},
            Refused,
            "erp_account failed: no: token [*]+$",
        ),
        ({"unreachable": True, "msg": "down"}, Transient, "did not reach the app: down"),
        ({"skipped": True}, Unsupported, "does not support check mode"),
        ({"changed": False}, Broken, "expected changed and account"),
        ({"account": None}, Broken, "expected changed and account"),
        ({"changed": False, "account": "ann"}, Broken, "entitlements, a list of texts"),
        ({"changed": False, "account": {"id": "1", "state": "active"}}, Broken, "entitlements, a list of texts"),
        ({"changed": False, "account": {"state": "active", "entitlements": []}}, Broken, "an account with an id"),
        ({"changed": False, "account": {"id": "1", "state": "on", "entitlements": []}}, Broken, "the state 'on'"),
        (
            {"changed": False, "account": {"id": "1", "email": "bo@x", "state": "active", "entitlements": []}},
            Broken,
            "another account, 1",
        ),
    ],
)
def test_an_answer_that_is_none_is_never_nobody_there(
    erp: t.Any, memory: Memory, answer: Answer, error: type[Exception], says: str
) -> None:
    memory.answer = lambda usual, check: answer
    with pytest.raises(error, match=says):
        erp.find(AccountKey(email="ann@acme.example"))


def test_a_write_that_may_have_been_done_says_so(erp: t.Any, memory: Memory) -> None:
    account = erp.create(ANN, [])
    memory.answer = lambda answer, check: answer if check else {"unreachable": True, "msg": "gone"}
    with pytest.raises(Transient) as caught:
        erp.suspend(account)
    assert caught.value.details == {"sent": True}


def test_values_that_the_module_could_not_tell_apart_are_refused(memory: Memory) -> None:
    alike = {"a": Entitlement("a", "role", "Sales"), "b": Entitlement("b", "group", "Sales")}
    with pytest.raises(PolicyError, match="a and b have the same value"):
        connector(memory, App("erp", connector=MODULE, entitlements=alike))


def test_where_nothing_runs_modules_it_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be run from here"):
        connector(None).find(AccountKey(username="ann"))


def test_what_it_can_do_is_known_without_the_module() -> None:
    assert not registry.reads(APP)
    kind = registry.connector_class(MODULE)
    assert kind.operations_for(APP.connection) == kind.operations() == {
        "create", "update", "grant", "revoke", "suspend", "reactivate", "delete"
    }  # fmt: skip
