# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a task goes to, and who comes next."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    App,
    Change,
    ChangeKind,
    Person,
    Status,
    Task,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.chain import (
    FALLBACK,
    HEAD,
    PRIMARY,
    SECOND,
    bounced_addresses,
    bounced_note,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.owners import Owners
from ansible_collections.rollcall.access.plugins.module_utils.policy.organisation import Organisation

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.timezone.utc)
IT = "it@acme.example"


def person(id: str, manager: str = "", department: str = "Sales", **more: t.Any) -> Person:
    return Person(id, email=f"{id}@acme.example", username=id, manager=manager, department=department, **more)


# ceo <- dana, head of Sales <- bob <- alex; eve works in Finance
PEOPLE = (
    person("ceo", department="Office"),
    person("dana", "ceo"),
    person("bob", "dana"),
    person("alex", "bob"),
    person("eve", "ceo", department="Finance"),
)
CRM = App("crm", name="CRM", owners={"primary": "bob@acme.example", "it": "crm-admins@acme.example"})
BOX = App("box", name="Box", owners={"primary": "box@acme.example"})


def owners(people: t.Iterable[Person] = PEOPLE, **more: t.Any) -> Owners:
    everybody = tuple(people)
    missing = more.pop("missing", {})
    statuses = {one.id: missing.get(one.id, Status.ACTIVE) for one in everybody}
    return Owners(Organisation(everybody), statuses, **{"fallback": IT, **more})


def names(chain: t.Any) -> list[str]:
    return [f"{owner.address.partition('@')[0]} {owner.level}" for owner in chain.owners]


def test_a_task_goes_to_the_owner_the_second_the_head_of_department_and_the_fallback():
    chain = owners().chain_of(CRM, "alex")
    assert names(chain) == ["bob 0", "crm-admins 1", "dana 2", "it 3"]
    assert [owner.role for owner in chain.owners] == ["primary owner", "it owner", "head of Sales", "fallback owner"]


def test_finance_is_nobodys_second_owner():
    app = dataclasses.replace(CRM, owners={**CRM.owners, "finance": "eve@acme.example"})
    assert names(owners().chain_of(app)) == ["bob 0", "crm-admins 1", "dana 2", "it 3"]


def test_finance_is_the_owner_where_the_catalog_names_nobody_else():
    app = App("x", owners={"finance": "eve@acme.example"})
    assert names(owners().chain_of(app)) == ["eve 0", "it 3"]


def test_second_owners_come_in_the_order_of_the_catalog():
    roles = {"security": "sec@acme.example", "primary": "box@acme.example", "it": "ops@acme.example"}
    assert names(owners().chain_of(App("x", owners=roles))) == ["box 0", "sec 1", "ops 1", "it 3"]


def test_a_head_in_the_catalog_takes_the_place_of_the_one_in_hr():
    app = dataclasses.replace(CRM, owners={"head": "eve@acme.example", **CRM.owners})
    assert names(owners().chain_of(app, "alex")) == ["bob 0", "crm-admins 1", "eve 2", "it 3"]
    gone = owners(missing={"eve": Status.LEFT})
    assert names(gone.chain_of(app, "alex")) == ["bob 0", "crm-admins 1", "dana 2", "it 3"]


def test_the_head_is_of_the_persons_department_where_the_owner_is_a_mailbox():
    assert names(owners().chain_of(BOX, "alex")) == ["box 0", "dana 2", "it 3"]
    assert names(owners().chain_of(BOX, "eve")) == ["box 0", "it 3"]  # eve is her department, and it is about her
    assert names(owners().chain_of(BOX)) == ["box 0", "it 3"]


def test_the_head_is_never_the_person_whom_the_task_is_about():
    assert names(owners().chain_of(BOX, "dana")) == ["box 0", "it 3"]
    app = dataclasses.replace(BOX, owners={**BOX.owners, "head": "eve@acme.example"})
    assert names(owners().chain_of(app, "eve")) == ["box 0", "it 3"]


def test_an_owner_who_heads_the_department_is_asked_once():
    app = App("x", owners={"primary": "dana@acme.example", "it": "DANA"})
    assert names(owners().chain_of(app, "alex")) == ["dana 0", "it 3"]


@pytest.mark.parametrize(
    ("status", "why"),
    [(Status.LEFT, "has left"), (Status.LEAVE, "is on leave"), (Status.FUTURE, "has not started yet")],
)
def test_an_owner_who_is_not_here_is_passed_over(status, why):
    chain = owners(missing={"bob": status}).chain_of(CRM, "alex")
    assert names(chain) == ["crm-admins 1", "dana 2", "it 3"]
    assert chain.passed_over == {"bob@acme.example": why}


def test_an_owner_who_is_locked_out_is_passed_over():
    chain = owners(locked={"bob"}).chain_of(CRM, "alex")
    assert names(chain) == ["crm-admins 1", "dana 2", "it 3"]
    assert chain.passed_over == {"bob@acme.example": "is locked out"}


def test_an_owner_who_is_known_by_an_earlier_address_is_the_same_person():
    people = [
        dataclasses.replace(one, earlier_emails=("robert@acme.example",)) if one.id == "bob" else one for one in PEOPLE
    ]
    app = App("x", owners={"primary": "Robert@acme.example", "it": "bob@acme.example"})
    assert names(owners(people).chain_of(app)) == ["Robert 0", "dana 2", "it 3"]
    assert names(owners(people, missing={"bob": Status.LEFT}).chain_of(app)) == ["dana 2", "it 3"]


def test_an_address_that_somebody_else_has_now_is_reached():
    people = (*PEOPLE, dataclasses.replace(person("bob2"), email="bob@acme.example"))
    assert owners(people, missing={"bob": Status.LEFT}).unreachable("bob@acme.example") == ""
    both = {"bob": Status.LEFT, "bob2": Status.LEFT}
    assert owners(people, missing=both).unreachable("bob@acme.example") == "has left"


def test_an_address_from_which_mail_comes_back_is_passed_over():
    chain = owners(bounced={"box@acme.example"}).chain_of(BOX, "alex")
    assert names(chain) == ["it 3"]
    assert chain.passed_over == {"box@acme.example": "cannot be reached by mail"}


def test_who_bounced_is_read_from_the_note_and_not_from_what_people_write():
    note = bounced_note("Box@acme.example", "550 no such user")
    asked = dataclasses.replace(task(), attention=note)
    before = dataclasses.replace(task(), details={"bounced": ["old@acme.example"]})
    wrote = dataclasses.replace(task(), attention="eve wrote: bounced: bob@acme.example is a joke")
    assert bounced_addresses([asked, before, wrote]) == {"box@acme.example", "old@acme.example"}


def test_the_leaver_never_gets_the_task_of_their_own_removal():
    assert names(owners().chain_of(CRM, "bob", removal=True)) == ["crm-admins 1", "dana 2", "it 3"]
    assert names(owners().chain_of(CRM, "bob")) == ["bob 0", "crm-admins 1", "dana 2", "it 3"]
    here = owners(fallback="bob@acme.example")
    assert names(here.chain_of(App("x"), "bob", removal=True)) == []


def test_a_head_on_leave_is_stood_in_for_by_the_next_below():
    app = App("x", owners={"primary": "alex@acme.example"})
    assert names(owners(missing={"dana": Status.LEAVE}).chain_of(app)) == ["alex 0", "bob 2", "it 3"]


def test_the_department_of_an_owner_who_has_left_still_answers():
    app = App("x", owners={"primary": "alex@acme.example"})
    assert names(owners(missing={"alex": Status.LEFT}).chain_of(app)) == ["dana 2", "it 3"]


def test_managers_in_a_circle_end_where_they_began():
    people = (person("a", "c"), person("b", "a"), person("c", "b"))
    app = App("x", owners={"primary": "a@acme.example"})
    assert names(owners(people).chain_of(app)) == ["a 0", "b 2", "it 3"]
    alone = (person("a", "a"),)
    assert names(owners(alone).chain_of(app)) == ["a 0", "it 3"]
    assert names(owners((person("a", "nobody"),)).chain_of(app)) == ["a 0", "it 3"]


def test_somebody_without_a_department_has_no_head():
    people = (person("a", "b", department=""), person("b", department=""))
    assert names(owners(people).chain_of(App("x", owners={"primary": "a@acme.example"}))) == ["a 0", "it 3"]


def test_an_app_that_is_not_in_the_catalog_any_more_leaves_the_fallback():
    assert names(owners().chain_of(None, "alex")) == ["it 3"]
    assert names(owners(fallback="").chain_of(None)) == []


def test_an_app_without_owner_goes_to_the_fallback_and_not_to_somebodys_head():
    assert names(owners().chain_of(App("x"), "alex")) == ["it 3"]


def test_nobody_at_all_is_an_empty_chain():
    gone = owners(missing={"bob": Status.LEFT}, fallback="")
    app = App("x", owners={"primary": "bob@acme.example"})
    people_gone = {"bob": Status.LEFT, "dana": Status.LEFT}
    assert gone.reachable_owner(app).address == "dana@acme.example"
    assert owners(missing=people_gone, fallback="").reachable_owner(app) is None


# tasks as they stand


def task(
    kind: str = "access", owner: str = "bob@acme.example", *, what: ChangeKind = ChangeKind.GRANT, **more: t.Any
) -> Task:
    items = (Change(what, "alex", "crm", entitlement="x"),) if kind == "access" else ()
    given = {"person": "alex", "app": "crm", "items": items, "owner": owner, "title": "", "instructions": "", **more}
    return Task(id="t1", opened_at=NOW, due=NOW + dt.timedelta(days=1), kind=kind, **given)


def test_the_task_of_a_removal_knows_whom_it_is_about():
    taking = task(what=ChangeKind.SUSPEND, person="bob")
    assert names(owners().chain_for(taking, CRM)) == ["crm-admins 1", "dana 2", "it 3"]


def test_a_secrets_own_owner_comes_before_those_of_the_app():
    rotation = task("rotation", "eve@acme.example")
    assert names(owners().chain_for(rotation, CRM)) == ["eve 0", "bob 0", "crm-admins 1", "dana 2", "it 3"]
    gone = owners(missing={"eve": Status.LEFT}).chain_for(rotation, CRM)
    assert names(gone) == ["bob 0", "crm-admins 1", "dana 2", "it 3"]
    assert gone.passed_over == {"eve@acme.example": "has left"}


def test_what_a_manager_decides_goes_to_the_managers_above():
    choices = task("choices", "bob@acme.example")
    chain = owners().chain_for(choices, CRM)
    assert names(chain) == ["bob 0", "dana 2", "ceo 2", "it 3"]
    gone = owners(missing={"bob": Status.LEFT}).chain_for(choices, CRM)
    assert names(gone) == ["dana 2", "ceo 2", "it 3"]


def test_nobody_approves_for_themselves_by_escalation():
    approval = task("approval", "bob@acme.example", person="dana")
    assert "dana@acme.example" not in owners().chain_for(approval, CRM).addresses


def test_a_chain_can_be_given_by_addresses():
    chain = owners(missing={"bob": Status.LEFT}).chain_along(
        ["bob@acme.example", "dana@acme.example", "alex@acme.example", "ceo", IT], about="alex"
    )
    assert names(chain) == ["dana 0", "ceo 1", "it 3"]
    assert chain.passed_over == {
        "bob@acme.example": "has left",
        "alex@acme.example": "is the person whom it is about",
    }


# findings


def test_an_app_whose_owners_are_all_gone_is_a_finding_that_names_them_and_whom_its_tasks_go_to():
    app = App("x", name="Xero", owners={"primary": "bob@acme.example", "it": "eve@acme.example"})
    gone = owners(missing={"bob": Status.LEFT, "eve": Status.LEAVE, "dana": Status.LEFT})
    finding = gone.finding(app)
    assert (finding.code, finding.severity, finding.app) == ("owner_unreachable", "warning", "x")
    for word in ("Xero", "bob@acme.example has left", "eve@acme.example is on leave", IT):
        assert word in finding.message
    assert owners(missing={"bob": Status.LEFT}).finding(app) is None


def test_an_app_whose_owners_are_gone_and_that_has_no_fallback_is_an_error():
    app = App("x", owners={"primary": "eve@acme.example", "finance": "box@acme.example"})
    finding = owners(missing={"eve": Status.LEFT}, fallback="").finding(app)
    assert (finding.code, finding.severity) == ("no_owner", "error")
    assert "nobody" in finding.message
    assert "fallback_owner" in finding.todo


def test_an_app_without_owner_is_an_error_with_or_without_a_fallback():
    for fallback, to in ((IT, IT), ("", "nobody")):
        finding = owners(fallback=fallback).finding(App("x"))
        assert (finding.code, finding.severity) == ("no_owner", "error")
        assert finding.message.endswith(f"its tasks go to {to}")


def test_the_levels_are_in_order():
    assert (PRIMARY, SECOND, HEAD, FALLBACK) == (0, 1, 2, 3)
