# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the sender of a mail is who they say, in the words of the mail server that took it in."""

from __future__ import annotations

import re
import typing as t

_LONGEST = 4000
_COMMENT = re.compile(r"\([^()]*\)")
_PASSED = re.compile(r"\s*(dmarc|dkim|spf)\s*=\s*pass\b(?P<of>.*)", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"\b(?:header\.(?:from|d|i)|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


def is_authenticated(results: t.Sequence[str], server: str, sender: str) -> bool:
    """Say whether ``server`` found that a mail comes from the domain of ``sender``.

    ``results`` are the Authentication-Results of the mail, the topmost first. Of those that name ``server`` only the
    topmost counts: a server has to remove what claims to be its own (RFC 8601, 5), and puts its own on top. DMARC
    suffices; DKIM or SPF have to be of the sender's domain, or of one above or below it.
    """
    domain = sender.rpartition("@")[2].casefold()
    for value in results:
        text = value[:_LONGEST]
        while _COMMENT.search(text):
            text = _COMMENT.sub(" ", text)
        identity, *found = text.split(";")
        if identity.split()[:1] != [server] and identity.strip().casefold().split(" ")[0] != server.casefold():
            continue
        return bool(domain) and any(_passed(one, domain) for one in found)
    return False


def _passed(result: str, domain: str) -> bool:
    found = _PASSED.match(result)
    if not found:
        return False
    of = [value.rpartition("@")[2].casefold() for value in _PROPERTY.findall(found["of"])]
    return any(one == domain or one.endswith("." + domain) or domain.endswith("." + one) for one in of if "." in one)
