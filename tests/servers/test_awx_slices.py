# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One reconcile in two slices, side by side on one PostgreSQL, as AWX's job slicing cuts it."""

from __future__ import annotations

import collections
import pathlib
import re
import typing as t

import psycopg
import pytest
import sqlalchemy
from ansible_collections.rollcall.access.plugins.module_utils.ledger.tables import schema
from ansible_collections.rollcall.access.tests.integration.awx.awx_jobs import NOBODY, AwxNode, JobResult, sliced
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import (
    NEXT,
    TEMPLATE,
    differences,
    end_state,
    prepare,
    rows,
)
from ansible_collections.rollcall.access.tests.servers.postgresql_server import debian, running
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: Nearly everybody leaves: what the guard stops.
EXODUS = NEXT.replace(",,employee", ",2024-01-31,employee")


class OnPostgresql:
    """A company in AWX whose ledger is a database of its own."""

    def __init__(self, place: pathlib.Path, server: ScimServer, port: int, database: str) -> None:
        with psycopg.connect(f"host=127.0.0.1 port={port} user=owner dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}")
        place.mkdir()
        self.company = prepare(CompanyDirectory(TEMPLATE, place, server))
        key = place / "ledger.key"
        key.write_bytes(
            Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.url = f"postgresql+psycopg://owner@127.0.0.1:{port}/{database}"
        self.node = AwxNode(self.company, place / "awx", {"ROLLCALL_LEDGER": self.url, "ROLLCALL_LEDGER_KEY": str(key)})
        self._job = 100

    def job(self, playbook: str, inventory: t.Mapping[str, t.Any], **options: t.Any) -> JobResult:
        self._job += 10
        return self.node.run(self._job, playbook, inventory, **options)

    def in_two(self, playbook: str, inventory: t.Mapping[str, t.Any], **options: t.Any) -> list[JobResult]:
        """Run both slices at the same time."""
        self._job += 10
        jobs = [
            self.node.launch(self._job + number, playbook, inventory, part=(number, 2), **options) for number in (1, 2)
        ]
        return [job.wait() for job in jobs]

    def state(self) -> dict[str, t.Any]:
        """Return what is so in the end; the ledger is copied to where the tests look into one."""
        self.company.ledger.unlink(missing_ok=True)
        metadata = schema()
        source, copy = sqlalchemy.create_engine(self.url), sqlalchemy.create_engine(f"sqlite:///{self.company.ledger}")
        metadata.create_all(copy)
        with source.connect() as there, copy.begin() as here:
            for table in metadata.sorted_tables:
                found = [dict(row) for row in there.execute(table.select()).mappings()]
                if found:
                    here.execute(table.insert(), found)
        source.dispose()
        copy.dispose()
        return end_state(self.company)

    def done_twice(self) -> list[t.Any]:
        """Return the changes that were carried out more than once, and those of whom there are two accounts."""
        done = collections.Counter(
            (row["person"], row["app"], row["kind"], row["entitlement"], row["occurrence"])
            for row in rows(self.company, "changes")
            if row["state"] in ("done", "verified")
        )
        people = collections.Counter(
            (app, one.external_id) for app in ("mail", "chat") for one in self.company.tenant(app).holders()
        )
        return [key for counted in (done, people) for key, number in counted.items() if number > 1]


@pytest.fixture(scope="module")
def port() -> t.Iterator[int]:
    with running(debian()) as (number, _folder):
        yield number


def said(job: JobResult) -> str:
    return " ".join(job.stdout.split())


def test_two_slices_do_what_one_job_does_and_nothing_twice(scim: ScimServer, port: int, tmp_path: pathlib.Path) -> None:
    whole = OnPostgresql(tmp_path / "whole", scim, port, "whole")
    parts = OnPostgresql(tmp_path / "parts", scim, port, "parts")

    inventory = parts.node.sync()
    apps = [{host for host in sliced(inventory, n, 2)["_meta"]["hostvars"] if host.startswith("app.")} for n in (1, 2)]
    assert all(apps)
    assert apps[0] | apps[1] == {"app.analytics", "app.badge", "app.chat", "app.mail"}

    # everybody joins, without anybody's approval
    whole.job("reconcile", whole.node.sync()).succeeded()
    for job in parts.in_two("reconcile", inventory):
        job.succeeded()
    assert differences(parts.state(), whole.state()) == {}
    assert parts.done_twice() == []

    # nearly everybody leaves: each slice is stopped, and nothing is touched
    before = parts.state()
    parts.company.write("hr/people.csv", EXODUS)
    for job in parts.in_two("reconcile", parts.node.sync()):
        assert (job.rc != 0, job.status) == (True, "failed")
        assert "would lose access" in said(job)
    assert differences(parts.state(), before) == {}

    # somebody leaves, moves, joins: planned for everybody by one job, approved, carried out by two
    for one in (whole, parts):
        one.company.write("hr/people.csv", NEXT)
    whole.job("reconcile", whole.node.sync()).succeeded()
    inventory = parts.node.sync()
    planned = parts.job("plan", inventory).succeeded()
    for job in parts.in_two("reconcile", inventory, answers=planned.artifacts, user="grace"):
        job.succeeded()
    assert differences(parts.state(), whole.state()) == {}
    assert parts.done_twice() == []
    assert {row["by"] for row in rows(parts.company, "approvals")} == {"grace"}

    # nothing is due any more, and the chain is whole
    for job in parts.in_two("reconcile", inventory):
        job.succeeded()
    assert differences(parts.state(), whole.state()) == {}
    parts.job("verify_ledger", NOBODY).succeeded()


def test_leavers_in_two_slices_are_held_against_the_guard_together(
    scim: ScimServer, port: int, tmp_path: pathlib.Path
) -> None:
    """Each slice alone takes away half of what the guard stops."""
    parts = OnPostgresql(tmp_path / "leavers", scim, port, "leavers")
    parts.job("onboard", parts.node.sync()).succeeded()
    before = parts.state()
    parts.company.write("hr/people.csv", EXODUS)
    inventory = parts.node.sync()
    stopped = parts.in_two("offboard", inventory)
    for job in stopped:
        assert (job.rc != 0, job.status) == (True, "failed")
        assert "would lose access" in said(job)
    assert differences(parts.state(), before) == {}
    # both planned for all leavers, so there is one plan to look at
    (plan,) = {found for job in stopped for found in re.findall(r"-e rollcall_plan=([0-9a-f]+)", job.stdout)}
    for job in parts.in_two("offboard", inventory, answers={"rollcall_plan": plan}, user="grace"):
        job.succeeded()
    parts.state()
    assert parts.done_twice() == []
    assert [one.username for one in parts.company.tenant("mail").holders() if one.active] == []
