# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of SCIM lists. Only comparisons with ``eq`` are ever sent: every product that filters knows them."""

from __future__ import annotations

import json

from ..errors import AppError


def quoted(value: str) -> str:
    """Return a value as a filter takes it: a JSON string. Source: RFC 7644, 3.4.2.2."""
    return json.dumps(value, ensure_ascii=False)


def equals(attribute: str, value: str) -> str:
    """Return the filter ``attribute eq "value"``; the value is data, whatever is in it."""
    return f"{attribute} eq {quoted(value)}"


def is_no_filter(error: AppError) -> bool:
    """Return whether a refusal may be because of the filter alone: the whole list says the same then.

    Sources: RFC 7644, 3.12 (400 invalidFilter); https://www.canva.dev/docs/scim/list-users (403 for an unknown one)
    """
    return error.details.get("scim_type") == "invalidFilter" or error.details.get("status") in (400, 403)
