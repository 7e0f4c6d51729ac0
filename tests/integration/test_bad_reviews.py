# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions that are not what they should be, by playbooks: as the page saved them, and as a sheet (CSV).

Of another campaign, altered, twice, half filled in, by the wrong person, too late, by somebody who left, on an account
that is gone, on an entitlement with another name, and on a campaign that is closed in the middle of the run.
"""

from __future__ import annotations

import csv
import io
import json
import pathlib
import time
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import NOTHING, CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, everything, prepare, rows
from ansible_collections.rollcall.access.tests.integration.test_reviewers_pages import codes, data_of, keep, saved
from ansible_collections.rollcall.access.tests.unit.reviews.saving import sealed

ADA, BEN, GIA = (f"{name}@small.example" for name in ("ada.stone", "ben.frost", "gia.vale"))
STOPPING = pathlib.Path(__file__).parent / "support/stopping"
LATE = {"ROLLCALL_AS_OF": "2026-03-11"}
Row = dict[str, str]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer) -> CompanyDirectory:
    """A company with two campaigns: 2026-q1 of those who sell, and other of those who build."""
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path_factory.mktemp("reviews"), scim))
    company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
    company.env["ROLLCALL_AS_OF"] = "2026-03-01"
    company.playbook("onboard").succeeded()
    for name, department in (("2026-q1", "Sales"), ("other", "Engineering")):
        asked = {"rollcall_review": name, "rollcall_scope": {"departments": [department]}, "rollcall_directory": name}
        asked |= {"rollcall_due": "2026-03-10", "rollcall_undecided": "keep"}
        company.playbook("open_review", "-e", json.dumps(asked)).succeeded()
    return company


@pytest.fixture
def company(template: CompanyDirectory) -> t.Iterator[CompanyDirectory]:
    """The company as it was when its campaigns were opened; a test leaves the apps as they were, or comes last."""
    kept = {name: (template.path / name).read_bytes() for name in ("ledger.db", "hr/people.csv")}
    yield template
    for name, content in kept.items():
        template.write(name, content)
    for file in (template.path / "sent").glob("*"):
        file.unlink()


def page(company: CompanyDirectory, campaign: str, reviewer: str, answer: t.Any = keep) -> str:
    """What the page of a reviewer saves when its items are answered so."""
    return saved(data_of(company.read(f"{campaign}/{reviewer}.html")), answer, pace=9.0)


def sheet(company: CompanyDirectory, campaign: str, reviewer: str, change: t.Callable[[list[Row]], None]) -> str:
    """What a reviewer's sheet holds when they kept everything, and then did this to its lines."""
    lines = list(csv.DictReader(io.StringIO(company.read(f"{campaign}/{reviewer}.csv"))))
    for row in lines:
        row.update(decision="keep", reason="needed", by=reviewer)
    change(lines)
    out = io.StringIO()
    writer = csv.DictWriter(out, lines[0])
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def nothing(_lines: list[Row]) -> None:
    pass


def each(**values: str) -> t.Callable[[list[Row]], None]:
    def change(lines: list[Row]) -> None:
        for row in lines:
            row.update(values)

    return change


def sorted_by_person(lines: list[Row]) -> None:
    """As a spreadsheet does when one column alone is marked."""
    for row, person in zip(lines, sorted((row["person"] for row in lines), reverse=True), strict=True):
        row["person"] = person


def take_in(company: CompanyDirectory, *more: str, env: t.Mapping[str, str] = NOTHING) -> Outcome:
    given = ("-e", "rollcall_review=2026-q1", "-e", "rollcall_decisions=sent")
    return company.playbook("decide_review", *given, *more, env=env)


def state(company: CompanyDirectory) -> dict[str, t.Any]:
    """Everything that is so, and every event but those that say that a run began and ended."""
    found = everything(company)
    found |= {table: rows(company, table) for table in ("reviews", "review_items")}
    found["events"] = [row for row in rows(company, "events") if not row["kind"].startswith("run.")]
    return found


def refusals(outcome: Outcome) -> dict[str, str]:
    """Return what is said of each file that was not taken in, by its name."""
    assert outcome.rc == 2, outcome.output
    assert "Traceback" not in outcome.output
    (failed,) = [one.result["failure"] for one in outcome.of("review") if one.state == "failed"]
    files = failed["details"].get("files") or [failed["message"]]
    found = {}
    for said in files:
        (name,) = {word for word in REFUSED if f"sent/{word}" in said} or {""}
        found[name] = said
    return found


REFUSED: dict[str, tuple[str, ...]] = {
    "decisions-foreign.json": ("it is from review other, and this is review 2026-q1", "-e rollcall_review=other"),
    "foreign.csv": ("of its items are of review other, and this is review 2026-q1", "-e rollcall_review=other"),
    "decisions-altered.json": ("altered after the page saved it", "Ask the reviewer for the file"),
    "decisions-cut.json": ("it was cut off or altered", "Ask the reviewer for the file"),
    "decisions-gias.json": ("its token was altered, or does not come from this ledger", "Ask the reviewer for"),
    "unsaved.csv": ("expected 18 cells as in the header, found 12", "a file that was cut off"),
    "word.csv": ("word.csv:3: expected keep, revoke or change for item i", "found 'approve'", "Nothing was decided"),
    "sorted.csv": ("sorted.csv:", "and the line says person", "sorted without its item_id", "Nothing was decided"),
    "unknown.csv": ("unknown.csv:2: item i000000000000 is not in review 2026-q1",),
    "wrong-person.csv": ("wrong-person.csv:2: item i", f"is {GIA}'s to decide, not {BEN}'s", "Nothing was decided"),
    "own.csv": ("hugo.lind cannot decide on their own access", "Nothing was decided"),
}


def test_what_is_not_ours_altered_or_somebody_elses_is_refused_file_by_file(company: CompanyDirectory) -> None:
    good = page(company, "2026-q1", GIA)
    forged = json.loads(page(company, "2026-q1", ADA))
    forged["token"]["reviewer"] = GIA
    files = {
        "decisions-foreign.json": page(company, "other", BEN),
        "foreign.csv": sheet(company, "other", BEN, nothing),
        "decisions-altered.json": good.replace('"keep"', '"revoke"', 1),
        "decisions-cut.json": good[:-300],
        "decisions-gias.json": json.dumps(sealed(forged)),
        "unsaved.csv": sheet(company, "2026-q1", GIA, nothing)[:-60],
        "word.csv": sheet(company, "2026-q1", GIA, lambda lines: lines[1].update(decision="approve")),
        "sorted.csv": sheet(company, "2026-q1", GIA, sorted_by_person),
        "unknown.csv": sheet(company, "2026-q1", GIA, lambda lines: lines[0].update(item_id="i000000000000")),
        "wrong-person.csv": sheet(company, "2026-q1", GIA, each(by=BEN)),
        "own.csv": sheet(company, "2026-q1", GIA, each(by="hugo.lind")),
    }
    assert files.keys() == REFUSED.keys()
    for name, content in files.items():
        company.write(f"sent/{name}", content)
    before = state(company)
    said = refusals(take_in(company))
    assert said.keys() == REFUSED.keys()
    for name, words in REFUSED.items():
        assert [word for word in words if word not in said[name]] == [], said[name]
    assert state(company) == before


def test_a_sheet_that_is_half_filled_in_and_sent_twice_counts_once(company: CompanyDirectory) -> None:
    def half(lines: list[Row]) -> None:
        lines[0].update(by="")
        for row in lines[1::2]:
            row.update(decision="", reason="", by="")

    company.write("sent/half.csv", sheet(company, "2026-q1", GIA, half))
    first = take_in(company).succeeded()
    assert (first.changed, codes(first)) == (1, ["decision_unfinished"])
    assert "half.csv:2" in first.output
    assert "by is empty (who decides)" in first.output
    before = state(company)
    decided = [row for row in before["review_items"] if row["decided_by"] == GIA]
    assert 0 < len(decided) < len(before["review_items"]) / 2
    company.write("sent/half again.csv", company.read("sent/half.csv"))
    assert take_in(company).succeeded().changed == 0
    assert state(company) == before


def test_what_comes_late_or_from_somebody_who_left_is_refused_and_passed_on(company: CompanyDirectory) -> None:
    company.write("sent/decisions-gia.json", page(company, "2026-q1", GIA))
    company.write("sent/gia.csv", sheet(company, "2026-q1", GIA, nothing))
    before = state(company)
    words = {
        "decisions-gia.json": "handed in after the deadline, 2026-03-1",
        "gia.csv": "was to be decided by 2026-03-1",
    }
    outcome = take_in(company, env=LATE)
    for name, word in words.items():
        (said,) = [text for text in _files(outcome) if name in text]
        assert word in said
        assert "with -e rollcall_late=true" in said
    assert state(company) == before

    company.replace("hr/people.csv", "Utrecht,1,2016-07-01,,", "Utrecht,1,2016-07-01,2026-02-27,")
    outcome = take_in(company)
    for name in words:
        (said,) = [text for text in _files(outcome) if name in text]
        assert f"{GIA} has left and decides nothing any more" in said
        assert "manager" in said
    assert state(company) == before
    # the next run of the day gives what waits for her to her manager
    company.playbook("reviews").succeeded()
    assert {row["reviewer"] for row in rows(company, "review_items") if row["campaign"] == "2026-q1"} == {ADA}


def _files(outcome: Outcome) -> list[str]:
    assert outcome.rc == 2, outcome.output
    (failed,) = [one.result["failure"] for one in outcome.of("review") if one.state == "failed"]
    return t.cast("list[str]", failed["details"]["files"])


def test_a_campaign_that_is_closed_in_the_middle_of_a_run_takes_nothing_more(company: CompanyDirectory) -> None:
    company.write("sent/1-ada.csv", sheet(company, "2026-q1", ADA, nothing))
    company.write("sent/2-gia.csv", sheet(company, "2026-q1", GIA, each(decision="revoke")))
    company.write("sent/decisions-gia.json", page(company, "2026-q1", GIA, lambda *_what: {"decision": "revoke"}))
    commits = company.path / "commits"
    # the run has begun (the first commit), has taken the first file in (the second), and waits
    env = {"PYTHONPATH": str(STOPPING)}
    env |= {"ROLLCALL_TEST_COMMITS": str(commits), "ROLLCALL_TEST_STOP_AT": "after 2"}
    given = ("-e", "rollcall_review=2026-q1", "-e", "rollcall_decisions=sent")
    running = company.start_playbook("decide_review", *given, env=env)
    while not commits.with_name("commits.held").exists():
        assert running.process.poll() is None, running.wait().output
        time.sleep(0.1)
    company.playbook("close_review", "-e", "rollcall_review=2026-q1", env=LATE).succeeded()
    before = state(company)
    commits.with_name("commits.go").touch()
    outcome = running.wait()
    texts = _files(outcome)
    assert [
        name for name in ("1-ada.csv", "2-gia.csv", "decisions-gia.json") if any(name in text for text in texts)
    ] == [
        "2-gia.csv",
        "decisions-gia.json",
    ]
    for text in texts:
        assert "was closed on 2026-03-11" in text
        assert "needs a review of its own" in text
    assert state(company) == before
    assert {row["decision"] for row in before["review_items"] if row["campaign"] == "2026-q1"} == {"keep"}


def test_accounts_that_are_gone_and_entitlements_of_another_name_end_as_they_should(company: CompanyDirectory) -> None:
    def answer(person: str, what: str, _number: int) -> Row:
        if (person, what) in (("Hugo Lind", "Sales"), ("Iris Moss", "user"), ("Iris Moss", "User")):
            return {"decision": "revoke", "reason": "not any more"}
        return {"decision": "keep", "reason": "needed"}

    company.write("sent/decisions-gia.json", page(company, "2026-q1", GIA, answer))

    def gias_sales(lines: list[Row]) -> None:
        for row in lines:
            row["decision"] = "revoke" if row["entitlement"].startswith("sales") else "keep"

    company.write("sent/ada.csv", sheet(company, "2026-q1", ADA, gias_sales))
    # since they were asked: somebody deleted an account, and the catalog calls a group otherwise
    chat = company.tenant("chat")
    (iris,) = [holder for holder in chat.holders() if holder.username == "iris.moss"]
    chat.call("DELETE", f"Users/{iris.id}", None)
    company.replace("access/catalog/apps.yml", "sales: {kind: group", "sellers: {kind: group")
    company.replace("access/policy/rules.yml", "mail: [sales]", "mail: [sellers]")
    taken = take_in(company).succeeded()
    assert set(codes(taken)) == {"decision_on_older_words"}
    closed = company.playbook(
        "close_review", "-e", "rollcall_review=2026-q1", "-e", "rollcall_directory=record", env=LATE
    )
    assert closed.rc == 0, closed.output
    assert "the catalog calls sales in mail sellers now" in closed.output
    record = list(csv.DictReader(io.StringIO(company.read("record/2026-q1.csv"))))
    outcomes = {(row["person"], row["app"]): row["outcome"] for row in record if row["decision"] == "revoke"}
    assert outcomes == {
        ("Hugo Lind", "Mail"): "verified",
        ("Gia Vale", "Mail"): "verified",
        ("Iris Moss", "Chat"): "gone",
    }
    holders = {holder.username: holder.groups for holder in company.tenant("mail").holders()}
    assert "Sales" not in holders["hugo.lind"] | holders["gia.vale"]
    assert "Sales" in holders["iris.moss"]
