# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from a YAML file: a list of mappings.

Values are taken as they are written: ``NO`` is Norway and not false, ``007`` keeps its zeros. Therefore the parser's
events are read, and not what a loader makes of them. Anchors, aliases and tags have no place in a list of people.
"""

from __future__ import annotations

import re
import typing as t

from ..errors import FeedError
from ..libraries import library
from ..model import Origin
from .contract import Record
from .files import FileSource
from .nested import flat

yaml = library("yaml")

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_DEEPEST = 20


class YamlFile(FileSource):
    """``path`` and ``encoding``."""

    type: t.ClassVar[str] = "yaml"

    def read(self) -> t.Iterator[Record]:
        text = self.text()
        try:
            yield from self._records(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            unprintable = _UNPRINTABLE.search(text)
            where = Origin(self.name, mark.line + 1 if mark else None)
            if not mark and unprintable:
                where = self.at(text, unprintable.start())
            reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
            raise FeedError(f"no YAML: {reason}", where=str(where)) from error

    def _records(self, text: str) -> t.Iterator[Record]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        events = iter(yaml.parse(text, Loader=loader))
        next(events, None)  # the stream
        start = next(events, None)
        if not isinstance(start, yaml.DocumentStartEvent):
            raise FeedError("the file holds nothing but comments", where=self.name)
        top = next(events, None)
        if not isinstance(top, yaml.SequenceStartEvent):
            raise self._unexpected(top, "a list of people, each a mapping")
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            origin = Origin(self.name, event.start_mark.line + 1)
            if not isinstance(event, yaml.MappingStartEvent):
                raise self._unexpected(event, "a mapping for each person")
            try:
                yield Record(flat(self._value(event, events, 0)), origin)
            except ValueError as error:
                self.problems.add(origin, str(error))
        next(events, None)  # the document's end
        more = next(events, None)
        if more is not None and not isinstance(more, yaml.StreamEndEvent):
            raise FeedError(
                "a second document; expected one list", where=str(Origin(self.name, more.start_mark.line + 1))
            )

    def _value(self, event: t.Any, events: t.Iterator[t.Any], depth: int) -> t.Any:
        """Return what begins with ``event``: a text, None, a list or a dict."""
        if isinstance(event, yaml.ScalarEvent):
            self._check_tag(event)
            plain = event.implicit[0] and not event.style
            return None if plain and event.value in _NOTHING else event.value
        if depth > _DEEPEST:
            raise FeedError("nested too deeply", where=str(Origin(self.name, event.start_mark.line + 1)))
        if isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event)
            items = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._value(event, events, depth + 1))
            return items
        if isinstance(event, yaml.MappingStartEvent):
            self._check_tag(event)
            mapping: dict[str, t.Any] = {}
            while not isinstance(event := next(events), yaml.MappingEndEvent):
                if not isinstance(event, yaml.ScalarEvent):
                    raise self._unexpected(event, "a text as a key")
                if event.value in mapping:
                    raise FeedError(
                        f'the key "{event.value}" is there twice',
                        where=str(Origin(self.name, event.start_mark.line + 1)),
                    )
                mapping[event.value] = self._value(next(events), events, depth + 1)
            return mapping
        raise self._unexpected(event, "a value")

    def _check_tag(self, event: t.Any) -> None:
        if event.tag and event.tag != "!" and not event.tag.startswith("tag:yaml.org,2002:"):
            raise FeedError(
                f"the tag {event.tag} is not understood in a list of people",
                where=str(Origin(self.name, event.start_mark.line + 1)),
            )
        if event.tag and event.tag.startswith("tag:yaml.org,2002:python"):
            raise FeedError(
                "a tag that would make a Python object", where=str(Origin(self.name, event.start_mark.line + 1))
            )

    def _unexpected(self, event: t.Any, expected: str) -> FeedError:
        found = {
            "ScalarEvent": "a single value",
            "SequenceStartEvent": "a list",
            "MappingStartEvent": "a mapping",
            "AliasEvent": "an alias (*name)",
        }.get(type(event).__name__, type(event).__name__)
        return FeedError(f"expected {expected}, found {found}", where=str(Origin(self.name, event.start_mark.line + 1)))
