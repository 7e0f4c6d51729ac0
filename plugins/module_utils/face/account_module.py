# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of every module for one account in one app.

The controller resolves catalog, person and credentials, decides what is due, and records what comes back; the module
itself, which may run on a host that is nearer to the app, knows one connector and no ledger. It is called twice: to
read what a person has, and, where something is due, to carry it out.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..connectors.contract import Connector
from ..errors import Conflict, RollcallError
from ..fulfilment.looking_up import look_up
from ..fulfilment.packet import Packet, PacketRunner
from ..fulfilment.retrying import USUAL, with_retries
from ..ledger.records import ChangeResult
from ..model import Account, AccountRecord, App, Change, Person, Run
from .definitions import account_data, account_from, app_from, joined, person_from

ARGUMENTS: dict[str, t.Any] = {
    "config": {"type": "path"},
    "app": {"type": "str", "required": True},
    "person": {"type": "str"},
    "account": {
        "type": "dict",
        "options": {
            "username": {"type": "str", "required": True},
            "email": {"type": "str", "default": ""},
            "given_name": {"type": "str", "default": ""},
            "family_name": {"type": "str", "default": ""},
        },
    },
    "state": {"type": "str", "choices": ["present", "suspended", "absent"], "default": "present"},
    "entitlements": {"type": "list", "elements": "str", "default": []},
    "exclusive": {"type": "bool", "default": False},
    "connection": {"type": "dict", "no_log": True},
    "definition": {"type": "dict"},
}

REQUIRED_ONE_OF = [("person", "account")]


class NotRecorded:
    """Stands where the controller has the ledger: what happens here is recorded there, from what is returned."""

    def __init__(self) -> None:
        self.account: Account | None = None

    def one_transaction(self) -> t.ContextManager[None]:
        return contextlib.nullcontext()

    def claim_many(self, pairs: t.Collection[tuple[str, str]], *_: t.Any) -> t.Collection[tuple[str, str]]:
        return pairs

    def intend(self, *_: t.Any) -> frozenset[str]:
        return frozenset()

    def open_task(self, task: t.Any, *_: t.Any) -> t.Any:
        return task

    def _none(self, **_: t.Any) -> list[t.Any]:
        return []

    # what was there before is known to the controller alone
    accounts = grants = grant_history = _none

    def record_accounts(self, records: t.Sequence[AccountRecord], *_: t.Any) -> None:
        self.account = records[-1].account

    def _nothing(self, *_: t.Any, **__: t.Any) -> None:
        return None

    settle = record_grants = end_grants = forget_accounts = release_many = _nothing


def run_account_module(connector_class: type[Connector]) -> None:
    """Run as a module: read, or carry out and read back, and exit with the result."""
    module = AnsibleModule(argument_spec=ARGUMENTS, required_one_of=REQUIRED_ONE_OF, supports_check_mode=True)
    if not module.params["definition"]:
        module.fail_json(
            msg="this module is sent by its action plugin, which fills in the app's definition from the catalog; "
            "run it as a task of a playbook with the collection rollcall.access installed on the controller"
        )
    try:
        module.exit_json(**_work(connector_class, module.params))
    except RollcallError as error:
        module.fail_json(msg=str(error), failure=error.failure())


def _work(connector_class: type[Connector], params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    sent = params["definition"]
    app, person = app_from(sent["app"]), person_from(sent["person"])
    # what is secret comes apart from the rest: Ansible blots every value of it out of what a module returns
    connector = connector_class(app, joined(sent["connection"], params["connection"] or {}))
    try:
        if sent["changes"] is None:
            return _read(connector, app, person, sent["known"])
        return _carry_out(connector, app, person, tuple(Change.from_dict(change) for change in sent["changes"]))
    finally:
        connector.close()


def _read(connector: Connector, app: App, person: Person, known: t.Sequence[str]) -> dict[str, t.Any]:
    complete = False
    try:
        accounts = look_up(connector, person, app, known)
    except Conflict:
        # one key names several accounts: the whole list shows which, and the controller tells them apart, or not
        accounts, _tries = with_retries(lambda: tuple(connector.accounts()), USUAL)
        complete = True
    return {"changed": False, "accounts": [account_data(account) for account in accounts], "complete": complete}


def _carry_out(connector: Connector, app: App, person: Person, changes: tuple[Change, ...]) -> dict[str, t.Any]:
    ledger = NotRecorded()
    runner = PacketRunner(
        ledger=ledger,
        run=Run("elsewhere", "account", "", dt.datetime.now(dt.timezone.utc)),
        now=lambda: dt.datetime.now(dt.timezone.utc),
        people={person.id: person},
    )
    results = runner.carry_out(Packet(person, app, changes), connector)
    return {
        "changed": any(result.state != "already" for result in results),
        "results": [_result(result) for result in results],
        "account": account_data(ledger.account),
    }


def _result(result: ChangeResult) -> dict[str, t.Any]:
    return {
        "change": result.change.id,
        "state": result.state,
        "detail": result.detail,
        "account": result.account,
        "attempts": result.attempts,
    }


def results_from(
    answer: t.Mapping[str, t.Any], changes: t.Iterable[Change]
) -> tuple[list[ChangeResult], Account | None]:
    """The way back of what a module on another host returned for ``changes``."""
    by_id = {row["change"]: row for row in answer["results"]}
    rows = [(change, by_id[change.id]) for change in changes]
    results = [
        ChangeResult(change, row["state"], row["detail"], account=row["account"], attempts=row["attempts"])
        for change, row in rows
    ]
    return results, account_from(answer.get("account"))
