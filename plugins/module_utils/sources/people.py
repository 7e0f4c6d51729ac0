# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everyone, from all sources.

Sources are read in order. A later one adds people, or fills what earlier ones left empty for a person of the same id;
it never blanks or overwrites a value. Two records of one id in one source, and two people of one address, are errors.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import types
import typing as t

from ..errors import SettingsError
from ..model import Finding, Origin, Person
from .continuations import continue_people
from .contract import Source
from .managers import resolve_managers
from .mapping import Draft, Mapper
from .names import complete_name
from .nested import text_of
from .problems import raise_problems, shown
from .registry import source_from


@dataclasses.dataclass(frozen=True, slots=True)
class Feed:
    """What HR says: everyone, in the order in which they were first found, and what somebody should look at."""

    people: tuple[Person, ...]
    findings: tuple[Finding, ...] = ()


def read_people(
    sources_settings: t.Sequence[t.Mapping[str, t.Any]],
    base_dir: pathlib.Path,
    normalise: t.Mapping[str, t.Mapping[str, t.Any]] | None = None,
    *,
    today: dt.date | None = None,
) -> Feed:
    """Read all of ``sources:``, with paths relative to ``base_dir``.

    ``normalise`` is field -> {HR's word: the policy's word}. ``today`` decides which of two records of one person holds
    (``continuations.py``); without it the newer one does.

    Raises SettingsError for wrong settings, SourceUnreachable when a source cannot be read at all, and FeedError for
    what is wrong in the sources, all of it at once (``problems.py``).
    """
    if isinstance(sources_settings, str | t.Mapping) or not sources_settings:
        raise SettingsError("`sources` is a list with at least one source")
    words = checked_words(normalise or {})
    mappers: list[Mapper] = []
    sources: list[Source] = []
    for number, settings in enumerate(sources_settings, 1):
        source = source_from(settings, base_dir, f"source {number}")
        sources.append(source)
        mappers.append(Mapper(source, words))
    merged = merge([mapper.drafts() for mapper in mappers])
    drafts, kept_ids, findings = continue_people(merged, today)
    _check_emails(drafts.values())
    people = [person_of(draft) for draft in drafts.values()]
    origins: dict[str, Origin] = {draft.id: draft.manager_origin for draft in drafts.values()}
    resolved, manager_findings = resolve_managers(
        people,
        kept_ids=kept_ids,
        origins=origins,
        cut_cycles={draft.id for draft in drafts.values() if draft.cut_manager_cycles},
        problems={draft.id: draft.problems for draft in drafts.values()},
    )
    raise_problems(source.problems for source in sources)
    from_sources = [finding for source in sources for finding in source.findings]
    return Feed(resolved, (*from_sources, *findings, *manager_findings))


def merge(drafts_of_sources: t.Iterable[t.Iterable[Draft]]) -> dict[str, Draft]:
    """Return person id -> what all sources together say of them. A second record in one source is a problem."""
    people: dict[str, Draft] = {}
    for drafts in drafts_of_sources:
        here: dict[str, Origin] = {}
        for draft in drafts:
            if draft.id in here:
                draft.problems.add(
                    draft.origin,
                    f"the id {shown(draft.id)} is there twice, first at {here[draft.id]}",
                    "Each person has one record; correct it in HR",
                )
                continue
            here[draft.id] = draft.origin
            known = people.get(draft.id)
            if known is None:
                people[draft.id] = draft
            else:
                known.fill(draft)
    return people


def checked_words(normalise: t.Mapping[str, t.Any]) -> dict[str, dict[str, str]]:
    """Return ``normalise`` as texts; raises SettingsError for what is no mapping."""
    words: dict[str, dict[str, str]] = {}
    for field, pairs in normalise.items():
        if not isinstance(pairs, t.Mapping):
            raise SettingsError(f"`normalise: {field}` is a mapping of HR's word to the policy's")
        words[str(field)] = {text_of(theirs).strip(): text_of(ours).strip() for theirs, ours in pairs.items()}
    return words


def _check_emails(drafts: t.Iterable[Draft]) -> None:
    owners: dict[str, Draft] = {}
    for draft in drafts:
        email = draft.fields.get("email")
        if not email:
            continue
        owner = owners.setdefault(email, draft)
        if owner is not draft:
            draft.problems.add(
                draft.email_origin,
                f"{draft.id} has the email {shown(email)}, which {owner.id} has too ({owner.email_origin})",
                "Correct it in HR; if the two are one person, say so with a column mapped to `same_as`",
            )


def person_of(draft: Draft) -> Person:
    """Return the person that a draft became; that somebody has no name goes to the problems of the source."""
    fields = draft.fields
    given, family, name = complete_name(
        fields.pop("given_name", ""), fields.pop("family_name", ""), fields.pop("name", "")
    )
    if not name:
        draft.problems.add(draft.origin, f"{draft.id} has no name", "Everyone needs one; correct it in HR")
    return Person(
        id=draft.id,
        given_name=given,
        family_name=family,
        name=name,
        attributes=types.MappingProxyType(draft.attributes),
        origin=draft.origin,
        **fields,
    )
