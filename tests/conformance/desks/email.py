# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain email: real servers of SMTP and IMAP, and people who write mails."""

from __future__ import annotations

import contextlib
import email
import email.message
import email.policy
import email.utils
import itertools
import time
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, Seen
from ansible_collections.rollcall.access.tests.conformance.mail_servers import OURS, PASSWORD, MailSystem, mail_system

COPIES, REQUESTS = "Rollcall", "Requests"
_STATE, _OWNER, _ABOUT, _EVENT = (f"X-Rollcall-{name}" for name in ("State", "Owner", "Reference", "Event"))


def parsed(content: bytes) -> t.Any:
    return email.message_from_bytes(content, policy=email.policy.default)


def reference_of(message: t.Any) -> str:
    return str(message[_ABOUT] or message["Message-ID"]).strip("<>")


class EmailServer:
    """The mail system of a company, with two people."""

    port = 0
    owner = "sam.owner@acme.example"
    other_owner = "kim.other@acme.example"

    def __init__(self, system: MailSystem) -> None:
        self.system = system
        self._numbers = itertools.count(1)

    def reset(self) -> None:
        smtp, imap = self.system.smtp, self.system.imap
        smtp.refuse, smtp.known, smtp.password = {}, {OURS, self.owner, self.other_owner}, PASSWORD
        smtp.delivered.clear()
        if imap.password != PASSWORD:
            imap.change_password(PASSWORD)
        imap.empty("INBOX", COPIES, REQUESTS)

    # what there is

    def of(self, reference: str) -> list[t.Any]:
        """Every mail of ours about a ticket that somebody got, the oldest first."""
        mails = [parsed(one.content) for one in self.system.smtp.delivered if one.to != OURS]
        return [mail for mail in mails if reference_of(mail) == reference]

    def tickets(self) -> list[Seen]:
        copies: dict[str, list[t.Any]] = {}
        for _uid, content in self.system.imap.contents(COPIES):
            message = parsed(content)
            copies.setdefault(reference_of(message), []).append(message)
        found: list[Seen] = []
        for reference, mails in copies.items():
            told = [str(mail["To"]) for mail in self.of(reference) if mail[_EVENT] in ("opened", "assigned")]
            title, state = str(mails[0]["Subject"]), str(mails[-1][_STATE])
            found.append(Seen(reference=reference, title=title, state=state, assignee=(told or [""])[-1], place=""))
        return found

    def shown(self, reference: str) -> str:
        seen = list(dict.fromkeys((mail["Message-ID"], mail.get_content()) for mail in self.of(reference)))
        return "\n".join(text for _id, text in seen) or self._kept(reference)

    def _kept(self, reference: str) -> str:
        copies = [parsed(content) for _uid, content in self.system.imap.contents(COPIES)]
        return "\n".join(copy.get_content() for copy in copies if reference_of(copy) == reference)

    def reached(self, reference: str) -> list[str]:
        mails = self.of(reference)
        assert all(mail.get_content_type() == "text/plain" for mail in mails)  # nothing in it can be markup
        return [str(mail["To"]) for mail in mails if str(mail["To"]) not in (self.owner, self.other_owner)]

    # what people do

    def fill(self, n: int) -> list[str]:
        return [self.people_open(f"Another mail {number}", "Nothing of yours", self.owner) for number in range(n)]

    def write(self, by: str, title: str, text: str, **headers: str) -> email.message.EmailMessage:
        message = email.message.EmailMessage()
        message["From"] = email.utils.formataddr(("Somebody", by))
        message["To"] = OURS
        message["Subject"] = title
        message["Message-ID"] = f"<{next(self._numbers)}.{time.monotonic_ns()}@people.example>"
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        return message

    def people_open(self, title: str, text: str, by: str) -> str:
        message = self.write(by, title, text)
        self.system.imap.deliver(message.as_bytes())
        return str(message["Message-ID"]).strip("<>")

    def people_reply(self, reference: str, text: str, by: str, attachment: Attachment | None = None) -> None:
        last = self.of(reference)[-1]
        thread = {"In_Reply_To": last["Message-ID"], "References": last["References"] or last["Message-ID"]}
        message = self.write(by, f"Re: {last['Subject']}", text, **thread)
        if attachment is not None:
            name, content = attachment.name, attachment.content
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        self.system.imap.deliver(message.as_bytes())

    def people_close(self, reference: str, meaning: str, by: str) -> None:
        """Of a request: somebody takes the mail out of the folder."""
        self._remove(REQUESTS, reference)

    def people_reopen(self, reference: str) -> None:
        raise NotImplementedError("see without: closing")

    def people_delete(self, reference: str) -> None:
        for folder in (COPIES, "INBOX"):
            self._remove(folder, reference)

    def people_ask(self, title: str, text: str, by: str) -> str:
        message = self.write(by, title, text)
        self.system.imap.deliver(message.as_bytes(), REQUESTS)
        return str(message["Message-ID"]).strip("<>")

    def revoke_credentials(self) -> None:
        self.system.smtp.password = "another password"
        self.system.smtp.drop()
        self.system.imap.change_password("another password")

    def take_right(self) -> str:
        # as Postfix answers with reject_sender_login_mismatch: https://www.postfix.org/postconf.5.html
        self.system.smtp.refuse["mail"] = f"553 5.7.1 <{OURS}>: Sender address rejected: not owned by user rollcall"
        return OURS

    def take_sight(self) -> str:
        self.system.imap.mailbox().delete(COPIES)
        return COPIES

    def _remove(self, folder: str, reference: str) -> None:
        contents = self.system.imap.contents(folder)
        self.system.imap.remove(folder, [uid for uid, one in contents if reference_of(parsed(one)) == reference])


class EmailCase(DeskCase):
    word = "email"
    tested = "against aiosmtpd 1.4 (SMTP with STARTTLS and AUTH) and pymap 0.36 (IMAP with STARTTLS), real servers both"
    nowhere = "rollcall.ffffffffff.0@acme.example"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "http": "SMTP and IMAP are spoken, and what their servers do wrong is tested in test_email.py",
        "listing": "folders are listed, whatever is in them: test_email.py counts the commands",
        "page_twice": "IMAP knows no pages",
        "closing": "a mail has no state that people change: they answer it, and the engine closes the ticket",
        "changed_by": "nobody but Rollcall changes the state of a mail",
        "fields": "a mail has no fields that an owner fills in",
        "set_field": "a mail has no fields that an owner fills in",
        "other_states": "a mail has no states of its own, so a catalog cannot map any",
        "other_place": "a mail goes to its owner and to no place besides",
        "copied_marker": "a mail of a person is no ticket that can be read; test_email.py sends copies of ours",
        "people_merge": "two mails are never made one",
        "people_move": "who moves a copy out of its folder has deleted it",
    }

    def __init__(self) -> None:
        self._system: MailSystem | None = None

    @contextlib.contextmanager
    def server(self) -> t.Iterator[EmailServer]:
        with mail_system() as system:
            self._system = system
            yield EmailServer(system)

    def settings(self, port: int) -> DeskSettings:
        system = self._system
        connection = {
            "smtp_host": "127.0.0.1",
            "smtp_port": system.smtp.port if system else 25,
            "username": OURS,
            "password": PASSWORD,
            "from": f"Rollcall at Acme <{OURS}>",
            "imap_host": "127.0.0.1",
            "imap_port": system.imap.port if system else 143,
            "imap_security": "starttls",
            "answer_domains": "acme.example",
            "ca_file": str(system.files.authority) if system else "",
        }
        return DeskSettings("mail", "email", connection, requests={"folder": REQUESTS})
