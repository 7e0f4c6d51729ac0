# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A link that opens a mail in the reader's mail program, written but for the sending."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

#: So long a link is followed everywhere (characters): what Windows hands to a mail program ends at 2,083.
#: Source: https://learn.microsoft.com/troubleshoot/developer/browsers/connectivity-navigation/max-url-length
LONGEST = 1900

# A link and a URL are no place for what a quoted local part may hold.
_ONE_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(\.[\w-]+)+", re.ASCII)


def is_one_address(text: str) -> bool:
    """Say whether a text is one plain mail address, of the characters that URLs take without being misread."""
    return _ONE_ADDRESS.fullmatch(text) is not None


def mail_link(address: str, subject: str, lines: t.Sequence[str]) -> str:
    """Return the mailto: URL of a mail to one plain ``address``; it is all ASCII, whatever subject and lines say.

    Lines are ended by %0D%0A, and a space is %20, never +. Source: https://www.rfc-editor.org/rfc/rfc6068 (2, 5)
    """
    body = "".join(f"{line}\r\n" for line in lines)
    to = urllib.parse.quote(address, safe="@!$'*+-._~")
    return f"mailto:{to}?subject={_quoted(subject)}&body={_quoted(body)}"


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="", errors="replace")
