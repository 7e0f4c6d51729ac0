# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manager clicks the link of a warning and sends the mail: on real servers, from the warning to the answer."""

from __future__ import annotations

import email.message
import email.policy
import email.utils
import itertools
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import Synchronised, synchronise
from ansible_collections.rollcall.access.plugins.module_utils.desks.mailto import LONGEST
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError
from ansible_collections.rollcall.access.tests.conformance.mail_servers import OURS, PASSWORD, MailSystem, mail_system
from ansible_collections.rollcall.access.tests.unit.company.place import CATALOG, POLICY, Place
from ansible_collections.rollcall.access.tests.unit.desks.post_office import (
    MailServer,
    WebServer,
    mail_server,
    web_server,
)
from ansible_collections.rollcall.access.tests.unit.requesting.clicking import clicked, links_of

ANN, BOB = "ann@acme.example", "bob@acme.example"
ACCESS = "access+requests@acme.example"
MESSAGE_IDS = itertools.count(1)


def exceptions(*ids: str) -> str:
    found = [
        f"  - {{id: {id}, person: dan@acme.example, grant: {{hub: [code]}}, reason: '<i>\"pilot\" & {id}</i>',\n"
        '     requested_by: it@acme.example, approved_by: bob@acme.example, from: "2026-05-01", until: "2026-06-05"}\n'
        for id in ids
    ]
    return "exceptions:\n" + "".join(found)


@pytest.fixture(scope="module")
def system() -> t.Iterator[MailSystem]:
    with mail_system() as running:
        yield running


@pytest.fixture
def post(system: MailSystem) -> MailSystem:
    """The desk's mail system, empty."""
    system.imap.empty("INBOX", "Rollcall", "Requests")
    system.smtp.delivered.clear()
    system.smtp.known = {OURS, ANN, BOB}
    return system


@pytest.fixture
def mail() -> t.Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def web() -> t.Iterator[WebServer]:
    with web_server() as server:
        yield server


class Company:
    """A company whose desk is a mailbox; each ``tasks`` is a run of that playbook."""

    def __init__(self, place: Place, post: MailSystem) -> None:
        self.place, self.post = place, post
        place.write("access/policy/rules.yml", f"{POLICY}extend_at_most: 30d\n")
        self.has("dan-code")
        self.asked_at("{folder: Requests, address: " + ACCESS + "}")

    def has(self, *ids: str) -> None:
        self.place.write("access/exceptions/e.yml", exceptions(*ids))

    def asked_at(self, requests: str) -> None:
        self.place.write(
            "access/catalog/apps.yml",
            f"desks:\n  mail:\n    type: email\n    requests: {requests}\n    connection:\n"
            f"      smtp_host: 127.0.0.1\n      smtp_port: {self.post.smtp.port}\n      username: {OURS}\n"
            f"      password: {PASSWORD}\n      from: Rollcall <{OURS}>\n      imap_host: 127.0.0.1\n"
            f"      imap_port: {self.post.imap.port}\n      imap_security: starttls\n"
            f"      ca_file: {self.post.files.authority}\n{CATALOG}",
        )

    def tells(self, url: str) -> None:
        text = (self.place.path / "rollcall.yml").read_text()
        self.place.write("rollcall.yml", f"{text}notifications:\n  routes:\n    manager: {url!r}\n")

    def tasks(self, as_of: str = "2026-06-01") -> Synchronised:
        company = self.place.open(as_of=as_of)
        done = synchronise(company, self.place.run(company), ())
        assert not done.problems
        return done

    def sends(self, message: email.message.EmailMessage, by: str, folder: str = "Requests") -> str:
        """Somebody's mail program sends what was opened; the company's mail server puts it where the desk reads."""
        message["From"] = email.utils.formataddr(("Somebody", by))
        message["Message-ID"] = f"<{next(MESSAGE_IDS)}@people.example>"
        self.post.imap.deliver(message.as_bytes(policy=email.policy.SMTP), folder)
        return str(message["Message-ID"])

    def told(self, address: str) -> list[str]:
        """What the desk has answered, the oldest first."""
        mails = [email.message_from_bytes(one, policy=email.policy.default) for one in self.post.smtp.to(address)]
        return [mail.get_content() for mail in mails]

    def extended(self) -> list[tuple[str, str, str]]:
        events = self.place.open().ledger.events(kind="exception.extended")
        return [(event.data["id"], event.data["until"], event.data["by"]) for event in events]


@pytest.fixture
def company(place: Place, post: MailSystem) -> Company:
    return Company(place, post)


def warning(company: Company, mail: MailServer, **more: str) -> list[tuple[str, str]]:
    """Return the links of the mail that the manager gets."""
    company.tells(mail.url() + more.get("format", ""))
    company.tasks()
    (envelope,) = [one for one in mail.envelopes if one.rcpt_tos == [ANN]]
    return links_of(envelope.content)


def test_one_click_extends_it_and_a_second_one_does_not(company: Company, mail: MailServer) -> None:
    ((link, words),) = warning(company, mail)
    assert words == "Extend it until 2026-07-05"
    opened = clicked(link)
    assert str(opened["To"]) == ACCESS
    assert str(opened["Subject"]) == "Extend dan-code: Dan Orr, hub: code"
    company.sends(opened, ANN)
    company.tasks()
    assert company.extended() == [("dan-code", "2026-07-05", "ann.lee")]
    assert [text.strip() for text in company.told(ANN)] == ["exception dan-code is extended until 2026-07-05."]
    # nothing more comes of the same mail; another one of the same link is refused
    company.tasks()
    company.sends(clicked(link), ANN)
    company.tasks()
    assert len(company.extended()) == 1
    assert len(company.told(ANN)) == 2
    assert "used already: extended until 2026-07-05" in company.told(ANN)[-1]


def test_a_click_of_somebody_else_extends_nothing(company: Company, mail: MailServer) -> None:
    ((link, _words),) = warning(company, mail)
    company.sends(clicked(link), BOB)
    company.tasks()
    assert company.extended() == []
    assert "it is for ann.lee" in " ".join(company.told(BOB)[-1].split())


def test_an_earlier_day_may_be_written_into_the_mail(company: Company, mail: MailServer) -> None:
    ((link, _words),) = warning(company, mail)
    opened = clicked(link)
    opened.set_content(opened.get_content().replace("2026-07-05", "2026-06-20"))
    company.sends(opened, ANN)
    company.tasks()
    assert company.extended() == [("dan-code", "2026-06-20", "ann.lee")]


def test_several_endings_have_a_link_each_and_one_for_all(company: Company, mail: MailServer) -> None:
    company.has("one", "two", "three")
    links = warning(company, mail)
    assert [words for _link, words in links] == [
        *["Extend it until 2026-07-05"] * 3,
        "Extend all 3, each until its last possible day",
    ]
    company.sends(clicked(links[-1][0]), ANN)
    company.tasks()
    assert sorted(id for id, _until, _by in company.extended()) == ["one", "three", "two"]
    company.sends(clicked(links[0][0]), ANN)
    company.tasks()
    assert len(company.extended()) == 3
    assert "used already" in company.told(ANN)[-1]


def test_very_many_endings_have_links_that_are_short_enough(company: Company, mail: MailServer) -> None:
    company.has(*(f"exception-{n:02}" for n in range(14)))
    links = warning(company, mail)
    assert all(len(link) <= LONGEST for link, _words in links)
    parts = [(link, words) for link, words in links if "of 14" in words]
    assert len(links) == 14 + len(parts)
    assert len(parts) == 2
    for link, _words in parts:
        company.sends(clicked(link), ANN)
    company.tasks()
    assert len(company.extended()) == 14


def test_as_text_the_link_stands_in_brackets(company: Company, mail: MailServer) -> None:
    ((link, _words),) = warning(company, mail, format="&format=text")
    company.sends(clicked(link), ANN)
    company.tasks()
    assert len(company.extended()) == 1


def test_a_reply_that_only_quotes_the_warning_extends_nothing_until_its_writer_says_so(
    company: Company, mail: MailServer
) -> None:
    ((link, _words),) = warning(company, mail)
    (_to, _title, text) = next(one for one in mail.messages if one[0] == ANN)
    quoted = "Let it end, please.\n\nOn Mon, 1 Jun 2026, Rollcall wrote:\n" + "".join(
        f"> {line}\n" for line in text.splitlines()
    )
    reply = clicked(link)
    reply.set_content(quoted)
    first = company.sends(reply, ANN)
    company.tasks()
    company.tasks()
    (asked,) = company.told(ANN)
    assert "the lines of the warning are only quoted here" in " ".join(asked.split())
    assert company.extended() == []
    again = clicked(link)
    again["In-Reply-To"] = first
    company.sends(again, ANN)
    company.tasks()
    assert company.extended() == [("dan-code", "2026-07-05", "ann.lee")]


def test_where_requests_come_into_the_inbox_the_link_goes_to_the_mailbox(company: Company, mail: MailServer) -> None:
    company.asked_at("{folder: INBOX}")
    ((link, _words),) = warning(company, mail)
    opened = clicked(link)
    assert str(opened["To"]) == OURS
    company.sends(opened, ANN, "INBOX")
    company.tasks()
    assert len(company.extended()) == 1


def test_where_no_address_is_known_there_is_no_link(company: Company, mail: MailServer) -> None:
    company.asked_at("{folder: Requests}")
    assert warning(company, mail) == []
    (_to, _title, text) = next(one for one in mail.messages if one[0] == ANN)
    assert "extend: " in text
    assert "mailto:" not in text


def test_where_it_is_no_mail_there_is_no_link(company: Company, web: WebServer) -> None:
    company.tells(web.url())
    company.tasks()
    ((_to, _title, text),) = [one for one in web.messages if one[0] == ANN]
    assert "extend: " in text
    assert "mailto:" not in text


def test_only_our_links_are_links_and_what_people_wrote_is_text(company: Company, mail: MailServer) -> None:
    company.place.write(
        "access/exceptions/e.yml",
        exceptions("dan-code").replace(
            "'<i>\"pilot\" & dan-code</i>'", "'<mailto:eve@evil.example> <a href=//evil.example>x</a> & more'"
        ),
    )
    links = warning(company, mail)
    assert len(links) == 1
    assert links[0][0].startswith("mailto:access")
    (_to, _title, text) = next(one for one in mail.messages if one[0] == ANN)
    assert "<mailto:eve@evil.example> <a href=//evil.example>x</a> & more" in text


@pytest.mark.parametrize("address", ["access", "a@b.example, c@d.example", "{{ vault_address }}", "a@b.example?bcc=x"])
def test_an_address_that_is_none_is_an_error_with_its_place(company: Company, address: str) -> None:
    company.asked_at(f"{{folder: Requests, address: '{address}'}}")
    with pytest.raises(PolicyError) as caught:
        company.place.open().catalog  # noqa: B018 - it is read by being asked for
    assert f"requests.address: {address!r} is no plain mail address" in str(caught.value)
    assert "apps.yml:4" in str(caught.value)
