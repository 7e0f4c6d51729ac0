# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The published JSON Schemas: what an editor shows, and the documented examples."""

from __future__ import annotations

import json
import pathlib
import textwrap
import typing as t

import jsonschema
import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.policy.conditions import ConditionReader
from ansible_collections.rollcall.access.plugins.module_utils.policy.loading import load_access
from ansible_collections.rollcall.access.plugins.module_utils.policy.problems import Problems
from ansible_collections.rollcall.access.plugins.module_utils.policy.schema import check_schema, load_schema
from ansible_collections.rollcall.access.plugins.module_utils.policy.yaml_lines import parse_document

from .conftest import Write

NAMES = ["catalog", "policy", "exceptions", "locks", "requests", "rollcall"]

INVENTORY = """
    plugin: rollcall.access.people
    sources:
      - type: csv
        path: hr/employees.csv
        columns: {id: employee_id, email: work_email, title: job_title, start: hire_date, end: termination_date}
      - type: csv
        path: hr/contractors.csv
        set: {type: contractor}
    catalog: access/catalog
    policy: access/policy
    exceptions: access/exceptions
    locks: access/locks
    ledger: sqlite:///ledger.db
    normalise:
      department: {"Ent Sales": "Sales - Enterprise"}
    username: "{first}.{last}"
    lead_time: 3d
    working_day: {end: "17:00", timezone: Europe/Amsterdam}
    as_of: 2026-12-01
    rehearsal: true
    guard:
      feed: {people_lost: 10%, attributes_blanked: 5%}
      removals: {per_run: 10%, per_app: 20%, floor: 5}
    """
CATALOG = """
    apps:
      salesforce:
        name: Salesforce
        connector: salesforce
        connection: {base_url: https://acme.my.salesforce.com, token: "{{ vault_salesforce_token }}"}
        owners: {primary: sales.ops@acme.example, it: it@acme.example, finance: finance@acme.example}
        tier: critical
        leave: {then: suspend, delete_after: 30d, transfer: manager}
        sla: {grant: 2d, revoke: 1d, emergency: 1h}
        seats: {limit: 120, cost: 150, currency: USD, per: month}
        tags: [soc2, crm]
        entitlements:
          user:       {kind: role, value: Standard User, rank: 1}
          power-user: {kind: role, value: Power User, rank: 2}
          manager:    {kind: role, value: Sales Manager, rank: 3, privileged: true}
          quota:      {kind: group, value: Quota Tracking}
    """
OTHER_APPS = """
    apps:
      hubspot: {entitlements: {user: {}}}
      linkedin-sales-navigator: {entitlements: {user: {}}}
      github: {entitlements: {read: {kind: permission}, platform-team: {kind: team}, api-team: {kind: team}}}
      aws: {behind: salesforce, entitlements: {view-only: {kind: permission}}}
      bill-com: {entitlements: {payer: {}}}
      netsuite: {entitlements: {approver: {}}}
    """
POLICY = """
    version: "2.4"
    bundles:
      sales-rep: {salesforce: [user], hubspot: [user], linkedin-sales-navigator: [user]}
    rules:
      - id: sales-engineer-us
        why: Demo repositories and a read-only look at production
        when: {title: Sales Engineer, department: Sales, location: {under: US}}
        unless: {type: contractor}
        bundles: [sales-rep]
        grant: {github: [read, platform-team, api-team], aws: [view-only]}
    separation_of_duties:
      - {id: pay-and-approve, never_together: ["bill-com:payer", "netsuite:approver"]}
    """
EXCEPTIONS = """
    exceptions:
      - person: alex.chen
        grant: {salesforce: [quota]}
        reason: Stands in for Sarah
        requested_by: alex.chen
        approved_by: sarah.jones
        from: 2026-03-01
        until: 2026-04-30
    """
LOCKS = """
    locks:
      - {person: alex.chen, reason: A stolen laptop, by: security, since: 2026-03-01T12:00Z, until: 2026-03-08}
    """


def document(text: str) -> t.Any:
    return parse_document(textwrap.dedent(text).lstrip("\n"), "file.yml")


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_sound_json_schema(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(load_schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_key_has_a_title_and_a_description_for_editors(name: str) -> None:
    schema = load_schema(name)
    bare = []

    def visit(here: t.Any, path: str) -> None:
        if isinstance(here, dict):
            for key, value in here.get("properties", {}).items():
                if not (value.get("title") and value.get("description")):
                    bare.append(f"{path}.{key}")
            for key, value in here.items():
                visit(value, f"{path}.{key}")
        elif isinstance(here, list):
            for number, value in enumerate(here):
                visit(value, f"{path}[{number}]")

    visit(schema, name)
    assert bare == []
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rollcall", INVENTORY),
        ("catalog", CATALOG),
        ("policy", POLICY),
        ("exceptions", EXCEPTIONS),
        ("locks", LOCKS),
    ],
)
def test_the_documented_examples_are_valid(name: str, text: str) -> None:
    problems = Problems()
    assert check_schema(document(text), name, problems)
    assert problems.findings == []
    # And as an editor sees them, conditions included.
    jsonschema.Draft7Validator(load_schema(name)).validate(document(text).value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lead_time: 3d", "lead_tim: 3d", 'file.yml:17: unknown key "lead_tim". Did you mean "lead_time"?'),
        (
            "lead_time: 3d",
            "lead_time: 3",
            'file.yml:17: "lead_time" must be a duration such as 30m, 2h, 3d or 2w; found the number 3',
        ),
        ("per_app: 20%", "per_app: lots", 'file.yml:23: "per_app" must be a number, or a percentage such as 10%'),
        ("- type: csv", "- type: cvs", 'file.yml:3: "type" must be one of csv, yaml'),
        ("plugin: rollcall.access.people", "plugin: other", 'file.yml:1: "plugin" must be rollcall.access.people'),
    ],
)
def test_mistakes_in_the_inventory_are_said_in_words(old: str, new: str, message: str) -> None:
    problems = Problems()
    assert not check_schema(document(INVENTORY.replace(old, new, 1)), "rollcall", problems)
    assert str(problems.findings[0]).startswith(message)


def test_the_documented_examples_load(write: Write, tmp_path: pathlib.Path) -> None:
    write("catalog/salesforce.yml", CATALOG)
    write("catalog/others.yaml", OTHER_APPS)
    write("policy/policy.yml", POLICY)
    write("exceptions/march.yml", EXCEPTIONS)
    write("locks/locks.yml", LOCKS)
    access = load_access(*(tmp_path / name for name in ("catalog", "policy", "exceptions", "locks")))
    assert access.catalog.apps["salesforce"].connection["token"] == "{{ vault_salesforce_token }}"
    assert access.policy.version == "2.4"
    assert ("hubspot", "user") in access.policy.rules[0].gives
    assert access.exceptions[0].grants == (("salesforce", "quota"),)
    assert access.locks[0].reason == "A stolen laptop"


@pytest.mark.parametrize(
    "when",
    [
        {"title": "A"},
        {"title": ["A", 3, True]},
        {"title": []},
        {"any": [{"title": "A"}, {"not": {"title": {"not": {"under": ["A"]}}}}]},
        {"not": [{"title": "A"}]},
        {"start": {"before": "2026-01-01", "at_least": 3}},
        {"title": {"matches": ["a", "b"]}},
        {"title": None},
        {"title": {}},
        {"title": {"matchs": "a"}},
        {"title": {"matches": 3}},
        {"title": [["A"]]},
        {"any": []},
        {"all": {"title": "A"}},
        {"not": "A"},
        {"start": {"before": True}},
        [],
    ],
)
def test_editors_and_the_program_agree_on_conditions(when: t.Any) -> None:
    problems = Problems()
    ConditionReader(parse_document(json.dumps({"when": when}), "p.yml"), problems, None).read(("when",))
    policy = {"version": "1", "rules": [{"id": "a", "when": when, "grant": {"a": []}}]}
    assert jsonschema.Draft7Validator(load_schema("policy")).is_valid(policy) is (not problems.findings)


def test_an_error_names_every_mistake_of_every_file(write: Write, tmp_path: pathlib.Path) -> None:
    write("catalog/a.yml", CATALOG.replace("tier: critical", "tier: crucial"))
    write("policy/p.yml", 'version: "1"\nrules: [{id: a, when: {}, grant: {salesforce: [usr]}}]\n')
    write("locks/l.yml", "locks: [{person: x}]\n")
    with pytest.raises(PolicyError) as caught:
        load_access(*(tmp_path / name for name in ("catalog", "policy", "exceptions", "locks")))
    assert [finding.code for finding in caught.value.findings] == ["wrong_value", "unknown_entitlement", "missing_key"]
    assert "(and 2 more)" in str(caught.value)
