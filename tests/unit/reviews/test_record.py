# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record that an auditor asks for."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import json

from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult, ChangeRow
from ansible_collections.rollcall.access.plugins.module_utils.model import Task
from ansible_collections.rollcall.access.plugins.module_utils.reviews import record
from ansible_collections.rollcall.access.plugins.module_utils.reviews.closing import (
    changes_of,
    close,
    outcomes,
    revocations,
)
from ansible_collections.rollcall.access.tests.unit.reviews.sample import (
    ALEX,
    APPS,
    DUE,
    NOW,
    PEOPLE,
    SAM,
    decided,
    item_of,
    opened,
)

LATER = DUE + dt.timedelta(hours=1)


def the_review():
    review = decided(
        opened(undecided="keep").review, (ALEX, "crm", "manager", "change", "user"), (SAM, "crm", "user", "revoke")
    )
    closed = close(review, "audit@acme.example", DUE)
    return outcomes(closed, [ChangeResult(c, "verified") for c in revocations(closed)], LATER)


def history(review, at=LATER):
    return [
        ChangeRow(c, "verified", "r1", "ops", at, at, at, "", "", 1)
        for c in changes_of(item_of(review, ALEX, "crm", "manager"))
    ]


def rows(review, **more):
    found = record.rows(review, PEOPLE, APPS, **more)
    return {(row["person_id"], row["app"], row["entitlement"]): row for row in found}


def test_it_says_who_had_what_who_decided_what_and_when_and_what_was_done():
    review = the_review()
    row = rows(review, changes=history(review))[ALEX, "CRM", "manager (Sales Manager)"]
    assert row["person"] == "Alex"
    assert row["account"] == "alex"
    assert row["why"] == "rule sales (policy 2.4): Sales people sell"
    assert row["reviewer"] == row["decided_by"] == "manager@acme.example"
    assert (row["decision"], row["change_to"], row["reason"]) == ("change", "user", "because")
    assert row["decided_at"] == NOW + dt.timedelta(days=1)
    assert (row["outcome"], row["outcome_at"]) == ("verified", LATER)
    assert row["done"] == (
        "grant user: verified on 2026-04-14T10:00:00Z; revoke manager: verified on 2026-04-14T10:00:00Z"
    )


def test_what_happened_before_the_close_was_not_done_for_it():
    review = the_review()
    row = rows(review, changes=history(review, NOW))[ALEX, "CRM", "manager (Sales Manager)"]
    assert row["done"] == ""


def test_a_task_is_told_with_its_owners_answer():
    review = the_review()
    item = item_of(review, SAM, "crm", "user")
    task = Task(
        "t1",
        SAM,
        "crm",
        changes_of(item),
        "crm.owner@acme.example",
        "t",
        "i",
        LATER,
        LATER,
        state="declined",
        note="needs it",
        ended_by="crm.owner@acme.example",
        ended_at=LATER,
    )
    row = rows(review, tasks=[task])[SAM, "CRM", "user (Standard User)"]
    assert row["done"] == (
        "task t1 for crm.owner@acme.example: declined by crm.owner@acme.example on 2026-04-14T10:00:00Z (needs it)"
    )


def test_silence_is_told_apart_from_a_decision():
    row = rows(the_review())[ALEX, "wiki", "edit"]
    assert (row["decision"], row["by_default"], row["decided_by"]) == ("keep", True, "")
    assert row["reason"] == "not decided when the review was closed"


def test_the_csv_has_a_line_per_item_and_no_formulas():
    review = the_review()
    people = {**PEOPLE, ALEX: dataclasses.replace(PEOPLE[ALEX], name="=1+1")}
    text = record.to_csv(record.rows(review, people, APPS))
    found = list(csv.DictReader(io.StringIO(text)))
    assert len(found) == len(review.items)
    assert tuple(found[0]) == record.COLUMNS
    assert {row["person"] for row in found if row["person_id"] == ALEX} == {"'=1+1"}


def test_the_json_counts_decisions_and_outcomes():
    review = the_review()
    document = json.loads(record.to_json(review, record.rows(review, PEOPLE, APPS)))
    assert document["review"]["closed_by"] == "audit@acme.example"
    assert document["review"]["opened_at"] == "2026-03-31T09:00:00Z"
    summary = document["summary"]
    assert (summary["items"], summary["decided"], summary["by_default"], summary["undecided"]) == (5, 2, 3, 0)
    assert summary["decisions"] == {"change": 1, "keep": 3, "revoke": 1}
    assert summary["outcomes"] == {"kept": 3, "verified": 2}
    assert summary["ended"] is True
    assert len(document["items"]) == 5


def test_somebody_whom_hr_no_longer_names_is_in_it_by_id():
    review = the_review()
    found = record.rows(review, {}, {})
    assert {row["person"] for row in found} == {item.person for item in review.items}
    assert {row["app"] for row in found} == {"crm", "wiki"}
