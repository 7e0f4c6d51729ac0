# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pack as a document: the same sections for the page and for the PDF, in plain texts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from .case import Case, Sheet
from .criteria import CRITERIA
from .sheets import Pack

#: Rows of one table that the page and the PDF show at most; the CSV and JSON beside them have all.
ROWS_SHOWN = 100
#: The stories of so many people stand in the page and the PDF.
STORIES_SHOWN = 50

#: What is read most is shown longer.
_LONGER = {"leavers": 400, "joiners": 400, "not_known": 400, "failed_and_late_removals": 200, "sample": 400}

#: The columns that the page and the PDF show.
_COLUMNS = {
    "not_known": "about what how_many see",
    "people": "person_id name department first_day last_day standing_at_end complete_at_end recorded_in_period_as",
    "accounts": "app username person state_at_end source known_by first_seen gone_at",
    "grants": "person app entitlement privileged since until source reasons ended_because",
    "apps": "name readings_in_period last_complete_reading accounts_shown accounts_in_ledger_then agree of_nobody_then "
    "accounts_at_end note",
    "joiners": "person_id person department first_day complete_at hours_from_first_day open_tasks",
    "movers": "person_id person recorded_at what_changed grants_given grants_taken complete_at hours open_tasks",
    "leavers": "person_id person last_day accounts still_usable last_removal_at hours_from_last_day proven_how late "
    "open_tasks",
    "leaver_removals": "person app username last_day ended_at hours_from_last_day proven_how by late",
    "removals": "person app change entitlement reasons intended_at proven_at proven_how hours late failed_attempts",
    "failed_and_late_removals": "person app change entitlement intended_at proven_at hours limit late failed_attempts "
    "state task",
    "failed_changes": "at person app change entitlement state detail state_now",
    "tasks": "task title owner opened due state_now ended_at ended_by overdue hours_late note",
    "reviews": "review title opened opened_by closed closed_by items kept revoked changed undecided outcomes",
    "review_items": "review person app entitlement privileged decision decided_by decided_at reason outcome",
    "exceptions": "exception person grants reason requested_by approved_by start until ended_at where",
    "break_glass": "person app entitlement reason run_by taken_at ends_at removed_at became decision decided_by",
    "cover": "cover person for gave reason requested_by approved_by start until where",
    "extensions": "extended_at kind exception person before until extended_by entered_by",
    "requests": "request person grants reason requested_by requested_at state approvers",
    "locks": "person reason by since until lifted_at lifted_by",
    "duties": "person conflict rule_in accepted_risk risk_owner risk_until",
    "accepted_risks": "risk duty for_whom owner reason start until in_force_at_end",
    "access_without_reason": "person app entitlement privileged account since",
    "accounts_of_nobody": "app username email state_at_end first_seen protected owner why",
    "policy_versions": "policy commit clean first_run last_run runs",
    "policy_commits": "commit written_at author taken_in_at committer subject",
    "guard_stops": "plan stopped_at run_by limits_passed approved_by approved_at",
    "runs": "command by began ended outcome said policy commit",
    "earlier_packs": "made_at by from until sample of seed",
    "sample": "number person_id person",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A table with its words. ``total`` is how many rows there are; ``file`` has them all."""

    id: str
    title: str
    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    file: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """``about`` are (what, value) pairs; ``numbers`` are (count, of what, section)."""

    title: str
    subtitle: str
    about: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str, str], ...]
    sections: tuple[Section, ...]


def document_of(pack: Pack, about: t.Sequence[tuple[str, str]]) -> Document:
    """``about`` is what else the first page says: who made it, the ledger's end, the key."""
    case = pack.case
    sections = [_section(sheet) for sheet in pack.sheets if sheet.name in _COLUMNS]
    sections.insert(1, _criteria())
    stories = pack.sheet("stories")
    told = tuple(dict.fromkeys(row[0] for row in stories.rows))
    sections += [_story(case, stories, id) for id in told[:STORIES_SHOWN]]
    if len(told) > STORIES_SHOWN:
        about = (
            *about,
            ("Stories", f"{STORIES_SHOWN} of {len(told)} are told here, all of them in tables/stories.csv"),
        )
    period = case.period
    return Document(
        title=f"Evidence of access, {period.first} to {period.last}",
        subtitle=case.company or "a company without a name in rollcall.yml",
        about=(
            ("Period", f"{period.first} to {period.last}, both included, {case.working_day.timezone}"),
            ("Scope", _scope(case)),
            ("Sample", pack.sheet("sample").says),
            *about,
            ("Times", "UTC, as the machine had them that ran Rollcall; days are those of the company's place"),
        ),
        numbers=_numbers(pack),
        sections=tuple(sections),
    )


def _scope(case: Case) -> str:
    said = []
    if case.scope.apps is not None:
        said.append(f"apps {', '.join(sorted(case.scope.apps))}")
    if case.scope.departments:
        said.append(f"departments {', '.join(case.scope.departments)}")
    if case.scope.people is not None:
        said.append(f"{len(case.scope.people)} {'person' if len(case.scope.people) == 1 else 'people'}")
    return "; ".join(said) or "the whole company"


def _numbers(pack: Pack) -> tuple[tuple[str, str, str], ...]:
    def rows(name: str, **where: t.Any) -> list[tuple[t.Any, ...]]:
        sheet = pack.sheet(name)
        places = {column: place for place, column in enumerate(sheet.columns)}
        return [row for row in sheet.rows if all(row[places[column]] == value for column, value in where.items())]

    hours = [row[pack.sheet("leavers").columns.index("hours_from_last_day")] for row in rows("leavers")]
    proven = sorted(value for value in hours if value is not None)
    counted = [
        (len(rows("people")), "person", "people", "people"),
        (len(rows("accounts")), "account", "accounts", "accounts"),
        (len(rows("grants")), "grant", "grants", "grants"),
        (len(rows("grants", privileged=True)), "privileged grant", "privileged grants", "grants"),
        (len(rows("apps", agree=True)), "app agrees with the ledger", "apps agree with the ledger", "apps"),
        (len(rows("apps", agree=False)), "app does not agree", "apps do not agree", "apps"),
        (len(rows("joiners")), "joiner", "joiners", "joiners"),
        (len(rows("movers")), "mover", "movers", "movers"),
        (len(rows("leavers")), "leaver", "leavers", "leavers"),
        (len(rows("leavers", late=True)), "leaver with a late removal", "leavers with a late removal", "leavers"),
        (
            len(rows("failed_and_late_removals")),
            "failed or late removal",
            "failed or late removals",
            "failed_and_late_removals",
        ),
        (len(rows("tasks")), "manual task", "manual tasks", "tasks"),
        (len(rows("tasks", overdue=True)), "late task", "late tasks", "tasks"),
        (len(rows("reviews")), "access review", "access reviews", "reviews"),
        (
            len(rows("break_glass")),
            "time break-glass access was taken",
            "times break-glass access was taken",
            "break_glass",
        ),
        (len(rows("cover")), "cover for a colleague", "covers for a colleague", "cover"),
        (len(rows("duties")), "conflict of duties", "conflicts of duties", "duties"),
        (
            len(rows("access_without_reason")),
            "grant without a reason",
            "grants without a reason",
            "access_without_reason",
        ),
        (
            len(rows("accounts_of_nobody", protected=False)),
            "account of nobody",
            "accounts of nobody",
            "accounts_of_nobody",
        ),
    ]
    found = [(f"{count:,}", one if count == 1 else many, where) for count, one, many, where in counted]
    if proven:
        middle = proven[len(proven) // 2] if len(proven) % 2 else sum(proven[len(proven) // 2 - 1 :][:2]) / 2
        said = f"hours from last day to last proven removal in the median, {proven[-1]:,.1f} at the longest"
        found.append((f"{middle:,.1f}", said, "leavers"))
    return tuple(found)


def _section(sheet: Sheet) -> Section:
    shown = _COLUMNS[sheet.name].split()
    places = [sheet.columns.index(column) for column in shown]
    most = _LONGER.get(sheet.name, ROWS_SHOWN)
    rows = tuple(tuple(text_of(row[place]) for place in places) for row in sheet.rows[:most])
    labels = tuple(column.replace("_", " ") for column in shown)
    return Section(sheet.name, sheet.title, sheet.says, labels, rows, len(sheet.rows), f"tables/{sheet.name}.csv")


def _criteria() -> Section:
    rows = tuple((one.framework, one.number, one.asks, one.shows, ", ".join(one.sheets), one.lacks) for one in CRITERIA)
    return Section(
        "criteria",
        "Which criterion is answered where",
        "What is asked is paraphrased; the texts of the standards count. The tables are sections here and files beside "
        "this page.",
        ("standard", "criterion", "what is asked", "what the pack shows", "tables", "what it does not show"),
        rows,
        len(rows),
        "tables/criteria.csv",
    )


def _story(case: Case, stories: Sheet, id: str) -> Section:
    rows = [row for row in stories.rows if row[0] == id]
    shown = tuple(tuple(text_of(value) for value in row[2:9]) for row in rows[: ROWS_SHOWN * 2])
    state = case.history.people[id].latest
    said = ", ".join(text for text in (state.text("title"), state.text("department")) if text)
    return Section(
        f"story-{id}",
        f"The story of {case.name_of(id)} ({id})",
        f"{said}. Everything that the ledger tells, in order; the last column but one is who was behind it."
        if said
        else "Everything that the ledger tells, in order.",
        ("when", "what", "app", "details", "why", "by", "run"),
        shown,
        len(rows),
        "tables/stories.csv",
    )


def text_of(value: t.Any) -> str:
    """Write a value as people read it."""
    if value is None or value == "" or value == ():
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, (tuple, list)):
        return "; ".join(text_of(each) for each in value)
    return str(value)
