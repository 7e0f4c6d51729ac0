# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every desk, by the word that the catalog uses for it: where its class is. It is imported when it is asked for."""

from __future__ import annotations

import difflib
import importlib
import typing as t

from ..model import DeskSettings
from .contract import ASKED_BY_MAIL, Desk
from .mailto import is_one_address

# word -> (module below desks/products/, class)
_DESKS: t.Mapping[str, tuple[str, str]] = {
    "request_tracker": ("request_tracker", "RequestTrackerDesk"),
    "jira": ("jira", "JiraDesk"),
    "jira_service_management": ("jira_service_management", "JiraServiceManagementDesk"),
    "servicenow": ("servicenow", "ServiceNowDesk"),
    "zammad": ("zammad", "ZammadDesk"),
    "github_issues": ("github_issues", "GitHubIssuesDesk"),
    "gitlab_issues": ("gitlab_issues", "GitLabIssuesDesk"),
    "email": ("email", "EmailDesk"),
}

Problem = tuple[tuple[t.Union[str, int], ...], str, str]  # the way to it within the desk, what, and what to do


def known() -> tuple[str, ...]:
    """Return every word that a desk's ``type`` may have."""
    return tuple(_DESKS)


def desk_class(word: str) -> type[Desk]:
    """Return the class of a desk. Raises KeyError for a word that is none."""
    module, name = _DESKS[word]
    found = importlib.import_module(f".products.{module}", __package__)
    return t.cast("type[Desk]", getattr(found, name))


def build(settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> Desk:
    """Return the desk, connected to nothing yet. ``connection`` has its templates filled in.

    Raises PolicyError when a setting cannot be used.
    """
    return desk_class(settings.type)(settings, connection)


def desk_problems(settings: DeskSettings) -> t.Iterator[Problem]:
    """Yield what is wrong with a desk as the catalog has it: settings that it does not know, or needs."""
    if settings.type not in _DESKS:
        return  # the schema has said so
    kind = desk_class(settings.type)
    yield from _wrong(("connection",), settings.connection, kind.options)
    yield from _wrong(("place",), settings.place, kind.places)
    if settings.requests:
        yield from _wrong(("requests",), settings.requests, {**kind.places, ASKED_BY_MAIL: "optional"})
        address = settings.requests.get(ASKED_BY_MAIL, "")
        if address and not is_one_address(address):
            yield ("requests", ASKED_BY_MAIL), f"{address!r} is no plain mail address", "Write one: access@acme.example"


def _wrong(step: tuple[str, ...], given: t.Mapping[str, t.Any], known: t.Mapping[str, str]) -> t.Iterator[Problem]:
    for name in given:
        if name not in known:
            yield (*step, name), _unknown(name, known), f"It knows {', '.join(sorted(known)) or 'none'}"
    for name, need in known.items():
        if need != "optional" and given.get(name) in (None, "", {}, []):
            example = f'. Name a variable: {name}: "{{{{ vault_desk_{name} }}}}"' if need == "secret" else ""
            yield step, f'"{name}" is needed', f"Add it{example}"


def _unknown(name: str, known: t.Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f'there is no "{name}" here' + (f'; did you mean "{near[0]}"?' if near else "")
