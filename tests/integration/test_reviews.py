# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A campaign of two stages, from the check before it to its end, by playbooks alone."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import (
    SCIM_APPS,
    TEMPLATE,
    prepare,
    rows,
)

GIA, MAIL = "gia.vale@small.example", "mail.owner@small.example"
SETTINGS = """lead_time: 3d
rehearsal: true
reviews:
  decisions: inbox
  delegates:
    - {person: gia.vale, delegate: ben.frost, from: 2026-03-01, until: 2026-03-31, reason: on holiday}
"""
CAMPAIGN = {
    "rollcall_review": "2026-q1",
    "rollcall_scope": {"apps": ["mail"], "departments": ["Sales"]},
    "rollcall_undecided": "keep",
    "rollcall_stages": [
        {"reviewer": "manager", "due": "2026-03-10"},
        {"reviewer": "app_owner", "due": "2026-03-20"},
    ],
}
CLOSE = ("-e", "rollcall_close=true", "-e", "rollcall_directory=evidence", "-e", "rollcall_pages=pages")


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer) -> CompanyDirectory:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    company.replace("rollcall.yml", "lead_time: 3d\n", SETTINGS)
    on(company, "2026-03-02")
    company.playbook("reconcile").succeeded()
    return company


def on(company: CompanyDirectory, day: str) -> None:
    company.env["ROLLCALL_AS_OF"] = day


def opening(company: CompanyDirectory, **more: t.Any) -> Outcome:
    return company.playbook("open_review", "-e", json.dumps({**CAMPAIGN, **more}))


@contextlib.contextmanager
def nothing_changes(company: CompanyDirectory) -> t.Iterator[None]:
    """The ledger's bytes and every app are the same afterwards."""

    def state() -> t.Any:
        ledger = (company.path / "ledger.db").read_bytes()
        return ledger, {app: company.tenant(app).state() for app in SCIM_APPS}

    before = state()
    yield
    assert state() == before


def result_of(outcome: Outcome, module: str) -> dict[str, t.Any]:
    (task,) = outcome.of(module)
    return t.cast("dict[str, t.Any]", task.result)


def sheet(
    company: CompanyDirectory, name: str, reviewer: str, by: str, decision: t.Callable[[dict[str, str]], str]
) -> None:
    """Fill in a reviewer's sheet and put it where decisions are taken in."""
    filled = list(csv.DictReader(io.StringIO(company.read(f"sheets/{reviewer}.csv"))))
    for row in filled:
        row.update(decision=decision(row), reason="seen", by=by)
    text = io.StringIO()
    writer = csv.DictWriter(text, filled[0])
    writer.writeheader()
    writer.writerows(filled)
    company.write(f"inbox/2026-q1/{name}.csv", text.getvalue())


def test_a_campaign_of_two_stages_with_a_delegate_ends_by_daily_runs(company: CompanyDirectory) -> None:
    looked = opening(company, rollcall_state="checked").succeeded()
    assert looked.changed == 0
    assert {one["reviewer"] for one in result_of(looked, "review")["workload"]} == {GIA, "ada.stone@small.example"}
    assert rows(company, "reviews") == []
    assert result_of(looked, "review")["msg"].startswith("review 2026-q1 is not opened, and could be: ")
    without = result_of(opening(company).succeeded(), "review")
    assert without["msg"].endswith(
        "reviewers have neither a page nor a sheet: for these, repeat it with rollcall_pages"
    )
    opened = result_of(opening(company, rollcall_directory="sheets").succeeded(), "review")
    assert (opened["review"]["stage"], opened["review"]["stages"]) == (1, ["manager", "app_owner"])
    # a page and a sheet for each of two reviewers, and a page for the delegate
    assert opened["msg"].endswith(f"; 5 files are in {company.path / 'sheets'}")

    on(company, "2026-03-04")
    first = result_of(company.playbook("reviews").succeeded(), "reviews")
    assert {one["step"] for one in first["reminded"]} == {"opened"}
    assert company.playbook("reviews").succeeded().changed == 0

    # ben decides in gia's stead; somebody whom it does not concern decides nothing
    sheet(
        company,
        "gia",
        GIA,
        "ben.frost",
        lambda row: "revoke" if row["person"] == "Hugo Lind" and "ales" in row["entitlement"] else "keep",
    )
    sheet(company, "wrong", GIA, "kim.wolf", lambda row: "revoke")
    given = company.playbook("reviews")
    assert given.rc == 2
    taken = result_of(given, "reviews")
    assert [pathlib.Path(name).name for name in taken["taken_in"]] == ["gia.csv"]
    assert "wrong.csv was not taken in" in taken["msg"]
    (company.path / "inbox/2026-q1/wrong.csv").unlink()

    # what ada did not decide is kept when the stage ends
    on(company, "2026-03-11")
    moved = result_of(company.playbook("reviews", *CLOSE).succeeded(), "reviews")
    assert moved["passed_on"]["2026-q1"] > 0
    assert moved["closed"] == []
    names = {pathlib.Path(name).relative_to(company.path).as_posix() for name in moved["files"]}
    assert {f"pages/2026-q1/{MAIL}-stage-2{end}" for end in (".html", ".csv")} <= names
    give = ("-e", "rollcall_review=2026-q1", "-e", f"rollcall_whose={MAIL}", "-e", "rollcall_to=lou.ash")
    with nothing_changes(company):
        assert company.playbook("reassign_review", *give, "--check").succeeded().changed == 1
        refused = company.playbook(
            "explain_review", "-e", "rollcall_review=2026-q1", "-e", "rollcall_reason=x", "--check"
        )
        assert refused.rc == 2
        assert "it is open: nothing is carried out yet" in refused.output
    assert company.playbook("reassign_review", *give).succeeded().changed == 1

    on(company, "2026-03-22")
    with nothing_changes(company):
        assert company.playbook("reviews", *CLOSE, "--check").succeeded().changed == 1
    closed = result_of(company.playbook("reviews", *CLOSE).succeeded(), "reviews")
    assert (closed["closed"], closed["ended"]) == (["2026-q1"], ["2026-q1"])
    assert [(c["person"], c["kind"], c["entitlement"], c["state"]) for c in closed["changes"]] == [
        ("hugo.lind", "revoke", "sales", "verified")
    ]
    (hugo,) = [one for one in company.tenant("mail").holders() if one.external_id == "8"]
    assert hugo.groups == {"Everyone"}
    table = list(csv.DictReader(io.StringIO(company.read("evidence/2026-q1.csv"))))
    (revoked,) = [row for row in table if row["decision"] == "revoke"]
    assert (revoked["decided_by"], revoked["in_stead_of"], revoked["outcome"]) == ("ben.frost", GIA, "verified")
    kept = next(row for row in table if row["person"] == "Iris Moss" and "ales" in row["entitlement"])
    assert (kept["reviewer"], kept["stage"]) == ("lou.ash@small.example", "2")
    assert "stage 1: keep by ben.frost in the stead of gia.vale@small.example" in kept["earlier"]
    assert "reassigned from mail.owner@small.example" in kept["handed"]
    before = {app: company.tenant(app).state() for app in SCIM_APPS}
    assert company.playbook("reviews", *CLOSE).succeeded().changed == 0
    assert company.playbook("reconcile").succeeded().changed == 0
    assert company.playbook("verify_ledger").succeeded().of("verify_ledger")[0].result["problems"] == []
    assert {app: company.tenant(app).state() for app in SCIM_APPS} == before
