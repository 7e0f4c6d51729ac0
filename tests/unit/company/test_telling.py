# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People are told once, through a real mail server and a real web server, whatever happens in between."""

from __future__ import annotations

import datetime as dt
import logging
import subprocess
import sys
import textwrap

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.checking import check_policy
from ansible_collections.rollcall.access.plugins.module_utils.company.telling import tell
from ansible_collections.rollcall.access.plugins.module_utils.desks.digests import Happenings
from ansible_collections.rollcall.access.plugins.module_utils.desks.told import Told
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Change, ChangeKind, Task
from ansible_collections.rollcall.access.tests.unit.company.place import at
from ansible_collections.rollcall.access.tests.unit.desks.post_office import PASSWORD, mail_server, web_server

DAY = "2026-06-01"
HUB = "hub@acme.example"
GIVE, TAKE = Change(ChangeKind.CREATE, "2", "hub"), Change(ChangeKind.SUSPEND, "2", "hub", account="a")


@pytest.fixture
def mail():
    with mail_server() as server:
        yield server


@pytest.fixture
def web():
    with web_server() as server:
        yield server


@pytest.fixture(autouse=True)
def everything_is_logged(caplog, monkeypatch):
    caplog.set_level(1)
    for name in ("mail.log", "werkzeug", "asyncio"):
        # the servers of the test know what they were sent
        monkeypatch.setattr(logging.getLogger(name), "disabled", True)


def task(id: str, *, item: Change = GIVE, owner: str = HUB, days: int = 2, **more) -> Task:
    opened = at(DAY)
    return Task(id, "2", "hub", (item,), owner, f"Do {id}", "", opened, opened + dt.timedelta(days=days), **more)


def emergency(id: str, **more) -> Task:
    return task(id, item=TAKE, urgency="emergency", **more)


def routes(place, *, security_address: str = "", **urls: str | list[str]) -> None:
    lines = "".join(f"    {name}: {url!r}\n" for name, url in urls.items())
    text = (place.path / "rollcall.yml").read_text(encoding="utf-8").partition("\nnotifications:")[0]
    if security_address and "\nsecurity:" not in text:
        text += f"\nsecurity: {security_address}"
    place.write("rollcall.yml", f"{text}\nnotifications:\n  routes:\n{lines}")


def told(place, *tasks: Task, as_of: str = "", **more):
    company = place.open(as_of=as_of)
    return tell(company, place.run(company), Happenings(open=tasks, **more))


def test_thirty_tasks_are_one_mail_and_the_second_run_is_quiet(place, mail):
    routes(place, owner=mail.url())
    tasks = [task(f"t{n:02}") for n in range(30)]
    first = told(place, *tasks)
    assert (first.sent, first.findings) == (1, ())
    ((to, title, body),) = mail.messages
    assert (to, title) == (HUB, f"Rollcall: 30 new for {HUB}, 30 open")
    assert body.count("- Do t") == 30
    assert told(place, *tasks).sent == 0
    assert told(place, *tasks, task("new")).sent == 1
    assert mail.messages[1][2].count("- Do ") == 1
    assert "31 open for you in all" in mail.messages[1][2]
    assert verify_ledger(place.open().ledger).ok


def test_every_owner_gets_a_mail_of_their_own(place, mail):
    routes(place, owner=mail.url())
    assert told(place, task("a"), task("b", owner="wiki@acme.example")).sent == 2
    assert {(to, "Do a" in body) for to, _title, body in mail.messages} == {(HUB, True), ("wiki@acme.example", False)}


def test_a_channel_names_the_owner_and_security_needs_no_address(place, web):
    routes(place, owner=web.url("ops"), security=web.url("sec"))
    assert told(place, task("a"), task("late", item=TAKE, days=-1)).sent == 2
    assert {(to, f"For {HUB}" in body) for to, _title, body in web.messages} == {("ops", True), ("sec", False)}


def test_an_emergency_goes_first_by_itself_and_to_security(place, web):
    routes(place, owner=web.url("ops"), security=web.url("sec"))
    assert told(place, task("a"), emergency("now")).sent == 3
    assert [message[:2] for message in web.messages[:2]] == [("ops", "Do now"), ("sec", "Do now")]
    assert "Do now" not in web.messages[2][2]


def test_what_could_not_be_sent_is_a_warning_and_goes_out_in_the_next_run(place, web):
    routes(place, owner=web.url("ops"), manager=web.url("boss"))
    web.status = 503
    declined = task("no", state="declined", note="no seat", ended_by=HUB)
    down = told(place, task("a"), ended=(declined,))
    assert (down.sent, down.failed, len(web.messages)) == (0, False, 2)
    assert {(f.code, f.severity, f.where) for f in down.findings} == {
        ("notification_failed", "warning", "route owner/json"),
        ("notification_failed", "warning", "route manager/json"),
    }
    assert "JSON: the answer was HTTP 503" in str(down.findings[0])
    web.status = 200
    # that it was declined happened in the first run alone, and is told all the same
    assert told(place, task("a")).sent == 2
    assert "REFUSED: Do no" in "".join(body for _to, _title, body in web.messages[2:])
    assert told(place, task("a")).sent == 0


def test_an_emergency_that_could_not_be_sent_fails_the_run(place, web):
    routes(place, owner=web.url("ops"))
    web.status = 500
    down = told(place, task("a"), emergency("now"))
    assert down.failed
    assert [(f.severity, "an emergency (Do now)" in f.message) for f in down.findings] == [
        ("error", True),
        ("warning", False),
    ]


def test_one_route_that_fails_keeps_nothing_from_the_others(place, web, mail):
    routes(place, owner=[mail.url(password="wrong"), web.url("ops")])
    done = told(place, task("a"))
    assert (done.sent, len(web.messages)) == (1, 1)
    assert "refused name or password (SMTP 535)" in str(done.findings[0])
    routes(place, owner=[mail.url(), web.url("ops")])
    # only the one that did not get it gets it now
    assert told(place, task("a")).sent == 1
    assert (len(web.messages), len(mail.messages)) == (1, 1)


def test_who_has_no_address_is_a_finding_and_the_others_are_told(place, mail):
    routes(place, owner=mail.url(), security=mail.url())
    done = told(place, task("a", owner="the sales team"), task("b"), task("late", item=TAKE, days=-1))
    assert done.sent == 1
    text = "\n".join(map(str, done.findings))
    assert "'the sales team' is not one plain email address" in text
    assert "there is no address" in text
    assert not done.failed


def test_a_route_that_is_not_understood_fails_and_the_others_go_on(place, web):
    routes(place, owner=["nosuch://t0ken", web.url("ops")])
    done = told(place, task("a"))
    assert (done.sent, done.failed) == (1, True)
    assert "t0ken" not in str(done.findings)


def test_a_template_that_does_not_work_fails_only_its_message(place, web):
    routes(place, owner=web.url("ops"), security=web.url("sec"))
    place.write("rollcall.yml", (place.path / "rollcall.yml").read_text() + "  templates: words\n")
    place.write("words/owner.txt.j2", "Title\n\n{{ nobody }}\n")
    done = told(place, task("a"), task("late", item=TAKE, days=-1))
    assert (done.sent, done.failed) == (1, True)
    assert [(f.code, f.where) for f in done.findings] == [
        ("notification_template", f"{place.path}/words/owner.txt.j2:3")
    ]
    place.write("words/owner.txt.j2", "Title\n\n{{ name }}\n")
    assert told(place, task("a")).sent == 1


def test_without_routes_or_in_check_mode_nobody_is_told(place, web):
    assert told(place, task("a")).sent == 0
    routes(place, owner=web.url("ops"))
    company = place.open()
    run = place.run(company)
    assert tell(place.open(writes=False), run, Happenings(open=(task("a"),))).sent == 0
    assert not web.messages


def test_templates_of_the_vault_are_filled_in(place, web):
    routes(place, owner="{{ hook }}")
    company = place.open(resolve=lambda value: {"owner": web.url("ops")} if value == {"owner": "{{ hook }}"} else value)
    assert tell(company, place.run(company), Happenings(open=(task("a"),))).sent == 1


def test_a_variable_that_is_missing_is_said(place):
    routes(place, owner="{{ hook }}")

    def resolve(value):
        raise KeyError("hook is undefined")

    company = place.open(resolve=resolve)
    done = tell(company, place.run(company), Happenings(open=(task("a"),)))
    assert done.failed
    assert "hook is undefined" in str(done.findings[0])


def test_secrets_are_in_no_finding_no_log_and_no_ledger(place, mail, web, caplog):
    web.status, web.answer = 500, "t0ken-in-the-path"
    routes(place, owner=[mail.url(), web.url()], security=mail.url(password="s3cret-but-wrong"), security_address=HUB)
    done = told(place, task("a"), emergency("now"))
    assert done.findings
    place.close()
    ledger = b"".join(path.read_bytes() for path in place.path.glob("ledger.db*"))
    for secret in (PASSWORD, "s3cret", "t0ken"):
        assert secret not in caplog.text + "".join(map(str, done.findings)) + repr(done)
        assert secret.encode() not in ledger


# a run that is killed between its intention and its sending

KILLED = """
    import os, sys, pathlib
    from ansible_collections.rollcall.access.plugins.module_utils.desks import sending
    from ansible_collections.rollcall.access.tests.unit.company import test_telling as tests
    from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
    from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
    from ansible_collections.rollcall.access.plugins.module_utils.company.telling import tell
    from ansible_collections.rollcall.access.plugins.module_utils.desks.digests import Happenings
    from ansible_collections.rollcall.access.plugins.module_utils.model import Run

    def die(*_given, **_more):
        os._exit(9)

    sending.Sender.send = die
    with Company(Settings.load(sys.argv[1]), writes=True) as company:
        run = Run("killed", "test", "tests", company.clock.now())
        company.ledger.begin_run(run)
        tell(company, run, Happenings(open=(getattr(tests, sys.argv[2])("a"),)))
    os._exit(0)
"""


def killed(place, what: str) -> None:
    (place.path / "ledger.db").unlink(missing_ok=True)
    place.edit("access/catalog/apps.yml", ("connector: shelf", "connector: none"))
    text = (place.path / "access/catalog/apps.yml").read_text().replace("connector: memory", "connector: none")
    place.write("access/catalog/apps.yml", text)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(place.path / "rollcall.yml"), what],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 9, done.stderr


def test_an_interrupted_digest_is_not_sent_again_but_said(place, web):
    routes(place, owner=web.url("ops"))
    killed(place, "task")
    done = told(place, task("a"), task("b"))
    (finding,) = done.findings
    assert (finding.code, finding.severity) == ("notification_uncertain", "warning")
    assert "may not have gone out" in finding.message
    assert "Do a" in finding.message
    # what is new since goes out
    ((_to, _title, body),) = web.messages
    assert ("Do b" in body, "Do a" in body) == (True, False)
    quiet = told(place, task("a"), task("b"))
    assert (quiet.sent, quiet.findings) == (0, ())


def test_an_interrupted_emergency_is_sent_again_and_says_so(place, web):
    routes(place, owner=web.url("ops"))
    killed(place, "emergency")
    done = told(place, emergency("a"))
    assert [f.code for f in done.findings] == ["notification_uncertain"]
    ((_to, title, body),) = web.messages
    assert title == "Do a (again)"
    assert "second time" in body
    assert told(place, emergency("a")).sent == 0


def test_what_another_live_run_is_sending_is_left_to_it(place, web, monkeypatch):
    routes(place, owner=web.url("ops"))
    killed(place, "task")
    monkeypatch.setattr(
        "ansible_collections.rollcall.access.plugins.module_utils.desks.told.is_gone", lambda holder: False
    )
    alive = told(place, task("a"), task("b"))
    assert (alive.sent, alive.findings, web.messages) == (0, (), [])
    # nobody sends one message for hours: whoever that was is gone, even on another machine
    later = told(place, task("a"), task("b"), as_of="2026-06-02")
    assert [f.code for f in later.findings] == ["notification_uncertain"]


@pytest.mark.parametrize("before", ["begin", "end"])
def test_of_two_runners_at_once_one_sends(place, web, monkeypatch, before):
    """The other run comes just before this one writes down that it is about to send, or after."""
    routes(place, owner=web.url("ops"))
    one, other = place.open(), place.open()
    first, second = place.run(one), place.run(other)
    happened = Happenings(open=(task("a"),))
    usual, others = getattr(Told, before), []

    def meanwhile(self, *given, **more):
        if not others:
            others.append(None)
            others.append(tell(other, second, happened))
        return usual(self, *given, **more)

    monkeypatch.setattr(Told, before, meanwhile)
    mine = tell(one, first, happened)
    assert mine.sent + others[1].sent == 1
    assert (len(web.messages), mine.findings, others[1].findings) == (1, (), ())
    assert told(place, task("a")).sent == 0


# check


def test_check_names_a_route_that_apprise_does_not_understand_and_sends_nothing(place, web):
    routes(place, owner=["nosuch://t0ken", web.url("ops")])
    found = [f for f in check_policy(place.open(writes=False)) if f.code == "notification_route"]
    assert len(found) == 1
    assert "Apprise does not understand the nosuch:// URL" in str(found[0])
    assert "t0ken" not in str(found[0])
    assert not web.messages


def test_check_reads_the_templates(place):
    place.write("rollcall.yml", (place.path / "rollcall.yml").read_text() + "\nnotifications: {templates: words}\n")
    place.write("words/manager.txt.j2", "{% for %}")
    found = [f for f in check_policy(place.open(writes=False)) if f.code.startswith("notification")]
    assert [f.where for f in found] == [f"{place.path}/words/manager.txt.j2:1"]
