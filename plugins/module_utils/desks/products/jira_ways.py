# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which transition of a Jira workflow leads to what is meant."""

from __future__ import annotations

import dataclasses
import typing as t

_GOOD = ("done", "fixed", "resolved", "completed")  # resolutions of what was done, where one has to be given


@dataclasses.dataclass(frozen=True)
class Way:
    """A transition: its id, and the fields to send with it."""

    id: str
    fields: t.Mapping[str, t.Any]


def way_to(transitions: t.Sequence[t.Any], words: t.Sequence[str], other: t.Collection[str]) -> Way | None:
    """Return the transition into the first of ``words`` that there is a way to, or None.

    A word is the name of a status, or of a resolution that a status can be entered with which ends the issue. ``other``
    are resolutions (in lower case) that mean something else than done. A transition that asks for more than a
    resolution is none for us.
    """
    possible = [one for one in transitions if isinstance(one, dict) and one.get("isAvailable") is not False]
    possible = [one for one in possible if not unmet(one)]
    for word in words:
        for one in possible:
            if status_of(one) == word.casefold():
                return Way(str(one.get("id")), _resolved(one, word, other))
        for one in possible:
            names = _resolutions(one)
            if category_of(one) == "done" and word.casefold() in names:
                return Way(str(one.get("id")), {"resolution": {"name": names[word.casefold()]}})
    return None


def open_way(transitions: t.Sequence[t.Any]) -> Way | None:
    """Return the first transition into a status that Jira counts to the open ones, or None."""
    for kind in ("new", "indeterminate"):
        for one in transitions:
            if category_of(one) == kind and not unmet(one) and one.get("isAvailable") is not False:
                return Way(str(one.get("id")), {})
    return None


def status_of(transition: t.Mapping[str, t.Any]) -> str:
    return str((transition.get("to") or {}).get("name")).casefold()


def category_of(transition: t.Mapping[str, t.Any]) -> str:
    return str(((transition.get("to") or {}).get("statusCategory") or {}).get("key"))


def unmet(transition: t.Mapping[str, t.Any]) -> list[str]:
    """Return the names of the fields that a transition asks for and that we have nothing for."""
    fields = transition.get("fields") or {}
    return [
        str(field.get("name") or id)
        for id, field in fields.items()
        if field.get("required") and not field.get("hasDefaultValue") and id != "resolution"
    ]


def _resolutions(transition: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the resolutions to choose from, in lower case -> as they are written."""
    field = (transition.get("fields") or {}).get("resolution") or {}
    names = [str(one["name"]) for one in field.get("allowedValues") or [] if isinstance(one, dict) and one.get("name")]
    return {name.casefold(): name for name in names}


def _resolved(transition: t.Mapping[str, t.Any], word: str, other: t.Collection[str]) -> dict[str, t.Any]:
    """Return the resolution to enter a status with: the one of its name, a good one, or the first that fits."""
    names = _resolutions(transition)
    if not names:
        return {}
    wanted = [word.casefold(), *(names if word.casefold() in other else _GOOD), *(set(names) - set(other)), *names]
    return {"resolution": {"name": next(names[one] for one in wanted if one in names)}}
