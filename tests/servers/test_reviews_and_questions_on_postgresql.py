# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A campaign, access for a time and the auditor's questions on a real PostgreSQL ledger: the same answers as on SQLite.

The company lives on PostgreSQL, by playbooks. Then its ledger is copied into a SQLite file, row by row, and both are
asked the same.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
import sqlalchemy as sa
from ansible_collections.rollcall.access.plugins.module_utils.company.answering import answer_of
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.extending import offer
from ansible_collections.rollcall.access.plugins.module_utils.company.reporting import gaps_facts
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.tables import KEPT
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    GrantRecord,
    Review,
    ReviewItem,
    Run,
    StageDecision,
)
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.question import Answer, Question
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.registry import QUESTIONS
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, prepare

from .ledger_server import LedgerServer, signing_key

VERIFIER = pathlib.Path(__file__).resolve().parents[2] / "extensions/verifier/rollcall_verify_pack.py"
NOW = "2026-03-12T10:00:00+00:00"
GIA, ADA, BEN, OWNER = (f"{name}@small.example" for name in ("gia.vale", "ada.stone", "ben.frost", "mail.owner"))

POLICY = """extend_at_most: 30d
break_glass:
  - {id: on-call, why: Somebody mends the mail, when: {department: Engineering}, grant: {mail: [admin]}, at_most: 4h}
separation_of_duties:
  - {id: build-or-sell, why: four eyes, one_of: ["chat:engineering"], and_one_of: ["mail:sales", "mail:admin"]}
"""
EXCEPTIONS = """exceptions:
  - {id: kim-chat, person: kim.wolf, grant: {chat: [user]}, reason: talks, requested_by: kim.wolf,
     approved_by: gia.vale, from: "2026-02-01", until: "2026-03-09"}
cover:
  - {id: for-hugo, person: kim.wolf, for: hugo.lind, apps: [mail], reason: parental leave, approved_by: ada.stone,
     from: "2026-02-01", until: "2026-03-31"}
"""
CAMPAIGN = {
    "rollcall_review": "q1",
    "rollcall_scope": {"apps": ["mail"], "departments": ["Sales"]},
    "rollcall_undecided": "keep",
    "rollcall_stages": [
        {"reviewer": "manager", "due": "2026-03-05"},
        {"reviewer": "app_owner", "due": "2026-03-10"},
    ],
}


class Living:
    """The company on PostgreSQL."""

    def __init__(self, place: pathlib.Path, scim: ScimServer, ledgers: LedgerServer) -> None:
        self.ledgers, self.database = ledgers, ledgers.ledger()
        self.company = prepare(CompanyDirectory(TEMPLATE, place, scim))
        self.key = self.company.env["ROLLCALL_LEDGER_KEY"] = signing_key(place)
        self.company.replace("rollcall.yml", "sqlite:///ledger.db", ledgers.url(self.database))
        self.company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
        self.company.write("access/policy/more.yml", POLICY)
        self.company.write("access/exceptions/e.yml", EXCEPTIONS)

    def rows(self, table: str) -> list[dict[str, t.Any]]:
        return self.ledgers.rows(self.database, table)

    def play(self, at: str, name: str, **given: t.Any) -> t.Any:
        self.company.env["ROLLCALL_AS_OF"] = at
        return self.company.playbook(name, "-e", json.dumps(given)).succeeded()

    def decide(self, at: str, by: str, chosen: t.Callable[[dict[str, t.Any]], str]) -> None:
        """Decide all that waits for somebody, by a sheet."""
        waiting = [row for row in self.rows("review_items") if row["reviewer"] == by and row["campaign"] == "q1"]
        head = "item_id,decision,reason,by\n"
        lines = "".join(f"{row['id']},{chosen(row)},seen,{by}\n" for row in waiting)
        self.company.write("decisions.csv", head + lines)
        self.play(at, "decide_review", rollcall_review="q1", rollcall_decisions="decisions.csv")

    def live(self) -> None:
        self.play("2026-03-02T09:00:00+00:00", "onboard")
        taking = {"rollcall_grant": "mail:admin", "rollcall_hours": "2", "rollcall_reason": "it is down"}
        refused = self.company.playbook("break_glass", "-e", json.dumps({**taking, "rollcall_person": "dov.hart"}))
        # a duty keeps the two apart
        assert refused.rc == 2, refused.output
        assert "it would bring together" in refused.output
        self.company.replace("access/policy/more.yml", "at_most: 4h}", "at_most: 4h, despite_duties: true}")
        self.play("2026-03-02T10:00:00+00:00", "break_glass", **taking, rollcall_person="dov.hart")
        self.play("2026-03-02T12:01:00+00:00", "end_break_glass")
        self.play("2026-03-02T12:05:00+00:00", "open_review", **CAMPAIGN)
        give = {"rollcall_review": "q1", "rollcall_whose": ADA, "rollcall_to": BEN}
        self.play("2026-03-03", "reassign_review", **give)
        self.play("2026-03-03", "extend", **self._extension())
        self.decide("2026-03-04", GIA, lambda row: "keep")
        self.decide("2026-03-04", BEN, lambda row: "keep")
        self.play("2026-03-06", "reviews")
        sold = [row for row in self.rows("review_items") if row["entitlement"] == "sales"]
        assert {row["reviewer"] for row in sold} == {OWNER}
        hugo = next(row["id"] for row in sold if row["person"] == "8")
        self.decide("2026-03-07", OWNER, lambda row: "revoke" if row["id"] == hugo else "keep")
        self.play("2026-03-09", "close_review", rollcall_review="q1")
        self.play("2026-03-12T09:00:00+00:00", "break_glass", **taking, rollcall_person="cleo.marsh")

    def _extension(self) -> dict[str, str]:
        """Return what a manager gives to extend, as the message would have it."""
        with self.opened(at="2026-03-03T08:00:00+00:00") as company:
            offered = offer(company, "exception", "kim-chat")
        assert offered is not None
        return {"rollcall_token": offered.token, "rollcall_until": "2026-03-20", "rollcall_by": "ada.stone"}

    def opened(self, ledger: str = "", at: str = NOW) -> Company:
        said = {**self.company.env, "ROLLCALL_AS_OF": at, **({"ROLLCALL_LEDGER": ledger} if ledger else {})}
        return Company(Settings.load(self.company.path / "rollcall.yml", said))


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer, ledgers: LedgerServer) -> t.Iterator[Living]:
    made = Living(tmp_path_factory.mktemp("living"), scim, ledgers)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ROLLCALL_LEDGER_KEY", made.key)
        made.live()
        yield made


@pytest.fixture(scope="module")
def copied(living: Living) -> str:
    """The same ledger as a SQLite file."""
    url = f"sqlite:///{living.company.path / 'copy.db'}"
    with Ledger.open(url):
        pass
    theirs, ours = sa.create_engine(living.ledgers.url(living.database)), sa.create_engine(url)
    known = sa.MetaData()
    known.reflect(theirs)
    with theirs.connect() as source, ours.begin() as target:
        for name in known.tables:
            there = sa.Table(name, sa.MetaData(), autoload_with=ours)
            target.execute(there.delete())
            rows = [dict(row) for row in source.execute(sa.select(known.tables[name])).mappings()]
            if rows:
                target.execute(there.insert(), rows)
    theirs.dispose()
    ours.dispose()
    return url


def test_the_campaign_is_decided_at_both_stages_and_carried_out(living: Living) -> None:
    items = {(row["person"], row["entitlement"]): row for row in living.rows("review_items") if row["campaign"] == "q1"}
    hugo = items["8", "sales"]
    assert (hugo["decision"], hugo["decided_by"], hugo["outcome"]) == ("revoke", OWNER, "verified")
    (first,) = json.loads(hugo["earlier"])
    assert (first["decision"], first["decided_by"]) == ("keep", GIA)
    assert {row["outcome"] for row in items.values()} == {"kept", "verified"}
    (holder,) = [one for one in living.company.tenant("mail").holders() if one.external_id == "8"]
    assert "Sales" not in holder.groups
    gia = json.loads(items["7", "sales"]["earlier"])
    assert [one["decided_by"] for one in gia] == [BEN]
    (review,) = [row for row in living.rows("reviews") if row["id"] == "q1"]
    assert review["ended_at"]


def _given(question: Question, on: str) -> dict[str, str]:
    values = {"app": "mail", "person": "kim.wolf", "entitlement": "sales", "since": "2026-03-02", "on": on}
    return {
        name: values[name] for name in (*question.needs, *(name for name in ("on", "since") if name in question.takes))
    }


@pytest.mark.parametrize("on", ["2026-03-06", "2026-03-12"])
def test_every_question_has_the_same_answer_as_on_sqlite(living: Living, copied: str, on: str) -> None:
    def answers(ledger: str) -> dict[str, Answer]:
        with living.opened(ledger) as company:
            return {one.key: answer_of(company, one.key, _given(one, on)) for one in QUESTIONS}

    on_postgresql, on_sqlite = answers(""), answers(copied)
    for key, answer in on_postgresql.items():
        assert answer == on_sqlite[key], key
    assert [row[3] for row in on_postgresql["extensions"].rows] == ["11"]
    assert [row[2] for row in on_postgresql["break_glass"].rows] == ["Dov Hart", "Cleo Marsh"]
    said = dict(zip(on_postgresql["cover"].columns, on_postgresql["cover"].rows[0], strict=True))
    assert (said["person"], "mail: everyone" in said["gives"]) == ("Kim Wolf", True)
    assert {key for key, answer in on_postgresql.items() if answer.rows} >= {"conflicts", "reviews", "removed", "story"}


def test_gaps_are_the_same_as_on_sqlite(living: Living, copied: str) -> None:
    with living.opened() as postgresql, living.opened(copied) as sqlite:
        found = gaps_facts(postgresql, "title")
        assert found.gaps == gaps_facts(sqlite, "title").gaps
    assert [one.person for one in found.gaps.privilege] == ["cleo.marsh"]


def test_the_evidence_pack_is_whole_and_has_it_all(living: Living) -> None:
    about = {"rollcall_from": "2026-03-02", "rollcall_until": "2026-03-12", "rollcall_sample": 12}
    living.play(NOW, "evidence", **about, rollcall_directory="pack")
    pack = living.company.path / "pack"
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(pack)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    with (pack / "tables/break_glass.csv").open(encoding="utf-8", newline="") as file:
        assert [row["became"] for row in csv.DictReader(file)] == ["gone", ""]
    with (pack / "tables/review_items.csv").open(encoding="utf-8", newline="") as file:
        stages = {row["person"]: row["earlier_stages"] for row in csv.DictReader(file) if row["entitlement"] == "sales"}
    assert stages["Hugo Lind"].startswith(f"keep by {GIA}")
    living.play(NOW, "verify_ledger")


def test_a_ledger_with_data_goes_up_from_0002_and_its_reviews_go_on(ledgers: LedgerServer) -> None:
    name = ledgers.ledger()
    now = dt.datetime(2026, 6, 1, 9, tzinfo=dt.timezone.utc)
    item = ReviewItem("i1", "r1", "p1", "crm", "a1", "user", "kim@acme.example", decision="keep", decided_by="kim")
    review = Review("r1", "Spring", {"apps": ["crm"]}, "manager", now, now, items=(item,))
    with Ledger.open(ledgers.url(name)) as ledger:
        run = Run("run-1", "review", "ops", now)
        ledger.begin_run(run)
        ledger.record_grants([GrantRecord("p1", "crm", "a1", "user", (), now)], run, now)
        ledger.save_review(review, "review.opened", run, now)
        ledger.end_run(run, now, "ok", {})
    with ledgers.connect(name) as connection:
        for table in ("reviews", "review_items"):
            for column in KEPT[table].added:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    with Ledger.open(ledgers.url(name)) as ledger:
        assert verify_ledger(ledger).problems == ()
        assert ledger.review("r1") == review
        later = Run("run-2", "reviews", "ops", now)
        ledger.begin_run(later)
        earlier = (StageDecision(0, "kim@acme.example", "keep", "kim", now, "needed", ""),)
        passed = dataclasses.replace(
            item, decision="", decided_by="", reviewer="olive@acme.example", stage=1, earlier=earlier
        )
        staged = dataclasses.replace(review, stages=("manager", "app_owner"), dues=(now, now), items=(passed,))
        ledger.save_review(staged, "review.passed_on", later, now)
        assert ledger.review("r1") == staged
        assert verify_ledger(ledger).problems == ()
    (version,) = ledgers.rows(name, "alembic_version")
    assert version["version_num"] == "0003"
