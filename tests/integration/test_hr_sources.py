# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory from HR systems over HTTP: employees from one, contractors from another, credentials from templates."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.sources.bamboohr import BambooHrFake
from ansible_collections.rollcall.access.tests.conformance.sources.rest import RestFake
from ansible_collections.rollcall.access.tests.conformance.sources.staff import ODD_TITLE, STAFF, Worker
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, prepare

_FILE = """\
  - type: csv
    path: hr/people.csv
"""
_INTERFACES = """\
  - type: bamboohr
    base_url: "http://127.0.0.1:{hr}"
    company: acme
    api_key: "{{{{ lookup('env', 'HR_KEY') }}}}"
    attributes: {{division: division}}
  - type: rest
    base_url: "http://127.0.0.1:{contractors}"
    auth:
      header: {{X-Api-Key: "{{{{ lookup('env', 'HR_KEY') }}}}"}}
    list:
      path: /hr/people
      items: data.people
      paging: {{style: page, param: page, size: 3, size_param: per_page, total: total}}
    columns: {{id: number, first: name.first, last: name.last, email: "contact[1].value", start: from}}
    set: {{type: contractor}}
"""


@dataclasses.dataclass(frozen=True)
class Place:
    company: CompanyDirectory
    hr: BambooHrFake
    contractors: RestFake


@pytest.fixture
def place(company_from: t.Callable[[pathlib.Path], CompanyDirectory]) -> t.Iterator[Place]:
    company = prepare(company_from(TEMPLATE))
    with BambooHrFake().serving() as hr, RestFake().serving() as contractors:
        contractors.staff = [Worker("900", "Fred", "Lance", start="2021-05-03")]
        company.replace("rollcall.yml", _FILE, _INTERFACES.format(hr=hr.port, contractors=contractors.port))
        company.env["HR_KEY"] = CANARY
        yield Place(company, hr, contractors)
        assert (hr.problems, contractors.problems) == ([], [])


def test_people_of_hr_systems_are_hosts_and_their_values_are_data(place: Place) -> None:
    inventory = place.company.inventory()
    variables = inventory["_meta"]["hostvars"]
    assert len(inventory["people"]["hosts"]) == len(STAFF) + 1
    zoe = variables["zoe.obrien-lukasz"]["person"]
    assert (zoe["id"], zoe["name"], zoe["title"]) == ("101", "Zoë O'Brien-Łukasz", ODD_TITLE)
    assert zoe["attributes"] == {"division": "EMEA", "employment_type": "Full-Time"}
    assert sorted(inventory["contractors"]["hosts"]) == ["con.tractor", "fred.lance"]
    # who has not started and who has left are there, and nobody's work
    assert variables["future.hire"]["person"]["status"] == "future"
    assert variables["gone.leaver"]["person"]["status"] == "left"
    assert not {"future.hire", "gone.leaver"} & set(inventory["joiners"]["hosts"])
    assert variables["ann.lee"]["person"]["manager_username"] == "zoe.obrien-lukasz"
    assert CANARY not in str(inventory)


def test_hr_that_cannot_be_read_stops_a_company_without_a_ledger(place: Place) -> None:
    place.company.env["HR_KEY"] = "wrong-canary"
    outcome = place.company.command("ansible-inventory", "-i", "rollcall.yml", "--list")
    assert outcome.rc == 4
    assert "HR cannot be read, and the ledger knows nobody yet: bamboohr acme: it cannot be read" in outcome.output
    assert "wrong-canary" not in outcome.output


def test_a_credential_that_cannot_be_filled_in_stops_the_run(place: Place) -> None:
    """Ansible by itself would warn of an inventory that does not parse, and go on with nobody in it."""
    place.company.replace("rollcall.yml", "api_key: \"{{ lookup('env', 'HR_KEY') }}\"", 'api_key: "{{ vault_hr_key }}"')
    outcome = place.company.command("ansible-inventory", "-i", "rollcall.yml", "--list")
    assert outcome.rc == 4
    assert "a template in `sources` cannot be filled in: 'vault_hr_key' is undefined" in outcome.output
    assert "use a lookup (env, file, unvault)" in outcome.output


def test_a_credential_may_come_out_of_a_vault(place: Place) -> None:
    company = place.company
    company.write("password", "open sesame\n")
    company.write("secrets/hr", f"{CANARY}\n")
    vault = ("--vault-password-file", "password")
    company.command("ansible-vault", "encrypt", *vault, "secrets/hr").succeeded()
    lookup = "api_key: \"{{ lookup('ansible.builtin.unvault', 'secrets/hr') | trim }}\""
    company.replace("rollcall.yml", "api_key: \"{{ lookup('env', 'HR_KEY') }}\"", lookup)
    outcome = company.command("ansible-inventory", "-i", "rollcall.yml", "--list", *vault).succeeded()
    assert "ann.lee" in outcome.stdout
    assert CANARY not in outcome.output


def test_hr_that_cannot_be_read_leaves_everybody_as_they_were(place: Place) -> None:
    place.company.playbook("reconcile").succeeded()
    place.contractors.refused = True
    outcome = place.company.command("ansible-inventory", "-i", "rollcall.yml", "--list")
    assert "HR was not read, people come from the ledger" in outcome.succeeded().output
    assert "it cannot be read: the credentials are known and lack the permission (403)" in outcome.output
    inventory = place.company.inventory()
    assert "ann.lee" in inventory["people"]["hosts"]
    assert not any(inventory.get(group, {}).get("hosts") for group in ("joiners", "movers", "leavers"))


def test_a_field_that_hr_hides_stops_the_run_and_takes_nothing_away(place: Place) -> None:
    place.hr.hidden = {"terminationDate"}
    outcome = place.company.command("ansible-inventory", "-i", "rollcall.yml", "--list")
    assert outcome.rc == 4
    assert 'bamboohr acme: nobody has "terminationDate" (our end). Give the owner of the API key' in outcome.output
