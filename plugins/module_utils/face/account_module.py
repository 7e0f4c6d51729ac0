# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of every module for one account in one app.

The controller resolves catalog, person and credentials, and records what comes back; the module itself, which may run
on a host that is nearer to the app, knows one connector and no ledger.
"""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..connectors.contract import Connector
from ..errors import RollcallError
from ..fulfilment.packet import Packet, PacketRunner
from ..ledger.records import ChangeResult
from ..model import AccountKey, Change, Person, Run
from ..planning.asking import want_for
from ..planning.difference import Circumstances, difference
from ..planning.ordering import order
from .definitions import account_data, app_from

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
        self.tasks: list[t.Any] = []

    def claim(self, *_: t.Any) -> bool:
        return True

    def open_task(self, task: t.Any, *_: t.Any) -> t.Any:
        self.tasks.append(task)
        return task

    def grants(self, **_: t.Any) -> list[t.Any]:
        return []

    def _nothing(self, *_: t.Any, **__: t.Any) -> None:
        return None

    release = intend = settle = record_accounts = record_grants = end_grants = forget_accounts = _nothing


def run_account_module(connector_class: type[Connector]) -> None:
    """Run as a module: read, compare, change, read back, and exit with the result."""
    module = AnsibleModule(argument_spec=ARGUMENTS, required_one_of=REQUIRED_ONE_OF, supports_check_mode=True)
    params = module.params
    if not params["definition"]:
        module.fail_json(
            msg="this module is sent by its action plugin, which fills in the app's definition from the catalog; "
            "run it as a task of a playbook with the collection rollcall.access installed on the controller"
        )
    try:
        module.exit_json(**_ensure(connector_class, params, module.check_mode))
    except RollcallError as error:
        module.fail_json(msg=str(error), failure=error.failure())


def _ensure(connector_class: type[Connector], params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    definition = dict(params["definition"])
    person = Person(**definition.pop("person"))
    app = app_from(definition)
    connector = connector_class(app, params["connection"] or {})
    try:
        account = connector.find(AccountKey(external_id=person.id, email=person.email, username=person.username))
        why = "asked for by a playbook"
        want = want_for(app, person, account, params["state"], params["entitlements"], params["exclusive"], why)
        now = dt.datetime.now(dt.timezone.utc)
        changes = order(difference(want, account, person, app, given=Circumstances(now=now)), {app.key: app})
        if check_mode:
            return {"changed": bool(changes), "due": [c.to_dict() for c in changes], "account": account_data(account)}
        ledger = NotRecorded()
        runner = PacketRunner(
            ledger=ledger,
            run=Run("remote", "account", "", now),
            now=lambda: dt.datetime.now(dt.timezone.utc),
            people={person.id: person},
        )
        results = runner.carry_out(Packet(person, app, tuple(changes)), connector) if changes else []
        after = connector.find(AccountKey(external_id=person.id, email=person.email, username=person.username))
        return {
            "changed": any(r.state != "already" for r in results),
            "results": [_result(r) for r in results],
            "account": account_data(after),
        }
    finally:
        connector.close()


def _result(result: ChangeResult) -> dict[str, t.Any]:
    return {
        "change": result.change.to_dict(),
        "state": result.state,
        "detail": result.detail,
        "account": result.account,
        "attempts": result.attempts,
    }


def result_from(data: t.Mapping[str, t.Any]) -> ChangeResult:
    """The way back of what a module on another host returned."""
    return ChangeResult(
        Change.from_dict(data["change"]),
        data["state"],
        data["detail"],
        account=data["account"],
        attempts=data["attempts"],
    )
