# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mails that came in: whose answer they are, or what machine wrote them. Pure; nothing that is in a mail raises."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.errors
import email.header
import email.message
import email.parser
import email.policy
import re
import typing as t

from .email_contents import decoded, own_parts, parsed, parts
from .email_writing import OUR_FIELDS, OUR_ID, one_line

FIELDS = (
    *("Message-ID", "In-Reply-To", "References", "Subject"),
    *("From", "To", "Cc", "Delivered-To", "X-Original-To", "Reply-To"),
    *("Auto-Submitted", "Precedence", "X-Autoreply", "X-Autorespond", "X-Failed-Recipients", "Return-Path"),
    *("Content-Type", "Authentication-Results", *OUR_FIELDS),
)
_ID = re.compile(r"<[^<>\s]{1,990}>")
_ADDRESS = re.compile(r"<?([^\s<>;,()]+@[^\s<>;,()]+?)[>.,;:]*(?=$|[\s<>;,()])")
_AUTOMATIC_SUBJECT = re.compile(
    r"(automatic reply|out of (the )?office|auto(matic)?[- ]?(response|reply))\b", re.IGNORECASE
)
# The line of a report of no standard that gives the reason.
_BLAMES = re.compile(
    r"^.{0,200}\b(5\d\d[ -]|5\.\d\.\d|no such (user|mailbox)|unknown user|user unknown|no mailbox).*$", re.I | re.M
)
_DELAYED_SUBJECT = re.compile(r"\b(delayed|delay|still being retried|could not be delivered yet)\b", re.IGNORECASE)
_NAME = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMMENT = re.compile(r"\([^()]*\)")
_ANGLE = re.compile(r"<([^<>]*)>")
_PLAIN_ADDRESS = re.compile(r"[^\s<>(),;:\"\[\]\\@]+@[^\s<>(),;:\"\[\]\\@]+")


@dataclasses.dataclass(frozen=True)
class Arrived:
    """The header of a mail in a folder of ours. ``fields`` are its values by lower-case name, as they came."""

    folder: str
    uid: int
    size: int
    at: dt.datetime | None
    fields: t.Mapping[str, tuple[str, ...]]

    def field(self, name: str) -> str:
        return next(iter(self.fields.get(name.lower(), ())), "")

    @property
    def id(self) -> str:
        found = _ID.search(self.field("Message-ID"))
        return found[0] if found else f"<{self.folder}.{self.uid}@no-id.invalid>"

    @property
    def answers(self) -> tuple[str, ...]:
        """The ids of what it answers, the nearest first."""
        nearest = _ID.findall(self.field("In-Reply-To"))
        return (*nearest, *reversed(_ID.findall(self.field("References"))))

    @property
    def sender(self) -> str:
        """The one address of the one From; empty for none, and for several: nobody answers for two."""
        fields = self.fields.get("from", ())
        found = _addresses(fields[0]) if len(fields) == 1 else []
        return found[0] if len(found) == 1 else ""

    @property
    def subject(self) -> str:
        return one_line(decoded(self.field("Subject")))

    @property
    def recipients(self) -> tuple[str, ...]:
        names = ("to", "cc", "delivered-to", "x-original-to")
        values = [value for name in names for value in self.fields.get(name, ())]
        return tuple(address for value in values for address in _PLAIN_ADDRESS.findall(value))

    @property
    def maybe_bounce(self) -> bool:
        kind = self.field("Content-Type").lower()
        if "disposition-notification" in kind:
            return False
        local = self.sender.partition("@")[0].lower()
        return (
            kind.startswith("multipart/report")
            or bool(self.field("X-Failed-Recipients"))
            or local in ("mailer-daemon", "postmaster", "mailerdaemon")
            or self.field("Return-Path").strip() == "<>"
        )

    @property
    def automatic(self) -> bool:
        """Whether a machine wrote it. Source: https://www.rfc-editor.org/rfc/rfc3834, and what came before that."""
        submitted = self.field("Auto-Submitted").split(";")[0].strip().lower()
        return (
            submitted not in ("", "no")
            or bool(self.field("X-Autoreply") or self.field("X-Autorespond"))
            or self.field("Precedence").strip().lower() in ("auto_reply", "auto-reply", "bulk", "junk")
            or self.field("Return-Path").strip() == "<>"
            or "disposition-notification" in self.field("Content-Type").lower()
            or _AUTOMATIC_SUBJECT.match(self.subject) is not None
        )


@dataclasses.dataclass(frozen=True)
class Bounce:
    """Mail ``about`` (its id) that did not reach ``address``, and why, as far as the report says so."""

    about: str
    address: str
    why: str


def arrived(folder: str, uid: int, size: int, at: dt.datetime | None, header: bytes) -> Arrived:
    """Return the header of a mail, whatever is wrong with it."""
    read = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(header)
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in read.items():
        fields[name.lower()] = (*fields.get(name.lower(), ()), " ".join(str(value).split()))
    return Arrived(folder, uid, size, at, fields)


def bounces(mail: Arrived, raw: bytes) -> tuple[Bounce, ...]:
    """Return what a mail says about mails of ours that were not delivered; nothing where it is no such report.

    Sources: https://www.rfc-editor.org/rfc/rfc3464; X-Failed-Recipients: Exim and Gmail; others name the id alone.
    """
    message = parsed(raw)
    text = raw.decode("utf-8", "replace")
    ids = [*OUR_ID.finditer(" ".join(mail.answers)), *OUR_ID.finditer(text)]
    if not ids:
        return ()
    about = ids[0][0]
    structured = [part for part in own_parts(message) if part.get_content_type() == "message/delivery-status"]
    if structured:
        blocks = [block for part in structured for block in parts(part)]
        return tuple(
            Bounce(about, _recipient(block), _why(block))
            for block in blocks
            if str(block.get("Action", "")).strip().lower() == "failed"
        )
    if _DELAYED_SUBJECT.search(mail.subject):
        return ()
    failed = _ADDRESS.search(mail.field("X-Failed-Recipients"))
    if failed is None and mail.automatic and not mail.field("X-Failed-Recipients") and not _blames(text):
        return ()  # an absence note sent with an empty return path
    return (Bounce(about, failed[1] if failed else "", _blames(text)),)


def _recipient(block: email.message.Message) -> str:
    for name in ("Original-Recipient", "Final-Recipient"):
        found = _ADDRESS.search(str(block.get(name, "")).partition(";")[2])
        if found:
            return found[1]
    return ""


def _why(block: email.message.Message) -> str:
    said = str(block.get("Diagnostic-Code", "")).partition(";")[2] or str(block.get("Status", ""))
    return one_line(said)[:300]


def _blames(text: str) -> str:
    """Return the line of a report that is no standard one that gives the reason; empty where none does."""
    found = _BLAMES.search(text)
    return one_line(found[0])[:300] if found else ""


def _addresses(value: str) -> list[str]:
    """Return the addresses of a field, without names and comments.

    The standard library's own reading descends into brackets as deep as they go, which a mail could use to stop us.
    """
    text = _COMMENT.sub(" ", _NAME.sub(" ", value))
    inside = _ANGLE.findall(text)
    return _PLAIN_ADDRESS.findall(" ".join(inside) if inside else text)
