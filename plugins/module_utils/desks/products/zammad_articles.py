# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts at tickets of Zammad, as it takes and gives them."""

from __future__ import annotations

import re
import typing as t

from ..plain_text import plain_text

_LONGEST_TITLE = 250  # of the column in its database


def article(text: str, *, internal: bool) -> dict[str, t.Any]:
    """Return a text as an article: a note, which nobody gets as a mail, and nothing in it is markup.

    Source: https://docs.zammad.org/en/latest/api/ticket/articles.html
    """
    return {"body": text, "content_type": "text/plain", "type": "note", "internal": internal}


def text_of(found: t.Any) -> str:
    """Return what a person wrote in an article; Zammad's own pages write HTML."""
    body = str(found.get("body") or "")
    return plain_text(body) if "html" in str(found.get("content_type")) else body


def short(title: str) -> str:
    """Return a title on one line that is not too long; its end stays."""
    line = " ".join(title.split())
    if len(line) <= _LONGEST_TITLE:
        return line
    mark = line.rfind(" [rollcall ")
    end = line[mark:] if mark >= 0 else ""
    return f"{line[: _LONGEST_TITLE - len(end) - 1]}…{end}"


def address_in(owner: str) -> str:
    """Return an address in lower case, as Zammad keeps it; "" for what is none, which it might take for a login."""
    address = owner.strip().casefold()
    return address if re.fullmatch(r"[^\s@]+@[^\s@]+", address) else ""


def field_text(value: t.Any) -> str:
    """Return a field of a ticket as text."""
    if isinstance(value, list):
        return ", ".join(field_text(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
