# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of an entitlement that the app does not have."""

from __future__ import annotations

import difflib
import typing as t

from ..errors import NotFound

_MOST_NAMES = 15


def no_such(kind: str, value: str, names: t.Sequence[str], where: str) -> NotFound:
    """Return the error for an entitlement that the app does not have: with what there is, and what is near."""
    there = sorted(name for name in set(names) if name)
    shown = ", ".join(repr(name) for name in there[:_MOST_NAMES]) or "none"
    more = f" and {len(there) - _MOST_NAMES} more" if len(there) > _MOST_NAMES else ""
    near = difflib.get_close_matches(value.casefold(), [name.casefold() for name in there], n=1)
    match = next((name for name in there if near and name.casefold() == near[0]), "")
    return NotFound(
        f"the app has no {kind} {value!r}; it has {shown}{more}",
        where=where,
        todo=(f"Did you mean {match!r}? " if match else "")
        + f"Create the {kind} in the app, or correct the entitlement's value in the catalog",
        **{kind: value},
    )
