# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Break-glass access: what the policy lets people take without asking, and who that is."""

from __future__ import annotations

import typing as t

from ..model import Person
from .conditions import All, ConditionReader
from .durations import parse_duration
from .files import Definitions, sequence, text_of
from .grants import GrantReader
from .matching import compile_condition
from .organisation import Organisation
from .problems import Problems
from .values import BreakGlass, Pair, Policy
from .yaml_lines import Document, Path


def read_break_glass(
    documents: t.Iterable[Document], problems: Problems, grants: GrantReader, known: frozenset[str] | None
) -> tuple[BreakGlass, ...]:
    """Return the entries of ``break_glass`` in the policy's files. ``known`` are HR's attributes; None: any."""
    defined = Definitions("the break-glass entry", problems)
    found = []
    for document in documents:
        for number, content in enumerate(sequence(document.value.get("break_glass"))):
            if isinstance(content, dict):
                entry = _entry(document, ("break_glass", number), problems, grants, known)
                if entry and defined.add(entry.id, document.origin(("break_glass", number))):
                    found.append(entry)
    return tuple(found)


def _entry(
    document: Document, path: Path, problems: Problems, grants: GrantReader, known: frozenset[str] | None
) -> BreakGlass | None:
    content = document.at(path)
    conditions = ConditionReader(document, problems, known)
    gives = grants.read(document, (*path, "grant")) if "grant" in content else ()
    if any(not entitlement for _app, entitlement in gives):
        origin = document.origin((*path, "grant"))
        problems.error("wrong_value", "break-glass access names entitlements, not an account alone", origin)
    try:
        at_most = parse_duration(text_of(content.get("at_most")))
    except ValueError:
        return None  # the schema has said so
    if not at_most:
        origin = document.origin((*path, "at_most"))
        problems.error("wrong_value", '"at_most" is no time at all', origin, "Write it as 4h")
        return None
    return BreakGlass(
        id=text_of(content.get("id")),
        when=conditions.read((*path, "when")) if "when" in content else All(),
        unless=conditions.read((*path, "unless")) if "unless" in content else None,
        gives=gives,
        at_most=at_most,
        tell=tuple(text_of(one) for one in sequence(content.get("tell"))),
        despite_duties=content.get("despite_duties") is True,
        why=text_of(content.get("why")),
        origin=document.origin(path),
    )


def allowed_to(person: Person, policy: Policy, organisation: Organisation) -> tuple[BreakGlass, ...]:
    """Return the entries that are for ``person``."""
    return tuple(entry for entry in policy.break_glass if is_for(entry, person, policy, organisation))


def is_for(entry: BreakGlass, person: Person, policy: Policy, organisation: Organisation) -> bool:
    """Say whether ``entry`` lets ``person`` take what it gives."""
    if not compile_condition(entry.when, policy.trees, organisation)(person):
        return False
    return entry.unless is None or not compile_condition(entry.unless, policy.trees, organisation)(person)


def that_gives(entries: t.Iterable[BreakGlass], pair: Pair) -> BreakGlass | None:
    """Return the one of ``entries`` that gives ``pair`` for longest; None where none does."""
    found = [entry for entry in entries if pair in entry.gives]
    return max(found, key=lambda entry: (entry.at_most, entry.despite_duties), default=None)
