# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody leaves: the whole way from the difference over carrying out and reading back to the ledger, against moto."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.packet import Packet, PacketRunner
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.retrying import Budget
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, App, Leave, Run
from ansible_collections.rollcall.access.plugins.module_utils.planning.difference import Circumstances, difference
from ansible_collections.rollcall.access.plugins.module_utils.planning.ordering import order
from ansible_collections.rollcall.access.tests.conformance.aws_server import ACCOUNT
from ansible_collections.rollcall.access.tests.conformance.products.aws_iam import AwsIamCase
from ansible_collections.rollcall.access.tests.conformance.products.aws_identity_center import AwsIdentityCenterCase
from ansible_collections.rollcall.access.tests.unit.planning.world import NOW, person

LEAVER = person("e1", name="p1")
STAYER = person("e2", name="p2")
QUICK = Budget(attempts=2, seconds=5, first_wait=0.1, verify_attempts=2, verify_wait=0.1)


@pytest.fixture
def ledger(tmp_path: pathlib.Path) -> t.Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


def carried_out(ledger: Ledger, connector: t.Any, app: App) -> dict[str, str]:
    """Let the leaver leave; return how each change ended."""
    run = Run("run-1", "reconcile", "schedule", NOW)
    ledger.begin_run(run)
    there = connector.find(AccountKey(external_id=LEAVER.id))
    changes = order(
        difference(None, there, LEAVER, app, given=Circumstances(now=NOW)), {app.key: app}, leaving={LEAVER.id}
    )
    people = {one.id: one for one in (LEAVER, STAYER)}
    runner = PacketRunner(ledger=ledger, run=run, now=lambda: NOW, people=people, budget=QUICK)
    results = runner.carry_out(Packet(LEAVER, app, tuple(changes)), connector)
    return {f"{one.change.kind.value} {one.change.entitlement}".strip(): one.state for one in results}


@pytest.mark.parametrize("then", ["suspend", "delete"])
def test_who_leaves_gets_in_nowhere_by_iam(ledger: Ledger, then: str) -> None:
    case = AwsIamCase()
    app = dataclasses.replace(case.app(), leave=Leave(then=then))
    with case.start() as server:
        server.reset()
        ids = server.fill(3)
        for number in (1, 2):
            server.sign_in(ids[number])
            server.iam.create_login_profile(f"p{number}", "a password")
            server.iam.add_user_to_group("engineering", f"p{number}")
            server.iam.attach_user_policy(f"arn:aws:iam::{ACCOUNT}:policy/Billing", f"p{number}")
        before, live = server.accounts()[ids[2]], server.live_credentials(ids[2])
        connector = case.build(server, server.port)
        states = carried_out(ledger, connector, app)
        assert states[then] == "verified"
        assert set(states.values()) <= {"verified", "done"}
        seen = server.accounts().get(ids[1])
        if then == "delete":
            assert seen is None
        else:
            assert seen is not None
            assert seen.state == "suspended"
            assert server.live_credentials(ids[1]) == 0
            assert server.user(ids[1]).password is None
        assert (server.accounts()[ids[2]], server.live_credentials(ids[2])) == (before, live)
        assert not ledger.grants(person=LEAVER.id)


def test_who_leaves_gets_in_nowhere_by_identity_center_and_the_sessions_are_somebodys_task(ledger: Ledger) -> None:
    case = AwsIdentityCenterCase()
    owners = {"primary": "cloud@acme.example"}
    app = dataclasses.replace(case.app(), leave=Leave(then="delete"), owners=owners)
    with case.start() as server:
        server.reset()
        ids = server.fill(3)
        for number in (1, 2):
            server.join(ids[number], "Engineering")
            server.assign(ids[number], "ReadOnly")
        before = server.accounts()[ids[2]]
        states = carried_out(ledger, case.build(server, server.port), app)
        assert states.pop("end_sessions") == "task"
        assert states["delete"] == "verified"
        assert ids[1] not in server.accounts()
        assert {one.principal_id for one in server.sso.account_assignments} == {ids[2]}
        assert server.accounts()[ids[2]] == before
        (task,) = ledger.tasks(states=("open",))
        assert task.owner == "cloud@acme.example"
