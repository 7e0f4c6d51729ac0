# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cover, break-glass access, warnings and extensions of a small company: by playbooks, with a real mail server."""

from __future__ import annotations

import email
import email.policy
import json
import pathlib
import re
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.requesting.extension_lines import read_extensions
from ansible_collections.rollcall.access.tests.conformance.mail_servers import OURS, PASSWORD, MailSystem, mail_system
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, everything, prepare, rows
from ansible_collections.rollcall.access.tests.unit.desks.post_office import MailServer, mail_server
from ansible_collections.rollcall.access.tests.unit.requesting.clicking import clicked, links_of

POLICY = """extend_at_most: 30d
break_glass:
  - id: engineers-on-call
    why: Somebody mends the mail at night
    when: {department: Engineering}
    grant: {mail: [admin]}
    at_most: 4h
    tell: [security@small.example]
"""
EXCEPTIONS = """exceptions:
  - id: kim-chat
    person: kim.wolf
    grant: {chat: [user]}
    reason: talks to the builders
    requested_by: kim.wolf
    approved_by: gia.vale
    from: "2026-02-01"
    until: "2026-03-10"
cover:
  - id: for-hugo
    person: kim.wolf
    for: hugo.lind
    apps: [mail]
    reason: parental leave
    approved_by: ada.stone
    from: "2026-02-01"
    until: "2026-03-10"
"""
REASON = "mail is down, <b>tickets</b> wait, =1+1"


@pytest.fixture
def mail() -> t.Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer, mail: MailServer) -> CompanyDirectory:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    routes = f"notifications:\n  routes:\n    owner: {mail.url()!r}\n    manager: {mail.url()!r}\n"
    company.replace("rollcall.yml", "lead_time: 3d\n", f"lead_time: 3d\nrehearsal: true\n{routes}")
    company.write("access/policy/temporary.yml", POLICY)
    company.write("access/exceptions/e.yml", EXCEPTIONS)
    at(company, "2026-03-02T09:00:00+00:00")
    company.playbook("onboard").succeeded()
    mail.envelopes.clear()
    return company


def at(company: CompanyDirectory, moment: str) -> None:
    company.env["ROLLCALL_AS_OF"] = moment


def holder(company: CompanyDirectory, person: str) -> t.Any:
    (found,) = [one for one in company.tenant("mail").holders() if one.external_id == person]
    return found


def run(company: CompanyDirectory, playbook: str, *arguments: str, **variables: str) -> Outcome:
    return company.playbook(playbook, "-e", json.dumps(variables), *arguments)


def failure_of(outcome: Outcome) -> str:
    assert outcome.rc == 2, outcome.output
    (task,) = outcome.failures()
    assert task.result["failure"]["code"] == "request"
    return str(task.result["msg"])


def test_somebody_breaks_the_glass_and_it_is_whole_again(company: CompanyDirectory, mail: MailServer) -> None:
    asked = {"rollcall_person": "dov.hart", "rollcall_grant": "mail:admin", "rollcall_reason": REASON}
    before = everything(company)
    assert run(company, "break_glass", "--check", **asked).succeeded().changed == 1
    assert "does not let gia.vale take mail: admin" in failure_of(
        run(company, "break_glass", **{**asked, "rollcall_person": "gia.vale"})
    )
    assert everything(company) == before
    assert mail.envelopes == []

    (task,) = run(company, "break_glass", **asked, rollcall_hours="2").succeeded().of("break_glass")
    id = task.result["break_glass"]["id"]
    assert task.result["break_glass"]["ends_at"] == "2026-03-02T11:00:00+00:00"
    assert holder(company, "4").roles == {"admin"}
    told = {to: (title, text) for to, title, text in mail.messages}
    assert set(told) == {"mail.owner@small.example", "ben.frost@small.example", "security@small.example"}
    for title, text in told.values():
        assert title == "Dov Hart took mail: admin until 2026-03-02 11:00 UTC"
        assert REASON in text

    at(company, "2026-03-02T11:02:00+00:00")
    (task,) = run(company, "end_break_glass").succeeded().of("break_glass")
    assert (task.result["ended"], task.result["reviews"]) == ({id: "gone"}, [id])
    assert holder(company, "4").roles == {"member"}
    again = run(company, "end_break_glass").succeeded()
    assert again.changed == 0
    (review,) = rows(company, "reviews")
    assert (review["id"], review["event"], review["state"]) == (id, "break_glass", "open")
    (item,) = rows(company, "review_items")
    assert item["reviewer"] == "mail.owner@small.example"
    text = json.loads(item["because"])[0]["text"]
    assert REASON in text
    assert "grant verified 2026-03-02 09:00 UTC" in text
    assert "revoke verified 2026-03-02 11:02 UTC" in text

    run(
        company,
        "decide_review",
        rollcall_review=id,
        rollcall_item=item["id"],
        rollcall_decision="keep",
        rollcall_reason="it was down",
        rollcall_by="mail.owner@small.example",
    ).succeeded()
    run(company, "close_review", rollcall_review=id).succeeded()
    (review,) = rows(company, "reviews")
    assert review["state"] == "closed"
    assert review["ended_at"]
    # what the owner found right is over all the same
    assert holder(company, "4").roles == {"member"}
    company.playbook("verify_ledger").succeeded()


def test_while_the_app_is_down_nothing_is_taken_and_the_same_command_takes_it_later(company: CompanyDirectory) -> None:
    asked = {"rollcall_person": "dov.hart", "rollcall_grant": "mail:admin", "rollcall_reason": REASON}
    there = company.env["SCIM_APPS"]
    company.env["SCIM_APPS"] = "http://127.0.0.1:9/"
    down = run(company, "break_glass", **asked)
    assert down.rc == 2, down.output
    (task,) = down.failures()
    said = str(task.result["msg"])
    assert said.startswith("dov.hart takes mail: admin until 2026-03-02 13:00 UTC (break-glass-dov.hart-")
    assert said.count("cannot be reached") == 1
    assert "The same command carries out what is left" in said
    company.env["SCIM_APPS"] = there
    assert holder(company, "4").roles == {"member"}
    at(company, "2026-03-02T09:10:00+00:00")
    (task,) = run(company, "break_glass", **asked).succeeded().of("break_glass")
    # what was taken ends when it was said to
    assert task.result["break_glass"]["ends_at"] == "2026-03-02T13:00:00+00:00"
    assert holder(company, "4").roles == {"admin"}


def test_cover_ends_and_what_the_manager_extends_does_not(company: CompanyDirectory, mail: MailServer) -> None:
    assert holder(company, "11").groups == {"Everyone", "Sales"}
    (grant,) = [row for row in rows(company, "grants") if (row["person"], row["entitlement"]) == ("11", "sales")]
    assert json.loads(grant["because"])[0]["text"] == "cover for Hugo Lind until 2026-03-10: parental leave"

    company.playbook("tasks").succeeded()
    (text,) = [text for to, _title, text in mail.messages if to == "ada.stone@small.example" and "ENDS SOON" in text]
    tokens = {
        part.partition(" ends on ")[0].strip(): read_extensions(part.splitlines()) for part in text.split("SOON:")
    }
    ((token, until),) = tokens["Kim Wolf, chat: user"]
    assert until == "2026-04-09"
    extend = {"rollcall_token": token, "rollcall_until": "2026-03-31"}
    altered = {**extend, "rollcall_token": token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:]}
    assert "it was altered" in failure_of(run(company, "extend", **altered, rollcall_by="ada.stone"))
    assert run(company, "extend", **extend, rollcall_by="ada.stone@small.example").succeeded().changed == 1
    assert "used already" in failure_of(run(company, "extend", **extend, rollcall_by="ada.stone"))

    at(company, "2026-03-11")
    company.playbook("reconcile").succeeded()
    assert holder(company, "11").groups == {"Everyone"}
    assert [one.roles for one in company.tenant("chat").holders() if one.external_id == "11"] == [{"user"}]
    (ended,) = [row for row in rows(company, "ended_grants") if row["person"] == "11"]
    because = json.loads(ended["ended_because"])
    assert (because["kind"], because["id"]) == ("expiry", "for-hugo")
    company.playbook("verify_ledger").succeeded()


def test_the_link_of_the_warning_writes_the_mail_that_extends_it(company: CompanyDirectory, mail: MailServer) -> None:
    ada = "ada.stone@small.example"
    with mail_system() as post:
        post.imap.empty("INBOX", "Rollcall", "Requests")
        post.smtp.known |= {ada}
        company.write("access/catalog/desk.yml", desk(post, address="access@small.example"))
        company.playbook("tasks").succeeded()
        (warning,) = [one.content for one in mail.envelopes if one.rcpt_tos == [ada] and b"ENDS SOON" in one.content]
        links = {words: link for link, words in links_of(warning)}
        assert list(links)[-1] == "Extend all 2, each until its last possible day"
        assert len(links_of(warning)) == 3

        for number in (1, 2):
            opened = clicked(links["Extend all 2, each until its last possible day"])
            assert str(opened["To"]) == "access@small.example"
            opened["From"], opened["Message-ID"] = f"Ada Stone <{ada}>", f"<{number}@small.example>"
            post.imap.deliver(opened.as_bytes(), "Requests")
            company.playbook("tasks").succeeded()
        told = [email.message_from_bytes(one, policy=email.policy.default) for one in post.smtp.to(ada)]
    assert [one["In-Reply-To"] for one in told] == ["<1@small.example>", "<2@small.example>"]
    done, refused = (" ".join(one.get_content().split()) for one in told)
    assert sorted(re.findall(r"(\S+) is extended until 2026-04-09", done)) == ["for-hugo", "kim-chat"]
    assert refused.count("used already: extended until 2026-04-09 by ada.stone") == 2
    events = [json.loads(row["data"]) for row in rows(company, "events") if row["kind"] == "exception.extended"]
    assert sorted((one["id"], one["until"], one["by"]) for one in events) == [
        ("for-hugo", "2026-04-09", "ada.stone"),
        ("kim-chat", "2026-04-09", "ada.stone"),
    ]
    at(company, "2026-03-11")
    company.playbook("reconcile").succeeded()
    assert holder(company, "11").groups == {"Everyone", "Sales"}
    company.playbook("verify_ledger").succeeded()


def desk(post: MailSystem, *, address: str) -> str:
    connection = {
        "smtp_host": "127.0.0.1",
        "smtp_port": post.smtp.port,
        "username": OURS,
        "password": PASSWORD,
        "from": f"Rollcall <{OURS}>",
        "imap_host": "127.0.0.1",
        "imap_port": post.imap.port,
        "imap_security": "starttls",
        "ca_file": str(post.files.authority),
    }
    requests = {"folder": "Requests", "address": address}
    return json.dumps({"desks": {"post": {"type": "email", "connection": connection, "requests": requests}}})
