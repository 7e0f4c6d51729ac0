# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who somebody's manager is."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Finding, Origin, Person
from .problems import Problems, raise_problems, shown


def resolve_managers(
    people: t.Sequence[Person],
    *,
    kept_ids: t.Mapping[str, str] | None = None,
    origins: t.Mapping[str, Origin] | None = None,
    cut_cycles: t.Collection[str] = (),
    problems: t.Mapping[str, Problems] | None = None,
) -> tuple[tuple[Person, ...], tuple[Finding, ...]]:
    """Return the people with ``manager`` as the id of another person, and what there is to say about it.

    HR may write an id, an email address, a user name, or the part of an address before its @, where only one person has
    it. A manager whom nobody is becomes no manager, with a warning; so does, with a note, somebody who is their own
    (the top of the tree).

    People who manage one another in a circle are an error: each circle goes to the ``problems`` of its first person, or
    is raised as FeedError where none are given. Where ``cut_cycles`` has all of their ids, they have no manager, with a
    warning. ``kept_ids`` are further ids of people (id -> the one kept); ``origins`` say where a person's manager is
    written, if not where the person is.
    """
    find = _finder(people, kept_ids or {})
    origins = origins or {}
    findings: list[Finding] = []
    managers: dict[str, str] = {}
    unknown: dict[str, list[Person]] = {}
    for person in people:
        if not person.manager:
            continue
        manager = find(person.manager)
        if not manager:
            unknown.setdefault(person.manager, []).append(person)
        elif manager == person.id:
            findings.append(
                Finding(
                    code="own_manager",
                    severity="note",
                    message=f"{person.id} {person.name} is their own manager: taken to have none",
                    where=_where(person, origins),
                    person=person.id,
                )
            )
        else:
            managers[person.id] = manager
    findings.extend(_unknown_manager(manager, of, origins) for manager, of in unknown.items())
    by_id = {person.id: person for person in people}
    own = Problems()
    for cycle in cycles(managers):
        members = [by_id[id] for id in cycle]
        told = " -> ".join(f"{person.id} {person.name} ({_where(person, origins)})" for person in members)
        if all(id in cut_cycles for id in cycle):
            for id in cycle:
                del managers[id]
            findings.append(
                Finding(
                    code="manager_cycle",
                    severity="warning",
                    message=f"they manage one another: {told} -> {cycle[0]}; taken to have no manager",
                    where=_where(members[0], origins),
                    todo="Correct it in HR",
                    person=cycle[0],
                )
            )
            continue
        (problems[cycle[0]] if problems else own).add(
            origins.get(cycle[0]) or members[0].origin or Origin(cycle[0]),
            f"a circle of managers: {told} -> {cycle[0]}",
            "Correct it in HR, or set `manager_cycles: cut` for the source to take them as having no manager",
        )
    raise_problems([own])
    resolved = tuple(
        person
        if (manager := managers.get(person.id, "")) == person.manager
        else dataclasses.replace(person, manager=manager)
        for person in people
    )
    return resolved, tuple(findings)


def _finder(people: t.Sequence[Person], kept_ids: t.Mapping[str, str]) -> t.Callable[[str], str]:
    """Return what turns HR's word for a person into an id, or into nothing; what is said first counts first."""
    ids = {person.id: person.id for person in people}
    ids.update({id: kept for id, kept in kept_ids.items() if id not in ids})
    emails = {person.email: person.id for person in people if person.email}
    for person in people:
        for email in person.earlier_emails:
            emails.setdefault(email, person.id)
    names: dict[str, str] = {}
    local_parts: dict[str, str] = {}
    for person in people:
        for index, key in ((names, person.username.lower()), (local_parts, person.email.partition("@")[0])):
            if key:
                # What two people have names nobody.
                index[key] = person.id if index.get(key, person.id) == person.id else ""

    def find(text: str) -> str:
        if text in ids:
            return ids[text]
        lower = text.lower()
        for index in (emails, names, local_parts):
            if lower in index:
                return index[lower]
        return ""

    return find


def cycles(managers: t.Mapping[str, str]) -> list[list[str]]:
    """Return the circles in person -> manager, each beginning with whoever comes first in the mapping."""
    found: list[list[str]] = []
    walked: set[str] = set()
    order = {person: position for position, person in enumerate(managers)}
    for start in managers:
        path: dict[str, None] = {}
        person = start
        while person in managers and person not in walked:
            walked.add(person)
            path[person] = None
            person = managers[person]
        if person in path:
            members = list(path)
            cycle = members[members.index(person) :]
            first = cycle.index(min(cycle, key=order.__getitem__))
            found.append(cycle[first:] + cycle[:first])
    return found


def _where(person: Person, origins: t.Mapping[str, Origin]) -> str:
    return str(origins.get(person.id) or person.origin or "")


def _unknown_manager(manager: str, of: t.Sequence[Person], origins: t.Mapping[str, Origin]) -> Finding:
    """One finding for a manager, however many people have them: the thing to correct is one."""
    ids = ", ".join(person.id for person in of[:5]) + (", ..." if len(of) > 5 else "")
    whose = f"of {ids}" if len(of) == 1 else f"of {len(of)} people ({ids})"
    return Finding(
        code="unknown_manager",
        severity="warning",
        message=f"the manager {shown(manager)} {whose} is nobody, or not only one person, in HR: taken to have none",
        where=_where(of[0], origins),
        person=of[0].id if len(of) == 1 else "",
    )
