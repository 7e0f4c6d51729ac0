# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mails that came in: reports of what did not arrive, absence notes, what people wrote, and whether it was them."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email_arrived import (
    Bounce,
    arrived,
    bounces,
)
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email_authentication import (
    is_authenticated,
)
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email_contents import files_of, text_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

OURS = "<rollcall.0a1b2c3d4e.0@acme.example>"


def mail(raw: bytes | str):
    raw = raw.encode() if isinstance(raw, str) else raw
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return arrived("INBOX", 1, len(raw), None, raw.partition(b"\r\n\r\n")[0]), raw


# As Postfix writes it: https://www.postfix.org/bounce.5.html and RFC 3464
POSTFIX = f"""Return-Path: <>
From: MAILER-DAEMON@mx.acme.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: rollcall@acme.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"
Message-Id: <20260301@mx.acme.example>

--x
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--x
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.acme.example
Arrival-Date: Sun,  1 Mar 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; gone@acme.example
Original-Recipient: rfc822;gone@acme.example
Action: ACTION
Status: 5.1.1
Remote-MTA: dns; mail.acme.example
Diagnostic-Code: smtp; 550 5.1.1 <gone@acme.example>: Recipient address
    rejected: User unknown

--x
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: rollcall@acme.example
To: gone@acme.example
Message-ID: {OURS}

Please

--x--
"""
# Exim: https://www.exim.org/exim-html-current/doc/html/spec_html/ch-customizing_bounce_and_warning_messages.html
EXIM = f"""Return-path: <>
X-Failed-Recipients: gone@acme.example
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.acme.example>
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1@mx.acme.example>

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  gone@acme.example
    host mail.acme.example [192.0.2.1]
    550 5.1.1 no such user

------ This is a copy of the message, including all the headers. ------

Message-ID: {OURS}

Please
"""
# qmail: https://cr.yp.to/proto/qsbmf.txt
QMAIL = f"""Return-Path: <>
From: MAILER-DAEMON@mx.acme.example
Subject: failure notice

Hi. This is the qmail-send program at mx.acme.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<gone@acme.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Message-ID: {OURS}

Please
"""
ABSENT = f"""Return-Path: <>
From: Sam <sam@acme.example>
Subject: Automatic reply: Give Jane access
Auto-Submitted: auto-replied (vacation)
In-Reply-To: {OURS}

done, I am on holiday
"""


@pytest.mark.parametrize(
    ("report", "address", "why"),
    [
        (POSTFIX.replace("ACTION", "failed"), "gone@acme.example", "User unknown"),
        (EXIM, "gone@acme.example", "no such user"),
        (QMAIL, "", "no mailbox here"),
    ],
    ids=["postfix", "exim", "qmail"],
)
def test_a_report_says_which_mail_did_not_reach_whom_and_why(report, address, why):
    header, raw = mail(report)
    assert header.maybe_bounce
    (bounce,) = bounces(header, raw)
    assert (bounce.about, bounce.address) == (OURS, address)
    assert why in bounce.why


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_report_that_nothing_failed_is_no_bounce(action):
    assert bounces(*mail(POSTFIX.replace("ACTION", action))) == ()


def test_a_warning_that_it_takes_longer_is_no_bounce():
    assert bounces(*mail(EXIM.replace("failed: returning message to sender", "delayed 24 hours"))) == ()


def test_a_report_about_another_mail_is_not_ours():
    assert bounces(*mail(POSTFIX.replace("ACTION", "failed").replace(OURS, "<other@acme.example>"))) == ()


def test_an_absence_note_is_neither_a_bounce_nor_an_answer():
    header, raw = mail(ABSENT)
    assert header.automatic
    assert bounces(header, raw) == ()


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-generated",
        "X-Autoreply: yes",
        "X-Autorespond: out",
        "Precedence: auto_reply",
        "Precedence: bulk",
        "Return-Path: <>",
        "Subject: Out of Office: back on Monday",
        "Subject: Automatic reply: x",
        "Content-Type: multipart/report; report-type=disposition-notification",
    ],
)
def test_what_a_machine_sends_is_told_by_its_header(line):
    assert mail(f"From: sam@acme.example\n{line}\n\ndone\n")[0].automatic


@pytest.mark.parametrize("line", ["Auto-Submitted: no", "Precedence: list", "Subject: Re: automatic reply", "X-A: b"])
def test_what_a_person_sends_is_not_taken_for_a_machine_s(line):
    assert not mail(f"From: sam@acme.example\n{line}\n\ndone\n")[0].automatic


def test_a_sender_is_one_address():
    assert mail("From: =?utf-8?q?S=C3=A4m?= <sam@acme.example>\n\nx")[0].sender == "sam@acme.example"
    assert mail("From: sam@acme.example, kim@acme.example\n\nx")[0].sender == ""
    assert mail("From: sam@acme.example\nFrom: kim@acme.example\n\nx")[0].sender == ""
    assert mail("From: nobody\n\nx")[0].sender == ""


@pytest.mark.parametrize(
    "name", ['"sam@acme.example"', "sam@acme.example", "(sam@acme.example)", '"sam@acme.example" (a)', '"\\"<sam@a.b>"']
)
def test_a_name_that_looks_like_an_address_is_not_the_sender(name):
    assert mail(f"From: {name} <mallory@evil.example>\n\nx")[0].sender == "mallory@evil.example"


def test_the_plain_text_of_a_mail_is_preferred_to_its_html():
    both = (
        'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="b"\n\n'
        "--b\nContent-Type: text/html\n\n<b>no</b>\n"
        "--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
        "S=F6hne\n--b--\n"
    )
    assert text_of(mail(both)[1]).strip() == "Söhne"


def test_html_becomes_lines_without_what_it_quotes():
    html = "<p>done</p><div>account: a.chen</div><blockquote>declined: WHY</blockquote><script>x</script>"
    raw = mail(f"MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n{html}\n")[1]
    assert text_of(raw).split() == ["done", "account:", "a.chen"]


@pytest.mark.parametrize("charset", ["no-such-charset", "utf-8", "hex", "base64", "", "idna"])
def test_a_charset_that_is_none_or_wrong_does_no_harm(charset):
    raw = b'Content-Type: text/plain; charset="' + charset.encode() + b'"\r\n\r\ndone \xff\xfe\r\n'
    assert "done" in text_of(raw)


def test_a_forwarded_mail_s_text_and_files_are_not_the_sender_s():
    raw = mail(
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nnot yet\n'
        '--b\nContent-Type: message/rfc822\n\nContent-Type: text/plain; name="x.txt"\n\ndone\n--b--\n'
    )[1]
    assert text_of(raw).strip() == "not yet"
    assert files_of(raw) == ()


def test_a_file_s_name_leads_nowhere():
    raw = mail(
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: application/pdf\n'
        'Content-Disposition: attachment; filename="../../etc/passwd"\n\nx\n--b--\n'
    )[1]
    assert [file.name for file in files_of(raw)] == [".._.._etc_passwd"]


# who vouches for a sender


@pytest.mark.parametrize(
    ("results", "vouched"),
    [
        (["mx.acme.example; dmarc=pass (p=reject) header.from=acme.example"], True),
        (["mx.acme.example 1; spf=none; dkim=pass header.d=acme.example header.s=k"], True),
        (["mx.acme.example; spf=pass smtp.mailfrom=sam@acme.example"], True),
        (["mx.acme.example; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example"], False),
        (["mx.acme.example; dmarc=fail header.from=acme.example"], False),
        (["mx.acme.example; none"], False),
        (["evil.example; dmarc=pass header.from=acme.example"], False),
        (["mx.acme.example; dmarc=fail", "mx.acme.example; dmarc=pass header.from=acme.example"], False),
        (["other.example; dmarc=fail", "mx.acme.example; dmarc=pass header.from=acme.example"], True),
        (["mx.acme.example; dmarc=fail (dmarc=pass header.from=acme.example)"], False),
        (["mx.acme.example.evil.example; dmarc=pass header.from=acme.example"], False),
        (["mx.acme.example; dkim=pass header.d=notacme.example"], False),
        ([], False),
    ],
)
def test_only_our_own_server_s_uppermost_word_vouches_for_a_sender(results, vouched):
    assert is_authenticated(results, "mx.acme.example", "sam@acme.example") is vouched


# anything at all

NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (n, n) for n in range(3000))
_LINES = ["From: ", "Content-Type: multipart/report; boundary=x", "--x", "", "Content-Type: message/delivery-status"]
_MORE = ["Action: failed", "Content-Type: message/rfc822", "Subject: =?utf-8?q?=?=", "X-Failed-Recipients: a@b", OURS]
_BAD = ["Content-Transfer-Encoding: base64", "Content-Type: text/html; charset=x", "a@b, c@d", "\udce4", "=?x?b?!?="]


@given(
    st.one_of(
        st.binary(max_size=600),
        st.lists(st.sampled_from(_LINES + _MORE + _BAD), max_size=30).map(
            lambda lines: "\r\n".join(lines).encode("utf-8", "surrogateescape")
        ),
    )
)
@example(
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    + b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * 50
)
@example(b"From: " + b"(" * 5000 + b"\r\n\r\n")
@example(b"Content-Type: text/plain; name*0*=x'y'%ff\r\n\r\nx")
@settings(max_examples=300, deadline=None)
def test_no_mail_raises(raw):
    header = arrived("INBOX", 1, len(raw), None, raw.partition(b"\r\n\r\n")[0])
    for found in bounces(header, raw):
        assert isinstance(found, Bounce)
    assert header.id.startswith("<")
    assert isinstance(header.sender + header.subject, str)
    assert isinstance(header.automatic, bool)
    assert isinstance(header.maybe_bounce, bool)
    assert all(id.startswith("<") for id in header.answers)
    assert all("@" in address for address in header.recipients)
    assert isinstance(text_of(raw), str)
    assert all(file.name for file in files_of(raw))
    assert is_authenticated(header.fields.get("authentication-results", ()), "a", "b@c") in (True, False)
