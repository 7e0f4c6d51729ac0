# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Separation of duties and accepted risks: the files of a policy -> values."""

from __future__ import annotations

import typing as t

from .conditions import ConditionReader
from .durations import format_duration, parse_duration
from .files import Definitions, day_at, sequence, text_of
from .grants import GrantReader
from .problems import Problems, did_you_mean
from .values import LONGEST_RISK, AcceptedRisk, Duty, Pair
from .yaml_lines import Document, Path

_FORMS = ("never_together", "of", "one_of")


class DutyReader:
    """Reads the duties of all documents first, then the risks that name them."""

    def __init__(self, problems: Problems, grants: GrantReader, known: t.Collection[str] | None) -> None:
        self.problems = problems
        self.grants = grants
        self.known = known

    def duties(self, documents: t.Sequence[Document]) -> tuple[Duty, ...]:
        found = [self._duty(document, path) for document, path in _items(documents, "separation_of_duties")]
        _unique("the duty", found, self.problems)
        return tuple(found)

    def risks(self, documents: t.Sequence[Document], duties: t.Iterable[Duty]) -> tuple[AcceptedRisk, ...]:
        by_id = {duty.id: duty for duty in duties}
        found = [self._risk(document, path, by_id) for document, path in _items(documents, "accepted_risks")]
        risks = [risk for risk in found if risk is not None]
        _unique("the accepted risk", risks, self.problems)
        return tuple(risks)

    def _duty(self, document: Document, path: Path) -> Duty:
        content = document.at(path)
        name = text_of(content.get("id"))
        forms = [form for form in _FORMS if form in content]
        if len(forms) > 1:
            message = f'the duty "{name}" has both "{forms[0]}" and "{forms[1]}"'
            origin = document.origin((*path, forms[1]))
            self.problems.error("wrong_value", message, origin, "Make two duties of it, each with an id of its own")
        every = self._pairs(document, path, "of")
        at_most = content.get("at_most")
        at_most = at_most if isinstance(at_most, int) and at_most >= 1 else 1
        if every and len(every) <= at_most:
            message = f'the duty "{name}" can never be broken: it has {len(every)} entitlements and allows {at_most}'
            self.problems.error("wrong_value", message, document.origin((*path, "at_most")))
        first, second = (self._pairs(document, path, key) for key in ("one_of", "and_one_of"))
        for app, entitlement in first:
            if (app, entitlement) in second:
                message = f'the duty "{name}" has {app}:{entitlement} in "one_of" and in "and_one_of"'
                todo = "Nobody could have it at all; take it out of one of the two"
                self.problems.error("wrong_value", message, document.origin((*path, "and_one_of")), todo)
        return Duty(
            id=name,
            never_together=every or self._pairs(document, path, "never_together"),
            why=text_of(content.get("why")),
            origin=document.origin(path),
            at_most=at_most,
            one_of=first,
            and_one_of=second,
            longest_risk=_duration(content.get("longest_risk")),
        )

    def _pairs(self, document: Document, path: Path, key: str) -> tuple[Pair, ...]:
        pairs = []
        for number, text in enumerate(sequence(document.at(path).get(key))):
            app, colon, entitlement = text.partition(":") if isinstance(text, str) else ("", "", "")
            if colon:
                self.grants.check(app, entitlement, document.origin((*path, key, number)))
                pairs.append((app, entitlement))
        return tuple(pairs)

    def _risk(self, document: Document, path: Path, duties: t.Mapping[str, Duty]) -> AcceptedRisk | None:
        content = document.at(path)
        name = f'the accepted risk "{text_of(content.get("id"))}"'
        if "person" in content and "when" in content:
            message = f'{name} has both "person" and "when"'
            todo = "Keep one of the two: a person, or a group of people"
            self.problems.error("wrong_value", message, document.origin((*path, "when")), todo)
        when = None
        if "when" in content:
            when = ConditionReader(document, self.problems, self.known).read((*path, "when"))
        duty = duties.get(text_of(content.get("duty")))
        if duty is None and text_of(content.get("duty")):
            message = f'{name} is about the duty "{text_of(content["duty"])}", which there is not'
            origin = document.origin((*path, "duty"))
            self.problems.error("unknown_duty", message, origin, did_you_mean(content["duty"], duties))
        start, until = (
            day_at(document, (*path, key), self.problems) if key in content else None for key in ("from", "until")
        )
        if start is None or until is None:
            return None  # the schema, or day_at, has said what is missing
        origin = document.origin((*path, "until"))
        if until < start:
            self.problems.error("until_before_from", f"{name} ends on {until}, before it begins on {start}", origin)
        elif duty is not None and until - start > duty.longest_risk:
            message = f"{name} lasts longer than {format_duration(duty.longest_risk)}, from {start} until {until}"
            todo = f"End it on {start + duty.longest_risk} at the latest; whoever still wants it then decides again"
            self.problems.error("risk_too_long", message, origin, todo)
        return AcceptedRisk(
            id=text_of(content.get("id")),
            duty=text_of(content.get("duty")),
            owner=text_of(content.get("owner")),
            reason=text_of(content.get("reason")),
            start=start,
            until=until,
            person=text_of(content.get("person")),
            when=when,
            origin=document.origin(path),
        )


def _items(documents: t.Sequence[Document], key: str) -> t.Iterator[tuple[Document, Path]]:
    for document in documents:
        for number, item in enumerate(sequence(document.value.get(key))):
            if isinstance(item, dict):
                yield document, (key, number)


def _unique(what: str, things: t.Iterable[Duty | AcceptedRisk], problems: Problems) -> None:
    defined = Definitions(what, problems)
    for thing in things:
        if thing.id and thing.origin:
            defined.add(thing.id, thing.origin)


def _duration(value: t.Any) -> t.Any:
    try:
        return parse_duration(value) if isinstance(value, str) else LONGEST_RISK
    except ValueError:
        return LONGEST_RISK  # the schema has said what is wrong with it
