# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mails as we write them: the text as it is, and header fields by which we know them again. Nothing here sends."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.charset
import email.errors
import email.header
import email.headerregistry
import email.message
import email.policy
import email.utils
import hashlib
import hmac
import re
import typing as t

# What a mail of ours says of itself.
TASK, ABOUT, EVENT, STATE, OWNER = (f"X-Rollcall-{name}" for name in ("Task", "Reference", "Event", "State", "Owner"))
TITLE, FAILED, SIGNATURE = "X-Rollcall-Title", "X-Rollcall-Not-Delivered", "X-Rollcall-Signature"
_SIGNED = (TASK, ABOUT, EVENT, STATE, OWNER)
OUR_FIELDS = (*_SIGNED, TITLE, FAILED, SIGNATURE)

#: <rollcall.TASK.NUMBER@domain>: of one task, number 0 is the mail that opens it. Who gets it twice can tell.
OUR_ID = re.compile(r"<rollcall\.([0-9a-f]{10}|r[0-9a-f]{16})\.(\d{1,6}|m[0-9a-f]{12})@[^<>\s@]+>")

# The newer policies of Python encode a long id in References as if it were words, and no thread is found again.
_POLICY = email.policy.compat32.clone(linesep="\r\n", cte_type="7bit")
_UTF8 = email.charset.Charset("utf-8")
_UTF8.body_encoding = email.charset.QP
_LONGEST_TITLE = 500


@dataclasses.dataclass(frozen=True)
class Outgoing:
    """One mail of ours about one ticket. ``reference`` is what the ticket is known by, and ``number`` counts its mails.

    ``state`` is what the ticket's state means after it and ``owner`` who it is with then. ``answers`` are the ids of
    the thread so far, the last one that which it answers.
    """

    task: str
    reference: str
    number: str
    event: str  # opened | comment | assigned | closed | reopened
    state: str
    owner: str
    to: str
    title: str
    text: str
    answers: tuple[str, ...] = ()
    urgent: bool = False
    failed: str = ""


@dataclasses.dataclass(frozen=True)
class Sender:
    """Who writes: ``name`` and ``address``, where answers go, and the key that tells our own copies from others'."""

    name: str
    address: str
    reply_to: str
    plus: bool
    key: bytes = dataclasses.field(repr=False)

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def message_id(self, reference: str, task: str, number: str) -> str:
        """Return the id of a mail. It follows from the ticket and the number: a repeated mail has the same."""
        of = task or "r" + hashlib.sha256(reference.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"<rollcall.{of}.{number}@{self.domain}>"

    def answers_go_to(self, task: str) -> str:
        local, _at, domain = self.reply_to.rpartition("@")
        return f"{local}+{task}@{domain}" if self.plus and task else self.reply_to


def written(mail: Outgoing, sender: Sender, now: dt.datetime) -> bytes:
    """Return a mail as it is sent and kept: plain text, 7 bit, lines ended by CRLF.

    No field can bring another one: what is not one line is made one. Sources: RFC 5322; Auto-Submitted: RFC 3834;
    X-Auto-Response-Suppress: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcmail (2.1.3.2.20)
    """
    title = one_line(mail.title)[:_LONGEST_TITLE]
    message_id = sender.message_id(mail.reference, mail.task, mail.number)
    marks = _marks(mail, title)
    fields = {
        "From": email.utils.formataddr((one_line(sender.name), sender.address), "utf-8"),
        "To": sendable(mail.to) if is_address(mail.to) else "undisclosed-recipients:;",
        "Reply-To": sender.answers_go_to(mail.task),
        "Subject": _encoded(f"Re: {title}" if mail.answers else title, "Subject"),
        "Date": email.utils.format_datetime(now),
        "Message-ID": message_id,
        "In-Reply-To": "".join(mail.answers[-1:]),
        "References": " ".join(dict.fromkeys(mail.answers)),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Importance": "high" if mail.urgent else "",
        "X-Priority": "1" if mail.urgent else "",
        **{name: _encoded(value, name) for name, value in marks.items()},
        SIGNATURE: signature(marks, message_id, sender.key),
    }
    message = email.message.Message(policy=_POLICY)
    for name, value in fields.items():
        if value:
            message[name] = value
    message.set_payload(_visible(mail.text), _UTF8)
    return message.as_bytes()


def _encoded(value: str, name: str) -> str:
    """A field's text in ASCII, its words encoded where they have to be: also where they only look as if they were."""
    if value.isascii() and "=?" not in value:
        return value
    safe = value.encode("utf-8", "replace").decode()
    return email.header.Header(safe, "utf-8", header_name=name).encode(linesep="\n")


def _marks(mail: Outgoing, title: str) -> dict[str, str]:
    return {
        TASK: mail.task,
        ABOUT: mail.reference if mail.number != "0" else "",
        EVENT: mail.event,
        STATE: mail.state,
        OWNER: mail.owner if is_address(mail.owner) else "",
        TITLE: title if mail.number != "0" else "",
        FAILED: one_line(mail.failed)[:_LONGEST_TITLE],
    }


def signature(marks: t.Mapping[str, str], message_id: str, key: bytes) -> str:
    """Return what only we can have written for these fields: a copy that comes in by mail is ours if it has it."""
    said = "\n".join([message_id, *(f"{name}:{marks.get(name, '')}" for name in _SIGNED)])
    return hmac.new(key, said.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def one_line(text: str) -> str:
    """Return text as one line without anything that cannot be printed."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def is_address(text: str) -> bool:
    """Say whether a mail can be sent there: one address, of characters that every server takes."""
    try:
        address = email.headerregistry.Address(addr_spec=sendable(text))
    except (ValueError, IndexError, UnicodeError, email.errors.HeaderParseError):
        return False
    return bool(address.username and "." in address.domain) and len(text) <= 320


def sendable(address: str) -> str:
    """Return an address with its domain as servers write it. Raises UnicodeError and ValueError for what is none."""
    local, at, domain = address.rpartition("@")
    if not at or not local.isascii() or any(c.isspace() or not c.isprintable() for c in address):
        raise ValueError("no address")
    return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode('ascii')}"


def _visible(text: str) -> str:
    """The text with its lines, without characters that a mail cannot carry."""
    lines = re.split(r"\r\n|\r|\n", text)
    return "\n".join("".join(c if c.isprintable() or c == "\t" else " " for c in line) for line in lines) + "\n"
