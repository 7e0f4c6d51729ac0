# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages through Apprise to a real mail server and a real web server."""

from __future__ import annotations

import logging
import time

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks import sending
from ansible_collections.rollcall.access.plugins.module_utils.desks.sending import Sender, channels_of, disarmed
from ansible_collections.rollcall.access.tests.unit.desks.post_office import (
    PASSWORD,
    USER,
    free_port,
    mail_server,
    web_server,
)
from apprise.plugins.slack import NotifySlack

JANE = "jane.doe+work@acme.example"
MARKUP = "<script>alert(1)</script> *bold* [x](https://evil.example) <!here> @channel \\n &amp; 100% {{ 7*7 }}"


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
    for name in ("apprise", "urllib3", "urllib3.connectionpool"):
        caplog.set_level(1, logger=name)
    for name in ("mail.log", "werkzeug", "asyncio"):
        monkeypatch.setattr(
            logging.getLogger(name), "disabled", True
        )  # the servers of the test know what they were sent


def channel(url, route="owner"):
    (found,), problems = channels_of({route: url}, "rollcall.yml")
    assert not problems
    return found


def send(url, address=JANE, title="Title", body="Text", **more):
    return Sender().send(channel(url), address, title, body, **more)


def nothing_secret(text):
    for secret in (PASSWORD, "s3cret", "%2Fpass", "t0ken", "an-answer"):
        assert secret not in text


def test_a_mail_reaches_the_recipient_alone_and_literally(mail):
    assert send(mail.url(), title="Grüße, Zoë", body=f"Hello\n\n{MARKUP}").sent
    assert mail.messages == [(JANE, "Grüße, Zoë", f"Hello\n\n{MARKUP}\n")] or mail.messages == [
        (JANE, "Grüße, Zoë", f"Hello\n\n{MARKUP}")
    ]


def test_a_mail_as_html_shows_markup_as_text(mail):
    assert send(mail.url() + "&format=html", body=MARKUP).sent
    html = mail.part("html")
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


def test_a_title_makes_no_header(mail):
    assert send(mail.url(), title="One\r\nBcc: eve@evil.example").sent
    (message,) = mail.messages
    assert message[:2] == (JANE, "One Bcc: eve@evil.example")


def test_a_wrong_password_says_so_and_shows_none(mail, caplog):
    outcome = send(mail.url(password="s3cret-but-wrong"))
    assert not outcome.sent
    assert "name or password (SMTP 535)" in outcome.why
    nothing_secret(str(outcome) + caplog.text)


def test_a_mailbox_that_is_refused_says_so(mail):
    mail.refused.add(JANE)
    outcome = send(mail.url())
    assert not outcome.sent
    assert "SMTP 550" in outcome.why


def test_a_server_that_is_down_says_so_and_shows_no_secret(caplog):
    for url in (
        f"mailto://{USER}:s3cret%2Fpass@acme.example:{free_port()}?smtp=127.0.0.1&to={{address}}",
        f"json://{USER}:s3cret%2Fpass@127.0.0.1:{free_port()}/t0ken-in-the-path",
    ):
        outcome = send(url)
        assert (outcome.sent, "cannot be reached" in outcome.why) == (False, True)
        nothing_secret(str(outcome) + caplog.text)


def test_a_web_service_gets_the_text_and_nothing_of_it_is_logged(web, caplog):
    assert send(web.url(), body="Text of a message").sent
    assert web.messages == [(JANE, "Title", "Text of a message")]
    nothing_secret(caplog.text)
    assert "Text of a message" not in caplog.text


@pytest.mark.parametrize(("status", "said"), [(401, "refused (HTTP 401)"), (404, "nothing at"), (500, "HTTP 500")])
def test_a_refusal_is_told_by_its_number_and_never_by_its_text(web, caplog, status, said):
    web.status, web.answer = status, "an-answer that repeats t0ken-in-the-path"
    outcome = send(web.url())
    assert said in outcome.why
    nothing_secret(str(outcome) + caplog.text)


def test_a_service_that_is_too_slow_stays_unheard_when_it_answers_at_last(web, caplog, monkeypatch):
    monkeypatch.setattr(sending, "_SECONDS", 0.2)
    web.status, web.delay = 500, 1.0
    outcome = send(web.url())
    assert "no answer within" in outcome.why
    web.answered.wait(10)
    time.sleep(0.3)
    nothing_secret(str(outcome) + caplog.text)


def test_an_optional_service_that_fails_has_failed(web):
    web.status = 500
    assert not send(web.url() + "?optional=yes").sent


def test_other_logs_go_on_while_apprise_is_silent(web, caplog):
    assert send(web.url()).sent
    logging.getLogger("apprise").error("said by somebody else")
    assert "said by somebody else" in caplog.text
    assert logging.getLogger("apprise").level == 1


def test_a_channel_names_no_secret(web):
    found = channel(web.url())
    nothing_secret(repr(found))
    assert (found.name, found.service) == ("owner/json", "JSON")


@pytest.mark.parametrize(
    "address",
    ["", "jane", "a@acme.example,eve@evil.example", "a@acme.example/eve", "a@acme.example\n", "Jane <a@acme.example>"],
)
def test_what_is_not_one_address_is_sent_nothing(mail, address):
    assert not send(mail.url(), address=address).sent
    assert not mail.envelopes


def test_an_address_that_the_mail_would_not_go_to_is_sent_nothing(mail):
    # Apprise drops what it takes for no address, and writes to the sender instead
    assert not send(mail.url(), address="a..b@acme.example").sent
    assert not mail.envelopes


def test_a_url_that_is_not_understood_is_named_and_not_shown():
    routes = {"owner": ["nonsense-with-t0ken", "nosuch://t0ken"], "security": "json://127.0.0.1/t0ken?verify=no"}
    found, problems = channels_of(routes, "rollcall.yml")
    assert not found
    text = "\n".join(map(str, problems))
    nothing_secret(text)
    assert "notifications.routes.owner, entry 1: Apprise does not understand the URL" in text
    assert "entry 2: Apprise does not understand the nosuch:// URL" in text
    assert "verify=no" in text


def test_a_password_goes_to_no_mail_server_unencrypted():
    url = "mailto://rollcall:t0ken@acme.example?smtp=mail.acme.example&to={address}"
    found, (problem,) = channels_of({"owner": url}, "rollcall.yml")
    assert (found, "unencrypted" in problem.message) == ((), True)
    assert channel(f"{url}&mode=starttls")
    assert channel(url.replace("mailto:", "mailtos:"))
    assert channel("mailto://relay.acme.example:25?from=rollcall@acme.example&to={address}")


def test_the_same_service_twice_has_two_names_whatever_stands_between():
    found, problems = channels_of({"owner": ["json://a.example", "mailtos://u:p@b.example", "json://c.example"]}, "")
    assert not problems
    assert [one.name for one in found] == ["owner/json", "owner/mailtos", "owner/json-2"]


@pytest.mark.parametrize(
    "text",
    [
        "@here",
        "@channel",
        "@Everyone",
        "x@everyone",
        "<!here>",
        "<@U123>",
        "<at>Jo</at>",
        "@jane",
        "[a](b)",
        "@**all**",
    ],
)
def test_a_name_calls_nobody_and_links_nowhere(text):
    said = disarmed(f"Give {text} access")
    assert text not in said
    assert said.replace("\u200b", "") == f"Give {text} access"


def test_addresses_stay_as_they_are():
    assert disarmed("for jane.doe@acme.example, 3 < 4") == "for jane.doe@acme.example, 3 < 4"


def test_a_chat_that_knows_markdown_is_sent_no_mention(web):
    assert send(f"mmost://127.0.0.1:{web.port}/3ccdd113474722377935511fc85d3dd4", address="", body=MARKUP).sent
    ((_path, data),) = web.received
    assert "@channel" not in data["text"]
    assert "](" not in data["text"]
    assert "\\n" in data["text"]


@pytest.mark.parametrize("blocks", ["yes", "no"])
def test_slack_is_sent_text_and_no_mention(web, monkeypatch, blocks):
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{web.port}/services")
    url = f"slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7ab?blocks={blocks}"
    assert send(url, address="", title=f"About {MARKUP}", body=MARKUP).sent
    text = str(web.received)
    for forbidden in ("<!", "@channel", "<script", "](https"):
        assert forbidden not in text
    assert "&lt;" in text
