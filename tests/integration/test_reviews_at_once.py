# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eight runs at once at one review: every decision counts once, none is lost, and an end in between is an end."""

from __future__ import annotations

import collections
import csv
import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, prepare, rows

DAY = "2026-03-02"
OPEN = {
    "rollcall_review": "q1",
    "rollcall_scope": {"apps": ["mail"]},
    "rollcall_due": "2026-03-20",
    "rollcall_directory": "sheets",
}
DAILY = ("reviews", "-e", "rollcall_decisions=inbox")
CLOSE = ("close_review", "-e", "rollcall_review=q1", "-e", "rollcall_early=true")


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer) -> CompanyDirectory:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
    company.env["ROLLCALL_AS_OF"] = DAY
    company.playbook("reconcile").succeeded()
    company.playbook("open_review", "-e", json.dumps(OPEN)).succeeded()
    return company


def sheets(company: CompanyDirectory) -> dict[str, list[dict[str, str]]]:
    found = {}
    for path in sorted((company.path / "sheets").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def decided(company: CompanyDirectory, name: str, lines: t.Sequence[dict[str, str]], word: str) -> str:
    path = company.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows({**row, "decision": word, "reason": "seen", "by": row["reviewer"]} for row in lines)
    return name


def handing_in(file: str) -> tuple[str, ...]:
    return ("decide_review", "-e", "rollcall_review=q1", "-e", f"rollcall_decisions={file}")


def events(company: CompanyDirectory, kind: str) -> list[dict[str, t.Any]]:
    return [json.loads(row["data"]) for row in rows(company, "events") if row["kind"] == kind]


def test_decisions_that_eight_runs_take_in_at_once_count_once_and_none_is_lost(company: CompanyDirectory) -> None:
    there = sheets(company)
    assert len(there) > 2
    files = [decided(company, f"inbox/q1/{name}.csv", lines, "keep") for name, lines in there.items()]
    # four take in all that lies there, and four more what somebody hands in, two of them the same
    others = [files[number // 2 % len(files)] for number in range(4)]
    runs = [company.start_playbook(*arguments) for arguments in (*[DAILY] * 4, *map(handing_in, others))]
    for run in runs:
        run.wait(300).succeeded()
    items = rows(company, "review_items")
    assert {item["decision"] for item in items} == {"keep"}
    counts = collections.Counter(data["item"] for data in events(company, "review.decided") if "item" in data)
    assert counts == {item["id"]: 1 for item in items}
    before = len(events(company, "review.decided"))
    assert company.playbook(*DAILY).succeeded().changed == 0
    assert len(events(company, "review.decided")) == before
    company.playbook("verify_ledger").succeeded()


def test_a_campaign_closed_while_decisions_come_in_carries_out_what_it_took_in_and_no_more(
    company: CompanyDirectory,
) -> None:
    there = sheets(company)
    everything = [row for lines in there.values() for row in lines]
    for name, lines in there.items():
        decided(company, f"{name}.csv", lines, "keep")
        company.playbook(*handing_in(f"{name}.csv")).succeeded()
    # four people's access to take away, each by a run of its own, while others close the campaign
    taken = [row for row in everything if "veryone" in row["entitlement"]][:4]
    late = [decided(company, f"late{number}.csv", [row], "revoke") for number, row in enumerate(taken)]
    arguments = [one for file in late for one in (handing_in(file), CLOSE)]
    runs = [company.start_playbook(*one) for one in arguments]
    outcomes = [run.wait(300) for run in runs]
    said = dict(zip(late, outcomes[::2], strict=True))
    items = {item["id"]: item for item in rows(company, "review_items")}
    (review,) = rows(company, "reviews")
    assert review["state"] == "closed", [outcome.output for outcome in outcomes]
    for row, outcome in zip(taken, said.values(), strict=True):
        item = items[row["item_id"]]
        if outcome.rc == 0:
            assert item["decision"] == "revoke", outcome.output
        else:
            assert "the review was closed on" in outcome.output
            assert item["decision"] == "keep"
    company.playbook("reviews").succeeded()
    (review,) = rows(company, "reviews")
    assert review["ended_at"]
    groups = {one.external_id: one.groups for one in company.tenant("mail").holders()}
    for row in taken:
        item = items[row["item_id"]]
        assert ("Everyone" in groups[item["person"]]) == (item["decision"] == "keep")
    company.playbook("verify_ledger").succeeded()
