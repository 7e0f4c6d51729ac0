# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cover, break-glass access, extensions and contracts: what questions, evidence packs and gaps say of them.

The company lives through the beginning of March by playbooks; nothing after that writes to it.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.answering import answer_of
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.once import made_once
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import PEOPLE, TEMPLATE, prepare, rows
from ansible_collections.rollcall.access.tests.unit.desks.post_office import MailServer, mail_server

POLICY = """extend_at_most: 30d
break_glass:
  - {id: on-call, why: Somebody mends the mail at night, when: {department: Engineering}, grant: {mail: [admin]},
     at_most: 4h}
"""
EXCEPTIONS = """exceptions:
  - {id: kim-chat, person: kim.wolf, grant: {chat: [user]}, reason: talks to the builders, requested_by: kim.wolf,
     approved_by: gia.vale, from: "2026-02-01", until: "2026-03-05"}
cover:
  - {id: for-hugo, person: kim.wolf, for: hugo.lind, apps: [mail], reason: parental leave, approved_by: ada.stone,
     from: "2026-02-01", until: "2026-03-05"}
  - {id: for-elin, person: finn.oak, for: elin.berg, apps: [mail], privileged: true, reason: a day off,
     approved_by: ada.stone, from: "2026-03-01", until: "2026-03-03"}
  - {id: for-lou, person: iris.moss, for: lou.ash, reason: Lou is away, approved_by: ada.stone, from: "2026-03-01",
     until: "2026-03-31"}
"""
NIA = "13,Nia,Poe,nia.poe@agency.example,Tester,Engineering,Lyon,2,2026-01-05,2026-03-31,contractor\n"
TODAY = "2026-03-12"
SINCE = {"since": "2026-03-02"}

Record = dict[str, t.Any]
Ask = t.Callable[..., list[Record]]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer) -> CompanyDirectory:
    """The company as it is afterwards, when nobody asks its apps or sends mail any more."""

    def live(place: pathlib.Path) -> None:
        with mail_server() as mail:
            company = prepare(CompanyDirectory(TEMPLATE, place, scim))
            routes = f"notifications:\n  routes:\n    owner: {mail.url()!r}\n    manager: {mail.url()!r}\n"
            company.replace("rollcall.yml", "lead_time: 3d\n", f"lead_time: 3d\nrehearsal: true\n{routes}")
            company.write("access/policy/temporary.yml", POLICY)
            company.write("access/exceptions/e.yml", EXCEPTIONS)
            company.write("hr/people.csv", PEOPLE + NIA)
            _live_through(company, mail)

    lived = made_once("temporary", tmp_path_factory, live)
    return CompanyDirectory(lived / "company", tmp_path_factory.mktemp("temporary"), scim)


def _live_through(company: CompanyDirectory, mail: MailServer) -> None:
    def play(at: str, name: str, **given: str) -> t.Any:
        company.env["ROLLCALL_AS_OF"] = at
        return company.playbook(name, "-e", json.dumps(given)).succeeded()

    play("2026-03-02T09:00:00+00:00", "onboard")
    mail.envelopes.clear()
    taking = {"rollcall_grant": "mail:admin", "rollcall_hours": "2"}
    play("2026-03-02T10:00:00+00:00", "break_glass", **taking, rollcall_person="dov.hart", rollcall_reason="it is down")
    (taken,) = [row for row in rows(company, "exceptions") if row["person"] == "4"]
    play("2026-03-02T12:03:00+00:00", "end_break_glass")
    (item,) = rows(company, "review_items")
    decided = {"rollcall_item": item["id"], "rollcall_decision": "keep", "rollcall_reason": "it was down"}
    owner = "mail.owner@small.example"
    play("2026-03-02T15:00:00+00:00", "decide_review", rollcall_review=taken["id"], rollcall_by=owner, **decided)
    play("2026-03-02T16:00:00+00:00", "tasks")
    texts = [text for to, _title, text in mail.messages if to == "ada.stone@small.example" and "extend: " in text]
    tokens = [line.split()[1] for line in texts[-1].splitlines() if line.startswith("extend: ")]
    for token in tokens:
        extend = {"rollcall_token": token, "rollcall_until": "2026-03-10", "rollcall_by": "ada.stone"}
        play("2026-03-03T09:00:00+00:00", "extend", **extend)
    play("2026-03-04", "reconcile")
    play("2026-03-11T09:00:00+00:00", "reconcile")
    play("2026-03-12T09:00:00+00:00", "break_glass", **taking, rollcall_person="cleo.marsh", rollcall_reason="again")


@pytest.fixture
def ask(company: CompanyDirectory) -> Ask:
    def asked(question: str, **given: t.Any) -> list[Record]:
        settings = Settings.load(company.path / "rollcall.yml", {"ROLLCALL_AS_OF": "2026-03-12T10:00:00+00:00"})
        with Company(settings) as opened:
            answer = answer_of(opened, question, given)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    return asked


def moment(value: dt.datetime | None) -> str:
    return f"{value:%m-%d %H:%M}" if value else ""


def test_break_glass_access_with_the_review_that_it_got(ask: Ask) -> None:
    dov, cleo = ask("break_glass", **SINCE)
    assert (dov["person"], dov["app"], dov["entitlement"], dov["privileged"]) == ("Dov Hart", "mail", "admin", True)
    assert (dov["reason"], dov["allowed_by"]) == ("it is down", "on-call")
    assert [moment(dov[name]) for name in ("taken_at", "ends_at", "removed_at", "decided_at")] == [
        "03-02 10:00", "03-02 12:00", "03-02 12:03", "03-02 15:00",
    ]  # fmt: skip
    said = (dov["reviewed"], dov["reviewer"], dov["decision"], dov["decision_reason"])
    assert said == ("yes", "mail.owner@small.example", "keep", "it was down")
    assert (cleo["person"], cleo["removed_at"], cleo["reviewed"]) == ("Cleo Marsh", None, "no")
    # what is over by the first day of the period is not in it, what is in force is
    assert [row["person"] for row in ask("break_glass", since="2026-03-05")] == ["Cleo Marsh"]
    assert ask("break_glass", **SINCE, app="chat") == []


def test_cover_of_a_day_and_of_today(ask: Ask) -> None:
    then = {row["cover"]: row for row in ask("cover", on="2026-03-02")}
    assert set(then) == {"for-hugo", "for-elin", "for-lou"}
    hugo = then["for-hugo"]
    gives = ("mail: everyone", "mail: member", "mail: sales")
    assert (hugo["person"], hugo["for"], hugo["gives"]) == ("Kim Wolf", "Hugo Lind", gives)
    assert (hugo["approved_by"], hugo["requested_by"]) == ("ada.stone", "hugo.lind")
    # until when the manager extended it, and by whom
    assert (str(hugo["until"]), "extended until 2026-03-10 by ada.stone" in hugo["reason"]) == ("2026-03-10", True)
    assert (then["for-elin"]["gives"], then["for-elin"]["privileged_too"]) == (
        ("mail: admin", "mail: everyone"),
        True,
    )
    assert [row["cover"] for row in ask("cover")] == ["for-lou"]


def test_extensions_with_who_and_until_when(ask: Ask) -> None:
    found = {row["exception"]: row for row in ask("extensions", **SINCE)}
    assert set(found) == {"kim-chat", "for-hugo"}
    chat = found["kim-chat"]
    assert (chat["kind"], chat["person"], chat["grants"]) == ("exception", "Kim Wolf", ("chat: user",))
    assert (str(chat["before"]), str(chat["until"]), chat["days"]) == ("2026-03-05", "2026-03-10", 5)
    assert chat["extended_by"] == "ada.stone"
    assert ask("extensions", since="2026-03-04") == []


def test_ending_contracts_exceptions_and_cover(ask: Ask) -> None:
    found = [(str(row["ends"])[:10], row["kind"], row["person"], row["days_left"]) for row in ask("ending")]
    assert found == [
        ("2026-03-12", "break_glass", "Cleo Marsh", 0),
        ("2026-03-31", "contract", "Nia Poe", 19),
        ("2026-03-31", "cover", "Iris Moss", 19),
    ]
    assert [row["manager"] for row in ask("ending", department="Engineering")] == ["Ben Frost", "Ben Frost"]


def test_other_questions_know_it_too(ask: Ask) -> None:
    assert {(row["exception"], row["kind"]) for row in ask("exceptions", on="2026-03-06")} == {
        ("kim-chat", "exception"), ("for-hugo", "cover"), ("for-lou", "cover"),
    }  # fmt: skip
    now = {row["kind"]: row for row in ask("exceptions")}
    assert set(now) == {"cover", "break_glass"}
    assert moment(now["break_glass"]["until"]) == "03-12 11:00"
    ended = {
        (row["exception"].partition("-2026")[0], row["entitlement"], row["in_time"])
        for row in ask("ended_exceptions", **SINCE)
    }
    # what a rule gives them anyway stays
    assert ended == {
        ("break-glass-dov.hart", "admin", "in time"), ("kim-chat", "user", "in time"),
        ("for-hugo", "sales", "in time"), ("for-hugo", "member", "kept: rule everyone"),
        ("for-hugo", "everyone", "kept: rule everyone"), ("for-elin", "admin", "in time"),
        ("for-elin", "everyone", "kept: rule everyone"),
    }  # fmt: skip
    (cleo,) = [row for row in ask("why", person="cleo.marsh", app="mail") if row["entitlement"] == "admin"]
    assert (cleo["given_by"], cleo["approved_by"]) == ("break_glass", ("policy 1.0, break_glass on-call",))
    (kim,) = ask("approvals", person="kim.wolf", app="mail", entitlement="sales", on="2026-03-06")
    assert (kim["by_way_of"], kim["approved_by"]) == ("cover for-hugo", ("ada.stone",))
    removed = {(row["person"], row["entitlement"]): row["decided_by"] for row in ask("removed", **SINCE)}
    assert removed["Dov Hart", "admin"] == ("its end, 2026-03-02 12:00 UTC",)
    assert removed["Kim Wolf", "sales"] == ("its end, 2026-03-10",)
    assert removed["Finn Oak", "admin"] == ("its end, 2026-03-03",)
    assert ask("unexplained") == []


@pytest.fixture(scope="module")
def pack(company: CompanyDirectory) -> pathlib.Path:
    company.env["ROLLCALL_AS_OF"] = "2026-03-12T10:00:00+00:00"
    company.playbook(
        "evidence",
        "-e",
        "rollcall_from=2026-03-02 rollcall_until=2026-03-12 rollcall_directory=pack rollcall_sample=13",
    ).succeeded()
    return company.path / "pack"


def table(pack: pathlib.Path, name: str) -> list[dict[str, str]]:
    with (pack / f"tables/{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_evidence_pack_has_it_with_approvals_and_ends(pack: pathlib.Path) -> None:
    dov, cleo = table(pack, "break_glass")
    (reviewed,) = [row for row in table(pack, "review_items") if row["person"] == "Dov Hart"]
    assert (reviewed["reviewer"], reviewed["privileged"]) == ("mail.owner@small.example", "yes")
    assert "it is down - taken by tests" in reviewed["reasons"]
    assert (dov["person"], dov["minutes_after_end"], dov["became"], dov["decision"]) == (
        "Dov Hart",
        "3.0",
        "gone",
        "keep",
    )
    assert dov["decided_by"] == "mail.owner@small.example"
    assert (cleo["person"], cleo["removed_at"], cleo["became"]) == ("Cleo Marsh", "", "")
    covers = {row["cover"]: row for row in table(pack, "cover")}
    assert {id: row["gave"] for id, row in covers.items()} == {
        "for-hugo": "mail: everyone; mail: member; mail: sales", "for-elin": "mail: admin; mail: everyone",
        "for-lou": "mail: everyone; mail: member",
    }  # fmt: skip
    assert (covers["for-elin"]["approved_by"], covers["for-elin"]["until"]) == ("ada.stone", "2026-03-03")
    assert {(row["exception"], row["until"], row["extended_by"]) for row in table(pack, "extensions")} == {
        ("kim-chat", "2026-03-10", "ada.stone"), ("for-hugo", "2026-03-10", "ada.stone"),
    }  # fmt: skip
    kinds = {row["exception"].partition("-2026")[0]: (row["kind"], row["until"]) for row in table(pack, "exceptions")}
    assert kinds["kim-chat"] == ("exception", "2026-03-10")
    assert kinds["break-glass-dov.hart"] == ("break_glass", "2026-03-02T12:00:00Z")


def test_the_story_of_a_sampled_person_tells_it(pack: pathlib.Path) -> None:
    def told(person: str) -> list[str]:
        return [row["what"].partition(" break-glass-")[0] for row in table(pack, "stories") if row["person"] == person]

    dov = [row for row in table(pack, "stories") if row["person"] == "Dov Hart"]
    (taken,) = [row for row in dov if row["what"].endswith(" taken")]
    assert (taken["why"], taken["app"]) == ("it is down", "mail")
    assert taken["details"] == "admin until 2026-03-02 12:00 UTC, as on-call of the policy allows"
    assert [row["what"] for row in dov if row["what"].endswith("is over: gone")]
    kim = told("Kim Wolf")
    assert "cover for-hugo: stands in for Hugo Lind" in kim
    assert {"exception kim-chat extended", "cover for-hugo extended"} <= set(kim)


def test_gaps_say_what_gives_privilege_for_a_time_and_until_when(company: CompanyDirectory) -> None:
    company.env["ROLLCALL_AS_OF"] = "2026-03-12T10:00:00+00:00"
    company.playbook("gaps", "-e", "rollcall_directory=gaps").succeeded()
    with (company.path / "gaps/privilege.csv").open(encoding="utf-8", newline="") as file:
        (cleo,) = [row for row in csv.DictReader(file) if row["person"] == "cleo.marsh"]
    assert cleo["by"].startswith("break_glass break-glass-cleo.marsh-2026-03-12")
    assert cleo["until"] == "2026-03-12"
