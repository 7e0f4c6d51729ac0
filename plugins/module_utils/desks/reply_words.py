# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words that answers are made of, and what surrounds them in a text."""

from __future__ import annotations

import re
import typing as t

#: Longer names of accounts exist nowhere.
LONGEST_NAME = 320
_LONGEST_TEXT = 4000

_DONE = (
    r"(?:(?:yes|ok|okay|all|it is|it's|it is all|this is|that is|i am|access is|account is)[,\s]+)?"
    r"(?:done|completed|complete|finished|resolved|approved)|i approve|approve|yes"
)
_DECLINED = (
    r"(?:this is |it is |i )?(?:declined?|refused?|rejected|reject|denied|deny)|cannot be done|cannot|can't|can not"
)
_NOT_YET = r"(?:it is |this is )?not (?:yet|done|done yet|finished|completed|approved yet)|in progress|not yet done"
DECISION = re.compile(
    rf"(?:(?P<not_yet>{_NOT_YET})|(?P<declined>{_DECLINED})|(?P<done>{_DONE}))"
    r"(?P<rest>\s*(?:$|[-\u2013\u2014:=,;.!(*_`].*|(?:because|since)\s.*))",
    re.IGNORECASE | re.DOTALL,
)
# "done, but ..." and "done once she signs" are no "done".
RESTRICTED = re.compile(
    r"\b(but|except|unless|until|not|\w+n't|almost|nearly|partly|partially|half|tomorrow|soon|will|later|pending|waiting"
    r"|once|when|after|if|maybe|only)\b|\?",
    re.IGNORECASE,
)
#: "status: done", "done: yes"
ASKED = frozenset({"status", "state", "answer", "decision", "result", "done", "completed"})
FIELDS = {
    "account": "account_name",
    "account name": "account_name",
    "account-name": "account_name",
    "account_name": "account_name",
    "accountname": "account_name",
    "username": "account_name",
    "user name": "account_name",
    "login": "account_name",
    "note": "note",
    "notes": "note",
    "comment": "note",
    "reason": "reason",
    "why": "reason",
}
FIELD = re.compile(r"(?P<name>[^\W\d_][\w &/-]{0,40}?)\s*(?:[*_`]+\s*)?[:=]\s*(?P<value>.*)", re.DOTALL)
NEXT_FIELD = re.compile(rf"[,;.]\s*(?=(?:{'|'.join(map(re.escape, FIELDS))})\s*[:=])", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*+\u2022\u00b7\u2013]\s+|\d{1,2}[.)]\s+|\[[ xX]\]\s+)+")
_BOLD = re.compile(r"(\*{1,3}|_{2,3}|`{1,3}|~~)(?=\S)")
_LINK = re.compile(r"<(?:mailto:|https?://)[^<>\s]*>")
GREETING = re.compile(r"(hi|hello|dear|hey|good (morning|afternoon|evening))\b[^:]{0,60}", re.IGNORECASE)
FAREWELL = re.compile(
    r"(many )?(thanks|thank you|cheers|best|sincerely|yours|((best|kind|warm|with best) )?(regards|wishes))[\s,.!]*",
    re.IGNORECASE,
)
# An account name that says "as asked", and what our letter has where the owner's words go.
AS_ASKED = frozenset({"", "-", "same", "as asked", "as above", "as asked above", "as requested", "n/a"})
PLACEHOLDERS = frozenset({"why", "name", "reason", "text", "the-account-name", "the account name"})

# Lines of which nobody knows beforehand what they are called: "mailbox: jane@acme.example".
USUAL_THINGS = frozenset({"mailbox", "drive", "repositories", "tickets", "meetings"})
NO_THINGS = frozenset({"from", "to", "cc", "bcc", "subject", "date", "sent", "reply-to", "email", "e-mail", "mail"}) | {
    *("mobile", "phone", "tel", "fax", "web", "www", "http", "https", "ps"),
}
ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
CHOICES = frozenset({"manager", "nobody", "none", "me", "keep", "delete", "archive"})


def field_begins(text: str) -> bool:
    found = FIELD.fullmatch(text.strip())
    return found is not None and found["name"].strip().casefold() in FIELDS


def unmarked(line: str) -> str:
    """Without a bullet, and without what makes text bold or code."""
    line = _BULLET.sub("", line.strip(), count=1) if _BULLET.match(line.strip()) else line.strip()
    found = _BOLD.match(line)
    if not found:
        return line
    mark = found[1]
    return line[len(mark) :].replace(mark, "", 1).strip()


def word_of(value: str) -> str:
    """A value that is one word, without what surrounds it: quotation marks, bold, the link that Outlook adds."""
    value = _LINK.sub("", value).strip()
    value = value.strip("*`").strip()
    for left, right in (('"', '"'), ("'", "'"), ("\u201c", "\u201d"), ("\u2018", "\u2019"), ("<", ">")):
        if len(value) > 1 and value[0] == left and value[-1] == right and left not in value[1:-1]:
            value = value[1:-1].strip()
    return value[:-1] if value[-1:] in (".", ",", ";") and len(value) > 1 else value


def is_name(value: str) -> bool:
    return 0 < len(value) <= LONGEST_NAME and all(c.isprintable() and not c.isspace() for c in value)


def joined(lines: t.Iterable[str]) -> str:
    """Lines as one text; what cannot be shown becomes a space."""
    text = "\n".join(lines)[:_LONGEST_TEXT]
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip()


def shown(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 80 else f"{line[:80]} ..."
