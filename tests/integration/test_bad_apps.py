# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps that answer with errors, with half of the truth, or not at all."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy

from .support.company import CompanyDirectory
from .support.running import Outcome
from .support.scim import TOKEN, ScimServer
from .support.small import TEMPLATE, everything, onboarded, prepare, rows, without_ansible_cfg


@dataclasses.dataclass(frozen=True)
class Fault:
    """What the app does to every request for its accounts, and what is said about it."""

    name: str
    says: str
    kind: str
    details: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


def _status(number: int, says: str, **headers: str) -> Fault:
    details = {"status": number, "headers": {name.replace("_", "-"): value for name, value in headers.items()}}
    return Fault(f"it answers {number}{' and when to come back' if headers else ''}", says, "status", details)


FAULTS = [
    _status(401, "the credentials were not accepted (401). Look at whether the token is right"),
    _status(403, "the credentials are known and lack the permission (403)"),
    _status(429, "too many requests (429, try again in 3600 s)", Retry_After="3600"),
    _status(429, "too many requests (429)"),
    _status(500, "the app failed (500)"),
    Fault("its list is empty, and counts more", "the list says 12 entries and ends after 0", "empty"),
    Fault("half a page", "twice (a page that came twice?)", "half_page"),
    Fault("a page comes again", "", "page_twice"),
    Fault("a page without a list", "", "no_resources"),
    Fault("half of the JSON", "expected JSON, found", "invalid_json"),
    Fault("the connection breaks", "broke off", "reset"),
    Fault("it says nothing", "gave no answer within 3 s", "hang"),
]


@pytest.fixture(scope="module")
def proxy(scim: ScimServer) -> t.Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", scim.port)) as proxy:
        yield proxy


def behind(proxy: FaultProxy, company: CompanyDirectory) -> CompanyDirectory:
    company.point_to(proxy.port)
    # a test does not wait as long as a company would for an app that says nothing
    catalog = company.read("access/catalog/apps.yml")
    company.write("access/catalog/apps.yml", catalog.replace("read_timeout: 30\n", "read_timeout: 3\n"))
    return company


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer, proxy: FaultProxy) -> CompanyDirectory:
    """The twelve, onboarded; somebody has come, somebody has gone, and nothing of it is carried out yet."""
    return behind(proxy, onboarded(tmp_path_factory.mktemp("apps"), scim))


@pytest.fixture(autouse=True)
def healthy(proxy: FaultProxy) -> t.Iterator[None]:
    proxy.clear()
    yield
    proxy.clear()


def of_mail(company: CompanyDirectory) -> str:
    return f"/{company.tenant('mail').name}/v2/Users"


def failed(outcome: Outcome, *says: str) -> None:
    assert outcome.rc == 2, outcome.output
    assert "Traceback" not in outcome.output
    assert TOKEN not in outcome.output
    messages = [str(task.result["msg"]) for task in outcome.failures()]
    for text in says:
        assert any(text in message for message in messages), (text, messages)


@pytest.mark.parametrize(("number", "fault"), list(enumerate(FAULTS)), ids=[fault.name for fault in FAULTS])
def test_an_app_that_cannot_be_read_is_not_touched(
    number: int, fault: Fault, company: CompanyDirectory, proxy: FaultProxy
) -> None:
    # that somebody has come or moved may be noted; what they have may not change
    before = everything(company, but=("people",))
    proxy.arm(fault.kind, path=of_mail(company), **fault.details)
    if number % 2:
        failed(company.playbook("reconcile", "--limit", "app.mail"), "app mail, accounts: ", fault.says)
    else:
        with without_ansible_cfg(company):
            failed(company.playbook("plan"), "app mail, accounts: ", fault.says)
    assert proxy.writes == []
    assert everything(company, but=("people",)) == before


def test_the_other_apps_go_on_and_the_next_run_does_what_is_left(
    tmp_path: pathlib.Path, scim: ScimServer, proxy: FaultProxy
) -> None:
    company = behind(proxy, onboarded(tmp_path, scim))
    mail, chat = company.tenant("mail"), company.tenant("chat")
    before = mail.state()
    proxy.arm("status", status=500, path=of_mail(company))
    failed(company.playbook("reconcile"), "mail: could not be read", "the app failed (500)")
    assert mail.state() == before
    assert "mia.hale" in {holder.username for holder in chat.holders()}
    proxy.clear()
    mended = company.playbook("reconcile").succeeded()
    assert {task.host for task in mended.tasks if task.result.get("changed")} == {"app.mail"}
    by_name = {holder.username: holder for holder in mail.holders()}
    assert len(by_name) == 13
    assert not by_name["lou.ash"].active
    assert by_name["mia.hale"].groups == {"Everyone"}
    assert company.playbook("reconcile").succeeded().changed == 0


def test_one_person_is_not_onboarded_into_an_app_that_cannot_be_asked(
    company: CompanyDirectory, proxy: FaultProxy
) -> None:
    before = company.tenant("mail").state(), [row for row in rows(company, "accounts") if row["app"] == "mail"]
    proxy.arm("status", status=401, path=of_mail(company))
    failed(company.playbook("onboard", "--limit", "mia.hale"), "mail: could not be read", "(401)")
    assert before == (
        company.tenant("mail").state(),
        [row for row in rows(company, "accounts") if row["app"] == "mail"],
    )


WRITES = [
    ("deferred", {"kind": "status", "status": 500}),
    ("deferred", {"kind": "status", "status": 429, "headers": {"Retry-After": "3600"}}),
    ("deferred", {"kind": "hang"}),
    ("task", {"kind": "status", "status": 403}),
    ("verified", {"kind": "lost_answer"}),
]


@pytest.mark.parametrize(("becomes", "fault"), WRITES, ids=["500", "429", "silence", "403", "lost answer"])
def test_a_write_that_fails_is_never_lost(
    becomes: str, fault: dict[str, t.Any], tmp_path: pathlib.Path, scim: ScimServer, proxy: FaultProxy
) -> None:
    company = behind(proxy, prepare(CompanyDirectory(TEMPLATE, tmp_path, scim)))
    proxy.arm(fault["kind"], method="POST", path=of_mail(company), **{k: v for k, v in fault.items() if k != "kind"})
    outcome = company.playbook("onboard", "--limit", "kim.wolf")
    states = {row["state"] for row in rows(company, "changes") if row["app"] == "mail" and row["kind"] == "create"}
    assert states == {becomes}, outcome.output
    tasks = [row for row in rows(company, "tasks") if row["app"] == "mail"]
    if becomes == "verified":
        outcome.succeeded()
    else:
        failed(outcome, "kim.wolf, mail: ")
    assert len(tasks) == (becomes == "task")
    proxy.clear()
    again = company.playbook("onboard", "--limit", "kim.wolf")
    made = [holder.username for holder in company.tenant("mail").holders()]
    # what is in somebody's hands is not done behind their back
    assert made == ([] if becomes == "task" else ["kim.wolf"])
    again.succeeded()
    assert (again.changed > 0) == (becomes == "deferred")
    assert len([row for row in rows(company, "tasks") if row["app"] == "mail"]) == len(tasks)


FIVE_HUNDRED = "id,first,last,email,start,type\n" + "".join(
    f"{n},Given{n},Family{n},p{n}@small.example,2020-01-01,employee\n" for n in range(500)
)
EVERYBODY_HAS_MAIL = """---
version: "1.0"
rules:
  - id: everyone
    why: Mail
    when: {type: employee}
    grant: {mail: [member]}
"""


def test_an_empty_list_where_there_were_500_accounts_stops_the_run_every_time(
    tmp_path: pathlib.Path, scim: ScimServer, proxy: FaultProxy
) -> None:
    company = behind(proxy, CompanyDirectory(TEMPLATE, tmp_path, scim))
    company.write("hr/people.csv", FIVE_HUNDRED)
    company.write("access/policy/rules.yml", EVERYBODY_HAS_MAIL)
    # the server may take its time with so many
    catalog = company.read("access/catalog/apps.yml").replace("read_timeout: 1\n", "read_timeout: 30\n")
    company.write("access/catalog/apps.yml", catalog)
    company.write("exports/analytics.csv", "login,email,role\np1@small.example,p1@small.example,Viewer\n")
    company.tenant("mail").add_users(
        [
            {
                "userName": f"given{n}.family{n}",
                "externalId": str(n),
                "emails": [{"value": f"p{n}@small.example", "primary": True}],
                "name": {"givenName": f"Given{n}", "familyName": f"Family{n}"},
                "displayName": f"Given{n} Family{n}",
                "roles": [{"value": "member"}],
            }
            for n in range(500)
        ]
    )
    assert company.playbook("reconcile").succeeded().changed == 0
    before = everything(company)
    assert len(before["accounts"]) == 501

    proxy.arm("nobody", path=of_mail(company))
    said = "500 of the 500 accounts that mail had are not in its list any more (100%, limit 50%)"
    failed(company.playbook("reconcile"), said, "Nothing was changed")
    failed(company.playbook("discover"), said)
    company.playbook("tasks")
    assert company.playbook("plan").of("plan")[0].result["breaches"][0]["code"] == "accounts_vanished"
    with without_ansible_cfg(company):
        failed(company.playbook("reconcile"), said, "Nothing was changed")
    assert proxy.writes == []
    assert everything(company) == before

    proxy.clear()
    assert company.playbook("reconcile").succeeded().changed == 0


def test_accounts_that_really_are_gone_are_believed_to_be_once_the_plan_is_approved(
    tmp_path: pathlib.Path, scim: ScimServer
) -> None:
    company = onboarded(tmp_path, scim)
    company.replace("rollcall.yml", "per_app: 50%, floor: 2", "per_app: 20%, floor: 2")
    company.write("hr/people.csv", (TEMPLATE / "hr/people.csv").read_bytes())
    mail = company.tenant("mail")
    for holder in mail.holders():
        mail.call("DELETE", f"Users/{holder.id}")
    stopped = company.playbook("reconcile")
    failed(stopped, "12 of the 12 accounts that mail had are not in its list any more")
    plan = stopped.failures()[0].result["failure"]["details"]["plan"]
    company.playbook("reconcile", "-e", f"rollcall_plan={plan}").succeeded()
    assert len(mail.holders()) == 12
    assert company.playbook("reconcile").succeeded().changed == 0
    company.playbook("verify_ledger").succeeded()
