# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts as one HTML page that needs nothing else: no network, no file beside it, no server.

Texts from HR, apps and tickets reach the page in two ways only: as variables of an auto-escaping template, and as JSON
in a data block, from which the page's script makes text nodes. A content security policy allows just the one style and
the one script that belong to the page, each by its SHA-256, so that even a text that slipped through could not run.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import functools
import hashlib
import json
import pathlib
import typing as t
import urllib.parse

from ..counted import counted
from ..libraries import library
from ..model import ChangeKind
from .account_findings import UNUSED_DAYS
from .facts import Facts, OpenTask, PersonFacts, ServiceLevel
from .measures import WINDOW
from .numbers import headline

jinja2 = library("jinja2")

_HERE = pathlib.Path(__file__).parent

#: What stands where there is no value.
NOTHING = "\N{EN DASH}"

# Rows that one table of the page shows at most; the CSV beside it has them all.
ROWS_SHOWN = 500

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclasses.dataclass(frozen=True, slots=True)
class OwnerTasks:
    """One owner's open tasks, the most urgent first, with how many are how old."""

    owner: str
    tasks: tuple[OpenTask, ...]
    overdue: int
    oldest: int
    fresh: int  # opened less than two days ago
    week: int  # two to seven days ago
    older: int


def render(facts: Facts, *, downloads: t.Sequence[str] = (), rows_shown: int = ROWS_SHOWN) -> str:
    """Return the page. ``downloads`` are names of files beside it that it points to.

    The same arguments give the same text. Raises MissingLibrary without Jinja2.
    """
    style = _asset("page.css")
    script = _asset("page.js")
    return _template().render(
        facts=facts,
        n=headline(facts),
        owners=tasks_by_owner(facts.tasks),
        names={person.username: person.name for person in facts.people},
        apps={app.key: app.name for app in facts.apps},
        by_coverage=sorted(facts.apps, key=lambda app: (_tier(app.tier), app.name.casefold(), app.key)),
        downloads=_by_stem(downloads),
        operations=len(ChangeKind),
        shown=rows_shown,
        measured=measured(facts),
        window=WINDOW.days,
        unused_days=UNUSED_DAYS,
        data=_data(facts),
        style=style,
        script=script,
        policy=_content_security_policy(style, script),
    )


def tasks_by_owner(tasks: t.Iterable[OpenTask]) -> tuple[OwnerTasks, ...]:
    """Group open tasks by owner: most overdue first, then most tasks, then by name."""
    groups: dict[str, list[OpenTask]] = {}
    for task in tasks:
        groups.setdefault(task.owner, []).append(task)
    found = [
        OwnerTasks(
            owner=owner,
            tasks=tuple(sorted(each, key=lambda task: (task.urgency != "emergency", task.due, task.id))),
            overdue=sum(1 for task in each if task.overdue),
            oldest=max(task.age_days for task in each),
            fresh=sum(1 for task in each if task.age_days < 2),
            week=sum(1 for task in each if 2 <= task.age_days <= 7),
            older=sum(1 for task in each if task.age_days > 7),
        )
        for owner, each in groups.items()
    ]
    return tuple(sorted(found, key=lambda group: (-group.overdue, -len(group.tasks), group.owner)))


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """One line of times: of everything, an app, an owner or a kind of task. ``level`` is there once for each name."""

    scope: str
    name: str
    what: str
    count: int = 0
    median: float = 0.0
    p95: float = 0.0
    level: ServiceLevel | None = None


def measured(facts: Facts) -> tuple[Measured, ...]:
    """Put times and service levels of the same app or owner side by side: everything first, then apps, then owners."""
    levels = {(level.scope, level.name): level for level in facts.service_levels}
    rows = [
        Measured(d.scope, d.name, d.what, d.count, d.median, d.p95, levels.pop((d.scope, d.name), None))
        for d in facts.durations
    ]
    rows += [Measured(scope, name, "", level=level) for (scope, name), level in levels.items()]
    order = {"all": 0, "app": 1, "owner": 2}
    return tuple(sorted(rows, key=lambda row: (order.get(row.scope, 3), row.name, row.what)))


def _by_stem(names: t.Iterable[str]) -> list[tuple[str, list[str]]]:
    """Group the names of files that differ in their ending only."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.rpartition(".")[0], []).append(name)
    return list(groups.items())


def _tier(tier: str) -> int:
    return {"critical": 0, "standard": 1}.get(tier, 2)


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _content_security_policy(style: str, script: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


@functools.cache
def _template() -> t.Any:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(_HERE)),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        day=_day,
        moment=_moment,
        days=_days,
        plural=counted,
        number=_number,
        part=_part,
        quoted=_quoted,
        web=_web,
        span=_span,
    )
    # Only the three texts that this package makes itself go around the escaping.
    environment.filters["own"] = jinja2.utils.markupsafe.Markup
    return environment.get_template("page.html.j2")


def _day(value: dt.date | dt.datetime | None) -> str:
    """Write a day as "21 Nov 2026", whatever the locale."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}" if value else NOTHING


def _moment(value: dt.datetime | None) -> str:
    """Write a moment in UTC, to the minute."""
    if value is None:
        return NOTHING
    value = value.astimezone(dt.timezone.utc)
    return f"{_day(value)}, {value:%H:%M} UTC"


def _days(count: int) -> str:
    return "today" if count == 0 else counted(count, "day")


def _number(value: float) -> str:
    """Write a number with commas between thousands, without a fraction that is nought."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _web(link: str) -> bool:
    """Say whether a link may be followed: only to a web page, and never to a script."""
    return link.startswith(("https://", "http://"))


def _span(seconds: float) -> str:
    """Write a length of time roughly, as people do: 45 s, 12 min, 3.5 h, 12 days."""
    for limit, unit, size in ((90, "s", 1), (5400, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{round(seconds / size, 0 if size < 3600 else 1):g} {unit}"
    return f"{round(seconds / 86400, 1):g} days"


def _quoted(text: str) -> str:
    """Write a text as a part of a URL. What is no Unicode becomes a question mark."""
    return urllib.parse.quote(text, safe="", errors="replace")


def _part(count: float, total: float) -> float:
    """Return ``count`` of ``total`` as a percentage between 0 and 100."""
    return round(min(100.0, 100.0 * count / total), 2) if total else 0.0


def _data(facts: Facts) -> str:
    """Return what the search needs, as JSON that may stand inside a script element.

    Reasons, which repeat for thousands of grants, are written once. Nothing in it can end the element or open a
    comment: <, > and & are written as escapes, and so is everything that is not ASCII.
    """
    position = {app.key: index for index, app in enumerate(facts.apps)}
    apps = [[app.key, app.name, app.tier, app.coverage, app.owner] for app in facts.apps]
    reasons: dict[str, int] = {}
    people = []
    for person in facts.people:
        access = []
        for held in person.access:
            if held.app not in position:
                position[held.app] = len(apps)
                apps.append([held.app, held.app, "", "", ""])
            since = held.since.date().isoformat() if held.since else ""
            why = reasons.setdefault(held.because, len(reasons))
            flag = 1 if held.privileged else 0
            app = position[held.app]
            access.append([app, held.entitlement, held.account, since, why, held.source, held.state, flag])
        people.append([*_person(person), access])
    text = json.dumps({"apps": apps, "reasons": list(reasons), "people": people}, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _person(person: PersonFacts) -> list[t.Any]:
    return [
        person.username,
        person.name,
        person.title,
        person.department,
        person.status,
        person.event,
        person.progress,
        1 if person.locked else 0,
        person.manager,
    ]
