# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two lines of a warning, through what mail programs make of them."""

from __future__ import annotations

import base64
import email.message
import email.parser
import email.policy
import textwrap
import typing as t
import urllib.parse

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.mailto import mail_link
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email_contents import text_of
from ansible_collections.rollcall.access.plugins.module_utils.desks.quoted import own_words
from ansible_collections.rollcall.access.plugins.module_utils.requesting.extension_lines import (
    extension_lines,
    only_quoted,
    read_extensions,
)
from ansible_collections.rollcall.access.tests.unit.requesting.clicking import clicked


def token_of(number: int) -> str:
    """A word as the ledger's tokens are: content, a full stop, a signature of 64 bytes."""
    content, signature = f'["exception","builds-{number}"]'.encode(), bytes((number * 7 + i) % 256 for i in range(64))
    return ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in (content, signature))


TOKEN, OTHER = token_of(1), token_of(2)
DAY = "2026-07-11"
BOTH = ((TOKEN, DAY), (OTHER, "2026-07-05"))


def came(text: str, kind: str = "plain", **headers: str) -> str:
    """Return what is read of a mail that was sent with this text, over the wire."""
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <ann@acme.example>", "access@acme.example", "Extend"
    message.set_content(text, subtype=kind, cte="quoted-printable")
    for name, value in headers.items():
        message.replace_header(name.replace("_", "-"), value)
    return text_of(message.as_bytes(policy=email.policy.SMTP))


def read(text: str) -> tuple[tuple[str, str], ...]:
    return read_extensions(own_words(text))


def test_what_is_written_is_read() -> None:
    assert read_extensions(extension_lines(BOTH)) == BOTH
    assert extension_lines([]) == ()


@pytest.mark.parametrize("width", range(18, 128))
def test_a_token_that_a_program_broke_over_lines_is_one_again(width: int) -> None:
    lines = [part for line in extension_lines(BOTH) for part in textwrap.wrap(line, width) or [""]]
    assert read(came("Hello,\n\n" + "\n".join(lines) + "\n\nThanks\nAnn\n")) == BOTH


@pytest.mark.parametrize("width", [40, 66, 72, 76])
def test_flowed_text_with_its_spaces_at_the_ends_of_lines(width: int) -> None:
    flowed = " \n".join(textwrap.wrap(f"extend: {TOKEN}", width)) + f"\nuntil: {DAY}\n"
    headers = {"Content_Type": 'text/plain; charset="utf-8"; format=flowed; delsp=yes'}
    assert read(came(flowed, **headers)) == ((TOKEN, DAY),)


@pytest.mark.parametrize(
    "markup",
    [
        f'<div dir="ltr">extend: {TOKEN}<br>until: {DAY}<br></div>',
        f"<html><body lang=EN-GB><div class=WordSection1><p class=MsoNormal>extend: {TOKEN}<o:p></o:p></p>"
        f"<p class=MsoNormal>until: {DAY}<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p></div></body></html>",
        f"<div>extend:&nbsp;{TOKEN[:60]}<wbr>{TOKEN[60:]}</div><div><br></div><div>until:&nbsp;{DAY}</div>",
        f"<p>extend: {TOKEN[:70]}&#8203;{TOKEN[70:]}</p>"
        f'<p>until: <a href="x-apple-data-detectors://0" dir="ltr">{DAY}</a></p><br>Sent from my iPhone',
        f"<div>extend: {TOKEN[:76]}</div><div>{TOKEN[76:]}</div><div>until: {DAY}</div>"
        f"<blockquote>extend: {OTHER}<br>until: {DAY}</blockquote>",
    ],
)
def test_a_mail_that_is_html_alone(markup: str) -> None:
    assert read(came(markup, "html")) == ((TOKEN, DAY),)


@pytest.mark.parametrize(
    "text",
    [
        f"extend:\n{TOKEN}\nuntil: {DAY}\n",
        f"extend:\n\n{TOKEN}\n\nuntil: {DAY}\n",
        f"Extend: {TOKEN}.\nUntil: {DAY}.\n",
        f"extend: {TOKEN} until: {DAY}\n",
        f"extend: {TOKEN}\nuntil: {DAY}\n\nSent from my iPhone\n",
        f"extend: {TOKEN}\nuntil: {DAY}\n-- \nAnn Lee, Chief\n",
        f"extend: {TOKEN}\nthanks\nuntil: {DAY}\n",
        f"extend: {TOKEN}\nuntil: {DAY}\n\nOn Mon, 1 Jun 2026 at 09:00, Rollcall <r@acme.example> wrote:\n\n"
        f"> extend: {OTHER}\n> until: {DAY}\n",
        f"extend: {TOKEN}\nuntil: {DAY}\n\n-----Original Message-----\nextend: {OTHER}\nuntil: {DAY}\n",
    ],
)
def test_what_people_and_phones_make_of_them(text: str) -> None:
    assert read(came(text)) == ((TOKEN, DAY),)


@pytest.mark.parametrize(
    "text",
    [
        f"No, this should end.\n\n> extend: {TOKEN}\n> until: {DAY}\n",
        f"> extend: {TOKEN[:60]}\n> {TOKEN[60:]}\n> until: {DAY}\n",
        f"On Mon, 1 Jun 2026 at 09:00, Rollcall <r@acme.example> wrote:\n\nextend: {TOKEN}\nuntil: {DAY}\n",
        f"---------- Forwarded message ---------\nFrom: Rollcall <r@acme.example>\n\nextend: {TOKEN}\nuntil: {DAY}\n",
    ],
)
def test_what_is_only_quoted_extends_nothing_and_is_seen_as_a_quotation(text: str) -> None:
    assert read(came(text)) == ()
    assert only_quoted(came(text))


@pytest.mark.parametrize("text", ["Hello", "Please extend: the access of Dan", "until: 2026-07-11", "> extend it!"])
def test_what_is_about_something_else(text: str) -> None:
    assert read(came(text)) == ()
    assert not only_quoted(came(text))


def test_an_altered_word_is_not_made_whole() -> None:
    ((token, day),) = read(came(f"extend: {TOKEN[:-1]}\nuntil: {DAY}\n"))
    assert (token, day) == (TOKEN[:-1], DAY)


@pytest.mark.parametrize("address", ["access@acme.example", "a.b+c-d_e@mail.acme.example", "it's@acme.example"])
def test_a_link_opens_the_mail_that_it_says(address: str) -> None:
    subject = "Extend x: Zoë Ø'Neil & co, 100% <b> =x+y \r\nBcc: eve@evil.example"
    link = mail_link(address, subject, extension_lines(BOTH))
    assert link.isascii()
    assert not set(link) & set(' <>"\r\n')
    assert "%0D%0A" in link
    mail = clicked(link)
    assert str(mail["To"]) == address
    assert str(mail["Subject"]) == subject.replace("\r\n", "")
    assert read(text_of(mail.as_bytes())) == BOTH
    # and as a program reads it that knows forms of the web only
    query: dict[str, t.Any] = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query, strict_parsing=True)
    assert read(query["body"][0]) == BOTH
    assert list(query) == ["subject", "body"]
