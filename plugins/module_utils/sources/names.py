# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be a name, and how a full name falls into two."""

from __future__ import annotations

import re

# Control characters, line separators and marks that turn the direction of text; what opens a template or a tag; a pipe;
# and, at the beginning, what a spreadsheet takes for a formula. No one is called that: the feed is broken or hostile.
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff<>|]|\\{[{%#]|\\A[=+@]")

#: The fields that must be names.
STRICT_FIELDS = ("id", "email", "username", "given_name", "family_name", "name")


def is_no_name(text: str) -> bool:
    """Say whether a text cannot be a name, an id or an address."""
    return _NO_NAME.search(text) is not None


def complete_name(given: str, family: str, name: str) -> tuple[str, str, str]:
    """Return (given name, family name, full name), with what is missing made from what is there.

    A full name is split at its comma ("Doe, Jane") or after its first word ("Jane van Dyke"): the best that can be done
    without knowing the language. A name of one word is a given name.
    """
    if "," in name:
        last, _unused, first = name.partition(",")
        name = f"{first.strip()} {last.strip()}".strip()
        given, family = given or first.strip(), family or last.strip()
    elif name and not given and not family:
        given, _unused, family = (part.strip() for part in name.partition(" "))
    elif name and not family and name.startswith(f"{given} "):
        family = name.removeprefix(given).strip()
    elif name and not given and name.endswith(f" {family}"):
        given = name.removesuffix(family).strip()
    return given, family, name or f"{given} {family}".strip()
