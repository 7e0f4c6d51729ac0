# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The language of ``when`` and ``unless``, read into a tree of tests.

A test of an attribute is true when the person has a value (of several, any) that passes; without a value it is false.
``not`` turns a test round and nothing more: somebody without a department is "not in Sales".
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import functools
import re
import types
import typing as t
import unicodedata

from ..model import Origin
from .problems import Problems, did_you_mean
from .yaml_lines import Document, Path

COMPARISONS = ("before", "after", "at_least", "at_most")
OPERATORS = ("not", "matches", "under", *COMPARISONS)
JUNCTIONS = ("all", "any", "not")

Bound = t.Union[dt.date, decimal.Decimal]


@dataclasses.dataclass(frozen=True)
class All:
    """Every part is true; without parts, true of everybody."""

    parts: tuple[Condition, ...] = ()


@dataclasses.dataclass(frozen=True)
class Any:
    """At least one part is true; without parts, true of nobody."""

    parts: tuple[Condition, ...] = ()


@dataclasses.dataclass(frozen=True)
class Not:
    part: Condition


@dataclasses.dataclass(frozen=True)
class Is:
    """The value is one of ``values`` (as ``normal`` writes them)."""

    attribute: str
    values: frozenset[str]
    origin: Origin | None = dataclasses.field(default=None, compare=False)
    origins: t.Mapping[str, Origin] = dataclasses.field(
        default_factory=lambda: types.MappingProxyType({}), compare=False
    )


@dataclasses.dataclass(frozen=True)
class Under:
    """The value is one of ``nodes`` or stands below one in the attribute's tree."""

    attribute: str
    nodes: frozenset[str]
    origin: Origin | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Matches:
    """The whole value matches one of ``patterns``."""

    attribute: str
    patterns: tuple[str, ...]
    origin: Origin | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Compare:
    """The value is before, after, at_least or at_most ``bound``, a day or a number; before and after exclude it."""

    attribute: str
    operator: str
    bound: Bound
    origin: Origin | None = dataclasses.field(default=None, compare=False)


Test = t.Union[Is, Under, Matches, Compare]
Condition = t.Union[All, Any, Not, Is, Under, Matches, Compare]


@functools.lru_cache(maxsize=100_000)
def normal(text: str) -> str:
    """Return ``text`` as it is compared: composed Unicode, no space around, single spaces within; case counts."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def texts(value: t.Any) -> tuple[str, ...]:
    """Return the values of an attribute as they are compared: none, one, or several where HR gives a list."""
    if value is None:
        return ()
    if isinstance(value, str):
        text = normal(value)
        return (text,) if text else ()
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(text for item in value for text in texts(item))
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, dt.datetime):
        return (value.date().isoformat(),)
    if isinstance(value, dt.date):
        return (value.isoformat(),)
    if isinstance(value, (float, decimal.Decimal)) and value == value // 1:
        return (str(int(value)),)
    return texts(str(value))


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}($|[T ])", re.ASCII)


# many rules compare one value, and many people have it
@functools.lru_cache(maxsize=50_000)
def day_of(text: str) -> dt.date | None:
    """Return the day that ``text`` is (2026-01-31, with or without a time of day), or None."""
    if not _DAY.match(text):
        return None
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


@functools.lru_cache(maxsize=50_000)
def number_of(text: str) -> decimal.Decimal | None:
    """Return the number that ``text`` is, or None."""
    if len(text) > 40 or not re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", text, re.ASCII):
        return None
    return decimal.Decimal(text)


def tests(condition: Condition | None) -> t.Iterator[Test]:
    """Yield every test in ``condition``, in the order in which it is written."""
    if isinstance(condition, (All, Any)):
        for part in condition.parts:
            yield from tests(part)
    elif isinstance(condition, Not):
        yield from tests(condition.part)
    elif condition is not None:
        yield condition


class ConditionReader:
    """Reads conditions of one document; what is wrong goes to ``problems``, with file and line."""

    def __init__(self, document: Document, problems: Problems, known_attributes: t.Collection[str] | None) -> None:
        self.document = document
        self.problems = problems
        self.known_attributes = known_attributes

    def read(self, path: Path) -> Condition:
        """Return the condition at ``path``: a mapping of attributes to tests, and of all, any, not to conditions."""
        value = self.document.at(path)
        if not isinstance(value, dict):
            self._wrong(path, f"expected a mapping of attributes to tests, found {_named(value)}")
            return All()
        parts: list[Condition] = []
        for key in value:
            here = (*path, key)
            if key in ("all", "any"):
                parts.append((All if key == "all" else Any)(self._several(here)))
            elif key == "not":
                several = isinstance(value[key], list)
                parts.append(Not(Any(self._several(here)) if several else self.read(here)))
            elif self._known(key, here):
                parts.append(self._test(key, here))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _several(self, path: Path) -> tuple[Condition, ...]:
        value = self.document.at(path)
        if not isinstance(value, list) or not value:
            self._wrong(path, f'"{path[-1]}" takes a list of conditions with at least one in it')
            return ()
        return tuple(self.read((*path, number)) for number in range(len(value)))

    def _known(self, attribute: str, path: Path) -> bool:
        if self.known_attributes is None or attribute in self.known_attributes:
            return True
        hint = did_you_mean(attribute, [*self.known_attributes, *JUNCTIONS])
        self._wrong(path, f'HR has no attribute "{attribute}"', hint, code="unknown_attribute")
        return False

    def _test(self, attribute: str, path: Path) -> Condition:
        value = self.document.at(path)
        if not isinstance(value, dict):
            return self._values(attribute, path)
        if not value:
            self._wrong(path, "an empty test; expected a value, a list or one of " + ", ".join(OPERATORS))
        parts: list[Condition] = []
        for operator in value:
            here = (*path, operator)
            if operator == "not":
                parts.append(Not(self._test(attribute, here)))
            elif operator == "matches":
                parts.append(Matches(attribute, self._patterns(here), self.document.origin(here)))
            elif operator == "under":
                nodes = self._values(attribute, here)
                parts.append(Under(attribute, nodes.values, self.document.origin(here)))
            elif operator in COMPARISONS:
                parts.extend(self._comparison(attribute, operator, here))
            else:
                hint = did_you_mean(operator, OPERATORS)
                message = f'unknown test "{operator}"; expected one of {", ".join(OPERATORS)}'
                self._wrong(here, message, hint, code="unknown_key")
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _values(self, attribute: str, path: Path) -> Is:
        value = self.document.at(path)
        items = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        origins: dict[str, Origin] = {}
        for number, item in items:
            here = path if number is None else (*path, number)
            found = () if isinstance(item, (list, dict)) else texts(item)
            if not found:
                self._wrong(
                    here,
                    f"expected a value, found {_named(item)}",
                    f'To ask for those who have none, write: {attribute}: {{not: {{matches: ".+"}}}}'
                    if item is None or item == ""
                    else 'Other tests in a list go under "any"',
                )
            origins.update(dict.fromkeys(found, self.document.origin(here)))
        return Is(attribute, frozenset(origins), self.document.origin(path), types.MappingProxyType(origins))

    def _patterns(self, path: Path) -> tuple[str, ...]:
        value = self.document.at(path)
        patterns = []
        items = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for number, item in items:
            here = path if number is None else (*path, number)
            if not isinstance(item, str) or not item:
                self._wrong(here, f"expected a regular expression, found {_named(item)}", "Put it in quotes")
                continue
            try:
                re.compile(item)
            except (re.error, OverflowError, RecursionError) as error:
                self._wrong(here, f'"{item}" is not a regular expression: {error}', code="bad_expression")
                continue
            patterns.append(item)
        return tuple(patterns)

    def _comparison(self, attribute: str, operator: str, path: Path) -> list[Condition]:
        value = self.document.at(path)
        bound: Bound | None = None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            bound = decimal.Decimal(str(value))
        elif isinstance(value, str):
            bound = day_of(value.strip()) or number_of(value.strip())
        if bound is None:
            self._wrong(path, f"expected a number or a day such as 2026-01-31, found {_named(value)}")
            return []
        return [Compare(attribute, operator, bound, self.document.origin(path))]

    def _wrong(self, path: Path, message: str, todo: str = "", code: str = "wrong_value") -> None:
        self.problems.error(code, message, self.document.origin(path), todo)


def _named(value: t.Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else f'"{value}"'
