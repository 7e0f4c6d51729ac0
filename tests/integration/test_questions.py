# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every auditor's question, asked of a ledger that a month of playbooks has written."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.answering import answer_of
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
from ansible_collections.rollcall.access.plugins.module_utils.errors import RollcallError
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Policy
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence import governing, joining, leaving
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.case import Case, Sheet
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.history import history_of
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.period import Period, Scope
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.question import Answer, chosen, records
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.registry import QUESTIONS
from ansible_collections.rollcall.access.tests.integration import test_what_is_told_of_temporary_access
from ansible_collections.rollcall.access.tests.integration.support.audited import Audited
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.once import made_once
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer

TODAY = "2026-03-18"
MARCH = {"since": "2026-03-01"}

Record = dict[str, t.Any]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer) -> CompanyDirectory:
    """The company after March. Nothing here writes to its ledger, and nobody asks its apps any more."""
    lived = made_once("march", tmp_path_factory, lambda place: Audited(place, scim).live())
    company = CompanyDirectory(lived / "company", tmp_path_factory.mktemp("march"), scim)
    company.env["ROLLCALL_AS_OF"] = TODAY
    return company


@pytest.fixture
def ask(company: CompanyDirectory) -> t.Callable[..., list[Record]]:
    """Return a function that asks the question of a name and gives back its rows, as records."""

    def asked(question: str, **given: t.Any) -> list[Record]:
        answer = answered(company.path, question, **given)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    return asked


def answered(path: pathlib.Path, question: str, **given: t.Any) -> Answer:
    settings = Settings.load(path / "rollcall.yml", {"ROLLCALL_AS_OF": TODAY})
    with Company(settings) as company:
        return answer_of(company, question, given)


def day(moment: dt.datetime | None) -> str:
    return f"{moment:%m-%d}" if moment else ""


Ask = t.Callable[..., list[Record]]


def test_administrators_of_a_day_and_of_today(ask: Ask) -> None:
    def names(**given: str) -> list[str]:
        return [row["person"] for row in ask("administrators", app="mail", **given)]

    assert names(on="2026-03-02") == ["Elin Berg"]
    assert names(on="2026-03-06") == ["Elin Berg", "Iris Moss"]
    assert names() == ["Elin Berg"]
    (iris,) = [row for row in ask("administrators", on="2026-03-06") if row["person"] == "Iris Moss"]
    assert (iris["app"], iris["entitlement"], day(iris["since"])) == ("mail", "admin", "03-05")
    assert iris["why"] == "exception iris-stands-in: Elin is away"
    assert ask("administrators", app="chat") == []


def test_accounts_of_a_day_with_whose_they_are(ask: Ask) -> None:
    def states(on: str) -> dict[str, str]:
        return {row["username"]: row["state"] for row in ask("accounts", app="mail", on=on)}

    before, now = states("2026-03-03"), states(TODAY)
    assert before["lou.ash"] == before["jon.reed"] == before["old.printer"] == "active"
    assert "mia.hale" not in before
    assert (now["lou.ash"], now["jon.reed"], now["mia.hale"]) == ("suspended", "suspended", "active")
    # who was deleted is no longer there, and was
    assert "jon.reed" in {row["username"] for row in ask("accounts", app="chat", on="2026-03-06")}
    (stray,) = [row for row in ask("accounts", app="mail") if row["username"] == "old.printer"]
    assert (stray["person_id"], stray["known_by"]) == ("", "")


def test_holders_of_an_entitlement(ask: Ask) -> None:
    found = {row["person"] for row in ask("holders", app="mail", entitlement="sales", on="2026-03-03")}
    assert found == {"Gia Vale", "Hugo Lind", "Iris Moss", "Jon Reed", "Quin Rae"}
    (kim,) = [row for row in ask("holders", app="mail", entitlement="sales") if row["person"] == "Kim Wolf"]
    assert (kim["source"], kim["why"]) == ("found", "")


def test_access_that_somebody_had_on_a_day(ask: Ask) -> None:
    def things(person: str, **given: str) -> set[tuple[str, str]]:
        return {(row["app"], row["entitlement"]) for row in ask("access", person=person, **given)}

    assert things("dov.hart", on="2026-03-03") == {
        ("mail", "member"), ("mail", "everyone"), ("chat", "user"), ("chat", "engineering"), ("badge", "front-door"),
    }  # fmt: skip
    assert things("4") == {("mail", "member"), ("mail", "sales"), ("chat", "user"), ("badge", "front-door")}
    assert things("DOV.hart@small.example") == things("4")
    assert ("badge", "front-door") in things("ada.stone")
    # the account is still there, and nothing of it can be used
    assert {(row["app"], row["state"]) for row in ask("access", person="12")} == {("mail", "suspended")}


def test_why_somebody_has_something(ask: Ask) -> None:
    (cleo,) = ask("why", person="cleo.marsh", app="mail", entitlement="sales", on="2026-03-06")
    assert (cleo["given_by"], cleo["requested_by"]) == ("request", "cleo.marsh@small.example")
    approvers = [one.split(" (")[0] for one in cleo["approved_by"]]
    assert approvers == ["ben.frost@small.example", "mail.owner@small.example", "security@small.example"]
    (rule,) = ask("why", person="cleo.marsh", app="chat", entitlement="engineering")
    assert (rule["given_by"], rule["id"], rule["says"]) == ("rule", "engineers", "They talk about code")


def test_approvals_of_what_somebody_has(ask: Ask) -> None:
    (iris,) = ask("approvals", person="iris.moss", app="mail", entitlement="admin", on="2026-03-06")
    assert (iris["by_way_of"], iris["approved_by"], iris["privileged"]) == (
        "exception iris-stands-in", ("gia.vale",), True,
    )  # fmt: skip
    (rule,) = ask("approvals", person="kim.wolf", app="mail", entitlement="member")
    assert rule["by_way_of"].startswith("rule everyone: policy 1.")
    assert rule["approved_by"] == ("ada.stone <ada.stone@small.example>",)


def test_granted_in_a_period_with_the_reason(ask: Ask) -> None:
    found = ask("granted", since="2026-03-05", until="2026-03-05", app="mail")
    told = {(row["person"], row["entitlement"]): (row["why"], day(row["until"])) for row in found}
    assert told["Dov Hart", "sales"] == ("rule sellers: They sell", "")
    assert told["Iris Moss", "admin"] == ("exception iris-stands-in: Elin is away", "03-09")
    assert ("Ada Stone", "member") not in told
    assert {row["person"] for row in ask("granted", **MARCH, department="Sales")} >= {"Gia Vale", "Dov Hart"}
    assert "Ada Stone" not in {row["person"] for row in ask("granted", **MARCH, department="Sales")}


def test_removed_in_a_period_by_whom_and_proven_when(ask: Ask) -> None:
    found = {(row["person"], row["app"], row["change"], row["entitlement"]): row for row in ask("removed", **MARCH)}
    lou = found["Lou Ash", "mail", "suspend", ""]
    assert (lou["decided_by"], lou["proven_how"], day(lou["proven_at"])) == (("HR",), "verified", "03-05")
    gia = found["Gia Vale", "mail", "revoke", "sales"]
    assert (gia["decided_by"], day(gia["proven_at"])) == (("ben.frost",), "03-18")
    jon = found["Jon Reed", "mail", "suspend", ""]
    assert jon["decided_by"] == ("tests",)
    iris = found["Iris Moss", "mail", "revoke", "admin"]
    assert iris["decided_by"] == ("its end, 2026-03-08",)
    everyone = found["Ada Stone", "mail", "revoke", "everyone"]
    assert everyone["decided_by"] == ("policy 1.2",)
    assert {row["person"] for row in ask("removed", since="2026-03-18", app="mail")} == {"Gia Vale"}


def test_joiners_with_the_time_until_all_was_there(ask: Ask) -> None:
    (mia,) = ask("joiners", **MARCH)
    assert (mia["person"], mia["first_day"]) == ("Mia Hale", dt.date(2026, 3, 5))
    # her badge is in the owner's hands still
    assert (mia["complete_at"], mia["hours_from_first_day"]) == (None, None)


def test_leavers_are_drawn_with_a_seed_and_timed(ask: Ask) -> None:
    everybody = ask("leavers", **MARCH)
    assert [row["person"] for row in everybody] == ["Lou Ash", "Pat Low"]
    # the smaller SHA-256 of seed, colon and id
    first = min(("12", "16"), key=lambda id: hashlib.sha256(f"seven:{id}".encode()).hexdigest())
    assert [row["person_id"] for row in ask("leavers", **MARCH, sample=1, seed="seven")] == [first]
    lou, pat = everybody
    # her badge is still to be taken back
    assert (pat["still_usable"], pat["hours_from_last_day"]) == (1, None)
    assert (lou["last_day"], lou["still_usable"], lou["proven_how"]) == (dt.date(2026, 3, 4), 0, ("verified",))
    # from five in the afternoon of the last day to the run of the next one
    assert lou["hours_from_last_day"] == pytest.approx(31.0, abs=0.01)


def test_late_leavers_are_held_against_the_service_level(ask: Ask) -> None:
    late = ask("late_leavers", **MARCH)
    assert {(row["person"], row["app"], row["ended_at"] is None) for row in late} == {
        ("Lou Ash", "mail", False), ("Pat Low", "mail", False), ("Pat Low", "badge", True),
    }  # fmt: skip
    assert {row["limit"] for row in late} == {dt.datetime(2026, 3, 5, 17, tzinfo=dt.timezone.utc)}
    assert ask("late_leavers", **MARCH, app="chat") == []


def test_leftovers_of_leavers(ask: Ask) -> None:
    # the mail accounts are suspended, which is all that the catalog wants; somebody has to take the badge back
    (pat,) = ask("leftovers")
    assert (pat["person"], pat["days_ago"]) == ("Pat Low", 14)
    assert (pat["usable_accounts_in"], pat["to_be_deleted_in"]) == (("badge",), ())
    (task,) = pat["open_tasks"]
    assert "(badge, office@small.example)" in task


def test_movers_with_what_they_gained_lost_and_kept(ask: Ask) -> None:
    (dov,) = [row for row in ask("movers", **MARCH) if row["person"] == "Dov Hart"]
    assert "department: Engineering -> Sales" in dov["what_changed"]
    assert (dov["gained"], dov["lost"]) == (("mail: sales",), ("chat: engineering",))
    assert dov["kept"] == ("badge: front-door", "chat: user", "mail: everyone", "mail: member")


def test_nobodys_accounts_today_and_on_a_day(ask: Ask) -> None:
    found = {row["username"]: row for row in ask("nobodys", app="mail")}
    assert set(found) == {"svc.backup", "old.printer"}
    assert (found["svc.backup"]["protected"], found["svc.backup"]["owner"]) == (True, "it@small.example")
    assert (found["old.printer"]["protected"], found["old.printer"]["owner"]) == (False, "")
    assert {row["username"] for row in ask("nobodys", on="2026-03-02")} == set(found)


def test_on_purpose_accounts_and_secrets_have_owners(ask: Ask) -> None:
    chat, mail = ask("on_purpose")
    assert (mail["what"], mail["name"], mail["owner"], mail["state"]) == (
        "protected account", "svc.backup", "it@small.example", "active",
    )  # fmt: skip
    assert (chat["what"], chat["name"], chat["owner"]) == ("shared api key", "Key of the chat robot", "ben.frost")


def test_contractors_without_an_end_come_first(ask: Ask) -> None:
    assert [(row["person"], row["last_day"]) for row in ask("contractors")] == [
        ("Omar Fay", None), ("Nia Poe", dt.date(2026, 6, 30)),
    ]  # fmt: skip
    assert ask("contractors", department="Sales") == []


def test_exceptions_in_force_on_a_day(ask: Ask) -> None:
    found = {row["kind"]: row for row in ask("exceptions", on="2026-03-06")}
    iris, cleo = found["exception"], found["request"]
    assert (iris["person"], iris["grants"], iris["requested_by"], iris["approved_by"]) == (
        "Iris Moss", ("mail: admin",), "elin.berg", "gia.vale",
    )  # fmt: skip
    assert (cleo["person"], cleo["until"]) == ("Cleo Marsh", dt.date(2026, 3, 11))
    assert ask("exceptions") == []


def test_ended_exceptions_and_whether_what_they_gave_went_in_time(ask: Ask) -> None:
    found = {row["person"]: row for row in ask("ended_exceptions", **MARCH)}
    iris, cleo = found["Iris Moss"], found["Cleo Marsh"]
    assert (day(iris["ended_at"]), day(iris["removed_at"]), iris["in_time"]) == ("03-09", "03-09", "in time")
    # nothing ran between the end of Cleo's and the review
    assert (day(cleo["ended_at"]), cleo["in_time"]) == ("03-12", "late")


def test_requests_and_that_nobody_approved_their_own(ask: Ask) -> None:
    (cleo,) = ask("requests", **MARCH)
    assert (cleo["person"], cleo["state"], cleo["self_approved"]) == ("Cleo Marsh", "approved", False)
    assert cleo["approvers"] == (
        "approved by ben.frost@small.example as manager",
        "approved by mail.owner@small.example as owner",
        "approved by security@small.example as security",
    )


def test_policy_changes_with_who_took_them_in_and_first_ran_them(ask: Ask) -> None:
    first, second, third = ask("policy", **MARCH)
    assert [row["subject"] for row in (first, second, third)] == [
        "The rules", "Iris stands in for Elin", "Nobody reads the group of everybody",
    ]  # fmt: skip
    assert first["author"] == first["taken_in_by"] == "ada.stone <ada.stone@small.example>"
    assert "access/exceptions/iris.yml" in second["files"]
    assert (second["policy"], day(second["first_run_at"]), second["first_run_by"]) == ("1.1", "03-05", "tests")
    # the guard stopped what the third one would have changed
    assert third["approved_by"] == ("gia.vale",)


def test_conflicts_of_duties_with_what_gives_them_and_who_answers(ask: Ask) -> None:
    found = {row["person"]: row for row in ask("conflicts", on="2026-03-06")}
    elin, cleo = found["Elin Berg"], found["Cleo Marsh"]
    assert (elin["through"], elin["accepted_risk"]) == (("rule engineers", "rule administrators"), "")
    assert (cleo["accepted_risk"], cleo["owner"]) == ("cleo-helps", "gia.vale")
    assert "Cleo Marsh" not in {row["person"] for row in ask("conflicts", on="2026-03-02")}


def test_risks_that_were_accepted(ask: Ask) -> None:
    (risk,) = ask("risks", on="2026-03-06")
    assert (risk["risk"], risk["owner"], risk["until"], risk["state"], risk["people"]) == (
        "cleo-helps", "gia.vale", dt.date(2026, 3, 20), "in force", 1,
    )  # fmt: skip


def test_reviews_with_scope_and_whether_they_were_complete_and_on_time(ask: Ask) -> None:
    (review,) = ask("reviews", **MARCH)
    assert (review["review"], review["scope"], review["reviewed_by"]) == ("2026-q1", "departments: Sales", ("manager",))
    assert review["complete"] is True
    # silence decided for Ada, after the day
    assert review["on_time"] is False
    assert (day(review["opened"]), day(review["closed"])) == ("03-10", "03-18")


def test_review_removals_and_when_they_were_proven(ask: Ask) -> None:
    (gia,) = ask("review_removals", **MARCH)
    assert (gia["person"], gia["entitlement"], gia["decided_by"], gia["outcome"]) == (
        "Gia Vale", "sales", "ben.frost", "verified",
    )  # fmt: skip
    assert (day(gia["decided_at"]), day(gia["proven_at"])) == ("03-10", "03-18")


def test_review_doubts_name_haste_silence_and_delegates(ask: Ask) -> None:
    found = {row["what"]: row for row in ask("review_doubts", **MARCH)}
    assert set(found) == {"too fast", "by default", "in somebody's stead"}
    assert found["too fast"]["reviewer"] == "gia.vale@small.example"
    assert found["by default"]["reviewer"] == "ada.stone@small.example"
    assert found["in somebody's stead"]["decided_by"] == "ben.frost"


def test_tasks_that_are_open_overdue_or_attested(ask: Ask) -> None:
    found = ask("tasks", **MARCH)
    badges = [row for row in found if row["state"] == "attested" and row["app"] == "badge"]
    assert {row["person"] for row in badges} == {"Ada Stone", "Dov Hart", "Pat Low"}
    assert {(row["ended_by"], row["note"]) for row in badges} == {("office@small.example", "handed over")}
    assert {"overdue", "attested"} <= {row["state"] for row in found}
    assert all(row["hours_late"] for row in found if row["state"] == "overdue")


def test_failed_changes_and_what_became_of_them(ask: Ask) -> None:
    found = ask("failed", **MARCH)
    (ghosts,) = [row for row in found if row["app"] == "chat"]
    assert (ghosts["person"], ghosts["entitlement"], ghosts["how"]) == ("Elin Berg", "ghosts", "refused")
    assert "the app has no group 'Ghosts'" in ghosts["detail"]
    assert ghosts["state_now"] == "task"
    # what was to be given by hand to who then left
    assert {(row["person"], row["how"]) for row in found if row["app"] == "badge"} == {
        ("Lou Ash", "blocked"), ("Jon Reed", "blocked"),
    }  # fmt: skip


def test_emergencies_with_the_time_until_the_last_cut(ask: Ask) -> None:
    (jon,) = ask("emergencies", **MARCH)
    assert (jon["person"], jon["by"], jon["reason"], jon["apps"]) == (
        "Jon Reed", "tests", "laptop stolen", ("chat", "mail"),
    )  # fmt: skip
    # the clock of a rehearsal stands still
    assert (jon["minutes"], jon["not_proven"]) == (0.0, ("mail: end sessions (task)",))


def test_unexplained_access_today_and_on_a_day(ask: Ask) -> None:
    assert [(row["person"], row["app"], row["entitlement"]) for row in ask("unexplained")] == [
        ("Kim Wolf", "mail", "sales"),
    ]  # fmt: skip
    assert ask("unexplained", on="2026-03-06") == []


def test_unused_access_and_the_apps_that_do_not_tell(ask: Ask, company: CompanyDirectory) -> None:
    notes = answered(company.path, "unused").notes
    (ben,) = ask("unused")
    assert (ben["app"], ben["person"], ben["days"]) == ("analytics", "Ben Frost", 198)
    assert "These apps do not tell when an account was last used: badge, chat, mail" in notes


def test_readings_agree_with_the_ledger(ask: Ask) -> None:
    found = {row["app"]: row for row in ask("readings", **MARCH)}
    assert (found["mail"]["agree"], day(found["mail"]["last_complete_at"])) == (True, "03-18")
    assert found["mail"]["accounts_shown"] == found["mail"]["accounts_in_ledger"] > 10
    assert (found["badge"]["last_complete_at"], found["badge"]["note"]) == (None, "cannot be read by itself")


def test_guard_stops_and_who_let_them_pass(ask: Ask) -> None:
    (stop,) = ask("guard", **MARCH)
    assert (day(stop["stopped_at"]), stop["run_by"], stop["approved_by"]) == ("03-10", "tests", ("gia.vale",))
    assert "accounts in mail would lose access" in " ".join(stop["limits_passed"])
    assert ask("guard", since="2026-03-11") == []


def test_evidence_is_looked_at_and_alterations_are_found(
    ask: Ask, company: CompanyDirectory, tmp_path: pathlib.Path
) -> None:
    assert {row["holds"] for row in ask("evidence")} == {True}
    copy = tmp_path / "company"
    shutil.copytree(company.path, copy)
    for statement, what in (
        ("UPDATE events SET actor = 'nobody' WHERE seq = (SELECT max(seq) - 1 FROM events)", "the last events"),
        ("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)", "end of the chain"),
        ("UPDATE checkpoints SET at = '2026-03-18T00:00:00.000000+00:00'", "last checkpoint: signature"),
    ):
        for beside in copy.glob("ledger.db*"):
            beside.unlink()
        for beside in company.path.glob("ledger.db*"):
            shutil.copy(beside, copy)
        with sqlite3.connect(copy / "ledger.db") as ledger:
            ledger.execute(statement)
        ledger.close()
        answer = answered(copy, "evidence")
        assert what in {row[0] for row in answer.rows if row[1] is False}
        assert "not hold" in answer.sentence


def test_runs_with_who_started_them(ask: Ask) -> None:
    found = ask("runs", **MARCH)
    assert {row["by"] for row in found} == {"tests", "gia.vale"}
    assert [row["outcome"] for row in found if day(row["began"]) == "03-02"] == ["ok", "ok"]
    assert len([row for row in found if row["by"] == "gia.vale"]) == 1


def test_coverage_of_every_app(ask: Ask) -> None:
    assert {row["app"]: row["covered"] for row in ask("coverage")} == {
        "analytics": "read-only", "badge": "manual", "chat": "automatic", "mail": "automatic",
    }  # fmt: skip


def test_story_of_a_person(ask: Ask) -> None:
    told = [row["what"] for row in ask("story", person="gia.vale")]
    assert "give member: verified: read back from the app" in told
    assert "review 2026-q1: revoke" in told
    assert "no longer has sales" in told
    assert any(what.startswith("give everyone: intended") for what in told)


def test_every_question_has_a_test_of_its_own() -> None:
    tests = (*globals(), *vars(test_what_is_told_of_temporary_access))
    assert [one.key for one in QUESTIONS if not any(name.startswith(f"test_{one.key}_") for name in tests)] == []


@pytest.mark.parametrize(
    ("question", "sheet"),
    [
        ("joiners", joining.joiners),
        ("leavers", lambda case: leaving.leavers(case, leaving.leavers_of(case))),
        ("late_leavers", lambda case: leaving.leaver_removals(case, leaving.leavers_of(case))),
        ("guard", governing.approvals),
        ("runs", governing.runs),
    ],
)
def test_an_answer_says_the_same_as_the_evidence_pack(
    company: CompanyDirectory, question: str, sheet: t.Callable[[Case], Sheet]
) -> None:
    """The pack folds all events, a question only those that it needs."""
    period = Period.of(dt.date(2026, 3, 1), dt.date(2026, 3, 18), dt.timezone.utc)
    settings = Settings.load(company.path / "rollcall.yml", {"ROLLCALL_AS_OF": TODAY})
    with Company(settings) as opened:
        case = Case(
            history=history_of(opened.ledger.events()),
            period=period,
            scope=Scope(),
            now=opened.clock.now(),
            working_day=settings.working_day,
            apps=opened.apps,
            reads={},
            policy=Policy(""),
        )
        rows = records(sheet(case))
    answer = answered(company.path, question, **MARCH)
    expected = [row for row in rows if question != "late_leavers" or row["late"]]
    assert list(answer.rows) == chosen(expected, " ".join(answer.columns))
    assert answer.rows


# what is asked wrongly


@pytest.mark.parametrize(
    ("question", "given", "says"),
    [
        ("administrator", {}, "there is no question 'administrator'. Did you mean 'administrators'?"),
        ("admins", {}, "there is no question 'admins'. Did you mean 'administrators'?"),
        ("accounts", {}, "the question accounts needs app: an app of the catalog"),
        (
            "accounts",
            {"app": "mial"},
            "no app 'mial'. Did you mean 'mail'? There are analytics, badge, chat, mail",
        ),
        ("accounts", {"app": "mail", "person": "1"}, "does not take person. It takes app, on"),
        ("access", {"person": "cleo.mash"}, "or address 'cleo.mash'. Did you mean cleo.marsh"),
        ("access", {"person": "1", "on": "yesterday"}, "on is 'yesterday', which is no day"),
        ("access", {"person": "1", "on": "2026-03-19"}, "on is 2026-03-19, which is still to come: it is 2026-03-18"),
        ("access", {"person": "1", "on": "2026-02-27"}, "the ledger begins on 2026-03-02"),
        ("removed", {"since": "2026-03-09", "until": "2026-03-08"}, "ends on 2026-03-08, before it begins"),
        ("removed", {"since": "2026-01-01", "until": "2026-01-31"}, "the ledger begins on 2026-03-02"),
        ("removed", {}, "the question removed needs since"),
        ("holders", {"app": "mail", "entitlement": "admn"}, "no entitlement of mail 'admn'. Did you mean 'admin'?"),
        ("unexplained", {"department": "Sale"}, "no department 'Sale'. Did you mean 'Sales'?"),
        ("leavers", {"since": "2026-03-01", "sample": "5"}, "a sample of 5 cannot be drawn from 2 leavers"),
        ("leavers", {"since": "2026-03-01", "sample": "some"}, "sample is 'some', which is no number"),
    ],
)
def test_what_cannot_be_asked_says_what_there_is(
    company: CompanyDirectory, question: str, given: dict[str, str], says: str
) -> None:
    with pytest.raises(RollcallError) as caught:
        answered(company.path, question, **given)
    assert says in str(caught.value)


def test_a_period_that_begins_before_the_ledger_is_answered_with_a_note(company: CompanyDirectory) -> None:
    answer = answered(company.path, "leavers", since="2026-01-01")
    assert "The ledger begins on 2026-03-02: of what was before, it knows nothing" in answer.notes


# by the playbook


def play(company: CompanyDirectory, **given: str) -> Outcome:
    # as for somebody who has not set anything
    return company.playbook("ask", "-e", json.dumps(given), env={"ANSIBLE_LOCALHOST_WARNING": "1"})


def test_the_playbook_shows_a_table_writes_a_file_and_nothing_else(company: CompanyDirectory) -> None:
    before = {path: path.read_bytes() for path in company.path.glob("ledger.db*")}
    hr = company.read("hr/people.csv")
    company.write("hr/people.csv", "this is no feed")
    try:
        done = play(
            company,
            **{"rollcall_question": "administrators", "rollcall_app": "mail", "rollcall_on": "2026-03-06"},
            rollcall_file="answer.csv",
        ).succeeded()
    finally:
        company.write("hr/people.csv", hr)
    assert "2 people have administrator rights in mail on 2026-03-06" in done.stdout
    assert "WARNING" not in done.output
    (shown,) = [line for line in done.stdout.splitlines() if "exception iris" in line]
    assert shown.split()[:3] == ["9", "Iris", "Moss"]
    (task,) = done.of("ask")
    assert [row["person"] for row in task.result["rows"]] == ["Elin Berg", "Iris Moss"]
    assert done.changed == 0
    with (company.path / "answer.csv").open(encoding="utf-8", newline="") as file:
        assert [row["person"] for row in csv.DictReader(file)] == ["Elin Berg", "Iris Moss"]
    assert os.stat(company.path / "answer.csv").st_mode & 0o777 == 0o640
    assert {path: path.read_bytes() for path in company.path.glob("ledger.db*")} == before


def test_the_playbook_lists_the_questions_and_says_what_is_wrong(company: CompanyDirectory) -> None:
    listed = company.playbook("ask").succeeded()
    assert listed.of("ask")[0].result["count"] == len(QUESTIONS) >= 30
    assert "Who has administrator rights in an app, today or on a day?" in listed.stdout
    wrong = play(company, rollcall_question="leavers", rollcall_since="2026-03-01", rollcall_file="answer.txt")
    assert wrong.rc == 2
    assert "an answer is written as .csv or .json, not as answer.txt" in wrong.output
