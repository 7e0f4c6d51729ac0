# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps that others wrote and nobody here wrote a connector for: what a newcomer does with an entry, on real servers."""

from __future__ import annotations

import dataclasses
import pathlib
import signal
import time
import types
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.errors import Conflict, Transient
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.small import PEOPLE, TEMPLATE, edited, rows
from ansible_collections.rollcall.access.tests.servers.products import jupyterhub as hub_case
from ansible_collections.rollcall.access.tests.servers.products import matrix_synapse as matrix_case

CLEO = "marsh@small.example,Engineer,Engineering,Utrecht,2,2017-03-01,,"
POLICY = """---
version: "1"
rules:
  - id: everyone
    why: They talk
    when: {type: employee}
    grant: {matrix: [], notebooks: []}
  - id: analysts
    why: They count
    when: {department: Engineering}
    grant: {notebooks: [analysts]}
  - id: administrators
    why: Somebody has to
    when: {title: Administrator}
    grant: {matrix: [admin]}
"""
NEW = NewAccount("n.ew", "n.ew@acme.example", "e100", "Nora", "Ew", "Nora Ew")


@pytest.fixture(scope="module")
def matrix_server() -> t.Iterator[matrix_case.Synapse]:
    with matrix_case.synapse() as server:
        yield server


@pytest.fixture(scope="module")
def hub_server() -> t.Iterator[hub_case.Hub]:
    with hub_case.jupyterhub() as server:
        yield server


@pytest.fixture
def matrix(matrix_server: matrix_case.Synapse) -> matrix_case.Synapse:
    matrix_server.reset()
    return matrix_server


@pytest.fixture
def hub(hub_server: hub_case.Hub) -> hub_case.Hub:
    hub_server.reset()
    return hub_server


@pytest.fixture
def company(tmp_path: pathlib.Path, matrix: matrix_case.Synapse, hub: hub_case.Hub) -> CompanyDirectory:
    """The small company, whose apps are the two servers by their published entries."""
    company = CompanyDirectory(TEMPLATE, tmp_path, t.cast(t.Any, types.SimpleNamespace(port=0)))
    (company.path / "access/catalog/apps.yml").unlink()
    company.write("access/policy/rules.yml", POLICY)
    for name, entry, address, port, secret in (
        ("matrix", matrix_case.ENTRY, "https://matrix.acme.example", matrix.port, "vault_matrix_token"),
        ("hub", hub_case.ENTRY, "https://hub.acme.example", hub.port, "vault_jupyterhub_token"),
    ):
        text = edited(
            entry.read_text(encoding="utf-8"),
            (address, f"http://127.0.0.1:{port}"),
            (secret, "lookup('env', 'APP_TOKEN')"),
        )
        company.write(f"access/catalog/{name}.yml", text)
    company.env["APP_TOKEN"] = CANARY
    return company


@pytest.fixture
def connector(matrix: matrix_case.Synapse) -> t.Iterator[t.Any]:
    connector: Connector = matrix_case.MatrixSynapseCase().build(t.cast(t.Any, matrix), matrix.port)
    yield connector
    connector.close()


@pytest.mark.parametrize("entry", [matrix_case.ENTRY, hub_case.ENTRY], ids=lambda entry: entry.stem)
def test_an_entry_takes_less_than_thirty_lines(entry: pathlib.Path) -> None:
    lines = entry.read_text(encoding="utf-8").splitlines()
    begin = lines.index("    connection:") + 1
    assert next(n for n, line in enumerate(lines[begin:]) if not line.startswith("      ")) < 30
    assert max(map(len, lines)) <= 160


def test_people_come_and_go_in_apps_that_nobody_knew(
    company: CompanyDirectory, matrix: matrix_case.Synapse, hub: hub_case.Hub
) -> None:
    company.playbook("check").succeeded()
    company.playbook("reconcile").succeeded()
    in_matrix = {id: seen for id, seen in matrix.accounts().items() if seen.email}
    assert len(in_matrix) == len(hub.accounts()) == 12
    assert {id for id, seen in in_matrix.items() if seen.has} == {"@elin.berg:acme.example"}
    assert {seen.username for seen in hub.accounts().values() if seen.has == {"analysts"}} == {
        f"{name}@small.example" for name in ("ben.frost", "cleo.marsh", "dov.hart", "elin.berg", "finn.oak")
    }
    assert company.playbook("reconcile").succeeded().changed == 0

    cleo, other = "@cleo.marsh:acme.example", "@dov.hart:acme.example"
    for id in (cleo, other):
        matrix.sign_in(id)
    hub.sign_in("cleo.marsh@small.example")
    company.write("hr/people.csv", edited(PEOPLE, (CLEO, CLEO[:-1] + "2024-01-31,")))
    company.playbook("offboard").succeeded()
    assert matrix.accounts()[cleo].state == "suspended"
    assert (matrix.live_credentials(cleo), matrix.live_credentials(other)) == (0, 2)
    assert "cleo.marsh@small.example" not in hub.accounts()
    assert {row["state"] for row in rows(company, "changes")} <= {"verified", "done"}  # sessions cannot be read back
    assert rows(company, "tasks") == []
    assert company.playbook("offboard").succeeded().changed == 0
    company.playbook("verify_ledger").succeeded()


def test_a_wrong_token_changes_nothing_and_says_so(
    company: CompanyDirectory, matrix: matrix_case.Synapse, hub: hub_case.Hub
) -> None:
    before = (matrix.accounts(), hub.accounts())
    wrong = {"APP_TOKEN": "not-the-token-8d1f"}
    for playbook in ("check", "discover", "reconcile"):
        outcome = company.playbook(playbook, env=wrong)
        assert "the credentials were not accepted (401): Invalid access token passed" in outcome.output, playbook
        assert "(403): Missing or invalid credentials" in outcome.output, playbook
        assert "8d1f" not in outcome.output
    assert (matrix.accounts(), hub.accounts()) == before


def test_a_run_that_is_killed_is_repeated(
    company: CompanyDirectory, matrix: matrix_case.Synapse, hub: hub_case.Hub
) -> None:
    running = company.start_playbook("reconcile")
    end = time.monotonic() + 120
    while len(matrix.accounts()) < 5 and time.monotonic() < end:
        time.sleep(0.02)
    running.kill(signal.SIGKILL)
    running.wait()
    assert len(matrix.accounts()) >= 5
    company.playbook("reconcile").succeeded()
    assert len([seen for seen in matrix.accounts().values() if seen.email]) == len(hub.accounts()) == 12
    assert company.playbook("reconcile").succeeded().changed == 0


# ---- what is dangerous about an interface that creates by PUT


def test_a_name_that_is_somebody_elses_is_left_alone(connector: t.Any, matrix: matrix_case.Synapse) -> None:
    id = matrix.add("n.ew", "other@acme.example", "e1", "Other Person")
    before = matrix.accounts()
    with pytest.raises(Conflict, match=r"is taken by the account @n\.ew:acme\.example"):
        connector.create(NEW, [])
    assert matrix.accounts() == before
    found = connector.find(AccountKey(id=id))
    assert (found.external_id, found.name) == ("e1", "Other Person")


def test_the_address_of_another_account_is_not_taken_from_it(connector: t.Any, matrix: matrix_case.Synapse) -> None:
    matrix.add("somebody", NEW.email, "e1", "Some Body")
    before = matrix.accounts()
    with pytest.raises(Conflict, match=r"is taken by the account @somebody:acme\.example"):
        connector.create(NEW, [])
    assert matrix.accounts() == before


def test_the_name_of_somebody_who_has_left_is_for_nobody_else(connector: t.Any, matrix: matrix_case.Synapse) -> None:
    made = connector.create(NEW, [])
    assert connector.delete(made) is True
    before = matrix.accounts()
    with pytest.raises(Conflict, match=r"@n\.ew:acme\.example, which was deleted"):
        connector.create(dataclasses.replace(NEW, external_id="e200"), [])
    assert matrix.accounts() == before
    again = connector.create(NEW, [])
    assert (again.id, again.state, again.email) == (made.id, "active", NEW.email)


def test_an_account_without_an_address_is_made_without_one(connector: t.Any, matrix: matrix_case.Synapse) -> None:
    made = connector.create(dataclasses.replace(NEW, email=""), [])
    assert matrix.accounts()[made.id].email == ""
    assert connector.update(made, {"email": NEW.email}) is True
    assert matrix.accounts()[made.id].email == NEW.email


def test_a_list_whose_entries_cannot_be_read_by_their_ids_is_no_empty_app(matrix: matrix_case.Synapse) -> None:
    matrix.fill(3)
    find = {**matrix.connection(matrix.port)["find"], "id": {"path": "/v2/user/{id}"}}
    broken = matrix_case.MatrixSynapseCase().build(t.cast(t.Any, matrix), matrix.port, find=find)
    with pytest.raises(Transient, match="is listed, and cannot be read by its id"):
        list(broken.accounts())
    broken.close()
