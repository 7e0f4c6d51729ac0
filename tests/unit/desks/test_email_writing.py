# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mails as we write them: whatever a title, a text or an address holds, it is one mail that we know again."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email_arrived import arrived
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email_contents import text_of
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email_threads import sent_copy
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email_writing import (
    OUR_FIELDS,
    Outgoing,
    Sender,
    is_address,
    one_line,
    written,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.timezone.utc)
SENDER = Sender("Rollcall", "rollcall@acme.example", "rollcall@acme.example", False, b"key")
MAIL = Outgoing(
    task="0a1b2c3d4e",
    reference="rollcall.0a1b2c3d4e.0@acme.example",
    number="3",
    event="comment",
    state="open",
    owner="sam@acme.example",
    to="sam@acme.example",
    title="Give Jane access",
    text="Please",
    answers=("<rollcall.0a1b2c3d4e.0@acme.example>",),
)
USUAL = {"from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"}
MORE = {"x-auto-response-suppress", "mime-version", "content-type", "content-transfer-encoding"}
FIELDS = USUAL | MORE | {name.lower() for name in OUR_FIELDS}

_PARTS = ["\r\n", "\n", "\r", "Bcc: x@y.z", ".", "=?utf-8?q?x?=", "\x00", "\ud800", "東京", " ", "\u2028", "a" * 1200]
_ODD = st.lists(st.sampled_from(_PARTS), max_size=12).map("".join)
_ANY = st.one_of(st.text(max_size=200), _ODD)


def read(raw: bytes):
    return arrived("Rollcall", 1, len(raw), None, raw.partition(b"\r\n\r\n")[0])


@given(title=_ANY, text=_ANY, owner=_ANY, failed=_ANY, name=_ANY)
@example(title="x\r\nBcc: x@y.z", text="a\r\n.\r\nQUIT", owner="a@b.c\r\nCc: x@y.z", failed="x\n\ny", name='"<x@y.z>')
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_given_makes_another_field_or_another_mail(title, text, owner, failed, name):
    mail = dataclasses.replace(MAIL, title=title, text=text, owner=owner, to=owner, failed=failed)
    raw = written(mail, dataclasses.replace(SENDER, name=name), NOW)
    assert raw.isascii()
    assert b"\x00" not in raw
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")[:40] if b"aaaa" not in line)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    header = read(raw)
    assert set(header.fields) <= FIELDS
    assert all(len(values) == 1 for values in header.fields.values())
    assert header.sender == SENDER.address
    assert (header.recipients == ()) is not is_address(owner)
    expected = one_line(title)[:500].encode("utf-8", "replace").decode()
    assert header.subject == one_line(f"Re: {expected}")
    shown = ["".join(c if c.isprintable() or c == "\t" else " " for c in line) for line in text_of(raw).split("\n")]
    assert text_of(raw).split("\n") == shown


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=300))
def test_a_text_arrives_as_it_was_written(text):
    raw = written(dataclasses.replace(MAIL, text=f"{text}\n.\nFrom here\n\ttab  "), SENDER, NOW)
    visible = "".join(c if c.isprintable() else " " for c in text)
    assert text_of(raw) == f"{visible}\n.\nFrom here\n\ttab  \n"


def test_a_copy_is_ours_by_its_signature_and_by_nothing_else():
    raw = written(MAIL, SENDER, NOW)
    copy = sent_copy(read(raw), SENDER.key, trusted=False)
    assert copy is not None
    assert (copy.task, copy.reference, copy.number, copy.event) == (MAIL.task, MAIL.reference, 3, "comment")
    assert sent_copy(read(raw), b"another key", trusted=False) is None
    for old, new in ((b"State: open", b"State: done"), (b"Owner: sam@", b"Owner: eve@"), (b".3@acme", b".4@acme")):
        assert old in raw
        assert sent_copy(read(raw.replace(old, new)), SENDER.key, trusted=False) is None


@pytest.mark.parametrize("number", ["0", "1", "m0123456789ab"])
def test_the_same_mail_has_the_same_id_and_another_one_another(number):
    same = dataclasses.replace(MAIL, number=number)
    first, again = (read(written(same, SENDER, NOW + dt.timedelta(days=n))).id for n in (0, 1))
    assert first == again == f"<rollcall.0a1b2c3d4e.{number}@acme.example>"
    other = dataclasses.replace(same, task="", reference="1234@people.example")
    assert read(written(other, SENDER, NOW)).id != first


NO_ADDRESSES = ["", "no address", "a@b", "a@b.c, d@e.f", "<a@b.c>", "a@b..c", "a b@c.d", "a@b.c\n", "ä@b.c"]


@pytest.mark.parametrize("text", [*NO_ADDRESSES, "a" * 320 + "@b.c"])
def test_what_is_no_address_is_not_written_to(text):
    assert not is_address(text)
