# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML that remembers where everything was written.

Scalars are read by the rules of YAML 1.2, not 1.1: ``NO`` is Norway and not false, ``0042`` keeps its zeros, a day is a
text. Keys are always texts. A template of Ansible's is a text like any other; it is never evaluated here.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import typing as t

from ..errors import PolicyError
from ..libraries import library
from ..model import Finding, Origin

yaml = library("yaml")

Path = tuple[t.Union[str, int], ...]

# Aliases can make a small file huge; no company's policy comes near this.
MOST_VALUES = 1_000_000
DEEPEST = 60
# libyaml makes a document by calling itself once for each level, and ends the process where the stack does (at some
# ten thousand levels). What could be deeper than this is looked at first, one event after the other.
_SURELY_SHALLOW = 5000

_TOO_MUCH = "the file holds too many values, or is nested too deeply"
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}", re.ASCII)
_TAG = "tag:yaml.org,2002:"
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclasses.dataclass(frozen=True)
class Document:
    """One YAML file: its value (dict, list, str, int, float, bool, None) and the place of every key and item."""

    path: str
    value: t.Any
    origins: t.Mapping[Path, Origin]

    def at(self, path: Path) -> t.Any:
        """Return the value at ``path``: keys and numbers of items, from the top."""
        value = self.value
        for step in path:
            value = value[step]
        return value

    def origin(self, path: Path = ()) -> Origin:
        """Return where ``path`` was written; for what was not written, where it is missing from."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return Origin(self.path)


def load_document(path: str | pathlib.Path) -> Document:
    """Read the YAML file ``path``. Raises PolicyError, with file and line, when it is not one sound YAML document."""
    shown = str(path)
    try:
        content = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise _wrong("the file cannot be read: " + (error.strerror or type(error).__name__), Origin(shown)) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _wrong("the file is not UTF-8", Origin(shown, line), todo="Save it as UTF-8") from error
    return parse_document(text, shown)


def parse_document(text: str, path: str) -> Document:
    """Read YAML from ``text``; ``path`` is what origins call it. Errors as in load_document."""
    loader_class = getattr(yaml, "CSafeLoader", None) or yaml.SafeLoader
    try:
        if _could_be_deep(text):
            _not_too_deep(text, path, loader_class)
        loader = loader_class(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        # The mark's snippet is left out: the line may hold a secret.
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
        origin = Origin(path, mark.line + 1 if mark else None)
        raise _wrong(f"not valid YAML: {problem}", origin) from error
    if node is None:
        return Document(path, None, {(): Origin(path, 1)})
    reader = _Reader(path)
    reader.origins[()] = Origin(path, 1)
    return Document(path, reader.read(node, ()), reader.origins)


def _could_be_deep(text: str) -> bool:
    # a level takes a bracket, or a column of its own
    return text.count("[") + text.count("{") + max(map(len, text.splitlines()), default=0) > _SURELY_SHALLOW


def _not_too_deep(text: str, path: str, loader_class: t.Any) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=loader_class):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST + 1:
            raise _wrong(_TOO_MUCH, Origin(path, event.start_mark.line + 1))


def _wrong(message: str, origin: Origin, todo: str = "", code: str = "yaml") -> PolicyError:
    finding = Finding(code, "error", message, where=str(origin), todo=todo)
    return PolicyError(message, where=str(origin), todo=todo, findings=[finding])


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.origins: dict[Path, Origin] = {}
        self._open: set[int] = set()
        self._count = 0

    def read(self, node: t.Any, path: Path) -> t.Any:
        self._count += 1
        if self._count > MOST_VALUES or len(path) > DEEPEST:
            raise _wrong(_TOO_MUCH, self._origin(node))
        if node.id == "scalar":
            return self._scalar(node)
        if id(node) in self._open:
            raise _wrong("an alias that contains itself", self._origin(node))
        self._open.add(id(node))
        try:
            self._plain_tag(node, "seq" if node.id == "sequence" else "map")
            if node.id == "sequence":
                return self._sequence(node, path)
            return self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _sequence(self, node: t.Any, path: Path) -> list[t.Any]:
        for number, item in enumerate(node.value):
            self.origins[(*path, number)] = self._origin(item)
        return [self.read(item, (*path, number)) for number, item in enumerate(node.value)]

    def _mapping(self, node: t.Any, path: Path) -> dict[str, t.Any]:
        result: dict[str, t.Any] = {}
        written: dict[str, Origin] = {}
        merged: list[t.Any] = []
        for key_node, value_node in node.value:
            origin = self._origin(key_node)
            if key_node.id != "scalar":
                raise _wrong(
                    "a key must be a plain text",
                    origin,
                    todo='If this is a template, put it in quotes: "{{ ... }}"',
                )
            if key_node.tag == _TAG + "merge":
                merged.append(value_node)
                continue
            key = key_node.value
            if key in written:
                raise _wrong(
                    f'the key "{key}" is written twice; the first time at {written[key]}', origin, code="defined_twice"
                )
            written[key] = origin
            self.origins[(*path, key)] = origin
            result[key] = self.read(value_node, (*path, key))
        for value_node in merged:
            self._merge(value_node, path, result)
        return result

    def _merge(self, node: t.Any, path: Path, result: dict[str, t.Any]) -> None:
        """Add what ``<<`` names; what is written in the mapping itself, or merged before, stays."""
        for source in node.value if node.id == "sequence" else [node]:
            if source.id != "mapping":
                raise _wrong("<< takes an alias of a mapping", self._origin(source))
            other = _Reader(self.path)
            other._open, other._count = self._open, self._count
            values = other.read(source, path)
            self._count = other._count
            for key, value in values.items():
                if key not in result:
                    result[key] = value
                    mine = (*path, key)
                    self.origins.update({p: o for p, o in other.origins.items() if p[: len(mine)] == mine})

    def _scalar(self, node: t.Any) -> t.Any:
        text: str = node.value
        if node.style:  # quoted, or a block
            self._plain_tag(node, "str")
            return text
        kind = node.tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return _TRUTHS.get(text, text)
        if kind == "int":
            return int(text) if _INT.fullmatch(text) else text
        if kind == "float":
            return float(text) if _FLOAT.fullmatch(text) else text
        if kind not in ("timestamp", "value", "merge"):
            self._plain_tag(node, "str")
        return text

    def _plain_tag(self, node: t.Any, expected: str) -> None:
        if node.tag != _TAG + expected:
            tag = node.tag.replace(_TAG, "!!")
            raise _wrong(
                f"the tag {tag} is not understood here",
                self._origin(node),
                todo='Keep a secret in group_vars (with Vault) and name it in a template: "{{ vault_token }}"'
                if tag in ("!vault", "!unsafe")
                else "Write a plain value",
            )

    def _origin(self, node: t.Any) -> Origin:
        return Origin(self.path, node.start_mark.line + 1)
