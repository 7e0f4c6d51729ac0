# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions: read strictly, laid onto the review."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import re

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import ReviewError
from ansible_collections.rollcall.access.plugins.module_utils.reviews.closing import close
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision import Decision
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision_sheet import (
    decisions_from,
    read_decisions,
    write_sheet,
)
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decisions import decide
from ansible_collections.rollcall.access.plugins.module_utils.reviews.scope import item_id
from ansible_collections.rollcall.access.tests.unit.reviews.sample import (
    ALEX,
    APPS,
    DUE,
    NOW,
    PEOPLE,
    SAM,
    held,
    item_of,
    opened,
    reviewers,
)

LATER = NOW + dt.timedelta(days=1)
REVIEWER = "manager@acme.example"


@pytest.fixture
def review():
    return opened().review


@pytest.fixture
def item(review):
    return item_of(review, ALEX, "crm", "manager")


def lay(review, *decisions):
    return decide(review, decisions, LATER, reviewers=reviewers(), apps=APPS)


def test_a_decision_is_kept_with_who_when_and_why(review, item):
    found = lay(review, Decision(item.id, "Revoke", reason="left the team", by="manager"))
    after = item_of(found.review, ALEX, "crm", "manager")
    assert found.changed
    assert found.items == (after,)
    assert (after.decision, after.reason, after.decided_by, after.decided_at) == (
        "revoke",
        "left the team",
        "manager",
        LATER,
    )
    assert [i.id for i in found.review.items] == [i.id for i in review.items]
    assert not found.notes


def test_the_same_decision_again_changes_nothing(review, item):
    decision = Decision(item.id, "change", "user", "less will do", REVIEWER)
    first = lay(review, decision)
    again = lay(first.review, dataclasses.replace(decision, by="manager"))
    assert not again.changed
    assert again.review is first.review


def test_the_reviewers_last_word_holds_and_the_earlier_one_is_reported(review, item):
    first = lay(review, Decision(item.id, "keep", by=REVIEWER))
    second = lay(first.review, Decision(item.id, "revoke", by=REVIEWER))
    assert item_of(second.review, ALEX, "crm", "manager").decision == "revoke"
    assert [i.decision for i in second.overruled] == ["keep"]
    both = lay(review, Decision(item.id, "keep", by=REVIEWER), Decision(item.id, "revoke", by=REVIEWER))
    assert item_of(both.review, ALEX, "crm", "manager").decision == "revoke"
    assert [i.decision for i in both.overruled] == ["keep"]


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ({"by": "boss@acme.example"}, "is manager@acme.example's to decide, not boss@acme.example's"),
        ({"by": "alex.old@acme.example"}, "cannot decide on their own access"),
        ({"decision": "maybe"}, "expected keep, revoke or change"),
        ({"item": "nope"}, "item nope is not in review"),
        ({"decision": "change", "change_to": "admin"}, "crm has no entitlement 'admin'.*it has: user, manager"),
        ({"decision": "change", "change_to": "manager"}, "would change to what it is"),
        ({"decision": "keep", "change_to": "user"}, "is to keep, and change_to says 'user'"),
    ],
)
def test_a_decision_that_makes_no_sense_keeps_all_of_them_out(review, item, decision, words):
    good = Decision(item.id, "keep", by=REVIEWER)
    bad = Decision(**{"item": item.id, "decision": "revoke", "by": REVIEWER, "where": "d.csv:3", **decision})
    with pytest.raises(ReviewError, match=r"d\.csv:3: .*" + words):
        lay(review, good, bad)


def test_every_wrong_line_is_named(review):
    with pytest.raises(ReviewError, match=r"d\.csv:2: item a .*; d\.csv:3: item b .*Nothing was decided"):
        lay(review, Decision("a", "keep", by="x", where="d.csv:2"), Decision("b", "keep", by="x", where="d.csv:3"))


def test_what_is_not_finished_is_passed_over_with_a_note(review, item):
    found = lay(
        review,
        Decision(item.id, "", by=REVIEWER),
        Decision(item.id, "", reason="hm", by=REVIEWER, where="d.csv:3"),
        Decision(item.id, "revoke", where="d.csv:4"),
        Decision(item.id, "change", by=REVIEWER, where="d.csv:5"),
        Decision("", "keep", by=REVIEWER, where="d.csv:6"),
    )
    assert not found.changed
    assert [(note.where, note.message.split(": ")[1]) for note in found.notes] == [
        ("d.csv:3", "there is no decision (keep, revoke or change)"),
        ("d.csv:4", "by is empty (who decides)"),
        ("d.csv:5", "change_to is empty (what it becomes)"),
        ("d.csv:6", "it names no item"),
    ]


def test_after_the_close_nothing_is_decided_but_may_be_said_again(review, item):
    decision = Decision(item.id, "keep", by=REVIEWER)
    closed = close(lay(review, decision).review, "audit", DUE)
    assert not lay(closed, decision).changed
    with pytest.raises(ReviewError, match="cannot be decided: the review was closed on 2026-04-14 09:00 UTC"):
        lay(closed, Decision(item.id, "revoke", by=REVIEWER))
    silent = item_of(closed, SAM, "crm", "user")
    assert silent.by_default
    with pytest.raises(ReviewError, match="the review was closed"):
        lay(closed, Decision(silent.id, "revoke", by=REVIEWER))


def test_keeping_what_no_rule_gives_is_warned_about():
    review = opened(grants=[dataclasses.replace(held(ALEX, "crm", "manager"), because=())]).review
    found = lay(review, Decision(item_of(review, ALEX, "crm", "manager").id, "keep", by=REVIEWER))
    assert [(note.code, note.severity) for note in found.notes] == [("decision_without_rule", "warning")]


def test_a_sheet_filled_in_is_read_back(review, tmp_path):
    rows = list(csv.DictReader(io.StringIO(write_sheet(review, PEOPLE, APPS, reviewer="Manager@acme.example"))))
    assert {row["person"] for row in rows} == {"Alex", "Sam"}
    row = next(row for row in rows if row["entitlement"].startswith("manager"))
    assert row["entitlement"] == "manager (Sales Manager)"
    assert row["privileged"] == "yes"
    assert row["why"] == "rule sales (policy 2.4): Sales people sell"
    assert row["last_used"] == "2025-12-31T09:00:00Z"
    row.update(decision="change", change_to="user", reason="=1+1", by=REVIEWER)
    path = tmp_path / "decisions.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerows(rows)
    found = lay(review, *read_decisions(path))
    after = item_of(found.review, ALEX, "crm", "manager")
    assert (after.decision, after.change_to, after.reason) == ("change", "user", "=1+1")
    assert len(found.items) == 1
    again = write_sheet(found.review, PEOPLE, APPS)
    assert "'=1+1" in again
    path.write_text(again)
    assert not lay(found.review, *read_decisions(path)).changed


def filled(review, path, change, people=PEOPLE):
    """A sheet of the manager's in which all is kept, and ``change`` was done to its lines."""
    rows = list(csv.DictReader(io.StringIO(write_sheet(review, people, APPS, reviewer=REVIEWER))))
    for row in rows:
        row.update(decision="keep", by=REVIEWER)
    change(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return read_decisions(path)


@pytest.mark.parametrize("columns", [("person",), ("item_id",), ("account", "entitlement"), ("app", "person", "email")])
def test_a_sheet_that_was_sorted_in_part_decides_nothing(review, tmp_path, columns):
    def turned(rows):
        moved = [{column: row[column] for column in columns} for row in rows]
        for row, other in zip(rows, [*moved[1:], moved[0]], strict=True):
            row.update(other)

    with pytest.raises(ReviewError, match="altered, or sorted without its item_id") as error:
        lay(review, *filled(review, tmp_path / "d.csv", turned))
    assert "d.csv:" in error.value.message
    assert lay(review, *filled(review, tmp_path / "d.csv", list.reverse)).changed


def test_a_sheet_with_a_name_of_before_is_taken_with_a_warning(review, tmp_path):
    before = {**PEOPLE, ALEX: dataclasses.replace(PEOPLE[ALEX], name="Alex Born-Otherwise")}
    found = lay(review, *filled(review, tmp_path / "d.csv", lambda rows: None, before))
    mine = [item for item in found.items if item.person == ALEX]
    assert mine
    assert [note.code for note in found.notes] == ["decision_on_older_words"] * len(mine)


def test_no_id_of_an_item_is_a_number_to_a_spreadsheet():
    # seven of a thousand such ids are of digits alone, or of digits and one e
    ids = [item_id("2026-q1", str(number), "crm", "x", "user") for number in range(3000)]
    assert any(re.fullmatch(r"i[0-9]+e?[0-9]+", id) for id in ids)
    assert not [id for id in ids if re.match(r"[0-9e+.-]", id)]


def test_of_many_wrong_lines_some_are_said_and_all_are_counted(review):
    wrong = [Decision(f"i{n}", "keep", by="x", where=f"d.csv:{n}") for n in range(300)]
    with pytest.raises(ReviewError, match="; and 280 more") as error:
        lay(review, *wrong)
    assert len(error.value.details["lines"]) == 300


def test_names_from_hr_are_disarmed_in_the_sheet(review):
    sly = {**PEOPLE, ALEX: dataclasses.replace(PEOPLE[ALEX], name="=cmd|' /C calc'!A0", title="@SUM(1)")}
    text = write_sheet(review, sly, APPS)
    assert ",'=cmd|' /C calc'!A0," in text
    assert ",'@SUM(1)," in text


@pytest.mark.parametrize("wrapped", [False, True])
def test_decisions_come_from_yaml_with_their_lines(review, item, tmp_path, wrapped):
    lines = [
        f"- item_id: {item.id}",
        "  decision: revoke",
        f"  by: {REVIEWER}",
        "- {item_id: nope, decision: keep, by: x}",
    ]
    text = "decisions:\n" + "".join(f"  {line}\n" for line in lines) if wrapped else "\n".join(lines)
    path = tmp_path / "decisions.yml"
    path.write_text(text)
    first, second = read_decisions(path)
    assert (first.decision, first.by) == ("revoke", REVIEWER)
    assert second.where == f"{path}:{5 if wrapped else 4}"
    with pytest.raises(ReviewError, match=r"decisions\.yml:[45]: item nope is not in review"):
        lay(review, first, second)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("d.yml", "- {item_id: a, verdict: keep}", r"d\.yml:1: the key 'verdict' is not known"),
        ("d.yml", "item_id: a", "expected a list of decisions"),
        ("d.yml", "- a", r"d\.yml:1: expected a mapping"),
        ("d.yml", "- {item_id: [a]}", "expected item_id to be a text"),
        ("d.yml", "- {item_id: a", r"d\.yml:\d+: not valid YAML"),
        ("d.txt", "", r"named \.csv"),
        ("d.csv", "item_id,decision\n", "Add by"),
    ],
)
def test_a_bad_file_of_decisions_is_refused_with_its_line(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ReviewError, match=words):
        read_decisions(path)


def test_a_file_of_decisions_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(ReviewError, match=r"sent: there is no such file or folder\. Name the file that came back"):
        read_decisions(tmp_path / "sent")


def test_decisions_from_variables_are_numbered():
    (one,) = decisions_from([{"item_id": "a", "decision": "keep", "by": "x"}], where="review_decisions")
    assert one.where == "review_decisions, decision 1"
