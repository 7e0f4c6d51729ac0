# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from a JSON file: a list of objects, or an object that holds one."""

from __future__ import annotations

import bisect
import json
import json.decoder
import json.scanner
import re
import typing as t

from ..errors import FeedError, SettingsError
from ..libraries import library
from ..model import Origin
from .contract import Record
from .files import FileSource
from .nested import flat

jmespath = library("jmespath")
jmespath_exceptions = library("jmespath.exceptions")


class JsonFile(FileSource):
    """``path``, ``encoding``, and ``records``: a JMESPath expression for the list, where it is not the top.

    Without ``records``, an object with exactly one list in it is taken for that list.
    """

    type: t.ClassVar[str] = "json"
    options: t.ClassVar[t.Mapping[str, str]] = {**FileSource.options, "records": "optional"}

    def read(self) -> t.Iterator[Record]:
        text = self.text()
        decoder = _Decoder()
        try:
            content = decoder.decode(text)
        except json.JSONDecodeError as error:
            cut = " (the file is cut off?)" if error.pos >= len(text.rstrip()) else ""
            raise FeedError(
                f"no JSON: {error.msg}{cut}", where=str(Origin(self.name, error.lineno)), todo="Export it from HR again"
            ) from error
        except RecursionError:
            raise FeedError("no list of people: it is nested too deeply", where=self.name) from None
        except ValueError as error:
            raise FeedError(str(error), where=self.name) from error
        line_ends = [match.start() for match in re.finditer("\n", text)]
        for number, item in enumerate(self._list(content), 1):
            offset = decoder.offsets.get(id(item))
            if offset is None:  # made by the expression, or no object at all
                origin = Origin(f"{self.name} record {number}")
            else:
                origin = Origin(self.name, bisect.bisect_left(line_ends, offset) + 1)
            if not isinstance(item, dict):
                self.problems.add(origin, f"expected an object, found {_kind(item)}")
                continue
            try:
                yield Record(flat(item), origin)
            except ValueError as error:
                self.problems.add(origin, str(error))

    def _list(self, content: t.Any) -> list[t.Any]:
        expression = self.text_option("records")
        if expression:
            return self._searched(expression, content)
        if isinstance(content, list):
            return content
        if not isinstance(content, dict):
            raise FeedError(f"expected a list of people, found {_kind(content)}", where=self.name)
        lists = [key for key, value in content.items() if isinstance(value, list)]
        if len(lists) == 1:
            return t.cast("list[t.Any]", content[lists[0]])
        raise FeedError(
            f"expected a list of people, found an object with {len(lists)} lists in it",
            where=self.name,
            todo=f"Say with `records` which one: {', '.join(lists)}" if lists else "Say with `records` where it is",
        )

    def _searched(self, expression: str, content: t.Any) -> list[t.Any]:
        try:
            compiled = jmespath.compile(expression)
        except jmespath_exceptions.JMESPathError as error:
            raise SettingsError(f"`records` is no JMESPath: {error}", where=f"source {self.name}") from error
        try:
            found = compiled.search(content)
        except jmespath_exceptions.JMESPathError as error:
            raise FeedError(f"`records: {expression}` fails on this file: {error}", where=self.name) from error
        if not isinstance(found, list):
            raise FeedError(f"`records: {expression}` gives {_kind(found)}, expected a list", where=self.name)
        return found


def _kind(value: t.Any) -> str:
    if value is None:
        return "nothing"
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), type(value).__name__)


class _Decoder(json.JSONDecoder):
    """Python's decoder, which also remembers where each object began, and takes no object that has a key twice.

    Only the decoder's Python half has a place to ask for the offset; it takes about a second for 100,000 people.
    """

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=_object, parse_constant=_no_constant)
        #: id of the object -> offset of its brace; good as long as the document lives
        self.offsets: dict[int, int] = {}
        parse: t.Any = json.decoder.JSONObject  # type: ignore[attr-defined]

        def parse_object(text_and_end: tuple[str, int], *arguments: t.Any) -> tuple[t.Any, int]:
            value, end = parse(text_and_end, *arguments)
            self.offsets[id(value)] = text_and_end[1] - 1
            return value, end

        self.parse_object = parse_object
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def _object(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _unused in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f'an object has the key "{twice}" twice')
    return value


def _no_constant(word: str) -> t.Any:
    raise ValueError(f"{word} is no JSON")
