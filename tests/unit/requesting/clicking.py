# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mail program does with a link: RFC 6068 read with the standard library, and a mail made of it."""

from __future__ import annotations

import email.message
import email.policy
import html.parser
import re
import urllib.parse


def clicked(link: str) -> email.message.EmailMessage:
    """Return the mail that a program opens for a mailto: link. Only the fields that RFC 6068 calls safe are taken."""
    parts = urllib.parse.urlsplit(link)
    assert parts.scheme == "mailto"
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail["To"] = urllib.parse.unquote(parts.path)
    for field in parts.query.split("&"):
        name, _equals, value = field.partition("=")
        text = urllib.parse.unquote(value, errors="strict")
        if name.casefold() == "body":
            mail.set_content(text.replace("\r\n", "\n"))
        elif name.casefold() == "subject":
            mail["Subject"] = re.sub(r"[\r\n]+", "", text)
    return mail


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._open = True
            self.found.append((dict(attrs).get("href") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._open:
            link, words = self.found[-1]
            self.found[-1] = (link, words + data)


def links_of(content: bytes) -> list[tuple[str, str]]:
    """Return each link of a mail and what it is called: of its HTML, or else of its text, where it stands in < >."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    shown = mail.get_body(("html",))
    if shown is not None:
        reading = _Links()
        reading.feed(shown.get_content())
        return reading.found
    plain = mail.get_body(("plain",))
    assert plain is not None
    return [(link, "") for link in re.findall(r"<(mailto:[^<>\s]+)>", plain.get_content())]
